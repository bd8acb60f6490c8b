//! Operators on the numbers in ints.

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Pow, Signed, ToPrimitive, Zero};

use super::{View, from_bigint, from_i64};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::objects::float;
use crate::objects::tuple::Tuple;
use crate::value::Value;

/// Results with more bits than this are refused with MemoryError rather than asked of the allocator,
/// which would end the process.
const MOST_BITS: u64 = 1 << 34;

#[cold]
fn by_zero(cx: &Context) -> Raised {
    cx.zero_division_error("division by zero")
}

/// `left + right`.
///
/// # Errors
/// MemoryError.
pub fn add(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if let (View::Small(left), View::Small(right)) = (left, right)
        && let Some(sum) = left.checked_add(right)
    {
        return from_i64(cx, sum);
    }
    match (left, right) {
        (View::Small(number), View::Big(big)) | (View::Big(big), View::Small(number)) => {
            from_bigint(cx, big + number)
        }
        _ => from_bigint(cx, &*left.to_big() + &*right.to_big()),
    }
}

/// `left - right`.
///
/// # Errors
/// MemoryError.
pub fn subtract(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if let (View::Small(left), View::Small(right)) = (left, right)
        && let Some(difference) = left.checked_sub(right)
    {
        return from_i64(cx, difference);
    }
    match (left, right) {
        (View::Big(big), View::Small(number)) => from_bigint(cx, big - number),
        _ => from_bigint(cx, &*left.to_big() - &*right.to_big()),
    }
}

/// `left * right`.
///
/// # Errors
/// MemoryError.
pub fn multiply(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if let (View::Small(left), View::Small(right)) = (left, right) {
        return match left.checked_mul(right) {
            Some(product) => from_i64(cx, product),
            None => super::from_i128(cx, i128::from(left) * i128::from(right)),
        };
    }
    if left.bits() + right.bits() > MOST_BITS {
        return Err(cx.no_memory());
    }
    match (left, right) {
        (View::Small(number), View::Big(big)) | (View::Big(big), View::Small(number)) => {
            from_bigint(cx, big * number)
        }
        _ => from_bigint(cx, &*left.to_big() * &*right.to_big()),
    }
}

/// The quotient rounded down; `right` is not zero, the quotient fits (only `i64::MIN // -1` does not).
#[inline(always)]
pub fn floor_divide_i64(left: i64, right: i64) -> i64 {
    let quotient = left / right;
    if (left % right != 0) && ((left < 0) != (right < 0)) {
        quotient - 1
    } else {
        quotient
    }
}

/// The remainder with the sign of `right`, which is not zero.
#[inline(always)]
pub fn remainder_i64(left: i64, right: i64) -> i64 {
    let remainder = left % right;
    if remainder != 0 && ((remainder < 0) != (right < 0)) {
        remainder + right
    } else {
        remainder
    }
}

fn both_small(left: View<'_>, right: View<'_>) -> Option<(i64, i64)> {
    match (left, right) {
        (View::Small(left), View::Small(right)) if !(left == i64::MIN && right == -1) => {
            Some((left, right))
        }
        _ => None,
    }
}

/// `left // right`.
///
/// # Errors
/// ZeroDivisionError, MemoryError.
pub fn floor_divide(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if right.is_zero() {
        return Err(by_zero(cx));
    }
    match both_small(left, right) {
        Some((left, right)) => from_i64(cx, floor_divide_i64(left, right)),
        None => from_bigint(cx, left.to_big().div_floor(&right.to_big())),
    }
}

/// `left % right`.
///
/// # Errors
/// ZeroDivisionError, MemoryError.
pub fn remainder(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if right.is_zero() {
        return Err(by_zero(cx));
    }
    match both_small(left, right) {
        Some((left, right)) => from_i64(cx, remainder_i64(left, right)),
        None => from_bigint(cx, left.to_big().mod_floor(&right.to_big())),
    }
}

/// `divmod(left, right)`.
///
/// # Errors
/// ZeroDivisionError, MemoryError.
pub fn divmod(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if right.is_zero() {
        return Err(by_zero(cx));
    }
    let (quotient, remainder) = match both_small(left, right) {
        Some((left, right)) => (
            from_i64(cx, floor_divide_i64(left, right))?,
            from_i64(cx, remainder_i64(left, right))?,
        ),
        None => {
            let (quotient, remainder) = left.to_big().div_mod_floor(&right.to_big());
            (from_bigint(cx, quotient)?, from_bigint(cx, remainder)?)
        }
    };
    Tuple::pair(cx, quotient, remainder).map(crate::object::Ref::into_value)
}

