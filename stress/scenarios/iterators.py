"""All threads on one iterator: every item appears, nothing appears that is no item."""

import itertools

import _scenario

LIMIT = 500


def scenario(round):
    source = list(range(LIMIT))
    table = {number: str(number) for number in source}
    shared_iterators = [
        (iter(source), source),
        (iter(tuple(source)), source),
        (iter(range(LIMIT)), source),
        (reversed(source), source),
        (map(lambda number: number * 2, source), [number * 2 for number in source]),
        (iter("".join(map(chr, source))), [chr(number) for number in source]),
        (iter(bytes(200)), [0]),
        (itertools.chain(source[:100], source[100:]), source),
    ]
    for shared, items in shared_iterators:
        # Enough for all: some iterators may give an item twice, as in CPython without
        # the GIL, but none may skip one, or end before the last.
        def take(index, numbers):
            taken = []
            for item in shared:
                taken.append(item)
            return taken

        taken = [item for part in round.together(take) for item in part]
        assert set(taken) == set(items), type(shared)

    enumerated = enumerate(source)
    pairs = zip(source, source)
    entries = iter(table.items())

    def take_pairs(index, numbers):
        for number, item in enumerated:
            assert number >= 0 and item in table
        for left, right in pairs:
            assert left in table and right in table
        try:
            for key, value in entries:
                assert value == str(key)
        except RuntimeError as error:
            assert "changed" in str(error)

    round.together(take_pairs)

    endless = itertools.cycle(source)
    counting = itertools.count(1)
    one, two = itertools.tee(source)

    def draw(index, numbers):
        for _ in range(100):
            assert next(endless) in table
        drawn = [next(counting) for _ in range(100)]
        assert drawn == sorted(drawn)
        return drawn

    drawn = [number for part in round.together(draw) for number in part]
    assert max(drawn) <= len(drawn), "count runs ahead"
    assert list(one) == list(two) == source


_scenario.run(scenario)
