//! The proleptic Gregorian calendar in whole numbers. It knows nothing of Python.
//!
//! Days are counted by their *ordinal*: 1 January of the year 1 is day 1. Weekdays are counted from
//! Monday, which is 0.
//!
//! Invariant: the month of a [`Day`] is in 1..=12. Its year and day may be anything that fits, since an
//! object can be made from a pickled state that nobody has checked.

use std::fmt;

pub const MINIMUM_YEAR: i64 = 1;
pub const MAXIMUM_YEAR: i64 = 9999;
/// The ordinal of 31 December 9999.
pub const MAXIMUM_ORDINAL: i64 = 3_652_059;

const DAYS_IN_400_YEARS: i64 = 146_097;
const DAYS_IN_100_YEARS: i64 = 36_524;
const DAYS_IN_4_YEARS: i64 = 1_461;

const DAYS_BEFORE_MONTH: [i64; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

pub const WEEKDAY_NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
pub const MONTH_NAMES: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of `year` before its month `month`.
pub fn days_before_month(year: i64, month: i64) -> i64 {
    DAYS_BEFORE_MONTH[month as usize] + i64::from(month > 2 && is_leap(year))
}

fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400)
}

/// The ordinal of a day, which may be one that the month does not have.
pub fn ordinal(year: i64, month: i64, day: i64) -> i64 {
    days_before_year(year) + days_before_month(year, month) + day
}

/// Year, month and day of an ordinal.
pub fn from_ordinal(ordinal: i64) -> (i64, i64, i64) {
    let day = ordinal - 1;
    let (cycle, day) = (
        day.div_euclid(DAYS_IN_400_YEARS),
        day.rem_euclid(DAYS_IN_400_YEARS),
    );
    // The last day of a cycle, and of four years, would begin a year that is not there.
    let century = (day / DAYS_IN_100_YEARS).min(3);
    let day = day - century * DAYS_IN_100_YEARS;
    let four = day / DAYS_IN_4_YEARS;
    let day = day % DAYS_IN_4_YEARS;
    let one = (day / 365).min(3);
    let day = day - one * 365;
    let year = cycle * 400 + century * 100 + four * 4 + one + 1;
    let mut month = (day >> 5) + 1;
    if month < 12 && days_before_month(year, month + 1) <= day {
        month += 1;
    }
    (year, month, day - days_before_month(year, month) + 1)
}

/// From Monday, which is 0.
pub fn weekday(ordinal: i64) -> i64 {
    (ordinal + 6).rem_euclid(7)
}

/// The ordinal of the Monday that begins week 1 of the year: the week with its first Thursday.
fn first_monday(year: i64) -> i64 {
    let first = days_before_year(year) + 1;
    let weekday = weekday(first);
    let monday = first - weekday;
    if weekday > 3 { monday + 7 } else { monday }
}

/// What is wrong with a week or its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeekError {
    Week,
    Weekday,
}

/// The ordinal of a day of the ISO calendar; the day is counted from Monday, which is 1.
pub fn ordinal_of_week_day(year: i64, week: i64, day: i64) -> Result<i64, WeekError> {
    if !(1..=52).contains(&week) {
        // A year has 53 weeks when it begins on a Thursday, or on a Wednesday and is a leap year.
        let first = weekday(days_before_year(year) + 1);
        let long = first == 3 || first == 2 && is_leap(year);
        if week != 53 || !long {
            return Err(WeekError::Week);
        }
    }
    if !(1..=7).contains(&day) {
        return Err(WeekError::Weekday);
    }
    Ok(first_monday(year) + (week - 1) * 7 + day - 1)
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

impl Day {
    /// The day of an ordinal in 1..=[`MAXIMUM_ORDINAL`].
    pub fn from_ordinal(ordinal: i64) -> Option<Day> {
        (1..=MAXIMUM_ORDINAL).contains(&ordinal).then(|| {
            let (year, month, day) = from_ordinal(ordinal);
            Day {
                year: year as u16,
                month: month as u8,
                day: day as u8,
            }
        })
    }

    pub fn ordinal(self) -> i64 {
        ordinal(self.year.into(), self.month.into(), self.day.into())
    }

    pub fn weekday(self) -> i64 {
        weekday(self.ordinal())
    }

    /// From 1.
    pub fn day_of_year(self) -> i64 {
        days_before_month(self.year.into(), self.month.into()) + i64::from(self.day)
    }

    /// Year, week and weekday (from Monday, which is 1) of the ISO calendar.
    pub fn iso_calendar(self) -> (i64, i64, i64) {
        let mut year = i64::from(self.year);
        let today = self.ordinal();
        let mut since = today - first_monday(year);
        if since < 0 {
            year -= 1;
            since = today - first_monday(year);
        } else if since >= 52 * 7 && today >= first_monday(year + 1) {
            year += 1;
            since = today - first_monday(year);
        }
        (year, since / 7 + 1, since % 7 + 1)
    }

    /// The four bytes of a pickled state.
    pub fn state(self) -> [u8; 4] {
        let [high, low] = self.year.to_be_bytes();
        [high, low, self.month, self.day]
    }

    /// `Mon Jan  1`: the beginning of what `ctime()` returns.
    pub fn short_text(self) -> String {
        let weekday = WEEKDAY_NAMES[self.weekday() as usize];
        let month = MONTH_NAMES[usize::from(self.month) - 1];
        format!("{weekday} {month} {:2}", self.day)
    }
}

/// The ISO form.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_round_trip() {
        let mut previous = (0, 12, 31);
        for ordinal in 1..=MAXIMUM_ORDINAL {
            let made = from_ordinal(ordinal);
            assert!(made > previous, "{made:?} after {previous:?}");
            assert_eq!(super::ordinal(made.0, made.1, made.2), ordinal);
            assert!((1..=days_in_month(made.0, made.1)).contains(&made.2));
            previous = made;
        }
        assert_eq!(previous, (9999, 12, 31));
    }

    #[test]
    fn weeks_round_trip() {
        for ordinal in (1..=MAXIMUM_ORDINAL).step_by(3) {
            let day = Day::from_ordinal(ordinal).expect("in range");
            let (year, week, weekday) = day.iso_calendar();
            assert_eq!(ordinal_of_week_day(year, week, weekday), Ok(ordinal));
        }
        assert_eq!(ordinal_of_week_day(2021, 53, 1), Err(WeekError::Week));
        assert_eq!(ordinal_of_week_day(2020, 53, 8), Err(WeekError::Weekday));
    }

    #[test]
    fn days_that_no_month_has_do_no_harm() {
        let day = Day {
            year: u16::MAX,
            month: 12,
            day: u8::MAX,
        };
        let _ = (day.iso_calendar(), day.short_text(), day.day_of_year());
        assert!(Day::from_ordinal(day.ordinal()).is_none());
    }
}
