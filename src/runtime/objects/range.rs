//! `range`: an arithmetic progression of ints of any size, and its iterators.
//!
//! A range whose numbers all fit 64 bits has them once more in `small`; everything but printing goes
//! by that if it is there, and by big integers if not.

use std::sync::atomic::{AtomicUsize, Ordering};

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::guarded::{Guarded, Lockable};
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::int;
use crate::objects::iterators::{builtin, reduced};
use crate::objects::slice::Slice;
use crate::objects::type_::Type;
use crate::protocols::{compare, hash, index, iterate, number, text};
use crate::slots::Comparison;
use crate::value::Value;

/// The payload of `range`.
#[pyclass(
    name = "range",
    flags(SEQUENCE),
    doc = "range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\nReturn an object that produces a sequence of integers from start (inclusive)\nto stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, ..., j-1.\nstart defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.\nThese are exactly the valid indices for a list of 4 elements.\nWhen step is given, it specifies the increment (or decrement)."
)]
pub struct Range {
    start: Value,
    stop: Value,
    step: Value,
    length: Value,
    small: Option<Progression>,
}

/// `start`, `start + step`, … `length` numbers, each of which fits 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progression {
    pub start: i64,
    pub step: i64,
    pub length: usize,
}

impl Progression {
    /// The numbers from `start` to `stop`. `None` when there are too many.
    pub fn between(start: i64, stop: i64, step: i64) -> Option<Progression> {
        let distance = if step > 0 {
            stop as i128 - start as i128
        } else {
            start as i128 - stop as i128
        };
        let length = if distance <= 0 {
            0
        } else {
            (distance - 1) / (step as i128).abs() + 1
        };
        if length > isize::MAX as i128 {
            return None;
        }
        Some(Progression {
            start,
            step,
            length: length as usize,
        })
    }

    /// Whether `stop` and every sum on the way to it fit 64 bits; other ranges are iterated over as
    /// those of large ints are.
    fn ends_in_range(&self, stop: &Value) -> bool {
        let Some(stop) = int::view(stop).and_then(int::View::to_i64) else {
            return false;
        };
        if self.step > 0 {
            stop <= i64::MAX - (self.step - 1)
        } else {
            stop >= i64::MIN + (-1 - self.step)
        }
    }

    /// Number `index`, below `length`.
    #[inline(always)]
    pub fn at(&self, index: usize) -> i64 {
        // The multiplication may wrap where the sum does not: all numbers in the range fit.
        self.start
            .wrapping_add((index as i64).wrapping_mul(self.step))
    }

    fn position_of(&self, number: i64) -> Option<usize> {
        let distance = number as i128 - self.start as i128;
        let step = self.step as i128;
        if distance % step != 0 {
            return None;
        }
        usize::try_from(distance / step)
            .ok()
            .filter(|&position| position < self.length)
    }
}

/// A progression of any ints.
#[derive(Clone, Debug)]
struct LongProgression {
    start: BigInt,
    step: BigInt,
    length: BigInt,
}

impl LongProgression {
    fn at(&self, index: &BigInt) -> BigInt {
        &self.start + index * &self.step
    }

    fn position_of(&self, number: &BigInt) -> Option<BigInt> {
        let distance = number - &self.start;
        let rest = &distance % &self.step;
        let position = distance / &self.step;
        (rest.is_zero() && !position.is_negative() && position < self.length).then_some(position)
    }
}

impl Traverse for Range {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for part in [&self.start, &self.stop, &self.step, &self.length] {
            visit(part);
        }
    }
}

fn big(value: &Value) -> BigInt {
    int::as_bigint(value)
        .expect("invariant: the parts of a range are ints")
        .into_owned()
}

fn small(value: &Value) -> Option<i64> {
    int::view(value).and_then(int::View::to_i64)
}

