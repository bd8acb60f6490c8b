//! The first pass: what the source of each scope does with each name.
//!
//! Statements are here, expressions and patterns in `build_expressions`. The order in which
//! children are visited is the order of `SymbolTable::scopes` and so of the `symtable` module's
//! children.

use std::rc::Rc;

use bumpalo::Bump;
use ruff_python_ast::{
    ExceptHandler, Expr, Identifier, Parameters, Stmt, StmtAnnAssign, StmtClassDef,
    StmtFunctionDef, StmtTypeAlias, TypeParam, TypeParams,
};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::{
    NameMap, Scope, ScopeFlags, ScopeId, ScopeKind, SymbolFlags, SymbolTable, analyze, node_address,
};
use crate::code::CodeFlags;
use crate::definition::definition_range;
use crate::error::{Compiled, Failure};
use crate::recursion::{RecursionGuard, grow};

/// A scope that is being visited.
pub(super) struct Visit {
    pub scope: ScopeId,
    /// In the target of a comprehension's `for`.
    pub iteration_target: bool,
    /// Depth of comprehension iterables that are evaluated here.
    pub iterable_depth: u32,
    /// Inside `if`, `for`, `while`, `try`, `with`, `match`.
    pub conditional: bool,
}

pub(super) struct Builder<'a, 'g> {
    arena: &'a Bump,
    pub source: &'a str,
    pub table: SymbolTable<'a>,
    pub visits: Vec<Visit>,
    /// The class whose private names are mangled.
    private: Option<&'a str>,
    future_annotations: bool,
    pub top_level_await: bool,
    pub guard: &'g RecursionGuard,
}

/// What the table is made from.
pub(crate) struct TableOptions<'a> {
    pub source: &'a str,
    pub arena: &'a Bump,
    pub future: CodeFlags,
    pub top_level_await: bool,
}

impl<'a> SymbolTable<'a> {
    /// The table of a module's statements, resolved.
    pub(crate) fn of_statements(
        body: &'a [Stmt],
        options: &TableOptions<'a>,
        guard: &RecursionGuard,
    ) -> Compiled<SymbolTable<'a>> {
        Builder::run(options, guard, |builder| {
            builder.note_docstring(body);
            builder.statements(body)
        })
    }

    /// The table of one expression, resolved.
    pub(crate) fn of_expression(
        expression: &'a Expr,
        options: &TableOptions<'a>,
        guard: &RecursionGuard,
    ) -> Compiled<SymbolTable<'a>> {
        Builder::run(options, guard, |builder| builder.expression(expression))
    }
}

