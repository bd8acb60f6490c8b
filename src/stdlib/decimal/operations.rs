//! The operations on decimal numbers that are no arithmetic: rounding to a pattern, neighbours, digits as
//! bits, extremes, tests. It knows nothing of Python.

use std::cmp::Ordering;

use num_bigint::BigUint;
use num_traits::{ToPrimitive, Zero};

use super::arithmetic::{add, nan_of, order, stripped, total_order};
use super::number::{Env, Kind, Number, Rounding, Status, padded, power_of_ten};

pub fn plus(number: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number], env) {
        return nan;
    }
    let zero = number.is_zero() && env.settings.rounding != Rounding::Floor;
    let number = number.clone();
    if zero {
        number.with_sign(false)
    } else {
        number
    }
    .fixed(env)
}

pub fn minus(number: &Number, env: &mut Env) -> Number {
    match nan_of(&[number], env) {
        Some(nan) => nan,
        None => plus(&number.negated(), env),
    }
}

pub fn absolute(number: &Number, env: &mut Env) -> Number {
    if number.negative {
        minus(number, env)
    } else {
        plus(number, env)
    }
}

pub fn normalize(number: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number], env) {
        return nan;
    }
    let fixed = number.clone().fixed(env);
    if !fixed.is_finite() {
        return fixed;
    }
    if fixed.is_zero() {
        return Number::zero(fixed.negative, 0);
    }
    let settings = env.settings;
    let most = if settings.clamp {
        settings.etop()
    } else {
        settings.emax
    };
    let (coefficient, exponent) = stripped(fixed.coefficient, fixed.exponent, most);
    Number::finite(fixed.negative, coefficient, exponent)
}

pub fn quantize(number: &Number, pattern: &Number, rounding: Rounding, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number, pattern], env) {
        return nan;
    }
    if number.is_infinite() || pattern.is_infinite() {
        if number.is_infinite() && pattern.is_infinite() {
            return number.clone();
        }
        return env.invalid(Status::INVALID_OPERATION);
    }
    let settings = env.settings;
    let exponent = pattern.exponent;
    if !(settings.etiny()..=settings.emax).contains(&exponent) {
        return env.invalid(Status::INVALID_OPERATION);
    }
    if number.is_zero() {
        return Number::zero(number.negative, exponent).fixed(env);
    }
    if number.adjusted() > settings.emax || number.adjusted() - exponent + 1 > settings.precision {
        return env.invalid(Status::INVALID_OPERATION);
    }
    let (result, inexact) = number.rescaled(exponent, rounding, env);
    if result.adjusted() > settings.emax || result.digits() > settings.precision {
        return env.invalid(Status::INVALID_OPERATION);
    }
    if !result.is_zero() && result.adjusted() < settings.emin {
        env.raise(Status::SUBNORMAL);
    }
    if exponent > number.exponent {
        if inexact {
            env.raise(Status::INEXACT);
        }
        env.raise(Status::ROUNDED);
    }
    result.fixed(env)
}

/// The nearest integer, and whether it is another number. `None` when the number is one already.
fn whole(number: &Number, rounding: Rounding, env: &mut Env) -> Option<(Number, bool)> {
    (number.is_finite() && number.exponent < 0).then(|| number.rescaled(0, rounding, env))
}

pub fn to_integral_exact(number: &Number, rounding: Rounding, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number], env) {
        return nan;
    }
    match whole(number, rounding, env) {
        None => number.clone(),
        Some((result, inexact)) => {
            if inexact {
                env.raise(Status::INEXACT);
            }
            if !number.is_zero() {
                env.raise(Status::ROUNDED);
            }
            result
        }
    }
}

pub fn to_integral_value(number: &Number, rounding: Rounding, env: &mut Env) -> Number {
    match nan_of(&[number], env) {
        Some(nan) => nan,
        None => whole(number, rounding, env).map_or_else(|| number.clone(), |(result, _)| result),
    }
}

fn neighbour(number: &Number, down: bool, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number], env) {
        return nan;
    }
    if number.is_infinite() {
        if number.negative == down {
            return number.clone();
        }
        return Number::largest(!down, env);
    }
    let rounding = if down {
        Rounding::Floor
    } else {
        Rounding::Ceiling
    };
    let mut inner = env.with_rounding(rounding);
    let fixed = number.clone().fixed(&mut inner);
    if fixed.kind != number.kind || order(&fixed, number).is_ne() {
        return fixed;
    }
    let step = Number::finite(down, BigUint::from(1_u8), inner.settings.etiny() - 1);
    add(number, &step, &mut inner)
}

