//! Importing: the built-in `__import__`, over `importlib._bootstrap`, which runs from the library that is
//! packed into the binary. Native modules and packed modules are registered here.

use std::sync::OnceLock;

use crate::args::Args;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::import_hints::{self, Hints, Shadowed};
use crate::import_time;
use crate::module::ModuleSpec;
use crate::object::Ref;
use crate::objects::dict::Dict;
use crate::objects::exceptions::{self, BaseException};
use crate::objects::native::NativeFunction;
use crate::objects::str_::{Name, Str, names};
use crate::objects::traceback::Traceback;
use crate::protocols::{attribute, call, text};
use crate::value::Value;
use crate::warnings;

/// `importlib._bootstrap`, once it runs.
static BOOTSTRAP: Field = Field::empty();

/// The native modules, sorted by name.
static NATIVE: OnceLock<Vec<&'static ModuleSpec>> = OnceLock::new();

/// Names the native modules that can be imported.
pub fn register_native(modules: &[&'static ModuleSpec]) {
    let mut modules = modules.to_vec();
    modules.sort_by_key(|module| module.name);
    let _ = NATIVE.set(modules);
}

/// The native module `name`.
pub fn native(name: &str) -> Option<&'static ModuleSpec> {
    let modules = NATIVE.get()?;
    modules
        .binary_search_by_key(&name, |module| module.name)
        .ok()
        .map(|index| modules[index])
}

/// All native modules.
pub fn all_native() -> &'static [&'static ModuleSpec] {
    NATIVE.get().map_or(&[], Vec::as_slice)
}

/// Hands over to `importlib._bootstrap`, which was just set up.
pub fn set_bootstrap(module: Value) {
    BOOTSTRAP.set(Some(module));
}

/// `importlib._bootstrap`.
///
/// # Errors
/// ImportError before start-up is over.
pub fn bootstrap(cx: &Context) -> PyResult<Value> {
    BOOTSTRAP
        .get()
        .ok_or_else(|| cx.import_error("the import system is not ready"))
}

/// `sys.modules`.
///
/// # Errors
/// RuntimeError when it is not a dict any more.
pub fn modules(cx: &Context) -> PyResult<Ref<Dict>> {
    match crate::interpreter::sys_attribute(cx, names::modules())? {
        Some(modules) => modules
            .into_ref::<Dict>()
            .map_err(|_| cx.runtime_error("unable to get sys.modules")),
        None => Ok(crate::interpreter::modules().clone()),
    }
}

/// Whether `function` is the `__import__` that this file implements.
pub fn is_builtin_import(function: &Value) -> bool {
    function
        .downcast_exact::<NativeFunction>()
        .is_some_and(|function| function.spec.name == "__import__")
}

/// Imports the module with this dotted name and returns it.
///
/// # Errors
/// ImportError, and what the module raises.
pub fn import_module(cx: &Context, name: &str) -> PyResult<Value> {
    let name = Name::intern(cx, name)?;
    find_and_load(cx, &name)
}

/// `importlib.import_module(module).attribute`.
///
/// # Errors
/// As [`import_module`], and AttributeError.
pub fn import_attribute(cx: &Context, module: &str, name: &str) -> PyResult<Value> {
    let module = import_module(cx, module)?;
    attribute::get(cx, &module, Name::intern(cx, name)?)
}

fn find_and_load(cx: &Context, name: &Ref<Str>) -> PyResult<Value> {
    if let Some(module) = modules(cx)?.get_name(cx, Name::from_string(name))?
        && !module.is_none()
    {
        wait_until_initialized(cx, &module, name)?;
        import_time::found(cx, name);
        return Ok(module);
    }
    crate::audit::event(cx, "import", || {
        let of_sys = |name: &str| {
            let found = crate::interpreter::sys_attribute(cx, Name::intern(cx, name)?)?;
            Ok(found.unwrap_or(Value::NONE))
        };
        let paths = [of_sys("path")?, of_sys("meta_path")?, of_sys("path_hooks")?];
        let mut arguments = vec![name.to_value(), Value::NONE];
        arguments.extend(paths);
        Ok(arguments)
    })?;
    let bootstrap = bootstrap(cx)?;
    let arguments = [name.to_value(), import_function(cx)?];
    let find = Name::intern(cx, "_find_and_load")?;
    import_time::timed(cx, name, || {
        call::call_method(cx, &bootstrap, find, &arguments)
    })
    .inspect_err(|_| remove_importlib_frames(cx))
}

fn import_function(cx: &Context) -> PyResult<Value> {
    let bootstrap = bootstrap(cx)?;
    attribute::get(cx, &bootstrap, Name::intern(cx, "_gcd_import")?)
}

