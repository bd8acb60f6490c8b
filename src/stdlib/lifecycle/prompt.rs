//! The prompt: statements are read, run, and their values shown.
//!
//! On a terminal the library's own `_pyrepl` edits lines and keeps their history. What it cannot do (a
//! terminal without a cursor to move, `PYTHON_BASIC_REPL`, input from elsewhere) is left to the basic
//! prompt, which is also `sys._baserepl`: lines of standard input, with `sys.ps1` and `sys.ps2` before them.

use std::io::{self, BufRead, Write};

use typhon_compiler::code::CodeFlags;
use typhon_compiler::options::Mode;
use typhon_runtime::args::Args;
use typhon_runtime::objects::exceptions::{self, SyntaxError};
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Value, import, interpreter};

use super::{Exit, finish, program, streams, uncaught};
use crate::builtins::evaluation::{Request, compile_source, flags, run as run_code};
use crate::builtins::text::{edit_line, line_editor};
use crate::sys::version;
use crate::traceback_text::source_lines;
use crate::{blocking, configuration, text_output};

/// Runs the prompt until its input ends. `first`: there was no program before it.
pub(super) fn run(cx: &Context, first: bool) -> Exit {
    let configuration = configuration::get();
    if set_prompts(cx).is_err() {
        return uncaught::handle(cx);
    }
    if first {
        if !configuration.quiet {
            let hint =
                "Type \"help\", \"copyright\", \"credits\" or \"license\" for more information.";
            let text = format!(
                "Python {} on {}\n{hint}\n",
                version::text(),
                std::env::consts::OS
            );
            text_output::to_stderr(cx, &text);
        }
        if !configuration.safe_path && prepend_current_folder(cx).is_err() {
            return uncaught::handle(cx);
        }
        program::run_startup_file(cx);
    }
    if streams::is_terminal(0) {
        program::run_interactive_hook(cx);
    }
    let ran = if streams::is_terminal(0) && wants_rich_prompt() {
        match run_rich(cx, !first) {
            Err(Raised) if !cx.exception_matches(exceptions::system_exit()) => {
                cx.clear_exception();
                run_basic(cx)
            }
            ran => ran,
        }
    } else {
        run_basic(cx)
    };
    match ran {
        Ok(()) => Exit::Status(0),
        Err(Raised) => leave(cx),
    }
}

fn prepend_current_folder(cx: &Context) -> PyResult<()> {
    let path = interpreter::sys_attribute(cx, typhon_runtime::objects::str_::names::path())?;
    match path
        .as_ref()
        .and_then(|path| path.downcast::<typhon_runtime::objects::list::List>())
    {
        Some(path) => path.insert(cx, 0, Str::empty().into_value()),
        None => Ok(()),
    }
}

fn set_prompts(cx: &Context) -> PyResult<()> {
    let sys = interpreter::sys_module();
    for (name, prompt) in [("ps1", ">>> "), ("ps2", "... ")] {
        if sys.get(cx, name)?.is_none() {
            sys.set(cx, name, Str::from_str(cx, prompt)?.into_value())?;
        }
    }
    Ok(())
}

fn wants_rich_prompt() -> bool {
    let basic = std::env::var_os("PYTHON_BASIC_REPL").is_some_and(|value| !value.is_empty());
    !basic || configuration::get().ignore_environment
}

/// `runs_startup_file`: the start-up file has not been run yet.
fn run_rich(cx: &Context, runs_startup_file: bool) -> PyResult<()> {
    let console = import::import_attribute(cx, "_pyrepl.main", "interactive_console")?;
    let runs_startup_file = runs_startup_file && !configuration::get().ignore_environment;
    let values = [
        program::main_module(cx)?.into_value(),
        Value::from_bool(runs_startup_file),
    ];
    let names = [
        Name::intern(cx, "mainmodule")?.to_value(),
        Name::intern(cx, "pythonstartup")?.to_value(),
    ];
    let args = Args {
        values: &values,
        names: &names,
    };
    call::call_args(cx, &console, args).map(|_| ())
}

