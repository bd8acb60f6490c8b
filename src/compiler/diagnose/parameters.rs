//! Rules for parameters of functions and lambdas, type parameters, and wrong ones.

use super::parser::{Match, NodeId, Parser, Rule, alternative, range};
use super::tokenizer::Token;

/// The two kinds of parameter lists: they end differently, and lambdas have no annotations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Function,
    Lambda,
}

impl List {
    fn end(self) -> &'static str {
        match self {
            List::Function => ")",
            List::Lambda => ":",
        }
    }
}

impl<'a> Parser<'a> {
    pub fn function_parameters(&mut self) -> Match<()> {
        let parser = self;
        parser.parameter_list(List::Function)
    }

    pub fn lambda_parameters(&mut self) -> Match {
        let parser = self;
        parser.memoized(Rule::LambdaParameters, |parser| {
            parser.parameter_list(List::Lambda)?;
            Some(0)
        })
    }

    fn parameter_list(&mut self, list: List) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, parser.invalid_parameters(list));
        }
        let rest = |parser: &mut Self| parser.maybe(|parser| parser.star_etc(list)).map(|_| ());
        alternative!(parser, {
            parser.slash_without_default(list)?;
            parser.many(|parser| parser.without_default(list))?;
            parser.many(|parser| parser.with_default(list))?;
            rest(parser)
        });
        alternative!(parser, {
            parser.slash_with_default(list)?;
            parser.many(|parser| parser.with_default(list))?;
            rest(parser)
        });
        alternative!(parser, {
            parser.some(|parser| parser.without_default(list))?;
            parser.many(|parser| parser.with_default(list))?;
            rest(parser)
        });
        alternative!(parser, {
            parser.some(|parser| parser.with_default(list))?;
            rest(parser)
        });
        parser.star_etc(list)
    }

    fn after_parameter(&mut self, list: List) -> Match<()> {
        let parser = self;
        if parser.operator(",").is_some() {
            return Some(());
        }
        parser.follows(|parser| parser.operator(list.end()))
    }

    fn parameter(&mut self, list: List) -> Match<Token<'a>> {
        let parser = self;
        let name = parser.name()?;
        if list == List::Function {
            parser.maybe(|parser| {
                parser.operator(":")?;
                parser.expression()
            })?;
        }
        Some(name)
    }

    fn default(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.operator("=")?;
            parser.expression()?;
            Some(())
        });
        if !parser.invalid_rules {
            return None;
        }
        let equals = parser.operator("=")?;
        parser.follows(|parser| parser.one_of(&[")", ","]))?;
        parser.fail("expected default value expression", equals.range())
    }

    fn without_default(&mut self, list: List) -> Match<(usize, usize)> {
        let parser = self;
        let name = parser.parameter(list)?;
        let end = parser.last_end();
        parser.after_parameter(list)?;
        Some((name.start, end))
    }

    fn with_default(&mut self, list: List) -> Match<()> {
        let parser = self;
        parser.parameter(list)?;
        parser.default()?;
        parser.after_parameter(list)
    }

    fn maybe_default(&mut self, list: List) -> Match<()> {
        let parser = self;
        parser.parameter(list)?;
        parser.maybe(Parser::default)?;
        parser.after_parameter(list)
    }

    fn slash_without_default(&mut self, list: List) -> Match<()> {
        let parser = self;
        parser.some(|parser| parser.without_default(list))?;
        parser.operator("/")?;
        parser.after_parameter(list)
    }

    fn slash_with_default(&mut self, list: List) -> Match<()> {
        let parser = self;
        parser.many(|parser| parser.without_default(list))?;
        parser.some(|parser| parser.with_default(list))?;
        parser.operator("/")?;
        parser.after_parameter(list)
    }

    fn any_slash(&mut self, list: List) -> Match<()> {
        let parser = self;
        alternative!(parser, parser.slash_without_default(list));
        parser.slash_with_default(list)
    }

    fn star_etc(&mut self, list: List) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, parser.invalid_star_etc(list));
        }
        alternative!(parser, {
            parser.operator("*")?;
            parser.without_default(list)?;
            parser.after_star(list)
        });
        if list == List::Function {
            alternative!(parser, {
                parser.operator("*")?;
                parser.name()?;
                parser.operator(":")?;
                parser.star_expression()?;
                parser.after_parameter(list)?;
                parser.after_star(list)
            });
        }
        alternative!(parser, {
            parser.operator("*")?;
            parser.operator(",")?;
            parser.some(|parser| parser.maybe_default(list))?;
            parser.maybe(|parser| parser.double_star(list))?;
            Some(())
        });
        parser.double_star(list)
    }

    fn after_star(&mut self, list: List) -> Match<()> {
        let parser = self;
        parser.many(|parser| parser.maybe_default(list))?;
        parser.maybe(|parser| parser.double_star(list))?;
        Some(())
    }

    fn double_star(&mut self, list: List) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                parser.operator("**")?;
                parser.parameter(list)?;
                let equals = parser.operator("=")?;
                parser.fail(
                    "var-keyword argument cannot have default value",
                    equals.range(),
                )
            });
            const AFTER: &str = "arguments cannot follow var-keyword argument";
            alternative!(parser, {
                parser.operator("**")?;
                parser.parameter(list)?;
                parser.operator(",")?;
                let name = parser.parameter(list)?;
                let end = parser.last_end();
                parser.fail(AFTER, range(name.start, end))
            });
            alternative!(parser, {
                parser.operator("**")?;
                parser.parameter(list)?;
                parser.operator(",")?;
                let token = parser.one_of(&["*", "**", "/"])?;
                parser.fail(AFTER, token.range())
            });
        }
        parser.operator("**")?;
        parser.without_default(list)?;
        Some(())
    }

    fn invalid_star_etc(&mut self, list: List) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            let star = parser.operator("*")?;
            if parser.operator(list.end()).is_none() {
                parser.operator(",")?;
                parser.one_of(&[list.end(), "**"])?;
            }
            parser.fail("named arguments must follow bare *", star.range())
        });
        alternative!(parser, {
            parser.operator("*")?;
            parser.parameter(list)?;
            let equals = parser.operator("=")?;
            parser.fail(
                "var-positional argument cannot have default value",
                equals.range(),
            )
        });
        parser.operator("*")?;
        parser.parameter_or_comma(list)?;
        parser.many(|parser| parser.maybe_default(list))?;
        let star = parser.operator("*")?;
        parser.parameter_or_comma(list)?;
        parser.fail("* argument may appear only once", star.range())
    }

    fn parameter_or_comma(&mut self, list: List) -> Match<()> {
        let parser = self;
        alternative!(parser, parser.without_default(list).map(|_| ()));
        parser.operator(",").map(|_| ())
    }

    fn invalid_parameters(&mut self, list: List) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            let slash = parser.operator("/")?;
            parser.operator(",")?;
            parser.fail("at least one argument must precede /", slash.range())
        });
        alternative!(parser, {
            parser.any_slash(list)?;
            parser.many(|parser| parser.maybe_default(list))?;
            let slash = parser.operator("/")?;
            parser.fail("/ may appear only once", slash.range())
        });
        alternative!(parser, {
            parser.maybe(|parser| parser.slash_without_default(list))?;
            parser.many(|parser| parser.without_default(list))?;
            let slash = parser.attempt(|parser| parser.slash_with_default(list));
            if slash.is_none() {
                parser.some(|parser| parser.with_default(list))?;
            }
            let (start, end) = parser.without_default(list)?;
            parser.fail(
                "parameter without a default follows parameter with a default",
                range(start, end),
            )
        });
        alternative!(parser, {
            parser.many(|parser| parser.without_default(list))?;
            let open = parser.operator("(")?;
            match list {
                List::Function => {
                    parser.some(|parser| parser.without_default(list))?;
                    parser.maybe(|parser| parser.operator(","))?;
                }
                List::Lambda => {
                    parser.separated(",", |parser| parser.parameter(list))?;
                    parser.maybe(|parser| parser.operator(","))?;
                }
            }
            let close = parser.operator(")")?;
            let what = match list {
                List::Function => "Function",
                List::Lambda => "Lambda expression",
            };
            parser.fail(
                format!("{what} parameters cannot be parenthesized"),
                range(open.start, close.end),
            )
        });
        alternative!(parser, {
            parser.maybe(|parser| parser.any_slash(list))?;
            parser.many(|parser| parser.maybe_default(list))?;
            parser.operator("*")?;
            if parser.operator(",").is_none() {
                parser.without_default(list)?;
            }
            parser.many(|parser| parser.maybe_default(list))?;
            let slash = parser.operator("/")?;
            parser.fail("/ must be ahead of *", slash.range())
        });
        parser.some(|parser| parser.maybe_default(list))?;
        parser.operator("/")?;
        let star = parser.operator("*")?;
        parser.fail("expected comma between / and *", star.range())
    }

    pub fn lambda(&mut self) -> Match {
        let parser = self;
        let start = parser.start();
        parser.keyword("lambda")?;
        parser.maybe(Parser::lambda_parameters)?;
        parser.operator(":")?;
        parser.expression()?;
        Some(parser.node(super::parser::NodeKind::Lambda, start, Vec::new()))
    }

    // Type parameters.

    pub fn type_parameters(&mut self) -> Match<()> {
        let parser = self;
        if parser.invalid_rules {
            alternative!(parser, {
                parser.operator("[")?;
                let close = parser.operator("]")?;
                parser.fail_from("Type parameter list cannot be empty", close.start)
            });
        }
        parser.operator("[")?;
        parser.separated(",", Parser::type_parameter)?;
        parser.maybe(|parser| parser.operator(","))?;
        parser.operator("]")?;
        Some(())
    }

    fn type_parameter(&mut self) -> Match<()> {
        let parser = self;
        alternative!(parser, {
            parser.name()?;
            parser.maybe(|parser| {
                parser.operator(":")?;
                parser.expression()
            })?;
            parser.type_default(Parser::expression)
        });
        if parser.invalid_rules {
            for (star, kind) in [("*", "TypeVarTuple"), ("**", "ParamSpec")] {
                alternative!(parser, {
                    parser.operator(star)?;
                    parser.name()?;
                    let colon = parser.operator(":")?;
                    let bound: NodeId = parser.expression()?;
                    let what = if parser.node_kind(bound) == super::parser::NodeKind::Tuple {
                        "constraints"
                    } else {
                        "bound"
                    };
                    parser.fail(format!("cannot use {what} with {kind}"), colon.range())
                });
            }
        }
        alternative!(parser, {
            parser.operator("*")?;
            parser.name()?;
            parser.type_default(Parser::star_expression)
        });
        parser.operator("**")?;
        parser.name()?;
        parser.type_default(Parser::expression)
    }

    fn type_default(&mut self, value: fn(&mut Self) -> Match) -> Match<()> {
        let parser = self;
        parser.maybe(|parser| {
            parser.operator("=")?;
            value(parser)
        })?;
        Some(())
    }
}
