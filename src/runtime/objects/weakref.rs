//! `weakref.ref` and the proxies. Who refers to whom is kept in [`crate::weak`].

use std::ptr::NonNull;
use std::sync::atomic::{AtomicI64, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_sync::WeakTarget;

use crate::args::{Args, IntoValue};
use crate::class::ClassFlags;
use crate::collector;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Object, Payload, Ref, Traverse};
use crate::objects::str_::{Name, Str, names};
use crate::objects::type_::Type;
use crate::protocols::number::BinaryOperator;
use crate::protocols::{attribute, call, compare, hash, iterate, number, sequence, text};
use crate::slots::Comparison;
use crate::value::Value;
use crate::weak;

/// The payload of `weakref.ref` and of the proxies.
#[pyclass(name = "ReferenceType", module = "weakref", flags(BASETYPE))]
#[repr(C)]
pub struct WeakReference {
    /// Address of the object; zero when it is dead.
    pub(crate) target: WeakTarget,
    /// Called with the reference when the object dies; taken when it is called.
    pub(crate) callback: Field,
    /// The object's hash; -1 when nobody asked while it was alive.
    hash: AtomicI64,
}

impl Traverse for WeakReference {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.callback.traverse(visit);
    }
}

/// The layout of an object with this payload, to get from the payload to the object.
#[repr(C)]
struct WeakReferenceObject {
    header: typhon_sync::Header,
    payload: WeakReference,
}

impl Drop for WeakReference {
    fn drop(&mut self) {
        let address =
            std::ptr::from_ref(self) as usize - std::mem::offset_of!(WeakReferenceObject, payload);
        if let Some(object) = NonNull::new(address as *mut Object<WeakReference>) {
            weak::leave(self, object);
        }
    }
}

impl WeakReference {
    fn to(target: &Value, callback: Option<Value>) -> WeakReference {
        WeakReference {
            target: WeakTarget::new(target.bits() as usize),
            callback: Field::from_option(callback),
            hash: AtomicI64::new(-1),
        }
    }

    /// The payload of a reference object.
    ///
    /// # Safety
    /// The memory is an object, alive or dying, for as long as the payload is used.
    pub(crate) unsafe fn of_object(object: &NonNull<Object<WeakReference>>) -> &WeakReference {
        let offset = std::mem::offset_of!(WeakReferenceObject, payload);
        // SAFETY: by the caller's promise; the payload is right behind the header.
        unsafe { object.byte_add(offset).cast::<WeakReference>().as_ref() }
    }

    /// What the reference refers to, if it is alive.
    pub fn upgrade(&self) -> Option<Value> {
        weak::target(self)
    }
}

/// Whether weak references to `object` can be made.
fn check_target(cx: &Context, object: &Value) -> PyResult<()> {
    let class = object.class();
    if object.is_object()
        && (class.has(ClassFlags::HAS_WEAKREF) || object.downcast::<Type>().is_some())
    {
        return Ok(());
    }
    Err(cx.type_error(format!(
        "cannot create weak reference to '{}' object",
        object.type_name()
    )))
}

/// The reference to `target` of exactly `class` and without callback, if there is one.
fn existing(target: &Value, class: &Ref<Type>) -> Option<Ref<WeakReference>> {
    weak::references(target, |reference| {
        reference.callback.is_empty() && reference.as_value().class().is(class)
    })
    .into_iter()
    .next()
}

/// A reference to `target`: the one there is already when there is no callback.
///
/// # Errors
/// TypeError when the target cannot be weakly referenced.
pub fn reference(
    cx: &Context,
    target: &Value,
    callback: Option<Value>,
) -> PyResult<Ref<WeakReference>> {
    reference_of_class(cx, WeakReference::class(), target, callback)
}

fn reference_of_class(
    cx: &Context,
    class: &Ref<Type>,
    target: &Value,
    callback: Option<Value>,
) -> PyResult<Ref<WeakReference>> {
    check_target(cx, target)?;
    if class.is(WeakReference::class())
        && callback.is_none()
        && let Some(known) = existing(target, class)
    {
        return Ok(known);
    }
    let made = object::new_of_class(cx, class, WeakReference::to(target, callback))?;
    enter(cx, target, &made);
    Ok(made)
}

