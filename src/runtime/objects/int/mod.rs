//! `int`: integers of any size.
//!
//! An exact int from -2**62 to 2**62 - 1 is a tagged word and has no object. All other ints are
//! objects with a [`BigInteger`] payload: exact ints beyond that range, and instances of derived
//! classes whatever their value. So two exact ints are equal only if both are words or both are
//! objects; every function that makes an exact int normalizes. `True` and `False` are words of their
//! own that count as 1 and 0.
//!
//! [`view`] reads any of these; what computes with ints works on views.
//!
//! Files: `arithmetic` (operators on views), `parse` (text to int), `format` (int to text, and the
//! limit on both), `methods` (what Python sees).

mod arithmetic;
mod format;
mod methods;
mod parse;

use std::borrow::Cow;
use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};
use num_traits::{Signed, ToPrimitive, Zero};

use typhon_macros::pyclass;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref};
use crate::objects::type_::Type;
use crate::protocols::number;
use crate::value::Value;

pub use arithmetic::{
    add, and, divmod, floor_divide, floor_divide_i64, left_shift, multiply, or, power,
    power_modulo, quotient, remainder, remainder_i64, right_shift, round_to_multiple, scale,
    subtract, true_divide, xor,
};
pub use format::{format_value, maximum_digits, radix_text, set_maximum_digits, text};
pub use methods::from_number;
pub(crate) use parse::buffer_bytes;
pub use parse::{
    decimal_digit, is_space, parse_ascii, parse_bytes, parse_literal, parse_str, plain_ascii,
};

/// Bits and bytes of a digit, as `sys.int_info` tells of them: CPython's.
pub const DIGIT_BITS: u64 = 30;
pub const DIGIT_SIZE: usize = 4;

/// The payload of heap ints. See the module's header.
#[pyclass(
    name = "int",
    flags(BASETYPE, MATCH_SELF),
    plain,
    doc = "int([x]) -> integer\nint(x, base=10) -> integer\n\nConvert a number or string to an integer, or return 0 if no arguments\nare given.  If x is a number, return x.__int__().  For floating-point\nnumbers, this truncates towards zero.\n\nIf x is not a number or if base is given, then x must be a string,\nbytes, or bytearray instance representing an integer literal in the\ngiven base.  The literal can be preceded by '+' or '-' and be surrounded\nby whitespace.  The base defaults to 10.  Valid bases are 0 and 2-36.\nBase 0 means to interpret the base from the string as an integer\nliteral.\n>>> int('0b100', base=0)\n4"
)]
pub struct BigInteger {
    value: BigInt,
}

impl BigInteger {
    /// The number.
    #[inline]
    pub fn value(&self) -> &BigInt {
        &self.value
    }
}

/// The number in an int.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    Small(i64),
    Big(&'a BigInt),
}

/// The number in any int: exact, bool, or of a derived class. `None` for everything else.
#[inline]
pub fn view(value: &Value) -> Option<View<'_>> {
    if let Some(number) = value.as_small_int() {
        return Some(View::Small(number));
    }
    view_slow(value)
}

fn view_slow(value: &Value) -> Option<View<'_>> {
    if let Some(truth) = value.as_bool() {
        return Some(View::Small(truth.into()));
    }
    value
        .downcast::<BigInteger>()
        .map(|big| View::Big(&big.value))
}

impl<'a> View<'a> {
    /// As a big integer.
    pub fn to_big(self) -> Cow<'a, BigInt> {
        match self {
            View::Small(number) => Cow::Owned(BigInt::from(number)),
            View::Big(number) => Cow::Borrowed(number),
        }
    }

    /// As an `i64`, if it fits.
    #[inline]
    pub fn to_i64(self) -> Option<i64> {
        match self {
            View::Small(number) => Some(number),
            View::Big(number) => number.to_i64(),
        }
    }

    /// As an `i128`, if it fits.
    pub fn to_i128(self) -> Option<i128> {
        match self {
            View::Small(number) => Some(number.into()),
            View::Big(number) => number.to_i128(),
        }
    }

    /// As an `i128`, clamped.
    pub fn clamped(self) -> i128 {
        self.to_i128().unwrap_or(if self.is_negative() {
            i128::MIN
        } else {
            i128::MAX
        })
    }

    /// The nearest float, ties to even. `None` when it is too large for one.
    pub fn to_f64(self) -> Option<f64> {
        match self {
            View::Small(number) => Some(number as f64),
            View::Big(number) => number.to_f64().filter(|float| float.is_finite()),
        }
    }

    /// Below zero.
    #[inline]
    pub fn is_negative(self) -> bool {
        match self {
            View::Small(number) => number < 0,
            View::Big(number) => number.is_negative(),
        }
    }

    /// Zero.
    #[inline]
    pub fn is_zero(self) -> bool {
        match self {
            View::Small(number) => number == 0,
            View::Big(number) => number.is_zero(),
        }
    }

    /// Bits of the absolute value.
    pub fn bits(self) -> u64 {
        match self {
            View::Small(number) => u64::from(64 - number.unsigned_abs().leading_zeros()),
            View::Big(number) => number.bits(),
        }
    }

    /// How it compares to `other`.
    pub fn compare(&self, other: &View<'_>) -> Ordering {
        match (self, other) {
            (View::Small(one), View::Small(other)) => one.cmp(other),
            _ => self.to_big().cmp(&other.to_big()),
        }
    }

    /// How it compares to a float, exactly. `None` for NaN.
    pub fn compare_f64(&self, float: f64) -> Option<Ordering> {
        if float.is_nan() {
            return None;
        }
        if float.is_infinite() {
            return Some(if float > 0.0 {
                Ordering::Less
            } else {
                Ordering::Greater
            });
        }
        let whole = float.trunc();
        let ordering = match self {
            // Both ends of the interval are floats, and truncation to i64 is exact inside it.
            View::Small(number) if (-9.2e18..9.2e18).contains(&whole) => {
                number.cmp(&(whole as i64))
            }
            _ => {
                let whole = crate::objects::float::to_bigint(whole);
                (*self.to_big()).cmp(&whole)
            }
        };
        Some(ordering.then_with(|| {
            if float > whole {
                Ordering::Less
            } else if float < whole {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        }))
    }

    /// The number as an exact int.
    ///
    /// # Errors
    /// MemoryError.
    pub fn into_value(self, cx: &Context) -> PyResult<Value> {
        match self {
            View::Small(number) => from_i64(cx, number),
            View::Big(number) => from_bigint_ref(cx, number),
        }
    }
}

