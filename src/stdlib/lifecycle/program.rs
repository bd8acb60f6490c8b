//! Running the program that the command line names.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use typhon_compiler::options::Mode;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Value, import, import_hints, interpreter};

use super::importlib;
use super::{Exit, prompt, streams, uncaught};
use crate::builtins::evaluation::{Request, compile_source, run as run_code};
use crate::configuration::{self, Program};
use crate::source_text::{self, Origin};
use crate::sys::{os_text, paths};
use crate::traceback_text::source_lines;

/// Runs the program and, after it, the prompt that `-i` asks for.
pub(super) fn run(cx: &Context) -> Exit {
    let configuration = configuration::get();
    let exit = match &configuration.program {
        Program::Command(command) => finished(cx, run_command(cx, command)),
        Program::Module(module) => finished(cx, run_module(cx, module)),
        Program::File(file) => match run_path(cx, file) {
            Ok(result) => finished(cx, result),
            Err(exit) => exit,
        },
        Program::StandardInput | Program::Dash if prompt_wanted() => return prompt::run(cx, true),
        Program::StandardInput | Program::Dash => finished(cx, run_standard_input(cx)),
    };
    let asked = configuration.inspect || inspect_asked_by_environment();
    if asked && (streams::is_terminal(0) || configuration.interactive) {
        return prompt::run(cx, false);
    }
    exit
}

/// A program may set `PYTHONINSPECT` itself.
fn inspect_asked_by_environment() -> bool {
    !configuration::get().ignore_environment
        && std::env::var_os("PYTHONINSPECT").is_some_and(|value| !value.is_empty())
}

fn prompt_wanted() -> bool {
    streams::is_terminal(0) || configuration::get().wants_prompt()
}

fn finished(cx: &Context, result: PyResult<()>) -> Exit {
    match result {
        Ok(()) => Exit::Status(0),
        Err(Raised) => uncaught::handle(cx),
    }
}

/// `__main__`.
pub(super) fn main_module(cx: &Context) -> PyResult<Ref<Module>> {
    let found = import::modules(cx)?.get_name(cx, names::dunder_main())?;
    found
        .and_then(|module| module.into_ref::<Module>().ok())
        .ok_or_else(|| cx.runtime_error("lost __main__"))
}

/// Puts the program's own folder in front of `sys.path`.
fn prepend_path(cx: &Context, entry: &OsStr) -> PyResult<()> {
    let path = interpreter::sys_attribute(cx, names::path())?;
    match path.as_ref().and_then(|path| path.downcast::<List>()) {
        Some(path) => {
            let entry = os_text(cx, entry)?;
            import_hints::set_program_folder(&entry.to_lossy());
            path.insert(cx, 0, entry.into_value())
        }
        None => Ok(()),
    }
}

/// Compiles and runs source in `__main__`. The source is remembered for tracebacks when it is in no file.
fn run_source(cx: &Context, source: &str, filename: &str, is_file: bool) -> PyResult<()> {
    let main = main_module(cx)?;
    if !is_file {
        source_lines::remember(filename, source);
    }
    let code = compile_source(cx, source, filename, &Request::plain(Mode::Exec))?;
    if !is_file {
        register_source(cx, &code, source, filename)?;
    }
    run_code(cx, &code, &main.dict, main.dict.as_value(), None).map(|_| ())
}

/// Makes the source known to `linecache`, for tracebacks that Python code makes.
pub(super) fn register_source(
    cx: &Context,
    code: &Ref<Code>,
    source: &str,
    filename: &str,
) -> PyResult<()> {
    if !importlib::has_library() {
        return Ok(());
    }
    let arguments = [
        code.to_value(),
        Str::from_str(cx, source)?.into_value(),
        Str::from_str(cx, filename)?.into_value(),
    ];
    import::call_imported(cx, "linecache", "_register_code", &arguments).map(|_| ())
}

fn run_command(cx: &Context, command: &OsStr) -> PyResult<()> {
    if !configuration::get().safe_path {
        prepend_path(cx, OsStr::new(""))?;
    }
    let text = String::from_utf8_lossy(command.as_bytes()).into_owned();
    let text = source_text::check(cx, format!("{}\n", dedent(&text)))?;
    run_source(cx, &text, "<string>", false)
}

