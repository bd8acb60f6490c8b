//! Expressions: operators, displays, comparisons, attributes, subscripts, conditions.

use ruff_python_ast::{
    AtomicNodeIndex, BoolOp, CmpOp, Expr, ExprAttribute, ExprBoolOp, ExprCompare, ExprContext,
    ExprDict, ExprSlice, ExprSubscript, Number, Operator, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

use super::statements::{is_constant, two_part_slice};
use super::unit::{At, Label};
use super::{Generator, STACK_USE_GUIDELINE};
use crate::constant::Constant;
use crate::error::{Compiled, Failure};
use crate::literal;
use crate::location::Location;
use crate::opcode::{BinaryOperation, Comparison, Intrinsic1, Opcode};
use crate::recursion::grow;
use crate::symbol_table::ScopeFlags;

impl<'a> Generator<'a, '_> {
    pub fn expression(&mut self, expression: &'a Expr) -> Compiled<()> {
        match expression {
            Expr::Name(name) => {
                self.name_expression(name);
                Ok(())
            }
            _ if is_constant(expression) => {
                let constant = self.literal(expression)?;
                let at = self.at(expression.range());
                self.load_constant(constant, at);
                Ok(())
            }
            _ => {
                let guard = self.guard;
                let _level = guard.enter()?;
                grow(|| self.compound_expression(expression))
            }
        }
    }

    pub fn expressions(&mut self, expressions: &'a [Expr]) -> Compiled<()> {
        expressions
            .iter()
            .try_for_each(|expression| self.expression(expression))
    }

    fn compound_expression(&mut self, expression: &'a Expr) -> Compiled<()> {
        let range = expression.range();
        let at = self.at(range);
        match expression {
            Expr::Named(node) => {
                self.expression(&node.value)?;
                self.emit_with(Opcode::COPY, 1, at);
                self.expression(&node.target)
            }
            Expr::BoolOp(node) => self.bool_operation(node, at),
            Expr::BinOp(node) => {
                if node.op == Operator::Mod
                    && let Some(result) = self.percent_format(node, at)
                {
                    return result;
                }
                self.expression(&node.left)?;
                self.expression(&node.right)?;
                self.emit_binary(binary_operation(node.op), at);
                Ok(())
            }
            Expr::UnaryOp(node) => {
                self.expression(&node.operand)?;
                let opcode = match node.op {
                    UnaryOp::Invert => Opcode::UNARY_INVERT,
                    UnaryOp::Not => Opcode::UNARY_NOT,
                    UnaryOp::UAdd => Opcode::CALL_INTRINSIC_1,
                    UnaryOp::USub => Opcode::UNARY_NEGATIVE,
                };
                self.emit_unary(opcode, at);
                Ok(())
            }
            Expr::Lambda(node) => self.lambda(node),
            Expr::If(node) => {
                let (end, next) = (self.label(), self.label());
                self.jump_if(&node.test, next, false)?;
                self.expression(&node.body)?;
                self.jump(Opcode::JUMP, end, None);
                self.use_label(next);
                self.expression(&node.orelse)?;
                self.use_label(end);
                Ok(())
            }
            Expr::Dict(node) => self.dict(node, at),
            Expr::Set(node) => self.display(&node.elts, Opcode::BUILD_SET, at),
            Expr::List(node) => match node.ctx {
                ExprContext::Store => self.unpack(&node.elts, range),
                ExprContext::Del => self.expressions(&node.elts),
                _ => self.display(&node.elts, Opcode::BUILD_LIST, at),
            },
            Expr::Tuple(node) => match node.ctx {
                ExprContext::Store => self.unpack(&node.elts, range),
                ExprContext::Del => self.expressions(&node.elts),
                _ => self.display(&node.elts, Opcode::BUILD_TUPLE, at),
            },
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.comprehension(expression)
            }
            Expr::Await(node) => {
                self.expression(&node.value)?;
                self.emit_with(Opcode::GET_AWAITABLE, 0, at);
                self.load_none(at);
                self.yield_from(at, true);
                Ok(())
            }
            Expr::Yield(node) => {
                self.require_function("'yield' outside function", range)?;
                match &node.value {
                    Some(value) => self.expression(value)?,
                    None => self.load_none(at),
                }
                self.emit_yield(at);
                Ok(())
            }
            Expr::YieldFrom(node) => {
                self.require_function("'yield from' outside function", range)?;
                if self.unit_ref().kind == super::unit::UnitKind::AsyncFunction {
                    return Err(Failure::syntax("'yield from' inside async function", range));
                }
                self.expression(&node.value)?;
                self.emit(Opcode::GET_YIELD_FROM_ITER, at);
                self.load_none(at);
                self.yield_from(at, false);
                Ok(())
            }
            Expr::Compare(node) => self.compare(node, at),
            Expr::Call(node) => self.call(node),
            Expr::FString(node) => self.f_string(node),
            Expr::TString(node) => self.t_string(node),
            Expr::Attribute(node) => self.attribute(node),
            Expr::Subscript(node) => self.subscript(node, at),
            Expr::Starred(node) => Err(Failure::syntax(
                match node.ctx {
                    ExprContext::Store => "starred assignment target must be in a list or tuple",
                    _ => "can't use starred expression here",
                },
                range,
            )),
            Expr::Slice(node) => {
                if let Some(constant) = self.constant_slice(node)? {
                    self.load_constant(constant, at);
                    return Ok(());
                }
                self.slice_parts(node)?;
                let mut count = 2;
                if let Some(step) = &node.step {
                    self.expression(step)?;
                    count = 3;
                }
                self.emit_with(Opcode::BUILD_SLICE, count, at);
                Ok(())
            }
            _ => Err(Failure::syntax("invalid syntax", range)),
        }
    }

    fn require_function(&self, message: &str, range: TextRange) -> Compiled<()> {
        if self.in_function() {
            Ok(())
        } else {
            Err(Failure::syntax(message, range))
        }
    }

    pub fn emit_yield(&mut self, at: At) {
        let generator = self.scope_is(ScopeFlags::GENERATOR)
            || self.table[self.scope_id()].comprehension
                == Some(crate::symbol_table::ComprehensionKind::Generator);
        if generator && self.scope_is(ScopeFlags::COROUTINE) {
            self.emit_with(
                Opcode::CALL_INTRINSIC_1,
                Intrinsic1::AsyncGenWrap as u32,
                at,
            );
        }
        self.emit_with(Opcode::YIELD_VALUE, 0, at);
        self.emit_with(Opcode::RESUME, 1, at);
    }

    /// The value of a literal.
    pub fn literal(&mut self, expression: &Expr) -> Compiled<Constant> {
        Ok(match expression {
            Expr::NoneLiteral(_) => Constant::None,
            Expr::BooleanLiteral(node) => Constant::from(node.value),
            Expr::EllipsisLiteral(_) => Constant::Ellipsis,
            Expr::StringLiteral(node) => Constant::Str(self.string(node)),
            Expr::BytesLiteral(node) => {
                Constant::Bytes(node.value.bytes().collect::<Vec<u8>>().into())
            }
            Expr::NumberLiteral(node) => match &node.value {
                Number::Float(value) => Constant::Float(*value),
                Number::Complex { real, imag } => Constant::Complex(*real, *imag),
                Number::Int(value) => match value.as_i64() {
                    Some(value) => Constant::Int(value),
                    None => literal::big_integer(
                        self.text(node.range),
                        node.range,
                        self.options.maximum_int_digits,
                    )?,
                },
            },
            Expr::IpyEscapeCommand(node) => self
                .kept_constant(&node.node_index)
                .unwrap_or(Constant::None),
            _ => Constant::None,
        })
    }

    /// A constant that the parser's tree cannot hold (`asdl::into_parsed`).
    pub fn kept_constant(&self, index: &AtomicNodeIndex) -> Option<Constant> {
        let index = index.load().as_u32()?;
        self.constants.get(index as usize).cloned()
    }

    // Displays.

    fn display(&mut self, items: &'a [Expr], build: Opcode, at: At) -> Compiled<()> {
        self.star_unpack(items, None, 0, build, at)
    }

    /// Values of a display or of call arguments, `pushed` of which are on the stack already;
    /// `injected` is a variable to add at the end.
    pub fn star_unpack(
        &mut self,
        items: &'a [Expr],
        injected: Option<&'a str>,
        pushed: usize,
        build: Opcode,
        at: At,
    ) -> Compiled<()> {
        let count = items.len() + pushed + usize::from(injected.is_some());
        let big = count > STACK_USE_GUIDELINE;
        let starred = items.iter().any(Expr::is_starred_expr);
        if !starred && (!big || items.iter().all(is_constant)) {
            self.expressions(items)?;
            if let Some(name) = injected {
                self.load(name, at);
            }
            match build {
                Opcode::BUILD_TUPLE => self.emit_build_tuple(count, at),
                _ => self.emit_build_collection(build, count, at),
            }
            return Ok(());
        }
        // A tuple is grown as a list.
        let (build_partial, add, extend) = match build {
            Opcode::BUILD_SET => (Opcode::BUILD_SET, Opcode::SET_ADD, Opcode::SET_UPDATE),
            _ => (Opcode::BUILD_LIST, Opcode::LIST_APPEND, Opcode::LIST_EXTEND),
        };
        let mut built = false;
        if big {
            self.emit_with(build_partial, pushed as u32, at);
            built = true;
        }
        for (index, item) in items.iter().enumerate() {
            if let Expr::Starred(starred) = item {
                if !built {
                    self.emit_with(build_partial, (index + pushed) as u32, at);
                    built = true;
                }
                self.expression(&starred.value)?;
                self.emit_with(extend, 1, at);
            } else {
                self.expression(item)?;
                if built {
                    self.emit_with(add, 1, at);
                }
            }
        }
        if let Some(name) = injected {
            self.load(name, at);
            self.emit_with(add, 1, at);
        }
        if build == Opcode::BUILD_TUPLE {
            self.emit_with(Opcode::CALL_INTRINSIC_1, Intrinsic1::ListToTuple as u32, at);
        }
        Ok(())
    }

    fn dict(&mut self, node: &'a ExprDict, at: At) -> Compiled<()> {
        let items = &node.items;
        let mut have_dict = false;
        let mut start = 0;
        let flush = |generator: &mut Self, from: usize, to: usize, have_dict: &mut bool| {
            if from == to {
                return Ok(());
            }
            generator.dict_part(node, from, to, at)?;
            if *have_dict {
                generator.emit_with(Opcode::DICT_UPDATE, 1, at);
            }
            *have_dict = true;
            Ok(())
        };
        for (index, item) in items.iter().enumerate() {
            if item.key.is_none() {
                flush(self, start, index, &mut have_dict)?;
                start = index + 1;
                if !have_dict {
                    self.emit_with(Opcode::BUILD_MAP, 0, at);
                    have_dict = true;
                }
                self.expression(&item.value)?;
                self.emit_with(Opcode::DICT_UPDATE, 1, at);
            } else if (index - start) * 2 > STACK_USE_GUIDELINE {
                flush(self, start, index + 1, &mut have_dict)?;
                start = index + 1;
            }
        }
        flush(self, start, items.len(), &mut have_dict)?;
        if !have_dict {
            self.emit_with(Opcode::BUILD_MAP, 0, at);
        }
        Ok(())
    }

    fn dict_part(&mut self, node: &'a ExprDict, from: usize, to: usize, at: At) -> Compiled<()> {
        let big = (to - from) * 2 > STACK_USE_GUIDELINE;
        if big {
            self.emit_with(Opcode::BUILD_MAP, 0, at);
        }
        for item in &node.items[from..to] {
            if let Some(key) = &item.key {
                self.expression(key)?;
            }
            self.expression(&item.value)?;
            if big {
                self.emit_with(Opcode::MAP_ADD, 1, at);
            }
        }
        if !big {
            self.emit_with(Opcode::BUILD_MAP, (to - from) as u32, at);
        }
        Ok(())
    }

    /// Spreads the top of the stack over targets.
    fn unpack(&mut self, targets: &'a [Expr], range: TextRange) -> Compiled<()> {
        let at = self.at(range);
        let star = targets.iter().position(Expr::is_starred_expr);
        match star {
            None if self.unpack_constants(targets.len()) => {}
            None => self.emit_with(Opcode::UNPACK_SEQUENCE, targets.len() as u32, at),
            Some(index) => {
                let after = targets.len() - index - 1;
                if index >= 1 << 8 || after >= 1 << 16 {
                    return Err(Failure::syntax(
                        "too many expressions in star-unpacking assignment",
                        range,
                    ));
                }
                if targets[index + 1..].iter().any(Expr::is_starred_expr) {
                    return Err(Failure::syntax(
                        "multiple starred expressions in assignment",
                        range,
                    ));
                }
                self.emit_with(Opcode::UNPACK_EX, (index + (after << 8)) as u32, at);
            }
        }
        for target in targets {
            match target {
                Expr::Starred(starred) => self.expression(&starred.value)?,
                _ => self.expression(target)?,
            }
        }
        Ok(())
    }

    /// `a, b = 1, 2`: the constants go to the stack one by one.
    fn unpack_constants(&mut self, count: usize) -> bool {
        let Some(&[load]) = self
            .unit_ref()
            .tail(1)
            .and_then(|tail| <&[_; 1]>::try_from(tail).ok())
        else {
            return false;
        };
        match self.unit_ref().loaded_constant(&load) {
            Some(Constant::Tuple(items)) if items.len() == count && (2..=3).contains(&count) => {
                self.unit().take_back(1);
                for item in items.into_iter().rev() {
                    self.load_constant(item, load.at);
                }
                true
            }
            _ => false,
        }
    }

    // Conditions.

    fn bool_operation(&mut self, node: &'a ExprBoolOp, at: At) -> Compiled<()> {
        let jump = match node.op {
            BoolOp::And => Opcode::JUMP_IF_FALSE,
            BoolOp::Or => Opcode::JUMP_IF_TRUE,
        };
        let end = self.label();
        let (last, before) = node
            .values
            .split_last()
            .expect("invariant: a boolean operation has operands");
        for value in before {
            self.expression(value)?;
            self.jump(jump, end, at);
            self.emit(Opcode::POP_TOP, at);
        }
        self.expression(last)?;
        self.use_label(end);
        Ok(())
    }

    fn compare(&mut self, node: &'a ExprCompare, at: At) -> Compiled<()> {
        self.check_compare(node);
        self.expression(&node.left)?;
        let last = node.ops.len() - 1;
        if last == 0 {
            self.expression(&node.comparators[0])?;
            self.emit_compare(node.ops[0], at);
            return Ok(());
        }
        let (cleanup, end) = (self.label(), self.label());
        for index in 0..last {
            self.expression(&node.comparators[index])?;
            self.emit_with(Opcode::SWAP, 2, at);
            self.emit_with(Opcode::COPY, 2, at);
            self.emit_compare(node.ops[index], at);
            self.jump(Opcode::JUMP_IF_FALSE, cleanup, at);
            self.emit(Opcode::POP_TOP, at);
        }
        self.expression(&node.comparators[last])?;
        self.emit_compare(node.ops[last], at);
        self.jump(Opcode::JUMP, end, None);
        self.use_label(cleanup);
        self.emit_with(Opcode::SWAP, 2, at);
        self.emit(Opcode::POP_TOP, at);
        self.use_label(end);
        Ok(())
    }

    fn emit_compare(&mut self, operator: CmpOp, at: At) {
        let comparison = match operator {
            CmpOp::Eq => Comparison::Equal,
            CmpOp::NotEq => Comparison::NotEqual,
            CmpOp::Lt => Comparison::Less,
            CmpOp::LtE => Comparison::LessOrEqual,
            CmpOp::Gt => Comparison::Greater,
            CmpOp::GtE => Comparison::GreaterOrEqual,
            CmpOp::Is => return self.emit_with(Opcode::IS_OP, 0, at),
            CmpOp::IsNot => return self.emit_with(Opcode::IS_OP, 1, at),
            CmpOp::In | CmpOp::NotIn => {
                self.freeze_display(at);
                let invert = u32::from(operator == CmpOp::NotIn);
                return self.emit_with(Opcode::CONTAINS_OP, invert, at);
            }
        };
        self.emit_with(Opcode::COMPARE_OP, comparison.argument(), at);
    }

    /// `is` with a literal is almost always meant to be `==`.
    fn check_compare(&mut self, node: &ExprCompare) {
        let mut left = &*node.left;
        for (operator, right) in node.ops.iter().zip(&node.comparators) {
            if matches!(operator, CmpOp::Is | CmpOp::IsNot) {
                let literal = literal_type(left).or_else(|| literal_type(right));
                if let Some(type_name) = literal {
                    let message = if *operator == CmpOp::Is {
                        format!("\"is\" with '{type_name}' literal. Did you mean \"==\"?")
                    } else {
                        format!("\"is not\" with '{type_name}' literal. Did you mean \"!=\"?")
                    };
                    self.warn(message, node.range);
                    return;
                }
            }
            left = right;
        }
    }

    /// Jumps to `next` when the truth of `test` is `condition`.
    pub fn jump_if(&mut self, test: &'a Expr, next: Label, condition: bool) -> Compiled<()> {
        let guard = self.guard;
        let _level = guard.enter()?;
        grow(|| self.jump_if_inside(test, next, condition))
    }

    fn jump_if_inside(&mut self, test: &'a Expr, next: Label, condition: bool) -> Compiled<()> {
        let at = self.at(test.range());
        let pop_jump = if condition {
            Opcode::POP_JUMP_IF_TRUE
        } else {
            Opcode::POP_JUMP_IF_FALSE
        };
        match test {
            Expr::UnaryOp(node) if node.op == UnaryOp::Not => {
                return self.jump_if(&node.operand, next, !condition);
            }
            Expr::BoolOp(node) => {
                let short = node.op == BoolOp::Or;
                let inner = if short == condition {
                    next
                } else {
                    self.label()
                };
                let (last, before) = node
                    .values
                    .split_last()
                    .expect("invariant: a boolean operation has operands");
                for value in before {
                    self.jump_if(value, inner, short)?;
                }
                self.jump_if(last, next, condition)?;
                if inner != next {
                    self.use_label(inner);
                }
                return Ok(());
            }
            Expr::If(node) => {
                let (end, other) = (self.label(), self.label());
                self.jump_if(&node.test, other, false)?;
                self.jump_if(&node.body, next, condition)?;
                self.jump(Opcode::JUMP, end, None);
                self.use_label(other);
                self.jump_if(&node.orelse, next, condition)?;
                self.use_label(end);
                return Ok(());
            }
            Expr::Compare(node) if node.ops.len() > 1 => {
                self.check_compare(node);
                self.expression(&node.left)?;
                let (cleanup, end) = (self.label(), self.label());
                let last = node.ops.len() - 1;
                for index in 0..last {
                    self.expression(&node.comparators[index])?;
                    self.emit_with(Opcode::SWAP, 2, at);
                    self.emit_with(Opcode::COPY, 2, at);
                    self.emit_compare(node.ops[index], at);
                    self.emit(Opcode::TO_BOOL, at);
                    self.jump(Opcode::POP_JUMP_IF_FALSE, cleanup, at);
                }
                self.expression(&node.comparators[last])?;
                self.emit_compare(node.ops[last], at);
                self.emit(Opcode::TO_BOOL, at);
                self.jump(pop_jump, next, at);
                self.jump(Opcode::JUMP, end, None);
                self.use_label(cleanup);
                self.emit(Opcode::POP_TOP, at);
                if !condition {
                    self.jump(Opcode::JUMP, next, None);
                }
                self.use_label(end);
                return Ok(());
            }
            _ => {}
        }
        self.expression(test)?;
        self.emit(Opcode::TO_BOOL, at);
        self.jump(pop_jump, next, at);
        Ok(())
    }

    // Attributes and subscripts.

    /// The position of an attribute access: its name, when the expression spans lines.
    pub fn attribute_at(&mut self, node: &ExprAttribute) -> At {
        let at = self.at(node.range);
        match at {
            Some(Location {
                line,
                end_line,
                columns: Some((_, end)),
            }) if line != end_line => {
                let length = node.attr.id.chars().count() as u32;
                let columns = (length <= end).then(|| (end - length, end));
                Some(Location {
                    line: end_line,
                    end_line,
                    columns,
                })
            }
            _ => at,
        }
    }

    fn attribute(&mut self, node: &'a ExprAttribute) -> Compiled<()> {
        if node.ctx == ExprContext::Load
            && let Some(two_arguments) = self.super_arguments(node)
        {
            self.load_super_arguments(node)?;
            let at = self.attribute_at(node);
            self.emit_super_attribute(node, two_arguments, false, at);
            return Ok(());
        }
        self.expression(&node.value)?;
        let at = self.attribute_at(node);
        match node.ctx {
            ExprContext::Store => {
                self.note_static_attribute(node);
                self.emit_name(Opcode::STORE_ATTR, &node.attr, at);
            }
            ExprContext::Del => self.emit_name(Opcode::DELETE_ATTR, &node.attr, at),
            _ => self.emit_name(Opcode::LOAD_ATTR, &node.attr, at),
        }
        Ok(())
    }

    fn subscript(&mut self, node: &'a ExprSubscript, at: At) -> Compiled<()> {
        if node.ctx == ExprContext::Load {
            self.check_subscripted(&node.value, node.range);
            self.check_index(&node.value, &node.slice);
        }
        self.expression(&node.value)?;
        if node.ctx != ExprContext::Del
            && let Some(slice) = two_part_slice(&node.slice)
        {
            self.slice_parts(slice)?;
            let opcode = match node.ctx {
                ExprContext::Store => Opcode::STORE_SLICE,
                _ => Opcode::BINARY_SLICE,
            };
            self.emit(opcode, at);
            return Ok(());
        }
        self.expression(&node.slice)?;
        match node.ctx {
            ExprContext::Store => self.emit(Opcode::STORE_SUBSCR, at),
            ExprContext::Del => self.emit(Opcode::DELETE_SUBSCR, at),
            _ => self.emit_binary(BinaryOperation::Subscript, at),
        }
        Ok(())
    }

    pub fn slice_parts(&mut self, node: &'a ExprSlice) -> Compiled<()> {
        for part in [&node.lower, &node.upper] {
            match part {
                Some(part) => self.expression(part)?,
                None => {
                    let at = self.at(node.range);
                    self.load_none(at);
                }
            }
        }
        Ok(())
    }

    fn constant_slice(&mut self, node: &ExprSlice) -> Compiled<Option<Constant>> {
        if !is_constant_slice(node) {
            return Ok(None);
        }
        let mut parts = [Constant::None, Constant::None, Constant::None];
        for (part, place) in [&node.lower, &node.upper, &node.step]
            .into_iter()
            .zip(&mut parts)
        {
            if let Some(part) = part {
                *place = self.literal(part)?;
            }
        }
        Ok(Some(Constant::Slice(Box::new(parts))))
    }

    fn check_subscripted(&mut self, value: &Expr, range: TextRange) {
        let type_name = match value {
            Expr::NoneLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::Set(_)
            | Expr::SetComp(_)
            | Expr::Generator(_)
            | Expr::Lambda(_)
            | Expr::TString(_) => inferred_type(value),
            _ => return,
        };
        if let Some(type_name) = type_name {
            self.warn(
                format!("'{type_name}' object is not subscriptable; perhaps you missed a comma?"),
                range,
            );
        }
    }

    fn check_index(&mut self, value: &Expr, index: &Expr) {
        let index_type = match inferred_type(index) {
            None | Some("int" | "bool" | "slice") => return,
            Some(other) => other,
        };
        if matches!(
            value,
            Expr::StringLiteral(_)
                | Expr::BytesLiteral(_)
                | Expr::Tuple(_)
                | Expr::List(_)
                | Expr::ListComp(_)
                | Expr::FString(_)
        ) && let Some(type_name) = inferred_type(value)
        {
            self.warn(
                format!(
                    "{type_name} indices must be integers or slices, not {index_type}; perhaps \
                     you missed a comma?"
                ),
                index.range(),
            );
        }
    }
}