/// `left / right`: the float nearest to the exact quotient, ties to even.
///
/// # Errors
/// ZeroDivisionError, OverflowError.
pub fn true_divide(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if right.is_zero() {
        return Err(by_zero(cx));
    }
    if left.bits() <= 53 && right.bits() <= 53 {
        // Both are exact as floats: one rounding.
        let (left, right) = (
            left.to_i64().unwrap_or(0) as f64,
            right.to_i64().unwrap_or(1) as f64,
        );
        return float::from_f64(cx, left / right);
    }
    match quotient(&left.to_big(), &right.to_big()) {
        Some(quotient) => float::from_f64(cx, quotient),
        None => Err(cx.overflow_error("integer division result too large for a float")),
    }
}

/// The float nearest to `left / right`. `None` when it is too large.
pub fn quotient(left: &BigInt, right: &BigInt) -> Option<f64> {
    let negative = left.is_negative() != right.is_negative();
    let (left, right) = (left.magnitude(), right.magnitude());
    if left.is_zero() {
        return Some(if negative { -0.0 } else { 0.0 });
    }
    // The quotient lies between 2**(difference - 1) and 2**(difference + 1).
    let difference = left.bits() as i64 - right.bits() as i64;
    if difference > 1025 {
        return None;
    }
    if difference < -1080 {
        return Some(if negative { -0.0 } else { 0.0 });
    }
    // 64 or 65 bits of it as an integer, with the last bit set when what is cut off is not zero.
    let shift = difference - 64;
    let (scaled, cut) = if shift >= 0 {
        (
            left >> shift as u64,
            left.trailing_zeros()
                .is_some_and(|zeros| zeros < shift as u64),
        )
    } else {
        (left << shift.unsigned_abs(), false)
    };
    let (whole, rest) = scaled.div_rem(right);
    let whole = whole.to_u128().expect("invariant: at most 65 bits");
    let sticky = whole | u128::from(cut || !rest.is_zero());
    let float = scale(sticky, shift as i32)?;
    Some(if negative { -float } else { float })
}

/// The float nearest to `number` × 2**`exponent`, ties to even. `None` when it is too large.
pub fn scale(number: u128, exponent: i32) -> Option<f64> {
    if number == 0 {
        return Some(0.0);
    }
    let bits = 128 - number.leading_zeros() as i32;
    // How many low bits do not fit: 53 bits are kept, fewer when the result is subnormal.
    let drop = (bits - 53).max(-1074 - exponent).max(0);
    let (mut kept, rest) = if drop >= 128 {
        (0, number)
    } else {
        (number >> drop, number & ((1 << drop) - 1))
    };
    if drop > 0 {
        // Further than one bit below the lowest that counts, `rest` is less than half.
        if drop <= 128 {
            let half = 1u128 << (drop - 1);
            if rest > half || (rest == half && kept & 1 == 1) {
                kept += 1;
            }
        }
    }
    let mut result = kept as f64;
    let mut left = exponent + drop;
    // Powers of two in steps that are themselves floats; the product is exact, or overflows.
    while left != 0 {
        let step = left.clamp(-1022, 1023);
        result *= f64::from_bits(((step + 1023) as u64) << 52);
        left -= step;
        if result.is_infinite() {
            return None;
        }
    }
    Some(result)
}

/// Python's `left << right`.
///
/// # Errors
/// ValueError for a negative count, OverflowError and MemoryError for one that is too large.
pub fn left_shift(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if right.is_negative() {
        return Err(cx.value_error("negative shift count"));
    }
    if left.is_zero() {
        return from_i64(cx, 0);
    }
    let Some(count) = right.to_i64() else {
        return Err(cx.overflow_error("too many digits in integer"));
    };
    if left.bits().saturating_add(count as u64) > MOST_BITS {
        return Err(cx.no_memory());
    }
    if let View::Small(number) = left
        && count < 64
    {
        return super::from_i128(cx, i128::from(number) << count);
    }
    from_bigint(cx, &*left.to_big() << count as u64)
}

