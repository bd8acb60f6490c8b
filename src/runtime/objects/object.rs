//! `object`: the class that every class is derived from.
//!
//! Its instances are a bare header, 16 bytes; instances of Python classes derived from it alone have
//! their attributes right behind the header.

use std::collections::HashMap;
use std::sync::LazyLock;

use parking_lot::Mutex;
use typhon_compiler::code::CodeFlags;
use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::class::{ClassFlags, MethodTable};
use crate::context::Context;
use crate::error::PyResult;
use crate::guarded::HeldValue;
use crate::instance;
use crate::object::{self, Payload, Ref};
use crate::objects::descriptors::Member;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::list::List;
use crate::objects::module::Module;
use crate::objects::str_::{Name, Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::{self, Type};
use crate::protocols::{attribute, call, hash, iterate, text};
use crate::shape::{self, Mode, Root, Shape};
use crate::slots::Comparison;
use crate::value::Value;

/// The payload of plain objects: nothing.
#[pyclass(
    name = "object",
    plain,
    flags(BASETYPE),
    signature = "()",
    doc = "The base class of the class hierarchy.\n\nWhen called, it accepts no arguments and returns a new featureless\ninstance that has no instance attributes and cannot be given any.\n"
)]
pub struct BareObject;

const _: () = assert!(size_of::<object::Object<BareObject>>() == 16);

/// The class `object`.
#[inline(always)]
pub fn class() -> &'static Ref<Type> {
    <BareObject as crate::object::Payload>::class()
}

/// Attribute look-up is the functions themselves, so that inline caches can tell who uses them.
static ATTRIBUTE_SLOTS: MethodTable = MethodTable {
    entries: &[],
    fill: |slots| {
        slots.get_attribute.set(Some(attribute::generic_get));
        slots.set_attribute.set(Some(attribute::generic_set));
    },
};

/// A new instance of a class that adds no payload to `object`.
///
/// # Errors
/// TypeError when it does; MemoryError.
#[inline]
pub fn instance(cx: &Context, class: &Ref<Type>) -> PyResult<Value> {
    if !std::ptr::eq(class.layout, BareObject::LAYOUT)
        || class.has(ClassFlags::DISALLOW_INSTANTIATION)
    {
        return Err(cx.type_error(format!("cannot create '{}' instances", class.full_name(cx))));
    }
    object::new_of_class(cx, class, BareObject).map(Ref::into_value)
}

#[cold]
fn refuse_abstract(cx: &Context, class: &Ref<Type>) -> PyResult<()> {
    let name = names::dunder_abstractmethods();
    let methods = attribute::get(cx, class.as_value(), name)?;
    let mut shown = Vec::new();
    for method in iterate::collect(cx, &methods)? {
        shown.push(text::str(cx, &method)?.to_string());
    }
    shown.sort();
    let plural = if shown.len() == 1 { "" } else { "s" };
    Err(cx.type_error(format!(
        "Can't instantiate abstract class {} without an implementation for abstract method{plural} '{}'",
        class.short_name(),
        shown.join("', '")
    )))
}