impl Range {
    /// `range(start, stop, step)` of ints; the step is not zero.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_values(
        cx: &Context,
        start: Value,
        stop: Value,
        step: Value,
    ) -> PyResult<Ref<Range>> {
        let progression = match (small(&start), small(&stop), small(&step)) {
            (Some(start), Some(stop), Some(step)) => Progression::between(start, stop, step),
            _ => None,
        };
        let length = match progression {
            Some(progression) => int::from_i64(cx, progression.length as i64)?,
            None => {
                let (first, last, by) = (big(&start), big(&stop), big(&step));
                let distance = if by.is_negative() {
                    &first - &last
                } else {
                    &last - &first
                };
                let length = if distance.is_positive() {
                    (distance - BigInt::one()) / by.abs() + BigInt::one()
                } else {
                    BigInt::zero()
                };
                int::from_bigint(cx, length)?
            }
        };
        object::new(
            cx,
            Range {
                start,
                stop,
                step,
                length,
                small: progression,
            },
        )
    }

    /// `range(start, stop, step)`.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(cx: &Context, start: i64, stop: i64, step: i64) -> PyResult<Ref<Range>> {
        Range::from_values(
            cx,
            int::from_i64(cx, start)?,
            int::from_i64(cx, stop)?,
            int::from_i64(cx, step)?,
        )
    }

    fn from_bigs(cx: &Context, start: BigInt, stop: BigInt, step: BigInt) -> PyResult<Ref<Range>> {
        Range::from_values(
            cx,
            int::from_bigint(cx, start)?,
            int::from_bigint(cx, stop)?,
            int::from_bigint(cx, step)?,
        )
    }

    /// The numbers, if they fit 64 bits.
    pub fn progression(&self) -> Option<Progression> {
        self.small
    }

    fn long(&self) -> LongProgression {
        LongProgression {
            start: big(&self.start),
            step: big(&self.step),
            length: big(&self.length),
        }
    }

    /// Where the int `number` is.
    fn position_of(&self, cx: &Context, number: &Value) -> PyResult<Option<Value>> {
        if let (Some(progression), Some(number)) = (self.small, small(number)) {
            let position = progression.position_of(number);
            return position
                .map(|position| int::from_i64(cx, position as i64))
                .transpose();
        }
        self.long()
            .position_of(&big(number))
            .map(|position| int::from_bigint(cx, position))
            .transpose()
    }

    /// Item `at`, which may count from the end.
    fn item_at(&self, cx: &Context, at: &Value) -> PyResult<Value> {
        let out_of_range = || cx.index_error("range object index out of range");
        if let (Some(progression), Some(at)) = (self.small, small(at)) {
            let at = if at < 0 {
                at.saturating_add(progression.length as i64)
            } else {
                at
            };
            let at = usize::try_from(at)
                .ok()
                .filter(|&at| at < progression.length)
                .ok_or_else(out_of_range)?;
            return int::from_i64(cx, progression.at(at));
        }
        let long = self.long();
        let mut at = big(at);
        if at.is_negative() {
            at += &long.length;
        }
        if at.is_negative() || at >= long.length {
            return Err(out_of_range());
        }
        int::from_bigint(cx, long.at(&at))
    }

    fn parts(&self) -> [Value; 3] {
        [self.start.clone(), self.stop.clone(), self.step.clone()]
    }
}

/// Whether the value is an `int` or a `bool`, and not of a class that may compare otherwise.
fn is_plain_int(value: &Value) -> bool {
    int::is_exact(value) || value.as_bool().is_some()
}

