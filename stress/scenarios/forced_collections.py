"""Collections forced all the time, while others build, rewire and walk structures."""

import gc
import threading

import _scenario

STEPS = 150
SIZE = 40


class Link:
    __slots__ = ("number", "next", "data", "__weakref__")

    def __init__(self, number):
        self.number = number
        self.next = self
        self.data = None


def scenario(round):
    stop = threading.Event()

    def collect():
        while not stop.is_set():
            gc.collect(0)
            gc.collect()
            len(gc.get_objects())

    collectors = [threading.Thread(target=collect) for _ in range(2)]
    for collector in collectors:
        collector.start()

    def work(index, numbers):
        """A ring that is rewired all the time and must keep exactly its members."""
        ring = Link(0)
        for number in range(1, SIZE):
            link = Link(number)
            link.next, ring.next = ring.next, link
        link = None
        for step in range(STEPS):
            at = ring
            for _ in range(numbers.below(SIZE)):
                at = at.next
            match numbers.below(5):
                case 0:
                    if at.next is not ring and at is not at.next:
                        moved = at.next
                        at.next = moved.next
                        moved.next = ring.next
                        ring.next = moved
                        moved = None
                case 1:
                    at.data = {"ring": ring, "step": [step] * 10, (index, step): {at}}
                case 2:
                    at.data = (at, [lambda: ring], (at for at in [at]))
                case 3:
                    at.data = None
                case 4:
                    garbage = [Link(n) for n in range(10)]
                    garbage[0].data = garbage
                    garbage = None
        seen = []
        at = ring
        while True:
            seen.append(at.number)
            at = at.next
            if at is ring:
                break
        assert sorted(seen) == list(range(SIZE)), "a live object was freed or lost"

    try:
        round.together(work)
    finally:
        stop.set()
        for collector in collectors:
            collector.join()


_scenario.run(scenario)
