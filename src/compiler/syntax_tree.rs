//! Owning a parsed tree, however deep it is.
//!
//! `a.b.b.b…` is as deep as it is long, and dropping such a tree the ordinary way recurses as deep.
//! [`SyntaxTree`] takes expressions apart iteratively instead. Statements need no such care: the
//! depth of their indentation is limited.

use ruff_python_ast::{
    ElifElseClause, ExceptHandler, Expr, InterpolatedStringElement, Mod, Parameters, Pattern, Stmt,
};

/// A tree that can be dropped on any stack.
pub(crate) struct SyntaxTree {
    tree: Option<Mod>,
    /// Known to be shallow enough to be dropped recursively.
    shallow: std::cell::Cell<bool>,
}

/// Levels of expressions that recursion may drop.
pub(crate) const SHALLOW: u32 = 500;

impl SyntaxTree {
    pub fn new(tree: Mod) -> SyntaxTree {
        SyntaxTree {
            tree: Some(tree),
            shallow: std::cell::Cell::new(false),
        }
    }

    pub fn get(&self) -> &Mod {
        self.tree.as_ref().expect("invariant: taken only by drop")
    }

    pub fn set_shallow(&self) {
        self.shallow.set(true);
    }
}

impl Drop for SyntaxTree {
    fn drop(&mut self) {
        if self.shallow.get() {
            return;
        }
        let mut work = Vec::new();
        match self.tree.take() {
            Some(Mod::Module(module)) => statements(module.body, &mut work),
            Some(Mod::Expression(expression)) => work.push(*expression.body),
            None => {}
        }
        while let Some(expression) = work.pop() {
            take_apart(expression, &mut work);
        }
    }
}

fn statements(body: impl IntoIterator<Item = Stmt>, work: &mut Vec<Expr>) {
    for statement in body {
        crate::recursion::grow(|| take_statement_apart(statement, work));
    }
}

fn take_statement_apart(statement: Stmt, work: &mut Vec<Expr>) {
    match statement {
        Stmt::FunctionDef(node) => {
            work.extend(
                node.decorator_list
                    .into_iter()
                    .map(|decorator| decorator.expression),
            );
            work.extend(node.returns.map(|returns| *returns));
            parameters(*node.parameters, work);
            statements(node.body, work);
        }
        Stmt::ClassDef(node) => {
            work.extend(
                node.decorator_list
                    .into_iter()
                    .map(|decorator| decorator.expression),
            );
            if let Some(arguments) = node.arguments {
                work.extend(arguments.args);
                work.extend(arguments.keywords.into_iter().map(|keyword| keyword.value));
            }
            statements(node.body, work);
        }
        Stmt::Return(node) => work.extend(node.value.map(|value| *value)),
        Stmt::Delete(node) => work.extend(node.targets),
        Stmt::TypeAlias(node) => work.push(*node.value),
        Stmt::Assign(node) => {
            work.extend(node.targets);
            work.push(*node.value);
        }
        Stmt::AugAssign(node) => work.extend([*node.target, *node.value]),
        Stmt::AnnAssign(node) => {
            work.extend([*node.target, *node.annotation]);
            work.extend(node.value.map(|value| *value));
        }
        Stmt::For(node) => {
            work.extend([*node.target, *node.iter]);
            statements(node.body, work);
            statements(node.orelse, work);
        }
        Stmt::While(node) => {
            work.push(*node.test);
            statements(node.body, work);
            statements(node.orelse, work);
        }
        Stmt::If(node) => {
            work.push(*node.test);
            statements(node.body, work);
            for ElifElseClause { test, body, .. } in node.elif_else_clauses {
                work.extend(test);
                statements(body, work);
            }
        }
        Stmt::With(node) => {
            work.extend(node.items.into_iter().map(|item| item.context_expr));
            statements(node.body, work);
        }
        Stmt::Match(node) => {
            work.push(*node.subject);
            for case in node.cases {
                work.extend(case.guard.map(|guard| *guard));
                statements(case.body, work);
                pattern(case.pattern, work);
            }
        }
        Stmt::Raise(node) => {
            work.extend(node.exc.map(|exception| *exception));
            work.extend(node.cause.map(|cause| *cause));
        }
        Stmt::Try(node) => {
            statements(node.body, work);
            for ExceptHandler::ExceptHandler(handler) in node.handlers {
                work.extend(handler.type_.map(|type_| *type_));
                statements(handler.body, work);
            }
            statements(node.orelse, work);
            statements(node.finalbody, work);
        }
        Stmt::Assert(node) => {
            work.push(*node.test);
            work.extend(node.msg.map(|message| *message));
        }
        Stmt::Expr(node) => work.push(*node.value),
        Stmt::Import(_)
        | Stmt::ImportFrom(_)
        | Stmt::Global(_)
        | Stmt::Nonlocal(_)
        | Stmt::Pass(_)
        | Stmt::Break(_)
        | Stmt::Continue(_)
        | Stmt::IpyEscapeCommand(_) => {}
    }
}

