//! The very source of `src/sync`, compiled against loom's primitives.
//!
//! Each module below is the file that `typhon-sync` compiles; only `shim` is a file of
//! this crate, with the names of `src/sync/shim.rs` over loom's types and with the
//! tables shrunk to what a model needs. So the models in `tests/models` check what
//! runs, not a copy of it.
//!
//! ```text
//!   cargo test -p loom-tests                    every model
//!   cargo run -p loom-tests --bin mutations     every mutation: takes one fence,
//!                                               re-check or wake-up out of a copy of
//!                                               the source, and expects its model to
//!                                               fail
//! ```

// The unit tests in these sources are for std's primitives and belong to their crates.
#![cfg(not(test))]
#![allow(dead_code, reason = "the models use part of what the sources offer")]

pub mod alloc_source;

#[path = "../src/sync/biased_count.rs"]
pub mod biased_count;
#[path = "../src/sync/byte_lock.rs"]
pub mod byte_lock;
#[path = "../src/sync/distributed.rs"]
pub mod distributed;
#[path = "../src/sync/gil.rs"]
pub mod gil;
#[path = "../src/sync/header.rs"]
pub mod header;
#[path = "../src/sync/inline_cache.rs"]
pub mod inline_cache;
#[path = "../src/sync/merge_queue.rs"]
pub mod merge_queue;
#[path = "../src/sync/mode.rs"]
pub mod mode;
#[path = "../src/sync/object_lock.rs"]
pub mod object_lock;
#[path = "../src/sync/once.rs"]
pub mod once;
#[path = "../src/sync/qsbr.rs"]
pub mod qsbr;
#[path = "../src/sync/registry.rs"]
pub mod registry;
#[path = "../src/sync/samples.rs"]
mod samples;
#[path = "../src/sync/slot.rs"]
pub mod slot;
#[path = "../src/sync/statistics.rs"]
pub mod statistics;
#[path = "../src/sync/thread.rs"]
pub mod thread;
#[path = "../src/sync/validate.rs"]
pub mod validate;
#[path = "../src/sync/weak_target.rs"]
pub mod weak_target;
#[path = "../src/sync/world.rs"]
pub mod world;

pub mod shim;
