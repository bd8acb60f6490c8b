//! Operations on bytes, whoever holds them: searching, case (of ASCII letters), padding, text forms.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::int;
use crate::objects::list::List;
use crate::objects::str_::Str;
use crate::objects::str_::search::{find_from, occurrences, replace_units, rfind_in};
use crate::objects::tuple::Tuple;
use crate::protocols::{buffer, index, iterate, sequence};
use crate::value::Value;

/// The bytes as a literal: `b'…'`. `both_quotes`: single quotes are escaped even inside double ones.
pub fn repr(bytes: &[u8], both_quotes: bool) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut text = String::with_capacity(bytes.len() + 3);
    text.push('b');
    text.push(quote);
    for &byte in bytes {
        // Writing to a String cannot fail.
        let _ = match byte {
            b'\t' => text.write_str("\\t"),
            b'\n' => text.write_str("\\n"),
            b'\r' => text.write_str("\\r"),
            b'\\' => text.write_str("\\\\"),
            b'\'' if quote == '\'' || both_quotes => text.write_str("\\'"),
            0x20..0x7f => text.write_char(byte.into()),
            _ => write!(text, "\\x{byte:02x}"),
        };
    }
    text.push(quote);
    text
}

/// The byte that `value` is.
///
/// # Errors
/// TypeError when it is no integer, ValueError when it is out of range.
pub fn byte(cx: &Context, value: &Value) -> PyResult<u8> {
    let number = match value.as_small_int() {
        Some(number) => i128::from(number),
        None => int::index_as_i128(cx, value)?,
    };
    u8::try_from(number).map_err(|_| cx.value_error("byte must be in range(0, 256)"))
}

/// `item in bytes`: a byte or a stretch of them, which `has` looks for.
///
/// # Errors
/// TypeError when the item is neither.
pub fn contains(cx: &Context, item: &Value, has: impl FnOnce(&[u8]) -> bool) -> PyResult<bool> {
    if int::is_int(item) || item.class().slots.index.get().is_some() {
        return byte(cx, item).map(|byte| has(&[byte]));
    }
    buffer::with_bytes(cx, item, has)
}

/// Whether `needle` occurs.
pub fn has(bytes: &[u8], needle: &[u8]) -> bool {
    find_from(bytes, needle, 0).is_some()
}

/// What is looked for: a byte or a stretch of them.
///
/// # Errors
/// TypeError when it is neither.
pub fn needle(cx: &Context, sub: &Value) -> PyResult<Vec<u8>> {
    if buffer::has_buffer(sub) {
        return buffer::to_vec(cx, sub);
    }
    if int::is_int(sub) || sub.class().slots.index.get().is_some() {
        return byte(cx, sub).map(|byte| vec![byte]);
    }
    Err(cx.type_error(format!(
        "argument should be integer or bytes-like object, not '{}'",
        sub.type_name()
    )))
}

/// The range that optional bounds select; `None` when nothing can be in it.
///
/// # Errors
/// TypeError when a bound is no integer.
pub fn bounds(
    cx: &Context,
    length: usize,
    start: Option<&Value>,
    end: Option<&Value>,
) -> PyResult<Option<Range<usize>>> {
    let (start, end) = index::search_range(cx, start, end, length)?;
    Ok((start <= end).then_some(start..end))
}

/// A range of [`bounds`] as far as it is inside: a bytearray may have become shorter meanwhile.
fn within(bytes: &[u8], range: Option<Range<usize>>) -> Option<Range<usize>> {
    let range = range?;
    let end = range.end.min(bytes.len());
    (range.start <= end).then_some(range.start..end)
}

/// The first occurrence of `needle` in the range.
pub fn find(bytes: &[u8], needle: &[u8], range: Option<Range<usize>>) -> Option<usize> {
    let range = within(bytes, range)?;
    find_from(&bytes[..range.end], needle, range.start)
}

/// The last occurrence of `needle` in the range.
pub fn rfind(bytes: &[u8], needle: &[u8], range: Option<Range<usize>>) -> Option<usize> {
    let range = within(bytes, range)?;
    rfind_in(&bytes[range.clone()], needle).map(|at| at + range.start)
}

/// How often `needle` occurs in the range without overlapping itself.
pub fn count(bytes: &[u8], needle: &[u8], range: Option<Range<usize>>) -> usize {
    match within(bytes, range) {
        None => 0,
        Some(range) if needle.is_empty() => range.len() + 1,
        Some(range) => occurrences(&bytes[range], needle).count(),
    }
}

