//! `_bisect`: where an item belongs in a sorted sequence, by halving.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::protocols::{call, compare, sequence};
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::arguments::as_size;

/// Bisection algorithms.
///
/// This module provides support for maintaining a list in sorted order without
/// having to sort the list after each insertion. For long lists of items with
/// expensive comparison operations, this can be an improvement over the more
/// common approach.
#[pymodule(
    name = "_bisect",
    functions(bisect_right, bisect_left, insort_right, insort_left)
)]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// On which side of equal items a new one goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Item `at` of any sequence.
fn item(cx: &Context, items: &Value, at: isize) -> PyResult<Value> {
    if let Some(list) = items.downcast_exact::<List>()
        && let Ok(at) = usize::try_from(at)
        && let Some(item) = list.get(at)
    {
        return Ok(item);
    }
    let slots = &items.class().slots;
    if slots.item.get().is_none() && slots.subscript.get().is_none() {
        return Err(cx.type_error(format!(
            "'{}' object does not support indexing",
            items.type_name()
        )));
    }
    if slots.item.get().is_none()
        && items
            .downcast::<typhon_runtime::objects::dict::Dict>()
            .is_some()
    {
        return Err(cx.type_error(format!("{} is not a sequence", items.type_name())));
    }
    sequence::get_item(cx, items, &int::from_i64(cx, at as i64)?)
}

/// The part of the sequence to look at.
fn range(
    cx: &Context,
    items: &Value,
    low: Maybe<&Value>,
    high: Maybe<&Value>,
) -> PyResult<(isize, isize)> {
    let low = low.0.map_or(Ok(0), |low| as_size(cx, low))?;
    let high = match high.0.filter(|high| !high.is_none()) {
        None => None,
        Some(high) if high.class().slots.index.get().is_none() => {
            let got = high.type_name();
            return Err(cx.type_error(format!("argument should be integer or None, not '{got}'")));
        }
        Some(high) => Some(as_size(cx, high)?),
    };
    if low < 0 {
        return Err(cx.value_error("lo must be non-negative"));
    }
    let high = match high {
        Some(high) => high,
        None => sequence::length(cx, items)? as isize,
    };
    Ok((low, high))
}

fn search(
    cx: &Context,
    items: &Value,
    wanted: &Value,
    (mut low, mut high): (isize, isize),
    key: Option<&Value>,
    side: Side,
) -> PyResult<isize> {
    while low < high {
        let middle = low + (high - low) / 2;
        let mut found = item(cx, items, middle)?;
        if let Some(key) = key {
            found = call::call(cx, key, &[found])?;
        }
        let before = match side {
            Side::Left => compare::less_than(cx, &found, wanted)?,
            Side::Right => !compare::less_than(cx, wanted, &found)?,
        };
        if before {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn given(key: Maybe<&Value>) -> Option<&Value> {
    key.0.filter(|key| !key.is_none())
}

fn insert(
    cx: &Context,
    items: &Value,
    new: &Value,
    bounds: (isize, isize),
    key: Option<&Value>,
    side: Side,
) -> PyResult<()> {
    let at = match key {
        Some(key) => {
            let wanted = call::call(cx, key, std::slice::from_ref(new))?;
            search(cx, items, &wanted, bounds, Some(key), side)?
        }
        None => search(cx, items, new, bounds, None, side)?,
    };
    if let Some(list) = items.downcast_exact::<List>() {
        return list.insert(cx, (at as usize).min(list.len()), new.clone());
    }
    let at = int::from_i64(cx, at as i64)?;
    call::call_method(cx, items, Name::intern(cx, "insert")?, &[at, new.clone()]).map(drop)
}

/// Return the index where to insert item x in list a, assuming a is sorted.
///
/// The return value i is such that all e in a[:i] have e <= x, and all e in
/// a[i:] have e > x.  So if x already appears in the list, a.insert(i, x) will
/// insert just after the rightmost x already there.
///
/// Optional args lo (default 0) and hi (default len(a)) bound the
/// slice of a to be searched.
///
/// A custom key function can be supplied to customize the sort order.
#[pyfunction("bisect_right(a, x, lo=0, hi=None, *, key=None)")]
fn bisect_right(
    cx: &Context,
    a: &Value,
    x: &Value,
    lo: Maybe<&Value>,
    hi: Maybe<&Value>,
    key: Maybe<&Value>,
) -> PyResult<isize> {
    let bounds = range(cx, a, lo, hi)?;
    search(cx, a, x, bounds, given(key), Side::Right)
}

/// Return the index where to insert item x in list a, assuming a is sorted.
///
/// The return value i is such that all e in a[:i] have e < x, and all e in
/// a[i:] have e >= x.  So if x already appears in the list, a.insert(i, x) will
/// insert just before the leftmost x already there.
///
/// Optional args lo (default 0) and hi (default len(a)) bound the
/// slice of a to be searched.
///
/// A custom key function can be supplied to customize the sort order.
#[pyfunction("bisect_left(a, x, lo=0, hi=None, *, key=None)")]
fn bisect_left(
    cx: &Context,
    a: &Value,
    x: &Value,
    lo: Maybe<&Value>,
    hi: Maybe<&Value>,
    key: Maybe<&Value>,
) -> PyResult<isize> {
    let bounds = range(cx, a, lo, hi)?;
    search(cx, a, x, bounds, given(key), Side::Left)
}

/// Insert item x in list a, and keep it sorted assuming a is sorted.
///
/// If x is already in a, insert it to the right of the rightmost x.
///
/// Optional args lo (default 0) and hi (default len(a)) bound the
/// slice of a to be searched.
///
/// A custom key function can be supplied to customize the sort order.
#[pyfunction("insort_right(a, x, lo=0, hi=None, *, key=None)")]
fn insort_right(
    cx: &Context,
    a: &Value,
    x: &Value,
    lo: Maybe<&Value>,
    hi: Maybe<&Value>,
    key: Maybe<&Value>,
) -> PyResult<()> {
    let bounds = range(cx, a, lo, hi)?;
    insert(cx, a, x, bounds, given(key), Side::Right)
}

/// Insert item x in list a, and keep it sorted assuming a is sorted.
///
/// If x is already in a, insert it to the left of the leftmost x.
///
/// Optional args lo (default 0) and hi (default len(a)) bound the
/// slice of a to be searched.
///
/// A custom key function can be supplied to customize the sort order.
#[pyfunction("insort_left(a, x, lo=0, hi=None, *, key=None)")]
fn insort_left(
    cx: &Context,
    a: &Value,
    x: &Value,
    lo: Maybe<&Value>,
    hi: Maybe<&Value>,
    key: Maybe<&Value>,
) -> PyResult<()> {
    let bounds = range(cx, a, lo, hi)?;
    insert(cx, a, x, bounds, given(key), Side::Left)
}
