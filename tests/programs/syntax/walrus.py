# Assignment expressions: in conditions, comprehensions (binding outside), calls and lambdas.
if (n := 10) > 5:
    assert n == 10
data = iter([3, 2, 1, 0, 9])
seen = []
while item := next(data):
    seen.append(item)
assert seen == [3, 2, 1]
assert [last := x for x in range(4)] == [0, 1, 2, 3] and last == 3
assert any((hit := word).startswith("b") for word in ["abc", "bcd", "bde"])
assert hit == "bcd"
assert (a := 1, 2) == (1, 2) and a == 1
assert (lambda: (inner := 5) + inner)() == 10
total = 0
assert [total := total + v for v in (1, 2, 3)] == [1, 3, 6] and total == 6


def outer():
    count = 0

    def inner():
        nonlocal count
        [count := count + 1 for _ in range(3)]
        return count

    return inner(), count


assert outer() == (3, 3)


def function(argument):
    return argument


assert function(value := 4) == value == 4
assert {(k := 1): (v := 2)} == {1: 2} and (k, v) == (1, 2)
assert f"{(width := 3):>{width}}" == "  3"

for bad in [
    "(x.y := 1)",
    "x := 1",
    "[i := 0 for i in range(3)]",
    "[[(j := 0) for i in range(5)] for j in range(5)]",
    "[i for i in (i := range(3))]",
    "def f(x := 1): pass",
    "class A: [y := 1 for _ in range(2)]",
]:
    try:
        compile(bad, "bad", "exec")
    except SyntaxError:
        pass
    else:
        raise AssertionError(f"compiled: {bad}")
