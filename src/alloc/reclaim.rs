//! Memory on its way back.
//!
//! ```text
//!                      object pages, with a hook          grace period over
//!   Active, empty ───────────────────────────▶ Retired ──────────────────┐
//!        │                                                               ▼
//!        └─────────────── raw pages, or no hook ──────────────────▶ slices free
//!                                                                        │
//!                     beyond what is kept warm, or trim: the system ◀────┘
//! ```
//!
//! A retired page is held by its grace period: its blocks are all free and stay as
//! they are, so a lock-free reader that still has the address of an object that lived
//! there reads a header that refuses to be counted.

use crate::abandoned;
use crate::heap;
use crate::huge;
use crate::lifetime::for_each_heap;
use crate::page::{Page, PageState};
use crate::segment;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The second half of retiring a page: gives it back once nobody reads it any more.
pub type FreePage = unsafe fn(*mut u8);

/// `retire(page, free)` as set by [`set_grace_period_hook`]; 0 when there is none.
static GRACE_PERIOD_HOOK: AtomicUsize = AtomicUsize::new(0);

/// Has `retire` called with each empty page of objects that is about to change its
/// class or kind or to go back to the system. It must see to it that the function it
/// is handed is called with the page, once, on any thread, when every lock-free reader
/// that may have found an object in it has passed a quiescent state.
///
/// It runs wherever a block is freed or a thread ends, also while thread-local values
/// are dropped. It may allocate and free raw blocks, but no objects.
pub fn set_grace_period_hook(retire: fn(*mut u8, FreePage)) {
    // Release: a thread that sees the hook sees what it needs. Pairs with the Acquire
    // in `retire_page`.
    GRACE_PERIOD_HOOK.store(retire as usize, Ordering::Release);
}

/// Gives an empty page back, after a grace period where that is needed.
///
/// # Safety
/// The caller holds the page, no heap owns it and no block of it is used.
pub unsafe fn retire_page(page: *mut Page) {
    let hook = GRACE_PERIOD_HOOK.load(Ordering::Acquire);
    // SAFETY: the caller holds the page.
    unsafe {
        if hook == 0 || !(*page).kind().has_header() {
            release_page(page);
        } else {
            (*page).set_state(PageState::Retired);
            // SAFETY: only `set_grace_period_hook` stores here, a function of this type.
            let retire = mem::transmute::<usize, fn(*mut u8, FreePage)>(hook);
            retire(page.cast(), release_retired);
        }
    }
}

/// # Safety
/// `page` was handed to the hook and its grace period is over.
unsafe fn release_retired(page: *mut u8) {
    // SAFETY: retired pages are held by their grace period, which ends here.
    unsafe { release_page(page.cast()) };
}

/// Gives an empty page's slices back, at once.
///
/// # Safety
/// The caller holds the page, no block of it is used, and no lock-free reader can
/// still look at it.
unsafe fn release_page(page: *mut Page) {
    // SAFETY: the caller holds the page.
    unsafe {
        debug_assert!((*page).owner.is_nobody() && (*page).marks.get().is_null());
        if (*page).is_huge() {
            huge::release(page);
        } else {
            segment::release_page(page);
        }
    }
}

/// Gives memory that no page uses back to the system: that of the calling thread's
/// empty pages, of empty pages nobody holds, and of free slices.
pub fn trim() {
    let heap = heap::current();
    if !heap::is_empty_heap(heap) {
        // SAFETY: the heap is the calling thread's.
        unsafe { (*heap).trim() };
    }
    release_unused();
}

/// As [`trim`], and looks through the object pages of every thread's heap: threads that
/// sleep do not notice what others have freed in their pages.
///
/// # Safety
/// The world is stopped: no other thread allocates or frees objects meanwhile.
pub unsafe fn trim_stopped_world() {
    for_each_heap(|heap| {
        // SAFETY: the caller's promise: the heaps' threads keep away from object pages.
        unsafe { heap.trim_objects() };
    });
    trim();
}

/// Gives memory back that is in no heap.
pub fn release_unused() {
    abandoned::release_empty_pages();
    let mut segments = segment::lock();
    segments.trim();
    huge::trim(&mut segments);
}
