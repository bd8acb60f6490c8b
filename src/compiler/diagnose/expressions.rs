//! Rules for expressions, and for wrong ones.

use super::parser::{
    Match, NodeId, NodeKind, Parser, Rule, TargetUse, alternative, is_soft_keyword, range,
};
use super::tokenizer::{Kind, Token};

impl<'a> Parser<'a> {
    pub fn expressions(&mut self) -> Match {
        let parser = self;
        parser.expression_list(Parser::expression)
    }

    pub fn star_expressions(&mut self) -> Match {
        let parser = self;
        parser.expression_list(Parser::star_expression)
    }

    /// One expression, or a tuple without parentheses.
    fn expression_list(&mut self, item: fn(&mut Self) -> Match) -> Match {
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

    pub fn star_expression(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::StarExpression, |parser| {
            alternative!(parser, parser.starred(Parser::bitwise_or));
            parser.expression()
        })
    }

    fn starred(&mut self, value: fn(&mut Self) -> Match) -> Match {
        let parser = self;
        let star = parser.operator("*")?;
        let value = value(parser)?;
        Some(parser.node(NodeKind::Starred, star.start, vec![value]))
    }

    pub fn star_named_expressions(&mut self) -> Match<Vec<NodeId>> {
        let parser = self;
        let items = parser.separated(",", Parser::star_named_expression)?;
        parser.maybe(|parser| parser.operator(","))?;
        Some(items)
    }

