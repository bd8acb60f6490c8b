//! The primitives the rest of the crate is written in: std's, with nothing added.
//!
//! `loom-tests` compiles the other files of this crate with a `shim` of its own that
//! has the same names over loom's primitives. So what is model-checked is the very
//! source that runs, and this file and its twin are the only two places that differ.

pub(crate) use std::sync::atomic::{
    AtomicI64, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

use std::sync::PoisonError;
use std::time::Duration;

/// The most threads that can be registered at once: ids run from 1 to this.
pub(crate) const MAXIMUM_THREADS: usize = 0xFFF0;

/// Capacity of the first per-thread table of distributed counts.
pub(crate) const FIRST_TABLE_CAPACITY: usize = 64;

/// Foreign increments between two that a thread tells of (`samples.rs`).
pub(crate) const SAMPLE_INTERVAL: u32 = 16;

/// Foreign increments after which candidates are served that are too few for a batch
/// (`distributed.rs`). A multiple of the interval.
pub(crate) const LONGEST_WAIT: u32 = 1 << 14;

/// Changes of threads that make an object a shared one.
pub(crate) const SHARED_SCORE: u64 = 2;

/// Places for objects that threads have told of (`samples.rs`).
pub(crate) const SAMPLED_OBJECTS: usize = 1 << 16;

/// Revocations that had to wait for a thread before it gives up its bias
/// (`object_lock.rs`).
pub(crate) const REVOCATIONS_BORNE: u32 = 256;

/// Retired blocks a thread gathers before it asks the others for a grace period.
pub(crate) const RETIRE_BATCH: usize = 64;

/// A function that is `const` where the primitives allow it.
macro_rules! const_fn {
    ($(#[$meta:meta])* $visibility:vis const fn $($rest:tt)*) => {
        $(#[$meta])* $visibility const fn $($rest)*
    };
}

/// A static whose initializer is a constant.
macro_rules! global {
    ($(#[$meta:meta])* $visibility:vis static $name:ident: $type:ty = $value:expr;) => {
        $(#[$meta])* $visibility static $name: $type = $value;
    };
}

/// A thread-local `Cell` that needs neither lazy initialization nor a destructor, so
/// that reading it is one load relative to the thread pointer.
macro_rules! thread_cell {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        thread_local! {
            $(#[$meta])*
            static $name: std::cell::Cell<$type> = const { std::cell::Cell::new($value) };
        }
    };
}

/// An array of equal constants.
macro_rules! array {
    ($value:expr; $length:expr) => {
        [const { $value }; $length]
    };
}

/// What must hold of the layout of the real types. (Loom's primitives are larger.)
macro_rules! layout {
    ($($fact:expr),+ $(,)?) => {
        const _: () = { $(assert!($fact);)+ };
    };
}

/// A static table of [`Hints`].
macro_rules! hints {
    (static $name:ident: $length:expr;) => {
        static $name: $crate::shim::Hints<{ $length }> = $crate::shim::Hints::new();
    };
}

pub(crate) use {array, const_fn, global, hints, layout, thread_cell};

/// A process-wide switch that is set before any thread could disagree about it. It is
/// read on every fast path and never orders anything, so it is not modelled.
pub(crate) struct Switch(std::sync::atomic::AtomicBool);

impl Switch {
    pub(crate) const fn new() -> Self {
        Self(std::sync::atomic::AtomicBool::new(false))
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, value: bool) {
        self.0.store(value, Ordering::Release);
    }
}

/// A static [`Switch`].
macro_rules! switch {
    ($(#[$meta:meta])* static $name:ident;) => {
        $(#[$meta])* static $name: $crate::shim::Switch = $crate::shim::Switch::new();
    };
}
pub(crate) use switch;

/// A number one thread raises and others may look at. It decides nothing and orders
/// nothing, so it is not modelled.
#[derive(Default)]
pub(crate) struct Tally(std::sync::atomic::AtomicU64);

impl Tally {
    /// Adds, by the one thread that writes this tally.
    pub(crate) fn add(&self, amount: u64) {
        self.0.store(self.get() + amount, Ordering::Relaxed);
    }

    /// Raises to `value`, by the one thread that writes this tally.
    pub(crate) fn raise(&self, value: u64) {
        self.0.store(self.get().max(value), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Words that any thread may overwrite at any time: they hint at something and order
/// nothing, so they are not modelled.
pub(crate) struct Hints<const N: usize>([std::sync::atomic::AtomicU64; N]);

impl<const N: usize> Hints<N> {
    pub(crate) const fn new() -> Self {
        Self([const { std::sync::atomic::AtomicU64::new(0) }; N])
    }

    pub(crate) fn get(&self, place: usize) -> u64 {
        self.0[place].load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, place: usize, word: u64) {
        self.0[place].store(word, Ordering::Relaxed);
    }
}

/// `std::cell::UnsafeCell` entered by closures, so that loom can watch every access.
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, change: impl FnOnce(*mut T) -> R) -> R {
        change(self.0.get())
    }
}

/// A value that is never dropped.
pub(crate) fn forever<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Locks; a panic elsewhere does not make the state unusable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition
        .wait(guard)
        .unwrap_or_else(PoisonError::into_inner)
}

/// Waits at most `limit`; the flag says that the time ran out.
pub(crate) fn wait_for<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    limit: Duration,
) -> (MutexGuard<'a, T>, bool) {
    let (guard, result) = condition
        .wait_timeout(guard, limit)
        .unwrap_or_else(PoisonError::into_inner);
    (guard, result.timed_out())
}

/// Sleeps on `address` unless `validate`, called with the queue locked, says no.
pub(crate) fn park(address: usize, validate: impl FnOnce() -> bool) {
    // SAFETY: the keys are addresses of locks of this crate, which nobody else parks
    // on; `validate` neither panics nor calls back into parking_lot_core.
    unsafe {
        parking_lot_core::park(
            address,
            validate,
            || {},
            |_, _| {},
            parking_lot_core::DEFAULT_PARK_TOKEN,
            None,
        );
    }
}

/// Wakes one sleeper on `address`. `callback` runs with the queue locked and learns
/// whether more sleepers remain.
pub(crate) fn unpark_one(address: usize, callback: impl FnOnce(bool)) {
    // SAFETY: as in `park`.
    unsafe {
        parking_lot_core::unpark_one(address, |result| {
            callback(result.have_more_threads);
            parking_lot_core::DEFAULT_UNPARK_TOKEN
        });
    }
}

/// Wakes all sleepers on `address`.
pub(crate) fn unpark_all(address: usize) {
    // SAFETY: as in `park`.
    unsafe {
        parking_lot_core::unpark_all(address, parking_lot_core::DEFAULT_UNPARK_TOKEN);
    }
}

/// Spends a moment in the `round`th round of spinning, or says that it is time to sleep.
pub(crate) fn spin(round: u32) -> bool {
    match round {
        0..3 => {
            for _ in 0..2u32 << round {
                std::hint::spin_loop();
            }
        }
        3..8 => std::thread::yield_now(),
        _ => return false,
    }
    true
}
