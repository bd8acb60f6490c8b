"""Attributes that a native getter answers, read by one instruction before and after classes change."""


class Plain:
    pass


def class_of(instance):
    return instance.__class__


def name_of(cls):
    return cls.__name__


def dict_of(instance):
    return instance.__dict__


plain = Plain()
for _ in range(40):
    assert class_of(plain) is Plain
    assert name_of(Plain) == "Plain"
    assert dict_of(plain) == {}


class Number(int):
    pass


def real_part(number):
    return number.real


number = Number(5)
for _ in range(40):
    assert real_part(number) == 5
Number.real = property(lambda self: "a property")
print(real_part(number))
Number.real = 6
print(real_part(number))
number.__dict__["real"] = "its own"
print(real_part(number))
del Number.real
print(real_part(number))


class Disguised:
    __class__ = property(lambda self: int)


print(class_of(Disguised()), isinstance(Disguised(), int), class_of(plain) is Plain)


class Other:
    pass


plain.__class__ = Other
print(class_of(plain) is Other, name_of(class_of(plain)))
Other.__name__ = "Renamed"
print(name_of(Other))


class Meta(type):
    __base__ = property(lambda cls: "from the metaclass")


class Made(metaclass=Meta):
    pass


def base_of(cls):
    return cls.__base__


for _ in range(40):
    assert base_of(Plain) is object and name_of(Made) == "Made"
print(base_of(Made), base_of(Plain), base_of(Meta), base_of(Made))


class Borrowed:
    real = int.real


def real_of(value):
    return value.real


for value in (1, True, 2.5, 1, 1):
    print(real_of(value), end=" ")
print()
for _ in range(3):
    try:
        real_of(Borrowed())
    except TypeError as error:
        print(error)
for name in ("__base__", "__mro__", "__flags__", "__basicsize__", "__weakrefoffset__", "__module__"):
    try:
        setattr(Plain, name, None)
        print(name, "was set")
    except AttributeError as error:
        print(name, error, type(vars(type)[name]).__name__)
    except TypeError as error:
        print(name, error)
