//! Syntax trees as Python shows them: the grammar of their nodes.
//!
//! `table` describes every class of nodes, `node` is a tree of them. The tree that the compiler
//! itself works on is the parser's; `from_parsed` makes the one that Python shows of it. The other way
//! goes a tree that a program made: `validate` checks it, `into_parsed` makes the parser's tree of it.

pub(crate) mod from_parsed;
pub(crate) mod function_type;
pub(crate) mod into_parsed;
mod node;
pub(crate) mod optimize;
mod table;
pub(crate) mod validate;

pub use node::{Node, Part};

pub use table::{
    ATTRIBUTES, Class, ClassSpec, FieldSpec, KINDS, Kind, KindSpec, Positions, Quantifier,
};
