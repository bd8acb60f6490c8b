//! Annotations as text, for `from __future__ import annotations`.
//!
//! The text is that of CPython: canonical spaces and quotes, parentheses only where they matter.

use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension, ConversionFlag, Expr, FStringPart, InterpolatedStringElement,
    Keyword, Number, Operator, Parameters, UnaryOp,
};

use super::Generator;
use crate::constant::{Constant, StrConstant};
use crate::literal;
use crate::python_repr;
use crate::recursion::grow;

/// How tightly an operator binds; an operand that binds less tightly is parenthesized.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Tuple,
    Test,
    Or,
    And,
    Not,
    Compare,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Arithmetic,
    Term,
    Factor,
    Power,
    Await,
    Atom,
}

impl Level {
    fn tighter(self) -> Level {
        use Level as L;
        match self {
            L::Tuple => L::Test,
            L::Test => L::Or,
            L::Or => L::And,
            L::And => L::Not,
            L::Not => L::Compare,
            L::Compare => L::BitOr,
            L::BitOr => L::BitXor,
            L::BitXor => L::BitAnd,
            L::BitAnd => L::Shift,
            L::Shift => L::Arithmetic,
            L::Arithmetic => L::Term,
            L::Term => L::Factor,
            L::Factor => L::Power,
            L::Power => L::Await,
            L::Await | L::Atom => L::Atom,
        }
    }
}

impl<'a> Generator<'a, '_> {
    /// The text of an annotation.
    pub fn annotation_text(&self, annotation: &Expr) -> Constant {
        let mut unparser = Unparser {
            source: self.source,
            constants: self.constants,
            out: String::new(),
        };
        unparser.expression(annotation, Level::Test);
        Constant::from(unparser.out.as_str())
    }
}

struct Unparser<'s> {
    source: &'s str,
    /// As the generator has them.
    constants: &'s [Constant],
    out: String,
}

