//! `_CData`: memory that C sees, and what keeps alive what it refers to.
//!
//! ```text
//!   struct A { struct B { char *s; } b; }         a.b.s = b"text"
//!
//!   a   memory ──────────────▶ [ … s … ]          _objects {"0:1": b"text"}
//!   a.b memory, inside a's ───────▲               base a, index 1
//! ```
//! An object has memory of its own (`blocks`), or looks into that of its base, which it keeps alive, or at
//! an address that the program has said. What was stored and has to live is kept by the base of all bases, by
//! the indices of the way there.
//!
//! An address and what keeps alive what is there are changed in one step (`keep_and`), so that who reads a text or
//! an object by its address finds it alive whatever threads store there.
//!
//! `resize` takes another block. What looks at the old one goes on to: blocks live as long as the object. The
//! size is read before the address, and grows after it: the address is always one of so many bytes.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use parking_lot::Mutex;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::buffer::{Buffer, Format};
use typhon_runtime::field::Field;
use typhon_runtime::guarded::HeldValue;
use typhon_runtime::object::{self, Layout, Payload, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::memoryview;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, classes};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, audit, import};

use super::argument::extend_error;
use super::array::Array;
use super::code::{self, Code};
use super::function::Function;
use super::info::{self, Info, Kind};
use super::memory::{self, Block};
use super::meta::CType;
use super::pointer::Pointer;
use super::simple::Simple;
use super::structure::{Structure, Union};

/// See the module's header.
#[pyclass(
    name = "_CData",
    module = "_ctypes",
    metaclass = CType,
    flags(BASETYPE, HAS_WEAKREF, IMMUTABLE, DISALLOW_INSTANTIATION),
    doc = "XXX to be provided"
)]
#[repr(C)]
pub struct CData {
    address: AtomicPtr<u8>,
    size: AtomicUsize,
    /// Memory of its own: the last one is in use.
    blocks: Mutex<Vec<Block>>,
    base: Option<Ref<CData>>,
    /// Where it is in its base.
    index: isize,
    /// Whether what is kept is kept by index.
    keeps_many: bool,
    /// `_objects`.
    objects: Field,
}

impl Traverse for CData {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(base) = &self.base {
            visit(base.as_value());
        }
        self.objects.traverse(visit);
    }
}

/// What is where in an object's memory.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// An instance of its class, or the value of a simple one.
    Plain,
    /// An array of `char`: bytes up to a zero.
    Bytes,
    /// An array of `wchar_t`.
    Wide,
    Bits {
        code: Code,
        offset: u32,
        width: u32,
    },
}

/// One of the parts of an object.
pub struct Part<'a> {
    pub class: &'a Ref<Type>,
    pub access: Access,
    pub index: isize,
    pub address: *mut u8,
    /// Bytes of it.
    pub size: usize,
}

/// Where an instance's memory is.
pub enum Source<'a> {
    /// Its own, with zeros.
    New,
    /// Its own, with a copy of what is there.
    Copy(*const u8),
    /// In another object's.
    Base(&'a Ref<CData>, isize, *mut u8),
    /// Where the program says.
    Address(*mut u8),
}

impl Kind {
    /// The payload of instances.
    fn layout(self) -> &'static Layout {
        match self {
            Kind::Simple(_) => Simple::LAYOUT,
            Kind::Structure => Structure::LAYOUT,
            Kind::Union => Union::LAYOUT,
            Kind::Array => Array::LAYOUT,
            Kind::Pointer => Pointer::LAYOUT,
            Kind::Function => Function::LAYOUT,
        }
    }
}

/// The information of a class.
///
/// # Errors
/// TypeError when it is abstract.
pub fn concrete(cx: &Context, class: &Ref<Type>) -> PyResult<Ref<Info>> {
    info::find(class).ok_or_else(|| cx.type_error("abstract class"))
}

/// Whether values of this class are Python's own: it is derived from `_SimpleCData` directly.
pub fn is_plain(class: &Ref<Type>, info: &Ref<Info>) -> bool {
    info.code().is_some()
        && class
            .base_type()
            .is_some_and(|base| base.is(<Simple as object::Payload>::class()))
}

