//! `binascii`: bytes as ASCII text and back.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, Maybe, Place};
use typhon_runtime::objects::bytes::{Bytes, operations};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::buffer;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::bytes_like::BytesLike;
use crate::exception_class::ExceptionClass;
use crate::exclusive::detached_if_long;

static ERROR: ExceptionClass = ExceptionClass::new("binascii", "Error", exceptions::value_error);
static INCOMPLETE: ExceptionClass =
    ExceptionClass::new("binascii", "Incomplete", exceptions::exception);

/// Conversion between binary data and ASCII
#[pymodule(
    name = "binascii",
    functions(
        a2b_uu, b2a_uu, a2b_base64, b2a_base64, crc_hqx, crc32, b2a_hex, hexlify, a2b_hex,
        unhexlify, a2b_qp, b2a_qp
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "Error", ERROR.get(cx)?.clone())?;
    module::add(cx, this, "Incomplete", INCOMPLETE.get(cx)?.clone())
}

/// Bytes, or a string of ASCII characters.
enum AsciiBytes {
    Text(Ref<Str>),
    Bytes(BytesLike),
}

impl AsciiBytes {
    fn bytes(&self) -> &[u8] {
        match self {
            AsciiBytes::Text(text) => text.bytes(),
            AsciiBytes::Bytes(bytes) => bytes.bytes(),
        }
    }
}

impl<'a> FromArgument<'a> for AsciiBytes {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        if let Some(text) = value.downcast::<Str>() {
            if !text.is_ascii() {
                return Err(cx.value_error("string argument should contain only ASCII characters"));
            }
            return Ok(AsciiBytes::Text(text.clone()));
        }
        match buffer::find_buffer(cx, value)? {
            Some(found) => BytesLike::from_buffer(cx, found).map(AsciiBytes::Bytes),
            None => Err(cx.type_error(format!(
                "argument should be bytes, buffer or ASCII string, not '{}'",
                value.type_name()
            ))),
        }
    }
}

/// An unsigned number of 32 bits: of larger numbers the lowest bits.
struct Checksum(u32);

impl<'a> FromArgument<'a> for Checksum {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        let number = int::index_as_bigint(cx, value)?;
        let low = number & num_bigint::BigInt::from(u32::MAX);
        Ok(Checksum(u32::try_from(low).unwrap_or(0)))
    }
}

/// Characters of an encoded line that stand for six bits each begin here.
const UU_ZERO: u8 = b' ';

/// Decode a line of uuencoded data.
#[pyfunction("a2b_uu(data, /)")]
fn a2b_uu(cx: &Context, data: AsciiBytes) -> PyResult<Ref<Bytes>> {
    let Some((first, rest)) = data.bytes().split_first() else {
        return Err(ERROR.raise(cx, "Missing length byte"));
    };
    let wanted = usize::from(first.wrapping_sub(UU_ZERO) & 0x3f);
    let mut decoded = Vec::with_capacity(wanted);
    let (mut left, mut bits) = (0u32, 0);
    let mut characters = rest.iter();
    while decoded.len() < wanted {
        // Spaces at the end of a line may have been lost on the way.
        let six = match characters.next() {
            None | Some(b'\n' | b'\r') => 0,
            Some(character) if !(UU_ZERO..=UU_ZERO + 64).contains(character) => {
                return Err(ERROR.raise(cx, "Illegal char"));
            }
            Some(character) => (character - UU_ZERO) & 0x3f,
        };
        left = left << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            decoded.push((left >> bits) as u8);
            left &= (1 << bits) - 1;
        }
    }
    // Some encoders write one more filler.
    if characters.any(|character| !matches!(character, b' ' | b'`' | b'\n' | b'\r')) {
        return Err(ERROR.raise(cx, "Trailing garbage"));
    }
    Bytes::from_slice(cx, &decoded)
}

/// Uuencode line of data.
#[pyfunction("b2a_uu(data, /, *, backtick=False)")]
fn b2a_uu(cx: &Context, data: BytesLike, backtick: bool) -> PyResult<Ref<Bytes>> {
    /// Bytes of a line.
    const MOST: usize = 45;
    let data = data.bytes();
    if data.len() > MOST {
        return Err(ERROR.raise(cx, "At most 45 bytes at once"));
    }
    let character = |six: u32| match six {
        0 if backtick => b'`',
        six => six as u8 + UU_ZERO,
    };
    let mut line = vec![character(data.len() as u32)];
    for group in data.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        line.extend([18, 12, 6, 0].map(|shift| character(bits >> shift & 0x3f)));
    }
    line.push(b'\n');
    Bytes::from_slice(cx, &line)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a character stands for in base64; 64 for one that does not belong there.
