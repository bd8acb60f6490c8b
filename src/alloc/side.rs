//! What the collector notes of blocks, beside the pages: a byte each, and for the pages
//! that it looks at more closely a 32-bit word each.
//!
//! ```text
//!   page slot ── marks ──▶ ┌─┬─┬─┬─┬─ … ─┐   one byte a block, each page's on words of
//!             └─ counts ─▶ │ 0 │ 1 │ … │ │   its own; all zero to begin with
//!                          └───┴───┴───┴─┘
//! ```
//! A heap of millions of objects has its bytes in the processor's caches when its objects
//! are not: what is marked already is never touched again.
//!
//! The tables of all pages are one block of raw memory, so that what is large comes as
//! fresh zeroes from the system and is zeroed by the workers that first touch it.
//!
//! Invariants
//! * Tables are there from [`SideTables::new`] until the value is dropped, and the world
//!   is stopped all that time: no page comes or goes.
//! * A block's byte and word are found from its address in constant time (`Place::of`).
//! * marks ≠ null ⇔ the page is one of `pages`.

use crate::block::Block;
use crate::heap::{allocate_zeroed, free};
use crate::page::{Kind, Page};
use crate::segment::{SEGMENT_MASK, SLICE_SIZE};
use crate::visit::PageRef;
use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// The tables of some pages. Dropping it takes them away.
pub struct SideTables {
    pages: Vec<PageRef>,
    /// Where the segments of those pages begin, in order.
    segments: Vec<usize>,
    marks: *mut u8,
    counts: *mut u8,
}

// SAFETY: tables are made of atomics; the value itself only tells where they are.
unsafe impl Send for SideTables {}
// SAFETY: as above.
unsafe impl Sync for SideTables {}

/// Mark bytes are looked at this many at a time.
const GROUP: usize = size_of::<u64>();

impl SideTables {
    /// Gives each page a table of marks. `None` when there is no memory.
    pub fn new(pages: Vec<PageRef>) -> Option<SideTables> {
        let bytes: usize = pages.iter().map(|page| marks_of(page.page())).sum();
        let marks = allocate_zeroed(Kind::Raw, bytes.max(GROUP));
        if marks.is_null() {
            return None;
        }
        let mut next = marks;
        let mut segments = Vec::with_capacity(64);
        for page in &pages {
            let page = page.page();
            page.marks.set(next.cast());
            next = next.wrapping_add(marks_of(page));
            let segment = page.segment().addr();
            if segments.last() != Some(&segment) {
                segments.push(segment);
            }
        }
        segments.sort_unstable();
        segments.dedup();
        Some(SideTables {
            pages,
            segments,
            marks,
            counts: ptr::null_mut(),
        })
    }

    /// The pages that have tables.
    pub fn pages(&self) -> &[PageRef] {
        &self.pages
    }

    /// Gives some of the pages a table of counts besides, once. False when there is no
    /// memory.
    pub fn add_counts(&mut self, pages: &[PageRef]) -> bool {
        assert!(self.counts.is_null(), "counts are made once");
        let words: usize = pages
            .iter()
            .map(|page| page.page().reserved.get() as usize)
            .sum();
        let counts = allocate_zeroed(Kind::Raw, (words * size_of::<AtomicU32>()).max(GROUP));
        if counts.is_null() {
            return false;
        }
        self.counts = counts;
        let mut next = counts.cast::<AtomicU32>();
        for page in pages {
            let page = page.page();
            debug_assert!(!page.marks.get().is_null());
            page.counts.set(next);
            next = next.wrapping_add(page.reserved.get() as usize);
        }
        true
    }

