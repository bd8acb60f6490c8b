# json, csv, textwrap, string.Template, pprint, shlex, difflib, configparser, html: text in and out.
import csv
import io
import json

for value, text in [
    (None, "null"),
    (True, "true"),
    (1, "1"),
    (-1.5, "-1.5"),
    (1e100, "1e+100"),
    ("a\"b\\\n\u00e9\U0001f600\x00", '"a\\"b\\\\\\n\\u00e9\\ud83d\\ude00\\u0000"'),
    ([], "[]"),
    ([1, [2]], "[1, [2]]"),
    ({}, "{}"),
    ({"a": {"b": None}}, '{"a": {"b": null}}'),
    (10**30, "1" + "0" * 30),
    (float("inf"), "Infinity"),
    ({1: 2, None: 3, True: 4}, '{"1": 4, "null": 3}'),
    ((1,), "[1]"),
]:
    assert json.dumps(value) == text, (value, json.dumps(value))
assert (
    json.dumps({"b": 1, "a": [1, 2]}, indent=2, sort_keys=True)
    == '{\n  "a": [\n    1,\n    2\n  ],\n  "b": 1\n}'
)
assert json.dumps("é", ensure_ascii=False) == '"é"'
assert json.dumps([1, 2], separators=(",", ":")) == "[1,2]"
assert json.loads(' {"a" : [1, 2.5, -3e2, "\\u00e9\\ud83d\\ude00", true, null, {}] } ') == {
    "a": [1, 2.5, -300.0, "é😀", True, None, {}]
}
assert json.loads("NaN") != json.loads("NaN")
assert type(json.loads("1.0")) is float
assert json.loads(b'"x"') == "x"
assert json.loads('{"a": 1, "a": 2}') == {"a": 2}
assert json.loads('{"a":1}', object_pairs_hook=list) == [("a", 1)]
assert json.loads("1.1", parse_float=str) == "1.1"
assert json.loads('{"x": {}}', object_hook=len) == 1
for bad, text in [
    ("", "Expecting value: line 1 column 1 (char 0)"),
    ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ("[1,]", "Illegal trailing comma before end of array: line 1 column 3 (char 2)"),
    ('"a', "Unterminated string starting at: line 1 column 1 (char 0)"),
    ("[1] x", "Extra data: line 1 column 5 (char 4)"),
    ('{"a" 1}', "Expecting ':' delimiter: line 1 column 6 (char 5)"),
    ("[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"),
    ('"\n"', "Invalid control character at: line 1 column 2 (char 1)"),
    ('"\\x"', "Invalid \\escape: line 1 column 2 (char 1)"),
    ("tru", "Expecting value: line 1 column 1 (char 0)"),
]:
    try:
        json.loads(bad)
    except json.JSONDecodeError as error:
        assert str(error) == text, (bad, str(error))
    else:
        raise AssertionError(bad)
try:
    json.dumps(object)
except TypeError as error:
    assert str(error) == "Object of type type is not JSON serializable"
loop = []
loop.append(loop)
try:
    json.dumps(loop)
except ValueError as error:
    assert str(error) == "Circular reference detected"
try:
    json.dumps({(1,): 1})
except TypeError as error:
    assert str(error) == "keys must be str, int, float, bool or None, not tuple"
assert json.dumps({1j}, default=lambda o: sorted(map(str, o))) == '["1j"]'


class Encoder(json.JSONEncoder):
    def default(self, o):
        return f"<{type(o).__name__}>"


assert json.dumps([1j], cls=Encoder) == '["<complex>"]'
assert "".join(json.JSONEncoder().iterencode([1, {"a": 2}])) == '[1, {"a": 2}]'
out = io.StringIO()
writer = csv.writer(out)
writer.writerows([["a", 1], ['q"t', "x,y"], ["line\nbreak", ""]])
assert out.getvalue() == 'a,1\r\n"q""t","x,y"\r\n"line\nbreak",\r\n'
assert list(csv.reader(io.StringIO(out.getvalue(), newline=""))) == [
    ["a", "1"],
    ['q"t', "x,y"],
    ["line\nbreak", ""],
]
assert list(csv.DictReader(["h1,h2", "1,2"])) == [{"h1": "1", "h2": "2"}]
import difflib, html, pprint, shlex, string, textwrap

assert textwrap.fill("the quick brown fox", 10) == "the quick\nbrown fox"
assert textwrap.dedent("  a\n   b\n") == "a\n b\n"
assert textwrap.shorten("hello big world", 11) == "hello [...]"
assert textwrap.indent("a\nb", "> ") == "> a\n> b"
assert string.Template("$a ${b}c $$").substitute(a=1, b=2) == "1 2c $"
assert string.capwords("ab cd") == "Ab Cd"
assert string.digits == "0123456789"
assert shlex.split("a 'b c' \"d\"") == ["a", "b c", "d"]
assert shlex.quote("a b") == "'a b'"
assert pprint.pformat({"b": [1] * 3, "a": "x"}) == "{'a': 'x', 'b': [1, 1, 1]}"
assert html.escape("<a&'>") == "&lt;a&amp;&#x27;&gt;"
assert html.unescape("&eacute;&#65;") == "éA"
assert difflib.get_close_matches("appel", ["ape", "apple", "peach"]) == ["apple", "ape"]
assert list(difflib.unified_diff(["a"], ["b"], lineterm=""))[-2:] == ["-a", "+b"]
import configparser

c = configparser.ConfigParser()
c.read_string("[s]\na = 1\nb = %(a)s2\n")
assert c["s"].getint("b") == 12 and c.sections() == ["s"]
import tomllib

assert tomllib.loads('a = 1\n[t]\nb = ["x", 2.5]\nd = 2024-01-02') == {
    "a": 1,
    "t": {"b": ["x", 2.5], "d": __import__("datetime").date(2024, 1, 2)},
}
