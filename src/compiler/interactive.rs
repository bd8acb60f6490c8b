//! What one interactive input may hold: one line of simple statements, or one compound statement.
//!
//! A compound statement may go on until an empty line, so it is complete only with a newline behind
//! it. The prompt asks, through the options, whether to read on.

use ruff_python_ast::{Mod, Stmt};
use ruff_python_parser::{ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::error::{Compiled, EndColumn, Failure};
use crate::options::CompileOptions;
use crate::source::LineIndex;

/// Refuses a tree that is no single statement.
pub(crate) fn check(
    tree: &Mod,
    source: &str,
    lines: &LineIndex,
    options: &CompileOptions,
) -> Compiled<()> {
    let Mod::Module(module) = tree else {
        return Ok(());
    };
    let end = TextRange::empty(TextSize::new(source.len() as u32));
    let unfinished = || {
        let failure = Failure::syntax("invalid syntax", end).ending(EndColumn::NoColumns(0));
        Err(if options.allow_incomplete_input {
            failure.incomplete()
        } else {
            failure
        })
    };
    let Some((first, rest)) = module.body.split_first() else {
        return unfinished();
    };
    let line_of = |offset: TextSize| lines.line(offset.to_usize());
    if is_compound(first) {
        if let Some(second) = rest.first() {
            return Err(Failure::syntax("invalid syntax", second.range()));
        }
        let one_line = line_of(first.start()) == line_of(first.end());
        let rest = &source[first.end().to_usize()..];
        let has_newline = rest.contains('\n');
        // A last line of nothing but white space is the beginning of more.
        let begun = rest.rsplit('\n').next().is_some_and(|line| {
            has_newline && !line.is_empty() && line.trim_start_matches([' ', '\t']).is_empty()
        });
        if begun {
            return unfinished();
        }
        if !has_newline && (one_line || options.dont_imply_dedent) {
            return unfinished();
        }
        return Ok(());
    }
    let line = line_of(first.end());
    let mut last = first;
    for statement in rest {
        if line_of(statement.start()) != line {
            return Err(Failure::syntax(
                "multiple statements found while compiling a single statement",
                TextRange::empty(last.end()),
            ));
        }
        last = statement;
    }
    Ok(())
}

/// Whether a source that compiles is a compound statement, which ends at the prompt with an empty line.
pub fn is_block(source: &str) -> bool {
    let options = ParseOptions::from(ruff_python_parser::Mode::Module);
    let parsed = parse_unchecked(source, options);
    match parsed.syntax() {
        Mod::Module(module) => module.body.first().is_some_and(is_compound),
        Mod::Expression(_) => false,
    }
}

fn is_compound(statement: &Stmt) -> bool {
    matches!(
        statement,
        Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::If(_)
            | Stmt::For(_)
            | Stmt::While(_)
            | Stmt::Try(_)
            | Stmt::With(_)
            | Stmt::Match(_)
    )
}

#[cfg(test)]
mod tests {
    use crate::compile::compile;
    use crate::error::ErrorKind;
    use crate::options::{CompileOptions, Mode};

    fn outcome(source: &str, dont_imply_dedent: bool) -> Result<(), ErrorKind> {
        let options = CompileOptions {
            mode: Mode::Single,
            dont_imply_dedent,
            allow_incomplete_input: true,
            ..CompileOptions::default()
        };
        compile(source, "<stdin>", &options)
            .map(|_| ())
            .map_err(|error| error.kind)
    }

    #[test]
    fn a_statement_is_complete_with_its_line() {
        for source in ["a", "a; b\n", "a\n\n", "if a: b\n", "if a:\n  b\n", "a # b"] {
            assert_eq!(outcome(source, true), Ok(()), "{source:?}");
        }
    }

    #[test]
    fn the_prompt_reads_on_while_more_can_come() {
        for source in [
            "if a: b",
            "if a:\n  b",
            "if a:",
            "x = (\n",
            "\"\"\"a",
            "@x\n",
            "",
            "a\\\n",
        ] {
            assert_eq!(
                outcome(source, true),
                Err(ErrorKind::Incomplete),
                "{source:?}"
            );
        }
        assert_eq!(outcome("if a:\n  b", false), Ok(()));
    }

    #[test]
    fn more_than_one_statement_is_an_error() {
        for source in ["a\nb", "if a:\n  b\nc\n", "a)", "  a"] {
            let kind = outcome(source, true).expect_err(source);
            assert_ne!(kind, ErrorKind::Incomplete, "{source:?}");
        }
    }
}
