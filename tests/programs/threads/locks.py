# Lock, RLock, Condition, Event, Semaphore, Barrier: their rules, alone and between threads.
import threading
import time


def in_thread(function):
    out = []
    t = threading.Thread(target=lambda: out.append(function()))
    t.start()
    t.join()
    return out[0]


lock = threading.Lock()
assert not lock.locked()
assert lock.acquire()
assert lock.locked()
assert not lock.acquire(blocking=False)
assert not lock.acquire(timeout=0.01)
assert in_thread(lambda: lock.acquire(False)) is False
in_thread(lock.release)
assert not lock.locked()
try:
    lock.release()
except RuntimeError as error:
    assert str(error) == "release unlocked lock"
with lock:
    assert lock.locked()
try:
    lock.acquire(False, 5)
except ValueError as error:
    assert str(error) == "can't specify a timeout for a non-blocking call"
try:
    with lock:
        raise KeyError
except KeyError:
    assert not lock.locked()
r = threading.RLock()
with r, r:
    assert in_thread(lambda: r.acquire(blocking=False)) is False
    assert "count=2" in repr(r)
assert in_thread(lambda: r.acquire(blocking=False)) is True
r = threading.RLock()
try:
    r.release()
except RuntimeError as error:
    assert str(error) == "cannot release un-acquired lock"
counter = 0


def count():
    global counter
    for _ in range(3000):
        with lock:
            counter += 1


threads = [threading.Thread(target=count) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert counter == 12000
condition = threading.Condition()
items, taken = [], []


def consume():
    for _ in range(50):
        with condition:
            while not items:
                condition.wait()
            taken.append(items.pop())


consumers = [threading.Thread(target=consume) for _ in range(3)]
for t in consumers:
    t.start()
for i in range(150):
    with condition:
        items.append(i)
        condition.notify()
for t in consumers:
    t.join()
assert sorted(taken) == list(range(150)) and not items
with condition:
    assert condition.wait(timeout=0.01) is False
    assert condition.wait_for(lambda: True) is True
    assert condition.wait_for(lambda: 0, timeout=0.01) == 0
try:
    condition.notify()
except RuntimeError as error:
    assert str(error) == "cannot notify on un-acquired lock"
event = threading.Event()
assert event.wait(0.01) is False and not event.is_set()
waiters = [threading.Thread(target=event.wait) for _ in range(5)]
for t in waiters:
    t.start()
event.set()
for t in waiters:
    t.join()
assert event.wait() is True
event.clear()
assert not event.is_set()
semaphore, inside, most = threading.Semaphore(2), 0, 0


def limited():
    global inside, most
    with semaphore:
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.005)
        with lock:
            inside -= 1


threads = [threading.Thread(target=limited) for _ in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert most <= 2 and inside == 0
try:
    threading.BoundedSemaphore(1).release()
except ValueError as error:
    assert str(error) == "Semaphore released too many times"
barrier, passed = threading.Barrier(3, action=lambda: passed.append("action")), []


def meet():
    for turn in range(3):
        index = barrier.wait()
        passed.append(index)
        barrier.wait()


threads = [threading.Thread(target=meet) for _ in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert sorted(x for x in passed if x != "action") == [0] * 3 + [1] * 3 + [2] * 3
assert passed.count("action") == 6
broken = threading.Barrier(2)
try:
    broken.wait(timeout=0.01)
except threading.BrokenBarrierError:
    assert broken.broken
