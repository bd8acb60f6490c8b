//! Float to text.
//!
//! Digits come from the standard library: the shortest that read back as the same float, or as many
//! as asked for, correctly rounded. This file decides where the point goes.

use crate::context::Context;
use crate::error::PyResult;
use crate::format_spec::{self, FormatSpec, NumberParts};
use crate::value::Value;

/// No double has more decimal digits behind the point, or in all: what lies beyond are zeros.
const MOST_DIGITS: usize = 1100;

/// How a float is to be written.
#[derive(Clone, Copy, Default, Debug)]
pub struct FloatStyle {
    /// A whole number without exponent gets `.0`.
    pub add_dot_zero: bool,
    /// `#`: the point is always there, and `g` keeps trailing zeros.
    pub alternate: bool,
    /// `z`: a result that is zero loses its sign.
    pub no_negative_zero: bool,
    /// `INF`, `NAN`, `E`.
    pub uppercase: bool,
}

/// A float in parts. Infinities and NaN are all suffix.
#[derive(Clone, Default, Debug)]
pub struct FloatText {
    pub negative: bool,
    pub digits: String,
    pub point: bool,
    pub fraction: String,
    /// The exponent, `inf`, or `nan`.
    pub suffix: String,
}

impl FloatText {
    /// The parts in a row.
    pub fn joined(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let point = if self.point { "." } else { "" };
        format!(
            "{sign}{}{point}{}{}",
            self.digits, self.fraction, self.suffix
        )
    }

    /// The parts as `format_spec` wants them.
    pub fn parts(&self) -> NumberParts<'_> {
        NumberParts {
            negative: self.negative,
            prefix: "",
            digits: &self.digits,
            point: self.point,
            fraction: &self.fraction,
            suffix: &self.suffix,
            group: 3,
        }
    }
}

/// `repr(number)`.
pub fn repr(number: f64) -> String {
    if let Some(text) = short_repr(number) {
        return text;
    }
    float_text(
        number,
        'r',
        0,
        FloatStyle {
            add_dot_zero: true,
            ..FloatStyle::default()
        },
    )
    .joined()
}

/// [`repr`] of a number with at most seven digits behind the point, and 15 in all.
///
/// No two decimals of up to 15 digits are the same float, so one that reads back as the number is the only one
/// of that length. It does if the division that reads it, of two integers that are floats, gives the number.
fn short_repr(number: f64) -> Option<String> {
    const MOST_PLACES: usize = 7;
    let magnitude = number.abs();
    if !(1e-4..1e15).contains(&magnitude) {
        return None;
    }
    let mut scale = 1_u64;
    for places in 0..=MOST_PLACES {
        let digits = magnitude * scale as f64 + 0.5;
        if digits >= 1e15 {
            return None;
        }
        let digits = digits as u64;
        if digits as f64 / scale as f64 == magnitude {
            let sign = if number < 0.0 { "-" } else { "" };
            let (whole, fraction) = (digits / scale, digits % scale);
            return Some(match places {
                0 => format!("{sign}{whole}.0"),
                _ => format!("{sign}{whole}.{fraction:0places$}"),
            });
        }
        scale *= 10;
    }
    None
}

/// The whole part and the fraction of `magnitude` with so many digits behind the point, of two as near the even
/// one. `None`: it takes wider numbers.
fn short_fixed(magnitude: f64, places: usize) -> Option<(String, String)> {
    /// The power of ten fits a word, and leaves room for the 53 bits of a mantissa in two.
    const MOST_PLACES: usize = 19;
    const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let power = 10_u128.pow(
        u32::try_from(places)
            .ok()
            .filter(|&places| places as usize <= MOST_PLACES)?,
    );
    let bits = magnitude.to_bits();
    let exponent = (bits >> MANTISSA_BITS) as i32;
    if exponent == 0 {
        return None;
    }
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1) | 1 << MANTISSA_BITS;
    // magnitude = mantissa / 2**halvings
    let halvings = 1075 - exponent;
    let scaled = u128::from(mantissa) * power;
    let rounded = match halvings {
        1..=126 => {
            let (floor, rest) = (scaled >> halvings, scaled & ((1 << halvings) - 1));
            let half = 1_u128 << (halvings - 1);
            floor + u128::from(rest > half || rest == half && floor & 1 == 1)
        }
        127.. => 0,
        _ => return None,
    };
    let (rounded, power) = (u64::try_from(rounded).ok()?, u64::try_from(power).ok()?);
    let (whole, fraction) = (rounded / power, rounded % power);
    let fraction = match places {
        0 => String::new(),
        _ => format!("{fraction:0places$}"),
    };
    Some((whole.to_string(), fraction))
}

