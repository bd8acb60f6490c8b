//! Expressions.

use ruff_python_ast::str_prefix::StringLiteralPrefix;
use ruff_python_ast::{
    Arguments, AtomicNodeIndex, BoolOp, BytesLiteral, BytesLiteralFlags, BytesLiteralValue, CmpOp,
    Comprehension, DictItem, Expr, ExprAttribute, ExprAwait, ExprBinOp, ExprBoolOp,
    ExprBooleanLiteral, ExprBytesLiteral, ExprCall, ExprCompare, ExprContext, ExprDict,
    ExprDictComp, ExprEllipsisLiteral, ExprGenerator, ExprIf, ExprIpyEscapeCommand, ExprLambda,
    ExprList, ExprListComp, ExprName, ExprNamed, ExprNoneLiteral, ExprNumberLiteral, ExprSet,
    ExprSetComp, ExprSlice, ExprStarred, ExprStringLiteral, ExprSubscript, ExprTuple, ExprUnaryOp,
    ExprYield, ExprYieldFrom, IpyEscapeKind, Keyword, Number, Operator, StringLiteral,
    StringLiteralFlags, StringLiteralValue, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

use super::{Fields, Passage};
use crate::asdl::node::{Node, Part};
use crate::asdl::table::Class;
use crate::constant::{Constant, StrConstant};
use crate::error::Compiled;

impl Passage<'_> {
    pub(super) fn required(&mut self, fields: &mut Fields) -> Compiled<Box<Expr>> {
        self.expression(fields.node()).map(Box::new)
    }

    pub(super) fn optional(&mut self, fields: &mut Fields) -> Compiled<Option<Box<Expr>>> {
        match fields.optional_node() {
            Some(node) => self.expression(node).map(Box::new).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn expressions(&mut self, fields: &mut Fields) -> Compiled<Vec<Expr>> {
        let nodes = fields.nodes().into_iter();
        nodes.map(|node| self.expression(node)).collect()
    }

    pub(super) fn keywords(&mut self, fields: &mut Fields) -> Compiled<Vec<Keyword>> {
        let mut keywords = Vec::new();
        for mut node in fields.nodes() {
            let range = self.range(&node);
            let fields = &mut Fields::of(&mut node);
            keywords.push(Keyword {
                range,
                node_index: AtomicNodeIndex::NONE,
                arg: fields.optional_name(range),
                value: self.expression(fields.node())?,
            });
        }
        Ok(keywords)
    }

    fn comprehensions(&mut self, fields: &mut Fields) -> Compiled<Vec<Comprehension>> {
        let mut clauses = Vec::new();
        for mut node in fields.nodes() {
            let fields = &mut Fields::of(&mut node);
            let target = self.expression(fields.node())?;
            clauses.push(Comprehension {
                range: target.range(),
                node_index: AtomicNodeIndex::NONE,
                target,
                iter: self.expression(fields.node())?,
                ifs: self.expressions(fields)?,
                is_async: fields.int() != 0,
            });
        }
        Ok(clauses)
    }

    pub(super) fn expression(&mut self, node: Node) -> Compiled<Expr> {
        self.nested(|this| this.expression_inside(node))
    }

    fn expression_inside(&mut self, mut node: Node) -> Compiled<Expr> {
        let range = self.range(&node);
        let class = node.class;
        let mut fields = Fields::of(&mut node);
        let fields = &mut fields;
        let node_index = AtomicNodeIndex::NONE;
        Ok(match class {
            Class::BoolOp => Expr::BoolOp(ExprBoolOp {
                node_index,
                range,
                op: match fields.node().class {
                    Class::And => BoolOp::And,
                    _ => BoolOp::Or,
                },
                values: self.expressions(fields)?,
            }),
            Class::NamedExpr => Expr::Named(ExprNamed {
                node_index,
                range,
                target: self.required(fields)?,
                value: self.required(fields)?,
            }),
            Class::BinOp => Expr::BinOp(ExprBinOp {
                node_index,
                range,
                left: self.required(fields)?,
                op: operator(fields.node().class),
                right: self.required(fields)?,
            }),
            Class::UnaryOp => Expr::UnaryOp(ExprUnaryOp {
                node_index,
                range,
                op: match fields.node().class {
                    Class::Invert => UnaryOp::Invert,
                    Class::Not => UnaryOp::Not,
                    Class::UAdd => UnaryOp::UAdd,
                    _ => UnaryOp::USub,
                },
                operand: self.required(fields)?,
            }),
            Class::Lambda => Expr::Lambda(ExprLambda {
                node_index,
                range,
                parameters: Some(Box::new(self.parameters(fields.node())?)),
                body: self.required(fields)?,
            }),
            Class::IfExp => Expr::If(ExprIf {
                node_index,
                range,
                test: self.required(fields)?,
                body: self.required(fields)?,
                orelse: self.required(fields)?,
            }),
            Class::Dict => {
                let keys = fields.list();
                let mut items = Vec::with_capacity(keys.len());
                for (key, value) in keys.into_iter().zip(fields.nodes()) {
                    let key = match key {
                        Part::Node(key) => Some(self.expression(key)?),
                        _ => None,
                    };
                    let value = self.expression(value)?;
                    items.push(DictItem { key, value });
                }
                Expr::Dict(ExprDict {
                    node_index,
                    range,
                    items,
                })
            }
            Class::Set => Expr::Set(ExprSet {
                node_index,
                range,
                elts: self.expressions(fields)?,
            }),
            Class::ListComp => Expr::ListComp(ExprListComp {
                node_index,
                range,
                elt: self.required(fields)?,
                generators: self.comprehensions(fields)?,
            }),
            Class::SetComp => Expr::SetComp(ExprSetComp {
                node_index,
                range,
                elt: self.required(fields)?,
                generators: self.comprehensions(fields)?,
            }),
            Class::DictComp => Expr::DictComp(ExprDictComp {
                node_index,
                range,
                key: self.optional(fields)?,
                value: self.required(fields)?,
                generators: self.comprehensions(fields)?,
            }),
            Class::GeneratorExp => Expr::Generator(ExprGenerator {
                node_index,
                range,
                elt: self.required(fields)?,
                generators: self.comprehensions(fields)?,
                parenthesized: true,
            }),
            Class::Await => Expr::Await(ExprAwait {
                node_index,
                range,
                value: self.required(fields)?,
            }),
            Class::Yield => Expr::Yield(ExprYield {
                node_index,
                range,
                value: self.optional(fields)?,
            }),
            Class::YieldFrom => Expr::YieldFrom(ExprYieldFrom {
                node_index,
                range,
                value: self.required(fields)?,
            }),
            Class::Compare => {
                let left = self.required(fields)?;
                let operators = fields.nodes();
                let ops = operators
                    .iter()
                    .map(|node| comparison(node.class))
                    .collect();
                Expr::Compare(ExprCompare {
                    node_index,
                    range,
                    left,
                    ops,
                    comparators: self.expressions(fields)?.into(),
                })
            }
            Class::Call => {
                let func = self.required(fields)?;
                let args = self.expressions(fields)?;
                Expr::Call(ExprCall {
                    node_index,
                    range_start: range.start(),
                    func,
                    arguments: Arguments {
                        range,
                        node_index: AtomicNodeIndex::NONE,
                        args: args.into(),
                        keywords: self.keywords(fields)?.into(),
                    },
                })
            }
            Class::FormattedValue | Class::Interpolation => {
                return self.field_alone(class, range, fields);
            }
            Class::JoinedStr => return self.f_string(range, fields),
            Class::TemplateStr => return self.t_string(range, fields),
            Class::Constant => {
                let value = fields.part();
                let unicode = !matches!(fields.part(), Part::Absent);
                match value {
                    Part::Constant(constant) => self.constant(constant, unicode, range),
                    _ => self.constant(Constant::None, false, range),
                }
            }
            Class::Attribute => Expr::Attribute(ExprAttribute {
                node_index,
                range,
                value: self.required(fields)?,
                attr: fields.name(range),
                ctx: context(fields),
            }),
            Class::Subscript => Expr::Subscript(ExprSubscript {
                node_index,
                range,
                value: self.required(fields)?,
                slice: self.required(fields)?,
                ctx: context(fields),
            }),
            Class::Starred => Expr::Starred(ExprStarred {
                node_index,
                range,
                value: self.required(fields)?,
                ctx: context(fields),
            }),
            Class::Name => Expr::Name(ExprName {
                node_index,
                range,
                id: fields.name(range).id,
                ctx: context(fields),
            }),
            Class::List => Expr::List(ExprList {
                node_index,
                range,
                elts: self.expressions(fields)?,
                ctx: context(fields),
            }),
            Class::Tuple => Expr::Tuple(ExprTuple {
                node_index,
                range,
                elts: self.expressions(fields)?,
                ctx: context(fields),
                parenthesized: true,
            }),
            _ => Expr::Slice(ExprSlice {
                node_index,
                range,
                lower: self.optional(fields)?,
                upper: self.optional(fields)?,
                step: self.optional(fields)?,
            }),
        })
    }

    pub(super) fn constant(&mut self, constant: Constant, unicode: bool, range: TextRange) -> Expr {
        let node_index = AtomicNodeIndex::NONE;
        match constant {
            Constant::None => Expr::NoneLiteral(ExprNoneLiteral { node_index, range }),
            Constant::True | Constant::False => Expr::BooleanLiteral(ExprBooleanLiteral {
                node_index,
                range,
                value: matches!(constant, Constant::True),
            }),
            Constant::Ellipsis => Expr::EllipsisLiteral(ExprEllipsisLiteral { node_index, range }),
            Constant::Int(value @ 0..) => Expr::NumberLiteral(ExprNumberLiteral {
                node_index,
                range,
                value: Number::Int((value as u64).into()),
            }),
            Constant::Float(value) => Expr::NumberLiteral(ExprNumberLiteral {
                node_index,
                range,
                value: Number::Float(value),
            }),
            Constant::Complex(real, imag) => Expr::NumberLiteral(ExprNumberLiteral {
                node_index,
                range,
                value: Number::Complex { real, imag },
            }),
            Constant::Str(StrConstant::Utf8(value)) => {
                let mut flags = StringLiteralFlags::empty();
                if unicode {
                    flags = flags.with_prefix(StringLiteralPrefix::Unicode);
                }
                Expr::StringLiteral(ExprStringLiteral {
                    node_index,
                    range,
                    value: StringLiteralValue::single(StringLiteral {
                        range,
                        node_index: AtomicNodeIndex::NONE,
                        value,
                        flags,
                    }),
                })
            }
            Constant::Bytes(value) => Expr::BytesLiteral(ExprBytesLiteral {
                node_index,
                range,
                value: BytesLiteralValue::single(BytesLiteral {
                    range,
                    node_index: AtomicNodeIndex::NONE,
                    value,
                    flags: BytesLiteralFlags::empty(),
                }),
            }),
            // No literal: an escape command, which sources cannot have, stands for it.
            other => Expr::IpyEscapeCommand(ExprIpyEscapeCommand {
                node_index: self.keep(other),
                range,
                kind: IpyEscapeKind::Shell,
                value: Box::default(),
            }),
        }
    }
}

fn context(fields: &mut Fields) -> ExprContext {
    match fields.node().class {
        Class::Store => ExprContext::Store,
        Class::Del => ExprContext::Del,
        _ => ExprContext::Load,
    }
}

pub(super) fn operator(class: Class) -> Operator {
    match class {
        Class::Add => Operator::Add,
        Class::Sub => Operator::Sub,
        Class::Mult => Operator::Mult,
        Class::MatMult => Operator::MatMult,
        Class::Div => Operator::Div,
        Class::Mod => Operator::Mod,
        Class::Pow => Operator::Pow,
        Class::LShift => Operator::LShift,
        Class::RShift => Operator::RShift,
        Class::BitOr => Operator::BitOr,
        Class::BitXor => Operator::BitXor,
        Class::BitAnd => Operator::BitAnd,
        _ => Operator::FloorDiv,
    }
}

fn comparison(class: Class) -> CmpOp {
    match class {
        Class::Eq => CmpOp::Eq,
        Class::NotEq => CmpOp::NotEq,
        Class::Lt => CmpOp::Lt,
        Class::LtE => CmpOp::LtE,
        Class::Gt => CmpOp::Gt,
        Class::GtE => CmpOp::GtE,
        Class::Is => CmpOp::Is,
        Class::IsNot => CmpOp::IsNot,
        Class::In => CmpOp::In,
        _ => CmpOp::NotIn,
    }
}
