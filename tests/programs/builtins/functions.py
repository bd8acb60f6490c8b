# The built-in functions: results, keyword arguments, errors.
assert abs(-3) == 3
assert all([1, "a"])
assert not all([1, 0])
assert all([])
assert any([0, 1])
assert not any([])
assert bin(5) == "0b101"
assert hex(255) == "0xff"
assert oct(8) == "0o10"
assert chr(97) == "a"
assert ord("a") == 97
assert divmod(7, 2) == (3, 1)
assert pow(2, 3) == 8
assert pow(2, 3, 5) == 3
assert pow(base=2, exp=3) == 8
assert round(2.5) == 2
assert round(2.567, 2) == 2.57
assert sum([1, 2], start=10) == 13
assert sum([[1], [2]], []) == [1, 2]
assert sum([]) == 0
assert min(3, 1, 2) == 1
assert max([1, 3, 2]) == 3
assert max("a", "bb", key=len) == "bb"
assert min([], default=5) == 5
assert max((1, "a"), (1, "b")) == (1, "b")
assert min(1, 1.0) == 1
assert type(max(1, 1.0)) is int
assert sorted("bca") == ["a", "b", "c"]
assert list(map(str, [1, 2])) == ["1", "2"]
assert list(filter(None, [0, 1])) == [1]
assert list(zip("ab", [1, 2])) == [("a", 1), ("b", 2)]
assert list(enumerate("a")) == [(0, "a")]
assert list(reversed([1, 2])) == [2, 1]
assert isinstance(1, (str, int))
assert isinstance(1, int | str)
assert not isinstance(1, str)
assert issubclass(bool, int)
assert issubclass(int, (str, object))
assert callable(len)
assert hash(1) == 1
assert id(None) == id(None)
assert len("abc") == 3
assert type(1) is int
assert repr("a") == "'a'"
assert ascii("é") == "'\\xe9'"
assert getattr(1, "real") == 1
assert getattr(1, "nope", "d") == "d"
assert hasattr(1, "imag")
assert not hasattr(1, "nope")
assert iter([1]).__next__() == 1
assert next(iter([]), "end") == "end"
assert format(5, "03") == "005"
assert eval("1 + 1") == 2
assert eval("x", {"x": 5}) == 5
assert exec("y = 1") is None
assert y == 1
assert vars(type("A", (), {"x": 1}))["x"] == 1
assert "append" in dir([])
assert callable(compile)
assert str(b"a") == "b'a'"
assert bytes("a", "ascii") == b"a"
assert list(range(3)) == [0, 1, 2]
assert bool([]) is False
assert complex(1) == 1
assert frozenset("a") == {"a"}
assert slice(1).stop == 1
assert memoryview(b"a")[0] == 97
assert object()
assert property()
assert super
for bad, kind, text in [
    ("max()", TypeError, "max expected at least 1 argument, got 0"),
    ("max([])", ValueError, "max() iterable argument is empty"),
    ("min(1, 'a')", TypeError, "'<' not supported between instances of 'str' and 'int'"),
    ("sum(['a'])", TypeError, "unsupported operand type(s) for +: 'int' and 'str'"),
    ("sum('a', '')", TypeError, "sum() can't sum strings [use ''.join(seq) instead]"),
    ("isinstance(1, 1)", TypeError, "isinstance() arg 2 must be a type, a tuple of types, or a union"),
    ("issubclass(1, int)", TypeError, "issubclass() arg 1 must be a class"),
    ("next(iter([]))", StopIteration, ""),
    ("getattr(1, 'a b')", AttributeError, "'int' object has no attribute 'a b'"),
    ("getattr(1, 2)", TypeError, "attribute name must be string, not 'int'"),
    ("chr('a')", TypeError, "'str' object cannot be interpreted as an integer"),
    ("abs('a')", TypeError, "bad operand type for abs(): 'str'"),
    ("round('a')", TypeError, "type str doesn't define __round__ method"),
    ("eval('1 +')", SyntaxError, "invalid syntax"),
    ("compile('x', 'f', 'wrong')", ValueError, "compile() mode must be 'exec', 'eval' or 'single'"),
    ("hash({})", TypeError, "unhashable type: 'dict'"),
    ("enumerate()", TypeError, "enumerate() missing required argument 'iterable'"),
    ("bin('a')", TypeError, "'str' object cannot be interpreted as an integer"),
    ("type(1, 2)", TypeError, "type() takes 1 or 3 arguments"),
    ("object(1)", TypeError, "object() takes no arguments"),
    ("sorted([1], key=5)", TypeError, "'int' object is not callable"),
    ("divmod(1, 0)", ZeroDivisionError, "division by zero"),
    ("sorted()", TypeError, "sorted expected 1 argument, got 0"),
    ("map(len)", TypeError, "map() must have at least two arguments."),
    ("print(sep=5)", TypeError, "sep must be None or a string, not int"),
    ("vars(5)", TypeError, "vars() argument must have __dict__ attribute"),
    ("__import__(5)", TypeError, ""),
    ("exec(5)", TypeError, "exec() arg 1 must be a string, bytes or code object"),
    ("open('/no/such')", FileNotFoundError, "[Errno 2] No such file or directory: '/no/such'"),
]:
    try:
        eval(bad)
    except kind as error:
        assert text in str(error), (bad, str(error))
    else:
        raise AssertionError(bad)
import io

out = io.StringIO()
print(1, "a", sep="-", end="!\n", file=out, flush=True)
print(file=out)
print(*[1, 2], file=out)
assert out.getvalue() == "1-a!\n\n1 2\n"
code = compile("a = 1\nb = a + 1", "<made>", "exec")
space = {}
exec(code, space)
assert space["b"] == 2
assert code.co_filename == "<made>"
assert eval(compile("1 + 2", "", "eval")) == 3
exec(b"# coding: latin-1\ns = '\xe9'", space)
assert space["s"] == "é"
import ast

assert isinstance(compile("1", "", "eval", ast.PyCF_ONLY_AST), ast.Expression)
import sys

sys.stdin, stdin = io.StringIO("typed\n"), sys.stdin
assert input() == "typed"
try:
    input()
except EOFError as error:
    assert str(error) == "EOF when reading a line"
sys.stdin = stdin
displayed = []
sys.displayhook, hook = displayed.append, sys.displayhook
exec(compile("1 + 1", "", "single"))
sys.displayhook = hook
assert displayed == [2]
assert type("X", (int,), {"y": 2})(5).y == 2
assert type(type) is type
assert isinstance(type, object)
assert type.__call__(int, "5") == 5
assert help
assert copyright
assert license
assert exit
assert quit