/// Waits until another thread that imports the module is done.
fn wait_until_initialized(cx: &Context, module: &Value, name: &Ref<Str>) -> PyResult<()> {
    let Some(spec) = attribute::find(cx, module, names::dunder_spec())? else {
        return Ok(());
    };
    if spec.is_none() {
        return Ok(());
    }
    let Some(initializing) = attribute::find(cx, &spec, names::dunder_initializing())? else {
        return Ok(());
    };
    if initializing.truth(cx)? {
        let bootstrap = bootstrap(cx)?;
        call::call_method(
            cx,
            &bootstrap,
            Name::intern(cx, "_lock_unlock_module")?,
            &[name.to_value()],
        )?;
    }
    Ok(())
}

/// Takes the frames of the import machinery out of the traceback, as CPython does.
fn remove_importlib_frames(cx: &Context) {
    if !cx.has_exception() {
        return;
    }
    let exception = cx.take_exception();
    let always = exception
        .as_value()
        .class()
        .is_subclass(exceptions::import_error());
    trim_traceback(&exception, always);
    cx.set_exception(exception);
}

/// Takes runs of frames of the import machinery out of a traceback: all of them for an ImportError,
/// else those that end in a call of what the machinery runs.
fn trim_traceback(exception: &Ref<BaseException>, always: bool) {
    let entries: Vec<Ref<Traceback>> =
        std::iter::successors(exception.traceback.get_as::<Traceback>(), |entry| {
            entry.next()
        })
        .collect();
    let mut kept: Vec<&Ref<Traceback>> = Vec::new();
    let mut run: Vec<&Ref<Traceback>> = Vec::new();
    let mut ends_in_call = false;
    let drop_or_keep = |run: &mut Vec<_>, kept: &mut Vec<_>, ends_in_call: bool| {
        if !(always || ends_in_call) {
            kept.append(run);
        }
        run.clear();
    };
    for entry in &entries {
        let code = entry.frame().code();
        let machinery = code.filename().equals("<frozen importlib._bootstrap>")
            || code
                .filename()
                .equals("<frozen importlib._bootstrap_external>");
        if machinery {
            ends_in_call = code.name.equals("_call_with_frames_removed");
            run.push(entry);
        } else {
            drop_or_keep(&mut run, &mut kept, ends_in_call);
            kept.push(entry);
        }
    }
    drop_or_keep(&mut run, &mut kept, ends_in_call);
    for pair in kept.windows(2) {
        pair[0].set_next(Some(pair[1]));
    }
    if let Some(last) = kept.last() {
        last.set_next(None);
    }
    exception
        .traceback
        .set(kept.first().map(|first| first.to_value()));
}

/// `__import__(name, globals, locals, from, level)`.
///
/// # Errors
/// ImportError, TypeError, ValueError, and what the module raises.
pub fn import_module_level(
    cx: &Context,
    name: &Value,
    globals: Option<&Ref<Dict>>,
    from: &Value,
    level: i64,
) -> PyResult<Value> {
    let Some(name) = name.downcast::<Str>() else {
        return Err(cx.type_error("module name must be a string"));
    };
    if level < 0 {
        return Err(cx.value_error("level must be >= 0"));
    }
    let absolute = if level > 0 {
        resolve(cx, name, globals, level)?
    } else {
        if name.is_empty() {
            return Err(cx.value_error("Empty module name"));
        }
        name.clone()
    };
    let module = find_and_load(cx, &absolute)?;
    let has_from = !from.is_none() && from.truth(cx)?;
    if has_from {
        if attribute::find(cx, &module, names::dunder_path())?.is_some() {
            let bootstrap = bootstrap(cx)?;
            return call::call_method(
                cx,
                &bootstrap,
                Name::intern(cx, "_handle_fromlist")?,
                &[module, from.clone(), import_function(cx)?],
            )
            .inspect_err(|_| remove_importlib_frames(cx));
        }
        return Ok(module);
    }
    let Some(dot) = name
        .code_points()
        .position(|point| point == u32::from(b'.'))
    else {
        return Ok(module);
    };
    if level == 0 {
        return find_and_load(cx, &name.substring(cx, 0, dot)?);
    }
    let cut = name.len() - dot;
    let package = Name::from_string(&absolute.substring(cx, 0, absolute.len() - cut)?);
    match modules(cx)?.get_name(cx, package)? {
        Some(module) => Ok(module),
        None => Err(cx.key_error(package.as_value())),
    }
}

