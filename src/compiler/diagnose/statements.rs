//! Rules for statements, and for wrong ones.

use super::parser::{Match, NodeId, NodeKind, Parser, Rule, TargetUse, alternative, range};
use super::tokenizer::Kind;

const EXPECTED_COLON: &str = "expected ':'";

impl<'a> Parser<'a> {
    pub fn file(&mut self) -> Match<()> {
        let parser = self;
        parser.many(Parser::statement)?;
        parser.kind(Kind::End)?;
        Some(())
    }

    pub fn evaluated(&mut self) -> Match<()> {
        let parser = self;
        parser.expressions()?;
        parser.many(|parser| parser.kind(Kind::Newline))?;
        parser.kind(Kind::End)?;
        Some(())
    }

    fn statements(&mut self) -> Match<()> {
        let parser = self;
        parser.some(Parser::statement)?;
        Some(())
    }

    fn statement(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, parser.deeper(Parser::compound_statement));
        parser.simple_statements()
    }

    fn simple_statements(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.simple_statement()?;
            parser.not(|parser| parser.operator(";"))?;
            parser.kind(Kind::Newline).map(|_| ())
        });
        parser.separated(";", Parser::simple_statement)?;
        parser.maybe(|parser| parser.operator(";"))?;
        parser.kind(Kind::Newline).map(|_| ())
    }

    fn simple_statement(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::SimpleStatement, |parser| {
            alternative!(parser, parser.assignment().map(|()| 0));
            alternative!(parser, parser.type_alias().map(|()| 0));
            alternative!(parser, parser.star_expressions());
            let word = parser.peek().filter(|token| token.kind == Kind::Name)?.text;
            match word {
                "return" => {
                    parser.position += 1;
                    parser.maybe(Parser::star_expressions)?;
                    Some(0)
                }
                "import" => parser.import().map(|()| 0),
                "from" => parser.import_from().map(|()| 0),
                "raise" => parser.raise().map(|()| 0),
                "pass" | "break" | "continue" => {
                    parser.position += 1;
                    Some(0)
                }
                "del" => parser.delete().map(|()| 0),
                "yield" => parser.yield_expression(),
                "assert" => {
                    parser.position += 1;
                    parser.expression()?;
                    parser.maybe(|parser| {
                        parser.operator(",")?;
                        parser.expression()
                    })?;
                    Some(0)
                }
                "global" | "nonlocal" => {
                    parser.position += 1;
                    parser.separated(",", Parser::name)?;
                    Some(0)
                }
                _ => None,
            }
        })
    }

    fn raise(&mut self) -> Match<()> {
        let parser = self;
        parser.keyword("raise")?;
        parser.maybe(|parser| {
            parser.expression()?;
            parser.maybe(|parser| {
                parser.keyword("from")?;
                parser.expression()
            })
        })?;
        Some(())
    }

    fn delete(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.keyword("del")?;
            parser.delete_targets()?;
            parser.follows(|parser| {
                if parser.operator(";").is_some() {
                    return Some(());
                }
                parser.kind(Kind::Newline).map(|_| ())
            })
        });
        if !parser.invalid_rules {
            return None;
        }
        parser.keyword("del")?;
        let targets = parser.star_expressions()?;
        parser.fail_target(targets, TargetUse::Delete)
    }

    fn type_alias(&mut self) -> Match<()> {
        let parser = self;
        parser.keyword("type")?;
        parser.name()?;
        parser.maybe(Parser::type_parameters)?;
        parser.operator("=")?;
        parser.expression()?;
        Some(())
    }

    // Assignments.

    fn augmented_operator(&mut self) -> Match<()> {
        let parser = self;
        parser
            .one_of(&[
                "+=", "-=", "*=", "@=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "**=", "//=",
            ])
            .map(|_| ())
    }

    fn assignment(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.name()?;
            parser.operator(":")?;
            parser.expression()?;
            parser.annotated_value()
        });
        alternative!(parser, {
            let parenthesized = parser.attempt(|parser| {
                parser.operator("(")?;
                parser.single_target()?;
                parser.operator(")")
            });
            if parenthesized.is_none() {
                parser.single_subscript_attribute_target()?;
            }
            parser.operator(":")?;
            parser.expression()?;
            parser.annotated_value()
        });
        alternative!(parser, {
            parser.some(|parser| {
                parser.star_targets()?;
                parser.operator("=")
            })?;
            parser.annotated_right_side()?;
            parser.not(|parser| parser.operator("="))
        });
        let augmented = parser.attempt(|parser| {
            parser.single_target()?;
            parser.augmented_operator()
        });
        if augmented.is_some() {
            // No way back from here.
            parser.annotated_right_side()?;
            return Some(());
        }
        if parser.invalid_rules {
            parser.invalid_assignment()
        } else {
            None
        }
    }

    fn annotated_value(&mut self) -> Match<()> {
        let parser = self;
        parser.maybe(|parser| {
            parser.operator("=")?;
            parser.annotated_right_side()
        })?;
        Some(())
    }

    fn invalid_assignment(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            let target = parser.annotation_target()?;
            parser.operator(":")?;
            parser.expression()?;
            let kind = parser.node_kind(target).describe();
            let range = parser.range(target);
            parser.fail(
                format!("only single target (not {kind}) can be annotated"),
                range,
            )
        });
        alternative!(parser, {
            let first = parser.star_named_expression()?;
            parser.operator(",")?;
            parser.many(Parser::star_named_expressions)?;
            parser.operator(":")?;
            parser.expression()?;
            let range = parser.range(first);
            parser.fail("only single target (not tuple) can be annotated", range)
        });
        alternative!(parser, {
            let target = parser.expression()?;
            parser.operator(":")?;
            parser.expression()?;
            let range = parser.range(target);
            parser.fail("illegal target for annotation", range)
        });
        let targets = |parser: &mut Self| {
            parser.many(|parser| {
                parser.star_targets()?;
                parser.operator("=")
            })
        };
        alternative!(parser, {
            targets(parser)?;
            let target = parser.star_expressions()?;
            parser.operator("=")?;
            parser.fail_target(target, TargetUse::Assign)
        });
        alternative!(parser, {
            targets(parser)?;
            let target = parser.yield_expression()?;
            parser.operator("=")?;
            let range = parser.range(target);
            parser.fail("assignment to yield expression not possible", range)
        });
        let target = parser.star_expressions()?;
        parser.augmented_operator()?;
        parser.annotated_right_side()?;
        let kind = parser.node_kind(target).describe();
        let range = parser.range(target);
        parser.fail(
            format!("'{kind}' is an illegal expression for augmented assignment"),
            range,
        )
    }

    fn annotation_target(&mut self) -> Match<NodeId> {
        let parser = self;
        alternative!(parser, {
            let target = parser.atom()?;
            matches!(parser.node_kind(target), NodeKind::List | NodeKind::Tuple).then_some(target)
        });
        parser.operator("(")?;
        let inner = parser.annotation_target()?;
        parser.operator(")")?;
        Some(inner)
    }

    // Imports.

    fn dotted_name(&mut self) -> Match<()> {
        let parser = self;
        parser.separated(".", Parser::name)?;
        Some(())
    }

    fn import(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                let word = parser.keyword("import")?;
                parser.separated(",", Parser::dotted_name)?;
                parser.keyword("from")?;
                parser.dotted_name()?;
                parser.fail_from(
                    "Did you mean to use 'from ... import ...' instead?",
                    word.start,
                )
            });
            alternative!(parser, {
                parser.keyword("import")?;
                let newline = parser.kind(Kind::Newline)?;
                parser.fail_from("Expected one or more names after 'import'", newline.start)
            });
        }
        parser.keyword("import")?;
        parser.separated(",", |parser| {
            if parser.invalid_rules {
                alternative!(parser, {
                    parser.dotted_name()?;
                    parser.invalid_import_target()
                });
            }
            parser.dotted_name()?;
            parser.import_alias()
        })?;
        Some(())
    }

    fn import_alias(&mut self) -> Match<()> {
        let parser = self;
        parser.maybe(|parser| {
            parser.keyword("as")?;
            parser.name()
        })?;
        Some(())
    }

    fn invalid_import_target(&mut self) -> Match<()> {
        let parser = self;
        parser.keyword("as")?;
        parser.not(|parser| {
            parser.name()?;
            if parser.one_of(&[",", ")", ";"]).is_some() {
                return Some(());
            }
            parser.kind(Kind::Newline).map(|_| ())
        })?;
        let target = parser.expression()?;
        let kind = parser.node_kind(target).describe();
        let range = parser.range(target);
        parser.fail(format!("cannot use {kind} as import target"), range)
    }

    fn import_from(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.keyword("from")?;
            parser.many(|parser| parser.one_of(&[".", "..."]))?;
            parser.dotted_name()?;
            parser.keyword("import")?;
            parser.import_targets()
        });
        parser.keyword("from")?;
        parser.some(|parser| parser.one_of(&[".", "..."]))?;
        parser.keyword("import")?;
        parser.import_targets()
    }

    fn imported_names(&mut self) -> Match<()> {
        let parser = self;
        parser.separated(",", |parser| {
            if parser.invalid_rules {
                alternative!(parser, {
                    parser.name()?;
                    parser.invalid_import_target()
                });
            }
            parser.name()?;
            parser.import_alias()
        })?;
        Some(())
    }

    fn import_targets(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.operator("(")?;
            parser.imported_names()?;
            parser.maybe(|parser| parser.operator(","))?;
            parser.operator(")").map(|_| ())
        });
        alternative!(parser, {
            parser.imported_names()?;
            parser.not(|parser| parser.operator(","))
        });
        alternative!(parser, parser.operator("*").map(|_| ()));
        if !parser.invalid_rules {
            return None;
        }
        alternative!(parser, {
            parser.imported_names()?;
            parser.operator(",")?;
            parser.kind(Kind::Newline)?;
            parser.fail_at_last("trailing comma not allowed without surrounding parentheses")
        });
        let newline = parser.kind(Kind::Newline)?;
        parser.fail_from("Expected one or more names after 'import'", newline.start)
    }

    // Compound statements.

    fn compound_statement(&mut self) -> Match<()> {
        let parser = self;
        let token = parser.peek()?;
        match (token.kind, token.text) {
            (Kind::Operator, "@") => {
                parser.some(|parser| {
                    parser.operator("@")?;
                    parser.named_expression()?;
                    parser.kind(Kind::Newline)
                })?;
                alternative!(parser, parser.class());
                parser.function()
            }
            (Kind::Name, "def") => parser.function(),
            (Kind::Name, "class") => parser.class(),
            (Kind::Name, "async") => {
                alternative!(parser, parser.function());
                alternative!(parser, parser.with_statement());
                parser.for_statement()
            }
            (Kind::Name, "if") => parser.if_statement("if"),
            (Kind::Name, "with") => parser.with_statement(),
            (Kind::Name, "for") => parser.for_statement(),
            (Kind::Name, "try") => parser.try_statement(),
            (Kind::Name, "while") => parser.while_statement(),
            (Kind::Name, "match") => parser.match_statement(),
            _ => None,
        }
    }

    pub fn block(&mut self) -> Match<()> {
        let parser = self;
        parser.memoized(Rule::Block, |parser| {
            alternative!(parser, {
                parser.kind(Kind::Newline)?;
                parser.kind(Kind::Indent)?;
                parser.statements()?;
                parser.kind(Kind::Dedent)?;
                Some(0)
            });
            alternative!(parser, parser.simple_statements().map(|()| 0));
            if !parser.invalid_rules {
                return None;
            }
            parser.kind(Kind::Newline)?;
            parser.not(|parser| parser.kind(Kind::Indent))?;
            parser.fail_indentation("expected an indented block")
        })?;
        Some(())
    }

    /// After a colon: complains when nothing is indented behind it.
    pub fn missing_block<T>(&mut self, what: &str, start: usize) -> Match<T> {
        let parser = self;
        parser.kind(Kind::Newline)?;
        parser.not(|parser| parser.kind(Kind::Indent))?;
        let line = parser.line_at(start);
        parser.fail_indentation(format!(
            "expected an indented block after {what} on line {line}"
        ))
    }

    fn if_statement(&mut self, word: &str) -> Match<()> {
        let parser = self;
        let what = format!("'{word}' statement");
        parser.tested_block(word, &what)?;
        alternative!(parser, {
            parser.follows(|parser| parser.keyword("elif"))?;
            parser.deeper(|parser| parser.if_statement("elif"))
        });
        if parser.stopped() {
            return None;
        }
        parser.maybe(Parser::else_block)?;
        Some(())
    }

    /// A keyword, a condition, a block.
    fn tested_block(&mut self, word: &str, what: &str) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                parser.keyword(word)?;
                parser.named_expression()?;
                parser.kind(Kind::Newline)?;
                parser.fail_at_last(EXPECTED_COLON)
            });
            alternative!(parser, {
                let token = parser.keyword(word)?;
                parser.named_expression()?;
                parser.operator(":")?;
                parser.missing_block(what, token.start)
            });
        }
        parser.keyword(word)?;
        parser.named_expression()?;
        parser.operator(":")?;
        parser.block()
    }

    fn else_block(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                let word = parser.keyword("else")?;
                parser.operator(":")?;
                parser.missing_block("'else' statement", word.start)
            });
            alternative!(parser, {
                parser.keyword("else")?;
                parser.operator(":")?;
                parser.block()?;
                let word = parser.keyword("elif")?;
                parser.fail("'elif' block follows an 'else' block", word.range())
            });
        }
        parser.keyword("else")?;
        parser.forced(":")?;
        parser.block()
    }

    fn while_statement(&mut self) -> Match<()> {
        let parser = self;
        parser.tested_block("while", "'while' statement")?;
        parser.maybe(Parser::else_block)?;
        Some(())
    }

    fn for_statement(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            let head = |parser: &mut Self| {
                parser.maybe(|parser| parser.keyword("async"))?;
                let word = parser.keyword("for")?;
                parser.star_targets()?;
                parser.keyword("in")?;
                parser.star_expressions()?;
                Some(word.start)
            };
            alternative!(parser, {
                head(parser)?;
                parser.kind(Kind::Newline)?;
                parser.fail_at_last(EXPECTED_COLON)
            });
            alternative!(parser, {
                let start = head(parser)?;
                parser.operator(":")?;
                parser.missing_block("'for' statement", start)
            });
        }
        let head = parser.attempt(|parser| {
            parser.maybe(|parser| parser.keyword("async"))?;
            parser.keyword("for")?;
            parser.star_targets()?;
            parser.keyword("in")
        });
        if head.is_some() {
            // No way back from here.
            parser.star_expressions()?;
            parser.operator(":")?;
            parser.block()?;
            parser.maybe(Parser::else_block)?;
            return Some(());
        }
        if parser.invalid_rules {
            parser.invalid_for_target()
        } else {
            None
        }
    }

    // with

    fn with_head(&mut self) -> Match<usize> {
        let parser = self;
        parser.maybe(|parser| parser.keyword("async"))?;
        Some(parser.keyword("with")?.start)
    }

    fn loose_with_item(&mut self) -> Match<()> {
        let parser = self;
        parser.expression()?;
        parser.maybe(|parser| {
            parser.keyword("as")?;
            parser.star_target()
        })?;
        Some(())
    }

    fn loose_parenthesized_items(&mut self) -> Match<()> {
        let parser = self;
        parser.operator("(")?;
        parser.separated(",", |parser| {
            parser.expressions()?;
            parser.maybe(|parser| {
                parser.keyword("as")?;
                parser.star_target()
            })
        })?;
        parser.maybe(|parser| parser.operator(","))?;
        parser.operator(")").map(|_| ())
    }

    fn with_item(&mut self) -> Match<()> {
        let parser = self;
        let end = |parser: &mut Self| parser.follows(|parser| parser.one_of(&[",", ")", ":"]));
        alternative!(parser, {
            parser.expression()?;
            parser.keyword("as")?;
            parser.star_target()?;
            end(parser)
        });
        if parser.invalid_rules {
            alternative!(parser, {
                parser.expression()?;
                parser.keyword("as")?;
                let target = parser.expression()?;
                end(parser)?;
                parser.fail_target(target, TargetUse::Assign)
            });
        }
        parser.expression().map(|_| ())
    }

    fn with_statement(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                let start = parser.with_head()?;
                parser.separated(",", Parser::loose_with_item)?;
                parser.operator(":")?;
                parser.missing_block("'with' statement", start)
            });
            alternative!(parser, {
                let start = parser.with_head()?;
                parser.loose_parenthesized_items()?;
                parser.operator(":")?;
                parser.missing_block("'with' statement", start)
            });
        }
        alternative!(parser, {
            parser.with_head()?;
            parser.operator("(")?;
            parser.separated(",", Parser::with_item)?;
            parser.maybe(|parser| parser.operator(","))?;
            parser.operator(")")?;
            parser.operator(":")?;
            parser.block()
        });
        alternative!(parser, {
            parser.with_head()?;
            parser.separated(",", Parser::with_item)?;
            parser.operator(":")?;
            parser.block()
        });
        if !parser.invalid_rules {
            return None;
        }
        alternative!(parser, {
            parser.with_head()?;
            parser.separated(",", Parser::loose_with_item)?;
            parser.kind(Kind::Newline)?;
            parser.fail_at_last(EXPECTED_COLON)
        });
        parser.with_head()?;
        parser.loose_parenthesized_items()?;
        parser.kind(Kind::Newline)?;
        parser.fail_at_last(EXPECTED_COLON)
    }

    // try

    fn try_statement(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, parser.invalid_try());
        }
        let body = |parser: &mut Self| {
            parser.keyword("try")?;
            parser.forced(":")?;
            parser.block()
        };
        alternative!(parser, {
            body(parser)?;
            parser.finally_block()
        });
        let tail = |parser: &mut Self| {
            parser.maybe(Parser::else_block)?;
            parser.maybe(Parser::finally_block)?;
            Some(())
        };
        alternative!(parser, {
            body(parser)?;
            parser.some(Parser::except_block)?;
            tail(parser)
        });
        body(parser)?;
        parser.some(Parser::except_star_block)?;
        tail(parser)
    }

    fn invalid_try(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            let word = parser.keyword("try")?;
            parser.operator(":")?;
            parser.missing_block("'try' statement", word.start)
        });
        alternative!(parser, {
            parser.keyword("try")?;
            parser.operator(":")?;
            parser.block()?;
            parser.not(|parser| {
                if parser.keyword("except").is_some() {
                    return Some(());
                }
                parser.keyword("finally").map(|_| ())
            })?;
            parser.fail_at_last("expected 'except' or 'finally' block")
        });
        const MIXED: &str = "cannot have both 'except' and 'except*' on the same 'try'";
        parser.keyword("try")?;
        parser.operator(":")?;
        parser.block()?;
        alternative!(parser, {
            parser.some(Parser::except_block)?;
            let word = parser.keyword("except")?;
            let star = parser.operator("*")?;
            parser.expression()?;
            parser.fail(MIXED, range(word.start, star.end))
        });
        parser.some(Parser::except_star_block)?;
        let word = parser.keyword("except")?;
        parser.not(|parser| parser.operator("*"))?;
        let colon = parser.attempt(|parser| {
            parser.maybe(|parser| {
                parser.expression()?;
                parser.maybe(|parser| {
                    parser.keyword("as")?;
                    parser.name()
                })
            })?;
            parser.operator(":")
        });
        colon?;
        parser.fail(MIXED, word.range())
    }

    fn except_block(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                let word = parser.keyword("except")?;
                parser.expression()?;
                parser.maybe(|parser| {
                    parser.keyword("as")?;
                    parser.name()
                })?;
                parser.operator(":")?;
                parser.missing_block("'except' statement", word.start)
            });
            alternative!(parser, {
                let word = parser.keyword("except")?;
                parser.operator(":")?;
                parser.missing_block("'except' statement", word.start)
            });
        }
        alternative!(parser, {
            parser.keyword("except")?;
            parser.expression()?;
            parser.keyword("as")?;
            parser.name()?;
            parser.operator(":")?;
            parser.block()
        });
        alternative!(parser, {
            parser.keyword("except")?;
            parser.expressions()?;
            parser.operator(":")?;
            parser.block()
        });
        alternative!(parser, {
            parser.keyword("except")?;
            parser.operator(":")?;
            parser.block()
        });
        if parser.invalid_rules {
            parser.invalid_except(false)
        } else {
            None
        }
    }

    fn except_star_block(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                let word = parser.keyword("except")?;
                parser.operator("*")?;
                parser.expression()?;
                parser.maybe(|parser| {
                    parser.keyword("as")?;
                    parser.name()
                })?;
                parser.operator(":")?;
                parser.missing_block("'except*' statement", word.start)
            });
        }
        alternative!(parser, {
            parser.keyword("except")?;
            parser.operator("*")?;
            parser.expression()?;
            parser.keyword("as")?;
            parser.name()?;
            parser.operator(":")?;
            parser.block()
        });
        alternative!(parser, {
            parser.keyword("except")?;
            parser.operator("*")?;
            parser.expressions()?;
            parser.operator(":")?;
            parser.block()
        });
        if parser.invalid_rules {
            parser.invalid_except(true)
        } else {
            None
        }
    }

    fn invalid_except(&mut self, starred: bool) -> Match<()> {
        let parser = self;
        let head = |parser: &mut Self| {
            parser.keyword("except")?;
            if starred {
                parser.operator("*").map(|_| ())
            } else {
                Some(())
            }
        };
        alternative!(parser, {
            head(parser)?;
            let first = parser.expression()?;
            parser.operator(",")?;
            parser.expressions()?;
            parser.keyword("as")?;
            parser.name()?;
            parser.operator(":")?;
            let start = parser.nodes[first as usize].start;
            parser.fail_from(
                "multiple exception types must be parenthesized when using 'as'",
                start,
            )
        });
        alternative!(parser, {
            head(parser)?;
            parser.expression()?;
            parser.maybe(|parser| {
                parser.keyword("as")?;
                parser.name()
            })?;
            parser.kind(Kind::Newline)?;
            parser.fail_at_last(EXPECTED_COLON)
        });
        alternative!(parser, {
            head(parser)?;
            if !starred {
                parser.kind(Kind::Newline)?;
                return parser.fail_at_last(EXPECTED_COLON);
            }
            if parser.kind(Kind::Newline).is_none() {
                parser.operator(":")?;
            }
            parser.fail_at_last("expected one or more exception types")
        });
        head(parser)?;
        parser.expression()?;
        parser.keyword("as")?;
        let target = parser.expression()?;
        parser.operator(":")?;
        parser.block()?;
        let kind = parser.node_kind(target).describe();
        let range = parser.range(target);
        let star = if starred { "*" } else { "" };
        parser.fail(
            format!("cannot use except{star} statement with {kind}"),
            range,
        )
    }

    fn finally_block(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                let word = parser.keyword("finally")?;
                parser.operator(":")?;
                parser.missing_block("'finally' statement", word.start)
            });
        }
        parser.keyword("finally")?;
        parser.forced(":")?;
        parser.block()
    }

    // Definitions.

    fn class(&mut self) -> Match<()> {
        let parser = self;
        let head = |parser: &mut Self| {
            let word = parser.keyword("class")?;
            parser.name()?;
            parser.maybe(Parser::type_parameters)?;
            parser.maybe(|parser| {
                parser.operator("(")?;
                parser.maybe(Parser::arguments)?;
                parser.operator(")")
            })?;
            Some(word.start)
        };
        if parser.invalid_rules {
            alternative!(parser, {
                head(parser)?;
                parser.kind(Kind::Newline)?;
                parser.fail_at_last(EXPECTED_COLON)
            });
            alternative!(parser, {
                let start = head(parser)?;
                parser.operator(":")?;
                parser.missing_block("class definition", start)
            });
        }
        head(parser)?;
        parser.operator(":")?;
        parser.block()
    }

    fn function(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                parser.maybe(|parser| parser.keyword("async"))?;
                let word = parser.keyword("def")?;
                parser.name()?;
                parser.maybe(Parser::type_parameters)?;
                parser.operator("(")?;
                parser.maybe(Parser::function_parameters)?;
                parser.operator(")")?;
                parser.maybe(|parser| {
                    parser.operator("->")?;
                    parser.expression()
                })?;
                parser.operator(":")?;
                parser.missing_block("function definition", word.start)
            });
        }
        parser.maybe(|parser| parser.keyword("async"))?;
        parser.keyword("def")?;
        parser.name()?;
        parser.maybe(Parser::type_parameters)?;
        parser.forced("(")?;
        parser.maybe(Parser::function_parameters)?;
        parser.operator(")")?;
        parser.maybe(|parser| {
            parser.operator("->")?;
            parser.expression()
        })?;
        parser.forced(":")?;
        parser.block()
    }
}
