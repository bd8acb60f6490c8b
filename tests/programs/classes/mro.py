# C3 linearization, cooperative super calls in diamonds, and orders that do not exist.
class Base:
    def names(self):
        return ["Base"]


class Left(Base):
    def names(self):
        return ["Left"] + super().names()


class Right(Base):
    def names(self):
        return ["Right"] + super().names()


class Bottom(Left, Right):
    def names(self):
        return ["Bottom"] + super().names()


assert Bottom.__mro__ == (Bottom, Left, Right, Base, object)
assert Bottom().names() == ["Bottom", "Left", "Right", "Base"]
O = object


class F(O):
    pass


class E(O):
    pass


class D(O):
    pass


class C(D, F):
    pass


class B(E, D):
    pass


class A(B, C):
    pass


assert [c.__name__ for c in A.mro()] == ["A", "B", "E", "C", "D", "F", "object"]
try:

    class X(Base, Left):
        pass
except TypeError as error:
    assert "Cannot create a consistent method resolution order (MRO)" in str(error)
else:
    raise AssertionError
try:

    class Twice(Base, Base):
        pass
except TypeError as error:
    assert str(error) == "duplicate base class Base"
try:

    class No(bool):
        pass
except TypeError as error:
    assert str(error) == "type 'bool' is not an acceptable base type"
try:

    class Conflict(int, str):
        pass
except TypeError as error:
    assert str(error) == "multiple bases have instance lay-out conflict"
assert super(Left, Bottom()).names() == ["Right", "Base"]
assert super(Bottom, Bottom).names(Bottom()) == ["Left", "Right", "Base"]
try:
    super(Left, Base())
except TypeError as error:
    assert "super(type, obj)" in str(error)


class Late(Base):
    def names(self):
        f = lambda: super(Late, self).names()
        return f() + [__class__.__name__]


assert Late().names() == ["Base", "Late"]


class WithClassmethod(Base):
    @classmethod
    def make(cls):
        return cls


class Sub(WithClassmethod):
    @classmethod
    def make(cls):
        return super().make(), "sub"


assert Sub.make() == (Sub, "sub")


class GetSuper(Base):
    def attribute(self):
        return super().missing


try:
    GetSuper().attribute()
except AttributeError as error:
    assert str(error) == "'super' object has no attribute 'missing'"


class Custom(type):
    def mro(cls):
        return [cls, Right, Base, object] if cls.__name__ == "Shuffled" else super().mro()


class Shuffled(metaclass=Custom):
    pass


assert Shuffled().names() == ["Right", "Base"]


def free():
    super()


try:
    free()
except RuntimeError as error:
    assert str(error) == "super(): no arguments"
Base.names = lambda self: ["changed"]
assert Bottom().names() == ["Bottom", "Left", "Right", "changed"]
