//! What Python sees of `deque`.

use std::collections::VecDeque;

use typhon_macros::pymethods;
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::object::Payload;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{StrBuilder, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, compare, index, iterate, text};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::arguments::{as_size, bind, signature, unless_none};

use super::{
    Deque, End, Mutated, extend, find, iterator, length, limit, mutated_iteration, search, snapshot,
};

/// A subscript: which item, not yet checked.
fn item_index(cx: &Context, key: &Value) -> PyResult<isize> {
    if !int::is_int(key) && key.class().slots.index.get().is_none() {
        return Err(cx.type_error(format!(
            "sequence index must be integer, not '{}'",
            key.type_name()
        )));
    }
    index::as_index(cx, key)
}

/// An index that may count from the end, in a deque of this length.
fn wrap(at: isize, length: usize) -> Option<usize> {
    let at = if at < 0 {
        at.checked_add_unsigned(length)?
    } else {
        at
    };
    usize::try_from(at).ok().filter(|at| *at < length)
}

/// A copy that is a plain deque, with the same limit.
fn plain_copy(cx: &Context, this: &Ref<Deque>) -> PyResult<Ref<Deque>> {
    let (items, limit) = this.locked(|ring| (ring.items.clone(), ring.limit));
    let copy = Deque::make(cx, Deque::class(), limit)?;
    copy.locked(|ring| ring.items = items);
    Ok(copy)
}

/// A copy of the same class.
fn copy_of(cx: &Context, this: &Ref<Deque>) -> PyResult<Value> {
    let class = this.class_of();
    if class.is(Deque::class()) {
        return plain_copy(cx, this).map(Ref::into_value);
    }
    let copy = match limit(this) {
        None => call::call(cx, class.as_value(), &[this.to_value()])?,
        Some(limit) => call::call(
            cx,
            class.as_value(),
            &[this.to_value(), limit.into_value(cx)?],
        )?,
    };
    if copy.downcast::<Deque>().is_none() {
        return Err(cx.type_error(format!(
            "{}() must return a deque, not {}",
            class.short_name(),
            copy.type_name()
        )));
    }
    Ok(copy)
}

/// Puts `items * times` in the place of the items, or the last of them that the limit allows.
fn repeat_in_place(cx: &Context, this: &Ref<Deque>, times: isize) -> PyResult<()> {
    let times = times.max(0) as usize;
    let (old, limit) = this.locked(|ring| (ring.items.clone(), ring.limit));
    let total = old.len().checked_mul(times).ok_or_else(|| cx.no_memory())?;
    let kept = total.min(limit.unwrap_or(total));
    let mut items: VecDeque<Value> = VecDeque::new();
    items.try_reserve(kept).map_err(|_| cx.no_memory())?;
    items.extend((total - kept..total).map(|at| old[at % old.len()].clone()));
    let replaced = this.locked(|ring| {
        ring.changes += 1;
        std::mem::replace(&mut ring.items, items)
    });
    drop((replaced, old));
    Ok(())
}

