//! `_imp`: what `importlib` asks of the interpreter.
//!
//! *Built-in* modules are the native ones. *Frozen* modules are those of the packed library that are
//! needed before modules can be found on `sys.path`, and those that CPython freezes; all others are
//! found on `sys.path`, in the library's folder (see `library`), so that a program's own modules can
//! come before them.

use std::hash::Hasher;

use parking_lot::{Condvar, Mutex};
use siphasher::sip::SipHasher13;
use typhon_compiler::marshal;
use typhon_library as packed;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::module::{ModuleSpec, add};
use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{attribute, text};
use typhon_runtime::{Context, PyResult, Raised, Value, import, interpreter};

use crate::builtins::evaluation;
use crate::bytes_like::BytesLike;
use crate::{configuration, library};

/// (Extremely) low-level import machinery bits as used by importlib.
#[pymodule(
    name = "_imp",
    functions(
        extension_suffixes,
        lock_held,
        acquire_lock,
        release_lock,
        is_builtin,
        create_builtin,
        exec_builtin,
        create_dynamic,
        exec_dynamic,
        is_frozen,
        is_frozen_package,
        find_frozen,
        get_frozen_object,
        init_frozen,
        frozen_module_names,
        override_frozen_modules_for_tests,
        override_multi_interp_extensions_check,
        fix_co_filename,
        source_hash
    )
)]
fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    add(
        cx,
        module,
        "check_hash_based_pycs",
        configuration::get().check_hash_based_pycs.as_str(),
    )?;
    add(cx, module, "pyc_magic_number_token", magic_number_token())
}

/// The first four bytes of cached code: they change with the instruction set and the format.
fn magic_number_token() -> u32 {
    let fingerprint = marshal::fingerprint();
    let folded = (fingerprint ^ fingerprint >> 16 ^ fingerprint >> 32 ^ fingerprint >> 48) as u16;
    u32::from(folded) | 0x0A0D_0000
}

// The lock of importing, for those who look for a module.

/// Which thread holds the import lock, and how often.
struct ImportLock {
    holder: Option<std::thread::ThreadId>,
    depth: usize,
}

static LOCK: Mutex<ImportLock> = Mutex::new(ImportLock {
    holder: None,
    depth: 0,
});
static RELEASED: Condvar = Condvar::new();

/// Return True if the import lock is currently held, else False.
///
/// On platforms without threads, return False.
#[pyfunction("lock_held()")]
pub fn lock_held(_cx: &Context) -> PyResult<bool> {
    Ok(LOCK.lock().holder.is_some())
}

/// Acquires the interpreter's import lock for the current thread.
///
/// This lock should be used by import hooks to ensure thread-safety when importing
/// modules. On platforms without threads, this function does nothing.
#[pyfunction("acquire_lock()")]
pub fn acquire_lock(cx: &Context) -> PyResult<()> {
    let me = std::thread::current().id();
    let mut lock = LOCK.lock();
    if lock.holder.is_none_or(|holder| holder == me) {
        lock.holder = Some(me);
        lock.depth += 1;
        return Ok(());
    }
    drop(lock);
    cx.detached(|| {
        let mut lock = LOCK.lock();
        while lock.holder.is_some() {
            RELEASED.wait(&mut lock);
        }
        *lock = ImportLock {
            holder: Some(me),
            depth: 1,
        };
    });
    Ok(())
}

/// Release the interpreter's import lock.
///
/// On platforms without threads, this function does nothing.
#[pyfunction("release_lock()")]
pub fn release_lock(cx: &Context) -> PyResult<()> {
    let mut lock = LOCK.lock();
    if lock.holder != Some(std::thread::current().id()) {
        return Err(cx.runtime_error("not holding the import lock"));
    }
    lock.depth -= 1;
    if lock.depth == 0 {
        lock.holder = None;
        RELEASED.notify_one();
    }
    Ok(())
}

/// After a fork: whoever held the lock, the child's only thread may take it.
pub fn reset_lock_after_fork() {
    let mut lock = LOCK.lock();
    if lock.holder != Some(std::thread::current().id()) {
        *lock = ImportLock {
            holder: None,
            depth: 0,
        };
    }
}

// Native modules.

/// Returns the list of file suffixes used to identify extension modules.
#[pyfunction("extension_suffixes()")]
pub fn extension_suffixes(cx: &Context) -> PyResult<Ref<List>> {
    List::new(cx)
}

fn native(name: &Ref<Str>) -> Option<&'static ModuleSpec> {
    import::native(name.as_ascii()?)
}

