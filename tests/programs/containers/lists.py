# list: every method, slices of all kinds, comparison, growth while iterating, errors.
a = [3, 1, 2]
a.append(4)
a.extend("xy")
a.insert(0, "first")
a.insert(-100, "very first")
a.insert(100, "last")
assert a == ["very first", "first", 3, 1, 2, 4, "x", "y", "last"]
assert a.pop() == "last"
assert a.pop(0) == "very first"
assert a.pop(-2) == "x"
a.remove("first")
assert a == [3, 1, 2, 4, "y"]
assert a.index(2) == 2
assert a.index("y", -1) == 4
assert a.count(1) == 1
a.reverse()
assert a == ["y", 4, 2, 1, 3]
b = a.copy()
b.clear()
assert a
assert b == []
assert a[::2] == ["y", 2, 3]
assert a[::-1] == [3, 1, 2, 4, "y"]
assert a[-2:] == [1, 3]
assert a[10:] == []
assert a[3:1] == []
a[1:3] = [7, 8, 9]
assert a == ["y", 7, 8, 9, 1, 3]
a[::2] = "abc"
assert a == ["a", 7, "b", 9, "c", 3]
a[2:2] = [0, 0]
del a[::3]
assert a == [7, 0, "b", 9, 3]
a[:] = range(5)
a[1:4] = []
assert a == [0, 4]
a[5:] = [5]
a[:0] = [-1]
assert a == [-1, 0, 4, 5]
a[:] = a
a += a
assert a == [-1, 0, 4, 5] * 2
a *= 0
assert a == []
assert [1] * 3 == 3 * [1] == [1, 1, 1]
assert [1] * -1 == []
assert [1] + [2] == [1, 2]
assert [1, 2] < [1, 3]
assert [1] < [1, 0]
assert [] < [0]
assert [1, 2] == [1, 2]
assert [1] != [2]
assert [1] != (1,)
assert not [2] < [1, 5]
assert [[1], 2] <= [[1], 2]
a = [5, 3, 9, 1]
a.sort()
assert a == [1, 3, 5, 9]
a.sort(reverse=True)
assert a == [9, 5, 3, 1]
a.sort(key=lambda x: x % 4)
assert a == [9, 5, 1, 3], "stable"
assert sorted(["b", "A", "c"], key=str.lower) == ["A", "b", "c"]
assert sorted([(1, "b"), (1, "a"), (0, "z")]) == [(0, "z"), (1, "a"), (1, "b")]
stable = sorted([(i % 3, i) for i in range(100)], key=lambda p: p[0], reverse=True)
assert stable == [(k, i) for k in (2, 1, 0) for i in range(100) if i % 3 == k]
try:
    sorted([1, "a"])
except TypeError as error:
    assert str(error) == "'<' not supported between instances of 'str' and 'int'"
bad = [3, 2, 1]


def key(x):
    bad.append(x)
    return x


try:
    bad.sort(key=key)
except ValueError as error:
    assert str(error) == "list modified during sort"


class Failing:
    def __lt__(self, other):
        raise KeyError("lt")


items = [Failing() for _ in range(5)]
ids = {id(x) for x in items}
try:
    items.sort()
except KeyError:
    pass
assert {id(x) for x in items} == ids, "nothing is lost when a comparison fails"
for bad, kind, text in [
    ("[][0]", IndexError, "list index out of range"),
    ("[].pop()", IndexError, "pop from empty list"),
    ("[1].pop(5)", IndexError, "pop index out of range"),
    ("[1].remove(2)", ValueError, "list.remove(x): x not in list"),
    ("[1].index(2)", ValueError, "list.index(x): x not in list"),
    ("[1]['a']", TypeError, "list indices must be integers or slices, not str"),
    ("[1] + (2,)", TypeError, 'can only concatenate list (not "tuple") to list'),
    ("[1].__setitem__(5, 1)", IndexError, "list assignment index out of range"),
    (
        "[1, 2].__setitem__(slice(None, None, 2), [1, 2])",
        ValueError,
        "attempt to assign sequence of size 2 to extended slice of size 1",
    ),
    ("[1][::0]", ValueError, "slice step cannot be zero"),
    ("[] * 'a'", TypeError, "can't multiply sequence by non-int of type 'str'"),
    ("hash([])", TypeError, "unhashable type: 'list'"),
    ("[1].extend(5)", TypeError, "'int' object is not iterable"),
    ("[].__delitem__(0)", IndexError, "list assignment index out of range"),
]:
    try:
        eval(bad)
    except kind as error:
        assert text in str(error), (bad, str(error))
    else:
        raise AssertionError(bad)
assert list("abc") == ["a", "b", "c"]
assert list(range(3)) == [0, 1, 2]
assert list() == []
assert [*{}] == []
assert list({1: 2}) == [1]
assert repr([1, "a", [2]]) == "[1, 'a', [2]]"
assert str([]) == "[]"


class L(list):
    def __getitem__(self, i):
        return "item"


l = L([1, 2])
assert l[0] == "item"
assert list(l) == [1, 2]
assert l == [1, 2]
assert type(l + [3]) is list
assert isinstance(l, list)
big = []
for i in range(10000):
    big.append(i)
    if i % 3 == 0:
        big.pop(0)
assert len(big) == 6666
assert big[0] == 3334
assert big[-1] == 9999


class Equal:
    def __eq__(self, other):
        victim.clear()
        return False


victim = [Equal(), Equal(), Equal()]
assert (1 in victim) is False and victim == []
victim = [Equal() for _ in range(3)]
assert victim.count(5) == 0
victim = [Equal() for _ in range(3)]
try:
    victim.remove(5)
except ValueError:
    pass
