//! Calls.

use ruff_python_ast::{Arguments, Expr, ExprAttribute, ExprCall, ExprContext, Keyword};
use ruff_text_size::{Ranged, TextRange};

use super::expressions::inferred_type;
use super::unit::{At, UnitKind};
use super::{Generator, STACK_USE_GUIDELINE};
use crate::constant::Constant;
use crate::error::{Compiled, Failure};
use crate::opcode::{CommonConstant, Intrinsic1, Opcode};
use crate::symbol_table::{NameScope, SymbolFlags, node_address};

impl<'a> Generator<'a, '_> {
    pub fn call(&mut self, node: &'a ExprCall) -> Compiled<()> {
        self.check_keywords(&node.arguments.keywords)?;
        if let [Expr::Generator(generator)] = &*node.arguments.args
            && !generator.parenthesized
        {
            self.bare_generators
                .insert(node_address(generator), node.arguments.range);
        }
        if self.method_call(node)? {
            return Ok(());
        }
        self.check_callee(&node.func, node.range());
        self.expression(&node.func)?;
        let end = self.label();
        self.consume_generator(node, end)?;
        let func_at = self.at(node.func.range());
        let at = self.at(node.range());
        self.emit(Opcode::PUSH_NULL, func_at);
        self.arguments(0, &node.arguments, None, at)?;
        self.use_label(end);
        Ok(())
    }

    fn check_callee(&mut self, callee: &Expr, range: TextRange) {
        let callable = !matches!(
            callee,
            Expr::NoneLiteral(_)
                | Expr::BooleanLiteral(_)
                | Expr::EllipsisLiteral(_)
                | Expr::NumberLiteral(_)
                | Expr::StringLiteral(_)
                | Expr::BytesLiteral(_)
                | Expr::Tuple(_)
                | Expr::List(_)
                | Expr::ListComp(_)
                | Expr::Dict(_)
                | Expr::DictComp(_)
                | Expr::Set(_)
                | Expr::SetComp(_)
                | Expr::Generator(_)
                | Expr::FString(_)
                | Expr::TString(_)
        );
        if !callable && let Some(type_name) = inferred_type(callee) {
            self.warn(
                format!("'{type_name}' object is not callable; perhaps you missed a comma?"),
                range,
            );
        }
    }

    /// The same keyword twice is an error of the source, not of the call.
    pub fn check_keywords(&self, keywords: &[Keyword]) -> Compiled<()> {
        for (index, keyword) in keywords.iter().enumerate() {
            let Some(name) = &keyword.arg else { continue };
            let earlier = &keywords[..index];
            let repeated = if index < 16 {
                earlier
                    .iter()
                    .any(|other| other.arg.as_ref().is_some_and(|o| o.id == name.id))
            } else {
                let seen: rustc_hash::FxHashSet<&str> = keywords
                    .iter()
                    .filter_map(|other| other.arg.as_deref())
                    .collect();
                let named = keywords.iter().filter(|other| other.arg.is_some()).count();
                if seen.len() == named {
                    return Ok(());
                }
                earlier
                    .iter()
                    .any(|other| other.arg.as_ref().is_some_and(|o| o.id == name.id))
            };
            if repeated {
                return Err(Failure::syntax(
                    format!("keyword argument repeated: {}", name.as_str()),
                    keyword.range,
                ));
            }
        }
        Ok(())
    }

    /// `value.name(…)`: the method is not bound. False when the call does not qualify.
    fn method_call(&mut self, node: &'a ExprCall) -> Compiled<bool> {
        let Expr::Attribute(method) = &*node.func else {
            return Ok(false);
        };
        if method.ctx != ExprContext::Load || self.is_imported_name(&method.value) {
            return Ok(false);
        }
        let arguments = &node.arguments;
        let count = arguments.args.len() + arguments.keywords.len();
        if count + usize::from(!arguments.keywords.is_empty()) >= STACK_USE_GUIDELINE
            || arguments.args.iter().any(Expr::is_starred_expr)
            || arguments
                .keywords
                .iter()
                .any(|keyword| keyword.arg.is_none())
        {
            return Ok(false);
        }
        if let Some(two_arguments) = self.super_arguments(method) {
            self.load_super_arguments(method)?;
            let at = self.attribute_at(method);
            self.emit_super_attribute(method, two_arguments, true, at);
        } else {
            self.expression(&method.value)?;
            let at = self.attribute_at(method);
            self.emit_name(Opcode::LOAD_ATTR, &method.attr, at);
            self.last_argument_or(1);
        }
        self.expressions(&arguments.args)?;
        let names_at = self.attribute_at(method);
        let mut at = self.at(node.range());
        // A call that spans lines is shown at the method's name.
        if let (Some(whole), Some(attribute)) = (at, self.attribute_at(method))
            && self
                .at(method.range)
                .is_some_and(|attr| attr.line != attr.end_line)
        {
            at = Some(crate::location::Location {
                line: attribute.line,
                end_line: whole.end_line,
                columns: attribute
                    .columns
                    .zip(whole.columns)
                    .map(|((start, _), (_, end))| (start, end)),
            });
        }
        self.keywords_and_call(arguments.args.len(), &arguments.keywords, names_at, at)?;
        Ok(true)
    }

    fn last_argument_or(&mut self, bits: u32) {
        self.unit()
            .instructions
            .last_mut()
            .expect("invariant: an instruction was just emitted")
            .argument |= bits;
    }

    /// Whether this is a name that a module imported: such attributes are rarely methods.
    fn is_imported_name(&self, value: &Expr) -> bool {
        let Expr::Name(name) = value else {
            return false;
        };
        if self.scope_id() != self.table.top() {
            let top = &self.table[self.table.top()];
            let resolved = self.table[self.scope_id()].symbol(&name.id).scope;
            return matches!(
                resolved,
                NameScope::GlobalImplicit | NameScope::GlobalExplicit
            ) && top.symbol(&name.id).flags.contains(SymbolFlags::IMPORT);
        }
        self.table[self.table.top()]
            .symbol(&name.id)
            .flags
            .contains(SymbolFlags::IMPORT)
    }

    fn keywords_and_call(
        &mut self,
        positional: usize,
        keywords: &'a [Keyword],
        names_at: At,
        at: At,
    ) -> Compiled<()> {
        if keywords.is_empty() {
            self.emit_with(Opcode::CALL, positional as u32, at);
            return Ok(());
        }
        let mut names = Vec::with_capacity(keywords.len());
        for keyword in keywords {
            self.expression(&keyword.value)?;
            // Unlike the names of parameters, those of arguments are not mangled.
            let name = keyword.arg.as_ref().map_or("", |name| name.as_str());
            names.push(Constant::from(name));
        }
        self.load_constant(Constant::Tuple(names.into()), names_at);
        self.emit_with(Opcode::CALL_KW, (positional + keywords.len()) as u32, at);
        Ok(())
    }

    /// The arguments of a call, `pushed` of which are on the stack already, and the call.
    pub fn arguments(
        &mut self,
        pushed: usize,
        arguments: &'a Arguments,
        injected: Option<&'a str>,
        at: At,
    ) -> Compiled<()> {
        let Arguments { args, keywords, .. } = arguments;
        let unpacks = args.iter().any(Expr::is_starred_expr)
            || keywords.iter().any(|keyword| keyword.arg.is_none());
        if !unpacks && args.len() + keywords.len() * 2 <= STACK_USE_GUIDELINE {
            self.expressions(args)?;
            let mut count = pushed + args.len();
            if let Some(name) = injected {
                self.load(name, at);
                count += 1;
            }
            return self.keywords_and_call(count, keywords, at, at);
        }
        match (&**args, pushed, injected) {
            ([Expr::Starred(only)], 0, None) => self.expression(&only.value)?,
            _ => self.star_unpack(args, injected, pushed, Opcode::BUILD_TUPLE, at)?,
        }
        if keywords.is_empty() {
            self.emit(Opcode::PUSH_NULL, at);
        } else {
            self.keyword_dict(keywords, at)?;
        }
        self.emit(Opcode::CALL_FUNCTION_EX, at);
        Ok(())
    }

    fn keyword_dict(&mut self, keywords: &'a [Keyword], at: At) -> Compiled<()> {
        let mut have_dict = false;
        let mut start = 0;
        for (index, keyword) in keywords.iter().enumerate() {
            if keyword.arg.is_some() {
                continue;
            }
            if start < index {
                self.keyword_part(&keywords[start..index], at)?;
                if have_dict {
                    self.emit_with(Opcode::DICT_MERGE, 1, at);
                }
                have_dict = true;
            }
            start = index + 1;
            if !have_dict {
                self.emit_with(Opcode::BUILD_MAP, 0, at);
                have_dict = true;
            }
            self.expression(&keyword.value)?;
            self.emit_with(Opcode::DICT_MERGE, 1, at);
        }
        if start < keywords.len() {
            self.keyword_part(&keywords[start..], at)?;
            if have_dict {
                self.emit_with(Opcode::DICT_MERGE, 1, at);
            }
        }
        Ok(())
    }

    fn keyword_part(&mut self, keywords: &'a [Keyword], at: At) -> Compiled<()> {
        let big = keywords.len() * 2 > STACK_USE_GUIDELINE;
        if big {
            self.emit_with(Opcode::BUILD_MAP, 0, at);
        }
        for keyword in keywords {
            let name = keyword.arg.as_ref().map_or("", |name| name.as_str());
            self.load_constant(Constant::from(name), at);
            self.expression(&keyword.value)?;
            if big {
                self.emit_with(Opcode::MAP_ADD, 1, at);
            }
        }
        if !big {
            self.emit_with(Opcode::BUILD_MAP, keywords.len() as u32, at);
        }
        Ok(())
    }

    // super()

    /// Whether this is an attribute of `super()` (false) or `super(class, self)` (true) that can
    /// be looked up without making a super object.
    pub fn super_arguments(&self, node: &'a ExprAttribute) -> Option<bool> {
        let Expr::Call(call) = &*node.value else {
            return None;
        };
        let Expr::Name(name) = &*call.func else {
            return None;
        };
        if name.id != "super" || !call.arguments.keywords.is_empty() {
            return None;
        }
        // `super` must be the builtin, as far as can be seen.
        let scope = self.scope_id();
        let top = self.table.top();
        if self.table[scope].symbol("super").scope != NameScope::GlobalImplicit
            || self.table[top].symbols.contains_key("super")
                && self.table[top]
                    .symbol("super")
                    .flags
                    .intersects(SymbolFlags::BOUND)
        {
            return None;
        }
        match &*call.arguments.args {
            [first, second] if !first.is_starred_expr() && !second.is_starred_expr() => Some(true),
            [] => {
                let unit = self.unit_ref();
                let in_function = matches!(
                    unit.kind,
                    UnitKind::Function | UnitKind::AsyncFunction | UnitKind::Lambda
                );
                // The instance is the first argument.
                let has_first = unit.arg_count > 0;
                let has_class = self.table[scope].symbol("__class__").scope == NameScope::Free;
                (in_function && has_first && has_class && unit.inlined_comprehensions == 0)
                    .then_some(false)
            }
            _ => None,
        }
    }

    pub fn load_super_arguments(&mut self, node: &'a ExprAttribute) -> Compiled<()> {
        let Expr::Call(call) = &*node.value else {
            return Ok(());
        };
        let at = self.at(call.range());
        self.expression(&call.func)?;
        if call.arguments.args.is_empty() {
            self.load("__class__", at);
            let first = *self
                .unit_ref()
                .varnames
                .first()
                .expect("invariant: there is an argument");
            self.load(first, at);
        } else {
            self.expressions(&call.arguments.args)?;
        }
        Ok(())
    }

    pub fn emit_super_attribute(
        &mut self,
        node: &'a ExprAttribute,
        two_arguments: bool,
        method: bool,
        at: At,
    ) {
        self.emit_name(Opcode::LOAD_SUPER_ATTR, &node.attr, at);
        self.last_argument_or(u32::from(method) | (u32::from(two_arguments) << 1));
    }

    /// `any(… for …)`, `all(… for …)`, `tuple(… for …)`: when the name turns out to mean the
    /// builtin, the generator is run here. The callable is on the stack; on success control goes
    /// to `end` with the result in its place.
    fn consume_generator(&mut self, node: &'a ExprCall, end: super::unit::Label) -> Compiled<()> {
        let Expr::Name(name) = &*node.func else {
            return Ok(());
        };
        let ([Expr::Generator(generator)], true) =
            (&*node.arguments.args, node.arguments.keywords.is_empty())
        else {
            return Ok(());
        };
        let asynchronous = generator.generators.iter().any(|clause| clause.is_async);
        let (builtin, initial, continues) = match name.id.as_str() {
            "all" => (CommonConstant::All, true, Opcode::POP_JUMP_IF_TRUE),
            "any" => (CommonConstant::Any, false, Opcode::POP_JUMP_IF_FALSE),
            "tuple" => (CommonConstant::Tuple, false, Opcode::NOP),
            _ => return Ok(()),
        };
        if asynchronous || self.has_await(generator) {
            return Ok(());
        }
        let at = self.at(node.func.range());
        let (skip, start, cleanup) = (self.label(), self.label(), self.label());
        self.emit_with(Opcode::COPY, 1, at);
        self.emit_with(Opcode::LOAD_COMMON_CONSTANT, builtin as u32, at);
        self.emit_with(Opcode::IS_OP, 0, at);
        self.jump(Opcode::POP_JUMP_IF_FALSE, skip, at);
        self.emit(Opcode::POP_TOP, at);
        let tuple = builtin == CommonConstant::Tuple;
        if tuple {
            self.emit_with(Opcode::BUILD_LIST, 0, at);
        }
        self.expression(&node.arguments.args[0])?;
        self.use_label(start);
        self.jump(Opcode::FOR_ITER, cleanup, at);
        if tuple {
            self.emit_with(Opcode::LIST_APPEND, 2, at);
            self.jump(Opcode::JUMP, start, at);
        } else {
            self.emit(Opcode::TO_BOOL, at);
            self.jump(continues, start, at);
            self.emit(Opcode::POP_ITER, None);
            self.load_constant(Constant::from(!initial), at);
            self.jump(Opcode::JUMP, end, at);
        }
        self.use_label(cleanup);
        self.emit(Opcode::END_FOR, None);
        self.emit(Opcode::POP_ITER, None);
        if tuple {
            self.emit_with(Opcode::CALL_INTRINSIC_1, Intrinsic1::ListToTuple as u32, at);
        } else {
            self.load_constant(Constant::from(initial), at);
        }
        self.jump(Opcode::JUMP, end, at);
        self.use_label(skip);
        Ok(())
    }
}