#[pymethods]
impl Range {
    #[slot(new)]
    fn slot_new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("range() takes no keyword arguments"));
        }
        let one = || int::from_i64(cx, 1);
        let range = match args.values {
            [stop] => {
                let stop = number::index(cx, stop)?;
                Range::from_values(cx, int::from_i64(cx, 0)?, stop, one()?)
            }
            [start, stop] => {
                let start = number::index(cx, start)?;
                let stop = number::index(cx, stop)?;
                Range::from_values(cx, start, stop, one()?)
            }
            [start, stop, step] => {
                let start = number::index(cx, start)?;
                let stop = number::index(cx, stop)?;
                let step = number::index(cx, step)?;
                if small(&step) == Some(0) {
                    return Err(cx.value_error("range() arg 3 must not be zero"));
                }
                Range::from_values(cx, start, stop, step)
            }
            [] => return Err(cx.type_error("range expected at least 1 argument, got 0")),
            more => {
                return Err(cx.type_error(format!(
                    "range expected at most 3 arguments, got {}",
                    more.len()
                )));
            }
        };
        range.map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Range>) -> PyResult<Value> {
        let parts = this.parts();
        let shown = if small(&this.step) == Some(1) {
            &parts[..2]
        } else {
            &parts[..]
        };
        text::repr_sequence(cx, this.as_value(), shown, "range(", ")", "range(...)")
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<Range>) -> PyResult<i64> {
        let [start, _, step] = this.parts();
        let length = this.length.clone();
        let key = match small(&length) {
            Some(0) => [length, Value::NONE, Value::NONE],
            Some(1) => [length, start, Value::NONE],
            _ => [length, start, step],
        };
        hash::hash_tuple(cx, &key)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Range>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let Some(other) = other.downcast::<Range>().filter(|_| equality) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same = if !compare::equal(cx, &this.length, &other.length)? {
            false
        } else {
            match small(&this.length) {
                Some(0) => true,
                Some(1) => compare::equal(cx, &this.start, &other.start)?,
                _ => {
                    compare::equal(cx, &this.start, &other.start)?
                        && compare::equal(cx, &this.step, &other.step)?
                }
            }
        };
        Ok(Value::from_bool(same == (comparison == Comparison::Equal)))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Range>) -> PyResult<Value> {
        match this.small {
            Some(progression) if progression.ends_in_range(&this.stop) => {
                RangeIterator::over(cx, progression)
            }
            _ => LongRangeIterator::over(cx, this.long()),
        }
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Ref<Range>) -> PyResult<bool> {
        Ok(small(&this.length) != Some(0))
    }

    #[slot(length)]
    fn length(cx: &Context, this: &Ref<Range>) -> PyResult<usize> {
        match small(&this.length) {
            Some(length) => Ok(length as usize),
            None => Err(cx.overflow_error("Python int too large to convert to C ssize_t")),
        }
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<Range>, item: &Value) -> PyResult<bool> {
        if is_plain_int(item) {
            return Ok(this.position_of(cx, item)?.is_some());
        }
        let iterator = iterate::iter(cx, this.as_value())?;
        while let Some(own) = iterate::next(cx, &iterator)? {
            if compare::identical_or_equal(cx, &own, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Range>, at: isize) -> PyResult<Value> {
        this.item_at(cx, &int::from_i64(cx, at as i64)?)
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Range>, key: &Value) -> PyResult<Value> {
        if let Some(slice) = key.downcast::<Slice>() {
            let long = this.long();
            let (start, stop, step) = slice.big_indices(cx, &long.length)?;
            let range = Range::from_bigs(cx, long.at(&start), long.at(&stop), &long.step * step)?;
            return Ok(range.into_value());
        }
        if int::is_int(key) || key.class().slots.index.get().is_some() {
            return this.item_at(cx, &number::index(cx, key)?);
        }
        Err(index::wrong_key(cx, key, "range"))
    }

    #[member]
    fn start(_cx: &Context, this: &Ref<Range>) -> PyResult<Value> {
        Ok(this.start.clone())
    }

    #[member]
    fn stop(_cx: &Context, this: &Ref<Range>) -> PyResult<Value> {
        Ok(this.stop.clone())
    }

    #[member]
    fn step(_cx: &Context, this: &Ref<Range>) -> PyResult<Value> {
        Ok(this.step.clone())
    }

    /// Return a reverse iterator.
    #[method("__reversed__(self, /)")]
    fn reversed(cx: &Context, this: &Ref<Range>) -> PyResult<Value> {
        if let Some(progression) = this.small
            && let Some(step) = progression.step.checked_neg()
        {
            let start = if progression.length == 0 {
                progression.start
            } else {
                progression.at(progression.length - 1)
            };
            return RangeIterator::over(
                cx,
                Progression {
                    start,
                    step,
                    length: progression.length,
                },
            );
        }
        let long = this.long();
        let start = if long.length.is_zero() {
            long.start.clone()
        } else {
            long.at(&(&long.length - BigInt::one()))
        };
        LongRangeIterator::over(
            cx,
            LongProgression {
                start,
                step: -long.step,
                length: long.length,
            },
        )
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Range>) -> PyResult<Value> {
        reduced(cx, Range::class().to_value(), &this.parts(), None)
    }

    /// rangeobject.count(value) -> integer -- return number of occurrences of value
    #[method("count(self, object, /)")]
    fn count(cx: &Context, this: &Ref<Range>, object: &Value) -> PyResult<usize> {
        if is_plain_int(object) {
            return Ok(usize::from(this.position_of(cx, object)?.is_some()));
        }
        let iterator = iterate::iter(cx, this.as_value())?;
        let mut count = 0;
        while let Some(own) = iterate::next(cx, &iterator)? {
            count += usize::from(compare::identical_or_equal(cx, &own, object)?);
        }
        Ok(count)
    }

    /// rangeobject.index(value) -> integer -- return index of value.
    /// Raise ValueError if the value is not present.
    #[method("index(self, object, /)")]
    fn index(cx: &Context, this: &Ref<Range>, object: &Value) -> PyResult<Value> {
        if is_plain_int(object) {
            return match this.position_of(cx, object)? {
                Some(position) => Ok(position),
                None => Err(cx.value_error("range.index(x): x not in range")),
            };
        }
        let iterator = iterate::iter(cx, this.as_value())?;
        let mut at = 0;
        while let Some(own) = iterate::next(cx, &iterator)? {
            if compare::identical_or_equal(cx, &own, object)? {
                return int::from_i64(cx, at);
            }
            at += 1;
        }
        Err(cx.value_error("sequence.index(x): x not in sequence"))
    }
}

/// `range_iterator`: over numbers that fit 64 bits.
#[pyclass(name = "range_iterator", flags(DISALLOW_INSTANTIATION), plain)]
#[repr(C)]
pub struct RangeIterator {
    progression: Progression,
    position: AtomicUsize,
}

impl RangeIterator {
    /// An iterator over `progression`.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn over(cx: &Context, progression: Progression) -> PyResult<Value> {
        object::new(
            cx,
            RangeIterator {
                progression,
                position: AtomicUsize::new(0),
            },
        )
        .map(Ref::into_value)
    }

    /// The next number.
    #[inline(always)]
    pub fn advance(&self) -> Option<i64> {
        let position = self.position.load(Ordering::Relaxed);
        if position >= self.progression.length {
            return None;
        }
        self.position.store(position + 1, Ordering::Relaxed);
        Some(self.progression.at(position))
    }
}

