//! `timedelta`: a span of time.
//!
//! Invariants: 0 <= seconds < 86400, 0 <= microseconds < 1000000, -999999999 <= days <= 999999999. So
//! there is one way to write each span, and fields compare as spans do.
//!
//! Arithmetic is done on the span in microseconds, which an `i128` holds. Factors and divisors may be
//! larger; quotients are rounded half to even.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::class::class_of;
use typhon_runtime::object;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{float, int};
use typhon_runtime::protocols::call;
use typhon_runtime::protocols::hash::{self, TupleHasher};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::clock::{Clock, MICROSECONDS_IN_DAY, MICROSECONDS_IN_SECOND};
use super::constructor::Parameters;

const MAXIMUM_DAYS: i128 = 999_999_999;

/// The payload of `timedelta`.
#[pyclass(
    name = "timedelta",
    module = "datetime",
    flags(BASETYPE, IMMUTABLE),
    plain,
    doc = "Difference between two datetime values.\n\ntimedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)\n\nAll arguments are optional and default to 0.\nArguments may be integers or floats, and may be positive or negative."
)]
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeDelta {
    days: i32,
    seconds: i32,
    microseconds: i32,
}

/// The class is `datetime.timedelta`.
///
/// # Errors
/// MemoryError.
pub fn initialize(cx: &Context) -> PyResult<()> {
    let class = class_of::<TimeDelta>(cx)?;
    let least = -MAXIMUM_DAYS * MICROSECONDS_IN_DAY;
    let greatest = (MAXIMUM_DAYS + 1) * MICROSECONDS_IN_DAY - 1;
    for (name, microseconds) in [("resolution", 1), ("min", least), ("max", greatest)] {
        super::add_constant(cx, class, name, || {
            Ok(TimeDelta::from_microseconds(cx, microseconds)?.into_value())
        })?;
    }
    Ok(())
}

#[cold]
fn too_large(cx: &Context) -> Raised {
    cx.overflow_error("Python int too large to convert to C int")
}

impl TimeDelta {
    /// The fields of a span in microseconds.
    fn normalized(cx: &Context, microseconds: i128) -> PyResult<TimeDelta> {
        let days = microseconds.div_euclid(MICROSECONDS_IN_DAY);
        let rest = microseconds.rem_euclid(MICROSECONDS_IN_DAY);
        if days.abs() > MAXIMUM_DAYS {
            if i32::try_from(days).is_err() {
                return Err(too_large(cx));
            }
            return Err(cx.overflow_error(format!(
                "days={days}; must have magnitude <= {MAXIMUM_DAYS}"
            )));
        }
        Ok(TimeDelta {
            days: days as i32,
            seconds: (rest / MICROSECONDS_IN_SECOND) as i32,
            microseconds: (rest % MICROSECONDS_IN_SECOND) as i32,
        })
    }

    /// A `timedelta` of so many microseconds.
    ///
    /// # Errors
    /// OverflowError.
    pub fn from_microseconds(cx: &Context, microseconds: i128) -> PyResult<Ref<TimeDelta>> {
        object::new(cx, TimeDelta::normalized(cx, microseconds)?)
    }

    fn from_big(cx: &Context, microseconds: &BigInt) -> PyResult<Ref<TimeDelta>> {
        match microseconds.to_i128() {
            Some(microseconds) => TimeDelta::from_microseconds(cx, microseconds),
            None => Err(too_large(cx)),
        }
    }

    /// The whole span.
    pub fn total(&self) -> i128 {
        i128::from(self.days) * MICROSECONDS_IN_DAY
            + i128::from(self.seconds) * MICROSECONDS_IN_SECOND
            + i128::from(self.microseconds)
    }

    pub fn days(&self) -> i64 {
        self.days.into()
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.total() == 0
    }

    pub fn hash_value(&self) -> i64 {
        let mut hasher = TupleHasher::new();
        for number in [self.days, self.seconds, self.microseconds] {
            hasher.add(hash::hash_i64(number.into()));
        }
        hasher.finish(3)
    }

    /// In seconds, the nearest float.
    pub fn in_seconds(&self) -> f64 {
        ratio(&self.total().into(), &MICROSECONDS_IN_SECOND.into())
    }
}

/// `left / right`, which are spans and so not too large for a float.
fn ratio(left: &BigInt, right: &BigInt) -> f64 {
    int::quotient(left, right).unwrap_or(f64::INFINITY)
}

#[cold]
fn division_by_zero(cx: &Context) -> Raised {
    cx.zero_division_error("division by zero")
}

