//! Indices and slices of sequences.
//!
//! An index is an int or has `__index__`. Negative indices count from the end. Bounds of slices are
//! clamped to the sequence, so numbers of any size will do; an index itself must fit `isize`.

use num_traits::ToPrimitive;

use crate::context::Context;
use crate::error::PyResult;
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::slice::Slice;
use crate::protocols::number;
use crate::value::Value;

/// What a subscript selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscript {
    /// One item, in range.
    Item(usize),
    Slice(SliceIndices),
}

/// The items that a slice selects from a sequence: `start`, `start + step`, … `count` of them.
///
/// Every selected index is in range. `start` itself is in `0 ..= length` for a positive step, even
/// when nothing is selected: it is where an assignment inserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceIndices {
    pub start: isize,
    pub step: isize,
    pub count: usize,
}

impl From<std::ops::Range<usize>> for SliceIndices {
    fn from(range: std::ops::Range<usize>) -> SliceIndices {
        SliceIndices {
            start: range.start as isize,
            step: 1,
            count: range.len(),
        }
    }
}

impl SliceIndices {
    /// The indices, in order.
    #[inline]
    pub fn indices(&self) -> impl ExactSizeIterator<Item = usize> + DoubleEndedIterator + use<> {
        let SliceIndices { start, step, count } = *self;
        (0..count).map(move |number| (start + number as isize * step) as usize)
    }

    /// Whether all of `length` items are selected, in order.
    #[inline]
    pub fn is_whole(&self, length: usize) -> bool {
        self.step == 1 && self.start == 0 && self.count == length
    }

    /// The selected range, when the step is 1.
    #[inline]
    pub fn as_range(&self) -> Option<std::ops::Range<usize>> {
        (self.step == 1).then(|| self.start as usize..self.start as usize + self.count)
    }

    /// The same items in ascending order: for deletion.
    pub fn ascending(&self) -> SliceIndices {
        if self.step > 0 || self.count == 0 {
            return *self;
        }
        SliceIndices {
            start: self.start + (self.count as isize - 1) * self.step,
            step: -self.step,
            count: self.count,
        }
    }
}

/// What `key` selects from a sequence of `length` items. `kind` names the sequence in messages:
/// `"list"`, `"tuple"`, `"string"`, `"byte"`; with ` assignment` behind it for assignment and deletion.
///
/// # Errors
/// TypeError when `key` is neither index nor slice, IndexError when it is out of range.
#[inline]
pub fn subscript(cx: &Context, key: &Value, length: usize, kind: &str) -> PyResult<Subscript> {
    if let Some(at) = key.as_small_int() {
        return item(cx, at as isize, length, kind).map(Subscript::Item);
    }
    subscript_slow(cx, key, length, kind)
}

fn subscript_slow(cx: &Context, key: &Value, length: usize, kind: &str) -> PyResult<Subscript> {
    if let Some(slice) = key.downcast::<Slice>() {
        return slice_indices(cx, &slice.start, &slice.stop, &slice.step, length)
            .map(Subscript::Slice);
    }
    if int::is_int(key) || key.class().slots.index.get().is_some() {
        let at = as_index(cx, key)?;
        return item(cx, at, length, kind).map(Subscript::Item);
    }
    Err(wrong_key(cx, key, kind))
}

#[inline]
fn item(cx: &Context, at: isize, length: usize, kind: &str) -> PyResult<usize> {
    let shifted = if at < 0 { at + length as isize } else { at };
    if (shifted as usize) < length {
        Ok(shifted as usize)
    } else {
        Err(cx.index_error(match kind {
            "byte" => "index out of range".to_owned(),
            _ => format!("{kind} index out of range"),
        }))
    }
}

/// TypeError: `key` cannot be a subscript of a sequence.
#[cold]
pub fn wrong_key(cx: &Context, key: &Value, kind: &str) -> crate::error::Raised {
    let got = key.type_name();
    match kind.strip_suffix(" assignment").unwrap_or(kind) {
        "string" => cx.type_error(format!("string indices must be integers, not '{got}'")),
        kind => cx.type_error(format!(
            "{kind} indices must be integers or slices, not {got}"
        )),
    }
}

/// The number `value` as an index.
///
/// # Errors
/// TypeError when it is none, IndexError when it does not fit.
#[inline]
pub fn as_index(cx: &Context, value: &Value) -> PyResult<isize> {
    match value.as_small_int() {
        Some(number) => Ok(number as isize),
        None => as_size(cx, value, exceptions::index_error()),
    }
}

/// The number `value`, or `error` ("cannot fit 'int' into an index-sized integer").
///
/// # Errors
/// TypeError when it is none, `error` when it does not fit.
pub fn as_size(
    cx: &Context,
    value: &Value,
    error: &crate::object::Ref<crate::objects::type_::Type>,
) -> PyResult<isize> {
    let number = number::index(cx, value)?;
    let view = int::view(&number).expect("invariant: index() gives an int");
    view.to_i64().map(|number| number as isize).ok_or_else(|| {
        cx.raise_message(
            error,
            &format!(
                "cannot fit '{}' into an index-sized integer",
                value.type_name()
            ),
        )
    })
}

