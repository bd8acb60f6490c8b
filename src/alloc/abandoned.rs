//! Pages waiting for a thread that adopts them.
//!
//! A thread that ends leaves its pages here, and a thread that frees much more than
//! it allocates puts pages here that it does not need. A thread that needs a page of
//! some kind and class looks here before it asks for a new one.
//!
//! Invariants
//! * The list holds the page (see `thread_free.rs`): `owner` is null, nobody else
//!   touches it, frees are pushes.
//! * A glance at the count may be stale either way; it only saves taking the lock.

use crate::page::{KINDS, Kind, Page};
use crate::segment;
use crate::size_class::CLASSES;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Pages that may be added between two searches for empty ones, at least.
const SWEEP_AFTER: usize = 64;

pub struct Lists {
    first: [[*mut Page; CLASSES]; KINDS],
    pages: usize,
    sweep_at: usize, // number of pages at which to look for empty ones
}

// SAFETY: the pages in the lists belong to no thread and are reached through the lock.
unsafe impl Send for Lists {}

static LISTS: Mutex<Lists> = Mutex::new(Lists {
    first: [[ptr::null_mut(); CLASSES]; KINDS],
    pages: 0,
    sweep_at: SWEEP_AFTER,
});

/// How many pages each list has, for a glance without the lock.
static COUNTS: [[AtomicUsize; CLASSES]; KINDS] =
    [const { [const { AtomicUsize::new(0) }; CLASSES] }; KINDS];

/// Enters the lists. Only the segments' lock may be taken inside.
pub fn lock() -> MutexGuard<'static, Lists> {
    LISTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a page to whoever needs one like it.
///
/// # Safety
/// The caller holds the page, whose `owner` is null, and gives it up.
pub unsafe fn add(page: *mut Page) {
    let mut lists = lock();
    // SAFETY: the caller holds the page.
    let (kind, class) = unsafe {
        (
            (*page).kind_number.get() as usize,
            (*page).class.get() as usize,
        )
    };
    // SAFETY: as above.
    unsafe { (*page).next.set(lists.first[kind][class]) };
    lists.first[kind][class] = page;
    lists.pages += 1;
    COUNTS[kind][class].fetch_add(1, Ordering::Relaxed);
    if lists.pages >= lists.sweep_at {
        drop(lists);
        release_empty_pages();
    }
}

/// Takes a page of this kind and class, or null. The caller holds it from now on.
pub fn adopt(kind: Kind, class: usize) -> *mut Page {
    let count = &COUNTS[kind as usize][class];
    if count.load(Ordering::Relaxed) == 0 {
        return ptr::null_mut();
    }
    let mut lists = lock();
    let page = lists.first[kind as usize][class];
    if !page.is_null() {
        // SAFETY: the list holds the page.
        lists.first[kind as usize][class] = unsafe { (*page).next.get() };
        lists.pages -= 1;
        count.fetch_sub(1, Ordering::Relaxed);
    }
    page
}

/// Gives the pages of the lists back whose blocks have all been freed meanwhile.
pub fn release_empty_pages() {
    let mut empty: *mut Page = ptr::null_mut();
    {
        let mut lists = lock();
        for (kind, counts) in COUNTS.iter().enumerate() {
            for (class, count) in counts.iter().enumerate() {
                if count.load(Ordering::Relaxed) == 0 {
                    continue;
                }
                let mut kept: *mut Page = ptr::null_mut();
                let mut next = lists.first[kind][class];
                // SAFETY: the list holds its pages, and so do we under its lock.
                while let Some(page) = unsafe { next.as_ref() } {
                    let pointer = next;
                    next = page.next.get();
                    // SAFETY: as above.
                    unsafe { page.collect_thread_free() };
                    if page.used.get() == 0 {
                        page.next.set(empty);
                        empty = pointer;
                        lists.pages -= 1;
                        count.fetch_sub(1, Ordering::Relaxed);
                    } else {
                        page.next.set(kept);
                        kept = pointer;
                    }
                }
                lists.first[kind][class] = kept;
            }
        }
        lists.sweep_at = (lists.pages * 2).max(SWEEP_AFTER);
    }
    // Outside the lock, because retiring may call the runtime, which may allocate.
    while !empty.is_null() {
        let page = empty;
        // SAFETY: the page is out of the lists, so we alone hold it, and it is empty.
        unsafe {
            empty = (*page).next.get();
            crate::lifetime::with_heap(|heap| heap.publish(&*page));
            segment::retire_page(page);
        }
    }
}

/// Forgets all pages, whatever state the lists are in: for the child of a fork, which
/// finds the pages again by looking at every segment.
pub fn forget_all(lists: &mut Lists) {
    for (kind, counts) in COUNTS.iter().enumerate() {
        for (class, count) in counts.iter().enumerate() {
            lists.first[kind][class] = ptr::null_mut();
            count.store(0, Ordering::Relaxed);
        }
    }
    lists.pages = 0;
}
