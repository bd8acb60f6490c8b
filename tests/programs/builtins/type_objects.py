# Types as objects: names, unions, generic aliases, mapping proxies, SimpleNamespace, code and frames.
import sys
import types

assert int | str == str | int
assert isinstance(1, int | None)
assert repr(int | None) == "int | None"
assert (int | str).__args__ == (int, str)
assert type(int | str) is types.UnionType
assert int | int is int
assert hash(int | str) == hash(str | int)
alias = list[int]
assert alias.__origin__ is list
assert alias.__args__ == (int,)
assert repr(dict[str, list[int]]) == "dict[str, list[int]]"
assert alias([1]) == [1]
assert alias == list[int]
assert type(alias) is types.GenericAlias
assert tuple[int, ...].__args__ == (int, ...)
try:
    isinstance([], list[int])
except TypeError as error:
    assert str(error) == "isinstance() argument 2 cannot be a parameterized generic"
try:
    int[str]
except TypeError as error:
    assert str(error) == "type 'int' is not subscriptable"
n = types.SimpleNamespace(a=1, b="x")
n.c = 2
assert repr(n) == "namespace(a=1, b='x', c=2)"
assert n == types.SimpleNamespace(a=1, b="x", c=2)
assert n.__dict__["a"] == 1
p = types.MappingProxyType({"k": 1})
assert p["k"] == 1
assert list(p) == ["k"]
assert len(p) == 1
assert repr(p) == "mappingproxy({'k': 1})"
assert p | {"l": 2} == {"k": 1, "l": 2}
try:
    p["x"] = 1
except TypeError as error:
    assert str(error) == "'mappingproxy' object does not support item assignment"
assert type(int.__dict__) is types.MappingProxyType
assert "bit_length" in int.__dict__
assert int.__name__ == int.__qualname__ == "int"
assert int.__module__ == "builtins"
assert bool.__base__ is int
assert object.__bases__ == ()
assert type.__mro__ == (type, object)
assert type(len) is types.BuiltinFunctionType
assert type([].append) is types.BuiltinMethodType
assert type(list.append) is types.MethodDescriptorType
assert type(int.__add__) is types.WrapperDescriptorType
assert type((1).__add__) is types.MethodWrapperType
assert type(int.real) is types.GetSetDescriptorType
assert type(int.__dict__["from_bytes"]) is types.ClassMethodDescriptorType
assert list.append.__name__ == "append"
assert list.append.__qualname__ == "list.append"
assert [].append.__self__ == []
assert len.__self__.__name__ == "builtins"
assert int.__doc__
assert len.__doc__
assert list.append.__objclass__ is list


def f(a):
    return sys._getframe()


frame = f(3)
assert frame.f_code is f.__code__
assert frame.f_locals == {"a": 3}
assert frame.f_globals is globals()
assert frame.f_lineno == f.__code__.co_firstlineno + 1
assert type(frame) is types.FrameType
code = f.__code__.replace(co_name="renamed")
assert code.co_name == "renamed"
assert code != f.__code__
assert f.__code__ == f.__code__
assert hash(f.__code__) == hash(f.__code__)
assert list(f.__code__.co_lines())
assert list(f.__code__.co_positions())
assert f.__code__.co_flags & 3 == 3
assert types.FunctionType(code, {"sys": sys})(1).f_code.co_name == "renamed"
cell = types.CellType(5)
assert cell.cell_contents == 5 and types.CellType() == types.CellType()
assert isinstance(NotImplemented, types.NotImplementedType)
assert type(...) is types.EllipsisType
assert type(None) is types.NoneType
try:
    bool(NotImplemented)
except TypeError as error:
    assert "NotImplemented should not be used in a boolean context" in str(error)


class Meta(type):
    pass


assert types.prepare_class("X", (), {"metaclass": Meta})[0] is Meta
assert types.resolve_bases((int,)) == (int,)
assert types.get_original_bases(bool) == (int,)
from typing import (
    Optional,
    Union,
    get_type_hints,
    get_origin,
    get_args,
    Any,
    Callable,
    Literal,
    Protocol,
    runtime_checkable,
    cast,
    Annotated,
)

assert Optional[int] == int | None
assert Union[int, str] == int | str
assert get_origin(list[int]) is list
assert get_args(dict[str, int]) == (str, int)
assert repr(Callable[[int], str]) == "typing.Callable[[int], str]"
assert Literal[1, 2].__args__ == (1, 2)
assert cast(int, "a") == "a"
assert get_args(Annotated[int, "m"]) == (int, "m")


@runtime_checkable
class HasRead(Protocol):
    def read(self): ...


import io

assert isinstance(io.StringIO(), HasRead) and not isinstance(5, HasRead)


class Hints:
    a: "int"
    b: list["Hints"] | None = None


assert get_type_hints(Hints) == {"a": int, "b": list[Hints] | None} or get_type_hints(Hints)["a"] is int
