//! Objects as text, and text to people: `ascii`, `format`, `input`, `print`, `repr`.

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Raised, Value, audit, import, interpreter};

use crate::lifecycle::streams;
use crate::text_output;

/// Return an ASCII-only representation of an object.
///
/// As repr(), return a string containing a printable representation of an
/// object, but escape the non-ASCII characters in the string returned by
/// repr() using \\x, \\u or \\U escapes. This generates a string similar
/// to that returned by repr() in Python 2.
#[pyfunction("ascii(obj, /)")]
pub fn ascii(cx: &Context, obj: &Value) -> PyResult<Ref<Str>> {
    text::ascii(cx, obj)
}

/// Return the canonical string representation of the object.
///
/// For many object types, including most builtins, eval() will return
/// this string representation back into an object.
#[pyfunction("repr(obj, /)")]
pub fn repr(cx: &Context, obj: &Value) -> PyResult<Ref<Str>> {
    text::repr(cx, obj)
}

/// Return type(value).__format__(value, format_spec).
///
/// Many built-in types implement format_spec according to the
/// Format Specification Mini-language. See help('FORMATTING')
/// for details.
#[pyfunction("format(value, format_spec='', /)")]
pub fn format(cx: &Context, value: &Value, format_spec: Maybe<&Value>) -> PyResult<Value> {
    match format_spec.0 {
        None => text::format(cx, value, &Str::empty()),
        Some(spec) => match spec.downcast::<Str>() {
            Some(spec) => text::format(cx, value, spec),
            None => Err(cx.type_error(format!(
                "format() argument 2 must be str, not {}",
                spec.type_name_for_argument()
            ))),
        },
    }
}

/// A string given for `sep` or `end`; None for the default.
fn separator<'a>(
    cx: &Context,
    name: &str,
    value: Option<&'a Value>,
) -> PyResult<Option<&'a Ref<Str>>> {
    match value {
        None => Ok(None),
        Some(value) => match value.downcast::<Str>() {
            Some(text) => Ok(Some(text)),
            None => Err(cx.type_error(format!(
                "{name} must be None or a string, not {}",
                value.type_name()
            ))),
        },
    }
}

/// Prints the values to a stream, or to sys.stdout by default.
///
/// sep
///   string inserted between values, default a space.
/// end
///   string appended after the last value, default a newline.
/// file
///   a file-like object (stream); defaults to the current sys.stdout.
/// flush
///   whether to forcibly flush the stream.
#[pyfunction("print(*args, sep=' ', end='\\n', file=None, flush=False)")]
pub fn print(
    cx: &Context,
    args: &[Value],
    sep: Option<&Value>,
    end: Option<&Value>,
    file: Option<&Value>,
    flush: Maybe<&Value>,
) -> PyResult<()> {
    let file = match file {
        Some(file) => file.clone(),
        None => match interpreter::sys_attribute(cx, names::stdout())? {
            None => return Err(cx.runtime_error("lost sys.stdout")),
            Some(stdout) if stdout.is_none() => return Ok(()),
            Some(stdout) => stdout,
        },
    };
    let sep = separator(cx, "sep", sep)?;
    let end = separator(cx, "end", end)?;
    let out = text_output::Writer::new(cx, &file)?;
    let space = Str::latin1_char(b' ');
    for (index, value) in args.iter().enumerate() {
        if index > 0 {
            out.write(sep.unwrap_or(&space))?;
        }
        out.write(&text::str(cx, value)?)?;
    }
    match end {
        Some(end) => out.write(end)?,
        None => out.write(&Str::latin1_char(b'\n'))?,
    }
    out.finish()?;
    if let Some(flush) = flush.0
        && flush.truth(cx)?
    {
        call::call_method(cx, &file, names::flush(), &[])?;
    }
    Ok(())
}

/// One of the three standard streams, for `input`.
fn stream(cx: &Context, name: Name) -> PyResult<Value> {
    match interpreter::sys_attribute(cx, name)?.filter(|stream| !stream.is_none()) {
        Some(stream) => Ok(stream),
        None => Err(cx.runtime_error(format!("lost sys.{}", name.display()))),
    }
}

