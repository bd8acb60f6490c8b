//! Values to bytes.

use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::{complex, exceptions, float, int};
use typhon_runtime::protocols::number;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::ERROR;
use super::layout::{Item, Kind, Layout};
use crate::arguments::as_size;
use crate::bytes_like::BytesLike;

/// Writes `number`, less than 2**(8 * place.len()), in the byte order.
fn put(place: &mut [u8], number: u128, big_endian: bool) {
    let size = place.len();
    let bytes = number.to_le_bytes();
    place.copy_from_slice(&bytes[..size]);
    if big_endian {
        place.reverse();
    }
}

#[cold]
fn out_of_range(cx: &Context, item: &Item) -> Raised {
    let code = char::from(item.code);
    let bits = 8 * item.size as u32;
    ERROR.raise(
        cx,
        match item.kind {
            Kind::Signed => {
                let least = -(1i128 << (bits - 1));
                format!(
                    "'{code}' format requires {least} <= number <= {}",
                    -(least + 1)
                )
            }
            Kind::Pointer => "int too large to convert".to_owned(),
            _ => format!(
                "'{code}' format requires 0 <= number <= {}",
                (1i128 << bits) - 1
            ),
        },
    )
}

fn put_int(
    cx: &Context,
    place: &mut [u8],
    item: &Item,
    value: &Value,
    big_endian: bool,
) -> PyResult<()> {
    let number = match int::view(value) {
        Some(view) => view.clamped(),
        None if value.class().slots.index.get().is_some() => {
            let number = number::index(cx, value)?;
            int::view(&number).map_or(0, |view| view.clamped())
        }
        None => return Err(ERROR.raise(cx, "required argument is not an integer")),
    };
    let bits = 8 * item.size as u32;
    let (least, most) = match item.kind {
        Kind::Signed => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        Kind::Pointer => (-(1i128 << (bits - 1)), (1i128 << bits) - 1),
        _ => (0, (1i128 << bits) - 1),
    };
    if !(least..=most).contains(&number) {
        return Err(out_of_range(cx, item));
    }
    put(place, number as u128, big_endian);
    Ok(())
}

/// A number as a float of `place.len()` bytes.
fn put_float(cx: &Context, place: &mut [u8], number: f64, big_endian: bool) -> PyResult<()> {
    let too_large =
        |code: char| cx.overflow_error(format!("float too large to pack with {code} format"));
    match place.len() {
        2 => {
            let half = half::f16::from_f64(number);
            if half.is_infinite() && number.is_finite() {
                return Err(too_large('e'));
            }
            put(place, half.to_bits().into(), big_endian);
        }
        4 => {
            let single = number as f32;
            if single.is_infinite() && number.is_finite() {
                return Err(too_large('f'));
            }
            put(place, single.to_bits().into(), big_endian);
        }
        _ => put(place, number.to_bits().into(), big_endian),
    }
    Ok(())
}

/// The bytes of an argument for `s` or `p`.
fn with_bytes<R>(
    cx: &Context,
    value: &Value,
    code: char,
    work: impl FnOnce(&[u8]) -> R,
) -> PyResult<R> {
    if let Some(bytes) = value.downcast::<Bytes>() {
        return Ok(work(bytes.as_slice()));
    }
    match value.downcast::<ByteArray>() {
        Some(bytes) => Ok(work(&bytes.to_vec())),
        None => Err(ERROR.raise(cx, format!("argument for '{code}' must be a bytes object"))),
    }
}

