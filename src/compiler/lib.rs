//! Source to code objects.
//!
//! Turns Python 3.14 source into [`Code`]: plain Rust data, shared by threads, that the runtime
//! turns into Python objects. This crate never sees a Python object and never runs anything.
//!
//! ```text
//!   source text
//!      │  compile       the way in; the parser is ruff's
//!   syntax tree
//!      │  symbol_table  which variable each name means
//!      │  codegen       from tree to linear instructions with labels, constants folded
//!   instructions
//!      │  flow_graph    basic blocks: jump threading, dead code, borrowed loads, layout
//!      │  assemble      units, exception table, locations
//!   code object         code, opcode, constant, location
//! ```
//!
//! Read `opcode` first: its table is the documentation of the machine. Then `code`. `error` holds
//! what callers get when a source is wrong, `options` what they may ask for; `disassemble` shows
//! code as text, `marshal` makes bytes of it.

pub mod asdl;
mod assemble;
pub mod character_names;
pub mod code;
mod codegen;
mod compile;
pub mod constant;
pub mod decode;
mod definition;
mod diagnose;
mod diamond;
pub mod disassemble;
pub mod error;
mod flow_graph;
mod future;
mod interactive;
mod literal;
pub mod location;
pub mod marshal;
mod nesting;
pub mod opcode;
pub mod options;
pub mod python_repr;
mod recursion;
pub mod source;
mod source_warnings;
pub mod symbol_table;
mod syntax_tree;
pub mod wordcode;

pub use code::{Code, CodeFlags, ExceptionHandler, LocalKind, LocalVariable};
pub use compile::{
    Compilation, compile, compile_node, optimize_node, symbol_table, syntax_tree, validate_node,
};
pub use constant::{Constant, StrConstant};
pub use decode::decode_source;
pub use diagnose::listing::{ListedToken, TokenKind, TokenListing, list_tokens};
pub use error::{CompileError, ErrorKind, SyntaxWarning};
pub use interactive::is_block;
pub use literal::clean_docstring;
pub use location::{Location, LocationTable};
pub use opcode::Opcode;
pub use options::{CompileOptions, Mode};
