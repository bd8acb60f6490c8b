//! Frees by other threads; who holds a page.
//!
//! One atomic word a page:
//!
//! ```text
//!    63      62 ………………… 32 31 ……………………… 0
//!   ┌───────┬──────────────┬──────────────┐
//!   │ LOOSE │    count     │     head     │
//!   └───────┴──────────────┴──────────────┘
//!
//!   LOOSE count head   meaning                          who may change it, and how
//!     0     0     0    held, no remote frees            anyone: push · holder: loosen
//!     0     n    ≠0    held, n blocks freed remotely    anyone: push · holder: take
//!     1     0     0    full, held by nobody             anyone: claim
//! ```
//!
//! *Held* means that exactly one party is responsible for the page: a heap that has
//! it in a queue, the list of abandoned pages, or a grace period that runs. Only the
//! holder touches the page's other fields. A page with no free block left is let
//! *loose*: it is in no list and costs nobody anything. The first thread that frees a
//! block into a loose page claims it, with one compare-and-swap instead of the push,
//! and holds it from then on.
//!
//! Invariants
//! * head = 0 ⇔ count = 0; LOOSE ⇒ head = 0.
//! * LOOSE ⇒ the page's `free` and `local_free` are empty and it is fully extended.
//! * A claim succeeds for exactly one thread: nothing is freed into a page that
//!   nobody will look at again.
//!
//! Orderings
//! * push: Release, so that whatever the freeing thread did with the block happens
//!   before its reuse; pairs with the Acquire of `take`.
//! * loosen: Release, so that the claimer sees the page as the holder left it; pairs
//!   with the Acquire of `claim`. Its Acquire half is not needed: it succeeds only
//!   on an empty list.
//! * A push on top of other pushes continues their release sequence (it is a
//!   read-modify-write), so one Acquire in `take` sees all of them.

use super::atomic::{AtomicU64, Ordering};

const LOOSE: u64 = 1 << 63;
const COUNT_ONE: u64 = 1 << 32;

/// What became of a block freed by a thread that does not hold the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freed {
    /// It waits in the list for the holder.
    Pushed,
    /// The page was loose and is now held by the caller, who still has the block.
    Claimed,
}

/// The blocks taken off the list: the first one's offset and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub head: u32,
    pub count: u32,
}

/// The word described at the top of this file.
#[repr(transparent)]
pub struct ThreadFree(AtomicU64);

impl ThreadFree {
    /// The word of a page that somebody holds: `word` is 0.
    pub const fn new(word: AtomicU64) -> Self {
        Self(word)
    }

    /// Frees the block at `offset` without holding the page. `set_link` stores the
    /// given offset as the block's link; it may run more than once.
    pub fn free(&self, offset: u32, set_link: impl Fn(u32)) -> Freed {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            if word & LOOSE != 0 {
                match self
                    .0
                    .compare_exchange_weak(word, 0, Ordering::Acquire, Ordering::Relaxed)
                {
                    Ok(_) => return Freed::Claimed,
                    Err(now) => word = now,
                }
            } else {
                set_link(word as u32);
                let next = ((word & !u64::from(u32::MAX)) + COUNT_ONE) | u64::from(offset);
                match self
                    .0
                    .compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)
                {
                    Ok(_) => return Freed::Pushed,
                    Err(now) => word = now,
                }
            }
        }
    }

    /// Takes all remote frees. For the holder.
    pub fn take(&self) -> Taken {
        // Mostly there is nothing, and a load leaves the line shared.
        if self.0.load(Ordering::Relaxed) == 0 {
            return Taken { head: 0, count: 0 };
        }
        let word = self.0.swap(0, Ordering::Acquire);
        debug_assert!(word & LOOSE == 0, "only the holder takes");
        Taken {
            head: word as u32,
            count: (word >> 32) as u32,
        }
    }

    /// Lets a full page loose. False when a block has come back meanwhile, in which
    /// case the caller still holds the page. For the holder, who must not touch the
    /// page after success.
    pub fn loosen(&self) -> bool {
        self.0
            .compare_exchange(0, LOOSE, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }

    /// How many remote frees wait; a glance.
    pub fn count(&self) -> u32 {
        ((self.0.load(Ordering::Relaxed) & !LOOSE) >> 32) as u32
    }

    /// Whether nobody holds the page; a glance.
    pub fn is_loose(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LOOSE != 0
    }

    /// The list as it stands, for validation by the holder.
    pub fn peek(&self) -> Taken {
        let word = self.0.load(Ordering::Acquire) & !LOOSE;
        Taken {
            head: word as u32,
            count: (word >> 32) as u32,
        }
    }
}
