# Generic aliases and unions as values: copies, modules, hashes, substitution.
import copy
import pickle
from typing import Callable, Concatenate, ParamSpec, TypeAliasType, TypeVar, Union

T = TypeVar("T")
P = ParamSpec("P", bound=(int, str))
print(P.__bound__, type.__module__, TypeAliasType.__module__, TypeAliasType("A", int).__module__)
starred = next(iter(tuple[int, ...]))
print(starred, copy.copy(starred) == starred, pickle.loads(pickle.dumps(starred)) == starred)
print(iter(list[int]).__reduce__()[1:], "__copy__" in dir(list[int]), "__origin__" in dir(list[int]))
generic = Callable[Concatenate[int, P], T]
print(generic[[str, float], bytes], generic[..., int])
print(Union[int, str] | "later", hash(int | str) == hash(str | int))


class Odd(type):
    hashable = False

    def __hash__(cls):
        if Odd.hashable:
            return 1
        raise TypeError("not now")


class A(metaclass=Odd):
    pass


union = A | int
for Odd.hashable in (False, True):
    try:
        hash(union)
    except TypeError as error:
        print(error)


class Strange(type):
    def mro(cls):
        return (cls, Base, object)


class Base:
    value = 1


class Borrower(metaclass=Strange):
    pass


for Base.value in range(3):
    print(Borrower.value, end=" ")
print(Borrower.__bases__)
