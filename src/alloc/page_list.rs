//! Lists of pages by kind and class, for many threads.
//!
//! One lock for all lists, and a count beside each that may be read without it: a
//! thread about to take a new page mostly learns from the count alone that there is
//! none to adopt. A stale count costs a chance or a locking, never a page.
//!
//! Invariants, under the lock
//! * A page is in at most one list, and the list holds it (see `thread_free.rs`).
//! * counts\[i\] = length of list i; `pages` = the sum.

use super::atomic::{AtomicUsize, Mutex, MutexGuard, Ordering};
use std::ptr;

/// What the lists need of a page: room for a link while it is in one.
pub trait Linked {
    /// The link; the caller holds the page.
    fn next(&self) -> *mut Self;
    /// Sets the link; the caller holds the page.
    fn set_next(&self, next: *mut Self);
}

/// `LISTS` lists of pages.
pub struct PageLists<P, const LISTS: usize> {
    lists: Mutex<Heads<P, LISTS>>,
    counts: [AtomicUsize; LISTS],
}

/// What the lock of [`PageLists`] guards.
pub struct Heads<P, const LISTS: usize> {
    first: [*mut P; LISTS],
    pages: usize,
}

// SAFETY: the pages in the lists belong to no thread and are reached through the lock.
unsafe impl<P, const LISTS: usize> Send for Heads<P, LISTS> {}

impl<P, const LISTS: usize> Heads<P, LISTS> {
    /// Empty lists.
    pub const fn empty() -> Self {
        Self {
            first: [ptr::null_mut(); LISTS],
            pages: 0,
        }
    }
}

impl<P: Linked, const LISTS: usize> PageLists<P, LISTS> {
    /// `lists` is empty, the counts are 0.
    pub const fn new(lists: Mutex<Heads<P, LISTS>>, counts: [AtomicUsize; LISTS]) -> Self {
        Self { lists, counts }
    }

    /// Enters the lists.
    pub fn lock(&self) -> MutexGuard<'_, Heads<P, LISTS>> {
        self.lists
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Puts a page in a list and gives the number of pages in all of them.
    ///
    /// # Safety
    /// The caller holds the page, which no heap owns, and gives it up.
    pub unsafe fn add(&self, list: usize, page: *mut P) -> usize {
        let mut heads = self.lock();
        // SAFETY: the caller holds the page.
        unsafe { (*page).set_next(heads.first[list]) };
        heads.first[list] = page;
        heads.pages += 1;
        // Relaxed: the count orders nothing, the lock does.
        self.counts[list].fetch_add(1, Ordering::Relaxed);
        heads.pages
    }

    /// Takes a page out of a list, or null. The caller holds it from now on.
    pub fn take(&self, list: usize) -> *mut P {
        if self.counts[list].load(Ordering::Relaxed) == 0 {
            return ptr::null_mut();
        }
        let mut heads = self.lock();
        let page = heads.first[list];
        if !page.is_null() {
            // SAFETY: the list holds the page.
            heads.first[list] = unsafe { (*page).next() };
            heads.pages -= 1;
            self.counts[list].fetch_sub(1, Ordering::Relaxed);
        }
        page
    }

    /// Takes all pages of which `wanted` says so; they are linked to one another, and
    /// the caller holds them. `wanted` runs as the holder of the page, under the lock.
    pub fn take_all(&self, mut wanted: impl FnMut(&P) -> bool) -> *mut P {
        let mut taken: *mut P = ptr::null_mut();
        let mut heads = self.lock();
        for (list, count) in self.counts.iter().enumerate() {
            let mut kept: *mut P = ptr::null_mut();
            let mut next = heads.first[list];
            // SAFETY: the list holds its pages.
            while let Some(page) = unsafe { next.as_ref() } {
                let pointer = next;
                next = page.next();
                if wanted(page) {
                    page.set_next(taken);
                    taken = pointer;
                    heads.pages -= 1;
                    count.fetch_sub(1, Ordering::Relaxed);
                } else {
                    page.set_next(kept);
                    kept = pointer;
                }
            }
            heads.first[list] = kept;
        }
        taken
    }

    /// Forgets all pages, whatever state the lists are in.
    pub fn forget_all(&self, heads: &mut Heads<P, LISTS>) {
        *heads = Heads::empty();
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
    }
}
