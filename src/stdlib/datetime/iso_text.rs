//! Reading the ISO 8601 forms that the `fromisoformat` methods accept. It knows nothing of Python.
//!
//! ```text
//!   date   YYYY-MM-DD  YYYYMMDD  YYYY-Www[-D]  YYYYWww[D]
//!   time   [T]HH[:MM[:SS[.fraction]]][offset]   or the same without colons
//!   offset Z  or  (+|-)HH[:MM[:SS[.fraction]]], or the same without colons
//! ```
//! A date and a time are divided by any one character, so where the date ends must be found first.
//!
//! Texts are slices of bytes, one for each character; what is not ASCII is a byte above 127, which
//! matches nothing. Readers take the rest of the text and shorten it by what they have read.

use super::calendar;

/// The text is of none of the forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// A day as it is written, not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateFields {
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

/// A time as it is written, not checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeFields {
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub microsecond: i64,
}

impl TimeFields {
    fn microseconds(self) -> i128 {
        let seconds = self.hour * 3600 + self.minute * 60 + self.second;
        i128::from(seconds) * 1_000_000 + i128::from(self.microsecond)
    }

    /// Whether the time is the midnight at the end of a day.
    ///
    /// # Errors
    /// When it is later.
    pub fn is_end_of_day(self) -> Result<bool, ()> {
        match self {
            TimeFields {
                hour: 24,
                minute: 0,
                second: 0,
                microsecond: 0,
            } => Ok(true),
            TimeFields { hour: 24, .. } => Err(()),
            _ => Ok(false),
        }
    }
}

/// One byte for each character of a text.
pub fn bytes_of(points: impl Iterator<Item = u32>) -> Vec<u8> {
    points
        .map(|point| u8::try_from(point).unwrap_or(u8::MAX))
        .collect()
}

