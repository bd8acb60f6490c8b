//! `arrayiterator`: the array and the position, nothing once it is exhausted.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::iterators::{builtin, reduced};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::index;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::object::Array;

/// The payload.
#[pyclass(
    name = "arrayiterator",
    module = "array",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct ArrayIterator {
    state: Guarded<Option<(Ref<Array>, usize)>>,
}

impl Traverse for ArrayIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some((array, _)) = self.state.while_stopped() {
            visit(array.as_value());
        }
    }
}

impl Lockable for ArrayIterator {
    type State = Option<(Ref<Array>, usize)>;
    fn guarded(&self) -> &Guarded<Self::State> {
        &self.state
    }
}

/// An iterator over an array.
pub(super) fn over(cx: &Context, array: &Ref<Array>) -> PyResult<Value> {
    let state = Guarded::new(Some((array.clone(), 0)));
    object::new(cx, ArrayIterator { state }).map(Ref::into_value)
}

#[pymethods]
impl ArrayIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<ArrayIterator>) -> PyResult<Option<Value>> {
        let taken = this.locked(|state| {
            state.as_mut().map(|(array, at)| {
                *at += 1;
                (array.clone(), *at - 1)
            })
        });
        let Some((array, at)) = taken else {
            return Ok(None);
        };
        let item = Array::get(cx, &array, at)?;
        if item.is_none() {
            drop(this.locked(Option::take));
        }
        Ok(item)
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<ArrayIterator>) -> PyResult<Value> {
        let iter = builtin(cx, "iter")?;
        match this.locked(|state| state.clone()) {
            Some((array, at)) => {
                let at = int::from_i64(cx, at as i64)?;
                reduced(cx, iter, &[array.into_value()], Some(at))
            }
            None => reduced(cx, iter, &[Tuple::empty().into_value()], None),
        }
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, state, /)")]
    fn setstate(cx: &Context, this: &Ref<ArrayIterator>, state: &Value) -> PyResult<()> {
        let position = index::as_size(cx, state, exceptions::overflow_error())?.max(0) as usize;
        let Some((array, _)) = this.locked(|state| state.clone()) else {
            return Ok(());
        };
        let position = position.min(Array::count_items(&array));
        this.locked(|state| {
            if let Some((_, at)) = state {
                *at = position;
            }
        });
        Ok(())
    }
}
