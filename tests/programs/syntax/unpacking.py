# Unpacking: nested targets, starred targets, swaps, and what goes wrong.
a, b = 1, 2
a, b = b, a
assert (a, b) == (2, 1)
(a, (b, c)), d = (1, [2, 3]), 4
assert (a, b, c, d) == (1, 2, 3, 4)
first, *rest = "abc"
assert first == "a" and rest == ["b", "c"]
*init, last = range(3)
assert init == [0, 1] and last == 2
head, *middle, tail = [1, 2]
assert middle == []
[x, [y, *z]] = 1, (2, 3, 4)
assert (x, y, z) == (1, 2, [3, 4])
(only,) = {5}
assert only == 5
*everything, = (i * i for i in range(3))
assert everything == [0, 1, 4]
for i, (j, *k) in [(1, "ab"), (2, "c")]:
    pass
assert (i, j, k) == (2, "c", [])


class Box:
    pass


box = Box()
box.left, box.items = 1, [0, 0]
box.items[0], box.items[1] = "xy"
assert box.items == ["x", "y"]


def message(function):
    try:
        function()
    except (ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("nothing raised")


def too_few():
    a, b, c = 1, 2


def too_many():
    a, b = 1, 2, 3


def too_many_of_iterator():
    a, b = iter("abcd")


def not_iterable():
    a, b = 5


def star_too_few():
    a, b, *c = [1]


assert message(too_few) == "ValueError: not enough values to unpack (expected 3, got 2)"
assert message(too_many) == "ValueError: too many values to unpack (expected 2, got 3)"
assert message(too_many_of_iterator) == "ValueError: too many values to unpack (expected 2)"
assert message(not_iterable) == "TypeError: cannot unpack non-iterable int object"
assert message(star_too_few) == "ValueError: not enough values to unpack (expected at least 2, got 1)"

assert [*range(3), *"ab"] == [0, 1, 2, "a", "b"]
assert (*[1], 2, *()) == (1, 2)
assert {*[1, 1], 2} == {1, 2}
assert {**{"a": 1, "b": 2}, "b": 3, **{"c": 4}} == {"a": 1, "b": 3, "c": 4}


def pair():
    return 1, *[2, 3]


assert pair() == (1, 2, 3)
table = {}
for table["key"] in range(4):
    pass
assert table == {"key": 3}
assert "abc"[slice(*(0, 2))] == "ab"


class Grid:
    def __getitem__(self, index):
        return index


assert Grid()[1, *(2, 3)] == (1, 2, 3)
assert Grid()[*"ab"] == ("a", "b")
