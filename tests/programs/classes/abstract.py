# Abstract base classes: abstract methods, registration, subclass hooks, collections.abc.
import abc
import collections.abc as cabc


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    @property
    @abc.abstractmethod
    def name(self): ...

    def describe(self):
        return f"{self.name} {self.area()}"


try:
    Shape()
except TypeError as error:
    assert (
        str(error)
        == "Can't instantiate abstract class Shape without an implementation for abstract methods 'area', 'name'"
    )


class Square(Shape):
    def area(self):
        return 4

    name = "square"


assert Square().describe() == "square 4"
assert Shape.__abstractmethods__ == {"area", "name"}


class Other:
    pass


assert not issubclass(Other, Shape)
assert Shape.register(Other) is Other
assert issubclass(Other, Shape)
assert isinstance(Other(), Shape)
assert Shape not in Other.__mro__


class HasQuack(abc.ABC):
    @classmethod
    def __subclasshook__(cls, other):
        if cls is HasQuack:
            return any("quack" in c.__dict__ for c in other.__mro__)
        return NotImplemented


class Duck:
    quack = 1


assert isinstance(Duck(), HasQuack) and not isinstance(1, HasQuack)
assert isinstance([], cabc.Sequence)
assert isinstance({}, cabc.MutableMapping)
assert not isinstance((), cabc.MutableSequence)
assert issubclass(set, cabc.MutableSet)
assert issubclass(frozenset, cabc.Set)
assert isinstance(iter([]), cabc.Iterator)
assert isinstance((x for x in ()), cabc.Generator)
assert isinstance(len, cabc.Callable)
assert isinstance("", cabc.Hashable)
assert not isinstance([], cabc.Hashable)
assert isinstance(range(3), cabc.Sequence)
assert isinstance({}.keys(), cabc.KeysView)


class Deck(cabc.MutableSequence):
    def __init__(self, items=()):
        self.cards = list(items)

    def __len__(self):
        return len(self.cards)

    def __getitem__(self, i):
        return self.cards[i]

    def __setitem__(self, i, v):
        self.cards[i] = v

    def __delitem__(self, i):
        del self.cards[i]

    def insert(self, i, v):
        self.cards.insert(i, v)


deck = Deck("abc")
deck.append("d")
deck.extend("ef")
assert deck.pop() == "f"
assert deck.index("c") == 2
assert list(reversed(deck)) == list("edcba")
assert "b" in deck
deck.reverse()
deck.remove("e")
assert deck.count("a") == 1 and deck.cards == list("dcba")


class Attributes(cabc.Mapping):
    def __init__(self, **k):
        self._k = k

    def __getitem__(self, key):
        return self._k[key]

    def __iter__(self):
        return iter(self._k)

    def __len__(self):
        return len(self._k)


m = Attributes(a=1, b=2)
assert dict(m) == {"a": 1, "b": 2}
assert m.get("z", 5) == 5
assert list(m.items()) == [("a", 1), ("b", 2)]
assert m == {"a": 1, "b": 2}


class Never(cabc.Hashable):
    __hash__ = None


try:

    class Weird(abc.ABC):
        __iter__ = None

    assert not isinstance(Weird(), cabc.Iterable)
finally:
    pass
