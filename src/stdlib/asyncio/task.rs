//! The class `Task`: a coroutine that a loop runs, and the future of what it returns.
//!
//! While a task is not done, one of three holds:
//! ```text
//!   waiter is a pending future         no step is scheduled; the future's callbacks wake the task up
//!   waiter is none, or is done         a step is scheduled
//!   waiter is none                     the task runs
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::coroutine::is_coroutine_shape;
use typhon_runtime::objects::exceptions::BaseException;
use typhon_runtime::objects::generic_alias;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::future::{self, Future, Phase};
use super::registry::{self, Place};
use super::{imported, running, step};
use crate::arguments::{bind, given, signature, unless_none};
use crate::contextvars;

/// What the lock guards beside the future's state.
#[derive(Default)]
pub struct State {
    pub(super) coroutine: Option<Value>,
    pub(super) context: Option<Value>,
    /// The future that the coroutine waits for.
    pub(super) waiter: Option<Value>,
    name: Name,
    pub(super) must_cancel: bool,
    /// Whether to speak up when the task dies pending.
    log_destroy: bool,
    cancels: i64,
}

/// Names are made up when somebody asks.
#[derive(Clone)]
enum Name {
    Number(u64),
    Text(Value),
}

impl Default for Name {
    fn default() -> Name {
        Name::Number(0)
    }
}

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// The payload of `Task`.
#[pyclass(
    name = "Task",
    module = "_asyncio",
    base = Future,
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF, IMMUTABLE),
    signature = "(coro, *, loop=None, name=None, context=None, eager_start=False)",
    doc = "A coroutine wrapped in a Future."
)]
#[repr(C)]
pub struct Task {
    future: Future,
    state: Guarded<State>,
    pub(super) place: Place,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.place.leave();
    }
}

impl Traverse for Task {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.future.traverse(visit);
        let state = self.state.while_stopped();
        let values = [&state.coroutine, &state.context, &state.waiter];
        values.into_iter().flatten().for_each(&mut *visit);
        if let Name::Text(name) = &state.name {
            visit(name);
        }
    }
}

