//! Who runs: frames, the exception being handled, trace functions, hooks of asynchronous generators.

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::field::Field;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::frame::FrameObject;
use typhon_runtime::objects::int;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::call;
use typhon_runtime::vm::monitoring::legacy;
use typhon_runtime::{Context, PyResult, Value, audit};
use typhon_sync::thread::ThreadRecord;

use crate::thread;

/// Return a frame object from the call stack.
///
/// If optional integer depth is given, return the frame object that many
/// calls below the top of the stack.  If that is deeper than the call
/// stack, ValueError is raised.  The default for depth is zero, returning
/// the frame at the top of the call stack.
///
/// This function should be used for internal and specialized purposes
/// only.
#[pyfunction("_getframe(depth=0, /)")]
pub fn getframe(cx: &Context, depth: i64) -> PyResult<Ref<FrameObject>> {
    match FrameObject::running(cx, depth.max(0) as usize)? {
        Some(frame) => {
            audit::event(cx, "sys._getframe", || Ok(vec![frame.to_value()]))?;
            Ok(frame)
        }
        None => Err(cx.value_error("call stack is not deep enough")),
    }
}

/// Return the name of the module for a calling frame.
///
/// The default depth returns the module containing the call to this API.
/// A more typical use in a library will pass a depth of 1 to get the user's
/// module rather than the library module.
///
/// If no frame, module, or name can be found, returns None.
#[pyfunction("_getframemodulename(depth=0)")]
pub fn getframemodulename(cx: &Context, depth: i64) -> PyResult<Option<Value>> {
    audit::event(cx, "sys._getframemodulename", || {
        Ok(vec![int::from_i64(cx, depth)?])
    })?;
    let Some(frame) = FrameObject::running(cx, depth.max(0) as usize)? else {
        return Ok(None);
    };
    Ok(frame.function().module.get())
}

/// Asks `question` of each other thread that has a context, with the world stopped, and collects the
/// answers by the threads' identities.
///
/// # Errors
/// What the question raises.
pub(crate) fn of_other_threads(
    cx: &Context,
    mut question: impl FnMut(&Context) -> PyResult<Option<Value>>,
) -> PyResult<Vec<(u64, Value)>> {
    let mut answers = Vec::new();
    let mut result = Ok(());
    let world = typhon_sync::stop_the_world(cx.record);
    ThreadRecord::for_each(|record| {
        // SAFETY: null, or the context of a thread that cannot end while the world is stopped.
        let other = unsafe { record.user_data().cast::<Context>().as_ref() };
        let Some(other) = other.filter(|other| !std::ptr::eq(*other, cx)) else {
            return;
        };
        let ident = thread::ident_of(record);
        if ident == 0 || result.is_err() {
            return;
        }
        match question(other) {
            Ok(answer) => answers.extend(answer.map(|answer| (ident, answer))),
            Err(raised) => result = Err(raised),
        }
    });
    drop(world);
    result.map(|()| answers)
}

/// A dict of what is known of each thread, the calling one included.
fn by_thread(cx: &Context, own: Option<Value>, others: Vec<(u64, Value)>) -> PyResult<Ref<Dict>> {
    let dict = Dict::new(cx)?;
    for (ident, value) in own
        .map(|own| (thread::ident(), own))
        .into_iter()
        .chain(others)
    {
        dict.set_item(cx, &int::from_u64(cx, ident)?, value)?;
    }
    Ok(dict)
}

/// Return a dict mapping each thread's thread id to its current stack frame.
///
/// This function should be used for specialized purposes only.
#[pyfunction("_current_frames()")]
pub fn current_frames(cx: &Context) -> PyResult<Ref<Dict>> {
    audit::event(cx, "sys._current_frames", || Ok(Vec::new()))?;
    let own = FrameObject::running(cx, 0)?.map(Ref::into_value);
    let others = of_other_threads(cx, |other| {
        // SAFETY: the world is stopped.
        Ok(unsafe { FrameObject::picture(cx, other) }?.map(Ref::into_value))
    })?;
    by_thread(cx, own, others)
}

/// Return a dict mapping each thread's identifier to its current raised exception.
///
/// This function should be used for specialized purposes only.
#[pyfunction("_current_exceptions()")]
pub fn current_exceptions(cx: &Context) -> PyResult<Ref<Dict>> {
    audit::event(cx, "sys._current_exceptions", || Ok(Vec::new()))?;
    let handled = |of: &Context| Some(of.handled_exception().map_or(Value::NONE, Ref::into_value));
    let others = of_other_threads(cx, |other| Ok(handled(other)))?;
    by_thread(cx, handled(cx), others)
}

/// Return current exception information: (type, value, traceback).
///
/// Return information about the most recent exception caught by an except
/// clause in the current stack frame or in an older stack frame.
#[pyfunction("exc_info()")]
pub fn exc_info(cx: &Context) -> PyResult<Ref<Tuple>> {
    let parts = match cx.handled_exception() {
        None => vec![Value::NONE; 3],
        Some(exception) => vec![
            exception.as_value().class().to_value(),
            exception.to_value(),
            exception.traceback.get().unwrap_or(Value::NONE),
        ],
    };
    Tuple::from_vec(cx, parts)
}

/// Return the current exception.
///
/// Return the most recent exception caught by an except clause
/// in the current stack frame or in an older stack frame, or None
/// if no such clause exists.
#[pyfunction("exception()")]
pub fn exception(cx: &Context) -> PyResult<Option<Value>> {
    Ok(cx.handled_exception().map(Ref::into_value))
}

