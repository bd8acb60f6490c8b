//! `_string`: what `string.Formatter` is made of.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, Place};
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Str, format};
use typhon_runtime::{Context, PyResult, Ref, Value};

/// string helper module
#[pymodule(
    name = "_string",
    functions(formatter_field_name_split, formatter_parser)
)]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// An argument that must be a string.
struct Text<'a>(&'a Ref<Str>);

impl<'a> FromArgument<'a> for Text<'a> {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        match value.downcast::<Str>() {
            Some(text) => Ok(Text(text)),
            None => Err(cx.type_error(format!("expected str, got {}", value.type_name()))),
        }
    }
}

/// split the argument as a field name
#[pyfunction("formatter_field_name_split(object, /)")]
fn formatter_field_name_split(cx: &Context, name: Text<'_>) -> PyResult<Value> {
    format::formatter_field_name_split(cx, name.0)
}

/// parse the argument as a format string
#[pyfunction("formatter_parser(object, /)")]
fn formatter_parser(cx: &Context, text: Text<'_>) -> PyResult<Value> {
    format::formatter_parser(cx, text.0)
}
