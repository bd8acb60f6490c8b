//! The engine: it matches by backtracking, with the meaning that the codes of `re` have.
//!
//! ```text
//!   codes ──program.rs──▶ Program ──machine.rs──▶ spans of the match and its groups
//!            └─ charset.rs: sets of characters
//! ```
//! A pattern's codes are translated once: they are checked on the way, since anybody can call
//! `_sre.compile`, characters become sets with a bit map, runs of literals become strings.
//!
//! Nothing here knows Python objects.

mod charset;
mod codes;
mod machine;
mod program;

pub(super) use charset::{lower_ascii, lower_unicode, upper_unicode};
pub(super) use codes::{CODE_SIZE, MAGIC, MAX_GROUPS, MAX_REPEAT};
pub(super) use machine::Machine;
pub(super) use program::Program;
