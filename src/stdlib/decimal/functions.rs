//! Exponential function, logarithms and powers of decimal numbers, correctly rounded. It knows nothing of
//! Python.
//!
//! Approximations are integers that stand for multiples of 2**-bits. A result is computed with some digits
//! more than are wanted, as often as the digits that follow leave the rounding open.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::arithmetic::{nan_of, stripped};
use super::number::{Env, Number, Rounding, Settings, Status, digit_count, padded, power_of_ten};

/// Bits for so many decimal digits, and some to spare.
fn bits_for(digits: i64) -> u64 {
    (digits.max(0) as u64) * 10 / 3 + 80
}

/// e**x for 0 <= x < 4, all in multiples of 2**-bits.
fn exponential(x: &BigInt, bits: u64) -> BigInt {
    // x is halved until few terms of the series are enough, and the sum squared as often.
    let halvings = (bits as f64).sqrt() as u64 + 4;
    let work = bits + 2 * halvings + 32;
    let x: BigInt = (x.clone() << (work - bits)) >> halvings;
    let one = BigInt::one() << work;
    let mut sum = one.clone();
    let mut term = one;
    let mut count = 1_u32;
    while !term.is_zero() {
        term = ((term * &x) >> work) / count;
        sum += &term;
        count += 1;
    }
    for _ in 0..halvings {
        sum = (&sum * &sum) >> work;
    }
    sum >> (work - bits)
}

/// The logarithm of `x`, 1 <= x <= 10, all in multiples of 2**-bits.
fn logarithm(x: &BigInt, bits: u64) -> BigInt {
    let work = bits + 32;
    let x = x << (work - bits);
    let start = (&x >> (work - 60)).to_f64().unwrap_or(1.0) / (1_u64 << 60) as f64;
    let mut y = BigInt::from((start.ln() * (1_u64 << 60) as f64) as i64) << (work - 60);
    // Each step makes three times as many bits right.
    let mut right = 45;
    loop {
        let power = exponential_of_any(&y, work);
        let step = ((&x - &power) << (work + 1)) / (&x + &power);
        y += step;
        if right > work {
            return y >> (work - bits);
        }
        right *= 3;
    }
}

/// As [`exponential`], of numbers that may be just below 0.
fn exponential_of_any(x: &BigInt, bits: u64) -> BigInt {
    if x.is_negative() {
        (BigInt::one() << (2 * bits)) / exponential(&-x, bits)
    } else {
        exponential(x, bits)
    }
}

/// The logarithm of 10 in multiples of 2**-bits.
fn logarithm_of_ten(bits: u64) -> BigInt {
    logarithm(&(BigInt::from(10) << bits), bits)
}

/// `number` in multiples of 2**-bits, rounded down.
fn fixed_point(number: &Number, bits: u64) -> BigInt {
    let coefficient = BigInt::from(number.coefficient.clone()) << bits;
    let magnitude = if number.exponent >= 0 {
        coefficient * BigInt::from(power_of_ten(number.exponent))
    } else {
        coefficient / BigInt::from(power_of_ten(-number.exponent))
    };
    if number.negative {
        -magnitude
    } else {
        magnitude
    }
}

/// At least `digits` digits of a fixed-point number that is not 0.
fn to_decimal(x: &BigInt, bits: u64, digits: i64) -> (BigInt, i64) {
    // The exponent of the first digit, or one less.
    let adjusted = ((x.bits() as f64 - bits as f64) * std::f64::consts::LOG10_2).floor() as i64 - 1;
    let places = digits - adjusted;
    let scaled = if places >= 0 {
        x * BigInt::from(power_of_ten(places))
    } else {
        x / BigInt::from(power_of_ten(-places))
    };
    (scaled >> bits, -places)
}

