//! Names that were perhaps meant: for AttributeError, NameError and ImportError.

use typhon_runtime::object::Ref;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::frame::FrameObject;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::traceback::Traceback;
use typhon_runtime::protocols::{attribute, call, iterate, sequence, suggest};
use typhon_runtime::{Context, PyResult, Value, import, interpreter};

use super::{attribute_of, quietly, shown};

/// `. Did you mean: 'x'?`, to be appended to the message.
pub fn hint(cx: &Context, exception: &Ref<BaseException>) -> Option<String> {
    let value = exception.as_value();
    let is_name_error = value.is_instance_of(exceptions::name_error());
    let attribute = if value.is_instance_of(exceptions::import_error()) {
        "name_from"
    } else if is_name_error || value.is_instance_of(exceptions::attribute_error()) {
        "name"
    } else {
        return None;
    };
    let wrong = attribute_of(cx, value, attribute)?;
    let wrong = wrong.downcast::<Str>()?;
    let meant = quietly(cx, candidates(cx, exception, wrong)).flatten();
    let mut hint = meant
        .map(|meant| format!(". Did you mean: '{meant}'?"))
        .unwrap_or_default();
    if is_name_error && is_library_module(cx, wrong) {
        let lead = if hint.is_empty() { "." } else { " Or" };
        let did = if hint.is_empty() { " Did" } else { " did" };
        hint.push_str(&format!(
            "{lead}{did} you forget to import '{}'?",
            shown(wrong)
        ));
    }
    (!hint.is_empty()).then_some(hint)
}

fn is_library_module(cx: &Context, name: &Ref<Str>) -> bool {
    let known = quietly(cx, Name::intern(cx, "stdlib_module_names"))
        .and_then(|attribute| quietly(cx, interpreter::sys_attribute(cx, attribute)).flatten());
    known.is_some_and(|known| {
        quietly(cx, sequence::contains(cx, &known, name.as_value())) == Some(true)
    })
}

/// The frame where the exception was raised.
fn last_frame(exception: &BaseException) -> Option<Ref<FrameObject>> {
    let mut traceback = exception.traceback.get_as::<Traceback>()?;
    while let Some(next) = traceback.next() {
        traceback = next;
    }
    Some(traceback.frame().clone())
}

/// The local variable `self` of the frame.
fn receiver(cx: &Context, frame: &Ref<FrameObject>) -> PyResult<Option<Value>> {
    let locals = frame.locals(cx)?;
    match locals.downcast::<Dict>() {
        Some(locals) => locals.get_name(cx, Name::intern(cx, "self")?),
        None => Ok(None),
    }
}

fn texts(values: &[Value]) -> Vec<String> {
    values
        .iter()
        .filter_map(|value| value.downcast::<Str>())
        .map(|name| shown(name))
        .collect()
}

/// The attributes of `object`, those with an underscore only when one was asked for.
fn attributes(cx: &Context, object: &Value, underscored: bool) -> PyResult<Vec<String>> {
    let listed = match call::call_special(cx, object, names::dunder_dir(), &[])? {
        Some(listed) => iterate::collect(cx, &listed)?,
        None => Vec::new(),
    };
    let mut found = texts(&listed);
    found.sort();
    found.retain(|name| underscored || !name.starts_with('_'));
    Ok(found)
}

fn candidates(
    cx: &Context,
    exception: &Ref<BaseException>,
    wrong: &Ref<Str>,
) -> PyResult<Option<String>> {
    let value = exception.as_value();
    let wrong_text = shown(wrong);
    let underscored = wrong_text.starts_with('_');
    let known = if value.is_instance_of(exceptions::attribute_error()) {
        let Some(object) = attribute::find(cx, value, Name::intern(cx, "obj")?)? else {
            return Ok(None);
        };
        let own = match last_frame(exception) {
            Some(frame) if !underscored => {
                receiver(cx, &frame)?.is_some_and(|receiver| receiver.is(&object))
            }
            _ => false,
        };
        attributes(cx, &object, underscored || own)?
    } else if value.is_instance_of(exceptions::import_error()) {
        let name = attribute::find(cx, value, names::name())?;
        let Some(name) = name.as_ref().and_then(|name| name.downcast::<Str>()) else {
            return Ok(None);
        };
        let module = import::import_module(cx, &shown(name))?;
        attributes(cx, &module, underscored)?
    } else {
        let Some(frame) = last_frame(exception) else {
            return Ok(None);
        };
        if let Some(receiver) = receiver(cx, &frame)?
            && attribute::find(cx, &receiver, Name::from_string(wrong))?.is_some()
        {
            return Ok(Some(format!("self.{wrong_text}")));
        }
        let mut known = texts(&iterate::collect(cx, &frame.locals(cx)?)?);
        known.extend(texts(&frame.globals().keys_snapshot(cx)?));
        known.extend(texts(&interpreter::builtins_dict().keys_snapshot(cx)?));
        known
    };
    Ok(suggest::closest(&wrong_text, &known).map(str::to_owned))
}
