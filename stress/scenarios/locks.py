"""All threads on one lock of each kind: one inside at a time, nobody forgotten."""

import threading

import _scenario

STEPS = 60


def scenario(round):
    lock, reentrant = threading.Lock(), threading.RLock()
    semaphore = threading.BoundedSemaphore(3)
    inside = {"lock": 0, "reentrant": 0}
    tally = {"lock": 0, "reentrant": 0}
    in_semaphore = []

    def enter(name):
        assert inside[name] == 0, "two threads inside one lock"
        inside[name] += 1
        tally[name] += 1
        inside[name] -= 1

    def work(index, numbers):
        entered = 0
        for _ in range(STEPS):
            match numbers.below(6):
                case 0 | 1:
                    with lock:
                        enter("lock")
                    entered += 1
                case 2:
                    if lock.acquire(blocking=False):
                        enter("lock")
                        lock.release()
                        entered += 1
                case 3:
                    if lock.acquire(timeout=0.0005 * numbers.below(4)):
                        enter("lock")
                        lock.release()
                        entered += 1
                case 4:
                    with reentrant:
                        with reentrant:
                            enter("reentrant")
                case 5:
                    with semaphore:
                        in_semaphore.append(index)
                        assert len(in_semaphore) <= 3
                        in_semaphore.pop()
        return entered

    entered = round.together(work)
    assert tally["lock"] == sum(entered), "an increment under the lock was lost"
    assert not lock.locked()

    condition = threading.Condition()
    waiting, served = [], []
    count = round.threads

    def produce(index, numbers):
        for step in range(STEPS):
            with condition:
                waiting.append((index, step))
                condition.notify()

    def consume(index, numbers):
        for _ in range(STEPS):
            with condition:
                while not waiting:
                    condition.wait()
                served.append(waiting.pop(0))

    round.together(produce, consume, threads=2 * count)
    assert not waiting and len(served) == count * STEPS == len(set(served))

    barrier = threading.Barrier(count)
    event = threading.Event()
    order = []

    def meet(index, numbers):
        for turn in range(5):
            order.append(turn)
            barrier.wait()
        if index == 0:
            event.set()
        assert event.wait(timeout=60), "an event was lost"

    round.together(meet)
    assert order == sorted(order), "somebody passed a barrier early"


_scenario.run(scenario)