/// The int `number`.
///
/// # Errors
/// MemoryError.
#[inline]
pub fn from_i64(cx: &Context, number: i64) -> PyResult<Value> {
    match Value::from_small_int(number) {
        Some(value) => Ok(value),
        None => new_big(cx, BigInt::from(number)),
    }
}

/// The int `number`.
///
/// # Errors
/// MemoryError.
pub fn from_u64(cx: &Context, number: u64) -> PyResult<Value> {
    match i64::try_from(number) {
        Ok(number) => from_i64(cx, number),
        Err(_) => new_big(cx, BigInt::from(number)),
    }
}

/// The int `number`.
///
/// # Errors
/// MemoryError.
pub fn from_i128(cx: &Context, number: i128) -> PyResult<Value> {
    match i64::try_from(number) {
        Ok(number) => from_i64(cx, number),
        Err(_) => new_big(cx, BigInt::from(number)),
    }
}

/// The int `number`.
///
/// # Errors
/// MemoryError.
pub fn from_bigint(cx: &Context, number: BigInt) -> PyResult<Value> {
    match small(&number) {
        Some(value) => Ok(value),
        None => new_big(cx, number),
    }
}

/// [`from_bigint`] that copies only what it has to.
///
/// # Errors
/// MemoryError.
pub fn from_bigint_ref(cx: &Context, number: &BigInt) -> PyResult<Value> {
    match small(number) {
        Some(value) => Ok(value),
        None => new_big(cx, number.clone()),
    }
}

fn small(number: &BigInt) -> Option<Value> {
    if number.bits() > 63 {
        None
    } else {
        number.to_i64().and_then(Value::from_small_int)
    }
}

#[cold]
fn new_big(cx: &Context, value: BigInt) -> PyResult<Value> {
    object::new(cx, BigInteger { value }).map(Ref::into_value)
}

/// An instance of `class`, which is derived from `int`; an exact int if it is `int` itself.
///
/// # Errors
/// MemoryError.
pub fn of_class(cx: &Context, class: &Ref<Type>, number: View<'_>) -> PyResult<Value> {
    if class.is(BigInteger::class()) {
        return number.into_value(cx);
    }
    let value = number.to_big().into_owned();
    object::new_of_class(cx, class, BigInteger { value }).map(Ref::into_value)
}

/// Whether the type is exactly `int`.
#[inline(always)]
pub fn is_exact(value: &Value) -> bool {
    value.is_small_int() || value.is_exact::<BigInteger>()
}

/// Whether the type is `int` or derived from it, as `bool` is.
#[inline]
pub fn is_int(value: &Value) -> bool {
    value.is_small_int() || value.as_bool().is_some() || value.downcast::<BigInteger>().is_some()
}

/// The number in any int (bools and derived classes too), if it fits.
#[inline]
pub fn as_small(value: &Value) -> Option<i64> {
    view(value).and_then(View::to_i64)
}

/// The number in any int (bools and derived classes too).
pub fn as_bigint(value: &Value) -> Option<Cow<'_, BigInt>> {
    view(value).map(View::to_big)
}

/// The number that `__index__` gives; numbers beyond `i128` become the nearest one.
///
/// # Errors
/// TypeError when the value is no integer, and what `__index__` raises.
pub fn index_as_i128(cx: &Context, value: &Value) -> PyResult<i128> {
    if let Some(view) = view(value) {
        return Ok(view.clamped());
    }
    let number = number::index(cx, value)?;
    Ok(view(&number).map_or(0, View::clamped))
}

/// The number that `__index__` gives.
///
/// # Errors
/// As [`index_as_i128`].
pub fn index_as_bigint(cx: &Context, value: &Value) -> PyResult<BigInt> {
    let number = number::index(cx, value)?;
    Ok(view(&number)
        .map(View::to_big)
        .unwrap_or_default()
        .into_owned())
}

/// The int with these little-endian bytes, two's complement when `signed`.
///
/// # Errors
/// MemoryError.
pub fn from_little_endian(cx: &Context, bytes: &[u8], signed: bool) -> PyResult<Value> {
    cx.room_for(bytes.len().saturating_mul(2))?;
    let number = if signed {
        BigInt::from_signed_bytes_le(bytes)
    } else {
        BigInt::from_bytes_le(Sign::Plus, bytes)
    };
    from_bigint(cx, number)
}
