//! `complex`: a pair of doubles.
//!
//! Arithmetic follows Annex G of the C standard: a real operand stays real (it is not given an
//! imaginary part of zero), and results that lost an infinity in NaNs get it back.

use typhon_macros::{pyclass, pymethods};

use crate::args::{Args, unexpected_keyword};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::format_spec::{self, FormatSpec, Sign};
use crate::object::{self, Payload, Ref};
use crate::objects::float::{self, FloatStyle};
use crate::objects::int;
use crate::objects::str_::{Str, StrBuilder, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{call, hash, number, text};
use crate::slots::Comparison;
use crate::value::Value;
use crate::warnings;

/// The payload of `complex`.
#[pyclass(
    name = "complex",
    flags(BASETYPE),
    plain,
    signature = "(real=0, imag=0)",
    doc = "Create a complex number from a string or numbers.\n\nIf a string is given, parse it as a complex number.\nIf a single number is given, convert it to a complex number.\nIf the 'real' or 'imag' arguments are given, create a complex number\nwith the specified real and imaginary components."
)]
pub struct Complex {
    value: Pair,
}

/// A complex number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pair {
    pub real: f64,
    pub imaginary: f64,
}

/// The larger part of the divisor is zero, or zero is raised to a power it does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Undefined;

/// 1 with the sign of `part` if it is infinite, 0 with its sign otherwise.
fn unit_if_infinite(part: f64) -> f64 {
    f64::from(u8::from(part.is_infinite())).copysign(part)
}

/// 0 with the sign of `part` if it is NaN.
fn zero_if_nan(part: f64) -> f64 {
    if part.is_nan() {
        0f64.copysign(part)
    } else {
        part
    }
}

impl Pair {
    /// `real + imaginary j`
    pub const fn new(real: f64, imaginary: f64) -> Pair {
        Pair { real, imaginary }
    }

    fn is_nan(self) -> bool {
        self.real.is_nan() && self.imaginary.is_nan()
    }

    fn is_infinite(self) -> bool {
        self.real.is_infinite() || self.imaginary.is_infinite()
    }

    fn is_finite(self) -> bool {
        self.real.is_finite() && self.imaginary.is_finite()
    }

    fn map(self, change: impl Fn(f64) -> f64) -> Pair {
        Pair::new(change(self.real), change(self.imaginary))
    }

    /// `self * other`
    pub fn multiply(self, other: Pair) -> Pair {
        let (mut one, mut two) = (self, other);
        let products = [
            one.real * two.real,
            one.imaginary * two.imaginary,
            one.real * two.imaginary,
            one.imaginary * two.real,
        ];
        let result = Pair::new(products[0] - products[1], products[2] + products[3]);
        if !result.is_nan() {
            return result;
        }
        let mut again = false;
        if one.is_infinite() {
            (one, two) = (one.map(unit_if_infinite), two.map(zero_if_nan));
            again = true;
        }
        if two.is_infinite() {
            (one, two) = (one.map(zero_if_nan), two.map(unit_if_infinite));
            again = true;
        }
        if !again && products.iter().any(|product| product.is_infinite()) {
            (one, two) = (one.map(zero_if_nan), two.map(zero_if_nan));
            again = true;
        }
        if !again {
            return result;
        }
        Pair::new(
            f64::INFINITY * (one.real * two.real - one.imaginary * two.imaginary),
            f64::INFINITY * (one.real * two.imaginary + one.imaginary * two.real),
        )
    }

