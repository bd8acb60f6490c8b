# dataclasses and enum: generated methods, options, fields, inheritance, flags, auto, aliases.
import dataclasses
from dataclasses import dataclass, field, FrozenInstanceError, InitVar, KW_ONLY
import enum


@dataclass(order=True)
class P:
    x: int
    y: int = 2
    tags: list = field(default_factory=list, compare=False)
    hidden: int = field(default=0, repr=False)


p = P(1)
assert repr(p) == "P(x=1, y=2, tags=[])"
assert p == P(1, tags=[5])
assert p < P(1, 3)
assert p.tags is not P(1).tags
assert dataclasses.asdict(p) == {"x": 1, "y": 2, "tags": [], "hidden": 0}
assert dataclasses.astuple(p) == (1, 2, [], 0)
assert dataclasses.replace(p, x=9).x == 9
assert [f.name for f in dataclasses.fields(P)] == ["x", "y", "tags", "hidden"]
assert P.__match_args__ == ("x", "y", "tags", "hidden")


@dataclass(frozen=True, slots=True)
class F:
    a: int

    def __post_init__(self):
        assert self.a != 13


try:
    F(1).a = 2
except FrozenInstanceError as error:
    assert str(error) == "cannot assign to field 'a'"
assert hash(F(1)) == hash(F(1))
assert F.__slots__ == ("a",)
assert not hasattr(F(1), "__dict__")


@dataclass
class Child(P):
    z: int = 3
    _: KW_ONLY
    only: str = "k"
    init: InitVar[int] = 5

    def __post_init__(self, init):
        self.sum = self.x + self.z + init


assert Child(1, 2, [], 0, 4, only="o", init=10).sum == 15
try:

    @dataclass
    class Bad:
        a: int = 1
        b: int
except TypeError as error:
    assert str(error) == "non-default argument 'b' follows default argument 'a'"
try:

    @dataclass
    class Mutable:
        a: list = []
except ValueError as error:
    assert str(error) == "mutable default <class 'list'> for field a is not allowed: use default_factory"
try:
    P()
except TypeError as error:
    assert str(error) == "P.__init__() missing 1 required positional argument: 'x'"
Made = dataclasses.make_dataclass("Made", ["a", ("b", int, 5)])
assert Made(1).b == 5


class Colour(enum.Enum):
    RED = 1
    GREEN = enum.auto()
    CRIMSON = 1

    @property
    def low(self):
        return self.name.lower()

    @classmethod
    def parse(cls, text):
        return cls[text.upper()]


assert list(Colour) == [Colour.RED, Colour.GREEN]
assert Colour.CRIMSON is Colour.RED
assert Colour(2) is Colour.GREEN
assert Colour["RED"].value == 1
assert repr(Colour.RED) == "<Colour.RED: 1>"
assert str(Colour.RED) == "Colour.RED"
assert Colour.RED.low == "red"
assert Colour.parse("green") is Colour.GREEN
assert Colour.RED != 1
assert Colour.RED in Colour
assert 1 in Colour
assert len(Colour) == 2
assert hash(Colour.RED)
assert Colour.__members__["CRIMSON"] is Colour.RED
for bad, kind, text in [
    (lambda: Colour(9), ValueError, "9 is not a valid Colour"),
    (lambda: Colour["X"], KeyError, "'X'"),
    (lambda: setattr(Colour, "RED", 2), AttributeError, "cannot reassign member 'RED'"),
    (
        lambda: enum.EnumType("Sub", (Colour,), enum.EnumType.__prepare__("Sub", (Colour,))),
        TypeError,
        "cannot extend",
    ),
    (
        lambda: Colour.RED < Colour.GREEN,
        TypeError,
        "'<' not supported between instances of 'Colour' and 'Colour'",
    ),
]:
    try:
        bad()
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(text)


class Num(enum.IntEnum):
    ONE = 1
    TWO = 2


assert Num.ONE < Num.TWO == 2
assert Num.ONE + 1 == 2
assert str(Num.ONE) == "1"
assert f"{Num.TWO:03}" == "002"
assert isinstance(Num.ONE, int)


class Perm(enum.Flag):
    R = enum.auto()
    W = enum.auto()
    X = enum.auto()
    RW = R | W


assert Perm.R | Perm.W is Perm.RW
assert Perm.RW & Perm.W is Perm.W
assert Perm.R in Perm.RW
assert list(Perm.RW) == [Perm.R, Perm.W]
assert ~Perm.RW == Perm.X
assert not Perm(0)
assert repr(Perm.R | Perm.X) == "<Perm.R|X: 5>"


class S(enum.StrEnum):
    A = enum.auto()


assert S.A == "a"
assert str(S.A) == "a"
assert enum.Enum("Fun", "A B").B.value == 2


@enum.unique
class U(enum.Enum):
    A = 1


class Planet(enum.Enum):
    EARTH = (5.97e24, 6.37e6)

    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius


assert Planet.EARTH.mass == 5.97e24