static BASE64_VALUES: [u8; 256] = {
    let mut values = [64; 256];
    let mut at = 0;
    while at < BASE64.len() {
        values[BASE64[at] as usize] = at as u8;
        at += 1;
    }
    values
};

/// Decodes base64. Returns the message of the error.
fn decode_base64(data: &[u8], strict: bool) -> Result<Vec<u8>, String> {
    let mut decoded = Vec::with_capacity(data.len() / 4 * 3 + 3);
    if strict && data.first() == Some(&b'=') {
        return Err("Leading padding not allowed".into());
    }
    // Whole groups of four data characters, while there is nothing else.
    let mut at = 0;
    for group in data.chunks_exact(4) {
        let [a, b, c, d] = [group[0], group[1], group[2], group[3]]
            .map(|character| u32::from(BASE64_VALUES[usize::from(character)]));
        if (a | b | c | d) & 64 != 0 {
            break;
        }
        let bits = a << 18 | b << 12 | c << 6 | d;
        decoded.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
        at += 4;
    }
    let one_too_many = |decoded: &[u8]| {
        format!(
            "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
            decoded.len() / 3 * 4 + 1
        )
    };
    // `pads`: padding characters since the last data character.
    let (mut place, mut left, mut pads) = (0, 0u8, 0);
    while at < data.len() {
        let character = data[at];
        at += 1;
        if character == b'=' {
            pads += 1;
            if strict && place == 1 {
                return Err(one_too_many(&decoded));
            }
            if strict && (place == 0 || place + pads > 4) {
                return Err("Excess padding not allowed".into());
            }
            continue;
        }
        let value = BASE64_VALUES[usize::from(character)];
        if value >= 64 {
            if strict {
                return Err("Only base64 data is allowed".into());
            }
            continue;
        }
        if strict && pads > 0 {
            return Err(if place + pads == 4 {
                "Excess data after padding".into()
            } else {
                "Discontinuous padding not allowed".into()
            });
        }
        pads = 0;
        match place {
            0 => left = value,
            1 => {
                decoded.push(left << 2 | value >> 4);
                left = value & 0x0f;
            }
            2 => {
                decoded.push(left << 4 | value >> 2);
                left = value & 0x03;
            }
            _ => decoded.push(left << 6 | value),
        }
        place = (place + 1) % 4;
    }
    match place {
        1 => Err(one_too_many(&decoded)),
        2 | 3 if place + pads < 4 => Err("Incorrect padding".into()),
        _ => Ok(decoded),
    }
}

/// Decode a line of base64 data.
///
///   strict_mode
///     When set to True, bytes that are not part of the base64 standard are not allowed.
///     The same applies to excess data after padding (= / ==).
#[pyfunction("a2b_base64(data, /, *, strict_mode=False)")]
fn a2b_base64(cx: &Context, data: AsciiBytes, strict_mode: bool) -> PyResult<Ref<Bytes>> {
    let data = data.bytes();
    match detached_if_long(cx, data.len(), || decode_base64(data, strict_mode)) {
        Ok(decoded) => Bytes::from_slice(cx, &decoded),
        Err(message) => Err(ERROR.raise(cx, message)),
    }
}

fn encode_base64(data: &[u8], newline: bool) -> Vec<u8> {
    let mut line = Vec::with_capacity(data.len().div_ceil(3) * 4 + 1);
    let character = |six: u32| BASE64[(six & 0x3f) as usize];
    let (groups, rest) = data.as_chunks::<3>();
    for &[a, b, c] in groups {
        let bits = u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c);
        line.extend([18, 12, 6, 0].map(|shift| character(bits >> shift)));
    }
    match *rest {
        [a] => {
            let bits = u32::from(a) << 4;
            line.extend([character(bits >> 6), character(bits), b'=', b'=']);
        }
        [a, b] => {
            let bits = u32::from(a) << 10 | u32::from(b) << 2;
            line.extend([
                character(bits >> 12),
                character(bits >> 6),
                character(bits),
                b'=',
            ]);
        }
        _ => {}
    }
    if newline {
        line.push(b'\n');
    }
    line
}

