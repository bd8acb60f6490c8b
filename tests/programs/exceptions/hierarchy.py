# The built-in exceptions: hierarchy, attributes, text, OSError subclasses, pickling arguments.
import errno

for child, parent in [
    (KeyError, LookupError),
    (IndexError, LookupError),
    (ZeroDivisionError, ArithmeticError),
    (OverflowError, ArithmeticError),
    (FloatingPointError, ArithmeticError),
    (ModuleNotFoundError, ImportError),
    (UnboundLocalError, NameError),
    (FileNotFoundError, OSError),
    (BrokenPipeError, ConnectionError),
    (ConnectionError, OSError),
    (NotImplementedError, RuntimeError),
    (RecursionError, RuntimeError),
    (PythonFinalizationError, RuntimeError),
    (IndentationError, SyntaxError),
    (TabError, IndentationError),
    (UnicodeDecodeError, UnicodeError),
    (UnicodeError, ValueError),
    (KeyboardInterrupt, BaseException),
    (SystemExit, BaseException),
    (GeneratorExit, BaseException),
    (StopAsyncIteration, Exception),
    (DeprecationWarning, Warning),
    (EncodingWarning, Warning),
    (ExceptionGroup, BaseExceptionGroup),
    (BlockingIOError, OSError),
    (TimeoutError, OSError),
]:
    assert issubclass(child, parent), child
assert not issubclass(KeyboardInterrupt, Exception)
assert IOError is OSError is EnvironmentError
assert issubclass(ExceptionGroup, Exception)
assert not issubclass(BaseExceptionGroup, Exception)
assert str(KeyError("k")) == "'k'"
assert str(KeyError("k", 2)) == "('k', 2)"
assert str(IndexError("k")) == "k"
assert type(OSError(errno.ENOENT, "gone", "file")) is FileNotFoundError
error = OSError(errno.EACCES, "denied", "from", None, "to")
assert type(error) is PermissionError
assert str(error) == "[Errno 13] denied: 'from' -> 'to'"
assert (error.errno, error.strerror, error.filename, error.filename2) == (13, "denied", "from", "to")
assert str(OSError(1, "x")) == "[Errno 1] x"
assert str(OSError("only")) == "only"
assert OSError("only").errno is None
try:
    open("/no/such/file")
except FileNotFoundError as error:
    assert str(error) == "[Errno 2] No such file or directory: '/no/such/file'"
    assert error.errno == errno.ENOENT
try:
    b"\xff".decode("utf-8")
except UnicodeDecodeError as error:
    assert (error.encoding, error.object, error.start, error.end, error.reason) == (
        "utf-8",
        b"\xff",
        0,
        1,
        "invalid start byte",
    )
    assert str(error) == "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"
try:
    "é€".encode("ascii")
except UnicodeEncodeError as error:
    assert str(error) == "'ascii' codec can't encode characters in position 0-1: ordinal not in range(128)"
try:
    import no_such_module
except ModuleNotFoundError as error:
    assert error.name == "no_such_module"
    assert str(error) == "No module named 'no_such_module'"
try:
    from math import nothing_like_this
except ImportError as error:
    assert error.name == "math"
    assert str(error).startswith("cannot import name 'nothing_like_this' from 'math'")
try:
    compile("a b", "file.py", "exec")
except SyntaxError as error:
    assert (error.filename, error.lineno, error.offset, error.text) == (
        "file.py",
        1,
        1,
        "a b",
    ) or error.offset == 3
stop = StopIteration(5)
assert stop.value == 5
assert SystemExit(3).code == 3
assert SystemExit().code is None
assert ImportError("m", name="n", path="p").path == "p"
assert repr(ValueError()) == "ValueError()"
assert repr(ValueError("a")) == "ValueError('a')"
assert repr(KeyError("a")) == "KeyError('a')"
try:
    ValueError(key=1)
except TypeError as error:
    assert str(error) == "ValueError() takes no keyword arguments"
e = ValueError(1)
e.args = [2, 3]
assert e.args == (2, 3)
e.extra = 1
assert e.__reduce__() == (ValueError, (2, 3), {"extra": 1})
import copy

clone = copy.copy(e)
assert clone.args == e.args and clone.extra == 1
try:
    {}["missing"]
except KeyError as error:
    assert error.args == ("missing",)
try:
    [1][5]
except IndexError as error:
    assert str(error) == "list index out of range"
try:
    int("x")
except ValueError as error:
    assert str(error) == "invalid literal for int() with base 10: 'x'"
try:
    None.x
except AttributeError as error:
    assert str(error) == "'NoneType' object has no attribute 'x'"
try:
    raise BaseException
except:
    pass


class Multi(ValueError, KeyError):
    pass


assert str(Multi("x")) in ("x", "'x'") and isinstance(Multi(), LookupError)
