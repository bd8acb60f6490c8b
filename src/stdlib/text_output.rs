//! Writing text to Python files from Rust.

use typhon_runtime::object::Ref;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Value, interpreter};

/// Writes pieces of text to a file, each by one call of its `write`.
pub struct Writer<'a> {
    cx: &'a Context,
    write: Value,
}

impl<'a> Writer<'a> {
    /// A writer to `file`.
    ///
    /// # Errors
    /// AttributeError when it has no `write`.
    pub fn new(cx: &'a Context, file: &Value) -> PyResult<Writer<'a>> {
        Ok(Writer {
            cx,
            write: attribute::get(cx, file, names::write())?,
        })
    }

    /// Writes `text`.
    ///
    /// # Errors
    /// What the file raises.
    pub fn write(&self, text: &Ref<Str>) -> PyResult<()> {
        call::call(self.cx, &self.write, std::slice::from_ref(text.as_value())).map(|_| ())
    }

    /// Hands over what is not written yet.
    ///
    /// # Errors
    /// What the file raises.
    pub fn finish(self) -> PyResult<()> {
        Ok(())
    }
}

/// Writes `text` to `file`.
///
/// # Errors
/// What the file raises.
pub fn write(cx: &Context, file: &Value, text: &Ref<Str>) -> PyResult<()> {
    call::call_method(
        cx,
        file,
        names::write(),
        std::slice::from_ref(text.as_value()),
    )
    .map(|_| ())
}

/// Writes `text` to `sys.stderr`; where there is none it is lost. Nothing is raised.
pub fn to_stderr(cx: &Context, text: &str) {
    let written = (|| {
        let Some(stderr) =
            interpreter::sys_attribute(cx, names::stderr())?.filter(|file| !file.is_none())
        else {
            return Ok(());
        };
        write(cx, &stderr, &Str::from_str(cx, text)?)?;
        call::call_method(cx, &stderr, names::flush(), &[]).map(|_| ())
    })();
    if written.is_err() {
        cx.clear_exception();
    }
}