/// Whether the range begins with `affix`.
pub fn starts_in(bytes: &[u8], affix: &[u8], range: Option<Range<usize>>) -> bool {
    within(bytes, range).is_some_and(|range| bytes[range].starts_with(affix))
}

/// Whether the range ends with `affix`.
pub fn ends_in(bytes: &[u8], affix: &[u8], range: Option<Range<usize>>) -> bool {
    within(bytes, range).is_some_and(|range| bytes[range].ends_with(affix))
}

/// `startswith` and `endswith`: whether `matches` the affix, or one of a tuple's.
///
/// # Errors
/// TypeError when `affix` is neither bytes-like nor a tuple.
pub fn has_affix(
    cx: &Context,
    affix: &Value,
    method: &str,
    matches: impl Fn(&[u8]) -> bool,
) -> PyResult<bool> {
    if let Some(affixes) = affix.downcast::<Tuple>() {
        for affix in affixes.as_slice() {
            if buffer::with_bytes(cx, affix, &matches)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if !buffer::has_buffer(affix) {
        let got = affix.type_name();
        return Err(cx.type_error(format!(
            "{method} first arg must be bytes or a tuple of bytes, not {got}"
        )));
    }
    buffer::with_bytes(cx, affix, matches)
}

/// `bytes.replace(old, new, limit)`; `None` when nothing changes.
pub fn replace(bytes: &[u8], old: &[u8], new: &[u8], limit: usize) -> Option<Vec<u8>> {
    if limit == 0 {
        return None;
    }
    if !old.is_empty() {
        return replace_units(bytes, old, new, limit);
    }
    let mut out = Vec::with_capacity(bytes.len() + new.len());
    for (at, &byte) in bytes.iter().enumerate() {
        if at < limit {
            out.extend_from_slice(new);
        }
        out.push(byte);
    }
    if bytes.len() < limit {
        out.extend_from_slice(new);
    }
    Some(out)
}

/// `bytes * times`.
///
/// # Errors
/// MemoryError.
pub fn repeat(cx: &Context, bytes: &[u8], times: isize) -> PyResult<Vec<u8>> {
    let times = times.max(0) as usize;
    let mut out = Vec::new();
    let total = bytes
        .len()
        .checked_mul(times)
        .ok_or_else(|| cx.no_memory())?;
    out.try_reserve_exact(total).map_err(|_| cx.no_memory())?;
    if let [only] = bytes {
        out.resize(total, *only);
    } else if !bytes.is_empty() {
        (0..times).for_each(|_| out.extend_from_slice(bytes));
    }
    Ok(out)
}

/// White space in bytes.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, 0x09..=0x0d | b' ')
}

/// Where lines of bytes end.
pub fn is_line_break(point: u32) -> bool {
    point == 0x0a || point == 0x0d
}

/// Bytes mapped one by one; `map` is told whether the byte before was a letter.
pub fn mapped(bytes: &[u8], map: impl Fn(u8, bool) -> u8) -> Vec<u8> {
    let mut after_letter = false;
    bytes
        .iter()
        .map(|&byte| {
            let mapped = map(byte, after_letter);
            after_letter = byte.is_ascii_alphabetic();
            mapped
        })
        .collect()
}

/// Whether letters begin words in upper case and go on in lower case; at least one letter.
pub fn is_title(bytes: &[u8]) -> bool {
    let mut after_letter = false;
    let mut found = false;
    for &byte in bytes {
        let wrong = if byte.is_ascii_uppercase() {
            after_letter
        } else {
            byte.is_ascii_lowercase() && !after_letter
        };
        if wrong {
            return false;
        }
        after_letter = byte.is_ascii_alphabetic();
        found |= after_letter;
    }
    found
}

/// The fill byte of `center` and its like.
///
/// # Errors
/// TypeError when it is not one byte.
pub fn fill_byte(cx: &Context, fill: Option<&Value>, method: &str) -> PyResult<u8> {
    use crate::objects::bytearray::ByteArray;
    use crate::objects::bytes::Bytes;
    let Some(fill) = fill else { return Ok(b' ') };
    let (bytes, kind) = if let Some(bytes) = fill.downcast::<Bytes>() {
        (bytes.as_slice().to_vec(), "bytes")
    } else if let Some(array) = fill.downcast::<ByteArray>() {
        (array.to_vec(), "bytearray")
    } else {
        let got = fill.type_name_for_argument();
        return Err(cx.type_error(format!(
            "{method}() argument 2 must be a byte string of length 1, not {got}"
        )));
    };
    match bytes[..] {
        [only] => Ok(only),
        _ => Err(cx.type_error(format!(
            "{method}(): argument 2 must be a byte string of length 1, not a {kind} object of length {}",
            bytes.len()
        ))),
    }
}

/// The bytes with fill bytes around them.
///
/// # Errors
/// MemoryError.
pub fn padded(
    cx: &Context,
    bytes: &[u8],
    left: usize,
    right: usize,
    fill: u8,
) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    let total = left
        .checked_add(right)
        .and_then(|fills| fills.checked_add(bytes.len()));
    let total = total.ok_or_else(|| cx.no_memory())?;
    out.try_reserve_exact(total).map_err(|_| cx.no_memory())?;
    out.resize(left, fill);
    out.extend_from_slice(bytes);
    out.resize(total, fill);
    Ok(out)
}

