//! `_codecs`: the encodings that are built in, and the registry of all others. The work is done by
//! `typhon_runtime::codec`.
//!
//! An encoder returns the bytes and the length of the string; a decoder the string, and how many bytes
//! it was made of.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, Place};
use typhon_runtime::codec::{
    ByteOrder, charmap, errors, escape, narrow, registry, utf7, utf8, wide,
};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::bytes_like::BytesLike;

#[pymodule(
    name = "_codecs",
    functions(
        register,
        unregister,
        lookup,
        encode,
        decode,
        register_error,
        unregister_error,
        lookup_error,
        escape_encode,
        escape_decode,
        utf_8_encode,
        utf_8_decode,
        utf_7_encode,
        utf_7_decode,
        utf_16_encode,
        utf_16_le_encode,
        utf_16_be_encode,
        utf_16_decode,
        utf_16_le_decode,
        utf_16_be_decode,
        utf_16_ex_decode,
        utf_32_encode,
        utf_32_le_encode,
        utf_32_be_encode,
        utf_32_decode,
        utf_32_le_decode,
        utf_32_be_decode,
        utf_32_ex_decode,
        unicode_escape_encode,
        unicode_escape_decode,
        raw_unicode_escape_encode,
        raw_unicode_escape_decode,
        latin_1_encode,
        latin_1_decode,
        ascii_encode,
        ascii_decode,
        charmap_encode,
        charmap_decode,
        charmap_build,
        readbuffer_encode
    )
)]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Bytes, or a string that stands for its UTF-8.
struct Data(Vec<u8>);

impl<'a> FromArgument<'a> for Data {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        match value.downcast::<Str>() {
            Some(text) => Ok(Data(text.to_utf8(cx)?.into_owned().into_bytes())),
            None => Ok(Data(BytesLike::of(cx, value)?.bytes().to_vec())),
        }
    }
}

/// The name of an error handler.
struct Errors(String);

impl Errors {
    fn name(errors: &Option<Errors>) -> &str {
        errors.as_ref().map_or("strict", |errors| &errors.0)
    }
}

impl<'a> FromArgument<'a> for Errors {
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        match value.downcast::<Str>() {
            Some(name) => Ok(Errors(name.to_utf8(cx)?.into_owned())),
            None => Err(place.wrong_type(cx, "str or None", value)),
        }
    }
}

/// What an encoder returns.
fn encoded(cx: &Context, bytes: &[u8], length: usize) -> PyResult<Ref<Tuple>> {
    let bytes = Bytes::from_slice(cx, bytes)?.into_value();
    Tuple::from_values(cx, &[bytes, int::from_u64(cx, length as u64)?])
}

/// What a decoder returns.
fn decoded(cx: &Context, text: Ref<Str>, consumed: usize) -> PyResult<Ref<Tuple>> {
    Tuple::from_values(
        cx,
        &[text.into_value(), int::from_u64(cx, consumed as u64)?],
    )
}

/// Register a codec search function.
///
/// Search functions are expected to take one argument, the encoding
/// name in all lower case letters, and either return None, or a tuple
/// of functions (encoder, decoder, stream_reader, stream_writer) (or
/// a CodecInfo object).
#[pyfunction("register(search_function, /)")]
fn register(cx: &Context, search: &Value) -> PyResult<()> {
    registry::register(cx, search)
}

/// Unregister a codec search function and clear the registry's cache.
///
/// If the search function is not registered, do nothing.
#[pyfunction("unregister(search_function, /)")]
fn unregister(_cx: &Context, search: &Value) -> PyResult<()> {
    registry::unregister(search);
    Ok(())
}

/// Looks up a codec tuple in the Python codec registry and returns a CodecInfo object.
#[pyfunction("lookup(encoding, /)")]
fn lookup(cx: &Context, encoding: String) -> PyResult<Ref<Tuple>> {
    registry::lookup(cx, &encoding)
}

/// Encodes obj using the codec registered for encoding.
///
/// The default encoding is 'utf-8'.  errors may be given to set a
/// different error handling scheme.  Default is 'strict' meaning that
/// encoding errors raise a ValueError.  Other possible values are 'ignore',
/// 'replace' and 'backslashreplace' as well as any other name registered
/// with codecs.register_error that can handle ValueErrors.
#[pyfunction("encode(obj, encoding='utf-8', errors='strict')")]
fn encode(cx: &Context, object: &Value, encoding: String, errors: String) -> PyResult<Value> {
    registry::encode(cx, object, &encoding, &errors)
}

