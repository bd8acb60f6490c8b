//! Type parameters: `TypeVar`, `ParamSpec` and what hangs on it, `TypeVarTuple`.
//!
//! Those of the type parameter syntax have their variance inferred and evaluate their parts lazily; those
//! made by calling the class are given everything at once.

use typhon_macros::{pyclass, pymethods};

use super::{
    Lazy, call_typing, checked_type, is_no_default, no_default, refuse_base, set_module, unpacked,
};
use crate::args::{Args, Parameter, Signature};
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::union;
use crate::protocols::{attribute, compare, hash, iterate, sequence, text};
use crate::slots::Comparison;
use crate::value::Value;

/// How a type variable varies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variance {
    Invariant,
    Covariant,
    Contravariant,
    Inferred,
}

impl Variance {
    fn from_arguments(
        cx: &Context,
        covariant: Option<&Value>,
        contravariant: Option<&Value>,
        infer: Option<&Value>,
    ) -> PyResult<Variance> {
        let truth = |value: Option<&Value>| value.map_or(Ok(false), |value| value.truth(cx));
        match (truth(covariant)?, truth(contravariant)?, truth(infer)?) {
            (true, true, _) => Err(cx.value_error("Bivariant types are not supported.")),
            (true, _, true) | (_, true, true) => {
                Err(cx.value_error("Variance cannot be specified with infer_variance."))
            }
            (true, ..) => Ok(Variance::Covariant),
            (_, true, _) => Ok(Variance::Contravariant),
            (_, _, true) => Ok(Variance::Inferred),
            _ => Ok(Variance::Invariant),
        }
    }

    /// What stands before the name in a repr.
    fn sign(self) -> &'static str {
        match self {
            Variance::Invariant => "~",
            Variance::Covariant => "+",
            Variance::Contravariant => "-",
            Variance::Inferred => "",
        }
    }
}

fn text_argument(cx: &Context, function: &str, value: Option<&Value>) -> PyResult<Ref<Str>> {
    let value = value.expect("invariant: binding fails when a required argument is missing");
    value.downcast::<Str>().cloned().ok_or_else(|| {
        cx.type_error(format!(
            "{function}() argument 'name' must be str, not {}",
            value.type_name_for_argument()
        ))
    })
}

/// A default that was given, or the one that says that there is none.
fn given_default(cx: &Context, value: Option<&Value>) -> PyResult<Lazy> {
    let value = match value {
        Some(value) => value.clone(),
        None => no_default(cx)?,
    };
    Ok(Lazy::known(Some(value)))
}

fn has_default(default: &Lazy) -> bool {
    !default.evaluate.is_empty()
        || default
            .value
            .get()
            .is_some_and(|value| !is_no_default(&value))
}

fn default_of(cx: &Context, default: &Lazy) -> PyResult<Value> {
    match default.get(cx)? {
        Some(value) => Ok(value),
        None => no_default(cx),
    }
}

fn bound_argument(cx: &Context, bound: Option<&Value>) -> PyResult<Option<Value>> {
    bound
        .filter(|bound| !bound.is_none())
        .map(|bound| checked_type(cx, bound, "Bound must be a type."))
        .transpose()
}

fn name_of(name: &Value) -> Ref<Str> {
    name.downcast::<Str>().cloned().unwrap_or_else(Str::empty)
}

/// The payload of `TypeVar`.
#[pyclass(
    name = "TypeVar",
    module = "typing",
    flags(HAS_DICT, HAS_WEAKREF),
    doc = "Type variable."
)]
pub struct TypeVar {
    name: Ref<Str>,
    bound: Lazy,
    constraints: Lazy,
    default: Lazy,
    variance: Variance,
}

impl Traverse for TypeVar {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.name.as_value());
        self.bound.traverse(visit);
        self.constraints.traverse(visit);
        self.default.traverse(visit);
    }
}

/// `[name: bound]`, where bound or constraints are functions that evaluate them.
///
/// # Errors
/// MemoryError.
pub fn type_var(
    cx: &Context,
    name: &Value,
    bound: Option<&Value>,
    constraints: Option<&Value>,
) -> PyResult<Value> {
    let variable = TypeVar {
        name: name_of(name),
        bound: Lazy::computed(bound.cloned()),
        constraints: Lazy::computed(constraints.cloned()),
        default: Lazy::absent(),
        variance: Variance::Inferred,
    };
    object::new(cx, variable).map(Ref::into_value)
}

