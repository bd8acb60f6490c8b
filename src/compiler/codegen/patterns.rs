//! `match`.

use ruff_python_ast::StmtMatch;

use super::Generator;
use crate::error::{Compiled, Failure};

impl<'a> Generator<'a, '_> {
    pub fn match_statement(&mut self, node: &'a StmtMatch) -> Compiled<()> {
        Err(Failure::syntax(
            "match statements cannot be compiled yet",
            node.range,
        ))
    }
}
