# Instances are pickled by their attributes, unless their classes or they themselves say otherwise.
import pickle


class Bad:
    def __reduce__(self):
        raise ZeroDivisionError


class Plain:
    pass


class State(Plain):
    def __getstate__(self):
        return {"state": 1}


class Missing(Plain):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return 5


class Disguised(Plain):
    @property
    def __class__(self):
        return Plain


class Slotted(Plain):
    __slots__ = ("slot",)


def attempt(object, protocol):
    try:
        return pickle.dumps(object, protocol)
    except Exception as error:
        return f"{type(error).__name__}: {error} {getattr(error, '__notes__', None)}"


def make(**attributes):
    object = Plain()
    for name, value in attributes.items():
        setattr(object, name, value)
    return object


for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    for attributes in {}, {"a": 1}, {"a": 1, "b": Bad()}, {"x": make(y=make(z=1))}, {"a": [1], "b": (2,)}:
        object = make(**attributes)
        first = attempt(object, protocol)
        # An object whose attributes are in a dict by now is the same.
        vars(object)
        print(first, first == attempt(object, protocol))
    object = make(a=1)
    object.me = object
    object.list = [object]
    data = pickle.dumps(object, protocol)
    back = pickle.loads(data)
    print(data, back.me is back, back.list[0] is back, back.a)
    object = Plain()
    object.__reduce_ex__ = lambda protocol: (list, ())
    print(attempt(object, protocol))

for Class in State, Missing, Disguised, Slotted:
    for time in range(2):
        object = Class()
        object.attribute = 3
        if Class is Slotted:
            object.slot = 4
        print(Class.__name__, attempt(object, None))
