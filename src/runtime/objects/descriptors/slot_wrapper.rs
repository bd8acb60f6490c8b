//! `wrapper_descriptor` and `method-wrapper`: special methods of built-in classes, which call slots.

use typhon_macros::{pyclass, pymethods};

use super::{check, described, qualified};
use crate::args::{Args, IntoValue};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::native;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocols::hash;
use crate::slot_wrappers::SlotDefinition;
use crate::slots::Comparison;
use crate::value::Value;

/// A special method, as the class has it.
#[pyclass(
    name = "wrapper_descriptor",
    flags(DISALLOW_INSTANTIATION, METHOD_DESCRIPTOR)
)]
pub struct WrapperDescriptor {
    /// `__objclass__`: the built-in class whose slot is called.
    pub class: Ref<Type>,
    /// Which slot, and how.
    pub definition: &'static SlotDefinition,
}

impl Traverse for WrapperDescriptor {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.class.as_value());
    }
}

impl WrapperDescriptor {
    /// The special method of `class` that `definition` describes.
    ///
    /// # Errors
    /// MemoryError.
    pub fn make(
        cx: &Context,
        class: &Ref<Type>,
        definition: &'static SlotDefinition,
    ) -> PyResult<Value> {
        object::new(
            cx,
            WrapperDescriptor {
                class: class.clone(),
                definition,
            },
        )
        .map(Ref::into_value)
    }

    /// Calls the method on `this`, an instance of the class.
    ///
    /// # Errors
    /// What the method raises.
    pub(crate) fn call_on(&self, cx: &Context, this: &Value, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() && !self.definition.takes_keywords() {
            return Err(cx.type_error(format!(
                "wrapper {}() takes no keyword arguments",
                self.definition.name
            )));
        }
        self.definition.call(cx, &self.class, this, args)
    }
}

#[pymethods]
impl WrapperDescriptor {
    #[slot(call)]
    fn call(cx: &Context, this: &Ref<WrapperDescriptor>, args: Args<'_>) -> PyResult<Value> {
        let name = this.definition.name;
        let Some(receiver) = args.positional().first() else {
            return Err(cx.type_error(format!(
                "descriptor '{name}' of '{}' object needs an argument",
                this.class.plain_name(cx)
            )));
        };
        if !receiver.class().is_subclass(&this.class) {
            return Err(cx.type_error(format!(
                "descriptor '{name}' requires a '{}' object but received a '{}'",
                this.class.plain_name(cx),
                receiver.type_name()
            )));
        }
        this.call_on(cx, receiver, args.rest())
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<WrapperDescriptor>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        let Some(object) = object else {
            return Ok(this.to_value());
        };
        check(cx, this.definition.name, &this.class, object)?;
        object::new(
            cx,
            MethodWrapper {
                descriptor: this.clone(),
                this: object.clone(),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<WrapperDescriptor>) -> PyResult<Value> {
        described(cx, "slot wrapper", &this.class, this.definition.name)
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<WrapperDescriptor>) -> PyResult<&'static str> {
        Ok(this.definition.name)
    }

    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Ref<WrapperDescriptor>) -> PyResult<Ref<Str>> {
        qualified(cx, &this.class, this.definition.name)
    }

    #[member("__objclass__")]
    fn objclass(_cx: &Context, this: &Ref<WrapperDescriptor>) -> PyResult<Ref<Type>> {
        Ok(this.class.clone())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<WrapperDescriptor>) -> PyResult<&'static str> {
        Ok(this.definition.doc)
    }

    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, this: &Ref<WrapperDescriptor>) -> PyResult<&'static str> {
        Ok(this.definition.signature)
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<WrapperDescriptor>) -> PyResult<Value> {
        native::reduce_as_attribute(
            cx,
            this.class.as_value(),
            this.definition.name.into_value(cx)?,
        )
    }
}

/// A special method bound to an object.
#[pyclass(name = "method-wrapper", flags(DISALLOW_INSTANTIATION))]
pub struct MethodWrapper {
    pub descriptor: Ref<WrapperDescriptor>,
    /// `__self__`.
    pub this: Value,
}

impl Traverse for MethodWrapper {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.descriptor.as_value());
        visit(&self.this);
    }
}

#[pymethods]
impl MethodWrapper {
    #[slot(call)]
    fn call(cx: &Context, this: &Ref<MethodWrapper>, args: Args<'_>) -> PyResult<Value> {
        this.descriptor.call_on(cx, &this.this, args)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<Value> {
        let text = format!(
            "<method-wrapper '{}' of {} object at {:#x}>",
            this.descriptor.definition.name,
            this.this.type_name(),
            this.this.bits()
        );
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<i64> {
        let hash = hash::hash_pointer(&this.this) ^ hash::hash_pointer(this.descriptor.as_value());
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Ref<MethodWrapper>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, Some(other)) =
            (comparison, other.downcast::<MethodWrapper>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let equal = this.this.is(&other.this) && this.descriptor.is(&other.descriptor);
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[getter("__self__")]
    fn this(_cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<Value> {
        Ok(this.this.clone())
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<&'static str> {
        Ok(this.descriptor.definition.name)
    }

    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<Ref<Str>> {
        qualified(cx, &this.descriptor.class, this.descriptor.definition.name)
    }

    #[member("__objclass__")]
    fn objclass(_cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<Ref<Type>> {
        Ok(this.descriptor.class.clone())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<&'static str> {
        Ok(this.descriptor.definition.doc)
    }

    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<&'static str> {
        Ok(this.descriptor.definition.signature)
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<MethodWrapper>) -> PyResult<Value> {
        native::reduce_as_attribute(
            cx,
            &this.this,
            this.descriptor.definition.name.into_value(cx)?,
        )
    }
}
