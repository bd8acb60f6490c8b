//! Bytes to values.

use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::{complex, float, int};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::ERROR;
use super::layout::{Item, Kind, Layout};

/// The number in these bytes, at most eight.
#[inline]
fn number(bytes: &[u8], big_endian: bool) -> u64 {
    let mut word = [0; 8];
    let word_part = &mut word[..bytes.len()];
    word_part.copy_from_slice(bytes);
    if big_endian {
        word_part.reverse();
    }
    u64::from_le_bytes(word)
}

fn float_of(bytes: &[u8], big_endian: bool) -> f64 {
    let bits = number(bytes, big_endian);
    match bytes.len() {
        2 => half::f16::from_bits(bits as u16).to_f64(),
        4 => f32::from_bits(bits as u32).into(),
        _ => f64::from_bits(bits),
    }
}

fn value(cx: &Context, item: &Item, bytes: &[u8], big_endian: bool) -> PyResult<Value> {
    match item.kind {
        Kind::Signed => {
            let unused = 64 - 8 * bytes.len() as u32;
            int::from_i64(cx, (number(bytes, big_endian) << unused) as i64 >> unused)
        }
        Kind::Unsigned | Kind::Pointer => int::from_u64(cx, number(bytes, big_endian)),
        Kind::Bool => Ok(Value::from_bool(bytes[0] != 0)),
        Kind::Float => float::from_f64(cx, float_of(bytes, big_endian)),
        Kind::Complex => {
            let (real, imaginary) = bytes.split_at(bytes.len() / 2);
            complex::from_parts(
                cx,
                float_of(real, big_endian),
                float_of(imaginary, big_endian),
            )
        }
        Kind::Char | Kind::Bytes => Bytes::from_slice(cx, bytes).map(Ref::into_value),
        Kind::Pascal => {
            let text = match bytes.split_first() {
                Some((&length, rest)) => &rest[..usize::from(length).min(rest.len())],
                None => &[],
            };
            Bytes::from_slice(cx, text).map(Ref::into_value)
        }
    }
}

/// The values of a structure in the first bytes.
///
/// # Errors
/// MemoryError.
pub(super) fn structure(cx: &Context, layout: &Layout, bytes: &[u8]) -> PyResult<Ref<Tuple>> {
    let mut values = Vec::with_capacity(layout.values.min(bytes.len() + layout.items.len()));
    for item in &layout.items {
        for number in 0..item.count {
            let start = item.offset + number * item.size;
            values.push(value(
                cx,
                item,
                &bytes[start..start + item.size],
                layout.big_endian,
            )?);
        }
    }
    Tuple::from_vec(cx, values)
}

/// `unpack(format, buffer)`.
///
/// # Errors
/// `struct.error` when there are more bytes or fewer.
pub(super) fn all(cx: &Context, layout: &Layout, bytes: &[u8]) -> PyResult<Ref<Tuple>> {
    if bytes.len() != layout.size {
        return Err(ERROR.raise(
            cx,
            format!("unpack requires a buffer of {} bytes", layout.size),
        ));
    }
    structure(cx, layout, bytes)
}

/// `unpack_from(format, buffer, offset)`.
///
/// # Errors
/// `struct.error` when there are not enough bytes.
pub(super) fn from_offset(
    cx: &Context,
    layout: &Layout,
    bytes: &[u8],
    offset: isize,
) -> PyResult<Ref<Tuple>> {
    let (size, length) = (layout.size, bytes.len());
    let start = if offset < 0 {
        if offset.saturating_add_unsigned(size) > 0 {
            return Err(ERROR.raise(
                cx,
                format!("not enough data to unpack {size} bytes at offset {offset}"),
            ));
        }
        match length.checked_add_signed(offset) {
            Some(start) => start,
            None => {
                return Err(ERROR.raise(
                    cx,
                    format!("offset {offset} out of range for {length}-byte buffer"),
                ));
            }
        }
    } else {
        offset as usize
    };
    match bytes.get(start..).filter(|rest| rest.len() >= size) {
        Some(rest) => structure(cx, layout, rest),
        None => Err(ERROR.raise(
            cx,
            format!(
                "unpack_from requires a buffer of at least {} bytes for unpacking {size} bytes at offset {start} \
                 (actual buffer size is {length})",
                start.saturating_add(size)
            ),
        )),
    }
}