/// Removes the indentation that all lines with content have.
fn dedent(text: &str) -> String {
    let is_blank = |line: &str| line.trim().is_empty();
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut margin: Option<&str> = None;
    for line in text.split('\n').filter(|line| !is_blank(line)) {
        let own = &line[..indentation(line)];
        margin = Some(match margin {
            None => own,
            Some(known) => {
                let common = known
                    .bytes()
                    .zip(own.bytes())
                    .take_while(|(left, right)| left == right)
                    .count();
                &known[..common]
            }
        });
    }
    let margin = margin.map_or(0, str::len);
    if margin == 0 {
        return text.to_owned();
    }
    let lines: Vec<&str> = text
        .split('\n')
        .map(|line| if is_blank(line) { "" } else { &line[margin..] })
        .collect();
    lines.join("\n")
}

fn run_module(cx: &Context, module: &OsStr) -> PyResult<()> {
    if !configuration::get().safe_path {
        let folder = std::env::current_dir().unwrap_or_default();
        prepend_path(cx, folder.as_os_str())?;
    }
    let arguments = [os_text(cx, module)?.into_value(), Value::TRUE];
    import::call_imported(cx, "runpy", "_run_module_as_main", &arguments).map(|_| ())
}

/// Runs a file, or the `__main__` of a folder or a zip file. The outer error is how the process ends when
/// there is nothing to run.
fn run_path(cx: &Context, file: &OsStr) -> Result<PyResult<()>, Exit> {
    let is_importable = match has_importer(cx, file) {
        Ok(answer) => answer,
        Err(Raised) => return Ok(Err(Raised)),
    };
    if is_importable {
        return Ok(run_importable(cx, file));
    }
    let path = Path::new(file);
    let opened = File::open(path).and_then(|opened| Ok((opened.metadata()?.is_dir(), opened)));
    let mut opened = match opened {
        Ok((false, opened)) => opened,
        Ok((true, _)) => {
            eprintln!(
                "{}: '{}' is a directory, cannot continue",
                executable(),
                path.display()
            );
            return Err(Exit::Status(1));
        }
        Err(error) => return Err(cannot_open(path, &error)),
    };
    let mut source = Vec::new();
    if let Err(error) = cx.detached(|| opened.read_to_end(&mut source)) {
        return Err(cannot_open(path, &error));
    }
    drop(opened);
    Ok(run_file(cx, file, &source))
}

fn cannot_open(path: &Path, error: &io::Error) -> Exit {
    let number = error.raw_os_error().unwrap_or(0);
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    eprintln!(
        "{}: can't open file '{}': [Errno {number}] {}",
        executable(),
        absolute.display(),
        exceptions::error_text(number)
    );
    Exit::Status(2)
}

fn executable() -> String {
    paths::get().executable.display().to_string()
}

/// Whether a path hook takes the path: it is a folder or a zip file.
fn has_importer(cx: &Context, file: &OsStr) -> PyResult<bool> {
    let path = Path::new(file);
    // What lies in a zip file has the zip file's name before its own.
    let mut files = path.ancestors().filter(|ancestor| ancestor.is_file());
    if !path.is_dir() && !files.next().is_some_and(is_zip) {
        return Ok(false);
    }
    let path = os_text(cx, file)?.into_value();
    let importer = import::call_imported(cx, "pkgutil", "get_importer", &[path])?;
    Ok(!importer.is_none())
}

/// Whether the file ends with a zip file's directory. A program may stand before it.
fn is_zip(path: &Path) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let mut content = Vec::new();
    let Ok(length) = file.metadata().map(|data| data.len()) else {
        return false;
    };
    // The directory's end record, with the longest comment.
    let tail = length.min(22 + 0xFFFF);
    let sought = io::Seek::seek(&mut file, io::SeekFrom::Start(length - tail));
    sought.is_ok()
        && file.read_to_end(&mut content).is_ok()
        && content.windows(4).any(|window| window == b"PK\x05\x06")
}

fn run_importable(cx: &Context, file: &OsStr) -> PyResult<()> {
    prepend_path(cx, file)?;
    let arguments = [names::dunder_main().to_value(), Value::FALSE];
    import::call_imported(cx, "runpy", "_run_module_as_main", &arguments).map(|_| ())
}

/// The folder of the script itself, not of a link to it.
fn folder_of(file: &OsStr) -> PathBuf {
    let path = fs::canonicalize(Path::new(file)).unwrap_or_else(|_| PathBuf::from(file));
    path.parent().map(Path::to_owned).unwrap_or_default()
}

