//! `reversed`: a sequence from its end, for sequences that have no `__reversed__` of their own.

use std::sync::atomic::{AtomicIsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::iterators::{item_or_end, reduced};
use crate::objects::str_::names;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{call, index, sequence};
use crate::value::Value;

/// The payload of `reversed`.
#[pyclass(
    name = "reversed",
    flags(BASETYPE),
    signature = "(sequence, /)",
    doc = "Return a reverse iterator over the values of the given sequence."
)]
pub struct Reversed {
    /// Empty when exhausted.
    sequence: Field,
    /// The item that comes next; -1 at the end.
    position: AtomicIsize,
}

impl Traverse for Reversed {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.sequence.traverse(visit);
    }
}

#[pymethods]
impl Reversed {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() && class.slots.init.word() == Reversed::class().slots.init.word()
        {
            return Err(cx.type_error("reversed() takes no keyword arguments"));
        }
        let [sequence] = args.positional() else {
            let given = args.positional().len();
            return Err(cx.type_error(format!("reversed expected 1 argument, got {given}")));
        };
        let not_reversible = || {
            cx.type_error(format!(
                "'{}' object is not reversible",
                sequence.type_name()
            ))
        };
        if let Some(method) = sequence.class().lookup(cx, names::dunder_reversed()) {
            if method.is_none() {
                return Err(not_reversible());
            }
            return call::call_found(cx, &method, sequence, Args::NONE);
        }
        if sequence.class().slots.item.get().is_none() {
            return Err(not_reversible());
        }
        let length = sequence::length(cx, sequence)?;
        let payload = Reversed {
            sequence: Field::new(sequence.clone()),
            position: AtomicIsize::new(length as isize - 1),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Reversed>) -> PyResult<Option<Value>> {
        let Some(sequence) = this.sequence.get() else {
            return Ok(None);
        };
        let position = this.position.load(Ordering::Relaxed);
        let item = match usize::try_from(position) {
            Ok(position) => item_or_end(cx, &sequence, position),
            Err(_) => Ok(None),
        };
        if let Ok(Some(item)) = item {
            this.position.store(position - 1, Ordering::Relaxed);
            return Ok(Some(item));
        }
        this.position.store(-1, Ordering::Relaxed);
        this.sequence.set(None);
        item
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(cx: &Context, this: &Ref<Reversed>) -> PyResult<usize> {
        let Some(sequence) = this.sequence.get() else {
            return Ok(0);
        };
        let length = sequence::length(cx, &sequence)?;
        let left = (this.position.load(Ordering::Relaxed) + 1) as usize;
        Ok(if length < left { 0 } else { left })
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Reversed>) -> PyResult<Value> {
        let class = this.class_of().to_value();
        match this.sequence.get() {
            Some(sequence) => {
                let position = int::from_i64(cx, this.position.load(Ordering::Relaxed) as i64)?;
                reduced(cx, class, &[sequence], Some(position))
            }
            None => reduced(cx, class, &[Tuple::empty().into_value()], None),
        }
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Ref<Reversed>, state: &Value) -> PyResult<()> {
        let position = index::as_size(cx, state, exceptions::overflow_error())?;
        if let Some(sequence) = this.sequence.get() {
            let last = sequence::length(cx, &sequence)? as isize - 1;
            this.position
                .store(position.clamp(-1, last), Ordering::Relaxed);
        }
        Ok(())
    }
}
