# complex: arithmetic, repr, parsing, comparison, attributes.
z = 3 + 4j
assert abs(z) == 5.0
assert z.conjugate() == 3 - 4j
assert (z.real, z.imag) == (3.0, 4.0)
assert z * z == -7 + 24j
assert z / (1 + 1j) == 3.5 + 0.5j
assert -z == -3 - 4j
assert z + 1 == 4 + 4j
assert 1 - z == -2 - 4j
assert z == complex(3, 4)
assert z != 3
assert 3 + 0j == 3
assert hash(3 + 0j) == hash(3)
assert z**2 == z * z
assert z**0 == 1
assert bool(0j) is False
assert repr(z) == "(3+4j)"
assert repr(1j) == "1j"
assert repr(-0j) == "(-0-0j)"
assert repr(complex(0, float("inf"))) == "infj"
assert str(complex(1, -0.0)) == "(1-0j)"
assert repr(complex(float("nan"), 1)) == "(nan+1j)"
assert complex("1+2j") == 1 + 2j
assert complex(" ( -1.5j ) ".replace(" ", "")) == -1.5j
assert complex("3") == 3
assert complex("j") == 1j
assert complex(1, 2) == 1 + 2j
assert complex(real=1, imag=2) == 1 + 2j
for bad in ["", "1+", "1 + 2j", "i"]:
    try:
        complex(bad)
    except ValueError as error:
        assert str(error) == "complex() arg is a malformed string"
    else:
        raise AssertionError(bad)
for bad, kind in [
    ("z < 1", TypeError),
    ("z // 1", TypeError),
    ("z % 1", TypeError),
    ("z / 0", ZeroDivisionError),
    ("int(z)", TypeError),
    ("float(z)", TypeError),
    ("0j ** -1", ZeroDivisionError),
    ("round(z)", TypeError),
]:
    try:
        eval(bad)
    except kind:
        pass
    else:
        raise AssertionError(bad)
import cmath

assert abs(cmath.exp(1j * cmath.pi) + 1) < 1e-15
assert cmath.sqrt(-1) == 1j
assert cmath.polar(1j) == (1.0, cmath.pi / 2)
assert cmath.phase(-1) == cmath.pi
assert cmath.isnan(complex(float("nan"), 0))
assert sum([1j, 2]) == 2 + 1j
assert (1 + 2j).__complex__() == 1 + 2j
assert f"{1.5 + 2j:.2f}" == "1.50+2.00j"
