//! `_thread._excepthook`: reports an exception that a thread's `run` did not catch.

use typhon_macros::pyfunction;
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Value, interpreter};

use crate::{text_output, traceback_text};

/// `threading.ExceptHookArgs`.
pub static ARGUMENTS: Description = Description::new(
    "_thread",
    "_ExceptHookArgs",
    "ExceptHookArgs\n\nType used to pass arguments to threading.excepthook.",
    &[
        ("exc_type", "Exception type"),
        ("exc_value", "Exception value"),
        ("exc_traceback", "Exception traceback"),
        ("thread", "Thread"),
    ],
    4,
);

/// Where the report goes: `sys.stderr`, or what it was when the thread was made.
fn report_file(cx: &Context, thread: &Value) -> PyResult<Option<Value>> {
    let stderr = interpreter::sys_attribute(cx, names::stderr())?;
    if let Some(stderr) = stderr.filter(|file| !file.is_none()) {
        return Ok(Some(stderr));
    }
    if thread.is_none() {
        return Ok(None);
    }
    Ok(attribute::find(cx, thread, Name::intern(cx, "_stderr")?)?.filter(|file| !file.is_none()))
}

/// Handle uncaught Thread.run() exception.
#[pyfunction("_excepthook(args, /)")]
pub fn excepthook(cx: &Context, args: &Value) -> PyResult<()> {
    let given = args
        .downcast::<Tuple>()
        .filter(|_| match ARGUMENTS.class(cx) {
            Ok(class) => args.class().is(class),
            Err(_) => false,
        });
    let Some([class, value, traceback, thread]) =
        given.and_then(|given| given.as_slice().first_chunk())
    else {
        return Err(cx.type_error("_thread.excepthook argument type must be ExceptHookArgs"));
    };
    if class.is(exceptions::system_exit().as_value()) {
        return Ok(());
    }
    let Some(file) = report_file(cx, thread)? else {
        return Ok(());
    };
    let name = match attribute::find(cx, thread, names::name())?.filter(|_| !thread.is_none()) {
        Some(name) => text::str(cx, &name)?.to_string(),
        None => super::ident().to_string(),
    };
    text_output::write(
        cx,
        &file,
        &Str::from_str(cx, &format!("Exception in thread {name}:\n"))?,
    )?;
    if let Some(exception) = value.downcast::<BaseException>() {
        if exception.traceback.is_empty() && !traceback.is_none() {
            exception.traceback.set(Some(traceback.clone()));
        }
        let report = traceback_text::format(cx, exception);
        text_output::write(cx, &file, &Str::from_str(cx, &report)?)?;
    }
    call::call_method(cx, &file, names::flush(), &[]).map(drop)
}
