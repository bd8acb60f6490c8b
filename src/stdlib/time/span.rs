//! Python numbers as time: seconds of any kind become whole nanoseconds, or a `time_t`.

use typhon_runtime::objects::{float, int};
use typhon_runtime::protocols::number;
use typhon_runtime::{Context, PyResult, Value};

/// What becomes of a part of a nanosecond (or, for `time_t`, of a second).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceiling,
    /// To the nearest, the even one of two.
    HalfEven,
    /// Away from zero: who waits does not wait too short.
    Timeout,
}

impl Rounding {
    fn apply(self, number: f64) -> f64 {
        match self {
            Rounding::Floor => number.floor(),
            Rounding::Ceiling => number.ceil(),
            Rounding::HalfEven => number.round_ties_even(),
            Rounding::Timeout if number >= 0.0 => number.ceil(),
            Rounding::Timeout => number.floor(),
        }
    }
}

/// 2**63 as a float.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

fn nan(cx: &Context) -> typhon_runtime::Raised {
    cx.value_error("Invalid value NaN (not a number)")
}

fn too_large(cx: &Context) -> typhon_runtime::Raised {
    cx.overflow_error("timestamp out of range for C PyTime_t")
}

/// Seconds as nanoseconds.
///
/// # Errors
/// TypeError for what is no number, ValueError for NaN, OverflowError past 292 years.
pub fn nanoseconds(cx: &Context, seconds: &Value, rounding: Rounding) -> PyResult<i64> {
    scaled(cx, seconds, rounding, 1_000_000_000)
}

/// A number of units, of which `per` are nanoseconds, as nanoseconds.
///
/// # Errors
/// As [`nanoseconds`].
pub fn scaled(cx: &Context, units: &Value, rounding: Rounding, per: i64) -> PyResult<i64> {
    if let Some(number) = float::exact(units) {
        if number.is_nan() {
            return Err(nan(cx));
        }
        let scaled = rounding.apply(number * per as f64);
        return if (-LIMIT..LIMIT).contains(&scaled) {
            Ok(scaled as i64)
        } else {
            Err(too_large(cx))
        };
    }
    if units.class().slots.index.get().is_none() {
        return Err(cx.type_error(format!(
            "'{}' object cannot be interpreted as an integer or float",
            units.class().full_name(cx)
        )));
    }
    let whole = number::index(cx, units)?;
    let whole = int::view(&whole).and_then(|number| number.to_i64());
    whole
        .and_then(|whole| whole.checked_mul(per))
        .ok_or_else(|| too_large(cx))
}

/// Seconds as a `time_t`.
///
/// # Errors
/// TypeError for what is no number, ValueError for NaN, OverflowError past 64 bits.
pub fn time_t(cx: &Context, seconds: &Value, rounding: Rounding) -> PyResult<i64> {
    let overflow = || cx.overflow_error("timestamp out of range for platform time_t");
    if let Some(number) = float::exact(seconds) {
        if number.is_nan() {
            return Err(nan(cx));
        }
        let whole = rounding.apply(number);
        return if (-LIMIT..LIMIT).contains(&whole) {
            Ok(whole as i64)
        } else {
            Err(overflow())
        };
    }
    let whole = number::index(cx, seconds)?;
    int::view(&whole)
        .and_then(|number| number.to_i64())
        .ok_or_else(overflow)
}

/// Seconds as a `time_t` and the nanoseconds beyond it.
///
/// # Errors
/// As [`time_t`].
pub fn time_t_and_nanoseconds(
    cx: &Context,
    seconds: &Value,
    rounding: Rounding,
) -> PyResult<(i64, i64)> {
    let Some(number) = float::exact(seconds) else {
        return Ok((time_t(cx, seconds, rounding)?, 0));
    };
    if number.is_nan() {
        return Err(nan(cx));
    }
    let mut whole = number.floor();
    let mut part = rounding.apply((number - whole) * 1e9);
    if part >= 1e9 {
        part -= 1e9;
        whole += 1.0;
    }
    if (-LIMIT..LIMIT).contains(&whole) {
        Ok((whole as i64, part as i64))
    } else {
        Err(cx.overflow_error("timestamp out of range for platform time_t"))
    }
}

/// Nanoseconds as seconds.
pub fn seconds(nanoseconds: i128) -> f64 {
    const PER_SECOND: i128 = 1_000_000_000;
    if nanoseconds % PER_SECOND == 0 {
        (nanoseconds / PER_SECOND) as f64
    } else {
        nanoseconds as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roundings_differ_where_they_should() {
        let all = [
            Rounding::Floor,
            Rounding::Ceiling,
            Rounding::HalfEven,
            Rounding::Timeout,
        ];
        assert_eq!(
            all.map(|rounding| rounding.apply(2.5)),
            [2.0, 3.0, 2.0, 3.0]
        );
        assert_eq!(
            all.map(|rounding| rounding.apply(-2.5)),
            [-3.0, -2.0, -2.0, -3.0]
        );
    }

    #[test]
    fn whole_seconds_are_exact() {
        assert_eq!(seconds(3_000_000_000), 3.0);
        assert_eq!(seconds(1), 1e-9);
    }
}
