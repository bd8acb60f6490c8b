//! Text to int.
//!
//! Decimal digits of any script count as digits and any white space may surround the number
//! ([`plain_ascii`] brings both down to ASCII; numbers of the other types use it as well). Underscores
//! stand between digits, or between a base prefix and the first digit.

use num_bigint::{BigInt, Sign};

use super::{View, from_bigint, from_i64, maximum_digits};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::objects::str_::Str;
use crate::protocols::text;
use crate::value::Value;

/// Zeros of the blocks of ten decimal digits (Unicode 16, general category Nd), ascending.
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50,
    0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8,
    0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// The value of a decimal digit of any script.
pub fn decimal_digit(point: u32) -> Option<u8> {
    let index = ZEROS
        .partition_point(|&zero| zero <= point)
        .checked_sub(1)?;
    u8::try_from(point - ZEROS[index])
        .ok()
        .filter(|&digit| digit < 10)
}

/// Whether Python takes the code point for white space.
pub fn is_space(point: u32) -> bool {
    matches!(
        point,
        0x09..=0x0d | 0x1c..=0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000
    )
}

/// The text with digits of any script as ASCII digits, white space as spaces and everything else that
/// is not ASCII as `?`; without white space at the ends.
pub fn plain_ascii(string: &Str) -> String {
    let text: String = string
        .code_points()
        .map(|point| match point {
            _ if is_space(point) => ' ',
            0..0x80 => point as u8 as char,
            _ => decimal_digit(point).map_or('?', |digit| (b'0' + digit) as char),
        })
        .collect();
    text.trim_matches(' ').to_owned()
}

/// `int(string, base)`.
///
/// # Errors
/// ValueError when the text is no number in that base, or has too many digits.
pub fn parse_str(cx: &Context, string: &Str, base: u32, original: &Value) -> PyResult<Value> {
    if let Some(number) = string
        .as_ascii()
        .and_then(|text| short_number(text.as_bytes(), base))
    {
        return from_i64(cx, number);
    }
    parse_ascii(cx, &plain_ascii(string), base, original)
}

/// The number in a text that is nothing but a sign and digits, and few enough that any will do. `None`
/// says nothing about other texts.
fn short_number(text: &[u8], base: u32) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    // 18 digits of base 10 and 12 digits of base 36 are below 2**63.
    let most = if base <= 10 { 18 } else { 12 };
    if base == 0 || digits.is_empty() || digits.len() > most {
        return None;
    }
    let mut number = 0;
    for &digit in digits {
        let digit = (digit as char).to_digit(36).filter(|&digit| digit < base)?;
        number = number * i64::from(base) + i64::from(digit);
    }
    Some(if negative { -number } else { number })
}

/// `int(bytes, base)`.
///
/// # Errors
/// As [`parse_str`].
pub fn parse_bytes(cx: &Context, bytes: &[u8], base: u32, original: &Value) -> PyResult<Value> {
    let text: String = bytes
        .iter()
        .map(|&byte| if byte < 0x80 { byte as char } else { '?' })
        .collect();
    let text =
        text.trim_matches(|c: char| u32::from(c) < 0x1c && is_space(u32::from(c)) || c == ' ');
    parse_ascii(cx, text, base, original)
}

/// The number in `text`, which has no white space at its ends. `original` is what messages show.
///
/// # Errors
/// As [`parse_str`].
pub fn parse_ascii(cx: &Context, text: &str, base: u32, original: &Value) -> PyResult<Value> {
    match read(text, base) {
        Ok(Number::Small(number)) => from_i64(cx, number),
        Ok(Number::Digits {
            negative,
            base,
            digits,
        }) => {
            let limit = maximum_digits();
            if limit != 0 && digits.len() > limit && !base.is_power_of_two() {
                return Err(cx.value_error(format!(
                    "Exceeds the limit ({limit} digits) for integer string conversion: value has {} digits; use \
                     sys.set_int_max_str_digits() to increase the limit",
                    digits.len()
                )));
            }
            let sign = if negative { Sign::Minus } else { Sign::Plus };
            let number = BigInt::from_radix_be(sign, &digits, base)
                .expect("invariant: digits are below the base");
            from_bigint(cx, number)
        }
        Err(base) => Err(invalid(cx, base, original)),
    }
}

#[cold]
fn invalid(cx: &Context, base: u32, original: &Value) -> Raised {
    let repr = match text::repr(cx, original) {
        Ok(repr) => repr,
        Err(raised) => return raised,
    };
    // As much of the text as a message can bear.
    let shown: String = repr.to_lossy().chars().take(200).collect();
    cx.value_error(format!(
        "invalid literal for int() with base {base}: {shown}"
    ))
}

/// The bytes of an object with a buffer. `None` for other objects.
///
/// # Errors
/// What the object raises.
pub(crate) fn buffer_bytes(cx: &Context, value: &Value) -> PyResult<Option<Vec<u8>>> {
    match value.class().slots.buffer.get() {
        Some(buffer) => buffer(cx, value).map(|buffer| Some(buffer.to_vec())),
        None => Ok(None),
    }
}

