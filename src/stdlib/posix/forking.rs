//! `fork`: a process that is a copy of this one, with the calling thread as its only one.
//!
//! ```text
//!   functions of register_at_fork("before"), the last one first
//!   world stopped ► thread table locked ► allocator locked ► fork
//!   in both: unlocked in the opposite order; in the child the other threads are forgotten first
//!   functions of "after_in_child" or "after_in_parent", the first one first
//! ```
//! With the world stopped no other thread is inside an object or holds a lock that guards objects, so
//! the child finds them whole. Nothing is allocated while the allocator is locked.

use parking_lot::Mutex;
use rustix::io::Result as SystemResult;
use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::exceptions;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Value, audit, collector, finalizer, object, warnings};

use super::arguments::{Settle, outcome};
use crate::{asyncio, signal, thread};

/// What `register_at_fork` was given, in order. The lock is a leaf.
static HOOKS: Mutex<Hooks> = Mutex::new(Hooks {
    before: Vec::new(),
    in_child: Vec::new(),
    in_parent: Vec::new(),
});

struct Hooks {
    before: Vec<Value>,
    in_child: Vec<Value>,
    in_parent: Vec<Value>,
}

fn callable<'a>(cx: &Context, name: &str, value: &Maybe<&'a Value>) -> PyResult<Option<&'a Value>> {
    match value.0 {
        Some(function) if !call::is_callable(function) => {
            let got = function.type_name();
            Err(cx.type_error(format!("'{name}' must be callable, not {got}")))
        }
        function => Ok(function),
    }
}

/// Register callables to be called when forking a new process.
///
///   before
///     A callable to be called in the parent before the fork() syscall.
///   after_in_child
///     A callable to be called in the child after fork().
///   after_in_parent
///     A callable to be called in the parent after fork().
///
/// 'before' callbacks are called in reverse order.
/// 'after_in_child' and 'after_in_parent' callbacks are called in order.
#[pyfunction("register_at_fork(*, before=None, after_in_child=None, after_in_parent=None)")]
pub(super) fn register_at_fork(
    cx: &Context,
    before: Maybe<&Value>,
    after_in_child: Maybe<&Value>,
    after_in_parent: Maybe<&Value>,
) -> PyResult<()> {
    if [&before, &after_in_child, &after_in_parent]
        .iter()
        .all(|function| function.0.is_none())
    {
        return Err(cx.type_error("At least one argument is required."));
    }
    let before = callable(cx, "before", &before)?;
    let in_child = callable(cx, "after_in_child", &after_in_child)?;
    let in_parent = callable(cx, "after_in_parent", &after_in_parent)?;
    let mut hooks = HOOKS.lock();
    hooks.before.extend(before.cloned());
    hooks.in_child.extend(in_child.cloned());
    hooks.in_parent.extend(in_parent.cloned());
    Ok(())
}

/// Calls functions that may raise what they want: it goes to `sys.unraisablehook`.
fn run(cx: &Context, functions: Vec<Value>) {
    for function in functions {
        if call::call(cx, &function, &[]).is_err() {
            finalizer::unraisable(cx, "Exception ignored in fork callback", &function);
        }
    }
}

/// Forks by `system_fork`, which returns 0 in the child. Nothing is allocated or freed by it.
///
/// # Errors
/// What the system says; the functions for the parent have run then.
pub fn fork_with(
    cx: &Context,
    system_fork: impl FnOnce() -> SystemResult<i32>,
) -> SystemResult<i32> {
    let mut before = HOOKS.lock().before.clone();
    before.reverse();
    run(cx, before);
    let world = typhon_sync::prepare_fork(cx.record);
    let threads = thread::prepare_fork();
    typhon_alloc::before_fork();
    let result = system_fork();
    if matches!(result, Ok(0)) {
        typhon_alloc::after_fork_child();
        thread::after_fork_child(threads);
        typhon_sync::after_fork_child(world, &mut |dead| object::destroy(dead));
        collector::after_fork_child(cx);
        signal::after_fork_child(cx);
        asyncio::after_fork_child(cx);
        let functions = HOOKS.lock().in_child.clone();
        run(cx, functions);
    } else {
        typhon_alloc::after_fork_parent();
        drop(threads);
        drop(world);
        let functions = HOOKS.lock().in_parent.clone();
        run(cx, functions);
    }
    result
}

/// The child of an interpreter that is being taken apart could not go on.
///
/// # Errors
/// PythonFinalizationError.
fn check_not_ending(cx: &Context) -> PyResult<()> {
    if typhon_sync::world::is_closed() {
        let class = exceptions::python_finalization_error();
        return Err(cx.raise_message(class, "can't fork at interpreter shutdown"));
    }
    Ok(())
}

/// In the parent: locks that the other threads held are never given back in the child.
///
/// # Errors
/// The warning, when filters turn it into an exception.
fn warn_of_threads(cx: &Context, function: &str) -> PyResult<()> {
    if thread::running() == 0 {
        return Ok(());
    }
    let message = format!(
        "This process (pid={}) is multi-threaded, use of {function}() may lead to deadlocks in the child.",
        std::process::id()
    );
    warnings::warn(cx, exceptions::deprecation_warning(), &message, 1)
}

/// Fork a child process.
///
/// Return 0 to child process and PID of child to parent process.
#[pyfunction("fork()")]
pub(super) fn fork(cx: &Context) -> PyResult<i32> {
    audit::event(cx, "os.fork", || Ok(Vec::new()))?;
    check_not_ending(cx)?;
    // SAFETY: the child has the calling thread only, and `fork_with` has seen to it that it can go on.
    let pid = fork_with(cx, || outcome(unsafe { libc::fork() })).settle(cx)?;
    if pid != 0 {
        warn_of_threads(cx, "fork")?;
    }
    Ok(pid)
}

/// Fork a new process with a new pseudo-terminal as controlling tty.
///
/// Returns a tuple of (pid, master_fd).
/// Like fork(), return pid of 0 to the child process,
/// and pid of child to the parent process.
/// To both, return fd of newly opened pseudo-terminal.
#[pyfunction("forkpty()")]
pub(super) fn forkpty(cx: &Context) -> PyResult<Value> {
    audit::event(cx, "os.forkpty", || Ok(Vec::new()))?;
    check_not_ending(cx)?;
    let mut master = -1;
    // SAFETY: as in `fork`; the descriptor is written to, name and properties are left out.
    let open = || unsafe {
        outcome(libc::forkpty(
            &mut master,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        ))
    };
    let pid = fork_with(cx, open).settle(cx)?;
    if pid != 0 {
        warn_of_threads(cx, "forkpty")?;
    }
    super::pair(cx, pid, master)
}
