//! References that are not counted, to objects that are freed with the world stopped only.

use crate::{Object, begin, end, free_threaded, join, safepoint, spawn};
use loom::sync::atomic::{AtomicPtr, Ordering};
use loom_tests::distributed::{demote, promote, sum};
use loom_tests::header::Header;
use loom_tests::mode::IMMORTAL;
use loom_tests::shim::forever;
use loom_tests::slot::{look, read_kept};
use loom_tests::thread::ThreadRecord;
use loom_tests::world::stop_the_world;
use std::ptr::NonNull;

type Slot = AtomicPtr<Object>;

fn new_slot(object: &'static Object) -> &'static Slot {
    // SAFETY: lives to the end of the execution.
    unsafe { &*forever(Slot::new(std::ptr::from_ref(object).cast_mut())) }
}

fn empty_slot() -> &'static Slot {
    // SAFETY: as above.
    unsafe { &*forever(Slot::new(std::ptr::null_mut())) }
}

/// What the slot refers to, not counted, if it is kept.
fn find(slot: &Slot) -> Option<&'static Object> {
    let load = || slot.load(Ordering::Acquire);
    let header_of = |word: *mut Object| NonNull::new(word.cast::<Header>());
    // SAFETY: the objects of a model stay to the end of the execution.
    unsafe { read_kept(load, header_of).map(|header| header.cast::<Object>().as_ref()) }
}

/// Frees what outlived the look at its counts: nothing refers to it any more.
fn bury(me: &'static ThreadRecord, object: &Object) {
    if !object.is_dead() {
        let world = stop_the_world(me);
        assert_eq!(demote(&world, &object.header), 0);
        drop(world);
        object.die();
    }
}

/// An owner looks at its own object without counting it, while a stranger drops the last reference to it.
#[test]
fn an_owner_looks_at_what_a_stranger_removes() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        let slot = new_slot(object);
        let stranger = spawn(move |_| {
            slot.store(std::ptr::null_mut(), Ordering::Release);
            object.drop_reference();
        });
        let load = || slot.load(Ordering::Acquire);
        let header_of = |word: *mut Object| NonNull::new(word.cast::<Header>());
        // SAFETY: as in `find`.
        if let Some(header) = unsafe { look(load, header_of) } {
            // SAFETY: as in `find`.
            unsafe { header.cast::<Object>().as_ref() }.read();
        }
        safepoint(me);
        join(me, stranger);
        safepoint(me);
        end(me);
        assert!(object.is_dead());
    });
}

/// A thread goes on using, over a safepoint, what it has not counted, while another takes the last
/// counted reference away, and stops the world to see whether the object can be freed: it counts the
/// first thread's reference before that.
#[test]
fn what_is_not_counted_is_settled_before_anything_is_freed() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        let slot = new_slot(object);
        let operand = empty_slot();
        {
            let world = stop_the_world(me);
            promote(&world, &object.header);
        }
        let reader = spawn(|reader| {
            let Some(found) = find(slot) else {
                return;
            };
            operand.store(std::ptr::from_ref(found).cast_mut(), Ordering::Relaxed);
            safepoint(reader);
            found.read();
            // Consumed: either still not counted, or counted by who stopped the world.
            if operand
                .swap(std::ptr::null_mut(), Ordering::Relaxed)
                .is_null()
            {
                found.drop_reference();
            }
        });
        slot.store(std::ptr::null_mut(), Ordering::Release);
        object.drop_reference();
        {
            let world = stop_the_world(me);
            let held = operand.swap(std::ptr::null_mut(), Ordering::Relaxed);
            // SAFETY: as in `find`.
            if let Some(held) = unsafe { held.as_ref() } {
                held.header.incref();
            }
            if sum(&world, &object.header) == 0 {
                demote(&world, &object.header);
                object.die();
            }
        }
        join(me, reader);
        bury(me, object);
        end(me);
    });
}

/// A reader counts what it finds with distributed counts, and looks for it no second time, while another
/// thread takes it away and stops the world to see whether it can be freed.
#[test]
fn what_is_distributed_is_counted_without_a_second_look() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        let slot = new_slot(object);
        {
            let world = stop_the_world(me);
            promote(&world, &object.header);
        }
        let reader = spawn(|reader| {
            // SAFETY: as in `find`.
            let Some(found) = (unsafe { slot.load(Ordering::Acquire).as_ref() }) else {
                return;
            };
            if found.header.try_incref_distributed() {
                safepoint(reader);
                found.read();
                found.drop_reference();
            }
        });
        slot.store(std::ptr::null_mut(), Ordering::Release);
        object.drop_reference();
        {
            let world = stop_the_world(me);
            if sum(&world, &object.header) == 0 {
                demote(&world, &object.header);
                object.die();
            }
        }
        join(me, reader);
        bury(me, object);
        end(me);
    });
}

/// An object that its owner frees as soon as it is not counted any more is not found that way; nor is
/// an immortal one taken for what was in its memory before.
#[test]
fn what_is_not_kept_is_not_found() {
    free_threaded(4, || {
        let me = begin();
        let object = Object::new(me);
        object.header.mark_maybe_shared();
        let slot = new_slot(object);
        let reader = spawn(|_| {
            if let Some(found) = find(slot) {
                found.read();
                panic!("the slot never referred to what is kept");
            }
        });
        slot.store(std::ptr::null_mut(), Ordering::Release);
        object.drop_reference();
        if object.is_dead() {
            // SAFETY: the object is dead, so the memory belongs to this thread.
            unsafe { Header::initialize(NonNull::from(&object.header), 1, IMMORTAL) };
        }
        safepoint(me);
        join(me, reader);
        end(me);
    });
}
