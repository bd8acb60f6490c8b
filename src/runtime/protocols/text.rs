//! Text of objects: `repr`, `str`, `ascii`, `format`.

use std::fmt::Write;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::int;
use crate::objects::str_::{Str, StrBuilder, names};
use crate::protocols::call;
use crate::slots::UnaryFn;
use crate::value::Value;

/// `repr(value)`.
///
/// # Errors
/// TypeError when `__repr__` returns something else, and what it raises.
pub fn repr(cx: &Context, value: &Value) -> PyResult<Ref<Str>> {
    match value.class().slots.repr.get() {
        Some(slot) => text_of(
            cx,
            value,
            slot,
            "__repr__",
            " while getting the repr of an object",
        ),
        None => {
            let text = format!(
                "<{} object at {:#x}>",
                value.class().full_name(cx),
                value.bits()
            );
            Str::from_str(cx, &text)
        }
    }
}

fn text_of(
    cx: &Context,
    value: &Value,
    slot: UnaryFn,
    method: &str,
    place: &str,
) -> PyResult<Ref<Str>> {
    let text = cx.nested(place, || slot(cx, value))?;
    text.into_ref::<Str>().map_err(|other| {
        cx.type_error(format!(
            "{method} returned non-string (type {})",
            other.type_name()
        ))
    })
}

/// `repr(value)` as Rust text.
///
/// # Errors
/// As [`repr`].
pub fn repr_text(cx: &Context, value: &Value) -> PyResult<String> {
    repr(cx, value).map(|text| text.to_string())
}

/// `str(value)`.
///
/// # Errors
/// TypeError when `__str__` returns something else, and what it raises.
#[inline]
pub fn str(cx: &Context, value: &Value) -> PyResult<Ref<Str>> {
    match value.downcast_exact::<Str>() {
        Some(string) => Ok(string.clone()),
        None => str_slow(cx, value),
    }
}

fn str_slow(cx: &Context, value: &Value) -> PyResult<Ref<Str>> {
    if let Some(number) = value.as_small_int() {
        return Str::from_ascii(cx, number.to_string().as_bytes());
    }
    match value.class().slots.str.get() {
        Some(slot) => text_of(
            cx,
            value,
            slot,
            "__str__",
            " while getting the str of an object",
        ),
        None => repr(cx, value),
    }
}

/// `ascii(value)`: the repr with what is not ASCII escaped.
///
/// # Errors
/// As [`repr`].
pub fn ascii(cx: &Context, value: &Value) -> PyResult<Ref<Str>> {
    let text = repr(cx, value)?;
    if text.is_ascii() {
        return Ok(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for point in text.code_points() {
        // Writing to a String cannot fail.
        let _ = match point {
            0..0x80 => escaped.write_char(point as u8 as char),
            0x80..0x100 => write!(escaped, "\\x{point:02x}"),
            0x100..0x1_0000 => write!(escaped, "\\u{point:04x}"),
            _ => write!(escaped, "\\U{point:08x}"),
        };
    }
    Str::from_ascii(cx, escaped.as_bytes())
}

/// `format(value, spec)`: a string.
///
/// # Errors
/// TypeError when `__format__` returns something else, and what it raises.
pub fn format(cx: &Context, value: &Value, spec: &Ref<Str>) -> PyResult<Value> {
    if spec.is_empty() && (value.is_exact::<Str>() || int::is_exact(value)) {
        return str(cx, value).map(Ref::into_value);
    }
    let Some(text) = call::call_special(cx, value, names::dunder_format(), &[spec.to_value()])?
    else {
        return Err(cx.type_error(format!(
            "Type {} doesn't define __format__",
            value.type_name()
        )));
    };
    if text.downcast::<Str>().is_none() {
        return Err(cx.type_error(format!(
            "__format__ must return a str, not {}",
            text.type_name()
        )));
    }
    Ok(text)
}

/// The repr of a container is being made, for as long as this lives.
pub struct ReprGuard<'a>(&'a Context);

impl<'a> ReprGuard<'a> {
    /// `None` when the repr of `container` is already being made by this thread.
    pub fn enter(cx: &'a Context, container: &Value) -> Option<ReprGuard<'a>> {
        let mut active = cx.repr_guard.borrow_mut();
        if active.contains(&container.bits()) {
            return None;
        }
        active.push(container.bits());
        Some(ReprGuard(cx))
    }
}

impl Drop for ReprGuard<'_> {
    fn drop(&mut self) {
        // Guards end in the reverse order of their beginning.
        self.0.repr_guard.borrow_mut().pop();
    }
}

/// `open`, the reprs of `values` separated by `, `, `close`; `recursive` when `owner` contains itself.
///
/// # Errors
/// What the items' `__repr__` raise.
pub fn repr_sequence(
    cx: &Context,
    owner: &Value,
    values: &[Value],
    open: &str,
    close: &str,
    recursive: &str,
) -> PyResult<Value> {
    let item = |at: usize| values.get(at).cloned();
    repr_items(cx, owner, item, (open, close), recursive)
}

/// [`repr_sequence`] of a sequence that may change meanwhile: `item` gives what is at an index now.
///
/// # Errors
/// As [`repr_sequence`].
pub fn repr_items(
    cx: &Context,
    owner: &Value,
    item: impl Fn(usize) -> Option<Value>,
    (open, close): (&str, &str),
    recursive: &str,
) -> PyResult<Value> {
    let Some(_guard) = ReprGuard::enter(cx, owner) else {
        return Str::from_str(cx, recursive).map(Ref::into_value);
    };
    let mut text = StrBuilder::new();
    text.push_text(open);
    let mut index = 0;
    while let Some(value) = item(index) {
        if index > 0 {
            text.push_text(", ");
        }
        text.push_str(&*repr(cx, &value)?);
        index += 1;
    }
    text.push_text(close);
    text.finish_value(cx)
}
