//! Sums, products, quotients, roots and comparisons of decimal numbers. It knows nothing of Python.

use std::cmp::Ordering;

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};

use super::number::{Env, Kind, Number, Rounding, Status, padded, power_of_ten};

/// The NaN that an operation with these operands has as its result, if one of them is NaN: the first
/// signaling one, or the first one.
pub fn nan_of(operands: &[&Number], env: &mut Env) -> Option<Number> {
    let signaling = operands
        .iter()
        .find(|number| number.kind == Kind::Signaling);
    if signaling.is_some() {
        env.raise(Status::INVALID_OPERATION);
    }
    let nan = signaling.or_else(|| operands.iter().find(|number| number.is_nan()))?;
    let quiet = Number {
        kind: Kind::Quiet,
        ..(*nan).clone()
    };
    Some(quiet.fixed_nan(env))
}

/// Two coefficients of one exponent, which is returned. A number that is too small to matter, but for
/// rounding, becomes one that is near enough.
fn aligned(
    left: &Number,
    right: &Number,
    precision: i64,
    env: &mut Env,
) -> (BigUint, BigUint, i64) {
    let swapped = left.exponent < right.exponent;
    let (high, low) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    let limit = high.exponent + (high.digits() - precision - 2).min(-1);
    let (low_coefficient, exponent) = if low.adjusted() < limit {
        (BigUint::one(), limit)
    } else {
        (low.coefficient.clone(), low.exponent)
    };
    let high_coefficient = padded(&high.coefficient, high.exponent - exponent, env);
    if swapped {
        (low_coefficient, high_coefficient, exponent)
    } else {
        (high_coefficient, low_coefficient, exponent)
    }
}

pub fn add(left: &Number, right: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[left, right], env) {
        return nan;
    }
    if left.is_infinite() {
        if right.is_infinite() && left.negative != right.negative {
            return env.invalid(Status::INVALID_OPERATION);
        }
        return left.clone();
    }
    if right.is_infinite() {
        return right.clone();
    }
    let settings = env.settings;
    let exponent = left.exponent.min(right.exponent);
    let differ = left.negative != right.negative;
    let zero_sign = if differ {
        settings.rounding == Rounding::Floor
    } else {
        left.negative
    };
    match (left.is_zero(), right.is_zero()) {
        (true, true) => return Number::zero(zero_sign, exponent).fixed(env),
        (true, false) | (false, true) => {
            let other = if left.is_zero() { right } else { left };
            let exponent = exponent.max(other.exponent - settings.precision - 1);
            let (sum, _) = other.rescaled(exponent, settings.rounding, env);
            return sum.fixed(env);
        }
        (false, false) => {}
    }
    let (one, other, exponent) = aligned(left, right, settings.precision, env);
    let (negative, coefficient) = if !differ {
        (left.negative, one + other)
    } else {
        match one.cmp(&other) {
            Ordering::Equal => return Number::zero(zero_sign, exponent).fixed(env),
            Ordering::Greater => (left.negative, one - other),
            Ordering::Less => (right.negative, other - one),
        }
    };
    Number::finite(negative, coefficient, exponent).fixed(env)
}

pub fn subtract(left: &Number, right: &Number, env: &mut Env) -> Number {
    match nan_of(&[left, right], env) {
        Some(nan) => nan,
        None => add(left, &right.negated(), env),
    }
}

/// The product, not rounded.
fn product(left: &Number, right: &Number, env: &mut Env) -> Number {
    let negative = left.negative != right.negative;
    if left.is_infinite() || right.is_infinite() {
        if left.is_zero() || right.is_zero() {
            return env.invalid(Status::INVALID_OPERATION);
        }
        return Number::infinity(negative);
    }
    let coefficient = &left.coefficient * &right.coefficient;
    Number::finite(negative, coefficient, left.exponent + right.exponent)
}

pub fn multiply(left: &Number, right: &Number, env: &mut Env) -> Number {
    match nan_of(&[left, right], env) {
        Some(nan) => nan,
        None => product(left, right, env).fixed(env),
    }
}

/// `left * right + third`, rounded once.
pub fn fma(left: &Number, right: &Number, third: &Number, env: &mut Env) -> Number {
    if left.is_nan() || right.is_nan() {
        return nan_of(&[left, right, third], env).unwrap_or_else(Number::nan);
    }
    let product = product(left, right, env);
    if product.is_nan() {
        return product;
    }
    add(&product, third, env)
}

