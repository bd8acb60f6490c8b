# What is mangled in a class: variables and imported modules, but not the names of keyword arguments.
import sys
import types


def keywords(**given):
    return sorted(given)


sys.modules["_A__module"] = types.ModuleType("_A__module")


class A:
    import __module

    __variable = 1
    given = keywords(__one=1, **{"__two": 2})


assert A.given == ["__one", "__two"]
assert A._A__variable == 1 and A._A__module is sys.modules["_A__module"]

# A function made of a module's code has the globals for its variables.
namespace = {}
types.FunctionType(compile("x = 1\ndel x\ny = 2\nz = locals()", "<module>", "exec"), namespace)()
assert namespace["y"] == 2 and "x" not in namespace and namespace["z"] is namespace


def overridden():
    return all(x for x in [0])


assert overridden() is False
all = lambda items: "overridden"
assert overridden() == "overridden"