pub fn next_plus(number: &Number, env: &mut Env) -> Number {
    neighbour(number, false, env)
}

pub fn next_minus(number: &Number, env: &mut Env) -> Number {
    neighbour(number, true, env)
}

pub fn next_toward(number: &Number, other: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number, other], env) {
        return nan;
    }
    let result = match order(number, other) {
        Ordering::Equal => return number.clone().with_sign(other.negative),
        Ordering::Less => neighbour(number, false, env),
        Ordering::Greater => neighbour(number, true, env),
    };
    if result.is_infinite() {
        env.raise(Status::OVERFLOW | Status::INEXACT | Status::ROUNDED);
    } else if result.adjusted() < env.settings.emin {
        env.raise(Status::UNDERFLOW | Status::SUBNORMAL | Status::INEXACT | Status::ROUNDED);
        if result.is_zero() {
            env.raise(Status::CLAMPED);
        }
    }
    result
}

pub fn logb(number: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number], env) {
        return nan;
    }
    if number.is_infinite() {
        return Number::infinity(false);
    }
    if number.is_zero() {
        env.raise(Status::DIVISION_BY_ZERO);
        return Number::infinity(true);
    }
    Number::small(number.adjusted()).fixed(env)
}

/// An operand that counts places: a whole number within limits.
fn places(number: &Number, least: i64, most: i64) -> Option<i64> {
    if !number.is_finite() || number.exponent != 0 {
        return None;
    }
    let count = number.coefficient.to_i64()?;
    let count = if number.negative { -count } else { count };
    (least..=most).contains(&count).then_some(count)
}

pub fn scaleb(number: &Number, other: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number, other], env) {
        return nan;
    }
    let limit = 2 * (env.settings.emax + env.settings.precision);
    let Some(count) = places(other, -limit, limit) else {
        return env.invalid(Status::INVALID_OPERATION);
    };
    if number.is_infinite() {
        return number.clone();
    }
    let mut scaled = number.clone();
    scaled.exponent += count;
    scaled.fixed(env)
}

/// The digits of the number, as many as the context has room for, the last one first.
fn places_of(number: &Number, env: &mut Env) -> (BigUint, i64) {
    let precision = env.settings.precision;
    let coefficient = if number.digits() > precision {
        &number.coefficient % power_of_ten(precision)
    } else {
        number.coefficient.clone()
    };
    (coefficient, precision)
}

pub fn shift(number: &Number, other: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number, other], env) {
        return nan;
    }
    let (coefficient, precision) = places_of(number, env);
    let Some(count) = places(other, -precision, precision) else {
        return env.invalid(Status::INVALID_OPERATION);
    };
    if number.is_infinite() {
        return number.clone();
    }
    let coefficient = if count < 0 {
        if -count >= super::number::digit_count(&coefficient) {
            BigUint::zero()
        } else {
            coefficient / power_of_ten(-count)
        }
    } else {
        // What goes out at the left is gone.
        let kept = precision - count;
        let kept = if super::number::digit_count(&coefficient) > kept {
            coefficient % power_of_ten(kept)
        } else {
            coefficient
        };
        padded(&kept, count, env)
    };
    Number::finite(number.negative, coefficient, number.exponent)
}

pub fn rotate(number: &Number, other: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number, other], env) {
        return nan;
    }
    let (coefficient, precision) = places_of(number, env);
    let Some(count) = places(other, -precision, precision) else {
        return env.invalid(Status::INVALID_OPERATION);
    };
    if number.is_infinite() {
        return number.clone();
    }
    let count = count.rem_euclid(precision);
    let kept = precision - count;
    let (left, right) = if super::number::digit_count(&coefficient) > kept {
        let unit = power_of_ten(kept);
        (&coefficient / &unit, coefficient % unit)
    } else {
        (BigUint::zero(), coefficient)
    };
    let coefficient = padded(&right, count, env) + left;
    Number::finite(number.negative, coefficient, number.exponent)
}

/// The digits of a logical operand, the first one first: all 0 or 1.
fn bits_of(number: &Number, precision: i64) -> Option<Vec<u8>> {
    if !number.is_finite() || number.negative || number.exponent != 0 {
        return None;
    }
    let digits = number.coefficient.to_string().into_bytes();
    if digits.iter().any(|digit| *digit > b'1') {
        return None;
    }
    let surplus = (digits.len() as i64 - precision).max(0);
    Some(digits[surplus as usize..].to_vec())
}

