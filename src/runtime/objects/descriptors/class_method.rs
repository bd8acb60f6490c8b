//! Methods that do not get the instance: `classmethod_descriptor` of built-in classes, `classmethod`
//! and `staticmethod`.

use typhon_macros::{pyclass, pymethods};

use super::{described, get_dict, qualified, set_dict};
use crate::args::{Args, FunctionSpec};
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::function::Function;
use crate::objects::method::Method;
use crate::objects::native::{self, NativeFunction};
use crate::objects::str_::{Name, Str, names};
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, text};
use crate::value::Value;

/// A class method of a built-in class.
#[pyclass(name = "classmethod_descriptor", flags(DISALLOW_INSTANTIATION))]
pub struct ClassMethodDescriptor {
    /// `__objclass__`.
    pub class: Ref<Type>,
    pub spec: &'static FunctionSpec,
}

impl Traverse for ClassMethodDescriptor {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.class.as_value());
    }
}

/// The class method `spec` of `class`.
///
/// # Errors
/// MemoryError.
pub fn class_method(
    cx: &Context,
    class: &Ref<Type>,
    spec: &'static FunctionSpec,
) -> PyResult<Value> {
    object::new(
        cx,
        ClassMethodDescriptor {
            class: class.clone(),
            spec,
        },
    )
    .map(Ref::into_value)
}

impl ClassMethodDescriptor {
    /// Checks that `owner` is the class or derived from it.
    fn check_owner(&self, cx: &Context, owner: &Value) -> PyResult<()> {
        let Some(class) = owner.downcast::<Type>() else {
            return Err(cx.type_error(format!(
                "descriptor '{}' for type '{}' needs a type, not a '{}' as arg 2",
                self.spec.name,
                self.class.plain_name(cx),
                owner.type_name()
            )));
        };
        if !class.is_subclass(&self.class) {
            return Err(cx.type_error(format!(
                "descriptor '{}' requires a subtype of '{}' but received '{}'",
                self.spec.name,
                self.class.plain_name(cx),
                class.plain_name(cx)
            )));
        }
        Ok(())
    }
}

#[pymethods]
impl ClassMethodDescriptor {
    #[slot(call)]
    fn call(cx: &Context, this: &Ref<ClassMethodDescriptor>, args: Args<'_>) -> PyResult<Value> {
        let Some(owner) = args.positional().first() else {
            return Err(cx.type_error(format!(
                "descriptor '{}' of '{}' object needs an argument",
                this.spec.name,
                this.class.plain_name(cx)
            )));
        };
        this.check_owner(cx, owner)?;
        (this.spec.call)(cx, owner, args.rest())
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<ClassMethodDescriptor>,
        object: Option<&Value>,
        owner: Option<&Value>,
    ) -> PyResult<Value> {
        let owner = match (owner, object) {
            (Some(owner), _) => owner,
            (None, Some(object)) => object.class().as_value(),
            (None, None) => {
                return Err(cx.type_error(format!(
                    "descriptor '{}' for type '{}' needs either an object or a type",
                    this.spec.name,
                    this.class.plain_name(cx)
                )));
            }
        };
        this.check_owner(cx, owner)?;
        NativeFunction::new(cx, this.spec, Some(owner.clone()), None).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<ClassMethodDescriptor>) -> PyResult<Value> {
        described(cx, "method", &this.class, this.spec.name)
    }

    #[member("__name__")]
    fn name(_cx: &Context, this: &Ref<ClassMethodDescriptor>) -> PyResult<&'static str> {
        Ok(this.spec.name)
    }

    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Ref<ClassMethodDescriptor>) -> PyResult<Ref<Str>> {
        qualified(cx, &this.class, this.spec.name)
    }

    #[member("__objclass__")]
    fn objclass(_cx: &Context, this: &Ref<ClassMethodDescriptor>) -> PyResult<Ref<Type>> {
        Ok(this.class.clone())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<ClassMethodDescriptor>) -> PyResult<Option<&'static str>> {
        Ok((!this.spec.doc.is_empty()).then_some(this.spec.doc))
    }

    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, this: &Ref<ClassMethodDescriptor>) -> PyResult<String> {
        Ok(native::text_signature(this.spec, ""))
    }
}

