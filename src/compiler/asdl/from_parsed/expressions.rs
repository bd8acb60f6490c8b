//! Expressions.

use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension, Expr, ExprContext, ExprNumberLiteral, Keyword, Number, Operator,
    UnaryOp,
};
use ruff_text_size::Ranged;

use super::{Passage, name, optional_name};
use crate::asdl::node::{Node, Part};
use crate::asdl::table::Class;
use crate::constant::Constant;
use crate::error::{Compiled, ErrorKind, Failure};
use crate::literal;

impl Passage<'_> {
    pub(super) fn part(&mut self, expression: &Expr) -> Compiled<Part> {
        self.expression(expression).map(Part::Node)
    }

    pub(super) fn optional(&mut self, expression: Option<&Expr>) -> Compiled<Part> {
        expression.map_or(Ok(Part::Absent), |expression| self.part(expression))
    }

    pub(super) fn expressions(&mut self, expressions: &[Expr]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(expressions.len());
        for expression in expressions {
            nodes.push(self.part(expression)?);
        }
        Ok(Part::List(nodes))
    }

    pub(super) fn keywords(&mut self, keywords: &[Keyword]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(keywords.len());
        for keyword in keywords {
            let fields = vec![
                optional_name(keyword.arg.as_ref()),
                self.part(&keyword.value)?,
            ];
            nodes.push(self.node(Class::Keyword, keyword.range, fields));
        }
        Ok(nodes.into())
    }

    fn comprehensions(&mut self, clauses: &[Comprehension]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(clauses.len());
        for clause in clauses {
            let fields = vec![
                self.part(&clause.target)?,
                self.part(&clause.iter)?,
                self.expressions(&clause.ifs)?,
                Part::Int(i64::from(clause.is_async)),
            ];
            nodes.push(Node::new(Class::Comprehension, fields));
        }
        Ok(nodes.into())
    }

    pub(super) fn expression(&mut self, expression: &Expr) -> Compiled<Node> {
        self.nested(|this| this.expression_inside(expression))
    }

    fn expression_inside(&mut self, expression: &Expr) -> Compiled<Node> {
        let range = expression.range();
        let (class, fields) = match expression {
            Expr::BoolOp(node) => {
                let operator = match node.op {
                    BoolOp::And => Class::And,
                    BoolOp::Or => Class::Or,
                };
                let fields = vec![operator.into(), self.expressions(&node.values)?];
                (Class::BoolOp, fields)
            }
            Expr::Named(node) => (
                Class::NamedExpr,
                vec![self.part(&node.target)?, self.part(&node.value)?],
            ),
            Expr::BinOp(node) => (
                Class::BinOp,
                vec![
                    self.part(&node.left)?,
                    operator(node.op).into(),
                    self.part(&node.right)?,
                ],
            ),
            Expr::UnaryOp(node) => {
                let operator = match node.op {
                    UnaryOp::Invert => Class::Invert,
                    UnaryOp::Not => Class::Not,
                    UnaryOp::UAdd => Class::UAdd,
                    UnaryOp::USub => Class::USub,
                };
                (
                    Class::UnaryOp,
                    vec![operator.into(), self.part(&node.operand)?],
                )
            }
            Expr::Lambda(node) => (
                Class::Lambda,
                vec![
                    self.parameters(node.parameters.as_deref())?,
                    self.part(&node.body)?,
                ],
            ),
            Expr::If(node) => (
                Class::IfExp,
                vec![
                    self.part(&node.test)?,
                    self.part(&node.body)?,
                    self.part(&node.orelse)?,
                ],
            ),
            Expr::Dict(node) => {
                let mut keys = Vec::with_capacity(node.items.len());
                let mut values = Vec::with_capacity(node.items.len());
                for item in &node.items {
                    keys.push(self.optional(item.key.as_ref())?);
                    values.push(self.part(&item.value)?);
                }
                (Class::Dict, vec![Part::List(keys), Part::List(values)])
            }
            Expr::Set(node) => (Class::Set, vec![self.expressions(&node.elts)?]),
            Expr::ListComp(node) => (
                Class::ListComp,
                vec![
                    self.part(&node.elt)?,
                    self.comprehensions(&node.generators)?,
                ],
            ),
            Expr::SetComp(node) => (
                Class::SetComp,
                vec![
                    self.part(&node.elt)?,
                    self.comprehensions(&node.generators)?,
                ],
            ),
            Expr::DictComp(node) => (
                Class::DictComp,
                vec![
                    self.optional(node.key.as_deref())?,
                    self.part(&node.value)?,
                    self.comprehensions(&node.generators)?,
                ],
            ),
            Expr::Generator(node) => (
                Class::GeneratorExp,
                vec![
                    self.part(&node.elt)?,
                    self.comprehensions(&node.generators)?,
                ],
            ),
            Expr::Await(node) => (Class::Await, vec![self.part(&node.value)?]),
            Expr::Yield(node) => (Class::Yield, vec![self.optional(node.value.as_deref())?]),
            Expr::YieldFrom(node) => (Class::YieldFrom, vec![self.part(&node.value)?]),
            Expr::Compare(node) => {
                let operators = node.ops.iter().map(|&op| comparison(op).into()).collect();
                let fields = vec![
                    self.part(&node.left)?,
                    Part::List(operators),
                    self.expressions(&node.comparators)?,
                ];
                (Class::Compare, fields)
            }
            Expr::Call(node) => {
                let callee = self.part(&node.func)?;
                let mut arguments = Vec::with_capacity(node.arguments.args.len());
                for argument in &node.arguments.args {
                    let mut argument_node = self.expression(argument)?;
                    if matches!(argument, Expr::Generator(inner) if !inner.parenthesized) {
                        // The parentheses of the call are the generator's too.
                        let range = node.arguments.range;
                        argument_node.location = Some(self.lines.location(range, &mut self.line));
                    }
                    arguments.push(Part::Node(argument_node));
                }
                let keywords = self.keywords(&node.arguments.keywords)?;
                (Class::Call, vec![callee, Part::List(arguments), keywords])
            }
            Expr::FString(node) => return self.f_string(node),
            Expr::TString(node) => return self.t_string(node),
            Expr::StringLiteral(node) => {
                let kind = match node.value.iter().next() {
                    Some(first) if first.flags.prefix().is_unicode() => Constant::from("u").into(),
                    _ => Part::Absent,
                };
                let value = literal::whole_string(self.source, node);
                (Class::Constant, vec![value.into(), kind])
            }
            Expr::BytesLiteral(node) => {
                let bytes: Vec<u8> = node.value.bytes().collect();
                let value = Constant::Bytes(bytes.into());
                (Class::Constant, vec![value.into(), Part::Absent])
            }
            Expr::NumberLiteral(node) => (
                Class::Constant,
                vec![self.number(node)?.into(), Part::Absent],
            ),
            Expr::BooleanLiteral(node) => (
                Class::Constant,
                vec![Constant::from(node.value).into(), Part::Absent],
            ),
            Expr::EllipsisLiteral(_) => (
                Class::Constant,
                vec![Constant::Ellipsis.into(), Part::Absent],
            ),
            // Escape commands belong to notebooks, and are not read.
            Expr::NoneLiteral(_) | Expr::IpyEscapeCommand(_) => {
                (Class::Constant, vec![Constant::None.into(), Part::Absent])
            }
            Expr::Attribute(node) => (
                Class::Attribute,
                vec![self.part(&node.value)?, name(&node.attr), context(node.ctx)],
            ),
            Expr::Subscript(node) => (
                Class::Subscript,
                vec![
                    self.part(&node.value)?,
                    self.part(&node.slice)?,
                    context(node.ctx),
                ],
            ),
            Expr::Starred(node) => (
                Class::Starred,
                vec![self.part(&node.value)?, context(node.ctx)],
            ),
            // Written in letters that only normalization makes those of a constant.
            Expr::Name(node) if matches!(node.id.as_str(), "None" | "True" | "False") => {
                let message = format!("identifier field can't represent '{}' constant", node.id);
                return Err(Failure::new(ErrorKind::Value, message, node.range));
            }
            Expr::Name(node) => (
                Class::Name,
                vec![node.id.as_str().into(), context(node.ctx)],
            ),
            Expr::List(node) => (
                Class::List,
                vec![self.expressions(&node.elts)?, context(node.ctx)],
            ),
            Expr::Tuple(node) => (
                Class::Tuple,
                vec![self.expressions(&node.elts)?, context(node.ctx)],
            ),
            Expr::Slice(node) => (
                Class::Slice,
                vec![
                    self.optional(node.lower.as_deref())?,
                    self.optional(node.upper.as_deref())?,
                    self.optional(node.step.as_deref())?,
                ],
            ),
        };
        Ok(self.node(class, range, fields))
    }

    fn number(&self, node: &ExprNumberLiteral) -> Compiled<Constant> {
        Ok(match &node.value {
            Number::Float(value) => Constant::Float(*value),
            Number::Complex { real, imag } => Constant::Complex(*real, *imag),
            Number::Int(value) => match value.as_i64() {
                Some(value) => Constant::Int(value),
                None => literal::big_integer(
                    &self.source[node.range],
                    node.range,
                    self.maximum_int_digits,
                )?,
            },
        })
    }
}

