//! The native half of `typing`: type parameters (PEP 695, PEP 696), type aliases, `Generic`.
//!
//! What the compiler makes of `class C[T: int = str]` and `type A = …` is made here. Bounds, constraints,
//! defaults and values of aliases are expressions that are evaluated when somebody asks ([`Lazy`]). What
//! is left to Python is in the standard library's `typing`, which is called by name ([`call_typing`]).
//!
//! Files: `variable` (TypeVar, ParamSpec, TypeVarTuple), `alias` (TypeAliasType), `generic` (Generic).

mod alias;
mod generic;
mod variable;

use std::sync::OnceLock;

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::generic_alias;
use crate::objects::none::NoneType;
use crate::objects::str_::{Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, sequence, text};
use crate::value::Value;
use crate::vm::frame;

pub use alias::{TypeAlias, type_alias};
pub use generic::{generic, subscript_generic};
pub use variable::{
    ParamSpec, ParamSpecArgs, ParamSpecKwargs, TypeVar, TypeVarTuple, param_spec, set_default,
    type_var, type_var_tuple,
};

/// `typing.function(*arguments)`.
///
/// # Errors
/// What importing and calling raise.
fn call_typing(cx: &Context, function: &str, arguments: &[Value]) -> PyResult<Value> {
    crate::import::call_imported(cx, "typing", function, arguments)
}

/// `typing.Unpack[value]`.
fn unpacked(cx: &Context, value: &Value) -> PyResult<Value> {
    let unpack = crate::import::import_attribute(cx, "typing", "Unpack")?;
    sequence::get_item(cx, &unpack, value)
}

/// Type parameters with each `*Ts` as `Unpack[Ts]`.
fn with_unpacked(cx: &Context, parameters: &Ref<Tuple>) -> PyResult<Ref<Tuple>> {
    let parameters: PyResult<Vec<Value>> = parameters
        .as_slice()
        .iter()
        .map(|parameter| match parameter.downcast::<TypeVarTuple>() {
            Some(_) => unpacked(cx, parameter),
            None => Ok(parameter.clone()),
        })
        .collect();
    Tuple::from_vec(cx, parameters?)
}

/// Checks that `value` can stand for a type; strings become forward references.
pub(crate) fn checked_type(cx: &Context, value: &Value, message: &str) -> PyResult<Value> {
    if value.is_none() {
        return Ok(NoneType::class().to_value());
    }
    if value.is_exact::<Type>() && !value.is(generic().as_value()) {
        return Ok(value.clone());
    }
    call_typing(
        cx,
        "_type_check",
        &[value.clone(), Str::from_str(cx, message)?.into_value()],
    )
}

/// Makes the module that runs now the `__module__` of `object`.
fn set_module(cx: &Context, object: &Value) -> PyResult<()> {
    let module = frame::current_module_name(cx).unwrap_or(Value::NONE);
    attribute::set(cx, object, names::dunder_module(), &module)
}

/// TypeError: an instance of `kind` stands among the bases of a class.
fn refuse_base(cx: &Context, kind: &str) -> PyResult<Value> {
    Err(cx.type_error(format!("Cannot subclass an instance of {kind}")))
}

/// A value that is known, or a function that computes it when it is asked for the first time.
struct Lazy {
    value: Field,
    evaluate: Field,
}

impl Lazy {
    const fn absent() -> Lazy {
        Lazy {
            value: Field::empty(),
            evaluate: Field::empty(),
        }
    }

    fn known(value: Option<Value>) -> Lazy {
        Lazy {
            value: Field::from_option(value),
            evaluate: Field::empty(),
        }
    }

