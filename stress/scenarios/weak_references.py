"""Weak references upgraded while their targets die: alive and whole, or gone, and one callback each."""

import threading
import weakref

import _scenario

TARGETS = 100


class Target:
    def __init__(self, number):
        self.number = number
        self.twice = 2 * number


def scenario(round):
    called = []
    holders = [Target(number) for number in range(TARGETS)]
    references = [weakref.ref(target, called.append) for target in holders]
    values = weakref.WeakValueDictionary(enumerate(holders))
    keys = weakref.WeakKeyDictionary((target, target.number) for target in holders)

    def look(index, numbers):
        kept = []
        for _ in range(300):
            number = numbers.below(TARGETS)
            match numbers.below(6):
                case 0 | 1:
                    target = references[number]()
                    if target is not None:
                        assert target.number == number and target.twice == 2 * number
                case 2:
                    target = values.get(number)
                    assert target is None or target.number == number
                case 3:
                    target = holders[number]
                    if target is not None:
                        extra = weakref.ref(target)
                        assert extra() is target
                        kept.append(extra)
                case 4:
                    holders[number] = None
                case 5:
                    target = holders[number]
                    if target is not None:
                        assert keys.get(target) == number
            target = None
        return len(kept)

    round.together(look)
    for number in range(TARGETS):
        holders[number] = None
    _scenario.settle()
    assert all(reference() is None for reference in references), "a target outlived its owners"
    assert len(called) == TARGETS == len(set(map(id, called))), "a callback came twice or never"
    assert len(values) == len(keys) == 0

    # The last strong reference goes in one thread while others upgrade.
    for _ in range(10):
        box = [Target(7)]
        reference = weakref.ref(box[0])
        gone = threading.Event()

        def drop(index, numbers):
            box.clear()
            gone.set()

        def upgrade(index, numbers):
            while not gone.is_set():
                target = reference()
                assert target is None or target.twice == 14

        round.together(drop, upgrade)
        _scenario.settle()
        assert reference() is None


_scenario.run(scenario)
