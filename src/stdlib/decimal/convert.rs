//! Decimal numbers of Python's objects: text, ints, floats, tuples.

use num_bigint::BigUint;
use num_traits::Zero;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::{float, int};
use typhon_runtime::{Context as Thread, PyResult, Raised, Ref, Value};

use super::context::Context;
use super::decimal_type::Decimal;
use super::number::{Env, Kind, Number, Settings, Status};

/// The number of an int.
pub fn of_int(view: int::View<'_>) -> Number {
    match view {
        int::View::Small(number) => Number::small(number),
        int::View::Big(number) => Number::finite(view.is_negative(), number.magnitude().clone(), 0),
    }
}

/// The exact number of a float.
pub fn of_float(value: f64) -> Number {
    let negative = value.is_sign_negative();
    if value.is_nan() {
        return Number::nan().with_sign(negative);
    }
    if value.is_infinite() {
        return Number::infinity(negative);
    }
    if value == 0.0 {
        return Number::zero(negative, 0);
    }
    let (mantissa, exponent) = float::decompose(value.abs());
    let zeros = mantissa.trailing_zeros();
    let (mantissa, exponent) = (BigUint::from(mantissa >> zeros), exponent + zeros as i32);
    if exponent >= 0 {
        return Number::finite(negative, mantissa << exponent as u32, 0);
    }
    let places = exponent.unsigned_abs();
    let coefficient = mantissa * BigUint::from(5_u8).pow(places);
    Number::finite(negative, coefficient, exponent.into())
}

/// The number as it is, if any context has room for it.
///
/// # Errors
/// The signal InvalidOperation.
fn exact(cx: &Thread, context: &Ref<Context>, number: Number) -> PyResult<Number> {
    const NEAR: i64 = 100_000_000_000_000_000;
    if !number.is_finite() || (-NEAR..NEAR).contains(&number.exponent) {
        return Ok(number);
    }
    let mut env = Env::new(Settings::EXACT);
    let fixed = number.fixed(&mut env);
    if env
        .status
        .intersects(Status::INEXACT | Status::ROUNDED | Status::CLAMPED)
    {
        context.note(cx, Status::INVALID_OPERATION)?;
        return Ok(Number::nan());
    }
    Ok(fixed)
}

/// The text in ASCII. `None` when something in it can be no part of a number.
fn ascii(text: &Str, lenient: bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut points: Vec<u32> = text.code_points().collect();
    if lenient {
        let is_space = |point: &u32| int::is_space(*point);
        let start = points.iter().position(|point| !is_space(point))?;
        let end = points.iter().rposition(|point| !is_space(point))?;
        points = points[start..=end].to_vec();
    }
    for point in points {
        if lenient && point == u32::from('_') {
            continue;
        }
        match int::decimal_digit(point) {
            Some(digit) => out.push(char::from(b'0' + digit)),
            None if point < 128 => out.push(char::from(point as u8)),
            None => return None,
        }
    }
    Some(out)
}

/// The number that a text writes; spaces around it and underscores in it do not matter when `lenient`.
///
/// # Errors
/// The signal of a conversion that fails.
pub fn of_text(cx: &Thread, context: &Ref<Context>, text: &Str, lenient: bool) -> PyResult<Number> {
    match ascii(text, lenient).as_deref().and_then(Number::parse) {
        Some(number) => Ok(number),
        None => {
            context.note(cx, Status::CONVERSION_SYNTAX)?;
            Ok(Number::nan())
        }
    }
}