impl<'a, 'g> Builder<'a, 'g> {
    fn run(
        options: &TableOptions<'a>,
        guard: &'g RecursionGuard,
        visit: impl FnOnce(&mut Self) -> Compiled<()>,
    ) -> Compiled<SymbolTable<'a>> {
        let mut builder = Builder {
            arena: options.arena,
            source: options.source,
            table: SymbolTable {
                scopes: Vec::new(),
                by_node: FxHashMap::default(),
            },
            visits: Vec::new(),
            private: None,
            future_annotations: options.future.contains(CodeFlags::FUTURE_ANNOTATIONS),
            top_level_await: options.top_level_await,
            guard,
        };
        builder.enter("top", ScopeKind::Module, None, TextRange::default())?;
        visit(&mut builder)?;
        analyze::analyze(&mut builder.table, guard)?;
        Ok(builder.table)
    }

    pub(super) fn current(&self) -> ScopeId {
        self.visit_state().scope
    }

    pub(super) fn visit_state(&self) -> &Visit {
        self.visits
            .last()
            .expect("invariant: the module is being visited")
    }

    pub(super) fn visit_state_mut(&mut self) -> &mut Visit {
        self.visits
            .last_mut()
            .expect("invariant: the module is being visited")
    }

    pub(super) fn scope(&self) -> &Scope<'a> {
        &self.table[self.current()]
    }

    pub(super) fn scope_mut(&mut self) -> &mut Scope<'a> {
        let current = self.current();
        &mut self.table[current]
    }

    /// Opens a scope inside the current one.
    pub(super) fn enter(
        &mut self,
        name: &'a str,
        kind: ScopeKind,
        node: Option<usize>,
        range: TextRange,
    ) -> Compiled<ScopeId> {
        let id = ScopeId(self.table.scopes.len() as u32);
        let parent = self.visits.last().map(|visit| visit.scope);
        let mut flags = ScopeFlags::empty();
        if let Some(parent) = parent {
            let outer = &self.table[parent];
            if outer.is(ScopeFlags::NESTED) || outer.kind.is_function_like() {
                flags |= ScopeFlags::NESTED;
            }
            let in_class = match outer.kind {
                ScopeKind::Class => true,
                ScopeKind::TypeParameters => outer
                    .parent
                    .is_some_and(|grandparent| self.table[grandparent].kind == ScopeKind::Class),
                _ => false,
            };
            if kind == ScopeKind::Function && in_class {
                flags |= ScopeFlags::METHOD;
            }
            // Annotations that are never evaluated have no part in the resolution of names.
            if !outer.is(ScopeFlags::UNEVALUATED_ANNOTATION) {
                self.table[parent].children.push(id);
            } else {
                flags |= ScopeFlags::UNEVALUATED_ANNOTATION;
            }
        }
        let mangled_names = match (parent, kind) {
            // All names of a class are mangled.
            (None, _) | (_, ScopeKind::Class) => None,
            (Some(parent), _) => self.table[parent].mangled_names.clone(),
        };
        self.table.scopes.push(Scope {
            name,
            kind,
            comprehension: None,
            flags,
            symbols: NameMap::default(),
            parameters: Vec::new(),
            children: Vec::new(),
            parent,
            range,
            annotation_scope: None,
            mangled_names,
            directives: Vec::new(),
            description: "",
        });
        if let Some(node) = node {
            self.table.by_node.insert((node, kind), id);
        }
        // What is evaluated inside a comprehension's iterable stays inside it.
        let iterable_depth = self.visits.last().map_or(0, |visit| visit.iterable_depth);
        self.enter_existing(id);
        self.visit_state_mut().iterable_depth = iterable_depth;
        if matches!(
            kind,
            ScopeKind::Annotation | ScopeKind::TypeVariable | ScopeKind::TypeAlias
        ) {
            self.define(".format", SymbolFlags::PARAMETER, range)?;
            self.define(".format", SymbolFlags::USE, range)?;
        }
        Ok(id)
    }

    fn enter_existing(&mut self, scope: ScopeId) {
        self.visits.push(Visit {
            scope,
            iteration_target: false,
            iterable_depth: 0,
            conditional: false,
        });
    }

    pub(super) fn exit(&mut self) {
        self.visits.pop();
    }

    pub(super) fn see_class_scope(&mut self, range: TextRange) -> Compiled<()> {
        self.scope_mut().flags |= ScopeFlags::CAN_SEE_CLASS_SCOPE;
        self.define("__classdict__", SymbolFlags::USE, range)
    }

    pub(super) fn mangled(&mut self, name: &'a str, flags: SymbolFlags) -> &'a str {
        let private = self.private;
        let scope = self.scope_mut();
        if let Some(names) = &scope.mangled_names {
            if flags.contains(SymbolFlags::TYPE_PARAMETER) {
                names.borrow_mut().insert(name);
            } else if !names.borrow().contains(name) {
                return name;
            }
        }
        mangle(self.arena, private, name)
    }

    pub(super) fn lookup(&mut self, name: &'a str) -> SymbolFlags {
        let name = self.mangled(name, SymbolFlags::empty());
        self.scope().symbol(name).flags
    }

    /// Notes that the current scope does `flags` with `name`.
    pub(super) fn define(
        &mut self,
        name: &'a str,
        flags: SymbolFlags,
        range: TextRange,
    ) -> Compiled<()> {
        let current = self.current();
        let iteration_target = self.visit_state().iteration_target;
        self.define_in(current, name, flags, iteration_target, range)
    }

    pub(super) fn define_in(
        &mut self,
        scope: ScopeId,
        name: &'a str,
        flags: SymbolFlags,
        iteration_target: bool,
        range: TextRange,
    ) -> Compiled<()> {
        let name = self.mangled(name, flags);
        let entry = &mut self.table[scope];
        if entry.is(ScopeFlags::UNEVALUATED_ANNOTATION) && flags == SymbolFlags::USE {
            return Ok(());
        }
        let symbol = entry.symbols.entry(name).or_default();
        let twice = symbol.flags & flags;
        if twice.contains(SymbolFlags::PARAMETER) {
            return Err(Failure::syntax(
                format!("duplicate argument '{name}' in function definition"),
                range,
            ));
        }
        if twice.contains(SymbolFlags::TYPE_PARAMETER) {
            return Err(Failure::syntax(
                format!("duplicate type parameter '{name}'"),
                range,
            ));
        }
        symbol.flags |= flags;
        if iteration_target {
            if symbol
                .flags
                .intersects(SymbolFlags::GLOBAL | SymbolFlags::NONLOCAL)
            {
                return Err(Failure::syntax(
                    format!(
                        "comprehension inner loop cannot rebind assignment expression target \
                         '{name}'"
                    ),
                    range,
                ));
            }
            symbol.flags |= SymbolFlags::COMPREHENSION_ITERATION;
        }
        if flags.contains(SymbolFlags::PARAMETER) {
            entry.parameters.push(name);
        } else if flags.contains(SymbolFlags::GLOBAL) {
            let top = self.table.top();
            self.table[top].symbols.entry(name).or_default().flags |= flags;
        }
        Ok(())
    }

    /// `define` for a name that the source binds: `__debug__` cannot be.
    pub(super) fn bind(
        &mut self,
        name: &'a str,
        flags: SymbolFlags,
        range: TextRange,
    ) -> Compiled<()> {
        refuse_debug(name, range)?;
        self.define(name, flags, range)
    }

    fn note_docstring(&mut self, body: &[Stmt]) {
        if let Some(Stmt::Expr(first)) = body.first()
            && first.value.is_string_literal_expr()
        {
            self.scope_mut().flags |= ScopeFlags::HAS_DOCSTRING;
        }
    }

    pub(super) fn statements(&mut self, body: &'a [Stmt]) -> Compiled<()> {
        body.iter()
            .try_for_each(|statement| self.statement(statement))
    }

    /// Visits what may not be executed.
    fn conditionally(&mut self, visit: impl FnOnce(&mut Self) -> Compiled<()>) -> Compiled<()> {
        let before = std::mem::replace(&mut self.visit_state_mut().conditional, true);
        visit(self)?;
        self.visit_state_mut().conditional = before;
        Ok(())
    }

    fn statement(&mut self, statement: &'a Stmt) -> Compiled<()> {
        let range = statement.range();
        match statement {
            Stmt::FunctionDef(function) => grow(|| self.function(function)),
            Stmt::ClassDef(class) => grow(|| self.class(class)),
            Stmt::Return(node) => {
                if let Some(value) = &node.value {
                    self.expression(value)?;
                    self.scope_mut().flags |= ScopeFlags::RETURNS_VALUE;
                }
                Ok(())
            }
            Stmt::Delete(node) => self.expressions(&node.targets),
            Stmt::TypeAlias(node) => self.type_alias(node),
            Stmt::Assign(node) => {
                self.expressions(&node.targets)?;
                self.expression(&node.value)
            }
            Stmt::AugAssign(node) => {
                self.expression(&node.target)?;
                self.expression(&node.value)
            }
            Stmt::AnnAssign(node) => self.annotated_assignment(node),
            Stmt::For(node) => {
                if node.is_async && self.top_level_await {
                    self.make_module_coroutine();
                }
                self.expression(&node.target)?;
                self.expression(&node.iter)?;
                self.conditionally(|builder| {
                    builder.statements(&node.body)?;
                    builder.statements(&node.orelse)
                })
            }
            Stmt::While(node) => {
                self.expression(&node.test)?;
                self.conditionally(|builder| {
                    builder.statements(&node.body)?;
                    builder.statements(&node.orelse)
                })
            }
            Stmt::If(node) => {
                self.expression(&node.test)?;
                self.conditionally(|builder| {
                    builder.statements(&node.body)?;
                    for clause in &node.elif_else_clauses {
                        if let Some(test) = &clause.test {
                            builder.expression(test)?;
                        }
                        builder.statements(&clause.body)?;
                    }
                    Ok(())
                })
            }
            Stmt::With(node) => {
                if node.is_async && self.top_level_await {
                    self.make_module_coroutine();
                }
                self.conditionally(|builder| {
                    for item in &node.items {
                        builder.expression(&item.context_expr)?;
                        if let Some(target) = &item.optional_vars {
                            builder.expression(target)?;
                        }
                    }
                    builder.statements(&node.body)
                })
            }
            Stmt::Match(node) => {
                self.expression(&node.subject)?;
                self.conditionally(|builder| {
                    for case in &node.cases {
                        builder.pattern(&case.pattern)?;
                        if let Some(guard) = &case.guard {
                            builder.expression(guard)?;
                        }
                        builder.statements(&case.body)?;
                    }
                    Ok(())
                })
            }
            Stmt::Raise(node) => {
                for part in [&node.exc, &node.cause].into_iter().flatten() {
                    self.expression(part)?;
                }
                Ok(())
            }
            Stmt::Try(node) => self.conditionally(|builder| {
                builder.statements(&node.body)?;
                for ExceptHandler::ExceptHandler(handler) in &node.handlers {
                    if let Some(type_) = &handler.type_ {
                        builder.expression(type_)?;
                    }
                    if let Some(name) = &handler.name {
                        builder.bind(name, SymbolFlags::LOCAL, handler.range)?;
                    }
                    builder.statements(&handler.body)?;
                }
                builder.statements(&node.orelse)?;
                builder.statements(&node.finalbody)
            }),
            Stmt::Assert(node) => {
                self.expression(&node.test)?;
                node.msg
                    .as_deref()
                    .map_or(Ok(()), |message| self.expression(message))
            }
            Stmt::Import(node) => {
                for alias in &node.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    let first = name.split('.').next().unwrap_or(name);
                    self.bind(first, SymbolFlags::IMPORT, alias.range)?;
                }
                Ok(())
            }
            Stmt::ImportFrom(node) => {
                for alias in &node.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    if name == "*" {
                        if self.scope().kind != ScopeKind::Module {
                            return Err(Failure::syntax(
                                "import * only allowed at module level",
                                alias.range,
                            ));
                        }
                        continue;
                    }
                    self.bind(name, SymbolFlags::IMPORT, alias.range)?;
                }
                Ok(())
            }
            Stmt::Global(node) => self.declare(&node.names, SymbolFlags::GLOBAL, range),
            Stmt::Nonlocal(node) => self.declare(&node.names, SymbolFlags::NONLOCAL, range),
            Stmt::Expr(node) => self.expression(&node.value),
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => {
                Ok(())
            }
        }
    }

    fn make_module_coroutine(&mut self) {
        if self.scope().kind == ScopeKind::Module {
            self.scope_mut().flags |= ScopeFlags::COROUTINE;
        }
    }

    fn declare(
        &mut self,
        names: &'a [Identifier],
        flags: SymbolFlags,
        range: TextRange,
    ) -> Compiled<()> {
        let word = if flags == SymbolFlags::GLOBAL {
            "global"
        } else {
            "nonlocal"
        };
        for name in names {
            let name = name.as_str();
            let before = self.lookup(name);
            let message = if before.contains(SymbolFlags::PARAMETER) {
                format!("name '{name}' is parameter and {word}")
            } else if before.contains(SymbolFlags::USE) {
                format!("name '{name}' is used prior to {word} declaration")
            } else if before.contains(SymbolFlags::ANNOTATED) {
                format!("annotated name '{name}' can't be {word}")
            } else if before.contains(SymbolFlags::LOCAL) {
                format!("name '{name}' is assigned to before {word} declaration")
            } else {
                self.define(name, flags, range)?;
                self.note_directive(name, range);
                continue;
            };
            return Err(Failure::syntax(message, range));
        }
        Ok(())
    }

    pub(super) fn note_directive(&mut self, name: &'a str, range: TextRange) {
        let name = self.mangled(name, SymbolFlags::empty());
        self.scope_mut().directives.push((name, range));
    }

    fn function(&mut self, node: &'a StmtFunctionDef) -> Compiled<()> {
        let range = definition_range(self.source, &node.decorator_list, node.range);
        self.bind(&node.name, SymbolFlags::LOCAL, range)?;
        self.defaults(&node.parameters)?;
        for decorator in &node.decorator_list {
            self.expression(&decorator.expression)?;
        }
        if let Some(type_params) = &node.type_params {
            let all = || {
                node.parameters
                    .posonlyargs
                    .iter()
                    .chain(&node.parameters.args)
            };
            let has_defaults = all().any(|parameter| parameter.default.is_some());
            let has_keyword_defaults = node
                .parameters
                .kwonlyargs
                .iter()
                .any(|parameter| parameter.default.is_some());
            self.enter_type_parameters(&node.name, node_address(node), range)?;
            if has_defaults {
                self.define(".defaults", SymbolFlags::PARAMETER, range)?;
            }
            if has_keyword_defaults {
                self.define(".kwdefaults", SymbolFlags::PARAMETER, range)?;
            }
            self.type_params(type_params)?;
        }
        self.function_annotations(&node.parameters, node.returns.as_deref(), range)?;
        self.enter(
            &node.name,
            ScopeKind::Function,
            Some(node_address(node)),
            range,
        )?;
        if node.is_async {
            self.scope_mut().flags |= ScopeFlags::COROUTINE;
        }
        self.parameters(&node.parameters)?;
        self.note_docstring(&node.body);
        self.statements(&node.body)?;
        self.exit();
        if node.type_params.is_some() {
            self.exit();
        }
        Ok(())
    }

    pub(super) fn defaults(&mut self, parameters: &'a Parameters) -> Compiled<()> {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.expression(default)?;
            }
        }
        Ok(())
    }

    pub(super) fn parameters(&mut self, parameters: &'a Parameters) -> Compiled<()> {
        for parameter in parameters.iter_non_variadic_params() {
            let parameter = &parameter.parameter;
            self.bind(&parameter.name, SymbolFlags::PARAMETER, parameter.range)?;
        }
        for (variadic, flag) in [
            (&parameters.vararg, ScopeFlags::VARARGS),
            (&parameters.kwarg, ScopeFlags::VARKEYWORDS),
        ] {
            if let Some(parameter) = variadic {
                self.bind(
                    &parameter.name,
                    SymbolFlags::PARAMETER,
                    parameter.name.range,
                )?;
                self.scope_mut().flags |= flag;
            }
        }
        Ok(())
    }

    fn function_annotations(
        &mut self,
        parameters: &'a Parameters,
        returns: Option<&'a Expr>,
        range: TextRange,
    ) -> Compiled<()> {
        let in_class = self.scope().is(ScopeFlags::CAN_SEE_CLASS_SCOPE)
            || self.scope().kind == ScopeKind::Class;
        let outer = self.current();
        self.enter(
            "__annotate__",
            ScopeKind::Annotation,
            Some(node_address(parameters)),
            range,
        )?;
        if self.future_annotations {
            self.make_unevaluated(outer);
        }
        if in_class {
            self.see_class_scope(range)?;
        }
        let variadic = |parameter: &'a Option<Box<ruff_python_ast::Parameter>>| {
            parameter
                .as_ref()
                .and_then(|parameter| parameter.annotation.as_deref())
        };
        let plain = parameters.posonlyargs.iter().chain(&parameters.args);
        let annotations = plain
            .filter_map(|parameter| parameter.parameter.annotation.as_deref())
            .chain(variadic(&parameters.vararg))
            .chain(variadic(&parameters.kwarg))
            .chain(
                parameters
                    .kwonlyargs
                    .iter()
                    .filter_map(|parameter| parameter.parameter.annotation.as_deref()),
            )
            .chain(returns);
        for annotation in annotations {
            self.expression(annotation)?;
        }
        self.exit();
        Ok(())
    }

    /// Takes the current scope out of the resolution of names.
    fn make_unevaluated(&mut self, outer: ScopeId) {
        let current = self.current();
        self.table[outer].children.retain(|&child| child != current);
        self.scope_mut().flags |= ScopeFlags::UNEVALUATED_ANNOTATION;
    }

    fn annotated_assignment(&mut self, node: &'a StmtAnnAssign) -> Compiled<()> {
        self.scope_mut().flags |= ScopeFlags::ANNOTATIONS_USED;
        match &*node.target {
            Expr::Name(target) => {
                let name = target.id.as_str();
                let before = self.lookup(name);
                if node.simple && self.scope().kind != ScopeKind::Module {
                    for (flag, word) in [
                        (SymbolFlags::GLOBAL, "global"),
                        (SymbolFlags::NONLOCAL, "nonlocal"),
                    ] {
                        if before.contains(flag) {
                            return Err(Failure::syntax(
                                format!("annotated name '{name}' can't be {word}"),
                                node.range,
                            ));
                        }
                    }
                }
                refuse_debug(name, target.range)?;
                if node.simple {
                    let flags = SymbolFlags::ANNOTATED | SymbolFlags::LOCAL;
                    self.define(name, flags, target.range)?;
                } else if node.value.is_some() {
                    self.define(name, SymbolFlags::LOCAL, target.range)?;
                }
            }
            target => self.expression(target)?,
        }
        self.variable_annotation(&node.annotation)?;
        node.value
            .as_deref()
            .map_or(Ok(()), |value| self.expression(value))
    }

    fn variable_annotation(&mut self, annotation: &'a Expr) -> Compiled<()> {
        let range = annotation.range();
        let outer = self.current();
        let kind = self.scope().kind;
        let unevaluated = kind == ScopeKind::Function || self.future_annotations;
        // A module may be interrupted, or imported again: each of its annotations may be missing.
        if (kind == ScopeKind::Module || kind == ScopeKind::Class && self.visit_state().conditional)
            && !self.future_annotations
            && !self.scope().is(ScopeFlags::CONDITIONAL_ANNOTATIONS)
        {
            self.scope_mut().flags |= ScopeFlags::CONDITIONAL_ANNOTATIONS;
            self.define("__conditional_annotations__", SymbolFlags::USE, range)?;
        }
        if let Some(scope) = self.scope().annotation_scope {
            self.enter_existing(scope);
        } else {
            let scope = self.enter("__annotate__", ScopeKind::Annotation, None, range)?;
            self.table[outer].annotation_scope = Some(scope);
            if unevaluated {
                self.make_unevaluated(outer);
            } else if kind == ScopeKind::Class {
                self.see_class_scope(range)?;
            }
        }
        if self.table[outer].is(ScopeFlags::CONDITIONAL_ANNOTATIONS) && !unevaluated {
            self.define("__conditional_annotations__", SymbolFlags::USE, range)?;
        }
        self.expression(annotation)?;
        self.exit();
        Ok(())
    }

    fn class(&mut self, node: &'a StmtClassDef) -> Compiled<()> {
        let range = definition_range(self.source, &node.decorator_list, node.range);
        self.bind(&node.name, SymbolFlags::LOCAL, range)?;
        for decorator in &node.decorator_list {
            self.expression(&decorator.expression)?;
        }
        let private = self.private;
        if let Some(type_params) = &node.type_params {
            self.enter_type_parameters(&node.name, node_address(node), range)?;
            for name in [".type_params", ".generic_base"] {
                self.define(name, SymbolFlags::LOCAL, range)?;
                self.define(name, SymbolFlags::USE, range)?;
            }
            self.private = Some(&node.name);
            self.scope_mut().mangled_names = Some(Rc::default());
            self.type_params(type_params)?;
        }
        if let Some(arguments) = &node.arguments {
            self.arguments(arguments)?;
        }
        self.enter(
            &node.name,
            ScopeKind::Class,
            Some(node_address(node)),
            range,
        )?;
        self.private = Some(&node.name);
        if node.type_params.is_some() {
            self.define("__type_params__", SymbolFlags::LOCAL, range)?;
            self.define(".type_params", SymbolFlags::USE, range)?;
        }
        self.note_docstring(&node.body);
        self.statements(&node.body)?;
        self.exit();
        if node.type_params.is_some() {
            self.exit();
        }
        self.private = private;
        Ok(())
    }

    fn type_alias(&mut self, node: &'a StmtTypeAlias) -> Compiled<()> {
        self.expression(&node.name)?;
        let name = match &*node.name {
            Expr::Name(name) => name.id.as_str(),
            _ => "",
        };
        let in_class = self.scope().kind == ScopeKind::Class;
        if let Some(type_params) = &node.type_params {
            self.enter_type_parameters(name, node_address(node), node.range)?;
            self.type_params(type_params)?;
        }
        self.enter(
            name,
            ScopeKind::TypeAlias,
            Some(node_address(node)),
            node.range,
        )?;
        if in_class {
            self.see_class_scope(node.range)?;
        }
        self.expression(&node.value)?;
        self.exit();
        if node.type_params.is_some() {
            self.exit();
        }
        Ok(())
    }

    fn enter_type_parameters(
        &mut self,
        name: &'a str,
        node: usize,
        range: TextRange,
    ) -> Compiled<()> {
        let in_class = self.scope().kind == ScopeKind::Class;
        self.enter(name, ScopeKind::TypeParameters, Some(node), range)?;
        if in_class {
            self.see_class_scope(range)?;
        }
        Ok(())
    }

    fn type_params(&mut self, type_params: &'a TypeParams) -> Compiled<()> {
        for parameter in type_params.iter() {
            let name = parameter.name().as_str();
            if name == "__classdict__" {
                return Err(Failure::syntax(
                    format!("reserved name '{name}' cannot be used for type parameter"),
                    parameter.range(),
                ));
            }
            let flags = SymbolFlags::TYPE_PARAMETER | SymbolFlags::LOCAL;
            self.bind(name, flags, parameter.range())?;
            let default_of = match parameter {
                TypeParam::TypeVar(variable) => {
                    if let Some(bound) = &variable.bound {
                        let description = if bound.is_tuple_expr() {
                            "a TypeVar constraint"
                        } else {
                            "a TypeVar bound"
                        };
                        self.type_variable(name, bound, node_address(variable), description)?;
                    }
                    "a TypeVar default"
                }
                TypeParam::TypeVarTuple(_) => "a TypeVarTuple default",
                TypeParam::ParamSpec(_) => "a ParamSpec default",
            };
            if let Some(default) = parameter.default() {
                self.type_variable(name, default, node_address(default), default_of)?;
            }
        }
        Ok(())
    }

    fn type_variable(
        &mut self,
        name: &'a str,
        value: &'a Expr,
        node: usize,
        description: &'static str,
    ) -> Compiled<()> {
        let in_class = self.scope().is(ScopeFlags::CAN_SEE_CLASS_SCOPE);
        self.enter(name, ScopeKind::TypeVariable, Some(node), value.range())?;
        self.scope_mut().description = description;
        if in_class {
            self.see_class_scope(value.range())?;
        }
        self.expression(value)?;
        self.exit();
        Ok(())
    }
}

/// `__debug__` is a constant.
pub(super) fn refuse_debug(name: &str, range: TextRange) -> Compiled<()> {
    if name == "__debug__" {
        return Err(Failure::syntax("cannot assign to __debug__", range));
    }
    Ok(())
}

/// `__name` inside class `Class` is `_Class__name`.
pub(crate) fn mangle<'a>(arena: &'a Bump, class: Option<&str>, name: &'a str) -> &'a str {
    let Some(class) = class else { return name };
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return name;
    }
    let class = class.trim_start_matches('_');
    if class.is_empty() {
        return name;
    }
    arena.alloc_str(&format!("_{class}{name}"))
}
