//! `atexit`: functions to call when the program ends.
//!
//! [`run`] is the interpreter's way in, at its end: the last function registered is called first. A
//! function that is registered meanwhile is not called.

use parking_lot::Mutex;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Args;
use typhon_runtime::objects::module::Module;
use typhon_runtime::protocols::{call, compare};
use typhon_runtime::{Context, PyResult, Ref, Value, finalizer};

/// A function and its arguments.
#[derive(Clone)]
struct Callback {
    function: Value,
    /// Positional arguments, then the values of keyword arguments.
    values: Vec<Value>,
    names: Vec<Value>,
    serial: u64,
}

struct Callbacks {
    list: Vec<Callback>,
    serial: u64,
}

/// The functions that are to be called, the last one first. The lock is a leaf.
static CALLBACKS: Mutex<Callbacks> = Mutex::new(Callbacks {
    list: Vec::new(),
    serial: 0,
});

/// Calls what is registered, and forgets it. What a function raises goes to `sys.unraisablehook`.
pub fn run(cx: &Context) {
    let callbacks = CALLBACKS.lock().list.clone();
    for callback in callbacks.iter().rev() {
        let args = Args {
            values: &callback.values,
            names: &callback.names,
        };
        if call::call_args(cx, &callback.function, args).is_err() {
            finalizer::unraisable(
                cx,
                "Exception ignored in atexit callback",
                &callback.function,
            );
        }
    }
    forget_all();
}

fn forget_all() {
    let removed = std::mem::take(&mut CALLBACKS.lock().list);
    drop(removed);
}

/// allow programmer to define multiple exit functions to be executed
/// upon normal program termination.
///
/// Two public functions, register and unregister, are defined.
#[pymodule(
    name = "atexit",
    functions(register, clear, run_exitfuncs, unregister, ncallbacks)
)]
fn initialize(_cx: &Context, _this: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Register a function to be executed upon normal program termination
///
///     func - function to be called at exit
///     args - optional arguments to pass to func
///     kwargs - optional keyword arguments to pass to func
///
///     func is returned to facilitate usage as a decorator.
#[pyfunction("register(func, /, *args, **kwargs)")]
fn register(
    cx: &Context,
    func: &Value,
    args: &[Value],
    kwargs: Vec<(&Value, &Value)>,
) -> PyResult<Value> {
    if !call::is_callable(func) {
        return Err(cx.type_error("the first argument must be callable"));
    }
    let mut values = args.to_vec();
    let mut names = Vec::with_capacity(kwargs.len());
    for (name, value) in kwargs {
        names.push(name.clone());
        values.push(value.clone());
    }
    let mut callbacks = CALLBACKS.lock();
    let serial = callbacks.serial;
    callbacks.serial += 1;
    callbacks.list.push(Callback {
        function: func.clone(),
        values,
        names,
        serial,
    });
    Ok(func.clone())
}

/// Clear the list of previously registered exit functions.
#[pyfunction("_clear()")]
fn clear(_cx: &Context) -> PyResult<()> {
    forget_all();
    Ok(())
}

/// Run all registered exit functions.
///
/// If a callback raises an exception, it is logged with sys.unraisablehook.
#[pyfunction("_run_exitfuncs()")]
fn run_exitfuncs(cx: &Context) -> PyResult<()> {
    run(cx);
    Ok(())
}

/// Unregister an exit function which was previously registered using
/// atexit.register
///
///     func - function to be unregistered
#[pyfunction("unregister(func, /)")]
fn unregister(cx: &Context, func: &Value) -> PyResult<()> {
    // Comparing runs Python code, which may change the list: a copy is gone through.
    let copy = CALLBACKS.lock().list.clone();
    for callback in copy.iter().rev() {
        if compare::identical_or_equal(cx, &callback.function, func)? {
            let mut callbacks = CALLBACKS.lock();
            let at = callbacks
                .list
                .iter()
                .position(|other| other.serial == callback.serial);
            let removed = at.map(|at| callbacks.list.remove(at));
            drop(callbacks);
            drop(removed);
        }
    }
    Ok(())
}

/// Return the number of registered exit functions.
#[pyfunction("_ncallbacks()")]
fn ncallbacks(_cx: &Context) -> PyResult<usize> {
    Ok(CALLBACKS.lock().list.len())
}
