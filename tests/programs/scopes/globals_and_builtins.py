# Global names: fall through to builtins, shadowing and back, del, exec with other globals, __builtins__.
def uses_len(x):
    return len(x)


assert uses_len("abc") == 3
len = lambda x: "shadowed"
assert uses_len("abc") == "shadowed"
del len
assert uses_len("abc") == 3


def sets_global():
    global created
    created = 1


try:
    created
except NameError as error:
    assert str(error) == "name 'created' is not defined" and error.name == "created"
sets_global()
assert created == 1 and globals()["created"] == 1
globals()["made"] = 2
assert made == 2
del globals()["made"]
try:
    made
except NameError:
    pass
try:
    del made
except NameError as error:
    assert str(error) == "name 'made' is not defined"

space = {"x": 5}
exec("def f(): return x, y\ny = x + 1", space)
assert space["f"]() == (5, 6)
space["x"] = 7
assert space["f"]() == (7, 6)
assert "__builtins__" in space
limited = {"__builtins__": {"abs": abs}}
assert eval("abs(-3)", limited) == 3
try:
    eval("max(1, 2)", limited)
except NameError:
    pass
else:
    raise AssertionError


def global_before_use():
    global counter
    counter = 1

    def inner():
        global counter
        counter += 1

    inner()
    return counter


assert global_before_use() == 2
import builtins

builtins.injected = "everywhere"
assert injected == "everywhere"
del builtins.injected
try:
    injected
except NameError:
    pass


def local_then_global():
    return value


value = 1
assert local_then_global() == 1
value = 2
assert local_then_global() == 2


class Names(dict):
    def __missing__(self, key):
        if key.startswith("auto"):
            return key.upper()
        raise KeyError(key)


assert eval("auto_x + auto_y", {}, Names()) == "AUTO_XAUTO_Y"
