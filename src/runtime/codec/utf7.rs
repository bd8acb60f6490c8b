//! UTF-7 (RFC 2152): ASCII as itself, everything else as UTF-16 in base 64 between `+` and `-`.

use super::sink::Decoder;
use crate::context::Context;
use crate::error::PyResult;
use crate::objects::str_::Str;

pub use super::sink::Decoded;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(byte: u8) -> Option<u32> {
    DIGITS
        .iter()
        .position(|&digit| digit == byte)
        .map(|at| at as u32)
}

/// Whether the code point stands for itself when text is encoded.
fn is_direct(point: u32) -> bool {
    let Some(c) = u8::try_from(point).ok().filter(u8::is_ascii) else {
        return false;
    };
    c.is_ascii_alphanumeric() || b"'(),-./:? \t\n\r!\"#$%&*;<=>@[]^_`{|}".contains(&c)
}

/// `string.encode('utf-7')`.
pub fn encode(string: &Str) -> Vec<u8> {
    let mut out = Vec::with_capacity(string.len());
    let mut shifted = false;
    let (mut bits, mut count) = (0u32, 0u32);
    let push = |unit: u32, bits: &mut u32, count: &mut u32, out: &mut Vec<u8>| {
        *bits = *bits << 16 | unit;
        *count += 16;
        while *count >= 6 {
            *count -= 6;
            out.push(DIGITS[(*bits >> *count & 0x3f) as usize]);
        }
        *bits &= (1 << *count) - 1;
    };
    let finish = |bits: &mut u32, count: &mut u32, out: &mut Vec<u8>| {
        if *count > 0 {
            out.push(DIGITS[(*bits << (6 - *count) & 0x3f) as usize]);
        }
        (*bits, *count) = (0, 0);
    };
    for point in string.code_points() {
        if is_direct(point) {
            if shifted {
                finish(&mut bits, &mut count, &mut out);
                // The end needs a mark only where what follows could be a digit.
                if digit(point as u8).is_some() || point == u32::from(b'-') {
                    out.push(b'-');
                }
                shifted = false;
            }
            out.push(point as u8);
            continue;
        }
        if !shifted {
            out.push(b'+');
            if point == u32::from(b'+') {
                out.push(b'-');
                continue;
            }
            shifted = true;
        }
        if point >= 0x1_0000 {
            let rest = point - 0x1_0000;
            push(0xd800 | rest >> 10, &mut bits, &mut count, &mut out);
            push(0xdc00 | rest & 0x3ff, &mut bits, &mut count, &mut out);
        } else {
            push(point, &mut bits, &mut count, &mut out);
        }
    }
    if shifted {
        finish(&mut bits, &mut count, &mut out);
        out.push(b'-');
    }
    out
}

/// The bits of a shifted stretch that do not yet make a character.
#[derive(Clone, Copy, Default)]
struct Shifted {
    bits: u32,
    count: u32,
    /// The first half of a pair of surrogates.
    high: Option<u32>,
}

/// `bytes.decode('utf-7', errors)`: as much as is complete, everything if it is `last`.
///
/// # Errors
/// UnicodeDecodeError, and what the handler raises.
pub fn decode(cx: &Context, bytes: &[u8], errors: &str, last: bool) -> PyResult<Decoded> {
    let mut decoder = Decoder::new(cx, bytes, "utf7", errors);
    let mut at = 0;
    while at < decoder.input.len() {
        let byte = decoder.input[at];
        if byte == b'+' {
            match shifted(&mut decoder, at, last)? {
                Some(next) => at = next,
                None => break,
            }
        } else if byte.is_ascii() {
            decoder.out.push(byte.into());
            at += 1;
        } else {
            at = decoder.error(at, at + 1, "unexpected special character")?;
        }
    }
    Ok(Decoded {
        text: decoder.out.finish(cx)?,
        consumed: at,
    })
}

/// Decodes the stretch that begins with the plus sign at `start`: where it ends. `None` when the input ends
/// first and may go on.
fn shifted(decoder: &mut Decoder<'_>, start: usize, last: bool) -> PyResult<Option<usize>> {
    let mut at = start + 1;
    match decoder.input.get(at) {
        Some(b'-') => {
            decoder.out.push(b'+'.into());
            return Ok(Some(at + 1));
        }
        Some(&byte) if digit(byte).is_none() => {
            return decoder
                .error(start, at + 1, "ill-formed sequence")
                .map(Some);
        }
        _ => {}
    }
    let mut state = Shifted::default();
    let mut points = Vec::new();
    let ended_by = loop {
        let Some(&byte) = decoder.input.get(at) else {
            break None;
        };
        let Some(value) = digit(byte) else {
            break Some(byte);
        };
        at += 1;
        state.bits = state.bits << 6 | value;
        state.count += 6;
        if state.count < 16 {
            continue;
        }
        state.count -= 16;
        let unit = state.bits >> state.count & 0xffff;
        state.bits &= (1 << state.count) - 1;
        match state.high.take() {
            Some(high) if (0xdc00..0xe000).contains(&unit) => {
                points.push(0x1_0000 + ((high & 0x3ff) << 10 | unit & 0x3ff));
                continue;
            }
            Some(high) => points.push(high),
            None => {}
        }
        if (0xd800..0xdc00).contains(&unit) {
            state.high = Some(unit)
        } else {
            points.push(unit)
        }
    };
    if ended_by.is_none() && !last {
        return Ok(None);
    }
    points.iter().for_each(|&point| decoder.out.push(point));
    let Some(byte) = ended_by else {
        if state.high.is_some() || state.count >= 6 || state.bits != 0 {
            let end = decoder.input.len();
            return decoder
                .error(start, end, "unterminated shift sequence")
                .map(Some);
        }
        return Ok(Some(at));
    };
    if state.count >= 6 {
        return decoder
            .error(start, at + 1, "partial character in shift sequence")
            .map(Some);
    }
    if state.bits != 0 {
        return decoder
            .error(start, at + 1, "non-zero padding bits in shift sequence")
            .map(Some);
    }
    if let Some(high) = state.high {
        decoder.out.push(high);
    }
    Ok(Some(if byte == b'-' { at + 1 } else { at }))
}