/// Whether digits after the first `precision` leave no doubt how to round, if the last one is near.
fn is_decided(coefficient: &BigUint, precision: i64) -> bool {
    let spare = digit_count(coefficient) - precision - 1;
    if spare < 2 {
        return false;
    }
    // Nearer than one hundred units of the last place to a place where rounding changes is too near.
    let unit = power_of_ten(spare) * 5_u8;
    let rest = coefficient % &unit;
    let near = BigUint::from(100_u8);
    rest > near && &unit - &rest > near
}

/// e to the power of a fixed-point number: at least `digits` digits, and the exponent.
fn power_of_e(x: &BigInt, bits: u64, digits: i64) -> (BigUint, i64) {
    let ten = logarithm_of_ten(bits);
    let (exponent, rest) = x.div_mod_floor(&ten);
    let power = exponential(&rest, bits);
    let (coefficient, places) = to_decimal(&power, bits, digits);
    let exponent = exponent.to_i64().unwrap_or(0);
    (coefficient.magnitude().clone(), places + exponent)
}

/// The logarithm of a positive number in multiples of 2**-bits.
fn logarithm_of(number: &Number, bits: u64) -> BigInt {
    let length = number.digits();
    let work = bits + 70;
    let mantissa = Number::finite(false, number.coefficient.clone(), 1 - length);
    let mantissa = logarithm(&fixed_point(&mantissa, work), work);
    let exponent = BigInt::from(number.exponent + length - 1);
    (mantissa + exponent * logarithm_of_ten(work)) >> (work - bits)
}

/// How many zeros follow the point in the logarithm of a positive number that is not 1.
fn zeros_of_logarithm(number: &Number) -> i64 {
    let mut wide = Env::new(Settings {
        precision: number.digits() + 10,
        ..Settings::EXACT
    });
    if !(-2..=2).contains(&number.adjusted()) {
        return 0;
    }
    let distance = super::arithmetic::subtract(number, &Number::small(1), &mut wide);
    (-distance.adjusted()).max(0)
}

pub fn exp(number: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number], env) {
        return nan;
    }
    if number.is_infinite() {
        return if number.negative {
            Number::zero(false, 0)
        } else {
            number.clone()
        };
    }
    if number.is_zero() {
        return Number::small(1);
    }
    let settings = env.settings;
    let precision = settings.precision;
    let adjusted = number.adjusted();
    let length = |number: i64| i64::from(number.unsigned_abs().max(1).ilog10()) + 1;
    let result = if !number.negative && adjusted > length((settings.emax + 1).saturating_mul(3)) {
        Number::finite(false, BigUint::one(), settings.emax + 1)
    } else if number.negative && adjusted > length((1 - settings.etiny()).saturating_mul(3)) {
        Number::finite(false, BigUint::one(), settings.etiny() - 1)
    } else if !number.negative && adjusted < -precision {
        let coefficient = padded(&BigUint::one(), precision + 1, env) + 1_u8;
        Number::finite(false, coefficient, -precision - 1)
    } else if number.negative && adjusted < -precision - 1 {
        let coefficient = padded(&BigUint::one(), precision + 2, env);
        if coefficient.is_zero() {
            return Number::nan();
        }
        Number::finite(false, coefficient - 1_u8, -precision - 2)
    } else {
        let mut extra = 5;
        loop {
            let bits = bits_for(precision + extra + adjusted.max(0) + 5);
            let x = fixed_point(number, bits);
            let (coefficient, exponent) = power_of_e(&x, bits, precision + extra);
            if is_decided(&coefficient, precision) {
                break Number::finite(false, coefficient, exponent);
            }
            extra += extra;
        }
    };
    env.fixed_half_even(result)
}

/// What both logarithms have in common: results of special operands.
fn logarithm_special(number: &Number, env: &mut Env) -> Option<Number> {
    if let Some(nan) = nan_of(&[number], env) {
        return Some(nan);
    }
    if number.is_zero() {
        return Some(Number::infinity(true));
    }
    if number.negative {
        return Some(env.invalid(Status::INVALID_OPERATION));
    }
    number.is_infinite().then(|| number.clone())
}

