# raise in all its forms, chaining, contexts, notes, re-raise, tracebacks attached.
import sys

try:
    raise ValueError
except ValueError as error:
    assert error.args == ()
    assert error.__traceback__ is not None
    assert error.__context__ is None
try:
    raise ValueError("a", 1)
except ValueError as error:
    assert error.args == ("a", 1)
    assert str(error) == "('a', 1)"
    assert repr(error) == "ValueError('a', 1)"
try:
    error
except NameError:
    pass
else:
    raise AssertionError("the name is deleted at the end of the clause")


def chained():
    try:
        1 / 0
    except ZeroDivisionError as first:
        raise KeyError("k") from first


try:
    chained()
except KeyError as error:
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert error.__cause__ is error.__context__
    assert error.__suppress_context__
try:
    try:
        1 / 0
    except ZeroDivisionError:
        raise KeyError from None
except KeyError as error:
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert isinstance(error.__context__, ZeroDivisionError)
try:
    try:
        1 / 0
    except ZeroDivisionError:
        undefined
except NameError as error:
    assert isinstance(error.__context__, ZeroDivisionError) and error.__cause__ is None


def reraise():
    try:
        raise ValueError("kept")
    except ValueError:
        try:
            raise KeyError
        except KeyError:
            pass
        raise


try:
    reraise()
except ValueError as error:
    assert str(error) == "kept"
for text, kind, message in [
    ("raise", RuntimeError, "No active exception to reraise"),
    ("raise 5", TypeError, "exceptions must derive from BaseException"),
    ("raise int", TypeError, "exceptions must derive from BaseException"),
    ("raise ValueError from 5", TypeError, "exception causes must derive from BaseException"),
    (
        "try: 1/0\nexcept 5: pass",
        TypeError,
        "catching classes that do not inherit from BaseException is not allowed",
    ),
]:
    try:
        exec(text)
    except kind as error:
        assert str(error) == message, error
    else:
        raise AssertionError(text)


class Custom(Exception):
    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code


try:
    raise Custom(7)
except (KeyError, Custom) as error:
    assert error.code == 7 and str(error) == "code 7"
    error.add_note("first")
    error.add_note("second")
    assert error.__notes__ == ["first", "second"]
assert sys.exception() is None
try:
    raise ValueError
except ValueError as outer:
    assert sys.exception() is outer and sys.exc_info()[0] is ValueError
    try:
        raise KeyError
    except KeyError as inner:
        assert sys.exception() is inner
    assert sys.exception() is outer


def depth():
    try:
        inner_raise()
    except OSError as error:
        trace = error.__traceback__
        names = []
        while trace:
            names.append(
                (trace.tb_frame.f_code.co_name, trace.tb_lineno - trace.tb_frame.f_code.co_firstlineno)
            )
            trace = trace.tb_next
        return names


def inner_raise():
    raise OSError


assert depth() == [("depth", 2), ("inner_raise", 1)]
e = ValueError("x").with_traceback(None)
assert e.__traceback__ is None
cycle_a, cycle_b = ValueError("a"), ValueError("b")
cycle_a.__context__ = cycle_b
try:
    try:
        raise cycle_a
    except ValueError:
        raise cycle_b
except ValueError as error:
    assert error is cycle_b
    assert error.__context__ is cycle_a
    assert cycle_a.__context__ is None
assert ValueError("a") != ValueError("a")


class Raises:
    def __bool__(self):
        raise KeyError("bool")


try:
    if Raises():
        pass
except KeyError as error:
    assert error.args == ("bool",)


class Matcher(type):
    def __instancecheck__(cls, instance):
        return True

    def __subclasscheck__(cls, other):
        return True


class Anything(Exception, metaclass=Matcher):
    pass


try:
    try:
        raise KeyError
    except Anything:
        raise AssertionError("except does not ask __subclasscheck__")
except KeyError:
    pass


def unwinding():
    kept = []
    for i in range(3):
        try:
            try:
                raise ValueError(i)
            except ValueError as error:
                kept.append(str(error))
                if i == 1:
                    continue
            finally:
                kept.append("f")
        except KeyError:
            pass
    return kept


assert unwinding() == ["0", "f", "1", "f", "2", "f"]