impl Unparser<'_> {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn parenthesized(&mut self, condition: bool, write: impl FnOnce(&mut Self)) {
        if condition {
            self.text("(");
        }
        write(self);
        if condition {
            self.text(")");
        }
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text(", ");
            }
            write(self, item);
        }
    }

    fn tests(&mut self, items: &[Expr]) {
        self.list(items, |unparser, item| {
            unparser.expression(item, Level::Test)
        });
    }

    fn expression(&mut self, expression: &Expr, level: Level) {
        grow(|| self.expression_inside(expression, level));
    }

    fn expression_inside(&mut self, expression: &Expr, level: Level) {
        match expression {
            Expr::BoolOp(node) => {
                let (own, word) = match node.op {
                    BoolOp::And => (Level::And, " and "),
                    BoolOp::Or => (Level::Or, " or "),
                };
                self.parenthesized(level > own, |unparser| {
                    for (index, value) in node.values.iter().enumerate() {
                        if index > 0 {
                            unparser.text(word);
                        }
                        unparser.expression(value, own.tighter());
                    }
                });
            }
            Expr::Named(node) => self.parenthesized(level > Level::Tuple, |unparser| {
                unparser.expression(&node.target, Level::Atom);
                unparser.text(" := ");
                unparser.expression(&node.value, Level::Atom);
            }),
            Expr::BinOp(node) => {
                let (own, symbol) = operator(node.op);
                let (left, right) = if node.op == Operator::Pow {
                    (own.tighter(), own)
                } else {
                    (own, own.tighter())
                };
                self.parenthesized(level > own, |unparser| {
                    unparser.expression(&node.left, left);
                    unparser.text(symbol);
                    unparser.expression(&node.right, right);
                });
            }
            Expr::UnaryOp(node) => {
                let (own, symbol) = match node.op {
                    UnaryOp::Invert => (Level::Factor, "~"),
                    UnaryOp::Not => (Level::Not, "not "),
                    UnaryOp::UAdd => (Level::Factor, "+"),
                    UnaryOp::USub => (Level::Factor, "-"),
                };
                self.parenthesized(level > own, |unparser| {
                    unparser.text(symbol);
                    unparser.expression(&node.operand, own);
                });
            }
            Expr::Lambda(node) => self.parenthesized(level > Level::Test, |unparser| {
                unparser.text("lambda");
                if let Some(parameters) = node.parameters.as_deref().filter(|p| !p.is_empty()) {
                    unparser.text(" ");
                    unparser.parameters(parameters);
                }
                unparser.text(": ");
                unparser.expression(&node.body, Level::Test);
            }),
            Expr::If(node) => self.parenthesized(level > Level::Test, |unparser| {
                unparser.expression(&node.body, Level::Or);
                unparser.text(" if ");
                unparser.expression(&node.test, Level::Or);
                unparser.text(" else ");
                unparser.expression(&node.orelse, Level::Test);
            }),
            Expr::Dict(node) => {
                self.text("{");
                self.list(&node.items, |unparser, item| match &item.key {
                    Some(key) => {
                        unparser.expression(key, Level::Test);
                        unparser.text(": ");
                        unparser.expression(&item.value, Level::Test);
                    }
                    None => {
                        unparser.text("**");
                        unparser.expression(&item.value, Level::BitOr);
                    }
                });
                self.text("}");
            }
            Expr::Set(node) => {
                self.text("{");
                self.tests(&node.elts);
                self.text("}");
            }
            Expr::ListComp(node) => self.comprehension("[", &[&node.elt], &node.generators, "]"),
            Expr::SetComp(node) => self.comprehension("{", &[&node.elt], &node.generators, "}"),
            Expr::Generator(node) => self.comprehension("(", &[&node.elt], &node.generators, ")"),
            Expr::DictComp(node) => {
                let parts: Vec<&Expr> = node
                    .key
                    .as_deref()
                    .into_iter()
                    .chain([&*node.value])
                    .collect();
                self.comprehension("{", &parts, &node.generators, "}");
            }
            Expr::Await(node) => self.parenthesized(level > Level::Await, |unparser| {
                unparser.text("await ");
                unparser.expression(&node.value, Level::Atom);
            }),
            Expr::Yield(node) => {
                self.text("(yield");
                if let Some(value) = &node.value {
                    self.text(" ");
                    self.expression(value, Level::Tuple);
                }
                self.text(")");
            }
            Expr::YieldFrom(node) => {
                self.text("(yield from ");
                self.expression(&node.value, Level::Test);
                self.text(")");
            }
            Expr::Compare(node) => self.parenthesized(level > Level::Compare, |unparser| {
                unparser.expression(&node.left, Level::BitOr);
                for (operator, right) in node.ops.iter().zip(&node.comparators) {
                    unparser.text(comparison(*operator));
                    unparser.expression(right, Level::BitOr);
                }
            }),
            Expr::Call(node) => {
                self.expression(&node.func, Level::Atom);
                let arguments = &node.arguments;
                if let ([Expr::Generator(_)], true) =
                    (&*arguments.args, arguments.keywords.is_empty())
                {
                    self.expression(&arguments.args[0], Level::Atom);
                    return;
                }
                self.text("(");
                self.tests(&arguments.args);
                if !arguments.args.is_empty() && !arguments.keywords.is_empty() {
                    self.text(", ");
                }
                self.list(
                    &arguments.keywords,
                    |unparser, Keyword { arg, value, .. }| {
                        match arg {
                            Some(name) => {
                                unparser.text(name);
                                unparser.text("=");
                            }
                            None => unparser.text("**"),
                        }
                        unparser.expression(value, Level::Test);
                    },
                );
                self.text(")");
            }
            Expr::FString(node) => {
                let mut body = String::new();
                for part in &node.value {
                    match part {
                        FStringPart::Literal(text) => body.push_str(&escape_braces(&text.value)),
                        FStringPart::FString(string) => {
                            self.interpolated(&string.elements, false, &mut body);
                        }
                    }
                }
                self.text("f");
                self.text(&python_repr::string(&StrConstant::from(body)));
            }
            Expr::TString(node) => {
                let mut body = String::new();
                for string in &node.value {
                    self.interpolated(&string.elements, true, &mut body);
                }
                self.text("t");
                self.text(&python_repr::string(&StrConstant::from(body)));
            }
            Expr::StringLiteral(node) => {
                let mut parts = node.value.iter();
                let mut value = StrConstant::from("");
                for part in parts.by_ref() {
                    value = literal::concatenate(value, literal::string(self.source, part));
                }
                if node.value.is_unicode() {
                    self.text("u");
                }
                let shown = python_repr::string(&value);
                self.text(&shown);
            }
            Expr::BytesLiteral(node) => {
                let value: Vec<u8> = node.value.bytes().collect();
                self.text(&python_repr::bytes(&value));
            }
            Expr::NumberLiteral(node) => {
                let shown = match &node.value {
                    Number::Int(value) => match value.as_i64() {
                        Some(value) => value.to_string(),
                        None => self
                            .source
                            .get(node.range.to_std_range())
                            .unwrap_or_default()
                            .replace('_', ""),
                    },
                    Number::Float(value) => finite(python_repr::float(*value)),
                    Number::Complex { real, imag } => finite(python_repr::complex(*real, *imag)),
                };
                self.text(&shown);
            }
            Expr::BooleanLiteral(node) => self.text(if node.value { "True" } else { "False" }),
            Expr::NoneLiteral(_) => self.text("None"),
            Expr::EllipsisLiteral(_) => self.text("..."),
            Expr::Attribute(node) => {
                self.expression(&node.value, Level::Atom);
                let after_int = matches!(
                    &*node.value,
                    Expr::NumberLiteral(number) if matches!(number.value, Number::Int(_))
                );
                self.text(if after_int { " ." } else { "." });
                self.text(&node.attr);
            }
            Expr::Subscript(node) => {
                self.expression(&node.value, Level::Atom);
                self.text("[");
                self.expression(&node.slice, Level::Tuple);
                self.text("]");
            }
            Expr::Starred(node) => {
                self.text("*");
                self.expression(&node.value, Level::BitOr);
            }
            Expr::Name(node) => self.text(&node.id),
            Expr::List(node) => {
                self.text("[");
                self.tests(&node.elts);
                self.text("]");
            }
            Expr::Tuple(node) if node.elts.is_empty() => self.text("()"),
            Expr::Tuple(node) => self.parenthesized(level > Level::Tuple, |unparser| {
                unparser.tests(&node.elts);
                if node.elts.len() == 1 {
                    unparser.text(",");
                }
            }),
            Expr::Slice(node) => {
                if let Some(lower) = &node.lower {
                    self.expression(lower, Level::Test);
                }
                self.text(":");
                if let Some(upper) = &node.upper {
                    self.expression(upper, Level::Test);
                }
                if let Some(step) = &node.step {
                    self.text(":");
                    self.expression(step, Level::Test);
                }
            }
            Expr::IpyEscapeCommand(node) => {
                let index = node.node_index.load().as_u32().unwrap_or(u32::MAX);
                if let Some(constant) = self.constants.get(index as usize) {
                    let shown = python_repr::repr(constant);
                    self.text(&shown);
                }
            }
        }
    }

    fn comprehension(
        &mut self,
        open: &str,
        parts: &[&Expr],
        clauses: &[Comprehension],
        close: &str,
    ) {
        self.text(open);
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.text(": ");
            }
            self.expression(part, Level::Test);
        }
        for clause in clauses {
            self.text(if clause.is_async {
                " async for "
            } else {
                " for "
            });
            self.expression(&clause.target, Level::Tuple);
            self.text(" in ");
            self.expression(&clause.iter, Level::Or);
            for condition in &clause.ifs {
                self.text(" if ");
                self.expression(condition, Level::Or);
            }
        }
        self.text(close);
    }

    fn parameters(&mut self, parameters: &Parameters) {
        let mut first = true;
        let mut separate = |unparser: &mut Self| {
            if !std::mem::replace(&mut first, false) {
                unparser.text(", ");
            }
        };
        let with_default =
            |unparser: &mut Self, parameter: &ruff_python_ast::ParameterWithDefault| {
                unparser.text(&parameter.parameter.name);
                if let Some(default) = &parameter.default {
                    unparser.text("=");
                    unparser.expression(default, Level::Test);
                }
            };
        for parameter in &parameters.posonlyargs {
            separate(self);
            with_default(self, parameter);
        }
        if !parameters.posonlyargs.is_empty() {
            separate(self);
            self.text("/");
        }
        for parameter in &parameters.args {
            separate(self);
            with_default(self, parameter);
        }
        if parameters.vararg.is_some() || !parameters.kwonlyargs.is_empty() {
            separate(self);
            self.text("*");
            if let Some(parameter) = &parameters.vararg {
                self.text(&parameter.name);
            }
        }
        for parameter in &parameters.kwonlyargs {
            separate(self);
            with_default(self, parameter);
        }
        if let Some(parameter) = &parameters.kwarg {
            separate(self);
            self.text("**");
            self.text(&parameter.name);
        }
    }

    /// `template`: expressions are as they were written.
    fn interpolated(
        &self,
        elements: &[InterpolatedStringElement],
        template: bool,
        body: &mut String,
    ) {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(text) => {
                    body.push_str(&escape_braces(&text.value));
                }
                InterpolatedStringElement::Interpolation(field) => {
                    let mut inner = Unparser {
                        source: self.source,
                        constants: self.constants,
                        out: String::new(),
                    };
                    if template && !self.source.is_empty() {
                        inner.text(&literal::interpolation_source(self.source, field));
                    } else {
                        inner.expression(&field.expression, Level::Or);
                    }
                    if let Some(debug) = &field.debug_text {
                        body.push_str(&escape_braces(debug.as_str()));
                    }
                    body.push('{');
                    if inner.out.starts_with('{') {
                        body.push(' ');
                    }
                    body.push_str(&inner.out);
                    match field.conversion {
                        ConversionFlag::None => {
                            if field.debug_text.is_some() && field.format_spec.is_none() {
                                body.push_str("!r");
                            }
                        }
                        ConversionFlag::Str => body.push_str("!s"),
                        ConversionFlag::Ascii => body.push_str("!a"),
                        ConversionFlag::Repr => body.push_str("!r"),
                    }
                    if let Some(specification) = &field.format_spec {
                        body.push(':');
                        self.interpolated(&specification.elements, false, body);
                    }
                    body.push('}');
                }
            }
        }
    }
}