/// A proxy of `target`: the one there is already when there is no callback.
///
/// # Errors
/// TypeError when the target cannot be weakly referenced.
pub fn proxy(cx: &Context, target: &Value, callback: Option<Value>) -> PyResult<Value> {
    check_target(cx, target)?;
    let callable = call::is_callable(target);
    let class = if callable {
        CallableProxy::class()
    } else {
        WeakProxy::class()
    };
    if callback.is_none()
        && let Some(known) = existing(target, class)
    {
        return Ok(known.into_value());
    }
    let payload = WeakReference::to(target, callback);
    let made = if callable {
        object::new(cx, CallableProxy { reference: payload })?.into_value()
    } else {
        object::new(cx, WeakProxy { reference: payload })?.into_value()
    };
    let reference = made
        .downcast::<WeakReference>()
        .expect("invariant: proxies begin with a reference");
    enter(cx, target, reference);
    Ok(made)
}

fn enter(cx: &Context, target: &Value, reference: &Ref<WeakReference>) {
    weak::enter(target, reference);
    collector::no_longer_late(cx, target);
}

/// How many references and proxies of `target` there are.
pub fn reference_count(target: &Value) -> usize {
    weak::references(target, |_| true).len()
}

/// All references and proxies of `target`.
pub fn all_references(target: &Value) -> Vec<Value> {
    weak::references(target, |_| true)
        .into_iter()
        .map(Ref::into_value)
        .collect()
}

/// The callback argument of `ref` and `proxy`: None means none.
fn callback_of(value: Option<&Value>) -> Option<Value> {
    value.filter(|value| !value.is_none()).cloned()
}

#[pymethods]
impl WeakReference {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let (target, callback) = match args.positional() {
            [target] => (target, None),
            [target, callback] => (target, Some(callback)),
            [] => return Err(cx.type_error("__new__ expected at least 1 argument, got 0")),
            more => {
                return Err(cx.type_error(format!(
                    "__new__ expected at most 2 arguments, got {}",
                    more.len()
                )));
            }
        };
        reference_of_class(cx, class, target, callback_of(callback)).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, _this: &Value, args: Args<'_>) -> PyResult<()> {
        if !args.names.is_empty() {
            return Err(cx.type_error("ref() takes no keyword arguments"));
        }
        match args.values.len() {
            1 | 2 => Ok(()),
            0 => Err(cx.type_error("__init__ expected at least 1 argument, got 0")),
            more => {
                Err(cx.type_error(format!("__init__ expected at most 2 arguments, got {more}")))
            }
        }
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<WeakReference>, args: Args<'_>) -> PyResult<Value> {
        if !args.is_empty() {
            return Err(cx.type_error(format!(
                "weakref.ReferenceType.__call__() takes no arguments ({} given)",
                args.values.len()
            )));
        }
        Ok(this.upgrade().unwrap_or(Value::NONE))
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<WeakReference>) -> PyResult<i64> {
        match this.hash.load(Ordering::Relaxed) {
            -1 => {
                let Some(target) = this.upgrade() else {
                    return Err(cx.type_error("weak object has gone away"));
                };
                let hash = hash::hash(cx, &target)?;
                this.hash.store(hash, Ordering::Relaxed);
                Ok(hash)
            }
            hash => Ok(hash),
        }
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<WeakReference>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, true) = (
            comparison,
            other.class().is_subclass(WeakReference::class()),
        ) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let Some(right) = other.downcast::<WeakReference>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        match (this.upgrade(), right.upgrade()) {
            (Some(left), Some(right)) => compare::rich(cx, &left, &right, comparison),
            _ => Ok(Value::from_bool(
                this.as_value().is(other) == (comparison == Comparison::Equal),
            )),
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<WeakReference>) -> PyResult<Value> {
        let address = this.as_value().bits();
        let Some(target) = this.upgrade() else {
            return format!("<weakref at {address:#x}; dead>").into_value(cx);
        };
        let name = match target.class().lookup(cx, names::dunder_name()) {
            Some(_) => attribute::find(cx, &target, names::dunder_name())?,
            None => None,
        };
        let name = match name {
            Some(name) if name.downcast::<Str>().is_some() => {
                format!(" ({})", text::str(cx, &name)?.to_lossy())
            }
            _ => String::new(),
        };
        let kind = target.class().full_name(cx);
        format!(
            "<weakref at {address:#x}; to '{kind}' at {:#x}{name}>",
            target.bits()
        )
        .into_value(cx)
    }

    #[getter("__callback__")]
    fn callback(_cx: &Context, this: &Ref<WeakReference>) -> PyResult<Option<Value>> {
        Ok(this.callback.get())
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }
}

