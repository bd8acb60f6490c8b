//! Calling objects from native code.

use crate::args::Args;
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::descriptors::{MethodDescriptor, WrapperDescriptor};
use crate::objects::function::Function;
use crate::objects::method::Method;
use crate::objects::native::NativeFunction;
use crate::objects::str_::Name;
use crate::protocols::attribute;
use crate::value::Value;
use crate::vm::bind;

/// `callable(*arguments)`.
///
/// # Errors
/// TypeError when it is not callable, and what it raises.
#[inline]
pub fn call(cx: &Context, callable: &Value, arguments: &[Value]) -> PyResult<Value> {
    call_args(cx, callable, Args::positional_only(arguments))
}

/// `callable(*args, **kwargs)`.
///
/// # Errors
/// As [`call`].
pub fn call_args(cx: &Context, callable: &Value, args: Args<'_>) -> PyResult<Value> {
    if let Some(function) = callable.downcast_exact::<Function>() {
        return bind::call_function(cx, function, args);
    }
    if let Some(function) = callable.downcast_exact::<NativeFunction>() {
        return function.call(cx, args);
    }
    match callable.class().slots.call.get() {
        Some(slot) => cx.nested("", || slot(cx, callable, args)),
        None => Err(cx.type_error(format!("'{}' object is not callable", callable.type_name()))),
    }
}

/// Whether `callable(object)` accepts it.
pub fn is_callable(object: &Value) -> bool {
    object.class().slots.call.get().is_some()
}

/// `function(this, *arguments)`, with the arguments in one slice.
///
/// # Errors
/// As [`call`].
pub fn call_with_this(
    cx: &Context,
    function: &Value,
    this: &Value,
    args: Args<'_>,
) -> PyResult<Value> {
    if let Some(function) = function.downcast_exact::<Function>() {
        return bind::call_with_this(cx, function, this, args);
    }
    args.with_this(this, |args| call_args(cx, function, args))
}

/// `object.name(*arguments)`.
///
/// # Errors
/// AttributeError, and as [`call`].
pub fn call_method(
    cx: &Context,
    object: &Value,
    name: Name,
    arguments: &[Value],
) -> PyResult<Value> {
    let method = attribute::get(cx, object, name)?;
    call(cx, &method, arguments)
}

/// What was found on the class of `object`, bound to it.
///
/// # Errors
/// What `__get__` raises.
pub fn bind_special(cx: &Context, found: &Value, object: &Value) -> PyResult<Value> {
    if found.is_exact::<Function>() {
        return Method::new(cx, found.clone(), object.clone()).map(Ref::into_value);
    }
    match found.class().slots.descriptor_get.get() {
        Some(get) => get(cx, found, Some(object), Some(object.class().as_value())),
        None => Ok(found.clone()),
    }
}

/// `type(object).name(object, *arguments)`, as special methods are called. `None` when the class has no
/// such attribute.
///
/// # Errors
/// As [`call`].
pub fn call_special(
    cx: &Context,
    object: &Value,
    name: Name,
    arguments: &[Value],
) -> PyResult<Option<Value>> {
    let Some(found) = object.class().lookup(cx, name) else {
        return Ok(None);
    };
    call_found(cx, &found, object, Args::positional_only(arguments)).map(Some)
}

/// Calls what was found on the class of `object`, bound to it.
///
/// # Errors
/// As [`call`].
pub fn call_found(cx: &Context, found: &Value, object: &Value, args: Args<'_>) -> PyResult<Value> {
    if let Some(function) = found.downcast_exact::<Function>() {
        return bind::call_with_this(cx, function, object, args);
    }
    if let Some(method) = found.downcast_exact::<MethodDescriptor>() {
        return cx.nested("", || method.call_on(cx, object, args));
    }
    if let Some(wrapper) = found.downcast_exact::<WrapperDescriptor>()
        && object.class().is_subclass(&wrapper.class)
    {
        return cx.nested("", || wrapper.call_on(cx, object, args));
    }
    if found.class().has(ClassFlags::METHOD_DESCRIPTOR) {
        return call_with_this(cx, found, object, args);
    }
    let bound = bind_special(cx, found, object)?;
    call_args(cx, &bound, args)
}
