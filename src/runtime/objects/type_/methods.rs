//! What Python sees of `type`.

use typhon_macros::pymethods;

use super::{NewType, Type, best_base, calculate_metaclass, changing, new, type_get_attribute};
use crate::args::Args;
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Payload, Ref};
use crate::objects::dict::Dict;
use crate::objects::int::{self, BigInteger};
use crate::objects::list::List;
use crate::objects::str_::{Name, Str, names};
use crate::objects::tuple::Tuple;
use crate::value::Value;

impl Ref<Type> {
    /// `class(...)`, when the class of the class has the `__call__` of `type`.
    ///
    /// # Errors
    /// What `__new__` and `__init__` raise.
    #[inline]
    pub(crate) fn call(&self, cx: &Context, args: Args<'_>) -> PyResult<Value> {
        match self.class_asked_for(args) {
            Some(class) => Ok(class),
            None => cx.nested("", || self.make(cx, args)),
        }
    }

    /// The answer of `type(object)`.
    #[inline]
    fn class_asked_for(&self, args: Args<'_>) -> Option<Value> {
        let asks = self.is(type_class()) && args.values.len() == 1 && args.names.is_empty();
        asks.then(|| args.values[0].class().to_value())
    }

    fn make(&self, cx: &Context, args: Args<'_>) -> PyResult<Value> {
        let Some(new) = self.slots.new.get() else {
            return Err(cx.type_error(format!("cannot create '{}' instances", self.plain_name(cx))));
        };
        let object = new(cx, self, args)?;
        let class = object.class();
        let init = class.slots.init.word();
        let plain = &crate::objects::object::class().slots;
        if init == plain.init.word() && class.slots.new.word() != plain.new.word() {
            // `object.__init__` takes whatever another `__new__` took, and does nothing.
            return Ok(object);
        }
        if (class.is(self) || class.is_subclass(self))
            && let Some(init) = class.slots.init.get()
        {
            init(cx, &object, args)?;
        }
        Ok(object)
    }
}

