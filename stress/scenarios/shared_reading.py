"""Objects that all threads read until they are hot, then dropped: read right, freed once."""

import functools
import weakref

import _scenario

STEPS = 1500


class Value:
    def __init__(self, number, deaths):
        self.number = number
        self.deaths = deaths

    def method(self):
        return self.number

    @property
    def square(self):
        return self.number * self.number

    def __del__(self):
        self.deaths.append(self.number)


def scenario(round):
    deaths = []
    value = Value(7, deaths)
    shared = {
        "table": {"outer": {"inner": value}},
        "tuple": (value, Value(8, deaths)),
        "list": [value, value],
        "bound": value.method,
        "closure": (lambda captured: lambda: captured)(value),
        "partial": functools.partial(Value.method, value),
        "frozen": frozenset([value]),
    }
    witness = weakref.ref(value)

    def read(index, numbers):
        kept = []
        for step in range(STEPS):
            match step % 10:
                case 0:
                    assert shared["table"]["outer"]["inner"].number == 7
                case 1:
                    first, second = shared["tuple"]
                    assert first is value and second.number == 8
                case 2:
                    for item in shared["list"]:
                        assert item is value
                case 3:
                    assert shared["bound"]() == 7
                case 4:
                    assert shared["closure"]() is value
                case 5:
                    assert shared["partial"]() == 7
                case 6:
                    assert value in shared["frozen"]
                case 7:
                    assert value.square == 49 and witness() is value
                case 8:
                    kept.append(value)
                case 9:
                    if len(kept) > 20:
                        kept.clear()
        # What was read by this thread is given back by others, and the other way round.
        return kept

    held = round.together(read)
    assert all(item is value for kept in held for item in kept), "another object"

    def drop(index, numbers):
        held[index - 1] = None

    round.together(drop)
    assert deaths == [], "freed while in use"
    del value
    shared.clear()
    held.clear()
    _scenario.settle()
    assert sorted(deaths) == [7, 8], deaths
    assert witness() is None


_scenario.run(scenario)
