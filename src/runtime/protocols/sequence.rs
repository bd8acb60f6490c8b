//! Sequences and mappings: length, membership, subscription.

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Payload;
use crate::objects::dict::Dict;
use crate::objects::set::any_set;
use crate::objects::str_::{Str, names, search};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, compare, index, iterate};
use crate::value::Value;

/// `len(object)`.
///
/// # Errors
/// TypeError when it has none, and what `__len__` raises.
#[inline]
pub fn length(cx: &Context, object: &Value) -> PyResult<usize> {
    match object.class().slots.length.get() {
        Some(length) => length(cx, object),
        None => Err(cx.type_error(format!(
            "object of type '{}' has no len()",
            object.type_name()
        ))),
    }
}

/// `item in container`.
///
/// # Errors
/// TypeError when the container is none, and what comparing raises.
pub fn contains(cx: &Context, container: &Value, item: &Value) -> PyResult<bool> {
    let slots = &container.class().slots;
    if let Some(contains) = slots.contains.get() {
        return contains(cx, container, item);
    }
    if slots.iter.get().is_none() && slots.item.get().is_none() && slots.subscript.get().is_none() {
        return Err(no_container(cx, container));
    }
    let iterator = match iterate::iter(cx, container) {
        Ok(iterator) => iterator,
        Err(_) => {
            cx.catch(crate::objects::exceptions::type_error())?;
            return Err(no_container(cx, container));
        }
    };
    while let Some(other) = iterate::next(cx, &iterator)? {
        if compare::identical_or_equal(cx, &other, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `item in container`, if that can be told without running Python code and without counting either.
#[inline]
pub(crate) fn contains_fast(container: &Value, item: &Value) -> Option<bool> {
    match container.downcast_exact::<Dict>() {
        Some(dict) => dict.has_plain(item),
        None => contains_plain(container, item),
    }
}

#[inline(never)]
fn contains_plain(container: &Value, item: &Value) -> Option<bool> {
    if let Some(set) = any_set(container).filter(|set| set.is_exact()) {
        return set.has_plain(item);
    }
    if let Some(tuple) = container.downcast_exact::<Tuple>() {
        for own in tuple.as_slice() {
            if compare::items_equal(own, item)? {
                return Some(true);
            }
        }
        return Some(false);
    }
    let text = container.downcast_exact::<Str>()?;
    let part = item.downcast_exact::<Str>()?;
    Some(search::find(text, part, 0, text.len()).is_some())
}

#[cold]
fn no_container(cx: &Context, container: &Value) -> crate::error::Raised {
    cx.type_error(format!(
        "argument of type '{}' is not a container or iterable",
        container.type_name()
    ))
}

/// `object[key]`.
///
/// # Errors
/// TypeError when the object cannot be subscribed, and what `__getitem__` raises.
#[inline]
pub fn get_item(cx: &Context, object: &Value, key: &Value) -> PyResult<Value> {
    match object.class().slots.subscript.get() {
        Some(subscript) => subscript(cx, object, key),
        None => get_item_slow(cx, object, key),
    }
}

fn get_item_slow(cx: &Context, object: &Value, key: &Value) -> PyResult<Value> {
    if let Some(item) = object.class().slots.item.get() {
        if !crate::objects::int::is_int(key) && key.class().slots.index.get().is_none() {
            return Err(cx.type_error(format!(
                "sequence index must be integer, not '{}'",
                key.type_name()
            )));
        }
        let mut at = index::as_index(cx, key)?;
        if at < 0
            && let Some(length) = object.class().slots.length.get()
        {
            at += length(cx, object)? as isize;
        }
        return item(cx, object, at);
    }
    let Some(class) = object.downcast::<Type>() else {
        return Err(cx.type_error(format!(
            "'{}' object is not subscriptable",
            object.type_name()
        )));
    };
    if class.is(Type::class()) {
        return crate::objects::generic_alias::alias(cx, object, key);
    }
    match attribute::find(cx, object, names::dunder_class_getitem())? {
        Some(method) if !method.is_none() => call::call(cx, &method, std::slice::from_ref(key)),
        _ => Err(cx.type_error(format!(
            "type '{}' is not subscriptable",
            class.short_name()
        ))),
    }
}

/// `object[key] = value`.
///
/// # Errors
/// TypeError when the object does not support it, and what `__setitem__` raises.
#[inline]
pub fn set_item(cx: &Context, object: &Value, key: &Value, value: &Value) -> PyResult<()> {
    match object.class().slots.assign_subscript.get() {
        Some(assign) => assign(cx, object, key, Some(value)),
        None => Err(cx.type_error(format!(
            "'{}' object does not support item assignment",
            object.type_name()
        ))),
    }
}

/// `del object[key]`.
///
/// # Errors
/// TypeError when the object does not support it, and what `__delitem__` raises.
pub fn delete_item(cx: &Context, object: &Value, key: &Value) -> PyResult<()> {
    match object.class().slots.assign_subscript.get() {
        Some(assign) => assign(cx, object, key, None),
        None => Err(cx.type_error(format!(
            "'{}' object does not support item deletion",
            object.type_name()
        ))),
    }
}

/// `items * times`.
///
/// # Errors
/// MemoryError.
pub fn repeat(cx: &Context, items: &[Value], times: usize) -> PyResult<Vec<Value>> {
    let mut repeated = Vec::new();
    let total = items
        .len()
        .checked_mul(times)
        .ok_or_else(|| cx.no_memory())?;
    repeated
        .try_reserve_exact(total)
        .map_err(|_| cx.no_memory())?;
    match items {
        [] => {}
        [only] => repeated.resize(total, only.clone()),
        _ => (0..times).for_each(|_| repeated.extend_from_slice(items)),
    }
    Ok(repeated)
}

/// `operator.concat(left, right)`.
///
/// # Errors
/// TypeError when `left` is no sequence, and what it raises.
pub fn concat(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
    match left.class().slots.concat.get() {
        Some(concat) => concat(cx, left, right),
        None if left.class().slots.subscript.get().is_some()
            && right.class().slots.subscript.get().is_some() =>
        {
            crate::protocols::number::binary(
                cx,
                crate::protocols::number::BinaryOperator::Add,
                left,
                right,
            )
        }
        None => Err(cx.type_error(format!(
            "'{}' object can't be concatenated",
            left.type_name()
        ))),
    }
}
