//! `container[key]` and `container[start:stop]` of the built-in sequences, by small ints: no slice
//! objects, no slots.

use typhon_compiler::opcode::BinaryOperation;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::list::methods::{assign_slice, slice_of};
use crate::objects::slice::{Bounds, Slice};
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocols::index::SliceIndices;
use crate::protocols::sequence;
use crate::value::Value;

/// The argument of `BINARY_OP` for `container[key]`.
pub const SUBSCRIPT: u32 = BinaryOperation::Subscript as u32;

/// The index counted from the start; a negative one is counted from the end.
#[inline(always)]
fn from_start(index: i64, length: impl FnOnce() -> usize) -> i64 {
    if index < 0 {
        index + length() as i64
    } else {
        index
    }
}

/// `container[key]` for the built-in sequences by small ints in range, and dicts by plain keys.
#[inline(always)]
pub fn subscript_fast(container: &Value, key: &Value) -> Option<Value> {
    let Some(index) = key.as_small_int() else {
        return item_of_dict(container, key);
    };
    if let Some(list) = container.downcast_exact::<List>() {
        let index = from_start(index, || list.len());
        return list.get(usize::try_from(index).ok()?);
    }
    if let Some(tuple) = container.downcast_exact::<Tuple>() {
        let index = from_start(index, || tuple.len());
        return tuple.as_slice().get(usize::try_from(index).ok()?).cloned();
    }
    item_by_number(container, key, index)
}

/// The items of an item of a list that is a pair, which is not counted for that.
#[inline(never)]
pub(super) fn pair_fast(container: &Value, key: &Value) -> Option<(Value, Value)> {
    let list = container.downcast_exact::<List>()?;
    let index = from_start(key.as_small_int()?, || list.len());
    list.pair_at(usize::try_from(index).ok()?)
}

#[inline(never)]
fn item_of_dict(container: &Value, key: &Value) -> Option<Value> {
    container.downcast_exact::<Dict>()?.get_plain(key)
}

/// The item of a dict, or of a sequence of characters or bytes, that is there without making anything.
#[inline(never)]
fn item_by_number(container: &Value, key: &Value, index: i64) -> Option<Value> {
    let from_start = |length: usize| usize::try_from(from_start(index, || length)).ok();
    if let Some(dict) = container.downcast_exact::<Dict>() {
        dict.get_plain(key)
    } else if let Some(text) = container.downcast_exact::<Str>() {
        let at = from_start(text.len()).filter(|&at| at < text.len())?;
        let unit = u8::try_from(text.code_point(at)).ok()?;
        Some(Str::latin1_char(unit).into_value())
    } else if let Some(bytes) = container.downcast_exact::<Bytes>() {
        let byte = *bytes.as_slice().get(from_start(bytes.len())?)?;
        Some(Value::small_int(byte.into()))
    } else if let Some(bytes) = container.downcast_exact::<ByteArray>() {
        let byte = bytes.item(isize::try_from(index).ok()?)?;
        Some(Value::small_int(byte.into()))
    } else {
        None
    }
}

/// `container[start:stop]`; the built-in sequences need no slice object for that.
///
/// # Errors
/// What the operation raises.
pub fn slice(cx: &Context, container: &Value, start: &Value, stop: &Value) -> PyResult<Value> {
    let bound = |value: &Value, default: i64, length: usize| {
        let number = match value.as_small_int() {
            Some(number) => number,
            None if value.is_none() => return Some(default as usize),
            None => return None,
        };
        Some(from_start(number, || length).clamp(0, length as i64) as usize)
    };
    let range = |length: usize| {
        let start = bound(start, 0, length)?;
        let stop = bound(stop, length as i64, length)?;
        Some(start..stop.max(start))
    };
    if let Some(list) = container.downcast_exact::<List>() {
        let select = |length| range(length).map(SliceIndices::from);
        if let Some(items) = list.selection(cx, select) {
            return items.map(Ref::into_value);
        }
    } else if let Some(text) = container.downcast_exact::<Str>()
        && let Some(range) = range(text.len())
    {
        if range.len() == text.len() {
            return Ok(container.clone());
        }
        return text
            .substring(cx, range.start, range.end)
            .map(Ref::into_value);
    } else if let Some(tuple) = container.downcast_exact::<Tuple>()
        && let Some(range) = range(tuple.len())
    {
        if range.len() == tuple.len() {
            return Ok(container.clone());
        }
        return Tuple::from_vec(cx, tuple.as_slice()[range].to_vec()).map(Ref::into_value);
    }
    let slice = Slice::new(cx, start.clone(), stop.clone(), Value::NONE)?;
    sequence::get_item(cx, container, slice.as_value())
}

/// `list[index] = value` with a small int in range: what was there before.
///
/// # Errors
/// The value is given back.
#[inline(always)]
pub fn store_fast(container: &Value, key: &Value, value: Value) -> Result<Value, Value> {
    if let Some(list) = container.downcast_exact::<List>()
        && let Some(index) = key.as_small_int()
        && let Ok(index) = usize::try_from(from_start(index, || list.len()))
    {
        return list.replace(index, value);
    }
    Err(value)
}

/// `container[key] = value`.
///
/// # Errors
/// What the operation raises.
#[inline]
pub fn store_subscript(
    cx: &Context,
    container: &Value,
    key: &Value,
    value: &Value,
) -> PyResult<()> {
    if let Some(dict) = container.downcast_exact::<Dict>() {
        return dict.set_item(cx, key, value.clone());
    }
    if let Some(list) = container.downcast_exact::<List>()
        && let Some(index) = key.as_small_int()
        && let Ok(index) = usize::try_from(from_start(index, || list.len()))
        && list.set(index, value.clone())
    {
        return Ok(());
    }
    if let Some(bytes) = container.downcast_exact::<ByteArray>()
        && let (Some(index), Some(byte)) = (key.as_small_int(), value.as_small_int())
        && let (Ok(index), Ok(byte)) = (isize::try_from(index), u8::try_from(byte))
        && bytes.set_item(index, byte)
    {
        return Ok(());
    }
    sequence::set_item(cx, container, key, value)
}

/// `container[start:stop] = value`; a list needs no slice object for that. The caller drops `value`
/// next, if it is a list that nobody else knows: it may have other items afterwards.
///
/// # Errors
/// What the operation raises.
pub fn store_slice(
    cx: &Context,
    container: &Value,
    start: &Value,
    stop: &Value,
    value: &Value,
) -> PyResult<()> {
    if let Some(list) = container.downcast_exact::<List>() {
        let bounds = Bounds::of(cx, start, stop, &Value::NONE)?;
        // A list that only the operand stack refers to, and lets go of now.
        if let Some(values) = value.downcast_exact::<List>()
            && values.header().is_unique()
            && list.exchange_slice(bounds, values)
        {
            return Ok(());
        }
        return assign_slice(cx, list, bounds, value);
    }
    let slice = Slice::new(cx, start.clone(), stop.clone(), Value::NONE)?;
    sequence::set_item(cx, container, slice.as_value(), value)
}

/// `container[start:stop:step]` of a list, which needs no slice object for that; `None` when it is
/// something else.
pub fn extended_slice(
    cx: &Context,
    container: &Value,
    [start, stop, step]: [&Value; 3],
) -> Option<PyResult<Value>> {
    let list = container.downcast_exact::<List>()?;
    Some(Bounds::of(cx, start, stop, step).and_then(|bounds| slice_of(cx, list, bounds)))
}
