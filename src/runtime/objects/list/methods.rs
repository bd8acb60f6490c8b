//! What Python sees of `list`.
//!
//! Whatever compares items or converts an index may run Python code that changes the list, or lose a
//! race with another thread: such loops go by index and end where the list ends at that moment, and
//! bounds of slices are read first and applied to the length under the lock.

use typhon_macros::pymethods;

use super::{List, drop_from_last};
use crate::args::{Args, Maybe};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Payload, Ref};
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::iterators::{ListIterator, ListReverseIterator};
use crate::objects::slice::{Bounds, Slice};
use crate::objects::type_::Type;
use crate::protocols::{compare, index, iterate, text};
use crate::slots::Comparison;
use crate::value::Value;

#[pymethods]
impl List {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        List::new_of_class(cx, class).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<List>, args: Args<'_>) -> PyResult<()> {
        let class = this.class_of();
        if !args.names.is_empty()
            && (class.is(List::class()) || class.slots.new.word() == List::class().slots.new.word())
        {
            return Err(cx.type_error("list() takes no keyword arguments"));
        }
        let positional = args.positional();
        if positional.len() > 1 {
            return Err(cx.type_error(format!(
                "list expected at most 1 argument, got {}",
                positional.len()
            )));
        }
        if !this.is_empty() {
            this.clear();
        }
        match positional.first() {
            Some(iterable) => this.extend(cx, iterable),
            None => Ok(()),
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<List>) -> PyResult<Value> {
        // A `__repr__` may change the list: each item is looked at when its turn comes.
        let item = |at| this.get(at);
        text::repr_items(cx, this.as_value(), item, ("[", "]"), "[...]")
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<List>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<List>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if this.len() != other.len()
            && matches!(comparison, Comparison::Equal | Comparison::NotEqual)
        {
            return Ok(Value::from_bool(comparison == Comparison::NotEqual));
        }
        // What is equal without running Python code is passed over first.
        let equal = this.look_if_exclusive(|left| {
            other.look_if_exclusive(|right| {
                left.iter()
                    .zip(right)
                    .take_while(|(left, right)| compare::items_equal(left, right) == Some(true))
                    .count()
            })
        });
        let mut at = equal.flatten().unwrap_or(0);
        while let (Some(left), Some(right)) = (this.get(at), other.get(at)) {
            if !compare::identical_or_equal(cx, &left, &right)? {
                // A comparison may shorten the lists; the lengths decide then.
                if at >= this.len() || at >= other.len() {
                    break;
                }
                return match comparison {
                    Comparison::Equal => Ok(Value::FALSE),
                    Comparison::NotEqual => Ok(Value::TRUE),
                    _ => compare::rich(cx, &left, &right, comparison),
                };
            }
            at += 1;
        }
        Ok(Value::from_bool(
            comparison.accepts(this.len().cmp(&other.len())),
        ))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<List>) -> PyResult<Value> {
        ListIterator::over(cx, this)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<List>) -> PyResult<usize> {
        Ok(this.len())
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<List>, item: &Value) -> PyResult<bool> {
        Ok(find(cx, this, item, 0)?.is_some())
    }

    #[slot(concat)]
    fn concat(cx: &Context, this: &Ref<List>, other: &Value) -> PyResult<Value> {
        let Some(second) = other.downcast::<List>() else {
            return Err(cx.type_error(format!(
                "can only concatenate list (not \"{}\") to list",
                other.type_name()
            )));
        };
        let joined = this.look_if_exclusive(|first| {
            second.look_if_exclusive(|second| List::joined(cx, first, second))
        });
        if let Some(joined) = joined.flatten() {
            return joined.map(Ref::into_value);
        }
        let mut values = Vec::new();
        values
            .try_reserve(this.len() + second.len())
            .map_err(|_| cx.no_memory())?;
        this.append_to(&mut values);
        second.append_to(&mut values);
        List::from_values(cx, values).map(Ref::into_value)
    }

    #[slot(inplace_concat)]
    fn inplace_concat(cx: &Context, this: &Ref<List>, other: &Value) -> PyResult<Value> {
        this.extend(cx, other)?;
        Ok(this.to_value())
    }

    #[slot(repeat)]
    fn repeat(cx: &Context, this: &Ref<List>, times: isize) -> PyResult<Value> {
        let times = times.max(0) as usize;
        let repeated = this
            .look_if_exclusive(|items| List::repeated(cx, items, times))
            .unwrap_or_else(|| List::repeated(cx, &this.try_to_vec(cx)?, times));
        repeated.map(Ref::into_value)
    }

    #[slot(inplace_repeat)]
    fn inplace_repeat(cx: &Context, this: &Ref<List>, times: isize) -> PyResult<Value> {
        if times <= 0 {
            this.clear();
        } else if times > 1 {
            let values = this.try_to_vec(cx)?;
            let more = crate::protocols::sequence::repeat(cx, &values, times as usize - 1)?;
            this.extend_values(cx, more)?;
        }
        Ok(this.to_value())
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<List>, at: isize) -> PyResult<Value> {
        match usize::try_from(at).ok().and_then(|at| this.get(at)) {
            Some(value) => Ok(value),
            None => Err(cx.index_error("list index out of range")),
        }
    }

