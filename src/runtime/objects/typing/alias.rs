//! `TypeAliasType`: what the `type` statement makes.

use typhon_macros::{pyclass, pymethods};

use super::variable::parameter_default;
use super::{Lazy, unpacked, with_unpacked};
use crate::args::{Args, Parameter, Signature};
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::generic_alias;
use crate::objects::str_::{Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::union;
use crate::protocols::{attribute, iterate, text};
use crate::value::Value;
use crate::vm::frame;

/// The payload of `TypeAliasType`.
#[pyclass(
    name = "TypeAliasType",
    module = "typing",
    flags(HAS_WEAKREF),
    doc = "Type alias."
)]
pub struct TypeAlias {
    name: Ref<Str>,
    /// `None` without brackets.
    parameters: Option<Ref<Tuple>>,
    value: Lazy,
    /// Known when it was made by a call.
    module: Field,
}

impl Traverse for TypeAlias {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.name.as_value());
        if let Some(parameters) = &self.parameters {
            visit(parameters.as_value());
        }
        self.value.traverse(visit);
        self.module.traverse(visit);
    }
}

/// What the `type` statement makes of name, type parameters (or None) and the function that evaluates the
/// value.
///
/// # Errors
/// MemoryError.
pub fn type_alias(cx: &Context, parts: &Value) -> PyResult<Value> {
    let parts = parts.downcast::<Tuple>().map(|parts| parts.as_slice());
    let Some([name, parameters, evaluate]) = parts else {
        return Err(cx.system_error("a type alias is made of three parts"));
    };
    let alias = TypeAlias {
        name: name.downcast::<Str>().cloned().unwrap_or_else(Str::empty),
        parameters: parameters.downcast::<Tuple>().cloned(),
        value: Lazy::computed(Some(evaluate.clone())),
        module: Field::empty(),
    };
    object::new(cx, alias).map(Ref::into_value)
}

/// Checks type parameters: each is one, and those without default come first.
fn check_parameters(cx: &Context, parameters: &Ref<Tuple>) -> PyResult<()> {
    let mut default_seen = false;
    for parameter in parameters.as_slice() {
        match parameter_default(parameter) {
            Some(true) => default_seen = true,
            Some(false) if default_seen => {
                return Err(cx.type_error(format!(
                    "non-default type parameter '{}' follows default type parameter",
                    text::repr_text(cx, parameter)?
                )));
            }
            Some(false) => {}
            None => {
                let got = text::repr_text(cx, parameter)?;
                return Err(cx.type_error(format!("Expected a type param, got {got}")));
            }
        }
    }
    Ok(())
}

#[pymethods]
impl TypeAlias {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = Signature {
            name: "typealias",
            text: "",
            parameters: &[
                Parameter::required("name"),
                Parameter::required("value"),
                Parameter::optional("type_params"),
            ],
            positional_only: 0,
            positional: 2,
            var_positional: false,
            var_keyword: false,
        };
        let mut given = [None; 3];
        SIGNATURE.bind(cx, args, &mut given)?;
        let [Some(name), Some(value), parameters] = given else {
            unreachable!("invariant: binding fails when a required argument is missing");
        };
        let Some(name) = name.downcast::<Str>() else {
            let got = name.type_name_for_argument();
            return Err(cx.type_error(format!(
                "typealias() argument 'name' must be str, not {got}"
            )));
        };
        let parameters = match parameters {
            None => None,
            Some(parameters) => match parameters.downcast::<Tuple>() {
                Some(parameters) => {
                    check_parameters(cx, parameters)?;
                    Some(parameters.clone()).filter(|parameters| !parameters.is_empty())
                }
                None => return Err(cx.type_error("type_params must be a tuple")),
            },
        };
        let alias = TypeAlias {
            name: name.clone(),
            parameters,
            value: Lazy::known(Some(value.clone())),
            module: Field::from_option(frame::current_module_name(cx)),
        };
        object::new_of_class(cx, class, alias).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(_cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        union::or(cx, left, right)
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<TypeAlias>, key: &Value) -> PyResult<Value> {
        if this.parameters.is_none() {
            return Err(cx.type_error("Only generic type aliases are subscriptable"));
        }
        generic_alias::alias(cx, this.as_value(), key)
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Value> {
        let only = unpacked(cx, this.as_value())?;
        iterate::iter(cx, Tuple::from_values(cx, &[only])?.as_value())
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[getter("__value__")]
    fn value(cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Option<Value>> {
        this.value.get(cx)
    }

    #[getter]
    fn evaluate_value(cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Value> {
        this.value.evaluator(cx)
    }

    #[getter("__type_params__")]
    fn type_params(_cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Ref<Tuple>> {
        Ok(this.parameters.clone().unwrap_or_else(Tuple::empty))
    }

    #[getter("__parameters__")]
    fn parameters(cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Ref<Tuple>> {
        match &this.parameters {
            Some(parameters) => with_unpacked(cx, parameters),
            None => Ok(Tuple::empty()),
        }
    }

    #[getter("__module__")]
    fn module(cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Option<Value>> {
        match (this.module.get(), this.value.evaluate.get()) {
            (Some(module), _) => Ok(Some(module)),
            (None, Some(evaluate)) => attribute::find(cx, &evaluate, names::dunder_module()),
            (None, None) => Ok(None),
        }
    }

    #[method("__reduce__(self, /)")]
    fn reduce(_cx: &Context, this: &Ref<TypeAlias>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }
}