    /// `self / other`
    ///
    /// # Errors
    /// Division by zero.
    pub fn divide(self, other: Pair) -> Result<Pair, Undefined> {
        let (real, imaginary) = (other.real, other.imaginary);
        // Smith's method: divide by the larger part first, so that nothing overflows on the way.
        let result = if real.abs() >= imaginary.abs() {
            if real == 0.0 {
                return Err(Undefined);
            }
            let ratio = imaginary / real;
            let divisor = real + imaginary * ratio;
            Pair::new(
                (self.real + self.imaginary * ratio) / divisor,
                (self.imaginary - self.real * ratio) / divisor,
            )
        } else if imaginary.abs() >= real.abs() {
            let ratio = real / imaginary;
            let divisor = real * ratio + imaginary;
            Pair::new(
                (self.real * ratio + self.imaginary) / divisor,
                (self.imaginary * ratio - self.real) / divisor,
            )
        } else {
            Pair::new(f64::NAN, f64::NAN)
        };
        if !result.is_nan() {
            return Ok(result);
        }
        if self.is_infinite() && other.is_finite() {
            let unit = self.map(unit_if_infinite);
            return Ok(Pair::new(
                f64::INFINITY * (unit.real * real + unit.imaginary * imaginary),
                f64::INFINITY * (unit.imaginary * real - unit.real * imaginary),
            ));
        }
        if other.is_infinite() && self.is_finite() {
            let unit = other.map(unit_if_infinite);
            return Ok(Pair::new(
                0.0 * (self.real * unit.real + self.imaginary * unit.imaginary),
                0.0 * (self.imaginary * unit.real - self.real * unit.imaginary),
            ));
        }
        Ok(result)
    }

    /// `number / self` for a real number.
    ///
    /// # Errors
    /// Division by zero.
    fn divide_real(self, number: f64) -> Result<Pair, Undefined> {
        let (real, imaginary) = (self.real, self.imaginary);
        let result = if real.abs() >= imaginary.abs() {
            if real == 0.0 {
                return Err(Undefined);
            }
            let ratio = imaginary / real;
            let divisor = real + imaginary * ratio;
            Pair::new(number / divisor, (-number * ratio) / divisor)
        } else if imaginary.abs() >= real.abs() {
            let ratio = real / imaginary;
            let divisor = real * ratio + imaginary;
            Pair::new((number * ratio) / divisor, -number / divisor)
        } else {
            Pair::new(f64::NAN, f64::NAN)
        };
        if result.is_nan() && number.is_finite() && self.is_infinite() {
            let unit = self.map(unit_if_infinite);
            return Ok(Pair::new(
                0.0 * (number * unit.real),
                0.0 * (-number * unit.imaginary),
            ));
        }
        Ok(result)
    }

    /// `self ** exponent`
    ///
    /// # Errors
    /// Zero to a negative or complex power.
    pub fn power(self, exponent: Pair) -> Result<Pair, Undefined> {
        let whole = exponent.imaginary == 0.0 && exponent.real == exponent.real.floor();
        if whole && exponent.real.abs() <= 100.0 {
            return self.whole_power(exponent.real as i32);
        }
        if self.real == 0.0 && self.imaginary == 0.0 {
            let defined = exponent.imaginary == 0.0 && exponent.real >= 0.0;
            return if defined {
                Ok(Pair::new(0.0, 0.0))
            } else {
                Err(Undefined)
            };
        }
        let magnitude = self.real.hypot(self.imaginary);
        let angle = self.imaginary.atan2(self.real);
        let mut length = magnitude.powf(exponent.real);
        let mut phase = angle * exponent.real;
        if exponent.imaginary != 0.0 {
            length *= (-angle * exponent.imaginary).exp();
            phase += exponent.imaginary * magnitude.ln();
        }
        Ok(Pair::new(length * phase.cos(), length * phase.sin()))
    }

    fn whole_power(self, exponent: i32) -> Result<Pair, Undefined> {
        let mut result = Pair::new(1.0, 0.0);
        let mut square = self;
        let mut left = exponent.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                result = result.multiply(square);
            }
            left >>= 1;
            square = square.multiply(square);
        }
        if exponent < 0 {
            Pair::new(1.0, 0.0).divide(result)
        } else {
            Ok(result)
        }
    }
}

/// `base ** exponent`
///
/// # Errors
/// ZeroDivisionError, OverflowError.
pub fn power(cx: &Context, base: Pair, exponent: Pair) -> PyResult<Pair> {
    match base.power(exponent) {
        Ok(result) if result.is_infinite() => Err(cx.overflow_error("complex exponentiation")),
        Ok(result) => Ok(result),
        Err(Undefined) => Err(cx.zero_division_error("zero to a negative or complex power")),
    }
}

/// The complex number `value`.
///
/// # Errors
/// MemoryError.
pub fn from_pair(cx: &Context, value: Pair) -> PyResult<Value> {
    object::new(cx, Complex { value }).map(Ref::into_value)
}

