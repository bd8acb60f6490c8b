//! Making a class at run time: `type(name, bases, namespace)` and the class statement.

use std::sync::atomic::Ordering;

use super::{Type, TypeBuilder, changing, inherited_flags, mro};
use crate::args::{Args, Keywords};
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Kind, Layout, Payload, Ref};
use crate::objects::bytes::Bytes;
use crate::objects::descriptors::{self, Member};
use crate::objects::dict::Dict;
use crate::objects::int::BigInteger;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::protocols::call;
use crate::shape::{self, Mode, Root};
use crate::value::Value;

/// Inline slots of a class that does not tell which attributes its instances get.
const DEFAULT_CAPACITY: u32 = 3;

/// The most derived metaclass of `metaclass` and the classes of `bases`.
///
/// # Errors
/// TypeError when there is no such class.
pub fn calculate_metaclass(
    cx: &Context,
    metaclass: &Ref<Type>,
    bases: &[Value],
) -> PyResult<Ref<Type>> {
    let mut winner = metaclass.clone();
    for base in bases {
        let class = base.class();
        if winner.is_subclass(class) {
            continue;
        }
        if class.is_subclass(&winner) {
            winner = class.clone();
            continue;
        }
        return Err(cx.type_error(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the \
             metaclasses of all its bases",
        ));
    }
    Ok(winner)
}

/// The base whose layout the class extends.
///
/// # Errors
/// TypeError when a base is no class, cannot be derived from, or layouts conflict.
pub fn best_base(cx: &Context, bases: &[Value]) -> PyResult<Ref<Type>> {
    let mut best: Option<Ref<Type>> = None;
    for base in bases {
        let Some(base) = base.downcast::<Type>() else {
            return Err(cx.type_error("bases must be types"));
        };
        if !base.has(ClassFlags::BASETYPE) {
            return Err(cx.type_error(format!(
                "type '{}' is not an acceptable base type",
                base.full_name(cx)
            )));
        }
        best = Some(match best {
            None => base.clone(),
            Some(best) => match solid_order(base, &best) {
                Some(true) => base.clone(),
                Some(false) => best,
                None => {
                    return Err(cx.type_error("multiple bases have instance lay-out conflict"));
                }
            },
        });
    }
    best.ok_or_else(|| cx.type_error("bases must not be empty"))
}

/// `Some(true)` when `new` extends the layout of `old` strictly, `Some(false)` when `old` is as good.
fn solid_order(new: &Ref<Type>, old: &Ref<Type>) -> Option<bool> {
    let new_solid = solid(new);
    let old_solid = solid(old);
    if new_solid.is(&old_solid) || old_solid.is_subclass(&new_solid) {
        Some(false)
    } else if new_solid.is_subclass(&old_solid) {
        Some(true)
    } else {
        None
    }
}

/// The nearest class up the bases that added to the layout of instances.
pub(crate) fn solid(class: &Ref<Type>) -> Ref<Type> {
    let mut class = class.clone();
    while let Some(base) = class.base_type() {
        if !std::ptr::eq(class.layout, base.layout) || class.members != base.members {
            break;
        }
        class = base;
    }
    class
}

/// What `type.__new__` gets.
pub struct NewType<'a> {
    pub metaclass: &'a Ref<Type>,
    pub name: &'a Ref<Str>,
    pub bases: &'a [Value],
    pub namespace: &'a Ref<Dict>,
    /// For `__init_subclass__`.
    pub keywords: Keywords<'a>,
}

/// What `__slots__` asks for.
#[derive(Default)]
struct Slots {
    names: Vec<Name>,
    dict: bool,
    weakref: bool,
}

