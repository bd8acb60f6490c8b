//! Functions, lambdas and classes.

use std::sync::Arc;

use ruff_python_ast::{
    Decorator, Expr, ExprAttribute, ExprLambda, Parameters, Stmt, StmtClassDef, StmtFunctionDef,
};
use ruff_text_size::Ranged;

use super::Generator;
use super::unit::{At, UnitKind};
use crate::code::{Code, LocalKind};
use crate::constant::Constant;
use crate::definition::definition_range;
use crate::error::Compiled;
use crate::location::Location;
use crate::opcode::{FunctionAttribute, Intrinsic1, Intrinsic2, Opcode};
use crate::symbol_table::{ScopeFlags, ScopeKind, node_address};

impl<'a> Generator<'a, '_> {
    /// Makes a function of code; its attributes are on the stack, the first of `attributes`
    /// deepest.
    pub fn make_closure(&mut self, code: Arc<Code>, attributes: &[FunctionAttribute], at: At) {
        let mut count = 0;
        for name in code.names_of(LocalKind::FREE) {
            let name: &'a str = self.arena.alloc_str(name);
            let index = self.closure_index(name);
            self.emit_with(Opcode::LOAD_CLOSURE, index, at);
            count += 1;
        }
        if count > 0 {
            self.emit_with(Opcode::BUILD_TUPLE, count, at);
        }
        self.load_constant(Constant::Code(code), at);
        self.emit(Opcode::MAKE_FUNCTION, at);
        if count > 0 {
            let closure = FunctionAttribute::Closure as u32;
            self.emit_with(Opcode::SET_FUNCTION_ATTRIBUTE, closure, at);
        }
        for &attribute in attributes.iter().rev() {
            self.emit_with(Opcode::SET_FUNCTION_ATTRIBUTE, attribute as u32, at);
        }
    }

    /// The cell that an inner function gets for a name.
    fn closure_index(&mut self, name: &'a str) -> u32 {
        let unit = self.unit_ref();
        // These are the class's own, whatever the names mean in the class body.
        if unit.kind == UnitKind::Class
            && matches!(
                name,
                "__class__" | "__classdict__" | "__conditional_annotations__"
            )
            && let Some(index) = unit.cellvars.get_index_of(name)
        {
            return index as u32;
        }
        self.cell_index(name)
    }

    fn decorators(&mut self, decorators: &'a [Decorator]) -> Compiled<()> {
        decorators
            .iter()
            .try_for_each(|decorator| self.expression(&decorator.expression))
    }

    fn apply_decorators(&mut self, decorators: &'a [Decorator]) {
        for decorator in decorators.iter().rev() {
            let at = self.at(decorator.expression.range());
            self.emit_with(Opcode::CALL, 0, at);
        }
    }

    fn first_line(&mut self, decorators: &'a [Decorator], at: At) -> u32 {
        match decorators.first() {
            Some(first) => self.line_of(first.expression.range().start()),
            None => at.map_or(1, |at| at.line),
        }
    }

    /// Defaults of parameters, as the attributes that they become.
    fn defaults(&mut self, parameters: &'a Parameters, at: At) -> Compiled<Vec<FunctionAttribute>> {
        let mut attributes = Vec::new();
        let mut count = 0;
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
            if let Some(default) = &parameter.default {
                self.expression(default)?;
                count += 1;
            }
        }
        if count > 0 {
            self.emit_build_tuple(count, at);
            attributes.push(FunctionAttribute::Defaults);
        }
        let mut count = 0;
        for parameter in &parameters.kwonlyargs {
            if let Some(default) = &parameter.default {
                let name = self.mangled(&parameter.parameter.name);
                self.load_constant(Constant::from(name), at);
                self.expression(default)?;
                count += 1;
            }
        }
        if count > 0 {
            self.emit_with(Opcode::BUILD_MAP, count, at);
            attributes.push(FunctionAttribute::KeywordDefaults);
        }
        Ok(attributes)
    }

    fn set_parameter_counts(&mut self, parameters: &Parameters) {
        let unit = self.unit();
        unit.positional_only_count = parameters.posonlyargs.len() as u32;
        unit.arg_count = unit.positional_only_count + parameters.args.len() as u32;
        unit.keyword_only_count = parameters.kwonlyargs.len() as u32;
    }

    pub fn function_definition(&mut self, node: &'a StmtFunctionDef) -> Compiled<()> {
        let range = definition_range(self.source, &node.decorator_list, node.range);
        let at = self.at(range);
        self.decorators(&node.decorator_list)?;
        let first_line = self.first_line(&node.decorator_list, at);
        let mut attributes = self.defaults(&node.parameters, at)?;
        let defaults = attributes.len() as u32;
        if let Some(type_params) = &node.type_params {
            if defaults == 2 {
                self.emit_with(Opcode::SWAP, 2, at);
            }
            self.enter_type_parameters(&node.name, node_address(node), first_line)?;
            self.unit().arg_count = defaults;
            self.type_params(type_params)?;
            for index in 0..defaults {
                self.emit_with(Opcode::LOAD_FAST, index, at);
            }
        }
        if self.function_annotations(node, at)? {
            attributes.push(FunctionAttribute::Annotate);
        }
        let code = self.function_code(node, first_line)?;
        self.make_closure(code, &attributes, at);
        if node.type_params.is_some() {
            self.emit_with(Opcode::SWAP, 2, at);
            self.emit_with(
                Opcode::CALL_INTRINSIC_2,
                Intrinsic2::SetFunctionTypeParams as u32,
                at,
            );
            self.emit(Opcode::RETURN_VALUE, at);
            let code = self.leave()?;
            self.make_closure(code, &[], at);
            if defaults > 0 {
                self.emit_with(Opcode::SWAP, defaults + 1, at);
                self.emit_with(Opcode::CALL, defaults - 1, at);
            } else {
                self.emit(Opcode::PUSH_NULL, at);
                self.emit_with(Opcode::CALL, 0, at);
            }
        }
        self.apply_decorators(&node.decorator_list);
        self.store(&node.name, at);
        Ok(())
    }

    fn function_code(&mut self, node: &'a StmtFunctionDef, first_line: u32) -> Compiled<Arc<Code>> {
        let scope = self
            .table
            .scope_of(node_address(node), ScopeKind::Function)
            .expect("invariant: every function has a scope");
        let kind = if node.is_async {
            UnitKind::AsyncFunction
        } else {
            UnitKind::Function
        };
        self.enter(kind, scope, &node.name, first_line)?;
        self.set_parameter_counts(&node.parameters);
        let mut body = node.body.as_slice();
        if let Some((Stmt::Expr(first), rest)) = body.split_first()
            && let Expr::StringLiteral(docstring) = &*first.value
        {
            body = rest;
            if self.options.optimize < 2 {
                let docstring = self.docstring(docstring);
                let unit = self.unit();
                unit.constants.insert(docstring);
                unit.has_docstring = true;
            }
        }
        self.statements(body)?;
        self.leave_returning_none()
    }

    pub fn lambda(&mut self, node: &'a ExprLambda) -> Compiled<()> {
        let at = self.at(node.range);
        let attributes = match &node.parameters {
            Some(parameters) => self.defaults(parameters, at)?,
            None => Vec::new(),
        };
        let scope = self
            .table
            .scope_of(node_address(node), ScopeKind::Function)
            .expect("invariant: every lambda has a scope");
        let line = at.map_or(1, |at| at.line);
        self.enter(UnitKind::Lambda, scope, "<lambda>", line)?;
        if let Some(parameters) = &node.parameters {
            self.set_parameter_counts(parameters);
        }
        self.expression(&node.body)?;
        let body_at = self.at(node.body.range());
        self.emit(Opcode::RETURN_VALUE, body_at);
        let code = self.leave()?;
        self.make_closure(code, &attributes, at);
        Ok(())
    }

    pub fn class_definition(&mut self, node: &'a StmtClassDef) -> Compiled<()> {
        let range = definition_range(self.source, &node.decorator_list, node.range);
        let at = self.at(range);
        self.decorators(&node.decorator_list)?;
        let first_line = self.first_line(&node.decorator_list, at);
        if let Some(type_params) = &node.type_params {
            self.enter_type_parameters(&node.name, node_address(node), first_line)?;
            self.unit().private = Some(&node.name);
            self.type_params(type_params)?;
            self.store(".type_params", at);
        }
        let code = self.class_code(node, first_line)?;
        if let Some(arguments) = &node.arguments {
            self.check_keywords(&arguments.keywords)?;
        }
        self.emit(Opcode::LOAD_BUILD_CLASS, at);
        self.emit(Opcode::PUSH_NULL, at);
        self.make_closure(code, &[], at);
        self.load_constant(Constant::from(node.name.as_str()), at);
        if node.type_params.is_some() {
            self.load(".type_params", at);
            self.emit_with(
                Opcode::CALL_INTRINSIC_1,
                Intrinsic1::SubscriptGeneric as u32,
                at,
            );
            self.store(".generic_base", at);
            match &node.arguments {
                Some(arguments) => {
                    self.arguments(2, arguments, Some(".generic_base"), at)?;
                }
                None => {
                    self.load(".generic_base", at);
                    self.emit_with(Opcode::CALL, 3, at);
                }
            }
            self.emit(Opcode::RETURN_VALUE, at);
            let code = self.leave()?;
            self.make_closure(code, &[], at);
            self.emit(Opcode::PUSH_NULL, at);
            self.emit_with(Opcode::CALL, 0, at);
        } else {
            match &node.arguments {
                Some(arguments) => self.arguments(2, arguments, None, at)?,
                None => self.emit_with(Opcode::CALL, 2, at),
            }
        }
        self.apply_decorators(&node.decorator_list);
        self.store(&node.name, at);
        Ok(())
    }

    fn class_code(&mut self, node: &'a StmtClassDef, first_line: u32) -> Compiled<Arc<Code>> {
        let scope = self
            .table
            .scope_of(node_address(node), ScopeKind::Class)
            .expect("invariant: every class has a scope");
        self.enter(UnitKind::Class, scope, &node.name, first_line)?;
        self.unit().private = Some(&node.name);
        let at = Some(Location {
            line: first_line,
            end_line: first_line,
            columns: Some((0, 0)),
        });
        self.load("__name__", at);
        self.store("__module__", at);
        let qualname = Constant::from(self.unit_ref().qualname.as_str());
        self.load_constant(qualname, at);
        self.store("__qualname__", at);
        self.load_constant(Constant::Int(i64::from(first_line)), at);
        self.store("__firstlineno__", at);
        if node.type_params.is_some() {
            self.load(".type_params", at);
            self.store("__type_params__", at);
        }
        if self.scope_is(ScopeFlags::NEEDS_CLASS_DICT) {
            self.emit(Opcode::LOAD_LOCALS, at);
            let index = self.closure_index("__classdict__");
            self.emit_with(Opcode::STORE_DEREF, index, at);
        }
        if self.scope_is(ScopeFlags::CONDITIONAL_ANNOTATIONS) {
            self.emit_with(Opcode::BUILD_SET, 0, at);
            let index = self.closure_index("__conditional_annotations__");
            self.emit_with(Opcode::STORE_DEREF, index, at);
        }
        self.body(&node.body, at, Some(at))?;
        let mut attributes: Vec<&str> = self
            .unit()
            .static_attributes
            .take()
            .unwrap_or_default()
            .into_iter()
            .collect();
        attributes.sort_unstable();
        let attributes = attributes.into_iter().map(Constant::from).collect();
        self.load_constant(Constant::Tuple(attributes), None);
        self.store("__static_attributes__", None);
        // The rest stands for nothing in the source.
        if self.scope_is(ScopeFlags::NEEDS_CLASS_DICT) {
            let index = self.closure_index("__classdict__");
            self.emit_with(Opcode::LOAD_CLOSURE, index, None);
            self.store("__classdictcell__", None);
        }
        if self.scope_is(ScopeFlags::NEEDS_CLASS_CLOSURE) {
            let index = self.closure_index("__class__");
            self.emit_with(Opcode::LOAD_CLOSURE, index, None);
            self.emit_with(Opcode::COPY, 1, None);
            self.store("__classcell__", None);
        } else {
            self.load_none(None);
        }
        self.emit(Opcode::RETURN_VALUE, None);
        self.leave()
    }

    /// Notes `self.name = …` of a method for the class's `__static_attributes__`.
    pub fn note_static_attribute(&mut self, node: &'a ExprAttribute) {
        let Expr::Name(value) = &*node.value else {
            return;
        };
        if value.id != "self" {
            return;
        }
        let name = node.attr.as_str();
        for unit in self.units.iter_mut().rev() {
            match unit.kind {
                UnitKind::Class => {
                    if let Some(attributes) = &mut unit.static_attributes {
                        attributes.insert(name);
                    }
                    return;
                }
                UnitKind::Module => return,
                _ => {}
            }
        }
    }
}
