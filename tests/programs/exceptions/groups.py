# Exception groups: except*, split, subgroup, derive, nesting, re-raise, mixing with plain exceptions.
group = ExceptionGroup(
    "message", [ValueError(1), ExceptionGroup("inner", [KeyError("k"), ValueError(2)]), OSError("o")]
)
assert str(group) == "message (3 sub-exceptions)"
assert group.message == "message"
assert len(group.exceptions) == 3
match, rest = group.split(ValueError)
assert repr(match) == "ExceptionGroup('message', [ValueError(1), ExceptionGroup('inner', [ValueError(2)])])"
assert repr(rest) == "ExceptionGroup('message', [ExceptionGroup('inner', [KeyError('k')]), OSError('o')])"
assert group.subgroup(lambda e: isinstance(e, KeyError)).exceptions[0].exceptions[0].args == ("k",)
assert group.subgroup(TypeError) is None
assert group.split((ValueError, KeyError, OSError))[1] is None
for arguments, kind, text in [
    (("m", []), ValueError, "second argument (exceptions) must be a non-empty sequence"),
    (("m", [5]), ValueError, "Item 0 of second argument (exceptions) is not an exception"),
    ((5, [ValueError()]), TypeError, "argument 1 must be str, not int"),
    (("m", [KeyboardInterrupt()]), TypeError, "Cannot nest BaseExceptions in an ExceptionGroup"),
]:
    try:
        ExceptionGroup(*arguments)
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(text)
assert type(BaseExceptionGroup("m", [ValueError()])) is ExceptionGroup
assert type(BaseExceptionGroup("m", [KeyboardInterrupt()])) is BaseExceptionGroup


def handle(make):
    log = []
    try:
        try:
            raise make()
        except* ValueError as errors:
            log.append(("value", [e.args[0] for e in errors.exceptions if isinstance(e, ValueError)]))
        except* (KeyError, OSError) as errors:
            log.append(("key or os", len(errors.exceptions)))
        else:
            log.append("else")
        finally:
            log.append("finally")
    except BaseException as error:
        log.append(repr(error))
    return log


assert handle(lambda: group) == [("value", [1]), ("key or os", 2), "finally"]
assert handle(lambda: ValueError(5)) == [("value", [5]), "finally"]
assert handle(lambda: ExceptionGroup("g", [TypeError("t"), ValueError(3)])) == [
    ("value", [3]),
    "finally",
    "ExceptionGroup('g', [TypeError('t')])",
]
assert handle(lambda: TypeError("plain")) == ["finally", "TypeError('plain')"]


def raise_in_handler():
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
    except* ValueError:
        raise KeyError("new")


try:
    raise_in_handler()
except ExceptionGroup as error:
    kinds = sorted(type(e).__name__ for e in error.exceptions)
    assert kinds == ["ExceptionGroup", "KeyError"] and error.message == ""


def reraise():
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
    except* ValueError:
        raise


try:
    reraise()
except ExceptionGroup as error:
    assert error.message == "g"
    assert sorted(type(e).__name__ for e in error.exceptions) == ["TypeError", "ValueError"]
try:
    try:
        raise ValueError
    except* ExceptionGroup:
        pass
except TypeError as error:
    assert str(error) == "catching ExceptionGroup with except* is not allowed. Use except instead."


class Mine(ExceptionGroup):
    def derive(self, exceptions):
        return Mine(self.message, exceptions)

    def __new__(cls, message, exceptions):
        self = super().__new__(cls, message, exceptions)
        self.code = 5
        return self


mine = Mine("m", [ValueError(), KeyError()])
mine.add_note("note")
a, b = mine.split(ValueError)
assert type(a) is type(b) is Mine
assert a.__notes__ == ["note"]
assert a.code == 5
for bad in [
    "try: pass\nexcept* ValueError: return",
    "for x in y:\n try: pass\n except* A: break",
    "try: pass\nexcept*: pass",
    "try: pass\nexcept A: pass\nexcept* B: pass",
]:
    try:
        compile("def f():\n" + "\n".join(" " + line for line in bad.splitlines()), "x", "exec")
    except SyntaxError:
        pass
    else:
        raise AssertionError(bad)
