//! The concurrency core: everything in Typhon that two threads may touch at once
//! and that is not itself a Python object.
//!
//! It knows headers and threads. It knows no Python types, allocates no objects and
//! never runs Python code; what to do with an object whose count has reached zero is
//! the caller's business.
//!
//! ```text
//!   mode.rs            --gil=on|off, "has a second thread started?", the owner id
//!   header.rs          the 16 bytes in front of every object
//!   biased_count.rs    incref, decref, try_incref: PEP 703's counts on that header
//!   merge_queue.rs     counts that only the owner may merge, handed to the owner
//!   distributed.rs     contended objects: per-thread counts, promotion, demotion
//!   samples.rs         which objects threads count in turn: hints for promotion
//!   byte_lock.rs       the one-byte mutex, and two of them at once
//!   object_lock.rs     an object's lock, biased towards the owner until another enters
//!   slot.rs              reading a slot without a lock: load, reference, look again
//!   inline_cache.rs      a cache word that carries its own guard
//!   weak_target.rs       a weak reference's word: upgraded, cleared, left
//!   once.rs            one-time initialization that waits detached
//!   thread.rs          ThreadRecord: attach, detach, requests, safepoints
//!   registry.rs        thread ids, given out and recycled
//!   world.rs           stop the world, start it again, fork
//!   gil.rs             the global interpreter lock and the choice of the next thread
//!   qsbr.rs            memory that readers without a lock may still be reading
//!   validate.rs        checks of headers and counts, with the feature of that name
//!   statistics.rs      what all this costs, for --stats
//!   shim.rs            std's primitives; `loom-tests` puts loom's in their place
//! ```
//!
//! Read `header.rs` first, then `biased_count.rs` and `thread.rs`.
//!
//! Every file but `shim.rs` is compiled a second time, by `loom-tests`, against
//! loom's primitives; therefore all atomics, cells, locks and thread-locals come
//! from `shim`.

pub mod biased_count;
pub mod byte_lock;
pub mod distributed;
pub mod gil;
pub mod header;
pub mod inline_cache;
pub mod merge_queue;
pub mod mode;
pub mod object_lock;
pub mod once;
pub mod qsbr;
pub mod registry;
mod samples;
mod shim;
pub mod slot;
pub mod statistics;
pub mod thread;
pub mod validate;
pub mod weak_target;
pub mod world;

pub use byte_lock::ByteLock;
pub use header::Header;
pub use inline_cache::InlineCache;
pub use mode::{gil_enabled, initialize, multithreaded, owner_id, set_multithreaded};
pub use once::OnceCell;
pub use registry::OutOfThreadIds;
pub use thread::{ThreadRecord, request};
pub use weak_target::WeakTarget;
pub use world::{ForkGuard, StoppedWorld, after_fork_child, prepare_fork, stop_the_world};