/// An instance of a class; its `__init__` is not called.
///
/// # Errors
/// TypeError when the class is abstract, MemoryError.
///
/// # Safety
/// Where the source names memory, it is there, as large as the class's instances are; that of a base for as
/// long as the base.
pub unsafe fn instantiate(
    cx: &Context,
    class: &Ref<Type>,
    source: Source<'_>,
) -> PyResult<Ref<CData>> {
    let info = concrete(cx, class)?;
    if !class.layout.extends(info.kind.layout()) {
        // The metaclass was called with other bases.
        return Err(cx.type_error("abstract class"));
    }
    info.set_final();
    let mut blocks = Vec::new();
    let (address, base, index) = match source {
        Source::Base(base, index, address) => (address, Some(base.clone()), index),
        Source::Address(address) => (address, None, 0),
        Source::New | Source::Copy(_) => {
            let block = Block::new(info.size, info.alignment).ok_or_else(|| cx.no_memory())?;
            let address = block.address();
            blocks.push(block);
            if let Source::Copy(from) = source {
                // SAFETY: the caller's; the block is as large.
                unsafe { memory::write(address, &memory::copy_out(from, info.size)) };
            }
            (address, None, 0)
        }
    };
    let data = CData {
        address: AtomicPtr::new(address),
        size: AtomicUsize::new(info.size),
        blocks: Mutex::new(blocks),
        base,
        index,
        keeps_many: info.length > 0,
        objects: Field::empty(),
    };
    let made = match info.kind {
        Kind::Simple(_) => object::new_of_class(cx, class, Simple::over(data))?.into_value(),
        Kind::Structure => object::new_of_class(cx, class, Structure::over(data))?.into_value(),
        Kind::Union => object::new_of_class(cx, class, Union::over(data))?.into_value(),
        Kind::Array => object::new_of_class(cx, class, Array::over(data))?.into_value(),
        Kind::Pointer => object::new_of_class(cx, class, Pointer::over(data))?.into_value(),
        Kind::Function => object::new_of_class(cx, class, Function::over(data))?.into_value(),
    };
    made.into_ref::<CData>()
        .map_err(|_| cx.system_error("an instance of a C type has no memory"))
}

/// `__new__` of all classes.
///
/// # Errors
/// As [`instantiate`].
pub fn new(cx: &Context, class: &Ref<Type>) -> PyResult<Value> {
    // SAFETY: no memory is named.
    unsafe { instantiate(cx, class, Source::New) }.map(Ref::into_value)
}

/// An instance at an address that the program has said.
///
/// # Errors
/// As [`instantiate`], and what audit hooks raise.
///
/// # Safety
/// As [`instantiate`].
pub unsafe fn at_address(cx: &Context, class: &Ref<Type>, address: usize) -> PyResult<Ref<CData>> {
    audit::event(cx, "ctypes.cdata", || Ok(vec![address_value(cx, address)?]))?;
    // SAFETY: the caller's.
    unsafe { instantiate(cx, class, Source::Address(address as *mut u8)) }
}

/// An address as a Python number.
///
/// # Errors
/// MemoryError.
pub fn address_value(cx: &Context, address: usize) -> PyResult<Value> {
    typhon_runtime::objects::int::from_u64(cx, address as u64)
}

impl CData {
    pub fn address(&self) -> *mut u8 {
        self.address.load(Ordering::Acquire)
    }

    /// Bytes of the memory. To be read before the address: see the module's header.
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Acquire)
    }

    /// Whether the memory is its own.
    pub fn owns_memory(&self) -> bool {
        !self.blocks.lock().is_empty()
    }

    /// The bytes, copied out.
    pub fn bytes(&self) -> Vec<u8> {
        let size = self.size();
        // SAFETY: an object's memory has its size.
        unsafe { memory::copy_out(self.address(), size) }
    }

    /// The address that the memory begins with.
    pub fn word(&self) -> usize {
        // SAFETY: for objects that point; their memory is a word.
        unsafe { memory::read_word(self.address()) }
    }

    /// `resize`. False: there is no memory.
    pub fn resize(&self, size: usize, alignment: usize) -> bool {
        let mut blocks = self.blocks.lock();
        if size > self.size() {
            let Some(block) = Block::new(size, alignment) else {
                return false;
            };
            // SAFETY: the new block is larger.
            unsafe { memory::write(block.address(), &self.bytes()) };
            self.address.store(block.address(), Ordering::Release);
            blocks.push(block);
        }
        self.size.store(size, Ordering::Release);
        true
    }

    /// What is kept alive, as it is now.
    pub fn objects(&self) -> Option<Value> {
        self.objects.get()
    }

    pub fn set_objects(&self, objects: Value) {
        self.objects.set(Some(objects));
    }
}

