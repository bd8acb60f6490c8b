//! `sys.stdin`, `sys.stdout`, `sys.stderr`.
//!
//! Until the module `io` runs, `sys.stdout` and `sys.stderr` are plain printers, so that what goes wrong
//! before can be told.

use std::io::Write;

use rustix::fd::BorrowedFd;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::object::{self, Ref};
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Value, class, codec, import, interpreter};

use crate::configuration;

/// The payload of `stderrprinter`: text to a file descriptor, with nothing between.
#[pyclass(name = "stderrprinter", plain, flags(DISALLOW_INSTANTIATION))]
struct Printer {
    descriptor: i32,
}

#[pymethods]
impl Printer {
    #[method("write(self, text, /)")]
    fn write(_cx: &Context, this: &Ref<Printer>, text: &Ref<Str>) -> PyResult<usize> {
        let shown = crate::traceback_text::shown(text);
        // Nobody could be told of an error.
        let _ = match this.descriptor {
            1 => std::io::stdout().write_all(shown.as_bytes()),
            _ => std::io::stderr().write_all(shown.as_bytes()),
        };
        Ok(text.len())
    }

    #[method("flush(self, /)")]
    fn flush(_cx: &Context, _this: &Ref<Printer>) -> PyResult<()> {
        let _ = std::io::stdout().flush();
        Ok(())
    }

    #[method("fileno(self, /)")]
    fn fileno(_cx: &Context, this: &Ref<Printer>) -> PyResult<i32> {
        Ok(this.descriptor)
    }

    #[method("isatty(self, /)")]
    fn isatty(_cx: &Context, this: &Ref<Printer>) -> PyResult<bool> {
        Ok(is_terminal(this.descriptor))
    }

    #[method("close(self, /)")]
    fn close(_cx: &Context, _this: &Ref<Printer>) -> PyResult<()> {
        Ok(())
    }

    #[getter]
    fn encoding(_cx: &Context, _this: &Ref<Printer>) -> PyResult<Option<Value>> {
        Ok(None)
    }

    #[getter]
    fn closed(_cx: &Context, _this: &Ref<Printer>) -> PyResult<bool> {
        Ok(false)
    }

    #[getter]
    fn mode(_cx: &Context, _this: &Ref<Printer>) -> PyResult<&'static str> {
        Ok("w")
    }
}

/// The standard descriptor `number`, unless it is closed.
fn descriptor(number: i32) -> Option<BorrowedFd<'static>> {
    // SAFETY: only asked about; whether it is open is what the question is.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::io::fcntl_getfd(descriptor)
        .is_ok()
        .then_some(descriptor)
}

/// Whether the descriptor is a terminal.
pub(crate) fn is_terminal(number: i32) -> bool {
    descriptor(number).is_some_and(rustix::termios::isatty)
}

/// Makes `sys.stdout` and `sys.stderr` plain printers.
pub(super) fn set_preliminary(cx: &Context, sys: &Ref<Module>) -> PyResult<()> {
    class::class_of::<Printer>(cx)?;
    for (descriptor, name) in [(1, "stdout"), (2, "stderr")] {
        let printer = object::new(cx, Printer { descriptor })?.into_value();
        sys.set(cx, name, printer.clone())?;
        sys.set(cx, &format!("__{name}__"), printer)?;
    }
    Ok(())
}

/// Opens the three streams and makes `open` a built-in function.
///
/// # Errors
/// What the module `io` raises.
pub(super) fn open_all(cx: &Context) -> PyResult<()> {
    let io = import::import_module(cx, "io")?;
    let open = attribute::get(cx, &io, Name::intern(cx, "open")?)?;
    interpreter::builtins_dict().set_name(cx, Name::intern(cx, "open")?, open)?;
    let encoding = Encoding::chosen(cx)?;
    for (number, name) in [(0, "stdin"), (1, "stdout"), (2, "stderr")] {
        let stream = open_one(cx, &io, number, name, &encoding)?;
        let sys = interpreter::sys_module();
        sys.set(cx, &format!("__{name}__"), stream.clone())?;
        sys.set(cx, name, stream)?;
    }
    Ok(())
}

/// How text goes through the streams.
struct Encoding {
    name: String,
    errors: String,
}

impl Encoding {
    /// By `PYTHONIOENCODING` and the locale.
    fn chosen(cx: &Context) -> PyResult<Encoding> {
        let asked = configuration::get().io_encoding.clone().unwrap_or_default();
        let (name, errors) = asked.split_once(':').unwrap_or((&asked, ""));
        let default_errors = if !name.is_empty() && errors.is_empty() {
            "strict"
        } else if configuration::get().utf8_mode || takes_any_bytes(&configuration::text_locale()) {
            "surrogateescape"
        } else {
            "strict"
        };
        // A codec's own name, whatever it was called by.
        let name = if name.is_empty() {
            "utf-8".to_owned()
        } else {
            let codec = codec::registry::lookup(cx, name)?;
            text::str(cx, &attribute::get(cx, codec.as_value(), names::name())?)?.to_string()
        };
        let errors = if errors.is_empty() {
            default_errors
        } else {
            errors
        }
        .to_owned();
        Ok(Encoding { name, errors })
    }
}

/// Whether the locale is one in which any bytes may turn up as text: C, or what stands in for it where
/// text is to be UTF-8 (PEP 538).
fn takes_any_bytes(locale: &str) -> bool {
    configuration::is_plain_locale(locale) || matches!(locale, "C.UTF-8" | "C.utf8" | "UTF-8")
}

fn open_one(
    cx: &Context,
    io: &Value,
    number: i32,
    name: &str,
    encoding: &Encoding,
) -> PyResult<Value> {
    if descriptor(number).is_none() {
        return Ok(Value::NONE);
    }
    let writes = number != 0;
    let buffered = !writes || !configuration::get().unbuffered;
    let string = |text: &str| text.into_value(cx);
    let intern = |text: &str| Name::intern(cx, text).map(|name| name.to_value());
    let buffering = if buffered { -1i64 } else { 0 };
    let mode = if writes { "wb" } else { "rb" };
    let values = [
        number.into_value(cx)?,
        string(mode)?,
        buffering.into_value(cx)?,
        Value::FALSE,
    ];
    let open = attribute::get(cx, io, Name::intern(cx, "open")?)?;
    let buffer = call::call_args(
        cx,
        &open,
        Args {
            values: &values,
            names: &[intern("closefd")?],
        },
    )?;
    let raw = match buffered {
        true => attribute::get(cx, &buffer, Name::intern(cx, "raw")?)?,
        false => buffer.clone(),
    };
    attribute::set(cx, &raw, names::name(), &string(&format!("<{name}>"))?)?;
    let terminal = call::call_method(cx, &raw, Name::intern(cx, "isatty")?, &[])?.truth(cx)?;
    let errors = if number == 2 {
        "backslashreplace"
    } else {
        &encoding.errors
    };
    let newline = if writes { string("\n")? } else { Value::NONE };
    let line_buffering = buffered && (terminal || number == 2);
    let values = [
        buffer,
        string(&encoding.name)?,
        string(errors)?,
        newline,
        Value::from_bool(line_buffering),
        Value::from_bool(!buffered),
    ];
    let wrapper = attribute::get(cx, io, Name::intern(cx, "TextIOWrapper")?)?;
    let stream = call::call(cx, &wrapper, &values)?;
    attribute::set(
        cx,
        &stream,
        Name::intern(cx, "mode")?,
        &string(if writes { "w" } else { "r" })?,
    )?;
    Ok(stream)
}