    /// Return self[index].
    #[slot(subscript)]
    #[method("__getitem__(self, index, /)")]
    fn subscript(cx: &Context, this: &Ref<List>, key: &Value) -> PyResult<Value> {
        if let Some(slice) = key.downcast::<Slice>() {
            return slice_of(cx, this, slice.bounds(cx)?);
        }
        let at = item_index(cx, key)?;
        match this.get(wrap(at, this.len())) {
            Some(value) => Ok(value),
            None => Err(cx.index_error("list index out of range")),
        }
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<List>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        if let Some(slice) = key.downcast::<Slice>() {
            return match value {
                Some(value) => assign_slice(cx, this, slice.bounds(cx)?, value),
                None => delete_slice(cx, this, slice),
            };
        }
        let at = item_index(cx, key)?;
        let at = wrap(at, this.len());
        let done = match value {
            Some(value) => this.set(at, value.clone()),
            None => this.remove(at).is_some(),
        };
        if done {
            Ok(())
        } else {
            Err(cx.index_error("list assignment index out of range"))
        }
    }

    /// Return a reverse iterator over the list.
    #[method("__reversed__(self, /)")]
    fn reversed(cx: &Context, this: &Ref<List>) -> PyResult<Value> {
        ListReverseIterator::over(cx, this)
    }

    /// Return the size of the list in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<List>) -> PyResult<usize> {
        Ok(this.class_of().root_shape().instance_size(0) + this.buffer_size())
    }

    /// Remove all items from list.
    #[method("clear(self, /)")]
    fn clear_method(_cx: &Context, this: &Ref<List>) -> PyResult<()> {
        this.clear();
        Ok(())
    }

    /// Return a shallow copy of the list.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<List>) -> PyResult<Ref<List>> {
        this.look_if_exclusive(|items| List::joined(cx, items, &[]))
            .unwrap_or_else(|| List::from_values(cx, this.try_to_vec(cx)?))
    }

    /// Append object to the end of the list.
    #[method("append(self, object, /)")]
    fn append(cx: &Context, this: &Ref<List>, object: Value) -> PyResult<()> {
        this.push(cx, object)
    }

    /// Insert object before index.
    #[method("insert(self, index, object, /)")]
    fn insert_method(cx: &Context, this: &Ref<List>, index: &Value, object: Value) -> PyResult<()> {
        let at = index::as_size(cx, index, exceptions::overflow_error())?;
        this.insert_at(
            cx,
            |length| {
                let at = if at < 0 {
                    at.saturating_add(length as isize).max(0)
                } else {
                    at
                };
                (at as usize).min(length)
            },
            object,
        )
    }

    /// Extend list by appending elements from the iterable.
    #[method("extend(self, iterable, /)")]
    fn extend_method(cx: &Context, this: &Ref<List>, iterable: &Value) -> PyResult<()> {
        this.extend(cx, iterable)
    }

    /// Remove and return item at index (default last).
    ///
    /// Raises IndexError if list is empty or index is out of range.
    #[method("pop(self, index=-1, /)")]
    fn pop_method(cx: &Context, this: &Ref<List>, index: Maybe<&Value>) -> PyResult<Value> {
        let at = match index.0 {
            Some(index) => index::as_size(cx, index, exceptions::overflow_error())?,
            None => -1,
        };
        let popped = if at == -1 {
            this.pop()
        } else {
            this.remove(wrap(at, this.len()))
        };
        match popped {
            Some(value) => Ok(value),
            None if this.is_empty() => Err(cx.index_error("pop from empty list")),
            None => Err(cx.index_error("pop index out of range")),
        }
    }

    /// Remove first occurrence of value.
    ///
    /// Raises ValueError if the value is not present.
    #[method("remove(self, value, /)")]
    fn remove_method(cx: &Context, this: &Ref<List>, value: &Value) -> PyResult<()> {
        match find(cx, this, value, 0)? {
            Some(at) => {
                drop(this.remove(at));
                Ok(())
            }
            None => Err(cx.value_error("list.remove(x): x not in list")),
        }
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[method("index(self, value, start=0, stop=9223372036854775807, /)")]
    fn index(
        cx: &Context,
        this: &Ref<List>,
        value: &Value,
        start: Maybe<&Value>,
        stop: Maybe<&Value>,
    ) -> PyResult<usize> {
        let (start, stop) = index::search_range(cx, start.0, stop.0, this.len())?;
        let mut at = start;
        while at < stop
            && let Some(own) = this.get(at)
        {
            if compare::identical_or_equal(cx, &own, value)? {
                return Ok(at);
            }
            at += 1;
        }
        Err(cx.value_error("list.index(x): x not in list"))
    }

    /// Return number of occurrences of value.
    #[method("count(self, value, /)")]
    fn count(cx: &Context, this: &Ref<List>, value: &Value) -> PyResult<usize> {
        let mut count = 0;
        let mut at = 0;
        while let Some(own) = this.get(at) {
            count += usize::from(compare::identical_or_equal(cx, &own, value)?);
            at += 1;
        }
        Ok(count)
    }

    /// Reverse *IN PLACE*.
    #[method("reverse(self, /)")]
    fn reverse(_cx: &Context, this: &Ref<List>) -> PyResult<()> {
        this.write(|mut writer| writer.reverse());
        Ok(())
    }

    /// Sort the list in ascending order and return None.
    ///
    /// The sort is in-place (i.e. the list itself is modified) and stable
    /// (i.e. the order of two equal elements is maintained).
    ///
    /// If a key function is given, apply it once to each list item and sort
    /// them, ascending or descending, according to their function values.
    ///
    /// The reverse flag can be set to sort in descending order.
    #[method("sort(self, /, *, key=None, reverse=False)")]
    fn sort_method(
        cx: &Context,
        this: &Ref<List>,
        key: Option<&Value>,
        reverse: bool,
    ) -> PyResult<()> {
        this.sort(cx, key, reverse)
    }

    /// lists are generic over the type of their contents
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }
}

