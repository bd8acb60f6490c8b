# str.format, format specifications and %-formatting.
assert "{} {}".format(1, 2) == "1 2"
assert "{1} {0} {1}".format("a", "b") == "b a b"
assert "{x} {y[0]} {z.real}".format(x=1, y=[2], z=3) == "1 2 3"
assert "{{}} {0!r:>5}".format("a") == "{}   'a'"
assert "{:{}}".format(5, 4) == "   5"
assert "{0[key]}".format({"key": 7}) == "7"
assert "{!s}".format(1) == "1"
for spec, value, text in [
    ("", 5, "5"),
    ("d", 5, "5"),
    ("5", 5, "    5"),
    ("<5", 5, "5    "),
    ("^5", 5, "  5  "),
    ("*^6", 5, "**5***"),
    ("05", -5, "-0005"),
    ("+", 5, "+5"),
    (" ", 5, " 5"),
    (",", 1234567, "1,234,567"),
    ("_", 1234567, "1_234_567"),
    ("x", 255, "ff"),
    ("X", 255, "FF"),
    ("#x", 255, "0xff"),
    ("#010b", 5, "0b00000101"),
    ("o", 8, "10"),
    ("#o", 8, "0o10"),
    ("c", 65, "A"),
    ("_x", 0x12345678, "1234_5678"),
    ("b", -5, "-101"),
    ("=+8", 5, "+      5"),
    ("%", 5, "500.000000%"),
    ("e", 12345, "1.234500e+04"),
    ("010,", 12345, "00,012,345"),
    ("n", 5, "5"),
    ("", 1.5, "1.5"),
    ("f", 1.5, "1.500000"),
    (".2f", 2.675, "2.67"),
    (".0f", 0.5, "0"),
    (".0f", 1.5, "2"),
    ("#.0f", 1.0, "1."),
    ("e", 1.5, "1.500000e+00"),
    (".3e", 123456, "1.235e+05"),
    ("g", 1e10, "1e+10"),
    ("g", 123456.0, "123456"),
    ("g", 0.0001, "0.0001"),
    ("g", 0.00001, "1e-05"),
    (".3g", 1234.5, "1.23e+03"),
    ("#g", 1.0, "1.00000"),
    ("%", 0.256, "25.600000%"),
    (".1%", 0.256, "25.6%"),
    (",.2f", 1234567.891, "1,234,567.89"),
    ("+.1f", -0.04, "-0.0"),
    ("z.1f", -0.04, "0.0"),
    ("010.2f", -1.5, "-000001.50"),
    ("f", float("inf"), "inf"),
    ("F", float("nan"), "NAN"),
    (".1f", 1e16, "10000000000000000.0"),
    ("", 1e16, "1e+16"),
    ("", 1e15, "1000000000000000.0"),
    (".3", 3.14159, "3.14"),
    ("_.1f", 12345.6, "12_345.6"),
    (".2f", 10**20, "100000000000000000000.00"),
    ("", "s", "s"),
    ("s", "s", "s"),
    ("5", "s", "s    "),
    (">5", "s", "    s"),
    ("^5", "s", "  s  "),
    (".2", "abc", "ab"),
    ("-<6.2s", "abc", "ab----"),
    ("", True, "True"),
    ("d", True, "1"),
    ("", 1 + 2j, "(1+2j)"),
    (".1f", 1 + 2j, "1.0+2.0j"),
    (">10", 1j, "        1j"),
    ("", None, "None"),
    ("", [1], "[1]"),
]:
    assert format(value, spec) == text, (value, spec, format(value, spec))