/// The type of a value that the syntax gives away.
pub(super) fn inferred_type(expression: &Expr) -> Option<&'static str> {
    Some(match expression {
        Expr::Tuple(_) => "tuple",
        Expr::List(_) | Expr::ListComp(_) => "list",
        Expr::Dict(_) | Expr::DictComp(_) => "dict",
        Expr::Set(_) | Expr::SetComp(_) => "set",
        Expr::Generator(_) => "generator",
        Expr::Lambda(_) => "function",
        Expr::TString(_) => "string.templatelib.Template",
        Expr::FString(_) | Expr::StringLiteral(_) => "str",
        Expr::BytesLiteral(_) => "bytes",
        Expr::NoneLiteral(_) => "NoneType",
        Expr::BooleanLiteral(_) => "bool",
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(_) => "int",
            Number::Float(_) => "float",
            Number::Complex { .. } => "complex",
        },
        _ => return None,
    })
}

/// The type of a literal whose identity means nothing.
fn literal_type(expression: &Expr) -> Option<&'static str> {
    match expression {
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_) => {
            inferred_type(expression)
        }
        Expr::Tuple(tuple) if tuple.elts.iter().all(is_constant) => Some("tuple"),
        _ => None,
    }
}

/// Whether all parts of a slice are literals.
pub(super) fn is_constant_slice(slice: &ExprSlice) -> bool {
    [&slice.lower, &slice.upper, &slice.step]
        .into_iter()
        .flatten()
        .all(|part| is_constant(part))
}

pub(super) fn binary_operation(operator: Operator) -> BinaryOperation {
    match operator {
        Operator::Add => BinaryOperation::Add,
        Operator::Sub => BinaryOperation::Subtract,
        Operator::Mult => BinaryOperation::Multiply,
        Operator::MatMult => BinaryOperation::MatrixMultiply,
        Operator::Div => BinaryOperation::TrueDivide,
        Operator::Mod => BinaryOperation::Remainder,
        Operator::Pow => BinaryOperation::Power,
        Operator::LShift => BinaryOperation::LeftShift,
        Operator::RShift => BinaryOperation::RightShift,
        Operator::BitOr => BinaryOperation::Or,
        Operator::BitXor => BinaryOperation::Xor,
        Operator::BitAnd => BinaryOperation::And,
        Operator::FloorDiv => BinaryOperation::FloorDivide,
    }
}

pub(super) fn inplace_operation(operator: Operator) -> BinaryOperation {
    let plain = binary_operation(operator) as u32;
    BinaryOperation::from_u32(plain + BinaryOperation::InplaceAdd as u32)
        .expect("invariant: every operator has its in-place form")
}
