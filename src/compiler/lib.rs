//! Source to code objects.
//!
//! Turns Python 3.14 source into [`code::Code`]: plain Rust data, shared by threads, that the
//! runtime turns into Python objects. This crate never sees a Python object and never runs
//! anything.
//!
//! ```text
//!   opcode     the instruction set: the table is the documentation. Read it first
//!   code       the code object
//!   constant   compile-time values
//!   location   which source range each unit came from
//! ```

pub mod code;
pub mod constant;
pub mod location;
pub mod opcode;

pub use code::{Code, CodeFlags, ExceptionHandler, LocalKind, LocalVariable};
pub use constant::{Constant, StrConstant};
pub use location::{Location, LocationTable};
pub use opcode::Opcode;
