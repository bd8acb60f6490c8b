//! Which loop and which task a thread runs, and the functions of the module about tasks and loops.
//!
//! Both are in the thread's context. Other threads look at them with the world stopped.

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::set::Set;
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::future::{self, Future, Phase};
use super::task::{self, Task};
use super::{imported, registry};
use crate::arguments::unless_none;
use crate::sys::frames;

/// Forgets the loop and the task of the thread that forked, in the child.
pub fn after_fork_child(cx: &Context) {
    cx.running_task.set(None);
    cx.running_loop.set(None);
}

/// `get_event_loop()`.
///
/// # Errors
/// What the policy raises.
pub(super) fn event_loop(cx: &Context) -> PyResult<Value> {
    if let Some(running) = cx.running_loop.get() {
        return Ok(running);
    }
    let policy = call::call(cx, imported::GET_EVENT_LOOP_POLICY.get(cx)?, &[])?;
    call::call_method(cx, &policy, imported::GET_EVENT_LOOP.get(cx)?, &[])
}

/// Return an asyncio event loop.
///
/// When called from a coroutine or a callback (e.g. scheduled with
/// call_soon or similar API), this function will always return the
/// running event loop.
///
/// If there is no running event loop set, the function will return
/// the result of `get_event_loop_policy().get_event_loop()` call.
#[pyfunction("get_event_loop()")]
pub(super) fn get_event_loop(cx: &Context) -> PyResult<Value> {
    event_loop(cx)
}

/// Return the running event loop.  Raise a RuntimeError if there is none.
///
/// This function is thread-specific.
#[pyfunction("get_running_loop()")]
pub(super) fn get_running_loop(cx: &Context) -> PyResult<Value> {
    cx.running_loop
        .get()
        .ok_or_else(|| cx.runtime_error("no running event loop"))
}

/// Return the running event loop or None.
///
/// This is a low-level function intended to be used by event loops.
/// This function is thread-specific.
#[pyfunction("_get_running_loop()")]
pub(super) fn get_running_loop_or_none(cx: &Context) -> PyResult<Option<Value>> {
    Ok(cx.running_loop.get())
}

/// Set the running event loop.
///
/// This is a low-level function intended to be used by event loops.
/// This function is thread-specific.
#[pyfunction("_set_running_loop(loop, /)")]
pub(super) fn set_running_loop(cx: &Context, event_loop: &Value) -> PyResult<()> {
    cx.running_loop.set(unless_none(Some(event_loop)).cloned());
    Ok(())
}

/// # Errors
/// RuntimeError when the thread does not run this loop.
fn check_running(cx: &Context, event_loop: &Value) -> PyResult<()> {
    match cx.running_loop.get() {
        Some(running) if running.is(event_loop) => Ok(()),
        _ => {
            let shown = text::repr_text(cx, event_loop)?;
            Err(cx.runtime_error(format!("loop {shown} is not the running loop")))
        }
    }
}

/// Makes `task` the one that the thread runs.
///
/// # Errors
/// RuntimeError when it runs another one, or another loop.
pub(super) fn enter(cx: &Context, event_loop: &Value, task: &Value) -> PyResult<()> {
    check_running(cx, event_loop)?;
    match cx.running_task.get() {
        None => {
            cx.running_task.set(Some(task.clone()));
            Ok(())
        }
        Some(running) => Err(already_running(cx, task, &running)),
    }
}

#[cold]
fn already_running(cx: &Context, task: &Value, running: &Value) -> Raised {
    let shown =
        text::repr_text(cx, task).and_then(|task| Ok((task, text::repr_text(cx, running)?)));
    match shown {
        Ok((task, running)) => cx.runtime_error(format!(
            "Cannot enter into task {task} while another task {running} is being executed."
        )),
        Err(raised) => raised,
    }
}

/// The end of [`enter`].
///
/// # Errors
/// RuntimeError when the thread runs something else.
pub(super) fn leave(cx: &Context, event_loop: &Value, task: &Value) -> PyResult<()> {
    check_running(cx, event_loop)?;
    let running = cx.running_task.get().unwrap_or(Value::NONE);
    if !running.is(task) {
        let task = text::repr_text(cx, task)?;
        let running = text::repr_text(cx, &running)?;
        return Err(cx.runtime_error(format!(
            "Invalid attempt to leave task {task} while task {running} is entered."
        )));
    }
    cx.running_task.set(None);
    Ok(())
}

/// Makes `task`, which may be None, the one that the thread runs; returns what it ran.
///
/// # Errors
/// RuntimeError when the thread runs another loop.
pub(super) fn swap(cx: &Context, event_loop: &Value, task: &Value) -> PyResult<Value> {
    check_running(cx, event_loop)?;
    let task = unless_none(Some(task)).cloned();
    Ok(cx.running_task.replace(task).unwrap_or(Value::NONE))
}

/// Enter into task execution or resume suspended task.
///
/// Task belongs to loop.
///
/// Returns None.
#[pyfunction("_enter_task(loop, task)")]
pub(super) fn enter_task(cx: &Context, event_loop: &Value, task: &Value) -> PyResult<()> {
    enter(cx, event_loop, task)
}