/// The complex number `real + imaginary j`.
///
/// # Errors
/// MemoryError.
pub fn from_parts(cx: &Context, real: f64, imaginary: f64) -> PyResult<Value> {
    from_pair(cx, Pair::new(real, imaginary))
}

/// The number in a complex or an instance of a derived class. `None` for everything else.
pub fn exact(value: &Value) -> Option<Pair> {
    value.downcast::<Complex>().map(|complex| complex.value)
}

/// The number as a complex number: complex, something with `__complex__`, or a real number.
///
/// # Errors
/// TypeError when it is none of these.
pub fn as_pair(cx: &Context, value: &Value) -> PyResult<Pair> {
    if let Some(number) = exact(value) {
        return Ok(number);
    }
    if let Some(result) = by_method(cx, value)? {
        return Ok(result);
    }
    Ok(Pair::new(float::as_f64(cx, value)?, 0.0))
}

/// What `__complex__` gives. `None` when there is no such method.
fn by_method(cx: &Context, value: &Value) -> PyResult<Option<Pair>> {
    if !value.is_object() {
        return Ok(None);
    }
    let Some(result) = call::call_special(cx, value, names::dunder_complex(), &[])? else {
        return Ok(None);
    };
    match exact(&result) {
        Some(number) if result.is_exact::<Complex>() => Ok(Some(number)),
        Some(number) => {
            number::strict_subclass(cx, "__complex__", "complex", &result)?;
            Ok(Some(number))
        }
        None => Err(cx.type_error(format!(
            "__complex__ returned non-complex (type {})",
            result.type_name()
        ))),
    }
}

/// An operand of complex arithmetic.
#[derive(Clone, Copy)]
enum Operand {
    Complex(Pair),
    Real(f64),
}

impl Operand {
    fn pair(self) -> Pair {
        match self {
            Operand::Complex(pair) => pair,
            Operand::Real(number) => Pair::new(number, 0.0),
        }
    }
}

fn operand(cx: &Context, value: &Value) -> PyResult<Option<Operand>> {
    match exact(value) {
        Some(pair) => Ok(Some(Operand::Complex(pair))),
        None => Ok(float::operand(cx, value)?.map(Operand::Real)),
    }
}

/// Both operands, or NotImplemented.
fn with_operands(
    cx: &Context,
    left: &Value,
    right: &Value,
    work: impl FnOnce(Operand, Operand) -> PyResult<Pair>,
) -> PyResult<Value> {
    let (Some(left), Some(right)) = (operand(cx, left)?, operand(cx, right)?) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    from_pair(cx, work(left, right)?)
}

/// One part as `repr` shows it.
fn part_text(number: f64, sign_always: bool) -> String {
    let text = float::float_text(number, 'r', 0, FloatStyle::default());
    let plus = if sign_always && !text.negative {
        "+"
    } else {
        ""
    };
    plus.to_owned() + &text.joined()
}

/// `repr(number)`
pub fn repr(number: Pair) -> String {
    let imaginary_only = number.real == 0.0 && number.real.is_sign_positive();
    if imaginary_only {
        return part_text(number.imaginary, false) + "j";
    }
    format!(
        "({}{}j)",
        part_text(number.real, false),
        part_text(number.imaginary, true)
    )
}

/// Length of the float that `text` begins with; 0 when it begins with none.
fn float_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    for word in ["infinity", "inf", "nan"] {
        if bytes.len() >= sign + word.len()
            && bytes[sign..sign + word.len()].eq_ignore_ascii_case(word.as_bytes())
        {
            return sign + word.len();
        }
    }
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return 0;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let exponent_sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = if end + 1 + exponent_sign <= bytes.len() {
            digits(end + 1 + exponent_sign)
        } else {
            0
        };
        if exponent > 0 {
            end += 1 + exponent_sign + exponent;
        }
    }
    end
}

