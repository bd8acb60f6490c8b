//! `property`: an attribute that Python functions get, set and delete.

use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pymethods};

use super::class_method::is_abstract;
use crate::args::Args;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::str_::{Str, names};
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, text};
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "property",
    flags(BASETYPE),
    signature = "(fget=None, fset=None, fdel=None, doc=None)",
    doc = "Property attribute.\n\n  fget\n    function to be used for getting an attribute value\n  fset\n    function to be used for setting an attribute value\n  fdel\n    function to be used for del'ing an attribute\n  doc\n    docstring\n\nTypical use is to define a managed attribute x:\n\nclass C(object):\n    def getx(self): return self._x\n    def setx(self, value): self._x = value\n    def delx(self): del self._x\n    x = property(getx, setx, delx, \"I'm the 'x' property.\")\n\nDecorators make defining new properties or modifying existing ones easy:\n\nclass C(object):\n    @property\n    def x(self):\n        \"I am the 'x' property.\"\n        return self._x\n    @x.setter\n    def x(self, value):\n        self._x = value\n    @x.deleter\n    def x(self):\n        del self._x"
)]
pub struct Property {
    pub get: Field,
    pub set: Field,
    pub delete: Field,
    doc: Field,
    /// The attribute's name, from `__set_name__` or given.
    name: Field,
    /// Whether the docstring is the getter's.
    doc_of_getter: AtomicBool,
}

impl Traverse for Property {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [&self.get, &self.set, &self.delete, &self.doc, &self.name] {
            field.traverse(visit);
        }
    }
}

impl Property {
    /// The function that gets the attribute.
    #[inline]
    pub fn getter(&self) -> Option<Value> {
        self.get.get()
    }

    /// The attribute's name: set, or the getter's.
    fn attribute_name(&self, cx: &Context) -> PyResult<Option<Value>> {
        if let Some(name) = self.name.get() {
            return Ok(Some(name));
        }
        match self.get.get() {
            Some(get) => attribute::find(cx, &get, names::dunder_name()),
            None => Ok(None),
        }
    }

    #[cold]
    fn has_no(&self, cx: &Context, object: &Value, what: &str) -> Raised {
        let name = match self.attribute_name(cx) {
            Ok(name) => name,
            Err(raised) => return raised,
        };
        let qualname = object
            .class()
            .qualname
            .get_as::<Str>()
            .map(|name| name.to_string())
            .unwrap_or_default();
        let message = match name {
            Some(name) => match text::repr_text(cx, &name) {
                Ok(name) => format!("property {name} of '{qualname}' object has no {what}"),
                Err(raised) => return raised,
            },
            None => format!("property of '{qualname}' object has no {what}"),
        };
        cx.attribute_error(message)
    }

    /// A property of the same class with some functions replaced.
    fn copy(
        cx: &Context,
        this: &Ref<Property>,
        get: Option<&Value>,
        set: Option<&Value>,
        delete: Option<&Value>,
    ) -> PyResult<Value> {
        let class = this.as_value().class();
        let or_own = |given: Option<&Value>, own: &Field| {
            given
                .filter(|given| !given.is_none())
                .cloned()
                .or_else(|| own.get())
                .unwrap_or(Value::NONE)
        };
        // A docstring that was the getter's is taken from the getter again.
        let doc = if this.doc_of_getter.load(Ordering::Relaxed) {
            Value::NONE
        } else {
            this.doc.get().unwrap_or(Value::NONE)
        };
        let arguments = [
            or_own(get, &this.get),
            or_own(set, &this.set),
            or_own(delete, &this.delete),
            doc,
        ];
        let made = call::call(cx, class.as_value(), &arguments)?;
        if let Some(made) = made.downcast::<Property>() {
            made.name.set(this.name.get());
        }
        Ok(made)
    }
}

