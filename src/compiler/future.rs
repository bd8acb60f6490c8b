//! `from __future__ import …`: which features the source asks for.
//!
//! Such imports are statements of the first lines only: after the docstring and before anything
//! else.

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextSize};

use crate::code::CodeFlags;
use crate::error::{Compiled, Failure};

/// What the head of a module says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Future {
    pub flags: CodeFlags,
    /// Imports from `__future__` that begin before this are in their place.
    pub end: TextSize,
}

impl Future {
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
            future.end = import.range().end();
        }
        Ok(future)
    }
}
