//! Annotations of classes and modules: computed when they are asked for (PEP 649, PEP 749).
//!
//! The compiler leaves a function in `__annotate_func__` (classes) or `__annotate__` (modules) that
//! makes the dict; what it made is kept in `__annotations_cache__` (classes) or `__annotations__`
//! (modules). A class whose own dict has `__annotations__` was compiled to make them eagerly.

use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::dict::Dict;
use crate::objects::int;
use crate::objects::module::Module;
use crate::objects::str_::names;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call};
use crate::value::Value;

/// `annotationlib.Format.VALUE`.
const FORMAT_VALUE: i64 = 1;

/// The annotations that an `__annotate__` function makes.
///
/// # Errors
/// What it raises; TypeError when it makes something else than a dict.
pub fn evaluate(cx: &Context, annotate: &Value) -> PyResult<Value> {
    let made = call::call(cx, annotate, &[int::from_i64(cx, FORMAT_VALUE)?])?;
    if made.downcast::<Dict>().is_none() {
        return Err(cx.type_error(format!(
            "__annotate__ returned non-dict of type '{}'",
            made.type_name()
        )));
    }
    Ok(made)
}

fn has_no(cx: &Context, class: &Ref<Type>, name: &str) -> Raised {
    cx.attribute_error(format!(
        "type object '{}' has no attribute '{name}'",
        class.short_name()
    ))
}

fn refuse_immutable(cx: &Context, class: &Ref<Type>, name: &str) -> PyResult<()> {
    if class.has(ClassFlags::IMMUTABLE) {
        return Err(cx.type_error(format!(
            "cannot set '{name}' attribute of immutable type '{}'",
            class.full_name(cx)
        )));
    }
    Ok(())
}

/// What `owner` in the class's dict is when the class is asked for it.
fn bound(cx: &Context, class: &Ref<Type>, value: Value) -> PyResult<Value> {
    match value.class().slots.descriptor_get.get() {
        Some(get) => get(cx, &value, None, Some(class.as_value())),
        None => Ok(value),
    }
}

/// `class.__annotations__`.
///
/// # Errors
/// AttributeError for built-in classes, and what computing them raises.
pub fn class_annotations(cx: &Context, class: &Ref<Type>) -> PyResult<Value> {
    if !class.has(ClassFlags::HEAPTYPE) {
        return Err(has_no(cx, class, "__annotations__"));
    }
    for name in [
        names::dunder_annotations(),
        names::dunder_annotations_cache(),
    ] {
        if let Some(found) = class.dict.get_name(cx, name)? {
            return bound(cx, class, found);
        }
    }
    let annotate = attribute::find(cx, class.as_value(), names::dunder_annotate())?;
    let made = match annotate.filter(call::is_callable) {
        Some(annotate) => evaluate(cx, &annotate)?,
        None => Dict::new(cx)?.into_value(),
    };
    class.change_attribute(cx, names::dunder_annotations_cache(), Some(made.clone()))?;
    Ok(made)
}

/// `class.__annotations__ = value`, or `del`.
///
/// # Errors
/// TypeError for built-in classes, AttributeError when there is nothing to delete.
pub fn set_class_annotations(
    cx: &Context,
    class: &Ref<Type>,
    value: Option<&Value>,
) -> PyResult<()> {
    refuse_immutable(cx, class, "__annotations__")?;
    let plain = names::dunder_annotations();
    let cache = names::dunder_annotations_cache();
    match value {
        Some(value) => {
            let eager = class.dict.get_name(cx, plain)?.is_some();
            class.change_attribute(cx, if eager { plain } else { cache }, Some(value.clone()))?;
        }
        None => {
            if !class.change_attribute(cx, plain, None)?
                && !class.change_attribute(cx, cache, None)?
            {
                return Err(cx.attribute_error("__annotations__"));
            }
        }
    }
    class.change_attribute(cx, names::dunder_annotate_func(), None)?;
    class.change_attribute(cx, names::dunder_annotate(), None)?;
    Ok(())
}

