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
    /// The type of a function, as a type comment has it: a tree is made of it, but no code.
    FunctionType,
}

/// How to compile.
#[derive(Clone, Debug)]
pub struct CompileOptions {
    pub mode: Mode,
    /// 0: everything; 1: without `assert`, `__debug__` is False; 2: without docstrings too.
    pub optimize: u8,
    /// Features from `__future__` that are on from the start; other bits are ignored.
    pub flags: CodeFlags,
    /// `PyCF_ALLOW_TOP_LEVEL_AWAIT`: `await` may stand in a module.
    pub allow_top_level_await: bool,
    /// The minor version of Python 3 whose syntax is allowed, if it is another than the compiler's.
    pub feature_version: Option<u8>,
    /// `PyCF_DONT_IMPLY_DEDENT`: an interactive block must end with a newline.
    pub dont_imply_dedent: bool,
    /// `PyCF_ALLOW_INCOMPLETE_INPUT`: a source that only ends too early gives
    /// [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete).
    pub allow_incomplete_input: bool,
    /// How many digits a decimal int may have; 0: any number.
    pub maximum_int_digits: usize,
    /// Whether the code knows the columns and last lines that its instructions came from.
    pub debug_ranges: bool,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions {
            mode: Mode::default(),
            optimize: 0,
            flags: CodeFlags::empty(),
            allow_top_level_await: false,
            feature_version: None,
            dont_imply_dedent: false,
            allow_incomplete_input: false,
            maximum_int_digits: 4300,
            debug_ranges: true,
        }
    }
}
