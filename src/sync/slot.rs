//! Reading a slot without a lock: load, try to take a reference, look again.
//!
//! A slot is one word that others may change, under a lock the reader does not take:
//! an item of a list, an entry of a dict, an attribute, a cell. What is in it may be
//! dropped and freed between the load and the reference, and the memory may even have
//! become another object. So
//!
//! ```text
//!   w = load slot                      Acquire: what w refers to is initialized
//!   try_incref(header of w)            no: fall back to the lock
//!   load slot = w ?                    no: drop the reference, start again
//! ```
//!
//! *Why the reference is right when the second load equals the first.* `try_incref`
//! succeeded on a live object at that address, and holds it alive. The slot refers to
//! that address after that: so to that object, which cannot have been freed since.
//!
//! *Why the second load cannot be done early.* Taking the reference is an Acquire
//! compare-and-swap on the header, or a plain store by the owner or to this thread's
//! own table. In the first case the load stays behind it. In the others no other thread
//! can free the object while this thread is between two safepoints, whatever the slot
//! says (`biased_count.rs`).
//!
//! *Whom an early first load could hurt.* Nobody: the memory of headers stays memory of
//! headers while a thread that may have read their address is between two safepoints
//! (`qsbr.rs`; the allocator keeps header words in freed blocks).

//!
//! **Writing.** Who changes a slot that holds something has the lock; who puts something into
//! an empty one needs none ([`fill`]): there is nothing that a reader could be about to count.
//! So one with the lock may find the slot filled under it, and [`replace`]s in one step.

use crate::header::Header;
use crate::mode::{multithreaded, owner_id};
use crate::shim::{AtomicU64, Ordering};
use std::ptr::NonNull;

/// What [`read`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read<W> {
    /// The word, and if it refers to an object, a reference to that.
    Got(W),
    /// The object may only be reached with the lock held: call
    /// [`Header::incref_and_mark`] there, and this will succeed the next time.
    TakeTheLock,
}

/// Attempts before a reader takes the lock from the writers that keep changing the slot.
const ATTEMPTS: u32 = 4;

/// Puts `word` into a slot that is 0. False: it is not, and nothing has happened.
///
/// Release: who reads the word sees what it refers to.
#[inline]
pub fn fill(slot: &AtomicU64, word: u64) -> bool {
    slot.compare_exchange(0, word, Ordering::Release, Ordering::Relaxed)
        .is_ok()
}

/// Puts `word` into a slot whose lock the caller holds, and takes out what is there.
///
/// Release as for [`fill`]; Acquire, since who filled the slot need not have had the lock.
#[inline]
pub fn replace(slot: &AtomicU64, word: u64) -> u64 {
    slot.swap(word, Ordering::AcqRel)
}

/// Reads a word and takes a reference to what it refers to.
///
/// `load` reads the slot with Acquire, `header_of` tells which object, if any, a word
/// refers to, and `destroy` gets an object that was let go by everybody else while this
/// thread had a reference by mistake.
///
/// # Safety
/// The header of any word that `load` has answered stays readable until the calling
/// thread's next safepoint.
#[inline(always)]
pub unsafe fn read<W: Copy + PartialEq>(
    load: impl Fn() -> W,
    header_of: impl Fn(W) -> Option<NonNull<Header>>,
    destroy: impl Fn(NonNull<Header>),
) -> Read<W> {
    for _ in 0..ATTEMPTS {
        let word = load();
        let Some(pointer) = header_of(word) else {
            return Read::Got(word);
        };
        // SAFETY: the caller's promise.
        let header = unsafe { pointer.as_ref() };
        if !header.try_incref() {
            return Read::TakeTheLock;
        }
        if load() == word {
            return Read::Got(word);
        }
        if header.decref() {
            destroy(pointer);
        }
    }
    Read::TakeTheLock
}

/// Reads a word that refers to an object which nobody but the calling thread can free before
/// that thread's next safepoint: its own, or one that is kept ([`read_kept`]). The caller may
/// use it until then without a reference, provided it lets go of nothing meanwhile. `None`
/// when the word refers to no such object.
///
/// An object of the calling thread's own needs no second look: others that drop references to
/// it leave the freeing to its owner, and the owner is here.
///
/// # Safety
/// As for [`read`].
#[inline(always)]
pub unsafe fn look<W: Copy + PartialEq>(
    load: impl Fn() -> W,
    header_of: impl Fn(W) -> Option<NonNull<Header>>,
) -> Option<NonNull<Header>> {
    let word = load();
    let pointer = header_of(word)?;
    // SAFETY: the caller's promise.
    let header = unsafe { pointer.as_ref() };
    let stays =
        header.owner() == owner_id() || !multithreaded() || header.is_kept() && load() == word;
    stays.then_some(pointer)
}

/// Reads a word that refers to an object which is kept until the world is stopped
/// ([`Header::is_kept`]): the caller may use it without a reference until its next
/// safepoint, and after that if whoever stops the world in order to free finds out about
/// it. `None` when the word refers to no such object: use [`read`].
///
/// The second look is for immortal objects, which may be new in the memory of what was
/// there: the Acquire load of the owner makes it see that the slot has changed. An object
/// with distributed counts in that memory would have become that with the world stopped,
/// so before this thread's last safepoint, and the slot referred to it.
///
/// # Safety
/// As for [`read`].
#[inline(always)]
pub unsafe fn read_kept<W: Copy + PartialEq>(
    load: impl Fn() -> W,
    header_of: impl Fn(W) -> Option<NonNull<Header>>,
) -> Option<NonNull<Header>> {
    let word = load();
    let pointer = header_of(word)?;
    // SAFETY: the caller's promise.
    let kept = unsafe { pointer.as_ref() }.is_kept();
    (kept && load() == word).then_some(pointer)
}
