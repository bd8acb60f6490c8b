# re: syntax, groups, flags, substitution, split, scanners, errors.
import re

m = re.match(r"(?P<year>\d{4})-(?P<month>\d\d)", "2024-03-01")
assert m.group() == "2024-03"
assert m.groups() == ("2024", "03")
assert m["year"] == "2024"
assert m.groupdict() == {"year": "2024", "month": "03"}
assert m.span("month") == (5, 7)
assert m.start() == 0
assert m.end() == 7
assert m.lastgroup == "month"
assert m.string == "2024-03-01"
assert m.re.pattern.startswith("(?P<year>")
assert re.search("b+", "abbbc").span() == (1, 4)
assert re.fullmatch("a*", "aab") is None
assert re.match("b", "ab") is None
assert re.findall(r"\w+", "a bc, d") == ["a", "bc", "d"]
assert re.findall(r"(a)(b)?", "ab a") == [("a", "b"), ("a", "")]
assert [x.group() for x in re.finditer(".", "ab")] == ["a", "b"]
assert re.sub("a", "b", "banana") == "bbnbnb"
assert re.sub("a", "b", "banana", count=1) == "bbnana"
assert re.sub(r"(\w)(\w)", r"\2\1", "abcd") == "badc"
assert re.sub(r"(?P<x>.)", r"<\g<x>>", "ab") == "<a><b>"
assert re.sub("x*", "-", "abxd") == "-a-b--d-"
assert re.sub(".", lambda m: m[0].upper(), "ab") == "AB"
assert re.subn("a", "", "aba") == ("b", 2)
assert re.split(",", "a,b,c", maxsplit=1) == ["a", "b,c"]
assert re.split("(,)", "a,b") == ["a", ",", "b"]
assert re.split(r"\s*", "a b") == ["", "a", "", "b", ""]
assert re.split("x*", "axb") == ["", "a", "", "b", ""]
for pattern, text, found in [
    ("a.c", "a\nc", None),
    ("(?s)a.c", "a\nc", "a\nc"),
    ("^b", "a\nb", None),
    ("(?m)^b$", "a\nb", "b"),
    ("(?i)ABC", "xabc", "abc"),
    ("(?x) a  b # comment", "ab", "ab"),
    ("a|b|cd", "cd", "cd"),
    ("a{2,3}", "aaaa", "aaa"),
    ("a{2,3}?", "aaaa", "aa"),
    ("a*?b", "aab", "aab"),
    ("<.+?>", "<a><b>", "<a>"),
    (r"(a)\1", "aa", "aa"),
    ("(?:ab)+", "ababx", "abab"),
    ("a(?=b)", "ab", "a"),
    ("a(?!b)", "abac", "a"),
    ("(?<=a)b", "ab", "b"),
    ("(?<!a)b", "cb", "b"),
    (r"\bfoo\b", "a foo b", "foo"),
    (r"[^a-c\d]+", "abc1xyz", "xyz"),
    (r"[\]\-a]+", "]-a", "]-a"),
    (r"\d+\.\D", "12.x", "12.x"),
    (r"(?P<q>['\"]).*?(?P=q)", "'a' \"b\"", "'a'"),
    ("(a)?(?(1)b|c)", "ab", "ab"),
    ("(a)?(?(1)b|c)", "c", "c"),
    (r"\Aab\Z", "ab", "ab"),
    ("(?>a*)a", "aaa", None),
    ("a++b", "aab", "aab"),
    (r"\u00e9", "é", "é"),
    (r"\w+", "héé wörld", "héé"),
    (r"(?a)\w+", "héé", "h"),
    ("(?i:A)b", "ab", "ab"),
    ("", "abc", ""),
    (r"\x41\t", "A\t", "A\t"),
    ("(a|ab)(c|bcd)(d*)", "abcd", "abcd"),
    ("(?i)ß", "ẞ", "ẞ"),
]:
    m = re.search(pattern, text)
    assert (m.group() if m else None) == found, (pattern, text, m)
p = re.compile("A", re.I | re.M)
assert p.flags & re.I
assert p.groups == 0
assert p.search("xa", 1).start() == 1
assert p.match("xa", 1)
assert repr(p) == "re.compile('A', re.IGNORECASE|re.MULTILINE)"
assert re.compile("A", re.I | re.M) is p
assert re.escape("a.b*c") == r"a\.b\*c"
assert re.compile(b"a").findall(b"aba") == [b"a", b"a"]
assert repr(re.match("a", "a")) == "<re.Match object; span=(0, 1), match='a'>"
for bad, text in [
    ("(", "missing ), unterminated subpattern at position 0"),
    ("a**", "multiple repeat at position 2"),
    ("[", "unterminated character set at position 0"),
    ("*", "nothing to repeat at position 0"),
    (r"\1", "invalid group reference 1 at position 1"),
    ("(?P<1>)", "bad character in group name '1' at position 4"),
    ("(?<=a*)", "look-behind requires fixed-width pattern"),
    ("\\", "bad escape (end of pattern) at position 0"),
    ("a{3,2}", "min repeat greater than max repeat at position 2"),
]:
    try:
        re.compile(bad)
    except re.PatternError as error:
        assert str(error) == text, (bad, str(error))
    else:
        raise AssertionError(bad)
try:
    re.match("a", b"a")
except TypeError as error:
    assert str(error) == "cannot use a string pattern on a bytes-like object"
assert re.match(r"(\d+) (?:x|y) (z)?", "12 x ").expand(r"\1-\g<1>") == "12-12"
assert re.match("(a)(b)?", "a").groups("d") == ("a", "d")
assert len(re.findall("a", "a" * 100_000)) == 100_000
assert re.search("b", "a" * 100_000) is None
assert re.match(r"(?:(?:a|b)*c)+", "abcabc" * 1000).end() == 6000
assert re.sub(r"\s+", " ", "a  b\t\nc") == "a b c"
assert re.match("(?:a?){20}a{20}", "a" * 20)