/// The complex number in `text`, which is ASCII without white space at its ends.
fn parse(text: &str) -> Option<Pair> {
    let text = match text.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')')?.trim_matches(' '),
        None => text,
    };
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    for (at, &byte) in bytes.iter().enumerate() {
        if byte == b'_' && !(is_digit(at.checked_sub(1)) && is_digit(Some(at + 1))) {
            return None;
        }
    }
    let text = text.replace('_', "");
    let read = |text: &str| -> Option<(f64, usize)> {
        let length = float_length(text);
        if length == 0 {
            None
        } else {
            Some((text[..length].parse().ok()?, length))
        }
    };
    let sign = |text: &str| match text.as_bytes().first() {
        Some(b'-') => (-1.0, 1),
        Some(b'+') => (1.0, 1),
        _ => (1.0, 0),
    };
    let ends_with_unit = |rest: &str| matches!(rest, "j" | "J");
    let Some((first, length)) = read(&text) else {
        // `j`, `-j`
        let (imaginary, length) = sign(&text);
        return ends_with_unit(&text[length..]).then_some(Pair::new(0.0, imaginary));
    };
    let rest = &text[length..];
    if rest.is_empty() {
        return Some(Pair::new(first, 0.0));
    }
    if ends_with_unit(rest) {
        return Some(Pair::new(0.0, first));
    }
    if !rest.starts_with(['+', '-']) {
        return None;
    }
    let (second, length) = read(rest).unwrap_or_else(|| sign(rest));
    ends_with_unit(&rest[length..]).then_some(Pair::new(first, second))
}

#[cold]
fn malformed(cx: &Context) -> Raised {
    cx.value_error("complex() arg is a malformed string")
}

fn of_class(cx: &Context, class: &Ref<Type>, value: Pair) -> PyResult<Value> {
    if class.is(Complex::class()) {
        return from_pair(cx, value);
    }
    object::new_of_class(cx, class, Complex { value }).map(Ref::into_value)
}

/// Whether `float()` would take the value as a number.
fn is_real(value: &Value) -> bool {
    let slots = &value.class().slots;
    slots.float.get().is_some() || slots.index.get().is_some()
}

/// The complex number that a value is or makes by `__complex__`, which a subclass may have of its own.
fn number_of(cx: &Context, value: &Value) -> PyResult<Option<Pair>> {
    if value.is_exact::<Complex>() {
        return Ok(exact(value));
    }
    by_method(cx, value)
}

/// `complex(value)`
fn from_object(cx: &Context, value: &Value) -> PyResult<Pair> {
    if let Some(string) = value.downcast::<Str>() {
        return parse(&int::plain_ascii(string)).ok_or_else(|| malformed(cx));
    }
    if let Some(number) = number_of(cx, value)? {
        return Ok(number);
    }
    if !is_real(value) {
        let got = value.type_name();
        return Err(cx.type_error(format!(
            "complex() argument must be a string or a number, not {got}"
        )));
    }
    Ok(Pair::new(float::as_f64(cx, value)?, 0.0))
}

/// `complex(real, imag)`; either may itself be complex.
fn from_arguments(cx: &Context, real: Option<&Value>, imaginary: Option<&Value>) -> PyResult<Pair> {
    let message = |name: &str, value: &Value| {
        format!(
            "complex() argument '{name}' must be a real number, not {}",
            value.type_name()
        )
    };
    let wrong = |name: &str, value: &Value| cx.type_error(message(name, value));
    let complain = |name, value| warnings::warn_deprecated(cx, &message(name, value));
    let first = match real {
        None => None,
        Some(value) => number_of(cx, value)?,
    };
    if let Some(value) = real
        && first.is_none()
        && !is_real(value)
    {
        return Err(wrong("real", value));
    }
    if let Some(value) = imaginary
        && exact(value).is_none()
        && !is_real(value)
    {
        return Err(wrong("imag", value));
    }
    if let Some(value) = real
        && first.is_some()
    {
        complain("real", value)?;
    }
    if let Some(value) = imaginary
        && exact(value).is_some()
    {
        complain("imag", value)?;
    }
    let mut result = match (first, real) {
        (Some(number), _) => number,
        (None, Some(value)) => Pair::new(float::as_f64(cx, value)?, 0.0),
        (None, None) => Pair::new(0.0, 0.0),
    };
    if let Some(value) = imaginary {
        let second = match exact(value) {
            Some(number) => {
                result.real -= number.imaginary;
                number.real
            }
            None => float::as_f64(cx, value)?,
        };
        result.imaginary = if first.is_some() {
            second + result.imaginary
        } else {
            second
        };
    }
    Ok(result)
}