#[pymethods]
impl Deque {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        Deque::make(cx, class, None).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Deque>, args: Args<'_>) -> PyResult<()> {
        let signature = signature!("deque", 0, [iterable = (), maxlen = None], []);
        let [iterable, limit] = bind(cx, signature, args)?;
        let limit = match unless_none(limit) {
            None => None,
            Some(limit) if !int::is_int(limit) => {
                return Err(cx.type_error("an integer is required"));
            }
            Some(limit) => match usize::try_from(as_size(cx, limit)?) {
                Ok(limit) => Some(limit),
                Err(_) => return Err(cx.value_error("maxlen must be non-negative")),
            },
        };
        let old = this.locked(|ring| {
            ring.limit = limit;
            ring.changes += u64::from(!ring.items.is_empty());
            std::mem::take(&mut ring.items)
        });
        drop(old);
        match iterable {
            Some(iterable) => extend(cx, this, iterable, End::Right),
            None => Ok(()),
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Deque>) -> PyResult<Value> {
        let Some(_guard) = text::ReprGuard::enter(cx, this.as_value()) else {
            return "[...]".into_value(cx);
        };
        let mut out = StrBuilder::new();
        out.push_text(&this.class_of().short_name());
        out.push_text("([");
        for (at, item) in snapshot(this).iter().enumerate() {
            if at > 0 {
                out.push_text(", ");
            }
            out.push_str(&*text::repr(cx, item)?);
        }
        match limit(this) {
            Some(limit) => out.push_text(&format!("], maxlen={limit})")),
            None => out.push_text("])"),
        }
        out.finish_value(cx)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Deque>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Deque>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let lengths = (length(this), length(other));
        if this.is(other) {
            match comparison {
                Comparison::Equal => return Ok(Value::TRUE),
                Comparison::NotEqual => return Ok(Value::FALSE),
                _ => {}
            }
        }
        if lengths.0 != lengths.1 && matches!(comparison, Comparison::Equal | Comparison::NotEqual)
        {
            return Ok(Value::from_bool(comparison == Comparison::NotEqual));
        }
        let changes = (
            this.locked(|ring| ring.changes),
            other.locked(|ring| ring.changes),
        );
        let mut at = 0;
        loop {
            let left = this
                .locked(|ring| ring.look(at, changes.0))
                .map_err(|Mutated| mutated_iteration(cx))?;
            let right = other
                .locked(|ring| ring.look(at, changes.1))
                .map_err(|Mutated| mutated_iteration(cx))?;
            match (left, right) {
                (Some(left), Some(right)) => {
                    if !compare::identical_or_equal(cx, &left, &right)? {
                        return match comparison {
                            Comparison::Equal => Ok(Value::FALSE),
                            Comparison::NotEqual => Ok(Value::TRUE),
                            _ => compare::rich(cx, &left, &right, comparison),
                        };
                    }
                }
                _ => {
                    return Ok(Value::from_bool(
                        comparison.accepts(lengths.0.cmp(&lengths.1)),
                    ));
                }
            }
            at += 1;
        }
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Deque>) -> PyResult<Value> {
        iterator::forward(cx, this)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<Deque>) -> PyResult<usize> {
        Ok(length(this))
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Ref<Deque>) -> PyResult<bool> {
        Ok(length(this) > 0)
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<Deque>, item: &Value) -> PyResult<bool> {
        Ok(find(cx, this, item, 0, usize::MAX)?.is_some())
    }

    #[slot(concat)]
    fn concat(cx: &Context, this: &Ref<Deque>, other: &Value) -> PyResult<Value> {
        if other.downcast::<Deque>().is_none() {
            return Err(cx.type_error(format!(
                "can only concatenate deque (not \"{}\") to deque",
                other.type_name()
            )));
        }
        let sum = copy_of(cx, this)?;
        let deque = sum
            .downcast::<Deque>()
            .expect("invariant: copies are deques");
        extend(cx, deque, other, End::Right)?;
        Ok(sum)
    }

    #[slot(inplace_concat)]
    fn inplace_concat(cx: &Context, this: &Ref<Deque>, other: &Value) -> PyResult<Value> {
        extend(cx, this, other, End::Right)?;
        Ok(this.to_value())
    }

    #[slot(repeat)]
    fn repeat(cx: &Context, this: &Ref<Deque>, times: isize) -> PyResult<Value> {
        let copy = copy_of(cx, this)?;
        repeat_in_place(
            cx,
            copy.downcast().expect("invariant: copies are deques"),
            times,
        )?;
        Ok(copy)
    }