#[pymethods]
impl Type {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        let text = format!("<class '{}'>", this.full_name(cx));
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(call)]
    fn call_slot(cx: &Context, this: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        match this.class_asked_for(args) {
            Some(class) => Ok(class),
            None => this.make(cx, args),
        }
    }

    #[slot(get_attribute)]
    fn get_attribute(cx: &Context, this: &Value, name: Name) -> PyResult<Value> {
        type_get_attribute(cx, this, name)
    }

    #[slot(set_attribute)]
    fn set_attribute(
        cx: &Context,
        this: &Value,
        name: Name,
        value: Option<&Value>,
    ) -> PyResult<()> {
        super::set_attribute(cx, this, name, value)
    }

    #[slot(new)]
    fn new(cx: &Context, metaclass: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let positional = args.positional();
        let [name, bases, namespace] = positional else {
            if metaclass.is(type_class()) {
                return Err(cx.type_error("type() takes 1 or 3 arguments"));
            }
            return Err(cx.type_error(format!(
                "type.__new__() takes exactly 3 arguments ({} given)",
                positional.len()
            )));
        };
        let wrong = |position: usize, wanted: &str, got: &Value| {
            cx.type_error(format!(
                "type.__new__() argument {position} must be {wanted}, not {}",
                got.type_name()
            ))
        };
        let name = name
            .downcast::<Str>()
            .ok_or_else(|| wrong(1, "str", name))?;
        let bases = bases
            .downcast::<Tuple>()
            .ok_or_else(|| wrong(2, "tuple", bases))?;
        let namespace = namespace
            .downcast::<Dict>()
            .ok_or_else(|| wrong(3, "dict", namespace))?;
        for base in bases.as_slice() {
            if base.downcast::<Type>().is_none()
                && crate::protocols::attribute::find(
                    cx,
                    base,
                    Name::intern(cx, "__mro_entries__")?,
                )?
                .is_some()
            {
                return Err(cx.type_error(
                    "type() doesn't support MRO entry resolution; use types.new_class()",
                ));
            }
        }
        let winner = calculate_metaclass(cx, metaclass, bases.as_slice())?;
        if !winner.is(metaclass)
            && let Some(new) = winner.slots.new.get()
            && Some(new as usize) != type_class().slots.new.get().map(|new| new as usize)
        {
            return new(cx, &winner, args);
        }
        let class = NewType {
            metaclass: &winner,
            name,
            bases: bases.as_slice(),
            namespace,
            keywords: args.keywords(),
        }
        .build(cx)?;
        if !bases.as_value().is_exact::<Tuple>() {
            // The very tuple that was given, whatever its class.
            class.bases.set(Some(bases.to_value()));
        }
        Ok(class.into_value())
    }

    #[slot(init)]
    fn init(cx: &Context, _this: &Value, args: Args<'_>) -> PyResult<()> {
        match args.positional().len() {
            1 if !args.names.is_empty() => {
                Err(cx.type_error("type.__init__() takes no keyword arguments"))
            }
            1 | 3 => Ok(()),
            _ => Err(cx.type_error("type.__init__() takes 1 or 3 arguments")),
        }
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        crate::objects::union::or(cx, left, right)
    }

    /// Return a type's method resolution order.
    #[method("mro(self, /)")]
    fn mro(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        let order = new::default_mro(cx, this)?;
        List::from_values(cx, order.to_vec()).map(Ref::into_value)
    }

    /// Return a list of immediate subclasses.
    #[method("__subclasses__(self, /)")]
    fn subclasses(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        let classes = this
            .live_subclasses()
            .into_iter()
            .map(Ref::into_value)
            .collect();
        List::from_values(cx, classes).map(Ref::into_value)
    }

    /// Create the namespace for the class statement.
    #[classmethod("__prepare__(cls, /, *args, **kwargs)")]
    fn prepare(
        cx: &Context,
        _class: &Value,
        _args: &[Value],
        _keywords: Vec<(&Value, &Value)>,
    ) -> PyResult<Ref<Dict>> {
        Dict::new(cx)
    }

    /// Check if an object is an instance.
    #[method("__instancecheck__(self, instance, /)")]
    fn instancecheck(cx: &Context, this: &Value, instance: &Value) -> PyResult<bool> {
        crate::protocols::classes::is_instance_plain(cx, instance, this)
    }

    /// Check if a class is a subclass.
    #[method("__subclasscheck__(self, subclass, /)")]
    fn subclasscheck(cx: &Context, this: &Value, subclass: &Value) -> PyResult<bool> {
        crate::protocols::classes::is_subclass_plain(cx, subclass, this)
    }

    /// Specialized __dir__ implementation for types.
    #[method("__dir__(self, /)")]
    fn dir(cx: &Context, this: &Ref<Type>) -> PyResult<Ref<List>> {
        let names = Dict::new(cx)?;
        for class in this.mro_values() {
            if let Some(class) = class.downcast::<Type>() {
                for (key, _) in class.dict.items_snapshot(cx)? {
                    names.set_item(cx, &key, Value::NONE)?;
                }
            }
        }
        List::from_values(cx, names.keys_snapshot(cx)?)
    }

    /// Return memory consumption of the type object.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, _this: &Ref<Type>) -> PyResult<usize> {
        Ok(<Type as crate::object::Payload>::LAYOUT.size)
    }

    #[getter("__name__")]
    fn name(_cx: &Context, this: &Ref<Type>) -> PyResult<Option<Value>> {
        Ok(this.name.get())
    }

    #[setter("__name__")]
    fn set_name(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        let value = checked_text(cx, this, value, "__name__")?;
        if let Some(name) = value.downcast::<Str>() {
            new::check_name(cx, name)?;
        }
        this.name.set(Some(value));
        Ok(())
    }

    #[getter("__qualname__")]
    fn qualname(_cx: &Context, this: &Ref<Type>) -> PyResult<Option<Value>> {
        Ok(this.qualname.get())
    }

    #[setter("__qualname__")]
    fn set_qualname(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        this.qualname
            .set(Some(checked_text(cx, this, value, "__qualname__")?));
        Ok(())
    }

    #[getter("__module__")]
    fn module(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        if let Some(module) = this.native_module.get() {
            return Name::intern(cx, module).map(|name| name.to_value());
        }
        match this.dict.get_name(cx, Name::intern(cx, "__module__")?)? {
            Some(module)
                if this.has(ClassFlags::HEAPTYPE) || module.downcast::<Str>().is_some() =>
            {
                Ok(module)
            }
            None if this.has(ClassFlags::HEAPTYPE) => Err(cx.attribute_error("__module__")),
            // What `type` has under this name is the attribute of its instances.
            _ => Ok(names::builtins().to_value()),
        }
    }

    #[setter("__module__")]
    fn set_module(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        let value = changeable(cx, this, value, "__module__")?;
        this.change_attribute(cx, Name::intern(cx, "__module__")?, Some(value.clone()))?;
        // The line belonged to the other module.
        this.change_attribute(cx, Name::intern(cx, "__firstlineno__")?, None)?;
        Ok(())
    }

    #[getter("__bases__")]
    fn bases(_cx: &Context, this: &Ref<Type>) -> PyResult<Option<Value>> {
        Ok(this.bases.get())
    }

    #[setter("__bases__")]
    fn set_bases(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        let value = changeable(cx, this, value, "__bases__")?;
        let Some(bases) = value.downcast::<Tuple>() else {
            return Err(cx.type_error(format!(
                "can only assign tuple to {}.__bases__, not {}",
                this.short_name(),
                value.type_name()
            )));
        };
        if bases.is_empty() {
            return Err(cx.type_error(format!(
                "can only assign non-empty tuple to {}.__bases__, not ()",
                this.short_name()
            )));
        }
        for base in bases.as_slice() {
            let Some(base) = base.downcast::<Type>() else {
                return Err(cx.type_error(format!(
                    "{}.__bases__ must be tuple of classes, not '{}'",
                    this.short_name(),
                    base.type_name()
                )));
            };
            // While an `mro()` runs, the chain of bases is newer than the order of resolution.
            if base.is_subclass(this) || new::is_below(base, this) {
                return Err(cx.type_error("a __bases__ item causes an inheritance cycle"));
            }
        }
        let best = best_base(cx, bases.as_slice())?;
        let old_base = this.base_type();
        if !old_base
            .as_ref()
            .is_some_and(|old| new::same_layout(old, &best))
        {
            return Err(cx.type_error(format!(
                "__bases__ assignment: '{}' object layout differs from '{}'",
                best.short_name(),
                old_base.map(|old| old.short_name()).unwrap_or_default()
            )));
        }
        let old_bases = this.bases.replace(Some(bases.to_value()));
        let old_base = this.base.replace(Some(best.to_value()));
        // An `mro()` may set the bases again; then the last one that did so has its way.
        let is_ours = || this.bases.get().is_some_and(|now| now.is(bases.as_value()));
        let mut changed = Vec::new();
        if let Err(raised) = recompute_mro(cx, this, &mut changed) {
            for (class, old, new) in changed {
                if class.mro.get().is_some_and(|now| now.is(&new)) {
                    class.mro.set(old);
                }
            }
            if is_ours() {
                this.bases.set(old_bases);
                this.base.set(old_base);
            }
            return Err(raised);
        }
        if !is_ours() {
            return Ok(());
        }
        {
            let _changes = changing(cx);
            this.invalidate();
            for base in old_bases
                .iter()
                .filter_map(|bases| bases.downcast::<Tuple>())
                .flat_map(|b| b.to_vec())
            {
                if let Some(base) = base.downcast::<Type>() {
                    base.remove_subclass(this);
                }
            }
            for base in bases
                .as_slice()
                .iter()
                .filter_map(|base| base.downcast::<Type>())
            {
                base.add_subclass(this);
            }
            this.invalidate();
        }
        for (class, ..) in &changed {
            class.note_strangers();
            crate::slot_dispatch::rebuild(cx, class);
        }
        crate::vm::cache::next_epoch();
        Ok(())
    }

    #[member("__base__")]
    fn base(_cx: &Context, this: &Ref<Type>) -> PyResult<Option<Value>> {
        Ok(this.base.get())
    }

    #[getter("__mro__")]
    fn mro_attribute(_cx: &Context, this: &Ref<Type>) -> PyResult<Option<Value>> {
        Ok(this.mro.get())
    }

    #[getter("__dict__")]
    fn dict(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        crate::objects::mappingproxy::MappingProxy::new(cx, this.dict.to_value())
            .map(Ref::into_value)
    }

    #[getter("__doc__")]
    fn doc(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        let Some(doc) = this.dict.get_name(cx, Name::intern(cx, "__doc__")?)? else {
            return Ok(Value::NONE);
        };
        match doc.class().slots.descriptor_get.get() {
            Some(get) => get(cx, &doc, None, Some(this.as_value())),
            None => Ok(doc),
        }
    }

    #[setter("__doc__")]
    fn set_doc(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        let value = changeable(cx, this, value, "__doc__")?;
        this.change_attribute(cx, Name::intern(cx, "__doc__")?, Some(value.clone()))?;
        Ok(())
    }

    #[getter("__text_signature__")]
    fn text_signature(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        if let Some(signature) = this.native_signature.get() {
            return Str::from_str(cx, signature).map(Ref::into_value);
        }
        if !this.has(ClassFlags::HEAPTYPE) {
            return Ok(Value::NONE);
        }
        // A class made by Python code may begin its docstring with one, as native ones do.
        let doc = this.dict.get_name(cx, Name::intern(cx, "__doc__")?)?;
        let doc = doc.as_ref().and_then(|doc| doc.downcast_exact::<Str>());
        let text = doc.map(|doc| doc.to_lossy()).unwrap_or_default();
        let signature = text
            .strip_prefix(&this.short_name())
            .filter(|rest| rest.starts_with('('))
            .and_then(|rest| rest.split_once(")\n--\n\n"));
        match signature {
            Some((signature, _)) => {
                Str::from_str(cx, &format!("{signature})")).map(Ref::into_value)
            }
            None => Ok(Value::NONE),
        }
    }

    #[member("__flags__")]
    fn flags_attribute(_cx: &Context, this: &Ref<Type>) -> PyResult<u64> {
        const INLINE_VALUES: u64 = 1 << 2;
        const MANAGED_DICT: u64 = 1 << 4;
        let mut flags = this.flags().bits() & 0xffff_ffff;
        let object = crate::objects::object::class();
        if std::ptr::eq(this.layout, object.layout) && !this.is(object) {
            // Pickling looks for the first class without this flag to make a bare instance of; such a
            // class must know how instances are laid out.
            flags |= ClassFlags::HEAPTYPE.bits();
        }
        if this.has(ClassFlags::HEAPTYPE) && this.has(ClassFlags::HAS_DICT) {
            flags |= MANAGED_DICT;
            if !this.layout.is_variable && !this.is_subclass(BigInteger::class()) {
                flags |= INLINE_VALUES;
            }
        }
        Ok(flags)
    }

    #[member("__basicsize__")]
    fn basicsize(_cx: &Context, this: &Ref<Type>) -> PyResult<usize> {
        Ok(this.root_shape().instance_size(0))
    }

    #[member("__itemsize__")]
    fn itemsize(_cx: &Context, this: &Ref<Type>) -> PyResult<usize> {
        Ok(if this.layout.is_variable {
            8
        } else if this.is_subclass(BigInteger::class()) {
            int::DIGIT_SIZE
        } else {
            0
        })
    }

    #[member("__dictoffset__")]
    fn dictoffset(_cx: &Context, this: &Ref<Type>) -> PyResult<usize> {
        Ok(this.root_shape().dict_offset(0).unwrap_or(0))
    }

    #[member("__weakrefoffset__")]
    fn weakrefoffset(_cx: &Context, this: &Ref<Type>) -> PyResult<usize> {
        Ok(usize::from(this.has(ClassFlags::HAS_WEAKREF)) * 8)
    }

    #[getter("__abstractmethods__")]
    fn abstractmethods(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        let name = Name::intern(cx, "__abstractmethods__")?;
        match this
            .dict
            .get_name(cx, name)?
            .filter(|_| !this.is(type_class()))
        {
            Some(methods) => Ok(methods),
            None => Err(cx.attribute_error(format!(
                "type object '{}' has no attribute '__abstractmethods__'",
                this.short_name()
            ))),
        }
    }

    #[setter("__abstractmethods__")]
    fn set_abstractmethods(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        let name = Name::intern(cx, "__abstractmethods__")?;
        let is_abstract = match value {
            Some(value) => value.truth(cx)?,
            None => false,
        };
        if !this.change_attribute(cx, name, value.cloned())? {
            return Err(cx.attribute_error("__abstractmethods__"));
        }
        this.set_flags(ClassFlags::IS_ABSTRACT, is_abstract);
        Ok(())
    }

    #[getter("__type_params__")]
    fn type_params(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        match this
            .dict
            .get_name(cx, Name::intern(cx, "__type_params__")?)?
        {
            Some(parameters) if !this.is(type_class()) => Ok(parameters),
            _ => Ok(Tuple::empty().to_value()),
        }
    }

    #[setter("__type_params__")]
    fn set_type_params(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        let value = changeable(cx, this, value, "__type_params__")?;
        this.change_attribute(
            cx,
            Name::intern(cx, "__type_params__")?,
            Some(value.clone()),
        )?;
        Ok(())
    }

    #[getter("__annotations__")]
    fn annotations(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        crate::objects::annotations::class_annotations(cx, this)
    }

    #[setter("__annotations__")]
    fn set_annotations(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        crate::objects::annotations::set_class_annotations(cx, this, value)
    }

    #[getter("__annotate__")]
    fn annotate(cx: &Context, this: &Ref<Type>) -> PyResult<Value> {
        crate::objects::annotations::class_annotate(cx, this)
    }

    #[setter("__annotate__")]
    fn set_annotate(cx: &Context, this: &Ref<Type>, value: Option<&Value>) -> PyResult<()> {
        crate::objects::annotations::set_class_annotate(cx, this, value)
    }
}

