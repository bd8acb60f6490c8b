# match: literals, captures, sequences, mappings, classes, or, as, guards, values, star patterns.
from dataclasses import dataclass
from enum import Enum


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: int
    y: int


class Pair:
    __match_args__ = ("left", "right")

    def __init__(self, left, right):
        self.left, self.right = left, right


def kind(value):
    match value:
        case None:
            return "none"
        case True | False:
            return "bool"
        case 0 | 1:
            return "bit"
        case -1:
            return "minus one"
        case 1.5 | 2 + 3j:
            return "number"
        case "hello" | b"hello":
            return "greeting"
        case Colour.RED:
            return "red"
        case Point(0, 0):
            return "origin"
        case Point(x=0, y=y) | Point(x=y, y=0):
            return f"axis {y}"
        case Point(x, y) if x == y:
            return f"diagonal {x}"
        case Point() as point:
            return f"point {point.x}"
        case Pair(Pair(a, b), [c, *_]):
            return f"nested {a}{b}{c}"
        case Pair(str() as text, int(n)):
            return f"{text} {n}"
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [first, *middle, last] if first == last:
            return f"same ends {middle}"
        case (1, [2, (3, deep)]):
            return f"deep {deep}"
        case [*_, "end"]:
            return "ends"
        case {"kind": "circle", "r": r}:
            return f"circle {r}"
        case {"kind": str(k), **rest} if rest:
            return f"{k} {rest}"
        case {}:
            return "mapping"
        case str(s) if s.isdigit():
            return f"digits {s}"
        case int() | float() as n:
            return f"int or float {n}"
        case _:
            return "other"


for value, answer in [
    (None, "none"), (True, "bool"), (1, "bit"), (1.0, "bit"), (-1, "minus one"), (1.5, "number"), (2 + 3j, "number"),
    ("hello", "greeting"), (b"hello", "greeting"), (Colour.RED, "red"), (Colour.BLUE, "other"), (Point(0, 0), "origin"),
    (Point(0, 4), "axis 4"), (Point(4, 0), "axis 4"), (Point(3, 3), "diagonal 3"), (Point(1, 2), "point 1"),
    (Pair(Pair(1, 2), [3, 4]), "nested 123"), (Pair("a", 1), "a 1"), (Pair(1, 1), "other"), ([], "empty"), ((), "empty"),
    ([7], "one 7"), ([1, 2, 1], "same ends [2]"), ((1, [2, (3, 4)]), "deep 4"), ([1, 2, "end"], "ends"), ([1, 2, 3], "other"),
    ({"kind": "circle", "r": 2, "z": 0}, "circle 2"), ({"kind": "square", "s": 1}, "square {'s': 1}"), ({"kind": "s"}, "mapping"),
    ({}, "mapping"), ("123", "digits 123"), ("abc", "other"), (5, "int or float 5"), (2.5, "int or float 2.5"), (range(1), "one 0"),
    ({1}, "other"), (bytearray(b"hello"), "greeting"), (iter([]), "other"),
]:
    assert kind(value) == answer, (value, kind(value))

match 5:
    case captured:
        pass
assert captured == 5
match [1, 2]:
    case [a, 3]:
        raise AssertionError
    case [a, b] if a > b:
        raise AssertionError
assert a == 1 and b == 2, "captures of failed guards stay bound"
match {"a": {"b": [1, {"c": 2}]}}:
    case {"a": {"b": [_, {"c": found}]}}:
        assert found == 2
from collections import defaultdict, deque, UserDict

match defaultdict(int):
    case {"missing": _}:
        raise AssertionError("__missing__ is not asked")
    case {}:
        pass
match deque([1, 2]):
    case [x, y]:
        assert (x, y) == (1, 2)
match UserDict(a=1):
    case {"a": 1}:
        ok = True
assert ok


def raises(source, kind, text):
    try:
        exec(source)
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(source)


raises("match 1:\n case int(1, 2): pass", TypeError, "int() accepts 1 positional sub-pattern (2 given)")
raises("class A: pass\nmatch A():\n case A(1): pass", TypeError, "A() accepts 0 positional sub-patterns (1 given)")
raises("match 1:\n case x: pass\n case y: pass", SyntaxError, "name capture 'x' makes remaining patterns unreachable")
raises("match 1:\n case _: pass\n case y: pass", SyntaxError, "wildcard makes remaining patterns unreachable")
raises("match 1:\n case a | b: pass", SyntaxError, "name capture 'a' makes remaining patterns unreachable")
raises("match 1:\n case [a, a]: pass", SyntaxError, "multiple assignments to name 'a' in pattern")
raises("match 1:\n case [a] | [b]: pass", SyntaxError, "alternative patterns bind different names")
raises("match 1:\n case {1: _, 1: _}: pass", SyntaxError, "mapping pattern checks duplicate key (1)")
raises("match 1:\n case [*a, *b]: pass", SyntaxError, "multiple starred names in sequence pattern")
raises("match 1:\n case 5(): pass", SyntaxError, "")
