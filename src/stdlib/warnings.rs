//! `_warnings`: what to do about a warning, decided by filters (`warn`, `warn_explicit`).
//!
//! The module `warnings`, once it is imported, owns the settings: its attributes `filters`,
//! `defaultaction` and `onceregistry` are looked at, and its functions show the warning. Before that,
//! or when it lacks one, the values that this module was made with are used. A context
//! (`catch_warnings` with context-aware warnings) has filters of its own, found by `_warnings_context`.
//!
//! A warning is looked up, decided and shown under one lock, which a thread may take several times:
//! showing runs Python code.

use std::io::BufRead;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::{Condvar, Mutex};
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::object::Ref;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::frame::FrameObject;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, classes, compare, text};
use typhon_runtime::{Context, PyResult, Raised, Value, import, interpreter, module};

use crate::text_output;

/// What the module was made with.
struct Settings {
    filters: Ref<List>,
    once_registry: Ref<Dict>,
    /// The context variable; `None` when there is no such module.
    context: Option<Value>,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();
/// Changes whenever the filters may have: registries remember for which version they count.
static FILTERS_VERSION: AtomicI64 = AtomicI64::new(0);

#[derive(Default)]
struct Owner {
    /// The id of the thread that holds the lock; 0 for none.
    thread: u16,
    depth: u32,
}

static OWNER: Mutex<Owner> = Mutex::new(Owner {
    thread: 0,
    depth: 0,
});
static RELEASED: Condvar = Condvar::new();

fn acquire(cx: &Context) {
    let thread = cx.record.id();
    let take = |owner: &mut Owner| {
        let free = owner.thread == 0 || owner.thread == thread;
        if free {
            owner.thread = thread;
            owner.depth += 1;
        }
        free
    };
    if take(&mut OWNER.lock()) {
        return;
    }
    cx.detached(|| {
        let mut owner = OWNER.lock();
        while !take(&mut owner) {
            RELEASED.wait(&mut owner);
        }
    });
}

/// False when the calling thread does not hold the lock.
fn release(cx: &Context) -> bool {
    let mut owner = OWNER.lock();
    if owner.thread != cx.record.id() {
        return false;
    }
    owner.depth -= 1;
    if owner.depth == 0 {
        owner.thread = 0;
        RELEASED.notify_one();
    }
    true
}

/// The lock, held until dropped.
struct Held<'a>(&'a Context);

