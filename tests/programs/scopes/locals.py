# Local variables: unbound errors, del, locals() snapshots (PEP 667), class bodies, exec.
import sys


def unbound():
    print(x)
    x = 1


try:
    unbound()
except UnboundLocalError as error:
    assert str(error) == "cannot access local variable 'x' where it is not associated with a value"


def deleted():
    x = 1
    del x
    return x


try:
    deleted()
except UnboundLocalError as error:
    assert "'x'" in str(error)


def del_twice():
    x = 1
    del x
    del x


try:
    del_twice()
except UnboundLocalError as error:
    assert "cannot access local variable 'x'" in str(error)


def snapshot(a, b=2):
    c = 3
    first = locals()
    c = 4
    d = 5
    second = locals()
    first["a"] = 100
    return first, second, a


first, second, a = snapshot(1)
assert first == {"a": 100, "b": 2, "c": 3}
assert second["c"] == 4
assert second["d"] == 5
assert second["first"] is first
assert a == 1


def through_frame():
    value = 1
    sys._getframe().f_locals["value"] = 2
    return value


assert through_frame() == 2


def cell_in_locals():
    x = 1

    def f():
        nonlocal x
        x += 1

    f()
    return locals()["x"]


assert cell_in_locals() == 2


def exec_does_not_bind():
    x = 1
    exec("x = 2; y = 3")
    return x, "y" in locals()


assert exec_does_not_bind() == (1, False)


def exec_into_dict():
    space = {}
    exec("y = 3", globals(), space)
    return space


assert exec_into_dict() == {"y": 3}


class Body:
    a = 1
    names = sorted(k for k in locals() if not k.startswith("__"))
    b = a + 1
    del a


assert Body.names == ["a"]
assert Body.b == 2
assert not hasattr(Body, "a")
assert locals() is globals()


def conditional(flag):
    if flag:
        y = 1
    return y


assert conditional(True) == 1
try:
    conditional(False)
except UnboundLocalError:
    pass


def class_scope_and_global():
    class A:
        x = x_global

        def f(self):
            return x_global

    return A.x, A().f()


x_global = "g"
assert class_scope_and_global() == ("g", "g")


def nested_class_lookup(name):
    class A:
        name = name + "!"

    return A.name


try:
    nested_class_lookup("n")
except NameError as error:
    assert str(error) == "name 'name' is not defined", (
        "a name the body binds is looked up in globals, not around"
    )
else:
    raise AssertionError
