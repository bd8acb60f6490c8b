//! `count`, `cycle`, `repeat`: iterators that need not end.

use std::sync::atomic::{AtomicI64, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Parameter, Signature};
use typhon_runtime::field::Field;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::float::Float;
use typhon_runtime::objects::str_::StrBuilder;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{complex, int};
use typhon_runtime::protocols::number::{self, BinaryOperator};
use typhon_runtime::protocols::{iterate, text};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::{by_name, exactly, size};

/// The payload of `count`.
///
/// While `next` and `step` are small ints, the number to be yielded is `fast`: each call adds `step`.
/// Otherwise, and from the first call that finds `fast` outside of its range on, it is `slow`.
#[pyclass(
    name = "count",
    module = "itertools",
    flags(BASETYPE),
    signature = "(start=0, step=1)",
    doc = "Return a count object whose .__next__() method returns consecutive values.\n\nEquivalent to:\n    def count(firstval=0, step=1):\n        x = firstval\n        while 1:\n            yield x\n            x += step"
)]
pub struct Count {
    fast: AtomicI64,
    /// `step` as a number, 0 when only `slow` counts.
    fast_step: i64,
    step: Value,
    slow: Guarded<Option<Value>>,
}

/// Where `fast` may be. Far enough from the ends of `i64` that all threads may add a step beyond it.
const FAST_RANGE: std::ops::Range<i64> = -(1 << 60)..1 << 60;
/// The longest fast step.
const FAST_STEP: i64 = 1 << 40;

impl Lockable for Count {
    type State = Option<Value>;
    fn guarded(&self) -> &Guarded<Option<Value>> {
        &self.slow
    }
}

impl Traverse for Count {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.step);
        self.slow.while_stopped().iter().for_each(visit);
    }
}

/// What `PyNumber_Check` says.
fn is_number(value: &Value) -> bool {
    let slots = &value.class().slots;
    slots.index.get().is_some()
        || slots.int.get().is_some()
        || slots.float.get().is_some()
        || value.downcast::<complex::Complex>().is_some()
        || value.downcast::<Float>().is_some()
}

impl Count {
    /// The number that comes next, while it is `fast`.
    fn fast_number(&self) -> Option<i64> {
        let number = self.fast.load(Ordering::Relaxed);
        (self.fast_step != 0 && FAST_RANGE.contains(&number)).then_some(number)
    }

    /// The object that comes next, when it is not `fast`.
    fn slow_number(cx: &Context, this: &Ref<Count>) -> PyResult<Value> {
        if let Some(known) = this.locked(|slow| slow.clone()) {
            return Ok(known);
        }
        let first = int::from_i64(cx, this.fast.load(Ordering::Relaxed))?;
        Ok(this.locked(|slow| slow.get_or_insert(first).clone()))
    }

    #[cold]
    fn next_slow(cx: &Context, this: &Ref<Count>) -> PyResult<Value> {
        loop {
            let current = Count::slow_number(cx, this)?;
            let following = number::binary(cx, BinaryOperator::Add, &current, &this.step)?;
            // Another thread may have taken the number meanwhile.
            let taken = this.locked(|slow| match slow {
                Some(known) if known.is(&current) => slow.replace(following),
                _ => None,
            });
            if taken.is_some() {
                return Ok(current);
            }
        }
    }
}

#[pymethods]
impl Count {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = by_name(
            "count",
            &[Parameter::optional("start"), Parameter::optional("step")],
            2,
        );
        let mut bound = [None; 2];
        SIGNATURE.bind(cx, args, &mut bound)?;
        if bound.iter().flatten().any(|value| !is_number(value)) {
            return Err(cx.type_error("a number is required"));
        }
        let start = bound[0].cloned().unwrap_or(int::from_i64(cx, 0)?);
        let step = bound[1].cloned().unwrap_or(int::from_i64(cx, 1)?);
        let small = |value: &Value| {
            if int::is_int(value) {
                int::as_small(value)
            } else {
                None
            }
        };
        let is_unit = small(&step) == Some(1);
        // Only what adding a plain int one gives is certain to be a plain int from the first on.
        let plain = is_unit || (int::is_exact(&start) && int::is_exact(&step));
        let fast = match (small(&start), small(&step)) {
            (Some(start), Some(step))
                if plain && step != 0 && step.abs() <= FAST_STEP && FAST_RANGE.contains(&start) =>
            {
                Some((start, step))
            }
            _ => None,
        };
        let payload = match fast {
            Some((start, fast_step)) => {
                let step = if is_unit { int::from_i64(cx, 1)? } else { step };
                Count {
                    fast: AtomicI64::new(start),
                    fast_step,
                    step,
                    slow: Guarded::new(None),
                }
            }
            None => Count {
                fast: AtomicI64::new(0),
                fast_step: 0,
                step,
                slow: Guarded::new(Some(start)),
            },
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Count>) -> PyResult<Option<Value>> {
        if let Some(mut number) = this.fast_number() {
            let after = number + this.fast_step;
            if !this.header().is_exclusive_or_announce() {
                while let Err(newer) = this.fast.compare_exchange_weak(
                    number,
                    number + this.fast_step,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                ) {
                    number = newer;
                    if !FAST_RANGE.contains(&number) {
                        return Count::next_slow(cx, this).map(Some);
                    }
                }
            } else {
                this.fast.store(after, Ordering::Relaxed);
            }
            return int::from_i64(cx, number).map(Some);
        }
        Count::next_slow(cx, this).map(Some)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Count>) -> PyResult<Value> {
        let number = match this.fast_number() {
            Some(number) => int::from_i64(cx, number)?,
            None => Count::slow_number(cx, this)?,
        };
        let mut out = StrBuilder::new();
        out.push_text(&this.class_of().short_name());
        out.push_text("(");
        out.push_str(&*text::repr(cx, &number)?);
        let is_unit = int::is_int(&this.step) && int::as_small(&this.step) == Some(1);
        if !is_unit {
            out.push_text(", ");
            out.push_str(&*text::repr(cx, &this.step)?);
        }
        out.push_text(")");
        out.finish_value(cx)
    }
}