#[pymethods]
impl Complex {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let mut parts = [None, None];
        let positional = args.positional();
        if args.values.len() > 2 {
            return Err(cx.type_error(format!(
                "complex() takes at most 2 arguments ({} given)",
                args.values.len()
            )));
        }
        for (part, value) in parts.iter_mut().zip(positional) {
            *part = Some(value);
        }
        for (name, value) in args.keywords().iter() {
            let name = text::str(cx, name)?;
            let at = match () {
                () if name.equals("real") => 0,
                () if name.equals("imag") => 1,
                () => {
                    let known = ["real", "imag"];
                    return Err(unexpected_keyword(cx, "complex", &name.to_string(), &known));
                }
            };
            if parts[at].replace(value).is_some() {
                return Err(cx.type_error(format!(
                    "argument for complex() given by name ('{name}') and position ({position})",
                    name = *name,
                    position = at + 1
                )));
            }
        }
        let number = match (parts, positional.len()) {
            ([Some(value), None], 1) => {
                if class.is(Complex::class()) && value.is_exact::<Complex>() {
                    return Ok(value.clone());
                }
                from_object(cx, value)?
            }
            ([real, imaginary], _) => from_arguments(cx, real, imaginary)?,
        };
        of_class(cx, class, number)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Complex>) -> PyResult<Value> {
        Str::from_ascii(cx, repr(this.value).as_bytes()).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<Complex>) -> PyResult<i64> {
        let part = |number: f64| {
            if number.is_nan() {
                hash::hash_pointer(this.as_value())
            } else {
                hash::hash_f64(number)
            }
        };
        let sum = part(this.value.real)
            .wrapping_add(hash::IMAGINARY.wrapping_mul(part(this.value.imaginary)));
        Ok(if sum == -1 { -2 } else { sum })
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<Complex>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let number = this.value;
        let equal = if let Some(other) = exact(other) {
            number == other
        } else if let Some(other) = float::exact(other) {
            number == Pair::new(other, 0.0)
        } else if let Some(other) = int::view(other) {
            number.imaginary == 0.0
                && other
                    .compare_f64(number.real)
                    .is_some_and(std::cmp::Ordering::is_eq)
        } else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[slot(add)]
    fn add(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        with_operands(cx, left, right, |left, right| {
            Ok(match (left, right) {
                (Operand::Complex(one), Operand::Complex(two)) => {
                    Pair::new(one.real + two.real, one.imaginary + two.imaginary)
                }
                (Operand::Complex(pair), Operand::Real(number))
                | (Operand::Real(number), Operand::Complex(pair)) => {
                    Pair::new(pair.real + number, pair.imaginary)
                }
                (Operand::Real(one), Operand::Real(two)) => Pair::new(one + two, 0.0),
            })
        })
    }

    #[slot(subtract)]
    fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        with_operands(cx, left, right, |left, right| {
            Ok(match (left, right) {
                (Operand::Complex(one), Operand::Complex(two)) => {
                    Pair::new(one.real - two.real, one.imaginary - two.imaginary)
                }
                (Operand::Complex(one), Operand::Real(two)) => {
                    Pair::new(one.real - two, one.imaginary)
                }
                (Operand::Real(one), Operand::Complex(two)) => {
                    Pair::new(one - two.real, -two.imaginary)
                }
                (Operand::Real(one), Operand::Real(two)) => Pair::new(one - two, 0.0),
            })
        })
    }

    #[slot(multiply)]
    fn multiply(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        with_operands(cx, left, right, |left, right| {
            Ok(match (left, right) {
                (Operand::Complex(one), Operand::Complex(two)) => one.multiply(two),
                (Operand::Complex(pair), Operand::Real(number))
                | (Operand::Real(number), Operand::Complex(pair)) => pair.map(|part| part * number),
                (Operand::Real(one), Operand::Real(two)) => Pair::new(one * two, 0.0),
            })
        })
    }

    #[slot(true_divide)]
    fn true_divide(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        with_operands(cx, left, right, |left, right| {
            let result = match (left, right) {
                (_, Operand::Real(0.0)) => Err(Undefined),
                (Operand::Real(one), Operand::Complex(two)) => two.divide_real(one),
                (_, Operand::Real(two)) => Ok(left.pair().map(|part| part / two)),
                (Operand::Complex(one), Operand::Complex(two)) => one.divide(two),
            };
            result.map_err(|Undefined| cx.zero_division_error("division by zero"))
        })
    }

    #[slot(power)]
    fn power(cx: &Context, base: &Value, exponent: &Value, modulus: &Value) -> PyResult<Value> {
        let (Some(base), Some(exponent)) = (operand(cx, base)?, operand(cx, exponent)?) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if !modulus.is_none() {
            return Err(cx.value_error("complex modulo"));
        }
        from_pair(cx, power(cx, base.pair(), exponent.pair())?)
    }

    #[slot(negative)]
    fn negative(cx: &Context, this: &Ref<Complex>) -> PyResult<Value> {
        from_pair(cx, this.value.map(|part| -part))
    }

    #[slot(positive)]
    fn positive(cx: &Context, this: &Ref<Complex>) -> PyResult<Value> {
        exact_complex(cx, this)
    }

    #[slot(absolute)]
    fn absolute(cx: &Context, this: &Ref<Complex>) -> PyResult<Value> {
        let result = this.value.real.hypot(this.value.imaginary);
        if result.is_infinite() && this.value.is_finite() {
            return Err(cx.overflow_error("absolute value too large"));
        }
        float::from_f64(cx, result)
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Ref<Complex>) -> PyResult<bool> {
        Ok(this.value.real != 0.0 || this.value.imaginary != 0.0)
    }

    /// the real part of a complex number
    #[member]
    fn real(_cx: &Context, this: &Ref<Complex>) -> PyResult<f64> {
        Ok(this.value.real)
    }

    /// the imaginary part of a complex number
    #[member]
    fn imag(_cx: &Context, this: &Ref<Complex>) -> PyResult<f64> {
        Ok(this.value.imaginary)
    }

    /// Convert number to a complex floating-point number.
    #[classmethod("from_number(cls, number, /)")]
    fn from_number(cx: &Context, class: &Ref<Type>, number: &Value) -> PyResult<Value> {
        let is_complex = class.is(Complex::class());
        if is_complex && number.is_exact::<Complex>() {
            return Ok(number.clone());
        }
        let value = from_pair(cx, as_pair(cx, number)?)?;
        if is_complex {
            Ok(value)
        } else {
            call::call(cx, class.as_value(), &[value])
        }
    }

    /// Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j.
    #[method("conjugate(self, /)")]
    fn conjugate(cx: &Context, this: &Ref<Complex>) -> PyResult<Value> {
        from_pair(cx, Pair::new(this.value.real, -this.value.imaginary))
    }

    /// Convert this value to exact type complex.
    #[method("__complex__(self, /)")]
    fn complex(cx: &Context, this: &Ref<Complex>) -> PyResult<Value> {
        exact_complex(cx, this)
    }

    #[method("__getnewargs__(self, /)")]
    fn getnewargs(cx: &Context, this: &Ref<Complex>) -> PyResult<Value> {
        let parts = [
            float::from_f64(cx, this.value.real)?,
            float::from_f64(cx, this.value.imaginary)?,
        ];
        Tuple::from_values(cx, &parts).map(Ref::into_value)
    }

    /// Convert to a string according to format_spec.
    #[method("__format__(self, format_spec, /)")]
    fn format(cx: &Context, this: &Ref<Complex>, format_spec: &Ref<Str>) -> PyResult<Value> {
        if format_spec.is_empty() {
            return text::str(cx, this.as_value()).map(Ref::into_value);
        }
        format_number(cx, this, format_spec)
    }
}

