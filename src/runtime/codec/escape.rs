//! Escape sequences as encodings: those of string literals (`unicode_escape`, `raw_unicode_escape`) and of
//! bytes literals (`escape_decode`, which protocol 0 of `pickle` uses).

use super::sink::Decoder;
use crate::context::Context;
use crate::error::PyResult;
use crate::objects::str_::Str;

pub use super::sink::Decoded;

/// `string.encode('unicode_escape')`.
pub fn encode_unicode(string: &Str) -> Vec<u8> {
    let mut out = String::with_capacity(string.len());
    for point in string.code_points() {
        match point {
            0x09 => out.push_str("\\t"),
            0x0a => out.push_str("\\n"),
            0x0d => out.push_str("\\r"),
            0x5c => out.push_str("\\\\"),
            0x20..0x7f => out.push(point as u8 as char),
            0..0x100 => out.push_str(&format!("\\x{point:02x}")),
            0x100..0x1_0000 => out.push_str(&format!("\\u{point:04x}")),
            _ => out.push_str(&format!("\\U{point:08x}")),
        }
    }
    out.into_bytes()
}

/// `string.encode('raw_unicode_escape')`.
pub fn encode_raw_unicode(string: &Str) -> Vec<u8> {
    let mut out = Vec::with_capacity(string.len());
    for point in string.code_points() {
        match point {
            0..0x100 => out.push(point as u8),
            0x100..0x1_0000 => out.extend_from_slice(format!("\\u{point:04x}").as_bytes()),
            _ => out.extend_from_slice(format!("\\U{point:08x}").as_bytes()),
        }
    }
    out
}

/// Up to `count` hexadecimal digits at `at`: their value, and how many there are.
fn hexadecimal(bytes: &[u8], at: usize, count: usize) -> (u32, usize) {
    let digits = bytes[at.min(bytes.len())..]
        .iter()
        .take(count)
        .map_while(|&byte| (byte as char).to_digit(16));
    digits.fold((0, 0), |(value, length), digit| {
        (value << 4 | digit, length + 1)
    })
}

/// Up to three octal digits at `at`: their value, and how many there are.
fn octal(bytes: &[u8], at: usize) -> (u32, usize) {
    let digits = bytes[at..]
        .iter()
        .take(3)
        .map_while(|&byte| (byte as char).to_digit(8));
    digits.fold((0, 0), |(value, length), digit| {
        (value << 3 | digit, length + 1)
    })
}

/// What a backslash and this character stand for.
fn simple_escape(byte: u8) -> Option<u8> {
    Some(match byte {
        b'\\' | b'\'' | b'"' => byte,
        b'b' => 0x08,
        b'f' => 0x0c,
        b't' => b'\t',
        b'n' => b'\n',
        b'r' => b'\r',
        b'v' => 0x0b,
        b'a' => 0x07,
        _ => return None,
    })
}

#[cold]
fn warn(cx: &Context, sequence: &str) -> PyResult<()> {
    crate::warnings::warn(
        cx,
        crate::objects::exceptions::deprecation_warning(),
        &format!(
            "{sequence} is an invalid escape sequence. Such sequences will not work in the future. "
        ),
        1,
    )
}

