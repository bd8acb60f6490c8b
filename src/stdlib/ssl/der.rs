//! Reading DER, the encoding of certificates and keys (X.690): elements of tag, length and content.
//!
//! Lengths are definite and tags have one byte; whatever else comes is malformed, which is `None`.

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub const UTC_TIME: u8 = 0x17;
pub const GENERALIZED_TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// A tag that the context gives its meaning, of an element that has elements.
pub const fn constructed(number: u8) -> u8 {
    0xA0 | number
}

/// A tag that the context gives its meaning, of an element that has bytes.
pub const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    /// Tag and length included.
    pub whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements in this one.
    pub fn elements(&self) -> Elements<'a> {
        Elements(self.content)
    }

    /// The bytes of a bit string that has no odd bits.
    pub fn bits(&self) -> Option<&'a [u8]> {
        match self.content.split_first() {
            Some((0, bits)) if self.tag == BIT_STRING => Some(bits),
            _ => None,
        }
    }
}

/// What is left of a row of elements.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a>(pub &'a [u8]);

impl<'a> Elements<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element.
    pub fn any(&mut self) -> Option<Element<'a>> {
        let bytes = self.0;
        let (&tag, rest) = bytes.split_first()?;
        if tag & 0x1F == 0x1F {
            return None;
        }
        let (&first, mut rest) = rest.split_first()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let count = usize::from(first & 0x7F);
            if count == 0 || count > 4 {
                return None;
            }
            let (digits, after) = rest.split_at_checked(count)?;
            rest = after;
            digits
                .iter()
                .fold(0, |length, &digit| length << 8 | usize::from(digit))
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        let whole = &bytes[..bytes.len() - rest.len()];
        Some(Element {
            tag,
            content,
            whole,
        })
    }

    /// The next element, which has this tag.
    pub fn one(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// The next element, if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() != Some(&tag) {
            return None;
        }
        self.any()
    }
}

/// The only element of `bytes`, with this tag.
pub fn only(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut elements = Elements(bytes);
    let element = elements.one(tag)?;
    elements.is_empty().then_some(element)
}

/// A small number that is not negative.
pub fn small(element: &Element<'_>) -> Option<u32> {
    if element.content.is_empty() || element.content[0] & 0x80 != 0 {
        return None;
    }
    let mut number = 0u32;
    for &digit in element.content {
        number = number.checked_mul(256)? + u32::from(digit);
    }
    Some(number)
}

/// The numbers of an object identifier, joined by dots.
pub fn dotted(identifier: &[u8]) -> String {
    let mut text = String::new();
    let mut number = 0u64;
    for &digit in identifier {
        number = number << 7 | u64::from(digit & 0x7F);
        if digit & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let first = (number / 40).min(2);
            text = format!("{first}.{}", number - 40 * first);
        } else {
            text.push_str(&format!(".{number}"));
        }
        number = 0;
    }
    text
}

/// The content of an object identifier of numbers that are joined by dots.
pub fn undotted(text: &str) -> Option<Vec<u8>> {
    let numbers: Option<Vec<u64>> = text.split('.').map(|part| part.parse().ok()).collect();
    let numbers = numbers?;
    let (&[first, second], rest) = numbers.split_first_chunk::<2>()?;
    if first > 2 || (first < 2 && second >= 40) {
        return None;
    }
    let mut identifier = Vec::new();
    for number in std::iter::once(first * 40 + second).chain(rest.iter().copied()) {
        let digits = (64 - number.max(1).leading_zeros()).div_ceil(7);
        for digit in (0..digits).rev() {
            let more = if digit > 0 { 0x80 } else { 0 };
            identifier.push((number >> (7 * digit)) as u8 & 0x7F | more);
        }
    }
    Some(identifier)
}

/// A moment, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    year: i64,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Time {
    /// The moment that an element says.
    pub fn of(element: &Element<'_>) -> Option<Time> {
        let text = std::str::from_utf8(element.content)
            .ok()?
            .strip_suffix('Z')?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (year, rest) = match (element.tag, text.len()) {
            (UTC_TIME, 12) => {
                let year: i64 = text[..2].parse().ok()?;
                (
                    if year < 50 { 2000 + year } else { 1900 + year },
                    &text[2..],
                )
            }
            (GENERALIZED_TIME, 14) => (text[..4].parse().ok()?, &text[4..]),
            _ => return None,
        };
        let part = |at: usize| rest[at..at + 2].parse::<u8>().ok();
        let time = Time {
            year,
            month: part(0)?,
            day: part(2)?,
            hour: part(4)?,
            minute: part(6)?,
            second: part(8)?,
        };
        (1..=12).contains(&time.month).then_some(time)
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        // Days from the civil calendar, with years that begin in March.
        let month = i64::from(self.month);
        let year = if month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
            + day_of_year
            - 719_468;
        ((days * 24 + i64::from(self.hour)) * 60 + i64::from(self.minute)) * 60
            + i64::from(self.second)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {:2} {:02}:{:02}:{:02} {} GMT",
            MONTHS[usize::from(self.month) - 1],
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.year
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_go_both_ways() {
        for text in ["1.2.840.113549.1.1.11", "2.5.29.17", "2.999.1", "0.9.2342"] {
            assert_eq!(dotted(&undotted(text).unwrap()), text);
        }
        assert_eq!(undotted("3.1"), None);
        assert_eq!(undotted("1"), None);
    }

    #[test]
    fn lengths_beyond_the_end_are_malformed() {
        assert!(Elements(&[0x30, 5, 1]).any().is_none());
        assert!(Elements(&[0x30, 0x80]).any().is_none());
        assert!(Elements(&[0x30, 0x82, 1]).any().is_none());
    }

    #[test]
    fn times_are_seconds() {
        let element = |tag, content| Element {
            tag,
            content,
            whole: content,
        };
        let time = Time::of(&element(UTC_TIME, b"700101000000Z")).unwrap();
        assert_eq!(time.seconds(), 0);
        let time = Time::of(&element(GENERALIZED_TIME, b"20240229120001Z")).unwrap();
        assert_eq!(time.seconds(), 1_709_208_001);
        assert_eq!(time.to_string(), "Feb 29 12:00:01 2024 GMT");
    }
}
