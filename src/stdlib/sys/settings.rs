//! What a program may ask or change: limits, encodings, the GIL, finalization.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use typhon_macros::pyfunction;
use typhon_runtime::objects::int;
use typhon_runtime::vm::frame::RECURSION_LIMIT;
use typhon_runtime::{Context, PyResult, Value};
use typhon_sync::gil;

/// Return the current value of the recursion limit.
///
/// The recursion limit is the maximum depth of the Python interpreter
/// stack.  This limit prevents infinite recursion from causing an overflow
/// of the C stack and crashing Python.
#[pyfunction("getrecursionlimit()")]
pub fn getrecursionlimit(_cx: &Context) -> PyResult<u32> {
    Ok(RECURSION_LIMIT.load(Ordering::Relaxed))
}

/// Set the maximum depth of the Python interpreter stack to n.
///
/// This limit prevents infinite recursion from causing an overflow of the C
/// stack and crashing Python.  The highest possible limit is platform-
/// dependent.
#[pyfunction("setrecursionlimit(limit, /)")]
pub fn setrecursionlimit(cx: &Context, limit: i32) -> PyResult<()> {
    if limit < 1 {
        return Err(cx.value_error("recursion limit must be greater or equal than 1"));
    }
    let depth = cx.stack.depth.get();
    if depth >= limit as u32 {
        return Err(cx.recursion_error(format!(
            "cannot set the recursion limit to {limit} at the recursion depth {depth}: the limit is too low"
        )));
    }
    RECURSION_LIMIT.store(limit as u32, Ordering::Relaxed);
    Ok(())
}

/// Return the current thread switch interval; see sys.setswitchinterval().
#[pyfunction("getswitchinterval()")]
pub fn getswitchinterval(_cx: &Context) -> PyResult<f64> {
    Ok(gil::switch_interval().as_secs_f64())
}

/// Set the ideal thread switching delay inside the Python interpreter.
///
/// The actual frequency of switching threads can be lower if the
/// interpreter executes long sequences of uninterruptible code
/// (this is implementation-specific and workload-dependent).
///
/// The parameter must represent the desired switching delay in seconds
/// A typical value is 0.005 (5 milliseconds).
#[pyfunction("setswitchinterval(interval, /)")]
pub fn setswitchinterval(cx: &Context, interval: f64) -> PyResult<()> {
    if interval <= 0.0 || interval.is_nan() {
        return Err(cx.value_error("switch interval must be strictly positive"));
    }
    let interval = Duration::try_from_secs_f64(interval).unwrap_or(Duration::MAX);
    gil::set_switch_interval(interval.max(Duration::from_micros(1)));
    Ok(())
}

/// Return the maximum string digits limit for non-binary int<->str conversions.
#[pyfunction("get_int_max_str_digits()")]
pub fn get_int_max_str_digits(_cx: &Context) -> PyResult<usize> {
    Ok(int::maximum_digits())
}

/// Set the maximum string digits limit for non-binary int<->str conversions.
#[pyfunction("set_int_max_str_digits(maxdigits)")]
pub fn set_int_max_str_digits(cx: &Context, maxdigits: i64) -> PyResult<()> {
    match usize::try_from(maxdigits) {
        Ok(limit) if int::set_maximum_digits(limit) => Ok(()),
        _ => Err(cx.value_error("maxdigits must be 0 or larger than 640")),
    }
}

static LOADING_FLAGS: AtomicI32 = AtomicI32::new(libc::RTLD_NOW);

/// Return the current value of the flags that are used for dlopen calls.
///
/// The flag constants are defined in the os module.
#[pyfunction("getdlopenflags()")]
pub fn getdlopenflags(_cx: &Context) -> PyResult<i32> {
    Ok(LOADING_FLAGS.load(Ordering::Relaxed))
}

/// Set the flags used by the interpreter for dlopen calls.
///
/// This is used, for example, when the interpreter loads extension
/// modules.
#[pyfunction("setdlopenflags(flags, /)")]
pub fn setdlopenflags(_cx: &Context, flags: i32) -> PyResult<()> {
    LOADING_FLAGS.store(flags, Ordering::Relaxed);
    Ok(())
}

/// Return the current default encoding used by the Unicode implementation.
#[pyfunction("getdefaultencoding()")]
pub fn getdefaultencoding(_cx: &Context) -> PyResult<&'static str> {
    Ok("utf-8")
}

/// Return the encoding used to convert Unicode filenames to OS filenames.
#[pyfunction("getfilesystemencoding()")]
pub fn getfilesystemencoding(_cx: &Context) -> PyResult<&'static str> {
    Ok("utf-8")
}

/// Return the error mode used Unicode to OS filename conversion.
#[pyfunction("getfilesystemencodeerrors()")]
pub fn getfilesystemencodeerrors(_cx: &Context) -> PyResult<&'static str> {
    Ok("surrogateescape")
}

/// Return True if the GIL is currently enabled.
///
/// This function returns False if the GIL is disabled; it never changes
/// while the process runs.
#[pyfunction("_is_gil_enabled()")]
pub fn is_gil_enabled(_cx: &Context) -> PyResult<bool> {
    Ok(typhon_sync::gil_enabled())
}

static FINALIZING: AtomicBool = AtomicBool::new(false);

/// From now on the interpreter is going down.
pub fn start_finalizing() {
    FINALIZING.store(true, Ordering::Release);
}

/// Return True if Python is exiting.
#[pyfunction("is_finalizing()")]
pub fn is_finalizing(_cx: &Context) -> PyResult<bool> {
    Ok(FINALIZING.load(Ordering::Acquire))
}

/// Private function for getting PyConfig.cpu_count
#[pyfunction("_get_cpu_count_config()")]
pub fn get_cpu_count_config(_cx: &Context) -> PyResult<i64> {
    Ok(crate::configuration::get().cpu_count.unwrap_or(-1))
}

/// Activate stack profiler trampoline *backend*.
#[pyfunction("activate_stack_trampoline(backend, /)")]
pub fn activate_stack_trampoline(cx: &Context, backend: String) -> PyResult<()> {
    if backend != "perf" && backend != "perf_jit" {
        return Err(cx.value_error(format!("invalid backend: {backend}")));
    }
    Err(cx.value_error("perf trampoline not available"))
}

/// Deactivate the current stack profiler trampoline backend.
///
/// If no stack profiler is activated, this function has no effect.
#[pyfunction("deactivate_stack_trampoline()")]
pub fn deactivate_stack_trampoline(_cx: &Context) -> PyResult<()> {
    Ok(())
}

/// Return *True* if a stack profiler trampoline is active.
#[pyfunction("is_stack_trampoline_active()")]
pub fn is_stack_trampoline_active(_cx: &Context) -> PyResult<bool> {
    Ok(false)
}

/// Return True if remote debugging is enabled, False otherwise.
#[pyfunction("is_remote_debug_enabled()")]
pub fn is_remote_debug_enabled(_cx: &Context) -> PyResult<bool> {
    Ok(false)
}

/// Executes a file containing Python code in a given remote Python process.
#[pyfunction("remote_exec(pid, script)")]
pub fn remote_exec(cx: &Context, pid: i64, script: &Value) -> PyResult<()> {
    let _ = (pid, script);
    Err(cx.runtime_error("Remote debugging is not enabled"))
}
