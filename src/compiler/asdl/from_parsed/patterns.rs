//! Patterns of `match`.

use ruff_python_ast::{Pattern, Singleton};
use ruff_text_size::Ranged;

use super::{Passage, name, optional_name};
use crate::asdl::node::{Node, Part};
use crate::asdl::table::Class;
use crate::constant::Constant;
use crate::error::Compiled;

impl Passage<'_> {
    fn patterns(&mut self, patterns: &[Pattern]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            nodes.push(self.pattern(pattern)?);
        }
        Ok(nodes.into())
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) -> Compiled<Node> {
        self.nested(|this| this.pattern_inside(pattern))
    }

    fn pattern_inside(&mut self, pattern: &Pattern) -> Compiled<Node> {
        let (class, fields) = match pattern {
            Pattern::MatchValue(node) => (Class::MatchValue, vec![self.part(&node.value)?]),
            Pattern::MatchSingleton(node) => {
                let value = match node.value {
                    Singleton::None => Constant::None,
                    Singleton::True => Constant::True,
                    Singleton::False => Constant::False,
                };
                (Class::MatchSingleton, vec![value.into()])
            }
            Pattern::MatchSequence(node) => {
                (Class::MatchSequence, vec![self.patterns(&node.patterns)?])
            }
            Pattern::MatchMapping(node) => (
                Class::MatchMapping,
                vec![
                    self.expressions(&node.keys)?,
                    self.patterns(&node.patterns)?,
                    optional_name(node.rest.as_ref()),
                ],
            ),
            Pattern::MatchClass(node) => {
                let keywords = &node.arguments.keywords;
                let mut values = Vec::with_capacity(keywords.len());
                for keyword in keywords {
                    values.push(self.pattern(&keyword.pattern)?);
                }
                let attributes = keywords.iter().map(|keyword| name(&keyword.attr)).collect();
                let fields = vec![
                    self.part(&node.cls)?,
                    self.patterns(&node.arguments.patterns)?,
                    Part::List(attributes),
                    values.into(),
                ];
                (Class::MatchClass, fields)
            }
            Pattern::MatchStar(node) => (Class::MatchStar, vec![optional_name(node.name.as_ref())]),
            Pattern::MatchAs(node) => {
                let inner = match &node.pattern {
                    Some(inner) => self.pattern(inner)?.into(),
                    None => Part::Absent,
                };
                (
                    Class::MatchAs,
                    vec![inner, optional_name(node.name.as_ref())],
                )
            }
            Pattern::MatchOr(node) => (Class::MatchOr, vec![self.patterns(&node.patterns)?]),
        };
        Ok(self.node(class, pattern.range(), fields))
    }
}
