//! Deep syntax trees: the compiler recurses over them, the machine's stack must not overflow.
//!
//! Every recursive function enters the guard; past [`LIMIT`] levels compilation ends with a
//! RecursionError. Up to there the stack is grown on demand, so the size of the calling thread's
//! stack does not matter.

use std::cell::Cell;

use crate::error::{Compiled, Failure};

/// The number of levels that are allowed.
const LIMIT: u32 = 25_000;

/// Room that one level must find on the stack.
const RED_ZONE: usize = 128 * 1024;

/// What is added when it does not.
const SEGMENT: usize = 4 * 1024 * 1024;

/// Counts levels of recursion.
#[derive(Debug, Default)]
pub(crate) struct RecursionGuard {
    depth: Cell<u32>,
    deepest: Cell<u32>,
}

/// One level; leaves it when dropped.
#[derive(Debug)]
pub(crate) struct Level<'a>(&'a Cell<u32>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl RecursionGuard {
    /// The largest depth so far.
    pub fn deepest(&self) -> u32 {
        self.deepest.get()
    }

    /// One level deeper. For recursion that is bounded by nested blocks; see [`grow`] for the rest.
    pub fn enter(&self) -> Compiled<Level<'_>> {
        let depth = self.depth.get() + 1;
        if depth > LIMIT {
            return Err(Failure::recursion());
        }
        self.depth.set(depth);
        self.deepest.set(self.deepest.get().max(depth));
        Ok(Level(&self.depth))
    }
}

/// Runs `work` with enough stack for one more level.
#[inline]
pub(crate) fn grow<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RED_ZONE, SEGMENT, work)
}