pub fn divide(left: &Number, right: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[left, right], env) {
        return nan;
    }
    let negative = left.negative != right.negative;
    if left.is_infinite() {
        if right.is_infinite() {
            return env.invalid(Status::INVALID_OPERATION);
        }
        return Number::infinity(negative);
    }
    if right.is_infinite() {
        env.raise(Status::CLAMPED);
        return Number::zero(negative, env.settings.etiny());
    }
    if right.is_zero() {
        if left.is_zero() {
            return env.invalid(Status::DIVISION_UNDEFINED);
        }
        env.raise(Status::DIVISION_BY_ZERO);
        return Number::infinity(negative);
    }
    let ideal = left.exponent - right.exponent;
    if left.is_zero() {
        return Number::zero(negative, ideal).fixed(env);
    }
    // One digit more than there is room for, so that the rest matters to rounding only when it is not 0.
    let mut shift = right.digits() - left.digits() + env.settings.precision + 1;
    // An exact quotient needs no more places than this, and is found without them all.
    let enough = exact_places(&right.coefficient) + right.digits();
    let exact_shift = enough.min(shift);
    let (mut coefficient, mut rest) = if exact_shift >= 0 && exact_shift < shift {
        let found = padded(&left.coefficient, exact_shift, env).div_rem(&right.coefficient);
        if found.1.is_zero() {
            shift = exact_shift;
        }
        found
    } else {
        (BigUint::zero(), BigUint::one())
    };
    if !rest.is_zero() {
        (coefficient, rest) = if shift >= 0 {
            padded(&left.coefficient, shift, env).div_rem(&right.coefficient)
        } else {
            left.coefficient
                .div_rem(&padded(&right.coefficient, -shift, env))
        };
    }
    let mut exponent = ideal - shift;
    if !rest.is_zero() {
        if (&coefficient % 5_u8).is_zero() {
            coefficient += 1_u8;
        }
    } else {
        (coefficient, exponent) = stripped(coefficient, exponent, ideal);
    }
    Number::finite(negative, coefficient, exponent).fixed(env)
}

/// How many decimal places the reciprocal of a number of the form 2**a × 5**b has at most.
fn exact_places(divisor: &BigUint) -> i64 {
    divisor.bits() as i64
}

/// Takes zeros from the end while the exponent is below `ideal`.
pub fn stripped(mut coefficient: BigUint, mut exponent: i64, ideal: i64) -> (BigUint, i64) {
    if coefficient.is_zero() {
        return (coefficient, exponent.max(ideal));
    }
    // Twos bound the zeros; long runs go at once.
    let mut step =
        i64::from(u32::try_from(coefficient.trailing_zeros().unwrap_or(0)).unwrap_or(u32::MAX));
    while step > 0 && exponent < ideal {
        step = step.min(ideal.saturating_sub(exponent));
        let (quotient, rest) = coefficient.div_rem(&power_of_ten(step));
        if rest.is_zero() {
            coefficient = quotient;
            exponent += step;
            step = step.min(i64::try_from(coefficient.trailing_zeros().unwrap_or(0)).unwrap_or(0));
        } else {
            step /= 2;
        }
    }
    (coefficient, exponent)
}

/// Quotient and rest of a division without fraction, of finite or infinite operands; `right` is not 0.
fn divided(left: &Number, right: &Number, env: &mut Env) -> Option<(Number, Number)> {
    let negative = left.negative != right.negative;
    let ideal = if right.is_infinite() {
        left.exponent
    } else {
        left.exponent.min(right.exponent)
    };
    let difference = if right.is_infinite() {
        -2
    } else {
        left.adjusted() - right.adjusted()
    };
    if left.is_zero() || right.is_infinite() || difference <= -2 {
        let rounding = env.settings.rounding;
        let (rest, _) = left.rescaled(ideal, rounding, env);
        return Some((Number::zero(negative, 0), rest));
    }
    if difference <= env.settings.precision {
        let one = padded(&left.coefficient, left.exponent - ideal, env);
        let other = padded(&right.coefficient, right.exponent - ideal, env);
        if other.is_zero() {
            return None;
        }
        let (quotient, rest) = one.div_rem(&other);
        let quotient = Number::finite(negative, quotient, 0);
        if quotient.digits() <= env.settings.precision {
            return Some((quotient, Number::finite(left.negative, rest, ideal)));
        }
    }
    env.raise(Status::DIVISION_IMPOSSIBLE);
    None
}