#[pymethods(tables(ATTRIBUTE_SLOTS))]
impl BareObject {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.is_empty() {
            let own = &self::class().slots;
            if class.slots.new.word() != own.new.word() {
                return Err(cx.type_error(
                    "object.__new__() takes exactly one argument (the type to instantiate)",
                ));
            }
            if class.slots.init.word() == own.init.word() {
                return Err(cx.type_error(format!("{}() takes no arguments", class.short_name())));
            }
        }
        if class.has(ClassFlags::IS_ABSTRACT) {
            refuse_abstract(cx, class)?;
        }
        instance(cx, class)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        if args.is_empty() {
            return Ok(());
        }
        let own = &self::class().slots;
        let class = this.class();
        if class.slots.init.word() != own.init.word() {
            return Err(cx.type_error(
                "object.__init__() takes exactly one argument (the instance to initialize)",
            ));
        }
        if class.slots.new.word() == own.new.word() {
            return Err(cx.type_error(format!(
                "{}.__init__() takes exactly one argument (the instance to initialize)",
                class.short_name()
            )));
        }
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
        let text = format!(
            "<{} object at {:#x}>",
            this.class().full_name(cx),
            this.bits()
        );
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Value) -> PyResult<Value> {
        match this.class().slots.repr.get() {
            Some(repr) => repr(cx, this),
            None => BareObject::repr(cx, this),
        }
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Value) -> PyResult<i64> {
        Ok(hash::hash_pointer(this))
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Value,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        match comparison {
            Comparison::Equal if this.is(other) => Ok(Value::TRUE),
            Comparison::NotEqual => {
                // By default `!=` is the opposite of the class's own `==`.
                let Some(compare) = this.class().slots.compare.get() else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                let equal = compare(cx, this, other, Comparison::Equal)?;
                if equal.is_not_implemented() {
                    return Ok(equal);
                }
                Ok(Value::from_bool(!equal.truth(cx)?))
            }
            _ => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    /// the object's class
    #[getter("__class__")]
    fn class(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.class().to_value())
    }

    #[setter("__class__")]
    fn assign_class(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
        set_class(cx, this, value)
    }

    /// Default dir() implementation.
    #[method("__dir__(self, /)")]
    fn dir(cx: &Context, this: &Value) -> PyResult<Ref<List>> {
        let found = Dict::new(cx)?;
        if let Some(own) = attribute::find(cx, this, names::dunder_dict())?
            && let Some(own) = own.downcast::<Dict>()
        {
            found.update_from(cx, own)?;
        }
        if let Some(class) = attribute::find(cx, this, names::dunder_class())? {
            merge_class_attributes(cx, &found, &class)?;
        }
        List::from_values(cx, found.keys_snapshot(cx)?)
    }

    /// Default object formatter.
    ///
    /// Return str(self) if format_spec is empty. Raise TypeError otherwise.
    #[method("__format__(self, format_spec, /)")]
    fn format(cx: &Context, this: &Value, format_spec: &Ref<Str>) -> PyResult<Ref<Str>> {
        if !format_spec.is_empty() {
            return Err(cx.type_error(format!(
                "unsupported format string passed to {}.__format__",
                this.type_name()
            )));
        }
        text::str(cx, this)
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Value) -> PyResult<Value> {
        common_reduce(cx, this, 0)
    }

    /// Helper for pickle.
    #[method("__reduce_ex__(self, protocol, /)")]
    fn reduce_ex(cx: &Context, this: &Value, protocol: i32) -> PyResult<Value> {
        let name = names::dunder_reduce();
        let own = this.class().lookup(cx, name);
        let plain = self::class().lookup(cx, name);
        let overridden = match (&own, &plain) {
            (Some(own), Some(plain)) => !own.is(plain),
            _ => false,
        };
        if overridden {
            let reduce = attribute::get(cx, this, name)?;
            return call::call(cx, &reduce, &[]);
        }
        common_reduce(cx, this, protocol)
    }

    /// Helper for pickle.
    #[method("__getstate__(self, /)")]
    fn getstate(cx: &Context, this: &Value) -> PyResult<Value> {
        default_state(cx, this, false)
    }

    /// Size of object in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Value) -> PyResult<usize> {
        Ok(memory_size(this))
    }

    /// This method is called when a class is subclassed.
    ///
    /// The default implementation does nothing. It may be
    /// overridden to extend subclasses.
    #[classmethod("__init_subclass__(cls, /)")]
    fn init_subclass(_cx: &Context, _class: &Value) -> PyResult<()> {
        Ok(())
    }

    /// Abstract classes can override this to customize issubclass().
    ///
    /// This is invoked early on by abc.ABCMeta.__subclasscheck__().
    /// It should return True, False or NotImplemented.  If it returns
    /// NotImplemented, the normal algorithm is used.  Otherwise, it
    /// overrides the normal algorithm (and the outcome is cached).
    #[classmethod("__subclasshook__(cls, object, /)")]
    fn subclasshook(_cx: &Context, _class: &Value, _object: &Value) -> PyResult<Value> {
        Ok(Value::NOT_IMPLEMENTED)
    }
}

