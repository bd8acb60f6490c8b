//! `map`: a function of the items of several iterators that go in step.

use std::sync::atomic::Ordering;

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::iterators::reduced;
use crate::objects::type_::Type;
use crate::objects::zip::{InStep, strict_argument};
use crate::protocols::{call, iterate};
use crate::value::Value;

/// The payload of `map`.
#[pyclass(
    name = "map",
    flags(BASETYPE),
    signature = "(function, iterable, /, *iterables, strict=False)",
    doc = "Make an iterator that computes the function using arguments from\neach of the iterables.  Stops when the shortest iterable is exhausted.\n\nIf strict is true and one of the arguments is exhausted before the\nothers, raise a ValueError."
)]
pub struct Map {
    function: Value,
    iterators: InStep,
}

impl Traverse for Map {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.function);
        self.iterators.traverse(visit);
    }
}

#[pymethods]
impl Map {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let strict = strict_argument(cx, "map", args)?;
        let [function, iterables @ ..] = args.positional() else {
            return Err(cx.type_error("map() must have at least two arguments."));
        };
        if iterables.is_empty() {
            return Err(cx.type_error("map() must have at least two arguments."));
        }
        let iterators = InStep::new(cx, iterables, strict)?;
        object::new_of_class(
            cx,
            class,
            Map {
                function: function.clone(),
                iterators,
            },
        )
        .map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Map>) -> PyResult<Option<Value>> {
        if let [iterator] = this.iterators.iterators.as_slice() {
            let Some(item) = iterate::next(cx, iterator)? else {
                return Ok(None);
            };
            return call::call(cx, &this.function, std::slice::from_ref(&item)).map(Some);
        }
        match this.iterators.advance(cx, "map")? {
            Some(items) => call::call(cx, &this.function, &items).map(Some),
            None => Ok(None),
        }
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Map>) -> PyResult<Value> {
        let mut arguments = vec![this.function.clone()];
        arguments.extend_from_slice(&this.iterators.iterators);
        reduced(
            cx,
            this.class_of().to_value(),
            &arguments,
            this.iterators.state(),
        )
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(_cx: &Context, this: &Ref<Map>, strict: bool) -> PyResult<()> {
        this.iterators.strict.store(strict, Ordering::Relaxed);
        Ok(())
    }
}
