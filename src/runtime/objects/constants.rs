//! Constants of code, as the compiler has them and as objects. A code object keeps them as objects alone;
//! when its code is to be written, they are turned back.

use std::sync::Arc;

use typhon_compiler::constant::{Constant, StrConstant};

use crate::context::Context;
use crate::error::PyResult;
use crate::objects::bytes::Bytes;
use crate::objects::code::Code;
use crate::objects::set::FrozenSet;
use crate::objects::slice::Slice;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::{complex, float, int};
use crate::value::Value;

/// A compiler's constant as an object. Strings that look like names are interned.
///
/// # Errors
/// MemoryError.
pub fn to_value(cx: &Context, constant: &Constant) -> PyResult<Value> {
    let many = |items: &[Constant]| -> PyResult<Vec<Value>> {
        items.iter().map(|item| to_value(cx, item)).collect()
    };
    Ok(match constant {
        Constant::None => Value::NONE,
        Constant::True => Value::TRUE,
        Constant::False => Value::FALSE,
        Constant::Ellipsis => Value::ELLIPSIS,
        Constant::Int(number) => int::from_i64(cx, *number)?,
        Constant::BigInt(number) => int::from_bigint(cx, number.clone())?,
        Constant::Float(number) => float::from_f64(cx, *number)?,
        Constant::Complex(real, imaginary) => complex::from_parts(cx, *real, *imaginary)?,
        Constant::Str(StrConstant::Utf8(text)) => {
            if text.len() <= 64
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            {
                Name::intern(cx, text)?.to_value()
            } else {
                Str::from_str(cx, text)?.into_value()
            }
        }
        Constant::Str(StrConstant::CodePoints(points)) => {
            Str::from_code_points(cx, points)?.into_value()
        }
        Constant::Bytes(bytes) => Bytes::from_slice(cx, bytes)?.into_value(),
        Constant::Tuple(items) => Tuple::from_vec(cx, many(items)?)?.into_value(),
        Constant::FrozenSet(items) => FrozenSet::from_values(cx, &many(items)?)?.into_value(),
        Constant::Slice(parts) => {
            let [start, stop, step] = &**parts;
            let part = |constant| to_value(cx, constant);
            Slice::new(cx, part(start)?, part(stop)?, part(step)?)?.into_value()
        }
        Constant::Code(code) => Code::from_compiled(cx, code.clone())?.into_value(),
    })
}

/// An object as a compiler's constant.
///
/// # Errors
/// ValueError when a compiler makes no such constant.
pub fn from_value(cx: &Context, value: &Value) -> PyResult<Constant> {
    let many = |items: &[Value]| -> PyResult<Box<[Constant]>> {
        items.iter().map(|item| from_value(cx, item)).collect()
    };
    let singletons = [
        (Value::NONE, Constant::None),
        (Value::TRUE, Constant::True),
        (Value::FALSE, Constant::False),
        (Value::ELLIPSIS, Constant::Ellipsis),
    ];
    for (singleton, constant) in singletons {
        if value.is(&singleton) {
            return Ok(constant);
        }
    }
    Ok(if let Some(number) = value.as_small_int() {
        Constant::Int(number)
    } else if let Some(text) = value.downcast_exact::<Str>() {
        Constant::Str(match text.as_text() {
            Some(text) => StrConstant::Utf8(text.into()),
            None => StrConstant::CodePoints(text.code_points().collect()),
        })
    } else if let Some(bytes) = value.downcast_exact::<Bytes>() {
        Constant::Bytes(bytes.as_slice().into())
    } else if let Some(tuple) = value.downcast_exact::<Tuple>() {
        Constant::Tuple(many(tuple.as_slice())?)
    } else if let Some(code) = value.downcast_exact::<Code>() {
        Constant::Code(Arc::new(code.to_compiled(cx)?))
    } else if let Some(set) = value.downcast_exact::<FrozenSet>() {
        Constant::FrozenSet(many(&set.any().to_vec())?)
    } else if let Some(slice) = value.downcast_exact::<Slice>() {
        let part = |value| from_value(cx, value);
        let parts = [part(&slice.start)?, part(&slice.stop)?, part(&slice.step)?];
        Constant::Slice(Box::new(parts))
    } else if let Some(number) = complex::exact(value) {
        Constant::Complex(number.real, number.imaginary)
    } else if let Some(number) = float::exact(value) {
        Constant::Float(number)
    } else if let Some(number) = int::as_bigint(value) {
        match i64::try_from(&*number) {
            Ok(number) => Constant::Int(number),
            Err(_) => Constant::BigInt(number.into_owned()),
        }
    } else {
        return Err(cx.value_error("unmarshallable object"));
    })
}