pub fn ln(number: &Number, env: &mut Env) -> Number {
    if let Some(special) = logarithm_special(number, env) {
        return special;
    }
    let (digits, exponent) = stripped(number.coefficient.clone(), number.exponent, i64::MAX);
    if digits.is_one() && exponent == 0 {
        return Number::zero(false, 0);
    }
    let precision = env.settings.precision;
    let zeros = zeros_of_logarithm(number);
    let mut extra = 5;
    loop {
        let bits = bits_for(precision + extra + zeros + 5);
        let value = logarithm_of(number, bits);
        if let Some(result) = rounded(&value, bits, precision, extra) {
            return env.fixed_half_even(result);
        }
        extra += extra;
    }
}

fn rounded(value: &BigInt, bits: u64, precision: i64, extra: i64) -> Option<Number> {
    if value.is_zero() {
        return None;
    }
    let (coefficient, exponent) = to_decimal(value, bits, precision + extra);
    let negative = coefficient.is_negative();
    let coefficient = coefficient.magnitude().clone();
    is_decided(&coefficient, precision).then(|| Number::finite(negative, coefficient, exponent))
}

pub fn log10(number: &Number, env: &mut Env) -> Number {
    if let Some(special) = logarithm_special(number, env) {
        return special;
    }
    let (digits, exponent) = stripped(number.coefficient.clone(), number.exponent, i64::MAX);
    if digits.is_one() {
        return env.fixed_half_even(Number::small(exponent));
    }
    let precision = env.settings.precision;
    let zeros = zeros_of_logarithm(number);
    let mut extra = 5;
    loop {
        let bits = bits_for(precision + extra + zeros + 25);
        let value = (logarithm_of(number, bits) << bits) / logarithm_of_ten(bits);
        if let Some(result) = rounded(&value, bits, precision, extra) {
            return env.fixed_half_even(result);
        }
        extra += extra;
    }
}

/// `left ** right`.
pub fn power(left: &Number, right: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[left, right], env) {
        return nan;
    }
    if right.is_zero() {
        if left.is_zero() {
            return env.invalid(Status::INVALID_OPERATION);
        }
        return Number::small(1);
    }
    let whole = right.is_integer();
    let mut negative = false;
    if left.negative {
        if whole {
            negative = is_odd(right);
        } else if !left.is_zero() {
            return env.invalid(Status::INVALID_OPERATION);
        }
    }
    let base = left.clone().with_sign(false);
    if base.is_zero() {
        return if right.negative {
            Number::infinity(negative)
        } else {
            Number::zero(negative, 0)
        };
    }
    if base.is_infinite() {
        return if right.negative {
            Number::zero(negative, 0)
        } else {
            Number::infinity(negative)
        };
    }
    let settings = env.settings;
    let precision = settings.precision;
    let (digits, ten) = stripped(base.coefficient.clone(), base.exponent, i64::MAX);
    if digits.is_one() && ten == 0 {
        return power_of_one(&base, right, negative, whole, env);
    }
    let adjusted = base.adjusted();
    if right.is_infinite() {
        return if right.negative == (adjusted < 0) {
            Number::infinity(negative)
        } else {
            Number::zero(negative, 0)
        };
    }
    // Results that are too large or too small by far are not computed.
    let bound = logarithm_bound(&base) + right.adjusted();
    let length = |number: i64| i64::from(number.unsigned_abs().max(1).ilog10()) + 1;
    let far = if (adjusted >= 0) == !right.negative {
        (bound >= length(settings.emax)).then_some(settings.emax + 1)
    } else {
        (bound >= length(settings.etiny())).then_some(settings.etiny() - 1)
    };
    if let Some(exponent) = far {
        return Number::finite(negative, BigUint::one(), exponent).fixed(env);
    }
    // The power is rounded twice, as the library that sets the standard here does it: half to even to a
    // precision that is enough for most, then as the context says.
    let enough = precision.max(base.digits()) + 23;
    let most = length(adjusted.abs() + 1) + 1;
    if right.adjusted() + most < -enough - 2 {
        // So near to 1 that it is 1 with that precision.
        env.raise(Status::INEXACT | Status::ROUNDED);
        let coefficient = padded(&BigUint::one(), precision - 1, env);
        return Number::finite(negative, coefficient, 1 - precision).fixed(env);
    }
    if let Some(exact) = exact_power(&digits, ten, right, precision + 1) {
        let exact = exact.with_sign(negative);
        return if whole {
            with_ideal_exponent(exact, &base, right, precision).fixed(env)
        } else {
            padded_to_inexact(exact, env)
        };
    }
    let zeros = zeros_of_logarithm(&base);
    let mut extra = 5;
    loop {
        let wide = bits_for(enough + extra + zeros + right.digits().max(right.adjusted()) + 30);
        let logarithm = logarithm_of(&base, wide);
        let product = if right.exponent >= 0 {
            logarithm * BigInt::from(&right.coefficient * power_of_ten(right.exponent))
        } else {
            logarithm * BigInt::from(right.coefficient.clone())
                / BigInt::from(power_of_ten(-right.exponent))
        };
        let x = if right.negative { -product } else { product };
        let (coefficient, exponent) = power_of_e(&x, wide, enough + extra);
        // Where no digit will tell, the nearest is as good.
        if is_decided(&coefficient, enough) || extra > 3 * enough + 60 {
            return rounded_twice(
                Number::finite(negative, coefficient, exponent),
                enough,
                whole,
                env,
            );
        }
        extra += extra;
    }
}