/// A number that was read.
enum Number {
    Small(i64),
    /// Values of the digits, most significant first.
    Digits {
        negative: bool,
        base: u32,
        digits: Vec<u8>,
    },
}

/// Reads a number; the error is the base to complain about.
fn read(text: &str, base: u32) -> Result<Number, u32> {
    let asked = base;
    let (negative, rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let prefix = match rest.as_bytes() {
        [b'0', b'x' | b'X', ..] => Some(16),
        [b'0', b'o' | b'O', ..] => Some(8),
        [b'0', b'b' | b'B', ..] => Some(2),
        _ => None,
    };
    let mut rest = rest;
    let base = match (base, prefix) {
        (0, Some(prefix)) => prefix,
        (0, None) => 10,
        (base, _) => base,
    };
    if prefix == Some(base) {
        rest = &rest[2..];
        rest = rest.strip_prefix('_').unwrap_or(rest);
    }
    let bytes = rest.as_bytes();
    // Decimal literals in source have no leading zeros; only zero itself does.
    let zero_only = asked == 0 && prefix.is_none() && bytes.first() == Some(&b'0');
    if bytes.is_empty() || bytes[0] == b'_' || bytes[bytes.len() - 1] == b'_' {
        return Err(asked);
    }
    let mut digits = Vec::with_capacity(bytes.len());
    let mut after_underscore = false;
    for &byte in bytes {
        if byte == b'_' {
            if after_underscore {
                return Err(asked);
            }
            after_underscore = true;
            continue;
        }
        after_underscore = false;
        match (byte as char).to_digit(36) {
            Some(digit) if digit < base => digits.push(digit as u8),
            _ => return Err(asked),
        }
    }
    if zero_only && digits.iter().any(|&digit| digit != 0) {
        return Err(asked);
    }
    // 12 digits of base 36 are below 2**63.
    if digits.len() <= 12 {
        let number = digits.iter().fold(0i64, |number, &digit| {
            number * i64::from(base) + i64::from(digit)
        });
        return Ok(Number::Small(if negative { -number } else { number }));
    }
    Ok(Number::Digits {
        negative,
        base,
        digits,
    })
}

/// The base argument of `int()`: 0 or 2 … 36.
///
/// # Errors
/// ValueError, TypeError when it is no integer.
pub(super) fn base_argument(cx: &Context, base: &Value) -> PyResult<u32> {
    match super::index_as_i128(cx, base)? {
        base @ (0 | 2..=36) => Ok(base as u32),
        _ => Err(cx.value_error("int() base must be >= 2 and <= 36, or 0")),
    }
}

/// A number in text that the compiler has already checked. `None` when it is none.
pub fn parse_literal(text: &str) -> Option<BigInt> {
    match read(text, 0).ok()? {
        Number::Small(number) => Some(View::Small(number).to_big().into_owned()),
        Number::Digits {
            negative,
            base,
            digits,
        } => BigInt::from_radix_be(
            if negative { Sign::Minus } else { Sign::Plus },
            &digits,
            base,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str, base: u32) -> Option<BigInt> {
        match read(text, base).ok()? {
            Number::Small(number) => Some(number.into()),
            Number::Digits {
                negative,
                base,
                digits,
            } => BigInt::from_radix_be(
                if negative { Sign::Minus } else { Sign::Plus },
                &digits,
                base,
            ),
        }
    }

    #[test]
    fn numbers_are_read() {
        for (text, base, expected) in [
            ("12_3", 10, Some(123)),
            ("-0x_1f", 0, Some(-31)),
            ("0x1f", 16, Some(31)),
            ("0b1", 16, Some(0xb1)),
            ("012", 0, None),
            ("00_0", 0, Some(0)),
            ("012", 10, Some(12)),
            ("1__2", 10, None),
            ("_1", 10, None),
            ("1_", 10, None),
            ("", 10, None),
            ("-", 10, None),
            ("0x", 16, None),
            ("-0x-1", 16, None),
            ("+7", 8, Some(7)),
            ("8", 8, None),
            ("zz", 36, Some(35 * 36 + 35)),
        ] {
            assert_eq!(
                number(text, base),
                expected.map(BigInt::from),
                "{text:?} base {base}"
            );
            if let Some(short) = short_number(text.as_bytes(), base) {
                assert_eq!(Some(short), expected, "{text:?} base {base}, short");
            }
        }
        assert_eq!(
            number("123456789012345678901", 10),
            "123456789012345678901".parse().ok()
        );
    }

    #[test]
    fn digits_of_all_scripts() {
        assert_eq!(decimal_digit('7'.into()), Some(7));
        assert_eq!(decimal_digit('٣'.into()), Some(3));
        assert_eq!(decimal_digit('９'.into()), Some(9));
        assert_eq!(decimal_digit('a'.into()), None);
        assert_eq!(decimal_digit(0), None);
        assert_eq!(decimal_digit(0x3a), None);
        assert!(ZEROS.is_sorted());
    }
}