/// Attributes of a function that its wrapper takes over.
fn copy_attributes(cx: &Context, wrapper: &Value, function: &Value) -> PyResult<()> {
    let copied = [
        names::dunder_module(),
        names::dunder_name(),
        names::dunder_qualname(),
        names::dunder_doc(),
    ];
    for name in copied {
        if let Some(value) = attribute::find(cx, function, name)? {
            crate::instance::set(cx, wrapper, name, value)?;
        }
    }
    Ok(())
}

fn only_argument<'a>(cx: &Context, name: &str, args: Args<'a>) -> PyResult<&'a Value> {
    if !args.names.is_empty() {
        return Err(cx.type_error(format!("{name}() takes no keyword arguments")));
    }
    match args.values {
        [only] => Ok(only),
        values => Err(cx.type_error(format!("{name} expected 1 argument, got {}", values.len()))),
    }
}

/// Annotations of the wrapped function, read when they are first asked for and then kept.
fn annotation(cx: &Context, this: &Value, function: &Value, name: Name) -> PyResult<Value> {
    if let Some(kept) = crate::instance::get(cx, this, name)? {
        return Ok(kept);
    }
    let value = attribute::get(cx, function, name)?;
    crate::instance::set(cx, this, name, value.clone())?;
    Ok(value)
}

fn set_annotation(cx: &Context, this: &Value, name: Name, value: Option<&Value>) -> PyResult<()> {
    let done = match value {
        Some(value) => crate::instance::set(cx, this, name, value.clone())?,
        None => crate::instance::delete(cx, this, name)?,
    };
    if done {
        Ok(())
    } else {
        Err(cx.attribute_error(name.display()))
    }
}

macro_rules! method_wrapper {
    ($ty:ident $name:literal $doc:literal { $($slots:tt)* }) => {
        #[doc = concat!("The payload of `", $name, "`.")]
        #[pyclass(name = $name, flags(BASETYPE, HAS_DICT, HAS_WEAKREF), signature = "(function, /)", doc = $doc)]
        pub struct $ty {
            /// `__func__`.
            pub function: Field,
        }

        impl Traverse for $ty {
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                self.function.traverse(visit);
            }
        }

        impl $ty {
            /// What is wrapped.
            pub fn wrapped(&self, cx: &Context) -> PyResult<Value> {
                self.function.get().ok_or_else(|| cx.runtime_error(concat!("uninitialized ", $name, " object")))
            }
        }

        #[pymethods]
        impl $ty {
            #[slot(new)]
            fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
                object::new_of_class(cx, class, $ty { function: Field::empty() }).map(Ref::into_value)
            }

            #[slot(init)]
            fn init(cx: &Context, this: &Ref<$ty>, args: Args<'_>) -> PyResult<()> {
                let function = only_argument(cx, $name, args)?;
                this.function.set(Some(function.clone()));
                copy_attributes(cx, this.as_value(), function)
            }

            #[slot(repr)]
            fn repr(cx: &Context, this: &Ref<$ty>) -> PyResult<Value> {
                let function = this.function.get().unwrap_or(Value::NONE);
                let shown = text::repr_text(cx, &function)?;
                Str::from_str(cx, &format!(concat!("<", $name, "({})>"), shown)).map(Ref::into_value)
            }

            $($slots)*

            #[member("__func__")]
            fn function(_cx: &Context, this: &Ref<$ty>) -> PyResult<Option<Value>> {
                Ok(this.function.get())
            }

            #[member("__wrapped__")]
            fn wrapped_attribute(_cx: &Context, this: &Ref<$ty>) -> PyResult<Option<Value>> {
                Ok(this.function.get())
            }

            #[getter("__isabstractmethod__")]
            fn is_abstract(cx: &Context, this: &Ref<$ty>) -> PyResult<bool> {
                is_abstract(cx, this.function.get().as_ref())
            }

            #[getter("__annotations__")]
            fn annotations(cx: &Context, this: &Ref<$ty>) -> PyResult<Value> {
                annotation(cx, this.as_value(), &this.wrapped(cx)?, names::dunder_annotations())
            }

            #[setter("__annotations__")]
            fn set_annotations(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
                set_annotation(cx, this, names::dunder_annotations(), value)
            }

            #[getter("__annotate__")]
            fn annotate(cx: &Context, this: &Ref<$ty>) -> PyResult<Value> {
                annotation(cx, this.as_value(), &this.wrapped(cx)?, names::dunder_annotate())
            }

            #[setter("__annotate__")]
            fn set_annotate(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
                set_annotation(cx, this, names::dunder_annotate(), value)
            }

            #[getter("__dict__")]
            fn dict(cx: &Context, this: &Value) -> PyResult<Value> {
                get_dict(cx, this)
            }

            #[setter("__dict__")]
            fn assign_dict(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
                set_dict(cx, this, value)
            }

            /// See PEP 585
            #[classmethod("__class_getitem__(cls, object, /)")]
            fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
                crate::objects::generic_alias::alias(cx, class, object)
            }
        }
    };
}

