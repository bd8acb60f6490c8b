//! The way in: source or syntax tree to code.

use std::sync::Arc;

use bumpalo::Bump;
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{ParseOptions, parse_unchecked};
use ruff_text_size::TextRange;

use crate::code::Code;
use crate::codegen::{Generator, GeneratorInput};
use crate::diagnose::diagnose;
use crate::error::{CompileError, Compiled, Failure, SyntaxWarning};
use crate::future::Future;
use crate::options::{CompileOptions, Mode};
use crate::recursion::RecursionGuard;
use crate::source::LineIndex;
use crate::source_warnings;
use crate::symbol_table::{SymbolTable, TableOptions};
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
    let result = parse(source, &lines, options.mode).and_then(|(tree, warnings)| {
        let guard = RecursionGuard::default();
        let mut compilation = compile_tree(tree.get(), source, &lines, filename, options, &guard)?;
        if guard.deepest() <= SHALLOW {
            tree.set_shallow();
        }
        compilation.warnings.splice(0..0, warnings);
        Ok(compilation)
    });
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
    compile_tree(
        tree,
        source,
        &lines,
        filename,
        options,
        &RecursionGuard::default(),
    )
    .map_err(|failure| failure.locate(source, &lines))
}

fn parse(
    source: &str,
    lines: &LineIndex,
    mode: Mode,
) -> Compiled<(SyntaxTree, Vec<SyntaxWarning>)> {
    if source.contains('\0') {
        return Err(Failure::syntax(
            "source code string cannot contain null bytes",
            TextRange::default(),
        ));
    }
    let parser_mode = match mode {
        Mode::Eval => ruff_python_parser::Mode::Expression,
        Mode::Exec | Mode::Single => ruff_python_parser::Mode::Module,
    };
    let options = ParseOptions::from(parser_mode).with_target_version(PythonVersion {
        major: 3,
        minor: 14,
    });
    let parsed = parse_unchecked(source, options);
    let error = parsed.errors().first().cloned();
    let unsupported = parsed.unsupported_syntax_errors().first().cloned();
    let warnings = source_warnings::warnings(&parsed, source, lines);
    let tree = SyntaxTree::new(parsed.into_syntax());
    if (error.is_some() || unsupported.is_some())
        && let Some(failure) = diagnose(source, mode)
    {
        return Err(failure);
    }
    // What only the other parser objects to.
    if let Some(range) = error
        .map(|error| error.location)
        .or(unsupported.map(|error| error.range))
    {
        return Err(Failure::syntax("invalid syntax", range));
    }
    Ok((tree, warnings))
}

fn compile_tree(
    tree: &Mod,
    source: &str,
    lines: &LineIndex,
    filename: &str,
    options: &CompileOptions,
    guard: &RecursionGuard,
) -> Compiled<Compilation> {
    let arena = Bump::new();
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
        Mod::Module(module) => SymbolTable::of_statements(&module.body, &table_options, guard)?,
        Mod::Expression(expression) => {
            SymbolTable::of_expression(&expression.body, &table_options, guard)?
        }
    };
    let mut generator = Generator::new(GeneratorInput {
        source,
        lines,
        arena: &arena,
        table,
        guard,
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
