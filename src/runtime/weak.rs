//! Weak references: which weak reference objects refer to which object.
//!
//! Objects have no room for a list of their weak references; the lists are in a table on the side,
//! by address, in shards. A bit of the header says that an object stands there.
//!
//! ```text
//!   object ◀──address── table: address ─▶ [reference, reference …]   newest first
//!     ▲                                       │ raw pointers, none counted
//!     └────── target ─────────────────────────┘ zero once the object is dead
//! ```
//!
//! Targets are zeroed under the shard's lock of the object's address, by whichever dies first, before its
//! memory is given back; what holds under that lock, and what a dying reference may do without it, says
//! `typhon_sync::weak_target`. Both are marked "maybe shared" when they are entered, so `try_incref`
//! succeeds on living ones.
//!
//! The lock is a leaf: nothing is dropped and no Python code runs under it.

use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::LazyLock;

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use typhon_sync::Header;

use crate::context::Context;
use crate::object::{self, Object, Ref, gc_flags};
use crate::objects::weakref::WeakReference;
use crate::protocols::call;
use crate::value::Value;

const SHARDS: usize = 64;

/// A pointer to a reference object; see the module's header.
#[derive(Clone, Copy, PartialEq)]
struct Entry(NonNull<Object<WeakReference>>);

// SAFETY: entries are dereferenced under the shard's lock only, by the rules in the module's header.
unsafe impl Send for Entry {}

impl Entry {
    /// A counted reference, unless it is dying.
    ///
    /// # Safety
    /// The lock of the shard that holds the entry is held.
    unsafe fn upgrade(self) -> Option<Ref<WeakReference>> {
        // SAFETY: by the rules of the table the memory is an object, alive or dying.
        unsafe {
            let header: &Header = self.0.cast().as_ref();
            header.try_incref().then(|| Ref::from_raw(self.0))
        }
    }
}

type Shard = CachePadded<Mutex<HashMap<usize, Vec<Entry>>>>;

static TABLE: LazyLock<Box<[Shard]>> =
    LazyLock::new(|| (0..SHARDS).map(|_| Shard::default()).collect());

fn shard(address: usize) -> &'static Shard {
    &TABLE[(address >> 4 ^ address >> 12) % SHARDS]
}

/// Enters `reference`, whose target is set already, for `target`.
pub(crate) fn enter(target: &Value, reference: &Ref<WeakReference>) {
    let header = target
        .header()
        .expect("invariant: only objects are weakly referenced");
    header.mark_maybe_shared();
    reference.header().mark_maybe_shared();
    let address = target.bits() as usize;
    let mut shard = shard(address).lock();
    let list = shard.entry(address).or_default();
    // The plain reference that everybody shares stays in front of those with callbacks or of derived
    // classes.
    let shares = |reference: &Ref<WeakReference>| {
        reference.as_value().is_exact::<WeakReference>() && reference.callback.is_empty()
    };
    let first_is_shared = list.first().is_some_and(|first| {
        // SAFETY: the shard's lock is held; a reference that is dying keeps its memory until it has had
        // the lock.
        let first = unsafe { &*std::ptr::from_ref(&first.0).cast::<Ref<WeakReference>>() };
        shares(first)
    });
    let at = usize::from(first_is_shared && !shares(reference));
    list.insert(at, Entry(reference.as_ptr()));
    object::set_gc_bits(header, gc_flags::HAS_WEAK_REFERENCES);
}

/// Takes a dying reference out. `reference` is its address.
pub(crate) fn leave(payload: &WeakReference, reference: NonNull<Object<WeakReference>>) {
    payload.target.leave(
        |address| shard(address).lock(),
        |shard, address| {
            if let Some(list) = shard.get_mut(&address) {
                list.retain(|entry| entry.0 != reference);
                if list.is_empty() {
                    shard.remove(&address);
                }
            }
        },
    );
}

/// What `reference` refers to, counted; `None` when it is dead or dying.
pub fn target(reference: &WeakReference) -> Option<Value> {
    // SAFETY: the caller has the reference, which was entered when it was made.
    let referent = unsafe { reference.target.upgrade(|address| shard(address).lock()) };
    // SAFETY: the count that `upgrade` took.
    referent.map(|object| unsafe { Value::from_bits(object.as_ptr() as u64) })
}

/// The living references to `target` for which `wanted` holds; newest first.
pub fn references(
    target: &Value,
    mut wanted: impl FnMut(&Ref<WeakReference>) -> bool,
) -> Vec<Ref<WeakReference>> {
    let is_entered = target
        .header()
        .is_some_and(|header| object::gc_bits(header) & gc_flags::HAS_WEAK_REFERENCES != 0);
    if !is_entered {
        return Vec::new();
    }
    let address = target.bits() as usize;
    let found: Vec<Ref<WeakReference>> = match shard(address).lock().get(&address) {
        // SAFETY: the shard's lock is held.
        Some(list) => list
            .iter()
            .filter_map(|entry| unsafe { entry.upgrade() })
            .collect(),
        None => Vec::new(),
    };
    // Those that are not wanted are dropped here, outside the lock.
    found
        .into_iter()
        .filter(|reference| wanted(reference))
        .collect()
}

/// The newest reference to `target`: its `__weakref__`.
pub fn first_reference(target: &Value) -> Option<Value> {
    references(target, |_| true)
        .into_iter()
        .next()
        .map(Ref::into_value)
}

/// Makes all references to a dying object dead. Returns those that live on and have a callback, newest
/// first, for [`run_callbacks`].
///
/// # Safety
/// `object` is an object: dying, or given up by the collector.
pub unsafe fn detach(object: NonNull<Header>) -> Vec<Ref<WeakReference>> {
    let address = object.as_ptr() as usize;
    let mut shard = shard(address).lock();
    let list = shard.remove(&address).unwrap_or_default();
    let mut alive = Vec::with_capacity(list.len());
    for entry in list {
        // SAFETY: the shard's lock is held; a reference that is dying keeps its memory until it has had
        // the lock.
        unsafe {
            let payload: &WeakReference = WeakReference::of_object(&entry.0);
            alive.extend(payload.target.clear(|| entry.upgrade()));
        }
    }
    drop(shard);
    // SAFETY: by the caller's promise.
    object::clear_gc_bits(unsafe { object.as_ref() }, gc_flags::HAS_WEAK_REFERENCES);
    alive.retain(|reference| !reference.callback.is_empty());
    alive
}

/// Calls the callbacks of dead references. What they raise is reported; an exception that is on its way
/// stays on its way.
pub fn run_callbacks(cx: &Context, references: Vec<Ref<WeakReference>>) {
    let saved = cx.take_exception_if_any();
    for reference in references {
        let Some(callback) = reference.callback.replace(None) else {
            continue;
        };
        if call::call(cx, &callback, &[reference.to_value()]).is_err() {
            crate::finalizer::unraisable(
                cx,
                "Exception ignored while calling weakref callback",
                &callback,
            );
        }
    }
    if let Some(saved) = saved {
        cx.set_exception(saved);
    }
}

/// The weak references of an object that dies because its last count is gone: they become dead, then
/// their callbacks run.
///
/// # Safety
/// No count of `object` is left, and only the caller destroys it.
pub(crate) unsafe fn clear(object: NonNull<Header>) {
    // SAFETY: by the caller's promise.
    let references = unsafe { detach(object) };
    if references.is_empty() {
        return;
    }
    // Without a context the interpreter is going down, and nobody could run Python code.
    if let Some(cx) = Context::try_current() {
        run_callbacks(cx, references);
    }
}