impl Lockable for Task {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

/// A task as the future that it is.
pub(super) fn as_future(task: &Ref<Task>) -> &Ref<Future> {
    task.as_value()
        .downcast::<Future>()
        .expect("invariant: tasks are futures")
}

impl State {
    fn set_name(&mut self, name: Name) -> Name {
        std::mem::replace(&mut self.name, name)
    }
}

fn is_coroutine(cx: &Context, object: &Value) -> PyResult<bool> {
    if is_coroutine_shape(object.shape_id()) {
        return Ok(true);
    }
    call::call(
        cx,
        imported::IS_COROUTINE.get(cx)?,
        std::slice::from_ref(object),
    )?
    .truth(cx)
}

/// What a task is called when `name` is given.
fn named(cx: &Context, name: &Value) -> PyResult<Name> {
    Ok(Name::Text(match name.is_exact::<Str>() {
        true => name.clone(),
        false => text::str(cx, name)?.into_value(),
    }))
}

/// Runs the first step at once, in the task's context.
fn start_eagerly(cx: &Context, this: &Ref<Task>, event_loop: &Value) -> PyResult<()> {
    let before = running::swap(cx, event_loop, this.as_value())?;
    registry::add(cx, this)?;
    let context = this.locked(|state| state.context.clone());
    let context = context.unwrap_or(Value::NONE);
    let stepped = contextvars::run_in(cx, &context, || step::run(cx, this, None));
    let exception = stepped.is_err().then(|| cx.take_exception());
    let left = running::swap(cx, event_loop, &before).map(drop);
    if as_future(this).locked(|state| state.phase != Phase::Pending) {
        drop(this.locked(|state| state.coroutine.take()));
    }
    match exception {
        Some(exception) => {
            cx.set_exception(exception);
            Err(Raised)
        }
        None => left,
    }
}

/// `Task.cancel`.
///
/// # Errors
/// What cancelling the future raises that the task waits for.
pub(super) fn cancel(cx: &Context, this: &Ref<Task>, message: Option<Value>) -> PyResult<bool> {
    let future = as_future(this);
    future::forget_exception(future);
    if future.locked(|state| state.phase != Phase::Pending) {
        return Ok(false);
    }
    let waiter = this.locked(|state| {
        state.cancels += 1;
        state.waiter.clone()
    });
    if let Some(waiter) = waiter
        && step::cancel_waiter(cx, &waiter, message.clone())?
    {
        // The waiter stays: it may be a task that ignores being cancelled, to be cancelled again later.
        return Ok(true);
    }
    this.locked(|state| state.must_cancel = true);
    drop(future.locked(|state| std::mem::replace(&mut state.cancel_message, message)));
    Ok(true)
}

#[pymethods]
impl Task {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let task = Task {
            future: Future::default(),
            state: Guarded::new(State::default()),
            place: Place::default(),
        };
        object::new_of_class(cx, class, task).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Task>, args: Args<'_>) -> PyResult<()> {
        let [coroutine, event_loop, name, context, eager_start] = bind(
            cx,
            signature!(
                "Task",
                0,
                [coro],
                [loop = None, name = None, context = None, eager_start = false]
            ),
            args,
        )?;
        let coroutine = given(coroutine);
        let event_loop = future::initialize(cx, as_future(this), event_loop)?;
        if !is_coroutine(cx, coroutine)? {
            this.locked(|state| state.log_destroy = false);
            let shown = text::repr_text(cx, coroutine)?;
            return Err(cx.type_error(format!("a coroutine was expected, got {shown}")));
        }
        let context = match unless_none(context) {
            Some(context) => context.clone(),
            None => contextvars::copy_of_current(cx)?,
        };
        let name = match unless_none(name) {
            Some(name) => named(cx, name)?,
            None => Name::Number(NUMBERS.fetch_add(1, Ordering::Relaxed)),
        };
        let state = State {
            coroutine: Some(coroutine.clone()),
            context: Some(context),
            waiter: None,
            name,
            must_cancel: false,
            log_destroy: true,
            cancels: 0,
        };
        drop(this.locked(|old| std::mem::replace(old, state)));
        let eager = match eager_start {
            Some(eager_start) => eager_start.truth(cx)?,
            None => false,
        };
        if eager {
            let is_running = imported::IS_RUNNING.get(cx)?;
            if call::call_method(cx, &event_loop, is_running, &[])?.truth(cx)? {
                return start_eagerly(cx, this, &event_loop);
            }
        }
        step::schedule(cx, this, None)?;
        registry::add(cx, this)
    }

    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Ref<Task>) -> PyResult<()> {
        let future = as_future(this);
        let pending = future.locked(|state| state.phase == Phase::Pending);
        if pending && this.locked(|state| state.log_destroy) {
            let message = "Task was destroyed but it is pending!";
            future::tell_loop(cx, future, message, &imported::TASK);
        }
        future::finalize(cx, future);
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Task>) -> PyResult<Value> {
        call::call(cx, imported::TASK_REPR.get(cx)?, &[this.to_value()])
    }

    #[method("set_result(self, result, /)")]
    fn set_result(cx: &Context, _this: &Ref<Task>, _result: &Value) -> PyResult<()> {
        Err(cx.runtime_error("Task does not support set_result operation"))
    }

    #[method("set_exception(self, exception, /)")]
    fn set_exception(cx: &Context, _this: &Ref<Task>, _exception: &Value) -> PyResult<()> {
        Err(cx.runtime_error("Task does not support set_exception operation"))
    }

    /// Request that this task cancel itself.
    ///
    /// This arranges for a CancelledError to be thrown into the
    /// wrapped coroutine on the next cycle through the event loop.
    /// The coroutine then has a chance to clean up or even deny
    /// the request using try/except/finally.
    ///
    /// Unlike Future.cancel, this does not guarantee that the
    /// task will be cancelled: the exception might be caught and
    /// acted upon, delaying cancellation of the task or preventing
    /// cancellation completely.  The task may also return a value or
    /// raise a different exception.
    ///
    /// Immediately after this method is called, Task.cancelled() will
    /// not return True (unless the task was already cancelled).  A
    /// task will be marked as cancelled when the wrapped coroutine
    /// terminates with a CancelledError exception (even if cancel()
    /// was not called).
    ///
    /// This also increases the task's count of cancellation requests.
    #[method("cancel(self, /, msg=None)")]
    fn cancel(cx: &Context, this: &Ref<Task>, msg: Maybe<Value>) -> PyResult<bool> {
        cancel(cx, this, msg.0)
    }

    /// Return the count of the task's cancellation requests.
    ///
    /// This count is incremented when .cancel() is called
    /// and may be decremented using .uncancel().
    #[method("cancelling(self, /)")]
    fn cancelling(_cx: &Context, this: &Ref<Task>) -> PyResult<i64> {
        Ok(this.locked(|state| state.cancels))
    }

    /// Decrement the task's count of cancellation requests.
    ///
    /// This should be used by tasks that catch CancelledError
    /// and wish to continue indefinitely until they are cancelled again.
    ///
    /// Returns the remaining number of cancellation requests.
    #[method("uncancel(self, /)")]
    fn uncancel(_cx: &Context, this: &Ref<Task>) -> PyResult<i64> {
        Ok(this.locked(|state| {
            if state.cancels > 0 {
                state.cancels -= 1;
                if state.cancels == 0 {
                    state.must_cancel = false;
                }
            }
            state.cancels
        }))
    }

    /// Return the list of stack frames for this task's coroutine.
    ///
    /// If the coroutine is not done, this returns the stack where it is
    /// suspended.  If the coroutine has completed successfully or was
    /// cancelled, this returns an empty list.  If the coroutine was
    /// terminated by an exception, this returns the list of traceback
    /// frames.
    ///
    /// The frames are always ordered from oldest to newest.
    ///
    /// The optional limit gives the maximum number of frames to
    /// return; by default all available frames are returned.  Its
    /// meaning differs depending on whether a stack or a traceback is
    /// returned: the newest frames of a stack are returned, but the
    /// oldest frames of a traceback are returned.  (This matches the
    /// behavior of the traceback module.)
    ///
    /// For reasons beyond our control, only one stack frame is
    /// returned for a suspended coroutine.
    #[method("get_stack(self, /, *, limit=None)")]
    fn get_stack(cx: &Context, this: &Ref<Task>, limit: Maybe<Value>) -> PyResult<Value> {
        let limit = limit.0.unwrap_or(Value::NONE);
        call::call(
            cx,
            imported::TASK_GET_STACK.get(cx)?,
            &[this.to_value(), limit],
        )
    }

    /// Print the stack or traceback for this task's coroutine.
    ///
    /// This produces output similar to that of the traceback module,
    /// for the frames retrieved by get_stack().  The limit argument
    /// is passed to get_stack().  The file argument is an I/O stream
    /// to which the output is written; by default output is written
    /// to sys.stderr.
    #[method("print_stack(self, /, *, limit=None, file=None)")]
    fn print_stack(
        cx: &Context,
        this: &Ref<Task>,
        limit: Maybe<Value>,
        file: Maybe<Value>,
    ) -> PyResult<Value> {
        let limit = limit.0.unwrap_or(Value::NONE);
        let file = file.0.unwrap_or(Value::NONE);
        call::call(
            cx,
            imported::TASK_PRINT_STACK.get(cx)?,
            &[this.to_value(), limit, file],
        )
    }

    /// Create the CancelledError to raise if the Task is cancelled.
    ///
    /// This should only be called once when handling a cancellation since
    /// it erases the context exception value.
    #[method("_make_cancelled_error(self, /)")]
    fn make_cancelled_error(cx: &Context, this: &Ref<Task>) -> PyResult<Ref<BaseException>> {
        future::cancelled_error(cx, as_future(this))
    }

    #[method("get_name(self, /)")]
    fn get_name(cx: &Context, this: &Ref<Task>) -> PyResult<Value> {
        match this.locked(|state| state.name.clone()) {
            Name::Text(name) => Ok(name),
            Name::Number(number) => {
                let name = Str::from_str(cx, &format!("Task-{number}"))?.into_value();
                let old = this.locked(|state| state.set_name(Name::Text(name.clone())));
                drop(old);
                Ok(name)
            }
        }
    }

    #[method("set_name(self, value, /)")]
    fn set_name(cx: &Context, this: &Ref<Task>, value: &Value) -> PyResult<()> {
        let name = named(cx, value)?;
        drop(this.locked(|state| state.set_name(name)));
        Ok(())
    }

    #[method("get_coro(self, /)")]
    fn get_coro(_cx: &Context, this: &Ref<Task>) -> PyResult<Option<Value>> {
        Ok(this.locked(|state| state.coroutine.clone()))
    }

    #[method("get_context(self, /)")]
    fn get_context(_cx: &Context, this: &Ref<Task>) -> PyResult<Option<Value>> {
        Ok(this.locked(|state| state.context.clone()))
    }

    /// Tasks are generic over the return type of their wrapped coroutines
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        generic_alias::alias(cx, class, object)
    }

    #[getter("_log_destroy_pending")]
    fn log_destroy_pending(_cx: &Context, this: &Ref<Task>) -> PyResult<bool> {
        Ok(this.locked(|state| state.log_destroy))
    }

    #[setter("_log_destroy_pending")]
    fn set_log_destroy_pending(
        cx: &Context,
        this: &Ref<Task>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error("cannot delete attribute"));
        };
        let value = value.truth(cx)?;
        this.locked(|state| state.log_destroy = value);
        Ok(())
    }

    #[getter("_must_cancel")]
    fn must_cancel(_cx: &Context, this: &Ref<Task>) -> PyResult<bool> {
        Ok(this.locked(|state| state.must_cancel))
    }

    #[getter("_coro")]
    fn coroutine(_cx: &Context, this: &Ref<Task>) -> PyResult<Option<Value>> {
        Ok(this.locked(|state| state.coroutine.clone()))
    }

    #[getter("_fut_waiter")]
    fn waiter(_cx: &Context, this: &Ref<Task>) -> PyResult<Option<Value>> {
        Ok(this.locked(|state| state.waiter.clone()))
    }
}