impl<'a> Held<'a> {
    fn acquire(cx: &'a Context) -> Held<'a> {
        acquire(cx);
        Held(cx)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        release(self.0);
    }
}

/// _warnings provides basic warning filtering support.
/// It is a helper module to speed up interpreter start-up.
#[pymodule(
    name = "_warnings",
    functions(
        warn,
        warn_explicit,
        filters_mutated_lock_held,
        acquire_lock,
        release_lock
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let settings = match SETTINGS.get() {
        Some(settings) => settings,
        None => {
            let made = Settings {
                filters: List::from_values(cx, default_filters(cx)?)?,
                once_registry: Dict::new(cx)?,
                context: make_context_variable(cx)?,
            };
            SETTINGS.get_or_init(|| made)
        }
    };
    module::add(cx, this, "filters", settings.filters.clone())?;
    module::add(cx, this, "_onceregistry", settings.once_registry.clone())?;
    module::add(cx, this, "_defaultaction", "default")?;
    match &settings.context {
        Some(variable) => module::add(cx, this, "_warnings_context", variable.clone()),
        None => Ok(()),
    }
}

/// The filters to begin with: deprecations are shown where the program itself is at fault.
fn default_filters(cx: &Context) -> PyResult<Vec<Value>> {
    let filter = |action: &str, category: &Ref<Type>, module: Option<&str>| {
        let parts = vec![
            action.into_value(cx)?,
            Value::NONE,
            category.to_value(),
            module.into_value(cx)?,
            0.into_value(cx)?,
        ];
        Tuple::from_vec(cx, parts).map(Ref::into_value)
    };
    Ok(vec![
        filter(
            "default",
            exceptions::deprecation_warning(),
            Some("__main__"),
        )?,
        filter("ignore", exceptions::deprecation_warning(), None)?,
        filter("ignore", exceptions::pending_deprecation_warning(), None)?,
        filter("ignore", exceptions::import_warning(), None)?,
        filter("ignore", exceptions::resource_warning(), None)?,
    ])
}

/// The context variable, from the native module: this one is made before anything can be imported.
fn make_context_variable(cx: &Context) -> PyResult<Option<Value>> {
    let Some(native) = import::native("_contextvars") else {
        return Ok(None);
    };
    let Some(class) = native.instantiate(cx)?.get(cx, "ContextVar")? else {
        return Ok(None);
    };
    call::call(cx, &class, &["_warnings_context".into_value(cx)?]).map(Some)
}

#[pyfunction("_acquire_lock()")]
fn acquire_lock(cx: &Context) -> PyResult<()> {
    acquire(cx);
    Ok(())
}

#[pyfunction("_release_lock()")]
fn release_lock(cx: &Context) -> PyResult<()> {
    if release(cx) {
        Ok(())
    } else {
        Err(cx.runtime_error("cannot release un-acquired lock"))
    }
}

#[pyfunction("_filters_mutated_lock_held()")]
fn filters_mutated_lock_held(cx: &Context) -> PyResult<()> {
    if OWNER.lock().thread != cx.record.id() {
        return Err(cx.runtime_error("warnings lock is not held"));
    }
    FILTERS_VERSION.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// The settings of this module.
fn settings(cx: &Context) -> PyResult<&'static Settings> {
    SETTINGS
        .get()
        .ok_or_else(|| cx.runtime_error("_warnings is not initialized"))
}

/// An attribute of the module `warnings`, if it was imported, or can be when `import` says so.
fn warnings_attribute(cx: &Context, name: &str, import: bool) -> PyResult<Option<Value>> {
    let warnings = Name::intern(cx, "warnings")?;
    let module = if import {
        match import::import_module(cx, "warnings") {
            Ok(module) => Some(module),
            Err(Raised) => {
                cx.catch(exceptions::import_error())?;
                None
            }
        }
    } else {
        import::modules(cx)?.get_name(cx, warnings)?
    };
    match module {
        Some(module) => attribute::find(cx, &module, Name::intern(cx, name)?),
        None => Ok(None),
    }
}

/// `None` matches, a string when it is equal, anything else by its `match`.
fn matches(cx: &Context, pattern: &Value, text: &Value) -> PyResult<bool> {
    if pattern.is_none() {
        return Ok(true);
    }
    if pattern.is_exact::<Str>() {
        return compare::equal(cx, pattern, text);
    }
    call::call_method(
        cx,
        pattern,
        Name::intern(cx, "match")?,
        std::slice::from_ref(text),
    )?
    .truth(cx)
}

/// What a warning is about.
struct Warning<'a> {
    category: &'a Value,
    text: &'a Value,
    line: i64,
    module: &'a Value,
}

/// The first filter that matches, and its action.
fn search(
    cx: &Context,
    filters: &Ref<List>,
    name: &str,
    warning: &Warning<'_>,
) -> PyResult<Option<(Value, Value)>> {
    let mut at = 0;
    while let Some(item) = filters.get(at) {
        let parts = item.downcast::<Tuple>().map(|parts| parts.as_slice());
        let Some([action, message, category, module, line]) = parts else {
            return Err(cx.value_error(format!("warnings.{name} item {at} isn't a 5-tuple")));
        };
        if action.downcast::<Str>().is_none() {
            return Err(cx.type_error(format!(
                "action must be a string, not '{}'",
                action.type_name()
            )));
        }
        if matches(cx, message, warning.text)?
            && classes::is_subclass(cx, warning.category, category)?
            && matches(cx, module, warning.module)?
        {
            let Some(line) = int::view(line) else {
                return Err(cx.type_error("an integer is required"));
            };
            let line = line.clamped();
            if line == 0 || line == i128::from(warning.line) {
                return Ok(Some((action.clone(), item.clone())));
            }
        }
        at += 1;
    }
    Ok(None)
}