/// A number that is not exact, rounded half to even to `enough` digits, then as the context says.
fn rounded_twice(number: Number, enough: i64, whole: bool, env: &mut Env) -> Number {
    let limits = if whole { env.settings } else { Settings::EXACT };
    let mut first = Env::new(Settings {
        precision: enough,
        rounding: Rounding::HalfEven,
        clamp: false,
        ..limits
    });
    let once = number.fixed(&mut first);
    if once.is_zero() || once.is_infinite() {
        env.raise(first.status);
        return once.fixed(env);
    }
    env.raise(Status::INEXACT | Status::ROUNDED);
    once.fixed(env)
}

fn is_odd(whole: &Number) -> bool {
    if whole.exponent > 0 {
        return false;
    }
    if whole.exponent == 0 {
        return whole.coefficient.is_odd();
    }
    (&whole.coefficient / power_of_ten(-whole.exponent)).is_odd()
}

/// 1 to any power: with as many zeros as the exact power would have.
fn power_of_one(
    base: &Number,
    right: &Number,
    negative: bool,
    whole: bool,
    env: &mut Env,
) -> Number {
    let precision = env.settings.precision;
    let exponent = if whole {
        let times = if right.negative {
            0
        } else {
            let (one, _) = right.rescaled(0, env.settings.rounding, &mut Env::new(env.settings));
            one.coefficient.to_i64().unwrap_or(precision).min(precision)
        };
        let exponent = base.exponent.saturating_mul(times);
        if exponent < 1 - precision {
            env.raise(Status::ROUNDED);
        }
        exponent.max(1 - precision)
    } else {
        env.raise(Status::INEXACT | Status::ROUNDED);
        1 - precision
    };
    let coefficient = padded(&BigUint::one(), -exponent, env);
    if coefficient.is_zero() {
        return Number::nan();
    }
    Number::finite(negative, coefficient, exponent)
}

/// A lower bound for the adjusted exponent of the magnitude of the decimal logarithm.
fn logarithm_bound(number: &Number) -> i64 {
    let adjusted = number.adjusted();
    let length = |number: i64| i64::from(number.unsigned_abs().max(1).ilog10()) + 1;
    if adjusted >= 1 {
        return length(adjusted) - 1;
    }
    if adjusted <= -2 {
        return length(-1 - adjusted) - 1;
    }
    let mut wide = Env::new(Settings {
        precision: number.digits() + 10,
        ..Settings::EXACT
    });
    let distance = super::arithmetic::subtract(number, &Number::small(1), &mut wide);
    // |log10(1 + d)| > |d| × 0.2 near 1 on either side.
    distance.adjusted().min(0) - 1
}