/// Decodes obj using the codec registered for encoding.
///
/// Default encoding is 'utf-8'.  errors may be given to set a
/// different error handling scheme.  Default is 'strict' meaning that
/// encoding errors raise a ValueError.  Other possible values are 'ignore',
/// 'replace' and 'backslashreplace' as well as any other name registered
/// with codecs.register_error that can handle ValueErrors.
#[pyfunction("decode(obj, encoding='utf-8', errors='strict')")]
fn decode(cx: &Context, object: &Value, encoding: String, errors: String) -> PyResult<Value> {
    registry::decode(cx, object, &encoding, &errors)
}

/// Register the specified error handler under the name errors.
///
/// handler must be a callable object, that will be called with an exception
/// instance containing information about the location of the
/// encoding/decoding error and must return a (replacement, new position)
/// tuple.
#[pyfunction("register_error(errors, handler, /)")]
fn register_error(cx: &Context, name: String, handler: &Value) -> PyResult<()> {
    errors::register_error(cx, &name, handler)
}

/// Un-register the specified error handler for the error handling `errors'.
///
/// Only custom error handlers can be un-registered. An exception is raised
/// if the error handling is a built-in one (e.g., 'strict'), or if an error
/// occurs.
///
/// Otherwise, this returns True if a custom handler has been successfully
/// un-registered, and False if no custom handler for the specified error
/// handling exists.
#[pyfunction("_unregister_error(errors, /)")]
fn unregister_error(cx: &Context, name: String) -> PyResult<bool> {
    errors::unregister_error(cx, &name)
}

/// lookup_error(errors) -> handler
///
/// Return the error handler for the specified error handling name or raise
/// a LookupError, if no handler exists under this name.
#[pyfunction("lookup_error(name, /)")]
fn lookup_error(cx: &Context, name: String) -> PyResult<Value> {
    errors::lookup_error(cx, &name)
}

/// Encoders of strings: `name signature: function(cx, string, errors)`.
macro_rules! encoders {
    ($($name:ident $signature:tt $encode:expr;)*) => {
        $(
            #[pyfunction($signature)]
            fn $name(cx: &Context, string: &Ref<Str>, errors: Option<Errors>) -> PyResult<Ref<Tuple>> {
                let encode: fn(&Context, &Ref<Str>, &str) -> PyResult<Vec<u8>> = $encode;
                encoded(cx, &encode(cx, string, Errors::name(&errors))?, string.len())
            }
        )*
    };
}

encoders! {
    utf_8_encode "utf_8_encode(str, errors=None, /)" utf8::encode;
    utf_7_encode "utf_7_encode(str, errors=None, /)" |_, string, _| Ok(utf7::encode(string));
    utf_16_le_encode "utf_16_le_encode(str, errors=None, /)"
        |cx, string, errors| wide::encode_utf16(cx, string, errors, ByteOrder::Little);
    utf_16_be_encode "utf_16_be_encode(str, errors=None, /)"
        |cx, string, errors| wide::encode_utf16(cx, string, errors, ByteOrder::Big);
    utf_32_le_encode "utf_32_le_encode(str, errors=None, /)"
        |cx, string, errors| wide::encode_utf32(cx, string, errors, ByteOrder::Little);
    utf_32_be_encode "utf_32_be_encode(str, errors=None, /)"
        |cx, string, errors| wide::encode_utf32(cx, string, errors, ByteOrder::Big);
    unicode_escape_encode "unicode_escape_encode(str, errors=None, /)"
        |_, string, _| Ok(escape::encode_unicode(string));
    raw_unicode_escape_encode "raw_unicode_escape_encode(str, errors=None, /)"
        |_, string, _| Ok(escape::encode_raw_unicode(string));
    latin_1_encode "latin_1_encode(str, errors=None, /)" narrow::encode_latin1;
    ascii_encode "ascii_encode(str, errors=None, /)" narrow::encode_ascii;
}

