//! The one-byte mutex in every object's header.
//!
//! ```text
//!   PARKED LOCKED
//!      0      0    free
//!      0      1    held; nobody sleeps
//!      1      1    held; somebody sleeps (or is about to: it re-checks with the
//!                  parking queue locked)
//!      1      0    free; sleepers remain. Whoever takes it next keeps PARKED
//!
//!   LOCKED   set by whoever takes the lock; cleared by the holder alone
//!   PARKED   set by a waiter, while LOCKED; cleared by the holder as it unlocks, with
//!            the parking queue locked, once it has woken the last sleeper
//! ```
//!
//! **Leaf locks.** The runtime enters a locked object through a closure that has no
//! thread context: inside, nothing can run Python code, reach a safepoint, detach or
//! take a further lock (but for the second one of `object_lock::enter_two`). Hence
//! * no deadlock: nobody waits for a lock while holding one, except in address order;
//! * a thread may sleep here *attached*: the holder is running, not at a safepoint,
//!   and unlocks after bounded work without waiting for anybody. So the sleeper wakes
//!   and reaches its own safepoint in bounded time, and whoever stops the world only
//!   has to wait for it as for any other running thread.
//!
//! Two more bits of the byte belong to `object_lock.rs`. They are set by whoever likes, at
//! any time, and never cleared; the lock leaves them as they are.
//!
//! While there is one thread, or a GIL, the lock is a plain load and a plain store:
//! see `mode.rs` for why the two protocols never meet on one held lock.
//!
//! Orderings: taking is Acquire and pairs with the Release of unlocking, so the next
//! holder sees what the last one wrote. Setting PARKED carries no data. No wake-up is
//! lost because a waiter goes to sleep only if the byte still says LOCKED|PARKED with
//! the queue locked, and the holder clears it with the same queue locked.

use crate::mode::multithreaded;
use crate::shim::{AtomicU8, Ordering, const_fn, park, spin, unpark_one};
use crate::statistics;

const LOCKED: u8 = 1;
const PARKED: u8 = 2;
/// Another thread than the owner wants to enter the object.
pub(crate) const ASKED: u8 = 4;
/// The owner takes the lock like everybody.
pub(crate) const REVOKED: u8 = 8;

/// A mutex of one byte. See the module for its states.
#[repr(transparent)]
pub struct ByteLock(AtomicU8);

impl ByteLock {
    const_fn! {
        /// A lock nobody holds.
        pub const fn new() -> Self {
            Self(AtomicU8::new(0))
        }
    }

    /// Takes the lock. Not reentrant.
    #[inline]
    pub fn lock(&self) {
        let state = self.0.load(Ordering::Relaxed);
        if !multithreaded() {
            debug_assert_eq!(state & LOCKED, 0, "a leaf lock taken twice");
            self.0.store(state | LOCKED, Ordering::Relaxed);
            return;
        }
        statistics::count(|counters| &counters.locks);
        if state & (LOCKED | PARKED) != 0
            || self
                .0
                .compare_exchange_weak(state, state | LOCKED, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
        {
            self.lock_slow();
        }
    }

    /// Takes the lock if nobody has it.
    #[inline]
    pub fn try_lock(&self) -> bool {
        if !multithreaded() {
            let state = self.0.load(Ordering::Relaxed);
            self.0.store(state | LOCKED, Ordering::Relaxed);
            return state & LOCKED == 0;
        }
        statistics::count(|counters| &counters.locks);
        let mut state = self.0.load(Ordering::Relaxed);
        while state & LOCKED == 0 {
            match self.0.compare_exchange_weak(
                state,
                state | LOCKED,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Gives the lock back. Only its holder may call this.
    #[inline]
    pub fn unlock(&self) {
        let state = self.0.load(Ordering::Relaxed);
        if !multithreaded() {
            self.0.store(state & !LOCKED, Ordering::Relaxed);
        } else if state & PARKED != 0
            || self
                .0
                .compare_exchange(state, state & !LOCKED, Ordering::Release, Ordering::Relaxed)
                .is_err()
        {
            self.unlock_slow();
        }
    }

    /// The whole byte, for who looks whether it can be.
    pub(crate) fn byte(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Does nobody hold the lock, or sleep on it?
    pub(crate) fn is_at_rest(&self) -> bool {
        self.byte() & !(ASKED | REVOKED) == 0
    }

    /// Does somebody hold the lock at this moment?
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LOCKED != 0
    }

    /// Runs `inside` with the lock held.
    #[inline]
    pub fn locked<R>(&self, inside: impl FnOnce() -> R) -> R {
        let _guard = self.guard();
        inside()
    }

    /// Takes the lock until the guard is dropped.
    #[inline]
    pub fn guard(&self) -> ByteGuard<'_> {
        self.lock();
        ByteGuard(self)
    }

    /// The bits that are not the lock's own, and those that are.
    #[inline(always)]
    pub(crate) fn marks(&self) -> u8 {
        // Acquire: pairs with `mark`.
        self.0.load(Ordering::Acquire)
    }

    /// Sets bits that are not the lock's own.
    pub(crate) fn mark(&self, bits: u8) {
        self.0.fetch_or(bits, Ordering::AcqRel);
    }

    /// Makes the lock free without looking, for memory that becomes a new object.
    #[inline(always)]
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    #[cold]
    fn lock_slow(&self) {
        let mut round = 0;
        let mut state = self.0.load(Ordering::Relaxed);
        loop {
            if state & LOCKED == 0 {
                match self.0.compare_exchange_weak(
                    state,
                    state | LOCKED,
                    Ordering::Acquire,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => return,
                    Err(now) => state = now,
                }
                continue;
            }
            if state & PARKED == 0 {
                if spin(round) {
                    round += 1;
                    state = self.0.load(Ordering::Relaxed);
                    continue;
                }
                if let Err(now) = self.0.compare_exchange_weak(
                    state,
                    state | PARKED,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                ) {
                    state = now;
                    continue;
                }
            }
            park(self.address(), || {
                self.0.load(Ordering::Relaxed) & (LOCKED | PARKED) == LOCKED | PARKED
            });
            round = 0;
            state = self.0.load(Ordering::Relaxed);
        }
    }

    #[cold]
    fn unlock_slow(&self) {
        let mut state = self.0.load(Ordering::Relaxed);
        while state & PARKED == 0 {
            match self.0.compare_exchange_weak(
                state,
                state & !LOCKED,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
        unpark_one(self.address(), |more| {
            let gone = if more { LOCKED } else { LOCKED | PARKED };
            self.0.fetch_and(!gone, Ordering::Release);
        });
    }
}

impl Default for ByteLock {
    fn default() -> Self {
        Self::new()
    }
}

/// Holds a [`ByteLock`].
#[must_use]
pub struct ByteGuard<'a>(&'a ByteLock);

impl Drop for ByteGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.unlock();
    }
}

/// Is `a` the one of two locks that is to be taken first?
#[inline]
pub(crate) fn is_first(a: &ByteLock, b: &ByteLock) -> bool {
    a.address() < b.address()
}
