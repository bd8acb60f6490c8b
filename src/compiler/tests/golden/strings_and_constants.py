f"{a}{b!r:>{width}}text{{{c=}}}"
t"a{b}{c!s:x}"
"%s and %r" % (a, b)
folded = (1 + 2 * 3 - 4) << 5, -1, not True, "ab" "cd" + "e", (1, 2)[0], 2 ** 200, 1 + 2j
names = [1, 2, 3], {1, 2, 3}, {"a": 1, **b}, [1, *a], (*a, 2)
surrogate = "\ud800", b"\x00", ..., 1e300, 0.0, -0.0
