//! What an exception means that nobody caught: a traceback, an exit status, a signal.

use typhon_runtime::object::Ref;
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Raised, Value, audit, interpreter};

use super::Exit;
use crate::sys::hooks;
use crate::{configuration, text_output, traceback_text};

/// Deals with the exception that is set.
pub(super) fn handle(cx: &Context) -> Exit {
    let exception = cx.take_exception();
    if exception
        .as_value()
        .is_instance_of(exceptions::system_exit())
        && !configuration::get().inspect
    {
        return Exit::Status(exit_status(cx, &exception));
    }
    let interrupted = exception
        .as_value()
        .is_instance_of(exceptions::keyboard_interrupt());
    show(cx, &exception);
    if interrupted {
        Exit::Interrupted
    } else {
        Exit::Status(1)
    }
}

/// The status that a SystemExit asks for; what is no number is written to `sys.stderr`.
pub(super) fn exit_status(cx: &Context, exception: &Ref<BaseException>) -> i32 {
    let code =
        Name::intern(cx, "code").and_then(|name| attribute::find(cx, exception.as_value(), name));
    let code = match code {
        Ok(code) => code.unwrap_or(Value::NONE),
        Err(Raised) => {
            cx.clear_exception();
            Value::NONE
        }
    };
    if code.is_none() {
        return 0;
    }
    if let Some(number) = int::view(&code) {
        return number.to_i64().map_or(-1, |number| number as i32);
    }
    let shown = text::str(cx, &code)
        .map(|text| traceback_text::shown(&text))
        .unwrap_or_else(|Raised| {
            cx.clear_exception();
            String::new()
        });
    flush_stdout(cx);
    text_output::to_stderr(cx, &format!("{shown}\n"));
    1
}

fn flush_stdout(cx: &Context) {
    let flushed = interpreter::sys_attribute(cx, names::stdout()).and_then(|stdout| {
        match stdout.filter(|stdout| !stdout.is_none()) {
            Some(stdout) => call::call_method(cx, &stdout, names::flush(), &[]).map(|_| ()),
            None => Ok(()),
        }
    });
    if flushed.is_err() {
        cx.clear_exception();
    }
}

/// Shows an exception through `sys.excepthook`, and keeps it as `sys.last_exc`.
pub(super) fn show(cx: &Context, exception: &Ref<BaseException>) {
    if keep(cx, exception).is_err() {
        cx.clear_exception();
    }
    let hook = match interpreter::sys_attribute(cx, names::excepthook()) {
        Ok(Some(hook)) => hook,
        _ => {
            cx.clear_exception();
            text_output::to_stderr(cx, "sys.excepthook is missing\n");
            hooks::print_exception(cx, exception);
            return;
        }
    };
    let traceback = exception.traceback.get().unwrap_or(Value::NONE);
    let arguments = [
        exception.as_value().class().to_value(),
        exception.to_value(),
        traceback,
    ];
    let told = audit::event(cx, "sys.excepthook", || {
        let mut told = vec![hook.clone()];
        told.extend(arguments.iter().cloned());
        Ok(told)
    });
    if told.is_err() {
        let refused = cx.take_exception();
        if refused
            .as_value()
            .class()
            .is_subclass(exceptions::runtime_error())
        {
            // A hook may want it not to be shown.
            return;
        }
        cx.set_exception(refused);
    } else if call::call(cx, &hook, &arguments).is_ok() {
        return;
    }
    let second = cx.take_exception();
    text_output::to_stderr(cx, "Error in sys.excepthook:\n");
    hooks::print_exception(cx, &second);
    text_output::to_stderr(cx, "\nOriginal exception was:\n");
    hooks::print_exception(cx, exception);
}

fn keep(cx: &Context, exception: &Ref<BaseException>) -> PyResult<()> {
    let sys = interpreter::sys_module();
    sys.set(cx, "last_exc", exception.to_value())?;
    sys.set(cx, "last_type", exception.as_value().class().to_value())?;
    sys.set(cx, "last_value", exception.to_value())?;
    sys.set(
        cx,
        "last_traceback",
        exception.traceback.get().unwrap_or(Value::NONE),
    )
}
