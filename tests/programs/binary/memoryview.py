# memoryview: slices, formats, casts, comparison, release, writes through.
data = bytearray(range(12))
m = memoryview(data)
assert m.format == "B"
assert m.itemsize == 1
assert m.nbytes == len(m) == 12
assert m.shape == (12,)
assert m.ndim == 1
assert not m.readonly
assert m.contiguous
assert m.obj is data
assert m[3] == 3
assert m[-1] == 11
assert bytes(m[2:5]) == b"\2\3\4"
assert m[2:5].tolist() == [2, 3, 4]
assert m[::3].tolist() == [0, 3, 6, 9]
assert m[::-1].tolist() == list(range(11, -1, -1))
assert m[::2].strides == (2,)
m[0] = 99
m[1:3] = b"xy"
assert data[:3] == b"cxy"
ints = m.cast("I")
assert len(ints) == 3 and ints.itemsize == 4
ints[1] = 0x01020304
assert data[4:8] == b"\4\3\2\1"
assert ints.tolist()[1] == 0x01020304
assert ints.cast("B")[4] == 4
grid = m.cast("B", (3, 4))
assert grid[1, 2] == data[6]
assert grid.tolist()[2] == list(data[8:12])
assert grid.shape == (3, 4)
assert memoryview(b"abc") == b"abc"
assert memoryview(b"abc") == memoryview(bytearray(b"abc"))
assert memoryview(b"abc") != b"abd"
assert hash(memoryview(b"abc")) == hash(b"abc")
for bad, kind in [
    ("memoryview(b'a').__setitem__(0, 1)", TypeError),
    ("m.__setitem__(0, 256)", ValueError),
    ("m[99]", IndexError),
    ("memoryview('a')", TypeError),
    ("m.__setitem__(slice(0, 2), b'x')", ValueError),
    ("hash(m)", ValueError),
    ("m.cast('I', (5,))", TypeError),
    ("m['a']", TypeError),
]:
    try:
        eval(bad)
    except kind:
        pass
    else:
        raise AssertionError(bad)
with memoryview(data) as other:
    assert other.hex()[:2] == "63" and other.tobytes() == bytes(data)
try:
    other[0]
except ValueError as error:
    assert str(error) == "operation forbidden on released memoryview object"
assert m.toreadonly().readonly
assert 99 in m
assert list(m) == list(data)
assert [*reversed(m)][0] == 11
assert b"".join([m[:1], b"z"]) == b"cz"
import array

a = array.array("d", [1.5, 2.5])
v = memoryview(a)
v[0] = 9.0
assert a[0] == 9.0
assert v.format == "d"
assert v.nbytes == 16
doubled = array.array("i", [1, 2, 3])
doubled.append(4)
assert doubled.tolist() == [1, 2, 3, 4]
assert doubled.typecode == "i"
assert doubled[1:3] == array.array("i", [2, 3])
assert array.array("B", b"ab").tobytes() == b"ab"


class Buffer:
    def __buffer__(self, flags):
        return memoryview(b"custom")


assert bytes(memoryview(Buffer())) == b"custom"
