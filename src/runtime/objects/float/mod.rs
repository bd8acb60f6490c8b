//! `float`: a double.
//!
//! Most floats are words (see [`crate::value`]). Objects with a [`Float`] payload are the exact floats
//! whose exponent does not fit a word, -0.0, infinities and NaNs among them, and all instances of
//! derived classes.
//!
//! Files: `format` (float to text), `parse` (text to float, hexadecimal both ways), `methods` (what
//! Python sees).

mod format;
mod methods;
mod parse;

use num_bigint::{BigInt, BigUint};

use typhon_macros::pyclass;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{self, Payload, Ref};
use crate::objects::complex;
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::value::Value;

pub use format::{FloatStyle, FloatText, float_text, format_number, repr};
pub use parse::{from_hexadecimal, hexadecimal, parse_plain};

/// The payload of floats that are objects. See the module's header.
#[pyclass(
    name = "float",
    flags(BASETYPE, MATCH_SELF),
    plain,
    signature = "(x=0, /)",
    doc = "Convert a string or number to a floating-point number, if possible."
)]
pub struct Float {
    value: f64,
}

/// The float `number`.
///
/// # Errors
/// MemoryError.
#[inline]
pub fn from_f64(cx: &Context, number: f64) -> PyResult<Value> {
    match Value::from_inline_float(number) {
        Some(value) => Ok(value),
        None => new_object(cx, number),
    }
}

#[cold]
fn new_object(cx: &Context, value: f64) -> PyResult<Value> {
    object::new(cx, Float { value }).map(Ref::into_value)
}

/// An instance of `class`, which is derived from `float`; an exact float if it is `float` itself.
///
/// # Errors
/// MemoryError.
pub fn of_class(cx: &Context, class: &Ref<Type>, value: f64) -> PyResult<Value> {
    if class.is(Float::class()) {
        return from_f64(cx, value);
    }
    object::new_of_class(cx, class, Float { value }).map(Ref::into_value)
}

/// The number in a float or an instance of a derived class. `None` for everything else.
#[inline]
pub fn exact(value: &Value) -> Option<f64> {
    match value.as_inline_float() {
        Some(number) => Some(number),
        None => value.downcast::<Float>().map(|float| float.value),
    }
}

/// Whether the type is exactly `float`.
#[inline]
pub fn is_exact(value: &Value) -> bool {
    value.is_inline_float() || value.is_exact::<Float>()
}

/// The number as a float: a float, something with `__float__`, or with `__index__`.
///
/// # Errors
/// TypeError when it is none of these, OverflowError when it is too large.
#[inline]
pub fn as_f64(cx: &Context, value: &Value) -> PyResult<f64> {
    match value.as_inline_float() {
        Some(number) => Ok(number),
        None => match convert(cx, value)? {
            Some(number) => Ok(number),
            None => Err(cx.type_error(format!("must be real number, not {}", value.type_name()))),
        },
    }
}

/// [`as_f64`] that gives `None` for what is no number.
///
/// # Errors
/// OverflowError, and what the methods raise.
pub fn convert(cx: &Context, value: &Value) -> PyResult<Option<f64>> {
    if let Some(number) = exact(value) {
        return Ok(Some(number));
    }
    if int::is_exact(value) {
        return operand(cx, value);
    }
    if let Some(number) = from_method(cx, value)? {
        return Ok(Some(number));
    }
    if value.class().slots.index.get().is_none() {
        return Ok(None);
    }
    operand(cx, &crate::protocols::number::index(cx, value)?)
}

/// What `__float__` returns, where there is one.
///
/// # Errors
/// TypeError when it is no float, and what the method raises.
pub(crate) fn from_method(cx: &Context, value: &Value) -> PyResult<Option<f64>> {
    let Some(float) = value.class().slots.float.get() else {
        return Ok(None);
    };
    let result = float(cx, value)?;
    match exact(&result) {
        Some(number) if is_exact(&result) => Ok(Some(number)),
        Some(number) => {
            let method = format!("{}.__float__", value.type_name());
            crate::protocols::number::strict_subclass(cx, &method, "float", &result)?;
            Ok(Some(number))
        }
        None => Err(cx.type_error(format!(
            "{}.__float__ returned non-float (type {})",
            value.type_name(),
            result.type_name()
        ))),
    }
}

/// The number in an operand of float arithmetic: a float or an int. `None` for everything else.
///
/// # Errors
/// OverflowError when the int is too large.
#[inline]
pub(crate) fn operand(cx: &Context, value: &Value) -> PyResult<Option<f64>> {
    if let Some(number) = exact(value) {
        return Ok(Some(number));
    }
    match int::view(value) {
        None => Ok(None),
        Some(number) => match number.to_f64() {
            Some(number) => Ok(Some(number)),
            None => Err(cx.overflow_error("int too large to convert to float")),
        },
    }
}

/// Mantissa and exponent: `number` is mantissa × 2**exponent, exactly. The number is finite and not negative.
pub fn decompose(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52 & 0x7ff) as i32 {
        0 => (fraction, -1074),
        exponent => (fraction | 1 << 52, exponent - 1075),
    }
}

/// The integer that a finite float without fraction is.
pub fn to_bigint(whole: f64) -> BigInt {
    let (mantissa, exponent) = decompose(whole.abs());
    let magnitude = if exponent >= 0 {
        BigUint::from(mantissa) << exponent as u32
    } else {
        BigUint::from(mantissa.checked_shr(exponent.unsigned_abs()).unwrap_or(0))
    };
    let number = BigInt::from(magnitude);
    if whole < 0.0 { -number } else { number }
}

