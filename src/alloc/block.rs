//! The words of a block the allocator may touch, alive and free.
//!
//! ```text
//!            0        4                 8            12           16
//!           ┌────────┬─────────────────┬────────────┬────────────┬──── …
//!   alive   │ shape  │ the object's    │ local      │ shared     │ payload
//!   (object)│  ≠ 0   │                 │            │            │
//!           ├────────┼─────────────────┼────────────┼────────────┼──── …
//!   free    │   0    │ as it was       │ next free  │ as it was  │ as it was
//!           └────────┴─────────────────┴────────────┴────────────┴──── …
//! ```
//!
//! * In pages of objects (`Container`, `Plain`): shape = 0 ⇔ the block is free or
//!   its new owner has not yet initialized it. That is how the collector tells live
//!   blocks from free ones.
//! * Bytes 4..8 and 12..16 of a freed object are never written here: a lock-free
//!   reader that lost a race may still read `owner` and try to count in `shared`.
//! * `next free` is the next block's offset from the start of its *segment*; 0 ends
//!   the list, because a segment begins with its own header. An offset is a quarter
//!   of the size of two pointers' worth of header and makes a list independent of
//!   where it is mapped.
//!
//! All accesses are relaxed atomics: the words are shared with readers of the object
//! header. Hand-over of a whole list is ordered by `thread_free.rs`.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Bytes of the object header with which a block of objects begins.
pub const HEADER_SIZE: usize = 16;

const SHAPE: usize = 0;
const LINK: usize = 8;

/// The address of a block, alive or free.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Block(pub *mut u8);

impl Block {
    #[inline(always)]
    fn word(self, offset: usize) -> *const AtomicU32 {
        self.0.wrapping_add(offset).cast()
    }

    /// The shape word; 0 says free.
    ///
    /// # Safety
    /// The block lies in a page that is not given back while this runs.
    #[inline(always)]
    pub unsafe fn shape(self) -> u32 {
        // SAFETY: the caller's promise; blocks are 16-aligned and at least 16 long.
        unsafe { (*self.word(SHAPE)).load(Relaxed) }
    }

    /// The next free block's offset.
    ///
    /// # Safety
    /// The block is free and the caller holds the list it is in.
    #[inline(always)]
    pub unsafe fn link(self) -> u32 {
        // SAFETY: the caller's promise.
        unsafe { (*self.word(LINK)).load(Relaxed) }
    }

    /// Sets the next free block's offset.
    ///
    /// # Safety
    /// The block is free and the caller holds it.
    #[inline(always)]
    pub unsafe fn set_link(self, next: u32) {
        // SAFETY: the caller's promise.
        unsafe { (*self.word(LINK)).store(next, Relaxed) }
    }

    /// Marks the block free.
    ///
    /// # Safety
    /// The caller is freeing the block.
    #[inline(always)]
    pub unsafe fn clear_shape(self) {
        // SAFETY: the caller's promise.
        unsafe { (*self.word(SHAPE)).store(0, Relaxed) }
    }

    /// Makes all sixteen header bytes zero: for blocks cut from memory that served
    /// something else before.
    ///
    /// # Safety
    /// The block was never handed out since its page was made.
    #[inline(always)]
    pub unsafe fn clear_header(self) {
        let words: *const AtomicU64 = self.0.cast();
        // SAFETY: the caller's promise; 16-aligned, so both 8-byte words are too.
        unsafe {
            (*words).store(0, Relaxed);
            (*words.add(1)).store(0, Relaxed);
        }
    }
}