impl NewType<'_> {
    /// Makes the class: layout, order of resolution, slots; then `__set_name__` and
    /// `__init_subclass__`.
    ///
    /// # Errors
    /// TypeError and ValueError for what cannot be a class, and what hooks raise.
    pub fn build(self, cx: &Context) -> PyResult<Ref<Type>> {
        check_name(cx, self.name)?;
        let object = crate::objects::object::class();
        let default_bases = [object.to_value()];
        let bases = if self.bases.is_empty() {
            &default_bases[..]
        } else {
            self.bases
        };
        let base = best_base(cx, bases)?;
        let dict = Dict::new(cx)?;
        dict.merge(cx, self.namespace.as_value())?;
        let slots = self.read_slots(cx, &dict, &base)?;
        let base_types: Vec<Ref<Type>> = bases
            .iter()
            .filter_map(|base| base.downcast::<Type>().cloned())
            .collect();
        let bases_have = |flag| base_types.iter().any(|base| base.has(flag));

        let mut flags = ClassFlags::HEAPTYPE | ClassFlags::BASETYPE;
        let shapes = ClassFlags::SEQUENCE | ClassFlags::MAPPING;
        for base in &base_types {
            let mut inherited = base.flags() & inherited_flags();
            // A class is a sequence or a mapping, as the first base that is either.
            if flags.intersects(shapes) {
                inherited -= shapes;
            }
            flags |= inherited;
        }
        let (has_dict, has_weakref) = match &slots {
            None => (true, true),
            Some(slots) => (
                slots.dict || bases_have(ClassFlags::HAS_DICT),
                slots.weakref || bases_have(ClassFlags::HAS_WEAKREF),
            ),
        };
        flags.set(ClassFlags::HAS_DICT, has_dict);
        flags.set(ClassFlags::HAS_WEAKREF, has_weakref);
        let slot_names = slots.map(|slots| slots.names).unwrap_or_default();
        let members = base.members + slot_names.len() as u32;
        let builder = TypeBuilder {
            name: &self.name.to_string(),
            base: Some(base.clone()),
            layout: base.layout,
            kind: Kind::Container,
            flags,
        };
        let class = Type::allocate(cx, self.metaclass.root_shape(), &builder, flags, members)?;
        class.name.set(Some(self.name.to_value()));
        class
            .bases
            .set(Some(Tuple::from_values(cx, bases)?.into_value()));
        class.base.set(Some(base.to_value()));
        self.add_root_shape(cx, &class, &base, &dict, has_dict, members)?;
        self.move_attributes(cx, &class, &dict)?;
        let cell = take(cx, &class, "__classcell__")?;
        if let Some(cell) = &cell
            && cell.downcast::<crate::objects::cell::Cell>().is_none()
        {
            return Err(cx.type_error(format!(
                "__classcell__ must be a nonlocal cell, not <class '{}'>",
                cell.class().full_name(cx)
            )));
        }
        // `mro()` may already ask for the class.
        if let Some(cell) = cell.and_then(|cell| cell.into_ref::<crate::objects::cell::Cell>().ok())
        {
            cell.set(Some(class.to_value()));
        }
        if let Some(cell) = take(cx, &class, "__classdictcell__")?
            && let Some(cell) = cell.downcast::<crate::objects::cell::Cell>()
        {
            cell.set(Some(class.dict.to_value()));
        }
        self.add_members(cx, &class, &base, &slot_names)?;
        let base_has = |flag| base_types.iter().any(|base| base.has(flag));
        if has_dict && !base_has(ClassFlags::HAS_DICT) {
            descriptors::add_dict_attribute(cx, &class)?;
        }
        if has_weakref && !base_has(ClassFlags::HAS_WEAKREF) {
            descriptors::add_weakref_attribute(cx, &class)?;
        }
        let order = compute_mro(cx, &class, self.metaclass)?;
        {
            let _changes = changing(cx);
            class.mro.set(Some(order.into_value()));
            for base in &base_types {
                base.add_subclass(&class);
            }
        }
        class.note_strangers();
        class.inherit_and_override(cx);
        self.set_names(cx, &class)?;
        self.init_subclass(cx, &class)?;
        Ok(class)
    }

    fn read_slots(
        &self,
        cx: &Context,
        dict: &Ref<Dict>,
        base: &Ref<Type>,
    ) -> PyResult<Option<Slots>> {
        let Some(given) = dict.get_name(cx, Name::intern(cx, "__slots__")?)? else {
            return Ok(None);
        };
        let names: Vec<Value> = if given.downcast::<Str>().is_some() {
            vec![given]
        } else {
            crate::protocols::iterate::collect(cx, &given)?
        };
        let mut slots = Slots::default();
        for name in names {
            let Some(text) = name.downcast::<Str>() else {
                return Err(cx.type_error(format!(
                    "__slots__ items must be strings, not '{}'",
                    name.type_name()
                )));
            };
            if !text.is_identifier() {
                return Err(cx.type_error("__slots__ must be identifiers"));
            }
            match text.to_string().as_str() {
                "__dict__" => {
                    if slots.dict || base.has(ClassFlags::HAS_DICT) {
                        return Err(cx.type_error("__dict__ slot disallowed: we already got one"));
                    }
                    slots.dict = true;
                }
                "__weakref__" => {
                    if slots.weakref || base.has(ClassFlags::HAS_WEAKREF) {
                        return Err(
                            cx.type_error("__weakref__ slot disallowed: we already got one")
                        );
                    }
                    slots.weakref = true;
                }
                plain => {
                    let name = mangle(cx, &self.name.to_string(), plain)?;
                    let allowed = ["__qualname__", "__classcell__", "__classdictcell__"];
                    if !allowed.contains(&plain) && dict.get_name(cx, name)?.is_some() {
                        return Err(cx.value_error(format!(
                            "'{}' in __slots__ conflicts with class variable",
                            name.display()
                        )));
                    }
                    slots.names.push(name);
                }
            }
        }
        let has_items = [
            Tuple::class(),
            Bytes::class(),
            BigInteger::class(),
            Type::class(),
        ];
        if has_items.iter().any(|class| base.is_subclass(class)) && !slots.names.is_empty() {
            return Err(cx.type_error(format!(
                "nonempty __slots__ not supported for subtype of '{}'",
                base.plain_name(cx)
            )));
        }
        slots.names.sort_by_key(|name| name.display());
        Ok(Some(slots))
    }

    fn add_root_shape(
        &self,
        cx: &Context,
        class: &Ref<Type>,
        base: &Ref<Type>,
        dict: &Ref<Dict>,
        has_dict: bool,
        members: u32,
    ) -> PyResult<()> {
        let mut capacity = 0;
        if has_dict && !base.layout.is_variable && !std::ptr::eq(base.layout, Type::LAYOUT) {
            let inherited = base.root_shape();
            let own = match dict.get_name(cx, Name::intern(cx, "__static_attributes__")?)? {
                Some(names) => names
                    .downcast::<Tuple>()
                    .map_or(0, |names| names.len() as u32),
                None => 0,
            };
            capacity = match inherited.capacity {
                0 if own == 0 => DEFAULT_CAPACITY,
                base => (base + own).min(shape::MOST_SLOTS),
            };
        }
        let shape = shape::new_root(&Root {
            class: class.as_ptr(),
            layout: base.layout as &'static Layout,
            kind: Kind::Container,
            members,
            capacity,
            mode: if has_dict { Mode::Slots } else { Mode::NoDict },
        })
        .ok_or_else(|| cx.no_memory())?;
        class.root.store(shape.id, Ordering::Release);
        Ok(())
    }

    /// The namespace becomes the class's attributes, with what a class statement implies.
    fn move_attributes(&self, cx: &Context, class: &Ref<Type>, dict: &Ref<Dict>) -> PyResult<()> {
        let has =
            |name: &str| -> PyResult<Option<Value>> { dict.get_name(cx, Name::intern(cx, name)?) };
        if let Some(qualname) = has("__qualname__")? {
            if qualname.downcast::<Str>().is_none() {
                return Err(cx.type_error(format!(
                    "type __qualname__ must be a str, not {}",
                    qualname.type_name()
                )));
            }
            class.qualname.set(Some(qualname));
            dict.remove_name(cx, Name::intern(cx, "__qualname__")?)?;
        } else {
            class.qualname.set(Some(self.name.to_value()));
        }
        class.dict.update_from(cx, dict)?;
        let set =
            |name: &str, value: Value| class.dict.set_name(cx, Name::intern(cx, name)?, value);
        if has("__module__")?.is_none()
            && let Some(module) = crate::vm::frame::current_module_name(cx)
        {
            set("__module__", module)?;
        }
        match has("__doc__")? {
            None => set("__doc__", Value::NONE)?,
            Some(doc) => {
                if let Some(doc) = doc.downcast::<Str>() {
                    doc.to_utf8(cx)?;
                }
            }
        }
        if let Some(new) = has("__new__")?
            && new
                .downcast::<crate::objects::function::Function>()
                .is_some()
        {
            set("__new__", descriptors::static_method(cx, new)?)?;
        }
        for name in ["__init_subclass__", "__class_getitem__"] {
            if let Some(hook) = has(name)?
                && hook
                    .downcast::<crate::objects::function::Function>()
                    .is_some()
            {
                set(name, descriptors::class_method_of(cx, hook)?)?;
            }
        }
        Ok(())
    }

    fn add_members(
        &self,
        cx: &Context,
        class: &Ref<Type>,
        base: &Ref<Type>,
        names: &[Name],
    ) -> PyResult<()> {
        for (index, name) in names.iter().enumerate() {
            let index = base.members as usize + index;
            class
                .dict
                .set_name(cx, *name, Member::make(cx, class, *name, index)?)?;
        }
        Ok(())
    }

    fn set_names(&self, cx: &Context, class: &Ref<Type>) -> PyResult<()> {
        let hook = Name::intern(cx, "__set_name__")?;
        let mut all_text = true;
        for (key, value) in class.dict.items_snapshot(cx)? {
            all_text &= key.downcast::<Str>().is_some();
            let Some(set_name) = value.class().lookup(cx, hook) else {
                continue;
            };
            let bound = call::bind_special(cx, &set_name, &value)?;
            if let Err(raised) = call::call(cx, &bound, &[class.to_value(), key.clone()]) {
                let note = format!(
                    "Error calling __set_name__ on '{}' instance {} in '{}'",
                    value.type_name(),
                    crate::protocols::text::repr_text(cx, &key).unwrap_or_default(),
                    class.short_name()
                );
                crate::objects::exceptions::add_note_to_raised(cx, &note);
                return Err(raised);
            }
        }
        if !all_text {
            let message = format!(
                "non-string key in the __dict__ of class {}",
                class.short_name()
            );
            crate::warnings::warn_runtime(cx, &message)?;
        }
        Ok(())
    }

    fn init_subclass(&self, cx: &Context, class: &Ref<Type>) -> PyResult<()> {
        let name = Name::intern(cx, "__init_subclass__")?;
        if !class
            .mro_values()
            .iter()
            .any(|other| other.is(class.as_value()))
        {
            // What `mro()` made of the class is not a class derived from itself.
            let own = class.short_name();
            return Err(cx.type_error(format!(
                "super(type, obj): obj (type {own}) is not an instance or subtype of type ({own})."
            )));
        }
        let hook = crate::objects::super_::super_lookup(cx, class, class.as_value(), name)?;
        let values: Vec<Value> = self
            .keywords
            .iter()
            .map(|(_, value)| value.clone())
            .collect();
        let names: Vec<Value> = self.keywords.iter().map(|(name, _)| name.clone()).collect();
        call::call_args(
            cx,
            &hook,
            Args {
                values: &values,
                names: &names,
            },
        )?;
        Ok(())
    }
}

