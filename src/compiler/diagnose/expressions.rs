//! Rules for expressions, and for wrong ones.

use super::parser::{Match, NodeId, NodeKind, Parser, Rule, alternative, is_soft_keyword, range};
use super::tokenizer::{Kind, Token};

impl<'a> Parser<'a> {
    pub(super) fn expressions(&mut self) -> Match {
        let parser = self;
        parser.expression_list(Parser::expression)
    }

    pub(super) fn star_expressions(&mut self) -> Match {
        let parser = self;
        parser.expression_list(Parser::star_expression)
    }

    /// One expression, or a tuple without parentheses.
    pub(super) fn expression_list(&mut self, item: fn(&mut Self) -> Match) -> Match {
        let parser = self;
        let start = parser.start();
        let mut items = vec![item(parser)?];
        let mut tuple = false;
        while parser.operator(",").is_some() {
            tuple = true;
            match parser.attempt(item) {
                Some(next) => items.push(next),
                None => break,
            }
        }
        if parser.stopped() {
            return None;
        }
        if tuple {
            Some(parser.node(NodeKind::Tuple, start, items))
        } else {
            items.pop()
        }
    }

    pub(super) fn star_expression(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::StarExpression, |parser| {
            alternative!(parser, parser.starred(Parser::bitwise_or));
            parser.expression()
        })
    }

    pub(super) fn starred(&mut self, value: fn(&mut Self) -> Match) -> Match {
        let parser = self;
        let star = parser.operator("*")?;
        let value = value(parser)?;
        Some(parser.node(NodeKind::Starred, star.start, vec![value]))
    }

    pub(super) fn star_named_expressions(&mut self) -> Match<Vec<NodeId>> {
        let parser = self;
        let items = parser.separated(",", Parser::star_named_expression)?;
        parser.maybe(|parser| parser.operator(","))?;
        Some(items)
    }

    pub(super) fn star_named_expression(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.starred(Parser::bitwise_or));
        parser.named_expression()
    }

    pub(super) fn assignment_expression(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        let target = parser.name_node()?;
        parser.operator(":=")?;
        let value = parser.expression()?;
        Some(parser.node(NodeKind::Named, start, vec![target, value]))
    }

    pub(super) fn named_expression(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::NamedExpression, |parser| {
            alternative!(parser, parser.assignment_expression());
            if parser.invalid_rules {
                alternative!(parser, parser.invalid_named_expression());
            }
            // `name := ` cannot be anything else.
            let walrus = parser.follows(|parser| {
                parser.name()?;
                parser.operator(":=")
            });
            if walrus.is_some() {
                return None;
            }
            let value = parser.expression()?;
            parser.not(|parser| parser.operator(":="))?;
            Some(value)
        })
    }

    pub(super) fn invalid_named_expression(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::InvalidNamedExpression, |parser| {
            alternative!(parser, {
                let target = parser.expression()?;
                parser.operator(":=")?;
                parser.expression()?;
                let kind = parser.node_kind(target).describe();
                let range = parser.range(target);
                parser.fail(
                    format!("cannot use assignment expressions with {kind}"),
                    range,
                )
            });
            alternative!(parser, {
                let target = parser.name_node()?;
                parser.operator("=")?;
                let value = parser.bitwise_or()?;
                parser.not(|parser| parser.one_of(&["=", ":="]))?;
                let range = parser.range_between(target, value);
                parser.fail(
                    "invalid syntax. Maybe you meant '==' or ':=' instead of '='?",
                    range,
                )
            });
            parser.not(|parser| {
                alternative!(parser, parser.list());
                alternative!(parser, parser.tuple());
                alternative!(parser, parser.generator());
                for word in ["True", "None", "False"] {
                    if parser.keyword(word).is_some() {
                        return Some(0);
                    }
                }
                None
            })?;
            let target = parser.bitwise_or()?;
            parser.operator("=")?;
            parser.bitwise_or()?;
            parser.not(|parser| parser.one_of(&["=", ":="]))?;
            let kind = parser.node_kind(target).describe();
            let range = parser.range(target);
            parser.fail(
                format!("cannot assign to {kind} here. Maybe you meant '==' instead of '='?"),
                range,
            )
        })
    }

    pub(super) fn expression(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Expression, |parser| {
            if parser.invalid_rules {
                alternative!(parser, parser.invalid_expression());
                alternative!(parser, parser.invalid_legacy_expression());
            }
            parser.valid_expression()
        })
    }

    pub(super) fn valid_expression(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        alternative!(parser, {
            let body = parser.disjunction()?;
            parser.keyword("if")?;
            let test = parser.disjunction()?;
            parser.keyword("else")?;
            let other = parser.expression()?;
            Some(parser.node(NodeKind::Conditional, start, vec![body, test, other]))
        });
        alternative!(parser, parser.disjunction());
        parser.lambda()
    }

    pub(super) fn expression_without_invalid(&mut self) -> Match {
        let parser = self;
        let before = std::mem::replace(&mut parser.invalid_rules, false);
        let result = parser.attempt(Parser::valid_expression);
        parser.invalid_rules = before;
        result
    }

    pub(super) fn is_legacy_statement(&self, node: NodeId) -> bool {
        let parser = self;
        let node = &parser.nodes[node as usize];
        node.kind == NodeKind::Name
            && self
                .tokens
                .binary_search_by_key(&node.start, |token| token.start)
                .is_ok_and(|index| {
                    // Tokens of no length may share the start.
                    parser.tokens[index.saturating_sub(2)..]
                        .iter()
                        .take(5)
                        .any(|token| {
                            token.start == node.start && matches!(token.text, "print" | "exec")
                        })
                })
    }

    pub(super) fn invalid_expression(&mut self) -> Match {
        let parser = self;
        alternative!(parser, {
            parser.kind(Kind::String)?;
            let start = parser.start();
            parser.some(|parser| {
                parser.not(|parser| parser.kind(Kind::String))?;
                parser.expression_without_invalid()
            })?;
            let end = parser.last_end();
            parser.kind(Kind::String)?;
            parser.fail(
                "invalid syntax. Is this intended to be part of the string?",
                range(start, end),
            )
        });
        alternative!(parser, {
            parser.not(|parser| {
                let token = parser.name()?;
                if is_soft_keyword(token.text) {
                    return Some(());
                }
                let next = parser.peek()?;
                matches!(next.kind, Kind::String | Kind::FormatStart).then_some(())
            })?;
            let first = parser.disjunction()?;
            let second = parser.expression_without_invalid()?;
            let level = parser.tokens[parser.position - 1].level;
            if parser.is_legacy_statement(first) || level == 0 {
                return None;
            }
            let range = parser.range_between(first, second);
            parser.fail("invalid syntax. Perhaps you forgot a comma?", range)
        });
        alternative!(parser, {
            let body = parser.disjunction()?;
            parser.keyword("if")?;
            let test = parser.disjunction()?;
            parser.not(|parser| {
                if parser.keyword("else").is_some() {
                    return Some(());
                }
                parser.operator(":").map(|_| ())
            })?;
            let range = parser.range_between(body, test);
            parser.fail("expected 'else' after 'if' expression", range)
        });
        alternative!(parser, {
            parser.disjunction()?;
            parser.keyword("if")?;
            parser.disjunction()?;
            parser.keyword("else")?;
            parser.not(Parser::expression)?;
            parser.fail_at_next("expected expression after 'else', but statement is given")
        });
        alternative!(parser, {
            let start = parser.start();
            parser.statement_keyword()?;
            let end = parser.last_end();
            parser.keyword("if")?;
            parser.disjunction()?;
            parser.keyword("else")?;
            parser.fail(
                "expected expression before 'if', but statement is given",
                range(start, end),
            )
        });
        let letter = parser.replacement_field_here()?;
        let lambda = parser.keyword("lambda")?;
        parser.maybe(Parser::lambda_parameters)?;
        let colon = parser.operator(":")?;
        parser.fail(
            format!("{letter}-string: lambda expressions are not allowed without parentheses"),
            range(lambda.start, colon.end),
        )
    }

    /// The letter of the f-string or t-string in whose replacement field the position is, outside of inner
    /// brackets: there a colon begins the format specification.
    fn replacement_field_here(&self) -> Option<char> {
        let before = &self.tokens[..self.position];
        let mut inner = 0u32;
        let opening = before.iter().rposition(|token| match token.text {
            ")" | "]" | "}" => {
                inner += 1;
                false
            }
            "(" | "[" | "{" if inner > 0 => {
                inner -= 1;
                false
            }
            "(" | "[" | "{" => true,
            _ => false,
        })?;
        let of_string = matches!(
            before.get(opening.checked_sub(1)?)?,
            Token {
                kind: Kind::FormatStart | Kind::FormatMiddle,
                ..
            } | Token {
                text: "}" | ":",
                ..
            }
        );
        let mut ended = 0u32;
        let start = before[..opening].iter().rfind(|token| match token.kind {
            Kind::FormatEnd => {
                ended += 1;
                false
            }
            Kind::FormatStart if ended > 0 => {
                ended -= 1;
                false
            }
            kind => kind == Kind::FormatStart,
        })?;
        (of_string && before[opening].text == "{").then_some(if start.is_t_string() {
            't'
        } else {
            'f'
        })
    }

    /// `pass`, `break`, `continue`: statements that people write in place of values.
    pub(super) fn statement_keyword(&mut self) -> Match<Token<'a>> {
        let parser = self;
        for word in ["pass", "break", "continue"] {
            if let Some(token) = parser.keyword(word) {
                return Some(token);
            }
        }
        None
    }

    pub(super) fn invalid_legacy_expression(&mut self) -> Match {
        let parser = self;
        let token = parser.name()?;
        parser.not(|parser| parser.operator("("))?;
        let argument = parser.star_expressions()?;
        if !matches!(token.text, "print" | "exec") {
            return None;
        }
        let name = token.text;
        let end = parser.nodes[argument as usize].end;
        parser.fail(
            format!("Missing parentheses in call to '{name}'. Did you mean {name}(...)?"),
            range(token.start, end),
        )
    }

    pub(super) fn yield_expression(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        parser.keyword("yield")?;
        alternative!(parser, {
            parser.keyword("from")?;
            parser.expression()?;
            Some(parser.node(NodeKind::Yield, start, Vec::new()))
        });
        parser.maybe(Parser::star_expressions)?;
        Some(parser.node(NodeKind::Yield, start, Vec::new()))
    }

    pub(super) fn annotated_right_side(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.yield_expression());
        parser.star_expressions()
    }

    pub(super) fn disjunction(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Disjunction, |parser| {
            parser.chain("or", Parser::conjunction)
        })
    }

    pub(super) fn conjunction(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Conjunction, |parser| {
            parser.chain("and", Parser::inversion)
        })
    }

    pub(super) fn chain(&mut self, word: &str, operand: fn(&mut Self) -> Match) -> Match {
        let parser = self;
        let start = parser.start();
        let first = operand(parser)?;
        let more = parser.many(|parser| {
            parser.keyword(word)?;
            operand(parser)
        })?;
        if more.is_empty() {
            return Some(first);
        }
        Some(parser.node(NodeKind::Operation, start, Vec::new()))
    }

    pub(super) fn inversion(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Inversion, |parser| {
            let start = parser.start();
            alternative!(parser, {
                parser.keyword("not")?;
                parser.inversion()?;
                Some(parser.node(NodeKind::Operation, start, Vec::new()))
            });
            parser.comparison()
        })
    }

    pub(super) fn comparison(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        let left = parser.bitwise_or()?;
        let mut kind = None;
        while let Some(is_in) = parser.attempt(|parser| {
            let is_in = parser.comparison_operator()?;
            parser.bitwise_or()?;
            Some(is_in)
        }) {
            kind.get_or_insert(if is_in {
                NodeKind::CompareIn
            } else {
                NodeKind::Compare
            });
        }
        if parser.stopped() {
            return None;
        }
        match kind {
            Some(kind) => Some(parser.node(kind, start, vec![left])),
            None => Some(left),
        }
    }

    /// True for `in`.
    pub(super) fn comparison_operator(&mut self) -> Match<bool> {
        let parser = self;
        if parser.one_of(&["==", "!=", "<=", "<", ">=", ">"]).is_some() {
            return Some(false);
        }
        if parser.invalid_rules
            && let Some(token) = parser.operator("<>")
        {
            const UNEQUAL: &str = "invalid syntax.  Maybe you meant '!=' instead of '<>'?";
            return parser.fail_at_token(UNEQUAL, &token);
        }
        alternative!(parser, {
            parser.keyword("not")?;
            parser.keyword("in")?;
            Some(false)
        });
        if parser.keyword("in").is_some() {
            return Some(true);
        }
        parser.keyword("is")?;
        parser.maybe(|parser| parser.keyword("not"))?;
        Some(false)
    }

    pub(super) fn bitwise_or(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::BitwiseOr, |parser| parser.binary(0))
    }

    /// Left-associative operators, from the loosest.
    pub(super) fn binary(&mut self, level: usize) -> Match {
        let parser = self;
        const LEVELS: [&[&str]; 6] = [
            &["|"],
            &["^"],
            &["&"],
            &["<<", ">>"],
            &["+", "-"],
            &["*", "/", "//", "%", "@"],
        ];
        let Some(operators) = LEVELS.get(level) else {
            return parser.factor();
        };
        let start = parser.start();
        let mut left = parser.binary(level + 1)?;
        loop {
            let next = parser.attempt(|parser| {
                parser.one_of(operators)?;
                if parser.invalid_rules && level >= 4 {
                    parser.invalid_not_operand()?;
                }
                parser.binary(level + 1)
            });
            if next.is_none() {
                break;
            }
            left = parser.node(NodeKind::Operation, start, Vec::new());
        }
        if parser.stopped() { None } else { Some(left) }
    }

    /// `a + not b`
    pub(super) fn invalid_not_operand(&mut self) -> Match<()> {
        let parser = self;
        let wrong = parser.attempt(|parser| {
            let word = parser.keyword("not")?;
            parser.inversion()?;
            Some((word.start, parser.last_end()))
        });
        match wrong {
            Some((start, end)) => parser.fail(
                "'not' after an operator must be parenthesized",
                range(start, end),
            ),
            None => (!parser.stopped()).then_some(()),
        }
    }

    pub(super) fn factor(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        alternative!(parser, {
            parser.one_of(&["+", "-", "~"])?;
            if parser.invalid_rules {
                parser.invalid_not_operand()?;
            }
            parser.deeper(Parser::factor)?;
            Some(parser.node(NodeKind::Operation, start, Vec::new()))
        });
        parser.power()
    }

    pub(super) fn power(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Power, |parser| {
            let start = parser.start();
            let base = parser.await_primary()?;
            let exponent = parser.maybe(|parser| {
                parser.operator("**")?;
                parser.deeper(Parser::factor)
            })?;
            match exponent {
                Some(_) => Some(parser.node(NodeKind::Operation, start, Vec::new())),
                None => Some(base),
            }
        })
    }

    pub(super) fn await_primary(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        alternative!(parser, {
            parser.keyword("await")?;
            parser.primary()?;
            Some(parser.node(NodeKind::Await, start, Vec::new()))
        });
        parser.primary()
    }

    pub(super) fn primary(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Primary, |parser| {
            let start = parser.start();
            let mut left = parser.atom()?;
            loop {
                let kind = parser.attempt(Parser::trailer);
                let Some(kind) = kind else { break };
                left = parser.node(kind, start, Vec::new());
            }
            if parser.stopped() { None } else { Some(left) }
        })
    }

    pub(super) fn trailer(&mut self) -> Match<NodeKind> {
        let parser = self;
        alternative!(parser, {
            parser.operator(".")?;
            parser.name()?;
            Some(NodeKind::Attribute)
        });
        alternative!(parser, {
            // Not only behind a parenthesis: the rules for wrong comprehensions, which are tried
            // for generators too, look at every bracket.
            parser.generator()?;
            Some(NodeKind::Call)
        });
        alternative!(parser, {
            parser.operator("(")?;
            parser.maybe(Parser::arguments)?;
            parser.operator(")")?;
            Some(NodeKind::Call)
        });
        parser.operator("[")?;
        parser.slices()?;
        parser.operator("]")?;
        Some(NodeKind::Subscript)
    }

    pub(super) fn slices(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.slice()?;
            parser.not(|parser| parser.operator(","))
        });
        parser.separated(",", |parser| {
            alternative!(parser, parser.slice());
            parser.starred_expression().map(|_| ())
        })?;
        parser.maybe(|parser| parser.operator(","))?;
        Some(())
    }

    pub(super) fn slice(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.maybe(Parser::expression)?;
            parser.operator(":")?;
            parser.maybe(Parser::expression)?;
            parser.maybe(|parser| {
                parser.operator(":")?;
                parser.maybe(Parser::expression)
            })?;
            Some(())
        });
        parser.named_expression().map(|_| ())
    }

    pub(super) fn atom(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Atom, Parser::atom_inside)
    }

    pub(super) fn atom_inside(&mut self) -> Match {
        let parser = self;
        let token = parser.peek()?;
        match token.kind {
            Kind::Name => {
                let kind = match token.text {
                    "True" => NodeKind::True,
                    "False" => NodeKind::False,
                    "None" => NodeKind::None,
                    _ => return parser.name_node(),
                };
                parser.position += 1;
                Some(parser.token_node(kind, &token))
            }
            Kind::Number => {
                parser.position += 1;
                Some(parser.token_node(NodeKind::Literal, &token))
            }
            Kind::String | Kind::FormatStart => parser.strings(),
            Kind::Operator => match token.text {
                "..." => {
                    parser.position += 1;
                    Some(parser.token_node(NodeKind::Ellipsis, &token))
                }
                "(" => {
                    alternative!(parser, parser.tuple());
                    alternative!(parser, parser.group());
                    parser.generator()
                }
                "[" => {
                    alternative!(parser, parser.list());
                    parser.list_comprehension()
                }
                "{" => {
                    alternative!(parser, parser.dict());
                    alternative!(parser, parser.set());
                    alternative!(parser, parser.dict_comprehension());
                    parser.set_comprehension()
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn group(&mut self) -> Match {
        let parser = self;
        alternative!(parser, {
            parser.operator("(")?;
            let inner = parser.attempt(Parser::yield_expression);
            let inner = match inner {
                Some(inner) => inner,
                None => parser.named_expression()?,
            };
            parser.operator(")")?;
            Some(inner)
        });
        if !parser.invalid_rules {
            return None;
        }
        alternative!(parser, {
            parser.operator("(")?;
            let starred = parser.starred_expression()?;
            parser.operator(")")?;
            let range = parser.range(starred);
            parser.fail("cannot use starred expression here", range)
        });
        parser.operator("(")?;
        let stars = parser.operator("**")?;
        parser.expression()?;
        parser.operator(")")?;
        parser.fail("cannot use double starred expression here", stars.range())
    }

    pub(super) fn tuple(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        parser.operator("(")?;
        let items = parser.maybe(|parser| {
            let mut items = vec![parser.star_named_expression()?];
            parser.operator(",")?;
            items.extend(
                parser
                    .maybe(Parser::star_named_expressions)?
                    .unwrap_or_default(),
            );
            Some(items)
        })?;
        parser.operator(")")?;
        Some(parser.node(NodeKind::Tuple, start, items.unwrap_or_default()))
    }

    pub(super) fn list(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        parser.operator("[")?;
        let items = parser
            .maybe(Parser::star_named_expressions)?
            .unwrap_or_default();
        parser.operator("]")?;
        Some(parser.node(NodeKind::List, start, items))
    }

    pub(super) fn set(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        parser.operator("{")?;
        parser.star_named_expressions()?;
        parser.operator("}")?;
        Some(parser.node(NodeKind::Set, start, Vec::new()))
    }

    pub(super) fn dict(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        alternative!(parser, {
            parser.operator("{")?;
            parser.maybe(|parser| {
                parser.separated(",", Parser::double_starred_pair)?;
                parser.maybe(|parser| parser.operator(","))
            })?;
            parser.operator("}")?;
            Some(parser.node(NodeKind::Dict, start, Vec::new()))
        });
        // In the first pass too.
        parser.operator("{")?;
        parser.invalid_pairs()
    }

    pub(super) fn double_starred_pair(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.operator("**")?;
            parser.bitwise_or()?;
            Some(())
        });
        parser.pair()
    }

    pub(super) fn pair(&mut self) -> Match<()> {
        let parser = self;
        parser.expression()?;
        parser.operator(":")?;
        parser.expression()?;
        Some(())
    }

    pub(super) fn invalid_pairs(&mut self) -> Match {
        let parser = self;
        alternative!(parser, {
            // The pairs that are right, then a wrong one.
            parser.double_starred_pair()?;
            loop {
                let next = parser.attempt(|parser| {
                    parser.operator(",")?;
                    parser.double_starred_pair()
                });
                if next.is_none() {
                    break;
                }
            }
            parser.operator(",")?;
            parser.invalid_pair()
        });
        alternative!(parser, parser.invalid_value());
        parser.expression()?;
        let colon = parser.operator(":")?;
        parser.follows(|parser| parser.one_of(&["}", ","]))?;
        parser.fail(
            "expression expected after dictionary key and ':'",
            colon.range(),
        )
    }

    pub(super) fn invalid_pair(&mut self) -> Match {
        let parser = self;
        alternative!(parser, {
            let key = parser.expression()?;
            parser.not(|parser| parser.operator(":"))?;
            let end = parser.nodes[key as usize].end;
            parser.fail_without_end("':' expected after dictionary key", end - 1)
        });
        alternative!(parser, parser.invalid_value());
        parser.expression()?;
        let colon = parser.operator(":")?;
        parser.follows(|parser| parser.one_of(&["}", ","]))?;
        parser.fail(
            "expression expected after dictionary key and ':'",
            colon.range(),
        )
    }

    pub(super) fn invalid_value(&mut self) -> Match {
        let parser = self;
        parser.expression()?;
        parser.operator(":")?;
        let star = parser.one_of(&["*", "**"])?;
        parser.bitwise_or()?;
        let what = if star.text == "*" {
            "cannot use a starred expression in a dictionary value"
        } else {
            "cannot use dict unpacking in a dictionary value"
        };
        parser.fail_from(what, star.start)
    }
}
