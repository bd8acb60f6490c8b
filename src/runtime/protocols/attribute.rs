//! Attributes: reading, setting, deleting.
//!
//! The order for instances (`generic_get`): data descriptors of the class, the instance's own
//! attributes, the rest of the class. A class may replace it (`__getattribute__`, `__getattr__`).

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::instance;
use crate::object::{Payload, Ref};
use crate::objects::exceptions;
use crate::objects::module::Module;
use crate::objects::str_::Name;
use crate::objects::type_::{Type, type_find_attribute};
use crate::value::Value;

/// `object.name`.
///
/// # Errors
/// AttributeError, and what descriptors and hooks raise.
#[inline]
pub fn get(cx: &Context, object: &Value, name: Name) -> PyResult<Value> {
    let found = match object.class().slots.get_attribute.get() {
        Some(get) => get(cx, object, name),
        None => generic_get(cx, object, name),
    };
    if found.is_err() {
        // An AttributeError that Python code raised may not say what it is about.
        exceptions::describe_attribute_error(cx, object, name);
    }
    found
}

/// [`get`] that gives `None` instead of AttributeError, without making the exception where it can.
///
/// # Errors
/// What descriptors and hooks raise, AttributeError excepted.
pub fn find(cx: &Context, object: &Value, name: Name) -> PyResult<Option<Value>> {
    let word = object.class().slots.get_attribute.word();
    let found = if word == crate::objects::object::class().slots.get_attribute.word() {
        generic_find(cx, object, name)
    } else if word == Module::class().slots.get_attribute.word() {
        Module::find(cx, object, name)
    } else if word == Type::class().slots.get_attribute.word() {
        type_find_attribute(cx, object, name)
    } else {
        get(cx, object, name).map(Some)
    };
    match found {
        Err(Raised) => {
            cx.catch(exceptions::attribute_error())?;
            Ok(None)
        }
        found => found,
    }
}

/// Whether attributes of instances are looked up in the generic way.
pub(crate) fn is_generic(class: &Ref<Type>) -> bool {
    let get = class.slots.get_attribute.get();
    get.is_some_and(|get| std::ptr::fn_addr_eq(get, generic_get as fn(_, _, _) -> _))
}

/// `object.name = value`.
///
/// # Errors
/// AttributeError, and what descriptors and hooks raise.
pub fn set(cx: &Context, object: &Value, name: Name, value: &Value) -> PyResult<()> {
    assign(cx, object, name, Some(value))
}

/// `del object.name`.
///
/// # Errors
/// AttributeError, and what descriptors and hooks raise.
pub fn delete(cx: &Context, object: &Value, name: Name) -> PyResult<()> {
    assign(cx, object, name, None)
}

fn assign(cx: &Context, object: &Value, name: Name, value: Option<&Value>) -> PyResult<()> {
    match object.class().slots.set_attribute.get() {
        Some(set) => set(cx, object, name, value),
        None => generic_set(cx, object, name, value),
    }
}

/// `object.__getattribute__`.
///
/// # Errors
/// AttributeError, and what descriptors raise.
#[inline(never)]
pub fn generic_get(cx: &Context, object: &Value, name: Name) -> PyResult<Value> {
    match generic_find(cx, object, name)? {
        Some(value) => Ok(value),
        None => Err(missing(cx, object, name)),
    }
}

/// [`generic_get`] that makes no exception when there is no such attribute.
///
/// # Errors
/// What descriptors raise, an AttributeError included.
#[inline]
pub fn generic_find(cx: &Context, object: &Value, name: Name) -> PyResult<Option<Value>> {
    let class = object.class();
    let attribute = class.lookup(cx, name);
    if let Some(attribute) = &attribute {
        let slots = &attribute.class().slots;
        if let Some(get) = slots.descriptor_get.get()
            && slots.descriptor_set.get().is_some()
        {
            return get(cx, attribute, Some(object), Some(class.as_value())).map(Some);
        }
    }
    if let Some(value) = instance::get(cx, object, name)? {
        return Ok(Some(value));
    }
    match attribute {
        Some(attribute) => match attribute.class().slots.descriptor_get.get() {
            Some(get) => get(cx, &attribute, Some(object), Some(class.as_value())).map(Some),
            None => Ok(Some(attribute)),
        },
        None => Ok(None),
    }
}

/// `object.__setattr__` and, without a value, `object.__delattr__`.
///
/// # Errors
/// AttributeError, and what descriptors raise.
#[inline(never)]
pub fn generic_set(
    cx: &Context,
    object: &Value,
    name: Name,
    value: Option<&Value>,
) -> PyResult<()> {
    let class = object.class();
    let attribute = class.lookup(cx, name);
    if let Some(attribute) = &attribute
        && let Some(set) = attribute.class().slots.descriptor_set.get()
    {
        return set(cx, attribute, object, value);
    }
    let done = match value {
        Some(value) => instance::set(cx, object, name, value.clone())?,
        None => instance::delete(cx, object, name)?,
    };
    if done {
        return Ok(());
    }
    if instance::has_dict(object) {
        return Err(missing(cx, object, name));
    }
    let message = if attribute.is_some() {
        format!(
            "'{}' object attribute '{}' is read-only",
            object.type_name(),
            name.display()
        )
    } else if class.slots.set_attribute.word()
        == crate::objects::object::class().slots.set_attribute.word()
    {
        format!(
            "'{}' object has no attribute '{}' and no __dict__ for setting new attributes",
            object.type_name(),
            name.display()
        )
    } else {
        format!(
            "'{}' object has no attribute '{}'",
            object.type_name(),
            name.display()
        )
    };
    Err(no_attribute(cx, object, name, &message))
}

/// Raises `'X' object has no attribute 'y'`.
#[cold]
pub fn missing(cx: &Context, object: &Value, name: Name) -> Raised {
    let message = format!(
        "'{}' object has no attribute '{}'",
        object.type_name(),
        name.display()
    );
    no_attribute(cx, object, name, &message)
}

/// Raises an AttributeError that knows the object and the name.
#[cold]
pub fn no_attribute(cx: &Context, object: &Value, name: Name, message: &str) -> Raised {
    let raised = cx.attribute_error(message);
    exceptions::describe_attribute_error(cx, object, name);
    raised
}
