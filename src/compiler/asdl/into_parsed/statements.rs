//! Statements and what only they have: parameters, aliases, handlers.

use ruff_python_ast::{
    Alias, Arguments, AtomicNodeIndex, Decorator, ElifElseClause, ExceptHandler,
    ExceptHandlerExceptHandler, MatchCase, Parameter, ParameterWithDefault, Parameters, Stmt,
    StmtAnnAssign, StmtAssert, StmtAssign, StmtAugAssign, StmtBreak, StmtClassDef, StmtContinue,
    StmtDelete, StmtExpr, StmtFor, StmtFunctionDef, StmtGlobal, StmtIf, StmtImport, StmtImportFrom,
    StmtMatch, StmtNonlocal, StmtPass, StmtRaise, StmtReturn, StmtTry, StmtTypeAlias, StmtWhile,
    StmtWith, Suite, TypeParam, TypeParamParamSpec, TypeParamTypeVar, TypeParamTypeVarTuple,
    TypeParams, WithItem,
};
use ruff_text_size::{Ranged, TextRange};

use super::expressions::operator;
use super::{Fields, Passage};
use crate::asdl::node::Node;
use crate::asdl::table::Class;
use crate::error::Compiled;

impl Passage<'_> {
    pub(super) fn statements(&mut self, fields: &mut Fields) -> Compiled<Suite> {
        let nodes = fields.nodes();
        let mut statements = Vec::with_capacity(nodes.len());
        for node in nodes {
            statements.push(self.nested(|this| this.statement(node))?);
        }
        Ok(statements.into())
    }

    fn statement(&mut self, mut node: Node) -> Compiled<Stmt> {
        let range = self.range(&node);
        let class = node.class;
        let mut fields = Fields::of(&mut node);
        let fields = &mut fields;
        let node_index = AtomicNodeIndex::NONE;
        Ok(match class {
            Class::FunctionDef | Class::AsyncFunctionDef => {
                let name = fields.name(range);
                let parameters = self.parameters(fields.node())?;
                let body = self.statements(fields)?;
                let decorator_list = self.decorators(fields)?;
                let returns = self.optional(fields)?;
                fields.part();
                Stmt::FunctionDef(StmtFunctionDef {
                    node_index,
                    range,
                    is_async: class == Class::AsyncFunctionDef,
                    decorator_list: decorator_list.into(),
                    name,
                    type_params: self.type_parameters(fields, range)?,
                    parameters: Box::new(parameters),
                    returns,
                    body,
                })
            }
            Class::ClassDef => {
                let name = fields.name(range);
                let bases = self.expressions(fields)?;
                let keywords = self.keywords(fields)?;
                let body = self.statements(fields)?;
                let decorator_list = self.decorators(fields)?;
                let arguments = Arguments {
                    range,
                    node_index: AtomicNodeIndex::NONE,
                    args: bases.into(),
                    keywords: keywords.into(),
                };
                Stmt::ClassDef(StmtClassDef {
                    node_index,
                    range,
                    decorator_list: decorator_list.into(),
                    name,
                    type_params: self.type_parameters(fields, range)?,
                    arguments: Some(Box::new(arguments)),
                    body,
                })
            }
            Class::Return => Stmt::Return(StmtReturn {
                node_index,
                range,
                value: self.optional(fields)?,
            }),
            Class::Delete => Stmt::Delete(StmtDelete {
                node_index,
                range,
                targets: self.expressions(fields)?,
            }),
            Class::Assign => Stmt::Assign(StmtAssign {
                node_index,
                range,
                targets: self.expressions(fields)?,
                value: self.required(fields)?,
            }),
            Class::TypeAlias => Stmt::TypeAlias(StmtTypeAlias {
                node_index,
                range,
                name: self.required(fields)?,
                type_params: self.type_parameters(fields, range)?,
                value: self.required(fields)?,
            }),
            Class::AugAssign => Stmt::AugAssign(StmtAugAssign {
                node_index,
                range,
                target: self.required(fields)?,
                op: operator(fields.node().class),
                value: self.required(fields)?,
            }),
            Class::AnnAssign => Stmt::AnnAssign(StmtAnnAssign {
                node_index,
                range,
                target: self.required(fields)?,
                annotation: self.required(fields)?,
                value: self.optional(fields)?,
                simple: fields.int() != 0,
            }),
            Class::For | Class::AsyncFor => Stmt::For(StmtFor {
                node_index,
                range,
                is_async: class == Class::AsyncFor,
                target: self.required(fields)?,
                iter: self.required(fields)?,
                body: self.statements(fields)?,
                orelse: self.statements(fields)?,
            }),
            Class::While => Stmt::While(StmtWhile {
                node_index,
                range,
                test: self.required(fields)?,
                body: self.statements(fields)?,
                orelse: self.statements(fields)?,
            }),
            Class::If => {
                let test = self.required(fields)?;
                let body = self.statements(fields)?;
                let alternative = self.statements(fields)?;
                let mut elif_else_clauses = Vec::new();
                if let Some(first) = alternative.first() {
                    elif_else_clauses.push(ElifElseClause {
                        range: TextRange::new(first.start(), range.end().max(first.start())),
                        node_index: AtomicNodeIndex::NONE,
                        test: None,
                        body: alternative,
                    });
                }
                Stmt::If(StmtIf {
                    node_index,
                    range,
                    test,
                    body,
                    elif_else_clauses,
                })
            }
            Class::With | Class::AsyncWith => Stmt::With(StmtWith {
                node_index,
                range,
                is_async: class == Class::AsyncWith,
                items: self.with_items(fields)?,
                body: self.statements(fields)?,
            }),
            Class::Match => {
                let subject = self.required(fields)?;
                let mut cases = Vec::new();
                for mut case in fields.nodes() {
                    let fields = &mut Fields::of(&mut case);
                    let pattern = self.pattern(fields.node())?;
                    let range = pattern.range();
                    cases.push(MatchCase {
                        range,
                        node_index: AtomicNodeIndex::NONE,
                        pattern,
                        guard: self.optional(fields)?,
                        body: self.statements(fields)?,
                    });
                }
                Stmt::Match(StmtMatch {
                    node_index,
                    range,
                    subject,
                    cases,
                })
            }
            Class::Raise => Stmt::Raise(StmtRaise {
                node_index,
                range,
                exc: self.optional(fields)?,
                cause: self.optional(fields)?,
            }),
            Class::Try | Class::TryStar => Stmt::Try(StmtTry {
                node_index,
                range,
                body: self.statements(fields)?,
                handlers: self.handlers(fields)?,
                orelse: self.statements(fields)?,
                finalbody: self.statements(fields)?,
                is_star: class == Class::TryStar,
            }),
            Class::Assert => Stmt::Assert(StmtAssert {
                node_index,
                range,
                test: self.required(fields)?,
                msg: self.optional(fields)?,
            }),
            Class::Import => Stmt::Import(StmtImport {
                node_index,
                range,
                names: self.aliases(fields),
                is_lazy: false,
            }),
            Class::ImportFrom => Stmt::ImportFrom(StmtImportFrom {
                node_index,
                range,
                module: fields.optional_name(range),
                names: self.aliases(fields),
                level: u32::try_from(fields.int()).unwrap_or(u32::MAX),
                is_lazy: false,
            }),
            Class::Global => Stmt::Global(StmtGlobal {
                node_index,
                range,
                names: fields.names(range),
            }),
            Class::Nonlocal => Stmt::Nonlocal(StmtNonlocal {
                node_index,
                range,
                names: fields.names(range),
            }),
            Class::Expr => Stmt::Expr(StmtExpr {
                node_index,
                range,
                value: self.required(fields)?,
            }),
            Class::Break => Stmt::Break(StmtBreak { node_index, range }),
            Class::Continue => Stmt::Continue(StmtContinue { node_index, range }),
            _ => Stmt::Pass(StmtPass { node_index, range }),
        })
    }

    fn decorators(&mut self, fields: &mut Fields) -> Compiled<Vec<Decorator>> {
        let decorators = self.expressions(fields)?.into_iter();
        let decorators = decorators.map(|expression| Decorator {
            range: expression.range(),
            node_index: AtomicNodeIndex::NONE,
            expression,
        });
        Ok(decorators.collect())
    }

    fn with_items(&mut self, fields: &mut Fields) -> Compiled<Vec<WithItem>> {
        let mut items = Vec::new();
        for mut node in fields.nodes() {
            let fields = &mut Fields::of(&mut node);
            let context_expr = self.expression(fields.node())?;
            items.push(WithItem {
                range: context_expr.range(),
                node_index: AtomicNodeIndex::NONE,
                context_expr,
                optional_vars: self.optional(fields)?,
            });
        }
        Ok(items)
    }

    fn handlers(&mut self, fields: &mut Fields) -> Compiled<Vec<ExceptHandler>> {
        let mut handlers = Vec::new();
        for mut node in fields.nodes() {
            let range = self.range(&node);
            let fields = &mut Fields::of(&mut node);
            handlers.push(ExceptHandler::ExceptHandler(ExceptHandlerExceptHandler {
                range,
                node_index: AtomicNodeIndex::NONE,
                type_: self.optional(fields)?,
                name: fields.optional_name(range),
                body: self.statements(fields)?,
            }));
        }
        Ok(handlers)
    }

    fn aliases(&mut self, fields: &mut Fields) -> Vec<Alias> {
        let nodes = fields.nodes().into_iter();
        let aliases = nodes.map(|mut node| {
            let range = self.range(&node);
            let fields = &mut Fields::of(&mut node);
            Alias {
                range,
                node_index: AtomicNodeIndex::NONE,
                name: fields.name(range),
                asname: fields.optional_name(range),
            }
        });
        aliases.collect()
    }

    fn parameter(&mut self, mut node: Node) -> Compiled<Parameter> {
        let range = self.range(&node);
        let fields = &mut Fields::of(&mut node);
        Ok(Parameter {
            range,
            node_index: AtomicNodeIndex::NONE,
            name: fields.name(range),
            annotation: self.optional(fields)?,
        })
    }

    fn parameter_list(&mut self, fields: &mut Fields) -> Compiled<Vec<ParameterWithDefault>> {
        let mut list = Vec::new();
        for node in fields.nodes() {
            let parameter = self.parameter(node)?;
            list.push(ParameterWithDefault {
                range: parameter.range,
                node_index: AtomicNodeIndex::NONE,
                parameter,
                default: None,
            });
        }
        Ok(list)
    }

    fn variadic(&mut self, fields: &mut Fields) -> Compiled<Option<Box<Parameter>>> {
        match fields.optional_node() {
            Some(node) => Ok(Some(Box::new(self.parameter(node)?))),
            None => Ok(None),
        }
    }

    pub(super) fn parameters(&mut self, mut node: Node) -> Compiled<Parameters> {
        let fields = &mut Fields::of(&mut node);
        let mut posonlyargs = self.parameter_list(fields)?;
        let mut args = self.parameter_list(fields)?;
        let vararg = self.variadic(fields)?;
        let mut kwonlyargs = self.parameter_list(fields)?;
        let keyword_defaults = fields.list();
        let kwarg = self.variadic(fields)?;
        for (parameter, default) in kwonlyargs.iter_mut().zip(keyword_defaults) {
            if let crate::asdl::node::Part::Node(default) = default {
                parameter.default = Some(Box::new(self.expression(default)?));
            }
        }
        // Defaults belong to the last parameters.
        let defaults = self.expressions(fields)?;
        let without = (posonlyargs.len() + args.len()).saturating_sub(defaults.len());
        let positional = posonlyargs.iter_mut().chain(&mut args).skip(without);
        for (parameter, default) in positional.zip(defaults) {
            parameter.default = Some(Box::new(default));
        }
        Ok(Parameters {
            range: TextRange::default(),
            node_index: AtomicNodeIndex::NONE,
            posonlyargs: posonlyargs.into(),
            args: args.into(),
            vararg,
            kwonlyargs: kwonlyargs.into(),
            kwarg,
        })
    }

    fn type_parameters(
        &mut self,
        fields: &mut Fields,
        owner: TextRange,
    ) -> Compiled<Option<Box<TypeParams>>> {
        let mut type_params = Vec::new();
        for mut node in fields.nodes() {
            let range = self.range(&node);
            let class = node.class;
            let fields = &mut Fields::of(&mut node);
            let node_index = AtomicNodeIndex::NONE;
            let name = fields.name(range);
            type_params.push(match class {
                Class::TypeVar => TypeParam::TypeVar(TypeParamTypeVar {
                    node_index,
                    range,
                    name,
                    bound: self.optional(fields)?,
                    default: self.optional(fields)?,
                }),
                Class::ParamSpec => TypeParam::ParamSpec(TypeParamParamSpec {
                    node_index,
                    range,
                    name,
                    default: self.optional(fields)?,
                }),
                _ => TypeParam::TypeVarTuple(TypeParamTypeVarTuple {
                    node_index,
                    range,
                    name,
                    default: self.optional(fields)?,
                }),
            });
        }
        if type_params.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(TypeParams {
            range: owner,
            node_index: AtomicNodeIndex::NONE,
            type_params,
        })))
    }
}