/// The number of a tuple of sign, digits and exponent.
fn of_parts(cx: &Thread, parts: &[Value]) -> PyResult<Number> {
    let [sign, digits, exponent] = parts else {
        return Err(cx.value_error("argument must be a sequence of length 3"));
    };
    let wrong_sign = || cx.value_error("sign must be an integer with the value 0 or 1");
    let negative = match int::view(sign).and_then(|sign| sign.to_i64()) {
        Some(sign @ (0 | 1)) => sign == 1,
        _ => return Err(wrong_sign()),
    };
    let (kind, exponent) = if let Some(letter) = exponent.downcast::<Str>() {
        let kind = match &*letter.to_lossy() {
            "F" => Kind::Infinite,
            "n" => Kind::Quiet,
            "N" => Kind::Signaling,
            _ => {
                return Err(
                    cx.value_error("string argument in the third position must be 'F', 'n' or 'N'")
                );
            }
        };
        (kind, 0)
    } else {
        let Some(exponent) = int::view(exponent) else {
            return Err(cx.value_error("exponent must be an integer"));
        };
        let Some(exponent) = exponent.to_i64() else {
            return Err(cx.overflow_error("Python int too large to convert to C ssize_t"));
        };
        const MOST: i64 = 4_000_000_000_000_000_000;
        (Kind::Finite, exponent.clamp(-MOST, MOST))
    };
    let items = match (digits.downcast::<Tuple>(), digits.downcast::<List>()) {
        (Some(digits), _) => digits.to_vec(),
        (None, Some(digits)) => digits.to_vec(),
        (None, None) => return Err(wrong_digits(cx)),
    };
    let mut text = Vec::with_capacity(items.len());
    for item in &items {
        match int::view(item).and_then(|digit| digit.to_i64()) {
            Some(digit @ 0..=9) => text.push(b'0' + digit as u8),
            _ => return Err(wrong_digits(cx)),
        }
    }
    let coefficient = if text.is_empty() || kind == Kind::Infinite {
        BigUint::zero()
    } else {
        BigUint::parse_bytes(&text, 10).unwrap_or_default()
    };
    Ok(Number {
        negative,
        kind,
        coefficient,
        exponent,
    })
}

#[cold]
fn wrong_digits(cx: &Thread) -> Raised {
    cx.value_error("coefficient must be a tuple of digits")
}

/// Raises that no number can be made of a value.
#[cold]
pub fn unsupported(cx: &Thread, value: &Value) -> Raised {
    let got = value.type_name();
    cx.type_error(format!("conversion from {got} to Decimal is not supported"))
}

/// The number of a value, not rounded.
///
/// # Errors
/// TypeError when there is none; ValueError for tuples that make no sense; signals.
pub fn of_value(
    cx: &Thread,
    context: &Ref<Context>,
    value: &Value,
    lenient: bool,
) -> PyResult<Number> {
    if let Some(decimal) = value.downcast::<Decimal>() {
        return Ok(decimal.number.clone());
    }
    if let Some(text) = value.downcast::<Str>() {
        return of_text(cx, context, text, lenient);
    }
    if let Some(number) = int::view(value) {
        return Ok(of_int(number));
    }
    if let Some(number) = float::exact(value) {
        context.note(cx, Status::FLOAT_OPERATION)?;
        return Ok(of_float(number));
    }
    if let Some(parts) = value.downcast::<Tuple>() {
        return of_parts(cx, parts.as_slice());
    }
    if let Some(parts) = value.downcast::<List>() {
        return of_parts(cx, &parts.to_vec());
    }
    Err(unsupported(cx, value))
}

/// [`of_value`] of what any context has room for.
///
/// # Errors
/// As it, and the signal InvalidOperation.
pub fn exact_of_value(cx: &Thread, context: &Ref<Context>, value: &Value) -> PyResult<Number> {
    let number = of_value(cx, context, value, true)?;
    exact(cx, context, number)
}

/// An operand of an operator: a decimal or an int.
pub fn operand(value: &Value) -> Option<Number> {
    match value.downcast::<Decimal>() {
        Some(decimal) => Some(decimal.number.clone()),
        None => int::view(value).map(of_int),
    }
}

/// An operand of a method.
///
/// # Errors
/// TypeError when it is neither a decimal nor an int.
pub fn required_operand(cx: &Thread, value: &Value) -> PyResult<Number> {
    operand(value).ok_or_else(|| unsupported(cx, value))
}
