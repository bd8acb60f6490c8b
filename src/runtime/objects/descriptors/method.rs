//! `method_descriptor`: a method of a built-in class, as the class has it.

use typhon_macros::{pyclass, pymethods};

use super::{check, described, qualified};
use crate::args::{Args, FunctionSpec, IntoValue};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{self, Ref, Traverse};
use crate::objects::native::{self, NativeFunction};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "method_descriptor",
    flags(DISALLOW_INSTANTIATION, METHOD_DESCRIPTOR)
)]
pub struct MethodDescriptor {
    /// `__objclass__`: the receiver is an instance of it.
    pub class: Ref<Type>,
    /// What is called.
    pub spec: &'static FunctionSpec,
}

impl Traverse for MethodDescriptor {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.class.as_value());
    }
}

/// The method `spec` of `class`.
///
/// # Errors
/// MemoryError.
pub fn method(cx: &Context, class: &Ref<Type>, spec: &'static FunctionSpec) -> PyResult<Value> {
    object::new(
        cx,
        MethodDescriptor {
            class: class.clone(),
            spec,
        },
    )
    .map(Ref::into_value)
}

impl MethodDescriptor {
    /// Calls the method on `this`.
    ///
    /// # Errors
    /// TypeError when `this` is of another class, and what the method raises.
    #[inline(always)]
    pub fn call_on(&self, cx: &Context, this: &Value, args: Args<'_>) -> PyResult<Value> {
        if this.class().as_ptr() != self.class.as_ptr() {
            self.check_derived(cx, this)?;
        }
        (self.spec.call)(cx, this, args)
    }

    #[inline(never)]
    fn check_derived(&self, cx: &Context, this: &Value) -> PyResult<()> {
        check(cx, self.spec.name, &self.class, this)
    }

    /// The method bound to `object`, as profile functions are shown what is called.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn bound_to(&self, cx: &Context, object: &Value) -> PyResult<Value> {
        NativeFunction::new(cx, self.spec, Some(object.clone()), None).map(Ref::into_value)
    }

    /// Calls the method on the first argument.
    ///
    /// # Errors
    /// As [`MethodDescriptor::call_on`]; TypeError when there is no argument.
    #[inline]
    pub fn call_on_first(&self, cx: &Context, args: Args<'_>) -> PyResult<Value> {
        match args.positional().first() {
            Some(receiver) => self.call_on(cx, receiver, args.rest()),
            None => Err(self.needs_an_argument(cx)),
        }
    }

    #[cold]
    fn needs_an_argument(&self, cx: &Context) -> Raised {
        match qualified(cx, &self.class, self.spec.name) {
            Ok(name) => cx.type_error(format!("unbound method {}() needs an argument", *name)),
            Err(raised) => raised,
        }
    }
}

#[pymethods]
impl MethodDescriptor {
    #[slot(call)]
    fn call(cx: &Context, this: &Ref<MethodDescriptor>, args: Args<'_>) -> PyResult<Value> {
        this.call_on_first(cx, args)
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<MethodDescriptor>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        let Some(object) = object else {
            return Ok(this.to_value());
        };
        check(cx, this.spec.name, &this.class, object)?;
        NativeFunction::new(cx, this.spec, Some(object.clone()), None).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<MethodDescriptor>) -> PyResult<Value> {
        described(cx, "method", &this.class, this.spec.name)
    }

    #[member("__name__")]
    fn name(_cx: &Context, this: &Ref<MethodDescriptor>) -> PyResult<&'static str> {
        Ok(this.spec.name)
    }

    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Ref<MethodDescriptor>) -> PyResult<Ref<Str>> {
        qualified(cx, &this.class, this.spec.name)
    }

    #[member("__objclass__")]
    fn objclass(_cx: &Context, this: &Ref<MethodDescriptor>) -> PyResult<Ref<Type>> {
        Ok(this.class.clone())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<MethodDescriptor>) -> PyResult<Option<&'static str>> {
        Ok((!this.spec.doc.is_empty()).then_some(this.spec.doc))
    }

    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, this: &Ref<MethodDescriptor>) -> PyResult<String> {
        Ok(native::text_signature(this.spec, ""))
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<MethodDescriptor>) -> PyResult<Value> {
        native::reduce_as_attribute(cx, this.class.as_value(), this.spec.name.into_value(cx)?)
    }
}