/// Bytes of an object, without what it refers to.
pub fn memory_size(object: &Value) -> usize {
    let Some(pointer) = object.as_pointer() else {
        return size_of::<Value>();
    };
    let shape = shape::get(object.shape_id());
    // SAFETY: `object` keeps the payload alive, and its shape names its layout.
    let extra = unsafe { (shape.layout.variable_size)(pointer) };
    shape.instance_size(extra)
}

/// Adds the attributes of `class` and its bases to the dict `found`.
fn merge_class_attributes(cx: &Context, found: &Ref<Dict>, class: &Value) -> PyResult<()> {
    if let Some(class) = class.downcast::<Type>() {
        for class in class.mro_values() {
            if let Some(class) = class.downcast::<Type>() {
                found.update_from(cx, &class.dict)?;
            }
        }
        return Ok(());
    }
    if let Some(own) = attribute::find(cx, class, names::dunder_dict())?
        && let Some(own) = own.downcast::<Dict>()
    {
        found.update_from(cx, own)?;
    }
    if let Some(bases) = attribute::find(cx, class, names::dunder_bases())?
        && let Some(bases) = bases.downcast::<Tuple>()
    {
        for base in bases.as_slice() {
            cx.nested(" in __dir__", || merge_class_attributes(cx, found, base))?;
        }
    }
    Ok(())
}

/// The new instance and the Python function that initializes it, when calling `class` with `count`
/// arguments comes down to just that. `None`: the call has to go the general way.
///
/// # Errors
/// MemoryError.
#[inline(always)]
pub fn instance_to_initialize(
    cx: &Context,
    class: &Ref<Type>,
    count: usize,
) -> PyResult<Option<(Value, Ref<Function>)>> {
    if class.slots.new.word() != self::class().slots.new.word() {
        return Ok(None);
    }
    plain_instance_to_initialize(cx, class, count)
}

/// [`instance_to_initialize`] of a class with the `__new__` of `object`.
#[inline(never)]
fn plain_instance_to_initialize(
    cx: &Context,
    class: &Ref<Type>,
    count: usize,
) -> PyResult<Option<(Value, Ref<Function>)>> {
    let own = &self::class().slots;
    if class.slots.init.word() == own.init.word()
        || class.has(ClassFlags::IS_ABSTRACT)
        || !class.class_of().is(Type::class())
    {
        return Ok(None);
    }
    let Some(found) = class.lookup(cx, names::dunder_init()) else {
        return Ok(None);
    };
    let Ok(init) = found.into_ref::<Function>() else {
        return Ok(None);
    };
    let code = init.code();
    let fits = code.is_simple
        && code.arg_count as usize == count + 1
        && !code.compiled.flags.intersects(GENERATORS);
    if !fits {
        return Ok(None);
    }
    let instance = instance(cx, class)?;
    Ok(Some((instance, init)))
}

/// Code whose calls make a generator or a coroutine.
const GENERATORS: CodeFlags = CodeFlags::GENERATOR
    .union(CodeFlags::COROUTINE)
    .union(CodeFlags::ASYNC_GENERATOR);

/// Shapes of instances that came from another class: by new class, layout and room for attributes.
static ADOPTED: LazyLock<Mutex<HashMap<(usize, usize, u32, u32), u32>>> =
    LazyLock::new(Mutex::default);

/// The shape for instances of `class` in memory that has the capacity of `old`.
fn adopting_shape(cx: &Context, class: &Ref<Type>, old: &Shape) -> PyResult<&'static Shape> {
    if old.mode == Mode::NoDict {
        return Ok(class.root_shape());
    }
    let layout = std::ptr::from_ref(old.layout) as usize;
    let key = (
        class.as_ptr().as_ptr() as usize,
        layout,
        old.members,
        old.capacity,
    );
    let mut adopted = ADOPTED.lock();
    let shape = match adopted.get(&key) {
        Some(&id) => shape::get(id),
        None => {
            let root = Root {
                class: class.as_ptr(),
                layout: old.layout,
                kind: old.kind,
                members: old.members,
                capacity: old.capacity,
                mode: Mode::Dict,
            };
            let shape = shape::new_root(&root).ok_or_else(|| cx.no_memory())?;
            adopted.insert(key, shape.id);
            shape
        }
    };
    shape.set_has_finalizer(class.slots.finalize.get().is_some());
    Ok(shape)
}

