//! What is called when something has to be shown or told: values at the prompt, uncaught and unraisable
//! exceptions, breakpoints, audited events (PEP 578).

use std::env;

use typhon_macros::pyfunction;
use typhon_runtime::args::Args;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::traceback::Traceback;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Raised, Value, audit, import, interpreter};

use crate::lifecycle::prompt;
use crate::{text_output, traceback_text};

/// Keeps the hooks as they are at the start.
pub(super) fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    for name in [
        "displayhook",
        "excepthook",
        "unraisablehook",
        "breakpointhook",
    ] {
        let hook = module.get(cx, name)?.unwrap_or(Value::NONE);
        module.set(cx, &format!("__{name}__"), hook)?;
    }
    Ok(())
}

/// Private function for getting the base REPL
#[pyfunction("_baserepl()")]
pub fn baserepl(cx: &Context) -> PyResult<()> {
    prompt::run_basic(cx)
}

/// Print an object to sys.stdout and also save it in builtins._
#[pyfunction("displayhook(object, /)")]
pub fn displayhook(cx: &Context, object: &Value) -> PyResult<()> {
    if object.is_none() {
        return Ok(());
    }
    let builtins = interpreter::builtins_dict();
    builtins.set_name(cx, names::underscore(), Value::NONE)?;
    let Some(stdout) =
        interpreter::sys_attribute(cx, names::stdout())?.filter(|file| !file.is_none())
    else {
        return Err(cx.runtime_error("lost sys.stdout"));
    };
    let shown = text::repr(cx, object)?;
    if text_output::write(cx, &stdout, &shown).is_err() {
        cx.catch(exceptions::unicode_encode_error())?;
        write_escaped(cx, &stdout, &shown)?;
    }
    text_output::write(cx, &stdout, &Str::latin1_char(b'\n'))?;
    builtins.set_name(cx, names::underscore(), object.clone())
}

/// Writes what the file's encoding has no bytes for as escapes.
fn write_escaped(cx: &Context, file: &Value, shown: &Ref<Str>) -> PyResult<()> {
    let encoding = attribute::get(cx, file, names::encoding())?;
    let escape = Str::from_str(cx, "backslashreplace")?.into_value();
    let encode = attribute::get(cx, shown.as_value(), Name::intern(cx, "encode")?)?;
    let bytes = call::call(cx, &encode, &[encoding.clone(), escape])?;
    if let Some(buffer) = attribute::find(cx, file, Name::intern(cx, "buffer")?)? {
        return call::call_method(cx, &buffer, names::write(), &[bytes]).map(|_| ());
    }
    let decode = attribute::get(cx, &bytes, Name::intern(cx, "decode")?)?;
    let plain = call::call(cx, &decode, &[encoding, names::strict().to_value()])?;
    call::call_method(cx, file, names::write(), &[plain]).map(|_| ())
}

/// Handle an exception by displaying it with a traceback on sys.stderr.
#[pyfunction("excepthook(exctype, value, traceback, /)")]
pub fn excepthook(cx: &Context, exctype: &Value, value: &Value, traceback: &Value) -> PyResult<()> {
    let _ = exctype;
    let Some(exception) = value.downcast::<BaseException>() else {
        // There is nobody to raise it to: hooks are called when all else is over.
        let text = if value.is_none() {
            "NoneType: None\n".to_owned()
        } else {
            let found = value.type_name();
            format!("TypeError: print_exception(): Exception expected for value, {found} found\n")
        };
        text_output::to_stderr(cx, &text);
        return Ok(());
    };
    if exception.traceback.is_empty() && traceback.downcast::<Traceback>().is_some() {
        exception.traceback.set(Some(traceback.clone()));
    }
    print_exception(cx, exception);
    Ok(())
}

/// Writes the exception to `sys.stderr`: in colours by the module `traceback` on a terminal, plainly
/// otherwise.
pub fn print_exception(cx: &Context, exception: &Ref<BaseException>) {
    if wants_colours(cx) {
        let arguments = [exception.to_value()];
        if import::call_imported(cx, "traceback", "_print_exception_bltin", &arguments).is_ok() {
            return;
        }
        cx.clear_exception();
    }
    text_output::to_stderr(cx, &traceback_text::format(cx, exception));
}

/// Whether `sys.stderr` is a terminal that shows colours.
fn wants_colours(cx: &Context) -> bool {
    use std::io::IsTerminal;
    if !std::io::stderr().is_terminal()
        || env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
    {
        return false;
    }
    let same = interpreter::sys_attribute(cx, names::stderr())
        .ok()
        .flatten()
        .is_some_and(|stderr| {
            let original = Name::intern(cx, "__stderr__")
                .and_then(|name| interpreter::sys_attribute(cx, name));
            original
                .ok()
                .flatten()
                .is_some_and(|original| original.is(&stderr))
        });
    cx.clear_exception();
    same
}

