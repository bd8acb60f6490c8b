//! `_json`: what makes `json` fast.
//!
//! Files: `strings` (string literals both ways), `scanner` (text to objects), `encoder` (objects to text).

mod encoder;
mod scanner;
mod strings;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::IntoValue;
use typhon_runtime::args::Maybe;
use typhon_runtime::class::class_of;
use typhon_runtime::import;
use typhon_runtime::objects::exceptions::BaseException;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use crate::arguments::as_size;
use encoder::Encoder;
use scanner::Scanner;

/// json speedups
#[pymodule(
    name = "_json",
    functions(encode_basestring, encode_basestring_ascii, scanstring)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "make_scanner", class_of::<Scanner>(cx)?.clone())?;
    module::add(cx, this, "make_encoder", class_of::<Encoder>(cx)?.clone())
}

/// The first argument, which is a string.
fn string<'a>(cx: &Context, value: &'a Value) -> PyResult<&'a Ref<Str>> {
    value.downcast::<Str>().ok_or_else(|| {
        cx.type_error(format!(
            "first argument must be a string, not {}",
            value.type_name()
        ))
    })
}

/// Raises `json.JSONDecodeError`.
#[cold]
fn malformed(cx: &Context, message: &str, text: &Ref<Str>, at: isize) -> Raised {
    let raised =
        import::import_attribute(cx, "json.decoder", "JSONDecodeError").and_then(|class| {
            let arguments = [message.into_value(cx)?, text.to_value(), at.into_value(cx)?];
            call::call(cx, &class, &arguments)
        });
    match raised {
        Ok(exception) => match exception.downcast::<BaseException>() {
            Some(exception) => cx.raise(exception.clone()),
            None => cx.type_error("JSONDecodeError is no exception"),
        },
        Err(raised) => raised,
    }
}

/// encode_basestring(string) -> string
///
/// Return a JSON representation of a Python string
#[pyfunction("encode_basestring(object, /)")]
fn encode_basestring(cx: &Context, object: &Value) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::new();
    strings::quote(string(cx, object)?, &mut out, false);
    out.finish(cx)
}

/// encode_basestring_ascii(string) -> string
///
/// Return an ASCII-only JSON representation of a Python string
#[pyfunction("encode_basestring_ascii(object, /)")]
fn encode_basestring_ascii(cx: &Context, object: &Value) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::new();
    strings::quote(string(cx, object)?, &mut out, true);
    out.finish(cx)
}

/// scanstring(string, end, strict=True) -> (string, end)
///
/// Scan the string s for a JSON string. End is the index of the
/// character in s after the quote that started the JSON string.
/// Unescapes all valid JSON string escape sequences and raises ValueError
/// on attempt to decode an invalid string. If strict is False then literal
/// control characters are allowed in the string.
///
/// Returns a tuple of the decoded string and the index of the character in s
/// after the end quote.
#[pyfunction("scanstring(string, end, strict=True, /)")]
fn scanstring(
    cx: &Context,
    text: &Value,
    end: &Value,
    strict: Maybe<bool>,
) -> PyResult<Ref<Tuple>> {
    let end = as_size(cx, end)?;
    let text = string(cx, text)?;
    let Some(start) = usize::try_from(end).ok().filter(|end| *end <= text.len()) else {
        return Err(cx.value_error("end is out of bounds"));
    };
    let (found, end) = strings::scan(cx, text, start, strict.0.unwrap_or(true))?;
    Tuple::from_values(cx, &[found.into_value(), end.into_value(cx)?])
}
