//! A single mutable value that threads read without a lock: `function.__doc__`, a type's base,
//! a slot of an instance.
//!
//! Reading is load, try-increment, re-check: the word may be overwritten, and the old value freed,
//! between the load and the increment. Freed memory keeps a readable header on which the increment
//! fails (see `typhon_alloc`); after a successful increment the word is read again, and if it still
//! holds the same address the increment was on the object that the field refers to. An object that
//! was never shared refuses the increment (its owner may free it without an atomic operation); the
//! reader then takes the lock that writers hold, under which the field's own count keeps it alive.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use typhon_sync::ByteLock;
use typhon_sync::Header;
use typhon_sync::slot::{self, Read};

use crate::guarded::Exclusion;
use crate::object::{self, Payload, Ref, is_owned_here};
use crate::value::Value;
use crate::vm::uncounted;

/// A word that holds a value or nothing. See the module's header.
#[repr(transparent)]
pub struct Field(AtomicU64);

/// The object that a field's word refers to.
#[inline(always)]
pub(crate) fn header_of(bits: u64) -> Option<NonNull<Header>> {
    if bits & 7 == 0 {
        NonNull::new(bits as *mut Header)
    } else {
        None
    }
}

/// Locks for fields that belong to no lockable object, chosen by the field's address. A cache line
/// each: threads that lock different ones do not meet.
static STRIPES: [CachePadded<ByteLock>; 64] = [const { CachePadded::new(ByteLock::new()) }; 64];

impl Field {
    /// A field that holds nothing.
    pub const fn empty() -> Field {
        Field(AtomicU64::new(0))
    }

    /// A field that holds `value`.
    pub fn new(value: Value) -> Field {
        Field(AtomicU64::new(value.into_bits()))
    }

    /// A field that holds `value`, if there is one.
    pub fn from_option(value: Option<Value>) -> Field {
        value.map_or(Field::empty(), Field::new)
    }