/// Base64-code line of data.
#[pyfunction("b2a_base64(data, /, *, newline=True)")]
fn b2a_base64(cx: &Context, data: BytesLike, newline: bool) -> PyResult<Ref<Bytes>> {
    let data = data.bytes();
    let line = detached_if_long(cx, data.len(), || encode_base64(data, newline));
    Bytes::from_slice(cx, &line)
}

/// Compute CRC-CCITT incrementally.
#[pyfunction("crc_hqx(data, crc, /)")]
fn crc_hqx(cx: &Context, data: BytesLike, crc: Checksum) -> PyResult<u32> {
    /// x^16 + x^12 + x^5 + 1
    const POLYNOMIAL: u16 = 0x1021;
    let data = data.bytes();
    let step = |crc: u16, byte: &u8| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            let out = crc & 0x8000 != 0;
            crc << 1 ^ if out { POLYNOMIAL } else { 0 }
        })
    };
    Ok(detached_if_long(cx, data.len(), || data.iter().fold(crc.0 as u16, step)).into())
}

/// Compute CRC-32 incrementally.
#[pyfunction("crc32(data, crc=0, /)")]
fn crc32(cx: &Context, data: BytesLike, crc: Checksum) -> PyResult<u32> {
    let data = data.bytes();
    Ok(detached_if_long(cx, data.len(), || {
        let mut hasher = crc32fast::Hasher::new_with_initial(crc.0);
        hasher.update(data);
        hasher.finalize()
    }))
}

fn to_hex(
    cx: &Context,
    data: &BytesLike,
    sep: Maybe<&Value>,
    bytes_per_sep: i32,
) -> PyResult<Ref<Bytes>> {
    let text = operations::to_hex(cx, data.bytes(), sep.0, bytes_per_sep)?;
    Bytes::from_slice(cx, text.bytes())
}

/// Hexadecimal representation of binary data.
///
///   sep
///     An optional single character or byte to separate hex bytes.
///   bytes_per_sep
///     How many bytes between separators.  Positive values count from the
///     right, negative values count from the left.
///
/// The return value is a bytes object.  This function is also
/// available as "hexlify()".
///
/// Example:
/// >>> binascii.b2a_hex(b'\xb9\x01\xef')
/// b'b901ef'
/// >>> binascii.hexlify(b'\xb9\x01\xef', ':')
/// b'b9:01:ef'
/// >>> binascii.b2a_hex(b'\xb9\x01\xef', b'_', 2)
/// b'b9_01ef'
#[pyfunction("b2a_hex(data, sep=<unrepresentable>, bytes_per_sep=1)")]
fn b2a_hex(
    cx: &Context,
    data: BytesLike,
    sep: Maybe<&Value>,
    bytes_per_sep: i32,
) -> PyResult<Ref<Bytes>> {
    to_hex(cx, &data, sep, bytes_per_sep)
}

/// Hexadecimal representation of binary data.
///
///   sep
///     An optional single character or byte to separate hex bytes.
///   bytes_per_sep
///     How many bytes between separators.  Positive values count from the
///     right, negative values count from the left.
///
/// The return value is a bytes object.  This function is also
/// available as "b2a_hex()".
#[pyfunction("hexlify(data, sep=<unrepresentable>, bytes_per_sep=1)")]
fn hexlify(
    cx: &Context,
    data: BytesLike,
    sep: Maybe<&Value>,
    bytes_per_sep: i32,
) -> PyResult<Ref<Bytes>> {
    to_hex(cx, &data, sep, bytes_per_sep)
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).map(|digit| digit as u8)
}

fn from_hex(cx: &Context, text: &[u8]) -> PyResult<Ref<Bytes>> {
    if !text.len().is_multiple_of(2) {
        return Err(ERROR.raise(cx, "Odd-length string"));
    }
    let decoded: Option<Vec<u8>> = text
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect();
    match decoded {
        Some(decoded) => Bytes::from_slice(cx, &decoded),
        None => Err(ERROR.raise(cx, "Non-hexadecimal digit found")),
    }
}

/// Binary data of hexadecimal representation.
///
/// hexstr must contain an even number of hex digits (upper or lower case).
/// This function is also available as "unhexlify()".
#[pyfunction("a2b_hex(hexstr, /)")]
fn a2b_hex(cx: &Context, hexstr: AsciiBytes) -> PyResult<Ref<Bytes>> {
    from_hex(cx, hexstr.bytes())
}

