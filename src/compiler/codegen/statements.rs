//! Statements: assignment, branches, loops, imports.

use ruff_python_ast::{
    Alias, ElifElseClause, Expr, ExprContext, Stmt, StmtAnnAssign, StmtAssert, StmtAugAssign,
    StmtFor, StmtIf, StmtImport, StmtImportFrom, StmtReturn, StmtWhile,
};
use ruff_text_size::{Ranged, TextRange};

use super::Generator;
use super::expressions::inplace_operation;
use super::names::Access;
use super::unit::{At, FrameBlockKind, UnitKind};
use crate::code::CodeFlags;
use crate::constant::Constant;
use crate::error::{Compiled, Failure};
use crate::opcode::{CommonConstant, Intrinsic1, Opcode};
use crate::recursion::grow;
use crate::symbol_table::{ScopeFlags, ScopeKind};

impl<'a> Generator<'a, '_> {
    pub fn module_body(&mut self, body: &'a [Stmt]) -> Compiled<()> {
        let placeholder = self.unit_ref().instructions.len() - 1;
        let at = self.unit_ref().instructions[placeholder].at;
        self.body(body, at, None)?;
        // The functions that evaluate annotations are made before anything runs, so that they are
        // there for whoever looks at a module half imported.
        let start = self.unit_ref().instructions.len();
        if self.scope_is(ScopeFlags::CONDITIONAL_ANNOTATIONS)
            && !self.unit_ref().deferred_annotations.is_empty()
        {
            self.process_annotations(at)?;
            self.emit_with(Opcode::BUILD_SET, 0, at);
            self.store("__conditional_annotations__", at);
        }
        let unit = self.unit();
        let setup = unit.instructions.split_off(start);
        unit.insert(placeholder + 1, setup);
        unit.instructions[placeholder].opcode = Opcode::NOP;
        unit.instructions[placeholder].at = None;
        Ok(())
    }

    /// The statements of a module or class. `class` tells where a class begins.
    pub fn body(&mut self, body: &'a [Stmt], at: At, class: Option<At>) -> Compiled<()> {
        let future_annotations = self.future.flags.contains(CodeFlags::FUTURE_ANNOTATIONS)
            || self.options.flags.contains(CodeFlags::FUTURE_ANNOTATIONS);
        let annotated = self.scope_is(ScopeFlags::ANNOTATIONS_USED);
        if future_annotations && annotated {
            self.emit(Opcode::SETUP_ANNOTATIONS, at);
        }
        let mut rest = body;
        let interactive = self.interactive && class.is_none();
        if !interactive
            && let Some((Stmt::Expr(first), after)) = body.split_first()
            && let Expr::StringLiteral(docstring) = &*first.value
        {
            rest = after;
            if self.options.optimize < 2 {
                let text = self.docstring(docstring);
                let at = self.at(docstring.range);
                self.load_constant(text, at);
                self.store("__doc__", at);
            }
        }
        self.statements(rest)?;
        if class.is_some() && annotated && !future_annotations {
            self.process_annotations(at)?;
        }
        Ok(())
    }

    pub fn statements(&mut self, body: &'a [Stmt]) -> Compiled<()> {
        body.iter()
            .try_for_each(|statement| self.statement(statement))
    }

    fn conditionally(&mut self, generate: impl FnOnce(&mut Self) -> Compiled<()>) -> Compiled<()> {
        let before = std::mem::replace(&mut self.unit().in_conditional, true);
        generate(self)?;
        self.unit().in_conditional = before;
        Ok(())
    }

    pub fn statement(&mut self, statement: &'a Stmt) -> Compiled<()> {
        match statement {
            Stmt::Expr(node) => self.expression_statement(&node.value, node.range),
            Stmt::Assign(node) => {
                self.expression(&node.value)?;
                let (last, before) = node
                    .targets
                    .split_last()
                    .expect("invariant: an assignment has a target");
                let at = self.at(node.range);
                for target in before {
                    self.emit_with(Opcode::COPY, 1, at);
                    self.expression(target)?;
                }
                self.expression(last)
            }
            Stmt::AugAssign(node) => self.augmented_assignment(node),
            Stmt::AnnAssign(node) => self.annotated_assignment(node),
            Stmt::Return(node) => self.return_statement(node),
            Stmt::Delete(node) => node
                .targets
                .iter()
                .try_for_each(|target| self.expression(target)),
            Stmt::If(node) => grow(|| self.conditionally(|generator| generator.if_statement(node))),
            Stmt::For(node) => grow(|| {
                self.conditionally(|generator| {
                    if node.is_async {
                        generator.async_for(node)
                    } else {
                        generator.for_statement(node)
                    }
                })
            }),
            Stmt::While(node) => {
                grow(|| self.conditionally(|generator| generator.while_statement(node)))
            }
            Stmt::Try(node) => {
                grow(|| self.conditionally(|generator| generator.try_statement(node)))
            }
            Stmt::With(node) => {
                grow(|| self.conditionally(|generator| generator.with_statement(node, 0)))
            }
            Stmt::Match(node) => {
                grow(|| self.conditionally(|generator| generator.match_statement(node)))
            }
            Stmt::FunctionDef(node) => grow(|| self.function_definition(node)),
            Stmt::ClassDef(node) => grow(|| self.class_definition(node)),
            Stmt::TypeAlias(node) => self.type_alias(node),
            Stmt::Raise(node) => {
                let mut count = 0;
                for part in [&node.exc, &node.cause].into_iter().flatten() {
                    self.expression(part)?;
                    count += 1;
                }
                let at = self.at(node.range);
                self.emit_with(Opcode::RAISE_VARARGS, count, at);
                Ok(())
            }
            Stmt::Assert(node) => self.assert_statement(node),
            Stmt::Import(node) => self.import(node),
            Stmt::ImportFrom(node) => self.import_from(node),
            Stmt::Global(_) | Stmt::Nonlocal(_) => Ok(()),
            Stmt::Pass(node) => {
                let at = self.at(node.range);
                self.emit(Opcode::NOP, at);
                Ok(())
            }
            Stmt::Break(node) => self.break_statement(node.range),
            Stmt::Continue(node) => self.continue_statement(node.range),
            Stmt::IpyEscapeCommand(node) => Err(Failure::syntax("invalid syntax", node.range)),
        }
    }

    fn expression_statement(&mut self, value: &'a Expr, range: TextRange) -> Compiled<()> {
        let at = self.at(range);
        if self.interactive && self.unit_ref().kind == UnitKind::Module {
            self.expression(value)?;
            self.emit_with(Opcode::CALL_INTRINSIC_1, Intrinsic1::Print as u32, at);
            self.emit(Opcode::POP_TOP, None);
            return Ok(());
        }
        if is_constant(value) {
            self.emit(Opcode::NOP, at);
            return Ok(());
        }
        self.expression(value)?;
        self.emit(Opcode::POP_TOP, None);
        Ok(())
    }

    fn return_statement(&mut self, node: &'a StmtReturn) -> Compiled<()> {
        let mut at = self.at(node.range);
        let line = at.map(|at| at.line);
        if !matches!(
            self.unit_ref().kind,
            UnitKind::Function | UnitKind::AsyncFunction | UnitKind::Lambda
        ) {
            return Err(Failure::syntax("'return' outside function", node.range));
        }
        if node.value.is_some() && self.scope_is(ScopeFlags::GENERATOR | ScopeFlags::COROUTINE) {
            return Err(Failure::syntax(
                "'return' with value in async generator",
                node.range,
            ));
        }
        self.check_in_finally("return", node.range);
        let value = node.value.as_deref();
        let preserve = value.filter(|value| !is_constant(value));
        if let Some(value) = preserve {
            self.expression(value)?;
        } else if let Some(value) = value {
            at = self.at(value.range());
            self.emit(Opcode::NOP, at);
        }
        let value_line = value.map(|value| self.line_of(value.range().start()));
        if value_line != line {
            at = self.at(node.range);
            self.emit(Opcode::NOP, at);
        }
        let unwound = match value {
            Some(value) if preserve.is_none() => value.range(),
            _ => node.range,
        };
        self.unwind_for_exit(&mut at, preserve.is_some(), unwound)?;
        match value {
            None => self.load_none(at),
            Some(value) if preserve.is_none() => {
                let constant = self.literal(value)?;
                self.load_constant(constant, at);
            }
            Some(_) => {}
        }
        self.emit(Opcode::RETURN_VALUE, at);
        Ok(())
    }

    fn if_statement(&mut self, node: &'a StmtIf) -> Compiled<()> {
        let end = self.label();
        let mut test = Some(&*node.test);
        let mut body = node.body.as_slice();
        let mut clauses: &'a [ElifElseClause] = &node.elif_else_clauses;
        loop {
            let next = if clauses.is_empty() {
                end
            } else {
                self.label()
            };
            if let Some(test) = test {
                self.jump_if(test, next, false)?;
            }
            self.statements(body)?;
            let Some((clause, rest)) = clauses.split_first() else {
                break;
            };
            self.jump(Opcode::JUMP, end, None);
            self.use_label(next);
            test = clause.test.as_ref();
            body = &clause.body;
            clauses = rest;
        }
        self.use_label(end);
        Ok(())
    }

    fn for_statement(&mut self, node: &'a StmtFor) -> Compiled<()> {
        let at = self.at(node.range);
        let (start, cleanup, end) = (self.label(), self.label(), self.label());
        self.push_block(FrameBlockKind::ForLoop, start, end)
            .map_err(|_| too_many_blocks(node.range))?;
        self.expression(&node.iter)?;
        let iter_at = self.at(node.iter.range());
        self.freeze_display(iter_at);
        self.emit(Opcode::GET_ITER, iter_at);
        self.use_label(start);
        let _ = at;
        self.jump(Opcode::FOR_ITER, cleanup, iter_at);
        // A step on the target's line, should the header span lines.
        let target_at = self.at(node.target.range());
        self.emit(Opcode::NOP, target_at);
        self.expression(&node.target)?;
        self.statements(&node.body)?;
        self.jump(Opcode::JUMP, start, None);
        self.use_label(cleanup);
        // What ends the loop belongs to the loop, not to its last statement.
        self.emit(Opcode::END_FOR, None);
        self.emit(Opcode::POP_ITER, None);
        self.pop_block();
        self.statements(&node.orelse)?;
        self.use_label(end);
        Ok(())
    }

    fn async_for(&mut self, node: &'a StmtFor) -> Compiled<()> {
        self.require_async("'async for' outside async function", node.range)?;
        let at = self.at(node.range);
        let (start, except, end) = (self.label(), self.label(), self.label());
        self.expression(&node.iter)?;
        let iter_at = self.at(node.iter.range());
        self.emit(Opcode::GET_AITER, iter_at);
        self.use_label(start);
        self.push_block(FrameBlockKind::AsyncForLoop, start, end)
            .map_err(|_| too_many_blocks(node.range))?;
        self.jump(Opcode::SETUP_FINALLY, except, at);
        self.emit(Opcode::GET_ANEXT, at);
        self.load_none(at);
        self.yield_from(at, true);
        self.emit(Opcode::POP_BLOCK, at);
        self.expression(&node.target)?;
        self.statements(&node.body)?;
        self.jump(Opcode::JUMP, start, None);
        self.pop_block();
        self.use_label(except);
        self.emit(Opcode::END_ASYNC_FOR, iter_at);
        self.statements(&node.orelse)?;
        self.use_label(end);
        Ok(())
    }

    /// `async` statements need an asynchronous function, or a module that may await.
    pub fn require_async(&self, message: &str, range: TextRange) -> Compiled<()> {
        let unit = self.unit_ref();
        let top_level = self.options.allow_top_level_await && unit.kind == UnitKind::Module;
        if unit.kind == UnitKind::AsyncFunction || top_level {
            return Ok(());
        }
        Err(Failure::syntax(message, range))
    }

    fn while_statement(&mut self, node: &'a StmtWhile) -> Compiled<()> {
        let (start, anchor, end) = (self.label(), self.label(), self.label());
        self.use_label(start);
        self.push_block(FrameBlockKind::WhileLoop, start, end)
            .map_err(|_| too_many_blocks(node.range))?;
        self.jump_if(&node.test, anchor, false)?;
        self.statements(&node.body)?;
        self.jump(Opcode::JUMP, start, None);
        self.pop_block();
        self.use_label(anchor);
        self.statements(&node.orelse)?;
        self.use_label(end);
        Ok(())
    }

    /// Leaving a `finally` block early swallows the exception that it was entered with (PEP 765).
    fn check_in_finally(&mut self, statement: &str, range: TextRange) {
        let innermost = self
            .unit_ref()
            .blocks
            .iter()
            .rev()
            .find(|block| match block.kind {
                FrameBlockKind::FinallyEnd => true,
                FrameBlockKind::WhileLoop
                | FrameBlockKind::ForLoop
                | FrameBlockKind::AsyncForLoop => statement != "return",
                _ => false,
            });
        if innermost.is_some_and(|block| matches!(block.kind, FrameBlockKind::FinallyEnd)) {
            self.warn(format!("'{statement}' in a 'finally' block"), range);
        }
    }

    fn break_statement(&mut self, range: TextRange) -> Compiled<()> {
        let mut at = self.at(range);
        self.emit(Opcode::NOP, at);
        self.check_in_finally("break", range);
        let Some(depth) = self.unwind_to_loop(&mut at, range)? else {
            return Err(Failure::syntax("'break' outside loop", range));
        };
        let block = self.unit_ref().blocks[depth];
        self.unwind_block(&block, &mut at, false)?;
        self.jump(Opcode::JUMP, block.exit, at);
        Ok(())
    }

    fn continue_statement(&mut self, range: TextRange) -> Compiled<()> {
        let mut at = self.at(range);
        self.emit(Opcode::NOP, at);
        self.check_in_finally("continue", range);
        let Some(depth) = self.unwind_to_loop(&mut at, range)? else {
            return Err(Failure::syntax("'continue' not properly in loop", range));
        };
        let block = self.unit_ref().blocks[depth];
        self.jump(Opcode::JUMP, block.start, at);
        Ok(())
    }

    fn augmented_assignment(&mut self, node: &'a StmtAugAssign) -> Compiled<()> {
        let at = self.at(node.range);
        let operation = inplace_operation(node.op);
        match &*node.target {
            Expr::Attribute(target) => {
                self.expression(&target.value)?;
                let attribute_at = self.attribute_at(target);
                self.emit_with(Opcode::COPY, 1, attribute_at);
                self.emit_name(Opcode::LOAD_ATTR, &target.attr, attribute_at);
                self.expression(&node.value)?;
                self.emit_binary(operation, at);
                self.emit_with(Opcode::SWAP, 2, attribute_at);
                self.emit_name(Opcode::STORE_ATTR, &target.attr, attribute_at);
            }
            Expr::Subscript(target) => {
                let target_at = self.at(target.range);
                self.expression(&target.value)?;
                if let Some(slice) = two_part_slice(&target.slice) {
                    self.slice_parts(slice)?;
                    for _ in 0..3 {
                        self.emit_with(Opcode::COPY, 3, target_at);
                    }
                    self.emit(Opcode::BINARY_SLICE, target_at);
                    self.expression(&node.value)?;
                    self.emit_binary(operation, at);
                    for depth in [4, 3, 2] {
                        self.emit_with(Opcode::SWAP, depth, target_at);
                    }
                    self.emit(Opcode::STORE_SLICE, target_at);
                } else {
                    self.expression(&target.slice)?;
                    self.emit_with(Opcode::COPY, 2, target_at);
                    self.emit_with(Opcode::COPY, 2, target_at);
                    self.emit_with(
                        Opcode::BINARY_OP,
                        crate::opcode::BinaryOperation::Subscript as u32,
                        target_at,
                    );
                    self.expression(&node.value)?;
                    self.emit_binary(operation, at);
                    self.emit_with(Opcode::SWAP, 3, target_at);
                    self.emit_with(Opcode::SWAP, 2, target_at);
                    self.emit(Opcode::STORE_SUBSCR, target_at);
                }
            }
            Expr::Name(target) => {
                let target_at = self.at(target.range);
                self.load(&target.id, target_at);
                self.expression(&node.value)?;
                self.emit_binary(operation, at);
                self.store(&target.id, target_at);
            }
            other => {
                return Err(Failure::syntax("invalid syntax", other.range()));
            }
        }
        Ok(())
    }

    fn annotated_assignment(&mut self, node: &'a StmtAnnAssign) -> Compiled<()> {
        let at = self.at(node.range);
        let future_annotations = self.future.flags.contains(CodeFlags::FUTURE_ANNOTATIONS)
            || self.options.flags.contains(CodeFlags::FUTURE_ANNOTATIONS);
        if let Some(value) = &node.value {
            self.expression(value)?;
            self.expression(&node.target)?;
        }
        let stores = matches!(self.unit_ref().kind, UnitKind::Module | UnitKind::Class);
        match &*node.target {
            Expr::Name(target) if node.simple && stores => {
                if future_annotations {
                    let text = self.annotation_text(&node.annotation);
                    let annotation_at = self.at(node.annotation.range());
                    self.load_constant(text, annotation_at);
                    let name = self.unit().name_index("__annotations__");
                    self.emit_with(Opcode::LOAD_NAME, name, at);
                    let mangled = self.mangled(&target.id);
                    self.load_constant(Constant::from(mangled), at);
                    self.emit(Opcode::STORE_SUBSCR, at);
                } else {
                    let unit = self.unit();
                    let conditional = unit.kind == UnitKind::Module || unit.in_conditional;
                    let index = conditional.then(|| {
                        unit.conditional_annotation_count += 1;
                        unit.conditional_annotation_count - 1
                    });
                    unit.deferred_annotations.push((node, index));
                    if let Some(index) = index {
                        self.load_conditional_annotations(at);
                        self.load_constant(Constant::Int(i64::from(index)), at);
                        self.emit_with(Opcode::SET_ADD, 1, at);
                        self.emit(Opcode::POP_TOP, at);
                    }
                }
            }
            Expr::Attribute(target) if node.value.is_none() => {
                self.expression(&target.value)?;
                self.emit(Opcode::POP_TOP, at);
            }
            Expr::Subscript(target) if node.value.is_none() => {
                self.expression(&target.value)?;
                self.emit(Opcode::POP_TOP, at);
                self.expression(&target.slice)?;
                self.emit(Opcode::POP_TOP, at);
            }
            _ => {}
        }
        Ok(())
    }

    /// The set of annotations of this class or module that have been reached.
    pub fn load_conditional_annotations(&mut self, at: At) {
        const NAME: &str = "__conditional_annotations__";
        if self.unit_ref().kind == UnitKind::Class {
            let index = self
                .unit_ref()
                .cellvars
                .get_index_of(NAME)
                .expect("invariant: a class with conditional annotations has their cell");
            self.emit_with(Opcode::LOAD_DEREF, index as u32, at);
        } else {
            self.load(NAME, at);
        }
    }

    fn assert_statement(&mut self, node: &'a StmtAssert) -> Compiled<()> {
        if let Expr::Tuple(tuple) = &*node.test
            && !tuple.elts.is_empty()
        {
            self.warn(
                "assertion is always true, perhaps remove parentheses?",
                node.range,
            );
        }
        if self.options.optimize > 0 {
            return Ok(());
        }
        let end = self.label();
        self.jump_if(&node.test, end, true)?;
        let at = self.at(node.range);
        let test_at = self.at(node.test.range());
        self.emit_with(
            Opcode::LOAD_COMMON_CONSTANT,
            CommonConstant::AssertionError as u32,
            at,
        );
        if let Some(message) = &node.msg {
            self.expression(message)?;
            self.emit_with(Opcode::CALL, 0, at);
        }
        self.emit_with(Opcode::RAISE_VARARGS, 1, test_at);
        self.use_label(end);
        Ok(())
    }

    fn import(&mut self, node: &'a StmtImport) -> Compiled<()> {
        let at = self.at(node.range);
        for alias in &node.names {
            let module = alias.name.as_str();
            self.load_constant(Constant::Int(0), at);
            self.load_none(at);
            let name = self.mangled(module);
            let index = self.unit().name_index(name);
            self.emit_with(Opcode::IMPORT_NAME, index, at);
            match &alias.asname {
                Some(target) => {
                    // `import a.b.c as x` binds the last module, found through its parents.
                    let mut parts = module.split('.').skip(1).peekable();
                    while let Some(part) = parts.next() {
                        let index = self.unit().name_index(part);
                        self.emit_with(Opcode::IMPORT_FROM, index, at);
                        if parts.peek().is_some() {
                            self.emit_with(Opcode::SWAP, 2, at);
                            self.emit(Opcode::POP_TOP, at);
                        }
                    }
                    self.store(target, at);
                    if module.contains('.') {
                        self.emit(Opcode::POP_TOP, at);
                    }
                }
                None => {
                    let first = module.split('.').next().unwrap_or(module);
                    self.store(first, at);
                }
            }
        }
        Ok(())
    }

    fn import_from(&mut self, node: &'a StmtImportFrom) -> Compiled<()> {
        let at = self.at(node.range);
        let module = node.module.as_ref().map_or("", |module| module.as_str());
        if module == "__future__" && node.level == 0 && !self.future.allows(node) {
            return Err(Failure::syntax(
                "from __future__ imports must occur at the beginning of the file",
                node.range,
            ));
        }
        self.load_constant(Constant::Int(i64::from(node.level)), at);
        let names = node
            .names
            .iter()
            .map(|alias| Constant::from(alias.name.as_str()))
            .collect();
        self.load_constant(Constant::Tuple(names), at);
        let name = self.mangled(module);
        let index = self.unit().name_index(name);
        self.emit_with(Opcode::IMPORT_NAME, index, at);
        if let [Alias { name, .. }] = node.names.as_slice()
            && name.as_str() == "*"
        {
            self.emit_with(Opcode::CALL_INTRINSIC_1, Intrinsic1::ImportStar as u32, at);
            self.emit(Opcode::POP_TOP, None);
            return Ok(());
        }
        for alias in &node.names {
            let name = self.mangled(alias.name.as_str());
            let index = self.unit().name_index(name);
            self.emit_with(Opcode::IMPORT_FROM, index, at);
            self.store(alias.asname.as_ref().unwrap_or(&alias.name), at);
        }
        self.emit(Opcode::POP_TOP, at);
        Ok(())
    }

    /// A target that is a name being deleted, or stored.
    pub fn name_expression(&mut self, name: &'a ruff_python_ast::ExprName) {
        let at = self.at(name.range);
        match name.ctx {
            ExprContext::Store => self.variable(&name.id, Access::Store, at),
            ExprContext::Del => self.variable(&name.id, Access::Delete, at),
            _ => self.load_name(&name.id, name.range),
        }
    }

    pub fn in_function(&self) -> bool {
        self.scope_kind() == ScopeKind::Function
    }
}

pub(super) fn too_many_blocks(range: TextRange) -> Failure {
    Failure::syntax("too many statically nested blocks", range)
}

/// Whether an expression is a literal that loads one constant.
pub(super) fn is_constant(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_)
    )
}

/// A slice `a:b` whose parts have to be computed.
pub(super) fn two_part_slice(expression: &Expr) -> Option<&ruff_python_ast::ExprSlice> {
    let Expr::Slice(slice) = expression else {
        return None;
    };
    if slice.step.is_some() || super::expressions::is_constant_slice(slice) {
        return None;
    }
    Some(slice)
}
