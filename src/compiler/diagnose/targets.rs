//! Rules for what can be assigned to and deleted.

use super::parser::{Match, NodeKind, Parser, Rule, alternative};

impl<'a> Parser<'a> {
    pub(super) fn star_targets(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        let first = parser.star_target()?;
        if parser.operator(",").is_none() {
            return if parser.stopped() { None } else { Some(first) };
        }
        let mut items = vec![first];
        while let Some(item) = parser.attempt(Parser::star_target) {
            items.push(item);
            if parser.operator(",").is_none() {
                break;
            }
        }
        if parser.stopped() {
            return None;
        }
        Some(parser.node(NodeKind::Tuple, start, items))
    }

    pub(super) fn star_target(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::StarTarget, |parser| {
            alternative!(parser, {
                let star = parser.operator("*")?;
                parser.not(|parser| parser.operator("*"))?;
                let value = parser.star_target()?;
                Some(parser.node(NodeKind::Starred, star.start, vec![value]))
            });
            parser.target_with_star_atom()
        })
    }

    pub(super) fn target_with_star_atom(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::TargetWithAtom, |parser| {
            alternative!(parser, parser.single_subscript_attribute_target());
            parser.star_atom()
        })
    }

    pub(super) fn star_atom(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        alternative!(parser, parser.name_node());
        alternative!(parser, {
            parser.operator("(")?;
            let inner = parser.target_with_star_atom()?;
            parser.operator(")")?;
            Some(inner)
        });
        alternative!(parser, {
            parser.operator("(")?;
            parser.maybe(|parser| {
                let items = parser.separated(",", Parser::star_target)?;
                let comma = parser.maybe(|parser| parser.operator(","))?;
                // One target in parentheses is not a tuple.
                (items.len() > 1 || comma.is_some()).then_some(())
            })?;
            parser.operator(")")?;
            Some(parser.node(NodeKind::Tuple, start, Vec::new()))
        });
        parser.operator("[")?;
        parser.maybe(|parser| {
            parser.separated(",", Parser::star_target)?;
            parser.maybe(|parser| parser.operator(","))
        })?;
        parser.operator("]")?;
        Some(parser.node(NodeKind::List, start, Vec::new()))
    }

    pub(super) fn single_target(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.single_subscript_attribute_target());
        alternative!(parser, parser.name_node());
        parser.operator("(")?;
        let inner = parser.deeper(Parser::single_target)?;
        parser.operator(")")?;
        Some(inner)
    }

    pub(super) fn target_continues(&mut self) -> Match<()> {
        let parser = self;
        parser.one_of(&["(", "[", "."]).map(|_| ())
    }

    pub(super) fn single_subscript_attribute_target(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        parser.target_primary()?;
        alternative!(parser, {
            parser.operator(".")?;
            parser.name()?;
            parser.not(Parser::target_continues)?;
            Some(parser.node(NodeKind::Attribute, start, Vec::new()))
        });
        parser.operator("[")?;
        parser.slices()?;
        parser.operator("]")?;
        parser.not(Parser::target_continues)?;
        Some(parser.node(NodeKind::Subscript, start, Vec::new()))
    }

    /// What an attribute or subscript is taken of: as much as leaves one trailer over.
    pub(super) fn target_primary(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Primaries, |parser| {
            let start = parser.start();
            parser.atom()?;
            parser.follows(Parser::target_continues)?;
            loop {
                let next = parser.attempt(|parser| {
                    parser.trailer()?;
                    parser.follows(Parser::target_continues)
                });
                if next.is_none() {
                    break;
                }
            }
            if parser.stopped() {
                return None;
            }
            Some(parser.node(NodeKind::Attribute, start, Vec::new()))
        })
    }

    pub(super) fn delete_targets(&mut self) -> Match<()> {
        let parser = self;
        parser.separated(",", Parser::delete_target)?;
        parser.maybe(|parser| parser.operator(","))?;
        Some(())
    }

    pub(super) fn delete_target(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::DeleteTarget, |parser| {
            alternative!(parser, parser.single_subscript_attribute_target());
            alternative!(parser, parser.name_node());
            alternative!(parser, {
                parser.operator("(")?;
                parser.delete_target()?;
                parser.operator(")")?;
                Some(0)
            });
            for (open, close) in [("(", ")"), ("[", "]")] {
                alternative!(parser, {
                    parser.operator(open)?;
                    parser.maybe(Parser::delete_targets)?;
                    parser.operator(close)?;
                    Some(0)
                });
            }
            None
        })
    }
}