/// The base of all bases, and what it keeps alive.
///
/// # Errors
/// MemoryError.
pub fn kept(cx: &Context, this: &Ref<CData>) -> PyResult<(Ref<CData>, Value)> {
    let container = container_of(this);
    if let Some(objects) = container.objects() {
        return Ok((container.clone(), objects));
    }
    let fresh = if container.keeps_many {
        Dict::new(cx)?.into_value()
    } else {
        Value::NONE
    };
    let objects = {
        let _held = HeldValue::lock(container.as_value());
        match container.objects.get() {
            Some(objects) => objects,
            None => {
                container.objects.set(Some(fresh.clone()));
                fresh
            }
        }
    };
    Ok((container.clone(), objects))
}

/// Held while an address is written together with what keeps alive what is there, or read together with it.
/// Never waited for while attached; who holds one reaches no safepoint.
static ADDRESSES: [Mutex<()>; 64] = [const { Mutex::new(()) }; 64];

/// Runs `work` while nobody else reads or writes addresses in the memory of this object, or in that of those
/// that look into it.
fn exclusively<R>(cx: &Context, container: &Ref<CData>, work: impl FnOnce() -> R) -> R {
    let lock = &ADDRESSES[(container.as_ptr().as_ptr() as usize >> 4) % ADDRESSES.len()];
    let held = lock
        .try_lock()
        .unwrap_or_else(|| cx.detached(|| lock.lock()));
    let result = work();
    drop(held);
    result
}

/// The base of all bases.
fn container_of(this: &Ref<CData>) -> &Ref<CData> {
    let mut container = this;
    while let Some(base) = &container.base {
        container = base;
    }
    container
}

/// Keeps `keep` alive for as long as it is at `index` of `this`.
///
/// # Errors
/// MemoryError.
pub fn keep(cx: &Context, this: &Ref<CData>, index: isize, keep: Value) -> PyResult<()> {
    keep_and(cx, this, index, keep, || {})
}

/// [`keep`], and `write` in the same step.
///
/// # Errors
/// MemoryError; nothing is written then.
pub fn keep_and(
    cx: &Context,
    this: &Ref<CData>,
    index: isize,
    keep: Value,
    write: impl FnOnce(),
) -> PyResult<()> {
    if keep.is_none() {
        exclusively(cx, container_of(this), write);
        return Ok(());
    }
    let (container, objects) = kept(cx, this)?;
    let Some(objects) = objects.downcast_exact::<Dict>() else {
        // What was kept dies when the lock is given back.
        let old = exclusively(cx, &container, || {
            write();
            container.objects.replace(Some(keep))
        });
        drop(old);
        return Ok(());
    };
    let mut key = format!("{:x}", index as i32);
    let mut part = this;
    while let Some(base) = &part.base {
        key.push_str(&format!(":{:x}", part.index as i32));
        part = base;
    }
    let key = Str::from_str(cx, &key)?.into_value();
    let done = exclusively(cx, &container, || {
        let old = objects.get_item(cx, &key)?;
        objects.set_item(cx, &key, keep)?;
        write();
        Ok(old)
    });
    done.map(drop)
}

