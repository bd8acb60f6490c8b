//! State that long computations work on: compressors, digests.
//!
//! The byte lock of an object (`Guarded`) is for work of a few instructions. A computation over a large
//! buffer holds a mutex of its own instead, and runs detached, so that other threads can stop the world
//! or take the GIL meanwhile. Invariants: the mutex is never waited for while attached, and whoever holds
//! it while attached does short work that reaches no safepoint.

use parking_lot::Mutex;
use typhon_runtime::Context;

/// From how many bytes on a computation counts as long.
pub const LONG: usize = 2048;

/// State that one computation at a time works on.
pub struct Exclusive<S>(Mutex<S>);

impl<S: Send> Exclusive<S> {
    /// Wraps the initial state.
    pub const fn new(state: S) -> Exclusive<S> {
        Exclusive(Mutex::new(state))
    }

    /// Runs `work`, which goes over `bytes` bytes and uses no Python objects, on the state.
    pub fn with<R>(&self, cx: &Context, bytes: usize, work: impl FnOnce(&mut S) -> R) -> R {
        if bytes < LONG
            && let Some(mut state) = self.0.try_lock()
        {
            return work(&mut state);
        }
        cx.detached(|| work(&mut self.0.lock()))
    }
}

/// Runs `work`, which goes over `bytes` bytes and uses no Python objects: detached when that takes long.
pub fn detached_if_long<R>(cx: &Context, bytes: usize, work: impl FnOnce() -> R) -> R {
    if bytes < LONG {
        work()
    } else {
        cx.detached(work)
    }
}
