# Function objects: attributes, code, globals, partial application, signature, method types.
import functools
import inspect
import types


def f(a, b: int = 2, *args, c=3, **kw) -> str:
    "Doc."
    local = 1
    return local


assert f.__name__ == "f"
assert f.__qualname__ == "f"
assert f.__doc__ == "Doc."
assert f.__module__ == "__main__"
assert f.__defaults__ == (2,) and f.__kwdefaults__ == {"c": 3}
code = f.__code__
assert code.co_name == "f"
assert code.co_argcount == 2
assert code.co_kwonlyargcount == 1
assert code.co_varnames == ("a", "b", "c", "args", "kw", "local")
assert code.co_nlocals == 6
assert code.co_filename == __file__
assert code.co_firstlineno == 7
assert f.__globals__ is globals() and f.__closure__ is None
f.attribute = 5
assert f.attribute == 5 and f.__dict__ == {"attribute": 5}
assert str(inspect.signature(f)) == "(a, b: int = 2, *args, c=3, **kw) -> str"


def g():
    return x


x = 1
h = types.FunctionType(g.__code__, {"x": 7}, "renamed")
assert h() == 7
assert h.__name__ == "renamed"
assert g() == 1
g.__code__ = (lambda: "new code").__code__
assert g() == "new code"


def outer():
    def inner():
        pass

    class Local:
        def method(self):
            pass

    return inner, Local


inner, Local = outer()
assert inner.__qualname__ == "outer.<locals>.inner"
assert Local.method.__qualname__ == "outer.<locals>.Local.method"
assert (lambda: 0).__name__ == "<lambda>"
assert repr(f).startswith("<function f at 0x") and repr(len) == "<built-in function len>"

p = functools.partial(f, 1, c=9)
assert p.func is f
assert p.args == (1,)
assert p.keywords == {"c": 9}
assert functools.partial(p, b=3).keywords == {"c": 9, "b": 3}


class C:
    def method(self):
        return self

    @staticmethod
    def static():
        return "s"

    @classmethod
    def cls(cls):
        return cls


c = C()
bound = c.method
assert bound.__self__ is c
assert bound.__func__ is C.method
assert bound() is c
assert bound == c.method
assert hash(bound) == hash(c.method)
assert bound != C().method
assert C.method(5) == 5 and isinstance(C.__dict__["static"], staticmethod)
assert C.static() == c.static() == "s" and C.cls() is c.cls() is C
assert types.MethodType(lambda self, y: (self, y), 3)(4) == (3, 4)


@functools.wraps(f)
def wrapper(*a, **k):
    pass


assert wrapper.__name__ == "f"
assert wrapper.__wrapped__ is f
assert wrapper.__doc__ == "Doc."
assert callable(f)
assert callable(C)
assert callable(len)
assert not callable(5)
assert inspect.isfunction(f) and not inspect.isfunction(len)
try:
    f.__defaults__ = 5
except TypeError as error:
    assert str(error) == "__defaults__ must be set to a tuple object"


# Code objects go through marshal with what they were given, not with what the compiler made.
import marshal


def documented(a, b=2, *rest, c, **others):
    "doc"
    big, text = 10**30, "\ud800x"

    def inner():
        return a, b

    return inner, big, text, (1.5, 2j, b"abc", (None, True, ...)), a in {1, 2, 3}


changed = documented.__code__.replace(co_name="renamed", co_filename="elsewhere.py")
changed = changed.replace(
    co_consts=tuple("other" if value == "doc" else value for value in changed.co_consts)
)
again = marshal.loads(marshal.dumps(changed))
assert again == changed
assert (again.co_name, again.co_filename) == ("renamed", "elsewhere.py")
assert again.co_consts[0] == "other" and "doc" not in again.co_consts
assert (again.co_names, again.co_varnames, again.co_cellvars) == (
    changed.co_names,
    changed.co_varnames,
    changed.co_cellvars,
)
assert type(documented)(again, globals())(1, 2, c=3)[1:] == documented(1, 2, c=3)[1:]
try:
    marshal.dumps(changed.replace(co_consts=changed.co_consts + (object(),)))
except ValueError as error:
    assert str(error) == "unmarshallable object"
else:
    raise AssertionError
