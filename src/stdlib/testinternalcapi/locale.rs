//! Texts in the encoding of the operating system, which is UTF-8 whatever the locale says.

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Raised, Ref, codec};

fn handler<'a>(cx: &Context, errors: &'a Maybe<String>) -> PyResult<&'a str> {
    match errors.0.as_deref().unwrap_or("strict") {
        name @ ("strict" | "surrogateescape" | "surrogatepass") => Ok(name),
        _ => Err(cx.value_error("unsupported error handler")),
    }
}

/// RuntimeError in place of a UnicodeError, with the position that it names.
fn failed(cx: &Context, raised: Raised, kind: &str) -> Raised {
    if !cx.exception_matches(exceptions::unicode_error()) {
        return raised;
    }
    let error = cx.take_exception().into_value();
    let start = Name::intern(cx, "start").and_then(|name| attribute::get(cx, &error, name));
    let position = start.map(|start| start.as_small_int().unwrap_or(0));
    match position {
        Ok(position) => cx.runtime_error(format!(
            "{kind} error: pos={position}, reason={}",
            match kind {
                "encode" => "encoding error",
                _ => "decoding error",
            }
        )),
        Err(raised) => raised,
    }
}

#[pyfunction("EncodeLocaleEx(text, current_locale=0, errors='strict', /)")]
pub fn encode_locale(
    cx: &Context,
    text: &Ref<Str>,
    _current_locale: Maybe<i32>,
    errors: Maybe<String>,
) -> PyResult<Ref<Bytes>> {
    let handler = handler(cx, &errors)?;
    match codec::encode(cx, text, "utf-8", handler) {
        Ok(bytes) => Bytes::from_slice(cx, &bytes),
        Err(raised) => Err(failed(cx, raised, "encode")),
    }
}

#[pyfunction("DecodeLocaleEx(bytes, current_locale=0, errors='strict', /)")]
pub fn decode_locale(
    cx: &Context,
    bytes: &Ref<Bytes>,
    _current_locale: Maybe<i32>,
    errors: Maybe<String>,
) -> PyResult<Ref<Str>> {
    let handler = handler(cx, &errors)?;
    codec::decode(cx, bytes.as_slice(), "utf-8", handler)
        .map_err(|raised| failed(cx, raised, "decode"))
}
