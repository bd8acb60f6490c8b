//! Objects: a header of 16 bytes, a payload, and for instances of Python classes a dict word and
//! attribute slots behind it.
//!
//! ```text
//!   0         16                    dict_offset       + 8
//!  ┌─────────┬─────────────────────┬─────────────────┬──────────────────────┐
//!  │ Header  │ payload T           │ dict word       │ inline slots         │
//!  └─────────┴─────────────────────┴─────────────────┴──────────────────────┘
//!            └── Layout describes ─┘└── Shape describes (instance.rs) ──────┘
//! ```
//!
//! *The type system is the lock discipline.* A payload is shared by every thread that holds a
//! [`Ref`], so it is `Sync`: immutable, atomic, or behind [`crate::guarded::Guarded`], which is
//! entered with the object's lock held.
//!
//! Destruction order: finalizer (`__del__`, once), weak references, payload, slots, memory.
//! It runs where the last count is dropped, unless a lock is held there or the destruction is
//! already deep; then the object waits in the thread's list of pending frees (see `pending`).

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

pub use typhon_alloc::Kind;
use typhon_sync::Header;

use crate::class::ClassCell;
use crate::context::Context;
use crate::error::PyResult;
use crate::instance;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::pending;
use crate::shape::{self, Shape};
use crate::value::Value;
use crate::weak;

/// An object with the payload `T`.
#[repr(C)]
pub struct Object<T> {
    header: Header,
    payload: T,
}

/// A type of payload: what a built-in type keeps in its objects.
///
/// Implemented by `#[pyclass]`. The fields must be safe to use from many threads.
pub trait Payload: Traverse + Send + Sync + Sized + 'static {
    /// The type whose payload this one begins with (`#[repr(C)]`, first field), if any.
    const BASE: Option<&'static Layout>;
    /// How to traverse and drop it.
    const LAYOUT: &'static Layout;
    /// Where its class is kept.
    fn class_cell() -> &'static ClassCell;

    /// The Python class of this payload.
    #[inline(always)]
    fn class() -> &'static Ref<Type> {
        Self::class_cell().get()
    }

    /// The shape of instances of exactly that class.
    #[inline(always)]
    fn shape_id() -> u32 {
        Self::class_cell().shape_id()
    }
}

/// Shows the collector the values an object refers to.
pub trait Traverse {
    /// Calls `visit` with each counted reference held by the payload, each as often as it is counted.
    /// Runs with the world stopped: it takes no locks.
    fn traverse(&self, visit: &mut dyn FnMut(&Value));

    /// Whether [`Traverse::run`] shows the same references, for the collector's quick path.
    const IS_RUN: bool = false;

    /// The references where they lie. With the world stopped.
    fn run(&self) -> Run {
        Run::EMPTY
    }
}

/// References that lie in a row in memory: words each of which is a value or zero.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub start: *const u64,
    pub count: usize,
}

impl Run {
    /// No references.
    pub const EMPTY: Run = Run::new(std::ptr::null(), 0);

    /// `count` words.
    pub const fn new(start: *const u64, count: usize) -> Run {
        Run { start, count }
    }
}

/// What the memory manager and the collector know of a payload.
pub struct Layout {
    /// The payload's Rust name, for messages about broken invariants.
    pub name: &'static str,
    /// Size of header and payload in bytes, without variable part.
    pub size: usize,
    /// The layout that this one extends.
    pub base: Option<&'static Layout>,
    /// The heap that exact instances of the built-in class live in.
    pub kind: Kind,
    /// Bytes behind the payload that belong to it (the items of a tuple); 0 for most.
    pub variable_size: unsafe fn(NonNull<Header>) -> usize,
    /// Whether `variable_size` can be other than 0.
    pub is_variable: bool,
    /// Whether dropping the payload does anything.
    pub needs_drop: bool,
    /// Drops the payload in place.
    pub drop: unsafe fn(NonNull<Header>),
    /// [`Traverse::traverse`].
    pub traverse: unsafe fn(NonNull<Header>, &mut dyn FnMut(&Value)),
    /// [`Traverse::run`], if there is one.
    pub run: Option<unsafe fn(NonNull<Header>) -> Run>,
}