/// The class `type`.
fn type_class() -> &'static Ref<Type> {
    <Type as crate::object::Payload>::class()
}

fn changeable<'a>(
    cx: &Context,
    this: &Ref<Type>,
    value: Option<&'a Value>,
    name: &str,
) -> PyResult<&'a Value> {
    if this.has(ClassFlags::IMMUTABLE) {
        return Err(cx.type_error(format!(
            "cannot set '{name}' attribute of immutable type '{}'",
            this.plain_name(cx)
        )));
    }
    let value = value.ok_or_else(|| {
        cx.type_error(format!(
            "cannot delete '{name}' attribute of immutable type '{}'",
            this.plain_name(cx)
        ))
    })?;
    crate::audit::event(cx, "object.__setattr__", || {
        let name = Name::intern(cx, name)?.to_value();
        Ok(vec![this.to_value(), name, value.clone()])
    })?;
    Ok(value)
}

fn checked_text(
    cx: &Context,
    this: &Ref<Type>,
    value: Option<&Value>,
    name: &str,
) -> PyResult<Value> {
    let value = changeable(cx, this, value, name)?;
    if value.downcast::<Str>().is_none() {
        return Err(cx.type_error(format!(
            "can only assign string to {}.{name}, not '{}'",
            this.short_name(),
            value.type_name()
        )));
    }
    Ok(value.clone())
}

/// A class, its order of resolution before, and the one it got.
type ChangedOrder = (Ref<Type>, Option<Value>, Value);

/// New orders of resolution for `class` and what is derived from it.
fn recompute_mro(cx: &Context, class: &Ref<Type>, changed: &mut Vec<ChangedOrder>) -> PyResult<()> {
    let before = class.mro.get();
    let order = new::compute_mro(cx, class, class.class_of())?.into_value();
    let unchanged = match (&before, &class.mro.get()) {
        (Some(before), Some(now)) => before.is(now),
        (None, None) => true,
        _ => false,
    };
    if !unchanged {
        // `mro()` came back here; the order that was set meanwhile is newer.
        return Ok(());
    }
    {
        let _changes = changing(cx);
        class.invalidate();
        class.mro.set(Some(order.clone()));
        changed.push((class.clone(), before, order));
        class.invalidate();
    }
    for subclass in class.live_subclasses() {
        recompute_mro(cx, &subclass, changed)?;
    }
    Ok(())
}