#[pymethods]
impl Property {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let payload = Property {
            get: Field::empty(),
            set: Field::empty(),
            delete: Field::empty(),
            doc: Field::empty(),
            name: Field::empty(),
            doc_of_getter: AtomicBool::new(false),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Property>, args: Args<'_>) -> PyResult<()> {
        static SIGNATURE: crate::args::Signature = crate::args::Signature {
            name: "property",
            text: "(fget=None, fset=None, fdel=None, doc=None)",
            parameters: &[
                crate::args::Parameter::optional("fget"),
                crate::args::Parameter::optional("fset"),
                crate::args::Parameter::optional("fdel"),
                crate::args::Parameter::optional("doc"),
            ],
            positional_only: 0,
            positional: 4,
            var_positional: false,
            var_keyword: false,
        };
        let mut bound = [None; 4];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let [get, set, delete, doc] =
            bound.map(|value| value.filter(|value| !value.is_none()).cloned());
        this.get.set(get.clone());
        this.set.set(set);
        this.delete.set(delete);
        this.name.set(None);
        let mut from_getter = false;
        let mut doc = doc;
        if doc.is_none()
            && let Some(get) = &get
        {
            doc = attribute::find(cx, get, names::dunder_doc())?.filter(|doc| !doc.is_none());
            from_getter = doc.is_some();
        }
        this.doc_of_getter.store(from_getter, Ordering::Relaxed);
        if this.as_value().is_exact::<Property>() {
            this.doc.set(doc);
            return Ok(());
        }
        // The class of a derived property has a `__doc__` of its own, which would hide ours.
        this.doc.set(doc.clone());
        let value = doc.unwrap_or(Value::NONE);
        match attribute::set(cx, this.as_value(), names::dunder_doc(), &value) {
            Err(Raised) if !from_getter => {
                // The instance has no room for it.
                drop(cx.catch(crate::objects::exceptions::attribute_error())?);
                Ok(())
            }
            done => done,
        }
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<Property>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        let Some(object) = object.filter(|object| !object.is_none()) else {
            return Ok(this.to_value());
        };
        match this.get.get() {
            Some(get) => call::call(cx, &get, std::slice::from_ref(object)),
            None => Err(this.has_no(cx, object, "getter")),
        }
    }

    #[slot(descriptor_set)]
    fn descriptor_set(
        cx: &Context,
        this: &Ref<Property>,
        object: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        match value {
            Some(value) => match this.set.get() {
                Some(set) => call::call(cx, &set, &[object.clone(), value.clone()]).map(drop),
                None => Err(this.has_no(cx, object, "setter")),
            },
            None => match this.delete.get() {
                Some(delete) => call::call(cx, &delete, std::slice::from_ref(object)).map(drop),
                None => Err(this.has_no(cx, object, "deleter")),
            },
        }
    }

    /// Descriptor to obtain a copy of the property with a different getter.
    #[method("getter(self, object, /)")]
    fn with_getter(cx: &Context, this: &Ref<Property>, object: &Value) -> PyResult<Value> {
        Property::copy(cx, this, Some(object), None, None)
    }

    /// Descriptor to obtain a copy of the property with a different setter.
    #[method("setter(self, object, /)")]
    fn with_setter(cx: &Context, this: &Ref<Property>, object: &Value) -> PyResult<Value> {
        Property::copy(cx, this, None, Some(object), None)
    }

    /// Descriptor to obtain a copy of the property with a different deleter.
    #[method("deleter(self, object, /)")]
    fn with_deleter(cx: &Context, this: &Ref<Property>, object: &Value) -> PyResult<Value> {
        Property::copy(cx, this, None, None, Some(object))
    }

    /// Method to set name of a property.
    #[method("__set_name__(self, /, *args)")]
    fn set_name(cx: &Context, this: &Ref<Property>, args: &[Value]) -> PyResult<()> {
        let [_owner, name] = args else {
            return Err(cx.type_error(format!(
                "__set_name__() takes 2 positional arguments but {} were given",
                args.len()
            )));
        };
        this.name.set(Some(name.clone()));
        Ok(())
    }

    #[member("fget")]
    fn fget(_cx: &Context, this: &Ref<Property>) -> PyResult<Option<Value>> {
        Ok(this.get.get())
    }

    #[member("fset")]
    fn fset(_cx: &Context, this: &Ref<Property>) -> PyResult<Option<Value>> {
        Ok(this.set.get())
    }

    #[member("fdel")]
    fn fdel(_cx: &Context, this: &Ref<Property>) -> PyResult<Option<Value>> {
        Ok(this.delete.get())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<Property>) -> PyResult<Option<Value>> {
        Ok(this.doc.get())
    }

    #[setter("__doc__")]
    fn set_doc(_cx: &Context, this: &Ref<Property>, value: Option<&Value>) -> PyResult<()> {
        this.doc.set(value.cloned());
        Ok(())
    }

    #[getter("__name__")]
    fn name(cx: &Context, this: &Ref<Property>) -> PyResult<Value> {
        match this.attribute_name(cx)? {
            Some(name) => Ok(name),
            None => Err(attribute::missing(
                cx,
                this.as_value(),
                names::dunder_name(),
            )),
        }
    }

    #[setter("__name__")]
    fn assign_name(_cx: &Context, this: &Ref<Property>, value: Option<&Value>) -> PyResult<()> {
        this.name.set(value.cloned());
        Ok(())
    }

    #[getter("__isabstractmethod__")]
    fn is_abstract(cx: &Context, this: &Ref<Property>) -> PyResult<bool> {
        for function in [&this.get, &this.set, &this.delete] {
            if is_abstract(cx, function.get().as_ref())? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
