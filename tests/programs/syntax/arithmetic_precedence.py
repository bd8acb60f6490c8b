# Operators bind as the grammar says, and chain as comparisons do.
assert 2 + 3 * 4 == 14
assert (2 + 3) * 4 == 20
assert 2**3**2 == 512
assert -(2**2) == -4 and -2**2 == -4
assert 2**-1 == 0.5
assert not 1 == 2
assert 7 // 2 * 2 + 7 % 2 == 7
assert 1 | 2 ^ 3 & 4 << 1 == 1 | (2 ^ (3 & (4 << 1)))
assert ~5 & 0xFF == 0xFA
assert 1 < 2 < 3 and not 1 < 3 < 2
assert (1 < 2) == True
assert 1 < 2 == 2 != 3 is not None
assert (True if 0 else False) is False
assert [1 if c else 2 for c in (0, 1)] == [2, 1]
assert (lambda: 1 or 0)() == 1
assert not (True and False or False)

calls = []


def middle(value):
    calls.append(value)
    return value


assert 0 < middle(1) < 2
assert calls == [1], "the middle operand is evaluated once"
assert not (5 < middle(1) < middle(2))
assert calls == [1, 1], "the chain stops at the first false comparison"
