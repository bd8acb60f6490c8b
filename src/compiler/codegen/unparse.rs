//! Annotations as text, for `from __future__ import annotations`.

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use super::Generator;
use crate::constant::Constant;

impl<'a> Generator<'a, '_> {
    /// The text of an annotation.
    pub fn annotation_text(&self, annotation: &Expr) -> Constant {
        Constant::from(self.text(annotation.range()))
    }
}