    #[slot(inplace_repeat)]
    fn inplace_repeat(cx: &Context, this: &Ref<Deque>, times: isize) -> PyResult<Value> {
        repeat_in_place(cx, this, times)?;
        Ok(this.to_value())
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Deque>, at: isize) -> PyResult<Value> {
        usize::try_from(at)
            .ok()
            .and_then(|at| this.locked(|ring| ring.items.get(at).cloned()))
            .ok_or_else(|| cx.index_error("deque index out of range"))
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Deque>, key: &Value) -> PyResult<Value> {
        let at = item_index(cx, key)?;
        this.locked(|ring| wrap(at, ring.items.len()).map(|at| ring.items[at].clone()))
            .ok_or_else(|| cx.index_error("deque index out of range"))
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<Deque>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let at = item_index(cx, key)?;
        let value = value.cloned();
        let replaced = this.locked(|ring| {
            let at = wrap(at, ring.items.len())?;
            match value {
                Some(value) => Some(std::mem::replace(&mut ring.items[at], value)),
                None => {
                    ring.changes += 1;
                    ring.items.remove(at)
                }
            }
        });
        match replaced {
            Some(_) => Ok(()),
            None => Err(cx.index_error("deque index out of range")),
        }
    }

    /// Add an element to the right side of the deque.
    #[method("append(self, item, /)")]
    fn append(cx: &Context, this: &Ref<Deque>, item: Value) -> PyResult<()> {
        super::append(cx, this, item, End::Right)
    }

    /// Add an element to the left side of the deque.
    #[method("appendleft(self, item, /)")]
    fn appendleft(cx: &Context, this: &Ref<Deque>, item: Value) -> PyResult<()> {
        super::append(cx, this, item, End::Left)
    }

    /// Remove and return the rightmost element.
    #[method("pop(self, /)")]
    fn pop(cx: &Context, this: &Ref<Deque>) -> PyResult<Value> {
        this.locked(|ring| ring.pop(End::Right))
            .ok_or_else(|| cx.index_error("pop from an empty deque"))
    }

    /// Remove and return the leftmost element.
    #[method("popleft(self, /)")]
    fn popleft(cx: &Context, this: &Ref<Deque>) -> PyResult<Value> {
        this.locked(|ring| ring.pop(End::Left))
            .ok_or_else(|| cx.index_error("pop from an empty deque"))
    }

    /// Extend the right side of the deque with elements from the iterable.
    #[method("extend(self, iterable, /)")]
    fn extend(cx: &Context, this: &Ref<Deque>, iterable: &Value) -> PyResult<()> {
        extend(cx, this, iterable, End::Right)
    }

    /// Extend the left side of the deque with elements from the iterable.
    #[method("extendleft(self, iterable, /)")]
    fn extendleft(cx: &Context, this: &Ref<Deque>, iterable: &Value) -> PyResult<()> {
        extend(cx, this, iterable, End::Left)
    }

    /// Remove all elements from the deque.
    #[method("clear(self, /)")]
    fn clear(_cx: &Context, this: &Ref<Deque>) -> PyResult<()> {
        let old = this.locked(|ring| {
            ring.changes += u64::from(!ring.items.is_empty());
            std::mem::take(&mut ring.items)
        });
        drop(old);
        Ok(())
    }