/// The absolute name of a relative import.
fn resolve(
    cx: &Context,
    name: &Ref<Str>,
    globals: Option<&Ref<Dict>>,
    level: i64,
) -> PyResult<Ref<Str>> {
    let Some(globals) = globals else {
        return Err(cx.key_error(Str::from_str(cx, "'__name__' not in globals")?.as_value()));
    };
    let package = match globals
        .get_name(cx, names::dunder_package())?
        .filter(|package| !package.is_none())
    {
        Some(package) => package,
        None => {
            let spec = globals
                .get_name(cx, names::dunder_spec())?
                .filter(|spec| !spec.is_none());
            let parent = match spec {
                Some(spec) => attribute::find(cx, &spec, Name::intern(cx, "parent")?)?,
                None => None,
            };
            match parent {
                Some(parent) => parent,
                None => {
                    let message = "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__";
                    warnings::warn(cx, exceptions::import_warning(), message, 1)?;
                    package_of(cx, globals)?
                }
            }
        }
    };
    let Some(package) = package.downcast::<Str>() else {
        return Err(cx.type_error("package must be a string"));
    };
    if package.is_empty() {
        return Err(cx.import_error("attempted relative import with no known parent package"));
    }
    let text = package.to_utf8(cx)?;
    let mut base = &*text;
    for _ in 1..level {
        match base.rsplit_once('.') {
            Some((front, _)) => base = front,
            None => {
                return Err(cx.import_error("attempted relative import beyond top-level package"));
            }
        }
    }
    if name.is_empty() {
        return Str::from_str(cx, base);
    }
    Str::from_str(cx, &format!("{base}.{}", name.to_utf8(cx)?))
}

fn package_of(cx: &Context, globals: &Ref<Dict>) -> PyResult<Value> {
    let Some(name) = globals.get_name(cx, names::dunder_name())? else {
        return Err(cx.key_error(Str::from_str(cx, "'__name__' not in globals")?.as_value()));
    };
    if globals.get_name(cx, names::dunder_path())?.is_some() {
        return Ok(name);
    }
    let Some(name) = name.downcast::<Str>() else {
        return Err(cx.type_error("__name__ must be a string"));
    };
    let text = name.to_utf8(cx)?;
    let front = text.rsplit_once('.').map_or("", |(front, _)| front);
    Str::from_str(cx, front).map(Ref::into_value)
}

/// ImportError: `cannot import name 'x' from 'm' (file)`.
pub fn cannot_import(
    cx: &Context,
    module: &Value,
    package: Option<&Ref<Str>>,
    name: Name,
) -> Raised {
    match cannot_import_message(cx, module, package, name) {
        Ok((message, path)) => exceptions::raise_import_error(
            cx,
            exceptions::import_error(),
            &message,
            package.map(Ref::as_value),
            path.as_ref(),
            Some(name.as_value()),
        ),
        Err(raised) => raised,
    }
}

fn cannot_import_message(
    cx: &Context,
    module: &Value,
    package: Option<&Ref<Str>>,
    name: Name,
) -> PyResult<(String, Option<Value>)> {
    let shown = match package {
        Some(package) => text::repr_text(cx, package.as_value())?,
        None => "'<unknown module name>'".to_owned(),
    };
    let path = attribute::find(cx, module, names::dunder_file())?
        .filter(|path| path.downcast::<Str>().is_some());
    let origin = match &path {
        Some(path) => text::str(cx, path)?.to_string(),
        None => "unknown location".to_owned(),
    };
    let hints = match import_hints::spec_of(cx, module)? {
        Some(spec) => {
            let package = package.map_or(const { &Value::NONE }, Ref::as_value);
            Some(Hints::of(cx, &spec, package, name)?)
        }
        None => None,
    };
    let name = text::repr_text(cx, name.as_value())?;
    let initializing = hints.as_ref().is_some_and(|hints| hints.is_initializing);
    if let Some(hints) = &hints
        && let (Some(file), Some(shadowed)) = (&hints.origin, hints.shadows)
        && (shadowed == Shadowed::Standard || initializing)
    {
        let file = text::repr_text(cx, Str::from_str(cx, file)?.as_value())?;
        let advice = import_hints::renaming(shadowed, &file, &shown);
        return Ok((
            format!("cannot import name {name} from {shown} {advice}"),
            path,
        ));
    }
    let message = if initializing {
        format!(
            "cannot import name {name} from partially initialized module {shown} (most likely due to a circular \
             import) ({origin})"
        )
    } else {
        format!("cannot import name {name} from {shown} ({origin})")
    };
    Ok((message, path))
}

/// Calls `function(*args)` of a module that is imported for it.
///
/// # Errors
/// As [`import_attribute`], and what the call raises.
pub fn call_imported(
    cx: &Context,
    module: &str,
    function: &str,
    args: &[Value],
) -> PyResult<Value> {
    let function = import_attribute(cx, module, function)?;
    call::call_args(cx, &function, Args::positional_only(args))
}
