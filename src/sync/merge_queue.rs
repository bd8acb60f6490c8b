//! Objects whose counts only the owner can merge, waiting for it to do so.
//!
//! Every thread id has a queue, whether or not a thread has the id at the moment.
//! The queue holds one reference to each object in it: the one somebody was dropping
//! when the shared count would have become negative (`biased_count.rs`).
//!
//! ```text
//!   decref by a stranger           state QUEUED, then under the queue's lock:
//!     id in use                      push, request MERGE; the owner drains at its
//!                                    next safepoint
//!     id vacant                      merge at once: until the lock is given back no
//!                                    thread can become the owner
//!   end of a thread                under the queue's lock: only if empty, mark vacant
//!   start of a thread              under the queue's lock: clear vacant
//! ```
//!
//! An owner may sleep for long, in a `join` say, while others drop what it made, and it may be
//! waiting for what happens when that dies. So who drops something of a thread that is
//! detached merges for it ([`merge_for_sleeper`]): STOP in the owner's word keeps it from
//! attaching, and the registry's lock, under which those who find STOP wait, keeps stoppers of the
//! world away. If the owner has detached in between, or the world is about to stop, who dropped
//! the object asks itself to merge all queues with the world stopped (MERGE_ALL). And nobody goes to
//! sleep, or ends, that was asked for either: `ThreadRecord::detach_merged` looks at the requests in
//! the exchange that detaches.
//!
//! So at every moment either a thread will drain the queue or the queue is empty. And
//! the lock orders the counting of the id's last thread before the merges of strangers,
//! and those before the counting of its next thread, which simply inherits the objects.

use crate::byte_lock::ByteLock;
use crate::header::Header;
use crate::registry::{self, REGISTRY};
use crate::shim::{Ordering, UnsafeCell, const_fn};
use crate::thread::{ATTACHED, ThreadRecord, VACANT, request};
use std::ptr::NonNull;

/// The merge queue of one thread id.
pub(crate) struct MergeQueue {
    pub(crate) lock: ByteLock,
    /// Touched only with `lock` held.
    waiting: UnsafeCell<Vec<NonNull<Header>>>,
}

impl MergeQueue {
    const_fn! {
        pub(crate) const fn new() -> Self {
            Self { lock: ByteLock::new(), waiting: UnsafeCell::new(Vec::new()) }
        }
    }

    /// Is nothing queued? With the lock held.
    pub(crate) fn is_empty(&self) -> bool {
        // SAFETY: the caller holds `lock`.
        self.waiting
            .with(|waiting| unsafe { (*waiting).is_empty() })
    }

    /// Takes everything that is queued.
    pub(crate) fn take(&self) -> Vec<NonNull<Header>> {
        let _guard = self.lock.guard();
        // SAFETY: `lock` is held.
        self.waiting
            .with_mut(|waiting| unsafe { std::mem::take(&mut *waiting) })
    }
}

/// Gives `header`, in state QUEUED, to the owner to merge. True: nobody has the id
/// `owner`, or its thread sleeps, the counts were merged here, and no reference is left.
pub(crate) fn push(owner: u16, header: &Header) -> bool {
    let record = registry::record(owner).expect("invariant: an owner has had a record");
    if !record.is_attached()
        && let Some(is_dead) = merge_for_sleeper(record, header)
    {
        return is_dead;
    }
    let _guard = record.merge_queue.lock.guard();
    if record.is_vacant() {
        return merge_dequeued(header, owner);
    }
    // SAFETY: `lock` is held.
    record
        .merge_queue
        .waiting
        .with_mut(|waiting| unsafe { (*waiting).push(NonNull::from(header)) });
    let before = record.word.fetch_or(request::MERGE, Ordering::Release);
    if before & ATTACHED == 0
        && let Some(me) = ThreadRecord::current()
    {
        me.request(request::MERGE_ALL);
    }
    false
}

/// Drops the reference to `header`, in state QUEUED, merging its counts for the thread of
/// `record`. `None`: that thread is attached, or its word is somebody else's just now.
fn merge_for_sleeper(record: &ThreadRecord, header: &Header) -> Option<bool> {
    let state = REGISTRY.lock();
    if state.stopping {
        return None;
    }
    let mut word = record.word.load(Ordering::Relaxed);
    loop {
        if word & (ATTACHED | VACANT | request::STOP) != 0 {
            return None;
        }
        // Acquire: what the owner has counted is seen. It was released by its detaching.
        match record.word.compare_exchange_weak(
            word,
            word | request::STOP,
            Ordering::Acquire,
            Ordering::Relaxed,
        ) {
            Ok(_) => break,
            Err(now) => word = now,
        }
    }
    let is_dead = merge_dequeued(header, record.owner_id());
    // Release: the owner counts on from here. Who found STOP waits for the registry's lock, and
    // finds it cleared then.
    record.word.fetch_and(!request::STOP, Ordering::Release);
    drop(state);
    Some(is_dead)
}

/// Drops the queue's reference to `header`, merging its counts if `me` still owns it.
fn merge_dequeued(header: &Header, me: u16) -> bool {
    if header.owner() == me {
        header.merge_local(-1)
    } else {
        // Merged, or promoted, since it was queued.
        header.decref()
    }
}

/// Merges what waits in the queue of `record`, by its thread or with the world stopped.
/// `destroy` gets each object that has no reference left.
pub(crate) fn drain(record: &ThreadRecord, destroy: &mut dyn FnMut(NonNull<Header>)) {
    for header in record.merge_queue.take() {
        // SAFETY: the queue holds a reference, so the object is alive.
        if merge_dequeued(unsafe { header.as_ref() }, record.owner_id()) {
            destroy(header);
        }
    }
}