fn escape_braces(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// There is no literal for infinity; an overflowing one reads back as it.
fn finite(shown: String) -> String {
    shown.replace("inf", "1e309")
}

fn operator(operator: Operator) -> (Level, &'static str) {
    match operator {
        Operator::Add => (Level::Arithmetic, " + "),
        Operator::Sub => (Level::Arithmetic, " - "),
        Operator::Mult => (Level::Term, " * "),
        Operator::MatMult => (Level::Term, " @ "),
        Operator::Div => (Level::Term, " / "),
        Operator::Mod => (Level::Term, " % "),
        Operator::FloorDiv => (Level::Term, " // "),
        Operator::LShift => (Level::Shift, " << "),
        Operator::RShift => (Level::Shift, " >> "),
        Operator::BitOr => (Level::BitOr, " | "),
        Operator::BitXor => (Level::BitXor, " ^ "),
        Operator::BitAnd => (Level::BitAnd, " & "),
        Operator::Pow => (Level::Power, " ** "),
    }
}

fn comparison(operator: CmpOp) -> &'static str {
    match operator {
        CmpOp::Eq => " == ",
        CmpOp::NotEq => " != ",
        CmpOp::Lt => " < ",
        CmpOp::LtE => " <= ",
        CmpOp::Gt => " > ",
        CmpOp::GtE => " >= ",
        CmpOp::Is => " is ",
        CmpOp::IsNot => " is not ",
        CmpOp::In => " in ",
        CmpOp::NotIn => " not in ",
    }
}
