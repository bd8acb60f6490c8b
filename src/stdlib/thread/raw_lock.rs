//! The lock under `threading.Lock` and `RLock`: one word, on which waiters sleep in the kernel.
//!
//! ```text
//!   HANDED STARVED WAITERS LOCKED
//!      0      0       0      0    free
//!      0      0       0      1    held, nobody waits
//!      0      0       1      1    held, somebody sleeps or is about to
//!      0      1       1      1    held, somebody has waited for long: the holder hands it over
//!      1      0       1      0    held by nobody, and only one who has slept may take it
//!
//!   LOCKED   set by whoever takes the lock, cleared by whoever releases it (any thread may)
//!   WAITERS  set by a waiter before it sleeps; kept by one that takes the lock after having slept
//!   STARVED  set by a waiter that was woken and found the lock taken, after `FAIR_AFTER`
//!   HANDED   set by a release that sees STARVED; cleared by a waiter that takes the lock, or by the
//!            release itself when it wakes nobody
//! ```
//!
//! No wake-up is lost: a waiter sleeps only while the word is what it has written or read with WAITERS
//! set, which the kernel checks; a release that finds WAITERS clears the word and then wakes one
//! sleeper. A woken waiter never leaves before it has tried to take the lock, and when it takes it,
//! it sets WAITERS again, since others may sleep. A release that hands over and finds nobody to wake
//! frees the lock and wakes once more, for a waiter that went to sleep on HANDED meanwhile.
//!
//! Taking is usually one compare-and-swap, and a thread that has just released may take the lock again
//! at once, which is fast; handing over keeps that from starving the others (so does `WTF::Lock`).
//!
//! Waiters sleep detached. A signal ends the sleep, so that the main thread can run its handler.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::thread::futex;
use typhon_runtime::{Context, PyResult};

use crate::blocking::{self, Deadline, Sleep, monotonic};

const LOCKED: u32 = 1;
const WAITERS: u32 = 2;
const STARVED: u32 = 4;
const HANDED: u32 = 8;

/// Who has waited this long gets the lock before those who came later.
const FAIR_AFTER: Duration = Duration::from_millis(1);

/// Looks at a held lock before sleeping on it.
const SPINS: u32 = 40;

/// See the module's header.
#[derive(Debug, Default)]
pub struct RawLock(AtomicU32);

/// How a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Acquired,
    TimedOut,
    Interrupted,
}

/// Sleeps while `word` is `value`, no longer than `deadline`.
fn sleep(word: &AtomicU32, value: u32, deadline: Deadline) -> rustix::io::Result<()> {
    let end = deadline.as_timespec();
    futex::wait_bitset(
        word,
        futex::Flags::PRIVATE,
        value,
        end.as_ref(),
        NonZeroU32::MAX,
    )
}

/// Wakes up to `count` sleepers and tells how many there were.
fn wake(word: &AtomicU32, count: u32) -> usize {
    futex::wake(word, futex::Flags::PRIVATE, count).unwrap_or(0)
}