pub fn divide_int(left: &Number, right: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[left, right], env) {
        return nan;
    }
    let negative = left.negative != right.negative;
    if left.is_infinite() {
        if right.is_infinite() {
            return env.invalid(Status::INVALID_OPERATION);
        }
        return Number::infinity(negative);
    }
    if right.is_zero() {
        if left.is_zero() {
            return env.invalid(Status::DIVISION_UNDEFINED);
        }
        env.raise(Status::DIVISION_BY_ZERO);
        return Number::infinity(negative);
    }
    match divided(left, right, env) {
        // Nothing is clamped that was not computed.
        Some((quotient, _)) if right.is_infinite() => quotient,
        Some((quotient, _)) => quotient.fixed(env),
        None => Number::nan(),
    }
}

pub fn remainder(left: &Number, right: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[left, right], env) {
        return nan;
    }
    if left.is_infinite() {
        return env.invalid(Status::INVALID_OPERATION);
    }
    if right.is_zero() {
        let status = if left.is_zero() {
            Status::DIVISION_UNDEFINED
        } else {
            Status::INVALID_OPERATION
        };
        return env.invalid(status);
    }
    match divided(left, right, env) {
        Some((_, rest)) => rest.fixed(env),
        None => Number::nan(),
    }
}

pub fn divmod(left: &Number, right: &Number, env: &mut Env) -> (Number, Number) {
    if let Some(nan) = nan_of(&[left, right], env) {
        return (nan.clone(), nan);
    }
    let negative = left.negative != right.negative;
    if left.is_infinite() {
        let nan = env.invalid(Status::INVALID_OPERATION);
        if right.is_infinite() {
            return (nan.clone(), nan);
        }
        return (Number::infinity(negative), nan);
    }
    if right.is_zero() {
        if left.is_zero() {
            let nan = env.invalid(Status::DIVISION_UNDEFINED);
            return (nan.clone(), nan);
        }
        env.raise(Status::DIVISION_BY_ZERO);
        let nan = env.invalid(Status::INVALID_OPERATION);
        return (Number::infinity(negative), nan);
    }
    match divided(left, right, env) {
        Some((quotient, rest)) if right.is_infinite() => (quotient, rest.fixed(env)),
        Some((quotient, rest)) => (quotient.fixed(env), rest.fixed(env)),
        None => (Number::nan(), Number::nan()),
    }
}

pub fn remainder_near(left: &Number, right: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[left, right], env) {
        return nan;
    }
    if left.is_infinite() {
        return env.invalid(Status::INVALID_OPERATION);
    }
    if right.is_zero() {
        let status = if left.is_zero() {
            Status::DIVISION_UNDEFINED
        } else {
            Status::INVALID_OPERATION
        };
        return env.invalid(status);
    }
    if right.is_infinite() {
        return left.clone().fixed(env);
    }
    let ideal = left.exponent.min(right.exponent);
    if left.is_zero() {
        return Number::zero(left.negative, ideal).fixed(env);
    }
    let difference = left.adjusted() - right.adjusted();
    if difference > env.settings.precision {
        return env.invalid(Status::DIVISION_IMPOSSIBLE);
    }
    if difference <= -2 {
        let rounding = env.settings.rounding;
        let (rest, _) = left.rescaled(ideal, rounding, env);
        return rest.fixed(env);
    }
    let one = padded(&left.coefficient, left.exponent - ideal, env);
    let other = padded(&right.coefficient, right.exponent - ideal, env);
    if other.is_zero() {
        return Number::nan();
    }
    let (mut quotient, mut rest) = one.div_rem(&other);
    let mut negative = left.negative;
    if &rest * 2_u8 + u8::from(quotient.is_odd()) > other {
        rest = &other - rest;
        quotient += 1_u8;
        negative = !negative;
    }
    if Number::finite(false, quotient, 0).digits() > env.settings.precision {
        return env.invalid(Status::DIVISION_IMPOSSIBLE);
    }
    Number::finite(negative, rest, ideal).fixed(env)
}

