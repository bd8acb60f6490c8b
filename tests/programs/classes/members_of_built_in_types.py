# Attributes of built-in types that are members, not getters: types, messages, qualified names.
import types

for descriptor in (complex.real, property.fget, slice.start, types.FunctionType.__globals__, str.upper):
    print(type(descriptor).__name__, descriptor.__qualname__, descriptor.__objclass__.__name__)
print(types.MemberDescriptorType.__name__, types.GetSetDescriptorType.__name__)
for target, name in ((property(), "fget"), (1j, "real"), (slice(1), "stop")):
    try:
        setattr(target, name, 1)
    except AttributeError as error:
        print(error)


class Plain:
    "documented"


for change in (
    lambda: type.__dict__["__doc__"].__delete__(Plain),
    lambda: type.__dict__["__doc__"].__set__(list, "text"),
    lambda: setattr(Plain, "__name__", "a\0b"),
    lambda: Plain().__init__(1),
    lambda: Plain(1),
    lambda: int(memoryview(b"1"), 2),
    lambda: int().__pow__(),
):
    try:
        change()
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)


class Mixed(dict):
    __setattr__ = dict.__setitem__


mixed = Mixed()
mixed.key = 1
print(mixed)


class Wrong(int):
    __add__ = str.__add__


try:
    Wrong() + Wrong()
except TypeError as error:
    print(error)


class Picky:
    def __getattr__(self, name):
        raise AssertionError(name)


print(Picky().__reduce_ex__(2)[1:])