    pub fn star_named_expression(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.starred(Parser::bitwise_or));
        parser.named_expression()
    }

    fn assignment_expression(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        let target = parser.name_node()?;
        parser.operator(":=")?;
        let value = parser.expression()?;
        Some(parser.node(NodeKind::Named, start, vec![target, value]))
    }

    pub fn named_expression(&mut self) -> Match {
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

    fn invalid_named_expression(&mut self) -> Match {
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

    pub fn expression(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Expression, |parser| {
            if parser.invalid_rules {
                alternative!(parser, parser.invalid_expression());
                alternative!(parser, parser.invalid_legacy_expression());
            }
            parser.valid_expression()
        })
    }

    fn valid_expression(&mut self) -> Match {
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

    fn expression_without_invalid(&mut self) -> Match {
        let parser = self;
        let before = std::mem::replace(&mut parser.invalid_rules, false);
        let result = parser.attempt(Parser::valid_expression);
        parser.invalid_rules = before;
        result
    }

    fn is_legacy_statement(&self, node: NodeId) -> bool {
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

    fn invalid_expression(&mut self) -> Match {
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
        let lambda = parser.keyword("lambda")?;
        parser.maybe(Parser::lambda_parameters)?;
        let colon = parser.operator(":")?;
        parser.follows(|parser| parser.kind(Kind::FormatMiddle))?;
        parser.fail(
            "f-string: lambda expressions are not allowed without parentheses",
            range(lambda.start, colon.end),
        )
    }

    /// `pass`, `break`, `continue`: statements that people write in place of values.
    fn statement_keyword(&mut self) -> Match<Token<'a>> {
        let parser = self;
        for word in ["pass", "break", "continue"] {
            if let Some(token) = parser.keyword(word) {
                return Some(token);
            }
        }
        None
    }

    fn invalid_legacy_expression(&mut self) -> Match {
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

    pub fn yield_expression(&mut self) -> Match {
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

    pub fn annotated_right_side(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.yield_expression());
        parser.star_expressions()
    }

    pub fn disjunction(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Disjunction, |parser| {
            parser.chain("or", Parser::conjunction)
        })
    }

    fn conjunction(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Conjunction, |parser| {
            parser.chain("and", Parser::inversion)
        })
    }

    fn chain(&mut self, word: &str, operand: fn(&mut Self) -> Match) -> Match {
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

    pub fn inversion(&mut self) -> Match {
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

    fn comparison(&mut self) -> Match {
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
    fn comparison_operator(&mut self) -> Match<bool> {
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

    pub fn bitwise_or(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::BitwiseOr, |parser| parser.binary(0))
    }

    /// Left-associative operators, from the loosest.
    fn binary(&mut self, level: usize) -> Match {
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
    fn invalid_not_operand(&mut self) -> Match<()> {
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

    fn factor(&mut self) -> Match {
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

    fn power(&mut self) -> Match {
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

    fn await_primary(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        alternative!(parser, {
            parser.keyword("await")?;
            parser.primary()?;
            Some(parser.node(NodeKind::Await, start, Vec::new()))
        });
        parser.primary()
    }

    fn primary(&mut self) -> Match {
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

    fn trailer(&mut self) -> Match<NodeKind> {
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

    pub fn slices(&mut self) -> Match<()> {
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

    fn slice(&mut self) -> Match<()> {
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

    pub fn atom(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::Atom, Parser::atom_inside)
    }

    fn atom_inside(&mut self) -> Match {
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

    fn group(&mut self) -> Match {
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

    fn tuple(&mut self) -> Match {
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

    fn list(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        parser.operator("[")?;
        let items = parser
            .maybe(Parser::star_named_expressions)?
            .unwrap_or_default();
        parser.operator("]")?;
        Some(parser.node(NodeKind::List, start, items))
    }

    fn set(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        parser.operator("{")?;
        parser.star_named_expressions()?;
        parser.operator("}")?;
        Some(parser.node(NodeKind::Set, start, Vec::new()))
    }

    fn dict(&mut self) -> Match {
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

    fn double_starred_pair(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.operator("**")?;
            parser.bitwise_or()?;
            Some(())
        });
        parser.pair()
    }

    fn pair(&mut self) -> Match<()> {
        let parser = self;
        parser.expression()?;
        parser.operator(":")?;
        parser.expression()?;
        Some(())
    }

    fn invalid_pairs(&mut self) -> Match {
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

    fn invalid_pair(&mut self) -> Match {
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

    fn invalid_value(&mut self) -> Match {
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

    // Comprehensions.

    /// The end of the last clause.
    pub fn for_if_clauses(&mut self) -> Match<usize> {
        let parser = self;
        parser.some(Parser::for_if_clause)?;
        Some(parser.last_end())
    }

    fn for_if_clause(&mut self) -> Match<()> {
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

    pub fn invalid_for_target(&mut self) -> Match<()> {
        let parser = self;
        parser.maybe(|parser| parser.keyword("async"))?;
        parser.keyword("for")?;
        let target = parser.star_expressions()?;
        parser.fail_target(target, TargetUse::For)
    }

    fn list_comprehension(&mut self) -> Match {
        let parser = self;
        parser.comprehension(
            "[",
            "]",
            NodeKind::ListComprehension,
            Parser::named_expression,
        )
    }

    fn set_comprehension(&mut self) -> Match {
        let parser = self;
        parser.comprehension(
            "{",
            "}",
            NodeKind::SetComprehension,
            Parser::named_expression,
        )
    }

    pub fn generator(&mut self) -> Match {
        let parser = self;
        parser.comprehension("(", ")", NodeKind::Generator, Parser::generator_element)
    }

    fn generator_element(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.assignment_expression());
        let value = parser.expression()?;
        parser.not(|parser| parser.operator(":="))?;
        Some(value)
    }

    fn comprehension(
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

    fn dict_comprehension(&mut self) -> Match {
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

    // Arguments.

    pub fn arguments(&mut self) -> Match {
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

    fn positional(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.starred_expression());
        let value = parser.generator_element()?;
        parser.not(|parser| parser.operator("="))?;
        Some(value)
    }

    /// Positional arguments, and whether `**` occurs among the keywords, if there are any.
    fn args(&mut self) -> Match<(Vec<NodeId>, Option<bool>)> {
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

    fn kwargs(&mut self) -> Match<bool> {
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

    pub fn starred_expression(&mut self) -> Match {
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

    fn keyword_or_starred(&mut self) -> Match<()> {
        let parser = self;
        parser.keyword_argument()?;
        Some(())
    }

    fn keyword_argument(&mut self) -> Match<bool> {
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
    fn keyword_or_double_starred(&mut self) -> Match<bool> {
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

    fn invalid_kwarg(&mut self) -> Match<bool> {
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

    fn invalid_keyword_comprehension<T>(&mut self) -> Match<T> {
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

    fn invalid_arguments(&mut self) -> Match {
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

    // Targets.

    pub fn star_targets(&mut self) -> Match {
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

    pub fn star_target(&mut self) -> Match {
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

    fn target_with_star_atom(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::TargetWithAtom, |parser| {
            alternative!(parser, parser.single_subscript_attribute_target());
            parser.star_atom()
        })
    }

    fn star_atom(&mut self) -> Match {
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

    pub fn single_target(&mut self) -> Match {
        let parser = self;
        alternative!(parser, parser.single_subscript_attribute_target());
        alternative!(parser, parser.name_node());
        parser.operator("(")?;
        let inner = parser.deeper(Parser::single_target)?;
        parser.operator(")")?;
        Some(inner)
    }

    fn target_continues(&mut self) -> Match<()> {
        let parser = self;
        parser.one_of(&["(", "[", "."]).map(|_| ())
    }

    pub fn single_subscript_attribute_target(&mut self) -> Match {
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
    pub fn target_primary(&mut self) -> Match {
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

    pub fn delete_targets(&mut self) -> Match<()> {
        let parser = self;
        parser.separated(",", Parser::delete_target)?;
        parser.maybe(|parser| parser.operator(","))?;
        Some(())
    }

    fn delete_target(&mut self) -> Match {
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
