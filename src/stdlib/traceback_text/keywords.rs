//! Misspelt keywords: what the module `traceback` makes of an error that has nothing better to say.

use typhon_runtime::object::Ref;
use typhon_runtime::objects::exceptions::SyntaxError;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Value, import};

use super::quietly;

/// What stands in the place of an error's own message, line and offsets.
pub(super) struct Correction {
    pub message: Value,
    pub text: Value,
    pub offset: Value,
    pub end_offset: Value,
}

/// The correction of an error whose message says nothing but that the syntax is invalid.
pub(super) fn correction(cx: &Context, error: &Ref<SyntaxError>) -> Option<Correction> {
    let message = error.message.get_as::<Str>()?;
    let text = message.as_text()?;
    let says_nothing = text == "invalid syntax" || text.contains("Perhaps you forgot a comma");
    if !says_nothing || error.metadata.get().is_none_or(|data| data.is_none()) {
        return None;
    }
    quietly(cx, corrected(cx, error)).flatten()
}

fn corrected(cx: &Context, error: &Ref<SyntaxError>) -> PyResult<Option<Correction>> {
    let class = import::import_attribute(cx, "traceback", "TracebackException")?;
    let value = error.as_value();
    let arguments = [value.class().to_value(), value.clone(), Value::NONE];
    let report = call::call(cx, &class, &arguments)?;
    call::call_method(cx, &report, Name::intern(cx, "_find_keyword_typos")?, &[])?;
    let get = |name| attribute::get(cx, &report, Name::intern(cx, name)?);
    let correction = Correction {
        message: get("msg")?,
        text: get("text")?,
        offset: get("offset")?,
        end_offset: get("end_offset")?,
    };
    let changed = error
        .message
        .get()
        .is_none_or(|message| !message.is(&correction.message));
    Ok(changed.then_some(correction))
}
