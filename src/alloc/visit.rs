//! The collector's view: pages and their blocks.
//!
//! With the world stopped nobody allocates or frees objects, so pages of objects stand
//! still and may be walked by many workers, each with its own pages. What the collector
//! notes of the blocks is in `side.rs`.

use crate::block::Block;
use crate::page::{Kind, Page, PageState};
use crate::segment;
use std::ptr;

/// A page of objects, as the collector sees it: good while the world is stopped.
/// In the order of addresses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageRef(pub(crate) *const Page);

// SAFETY: what a page reference reads stands still while the world is stopped.
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

/// Keeps of addresses, which may lead anywhere, those at which a block of an object with a shape
/// begins; sorts them, and keeps one of each. To be called with the world stopped.
pub fn retain_objects(addresses: &mut Vec<usize>) {
    addresses.sort_unstable();
    addresses.dedup();
    let mut is_object = vec![false; addresses.len()];
    // Nothing is allocated while the lock is held.
    segment::lock().for_each_page_at(addresses, |index, page| {
        is_object[index] = begins_object(page, addresses[index]);
    });
    let mut is_object = is_object.into_iter();
    addresses.retain(|_| is_object.next() == Some(true));
}

fn begins_object(page: &Page, address: usize) -> bool {
    let is_of_objects = page.kind().has_header() && page.state() == PageState::Active;
    if !is_of_objects || address < page.start().addr() {
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
    pub(crate) fn page(&self) -> &Page {
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
}
