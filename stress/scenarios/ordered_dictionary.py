"""All threads on one OrderedDict, defaultdict, Counter, ChainMap: own keys stay, no key is there twice."""

from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, namedtuple

import _scenario

STEPS = 120

Point = namedtuple("Point", "x y")


def scenario(round):
    ordered = OrderedDict()
    groups = defaultdict(list)
    chain = ChainMap({}, {"base": 1})
    user = UserDict()

    def work(index, numbers):
        mine = {}
        for step in range(STEPS):
            key = (index, numbers.below(20))
            match numbers.below(12):
                case 0 | 1 | 2:
                    ordered[key] = mine[key] = step
                case 3:
                    assert ordered.pop(key, None) == mine.pop(key, None)
                case 4:
                    if key in mine:
                        ordered.move_to_end(key, last=bool(numbers.below(2)))
                case 5:
                    assert ordered.get(key) == mine.get(key)
                case 6:
                    try:
                        keys = list(ordered)
                    except RuntimeError as error:
                        assert "mutated" in str(error) or "changed" in str(error), error
                        continue
                    assert len(keys) == len(set(keys)), "a key twice"
                case 7:
                    assert ordered.setdefault(key, step) == mine.setdefault(key, step)
                case 8:
                    groups[numbers.below(5)].append(index)
                case 9:
                    chain[key] = step
                    assert chain[key] == step and chain["base"] == 1
                case 10:
                    user[key] = Point(index, step)
                    assert user[key].y == step and user[key] == (index, step)
                case 11:
                    try:
                        for key, value in ordered.items():
                            assert type(value) is int
                    except (RuntimeError, KeyError):
                        pass
        return mine

    results = round.together(work)
    expected = {key: value for mine in results for key, value in mine.items()}
    assert dict(ordered) == expected
    assert len(list(ordered)) == len(ordered) == len(expected)
    assert list(reversed(ordered)) == list(ordered)[::-1], "the order is broken"

    def pop(index, numbers):
        popped = []
        while True:
            try:
                popped.append(ordered.popitem(last=bool(numbers.below(2))))
            except KeyError:
                return popped

    popped = [item for part in round.together(pop) for item in part]
    assert len(popped) == len(expected) and dict(popped) == expected
    counts = round.together(lambda index, numbers: Counter(numbers.below(5) for _ in range(100)))
    assert sum(counts, Counter()).total() == 100 * len(counts)


_scenario.run(scenario)
