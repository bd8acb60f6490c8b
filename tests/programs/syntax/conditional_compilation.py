# Constant folding and dead code keep the meaning: errors stay at run time, docstrings stay, names stay local.
def dead():
    if 0:
        x = 1
    return "x" in dead.__code__.co_varnames


assert dead()


def never():
    return 1
    yield


import types

assert isinstance(never(), types.GeneratorType)


def fold():
    return 2 * 3 + 4, "a" * 3, (1, 2)[1], -5, not True


assert fold() == (10, "aaa", 2, -5, False)
for text in ["1 / 0", "1 << -1", "(1, 2)[5]", "'a' + 1", "2 ** -1 % 0", "[1][3]"]:
    code = compile(text, "constant", "eval")
    try:
        eval(code)
    except (ZeroDivisionError, ValueError, IndexError, TypeError):
        pass
    else:
        raise AssertionError(text)


def documented():
    """The docstring."""


def not_documented():
    f"""not a docstring"""


assert documented.__doc__ == "The docstring." and not_documented.__doc__ is None
assert -0.0 == 0.0
assert str(-0.0) == "-0.0"
assert str(0.0) == "0.0"
assert [type(v) for v in (1, 1.0, True)] == [int, float, bool]
assert {1, 1.0, True} == {1}


def same_value_constants():
    return 0.0, -0.0, 0, False


assert [str(v) for v in same_value_constants()] == ["0.0", "-0.0", "0", "False"]
if __debug__:
    try:
        assert False, "message"
    except AssertionError as error:
        assert error.args == ("message",)
assert "b" in {"a", "b"}
assert 3 not in {1, 2}
assert 2 in [1, 2]
while 0:
    raise AssertionError
