//! Constants as Python writes them: `repr()` of str, bytes, int, float and complex.

use std::fmt::Write;

use crate::constant::{Constant, StrConstant};

/// `repr(constant)`.
pub fn repr(constant: &Constant) -> String {
    let sequence = |items: &[Constant]| items.iter().map(repr).collect::<Vec<_>>().join(", ");
    match constant {
        Constant::None => "None".to_owned(),
        Constant::True => "True".to_owned(),
        Constant::False => "False".to_owned(),
        Constant::Ellipsis => "Ellipsis".to_owned(),
        Constant::Int(value) => value.to_string(),
        Constant::BigInt(value) => value.to_string(),
        Constant::Float(value) => float(*value),
        Constant::Complex(real, imaginary) => complex(*real, *imaginary),
        Constant::Str(text) => string(text),
        Constant::Bytes(value) => bytes(value),
        Constant::Tuple(items) if items.len() == 1 => format!("({},)", repr(&items[0])),
        Constant::Tuple(items) => format!("({})", sequence(items)),
        Constant::FrozenSet(items) => format!("frozenset({{{}}})", sequence(items)),
        Constant::Slice(parts) => format!("slice({})", sequence(&parts[..])),
        Constant::Code(code) => format!("<code object {}>", code.qualname),
    }
}

/// The shortest digits that read back, in Python's layout.
pub(crate) fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }
}

/// A float without `.0`, as it stands inside a complex number.
fn part(value: f64) -> String {
    let text = float(value);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

pub(crate) fn complex(real: f64, imaginary: f64) -> String {
    if real == 0.0 && real.is_sign_positive() {
        return part(imaginary) + "j";
    }
    let sign = if imaginary.is_sign_negative() && !imaginary.is_nan() {
        ""
    } else {
        "+"
    };
    format!("({}{sign}{}j)", part(real), part(imaginary))
}

fn quote_for(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

pub(crate) fn string(text: &StrConstant) -> String {
    let points = text.code_points();
    let has = |character: char| points.contains(&(character as u32));
    let quote = quote_for(has('\''), has('"'));
    let mut out = String::with_capacity(points.len() + 2);
    out.push(quote);
    for point in points {
        match char::from_u32(point) {
            Some(character) if character == quote || character == '\\' => {
                out.push('\\');
                out.push(character);
            }
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(character) if is_printable(character) => out.push(character),
            _ => {
                let written = match point {
                    0..=0xFF => write!(out, "\\x{point:02x}"),
                    0x100..=0xFFFF => write!(out, "\\u{point:04x}"),
                    _ => write!(out, "\\U{point:08x}"),
                };
                written.expect("invariant: writing to a string does not fail");
            }
        }
    }
    out.push(quote);
    out
}

/// `str.isprintable` for one character, as far as the standard library of Rust knows.
pub(crate) fn is_printable(character: char) -> bool {
    character == ' '
        || character.is_ascii_graphic()
        || (!character.is_ascii()
            && !character.is_control()
            && !character.is_whitespace()
            // What Rust escapes in debug output is unassigned or a format character.
            && character.escape_debug().len() == 1)
}

pub(crate) fn bytes(value: &[u8]) -> String {
    let quote = quote_for(value.contains(&b'\''), value.contains(&b'"'));
    let mut out = format!("b{quote}");
    for &byte in value {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            _ if char::from(byte) == quote => {
                out.push('\\');
                out.push(quote);
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                write!(out, "\\x{byte:02x}").expect("invariant: writing to a string does not fail")
            }
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_like_pythons() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5, "1.5"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(float(value), text);
        }
        assert_eq!(complex(0.0, 2.0), "2j");
        assert_eq!(complex(-0.0, 2.0), "(-0+2j)");
        assert_eq!(complex(1.5, -1.0), "(1.5-1j)");
    }

    #[test]
    fn strings_choose_their_quotes() {
        assert_eq!(string(&"it's".into()), "\"it's\"");
        assert_eq!(string(&"'\"".into()), "'\\'\"'");
        assert_eq!(
            string(&"\u{7f}\n\u{e9}\u{200b}".into()),
            "'\\x7f\\n\u{e9}\\u200b'"
        );
        assert_eq!(
            string(&StrConstant::from_code_points(vec![0xD800])),
            "'\\ud800'"
        );
        assert_eq!(bytes(b"a'\xff"), "b\"a'\\xff\"");
    }
}
