# __slots__: no dict, descriptors for each name, inheritance, weak references, defaults forbidden.
import sys
import weakref


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


p = Point(1, 2)
assert (p.x, p.y) == (1, 2) and not hasattr(p, "__dict__")
try:
    p.z = 3
except AttributeError as error:
    assert str(error) == "'Point' object has no attribute 'z' and no __dict__ for setting new attributes"
del p.x
try:
    p.x
except AttributeError as error:
    assert str(error) == "'Point' object has no attribute 'x'"
try:
    weakref.ref(p)
except TypeError as error:
    assert str(error) == "cannot create weak reference to 'Point' object"
assert repr(Point.x) == "<member 'x' of 'Point' objects>"
assert Point.y.__get__(p) == 2
Point.y.__set__(p, 5)
assert p.y == 5


class Point3(Point):
    __slots__ = "z", "__weakref__"


q = Point3(1, 2)
q.z = 3
assert weakref.ref(q)() is q and not hasattr(q, "__dict__")


class WithDict(Point):
    pass


w = WithDict(1, 2)
w.extra = 4
assert w.__dict__ == {"extra": 4} and w.x == 1
try:

    class Bad:
        __slots__ = ("a",)
        a = 1
except ValueError as error:
    assert str(error) == "'a' in __slots__ conflicts with class variable"
else:
    raise AssertionError
for wrong in ["not identifier", ""], [1]:
    try:
        type("Bad", (), {"__slots__": wrong})
    except TypeError:
        pass
    else:
        raise AssertionError


class Documented:
    __slots__ = {"a": "the first"}


assert Documented.__slots__["a"] == "the first" and Documented.a


class Mangled:
    __slots__ = ("__hidden",)

    def __init__(self):
        self.__hidden = 1

    def get(self):
        return self.__hidden


assert Mangled().get() == 1 and Mangled()._Mangled__hidden == 1


class Tagged(tuple):
    __slots__ = ()


assert Tagged((1, 2)) == (1, 2)
try:

    class BadTuple(tuple):
        __slots__ = ("a",)
except TypeError as error:
    assert "nonempty __slots__ not supported for subtype of 'tuple'" in str(error)
try:
    Point.x.__get__(5)
except TypeError as error:
    assert str(error) == "descriptor 'x' for 'Point' objects doesn't apply to a 'int' object"
