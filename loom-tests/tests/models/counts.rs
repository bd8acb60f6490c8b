//! Increments, decrements and merges.

use crate::{Object, begin, end, free_threaded, join, safepoint, spawn};
use loom::cell::UnsafeCell;
use loom_tests::byte_lock::ByteLock;
use loom_tests::header::Header;
use loom_tests::shim::forever;
use loom_tests::thread::ThreadRecord;
use std::ptr::NonNull;

/// The owner gives a reference away; both use theirs, and whoever is last frees.
#[test]
fn owner_and_stranger_free_exactly_once() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        let stranger = spawn(|_| {
            object.read();
            object.drop_reference();
        });
        object.read();
        object.drop_reference();
        safepoint(me);
        join(me, stranger);
        end(me);
        assert!(object.is_dead());
    });
}

/// The stranger takes more references than it was given and drops them all; its count
/// goes up and down while the owner merges.
#[test]
fn counting_on_both_sides_frees_exactly_once() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        let stranger = spawn(|_| {
            object.header.incref();
            object.drop_reference();
            object.read();
            object.drop_reference();
        });
        object.header.incref();
        object.drop_reference();
        object.drop_reference();
        join(me, stranger);
        end(me);
        assert!(object.is_dead());
    });
}

/// Two strangers drop the references that the owner counted, while it drops its own.
#[test]
fn two_strangers_queue_it_once() {
    free_threaded(2, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        object.header.incref();
        let first = spawn(|_| object.drop_reference());
        let second = spawn(|_| object.drop_reference());
        object.drop_reference();
        join(me, first);
        join(me, second);
        end(me);
        assert!(object.is_dead());
    });
}

/// Something that has, or had, a reference to an object.
struct Container {
    lock: ByteLock,
    full: UnsafeCell<bool>,
}

impl Container {
    fn new() -> Self {
        Self {
            lock: ByteLock::new(),
            full: UnsafeCell::new(true),
        }
    }

    /// Is the object in it? If so the lock is held.
    fn has_it(&self) -> bool {
        self.lock.lock();
        // SAFETY: under the lock.
        let full = self.full.with(|full| unsafe { *full });
        if !full {
            self.lock.unlock();
        }
        full
    }

    fn take_it_out(&self) {
        // SAFETY: under the lock.
        self.lock
            .locked(|| self.full.with_mut(|full| unsafe { *full = false }));
    }
}

/// A stranger takes a reference under a container's lock, uses it outside, and drops
/// it; the owner takes the object out of the container and frees it.
#[test]
fn the_owner_frees_after_a_borrower_is_done() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        // SAFETY: lives to the end of the execution.
        let container: &'static Container = unsafe { &*forever(Container::new()) };
        let stranger = spawn(|_| {
            if container.has_it() {
                object.header.incref();
                container.lock.unlock();
                object.read();
                object.drop_reference();
            }
        });
        container.take_it_out();
        object.read();
        object.drop_reference();
        safepoint(me);
        join(me, stranger);
        end(me);
        assert!(object.is_dead());
    });
}

/// Whoever frees an object may use its memory for one of its own at once: nobody else
/// writes to the header any more.
#[test]
fn a_freed_header_belongs_to_whoever_freed_it() {
    fn drop_and_reuse(object: &'static Object, me: &ThreadRecord) {
        if object.header.decref() {
            object.die();
            // SAFETY: the object is dead, so its memory is this thread's.
            unsafe { Header::initialize(NonNull::from(&object.header), me.id().into(), me.id()) };
        }
    }
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        // SAFETY: lives to the end of the execution.
        let container: &'static Container = unsafe { &*forever(Container::new()) };
        let stranger = spawn(|stranger| {
            if container.has_it() {
                object.header.incref_and_mark();
                container.lock.unlock();
                drop_and_reuse(object, stranger);
            }
        });
        container.take_it_out();
        drop_and_reuse(object, me);
        join(me, stranger);
        assert!(object.is_dead());
        assert_eq!(u32::from(object.header.owner()), object.header.shape());
        end(me);
    });
}
