# Identity: id, is, interning, singletons, copies, hash and equality of odd objects.
import copy
import sys

a = [1]
b = a
assert a is b
assert a is not [1]
assert id(a) == id(b)
assert id(a) != id([1, 2])
assert None is None
assert (not None) is True
assert type(None)() is None
assert type(...)() is ...
assert type(NotImplemented)() is NotImplemented
assert bool(1) is True
assert sys.intern("some string") is sys.intern("".join(["some", " ", "string"]))


class Names:
    attribute = 1


assert "attribute" in Names.__dict__
objects = [object() for _ in range(1000)]
assert len({id(o) for o in objects}) == 1000 and len(set(objects)) == 1000
d = [1, [2, [3]], {"k": (4, [5])}]
shallow, deep = copy.copy(d), copy.deepcopy(d)
assert shallow == deep == d
assert shallow[1] is d[1]
assert deep[1] is not d[1]
assert deep[2]["k"][1] is not d[2]["k"][1]
loop = []
loop.append(loop)
clone = copy.deepcopy(loop)
assert clone[0] is clone and clone is not loop


class Custom:
    def __init__(self):
        self.x = [1]

    def __copy__(self):
        return "copied"

    def __deepcopy__(self, memo):
        return "deep"


assert copy.copy(Custom()) == "copied"
assert copy.deepcopy([Custom()]) == ["deep"]
assert copy.deepcopy(len) is len
assert copy.copy(Custom) is Custom
t = (1, 2)
assert copy.copy(t) is t
assert copy.deepcopy(t) is t
assert tuple(t) is t
assert str("abc") == "abc"
assert copy.replace
import pickle

for value in [
    1,
    10**30,
    1.5,
    "é",
    b"x",
    [1, {2: (3,)}],
    {1, 2},
    frozenset([1]),
    None,
    True,
    ...,
    range(3),
    slice(1, 2),
    1j,
    bytearray(b"a"),
    len,
    int,
    KeyError("k"),
]:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == value or isinstance(value, KeyError) and again.args == value.args, (value, protocol)


class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x


assert pickle.loads(pickle.dumps(Point([1]))) == Point([1])
assert pickle.loads(pickle.dumps(loop))[0][0] is not None
