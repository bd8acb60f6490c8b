//! The collector's two pauses against threads that drop, take and destroy meanwhile.
//!
//! The collector of these models looks at one object, to which no other object refers. It
//! finds garbage if nobody has a count of it, as the collector does once it has taken off
//! what objects count of each other. Freeing goes by its own decision, not by counts.

use crate::{Object, begin, destroy, end, free_threaded, join, safepoint, spawn};
use loom::sync::atomic::{AtomicPtr, Ordering};
use loom_tests::header::Header;
use loom_tests::shim::forever;
use loom_tests::slot::{Read, read};
use loom_tests::world::{StoppedWorld, stop_the_world};
use std::ptr::NonNull;

/// A variable of the program: it counts what it refers to.
struct Variable(AtomicPtr<Object>);

impl Variable {
    fn new(object: *mut Object) -> &'static Self {
        // SAFETY: lives to the end of the execution.
        unsafe { &*forever(Self(AtomicPtr::new(object))) }
    }

    /// What a thread without a lock reads from it, counted.
    fn get(&self) -> Option<&'static Object> {
        let header_of = |word: *mut Object| NonNull::new(word.cast::<Header>());
        // SAFETY: the objects of a model stay to the end of the execution.
        match unsafe { read(|| self.0.load(Ordering::Acquire), header_of, destroy) } {
            // SAFETY: as above.
            Read::Got(word) => unsafe { word.as_ref() },
            Read::TakeTheLock => None,
        }
    }

    /// Takes what it refers to, with its count.
    fn take(&self) -> Option<&'static Object> {
        // SAFETY: as above.
        unsafe { self.0.swap(std::ptr::null_mut(), Ordering::AcqRel).as_ref() }
    }

    fn set(&self, object: &Object) {
        let word = std::ptr::from_ref(object).cast_mut();
        let before = self.0.swap(word, Ordering::AcqRel);
        assert!(before.is_null(), "a count would be lost");
    }
}

/// Does the collector free the object? `held` counts are its own.
fn is_garbage(world: &StoppedWorld, object: &Object, held: i64) -> bool {
    !world.is_dying(&object.header) && object.header.count() == held
}

/// Merges what waits in queues.
fn settle(world: &StoppedWorld) {
    world.drain_all_merge_queues(&mut destroy);
}

/// A thread drops the last reference and comes to a safepoint before it destroys the
/// object, as one does that runs a finalizer. The collector may look at any moment:
/// either it finds the object in use, or it leaves it to that thread.
#[test]
fn what_is_dying_is_left_to_who_destroys_it() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        // Merged: either thread may be the last.
        stop_the_world(me).merge(&object.header);
        let other = spawn(move |other| {
            if object.header.decref() {
                safepoint(other);
                object.die();
            }
        });
        if object.header.decref() {
            object.die();
        }
        let world = stop_the_world(me);
        settle(&world);
        if is_garbage(&world, object, 0) {
            object.die();
        }
        drop(world);
        join(me, other);
        end(me);
        assert!(object.is_dead());
    });
}

/// The collector gives an object up, counts it once and starts the world; its finalizer
/// puts it into a variable again, from which another thread takes it, uses it and drops it.
/// In the second pause the collector finds it in use, and only takes its count back, or
/// finds it garbage, and frees it: it is freed once, and never while it is used.
#[test]
fn what_a_finalizer_resurrects_is_freed_once() {
    free_threaded(3, || {
        let me = begin();
        // In a cycle, whose one count of it is already taken off.
        let object = Object::new(me);
        object.header.mark_maybe_shared();
        let dropped = object.header.decref();
        assert!(dropped, "nobody else has it");
        let variable = Variable::new(std::ptr::null_mut());
        let other = spawn(move |_| {
            if let Some(object) = variable.get() {
                object.read();
                object.drop_reference();
            }
            if let Some(object) = variable.take() {
                object.read();
                object.drop_reference();
            }
        });

        let world = stop_the_world(me);
        world.merge_and_incref(&object.header);
        drop(world);
        // The finalizer.
        object.header.incref();
        variable.set(object);

        let world = stop_the_world(me);
        settle(&world);
        let garbage = is_garbage(&world, object, 1);
        drop(world);
        if garbage {
            object.die();
        } else {
            object.drop_reference();
        }
        join(me, other);
        if let Some(object) = variable.take() {
            object.read();
            object.drop_reference();
        }
        settle(&stop_the_world(me));
        end(me);
        assert!(object.is_dead());
    });
}