#[pymethods]
impl TypeVar {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = Signature {
            name: "typevar",
            text: "",
            parameters: &[
                Parameter::required("name"),
                Parameter::optional("bound"),
                Parameter::optional("default"),
                Parameter::optional("covariant"),
                Parameter::optional("contravariant"),
                Parameter::optional("infer_variance"),
            ],
            positional_only: 0,
            positional: 1,
            var_positional: true,
            var_keyword: false,
        };
        let mut given = [None; 6];
        let rest = SIGNATURE.bind(cx, args, &mut given)?;
        let [name, bound, default, covariant, contravariant, infer] = given;
        let name = text_argument(cx, "typevar", name)?;
        let variance = Variance::from_arguments(cx, covariant, contravariant, infer)?;
        let bound = bound_argument(cx, bound)?;
        let constraints = match rest.positional {
            [] => None,
            [_] => return Err(cx.type_error("A single constraint is not allowed")),
            _ if bound.is_some() => {
                return Err(cx.type_error("Constraints cannot be combined with bound=..."));
            }
            constraints => Some(Tuple::from_values(cx, constraints)?.into_value()),
        };
        let variable = TypeVar {
            name,
            bound: Lazy::known(bound),
            constraints: Lazy::known(constraints),
            default: given_default(cx, default)?,
            variance,
        };
        let variable = object::new_of_class(cx, class, variable)?.into_value();
        set_module(cx, &variable)?;
        Ok(variable)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<TypeVar>) -> PyResult<Value> {
        Str::from_str(cx, &format!("{}{}", this.variance.sign(), this.name)).map(Ref::into_value)
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        union::from_values(cx, &[left.clone(), right.clone()])
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<TypeVar>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[getter("__bound__")]
    fn bound(cx: &Context, this: &Ref<TypeVar>) -> PyResult<Option<Value>> {
        this.bound.get(cx)
    }

    #[getter("__constraints__")]
    fn constraints(cx: &Context, this: &Ref<TypeVar>) -> PyResult<Value> {
        Ok(this
            .constraints
            .get(cx)?
            .unwrap_or_else(|| Tuple::empty().into_value()))
    }

    #[getter("__default__")]
    fn default(cx: &Context, this: &Ref<TypeVar>) -> PyResult<Value> {
        default_of(cx, &this.default)
    }

    #[getter("__covariant__")]
    fn covariant(_cx: &Context, this: &Ref<TypeVar>) -> PyResult<bool> {
        Ok(this.variance == Variance::Covariant)
    }

    #[getter("__contravariant__")]
    fn contravariant(_cx: &Context, this: &Ref<TypeVar>) -> PyResult<bool> {
        Ok(this.variance == Variance::Contravariant)
    }

    #[getter("__infer_variance__")]
    fn infer_variance(_cx: &Context, this: &Ref<TypeVar>) -> PyResult<bool> {
        Ok(this.variance == Variance::Inferred)
    }

    #[getter]
    fn evaluate_bound(cx: &Context, this: &Ref<TypeVar>) -> PyResult<Value> {
        this.bound.evaluator(cx)
    }

    #[getter]
    fn evaluate_constraints(cx: &Context, this: &Ref<TypeVar>) -> PyResult<Value> {
        this.constraints.evaluator(cx)
    }

    #[getter]
    fn evaluate_default(cx: &Context, this: &Ref<TypeVar>) -> PyResult<Value> {
        this.default.evaluator(cx)
    }

    #[method("has_default(self, /)")]
    fn has_default(_cx: &Context, this: &Ref<TypeVar>) -> PyResult<bool> {
        Ok(has_default(&this.default))
    }

    #[method("__typing_subst__(self, arg, /)")]
    fn typing_subst(cx: &Context, this: &Ref<TypeVar>, arg: &Value) -> PyResult<Value> {
        call_typing(cx, "_typevar_subst", &[this.to_value(), arg.clone()])
    }

    #[method("__typing_prepare_subst__(self, alias, args, /)")]
    fn typing_prepare_subst(
        cx: &Context,
        this: &Ref<TypeVar>,
        alias: &Value,
        args: &Value,
    ) -> PyResult<Value> {
        let parameters = attribute::get(cx, alias, Name::intern(cx, "__parameters__")?)?;
        let given = sequence::length(cx, args)?;
        let parameters = iterate::collect(cx, &parameters)?;
        let Some(index) = parameters
            .iter()
            .position(|parameter| parameter.is(this.as_value()))
        else {
            return Err(cx.value_error("sequence.index(x): x not in sequence"));
        };
        if index < given {
            return Ok(args.clone());
        }
        if index == given {
            let default = default_of(cx, &this.default)?;
            if !is_no_default(&default) {
                let mut values = iterate::collect(cx, args)?;
                values.push(default);
                return Tuple::from_vec(cx, values).map(Ref::into_value);
            }
        }
        let alias = text::str(cx, alias)?;
        let wanted = index + 1;
        Err(cx.type_error(format!(
            "Too few arguments for {alias}; actual {given}, expected at least {wanted}"
        )))
    }

    #[method("__reduce__(self, /)")]
    fn reduce(_cx: &Context, this: &Ref<TypeVar>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[method("__mro_entries__(self, object, /)")]
    fn mro_entries(cx: &Context, _this: &Ref<TypeVar>, _object: &Value) -> PyResult<Value> {
        refuse_base(cx, "TypeVar")
    }
}

/// The payload of `ParamSpec`.
#[pyclass(
    name = "ParamSpec",
    module = "typing",
    flags(HAS_DICT, HAS_WEAKREF),
    doc = "Parameter specification variable."
)]
pub struct ParamSpec {
    name: Ref<Str>,
    bound: Field,
    default: Lazy,
    variance: Variance,
}

