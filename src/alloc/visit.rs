//! The collector's view: pages, blocks, side tables.
//!
//! With the world stopped nobody allocates or frees objects, so pages of objects stand
//! still and may be walked by many workers, each with its own pages. A *side table*
//! gives each block of a page a 32-bit word of the collector's own; it comes from raw
//! blocks, exists only from `ensure_side_table` to `release_side_tables`, and is all
//! zero to begin with.

use crate::block::Block;
use crate::heap::{allocate_zeroed, free};
use crate::page::{Kind, Page, PageState};
use crate::segment;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A page of objects, as the collector sees it: good while the world is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageRef(*const Page);

// SAFETY: what a page reference reads stands still while the world is stopped, and the
// side table is made of atomics.
unsafe impl Send for PageRef {}
// SAFETY: as above.
unsafe impl Sync for PageRef {}

/// All pages of a kind that may have a live block. To be called, and the result used, while
/// no other thread allocates or frees blocks of that kind.
pub fn pages(kind: Kind) -> Vec<PageRef> {
    loop {
        let mut count = 0;
        segment::lock().for_each_page(|page| count += usize::from(is_walkable(page, kind)));
        // The vector may come from this allocator, so its room is made outside the lock;
        // raw pages may come and go meanwhile, but then only for `Kind::Raw`.
        let mut found = Vec::with_capacity(count + 16);
        let mut overflowed = false;
        segment::lock().for_each_page(|page| {
            if is_walkable(page, kind) {
                if found.len() == found.capacity() {
                    overflowed = true;
                } else {
                    found.push(PageRef(page));
                }
            }
        });
        if !overflowed {
            return found;
        }
    }
}

/// Does a block of an object with a shape begin at an address, which may lead anywhere? To be
/// called with the world stopped.
pub fn is_object(address: usize) -> bool {
    let segments = segment::lock();
    let Some(page) = segments.page_at(address) else {
        return false;
    };
    if !page.kind().has_header() || page.state() != PageState::Active {
        return false;
    }
    let block = ptr::with_exposed_provenance_mut::<u8>(address);
    let index = page.index_of(block);
    let begin = page.start().wrapping_add(index * page.block_size.get());
    // SAFETY: a cut block of a page that stays while the world is stopped.
    index < page.capacity.get() as usize && begin == block && unsafe { Block(begin).shape() } != 0
}

fn is_walkable(page: &Page, kind: Kind) -> bool {
    page.kind() == kind && page.state() == PageState::Active && page.out.get() != 0
}

impl PageRef {
    fn page(&self) -> &Page {
        // SAFETY: the page may have live blocks and the world is stopped, so it stays.
        unsafe { &*self.0 }
    }

    /// The size of the page's blocks.
    pub fn block_size(&self) -> usize {
        self.page().block_size.get()
    }

    /// How many blocks have been cut in the page, used or free.
    pub fn capacity(&self) -> usize {
        self.page().capacity.get() as usize
    }

    /// The kind of the page's blocks.
    pub fn kind(&self) -> Kind {
        self.page().kind()
    }

    /// Visits the blocks whose shape is not 0, in the order of their addresses. For
    /// pages of objects.
    pub fn for_each_block(&self, mut visit: impl FnMut(*mut u8)) {
        let page = self.page();
        debug_assert!(page.kind().has_header());
        let (start, size) = (page.start(), page.block_size.get());
        for index in 0..page.capacity.get() as usize {
            let block = start.wrapping_add(index * size);
            // SAFETY: cut blocks of a page that stays.
            if unsafe { Block(block).shape() } != 0 {
                visit(block);
            }
        }
    }

    /// Visits the live blocks with their words in the side table, which must be there.
    pub fn for_each_block_with_side(&self, mut visit: impl FnMut(*mut u8, &AtomicU32)) {
        let page = self.page();
        let side = page.side.get();
        assert!(!side.is_null(), "the page has no side table");
        let (start, size) = (page.start(), page.block_size.get());
        for index in 0..page.capacity.get() as usize {
            let block = start.wrapping_add(index * size);
            // SAFETY: cut blocks of a page that stays; the table has `reserved` entries.
            unsafe {
                if Block(block).shape() != 0 {
                    visit(block, &*side.add(index));
                }
            }
        }
    }

    /// Sees to it that the page has a side table. False when there is no memory. One
    /// thread at a time for one page.
    pub fn ensure_side_table(&self) -> bool {
        let page = self.page();
        if page.side.get().is_null() {
            let bytes = page.reserved.get() as usize * size_of::<AtomicU32>();
            page.side.set(allocate_zeroed(Kind::Raw, bytes).cast());
        }
        !page.side.get().is_null()
    }

    /// The page's side table, one word for each block cut, if it has one.
    pub fn side_bits(&self) -> Option<&[AtomicU32]> {
        let page = self.page();
        let side = page.side.get();
        // SAFETY: the table has `reserved` ≥ `capacity` entries until it is released.
        (!side.is_null())
            .then(|| unsafe { std::slice::from_raw_parts(side, page.capacity.get() as usize) })
    }

    /// Runs `action` with the side table, which is made if there is none. `None` when
    /// there is no memory.
    pub fn with_side_table<R>(&self, action: impl FnOnce(&[AtomicU32]) -> R) -> Option<R> {
        self.ensure_side_table();
        self.side_bits().map(action)
    }

    /// The number of a block in its page: its place in the side table.
    pub fn index_of(&self, block: *const u8) -> usize {
        self.page().index_of(block)
    }

    /// Frees the page's side table.
    pub fn release_side_table(&self) {
        let side = self.page().side.get();
        self.page().side.set(ptr::null_mut());
        if !side.is_null() {
            // SAFETY: the table is a raw block that only the page referred to.
            unsafe { free(side.cast()) };
        }
    }
}

/// The side word of any live block, wherever it is; `None` when its page has no table.
///
/// # Safety
/// `block` is a live block of this allocator, the world is stopped, and the result is
/// not used after the table is released.
pub unsafe fn side_of<'a>(block: *const u8) -> Option<&'a AtomicU32> {
    // SAFETY: the block is alive, so its page is, and the table covers its blocks.
    unsafe {
        let page = &*Page::of_block(block.cast_mut());
        let side = page.side.get();
        if side.is_null() {
            None
        } else {
            Some(&*side.add(page.index_of(block)))
        }
    }
}

/// Frees the side tables of these pages.
pub fn release_side_tables(pages: &[PageRef]) {
    for page in pages {
        page.release_side_table();
    }
    // A worker's last stores to a table happen before its block is reused: the free
    // above is ordered by the join of the workers, which the caller has done.
    std::sync::atomic::fence(Ordering::Release);
}
