//! `isinstance` and `issubclass` (PEP 3119).

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Payload;
use crate::objects::descriptors::GetSet;
use crate::objects::object;
use crate::objects::str_::names;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::union::Union;
use crate::protocols::{attribute, call};
use crate::value::Value;

/// Tuples of classes nested deeper than this are refused: the native stack holds more, but each look
/// at so deep a tuple takes its time.
const DEEPEST_TUPLES: u32 = 50_000;

fn check_depth(cx: &Context, depth: u32, place: &str) -> PyResult<()> {
    if depth < DEEPEST_TUPLES {
        return Ok(());
    }
    Err(cx.recursion_error(format!("maximum recursion depth exceeded{place}")))
}

/// `isinstance(object, class)`.
///
/// # Errors
/// TypeError when `class` is nothing to ask for, and what hooks raise.
pub fn is_instance(cx: &Context, object: &Value, class: &Value) -> PyResult<bool> {
    is_instance_at(cx, object, class, 0)
}

/// [`is_instance`] inside `depth` tuples.
fn is_instance_at(cx: &Context, object: &Value, class: &Value, depth: u32) -> PyResult<bool> {
    if object.class().as_value().is(class) {
        return Ok(true);
    }
    if class.is_exact::<Type>() {
        return is_instance_plain(cx, object, class);
    }
    if let Some(union) = class.downcast::<Union>() {
        return is_instance_of_any(cx, object, union.args.as_slice(), depth);
    }
    if let Some(classes) = class.downcast::<Tuple>() {
        let place = " in __instancecheck__";
        check_depth(cx, depth, place)?;
        return cx.nested(place, || {
            is_instance_of_any(cx, object, classes.as_slice(), depth + 1)
        });
    }
    let checked = cx.nested(" in __instancecheck__", || {
        call::call_special(
            cx,
            class,
            names::dunder_instancecheck(),
            std::slice::from_ref(object),
        )
    })?;
    match checked {
        Some(answer) => answer.truth(cx),
        None => is_instance_plain(cx, object, class),
    }
}

fn is_instance_of_any(
    cx: &Context,
    object: &Value,
    classes: &[Value],
    depth: u32,
) -> PyResult<bool> {
    for class in classes {
        if is_instance_at(cx, object, class, depth)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `object.__class__` is what `object` itself answers: the object's class.
fn has_plain_class(cx: &Context, object: &Value) -> bool {
    let class = object.class();
    let found = class.lookup(cx, names::dunder_class());
    found.is_some_and(|found| {
        found
            .downcast_exact::<GetSet>()
            .is_some_and(|own| own.class.is(object::class()))
    }) && attribute::is_generic(class)
}

/// `issubclass(derived, class)`.
///
/// # Errors
/// TypeError when one is no class, and what hooks raise.
pub fn is_subclass(cx: &Context, derived: &Value, class: &Value) -> PyResult<bool> {
    is_subclass_at(cx, derived, class, 0)
}

/// [`is_subclass`] inside `depth` tuples.
fn is_subclass_at(cx: &Context, derived: &Value, class: &Value, depth: u32) -> PyResult<bool> {
    if class.is_exact::<Type>() {
        if derived.is(class) {
            return Ok(true);
        }
        return is_subclass_plain(cx, derived, class);
    }
    if let Some(union) = class.downcast::<Union>() {
        return is_subclass_of_any(cx, derived, union.args.as_slice(), depth);
    }
    if let Some(classes) = class.downcast::<Tuple>() {
        let place = " in __subclasscheck__";
        check_depth(cx, depth, place)?;
        return cx.nested(place, || {
            is_subclass_of_any(cx, derived, classes.as_slice(), depth + 1)
        });
    }
    let checked = cx.nested(" in __subclasscheck__", || {
        call::call_special(
            cx,
            class,
            names::dunder_subclasscheck(),
            std::slice::from_ref(derived),
        )
    })?;
    match checked {
        Some(answer) => answer.truth(cx),
        None => is_subclass_plain(cx, derived, class),
    }
}

fn is_subclass_of_any(
    cx: &Context,
    derived: &Value,
    classes: &[Value],
    depth: u32,
) -> PyResult<bool> {
    for class in classes {
        if is_subclass_at(cx, derived, class, depth)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `type.__instancecheck__`: by the class of the object, or by its `__class__`.
///
/// # Errors
/// TypeError when `class` is no class.
pub fn is_instance_plain(cx: &Context, object: &Value, class: &Value) -> PyResult<bool> {
    if let Some(class) = class.downcast::<Type>() {
        if object.class().is_subclass(class) {
            return Ok(true);
        }
        if has_plain_class(cx, object) {
            return Ok(false);
        }
        return match attribute::find(cx, object, names::dunder_class())? {
            Some(claimed) => Ok(claimed
                .downcast::<Type>()
                .is_some_and(|claimed| !claimed.is(object.class()) && claimed.is_subclass(class))),
            None => Ok(false),
        };
    }
    if bases(cx, class)?.is_none() {
        return Err(
            cx.type_error("isinstance() arg 2 must be a type, a tuple of types, or a union")
        );
    }
    match attribute::find(cx, object, names::dunder_class())? {
        Some(claimed) => is_abstract_subclass(cx, &claimed, class),
        None => Ok(false),
    }
}

/// `type.__subclasscheck__`: by the order of resolution, or by `__bases__`.
///
/// # Errors
/// TypeError when one is no class.
pub fn is_subclass_plain(cx: &Context, derived: &Value, class: &Value) -> PyResult<bool> {
    if let (Some(derived), Some(class)) = (derived.downcast::<Type>(), class.downcast::<Type>()) {
        return Ok(derived.is_subclass(class));
    }
    if bases(cx, derived)?.is_none() {
        return Err(cx.type_error("issubclass() arg 1 must be a class"));
    }
    if class.downcast::<Union>().is_none() && bases(cx, class)?.is_none() {
        return Err(
            cx.type_error("issubclass() arg 2 must be a class, a tuple of classes, or a union")
        );
    }
    is_abstract_subclass(cx, derived, class)
}

/// `__bases__`, if it is a tuple: what makes an object a class in the eyes of `isinstance`.
fn bases(cx: &Context, class: &Value) -> PyResult<Option<crate::object::Ref<Tuple>>> {
    let found = attribute::find(cx, class, names::dunder_bases())?;
    Ok(found.and_then(|bases| bases.into_ref::<Tuple>().ok()))
}

fn is_abstract_subclass(cx: &Context, derived: &Value, class: &Value) -> PyResult<bool> {
    if derived.is(class) {
        return Ok(true);
    }
    let Some(bases) = bases(cx, derived)? else {
        return Ok(false);
    };
    for base in bases.as_slice() {
        if cx.nested(" in __issubclass__", || {
            is_abstract_subclass(cx, base, class)
        })? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `object` is an instance of a class derived from the class of the payload `T`, by its type
/// alone.
pub fn has_class<T: Payload>(object: &Value) -> bool {
    object.class().is_subclass(T::class())
}
