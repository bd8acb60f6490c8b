# Operator protocols: reflected operands, NotImplemented, priority of subclasses, in-place, unary, rich comparison.
class Num:
    def __init__(self, v):
        self.v = v

    def __add__(self, o):
        return ("add", self.v, o) if isinstance(o, (int, Num)) else NotImplemented

    def __radd__(self, o):
        return ("radd", self.v, o)

    def __eq__(self, o):
        return self.v == o.v if isinstance(o, Num) else NotImplemented

    def __lt__(self, o):
        return self.v < o.v

    __hash__ = None


class Sub(Num):
    def __radd__(self, o):
        return ("sub radd", self.v)


n = Num(1)
assert n + 1 == ("add", 1, 1)
assert 1 + n == ("radd", 1, 1)
assert "a" + n == ("radd", 1, "a")
assert n + Sub(2) == ("sub radd", 2), "a subclass that overrides the reflected method goes first"
try:
    n + "x"
except TypeError as error:
    assert str(error) == "unsupported operand type(s) for +: 'Num' and 'str'"
assert n == Num(1)
assert n != Num(2)
assert not n == 5
assert n != 5
assert n < Num(2) and Num(2) > n
try:
    n <= Num(3)
except TypeError as error:
    assert str(error) == "'<=' not supported between instances of 'Num' and 'Num'"
try:
    hash(n)
except TypeError as error:
    assert str(error) == "unhashable type: 'Num'"
assert sorted([Num(3), Num(1)])[0].v == 1


class All:
    def __getattr__(self, name):
        raise AttributeError(name)


names = "add sub mul matmul truediv floordiv mod lshift rshift and xor or".split()
signs = "+ - * @ / // % << >> & ^ |".split()
for name in names:
    setattr(All, f"__{name}__", lambda self, o, name=name: name)
    setattr(All, f"__r{name}__", lambda self, o, name=name: "r" + name)
    setattr(All, f"__i{name}__", lambda self, o, name=name: "i" + name)
for name, sign in zip(names, signs):
    assert eval(f"All() {sign} 1") == name
    assert eval(f"1 {sign} All()") == "r" + name
    space = {"x": All()}
    exec(f"x {sign}= 1", space)
    assert space["x"] == "i" + name
All.__pow__ = lambda self, o, m=None: ("pow", o, m)
All.__rpow__ = lambda self, o, m=None: ("rpow", o)
assert All() ** 2 == ("pow", 2, None)
assert 2 ** All() == ("rpow", 2)
assert pow(All(), 2, 3) == ("pow", 2, 3)
All.__divmod__ = lambda self, o: "divmod"
All.__rdivmod__ = lambda self, o: "rdivmod"
assert divmod(All(), 1) == "divmod" and divmod(1, All()) == "rdivmod"


class Unary:
    __neg__ = lambda s: "neg"
    __pos__ = lambda s: "pos"
    __invert__ = lambda s: "invert"
    __abs__ = lambda s: "abs"
    __round__ = lambda s, n=None: ("round", n)
    __int__ = lambda s: 3
    __float__ = lambda s: 2.5
    __complex__ = lambda s: 1j
    __index__ = lambda s: 2
    __trunc__ = lambda s: "trunc"
    __floor__ = lambda s: "floor"
    __ceil__ = lambda s: "ceil"


import math

u = Unary()
assert (-u, +u, ~u, abs(u), round(u), round(u, 2)) == (
    "neg",
    "pos",
    "invert",
    "abs",
    ("round", None),
    ("round", 2),
)
assert int(u) == 3
assert float(u) == 2.5
assert complex(u) == 1j
assert [0, 1, 2][u] == 2
assert hex(u) == "0x2"
assert (math.trunc(u), math.floor(u), math.ceil(u)) == ("trunc", "floor", "ceil")
try:
    -object()
except TypeError as error:
    assert str(error) == "bad operand type for unary -: 'object'"
try:
    1 < "a"
except TypeError as error:
    assert str(error) == "'<' not supported between instances of 'int' and 'str'"


class Weird:
    def __eq__(self, o):
        return "neither"

    def __ne__(self, o):
        return []


assert (Weird() == 1) == "neither"
assert (Weird() != 1) == []
assert (1 == Weird()) == "neither"
assert Weird.__hash__ is None
assert object() != object() and not (object() == object())
assert (None).__eq__(1) is NotImplemented
x = object()
assert x == x
assert [x] == [x]
assert [float("nan")] != [float("nan")]
nan = float("nan")
assert [nan] == [nan] and nan != nan
