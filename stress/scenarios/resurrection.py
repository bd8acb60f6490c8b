"""Finalizers that give their object to another thread: finalized once, whole, then freed."""

import gc
import weakref

import _scenario

STEPS = 80


class Phoenix:
    def __init__(self, number, nest, finalized):
        self.number = number
        self.content = [number]
        self.nest = nest
        self.finalized = finalized

    def __del__(self):
        self.finalized.append(self.number)
        self.nest.append(self)


def scenario(round):
    nest, finalized = [], []
    witnesses = []

    def work(index, numbers):
        made = 0
        for step in range(STEPS):
            bird = Phoenix(index * 1000 + step, nest, finalized)
            made += 1
            match numbers.below(4):
                case 0:
                    bird.mate = bird
                case 1:
                    witnesses.append(weakref.ref(bird))
                case 2:
                    other = Phoenix(index * 1000 + step + 500, nest, finalized)
                    made += 1
                    bird.mate, other.mate = other, bird
                    other = None
            bird = None
            match numbers.below(8):
                case 0 | 1 | 2:
                    try:
                        risen = nest.pop()
                        assert risen.content == [risen.number], "a broken phoenix"
                        risen = None
                    except IndexError:
                        pass
                case 3:
                    if numbers.below(4) == 0:
                        gc.collect()
        return made

    made = sum(round.together(work))
    for _ in range(4):
        nest.clear()
        _scenario.settle()
    assert len(finalized) == made == len(set(finalized)), (made, len(finalized))
    assert all(witness() is None for witness in witnesses)


_scenario.run(scenario)
