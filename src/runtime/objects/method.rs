//! `method`: a callable bound to its first argument.

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::native;
use crate::objects::str_::{Name, Str, names};
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, hash, text};
use crate::slots::Comparison;
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "method",
    flags(HAS_WEAKREF),
    signature = "(function, instance, /)",
    doc = "Create a bound instance method object."
)]
pub struct Method {
    /// `__func__`.
    pub function: Value,
    /// `__self__`.
    pub this: Value,
}

impl Traverse for Method {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.function);
        visit(&self.this);
    }
}

impl Method {
    /// `function` bound to `this`.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    #[inline]
    pub fn new(cx: &Context, function: Value, this: Value) -> PyResult<Ref<Method>> {
        object::new(cx, Method { function, this })
    }
}

#[pymethods]
impl Method {
    #[slot(new)]
    fn make(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("method() takes no keyword arguments"));
        }
        let [function, instance] = args.values else {
            let given = args.values.len();
            return Err(cx.type_error(format!("method expected 2 arguments, got {given}")));
        };
        if !call::is_callable(function) {
            return Err(cx.type_error("first argument must be callable"));
        }
        if instance.is_none() {
            return Err(cx.type_error("instance must not be None"));
        }
        let payload = Method {
            function: function.clone(),
            this: instance.clone(),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<Method>, args: Args<'_>) -> PyResult<Value> {
        call::call_with_this(cx, &this.function, &this.this, args)
    }

    #[slot(get_attribute)]
    fn get_attribute(cx: &Context, this: &Value, name: Name) -> PyResult<Value> {
        let method = crate::args::payload::<Method>(this);
        if let Some(own) = Method::class().lookup(cx, name) {
            return match own.class().slots.descriptor_get.get() {
                Some(get) => get(cx, &own, Some(this), Some(this.class().as_value())),
                None => Ok(own),
            };
        }
        cx.nested("", || attribute::get(cx, &method.function, name))
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        _cx: &Context,
        this: &Value,
        _object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Method>) -> PyResult<Value> {
        let mut name = attribute::find(cx, &this.function, names::dunder_qualname())?;
        if name
            .as_ref()
            .is_none_or(|name| name.downcast::<Str>().is_none())
        {
            name = attribute::find(cx, &this.function, names::dunder_name())?;
        }
        let name = name
            .as_ref()
            .and_then(|name| name.downcast::<Str>())
            .map(|name| name.to_string());
        let name = name.as_deref().unwrap_or("?");
        let text = format!(
            "<bound method {name} of {}>",
            text::repr_text(cx, &this.this)?
        );
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<Method>) -> PyResult<i64> {
        let hash =
            hash::hash_pointer(&this.this) ^ cx.nested("", || hash::hash(cx, &this.function))?;
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Method>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, Some(other)) =
            (comparison, other.downcast::<Method>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let equal = this.this.is(&other.this)
            && crate::protocols::compare::equal(cx, &this.function, &other.function)?;
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[member("__func__")]
    fn function(_cx: &Context, this: &Ref<Method>) -> PyResult<Value> {
        Ok(this.function.clone())
    }

    #[member("__self__")]
    fn this(_cx: &Context, this: &Ref<Method>) -> PyResult<Value> {
        Ok(this.this.clone())
    }

    #[getter("__doc__")]
    fn doc(cx: &Context, this: &Ref<Method>) -> PyResult<Value> {
        cx.nested("", || {
            attribute::get(cx, &this.function, names::dunder_doc())
        })
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Method>) -> PyResult<Value> {
        let name = attribute::get(cx, &this.function, names::dunder_name())?;
        native::reduce_as_attribute(cx, &this.this, name)
    }
}
