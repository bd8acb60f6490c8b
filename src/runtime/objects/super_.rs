//! `super`: attributes of the classes that come after a given one in the order of resolution.

use typhon_compiler::code::LocalKind;
use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::cell::Cell;
use crate::objects::str_::{Name, Str, names};
use crate::objects::type_::Type;
use crate::protocols::{attribute, call};
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "super",
    flags(BASETYPE),
    doc = "super() -> same as super(__class__, <first argument>)\nsuper(type) -> unbound super object\nsuper(type, obj) -> bound super object; requires isinstance(obj, type)\nsuper(type, type2) -> bound super object; requires issubclass(type2, type)\nTypical use to call a cooperative superclass method:\nclass C(B):\n    def meth(self, arg):\n        super().meth(arg)\nThis works for class methods too:\nclass C(B):\n    @classmethod\n    def cmeth(cls, arg):\n        super().cmeth(arg)\n"
)]
pub struct Super {
    /// `__thisclass__`: where the search begins, after it.
    class: Field,
    /// `__self__`; empty when unbound.
    object: Field,
    /// `__self_class__`: whose order of resolution is searched.
    object_class: Field,
}

impl Traverse for Super {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [&self.class, &self.object, &self.object_class] {
            field.traverse(visit);
        }
    }
}

/// The class whose order of resolution `super(class, object)` searches.
///
/// # Errors
/// TypeError when `object` is neither an instance of `class` nor a class derived from it.
fn check(cx: &Context, class: &Ref<Type>, object: &Value) -> PyResult<Ref<Type>> {
    if let Some(derived) = object.downcast::<Type>()
        && derived.is_subclass(class)
    {
        return Ok(derived.clone());
    }
    if object.class().is_subclass(class) {
        return Ok(object.class().clone());
    }
    if let Some(claimed) = attribute::find(cx, object, names::dunder_class())?
        && let Some(claimed) = claimed.downcast::<Type>()
        && !claimed.is(object.class())
        && claimed.is_subclass(class)
    {
        return Ok(claimed.clone());
    }
    let kind = if object.downcast::<Type>().is_some() {
        "type"
    } else {
        "instance of"
    };
    let shown = match object.downcast::<Type>() {
        Some(class) => class.short_name(),
        None => object.type_name(),
    };
    Err(cx.type_error(format!(
        "super(type, obj): obj ({kind} {shown}) is not an instance or subtype of type ({}).",
        class.short_name()
    )))
}

/// The attribute `name` of the classes after `class` in the order of `start`, not bound.
fn find_after(cx: &Context, class: &Ref<Type>, start: &Ref<Type>, name: Name) -> Option<Value> {
    let order = start.mro_tuple()?;
    let position = order
        .as_slice()
        .iter()
        .position(|other| other.is(class.as_value()))?;
    order.as_slice()[position + 1..]
        .iter()
        .find_map(|class| class.downcast::<Type>()?.dict.get_name_plain(cx, name))
}

/// `super(class, object).name`, or `None` when there is no such attribute.
///
/// # Errors
/// TypeError when `object` does not belong to `class`, and what descriptors raise.
pub fn super_find(
    cx: &Context,
    class: &Ref<Type>,
    object: &Value,
    name: Name,
) -> PyResult<Option<Value>> {
    let start = check(cx, class, object)?;
    if !name.is(&names::dunder_class())
        && let Some(found) = find_after(cx, class, &start, name)
    {
        return bind(cx, found, object, &start).map(Some);
    }
    Ok(None)
}

/// What was found, bound to the object; to the class alone when the object is that class.
fn bind(cx: &Context, found: Value, object: &Value, start: &Ref<Type>) -> PyResult<Value> {
    match found.class().slots.descriptor_get.get() {
        Some(get) => {
            let object = (!object.is(start.as_value())).then_some(object);
            get(cx, &found, object, Some(start.as_value()))
        }
        None => Ok(found),
    }
}

/// `super(class, object).name`.
///
/// # Errors
/// TypeError when `object` does not belong to `class`, AttributeError, and what descriptors raise.
pub fn super_lookup(
    cx: &Context,
    class: &Ref<Type>,
    object: &Value,
    name: Name,
) -> PyResult<Value> {
    match super_find(cx, class, object, name)? {
        Some(value) => Ok(value),
        None => {
            // The attributes of super objects themselves: `__class__`, `__self__`, or the error.
            let made = Super::bound(cx, class, object)?;
            attribute::generic_get(cx, made.as_value(), name)
        }
    }
}

/// The function that `super(class, object).name(…)` calls with `object` as first argument. `None` when
/// it is not that simple.
///
/// # Errors
/// TypeError when `object` does not belong to `class`.
pub fn super_method(
    cx: &Context,
    class: &Ref<Type>,
    object: &Value,
    name: Name,
) -> PyResult<Option<Value>> {
    let start = check(cx, class, object)?;
    if object.is(start.as_value()) {
        return Ok(None);
    }
    Ok(find_after(cx, class, &start, name)
        .filter(|found| found.class().has(ClassFlags::METHOD_DESCRIPTOR)))
}

impl Super {
    fn empty() -> Super {
        Super {
            class: Field::empty(),
            object: Field::empty(),
            object_class: Field::empty(),
        }
    }

