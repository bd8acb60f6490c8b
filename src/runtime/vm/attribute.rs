//! `LOAD_ATTR`, `STORE_ATTR` and `LOAD_GLOBAL` with their inline caches.
//!
//! The `_fast` functions go by the cache alone and give up at the slightest doubt; the others do the
//! look-up and fill the cache when its result can be guarded.

use std::ptr::NonNull;

use typhon_sync::Header;

use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::guarded::HeldValue;
use crate::instance;
use crate::object::Ref;
use crate::objects::descriptors::{
    Get, GetSet, Member, Property, class_method_function, static_method_function,
};
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::int::BigInteger;
use crate::objects::module::Module;
use crate::objects::str_::{Name, Str};
use crate::objects::type_::{Type, type_get_attribute};
use crate::protocols::attribute;
use crate::shape::{self, Mode};
use crate::value::Value;
use crate::vm::cache::{self, Entry, EntryKind, InlineCache, Packed};
use crate::vm::frame::Frame;
use crate::vm::{instructions, uncounted};

/// The object's field that a packed cache names.
#[inline(always)]
fn cached_field<'a>(pointer: NonNull<Header>, words: usize) -> &'a crate::field::Field {
    // SAFETY: the cache was filled from a shape that has a field there, and the shape is the same.
    unsafe { instance::field_at(pointer, words * 8) }
}

/// The attribute, by the cache alone.
#[inline(always)]
pub fn load_fast(owner: &Value, cache: &InlineCache, name: Name) -> Option<Value> {
    let word = cache.word();
    let pointer = owner.as_pointer()?;
    // SAFETY: `owner` keeps the object alive.
    let header = unsafe { pointer.as_ref() };
    let shape = header.shape();
    if let Some(words) = cache::unpack_shape(word, Packed::Field, shape) {
        return cached_field(pointer, words).get_with(header);
    }
    load_other(owner, header, shape, word, name)
}

fn load_other(owner: &Value, header: &Header, shape: u32, word: u64, name: Name) -> Option<Value> {
    // SAFETY: the word was loaded just now, and no safepoint follows before the entries' last use.
    for entry in unsafe { cache::entries(word) } {
        match entry.kind {
            EntryKind::Field if entry.shape == shape && entry.in_epoch() => {
                return cached_field(owner.as_pointer()?, entry.offset as usize).get_with(header);
            }
            EntryKind::ClassAttribute
                if entry.class as u64 == owner.bits()
                    // SAFETY: the owner is that class.
                    && unsafe { entry.is_valid() } =>
            {
                // SAFETY: as above.
                return unsafe { class_attribute(entry, name) };
            }
            EntryKind::Plain
                if entry.shape == shape
                    && !entry.check_dict
                    // SAFETY: the owner's class is the entry's.
                    && unsafe { entry.is_valid() } =>
            {
                // SAFETY: as above.
                return unsafe { class_attribute(entry, name) };
            }
            _ => {}
        }
    }
    if let Some(index) = cache::unpack_shape(word, Packed::DictEntry, shape) {
        return instance::existing_dict(owner, header)?.get_at(index, name);
    }
    if let Some(index) = cache::unpack_shape(word, Packed::ModuleEntry, shape) {
        return owner.downcast::<Module>()?.dict.get_at(index, name);
    }
    None
}

/// The attribute of a class that `entry` is for.
///
/// # Safety
/// As [`Entry::is_valid`].
#[inline(always)]
unsafe fn class_attribute(entry: &Entry, name: Name) -> Option<Value> {
    // SAFETY: by the caller's promise.
    match unsafe { entry.dict() } {
        Some(dict) => dict.get_at(entry.offset as usize, name),
        None => Some(entry.value.clone()),
    }
}

/// [`load_method`] by the cache alone.
#[inline(always)]
pub(super) fn load_method_fast(
    owner: &Value,
    cache: &InlineCache,
    name: Name,
) -> Option<(u64, This)> {
    let word = cache.word();
    // SAFETY: the word was loaded just now, and no safepoint follows before the entry's last use.
    if let Some(entry) = unsafe { cache::entries(word) }.next()
        // SAFETY: as above.
        && unsafe { is_method(owner, entry, name) }
    {
        return Some((uncounted::callable(&entry.value), This::Owner));
    }
    load_other_method(owner, cache, name, word)
}