/// Returns True if the module name corresponds to a built-in module.
#[pyfunction("is_builtin(name, /)")]
pub fn is_builtin(_cx: &Context, name: &Ref<Str>) -> PyResult<i32> {
    Ok(match native(name) {
        None => 0,
        Some(spec) if spec.name == "sys" || spec.name == "builtins" => -1,
        Some(_) => 1,
    })
}

/// Create an extension module.
#[pyfunction("create_builtin(spec, /)")]
pub fn create_builtin(cx: &Context, spec: &Value) -> PyResult<Value> {
    let name = attribute::get(cx, spec, names::name())?;
    let Some(name) = name.downcast::<Str>() else {
        return Err(cx.type_error(format!("name must be string, not {}", name.type_name())));
    };
    match native(name) {
        None => Ok(Value::NONE),
        Some(found) if found.name == "sys" => Ok(interpreter::sys_module().to_value()),
        Some(found) if found.name == "builtins" => {
            let known = interpreter::modules().get_name(cx, names::builtins())?;
            known.ok_or_else(|| cx.import_error("no module named 'builtins'"))
        }
        Some(found) => found.instantiate(cx).map(Ref::into_value),
    }
}

/// Initialize a built-in module.
#[pyfunction("exec_builtin(mod, /)")]
pub fn exec_builtin(_cx: &Context, module: &Value) -> PyResult<i32> {
    // `create_builtin` has made it whole.
    let _ = module;
    Ok(0)
}

/// Create an extension module.
#[pyfunction("create_dynamic(spec, file=<unrepresentable>, /)")]
pub fn create_dynamic(cx: &Context, spec: &Value, file: Maybe<&Value>) -> PyResult<Value> {
    let _ = file;
    let name = attribute::get(cx, spec, names::name())?;
    let origin = attribute::find(cx, spec, Name::intern(cx, "origin")?)?;
    let message = "extension modules cannot be loaded by this interpreter";
    Err(exceptions::raise_import_error(
        cx,
        exceptions::import_error(),
        message,
        Some(&name),
        origin.as_ref(),
        None,
    ))
}

/// Initialize an extension module.
#[pyfunction("exec_dynamic(mod, /)")]
pub fn exec_dynamic(_cx: &Context, module: &Value) -> PyResult<i32> {
    let _ = module;
    Ok(0)
}

// Frozen modules.

/// Names of frozen modules other than their names in the library.
const ALIASES: &[(&str, &str)] = &[
    ("_frozen_importlib", "importlib._bootstrap"),
    (
        "_frozen_importlib_external",
        "importlib._bootstrap_external",
    ),
];

/// The modules that are found before `sys.path` is looked at. Sorted.
const FROZEN: &[&str] = &[
    "__hello__",
    "__phello__",
    "__phello__.ham",
    "__phello__.ham.eggs",
    "__phello__.spam",
    "_collections_abc",
    "_packed_library",
    "_sitebuiltins",
    "abc",
    "codecs",
    "genericpath",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "importlib.machinery",
    "importlib.util",
    "io",
    "ntpath",
    "os",
    "posixpath",
    "runpy",
    "site",
    "stat",
    "zipimport",
];

/// The module of the library that the frozen module `name` is.
pub fn frozen(name: &str) -> Option<&'static packed::Module> {
    let known = ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, known)| known);
    FROZEN.binary_search(&known).ok()?;
    packed::find(known)
}

fn frozen_of(name: &Ref<Str>) -> Option<&'static packed::Module> {
    frozen(name.as_ascii()?)
}

fn no_such_frozen(cx: &Context, name: &Ref<Str>) -> Raised {
    let message = format!("No such frozen object named {name}");
    let class = exceptions::import_error();
    exceptions::raise_import_error(cx, class, &message, Some(name.as_value()), None, None)
}

/// Returns True if the module name corresponds to a frozen module.
#[pyfunction("is_frozen(name, /)")]
pub fn is_frozen(_cx: &Context, name: &Ref<Str>) -> PyResult<bool> {
    Ok(frozen_of(name).is_some())
}

/// Returns True if the module name is of a frozen package.
#[pyfunction("is_frozen_package(name, /)")]
pub fn is_frozen_package(cx: &Context, name: &Ref<Str>) -> PyResult<bool> {
    match frozen_of(name) {
        Some(module) => Ok(module.is_package),
        None => Err(no_such_frozen(cx, name)),
    }
}

