//! Items of a view as Python values: the native formats of one character.

use num_traits::ToPrimitive;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::{float, int};
use crate::protocols::number;
use crate::value::Value;

/// The character of a native format, with or without `@`; `None` for others.
pub fn native_code(format: &str) -> Option<char> {
    let mut characters = format.strip_prefix('@').unwrap_or(format).chars();
    let code = characters.next()?;
    (characters.next().is_none() && size(code).is_some()).then_some(code)
}

/// Bytes of an item.
pub fn size(code: char) -> Option<usize> {
    Some(match code {
        'c' | 'b' | 'B' | '?' => 1,
        'h' | 'H' | 'e' => 2,
        'i' | 'I' | 'f' => 4,
        'l' | 'L' | 'q' | 'Q' | 'n' | 'N' | 'd' | 'P' => 8,
        _ => return None,
    })
}

fn is_signed(code: char) -> bool {
    matches!(code, 'b' | 'h' | 'i' | 'l' | 'q' | 'n')
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes
        .try_into()
        .expect("invariant: an item has its format's size")
}

/// The value of an item with a native format.
///
/// # Errors
/// MemoryError.
pub fn unpack(cx: &Context, code: char, bytes: &[u8]) -> PyResult<Value> {
    match code {
        'c' => Bytes::from_slice(cx, bytes).map(Ref::into_value),
        '?' => Ok(Value::from_bool(bytes.iter().any(|&byte| byte != 0))),
        'e' => float::from_f64(cx, half::f16::from_ne_bytes(fixed(bytes)).to_f64()),
        'f' => float::from_f64(cx, f32::from_ne_bytes(fixed(bytes)).into()),
        'd' => float::from_f64(cx, f64::from_ne_bytes(fixed(bytes))),
        _ => {
            let signed = is_signed(code);
            let number: i128 = match (bytes.len(), signed) {
                (1, false) => bytes[0].into(),
                (1, true) => (bytes[0] as i8).into(),
                (2, false) => u16::from_ne_bytes(fixed(bytes)).into(),
                (2, true) => i16::from_ne_bytes(fixed(bytes)).into(),
                (4, false) => u32::from_ne_bytes(fixed(bytes)).into(),
                (4, true) => i32::from_ne_bytes(fixed(bytes)).into(),
                (_, false) => u64::from_ne_bytes(fixed(bytes)).into(),
                (_, true) => i64::from_ne_bytes(fixed(bytes)).into(),
            };
            int::from_i128(cx, number)
        }
    }
}

/// The bytes of `value` as an item with a native format.
///
/// # Errors
/// TypeError for a value of the wrong type, ValueError for one out of range.
pub fn pack(cx: &Context, code: char, value: &Value) -> PyResult<Vec<u8>> {
    let wrong_type = || cx.type_error(format!("memoryview: invalid type for format '{code}'"));
    let wrong_value = || cx.value_error(format!("memoryview: invalid value for format '{code}'"));
    match code {
        'c' => {
            let bytes = value.downcast::<Bytes>().ok_or_else(wrong_type)?;
            if bytes.len() == 1 {
                Ok(bytes.as_slice().to_vec())
            } else {
                Err(wrong_value())
            }
        }
        '?' => Ok(vec![u8::from(value.truth(cx)?)]),
        'e' | 'f' | 'd' => {
            let number = float::convert(cx, value)?.ok_or_else(wrong_type)?;
            Ok(match code {
                'e' => half::f16::from_f64(number).to_ne_bytes().to_vec(),
                'f' => (number as f32).to_ne_bytes().to_vec(),
                _ => number.to_ne_bytes().to_vec(),
            })
        }
        _ => {
            if !int::is_int(value) && value.class().slots.index.get().is_none() {
                return Err(wrong_type());
            }
            let number = number::index(cx, value)?;
            let number = int::view(&number)
                .and_then(|view| view.to_i128())
                .ok_or_else(wrong_value)?;
            let bytes = match (size(code), is_signed(code)) {
                (Some(1), false) => number.to_u8().map(|number| number.to_ne_bytes().to_vec()),
                (Some(1), true) => number.to_i8().map(|number| number.to_ne_bytes().to_vec()),
                (Some(2), false) => number.to_u16().map(|number| number.to_ne_bytes().to_vec()),
                (Some(2), true) => number.to_i16().map(|number| number.to_ne_bytes().to_vec()),
                (Some(4), false) => number.to_u32().map(|number| number.to_ne_bytes().to_vec()),
                (Some(4), true) => number.to_i32().map(|number| number.to_ne_bytes().to_vec()),
                (_, false) => number.to_u64().map(|number| number.to_ne_bytes().to_vec()),
                (_, true) => number.to_i64().map(|number| number.to_ne_bytes().to_vec()),
            };
            bytes.ok_or_else(wrong_value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_formats() {
        assert_eq!(native_code("@H"), Some('H'));
        assert_eq!(native_code("B"), Some('B'));
        assert_eq!(native_code("<H"), None);
        assert_eq!(native_code("x"), None);
        assert_eq!(native_code("HH"), None);
        assert_eq!(native_code(""), None);
    }
}
