//! What a tree that a program made must be like before it is compiled.
//!
//! The grammar has been seen to by whoever made the nodes: fields hold nodes of their kind. Here is what
//! the grammar does not say: bodies are not empty, targets have the context of targets, positions are in
//! order, patterns hold literals. Code generation relies on it.

use super::node::{Node, Part};
use super::table::Class;
use crate::constant::Constant;
use crate::error::{Compiled, ErrorKind, Failure};
use crate::location::Location;
use crate::recursion::{RecursionGuard, grow};

/// Checks a whole tree.
pub(crate) fn validate(tree: &Node, guard: &RecursionGuard) -> Compiled<()> {
    let check = Check { guard };
    match tree.class {
        Class::Expression => check.expression(tree.node("body"), Class::Load),
        Class::FunctionType => {
            check.expressions(tree.list("argtypes"), Class::Load)?;
            check.expression(tree.node("returns"), Class::Load)
        }
        _ => check.statements(tree.list("body")),
    }
}

struct Check<'a> {
    guard: &'a RecursionGuard,
}

#[cold]
fn value_error(message: impl Into<String>) -> Failure {
    Failure::new(ErrorKind::Value, message, Default::default())
}

#[cold]
fn type_error(message: impl Into<String>) -> Failure {
    Failure::new(ErrorKind::Type, message, Default::default())
}

fn require(condition: bool, message: &str) -> Compiled<()> {
    if condition {
        Ok(())
    } else {
        Err(value_error(message))
    }
}

fn positions(node: &Node) -> Compiled<()> {
    let Some(Location {
        line,
        end_line,
        columns,
    }) = node.location
    else {
        return Ok(());
    };
    // Numbers below zero are kept in the same bits.
    let (line, end_line) = (line as i32, end_line as i32);
    let (column, end_column) = columns.unwrap_or_default();
    let (column, end_column) = (column as i32, end_column as i32);
    if line > end_line {
        return Err(value_error(format!(
            "AST node line range ({line}, {end_line}) is not valid"
        )));
    }
    if (line < 0 && end_line != line) || (column < 0 && column != end_column) {
        return Err(value_error(format!(
            "AST node column range ({column}, {end_column}) for line range ({line}, {end_line}) \
             is not valid"
        )));
    }
    if line == end_line && column > end_column {
        return Err(value_error(format!(
            "line {line}, column {column}-{end_column} is not a valid range"
        )));
    }
    Ok(())
}

fn not_empty(items: &[Part], field: &str, owner: &str) -> Compiled<()> {
    if items.is_empty() {
        return Err(value_error(format!("empty {field} on {owner}")));
    }
    Ok(())
}

fn name(name: &str) -> Compiled<()> {
    if matches!(name, "None" | "True" | "False") {
        return Err(value_error(format!(
            "identifier field can't represent '{name}' constant"
        )));
    }
    Ok(())
}

fn aliases(node: &Node) -> Compiled<()> {
    nodes(node.list("names")).try_for_each(|alias| {
        name(alias.name("name"))?;
        alias.optional_name("asname").map_or(Ok(()), name)
    })
}

fn capture(captured: &str) -> Compiled<()> {
    require(captured != "_", "can't capture name '_' in patterns")?;
    name(captured)
}

