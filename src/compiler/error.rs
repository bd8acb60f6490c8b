//! What goes wrong in compiling, and what is only worth a warning.
//!
//! Inside the crate an error carries a range of the source ([`Failure`]); at the border it becomes
//! lines and columns in the form of Python's SyntaxError ([`CompileError`]).

use ruff_text_size::{TextRange, TextSize};

use crate::source::LineIndex;

/// The exception that an error becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    Syntax,
    Indentation,
    Tab,
    /// Source nested too deeply for the compiler.
    Recursion,
    /// Too large for the code object's fields.
    Overflow,
    /// The source has null bytes, or is otherwise not text of Python.
    Value,
    /// The source ends where more is expected: `PyCF_ALLOW_INCOMPLETE_INPUT` tells it apart.
    Incomplete,
}

/// An error as Python reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    pub kind: ErrorKind,
    pub message: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1; 0 when the error has no column.
    pub column: u32,
    pub end_line: u32,
    /// In characters, from 1.
    pub end_column: u32,
    /// The source line, its newline included.
    pub text: Option<String>,
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} (line {}, column {})",
            self.message, self.line, self.column
        )
    }
}

impl std::error::Error for CompileError {}

/// A SyntaxWarning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxWarning {
    pub message: String,
    /// From 1.
    pub line: u32,
}

/// An error with the range of the source that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Failure(Box<FailureData>);

#[derive(Clone, Debug)]
struct FailureData {
    kind: ErrorKind,
    message: String,
    range: TextRange,
}

/// The result of everything that can fail inside the crate.
pub(crate) type Compiled<T> = Result<T, Failure>;

impl Failure {
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>, range: TextRange) -> Failure {
        Failure(Box::new(FailureData {
            kind,
            message: message.into(),
            range,
        }))
    }

    #[cold]
    pub fn syntax(message: impl Into<String>, range: TextRange) -> Failure {
        Failure::new(ErrorKind::Syntax, message, range)
    }

    #[cold]
    pub fn recursion() -> Failure {
        Failure::new(
            ErrorKind::Recursion,
            "maximum recursion depth exceeded during compilation",
            TextRange::empty(TextSize::new(0)),
        )
    }

    /// The error in lines and columns of `source`.
    pub fn locate(self, source: &str, lines: &LineIndex) -> CompileError {
        let FailureData {
            kind,
            message,
            range,
        } = *self.0;
        let start = range.start().to_usize().min(source.len());
        let end = range.end().to_usize().clamp(start, source.len());
        let (line, column) = lines.character_position(source, start);
        let (end_line, end_column) = lines.character_position(source, end);
        CompileError {
            kind,
            message,
            line,
            column: column + 1,
            end_line,
            end_column: end_column + 1,
            text: Some(lines.line_text(source, line)),
        }
    }
}