/// `bytes.zfill(width)`.
///
/// # Errors
/// MemoryError.
pub fn zero_filled(cx: &Context, bytes: &[u8], missing: usize) -> PyResult<Vec<u8>> {
    let signed = missing > 0 && matches!(bytes.first(), Some(b'+' | b'-'));
    let mut out = padded(cx, bytes, missing, 0, b'0')?;
    if signed {
        out.swap(0, missing);
    }
    Ok(out)
}

/// `bytes.expandtabs(width)`.
///
/// # Errors
/// OverflowError when the result would be too long.
pub fn expand_tabs(cx: &Context, bytes: &[u8], width: usize) -> PyResult<Vec<u8>> {
    let tabs = memchr::memchr_iter(b'\t', bytes).count();
    if tabs
        .checked_mul(width)
        .is_none_or(|spaces| spaces > isize::MAX as usize - bytes.len())
    {
        return Err(cx.overflow_error("result too long"));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut column = 0;
    for &byte in bytes {
        if byte == b'\t' {
            if width > 0 {
                let spaces = width - column % width;
                out.resize(out.len() + spaces, b' ');
                column += spaces;
            }
        } else {
            out.push(byte);
            column = if is_line_break(byte.into()) {
                0
            } else {
                column + 1
            };
        }
    }
    Ok(out)
}

/// The table of `translate`; `None` for None.
///
/// # Errors
/// ValueError when it is not 256 bytes long.
pub fn translation_table(cx: &Context, table: &Value) -> PyResult<Option<Vec<u8>>> {
    if table.is_none() {
        return Ok(None);
    }
    let table = buffer::to_vec(cx, table)?;
    if table.len() != 256 {
        return Err(cx.value_error("translation table must be 256 characters long"));
    }
    Ok(Some(table))
}

/// `bytes.translate(table, delete)`.
pub fn translated(bytes: &[u8], table: Option<&[u8]>, delete: &[u8]) -> Vec<u8> {
    let mut deleted = [false; 256];
    for &byte in delete {
        deleted[byte as usize] = true;
    }
    bytes
        .iter()
        .filter(|&&byte| !deleted[byte as usize])
        .map(|&byte| table.map_or(byte, |table| table[byte as usize]))
        .collect()
}

/// `bytes.maketrans(from, to)`.
///
/// # Errors
/// ValueError when the lengths differ.
pub fn make_table(cx: &Context, from: &Value, to: &Value) -> PyResult<Vec<u8>> {
    let from = buffer::to_vec(cx, from)?;
    let to = buffer::to_vec(cx, to)?;
    if from.len() != to.len() {
        return Err(cx.value_error("maketrans arguments must have same length"));
    }
    let mut table: Vec<u8> = (0..=255).collect();
    for (from, to) in from.into_iter().zip(to) {
        table[from as usize] = to;
    }
    Ok(table)
}

/// `separator.join(iterable)`.
///
/// # Errors
/// TypeError for items that are not bytes-like.
pub fn join(cx: &Context, separator: &[u8], iterable: &Value) -> PyResult<Vec<u8>> {
    if !iterate::is_iterable(iterable) {
        return Err(cx.type_error("can only join an iterable"));
    }
    let mut out = Vec::new();
    let append = |out: &mut Vec<u8>, bytes: &[u8]| {
        let room = out.try_reserve(bytes.len()).map_err(|_| cx.no_memory());
        room.map(|()| out.extend_from_slice(bytes))
    };
    let items = iterate::collect(cx, iterable)?;
    let list = iterable.downcast_exact::<List>();
    for (at, item) in items.iter().enumerate() {
        if !buffer::has_buffer(item) {
            let got = item.type_name();
            return Err(cx.type_error(format!(
                "sequence item {at}: expected a bytes-like object, {got} found"
            )));
        }
        if at > 0 {
            append(&mut out, separator)?;
        }
        buffer::with_bytes(cx, item, |bytes| append(&mut out, bytes))??;
        // Only a buffer made in Python can have changed the list.
        let is_python = item.class().has(ClassFlags::HEAPTYPE);
        if is_python && list.is_some_and(|list| list.len() != items.len()) {
            return Err(cx.runtime_error("sequence changed size during iteration"));
        }
    }
    Ok(out)
}

fn hex_digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// `bytes.fromhex(text)`.
///
/// # Errors
/// ValueError when the text is not hexadecimal.
pub fn from_hex(cx: &Context, text: &Value) -> PyResult<Vec<u8>> {
    let digits: Cow<'_, [u8]> = if let Some(text) = text.downcast::<Str>() {
        match text.as_ascii() {
            Some(text) => Cow::Borrowed(text.as_bytes()),
            // What is not ASCII is no digit.
            None => text
                .code_points()
                .map(|point| {
                    u8::try_from(point)
                        .ok()
                        .filter(u8::is_ascii)
                        .unwrap_or(0xff)
                })
                .collect(),
        }
    } else if buffer::has_buffer(text) {
        Cow::Owned(buffer::to_vec(cx, text)?)
    } else {
        let got = text.type_name_for_argument();
        return Err(cx.type_error(format!(
            "fromhex() argument must be str or bytes-like, not {got}"
        )));
    };
    let invalid = |at: usize| {
        cx.value_error(format!(
            "non-hexadecimal number found in fromhex() arg at position {at}"
        ))
    };
    let mut out = Vec::with_capacity(digits.len() / 2);
    let mut at = 0;
    while at < digits.len() {
        if is_space(digits[at]) {
            at += 1;
            continue;
        }
        let high = hex_digit(digits[at]).ok_or_else(|| invalid(at))?;
        let Some(&low) = digits.get(at + 1) else {
            return Err(
                cx.value_error("fromhex() arg must contain an even number of hexadecimal digits")
            );
        };
        let low = hex_digit(low).ok_or_else(|| invalid(at + 1))?;
        out.push(high << 4 | low);
        at += 2;
    }
    Ok(out)
}

