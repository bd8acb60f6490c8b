# How arguments bind: positions, keywords, defaults, stars, and each error message.
def f(a, b=2, *c, d, e=5, **g):
    return a, b, c, d, e, g


assert f(1, d=4) == (1, 2, (), 4, 5, {})
assert f(1, 3, 9, 8, d=4, z=0) == (1, 3, (9, 8), 4, 5, {"z": 0})
assert f(d=1, a=2) == (2, 2, (), 1, 5, {})
assert f(*(1, 2), *[3], **{"d": 4}, **{"x": 5}) == (1, 2, (3,), 4, 5, {"x": 5})


def positional(a, b=2, /, c=3, *, d=4):
    return a, b, c, d


assert positional(1, c=5) == (1, 2, 5, 4)


def keywords(a, /, **rest):
    return a, rest


assert keywords(1, a=2) == (1, {"a": 2})


def plain(a, b):
    return a, b


def only(*, x, y):
    pass


def nothing():
    pass


def message(function, *arguments, **named):
    try:
        function(*arguments, **named)
    except TypeError as error:
        return str(error)
    raise AssertionError("no TypeError")


assert message(plain) == "plain() missing 2 required positional arguments: 'a' and 'b'"
assert message(plain, 1) == "plain() missing 1 required positional argument: 'b'"
assert message(lambda a, b, c: 0) == "<lambda>() missing 3 required positional arguments: 'a', 'b', and 'c'"
assert message(plain, 1, 2, 3) == "plain() takes 2 positional arguments but 3 were given"
assert message(nothing, 1) == "nothing() takes 0 positional arguments but 1 was given"
assert message(plain, 1, a=2) == "plain() got multiple values for argument 'a'"
assert message(plain, 1, c=2) == "plain() got an unexpected keyword argument 'c'"
assert message(only) == "only() missing 2 required keyword-only arguments: 'x' and 'y'"
assert message(only, x=1) == "only() missing 1 required keyword-only argument: 'y'"
assert (
    message(only, 1, x=1, y=2)
    == "only() takes 0 positional arguments but 1 positional argument (and 2 keyword-only arguments) were given"
)
assert message(positional) == "positional() missing 1 required positional argument: 'a'"
assert (
    message(positional, a=1)
    == "positional() got some positional-only arguments passed as keyword arguments: 'a'"
)
assert (
    message(positional, 1, b=1)
    == "positional() got some positional-only arguments passed as keyword arguments: 'b'"
)
assert (
    message(positional, 1, 2, 3, 4) == "positional() takes from 1 to 3 positional arguments but 4 were given"
)
assert message(f, *(1,), **{"a": 1}) == "f() got multiple values for argument 'a'"
try:
    plain(*5)
except TypeError as error:
    assert "argument after * must be an iterable, not int" in str(error)
try:
    plain(**5)
except TypeError as error:
    assert "argument after ** must be a mapping, not int" in str(error)
try:
    plain(**{1: 2})
except TypeError as error:
    assert str(error) == "keywords must be strings"
try:
    plain(**{"a": 1}, **{"a": 2})
except TypeError as error:
    assert "got multiple values for keyword argument 'a'" in str(error)


class Mapping:
    def keys(self):
        return ["a", "b"]

    def __getitem__(self, key):
        return key * 2


assert plain(**Mapping()) == ("aa", "bb")


def mutable(item, into=[]):
    into.append(item)
    return into


assert mutable(1) == [1] and mutable(2) == [1, 2]
mutable.__defaults__ = ([9],)
assert mutable(1) == [9, 1]
only.__kwdefaults__ = {"x": 1, "y": 2}
only()
arguments = [1, 2]
assert (lambda *a: a)(*arguments) == (1, 2)
named = {"k": 1}
assert (lambda **k: k)(**named) is not named
assert message(int, 1, 2, 3) == "int expected at most 2 arguments, got 3", message(int, 1, 2, 3)
assert message(len) == "len() takes exactly one argument (0 given)"
assert message([].append, 1, 2) == "list.append() takes exactly one argument (2 given)"
assert message("abc".upper, 1) == "str.upper() takes no arguments (1 given)"


class C:
    def method(self, a):
        pass


assert message(C().method) == "C.method() missing 1 required positional argument: 'a'"
assert message(C().method, 1, 2) == "C.method() takes 2 positional arguments but 3 were given"
assert message(C, 1) == "C() takes no arguments"
many = {f"k{i}": i for i in range(300)}
assert (lambda **k: len(k))(**many) == 300
assert (lambda *a: sum(a))(*range(1000)) == 499500


class Private:
    def call(self):
        return dict(__name=1), dict(*[()], __name=2, **{"other": 3})


# Names of arguments are not mangled, other than those of parameters.
assert Private().call() == ({"__name": 1}, {"__name": 2, "other": 3})
