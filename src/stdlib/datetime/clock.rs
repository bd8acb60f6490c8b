//! The time of day, and how it is written. It knows nothing of Python.
//!
//! Invariant: none of the fields but their sizes, since an object can be made from a pickled state that
//! nobody has checked. Checked ones are below 24, 60, 60 and 1,000,000.

use std::fmt::Write;

pub const MICROSECONDS_IN_SECOND: i128 = 1_000_000;
pub const SECONDS_IN_DAY: i64 = 86_400;
pub const MICROSECONDS_IN_DAY: i128 = SECONDS_IN_DAY as i128 * MICROSECONDS_IN_SECOND;

/// A time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub microsecond: u32,
}

/// How much of a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// To the second, and to the microsecond if there are any.
    Automatic,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    Microseconds,
}

impl Precision {
    /// The precision that `timespec` names.
    pub fn named(name: &str) -> Option<Precision> {
        Some(match name {
            "auto" => Precision::Automatic,
            "hours" => Precision::Hours,
            "minutes" => Precision::Minutes,
            "seconds" => Precision::Seconds,
            "milliseconds" => Precision::Milliseconds,
            "microseconds" => Precision::Microseconds,
            _ => return None,
        })
    }
}

impl Clock {
    /// The time at so many microseconds after midnight, fewer than a day has.
    pub fn from_microseconds(microseconds: i128) -> Clock {
        let seconds = (microseconds / MICROSECONDS_IN_SECOND) as i64;
        Clock {
            hour: (seconds / 3600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
            microsecond: (microseconds % MICROSECONDS_IN_SECOND) as u32,
        }
    }

    /// Since midnight.
    pub fn whole_seconds(self) -> i64 {
        i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    /// Since midnight.
    pub fn microseconds(self) -> i128 {
        i128::from(self.whole_seconds()) * MICROSECONDS_IN_SECOND + i128::from(self.microsecond)
    }

    /// The six bytes of a pickled state.
    pub fn state(self) -> [u8; 6] {
        let [_, high, middle, low] = self.microsecond.to_be_bytes();
        [self.hour, self.minute, self.second, high, middle, low]
    }

    /// The time of a pickled state.
    pub fn from_state(state: [u8; 6]) -> Clock {
        let [hour, minute, second, high, middle, low] = state;
        Clock {
            hour,
            minute,
            second,
            microsecond: u32::from_be_bytes([0, high, middle, low]),
        }
    }

    /// The ISO form.
    pub fn text(self, precision: Precision) -> String {
        let Clock {
            hour,
            minute,
            second,
            microsecond,
        } = self;
        match precision {
            Precision::Hours => format!("{hour:02}"),
            Precision::Minutes => format!("{hour:02}:{minute:02}"),
            Precision::Milliseconds => {
                format!(
                    "{hour:02}:{minute:02}:{second:02}.{:03}",
                    microsecond / 1000
                )
            }
            Precision::Automatic if microsecond == 0 => {
                format!("{hour:02}:{minute:02}:{second:02}")
            }
            Precision::Seconds => format!("{hour:02}:{minute:02}:{second:02}"),
            Precision::Automatic | Precision::Microseconds => {
                format!("{hour:02}:{minute:02}:{second:02}.{microsecond:06}")
            }
        }
    }

    /// What the `repr` of a time has between its parentheses: as many fields as are needed, but two.
    pub fn field_text(self) -> String {
        let mut text = format!("{}, {}", self.hour, self.minute);
        if self.microsecond != 0 {
            let _ = write!(text, ", {}, {}", self.second, self.microsecond);
        } else if self.second != 0 {
            let _ = write!(text, ", {}", self.second);
        }
        text
    }
}

/// An offset from UTC, `+HH:MM[:SS[.ffffff]]`, with `separator` for the colons.
pub fn offset_text(microseconds: i128, separator: &str) -> String {
    let sign = if microseconds < 0 { '-' } else { '+' };
    let Clock {
        hour,
        minute,
        second,
        microsecond,
    } = Clock::from_microseconds(microseconds.abs());
    let mut text = format!("{sign}{hour:02}{separator}{minute:02}");
    if second != 0 || microsecond != 0 {
        let _ = write!(text, "{separator}{second:02}");
    }
    if microsecond != 0 {
        let _ = write!(text, ".{microsecond:06}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_round_trip() {
        let clock = Clock {
            hour: 255,
            minute: 2,
            second: 3,
            microsecond: 0xff_ff_fe,
        };
        assert_eq!(Clock::from_state(clock.state()), clock);
    }

    #[test]
    fn texts() {
        let clock = Clock::from_microseconds(3_723_004_000);
        assert_eq!(clock.text(Precision::Automatic), "01:02:03.004000");
        assert_eq!(clock.text(Precision::Milliseconds), "01:02:03.004");
        assert_eq!(clock.text(Precision::Minutes), "01:02");
        assert_eq!(clock.field_text(), "1, 2, 3, 4000");
        assert_eq!(offset_text(-3_600_000_001, ":"), "-01:00:00.000001");
        assert_eq!(offset_text(19_800_000_000, ""), "+0530");
    }
}
