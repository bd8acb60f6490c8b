# ctypes: simple types, structures, unions, arrays and pointers.
import pickle
import sys
import threading
from ctypes import *

failures = []
threading.excepthook = lambda failure: failures.append(failure.exc_value)


def refused(action):
    try:
        print("nothing raised:", action())
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


# Simple types.
assert c_int(5).value == 5 and c_int().value == 0 and repr(c_int(3)) == "c_int(3)"
assert c_ubyte(300).value == 44 and c_byte(200).value == -56 and c_uint(-1).value == 2**32 - 1
assert c_float(0.1).value != 0.1 and c_double(0.1).value == 0.1 and c_longdouble(0.1).value == 0.1
assert c_bool(7).value is True and c_char(b"x").value == b"x" and c_char(65).value == b"A"
assert c_wchar("\u20ac").value == "\u20ac" and c_char_p(b"text").value == b"text"
assert c_wchar_p("text").value == "text" and c_void_p(0).value is None and c_void_p(9).value == 9
assert py_object([1]).value == [1] and not c_int(0) and c_int(1)
assert [sizeof(kind) for kind in (c_char, c_short, c_int, c_long, c_void_p, c_double, c_wchar)] == [1, 2, 4, 8, 8, 8, 4]
assert c_int.__ctype_be__(1).value == 1 and bytes(c_int.__ctype_be__(1)) == b"\0\0\0\1"
for action in [
    lambda: c_int("text"), lambda: c_int(1.5), lambda: c_double("text"), lambda: c_char(b"ab"), lambda: c_char("a"),
    lambda: c_char(256), lambda: c_wchar("ab"), lambda: c_wchar(1), lambda: c_char_p(1.5), lambda: c_void_p("a"),
    lambda: py_object().value, lambda: c_int(1, 2), lambda: c_int.from_param("a"), lambda: c_char_p.from_param(1),
    lambda: hash(c_int()), lambda: byref(1), lambda: sizeof(1), lambda: alignment(1), lambda: addressof(1),
]:
    refused(action)


# Structures.
class Point(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]


class Shape(Structure):
    _fields_ = [("name", c_char * 8), ("points", Point * 3), ("scale", c_double), ("next", c_void_p)]


class Derived(Point):
    _fields_ = [("z", c_short)]


point = Point(1, y=2)
assert (point.x, point.y, sizeof(Point), Point.y.offset, Point.y.size) == (1, 2, 8, 4, 4)
shape = Shape(b"abc", ((1, 2), (3, 4), (5, 6)), 2.5)
assert shape.name == b"abc" and shape.points[1].y == 4 and shape.scale == 2.5 and shape.next is None
shape.points[1].y = 40
assert shape.points[1].y == 40 and shape.points[1]._b_base_ is not None
shape.points[0] = Point(7, 8)
assert (shape.points[0].x, shape.points[0].y) == (7, 8)
derived = Derived(1, 2, 3)
assert (derived.x, derived.z, sizeof(Derived), Derived.z.offset) == (1, 3, 12, 8)
print(Point.x, Shape.points, Derived.z)


class Packed(Structure):
    _layout_ = "ms"
    _pack_ = 1
    _fields_ = [("a", c_byte), ("b", c_int), ("c", c_double)]


class Aligned(Structure):
    _align_ = 16
    _fields_ = [("a", c_int)]


class Bits(Structure):
    _fields_ = [("a", c_int, 3), ("b", c_uint, 5), ("c", c_longlong, 40), ("d", c_bool, 1)]


class Big(BigEndianStructure):
    _fields_ = [("a", c_ushort), ("b", c_uint), ("c", c_uint, 4), ("d", c_uint, 12)]


assert (sizeof(Packed), Packed.b.offset, sizeof(Aligned), alignment(Aligned)) == (13, 1, 16, 16)
bits = Bits(-4, 31, -(2**39), True)
assert (bits.a, bits.b, bits.c, bits.d) == (-4, 31, -(2**39), True)
bits.a, bits.b = 5, 33
assert (bits.a, bits.b) == (-3, 1)
assert bytes(Big(1, 2, 3, 4)) == b"\0\1\0\0\0\0\0\2\x30\x04\0\0", bytes(Big(1, 2, 3, 4))


class Number(Union):
    _fields_ = [("single", c_float), ("bits", c_uint32)]


class Tagged(Structure):
    _anonymous_ = ["value"]
    _fields_ = [("tag", c_int), ("value", Number)]


tagged = Tagged(tag=1, single=1.0)
assert tagged.bits == 0x3F800000 and tagged.value.single == 1.0
for action in [
    lambda: Point(1, 2, 3), lambda: Point(1, x=2), lambda: setattr(point, "x", "text"), lambda: delattr(point, "x"),
    lambda: setattr(Point, "_fields_", []), lambda: Structure(), lambda: setattr(shape, "name", b"123456789"),
    lambda: setattr(shape, "points", 3),
    lambda: type("Wrong", (Structure,), {"_fields_": [("a", 3)]}),
    lambda: type("Wrong", (Structure,), {"_fields_": [("a", c_double, 3)]}),
    lambda: type("Wrong", (Structure,), {"_fields_": [("a", c_int, 33)]}),
    lambda: type("Wrong", (Structure,), {"_fields_": [("a", c_int)], "_anonymous_": ["a"]}),
]:
    refused(action)


