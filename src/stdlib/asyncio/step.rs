//! A step of a task: the coroutine runs until it awaits something that is not there yet.
//!
//! The loop calls [`Step`] objects, which `schedule` gives it, and `TaskWakeup` functions, which futures
//! get as callbacks.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, FunctionSpec};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::generator::{Generator, Resumed};
use typhon_runtime::objects::native::NativeFunction;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::protocols::{attribute, call, classes, text};
use typhon_runtime::vm::awaiting;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::future::{self, Future, Outcome, Phase};
use super::imported::{self, CANCELLED_ERROR, INVALID_STATE_ERROR};
use super::running;
use super::task::{Task, as_future};
use crate::arguments::{bind, given, signature};

/// The payload of `_asyncio.TaskStepMethWrapper`: a step that the loop is to make.
#[pyclass(
    name = "TaskStepMethWrapper",
    module = "_asyncio",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub(super) struct Step {
    task: Ref<Task>,
    /// What is raised in the coroutine.
    exception: Option<Ref<BaseException>>,
}

impl Traverse for Step {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.task.as_value());
        if let Some(exception) = &self.exception {
            visit(exception.as_value());
        }
    }
}

#[pymethods]
impl Step {
    #[slot(call)]
    fn call(cx: &Context, this: &Ref<Step>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("function takes no keyword arguments"));
        }
        if !args.is_empty() {
            return Err(cx.type_error("function takes no positional arguments"));
        }
        step(cx, &this.task, this.exception.clone())?;
        Ok(Value::NONE)
    }

    #[getter("__self__")]
    fn task(_cx: &Context, this: &Ref<Step>) -> PyResult<Value> {
        Ok(this.task.to_value())
    }
}

/// Asks the loop for a step, in which `exception` is raised.
///
/// # Errors
/// What the loop raises.
pub(super) fn schedule(
    cx: &Context,
    task: &Ref<Task>,
    exception: Option<Ref<BaseException>>,
) -> PyResult<()> {
    let event_loop = future::event_loop(cx, as_future(task))?;
    let context = task.locked(|state| state.context.clone());
    let step = Step {
        task: task.clone(),
        exception,
    };
    let step = object::new(cx, step)?.into_value();
    future::call_soon(cx, &event_loop, step, None, context)
}

/// Makes a step as the thread's task.
///
/// # Errors
/// InvalidStateError when the task is done; KeyboardInterrupt and SystemExit of the coroutine; what the
/// loop raises.
fn step(cx: &Context, task: &Ref<Task>, exception: Option<Ref<BaseException>>) -> PyResult<()> {
    let event_loop = future::event_loop(cx, as_future(task))?;
    running::enter(cx, &event_loop, task.as_value())?;
    let stepped = run(cx, task, exception);
    let exception = stepped.is_err().then(|| cx.take_exception());
    let left = running::leave(cx, &event_loop, task.as_value());
    match exception {
        Some(exception) => {
            cx.set_exception(exception);
            Err(Raised)
        }
        None => left,
    }
}

fn resume(
    cx: &Context,
    coroutine: &Value,
    exception: Option<Ref<BaseException>>,
) -> PyResult<Resumed> {
    match (awaiting::as_generator(coroutine), exception) {
        (Some(generator), None) => Ref::<Generator>::resume(generator, cx, Value::NONE),
        (None, None) => awaiting::send(cx, coroutine, &Value::NONE),
        (_, Some(exception)) => {
            let thrown = [exception.into_value()];
            match call::call_method(cx, coroutine, names::throw(), &thrown) {
                Ok(value) => Ok(Resumed::Yielded(value)),
                Err(Raised) => {
                    let stop = cx.catch(exceptions::stop_iteration())?;
                    Ok(Resumed::Returned(exceptions::stop_value(&stop)))
                }
            }
        }
    }
}

