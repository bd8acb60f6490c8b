# tuple, range and slice: operations, indices, equality, hashing, laziness.
import operator

t = (1, "a", [2])
assert t[0] == 1
assert t[-1] == [2]
assert t[1:] == ("a", [2])
assert t + (3,) == (1, "a", [2], 3)
assert (1, 2) * 2 == (1, 2, 1, 2)
assert len(()) == 0
assert t.index("a") == 1
assert (1, 1, 2).count(1) == 2
assert (1, 2) < (1, 3)
assert (1,) < (1, 0)
assert () < (0,)
assert (1, 2) == (1, 2)
assert hash((1, 2)) == hash((1, 2))
assert tuple("ab") == ("a", "b")
assert tuple(t) is t
assert t[:] is t
assert repr((1,)) == "(1,)"
assert repr(()) == "()"
assert repr((1, "a")) == "(1, 'a')"
for bad, kind, text in [
    ("(1,)[5]", IndexError, "tuple index out of range"),
    ("(1,).index(2)", ValueError, "tuple.index(x): x not in tuple"),
    ("hash(([],))", TypeError, "unhashable type: 'list'"),
    ("(1,) + [2]", TypeError, 'can only concatenate tuple (not "list") to tuple'),
    ("(1,)['a']", TypeError, "tuple indices must be integers or slices, not str"),
    ("(1,).__setitem__", AttributeError, "'tuple' object has no attribute '__setitem__'"),
    ("range(1, 2, 0)", ValueError, "range() arg 3 must not be zero"),
    ("range(1.5)", TypeError, "'float' object cannot be interpreted as an integer"),
    ("range(3)[5]", IndexError, "range object index out of range"),
    ("range(3).index(9)", ValueError, "range.index(x): x not in range"),
    ("range()", TypeError, "range expected at least 1 argument, got 0"),
]:
    try:
        eval(bad)
    except kind as error:
        assert str(error) == text, (bad, str(error))
    else:
        raise AssertionError(bad)
r = range(2, 20, 3)
assert list(r) == [2, 5, 8, 11, 14, 17]
assert len(r) == 6
assert r[1] == 5
assert r[-1] == 17
assert r[1:3] == range(5, 11, 3)
assert r[::-1] == range(17, -1, -3)
assert 8 in r
assert 9 not in r
assert r.index(11) == 3
assert r.count(8) == 1
assert (r.start, r.stop, r.step) == (2, 20, 3)
assert list(range(5, 0, -2)) == [5, 3, 1]
assert list(range(0)) == []
assert list(range(3, 1)) == []
assert range(0) == range(5, 5)
assert hash(range(0)) == hash(range(2, 2))
assert range(0, 3, 2) == range(0, 4, 2)
assert repr(range(1, 2)) == "range(1, 2)"
assert repr(range(1, 9, 2)) == "range(1, 9, 2)"
assert bool(range(0)) is False
huge = range(10**30, 10**30 + 10, 3)
assert list(huge) == [10**30, 10**30 + 3, 10**30 + 6, 10**30 + 9]
assert huge[2] == 10**30 + 6
assert 10**30 + 3 in huge
assert len(range(2**62)) == 2**62
assert list(reversed(range(3))) == [2, 1, 0]
assert 2.0 in range(3)
assert "a" not in range(3)
assert range(2**70)[2**69] == 2**69
try:
    len(range(2**70))
except OverflowError:
    pass
s = slice(1, 10, 2)
assert (s.start, s.stop, s.step) == (1, 10, 2)
assert s.indices(5) == (1, 5, 2)
assert slice(None).indices(3) == (0, 3, 1)
assert slice(-2, None).indices(5) == (3, 5, 1)
assert slice(None, None, -1).indices(3) == (2, -1, -1)
assert slice(5) == slice(None, 5, None)
assert repr(slice(1)) == "slice(None, 1, None)"
assert hash(slice(1)) == hash(slice(1))
assert slice(1, 2) < slice(1, 3)
assert "abcdef"[slice(1, None, 2)] == "bdf"
assert operator.itemgetter(slice(1, 3))("abcd") == "bc"
assert "abc"[-100:100] == "abc"
assert [1, 2, 3][-1:-3:-1] == [3, 2]
assert "abc"[2**100 :] == ""
assert "abc"[: 2**100] == "abc"
from collections import namedtuple
from typing import NamedTuple

P = namedtuple("P", "x y", defaults=[5])
p = P(1)
assert p == (1, 5)
assert p.y == 5
assert p._replace(x=9) == P(9, 5)
assert p._asdict() == {"x": 1, "y": 5}
assert repr(p) == "P(x=1, y=5)"
assert P._fields == ("x", "y")
assert P._make([3, 4]).x == 3
assert (lambda x, y: x + y)(*p) == 6


class Typed(NamedTuple):
    name: str
    age: int = 3

    def older(self):
        return self._replace(age=self.age + 1)


assert Typed("a").older() == ("a", 4)
assert Typed.__annotations__ == {"name": str, "age": int}


class T(tuple):
    def __new__(cls, *items):
        return super().__new__(cls, items)


assert T(1, 2) == (1, 2)
assert T(1)[0] == 1
assert type(T(1) + (2,)) is tuple
assert (1, T(2)) == (1, (2,))
