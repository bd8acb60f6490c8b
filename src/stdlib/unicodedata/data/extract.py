"""Extracts decompositions.txt, numbers.txt and version_3_2_0.txt from files of the Unicode character
database: extract.py FOLDER_OF_16.0.0 FOLDER_OF_3.2.0, where each has the files as they are published
(UnicodeData.txt, EastAsianWidth.txt, DerivedNumericValues.txt; for 3.2.0 UnicodeData-3.2.0.txt,
DerivedEastAsianWidth-3.2.0.txt, Unihan-3.2.0.txt)."""

import pathlib
import sys
from fractions import Fraction

LIMIT = 0x110000
new, old = map(pathlib.Path, sys.argv[1:])
out = pathlib.Path(__file__).parent


def lines(path):
    for line in path.read_text(encoding="latin-1").splitlines():
        line = line.split("#")[0].strip()
        if line:
            yield [field.strip() for field in line.split(";")]


def span(text):
    first, _, last = text.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def unicode_data(path):
    """The fields of each assigned code point."""
    table = [None] * LIMIT
    first = None
    for fields in lines(path):
        point = int(fields[0], 16)
        if fields[1].endswith(", First>"):
            first = point
            continue
        for each in range(point if first is None else first, point + 1):
            table[each] = fields
        first = None
    return table


def derived(path, column):
    table = {}
    for fields in lines(path):
        for point in span(fields[0]):
            table[point] = fields[column]
    return table


def ranges(values):
    """Pairs of a range and the value that all of it has, of a function that may give None."""
    start, current = 0, None
    for point in range(LIMIT + 1):
        value = values(point) if point < LIMIT else None
        if value != current:
            if current is not None:
                yield start, point - 1, current
            start, current = point, value


def write(name, header, body):
    text = "".join(f"# {line}\n" for line in header.splitlines()) + "".join(body)
    (out / name).write_text(text, encoding="ascii")


def shown(first, last):
    return f"{first:X}" if first == last else f"{first:X}..{last:X}"


now, then = unicode_data(new / "UnicodeData.txt"), unicode_data(old / "UnicodeData-3.2.0.txt")
assigned_now = [fields is not None for fields in now]

write(
    "decompositions.txt",
    "Compatibility mappings of Unicode 16.0.0: code point, mapping with its tag.",
    (f"{point:X};{fields[5]}\n" for point, fields in enumerate(now) if fields and fields[5][:1] == "<"),
)

ideographs = derived(new / "DerivedNumericValues.txt", 3)


def numeric(point):
    """Kind and value: "d" decimal, "g" digit, "n" numeric only."""
    fields = now[point]
    if fields is None:
        return None
    if fields[6]:
        return "d", Fraction(fields[6])
    if fields[7]:
        return "g", Fraction(fields[7])
    if fields[8]:
        return "n", Fraction(fields[8])
    if point in ideographs and fields[1].startswith(("<CJK", "CJK")):
        return "n", Fraction(ideographs[point])
    return None


def counted(point):
    """Numbers that follow each other belong together when they count up by one."""
    kind_and_value = numeric(point)
    if kind_and_value is None:
        return None
    kind, value = kind_and_value
    return kind, value - point


write(
    "numbers.txt",
    "Numeric values of Unicode 16.0.0: code points, whose values count up by one; kind (d decimal, g digit,\n"
    "n numeric); value of the first.",
    (
        f"{shown(first, last)};{kind};{offset + first}\n"
        for first, last, (kind, offset) in ranges(counted)
    ),
)


def difference(then_value, now_value):
    def value(point):
        if then[point] is None or not assigned_now[point]:
            return None
        before = then_value(point)
        return None if before == now_value(point) else before

    return value


width_now, width_then = derived(new / "EastAsianWidth.txt", 1), derived(old / "DerivedEastAsianWidth-3.2.0.txt", 1)


ideographs_then = {}
for line in (old / "Unihan-3.2.0.txt").read_text(encoding="utf-8").splitlines():
    point, _, rest = line.partition("\t")
    if "Numeric\t" in rest:
        ideographs_then[int(point[2:], 16)] = rest.split()[1].replace(",", "")


def old_number(point):
    value = then[point][8] or ideographs_then.get(point)
    return str(Fraction(value)) if value else "none"


def new_number(point):
    found = numeric(point)
    return str(found[1]) if found else "none"


def old_decimal(point):
    return then[point][6] or "none"


def new_decimal(point):
    found = numeric(point)
    return str(found[1]) if found and found[0] == "d" else "none"


def body():
    for first, last, _ in ranges(lambda point: then[point] is not None or None):
        yield f"assigned;{shown(first, last)}\n"
    tables = [
        ("category", lambda point: then[point][2], lambda point: now[point][2]),
        ("direction", lambda point: then[point][4], lambda point: now[point][4]),
        ("mirrored", lambda point: then[point][9], lambda point: now[point][9]),
        ("decimal", old_decimal, new_decimal),
        ("number", old_number, new_number),
        ("width", lambda point: width_then.get(point, "N"), lambda point: width_now.get(point, "N")),
    ]
    for name, before, after in tables:
        for first, last, value in ranges(difference(before, after)):
            yield f"{name};{shown(first, last)};{value}\n"


write(
    "version_3_2_0.txt",
    "What Unicode 3.2.0 has assigned, and properties in which what it has assigned differs from 16.0.0.",
    body(),
)
