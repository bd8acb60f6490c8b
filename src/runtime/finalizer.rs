//! Finalizers (`__del__`) and errors that nobody can be told: they go to `sys.unraisablehook`.

use crate::context::Context;
use crate::error::PyResult;
use crate::objects::exceptions;
use crate::objects::str_::{Str, names};
use crate::objects::struct_sequence::Description;
use crate::protocols::{attribute, call, text};
use crate::value::Value;

/// Calls the finalizer of a dying object. An exception that is on its way stays on its way.
pub fn run(object: &Value) {
    // Without a context the interpreter is going down, and nobody could run Python code.
    let Some(cx) = Context::try_current() else {
        return;
    };
    let class = object.class();
    let Some(finalize) = class.slots.finalize.get() else {
        return;
    };
    let saved = cx.take_exception_if_any();
    if finalize(cx, object).is_err() {
        let function = class
            .lookup(cx, names::dunder_del())
            .unwrap_or_else(|| object.clone());
        unraisable(cx, "Exception ignored while calling deallocator", &function);
    }
    cx.clear_exception();
    if let Some(saved) = saved {
        cx.set_exception(saved);
    }
}

/// Takes the exception that is set and reports it through `sys.unraisablehook`, with `message` and the
/// object that raised it.
pub fn unraisable(cx: &Context, message: &str, object: &Value) {
    let Some(exception) = cx.take_exception_if_any() else {
        return;
    };
    let frame = cx.stack.frame.get();
    let exception = if exception.traceback.is_empty() && !frame.is_null() {
        cx.set_exception(exception);
        // SAFETY: the running frame is active.
        unsafe { crate::vm::unwind::add_traceback(cx, frame) };
        cx.take_exception()
    } else {
        exception
    };
    let value = exception.to_value();
    let reported = report(cx, &value, message, object);
    if reported.is_err() {
        // Neither the error nor the error in reporting it can be told in any better way.
        let second = cx.take_exception_if_any();
        print(cx, &value, message, object);
        if let Some(second) = second {
            print(
                cx,
                second.as_value(),
                "Exception ignored in sys.unraisablehook",
                object,
            );
        }
        cx.clear_exception();
    }
}

/// What the hook gets.
static ARGUMENTS: Description = Description::new(
    "sys",
    "UnraisableHookArgs",
    "UnraisableHookArgs\n\nType used to pass arguments to sys.unraisablehook.",
    &[
        ("exc_type", "Exception type"),
        ("exc_value", "Exception value"),
        ("exc_traceback", "Exception traceback"),
        ("err_msg", "Error message"),
        ("object", "Object causing the exception"),
    ],
    5,
);

fn report(cx: &Context, exception: &Value, message: &str, object: &Value) -> PyResult<()> {
    let modules = crate::import::modules(cx)?;
    let hook = match modules.get_name(cx, names::sys())? {
        Some(sys) => attribute::find(cx, &sys, names::unraisablehook())?,
        None => None,
    };
    let Some(hook) = hook.filter(|hook| !hook.is_none()) else {
        print(cx, exception, message, object);
        return Ok(());
    };
    let traceback = exception
        .downcast::<exceptions::BaseException>()
        .and_then(|exception| exception.traceback.get())
        .unwrap_or(Value::NONE);
    let message = full_message(cx, message, object);
    let fields = vec![
        exception.class().to_value(),
        exception.clone(),
        traceback,
        Str::from_str(cx, &message)?.into_value(),
        Value::NONE,
    ];
    call::call(cx, &hook, &[ARGUMENTS.instance(cx, fields)?])?;
    Ok(())
}

/// The message with the object, unless that is None.
fn full_message(cx: &Context, message: &str, object: &Value) -> String {
    if object.is_none() {
        return message.to_owned();
    }
    match text::repr_text(cx, object) {
        Ok(shown) => format!("{message} {shown}"),
        Err(_) => {
            cx.clear_exception();
            format!("{message} <object repr() failed>")
        }
    }
}

/// The report when there is no hook to make it.
#[cold]
fn print(cx: &Context, exception: &Value, message: &str, object: &Value) {
    let shown =
        |value: &Value, show: fn(&Context, &Value) -> PyResult<String>| match show(cx, value) {
            Ok(text) => text,
            Err(_) => {
                cx.clear_exception();
                format!("<{} object>", value.type_name())
            }
        };
    let message = full_message(cx, message, object);
    let text = shown(exception, |cx, value| {
        text::str(cx, value).map(|text| text.to_string())
    });
    eprintln!("{message}:\n{}: {text}", exception.class().full_name(cx));
}
