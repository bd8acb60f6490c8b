//! The way in: source or syntax tree to code.

use std::sync::Arc;

use bumpalo::Bump;
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{ParseOptions, parse_unchecked};
use ruff_text_size::TextRange;

use crate::asdl::function_type;
use crate::asdl::optimize::optimize;
use crate::asdl::validate::validate;
use crate::asdl::{Node, from_parsed, into_parsed};
use crate::code::Code;
use crate::codegen::{Generator, GeneratorInput};
use crate::constant::Constant;
use crate::diagnose::{diagnose, has_endless_lambdas};
use crate::diamond;
use crate::error::{CompileError, Compiled, Failure, SyntaxWarning};
use crate::future::Future;
use crate::interactive;
use crate::nesting;
use crate::options::{CompileOptions, Mode};
use crate::recursion::RecursionGuard;
use crate::source::LineIndex;
use crate::source_warnings;
use crate::symbol_table::{ScopeTree, SymbolTable, TableOptions};
use crate::syntax_tree::{SHALLOW, SyntaxTree};

/// What compiling gave.
#[derive(Clone, Debug)]
pub struct Compilation {
    pub code: Arc<Code>,
    pub warnings: Vec<SyntaxWarning>,
}

/// Compiles source.
pub fn compile(
    source: &str,
    filename: &str,
    options: &CompileOptions,
) -> Result<Compilation, CompileError> {
    let lines = LineIndex::new(source);
    let read = diamond::replaced(source, options);
    let read = read.map_err(|failure| failure.locate(source, &lines))?;
    let result = parse(&read, &lines, options).and_then(|(tree, warnings)| {
        let guard = RecursionGuard::default();
        let origin = Origin {
            source,
            lines: &lines,
            constants: &[],
            filename,
        };
        let compiled = compile_tree(tree.get(), &origin, options, &guard);
        let mut compilation = match compiled {
            Ok(compilation) => compilation,
            Err(failure) => return Err(failure.in_tree().after(warnings)),
        };
        if guard.deepest() <= SHALLOW {
            tree.set_shallow();
        }
        compilation.warnings.splice(0..0, warnings);
        Ok(compilation)
    });
    result.map_err(|failure| failure.read_in(options.mode).locate(source, &lines))
}

/// Compiles a tree that a program made.
pub fn compile_node(
    tree: Node,
    filename: &str,
    options: &CompileOptions,
) -> Result<Compilation, CompileError> {
    let guard = RecursionGuard::default();
    let nowhere = LineIndex::of_points(Box::default());
    let parsed = validate(&tree, &guard)
        .and_then(|()| into_parsed::parsed(tree, &guard))
        .map_err(|failure| failure.locate("", &nowhere))?;
    let origin = Origin {
        source: "",
        lines: &parsed.lines,
        constants: &parsed.constants,
        filename,
    };
    compile_tree(parsed.tree.get(), &origin, options, &guard)
        .map_err(|failure| failure.locate("", &parsed.lines))
}

/// Does to a tree what code generation would do to it, where a tree can show it.
pub fn optimize_node(tree: &mut Node, options: &CompileOptions) {
    optimize(tree, options.optimize);
}

/// Checks a tree that a program made, as compiling it would.
pub fn validate_node(tree: &Node) -> Result<(), CompileError> {
    let nowhere = LineIndex::of_points(Box::default());
    validate(tree, &RecursionGuard::default()).map_err(|failure| failure.locate("", &nowhere))
}

/// What a tree's ranges and indices refer to.
struct Origin<'a> {
    source: &'a str,
    lines: &'a LineIndex,
    constants: &'a [Constant],
    filename: &'a str,
}

