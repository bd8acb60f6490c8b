//! Rules for `match` statements, and for wrong ones.

use super::parser::{Match, NodeKind, Parser, Rule, alternative, range};
use super::tokenizer::Kind;

impl<'a> Parser<'a> {
    pub fn match_statement(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.keyword("match")?;
            parser.subject()?;
            parser.operator(":")?;
            parser.kind(Kind::Newline)?;
            parser.kind(Kind::Indent)?;
            parser.some(Parser::case_block)?;
            parser.kind(Kind::Dedent)?;
            Some(())
        });
        if !parser.invalid_rules {
            return None;
        }
        alternative!(parser, {
            parser.keyword("match")?;
            parser.subject()?;
            parser.kind(Kind::Newline)?;
            parser.fail_at_last("expected ':'")
        });
        let word = parser.keyword("match")?;
        parser.subject()?;
        parser.operator(":")?;
        parser.missing_block("'match' statement", word.start)
    }

    fn subject(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.star_named_expression()?;
            parser.operator(",")?;
            parser.maybe(Parser::star_named_expressions)?;
            Some(())
        });
        parser.named_expression().map(|_| ())
    }

    fn case_block(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                parser.keyword("case")?;
                parser.patterns()?;
                parser.maybe(Parser::guard)?;
                parser.kind(Kind::Newline)?;
                parser.fail_at_last("expected ':'")
            });
            alternative!(parser, {
                let word = parser.keyword("case")?;
                parser.patterns()?;
                parser.maybe(Parser::guard)?;
                parser.operator(":")?;
                parser.missing_block("'case' statement", word.start)
            });
        }
        parser.keyword("case")?;
        parser.patterns()?;
        parser.maybe(Parser::guard)?;
        parser.operator(":")?;
        parser.block()
    }

    fn guard(&mut self) -> Match<()> {
        let parser = self;
        parser.keyword("if")?;
        parser.named_expression().map(|_| ())
    }

    fn patterns(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, parser.open_sequence());
        parser.pattern()
    }

    fn pattern(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.or_pattern()?;
            parser.keyword("as")?;
            parser.capture_target()
        });
        if parser.invalid_rules {
            alternative!(parser, {
                parser.or_pattern()?;
                parser.keyword("as")?;
                let target = parser.keyword("_")?;
                parser.fail("cannot use '_' as a target", target.range())
            });
            alternative!(parser, {
                parser.or_pattern()?;
                parser.keyword("as")?;
                let target = parser.expression()?;
                let kind = parser.node_kind(target).describe();
                let range = parser.range(target);
                parser.fail(format!("cannot use {kind} as pattern target"), range)
            });
        }
        parser.or_pattern()
    }

    fn or_pattern(&mut self) -> Match<()> {
        let parser = self;
        parser.separated("|", Parser::closed_pattern)?;
        Some(())
    }

    fn closed_pattern(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::ClosedPattern, |parser| {
            alternative!(parser, parser.literal_pattern().map(|()| 0));
            alternative!(parser, parser.capture_target().map(|()| 0));
            alternative!(parser, parser.keyword("_").map(|_| 0));
            alternative!(parser, {
                parser.dotted_attribute()?;
                parser.not(|parser| parser.one_of(&[".", "(", "="]))?;
                Some(0)
            });
            alternative!(parser, {
                parser.operator("(")?;
                parser.pattern()?;
                parser.operator(")")?;
                Some(0)
            });
            alternative!(parser, parser.sequence_pattern().map(|()| 0));
            alternative!(parser, parser.mapping_pattern().map(|()| 0));
            parser.class_pattern().map(|()| 0)
        })
    }

    fn literal_pattern(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.maybe(|parser| parser.operator("-"))?;
            parser.kind(Kind::Number)?;
            parser.not(|parser| parser.one_of(&["+", "-"]))
        });
        alternative!(parser, {
            parser.maybe(|parser| parser.operator("-"))?;
            let real = parser.kind(Kind::Number)?;
            parser.one_of(&["+", "-"])?;
            let imaginary = parser.kind(Kind::Number)?;
            let is_imaginary = |text: &str| text.ends_with(['j', 'J']);
            if is_imaginary(real.text) {
                return parser.fail("real number required in complex literal", real.range());
            }
            if !is_imaginary(imaginary.text) {
                return parser.fail(
                    "imaginary number required in complex literal",
                    imaginary.range(),
                );
            }
            Some(())
        });
        alternative!(parser, parser.strings().map(|_| ()));
        for word in ["None", "True", "False"] {
            if parser.keyword(word).is_some() {
                return Some(());
            }
        }
        None
    }

    fn capture_target(&mut self) -> Match<()> {
        let parser = self;
        parser.not(|parser| parser.keyword("_"))?;
        parser.name()?;
        parser.not(|parser| parser.one_of(&[".", "(", "="]))
    }

    fn name_or_attribute(&mut self) -> Match<()> {
        let parser = self;
        parser.name()?;
        parser.many(|parser| {
            parser.operator(".")?;
            parser.name()
        })?;
        Some(())
    }

    fn dotted_attribute(&mut self) -> Match<()> {
        let parser = self;
        parser.name()?;
        parser.some(|parser| {
            parser.operator(".")?;
            parser.name()
        })?;
        Some(())
    }

    fn sequence_pattern(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.operator("[")?;
            parser.maybe(Parser::maybe_sequence)?;
            parser.operator("]")?;
            Some(())
        });
        parser.operator("(")?;
        parser.maybe(Parser::open_sequence)?;
        parser.operator(")")?;
        Some(())
    }

    fn open_sequence(&mut self) -> Match<()> {
        let parser = self;
        parser.maybe_star_pattern()?;
        parser.operator(",")?;
        parser.maybe(Parser::maybe_sequence)?;
        Some(())
    }

    fn maybe_sequence(&mut self) -> Match<()> {
        let parser = self;
        parser.separated(",", Parser::maybe_star_pattern)?;
        parser.maybe(|parser| parser.operator(","))?;
        Some(())
    }

    fn maybe_star_pattern(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.operator("*")?;
            alternative!(parser, parser.capture_target());
            parser.keyword("_").map(|_| ())
        });
        parser.pattern()
    }

    fn mapping_pattern(&mut self) -> Match<()> {
        let parser = self;
        parser.operator("{")?;
        let rest = |parser: &mut Self| {
            parser.operator("**")?;
            parser.capture_target()?;
            parser.maybe(|parser| parser.operator(","))?;
            Some(())
        };
        alternative!(parser, parser.operator("}").map(|_| ()));
        alternative!(parser, {
            rest(parser)?;
            parser.operator("}").map(|_| ())
        });
        parser.separated(",", |parser| {
            alternative!(parser, {
                parser.literal_pattern()?;
                parser.operator(":")?;
                parser.pattern()
            });
            parser.dotted_attribute()?;
            parser.operator(":")?;
            parser.pattern()
        })?;
        parser.maybe(|parser| {
            parser.operator(",")?;
            rest(parser)
        })?;
        parser.maybe(|parser| parser.operator(","))?;
        parser.operator("}").map(|_| ())
    }

    fn class_pattern(&mut self) -> Match<()> {
        let parser = self;
        let positional =
            |parser: &mut Self| parser.separated(",", |parser| parser.located_pattern());
        let keywords = |parser: &mut Self| {
            parser.separated(",", |parser| {
                parser.name()?;
                parser.operator("=")?;
                parser.pattern()
            })
        };
        alternative!(parser, {
            parser.name_or_attribute()?;
            parser.operator("(")?;
            let both = parser.attempt(|parser| {
                positional(parser)?;
                parser.operator(",")?;
                keywords(parser)?;
                parser.maybe(|parser| parser.operator(","))?;
                parser.follows(|parser| parser.operator(")"))
            });
            if both.is_none() {
                let first = parser.attempt(|parser| {
                    positional(parser)?;
                    parser.maybe(|parser| parser.operator(","))?;
                    parser.follows(|parser| parser.operator(")"))
                });
                if first.is_none() {
                    parser.maybe(|parser| {
                        keywords(parser)?;
                        parser.maybe(|parser| parser.operator(","))
                    })?;
                }
            }
            parser.operator(")").map(|_| ())
        });
        if !parser.invalid_rules {
            return None;
        }
        parser.name_or_attribute()?;
        parser.operator("(")?;
        parser.maybe(|parser| {
            positional(parser)?;
            parser.operator(",")
        })?;
        keywords(parser)?;
        parser.operator(",")?;
        let late = positional(parser)?;
        let (&(start, _), &(_, end)) = (late.first()?, late.last()?);
        parser.fail(
            "positional patterns follow keyword patterns",
            range(start, end),
        )
    }

    fn located_pattern(&mut self) -> Match<(usize, usize)> {
        let parser = self;
        let start = parser.start();
        parser.pattern()?;
        // `name=` begins a keyword pattern.
        parser.not(|parser| parser.operator("="))?;
        Some((start, parser.last_end()))
    }

    // Strings, which are literal patterns too.

    pub fn strings(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Strings, |parser| {
            let start = parser.start();
            let mut kinds = Vec::new();
            while let Some(kind) = parser.attempt(Parser::string) {
                kinds.push(kind);
            }
            if parser.stopped() || kinds.is_empty() {
                return None;
            }
            let end = parser.last_end();
            let t_strings = kinds
                .iter()
                .filter(|kind| **kind == NodeKind::TString)
                .count();
            if t_strings > 0 && t_strings < kinds.len() {
                return parser.fail(
                    "cannot mix t-string literals with string or bytes literals",
                    range(start, end),
                );
            }
            let bytes = kinds
                .iter()
                .filter(|kind| **kind == NodeKind::Other)
                .count();
            if bytes > 0 && bytes < kinds.len() {
                return parser.fail_at_last("cannot mix bytes and nonbytes literals");
            }
            let kind = if t_strings > 0 {
                NodeKind::TString
            } else if kinds.contains(&NodeKind::FString) {
                NodeKind::FString
            } else {
                NodeKind::Literal
            };
            Some(parser.node(kind, start, Vec::new()))
        })
    }

    /// One string literal; `Other` stands for bytes.
    fn string(&mut self) -> Match<NodeKind> {
        let parser = self;
        if let Some(token) = parser.kind(Kind::String) {
            let prefix = token.text.split(['"', '\'']).next().unwrap_or("");
            let bytes = prefix.contains(['b', 'B']);
            if bytes && !token.text.is_ascii() {
                return parser.fail(
                    "bytes can only contain ASCII literal characters",
                    token.range(),
                );
            }
            if let Some(message) = super::escapes::escape_error(token.text, bytes) {
                return parser.fail(message, token.range());
            }
            return Some(if bytes {
                NodeKind::Other
            } else {
                NodeKind::Literal
            });
        }
        let open = parser.kind(Kind::FormatStart)?;
        let letter = if open.is_t_string() { 't' } else { 'f' };
        let raw = open.text.contains(['r', 'R']);
        loop {
            if let Some(middle) = parser.kind(Kind::FormatMiddle) {
                if !raw && let Some(message) = super::escapes::middle_error(middle.text) {
                    return parser.fail(message, middle.range());
                }
                continue;
            }
            if parser
                .attempt(|parser| parser.replacement_field(letter))
                .is_none()
            {
                break;
            }
        }
        parser.kind(Kind::FormatEnd)?;
        Some(if letter == 't' {
            NodeKind::TString
        } else {
            NodeKind::FString
        })
    }

    fn replacement_field(&mut self, letter: char) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.operator("{")?;
            parser.annotated_right_side()?;
            parser.maybe(|parser| parser.operator("="))?;
            parser.maybe(Parser::conversion)?;
            parser.maybe(|parser| {
                parser.operator(":")?;
                parser.specification(letter)
            })?;
            parser.operator("}").map(|_| ())
        });
        if !parser.invalid_rules {
            return None;
        }
        alternative!(parser, {
            parser.operator("{")?;
            let token = parser.one_of(&["=", "!", ":", "}"])?;
            let message = format!(
                "{letter}-string: valid expression required before '{}'",
                token.text
            );
            parser.fail(message, token.range())
        });
        parser.operator("{")?;
        if parser.attempt(Parser::annotated_right_side).is_none() {
            return parser.fail_at_next(format!(
                "{letter}-string: expecting a valid expression after '{{'"
            ));
        }
        let debug = parser.maybe(|parser| parser.operator("="))?.is_some();
        let after = parser.follows(|parser| parser.one_of(&["!", ":", "}"]));
        if after.is_none() {
            let expected = if debug {
                "'!', or ':', or '}'"
            } else {
                "'=', or '!', or ':', or '}'"
            };
            return parser.fail_at_next(format!("{letter}-string: expecting {expected}"));
        }
        if let Some(mark) = parser.operator("!") {
            if parser
                .follows(|parser| parser.one_of(&[":", "}"]))
                .is_some()
            {
                return parser
                    .fail_at_next(format!("{letter}-string: missing conversion character"));
            }
            let Some(name) = parser.name() else {
                return parser
                    .fail_at_next(format!("{letter}-string: invalid conversion character"));
            };
            if name.start != mark.end {
                let message = format!(
                    "{letter}-string: conversion type must come right after the exclamation mark"
                );
                return parser.fail(message, range(mark.start, name.end));
            }
            if !matches!(name.text, "s" | "r" | "a") {
                let message = format!(
                    "{letter}-string: invalid conversion character {}: expected 's', 'r', or 'a'",
                    crate::python_repr::string(&name.text.into())
                );
                return parser.fail(message, name.range());
            }
            if parser
                .follows(|parser| parser.one_of(&[":", "}"]))
                .is_none()
            {
                return parser.fail_at_next(format!("{letter}-string: expecting ':' or '}}'"));
            }
        }
        if parser.operator(":").is_some() {
            parser.specification(letter)?;
            if parser.follows(|parser| parser.operator("}")).is_none() {
                let message = format!("{letter}-string: expecting '}}', or format specs");
                return parser.fail_at_next(message);
            }
        }
        parser.not(|parser| parser.operator("}"))?;
        parser.fail_at_next(format!("{letter}-string: expecting '}}'"))
    }

    fn conversion(&mut self) -> Match<()> {
        let parser = self;
        let mark = parser.operator("!")?;
        let name = parser.name()?;
        let valid = name.start == mark.end && matches!(name.text, "s" | "r" | "a");
        valid.then_some(())
    }

    fn specification(&mut self, letter: char) -> Match<()> {
        let parser = self;
        parser.many(|parser| {
            alternative!(parser, parser.kind(Kind::FormatMiddle).map(|_| ()));
            parser.replacement_field(letter)
        })?;
        Some(())
    }
}