/// Read a string from standard input.  The trailing newline is stripped.
///
/// The prompt string, if given, is printed to standard output without a
/// trailing newline before reading input.
///
/// If the user hits EOF (*nix: Ctrl-D, Windows: Ctrl-Z+Return), raise EOFError.
/// On *nix systems, readline is used if available.
#[pyfunction("input(prompt='', /)")]
pub fn input(cx: &Context, prompt: Maybe<&Value>) -> PyResult<Value> {
    audit::event(cx, "builtins.input", || {
        Ok(vec![prompt.0.cloned().unwrap_or(Value::NONE)])
    })?;
    let line = ask(cx, prompt.0)?;
    audit::event(cx, "builtins.input/result", || Ok(vec![line.clone()]))?;
    Ok(line)
}

fn ask(cx: &Context, prompt: Option<&Value>) -> PyResult<Value> {
    let stdin = stream(cx, names::stdin())?;
    let stdout = stream(cx, names::stdout())?;
    let stderr = stream(cx, names::stderr())?;
    if call::call_method(cx, &stderr, names::flush(), &[]).is_err() {
        cx.clear_exception();
    }
    if let Some(editor) = line_editor(cx)
        && is_terminal(cx, &stdin, 0)
        && is_terminal(cx, &stdout, 1)
    {
        if call::call_method(cx, &stdout, names::flush(), &[]).is_err() {
            cx.clear_exception();
        }
        let prompt = match prompt {
            Some(prompt) => text::str(cx, prompt)?,
            None => Str::empty(),
        };
        return edit_line(cx, &editor, prompt);
    }
    if let Some(prompt) = prompt {
        let prompt = text::str(cx, prompt)?;
        text_output::write(cx, &stdout, &prompt)?;
    }
    if call::call_method(cx, &stdout, names::flush(), &[]).is_err() {
        cx.clear_exception();
    }
    read_line(cx, &stdin)
}

/// What edits lines on a terminal, if `readline` has been imported.
pub fn line_editor(cx: &Context) -> Option<Value> {
    let find = || -> PyResult<Option<Value>> {
        let modules = import::modules(cx)?;
        match modules.get_name(cx, Name::intern(cx, "readline")?)? {
            Some(module) => attribute::find(cx, &module, Name::intern(cx, "_input")?),
            None => Ok(None),
        }
    };
    find().unwrap_or_else(|Raised| {
        cx.clear_exception();
        None
    })
}

/// A line that was typed on the terminal, without its newline.
///
/// # Errors
/// EOFError at the end, KeyboardInterrupt, what a signal's handler raises.
pub fn edit_line(cx: &Context, editor: &Value, prompt: Ref<Str>) -> PyResult<Value> {
    let line = call::call(cx, editor, &[prompt.into_value()])?;
    if line.downcast::<Str>().is_none() {
        return Err(cx.type_error("readline() returned non-string"));
    }
    Ok(line)
}

/// Whether `stream` is a terminal with this descriptor.
fn is_terminal(cx: &Context, stream: &Value, descriptor: i64) -> bool {
    let number = call::call_method(cx, stream, names::fileno(), &[]);
    match number {
        Ok(number) => {
            number.as_small_int() == Some(descriptor) && streams::is_terminal(descriptor as i32)
        }
        Err(Raised) => {
            cx.clear_exception();
            false
        }
    }
}

/// A line of `file` without its newline.
///
/// # Errors
/// EOFError at the end, and what reading raises.
pub fn read_line(cx: &Context, file: &Value) -> PyResult<Value> {
    let line = call::call_method(cx, file, names::readline(), &[])?;
    let Some(text) = line.downcast::<Str>() else {
        return Err(cx.type_error("object.readline() returned non-string"));
    };
    if text.is_empty() {
        return Err(cx.raise_with(
            exceptions::eof_error(),
            &[Str::from_str(cx, "EOF when reading a line")?.into_value()],
        ));
    }
    if text.code_point(text.len() - 1) == u32::from('\n') {
        return text.substring(cx, 0, text.len() - 1).map(Ref::into_value);
    }
    Ok(line)
}
