# dict: order, views, methods, merging, keys with odd hashes and comparisons, mutation during use.
d = {"b": 1, "a": 2}
d["c"] = 3
del d["b"]
d["b"] = 4
assert list(d) == ["a", "c", "b"]
assert list(d.values()) == [2, 3, 4]
assert list(d.items()) == [("a", 2), ("c", 3), ("b", 4)]
assert list(reversed(d)) == ["b", "c", "a"]
assert d.get("x") is None
assert d.get("x", 0) == 0
assert d.setdefault("a", 9) == 2
assert d.setdefault("z", 9) == 9
assert d.pop("z") == 9
assert d.pop("z", "none") == "none"
assert d.popitem() == ("b", 4)
d.update({"a": 0}, k=5)
d.update([("l", 6)])
assert d == {"a": 0, "c": 3, "k": 5, "l": 6}
assert d | {"a": 1} == {"a": 1, "c": 3, "k": 5, "l": 6}
assert {"q": 1} | d == {"q": 1, **d}
assert dict(a=1, b=2) == dict([("a", 1), ("b", 2)]) == dict({"a": 1}, b=2) == {"b": 2, "a": 1}
assert dict.fromkeys("ab", 0) == {"a": 0, "b": 0}
assert dict(zip("ab", [1, 2])) == {"a": 1, "b": 2}
c = d.copy()
c.clear()
assert d
assert not c
assert len(d) == 4
assert "a" in d
assert "zz" not in d
assert d != {}
assert {1: 1} != {1: 2}
assert {1: [1]} == {1: [1]}
keys, values, items = d.keys(), d.values(), d.items()
d["new"] = 1
assert "new" in keys
assert len(values) == 5
assert ("new", 1) in items
assert keys & {"a", "q"} == {"a"}
assert keys | {"q"} == set(d) | {"q"}
assert keys - {"a"} == set(d) - {"a"}
assert items ^ {("a", 0)} == set(items) - {("a", 0)}
assert keys == set(d)
assert {"a"} < keys
assert keys.isdisjoint({"q"})
assert repr(keys) == "dict_keys(['a', 'c', 'k', 'l', 'new'])"
assert repr({1: 2}.items()) == "dict_items([(1, 2)])"
assert keys.mapping["a"] == 0
assert list(reversed(values))[0] == 1
assert repr({1: "a", "b": [2]}) == "{1: 'a', 'b': [2]}"
assert {1: "a", 1.0: "b", True: "c"} == {1: "c"}
assert list({1: "a", True: "c"}.items()) == [(1, "c")]
for bad, kind, text in [
    ("{}['k']", KeyError, "'k'"),
    ("{}.pop(1)", KeyError, "1"),
    ("{}.popitem()", KeyError, "'popitem(): dictionary is empty'"),
    ("{[]: 1}", TypeError, "cannot use 'list' as a dict key (unhashable type: 'list')"),
    ("dict([1])", TypeError, "object is not iterable"),
    ("dict([(1,)])", ValueError, "dictionary update sequence element #0 has length 1; 2 is required"),
    ("{} | []", TypeError, "unsupported operand type(s) for |: 'dict' and 'list'"),
    ("{} < {}", TypeError, "'<' not supported between instances of 'dict' and 'dict'"),
    ("hash({})", TypeError, "unhashable type: 'dict'"),
    ("{}.__delitem__(1)", KeyError, "1"),
]:
    try:
        eval(bad)
    except kind as error:
        assert text in str(error), (bad, str(error))
    else:
        raise AssertionError(bad)


class Collide:
    def __init__(self, v):
        self.v = v

    def __hash__(self):
        return 7

    def __eq__(self, other):
        return isinstance(other, Collide) and self.v == other.v


many = {Collide(i): i for i in range(200)}
assert all(many[Collide(i)] == i for i in range(200))
assert Collide(200) not in many
assert 7 not in many
for i in range(0, 200, 2):
    del many[Collide(i)]
assert len(many) == 100
assert [k.v for k in many] == list(range(1, 200, 2))
assert Collide(2) not in many
assert Collide(3) in many


