# Unicode: surrogates, normalization, encodings and their error handlers, width changes on concatenation.
import unicodedata

assert len("a\u0301") == 2
assert unicodedata.normalize("NFC", "a\u0301") == "á"
assert unicodedata.normalize("NFKD", "ﬁ") == "fi"
assert unicodedata.name("€") == "EURO SIGN"
assert unicodedata.lookup("SNOWMAN") == "☃"
assert unicodedata.category("A") == "Lu"
assert unicodedata.decimal("٣") == 3
assert unicodedata.numeric("½") == 0.5
assert unicodedata.combining("\u0301") == 230
assert unicodedata.east_asian_width("日") == "W"
for text in ["", "ascii", "é", "€", "😀", "mixed é€😀 text" * 100]:
    for encoding in "utf-8 utf-16 utf-32 utf-16-le utf-32-be utf-7 utf-8-sig".split():
        assert text.encode(encoding).decode(encoding) == text, (text, encoding)
assert "é".encode() == b"\xc3\xa9"
assert "é".encode("latin-1") == b"\xe9"
assert "€".encode("cp1252") == b"\x80"
assert "é".encode("utf-16") == b"\xff\xfe\xe9\x00"
assert "a😀".encode("utf-16-le") == b"a\x00\x3d\xd8\x00\xde"
assert "aéb".encode("ascii", "ignore") == b"ab"
assert "aé".encode("ascii", "replace") == b"a?"
assert "é".encode("ascii", "xmlcharrefreplace") == b"&#233;"
assert "é€".encode("ascii", "backslashreplace") == b"\\xe9\\u20ac"
assert "é".encode("ascii", "namereplace") == b"\\N{LATIN SMALL LETTER E WITH ACUTE}"
assert b"a\xffb".decode("utf-8", "ignore") == "ab"
assert b"\xff".decode("utf-8", "replace") == "\ufffd"
assert b"\xff".decode("utf-8", "backslashreplace") == "\\xff"
assert b"\xff".decode("utf-8", "surrogateescape") == "\udcff"
assert "\udcff".encode("utf-8", "surrogateescape") == b"\xff"
assert "\ud800".encode("utf-8", "surrogatepass") == b"\xed\xa0\x80"
assert b"\xe2\x82".decode("utf-8", "replace") == "\ufffd"
assert b"\xf0\x9f\x98\x80".decode() == "😀"
assert b"\xe2\x28\xa1".decode("utf-8", "replace") == "\ufffd(\ufffd"
for data, start, end, reason in [
    (b"a\xff", 1, 2, "invalid start byte"),
    (b"\xc3", 0, 1, "unexpected end of data"),
    (b"\xc3(", 0, 1, "invalid continuation byte"),
    (b"\xed\xa0\x80", 0, 1, "invalid continuation byte"),
]:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        assert (error.start, error.end, error.reason) == (start, end, reason), error
    else:
        raise AssertionError(data)
try:
    "\ud800".encode()
except UnicodeEncodeError as error:
    assert (
        str(error) == "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"
    )
try:
    "a".encode("no-such-codec")
except LookupError as error:
    assert str(error) == "unknown encoding: no-such-codec"
import codecs

codecs.register_error("test.stars", lambda error: ("*" * (error.end - error.start), error.end))
assert "aéüb".encode("ascii", "test.stars") == b"a**b"
decoder = codecs.getincrementaldecoder("utf-8")()
assert decoder.decode(b"\xe2\x82") == "" and decoder.decode(b"\xac") == "€"
text = "a"
for extra in "é", "€", "😀":
    text += extra
    assert text[0] == "a"
    assert text[-1] == extra
    assert text.index(extra) == len(text) - 1
assert text[:2] == "aé"
assert text[:1].isascii()
assert hash("aé"[:1]) == hash("a")
assert {"aé"[:1]: 1}["a"] == 1
assert "😀😀".replace("😀", "x") == "xx"
assert "x😀y".split("😀") == ["x", "y"]
assert "é".center(3, "😀") == "😀é😀"
assert "😀" > "\uffff"
assert "".join(chr(i) for i in range(256)).encode("latin-1") == bytes(range(256))
assert "\x00".isprintable() is False
assert "ﬀ".upper() == "FF"
assert "ŉ".upper() == "ʼN"
assert "I".lower() == "i"
assert "K".lower() == "k"
assert "ẞ".lower() == "ß"
assert sorted(["é", "e", "z", "É"]) == ["e", "z", "É", "é"]
assert "\N{GREEK SMALL LETTER ALPHA}" == "α"
