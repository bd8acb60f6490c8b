//! UTF-16 and UTF-32, in either byte order or with a mark that tells it.

use super::sink::{Decoder, Encoder};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::str_::Str;

/// The order of bytes in a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteOrder {
    Little,
    Big,
    /// As the mark U+FEFF at the beginning says, else the machine's; written with a mark.
    Marked,
}

impl ByteOrder {
    /// From the number that `_codecs` uses: -1 little, 1 big, 0 marked.
    pub fn from_number(number: i64) -> ByteOrder {
        match number {
            0 => ByteOrder::Marked,
            1.. => ByteOrder::Big,
            _ => ByteOrder::Little,
        }
    }

    /// The number that `_codecs` uses.
    pub fn number(self) -> i64 {
        match self {
            ByteOrder::Little => -1,
            ByteOrder::Marked => 0,
            ByteOrder::Big => 1,
        }
    }

    fn is_big(self) -> bool {
        match self {
            ByteOrder::Big => true,
            ByteOrder::Little => false,
            ByteOrder::Marked => cfg!(target_endian = "big"),
        }
    }
}

const MARK: u32 = 0xfeff;

fn is_surrogate(point: u32) -> bool {
    (0xd800..0xe000).contains(&point)
}

fn push_unit16(unit: u16, big: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(&if big {
        unit.to_be_bytes()
    } else {
        unit.to_le_bytes()
    });
}

fn push_utf16(point: u32, big: bool, out: &mut Vec<u8>) {
    match u16::try_from(point) {
        Ok(unit) => push_unit16(unit, big, out),
        Err(_) => {
            let rest = point - 0x1_0000;
            push_unit16(0xd800 | (rest >> 10) as u16, big, out);
            push_unit16(0xdc00 | (rest & 0x3ff) as u16, big, out);
        }
    }
}

fn push_utf32(point: u32, big: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(&if big {
        point.to_be_bytes()
    } else {
        point.to_le_bytes()
    });
}

/// `string.encode('utf-16', errors)`.
///
/// # Errors
/// UnicodeEncodeError for surrogates, and what the handler raises.
pub fn encode_utf16(
    cx: &Context,
    string: &Ref<Str>,
    errors: &str,
    order: ByteOrder,
) -> PyResult<Vec<u8>> {
    let encoding = match order {
        ByteOrder::Marked => "utf-16",
        ByteOrder::Little => "utf-16-le",
        ByteOrder::Big => "utf-16-be",
    };
    encode(cx, string, errors, encoding, order, 2, push_utf16)
}

/// `string.encode('utf-32', errors)`.
///
/// # Errors
/// UnicodeEncodeError for surrogates, and what the handler raises.
pub fn encode_utf32(
    cx: &Context,
    string: &Ref<Str>,
    errors: &str,
    order: ByteOrder,
) -> PyResult<Vec<u8>> {
    let encoding = match order {
        ByteOrder::Marked => "utf-32",
        ByteOrder::Little => "utf-32-le",
        ByteOrder::Big => "utf-32-be",
    };
    encode(cx, string, errors, encoding, order, 4, push_utf32)
}

fn encode(
    cx: &Context,
    string: &Ref<Str>,
    errors: &str,
    encoding: &str,
    order: ByteOrder,
    unit: usize,
    push: fn(u32, bool, &mut Vec<u8>),
) -> PyResult<Vec<u8>> {
    let mut encoder = Encoder::new(cx, string, encoding, errors);
    encoder.out.reserve((string.len() + 1) * unit);
    let big = order.is_big();
    if order == ByteOrder::Marked {
        push(MARK, big, &mut encoder.out);
    }
    let mut at = 0;
    while at < string.len() {
        let point = string.code_point(at);
        if !is_surrogate(point) {
            push(point, big, &mut encoder.out);
            at += 1;
            continue;
        }
        // A replacement must be ASCII, as with UTF-8.
        at = encoder.error(at, at + 1, "surrogates not allowed", unit, |point, out| {
            push(point, big, out);
            point < 0x80
        })?;
    }
    Ok(encoder.out)
}

/// What was decoded, and in which order.
pub struct Decoded {
    pub text: Ref<Str>,
    /// How many bytes that took; the rest is the beginning of a character.
    pub consumed: usize,
    /// The order, as far as it is known now.
    pub order: ByteOrder,
}

/// Reads the mark if one is looked for: how many bytes it takes, and the order.
fn read_mark(bytes: &[u8], order: ByteOrder, unit: usize) -> (usize, ByteOrder) {
    let Some(first) = bytes.get(..unit).filter(|_| order == ByteOrder::Marked) else {
        return (0, order);
    };
    let mut mark = Vec::new();
    for order in [ByteOrder::Little, ByteOrder::Big] {
        mark.clear();
        if unit == 2 {
            push_utf16(MARK, order.is_big(), &mut mark)
        } else {
            push_utf32(MARK, order.is_big(), &mut mark)
        }
        if mark == first {
            return (unit, order);
        }
    }
    (0, order)
}