/// `left / right`, half to even.
fn divide_nearest(left: &BigInt, right: &BigInt) -> BigInt {
    let (quotient, rest) = left.div_mod_floor(right);
    // The rest has the sign of the divisor.
    match (rest.abs() * 2_u8).cmp(&right.abs()) {
        Ordering::Greater => quotient + 1_u8,
        Ordering::Equal if quotient.is_odd() => quotient + 1_u8,
        _ => quotient,
    }
}

/// A float as a ratio of integers: what its `as_integer_ratio()` returns.
fn integer_ratio(cx: &Context, number: &Value, exact: f64) -> PyResult<(BigInt, BigInt)> {
    if !float::is_exact(number) {
        let name = Name::intern(cx, "as_integer_ratio")?;
        let ratio = call::call_method(cx, number, name, &[])?;
        let Some(ratio) = ratio.downcast::<Tuple>() else {
            let got = ratio.type_name();
            return Err(cx.type_error(format!(
                "unexpected return type from as_integer_ratio(): expected tuple, not '{got}'"
            )));
        };
        let [numerator, denominator] = ratio.as_slice() else {
            return Err(cx.value_error("as_integer_ratio() must return a 2-tuple"));
        };
        let numerator = int::index_as_bigint(cx, numerator)?;
        let denominator = int::index_as_bigint(cx, denominator)?;
        if denominator.is_zero() {
            return Err(division_by_zero(cx));
        }
        return Ok((numerator, denominator));
    }
    exact_ratio(cx, exact)
}

fn exact_ratio(cx: &Context, number: f64) -> PyResult<(BigInt, BigInt)> {
    if number.is_nan() {
        return Err(cx.value_error("cannot convert NaN to integer ratio"));
    }
    if number.is_infinite() {
        return Err(cx.overflow_error("cannot convert Infinity to integer ratio"));
    }
    let (mantissa, exponent) = float::decompose(number.abs());
    let mantissa = BigInt::from(mantissa);
    let numerator = if number < 0.0 { -mantissa } else { mantissa };
    Ok(if exponent >= 0 {
        (numerator << exponent, BigInt::from(1))
    } else {
        (numerator, BigInt::from(1) << exponent.unsigned_abs())
    })
}

/// The product of the span and an int, as any int.
fn times(span: &TimeDelta, factor: int::View<'_>) -> BigInt {
    BigInt::from(span.total()) * &*factor.to_big()
}

/// The sum of a constructor's arguments.
#[derive(Default)]
struct Sum {
    microseconds: i128,
    /// What floats have left that is less than a microsecond.
    leftover: f64,
}

impl Sum {
    fn add(&mut self, cx: &Context, name: &str, value: &Value, unit: i128) -> PyResult<()> {
        let add = |sum: i128, number: Option<i128>| {
            number
                .and_then(|number| sum.checked_add(number))
                .ok_or_else(|| too_large(cx))
        };
        if let Some(number) = int::view(value) {
            let product = number.to_i128().and_then(|number| number.checked_mul(unit));
            self.microseconds = add(self.microseconds, product)?;
            return Ok(());
        }
        let Some(number) = float::exact(value) else {
            let got = value.type_name();
            return Err(cx.type_error(format!(
                "unsupported type for timedelta {name} component: {got}"
            )));
        };
        if number.is_nan() {
            return Err(cx.value_error("cannot convert float NaN to integer"));
        }
        if number.is_infinite() {
            return Err(cx.overflow_error("cannot convert float infinity to integer"));
        }
        let product = float::to_bigint(number.trunc()) * unit;
        self.microseconds = add(self.microseconds, product.to_i128())?;
        if number.fract() != 0.0 {
            let rest = number.fract() * unit as f64;
            // Less than a week of microseconds.
            self.microseconds += rest.trunc() as i128;
            self.leftover += rest.fract();
        }
        Ok(())
    }

    /// The whole microseconds: half to even.
    fn finish(self) -> i128 {
        let mut whole = self.leftover.round();
        if (whole - self.leftover).abs() == 0.5 {
            // The sum decides what is even, not the leftover alone.
            let odd = f64::from(u8::from(self.microseconds % 2 != 0));
            whole = 2.0 * ((self.leftover + odd) * 0.5).round() - odd;
        }
        self.microseconds + whole as i128
    }
}

/// Both operands, when both are spans.
fn spans<'a>(
    left: &'a Value,
    right: &'a Value,
) -> Option<(&'a Ref<TimeDelta>, &'a Ref<TimeDelta>)> {
    left.downcast::<TimeDelta>()
        .zip(right.downcast::<TimeDelta>())
}