    fn computed(evaluate: Option<Value>) -> Lazy {
        Lazy {
            value: Field::empty(),
            evaluate: Field::from_option(evaluate),
        }
    }

    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.value.traverse(visit);
        self.evaluate.traverse(visit);
    }

    /// The value; `None` when there is neither value nor function.
    fn get(&self, cx: &Context) -> PyResult<Option<Value>> {
        if let Some(value) = self.value.get() {
            return Ok(Some(value));
        }
        let Some(evaluate) = self.evaluate.get() else {
            return Ok(None);
        };
        // annotationlib.Format.VALUE
        let format = crate::objects::int::from_i64(cx, 1)?;
        let value = call::call(cx, &evaluate, &[format])?;
        self.value.set(Some(value.clone()));
        Ok(Some(value))
    }

    /// The function, or one that answers the value; None without either.
    fn evaluator(&self, cx: &Context) -> PyResult<Value> {
        match (self.evaluate.get(), self.value.get()) {
            (Some(evaluate), _) => Ok(evaluate),
            (None, Some(value)) => {
                object::new(cx, ConstantEvaluator { value }).map(Ref::into_value)
            }
            (None, None) => Ok(Value::NONE),
        }
    }
}

/// The evaluator of a value that was given: `TypeVar('T', bound=int).evaluate_bound`.
#[pyclass(
    name = "_ConstEvaluator",
    module = "_typing",
    flags(DISALLOW_INSTANTIATION)
)]
pub struct ConstantEvaluator {
    value: Value,
}

impl Traverse for ConstantEvaluator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.value);
    }
}

#[pymethods]
impl ConstantEvaluator {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<ConstantEvaluator>) -> PyResult<Value> {
        let text = format!("<constevaluator {}>", text::repr_text(cx, &this.value)?);
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<ConstantEvaluator>, args: Args<'_>) -> PyResult<Value> {
        // annotationlib.Format.STRING
        const STRING: i128 = 4;
        let [format] = args.values else {
            let given = args.values.len();
            return Err(cx.type_error(format!(
                "constevaluator.__call__() takes exactly 1 argument ({given} given)"
            )));
        };
        if crate::objects::int::index_as_i128(cx, format)? != STRING {
            return Ok(this.value.clone());
        }
        let text = match this.value.downcast::<Tuple>() {
            Some(items) => {
                let items: PyResult<Vec<String>> = items
                    .as_slice()
                    .iter()
                    .map(|item| generic_alias::shown(cx, item))
                    .collect();
                format!("({})", items?.join(", "))
            }
            None => generic_alias::shown(cx, &this.value)?,
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }
}

/// The class of `typing.NoDefault`.
#[pyclass(
    name = "NoDefaultType",
    plain,
    doc = "The type of the NoDefault singleton."
)]
pub struct NoDefault {}

static NO_DEFAULT: OnceLock<Ref<NoDefault>> = OnceLock::new();

/// `typing.NoDefault`.
///
/// # Errors
/// MemoryError.
pub fn no_default(cx: &Context) -> PyResult<Value> {
    if let Some(known) = NO_DEFAULT.get() {
        return Ok(known.to_value());
    }
    let made = object::new(cx, NoDefault {})?;
    made.header().set_immortal();
    // Two threads may make one; the second is never used.
    Ok(NO_DEFAULT.get_or_init(|| made).to_value())
}

fn is_no_default(value: &Value) -> bool {
    value.is_exact::<NoDefault>()
}

#[pymethods]
impl NoDefault {
    #[slot(new)]
    fn slot_new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.is_empty() {
            return Err(cx.type_error("NoDefaultType takes no arguments"));
        }
        no_default(cx)
    }

    #[slot(repr)]
    fn repr(cx: &Context, _this: &Value) -> PyResult<Value> {
        Str::from_ascii(cx, b"typing.NoDefault").map(Ref::into_value)
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, _this: &Value) -> PyResult<Ref<Str>> {
        Str::from_ascii(cx, b"NoDefault")
    }
}

/// Makes what is no payload's class.
///
/// # Errors
/// MemoryError.
pub(crate) fn finish_classes(cx: &Context) -> PyResult<()> {
    generic::make_class(cx)?;
    debug_assert!(TypeVar::class_cell().is_filled());
    Ok(())
}
