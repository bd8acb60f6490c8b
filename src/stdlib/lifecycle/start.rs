//! Start-up: from nothing to an interpreter that can run a program.

use typhon_runtime::module::add;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Raised, Value, import, import_time, interpreter};

use super::{Exit, importlib, streams, uncaught};
use crate::configuration::{self, Program};
use crate::sys::{os_text, paths};
use crate::{builtins, faulthandler, signal, sys};

/// Starts the interpreter.
///
/// # Errors
/// How the process is to end when the interpreter cannot start.
pub(super) fn start(cx: &Context) -> Result<(), Exit> {
    if make_core(cx).is_err() {
        eprintln!("Fatal error: can't make the built-in classes: out of memory");
        return Err(Exit::Status(1));
    }
    match make_rest(cx) {
        Ok(()) => Ok(()),
        Err(Raised) => Err(fatal(cx)),
    }
}

/// Classes, `builtins` and `sys`: what every error message needs.
fn make_core(cx: &Context) -> PyResult<()> {
    interpreter::make_classes(cx)?;
    interpreter::make_registries(cx)?;
    let builtins = Module::new(cx, builtins::MODULE.name)?;
    // The functions' `__module__` is this very string, which is not the one that classes have: a pickle
    // writes a string once, and pickles are to be what CPython writes.
    let own_name = Str::from_str(cx, builtins::MODULE.name)?.into_value();
    builtins.set(cx, "__name__", own_name)?;
    builtins::MODULE.document_and_fill(cx, &builtins)?;
    interpreter::set_builtins(cx, &builtins);
    interpreter::modules().set_name(cx, names::builtins(), builtins.into_value())?;
    let sys = sys::MODULE.instantiate(cx)?;
    interpreter::set_sys(&sys);
    interpreter::modules().set_name(cx, names::sys(), sys.to_value())?;
    streams::set_preliminary(cx, &sys)
}

fn make_rest(cx: &Context) -> PyResult<()> {
    let configuration = configuration::get();
    import_time::set_level(configuration.import_time);
    int::set_maximum_digits(configuration.int_max_str_digits);
    set_arguments(cx)?;
    let has_library = importlib::install(cx)?;
    signal::install(cx)?;
    if configuration.faulthandler {
        faulthandler::enable_at_start(cx)?;
    }
    make_main(cx)?;
    if !has_library {
        return Ok(());
    }
    streams::open_all(cx)?;
    if !configuration.warn_options.is_empty() {
        import::import_module(cx, "warnings")?;
    }
    if !configuration.no_site {
        import::import_module(cx, "site")?;
    }
    Ok(())
}

/// `sys.argv` and `sys.path`.
fn set_arguments(cx: &Context) -> PyResult<()> {
    let configuration = configuration::get();
    let sys = interpreter::sys_module();
    let program = match &configuration.program {
        Program::StandardInput => "".into(),
        Program::Dash => "-".into(),
        Program::Command(_) => "-c".into(),
        // `runpy` puts the module's path in its place.
        Program::Module(_) => "-m".into(),
        Program::File(file) => file.clone(),
    };
    let mut arguments = vec![os_text(cx, &program)?.into_value()];
    for argument in &configuration.arguments {
        arguments.push(os_text(cx, argument)?.into_value());
    }
    add(cx, sys, "argv", List::from_values(cx, arguments)?)?;
    let path: PyResult<Vec<Value>> = paths::search_path()
        .iter()
        .map(|entry| os_text(cx, entry).map(Ref::into_value))
        .collect();
    add(cx, sys, "path", List::from_values(cx, path?)?)
}

/// The module `__main__`, with nothing in it yet.
fn make_main(cx: &Context) -> PyResult<()> {
    let module = Module::new(cx, "__main__")?;
    import::modules(cx)?.set_name(cx, names::dunder_main(), module.to_value())?;
    let builtins = interpreter::modules()
        .get_name(cx, names::builtins())?
        .unwrap_or(Value::NONE);
    module.set(cx, "__builtins__", builtins)?;
    let importer = attribute::get(
        cx,
        &import::bootstrap(cx)?,
        Name::intern(cx, "BuiltinImporter")?,
    )?;
    module.set(cx, "__loader__", importer)
}

/// Says why the interpreter cannot start.
fn fatal(cx: &Context) -> Exit {
    if cx.exception_matches(exceptions::system_exit())
        || cx.exception_matches(exceptions::keyboard_interrupt())
    {
        return uncaught::handle(cx);
    }
    eprintln!("Fatal Python error: init_interp_main: can't initialize the interpreter");
    let exception = cx.take_exception();
    eprint!("{}", crate::traceback_text::format(cx, &exception));
    Exit::Status(1)
}