static PARAMETERS: Parameters<7> = Parameters {
    function: Some("__new__"),
    names: [
        "days",
        "seconds",
        "microseconds",
        "milliseconds",
        "minutes",
        "hours",
        "weeks",
    ],
    positional: 7,
};

#[pymethods]
impl TimeDelta {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let arguments = PARAMETERS.bind(cx, args)?;
        arguments.finish(cx)?;
        // From the smallest to the greatest.
        const UNITS: [(usize, i128); 7] = [
            (2, 1),
            (3, 1_000),
            (1, MICROSECONDS_IN_SECOND),
            (4, 60 * MICROSECONDS_IN_SECOND),
            (5, 3600 * MICROSECONDS_IN_SECOND),
            (0, MICROSECONDS_IN_DAY),
            (6, 7 * MICROSECONDS_IN_DAY),
        ];
        let mut sum = Sum::default();
        for (place, unit) in UNITS {
            if let Some(value) = arguments.get(place) {
                sum.add(cx, PARAMETERS.names[place], value, unit)?;
            }
        }
        let span = TimeDelta::normalized(cx, sum.finish())?;
        object::new_of_class(cx, class, span).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<TimeDelta>) -> PyResult<Value> {
        let fields = [
            ("days", this.days),
            ("seconds", this.seconds),
            ("microseconds", this.microseconds),
        ];
        let shown: Vec<String> = fields
            .iter()
            .filter(|(_, number)| *number != 0)
            .map(|(name, number)| format!("{name}={number}"))
            .collect();
        let shown = match &shown[..] {
            [] => "0".to_owned(),
            shown => shown.join(", "),
        };
        let class = this.class_of().plain_name(cx);
        format!("{class}({shown})").into_value(cx)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<TimeDelta>) -> PyResult<Value> {
        let Clock {
            hour,
            minute,
            second,
            microsecond,
        } = Clock::from_microseconds(this.total().rem_euclid(MICROSECONDS_IN_DAY));
        let mut text = match this.days {
            0 => String::new(),
            1 | -1 => format!("{} day, ", this.days),
            days => format!("{days} days, "),
        };
        text.push_str(&format!("{hour}:{minute:02}:{second:02}"));
        if microsecond != 0 {
            text.push_str(&format!(".{microsecond:06}"));
        }
        text.into_value(cx)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<TimeDelta>) -> PyResult<i64> {
        Ok(this.hash_value())
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Ref<TimeDelta>) -> PyResult<bool> {
        Ok(!this.is_zero())
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<TimeDelta>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<TimeDelta>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let ordering = (**this).cmp(&**other);
        Ok(Value::from_bool(comparison.accepts(ordering)))
    }

    #[slot(add)]
    fn add(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match spans(left, right) {
            Some((left, right)) => {
                TimeDelta::from_microseconds(cx, left.total() + right.total()).map(Ref::into_value)
            }
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(subtract)]
    fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match spans(left, right) {
            Some((left, right)) => {
                TimeDelta::from_microseconds(cx, left.total() - right.total()).map(Ref::into_value)
            }
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(multiply)]
    fn multiply(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let (span, factor) = match (left.downcast::<TimeDelta>(), right.downcast::<TimeDelta>()) {
            (Some(span), None) => (span, right),
            (None, Some(span)) => (span, left),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        };
        if let Some(factor) = int::view(factor) {
            TimeDelta::from_big(cx, &times(span, factor)).map(Ref::into_value)
        } else if let Some(exact) = float::exact(factor) {
            let (numerator, denominator) = integer_ratio(cx, factor, exact)?;
            let product = divide_nearest(&(numerator * span.total()), &denominator);
            TimeDelta::from_big(cx, &product).map(Ref::into_value)
        } else {
            Ok(Value::NOT_IMPLEMENTED)
        }
    }

    #[slot(true_divide)]
    fn true_divide(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some(span) = left.downcast::<TimeDelta>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let total = BigInt::from(span.total());
        if let Some(other) = right.downcast::<TimeDelta>() {
            if other.is_zero() {
                return Err(division_by_zero(cx));
            }
            return ratio(&total, &other.total().into()).into_value(cx);
        }
        let (numerator, denominator) = match (int::view(right), float::exact(right)) {
            (Some(divisor), _) => (divisor.to_big().into_owned(), BigInt::from(1)),
            (None, Some(divisor)) => integer_ratio(cx, right, divisor)?,
            (None, None) => return Ok(Value::NOT_IMPLEMENTED),
        };
        if numerator.is_zero() {
            return Err(division_by_zero(cx));
        }
        let quotient = divide_nearest(&(total * denominator), &numerator);
        TimeDelta::from_big(cx, &quotient).map(Ref::into_value)
    }

    #[slot(floor_divide)]
    fn floor_divide(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        if let Some((left, right)) = spans(left, right) {
            if right.is_zero() {
                return Err(division_by_zero(cx));
            }
            return Integer::div_floor(&left.total(), &right.total()).into_value(cx);
        }
        let (Some(span), Some(divisor)) = (left.downcast::<TimeDelta>(), int::view(right)) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if divisor.is_zero() {
            return Err(division_by_zero(cx));
        }
        let quotient = BigInt::from(span.total()).div_floor(&divisor.to_big());
        TimeDelta::from_big(cx, &quotient).map(Ref::into_value)
    }

    #[slot(remainder)]
    fn remainder(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some((left, right)) = spans(left, right) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if right.is_zero() {
            return Err(division_by_zero(cx));
        }
        let rest = Integer::mod_floor(&left.total(), &right.total());
        TimeDelta::from_microseconds(cx, rest).map(Ref::into_value)
    }

    #[slot(divmod)]
    fn divmod(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some((left, right)) = spans(left, right) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if right.is_zero() {
            return Err(division_by_zero(cx));
        }
        let (quotient, rest) = Integer::div_mod_floor(&left.total(), &right.total());
        let rest = TimeDelta::from_microseconds(cx, rest)?.into_value();
        Tuple::from_values(cx, &[quotient.into_value(cx)?, rest]).map(Ref::into_value)
    }

    #[slot(negative)]
    fn negative(cx: &Context, this: &Ref<TimeDelta>) -> PyResult<Value> {
        TimeDelta::from_microseconds(cx, -this.total()).map(Ref::into_value)
    }

    #[slot(positive)]
    fn positive(cx: &Context, this: &Ref<TimeDelta>) -> PyResult<Value> {
        TimeDelta::from_microseconds(cx, this.total()).map(Ref::into_value)
    }

    #[slot(absolute)]
    fn absolute(cx: &Context, this: &Ref<TimeDelta>) -> PyResult<Value> {
        TimeDelta::from_microseconds(cx, this.total().abs()).map(Ref::into_value)
    }

    /// Number of days.
    #[member("days")]
    fn get_days(_cx: &Context, this: &Ref<TimeDelta>) -> PyResult<i32> {
        Ok(this.days)
    }

    /// Number of seconds (>= 0 and less than 1 day).
    #[member("seconds")]
    fn get_seconds(_cx: &Context, this: &Ref<TimeDelta>) -> PyResult<i32> {
        Ok(this.seconds)
    }

    /// Number of microseconds (>= 0 and less than 1 second).
    #[member("microseconds")]
    fn get_microseconds(_cx: &Context, this: &Ref<TimeDelta>) -> PyResult<i32> {
        Ok(this.microseconds)
    }

    /// Total seconds in the duration.
    #[method("total_seconds(self, /)")]
    fn total_seconds(_cx: &Context, this: &Ref<TimeDelta>) -> PyResult<f64> {
        Ok(this.in_seconds())
    }

    /// __reduce__() -> (cls, state)
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<TimeDelta>) -> PyResult<Ref<Tuple>> {
        let fields = [this.days, this.seconds, this.microseconds].map(Value::small_int);
        let state = Tuple::from_values(cx, &fields)?.into_value();
        Tuple::from_values(cx, &[this.class_of().to_value(), state])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_rounded_half_to_even() {
        for (left, right, quotient) in [
            (5, 2, 2),
            (7, 2, 4),
            (-5, 2, -2),
            (-7, 2, -4),
            (5, -2, -2),
            (8, 3, 3),
            (7, 3, 2),
            (-7, -3, 2),
        ] {
            let found = divide_nearest(&BigInt::from(left), &BigInt::from(right));
            assert_eq!(found, BigInt::from(quotient), "{left} / {right}");
        }
    }

    #[test]
    fn leftovers_are_rounded_with_the_sum() {
        for (microseconds, leftover, whole) in
            [(0, 0.5, 0), (1, 0.5, 2), (-1, -0.5, -2), (2, 0.5, 2)]
        {
            let sum = Sum {
                microseconds,
                leftover,
            };
            assert_eq!(sum.finish(), whole);
        }
    }
}
