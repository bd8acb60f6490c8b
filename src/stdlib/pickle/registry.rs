//! What pickling shares with Python modules: `copyreg`'s tables, `_compat_pickle`'s names of Python 2, and
//! a few functions that pickles refer to. Looked up once, when `_pickle` is imported; the tables are the
//! very dicts, so that what is registered later counts.

use std::sync::OnceLock;

use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Ref, Value, import, interpreter};

/// See the module's header.
pub struct Registry {
    /// `copyreg.dispatch_table`: class to reduction function.
    pub dispatch_table: Ref<Dict>,
    /// `copyreg._extension_registry`: (module, name) to code.
    pub extension_codes: Ref<Dict>,
    /// `copyreg._inverted_registry`: code to (module, name).
    pub extension_names: Ref<Dict>,
    /// `copyreg._extension_cache`: code to object.
    pub extension_cache: Ref<Dict>,
    /// Names that Python 2 knows in other modules, and modules with other names.
    pub from_python2: Renamed,
    pub to_python2: Renamed,
    pub codecs_encode: Value,
    pub getattr: Value,
    pub partial: Value,
}

/// One direction of `_compat_pickle`.
pub struct Renamed {
    /// (module, name) to (module, name).
    names: Ref<Dict>,
    names_table: &'static str,
    /// Module to module.
    modules: Ref<Dict>,
    modules_table: &'static str,
}

static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// The registry.
///
/// # Errors
/// ImportError, and RuntimeError when a table is no dict.
pub fn registry(cx: &Context) -> PyResult<&'static Registry> {
    if let Some(registry) = REGISTRY.get() {
        return Ok(registry);
    }
    let registry = Registry::load(cx)?;
    Ok(REGISTRY.get_or_init(|| registry))
}

fn table(cx: &Context, module: &str, name: &str) -> PyResult<Ref<Dict>> {
    let found = import::import_attribute(cx, module, name)?;
    match found.downcast_exact::<Dict>() {
        Some(dict) => Ok(dict.clone()),
        None => Err(cx.runtime_error(format!(
            "{module}.{name} should be a dict, not {}",
            found.type_name()
        ))),
    }
}

impl Registry {
    fn load(cx: &Context) -> PyResult<Registry> {
        let renamed = |names_table, modules_table| {
            Ok(Renamed {
                names: table(cx, "_compat_pickle", names_table)?,
                names_table,
                modules: table(cx, "_compat_pickle", modules_table)?,
                modules_table,
            })
        };
        let codecs_encode = import::import_attribute(cx, "codecs", "encode")?;
        if !call::is_callable(&codecs_encode) {
            return Err(cx.runtime_error(format!(
                "codecs.encode should be a callable, not {}",
                codecs_encode.type_name()
            )));
        }
        Ok(Registry {
            dispatch_table: table(cx, "copyreg", "dispatch_table")?,
            extension_codes: table(cx, "copyreg", "_extension_registry")?,
            extension_names: table(cx, "copyreg", "_inverted_registry")?,
            extension_cache: table(cx, "copyreg", "_extension_cache")?,
            from_python2: renamed("NAME_MAPPING", "IMPORT_MAPPING")?,
            to_python2: renamed("REVERSE_NAME_MAPPING", "REVERSE_IMPORT_MAPPING")?,
            codecs_encode,
            getattr: interpreter::builtin(cx, "getattr"),
            partial: import::import_attribute(cx, "functools", "partial")?,
        })
    }
}

impl Renamed {
    /// What `name` of `module` is called, and in which module, on the other side.
    ///
    /// # Errors
    /// RuntimeError when a table does not hold strings.
    pub fn rename(&self, cx: &Context, module: Value, name: Value) -> PyResult<(Value, Value)> {
        let key = Tuple::from_values(cx, &[module.clone(), name.clone()])?;
        if let Some(found) = self.names.get_item(cx, key.as_value())? {
            let table = self.names_table;
            let pair = found.downcast::<Tuple>().map(|pair| pair.as_slice());
            let Some([module, name]) = pair else {
                return Err(cx.runtime_error(format!(
                    "_compat_pickle.{table} values should be 2-tuples, not {}",
                    found.type_name()
                )));
            };
            if module.downcast::<Str>().is_none() || name.downcast::<Str>().is_none() {
                return Err(cx.runtime_error(format!(
                    "_compat_pickle.{table} values should be pairs of str, not ({}, {})",
                    module.type_name(),
                    name.type_name()
                )));
            }
            return Ok((module.clone(), name.clone()));
        }
        match self.modules.get_item(cx, &module)? {
            None => Ok((module, name)),
            Some(found) if found.downcast::<Str>().is_some() => Ok((found, name)),
            Some(found) => Err(cx.runtime_error(format!(
                "_compat_pickle.{} values should be strings, not {}",
                self.modules_table,
                found.type_name()
            ))),
        }
    }
}

/// Imports the module `name` and returns it, not the package that it is in.
///
/// # Errors
/// ImportError, TypeError, ValueError, KeyError, and what the module raises.
pub fn import_named(cx: &Context, name: &Value) -> PyResult<Value> {
    let _ = import::import_module_level(cx, name, None, &Value::NONE, 0)?;
    let modules = import::modules(cx)?;
    match modules.get_item(cx, name)? {
        Some(module) => Ok(module),
        None => Err(cx.key_error(name)),
    }
}

/// The parts of a dotted name.
///
/// # Errors
/// MemoryError.
pub fn dotted_path(cx: &Context, name: &Ref<Str>) -> PyResult<Vec<Ref<Str>>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, point) in name.code_points().enumerate() {
        if point == u32::from(b'.') {
            parts.push(name.substring(cx, start, at)?);
            start = at + 1;
        }
    }
    if parts.is_empty() {
        parts.push(name.clone());
    } else {
        parts.push(name.substring(cx, start, name.len())?);
    }
    Ok(parts)
}

/// The attribute of an attribute of … `object`.
///
/// # Errors
/// AttributeError, and what descriptors raise.
pub fn deep_attribute(cx: &Context, object: &Value, path: &[Ref<Str>]) -> PyResult<Value> {
    let mut found = object.clone();
    for part in path {
        found = attribute::get(cx, &found, Name::from_string(part))?;
    }
    Ok(found)
}