impl Layout {
    /// The layout of a payload without variable part.
    pub const fn of<T: Traverse>(
        name: &'static str,
        kind: Kind,
        base: Option<&'static Layout>,
    ) -> Layout {
        Layout {
            name,
            size: payload_end::<T>(),
            base,
            kind,
            variable_size: no_variable_size,
            is_variable: false,
            needs_drop: std::mem::needs_drop::<T>(),
            drop: drop_payload::<T>,
            traverse: traverse_payload::<T>,
            run: if T::IS_RUN {
                Some(run_of_payload::<T>)
            } else {
                None
            },
        }
    }

    /// The layout of a payload with a variable part of the size that `variable_size` tells.
    pub const fn variable<T: Traverse>(
        name: &'static str,
        kind: Kind,
        base: Option<&'static Layout>,
        variable_size: unsafe fn(NonNull<Header>) -> usize,
    ) -> Layout {
        Layout {
            variable_size,
            is_variable: true,
            ..Layout::of::<T>(name, kind, base)
        }
    }

    /// Whether payloads of this layout begin with a payload of `other`.
    #[inline]
    pub fn extends(&'static self, other: &'static Layout) -> bool {
        let mut layout = Some(self);
        while let Some(current) = layout {
            if std::ptr::eq(current, other) {
                return true;
            }
            layout = current.base;
        }
        false
    }
}

/// Where the payload ends: variable parts and attributes begin here, 8-byte aligned.
const fn payload_end<T>() -> usize {
    std::mem::offset_of!(Object<T>, payload) + size_of::<T>().next_multiple_of(8)
}

unsafe fn no_variable_size(_: NonNull<Header>) -> usize {
    0
}

unsafe fn drop_payload<T>(object: NonNull<Header>) {
    // SAFETY: the caller destroys an object whose payload is a `T`.
    unsafe { std::ptr::drop_in_place(&raw mut (*object.cast::<Object<T>>().as_ptr()).payload) }
}

unsafe fn traverse_payload<T: Traverse>(object: NonNull<Header>, visit: &mut dyn FnMut(&Value)) {
    // SAFETY: the caller has a live object whose payload is a `T`.
    unsafe { object.cast::<Object<T>>().as_ref().payload.traverse(visit) }
}

unsafe fn run_of_payload<T: Traverse>(object: NonNull<Header>) -> Run {
    // SAFETY: the caller has a live object whose payload is a `T`.
    unsafe { object.cast::<Object<T>>().as_ref().payload.run() }
}

/// Whether the payload of the object `value` (an address) is a `T` or begins with one.
#[inline]
pub fn has_payload<T: Payload>(value: &Value) -> bool {
    let id = value.shape_id();
    id == T::shape_id() || shape::get(id).layout.extends(T::LAYOUT)
}

/// An owned reference to an object whose payload is a `T`. One word; dereferences to the payload.
#[repr(transparent)]
pub struct Ref<T> {
    pointer: NonNull<Object<T>>,
    owns: PhantomData<T>,
}

impl<T> Ref<T> {
    /// Takes over the count behind `pointer`.
    ///
    /// # Safety
    /// `pointer` is an object with payload `T`, and one count of it is the caller's to give away.
    #[inline(always)]
    pub unsafe fn from_raw(pointer: NonNull<Object<T>>) -> Ref<T> {
        Ref {
            pointer,
            owns: PhantomData,
        }
    }

    /// Gives the count away.
    #[inline(always)]
    pub fn into_raw(self) -> NonNull<Object<T>> {
        let pointer = self.pointer;
        std::mem::forget(self);
        pointer
    }

    /// The address.
    #[inline(always)]
    pub fn as_ptr(&self) -> NonNull<Object<T>> {
        self.pointer
    }

    /// The object's header.
    #[inline(always)]
    pub fn header(&self) -> &Header {
        // SAFETY: this reference keeps the object alive.
        unsafe { &self.pointer.as_ref().header }
    }

    /// The same reference, untyped.
    #[inline(always)]
    pub fn as_value(&self) -> &Value {
        // SAFETY: both are one word that holds the address and owns one count.
        unsafe { &*std::ptr::from_ref(self).cast::<Value>() }
    }

    /// The same reference, untyped; the count moves along.
    #[inline(always)]
    pub fn into_value(self) -> Value {
        // SAFETY: the count moves from one owner to the other.
        unsafe { Value::from_bits(self.into_raw().as_ptr() as u64) }
    }

    /// A new reference, untyped.
    #[inline(always)]
    pub fn to_value(&self) -> Value {
        self.as_value().clone()
    }

