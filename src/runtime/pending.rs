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

/// Numbers that need no destruction: reaching them is one instruction.
struct Counts {
    /// Objects' locks that this thread holds.
    locks: Cell<u32>,
    /// Destructions under way, one within the other.
    depth: Cell<u32>,
    /// Objects on the list.
    waiting: Cell<usize>,
}

thread_local! {
    static COUNTS: Counts = const {
        Counts { locks: Cell::new(0), depth: Cell::new(0), waiting: Cell::new(0) }
    };
    static LIST: UnsafeCell<Vec<NonNull<Header>>> = const { UnsafeCell::new(Vec::new()) };
}

/// Puts a dead object on the list; a thread that has ended so far that it has no list destroys it.
#[cold]
pub(crate) fn push(object: NonNull<Header>) {
    let pushed = LIST.try_with(|list| {
        // SAFETY: the list is this thread's own and no reference to it outlives a call here.
        unsafe { (*list.get()).push(object) }
    });
    match pushed {
        Ok(()) => COUNTS.with(|counts| counts.waiting.set(counts.waiting.get() + 1)),
        // SAFETY: the object is the caller's to destroy.
        Err(_) => unsafe { object::destroy_now(object) },
    }
}

/// The object that was put on the list last.
fn pop() -> Option<NonNull<Header>> {
    // SAFETY: as in `push`.
    let object = LIST.try_with(|list| unsafe { (*list.get()).pop() });
    let object = object.ok().flatten();
    COUNTS.with(|counts| {
        let left = counts.waiting.get();
        let left = if object.is_some() { left - 1 } else { 0 };
        counts.waiting.set(left);
    });
    object
}

/// Whether this thread is inside an object.
pub(crate) fn is_inside() -> bool {
    COUNTS.with(|counts| counts.locks.get() != 0)
}

/// This thread has taken an object's lock.
#[inline]
pub(crate) fn lock_taken() {
    COUNTS.with(|counts| counts.locks.set(counts.locks.get() + 1));
}

/// This thread has released an object's lock.
#[inline]
pub(crate) fn lock_released() {
    COUNTS.with(|counts| {
        let left = counts.locks.get() - 1;
        counts.locks.set(left);
        if counts.waiting.get() != 0 && left == 0 && counts.depth.get() == 0 {
            drain(counts);
        }
    });
}

#[cold]
#[inline(never)]
fn drain(counts: &Counts) {
    counts.depth.set(counts.depth.get() + 1);
    // Destroying may push.
    while let Some(object) = pop() {
        // SAFETY: the object was pushed by `destroy`, which owns it.
        unsafe { object::destroy_now(object) };
    }
    counts.depth.set(counts.depth.get() - 1);
}

/// One level of destruction, while it lasts.
pub(crate) struct Nested(());

impl Nested {
    /// `None`: an object that dies now has to wait.
    #[inline]
    pub(crate) fn enter() -> Option<Nested> {
        COUNTS.with(|counts| {
            let depth = counts.depth.get();
            if counts.locks.get() != 0 || depth >= DEEPEST {
                return None;
            }
            counts.depth.set(depth + 1);
            Some(Nested(()))
        })
    }
}

impl Drop for Nested {
    #[inline]
    fn drop(&mut self) {
        COUNTS.with(|counts| {
            let depth = counts.depth.get() - 1;
            counts.depth.set(depth);
            if counts.waiting.get() != 0 && depth == 0 && counts.locks.get() == 0 {
                drain(counts);
            }
        });
    }
}
