//! `compress`, `dropwhile`, `filterfalse`, `takewhile`: some of the items of an iterator.

use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Parameter, Signature};
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::bool_::Bool;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::{by_name, exactly};

/// The payload of `compress`.
#[pyclass(
    name = "compress",
    module = "itertools",
    flags(BASETYPE),
    signature = "(data, selectors)",
    doc = "Return data elements corresponding to true selector elements.\n\nForms a shorter iterator from selected data elements using the selectors\nto choose the data elements."
)]
pub struct Compress {
    data: Value,
    selectors: Value,
}

impl Traverse for Compress {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.data);
        visit(&self.selectors);
    }
}

#[pymethods]
impl Compress {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = by_name(
            "compress",
            &[
                Parameter::required("data"),
                Parameter::required("selectors"),
            ],
            2,
        );
        let mut bound = [None; 2];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let [data, selectors] = bound.map(|value| value.expect("invariant: required"));
        let payload = Compress {
            data: iterate::iter(cx, data)?,
            selectors: iterate::iter(cx, selectors)?,
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Compress>) -> PyResult<Option<Value>> {
        while let Some(datum) = iterate::next(cx, &this.data)? {
            let Some(selector) = iterate::next(cx, &this.selectors)? else {
                return Ok(None);
            };
            if selector.truth(cx)? {
                return Ok(Some(datum));
            }
        }
        Ok(None)
    }
}

/// A function, and an iterator whose items it is asked about.
struct Asked {
    predicate: Value,
    iterator: Value,
}

impl Asked {
    fn new(cx: &Context, [predicate, iterable]: &[Value; 2]) -> PyResult<Asked> {
        Ok(Asked {
            predicate: predicate.clone(),
            iterator: iterate::iter(cx, iterable)?,
        })
    }

    fn next(&self, cx: &Context) -> PyResult<Option<Value>> {
        iterate::next(cx, &self.iterator)
    }

    fn accepts(&self, cx: &Context, item: &Value) -> PyResult<bool> {
        call::call(cx, &self.predicate, std::slice::from_ref(item))?.truth(cx)
    }

    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.predicate);
        visit(&self.iterator);
    }
}

/// The payload of `dropwhile`.
#[pyclass(
    name = "dropwhile",
    module = "itertools",
    flags(BASETYPE),
    signature = "(predicate, iterable, /)",
    doc = "Drop items from the iterable while predicate(item) is true.\n\nAfterwards, return every element until the iterable is exhausted."
)]
pub struct DropWhile {
    asked: Asked,
    /// Whether an item was not dropped.
    started: AtomicBool,
}

impl Traverse for DropWhile {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.asked.traverse(visit);
    }
}

#[pymethods]
impl DropWhile {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let asked = Asked::new(cx, exactly::<DropWhile, 2>(cx, class, args)?)?;
        let payload = DropWhile {
            asked,
            started: AtomicBool::new(false),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<DropWhile>) -> PyResult<Option<Value>> {
        while let Some(item) = this.asked.next(cx)? {
            if this.started.load(Ordering::Relaxed) {
                return Ok(Some(item));
            }
            if !this.asked.accepts(cx, &item)? {
                this.started.store(true, Ordering::Relaxed);
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
}

/// The payload of `takewhile`.
#[pyclass(
    name = "takewhile",
    module = "itertools",
    flags(BASETYPE),
    signature = "(predicate, iterable, /)",
    doc = "Return successive entries from an iterable as long as the predicate evaluates to true for each entry."
)]
pub struct TakeWhile {
    asked: Asked,
    /// Whether an item was not taken.
    stopped: AtomicBool,
}

impl Traverse for TakeWhile {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.asked.traverse(visit);
    }
}

#[pymethods]
impl TakeWhile {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let asked = Asked::new(cx, exactly::<TakeWhile, 2>(cx, class, args)?)?;
        let payload = TakeWhile {
            asked,
            stopped: AtomicBool::new(false),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<TakeWhile>) -> PyResult<Option<Value>> {
        if this.stopped.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Some(item) = this.asked.next(cx)? else {
            return Ok(None);
        };
        if this.asked.accepts(cx, &item)? {
            return Ok(Some(item));
        }
        this.stopped.store(true, Ordering::Relaxed);
        iterate::end(cx)
    }
}

/// The payload of `filterfalse`.
#[pyclass(
    name = "filterfalse",
    module = "itertools",
    flags(BASETYPE),
    signature = "(function, iterable, /)",
    doc = "Return those items of iterable for which function(item) is false.\n\nIf function is None, return the items that are false."
)]
pub struct FilterFalse {
    asked: Asked,
}

impl Traverse for FilterFalse {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.asked.traverse(visit);
    }
}

#[pymethods]
impl FilterFalse {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let asked = Asked::new(cx, exactly::<FilterFalse, 2>(cx, class, args)?)?;
        object::new_of_class(cx, class, FilterFalse { asked }).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<FilterFalse>) -> PyResult<Option<Value>> {
        let predicate = &this.asked.predicate;
        let by_truth = predicate.is_none() || predicate.is(Bool::class().as_value());
        while let Some(item) = this.asked.next(cx)? {
            let accepted = if by_truth {
                item.truth(cx)?
            } else {
                this.asked.accepts(cx, &item)?
            };
            if !accepted {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
}
