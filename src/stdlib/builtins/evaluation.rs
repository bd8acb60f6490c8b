//! Code from source and its execution: `compile`, `eval`, `exec`; the namespaces `globals`, `locals`.

use std::sync::atomic::{AtomicPtr, Ordering};

use typhon_compiler::Compilation;
use typhon_compiler::code::CodeFlags;
use typhon_compiler::error::{CompileError, ErrorKind, SyntaxWarning};
use typhon_compiler::options::{CompileOptions, Mode};
use typhon_macros::pyfunction;
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::cell::Cell;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions::{
    self, SyntaxError, SyntaxErrorDetails, raise_syntax_error,
};
use typhon_runtime::objects::function::{Function, builtins_of};
use typhon_runtime::objects::int;
use typhon_runtime::objects::memoryview::MemoryView;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::vm::{bind, frame};
use typhon_runtime::{Context, PyResult, Raised, Value, audit, warnings};

use super::attributes::caller_locals;
use super::class_statement::is_mapping;
use crate::configuration;
use crate::source_text::{self, Origin};

/// Flags of `compile` beyond those of `__future__`.
pub mod flags {
    pub const DONT_IMPLY_DEDENT: i64 = 0x200;
    pub const ONLY_AST: i64 = 0x400;
    pub const TYPE_COMMENTS: i64 = 0x1000;
    pub const ALLOW_TOP_LEVEL_AWAIT: i64 = 0x2000;
    pub const ALLOW_INCOMPLETE_INPUT: i64 = 0x4000;
    pub const OPTIMIZED_AST: i64 = 0x8000 | ONLY_AST;
    pub const ALL: i64 = DONT_IMPLY_DEDENT
        | OPTIMIZED_AST
        | TYPE_COMMENTS
        | ALLOW_TOP_LEVEL_AWAIT
        | ALLOW_INCOMPLETE_INPUT;
}

/// What the caller of a compilation wants.
#[derive(Clone, Debug)]
pub struct Request {
    pub mode: Mode,
    /// Flags of `compile` and of `__future__`.
    pub flags: i64,
    /// -1: as the interpreter was started.
    pub optimize: i64,
    /// The minor version of Python 3 whose syntax is allowed, if it is another.
    pub feature_version: Option<u8>,
}

impl Request {
    /// A request in `mode` with nothing special.
    pub fn plain(mode: Mode) -> Request {
        Request {
            mode,
            flags: 0,
            optimize: -1,
            feature_version: None,
        }
    }

    /// The request in the compiler's terms.
    pub fn options(&self) -> CompileOptions {
        CompileOptions {
            mode: self.mode,
            optimize: match self.optimize {
                -1 => configuration::get().optimize,
                level => level.clamp(0, 2) as u8,
            },
            flags: CodeFlags::from_bits_retain(self.flags as u32) & CodeFlags::FUTURES,
            allow_top_level_await: self.flags & flags::ALLOW_TOP_LEVEL_AWAIT != 0,
            feature_version: self.feature_version,
            dont_imply_dedent: self.flags & flags::DONT_IMPLY_DEDENT != 0,
            allow_incomplete_input: self.flags & flags::ALLOW_INCOMPLETE_INPUT != 0,
            maximum_int_digits: int::maximum_digits(),
            debug_ranges: configuration::get().debug_ranges,
        }
    }
}

/// Compiles source to a code object; issues the warnings that it gave.
///
/// # Errors
/// SyntaxError and what is derived from it, RecursionError, OverflowError, ValueError.
pub fn compile_source(
    cx: &Context,
    source: &str,
    filename: &str,
    request: &Request,
) -> PyResult<Ref<Code>> {
    let compiled = typhon_compiler::compile(source, filename, &request.options());
    let compilation = compiled
        .map_err(|error| raise_source_error(cx, &error, source, filename, request.flags))?;
    finish(cx, compilation, filename)
}

/// The code object of what was compiled; issues the warnings that it gave.
///
/// # Errors
/// Warnings made errors, MemoryError.
pub fn finish(cx: &Context, compilation: Compilation, filename: &str) -> PyResult<Ref<Code>> {
    warn_of_source(cx, &compilation.warnings, filename)?;
    Code::from_compiled(cx, compilation.code)
}

