//! Annotations (PEP 649), type parameters (PEP 695, 696), type aliases.

use ruff_python_ast::{Expr, Parameter, StmtFunctionDef, StmtTypeAlias, TypeParam, TypeParams};
use ruff_text_size::Ranged;

use super::Generator;
use super::unit::{At, UnitKind};
use crate::code::CodeFlags;
use crate::constant::Constant;
use crate::error::{Compiled, Failure};
use crate::location::Location;
use crate::opcode::{
    COMPARE_TO_BOOL, CommonConstant, Comparison, FunctionAttribute, Intrinsic1, Intrinsic2, Opcode,
};
use crate::symbol_table::{ScopeId, ScopeKind, node_address};

impl<'a> Generator<'a, '_> {
    pub fn future_annotations(&self) -> bool {
        (self.future.flags | self.options.flags).contains(CodeFlags::FUTURE_ANNOTATIONS)
    }

    /// Opens a function that takes the wanted format; it knows VALUE and
    /// VALUE_WITH_FAKE_GLOBALS only.
    fn enter_evaluator(&mut self, scope: ScopeId, name: &'a str, at: At) -> Compiled<()> {
        let line = at.map_or(1, |at| at.line);
        self.enter(UnitKind::Annotations, scope, name, line)?;
        let unit = self.unit();
        unit.arg_count = 1;
        unit.positional_only_count = 1;
        let body = self.label();
        self.emit_with(Opcode::LOAD_FAST, 0, at);
        self.load_constant(Constant::Int(2), at);
        let greater = Comparison::Greater.argument() | COMPARE_TO_BOOL;
        self.emit_with(Opcode::COMPARE_OP, greater, at);
        self.jump(Opcode::POP_JUMP_IF_FALSE, body, at);
        let error = CommonConstant::NotImplementedError as u32;
        self.emit_with(Opcode::LOAD_COMMON_CONSTANT, error, at);
        self.emit_with(Opcode::RAISE_VARARGS, 1, at);
        self.use_label(body);
        Ok(())
    }

    /// Leaves the function that evaluates a function's annotations on the stack, if it has any.
    pub fn function_annotations(&mut self, node: &'a StmtFunctionDef, at: At) -> Compiled<bool> {
        let parameters = &*node.parameters;
        fn of(parameter: &Parameter) -> Option<(&str, &Expr)> {
            Some((parameter.name.as_str(), parameter.annotation.as_deref()?))
        }
        let annotations: Vec<(&'a str, &'a Expr)> = parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .map(|parameter| &parameter.parameter)
            .chain(parameters.vararg.as_deref())
            .chain(
                parameters
                    .kwonlyargs
                    .iter()
                    .map(|parameter| &parameter.parameter),
            )
            .chain(parameters.kwarg.as_deref())
            .filter_map(of)
            .chain(node.returns.as_deref().map(|returns| ("return", returns)))
            .collect();
        if annotations.is_empty() {
            return Ok(false);
        }
        let scope = self
            .table
            .scope_of(node_address(parameters), ScopeKind::Annotation)
            .expect("invariant: parameters have a scope for annotations");
        let owner = self.qualname(UnitKind::Function, &node.name);
        self.enter_evaluator(scope, "__annotate__", at)?;
        self.unit().qualname = format!("{owner}.__annotate__");
        let count = annotations.len() as u32;
        for (name, annotation) in annotations {
            let name = self.mangled(name);
            self.load_constant(Constant::from(name), at);
            self.annotation(annotation)?;
        }
        self.emit_with(Opcode::BUILD_MAP, count, at);
        self.emit(Opcode::RETURN_VALUE, at);
        let code = self.leave()?;
        self.make_closure(code, &[], at);
        Ok(true)
    }

    /// The value of an annotation, or its text.
    fn annotation(&mut self, annotation: &'a Expr) -> Compiled<()> {
        let at = self.at(annotation.range());
        if self.future_annotations() {
            let text = self.annotation_text(annotation);
            self.load_constant(text, at);
            return Ok(());
        }
        // `*args: *Ts`
        if let Expr::Starred(starred) = annotation {
            self.expression(&starred.value)?;
            self.emit_with(Opcode::UNPACK_SEQUENCE, 1, at);
            return Ok(());
        }
        self.expression(annotation)
    }

    /// Makes and stores the function that evaluates the annotations of a module or class.
    pub fn process_annotations(&mut self, at: At) -> Compiled<()> {
        let deferred = std::mem::take(&mut self.unit().deferred_annotations);
        if deferred.is_empty() {
            return Ok(());
        }
        let outer = self.scope_id();
        let scope = self.table[outer]
            .annotation_scope
            .expect("invariant: annotated statements opened a scope");
        let is_class = self.unit_ref().kind == UnitKind::Class;
        let first = self.unit_ref().first_line;
        let outer_private = self.unit_ref().private;
        let start = Location {
            line: first,
            end_line: first,
            columns: Some((0, 0)),
        };
        self.enter_evaluator(scope, "__annotate__", Some(start))?;
        self.unit().private = outer_private;
        let at_start = self
            .unit_ref()
            .instructions
            .first()
            .and_then(|resume| resume.at);
        self.emit_with(Opcode::BUILD_MAP, 0, at_start);
        for (node, index) in deferred {
            let Expr::Name(target) = &*node.target else {
                continue;
            };
            let not_set = self.label();
            let node_at = self.at(node.range);
            if let Some(index) = index {
                self.load_constant(Constant::Int(i64::from(index)), node_at);
                if is_class {
                    let cell = self.cell_index("__conditional_annotations__");
                    self.emit_with(Opcode::LOAD_DEREF, cell, node_at);
                } else {
                    let name = self.unit().name_index("__conditional_annotations__");
                    self.emit_with(Opcode::LOAD_GLOBAL, name << 1, node_at);
                }
                self.emit_with(Opcode::CONTAINS_OP, 0, node_at);
                self.jump(Opcode::POP_JUMP_IF_FALSE, not_set, node_at);
            }
            self.expression(&node.annotation)?;
            self.emit_with(Opcode::COPY, 2, node_at);
            let name = self.mangled(&target.id);
            self.load_constant(Constant::from(name), node_at);
            self.emit(Opcode::STORE_SUBSCR, at_start);
            self.use_label(not_set);
        }
        self.emit(Opcode::RETURN_VALUE, at_start);
        let code = self.leave()?;
        self.make_closure(code, &[], at);
        self.store(
            if is_class {
                "__annotate_func__"
            } else {
                "__annotate__"
            },
            at,
        );
        Ok(())
    }

    pub fn enter_type_parameters(&mut self, name: &'a str, node: usize, line: u32) -> Compiled<()> {
        let scope = self
            .table
            .scope_of(node, ScopeKind::TypeParameters)
            .expect("invariant: type parameters have a scope");
        let name = self
            .arena
            .alloc_str(&format!("<generic parameters of {name}>"));
        self.enter(UnitKind::TypeParameters, scope, name, line)
    }

    /// Leaves a tuple of the type parameters on the stack.
    pub fn type_params(&mut self, type_params: &'a TypeParams) -> Compiled<()> {
        let mut seen_default = false;
        let at = type_params.first().and_then(|first| self.at(first.range()));
        for parameter in type_params.iter() {
            let at = self.at(parameter.range());
            let name = parameter.name().as_str();
            self.load_constant(Constant::from(name), at);
            match parameter {
                TypeParam::TypeVar(variable) => match &variable.bound {
                    None => self.emit_intrinsic(Intrinsic1::TypeVar, at),
                    Some(bound) => {
                        self.lazy_value(name, bound, node_address(variable))?;
                        let intrinsic = if bound.is_tuple_expr() {
                            Intrinsic2::TypeVarWithConstraints
                        } else {
                            Intrinsic2::TypeVarWithBound
                        };
                        self.emit_with(Opcode::CALL_INTRINSIC_2, intrinsic as u32, at);
                    }
                },
                TypeParam::TypeVarTuple(_) => self.emit_intrinsic(Intrinsic1::TypeVarTuple, at),
                TypeParam::ParamSpec(_) => self.emit_intrinsic(Intrinsic1::ParamSpec, at),
            }
            match parameter.default() {
                Some(default) => {
                    seen_default = true;
                    self.lazy_value(name, default, node_address(default))?;
                    self.emit_with(
                        Opcode::CALL_INTRINSIC_2,
                        Intrinsic2::SetTypeParamDefault as u32,
                        at,
                    );
                }
                None if seen_default => {
                    return Err(Failure::syntax(
                        format!(
                            "non-default type parameter '{name}' follows default type parameter"
                        ),
                        parameter.range(),
                    ));
                }
                None => {}
            }
            self.emit_with(Opcode::COPY, 1, at);
            self.store(name, at);
        }
        self.emit_with(Opcode::BUILD_TUPLE, type_params.len() as u32, at);
        Ok(())
    }

    fn emit_intrinsic(&mut self, intrinsic: Intrinsic1, at: At) {
        self.emit_with(Opcode::CALL_INTRINSIC_1, intrinsic as u32, at);
    }

    /// A function that evaluates a bound or default when asked.
    fn lazy_value(&mut self, name: &'a str, value: &'a Expr, node: usize) -> Compiled<()> {
        let scope = self
            .table
            .scope_of(node, ScopeKind::TypeVariable)
            .expect("invariant: bounds and defaults have a scope");
        self.evaluator(scope, name, value)
    }

    fn evaluator(&mut self, scope: ScopeId, name: &'a str, value: &'a Expr) -> Compiled<()> {
        let at = self.at(value.range());
        // The format is optional: 1 means VALUE.
        let default = Constant::Tuple(Box::new([Constant::Int(1)]));
        self.load_constant(default, at);
        self.enter_evaluator(scope, name, at)?;
        if let Expr::Starred(starred) = value {
            self.expression(&starred.value)?;
            self.emit_with(Opcode::UNPACK_SEQUENCE, 1, at);
        } else {
            self.expression(value)?;
        }
        self.emit(Opcode::RETURN_VALUE, at);
        let code = self.leave()?;
        self.make_closure(code, &[FunctionAttribute::Defaults], at);
        Ok(())
    }

    pub fn type_alias(&mut self, node: &'a StmtTypeAlias) -> Compiled<()> {
        let Expr::Name(name) = &*node.name else {
            return Err(Failure::syntax("invalid syntax", node.range));
        };
        let at = self.at(node.range);
        if let Some(type_params) = &node.type_params {
            let line = at.map_or(1, |at| at.line);
            self.enter_type_parameters(&name.id, node_address(node), line)?;
            self.load_constant(Constant::from(name.id.as_str()), at);
            self.type_params(type_params)?;
        } else {
            self.load_constant(Constant::from(name.id.as_str()), at);
            self.load_none(at);
        }
        let scope = self
            .table
            .scope_of(node_address(node), ScopeKind::TypeAlias)
            .expect("invariant: a type alias has a scope");
        self.evaluator(scope, &name.id, &node.value)?;
        self.emit_with(Opcode::BUILD_TUPLE, 3, at);
        self.emit_intrinsic(Intrinsic1::TypeAlias, at);
        if node.type_params.is_some() {
            self.emit(Opcode::RETURN_VALUE, at);
            let code = self.leave()?;
            self.make_closure(code, &[], at);
            self.emit(Opcode::PUSH_NULL, at);
            self.emit_with(Opcode::CALL, 0, at);
        }
        self.store(&name.id, at);
        Ok(())
    }
}