/// The members that `__slots__` of a class and its bases name, by place.
fn member_names(class: &Ref<Type>) -> Vec<(usize, usize)> {
    let mut names: Vec<(usize, usize)> = Vec::new();
    for base in class
        .mro_values()
        .iter()
        .filter_map(|base| base.downcast::<Type>())
    {
        for (_, value, _) in base.dict.entries_snapshot() {
            if let Some(member) = value.downcast_exact::<Member>()
                && member.class.is(base)
                && let Some(position) = member.position()
            {
                names.push((position, member.name.address()));
            }
        }
    }
    names.sort_unstable();
    names
}

/// `object.__class__ = value`.
///
/// # Errors
/// TypeError when the value is no class, or instances of it look different.
fn set_class(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(cx.type_error("can't delete __class__ attribute"));
    };
    let Some(new) = value.downcast::<Type>() else {
        return Err(cx.type_error(format!(
            "__class__ must be set to a class, not '{}' object",
            value.type_name()
        )));
    };
    crate::audit::event(cx, "object.__setattr__", || {
        let name = names::dunder_class().to_value();
        Ok(vec![this.clone(), name, value.clone()])
    })?;
    let old = this.class().clone();
    let are_modules = new.is_subclass(Module::class()) && old.is_subclass(Module::class());
    let changeable = |class: &Ref<Type>| !class.has(ClassFlags::IMMUTABLE);
    if !are_modules && !(changeable(new) && changeable(&old)) {
        return Err(cx.type_error(
            "__class__ assignment only supported for mutable types or ModuleType subclasses",
        ));
    }
    let solids = [type_::solid(new), type_::solid(&old)];
    let same_base = match solids.each_ref().map(|solid| solid.base_type()) {
        [Some(new), Some(old)] => new.is(&old),
        _ => false,
    };
    let same_layout = std::ptr::eq(new.layout, old.layout)
        && new.members == old.members
        && (solids[0].is(&solids[1]) || same_base)
        && new.has(ClassFlags::HAS_DICT) == old.has(ClassFlags::HAS_DICT)
        && new.has(ClassFlags::HAS_WEAKREF) == old.has(ClassFlags::HAS_WEAKREF)
        && (new.members == 0 || member_names(new) == member_names(&old));
    if !same_layout {
        return Err(cx.type_error(format!(
            "__class__ assignment: '{}' object layout differs from '{}'",
            new.short_name(),
            old.short_name()
        )));
    }
    let Some(header) = this.header() else {
        return Err(cx.type_error(
            "__class__ assignment only supported for mutable types or ModuleType subclasses",
        ));
    };
    loop {
        // Slots are named by the old class's shapes; in dict mode nothing is.
        instance::dict(cx, this)?;
        let before = shape::get(header.shape());
        let after = adopting_shape(cx, new, before)?;
        let held = HeldValue::lock(this);
        let unchanged = header.shape() == before.id;
        if unchanged {
            header.set_shape(after.id);
        }
        drop(held);
        if unchanged {
            return Ok(());
        }
    }
}

fn copyreg(cx: &Context, function: &str) -> PyResult<Value> {
    let module = crate::import::import_module(cx, "copyreg")?;
    attribute::get(cx, &module, Name::intern(cx, function)?)
}

/// `__reduce_ex__` of objects whose class does not say how to pickle them.
fn common_reduce(cx: &Context, this: &Value, protocol: i32) -> PyResult<Value> {
    if protocol >= 2 {
        return reduce_newobj(cx, this);
    }
    let reduce = copyreg(cx, "_reduce_ex")?;
    call::call(
        cx,
        &reduce,
        &[
            this.clone(),
            crate::objects::int::from_i64(cx, protocol.into())?,
        ],
    )
}