fn leave(cx: &Context) -> Exit {
    let exception = cx.take_exception();
    Exit::Status(uncaught::exit_status(cx, &exception))
}

/// What source typed at the prompt is called.
const STANDARD_INPUT: &str = "<stdin>";

/// What was read.
enum Input {
    Line(String),
    End,
    Interrupted,
}

/// The prompt without editing, until its input ends.
///
/// # Errors
/// SystemExit; other exceptions are shown.
pub(crate) fn run_basic(cx: &Context) -> PyResult<()> {
    set_prompts(cx)?;
    let (mut number, mut futures) = (0, 0);
    loop {
        match read_statement(cx) {
            Input::End => {
                text_output::to_stderr(cx, "\n");
                return Ok(());
            }
            Input::Interrupted => {}
            Input::Line(source) => {
                let filename = format!("<stdin-{number}>");
                number += 1;
                if run_statement(cx, &source, &filename, &mut futures).is_err() {
                    show_unless_exit(cx)?;
                }
                // Whoever talks to the prompt through pipes waits for the answer.
                finish::flush_quietly(cx);
            }
        }
    }
}

fn show_unless_exit(cx: &Context) -> PyResult<()> {
    if cx.exception_matches(exceptions::system_exit()) {
        return Err(Raised);
    }
    let exception = cx.take_exception();
    uncaught::show(cx, &exception);
    Ok(())
}

/// A whole statement, which may take several lines.
fn read_statement(cx: &Context) -> Input {
    let mut source = String::new();
    loop {
        let prompt = program::sys_text(cx, if source.is_empty() { "ps1" } else { "ps2" }, "");
        match read_line(cx, &prompt) {
            Input::Line(line) => {
                source.push_str(&line);
                if source.trim().is_empty() {
                    source.clear();
                    continue;
                }
                if source.ends_with('\n') && is_complete(&source) {
                    return Input::Line(source);
                }
            }
            Input::End if !source.is_empty() => {
                text_output::to_stderr(cx, "\n");
                // The end of the input ends blocks.
                while source.contains('\n') && !source.ends_with("\n\n") {
                    source.push('\n');
                }
                return Input::Line(source);
            }
            other => return other,
        }
    }
}