/// The value of a simple type in the memory of `this`.
///
/// # Errors
/// What conversions raise.
///
/// # Safety
/// There is one at the address.
pub unsafe fn load(
    cx: &Context,
    this: &Ref<CData>,
    code: Code,
    address: *const u8,
) -> PyResult<Value> {
    let container = container_of(this);
    // SAFETY: the caller's, in all of the function; what an address refers to lives as long as the lock is
    // held, or C keeps it.
    unsafe {
        match code.letter {
            b'O' => {
                let word = || memory::read_word(address);
                let found = exclusively(cx, container, || code::referred(word()));
                found.ok_or_else(|| cx.value_error("PyObject is NULL"))
            }
            b'z' => {
                let text = exclusively(cx, container, || match memory::read_word(address) {
                    0 => None,
                    text => Some(memory::string_at(text as *const u8, usize::MAX)),
                });
                let text = text.map(|text| Bytes::from_slice(cx, &text).map(Ref::into_value));
                text.unwrap_or(Ok(Value::NONE))
            }
            b'Z' => {
                let text = exclusively(cx, container, || match memory::read_word(address) {
                    0 => None,
                    text => Some(memory::wide_string_at(text as *const u8, usize::MAX)),
                });
                text.map_or(Ok(Value::NONE), |text| code::wide(cx, &text))
            }
            _ => code.get(cx, address),
        }
    }
}

/// Stores a value of a simple type in the memory of `this`.
///
/// # Errors
/// What conversions raise.
///
/// # Safety
/// There is room for one at the address.
pub unsafe fn store_simple(
    cx: &Context,
    this: &Ref<CData>,
    code: Code,
    (address, index): (*mut u8, isize),
    value: &Value,
) -> PyResult<()> {
    // SAFETY: the caller's, in all of the function.
    unsafe {
        if !code.is_pointer() {
            return code.set(cx, address, value).map(drop);
        }
        let mut word = [0u8; size_of::<usize>()];
        let kept = code.set(cx, word.as_mut_ptr(), value)?;
        keep_and(cx, this, index, kept, || memory::write(address, &word))
    }
}

/// The value of a part of `this`.
///
/// # Errors
/// What conversions raise.
///
/// # Safety
/// The part is in the memory of `this`, or at an address that it holds.
pub unsafe fn get(cx: &Context, this: &Ref<CData>, part: &Part<'_>) -> PyResult<Value> {
    // SAFETY: the caller's.
    unsafe {
        match part.access {
            Access::Plain => {}
            Access::Bytes => {
                let bytes = memory::string_at(part.address, part.size);
                return Bytes::from_slice(cx, &bytes).map(Ref::into_value);
            }
            Access::Wide => {
                let points = memory::wide_string_at(part.address, part.size / 4);
                return code::wide(cx, &points);
            }
            Access::Bits {
                code,
                offset,
                width,
            } => return code.get_bits(cx, part.address, offset, width),
        }
        let info = concrete(cx, part.class)?;
        match info.code() {
            Some(code) if is_plain(part.class, &info) => load(cx, this, code, part.address),
            _ => {
                let source = Source::Base(this, part.index, part.address);
                instantiate(cx, part.class, source).map(Ref::into_value)
            }
        }
    }
}

/// Stores a value in a part of `this`.
///
/// # Errors
/// TypeError and what conversions raise.
///
/// # Safety
/// As [`get`].
pub unsafe fn set(cx: &Context, this: &Ref<CData>, part: &Part<'_>, value: &Value) -> PyResult<()> {
    // SAFETY: the caller's.
    unsafe {
        match part.access {
            Access::Plain => store(cx, this, part, value),
            Access::Bytes => store_bytes(cx, part, value),
            Access::Wide => store_wide(cx, part, value),
            Access::Bits {
                code,
                offset,
                width,
            } => code
                .set_bits(cx, part.address, offset, width, value)
                .map(drop),
        }
    }
}

/// # Safety
/// As [`get`].
unsafe fn store_bytes(cx: &Context, part: &Part<'_>, value: &Value) -> PyResult<()> {
    let Some(bytes) = value.downcast::<Bytes>() else {
        return Err(cx.type_error(format!("expected bytes, {} found", value.type_name())));
    };
    // A text ends with its first zero.
    let bytes = bytes.as_slice();
    let bytes = &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())];
    if bytes.len() > part.size {
        return Err(cx.value_error(format!(
            "bytes too long ({}, maximum length {})",
            bytes.len(),
            part.size
        )));
    }
    // SAFETY: the caller's; the zero behind fits if there is room.
    unsafe {
        memory::write(part.address, bytes);
        if bytes.len() < part.size {
            memory::write(part.address.add(bytes.len()), &[0]);
        }
    }
    Ok(())
}

