"""All threads on one list: what goes in comes out once, whatever happens in between."""

import _scenario

STEPS = 400


def scenario(round):
    shared = []

    def work(index, numbers):
        made, taken = [], []
        for step in range(STEPS):
            token = (index, step)
            match numbers.below(13):
                case 0 | 1:
                    shared.append(token)
                    made.append(token)
                case 2:
                    shared.insert(numbers.below(len(shared) + 1), token)
                    made.append(token)
                case 3:
                    pair = [token, (index, step, "second")]
                    shared.extend(pair)
                    made += pair
                case 4 | 5 | 6:
                    try:
                        taken.append(shared.pop())
                    except IndexError:
                        pass
                case 7:
                    try:
                        taken.append(shared.pop(numbers.below(len(shared) + 1)))
                    except IndexError:
                        pass
                case 8:
                    shared.reverse()
                case 9:
                    for item in shared:
                        assert type(item) is tuple and item[0] < 1000
                case 10:
                    copy = shared[:]
                    assert all(type(item) is tuple for item in copy)
                    assert len(set(copy)) == len(copy), "one token twice in a copy"
                case 11:
                    try:
                        item = shared[numbers.below(len(shared) + 1)]
                        assert type(item) is tuple
                        shared.index(item)
                    except (IndexError, ValueError):
                        pass
                case 12:
                    shared.__iadd__([token])
                    made.append(token)
                    assert (index, -1) not in shared
        return made, taken

    results = round.together(work)
    made = [token for tokens, _ in results for token in tokens]
    out = [token for _, tokens in results for token in tokens] + shared
    assert len(out) == len(set(out)), "a token came out twice"
    assert sorted(out, key=repr) == sorted(made, key=repr), "a token was lost"

    # Sorting runs no Python code for plain ints: it is one step. With a key it runs
    # some, and the list may change meanwhile: then it says so.
    numbers = round.numbers()
    plain = [numbers.below(1000) for _ in range(200)]
    keyed = plain.copy()
    expected = sorted(plain)

    def sort(index, numbers):
        for _ in range(10):
            match numbers.below(4):
                case 0:
                    plain.sort(reverse=numbers.below(2) == 1)
                case 1:
                    plain.reverse()
                case 2:
                    assert sorted(plain) == expected, "half sorted"
                case 3:
                    try:
                        keyed.sort(key=lambda item: -item)
                    except ValueError as error:
                        assert str(error) == "list modified during sort"

    round.together(sort)
    assert sorted(plain) == expected, "sorting lost or doubled an item"
    assert set(keyed) <= set(expected), "sorting brought in an item"


_scenario.run(scenario)
