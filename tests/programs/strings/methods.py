# str methods: search, split, strip, case, alignment, translate, tests, all with their corners.
s = "hello world"
assert s.find("o") == 4
assert s.find("o", 5) == 7
assert s.rfind("o") == 7
assert s.find("x") == -1
assert s.find("") == 0
assert s.index("w") == 6
assert s.count("l") == 3
assert "aaa".count("aa") == 1
assert "abc".count("") == 4
try:
    s.index("x")
except ValueError as error:
    assert str(error) == "substring not found"
assert s.startswith(("x", "he"))
assert s.endswith("ld")
assert s.startswith("wor", 6)
assert not s.startswith("") is False
assert s.replace("l", "L") == "heLLo worLd"
assert s.replace("l", "L", 1) == "heLlo world"
assert "ab".replace("", "-") == "-a-b-"
assert "a,b,,c".split(",") == ["a", "b", "", "c"]
assert "a,b,c".split(",", 1) == ["a", "b,c"]
assert "a,b,c".rsplit(",", 1) == ["a,b", "c"]
assert "  a  b ".split() == ["a", "b"]
assert "  a b c".split(None, 1) == ["a", "b c"]
assert "".split() == []
assert "".split(",") == [""]
assert " a b ".rsplit(None, 1) == [" a", "b"]
assert "a\nb\r\nc\x0bd\u2028e".splitlines() == ["a", "b", "c", "d", "e"]
assert "a\n".splitlines(keepends=True) == ["a\n"]
assert "key=value=x".partition("=") == ("key", "=", "value=x")
assert "kv".partition("=") == ("kv", "", "")
assert "a.b.c".rpartition(".") == ("a.b", ".", "c")
assert "  x ".strip() == "x"
assert "xxaxx".strip("x") == "a"
assert "abc".lstrip("ab") == "c"
assert "abc".rstrip("bc") == "a"
assert "\u3000a".strip() == "a"
assert "prefix".removeprefix("pre") == "fix"
assert "prefix".removesuffix("fix") == "pre"
assert "a".removesuffix("") == "a"
assert "Straße".upper() == "STRASSE"
assert "İ".lower() == "i̇"
assert "ß".casefold() == "ss"
assert "hello wORLD".capitalize() == "Hello world"
assert "they're bill's".title() == "They'Re Bill'S"
assert "aBc".swapcase() == "AbC"
assert "ΑΣ".lower() == "ας"
assert "ǆ".title() == "ǅ"
assert "x".center(4, "-") == "-x--"
assert "x".center(5) == "  x  "
assert "x".ljust(3, ".") == "x.."
assert "x".rjust(3) == "  x"
assert "-42".zfill(5) == "-0042"
assert "a\tb".expandtabs() == "a       b" and "ab\tc".expandtabs(4) == "ab  c"
assert ",".join("abc") == "a,b,c"
assert "".join([]) == ""
assert "-".join(["x"]) == "x"
try:
    "".join(["a", 1])
except TypeError as error:
    assert str(error) == "sequence item 1: expected str instance, int found"
table = str.maketrans({"a": "1", "b": None, "c": 0x64})
assert "abcx".translate(table) == "1dx"
assert "abc".translate(str.maketrans("ab", "xy", "c")) == "xy"
for text, tests in {
    "abc": "alpha alnum ascii identifier lower printable",
    "ABC": "alpha alnum ascii identifier upper printable",
    "12": "alnum ascii decimal digit numeric printable",
    "²": "alnum digit numeric printable",
    "½": "alnum numeric printable",
    " \t": "ascii space",
    "Ab C": "ascii title printable",
    "": "ascii printable",
    "_a1": "ascii identifier lower printable",
    "é": "alpha alnum identifier lower printable",
    "\x7f": "ascii",
    "٣": "alnum decimal digit numeric printable",
}.items():
    for (
        name
    ) in "alpha alnum ascii decimal digit identifier lower numeric printable space title upper".split():
        assert getattr(text, "is" + name)() == (name in tests.split()), (text, name)
assert s[::-1] == "dlrow olleh"
assert s[-5:] == "world"
assert s[2:2] == ""
assert s[100:] == ""
assert s[::3] == "hlwl"
try:
    s[11]
except IndexError as error:
    assert str(error) == "string index out of range"
try:
    s["a"]
except TypeError as error:
    assert str(error) == "string indices must be integers, not 'str'"
assert "ab" * 3 == "ababab"
assert 2 * "x" == "xx"
assert "x" * 0 == "x" * -1 == ""
assert "a" < "b" < "ba"
assert "Z" < "a"
assert "" < "a"
assert max("hello") == "o"
assert "é" > "z"
assert "ell" in s
assert "" in s
assert "x" not in s
assert ord("€") == 8364
assert chr(8364) == "€"
assert ord("\U0010ffff") == 1114111
for bad in (0x110000, -1):
    try:
        chr(bad)
    except ValueError as error:
        assert str(error) == "chr() arg not in range(0x110000)"
try:
    ord("ab")
except TypeError as error:
    assert str(error) == "ord() expected a character, but string of length 2 found"
try:
    "a" + 1
except TypeError as error:
    assert str(error) == 'can only concatenate str (not "int") to str'
try:
    "a" * 1.5
except TypeError as error:
    assert str(error) == "can't multiply sequence by non-int of type 'float'"
assert hash("abc") == hash("a" + "bc")
assert "x".__contains__("x")
assert str(b"a", "ascii") == "a"
assert str(object=5) == "5"
assert repr("it's") == '"it\'s"'
assert repr('"\'') == "'\"\\''"
assert repr("\n\x00\x7f\xa0\u200bé😀\ud800") == "'\\n\\x00\\x7f\\xa0\\u200bé😀\\ud800'"
assert ascii("é😀") == "'\\xe9\\U0001f600'"


class S(str):
    def __str__(self):
        return "custom"


assert (
    str(S("x")) == "custom"
    and S("a") + "b" == "ab"
    and type(S("a") + "b") is str
    and type(S("abc").upper()) is str
    and f"{S('q')}" == "q"
    or f"{S('q')}" == "custom"
)
assert "".join(sorted("python")) == "hnopty"
assert list("añ😀") == ["a", "ñ", "😀"]
assert len("añ😀") == 3
big = "ab" * 100000
assert big.count("ba") == 99999
assert big.find("bb") == -1
assert big.replace("ab", "c") == "c" * 100000
assert len(big.split("a")) == 100001
