# The tests' questions about code: kinds of variables, what code takes from elsewhere, what it returns.
import _testinternalcapi as internal


def outer(a, /, b, *args, c=1, **kwargs):
    d = a

    def inner():
        return d, c
    return inner


def resolved():
    return len(missing).attribute


def only_none(flag):
    if flag:
        return
    print(flag)


print(internal.get_co_localskinds(outer.__code__))
print(internal.get_co_localskinds(outer(1, 2).__code__))
print(internal.get_code_var_counts(outer)["locals"])
print(internal.get_code_var_counts(resolved)["unbound"])
print(internal.get_code_var_counts(resolved.__code__)["unbound"])
print(internal.get_code_var_counts(resolved, globalsns={"missing": 1}, builtinsns={})["unbound"])
names, attributes = set(), set()
internal.get_code_var_counts(resolved, names, attributes)
print(sorted(names), sorted(attributes))

for stateless in (only_none, outer(1, 2), resolved, resolved.__code__):
    try:
        print(internal.verify_stateless_code(stateless))
    except ValueError as error:
        print(error)

print(internal.code_returns_only_none(only_none.__code__), internal.code_returns_only_none(outer.__code__))


class Slots:
    __slots__ = "a"


class Plain:
    pass


print(internal.has_inline_values(Slots()), internal.has_inline_values(Plain()), internal.has_inline_values(1))
deleted = Plain()
del deleted.__dict__
print(internal.has_inline_values(deleted))
print(internal.dict_getitem_knownhash({"x": 1}, "x", hash("x")))
print(repr(internal.compiler_cleandoc("  one\n    two\n      three\n")))
print(internal.EncodeLocaleEx("a\udcff", 0, "surrogateescape"), ascii(internal.DecodeLocaleEx(b"a\xff", 0, "surrogateescape")))
for errors in ("strict", "replace"):
    try:
        internal.EncodeLocaleEx("a\udcff", 0, errors)
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, error)
