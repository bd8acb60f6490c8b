//! The virtual machine: frames, the evaluation loop, calls between Python functions.
//!
//! ```text
//!   stack.rs        a thread's memory for frames and their values
//!   frame.rs        one frame: layout, push, pop; what the rest of the runtime asks of frames
//!   handled.rs      the exceptions being handled
//!   bind.rs         arguments of a call become the callee's variables
//!   interpreter.rs  the evaluation loop
//!   cache.rs        inline caches: what a cache word holds, how it is filled
//!   attribute.rs    LOAD_ATTR, STORE_ATTR and LOAD_GLOBAL with their caches
//!   instructions.rs the instructions that are calls into the runtime
//!   unwind.rs       handlers, tracebacks
//!   pattern.rs      structural pattern matching
//!   import.rs       the import statement
//!   safepoint.rs    what a thread does when it was asked to
//! ```

pub mod attribute;
pub mod bind;
pub mod cache;
pub mod frame;
pub mod handled;
pub mod import;
mod instructions;
pub mod interpreter;
mod pattern;
pub mod safepoint;
pub mod stack;
pub mod unwind;