/// Python's `left >> right`.
///
/// # Errors
/// ValueError for a negative count.
pub fn right_shift(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
    if right.is_negative() {
        return Err(cx.value_error("negative shift count"));
    }
    let count = right.to_i64().map_or(u64::MAX, |count| count as u64);
    match left {
        View::Small(number) => from_i64(cx, number >> count.min(63)),
        View::Big(number) if count >= number.bits() => {
            from_i64(cx, if number.is_negative() { -1 } else { 0 })
        }
        View::Big(number) => from_bigint(cx, number >> count),
    }
}

macro_rules! bitwise {
    ($($name:ident: $operator:tt;)*) => {
        $(
            #[doc = concat!("`left ", stringify!($operator), " right`, as if both had infinitely many bits of sign.")]
            ///
            /// # Errors
            /// MemoryError.
            pub fn $name(cx: &Context, left: View<'_>, right: View<'_>) -> PyResult<Value> {
                match (left, right) {
                    (View::Small(left), View::Small(right)) => from_i64(cx, left $operator right),
                    _ => from_bigint(cx, &*left.to_big() $operator &*right.to_big()),
                }
            }
        )*
    };
}

bitwise! {
    and: &;
    or: |;
    xor: ^;
}

/// `base ** exponent`; a float when the exponent is negative.
///
/// # Errors
/// ZeroDivisionError for zero to a negative power, MemoryError.
pub fn power(cx: &Context, base: View<'_>, exponent: View<'_>) -> PyResult<Value> {
    if exponent.is_negative() {
        let (Some(base), Some(exponent)) = (base.to_f64(), exponent.to_f64()) else {
            return Err(cx.overflow_error("int too large to convert to float"));
        };
        return float::power(cx, base, exponent);
    }
    match base {
        _ if exponent.is_zero() => return from_i64(cx, 1),
        View::Small(0 | 1) => return base.into_value(cx),
        View::Small(-1) => {
            let odd = exponent.to_big().is_odd();
            return from_i64(cx, if odd { -1 } else { 1 });
        }
        _ if base.is_zero() => return from_i64(cx, 0),
        _ => {}
    }
    let Some(exponent) = exponent
        .to_i64()
        .and_then(|exponent| u32::try_from(exponent).ok())
    else {
        // At least 2**(2**32): bases of one bit left the function above.
        return match base.to_big() {
            base if base.magnitude().is_one() => from_i64(
                cx,
                if base.is_negative() && exponent.to_big().is_odd() {
                    -1
                } else {
                    1
                },
            ),
            _ => Err(cx.no_memory()),
        };
    };
    if let View::Small(base) = base
        && let Some(result) = base.checked_pow(exponent)
    {
        return from_i64(cx, result);
    }
    if (base.bits() - 1).saturating_mul(exponent.into()) > MOST_BITS {
        return Err(cx.no_memory());
    }
    from_bigint(cx, Pow::pow(&*base.to_big(), exponent))
}

/// `pow(base, exponent, modulus)`: between 0 and the modulus, with its sign.
///
/// # Errors
/// ValueError for a modulus of zero, and when a negative exponent asks for an inverse that is not there.
pub fn power_modulo(
    cx: &Context,
    base: View<'_>,
    exponent: View<'_>,
    modulus: View<'_>,
) -> PyResult<Value> {
    if modulus.is_zero() {
        return Err(cx.value_error("pow() 3rd argument cannot be 0"));
    }
    if let (View::Small(base), View::Small(exponent @ 0..), View::Small(modulus @ 1..)) =
        (base, exponent, modulus)
    {
        return from_i64(cx, small_power_modulo(base, exponent, modulus));
    }
    let modulus = modulus.to_big();
    let magnitude = modulus.abs();
    if magnitude.is_one() {
        return from_i64(cx, 0);
    }
    let mut base = base.to_big().mod_floor(&magnitude);
    let mut exponent = exponent.to_big().into_owned();
    if exponent.is_negative() {
        base = inverse(&base, &magnitude)
            .ok_or_else(|| cx.value_error("base is not invertible for the given modulus"))?;
        exponent = -exponent;
    }
    let mut result = base.modpow(&exponent, &magnitude);
    if modulus.is_negative() && !result.is_zero() {
        result += &*modulus;
    }
    from_bigint(cx, result)
}

