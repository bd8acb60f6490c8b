//! `bool`: the words `True` and `False`. A class derived from `int` that has no objects.

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Payload, Ref};
use crate::objects::int::{self, BigInteger};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::value::Value;

/// The payload that no object has: see the module's header.
#[pyclass(
    name = "bool",
    python_base = BigInteger::class(),
    flags(MATCH_SELF),
    plain,
    signature = "(object=False, /)",
    doc = "Returns True when the argument is true, False otherwise.\nThe builtins True and False are the only two instances of the class bool.\nThe class bool is a subclass of the class int, and cannot be subclassed."
)]
pub struct Bool;

/// A bitwise operator: of two bools a bool, otherwise as for ints.
macro_rules! operator {
    ($cx:ident, $left:ident, $operator:tt, $right:ident, $of_ints:path) => {
        match ($left.as_bool(), $right.as_bool()) {
            (Some(left), Some(right)) => Ok(Value::from_bool(left $operator right)),
            _ => match (int::view($left), int::view($right)) {
                (Some(left), Some(right)) => $of_ints($cx, left, right),
                _ => Ok(Value::NOT_IMPLEMENTED),
            },
        }
    };
}

#[pymethods]
impl Bool {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("bool() takes no keyword arguments"));
        }
        match args.positional() {
            [] => Ok(Value::FALSE),
            [value] => value.truth(cx).map(Value::from_bool),
            more => Err(cx.type_error(format!(
                "bool expected at most 1 argument, got {}",
                more.len()
            ))),
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
        Str::from_ascii(
            cx,
            if this.is_true() {
                b"True".as_slice()
            } else {
                b"False"
            },
        )
        .map(Ref::into_value)
    }

    #[slot(and)]
    fn and(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, &, right, int::and)
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, |, right, int::or)
    }

    #[slot(xor)]
    fn xor(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, ^, right, int::xor)
    }

    #[slot(invert)]
    fn invert(cx: &Context, this: &Value) -> PyResult<Value> {
        crate::warnings::warn_deprecated(
            cx,
            "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise \
             inversion of the underlying int object and is usually not what you expect from negating a bool. Use the \
             'not' operator for boolean negation or ~int(x) if you really want the bitwise inversion of the \
             underlying int.",
        )?;
        int::from_i64(cx, if this.is_true() { -2 } else { -1 })
    }
}