/// Digits of `{:e}` without the point, and the power of ten of the first.
fn split_exponent(text: &str) -> (String, i32) {
    let (digits, exponent) = text
        .split_once('e')
        .expect("invariant: {:e} writes an exponent");
    (
        digits.replace('.', ""),
        exponent
            .parse()
            .expect("invariant: the exponent is a number"),
    )
}

/// The fewest digits that read back as the same float, and the power of ten of the first. Of the texts of
/// that length the nearest, of two as near the even one.
fn shortest(number: f64) -> (String, i32) {
    let (digits, exponent) = split_exponent(&format!("{number:e}"));
    // Only a float that is an integer and few binary places has as few as one digit more.
    if digits.len() < 15 || number < 1e9 {
        return (digits, exponent);
    }
    let even = significant(number, digits.len());
    let (first, rest) = even.0.split_at(1);
    if format!("{first}.{rest}e{}", even.1).parse() == Ok(number) {
        even
    } else {
        (digits, exponent)
    }
}

/// `count` significant digits, and the power of ten of the first.
fn significant(number: f64, count: usize) -> (String, i32) {
    let shown = count.clamp(1, MOST_DIGITS);
    let (mut digits, exponent) = split_exponent(&format!("{:.*e}", shown - 1, number));
    digits.extend(std::iter::repeat_n('0', count.max(1) - shown));
    (digits, exponent)
}

/// Whole part and fraction of 0.`digits` × 10**`point`.
fn place_point(digits: &str, point: i32) -> (String, String) {
    let zeros = |count: usize| "0".repeat(count);
    if point <= 0 {
        return ("0".into(), zeros(point.unsigned_abs() as usize) + digits);
    }
    let point = point as usize;
    if digits.len() <= point {
        (
            digits.to_owned() + &zeros(point - digits.len()),
            String::new(),
        )
    } else {
        (digits[..point].to_owned(), digits[point..].to_owned())
    }
}

