//! From the syntax tree to instructions.
//!
//! ```text
//!   mod            the generator: entering and leaving units, emitting, positions
//!   unit           one code object in the making
//!   fold           constant operators, evaluated while emitting
//!   names          loading, storing, deleting variables
//!   statements     simple statements, if, loops
//!   try_with       try, except*, finally, with, and what break and return undo
//!   expressions    operators, displays, comparisons, attributes, subscripts
//!   calls          calls, super(), any(generator)
//!   strings        f-strings and t-strings
//!   comprehensions inlined and not
//!   functions      functions, lambdas, classes
//!   annotations    __annotate__ functions, type parameters, type aliases
//!   patterns       match
//!   unparse        annotations as text, for `from __future__ import annotations`
//! ```
//!
//! Every construct leaves the stack as CPython's compiler does; the flow graph checks it.

mod annotations;
mod calls;
mod comprehensions;
mod expressions;
mod fold;
mod functions;
mod names;
mod patterns;
mod statements;
mod strings;
mod try_with;
pub(crate) mod unit;
mod unparse;

use std::sync::Arc;

use bumpalo::Bump;
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashMap;

use crate::code::{Code, CodeFlags};
use crate::constant::Constant;
use crate::error::{Compiled, Failure, SyntaxWarning};
use crate::flow_graph;
use crate::future::Future;
use crate::location::Location;
use crate::opcode::Opcode;
use crate::options::{CompileOptions, Mode};
use crate::recursion::RecursionGuard;
use crate::source::LineIndex;
use crate::symbol_table::{
    NameScope, ScopeFlags, ScopeId, ScopeKind, SymbolFlags, SymbolTable, mangle,
};
use unit::{At, FrameBlock, FrameBlockKind, Label, Unit, UnitKind};

/// More values than this are not put on the stack by one construct.
pub(crate) const STACK_USE_GUIDELINE: usize = 30;

/// Code inside code. What reads, writes and drops code objects recurses over it.
const MAX_UNITS: usize = 900;

/// Nested blocks in one function.
const MAX_BLOCKS: usize = 21;

pub(crate) struct Generator<'a, 'g> {
    pub source: &'a str,
    pub lines: &'g LineIndex,
    line_hint: u32,
    pub arena: &'a Bump,
    pub table: SymbolTable<'a>,
    pub guard: &'g RecursionGuard,
    pub options: &'g CompileOptions,
    pub filename: Arc<str>,
    pub future: Future,
    /// What nodes refer to by their indices, in a tree that a program made.
    pub constants: &'g [Constant],
    /// The unit being generated is the last; those before it are waiting.
    units: Vec<Unit<'a>>,
    pub warnings: Vec<SyntaxWarning>,
    interactive: bool,
    /// Ranges of generator expressions that share the parentheses of a call, by node.
    bare_generators: FxHashMap<usize, TextRange>,
    /// Code of comprehensions, by node: one may be in more than one place of the instructions.
    comprehensions: FxHashMap<usize, Arc<Code>>,
}

/// What a generator is made from.
pub(crate) struct GeneratorInput<'a, 'g> {
    pub source: &'a str,
    pub lines: &'g LineIndex,
    pub arena: &'a Bump,
    pub table: SymbolTable<'a>,
    pub guard: &'g RecursionGuard,
    pub options: &'g CompileOptions,
    pub filename: Arc<str>,
    pub future: Future,
    pub constants: &'g [Constant],
}

impl<'a, 'g> Generator<'a, 'g> {
    pub fn new(input: GeneratorInput<'a, 'g>) -> Generator<'a, 'g> {
        Generator {
            source: input.source,
            lines: input.lines,
            line_hint: 1,
            arena: input.arena,
            table: input.table,
            guard: input.guard,
            interactive: input.options.mode == Mode::Single,
            options: input.options,
            filename: input.filename,
            future: input.future,
            constants: input.constants,
            units: Vec::new(),
            warnings: Vec::new(),
            comprehensions: FxHashMap::default(),
            bare_generators: FxHashMap::default(),
        }
    }

    /// The code of a module or an interactive statement.
    pub fn module(&mut self, body: &'a [Stmt]) -> Compiled<Arc<Code>> {
        let top = self.table.top();
        self.enter(UnitKind::Module, top, "<module>", 1)?;
        self.module_body(body)?;
        self.leave_returning_none()
    }

    /// The code of an expression.
    pub fn expression_code(&mut self, expression: &'a Expr) -> Compiled<Arc<Code>> {
        let top = self.table.top();
        self.enter(UnitKind::Module, top, "<module>", 1)?;
        self.expression(expression)?;
        let at = self.at(expression.range());
        self.emit(Opcode::RETURN_VALUE, at);
        self.leave()
    }

    // Units.