    /// Identity.
    #[inline(always)]
    pub fn is<U>(&self, other: &Ref<U>) -> bool {
        std::ptr::addr_eq(self.pointer.as_ptr(), other.pointer.as_ptr())
    }

    /// The payload's address, for variable parts behind it.
    #[inline(always)]
    pub fn payload_ptr(&self) -> *mut T {
        // SAFETY: the object is alive; only the address is taken.
        unsafe { &raw mut (*self.pointer.as_ptr()).payload }
    }
}

impl<T: Payload> Ref<T> {
    /// The class of the object (not always the payload's own: it may be a derived one).
    #[inline]
    pub fn class_of(&self) -> &Ref<Type> {
        shape::get(self.header().shape()).class()
    }
}

impl<T> Deref for Ref<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: this reference keeps the object alive.
        unsafe { &self.pointer.as_ref().payload }
    }
}

impl<T> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Ref<T> {
        self.header().incref();
        Ref {
            pointer: self.pointer,
            owns: PhantomData,
        }
    }
}

impl<T> Drop for Ref<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.header().decref_leaves_some() {
            let_go(self.header());
        }
    }
}

/// Drops a reference that is not one of several of this thread's own: out of line, so that the many
/// places that drop values stay small.
#[inline(never)]
pub(crate) fn let_go(header: &Header) {
    // What threads share is let go of most often: without a frame.
    if !header.decref_distributed() {
        let_go_further(header);
    }
}

#[inline(never)]
fn let_go_further(header: &Header) {
    if header.decref_counted() {
        destroy(NonNull::from(header));
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} at {:p}>", std::any::type_name::<T>(), self.pointer)
    }
}

// SAFETY: see `Value`.
unsafe impl<T: Send + Sync> Send for Ref<T> {}
// SAFETY: see `Value`.
unsafe impl<T: Send + Sync> Sync for Ref<T> {}

/// Makes an object of the payload's own class.
///
/// # Errors
/// MemoryError.
#[inline]
pub fn new<T: Payload>(cx: &Context, payload: T) -> PyResult<Ref<T>> {
    new_with_shape(cx, shape::get(T::shape_id()), payload)
}

/// Makes an object of `class`, which is `T`'s class or derived from it.
///
/// # Errors
/// MemoryError.
pub fn new_of_class<T: Payload>(cx: &Context, class: &Ref<Type>, payload: T) -> PyResult<Ref<T>> {
    debug_assert!(class.layout.extends(T::LAYOUT));
    new_with_shape(cx, class.root_shape(), payload)
}

/// Makes an object with this shape, whose layout is `T`'s or extends it.
///
/// # Errors
/// MemoryError.
#[inline]
pub(crate) fn new_with_shape<T: Payload>(
    cx: &Context,
    shape: &'static Shape,
    payload: T,
) -> PyResult<Ref<T>> {
    match allocate(shape, 0) {
        Some(memory) => {
            let object = memory.cast::<Object<T>>();
            // SAFETY: fresh memory of at least the layout's size, which holds header and payload.
            let made = unsafe {
                (&raw mut (*object.as_ptr()).payload).write(payload);
                publish(memory, shape);
                Ref::from_raw(object)
            };
            if shape.kind == Kind::Container {
                crate::collector::allocated(cx);
            }
            Ok(made)
        }
        None => {
            drop(payload);
            Err(cx.no_memory())
        }
    }
}

/// Makes an object with `extra` bytes behind the payload, which `fill` initializes. The payload is made
/// in its place or not at all: dropping it would drop what is behind it.
///
/// # Errors
/// MemoryError.
///
/// # Safety
/// `T`'s layout is variable, its `variable_size` of the payload equals `extra`, and `fill` writes
/// all of the `extra` bytes that may be read.
pub unsafe fn new_variable<T: Payload>(
    cx: &Context,
    shape: &'static Shape,
    payload: impl FnOnce() -> T,
    extra: usize,
    fill: impl FnOnce(*mut u8),
) -> PyResult<Ref<T>> {
    let Some(memory) = allocate(shape, extra) else {
        return Err(cx.no_memory());
    };
    let object = memory.cast::<Object<T>>();
    // SAFETY: fresh memory of the layout's size and `extra` more.
    unsafe {
        (&raw mut (*object.as_ptr()).payload).write(payload());
        fill(object.as_ptr().cast::<u8>().add(T::LAYOUT.size));
        publish(memory, shape);
        if shape.kind == Kind::Container {
            crate::collector::allocated(cx);
        }
        Ok(Ref::from_raw(object))
    }
}