fn exact_complex(cx: &Context, this: &Ref<Complex>) -> PyResult<Value> {
    if this.as_value().is_exact::<Complex>() {
        Ok(this.to_value())
    } else {
        from_pair(cx, this.value)
    }
}

/// Both parts are formatted without padding; the whole is padded.
fn format_number(cx: &Context, this: &Ref<Complex>, specification: &Ref<Str>) -> PyResult<Value> {
    let type_name = this.as_value().type_name();
    let spec = FormatSpec::parse(cx, specification, &type_name, '\0', '>')?;
    let number = this.value;
    let code = match (spec.code(), spec.precision) {
        ('\0', None) => 'r',
        ('\0' | 'g' | 'G' | 'n', _) => 'g',
        ('e' | 'E', _) => 'e',
        ('f' | 'F', _) => 'f',
        _ => return Err(spec.unknown_code(cx, &type_name)),
    };
    if spec.fill == u32::from('0') {
        return Err(cx.value_error("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == '=' {
        return Err(cx.value_error("'=' alignment flag is not allowed in complex format specifier"));
    }
    let precision = spec.precision.unwrap_or(6);
    if precision >= i32::MAX as usize - 1 {
        return Err(cx.value_error("precision too big"));
    }
    let plain = spec.code() == '\0';
    let imaginary_only = plain && number.real == 0.0 && number.real.is_sign_positive();
    let style = FloatStyle {
        add_dot_zero: false,
        alternate: spec.alternate,
        no_negative_zero: spec.no_negative_zero,
        uppercase: spec.code().is_ascii_uppercase(),
    };
    let mut part_spec = FormatSpec {
        width: None,
        align: '<',
        ..spec.clone()
    };
    let mut text = StrBuilder::new();
    let in_parentheses = plain && !imaginary_only;
    if in_parentheses {
        text.push('('.into());
    }
    if !imaginary_only {
        format_spec::push_number(
            &mut text,
            &part_spec,
            &float::float_text(number.real, code, precision, style).parts(),
        );
        part_spec.sign = Sign::Plus;
    }
    let imaginary = float::float_text(number.imaginary, code, precision, style);
    format_spec::push_number(&mut text, &part_spec, &imaginary.parts());
    text.push_text(if in_parentheses { "j)" } else { "j" });
    spec.pad(cx, &text.finish(cx)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read() {
        for (text, expected) in [
            ("1_0j", Some((0.0, 10.0))),
            ("(1+2j)", Some((1.0, 2.0))),
            ("( 1+2j )", Some((1.0, 2.0))),
            ("j", Some((0.0, 1.0))),
            ("-J", Some((0.0, -1.0))),
            ("1e5-infj", Some((1e5, f64::NEG_INFINITY))),
            ("-1.5e+3-2J", Some((-1500.0, -2.0))),
            ("3-j", Some((3.0, -1.0))),
            (".5", Some((0.5, 0.0))),
            ("1 + 2j", None),
            ("1+", None),
            ("1+j2", None),
            ("", None),
            ("(1", None),
            ("1e", None),
        ] {
            assert_eq!(
                parse(text),
                expected.map(|(real, imaginary)| Pair::new(real, imaginary)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn reprs() {
        assert_eq!(repr(Pair::new(0.0, 1.0)), "1j");
        assert_eq!(repr(Pair::new(-0.0, -1.0)), "(-0-1j)");
        assert_eq!(repr(Pair::new(1e16, f64::NAN)), "(1e+16+nanj)");
        assert_eq!(repr(Pair::new(f64::INFINITY, -0.0)), "(inf-0j)");
    }

    #[test]
    fn arithmetic() {
        let (one, two) = (Pair::new(1.0, 2.0), Pair::new(3.0, -4.0));
        assert_eq!(one.multiply(two), Pair::new(11.0, 2.0));
        assert_eq!(one.divide(two), Ok(Pair::new(-0.2, 0.4)));
        assert_eq!(one.power(Pair::new(2.0, 0.0)), Ok(Pair::new(-3.0, 4.0)));
        assert_eq!(one.divide(Pair::new(0.0, 0.0)), Err(Undefined));
        assert_eq!(
            Pair::new(0.0, 0.0).power(Pair::new(0.0, 1.0)),
            Err(Undefined)
        );
        let infinite = Pair::new(f64::INFINITY, f64::INFINITY);
        assert_eq!(
            Pair::new(1.0, 0.0).divide(infinite),
            Ok(Pair::new(0.0, -0.0))
        );
    }
}