#[pyfunction("utf_16_encode(str, errors=None, byteorder=0, /)")]
fn utf_16_encode(
    cx: &Context,
    string: &Ref<Str>,
    errors: Option<Errors>,
    order: i32,
) -> PyResult<Ref<Tuple>> {
    let order = ByteOrder::from_number(order.into());
    encoded(
        cx,
        &wide::encode_utf16(cx, string, Errors::name(&errors), order)?,
        string.len(),
    )
}

#[pyfunction("utf_32_encode(str, errors=None, byteorder=0, /)")]
fn utf_32_encode(
    cx: &Context,
    string: &Ref<Str>,
    errors: Option<Errors>,
    order: i32,
) -> PyResult<Ref<Tuple>> {
    let order = ByteOrder::from_number(order.into());
    encoded(
        cx,
        &wide::encode_utf32(cx, string, Errors::name(&errors), order)?,
        string.len(),
    )
}

/// Decoders that may leave the beginning of a character for later.
macro_rules! decoders {
    ($($name:ident $signature:tt $decode:expr;)*) => {
        $(
            #[pyfunction($signature)]
            fn $name(cx: &Context, data: BytesLike, errors: Option<Errors>, last: bool) -> PyResult<Ref<Tuple>> {
                let decode: fn(&Context, &[u8], &str, bool) -> PyResult<(Ref<Str>, usize)> = $decode;
                let (text, consumed) = decode(cx, data.bytes(), Errors::name(&errors), last)?;
                decoded(cx, text, consumed)
            }
        )*
    };
}

fn utf_16(
    cx: &Context,
    bytes: &[u8],
    errors: &str,
    order: ByteOrder,
    last: bool,
) -> PyResult<(Ref<Str>, usize)> {
    wide::decode_utf16(cx, bytes, errors, order, last)
        .map(|decoded| (decoded.text, decoded.consumed))
}

fn utf_32(
    cx: &Context,
    bytes: &[u8],
    errors: &str,
    order: ByteOrder,
    last: bool,
) -> PyResult<(Ref<Str>, usize)> {
    wide::decode_utf32(cx, bytes, errors, order, last)
        .map(|decoded| (decoded.text, decoded.consumed))
}

decoders! {
    utf_8_decode "utf_8_decode(data, errors=None, final=False, /)"
        |cx, bytes, errors, last| {
            utf8::decode_partial(cx, bytes, errors, last).map(|decoded| (decoded.text, decoded.consumed))
        };
    utf_7_decode "utf_7_decode(data, errors=None, final=False, /)"
        |cx, bytes, errors, last| {
            utf7::decode(cx, bytes, errors, last).map(|decoded| (decoded.text, decoded.consumed))
        };
    utf_16_decode "utf_16_decode(data, errors=None, final=False, /)"
        |cx, bytes, errors, last| utf_16(cx, bytes, errors, ByteOrder::Marked, last);
    utf_16_le_decode "utf_16_le_decode(data, errors=None, final=False, /)"
        |cx, bytes, errors, last| utf_16(cx, bytes, errors, ByteOrder::Little, last);
    utf_16_be_decode "utf_16_be_decode(data, errors=None, final=False, /)"
        |cx, bytes, errors, last| utf_16(cx, bytes, errors, ByteOrder::Big, last);
    utf_32_decode "utf_32_decode(data, errors=None, final=False, /)"
        |cx, bytes, errors, last| utf_32(cx, bytes, errors, ByteOrder::Marked, last);
    utf_32_le_decode "utf_32_le_decode(data, errors=None, final=False, /)"
        |cx, bytes, errors, last| utf_32(cx, bytes, errors, ByteOrder::Little, last);
    utf_32_be_decode "utf_32_be_decode(data, errors=None, final=False, /)"
        |cx, bytes, errors, last| utf_32(cx, bytes, errors, ByteOrder::Big, last);
}

/// What a decoder returns that tells the byte order too.
fn decoded_with_order(cx: &Context, decoded: wide::Decoded) -> PyResult<Ref<Tuple>> {
    let consumed = int::from_u64(cx, decoded.consumed as u64)?;
    let order = int::from_i64(cx, decoded.order.number())?;
    Tuple::from_values(cx, &[decoded.text.into_value(), consumed, order])
}

