"""Cycles made and dropped by all threads, collected by whoever: each dies once, none lives on."""

import gc
import itertools

import _scenario

STEPS = 60


class Node:
    def __init__(self, number, deaths):
        self.number = number
        self.deaths = deaths
        self.links = []

    def __del__(self):
        self.deaths.append(self.number)


def scenario(round):
    deaths = []
    serial = itertools.count()
    handed_over = []

    def work(index, numbers):
        made = []
        for _ in range(STEPS):
            ring = []
            for _ in range(1 + numbers.below(6)):
                node = Node(index * 1_000_000 + len(made), deaths)
                made.append(node.number)
                ring.append(node)
            for left, right in zip(ring, ring[1:] + ring[:1]):
                left.links.append(right)
                match numbers.below(5):
                    case 0:
                        left.table = {"self": left, "right": right}
                    case 1:
                        left.function = lambda left=left: left
                    case 2:
                        left.bound = left.__init__
                    case 3:
                        left.generator = (node for node in [left, right])
                        next(left.generator)
            match numbers.below(6):
                case 0:
                    handed_over.append(ring[0])
                case 1:
                    try:
                        handed_over.pop().links.append(ring[0])
                    except IndexError:
                        pass
                case 2:
                    if numbers.below(8) == 0:
                        gc.collect()
            next(serial)
            ring = node = left = right = None
        return made

    made = [number for part in round.together(work) for number in part]
    handed_over.clear()
    _scenario.settle()
    assert sorted(deaths) == sorted(made), (
        f"{len(made)} nodes were made, {len(deaths)} died, {len(set(deaths))} different ones"
    )


_scenario.run(scenario)