/// Makes a step; the caller has made the task the thread's.
///
/// # Errors
/// As [`step`].
pub(super) fn run(
    cx: &Context,
    task: &Ref<Task>,
    mut exception: Option<Ref<BaseException>>,
) -> PyResult<()> {
    let future = as_future(task);
    if future.locked(|state| state.phase != Phase::Pending) {
        let exception = exception.map_or(Value::NONE, Ref::into_value);
        let task = text::repr_text(cx, task.as_value())?;
        let exception = text::repr_text(cx, &exception)?;
        let message = format!("__step(): already done: {task} {exception}");
        return Err(INVALID_STATE_ERROR.raise(cx, &message));
    }
    if task.locked(|state| state.must_cancel) {
        let is_cancelled = match &exception {
            Some(exception) => {
                let class = CANCELLED_ERROR.get(cx)?;
                classes::is_instance(cx, exception.as_value(), class)?
            }
            None => false,
        };
        if !is_cancelled {
            exception = Some(future::cancelled_error(cx, future)?);
        }
        task.locked(|state| state.must_cancel = false);
    }
    let (waiter, coroutine) = task.locked(|state| (state.waiter.take(), state.coroutine.clone()));
    drop(waiter);
    let Some(coroutine) = coroutine else {
        return Err(cx.runtime_error("uninitialized Task object"));
    };
    match resume(cx, &coroutine, exception) {
        Ok(Resumed::Yielded(value)) => wait_for(cx, task, value),
        Ok(Resumed::Returned(value)) => {
            let cancelled = task.locked(|state| std::mem::take(&mut state.must_cancel));
            if cancelled {
                // It was cancelled right before the coroutine returned.
                let message = future.locked(|state| state.cancel_message.clone());
                future::cancel(cx, future, message).map(drop)
            } else {
                future::set_result(cx, future, value)
            }
        }
        Err(Raised) => raised(cx, future),
    }
}

/// The coroutine has raised.
fn raised(cx: &Context, future: &Ref<Future>) -> PyResult<()> {
    let exception = cx.take_exception();
    let class = exception.as_value().class().clone();
    if class.is_subclass(CANCELLED_ERROR.class(cx)?) {
        drop(future.locked(|state| state.cancelled_error.replace(exception)));
        return future::cancel(cx, future, None).map(drop);
    }
    future::set_exception(cx, future, exception.as_value())?;
    if class.is_subclass(exceptions::keyboard_interrupt())
        || class.is_subclass(exceptions::system_exit())
    {
        cx.set_exception(exception);
        return Err(Raised);
    }
    Ok(())
}

/// Has the next step raise RuntimeError.
fn complain(cx: &Context, task: &Ref<Task>, message: &str) -> PyResult<()> {
    let text = Str::from_str(cx, message)?.into_value();
    let exception = exceptions::instantiate(cx, exceptions::runtime_error(), &[text])?;
    schedule(cx, task, Some(exception))
}

/// Sees to it that the task goes on when what its coroutine yielded is there.
fn wait_for(cx: &Context, task: &Ref<Task>, yielded: Value) -> PyResult<()> {
    let own = task.as_value();
    if yielded.is(own) {
        let shown = text::repr_text(cx, own)?;
        return complain(cx, task, &format!("Task cannot await on itself: {shown}"));
    }
    if yielded.is_none() {
        // A bare yield lets others run for one turn of the loop.
        return schedule(cx, task, None);
    }
    let is_own = yielded.is_exact::<Future>() || yielded.is_exact::<Task>();
    let blocking = if is_own {
        true
    } else {
        attribute::find(cx, &yielded, imported::BLOCKING.get(cx)?)?
            .is_some_and(|blocking| !blocking.is_none())
    };
    if blocking {
        return wait_for_future(cx, task, yielded, is_own);
    }
    let shown = text::repr_text(cx, &yielded)?;
    if yielded.is_exact::<Generator>() {
        let task_shown = text::repr_text(cx, own)?;
        let message = format!(
            "yield was used instead of yield from for generator in task {task_shown} with {shown}"
        );
        return complain(cx, task, &message);
    }
    complain(cx, task, &format!("Task got bad yield: {shown}"))
}

