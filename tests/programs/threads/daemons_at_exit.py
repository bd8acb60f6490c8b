# The interpreter waits for threads that are no daemons, runs atexit functions, and leaves daemons behind.
import atexit
import threading
import time

atexit.register(print, "atexit")


def late():
    time.sleep(0.05)
    print("thread finished", flush=True)


def forever():
    while True:
        time.sleep(0.01)


threading.Thread(target=forever, daemon=True).start()
threading.Thread(target=late).start()
print("main finished", flush=True)