/// Refuses names that the C API could not show.
pub(super) fn check_name(cx: &Context, name: &Ref<Str>) -> PyResult<()> {
    if name.to_utf8(cx)?.contains('\0') {
        return Err(cx.value_error("type name must not contain null characters"));
    }
    Ok(())
}

fn take(cx: &Context, class: &Ref<Type>, name: &str) -> PyResult<Option<Value>> {
    class.dict.remove_name(cx, Name::intern(cx, name)?)
}

/// `__x` in a class body means `_Class__x`.
fn mangle(cx: &Context, class: &str, name: &str) -> PyResult<Name> {
    let class = class.trim_start_matches('_');
    if name.starts_with("__") && !name.ends_with("__") && !class.is_empty() {
        Name::intern(cx, &format!("_{class}{name}"))
    } else {
        Name::intern(cx, name)
    }
}

/// `type.mro()`, or the metaclass's own.
pub(super) fn compute_mro(
    cx: &Context,
    class: &Ref<Type>,
    metaclass: &Ref<Type>,
) -> PyResult<Ref<Tuple>> {
    let name = Name::intern(cx, "mro")?;
    let custom = metaclass
        .lookup(cx, name)
        .filter(|_| !metaclass.is(Type::class()));
    let builtin = Type::class().lookup(cx, name);
    if let Some(custom) = custom
        && builtin.is_none_or(|builtin| !builtin.is(&custom))
    {
        let bound = call::bind_special(cx, &custom, class.as_value())?;
        let order = crate::protocols::iterate::collect(cx, &call::call(cx, &bound, &[])?)?;
        let base_solid = solid(class);
        for entry in &order {
            let Some(entry) = entry.downcast::<Type>() else {
                return Err(cx.type_error(format!(
                    "mro() returned a non-class ('{}')",
                    entry.type_name()
                )));
            };
            if !base_solid.is_subclass(&solid(entry)) && !entry.is(class) {
                return Err(cx.type_error(format!(
                    "mro() returned base with unsuitable layout ('{}')",
                    entry.short_name()
                )));
            }
        }
        return Tuple::from_vec(cx, order);
    }
    default_mro(cx, class)
}