/// The action for a warning, and the filter that says so (None for the default action).
fn find_action(cx: &Context, warning: &Warning<'_>) -> PyResult<(Value, Value)> {
    let settings = settings(cx)?;
    let context = match &settings.context {
        Some(variable) => {
            call::call_method(cx, variable, Name::intern(cx, "get")?, &[Value::NONE])?
        }
        None => Value::NONE,
    };
    let found = if context.is_none() {
        match warnings_attribute(cx, "filters", false)? {
            None => search(cx, &settings.filters, "filters", warning)?,
            Some(filters) => match filters.downcast::<List>() {
                Some(filters) => search(cx, filters, "filters", warning)?,
                None => return Err(cx.value_error("_warnings.filters must be a list")),
            },
        }
    } else {
        match attribute::get(cx, &context, Name::intern(cx, "_filters")?)?.downcast::<List>() {
            Some(filters) => search(cx, filters, "_filters", warning)?,
            None => {
                return Err(cx.value_error("_filters of warnings._warnings_context must be a list"));
            }
        }
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let action = match warnings_attribute(cx, "defaultaction", false)? {
        Some(action) => action,
        None => "default".into_value(cx)?,
    };
    if action.downcast::<Str>().is_none() {
        let got = action.type_name();
        return Err(cx.type_error(format!(
            "_warnings.defaultaction must be a string, not '{got}'"
        )));
    }
    Ok((action, Value::NONE))
}

/// Whether `registry` knows `key` since the filters changed last. A registry of before is emptied.
fn is_known(cx: &Context, registry: &Ref<Dict>, key: &Value) -> PyResult<bool> {
    let version = FILTERS_VERSION.load(Ordering::Relaxed);
    let name = Name::intern(cx, "version")?;
    let counts = registry
        .get_name(cx, name)?
        .is_some_and(|known| int::as_small(&known) == Some(version));
    if counts {
        return match registry.get_item(cx, key)? {
            Some(known) => known.truth(cx),
            None => Ok(false),
        };
    }
    registry.clear();
    registry.set_name(cx, name, int::from_i64(cx, version)?)?;
    Ok(false)
}

/// [`is_known`], after which the registry knows the key.
fn note(cx: &Context, registry: &Ref<Dict>, key: &Value) -> PyResult<bool> {
    let known = is_known(cx, registry, key)?;
    if !known {
        registry.set_item(cx, key, Value::TRUE)?;
    }
    Ok(known)
}

fn once_registry(cx: &Context) -> PyResult<Ref<Dict>> {
    match warnings_attribute(cx, "onceregistry", false)? {
        None => Ok(settings(cx)?.once_registry.clone()),
        Some(registry) => registry.into_ref::<Dict>().map_err(|other| {
            cx.type_error(format!(
                "_warnings.onceregistry must be a dict, not '{}'",
                other.type_name()
            ))
        }),
    }
}

/// The module that a file is: its name without ".py".
fn module_of_file(cx: &Context, filename: &Ref<Str>) -> PyResult<Value> {
    if filename.is_empty() {
        return "<unknown>".into_value(cx);
    }
    if filename.to_lossy().ends_with(".py") {
        return filename
            .substring(cx, 0, filename.len() - 3)
            .map(Ref::into_value);
    }
    Ok(filename.to_value())
}

/// Where a warning is said to come from.
struct Origin<'a> {
    filename: &'a Ref<Str>,
    line: i64,
    /// `None`: made up from the file's name.
    module: Option<Value>,
    registry: Option<Ref<Dict>>,
    source_line: Option<Ref<Str>>,
    source: Option<&'a Value>,
}

