"""SimpleQueue: items reach each getter once, timeouts, and putters that never wait."""

import queue
import threading
import time
from _queue import SimpleQueue

assert queue.SimpleQueue is SimpleQueue
items = SimpleQueue()
for _ in range(2):
    try:
        items.get(block=False)
    except queue.Empty as error:
        print(repr(error))
start = time.monotonic()
try:
    items.get(timeout=0.05)
except queue.Empty:
    print("empty", time.monotonic() - start >= 0.05)
for timeout in [-1, "x"]:
    try:
        items.get(timeout=timeout)
    except (ValueError, TypeError) as error:
        print(type(error).__name__)

items.put(1, False, timeout=3)
items.put_nowait(item=2)
print(items.qsize(), items.empty(), items.get(), items.get_nowait(), items.empty(), SimpleQueue[int])

COUNT, GETTERS, PUTTERS = 2000, 4, 3
got = [[] for _ in range(GETTERS)]


def take(mine):
    while (item := items.get()) is not None:
        mine.append(item)


def give(number):
    for item in range(COUNT):
        items.put((number, item))


getters = [threading.Thread(target=take, args=(mine,)) for mine in got]
putters = [threading.Thread(target=give, args=(number,)) for number in range(PUTTERS)]
for thread in getters + putters:
    thread.start()
for thread in putters:
    thread.join()
for _ in getters:
    items.put(None)
for thread in getters:
    thread.join()
everything = sorted(item for mine in got for item in mine)
print(everything == [(number, item) for number in range(PUTTERS) for item in range(COUNT)], items.empty())
# Each getter sees the items of one putter in order.
print(all([item for item in mine if item[0] == number] == sorted(item for item in mine if item[0] == number)
          for mine in got for number in range(PUTTERS)))