/// Issues the warnings that a source gave.
///
/// # Errors
/// SyntaxError for a warning that filters make an error: it says more than the warning does.
pub fn warn_of_source(cx: &Context, warnings: &[SyntaxWarning], filename: &str) -> PyResult<()> {
    for SyntaxWarning { message, error } in warnings {
        let Err(raised) = warnings::warn_syntax(cx, message, filename, error.line) else {
            continue;
        };
        if !cx.exception_matches(exceptions::syntax_warning()) {
            return Err(raised);
        }
        cx.clear_exception();
        return Err(raise_compile_error(cx, error, filename, 0));
    }
    Ok(())
}

/// The line of a file, its newline included: what CPython shows of it, if the file is there to be read.
fn line_of_file(filename: &str, line: usize) -> Option<String> {
    if !std::fs::metadata(filename).is_ok_and(|file| file.is_file()) {
        return None;
    }
    let bytes = std::fs::read(filename).ok()?;
    let source = typhon_compiler::decode_source(&bytes, filename).ok()?;
    source
        .split_inclusive('\n')
        .nth(line.checked_sub(1)?)
        .map(str::to_owned)
}

/// Raises what went wrong in a source. Who shows an error of the parser may look for what was meant.
#[cold]
pub fn raise_source_error(
    cx: &Context,
    error: &CompileError,
    source: &str,
    filename: &str,
    flags: i64,
) -> Raised {
    let raised = raise_compile_error(cx, error, filename, flags);
    if error.in_tree {
        return raised;
    }
    match note_source(cx, source) {
        Ok(()) => raised,
        Err(raised) => raised,
    }
}

/// Gives the SyntaxError that is set the source that it is about.
fn note_source(cx: &Context, source: &str) -> PyResult<()> {
    let exception = cx.take_exception();
    if let Some(error) = exception.as_value().downcast::<SyntaxError>() {
        let zero = || int::from_i64(cx, 0);
        let metadata = vec![zero()?, zero()?, Str::from_str(cx, source)?.into_value()];
        let metadata = Tuple::from_vec(cx, metadata)?;
        error.metadata.set(Some(metadata.into_value()));
    }
    cx.set_exception(exception);
    Ok(())
}

/// Raises what went wrong in compiling, after what the source had been warned of.
#[cold]
pub fn raise_compile_error(
    cx: &Context,
    error: &CompileError,
    filename: &str,
    flags: i64,
) -> Raised {
    if let Err(raised) = warn_of_source(cx, &error.warnings, filename) {
        return raised;
    }
    let class: &Ref<Type> = match error.kind {
        ErrorKind::Syntax => exceptions::syntax_error(),
        ErrorKind::Indentation => exceptions::indentation_error(),
        ErrorKind::Tab => exceptions::tab_error(),
        ErrorKind::Incomplete if flags & self::flags::ALLOW_INCOMPLETE_INPUT != 0 => {
            exceptions::incomplete_input_error()
        }
        ErrorKind::Incomplete => exceptions::syntax_error(),
        ErrorKind::Recursion => return cx.recursion_error(&error.message),
        ErrorKind::Overflow => return cx.overflow_error(&error.message),
        ErrorKind::Value => return cx.value_error(&error.message),
        ErrorKind::Type => return cx.type_error(&error.message),
    };
    let details = SyntaxErrorDetails {
        message: error.message.clone(),
        filename: filename.to_owned(),
        line: error.line as usize,
        offset: i64::from(error.column),
        text: line_of_file(filename, error.line as usize)
            .or_else(|| error.text.clone().filter(|_| !error.in_tree)),
        end: Some((error.end_line as usize, i64::from(error.end_column))),
    };
    raise_syntax_error(cx, class, &details)
}

/// Makes a syntax tree, or code of one. Set by the module `_ast`.
pub type TreeCompiler = fn(&Context, &Value, &str, &Request) -> PyResult<Value>;

