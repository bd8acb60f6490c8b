"""Objects that each thread uses by itself for a while and hands on to the next: each dies once."""

import weakref

import _scenario

STAGES = 4
USES = 300


class Part:
    def __init__(self, number, deaths):
        self.number = number
        self.deaths = deaths
        self.uses = 0

    def __del__(self):
        self.deaths.append(self.number)


def scenario(round):
    deaths = []
    # The thread that makes them uses them no more.
    parts = [
        [Part(number, deaths), (number, str(number) * 3), [number] * 3, {"number": [number]}]
        for number in range(2 * round.threads)
    ]
    strangers = [weakref.ref(part[0]) for part in parts]

    def use(index, numbers):
        turn = (index + stage) % round.threads
        kept = []
        for part in parts[turn :: round.threads]:
            counted, pair, items, table = part
            for step in range(USES + numbers.below(USES)):
                number, text = part[1]
                assert (pair[0], pair[1]) == (number, text)
                assert part[3]["number"][0] == number == part[2][step % 3]
                counted.uses += 1
                if step % 7 == 0:
                    kept = [counted, items, table, kept[:2]]
            items.append(index)
            items.pop()
        kept.clear()
        # What others have or had, looked at in passing.
        other = strangers[numbers.below(len(strangers))]()
        assert other.uses >= 0

    for stage in range(STAGES):
        round.together(use)
    assert deaths == []
    total = sum(part[0].uses for part in parts)
    assert total >= STAGES * len(parts) * USES
    numbers = [part[1][0] for part in parts]
    kept = dict(zip(numbers, parts))
    parts.clear()
    assert deaths == []
    del kept
    # What threads have used in turn dies late.
    _scenario.settle()
    assert sorted(deaths) == numbers, "a part died twice, or not at all"
    assert all(stranger() is None for stranger in strangers)


_scenario.run(scenario)
