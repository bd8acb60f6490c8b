//! Whose a page is, and whose a heap is.
//!
//! A page's [`Owner`] names the heap that holds it, or nobody. The question a free
//! asks, "is it mine?", is answered by one relaxed load, and exactly:
//!
//! * only the thread of heap H writes H there, and only that thread takes it away;
//! * so a thread that reads its own heap's address reads its own last word on the
//!   matter: coherence forbids it an older one;
//! * a heap changes threads through its [`Tenancy`]: what the last tenant wrote happens
//!   before what the next one reads, so the next one cannot find H in a page that the
//!   last one gave away.
//!
//! ```text
//!   Tenancy     from → to          who           ordering
//!   free → let                     next tenant   Acquire, sees all the last one did
//!   let  → free                    last tenant   Release, after its last page is gone
//! ```

use super::atomic::{AtomicBool, AtomicPtr, Ordering};

/// The heap that holds a page, or none.
#[repr(transparent)]
pub struct Owner<H>(AtomicPtr<H>);

impl<H> Owner<H> {
    /// `word` is null: nobody.
    pub const fn new(word: AtomicPtr<H>) -> Self {
        Self(word)
    }

    /// Whether `heap` holds the page. Exact if asked by the heap's own thread.
    #[inline(always)]
    pub fn is(&self, heap: *mut H) -> bool {
        self.0.load(Ordering::Relaxed) == heap
    }

    /// Whether no heap holds the page. Exact for the page's holder.
    #[inline(always)]
    pub fn is_nobody(&self) -> bool {
        self.is(std::ptr::null_mut())
    }

    /// The page is this heap's now. For the heap's thread, which holds the page.
    #[inline(always)]
    pub fn set(&self, heap: *mut H) {
        self.0.store(heap, Ordering::Relaxed);
    }

    /// The page is no heap's any more. For the thread of the heap that holds it.
    #[inline(always)]
    pub fn clear(&self) {
        self.set(std::ptr::null_mut());
    }
}

/// Whether a heap belongs to a thread.
#[repr(transparent)]
pub struct Tenancy(AtomicBool);

impl Tenancy {
    /// `word` is false: free.
    pub const fn new(word: AtomicBool) -> Self {
        Self(word)
    }

    /// Makes the heap the calling thread's, if it is free.
    pub fn enter(&self) -> bool {
        // The load first keeps the line shared while others look for a heap.
        !self.0.load(Ordering::Relaxed)
            && self
                .0
                .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
    }

    /// Leaves the heap to the next thread. For its tenant, whose pages are all gone.
    pub fn leave(&self) {
        self.0.store(false, Ordering::Release);
    }
}
