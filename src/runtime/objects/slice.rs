//! `slice`: what stands between the brackets of `a[start:stop:step]`.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::int;
use crate::objects::str_::StrBuilder;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::index::{self, SliceIndices};
use crate::protocols::{compare, hash, text};
use crate::slots::Comparison;
use crate::value::Value;

const BOUND_MESSAGE: &str = "slice indices must be integers or None or have an __index__ method";

/// The payload of `slice`. The three parts are any objects; None stands for one that was left out.
#[pyclass(
    name = "slice",
    doc = "slice(stop)\nslice(start, stop[, step])\n\nCreate a slice object.\n\nThis is used for extended slicing (e.g. a[0:10:2])."
)]
pub struct Slice {
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}

impl Traverse for Slice {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.start);
        visit(&self.stop);
        visit(&self.step);
    }
}

/// The parts of a slice as numbers, to be applied to a length. The step is not zero.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub start: Option<isize>,
    pub stop: Option<isize>,
    pub step: isize,
}

impl Bounds {
    /// The parts of a slice as numbers. May run Python code (`__index__`).
    ///
    /// # Errors
    /// As [`Slice::bounds`].
    pub fn of(cx: &Context, start: &Value, stop: &Value, step: &Value) -> PyResult<Bounds> {
        let step = match bound(cx, step)? {
            Some(0) => return Err(cx.value_error("slice step cannot be zero")),
            // So that the step can be negated.
            Some(step) => step.max(-isize::MAX),
            None => 1,
        };
        Ok(Bounds {
            start: bound(cx, start)?,
            stop: bound(cx, stop)?,
            step,
        })
    }

    /// What they select from `length` items.
    #[inline]
    pub fn resolve(&self, length: usize) -> SliceIndices {
        index::resolve(self.start, self.stop, self.step, length)
    }
}

impl Slice {
    /// `slice(start, stop, step)`.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(cx: &Context, start: Value, stop: Value, step: Value) -> PyResult<Ref<Slice>> {
        object::new(cx, Slice { start, stop, step })
    }

    /// The parts as numbers. May run Python code (`__index__`).
    ///
    /// # Errors
    /// TypeError when a part is no int, ValueError when the step is zero.
    pub fn bounds(&self, cx: &Context) -> PyResult<Bounds> {
        Bounds::of(cx, &self.start, &self.stop, &self.step)
    }

    /// Start, stop and step for a sequence of `length` items, of any size.
    ///
    /// # Errors
    /// As [`Slice::bounds`].
    pub fn big_indices(&self, cx: &Context, length: &BigInt) -> PyResult<(BigInt, BigInt, BigInt)> {
        let step = match big_bound(cx, &self.step)? {
            Some(step) if step.is_zero() => return Err(cx.value_error("slice step cannot be zero")),
            Some(step) => step,
            None => BigInt::one(),
        };
        let (lowest, highest) = if step.is_negative() {
            (BigInt::from(-1), length - 1)
        } else {
            (BigInt::zero(), length.clone())
        };
        let clamp = |bound: BigInt| {
            let bound = if bound.is_negative() {
                bound + length
            } else {
                bound
            };
            bound
                .max(lowest.clone())
                .min(highest.clone().max(lowest.clone()))
        };
        let (first, last) = if step.is_negative() {
            (highest.clone(), lowest.clone())
        } else {
            (lowest.clone(), highest.clone())
        };
        let start = big_bound(cx, &self.start)?.map_or(first, clamp);
        let stop = big_bound(cx, &self.stop)?.map_or(last, clamp);
        Ok((start, stop, step))
    }

    fn parts(&self) -> [Value; 3] {
        [self.start.clone(), self.stop.clone(), self.step.clone()]
    }
}

fn is_number(value: &Value) -> bool {
    int::is_int(value) || value.class().slots.index.get().is_some()
}

/// A part, clamped to `isize`. `None` for None.
fn bound(cx: &Context, value: &Value) -> PyResult<Option<isize>> {
    if let Some(number) = value.as_small_int() {
        return Ok(Some(number as isize));
    }
    if value.is_none() {
        return Ok(None);
    }
    if !is_number(value) {
        return Err(cx.type_error(BOUND_MESSAGE));
    }
    index::clamped(cx, value).map(Some)
}

fn big_bound(cx: &Context, value: &Value) -> PyResult<Option<BigInt>> {
    if value.is_none() {
        return Ok(None);
    }
    if !is_number(value) {
        return Err(cx.type_error(BOUND_MESSAGE));
    }
    int::index_as_bigint(cx, value).map(Some)
}

#[pymethods]
impl Slice {
    #[slot(new)]
    fn slot_new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("slice() takes no keyword arguments"));
        }
        let (start, stop, step) = match args.values {
            [stop] => (Value::NONE, stop.clone(), Value::NONE),
            [start, stop] => (start.clone(), stop.clone(), Value::NONE),
            [start, stop, step] => (start.clone(), stop.clone(), step.clone()),
            [] => return Err(cx.type_error("slice expected at least 1 argument, got 0")),
            more => {
                return Err(cx.type_error(format!(
                    "slice expected at most 3 arguments, got {}",
                    more.len()
                )));
            }
        };
        Slice::new(cx, start, stop, step).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Slice>) -> PyResult<Value> {
        let [start, stop, step] = this.parts();
        let mut text = StrBuilder::new();
        text.push_text("slice(");
        text.push_str(&*text::repr(cx, &start)?);
        text.push_text(", ");
        text.push_str(&*text::repr(cx, &stop)?);
        text.push_text(", ");
        text.push_str(&*text::repr(cx, &step)?);
        text.push_text(")");
        text.finish_value(cx)
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<Slice>) -> PyResult<i64> {
        let mut hasher = hash::TupleHasher::new();
        for part in &this.parts() {
            hasher.add(hash::hash(cx, part)?);
        }
        Ok(hasher.finish(0))
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Slice>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Slice>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        compare::sequences(cx, &this.parts(), &other.parts(), comparison)
    }

    #[member]
    fn start(_cx: &Context, this: &Ref<Slice>) -> PyResult<Value> {
        Ok(this.start.clone())
    }

    #[member]
    fn stop(_cx: &Context, this: &Ref<Slice>) -> PyResult<Value> {
        Ok(this.stop.clone())
    }

    #[member]
    fn step(_cx: &Context, this: &Ref<Slice>) -> PyResult<Value> {
        Ok(this.step.clone())
    }

    /// S.indices(len) -> (start, stop, stride)
    ///
    /// Assuming a sequence of length len, calculate the start and stop
    /// indices, and the stride length of the extended slice described by
    /// S. Out of bounds indices are clipped in a manner consistent with the
    /// handling of normal slices.
    #[method("indices(self, object, /)")]
    fn indices(cx: &Context, this: &Ref<Slice>, length: &Value) -> PyResult<Ref<Tuple>> {
        let length = int::index_as_bigint(cx, length)?;
        if length.is_negative() {
            return Err(cx.value_error("length should not be negative"));
        }
        let (start, stop, step) = this.big_indices(cx, &length)?;
        let parts = [
            int::from_bigint(cx, start)?,
            int::from_bigint(cx, stop)?,
            int::from_bigint(cx, step)?,
        ];
        Tuple::from_values(cx, &parts)
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Slice>) -> PyResult<Ref<Tuple>> {
        let parts = Tuple::from_values(cx, &this.parts())?.into_value();
        Tuple::from_values(cx, &[Slice::class().to_value(), parts])
    }
}
