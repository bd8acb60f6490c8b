# int: arithmetic of every size and sign, division rules, bits, conversion, bytes, powers, limits.
import sys

for a in [
    0,
    1,
    -1,
    7,
    -7,
    2**30,
    2**31 - 1,
    -(2**31),
    2**62 - 1,
    2**62,
    -(2**62),
    -(2**62) - 1,
    2**63 - 1,
    2**63,
    -(2**63),
    2**64,
    10**18,
    10**19,
    3**100,
    -(3**100),
]:
    for b in [1, -1, 2, -3, 7, 2**31, -(2**31), 2**62, 2**63 - 1, -(2**63), 10**20, -(10**40)]:
        q, r = divmod(a, b)
        assert q * b + r == a
        assert r == 0 or (r < 0) == (b < 0)
        assert abs(r) < abs(b)
        assert a // b == q and a % b == r
        assert (a + b) - b == a
        assert (a - b) + b == a
        assert a * b // b == a
        assert (a ^ b) ^ b == a
        assert (a & b) + (a | b) == a + b
        assert ~a == -a - 1
        assert (a < b) == (a - b < 0)
        assert (a == b) == (a - b == 0)
        assert hash(a) == hash(int(str(a)))
    for shift in [0, 1, 5, 31, 32, 61, 62, 63, 64, 100]:
        assert a << shift == a * 2**shift and a >> shift == a // 2**shift
    assert int(str(a)) == int(hex(a), 16) == int(oct(a), 8) == int(bin(a), 2) == a
    assert eval(repr(a)) == a
    assert (
        abs(a) == max(a, -a) and +a == a and -(-a) == a and a.bit_length() == len(bin(abs(a))) - 2
        if a
        else True
    )
    assert int.from_bytes(a.to_bytes(60, "big", signed=True), "big", signed=True) == a
    assert int.from_bytes(a.to_bytes(60, "little", signed=True), "little", signed=True) == a
    assert a.bit_count() == bin(a).count("1")
assert 7 // -2 == -4
assert -7 // 2 == -4
assert 7 % -2 == -1
assert -7 % 2 == 1
assert divmod(-7, -2) == (3, -1)
assert 2**100 == 1267650600228229401496703205376
assert (-2) ** 3 == -8
assert 0**0 == 1
assert pow(3, 200, 13) == 3**200 % 13
assert pow(3, -1, 7) == 5
assert pow(2, -2) == 0.25
assert pow(-3, 3, 5) == 3
assert pow(2, 10, -7) == 1024 % -7
assert type(2**-1) is float
assert 10 / 2 == 5.0
assert type(10 / 2) is float
assert 1 / 3 == 0.3333333333333333
assert (10**400) / (10**399) == 10.0
assert 2**53 / 1 == 2.0**53
assert (2**1000) / (2**990) == 1024.0
for bad, kind, text in [
    ("1 // 0", ZeroDivisionError, "division by zero"),
    ("1 % 0", ZeroDivisionError, "division by zero"),
    ("1 / 0", ZeroDivisionError, "division by zero"),
    ("0 ** -1", ZeroDivisionError, "zero to a negative power"),
    ("1 << -1", ValueError, "negative shift count"),
    ("1 >> -1", ValueError, "negative shift count"),
    ("pow(2, 3, 0)", ValueError, "pow() 3rd argument cannot be 0"),
    ("pow(2, -1, 4)", ValueError, "base is not invertible for the given modulus"),
    ("10**400 / 1", OverflowError, "integer division result too large for a float"),
    ("float(10**400)", OverflowError, "int too large to convert to float"),
    ("(256).to_bytes(1)", OverflowError, "int too big to convert"),
    ("(-1).to_bytes(1)", OverflowError, "can't convert negative int to unsigned"),
    ("int('')", ValueError, "invalid literal for int() with base 10: ''"),
    ("int('1_')", ValueError, "invalid literal"),
    ("int('z', 37)", ValueError, "int() base must be >= 2 and <= 36, or 0"),
    ("int('12', 2)", ValueError, "invalid literal for int() with base 2: '12'"),
    (
        "int([])",
        TypeError,
        "int() argument must be a string, a bytes-like object or a real number, not 'list'",
    ),
    ("int(5, 2)", TypeError, "int() can't convert non-string with explicit base"),
    ("int(float('nan'))", ValueError, "cannot convert float NaN to integer"),
    ("int(float('inf'))", OverflowError, "cannot convert float infinity to integer"),
]:
    try:
        eval(bad)
    except kind as error:
        assert text in str(error), (bad, str(error))
    else:
        raise AssertionError(bad)
