# Literals of numbers, strings and bytes, escapes, implicit concatenation, constants.
assert 0xFF == 0b1111_1111 == 0o377 == 255
assert 1_000_000 == 10**6
assert 0xDEAD_BEEF_DEAD_BEEF_DEAD == 0xDEADBEEFDEADBEEF * 65536 + 57005
assert 1e3 == 1000.0
assert .5 == 0.5
assert 5. == 5.0
assert 1_0.0_1e-1 == 1.001
assert 3j * 3j == -9 and 1e2J.imag == 100.0
assert 00 == 0
assert "a" 'b' """c""" '''d''' == "abcd"
assert "\x41\u0042\U00000043\103\N{LATIN CAPITAL LETTER E}" == "ABCCE"
assert "\a\b\f\n\r\t\v\\\'\"" == chr(7) + chr(8) + chr(12) + chr(10) + chr(13) + chr(9) + chr(11) + "\\'\""
assert "a\
b" == "ab"
assert """x
y""" == "x\ny"
assert r"\n" == "\\n" and len(r"\\") == 2
assert b"\x00\xff\n" == bytes([0, 255, 10])
assert rb"\x" == b"\\x" and Rb"a" == bR"a" == b"a"
assert b"a" b"b" == b"ab"
assert u"text" == "text"
assert "\0" == chr(0) and "\08" == "\x008"
assert "ünïcödé" == "\xfcn\xefc\xf6d\xe9"
assert "🐍" == "\U0001F40D" and len("🐍") == 1
assert ... is Ellipsis
assert None is None
assert True is not False
assert () == tuple()
assert [] == list()
assert {} == dict()
assert (1,) != (1)
assert {1: 2,} == {1: 2}
assert [1, 2,] == [1, 2]
größe = 3
assert größe == 3
ﬁne = 1  # an identifier that normalizes (NFKC)
assert fine == 1
assert 9223372036854775807 + 1 == 9223372036854775808 == 2**63
assert -9223372036854775808 == -(2**63)
assert 1 if True else 2; assert True

for bad in [
    "0777", "1__0", "0x", "1_", "0b2", "'unterminated", "b'ü'", "1.e", "f(", "a b", '"\\N{no such name}"',
    "'\\x4'", "'\\u12'", "1 = x", "None = 1", "x +", "def", "return", "yield", "break", "continue",
    "(yield) = 1", "del f()", "f() = 1", "lambda x=1, y: 0", "def f(a, a): pass", "for 1 in x: pass",
    "f(a=1, 2)", "f(**k, *a)", "f(a=1, a=2)", "*a", "del *a", "x: int: str", "import a.b as c.d",
    "from . import *, a", "try: pass", "class A(: pass", "if x:\npass", "\tif x:\n        y\n\tz w",
    "async def f(): yield from x", "nonlocal x", "def f():\n global x\n nonlocal x", "global x; x = 1\ndef f(x): global x",
    "a, b += 1", "(a, b): int", "[x async for x in y]", "await x", "assert (x", "{1: 2, 3}", "{**a, *b}",
]:
    try:
        compile(bad, "bad", "exec")
    except SyntaxError as error:
        assert error.lineno is not None and error.filename == "bad", bad
    else:
        raise AssertionError(f"compiled: {bad}")