/// Reads `count` digits.
fn digits(text: &mut &[u8], count: usize) -> Result<i64, Malformed> {
    let (read, rest) = text.split_at_checked(count).ok_or(Malformed)?;
    let mut number = 0;
    for byte in read {
        if !byte.is_ascii_digit() {
            return Err(Malformed);
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    *text = rest;
    Ok(number)
}

/// Reads `byte` if it comes next.
fn take(text: &mut &[u8], byte: u8) -> bool {
    match text.split_first() {
        Some((first, rest)) if *first == byte => {
            *text = rest;
            true
        }
        _ => false,
    }
}

/// A whole text that is a date.
pub fn date(mut text: &[u8]) -> Result<DateFields, Malformed> {
    if !matches!(text.len(), 7 | 8 | 10) {
        return Err(Malformed);
    }
    let text = &mut text;
    let year = digits(text, 4)?;
    let separated = take(text, b'-');
    if take(text, b'W') {
        let week = digits(text, 2)?;
        let day = if text.is_empty() {
            1
        } else if take(text, b'-') == separated {
            // What may be left, two characters, is not looked at.
            digits(text, 1)?
        } else {
            return Err(Malformed);
        };
        return week_date(year, week, day);
    }
    let month = digits(text, 2)?;
    if take(text, b'-') != separated {
        return Err(Malformed);
    }
    let day = digits(text, 2)?;
    if !text.is_empty() {
        return Err(Malformed);
    }
    Ok(DateFields { year, month, day })
}

fn week_date(year: i64, week: i64, day: i64) -> Result<DateFields, Malformed> {
    if year < calendar::MINIMUM_YEAR {
        return Err(Malformed);
    }
    let ordinal = calendar::ordinal_of_week_day(year, week, day).map_err(|_| Malformed)?;
    let (year, month, day) = calendar::from_ordinal(ordinal);
    Ok(DateFields { year, month, day })
}

/// Where the date ends in a text of at least seven characters that begins with one.
pub fn date_length(text: &[u8]) -> Result<usize, Malformed> {
    let length = text.len();
    if length == 7 {
        return Ok(7);
    }
    match (text[4], text[5]) {
        (b'-', b'W') => {
            if text.get(8) != Some(&b'-') {
                return Ok(8);
            }
            if length == 9 {
                return Err(Malformed);
            }
            // A second digit after the dash makes it the divider before an hour.
            Ok(match text.get(10) {
                Some(digit) if digit.is_ascii_digit() => 8,
                _ => 10,
            })
        }
        (b'-', _) => Ok(10),
        (b'W', _) => {
            let end = 7 + text[7..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if end < 9 {
                Ok(end)
            } else if end % 2 == 0 {
                // Two digits each for what follows, so the first of them divides.
                Ok(7)
            } else {
                Ok(8)
            }
        }
        _ => Ok(8),
    }
}

/// A time, and whether something is left behind it that cannot be read. That matters at the end of a text,
/// but not before an offset.
fn clock(mut text: &[u8]) -> Result<(TimeFields, bool), Malformed> {
    let text = &mut text;
    let mut numbers = [0; 3];
    let mut separated = false;
    let mut left = false;
    for (place, number) in numbers.iter_mut().enumerate() {
        *number = digits(text, 2)?;
        if place == 0 {
            separated = text.first() == Some(&b':');
        }
        match **text {
            [] => break,
            [b'.' | b',', ..] if place < 2 => return Err(Malformed),
            [b'.' | b',', ..] => {}
            [byte] if byte.is_ascii() => {
                left = true;
                break;
            }
            [b':', ..] if separated && place < 2 => *text = &text[1..],
            // Without colons, a fraction needs no point.
            _ if separated => return Err(Malformed),
            _ => {}
        }
    }
    let [hour, minute, second] = numbers;
    let mut microsecond = 0;
    if !left && !text.is_empty() {
        let _ = take(text, b'.') || take(text, b',');
        if text.is_empty() {
            return Err(Malformed);
        }
        // More digits than six are read over.
        let count = text.len().min(6);
        microsecond = digits(text, count)? * 10_i64.pow(6 - count as u32);
        left = !text.iter().all(u8::is_ascii_digit);
    }
    let fields = TimeFields {
        hour,
        minute,
        second,
        microsecond,
    };
    Ok((fields, left))
}

/// As [`clock`], but nothing may be left.
fn whole_clock(text: &[u8]) -> Result<TimeFields, Malformed> {
    match clock(text)? {
        (fields, false) => Ok(fields),
        (_, true) => Err(Malformed),
    }
}

/// A whole text that is a time: the time, and the offset from UTC in microseconds.
pub fn time(text: &[u8]) -> Result<(TimeFields, Option<i128>), Malformed> {
    let zone = text
        .iter()
        .position(|byte| matches!(byte, b'+' | b'-' | b'Z'));
    let Some(zone) = zone else {
        return Ok((whole_clock(text)?, None));
    };
    let (fields, _) = clock(&text[..zone])?;
    let offset = &text[zone + 1..];
    let offset = match text[zone] {
        b'Z' if offset.is_empty() => 0,
        b'Z' => return Err(Malformed),
        b'-' => -whole_clock(offset)?.microseconds(),
        _ => whole_clock(offset)?.microseconds(),
    };
    Ok((fields, Some(offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i64, month: i64, day: i64) -> Result<DateFields, Malformed> {
        Ok(DateFields { year, month, day })
    }

    #[test]
    fn dates() {
        assert_eq!(date(b"2020-02-03"), day(2020, 2, 3));
        assert_eq!(date(b"20200203"), day(2020, 2, 3));
        assert_eq!(date(b"2020-W01-1"), day(2019, 12, 30));
        assert_eq!(date(b"2020W012"), day(2019, 12, 31));
        assert_eq!(date(b"2020W01"), day(2019, 12, 30));
        for wrong in [
            "2020-0203",
            "202002-03",
            "2020-W011",
            "2020W01-1",
            "2020-02-030",
            "2020",
        ] {
            assert_eq!(date(wrong.as_bytes()), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn times() {
        let clock = |hour, minute, second, microsecond| TimeFields {
            hour,
            minute,
            second,
            microsecond,
        };
        assert_eq!(time(b"12"), Ok((clock(12, 0, 0, 0), None)));
        assert_eq!(time(b"123456,5"), Ok((clock(12, 34, 56, 500_000), None)));
        assert_eq!(time(b"12:34Z"), Ok((clock(12, 34, 0, 0), Some(0))));
        let offset = -(5 * 3600 + 30 * 60) * 1_000_000;
        assert_eq!(time(b"12-0530"), Ok((clock(12, 0, 0, 0), Some(offset))));
        for wrong in [
            "12:3456",
            "1234:56",
            "12:34:56.",
            "12:34:56:78",
            "12Z3",
            "1",
            "",
        ] {
            assert_eq!(time(wrong.as_bytes()), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn ends_of_dates() {
        for (text, end) in [
            ("2020-01-01T12", 10),
            ("2020-W01-1T12", 10),
            ("2020-W01-12", 8),
            ("2020W0112", 8),
            ("2020W01012", 7),
            ("2020W01T12", 7),
            ("20200101T12", 8),
        ] {
            assert_eq!(date_length(text.as_bytes()), Ok(end), "{text}");
        }
    }
}
