//! Rules for the arguments of calls, and for wrong ones.

use super::parser::{Match, NodeId, Parser, Rule, alternative, range};
use super::tokenizer::Kind;

impl<'a> Parser<'a> {
    pub(super) fn arguments(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Arguments, |parser| {
            alternative!(parser, {
                parser.args()?;
                parser.maybe(|parser| parser.operator(","))?;
                parser.follows(|parser| parser.operator(")"))?;
                Some(0)
            });
            if parser.invalid_rules {
                parser.invalid_arguments()
            } else {
                None
            }
        })
    }

    pub(super) fn positional(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.starred_expression());
        let value = parser.generator_element()?;
        parser.not(|parser| parser.operator("="))?;
        Some(value)
    }

    /// Positional arguments, and whether `**` occurs among the keywords, if there are any.
    pub(super) fn args(&mut self) -> Match<(Vec<NodeId>, Option<bool>)> {
        let parser = self;
        alternative!(parser, {
            let positional = parser.separated(",", Parser::positional)?;
            let keywords = parser.maybe(|parser| {
                parser.operator(",")?;
                parser.kwargs()
            })?;
            Some((positional, keywords))
        });
        let keywords = parser.kwargs()?;
        Some((Vec::new(), Some(keywords)))
    }

    pub(super) fn kwargs(&mut self) -> Match<bool> {
        let parser = self;
        alternative!(parser, {
            parser.separated(",", Parser::keyword_or_starred)?;
            parser.operator(",")?;
            let items = parser.separated(",", Parser::keyword_or_double_starred)?;
            Some(items.contains(&true))
        });
        alternative!(parser, {
            parser.separated(",", Parser::keyword_or_starred)?;
            Some(false)
        });
        let items = parser.separated(",", Parser::keyword_or_double_starred)?;
        Some(items.contains(&true))
    }

    pub(super) fn starred_expression(&mut self) -> Match {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                let star = parser.operator("*")?;
                parser.expression()?;
                parser.operator("=")?;
                parser.expression()?;
                let end = parser.last_end();
                parser.fail(
                    "cannot assign to iterable argument unpacking",
                    range(star.start, end),
                )
            });
        }
        alternative!(parser, parser.starred(Parser::expression));
        if parser.invalid_rules {
            alternative!(parser, {
                parser.operator("*")?;
                parser.fail_at_last("Invalid star expression")
            });
        }
        None
    }

    pub(super) fn keyword_or_starred(&mut self) -> Match<()> {
        let parser = self;
        parser.keyword_argument()?;
        Some(())
    }

    pub(super) fn keyword_argument(&mut self) -> Match<bool> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, parser.invalid_kwarg());
        }
        alternative!(parser, {
            parser.name()?;
            parser.operator("=")?;
            parser.expression()?;
            Some(false)
        });
        parser.starred_expression()?;
        Some(false)
    }

    /// True for `**`.
    pub(super) fn keyword_or_double_starred(&mut self) -> Match<bool> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, parser.invalid_kwarg());
        }
        alternative!(parser, {
            parser.name()?;
            parser.operator("=")?;
            parser.expression()?;
            Some(false)
        });
        parser.operator("**")?;
        parser.expression()?;
        Some(true)
    }

    pub(super) fn invalid_kwarg(&mut self) -> Match<bool> {
        let parser = self;
        alternative!(parser, {
            let token = parser.peek()?;
            if token.kind != Kind::Name || !matches!(token.text, "True" | "False" | "None") {
                return None;
            }
            parser.position += 1;
            let equals = parser.operator("=")?;
            parser.fail(
                format!("cannot assign to {}", token.text),
                range(token.start, equals.end),
            )
        });
        alternative!(parser, parser.invalid_keyword_comprehension());
        alternative!(parser, {
            parser.not(|parser| {
                parser.name()?;
                parser.operator("=")
            })?;
            let value = parser.expression()?;
            let equals = parser.operator("=")?;
            let start = parser.nodes[value as usize].start;
            parser.fail(
                "expression cannot contain assignment, perhaps you meant \"==\"?",
                range(start, equals.end),
            )
        });
        let stars = parser.operator("**")?;
        parser.expression()?;
        parser.operator("=")?;
        parser.expression()?;
        let end = parser.last_end();
        parser.fail(
            "cannot assign to keyword argument unpacking",
            range(stars.start, end),
        )
    }

    pub(super) fn invalid_keyword_comprehension<T>(&mut self) -> Match<T> {
        let parser = self;
        let name = parser.name()?;
        let equals = parser.operator("=")?;
        parser.expression()?;
        parser.for_if_clauses()?;
        parser.fail(
            "invalid syntax. Maybe you meant '==' or ':=' instead of '='?",
            range(name.start, equals.end),
        )
    }

    pub(super) fn invalid_arguments(&mut self) -> Match {
        let parser = self;
        const PARENTHESIZED: &str = "Generator expression must be parenthesized";
        alternative!(parser, {
            let (positional, keywords) = parser.args()?;
            let _ = positional;
            keywords?;
            let comma = parser.operator(",")?;
            parser.follows(|parser| parser.operator("*"))?;
            parser.starred_expression()?;
            let end = parser.last_end();
            parser.fail(
                "iterable argument unpacking follows keyword argument unpacking",
                range(comma.start, end),
            )
        });
        alternative!(parser, {
            let value = parser.expression()?;
            let end = parser.for_if_clauses()?;
            parser.operator(",")?;
            parser.maybe(|parser| {
                alternative!(parser, parser.args().map(|_| ()));
                parser.expression()?;
                parser.for_if_clauses()?;
                Some(())
            })?;
            let start = parser.nodes[value as usize].start;
            parser.fail(PARENTHESIZED, range(start, end))
        });
        alternative!(parser, parser.invalid_keyword_comprehension());
        alternative!(parser, {
            parser.maybe(|parser| {
                parser.args()?;
                parser.operator(",")
            })?;
            let name = parser.name()?;
            let equals = parser.operator("=")?;
            parser.follows(|parser| parser.one_of(&[",", ")"]))?;
            parser.fail(
                "expected argument value expression",
                range(name.start, equals.end),
            )
        });
        alternative!(parser, {
            let (positional, _) = parser.args()?;
            let end = parser.for_if_clauses()?;
            let [_, .., last] = positional[..] else {
                return None;
            };
            let start = parser.nodes[last as usize].start;
            parser.fail(PARENTHESIZED, range(start, end))
        });
        alternative!(parser, {
            parser.args()?;
            parser.operator(",")?;
            let value = parser.expression()?;
            let end = parser.for_if_clauses()?;
            let start = parser.nodes[value as usize].start;
            parser.fail(PARENTHESIZED, range(start, end))
        });
        let (_, keywords) = parser.args()?;
        parser.operator(",")?;
        parser.args()?;
        parser.fail_at_last(if keywords == Some(true) {
            "positional argument follows keyword argument unpacking"
        } else {
            "positional argument follows keyword argument"
        })
    }
}
