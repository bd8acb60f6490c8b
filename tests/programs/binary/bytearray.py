# bytearray: mutation, slices, resizing, export locks of buffers.
a = bytearray(b"hello")
a[0] = 72
a.append(33)
a.extend(b"??")
a += b"x"
assert a == b"Hello!??x"
assert a.pop() == 120
assert a.pop(0) == 72
a.insert(0, 74)
a.remove(ord("!"))
assert a == b"Jello??"
a[1:3] = b"ELEL"
assert a == b"JELELlo??"
del a[-2:]
a[::2] = b"12345"[: len(a[::2])]
assert a == b"1E2E3l4" and len(a) == 7
a.reverse()
assert bytes(a) == b"4l3E2E1" and a.find(b"3E") == 2
a.clear()
assert not a
assert repr(bytearray(b"x")) == "bytearray(b'x')"
assert bytearray(2) == b"\0\0"
assert bytearray("é", "latin-1") == b"\xe9"
assert bytearray([1]).hex() == "01"
b = bytearray(b"abc")
c = b.copy()
c[0] = 0
assert b == b"abc"
assert b * 2 == b"abcabc"
assert b + b"d" == b"abcd"
assert type(b + b"d") is bytearray
assert b"d" + b == b"dabc"
assert type(b"d" + b) is bytes
assert b.upper() == b"ABC"
assert type(b.upper()) is bytearray
for bad, kind, text in [
    ("b[0] == 1 or b.__setitem__(0, 256)", ValueError, "byte must be in range(0, 256)"),
    ("b.__setitem__(9, 1)", IndexError, "bytearray index out of range"),
    (
        "b.__setitem__(slice(0, 3, 2), b'x')",
        ValueError,
        "attempt to assign bytes of size 1 to extended slice of size 2",
    ),
    ("bytearray().pop()", IndexError, "pop from empty bytearray"),
    ("b.remove(0)", ValueError, "value not found in bytearray"),
    ("hash(b)", TypeError, "unhashable type: 'bytearray'"),
    ("b.extend('x')", TypeError, "expected iterable of integers; got: 'str'"),
    ("b.append('x')", TypeError, "'str' object cannot be interpreted as an integer"),
]:
    try:
        eval(bad)
    except kind as error:
        assert str(error) == text, (bad, str(error))
    else:
        raise AssertionError(bad)
view = memoryview(b)
try:
    b.append(1)
except BufferError as error:
    assert str(error) == "Existing exports of data: object cannot be re-sized"
else:
    raise AssertionError
view[0] = 122
assert b == b"zbc"
view.release()
b.append(1)
assert len(b) == 4
for size in (1, 100, 10_000):
    d = bytearray()
    for i in range(size):
        d.append(i & 255)
    while d:
        del d[: max(1, len(d) // 3)]
b = bytearray(b"0123456789")
b[2:5] = bytearray(b)
assert b == b"01" + b"0123456789" + b"56789"
b[:] = b[5:8]
assert b == b"345"

# Searching looks at the bytes where they are, also when an argument has changed them meanwhile.
class Shrinking:
    def __init__(self, array):
        self.array = array

    def __index__(self):
        del self.array[1:]
        return 0


for search in ["find", "rfind", "count"]:
    shrunk = bytearray(b"abcabc")
    assert getattr(shrunk, search)(b"c", Shrinking(shrunk)) == (0 if search == "count" else -1)
    assert shrunk == b"a"
shrunk = bytearray(b"abcabc")
assert not shrunk.startswith(b"abc", Shrinking(shrunk)) and shrunk.startswith(b"a") and shrunk.endswith((b"x", b"a"))
itself = bytearray(b"itself")
assert itself.startswith(itself) and itself.endswith(itself) and itself.find(itself) == 0 and itself in itself
assert itself.count(itself) == 1 and itself.startswith((memoryview(itself)[:2],))

marks = bytearray(1 << 20)
marks[::64] = bytes([1]) * len(range(0, len(marks), 64))
position, found = -1, 0
while (position := marks.find(1, position + 1)) >= 0:
    found += 1
assert found == len(marks) // 64 and 1 in marks and 2 not in marks and b"\1\0" in marks
