# Type parameters (PEP 695, 696): functions, classes, aliases, lazily evaluated bounds, scopes.
from typing import TypeVar, TypeVarTuple, ParamSpec, Generic


def first[T](items: list[T]) -> T:
    return items[0]


assert first([3]) == 3
(T,) = first.__type_params__
assert isinstance(T, TypeVar)
assert T.__name__ == "T"
assert repr(T) == "T"
assert first.__annotations__ == {"items": list[T], "return": T}


class Stack[Item: (int, str), *Rest, **Call]:
    def push(self, item: Item) -> None: ...


item, rest, call = Stack.__type_params__
assert item.__constraints__ == (int, str)
assert isinstance(rest, TypeVarTuple) and isinstance(call, ParamSpec)
assert Generic in Stack.__mro__
assert Stack.__orig_bases__


class Bounded[T: Later = int]:
    pass


(bounded,) = Bounded.__type_params__
try:
    bounded.__bound__
except NameError:
    pass
else:
    raise AssertionError("evaluated early")
Later = float
assert bounded.__bound__ is float
assert bounded.__default__ is int
assert bounded.has_default()

type Pair[A, B] = tuple[A, B]
type Recursive = list[Recursive] | int
type Lazy = undefined_for_now
assert Pair.__name__ == "Pair" and str(Pair[int, str]) == "Pair[int, str]"
assert Pair[int, str].__args__ == (int, str) and Pair[int, str].__origin__ is Pair
assert Recursive.__value__.__args__[1] is int
try:
    Lazy.__value__
except NameError:
    pass
undefined_for_now = 3
assert Lazy.__value__ == 3
type = "type is a soft keyword"
assert type.startswith("type")


class Outer[T]:
    def method[U](self, t: T, u: U):
        return T, U

    class Inner:
        inner: T


assert Outer.method.__annotations__["t"] is Outer.__type_params__[0]
t, u = Outer().method(1, 2)
assert t is Outer.__type_params__[0] and u is Outer.method.__type_params__[0]
assert Outer.Inner.__annotations__["inner"] is Outer.__type_params__[0]
assert Outer[int].__args__ == (int,)
try:
    T.nothing
except AttributeError:
    pass
