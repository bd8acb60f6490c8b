# The descriptor protocol: data and non-data, property, __set_name__, slots, priority over the instance.
class Data:
    def __set_name__(self, owner, name):
        self.owner, self.name = owner, name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return ("get", instance.__dict__.get(self.name))

    def __set__(self, instance, value):
        instance.__dict__[self.name] = value

    def __delete__(self, instance):
        del instance.__dict__[self.name]


class NonData:
    def __get__(self, instance, owner):
        return ("non-data", instance is None, owner.__name__)


class C:
    data = Data()
    plain = NonData()


c = C()
assert C.data.name == "data" and C.data.owner is C
c.data = 5
assert c.data == ("get", 5) and c.__dict__ == {"data": 5}
del c.data
assert c.data == ("get", None)
assert c.plain == ("non-data", False, "C") and C.plain == ("non-data", True, "C")
c.plain = "mine"
assert c.plain == "mine"


class Celsius:
    def __init__(self):
        self._t = 0

    @property
    def t(self):
        "Temperature."
        return self._t

    @t.setter
    def t(self, value):
        if value < -273:
            raise ValueError("too cold")
        self._t = value

    @t.deleter
    def t(self):
        self._t = None

    read_only = property(lambda self: "r")
    write_only = property(None, lambda self, value: None)


x = Celsius()
x.t = 20
assert x.t == 20 and Celsius.t.__doc__ == "Temperature."
del x.t
assert x.t is None
for action, text in [
    (lambda: setattr(x, "read_only", 1), "property 'read_only' of 'Celsius' object has no setter"),
    (lambda: delattr(x, "read_only"), "property 'read_only' of 'Celsius' object has no deleter"),
    (lambda: x.write_only, "property 'write_only' of 'Celsius' object has no getter"),
]:
    try:
        action()
    except AttributeError as error:
        assert str(error) == text, error
    else:
        raise AssertionError


class Warm(Celsius):
    @Celsius.t.getter
    def t(self):
        return ("warm", self._t)


warm = Warm()
warm.t = 5
assert warm.t == ("warm", 5)


class BadName:
    def __set_name__(self, owner, name):
        raise KeyError("no")


try:

    class Broken:
        x = BadName()
except KeyError as error:
    assert "Error calling __set_name__ on 'BadName' instance 'x' in 'Broken'" in error.__notes__[0]

from functools import cached_property


class Cached:
    calls = 0

    @cached_property
    def value(self):
        self.calls += 1
        return self.calls


cached = Cached()
assert (cached.value, cached.value) == (1, 1)
del cached.value
assert cached.value == 2


class Reader:
    def __getattr__(self, name):
        if name == "boom":
            raise AttributeError("boom")
        return f"made {name}"


class GetAttribute:
    here = 1

    def __getattribute__(self, name):
        if name == "here":
            return object.__getattribute__(self, name) + 1
        raise AttributeError(name)

    def __getattr__(self, name):
        return "fallback " + name


assert Reader().x == "made x"
assert GetAttribute().here == 2
assert GetAttribute().gone == "fallback gone"
assert getattr(Reader(), "boom", 3) == 3


class PropertyError:
    @property
    def p(self):
        raise AttributeError("inside")

    def __getattr__(self, name):
        return "getattr " + name


assert PropertyError().p == "getattr p"


class Intercept:
    def __setattr__(self, name, value):
        super().__setattr__(name, value * 2)

    def __delattr__(self, name):
        object.__setattr__(self, name, "deleted")


i = Intercept()
i.x = 4
assert i.x == 8
del i.x
assert i.x == "deleted"
