//! An inline cache: one atomic word that carries its own guard.
//!
//! ```text
//!    63                      32 31                       0
//!   ┌──────────────────────────┬──────────────────────────┐
//!   │ guard                    │ payload                  │
//!   └──────────────────────────┴──────────────────────────┘
//! ```
//!
//! Code is shared by all threads, and any of them may fill a cache while others use it.
//! Guard and payload are read by one load, so a payload is never used under another
//! filling's guard. Filling is Release and looking is Acquire, so that what the payload
//! refers to (an entry of a table, say, written just before) is seen complete.
//!
//! Guard 0 is never a hit: an empty cache is the word 0.

use crate::shim::{AtomicU64, Ordering, const_fn};

/// A guarded payload, published as one word.
#[repr(transparent)]
pub struct InlineCache(AtomicU64);

impl InlineCache {
    const_fn! {
        /// A cache that holds nothing.
        pub const fn new() -> Self {
            Self(AtomicU64::new(0))
        }
    }

    /// The payload, if the cache was filled under this guard. `guard` is not 0.
    #[inline(always)]
    pub fn lookup(&self, guard: u32) -> Option<u32> {
        let word = self.0.load(Ordering::Acquire);
        ((word >> 32) as u32 == guard).then_some(word as u32)
    }

    /// Fills the cache, for all threads.
    #[inline]
    pub fn fill(&self, guard: u32, payload: u32) {
        self.0.store(
            u64::from(guard) << 32 | u64::from(payload),
            Ordering::Release,
        );
    }

    /// Empties the cache.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Default for InlineCache {
    fn default() -> Self {
        Self::new()
    }
}
