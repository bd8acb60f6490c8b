//! The virtual machine: frames, the evaluation loop, calls between Python functions.
//!
//! ```text
//!   stack.rs        a thread's memory for frames and their values
//!   frame.rs        one frame: layout, push, pop; what the rest of the runtime asks of frames
//!   uncounted.rs    references on the operand stack that are not counted
//!   handled.rs      the exceptions being handled
//!   bind.rs         arguments of a call become the callee's variables
//!   interpreter.rs  the evaluation loop
//!   combined.rs     instructions that do the work of two or three
//!   calling.rs      the instructions that call
//!   resumption.rs   frames are left, suspended, run again
//!   cache.rs        inline caches: what a cache word holds, how it is filled
//!   attribute.rs    LOAD_ATTR, STORE_ATTR and LOAD_GLOBAL with their caches
//!   instructions.rs the instructions that are calls into the runtime
//!   subscript.rs    items and slices of the built-in sequences
//!   awaiting.rs     the instructions of yield from, await and async for
//!   pairs.rs        for loops over pairs
//!   unwind.rs       handlers, tracebacks
//!   pattern.rs      structural pattern matching
//!   import.rs       the import statement
//!   safepoint.rs    what a thread does when it was asked to
//!   monitoring/     events of execution: sys.monitoring, sys.settrace, sys.setprofile
//! ```

pub mod attribute;
pub mod awaiting;
pub mod bind;
pub mod cache;
mod calling;
pub(crate) mod combined;
pub mod frame;
pub mod handled;
pub mod import;
mod instructions;
pub mod interpreter;
pub mod monitoring;
mod pairs;
mod pattern;
mod resumption;
pub mod safepoint;
pub mod stack;
mod subscript;
pub(crate) mod uncounted;
pub mod unwind;
