"""object.__reduce__ pickles instances whose built-in base class has no state, and refuses others."""

import copy
import datetime
import pickle


class Zone(datetime.tzinfo):
    __reduce__ = object.__reduce__

    def __init__(self, name):
        self.name = name


class Slotted(datetime.tzinfo):
    __slots__ = ["name"]
    __reduce__ = object.__reduce__


class Day(datetime.date):
    __reduce__ = object.__reduce__


class Word(str):
    __reduce__ = object.__reduce__


for protocol in range(2, 6):
    print(pickle.loads(pickle.dumps(Zone("a"), protocol)).name)
print(copy.copy(Zone("b")).name, copy.deepcopy(Zone("c")).name)
slotted = Slotted()
slotted.name = "d"
print(pickle.loads(pickle.dumps(slotted, 2)).name)
for value in [Day(2024, 1, 1), Word("x")]:
    try:
        print(pickle.loads(pickle.dumps(value, 2)))
    except TypeError as error:
        print(error)