pub fn square_root(number: &Number, env: &mut Env) -> Number {
    if let Some(nan) = nan_of(&[number], env) {
        return nan;
    }
    if number.is_infinite() && !number.negative {
        return number.clone();
    }
    if number.is_zero() {
        return Number::zero(number.negative, number.exponent.div_euclid(2)).fixed(env);
    }
    if number.negative {
        return env.invalid(Status::INVALID_OPERATION);
    }
    let precision = env.settings.precision + 1;
    let mut exponent = number.exponent.div_euclid(2);
    let (coefficient, length) = if number.exponent % 2 != 0 {
        (&number.coefficient * 10_u8, (number.digits() >> 1) + 1)
    } else {
        (number.coefficient.clone(), (number.digits() + 1) >> 1)
    };
    // An exact root is found without all the places that the context has room for.
    let root = coefficient.sqrt();
    if &root * &root == coefficient {
        return env.fixed_half_even(Number::finite(false, root, exponent));
    }
    let shift = precision - length;
    let (coefficient, mut exact) = if shift >= 0 {
        (padded(&coefficient, 2 * shift, env), true)
    } else {
        let (quotient, rest) = coefficient.div_rem(&power_of_ten(-2 * shift));
        (quotient, rest.is_zero())
    };
    exponent -= shift;
    let mut root = coefficient.sqrt();
    exact = exact && &root * &root == coefficient;
    if exact {
        (root, exponent) = if shift >= 0 {
            (root / power_of_ten(shift), exponent + shift)
        } else {
            (root * power_of_ten(-shift), exponent + shift)
        };
    } else if (&root % 5_u8).is_zero() {
        root += 1_u8;
    }
    env.fixed_half_even(Number::finite(false, root, exponent))
}

/// The order of the magnitudes of finite numbers.
fn order_of_magnitudes(left: &Number, right: &Number) -> Ordering {
    match (left.is_zero(), right.is_zero()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        (false, false) => {}
    }
    let by_size = left.adjusted().cmp(&right.adjusted());
    if by_size.is_ne() {
        return by_size;
    }
    let places = left.exponent - right.exponent;
    if places >= 0 {
        (&left.coefficient * power_of_ten(places)).cmp(&right.coefficient)
    } else {
        left.coefficient
            .cmp(&(&right.coefficient * power_of_ten(-places)))
    }
}

/// The order of numbers that are not NaN.
pub fn order(left: &Number, right: &Number) -> Ordering {
    let rank = |number: &Number| match (number.is_infinite(), number.negative) {
        (false, _) => 0,
        (true, true) => -1,
        (true, false) => 1,
    };
    if left.is_infinite() || right.is_infinite() {
        return rank(left).cmp(&rank(right));
    }
    let negative = |number: &Number| number.negative && !number.is_zero();
    match (negative(left), negative(right)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) if left.negative || right.negative => {
            // One at least is a zero.
            order_of_magnitudes(left, right)
        }
        (false, false) => order_of_magnitudes(left, right),
        (true, true) => order_of_magnitudes(right, left),
    }
}

fn of_order(ordering: Ordering) -> Number {
    Number::small(ordering as i64)
}

pub fn compare(left: &Number, right: &Number, env: &mut Env) -> Number {
    match nan_of(&[left, right], env) {
        Some(nan) => nan,
        None => of_order(order(left, right)),
    }
}

pub fn compare_signal(left: &Number, right: &Number, env: &mut Env) -> Number {
    match nan_of(&[left, right], env) {
        Some(nan) => {
            env.raise(Status::INVALID_OPERATION);
            nan
        }
        None => of_order(order(left, right)),
    }
}

/// The order in which no two representations are equal.
pub fn total_order(left: &Number, right: &Number) -> Ordering {
    if left.negative != right.negative {
        return right.negative.cmp(&left.negative);
    }
    let rank = |number: &Number| match number.kind {
        Kind::Finite => 0,
        Kind::Infinite => 1,
        Kind::Signaling => 2,
        Kind::Quiet => 3,
    };
    let ordering = rank(left).cmp(&rank(right)).then_with(|| match left.kind {
        Kind::Finite => order_of_magnitudes(left, right).then(left.exponent.cmp(&right.exponent)),
        Kind::Infinite => Ordering::Equal,
        _ => left.coefficient.cmp(&right.coefficient),
    });
    if left.negative {
        ordering.reverse()
    } else {
        ordering
    }
}

pub fn compare_total(left: &Number, right: &Number, _env: &mut Env) -> Number {
    of_order(total_order(left, right))
}

pub fn compare_total_magnitude(left: &Number, right: &Number, _env: &mut Env) -> Number {
    let magnitude = |number: &Number| number.clone().with_sign(false);
    of_order(total_order(&magnitude(left), &magnitude(right)))
}