static TREE_COMPILER: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// Sets what `compile` does for `PyCF_ONLY_AST` and for sources that are syntax trees.
pub fn set_tree_compiler(compiler: TreeCompiler) {
    TREE_COMPILER.store(compiler as *mut (), Ordering::Release);
}

fn tree_compiler(cx: &Context) -> PyResult<TreeCompiler> {
    let compiler = TREE_COMPILER.load(Ordering::Acquire);
    if compiler.is_null() {
        return Err(cx.not_implemented_error("syntax trees are not available"));
    }
    // SAFETY: the pointer was stored from a `TreeCompiler`.
    Ok(unsafe { std::mem::transmute::<*mut (), TreeCompiler>(compiler) })
}

/// The source that `value` holds; `None` when it is no text.
///
/// # Errors
/// SyntaxError when it cannot be source.
pub fn source_of(cx: &Context, value: &Value, filename: &str) -> PyResult<Option<String>> {
    if let Some(text) = value.downcast::<Str>() {
        let text = text.to_utf8(cx)?.into_owned();
        return source_text::check(cx, text).map(Some);
    }
    let bytes = if let Some(bytes) = value.downcast::<Bytes>() {
        bytes.as_slice().to_vec()
    } else if let Some(bytes) = value.downcast::<ByteArray>() {
        bytes.to_vec()
    } else if value.downcast::<MemoryView>().is_some() {
        typhon_runtime::protocols::buffer::to_vec(cx, value)?
    } else {
        return Ok(None);
    };
    source_text::decode(cx, &bytes, filename, Origin::Text).map(Some)
}

/// The flags that the running code passes on to what it compiles.
fn inherited_flags(cx: &Context) -> i64 {
    frame::current(cx).map_or(0, |frame| {
        i64::from((frame.code().flags & CodeFlags::FUTURES).bits())
    })
}

/// Compile source into a code object that can be executed by exec() or eval().
///
/// The source code may represent a Python module, statement or expression.
/// The filename will be used for run-time error messages.
/// The mode must be 'exec' to compile a module, 'single' to compile a
/// single (interactive) statement, or 'eval' to compile an expression.
/// The flags argument, if present, controls which future statements influence
/// the compilation of the code.
/// The dont_inherit argument, if true, stops the compilation inheriting
/// the effects of any future statements in effect in the code calling
/// compile; if absent or false these statements do influence the compilation,
/// in addition to any features explicitly specified.
#[pyfunction(
    "compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)"
)]
#[allow(clippy::too_many_arguments)]
pub fn compile(
    cx: &Context,
    source: &Value,
    filename: &Value,
    mode: String,
    flags: i64,
    dont_inherit: bool,
    optimize: i64,
    feature_version: i64,
) -> PyResult<Value> {
    let filename = source_text::path_text(cx, filename)?;
    let known = i64::from(CodeFlags::FUTURES.bits())
        | i64::from(CodeFlags::NESTED.bits())
        | self::flags::ALL;
    if flags & !known != 0 {
        return Err(cx.value_error("compile(): unrecognised flags"));
    }
    if !(-1..=2).contains(&optimize) {
        return Err(cx.value_error("compile(): invalid optimize value"));
    }
    let only_tree = flags & self::flags::ONLY_AST != 0;
    let mode = match mode.as_str() {
        "exec" => Mode::Exec,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        "func_type" if only_tree => Mode::FunctionType,
        "func_type" => {
            return Err(cx.value_error("compile() mode 'func_type' requires flag PyCF_ONLY_AST"));
        }
        _ if only_tree => {
            return Err(
                cx.value_error("compile() mode must be 'exec', 'eval', 'single' or 'func_type'")
            );
        }
        _ => return Err(cx.value_error("compile() mode must be 'exec', 'eval' or 'single'")),
    };
    let flags = if dont_inherit {
        flags
    } else {
        flags | inherited_flags(cx)
    };
    let request = Request {
        mode,
        flags,
        optimize,
        feature_version: u8::try_from(feature_version).ok(),
    };
    told_of_source(cx, source, &filename)?;
    if only_tree {
        return tree_compiler(cx)?(cx, source, &filename, &request);
    }
    match source_of(cx, source, &filename)? {
        Some(source) => compile_source(cx, &source, &filename, &request).map(Ref::into_value),
        None => tree_compiler(cx)?(cx, source, &filename, &request),
    }
}