/// `bytes.decode('unicode_escape', errors)`: as much as is complete, everything if it is `last`.
///
/// # Errors
/// UnicodeDecodeError, and what the handler raises.
pub fn decode_unicode(cx: &Context, bytes: &[u8], errors: &str, last: bool) -> PyResult<Decoded> {
    let mut decoder = Decoder::new(cx, bytes, "unicodeescape", errors);
    let mut invalid: Option<String> = None;
    let mut at = 0;
    while at < decoder.input.len() {
        let start = at;
        let byte = decoder.input[at];
        at += 1;
        if byte != b'\\' {
            decoder.out.push(byte.into());
            continue;
        }
        let Some(&kind) = decoder.input.get(at) else {
            if !last {
                at = start;
                break;
            }
            at = decoder.error(start, at, "\\ at end of string")?;
            continue;
        };
        at += 1;
        let (digits, truncated) = match kind {
            b'\n' => continue,
            b'x' => (2, "truncated \\xXX escape"),
            b'u' => (4, "truncated \\uXXXX escape"),
            b'U' => (8, "truncated \\UXXXXXXXX escape"),
            b'0'..=b'7' => {
                let (value, length) = octal(&decoder.input, at - 1);
                at += length - 1;
                if value > 0xff && invalid.is_none() {
                    invalid = Some(format!("\"\\{value:o}\""));
                }
                decoder.out.push(value);
                continue;
            }
            b'N' => {
                match name_escape(&decoder.input, at, last) {
                    Named::Character(point, next) => {
                        decoder.out.push(point);
                        at = next;
                    }
                    Named::Incomplete => {
                        at = start;
                        break;
                    }
                    Named::Malformed(end) => {
                        at = decoder.error(start, end, "malformed \\N character escape")?
                    }
                    Named::Unknown(end) => {
                        at = decoder.error(start, end, "unknown Unicode character name")?
                    }
                }
                continue;
            }
            _ => {
                match simple_escape(kind) {
                    Some(byte) => decoder.out.push(byte.into()),
                    None => {
                        decoder.out.push(b'\\'.into());
                        decoder.out.push(kind.into());
                        if invalid.is_none() {
                            invalid = Some(format!("\"\\{}\"", kind as char));
                        }
                    }
                }
                continue;
            }
        };
        let (value, length) = hexadecimal(&decoder.input, at, digits);
        at += length;
        if length < digits {
            if !last && at == decoder.input.len() {
                at = start;
                break;
            }
            at = decoder.error(start, at, truncated)?;
        } else if value > 0x10_ffff {
            at = decoder.error(start, at, "illegal Unicode character")?;
        } else {
            decoder.out.push(value);
        }
    }
    if let Some(sequence) = invalid {
        warn(cx, &sequence)?;
    }
    Ok(Decoded {
        text: decoder.out.finish(cx)?,
        consumed: at,
    })
}

/// What `\N` is followed by.
enum Named {
    /// A character, and what is behind its name.
    Character(u32, usize),
    /// The end of input that may go on.
    Incomplete,
    /// No name; where the error ends.
    Malformed(usize),
    /// A name that no character has; where it ends.
    Unknown(usize),
}

/// Reads `{NAME}` at `at`.
fn name_escape(bytes: &[u8], at: usize, last: bool) -> Named {
    if bytes.get(at) != Some(&b'{') {
        return if bytes.get(at).is_none() && !last {
            Named::Incomplete
        } else {
            Named::Malformed(at)
        };
    }
    let start = at + 1;
    let Some(length) = bytes[start..].iter().position(|&byte| byte == b'}') else {
        return if last {
            Named::Malformed(bytes.len())
        } else {
            Named::Incomplete
        };
    };
    if length == 0 {
        return Named::Malformed(start);
    }
    let end = start + length + 1;
    match std::str::from_utf8(&bytes[start..end - 1])
        .ok()
        .and_then(typhon_compiler::character_names::character)
    {
        Some(c) => Named::Character(c.into(), end),
        None => Named::Unknown(end),
    }
}