fn put_value(
    cx: &Context,
    place: &mut [u8],
    item: &Item,
    value: &Value,
    big_endian: bool,
) -> PyResult<()> {
    match item.kind {
        Kind::Signed | Kind::Unsigned | Kind::Pointer => {
            put_int(cx, place, item, value, big_endian)?
        }
        Kind::Bool => place[0] = u8::from(value.truth(cx)?),
        Kind::Float => match float::convert(cx, value) {
            Ok(Some(number)) => put_float(cx, place, number, big_endian)?,
            Ok(None) => return Err(ERROR.raise(cx, "required argument is not a float")),
            Err(_) => {
                cx.catch(exceptions::type_error())?;
                return Err(ERROR.raise(cx, "required argument is not a float"));
            }
        },
        Kind::Complex => match complex::as_pair(cx, value) {
            Ok(pair) => {
                let (real, imaginary) = place.split_at_mut(item.size / 2);
                put_float(cx, real, pair.real, big_endian)?;
                put_float(cx, imaginary, pair.imaginary, big_endian)?;
            }
            Err(_) => {
                cx.clear_exception();
                return Err(ERROR.raise(cx, "required argument is not a complex"));
            }
        },
        Kind::Char => match value.downcast::<Bytes>().map(|bytes| bytes.as_slice()) {
            Some([byte]) => place[0] = *byte,
            _ => return Err(ERROR.raise(cx, "char format requires a bytes object of length 1")),
        },
        Kind::Bytes => with_bytes(cx, value, 's', |bytes| {
            let length = bytes.len().min(place.len());
            place[..length].copy_from_slice(&bytes[..length]);
        })?,
        Kind::Pascal => with_bytes(cx, value, 'p', |bytes| {
            let Some((count, rest)) = place.split_first_mut() else {
                return;
            };
            let length = bytes.len().min(rest.len());
            rest[..length].copy_from_slice(&bytes[..length]);
            *count = length.min(255) as u8;
        })?,
    }
    Ok(())
}

/// The bytes of a structure of these values, as many as the layout has.
fn pack(cx: &Context, layout: &Layout, values: &[Value]) -> PyResult<Vec<u8>> {
    let mut packed = Vec::new();
    packed
        .try_reserve_exact(layout.size)
        .map_err(|_| cx.no_memory())?;
    packed.resize(layout.size, 0);
    let mut values = values.iter();
    for item in &layout.items {
        for (number, value) in values.by_ref().take(item.count).enumerate() {
            let start = item.offset + number * item.size;
            put_value(
                cx,
                &mut packed[start..start + item.size],
                item,
                value,
                layout.big_endian,
            )?;
        }
    }
    Ok(packed)
}

fn check_count(cx: &Context, function: &str, layout: &Layout, values: &[Value]) -> PyResult<()> {
    if values.len() == layout.values {
        return Ok(());
    }
    Err(ERROR.raise(
        cx,
        format!(
            "{function} expected {} items for packing (got {})",
            layout.values,
            values.len()
        ),
    ))
}

/// `pack(format, *values)`.
///
/// # Errors
/// `struct.error`, OverflowError for floats, and what converting the values raises.
pub(super) fn to_bytes(cx: &Context, layout: &Layout, values: &[Value]) -> PyResult<Ref<Bytes>> {
    check_count(cx, "pack", layout, values)?;
    Bytes::from_slice(cx, &pack(cx, layout, values)?)
}

/// `pack_into(format, buffer, offset, *values)`.
///
/// # Errors
/// As [`to_bytes`], and `struct.error` when there is not enough room.
pub(super) fn into_buffer(cx: &Context, layout: &Layout, arguments: &[Value]) -> PyResult<()> {
    let [buffer, rest @ ..] = arguments else {
        return Err(ERROR.raise(cx, "pack_into expected buffer argument"));
    };
    let [offset, values @ ..] = rest else {
        return Err(ERROR.raise(cx, "pack_into expected offset argument"));
    };
    check_count(cx, "pack_into", layout, values)?;
    let Some(target) = BytesLike::find_writable(cx, buffer) else {
        return Err(cx.type_error(format!(
            "argument must be read-write bytes-like object, not {}",
            buffer.type_name()
        )));
    };
    let offset = as_size(cx, offset)?;
    let (size, length) = (layout.size, target.len());
    let start = if offset < 0 {
        if offset.saturating_add_unsigned(size) > 0 {
            return Err(ERROR.raise(
                cx,
                format!("no space to pack {size} bytes at offset {offset}"),
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
    if length.checked_sub(start).is_none_or(|left| left < size) {
        return Err(ERROR.raise(
            cx,
            format!(
                "pack_into requires a buffer of at least {} bytes for packing {size} bytes at offset {start} \
                 (actual buffer size is {length})",
                start.saturating_add(size)
            ),
        ));
    }
    let packed = pack(cx, layout, values)?;
    target.buffer().write(start, &packed);
    Ok(())
}