/// The namespaces that code runs in.
struct Namespaces {
    globals: Ref<Dict>,
    locals: Value,
}

/// The globals and locals for `exec` and `eval`.
fn namespaces(
    cx: &Context,
    function: &str,
    globals: Option<&Value>,
    locals: Option<&Value>,
) -> PyResult<Namespaces> {
    if let Some(locals) = locals
        && !is_mapping(locals)
    {
        return Err(cx.type_error(match function {
            "eval" => "locals must be a mapping".to_owned(),
            _ => format!(
                "locals must be a mapping or None, not {}",
                locals.type_name()
            ),
        }));
    }
    let Some(globals) = globals else {
        let Some(globals) = frame::current_globals(cx) else {
            return Err(cx.system_error("globals and locals cannot be NULL"));
        };
        let locals = match locals {
            Some(locals) => locals.clone(),
            None => caller_locals(cx)?,
        };
        return Ok(Namespaces { globals, locals });
    };
    let Some(dict) = globals.downcast::<Dict>() else {
        return Err(cx.type_error(match function {
            "eval" if is_mapping(globals) => {
                "globals must be a real dict; try eval(code, {}, mapping)".to_owned()
            }
            "eval" => "globals must be a dict".to_owned(),
            _ => format!("exec() globals must be a dict, not {}", globals.type_name()),
        }));
    };
    Ok(Namespaces {
        globals: dict.clone(),
        locals: locals.unwrap_or(globals).clone(),
    })
}

/// Tells audit hooks of source that is about to be compiled: as bytes, or None for a tree.
fn told_of_source(cx: &Context, source: &Value, filename: &str) -> PyResult<()> {
    audit::event(cx, "compile", || {
        let source = match source.downcast::<Str>() {
            Some(text) => Bytes::from_slice(cx, text.to_lossy().as_bytes())?.into_value(),
            None if source.class().slots.buffer.get().is_some() => source.clone(),
            None => Value::NONE,
        };
        Ok(vec![source, filename.into_value(cx)?])
    })
}

/// Runs a code object: a module, a class body or an expression with `locals` as its namespace, a
/// function's with variables of its own.
///
/// # Errors
/// What the code raises.
pub fn run(
    cx: &Context,
    code: &Ref<Code>,
    globals: &Ref<Dict>,
    locals: &Value,
    closure: Option<Ref<Tuple>>,
) -> PyResult<Value> {
    audit::event(cx, "exec", || Ok(vec![code.to_value()]))?;
    if globals.get_name(cx, names::dunder_builtins())?.is_none() {
        globals.set_name(cx, names::dunder_builtins(), frame::current_builtins(cx))?;
    }
    let builtins = builtins_of(cx, globals)?;
    let module = globals.get_name(cx, names::dunder_name())?;
    let function = Function::with(cx, code, globals, &builtins, module, closure)?;
    if code.flags.contains(CodeFlags::OPTIMIZED) {
        bind::call_function(cx, &function, Args::NONE)
    } else {
        bind::run_code(cx, &function, Some(locals.clone()))
    }
}

