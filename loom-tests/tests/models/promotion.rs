//! Distributed counts: promotion while others count, and the sum after it. And what is told of by one
//! thread alone, which becomes its own.

use crate::{Object, begin, destroy, end, free_threaded, join, safepoint, spawn};
use loom_tests::distributed::{Purpose, demote, promote, serve_promotions, sum};
use loom_tests::header::Header;
use loom_tests::thread::{ThreadRecord, request};
use loom_tests::world::stop_the_world;
use std::ptr::NonNull;

/// A thread counts an object while another promotes it; no reference is lost, not even
/// those of the thread, which ends.
#[test]
fn promotion_keeps_every_reference() {
    free_threaded(3, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        let stranger = spawn(|stranger| {
            // It was given one reference, and leaves with two.
            object.header.incref();
            safepoint(stranger);
            object.header.incref();
            object.drop_reference();
            object.read();
        });
        {
            let world = stop_the_world(me);
            promote(&world, &object.header);
        }
        object.header.incref();
        join(me, stranger);
        safepoint(me);
        {
            let world = stop_the_world(me);
            assert_eq!(sum(&world, &object.header), 4);
            assert_eq!(demote(&world, &object.header), 4);
        }
        for _ in 0..4 {
            object.drop_reference();
        }
        assert!(object.is_dead());
        end(me);
    });
}

/// Slots are within every thread's table: also in that of a thread that starts while
/// the tables grow.
#[test]
fn tables_of_starting_threads_are_large_enough() {
    free_threaded(3, || {
        let me = begin();
        let objects = [Object::new(me), Object::new(me)];
        let stranger = spawn(move |_| {
            for object in objects {
                object.header.incref();
            }
        });
        {
            let world = stop_the_world(me);
            for object in objects {
                promote(&world, &object.header);
            }
        }
        join(me, stranger);
        let world = stop_the_world(me);
        for object in objects {
            assert_eq!(demote(&world, &object.header), 2);
        }
        drop(world);
        end(me);
    });
}

/// The header at the address of a candidate.
fn at_addresses(addresses: Vec<usize>, _purpose: Purpose) -> Vec<NonNull<Header>> {
    let objects = addresses
        .into_iter()
        .map(std::ptr::with_exposed_provenance_mut);
    objects.filter_map(NonNull::new).collect()
}

/// Promotes what this thread and others use in turn, and gives threads what they use alone.
fn serve_if_asked(me: &'static ThreadRecord) {
    if me.poll() && me.safepoint() & request::PROMOTE != 0 {
        // SAFETY: headers of objects that have died stay readable in a model.
        unsafe { serve_promotions(me, &mut at_addresses, &mut |_| {}, &mut destroy) };
    }
}

/// An object that nobody owns, with one reference.
fn merged(me: &'static ThreadRecord) -> &'static Object {
    let object = Object::new(me);
    let world = stop_the_world(me);
    promote(&world, &object.header);
    assert_eq!(demote(&world, &object.header), 1);
    object
}

/// Takes back what is distributed still, when nobody refers to it any more.
fn sweep(me: &'static ThreadRecord, object: &Object) {
    if object.header.is_distributed() {
        let world = stop_the_world(me);
        assert_eq!(demote(&world, &object.header), 0);
        drop(world);
        object.die();
    }
}

/// Threads that use an object in turn propose it, and have it promoted, while others use it and
/// drop it.
#[test]
fn objects_used_in_turn_are_promoted() {
    free_threaded(2, || {
        let me = begin();
        let object = merged(me);
        object.header.incref();
        let stranger = spawn(|stranger| {
            object.header.incref();
            serve_if_asked(stranger);
            object.drop_reference();
            object.read();
            object.drop_reference();
        });
        object.header.incref();
        serve_if_asked(me);
        object.read();
        object.drop_reference();
        object.drop_reference();
        join(me, stranger);
        safepoint(me);
        sweep(me, object);
        end(me);
        assert!(object.is_dead());
    });
}

/// A thread that uses an object of another thread alone owns it from then on, while its former owner
/// uses it and drops it.
#[test]
fn what_one_thread_uses_becomes_its_own() {
    free_threaded(2, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        let stranger = spawn(|stranger| {
            object.header.incref();
            object.header.incref();
            serve_if_asked(stranger);
            object.drop_reference();
            object.drop_reference();
            object.read();
            object.drop_reference();
        });
        safepoint(me);
        object.read();
        object.drop_reference();
        join(me, stranger);
        safepoint(me);
        sweep(me, object);
        end(me);
        assert!(object.is_dead());
    });
}

/// An object that waits in its owner's queue stays that owner's.
#[test]
fn what_waits_to_be_merged_is_not_adopted() {
    free_threaded(2, || {
        let me = begin();
        let object = Object::new(me);
        let stranger = spawn(|stranger| {
            object.header.incref();
            object.header.incref();
            object.drop_reference();
            object.drop_reference();
            // The one it was given: it was counted by the owner.
            object.drop_reference();
            serve_if_asked(stranger);
        });
        safepoint(me);
        join(me, stranger);
        safepoint(me);
        end(me);
        assert!(object.is_dead());
    });
}

/// Readers without a lock get their references to an object whose owner changes.
#[test]
fn what_nobody_owned_can_be_found_without_a_lock_once_it_is_owned() {
    free_threaded(2, || {
        let me = begin();
        let object = merged(me);
        object.header.incref();
        let stranger = spawn(|stranger| {
            object.header.incref();
            object.header.incref();
            serve_if_asked(stranger);
            object.drop_reference();
            object.drop_reference();
            object.drop_reference();
        });
        if object.header.try_incref() {
            object.read();
            object.drop_reference();
        } else {
            panic!("somebody has a reference");
        }
        object.drop_reference();
        join(me, stranger);
        safepoint(me);
        sweep(me, object);
        end(me);
        assert!(object.is_dead());
    });
}

/// A thread that has found an object shared may drop it before it has it promoted.
#[test]
fn a_candidate_may_die() {
    free_threaded(2, || {
        let me = begin();
        let object = merged(me);
        object.header.incref();
        let stranger = spawn(|stranger| {
            object.header.incref();
            object.drop_reference();
            object.drop_reference();
            serve_if_asked(stranger);
        });
        object.header.incref();
        object.read();
        object.drop_reference();
        safepoint(me);
        object.drop_reference();
        join(me, stranger);
        safepoint(me);
        sweep(me, object);
        end(me);
        assert!(object.is_dead());
    });
}

/// So may what it has found its own.
#[test]
fn what_is_to_be_adopted_may_die() {
    free_threaded(2, || {
        let me = begin();
        let object = merged(me);
        let stranger = spawn(|stranger| {
            object.header.incref();
            object.header.incref();
            object.drop_reference();
            object.drop_reference();
            object.drop_reference();
            serve_if_asked(stranger);
            assert!(object.header.owner() != stranger.owner_id());
        });
        join(me, stranger);
        end(me);
        assert!(object.is_dead());
    });
}