/// Issues a warning that comes from `origin`.
///
/// # Errors
/// The warning, when filters say so; whatever the settings and the functions that show it raise.
fn issue(cx: &Context, category: &Value, message: &Value, origin: Origin<'_>) -> PyResult<()> {
    let _held = Held::acquire(cx);
    let module = match origin.module {
        // Late in the interpreter's end, when modules have lost their names, nobody can be warned.
        Some(module) if module.is_none() => return Ok(()),
        Some(module) => module,
        None => module_of_file(cx, origin.filename)?,
    };
    let (text, category, message) =
        if classes::is_instance(cx, message, exceptions::warning().as_value())? {
            (
                text::str(cx, message)?.into_value(),
                message.class().to_value(),
                message.clone(),
            )
        } else {
            (
                message.clone(),
                category.clone(),
                call::call(cx, category, std::slice::from_ref(message))?,
            )
        };
    let line = int::from_i64(cx, origin.line)?;
    let key = Tuple::from_vec(cx, vec![text.clone(), category.clone(), line.clone()])?.into_value();
    let registry = origin.registry.as_ref();
    if let Some(registry) = registry
        && is_known(cx, registry, &key)?
    {
        return Ok(());
    }
    let warning = Warning {
        category: &category,
        text: &text,
        line: origin.line,
        module: &module,
    };
    let (action, filter) = find_action(cx, &warning)?;
    let name = text::str(cx, &action)?;
    match &*name.to_lossy() {
        "error" => {
            let raised = exceptions::normalize(cx, &message)?;
            return Err(cx.raise(raised));
        }
        "ignore" => return Ok(()),
        "always" | "all" => {}
        action => {
            if let Some(registry) = registry {
                registry.set_item(cx, &key, Value::TRUE)?;
            }
            let short_key =
                || Tuple::from_vec(cx, vec![text.clone(), category.clone()]).map(Ref::into_value);
            let known = match (action, registry) {
                ("once", Some(registry)) => note(cx, registry, &short_key()?)?,
                ("once", None) => note(cx, &once_registry(cx)?, &short_key()?)?,
                ("module", Some(registry)) => note(cx, registry, &short_key()?)?,
                ("module", None) | ("default", _) => false,
                _ => {
                    let action = text::repr_text(cx, name.as_value())?;
                    let filter = text::repr_text(cx, &filter)?;
                    return Err(cx.runtime_error(format!(
                        "Unrecognized action ({action}) in warnings.filters:\n {filter}"
                    )));
                }
            };
            if known {
                return Ok(());
            }
        }
    }
    show(
        cx,
        &message,
        &category,
        &text,
        line,
        origin.filename,
        origin.source_line,
        origin.source,
    )
}

/// Shows a warning, by `warnings._showwarnmsg` if it is there.
#[allow(clippy::too_many_arguments)]
fn show(
    cx: &Context,
    message: &Value,
    category: &Value,
    text: &Value,
    line: Value,
    filename: &Ref<Str>,
    source_line: Option<Ref<Str>>,
    source: Option<&Value>,
) -> PyResult<()> {
    // The Python code can tell where the object in question was allocated.
    let Some(function) = warnings_attribute(cx, "_showwarnmsg", source.is_some())? else {
        return show_plainly(cx, category, text, &line, filename, source_line);
    };
    if !call::is_callable(&function) {
        return Err(cx.type_error("warnings._showwarnmsg() must be set to a callable"));
    }
    let Some(class) = warnings_attribute(cx, "WarningMessage", false)? else {
        return Err(cx.runtime_error("unable to get warnings.WarningMessage"));
    };
    let shown = call::call(
        cx,
        &class,
        &[
            message.clone(),
            category.clone(),
            filename.to_value(),
            line,
            Value::NONE,
            Value::NONE,
            source.cloned().unwrap_or(Value::NONE),
        ],
    )?;
    call::call(cx, &function, &[shown]).map(|_| ())
}

/// Shows a warning without the module `warnings`.
fn show_plainly(
    cx: &Context,
    category: &Value,
    text: &Value,
    line: &Value,
    filename: &Ref<Str>,
    source_line: Option<Ref<Str>>,
) -> PyResult<()> {
    let category = attribute::get(cx, category, names::dunder_name())?;
    let filename = filename.to_lossy();
    let number = int::as_small(line).unwrap_or(0);
    let (category, text) = (text::str(cx, &category)?, text::str(cx, text)?);
    let mut shown = format!(
        "{filename}:{number}: {}: {}\n",
        category.to_lossy(),
        text.to_lossy()
    );
    let source_line = match source_line {
        Some(line) => Some(line.to_lossy().into_owned()),
        None => read_line(&filename, number),
    };
    if let Some(line) = source_line
        .as_deref()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        shown.push_str("  ");
        shown.push_str(line);
        shown.push('\n');
    }
    text_output::to_stderr(cx, &shown);
    Ok(())
}