/// The first item from `start` on that is `wanted`.
fn find(cx: &Context, list: &Ref<List>, wanted: &Value, start: usize) -> PyResult<Option<usize>> {
    let mut at = start;
    while let Some(own) = list.get(at) {
        if compare::identical_or_equal(cx, &own, wanted)? {
            return Ok(Some(at));
        }
        at += 1;
    }
    Ok(None)
}

/// A subscript that is no slice.
#[inline]
fn item_index(cx: &Context, key: &Value) -> PyResult<isize> {
    if let Some(at) = key.as_small_int() {
        return Ok(at as isize);
    }
    if int::is_int(key) || key.class().slots.index.get().is_some() {
        return index::as_index(cx, key);
    }
    Err(index::wrong_key(cx, key, "list"))
}

/// An index that may count from the end. What is out of range stays so.
#[inline(always)]
fn wrap(at: isize, length: usize) -> usize {
    (if at < 0 {
        at.wrapping_add(length as isize)
    } else {
        at
    }) as usize
}

/// `list[start:stop:step]`: a new list.
///
/// # Errors
/// MemoryError.
pub(crate) fn slice_of(cx: &Context, list: &Ref<List>, bounds: Bounds) -> PyResult<Value> {
    let select = |length| Some(bounds.resolve(length));
    let items = list.selection(cx, select);
    items
        .expect("invariant: bounds select from any length")
        .map(Ref::into_value)
}

/// `list[start:stop:step] = value`.
///
/// # Errors
/// TypeError when the value is not iterable, ValueError when it has not as many items as an extended
/// slice, MemoryError.
pub(crate) fn assign_slice(
    cx: &Context,
    list: &Ref<List>,
    bounds: Bounds,
    value: &Value,
) -> PyResult<()> {
    // What can be is read at one moment, `list` itself included.
    let values = match iterate::snapshot(cx, value)? {
        Some(values) => values,
        None => match iterate::iter_or_none(cx, value)? {
            Some(iterator) => iterate::collect_rest(cx, &iterator)?,
            None => return Err(cx.type_error("must assign iterable to extended slice")),
        },
    };
    let done = list.write(|mut writer| {
        let selected = bounds.resolve(writer.len());
        match selected.as_range() {
            Some(range) => writer
                .splice(range.start, range.end, values)
                .map(|old| (old, true))
                .map_err(|values| (values, None)),
            None if values.len() != selected.count => Err((values, Some(selected.count))),
            None => Ok((writer.replace_each(selected.indices(), values), false)),
        }
    });
    match done {
        Ok((old, is_range)) => {
            if is_range {
                drop_from_last(old);
            }
            Ok(())
        }
        Err((_, None)) => Err(cx.no_memory()),
        Err((values, Some(count))) => Err(cx.value_error(format!(
            "attempt to assign sequence of size {} to extended slice of size {count}",
            values.len()
        ))),
    }
}

fn delete_slice(cx: &Context, list: &Ref<List>, slice: &Ref<Slice>) -> PyResult<()> {
    let bounds = slice.bounds(cx)?;
    let (removed, is_range) = list.write(|mut writer| {
        let selected = bounds.resolve(writer.len());
        match selected.as_range() {
            Some(range) => {
                let removed = writer.splice(range.start, range.end, Vec::new());
                (removed.unwrap_or_default(), true)
            }
            None => (writer.remove_each(selected.ascending().indices()), false),
        }
    });
    if is_range {
        drop_from_last(removed);
    }
    Ok(())
}
