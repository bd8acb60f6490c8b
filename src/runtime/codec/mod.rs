//! Encodings: text to bytes and back.
//!
//! The Unicode encodings, Latin-1, ASCII and the escapes of literals are built in and found by name here;
//! every other name goes through the registry that `codecs.register` fills, which the standard library's
//! `encodings` package answers. What a codec cannot convert it hands to an error handler.
//!
//! Files: `errors` (handlers, built in and registered), `registry` (codecs by name), `utf8`, `wide`
//! (UTF-16, UTF-32), `narrow` (ASCII, Latin-1), `escape` (escape sequences), `charmap` (codecs that are
//! tables), `utf7`.

pub mod charmap;
pub mod errors;
pub mod escape;
pub mod narrow;
pub mod registry;
mod sink;
pub mod utf7;
pub mod utf8;
pub mod wide;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::str_::{Str, Units};
use crate::value::Value;

pub use wide::ByteOrder;

/// Whether names that are not needed are looked up all the same: in the development mode.
static LOOKS_UP_NAMES: AtomicBool = AtomicBool::new(false);

/// From now on [`check_early`] looks names up.
pub fn look_up_names() {
    LOOKS_UP_NAMES.store(true, Ordering::Relaxed);
}

/// In the development mode, whether there are the encoding and the error handler, which else only text that
/// needs them asks for.
///
/// # Errors
/// LookupError.
#[inline]
pub fn check_early(cx: &Context, encoding: &str, errors: &str) -> PyResult<()> {
    if !LOOKS_UP_NAMES.load(Ordering::Relaxed) {
        return Ok(());
    }
    if built_in(encoding).is_none() {
        registry::lookup(cx, encoding)?;
    }
    if errors::Handler::built_in(errors).is_none() {
        errors::lookup_error(cx, errors)?;
    }
    Ok(())
}

/// An encoding that needs no registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum BuiltIn {
    Utf8,
    Utf16(ByteOrder),
    Utf32(ByteOrder),
    Latin1,
    Ascii,
}

