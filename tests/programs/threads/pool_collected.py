# A pool of threads that nobody refers to any more ends: its workers wait for the end of the executor,
# while the main thread waits for them and nothing else runs.
from concurrent.futures import ThreadPoolExecutor
import threading
import weakref

for _ in range(150):
    executor = ThreadPoolExecutor(max_workers=4)
    executor.map(abs, range(-4, 4))
    threads = executor._threads
    del executor
    for thread in threads:
        thread.join()


# What a thread has made, and another one drops while the first sleeps, dies then, not later.
class Thing:
    pass


asleep, made = threading.Lock(), threading.Event()
asleep.acquire()
things = []


def make():
    things.extend(Thing() for _ in range(1000))
    made.set()
    asleep.acquire()


maker = threading.Thread(target=make)
maker.start()
made.wait()
while True:
    thing = weakref.ref(things.pop())
    if thing() is None:
        break
    threading.Event().wait(0.001)
asleep.release()
maker.join()
print("done")