/// # Safety
/// As [`get`].
unsafe fn store_wide(cx: &Context, part: &Part<'_>, value: &Value) -> PyResult<()> {
    let Some(text) = value.downcast::<Str>() else {
        return Err(cx.type_error(format!(
            "unicode string expected instead of {} instance",
            value.type_name()
        )));
    };
    let most = part.size / 4;
    if text.len() > most {
        return Err(cx.value_error(format!(
            "string too long ({}, maximum length {most})",
            text.len()
        )));
    }
    let bytes: Vec<u8> = text
        .code_points()
        .chain([0])
        .take(most)
        .flat_map(u32::to_ne_bytes)
        .collect();
    // SAFETY: the caller's; not more than fit.
    unsafe { memory::write(part.address, &bytes) };
    Ok(())
}

/// Stores a value in memory of the class.
///
/// # Safety
/// As [`get`].
unsafe fn store(cx: &Context, this: &Ref<CData>, part: &Part<'_>, value: &Value) -> PyResult<()> {
    let info = concrete(cx, part.class)?;
    let Some(source) = value.downcast::<CData>() else {
        // SAFETY: the caller's.
        return unsafe { store_other(cx, this, part, &info, value) };
    };
    if classes::is_instance(cx, value, part.class.as_value())? {
        let (_, objects) = kept(cx, source)?;
        let bytes = source.bytes();
        // An instance is as large as its class says; of a derived class it may be larger.
        let bytes = &bytes[..part.size.min(bytes.len())];
        return keep_and(cx, this, part.index, objects, || {
            // SAFETY: the caller's.
            unsafe { memory::write(part.address, bytes) }
        });
    }
    let own = info::of_instance(value);
    let is_array = own.as_ref().is_some_and(|own| own.kind == Kind::Array);
    let pointed = own.and_then(|own| own.item.clone());
    if let (Kind::Pointer, true, Some(item), Some(pointed)) =
        (info.kind, is_array, &info.item, &pointed)
        && item.is(pointed)
    {
        // The array itself has to live too, not only what it keeps alive.
        let (_, objects) = kept(cx, source)?;
        let both = Tuple::from_values(cx, &[objects, value.clone()])?.into_value();
        let word = source.address() as usize;
        return keep_and(cx, this, part.index, both, || {
            // SAFETY: the caller's; a pointer is a word.
            unsafe { memory::write_word(part.address, word) }
        });
    }
    Err(cx.type_error(format!(
        "incompatible types, {} instance instead of {} instance",
        value.type_name(),
        part.class.short_name()
    )))
}

/// [`store`] of a value that has no memory.
///
/// # Safety
/// As [`get`].
unsafe fn store_other(
    cx: &Context,
    this: &Ref<CData>,
    part: &Part<'_>,
    info: &Ref<Info>,
    value: &Value,
) -> PyResult<()> {
    if let Some(code) = info.code() {
        // SAFETY: the caller's.
        return unsafe { store_simple(cx, this, code, (part.address, part.index), value) };
    }
    if let Some(arguments) = value.downcast::<Tuple>() {
        let class = part.class.short_name();
        let made = call::call(cx, part.class.as_value(), arguments.as_slice());
        let made = made.map_err(|Raised| {
            extend_error(cx, exceptions::runtime_error(), &format!("({class}) "))
        })?;
        // SAFETY: the caller's.
        return unsafe { store(cx, this, part, &made) };
    }
    if info.kind == Kind::Pointer && value.is_none() {
        // SAFETY: the caller's; a pointer is a word.
        unsafe { memory::write_word(part.address, 0) };
        return Ok(());
    }
    Err(cx.type_error(format!(
        "expected {} instance, got {}",
        part.class.short_name(),
        value.type_name()
    )))
}

/// Bytes of the items that a class's instances are made of in the end.
fn item_size(info: &Info) -> usize {
    match (&info.kind, info.item.as_ref().and_then(info::find)) {
        (Kind::Array, Some(item)) => item_size(&item),
        _ => info.size,
    }
}

