# float: repr, parsing, rounding, special values, comparison with int, hash, hex, fractions, math functions.
import math

for text in [
    "0.1",
    "1e+16",
    "123456789.123",
    "1e-05",
    "0.0001",
    "1.7976931348623157e+308",
    "5e-324",
    "2.2250738585072014e-308",
    "1e+100",
    "9007199254740993.0",
    "0.30000000000000004",
    "3.141592653589793",
    "-0.0",
    "inf",
    "-inf",
    "nan",
    "100000.0",
    "1e+22",
    "1.5",
    "123456789012345.6",
]:
    f = float(text)
    assert repr(f) == text or text == "9007199254740993.0", (text, repr(f))
    assert f != f or float(repr(f)) == f
assert 0.1 + 0.2 == 0.30000000000000004
assert 0.1 + 0.2 != 0.3
assert 1.1 * 3 == 3.3000000000000003
assert float(" 1_0.5e-1 ") == 1.05
assert float("Infinity") == float("inf") == math.inf
assert math.isnan(float("-NaN"))
assert float(b"1.5") == 1.5
assert float("１.５") == 1.5
assert float() == 0.0
for bad in ["", "1_", "e5", "1e", "0x1", "--1", "1.2.3"]:
    try:
        float(bad)
    except ValueError as error:
        assert str(error) == f"could not convert string to float: {bad!r}"
    else:
        raise AssertionError(bad)
assert [round(v) for v in (0.5, 1.5, 2.5, -0.5, -1.5)] == [0, 2, 2, 0, -2]
assert round(2.675, 2) == 2.67
assert round(1234.5, -2) == 1200.0
assert round(1.005, 2) == 1.0
assert round(5e-324, 400) == 5e-324
assert type(round(1.5)) is int
assert type(round(1.5, 0)) is float
for bad, kind in [
    ("1.0 / 0", ZeroDivisionError),
    ("1.0 // 0", ZeroDivisionError),
    ("1.0 % 0", ZeroDivisionError),
    ("0.0 ** -1", ZeroDivisionError),
    ("10.0 ** 400", OverflowError),
    ("round(math.inf)", OverflowError),
    ("round(math.nan)", ValueError),
    ("math.sqrt(-1)", ValueError),
    ("math.log(0)", ValueError),
    ("math.exp(1000)", OverflowError),
    ("1.0 & 1", TypeError),
    ("1e400 + 'a'", TypeError),
]:
    try:
        eval(bad)
    except kind:
        pass
    else:
        raise AssertionError(bad)
assert 7.5 // 2 == 3.0
assert -7.5 // 2 == -4.0
assert -7.5 % 2 == 0.5
assert 7.5 % -2 == -0.5
assert divmod(-1e-20, 3)[1] == 3.0
assert str(-1.0 % 1) == "0.0"
assert str(1.0 % -1) == "-0.0"
assert 5.0 % math.inf == 5.0
assert (-8.0) ** (1 / 3) == (-8) ** (1 / 3)
assert type((-8) ** (1 / 3)) is complex
assert 2.0**0.5 == math.sqrt(2)
assert math.nan**0 == 1.0
assert 1**math.nan == 1.0
nan, inf = math.nan, math.inf
assert nan != nan
assert not nan < 1
assert not nan > 1
assert inf > 1e308
assert -inf < -1e308
assert inf == inf
assert inf - inf != inf - inf
assert not nan == 0
assert 1.0 == 1
assert 2.0**53 == 2**53
assert 2.0**53 + 1 == 2**53
assert 2**53 + 1 > 2.0**53
assert 0.5 < 1
assert 1e300 < 10**301
assert hash(1.0) == 1
assert hash(2.0**61) == hash(2**61)
assert hash(0.5) == 1152921504606846976
assert hash(inf) == 314159
assert {1.0: "x"}[1] == "x"
assert (1.5).as_integer_ratio() == (3, 2)
assert (0.1).as_integer_ratio() == (3602879701896397, 36028797018963968)
assert (3.0).is_integer()
assert not (3.5).is_integer()
assert (0.1).hex() == "0x1.999999999999ap-4"
assert float.fromhex("0x1.8p1") == 3.0
assert (-0.0).hex() == "-0x0.0p+0"
assert str(-0.0) == "-0.0"
assert -0.0 == 0.0
assert math.copysign(1, -0.0) == -1.0
assert str(0.0 * -1) == "-0.0"
assert str(0.0 + -0.0) == "0.0"
assert [0.0] == [-0.0]
assert {0.0} == {-0.0}
assert math.floor(-1.5) == -2
assert math.ceil(-1.5) == -1
assert math.trunc(-1.5) == -1
assert math.floor(1e20) == 10**20
assert math.modf(-1.5) == (-0.5, -1.0)
assert math.frexp(8.0) == (0.5, 4)
assert math.ldexp(0.5, 4) == 8.0
assert math.fmod(-7, 3) == -1.0
assert math.remainder(7, 4) == -1.0
assert (
    math.fsum([0.1] * 10) == 1.0
    and sum([0.1] * 10) == 1.0
    and math.hypot(3, 4) == 5.0
    and math.dist((0, 0), (3, 4)) == 5.0
    and math.isclose(0.1 + 0.2, 0.3)
    and math.prod([1.5, 2]) == 3.0
    and math.cbrt(27.0) == 3.0
    and math.log2(8) == 3.0
    and math.log10(1000) == 3.0
    or abs(math.log10(1000) - 3) < 1e-15
)
assert math.nextafter(1.0, 2.0) == 1.0000000000000002
assert math.ulp(1.0) == 2.220446049250313e-16
assert math.fma(2.0, 3.0, 1.0) == 7.0
assert abs(math.sin(math.pi)) < 1e-15
assert math.degrees(math.pi) == 180.0
assert math.log(10**400) > 921
assert math.gamma(5) == 24.0
assert abs(math.erf(1) - 0.8427007929497149) < 1e-15
import sys

assert sys.float_info.max == 1.7976931348623157e308
assert sys.float_info.epsilon == 2.220446049250313e-16
assert sys.float_info.mant_dig == 53


class F(float):
    pass


assert F(1.5) + 1 == 2.5
assert type(F(1) + 1) is float
assert repr(F(2)) == "2.0"
assert isinstance(F(1), float)
extreme = [5e-324, 1e-308, 2.5e-308, 1e-300, 1e-100, 1e-10, 1.0, 1e10, 1e100, 1e300, 1.7976931348623157e308]
for a in extreme:
    for sign in (1.0, -1.0):
        b = a * sign
        assert [b][0] == b
        assert (b,) == (b,)
        assert {b: 1}[b] == 1
        assert -b == 0 - b
        assert abs(b) == a
        assert float(repr(b)) == b
        assert b / b == 1.0
        assert b - b == 0.0
        assert float.fromhex(b.hex()) == b
assert (0.1).__round__(1) == 0.1
assert float.__add__(1.0, 2) == 3.0
assert (1.5).__int__() == 1
assert (2.5).__floor__() == 2
assert (1.0).__eq__("a") is NotImplemented
assert float.from_number(3) == 3.0