/// The exact power of a number without zeros at its end, if it has at most `most` digits.
fn exact_power(digits: &BigUint, ten: i64, right: &Number, most: i64) -> Option<Number> {
    let (numerator, places) = stripped(right.coefficient.clone(), right.exponent, i64::MAX);
    // right = numerator × 10**places = n / m in lowest terms
    if digits.is_one() {
        // 10**(ten × right); there are not that many twos and fives in `ten`.
        if places < -70 {
            return None;
        }
        let exponent = BigInt::from(ten) * BigInt::from(numerator);
        let exponent = if places >= 0 {
            exponent * BigInt::from(power_of_ten(places.min(60)))
        } else {
            let (exponent, rest) = exponent.div_rem(&BigInt::from(power_of_ten(-places)));
            if !rest.is_zero() {
                return None;
            }
            exponent
        };
        let exponent = exponent.to_i64()?;
        let exponent = if right.negative { -exponent } else { exponent };
        return Some(Number::finite(false, BigUint::one(), exponent));
    }
    if places > 20 || places < -4 * (digits.bits() as i64) - 70 {
        return None;
    }
    let (n, m) = if places >= 0 {
        (numerator * power_of_ten(places), BigUint::one())
    } else {
        let m = power_of_ten(-places);
        let common = numerator.gcd(&m);
        (numerator / &common, m / common)
    };
    let n = n.to_i64()?;
    let m = m.to_u32()?;
    // The digits must be an m-th power, and so must their power of ten.
    if u64::from(m) > digits.bits() {
        return None;
    }
    let root = digits.nth_root(m);
    if root.pow(m) != *digits || ten % i64::from(m) != 0 {
        return None;
    }
    let ten = ten / i64::from(m);
    let limit = 4 * (most + 2);
    if !right.negative {
        // root**n × 10**(ten × n)
        if n > limit || (root.bits() as i64 - 1).saturating_mul(n) > limit {
            return None;
        }
        let power = root.pow(n as u32);
        let exponent = ten.checked_mul(n)?;
        let (power, exponent) = stripped(power, exponent, i64::MAX);
        return (digit_count(&power) <= most).then(|| Number::finite(false, power, exponent));
    }
    // 1 / root**n is exact for powers of 2 and of 5 only.
    let twos = root.trailing_zeros().unwrap_or(0);
    let (other, power) = if (BigUint::one() << twos) == root {
        (5_u8, twos as i64)
    } else {
        let mut rest = root.clone();
        let mut fives = 0;
        while (&rest % 5_u8).is_zero() {
            rest /= 5_u8;
            fives += 1;
        }
        if !rest.is_one() {
            return None;
        }
        (2_u8, fives)
    };
    let power = power.checked_mul(n)?;
    if power > limit {
        return None;
    }
    let coefficient = BigUint::from(other).pow(power as u32);
    let exponent = ten.checked_mul(-n)? - power;
    (digit_count(&coefficient) <= most).then(|| Number::finite(false, coefficient, exponent))
}

/// An exact power to a whole exponent, with the zeros that a product would have.
fn with_ideal_exponent(exact: Number, base: &Number, right: &Number, precision: i64) -> Number {
    if right.negative {
        return exact;
    }
    let times = right.rescaled(0, Rounding::Down, &mut Env::new(Settings::EXACT));
    let Some(times) = times.0.coefficient.to_i64() else {
        return exact;
    };
    let ideal = base.exponent.saturating_mul(times);
    // One more than there is room for tells that something was cut off.
    let room = (precision + 1 - exact.digits()).min(10_000_000);
    let zeros = exact.exponent.saturating_sub(ideal).min(room);
    if zeros <= 0 {
        return exact;
    }
    let coefficient = exact.coefficient * power_of_ten(zeros);
    Number::finite(exact.negative, coefficient, exact.exponent - zeros)
}