/// Is that what `entry` says the attribute of `owner` is: a method, called with it in front?
///
/// # Safety
/// As [`cache::entries`].
#[inline(always)]
unsafe fn is_method(owner: &Value, entry: &Entry, name: Name) -> bool {
    entry.kind == EntryKind::Method
        && owner.shape_id_or_tag() == entry.shape
        // SAFETY: the owner's class is the entry's.
        && unsafe { entry.is_valid() }
        && (!entry.check_dict || !instance::dict_has(owner, name))
}

/// The entry that `word`, loaded since the last safepoint, has for a data descriptor of the owner's class.
#[inline(always)]
fn cached_descriptor(owner: &Value, word: u64) -> Option<&Entry> {
    let shape = owner.shape_id_or_tag();
    // SAFETY: the caller uses the entry before the next safepoint.
    unsafe { cache::entries(word) }.find(|entry| {
        let kind = entry.kind;
        matches!(kind, EntryKind::Property | EntryKind::GetSet | EntryKind::Descriptor)
            && entry.shape == shape
            // SAFETY: the owner's class is the entry's.
            && unsafe { entry.is_valid() }
    })
}

/// How the attribute is got that a data descriptor of the owner's class stands for.
pub(super) enum Getter {
    /// By a call of a Python function of one argument: a word for the place of a callable.
    Simple(u64),
    /// By a native function.
    Native(Get),
    /// By a call of whatever a property has.
    Other(Value),
    /// By this descriptor of a native class.
    Descriptor(Value),
}

impl Getter {
    /// What it gets.
    ///
    /// # Errors
    /// What the getter raises.
    pub(super) fn get(self, cx: &Context, owner: &Value) -> PyResult<Value> {
        match self {
            Getter::Native(get) => get(cx, owner),
            Getter::Other(getter) => {
                crate::protocols::call::call(cx, &getter, std::slice::from_ref(owner))
            }
            Getter::Descriptor(descriptor) => {
                let class = owner.class().as_value();
                let get = descriptor.class().slots.descriptor_get.get();
                get.expect("invariant: native classes keep their slots")(
                    cx,
                    &descriptor,
                    Some(owner),
                    Some(class),
                )
            }
            Getter::Simple(_) => unreachable!("invariant: it is entered"),
        }
    }
}

/// The getter of the attribute, by the cache alone. Simple ones are told apart if they can be `entered`.
#[inline(never)]
pub(super) fn getter_fast(owner: &Value, cache: &InlineCache, entered: bool) -> Option<Getter> {
    let entry = cached_descriptor(owner, cache.word())?;
    if let Some(descriptor) = entry.value.downcast_exact::<GetSet>() {
        return Some(Getter::Native(descriptor.get));
    }
    if entry.kind == EntryKind::Descriptor {
        return Some(Getter::Descriptor(entry.value.clone()));
    }
    match simple_getter_of(entry).filter(|_| entered) {
        Some(getter) => Some(Getter::Simple(getter)),
        None => Some(Getter::Other(entry.value.clone())),
    }
}

/// The getter of the attribute, by the cache alone, if it is one that the loop can enter.
#[inline(never)]
pub(super) fn simple_getter(owner: &Value, cache: &InlineCache) -> Option<u64> {
    simple_getter_of(cached_descriptor(owner, cache.word())?)
}

/// The word for the place of a callable that is the Python function of one argument which gets what
/// `entry` is for.
#[inline(always)]
fn simple_getter_of(entry: &Entry) -> Option<u64> {
    let code = entry.value.downcast_exact::<Function>()?.code();
    (code.is_simple && code.arg_count == 1).then(|| uncounted::callable(&entry.value))
}

/// The attribute; fills the cache.
///
/// # Errors
/// As `getattr`.
#[inline(never)]
pub fn load(cx: &Context, owner: &Value, cache: &InlineCache, name: Name) -> PyResult<Value> {
    if let Some((value, word)) = recent::load(owner, name) {
        if cache::may_fill(cache) {
            cache::add_field(cache, word);
        }
        return Ok(value);
    }
    fill_load(cx, owner, cache, name, false);
    attribute::get(cx, owner, name)
}

/// The attribute, not bound where that saves making a bound method, as a word for the place of a callable
/// on the operand stack, and what is to be called with it; fills the cache.
///
/// # Errors
/// As `getattr`.
#[inline(never)]
pub(super) fn load_method(
    cx: &Context,
    owner: &Value,
    cache: &InlineCache,
    name: Name,
) -> PyResult<(u64, This)> {
    fill_load(cx, owner, cache, name, true);
    let class = owner.class();
    if attribute::is_generic(class)
        && let Some(found) = class.lookup(cx, name)
        && found.class().has(ClassFlags::METHOD_DESCRIPTOR)
        && instance::get(cx, owner, name)?.is_none()
    {
        return Ok((uncounted::callable(&found), This::Owner));
    }
    attribute::get(cx, owner, name).map(|value| (value.into_bits(), This::Nothing))
}

