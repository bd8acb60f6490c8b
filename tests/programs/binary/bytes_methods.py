# bytes: construction, methods, indexing, formatting, comparison, errors.
b = b"hello world"
assert b[0] == 104
assert b[-1:] == b"d"
assert b[1:4] == b"ell"
assert b[::-1] == b"dlrow olleh"
assert list(b"ab") == [97, 98]
assert len(b) == 11
assert bytes(3) == b"\0\0\0"
assert bytes([1, 2]) == b"\x01\x02"
assert bytes("é", "utf-8") == b"\xc3\xa9"
assert bytes(range(3)) == b"\0\1\2"
assert bytes() == b""
assert bytes(bytearray(b"x")) == b"x"
assert b.find(b"o") == 4
assert b.find(111) == 4
assert b.rfind(b"o") == 7
assert b.count(b"l") == 3
assert b.index(b"w") == 6
assert b.startswith((b"x", b"he"))
assert b.endswith(b"ld")
assert b.replace(b"l", b"L", 1) == b"heLlo world"
assert b.split() == [b"hello", b"world"]
assert b"a,b,,c".split(b",") == [b"a", b"b", b"", b"c"]
assert b"a,b,c".rsplit(b",", 1) == [b"a,b", b"c"]
assert b" x ".strip() == b"x"
assert b"xxax".strip(b"x") == b"a"
assert b.partition(b" ") == (b"hello", b" ", b"world")
assert b.rpartition(b"o") == (b"hello w", b"o", b"rld")
assert b"a\nb\r\n".splitlines() == [b"a", b"b"]
assert b.upper() == b"HELLO WORLD"
assert b.title() == b"Hello World"
assert b.capitalize() == b"Hello world"
assert b"aB".swapcase() == b"Ab"
assert b"5".zfill(3) == b"005"
assert b"a".center(3, b"-") == b"-a-"
assert b"a\tb".expandtabs(2) == b"a b"
assert b", ".join([b"a", bytearray(b"b")]) == b"a, b"
assert b"ab".hex() == "6162"
assert b"abcd".hex("-", 2) == "6162-6364"
assert bytes.fromhex("61 62") == b"ab"
assert b"abc".translate(bytes.maketrans(b"ab", b"xy"), b"c") == b"xy"
assert b"prefix".removeprefix(b"pre") == b"fix"
assert b"a" + b"b" == b"ab"
assert b"ab" * 2 == b"abab"
assert 97 in b"abc"
assert b"bc" in b"abc"
assert b"a" < b"b"
assert b"a" == bytearray(b"a")
assert b"a" != "a"
assert hash(b"a") == hash(b"a")
assert b"%d %s %b %x %r" % (5, b"a", b"b", 255, "q") == b"5 a b ff 'q'"
assert b"%(k)s" % {b"k": b"v"} == b"v"
assert b"%c" % 65 == b"A"
assert b"%.2f" % 1.5 == b"1.50"
assert repr(b"a'\"\n\x00\xff\\") == "b'a\\'\"\\n\\x00\\xff\\\\'"
assert str(b"a") == "b'a'"
assert b"abc".isalpha()
assert b"12".isdigit()
assert b" ".isspace()
assert b"A".isupper()
assert b"a1".isalnum()
assert b"\x80".isascii() is False
assert b"Ab C".istitle()
for bad, kind, text in [
    ("bytes([256])", ValueError, "bytes must be in range(0, 256)"),
    ("bytes('a')", TypeError, "string argument without an encoding"),
    ("bytes(-1)", ValueError, "negative count"),
    ("b'a' + 'b'", TypeError, "can't concat str to bytes"),
    ("b'a'[5]", IndexError, "index out of range"),
    ("bytes.fromhex('6')", ValueError, "fromhex() arg must contain an even number of hexadecimal digits"),
    ("bytes.fromhex('zz')", ValueError, "non-hexadecimal number found in fromhex() arg at position 0"),
    ("b','.join(['a'])", TypeError, "sequence item 0: expected a bytes-like object, str found"),
    ("b'a' < 'a'", TypeError, "'<' not supported between instances of 'bytes' and 'str'"),
    ("b'abc'.find('a')", TypeError, "argument should be integer or bytes-like object, not 'str'"),
    ("bytes(1.5)", TypeError, "cannot convert 'float' object to bytes"),
    ("b'a'.index(b'z')", ValueError, "subsection not found"),
]:
    try:
        eval(bad)
    except kind as error:
        assert str(error) == text, (bad, str(error))
    else:
        raise AssertionError(bad)


class B(bytes):
    pass


assert B(b"x") == b"x"
assert type(B(b"x") + b"y") is bytes
assert isinstance(B(), bytes)
import struct, binascii, base64

assert struct.pack("<IhB", 1, -2, 3) == b"\1\0\0\0\xfe\xff\3"
assert struct.unpack(">d", struct.pack(">d", 1.5)) == (1.5,)
assert struct.calcsize("@iq") == 16
assert struct.unpack("4s2x?", b"abcd\0\0\1") == (b"abcd", True)
assert binascii.hexlify(b"a") == b"61"
assert binascii.crc32(b"hello") == 907060870
assert base64.b64encode(b"hello") == b"aGVsbG8="
assert base64.b64decode("aGVsbG8=") == b"hello"
