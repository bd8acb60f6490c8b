//! What goes wrong in compiling, and what is only worth a warning.
//!
//! Inside the crate an error carries a range of the source ([`Failure`]); at the border it becomes
//! lines and columns in the form of Python's SyntaxError ([`CompileError`]).

use ruff_text_size::{TextRange, TextSize};

use crate::options::Mode;
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
    /// The source has null bytes, or is otherwise not text of Python; a tree makes no sense.
    Value,
    /// A tree has something of the wrong type.
    Type,
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
    /// In characters, from 1; 0 or -1, as CPython has it, when the error has no end.
    pub end_column: i32,
    /// The source line, its newline included.
    pub text: Option<String>,
    /// Found in the tree, after parsing: CPython has forgotten the source by then.
    pub in_tree: bool,
    /// What the source had been warned of before the error was found.
    pub warnings: Vec<SyntaxWarning>,
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
    /// What it becomes where warnings are errors; it has the place, too.
    pub error: CompileError,
}

/// An error with the range of the source that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Failure(Box<FailureData>);

#[derive(Clone, Debug)]
struct FailureData {
    kind: ErrorKind,
    message: String,
    range: TextRange,
    end: EndColumn,
    line_end: LineEnd,
    in_tree: bool,
    warnings: Vec<SyntaxWarning>,
}

/// How the line that an error shows ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    /// As in the source.
    Same,
    /// Without its newline: the tokenizer had not come to it.
    Bare,
    /// With a newline, though the source may end without.
    Newline,
}

/// Where an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndColumn {
    /// At the end of the range.
    Range,
    /// This many characters behind it: a newline that is not there.
    Behind(i32),
    /// Nowhere: this number is reported, on the line where the error starts.
    Absent(i32),
    /// As `Absent`, and it starts nowhere either: column 0.
    NoColumns(i32),
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
            end: EndColumn::Range,
            line_end: LineEnd::Same,
            in_tree: false,
            warnings: Vec::new(),
        }))
    }

    #[cold]
    pub fn syntax(message: impl Into<String>, range: TextRange) -> Failure {
        Failure::new(ErrorKind::Syntax, message, range)
    }

    #[cold]
    pub fn recursion() -> Failure {
        Failure::recursion_in("compilation")
    }

    #[cold]
    pub fn recursion_in(work: &str) -> Failure {
        Failure::new(
            ErrorKind::Recursion,
            format!("maximum recursion depth exceeded during {work}"),
            TextRange::empty(TextSize::new(0)),
        )
    }

    /// The error of a source that only ends too early, at the same place.
    pub fn incomplete(mut self) -> Failure {
        self.0.kind = ErrorKind::Incomplete;
        self.0.message = "incomplete input".to_owned();
        self
    }

    /// The same error, found in the tree.
    pub fn in_tree(mut self) -> Failure {
        self.0.in_tree = true;
        self
    }

    /// The same error, found when these warnings had been given.
    pub fn after(mut self, warnings: Vec<SyntaxWarning>) -> Failure {
        self.0.warnings = warnings;
        self
    }

    /// What it says.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it begins in the source.
    pub fn start(&self) -> TextSize {
        self.0.range.start()
    }

    /// The same error, found by the tokenizer: its line is shown without the newline.
    pub fn within_line(mut self) -> Failure {
        self.0.line_end = LineEnd::Bare;
        self
    }

    /// The same error in a source that is read in `mode`: that of a module gets a newline at its end.
    pub fn read_in(mut self, mode: Mode) -> Failure {
        if mode == Mode::Exec && self.0.line_end == LineEnd::Same {
            self.0.line_end = LineEnd::Newline;
        }
        self
    }

    /// The same error with another end.
    pub fn ending(mut self, end: EndColumn) -> Failure {
        self.0.end = end;
        self
    }

    /// The error in lines and columns of `source`.
    pub fn locate(self, source: &str, lines: &LineIndex) -> CompileError {
        let FailureData {
            kind,
            message,
            range,
            end: end_column_kind,
            line_end,
            in_tree,
            warnings,
        } = *self.0;
        if let (Some(start), Some(end)) = (
            lines.point(range.start().to_usize()),
            lines.point(range.end().to_usize()),
        ) {
            return CompileError {
                kind,
                message,
                line: start.0,
                column: start.1 + 1,
                end_line: end.0,
                end_column: end.1 as i32 + 1,
                text: None,
                in_tree,
                warnings,
            };
        }
        let start = range.start().to_usize().min(source.len());
        let end = range.end().to_usize().clamp(start, source.len());
        // CPython does not count characters any more when it has a tree.
        let position = |offset| {
            if in_tree {
                lines.position_near(offset, &mut 0)
            } else {
                lines.character_position(source, offset)
            }
        };
        let (line, column) = position(start);
        let (mut end_line, end_column) = position(end);
        let mut start_column = column + 1;
        let end_column = match end_column_kind {
            EndColumn::Range => end_column as i32 + 1,
            EndColumn::Behind(count) => end_column as i32 + 1 + count,
            EndColumn::Absent(number) => {
                end_line = line;
                number
            }
            EndColumn::NoColumns(number) => {
                end_line = line;
                start_column = 0;
                number
            }
        };
        let mut text = lines.line_text(source, line);
        // A line that the tokenizer has left behind is shown without its end, too.
        let line_end = if end_line > line {
            LineEnd::Bare
        } else {
            line_end
        };
        match line_end {
            LineEnd::Bare => text.truncate(text.trim_end_matches('\n').len()),
            LineEnd::Newline if !text.ends_with('\n') => text.push('\n'),
            LineEnd::Newline | LineEnd::Same => {}
        }
        CompileError {
            kind,
            message,
            line,
            column: start_column,
            end_line,
            end_column,
            text: Some(text),
            in_tree,
            warnings,
        }
    }
}