assert int(" -12_3 ") == -123
assert int("0x1f", 16) == int("0x1F", 0) == 31
assert int("0b11", 0) == 3
assert int("ff", 16) == 255
assert int("zz", 36) == 1295
assert int(b"12") == 12
assert int("٣") == 3
assert int(3.99) == 3
assert int(-3.99) == -3
assert int(1e20) == 10**20
assert int(True) == 1
assert int() == 0
assert int(2.0**80) == 2**80
assert (5).bit_length() == 3
assert (0).bit_length() == 0
assert (5).as_integer_ratio() == (5, 1)
assert (5).conjugate() == (5).real == (5).numerator == 5
assert (5).imag == 0
assert (5).denominator == 1
assert round(15, -1) == 20
assert round(25, -1) == 20
assert round(-15, -1) == -20
assert round(123456, -3) == 123000
assert round(5, 2) == 5
assert round(10**30 + 6, -1) == 10**30 + 10
assert (3).__add__("x") is NotImplemented
assert (3).is_integer()
assert True + True == 2
assert -True == -1
assert ~True == -2
assert True & False is False
assert (True | 2) == 3
assert isinstance(True, int)
assert bool(5) is True
assert bool(0) is False
assert repr(True) == "True"
assert (True ^ True) is False
assert hash(True) == 1
assert hash(2**61 - 1) == 0
assert hash(-1) == -2
assert hash(2**61) == 1
assert hash(-(2**61)) == -2
a = 12345678901234567890
assert a.__hash__() == hash(a)
assert {a: 1}[12345678901234567890] == 1
assert a != float(a)
assert 2**53 + 1 != float(2**53 + 1)
assert 10**400 > 1e308
assert -(10**400) < -1e308
assert 10**400 > float("-inf")
assert 10**400 < float("inf")
assert 1 == 1.0
assert 2**63 == 2.0**63


class I(int):
    def __add__(self, other):
        return "added"

    def __repr__(self):
        return "I"


assert I(5) + 1 == "added"
assert 1 + I(5) == 6
assert type(I(5) * 2) is int
assert repr(I(5)) == "I"
assert str(I(5)) == "I"
assert int(I(5)) == 5
assert f"{I(5):d}" == "5"
assert I(5) == 5


class Index:
    def __index__(self):
        return 3


assert [0, 1, 2, 3][Index()] == 3
assert bin(Index()) == "0b11"
assert int(Index()) == 3
assert "ab" * Index() == "ababab"
assert range(Index()) == range(3)
assert 1 << 3 == 8
assert len(str(3**9000)) == 4295 and int(str(7**5000)) == 7**5000
try:
    str(10**5000)
except ValueError as error:
    assert "Exceeds the limit (4300 digits) for integer string conversion" in str(error)
try:
    int("1" * 5000)
except ValueError as error:
    assert "Exceeds the limit (4300 digits) for integer string conversion" in str(error)
sys.set_int_max_str_digits(0)
assert len(str(10**5000)) == 5001 and int("1" * 5000) % 10 == 1
import math

assert math.factorial(30) == 265252859812191058636308480000000
assert math.gcd(12, 18, 27) == 3
assert math.lcm(4, 6) == 12
assert math.isqrt(10**40) == 10**20
assert math.comb(10, 3) == 120
assert math.perm(5, 2) == 20
x = 0
for i in range(1, 100):
    x = x * 31 + i
    assert x % 31 == i % 31