fn fill_load(cx: &Context, owner: &Value, cache: &InlineCache, name: Name, method: bool) {
    if !cache::may_fill(cache) {
        return;
    }
    let class = owner.class();
    // A module's shape is not that of a new one: its dict is at work.
    if let Some(module) = owner.downcast_directly::<Module>() {
        if class.lookup(cx, name).is_none()
            && let Some(index) = module.dict.find_name(name)
        {
            let word = cache::pack_shape(Packed::ModuleEntry, owner.shape_id(), index);
            cache::fill(cache, word);
        }
        return;
    }
    if let Some(this) = owner.downcast::<Type>() {
        fill_class_load(cx, this, cache, name, method);
        return;
    }
    if !attribute::is_generic(class) {
        return;
    }
    let version = class.version_or_new();
    let found = class.lookup(cx, name);
    let shape_id = owner.shape_id_or_tag();
    let entry = |kind, value, check_dict| Entry {
        check_dict,
        ..Entry::new(kind, shape_id, class, version, value)
    };
    if let Some(found) = &found
        && found.class().slots.descriptor_set.get().is_some()
    {
        if let Some(member) = found.downcast_exact::<Member>() {
            if member.belongs_to(class)
                && let Some(offset) = member.word_offset()
                && let Some(word) = cache::pack_shape(Packed::Field, shape_id, offset / 8)
            {
                cache::fill_field(cache, word);
            }
        } else if let Some(property) = found.downcast_exact::<Property>()
            && version != 0
            && owner.is_object()
            && let Some(getter) = property.getter()
        {
            cache::fill_entry(cache, entry(EntryKind::Property, getter, false));
        } else if is_native_getter(found, class) && version != 0 && owner.is_object() {
            cache::fill_entry(cache, entry(EntryKind::GetSet, found.clone(), false));
        } else if found.class().header().is_immortal()
            && found.class().slots.descriptor_get.get().is_some()
            && version != 0
            && owner.is_object()
        {
            cache::fill_entry(cache, entry(EntryKind::Descriptor, found.clone(), false));
        }
        return;
    }
    let mut check_dict = false;
    if owner.is_object() {
        let shape = shape::get(owner.shape_id());
        match shape.mode {
            Mode::Slots => {
                if let Some(slot) = shape.slot(name) {
                    let words = shape.slots_offset() / 8 + slot;
                    if let Some(word) = cache::pack_shape(Packed::Field, shape.id, words) {
                        recent::note(name, shape.id, word);
                        cache::fill_field(cache, word);
                    }
                    return;
                }
            }
            Mode::Dict => {
                check_dict = true;
                let header = owner.header().expect("invariant: an object");
                if let Some(index) =
                    instance::existing_dict(owner, header).and_then(|dict| dict.find_name(name))
                {
                    cache::fill(cache, cache::pack_shape(Packed::DictEntry, shape.id, index));
                    return;
                }
            }
            Mode::NoDict => {}
        }
    }
    let Some(found) = found.filter(|_| version != 0) else {
        return;
    };
    if found.class().has(ClassFlags::METHOD_DESCRIPTOR) {
        if method {
            cache::fill_entry(cache, entry(EntryKind::Method, found, check_dict));
        }
    } else if let Some(function) = static_method_function(&found) {
        if owner.is_object() {
            cache::fill_entry(cache, entry(EntryKind::Plain, function, check_dict));
        }
    } else if method
        && owner.is_object()
        && let Some(function) = class_method_function(&found)
    {
        cache::fill_entry(cache, entry(EntryKind::ClassMethod, function, check_dict));
    } else if owner.is_object() && found.class().slots.descriptor_get.get().is_none() {
        fill_attribute(
            cx,
            cache,
            class,
            name,
            entry(EntryKind::Plain, found, check_dict),
        );
    }
}

