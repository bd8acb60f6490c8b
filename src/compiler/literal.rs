//! The value of string literals, where the tree does not hold it.
//!
//! The parser's strings are valid Unicode, so a lone surrogate written as an escape is lost in
//! them. Such literals, recognized by the replacement character that stands in its place, are
//! decoded again from the source.

use std::borrow::Cow;

use num_bigint::BigInt;
use ruff_python_ast::{
    ExprStringLiteral, InterpolatedElement, InterpolatedStringLiteralElement, StringLiteral,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::constant::{Constant, StrConstant};
use crate::error::{Compiled, Failure};

/// The value of one string literal.
pub(crate) fn string(source: &str, node: &StringLiteral) -> StrConstant {
    // A tree that a program made has no source, and its surrogates are kept elsewhere.
    let lossy =
        node.value.contains('\u{FFFD}') && !node.flags.prefix().is_raw() && !source.is_empty();
    if lossy {
        let text = &source[node.content_range()];
        if text.contains('\\') {
            return decode(text, false);
        }
    }
    StrConstant::Utf8(node.value.clone())
}

/// The value of a string literal, implicit concatenation included.
pub(crate) fn whole_string(source: &str, node: &ExprStringLiteral) -> StrConstant {
    let mut parts = node.value.iter();
    let first = parts
        .next()
        .expect("invariant: a string literal has a part");
    let mut value = string(source, first);
    for part in parts {
        value = concatenate(value, string(source, part));
    }
    value
}

/// The value of a literal piece of an f-string.
pub(crate) fn interpolated_text(
    source: &str,
    node: &InterpolatedStringLiteralElement,
    raw: bool,
) -> StrConstant {
    if !raw && node.value.contains('\u{FFFD}') {
        let text = source.get(node.range.to_std_range()).unwrap_or_default();
        if text.contains('\\') {
            return decode(text, true);
        }
    }
    StrConstant::Utf8(node.value.clone())
}

/// The source of a replacement field's expression: all between the brace and what follows the
/// expression, comments left out.
pub(crate) fn interpolation_source(source: &str, node: &InterpolatedElement) -> String {
    let whole = &source[node.range];
    let inside = whole.strip_prefix('{').unwrap_or(whole);
    let expression = node.expression.range();
    let offset = |position: TextSize| {
        (position - node.range.start())
            .to_usize()
            .saturating_sub(1)
            .min(inside.len())
    };
    let end = offset(expression.end());
    let mut text = without_comments(&inside[..end]);
    let rest = without_comments(&inside[end..]);
    let stop = rest.find(['!', ':', '}', '=']).unwrap_or(rest.len());
    text.push_str(&rest[..stop]);
    text
}

/// What a replacement field with `=` shows before its value.
pub(crate) fn debug_source(text: &str) -> String {
    without_comments(&normalize_newlines(text))
}

/// The text of an expression, comments left out.
fn without_comments(text: &str) -> String {
    if !text.contains('#') {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    // The quotes of the string that we are in.
    let mut quotes: Option<&str> = None;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let mut length = character.len_utf8();
        match quotes {
            Some(closing) if rest.starts_with(closing) => {
                length = closing.len();
                quotes = None;
            }
            Some(_) if character == '\\' => {
                length += rest[1..].chars().next().map_or(0, char::len_utf8);
            }
            Some(_) => {}
            None if character == '#' => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            None => {
                let opening = ["\"\"\"", "'''", "\"", "'"];
                quotes = opening.into_iter().find(|quotes| rest.starts_with(quotes));
                length = quotes.map_or(length, str::len);
            }
        }
        kept.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    kept
}

/// Two strings as one.
pub(crate) fn concatenate(left: StrConstant, right: StrConstant) -> StrConstant {
    match (left, right) {
        (StrConstant::Utf8(left), StrConstant::Utf8(right)) => {
            let mut text = String::from(left);
            text.push_str(&right);
            StrConstant::from(text)
        }
        (left, right) => {
            let mut points = left.code_points();
            points.extend(right.code_points());
            StrConstant::CodePoints(points.into())
        }
    }
}

/// `\r\n` and `\r` read as `\n`.
pub(crate) fn normalize_newlines(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Decodes the escapes of a literal. `braces`: doubled braces stand for one.
fn decode(text: &str, braces: bool) -> StrConstant {
    let text = normalize_newlines(text);
    let mut points = Vec::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if braces && matches!(character, '{' | '}') && characters.peek() == Some(&character) {
            characters.next();
        }
        if character != '\\' {
            points.push(character as u32);
            continue;
        }
        let Some(escape) = characters.next() else {
            points.push('\\' as u32);
            break;
        };
        let mut hexadecimal = |digits: usize| {
            let mut value = 0u32;
            for _ in 0..digits {
                let digit = characters
                    .peek()
                    .and_then(|character| character.to_digit(16));
                let Some(digit) = digit else { break };
                value = value.wrapping_mul(16).wrapping_add(digit);
                characters.next();
            }
            value
        };
        let point = match escape {
            '\n' => continue,
            '\\' | '\'' | '"' => escape as u32,
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => hexadecimal(2),
            'u' => hexadecimal(4),
            'U' => hexadecimal(8),
            '0'..='7' => {
                let mut value = escape.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let digit = characters
                        .peek()
                        .and_then(|character| character.to_digit(8));
                    let Some(digit) = digit else { break };
                    value = value * 8 + digit;
                    characters.next();
                }
                value
            }
            'N' => {
                characters.next();
                let name: String = characters
                    .by_ref()
                    .take_while(|&character| character != '}')
                    .collect();
                crate::character_names::character(&name).unwrap_or('\u{FFFD}') as u32
            }
            other => {
                points.push('\\' as u32);
                other as u32
            }
        };
        points.push(point);
    }
    StrConstant::from_code_points(points)
}

/// Removes the indentation that all lines of a docstring but the first have in common.
pub fn clean_docstring(text: &str) -> String {
    let expanded = expand_tabs(text);
    let mut lines = expanded.split('\n');
    let first = lines.next().unwrap_or("");
    let margin = expanded
        .split('\n')
        .skip(1)
        .filter(|line| !line.trim_start_matches(' ').is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut cleaned = String::with_capacity(expanded.len());
    cleaned.push_str(first.trim_start_matches(' '));
    for line in lines {
        cleaned.push('\n');
        let indentation = line.len() - line.trim_start_matches(' ').len();
        cleaned.push_str(&line[margin.min(indentation)..]);
    }
    cleaned
}

fn expand_tabs(text: &str) -> Cow<'_, str> {
    if !text.contains('\t') {
        return Cow::Borrowed(text);
    }
    let mut expanded = String::with_capacity(text.len() + 16);
    let mut column = 0;
    for character in text.chars() {
        match character {
            '\t' => {
                let width = 8 - column % 8;
                expanded.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\n' | '\r' => {
                expanded.push(character);
                column = 0;
            }
            _ => {
                expanded.push(character);
                column += 1;
            }
        }
    }
    Cow::Owned(expanded)
}

/// A piece of a `%` format.
pub(crate) enum FormatPart {
    Text(String),
    /// Conversion as in CONVERT_VALUE, and the specification for `format`.
    Value {
        conversion: u32,
        specification: String,
    },
}

/// The pieces of a format that uses `%s`, `%r` and `%a` only and takes `count` values.
pub(crate) fn parse_percent_format(format: &str, count: usize) -> Option<Vec<FormatPart>> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut values = 0;
    let mut characters = format.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        if characters.peek() == Some(&'%') {
            characters.next();
            text.push('%');
            continue;
        }
        let left = characters.next_if_eq(&'-').is_some();
        let mut number = || {
            let mut digits = String::new();
            while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            digits
        };
        let width = number();
        // A flag of zero, or a number too long to be meant.
        if width.starts_with('0') || width.len() > 2 {
            return None;
        }
        let mut specification = String::new();
        if !width.is_empty() {
            specification.push(if left { '<' } else { '>' });
            specification.push_str(&width);
        }
        if characters.next_if_eq(&'.').is_some() {
            let mut precision = String::new();
            while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                precision.push(digit);
            }
            if precision.len() > 2 {
                return None;
            }
            specification.push('.');
            specification.push_str(if precision.is_empty() {
                "0"
            } else {
                &precision
            });
        }
        let conversion = match characters.next()? {
            's' => 1,
            'r' => 2,
            'a' => 3,
            _ => return None,
        };
        if !text.is_empty() {
            parts.push(FormatPart::Text(std::mem::take(&mut text)));
        }
        parts.push(FormatPart::Value {
            conversion,
            specification,
        });
        values += 1;
    }
    if values != count {
        return None;
    }
    if !text.is_empty() {
        parts.push(FormatPart::Text(text));
    }
    Some(parts)
}

/// An int literal too large for a machine word; decimal ones have at most `maximum` digits, unless that is 0.
pub(crate) fn big_integer(text: &str, range: TextRange, maximum: usize) -> Compiled<Constant> {
    let digits: String = text.chars().filter(|&character| character != '_').collect();
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        _ => (10, digits.as_str()),
    };
    if radix == 10 && maximum != 0 && digits.len() > maximum {
        return Err(Failure::syntax(
            format!(
                "Exceeds the limit ({maximum} digits) for integer string conversion: \
                 value has {} digits; use sys.set_int_max_str_digits() to increase the limit - \
                 Consider hexadecimal for huge integer literals to avoid decimal conversion \
                 limits.",
                digits.len()
            ),
            range,
        ));
    }
    match BigInt::parse_bytes(digits.as_bytes(), radix) {
        Some(value) => Ok(Constant::from_big_int(value)),
        None => Err(Failure::syntax("invalid decimal literal", range)),
    }
}
