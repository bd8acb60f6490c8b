//! `sys`: the interpreter itself.
//!
//! Files: `version` (what this is), `numeric` (limits of numbers), `flags` (how it was started),
//! `paths` (where it is), `frames` (who runs), `hooks` (displaying, uncaught and unraisable exceptions,
//! audit), `settings` (what a program may change), `objects` (sizes, counts, interning).
//!
//! The streams, `argv` and `path` are put in by `lifecycle`.

pub mod flags;
pub mod frames;
pub mod hooks;
pub mod jit;
pub mod monitoring;
pub mod numeric;
pub mod objects;
pub mod paths;
pub mod settings;
pub mod version;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::module::add;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions::{self, BaseException};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Value, codec, interpreter};

use crate::configuration;

/// This module provides access to some objects used or maintained by the
/// interpreter and to functions that interact strongly with the interpreter.
///
/// Dynamic objects:
///
/// argv -- command line arguments; argv[0] is the script pathname if known
/// path -- module search path; path[0] is the script directory, else ''
/// modules -- dictionary of loaded modules
///
/// displayhook -- called to show results in an interactive session
/// excepthook -- called to handle any uncaught exception other than SystemExit
///
/// stdin -- standard input file object; used by input()
/// stdout -- standard output file object; used by print()
/// stderr -- standard error object; used for error messages
#[pymodule(
    name = "sys",
    functions(
        exit,
        frames::getframe,
        frames::getframemodulename,
        frames::current_frames,
        frames::current_exceptions,
        frames::exc_info,
        frames::exception,
        frames::settrace,
        frames::gettrace,
        frames::setprofile,
        frames::getprofile,
        frames::settraceallthreads,
        frames::setprofileallthreads,
        frames::call_tracing,
        frames::get_asyncgen_hooks,
        frames::set_asyncgen_hooks,
        frames::get_coroutine_origin_tracking_depth,
        frames::set_coroutine_origin_tracking_depth,
        hooks::baserepl,
        hooks::displayhook,
        hooks::excepthook,
        hooks::unraisablehook,
        hooks::breakpointhook,
        hooks::audit_function,
        hooks::addaudithook,
        settings::getrecursionlimit,
        settings::setrecursionlimit,
        settings::getswitchinterval,
        settings::setswitchinterval,
        settings::get_int_max_str_digits,
        settings::set_int_max_str_digits,
        settings::getdlopenflags,
        settings::setdlopenflags,
        settings::getdefaultencoding,
        settings::getfilesystemencoding,
        settings::getfilesystemencodeerrors,
        settings::is_gil_enabled,
        settings::is_finalizing,
        settings::get_cpu_count_config,
        settings::activate_stack_trampoline,
        settings::deactivate_stack_trampoline,
        settings::is_stack_trampoline_active,
        settings::is_remote_debug_enabled,
        settings::remote_exec,
        objects::getsizeof,
        objects::getrefcount,
        objects::getallocatedblocks,
        objects::getunicodeinternedsize,
        objects::intern,
        objects::is_interned,
        objects::is_immortal,
        objects::debugmallocstats,
        objects::typhon_statistics,
        objects::clear_type_cache,
        objects::clear_internal_caches,
        objects::clear_type_descriptors
    )
)]
fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    version::initialize(cx, module)?;
    numeric::initialize(cx, module)?;
    flags::initialize(cx, module)?;
    paths::initialize(cx, module)?;
    hooks::initialize(cx, module)?;
    add(cx, module, "_jit", jit::MODULE.instantiate(cx)?)?;
    add(
        cx,
        module,
        "monitoring",
        monitoring::MODULE.instantiate(cx)?,
    )?;
    let configuration = configuration::get();
    add(cx, module, "modules", interpreter::modules().to_value())?;
    add(cx, module, "meta_path", List::new(cx)?)?;
    add(cx, module, "path_hooks", List::new(cx)?)?;
    add(cx, module, "path_importer_cache", Dict::new(cx)?)?;
    add(
        cx,
        module,
        "dont_write_bytecode",
        configuration.dont_write_bytecode,
    )?;
    let prefix = match &configuration.pycache_prefix {
        Some(prefix) => os_text(cx, prefix)?.into_value(),
        None => Value::NONE,
    };
    add(cx, module, "pycache_prefix", prefix)?;
    let warn_options: PyResult<Vec<Value>> = configuration
        .warn_options
        .iter()
        .map(|option| Str::from_str(cx, option).map(Ref::into_value))
        .collect();
    add(
        cx,
        module,
        "warnoptions",
        List::from_values(cx, warn_options?)?,
    )?;
    let x_options = Dict::new(cx)?;
    for (name, value) in &configuration.x_options {
        let value = match value {
            Some(value) => Str::from_str(cx, value)?.into_value(),
            None => Value::TRUE,
        };
        x_options.set_item(cx, Str::from_str(cx, name)?.as_value(), value)?;
    }
    add(cx, module, "_xoptions", x_options)?;
    let original: PyResult<Vec<Value>> = configuration
        .original_arguments
        .iter()
        .map(|argument| os_text(cx, argument).map(Ref::into_value))
        .collect();
    add(cx, module, "orig_argv", List::from_values(cx, original?)?)?;
    Ok(())
}

/// A string of the operating system as a Python string.
///
/// # Errors
/// MemoryError.
pub fn os_text(cx: &Context, text: &std::ffi::OsStr) -> PyResult<Ref<Str>> {
    codec::decode_file_name(cx, std::os::unix::ffi::OsStrExt::as_bytes(text))
}

/// Exit the interpreter by raising SystemExit(status).
///
/// If the status is omitted or None, it defaults to zero (i.e., success).
/// If the status is an integer, it will be used as the system exit status.
/// If it is another kind of object, it will be printed and the system
/// exit status will be one (i.e., failure).
#[pyfunction("exit(status=None, /)")]
pub fn exit(cx: &Context, status: Maybe<&Value>) -> PyResult<()> {
    let class = exceptions::system_exit();
    let given = status.0.filter(|status| status.is_instance_of(class));
    if let Some(exit) = given.and_then(|status| status.downcast::<BaseException>()) {
        return Err(cx.raise(exit.clone()));
    }
    Err(match status.0 {
        None => cx.raise_with(class, &[]),
        Some(status) if status.is_none() => cx.raise_with(class, &[]),
        Some(status) => match status.downcast::<Tuple>() {
            Some(arguments) => cx.raise_with(class, arguments.as_slice()),
            None => cx.raise_with(class, std::slice::from_ref(status)),
        },
    })
}
