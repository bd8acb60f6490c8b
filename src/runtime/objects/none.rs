//! The classes of the singletons `None`, `...` and `NotImplemented`, which are words and have no objects.

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::value::Value;

/// The class of `None`.
#[pyclass(name = "NoneType", plain, doc = "The type of the None singleton.")]
pub struct NoneType;

/// The class of `...`.
#[pyclass(name = "ellipsis", plain, doc = "The type of the Ellipsis singleton.")]
pub struct Ellipsis;

/// The class of `NotImplemented`.
#[pyclass(
    name = "NotImplementedType",
    plain,
    doc = "The type of the NotImplemented singleton."
)]
pub struct NotImplementedType;

fn without_arguments(
    cx: &Context,
    name: &str,
    args: Args<'_>,
    singleton: Value,
) -> PyResult<Value> {
    if args.is_empty() {
        Ok(singleton)
    } else {
        Err(cx.type_error(format!("{name} takes no arguments")))
    }
}

#[pymethods]
impl NoneType {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        without_arguments(cx, "NoneType", args, Value::NONE)
    }

    #[slot(repr)]
    fn repr(cx: &Context, _this: &Value) -> PyResult<Value> {
        Str::from_ascii(cx, b"None").map(Ref::into_value)
    }

    #[slot(truth)]
    fn truth(_cx: &Context, _this: &Value) -> PyResult<bool> {
        Ok(false)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, _this: &Value) -> PyResult<i64> {
        // The same in every process, so that sets with None keep their order.
        Ok(0xfca8_6420)
    }
}

#[pymethods]
impl Ellipsis {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        without_arguments(cx, "EllipsisType", args, Value::ELLIPSIS)
    }

    #[slot(repr)]
    fn repr(cx: &Context, _this: &Value) -> PyResult<Value> {
        Str::from_ascii(cx, b"Ellipsis").map(Ref::into_value)
    }

    #[method("__reduce__(self, /)")]
    fn reduce(_cx: &Context, _this: &Value) -> PyResult<&'static str> {
        Ok("Ellipsis")
    }
}

#[pymethods]
impl NotImplementedType {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        without_arguments(cx, "NotImplementedType", args, Value::NOT_IMPLEMENTED)
    }

    #[slot(repr)]
    fn repr(cx: &Context, _this: &Value) -> PyResult<Value> {
        Str::from_ascii(cx, b"NotImplemented").map(Ref::into_value)
    }

    #[slot(truth)]
    fn truth(cx: &Context, _this: &Value) -> PyResult<bool> {
        Err(cx.type_error("NotImplemented should not be used in a boolean context"))
    }

    #[method("__reduce__(self, /)")]
    fn reduce(_cx: &Context, _this: &Value) -> PyResult<&'static str> {
        Ok("NotImplemented")
    }
}
