//! `getset_descriptor`: an attribute that Rust functions get and set.

use typhon_macros::{pyclass, pymethods};

use super::{check, described, qualified};
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::instance;
use crate::object::{self, Ref, Traverse};
use crate::objects::dict::Dict;
use crate::objects::mappingproxy::MappingProxy;
use crate::objects::module::Module;
use crate::objects::str_::{Name, Str, names};
use crate::objects::type_::Type;
use crate::value::Value;

/// Gets an attribute of an object.
pub type Get = fn(&Context, &Value) -> PyResult<Value>;
/// Sets an attribute of an object, or deletes it when there is no value.
pub type Set = fn(&Context, &Value, Option<&Value>) -> PyResult<()>;

/// See the module's header.
#[pyclass(name = "getset_descriptor", flags(DISALLOW_INSTANTIATION))]
pub struct GetSet {
    /// `__objclass__`.
    pub class: Ref<Type>,
    pub name: Name,
    pub doc: &'static str,
    pub get: Get,
    pub set: Option<Set>,
}

impl Traverse for GetSet {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.class.as_value());
    }
}

impl GetSet {
    /// The attribute `name` of `class`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn make(
        cx: &Context,
        class: &Ref<Type>,
        name: &str,
        doc: &'static str,
        get: Get,
        set: Option<Set>,
    ) -> PyResult<Value> {
        let name = Name::intern(cx, name)?;
        object::new(
            cx,
            GetSet {
                class: class.clone(),
                name,
                doc,
                get,
                set,
            },
        )
        .map(Ref::into_value)
    }
}

#[pymethods]
impl GetSet {
    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<GetSet>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        let Some(object) = object else {
            return Ok(this.to_value());
        };
        if !object.class().is_subclass(&this.class) {
            check(cx, &this.name.display(), &this.class, object)?;
        }
        (this.get)(cx, object)
    }

    #[slot(descriptor_set)]
    fn descriptor_set(
        cx: &Context,
        this: &Ref<GetSet>,
        object: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        if !object.class().is_subclass(&this.class) {
            check(cx, &this.name.display(), &this.class, object)?;
        }
        match this.set {
            Some(set) => set(cx, object, value),
            None => Err(cx.attribute_error(format!(
                "attribute '{}' of '{}' objects is not writable",
                this.name.display(),
                this.class.plain_name(cx)
            ))),
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<GetSet>) -> PyResult<Value> {
        described(cx, "attribute", &this.class, &this.name.display())
    }

    #[member("__name__")]
    fn name(_cx: &Context, this: &Ref<GetSet>) -> PyResult<Value> {
        Ok(this.name.to_value())
    }

    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Ref<GetSet>) -> PyResult<Ref<Str>> {
        qualified(cx, &this.class, &this.name.display())
    }

    #[member("__objclass__")]
    fn objclass(_cx: &Context, this: &Ref<GetSet>) -> PyResult<Ref<Type>> {
        Ok(this.class.clone())
    }

    #[getter("__doc__")]
    fn doc(_cx: &Context, this: &Ref<GetSet>) -> PyResult<Option<&'static str>> {
        Ok((!this.doc.is_empty()).then_some(this.doc))
    }
}

/// The getter of `__dict__` for instances with attributes of their own.
///
/// # Errors
/// AttributeError when there is no `__dict__`.
pub fn get_dict(cx: &Context, this: &Value) -> PyResult<Value> {
    if let Some(class) = this.downcast::<Type>() {
        return MappingProxy::new(cx, class.dict.to_value()).map(Ref::into_value);
    }
    match instance::dict(cx, this)? {
        Some(dict) => Ok(dict.into_value()),
        None => Err(crate::protocols::attribute::missing(
            cx,
            this,
            names::dunder_dict(),
        )),
    }
}

/// The setter of `__dict__`. Deleting it empties it.
///
/// # Errors
/// TypeError when the value is no dict; AttributeError when there is no `__dict__`.
pub fn set_dict(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
    if this.downcast::<Type>().is_some() {
        return Err(cx.attribute_error("attribute '__dict__' of 'type' objects is not writable"));
    }
    if this.downcast::<Module>().is_some() {
        return Err(cx.attribute_error("readonly attribute"));
    }
    let dict = match value {
        None => Dict::new(cx)?,
        Some(value) => match value.downcast::<Dict>() {
            Some(dict) => dict.clone(),
            None => {
                return Err(cx.type_error(format!(
                    "__dict__ must be set to a dictionary, not a '{}'",
                    value.type_name()
                )));
            }
        },
    };
    if instance::set_dict(cx, this, dict)? {
        return Ok(());
    }
    Err(cx.attribute_error("This object has no __dict__"))
}

/// [`set_dict`] for classes that are not made by a class statement: their `__dict__` cannot be deleted.
fn set_native_dict(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
    if value.is_none() && this.downcast::<Type>().is_none() && this.downcast::<Module>().is_none() {
        return Err(cx.type_error("cannot delete __dict__"));
    }
    set_dict(cx, this, value)
}

/// Gives a class whose instances have a `__dict__` the attribute of that name.
///
/// # Errors
/// MemoryError.
pub fn add_dict_attribute(cx: &Context, class: &Ref<Type>) -> PyResult<()> {
    let set = if class.has(ClassFlags::HEAPTYPE) {
        set_dict
    } else {
        set_native_dict
    };
    if class
        .dict
        .get_name_plain(cx, names::dunder_dict())
        .is_some()
    {
        return Ok(());
    }
    let attribute = GetSet::make(
        cx,
        class,
        "__dict__",
        "dictionary for instance variables",
        get_dict,
        Some(set),
    )?;
    class.dict.set_name(cx, names::dunder_dict(), attribute)
}

/// Gives a class whose instances can be weakly referenced the attribute `__weakref__`.
///
/// # Errors
/// MemoryError.
pub fn add_weakref_attribute(cx: &Context, class: &Ref<Type>) -> PyResult<()> {
    fn get(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(crate::weak::first_reference(this).unwrap_or(Value::NONE))
    }
    if class
        .dict
        .get_name_plain(cx, names::dunder_weakref())
        .is_some()
    {
        return Ok(());
    }
    let attribute = GetSet::make(
        cx,
        class,
        "__weakref__",
        "list of weak references to the object",
        get,
        None,
    )?;
    class.dict.set_name(cx, names::dunder_weakref(), attribute)
}
