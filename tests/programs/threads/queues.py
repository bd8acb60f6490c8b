# queue.Queue and SimpleQueue between threads: order, bounds, task_done and join, shutdown, nothing lost.
import queue
import threading

q = queue.Queue(maxsize=3)
sums, lock = [], threading.Lock()


def consume():
    total = 0
    while (item := q.get()) is not None:
        total += item
        q.task_done()
    q.task_done()
    with lock:
        sums.append(total)


consumers = [threading.Thread(target=consume) for _ in range(3)]
for t in consumers:
    t.start()


def produce(start):
    for i in range(start, start + 500):
        q.put(i)


producers = [threading.Thread(target=produce, args=(n * 500,)) for n in range(4)]
for t in producers:
    t.start()
for t in producers:
    t.join()
for _ in consumers:
    q.put(None)
q.join()
for t in consumers:
    t.join()
assert sum(sums) == sum(range(2000))
assert q.empty()
assert q.qsize() == 0
s = queue.SimpleQueue()
received = []


def drain():
    while (item := s.get()) is not None:
        received.append(item)


t = threading.Thread(target=drain)
t.start()
for i in range(1000):
    s.put(i)
s.put(None)
t.join()
assert received == list(range(1000)), "one producer and one consumer keep the order"
try:
    s.get(timeout=0.01)
except queue.Empty:
    pass
try:
    q.task_done()
except ValueError as error:
    assert str(error) == "task_done() called too many times"
for i in range(3):
    q.put(i)
assert q.full()
try:
    q.put(1, timeout=0.01)
except queue.Full:
    pass
q.shutdown()
assert [q.get() for _ in range(3)] == [0, 1, 2]
try:
    q.get()
except queue.ShutDown:
    pass
try:
    q.put(1)
except queue.ShutDown:
    pass
blocked = queue.Queue()
out = []


def wait():
    try:
        blocked.get()
    except queue.ShutDown:
        out.append("woken")


threads = [threading.Thread(target=wait) for _ in range(3)]
for t in threads:
    t.start()
blocked.shutdown(immediate=True)
for t in threads:
    t.join()
assert out == ["woken"] * 3
