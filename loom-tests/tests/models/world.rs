//! Stop-the-world against everything a thread can do meanwhile.

use crate::{begin, end, free_threaded, join, safepoint, spawn, with_gil};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom_tests::shim::forever;
use loom_tests::world::stop_the_world;

/// Something only attached threads read, and only a stopped world writes.
struct Shared(UnsafeCell<u32>);

impl Shared {
    fn new() -> &'static Self {
        // SAFETY: lives to the end of the execution.
        unsafe { &*forever(Self(UnsafeCell::new(0))) }
    }

    fn read(&self) -> u32 {
        // SAFETY: loom checks that nobody writes.
        self.0.with(|value| unsafe { *value })
    }

    fn write(&self) {
        // SAFETY: loom checks that nobody reads or writes.
        self.0.with_mut(|value| unsafe { *value += 1 });
    }
}

/// A thread starts, passes a safepoint, detaches, attaches and ends while the world is
/// stopped and started.
#[test]
fn a_stopped_world_stands_still() {
    free_threaded(3, || {
        let me = begin();
        let shared = Shared::new();
        let other = spawn(|other| {
            shared.read();
            safepoint(other);
            shared.read();
            other.detached(|| {});
            shared.read();
        });
        let world = stop_the_world(me);
        shared.write();
        drop(world);
        shared.read();
        join(me, other);
        assert_eq!(shared.read(), 1);
        end(me);
    });
}

/// Two threads stop the world at once: one after the other, and neither waits for ever.
#[test]
fn two_stoppers_take_turns() {
    free_threaded(3, || {
        let me = begin();
        let shared = Shared::new();
        let other = spawn(|other| {
            let world = stop_the_world(other);
            shared.write();
            drop(world);
            shared.read();
        });
        let world = stop_the_world(me);
        shared.write();
        drop(world);
        shared.read();
        join(me, other);
        assert_eq!(shared.read(), 2);
        end(me);
    });
}

/// Two threads stop the world while a third starts and ends.
#[test]
fn stoppers_and_short_lived_threads() {
    free_threaded(2, || {
        let me = begin();
        let shared = Shared::new();
        let stopper = spawn(|stopper| {
            let world = stop_the_world(stopper);
            shared.write();
            drop(world);
        });
        let brief = spawn(|_| {
            shared.read();
        });
        let world = stop_the_world(me);
        shared.write();
        drop(world);
        join(me, stopper);
        join(me, brief);
        assert_eq!(shared.read(), 2);
        end(me);
    });
}

/// A running thread, waited for only by being asked: it polls until the stopper has
/// been there.
#[test]
fn a_computing_thread_is_asked_to_stop() {
    free_threaded(3, || {
        let me = begin();
        let shared = Shared::new();
        // SAFETY: lives to the end of the execution.
        let done: &'static AtomicU32 = unsafe { &*forever(AtomicU32::new(0)) };
        let other = spawn(|other| {
            while done.load(Ordering::Relaxed) == 0 {
                shared.read();
                safepoint(other);
                loom::thread::yield_now();
            }
        });
        let world = stop_the_world(me);
        shared.write();
        done.store(1, Ordering::Relaxed);
        drop(world);
        join(me, other);
        end(me);
    });
}

/// With a GIL the stopper holds it, and those who want it, or want to stop the world,
/// wait without it.
#[test]
fn the_world_stops_with_a_gil_too() {
    with_gil(3, || {
        let me = begin();
        let shared = Shared::new();
        let other = spawn(|other| {
            shared.read();
            let world = stop_the_world(other);
            shared.write();
            drop(world);
            safepoint(other);
            shared.read();
        });
        safepoint(me);
        let world = stop_the_world(me);
        shared.write();
        drop(world);
        safepoint(me);
        join(me, other);
        assert_eq!(shared.read(), 2);
        end(me);
    });
}
