//! What a caller may ask for.

use crate::code::CodeFlags;

/// What the source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// A module or a block of statements.
    #[default]
    Exec,
    /// One expression, whose value the code returns.
    Eval,
    /// One interactive statement: values of expressions are printed.
    Single,
}

/// How to compile.
#[derive(Clone, Debug, Default)]
pub struct CompileOptions {
    pub mode: Mode,
    /// 0: everything; 1: without `assert`, `__debug__` is False; 2: without docstrings too.
    pub optimize: u8,
    /// Features from `__future__` that are on from the start; other bits are ignored.
    pub flags: CodeFlags,
    /// `PyCF_ALLOW_TOP_LEVEL_AWAIT`: `await` may stand in a module.
    pub allow_top_level_await: bool,
    /// `PyCF_DONT_IMPLY_DEDENT`: an interactive block must end with a newline.
    pub dont_imply_dedent: bool,
    /// `PyCF_ALLOW_INCOMPLETE_INPUT`: a source that only ends too early gives
    /// [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete).
    pub allow_incomplete_input: bool,
}
