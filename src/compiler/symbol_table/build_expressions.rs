//! The first pass over expressions and patterns.

use ruff_python_ast::{
    Arguments, Comprehension, Expr, ExprContext, InterpolatedStringElement,
    InterpolatedStringElements, Pattern,
};
use ruff_text_size::{Ranged, TextRange};

use super::build::{Builder, refuse_debug};
use super::{ComprehensionKind, ScopeFlags, ScopeKind, SymbolFlags, node_address};
use crate::error::{Compiled, Failure};
use crate::recursion::grow;

impl<'a> Builder<'a, '_> {
    pub(super) fn expressions(&mut self, expressions: &'a [Expr]) -> Compiled<()> {
        expressions
            .iter()
            .try_for_each(|expression| self.expression(expression))
    }

    pub(super) fn expression(&mut self, expression: &'a Expr) -> Compiled<()> {
        match expression {
            Expr::Name(name) => {
                let flags = match name.ctx {
                    ExprContext::Load | ExprContext::Invalid => SymbolFlags::USE,
                    ExprContext::Store => {
                        refuse_debug(&name.id, name.range)?;
                        SymbolFlags::LOCAL
                    }
                    ExprContext::Del => {
                        if name.id == "__debug__" {
                            let message = "cannot delete __debug__";
                            return Err(Failure::syntax(message, name.range));
                        }
                        SymbolFlags::LOCAL
                    }
                };
                self.define(&name.id, flags, name.range)?;
                // A call of super() without arguments reads the cell __class__.
                if flags == SymbolFlags::USE
                    && name.id == "super"
                    && self.scope().kind.is_function_like()
                {
                    self.define("__class__", SymbolFlags::USE, name.range)?;
                }
                Ok(())
            }
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => Ok(()),
            _ => {
                let guard = self.guard;
                let _level = guard.enter()?;
                grow(|| self.compound_expression(expression))
            }
        }
    }

    fn compound_expression(&mut self, expression: &'a Expr) -> Compiled<()> {
        let range = expression.range();
        match expression {
            Expr::BoolOp(node) => self.expressions(&node.values),
            Expr::Named(node) => {
                self.refuse_in_annotation("named expression", range)?;
                if let Expr::Name(target) = &*node.target {
                    if self.visit_state().iterable_depth > 0 {
                        return Err(Failure::syntax(
                            "assignment expression cannot be used in a comprehension iterable \
                             expression",
                            range,
                        ));
                    }
                    if self.scope().comprehension.is_some() {
                        self.bind_around_comprehension(&target.id, target.range)?;
                    }
                }
                self.expression(&node.value)?;
                self.expression(&node.target)
            }
            Expr::BinOp(node) => {
                self.expression(&node.left)?;
                self.expression(&node.right)
            }
            Expr::UnaryOp(node) => self.expression(&node.operand),
            Expr::Lambda(node) => {
                if let Some(parameters) = &node.parameters {
                    self.defaults(parameters)?;
                }
                self.enter(
                    "<lambda>",
                    ScopeKind::Function,
                    Some(node_address(node)),
                    range,
                )?;
                if let Some(parameters) = &node.parameters {
                    self.parameters(parameters)?;
                }
                self.expression(&node.body)?;
                self.exit();
                Ok(())
            }
            Expr::If(node) => {
                self.expression(&node.test)?;
                self.expression(&node.body)?;
                self.expression(&node.orelse)
            }
            Expr::Dict(node) => {
                for item in &node.items {
                    if let Some(key) = &item.key {
                        self.expression(key)?;
                    }
                }
                node.items
                    .iter()
                    .try_for_each(|item| self.expression(&item.value))
            }
            Expr::Set(node) => self.expressions(&node.elts),
            Expr::ListComp(node) => self.comprehension(
                ComprehensionKind::List,
                (node_address(node), range),
                &node.generators,
                &[&node.elt],
            ),
            Expr::SetComp(node) => self.comprehension(
                ComprehensionKind::Set,
                (node_address(node), range),
                &node.generators,
                &[&node.elt],
            ),
            Expr::DictComp(node) => {
                let key = node.key.as_deref();
                let values: &[&Expr] = match &key {
                    Some(key) => &[&node.value, key],
                    None => &[&node.value],
                };
                self.comprehension(
                    ComprehensionKind::Dict,
                    (node_address(node), range),
                    &node.generators,
                    values,
                )
            }
            Expr::Generator(node) => self.comprehension(
                ComprehensionKind::Generator,
                (node_address(node), range),
                &node.generators,
                &[&node.elt],
            ),
            Expr::Await(node) => {
                self.refuse_in_annotation("await expression", range)?;
                if !(self.top_level_await && self.in_top_level_code()) {
                    if !self.scope().kind.is_function_like() {
                        return Err(Failure::syntax("'await' outside function", range));
                    }
                    if !self.in_async_function() && self.scope().comprehension.is_none() {
                        return Err(Failure::syntax("'await' outside async function", range));
                    }
                }
                self.expression(&node.value)?;
                self.scope_mut().flags |= ScopeFlags::COROUTINE;
                Ok(())
            }
            Expr::Yield(node) => {
                self.refuse_in_annotation("yield expression", range)?;
                if let Some(value) = &node.value {
                    self.expression(value)?;
                }
                self.make_generator(range)
            }
            Expr::YieldFrom(node) => {
                self.refuse_in_annotation("yield expression", range)?;
                self.expression(&node.value)?;
                self.make_generator(range)
            }
            Expr::Compare(node) => {
                self.expression(&node.left)?;
                self.expressions(&node.comparators)
            }
            Expr::Call(node) => {
                self.expression(&node.func)?;
                self.arguments(&node.arguments)
            }
            Expr::FString(node) => node
                .value
                .elements()
                .try_for_each(|element| self.interpolation(element)),
            Expr::TString(node) => node
                .value
                .elements()
                .try_for_each(|element| self.interpolation(element)),
            Expr::Attribute(node) => {
                if node.ctx == ExprContext::Store {
                    refuse_debug(&node.attr, range)?;
                } else if node.ctx == ExprContext::Del && node.attr.as_str() == "__debug__" {
                    return Err(Failure::syntax("cannot delete __debug__", range));
                }
                self.expression(&node.value)
            }
            Expr::Subscript(node) => {
                self.expression(&node.value)?;
                self.expression(&node.slice)
            }
            Expr::Starred(node) => self.expression(&node.value),
            Expr::List(node) => self.expressions(&node.elts),
            Expr::Tuple(node) => self.expressions(&node.elts),
            Expr::Slice(node) => [&node.lower, &node.upper, &node.step]
                .into_iter()
                .flatten()
                .try_for_each(|part| self.expression(part)),
            Expr::Name(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => self.expression(expression),
        }
    }

    fn interpolation(&mut self, element: &'a InterpolatedStringElement) -> Compiled<()> {
        let InterpolatedStringElement::Interpolation(node) = element else {
            return Ok(());
        };
        self.expression(&node.expression)?;
        match &node.format_spec {
            Some(specification) => self.interpolations(&specification.elements),
            None => Ok(()),
        }
    }

    fn interpolations(&mut self, elements: &'a InterpolatedStringElements) -> Compiled<()> {
        elements
            .iter()
            .try_for_each(|element| self.interpolation(element))
    }

    pub(super) fn arguments(&mut self, arguments: &'a Arguments) -> Compiled<()> {
        self.expressions(&arguments.args)?;
        for keyword in &arguments.keywords {
            if let Some(name) = &keyword.arg {
                refuse_debug(name, keyword.range)?;
            }
        }
        arguments
            .keywords
            .iter()
            .try_for_each(|keyword| self.expression(&keyword.value))
    }

    fn in_async_function(&self) -> bool {
        self.scope().kind == ScopeKind::Function && self.scope().is(ScopeFlags::COROUTINE)
    }

    /// In the module, or in comprehensions of it.
    fn in_top_level_code(&self) -> bool {
        self.visits
            .iter()
            .rev()
            .map(|visit| &self.table[visit.scope])
            .all(|scope| scope.kind == ScopeKind::Module || scope.comprehension.is_some())
    }

    fn make_generator(&mut self, range: TextRange) -> Compiled<()> {
        self.scope_mut().flags |= ScopeFlags::GENERATOR;
        let message = match self.scope().comprehension {
            None => return Ok(()),
            Some(ComprehensionKind::List) => "'yield' inside list comprehension",
            Some(ComprehensionKind::Set) => "'yield' inside set comprehension",
            Some(ComprehensionKind::Dict) => "'yield' inside dict comprehension",
            Some(ComprehensionKind::Generator) => "'yield' inside generator expression",
        };
        Err(Failure::syntax(message, range))
    }

    fn refuse_in_annotation(&self, what: &str, range: TextRange) -> Compiled<()> {
        let place = match self.scope().kind {
            ScopeKind::Annotation => "an annotation",
            ScopeKind::TypeVariable => self.scope().description,
            ScopeKind::TypeAlias => "a type alias",
            ScopeKind::TypeParameters => "the definition of a generic",
            ScopeKind::Module | ScopeKind::Function | ScopeKind::Class => return Ok(()),
        };
        Err(Failure::syntax(
            format!("{what} cannot be used within {place}"),
            range,
        ))
    }

    fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        (node, range): (usize, TextRange),
        generators: &'a [Comprehension],
        values: &[&'a Expr],
    ) -> Compiled<()> {
        let Some((outermost, inner)) = generators.split_first() else {
            return Ok(());
        };
        // The first iterable is evaluated outside.
        self.visit_state_mut().iterable_depth += 1;
        self.expression(&outermost.iter)?;
        self.visit_state_mut().iterable_depth -= 1;

        let name = match kind {
            ComprehensionKind::List => "<listcomp>",
            ComprehensionKind::Set => "<setcomp>",
            ComprehensionKind::Dict => "<dictcomp>",
            ComprehensionKind::Generator => "<genexpr>",
        };
        self.enter(name, ScopeKind::Function, Some(node), range)?;
        self.scope_mut().comprehension = Some(kind);
        if outermost.is_async {
            self.scope_mut().flags |= ScopeFlags::COROUTINE;
        }
        self.define(".0", SymbolFlags::PARAMETER, range)?;
        self.iteration_target(&outermost.target)?;
        self.expressions(&outermost.ifs)?;
        for generator in inner {
            self.iteration_target(&generator.target)?;
            self.visit_state_mut().iterable_depth += 1;
            self.expression(&generator.iter)?;
            self.visit_state_mut().iterable_depth -= 1;
            self.expressions(&generator.ifs)?;
            if generator.is_async {
                self.scope_mut().flags |= ScopeFlags::COROUTINE;
            }
        }
        for &value in values {
            self.expression(value)?;
        }
        let asynchronous =
            self.scope().is(ScopeFlags::COROUTINE) && kind != ComprehensionKind::Generator;
        self.exit();
        if asynchronous {
            // Code that is left out, and annotations that are never evaluated, are seen only here.
            if self.scope().comprehension.is_none()
                && !self.in_async_function()
                && !(self.top_level_await && self.in_top_level_code())
            {
                return Err(Failure::syntax(
                    "asynchronous comprehension outside of an asynchronous function",
                    range,
                ));
            }
            self.scope_mut().flags |= ScopeFlags::COROUTINE;
        }
        Ok(())
    }

    fn iteration_target(&mut self, target: &'a Expr) -> Compiled<()> {
        self.visit_state_mut().iteration_target = true;
        self.expression(target)?;
        self.visit_state_mut().iteration_target = false;
        Ok(())
    }

    /// `name := …` inside a comprehension binds in the scope around it (PEP 572).
    fn bind_around_comprehension(&mut self, name: &'a str, range: TextRange) -> Compiled<()> {
        let mangled = self.mangled(name, SymbolFlags::empty());
        for index in (0..self.visits.len()).rev() {
            let id = self.visits[index].scope;
            let scope = &self.table[id];
            let flags = scope.symbol(mangled).flags;
            if scope.comprehension.is_some() {
                if flags.contains(SymbolFlags::COMPREHENSION_ITERATION)
                    && flags.intersects(SymbolFlags::LOCAL | SymbolFlags::GLOBAL)
                {
                    return Err(Failure::syntax(
                        format!(
                            "assignment expression cannot rebind comprehension iteration \
                             variable '{name}'"
                        ),
                        range,
                    ));
                }
                continue;
            }
            let place = match scope.kind {
                ScopeKind::Function => {
                    let declared = if flags.contains(SymbolFlags::GLOBAL) {
                        SymbolFlags::GLOBAL
                    } else {
                        SymbolFlags::NONLOCAL
                    };
                    self.define(name, declared, range)?;
                    self.note_directive(name, range);
                    return self.define_in(id, name, SymbolFlags::LOCAL, false, range);
                }
                ScopeKind::Module => {
                    self.define(name, SymbolFlags::GLOBAL, range)?;
                    self.note_directive(name, range);
                    return self.define_in(id, name, SymbolFlags::GLOBAL, false, range);
                }
                ScopeKind::Class => "cannot be used in a class body",
                ScopeKind::TypeVariable => "cannot be used in a TypeVar bound",
                ScopeKind::TypeAlias => "cannot be used in a type alias",
                ScopeKind::TypeParameters => "cannot be used within the definition of a generic",
                ScopeKind::Annotation => {
                    return Err(Failure::syntax(
                        "named expression cannot be used within an annotation",
                        range,
                    ));
                }
            };
            return Err(Failure::syntax(
                format!("assignment expression within a comprehension {place}"),
                range,
            ));
        }
        Ok(())
    }

    pub(super) fn pattern(&mut self, pattern: &'a Pattern) -> Compiled<()> {
        let guard = self.guard;
        let _level = guard.enter()?;
        grow(|| self.pattern_inside(pattern))
    }

    fn pattern_inside(&mut self, pattern: &'a Pattern) -> Compiled<()> {
        let range = pattern.range();
        match pattern {
            Pattern::MatchValue(node) => self.expression(&node.value),
            Pattern::MatchSingleton(_) => Ok(()),
            Pattern::MatchSequence(node) => node
                .patterns
                .iter()
                .try_for_each(|inner| self.pattern(inner)),
            Pattern::MatchMapping(node) => {
                self.expressions(&node.keys)?;
                node.patterns
                    .iter()
                    .try_for_each(|inner| self.pattern(inner))?;
                match &node.rest {
                    Some(rest) => self.bind(rest, SymbolFlags::LOCAL, range),
                    None => Ok(()),
                }
            }
            Pattern::MatchClass(node) => {
                self.expression(&node.cls)?;
                node.arguments
                    .patterns
                    .iter()
                    .try_for_each(|inner| self.pattern(inner))?;
                for keyword in &node.arguments.keywords {
                    refuse_debug(&keyword.attr, keyword.range)?;
                }
                node.arguments
                    .keywords
                    .iter()
                    .try_for_each(|keyword| self.pattern(&keyword.pattern))
            }
            Pattern::MatchStar(node) => match &node.name {
                Some(name) => self.bind(name, SymbolFlags::LOCAL, range),
                None => Ok(()),
            },
            Pattern::MatchAs(node) => {
                if let Some(inner) = &node.pattern {
                    self.pattern(inner)?;
                }
                match &node.name {
                    Some(name) => self.bind(name, SymbolFlags::LOCAL, range),
                    None => Ok(()),
                }
            }
            Pattern::MatchOr(node) => node
                .patterns
                .iter()
                .try_for_each(|inner| self.pattern(inner)),
        }
    }
}
