//! Codecs that are tables: a mapping from bytes to characters, or from characters to bytes.

use super::errors::{EncodeError, Handler, Replacement, replace_text};
use super::narrow;
use super::sink::Decoder;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::dict::Dict;
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::str_::Str;
use crate::protocols::sequence;
use crate::value::Value;

const UNDEFINED: &str = "character maps to <undefined>";
/// What a table holds where a byte means nothing.
const NOTHING: u32 = 0xfffe;

/// `codecs.charmap_build(map)`: the table that encodes what `map` decodes.
///
/// # Errors
/// MemoryError.
pub fn build(cx: &Context, map: &Ref<Str>) -> PyResult<Ref<Dict>> {
    let table = Dict::new(cx)?;
    for (byte, point) in map.code_points().enumerate().take(256) {
        table.set_item(
            cx,
            &int::from_i64(cx, point.into())?,
            int::from_i64(cx, byte as i64)?,
        )?;
    }
    Ok(table)
}

/// The item of a mapping, `None` when there is none.
fn item(cx: &Context, mapping: &Value, key: u32) -> PyResult<Option<Value>> {
    match sequence::get_item(cx, mapping, &int::from_i64(cx, key.into())?) {
        Ok(found) if found.is_none() => Ok(None),
        Ok(found) => Ok(Some(found)),
        Err(_) => {
            cx.catch(exceptions::lookup_error())?;
            Ok(None)
        }
    }
}

/// Writes what the mapping has for a code point. False when it has nothing.
fn encode_point(cx: &Context, mapping: &Value, point: u32, out: &mut Vec<u8>) -> PyResult<bool> {
    let Some(found) = item(cx, mapping, point)? else {
        return Ok(false);
    };
    if let Some(number) = int::view(&found) {
        let byte = number.to_i64().and_then(|number| u8::try_from(number).ok());
        out.push(byte.ok_or_else(|| cx.type_error("character mapping must be in range(256)"))?);
        return Ok(true);
    }
    match found.downcast::<Bytes>() {
        Some(bytes) => {
            out.extend_from_slice(bytes.as_slice());
            Ok(true)
        }
        None => Err(cx.type_error(format!(
            "character mapping must return integer, bytes or None, not {}",
            found.type_name()
        ))),
    }
}

/// `codecs.charmap_encode(string, errors, mapping)`; Latin-1 without a mapping.
///
/// # Errors
/// UnicodeEncodeError, TypeError for a mapping to something else, and what the handler raises.
pub fn encode(
    cx: &Context,
    string: &Ref<Str>,
    errors: &str,
    mapping: Option<&Value>,
) -> PyResult<Vec<u8>> {
    let Some(mapping) = mapping else {
        return narrow::encode_latin1(cx, string, errors);
    };
    let mut out = Vec::with_capacity(string.len());
    let mut at = 0;
    while at < string.len() {
        if encode_point(cx, mapping, string.code_point(at), &mut out)? {
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        let mut scratch = Vec::new();
        while at < string.len() && !encode_point(cx, mapping, string.code_point(at), &mut scratch)?
        {
            at += 1;
        }
        let error = EncodeError {
            encoding: "charmap",
            string,
            start,
            end: at,
            reason: UNDEFINED,
        };
        let (replacement, next) = match Handler::built_in(errors) {
            Some(handler) => {
                let run: Vec<u32> = (start..at).map(|at| string.code_point(at)).collect();
                match replace_text(handler, "charmap", &run) {
                    Some((replacement, length)) if length == run.len() => (replacement, at),
                    _ => return Err(error.raise(cx)),
                }
            }
            None => error.handle(cx, errors)?,
        };
        match replacement {
            Replacement::Bytes(bytes) => out.extend(bytes),
            Replacement::Text(points) => {
                for point in points {
                    if !encode_point(cx, mapping, point, &mut out)? {
                        return Err(error.raise(cx));
                    }
                }
            }
        }
        at = next;
    }
    Ok(out)
}

/// `codecs.charmap_decode(bytes, errors, mapping)`; Latin-1 without a mapping.
///
/// # Errors
/// UnicodeDecodeError, TypeError for a mapping to something else, and what the handler raises.
pub fn decode(
    cx: &Context,
    bytes: &[u8],
    errors: &str,
    mapping: Option<&Value>,
) -> PyResult<Ref<Str>> {
    let Some(mapping) = mapping else {
        return Str::from_latin1(cx, bytes);
    };
    let mut decoder = Decoder::new(cx, bytes, "charmap", errors);
    let table = mapping.downcast_exact::<Str>();
    let mut at = 0;
    while let Some(&byte) = decoder.input.get(at) {
        if let Some(table) = table {
            let point = (usize::from(byte) < table.len()).then(|| table.code_point(byte.into()));
            match point.filter(|&point| point != NOTHING) {
                Some(point) => {
                    decoder.out.push(point);
                    at += 1;
                }
                None => at = decoder.error(at, at + 1, UNDEFINED)?,
            }
            continue;
        }
        let found = item(cx, mapping, byte.into())?;
        let found = match &found {
            None => None,
            Some(found) => match (int::view(found), found.downcast::<Str>()) {
                (Some(number), _) => {
                    let point = number
                        .to_i64()
                        .and_then(|number| u32::try_from(number).ok());
                    let point = point.filter(|&point| point < 0x11_0000);
                    let point = point.ok_or_else(|| {
                        cx.type_error("character mapping must be in range(0x110000)")
                    })?;
                    (point != NOTHING).then(|| vec![point])
                }
                (_, Some(text)) => {
                    let points: Vec<u32> = text.code_points().collect();
                    (points != [NOTHING]).then_some(points)
                }
                _ => {
                    return Err(cx.type_error("character mapping must return integer, None or str"));
                }
            },
        };
        match found {
            Some(points) => {
                points.into_iter().for_each(|point| decoder.out.push(point));
                at += 1;
            }
            None => at = decoder.error(at, at + 1, UNDEFINED)?,
        }
    }
    decoder.out.finish(cx)
}