class Grumpy:
    def __hash__(self):
        return 1

    def __eq__(self, other):
        raise ZeroDivisionError


t = {Grumpy(): 1}
try:
    t[1]
except ZeroDivisionError:
    pass


class Mutator:
    def __hash__(self):
        return 1

    def __eq__(self, other):
        table.clear()
        return False


table = {Mutator(): 1}
assert table.get(1, "gone") == "gone"
table = {}
for i in range(10):
    table[Mutator()] = i
big = {}
for i in range(50000):
    big[i] = str(i)
    if i >= 100:
        del big[i - 100]
assert list(big) == list(range(49900, 50000)) and big[49999] == "49999"
big.update({str(i): i for i in range(1000)})
assert len(big) == 1100 and big["999"] == 999


class Default(dict):
    def __missing__(self, key):
        self[key] = key * 2
        return self[key]


x = Default()
assert x["a"] == "aa"
assert x == {"a": "aa"}
assert x.get("b") is None
nan = float("nan")
assert {nan: 1}[nan] == 1 and float("nan") not in {nan: 1}
order = {}
for k in ["x", "y", "x"]:
    order[k] = order.pop(k, 0) + 1
assert list(order.items()) == [("y", 1), ("x", 2)]
it = iter({1: 1, 2: 2})
assert next(it) == 1
assert len({**{}}) == 0
assert {}.__class_getitem__(int) == dict[int]
assert dict.__name__ == "dict"
from collections import OrderedDict, defaultdict, Counter, ChainMap

o = OrderedDict.fromkeys("abc")
o.move_to_end("a")
assert list(o) == ["b", "c", "a"]
assert o.popitem(last=False) == ("b", None)
assert repr(OrderedDict(a=1)) == "OrderedDict({'a': 1})"
assert OrderedDict([(1, 1), (2, 2)]) != OrderedDict([(2, 2), (1, 1)])
dd = defaultdict(list)
dd["a"].append(1)
assert dd == {"a": [1]}
assert repr(dd) == "defaultdict(<class 'list'>, {'a': [1]})"
assert "b" not in dd
counts = Counter("abracadabra")
assert counts.most_common(2) == [("a", 5), ("b", 2)]
assert counts["zz"] == 0
assert (counts - Counter("aaa"))["a"] == 2
assert counts.total() == 11
assert sorted(Counter(a=2).elements()) == ["a", "a"]
chain = ChainMap({"a": 1}, {"a": 2, "b": 3})
assert chain["a"] == 1
assert chain["b"] == 3
assert dict(chain) == {"a": 1, "b": 3}
assert list(chain.new_child({"c": 4})) == ["a", "b", "c"]


# A dict of strings and ints that gets other keys, at each size: all are found before and after, in
# order, and keys are compared only when their hashes are equal.
class Key:
    compared = 0

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        Key.compared += 1
        return isinstance(other, Key) and self.number == other.number


for size in (0, 1, 2, 3, 5, 6, 10, 11, 21, 22, 42, 43, 85, 86, 341, 342, 700):
    mixed = {}
    for number in range(size):
        mixed[number if number % 2 else str(number)] = number
    if size > 4:
        del mixed["2"], mixed[3]
    plain = list(mixed.items())
    mixed[Key(-7)] = "key"
    mixed[0.5] = "half"
    mixed[10**30] = "big"
    assert list(mixed.items())[: len(plain)] == plain
    assert all(mixed[key] == value for key, value in plain)
    assert mixed[Key(-7)] == "key" and mixed[0.5] == "half" and mixed[10**30] == "big"
    assert Key(-8) not in mixed and 2.5 not in mixed and "no" not in mixed
    copy = mixed.copy()
    assert copy == mixed and list(copy) == list(mixed)
    assert (True in mixed) == (size > 1) and (1.0 in mixed) == (size > 1)
    assert mixed.pop(Key(-7)) == "key" and Key(-7) not in mixed

Key.compared = 0
plain = {number: number for number in range(200)}
assert all(Key(number) not in plain for number in range(1000, 1500))
assert Key.compared == 0