impl Check<'_> {
    fn nested(&self, work: impl FnOnce() -> Compiled<()>) -> Compiled<()> {
        let _level = self.guard.enter()?;
        grow(work)
    }

    // Statements.

    fn body(&self, node: &Node, owner: &str) -> Compiled<()> {
        not_empty(node.list("body"), "body", owner)?;
        self.statements(node.list("body"))
    }

    fn statements(&self, statements: &[Part]) -> Compiled<()> {
        for statement in statements {
            match statement {
                Part::Node(node) => self.nested(|| self.statement(node))?,
                _ => return Err(value_error("None disallowed in statement list")),
            }
        }
        Ok(())
    }

    fn statement(&self, node: &Node) -> Compiled<()> {
        use Class::Load;
        positions(node)?;
        let owner = node.class.spec().name;
        match node.class {
            Class::FunctionDef | Class::AsyncFunctionDef => {
                name(node.name("name"))?;
                self.body(node, owner)?;
                self.type_parameters(node)?;
                self.arguments(node.node("args"))?;
                self.expressions(node.list("decorator_list"), Load)?;
                self.optional(node, "returns")
            }
            Class::ClassDef => {
                name(node.name("name"))?;
                self.body(node, owner)?;
                self.type_parameters(node)?;
                self.expressions(node.list("bases"), Load)?;
                self.keywords(node)?;
                self.expressions(node.list("decorator_list"), Load)
            }
            Class::Return => self.optional(node, "value"),
            Class::Delete => {
                not_empty(node.list("targets"), "targets", owner)?;
                self.expressions(node.list("targets"), Class::Del)
            }
            Class::Assign => {
                not_empty(node.list("targets"), "targets", owner)?;
                self.expressions(node.list("targets"), Class::Store)?;
                self.expression(node.node("value"), Load)
            }
            Class::AugAssign => {
                self.expression(node.node("target"), Class::Store)?;
                self.expression(node.node("value"), Load)
            }
            Class::AnnAssign => {
                let target = node.node("target");
                if target.class != Class::Name && node.int("simple") != 0 {
                    return Err(type_error("AnnAssign with simple non-Name target"));
                }
                self.expression(target, Class::Store)?;
                self.optional(node, "value")?;
                self.expression(node.node("annotation"), Load)
            }
            Class::TypeAlias => {
                if node.node("name").class != Class::Name {
                    return Err(type_error("TypeAlias with non-Name name"));
                }
                self.expression(node.node("name"), Class::Store)?;
                self.type_parameters(node)?;
                self.expression(node.node("value"), Load)
            }
            Class::For | Class::AsyncFor => {
                self.expression(node.node("target"), Class::Store)?;
                self.expression(node.node("iter"), Load)?;
                self.body(node, owner)?;
                self.statements(node.list("orelse"))
            }
            Class::While | Class::If => {
                self.expression(node.node("test"), Load)?;
                self.body(node, owner)?;
                self.statements(node.list("orelse"))
            }
            Class::With | Class::AsyncWith => {
                not_empty(node.list("items"), "items", owner)?;
                for item in nodes(node.list("items")) {
                    self.expression(item.node("context_expr"), Load)?;
                    if let Some(variables) = item.optional_node("optional_vars") {
                        self.expression(variables, Class::Store)?;
                    }
                }
                self.body(node, owner)
            }
            Class::Match => {
                self.expression(node.node("subject"), Load)?;
                not_empty(node.list("cases"), "cases", owner)?;
                for case in nodes(node.list("cases")) {
                    self.pattern(case.node("pattern"), false)?;
                    self.optional(case, "guard")?;
                    self.body(case, "match_case")?;
                }
                Ok(())
            }
            Class::Raise => {
                let raised = node.optional_node("exc");
                require(
                    raised.is_some() || node.optional_node("cause").is_none(),
                    "Raise with cause but no exception",
                )?;
                self.optional(node, "exc")?;
                self.optional(node, "cause")
            }
            Class::Try | Class::TryStar => {
                self.body(node, owner)?;
                let handled = !node.list("handlers").is_empty();
                if !handled && node.list("finalbody").is_empty() {
                    return Err(value_error(format!(
                        "{owner} has neither except handlers nor finalbody"
                    )));
                }
                if !handled && !node.list("orelse").is_empty() {
                    return Err(value_error(format!(
                        "{owner} has orelse but no except handlers"
                    )));
                }
                for handler in nodes(node.list("handlers")) {
                    positions(handler)?;
                    handler.optional_name("name").map_or(Ok(()), name)?;
                    self.optional(handler, "type")?;
                    self.body(handler, "ExceptHandler")?;
                }
                self.statements(node.list("finalbody"))?;
                self.statements(node.list("orelse"))
            }
            Class::Assert => {
                self.expression(node.node("test"), Load)?;
                self.optional(node, "msg")
            }
            Class::ImportFrom => {
                require(node.int("level") >= 0, "Negative ImportFrom level")?;
                not_empty(node.list("names"), "names", owner)?;
                aliases(node)
            }
            Class::Import => {
                not_empty(node.list("names"), "names", owner)?;
                aliases(node)
            }
            Class::Global | Class::Nonlocal => not_empty(node.list("names"), "names", owner),
            Class::Expr => self.expression(node.node("value"), Load),
            _ => Ok(()),
        }
    }

    fn type_parameters(&self, node: &Node) -> Compiled<()> {
        for parameter in nodes(node.list("type_params")) {
            positions(parameter)?;
            name(parameter.name("name"))?;
            if parameter.class == Class::TypeVar {
                self.optional(parameter, "bound")?;
            }
            self.optional(parameter, "default_value")?;
        }
        Ok(())
    }

    fn arguments(&self, node: &Node) -> Compiled<()> {
        let positional = node.list("posonlyargs").len() + node.list("args").len();
        let all = nodes(node.list("posonlyargs"))
            .chain(nodes(node.list("args")))
            .chain(node.optional_node("vararg"))
            .chain(nodes(node.list("kwonlyargs")))
            .chain(node.optional_node("kwarg"));
        for parameter in all {
            positions(parameter)?;
            self.optional(parameter, "annotation")?;
        }
        require(
            node.list("defaults").len() <= positional,
            "more positional defaults than args on arguments",
        )?;
        require(
            node.list("kw_defaults").len() == node.list("kwonlyargs").len(),
            "length of kwonlyargs is not the same as kw_defaults on arguments",
        )?;
        self.expressions(node.list("defaults"), Class::Load)?;
        self.expressions_or_none(node.list("kw_defaults"))
    }

    fn keywords(&self, node: &Node) -> Compiled<()> {
        nodes(node.list("keywords"))
            .try_for_each(|keyword| self.expression(keyword.node("value"), Class::Load))
    }

    // Expressions.

    fn optional(&self, node: &Node, field: &str) -> Compiled<()> {
        match node.optional_node(field) {
            Some(expression) => self.expression(expression, Class::Load),
            None => Ok(()),
        }
    }

    fn expressions(&self, expressions: &[Part], context: Class) -> Compiled<()> {
        for expression in expressions {
            match expression {
                Part::Node(node) => self.expression(node, context)?,
                _ => return Err(value_error("None disallowed in expression list")),
            }
        }
        Ok(())
    }

    fn expressions_or_none(&self, expressions: &[Part]) -> Compiled<()> {
        nodes(expressions).try_for_each(|node| self.expression(node, Class::Load))
    }

    fn comprehension(&self, node: &Node) -> Compiled<()> {
        require(
            !node.list("generators").is_empty(),
            "comprehension with no generators",
        )?;
        for clause in nodes(node.list("generators")) {
            self.expression(clause.node("target"), Class::Store)?;
            self.expression(clause.node("iter"), Class::Load)?;
            self.expressions(clause.list("ifs"), Class::Load)?;
        }
        Ok(())
    }

    fn expression(&self, node: &Node, context: Class) -> Compiled<()> {
        self.nested(|| self.expression_inside(node, context))
    }

    fn expression_inside(&self, node: &Node, context: Class) -> Compiled<()> {
        use Class::Load;
        positions(node)?;
        let has_context = matches!(
            node.class,
            Class::Attribute
                | Class::Subscript
                | Class::Starred
                | Class::Name
                | Class::List
                | Class::Tuple
        );
        if node.class == Class::Name {
            name(node.name("id"))?;
        }
        if has_context {
            let actual = node.node("ctx").class;
            if actual != context {
                return Err(value_error(format!(
                    "expression must have {} context but has {} instead",
                    context.spec().name,
                    actual.spec().name
                )));
            }
        } else if context != Load {
            return Err(value_error(format!(
                "expression which can't be assigned to in {} context",
                context.spec().name
            )));
        }
        let load = |field: &str| self.expression(node.node(field), Load);
        match node.class {
            Class::BoolOp => {
                require(
                    node.list("values").len() >= 2,
                    "BoolOp with less than 2 values",
                )?;
                self.expressions(node.list("values"), Load)
            }
            Class::NamedExpr => {
                if node.node("target").class != Class::Name {
                    return Err(type_error("NamedExpr target must be a Name"));
                }
                self.expression(node.node("target"), Class::Store)?;
                load("value")
            }
            Class::BinOp => load("left").and_then(|()| load("right")),
            Class::UnaryOp => load("operand"),
            Class::Lambda => {
                self.arguments(node.node("args"))?;
                load("body")
            }
            Class::IfExp => ["test", "body", "orelse"].into_iter().try_for_each(load),
            Class::Dict => {
                require(
                    node.list("keys").len() == node.list("values").len(),
                    "Dict doesn't have the same number of keys as values",
                )?;
                self.expressions_or_none(node.list("keys"))?;
                self.expressions(node.list("values"), Load)
            }
            Class::Set => self.expressions(node.list("elts"), Load),
            Class::ListComp | Class::SetComp | Class::GeneratorExp => {
                self.comprehension(node)?;
                load("elt")
            }
            Class::DictComp => {
                self.comprehension(node)?;
                load("key")?;
                load("value")
            }
            Class::Await | Class::YieldFrom => load("value"),
            Class::Yield => self.optional(node, "value"),
            Class::Compare => {
                let comparators = node.list("comparators");
                require(!comparators.is_empty(), "Compare with no comparators")?;
                require(
                    comparators.len() == node.list("ops").len(),
                    "Compare has a different number of comparators and operands",
                )?;
                self.expressions(comparators, Load)?;
                load("left")
            }
            Class::Call => {
                load("func")?;
                self.expressions(node.list("args"), Load)?;
                self.keywords(node)
            }
            Class::FormattedValue | Class::Interpolation => {
                load("value")?;
                self.optional(node, "format_spec")
            }
            Class::JoinedStr | Class::TemplateStr => self.expressions(node.list("values"), Load),
            Class::Attribute => load("value"),
            Class::Subscript => load("slice").and_then(|()| load("value")),
            Class::Starred => self.expression(node.node("value"), context),
            Class::List | Class::Tuple => self.expressions(node.list("elts"), context),
            Class::Slice => ["lower", "upper", "step"]
                .into_iter()
                .try_for_each(|field| self.optional(node, field)),
            _ => Ok(()),
        }
    }

    // Patterns.

    fn patterns(&self, patterns: &[Part], star: bool) -> Compiled<()> {
        nodes(patterns).try_for_each(|pattern| self.pattern(pattern, star))
    }

    fn pattern(&self, node: &Node, star: bool) -> Compiled<()> {
        self.nested(|| self.pattern_inside(node, star))
    }

    fn pattern_inside(&self, node: &Node, star: bool) -> Compiled<()> {
        positions(node)?;
        match node.class {
            Class::MatchValue => self.literal_pattern(node.node("value")),
            Class::MatchSingleton => require(
                matches!(
                    node.field("value"),
                    Part::Constant(Constant::None | Constant::True | Constant::False)
                ),
                "MatchSingleton can only contain True, False and None",
            ),
            Class::MatchSequence => self.patterns(node.list("patterns"), true),
            Class::MatchMapping => {
                require(
                    node.list("keys").len() == node.list("patterns").len(),
                    "MatchMapping doesn't have the same number of keys as patterns",
                )?;
                if let Some(rest) = node.optional_name("rest") {
                    capture(rest)?;
                }
                for key in nodes(node.list("keys")) {
                    let singleton = key.class == Class::Constant
                        && matches!(
                            key.field("value"),
                            Part::Constant(Constant::None | Constant::True | Constant::False)
                        );
                    if !singleton {
                        self.literal_pattern(key)?;
                    }
                }
                self.patterns(node.list("patterns"), false)
            }
            Class::MatchClass => {
                require(
                    node.list("kwd_attrs").len() == node.list("kwd_patterns").len(),
                    "MatchClass doesn't have the same number of keyword attributes as patterns",
                )?;
                let mut class = node.node("cls");
                self.expression(class, Class::Load)?;
                while class.class == Class::Attribute {
                    class = class.node("value");
                }
                require(
                    class.class == Class::Name,
                    "MatchClass cls field can only contain Name or Attribute nodes.",
                )?;
                for attribute in node.list("kwd_attrs") {
                    if let Part::Name(attribute) = attribute {
                        name(attribute)?;
                    }
                }
                self.patterns(node.list("patterns"), false)?;
                self.patterns(node.list("kwd_patterns"), false)
            }
            Class::MatchStar => {
                require(star, "can't use MatchStar here")?;
                node.optional_name("name").map_or(Ok(()), capture)
            }
            Class::MatchAs => {
                let target = node.optional_name("name");
                if let Some(target) = target {
                    capture(target)?;
                }
                let Some(pattern) = node.optional_node("pattern") else {
                    return Ok(());
                };
                require(
                    target.is_some(),
                    "MatchAs must specify a target name if a pattern is given",
                )?;
                self.pattern(pattern, false)
            }
            _ => {
                require(
                    node.list("patterns").len() >= 2,
                    "MatchOr requires at least 2 patterns",
                )?;
                self.patterns(node.list("patterns"), false)
            }
        }
    }

    fn literal_pattern(&self, node: &Node) -> Compiled<()> {
        self.expression(node, Class::Load)?;
        let allowed = match node.class {
            Class::Constant => {
                return require(
                    matches!(
                        node.field("value"),
                        Part::Constant(
                            Constant::Int(_)
                                | Constant::BigInt(_)
                                | Constant::Float(_)
                                | Constant::Complex(..)
                                | Constant::Str(_)
                                | Constant::Bytes(_)
                        )
                    ),
                    "unexpected constant inside of a literal pattern",
                );
            }
            Class::Attribute | Class::JoinedStr | Class::TemplateStr => true,
            Class::UnaryOp => is_signed_number(node, true, true),
            Class::BinOp => {
                let (left, right) = (node.node("left"), node.node("right"));
                matches!(node.node("op").class, Class::Add | Class::Sub)
                    && (is_number(left, true, false) || is_signed_number(left, true, false))
                    && is_number(right, false, true)
            }
            _ => false,
        };
        require(
            allowed,
            "patterns may only match literals and attribute lookups",
        )
    }
}

fn is_number(node: &Node, real: bool, imaginary: bool) -> bool {
    node.class == Class::Constant
        && match node.field("value") {
            Part::Constant(Constant::Int(_) | Constant::BigInt(_) | Constant::Float(_)) => real,
            Part::Constant(Constant::Complex(..)) => imaginary,
            _ => false,
        }
}

fn is_signed_number(node: &Node, real: bool, imaginary: bool) -> bool {
    node.class == Class::UnaryOp
        && node.node("op").class == Class::USub
        && is_number(node.node("operand"), real, imaginary)
}

/// The nodes of a list, without what is absent.
fn nodes(parts: &[Part]) -> impl Iterator<Item = &Node> {
    parts.iter().filter_map(|part| match part {
        Part::Node(node) => Some(node),
        _ => None,
    })
}