/// `bytes.decode('utf-16', errors)`: as much as is complete, everything if it is `last`.
///
/// # Errors
/// UnicodeDecodeError, and what the handler raises.
pub fn decode_utf16(
    cx: &Context,
    bytes: &[u8],
    errors: &str,
    order: ByteOrder,
    last: bool,
) -> PyResult<Decoded> {
    let (mut at, order) = read_mark(bytes, order, 2);
    let big = order.is_big();
    let encoding = if big { "utf-16-be" } else { "utf-16-le" };
    let mut decoder = Decoder::new(cx, bytes, encoding, errors);
    let unit_at = |input: &[u8], at: usize| -> Option<u32> {
        let unit = input.get(at..)?.first_chunk::<2>().copied()?;
        Some(u32::from(if big {
            u16::from_be_bytes(unit)
        } else {
            u16::from_le_bytes(unit)
        }))
    };
    while at < decoder.input.len() {
        let length = decoder.input.len();
        let Some(unit) = unit_at(&decoder.input, at) else {
            if !last {
                break;
            }
            at = decoder.error(at, length, "truncated data")?;
            continue;
        };
        if !is_surrogate(unit) {
            decoder.out.push(unit);
            at += 2;
            continue;
        }
        if unit >= 0xdc00 {
            at = decoder.error(at, at + 2, "illegal encoding")?;
            continue;
        }
        match unit_at(&decoder.input, at + 2) {
            Some(low) if (0xdc00..0xe000).contains(&low) => {
                decoder
                    .out
                    .push(0x1_0000 + ((unit & 0x3ff) << 10 | low & 0x3ff));
                at += 4;
            }
            Some(_) => at = decoder.error(at, at + 2, "illegal UTF-16 surrogate")?,
            None if !last => break,
            None => at = decoder.error(at, length, "unexpected end of data")?,
        }
    }
    Ok(Decoded {
        text: decoder.out.finish(cx)?,
        consumed: at,
        order,
    })
}

/// `bytes.decode('utf-32', errors)`: as much as is complete, everything if it is `last`.
///
/// # Errors
/// UnicodeDecodeError, and what the handler raises.
pub fn decode_utf32(
    cx: &Context,
    bytes: &[u8],
    errors: &str,
    order: ByteOrder,
    last: bool,
) -> PyResult<Decoded> {
    let (mut at, order) = read_mark(bytes, order, 4);
    let big = order.is_big();
    let encoding = if big { "utf-32-be" } else { "utf-32-le" };
    let mut decoder = Decoder::new(cx, bytes, encoding, errors);
    while at < decoder.input.len() {
        let length = decoder.input.len();
        let Some(unit) = decoder.input[at..].first_chunk::<4>().copied() else {
            if !last {
                break;
            }
            at = decoder.error(at, length, "truncated data")?;
            continue;
        };
        let point = if big {
            u32::from_be_bytes(unit)
        } else {
            u32::from_le_bytes(unit)
        };
        let reason = if is_surrogate(point) {
            "code point in surrogate code point range(0xd800, 0xe000)"
        } else if point > 0x10_ffff {
            "code point not in range(0x110000)"
        } else {
            decoder.out.push(point);
            at += 4;
            continue;
        };
        at = decoder.error(at, at + 4, reason)?;
    }
    Ok(Decoded {
        text: decoder.out.finish(cx)?,
        consumed: at,
        order,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        assert_eq!(
            read_mark(&[0xff, 0xfe, 0, 0], ByteOrder::Marked, 2),
            (2, ByteOrder::Little)
        );
        assert_eq!(
            read_mark(&[0xfe, 0xff], ByteOrder::Marked, 2),
            (2, ByteOrder::Big)
        );
        assert_eq!(
            read_mark(&[0, 0, 0xfe, 0xff], ByteOrder::Marked, 4),
            (4, ByteOrder::Big)
        );
        assert_eq!(
            read_mark(&[0xff, 0xfe], ByteOrder::Little, 2),
            (0, ByteOrder::Little)
        );
        assert_eq!(
            read_mark(&[0xff], ByteOrder::Marked, 2),
            (0, ByteOrder::Marked)
        );
    }

    #[test]
    fn pairs_of_surrogates() {
        let mut out = Vec::new();
        push_utf16(0x1f600, true, &mut out);
        assert_eq!(out, [0xd8, 0x3d, 0xde, 0x00]);
    }
}
