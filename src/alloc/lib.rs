//! The thread-local allocator.
//!
//! It hands out 16-byte aligned blocks from pages of one size class and one
//! [`Kind`], after mimalloc (Leijen, Zorn and de Moura, *Mimalloc: Free List
//! Sharding in Action*, 2019). Three things are its own: pages of objects can be
//! walked block by block, which is how the collector finds every container without
//! a list of them; the header of a freed object stays readable, which is what
//! lock-free readers need; and a full page belongs to nobody until the first block
//! in it is freed, so memory follows the threads that free it.
//!
//! It never knows what an object is, never runs a finalizer, never aborts when
//! memory is short (it returns null) and never allocates from another allocator.
//!
//! ```text
//!   size_class.rs   which sizes there are, and the class of a request
//!   block.rs        the words of a block the allocator may touch, alive and free
//!   page.rs         a run of equal blocks: its three free lists
//!   thread_free.rs  frees by other threads; who holds a page            (modelled)
//!   holder.rs       whose a page is, and whose a heap is                (modelled)
//!   segment.rs      4 MiB of address space cut into pages
//!   huge.rs         blocks with a segment to themselves
//!   heap.rs         a thread's pages, allocate and free
//!   page_list.rs    lists of pages for many threads                     (modelled)
//!   abandoned.rs    pages waiting for a thread that adopts them
//!   reclaim.rs      memory on its way back: grace periods, trim
//!   reserve.rs      address space for buffers that cannot fail
//!   lifetime.rs     how heaps are born, end with their thread and survive fork
//!   visit.rs        the collector's view: pages and their blocks
//!   side.rs         what the collector notes of blocks: marks and counts
//!   statistics.rs   what the allocator knows about itself
//!   rust_alloc.rs   the `GlobalAlloc` for Rust's own buffers
//!   validate.rs     checks at every step, with the feature of that name
//!   os.rs           the operating system's memory calls
//!   word.rs         plain fields that other threads may glance at
//!   atomic.rs       the primitives of the modelled files
//! ```
//!
//! The files marked *modelled* are compiled a second time, by `loom-tests`, against
//! loom's primitives: the models check the very source.
//!
//! Read `page.rs` first, then `heap.rs`.

mod abandoned;
mod atomic;
mod block;
mod heap;
mod holder;
mod huge;
mod lifetime;
mod os;
mod page;
mod page_list;
mod reclaim;
mod reserve;
mod rust_alloc;
mod segment;
mod side;
mod size_class;
mod statistics;
mod thread_free;
mod validate;
mod visit;
mod word;

pub use block::HEADER_SIZE;
pub use heap::{allocate, allocate_zeroed, free, reallocate_raw, usable_size};
pub use lifetime::{after_fork_child, after_fork_parent, before_fork, thread_end};
pub use page::Kind;
pub use reclaim::{FreePage, set_grace_period_hook, trim, trim_stopped_world};
pub use reserve::{rearm_reserve, set_reserve_hook};
pub use rust_alloc::TyphonAllocator;
pub use side::{Place, SideTables};
pub use statistics::{
    ClassStatistics, Statistics, container_bytes_allocated, live_bytes_of, statistics,
};
pub use visit::{PageRef, pages, retain_objects};