    pub fn unit(&mut self) -> &mut Unit<'a> {
        self.units
            .last_mut()
            .expect("invariant: a unit is being generated")
    }

    pub fn unit_ref(&self) -> &Unit<'a> {
        self.units
            .last()
            .expect("invariant: a unit is being generated")
    }

    pub fn scope_id(&self) -> ScopeId {
        self.unit_ref().scope
    }

    pub fn scope_kind(&self) -> ScopeKind {
        self.table[self.scope_id()].kind
    }

    pub fn scope_is(&self, flags: ScopeFlags) -> bool {
        self.table[self.scope_id()].is(flags)
    }

    pub fn enter(
        &mut self,
        kind: UnitKind,
        scope: ScopeId,
        name: &'a str,
        first_line: u32,
    ) -> Compiled<()> {
        if self.units.len() >= MAX_UNITS {
            return Err(Failure::recursion());
        }
        let mut unit = Unit::new(kind, scope, name, first_line);
        unit.private = self.units.last().and_then(|outer| outer.private);
        let entry = &self.table[scope];
        unit.varnames = entry.parameters.iter().copied().collect();
        let mut cells: Vec<&str> = Vec::new();
        let mut free: Vec<&str> = Vec::new();
        for (&name, symbol) in &entry.symbols {
            if symbol.scope == NameScope::Cell
                || symbol.flags.contains(SymbolFlags::COMPREHENSION_CELL)
            {
                cells.push(name);
            }
            if symbol.scope == NameScope::Free || symbol.flags.contains(SymbolFlags::FREE_CLASS) {
                free.push(name);
            }
        }
        cells.sort_unstable();
        free.sort_unstable();
        if entry.is(ScopeFlags::NEEDS_CLASS_CLOSURE) {
            cells.push("__class__");
        }
        if entry.is(ScopeFlags::NEEDS_CLASS_DICT) {
            cells.push("__classdict__");
        }
        if entry.is(ScopeFlags::CONDITIONAL_ANNOTATIONS) && kind == UnitKind::Class {
            cells.push("__conditional_annotations__");
        }
        unit.cellvars = cells.into_iter().collect();
        unit.freevars = free.into_iter().collect();
        if kind == UnitKind::Class {
            unit.static_attributes = Some(Default::default());
        }
        unit.qualname = self.qualname(kind, name);
        let generator = entry
            .flags
            .intersects(ScopeFlags::GENERATOR | ScopeFlags::COROUTINE)
            && matches!(
                kind,
                UnitKind::Function | UnitKind::AsyncFunction | UnitKind::Lambda
            )
            || entry.comprehension == Some(crate::symbol_table::ComprehensionKind::Generator);
        self.units.push(unit);
        if generator {
            // StopIteration that would leave a generator becomes RuntimeError (PEP 479).
            let handler = self.label();
            self.jump(Opcode::SETUP_CLEANUP, handler, None);
            self.push_block(FrameBlockKind::StopIteration, handler, Label::NONE)?;
        }
        let line = if kind == UnitKind::Module {
            0
        } else {
            first_line
        };
        let resume = Location {
            line,
            end_line: first_line,
            columns: Some((0, 0)),
        };
        self.emit_with(Opcode::RESUME, 0, Some(resume));
        if kind == UnitKind::Module {
            self.emit(Opcode::ANNOTATIONS_PLACEHOLDER, Some(resume));
        }
        Ok(())
    }

    pub fn qualname(&self, kind: UnitKind, name: &'a str) -> String {
        let mut outer = self.units.as_slice();
        // Scopes of type parameters and annotations do not show.
        while let Some((last, rest)) = outer.split_last()
            && matches!(last.kind, UnitKind::TypeParameters | UnitKind::Annotations)
        {
            outer = rest;
        }
        let Some(parent) = outer.last() else {
            return name.to_owned();
        };
        if parent.kind == UnitKind::Module {
            return name.to_owned();
        }
        if matches!(
            kind,
            UnitKind::Function | UnitKind::AsyncFunction | UnitKind::Class
        ) {
            let direct = self.units.last().expect("invariant: there is a parent");
            let mangled = mangle(self.arena, direct.private, name);
            if self.table[parent.scope].symbol(mangled).scope == NameScope::GlobalExplicit {
                return name.to_owned();
            }
        }
        if matches!(
            parent.kind,
            UnitKind::Function | UnitKind::AsyncFunction | UnitKind::Lambda
        ) {
            format!("{}.<locals>.{name}", parent.qualname)
        } else {
            format!("{}.{name}", parent.qualname)
        }
    }

    /// Ends the unit with `return None`, where control gets there.
    pub fn leave_returning_none(&mut self) -> Compiled<Arc<Code>> {
        self.load_constant(Constant::None, None);
        self.emit(Opcode::RETURN_VALUE, None);
        self.leave()
    }

    /// Ends the unit: its code.
    pub fn leave(&mut self) -> Compiled<Arc<Code>> {
        if let Some(FrameBlock {
            kind: FrameBlockKind::StopIteration,
            start,
            ..
        }) = self.unit_ref().blocks.last()
        {
            let handler = *start;
            self.pop_block();
            self.use_label(handler);
            self.emit_with(
                Opcode::CALL_INTRINSIC_1,
                crate::opcode::Intrinsic1::StopIterationError as u32,
                None,
            );
            self.emit_with(Opcode::RERAISE, 1, None);
        }
        let unit = self
            .units
            .pop()
            .expect("invariant: a unit is being generated");
        let flags = self.code_flags(&unit);
        flow_graph::assemble_unit(
            unit,
            flags,
            self.filename.clone(),
            &self.table,
            self.options.debug_ranges,
        )
    }

    fn code_flags(&self, unit: &Unit<'a>) -> CodeFlags {
        let scope = &self.table[unit.scope];
        let mut flags = self.future.flags & CodeFlags::FUTURES;
        flags |= self.options.flags & CodeFlags::FUTURES;
        if scope.kind.is_function_like() {
            flags |= CodeFlags::NEWLOCALS | CodeFlags::OPTIMIZED;
            for (scope_flag, flag) in [
                (ScopeFlags::NESTED, CodeFlags::NESTED),
                (ScopeFlags::VARARGS, CodeFlags::VARARGS),
                (ScopeFlags::VARKEYWORDS, CodeFlags::VARKEYWORDS),
                (ScopeFlags::METHOD, CodeFlags::METHOD),
            ] {
                flags.set(flag, scope.is(scope_flag));
            }
            let generator = scope.is(ScopeFlags::GENERATOR)
                || scope.comprehension == Some(crate::symbol_table::ComprehensionKind::Generator);
            match (generator, scope.is(ScopeFlags::COROUTINE)) {
                (true, true) => flags |= CodeFlags::ASYNC_GENERATOR,
                (true, false) => flags |= CodeFlags::GENERATOR,
                (false, true) => flags |= CodeFlags::COROUTINE,
                (false, false) => {}
            }
        } else if self.options.allow_top_level_await
            && unit.kind == UnitKind::Module
            && scope.is(ScopeFlags::COROUTINE)
        {
            flags |= CodeFlags::COROUTINE;
        }
        flags.set(CodeFlags::HAS_DOCSTRING, unit.has_docstring);
        flags
    }

    // Positions.

    pub fn at(&mut self, range: TextRange) -> At {
        Some(self.lines.location(range, &mut self.line_hint))
    }

    pub fn line_of(&mut self, offset: TextSize) -> u32 {
        self.lines
            .position_near(offset.to_usize(), &mut self.line_hint)
            .0
    }

    pub fn warn(&mut self, message: impl Into<String>, range: TextRange) {
        let message = message.into();
        let failure = Failure::syntax(message.clone(), range).in_tree();
        let warning = SyntaxWarning {
            message,
            error: failure.locate(self.source, self.lines),
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    // Emitting.

    pub fn emit(&mut self, opcode: Opcode, at: At) {
        self.unit().push(opcode, 0, at);
    }

    pub fn emit_with(&mut self, opcode: Opcode, argument: u32, at: At) {
        self.unit().push(opcode, argument, at);
    }

    pub fn jump(&mut self, opcode: Opcode, label: Label, at: At) {
        self.unit().push(opcode, label.0, at);
    }

    pub fn label(&mut self) -> Label {
        self.unit().new_label()
    }

    pub fn use_label(&mut self, label: Label) {
        self.unit().use_label(label);
    }

    pub fn load_constant(&mut self, constant: Constant, at: At) {
        self.unit().load_constant(constant, at);
    }

    pub fn load_none(&mut self, at: At) {
        self.load_constant(Constant::None, at);
    }

    pub fn push_block(
        &mut self,
        kind: FrameBlockKind<'a>,
        start: Label,
        exit: Label,
    ) -> Compiled<()> {
        let unit = self.unit();
        if unit.blocks.len() >= MAX_BLOCKS {
            let range = TextRange::default();
            return Err(Failure::syntax("too many statically nested blocks", range));
        }
        unit.blocks.push(FrameBlock { kind, start, exit });
        Ok(())
    }

    pub fn pop_block(&mut self) {
        self.unit()
            .blocks
            .pop()
            .expect("invariant: blocks are pushed and popped in pairs");
    }

    pub fn mangled(&self, name: &'a str) -> &'a str {
        let unit = self.unit_ref();
        if let Some(names) = &self.table[unit.scope].mangled_names
            && !names.borrow().contains(name)
        {
            return name;
        }
        mangle(self.arena, unit.private, name)
    }

    pub fn text(&self, range: TextRange) -> &'a str {
        &self.source[range]
    }
}
