//! Where definitions begin: the tree counts decorators in, positions of Python do not.

use ruff_python_ast::Decorator;
use ruff_text_size::{Ranged, TextRange, TextSize};

/// The range of a function or class from its `def`, `async` or `class` on.
pub(crate) fn definition_range(
    source: &str,
    decorators: &[Decorator],
    range: TextRange,
) -> TextRange {
    let Some(last) = decorators.last() else {
        return range;
    };
    if source.is_empty() {
        // The tree was made by a program, and has the position itself.
        return range;
    }
    let bytes = source.as_bytes();
    let mut offset = last.range().end().to_usize();
    // Between the last decorator and the keyword are parentheses that close the decorator's
    // expression, blank space and comments.
    while let Some(&byte) = bytes.get(offset) {
        match byte {
            b'#' => {
                while bytes
                    .get(offset)
                    .is_some_and(|&byte| byte != b'\n' && byte != b'\r')
                {
                    offset += 1;
                }
            }
            b'a'..=b'z' => break,
            _ => offset += 1,
        }
    }
    TextRange::new(TextSize::new(offset as u32).min(range.end()), range.end())
}
