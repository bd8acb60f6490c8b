//! What can be asked of any value: its class, its truth.
//!
//! Immediates have no header: their class follows from the tag. Everything else names its class in
//! its shape.

use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Payload, Ref};
use crate::objects::bool_::Bool;
use crate::objects::float::Float;
use crate::objects::int::BigInteger;
use crate::objects::none::{Ellipsis, NoneType, NotImplementedType};
use crate::objects::type_::Type;
use crate::shape;
use crate::value::Value;

impl Value {
    /// The class.
    #[inline(always)]
    pub fn class(&self) -> &Ref<Type> {
        if self.is_object() {
            shape::get(self.shape_id()).class()
        } else {
            class_of_immediate(self)
        }
    }

    /// Whether the class is `T`'s own. [`Value::is_exact`] asks that faster, but says no of an object that
    /// has got attributes of its own.
    #[inline]
    pub fn is_directly<T: Payload>(&self) -> bool {
        self.class().is(T::class())
    }

    /// This value as a `T`, if [`Value::is_directly`] one.
    #[inline]
    pub fn downcast_directly<T: Payload>(&self) -> Option<&Ref<T>> {
        self.downcast::<T>().filter(|_| self.is_directly::<T>())
    }

    /// What messages call this value's type: `type(self).__name__`, with the module before it for
    /// classes of native modules.
    pub fn type_name(&self) -> String {
        let class = self.class();
        match Context::try_current() {
            Some(cx) if !class.has(ClassFlags::HEAPTYPE) => class.full_name(cx),
            _ => class.short_name(),
        }
    }

    /// How messages about arguments call this value's type: `None`, or the name of the class.
    pub fn type_name_for_argument(&self) -> String {
        if self.is_none() {
            "None".into()
        } else {
            self.type_name()
        }
    }

    /// Whether the class is `class` or derived from it.
    #[inline]
    pub fn is_instance_of(&self, class: &Ref<Type>) -> bool {
        self.class().is_subclass(class)
    }

    /// `bool(self)`.
    ///
    /// # Errors
    /// What `__bool__` and `__len__` raise.
    #[inline]
    pub fn truth(&self, cx: &Context) -> PyResult<bool> {
        match self.truth_fast() {
            Some(truth) => Ok(truth),
            None => truth_slow(cx, self),
        }
    }

    /// The truth of a bool, None or a tagged int.
    #[inline(always)]
    pub fn truth_fast(&self) -> Option<bool> {
        if let Some(truth) = self.as_bool() {
            Some(truth)
        } else if let Some(number) = self.as_small_int() {
            Some(number != 0)
        } else {
            self.is_none().then_some(false)
        }
    }
}

#[inline]
fn class_of_immediate(value: &Value) -> &'static Ref<Type> {
    if value.is_small_int() {
        BigInteger::class()
    } else if value.is_inline_float() {
        Float::class()
    } else if value.as_bool().is_some() {
        Bool::class()
    } else if value.is_none() {
        NoneType::class()
    } else if value.is_ellipsis() {
        Ellipsis::class()
    } else {
        NotImplementedType::class()
    }
}

fn truth_slow(cx: &Context, value: &Value) -> PyResult<bool> {
    if let Some(number) = value.as_inline_float() {
        return Ok(number != 0.0);
    }
    let slots = &value.class().slots;
    if let Some(truth) = slots.truth.get() {
        return truth(cx, value);
    }
    match slots.length.get() {
        Some(length) => Ok(length(cx, value)? != 0),
        None => Ok(true),
    }
}
