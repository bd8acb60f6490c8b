//! Syntax trees as Python shows them: the grammar of their nodes.
//!
//! `table` describes every class of nodes, `node` is a tree of them. The tree that the compiler
//! itself works on is the parser's; `from_parsed` makes the one that Python shows of it.

pub(crate) mod from_parsed;
mod node;
mod table;

pub use node::{Node, Part};

pub use table::{
    ATTRIBUTES, Class, ClassSpec, FieldSpec, KINDS, Kind, KindSpec, Positions, Quantifier,
};