/// `number` in the presentation `code`: `e`, `f`, `g`, or `r` for the shortest text that reads back
/// as the same float (`precision` does not matter then).
pub fn float_text(number: f64, code: char, precision: usize, style: FloatStyle) -> FloatText {
    if !number.is_finite() {
        let suffix = match (number.is_nan(), style.uppercase) {
            (true, false) => "nan",
            (true, true) => "NAN",
            (false, false) => "inf",
            (false, true) => "INF",
        };
        return FloatText {
            negative: number < 0.0,
            suffix: suffix.into(),
            ..FloatText::default()
        };
    }
    let magnitude = number.abs();
    let mut text = FloatText {
        negative: number.is_sign_negative(),
        ..FloatText::default()
    };
    let scientific = |text: &mut FloatText, digits: &str, exponent: i32| {
        text.digits = digits[..1].to_owned();
        text.fraction = digits[1..].to_owned();
        text.suffix = format!("{}{exponent:+03}", if style.uppercase { 'E' } else { 'e' });
    };
    match code {
        'f' if let Some((digits, fraction)) = short_fixed(magnitude, precision) => {
            (text.digits, text.fraction) = (digits, fraction);
        }
        'f' => {
            let shown = precision.min(MOST_DIGITS);
            let fixed = format!("{magnitude:.shown$}");
            let (digits, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
            text.digits = digits.to_owned();
            text.fraction = fraction.to_owned();
            text.fraction
                .extend(std::iter::repeat_n('0', precision - shown));
        }
        'e' => {
            let (digits, exponent) = significant(magnitude, precision.saturating_add(1));
            scientific(&mut text, &digits, exponent);
        }
        _ => {
            let (mut digits, exponent, longest) = if code == 'r' {
                let (digits, exponent) = shortest(magnitude);
                (digits, exponent, 16)
            } else {
                let precision = precision.max(1);
                let (digits, exponent) = significant(magnitude, precision);
                (
                    digits,
                    exponent,
                    precision as i64 - i64::from(style.add_dot_zero),
                )
            };
            if !(code == 'g' && style.alternate) {
                digits.truncate(digits.trim_end_matches('0').len().max(1));
            }
            let point = i64::from(exponent) + 1;
            if point <= -4 || point > longest {
                scientific(&mut text, &digits, exponent);
            } else {
                (text.digits, text.fraction) = place_point(&digits, exponent + 1);
                if style.add_dot_zero && text.fraction.is_empty() {
                    text.fraction.push('0');
                }
            }
        }
    }
    text.point = style.alternate || !text.fraction.is_empty();
    if style.no_negative_zero
        && text
            .digits
            .bytes()
            .chain(text.fraction.bytes())
            .all(|digit| digit == b'0')
    {
        text.negative = false;
    }
    text
}

/// The text of `number` for `spec`, not yet grouped and padded. `None` when the presentation type is
/// not for floats.
///
/// # Errors
/// ValueError when the precision is too big.
pub(crate) fn spec_text(
    cx: &Context,
    number: f64,
    spec: &FormatSpec,
) -> PyResult<Option<FloatText>> {
    if spec
        .precision
        .is_some_and(|precision| precision >= i32::MAX as usize - 1)
    {
        return Err(cx.value_error("precision too big"));
    }
    let code = spec.code();
    let mut style = FloatStyle {
        add_dot_zero: code == '\0',
        alternate: spec.alternate,
        no_negative_zero: spec.no_negative_zero,
        uppercase: code.is_ascii_uppercase(),
    };
    let percent = code == '%';
    let (number, code) = match code {
        '%' => (number * 100.0, 'f'),
        'e' | 'E' => (number, 'e'),
        'f' | 'F' => (number, 'f'),
        'g' | 'G' | 'n' => (number, 'g'),
        '\0' if spec.precision.is_some() => (number, 'g'),
        '\0' => (number, 'r'),
        _ => return Ok(None),
    };
    style.add_dot_zero &= number.is_finite();
    let mut text = float_text(number, code, spec.precision.unwrap_or(6), style);
    if percent {
        text.suffix.push('%');
    }
    Ok(Some(text))
}

/// `float.__format__`, once the specification was read.
///
/// # Errors
/// ValueError for a specification that floats do not understand.
pub fn format_number(
    cx: &Context,
    number: f64,
    spec: &FormatSpec,
    type_name: &str,
) -> PyResult<Value> {
    match spec_text(cx, number, spec)? {
        Some(text) => format_spec::number(cx, spec, &text.parts()),
        None => Err(spec.unknown_code(cx, type_name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: f64, code: char, precision: usize) -> String {
        float_text(number, code, precision, FloatStyle::default()).joined()
    }

    #[test]
    fn reprs() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (5e-324, "5e-324"),
            (1.5e300, "1.5e+300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(repr(number), expected);
        }
    }

    /// Whatever way a number takes, it is the same text.
    #[test]
    fn short_ways_agree_with_the_long_one() {
        let mut state = 1_u64;
        for round in 0..200_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let number = match round % 4 {
                0 => f64::from_bits(state & 0x47ff_ffff_ffff_ffff | 0x3800_0000_0000_0000),
                1 => (state >> 40) as f64 / 10_f64.powi((state & 7) as i32),
                2 => (state >> 34) as f64 / 1024.0,
                _ => (state >> 12) as f64 / 10_f64.powi((state & 15) as i32),
            };
            if !number.is_normal() {
                continue;
            }
            if let Some(text) = short_repr(number) {
                assert_eq!(text.parse(), Ok(number));
                let shortest = format!("{number:?}");
                assert_eq!(text, shortest, "{number:e}");
            }
            let places = (state & 31) as usize;
            if let Some((whole, fraction)) = short_fixed(number.abs(), places) {
                let expected = format!("{:.places$}", number.abs());
                let text = if places == 0 {
                    whole
                } else {
                    format!("{whole}.{fraction}")
                };
                assert_eq!(text, expected, "{number:e} .{places}");
            }
        }
    }

    #[test]
    fn presentations() {
        assert_eq!(text(2.5, 'f', 0), "2");
        assert_eq!(text(3.5, 'f', 0), "4");
        assert_eq!(text(0.5, 'f', 0), "0");
        assert_eq!(text(0.125, 'f', 2), "0.12");
        assert_eq!(text(1234.5, 'e', 3), "1.234e+03");
        assert_eq!(text(0.0, 'e', 2), "0.00e+00");
        assert_eq!(text(100_000.0, 'g', 6), "100000");
        assert_eq!(text(1_000_000.0, 'g', 6), "1e+06");
        assert_eq!(text(0.0001, 'g', 6), "0.0001");
        assert_eq!(text(0.00001, 'g', 6), "1e-05");
        assert_eq!(text(0.0, 'g', 6), "0");
        assert_eq!(text(1.0, 'f', 2000).len(), 2002);
        assert_eq!(text(1.0, 'e', 2000).len(), 2006);
    }

    #[test]
    fn alternate_and_signs() {
        let alternate = FloatStyle {
            alternate: true,
            ..FloatStyle::default()
        };
        assert_eq!(float_text(1.0, 'g', 6, alternate).joined(), "1.00000");
        assert_eq!(float_text(3.0, 'f', 0, alternate).joined(), "3.");
        let coerced = FloatStyle {
            no_negative_zero: true,
            ..FloatStyle::default()
        };
        assert_eq!(float_text(-0.01, 'f', 1, coerced).joined(), "0.0");
        assert_eq!(float_text(-0.06, 'f', 1, coerced).joined(), "-0.1");
    }
}