#[pyfunction("utf_16_ex_decode(data, errors=None, byteorder=0, final=False, /)")]
fn utf_16_ex_decode(
    cx: &Context,
    data: BytesLike,
    errors: Option<Errors>,
    order: i32,
    last: bool,
) -> PyResult<Ref<Tuple>> {
    let order = ByteOrder::from_number(order.into());
    decoded_with_order(
        cx,
        wide::decode_utf16(cx, data.bytes(), Errors::name(&errors), order, last)?,
    )
}

#[pyfunction("utf_32_ex_decode(data, errors=None, byteorder=0, final=False, /)")]
fn utf_32_ex_decode(
    cx: &Context,
    data: BytesLike,
    errors: Option<Errors>,
    order: i32,
    last: bool,
) -> PyResult<Ref<Tuple>> {
    let order = ByteOrder::from_number(order.into());
    decoded_with_order(
        cx,
        wide::decode_utf32(cx, data.bytes(), Errors::name(&errors), order, last)?,
    )
}

#[pyfunction("unicode_escape_decode(data, errors=None, final=True, /)")]
fn unicode_escape_decode(
    cx: &Context,
    data: Data,
    errors: Option<Errors>,
    last: bool,
) -> PyResult<Ref<Tuple>> {
    let result = escape::decode_unicode(cx, &data.0, Errors::name(&errors), last)?;
    decoded(cx, result.text, result.consumed)
}

#[pyfunction("raw_unicode_escape_decode(data, errors=None, final=True, /)")]
fn raw_unicode_escape_decode(
    cx: &Context,
    data: Data,
    errors: Option<Errors>,
    last: bool,
) -> PyResult<Ref<Tuple>> {
    let result = escape::decode_raw_unicode(cx, &data.0, Errors::name(&errors), last)?;
    decoded(cx, result.text, result.consumed)
}

#[pyfunction("latin_1_decode(data, errors=None, /)")]
fn latin_1_decode(cx: &Context, data: BytesLike, _errors: Option<Errors>) -> PyResult<Ref<Tuple>> {
    decoded(cx, Str::from_latin1(cx, data.bytes())?, data.len())
}

#[pyfunction("ascii_decode(data, errors=None, /)")]
fn ascii_decode(cx: &Context, data: BytesLike, errors: Option<Errors>) -> PyResult<Ref<Tuple>> {
    decoded(
        cx,
        narrow::decode_ascii(cx, data.bytes(), Errors::name(&errors))?,
        data.len(),
    )
}

#[pyfunction("escape_encode(data, errors=None, /)")]
fn escape_encode(cx: &Context, data: &Ref<Bytes>, _errors: Option<Errors>) -> PyResult<Ref<Tuple>> {
    encoded(cx, &escape::encode_bytes(data.as_slice()), data.len())
}

#[pyfunction("escape_decode(data, errors=None, /)")]
fn escape_decode(cx: &Context, data: Data, errors: Option<Errors>) -> PyResult<Ref<Tuple>> {
    encoded(
        cx,
        &escape::decode_bytes(cx, &data.0, Errors::name(&errors))?,
        data.0.len(),
    )
}

#[pyfunction("readbuffer_encode(data, errors=None, /)")]
fn readbuffer_encode(cx: &Context, data: Data, _errors: Option<Errors>) -> PyResult<Ref<Tuple>> {
    encoded(cx, &data.0, data.0.len())
}

#[pyfunction("charmap_encode(str, errors=None, mapping=None, /)")]
fn charmap_encode(
    cx: &Context,
    string: &Ref<Str>,
    errors: Option<Errors>,
    mapping: Option<&Value>,
) -> PyResult<Ref<Tuple>> {
    encoded(
        cx,
        &charmap::encode(cx, string, Errors::name(&errors), mapping)?,
        string.len(),
    )
}

#[pyfunction("charmap_decode(data, errors=None, mapping=None, /)")]
fn charmap_decode(
    cx: &Context,
    data: BytesLike,
    errors: Option<Errors>,
    mapping: Option<&Value>,
) -> PyResult<Ref<Tuple>> {
    decoded(
        cx,
        charmap::decode(cx, data.bytes(), Errors::name(&errors), mapping)?,
        data.len(),
    )
}

#[pyfunction("charmap_build(map, /)")]
fn charmap_build(cx: &Context, map: &Ref<Str>) -> PyResult<Ref<Dict>> {
    charmap::build(cx, map)
}
