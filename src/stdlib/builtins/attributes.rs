//! Attributes, identity and classes of objects: `getattr` … `vars`, `dir`, `id`, `hash`, `isinstance`.

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::frame::FrameObject;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::protocols::{attribute, call, classes, hash as hashing, iterate};
use typhon_runtime::{Context, PyResult, Value, audit};

fn attribute_name(cx: &Context, name: &Value) -> PyResult<Name> {
    match name.downcast::<Str>() {
        Some(name) => Ok(Name::from_string(name)),
        None => Err(cx.type_error(format!(
            "attribute name must be string, not '{}'",
            name.type_name()
        ))),
    }
}

/// Get a named attribute from an object.
///
/// getattr(x, 'y') is equivalent to ``x.y``.
///
/// When a default argument is given, it is returned when the attribute doesn't
/// exist; without it, an exception is raised in that case.
#[pyfunction("getattr(object, name, default=<unrepresentable>, /)")]
pub fn getattr(
    cx: &Context,
    object: &Value,
    name: &Value,
    default: Maybe<&Value>,
) -> PyResult<Value> {
    let name = attribute_name(cx, name)?;
    match default.0 {
        None => attribute::get(cx, object, name),
        Some(default) => Ok(attribute::find(cx, object, name)?.unwrap_or_else(|| default.clone())),
    }
}

/// Return whether the object has an attribute with the given name.
///
/// This is done by calling getattr(obj, name) and catching AttributeError.
#[pyfunction("hasattr(obj, name, /)")]
pub fn hasattr(cx: &Context, obj: &Value, name: &Value) -> PyResult<bool> {
    let name = attribute_name(cx, name)?;
    Ok(attribute::find(cx, obj, name)?.is_some())
}

/// Sets the named attribute on the given object to the specified value.
///
/// setattr(x, 'y', v) is equivalent to ``x.y = v``
#[pyfunction("setattr(obj, name, value, /)")]
pub fn setattr(cx: &Context, obj: &Value, name: &Value, value: &Value) -> PyResult<()> {
    let name = attribute_name(cx, name)?;
    attribute::set(cx, obj, name, value)
}

/// Deletes the named attribute from the given object.
///
/// delattr(x, 'y') is equivalent to ``del x.y``
#[pyfunction("delattr(obj, name, /)")]
pub fn delattr(cx: &Context, obj: &Value, name: &Value) -> PyResult<()> {
    let name = attribute_name(cx, name)?;
    attribute::delete(cx, obj, name)
}

/// The namespace of the caller.
pub fn caller_locals(cx: &Context) -> PyResult<Value> {
    match FrameObject::running(cx, 0)? {
        Some(frame) => frame.locals(cx),
        None => Err(cx.system_error("frame does not exist")),
    }
}

/// Show attributes of an object.
///
/// If called without an argument, return the names in the current scope.
/// Else, return an alphabetized list of names comprising (some of) the attributes
/// of the given object, and of attributes reachable from it.
/// If the object supplies a method named __dir__, it will be used; otherwise
/// the default dir() logic is used and returns:
///   for a module object: the module's attributes.
///   for a class object:  its attributes, and recursively the attributes
///     of its bases.
///   for any other object: its attributes, its class's attributes, and
///     recursively the attributes of its class's base classes.
#[pyfunction("dir(object=<unrepresentable>, /)")]
pub fn dir(cx: &Context, object: Maybe<&Value>) -> PyResult<Ref<List>> {
    let names = match object.0 {
        None => {
            let locals = caller_locals(cx)?;
            call::call_method(cx, &locals, names::keys(), &[])?
        }
        Some(object) => match call::call_special(cx, object, names::dunder_dir(), &[])? {
            Some(names) => names,
            None => return Err(cx.type_error("object does not provide __dir__")),
        },
    };
    let list = List::from_values(cx, iterate::collect(cx, &names)?)?;
    list.sort(cx, None, false)?;
    Ok(list)
}

/// Show vars.
///
/// Without arguments, equivalent to locals().
/// With an argument, equivalent to object.__dict__.
#[pyfunction("vars(object=<unrepresentable>, /)")]
pub fn vars(cx: &Context, object: Maybe<&Value>) -> PyResult<Value> {
    match object.0 {
        None => caller_locals(cx),
        Some(object) => match attribute::find(cx, object, names::dunder_dict())? {
            Some(dict) => Ok(dict),
            None => Err(cx.type_error("vars() argument must have __dict__ attribute")),
        },
    }
}

/// Return whether the object is callable (i.e., some kind of function).
///
/// Note that classes are callable, as are instances of classes with a
/// __call__() method.
#[pyfunction("callable(obj, /)")]
pub fn callable(_cx: &Context, obj: &Value) -> PyResult<bool> {
    Ok(call::is_callable(obj))
}

/// Return the hash value for the given object.
///
/// Two objects that compare equal must also have the same hash value, but the
/// reverse is not necessarily true.
#[pyfunction("hash(obj, /)")]
pub fn hash(cx: &Context, obj: &Value) -> PyResult<i64> {
    hashing::hash(cx, obj)
}

/// Return the identity of an object.
///
/// This is guaranteed to be unique among simultaneously existing objects.
/// (CPython uses the object's memory address.)
#[pyfunction("id(obj, /)")]
pub fn id(cx: &Context, obj: &Value) -> PyResult<Value> {
    let id = int::from_u64(cx, obj.bits())?;
    audit::event(cx, "builtins.id", || Ok(vec![id.clone()]))?;
    Ok(id)
}

/// Return whether an object is an instance of a class or of a subclass thereof.
///
/// A tuple, as in ``isinstance(x, (A, B, ...))``, may be given as the target to
/// check against. This is equivalent to ``isinstance(x, A) or isinstance(x, B)
/// or ...`` etc.
#[pyfunction("isinstance(obj, class_or_tuple, /)")]
pub fn isinstance(cx: &Context, obj: &Value, class_or_tuple: &Value) -> PyResult<bool> {
    classes::is_instance(cx, obj, class_or_tuple)
}

/// Return whether 'cls' is derived from another class or is the same class.
///
/// A tuple, as in ``issubclass(x, (A, B, ...))``, may be given as the target to
/// check against. This is equivalent to ``issubclass(x, A) or issubclass(x, B)
/// or ...``.
#[pyfunction("issubclass(cls, class_or_tuple, /)")]
pub fn issubclass(cx: &Context, class: &Value, class_or_tuple: &Value) -> PyResult<bool> {
    classes::is_subclass(cx, class, class_or_tuple)
}
