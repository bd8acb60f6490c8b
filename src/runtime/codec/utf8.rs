//! UTF-8.

use super::sink::{Decoder, Encoder};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::str_::{Str, Units};

pub use super::sink::Decoded;

fn push_utf8(point: u32, out: &mut Vec<u8>) -> bool {
    match char::from_u32(point) {
        Some(c) => {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            true
        }
        None => false,
    }
}

/// `string.encode('utf-8', errors)`.
///
/// # Errors
/// UnicodeEncodeError for surrogates, and what the handler raises.
pub fn encode(cx: &Context, string: &Ref<Str>, errors: &str) -> PyResult<Vec<u8>> {
    if let Some(text) = string.as_ascii() {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(bytes) = encode_plain(string) {
        return Ok(bytes);
    }
    let mut encoder = Encoder::new(cx, string, "utf-8", errors);
    let mut at = 0;
    while at < string.len() {
        if push_utf8(string.code_point(at), &mut encoder.out) {
            at += 1;
            continue;
        }
        let run = (at..string.len())
            .take_while(|&at| char::from_u32(string.code_point(at)).is_none())
            .count();
        // A replacement must be ASCII, so that it is the same in every encoding of this family.
        at = encoder.error(at, at + run, "surrogates not allowed", 1, |point, out| {
            point < 0x80 && push_utf8(point, out)
        })?;
    }
    Ok(encoder.out)
}

/// A string without surrogates in UTF-8.
fn encode_plain(string: &Str) -> Option<Vec<u8>> {
    let mut out;
    match string.units() {
        Units::One(units) => {
            out = Vec::with_capacity(
                units.len() + units.iter().filter(|&&unit| unit >= 0x80).count(),
            );
            for &unit in units {
                if unit < 0x80 {
                    out.push(unit);
                } else {
                    out.extend_from_slice(&[0xc0 | unit >> 6, 0x80 | unit & 0x3f]);
                }
            }
        }
        Units::Two(units) => {
            out = Vec::with_capacity(units.len() * 2);
            for &unit in units {
                push_utf8(unit.into(), &mut out).then_some(())?;
            }
        }
        Units::Four(units) => {
            out = Vec::with_capacity(units.len() * 4);
            for &unit in units {
                push_utf8(unit, &mut out).then_some(())?;
            }
        }
    }
    Some(out)
}

/// `bytes.decode('utf-8', errors)`.
///
/// # Errors
/// UnicodeDecodeError, and what the handler raises.
pub fn decode(cx: &Context, bytes: &[u8], errors: &str) -> PyResult<Ref<Str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Str::from_str(cx, text),
        Err(_) => decode_partial(cx, bytes, errors, true).map(|decoded| decoded.text),
    }
}

/// Decodes as much as is complete; everything if it is `last`.
///
/// # Errors
/// As [`decode`].
pub fn decode_partial(cx: &Context, bytes: &[u8], errors: &str, last: bool) -> PyResult<Decoded> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Decoded {
            text: Str::from_str(cx, text)?,
            consumed: bytes.len(),
        });
    }
    let mut decoder = Decoder::new(cx, bytes, "utf-8", errors);
    let mut at = 0;
    loop {
        let rest = &decoder.input[at..];
        let error = match std::str::from_utf8(rest) {
            Ok(text) => {
                decoder.out.push_text(text);
                at += rest.len();
                break;
            }
            Err(error) => error,
        };
        let valid = error.valid_up_to();
        if let Ok(text) = std::str::from_utf8(&rest[..valid]) {
            decoder.out.push_text(text);
        }
        at += valid;
        let (length, reason) = match error.error_len() {
            None if !last => break,
            None => (rest.len() - valid, "unexpected end of data"),
            Some(length) => {
                let starts = matches!(rest[valid], 0xc2..=0xf4);
                (
                    length,
                    if starts {
                        "invalid continuation byte"
                    } else {
                        "invalid start byte"
                    },
                )
            }
        };
        at = decoder.error(at, at + length, reason)?;
        if at >= decoder.input.len() {
            break;
        }
    }
    Ok(Decoded {
        text: decoder.out.finish(cx)?,
        consumed: at,
    })
}