/// What a proxy stands for; any other value is itself.
fn unwrapped(cx: &Context, value: &Value) -> PyResult<Value> {
    let is_proxy = value.is_exact::<WeakProxy>() || value.is_exact::<CallableProxy>();
    match value.downcast::<WeakReference>().filter(|_| is_proxy) {
        Some(reference) => reference
            .upgrade()
            .ok_or_else(|| cx.reference_error("weakly-referenced object no longer exists")),
        None => Ok(value.clone()),
    }
}

macro_rules! proxy {
    ($ty:ident $name:literal { $($more:tt)* } $(($binary:ident $inplace:ident $operator:ident $inplace_operator:ident))*) => {
        #[doc = concat!("The payload of `weakref.", $name, "`.")]
        #[pyclass(
            name = $name,
            module = "weakref",
            base = WeakReference,
            python_base = crate::objects::object::class(),
            flags(DISALLOW_INSTANTIATION)
        )]
        #[repr(C)]
        pub struct $ty {
            reference: WeakReference,
        }

        impl Traverse for $ty {
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                self.reference.traverse(visit);
            }
        }

        #[pymethods]
        impl $ty {
            $($more)*

            #[slot(get_attribute)]
            fn get_attribute(cx: &Context, this: &Value, name: Name) -> PyResult<Value> {
                attribute::get(cx, &unwrapped(cx, this)?, name)
            }

            #[slot(set_attribute)]
            fn set_attribute(cx: &Context, this: &Value, name: Name, value: Option<&Value>) -> PyResult<()> {
                let target = unwrapped(cx, this)?;
                match value {
                    Some(value) => attribute::set(cx, &target, name, value),
                    None => attribute::delete(cx, &target, name),
                }
            }

            #[slot(repr)]
            fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
                let address = this.bits();
                match crate::args::payload::<WeakReference>(this).upgrade() {
                    Some(target) => {
                        let kind = target.type_name();
                        format!("<weakproxy at {address:#x}; to '{kind}' at {:#x}>", target.bits()).into_value(cx)
                    }
                    None => format!("<weakproxy at {address:#x}; dead>").into_value(cx),
                }
            }

            #[slot(str)]
            fn str(cx: &Context, this: &Value) -> PyResult<Value> {
                text::str(cx, &unwrapped(cx, this)?).map(Ref::into_value)
            }

            #[slot(compare)]
            fn compare(cx: &Context, this: &Value, other: &Value, comparison: Comparison) -> PyResult<Value> {
                compare::rich(cx, &unwrapped(cx, this)?, &unwrapped(cx, other)?, comparison)
            }

            #[slot(iter)]
            fn iter(cx: &Context, this: &Value) -> PyResult<Value> {
                iterate::iter(cx, &unwrapped(cx, this)?)
            }

            #[slot(next)]
            fn next(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
                let target = unwrapped(cx, this)?;
                if target.class().slots.next.get().is_none() {
                    return Err(cx.type_error(format!(
                        "Weakref proxy referenced a non-iterator '{}' object",
                        target.type_name()
                    )));
                }
                iterate::next(cx, &target)
            }

            #[slot(length)]
            fn length(cx: &Context, this: &Value) -> PyResult<usize> {
                sequence::length(cx, &unwrapped(cx, this)?)
            }

            #[slot(truth)]
            fn truth(cx: &Context, this: &Value) -> PyResult<bool> {
                unwrapped(cx, this)?.truth(cx)
            }

            #[slot(contains)]
            fn contains(cx: &Context, this: &Value, item: &Value) -> PyResult<bool> {
                sequence::contains(cx, &unwrapped(cx, this)?, item)
            }

            #[slot(subscript)]
            fn subscript(cx: &Context, this: &Value, key: &Value) -> PyResult<Value> {
                sequence::get_item(cx, &unwrapped(cx, this)?, key)
            }

            #[slot(assign_subscript)]
            fn assign_subscript(cx: &Context, this: &Value, key: &Value, value: Option<&Value>) -> PyResult<()> {
                let target = unwrapped(cx, this)?;
                match value {
                    Some(value) => sequence::set_item(cx, &target, key, value),
                    None => sequence::delete_item(cx, &target, key),
                }
            }

            #[slot(negative)]
            fn negative(cx: &Context, this: &Value) -> PyResult<Value> {
                number::negative(cx, &unwrapped(cx, this)?)
            }

            #[slot(positive)]
            fn positive(cx: &Context, this: &Value) -> PyResult<Value> {
                number::positive(cx, &unwrapped(cx, this)?)
            }

            #[slot(absolute)]
            fn absolute(cx: &Context, this: &Value) -> PyResult<Value> {
                number::absolute(cx, &unwrapped(cx, this)?)
            }

            #[slot(invert)]
            fn invert(cx: &Context, this: &Value) -> PyResult<Value> {
                number::invert(cx, &unwrapped(cx, this)?)
            }

            #[slot(index)]
            fn index(cx: &Context, this: &Value) -> PyResult<Value> {
                number::index(cx, &unwrapped(cx, this)?)
            }

            #[slot(int)]
            fn int(cx: &Context, this: &Value) -> PyResult<Value> {
                let target = unwrapped(cx, this)?;
                call::call(cx, crate::objects::int::BigInteger::class().as_value(), &[target])
            }

            #[slot(float)]
            fn float(cx: &Context, this: &Value) -> PyResult<Value> {
                let number = crate::objects::float::as_f64(cx, &unwrapped(cx, this)?)?;
                crate::objects::float::from_f64(cx, number)
            }

            #[slot(divmod)]
            fn divmod(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                number::divmod(cx, &unwrapped(cx, left)?, &unwrapped(cx, right)?)
            }

            #[slot(power)]
            fn power(cx: &Context, base: &Value, exponent: &Value, modulus: &Value) -> PyResult<Value> {
                number::power(cx, &unwrapped(cx, base)?, &unwrapped(cx, exponent)?, &unwrapped(cx, modulus)?)
            }

            #[slot(inplace_power)]
            fn inplace_power(cx: &Context, base: &Value, exponent: &Value, modulus: &Value) -> PyResult<Value> {
                number::inplace_power(cx, &unwrapped(cx, base)?, &unwrapped(cx, exponent)?, &unwrapped(cx, modulus)?)
            }

            $(
                #[slot($binary)]
                fn $binary(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                    number::binary(cx, BinaryOperator::$operator, &unwrapped(cx, left)?, &unwrapped(cx, right)?)
                }

                #[slot($inplace)]
                fn $inplace(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                    let left = unwrapped(cx, left)?;
                    number::binary(cx, BinaryOperator::$inplace_operator, &left, &unwrapped(cx, right)?)
                }
            )*

            /// Return a bytes object of what the proxy stands for.
            #[method("__bytes__(self, /)")]
            fn bytes(cx: &Context, this: &Value) -> PyResult<Value> {
                call::call_method(cx, &unwrapped(cx, this)?, names::dunder_bytes(), &[])
            }

            /// Return a reverse iterator of what the proxy stands for.
            #[method("__reversed__(self, /)")]
            fn reversed(cx: &Context, this: &Value) -> PyResult<Value> {
                call::call_method(cx, &unwrapped(cx, this)?, names::dunder_reversed(), &[])
            }
        }
    };
}

