"""csv: quoting, escaping, dialects, and what cannot be read or written."""

import csv
import io


def written(rows, **settings):
    file = io.StringIO()
    csv.writer(file, **settings).writerows(rows)
    return file.getvalue()


rows = [["a", 1, None, 2.5, "", 'say "hi"', "two\nlines", "x,y"], [""], []]
for quoting in range(6):
    try:
        print(quoting, repr(written(rows, quoting=quoting)))
    except csv.Error as error:
        print(quoting, error)
print(repr(written([["a\\b", 'q"q']], doublequote=False, escapechar="\\")))
print(repr(written([["a", "b c"]], delimiter=" ", quotechar="'", lineterminator="|")))

text = ['a, "b" ,"c ""d"""\r\n', '"two\n', 'lines",,x\\,y\n', "\n", 'z"z']
for settings in [{}, {"skipinitialspace": True}, {"escapechar": "\\"}, {"quoting": csv.QUOTE_NONE}, {"quotechar": None}]:
    reader = csv.reader(text, **settings)
    print(list(reader), reader.line_num)
print(list(csv.reader(['1,"2",,a'], quoting=csv.QUOTE_NOTNULL)), list(csv.reader(["1,2.5"], quoting=csv.QUOTE_NONNUMERIC)))


class Semicolons(csv.excel):
    delimiter = ";"


csv.register_dialect("semicolons", Semicolons, strict=True)
dialect = csv.get_dialect("semicolons")
print(dialect.delimiter, dialect.strict, dialect.quoting, repr(dialect.lineterminator), dialect.escapechar)
print(list(csv.DictReader(["a;b", "1;2"], dialect="semicolons")), "semicolons" in csv.list_dialects())
csv.unregister_dialect("semicolons")

limit = csv.field_size_limit(3)
for call in [
    lambda: list(csv.reader(["abcd"])),
    lambda: list(csv.reader(['"a"b'], strict=True)),
    lambda: list(csv.reader(['"a'], strict=True)),
    lambda: list(csv.reader(["a\rb"])),
    lambda: list(csv.reader([b"a"])),
    lambda: csv.reader([], delimiter="ab"),
    lambda: csv.reader([], delimiter="\n"),
    lambda: csv.reader([], quotechar=","),
    lambda: csv.reader([], lineterminator=None),
    lambda: csv.reader([], quoting=9),
    lambda: csv.reader([], quotechar=None, quoting=0),
    lambda: csv.reader([], nothing=1),
    lambda: csv.get_dialect("semicolons"),
    lambda: csv.writer(1),
    lambda: csv.writer(io.StringIO()).writerow(1),
    lambda: written([["a,b"]], quoting=csv.QUOTE_NONE),
]:
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
csv.field_size_limit(limit)
print(csv.Sniffer().sniff("a;b;c\n1;2;3\n").delimiter)
