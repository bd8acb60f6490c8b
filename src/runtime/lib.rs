//! The object model and the evaluation loop: the only crate that knows what a Python object is.
//!
//! It never parses source (`typhon-compiler` does) and has no native modules (`typhon-stdlib`).
//!
//! ```text
//!   value.rs        a value in one word             object.rs    header, payload, destruction
//!   shape.rs        what the header's shape names   instance.rs  attributes of instances
//!   guarded.rs      state behind the object's lock  field.rs     one value, read without a lock
//!   class.rs        built-in classes                slots.rs     operations of a type
//!   slot_wrappers.rs, slot_dispatch.rs              slots as special methods, and back
//!   args.rs         calling convention              context.rs   what a thread has for itself
//!   error.rs        PyResult, raising               weak.rs, finalizer.rs, pending.rs
//!   audit.rs        audit events (PEP 578)
//!   collector.rs    cycles                          import.rs, module.rs, interpreter.rs
//!   protocols/      operations on any object        objects/     built-in types, one file each
//!   vm/             frames and the evaluation loop
//! ```
//!
//! Read `value.rs`, `object.rs` and `guarded.rs` first, then `objects/tuple.rs` as a model of a type.

pub mod args;
pub mod audit;
pub mod buffer;
pub mod class;
pub mod codec;
pub mod collector;
pub mod context;
pub mod error;
pub mod field;
pub mod finalizer;
pub mod format_spec;
pub mod guarded;
pub mod import;
pub mod import_hints;
pub mod import_time;
pub mod instance;
pub mod interpreter;
pub mod module;
pub mod object;
pub mod objects;
mod pending;
pub mod protocols;
pub mod shape;
mod slot_dispatch;
pub mod slot_wrappers;
pub mod slots;
pub mod value;
pub mod vm;
pub mod warnings;
pub mod weak;

pub use context::Context;
pub use error::{PyResult, Raised};
pub use object::Ref;
pub use value::Value;
