//! Patterns of `match`.

use ruff_python_ast::{
    AtomicNodeIndex, Pattern, PatternArguments, PatternKeyword, PatternMatchAs, PatternMatchClass,
    PatternMatchMapping, PatternMatchOr, PatternMatchSequence, PatternMatchSingleton,
    PatternMatchStar, PatternMatchValue, Singleton,
};
use ruff_text_size::Ranged;

use super::{Fields, Passage};
use crate::asdl::node::{Node, Part};
use crate::asdl::table::Class;
use crate::constant::Constant;
use crate::error::Compiled;

impl Passage<'_> {
    fn patterns(&mut self, fields: &mut Fields) -> Compiled<Vec<Pattern>> {
        let nodes = fields.nodes().into_iter();
        nodes.map(|node| self.pattern(node)).collect()
    }

    pub(super) fn pattern(&mut self, node: Node) -> Compiled<Pattern> {
        self.nested(|this| this.pattern_inside(node))
    }

    fn pattern_inside(&mut self, mut node: Node) -> Compiled<Pattern> {
        let range = self.range(&node);
        let class = node.class;
        let fields = &mut Fields::of(&mut node);
        let node_index = AtomicNodeIndex::NONE;
        Ok(match class {
            Class::MatchValue => Pattern::MatchValue(PatternMatchValue {
                node_index,
                range,
                value: self.required(fields)?,
            }),
            Class::MatchSingleton => Pattern::MatchSingleton(PatternMatchSingleton {
                node_index,
                range,
                value: match fields.part() {
                    Part::Constant(Constant::True) => Singleton::True,
                    Part::Constant(Constant::False) => Singleton::False,
                    _ => Singleton::None,
                },
            }),
            Class::MatchSequence => Pattern::MatchSequence(PatternMatchSequence {
                node_index,
                range,
                patterns: self.patterns(fields)?,
            }),
            Class::MatchMapping => Pattern::MatchMapping(PatternMatchMapping {
                node_index,
                range,
                keys: self.expressions(fields)?.into(),
                patterns: self.patterns(fields)?.into(),
                rest: fields.optional_name(range),
            }),
            Class::MatchClass => {
                let cls = self.required(fields)?;
                let patterns = self.patterns(fields)?;
                let attributes = fields.names(range);
                let values = self.patterns(fields)?;
                let keywords = attributes.into_iter().zip(values);
                let keywords = keywords.map(|(attr, pattern)| PatternKeyword {
                    range: pattern.range(),
                    node_index: AtomicNodeIndex::NONE,
                    attr,
                    pattern,
                });
                Pattern::MatchClass(PatternMatchClass {
                    node_index,
                    range,
                    cls,
                    arguments: PatternArguments {
                        range,
                        node_index: AtomicNodeIndex::NONE,
                        patterns: patterns.into(),
                        keywords: keywords.collect(),
                    },
                })
            }
            Class::MatchStar => Pattern::MatchStar(PatternMatchStar {
                node_index,
                range,
                name: fields.optional_name(range),
            }),
            Class::MatchAs => {
                let pattern = match fields.optional_node() {
                    Some(node) => Some(Box::new(self.pattern(node)?)),
                    None => None,
                };
                Pattern::MatchAs(PatternMatchAs {
                    node_index,
                    range,
                    pattern,
                    name: fields.optional_name(range),
                })
            }
            _ => Pattern::MatchOr(PatternMatchOr {
                node_index,
                range,
                patterns: self.patterns(fields)?,
            }),
        })
    }
}
