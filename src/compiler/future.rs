//! `from __future__ import …`: which features the source asks for.
//!
//! Such imports are statements of the first lines only: after the docstring and before anything
//! else.

use ruff_python_ast::{Expr, Stmt, StmtImportFrom};
use ruff_text_size::Ranged;

use crate::code::CodeFlags;
use crate::error::{Compiled, Failure};
use crate::symbol_table::node_address;

/// What the head of a module says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Future {
    pub flags: CodeFlags,
    /// The addresses of the first and the last import from `__future__` that are in their place. A
    /// body's statements lie in a row, so what is between them is such an import too.
    places: Option<(usize, usize)>,
}

impl Future {
    /// Whether an import from `__future__` is in its place.
    pub fn allows(&self, import: &StmtImportFrom) -> bool {
        let here = node_address(import);
        self.places
            .is_some_and(|(first, last)| (first..=last).contains(&here))
    }

    /// Reads the head of a module.
    pub fn parse(body: &[Stmt]) -> Compiled<Future> {
        let mut future = Future::default();
        let mut body = body;
        if let Some((Stmt::Expr(first), rest)) = body.split_first()
            && matches!(&*first.value, Expr::StringLiteral(_))
        {
            body = rest;
        }
        for statement in body {
            let Stmt::ImportFrom(import) = statement else {
                break;
            };
            if import.level != 0
                || import
                    .module
                    .as_ref()
                    .is_none_or(|module| module.as_str() != "__future__")
            {
                break;
            }
            for alias in &import.names {
                future.flags |= match alias.name.as_str() {
                    // Mandatory long since: their flags are still recorded by nobody.
                    "nested_scopes" | "generators" | "division" | "absolute_import"
                    | "with_statement" | "print_function" | "unicode_literals"
                    | "generator_stop" => CodeFlags::empty(),
                    "barry_as_FLUFL" => CodeFlags::FUTURE_BARRY_AS_BDFL,
                    "annotations" => CodeFlags::FUTURE_ANNOTATIONS,
                    "braces" => return Err(Failure::syntax("not a chance", alias.range())),
                    other => {
                        return Err(Failure::syntax(
                            format!("future feature {other} is not defined"),
                            alias.range(),
                        ));
                    }
                };
            }
            let here = node_address(import);
            let first = future.places.map_or(here, |(first, _)| first);
            future.places = Some((first, here));
        }
        Ok(future)
    }
}