fn expect_tuple(cx: &Context, value: &Value, method: &str) -> PyResult<Ref<Tuple>> {
    value.downcast::<Tuple>().cloned().ok_or_else(|| {
        cx.type_error(format!(
            "{method} should return a tuple, not '{}'",
            value.type_name()
        ))
    })
}

/// Arguments for `__new__` when the object is unpickled: positional and keywords.
fn new_arguments(cx: &Context, this: &Value) -> PyResult<(Option<Ref<Tuple>>, Option<Ref<Dict>>)> {
    if let Some(both) = call::call_special(cx, this, names::dunder_getnewargs_ex(), &[])? {
        let both = expect_tuple(cx, &both, "__getnewargs_ex__")?;
        let [args, keywords] = both.as_slice() else {
            return Err(cx.value_error(format!(
                "__getnewargs_ex__ should return a tuple of length 2, not {}",
                both.len()
            )));
        };
        let wrong = |which: &str, wanted: &str, got: &Value| {
            cx.type_error(format!(
                "{which} item of the tuple returned by __getnewargs_ex__ must be a {wanted}, not '{}'",
                got.type_name()
            ))
        };
        let args = args
            .downcast::<Tuple>()
            .ok_or_else(|| wrong("first", "tuple", args))?;
        let keywords = keywords
            .downcast::<Dict>()
            .ok_or_else(|| wrong("second", "dict", keywords))?;
        return Ok((Some(args.clone()), Some(keywords.clone())));
    }
    if let Some(args) = call::call_special(cx, this, names::dunder_getnewargs(), &[])? {
        return Ok((Some(expect_tuple(cx, &args, "__getnewargs__")?), None));
    }
    Ok((None, None))
}

fn reduce_newobj(cx: &Context, this: &Value) -> PyResult<Value> {
    let class = this.class();
    if class.slots.new.get().is_none() || class.has(ClassFlags::DISALLOW_INSTANTIATION) {
        return Err(cx.type_error(format!("cannot pickle '{}' object", this.type_name())));
    }
    let (args, keywords) = new_arguments(cx, this)?;
    let has_arguments = args.is_some();
    let positional = args.map(|args| args.to_vec()).unwrap_or_default();
    let (function, arguments) = match keywords.filter(|keywords| !keywords.is_empty()) {
        None => {
            let mut arguments = vec![class.to_value()];
            arguments.extend(positional);
            (copyreg(cx, "__newobj__")?, arguments)
        }
        Some(keywords) => {
            let positional = Tuple::from_vec(cx, positional)?.into_value();
            let arguments = vec![class.to_value(), positional, keywords.into_value()];
            (copyreg(cx, "__newobj_ex__")?, arguments)
        }
    };
    let is_list = this.downcast::<List>().is_some();
    let is_dict = this.downcast::<Dict>().is_some();
    let state = state_of(cx, this, !(has_arguments || is_list || is_dict))?;
    let list_items = if is_list {
        iterate::iter(cx, this)?
    } else {
        Value::NONE
    };
    let dict_items = if is_dict {
        let items = call::call_method(cx, this, names::items(), &[])?;
        iterate::iter(cx, &items)?
    } else {
        Value::NONE
    };
    let arguments = Tuple::from_vec(cx, arguments)?.into_value();
    Tuple::from_vec(cx, vec![function, arguments, state, list_items, dict_items])
        .map(Ref::into_value)
}

