//! Logarithms. Ints of any size have one: those too large for a float are split into a float and a
//! power of two.

use num_bigint::BigInt;
use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::{float, int};
use typhon_runtime::protocols::number::{self, BinaryOperator};
use typhon_runtime::{Context, PyResult, Value};

use super::expected;

/// A number below 1 and an exponent: `number` is about their `mantissa * 2**exponent`, correctly rounded.
fn split_big(number: &BigInt) -> (f64, u64) {
    let bits = number.bits();
    let shift = bits.saturating_sub(64);
    let magnitude = number.magnitude();
    let head = (magnitude >> shift).iter_u64_digits().next().unwrap_or(0);
    // A bit for whatever was cut off makes the rounding to 53 bits correct.
    let cut = magnitude
        .trailing_zeros()
        .is_some_and(|zeros| zeros < shift);
    let mantissa = (head | u64::from(cut)) as f64 / 2f64.powi(64.min(bits as i32));
    (mantissa, bits)
}

/// The logarithm that `function` computes of any real number.
fn logarithm(cx: &Context, x: &Value, function: fn(f64) -> f64) -> PyResult<f64> {
    let Some(whole) = int::view(x) else {
        let x = float::as_f64(cx, x)?;
        let result = function(x);
        return if x <= 0.0 {
            Err(expected(cx, "a positive input", x))
        } else {
            Ok(result)
        };
    };
    if whole.is_negative() || whole.is_zero() {
        return Err(cx.value_error("expected a positive input"));
    }
    match whole.to_f64() {
        Some(x) => Ok(function(x)),
        None => {
            let (mantissa, exponent) = split_big(&whole.to_big());
            Ok(function(mantissa) + function(2.0) * exponent as f64)
        }
    }
}

/// log(x, [base=math.e])
/// Return the logarithm of x to the given base.
///
/// If the base is not specified, returns the natural logarithm (base e) of x.
#[pyfunction("log(x, base=None, /)")]
pub(super) fn log(cx: &Context, x: &Value, base: Maybe<&Value>) -> PyResult<Value> {
    let natural = float::from_f64(cx, logarithm(cx, x, f64::ln)?)?;
    match base.0 {
        None => Ok(natural),
        Some(base) => {
            let base = float::from_f64(cx, logarithm(cx, base, f64::ln)?)?;
            number::binary(cx, BinaryOperator::TrueDivide, &natural, &base)
        }
    }
}

/// Return the base 2 logarithm of x.
#[pyfunction("log2(x, /)")]
pub(super) fn log2(cx: &Context, x: &Value) -> PyResult<f64> {
    logarithm(cx, x, f64::log2)
}

/// Return the base 10 logarithm of x.
#[pyfunction("log10(x, /)")]
pub(super) fn log10(cx: &Context, x: &Value) -> PyResult<f64> {
    logarithm(cx, x, f64::log10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_ints_are_split() {
        assert_eq!(split_big(&(BigInt::from(1) << 5000)), (0.5, 5001));
        let (mantissa, exponent) = split_big(&((BigInt::from(1) << 5000) - 1));
        assert_eq!((mantissa, exponent), (1.0, 5000));
        assert_eq!(split_big(&BigInt::from(12)), (0.75, 4));
    }
}