/// A line of a file, counted from 1, if it can be read.
fn read_line(filename: &str, number: i64) -> Option<String> {
    let skipped = usize::try_from(number - 1).ok()?;
    let file = std::fs::File::open(filename).ok()?;
    std::io::BufReader::new(file).lines().nth(skipped)?.ok()
}

/// The category of a warning: the message's class if it is a warning, UserWarning unless given.
fn category_of(cx: &Context, message: &Value, category: Option<&Value>) -> PyResult<Value> {
    let category = if classes::is_instance(cx, message, exceptions::warning().as_value())? {
        message.class().to_value()
    } else {
        category
            .cloned()
            .unwrap_or_else(|| exceptions::user_warning().to_value())
    };
    match category.downcast::<Type>() {
        Some(class) if class.is_subclass(exceptions::warning()) => Ok(category),
        _ => Err(cx.type_error(format!(
            "category must be a Warning subclass, not '{}'",
            category.type_name()
        ))),
    }
}

/// Whether a frame is of the import system, which warnings are never about.
fn is_internal(frame: &Ref<FrameObject>) -> bool {
    let filename = frame.code().filename().to_string();
    filename.contains("importlib") && filename.contains("_bootstrap")
}

/// The next frame up that is neither internal nor of a file that begins with one of `skipped`.
fn next_external(
    cx: &Context,
    frame: &Ref<FrameObject>,
    skipped: &[String],
) -> PyResult<Option<Ref<FrameObject>>> {
    let mut next = frame.back(cx)?;
    while let Some(frame) = &next {
        let filename = frame.code().filename().to_string();
        if !is_internal(frame)
            && !skipped
                .iter()
                .any(|prefix| filename.starts_with(prefix.as_str()))
        {
            break;
        }
        next = frame.back(cx)?;
    }
    Ok(next)
}

/// The frame that a warning with this stack level is about.
fn find_frame(
    cx: &Context,
    mut level: i64,
    skipped: &[String],
) -> PyResult<Option<Ref<FrameObject>>> {
    let mut frame = FrameObject::running(cx, 0)?;
    let plain = level <= 0 || frame.as_ref().is_some_and(is_internal);
    while level > 1
        && let Some(current) = frame
    {
        frame = if plain {
            current.back(cx)?
        } else {
            next_external(cx, &current, skipped)?
        };
        level -= 1;
    }
    Ok(frame)
}

/// Issues a warning at the frame that `level` says: what `warn` does.
///
/// # Errors
/// As `warn_explicit`.
fn issue_at(
    cx: &Context,
    category: &Value,
    message: &Value,
    level: i64,
    skipped: &[String],
    source: Option<&Value>,
) -> PyResult<()> {
    let (globals, filename, line) = match find_frame(cx, level, skipped)? {
        Some(frame) => {
            let line = frame.line(cx).map_or(0, i64::from);
            (frame.globals().clone(), frame.code().filename(), line)
        }
        None => (
            interpreter::sys_module().dict.clone(),
            Str::from_str(cx, "<sys>")?,
            0,
        ),
    };
    let name = Name::intern(cx, "__warningregistry__")?;
    let registry = match globals.get_name(cx, name)? {
        Some(registry) => registry,
        None => {
            let registry = Dict::new(cx)?.into_value();
            globals.set_default(cx, &name.to_value(), &registry)?
        }
    };
    let registry = registry_argument(cx, &registry)?;
    let module = match globals.get_name(cx, names::dunder_name())? {
        Some(module) if module.is_none() || module.downcast::<Str>().is_some() => module,
        _ => "<string>".into_value(cx)?,
    };
    issue(
        cx,
        category,
        message,
        Origin {
            filename: &filename,
            line,
            module: Some(module),
            registry,
            source_line: None,
            source,
        },
    )
}

fn registry_argument(cx: &Context, registry: &Value) -> PyResult<Option<Ref<Dict>>> {
    if registry.is_none() {
        return Ok(None);
    }
    match registry.downcast::<Dict>() {
        Some(registry) => Ok(Some(registry.clone())),
        None => Err(cx.type_error("'registry' must be a dict or None")),
    }
}

