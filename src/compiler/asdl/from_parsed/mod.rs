//! The parser's tree as the tree that Python shows.
//!
//! The two describe the same language with other words: here is what the parser's nodes are called
//! in Python, and where they begin. Files: `statements`, `expressions`, `strings`, `patterns`.

mod expressions;
mod patterns;
mod statements;
mod strings;

use ruff_python_ast::{Identifier, Mod};
use ruff_text_size::TextRange;

use super::node::{Node, Part};
use super::table::Class;
use crate::error::{Compiled, Failure};
use crate::options::{CompileOptions, Mode};
use crate::recursion::RecursionGuard;
use crate::source::LineIndex;

/// What the passage needs beside the tree.
pub(crate) struct Passage<'a> {
    source: &'a str,
    lines: &'a LineIndex,
    guard: &'a RecursionGuard,
    maximum_int_digits: usize,
    /// The line that was last looked for.
    line: u32,
}

/// The tree that Python shows.
pub(crate) fn tree(
    tree: &Mod,
    source: &str,
    lines: &LineIndex,
    options: &CompileOptions,
    guard: &RecursionGuard,
) -> Compiled<Node> {
    let mut passage = Passage {
        source,
        lines,
        guard,
        maximum_int_digits: options.maximum_int_digits,
        line: 1,
    };
    Ok(match tree {
        Mod::Module(module) => {
            let body = passage.statements(&module.body)?;
            match options.mode {
                Mode::Single => Node::new(Class::Interactive, vec![body]),
                _ => Node::new(Class::Module, vec![body, Part::List(Vec::new())]),
            }
        }
        Mod::Expression(expression) => {
            let body = passage.expression(&expression.body)?;
            Node::new(Class::Expression, vec![body.into()])
        }
    })
}

impl Passage<'_> {
    /// A node that lies at `range`.
    fn node(&mut self, class: Class, range: TextRange, fields: Vec<Part>) -> Node {
        let mut node = Node::new(class, fields);
        node.location = Some(self.lines.location(range, &mut self.line));
        node
    }

    /// One level deeper, with room on the stack.
    fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Compiled<T>) -> Compiled<T> {
        let guard = self.guard;
        let _level = guard
            .enter()
            .map_err(|_: Failure| Failure::recursion_in("ast construction"))?;
        crate::recursion::grow(|| work(self))
    }
}

fn name(identifier: &Identifier) -> Part {
    Part::from(identifier.as_str())
}

fn optional_name(identifier: Option<&Identifier>) -> Part {
    identifier.map_or(Part::Absent, name)
}

fn names(identifiers: &[Identifier]) -> Part {
    Part::List(identifiers.iter().map(name).collect())
}