/// Binary data of hexadecimal representation.
///
/// hexstr must contain an even number of hex digits (upper or lower case).
#[pyfunction("unhexlify(hexstr, /)")]
fn unhexlify(cx: &Context, hexstr: AsciiBytes) -> PyResult<Ref<Bytes>> {
    from_hex(cx, hexstr.bytes())
}

/// Decode a string of qp-encoded data.
#[pyfunction("a2b_qp(data, header=False)")]
fn a2b_qp(cx: &Context, data: AsciiBytes, header: bool) -> PyResult<Ref<Bytes>> {
    let mut rest = data.bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    loop {
        rest = match rest {
            [] | [b'='] => break,
            [b'=', b'\n' | b'\r', ..] => {
                // The end of the line was added by the encoder.
                let end = rest.iter().position(|byte| *byte == b'\n');
                end.map_or(&[], |end| &rest[end + 1..])
            }
            // Some encoders write an equals sign like this.
            [b'=', b'=', after @ ..] => {
                decoded.push(b'=');
                after
            }
            [b'=', high, low, after @ ..]
                if let (Some(high), Some(low)) = (digit(*high), digit(*low)) =>
            {
                decoded.push(high << 4 | low);
                after
            }
            [b'_', after @ ..] if header => {
                decoded.push(b' ');
                after
            }
            [byte, after @ ..] => {
                decoded.push(*byte);
                after
            }
        };
    }
    Bytes::from_slice(cx, &decoded)
}

/// How to write quoted-printable text.
#[derive(Clone, Copy)]
struct Quoting {
    tabs: bool,
    text: bool,
    header: bool,
}

impl Quoting {
    /// Whether the byte `at` must be written as a number.
    fn must_quote(self, data: &[u8], at: usize, line: usize) -> bool {
        let next = data.get(at + 1);
        match data[at] {
            b'=' | 127.. => true,
            b'_' => self.header,
            // A line with nothing but a full stop ends a message.
            b'.' => line == 0 && matches!(next, None | Some(b'\n' | b'\r' | 0)),
            b'\n' | b'\r' => !self.text,
            b'\t' | b' ' => self.tabs || next.is_none(),
            byte => byte < b' ',
        }
    }
}

fn encode_quoted(data: &[u8], quoting: Quoting) -> Vec<u8> {
    /// Characters of a line.
    const MOST: usize = 76;
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let number = |byte: u8| {
        [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]
    };
    let first_end = data.iter().position(|byte| *byte == b'\n');
    let end: &[u8] = match first_end {
        Some(at) if at > 0 && data[at - 1] == b'\r' => b"\r\n",
        _ => b"\n",
    };
    let mut out = Vec::with_capacity(data.len() * 2);
    let (mut at, mut line) = (0, 0);
    let break_line = |out: &mut Vec<u8>| {
        out.push(b'=');
        out.extend_from_slice(end);
    };
    while let Some(&byte) = data.get(at) {
        let next = data.get(at + 1);
        if quoting.must_quote(data, at, line) {
            if line + 3 >= MOST {
                break_line(&mut out);
                line = 0;
            }
            out.push(b'=');
            out.extend(number(byte));
            line += 3;
        } else if quoting.text && (byte == b'\n' || byte == b'\r' && next == Some(&b'\n')) {
            line = 0;
            // White space at the end of a line would be lost.
            if let Some(&last @ (b' ' | b'\t')) = out.last() {
                out.pop();
                out.push(b'=');
                out.extend(number(last));
            }
            out.extend_from_slice(end);
            at += usize::from(byte == b'\r');
        } else {
            if !matches!(next, None | Some(b'\n')) && line + 1 >= MOST {
                break_line(&mut out);
                line = 0;
            }
            line += 1;
            out.push(if quoting.header && byte == b' ' {
                b'_'
            } else {
                byte
            });
        }
        at += 1;
    }
    out
}

/// Encode a string using quoted-printable encoding.
///
/// On encoding, when istext is set, newlines are not encoded, and white
/// space at end of lines is.  When istext is not set, \r and \n (CR/LF)
/// are both encoded.  When quotetabs is set, space and tabs are encoded.
#[pyfunction("b2a_qp(data, quotetabs=False, istext=True, header=False)")]
fn b2a_qp(
    cx: &Context,
    data: BytesLike,
    quotetabs: bool,
    istext: bool,
    header: bool,
) -> PyResult<Ref<Bytes>> {
    let quoting = Quoting {
        tabs: quotetabs,
        text: istext,
        header,
    };
    Bytes::from_slice(cx, &encode_quoted(data.bytes(), quoting))
}