/// The payload of `cycle`.
#[pyclass(
    name = "cycle",
    module = "itertools",
    flags(BASETYPE),
    signature = "(iterable, /)",
    doc = "Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely."
)]
pub struct Cycle {
    /// Until it is exhausted.
    iterator: Field,
    saved: Guarded<Saved>,
}

/// What the iterator has yielded, and what of it comes next once the iterator is exhausted.
pub struct Saved {
    items: Vec<Value>,
    next: usize,
}

impl Lockable for Cycle {
    type State = Saved;
    fn guarded(&self) -> &Guarded<Saved> {
        &self.saved
    }
}

impl Traverse for Cycle {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.iterator.traverse(visit);
        self.saved.while_stopped().items.iter().for_each(visit);
    }
}

#[pymethods]
impl Cycle {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [iterable] = exactly::<Cycle, 1>(cx, class, args)?;
        let payload = Cycle {
            iterator: Field::new(iterate::iter(cx, iterable)?),
            saved: Guarded::new(Saved {
                items: Vec::new(),
                next: 0,
            }),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Cycle>) -> PyResult<Option<Value>> {
        if let Some(iterator) = this.iterator.get() {
            if let Some(item) = iterate::next(cx, &iterator)? {
                let copy = item.clone();
                let saved = this.locked(|saved| {
                    saved
                        .items
                        .try_reserve(1)
                        .map(|()| saved.items.push(copy))
                        .is_ok()
                });
                return if saved {
                    Ok(Some(item))
                } else {
                    Err(cx.no_memory())
                };
            }
            this.iterator.set(None);
            drop(iterate::take_stop_value(cx));
        }
        Ok(this.locked(|saved| {
            let item = saved.items.get(saved.next)?.clone();
            saved.next = (saved.next + 1) % saved.items.len();
            Some(item)
        }))
    }
}

/// The payload of `repeat`.
#[pyclass(
    name = "repeat",
    module = "itertools",
    flags(BASETYPE),
    doc = "repeat(object [,times]) -> create an iterator which returns the object\nfor the specified number of times.  If not specified, returns the object\nendlessly."
)]
pub struct Repeat {
    object: Value,
    /// How often it is still yielded; -1 when there is no end.
    remaining: AtomicI64,
}

impl Traverse for Repeat {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.object);
    }
}

#[pymethods]
impl Repeat {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = by_name(
            "repeat",
            &[Parameter::required("object"), Parameter::optional("times")],
            2,
        );
        let mut bound = [None; 2];
        if args.values.len() > 2 {
            let given = args.values.len();
            return Err(cx.type_error(format!(
                "repeat() takes at most 2 arguments ({given} given)"
            )));
        }
        SIGNATURE.bind(cx, args, &mut bound)?;
        let remaining = match bound[1] {
            Some(times) => size(cx, times)?.max(0) as i64,
            None => -1,
        };
        let object = bound[0].expect("invariant: required").clone();
        let payload = Repeat {
            object,
            remaining: AtomicI64::new(remaining),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(_cx: &Context, this: &Ref<Repeat>) -> PyResult<Option<Value>> {
        let remaining = this.remaining.load(Ordering::Relaxed);
        if remaining > 0 {
            if !this.header().is_exclusive_or_announce() {
                let count_down = |remaining: i64| (remaining > 0).then(|| remaining - 1);
                if this
                    .remaining
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count_down)
                    .is_err()
                {
                    return Ok(None);
                }
            } else {
                this.remaining.store(remaining - 1, Ordering::Relaxed);
            }
        } else if remaining == 0 {
            return Ok(None);
        }
        Ok(Some(this.object.clone()))
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Repeat>) -> PyResult<Value> {
        let mut out = StrBuilder::new();
        out.push_text(&this.class_of().short_name());
        out.push_text("(");
        out.push_str(&*text::repr(cx, &this.object)?);
        let remaining = this.remaining.load(Ordering::Relaxed);
        if remaining >= 0 {
            out.push_text(&format!(", {remaining}"));
        }
        out.push_text(")");
        out.finish_value(cx)
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(cx: &Context, this: &Ref<Repeat>) -> PyResult<Value> {
        match this.remaining.load(Ordering::Relaxed) {
            -1 => Err(cx.type_error("len() of unsized object")),
            remaining => remaining.into_value(cx),
        }
    }
}
