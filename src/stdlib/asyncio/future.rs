//! The class `Future`: a result that comes later.
//!
//! ```text
//!   PENDING ──set_result, set_exception──▶ FINISHED
//!      └──────────── cancel ─────────────▶ CANCELLED
//! ```
//! A future leaves PENDING once, under its lock; whoever moved it on schedules the callbacks.

use typhon_macros::{pyclass, pyfunction, pymethods};
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::generic_alias;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::set::FrozenSet;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, compare};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, finalizer};

use super::imported::{self, CANCELLED_ERROR, INVALID_STATE_ERROR};
use super::task::Task;
use super::{registry, running, wait};
use crate::arguments::{bind, signature, unless_none};
use crate::contextvars;

/// Where a future is. See the module's header.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Phase {
    #[default]
    Pending,
    Cancelled,
    Finished,
}

/// What the lock guards.
#[derive(Default)]
pub struct State {
    pub(super) phase: Phase,
    /// Absent before `__init__`.
    pub(super) event_loop: Option<Value>,
    /// Functions with the contexts they run in.
    callbacks: Vec<(Value, Value)>,
    result: Option<Value>,
    pub(super) exception: Option<Ref<BaseException>>,
    /// The exception's traceback when it was set.
    traceback: Option<Value>,
    source_traceback: Option<Value>,
    pub(super) cancel_message: Option<Value>,
    /// The error that ended a cancelled task, kept to be raised by the first who asks.
    pub(super) cancelled_error: Option<Ref<BaseException>>,
    /// Tasks and futures that wait for this one.
    waiters: Vec<Value>,
    /// Whether nobody has asked for the exception.
    log_traceback: bool,
    /// Whether it was yielded by its own `__await__`.
    pub(super) blocking: bool,
}

/// The payload of `Future`, and the first part of that of `Task`.
#[pyclass(
    name = "Future",
    module = "_asyncio",
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF, IMMUTABLE),
    signature = "(*, loop=None)",
    doc = "This class is *almost* compatible with concurrent.futures.Future.\n\n    Differences:\n\n    - result() and exception() do not take a timeout argument and\n      raise an exception when the future isn't done yet.\n\n    - Callbacks registered with add_done_callback() are always called\n      via the event loop's call_soon_threadsafe().\n\n    - This class is not compatible with the wait() and as_completed()\n      methods in the concurrent.futures package."
)]
#[repr(C)]
pub struct Future {
    state: Guarded<State>,
}

impl Default for Future {
    fn default() -> Future {
        Future {
            state: Guarded::new(State::default()),
        }
    }
}

impl Traverse for Future {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let state = self.state.while_stopped();
        let values = [
            &state.event_loop,
            &state.result,
            &state.traceback,
            &state.source_traceback,
            &state.cancel_message,
        ];
        values.into_iter().flatten().for_each(&mut *visit);
        for exception in [&state.exception, &state.cancelled_error]
            .into_iter()
            .flatten()
        {
            visit(exception.as_value());
        }
        for (function, context) in &state.callbacks {
            visit(function);
            visit(context);
        }
        state.waiters.iter().for_each(visit);
    }
}