impl Traverse for ParamSpec {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.name.as_value());
        self.bound.traverse(visit);
        self.default.traverse(visit);
    }
}

/// `[**name]`.
///
/// # Errors
/// MemoryError.
pub fn param_spec(cx: &Context, name: &Value) -> PyResult<Value> {
    let variable = ParamSpec {
        name: name_of(name),
        bound: Field::empty(),
        default: Lazy::absent(),
        variance: Variance::Inferred,
    };
    object::new(cx, variable).map(Ref::into_value)
}

#[pymethods]
impl ParamSpec {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = Signature {
            name: "paramspec",
            text: "",
            parameters: &[
                Parameter::required("name"),
                Parameter::optional("bound"),
                Parameter::optional("default"),
                Parameter::optional("covariant"),
                Parameter::optional("contravariant"),
                Parameter::optional("infer_variance"),
            ],
            positional_only: 0,
            positional: 1,
            var_positional: false,
            var_keyword: false,
        };
        let mut given = [None; 6];
        SIGNATURE.bind(cx, args, &mut given)?;
        let [name, bound, default, covariant, contravariant, infer] = given;
        let variable = ParamSpec {
            name: text_argument(cx, "paramspec", name)?,
            variance: Variance::from_arguments(cx, covariant, contravariant, infer)?,
            bound: Field::from_option(bound.filter(|bound| !bound.is_none()).cloned()),
            default: given_default(cx, default)?,
        };
        let variable = object::new_of_class(cx, class, variable)?.into_value();
        set_module(cx, &variable)?;
        Ok(variable)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<ParamSpec>) -> PyResult<Value> {
        Str::from_str(cx, &format!("{}{}", this.variance.sign(), this.name)).map(Ref::into_value)
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        union::from_values(cx, &[left.clone(), right.clone()])
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<ParamSpec>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[getter("__bound__")]
    fn bound(_cx: &Context, this: &Ref<ParamSpec>) -> PyResult<Option<Value>> {
        Ok(this.bound.get())
    }

    /// The default value for this ParamSpec.
    #[getter("__default__")]
    fn default(cx: &Context, this: &Ref<ParamSpec>) -> PyResult<Value> {
        default_of(cx, &this.default)
    }

    #[getter("__covariant__")]
    fn covariant(_cx: &Context, this: &Ref<ParamSpec>) -> PyResult<bool> {
        Ok(this.variance == Variance::Covariant)
    }

    #[getter("__contravariant__")]
    fn contravariant(_cx: &Context, this: &Ref<ParamSpec>) -> PyResult<bool> {
        Ok(this.variance == Variance::Contravariant)
    }

    #[getter("__infer_variance__")]
    fn infer_variance(_cx: &Context, this: &Ref<ParamSpec>) -> PyResult<bool> {
        Ok(this.variance == Variance::Inferred)
    }

    #[getter]
    fn evaluate_default(cx: &Context, this: &Ref<ParamSpec>) -> PyResult<Value> {
        this.default.evaluator(cx)
    }

    /// Represents positional arguments.
    #[getter]
    fn args(cx: &Context, this: &Ref<ParamSpec>) -> PyResult<Ref<ParamSpecArgs>> {
        object::new(
            cx,
            ParamSpecArgs {
                origin: this.to_value(),
            },
        )
    }

    /// Represents keyword arguments.
    #[getter]
    fn kwargs(cx: &Context, this: &Ref<ParamSpec>) -> PyResult<Ref<ParamSpecKwargs>> {
        object::new(
            cx,
            ParamSpecKwargs {
                origin: this.to_value(),
            },
        )
    }

    #[method("has_default(self, /)")]
    fn has_default(_cx: &Context, this: &Ref<ParamSpec>) -> PyResult<bool> {
        Ok(has_default(&this.default))
    }

    #[method("__typing_subst__(self, arg, /)")]
    fn typing_subst(cx: &Context, this: &Ref<ParamSpec>, arg: &Value) -> PyResult<Value> {
        call_typing(cx, "_paramspec_subst", &[this.to_value(), arg.clone()])
    }

    #[method("__typing_prepare_subst__(self, alias, args, /)")]
    fn typing_prepare_subst(
        cx: &Context,
        this: &Ref<ParamSpec>,
        alias: &Value,
        args: &Value,
    ) -> PyResult<Value> {
        call_typing(
            cx,
            "_paramspec_prepare_subst",
            &[this.to_value(), alias.clone(), args.clone()],
        )
    }

    #[method("__reduce__(self, /)")]
    fn reduce(_cx: &Context, this: &Ref<ParamSpec>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[method("__mro_entries__(self, object, /)")]
    fn mro_entries(cx: &Context, _this: &Ref<ParamSpec>, _object: &Value) -> PyResult<Value> {
        refuse_base(cx, "ParamSpec")
    }
}

macro_rules! param_spec_part {
    ($ty:ident $name:literal $part:literal $doc:literal) => {
        #[doc = concat!("The payload of `", $name, "`.")]
        #[pyclass(name = $name, module = "typing", flags(HAS_WEAKREF), doc = $doc)]
        pub struct $ty {
            origin: Value,
        }

        impl Traverse for $ty {
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                visit(&self.origin);
            }
        }

        #[pymethods]
        impl $ty {
            #[slot(new)]
            fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
                static SIGNATURE: Signature = Signature {
                    name: $name,
                    text: "(origin)",
                    parameters: &[Parameter::required("origin")],
                    positional_only: 0,
                    positional: 1,
                    var_positional: false,
                    var_keyword: false,
                };
                let mut given = [None];
                SIGNATURE.bind(cx, args, &mut given)?;
                let origin = given[0].cloned().unwrap_or(Value::NONE);
                object::new_of_class(cx, class, $ty { origin }).map(Ref::into_value)
            }

            #[slot(repr)]
            fn repr(cx: &Context, this: &Ref<$ty>) -> PyResult<Value> {
                let origin = match this.origin.downcast::<ParamSpec>() {
                    Some(origin) => origin.name.to_string(),
                    None => text::repr_text(cx, &this.origin)?,
                };
                Str::from_str(cx, &format!("{origin}.{}", $part)).map(Ref::into_value)
            }

            #[slot(hash)]
            fn hash(cx: &Context, this: &Value) -> PyResult<i64> {
                hash::unhashable(cx, this)
            }

            #[slot(compare)]
            fn compare(
                cx: &Context,
                this: &Ref<$ty>,
                other: &Value,
                comparison: Comparison,
            ) -> PyResult<Value> {
                match other.downcast::<$ty>() {
                    Some(other)
                        if matches!(comparison, Comparison::Equal | Comparison::NotEqual) =>
                    {
                        compare::rich(cx, &this.origin, &other.origin, comparison)
                    }
                    _ => Ok(Value::NOT_IMPLEMENTED),
                }
            }

            #[getter("__origin__")]
            fn origin(_cx: &Context, this: &Ref<$ty>) -> PyResult<Value> {
                Ok(this.origin.clone())
            }

            #[method("__mro_entries__(self, object, /)")]
            fn mro_entries(cx: &Context, _this: &Ref<$ty>, _object: &Value) -> PyResult<Value> {
                refuse_base(cx, $name)
            }
        }
    };
}

