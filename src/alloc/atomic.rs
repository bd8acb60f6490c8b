//! The atomics of the model-checked files: the standard library's here, loom's in
//! `loom-tests`, which compiles those files next to a module of this name.

pub use std::sync::atomic::{AtomicU64, Ordering};