fn parse(
    source: &str,
    lines: &LineIndex,
    options: &CompileOptions,
) -> Compiled<(SyntaxTree, Vec<SyntaxWarning>)> {
    if source.contains('\0') {
        return Err(Failure::syntax(
            "source code string cannot contain null bytes",
            TextRange::default(),
        ));
    }
    if nesting::seems_endless(source)
        && let Some(failure) = diagnose(source, options)
    {
        return Err(failure);
    }
    if nesting::may_have_endless_lambdas(source) && has_endless_lambdas(source) {
        return Err(Failure::recursion());
    }
    let parser_mode = match options.mode {
        Mode::Eval | Mode::FunctionType => ruff_python_parser::Mode::Expression,
        Mode::Exec | Mode::Single => ruff_python_parser::Mode::Module,
    };
    let parse_options = ParseOptions::from(parser_mode).with_target_version(PythonVersion {
        major: 3,
        minor: options.feature_version.unwrap_or(14).min(14),
    });
    let parsed = parse_unchecked(source, parse_options);
    let error = parsed.errors().first().cloned();
    let unsupported = parsed.unsupported_syntax_errors().first().cloned();
    let too_deep = nesting::is_too_deep(&parsed);
    if (error.is_some() || unsupported.is_some() || too_deep)
        && let Some(failure) = diagnose(source, options)
    {
        let seen = source_warnings::warnings(&parsed, source, lines, Some(failure.start()));
        return Err(failure.after(seen));
    }
    let warnings = source_warnings::warnings(&parsed, source, lines, None);
    let tree = SyntaxTree::new(parsed.into_syntax());
    // What only the other parser objects to.
    if let Some(range) = error
        .map(|error| error.location)
        .or(unsupported.map(|error| error.range))
    {
        return Err(Failure::syntax("invalid syntax", range));
    }
    if options.mode == Mode::Single {
        interactive::check(tree.get(), source, lines, options)?;
    }
    Ok((tree, warnings))
}

/// The syntax tree of a source as Python shows it, and the warnings that parsing gave.
pub fn syntax_tree(
    source: &str,
    options: &CompileOptions,
) -> Result<(Node, Vec<SyntaxWarning>), CompileError> {
    let lines = LineIndex::new(source);
    let guard = RecursionGuard::default();
    if options.mode == Mode::FunctionType {
        return function_type::parse(source, options);
    }
    let read = diamond::replaced(source, options);
    let read = read.map_err(|failure| failure.locate(source, &lines))?;
    parse(&read, &lines, options)
        .and_then(|(tree, warnings)| {
            let shown = from_parsed::tree(tree.get(), source, &lines, options, &guard)?;
            Ok((shown, warnings))
        })
        .map_err(|failure| failure.read_in(options.mode).locate(source, &lines))
}

/// The symbol table of a source, for the `symtable` module.
pub fn symbol_table(source: &str, options: &CompileOptions) -> Result<ScopeTree, CompileError> {
    let lines = LineIndex::new(source);
    let arena = Bump::new();
    let guard = RecursionGuard::default();
    parse(source, &lines, options)
        .and_then(|(tree, _)| {
            let future = future_of(tree.get()).map_err(Failure::in_tree)?;
            let table = build_table(tree.get(), source, &arena, &future, options, &guard)
                .map_err(Failure::in_tree)?;
            Ok(table.to_tree(&lines))
        })
        .map_err(|failure| failure.read_in(options.mode).locate(source, &lines))
}

fn future_of(tree: &Mod) -> Compiled<Future> {
    match tree {
        Mod::Module(module) => Future::parse(&module.body),
        Mod::Expression(_) => Ok(Future::default()),
    }
}

fn build_table<'a>(
    tree: &'a Mod,
    source: &'a str,
    arena: &'a Bump,
    future: &Future,
    options: &CompileOptions,
    guard: &RecursionGuard,
) -> Compiled<SymbolTable<'a>> {
    let table_options = TableOptions {
        source,
        arena,
        future: future.flags | options.flags,
        top_level_await: options.allow_top_level_await,
    };
    match tree {
        Mod::Module(module) => SymbolTable::of_statements(&module.body, &table_options, guard),
        Mod::Expression(expression) => {
            SymbolTable::of_expression(&expression.body, &table_options, guard)
        }
    }
}

fn compile_tree(
    tree: &Mod,
    origin: &Origin<'_>,
    options: &CompileOptions,
    guard: &RecursionGuard,
) -> Compiled<Compilation> {
    let arena = Bump::new();
    let future = future_of(tree)?;
    let table = build_table(tree, origin.source, &arena, &future, options, guard)?;
    let mut generator = Generator::new(GeneratorInput {
        source: origin.source,
        lines: origin.lines,
        arena: &arena,
        table,
        guard,
        options,
        filename: origin.filename.into(),
        future,
        constants: origin.constants,
    });
    let code = match tree {
        Mod::Module(module) => generator.module(&module.body)?,
        Mod::Expression(expression) => generator.expression_code(&expression.body)?,
    };
    Ok(Compilation {
        code,
        warnings: generator.warnings,
    })
}
