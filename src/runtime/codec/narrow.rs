//! Encodings of one byte a character whose bytes are code points: ASCII and Latin-1.

use super::sink::{Decoder, Encoder};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::str_::Str;

/// Encodes code points below `limit` as themselves.
fn encode(
    cx: &Context,
    string: &Ref<Str>,
    errors: &str,
    encoding: &str,
    limit: u32,
) -> PyResult<Vec<u8>> {
    let mut encoder = Encoder::new(cx, string, encoding, errors);
    let mut at = 0;
    while at < string.len() {
        let point = string.code_point(at);
        if point < limit {
            encoder.out.push(point as u8);
            at += 1;
            continue;
        }
        let run = (at..string.len())
            .take_while(|&at| string.code_point(at) >= limit)
            .count();
        let reason = format!("ordinal not in range({limit})");
        at = encoder.error(at, at + run, &reason, 1, |point, out| {
            out.push(point as u8);
            point < limit
        })?;
    }
    Ok(encoder.out)
}

/// `string.encode('latin-1', errors)`.
///
/// # Errors
/// UnicodeEncodeError, and what the handler raises.
pub fn encode_latin1(cx: &Context, string: &Ref<Str>, errors: &str) -> PyResult<Vec<u8>> {
    if string.width() == 1 {
        return Ok(string.bytes().to_vec());
    }
    encode(cx, string, errors, "latin-1", 0x100)
}

/// `string.encode('ascii', errors)`.
///
/// # Errors
/// UnicodeEncodeError, and what the handler raises.
pub fn encode_ascii(cx: &Context, string: &Ref<Str>, errors: &str) -> PyResult<Vec<u8>> {
    if let Some(text) = string.as_ascii() {
        return Ok(text.as_bytes().to_vec());
    }
    encode(cx, string, errors, "ascii", 0x80)
}

/// `bytes.decode('ascii', errors)`.
///
/// # Errors
/// UnicodeDecodeError, and what the handler raises.
pub fn decode_ascii(cx: &Context, bytes: &[u8], errors: &str) -> PyResult<Ref<Str>> {
    if bytes.is_ascii() {
        return Str::from_ascii(cx, bytes);
    }
    let mut decoder = Decoder::new(cx, bytes, "ascii", errors);
    let mut at = 0;
    while let Some(&byte) = decoder.input.get(at) {
        if byte < 0x80 {
            decoder.out.push(byte.into());
            at += 1;
        } else {
            at = decoder.error(at, at + 1, "ordinal not in range(128)")?;
        }
    }
    decoder.out.finish(cx)
}
