//! Comprehensions: list, set and dict comprehensions run in the frame around them (PEP 709),
//! generator expressions, and what cannot be inlined, are functions of their own.

use ruff_python_ast::{Comprehension, Expr};
use ruff_text_size::{Ranged, TextRange};

use super::Generator;
use super::unit::{At, FrameBlockKind, Label, UnitKind};
use crate::error::{Compiled, Failure};
use crate::opcode::Opcode;
use crate::symbol_table::{
    ComprehensionKind, NameScope, ScopeFlags, ScopeId, ScopeKind, Symbol, SymbolFlags, node_address,
};

/// What one pass of the innermost loop adds.
#[derive(Clone, Copy)]
enum Element<'a> {
    Yield(&'a Expr),
    List(&'a Expr),
    Set(&'a Expr),
    Dict {
        key: Option<&'a Expr>,
        value: &'a Expr,
    },
}

impl<'a> Element<'a> {
    fn range(self) -> TextRange {
        match self {
            Element::Yield(value) | Element::List(value) | Element::Set(value) => value.range(),
            Element::Dict { key, value } => {
                key.map_or(value.range(), |key| key.range().cover(value.range()))
            }
        }
    }
}

/// What an inlined comprehension borrowed from the unit around it.
struct Inlined<'a> {
    /// Symbols that mean something else inside.
    replaced: Vec<(&'a str, Symbol)>,
    /// Locals whose values wait on the stack.
    saved: Vec<&'a str>,
    hidden: Vec<&'a str>,
    cleanup: Option<(Label, Label)>,
}

impl<'a> Generator<'a, '_> {
    pub fn comprehension(&mut self, expression: &'a Expr) -> Compiled<()> {
        let range = expression.range();
        let (kind, node, generators, element) = match expression {
            Expr::ListComp(node) => (
                ComprehensionKind::List,
                node_address(node),
                &node.generators,
                Element::List(&node.elt),
            ),
            Expr::SetComp(node) => (
                ComprehensionKind::Set,
                node_address(node),
                &node.generators,
                Element::Set(&node.elt),
            ),
            Expr::DictComp(node) => (
                ComprehensionKind::Dict,
                node_address(node),
                &node.generators,
                Element::Dict {
                    key: node.key.as_deref(),
                    value: &node.value,
                },
            ),
            Expr::Generator(node) => (
                ComprehensionKind::Generator,
                node_address(node),
                &node.generators,
                Element::Yield(&node.elt),
            ),
            _ => return Ok(()),
        };
        let range = self.bare_generators.get(&node).copied().unwrap_or(range);
        let at = self.at(range);
        let scope = self
            .table
            .scope_of(node, ScopeKind::Function)
            .expect("invariant: every comprehension has a scope");
        let inlined = self.table[scope].is(ScopeFlags::COMPREHENSION_INLINED);
        let asynchronous = self.table[scope].is(ScopeFlags::COROUTINE);
        if asynchronous
            && kind != ComprehensionKind::Generator
            && !matches!(
                self.unit_ref().kind,
                UnitKind::AsyncFunction | UnitKind::Comprehension
            )
            && !(self.options.allow_top_level_await && self.unit_ref().kind == UnitKind::Module)
        {
            return Err(Failure::syntax(
                "asynchronous comprehension outside of an asynchronous function",
                range,
            ));
        }
        let build = match kind {
            ComprehensionKind::List => Some(Opcode::BUILD_LIST),
            ComprehensionKind::Set => Some(Opcode::BUILD_SET),
            ComprehensionKind::Dict => Some(Opcode::BUILD_MAP),
            ComprehensionKind::Generator => None,
        };
        let outermost = &generators[0];
        if inlined {
            self.outermost_iterator(outermost)?;
            let state = self.enter_inlined(scope, at);
            self.unit().inlined_comprehensions += 1;
            if let Some(build) = build {
                self.emit_with(build, 0, at);
                self.emit_with(Opcode::SWAP, 2, at);
            }
            let result = self.clauses(generators, 0, 0, element, at, true);
            self.unit().inlined_comprehensions -= 1;
            result?;
            self.leave_inlined(state, at);
            return Ok(());
        }

        let code = match self.comprehensions.get(&node) {
            Some(code) => code.clone(),
            None => {
                let name = self.table[scope].name;
                let line = self.line_of(range.start());
                self.enter(UnitKind::Comprehension, scope, name, line)?;
                self.unit().arg_count = 1;
                if let Some(build) = build {
                    self.emit_with(build, 0, at);
                }
                self.clauses(generators, 0, 0, element, at, false)?;
                let code = match build {
                    Some(_) => {
                        self.emit(Opcode::RETURN_VALUE, at);
                        self.leave()?
                    }
                    None => self.leave_returning_none()?,
                };
                self.comprehensions.insert(node, code.clone());
                code
            }
        };
        self.make_closure(code, &[], at);
        self.outermost_iterator(outermost)?;
        self.emit_with(Opcode::CALL, 0, at);
        if asynchronous && build.is_some() {
            self.emit_with(Opcode::GET_AWAITABLE, 0, at);
            self.load_none(at);
            self.yield_from(at, true);
        }
        Ok(())
    }

    fn outermost_iterator(&mut self, outermost: &'a Comprehension) -> Compiled<()> {
        self.expression(&outermost.iter)?;
        let at = self.at(outermost.iter.range());
        if outermost.is_async {
            self.emit(Opcode::GET_AITER, at);
        } else {
            self.freeze_display(at);
            self.emit(Opcode::GET_ITER, at);
        }
        Ok(())
    }

    /// `depth` iterators lie above the collection.
    fn clauses(
        &mut self,
        generators: &'a [Comprehension],
        index: usize,
        mut depth: u32,
        element: Element<'a>,
        at: At,
        inlined: bool,
    ) -> Compiled<()> {
        let generator = &generators[index];
        let iter_at = self.at(generator.iter.range());
        let element_at = self.at(element.range());
        let (mut start, cleanup, anchor) = (Some(self.label()), self.label(), self.label());
        if index == 0 {
            if !inlined {
                self.emit_with(Opcode::LOAD_FAST, 0, at);
            }
        } else {
            // `for y in [f(x)]` is an assignment.
            let single = match &generator.iter {
                Expr::List(list) if !generator.is_async => Some(&list.elts),
                Expr::Tuple(tuple) if !generator.is_async => Some(&tuple.elts),
                _ => None,
            };
            match single.map(Vec::as_slice) {
                Some([only]) if !only.is_starred_expr() => {
                    self.expression(only)?;
                    start = None;
                }
                _ => {
                    self.expression(&generator.iter)?;
                    if generator.is_async {
                        self.emit(Opcode::GET_AITER, iter_at);
                    } else {
                        self.freeze_display(iter_at);
                        self.emit(Opcode::GET_ITER, iter_at);
                    }
                }
            }
        }
        if let Some(start) = start {
            depth += 1;
            self.use_label(start);
            if generator.is_async {
                self.push_block(FrameBlockKind::AsyncComprehension, start, Label::NONE)?;
                self.jump(Opcode::SETUP_FINALLY, anchor, at);
                self.emit(Opcode::GET_ANEXT, at);
                self.load_none(at);
                self.yield_from(at, true);
                self.emit(Opcode::POP_BLOCK, at);
            } else {
                self.jump(Opcode::FOR_ITER, anchor, iter_at);
            }
        }
        self.expression(&generator.target)?;
        for condition in &generator.ifs {
            self.jump_if(condition, cleanup, false)?;
        }
        if index + 1 < generators.len() {
            crate::recursion::grow(|| {
                self.clauses(generators, index + 1, depth, element, at, inlined)
            })?;
        } else {
            self.element(element, depth, element_at)?;
        }
        self.use_label(cleanup);
        if let Some(start) = start {
            self.jump(Opcode::JUMP, start, element_at);
            if generator.is_async {
                self.pop_block();
            }
            self.use_label(anchor);
            if generator.is_async {
                self.emit(Opcode::END_ASYNC_FOR, iter_at);
            } else {
                self.emit(Opcode::END_FOR, None);
                self.emit(Opcode::POP_ITER, None);
            }
        }
        Ok(())
    }

    fn element(&mut self, element: Element<'a>, depth: u32, at: At) -> Compiled<()> {
        match element {
            Element::Yield(value) => {
                self.expression(value)?;
                self.emit_yield(at);
                self.emit(Opcode::POP_TOP, at);
            }
            Element::List(value) => {
                self.expression(value)?;
                self.emit_with(Opcode::LIST_APPEND, depth + 1, at);
            }
            Element::Set(value) => {
                self.expression(value)?;
                self.emit_with(Opcode::SET_ADD, depth + 1, at);
            }
            Element::Dict { key, value } => {
                if let Some(key) = key {
                    self.expression(key)?;
                }
                self.expression(value)?;
                self.emit_with(Opcode::MAP_ADD, depth + 1, at);
            }
        }
        Ok(())
    }

    /// Makes room for the comprehension's variables in this frame: values of locals with the same
    /// names go to the stack. The outermost iterator is on top before and after.
    fn enter_inlined(&mut self, comprehension: ScopeId, at: At) -> Inlined<'a> {
        let scope = self.scope_id();
        let kind = self.scope_kind();
        let in_class = kind == ScopeKind::Class && self.unit_ref().inlined_comprehensions == 0;
        let mut state = Inlined {
            replaced: Vec::new(),
            saved: Vec::new(),
            hidden: Vec::new(),
            cleanup: None,
        };
        let symbols: Vec<(&'a str, Symbol)> = self.table[comprehension]
            .symbols
            .iter()
            .map(|(&name, &symbol)| (name, symbol))
            .collect();
        for (name, symbol) in symbols {
            if symbol.flags.contains(SymbolFlags::PARAMETER) {
                continue;
            }
            let local = symbol.flags.contains(SymbolFlags::LOCAL)
                && !symbol.flags.contains(SymbolFlags::NONLOCAL);
            let outer = self.table[scope].symbol(name);
            let differs = symbol.scope != outer.scope
                && symbol.scope != NameScope::Free
                && !(symbol.scope == NameScope::Cell && outer.scope == NameScope::Free);
            if differs || in_class {
                state.replaced.push((name, outer));
                self.table[scope].symbols.insert(name, symbol);
            }
            if !local || symbol.scope == NameScope::GlobalExplicit {
                continue;
            }
            if !kind.is_function_like() && self.unit().fast_hidden.insert(name, true) != Some(true)
            {
                state.hidden.push(name);
            }
            let index = self.unit().varname_index(name);
            self.emit_with(Opcode::LOAD_FAST_AND_CLEAR, index, at);
            state.saved.push(name);
            if symbol.scope == NameScope::Cell {
                let index = self.cell_index(name);
                self.emit_with(Opcode::MAKE_CELL, index, at);
            }
        }
        if !state.saved.is_empty() {
            self.emit_with(Opcode::SWAP, state.saved.len() as u32 + 1, at);
            let (cleanup, end) = (self.label(), self.label());
            self.jump(Opcode::SETUP_FINALLY, cleanup, at);
            state.cleanup = Some((cleanup, end));
        }
        state
    }

    fn leave_inlined(&mut self, state: Inlined<'a>, at: At) {
        if let Some((cleanup, end)) = state.cleanup {
            self.emit(Opcode::POP_BLOCK, None);
            self.jump(Opcode::JUMP, end, None);
            self.use_label(cleanup);
            // Only the exception and the saved values are worth keeping.
            self.emit_with(Opcode::SWAP, 2, None);
            self.emit(Opcode::POP_TOP, None);
            self.restore_saved(&state.saved, at);
            self.emit_with(Opcode::RERAISE, 0, at);
            self.use_label(end);
            self.restore_saved(&state.saved, at);
        }
        let scope = self.scope_id();
        for (name, symbol) in state.replaced {
            if symbol == Symbol::default() {
                self.table[scope].symbols.shift_remove(name);
            } else {
                self.table[scope].symbols.insert(name, symbol);
            }
        }
        for name in state.hidden {
            self.unit().fast_hidden.insert(name, false);
        }
    }

    fn restore_saved(&mut self, saved: &[&'a str], at: At) {
        self.emit_with(Opcode::SWAP, saved.len() as u32 + 1, at);
        for &name in saved.iter().rev() {
            let index = self.unit().varname_index(name);
            self.emit_with(Opcode::STORE_FAST_MAYBE_NULL, index, at);
        }
    }

    /// Whether a generator expression is asynchronous because something in it awaits.
    pub fn has_await(&self, node: &ruff_python_ast::ExprGenerator) -> bool {
        self.table
            .scope_of(node_address(node), ScopeKind::Function)
            .is_some_and(|scope| self.table[scope].is(ScopeFlags::COROUTINE))
    }
}