#[pymethods]
impl RangeIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<RangeIterator>) -> PyResult<Option<Value>> {
        this.advance()
            .map(|number| int::from_i64(cx, number))
            .transpose()
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(_cx: &Context, this: &Ref<RangeIterator>) -> PyResult<usize> {
        Ok(this
            .progression
            .length
            .saturating_sub(this.position.load(Ordering::Relaxed)))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<RangeIterator>) -> PyResult<Value> {
        let Progression {
            start,
            step,
            length,
        } = this.progression;
        let position = this.position.load(Ordering::Relaxed);
        let at = |index: usize| int::from_i128(cx, start as i128 + index as i128 * step as i128);
        let rest = Range::from_values(cx, at(position)?, at(length)?, int::from_i64(cx, step)?)?;
        reduced(
            cx,
            builtin(cx, "iter")?,
            &[rest.into_value()],
            Some(Value::NONE),
        )
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(_cx: &Context, this: &Ref<RangeIterator>, state: i64) -> PyResult<()> {
        let position = (state.max(0) as usize).min(this.progression.length);
        this.position.store(position, Ordering::Relaxed);
        Ok(())
    }
}

/// `longrange_iterator`: over ints of any size.
#[pyclass(name = "longrange_iterator", flags(DISALLOW_INSTANTIATION), plain)]
pub struct LongRangeIterator {
    progression: LongProgression,
    position: Guarded<BigInt>,
}

impl Lockable for LongRangeIterator {
    type State = BigInt;
    fn guarded(&self) -> &Guarded<BigInt> {
        &self.position
    }
}

impl LongRangeIterator {
    fn over(cx: &Context, progression: LongProgression) -> PyResult<Value> {
        let iterator = LongRangeIterator {
            progression,
            position: Guarded::new(BigInt::zero()),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }
}

#[pymethods]
impl LongRangeIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<LongRangeIterator>) -> PyResult<Option<Value>> {
        let number = this.locked(|position| {
            if *position >= this.progression.length {
                return None;
            }
            let number = this.progression.at(position);
            *position += 1;
            Some(number)
        });
        number
            .map(|number| int::from_bigint(cx, number))
            .transpose()
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(cx: &Context, this: &Ref<LongRangeIterator>) -> PyResult<Value> {
        let left = this.locked(|position| &this.progression.length - &*position);
        int::from_bigint(cx, left)
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<LongRangeIterator>) -> PyResult<Value> {
        let position = this.locked(|position| position.clone());
        let progression = &this.progression;
        let rest = Range::from_bigs(
            cx,
            progression.at(&position),
            progression.at(&progression.length),
            progression.step.clone(),
        )?;
        reduced(
            cx,
            builtin(cx, "iter")?,
            &[rest.into_value()],
            Some(Value::NONE),
        )
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Ref<LongRangeIterator>, state: &Value) -> PyResult<()> {
        let Some(state) = int::as_bigint(state) else {
            return Err(cx.type_error(format!("state must be an int, not {}", state.type_name())));
        };
        let state = state
            .into_owned()
            .max(BigInt::zero())
            .min(this.progression.length.clone());
        this.locked(|position| *position = state);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (start, stop, step, length) in [
            (0, 5, 1, 5),
            (5, 0, 1, 0),
            (5, 0, -2, 3),
            (0, 7, 3, 3),
            (i64::MIN, i64::MIN + 2, 1, 2),
            (0, 1, i64::MAX, 1),
        ] {
            assert_eq!(
                Progression::between(start, stop, step).map(|p| p.length),
                Some(length)
            );
        }
        assert_eq!(Progression::between(i64::MIN, i64::MAX, 1), None);
        assert_eq!(
            Progression::between(i64::MIN, i64::MAX, i64::MAX).map(|p| p.at(2)),
            Some(i64::MAX - 1)
        );
    }

    #[test]
    fn positions() {
        let progression = Progression::between(10, 0, -3).unwrap();
        assert_eq!(progression.position_of(4), Some(2));
        assert_eq!(progression.position_of(5), None);
        assert_eq!(progression.position_of(13), None);
        assert_eq!(progression.position_of(-2), None);
    }
}