/// `bytes.decode('raw_unicode_escape', errors)`: as much as is complete, everything if it is `last`.
///
/// # Errors
/// UnicodeDecodeError, and what the handler raises.
pub fn decode_raw_unicode(
    cx: &Context,
    bytes: &[u8],
    errors: &str,
    last: bool,
) -> PyResult<Decoded> {
    let mut decoder = Decoder::new(cx, bytes, "rawunicodeescape", errors);
    let mut at = 0;
    while at < decoder.input.len() {
        let start = at;
        let byte = decoder.input[at];
        at += 1;
        if byte != b'\\' {
            decoder.out.push(byte.into());
            continue;
        }
        let (digits, truncated) = match decoder.input.get(at) {
            Some(b'u') => (4, "truncated \\uXXXX escape"),
            Some(b'U') => (8, "truncated \\UXXXXXXXX escape"),
            None if !last => {
                at = start;
                break;
            }
            next => {
                // A backslash that begins no escape stands for itself, and so does what it precedes.
                let next = next.copied();
                decoder.out.push(b'\\'.into());
                if let Some(next) = next {
                    decoder.out.push(next.into());
                    at += 1;
                }
                continue;
            }
        };
        at += 1;
        let (value, length) = hexadecimal(&decoder.input, at, digits);
        at += length;
        if length < digits {
            if !last && at == decoder.input.len() {
                at = start;
                break;
            }
            at = decoder.error(start, at, truncated)?;
        } else if value > 0x10_ffff {
            at = decoder.error(start, at, "\\Uxxxxxxxx out of range")?;
        } else {
            decoder.out.push(value);
        }
    }
    Ok(Decoded {
        text: decoder.out.finish(cx)?,
        consumed: at,
    })
}

/// `codecs.escape_encode(bytes)`.
pub fn encode_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\'' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b' '..0x7f => out.push(byte),
            _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out
}

/// `codecs.escape_decode(bytes, errors)`.
///
/// # Errors
/// ValueError for a malformed escape, LookupError for an unknown handler.
pub fn decode_bytes(cx: &Context, bytes: &[u8], errors: &str) -> PyResult<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut invalid: Option<String> = None;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at += 1;
        if bytes[start] != b'\\' {
            out.push(bytes[start]);
            continue;
        }
        let Some(&kind) = bytes.get(at) else {
            return Err(cx.value_error("Trailing \\ in string"));
        };
        at += 1;
        match kind {
            b'\n' => {}
            b'0'..=b'7' => {
                let (value, length) = octal(bytes, at - 1);
                at += length - 1;
                if value > 0xff && invalid.is_none() {
                    invalid = Some(format!("b\"\\{value:o}\""));
                }
                out.push(value as u8);
            }
            b'x' => {
                let (value, length) = hexadecimal(bytes, at, 2);
                at += length;
                match errors {
                    _ if length == 2 => out.push(value as u8),
                    "strict" => {
                        return Err(
                            cx.value_error(format!("invalid \\x escape at position {start}"))
                        );
                    }
                    "replace" => out.push(b'?'),
                    "ignore" => {}
                    other => {
                        return Err(cx.value_error(format!(
                            "decoding error; unknown error handling code: {other}"
                        )));
                    }
                }
            }
            _ => match simple_escape(kind) {
                Some(byte) => out.push(byte),
                None => {
                    out.extend_from_slice(&[b'\\', kind]);
                    if invalid.is_none() {
                        invalid = Some(format!("b\"\\{}\"", kind as char));
                    }
                }
            },
        }
    }
    if let Some(sequence) = invalid {
        warn(cx, &sequence)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits() {
        assert_eq!(hexadecimal(b"4fg", 0, 4), (0x4f, 2));
        assert_eq!(hexadecimal(b"12345", 1, 2), (0x23, 2));
        assert_eq!(octal(b"1018", 0), (0o101, 3));
    }

    #[test]
    fn names() {
        assert!(matches!(
            name_escape(b"{BULLET}x", 0, true),
            Named::Character(0x2022, 8)
        ));
        assert!(matches!(name_escape(b"{BULL", 0, false), Named::Incomplete));
        assert!(matches!(name_escape(b"{}", 0, true), Named::Malformed(1)));
        assert!(matches!(
            name_escape(b"{no such}", 0, true),
            Named::Unknown(9)
        ));
    }

    #[test]
    fn bytes() {
        assert_eq!(encode_bytes(b"a\n'\\\xff"), b"a\\n\\'\\\\\\xff");
    }
}
