//! `types.SimpleNamespace`: an object that has nothing but attributes.

use typhon_macros::{pyclass, pymethods};

use crate::args::{Args, IntoValue};
use crate::context::Context;
use crate::error::PyResult;
use crate::instance;
use crate::object::{self, Payload, Ref};
use crate::objects::descriptors;
use crate::objects::dict::Dict;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{call, compare, text};
use crate::slots::Comparison;
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "SimpleNamespace",
    module = "types",
    plain,
    flags(BASETYPE, HAS_DICT),
    signature = "(mapping_or_iterable=(), /, **kwargs)",
    doc = "A simple attribute-based namespace."
)]
pub struct Namespace;

impl Namespace {
    /// A namespace of these attributes.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_pairs(cx: &Context, pairs: &[(&str, Value)]) -> PyResult<Ref<Namespace>> {
        let made = object::new(cx, Namespace)?;
        for (name, value) in pairs {
            instance::set(cx, made.as_value(), Name::intern(cx, name)?, value.clone())?;
        }
        Ok(made)
    }
}

fn own_dict(cx: &Context, this: &Value) -> PyResult<Ref<Dict>> {
    match instance::dict(cx, this)? {
        Some(dict) => Ok(dict),
        None => Err(cx.system_error("a namespace without __dict__")),
    }
}

#[pymethods]
impl Namespace {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Namespace).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        let positional = args.positional();
        if positional.len() > 1 {
            return Err(cx.type_error(format!(
                "{} expected at most 1 argument, got {}",
                this.type_name(),
                positional.len()
            )));
        }
        let dict = own_dict(cx, this)?;
        if let Some(source) = positional.first() {
            let pairs = match source.downcast::<Dict>() {
                Some(source) => source.copy(cx)?,
                None => {
                    let made =
                        call::call(cx, Dict::class().as_value(), std::slice::from_ref(source))?;
                    made.into_ref::<Dict>()
                        .map_err(|_| cx.type_error("dict() made no dict"))?
                }
            };
            for (key, value) in pairs.items_snapshot(cx)? {
                if key.downcast::<Str>().is_none() {
                    return Err(cx.type_error("keywords must be strings"));
                }
                dict.set_item(cx, &key, value)?;
            }
        }
        for (name, value) in args.keywords().iter() {
            dict.set_item(cx, name, value.clone())?;
        }
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
        let name = if this.class().is(Namespace::class()) {
            "namespace".to_owned()
        } else {
            this.type_name()
        };
        let Some(_guard) = text::ReprGuard::enter(cx, this) else {
            return format!("{name}(...)").into_value(cx);
        };
        let mut shown = Vec::new();
        for (key, value) in own_dict(cx, this)?.items_snapshot(cx)? {
            if let Some(key) = key.downcast::<Str>()
                && !key.is_empty()
            {
                shown.push(format!("{}={}", **key, text::repr_text(cx, &value)?));
            }
        }
        format!("{name}({})", shown.join(", ")).into_value(cx)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Value,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        if other.downcast::<Namespace>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let (left, right) = (own_dict(cx, this)?, own_dict(cx, other)?);
        compare::rich(cx, left.as_value(), right.as_value(), comparison)
    }

    #[getter("__dict__")]
    fn dict(cx: &Context, this: &Value) -> PyResult<Value> {
        descriptors::get_dict(cx, this)
    }

    /// Return state information for pickling
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Value) -> PyResult<Ref<Tuple>> {
        let state = own_dict(cx, this)?.into_value();
        Tuple::from_vec(
            cx,
            vec![this.class().to_value(), Tuple::empty().into_value(), state],
        )
    }

    /// Return a copy of the namespace object with new values for the specified attributes.
    #[method("__replace__(self, /, **changes)")]
    fn replace(cx: &Context, this: &Value, changes: Vec<(&Value, &Value)>) -> PyResult<Value> {
        let made = call::call(cx, this.class().as_value(), &[])?;
        if made.downcast::<Namespace>().is_none() {
            return Err(cx.type_error(format!(
                "expect types.SimpleNamespace type, but {}() returned '{}' object",
                this.class().full_name(cx),
                made.class().full_name(cx)
            )));
        }
        let dict = own_dict(cx, &made)?;
        dict.update_from(cx, &own_dict(cx, this)?)?;
        for (name, value) in changes {
            dict.set_item(cx, name, value.clone())?;
        }
        Ok(made)
    }
}