fn present(function: &Value) -> Option<Value> {
    Some(function.clone()).filter(|function| !function.is_none())
}

/// Set the global debug tracing function.
///
/// It will be called on each function call.  See the debugger chapter
/// in the library manual.
#[pyfunction("settrace(function, /)")]
pub fn settrace(cx: &Context, function: &Value) -> PyResult<()> {
    audit::event(cx, "sys.settrace", || Ok(Vec::new()))?;
    legacy::set_trace(cx, present(function));
    Ok(())
}

/// Return the global debug tracing function set with sys.settrace.
///
/// See the debugger chapter in the library manual.
#[pyfunction("gettrace()")]
pub fn gettrace(cx: &Context) -> PyResult<Option<Value>> {
    Ok(cx.trace.get())
}

/// Set the profiling function.
///
/// It will be called on each function call and return.  See the profiler
/// chapter in the library manual.
#[pyfunction("setprofile(function, /)")]
pub fn setprofile(cx: &Context, function: &Value) -> PyResult<()> {
    legacy::set_profile(cx, present(function));
    Ok(())
}

/// Return the profiling function set with sys.setprofile.
///
/// See the profiler chapter in the library manual.
#[pyfunction("getprofile()")]
pub fn getprofile(cx: &Context) -> PyResult<Option<Value>> {
    Ok(cx.profile.get())
}

/// Set the global debug tracing function in all running threads belonging to the current interpreter.
///
/// It will be called on each function call. See the debugger chapter
/// in the library manual.
#[pyfunction("_settraceallthreads(function, /)")]
pub fn settraceallthreads(cx: &Context, function: &Value) -> PyResult<()> {
    legacy::set_in_all_threads(cx, present(function).as_ref(), false);
    Ok(())
}

/// Set the profiling function in all running threads belonging to the current interpreter.
///
/// It will be called on each function call and return.  See the profiler
/// chapter in the library manual.
#[pyfunction("_setprofileallthreads(function, /)")]
pub fn setprofileallthreads(cx: &Context, function: &Value) -> PyResult<()> {
    legacy::set_in_all_threads(cx, present(function).as_ref(), true);
    Ok(())
}

/// Call func(*args), while tracing is enabled.
///
/// The tracing state is saved, and restored afterwards.  This is intended
/// to be called from a debugger from a checkpoint, to recursively debug
/// some other code.
#[pyfunction("call_tracing(func, args, /)")]
pub fn call_tracing(cx: &Context, func: &Value, args: &Ref<Tuple>) -> PyResult<Value> {
    let tracing = cx.tracing.replace(false);
    let result = call::call(cx, func, args.as_slice());
    cx.tracing.set(tracing);
    result
}

static ASYNCGEN_HOOKS: Description = Description::new(
    "builtins",
    "asyncgen_hooks",
    "asyncgen_hooks\n\nA named tuple providing information about asynchronous\ngenerators hooks.  The attributes are read only.",
    &[
        ("firstiter", "callable called before first iteration of an async generator"),
        ("finalizer", "callable called when async generator is garbage collected"),
    ],
    2,
)
.not_callable();

/// Return the installed asynchronous generators hooks.
///
/// This returns a namedtuple of the form (firstiter, finalizer).
#[pyfunction("get_asyncgen_hooks()")]
pub fn get_asyncgen_hooks(cx: &Context) -> PyResult<Value> {
    let [first, finalizer] = &cx.async_generator_hooks;
    let hook = |field: &Field| field.get().unwrap_or(Value::NONE);
    ASYNCGEN_HOOKS.instance(cx, vec![hook(first), hook(finalizer)])
}

/// set_asyncgen_hooks([firstiter] [, finalizer])
///
/// Set a finalizer for async generators objects.
#[pyfunction("set_asyncgen_hooks(firstiter=<unrepresentable>, finalizer=<unrepresentable>)")]
pub fn set_asyncgen_hooks(
    cx: &Context,
    firstiter: Maybe<&Value>,
    finalizer: Maybe<&Value>,
) -> PyResult<()> {
    let given = [("firstiter", firstiter.0), ("finalizer", finalizer.0)];
    for (name, hook) in given {
        if let Some(hook) = hook
            && !hook.is_none()
            && !call::is_callable(hook)
        {
            return Err(cx.type_error(format!(
                "callable {name} expected, got {}",
                hook.type_name()
            )));
        }
    }
    for (field, (_, hook)) in cx.async_generator_hooks.iter().zip(given) {
        if let Some(hook) = hook {
            field.set(present(hook));
        }
    }
    Ok(())
}

/// Check status of origin tracking for coroutine objects in this thread.
#[pyfunction("get_coroutine_origin_tracking_depth()")]
pub fn get_coroutine_origin_tracking_depth(cx: &Context) -> PyResult<u32> {
    Ok(cx.coroutine_origin_depth.get())
}

/// Enable or disable origin tracking for coroutine objects in this thread.
///
/// Coroutine objects will track 'depth' frames of traceback information
/// about where they came from, available in their cr_origin attribute.
///
/// Set a depth of 0 to disable.
#[pyfunction("set_coroutine_origin_tracking_depth(depth)")]
pub fn set_coroutine_origin_tracking_depth(cx: &Context, depth: i32) -> PyResult<()> {
    match u32::try_from(depth) {
        Ok(depth) => {
            cx.coroutine_origin_depth.set(depth);
            Ok(())
        }
        Err(_) => Err(cx.value_error("depth must be >= 0")),
    }
}
