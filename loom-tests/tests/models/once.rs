//! One-time initialization.

use crate::{begin, end, free_threaded, join, safepoint, spawn};
use loom::cell::UnsafeCell;
use loom_tests::once::OnceCell;
use loom_tests::shim::forever;
use loom_tests::world::stop_the_world;
use std::cell::Cell;

/// Loom fails the model if a thread reads it before it is complete.
struct Value(UnsafeCell<u32>);

// SAFETY: loom checks the cell.
unsafe impl Sync for Value {}

struct Shared {
    cell: OnceCell<Value>,
    runs: Cell<u32>,
}

// SAFETY: all threads of a model run on one operating-system thread.
unsafe impl Sync for Shared {}

impl Shared {
    fn new() -> &'static Self {
        // SAFETY: lives to the end of the execution.
        unsafe {
            &*forever(Self {
                cell: OnceCell::new(),
                runs: Cell::new(0),
            })
        }
    }

    fn check(&self) {
        let value = self.cell.get_or_init(|| {
            self.runs.set(self.runs.get() + 1);
            let value = Value(UnsafeCell::new(0));
            // SAFETY: nobody else knows the value.
            value.0.with_mut(|place| unsafe { *place = 7 });
            value
        });
        // SAFETY: loom checks that nobody writes.
        value.0.with(|place| assert_eq!(unsafe { *place }, 7));
    }
}

/// Three threads ask for the value: it is computed once, and all see it complete.
#[test]
fn a_cell_is_filled_once_and_seen_complete() {
    free_threaded(3, || {
        let me = begin();
        let shared = Shared::new();
        let others = [(); 2].map(|()| spawn(|_| shared.check()));
        shared.check();
        for other in others {
            join(me, other);
        }
        assert_eq!(shared.runs.get(), 1);
        end(me);
    });
}

/// A thread that stops the world while it computes the value does not wait for those
/// who wait for the value.
#[test]
fn waiting_for_the_value_does_not_hold_up_the_world() {
    free_threaded(3, || {
        let me = begin();
        let shared = Shared::new();
        let other = spawn(|other| {
            shared.check();
            safepoint(other);
        });
        shared.cell.get_or_init(|| {
            drop(stop_the_world(me));
            shared.runs.set(shared.runs.get() + 1);
            let value = Value(UnsafeCell::new(0));
            // SAFETY: nobody else knows the value.
            value.0.with_mut(|place| unsafe { *place = 7 });
            value
        });
        safepoint(me);
        join(me, other);
        assert_eq!(shared.runs.get(), 1);
        end(me);
    });
}