fn run_file(cx: &Context, file: &OsStr, source: &[u8]) -> PyResult<()> {
    if !configuration::get().safe_path {
        prepend_path(cx, folder_of(file).as_os_str())?;
    }
    let main = main_module(cx)?;
    let absolute = std::path::absolute(Path::new(file)).unwrap_or_else(|_| PathBuf::from(file));
    let path = os_text(cx, absolute.as_os_str())?;
    main.set(cx, "__file__", path.to_value())?;
    let is_compiled = file.as_bytes().ends_with(b".pyc");
    let class = if is_compiled {
        "SourcelessFileLoader"
    } else {
        "SourceFileLoader"
    };
    let loader = if importlib::has_library() {
        let class = import::import_attribute(cx, "_frozen_importlib_external", class)?;
        call::call(
            cx,
            &class,
            &[names::dunder_main().to_value(), path.to_value()],
        )?
    } else {
        Value::NONE
    };
    main.set(cx, "__loader__", loader.clone())?;
    main.set(cx, "__cached__", Value::NONE)?;
    if is_compiled {
        let code = call::call_method(
            cx,
            &loader,
            Name::intern(cx, "get_code")?,
            &[names::dunder_main().to_value()],
        )?;
        let Some(code) = code.downcast::<Code>() else {
            return Err(cx.import_error("no code in the file"));
        };
        return run_code(cx, code, &main.dict, main.dict.as_value(), None).map(|_| ());
    }
    let filename = path.to_lossy();
    let mut text = source_text::decode(cx, source, &filename, Origin::File)?;
    if configuration::get().skip_first_line {
        // The line's end stays, so that lines keep their numbers.
        let end = text.find('\n').unwrap_or(text.len());
        text.drain(..end);
    }
    run_source(cx, &text, &filename, true)
}

fn run_standard_input(cx: &Context) -> PyResult<()> {
    if !configuration::get().safe_path {
        prepend_path(cx, OsStr::new(""))?;
    }
    let mut source = Vec::new();
    // What cannot be read is as good as not there.
    let _ = cx.detached(|| io::stdin().lock().read_to_end(&mut source));
    let text = source_text::decode(cx, &source, "<stdin>", Origin::File)?;
    // As with files, the source is looked for when it is needed; here nothing is found.
    run_source(cx, &text, "<stdin>", true)
}

/// An attribute of `sys` as text, or a default.
pub(super) fn sys_text(cx: &Context, name: &str, default: &str) -> String {
    let found = Name::intern(cx, name).and_then(|name| interpreter::sys_attribute(cx, name));
    let Ok(Some(value)) = found else {
        cx.clear_exception();
        return default.to_owned();
    };
    match typhon_runtime::protocols::text::str(cx, &value) {
        Ok(text) => text.to_string(),
        Err(Raised) => {
            cx.clear_exception();
            default.to_owned()
        }
    }
}

/// Runs the file that `PYTHONSTARTUP` names, before the prompt.
pub(super) fn run_startup_file(cx: &Context) {
    let configuration = configuration::get();
    if configuration.ignore_environment {
        return;
    }
    let Some(file) = std::env::var_os("PYTHONSTARTUP").filter(|file| !file.is_empty()) else {
        return;
    };
    let ran = match fs::read(Path::new(&file)) {
        Ok(source) => {
            let filename = file.to_string_lossy().into_owned();
            source_text::decode(cx, &source, &filename, Origin::File)
                .and_then(|text| run_source(cx, &text, &filename, true))
        }
        Err(error) => {
            eprintln!("Could not open PYTHONSTARTUP\n{error}");
            return;
        }
    };
    if ran.is_err() {
        let exception = cx.take_exception();
        uncaught::show(cx, &exception);
    }
}

/// Calls `sys.__interactivehook__`, which sets up history and completion.
pub(super) fn run_interactive_hook(cx: &Context) {
    let hooked = Name::intern(cx, "__interactivehook__").and_then(|name| {
        match attribute::find(cx, interpreter::sys_module().as_value(), name)? {
            Some(hook) => call::call(cx, &hook, &[]).map(|_| ()),
            None => Ok(()),
        }
    });
    if hooked.is_err() {
        let exception = cx.take_exception();
        crate::text_output::to_stderr(cx, "Failed calling sys.__interactivehook__\n");
        uncaught::show(cx, &exception);
    }
}