/// Return info about the corresponding frozen module (if there is one) or None.
///
/// The returned info (a 3-tuple):
///
///  * data         the raw marshalled bytes
///  * is_package   whether or not it is a package
///  * origname     the originally frozen module's name, or None if not
///                 a stdlib module (this will usually be the same as
///                 the module's current name)
#[pyfunction("find_frozen(name, /, *, withdata=False)")]
pub fn find_frozen(cx: &Context, name: &Ref<Str>, withdata: bool) -> PyResult<Value> {
    let Some(module) = frozen_of(name) else {
        return Ok(Value::NONE);
    };
    let data = if withdata {
        Bytes::from_slice(cx, module.code())?.into_value()
    } else {
        Value::NONE
    };
    let parts = vec![
        data,
        Value::from_bool(module.is_package),
        Str::from_str(cx, module.name)?.into_value(),
    ];
    Tuple::from_vec(cx, parts).map(Ref::into_value)
}

/// Create a code object for a frozen module.
#[pyfunction("get_frozen_object(name, data=None, /)")]
pub fn get_frozen_object(
    cx: &Context,
    name: &Ref<Str>,
    data: Option<&Value>,
) -> PyResult<Ref<Code>> {
    let Some(data) = data else {
        let module = frozen_of(name).ok_or_else(|| no_such_frozen(cx, name))?;
        return library::code_of(cx, module);
    };
    let data = BytesLike::of(cx, data)?;
    match marshal::read(data.bytes(), None) {
        Ok(code) => Code::from_compiled(cx, code),
        Err(_) => {
            let name_shown = text::repr_text(cx, name.as_value())?;
            let message = format!("Frozen object named {name_shown} is invalid");
            let class = exceptions::import_error();
            Err(exceptions::raise_import_error(
                cx,
                class,
                &message,
                Some(name.as_value()),
                None,
                None,
            ))
        }
    }
}

/// Makes the frozen module `name`, puts it into `sys.modules` and runs its code.
///
/// # Errors
/// ImportError when there is no such module, and what its code raises.
pub fn import_frozen(cx: &Context, name: &str) -> PyResult<Ref<Module>> {
    let Some(found) = frozen(name) else {
        let name = Str::from_str(cx, name)?;
        return Err(no_such_frozen(cx, &name));
    };
    let code = library::code_of(cx, found)?;
    let module = Module::new(cx, name)?;
    if found.is_package {
        module.set(cx, "__path__", List::new(cx)?.into_value())?;
    }
    module.set(
        cx,
        "__origname__",
        Str::from_str(cx, found.name)?.into_value(),
    )?;
    import::modules(cx)?.set_name(cx, Name::intern(cx, name)?, module.to_value())?;
    evaluation::run(cx, &code, &module.dict, module.dict.as_value(), None)?;
    Ok(module)
}

/// Initializes a frozen module.
#[pyfunction("init_frozen(name, /)")]
pub fn init_frozen(cx: &Context, name: &Ref<Str>) -> PyResult<Value> {
    match frozen_of(name) {
        None => Ok(Value::NONE),
        Some(_) => import_frozen(cx, &name.to_utf8(cx)?).map(Ref::into_value),
    }
}

/// Returns the list of available frozen modules.
#[pyfunction("_frozen_module_names()")]
pub fn frozen_module_names(cx: &Context) -> PyResult<Ref<List>> {
    let all = ALIASES.iter().map(|(alias, _)| alias).chain(FROZEN);
    let names: PyResult<Vec<Value>> = all
        .map(|name| Str::from_str(cx, name).map(Ref::into_value))
        .collect();
    List::from_values(cx, names?)
}

/// Override PyConfig.use_frozen_modules.
///
/// (This function has no effect here: frozen modules are always used.)
#[pyfunction("_override_frozen_modules_for_tests(override, /)")]
pub fn override_frozen_modules_for_tests(_cx: &Context, choice: i64) -> PyResult<()> {
    let _ = choice;
    Ok(())
}

/// Override PyInterpreterConfig.check_multi_interp_extensions.
///
/// (This function has no effect here: there is one interpreter, without extension modules.)
#[pyfunction("_override_multi_interp_extensions_check(override, /)")]
pub fn override_multi_interp_extensions_check(_cx: &Context, choice: i64) -> PyResult<i64> {
    let _ = choice;
    Ok(0)
}

// Cached code.

/// Changes code.co_filename to specify the passed-in path.
///
///     code
///       Code object to change.
///     path
///       File path to use.
#[pyfunction("_fix_co_filename(code, path, /)")]
pub fn fix_co_filename(_cx: &Context, code: &Ref<Code>, path: &Ref<Str>) -> PyResult<()> {
    code.set_filename(path);
    Ok(())
}

/// The hash of a source that cached code was made from.
#[pyfunction("source_hash(key, source)")]
pub fn source_hash(cx: &Context, key: i64, source: BytesLike) -> PyResult<Ref<Bytes>> {
    let mut hasher = SipHasher13::new_with_keys(key as u64, 0);
    hasher.write(source.bytes());
    Bytes::from_slice(cx, &hasher.finish().to_le_bytes())
}