/// [`new_variable`] for the payload's own class, whose instances are the payload and the `extra` bytes behind
/// it.
///
/// # Errors
/// MemoryError; `fill` was not called then.
///
/// # Safety
/// As [`new_variable`].
#[inline(always)]
pub(crate) unsafe fn new_plain<T: Payload, I>(
    cx: &Context,
    payload: impl FnOnce() -> T,
    extra: usize,
    fill: impl FnOnce(*mut I),
) -> PyResult<Ref<T>> {
    let size = const { payload_end::<T>() } + extra;
    let memory = typhon_alloc::allocate(const { T::LAYOUT.kind }, size).cast::<Object<T>>();
    let Some(object) = NonNull::new(memory) else {
        return Err(cx.no_memory());
    };
    // SAFETY: fresh memory of that size.
    unsafe {
        (&raw mut (*memory).payload).write(payload());
        fill(memory.byte_add(payload_end::<T>()).cast());
        Header::initialize(object.cast(), T::shape_id(), typhon_sync::owner_id());
        if matches!(const { T::LAYOUT.kind }, Kind::Container) {
            crate::collector::allocated(cx);
        }
        Ok(Ref::from_raw(object))
    }
}

/// Memory for an object of `shape`: header not yet valid, dict word and slots unbound.
#[inline]
fn allocate(shape: &'static Shape, extra: usize) -> Option<NonNull<Header>> {
    let size = shape.instance_size(extra);
    let memory = NonNull::new(typhon_alloc::allocate(shape.kind, size))?;
    let tail = shape.tail_offset(extra);
    if tail < size {
        // SAFETY: members, dict word and slots are the tail of the block.
        unsafe { memory.add(tail).write_bytes(0, size - tail) };
    }
    Some(memory.cast())
}

/// Makes the header valid: from here on the object is one.
///
/// # Safety
/// `memory` came from [`allocate`] with this shape, and the payload is written.
#[inline]
unsafe fn publish(memory: NonNull<Header>, shape: &'static Shape) {
    // SAFETY: by the caller's promise the memory is ours and large enough.
    unsafe { Header::initialize(memory, shape.id, typhon_sync::owner_id()) }
}

/// Destroys an object whose last count is gone; `header::decref` said so.
#[inline]
pub fn destroy(object: NonNull<Header>) {
    // SAFETY: no count is left, so this thread alone can reach the object.
    unsafe {
        let header = object.as_ref();
        let shape = shape::get(header.shape());
        if free_bare(object, shape) {
            return;
        }
        if shape.id == Tuple::shape_id() && !needs_help(header, shape) {
            Tuple::destroy(object);
            return;
        }
    }
    destroy_in_turn(object);
}

/// [`destroy`] of what a dying tuple was the last to refer to. Tuples in tuples are nested destructions.
#[inline]
pub(crate) fn destroy_within(object: NonNull<Header>) {
    // SAFETY: as in `destroy`.
    let freed = unsafe { free_bare(object, shape::get(object.as_ref().shape())) };
    if !freed {
        destroy_in_turn(object);
    }
}

/// Frees an object that is no more than memory, if it is one. What refers to nothing runs nothing when it dies
/// and nests nothing: it need not wait.
///
/// # Safety
/// No count of `object` is left, and `shape` is its shape.
#[inline(always)]
unsafe fn free_bare(object: NonNull<Header>, shape: &Shape) -> bool {
    // SAFETY: this thread alone can reach the object.
    unsafe {
        let header = object.as_ref();
        let is_bare = shape.is_bare() && !needs_help(header, shape);
        if is_bare {
            typhon_sync::validate::dead(header);
            release(object);
        }
        is_bare
    }
}

/// [`destroy`] of what has more to it than memory.
#[inline(never)]
fn destroy_in_turn(object: NonNull<Header>) {
    let Some(_nested) = pending::Nested::enter() else {
        pending::push(object);
        return;
    };
    // SAFETY: no count is left, so this thread alone can reach the object.
    unsafe { destroy_now(object) };
}

/// Whether a finalizer, weak references or the collector have to do with the death of an object.
#[inline(always)]
fn needs_help(header: &Header, shape: &Shape) -> bool {
    gc_bits(header) & gc_flags::NEEDS_HELP != 0 || shape.has_finalizer()
}

