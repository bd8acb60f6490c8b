# `decimal` and the module `_decimal` behind it: rounding, conditions, traps, functions, formats, contexts.
import pickle
from decimal import (
    ROUND_05UP, ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP,
    BasicContext, Context, Decimal, DecimalTuple, DefaultContext, DivisionByZero, FloatOperation, IEEEContext, Inexact,
    InvalidOperation, Overflow, getcontext, localcontext, setcontext,
)
from fractions import Fraction


def show(label, function, *arguments):
    try:
        result = repr(function(*arguments))
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    print(f"{label}: {result}")


D = Decimal
for text in ("1_000.50", " -1e5 ", "٣.١٤", "sNaN12", "-inf", "1e", "", "1 2", "1e1000000000000000000000"):
    show(ascii(text), D, text)
for value in (True, 2**70, 0.1, -0.0, (1, (1, 2, 3), -2), (0, (), "F"), (2, (), 0), (0, (10,), 0), (0, (1,), "x"), None, 1j):
    show(f"Decimal({value!r})", D, value)
show("from_number", D.from_number, Fraction(1, 8))

for rounding in (ROUND_UP, ROUND_DOWN, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_05UP):
    with localcontext(prec=3, rounding=rounding) as context:
        numbers = [+D(text) for text in ("1.2345", "-1.2345", "1.235", "-1.225", "9.995", "1.2001", "999999")]
        print(rounding, *numbers, *[D("2.5").to_integral_value(), D("-7.5").quantize(D(1))], sorted(f.__name__ for f in context.flags if context.flags[f]))

a, b = D("355.00"), D("-113")
show("sums", lambda: (a + b, a - b, a * b, a / b, a // b, a % b, divmod(a, b), a**3, -a, +a, abs(b)))
show("ints", lambda: (1 + a, 2 - a, 3 * a, 1 / D(8), 7 // D(2), -7 % D(3), 2 ** D("0.5"), pow(D(7), 20, 13)))
show("functions", lambda: (D(2).sqrt(), D(1).exp(), D(10).ln(), D(2).log10(), D("1e-20").exp(), D("0.99999999999").ln(), D(1000).log10()))
show("powers", lambda: (D(4) ** D("0.5"), D(2) ** -3, D("1.0") ** 5, D(10) ** 30, D("0.1") ** 200, D(3) ** D("1e-40"), D(-2) ** 3))
show("neighbours", lambda: (D(1).next_plus(), D(1).next_minus(), D(1).next_toward(0), D("9.99").scaleb(3), D(123).rotate(1), D(123).shift(-1)))
show("bits", lambda: (D(1100).logical_and(D(1010)), D(1100).logical_or(1010), D(1100).logical_xor(1010), len(str(D(1).logical_invert()))))
show("extremes", lambda: (D(1).max(D("1.0")), D("NaN").max(3), D(-5).max_mag(3), D(2).min(D("NaN")), D(1).compare_total(D("1.0")), D("-0").compare(0)))
show("tests", lambda: (D("NaN").is_nan(), D("sNaN").is_snan(), D("-0").is_signed(), D("1e-999999").is_subnormal(), D(0).number_class(), D("1E+5").adjusted(), D("1.20").normalize(), D("1e3").to_eng_string()))
show("fma", lambda: (D(3).fma(5, 7), D(7).remainder_near(4), D(10).quantize(D("0.01")), D("1.5").same_quantum(D("2.5")), D("123.456").as_integer_ratio(), D("-1.20").as_tuple()))
show("numbers", lambda: (int(D("-7.9")), float(D("0.1")), complex(D(2)), round(D("2.5")), round(D("2.675"), 2), hash(D("1.0")) == hash(1), hash(D("0.5")) == hash(0.5), D(3) == 3.0, D("0.5") == Fraction(1, 2), D(1) < 1.5, bool(D("0.0"))))
for label, function in (
    ("division", lambda: D(1) / 0), ("undefined", lambda: D(0) / 0), ("impossible", lambda: D("1e50") // 3), ("overflow", lambda: D("1e999999") * 10),
    ("square root", lambda: D(-1).sqrt()), ("order", lambda: D("NaN") < 1), ("signaling", lambda: D("sNaN") == 1), ("hash", lambda: hash(D("sNaN"))),
    ("int", lambda: int(D("Infinity"))), ("int", lambda: int(D("NaN"))), ("mixed", lambda: D(1) + 1.5), ("quantize", lambda: D(1).quantize(D("1e-30"))),
    ("prec", lambda: Context(prec=0)), ("rounding", lambda: Context(rounding="x")), ("clamp", lambda: Context(clamp=2)), ("delete", lambda: delattr(getcontext(), "prec")),
):
    show(label, function)

for spec in ("", ".2f", "10.3e", "+,.1f", "<12", "^12.1%", "010", "z.0f", "_.3f", "g", ".3g", "E", "x", "=+12,", "#.0f"):
    show(spec, format, D("-12345.6789"), spec)
show("zero", format, D("-0.001"), "z.1f")

with localcontext() as context:
    context.traps[DivisionByZero] = False
    context.traps[Inexact] = True
    print(D(1) / 0, context.flags[DivisionByZero])
    show("inexact", lambda: D(1) / 3)
    context.traps[FloatOperation] = True
    show("float", lambda: D(1.5))
    show("float", lambda: D(1) < 1.5)
    print(D(1) == 1.0, context)
print(getcontext().prec, getcontext(), BasicContext, DefaultContext.copy() is not DefaultContext)
print(IEEEContext(64), IEEEContext(64).Etiny(), IEEEContext(64).Etop())
mine = Context(prec=5, rounding=ROUND_DOWN, traps=[InvalidOperation, Overflow])
print(mine.divide(2, 3), mine.create_decimal("1.23456789"), mine.create_decimal_from_float(0.1), mine.power(2, 40), mine.to_sci_string(D("1e10")), mine.flags)
setcontext(mine)
print(getcontext() is mine, D(1) / 3, +D("123456789"))
for value in (D("-1.50"), D("sNaN3"), mine, DecimalTuple(0, (1, 2), 3)):
    print(all(repr(pickle.loads(pickle.dumps(value, protocol))) == repr(value) for protocol in range(6)), value if value is not mine else "context")


class Money(Decimal):
    pass


print(type(Money(1) + 1), type(Money.from_float(1.5)), repr(Money("2")), isinstance(Money(1), Decimal))