/// Leave task execution or suspend a task.
///
/// Task belongs to loop.
///
/// Returns None.
#[pyfunction("_leave_task(loop, task)")]
pub(super) fn leave_task(cx: &Context, event_loop: &Value, task: &Value) -> PyResult<()> {
    leave(cx, event_loop, task)
}

/// Temporarily swap in the supplied task and return the original one (or None).
///
/// This is intended for use during eager coroutine execution.
#[pyfunction("_swap_current_task(loop, task)")]
pub(super) fn swap_current_task(cx: &Context, event_loop: &Value, task: &Value) -> PyResult<Value> {
    swap(cx, event_loop, task)
}

/// Register a new task in asyncio as executed by loop.
///
/// Returns None.
#[pyfunction("_register_task(task)")]
pub(super) fn register_task(cx: &Context, task: &Value) -> PyResult<()> {
    match task.downcast::<Task>() {
        Some(task) => registry::add(cx, task),
        None => {
            let add = imported::ADD.get(cx)?;
            let tasks = registry::other_scheduled(cx)?;
            call::call_method(cx, tasks, add, std::slice::from_ref(task)).map(drop)
        }
    }
}

/// Register a new task in asyncio as executed by loop.
///
/// Returns None.
#[pyfunction("_register_eager_task(task)")]
pub(super) fn register_eager_task(cx: &Context, task: &Value) -> PyResult<()> {
    match task.downcast::<Task>() {
        Some(task) => registry::add(cx, task),
        None => registry::other_eager(cx)?.add(cx, task).map(drop),
    }
}

/// Unregister a task.
///
/// Returns None.
#[pyfunction("_unregister_task(task)")]
pub(super) fn unregister_task(cx: &Context, task: &Value) -> PyResult<()> {
    match task.downcast::<Task>() {
        Some(task) => {
            registry::remove(task);
            Ok(())
        }
        None => {
            let discard = imported::DISCARD.get(cx)?;
            let tasks = registry::other_scheduled(cx)?;
            call::call_method(cx, tasks, discard, std::slice::from_ref(task)).map(drop)
        }
    }
}

/// Unregister a task.
///
/// Returns None.
#[pyfunction("_unregister_eager_task(task)")]
pub(super) fn unregister_eager_task(cx: &Context, task: &Value) -> PyResult<()> {
    match task.downcast::<Task>() {
        Some(task) => {
            registry::remove(task);
            Ok(())
        }
        None => registry::other_eager(cx)?.discard(cx, task).map(drop),
    }
}

/// Return a currently executed task.
#[pyfunction("current_task(loop=None)")]
pub(super) fn current_task(cx: &Context, event_loop: Maybe<&Value>) -> PyResult<Option<Value>> {
    let running = cx.running_loop.get();
    let event_loop = match (unless_none(event_loop.0), &running) {
        (Some(event_loop), _) => event_loop,
        (None, Some(running)) => running,
        (None, None) => return Err(cx.runtime_error("no running event loop")),
    };
    if running.as_ref().is_some_and(|own| own.is(event_loop)) {
        return Ok(cx.running_task.get());
    }
    let found = frames::of_other_threads(cx, |other| {
        let runs_it = other.running_loop.peek_bits() == event_loop.bits();
        Ok(if runs_it {
            other.running_task.get()
        } else {
            None
        })
    })?;
    Ok(found.into_iter().next().map(|(_, task)| task))
}

/// The loop of anything that is like a future.
///
/// # Errors
/// What asking for it raises.
pub(super) fn loop_of(cx: &Context, like_future: &Value) -> PyResult<Value> {
    if like_future.is_exact::<Future>() || like_future.is_exact::<Task>() {
        let future = like_future
            .downcast::<Future>()
            .expect("invariant: by its class");
        return future::event_loop(cx, future);
    }
    match attribute::find(cx, like_future, imported::GET_LOOP.get(cx)?)? {
        Some(get_loop) => call::call(cx, &get_loop, &[]),
        None => attribute::get(cx, like_future, imported::LOOP.get(cx)?),
    }
}

/// Whether anything that is like a task is done.
fn is_done(cx: &Context, task: &Value) -> PyResult<bool> {
    if let Some(task) = task.downcast::<Task>() {
        return Ok(task::as_future(task).locked(|state| state.phase != Phase::Pending));
    }
    call::call_method(cx, task, imported::DONE.get(cx)?, &[])?.truth(cx)
}

/// Return a set of all tasks for the loop.
#[pyfunction("all_tasks(loop=None)")]
pub(super) fn all_tasks(cx: &Context, event_loop: Maybe<&Value>) -> PyResult<Ref<Set>> {
    let event_loop = match unless_none(event_loop.0) {
        Some(event_loop) => event_loop.clone(),
        None => get_running_loop(cx)?,
    };
    let mut tasks = registry::others(cx)?;
    tasks.extend(registry::native());
    let found = Set::new(cx)?;
    for task in tasks {
        if loop_of(cx, &task)?.is(&event_loop) && !is_done(cx, &task)? {
            found.add(cx, &task)?;
        }
    }
    Ok(found)
}