/// The built-in encoding with this name, in any of its usual spellings.
fn built_in(name: &str) -> Option<BuiltIn> {
    if name == "utf-8" {
        return Some(BuiltIn::Utf8);
    }
    if name.len() > 16 {
        return None;
    }
    let plain: String = name
        .chars()
        .map(|c| {
            if c == '_' || c == ' ' {
                '-'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    Some(match plain.as_str() {
        "utf-8" | "utf8" => BuiltIn::Utf8,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => BuiltIn::Latin1,
        "ascii" | "us-ascii" => BuiltIn::Ascii,
        "utf-16" | "utf16" => BuiltIn::Utf16(ByteOrder::Marked),
        "utf-16-le" | "utf-16le" => BuiltIn::Utf16(ByteOrder::Little),
        "utf-16-be" | "utf-16be" => BuiltIn::Utf16(ByteOrder::Big),
        "utf-32" | "utf32" => BuiltIn::Utf32(ByteOrder::Marked),
        "utf-32-le" | "utf-32le" => BuiltIn::Utf32(ByteOrder::Little),
        "utf-32-be" | "utf-32be" => BuiltIn::Utf32(ByteOrder::Big),
        _ => return None,
    })
}

fn encode_built_in(
    cx: &Context,
    string: &Ref<Str>,
    encoding: BuiltIn,
    errors: &str,
) -> PyResult<Vec<u8>> {
    let (most, few) = match encoding {
        BuiltIn::Utf32(_) => (4, 4),
        BuiltIn::Utf8 | BuiltIn::Utf16(_) => (4, 2),
        BuiltIn::Latin1 | BuiltIn::Ascii => (1, 1),
    };
    let is_wide = matches!(string.units(), Units::Four(_));
    cx.room_for((string.len() + 1) * if is_wide { most } else { few })?;
    match encoding {
        BuiltIn::Utf8 => utf8::encode(cx, string, errors),
        BuiltIn::Latin1 => narrow::encode_latin1(cx, string, errors),
        BuiltIn::Ascii => narrow::encode_ascii(cx, string, errors),
        BuiltIn::Utf16(order) => wide::encode_utf16(cx, string, errors, order),
        BuiltIn::Utf32(order) => wide::encode_utf32(cx, string, errors, order),
    }
}

/// ValueError: a null character, in the name of an encoding or of an error handler.
fn check_names(cx: &Context, encoding: &str, errors: &str) -> PyResult<()> {
    if encoding.contains('\0') || errors.contains('\0') {
        return Err(cx.value_error("embedded null character"));
    }
    check_early(cx, encoding, errors)
}

/// `string.encode(encoding, errors)`.
///
/// # Errors
/// LookupError for an unknown encoding, UnicodeEncodeError and what handlers and codecs raise.
pub fn encode(cx: &Context, string: &Ref<Str>, encoding: &str, errors: &str) -> PyResult<Vec<u8>> {
    check_names(cx, encoding, errors)?;
    match built_in(encoding) {
        Some(encoding) => encode_built_in(cx, string, encoding, errors),
        None => Ok(encode_registered(cx, string, encoding, errors)?
            .as_slice()
            .to_vec()),
    }
}

/// [`encode`] with the result as bytes.
///
/// # Errors
/// As [`encode`].
pub fn encode_to_object(
    cx: &Context,
    string: &Ref<Str>,
    encoding: &str,
    errors: &str,
) -> PyResult<Value> {
    check_names(cx, encoding, errors)?;
    match built_in(encoding) {
        Some(BuiltIn::Utf8) if string.is_ascii() => {
            Bytes::from_slice(cx, string.bytes()).map(Ref::into_value)
        }
        Some(encoding) => {
            let bytes = encode_built_in(cx, string, encoding, errors)?;
            Bytes::from_slice(cx, &bytes).map(Ref::into_value)
        }
        None => encode_registered(cx, string, encoding, errors).map(Ref::into_value),
    }
}

fn encode_registered(
    cx: &Context,
    string: &Ref<Str>,
    encoding: &str,
    errors: &str,
) -> PyResult<Ref<Bytes>> {
    let encoded = registry::encode_text(cx, string.as_value(), encoding, errors)?;
    if let Some(array) = encoded.downcast::<crate::objects::bytearray::ByteArray>() {
        return Bytes::from_slice(cx, &array.to_vec());
    }
    encoded.into_ref::<Bytes>().map_err(|other| {
        cx.type_error(format!(
            "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
            other.type_name()
        ))
    })
}

/// `bytes.decode(encoding, errors)`.
///
/// # Errors
/// LookupError for an unknown encoding, UnicodeDecodeError and what handlers and codecs raise.
pub fn decode(cx: &Context, bytes: &[u8], encoding: &str, errors: &str) -> PyResult<Ref<Str>> {
    check_names(cx, encoding, errors)?;
    match built_in(encoding) {
        Some(BuiltIn::Utf8) => utf8::decode(cx, bytes, errors),
        Some(BuiltIn::Latin1) => Str::from_latin1(cx, bytes),
        Some(BuiltIn::Ascii) => narrow::decode_ascii(cx, bytes, errors),
        Some(BuiltIn::Utf16(order)) => {
            wide::decode_utf16(cx, bytes, errors, order, true).map(|decoded| decoded.text)
        }
        Some(BuiltIn::Utf32(order)) => {
            wide::decode_utf32(cx, bytes, errors, order, true).map(|decoded| decoded.text)
        }
        None => {
            let bytes = Bytes::from_slice(cx, bytes)?;
            let decoded = registry::decode_text(cx, bytes.as_value(), encoding, errors)?;
            decoded.into_ref::<Str>().map_err(|other| {
                cx.type_error(format!(
                    "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary \
                     types",
                    other.type_name()
                ))
            })
        }
    }
}

/// The encoding of file names and of the operating system's strings.
///
/// # Errors
/// UnicodeEncodeError for surrogates that stand for no byte.
pub fn encode_file_name(cx: &Context, string: &Ref<Str>) -> PyResult<Vec<u8>> {
    utf8::encode(cx, string, "surrogateescape")
}

/// What the operating system calls something, as a string.
///
/// # Errors
/// MemoryError.
pub fn decode_file_name(cx: &Context, bytes: &[u8]) -> PyResult<Ref<Str>> {
    utf8::decode(cx, bytes, "surrogateescape")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_encodings() {
        assert_eq!(built_in("UTF_8"), Some(BuiltIn::Utf8));
        assert_eq!(built_in("Latin1"), Some(BuiltIn::Latin1));
        assert_eq!(built_in("utf-16-BE"), Some(BuiltIn::Utf16(ByteOrder::Big)));
        assert_eq!(built_in("utf-8-sig"), None);
        assert_eq!(built_in("cp1252"), None);
    }
}
