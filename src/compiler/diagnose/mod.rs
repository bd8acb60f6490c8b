//! What is wrong with a source that does not parse, in CPython's words.
//!
//! The parser of the crate that makes the tree knows *that* a source is wrong; what Python's users
//! read is another matter: they, and the tests of the standard library, know the messages of
//! CPython. Those come from the order in which its grammar is tried. So a source that failed is
//! read once more, slowly, by a recognizer with the grammar's structure:
//!
//! ```text
//!   tokenizer    tokens and the errors of the tokenizer
//!   parser       backtracking, memory, errors; the two passes
//!   statements, expressions, comprehensions, arguments, targets, parameters, patterns
//!                the rules
//!   listing      the tokens for the library's `tokenize`
//!   escapes      what is wrong with a string literal's escapes
//! ```
//!
//! Errors of the tokenizer, anywhere in the source, come before those of the grammar. A source that
//! the recognizer accepts keeps the message it came with.

mod arguments;
mod comprehensions;
mod escapes;
mod expressions;
pub mod listing;
mod parameters;
mod parser;
mod patterns;
mod statements;
mod targets;
mod tokenizer;

use parser::Parser;
use tokenizer::{Kind, Token, Tokens, never_closed, tokenize};

use crate::error::{EndColumn, ErrorKind, Failure};
use crate::options::{CompileOptions, Mode};

/// Lambdas that may be open at once: those in the parameters of others.
const MAX_LAMBDAS: usize = 1000;

/// Whether more lambdas stand in the parameters of others than the parser is to be given.
pub(crate) fn has_endless_lambdas(source: &str) -> bool {
    // Brackets and lambdas that are open, with the number of lambdas among them.
    let mut open: Vec<bool> = Vec::new();
    let mut lambdas = 0;
    for token in &tokenize(source).tokens {
        match token.text {
            "lambda" if token.kind == Kind::Name => {
                open.push(true);
                lambdas += 1;
            }
            "(" | "[" | "{" if token.kind == Kind::Operator => open.push(false),
            ":" if token.kind == Kind::Operator && open.last() == Some(&true) => {
                open.pop();
                lambdas -= 1;
            }
            ")" | "]" | "}" if token.kind == Kind::Operator => {
                while open.pop() == Some(true) {
                    lambdas -= 1;
                }
            }
            _ => {}
        }
        if lambdas > MAX_LAMBDAS {
            return true;
        }
    }
    false
}

/// The error that CPython reports for a source, if any.
pub(crate) fn diagnose(source: &str, options: &CompileOptions) -> Option<Failure> {
    let Tokens {
        tokens,
        error: tokenizer_error,
        error_is_layout,
        error_is_end,
        unclosed,
    } = tokenize(source);
    let mut parser = Parser::new(source, &tokens);
    let parse = |parser: &mut Parser<'_>| match options.mode {
        Mode::Eval | Mode::FunctionType => parser.evaluated(),
        Mode::Exec | Mode::Single => parser.file(),
    };
    let accepted = parse(&mut parser).is_some();
    if accepted || parser.too_deep || (tokens.is_empty() && tokenizer_error.is_none()) {
        return None;
    }
    if parser.ran_out {
        if options.allow_incomplete_input && error_is_end {
            return tokenizer_error.map(|error| error.incomplete());
        }
        return tokenizer_error;
    }
    let last = *parser.last_read();
    if options.allow_incomplete_input && ends_source(&last, source, options.mode) {
        let error = parser.located(ErrorKind::Incomplete, String::new(), &last);
        return Some(error.incomplete());
    }
    parser.start_second_pass();
    let _ = parse(&mut parser);
    if parser.too_deep {
        return None;
    }
    if parser.ran_out {
        return tokenizer_error;
    }
    if parser.error.is_none() && matches!(last.kind, Kind::Indent | Kind::Dedent) {
        let what = if last.kind == Kind::Indent {
            "indent"
        } else {
            "unindent"
        };
        let message = format!("unexpected {what}");
        return Some(parser.located(ErrorKind::Indentation, message, &last));
    }
    // The rest of the source may be worse: what the tokenizer has to say goes first, but for an f-string
    // that is wrong before that.
    let of_string = |error: &Failure| {
        error
            .message()
            .get(1..)
            .is_some_and(|m| m.starts_with("-string: "))
    };
    if let Some(error) = tokenizer_error
        && !error_is_layout
        && !parser.error.as_ref().is_some_and(of_string)
    {
        return Some(error);
    }
    // A bracket that was never closed explains an error on a later line.
    if let Some(&(bracket, offset)) = unclosed.last()
        && source[offset..parser.last_read().start.max(offset)].contains('\n')
    {
        return Some(never_closed(bracket, offset));
    }
    Some(parser.error.take().unwrap_or_else(|| {
        match last.kind {
            // The newline that is missing at the end has no place either.
            Kind::End | Kind::Newline
                if last.kind == Kind::End
                    || options.mode != Mode::Exec && !last.text.contains('\n') =>
            {
                parser
                    .located(ErrorKind::Syntax, "invalid syntax".to_owned(), &last)
                    .ending(EndColumn::NoColumns(0))
            }
            _ => parser.located(ErrorKind::Syntax, "invalid syntax".to_owned(), &last),
        }
    }))
}

/// Whether reading a token took the tokenizer to the end of the source.
fn ends_source(token: &Token<'_>, source: &str, mode: Mode) -> bool {
    match token.kind {
        Kind::End => true,
        Kind::Dedent => token.start >= source.len(),
        // What comes behind a newline that is there has not been looked at.
        Kind::Newline if token.end > token.start => false,
        // Where no newline is added at the end, the last token touches it.
        _ => mode != Mode::Exec && token.end >= source.trim_end_matches([' ', '\t']).len(),
    }
}
