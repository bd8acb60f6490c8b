//! Instants and the local time zone.
//!
//! Two counts of seconds: since the *epoch*, as the system counts, and since the beginning of the
//! *calendar*, which is the ordinal of the day in seconds and the time of day.

use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::{float, int};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::calendar::{Day, MAXIMUM_YEAR, MINIMUM_YEAR};
use super::clock::{Clock, MICROSECONDS_IN_SECOND, SECONDS_IN_DAY};
use super::timedelta::TimeDelta;
use super::timezone::TimeZone;
use crate::time::calendar::Broken;

/// 1 January 1970 in seconds of the calendar.
pub const EPOCH: i64 = 719_163 * SECONDS_IN_DAY;

/// Gaps and folds of local time are shorter than this.
const LONGEST_FOLD: i64 = 24 * 3600;

/// Seconds of the calendar.
pub fn calendar_seconds(day: Day, clock: Clock) -> i64 {
    day.ordinal() * SECONDS_IN_DAY + clock.whole_seconds()
}

#[cold]
fn out_of_range(cx: &Context) -> Raised {
    cx.overflow_error("timestamp out of range for platform time_t")
}

/// Seconds and microseconds since the epoch, of a number of seconds: half to even.
///
/// # Errors
/// TypeError, ValueError and OverflowError.
pub fn instant(cx: &Context, value: &Value) -> PyResult<(i64, u32)> {
    let Some(number) = float::exact(value) else {
        if !value.is_small_int() && value.class().slots.index.get().is_none() {
            let got = value.type_name();
            return Err(cx.type_error(format!("argument must be int or float, not {got}")));
        }
        return Ok((whole_seconds(cx, value)?, 0));
    };
    let number = finite(cx, number)?;
    let scale = MICROSECONDS_IN_SECOND as f64;
    let (mut seconds, mut microseconds) = (
        number.trunc(),
        float::round_half_even(number.fract() * scale),
    );
    if microseconds >= scale {
        microseconds -= scale;
        seconds += 1.0;
    } else if microseconds < 0.0 {
        microseconds += scale;
        seconds -= 1.0;
    }
    Ok((as_seconds(cx, seconds)?, microseconds as u32))
}

/// Whole seconds since the epoch, of a number of seconds: rounded down.
///
/// # Errors
/// As [`instant`].
pub fn whole_seconds(cx: &Context, value: &Value) -> PyResult<i64> {
    match float::exact(value) {
        Some(number) => as_seconds(cx, finite(cx, number)?.floor()),
        None => i64::try_from(int::index_as_i128(cx, value)?).map_err(|_| out_of_range(cx)),
    }
}

fn finite(cx: &Context, number: f64) -> PyResult<f64> {
    if number.is_nan() {
        return Err(cx.value_error("Invalid value NaN (not a number)"));
    }
    Ok(number)
}

fn as_seconds(cx: &Context, seconds: f64) -> PyResult<i64> {
    if (i64::MIN as f64..i64::MAX as f64).contains(&seconds) {
        Ok(seconds as i64)
    } else {
        Err(out_of_range(cx))
    }
}

/// How an instant becomes a day and a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Local,
    Utc,
}

impl Place {
    fn broken(self, cx: &Context, seconds: i64) -> PyResult<Broken> {
        let broken = match self {
            Place::Local => Broken::local(seconds),
            Place::Utc => Broken::utc(seconds),
        };
        broken.map_err(|error| crate::time::os_error(cx, error))
    }

    /// Day and time of so many seconds since the epoch.
    ///
    /// # Errors
    /// ValueError when the year has more than four digits, OSError when the system cannot tell.
    pub fn day_and_clock(self, cx: &Context, seconds: i64) -> PyResult<(Day, Clock)> {
        let broken = self.broken(cx, seconds)?;
        let fields = broken.fields();
        let year = i64::from(fields.tm_year) + 1900;
        if !(MINIMUM_YEAR..=MAXIMUM_YEAR).contains(&year) {
            return Err(cx.value_error(format!("year must be in 1..9999, not {year}")));
        }
        let day = Day {
            year: year as u16,
            month: fields.tm_mon as u8 + 1,
            day: fields.tm_mday as u8,
        };
        let clock = Clock {
            hour: fields.tm_hour as u8,
            minute: fields.tm_min as u8,
            // A leap second is not told from the one before.
            second: fields.tm_sec.min(59) as u8,
            microsecond: 0,
        };
        Ok((day, clock))
    }
}

/// What local clocks show, in seconds of the calendar, when clocks in UTC show `seconds`.
fn local(cx: &Context, seconds: i64) -> PyResult<i64> {
    let (day, clock) = Place::Local.day_and_clock(cx, seconds - EPOCH)?;
    Ok(calendar_seconds(day, clock))
}

/// Whether local clocks show, at an instant, what they have shown before: `shown` seconds of the calendar.
///
/// # Errors
/// As [`Place::day_and_clock`].
pub fn is_repeated(cx: &Context, instant: i64, shown: i64) -> PyResult<bool> {
    let before = local(cx, EPOCH + instant - LONGEST_FOLD)?;
    let transition = shown - before - LONGEST_FOLD;
    if transition >= 0 {
        return Ok(false);
    }
    Ok(local(cx, EPOCH + instant + transition)? == shown)
}

/// Seconds since the epoch when local clocks show `shown`: for the second time when `fold`. In a gap, the
/// time is what the clocks would show if they had not been changed, or already had been.
///
/// # Errors
/// As [`Place::day_and_clock`].
pub fn instant_of_local(cx: &Context, shown: i64, fold: bool) -> PyResult<i64> {
    // Clocks are ahead of UTC by `ahead` seconds near that time.
    let ahead = local(cx, shown)? - shown;
    let first = shown - ahead;
    let first_shown = local(cx, first)?;
    let other_ahead = if first_shown == shown {
        // One solution. The other one, if there is one, is on the other side of a change.
        let near = if fold {
            first + LONGEST_FOLD
        } else {
            first - LONGEST_FOLD
        };
        let other_ahead = local(cx, near)? - near;
        if other_ahead == ahead {
            return Ok(first - EPOCH);
        }
        other_ahead
    } else {
        first_shown - first
    };
    let second = shown - other_ahead;
    let found = if local(cx, second)? == shown {
        second
    } else if first_shown == shown {
        first
    } else if fold {
        first.min(second)
    } else {
        first.max(second)
    };
    Ok(found - EPOCH)
}

/// The local time zone at an instant, as a fixed offset with a name.
///
/// # Errors
/// OSError when the system cannot tell.
pub fn zone_at(cx: &Context, seconds: i64) -> PyResult<Ref<TimeZone>> {
    let broken = Place::Local.broken(cx, seconds)?;
    let offset = i128::from(broken.fields().tm_gmtoff) * MICROSECONDS_IN_SECOND;
    let offset = TimeDelta::from_microseconds(cx, offset)?;
    let name = match &broken.zone {
        Some(name) => Some(Str::from_str(cx, &name.to_string_lossy())?),
        None => None,
    };
    TimeZone::of(cx, &offset, name)
}