/// Evaluate the given source in the context of globals and locals.
///
/// The source may be a string representing a Python expression
/// or a code object as returned by compile().
/// The globals must be a dictionary and locals can be any mapping,
/// defaulting to the current globals and locals.
/// If only globals is given, locals defaults to it.
#[pyfunction("eval(source, /, globals=None, locals=None)")]
pub fn eval(
    cx: &Context,
    source: &Value,
    globals: Option<&Value>,
    locals: Option<&Value>,
) -> PyResult<Value> {
    let spaces = namespaces(cx, "eval", globals, locals)?;
    if let Some(code) = source.downcast::<Code>() {
        if code.first_free < code.local_count {
            return Err(
                cx.type_error("code object passed to eval() may not contain free variables")
            );
        }
        return run(cx, code, &spaces.globals, &spaces.locals, None);
    }
    let Some(text) = source_of(cx, source, "<string>")? else {
        return Err(cx.type_error("eval() arg 1 must be a string, bytes or code object"));
    };
    told_of_source(cx, source, "<string>")?;
    let text = text.trim_start_matches([' ', '\t']);
    let request = Request {
        mode: Mode::Eval,
        feature_version: None,
        flags: inherited_flags(cx),
        optimize: -1,
    };
    let code = compile_source(cx, text, "<string>", &request)?;
    run(cx, &code, &spaces.globals, &spaces.locals, None)
}

/// Execute the given source in the context of globals and locals.
///
/// The source may be a string representing one or more Python statements
/// or a code object as returned by compile().
/// The globals must be a dictionary and locals can be any mapping,
/// defaulting to the current globals and locals.
/// If only globals is given, locals defaults to it.
/// The closure must be a tuple of cellvars, and can only be used
/// when source is a code object requiring exactly that many cellvars.
#[pyfunction("exec(source, /, globals=None, locals=None, *, closure=None)")]
pub fn exec(
    cx: &Context,
    source: &Value,
    globals: Option<&Value>,
    locals: Option<&Value>,
    closure: Option<&Value>,
) -> PyResult<()> {
    let spaces = namespaces(cx, "exec", globals, locals)?;
    if let Some(code) = source.downcast::<Code>() {
        let closure = closure_for(cx, code, closure)?;
        return run(cx, code, &spaces.globals, &spaces.locals, closure).map(|_| ());
    }
    if closure.is_some() {
        return Err(cx.type_error("closure can only be used when source is a code object"));
    }
    let Some(text) = source_of(cx, source, "<string>")? else {
        return Err(cx.type_error("exec() arg 1 must be a string, bytes or code object"));
    };
    told_of_source(cx, source, "<string>")?;
    let request = Request {
        mode: Mode::Exec,
        feature_version: None,
        flags: inherited_flags(cx),
        optimize: -1,
    };
    let code = compile_source(cx, &text, "<string>", &request)?;
    run(cx, &code, &spaces.globals, &spaces.locals, None).map(|_| ())
}

/// Checks the closure given for `code`.
fn closure_for(
    cx: &Context,
    code: &Ref<Code>,
    closure: Option<&Value>,
) -> PyResult<Option<Ref<Tuple>>> {
    let wanted = (code.local_count - code.first_free) as usize;
    match (wanted, closure) {
        (0, None) => Ok(None),
        (0, Some(_)) => Err(cx.type_error("cannot use a closure with this code object")),
        (_, None) => {
            Err(cx.type_error("code object passed to exec() may not contain free variables"))
        }
        (_, Some(closure)) => {
            let cells = closure.downcast_exact::<Tuple>().filter(|cells| {
                cells.len() == wanted
                    && cells
                        .as_slice()
                        .iter()
                        .all(|cell| cell.downcast::<Cell>().is_some())
            });
            match cells {
                Some(cells) => Ok(Some(cells.clone())),
                None => Err(cx.type_error(format!(
                    "code object requires a closure of exactly length {wanted}"
                ))),
            }
        }
    }
}

/// Return the dictionary containing the current scope's global variables.
///
/// NOTE: Updates to this dictionary *will* affect name lookups in the current
/// global scope and vice-versa.
#[pyfunction("globals()")]
pub fn globals(cx: &Context) -> PyResult<Value> {
    match frame::current_globals(cx) {
        Some(globals) => Ok(globals.into_value()),
        None => Ok(Value::NONE),
    }
}

/// Return a dictionary containing the current scope's local variables.
///
/// NOTE: Whether or not updates to this dictionary will affect name lookups in
/// the local scope and vice-versa is *implementation dependent* and not
/// covered by any backwards compatibility guarantees.
#[pyfunction("locals()")]
pub fn locals(cx: &Context) -> PyResult<Value> {
    caller_locals(cx)
}