/// Handle an unraisable exception.
///
/// The unraisable argument has the following attributes:
///
/// * exc_type: Exception type.
/// * exc_value: Exception value, can be None.
/// * exc_traceback: Exception traceback, can be None.
/// * err_msg: Error message, can be None.
/// * object: Object causing the exception, can be None.
#[pyfunction("unraisablehook(unraisable, /)")]
pub fn unraisablehook(cx: &Context, unraisable: &Value) -> PyResult<()> {
    let field = |name: &str| -> PyResult<Option<Value>> {
        Ok(attribute::find(cx, unraisable, Name::intern(cx, name)?)?
            .filter(|value| !value.is_none()))
    };
    let class = field("exc_type")?;
    let value = field("exc_value")?;
    let traceback = field("exc_traceback")?;
    let message = match field("err_msg")? {
        Some(message) => Some(text::str(cx, &message)?.to_string()),
        None => None,
    };
    let object = field("object")?.map(|object| match text::repr(cx, &object) {
        Ok(shown) => shown.to_string(),
        Err(Raised) => {
            cx.clear_exception();
            "<object repr() failed>".to_owned()
        }
    });
    let mut out = match (message, object) {
        (Some(message), Some(object)) => format!("{message}: {object}\n"),
        (Some(message), None) => format!("{message}:\n"),
        (None, Some(object)) => format!("Exception ignored in: {object}\n"),
        (None, None) => String::new(),
    };
    if let Some(traceback) = traceback
        .as_ref()
        .and_then(|traceback| traceback.downcast::<Traceback>())
    {
        out.push_str(&traceback_text::format_places(cx, traceback));
    }
    match (
        value
            .as_ref()
            .and_then(|value| value.downcast::<BaseException>()),
        &class,
    ) {
        (Some(exception), _) => out.push_str(&traceback_text::format_only(cx, exception)),
        (None, Some(class)) => match class.downcast::<Type>() {
            Some(class) => out.push_str(&format!("{}\n", class.full_name(cx))),
            None => out.push_str("<unknown>\n"),
        },
        (None, None) => {}
    }
    text_output::to_stderr(cx, &out);
    Ok(())
}

/// This hook function is called by built-in breakpoint().
#[pyfunction("breakpointhook(*args, **kws)")]
pub fn breakpointhook(cx: &Context, args: &[Value], kws: Vec<(&Value, &Value)>) -> PyResult<Value> {
    let asked = env::var("PYTHONBREAKPOINT")
        .ok()
        .filter(|_| !crate::configuration::get().ignore_environment);
    let path = match asked.as_deref() {
        None | Some("") => "pdb.set_trace",
        Some("0") => return Ok(Value::NONE),
        Some(path) => path,
    };
    let (module, function) = path.rsplit_once('.').unwrap_or(("builtins", path));
    let hook = match import::import_attribute(cx, module, function) {
        Ok(hook) => hook,
        Err(raised) => {
            let missing = cx.exception_matches(exceptions::import_error())
                || cx.exception_matches(exceptions::attribute_error());
            if !missing {
                return Err(raised);
            }
            cx.clear_exception();
            let message = format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{path}\"");
            typhon_runtime::warnings::warn(cx, exceptions::runtime_warning(), &message, 1)?;
            return Ok(Value::NONE);
        }
    };
    let values: Vec<Value> = args
        .iter()
        .chain(kws.iter().map(|(_, value)| *value))
        .cloned()
        .collect();
    let names: Vec<Value> = kws.iter().map(|(name, _)| (*name).clone()).collect();
    call::call_args(
        cx,
        &hook,
        Args {
            values: &values,
            names: &names,
        },
    )
}

/// What native modules tell audit hooks with.
pub use typhon_runtime::audit::event as audit_event;

/// Passes the event to any audit hooks that are attached.
#[pyfunction("audit(event, /, *args)")]
pub fn audit_function(cx: &Context, event: &Ref<Str>, args: &[Value]) -> PyResult<()> {
    if audit::is_on() {
        audit::tell(cx, event, args.to_vec())
    } else {
        Ok(())
    }
}

/// Adds a new audit hook callback.
#[pyfunction("addaudithook(hook)")]
pub fn addaudithook(cx: &Context, hook: &Value) -> PyResult<()> {
    if let Err(raised) = audit::event(cx, "sys.addaudithook", || Ok(Vec::new())) {
        // A hook refuses others by raising RuntimeError.
        if !cx.exception_matches(exceptions::exception()) {
            return Err(raised);
        }
        cx.clear_exception();
        return Ok(());
    }
    audit::add_hook(hook);
    Ok(())
}