/// The power to an exponent with a fraction is never exact, whatever its digits are.
fn padded_to_inexact(exact: Number, env: &mut Env) -> Number {
    let room = env.settings.precision + 1 - exact.digits();
    let exact = if room > 0 {
        let coefficient = padded(&exact.coefficient, room, env);
        Number::finite(exact.negative, coefficient, exact.exponent - room)
    } else {
        exact
    };
    let mut inner = Env::new(env.settings);
    let fixed = exact.fixed(&mut inner);
    inner.raise(Status::INEXACT);
    if inner.status.contains(Status::SUBNORMAL) {
        inner.raise(Status::UNDERFLOW);
    }
    env.raise(inner.status | Status::ROUNDED);
    fixed
}

/// `left ** right % modulus` of integers.
pub fn power_modulo(left: &Number, right: &Number, modulus: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[left, right, modulus], env) {
        return nan;
    }
    let precision = env.settings.precision;
    if !(left.is_integer() && right.is_integer() && modulus.is_integer())
        || right.negative && !right.is_zero()
        || modulus.is_zero()
        || modulus.adjusted() >= precision
        || left.is_zero() && right.is_zero()
    {
        return env.invalid(Status::INVALID_OPERATION);
    }
    let negative = left.negative && is_odd(right);
    let whole = |number: &Number| {
        if number.exponent >= 0 {
            number.coefficient.clone()
        } else {
            &number.coefficient / power_of_ten(-number.exponent)
        }
    };
    let modulus_number = padded(&whole(modulus), modulus.exponent.max(0), env);
    if modulus_number.is_zero() {
        return Number::nan();
    }
    let ten = BigUint::from(10_u8);
    let raise = |base: &BigUint, exponent: i64| {
        base.modpow(&BigUint::from(exponent as u64), &modulus_number)
    };
    let mut base = whole(left) % &modulus_number;
    if left.exponent > 0 {
        base = base * raise(&ten, left.exponent) % &modulus_number;
    }
    let mut result = base.modpow(&whole(right), &modulus_number);
    if right.exponent > 10_000_000 {
        return env.invalid(Status::MALLOC);
    }
    for _ in 0..right.exponent.max(0) {
        result = result.modpow(&ten, &modulus_number);
    }
    Number::finite(negative, result, 0).fixed(env)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(precision: i64) -> Env {
        Env::new(Settings {
            precision,
            rounding: Rounding::HalfEven,
            emin: -999_999,
            emax: 999_999,
            clamp: false,
            capitals: true,
        })
    }

    fn number(text: &str) -> Number {
        Number::parse(text).expect("a number")
    }

    #[test]
    fn functions_are_correctly_rounded() {
        for (found, expected) in [
            (
                exp(&number("1"), &mut env(28)),
                "2.718281828459045235360287471",
            ),
            (exp(&number("-100.5"), &mut env(9)), "2.25634014E-44"),
            (
                ln(&number("2"), &mut env(28)),
                "0.6931471805599453094172321215",
            ),
            (ln(&number("0.999999"), &mut env(9)), "-0.00000100000050"),
            (log10(&number("1000"), &mut env(9)), "3"),
            (
                log10(&number("2"), &mut env(28)),
                "0.3010299956639811952137388947",
            ),
            (
                power(&number("2"), &number("0.5"), &mut env(28)),
                "1.414213562373095048801688724",
            ),
            (
                power(&number("4"), &number("0.5"), &mut env(9)),
                "2.00000000",
            ),
            (power(&number("2"), &number("-3"), &mut env(9)), "0.125"),
            (
                power(&number("10"), &number("20"), &mut env(28)),
                "100000000000000000000",
            ),
            (
                power(&number("7"), &number("100"), &mut env(9)),
                "3.23447651E+84",
            ),
        ] {
            assert_eq!(found.text(true, false), expected);
        }
    }
}
