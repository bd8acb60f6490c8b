//! Text to float, and hexadecimal in both directions.

use crate::objects::int;

/// The float in `text`, which is ASCII without white space at its ends. Underscores stand between digits.
pub fn parse_plain(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return text.parse().ok();
    }
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let well_placed = bytes
        .iter()
        .enumerate()
        .all(|(at, &byte)| byte != b'_' || (is_digit(at.checked_sub(1)) && is_digit(Some(at + 1))));
    if well_placed {
        text.replace('_', "").parse().ok()
    } else {
        None
    }
}

/// Why a text is no hexadecimal float.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HexadecimalError {
    Invalid,
    TooLarge,
}

/// `float.fromhex(text)`.
///
/// # Errors
/// When the text is not of the form, or the number is too large.
pub fn from_hexadecimal(text: &str) -> Result<f64, HexadecimalError> {
    let text = text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let (negative, text) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = match text.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => f64::NAN,
        text => hexadecimal_magnitude(text.strip_prefix("0x").unwrap_or(text))?,
    };
    Ok(if negative { -magnitude } else { magnitude })
}

/// Digits, a point, and an exponent of two.
fn hexadecimal_magnitude(text: &str) -> Result<f64, HexadecimalError> {
    const INVALID: HexadecimalError = HexadecimalError::Invalid;
    let (digits, exponent) = match text.split_once('p') {
        Some((digits, exponent)) => (digits, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(INVALID);
    }
    let exponent = match exponent {
        Some(exponent) => read_exponent(exponent).ok_or(INVALID)?,
        None => 0,
    };
    // The leading 120 bits, and whether anything follows: enough to round.
    let mut mantissa: u128 = 0;
    let mut dropped: i64 = 0;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = digit.to_digit(16).ok_or(INVALID)?;
        if mantissa >> 116 == 0 {
            mantissa = mantissa << 4 | u128::from(digit);
        } else {
            mantissa |= u128::from(digit != 0);
            dropped += 1;
        }
    }
    let exponent = exponent + 4 * (dropped - fraction.len() as i64);
    int::scale(mantissa, exponent.clamp(-1_000_000, 1_000_000) as i32)
        .ok_or(HexadecimalError::TooLarge)
}

/// A decimal exponent; far beyond any float's range all are alike.
fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits
        .parse::<i64>()
        .map_or(1 << 60, |number| number.min(1 << 60));
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

/// `number.hex()`.
pub fn hexadecimal(number: f64) -> String {
    if !number.is_finite() {
        return super::repr(number);
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = number.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52 & 0x7ff) as i32 {
        0 => format!("{sign}0x0.{fraction:013x}p-1022"),
        exponent => format!("{sign}0x1.{fraction:013x}p{:+}", exponent - 1023),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscores() {
        assert_eq!(parse_plain("1_0.5_0"), Some(10.5));
        assert_eq!(parse_plain("1e5_0"), Some(1e50));
        for text in [
            "1_.5", "1._5", "_1", "1_", "in_f", "1__0", "", ".", "1e", "e5",
        ] {
            assert_eq!(parse_plain(text), None, "{text}");
        }
        assert_eq!(parse_plain("+Infinity"), Some(f64::INFINITY));
    }

    #[test]
    fn hexadecimals() {
        for (text, expected) in [
            ("  -0x.8p+1 ", -1.0),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("0x.0000000000001p-1022", 5e-324),
            ("1.", 1.0),
            ("Infinity", f64::INFINITY),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.00000000000000000000000000000000000001p0", 1.0),
        ] {
            assert_eq!(from_hexadecimal(text), Ok(expected), "{text}");
        }
        assert_eq!(
            from_hexadecimal("0x1.fffffffffffff8p1023"),
            Err(HexadecimalError::TooLarge)
        );
        for text in ["", "0x", "0x1p", "1_0", "-", "0x.p1", "1p+"] {
            assert_eq!(
                from_hexadecimal(text),
                Err(HexadecimalError::Invalid),
                "{text}"
            );
        }
        for number in [1.0, -0.1, 5e-324, 1e-310, f64::MAX] {
            assert_eq!(from_hexadecimal(&hexadecimal(number)), Ok(number));
        }
        assert_eq!(hexadecimal(1e-310), "0x0.012688b70e62bp-1022");
    }
}
