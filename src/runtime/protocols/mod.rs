//! Protocols: what the interpreter does with objects, whatever their type.
//!
//! Each file is one protocol: it tries the fast paths for the common built-in types, then the slots
//! of the operands' classes, and raises the TypeError of an object that does not take part.

pub mod attribute;
pub mod buffer;
pub mod call;
pub mod classes;
pub mod compare;
pub mod hash;
pub mod index;
pub mod iterate;
pub mod number;
pub mod sequence;
pub mod suggest;
pub mod text;
pub mod value_ext;