/// `bytes.hex(separator, group)`.
///
/// # Errors
/// ValueError when the separator is not one ASCII character.
pub fn to_hex(
    cx: &Context,
    bytes: &[u8],
    separator: Option<&Value>,
    group: i32,
) -> PyResult<Ref<Str>> {
    let separator = match separator {
        None => None,
        Some(separator) => {
            if sequence::length(cx, separator)? != 1 {
                return Err(cx.value_error("sep must be length 1."));
            }
            let point = if let Some(text) = separator.downcast::<Str>() {
                text.code_point(0)
            } else if buffer::has_buffer(separator) {
                buffer::with_bytes(cx, separator, |bytes| {
                    bytes.first().map_or(0, |&byte| byte.into())
                })?
            } else {
                return Err(cx.type_error("sep must be str or bytes."));
            };
            if point >= 0x80 {
                return Err(cx.value_error("sep must be ASCII."));
            }
            Some(point as u8)
        }
    };
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let size = group.unsigned_abs() as usize;
    // Groups count from the right, those of a negative size from the left.
    let offset = if group > 0 && size > 0 {
        (size - bytes.len() % size) % size
    } else {
        0
    };
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for (at, &byte) in bytes.iter().enumerate() {
        if let Some(separator) = separator
            && size > 0
            && at > 0
            && (at + offset).is_multiple_of(size)
        {
            out.push(separator);
        }
        out.push(DIGITS[(byte >> 4) as usize]);
        out.push(DIGITS[(byte & 15) as usize]);
    }
    Str::from_ascii(cx, &out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reprs() {
        assert_eq!(repr(b"a'\n\xff", false), r#"b"a'\n\xff""#);
        assert_eq!(repr(b"a'", true), r#"b"a\'""#);
        assert_eq!(repr(b"'\"", false), r#"b'\'"'"#);
    }

    #[test]
    fn replacing_nothing() {
        assert_eq!(
            replace(b"ab", b"", b"-", usize::MAX).as_deref(),
            Some(&b"-a-b-"[..])
        );
        assert_eq!(replace(b"ab", b"", b"-", 2).as_deref(), Some(&b"-a-b"[..]));
    }

    #[test]
    fn titles() {
        assert!(is_title(b"Ab 1C") && !is_title(b"aB") && !is_title(b"12"));
    }
}
