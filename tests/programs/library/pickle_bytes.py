# Pickles are the bytes that CPython writes, by every protocol, and come back as what they were.
import array
import collections
import copyreg
import datetime
import decimal
import enum
import fractions
import functools
import io
import operator
import pickle
import pickletools
import uuid
import zlib
from types import SimpleNamespace


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __eq__(self, other):
        return type(other) is type(self) and vars(other) == vars(self)

    def method(self):
        return self.x


class Slotted:
    __slots__ = ("a", "b")

    def __eq__(self, other):
        return (self.a, self.b) == (other.a, other.b)


class SlottedChild(Slotted):
    pass


class Stateful:
    def __getstate__(self):
        return ("state", 1)

    def __setstate__(self, state):
        self.state = state

    def __eq__(self, other):
        return True


class NewArguments(tuple):
    def __new__(cls, *args, **keywords):
        self = super().__new__(cls, args)
        self.keywords = keywords
        return self

    def __getnewargs_ex__(self):
        return tuple(self), self.keywords


class IntChild(int):
    pass


class StrChild(str):
    pass


class ListChild(list):
    pass


class DictChild(dict):
    pass


class SetChild(set):
    pass


class Reduced:
    def __reduce__(self):
        return list, (), None, iter([1, 2]), None

    def __eq__(self, other):
        return other == [1, 2]


class Setter:
    def __reduce__(self):
        return Setter, (), {"a": 1}, None, None, set_attributes

    def __eq__(self, other):
        return vars(other) == {"a": 1}


def set_attributes(object, state):
    vars(object).update(state)


set_attributes.attribute = "functions with attributes are written by their names too"


class Color(enum.Enum):
    RED = 1


class Flags(enum.Flag):
    A = 1
    B = 2


class Outer:
    class Inner:
        class Innermost:
            pass

        def method(self):
            pass


Named = collections.namedtuple("Named", "x y")

shared = ["shared"]
text = "text that is met again"
ring = []
ring.append(ring)
tuple_ring = ([],)
tuple_ring[0].append(tuple_ring)
long_tuple_ring = ([], 1, 2, 3)
long_tuple_ring[0].append(long_tuple_ring)
dict_ring = {}
dict_ring[1] = dict_ring
object_ring = Point(1, 2)
object_ring.x = object_ring
slotted = Slotted()
slotted.a, slotted.b = 1, [2]
slotted_child = SlottedChild()
slotted_child.a, slotted_child.b, slotted_child.c = 1, 2, 3
set_with_attribute = SetChild([7])
set_with_attribute.name = "set"

ZOO = [
    None, True, False, ..., NotImplemented,
    0, 1, -1, 255, 256, 65535, 65536, -32768, 2**31 - 1, 2**31, -2**31, -2**31 - 1,
    2**63, -2**63, 2**200, -2**2100, -(2**39), 2**39 - 1,
    0.0, -0.0, 1.5, 1e300, 5e-324, float("inf"), -float("inf"),
    3 + 4j,
    "", "ascii", "a\nb\\c\r\0\x1a", "\xe9", "\u20ac", "\U0001f600", "\ud800", "x" * 300,
    b"", b"bytes", bytes(range(256)), b"y" * 300,
    bytearray(), bytearray(b"array"),
    [], [1], [1, 2], [[], [[]]], [None] * 3, list(range(1001)),
    (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),)),
    {}, {1: 2}, {"a": 1, "b": [2]}, dict.fromkeys(range(1000)), dict.fromkeys(range(1001)),
    set(), {1}, frozenset(), frozenset([1]), frozenset([frozenset()]),
    [shared, shared, (shared, shared)], [text, text, {text: text}],
    Point(1, [2]), [Point(1, 2), Point(3, 4)], slotted, slotted_child, Stateful(),
    NewArguments(1, 2), NewArguments(1, 2, key="word"),
    IntChild(5), StrChild("s"), ListChild([1, 2]), DictChild(a=1), set_with_attribute,
    Reduced(), Setter(), Color.RED, Flags.A, Flags.A | Flags.B, Named(1, 2),
    len, print, set_attributes, list.append, Point, Outer.Inner, Outer.Inner.Innermost, Outer.Inner.method,
    int, type, object, type(None), type(...), type(NotImplemented), Exception, OSError,
    collections.OrderedDict, operator.itemgetter(1), operator.attrgetter("a.b"),
    functools.partial(int, base=2), Point(1, 2).method, [].append, range(1, 10, 2), slice(1, None, 2),
    collections.OrderedDict([("b", 1), ("a", 2)]), collections.Counter("aab"),
    collections.defaultdict(list, {1: [2]}), collections.deque([1, 2], 5), collections.ChainMap({1: 2}),
    datetime.date(2020, 1, 2), datetime.timedelta(3, 4), decimal.Decimal("1.5"), fractions.Fraction(1, 3),
    uuid.UUID(int=5), array.array("i", [1, 2, 3]), SimpleNamespace(a=1), io.BytesIO(b"abc"),
    ValueError("wrong", 1), KeyError("k"), OSError(2, "No such file", "name"),
    iter([1, 2]), iter((1, 2)), iter({}), enumerate([5]), zip([1], [2]), reversed([1, 2]), map(len, [""]),
]


def shown(data):
    return repr(data) if len(data) < 100 else f"{len(data)} bytes, checksum {zlib.crc32(data):08x}"


for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    print("protocol", protocol)
    for object in ZOO:
        try:
            data = pickle.dumps(object, protocol)
        except Exception as error:
            print(type(error).__name__, error)
            continue
        back = pickle.loads(data)
        same_in_python = pickle._loads(data)
        assert type(back) is type(same_in_python), (object, back, same_in_python)
        print(shown(data), back == object)
        file = io.BytesIO()
        pickle.Pickler(file, protocol).dump(object)
        assert file.getvalue() == data
        file.seek(0)
        pickle.Unpickler(file).load()
        assert file.tell() == len(data)

print("rings")
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    for object in ring, tuple_ring, long_tuple_ring, dict_ring, object_ring:
        data = pickle.dumps(object, protocol)
        print(shown(data))
        back = pickle.loads(data)
    assert back.x is back
    back = pickle.loads(pickle.dumps(tuple_ring, protocol))
    assert back[0][0] is back

print("frames")
for object in ["x" * 70000, b"y" * 70000, bytearray(70000), ["a" * 50] * 10, [str(i) for i in range(20000)]]:
    for protocol in 3, 4, 5:
        data = pickle.dumps(object, protocol)
        assert pickle.loads(data) == object
        writes = []
        file = SimpleNamespace(write=lambda data: writes.append(bytes(data)))
        pickle.Pickler(file, protocol).dump(object)
        assert b"".join(writes) == data
        print(protocol, len(data), [len(write) for write in writes],
              [op.name for op, _, _ in pickletools.genops(data)][:5])

print("extensions")
copyreg.add_extension("__main__", "Point", 200)
copyreg.add_extension("__main__", "Slotted", 60000)
copyreg.add_extension("__main__", "Stateful", 70000)
for protocol in 1, 2, 4:
    for object in Point, Slotted, Stateful, Point(1, 2):
        data = pickle.dumps(object, protocol)
        print(shown(data), pickle.loads(data) == object)
