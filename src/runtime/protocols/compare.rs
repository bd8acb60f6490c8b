//! Rich comparison (PEP 207).
//!
//! The right operand goes first when its class is derived from the left one's; then left, then
//! right. Without an answer `==` and `!=` fall back to identity, the others raise TypeError.

use std::cmp::Ordering;

use crate::context::Context;
use crate::error::PyResult;
use crate::objects::int;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::slots::Comparison;
use crate::value::Value;

/// The answer for two tagged ints or two inline floats, the commonest operands.
#[inline(always)]
pub fn rich_fast(left: &Value, right: &Value, comparison: Comparison) -> Option<bool> {
    if let (Some(left), Some(right)) = (left.as_small_int(), right.as_small_int()) {
        return Some(comparison.accepts(left.cmp(&right)));
    }
    if let (Some(left), Some(right)) = (left.as_inline_float(), right.as_inline_float()) {
        return Some(of_floats(left, right, comparison));
    }
    None
}

/// [`rich_fast`] by the outcomes that the operator accepts, the low bits of `COMPARE_OP`'s argument.
#[inline(always)]
pub fn outcome_fast(left: &Value, right: &Value, outcomes: u32) -> Option<bool> {
    const UNORDERED: u32 = 1;
    const LESS: u32 = 2;
    const GREATER: u32 = 4;
    const EQUAL: u32 = 8;
    let ordering = match left.small_ordering(right) {
        Some(ordering) => Some(ordering),
        None => left
            .as_inline_float()?
            .partial_cmp(&right.as_inline_float()?),
    };
    let outcome = match ordering {
        Some(Ordering::Less) => LESS,
        Some(Ordering::Greater) => GREATER,
        Some(Ordering::Equal) => EQUAL,
        None => UNORDERED,
    };
    Some(outcomes & outcome != 0)
}

/// [`outcome_fast`], and [`plain_decided`], by `COMPARE_OP`'s argument.
#[inline(always)]
pub fn operands_fast(left: &Value, right: &Value, argument: u32) -> Option<bool> {
    outcome_fast(left, right, argument)
        .or_else(|| plain_decided(left, right, Comparison::from_number(argument >> 5)))
}

/// The answer for floats, NaN included.
#[inline]
pub fn of_floats(left: f64, right: f64, comparison: Comparison) -> bool {
    match left.partial_cmp(&right) {
        Some(ordering) => comparison.accepts(ordering),
        None => comparison == Comparison::NotEqual,
    }
}

/// `left <comparison> right`: any object.
///
/// # Errors
/// TypeError when the operands have no order, and what their methods raise.
#[inline]
pub fn rich(cx: &Context, left: &Value, right: &Value, comparison: Comparison) -> PyResult<Value> {
    match rich_fast(left, right, comparison) {
        Some(answer) => Ok(Value::from_bool(answer)),
        None => rich_slow(cx, left, right, comparison),
    }
}

/// The answer for two strings, and for an int beside a float.
#[inline]
pub fn plain_decided(left: &Value, right: &Value, comparison: Comparison) -> Option<bool> {
    let Some(left_text) = left.downcast_exact::<Str>() else {
        return Some(of_floats(as_float(left)?, as_float(right)?, comparison));
    };
    let (left, right) = (left_text, right.downcast_exact::<Str>()?);
    Some(match comparison {
        Comparison::Equal => left.equals_str(right),
        Comparison::NotEqual => !left.equals_str(right),
        _ => comparison.accepts(left.order(right)),
    })
}

/// The number in the word, if a float can be it exactly.
fn as_float(value: &Value) -> Option<f64> {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
    let exact = |number: &i64| number.unsigned_abs() <= EXACT;
    match value.as_inline_float() {
        Some(number) => Some(number),
        None => value
            .as_small_int()
            .filter(exact)
            .map(|number| number as f64),
    }
}

fn rich_slow(cx: &Context, left: &Value, right: &Value, comparison: Comparison) -> PyResult<Value> {
    if let Some(answer) = plain_decided(left, right, comparison) {
        return Ok(Value::from_bool(answer));
    }
    rich_by_methods(cx, left, right, comparison)
}

/// The answer for two tuples, when their first items that differ are small ints, floats or strings.
fn tuples_decided(left: &Value, right: &Value, comparison: Comparison) -> Option<bool> {
    let left = left.downcast_exact::<Tuple>()?.as_slice();
    let right = right.downcast_exact::<Tuple>()?.as_slice();
    if left.len() != right.len() && matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        return Some(comparison == Comparison::NotEqual);
    }
    for (left, right) in left.iter().zip(right) {
        if !items_equal(left, right)? {
            return match comparison {
                Comparison::Equal => Some(false),
                Comparison::NotEqual => Some(true),
                _ => rich_fast(left, right, comparison)
                    .or_else(|| plain_order(left, right).map(|order| comparison.accepts(order))),
            };
        }
    }
    Some(comparison.accepts(left.len().cmp(&right.len())))
}

