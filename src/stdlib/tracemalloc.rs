//! `_tracemalloc`: where memory blocks were allocated. The allocator keeps no such record, so the module
//! is never tracing, and says so when it is asked to start.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

/// The most frames of a traceback.
const MOST_FRAMES: i32 = 65_535;

/// Debug module to trace memory blocks allocated by Python.
#[pymodule(
    name = "_tracemalloc",
    functions(
        is_tracing,
        clear_traces,
        get_traces,
        get_object_traceback,
        start,
        stop,
        get_traceback_limit,
        get_tracemalloc_memory,
        get_traced_memory,
        reset_peak
    )
)]
fn initialize(_cx: &Context, _this: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Return True if the tracemalloc module is tracing Python memory allocations.
#[pyfunction("is_tracing()")]
fn is_tracing(_cx: &Context) -> PyResult<bool> {
    Ok(false)
}

/// Clear traces of memory blocks allocated by Python.
#[pyfunction("clear_traces()")]
fn clear_traces(_cx: &Context) -> PyResult<()> {
    Ok(())
}

/// Get traces of all memory blocks allocated by Python.
///
/// Return a list of (size: int, traceback: tuple) tuples.
/// traceback is a tuple of (filename: str, lineno: int) tuples.
///
/// Return an empty list if the tracemalloc module is disabled.
#[pyfunction("_get_traces()")]
fn get_traces(cx: &Context) -> PyResult<Ref<List>> {
    List::new(cx)
}

/// Get the traceback where the Python object obj was allocated.
///
/// Return a tuple of (filename: str, lineno: int) tuples.
/// Return None if the tracemalloc module is disabled or did not
/// trace the allocation of the object.
#[pyfunction("_get_object_traceback(obj, /)")]
fn get_object_traceback(_cx: &Context, _object: &Value) -> PyResult<()> {
    Ok(())
}

/// Start tracing Python memory allocations.
///
/// Also set the maximum number of frames stored in the traceback of a
/// trace to nframe.
#[pyfunction("start(nframe=1, /)")]
fn start(cx: &Context, nframe: i32) -> PyResult<()> {
    if !(1..=MOST_FRAMES).contains(&nframe) {
        return Err(cx.value_error(format!(
            "the number of frames must be in range [1; {MOST_FRAMES}]"
        )));
    }
    Err(cx.not_implemented_error("tracemalloc: this interpreter does not trace memory allocations"))
}

/// Stop tracing Python memory allocations.
///
/// Also clear traces of memory blocks allocated by Python.
#[pyfunction("stop()")]
fn stop(_cx: &Context) -> PyResult<()> {
    Ok(())
}

/// Get the maximum number of frames stored in the traceback of a trace.
///
/// By default, a trace of an allocated memory block only stores
/// the most recent frame: the limit is 1.
#[pyfunction("get_traceback_limit()")]
fn get_traceback_limit(_cx: &Context) -> PyResult<i32> {
    Ok(1)
}

/// Get the memory usage in bytes of the tracemalloc module.
///
/// This memory is used internally to trace memory allocations.
#[pyfunction("get_tracemalloc_memory()")]
fn get_tracemalloc_memory(_cx: &Context) -> PyResult<usize> {
    Ok(0)
}

/// Get the current size and peak size of memory blocks traced by tracemalloc.
///
/// Returns a tuple: (current: int, peak: int).
#[pyfunction("get_traced_memory()")]
fn get_traced_memory(cx: &Context) -> PyResult<Ref<Tuple>> {
    let zero = 0.into_value(cx)?;
    Tuple::from_vec(cx, vec![zero.clone(), zero])
}

/// Set the peak size of memory blocks traced by tracemalloc to the current size.
///
/// Do nothing if the tracemalloc module is not tracing memory allocations.
#[pyfunction("reset_peak()")]
fn reset_peak(_cx: &Context) -> PyResult<()> {
    Ok(())
}
