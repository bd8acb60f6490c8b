# Container, call, conversion and formatting protocols, looked up on the type.
class Seq:
    def __init__(self, *items):
        self.items = list(items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return Seq(*self.items[i])
        return self.items[i]

    def __setitem__(self, i, v):
        self.items[i] = v

    def __delitem__(self, i):
        del self.items[i]

    def __contains__(self, x):
        return "yes" if x in self.items else ""

    def __reversed__(self):
        return iter("reversed")

    def __repr__(self):
        return f"Seq{self.items}"

    def __str__(self):
        return "str"

    def __format__(self, spec):
        return f"<{spec}>"

    def __call__(self, *a, **k):
        return a, k

    def __bytes__(self):
        return b"bytes"

    def __hash__(self):
        return 42

    def __length_hint__(self):
        return 5

    def __dir__(self):
        return ["b", "a"]

    def __sizeof__(self):
        return 100


s = Seq(1, 2, 3)
assert len(s) == 3
assert s[0] == 1
assert s[-1] == 3
assert s[1:].items == [2, 3]
assert list(s) == [1, 2, 3]
s[0] = 9
del s[1]
assert s.items == [9, 3]
assert 9 in s
assert (9 in s) is True
assert 5 not in s
assert "".join(reversed(s)) == "reversed"
assert repr(s) == "Seq[9, 3]"
assert str(s) == "str"
assert f"{s:abc}" == "<abc>"
assert f"{s!r}" == "Seq[9, 3]"
assert "%s" % s == "str"
assert s(1, k=2) == ((1,), {"k": 2})
assert bytes(s) == b"bytes"
assert hash(s) == 42
assert dir(s) == ["a", "b"]
for bad, text in [
    (lambda: 5[0], "'int' object is not subscriptable"),
    (lambda: exec("5[0] = 1"), "'int' object does not support item assignment"),
    (lambda: exec("del (5)[0]"), "'int' object does not support item deletion"),
    (lambda: len(5), "object of type 'int' has no len()"),
    (lambda: 5(), "'int' object is not callable"),
    (lambda: iter(5), "'int' object is not iterable"),
    (lambda: 1 in 5, "argument of type 'int' is not a container or iterable"),
    (lambda: next(5), "'int' object is not an iterator"),
    (lambda: [].x, "'list' object has no attribute 'x'"),
]:
    import warnings

    warnings.simplefilter("ignore")
    try:
        bad()
    except (TypeError, AttributeError) as error:
        assert str(error) == text, (str(error), text)
    else:
        raise AssertionError(text)


class OldIteration:
    def __getitem__(self, i):
        if i == 3:
            raise IndexError
        return i * i


assert list(OldIteration()) == [0, 1, 4]
assert 4 in OldIteration()
assert 5 not in OldIteration()


class Lengths:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n


for n, kind in [(-1, ValueError), ("a", TypeError), (2**70, OverflowError)]:
    try:
        len(Lengths(n))
    except kind:
        pass
    else:
        raise AssertionError(n)


class Returns:
    def __init__(self, value):
        for name in "__str__", "__repr__", "__hash__", "__iter__", "__init__":
            pass

    __str__ = lambda s: 5
    __repr__ = lambda s: None
    __hash__ = lambda s: "x"
    __iter__ = lambda s: 5


r = Returns(0)
for action, text in [
    (lambda: str(r), "__str__ returned non-string (type int)"),
    (lambda: repr(r), "__repr__ returned non-string (type NoneType)"),
    (lambda: hash(r), "__hash__ method should return an integer"),
    (lambda: iter(r), "iter() returned non-iterator of type 'int'"),
]:
    try:
        action()
    except TypeError as error:
        assert str(error) == text
    else:
        raise AssertionError(text)


class Init:
    def __init__(self):
        return 5


try:
    Init()
except TypeError as error:
    assert str(error) == "__init__() should return None, not 'int'"


class New:
    def __new__(cls, kind):
        return object.__new__(cls) if kind else 5

    def __init__(self, kind):
        self.ready = True


assert New(1).ready and New(0) == 5


class Big:
    def __hash__(self):
        return 2**100


assert hash(Big()) == hash(2**100)
instance = Seq()
instance.__len__ = lambda: 99
assert len(instance) == 0, "special methods are looked up on the type"
