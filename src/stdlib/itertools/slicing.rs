//! `islice`: every so manyth item of an iterator, from one position to another.

use std::sync::atomic::{AtomicU64, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{index, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::no_keywords;

/// The payload of `islice`. Positions count the items that the iterator has yielded.
///
/// `taken <= next <= stop` between calls, as long as one thread uses it.
#[pyclass(
    name = "islice",
    module = "itertools",
    flags(BASETYPE),
    doc = "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice object\n\nReturn an iterator whose next() method returns selected values from an\niterable.  If start is specified, will skip all preceding elements;\notherwise, start defaults to zero.  Step defaults to one.  If\nspecified as another value, step determines how many values are\nskipped between successive calls.  Works like a slice() on a list\nbut returns an iterator."
)]
pub struct Slice {
    /// Until it is exhausted.
    iterator: Field,
    taken: AtomicU64,
    /// The position of the item to yield next.
    next: AtomicU64,
    /// `u64::MAX` when there is no end.
    stop: u64,
    step: u64,
}

impl Traverse for Slice {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.iterator.traverse(visit);
    }
}

/// A bound: `None` for what is no int, or none of a size that an index can have.
fn bound(cx: &Context, value: &Value) -> Option<isize> {
    let found = index::as_size(cx, value, exceptions::overflow_error()).ok();
    if found.is_none() {
        cx.clear_exception();
    }
    found
}

const LIMITS: &str = "must be None or an integer: 0 <= x <= sys.maxsize.";

/// Start, stop and step.
fn bounds(cx: &Context, arguments: &[Value]) -> PyResult<(u64, u64, u64)> {
    let (start, stop, step) = match arguments {
        [stop] => (&Value::NONE, stop, &Value::NONE),
        [start, stop] => (start, stop, &Value::NONE),
        [start, stop, step] => (start, stop, step),
        _ => unreachable!("invariant: the caller has counted them"),
    };
    let start = if start.is_none() {
        Some(0)
    } else {
        bound(cx, start)
    };
    let stop = if stop.is_none() {
        u64::MAX
    } else {
        match bound(cx, stop) {
            None | Some(-1) => {
                return Err(cx.value_error(format!("Stop argument for islice() {LIMITS}")));
            }
            Some(stop) => match u64::try_from(stop) {
                Ok(stop) => stop,
                Err(_) => return Err(cx.value_error(format!("Indices for islice() {LIMITS}"))),
            },
        }
    };
    let Some(start) = start.and_then(|start| u64::try_from(start).ok()) else {
        return Err(cx.value_error(format!("Indices for islice() {LIMITS}")));
    };
    let step = if step.is_none() {
        Some(1)
    } else {
        bound(cx, step)
    };
    match step {
        Some(step) if step >= 1 => Ok((start, stop, step as u64)),
        _ => Err(cx.value_error("Step for islice() must be a positive integer or None.")),
    }
}

#[pymethods]
impl Slice {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        no_keywords::<Slice>(cx, class, args)?;
        let positional = args.positional();
        let (least, most, given) = (2, 4, positional.len());
        if given < least {
            return Err(cx.type_error(format!(
                "islice expected at least {least} arguments, got {given}"
            )));
        }
        if given > most {
            return Err(cx.type_error(format!(
                "islice expected at most {most} arguments, got {given}"
            )));
        }
        let (start, stop, step) = bounds(cx, &positional[1..])?;
        let payload = Slice {
            iterator: Field::new(iterate::iter(cx, &positional[0])?),
            taken: AtomicU64::new(0),
            next: AtomicU64::new(start),
            stop,
            step,
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Slice>) -> PyResult<Option<Value>> {
        let Some(iterator) = this.iterator.get() else {
            return Ok(None);
        };
        let item = this.take(cx, &iterator);
        if !matches!(item, Ok(Some(_))) {
            this.iterator.set(None);
        }
        item
    }
}

impl Slice {
    fn take(&self, cx: &Context, iterator: &Value) -> PyResult<Option<Value>> {
        let next = self.next.load(Ordering::Relaxed);
        let mut taken = self.taken.load(Ordering::Relaxed);
        while taken < next {
            if iterate::next(cx, iterator)?.is_none() {
                return Ok(None);
            }
            taken += 1;
            self.taken.store(taken, Ordering::Relaxed);
        }
        if taken >= self.stop {
            return Ok(None);
        }
        let Some(item) = iterate::next(cx, iterator)? else {
            return Ok(None);
        };
        self.taken.store(taken + 1, Ordering::Relaxed);
        self.next.store(
            next.saturating_add(self.step).min(self.stop),
            Ordering::Relaxed,
        );
        Ok(Some(item))
    }
}