/// The format of PEP 3118 of instances.
pub fn buffer_format(info: &Info) -> Format {
    let item_size = item_size(info);
    let mut strides = vec![item_size as isize; info.shape.len()];
    for at in (1..strides.len()).rev() {
        strides[at - 1] = strides[at] * info.shape[at];
    }
    let code = if info.format.is_empty() {
        "B".to_owned()
    } else {
        info.format.clone()
    };
    Format {
        code,
        item_size,
        shape: info.shape.clone(),
        strides,
    }
}

#[pymethods]
impl CData {
    #[slot(buffer)]
    fn buffer(cx: &Context, this: &Ref<CData>) -> PyResult<Buffer> {
        let info = concrete(cx, this.class_of())?;
        let length = this.size();
        Ok(Buffer {
            owner: this.to_value(),
            start: this.address(),
            length,
            read_only: false,
            format: Some(Box::new(buffer_format(&info))),
            release: None,
        })
    }

    #[slot(hash)]
    fn hash(cx: &Context, _this: &Value) -> PyResult<i64> {
        Err(cx.type_error("unhashable type"))
    }

    /// Return a buffer object that exposes the underlying memory of the object.
    #[method("__buffer__(self, flags, /)")]
    fn dunder_buffer(cx: &Context, this: &Ref<CData>, flags: i64) -> PyResult<Value> {
        memoryview::own_buffer(cx, this.as_value(), flags).map(Ref::into_value)
    }

    #[method("__ctypes_from_outparam__(self, /)")]
    fn from_outparam(_cx: &Context, this: &Ref<CData>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<CData>) -> PyResult<Value> {
        let info = concrete(cx, this.class_of())?;
        if info.has_pointer {
            return Err(cx.value_error("ctypes objects containing pointers cannot be pickled"));
        }
        let attributes = attribute::get(cx, this.as_value(), names::dunder_dict())?;
        let bytes = Bytes::from_slice(cx, &this.bytes())?.into_value();
        let state = Tuple::from_values(cx, &[attributes, bytes])?.into_value();
        let arguments = Tuple::from_values(cx, &[this.class_of().to_value(), state])?;
        let unpickle = import::import_attribute(cx, "_ctypes", "_unpickle")?;
        Tuple::from_values(cx, &[unpickle, arguments.into_value()]).map(Ref::into_value)
    }

    #[method("__setstate__(self, attributes, bytes, /)")]
    fn set_state(
        cx: &Context,
        this: &Ref<CData>,
        attributes: &Ref<Dict>,
        bytes: &Ref<Bytes>,
    ) -> PyResult<()> {
        let count = bytes.len().min(this.size());
        // SAFETY: not more than the memory's size.
        unsafe { memory::write(this.address(), &bytes.as_slice()[..count]) };
        let own = attribute::get(cx, this.as_value(), names::dunder_dict())?;
        let update = Name::intern(cx, "update")?;
        call::call_method(cx, &own, update, &[attributes.to_value()]).map(drop)
    }

    /// the base object
    #[member]
    fn _b_base_(_cx: &Context, this: &Ref<CData>) -> PyResult<Option<Value>> {
        Ok(this.base.as_ref().map(Ref::to_value))
    }

    /// whether the object owns the memory or not
    #[member]
    fn _b_needsfree_(_cx: &Context, this: &Ref<CData>) -> PyResult<i64> {
        Ok(this.owns_memory().into())
    }

    /// internal objects tree (NEVER CHANGE THIS OBJECT!)
    #[member]
    fn _objects(_cx: &Context, this: &Ref<CData>) -> PyResult<Option<Value>> {
        Ok(this.objects())
    }
}

/// A payload that is memory and nothing more: `plain_data!(Name)` has `Name::over`.
macro_rules! plain_data {
    ($name:ident) => {
        impl $name {
            /// The payload over this memory.
            pub fn over(base: $crate::ctypes::data::CData) -> $name {
                $name { base }
            }
        }

        impl typhon_runtime::object::Traverse for $name {
            fn traverse(&self, visit: &mut dyn FnMut(&typhon_runtime::Value)) {
                self.base.traverse(visit);
            }
        }
    };
}
pub(super) use plain_data;

/// An instance as memory.
///
/// # Errors
/// SystemError when it is none, which no caller gets.
pub fn of(this: &Value) -> &Ref<CData> {
    typhon_runtime::args::payload::<CData>(this)
}
