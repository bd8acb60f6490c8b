# Comprehensions: nesting, conditions, scopes, closures in them, evaluation of the first iterable.
assert [x * y for x in range(3) for y in range(x)] == [0, 0, 2]
assert [[c for c in row if c % 2] for row in [[1, 2, 3], [4, 5]]] == [[1, 3], [5]]
assert {k: v for k, v in zip("abc", range(3)) if v} == {"b": 1, "c": 2}
assert {x % 3 for x in range(10)} == {0, 1, 2}
assert list(x for x in range(10) if x % 2 if x > 3) == [5, 7, 9]
assert [a + b for a, b in [(1, 2), (3, 4)]] == [3, 7]
assert [x for x, in [(1,), (2,)]] == [1, 2]
assert [first for first, *_ in ["abc", "de"]] == ["a", "d"]
x = "outside"
[x for x in range(3)]
assert x == "outside"
functions = [lambda: i for i in range(3)]
assert [f() for f in functions] == [2, 2, 2]
functions = [lambda i=i: i for i in range(3)]
assert [f() for f in functions] == [0, 1, 2]


def deep(n):
    return [[(i, j, n) for j in range(i)] for i in range(n)]


assert deep(3) == [[], [(1, 0, 3)], [(2, 0, 3), (2, 1, 3)]]


class Names:
    first = [1, 2]
    doubled = [i * 2 for i in first]
    try:
        broken = [len(first) for _ in first]
    except NameError:
        broken = "class names are not seen inside"


assert Names.doubled == [2, 4] and Names.broken == "class names are not seen inside"

log = []


def source():
    log.append("source")
    return [1]


lazy = (item for item in source())
assert log == ["source"], "the first iterable is evaluated at once"
later = (j for i in [1] for j in source())
assert log == ["source"]
assert list(later) == [1] and log == ["source", "source"]
try:
    (x for x in 5)
except TypeError as error:
    assert str(error) == "'int' object is not iterable"
else:
    raise AssertionError


def local_names():
    value = 1
    inside = [sorted(k for k in locals()) for _ in range(1)]
    return inside


def shadow(x):
    squares = [x for x in range(x)]
    return x, squares


assert shadow(3) == (3, [0, 1, 2])


def unbound():
    [y for y in range(3)]
    return y


try:
    unbound()
except NameError as error:
    assert str(error) == "name 'y' is not defined"


def exception_inside():
    x = "kept"
    try:
        [1 // x for x in (1, 0)]
    except ZeroDivisionError:
        return x


assert exception_inside() == "kept"


def cells():
    getters = [[(lambda: (i, j)) for j in range(2)] for i in range(2)]
    return [g() for row in getters for g in row]


assert cells() == [(1, 1)] * 4
assert {**{i: i for i in range(2)}, **{j: -j for j in range(1, 3)}} == {0: 0, 1: -1, 2: -2}
order = []
{order.append("key") or k: order.append("value") for k in [1]}
assert order == ["key", "value"]
assert [*(i for i in "ab")] == ["a", "b"]