/// Puts an attribute of `class` into the cache; the value itself only if it holds nothing that the program
/// may want to let go of.
fn fill_attribute(
    cx: &Context,
    cache: &InlineCache,
    class: &Ref<Type>,
    name: Name,
    mut entry: Entry,
) {
    let lets_go_of_nothing = entry.value.header().is_none_or(Header::is_immortal)
        || entry.value.is_exact::<Function>()
        || entry.value.is_exact::<Str>()
        || entry.value.is_exact::<BigInteger>();
    if !lets_go_of_nothing {
        let Some((_, owner)) = class.lookup_with_owner(cx, name) else {
            return;
        };
        let Some(index) = owner.dict.find_name(name) else {
            return;
        };
        entry.in_dict = true;
        entry.offset = index as u32;
        entry.value = if owner.as_ptr() == class.as_ptr() {
            Value::NONE
        } else {
            owner.into_value()
        };
    }
    cache::fill_entry(cache, entry);
}

/// Is `found` a data descriptor that gets attributes of all objects of `class` by a native function?
fn is_native_getter(found: &Value, class: &Ref<Type>) -> bool {
    found
        .downcast_exact::<GetSet>()
        .is_some_and(|descriptor| class.is_subclass(&descriptor.class))
}

/// `Class.attribute`, where the metaclass has no say or a native getter, and nothing needs binding.
fn fill_class_load(cx: &Context, this: &Ref<Type>, cache: &InlineCache, name: Name, method: bool) {
    let metaclass = this.class_of();
    let generic = metaclass.slots.get_attribute.get().is_some_and(|get| {
        std::ptr::fn_addr_eq(
            get,
            <Type as crate::object::Payload>::class()
                .slots
                .get_attribute
                .get()
                .unwrap_or(type_get_attribute),
        )
    });
    if !generic {
        return;
    }
    let version = metaclass.version_or_new();
    if let Some(found) = metaclass.lookup(cx, name) {
        if is_native_getter(&found, metaclass) && version != 0 {
            let shape = this.as_value().shape_id_or_tag();
            let entry = Entry::new(EntryKind::GetSet, shape, metaclass, version, found);
            cache::fill_entry(cache, entry);
        }
        return;
    }
    let version = this.version_or_new();
    let Some(found) = this.lookup(cx, name).filter(|_| version != 0) else {
        return;
    };
    let (kind, value, unwrapped) =
        if found.is_exact::<Function>() || found.class().slots.descriptor_get.get().is_none() {
            (EntryKind::ClassAttribute, found, false)
        } else if let Some(function) = static_method_function(&found) {
            (EntryKind::ClassAttribute, function, true)
        } else if method && let Some(function) = class_method_function(&found) {
            (EntryKind::MethodOfClass, function, true)
        } else {
            return;
        };
    let entry = Entry::new(kind, 0, this, version, value);
    if unwrapped {
        cache::fill_entry(cache, entry);
    } else {
        fill_attribute(cx, cache, this, name, entry);
    }
}

/// Where a chain says that objects of this shape have the field, and their shape once it is written.
#[inline(always)]
fn added_field(word: u64, shape: u32) -> Option<(usize, u32)> {
    // SAFETY: the word was loaded just now, and no safepoint follows before the entry's last use.
    let mut entries = unsafe { cache::entries(word) };
    let entry = entries.find(|entry| entry.shape == shape && entry.in_epoch())?;
    match entry.kind {
        EntryKind::AddField => Some((entry.offset as usize, entry.next_shape)),
        EntryKind::Field => Some((entry.offset as usize, shape)),
        _ => None,
    }
}

/// `owner.name = value` by the cache alone: what was there before.
///
/// # Errors
/// The value is given back.
#[inline(always)]
pub fn store_fast(
    owner: &Value,
    cache: &InlineCache,
    value: Value,
) -> Result<Option<Value>, Value> {
    let word = cache.word();
    let Some(pointer) = owner.as_pointer() else {
        return Err(value);
    };
    // SAFETY: `owner` keeps the object alive.
    let header = unsafe { pointer.as_ref() };
    let shape = header.shape();
    let (words, next_shape) = match cache::unpack_shape(word, Packed::Field, shape) {
        Some(words) => (words, shape),
        None => match added_field(word, shape) {
            Some(added) => added,
            None => return Err(value),
        },
    };
    let write = |value| {
        let old = cached_field(pointer, words).replace_locked(Some(value));
        if next_shape != shape {
            header.set_shape(next_shape);
        }
        old
    };
    if header.is_exclusive() {
        return Ok(write(value));
    }
    let _held = HeldValue::lock_header(header);
    if header.shape() == shape {
        return Ok(write(value));
    }
    Err(value)
}

