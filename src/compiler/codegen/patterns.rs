//! `match`.
//!
//! A pattern consumes the subject on top of the stack. Names are stored only once the whole
//! pattern has matched; until then captured values wait on the stack, below what is being matched:
//!
//! ```text
//!   … captured values (PatternContext::stores) | kept items (on_top) | subject
//! ```
//!
//! A failing pattern jumps to the label that drops as many values as lie there: label `n` pops one
//! value and falls into label `n - 1`.

use ruff_python_ast::{
    Expr, Pattern, PatternMatchAs, PatternMatchClass, PatternMatchMapping, PatternMatchOr,
    PatternMatchSequence, Singleton, StmtMatch,
};
use ruff_text_size::{Ranged, TextRange};

use super::Generator;
use super::statements::is_constant;
use super::unit::{At, Label};
use crate::constant::Constant;
use crate::error::{Compiled, Failure};
use crate::opcode::{BinaryOperation, Comparison, Opcode};
use crate::python_repr::repr;
use crate::recursion::grow;

#[derive(Default)]
struct PatternContext<'a> {
    /// Names captured so far; their values are on the stack in this order.
    stores: Vec<&'a str>,
    /// Whether a pattern that always matches makes sense here.
    allow_irrefutable: bool,
    /// Where to go with as many values to drop as the index says.
    fail: Vec<Label>,
    /// Values between the captured ones and the subject.
    on_top: usize,
}

fn is_wildcard(pattern: &Pattern) -> bool {
    matches!(
        pattern,
        Pattern::MatchAs(PatternMatchAs {
            pattern: None,
            name: None,
            ..
        })
    )
}