/// # Safety
/// No count of `object` is left, and nobody else destroys it.
pub(crate) unsafe fn destroy_now(object: NonNull<Header>) {
    // SAFETY: nobody frees the memory but us, below.
    let header = unsafe { object.as_ref() };
    typhon_sync::validate::dead(header);
    if needs_help(header, shape::get(header.shape())) {
        // SAFETY: as above; `finalize` restores the count when the object is resurrected.
        if unsafe { finalize(object) } {
            return;
        }
    }
    // SAFETY: nobody else reaches the object.
    unsafe {
        drop_contents(object);
        release(object);
    }
}

/// Drops payload, members, dict word and slots; the memory stays.
///
/// # Safety
/// Nobody else reaches the object, and it is not used afterwards.
pub(crate) unsafe fn drop_contents(object: NonNull<Header>) {
    // SAFETY: the object is valid until here.
    unsafe {
        let shape = shape::get(object.as_ref().shape());
        if !shape.has_tail() {
            (shape.layout.drop)(object);
            return;
        }
        let extra = instance::variable_size(object, shape);
        (shape.layout.drop)(object);
        instance::drop_slots(object, shape, extra);
    }
}

/// Gives the memory of a destroyed object back.
///
/// # Safety
/// The payload is dropped and no count is left.
pub(crate) unsafe fn release(object: NonNull<Header>) {
    // SAFETY: the header says "nobody's, merged, no count", so that late readers fail to increment.
    unsafe {
        Header::initialize_freed(object);
        typhon_alloc::free(object.as_ptr().cast());
    }
}

/// The bits of the header's `gc` byte.
#[inline(always)]
pub fn gc_bits(header: &Header) -> u8 {
    header.gc.load(Ordering::Relaxed)
}

/// Sets bits of the header's `gc` byte.
pub fn set_gc_bits(header: &Header, bits: u8) {
    header.gc.fetch_or(bits, Ordering::Relaxed);
}

/// Clears bits of the header's `gc` byte.
pub fn clear_gc_bits(header: &Header, bits: u8) {
    header.gc.fetch_and(!bits, Ordering::Relaxed);
}

/// Whether the calling thread counts the object in `local`: then only it can free it.
#[inline(always)]
pub fn is_owned_here(header: &Header) -> bool {
    header.owner() == typhon_sync::owner_id()
}

/// Bits of the header's `gc` byte.
pub mod gc_flags {
    /// `__del__` has run.
    pub const FINALIZED: u8 = 1;
    /// The table of weak references knows this object.
    pub const HAS_WEAK_REFERENCES: u8 = 2;
    /// Given up by the collector, which frees it: dropping its last count does not.
    pub const DOOMED: u8 = 4;
    /// Not looked at by the collector (`gc.freeze`).
    pub const FROZEN: u8 = 8;
    /// Found to be garbage, and not freed yet: nobody may get a reference to it from the collector.
    pub const UNREACHABLE: u8 = 16;
    /// What is not shown to those who ask for all objects.
    pub const HIDDEN: u8 = DOOMED | UNREACHABLE;
    /// Any of these makes destruction leave the short path.
    pub const NEEDS_HELP: u8 = HAS_WEAK_REFERENCES | DOOMED;
}

/// Finalizer and weak references of a dying object. True when it must not be freed now.
///
/// # Safety
/// As [`destroy_now`].
#[cold]
unsafe fn finalize(object: NonNull<Header>) -> bool {
    // SAFETY: the object is ours.
    let header = unsafe { object.as_ref() };
    if gc_bits(header) & gc_flags::DOOMED != 0 {
        return true;
    }
    if shape::get(header.shape()).has_finalizer() && gc_bits(header) & gc_flags::FINALIZED == 0 {
        set_gc_bits(header, gc_flags::FINALIZED);
        header.resurrect();
        // SAFETY: the count goes back to one, held by `value`.
        let value = unsafe { Value::from_bits(object.as_ptr() as u64) };
        crate::finalizer::run(&value);
        std::mem::forget(value);
        if !header.decref() {
            return true;
        }
    }
    if gc_bits(header) & gc_flags::HAS_WEAK_REFERENCES != 0 {
        // SAFETY: no count is left; upgrades fail from here on.
        unsafe { weak::clear(object) };
    }
    false
}