/// Whether `class` is `base` or comes to it going from each class to the base that gave it its layout.
pub(super) fn is_below(class: &Ref<Type>, base: &Ref<Type>) -> bool {
    let mut class = Some(class.clone());
    while let Some(current) = class {
        if current.is(base) {
            return true;
        }
        class = current.base_type();
    }
    false
}

/// The C3 order.
pub(super) fn default_mro(cx: &Context, class: &Ref<Type>) -> PyResult<Ref<Tuple>> {
    let bases: Vec<Ref<Type>> = class
        .bases
        .get_as::<Tuple>()
        .map(|bases| {
            bases
                .as_slice()
                .iter()
                .filter_map(|base| base.downcast::<Type>().cloned())
                .collect()
        })
        .unwrap_or_default();
    if let Some(incomplete) = bases.iter().find(|base| base.mro.get().is_none()) {
        return Err(cx.type_error(format!(
            "Cannot extend an incomplete type '{}'",
            incomplete.short_name()
        )));
    }
    let mut order = vec![class.to_value()];
    order.extend(mro::linearize_bases(cx, &bases)?);
    Tuple::from_vec(cx, order)
}

impl Ref<Type> {
    /// Notes whether the order of resolution names classes that are no bases.
    pub(crate) fn note_strangers(&self) {
        let bases = self.bases.get_as::<Tuple>();
        let bases: Vec<&Ref<Type>> = bases
            .iter()
            .flat_map(|bases| bases.as_slice())
            .filter_map(|base| base.downcast::<Type>())
            .collect();
        let is_known = |class: &Value| {
            class.is(self.as_value())
                || class
                    .downcast::<Type>()
                    .is_some_and(|class| bases.iter().any(|base| base.is_subclass(class)))
        };
        let inherited = bases.iter().any(|base| base.has(ClassFlags::UNCACHED));
        let strange = inherited || !self.mro_values().iter().all(is_known);
        self.set_flags(ClassFlags::UNCACHED, strange);
    }

    /// Fills the slots of a class made at run time: those that special methods in its own dict or in
    /// a base ask for, the rest from the bases in order of resolution.
    pub(crate) fn inherit_and_override(&self, cx: &Context) {
        for class in self.mro_values().iter().skip(1) {
            if let Some(class) = class.downcast::<Type>() {
                self.slots.inherit_from(&class.slots);
            }
        }
        crate::slot_dispatch::update_all(cx, self);
        self.refresh_finalizer();
    }
}

/// Whether `field` of the class can be replaced by `bases` without changing its layout.
pub(super) fn same_layout(class: &Ref<Type>, base: &Ref<Type>) -> bool {
    solid(class).is(&solid(base))
        || std::ptr::eq(class.layout, base.layout) && class.members == base.members
}
