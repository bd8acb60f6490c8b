//! Plain fields that other threads may glance at.
//!
//! Most fields of a page are written by its holder alone, yet statistics, the
//! collector and assertions read them from elsewhere. A relaxed atomic costs what a
//! plain field costs and makes such a glance defined; whatever *depends* on the
//! value is ordered by the word that hands the page over (`thread_free.rs`).

use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering::Relaxed};

/// A 32-bit field with one writer at a time.
#[repr(transparent)]
pub struct Word32(AtomicU32);

impl Word32 {
    pub const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    #[inline(always)]
    pub fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }

    #[inline(always)]
    pub fn set(&self, value: u32) {
        self.0.store(value, Relaxed);
    }
}

/// A pointer-sized number with one writer at a time.
#[repr(transparent)]
pub struct WordSize(AtomicUsize);

impl WordSize {
    pub const fn new(value: usize) -> Self {
        Self(AtomicUsize::new(value))
    }

    #[inline(always)]
    pub fn get(&self) -> usize {
        self.0.load(Relaxed)
    }

    #[inline(always)]
    pub fn set(&self, value: usize) {
        self.0.store(value, Relaxed);
    }

    /// Adds without an atomic read-modify-write: for the single writer only.
    #[inline(always)]
    pub fn add(&self, amount: usize) {
        self.set(self.get().wrapping_add(amount));
    }
}

/// A pointer with one writer at a time.
#[repr(transparent)]
pub struct WordPointer<T>(AtomicPtr<T>);

impl<T> WordPointer<T> {
    pub const fn new(value: *mut T) -> Self {
        Self(AtomicPtr::new(value))
    }

    #[inline(always)]
    pub fn get(&self) -> *mut T {
        self.0.load(Relaxed)
    }

    #[inline(always)]
    pub fn set(&self, value: *mut T) {
        self.0.store(value, Relaxed);
    }
}
