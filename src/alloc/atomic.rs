//! The primitives of the model-checked files: the standard library's here, loom's in
//! `loom-tests`, which compiles those files next to a module of this name.

pub use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
pub use std::sync::{Mutex, MutexGuard};
