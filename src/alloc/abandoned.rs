//! Pages waiting for a thread that adopts them.
//!
//! A thread that ends leaves its pages here, and a thread that frees much more than it
//! allocates puts pages here that it does not need. A thread that needs a page of some
//! kind and class looks here before it asks for a new one.
//!
//! Blocks go on being freed into these pages, as remote frees that nobody collects. So
//! when the lists have grown to twice what was left the last time, they are searched
//! for pages that have become empty: constant work for each page added.

use crate::heap::Heap;
use crate::lifetime::with_heap;
use crate::page::{KINDS, Kind, Page};
use crate::page_list::{Heads, Linked, PageLists};
use crate::reclaim::retire_page;
use crate::size_class::CLASSES;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};

/// Pages that may be added between two searches for empty ones, at least.
const SEARCH_AFTER: usize = 64;
const LISTS: usize = KINDS * CLASSES;

static ABANDONED: PageLists<Page, LISTS> = PageLists::new(
    Mutex::new(Heads::empty()),
    [const { AtomicUsize::new(0) }; LISTS],
);

/// The number of pages at which to look for empty ones; advice, so unordered.
static SEARCH_AT: AtomicUsize = AtomicUsize::new(SEARCH_AFTER);

impl Linked for Page {
    fn next(&self) -> *mut Page {
        self.next.get()
    }

    fn set_next(&self, next: *mut Page) {
        self.next.set(next);
    }
}

const fn list_of(kind: Kind, class: usize) -> usize {
    kind as usize * CLASSES + class
}

/// Enters the lists. Only the segments' lock may be taken inside.
pub fn lock() -> MutexGuard<'static, Heads<Page, LISTS>> {
    ABANDONED.lock()
}

/// Gives a page to whoever needs one like it.
///
/// # Safety
/// The caller holds the page, which no heap owns, and gives it up.
pub unsafe fn add(page: *mut Page) {
    // SAFETY: the caller's promise.
    let pages = unsafe { ABANDONED.add(list_of((*page).kind(), (*page).class()), page) };
    if pages >= SEARCH_AT.load(Relaxed) {
        release_empty_pages();
    }
}

/// Takes a page of this kind and class, or null. The caller holds it from now on.
pub fn adopt(kind: Kind, class: usize) -> *mut Page {
    ABANDONED.take(list_of(kind, class))
}

/// Gives the pages of the lists back whose blocks have all been freed meanwhile.
pub fn release_empty_pages() {
    let mut kept = 0;
    let mut empty = ABANDONED.take_all(|page| {
        // SAFETY: we hold the page.
        unsafe { page.collect_thread_free() };
        let is_empty = page.out.get() == 0;
        kept += usize::from(!is_empty);
        is_empty
    });
    SEARCH_AT.store((kept * 2).max(SEARCH_AFTER), Relaxed);
    // Outside the lock, because retiring may call the runtime, which may allocate.
    // SAFETY: these pages are out of the lists, so we alone hold them.
    while let Some(page) = unsafe { empty.as_ref() } {
        let pointer = empty;
        empty = page.next.get();
        with_heap(|heap: &Heap| heap.publish(page));
        // SAFETY: as above, and the page is empty.
        unsafe { retire_page(pointer) };
    }
}

/// Forgets all pages, whatever state the lists are in: for the child of a fork, which
/// finds the pages again by looking at every segment.
pub fn forget_all(heads: &mut Heads<Page, LISTS>) {
    ABANDONED.forget_all(heads);
}
