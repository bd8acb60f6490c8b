//! A word that holds a value, in a block that may be replaced as a whole: an item of a list, a key of
//! a set.
//!
//! Readers take no lock: load the word, try to count the object, check that the word is unchanged
//! (see [`crate::field`] for why that is safe), and then check that the *block* still is the current
//! one: a block that was replaced keeps the addresses of objects that may be gone since. Who cannot
//! count the object that way takes the owner's lock and begins again with the current block; a stale
//! word must never be counted under the lock.
//!
//! Writers hold the owner's lock. They move words from place to place without counting.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU64, Ordering};

use typhon_sync::{Header, slot};

use crate::object::is_owned_here;
use crate::value::Value;

/// See the module's header. Zero is "nothing".
#[repr(transparent)]
pub struct SharedWord(AtomicU64);

/// What a reader without a lock made of a word.
pub enum Glimpse {
    /// There is nothing.
    Nothing,
    /// A value, counted. It was in the word; whether the block is current the reader has to check.
    Value(Value),
    /// It takes the lock to count the object.
    Locked,
}

impl SharedWord {
    /// The word.
    #[inline(always)]
    pub fn bits(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Overwrites the word, under the lock. Counts are the caller's business.
    #[inline(always)]
    pub fn put(&self, bits: u64) {
        // Release: a reader that sees the address sees the object.
        self.0.store(bits, Ordering::Release);
    }

    /// Reads without the lock.
    #[inline(always)]
    pub fn glimpse(&self) -> Glimpse {
        let bits = self.bits();
        if bits == 0 {
            return Glimpse::Nothing;
        }
        if bits & 7 != 0 {
            // SAFETY: immediates carry no count.
            return Glimpse::Value(unsafe { Value::from_bits(bits) });
        }
        // SAFETY: the word is the address of an object, alive or freed; freed memory keeps its header.
        let header = unsafe { &*(bits as *const Header) };
        if !typhon_sync::multithreaded() || is_owned_here(header) {
            // Only this thread could free it: alone, or as its owner.
            header.incref();
            // SAFETY: the count just added.
            return Glimpse::Value(unsafe { Value::from_bits(bits) });
        }
        self.glimpse_slow(bits, header)
    }

    #[inline(never)]
    fn glimpse_slow(&self, bits: u64, header: &Header) -> Glimpse {
        if header.try_incref_distributed() {
            // SAFETY: the count just added.
            return Glimpse::Value(unsafe { Value::from_bits(bits) });
        }
        if header.try_incref() {
            // SAFETY: the count just added.
            let value = unsafe { Value::from_bits(bits) };
            if self.bits() == bits {
                return Glimpse::Value(value);
            }
        }
        Glimpse::Locked
    }

    /// Looks at the object without counting it, when nobody else could free it meanwhile. `look` must not
    /// let go of anything, nor reach a safepoint; whether the block is current the reader has to check.
    #[inline(always)]
    pub fn look_kept<R>(&self, look: impl FnOnce(&Value) -> Option<R>) -> Option<R> {
        // SAFETY: freed memory of objects keeps its headers.
        let header = unsafe { slot::look(|| self.bits(), crate::field::header_of)? };
        // SAFETY: the object stays alive meanwhile; `ManuallyDrop` leaves the block's count alone.
        look(&ManuallyDrop::new(unsafe {
            Value::from_bits(header.as_ptr() as u64)
        }))
    }

    /// The value, counted, for a holder of the lock whose block is the current one; from now on readers
    /// without the lock can count the object.
    pub fn get_marked(&self) -> Option<Value> {
        let bits = self.bits();
        if bits == 0 {
            return None;
        }
        if bits & 7 == 0 {
            // SAFETY: the block counts the object, and no writer is at work while the lock is held.
            unsafe { (*(bits as *const Header)).incref_and_mark() };
        }
        // SAFETY: the count just added, or an immediate.
        Some(unsafe { Value::from_bits(bits) })
    }

    /// Runs `look` on the value, which is not counted: for a holder of the lock whose block is the
    /// current one, and for the collector.
    #[inline(always)]
    pub fn look<R>(&self, look: impl FnOnce(&Value) -> R) -> Option<R> {
        let bits = self.0.load(Ordering::Relaxed);
        if bits == 0 {
            return None;
        }
        // SAFETY: the block counts the value and keeps it meanwhile; `ManuallyDrop` leaves that count alone.
        let value = ManuallyDrop::new(unsafe { Value::from_bits(bits) });
        Some(look(&value))
    }
}
