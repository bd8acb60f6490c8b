# The iterator protocol: iter with a sentinel, classes, exhaustion, zip, enumerate, map, filter, reversed.
class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


assert list(Countdown(3)) == [2, 1, 0]
c = Countdown(5)
assert 3 in c and list(c) == [2, 1, 0]
values = iter([1, 2, 0, 3])
assert list(iter(lambda: next(values), 0)) == [1, 2] and next(values) == 3
z = zip([1, 2, 3], "ab")
assert list(z) == [(1, "a"), (2, "b")] and list(zip()) == []
try:
    list(zip([1, 2], [1], strict=True))
except ValueError as error:
    assert str(error) == "zip() argument 2 is shorter than argument 1"
assert list(enumerate("ab", start=5)) == [(5, "a"), (6, "b")]
assert list(map(lambda a, b: a + b, [1, 2, 3], [10, 20])) == [11, 22]
assert list(filter(None, [0, 1, "", "a"])) == [1, "a"]
assert list(filter(lambda x: x > 1, [1, 2])) == [2]
assert list(reversed([1, 2])) == [2, 1]
assert list(reversed("ab")) == ["b", "a"]
assert list(reversed({1: 0, 2: 0})) == [2, 1]
try:
    reversed({1})
except TypeError as error:
    assert str(error) == "'set' object is not reversible"
it = iter([1, 2])
assert iter(it) is it
a = [1, 2, 3]
for x in a:
    if x == 1:
        a.remove(1)
assert a == [2, 3]
d = {1: 1, 2: 2}
try:
    for k in d:
        d[k + 10] = 0
except RuntimeError as error:
    assert str(error) == "dictionary changed size during iteration"
s = {1, 2}
try:
    for x in s:
        s.add(x + 10)
except RuntimeError as error:
    assert str(error) == "Set changed size during iteration"
d = {1: 1, 2: 2}
try:
    for k in d:
        del d[k]
        d[k + 5] = 1
except RuntimeError as error:
    assert "changed" in str(error)
assert list(range(3).__iter__()) == [0, 1, 2]
it = iter([1, 2, 3])
next(it)
assert it.__length_hint__() == 2


class Broken:
    def __iter__(self):
        return self

    def __next__(self):
        raise ZeroDivisionError


for use in list, tuple, set, sum, sorted, min, dict, "".join, any:
    try:
        use(Broken())
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError(use)
import itertools as i

assert list(i.chain([1], "a")) == [1, "a"]
assert list(i.chain.from_iterable([[1], [2]])) == [1, 2]
assert list(i.islice(i.count(5, 2), 3)) == [5, 7, 9]
assert list(i.islice("abcdef", 1, None, 2)) == ["b", "d", "f"]
assert list(i.accumulate([1, 2, 3])) == [1, 3, 6]
assert list(i.accumulate([2, 3], lambda a, b: a * b, initial=1)) == [1, 2, 6]
assert ["".join(p) for p in i.permutations("abc", 2)] == ["ab", "ac", "ba", "bc", "ca", "cb"]
assert ["".join(p) for p in i.combinations("abc", 2)] == ["ab", "ac", "bc"]
assert list(i.combinations_with_replacement("ab", 2)) == [("a", "a"), ("a", "b"), ("b", "b")]
assert list(i.product([0, 1], repeat=2)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
assert [(k, list(g)) for k, g in i.groupby("aabc")] == [("a", ["a", "a"]), ("b", ["b"]), ("c", ["c"])]
assert list(i.takewhile(lambda x: x < 3, [1, 2, 3, 1])) == [1, 2]
assert list(i.dropwhile(lambda x: x < 3, [1, 3, 1])) == [3, 1]
assert list(i.zip_longest("ab", [1], fillvalue="-")) == [("a", 1), ("b", "-")]
assert list(i.starmap(pow, [(2, 3)])) == [8]
assert list(i.compress("abc", [1, 0, 1])) == ["a", "c"]
assert list(i.pairwise("abc")) == [("a", "b"), ("b", "c")]
assert list(i.filterfalse(lambda x: x, [0, 1])) == [0]
assert list(i.repeat(1, 2)) == [1, 1]
assert list(i.batched("abcde", 2)) == [("a", "b"), ("c", "d"), ("e",)]
one, two = i.tee([1, 2, 3])
assert next(one) == 1
assert list(two) == [1, 2, 3]
assert list(one) == [2, 3]
cyc = i.cycle("ab")
assert [next(cyc) for _ in range(5)] == list("ababa")