fn logical(
    left: &Number,
    right: &Number,
    env: &mut Env,
    combine: fn(bool, bool) -> bool,
) -> Number {
    let precision = env.settings.precision;
    let (Some(left), Some(right)) = (bits_of(left, precision), bits_of(right, precision)) else {
        return env.invalid(Status::INVALID_OPERATION);
    };
    let length = left.len().max(right.len());
    let bit = |digits: &[u8], place: usize| {
        let missing = length - digits.len();
        place >= missing && digits[place - missing] == b'1'
    };
    let digits: Vec<u8> = (0..length)
        .map(|place| b'0' + u8::from(combine(bit(&left, place), bit(&right, place))))
        .collect();
    let coefficient = BigUint::parse_bytes(&digits, 10).unwrap_or_default();
    Number::finite(false, coefficient, 0)
}

pub fn logical_and(left: &Number, right: &Number, env: &mut Env) -> Number {
    logical(left, right, env, |one, other| one && other)
}

pub fn logical_or(left: &Number, right: &Number, env: &mut Env) -> Number {
    logical(left, right, env, |one, other| one || other)
}

pub fn logical_xor(left: &Number, right: &Number, env: &mut Env) -> Number {
    logical(left, right, env, |one, other| one != other)
}

pub fn logical_invert(number: &Number, env: &mut Env) -> Number {
    if bits_of(number, env.settings.precision).is_none() {
        return env.invalid(Status::INVALID_OPERATION);
    }
    let full = padded(&BigUint::from(1_u8), env.settings.precision, env);
    if full.is_zero() {
        return Number::nan();
    }
    let ones = (full - 1_u8) / 9_u8;
    logical(
        number,
        &Number::finite(false, ones, 0),
        env,
        |one, other| one != other,
    )
}

fn extreme(
    left: &Number,
    right: &Number,
    env: &mut Env,
    magnitudes: bool,
    wanted: Ordering,
) -> Number {
    if left.is_nan() || right.is_nan() {
        // A number is preferred to a quiet NaN.
        return match (left.kind, right.kind) {
            (Kind::Quiet, Kind::Finite | Kind::Infinite) => right.clone().fixed(env),
            (Kind::Finite | Kind::Infinite, Kind::Quiet) => left.clone().fixed(env),
            _ => nan_of(&[left, right], env).unwrap_or_else(Number::nan),
        };
    }
    let ordering = if magnitudes {
        order(
            &left.clone().with_sign(false),
            &right.clone().with_sign(false),
        )
    } else {
        order(left, right)
    };
    let ordering = ordering.then_with(|| total_order(left, right));
    let chosen = if ordering == wanted { left } else { right };
    chosen.clone().fixed(env)
}

pub fn max(left: &Number, right: &Number, env: &mut Env) -> Number {
    extreme(left, right, env, false, Ordering::Greater)
}

pub fn min(left: &Number, right: &Number, env: &mut Env) -> Number {
    extreme(left, right, env, false, Ordering::Less)
}

pub fn max_mag(left: &Number, right: &Number, env: &mut Env) -> Number {
    extreme(left, right, env, true, Ordering::Greater)
}

pub fn min_mag(left: &Number, right: &Number, env: &mut Env) -> Number {
    extreme(left, right, env, true, Ordering::Less)
}

pub fn copy_sign(left: &Number, right: &Number, _env: &mut Env) -> Number {
    left.clone().with_sign(right.negative)
}

pub fn same_quantum(left: &Number, right: &Number) -> bool {
    match (left.is_finite(), right.is_finite()) {
        (true, true) => left.exponent == right.exponent,
        (false, false) => left.is_nan() == right.is_nan(),
        _ => false,
    }
}

pub fn is_normal(number: &Number, env: &Env) -> bool {
    number.is_finite() && !number.is_zero() && number.adjusted() >= env.settings.emin
}

pub fn is_subnormal(number: &Number, env: &Env) -> bool {
    number.is_finite() && !number.is_zero() && number.adjusted() < env.settings.emin
}

pub fn class_name(number: &Number, env: &Env) -> &'static str {
    let choose = |positive, negative| if number.negative { negative } else { positive };
    match number.kind {
        Kind::Signaling => "sNaN",
        Kind::Quiet => "NaN",
        Kind::Infinite => choose("+Infinity", "-Infinity"),
        Kind::Finite if number.is_zero() => choose("+Zero", "-Zero"),
        Kind::Finite if is_subnormal(number, env) => choose("+Subnormal", "-Subnormal"),
        Kind::Finite => choose("+Normal", "-Normal"),
    }
}