/// [`wait_for`] with anything that is like a future; `is_own` for one of exactly the classes here.
fn wait_for_future(cx: &Context, task: &Ref<Task>, yielded: Value, is_own: bool) -> PyResult<()> {
    let own_loop = future::event_loop(cx, as_future(task))?;
    let shown = || -> PyResult<(String, String)> {
        let task = text::repr_text(cx, task.as_value())?;
        Ok((task, text::repr_text(cx, &yielded)?))
    };
    if !running::loop_of(cx, &yielded)?.is(&own_loop) {
        let (task_shown, shown) = shown()?;
        let message = format!("Task {task_shown} got Future {shown} attached to a different loop");
        return complain(cx, task, &message);
    }
    let future = yielded.downcast::<Future>().filter(|_| is_own);
    let blocking = match future {
        Some(future) => future.locked(|state| std::mem::take(&mut state.blocking)),
        None => attribute::get(cx, &yielded, imported::BLOCKING.get(cx)?)?.truth(cx)?,
    };
    if !blocking {
        let (task_shown, shown) = shown()?;
        let message =
            format!("yield was used instead of yield from in task {task_shown} with {shown}");
        return complain(cx, task, &message);
    }
    future::add_waiter(&yielded, task.as_value());
    let wakeup = NativeFunction::new(cx, &WAKEUP, Some(task.to_value()), None)?.into_value();
    let context = task.locked(|state| state.context.clone());
    match future {
        Some(future) => future::add_done_callback(cx, future, &wakeup, context)?,
        None => {
            let name = imported::BLOCKING.get(cx)?;
            attribute::set(cx, &yielded, name, &Value::FALSE)?;
            let name = imported::ADD_DONE_CALLBACK.get(cx)?;
            let method = attribute::get(cx, &yielded, name)?;
            let args = Args {
                values: &[wakeup, context.unwrap_or(Value::NONE)],
                names: &[imported::CONTEXT.get(cx)?.to_value()],
            };
            call::call_args(cx, &method, args)?;
        }
    }
    let must_cancel = task.locked(|state| {
        state.waiter = Some(yielded.clone());
        state.must_cancel
    });
    if must_cancel {
        let message = as_future(task).locked(|state| state.cancel_message.clone());
        if cancel_waiter(cx, &yielded, message)? {
            task.locked(|state| state.must_cancel = false);
        }
    }
    Ok(())
}

/// `waiter.cancel(msg=message)`.
///
/// # Errors
/// What it raises.
pub(super) fn cancel_waiter(
    cx: &Context,
    waiter: &Value,
    message: Option<Value>,
) -> PyResult<bool> {
    let method = attribute::get(cx, waiter, imported::CANCEL.get(cx)?)?;
    let args = Args {
        values: &[message.unwrap_or(Value::NONE)],
        names: &[imported::MSG.get(cx)?.to_value()],
    };
    call::call_args(cx, &method, args)?.truth(cx)
}

/// The callback of what a task waits for.
static WAKEUP: FunctionSpec = FunctionSpec {
    name: "TaskWakeup",
    doc: "",
    signature: signature!("TaskWakeup", 1, [future], []),
    call: |cx, this, args| {
        let [future] = bind(cx, signature!("TaskWakeup", 1, [future], []), args)?;
        let task = this.downcast::<Task>().expect("invariant: made for a task");
        wake_up(cx, task, given(future))?;
        Ok(Value::NONE)
    },
};

fn wake_up(cx: &Context, task: &Ref<Task>, future: &Value) -> PyResult<()> {
    future::discard_waiter(future, task.as_value());
    let is_own = future.is_exact::<Future>() || future.is_exact::<Task>();
    let result = match future.downcast::<Future>().filter(|_| is_own) {
        Some(future) => match future::outcome(cx, future) {
            Ok(Outcome::Result(_)) => Ok(()),
            Ok(Outcome::Exception(exception)) => return step(cx, task, Some(exception)),
            Err(raised) => Err(raised),
        },
        None => call::call_method(cx, future, imported::RESULT.get(cx)?, &[]).map(drop),
    };
    match result {
        Ok(()) => step(cx, task, None),
        Err(Raised) => {
            let exception = cx.take_exception();
            step(cx, task, Some(exception))
        }
    }
}