macro_rules! proxies {
    ($operators:tt) => {
        proxies!(@one WeakProxy "ProxyType" {} $operators);
        proxies!(@one CallableProxy "CallableProxyType" {
            #[slot(call)]
            fn call(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<Value> {
                call::call_args(cx, &unwrapped(cx, this)?, args)
            }
        } $operators);
    };
    (@one $ty:ident $name:literal $more:tt { $($operator:tt)* }) => {
        proxy!($ty $name $more $($operator)*);
    };
}

proxies!({
    (add inplace_add Add InplaceAdd)
    (subtract inplace_subtract Subtract InplaceSubtract)
    (multiply inplace_multiply Multiply InplaceMultiply)
    (remainder inplace_remainder Remainder InplaceRemainder)
    (left_shift inplace_left_shift LeftShift InplaceLeftShift)
    (right_shift inplace_right_shift RightShift InplaceRightShift)
    (and inplace_and And InplaceAnd)
    (xor inplace_xor Xor InplaceXor)
    (or inplace_or Or InplaceOr)
    (floor_divide inplace_floor_divide FloorDivide InplaceFloorDivide)
    (true_divide inplace_true_divide TrueDivide InplaceTrueDivide)
    (matrix_multiply inplace_matrix_multiply MatrixMultiply InplaceMatrixMultiply)
});
