# Augmented assignment: in place where the type can, on names, attributes, items and slices.
n = 7
n += 3; n -= 1; n *= 4; n //= 5; n **= 2; n %= 30
assert n == 19
n <<= 3; n >>= 1; n |= 1; n &= 0xFE; n ^= 3
assert n == ((76 | 1) & 0xFE) ^ 3
x = 1.0
x /= 4
assert x == 0.25
a = b = [1]
a += [2]
assert b == [1, 2] and a is b
a += (3,)
a *= 2
assert b == [1, 2, 3, 1, 2, 3]
t = u = (1,)
t += (2,)
assert u == (1,) and t == (1, 2)
s = r = {1}
s |= {2}
s -= {1}
s ^= {5}
s &= {5, 2, 7}
assert r == {2, 5}
d = e = {"a": 1}
d |= {"b": 2}
assert e == {"a": 1, "b": 2}


class Path:
    def __init__(self):
        self.parts = []

    def __itruediv__(self, part):
        self.parts.append(part)
        return self

    def __imatmul__(self, other):
        return NotImplemented

    def __matmul__(self, other):
        return ("matmul", other)


p = q = Path()
p /= "x"
assert q.parts == ["x"] and p is q
p @= 3
assert p == ("matmul", 3)

rows = [[0, 1], [2, 3]]
rows[1][0] += 10
assert rows == [[0, 1], [12, 3]]
rows[0][1:] += [5, 6]
assert rows[0] == [0, 1, 5, 6]


class Box:
    value = 1


box = Box()
box.value += 1
assert box.value == 2 and Box.value == 1
pair = ([1], 2)
try:
    pair[0] += [3]
except TypeError as error:
    assert str(error) == "'tuple' object does not support item assignment"
assert pair == ([1, 3], 2)
try:
    unknown += 1
except NameError as error:
    assert str(error) == "name 'unknown' is not defined"
