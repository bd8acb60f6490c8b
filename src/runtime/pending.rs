//! Destruction that has to wait: objects whose last count was dropped while a lock was held, or
//! deep inside other destructions.
//!
//! Destroying an object may run Python code (finalizers, weak reference callbacks) and recurses into
//! what it refers to. Neither may happen under an object's lock, and recursion must not eat the
//! native stack; so such objects go on this thread's list, which is drained when the outermost lock
//! is released or the outermost destruction ends.
//!
//! Invariant: after the outermost `lock_released` or `Nested` of a thread the list is empty.

use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;

use typhon_sync::Header;

use crate::object;

/// Destructions nested deeper than this wait.
const DEEPEST: u32 = 40;

struct Pending {
    locks: Cell<u32>,
    depth: Cell<u32>,
    list: UnsafeCell<Vec<NonNull<Header>>>,
}

thread_local! {
    static PENDING: Pending = const {
        Pending { locks: Cell::new(0), depth: Cell::new(0), list: UnsafeCell::new(Vec::new()) }
    };
}

/// Whether an object that dies now has to wait.
#[inline]
pub(crate) fn must_wait() -> bool {
    PENDING
        .try_with(|p| p.locks.get() != 0 || p.depth.get() >= DEEPEST)
        .unwrap_or(false)
}

/// Puts a dead object on the list.
#[cold]
pub(crate) fn push(object: NonNull<Header>) {
    PENDING.with(|p| {
        // SAFETY: the list is this thread's own and no reference to it outlives a call here.
        unsafe { (*p.list.get()).push(object) }
    });
}

/// Whether this thread is inside an object.
pub(crate) fn is_inside() -> bool {
    PENDING.try_with(|p| p.locks.get() != 0).unwrap_or(false)
}

/// This thread has taken an object's lock.
#[inline]
pub(crate) fn lock_taken() {
    PENDING.with(|p| p.locks.set(p.locks.get() + 1));
}

/// This thread has released an object's lock.
#[inline]
pub(crate) fn lock_released() {
    PENDING.with(|p| {
        let left = p.locks.get() - 1;
        p.locks.set(left);
        // SAFETY: as in `push`.
        if left == 0 && p.depth.get() == 0 && !unsafe { (*p.list.get()).is_empty() } {
            drain(p);
        }
    });
}

#[cold]
fn drain(p: &Pending) {
    p.depth.set(p.depth.get() + 1);
    // SAFETY: as in `push`; the reference ends before `destroy_now`, which may push.
    while let Some(object) = unsafe { (*p.list.get()).pop() } {
        // SAFETY: the object was pushed by `destroy`, which owns it.
        unsafe { object::destroy_now(object) };
    }
    p.depth.set(p.depth.get() - 1);
}

/// One level of destruction, while it lasts.
pub(crate) struct Nested;

impl Nested {
    #[inline]
    pub(crate) fn enter() -> Nested {
        let _ = PENDING.try_with(|p| p.depth.set(p.depth.get() + 1));
        Nested
    }
}

impl Drop for Nested {
    #[inline]
    fn drop(&mut self) {
        let _ = PENDING.try_with(|p| {
            let depth = p.depth.get() - 1;
            p.depth.set(depth);
            // SAFETY: as in `push`.
            if depth == 0 && p.locks.get() == 0 && !unsafe { (*p.list.get()).is_empty() } {
                drain(p);
            }
        });
    }
}
