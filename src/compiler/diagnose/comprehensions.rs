//! Rules for comprehensions and generator expressions, and for wrong ones.

use super::parser::{Match, NodeKind, Parser, TargetUse, alternative, range};

impl<'a> Parser<'a> {
    /// The end of the last clause.
    pub(super) fn for_if_clauses(&mut self) -> Match<usize> {
        let parser = self;
        parser.some(Parser::for_if_clause)?;
        Some(parser.last_end())
    }

    pub(super) fn for_if_clause(&mut self) -> Match<()> {
        let parser = self;
        let head = parser.attempt(|parser| {
            parser.maybe(|parser| parser.keyword("async"))?;
            parser.keyword("for")?;
            parser.star_targets()?;
            parser.keyword("in")
        });
        if head.is_some() {
            // No way back from here.
            parser.disjunction()?;
            parser.many(|parser| {
                parser.keyword("if")?;
                parser.disjunction()
            })?;
            return Some(());
        }
        if !parser.invalid_rules {
            return None;
        }
        alternative!(parser, {
            parser.maybe(|parser| parser.keyword("async"))?;
            parser.keyword("for")?;
            parser.separated(",", Parser::bitwise_or)?;
            parser.maybe(|parser| parser.operator(","))?;
            parser.not(|parser| parser.keyword("in"))?;
            parser.fail_at_last("'in' expected after for-loop variables")
        });
        parser.invalid_for_target()
    }

    pub(super) fn invalid_for_target(&mut self) -> Match<()> {
        let parser = self;
        parser.maybe(|parser| parser.keyword("async"))?;
        parser.keyword("for")?;
        let target = parser.star_expressions()?;
        parser.fail_target(target, TargetUse::For)
    }

    pub(super) fn list_comprehension(&mut self) -> Match {
        let parser = self;
        parser.comprehension(
            "[",
            "]",
            NodeKind::ListComprehension,
            Parser::named_expression,
        )
    }

    pub(super) fn set_comprehension(&mut self) -> Match {
        let parser = self;
        parser.comprehension(
            "{",
            "}",
            NodeKind::SetComprehension,
            Parser::named_expression,
        )
    }

    pub(super) fn generator(&mut self) -> Match {
        let parser = self;
        parser.comprehension("(", ")", NodeKind::Generator, Parser::generator_element)
    }

    pub(super) fn generator_element(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.assignment_expression());
        let value = parser.expression()?;
        parser.not(|parser| parser.operator(":="))?;
        Some(value)
    }

    pub(super) fn comprehension(
        &mut self,
        open: &str,
        close: &str,
        kind: NodeKind,
        element: fn(&mut Self) -> Match,
    ) -> Match {
        let parser = self;
        let start = parser.start();
        alternative!(parser, {
            parser.operator(open)?;
            element(parser)?;
            parser.for_if_clauses()?;
            parser.operator(close)?;
            Some(parser.node(kind, start, Vec::new()))
        });
        if !parser.invalid_rules {
            return None;
        }
        alternative!(parser, {
            parser.one_of(&["[", "(", "{"])?;
            let starred = parser.starred_expression()?;
            parser.for_if_clauses()?;
            let range = parser.range(starred);
            parser.fail("iterable unpacking cannot be used in comprehension", range)
        });
        const UNPARENTHESIZED: &str = "did you forget parentheses around the comprehension target?";
        alternative!(parser, {
            parser.one_of(&["[", "{"])?;
            let first = parser.star_named_expression()?;
            parser.operator(",")?;
            let rest = parser.star_named_expressions()?;
            parser.for_if_clauses()?;
            let last = *rest.last()?;
            let range = parser.range_between(first, last);
            parser.fail(UNPARENTHESIZED, range)
        });
        parser.one_of(&["[", "{"])?;
        let first = parser.star_named_expression()?;
        let comma = parser.operator(",")?;
        parser.for_if_clauses()?;
        let start = parser.nodes[first as usize].start;
        parser.fail(UNPARENTHESIZED, range(start, comma.end))
    }

    pub(super) fn dict_comprehension(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        alternative!(parser, {
            parser.operator("{")?;
            parser.pair()?;
            parser.for_if_clauses()?;
            parser.operator("}")?;
            Some(parser.node(NodeKind::DictComprehension, start, Vec::new()))
        });
        if !parser.invalid_rules {
            return None;
        }
        parser.operator("{")?;
        let stars = parser.operator("**")?;
        parser.bitwise_or()?;
        parser.for_if_clauses()?;
        parser.operator("}")?;
        parser.fail(
            "dict unpacking cannot be used in dict comprehension",
            stars.range(),
        )
    }
}
