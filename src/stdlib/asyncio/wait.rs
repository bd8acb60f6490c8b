//! What `await future` iterates over: the future itself, once, while it is pending.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Maybe;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::delegation;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::future::{self, Future, Phase};

/// The payload of `_asyncio.FutureIter`.
#[pyclass(
    name = "FutureIter",
    module = "_asyncio",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub(super) struct FutureIterator {
    /// The future; empty at the end.
    future: Field,
}

impl Traverse for FutureIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.future.traverse(visit);
    }
}

/// The iterator of `await future`.
///
/// # Errors
/// RuntimeError before `__init__`.
pub(super) fn iterator(cx: &Context, future: &Ref<Future>) -> PyResult<Value> {
    future::event_loop(cx, future)?;
    let future = Field::new(future.to_value());
    object::new(cx, FutureIterator { future }).map(Ref::into_value)
}

/// What asking a future comes to.
enum Asked {
    Yield,
    NotAwaited,
    Done,
}

#[pymethods]
impl FutureIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Ref<FutureIterator>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<FutureIterator>) -> PyResult<Option<Value>> {
        let Some(future) = this.future.get_as::<Future>() else {
            return Ok(None);
        };
        let asked = future.locked(|state| match state.phase {
            Phase::Pending if state.blocking => Asked::NotAwaited,
            Phase::Pending => {
                state.blocking = true;
                Asked::Yield
            }
            _ => Asked::Done,
        });
        match asked {
            Asked::Yield => Ok(Some(future.into_value())),
            Asked::NotAwaited => Err(cx.runtime_error("await wasn't used with future")),
            Asked::Done => {
                this.future.set(None);
                iterate::set_stop_value(cx, future::result(cx, &future)?);
                Ok(None)
            }
        }
    }

    #[method("send(self, arg, /)")]
    fn send(cx: &Context, this: &Ref<FutureIterator>, _arg: &Value) -> PyResult<Value> {
        drop(iterate::take_stop_value(cx));
        match FutureIterator::next(cx, this)? {
            Some(future) => Ok(future),
            None => Err(cx.stop_iteration(iterate::take_stop_value(cx))),
        }
    }

    #[method("throw(self, type, val=None, tb=None, /)")]
    fn throw(
        cx: &Context,
        this: &Ref<FutureIterator>,
        class: &Value,
        value: Maybe<&Value>,
        traceback: Maybe<&Value>,
    ) -> PyResult<Value> {
        let exception = delegation::thrown(cx, Some("throw"), class, value.0, traceback.0)?;
        this.future.set(None);
        Err(cx.raise(exception))
    }

    #[method("close(self, /)")]
    fn close(_cx: &Context, this: &Ref<FutureIterator>) -> PyResult<()> {
        this.future.set(None);
        Ok(())
    }
}