/// The int that `number`, which has no fraction, is.
///
/// # Errors
/// ValueError for NaN, OverflowError for infinities.
pub fn to_int(cx: &Context, number: f64) -> PyResult<Value> {
    if number.abs() < 9.2e18 {
        return int::from_i64(cx, number as i64);
    }
    if number.is_nan() {
        return Err(cx.value_error("cannot convert float NaN to integer"));
    }
    if number.is_infinite() {
        return Err(cx.overflow_error("cannot convert float infinity to integer"));
    }
    int::from_bigint(cx, to_bigint(number))
}

/// `(left // right, left % right)`; `right` is not zero. The remainder has the sign of `right`.
pub fn divide_floor(left: f64, right: f64) -> (f64, f64) {
    let mut remainder = left % right;
    let mut quotient = (left - remainder) / right;
    if remainder == 0.0 {
        remainder = 0f64.copysign(right);
    } else if (right < 0.0) != (remainder < 0.0) {
        remainder += right;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0f64.copysign(left / right), remainder);
    }
    let floor = quotient.floor();
    // The division above may have rounded down to just below an integer.
    (
        if quotient - floor > 0.5 {
            floor + 1.0
        } else {
            floor
        },
        remainder,
    )
}

/// OverflowError with the number and text of ERANGE.
#[cold]
pub fn out_of_range(cx: &Context) -> Raised {
    let message = match Str::from_str(cx, "Numerical result out of range") {
        Ok(message) => message.into_value(),
        Err(raised) => return raised,
    };
    match int::from_i64(cx, 34) {
        Ok(number) => cx.raise_with(exceptions::overflow_error(), &[number, message]),
        Err(raised) => raised,
    }
}

/// `base ** exponent`; a complex number when a negative base has a fractional exponent.
///
/// # Errors
/// ZeroDivisionError for zero to a negative power, OverflowError.
pub fn power(cx: &Context, base: f64, exponent: f64) -> PyResult<Value> {
    if base == 0.0 && exponent < 0.0 && exponent.is_finite() {
        return Err(cx.zero_division_error("zero to a negative power"));
    }
    if base < 0.0 && base.is_finite() && exponent.is_finite() && exponent != exponent.floor() {
        let result = complex::power(
            cx,
            complex::Pair::new(base, 0.0),
            complex::Pair::new(exponent, 0.0),
        )?;
        return complex::from_pair(cx, result);
    }
    // IEEE 754 settles the rest, as the C library's pow does.
    let result = base.powf(exponent);
    if result.is_infinite() && base.is_finite() && exponent.is_finite() {
        return Err(out_of_range(cx));
    }
    from_f64(cx, result)
}

/// `round(number, digits)`: to the nearest multiple of 10**-digits, ties of the exact value to even.
/// `None` when the result is too large for a float.
pub fn round_digits(number: f64, digits: i128) -> Option<f64> {
    // So many digits that nothing is cut off; so few that nothing remains.
    if !number.is_finite() || number == 0.0 || digits > 323 {
        return Some(number);
    }
    if digits < -308 {
        return Some(0.0 * number);
    }
    if digits >= 0 {
        let text = format!("{:.*}", digits as usize, number);
        return text.parse().ok();
    }
    // Twice the number plus one bit for what lies behind, so that ties stay ties and others do not.
    let magnitude = number.abs();
    let whole = magnitude.trunc();
    let scaled = to_bigint(whole) * 2 + i32::from(whole != magnitude);
    let unit: BigInt = num_traits::Pow::pow(BigInt::from(10), (-digits) as u32) * 2;
    let quotient = &scaled / &unit;
    let twice: BigInt = (&scaled % &unit) * 2;
    let up = match twice.cmp(&unit) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => num_integer::Integer::is_odd(&quotient),
        std::cmp::Ordering::Less => false,
    };
    let rounded: BigInt = (if up { quotient + 1 } else { quotient }) * (unit / 2);
    int::View::Big(&rounded)
        .to_f64()
        .map(|rounded| rounded.copysign(number))
}

/// The nearest integer, ties to even.
pub fn round_half_even(number: f64) -> f64 {
    number.round_ties_even()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_division() {
        assert_eq!(divide_floor(-7.5, 2.0), (-4.0, 0.5));
        assert_eq!(divide_floor(7.5, -2.0), (-4.0, -0.5));
        assert_eq!(divide_floor(5.0, f64::INFINITY), (0.0, 5.0));
        assert_eq!(divide_floor(-5.0, f64::INFINITY), (-1.0, f64::INFINITY));
        assert!(divide_floor(-0.0, 1.0).0.is_sign_negative());
    }

    #[test]
    fn rounding_to_digits() {
        for (number, digits, rounded) in [
            (2.675, 2, 2.67),
            (5.015, 2, 5.01),
            (25.0, -1, 20.0),
            (35.0, -1, 40.0),
            (25.000001, -1, 30.0),
            (5e-324, 400, 5e-324),
            (5.0, -1, 0.0),
            (1e300, -299, 1e300),
            (1e308, -308, 1e308),
            (0.5, 0, 0.0),
            (1.5, 0, 2.0),
            (2.5, 0, 2.0),
        ] {
            assert_eq!(
                round_digits(number, digits),
                Some(rounded),
                "round({number}, {digits})"
            );
        }
        assert_eq!(round_digits(f64::MAX, -308), None);
    }

    #[test]
    fn whole_floats_to_integers() {
        assert_eq!(to_bigint(1e20), BigInt::from(10u128.pow(20)));
        assert_eq!(to_bigint(-3.0), BigInt::from(-3));
        assert_eq!(to_bigint(0.0), BigInt::from(0));
    }
}
