# fractions, decimal, statistics and random: the numeric tower of the library.
from decimal import Decimal, getcontext, localcontext, ROUND_HALF_UP, InvalidOperation
from fractions import Fraction
import numbers
import random
import statistics

assert Fraction(3, 6) == Fraction(1, 2)
assert Fraction("0.25") + Fraction(1, 4) == Fraction(1, 2)
assert str(Fraction(-1, 3)) == "-1/3"
assert Fraction(0.5) == 0.5
assert Fraction(7, 2) // 1 == 3
assert float(Fraction(1, 3)) == 1 / 3
assert Fraction("3.1415926").limit_denominator(100) == Fraction(311, 99)
assert sum([Fraction(1, 3)] * 3) == 1
assert hash(Fraction(2)) == hash(2)
assert round(Fraction(7, 3), 2) == Fraction(233, 100)
assert Decimal("0.1") + Decimal("0.2") == Decimal("0.3")
assert str(Decimal(1) / Decimal(7)) == "0.1428571428571428571428571429"
assert Decimal("2.675").quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal("2.68")
with localcontext() as context:
    context.prec = 5
    assert str(Decimal(2).sqrt()) == "1.4142"
assert getcontext().prec == 28
assert Decimal("NaN") != Decimal("NaN")
assert Decimal("1E+3") == 1000
assert str(Decimal("1E+3")) == "1E+3"
assert Decimal(10) ** 20 == 10**20
try:
    Decimal("x")
except InvalidOperation:
    pass
assert isinstance(1, numbers.Integral)
assert isinstance(1.5, numbers.Real)
assert isinstance(Fraction(1), numbers.Rational)
assert isinstance(1j, numbers.Complex)
assert statistics.mean([1, 2, 3, 4]) == 2.5
assert statistics.median([3, 1, 2]) == 2
assert statistics.mode("aab") == "a"
assert statistics.pstdev([2, 4, 4, 4, 5, 5, 7, 9]) == 2.0
r = random.Random(42)
assert [r.randrange(100) for _ in range(5)] == [81, 14, 3, 94, 35]
assert random.Random(1).random() == 0.13436424411240122
assert random.Random("seed").getrandbits(16) == random.Random("seed").getrandbits(16)
a = list(range(10))
random.Random(3).shuffle(a)
assert sorted(a) == list(range(10))
state = r.getstate()
first = [r.gauss(0, 1) for _ in range(3)]
r.setstate(state)
assert [r.gauss(0, 1) for _ in range(3)] == first
assert 0 <= r.uniform(0, 1) < 1
assert r.choice("a") == "a"
assert len(r.sample(range(100), 10)) == 10
assert len(r.choices("ab", k=5)) == 5