/// [`rich`] by the operands' classes alone: for those who tried [`rich_fast`] and [`plain_decided`].
///
/// # Errors
/// As [`rich`].
pub(crate) fn rich_by_methods(
    cx: &Context,
    left: &Value,
    right: &Value,
    comparison: Comparison,
) -> PyResult<Value> {
    if let Some(answer) = tuples_decided(left, right, comparison) {
        return Ok(Value::from_bool(answer));
    }
    cx.nested(" in comparison", || {
        let left_class = left.class();
        let right_class = right.class();
        let mut reflected_tried = false;
        if !left_class.is(right_class)
            && right_class.is_subclass(left_class)
            && let Some(compare) = right_class.slots.compare.get()
        {
            reflected_tried = true;
            let answer = compare(cx, right, left, comparison.reflected())?;
            if !answer.is_not_implemented() {
                return Ok(answer);
            }
        }
        if let Some(compare) = left_class.slots.compare.get() {
            let answer = compare(cx, left, right, comparison)?;
            if !answer.is_not_implemented() {
                return Ok(answer);
            }
        }
        if !reflected_tried && let Some(compare) = right_class.slots.compare.get() {
            let answer = compare(cx, right, left, comparison.reflected())?;
            if !answer.is_not_implemented() {
                return Ok(answer);
            }
        }
        match comparison {
            Comparison::Equal => Ok(Value::from_bool(left.is(right))),
            Comparison::NotEqual => Ok(Value::from_bool(!left.is(right))),
            _ => Err(cx.type_error(format!(
                "'{}' not supported between instances of '{}' and '{}'",
                comparison.symbol(),
                left.type_name(),
                right.type_name()
            ))),
        }
    })
}

/// Truth of `left <comparison> right`.
///
/// # Errors
/// What the comparison and the truth of its answer raise.
#[inline]
pub fn holds(cx: &Context, left: &Value, right: &Value, comparison: Comparison) -> PyResult<bool> {
    match rich_fast(left, right, comparison) {
        Some(answer) => Ok(answer),
        None => rich_slow(cx, left, right, comparison)?.truth(cx),
    }
}

/// Truth of `left == right`.
///
/// # Errors
/// What the comparison raises.
#[inline]
pub fn equal(cx: &Context, left: &Value, right: &Value) -> PyResult<bool> {
    holds(cx, left, right, Comparison::Equal)
}

/// Truth of `left is right or left == right`: what containers mean by "the same item".
///
/// # Errors
/// What the comparison raises.
#[inline]
pub fn identical_or_equal(cx: &Context, left: &Value, right: &Value) -> PyResult<bool> {
    // A NaN in the word is identical to itself as well: two words with equal bits are one object.
    if left.is(right) {
        Ok(true)
    } else {
        equal(cx, left, right)
    }
}

/// Truth of `left < right`.
///
/// # Errors
/// What the comparison raises.
#[inline]
pub fn less_than(cx: &Context, left: &Value, right: &Value) -> PyResult<bool> {
    holds(cx, left, right, Comparison::Less)
}

/// Lexicographic comparison of sequences.
///
/// # Errors
/// What the comparison of items raises.
pub fn sequences(
    cx: &Context,
    left: &[Value],
    right: &[Value],
    comparison: Comparison,
) -> PyResult<Value> {
    if left.len() != right.len() && matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        return Ok(Value::from_bool(comparison == Comparison::NotEqual));
    }
    for (left, right) in left.iter().zip(right) {
        if !identical_or_equal(cx, left, right)? {
            return match comparison {
                Comparison::Equal => Ok(Value::FALSE),
                Comparison::NotEqual => Ok(Value::TRUE),
                _ => rich(cx, left, right, comparison),
            };
        }
    }
    Ok(Value::from_bool(
        comparison.accepts(left.len().cmp(&right.len())),
    ))
}

/// Whether two keys of equal hash are the same, when that can be told without running Python code:
/// small ints, strings, floats, and tuples of those. `None` when it cannot.
pub fn keys_equal(left: &Value, right: &Value) -> Option<bool> {
    if let (Some(left), Some(right)) = (
        left.downcast_exact::<Tuple>(),
        right.downcast_exact::<Tuple>(),
    ) {
        if left.len() != right.len() {
            return Some(false);
        }
        let mut pairs = left.as_slice().iter().zip(right.as_slice());
        // The first pair that differs decides, as in comparing tuples.
        return pairs
            .find_map(|(left, right)| match items_equal(left, right) {
                Some(true) => None,
                other => Some(other),
            })
            .unwrap_or(Some(true));
    }
    items_equal(left, right)
}

/// As [`keys_equal`], for what is no tuple.
#[inline]
pub(crate) fn items_equal(left: &Value, right: &Value) -> Option<bool> {
    if left.is(right) {
        return Some(true);
    }
    rich_fast(left, right, Comparison::Equal)
        .or_else(|| plain_decided(left, right, Comparison::Equal))
}

/// Compares exact ints and strings without a context; `None` for other types. For sorting, which
/// looks for a common type of its keys first.
#[inline]
pub fn plain_order(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (left.as_small_int(), right.as_small_int()) {
        return Some(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.downcast_exact::<Str>(), right.downcast_exact::<Str>())
    {
        return Some(left.order(right));
    }
    if int::is_exact(left) && int::is_exact(right) {
        return Some(int::view(left)?.compare(&int::view(right)?));
    }
    None
}
