//! String literals of JSON.

use typhon_runtime::objects::str_::{Str, StrBuilder, Units};
use typhon_runtime::{Context, PyResult, Ref};

use super::malformed;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Whether an ASCII character cannot be written as it is.
static ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut at = 0;
    while at < 0x20 {
        escaped[at] = true;
        at += 1;
    }
    escaped[b'"' as usize] = true;
    escaped[b'\\' as usize] = true;
    escaped
};

/// Writes `\uXXXX`.
fn push_number(out: &mut StrBuilder, unit: u32) {
    out.push_text("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(DIGITS[(unit >> shift & 15) as usize].into());
    }
}

/// Writes a code point as it must be written.
fn push_escaped(out: &mut StrBuilder, point: u32, ascii: bool) {
    match point {
        0x22 => out.push_text("\\\""),
        0x5c => out.push_text("\\\\"),
        0x08 => out.push_text("\\b"),
        0x0c => out.push_text("\\f"),
        0x0a => out.push_text("\\n"),
        0x0d => out.push_text("\\r"),
        0x09 => out.push_text("\\t"),
        0..0x20 => push_number(out, point),
        0x1_0000.. if ascii => {
            let rest = point - 0x1_0000;
            push_number(out, 0xd800 | rest >> 10);
            push_number(out, 0xdc00 | rest & 0x3ff);
        }
        0x7f.. if ascii => push_number(out, point),
        _ => out.push(point),
    }
}

/// Writes `string` as a literal, with ASCII characters only if asked to.
pub(super) fn quote(string: &Str, out: &mut StrBuilder, ascii: bool) {
    out.push(b'"'.into());
    match string.as_ascii() {
        Some(text) => {
            let mut start = 0;
            for (at, &byte) in text.as_bytes().iter().enumerate() {
                if ESCAPED[usize::from(byte)] || byte == 0x7f && ascii {
                    out.push_text(&text[start..at]);
                    push_escaped(out, byte.into(), ascii);
                    start = at + 1;
                }
            }
            out.push_text(&text[start..]);
        }
        None => string
            .code_points()
            .for_each(|point| push_escaped(out, point, ascii)),
    }
    out.push(b'"'.into());
}

/// Where the literal that has begun before `start` needs care next: at its end, at an escape, or at a
/// control character if those are not allowed.
fn next_special(text: &Str, start: usize, strict: bool) -> Option<usize> {
    fn find<U: Copy + Into<u32>>(units: &[U], strict: bool) -> Option<usize> {
        units.iter().position(|&unit| {
            let point: u32 = unit.into();
            point == 0x22 || point == 0x5c || strict && point < 0x20
        })
    }
    let found = match text.units() {
        Units::One(units) => find(&units[start..], strict),
        Units::Two(units) => find(&units[start..], strict),
        Units::Four(units) => find(&units[start..], strict),
    };
    found.map(|at| start + at)
}

/// The number that four hexadecimal digits write.
fn four_digits(text: &Str, start: usize) -> Option<u32> {
    if start + 4 > text.len() {
        return None;
    }
    (start..start + 4).try_fold(0, |number, at| {
        let digit = char::from_u32(text.code_point(at))?.to_digit(16)?;
        Some(number << 4 | digit)
    })
}

/// Reads the literal whose first character is at `start`. Returns the string and where the literal ends.
///
/// # Errors
/// JSONDecodeError.
pub(super) fn scan(
    cx: &Context,
    text: &Ref<Str>,
    start: usize,
    strict: bool,
) -> PyResult<(Ref<Str>, usize)> {
    let unterminated = || {
        malformed(
            cx,
            "Unterminated string starting at",
            text,
            start as isize - 1,
        )
    };
    let mut out: Option<StrBuilder> = None;
    let mut at = start;
    loop {
        let special = next_special(text, at, strict).ok_or_else(unterminated)?;
        match text.code_point(special) {
            0x22 => {
                let string = match out {
                    None => text.substring(cx, at, special)?,
                    Some(mut out) => {
                        out.push_part(text, at, special);
                        out.finish(cx)?
                    }
                };
                return Ok((string, special + 1));
            }
            0x5c => {}
            _ => {
                return Err(malformed(
                    cx,
                    "Invalid control character at",
                    text,
                    special as isize,
                ));
            }
        }
        let out = out.get_or_insert_default();
        out.push_part(text, at, special);
        if special + 1 >= text.len() {
            return Err(unterminated());
        }
        at = special + 2;
        let point = match text.code_point(special + 1) {
            same @ (0x22 | 0x5c | 0x2f) => same,
            0x62 => 0x08,
            0x66 => 0x0c,
            0x6e => 0x0a,
            0x72 => 0x0d,
            0x74 => 0x09,
            0x75 => {
                let invalid =
                    |at: usize| malformed(cx, "Invalid \\uXXXX escape", text, at as isize);
                let unit = four_digits(text, at).ok_or_else(|| invalid(special + 1))?;
                at += 4;
                let paired = (0xd800..0xdc00).contains(&unit)
                    && at + 6 < text.len()
                    && text.code_point(at) == 0x5c
                    && text.code_point(at + 1) == 0x75;
                if paired {
                    let low = four_digits(text, at + 2).ok_or_else(|| invalid(at + 1))?;
                    if (0xdc00..0xe000).contains(&low) {
                        at += 6;
                        0x1_0000 + ((unit - 0xd800) << 10 | (low - 0xdc00))
                    } else {
                        unit
                    }
                } else {
                    unit
                }
            }
            _ => return Err(malformed(cx, "Invalid \\escape", text, special as isize)),
        };
        out.push(point);
    }
}
