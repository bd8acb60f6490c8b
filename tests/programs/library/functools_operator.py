# functools and operator.
import functools
import operator

calls = []


@functools.lru_cache(maxsize=2)
def square(x):
    calls.append(x)
    return x * x


assert [square(x) for x in (1, 2, 1, 3, 1, 2)] == [1, 4, 1, 9, 1, 4]
assert calls == [1, 2, 3, 2]
assert square.cache_info() == (2, 4, 2, 2)
assert square.cache_parameters() == {"maxsize": 2, "typed": False}
square.cache_clear()
assert square.cache_info().misses == 0 and square.__wrapped__(5) == 25


@functools.cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


assert fib(100) == 354224848179261915075


@functools.lru_cache(typed=True)
def kind(x):
    return type(x)


assert kind(1) is int and kind(1.0) is float
try:
    square([])
except TypeError as error:
    assert str(error) == "unhashable type: 'list'"
assert functools.reduce(operator.add, [1, 2, 3]) == 6
assert functools.reduce(operator.mul, [], 5) == 5
try:
    functools.reduce(operator.add, [])
except TypeError as error:
    assert str(error) == "reduce() of empty iterable with no initial value"
p = functools.partial(int, base=2)
assert p("101") == 5 and repr(p) == "functools.partial(<class 'int'>, base=2)"
assert functools.partial(lambda *a: a, functools.Placeholder, 2)(1) == (1, 2)


class C:
    def method(self, a, b):
        return self, a, b

    half = functools.partialmethod(method, 1)

    @functools.singledispatchmethod
    def show(self, x):
        return "object"

    @show.register
    def _(self, x: int):
        return "int"


c = C()
assert c.half(2) == (c, 1, 2)
assert c.show(5) == "int"
assert c.show("a") == "object"


@functools.singledispatch
def describe(x):
    return "object"


@describe.register(list)
def _(x):
    return "list"


@describe.register
def _(x: int | float):
    return "number"


assert [describe(v) for v in ("a", [1], 1, 1.5, True)] == ["object", "list", "number", "number", "number"]


@functools.total_ordering
class T:
    def __init__(self, v):
        self.v = v

    def __eq__(self, o):
        return self.v == o.v

    def __lt__(self, o):
        return self.v < o.v


assert T(1) <= T(1)
assert T(2) > T(1)
assert T(2) >= T(2)
assert sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: b - a)) == [3, 2, 1]
assert operator.itemgetter(1)([5, 6]) == 6
assert operator.itemgetter("a", "b")({"a": 1, "b": 2}) == (1, 2)
assert operator.attrgetter("real", "imag")(1j) == (0.0, 1.0)
assert operator.attrgetter("__class__.__name__")(1) == "int"
assert operator.methodcaller("split", ",")("a,b") == ["a", "b"]
assert operator.add(1, 2) == 3
assert operator.contains([1], 1)
assert operator.index(True) == 1
assert operator.truth([]) is False
assert operator.is_(None, None)
assert operator.concat([1], [2]) == [1, 2]
assert operator.length_hint(iter([1])) == 1
assert operator.countOf([1, 1], 1) == 2
assert operator.iadd([1], [2]) == [1, 2]
assert operator.invert(0) == -1
