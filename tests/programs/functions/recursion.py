# Deep recursion raises RecursionError, also through calls that pass by native code, and one can go on after it.
import sys


def down(n):
    return 0 if n == 0 else 1 + down(n - 1)


assert down(900) == 900


def forever():
    forever()


for _ in range(3):
    try:
        forever()
    except RecursionError as error:
        assert "maximum recursion depth exceeded" in str(error)
    else:
        raise AssertionError

old = sys.getrecursionlimit()
sys.setrecursionlimit(5000)
assert down(4500) == 4500
sys.setrecursionlimit(old)


class Repr:
    def __repr__(self):
        return repr(self)


class Equal:
    def __eq__(self, other):
        return self == other


class Attribute:
    def __getattr__(self, name):
        return getattr(self, name + "x")


class Callable:
    def __call__(self):
        return self()


class Adder:
    def __add__(self, other):
        return self + other


def by_map():
    return list(map(lambda _: by_map(), [1]))


def by_sort():
    return sorted([2, 1], key=lambda _: by_sort())


def by_generator():
    yield from by_generator()


def by_iter():
    for item in by_generator():
        pass


for trial in [
    lambda: repr(Repr()),
    lambda: Equal() == Equal(),
    lambda: Attribute().a,
    Callable(),
    lambda: Adder() + 1,
    by_map,
    by_sort,
    by_iter,
]:
    try:
        trial()
    except RecursionError:
        pass
    else:
        raise AssertionError(trial)
nested = []
for _ in range(100_000):
    nested = [nested]
try:
    repr(nested)
except RecursionError:
    pass
else:
    raise AssertionError("repr")
other = []
for _ in range(100_000):
    other = [other]
try:
    nested == other
except RecursionError:
    pass
del nested, other  # freed without recursion
loop = []
loop.append(loop)
assert repr(loop) == "[[...]]"
table = {}
table["self"] = table
assert repr(table) == "{'self': {...}}"


# Too deep a structure for the native stack: the error is made on the part that is kept for it.
deep = {}
for _ in range(150_000):
    deep = {1: deep}
try:
    repr(deep)
except RecursionError as error:
    assert "maximum recursion depth exceeded" in str(error) or "Stack overflow" in str(error)
else:
    raise AssertionError("repr of a deep dict")
del deep
