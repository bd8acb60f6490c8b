//! The prompt: statements are read, run, and their values shown.
//!
//! On a terminal the library's own `_pyrepl` is used when it can be; otherwise lines are read from
//! standard input, with `sys.ps1` and `sys.ps2` shown before them.

use std::io::{self, BufRead, Write};

use typhon_compiler::code::CodeFlags;
use typhon_compiler::options::Mode;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Raised, import, interpreter};

use super::{Exit, finish, program, streams, uncaught};
use crate::builtins::evaluation::{Request, compile_source, flags, run as run_code};
use crate::sys::version;
use crate::traceback_text::source_lines;
use crate::{configuration, text_output};

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
    if streams::is_terminal(0) && streams::is_terminal(1) && wants_rich_prompt() {
        program::run_interactive_hook(cx);
        match run_rich(cx) {
            Ok(()) => return Exit::Status(0),
            Err(Raised) if cx.exception_matches(exceptions::system_exit()) => return leave(cx),
            Err(Raised) => cx.clear_exception(),
        }
    }
    run_plain(cx)
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
    let dumb = std::env::var("TERM").is_ok_and(|terminal| terminal == "dumb");
    !(basic && !configuration::get().ignore_environment || dumb)
}

fn run_rich(cx: &Context) -> PyResult<()> {
    import::call_imported(cx, "_pyrepl.main", "interactive_console", &[]).map(|_| ())
}

fn leave(cx: &Context) -> Exit {
    let exception = cx.take_exception();
    Exit::Status(uncaught::exit_status(cx, &exception))
}

/// What was read.
enum Input {
    Line(String),
    End,
    Interrupted,
}

/// Lines from standard input.
fn run_plain(cx: &Context) -> Exit {
    let (mut number, mut futures) = (0, 0);
    loop {
        match read_statement(cx) {
            Input::End => {
                text_output::to_stderr(cx, "\n");
                return Exit::Status(0);
            }
            Input::Interrupted => text_output::to_stderr(cx, "\nKeyboardInterrupt\n"),
            Input::Line(source) => {
                let filename = format!("<stdin-{number}>");
                number += 1;
                let ran = run_statement(cx, &source, &filename, &mut futures);
                if ran.is_err() {
                    if cx.exception_matches(exceptions::system_exit()) {
                        return leave(cx);
                    }
                    let exception = cx.take_exception();
                    uncaught::show(cx, &exception);
                }
                // Whoever talks to the prompt through pipes waits for the answer.
                finish::flush_quietly(cx);
            }
        }
    }
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
                if is_complete(&source) {
                    return Input::Line(source);
                }
            }
            Input::End if !source.is_empty() => return Input::Line(source),
            other => return other,
        }
    }
}

fn read_line(cx: &Context, prompt: &str) -> Input {
    // What a program says is not mixed with prompts, unless somebody is looking at both.
    if streams::is_terminal(0) && streams::is_terminal(1) {
        print!("{prompt}");
        let _ = io::stdout().flush();
    } else {
        eprint!("{prompt}");
    }
    let mut line = String::new();
    match cx.detached(|| io::stdin().lock().read_line(&mut line)) {
        Ok(0) => Input::End,
        Ok(_) => Input::Line(line),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Input::Interrupted,
        Err(_) => Input::End,
    }
}

/// Whether nothing is missing: a compound statement ends with an empty line.
fn is_complete(source: &str) -> bool {
    let options = typhon_compiler::options::CompileOptions {
        mode: Mode::Single,
        dont_imply_dedent: true,
        allow_incomplete_input: true,
        ..Default::default()
    };
    match typhon_compiler::compile(source, "<stdin>", &options) {
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
    let code = compile_source(cx, source, filename, &request)?;
    *futures |= i64::from((code.flags & CodeFlags::FUTURES).bits());
    program::register_source(cx, &code, source, filename)?;
    let main = program::main_module(cx)?;
    run_code(cx, &code, &main.dict, main.dict.as_value(), None).map(|_| ())
}
