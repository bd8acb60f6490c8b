//! `tell` and `seek` of text streams.
//!
//! A position in text is a *cookie*: where in the file to start, the decoder's flags there, how many
//! bytes to feed it, whether to tell it that this is the end, and how many of the characters that come
//! out to skip. When the decoder keeps nothing between characters the last three are zero and the
//! cookie is the offset in the file. As one int:
//!
//! ```text
//!   160: need_eof │ 128: chars_to_skip │ 96: bytes_to_feed │ 64: dec_flags │ 0: start_pos
//! ```

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use typhon_runtime::objects::int;
use typhon_runtime::{Context, PyResult, Value};

use super::coding::Decoder;
use super::state::Snapshot;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    pub start_pos: i64,
    pub dec_flags: i64,
    pub bytes_to_feed: usize,
    pub chars_to_skip: usize,
    pub need_eof: bool,
}

impl Cookie {
    /// As an int.
    pub fn pack(self, cx: &Context) -> PyResult<Value> {
        let Cookie {
            start_pos,
            dec_flags,
            bytes_to_feed,
            chars_to_skip,
            need_eof,
        } = self;
        if dec_flags == 0 && bytes_to_feed == 0 && chars_to_skip == 0 && !need_eof {
            return int::from_i64(cx, start_pos);
        }
        let part = |value: u64, shift: u32| BigInt::from(value) << shift;
        let packed = BigInt::from(start_pos)
            + part(u64::from(dec_flags as u32), 64)
            + part(u64::from(bytes_to_feed as u32), 96)
            + part(u64::from(chars_to_skip as u32), 128)
            + part(u64::from(need_eof), 160);
        int::from_bigint(cx, packed)
    }

    /// From an int that is not negative; `None` when it is none of ours.
    pub fn unpack(packed: &BigInt) -> Option<Cookie> {
        let word = |shift: u32| ((packed >> shift) & BigInt::from(u32::MAX)).to_u32();
        Some(Cookie {
            start_pos: (packed & BigInt::from(u64::MAX))
                .to_u64()?
                .try_into()
                .ok()?,
            dec_flags: i64::from(word(64)? as i32),
            bytes_to_feed: word(96)? as usize,
            chars_to_skip: word(128)? as usize,
            need_eof: (packed >> 160u32).to_u32()? != 0,
        })
    }
}

/// The cookie of character `used` of what the snapshot decodes to, when the buffer is at `position`,
/// behind the snapshot. Leaves the decoder in any state.
pub fn locate(
    cx: &Context,
    decoder: &mut Decoder,
    codec: Option<&Value>,
    snapshot: &Snapshot,
    position: i64,
    used: usize,
    ratio: f64,
) -> PyResult<Cookie> {
    let Snapshot { flags, input } = snapshot;
    let mut cookie = Cookie {
        start_pos: position - input.len() as i64,
        dec_flags: *flags,
        ..Cookie::default()
    };
    let mut to_skip = used;
    if to_skip == 0 {
        return Ok(cookie);
    }
    // A start that is close by, where the decoder keeps no bytes: guessed, then corrected.
    let mut skipped = ((ratio * to_skip as f64) as usize).min(input.len());
    let mut back = 1;
    while skipped > 0 {
        decoder.set_state(cx, codec, &[], *flags)?;
        let count = decoder.decode(cx, codec, &input[..skipped], false)?.len();
        if count <= to_skip {
            let (rest, flags) = decoder.state(cx, codec)?;
            if rest.is_empty() {
                cookie.dec_flags = flags;
                to_skip -= count;
                break;
            }
            skipped -= rest.len().min(skipped);
            back = 1;
        } else {
            skipped = skipped.saturating_sub(back);
            back *= 2;
        }
    }
    if skipped == 0 {
        decoder.set_state(cx, codec, &[], *flags)?;
    }
    cookie.start_pos += skipped as i64;
    cookie.chars_to_skip = to_skip;
    if to_skip == 0 {
        return Ok(cookie);
    }
    // From there a byte at a time, noting each place where the decoder keeps nothing.
    let mut decoded = 0;
    for byte in &input[skipped..] {
        cookie.bytes_to_feed += 1;
        decoded += decoder
            .decode(cx, codec, std::slice::from_ref(byte), false)?
            .len();
        let (rest, flags) = decoder.state(cx, codec)?;
        if rest.is_empty() && decoded <= to_skip {
            cookie.start_pos += cookie.bytes_to_feed as i64;
            to_skip -= decoded;
            cookie.dec_flags = flags;
            cookie.bytes_to_feed = 0;
            decoded = 0;
        }
        if decoded >= to_skip {
            cookie.chars_to_skip = to_skip;
            return Ok(cookie);
        }
    }
    decoded += decoder.decode(cx, codec, &[], true)?.len();
    cookie.need_eof = true;
    if decoded < to_skip {
        return Err(cx.os_error("can't reconstruct logical file position"));
    }
    cookie.chars_to_skip = to_skip;
    Ok(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_unpack() {
        let packed = (BigInt::from(1) << 160u32)
            + (BigInt::from(7) << 128u32)
            + (BigInt::from(5) << 96u32)
            + (BigInt::from(3) << 64u32)
            + 1234;
        let cookie = Cookie::unpack(&packed).unwrap();
        let expected = Cookie {
            start_pos: 1234,
            dec_flags: 3,
            bytes_to_feed: 5,
            chars_to_skip: 7,
            need_eof: true,
        };
        assert_eq!(cookie, expected);
        assert_eq!(Cookie::unpack(&(BigInt::from(1) << 300u32)), None);
    }
}
