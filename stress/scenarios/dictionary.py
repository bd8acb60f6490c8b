"""All threads on one dict: own keys are never lost, shared keys never hold a wrong value."""

import _scenario

STEPS = 300
MODULUS = 16


class Key:
    """A key whose hash and equality run Python code, and collide often."""

    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return self.number % 5

    def __eq__(self, other):
        return isinstance(other, Key) and self.number == other.number


def scenario(round):
    shared = {}
    kinds = (int, str, Key)

    def own_key(index, number):
        return kinds[number % 3](index * 1_000_000 + number)

    def work(index, numbers):
        mine = {}
        for _ in range(STEPS):
            number = numbers.below(40)
            key = own_key(index, number)
            match numbers.below(14):
                case 0 | 1 | 2:
                    shared[key] = mine[number] = [index, number]
                case 3:
                    found = shared.pop(key, None)
                    assert found == mine.pop(number, None)
                case 4:
                    assert shared.get(key) == mine.get(number)
                case 5:
                    found = shared.setdefault(key, [index, number])
                    assert found == mine.setdefault(number, found)
                case 6:
                    shared.update({key: [index, number], f"s{number % MODULUS}": [number]})
                    mine[number] = [index, number]
                case 7:
                    value = shared.get(f"s{number % MODULUS}")
                    assert value is None or value[0] % MODULUS == number % MODULUS
                case 8:
                    shared.pop(f"s{number % MODULUS}", None)
                case 9:
                    try:
                        for key, value in shared.items():
                            check(key, value)
                    except RuntimeError as error:
                        assert "changed" in str(error), error
                case 10:
                    try:
                        copy = shared.copy()
                    except RuntimeError as error:
                        # Keys whose comparison runs Python code let others in.
                        assert str(error) == "dict mutated during update"
                    else:
                        for key, value in copy.items():
                            check(key, value)
                case 11:
                    assert (key in shared) == (number in mine)
                case 12:
                    try:
                        del shared[key]
                        assert mine.pop(number)
                    except KeyError:
                        assert number not in mine
                case 13:
                    for key in list(shared):
                        assert isinstance(key, kinds)
        return mine

    def check(key, value):
        if isinstance(key, str) and key.startswith("s"):
            assert value[0] % MODULUS == int(key[1:]), (key, value)
        else:
            number = key.number if isinstance(key, Key) else int(key)
            assert value == [number // 1_000_000, number % 1_000_000], (key, value)

    owned = round.together(work)
    expected = {}
    for index, mine in enumerate(owned):
        for number, value in mine.items():
            expected[own_key(index, number)] = value
    left = {k: v for k, v in shared.items() if not (isinstance(k, str) and k.startswith("s"))}
    assert left == expected, "a key was lost or came back"
    assert len(shared) == len(list(shared))


_scenario.run(scenario)