impl Lockable for Future {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

#[cold]
fn not_initialized(cx: &Context) -> Raised {
    cx.runtime_error("Future object is not initialized.")
}

/// The loop of a future.
///
/// # Errors
/// RuntimeError before `__init__`.
pub(super) fn event_loop(cx: &Context, this: &Ref<Future>) -> PyResult<Value> {
    this.locked(|state| state.event_loop.clone())
        .ok_or_else(|| not_initialized(cx))
}

/// `event_loop.call_soon(function, *argument, context=context)`.
///
/// # Errors
/// What the loop raises.
pub(super) fn call_soon(
    cx: &Context,
    event_loop: &Value,
    function: Value,
    argument: Option<Value>,
    context: Option<Value>,
) -> PyResult<()> {
    let method = attribute::get(cx, event_loop, imported::CALL_SOON.get(cx)?)?;
    let names = match context {
        Some(_) => &[imported::CONTEXT.get(cx)?.to_value()][..],
        None => &[],
    };
    let values: Vec<Value> = [Some(function), argument, context]
        .into_iter()
        .flatten()
        .collect();
    let args = Args {
        values: &values,
        names,
    };
    call::call_args(cx, &method, args).map(drop)
}

/// What `__init__` does, for tasks too. Returns the loop.
///
/// # Errors
/// What looking for a loop raises.
pub(super) fn initialize(
    cx: &Context,
    this: &Ref<Future>,
    event_loop: Option<&Value>,
) -> PyResult<Value> {
    let event_loop = match unless_none(event_loop) {
        Some(event_loop) => event_loop.clone(),
        None => running::event_loop(cx)?,
    };
    let old = this.locked(|state| {
        let event_loop = Some(event_loop.clone());
        std::mem::replace(
            state,
            State {
                event_loop,
                ..State::default()
            },
        )
    });
    drop(old);
    let debug = call::call_method(cx, &event_loop, imported::GET_DEBUG.get(cx)?, &[])?;
    if debug.truth(cx)? && !typhon_sync::world::is_closed() {
        let stack = call::call(cx, imported::EXTRACT_STACK.get(cx)?, &[])?;
        this.locked(|state| state.source_traceback = Some(stack));
    }
    Ok(event_loop)
}

/// Hands the callbacks of a future that has left PENDING to the loop.
fn schedule_callbacks(cx: &Context, this: &Ref<Future>, event_loop: &Value) -> PyResult<()> {
    if let Some(task) = this.as_value().downcast::<Task>() {
        registry::remove(task);
    }
    let callbacks = this.locked(|state| std::mem::take(&mut state.callbacks));
    for (function, context) in callbacks {
        call_soon(
            cx,
            event_loop,
            function,
            Some(this.to_value()),
            Some(context),
        )?;
    }
    Ok(())
}

/// Moves a pending future on and schedules its callbacks.
fn finish(
    cx: &Context,
    this: &Ref<Future>,
    change: impl FnOnce(&mut State),
) -> PyResult<Result<(), Phase>> {
    let event_loop = event_loop(cx, this)?;
    let moved = this.locked(|state| match state.phase {
        Phase::Pending => {
            change(state);
            Ok(())
        }
        phase => Err(phase),
    });
    if moved.is_ok() {
        schedule_callbacks(cx, this, &event_loop)?;
    }
    Ok(moved)
}

#[cold]
fn invalid_state(cx: &Context) -> Raised {
    INVALID_STATE_ERROR.raise(cx, "invalid state")
}

/// `Future.set_result`.
///
/// # Errors
/// InvalidStateError when it is done, and what the loop raises.
pub(super) fn set_result(cx: &Context, this: &Ref<Future>, result: Value) -> PyResult<()> {
    let moved = finish(cx, this, |state| {
        state.result = Some(result);
        state.phase = Phase::Finished;
    })?;
    moved.map_err(|_| invalid_state(cx))
}

/// `Future.set_exception`.
///
/// # Errors
/// TypeError when it is no exception, InvalidStateError when the future is done, and what the loop raises.
pub(super) fn set_exception(cx: &Context, this: &Ref<Future>, exception: &Value) -> PyResult<()> {
    event_loop(cx, this)?;
    if this.locked(|state| state.phase) != Phase::Pending {
        return Err(invalid_state(cx));
    }
    let made = match exceptions::as_exception_class(exception) {
        Some(class) => exceptions::instantiate(cx, class, &[])?.into_value(),
        None => exception.clone(),
    };
    let Ok(mut exception) = made.into_ref::<BaseException>() else {
        return Err(cx.type_error("invalid exception object"));
    };
    let class = exception.as_value().class();
    if class.is_subclass(exceptions::stop_iteration()) {
        let message =
            "StopIteration interacts badly with generators and cannot be raised into a Future";
        let text = Str::from_str(cx, message)?.into_value();
        let wrapper = exceptions::instantiate(cx, exceptions::runtime_error(), &[text])?;
        wrapper.set_cause(Some(exception.to_value()));
        wrapper.context.set(Some(exception.into_value()));
        exception = wrapper;
    }
    let traceback = exception.traceback.get();
    let moved = finish(cx, this, |state| {
        state.exception = Some(exception);
        state.traceback = traceback;
        state.phase = Phase::Finished;
        state.log_traceback = true;
    })?;
    moved.map_err(|_| invalid_state(cx))
}

/// Says nothing of the exception when the future dies.
pub(super) fn forget_exception(this: &Ref<Future>) {
    this.locked(|state| state.log_traceback = false);
}

/// `Future.cancel`.
///
/// # Errors
/// What the loop raises.
pub(super) fn cancel(cx: &Context, this: &Ref<Future>, message: Option<Value>) -> PyResult<bool> {
    forget_exception(this);
    let moved = finish(cx, this, |state| {
        state.phase = Phase::Cancelled;
        state.cancel_message = message;
    })?;
    Ok(moved.is_ok())
}

/// The CancelledError of a cancelled future.
///
/// # Errors
/// What making it raises.
pub(super) fn cancelled_error(cx: &Context, this: &Ref<Future>) -> PyResult<Ref<BaseException>> {
    let (kept, message) = this.locked(|state| match state.cancelled_error.take() {
        Some(kept) => (Some(kept), None),
        None => (None, state.cancel_message.clone()),
    });
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let class = CANCELLED_ERROR.class(cx)?;
    let arguments: Vec<Value> = message
        .filter(|message| !message.is_none())
        .into_iter()
        .collect();
    exceptions::instantiate(cx, class, &arguments)
}

/// What a future came to.
pub(super) enum Outcome {
    Result(Value),
    Exception(Ref<BaseException>),
}

/// `Future.result`, where the exception that was set is not raised but returned.
///
/// # Errors
/// CancelledError and InvalidStateError.
pub(super) fn outcome(cx: &Context, this: &Ref<Future>) -> PyResult<Outcome> {
    let (phase, result, exception, traceback) = this.locked(|state| {
        if state.phase != Phase::Finished {
            return (state.phase, None, None, None);
        }
        state.log_traceback = false;
        match &state.exception {
            Some(exception) => {
                let exception = Some(exception.clone());
                (state.phase, None, exception, state.traceback.take())
            }
            None => (state.phase, state.result.clone(), None, None),
        }
    });
    match phase {
        Phase::Cancelled => {
            let error = cancelled_error(cx, this)?;
            Err(cx.raise(error))
        }
        Phase::Pending => Err(INVALID_STATE_ERROR.raise(cx, "Result is not set.")),
        Phase::Finished => Ok(match exception {
            Some(exception) => {
                exception.traceback.set(traceback);
                Outcome::Exception(exception)
            }
            None => Outcome::Result(result.unwrap_or(Value::NONE)),
        }),
    }
}

/// `Future.result`.
///
/// # Errors
/// What [`outcome`] raises, and the exception that was set.
pub(super) fn result(cx: &Context, this: &Ref<Future>) -> PyResult<Value> {
    match outcome(cx, this)? {
        Outcome::Result(value) => Ok(value),
        Outcome::Exception(exception) => Err(cx.raise(exception)),
    }
}

/// `Future.add_done_callback`.
///
/// # Errors
/// What the loop raises.
pub(super) fn add_done_callback(
    cx: &Context,
    this: &Ref<Future>,
    function: &Value,
    context: Option<Value>,
) -> PyResult<()> {
    let event_loop = event_loop(cx, this)?;
    let context = match context {
        Some(context) => context,
        None => contextvars::copy_of_current(cx)?,
    };
    let entry = (function.clone(), context);
    let late = this.locked(|state| match state.phase {
        Phase::Pending => {
            state.callbacks.push(entry);
            None
        }
        _ => Some(entry),
    });
    match late {
        Some((function, context)) => call_soon(
            cx,
            &event_loop,
            function,
            Some(this.to_value()),
            Some(context),
        ),
        None => Ok(()),
    }
}

/// Notes that `waiter` waits for `future`, where both are of the classes here.
pub(super) fn add_waiter(future: &Value, waiter: &Value) {
    if let Some(future) = future.downcast::<Future>()
        && waiter.downcast::<Future>().is_some()
    {
        let waiter = waiter.clone();
        future.locked(|state| {
            if !state.waiters.iter().any(|known| known.is(&waiter)) {
                state.waiters.push(waiter);
            }
        });
    }
}

/// Takes back [`add_waiter`].
pub(super) fn discard_waiter(future: &Value, waiter: &Value) {
    if let Some(future) = future.downcast::<Future>() {
        let gone = future.locked(|state| {
            let at = state.waiters.iter().position(|known| known.is(waiter))?;
            Some(state.waiters.swap_remove(at))
        });
        drop(gone);
    }
}

/// Record that `fut` is awaited on by `waiter`.
#[pyfunction("future_add_to_awaited_by(fut, waiter, /)")]
pub(super) fn future_add_to_awaited_by(_cx: &Context, fut: &Value, waiter: &Value) -> PyResult<()> {
    add_waiter(fut, waiter);
    Ok(())
}

#[pyfunction("future_discard_from_awaited_by(fut, waiter, /)")]
pub(super) fn future_discard_from_awaited_by(
    _cx: &Context,
    fut: &Value,
    waiter: &Value,
) -> PyResult<()> {
    discard_waiter(fut, waiter);
    Ok(())
}

/// Tells the loop's exception handler of a future that dies: `message` and `(key, value)`.
pub(super) fn tell_loop(cx: &Context, this: &Ref<Future>, message: &str, key: &imported::Word) {
    let told = (|| {
        let dict = Dict::new(cx)?;
        let (event_loop, exception, source) = this.locked(|state| {
            let exception = state.exception.as_ref().map(Ref::to_value);
            (
                state.event_loop.clone(),
                exception,
                state.source_traceback.clone(),
            )
        });
        let Some(event_loop) = event_loop else {
            return Ok(());
        };
        let message = Str::from_str(cx, message)?.into_value();
        dict.set_name(cx, imported::MESSAGE.get(cx)?, message)?;
        if let Some(exception) = exception {
            dict.set_name(cx, imported::EXCEPTION.get(cx)?, exception)?;
        }
        dict.set_name(cx, key.get(cx)?, this.to_value())?;
        if let Some(source) = source {
            dict.set_name(cx, imported::SOURCE_TRACEBACK.get(cx)?, source)?;
        }
        let name = imported::CALL_EXCEPTION_HANDLER.get(cx)?;
        call::call_method(cx, &event_loop, name, &[dict.into_value()]).map(drop)
    })();
    if let Err(Raised) = told {
        finalizer::unraisable(
            cx,
            "Exception ignored while finalizing future",
            this.as_value(),
        );
    }
}

/// What a dying future says when nobody has asked for its exception.
pub(super) fn finalize(cx: &Context, this: &Ref<Future>) {
    let logged = this.locked(|state| std::mem::take(&mut state.log_traceback));
    if logged {
        let message = format!(
            "{} exception was never retrieved",
            this.as_value().class().short_name()
        );
        tell_loop(cx, this, &message, &imported::FUTURE);
    }
}

fn cannot_delete(cx: &Context) -> Raised {
    cx.attribute_error("cannot delete attribute")
}

#[pymethods]
impl Future {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Future::default()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Future>, args: Args<'_>) -> PyResult<()> {
        let [event_loop] = bind(cx, signature!("Future", 0, [], [loop = None]), args)?;
        initialize(cx, this, event_loop).map(drop)
    }

    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Ref<Future>) -> PyResult<()> {
        finalize(cx, this);
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Future>) -> PyResult<Value> {
        event_loop(cx, this)?;
        call::call(cx, imported::FUTURE_REPR.get(cx)?, &[this.to_value()])
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Future>) -> PyResult<Value> {
        wait::iterator(cx, this)
    }

    #[slot(await_)]
    fn await_(cx: &Context, this: &Ref<Future>) -> PyResult<Value> {
        wait::iterator(cx, this)
    }

    /// Return the result this future represents.
    ///
    /// If the future has been cancelled, raises CancelledError.  If the
    /// future's result isn't yet available, raises InvalidStateError.  If
    /// the future is done and has an exception set, this exception is
    /// raised.
    #[method("result(self, /)")]
    fn result(cx: &Context, this: &Ref<Future>) -> PyResult<Value> {
        if this.locked(|state| state.event_loop.is_none()) {
            return Err(INVALID_STATE_ERROR.raise(cx, "Future object is not initialized."));
        }
        result(cx, this)
    }

    /// Return the exception that was set on this future.
    ///
    /// The exception (or None if no exception was set) is returned only if
    /// the future is done.  If the future has been cancelled, raises
    /// CancelledError.  If the future isn't done yet, raises
    /// InvalidStateError.
    #[method("exception(self, /)")]
    fn exception(cx: &Context, this: &Ref<Future>) -> PyResult<Option<Ref<BaseException>>> {
        if this.locked(|state| state.event_loop.is_none()) {
            return Err(INVALID_STATE_ERROR.raise(cx, "Future object is not initialized."));
        }
        let (phase, exception) = this.locked(|state| {
            if state.phase == Phase::Finished {
                state.log_traceback = false;
            }
            (state.phase, state.exception.clone())
        });
        match phase {
            Phase::Cancelled => {
                let error = cancelled_error(cx, this)?;
                Err(cx.raise(error))
            }
            Phase::Pending => Err(INVALID_STATE_ERROR.raise(cx, "Exception is not set.")),
            Phase::Finished => Ok(exception),
        }
    }

    /// Mark the future done and set its result.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[method("set_result(self, result, /)")]
    fn set_result(cx: &Context, this: &Ref<Future>, result: Value) -> PyResult<()> {
        set_result(cx, this, result)
    }

    /// Mark the future done and set an exception.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[method("set_exception(self, exception, /)")]
    fn set_exception(cx: &Context, this: &Ref<Future>, exception: &Value) -> PyResult<()> {
        set_exception(cx, this, exception)
    }

    /// Add a callback to be run when the future becomes done.
    ///
    /// The callback is called with a single argument - the future object.
    /// If the future is already done when this is called, the callback is
    /// scheduled with call_soon.
    #[method("add_done_callback(self, fn, /, *, context=<unrepresentable>)")]
    fn add_done_callback(
        cx: &Context,
        this: &Ref<Future>,
        function: &Value,
        context: Maybe<Value>,
    ) -> PyResult<()> {
        let context = context.0.filter(|context| !context.is_none());
        add_done_callback(cx, this, function, context)
    }

    /// Remove all instances of a callback from the "call when done" list.
    ///
    /// Returns the number of callbacks removed.
    #[method("remove_done_callback(self, fn, /)")]
    fn remove_done_callback(cx: &Context, this: &Ref<Future>, function: &Value) -> PyResult<usize> {
        event_loop(cx, this)?;
        let known = this.locked(|state| state.callbacks.clone());
        let mut equal = Vec::new();
        for (callback, context) in known {
            if compare::identical_or_equal(cx, &callback, function)? {
                equal.push((callback, context));
            }
        }
        let removed = this.locked(|state| {
            let (gone, kept) = std::mem::take(&mut state.callbacks)
                .into_iter()
                .partition::<Vec<_>, _>(|(callback, context)| {
                    equal
                        .iter()
                        .any(|(function, of)| function.is(callback) && of.is(context))
                });
            state.callbacks = kept;
            gone
        });
        Ok(removed.len())
    }

    /// Cancel the future and schedule callbacks.
    ///
    /// If the future is already done or cancelled, return False.
    /// Otherwise, change the future's state to cancelled, schedule the
    /// callbacks and return True.
    #[method("cancel(self, /, msg=None)")]
    fn cancel(cx: &Context, this: &Ref<Future>, msg: Maybe<Value>) -> PyResult<bool> {
        cancel(cx, this, msg.0)
    }

    /// Return True if the future was cancelled.
    #[method("cancelled(self, /)")]
    fn cancelled(_cx: &Context, this: &Ref<Future>) -> PyResult<bool> {
        Ok(this.locked(|state| state.event_loop.is_some() && state.phase == Phase::Cancelled))
    }

    /// Return True if the future is done.
    ///
    /// Done means either that a result / exception are available, or that
    /// the future was cancelled.
    #[method("done(self, /)")]
    fn done(_cx: &Context, this: &Ref<Future>) -> PyResult<bool> {
        Ok(this.locked(|state| state.event_loop.is_some() && state.phase != Phase::Pending))
    }

    /// Return the event loop the Future is bound to.
    #[method("get_loop(self, /)")]
    fn get_loop(cx: &Context, this: &Ref<Future>) -> PyResult<Value> {
        event_loop(cx, this)
    }

    /// Create the CancelledError to raise if the Future is cancelled.
    ///
    /// This should only be called once when handling a cancellation since
    /// it erases the context exception value.
    #[method("_make_cancelled_error(self, /)")]
    fn make_cancelled_error(cx: &Context, this: &Ref<Future>) -> PyResult<Ref<BaseException>> {
        cancelled_error(cx, this)
    }

    /// Futures are generic over the type of their results
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        generic_alias::alias(cx, class, object)
    }

    #[getter("_state")]
    fn state(cx: &Context, this: &Ref<Future>) -> PyResult<Value> {
        event_loop(cx, this)?;
        match this.locked(|state| state.phase) {
            Phase::Pending => "PENDING",
            Phase::Cancelled => "CANCELLED",
            Phase::Finished => "FINISHED",
        }
        .into_value(cx)
    }

    #[getter("_asyncio_future_blocking")]
    fn blocking(_cx: &Context, this: &Ref<Future>) -> PyResult<bool> {
        Ok(this.locked(|state| state.event_loop.is_some() && state.blocking))
    }

    #[setter("_asyncio_future_blocking")]
    fn set_blocking(cx: &Context, this: &Ref<Future>, value: Option<&Value>) -> PyResult<()> {
        event_loop(cx, this)?;
        let value = value.ok_or_else(|| cannot_delete(cx))?.truth(cx)?;
        this.locked(|state| state.blocking = value);
        Ok(())
    }

    #[getter("_loop")]
    fn event_loop(_cx: &Context, this: &Ref<Future>) -> PyResult<Option<Value>> {
        Ok(this.locked(|state| state.event_loop.clone()))
    }

    #[getter("_callbacks")]
    fn callbacks(cx: &Context, this: &Ref<Future>) -> PyResult<Option<Ref<List>>> {
        event_loop(cx, this)?;
        let callbacks = this.locked(|state| state.callbacks.clone());
        if callbacks.is_empty() {
            return Ok(None);
        }
        let pairs = callbacks
            .into_iter()
            .map(|(function, context)| {
                Tuple::from_vec(cx, vec![function, context]).map(Ref::into_value)
            })
            .collect::<PyResult<Vec<Value>>>()?;
        List::from_values(cx, pairs).map(Some)
    }

    #[getter("_result")]
    fn result_value(cx: &Context, this: &Ref<Future>) -> PyResult<Option<Value>> {
        event_loop(cx, this)?;
        Ok(this.locked(|state| state.result.clone()))
    }

    #[getter("_exception")]
    fn exception_value(cx: &Context, this: &Ref<Future>) -> PyResult<Option<Ref<BaseException>>> {
        event_loop(cx, this)?;
        Ok(this.locked(|state| state.exception.clone()))
    }

    #[getter("_log_traceback")]
    fn log_traceback(cx: &Context, this: &Ref<Future>) -> PyResult<bool> {
        event_loop(cx, this)?;
        Ok(this.locked(|state| state.log_traceback))
    }

    #[setter("_log_traceback")]
    fn set_log_traceback(cx: &Context, this: &Ref<Future>, value: Option<&Value>) -> PyResult<()> {
        if value.ok_or_else(|| cannot_delete(cx))?.truth(cx)? {
            return Err(cx.value_error("_log_traceback can only be set to False"));
        }
        this.locked(|state| state.log_traceback = false);
        Ok(())
    }

    #[getter("_source_traceback")]
    fn source_traceback(_cx: &Context, this: &Ref<Future>) -> PyResult<Option<Value>> {
        Ok(this.locked(|state| state.source_traceback.clone()))
    }

    #[getter("_cancel_message")]
    fn cancel_message(_cx: &Context, this: &Ref<Future>) -> PyResult<Option<Value>> {
        Ok(this.locked(|state| state.cancel_message.clone()))
    }

    #[setter("_cancel_message")]
    fn set_cancel_message(cx: &Context, this: &Ref<Future>, value: Option<&Value>) -> PyResult<()> {
        let value = value.ok_or_else(|| cannot_delete(cx))?.clone();
        drop(this.locked(|state| state.cancel_message.replace(value)));
        Ok(())
    }

    #[getter("_asyncio_awaited_by")]
    fn awaited_by(cx: &Context, this: &Ref<Future>) -> PyResult<Option<Ref<FrozenSet>>> {
        let waiters = this.locked(|state| state.waiters.clone());
        if waiters.is_empty() {
            return Ok(None);
        }
        FrozenSet::from_values(cx, &waiters).map(Some)
    }
}