/// The attributes of an object that `__reduce_ex__` reduces, from protocol 2 on, to
/// `copyreg.__newobj__(class)` with its `__dict__` as state, while that dict need not exist: they are in
/// slots. `None` for all other objects. No Python code runs.
///
/// # Errors
/// MemoryError.
pub fn plain_state(cx: &Context, this: &Value) -> PyResult<Option<Vec<(Name, Value)>>> {
    let (class, plain) = (this.class(), self::class());
    let hooks = [
        names::dunder_reduce_ex(),
        names::dunder_reduce(),
        names::dunder_getstate(),
        names::dunder_getnewargs(),
        names::dunder_getnewargs_ex(),
        names::dunder_class(),
    ];
    let is_inherited = |name: &Name| match (class.lookup(cx, *name), plain.lookup(cx, *name)) {
        (Some(own), Some(plain)) => own.is(&plain),
        (None, None) => true,
        _ => false,
    };
    let is_plain = class.has(ClassFlags::HEAPTYPE)
        && !class.has(ClassFlags::DISALLOW_INSTANTIATION)
        && std::ptr::eq(class.layout, BareObject::LAYOUT)
        && class.slots.get_attribute.word() == plain.slots.get_attribute.word()
        && hooks.iter().all(is_inherited);
    if !is_plain {
        return Ok(None);
    }
    // What `copyreg._slotnames` has found out, if it was asked already.
    let slot_names = class.dict.get_name(cx, names::dunder_slotnames())?;
    let has_none = slot_names
        .as_ref()
        .and_then(|names| names.downcast::<List>())
        .is_some_and(|names| names.is_empty());
    if !has_none {
        return Ok(None);
    }
    // An attribute of the object may stand before a method of its class.
    Ok(instance::attributes_in_slots(this).filter(|attributes| {
        let mut names = attributes.iter().map(|(name, _)| name);
        !names.any(|name| hooks.iter().any(|hook| hook.is(name)))
    }))
}

/// `__getstate__()`, the default one with the check that nothing is lost.
pub(crate) fn state_of(cx: &Context, this: &Value, required: bool) -> PyResult<Value> {
    let name = names::dunder_getstate();
    let own = this.class().lookup(cx, name);
    let is_default = match (&own, self::class().lookup(cx, name)) {
        (Some(own), Some(default)) => own.is(&default),
        _ => false,
    };
    if is_default && instance::get(cx, this, name)?.is_none() {
        return default_state(cx, this, required);
    }
    let getstate = attribute::get(cx, this, name)?;
    call::call(cx, &getstate, &[])
}

/// `object.__getstate__`: the `__dict__`, and what is in `__slots__`.
fn default_state(cx: &Context, this: &Value, required: bool) -> PyResult<Value> {
    let class = this.class();
    // `tzinfo` and its like have a layout of their own, with nothing in it.
    let has_payload = class.layout.size > BareObject::LAYOUT.size;
    if required && (class.layout.is_variable || has_payload) {
        return Err(cx.type_error(format!("cannot pickle '{}' object", this.type_name())));
    }
    let state = match instance::dict(cx, this)?.filter(|dict| !dict.is_empty()) {
        Some(dict) => dict.into_value(),
        None => Value::NONE,
    };
    let slot_names = slot_names(cx, class)?;
    if slot_names.is_empty() {
        return Ok(state);
    }
    let slots = Dict::new(cx)?;
    for name in slot_names {
        let Some(text) = name.downcast::<Str>() else {
            continue;
        };
        if let Some(value) = attribute::find(cx, this, Name::from_string(text))? {
            slots.set_item(cx, &name, value)?;
        }
    }
    if slots.is_empty() {
        return Ok(state);
    }
    Tuple::from_vec(cx, vec![state, slots.into_value()]).map(Ref::into_value)
}

/// `copyreg._slotnames(class)`, or what it left in `__slotnames__`.
fn slot_names(cx: &Context, class: &Ref<Type>) -> PyResult<Vec<Value>> {
    if !class.has(ClassFlags::HEAPTYPE) {
        return Ok(Vec::new());
    }
    let known = class.dict.get_name(cx, names::dunder_slotnames())?;
    let found = match known {
        Some(known) => known,
        None => {
            let function = copyreg(cx, "_slotnames")?;
            call::call(cx, &function, &[class.to_value()])?
        }
    };
    if found.is_none() {
        return Ok(Vec::new());
    }
    if found.downcast::<List>().is_none() {
        return Err(cx.type_error("copyreg._slotnames didn't return a list or None"));
    }
    iterate::collect(cx, &found)
}
