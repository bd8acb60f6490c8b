# The first look-up of a codec, by several threads at once.
import codecs
import threading

start = threading.Barrier(6)
found = []


def look():
    start.wait()
    found.append(codecs.lookup("latin1").name)


threads = [threading.Thread(target=look) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(found)
