//! Distributed counts: promotion while others count, and the sum after it.

use crate::{Object, begin, destroy, end, free_threaded, join, safepoint, spawn};
use loom_tests::distributed::{demote, promote, serve_promotions, sum};
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
fn at_addresses(addresses: Vec<usize>) -> Vec<NonNull<Header>> {
    let objects = addresses
        .into_iter()
        .map(std::ptr::with_exposed_provenance_mut);
    objects.filter_map(NonNull::new).collect()
}

/// Promotes what this thread, or another one, has found to be contended.
fn promote_if_asked(me: &'static ThreadRecord) {
    if me.poll() && me.safepoint() & request::PROMOTE != 0 {
        // SAFETY: headers of objects that have died stay readable in a model.
        unsafe { serve_promotions(me, &mut at_addresses, &mut |_| {}, &mut destroy) };
    }
}

/// Threads that collide on an object propose it, and have it promoted, while others
/// use it and drop it.
#[test]
fn contended_objects_are_promoted_by_those_who_collide() {
    free_threaded(2, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        let stranger = spawn(|stranger| {
            object.header.incref();
            object.header.incref();
            promote_if_asked(stranger);
            object.drop_reference();
            object.drop_reference();
            object.read();
            object.drop_reference();
        });
        object.header.incref();
        object.read();
        object.drop_reference();
        safepoint(me);
        object.drop_reference();
        join(me, stranger);
        safepoint(me);
        if object.header.is_distributed() {
            let world = stop_the_world(me);
            assert_eq!(demote(&world, &object.header), 0);
            drop(world);
            object.die();
        }
        end(me);
        assert!(object.is_dead());
    });
}

/// A thread that has found an object contended may drop it before it has it promoted.
#[test]
fn a_candidate_may_die() {
    free_threaded(2, || {
        let me = begin();
        let object = Object::new(me);
        object.header.incref();
        let stranger = spawn(|stranger| {
            object.header.incref();
            object.header.incref();
            object.drop_reference();
            object.drop_reference();
            object.drop_reference();
            promote_if_asked(stranger);
        });
        object.header.incref();
        object.read();
        object.drop_reference();
        safepoint(me);
        object.drop_reference();
        join(me, stranger);
        safepoint(me);
        if object.header.is_distributed() {
            let world = stop_the_world(me);
            assert_eq!(demote(&world, &object.header), 0);
            drop(world);
            object.die();
        }
        end(me);
        assert!(object.is_dead());
    });
}
