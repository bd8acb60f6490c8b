"""One lru_cache, cached_property, singledispatch, partial for all threads: right values, bounded, counted."""

import functools

import _scenario

STEPS = 150
ROOM = 16


class Key:
    """A key whose comparison is Python code, and may run between any two steps of a look-up."""

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number % 7)

    def __eq__(self, other):
        return isinstance(other, Key) and self.number == other.number


class Holder:
    @functools.cached_property
    def expensive(self):
        return [self]


def scenario(round):
    @functools.lru_cache(maxsize=ROOM)
    def bounded(key):
        return [key.number]

    @functools.cache
    def unbounded(number):
        return number if number < 2 else unbounded(number - 1) + unbounded(number - 2)

    @functools.lru_cache(maxsize=4, typed=True)
    def typed(value):
        return type(value)

    @functools.lru_cache(maxsize=8)
    def failing(number):
        if number % 3 == 0:
            raise KeyError(number)
        return number

    @functools.singledispatch
    def kind(value):
        return "object"

    kind.register(int, lambda value: "int")
    holder = Holder()
    power = functools.partial(pow, 2)

    def work(index, numbers):
        calls = 0
        for step in range(STEPS):
            number = numbers.below(2 * ROOM)
            match numbers.below(9):
                case 0 | 1 | 2:
                    calls += 1
                    assert bounded(Key(number)) == [number], "the value of another key"
                case 3:
                    assert unbounded(30) == 832040
                case 4:
                    value = numbers.choice([1, 1.0, True, "1"])
                    assert typed(value) is type(value)
                case 5:
                    try:
                        assert failing(number) == number and number % 3
                    except KeyError as error:
                        assert error.args == (number,) and number % 3 == 0
                case 6:
                    assert holder.expensive[0] is holder
                    if numbers.below(10) == 0:
                        vars(holder).pop("expensive", None)
                case 7:
                    assert kind(number) == "int" and kind("text") == kind(b"") == "object"
                case 8:
                    assert power(number) == 2**number
                    info = bounded.cache_info()
                    # A new entry may be in before the oldest is out.
                    assert info.currsize <= ROOM + round.threads, info
        return calls

    calls = sum(round.together(work))
    info = bounded.cache_info()
    assert info.hits + info.misses == calls and info.currsize <= ROOM, (info, calls)

    def clear(index, numbers):
        for _ in range(STEPS):
            number = numbers.below(2 * ROOM)
            if numbers.below(10) == 0:
                bounded.cache_clear()
                unbounded.cache_clear()
            assert bounded(Key(number)) == [number]
            assert unbounded(number % 10) == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34][number % 10]

    round.together(clear)
    holder.__dict__.clear()


_scenario.run(scenario)