    /// Return a shallow copy of a deque.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<Deque>) -> PyResult<Value> {
        copy_of(cx, this)
    }

    /// Return a shallow copy of a deque.
    #[method("__copy__(self, /)")]
    fn dunder_copy(cx: &Context, this: &Ref<Deque>) -> PyResult<Value> {
        copy_of(cx, this)
    }

    /// Return number of occurrences of value.
    #[method("count(self, value, /)")]
    fn count(cx: &Context, this: &Ref<Deque>, value: &Value) -> PyResult<usize> {
        let mut count = 0;
        let counting = |item: &Value| {
            count += usize::from(compare::identical_or_equal(cx, item, value)?);
            Ok(false)
        };
        search(cx, this, 0, usize::MAX, counting, mutated_iteration)?;
        Ok(count)
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[method("index(self, value, start=0, stop=9223372036854775807, /)")]
    fn index(
        cx: &Context,
        this: &Ref<Deque>,
        value: &Value,
        start: Maybe<&Value>,
        stop: Maybe<&Value>,
    ) -> PyResult<usize> {
        let (start, stop) = index::search_range(cx, start.0, stop.0, length(this))?;
        find(cx, this, value, start, stop)?
            .ok_or_else(|| cx.value_error("deque.index(x): x not in deque"))
    }

    /// Insert value before index.
    #[method("insert(self, index, value, /)")]
    fn insert(cx: &Context, this: &Ref<Deque>, index: &Value, value: Value) -> PyResult<()> {
        let at = as_size(cx, index)?;
        let refused = this.locked(|ring| {
            let length = ring.items.len();
            if ring.limit == Some(length) {
                return Some(value);
            }
            let at = if at < 0 {
                at.saturating_add_unsigned(length).max(0)
            } else {
                at
            };
            ring.changes += 1;
            ring.items.insert((at as usize).min(length), value);
            None
        });
        match refused {
            None => Ok(()),
            Some(_) => Err(cx.index_error("deque already at its maximum size")),
        }
    }

    /// Remove first occurrence of value.
    #[method("remove(self, value, /)")]
    fn remove(cx: &Context, this: &Ref<Deque>, value: &Value) -> PyResult<()> {
        let mutated = |cx: &Context| cx.index_error("deque mutated during remove().");
        let changes = this.locked(|ring| ring.changes);
        let is_wanted = |item: &Value| compare::identical_or_equal(cx, item, value);
        let Some(at) = search(cx, this, 0, usize::MAX, is_wanted, mutated)? else {
            return Err(cx.value_error("deque.remove(x): x not in deque"));
        };
        let removed = this.locked(|ring| {
            if ring.changes != changes {
                return None;
            }
            ring.changes += 1;
            ring.items.remove(at)
        });
        if removed.is_some() {
            Ok(())
        } else {
            Err(mutated(cx))
        }
    }

    /// Reverse *IN PLACE*.
    #[method("reverse(self, /)")]
    fn reverse(_cx: &Context, this: &Ref<Deque>) -> PyResult<()> {
        this.locked(|ring| ring.items.make_contiguous().reverse());
        Ok(())
    }

    /// Rotate the deque n steps to the right.  If n is negative, rotates left.
    #[method("rotate(self, n=1, /)")]
    fn rotate(cx: &Context, this: &Ref<Deque>, n: Maybe<&Value>) -> PyResult<()> {
        let steps = match n.0 {
            Some(n) => as_size(cx, n)?,
            None => 1,
        };
        this.locked(|ring| {
            let length = ring.items.len();
            if length > 1 {
                ring.changes += 1;
                ring.items
                    .rotate_right(steps.rem_euclid(length as isize) as usize);
            }
        });
        Ok(())
    }

    /// Return a reverse iterator over the deque.
    #[method("__reversed__(self, /)")]
    fn reversed(cx: &Context, this: &Ref<Deque>) -> PyResult<Value> {
        iterator::backward(cx, this)
    }

    /// Return the size of the deque in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Deque>) -> PyResult<usize> {
        let capacity = this.locked(|ring| ring.items.capacity());
        Ok(this.class_of().root_shape().instance_size(0) + capacity * size_of::<Value>())
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Deque>) -> PyResult<Ref<Tuple>> {
        let state = call::call_method(cx, this.as_value(), names::dunder_getstate(), &[])?;
        let items = iterate::iter(cx, this.as_value())?;
        let arguments = match limit(this) {
            None => Tuple::empty(),
            Some(limit) => {
                Tuple::from_values(cx, &[Tuple::empty().into_value(), limit.into_value(cx)?])?
            }
        };
        Tuple::from_values(
            cx,
            &[
                this.class_of().to_value(),
                arguments.into_value(),
                state,
                items,
            ],
        )
    }

    /// maximum size of a deque or None if unbounded
    #[getter]
    fn maxlen(_cx: &Context, this: &Ref<Deque>) -> PyResult<Option<usize>> {
        Ok(limit(this))
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        typhon_runtime::objects::generic_alias::alias(cx, class, object)
    }
}