fn context(context: ExprContext) -> Part {
    match context {
        ExprContext::Load | ExprContext::Invalid => Class::Load,
        ExprContext::Store => Class::Store,
        ExprContext::Del => Class::Del,
    }
    .into()
}

pub(super) fn operator(operator: Operator) -> Class {
    match operator {
        Operator::Add => Class::Add,
        Operator::Sub => Class::Sub,
        Operator::Mult => Class::Mult,
        Operator::MatMult => Class::MatMult,
        Operator::Div => Class::Div,
        Operator::Mod => Class::Mod,
        Operator::Pow => Class::Pow,
        Operator::LShift => Class::LShift,
        Operator::RShift => Class::RShift,
        Operator::BitOr => Class::BitOr,
        Operator::BitXor => Class::BitXor,
        Operator::BitAnd => Class::BitAnd,
        Operator::FloorDiv => Class::FloorDiv,
    }
}

fn comparison(operator: CmpOp) -> Class {
    match operator {
        CmpOp::Eq => Class::Eq,
        CmpOp::NotEq => Class::NotEq,
        CmpOp::Lt => Class::Lt,
        CmpOp::LtE => Class::LtE,
        CmpOp::Gt => Class::Gt,
        CmpOp::GtE => Class::GtE,
        CmpOp::Is => Class::Is,
        CmpOp::IsNot => Class::IsNot,
        CmpOp::In => Class::In,
        CmpOp::NotIn => Class::NotIn,
    }
}
