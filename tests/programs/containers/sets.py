# set and frozenset: operators, methods, mixed types, comparisons, elements with odd hashes.
a, b = {1, 2, 3}, {3, 4}
assert a | b == {1, 2, 3, 4}
assert a & b == {3}
assert a - b == {1, 2}
assert a ^ b == {1, 2, 4}
assert a.union([5], "x") == {1, 2, 3, 5, "x"}
assert a.intersection([1], [1, 2]) == {1}
assert a.difference([1], [2]) == {3}
assert a.symmetric_difference([1, 9]) == {2, 3, 9}
assert {1} < a <= a
assert not a < a
assert a > {1, 2}
assert a >= a
assert a.issuperset([1])
assert {1}.issubset([1, 2])
assert a.isdisjoint([9])
assert not a < b
assert a != b
assert {1, 2} == {2, 1} == frozenset([1, 2])
s = set("abc")
s.add("d")
s.discard("zz")
s.remove("a")
s.update("xy", ["z"])
assert s == set("bcdxyz")
s &= set("bcd")
s -= {"b"}
s ^= {"c", "q"}
s |= {"w"}
assert s == {"d", "q", "w"}
s.intersection_update("dq")
s.difference_update("q")
s.symmetric_difference_update("dm")
assert s == {"m"}
assert s.pop() == "m"
assert s == set()
assert len(s) == 0
assert repr(s) == "set()"
assert repr({1}) == "{1}"
assert repr(frozenset([1])) == "frozenset({1})"
assert repr(frozenset()) == "frozenset()"
for bad, kind, text in [
    ("set().pop()", KeyError, "'pop from an empty set'"),
    ("set().remove(1)", KeyError, "1"),
    ("{[]}", TypeError, "cannot use 'list' as a set element (unhashable type: 'list')"),
    ("{1} | [2]", TypeError, "unsupported operand type(s) for |: 'set' and 'list'"),
    ("hash(set())", TypeError, "unhashable type: 'set'"),
    ("frozenset().add(1)", AttributeError, "'frozenset' object has no attribute 'add'"),
    ("set(5)", TypeError, "'int' object is not iterable"),
    ("{1} < [1]", TypeError, "'<' not supported between instances of 'set' and 'list'"),
]:
    try:
        eval(bad)
    except kind as error:
        assert str(error) == text, (bad, str(error))
    else:
        raise AssertionError(bad)
f = frozenset("ab")
assert hash(f) == hash(frozenset("ba"))
assert {f: 1}[frozenset("ab")] == 1
assert f | {"c"} == set("abc")
assert type(f | {"c"}) is frozenset
assert type({"c"} | f) is set
assert frozenset(f) is f
assert {frozenset([1]), frozenset([1])} == {frozenset({1})}
assert {1} in {frozenset([1])}, "a set is looked up as a frozenset"
assert len({1, 1.0, True}) == 1
assert {0, False, 0.0} == {0}
assert len({float("nan"), float("nan")}) == 2


class Collide:
    def __init__(self, v):
        self.v = v

    def __hash__(self):
        return self.v % 3

    def __eq__(self, o):
        return self.v == o.v


x = {Collide(i) for i in range(100)}
assert len(x) == 100
assert Collide(50) in x
assert len(x | {Collide(100)}) == 101
for i in range(0, 100, 3):
    x.remove(Collide(i))
assert len(x) == 66 and sorted(c.v for c in x) == [i for i in range(100) if i % 3]
big = set()
for i in range(20000):
    big.add(i)
    big.discard(i - 50)
assert big == set(range(19950, 20000))
copy = big.copy()
copy.clear()
assert len(big) == 50 and not copy
assert set([3, 1]) - {1: 0}.keys() == {3} and {1, 2} & {1: 0}.keys() == {1}


class S(set):
    pass


assert S([1]) == {1} and type(S([1]) | {2}) is S or type(S([1]) | {2}) is set