param_spec_part!(ParamSpecArgs "ParamSpecArgs" "args" "The args for a ParamSpec object.");
param_spec_part!(ParamSpecKwargs "ParamSpecKwargs" "kwargs" "The kwargs for a ParamSpec object.");

/// The payload of `TypeVarTuple`.
#[pyclass(
    name = "TypeVarTuple",
    module = "typing",
    flags(HAS_DICT, HAS_WEAKREF),
    doc = "Type variable tuple. A specialized form of type variable that enables\nvariadic generics."
)]
pub struct TypeVarTuple {
    name: Ref<Str>,
    default: Lazy,
}

impl Traverse for TypeVarTuple {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.name.as_value());
        self.default.traverse(visit);
    }
}

/// `[*name]`.
///
/// # Errors
/// MemoryError.
pub fn type_var_tuple(cx: &Context, name: &Value) -> PyResult<Value> {
    object::new(
        cx,
        TypeVarTuple {
            name: name_of(name),
            default: Lazy::absent(),
        },
    )
    .map(Ref::into_value)
}

#[pymethods]
impl TypeVarTuple {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = Signature {
            name: "typevartuple",
            text: "",
            parameters: &[Parameter::required("name"), Parameter::optional("default")],
            positional_only: 0,
            positional: 1,
            var_positional: false,
            var_keyword: false,
        };
        let mut given = [None; 2];
        SIGNATURE.bind(cx, args, &mut given)?;
        let [name, default] = given;
        let variable = TypeVarTuple {
            name: text_argument(cx, "typevartuple", name)?,
            default: given_default(cx, default)?,
        };
        let variable = object::new_of_class(cx, class, variable)?.into_value();
        set_module(cx, &variable)?;
        Ok(variable)
    }

    #[slot(repr)]
    fn repr(_cx: &Context, this: &Ref<TypeVarTuple>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<TypeVarTuple>) -> PyResult<Value> {
        let only = unpacked(cx, this.as_value())?;
        iterate::iter(cx, Tuple::from_values(cx, &[only])?.as_value())
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<TypeVarTuple>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    /// The default value for this TypeVarTuple.
    #[getter("__default__")]
    fn default(cx: &Context, this: &Ref<TypeVarTuple>) -> PyResult<Value> {
        default_of(cx, &this.default)
    }

    #[getter]
    fn evaluate_default(cx: &Context, this: &Ref<TypeVarTuple>) -> PyResult<Value> {
        this.default.evaluator(cx)
    }

    #[method("has_default(self, /)")]
    fn has_default(_cx: &Context, this: &Ref<TypeVarTuple>) -> PyResult<bool> {
        Ok(has_default(&this.default))
    }

    #[method("__typing_subst__(self, arg, /)")]
    fn typing_subst(cx: &Context, _this: &Ref<TypeVarTuple>, _arg: &Value) -> PyResult<Value> {
        Err(cx.type_error("Substitution of bare TypeVarTuple is not supported"))
    }

    #[method("__typing_prepare_subst__(self, alias, args, /)")]
    fn typing_prepare_subst(
        cx: &Context,
        this: &Ref<TypeVarTuple>,
        alias: &Value,
        args: &Value,
    ) -> PyResult<Value> {
        call_typing(
            cx,
            "_typevartuple_prepare_subst",
            &[this.to_value(), alias.clone(), args.clone()],
        )
    }

    #[method("__reduce__(self, /)")]
    fn reduce(_cx: &Context, this: &Ref<TypeVarTuple>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[method("__mro_entries__(self, object, /)")]
    fn mro_entries(cx: &Context, _this: &Ref<TypeVarTuple>, _object: &Value) -> PyResult<Value> {
        refuse_base(cx, "TypeVarTuple")
    }
}

/// Whether the value is a type parameter; then also whether it has a default.
pub(super) fn parameter_default(value: &Value) -> Option<bool> {
    if let Some(variable) = value.downcast::<TypeVar>() {
        Some(has_default(&variable.default))
    } else if let Some(variable) = value.downcast::<ParamSpec>() {
        Some(has_default(&variable.default))
    } else {
        value
            .downcast::<TypeVarTuple>()
            .map(|variable| has_default(&variable.default))
    }
}

/// `[T = …]`: gives a type parameter the function that evaluates its default.
///
/// # Errors
/// TypeError when it is no type parameter.
pub fn set_default(cx: &Context, parameter: &Value, evaluate: &Value) -> PyResult<Value> {
    let default = if let Some(variable) = parameter.downcast::<TypeVar>() {
        &variable.default
    } else if let Some(variable) = parameter.downcast::<ParamSpec>() {
        &variable.default
    } else if let Some(variable) = parameter.downcast::<TypeVarTuple>() {
        &variable.default
    } else {
        return Err(cx.type_error(format!(
            "Expected a type param, got {}",
            text::repr_text(cx, parameter)?
        )));
    };
    default.evaluate.set(Some(evaluate.clone()));
    Ok(parameter.clone())
}