/// Whether the function that is wrapped is abstract.
pub(super) fn is_abstract(cx: &Context, function: Option<&Value>) -> PyResult<bool> {
    let Some(function) = function else {
        return Ok(false);
    };
    cx.nested("", || {
        match attribute::find(cx, function, names::dunder_isabstractmethod())? {
            Some(answer) => answer.truth(cx),
            None => Ok(false),
        }
    })
}

method_wrapper!(ClassMethod "classmethod" "Convert a function to be a class method.\n\nA class method receives the class as implicit first argument,\njust like an instance method receives the instance.\nTo declare a class method, use this idiom:\n\n  class C:\n      @classmethod\n      def f(cls, arg1, arg2, argN):\n          ...\n\nIt can be called either on the class (e.g. C.f()) or on an instance\n(e.g. C().f()).  The instance is ignored except for its class.\nIf a class method is called for a derived class, the derived class\nobject is passed as the implied first argument.\n\nClass methods are different than C++ or Java static methods.\nIf you want those, see the staticmethod builtin." {
    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<ClassMethod>,
        object: Option<&Value>,
        owner: Option<&Value>,
    ) -> PyResult<Value> {
        let function = this.wrapped(cx)?;
        let owner = match (owner, object) {
            (Some(owner), _) => owner.clone(),
            (None, Some(object)) => object.class().to_value(),
            (None, None) => return Ok(function),
        };
        Method::new(cx, function, owner).map(Ref::into_value)
    }
});

method_wrapper!(StaticMethod "staticmethod" "Convert a function to be a static method.\n\nA static method does not receive an implicit first argument.\nTo declare a static method, use this idiom:\n\n     class C:\n         @staticmethod\n         def f(arg1, arg2, argN):\n             ...\n\nIt can be called either on the class (e.g. C.f()) or on an instance\n(e.g. C().f()). Both the class and the instance are ignored, and\nneither is passed implicitly as the first argument to the method.\n\nStatic methods in Python are similar to those found in Java or C++.\nFor a more advanced concept, see the classmethod builtin." {
    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<StaticMethod>,
        _object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        this.wrapped(cx)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<StaticMethod>, args: Args<'_>) -> PyResult<Value> {
        call::call_args(cx, &this.wrapped(cx)?, args)
    }
});

/// `classmethod(function)` without its copied attributes: for functions of a class body.
///
/// # Errors
/// MemoryError.
pub fn class_method_of(cx: &Context, function: Value) -> PyResult<Value> {
    object::new(
        cx,
        ClassMethod {
            function: Field::new(function),
        },
    )
    .map(Ref::into_value)
}

/// `staticmethod(function)` without its copied attributes: for functions of a class body.
///
/// # Errors
/// MemoryError.
pub fn static_method(cx: &Context, function: Value) -> PyResult<Value> {
    object::new(
        cx,
        StaticMethod {
            function: Field::new(function),
        },
    )
    .map(Ref::into_value)
}

/// What a `staticmethod` wraps. `None` when `value` is none.
pub fn static_method_function(value: &Value) -> Option<Value> {
    of_class_itself::<StaticMethod>(value)?.function.get()
}

/// The value as a `T` whose class is `T`'s own, with attributes or without: these have copies of the names of
/// what they wrap.
fn of_class_itself<T: Payload>(value: &Value) -> Option<&Ref<T>> {
    value
        .downcast::<T>()
        .filter(|_| value.class().is(T::class()))
}

/// The Python function that a `classmethod` wraps. `None` when `value` is none, or wraps something else.
pub fn class_method_function(value: &Value) -> Option<Value> {
    let function = of_class_itself::<ClassMethod>(value)?.function.get()?;
    function.is_exact::<Function>().then_some(function)
}