/// A bound of a slice: any int, numbers beyond `isize` clamped to it. `None` for Python's None.
fn bound(cx: &Context, value: &Value, message: &str) -> PyResult<Option<isize>> {
    if let Some(number) = value.as_small_int() {
        return Ok(Some(number as isize));
    }
    if value.is_none() {
        return Ok(None);
    }
    if !int::is_int(value) && value.class().slots.index.get().is_none() {
        return Err(cx.type_error(message));
    }
    clamped(cx, value).map(Some)
}

/// The number `value`, clamped to `isize`.
///
/// # Errors
/// TypeError when it is none.
pub fn clamped(cx: &Context, value: &Value) -> PyResult<isize> {
    let number = int::index_as_i128(cx, value)?;
    Ok(number
        .to_isize()
        .unwrap_or(if number < 0 { isize::MIN } else { isize::MAX }))
}

const SLICE_MESSAGE: &str = "slice indices must be integers or None or have an __index__ method";

/// What `slice(start, stop, step)` selects from `length` items.
///
/// # Errors
/// TypeError when a bound is no int, ValueError when the step is zero.
pub fn slice_indices(
    cx: &Context,
    start: &Value,
    stop: &Value,
    step: &Value,
    length: usize,
) -> PyResult<SliceIndices> {
    let step = match bound(cx, step, SLICE_MESSAGE)? {
        Some(0) => return Err(cx.value_error("slice step cannot be zero")),
        // So that the step can be negated.
        Some(step) => step.max(-isize::MAX),
        None => 1,
    };
    let start = bound(cx, start, SLICE_MESSAGE)?;
    let stop = bound(cx, stop, SLICE_MESSAGE)?;
    Ok(resolve(start, stop, step, length))
}

/// What `start:stop:step` selects from `length` items; the step is not zero.
pub fn resolve(
    start: Option<isize>,
    stop: Option<isize>,
    step: isize,
    length: usize,
) -> SliceIndices {
    let length = length as isize;
    let (lowest, highest) = if step < 0 {
        (-1, length - 1)
    } else {
        (0, length)
    };
    let clamp = |bound: isize| {
        let bound = if bound < 0 {
            bound.saturating_add(length)
        } else {
            bound
        };
        bound.clamp(lowest, highest)
    };
    let (first, last) = if step < 0 {
        (highest, lowest)
    } else {
        (lowest, highest)
    };
    let start = start.map_or(first, clamp);
    let stop = stop.map_or(last, clamp);
    let count = if step < 0 {
        if stop < start {
            (start - stop - 1) as usize / step.unsigned_abs() + 1
        } else {
            0
        }
    } else if start < stop {
        (stop - start - 1) as usize / step as usize + 1
    } else {
        0
    };
    SliceIndices { start, step, count }
}

/// The range of `find(x, start, stop)` and its like in a sequence of `length` items. `start` may lie
/// beyond `stop` and beyond the end: then nothing can be found, not even the empty string.
///
/// # Errors
/// TypeError when a bound is neither int nor None.
pub fn search_range(
    cx: &Context,
    start: Option<&Value>,
    stop: Option<&Value>,
    length: usize,
) -> PyResult<(usize, usize)> {
    let read = |value: Option<&Value>, absent: usize| -> PyResult<usize> {
        let Some(value) = value else {
            return Ok(absent);
        };
        let Some(bound) = bound(cx, value, SLICE_MESSAGE)? else {
            return Ok(absent);
        };
        Ok(if bound < 0 {
            bound.saturating_add(length as isize).max(0) as usize
        } else {
            bound as usize
        })
    };
    let start = read(start, 0)?;
    let stop = read(stop, length)?;
    Ok((start, stop.min(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(
        start: Option<isize>,
        stop: Option<isize>,
        step: isize,
        length: usize,
    ) -> Vec<usize> {
        resolve(start, stop, step, length).indices().collect()
    }

    #[test]
    fn slices() {
        assert_eq!(selected(None, None, 1, 3), [0, 1, 2]);
        assert_eq!(selected(None, None, -1, 3), [2, 1, 0]);
        assert_eq!(selected(Some(-2), None, 1, 3), [1, 2]);
        assert_eq!(selected(Some(10), Some(-10), -2, 5), [4, 2, 0]);
        assert_eq!(selected(Some(2), Some(1), 1, 3), [0usize; 0]);
        assert_eq!(selected(None, None, isize::MAX, 3), [0]);
        assert_eq!(selected(Some(isize::MIN), Some(isize::MAX), 1, 2), [0, 1]);
        assert_eq!(selected(None, None, 1, 0), [0usize; 0]);
        assert_eq!(selected(None, None, -1, 0), [0usize; 0]);
    }

    #[test]
    fn ascending_selects_the_same() {
        let down = resolve(None, None, -2, 6);
        let mut reversed: Vec<usize> = down.ascending().indices().collect();
        reversed.reverse();
        assert_eq!(reversed, down.indices().collect::<Vec<_>>());
    }
}