for value, spec, text in [
    (5, "s", "Unknown format code 's' for object of type 'int'"),
    ("a", "d", "Unknown format code 'd' for object of type 'str'"),
    (5, ".2d", "Precision not allowed in integer format specifier"),
    ("a", "+", "Sign not allowed in string format specifier"),
    (5, "+c", "Sign not allowed with integer format specifier 'c'"),
    (1.5, "d", "Unknown format code 'd' for object of type 'float'"),
    (5, ",x", "Cannot specify ',' with 'x'."),
    ("a", "=5", "'=' alignment not allowed in string format specifier"),
    (5, "5z", "Unknown format code 'z' for object of type 'int'"),
]:
    try:
        format(value, spec)
    except ValueError as error:
        assert str(error) == text, (spec, str(error))
    else:
        raise AssertionError(spec)
try:
    format([], "5")
except TypeError as error:
    assert str(error) == "unsupported format string passed to list.__format__"
for template, kind, text in [
    ("{", ValueError, "Single '{' encountered in format string"),
    ("}", ValueError, "Single '}' encountered in format string"),
    ("{0} {}", ValueError, "cannot switch from manual field specification to automatic field numbering"),
    ("{2}", IndexError, "Replacement index 2 out of range for positional args tuple"),
    ("{k}", KeyError, "'k'"),
    ("{0.x}", AttributeError, "'int' object has no attribute 'x'"),
    ("{!x}", ValueError, "Unknown conversion specifier x"),
]:
    try:
        template.format(1, 2)
    except kind as error:
        assert text in str(error), (template, str(error))
    else:
        raise AssertionError(template)
assert "{a}{b}".format_map({"a": 1, "b": 2}) == "12"
for template, value, text in [
    ("%d", 5, "5"),
    ("%5d|%-5d|%05d", (1, 2, 3), "    1|2    |00003"),
    ("%+d % d", (1, 2), "+1  2"),
    ("%x %X %#x %o %#o", (255, 255, 255, 8, 8), "ff FF 0xff 10 0o10"),
    ("%s %r %a", ("é", "é", "é"), "é 'é' '\\xe9'"),
    ("%.2f", 3.14159, "3.14"),
    ("%e", 12345.678, "1.234568e+04"),
    ("%g %G", (1e-10, 1e-10), "1e-10 1E-10"),
    ("%c%c", (65, "B"), "AB"),
    ("%%", (), "%"),
    ("%(a)s %(b)d", {"a": 1, "b": 2}, "1 2"),
    ("%*d", (5, 1), "    1"),
    ("%.*f", (1, 2.55), "2.5"),
    ("%i", 3.99, "3"),
    ("%s", [1], "[1]"),
    ("%.3s", "abcdef", "abc"),
    ("%10.3f|", 2.5, "     2.500|"),
    ("%-10s|", "a", "a         |"),
    ("%d", 10**30, "1" + "0" * 30),
    ("%x", -255, "-ff"),
    ("%s", None, "None"),
    ("%#.3g", 1.0, "1.00"),
    ("%5s%%", "a", "    a%"),
]:
    assert template % value == text, (template, template % value)
for template, value, text in [
    ("%d", "a", "%d format: a real number is required, not str"),
    ("%s %s", 1, "not enough arguments for format string"),
    ("%s", (1, 2), "not all arguments converted during string formatting"),
    ("%x", 1.5, "%x format: an integer is required, not float"),
    ("%(a)s", 5, "format requires a mapping"),
    ("%c", "ab", "%c requires an int or a unicode character, not a string of length 2"),
]:
    try:
        template % value
    except TypeError as error:
        assert str(error) == text, (template, str(error))
    else:
        raise AssertionError(template)
try:
    "%q" % 1
except ValueError as error:
    assert str(error) == "unsupported format character 'q' (0x71) at index 1", error


class Fancy:
    def __format__(self, spec):
        return f"[{spec}]"


assert f"{Fancy()}" == "[]"
assert "{:a{}c}".format(Fancy(), "b") == "[abc]"
assert format(Fancy(), "x") == "[x]"
import datetime

assert f"{datetime.date(2024, 3, 1):%d.%m.%Y}" == "01.03.2024"