class Node(Structure):
    pass


Node._fields_ = [("number", c_int), ("next", POINTER(Node))]
nodes = [Node(number) for number in range(3)]
for one, other in zip(nodes, nodes[1:]):
    one.next = pointer(other)
node, numbers = nodes[0], []
while True:
    numbers.append(node.number)
    if not node.next:
        break
    node = node.next.contents
assert numbers == [0, 1, 2]

# Arrays.
array = (c_int * 4)(1, 2, 3)
assert list(array) == [1, 2, 3, 0] and len(array) == 4 and array[-1] == 0 and array[1:3] == [2, 3]
array[1:3] = 20, 30
assert array[:] == [1, 20, 30, 0] and array[::-1] == [0, 30, 20, 1]
matrix = (c_int * 2 * 3)((1, 2), (3, 4))
assert [list(row) for row in matrix] == [[1, 2], [3, 4], [0, 0]]
assert c_int * 4 is c_int * 4 and (c_int * 4)._length_ == 4 and (c_int * 4)._type_ is c_int
text = create_string_buffer(b"text", 8)
assert text.raw == b"text\0\0\0\0" and text.value == b"text" and text[:4] == b"text" and text[0] == b"t"
text.value = b"longer"
assert text.value == b"longer"
wide = create_unicode_buffer("wide", 6)
assert wide.value == "wide" and wide[:] == "wide\0\0"
for action in [
    lambda: array[4], lambda: array["a"], lambda: array.__setitem__(0, "a"), lambda: array.__delitem__(0),
    lambda: (c_int * 2)(1, 2, 3), lambda: c_int * -1, lambda: setattr(text, "value", b"123456789"),
    lambda: setattr(text, "raw", 3), lambda: setattr(wide, "value", "1234567"), lambda: array.__setitem__(slice(2), [1]),
]:
    refused(action)

# Pointers.
number = c_int(42)
address = pointer(number)
assert address.contents.value == 42 and address[0] == 42 and address.contents is not address.contents
address[0] = 43
assert number.value == 43 and bool(address) and not POINTER(c_int)()
address.contents = c_int(7)
assert address[0] == 7 and number.value == 43
first = cast(array, POINTER(c_int))
assert first[:4] == array[:] and first[3:0:-1] == [0, 30, 20]
assert POINTER(c_int) is POINTER(c_int) and cast(first, c_void_p).value == addressof(array)
for action in [
    lambda: POINTER(c_int)()[0], lambda: POINTER(c_int)().contents, lambda: pointer(3), lambda: POINTER(c_int)(3),
    lambda: first[:], lambda: first[::-1], lambda: cast(1, c_int), lambda: POINTER(c_int).from_param(3),
]:
    refused(action)

# Buffers.
view = memoryview(matrix)
assert (view.format, view.shape, view.itemsize, view.nbytes) == ("<i", (3, 2), 4, 24)
assert memoryview(shape).format == "T{(8)<c:name:(3)T{<i:x:<i:y:}:points:<d:scale:<P:next:}", memoryview(shape).format
assert memoryview(c_double(1.5)).shape == () and memoryview(number).tobytes() == (43).to_bytes(4, sys.byteorder)
store = bytearray(16)
there = Point.from_buffer(store, 8)
there.x, there.y = 1, 2
assert store[8:] == bytes(there) and Point.from_buffer_copy(store, 8).y == 2
assert Point.from_address(addressof(there)).x == 1
for action in [
    lambda: Point.from_buffer(b"12345678"), lambda: Point.from_buffer(store, 9), lambda: Point.from_buffer(store, -1),
    lambda: Point.from_buffer_copy(b"123"), lambda: Point.from_address("a"), lambda: store.append(1),
]:
    refused(action)
resize(number, 8)
assert sizeof(number) == 8 and number.value == 43
refused(lambda: resize(number, 2))
refused(lambda: resize(there, 20))

# What is kept alive, and pickles.
holder = Shape()
names = (c_char_p * 2)(b"one", b"two")
assert names._objects == {"0": b"one", "1": b"two"}, names._objects
assert holder._objects is None
again = pickle.loads(pickle.dumps(point))
assert type(again) is Point and (again.x, again.y) == (1, 2)
refused(lambda: names.__reduce__())

# Threads write what others read.
shared = (c_longlong * 64)()


def write(value):
    for _ in range(300):
        for at in range(64):
            shared[at] = value
        assert all(item in (0, 1, -1) for item in shared)


threads = [threading.Thread(target=write, args=(value,)) for value in (1, -1)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()


# Classes are made and used by many threads.
def make():
    class Local(Structure):
        _fields_ = [("a", c_int), ("b", POINTER(c_char) * 3)]

    made.append((c_short * 17, POINTER(c_float), sizeof(Local)))


POINTER(c_float)  # Two threads that make it at once make two.
made = []
threads = [threading.Thread(target=make) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(set(made)) == 1, made
assert not failures, failures