impl<'a> Generator<'a, '_> {
    pub fn match_statement(&mut self, node: &'a StmtMatch) -> Compiled<()> {
        self.expression(&node.subject)?;
        let end = self.label();
        let count = node.cases.len();
        // A last `case _` needs no copy of the subject and no test.
        let has_default = count > 1
            && node
                .cases
                .last()
                .is_some_and(|case| is_wildcard(&case.pattern));
        let tested = count - usize::from(has_default);
        for (index, case) in node.cases[..tested].iter().enumerate() {
            let at = self.at(case.pattern.range());
            let last = index + 1 == tested;
            if !last {
                self.emit_with(Opcode::COPY, 1, at);
            }
            let mut context = PatternContext {
                allow_irrefutable: case.guard.is_some() || index + 1 == count,
                ..PatternContext::default()
            };
            self.pattern(&case.pattern, &mut context)?;
            for name in std::mem::take(&mut context.stores) {
                self.store(name, at);
            }
            if let Some(guard) = &case.guard {
                self.ensure_fail(&mut context, 0);
                self.jump_if(guard, context.fail[0], false)?;
            }
            if !last {
                let body_at = case.body.first().and_then(|first| self.at(first.range()));
                self.emit(Opcode::POP_TOP, body_at);
            }
            self.statements(&case.body)?;
            self.jump(Opcode::JUMP, end, None);
            self.emit_fail(&mut context, at);
        }
        if has_default {
            let case = &node.cases[count - 1];
            // A step for who traces lines.
            let at = self.at(case.pattern.range());
            self.emit(Opcode::NOP, at);
            if let Some(guard) = &case.guard {
                self.jump_if(guard, end, false)?;
            }
            self.statements(&case.body)?;
        }
        self.use_label(end);
        Ok(())
    }

    fn ensure_fail(&mut self, context: &mut PatternContext<'a>, count: usize) {
        while context.fail.len() <= count {
            let label = self.label();
            context.fail.push(label);
        }
    }

    fn jump_to_fail(&mut self, context: &mut PatternContext<'a>, opcode: Opcode, at: At) {
        let count = context.on_top + context.stores.len();
        self.ensure_fail(context, count);
        self.jump(opcode, context.fail[count], at);
    }

    fn emit_fail(&mut self, context: &mut PatternContext<'a>, at: At) {
        for (count, label) in std::mem::take(&mut context.fail)
            .into_iter()
            .enumerate()
            .rev()
        {
            self.use_label(label);
            if count > 0 {
                self.emit(Opcode::POP_TOP, at);
            }
        }
    }

    /// Moves the top of the stack below `count - 1` others.
    fn rotate(&mut self, count: usize, at: At) {
        for depth in (2..=count).rev() {
            self.emit_with(Opcode::SWAP, depth as u32, at);
        }
    }

    fn capture(
        &mut self,
        name: Option<&'a str>,
        range: TextRange,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let at = self.at(range);
        let Some(name) = name else {
            self.emit(Opcode::POP_TOP, at);
            return Ok(());
        };
        if context.stores.contains(&name) {
            return Err(duplicate_name(name, range));
        }
        self.rotate(context.on_top + context.stores.len() + 1, at);
        context.stores.push(name);
        Ok(())
    }

    fn pattern(&mut self, pattern: &'a Pattern, context: &mut PatternContext<'a>) -> Compiled<()> {
        let guard = self.guard;
        let _level = guard.enter()?;
        grow(|| self.pattern_inside(pattern, context))
    }

    /// A part of a pattern: it may match everything.
    fn part(&mut self, pattern: &'a Pattern, context: &mut PatternContext<'a>) -> Compiled<()> {
        let before = std::mem::replace(&mut context.allow_irrefutable, true);
        self.pattern(pattern, context)?;
        context.allow_irrefutable = before;
        Ok(())
    }

    fn pattern_inside(
        &mut self,
        pattern: &'a Pattern,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let range = pattern.range();
        let at = self.at(range);
        match pattern {
            Pattern::MatchValue(node) => {
                if !is_pattern_value(&node.value) {
                    return Err(Failure::syntax(
                        "patterns may only match literals and attribute lookups",
                        range,
                    ));
                }
                self.expression(&node.value)?;
                self.compare_for_pattern(Comparison::Equal, context, at);
                Ok(())
            }
            Pattern::MatchSingleton(node) => {
                let constant = match node.value {
                    Singleton::None => Constant::None,
                    Singleton::True => Constant::True,
                    Singleton::False => Constant::False,
                };
                self.load_constant(constant, at);
                self.emit_with(Opcode::IS_OP, 0, at);
                self.jump_to_fail(context, Opcode::POP_JUMP_IF_FALSE, at);
                Ok(())
            }
            Pattern::MatchSequence(node) => self.sequence_pattern(node, context),
            Pattern::MatchMapping(node) => self.mapping_pattern(node, context),
            Pattern::MatchClass(node) => self.class_pattern(node, context),
            Pattern::MatchStar(node) => {
                self.capture(node.name.as_ref().map(|name| name.as_str()), range, context)
            }
            Pattern::MatchAs(node) => self.as_pattern(node, context),
            Pattern::MatchOr(node) => self.or_pattern(node, context),
        }
    }

    fn compare_for_pattern(
        &mut self,
        comparison: Comparison,
        context: &mut PatternContext<'a>,
        at: At,
    ) {
        self.emit_with(Opcode::COMPARE_OP, comparison.argument(), at);
        self.emit(Opcode::TO_BOOL, at);
        self.jump_to_fail(context, Opcode::POP_JUMP_IF_FALSE, at);
    }

    fn length_check(
        &mut self,
        comparison: Comparison,
        length: usize,
        context: &mut PatternContext<'a>,
        at: At,
    ) {
        self.emit(Opcode::GET_LEN, at);
        self.load_constant(Constant::Int(length as i64), at);
        self.compare_for_pattern(comparison, context, at);
    }

    fn as_pattern(
        &mut self,
        node: &'a PatternMatchAs,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let name = node.name.as_ref().map(|name| name.as_str());
        let Some(pattern) = &node.pattern else {
            if !context.allow_irrefutable {
                let message = match name {
                    Some(name) => {
                        format!("name capture '{name}' makes remaining patterns unreachable")
                    }
                    None => "wildcard makes remaining patterns unreachable".to_owned(),
                };
                return Err(Failure::syntax(message, node.range));
            }
            return self.capture(name, node.range, context);
        };
        let at = self.at(node.range);
        context.on_top += 1;
        self.emit_with(Opcode::COPY, 1, at);
        self.pattern(pattern, context)?;
        context.on_top -= 1;
        self.capture(name, node.range, context)
    }

    fn sequence_pattern(
        &mut self,
        node: &'a PatternMatchSequence,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let at = self.at(node.range);
        let patterns = &node.patterns;
        let mut star = None;
        let mut star_is_wildcard = false;
        let mut only_wildcards = true;
        for (index, pattern) in patterns.iter().enumerate() {
            if let Pattern::MatchStar(starred) = pattern {
                if star.is_some() {
                    return Err(Failure::syntax(
                        "multiple starred names in sequence pattern",
                        node.range,
                    ));
                }
                star = Some(index);
                star_is_wildcard = starred.name.is_none();
                only_wildcards &= star_is_wildcard;
            } else {
                only_wildcards &= is_wildcard(pattern);
            }
        }
        context.on_top += 1;
        self.emit(Opcode::MATCH_SEQUENCE, at);
        self.jump_to_fail(context, Opcode::POP_JUMP_IF_FALSE, at);
        match star {
            None => self.length_check(Comparison::Equal, patterns.len(), context, at),
            Some(_) if patterns.len() > 1 => {
                self.length_check(Comparison::GreaterOrEqual, patterns.len() - 1, context, at);
            }
            Some(_) => {}
        }
        context.on_top -= 1;
        match star {
            _ if only_wildcards => self.emit(Opcode::POP_TOP, at),
            Some(star) if star_is_wildcard => self.sequence_by_index(node, star, context)?,
            _ => self.sequence_by_unpacking(node, star, context)?,
        }
        Ok(())
    }

    fn sequence_by_unpacking(
        &mut self,
        node: &'a PatternMatchSequence,
        star: Option<usize>,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let at = self.at(node.range);
        let count = node.patterns.len();
        match star {
            None => self.emit_with(Opcode::UNPACK_SEQUENCE, count as u32, at),
            Some(star) => {
                let after = count - star - 1;
                if star >= 1 << 8 || after >= 1 << 16 {
                    return Err(Failure::syntax(
                        "too many expressions in star-unpacking sequence pattern",
                        node.range,
                    ));
                }
                self.emit_with(Opcode::UNPACK_EX, (star + (after << 8)) as u32, at);
            }
        }
        context.on_top += count;
        for pattern in &node.patterns {
            context.on_top -= 1;
            self.part(pattern, context)?;
        }
        Ok(())
    }

    /// With `*_` in it, only the items that matter are looked at.
    fn sequence_by_index(
        &mut self,
        node: &'a PatternMatchSequence,
        star: usize,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let at = self.at(node.range);
        let count = node.patterns.len();
        context.on_top += 1;
        for (index, pattern) in node.patterns.iter().enumerate() {
            if index == star || is_wildcard(pattern) {
                continue;
            }
            self.emit_with(Opcode::COPY, 1, at);
            if index < star {
                self.load_constant(Constant::Int(index as i64), at);
            } else {
                // The subject may not know negative indices.
                self.emit(Opcode::GET_LEN, at);
                self.load_constant(Constant::Int((count - index) as i64), at);
                self.emit_with(Opcode::BINARY_OP, BinaryOperation::Subtract as u32, at);
            }
            self.emit_with(Opcode::BINARY_OP, BinaryOperation::Subscript as u32, at);
            self.part(pattern, context)?;
        }
        context.on_top -= 1;
        self.emit(Opcode::POP_TOP, at);
        Ok(())
    }

    fn mapping_pattern(
        &mut self,
        node: &'a PatternMatchMapping,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let at = self.at(node.range);
        let count = node.keys.len();
        context.on_top += 1;
        self.emit(Opcode::MATCH_MAPPING, at);
        self.jump_to_fail(context, Opcode::POP_JUMP_IF_FALSE, at);
        if count == 0 && node.rest.is_none() {
            context.on_top -= 1;
            self.emit(Opcode::POP_TOP, at);
            return Ok(());
        }
        if count > 0 {
            self.length_check(Comparison::GreaterOrEqual, count, context, at);
        }
        let mut seen: Vec<Constant> = Vec::new();
        for key in &node.keys {
            self.expression(key)?;
            let constant = self
                .unit_ref()
                .tail_constants(1)
                .and_then(|mut tail| tail.pop());
            match constant.filter(|_| !key.is_attribute_expr()) {
                Some(constant) => {
                    if seen.iter().any(|other| equal_keys(other, &constant)) {
                        let shown = repr(&constant);
                        return Err(Failure::syntax(
                            format!("mapping pattern checks duplicate key ({shown})"),
                            node.range,
                        ));
                    }
                    seen.push(constant);
                }
                None if key.is_attribute_expr() || key.is_bin_op_expr() => {}
                None => {
                    return Err(Failure::syntax(
                        "mapping pattern keys may only match literals and attribute lookups",
                        node.range,
                    ));
                }
            }
        }
        self.emit_build_tuple(count, at);
        self.emit(Opcode::MATCH_KEYS, at);
        // Above the subject: the keys, and the values or None.
        context.on_top += 2;
        self.fail_when_none(context, at);
        self.emit_with(Opcode::UNPACK_SEQUENCE, count as u32, at);
        context.on_top += count;
        context.on_top -= 1;
        for pattern in &node.patterns {
            context.on_top -= 1;
            self.part(pattern, context)?;
        }
        context.on_top -= 2;
        let Some(rest) = &node.rest else {
            self.emit(Opcode::POP_TOP, at);
            self.emit(Opcode::POP_TOP, at);
            return Ok(());
        };
        // A copy of the subject without the keys.
        self.emit_with(Opcode::BUILD_MAP, 0, at);
        self.emit_with(Opcode::SWAP, 3, at);
        self.emit_with(Opcode::DICT_UPDATE, 2, at);
        self.emit_with(Opcode::UNPACK_SEQUENCE, count as u32, at);
        for remaining in (1..=count).rev() {
            self.emit_with(Opcode::COPY, remaining as u32 + 1, at);
            self.emit_with(Opcode::SWAP, 2, at);
            self.emit(Opcode::DELETE_SUBSCR, at);
        }
        self.capture(Some(rest.as_str()), node.range, context)
    }

    fn fail_when_none(&mut self, context: &mut PatternContext<'a>, at: At) {
        self.emit_with(Opcode::COPY, 1, at);
        self.load_none(at);
        self.emit_with(Opcode::IS_OP, 1, at);
        self.jump_to_fail(context, Opcode::POP_JUMP_IF_FALSE, at);
    }

    fn class_pattern(
        &mut self,
        node: &'a PatternMatchClass,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let at = self.at(node.range);
        let positional = &node.arguments.patterns;
        let keywords = &node.arguments.keywords;
        for (index, keyword) in keywords.iter().enumerate() {
            if keywords[..index]
                .iter()
                .any(|other| other.attr.id == keyword.attr.id)
            {
                return Err(Failure::syntax(
                    format!(
                        "attribute name repeated in class pattern: {}",
                        keyword.attr.as_str()
                    ),
                    keyword.pattern.range(),
                ));
            }
        }
        self.expression(&node.cls)?;
        let names = keywords
            .iter()
            .map(|keyword| Constant::from(keyword.attr.as_str()))
            .collect();
        self.load_constant(Constant::Tuple(names), at);
        self.emit_with(Opcode::MATCH_CLASS, positional.len() as u32, at);
        context.on_top += 1;
        self.fail_when_none(context, at);
        let count = positional.len() + keywords.len();
        self.emit_with(Opcode::UNPACK_SEQUENCE, count as u32, at);
        context.on_top += count;
        context.on_top -= 1;
        let patterns = positional
            .iter()
            .chain(keywords.iter().map(|keyword| &keyword.pattern));
        for pattern in patterns {
            context.on_top -= 1;
            if is_wildcard(pattern) {
                self.emit(Opcode::POP_TOP, at);
            } else {
                self.part(pattern, context)?;
            }
        }
        Ok(())
    }

    fn or_pattern(
        &mut self,
        node: &'a PatternMatchOr,
        context: &mut PatternContext<'a>,
    ) -> Compiled<()> {
        let at = self.at(node.range);
        let end = self.label();
        let last = node.patterns.len() - 1;
        // The names of the first alternative, in its order; the others must bind the same.
        let mut control: Vec<&'a str> = Vec::new();
        for (index, alternative) in node.patterns.iter().enumerate() {
            let alternative_at = self.at(alternative.range());
            let mut inner = PatternContext {
                allow_irrefutable: index == last && context.allow_irrefutable,
                ..PatternContext::default()
            };
            self.emit_with(Opcode::COPY, 1, alternative_at);
            self.pattern(alternative, &mut inner)?;
            if index == 0 {
                control = std::mem::take(&mut inner.stores);
            } else {
                self.reorder_captures(&control, &mut inner, alternative_at)
                    .ok_or_else(|| {
                        Failure::syntax("alternative patterns bind different names", node.range)
                    })?;
            }
            self.jump(Opcode::JUMP, end, alternative_at);
            self.emit_fail(&mut inner, alternative_at);
        }
        // No alternative matched: drop the subject too.
        self.emit(Opcode::POP_TOP, at);
        self.jump_to_fail(context, Opcode::JUMP, at);
        self.use_label(end);
        let distance = control.len() + 1 + context.on_top + context.stores.len();
        for name in control {
            self.rotate(distance, at);
            if context.stores.contains(&name) {
                return Err(duplicate_name(name, node.range));
            }
            context.stores.push(name);
        }
        self.emit(Opcode::POP_TOP, at);
        Ok(())
    }

    /// Brings captured values into the order of `control`; `None` when the names differ.
    fn reorder_captures(
        &mut self,
        control: &[&'a str],
        context: &mut PatternContext<'a>,
        at: At,
    ) -> Option<()> {
        if context.stores.len() != control.len() {
            return None;
        }
        for place in (0..control.len()).rev() {
            let found = context
                .stores
                .iter()
                .position(|&name| name == control[place])?;
            if found == place {
                continue;
            }
            let rotated: Vec<&str> = context.stores.drain(..=found).collect();
            let insert_at = place - found;
            context.stores.splice(insert_at..insert_at, rotated);
            for _ in 0..=found {
                self.rotate(place + 1, at);
            }
        }
        Some(())
    }
}

#[cold]
fn duplicate_name(name: &str, range: TextRange) -> Failure {
    Failure::syntax(
        format!("multiple assignments to name '{name}' in pattern"),
        range,
    )
}

/// A literal, a negative or complex number, or a dotted name.
fn is_pattern_value(value: &Expr) -> bool {
    match value {
        Expr::UnaryOp(node) => is_constant(&node.operand),
        Expr::BinOp(_) | Expr::Attribute(_) => true,
        other => is_constant(other),
    }
}

/// Whether two constants are equal as keys of a dict.
fn equal_keys(left: &Constant, right: &Constant) -> bool {
    let number = |constant: &Constant| match constant {
        Constant::Int(value) => Some((*value as f64, 0.0)),
        Constant::True => Some((1.0, 0.0)),
        Constant::False => Some((0.0, 0.0)),
        Constant::Float(value) => Some((*value, 0.0)),
        Constant::Complex(real, imaginary) => Some((*real, *imaginary)),
        _ => None,
    };
    match (left, right) {
        (Constant::Int(left), Constant::Int(right)) => left == right,
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => left == right,
            _ => left == right,
        },
    }
}