/// [`power_modulo`] by squaring, for an exponent from 0 on and a modulus from 1 on.
fn small_power_modulo(base: i64, mut exponent: i64, modulus: i64) -> i64 {
    let wide = i128::from(modulus);
    let product = |left: i64, right: i64| match left.checked_mul(right) {
        Some(product) => product % modulus,
        None => (i128::from(left) * i128::from(right) % wide) as i64,
    };
    let mut base = base.rem_euclid(modulus);
    let mut result = 1 % modulus;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = product(result, base);
        }
        exponent >>= 1;
        if exponent > 0 {
            base = product(base, base);
        }
    }
    result
}

/// The inverse of `number` modulo `modulus`, which is greater than 1.
fn inverse(number: &BigInt, modulus: &BigInt) -> Option<BigInt> {
    let found = number.extended_gcd(modulus);
    found.gcd.is_one().then(|| found.x.mod_floor(modulus))
}

/// `number` rounded to a multiple of 10**`digits`, ties to even.
pub fn round_to_multiple(number: &BigInt, digits: u32) -> BigInt {
    // 10**digits has more than 3 bits a digit: beyond that the number is less than half of it.
    if u64::from(digits) * 3 > number.bits() + 4 {
        return BigInt::zero();
    }
    let unit: BigInt = Pow::pow(BigInt::from(10), digits);
    let (quotient, remainder) = number.div_mod_floor(&unit);
    let twice: BigInt = remainder * 2;
    let up = match twice.cmp(&unit) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient.is_odd(),
        std::cmp::Ordering::Less => false,
    };
    (if up { quotient + 1 } else { quotient }) * unit
}

/// The int that has `number`'s bits inverted.
pub(super) fn invert(number: View<'_>) -> BigInt {
    -number.to_big().into_owned() - BigInt::from_biguint(Sign::Plus, One::one())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_division_rounds_down() {
        for (left, right, quotient, remainder) in [
            (7, 2, 3, 1),
            (-7, 2, -4, 1),
            (7, -2, -4, -1),
            (-7, -2, 3, -1),
            (6, -3, -2, 0),
            (0, 5, 0, 0),
        ] {
            assert_eq!(floor_divide_i64(left, right), quotient);
            assert_eq!(remainder_i64(left, right), remainder);
        }
    }

    #[test]
    fn scaling_rounds_once() {
        assert_eq!(scale(1, -1074), Some(5e-324));
        assert_eq!(scale(1, -1075), Some(0.0));
        assert_eq!(scale(3, -1075), Some(1e-323));
        assert_eq!(scale((1 << 53) + 1, 0), Some(9_007_199_254_740_992.0));
        assert_eq!(scale((1 << 54) + 3, 0), Some(18_014_398_509_481_988.0));
        assert_eq!(scale(u128::MAX, 900), None);
        assert_eq!(scale(1, 1023), Some(f64::from_bits(2046 << 52)));
        assert_eq!(scale(1, 1024), None);
    }

    #[test]
    fn quotients_are_correctly_rounded() {
        let ten = BigInt::from(10);
        assert_eq!(
            quotient(&Pow::pow(&ten, 30u32), &Pow::pow(&ten, 29u32)),
            Some(10.0)
        );
        assert_eq!(
            quotient(&BigInt::from(1), &BigInt::from(3)),
            Some(1.0 / 3.0)
        );
        assert_eq!(quotient(&Pow::pow(&ten, 400u32), &BigInt::from(3)), None);
        assert_eq!(
            quotient(&BigInt::from(-1), &Pow::pow(&ten, 400u32)),
            Some(-0.0)
        );
        assert_eq!(
            quotient(&BigInt::from(5), &Pow::pow(&ten, 324u32)),
            Some(5e-324)
        );
    }

    #[test]
    fn rounding_ties_to_even() {
        for (number, digits, rounded) in [
            (15, 1, 20),
            (25, 1, 20),
            (-15, 1, -20),
            (-25, 1, -20),
            (5, 1, 0),
            (51, 2, 100),
            (50, 2, 0),
            (149, 2, 100),
        ] {
            assert_eq!(
                round_to_multiple(&BigInt::from(number), digits),
                BigInt::from(rounded),
                "{number}"
            );
        }
    }
}
