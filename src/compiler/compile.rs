//! The way in: source or syntax tree to code.

use std::sync::Arc;

use bumpalo::Bump;
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{ParseOptions, parse_unchecked};

use crate::code::Code;
use crate::codegen::{Generator, GeneratorInput};
use crate::error::{CompileError, Compiled, Failure, SyntaxWarning};
use crate::future::Future;
use crate::options::{CompileOptions, Mode};
use crate::recursion::RecursionGuard;
use crate::source::LineIndex;
use crate::symbol_table::{SymbolTable, TableOptions};

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
    let result = parse(source, options.mode)
        .and_then(|tree| compile_tree(&tree, source, &lines, filename, options));
    result.map_err(|failure| failure.locate(source, &lines))
}

/// Compiles a syntax tree of `source`, to which the tree's ranges refer.
pub fn compile_module(
    tree: &Mod,
    source: &str,
    filename: &str,
    options: &CompileOptions,
) -> Result<Compilation, CompileError> {
    let lines = LineIndex::new(source);
    compile_tree(tree, source, &lines, filename, options)
        .map_err(|failure| failure.locate(source, &lines))
}

fn parse(source: &str, mode: Mode) -> Compiled<Mod> {
    let parser_mode = match mode {
        Mode::Eval => ruff_python_parser::Mode::Expression,
        Mode::Exec | Mode::Single => ruff_python_parser::Mode::Module,
    };
    let options = ParseOptions::from(parser_mode).with_target_version(PythonVersion {
        major: 3,
        minor: 14,
    });
    let parsed = parse_unchecked(source, options);
    if let Some(error) = parsed.errors().first() {
        return Err(Failure::syntax(error.error.to_string(), error.location));
    }
    if let Some(error) = parsed.unsupported_syntax_errors().first() {
        return Err(Failure::syntax(error.to_string(), error.range));
    }
    Ok(parsed.into_syntax())
}

fn compile_tree(
    tree: &Mod,
    source: &str,
    lines: &LineIndex,
    filename: &str,
    options: &CompileOptions,
) -> Compiled<Compilation> {
    let arena = Bump::new();
    let guard = RecursionGuard::default();
    let future = match tree {
        Mod::Module(module) => Future::parse(&module.body)?,
        Mod::Expression(_) => Future::default(),
    };
    let table_options = TableOptions {
        source,
        arena: &arena,
        future: future.flags | options.flags,
        top_level_await: options.allow_top_level_await,
    };
    let table = match tree {
        Mod::Module(module) => SymbolTable::of_statements(&module.body, &table_options, &guard)?,
        Mod::Expression(expression) => {
            SymbolTable::of_expression(&expression.body, &table_options, &guard)?
        }
    };
    let mut generator = Generator::new(GeneratorInput {
        source,
        lines,
        arena: &arena,
        table,
        guard: &guard,
        options,
        filename: filename.into(),
        future,
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
