//! Iteration (PEP 234).
//!
//! An iterator's `next` slot answers `None` at the end; StopIteration is an exception only where
//! Python code sees it. An object without `__iter__` is iterated by `__getitem__`, if its class has
//! that as a sequence does.

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::objects::dict::Dict;
use crate::objects::dict::views::{DictItems, DictKeys, DictValues};
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::iterators::{SequenceIterator, special_length_hint};
use crate::objects::list::List;
use crate::objects::set::any_set;
use crate::objects::tuple::Tuple;
use crate::protocols::sequence;
use crate::value::Value;

/// `iter(iterable)`.
///
/// # Errors
/// TypeError when it is not iterable, and what `__iter__` raises.
#[inline]
pub fn iter(cx: &Context, iterable: &Value) -> PyResult<Value> {
    let slots = &iterable.class().slots;
    if let Some(iter) = slots.iter.get() {
        let iterator = iter(cx, iterable)?;
        if iterator.class().slots.next.get().is_none() {
            return Err(cx.type_error(format!(
                "iter() returned non-iterator of type '{}'",
                iterator.type_name()
            )));
        }
        return Ok(iterator);
    }
    if slots.item.get().is_some() {
        return SequenceIterator::over(cx, iterable);
    }
    Err(not_iterable(cx, iterable))
}

#[cold]
fn not_iterable(cx: &Context, object: &Value) -> crate::error::Raised {
    cx.type_error(format!("'{}' object is not iterable", object.type_name()))
}

/// Whether `iter` can succeed, going by the class alone.
pub fn is_iterable(object: &Value) -> bool {
    let slots = &object.class().slots;
    slots.iter.get().is_some() || slots.item.get().is_some()
}

/// [`iter`] with `None` for the TypeError of an object that is not iterable.
///
/// # Errors
/// Other exceptions.
pub fn iter_or_none(cx: &Context, iterable: &Value) -> PyResult<Option<Value>> {
    match iter(cx, iterable) {
        Ok(iterator) => Ok(Some(iterator)),
        Err(raised) => {
            if cx.exception_matches(exceptions::type_error()) {
                cx.clear_exception();
                Ok(None)
            } else {
                Err(raised)
            }
        }
    }
}

/// `next(iterator)`; `None` at the end.
///
/// An iterator may run Python code that raises StopIteration (a function that `map` calls): that is an end
/// like any other.
///
/// # Errors
/// TypeError when it is no iterator, and what `__next__` raises.
#[inline]
pub fn next(cx: &Context, iterator: &Value) -> PyResult<Option<Value>> {
    // What an iterator has left that was used up meanwhile says nothing of this one.
    if !cx.stop_value.is_empty() {
        drop(take_stop_value(cx));
    }
    match next_or_stop(cx, iterator) {
        Ok(found) => Ok(found),
        Err(_) => ended_by_exception(cx),
    }
}

/// [`next`], where a StopIteration that code run by the iterator has raised stays the exception it is.
///
/// # Errors
/// As [`next`], and StopIteration.
#[inline]
pub fn next_or_stop(cx: &Context, iterator: &Value) -> PyResult<Option<Value>> {
    match iterator.class().slots.next.get() {
        // Iterators may wrap one another without end.
        Some(next) => cx.nested("", || next(cx, iterator)),
        None => Err(not_an_iterator(cx, iterator)),
    }
}

#[cold]
fn not_an_iterator(cx: &Context, object: &Value) -> Raised {
    cx.type_error(format!(
        "'{}' object is not an iterator",
        object.type_name()
    ))
}

/// The end, if what was raised is a StopIteration; its value is kept.
#[cold]
fn ended_by_exception(cx: &Context) -> PyResult<Option<Value>> {
    let stop = cx.catch(exceptions::stop_iteration())?;
    let value = exceptions::stop_value(&stop);
    if !value.is_none() {
        set_stop_value(cx, value);
    }
    Ok(None)
}

/// Whether the object has `__next__`.
pub fn is_iterator(object: &Value) -> bool {
    object.class().slots.next.get().is_some()
}

/// Whether the items of `iterable` can be read at one moment, without running Python code.
#[inline]
pub fn is_plain_sequence(iterable: &Value) -> bool {
    iterable.is_exact::<List>() || iterable.is_exact::<Tuple>()
}

/// The items of one moment of a built-in container, whatever other threads do to it meanwhile; `None` for
/// everything else, and for derived classes, which may iterate as they like.
///
/// # Errors
/// MemoryError.
pub fn snapshot(cx: &Context, iterable: &Value) -> PyResult<Option<Vec<Value>>> {
    let values = if let Some(list) = iterable.downcast_exact::<List>() {
        list.try_to_vec(cx)?
    } else if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        tuple.try_to_vec(cx)?
    } else if let Some(dict) = iterable.downcast_exact::<Dict>() {
        dict.keys_snapshot(cx)?
    } else if let Some(set) = any_set(iterable).filter(|set| set.is_exact()) {
        set.try_to_vec(cx)?
    } else if let Some(keys) = iterable.downcast_exact::<DictKeys>() {
        keys.dict().keys_snapshot(cx)?
    } else if let Some(values) = iterable.downcast_exact::<DictValues>() {
        values.dict().values_snapshot(cx)?
    } else if let Some(items) = iterable.downcast_exact::<DictItems>() {
        let items = items.dict().items_snapshot(cx)?;
        let mut pairs = Vec::new();
        pairs
            .try_reserve_exact(items.len())
            .map_err(|_| cx.no_memory())?;
        for (key, value) in items {
            pairs.push(Tuple::pair(cx, key, value)?.into_value());
        }
        pairs
    } else {
        return Ok(None);
    };
    Ok(Some(values))
}