/// `owner.name = value`, for those who tried [`store_fast`]; fills the cache.
///
/// # Errors
/// As `setattr`.
#[inline(never)]
pub fn store(
    cx: &Context,
    owner: &Value,
    cache: &InlineCache,
    name: Name,
    value: &Value,
) -> PyResult<()> {
    let before = owner.shape_id();
    let epoch = Entry::current_epoch();
    attribute::set(cx, owner, name, value)?;
    if !cache::may_fill(cache) {
        return Ok(());
    }
    let class = owner.class();
    let generic = class.slots.set_attribute.get().is_some_and(|set| {
        std::ptr::fn_addr_eq(set, attribute::generic_set as fn(_, _, _, _) -> _)
    });
    if !generic || !owner.is_object() {
        return Ok(());
    }
    if let Some(found) = class.lookup(cx, name)
        && found.class().slots.descriptor_set.get().is_some()
    {
        if let Some(member) = found.downcast_exact::<Member>()
            && member.belongs_to(class)
            && let Some(offset) = member.word_offset()
            && let Some(word) = cache::pack_shape(Packed::Field, before, offset / 8)
        {
            cache::fill_field(cache, word);
        }
        return Ok(());
    }
    let old = shape::get(before);
    let new = shape::get(owner.shape_id());
    if old.mode != Mode::Slots || new.mode != Mode::Slots {
        return Ok(());
    }
    let Some(slot) = new.slot(name) else {
        return Ok(());
    };
    let words = new.slots_offset() / 8 + slot;
    if old.id == new.id {
        if let Some(word) = cache::pack_shape(Packed::Field, new.id, words) {
            cache::fill_field(cache, word);
        }
    } else if slot == old.names().len() && new.names().len() == slot + 1 {
        cache::fill_entry(
            cache,
            Entry {
                next_shape: new.id,
                offset: words as u32,
                epoch,
                ..Entry::new(EntryKind::AddField, old.id, class, 0, Value::NONE)
            },
        );
    }
    Ok(())
}

/// Where this thread found fields of instances of late, for instructions that meet many shapes: their
/// own cache holds one.
mod recent {
    use std::cell::Cell;

    use super::{Name, Packed, Value, cache, cached_field};

    const SIZE: usize = 512;

    thread_local! {
        /// Address of the name, and the word as an inline cache would have it.
        static FIELDS: [Cell<(usize, u64)>; SIZE] = const { [const { Cell::new((0, 0)) }; SIZE] };
    }

    fn index(name: Name, shape: u32) -> usize {
        (name.address() >> 4 ^ (shape as usize).wrapping_mul(0x9e37_79b1)) % SIZE
    }

    /// The value of the field, and where it is.
    pub(super) fn load(owner: &Value, name: Name) -> Option<(Value, u64)> {
        let pointer = owner.as_pointer()?;
        // SAFETY: `owner` keeps the object alive.
        let header = unsafe { pointer.as_ref() };
        let shape = header.shape();
        let (address, word) = FIELDS.with(|fields| fields[index(name, shape)].get());
        if address != name.address() {
            return None;
        }
        let words = cache::unpack_shape(word, Packed::Field, shape)?;
        let value = cached_field(pointer, words).get_with(header)?;
        Some((value, word))
    }

    pub(super) fn note(name: Name, shape: u32, word: u64) {
        FIELDS.with(|fields| fields[index(name, shape)].set((name.address(), word)));
    }
}

#[inline(never)]
fn load_other_method(
    owner: &Value,
    cache: &InlineCache,
    name: Name,
    word: u64,
) -> Option<(u64, This)> {
    // SAFETY: the word was loaded just now, and no safepoint follows before the entries' last use.
    for entry in unsafe { cache::entries(word) } {
        match entry.kind {
            // SAFETY: as above.
            EntryKind::Method if unsafe { is_method(owner, entry, name) } => {
                return Some((uncounted::callable(&entry.value), This::Owner));
            }
            EntryKind::ClassMethod
                if owner.shape_id_or_tag() == entry.shape
                    // SAFETY: the owner's class is the entry's.
                    && unsafe { entry.is_valid() }
                    && (!entry.check_dict || !instance::dict_has(owner, name)) =>
            {
                let class = owner.class().to_value();
                return Some((uncounted::callable(&entry.value), This::Other(class)));
            }
            EntryKind::MethodOfClass
                if entry.class as u64 == owner.bits()
                    // SAFETY: the owner is that class.
                    && unsafe { entry.is_valid() } =>
            {
                return Some((uncounted::callable(&entry.value), This::Owner));
            }
            EntryKind::ClassAttribute
                if entry.class as u64 == owner.bits()
                    // SAFETY: as above.
                    && unsafe { entry.is_valid() } =>
            {
                // SAFETY: as above.
                let word = match unsafe { entry.dict() } {
                    Some(dict) => dict.operand_at(entry.offset as usize, name)?,
                    None => uncounted::callable(&entry.value),
                };
                return Some((word, This::Nothing));
            }
            _ => {}
        }
    }
    if let Some(index) = cache::unpack_shape(word, Packed::ModuleEntry, owner.shape_id_or_tag()) {
        let module = owner.downcast::<Module>()?;
        return module
            .dict
            .operand_at(index, name)
            .map(|word| (word, This::Nothing));
    }
    load_fast(owner, cache, name).map(|value| (value.into_bits(), This::Nothing))
}

