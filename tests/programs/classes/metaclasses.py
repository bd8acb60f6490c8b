# Metaclasses: __prepare__, __new__, __init__, __call__, conflicts, keyword arguments, __init_subclass__.
log = []


class Meta(type):
    @classmethod
    def __prepare__(meta, name, bases, **options):
        log.append(("prepare", name, options))
        return {"prepared": True}

    def __new__(meta, name, bases, space, **options):
        log.append(("new", name))
        return super().__new__(meta, name, bases, space)

    def __init__(cls, name, bases, space, **options):
        log.append(("init", name))
        super().__init__(name, bases, space)

    def __call__(cls, *arguments, **named):
        log.append(("call", cls.__name__))
        return super().__call__(*arguments, **named)

    def __repr__(cls):
        return f"<{cls.__name__}>"

    def __len__(cls):
        return 7

    def __getattr__(cls, name):
        return f"meta {name}"

    def __instancecheck__(cls, instance):
        return instance == "instance" or super().__instancecheck__(instance)


class A(metaclass=Meta, option=1):
    def __init__(self, x=0):
        self.x = x


assert log == [("prepare", "A", {"option": 1}), ("new", "A"), ("init", "A")]
log.clear()
a = A(5)
assert a.x == 5 and log == [("call", "A")]
assert A.prepared
assert repr(A) == "<A>"
assert len(A) == 7
assert A.anything == "meta anything"
assert isinstance("instance", A)
assert isinstance(a, A)
assert not isinstance(1, A)
assert not hasattr(a, "anything")


class B(A):
    pass


assert type(B) is Meta


class Other(type):
    pass


class O(metaclass=Other):
    pass


try:

    class Clash(A, O):
        pass
except TypeError as error:
    assert str(error).startswith("metaclass conflict:")
else:
    raise AssertionError


class Registry:
    known = {}

    def __init_subclass__(cls, /, tag=None, **rest):
        super().__init_subclass__(**rest)
        Registry.known[tag] = cls


class First(Registry, tag="one"):
    pass


class Second(First, tag="two"):
    pass


assert Registry.known == {"one": First, "two": Second}
try:

    class Wrong(Registry, unknown=1):
        pass
except TypeError as error:
    assert "takes no keyword arguments" in str(error)


def function_as_metaclass(name, bases, space, **options):
    return name, bases, sorted(k for k in space if not k.startswith("__")), options


class Made(int, metaclass=function_as_metaclass, flag=2):
    x = 1


assert Made == ("Made", (int,), ["x"], {"flag": 2})


class Single(type):
    instances = {}

    def __call__(cls, *a):
        if cls not in Single.instances:
            Single.instances[cls] = super().__call__(*a)
        return Single.instances[cls]


class Config(metaclass=Single):
    pass


assert Config() is Config()


class Generic:
    def __class_getitem__(cls, item):
        return cls.__name__, item


assert Generic[int, 3] == ("Generic", (int, 3))


class Replaces:
    def __mro_entries__(self, bases):
        return (dict,)


class D(Replaces(), object):
    pass


assert issubclass(D, dict) and isinstance(D.__orig_bases__[0], Replaces)


class Cell:
    seen = None

    def __init_subclass__(cls):
        Cell.seen = cls

    def who(self):
        return __class__


class Sub(Cell):
    pass


assert Cell.seen is Sub and Sub().who() is Cell
import types

Dynamic = types.new_class("Dynamic", (A,), {"option": 3}, lambda space: space.update(z=1))
assert Dynamic.z == 1 and type(Dynamic) is Meta


# The same keyword twice is an error of the source.
try:
    compile("class C(metaclass=type, metaclass=type): pass", "<source>", "exec")
except SyntaxError as error:
    assert error.msg == "keyword argument repeated: metaclass"
else:
    raise AssertionError