    /// The live block that begins at this address, if there is one in these pages. For
    /// words that may be anything.
    pub fn block_at(&self, address: usize) -> Option<*mut u8> {
        let offset = address & SEGMENT_MASK;
        let segment = address - offset;
        if offset < SLICE_SIZE || self.segments.binary_search(&segment).is_err() {
            return None;
        }
        let block: *mut u8 = ptr::with_exposed_provenance_mut(address);
        // SAFETY: the segment is mapped, for one of its pages is among ours, and its header
        // has a slot for each slice, whose `back` leads to a slot of the same header.
        let page = unsafe { &*Page::of_block(block) };
        if page.marks.get().is_null() || address < page.start().addr() {
            return None;
        }
        let index = page.index_of(block);
        let begins = page.start().addr() + index * page.block_size.get() == address;
        // SAFETY: a block cut in a page that stays.
        let is_live = || unsafe { Block(block).shape() } != 0;
        (begins && index < page.capacity.get() as usize && is_live()).then_some(block)
    }
}

impl Drop for SideTables {
    fn drop(&mut self) {
        for page in &self.pages {
            page.page().marks.set(ptr::null_mut());
            page.page().counts.set(ptr::null_mut());
        }
        // A worker's last stores to a table happen before its memory is used again: the
        // join of the workers, which the owner has done, precedes this.
        // SAFETY: raw blocks that only the pages referred to.
        unsafe {
            free(self.marks);
            if !self.counts.is_null() {
                free(self.counts);
            }
        }
    }
}

fn marks_of(page: &Page) -> usize {
    (page.reserved.get() as usize).next_multiple_of(GROUP)
}

/// Where a block is noted.
#[derive(Clone, Copy)]
pub struct Place {
    page: *const Page,
    marks: *const AtomicU8,
    index: usize,
}

impl Place {
    /// The place of any live block, wherever it is; `None` when its page has no tables.
    ///
    /// # Safety
    /// `block` is a live block of this allocator, the world is stopped, and the result is
    /// not used after the tables are dropped.
    #[inline(always)]
    pub unsafe fn of(block: *const u8) -> Option<Place> {
        // SAFETY: the block is alive, so its page is.
        let page = unsafe { &*Page::of_block(block.cast_mut()) };
        let marks = page.marks.get();
        (!marks.is_null()).then(|| Place {
            page,
            marks,
            index: page.index_of(block),
        })
    }

    /// The block's byte.
    #[inline(always)]
    pub fn mark(&self) -> &AtomicU8 {
        // SAFETY: the table covers the page's blocks (`of`).
        unsafe { &*self.marks.add(self.index) }
    }

    /// The block's word, which the page must have.
    #[inline(always)]
    pub fn count(&self) -> &AtomicU32 {
        // SAFETY: the page stays (`of`).
        let counts = unsafe { (*self.page).counts.get() };
        assert!(!counts.is_null(), "the page has no table of counts");
        // SAFETY: the table covers the page's blocks.
        unsafe { &*counts.add(self.index) }
    }
}

impl PageRef {
    /// Visits the live blocks whose byte is zero, in the order of their addresses, until
    /// `visit` answers false. For pages with a table.
    ///
    /// Where all is marked the blocks are not touched. Nobody else marks blocks of the page
    /// meanwhile.
    pub fn for_each_unmarked(&self, mut visit: impl FnMut(*mut u8, Place) -> bool) {
        let page = self.page();
        let marks = page.marks.get().cast_const();
        assert!(!marks.is_null(), "the page has no table of marks");
        let (start, size) = (page.start(), page.block_size.get());
        let capacity = page.capacity.get() as usize;
        for first in (0..capacity).step_by(GROUP) {
            let group = first..(first + GROUP).min(capacity);
            // SAFETY: tables are aligned to whole groups and end with one; nobody writes this
            // page's marks meanwhile but `visit`.
            let bytes = unsafe { marks.add(first).cast::<u64>().read() };
            if !has_zero_byte(bytes) {
                continue;
            }
            for index in group {
                let block = start.wrapping_add(index * size);
                // SAFETY: the table has an entry for each block; the block was cut in a page that stays.
                if unsafe {
                    (*marks.add(index)).load(Ordering::Relaxed) == 0 && Block(block).shape() != 0
                } {
                    let place = Place { page, marks, index };
                    if !visit(block, place) {
                        return;
                    }
                }
            }
        }
    }
}

/// Whether one of the eight bytes is zero (Mycroft).
fn has_zero_byte(bytes: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    bytes.wrapping_sub(ONES) & !bytes & (ONES << 7) != 0
}