/// What comes first among the arguments of a method that was looked up to be called.
pub(super) enum This {
    /// The object it was looked up on.
    Owner,
    /// That object's class.
    Other(Value),
    /// Nothing: what was found is called as it is.
    Nothing,
}

impl This {
    /// The value, with what it was looked up on.
    #[inline(always)]
    pub(super) fn value(self, owner: &Value) -> Option<Value> {
        match self {
            This::Owner => Some(owner.clone()),
            This::Other(value) => Some(value),
            This::Nothing => None,
        }
    }
}

/// What `read` makes of the entry of the global or built-in variable, by the cache alone.
#[inline(always)]
fn global_by_cache<R>(
    frame: &Frame,
    cache: &InlineCache,
    read: impl FnOnce(&Ref<Dict>, usize) -> Option<R>,
) -> Option<R> {
    let (kind, version, index) = cache::unpack_version(cache.word());
    if kind == cache::tag(Packed::Global) {
        read(frame.globals(), index)
    } else if kind == cache::tag(Packed::Builtin) && frame.globals().version() == version {
        read(frame.builtins().downcast_exact::<Dict>()?, index)
    } else {
        None
    }
}

/// The global or built-in variable, by the cache alone.
#[inline(always)]
pub fn load_global_fast(frame: &Frame, cache: &InlineCache, name: Name) -> Option<Value> {
    global_by_cache(frame, cache, |dict, index| dict.get_at(index, name))
}

/// [`load_global_fast`] as a word for the place of a callable on the operand stack.
#[inline(always)]
pub(super) fn load_global_callable(frame: &Frame, cache: &InlineCache, name: Name) -> Option<u64> {
    global_by_cache(frame, cache, |dict, index| dict.operand_at(index, name))
}

/// `global.name`, by the caches alone, `to_call` or not: the word for the stack, and the global if it is to
/// be `self`. The global is looked at without being counted, which is right as long as nobody but this
/// thread could free it, and this thread does nothing else meanwhile.
#[inline(never)]
pub(super) fn load_of_global_fast(
    frame: &Frame,
    (cache, name): (&InlineCache, Name),
    (attribute_cache, attribute): (&InlineCache, Name),
    to_call: bool,
) -> Option<(u64, Option<Value>)> {
    let (kind, _, index) = cache::unpack_version(cache.word());
    if kind != cache::tag(Packed::Global) {
        return None;
    }
    frame.globals().with_entry(index, name, |owner| {
        if !to_call {
            return load_fast(owner, attribute_cache, attribute).map(|v| (v.into_bits(), None));
        }
        let (word, this) = load_method_fast(owner, attribute_cache, attribute)?;
        Some((word, this.value(owner)))
    })
}

/// The global or built-in variable; fills the cache.
///
/// # Errors
/// NameError.
#[inline(never)]
pub fn load_global(
    cx: &Context,
    frame: &Frame,
    cache: &InlineCache,
    name: Name,
) -> PyResult<Value> {
    let globals = frame.globals();
    let version = globals.version();
    if let Some(index) = globals.find_name(name) {
        cache::fill(cache, cache::pack_version(Packed::Global, 0, index));
    } else if globals.as_value().is_exact::<Dict>()
        && let Some(builtins) = frame.builtins().downcast_exact::<Dict>()
        && let Some(index) = builtins.find_name(name)
        && globals.get_name_plain(cx, name).is_none()
    {
        cache::fill(cache, cache::pack_version(Packed::Builtin, version, index));
    }
    instructions::load_global_name(cx, frame, name)
}