    fn bound(cx: &Context, class: &Ref<Type>, object: &Value) -> PyResult<Ref<Super>> {
        let made = object::new(cx, Super::empty())?;
        made.set(cx, class, Some(object))?;
        Ok(made)
    }

    fn set(&self, cx: &Context, class: &Ref<Type>, object: Option<&Value>) -> PyResult<()> {
        let start = match object {
            Some(object) => Some(check(cx, class, object)?),
            None => None,
        };
        self.class.set(Some(class.to_value()));
        self.object.set(object.cloned());
        self.object_class.set(start.map(Ref::into_value));
        Ok(())
    }
}

#[pymethods]
impl Super {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Super::empty()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Super>, args: Args<'_>) -> PyResult<()> {
        if !args.names.is_empty() {
            return Err(cx.type_error("super() takes no keyword arguments"));
        }
        let (class, object) = match args.values {
            [] => {
                let (class, object) = from_frame(cx)?;
                return this.set(cx, &class, Some(&object));
            }
            [class] => (class, None),
            [class, object] => (class, Some(object).filter(|object| !object.is_none())),
            more => {
                return Err(cx.type_error(format!(
                    "super() expected at most 2 arguments, got {}",
                    more.len()
                )));
            }
        };
        let Some(class) = class.downcast::<Type>() else {
            return Err(cx.type_error(format!(
                "super() argument 1 must be a type, not {}",
                class.type_name_for_argument()
            )));
        };
        this.set(cx, class, object)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Super>) -> PyResult<Value> {
        let class = this
            .class
            .get_as::<Type>()
            .map_or("NULL".to_owned(), |class| class.short_name());
        let text = match this.object_class.get_as::<Type>() {
            Some(start) => format!(
                "<super: <class '{class}'>, <{} object>>",
                start.short_name()
            ),
            None => format!("<super: <class '{class}'>, NULL>"),
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(get_attribute)]
    fn get_attribute(cx: &Context, this: &Value, name: Name) -> PyResult<Value> {
        let own = crate::args::payload::<Super>(this);
        if let (Some(class), Some(object), Some(start)) = (
            own.class.get_as::<Type>(),
            own.object.get(),
            own.object_class.get_as::<Type>(),
        ) && !name.is(&names::dunder_class())
            && let Some(found) = find_after(cx, &class, &start, name)
        {
            return bind(cx, found, &object, &start);
        }
        attribute::generic_get(cx, this, name)
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<Super>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        let Some(object) = object.filter(|object| !object.is_none()) else {
            return Ok(this.to_value());
        };
        if !this.object.is_empty() {
            return Ok(this.to_value());
        }
        let Some(class) = this.class.get_as::<Type>() else {
            return Ok(this.to_value());
        };
        if !this.as_value().is_exact::<Super>() {
            // A derived class knows how to make itself.
            return call::call(
                cx,
                this.as_value().class().as_value(),
                &[class.into_value(), object.clone()],
            );
        }
        Super::bound(cx, &class, object).map(Ref::into_value)
    }

    /// the class invoking super()
    #[member("__thisclass__")]
    fn this_class(_cx: &Context, this: &Ref<Super>) -> PyResult<Option<Value>> {
        Ok(this.class.get())
    }

    /// the instance invoking super(); may be None
    #[member("__self__")]
    fn object(_cx: &Context, this: &Ref<Super>) -> PyResult<Option<Value>> {
        Ok(this.object.get())
    }

    /// the type of the instance invoking super(); may be None
    #[member("__self_class__")]
    fn object_class(_cx: &Context, this: &Ref<Super>) -> PyResult<Option<Value>> {
        Ok(this.object_class.get())
    }
}

/// The class and the first argument of the function that calls `super()`.
fn from_frame(cx: &Context) -> PyResult<(Ref<Type>, Value)> {
    let Some(frame) = crate::vm::frame::current(cx) else {
        return Err(cx.runtime_error("super(): no current frame"));
    };
    let code = frame.code();
    if code.arg_count == 0 {
        return Err(cx.runtime_error("super(): no arguments"));
    }
    // SAFETY: the frame is the running one of this thread.
    let Some(first) = (unsafe { frame.local(0) }) else {
        return Err(cx.runtime_error("super(): arg[0] deleted"));
    };
    // A first argument that inner functions use is in a cell.
    let first = match first.downcast_exact::<Cell>() {
        Some(cell) if code.local_kind(0).contains(LocalKind::CELL) => cell.get(),
        _ => Some(first),
    };
    let Some(first) = first else {
        return Err(cx.runtime_error("super(): arg[0] deleted"));
    };
    let free = &code.local_names[code.first_free as usize..];
    let place = free.iter().position(|name| name.is(&names::dunder_class()));
    let cell = match (place, frame.function().closure.get()) {
        (Some(place), Some(closure)) => closure.as_slice()[place].clone(),
        _ => return Err(cx.runtime_error("super(): __class__ cell not found")),
    };
    let Some(cell) = cell.downcast_exact::<Cell>() else {
        return Err(cx.runtime_error("super(): bad __class__ cell"));
    };
    let Some(class) = cell.get() else {
        return Err(cx.runtime_error("super(): empty __class__ cell"));
    };
    match class.into_ref::<Type>() {
        Ok(class) => Ok((class, first)),
        Err(class) => Err(cx.runtime_error(format!(
            "super(): __class__ is not a type ({})",
            class.type_name()
        ))),
    }
}