    fn stripe(&self) -> &'static ByteLock {
        &STRIPES[(std::ptr::from_ref(self) as usize >> 3) % STRIPES.len()]
    }

    /// The value, counted.
    #[inline]
    pub fn get(&self) -> Option<Value> {
        self.get_with(self.stripe())
    }

    /// [`Field::get`] as a `T`.
    #[inline]
    pub fn get_as<T: Payload>(&self) -> Option<Ref<T>> {
        self.get().and_then(|value| value.into_ref::<T>().ok())
    }

    /// The value, counted. Writers hold `lock`.
    #[inline(always)]
    pub fn get_with(&self, lock: &impl Exclusion) -> Option<Value> {
        let bits = self.0.load(Ordering::Acquire);
        if bits == 0 {
            return None;
        }
        if bits & 7 != 0 {
            // SAFETY: immediates carry no count.
            return Some(unsafe { Value::from_bits(bits) });
        }
        // SAFETY: the word is the address of an object, alive or freed; freed memory keeps its header.
        let header = unsafe { &*(bits as *const Header) };
        if !typhon_sync::multithreaded() || is_owned_here(header) {
            // Only this thread could free it: alone, or as its owner.
            header.incref();
            // SAFETY: the count just added.
            return Some(unsafe { Value::from_bits(bits) });
        }
        if header.try_incref_distributed() {
            // SAFETY: the count just added.
            return Some(unsafe { Value::from_bits(bits) });
        }
        self.get_slow(lock)
    }

    /// The value as a word for the place of a callable on the operand stack (`vm/uncounted.rs`).
    /// Writers hold `lock`.
    ///
    /// What is kept until the world is stopped needs no count: it was kept already when its address was
    /// loaded, or is immortal and is what the field refers to, as the second look shows.
    #[inline(always)]
    pub(crate) fn operand(&self, lock: &impl Exclusion) -> Option<u64> {
        let load = || self.0.load(Ordering::Acquire);
        // SAFETY: freed memory of objects keeps its headers.
        if let Some(header) = unsafe { slot::read_kept(load, header_of) } {
            // SAFETY: as above.
            return Some(uncounted::word_of(unsafe { header.as_ref() }));
        }
        self.get_with(lock).map(Value::into_bits)
    }

    /// Looks at the object that the field refers to, without counting it. `None` when there is none, or
    /// when another thread could free it meanwhile. `look` must not let go of anything, nor reach a
    /// safepoint.
    #[inline(always)]
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Value) -> Option<R>) -> Option<R> {
        let load = || self.0.load(Ordering::Acquire);
        // SAFETY: freed memory of objects keeps its headers.
        let bits = unsafe { slot::look(load, header_of)? }.as_ptr() as u64;
        // SAFETY: `ManuallyDrop` leaves the field's count alone.
        look(&ManuallyDrop::new(unsafe { Value::from_bits(bits) }))
    }

    #[inline(never)]
    fn get_slow(&self, lock: &impl Exclusion) -> Option<Value> {
        let load = || self.0.load(Ordering::Acquire);
        // SAFETY: freed memory of objects keeps its headers.
        let bits = match unsafe { slot::read(load, header_of, object::destroy) } {
            Read::Got(bits) => bits,
            Read::TakeTheLock => lock.excluding(|| {
                let bits = load();
                if let Some(header) = header_of(bits) {
                    // SAFETY: the field counts the object, and no writer is at work meanwhile.
                    unsafe { header.as_ref() }.incref_and_mark();
                }
                bits
            }),
        };
        // SAFETY: the count just added, or an immediate.
        (bits != 0).then(|| unsafe { Value::from_bits(bits) })
    }

    /// Puts `value` in and returns what was there.
    #[inline]
    pub fn replace(&self, value: Option<Value>) -> Option<Value> {
        if value.is_none() && self.is_empty() {
            return None;
        }
        if !typhon_sync::multithreaded() {
            return self.replace_locked(value);
        }
        let bits = value.map_or(0, Value::into_bits);
        if bits != 0 && slot::fill(&self.0, bits) {
            return None;
        }
        let old = self.stripe().excluding(|| slot::replace(&self.0, bits));
        // SAFETY: the field's count of the old value passes to the caller.
        (old != 0).then(|| unsafe { Value::from_bits(old) })
    }

    /// Puts `value` in.
    #[inline]
    pub fn set(&self, value: Option<Value>) {
        drop(self.replace(value));
    }

    /// Puts `value` into a field of an object that nobody else knows yet.
    #[inline]
    pub fn set_new(&self, value: Value) {
        drop(self.replace_locked(Some(value)));
    }

    /// [`Field::replace`] for a caller that is the only thread, or whose fields are all written with the
    /// lock held that it holds.
    #[inline(always)]
    pub fn replace_locked(&self, value: Option<Value>) -> Option<Value> {
        let bits = value.map_or(0, Value::into_bits);
        let old = self.0.load(Ordering::Relaxed);
        // Release: a reader that sees the address sees the object.
        self.0.store(bits, Ordering::Release);
        // SAFETY: the field's count of the old value passes to the caller.
        if old == 0 {
            None
        } else {
            // SAFETY: as above.
            Some(unsafe { Value::from_bits(old) })
        }
    }

    /// The value without counting it, for the collector and for identity comparisons.
    #[inline]
    pub fn peek_bits(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Whether the field holds nothing.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.peek_bits() == 0
    }

    /// Shows the value to the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        let bits = self.0.load(Ordering::Relaxed);
        if bits != 0 {
            // SAFETY: the field counts the value; `ManuallyDrop` leaves that count alone.
            let value = std::mem::ManuallyDrop::new(unsafe { Value::from_bits(bits) });
            visit(&value);
        }
    }
}

impl Default for Field {
    fn default() -> Field {
        Field::empty()
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        drop(self.replace_locked(None));
    }
}