/// Issue a warning, or maybe ignore it or raise an exception.
///
///   message
///     Text of the warning message.
///   category
///     The Warning category subclass. Defaults to UserWarning.
///   stacklevel
///     How far up the call stack to make this warning appear. A value of 2 for
///     example attributes the warning to the caller of the code calling warn().
///   source
///     If supplied, the destroyed object which emitted a ResourceWarning
///   skip_file_prefixes
///     An optional tuple of module filename prefixes indicating frames to skip
///     during stacklevel computations for stack frame attribution.
#[pyfunction("warn(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())")]
fn warn(
    cx: &Context,
    message: &Value,
    category: Option<&Value>,
    stacklevel: i64,
    source: Option<&Value>,
    skip_file_prefixes: Ref<Tuple>,
) -> PyResult<()> {
    let category = category_of(cx, message, category)?;
    let mut skipped = Vec::with_capacity(skip_file_prefixes.len());
    for prefix in skip_file_prefixes.as_slice() {
        match prefix.downcast::<Str>() {
            Some(prefix) => skipped.push(prefix.to_lossy().into_owned()),
            None => {
                let got = prefix.type_name();
                return Err(cx.type_error(format!("Found non-str '{got}' in skip_file_prefixes.")));
            }
        }
    }
    let level = if skipped.is_empty() {
        stacklevel
    } else {
        stacklevel.max(2)
    };
    issue_at(cx, &category, message, level, &skipped, source)
}

/// The line of the source that the loader of the module with these globals has, if it has any.
fn source_line(cx: &Context, globals: &Ref<Dict>, line: i64) -> PyResult<Option<Ref<Str>>> {
    let bless = import::import_attribute(cx, "_frozen_importlib_external", "_bless_my_loader")?;
    let loader = call::call(cx, &bless, &[globals.to_value()])?;
    if loader.is_none() {
        return Ok(None);
    }
    // `__main__` is loaded under the name in its spec.
    let mut name = None;
    if let Some(spec) = globals.get_name(cx, names::dunder_spec())? {
        name = attribute::find(cx, &spec, Name::intern(cx, "name")?)?;
    }
    if name.is_none() {
        name = globals.get_name(cx, names::dunder_name())?;
    }
    let get_source = attribute::find(cx, &loader, Name::intern(cx, "get_source")?)?;
    let (Some(name), Some(get_source)) = (name, get_source) else {
        return Ok(None);
    };
    let source = match call::call(cx, &get_source, &[name]) {
        Err(_) if cx.exception_matches(exceptions::import_error()) => {
            cx.clear_exception();
            return Ok(None);
        }
        source => source?,
    };
    if source.is_none() {
        return Ok(None);
    }
    if source.downcast::<Str>().is_none() {
        return Err(cx.type_error(format!("must be str, not {}", source.type_name())));
    }
    let lines = call::call_method(cx, &source, Name::intern(cx, "splitlines")?, &[])?;
    let found = lines
        .downcast::<List>()
        .and_then(|lines| lines.get(usize::try_from(line - 1).ok()?));
    Ok(found.and_then(|line| line.into_ref::<Str>().ok()))
}

/// Issue a warning, or maybe ignore it or raise an exception.
#[pyfunction(
    "warn_explicit(message, category, filename, lineno, module=<unrepresentable>, registry=None, module_globals=None, source=None)"
)]
#[allow(clippy::too_many_arguments)]
fn warn_explicit(
    cx: &Context,
    message: &Value,
    category: &Value,
    filename: &Ref<Str>,
    lineno: i32,
    module: Maybe<&Value>,
    registry: &Value,
    module_globals: Option<&Value>,
    source: Option<&Value>,
) -> PyResult<()> {
    let source_line = match module_globals {
        None => None,
        Some(globals) => match globals.downcast::<Dict>() {
            Some(globals) => source_line(cx, globals, lineno.into())?,
            None => {
                let got = globals.type_name();
                return Err(cx.type_error(format!("module_globals must be a dict, not '{got}'")));
            }
        },
    };
    let registry = registry_argument(cx, registry)?;
    let origin = Origin {
        filename,
        line: lineno.into(),
        module: module.0.cloned(),
        registry,
        source_line,
        source,
    };
    issue(cx, category, message, origin)
}
