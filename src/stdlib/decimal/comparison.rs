//! How decimals compare with the other numbers.

use typhon_runtime::objects::complex;
use typhon_runtime::objects::float;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::protocols::{attribute, classes};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context as Thread, PyResult, Value, import};

use super::arithmetic;
use super::context;
use super::convert::{self, operand};
use super::number::{Env, Kind, Number, Settings, Status};

/// `number` compared with `other`; NotImplemented when that is no number.
///
/// # Errors
/// Signals, and what asking a rational number raises.
pub fn compare(
    cx: &Thread,
    number: &Number,
    other: &Value,
    comparison: Comparison,
) -> PyResult<Value> {
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if let Some(other) = operand(other) {
        return decide(cx, number, &other, comparison);
    }
    let mut float = float::exact(other);
    if is_equality && let Some(complex) = complex::exact(other) {
        if complex.imaginary != 0.0 {
            return Ok(Value::from_bool(comparison == Comparison::NotEqual));
        }
        float = Some(complex.real);
    }
    if let Some(float) = float {
        let context = context::current(cx)?;
        if is_equality {
            // The flag tells of it, but no trap.
            context.flag(Status::FLOAT_OPERATION);
        } else {
            context.note(cx, Status::FLOAT_OPERATION)?;
        }
        return decide(cx, number, &convert::of_float(float), comparison);
    }
    let rational = import::import_attribute(cx, "numbers", "Rational")?;
    if !classes::is_instance(cx, other, &rational)? {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let part = |name: &str| -> PyResult<Option<Number>> {
        let part = attribute::get(cx, other, Name::intern(cx, name)?)?;
        Ok(operand(&part))
    };
    let (Some(numerator), Some(denominator)) = (part("numerator")?, part("denominator")?) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if number.is_nan() || number.is_infinite() {
        return decide(cx, number, &numerator, comparison);
    }
    let scaled = arithmetic::multiply(number, &denominator, &mut Env::new(Settings::EXACT));
    decide(cx, &scaled, &numerator, comparison)
}

fn decide(cx: &Thread, left: &Number, right: &Number, comparison: Comparison) -> PyResult<Value> {
    if left.is_nan() || right.is_nan() {
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let signaling = left.kind == Kind::Signaling || right.kind == Kind::Signaling;
        if signaling || !is_equality {
            context::current(cx)?.note(cx, Status::INVALID_OPERATION)?;
        }
        return Ok(Value::from_bool(comparison == Comparison::NotEqual));
    }
    let ordering = arithmetic::order(left, right);
    Ok(Value::from_bool(comparison.accepts(ordering)))
}
