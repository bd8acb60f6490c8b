//! Codecs by name (PEP 100): search functions are asked in turn, what they find is remembered.
//!
//! The names that search functions see are lower case, with one `_` for every run of other characters.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::exceptions;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::protocols::{attribute, call};
use crate::value::Value;

/// Search functions in the order of their registration.
static SEARCH: Mutex<Vec<Value>> = Mutex::new(Vec::new());
/// What was found, by normalized name.
static FOUND: LazyLock<Mutex<HashMap<String, Ref<Tuple>>>> = LazyLock::new(Mutex::default);
/// Whether the standard library's search function has registered.
static PREPARED: AtomicBool = AtomicBool::new(false);

/// `codecs.register(search)`.
///
/// # Errors
/// TypeError when it is not callable.
pub fn register(cx: &Context, search: &Value) -> PyResult<()> {
    if !call::is_callable(search) {
        return Err(cx.type_error("argument must be callable"));
    }
    prepare(cx)?;
    SEARCH.lock().push(search.clone());
    Ok(())
}

/// `codecs.unregister(search)`: does nothing when it is not registered.
pub fn unregister(search: &Value) {
    let mut functions = SEARCH.lock();
    let removed = functions
        .iter()
        .position(|function| function.is(search))
        .map(|at| functions.remove(at));
    drop(functions);
    if removed.is_some() {
        let forgotten = std::mem::take(&mut *FOUND.lock());
        drop(forgotten);
    }
}

/// The name that search functions are asked for.
pub fn normalize(encoding: &str) -> String {
    let mut name = String::with_capacity(encoding.len());
    let mut gap = false;
    for c in encoding.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !name.is_empty() {
                name.push('_');
            }
            gap = false;
            name.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    name
}

/// Imports the package that registers the standard library's codecs, the first time, or waits for the
/// thread that does: its search function is the first that is asked.
fn prepare(cx: &Context) -> PyResult<()> {
    // Acquire and Release: who finds it set finds the function.
    if !PREPARED.load(Ordering::Acquire) {
        crate::import::import_module(cx, "encodings")?;
        // Not so when it is the package itself that asks, before it has registered.
        if !SEARCH.lock().is_empty() {
            PREPARED.store(true, Ordering::Release);
        }
    }
    Ok(())
}

/// `codecs.lookup(encoding)`: encoder, decoder, stream reader, stream writer.
///
/// # Errors
/// LookupError when no search function knows the name, and what they raise.
pub fn lookup(cx: &Context, encoding: &str) -> PyResult<Ref<Tuple>> {
    let name = normalize(encoding);
    let known = FOUND.lock().get(&name).cloned();
    if let Some(codec) = known {
        return Ok(codec);
    }
    prepare(cx)?;
    let argument = Str::from_str(cx, &name)?.into_value();
    let functions = SEARCH.lock().clone();
    for function in functions {
        let answer = call::call(cx, &function, std::slice::from_ref(&argument))?;
        if answer.is_none() {
            continue;
        }
        return match answer.into_ref::<Tuple>() {
            Ok(codec) if codec.len() == 4 => {
                let old = FOUND.lock().insert(name, codec.clone());
                drop(old);
                Ok(codec)
            }
            _ => Err(cx.type_error("codec search functions must return 4-tuples")),
        };
    }
    Err(cx.lookup_error(format!("unknown encoding: {encoding}")))
}

/// [`lookup`] for a codec between text and bytes. `alternative` is what to use for others.
fn lookup_text(cx: &Context, encoding: &str, alternative: &str) -> PyResult<Ref<Tuple>> {
    let codec = lookup(cx, encoding)?;
    if !codec.as_value().is_exact::<Tuple>()
        && let Some(flag) =
            attribute::find(cx, codec.as_value(), Name::intern(cx, "_is_text_encoding")?)?
        && !flag.truth(cx)?
    {
        return Err(cx.lookup_error(format!(
            "'{encoding}' is not a text encoding; use {alternative} to handle arbitrary codecs"
        )));
    }
    Ok(codec)
}

/// Calls an encoder or decoder, whose answer is a pair.
fn run(
    cx: &Context,
    function: &Value,
    object: &Value,
    errors: &str,
    encoding: &str,
    is_encoder: bool,
) -> PyResult<Value> {
    let mut arguments = vec![object.clone()];
    if errors != "strict" {
        arguments.push(Str::from_str(cx, errors)?.into_value());
    }
    let answer = match call::call(cx, function, &arguments) {
        Ok(answer) => answer,
        Err(raised) => {
            let doing = if is_encoder { "encoding" } else { "decoding" };
            exceptions::add_note_to_raised(cx, &format!("{doing} with '{encoding}' codec failed"));
            return Err(raised);
        }
    };
    match answer.downcast::<Tuple>().map(|pair| pair.as_slice()) {
        Some([result, _]) => Ok(result.clone()),
        _ if is_encoder => Err(cx.type_error("encoder must return a tuple (object, integer)")),
        _ => Err(cx.type_error("decoder must return a tuple (object,integer)")),
    }
}

/// `codecs.encode(object, encoding, errors)`.
///
/// # Errors
/// LookupError, and what the codec raises.
pub fn encode(cx: &Context, object: &Value, encoding: &str, errors: &str) -> PyResult<Value> {
    let codec = lookup(cx, encoding)?;
    run(cx, &codec.as_slice()[0], object, errors, encoding, true)
}

/// `codecs.decode(object, encoding, errors)`.
///
/// # Errors
/// LookupError, and what the codec raises.
pub fn decode(cx: &Context, object: &Value, encoding: &str, errors: &str) -> PyResult<Value> {
    let codec = lookup(cx, encoding)?;
    run(cx, &codec.as_slice()[1], object, errors, encoding, false)
}

/// [`encode`] by a codec for text.
///
/// # Errors
/// LookupError, also for other codecs; what the codec raises.
pub fn encode_text(cx: &Context, object: &Value, encoding: &str, errors: &str) -> PyResult<Value> {
    let codec = lookup_text(cx, encoding, "codecs.encode()")?;
    run(cx, &codec.as_slice()[0], object, errors, encoding, true)
}

/// [`decode`] by a codec for text.
///
/// # Errors
/// LookupError, also for other codecs; what the codec raises.
pub fn decode_text(cx: &Context, object: &Value, encoding: &str, errors: &str) -> PyResult<Value> {
    let codec = lookup_text(cx, encoding, "codecs.decode()")?;
    run(cx, &codec.as_slice()[1], object, errors, encoding, false)
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn names() {
        assert_eq!(normalize("UTF-8"), "utf_8");
        assert_eq!(normalize(" ISO 8859--15 "), "iso_8859_15");
        assert_eq!(normalize("koi8-r"), "koi8_r");
    }
}
