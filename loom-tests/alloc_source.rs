//! The very source of the allocator's protocols, as `lib.rs` explains it for `sync`.
//!
//! What a page is made of besides its words (memory, lists of blocks) is not modelled
//! here; the models have small pages of their own, whose contents loom watches.

#[path = "../src/alloc/holder.rs"]
pub mod holder;
#[path = "../src/alloc/page_list.rs"]
pub mod page_list;
#[path = "../src/alloc/thread_free.rs"]
pub mod thread_free;

/// The twin of `src/alloc/atomic.rs`.
pub mod atomic {
    pub use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
    pub use loom::sync::{Mutex, MutexGuard};
}