fn read_line(cx: &Context, prompt: &str) -> Input {
    // What a program says is not mixed with prompts, unless somebody is looking at both.
    if streams::is_terminal(0) && streams::is_terminal(1) {
        if let Some(editor) = line_editor(cx) {
            return edit(cx, &editor, prompt);
        }
        print!("{prompt}");
        let _ = io::stdout().flush();
    } else {
        eprint!("{prompt}");
    }
    let mut line = Vec::new();
    loop {
        // A signal's handler runs before the next part is waited for, and may raise.
        if blocking::interrupted(cx).is_err() {
            return interrupted(cx);
        }
        match cx.detached(|| read_part(&mut line)) {
            Ok(Part::Some) => {}
            Ok(Part::End) if line.is_empty() => return Input::End,
            Ok(Part::Last | Part::End) => {
                return Input::Line(String::from_utf8_lossy(&line).into_owned());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Input::End,
        }
    }
}

/// A line from `readline`'s editor.
fn edit(cx: &Context, editor: &Value, prompt: &str) -> Input {
    let line = Str::from_str(cx, prompt).and_then(|prompt| edit_line(cx, editor, prompt));
    match line {
        Ok(line) => {
            let line = line.downcast::<Str>().map(|line| line.to_string());
            Input::Line(line.unwrap_or_default() + "\n")
        }
        Err(Raised) if cx.exception_matches(exceptions::eof_error()) => {
            cx.clear_exception();
            Input::End
        }
        // The editor has ended its line.
        Err(Raised) => tell_interruption(cx),
    }
}

/// What one read gave.
enum Part {
    Some,
    Last,
    End,
}

/// Reads what there is of a line. In contrast to `read_line`, it comes back when a signal arrives.
fn read_part(line: &mut Vec<u8>) -> io::Result<Part> {
    let mut input = io::stdin().lock();
    let ready = input.fill_buf()?;
    if ready.is_empty() {
        return Ok(Part::End);
    }
    let end = memchr::memchr(b'\n', ready);
    let taken = end.map_or(ready.len(), |end| end + 1);
    line.extend_from_slice(&ready[..taken]);
    input.consume(taken);
    Ok(if end.is_some() {
        Part::Last
    } else {
        Part::Some
    })
}

/// A signal's handler raised while a line was waited for.
fn interrupted(cx: &Context) -> Input {
    text_output::to_stderr(cx, "\n");
    tell_interruption(cx)
}

fn tell_interruption(cx: &Context) -> Input {
    let exception = cx.take_exception();
    let is_interrupt = exception
        .as_value()
        .is_instance_of(exceptions::keyboard_interrupt());
    if is_interrupt {
        text_output::to_stderr(cx, "KeyboardInterrupt\n");
    } else {
        uncaught::show(cx, &exception);
    }
    Input::Interrupted
}

/// Whether nothing is missing: a compound statement ends with an empty line.
fn is_complete(source: &str) -> bool {
    let options = typhon_compiler::options::CompileOptions {
        mode: Mode::Single,
        dont_imply_dedent: true,
        allow_incomplete_input: true,
        ..Default::default()
    };
    match typhon_compiler::compile(source, STANDARD_INPUT, &options) {
        Ok(_) => is_blank_at_end(source) || !typhon_compiler::is_block(source),
        Err(error) => error.kind != typhon_compiler::ErrorKind::Incomplete,
    }
}

fn is_blank_at_end(source: &str) -> bool {
    source
        .lines()
        .next_back()
        .is_none_or(|line| line.trim().is_empty())
}

/// `futures`: the flags of `__future__` that statements have set for all that follow.
fn run_statement(cx: &Context, source: &str, filename: &str, futures: &mut i64) -> PyResult<()> {
    source_lines::remember(filename, source);
    let request = Request {
        flags: flags::DONT_IMPLY_DEDENT | *futures,
        ..Request::plain(Mode::Single)
    };
    let code = match compile_source(cx, source, filename, &request) {
        Ok(code) => code,
        Err(Raised) => {
            name_standard_input(cx, source);
            return Err(Raised);
        }
    };
    *futures |= i64::from((code.flags & CodeFlags::FUTURES).bits());
    program::register_source(cx, &code, source, STANDARD_INPUT)?;
    let main = program::main_module(cx)?;
    run_code(cx, &code, &main.dict, main.dict.as_value(), None).map(|_| ())
}

/// Code has names of its own, by which its source is found; an error in the source is shown at once.
fn name_standard_input(cx: &Context, source: &str) {
    let exception = cx.take_exception();
    if let Some(error) = exception.as_value().downcast::<SyntaxError>()
        && name_in_error(cx, error, source).is_err()
    {
        cx.clear_exception();
    }
    cx.set_exception(exception);
}

fn name_in_error(cx: &Context, error: &SyntaxError, source: &str) -> PyResult<()> {
    let name = Str::from_str(cx, STANDARD_INPUT)?;
    error.filename.set(Some(name.into_value()));
    let line = error.line.get().and_then(|line| line.as_small_int());
    let line = line.and_then(|line| source.lines().nth(usize::try_from(line - 1).ok()?));
    if let Some(line) = line
        && error.text.get().is_none_or(|text| text.is_none())
    {
        let text = Str::from_str(cx, &format!("{line}\n"))?;
        error.text.set(Some(text.into_value()));
    }
    Ok(())
}
