# __slots__ of classes derived from built-in types with data of varying size.
import pickle


class Word(str):
    __slots__ = ("kind", "weight")


class Special(Word):
    __slots__ = ("extra",)


word = Special("naïve")
word.kind, word.weight, word.extra = "adjective", 3, [1]
print(word, word.kind, word.weight, word.extra, len(word))
del word.kind
try:
    word.kind
except AttributeError as error:
    print(error)
try:
    word.other = 1
except AttributeError as error:
    print(type(error).__name__)
word.kind = "k"
copy = pickle.loads(pickle.dumps(word))
print(copy == word, copy.kind, copy.weight, copy.extra)

for base in (int, tuple, bytes):
    try:
        type("Derived", (base,), {"__slots__": "x"})
    except TypeError as error:
        print(error)


class First:
    __slots__ = ("a", "b")


class Second:
    __slots__ = ("b", "a")


class Third(Second):
    __slots__ = ("c",)


class Fourth(First):
    __slots__ = ("c",)


thing = First()
thing.a = 1
thing.__class__ = Second
print(type(thing).__name__, thing.a)
try:
    Third().__class__ = Fourth
except TypeError as error:
    print(error)
