# Comprehensions of modules and classes run in the frame around them: what is seen of that.
import sys

x = "module"
assert [locals()["x"] for x in [1]] == [1]
assert [sorted(locals()) for y in [1]] == [["y"]]
assert [eval("x + y") for y in [1] for x in [2]] == [3]
assert "y" not in [sys._getframe().f_locals for y in [0]][0]
assert x == "module" and locals() is globals()

# The inner x is another variable; the outer one lives on behind it.
assert [x for (x, [x**x for x in range(x)][x - 1]) in [(1, 2), (3, 4)]] == [1, 3]
pairs = [([lambda: x for x in range(2)], lambda: x) for x in range(3)]
assert [([g() for g in inner], outer()) for inner, outer in pairs] == [([1, 1], 2)] * 3


def raises(source):
    try:
        exec(source, {})
    except Exception as error:
        return type(error)


assert raises("class A:\n    __class__ = 2\n    [__class__ for x in [1]]") is NameError


class __X:
    pass


def take(value):
    return value


# Names are mangled in a class's body; of those around its type parameters only the parameters' are.
class Y[T: __X](*take([__X for _ in [1]])):
    pass


assert Y.__type_params__[0].__bound__ is __X