/// `class.__annotate__`.
///
/// # Errors
/// AttributeError for built-in classes.
pub fn class_annotate(cx: &Context, class: &Ref<Type>) -> PyResult<Value> {
    if !class.has(ClassFlags::HEAPTYPE) {
        return Err(has_no(cx, class, "__annotate__"));
    }
    // One that the class defines itself comes before the compiler's.
    for name in [names::dunder_annotate(), names::dunder_annotate_func()] {
        if let Some(found) = class.dict.get_name(cx, name)? {
            return bound(cx, class, found);
        }
    }
    Ok(Value::NONE)
}

/// `class.__annotate__ = value`.
///
/// # Errors
/// TypeError for built-in classes, for `del`, and for what cannot be called.
pub fn set_class_annotate(cx: &Context, class: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(cx.type_error("cannot delete __annotate__ attribute"));
    };
    refuse_immutable(cx, class, "__annotate__")?;
    if !value.is_none() && !call::is_callable(value) {
        return Err(cx.type_error("__annotate__ must be callable or None"));
    }
    class.change_attribute(cx, names::dunder_annotate_func(), Some(value.clone()))?;
    if !value.is_none() {
        class.change_attribute(cx, names::dunder_annotations_cache(), None)?;
    }
    Ok(())
}

/// `module.__annotations__`.
///
/// # Errors
/// What computing them raises.
pub fn module_annotations(cx: &Context, module: &Ref<Module>) -> PyResult<Value> {
    if let Some(found) = module.dict.get_name(cx, names::dunder_annotations())? {
        return Ok(found);
    }
    let annotate = module.dict.get_name(cx, names::dunder_annotate())?;
    let made = match annotate.filter(call::is_callable) {
        Some(annotate) => evaluate(cx, &annotate)?,
        None => Dict::new(cx)?.into_value(),
    };
    // While the module is being imported more of its variables may get annotations.
    if !module.is_initializing(cx)? {
        module
            .dict
            .set_name(cx, names::dunder_annotations(), made.clone())?;
    }
    Ok(made)
}

/// `module.__annotations__ = value`, or `del`.
///
/// # Errors
/// AttributeError when there is nothing to delete.
pub fn set_module_annotations(
    cx: &Context,
    module: &Ref<Module>,
    value: Option<&Value>,
) -> PyResult<()> {
    match value {
        Some(value) => module
            .dict
            .set_name(cx, names::dunder_annotations(), value.clone())?,
        None => {
            if module
                .dict
                .remove_name(cx, names::dunder_annotations())?
                .is_none()
            {
                return Err(cx.attribute_error("__annotations__"));
            }
        }
    }
    module.dict.remove_name(cx, names::dunder_annotate())?;
    Ok(())
}

/// `module.__annotate__`.
///
/// # Errors
/// MemoryError.
pub fn module_annotate(cx: &Context, module: &Ref<Module>) -> PyResult<Value> {
    if let Some(found) = module.dict.get_name(cx, names::dunder_annotate())? {
        return Ok(found);
    }
    module
        .dict
        .set_name(cx, names::dunder_annotate(), Value::NONE)?;
    Ok(Value::NONE)
}

/// `module.__annotate__ = value`.
///
/// # Errors
/// TypeError for `del` and for what cannot be called.
pub fn set_module_annotate(
    cx: &Context,
    module: &Ref<Module>,
    value: Option<&Value>,
) -> PyResult<()> {
    let Some(value) = value else {
        return Err(cx.type_error("cannot delete __annotate__ attribute"));
    };
    if !value.is_none() && !call::is_callable(value) {
        return Err(cx.type_error("__annotate__ must be callable or None"));
    }
    module
        .dict
        .set_name(cx, names::dunder_annotate(), value.clone())?;
    if !value.is_none() {
        module.dict.remove_name(cx, names::dunder_annotations())?;
    }
    Ok(())
}
