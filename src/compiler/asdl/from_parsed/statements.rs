//! Statements and what only they have: parameters, aliases, handlers.

use ruff_python_ast::{
    Alias, Decorator, ElifElseClause, ExceptHandler, Parameter, ParameterWithDefault, Parameters,
    Stmt, TypeParam, TypeParams, WithItem,
};
use ruff_text_size::{Ranged, TextRange};

use super::{Passage, name, names, optional_name};
use crate::asdl::node::{Node, Part};
use crate::asdl::table::Class;
use crate::definition::definition_range;
use crate::error::Compiled;

impl Passage<'_> {
    pub(super) fn statements(&mut self, body: &[Stmt]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(body.len());
        for statement in body {
            nodes.push(Part::Node(self.statement(statement)?));
        }
        Ok(Part::List(nodes))
    }

    fn statement(&mut self, statement: &Stmt) -> Compiled<Node> {
        self.nested(|this| this.statement_inside(statement))
    }

    fn statement_inside(&mut self, statement: &Stmt) -> Compiled<Node> {
        let mut range = statement.range();
        let (class, fields) = match statement {
            Stmt::FunctionDef(node) => {
                range = definition_range(self.source, &node.decorator_list, range);
                let class = match node.is_async {
                    true => Class::AsyncFunctionDef,
                    false => Class::FunctionDef,
                };
                let fields = vec![
                    name(&node.name),
                    self.parameters(Some(&node.parameters))?,
                    self.statements(&node.body)?,
                    self.decorators(&node.decorator_list)?,
                    self.optional(node.returns.as_deref())?,
                    Part::Absent,
                    self.type_parameters(node.type_params.as_deref())?,
                ];
                (class, fields)
            }
            Stmt::ClassDef(node) => {
                range = definition_range(self.source, &node.decorator_list, range);
                let arguments = node.arguments.as_deref();
                let bases = arguments.map_or(&[][..], |arguments| &arguments.args);
                let keywords = arguments.map_or(&[][..], |arguments| &arguments.keywords);
                let fields = vec![
                    name(&node.name),
                    self.expressions(bases)?,
                    self.keywords(keywords)?,
                    self.statements(&node.body)?,
                    self.decorators(&node.decorator_list)?,
                    self.type_parameters(node.type_params.as_deref())?,
                ];
                (Class::ClassDef, fields)
            }
            Stmt::Return(node) => (Class::Return, vec![self.optional(node.value.as_deref())?]),
            Stmt::Delete(node) => (Class::Delete, vec![self.expressions(&node.targets)?]),
            Stmt::Assign(node) => (
                Class::Assign,
                vec![
                    self.expressions(&node.targets)?,
                    self.part(&node.value)?,
                    Part::Absent,
                ],
            ),
            Stmt::TypeAlias(node) => (
                Class::TypeAlias,
                vec![
                    self.part(&node.name)?,
                    self.type_parameters(node.type_params.as_deref())?,
                    self.part(&node.value)?,
                ],
            ),
            Stmt::AugAssign(node) => (
                Class::AugAssign,
                vec![
                    self.part(&node.target)?,
                    super::expressions::operator(node.op).into(),
                    self.part(&node.value)?,
                ],
            ),
            Stmt::AnnAssign(node) => (
                Class::AnnAssign,
                vec![
                    self.part(&node.target)?,
                    self.part(&node.annotation)?,
                    self.optional(node.value.as_deref())?,
                    Part::Int(i64::from(node.simple)),
                ],
            ),
            Stmt::For(node) => (
                match node.is_async {
                    true => Class::AsyncFor,
                    false => Class::For,
                },
                vec![
                    self.part(&node.target)?,
                    self.part(&node.iter)?,
                    self.statements(&node.body)?,
                    self.statements(&node.orelse)?,
                    Part::Absent,
                ],
            ),
            Stmt::While(node) => (
                Class::While,
                vec![
                    self.part(&node.test)?,
                    self.statements(&node.body)?,
                    self.statements(&node.orelse)?,
                ],
            ),
            Stmt::If(node) => (
                Class::If,
                vec![
                    self.part(&node.test)?,
                    self.statements(&node.body)?,
                    self.alternative(&node.elif_else_clauses)?,
                ],
            ),
            Stmt::With(node) => (
                match node.is_async {
                    true => Class::AsyncWith,
                    false => Class::With,
                },
                vec![
                    self.with_items(&node.items)?,
                    self.statements(&node.body)?,
                    Part::Absent,
                ],
            ),
            Stmt::Match(node) => {
                let subject = self.part(&node.subject)?;
                let mut cases = Vec::with_capacity(node.cases.len());
                for case in &node.cases {
                    let fields = vec![
                        self.pattern(&case.pattern)?.into(),
                        self.optional(case.guard.as_deref())?,
                        self.statements(&case.body)?,
                    ];
                    cases.push(Node::new(Class::MatchCase, fields));
                }
                (Class::Match, vec![subject, cases.into()])
            }
            Stmt::Raise(node) => (
                Class::Raise,
                vec![
                    self.optional(node.exc.as_deref())?,
                    self.optional(node.cause.as_deref())?,
                ],
            ),
            Stmt::Try(node) => (
                match node.is_star {
                    true => Class::TryStar,
                    false => Class::Try,
                },
                vec![
                    self.statements(&node.body)?,
                    self.handlers(&node.handlers)?,
                    self.statements(&node.orelse)?,
                    self.statements(&node.finalbody)?,
                ],
            ),
            Stmt::Assert(node) => (
                Class::Assert,
                vec![self.part(&node.test)?, self.optional(node.msg.as_deref())?],
            ),
            Stmt::Import(node) => (Class::Import, vec![self.aliases(&node.names)]),
            Stmt::ImportFrom(node) => (
                Class::ImportFrom,
                vec![
                    optional_name(node.module.as_ref()),
                    self.aliases(&node.names),
                    Part::Int(i64::from(node.level)),
                ],
            ),
            Stmt::Global(node) => (Class::Global, vec![names(&node.names)]),
            Stmt::Nonlocal(node) => (Class::Nonlocal, vec![names(&node.names)]),
            Stmt::Expr(node) => (Class::Expr, vec![self.part(&node.value)?]),
            Stmt::Break(_) => (Class::Break, Vec::new()),
            Stmt::Continue(_) => (Class::Continue, Vec::new()),
            // Escape commands belong to notebooks, and are not read.
            Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => (Class::Pass, Vec::new()),
        };
        Ok(self.node(class, range, fields))
    }

    fn decorators(&mut self, decorators: &[Decorator]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(decorators.len());
        for decorator in decorators {
            nodes.push(self.part(&decorator.expression)?);
        }
        Ok(Part::List(nodes))
    }

    /// What `elif` and `else` clauses say: an `if` of its own for each `elif`.
    fn alternative(&mut self, clauses: &[ElifElseClause]) -> Compiled<Part> {
        let Some((first, rest)) = clauses.split_first() else {
            return Ok(Part::List(Vec::new()));
        };
        let Some(test) = &first.test else {
            return self.statements(&first.body);
        };
        let end = clauses.last().map_or(first.end(), Ranged::end);
        let node = self.nested(|this| {
            let fields = vec![
                this.part(test)?,
                this.statements(&first.body)?,
                this.alternative(rest)?,
            ];
            Ok(this.node(Class::If, TextRange::new(first.start(), end), fields))
        })?;
        Ok(vec![node].into())
    }

    fn with_items(&mut self, items: &[WithItem]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            let fields = vec![
                self.part(&item.context_expr)?,
                self.optional(item.optional_vars.as_deref())?,
            ];
            nodes.push(Node::new(Class::WithItem, fields));
        }
        Ok(nodes.into())
    }

    fn handlers(&mut self, handlers: &[ExceptHandler]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(handlers.len());
        for ExceptHandler::ExceptHandler(handler) in handlers {
            let fields = vec![
                self.optional(handler.type_.as_deref())?,
                optional_name(handler.name.as_ref()),
                self.statements(&handler.body)?,
            ];
            nodes.push(self.node(Class::ExceptHandler, handler.range, fields));
        }
        Ok(nodes.into())
    }

    fn aliases(&mut self, aliases: &[Alias]) -> Part {
        let nodes = aliases.iter().map(|alias| {
            let fields = vec![name(&alias.name), optional_name(alias.asname.as_ref())];
            Part::Node(self.node(Class::Alias, alias.range, fields))
        });
        Part::List(nodes.collect())
    }

    fn parameter(&mut self, parameter: &Parameter) -> Compiled<Node> {
        let fields = vec![
            name(&parameter.name),
            self.optional(parameter.annotation.as_deref())?,
            Part::Absent,
        ];
        // The stars of `*args` and `**kwargs` are not the parameter's.
        let range = TextRange::new(parameter.name.start(), parameter.range.end());
        Ok(self.node(Class::Arg, range, fields))
    }

    fn parameter_list(&mut self, list: &[ParameterWithDefault]) -> Compiled<Part> {
        let mut nodes = Vec::with_capacity(list.len());
        for parameter in list {
            nodes.push(self.parameter(&parameter.parameter)?);
        }
        Ok(nodes.into())
    }

    fn variadic(&mut self, parameter: Option<&Parameter>) -> Compiled<Part> {
        match parameter {
            Some(parameter) => Ok(self.parameter(parameter)?.into()),
            None => Ok(Part::Absent),
        }
    }

    pub(super) fn parameters(&mut self, parameters: Option<&Parameters>) -> Compiled<Part> {
        let empty = Parameters::default();
        let list = parameters.unwrap_or(&empty);
        let mut keyword_defaults = Vec::new();
        for parameter in &list.kwonlyargs {
            keyword_defaults.push(self.optional(parameter.default.as_deref())?);
        }
        let mut defaults = Vec::new();
        for parameter in list.posonlyargs.iter().chain(&list.args) {
            if let Some(default) = &parameter.default {
                defaults.push(self.part(default)?);
            }
        }
        let fields = vec![
            self.parameter_list(&list.posonlyargs)?,
            self.parameter_list(&list.args)?,
            self.variadic(list.vararg.as_deref())?,
            self.parameter_list(&list.kwonlyargs)?,
            Part::List(keyword_defaults),
            self.variadic(list.kwarg.as_deref())?,
            Part::List(defaults),
        ];
        Ok(Node::new(Class::Arguments, fields).into())
    }

    fn type_parameters(&mut self, parameters: Option<&TypeParams>) -> Compiled<Part> {
        let parameters = parameters.map_or(&[][..], |list| &list.type_params);
        let mut nodes = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let (class, fields) = match parameter {
                TypeParam::TypeVar(node) => (
                    Class::TypeVar,
                    vec![
                        name(&node.name),
                        self.optional(node.bound.as_deref())?,
                        self.optional(node.default.as_deref())?,
                    ],
                ),
                TypeParam::ParamSpec(node) => (
                    Class::ParamSpec,
                    vec![name(&node.name), self.optional(node.default.as_deref())?],
                ),
                TypeParam::TypeVarTuple(node) => (
                    Class::TypeVarTuple,
                    vec![name(&node.name), self.optional(node.default.as_deref())?],
                ),
            };
            nodes.push(self.node(class, parameter.range(), fields));
        }
        Ok(nodes.into())
    }
}