/// [`iter`], but over a [`snapshot`] where there can be one: for operations that are one step to the
/// program.
///
/// # Errors
/// As [`iter`], and MemoryError.
pub fn iter_snapshot(cx: &Context, iterable: &Value) -> PyResult<Value> {
    match snapshot(cx, iterable)? {
        Some(values) => iter(cx, List::from_values(cx, values)?.as_value()),
        None => iter(cx, iterable),
    }
}

/// All items.
///
/// # Errors
/// TypeError when it is not iterable, and what iterating raises.
pub fn collect(cx: &Context, iterable: &Value) -> PyResult<Vec<Value>> {
    if let Some(values) = snapshot(cx, iterable)? {
        return Ok(values);
    }
    let iterator = iter(cx, iterable)?;
    let hint = length_hint(cx, iterable, 0)?;
    let mut values = Vec::new();
    // Only a hint: without memory for so many, appending grows the vector step by step.
    let _ = values.try_reserve(hint.min(1 << 24));
    push_all(cx, &iterator, &mut values)?;
    Ok(values)
}

/// [`collect`] with a message of the caller's for what is not iterable.
///
/// # Errors
/// As [`collect`].
pub fn collect_or(cx: &Context, iterable: &Value, message: &str) -> PyResult<Vec<Value>> {
    if is_plain_sequence(iterable) {
        return collect(cx, iterable);
    }
    match iter_or_none(cx, iterable)? {
        Some(iterator) => collect_rest(cx, &iterator),
        None => Err(cx.type_error(message)),
    }
}

/// The items that an iterator has left.
///
/// # Errors
/// What iterating raises.
pub fn collect_rest(cx: &Context, iterator: &Value) -> PyResult<Vec<Value>> {
    let mut values = Vec::new();
    push_all(cx, iterator, &mut values)?;
    Ok(values)
}

fn push_all(cx: &Context, iterator: &Value, values: &mut Vec<Value>) -> PyResult<()> {
    drain(cx, iterator, |value| {
        if values.len() == values.capacity() {
            values.try_reserve(1).map_err(|_| cx.no_memory())?;
        }
        values.push(value);
        Ok(())
    })
}

/// Runs `each` on the items that an iterator has left. Its class is asked once for `__next__`.
///
/// # Errors
/// TypeError when it is no iterator, what `__next__` raises, and what `each` returns.
#[inline]
pub fn drain(
    cx: &Context,
    iterator: &Value,
    mut each: impl FnMut(Value) -> PyResult<()>,
) -> PyResult<()> {
    let Some(next) = iterator.class().slots.next.get() else {
        return Err(not_an_iterator(cx, iterator));
    };
    cx.nested("", || {
        loop {
            match next(cx, iterator) {
                Ok(Some(value)) => each(value)?,
                Ok(None) => return Ok(()),
                Err(Raised) => return ended_by_exception(cx).map(|_| ()),
            }
        }
    })
}

/// Runs `each` on every item.
///
/// # Errors
/// TypeError when it is not iterable, what iterating raises, and what `each` returns.
pub fn for_each(
    cx: &Context,
    iterable: &Value,
    mut each: impl FnMut(Value) -> PyResult<()>,
) -> PyResult<()> {
    if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        return tuple
            .as_slice()
            .iter()
            .try_for_each(|item| each(item.clone()));
    }
    if let Some(list) = iterable.downcast_exact::<List>() {
        let mut at = 0;
        while let Some(item) = list.get(at) {
            each(item)?;
            at += 1;
        }
        return Ok(());
    }
    if let Some(values) = snapshot(cx, iterable)? {
        return values.into_iter().try_for_each(each);
    }
    drain(cx, &iter(cx, iterable)?, each)
}

/// `operator.length_hint(object, default)`.
///
/// # Errors
/// What `__len__` and `__length_hint__` raise, but for TypeError; ValueError for a negative hint.
pub fn length_hint(cx: &Context, object: &Value, default: usize) -> PyResult<usize> {
    let class = object.class();
    if class.slots.length.get().is_some() {
        match sequence::length(cx, object) {
            Ok(length) => return Ok(length),
            Err(raised) if !cx.exception_matches(exceptions::type_error()) => return Err(raised),
            Err(_) => cx.clear_exception(),
        }
    }
    let hint = match special_length_hint(cx, object) {
        Ok(Some(hint)) => hint,
        Ok(None) => return Ok(default),
        Err(raised) => {
            if cx.exception_matches(exceptions::type_error()) {
                cx.clear_exception();
                return Ok(default);
            }
            return Err(raised);
        }
    };
    if hint.is_not_implemented() {
        return Ok(default);
    }
    let Some(view) = int::view(&hint) else {
        return Err(cx.type_error(format!(
            "__length_hint__ must be an integer, not {}",
            hint.type_name()
        )));
    };
    if view.is_negative() {
        return Err(cx.value_error("__length_hint__() should return >= 0"));
    }
    match view.to_i64() {
        Some(hint) => Ok(hint as usize),
        None => Err(cx.overflow_error("Python int too large to convert to C ssize_t")),
    }
}

/// Keeps the value of a StopIteration that a `next` slot turned into "no more items", for `yield from`
/// and `next()`.
pub fn set_stop_value(cx: &Context, value: Value) {
    cx.stop_value.set(Some(value));
}

/// The end of an iterator that has no value, whatever those had that it used.
///
/// # Errors
/// None.
pub fn end(cx: &Context) -> PyResult<Option<Value>> {
    drop(take_stop_value(cx));
    Ok(None)
}

/// The value kept by [`set_stop_value`]; None when there is none. Taken before and after a `next`.
pub fn take_stop_value(cx: &Context) -> Value {
    cx.stop_value.replace(None).unwrap_or(Value::NONE)
}
