# `and` and `or` give one of their operands and do not evaluate more than they need.
log = []


def note(value):
    log.append(value)
    return value


assert (note(0) and note(1)) == 0 and log == [0]
log.clear()
assert (note("") or note([]) or note("x") or note("y")) == "x"
assert log == ["", [], "x"]
log.clear()
assert (note(1) and note(2) or note(3)) == 2 and log == [1, 2]


class Odd:
    def __bool__(self):
        log.append("bool")
        return False


log.clear()
odd = Odd()
assert (odd and 1) is odd
assert log == ["bool"]
assert not odd
assert (odd or 5) == 5


class Sized:
    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size


assert not Sized(0) and Sized(3)


class Wrong:
    def __bool__(self):
        return 1


try:
    bool(Wrong())
except TypeError as error:
    assert str(error) == "__bool__ should return bool, returned int", error
else:
    raise AssertionError("a __bool__ that is not a bool")
