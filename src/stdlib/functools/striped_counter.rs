//! A counter that many threads may increment at once without fighting over a cache line.

use std::sync::atomic::{AtomicU64, Ordering};

const STRIPES: usize = 16;

#[repr(align(64))]
struct Stripe(AtomicU64);

/// A count, in parts of which each is used by some of the threads.
pub(super) struct StripedCounter {
    stripes: [Stripe; STRIPES],
}

impl StripedCounter {
    pub(super) fn new() -> StripedCounter {
        StripedCounter {
            stripes: [const { Stripe(AtomicU64::new(0)) }; STRIPES],
        }
    }

    /// Adds one.
    #[inline]
    pub(super) fn increment(&self) {
        let Stripe(count) = &self.stripes[usize::from(typhon_sync::owner_id()) % STRIPES];
        if typhon_sync::multithreaded() {
            count.fetch_add(1, Ordering::Relaxed);
        } else {
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    /// The count.
    pub(super) fn total(&self) -> u64 {
        self.stripes
            .iter()
            .map(|Stripe(count)| count.load(Ordering::Relaxed))
            .sum()
    }

    /// Sets the count to zero.
    pub(super) fn reset(&self) {
        for Stripe(count) in &self.stripes {
            count.store(0, Ordering::Relaxed);
        }
    }
}