/// Moves the children of an expression to `work` and drops the rest.
fn take_apart(expression: Expr, work: &mut Vec<Expr>) {
    match expression {
        Expr::BoolOp(node) => work.extend(node.values),
        Expr::Named(node) => work.extend([*node.target, *node.value]),
        Expr::BinOp(node) => work.extend([*node.left, *node.right]),
        Expr::UnaryOp(node) => work.push(*node.operand),
        Expr::Lambda(node) => {
            work.push(*node.body);
            if let Some(list) = node.parameters {
                parameters(*list, work);
            }
        }
        Expr::If(node) => work.extend([*node.test, *node.body, *node.orelse]),
        Expr::Dict(node) => {
            for item in node.items {
                work.extend(item.key);
                work.push(item.value);
            }
        }
        Expr::Set(node) => work.extend(node.elts),
        Expr::ListComp(node) => {
            work.push(*node.elt);
            comprehensions(node.generators, work);
        }
        Expr::SetComp(node) => {
            work.push(*node.elt);
            comprehensions(node.generators, work);
        }
        Expr::DictComp(node) => {
            work.extend(node.key.map(|key| *key));
            work.push(*node.value);
            comprehensions(node.generators, work);
        }
        Expr::Generator(node) => {
            work.push(*node.elt);
            comprehensions(node.generators, work);
        }
        Expr::Await(node) => work.push(*node.value),
        Expr::Yield(node) => work.extend(node.value.map(|value| *value)),
        Expr::YieldFrom(node) => work.push(*node.value),
        Expr::Compare(node) => {
            work.push(*node.left);
            work.extend(node.comparators);
        }
        Expr::Call(node) => {
            work.push(*node.func);
            work.extend(node.arguments.args);
            work.extend(
                node.arguments
                    .keywords
                    .into_iter()
                    .map(|keyword| keyword.value),
            );
        }
        Expr::FString(mut node) => {
            for part in &mut node.value {
                if let ruff_python_ast::FStringPart::FString(string) = part {
                    string
                        .elements
                        .iter_mut()
                        .for_each(|element| hollow_out(element, work));
                }
            }
        }
        Expr::TString(mut node) => {
            for string in &mut node.value {
                string
                    .elements
                    .iter_mut()
                    .for_each(|element| hollow_out(element, work));
            }
        }
        Expr::Attribute(node) => work.push(*node.value),
        Expr::Subscript(node) => work.extend([*node.value, *node.slice]),
        Expr::Starred(node) => work.push(*node.value),
        Expr::List(node) => work.extend(node.elts),
        Expr::Tuple(node) => work.extend(node.elts),
        Expr::Slice(node) => {
            let parts = [node.lower, node.upper, node.step];
            work.extend(parts.into_iter().flatten().map(|part| *part));
        }
        Expr::Name(_)
        | Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::EllipsisLiteral(_)
        | Expr::IpyEscapeCommand(_) => {}
    }
}

fn parameters(list: Parameters, work: &mut Vec<Expr>) {
    for parameter in list
        .posonlyargs
        .into_iter()
        .chain(list.args)
        .chain(list.kwonlyargs)
    {
        work.extend(parameter.default.map(|default| *default));
        work.extend(parameter.parameter.annotation.map(|annotation| *annotation));
    }
    for parameter in [list.vararg, list.kwarg].into_iter().flatten() {
        work.extend(parameter.annotation.map(|annotation| *annotation));
    }
}

/// Brackets nest patterns, and their depth is limited; expressions in them may be deep.
fn pattern(root: Pattern, work: &mut Vec<Expr>) {
    crate::recursion::grow(|| match root {
        Pattern::MatchValue(node) => work.push(*node.value),
        Pattern::MatchSequence(node) => node
            .patterns
            .into_iter()
            .for_each(|inner| pattern(inner, work)),
        Pattern::MatchMapping(node) => {
            work.extend(node.keys);
            node.patterns
                .into_iter()
                .for_each(|inner| pattern(inner, work));
        }
        Pattern::MatchClass(node) => {
            work.push(*node.cls);
            node.arguments
                .patterns
                .into_iter()
                .for_each(|inner| pattern(inner, work));
            node.arguments
                .keywords
                .into_iter()
                .for_each(|keyword| pattern(keyword.pattern, work));
        }
        Pattern::MatchAs(node) => {
            if let Some(inner) = node.pattern {
                pattern(*inner, work);
            }
        }
        Pattern::MatchOr(node) => node
            .patterns
            .into_iter()
            .for_each(|inner| pattern(inner, work)),
        Pattern::MatchSingleton(_) | Pattern::MatchStar(_) => {}
    });
}

fn comprehensions(clauses: Vec<ruff_python_ast::Comprehension>, work: &mut Vec<Expr>) {
    for clause in clauses {
        work.extend([clause.target, clause.iter]);
        work.extend(clause.ifs);
    }
}

/// Takes the expression out of a replacement field, which cannot be moved out itself.
fn hollow_out(element: &mut InterpolatedStringElement, work: &mut Vec<Expr>) {
    if let InterpolatedStringElement::Interpolation(field) = element {
        let placeholder = Expr::NoneLiteral(ruff_python_ast::ExprNoneLiteral::default());
        work.push(std::mem::replace(&mut *field.expression, placeholder));
        if let Some(specification) = &mut field.format_spec {
            specification
                .elements
                .iter_mut()
                .for_each(|element| hollow_out(element, work));
        }
    }
}
