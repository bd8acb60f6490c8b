# Classes: bodies, attributes, inheritance, methods, __dict__, __class__ assignment, deletion.
class A:
    """Doc of A."""

    shared = []
    count = 0

    def __init__(self, x):
        self.x = x

    def get(self):
        return self.x


class B(A):
    def __init__(self, x, y):
        super().__init__(x)
        self.y = y

    def get(self):
        return super().get(), self.y


a, b = A(1), B(2, 3)
assert a.get() == 1 and b.get() == (2, 3)
assert A.__doc__ == "Doc of A."
assert B.__doc__ is None
assert B.__bases__ == (A,)
assert B.__mro__ == (B, A, object)
assert B.__base__ is A
assert A.__subclasses__() == [B]
assert A.__name__ == "A"
assert A.__module__ == "__main__"
assert isinstance(b, A)
assert issubclass(B, A)
assert not isinstance(a, B)
assert type(b) is B
assert a.__dict__ == {"x": 1} and vars(b) == {"x": 2, "y": 3}
a.shared.append(1)
assert b.shared == [1]
a.count += 1
assert (a.count, A.count, b.count) == (1, 0, 0)
del a.count
assert a.count == 0
try:
    del a.count
except AttributeError as error:
    assert str(error) == "'A' object has no attribute 'count'", error
try:
    a.nothing
except AttributeError as error:
    assert str(error) == "'A' object has no attribute 'nothing'"
    assert error.name == "nothing"
    assert error.obj is a
try:
    A.nothing
except AttributeError as error:
    assert str(error) == "type object 'A' has no attribute 'nothing'"
A.added = lambda self: "added"
assert b.added() == "added"
a.__dict__["z"] = 9
assert a.z == 9
a.__class__ = B
assert type(a) is B and isinstance(a, B)
try:
    a.__class__ = int
except TypeError:
    pass
a.__dict__ = {"fresh": True}
assert a.fresh and not hasattr(a, "x")
assert sorted(k for k in dir(b) if not k.startswith("_")) == ["added", "count", "get", "shared", "x", "y"]
assert repr(A) == "<class '__main__.A'>"
assert repr(b).startswith("<__main__.B object at 0x")
C = type("C", (A,), {"f": lambda self: 3, "k": 1})
assert C(0).f() == 3
assert C.k == 1
assert C.__qualname__ == "C"
assert A.get.__get__(b)() == 2 and A.get is A.__dict__["get"]
setattr(b, "not an identifier", 1)
assert getattr(b, "not an identifier") == 1
assert getattr(b, "none", "default") == "default"
for name in 1, None:
    try:
        setattr(b, name, 1)
    except TypeError as error:
        assert "attribute name must be string" in str(error)


class Private:
    __secret = 1

    def __method(self):
        return self.__secret

    def call(self):
        return self.__method()


assert Private().call() == 1 and Private._Private__secret == 1
try:
    Private.__secret
except AttributeError:
    pass


class Many:
    pass


m = Many()
for i in range(200):
    setattr(m, f"a{i}", i)
for i in range(0, 200, 2):
    delattr(m, f"a{i}")
assert [k for k in m.__dict__] == [f"a{i}" for i in range(1, 200, 2)] and m.a199 == 199
try:
    int.attribute = 1
except TypeError as error:
    assert str(error) == "cannot set 'attribute' attribute of immutable type 'int'"
try:
    object().x = 1
except AttributeError as error:
    assert str(error) == "'object' object has no attribute 'x' and no __dict__ for setting new attributes"
B.__bases__ = (Many, A)
assert B.__mro__ == (B, Many, A, object)
A.__name__ = "Renamed"
assert repr(A).endswith(".A'>")  # __qualname__ stays
assert A.__name__ == "Renamed"
B.count = 5
assert b.count == 5
del B.count
assert b.count == 0