impl RawLock {
    /// A free lock.
    pub const fn new() -> RawLock {
        RawLock(AtomicU32::new(0))
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_acquire(&self) -> bool {
        self.0
            .compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Whether somebody holds the lock, or is about to get it.
    #[inline]
    pub fn is_held(&self) -> bool {
        self.0.load(Ordering::Relaxed) & (LOCKED | HANDED) != 0
    }

    /// Takes the lock; false when the deadline passes first.
    ///
    /// # Errors
    /// What a signal handler raises.
    #[inline]
    pub fn acquire(&self, cx: &Context, deadline: Deadline) -> PyResult<bool> {
        if self.try_acquire() {
            Ok(true)
        } else {
            self.acquire_slow(cx, deadline)
        }
    }

    #[cold]
    fn acquire_slow(&self, cx: &Context, deadline: Deadline) -> PyResult<bool> {
        if !typhon_sync::gil_enabled() && self.spin() {
            return Ok(true);
        }
        let since = monotonic();
        let mut sleep = Sleep::new(deadline);
        loop {
            // A signal that came before would not end the sleep.
            blocking::interrupted(cx)?;
            match cx.detached(|| self.wait(sleep.part(), since)) {
                Outcome::Acquired => return Ok(true),
                Outcome::TimedOut if sleep.is_over(cx) => return Ok(false),
                Outcome::TimedOut | Outcome::Interrupted => {}
            }
        }
    }

    /// Waits a moment for a lock that nobody sleeps on.
    fn spin(&self) -> bool {
        for _ in 0..SPINS {
            match self.0.load(Ordering::Relaxed) {
                0 => {
                    if self.try_acquire() {
                        return true;
                    }
                }
                LOCKED => std::hint::spin_loop(),
                _ => return false,
            }
        }
        false
    }

    /// Sleeps until the lock is taken, the time is over, or a signal arrives.
    fn wait(&self, deadline: Deadline, since: i128) -> Outcome {
        let mut has_slept = false;
        loop {
            let word = self.0.load(Ordering::Relaxed);
            if word & LOCKED == 0 && (word & HANDED == 0 || has_slept) {
                // Others may sleep still, whose WAITERS the last release has cleared.
                let taken = if has_slept {
                    LOCKED | WAITERS
                } else {
                    LOCKED | (word & WAITERS)
                };
                if self
                    .0
                    .compare_exchange(word, taken, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
                {
                    return Outcome::Acquired;
                }
                continue;
            }
            let mut wanted = word | WAITERS;
            if has_slept
                && word & LOCKED != 0
                && monotonic() - since >= FAIR_AFTER.as_nanos() as i128
            {
                wanted |= STARVED;
            }
            if wanted != word
                && self
                    .0
                    .compare_exchange(word, wanted, Ordering::Relaxed, Ordering::Relaxed)
                    .is_err()
            {
                continue;
            }
            match sleep(&self.0, wanted, deadline) {
                Ok(()) => has_slept = true,
                Err(Errno::INTR) => return Outcome::Interrupted,
                Err(Errno::TIMEDOUT) => return Outcome::TimedOut,
                // The word has changed.
                Err(_) => {}
            }
        }
    }

    /// Releases the lock; false when nobody holds it.
    #[inline]
    pub fn release(&self) -> bool {
        self.0
            .compare_exchange(LOCKED, 0, Ordering::Release, Ordering::Relaxed)
            .is_ok()
            || self.release_slow()
    }

    #[cold]
    fn release_slow(&self) -> bool {
        loop {
            let word = self.0.load(Ordering::Relaxed);
            if word & LOCKED == 0 {
                return false;
            }
            let next = if word & STARVED != 0 {
                HANDED | WAITERS
            } else {
                0
            };
            if self
                .0
                .compare_exchange(word, next, Ordering::Release, Ordering::Relaxed)
                .is_err()
            {
                continue;
            }
            if word & WAITERS != 0 && wake(&self.0, 1) == 0 && next != 0 {
                // Nobody is left to take it. Who sees HANDED has not slept and waits for a wake-up.
                let free = self
                    .0
                    .compare_exchange(next, 0, Ordering::Release, Ordering::Relaxed);
                if free.is_ok() {
                    wake(&self.0, 1);
                }
            }
            return true;
        }
    }

    /// Frees the lock, in the child of a fork: the threads that held it or waited are not there.
    pub fn reset(&self) {
        self.0.store(0, Ordering::Release);
    }
}

/// Something that happens once, and that threads wait for.
#[derive(Debug, Default)]
pub struct Event(AtomicU32);

const AWAITED: u32 = 1;
const HAPPENED: u32 = 2;

impl Event {
    /// An event that has not happened.
    pub const fn new() -> Event {
        Event(AtomicU32::new(0))
    }

    /// Whether it has happened.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire) == HAPPENED
    }

    /// It happens now.
    pub fn set(&self) {
        if self.0.swap(HAPPENED, Ordering::AcqRel) == AWAITED {
            wake(&self.0, u32::MAX >> 1);
        }
    }

    /// Waits until it has happened; false when the deadline passes first.
    ///
    /// # Errors
    /// What a signal handler raises.
    pub fn wait(&self, cx: &Context, deadline: Deadline) -> PyResult<bool> {
        let mut sleep = Sleep::new(deadline);
        while !self.is_set() {
            blocking::interrupted(cx)?;
            let slept = cx.detached(|| self.sleep(sleep.part()));
            if slept == Err(Errno::TIMEDOUT) && sleep.is_over(cx) {
                return Ok(self.is_set());
            }
        }
        Ok(true)
    }

    fn sleep(&self, deadline: Deadline) -> rustix::io::Result<()> {
        let marked = self
            .0
            .compare_exchange(0, AWAITED, Ordering::Relaxed, Ordering::Relaxed);
        if marked == Err(HAPPENED) {
            Ok(())
        } else {
            sleep(&self.0, AWAITED, deadline)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(lock: &RawLock) {
        while lock.wait(Deadline::NEVER, monotonic()) != Outcome::Acquired {}
    }

    #[test]
    fn only_what_is_held_can_be_released() {
        let lock = RawLock::new();
        assert!(!lock.release());
        assert!(lock.try_acquire());
        assert!(!lock.try_acquire());
        assert!(lock.is_held());
        assert!(lock.release());
        assert!(!lock.is_held());
    }

    #[test]
    fn a_waiter_gives_up_at_the_deadline() {
        let lock = RawLock::new();
        assert!(lock.try_acquire());
        let outcome = lock.wait(Deadline::after(2_000_000), monotonic());
        assert_eq!(outcome, Outcome::TimedOut);
        assert!(lock.release());
        assert!(lock.try_acquire(), "a waiter that has gone leaves no trace");
    }

    #[test]
    fn contending_threads_exclude_each_other_and_all_get_their_turn() {
        static LOCK: RawLock = RawLock::new();
        static INSIDE: AtomicU32 = AtomicU32::new(0);
        let threads: Vec<_> = (0..6)
            .map(|_| {
                std::thread::spawn(|| {
                    for round in 0..3000 {
                        take(&LOCK);
                        assert_eq!(INSIDE.fetch_add(1, Ordering::Relaxed), 0);
                        if round % 500 == 0 {
                            std::thread::sleep(Duration::from_millis(2));
                        }
                        INSIDE.fetch_sub(1, Ordering::Relaxed);
                        assert!(LOCK.release());
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(!LOCK.is_held());
    }

    #[test]
    fn a_greedy_thread_does_not_starve_another() {
        static LOCK: RawLock = RawLock::new();
        let deadline = monotonic() + 2_000_000_000;
        let waiter = std::thread::spawn(move || {
            for _ in 0..20 {
                take(&LOCK);
                LOCK.release();
            }
            monotonic()
        });
        while !waiter.is_finished() && monotonic() < deadline {
            take(&LOCK);
            std::thread::sleep(Duration::from_micros(200));
            LOCK.release();
        }
        assert!(waiter.join().unwrap() < deadline);
    }
}
