//! The import statement. Finding and loading modules is `importlib`'s work (`crate::import` sets it up).

use crate::context::Context;
use crate::error::PyResult;
use crate::objects::dict::Dict;
use crate::objects::str_::{Name, Str, names};
use crate::protocols::{attribute, call, iterate};
use crate::value::Value;
use crate::vm::frame::Frame;
use crate::vm::instructions;

/// `IMPORT_NAME`.
///
/// # Errors
/// ImportError and what the module raises.
pub(super) fn import_name(
    cx: &Context,
    frame: &Frame,
    name: Name,
    from: &Value,
    level: &Value,
) -> PyResult<Value> {
    let Some(import) =
        instructions::get_from_namespace(cx, frame.builtins(), names::dunder_import())?
    else {
        return Err(cx.import_error("__import__ not found"));
    };
    if crate::import::is_builtin_import(&import) {
        let level = level.as_small_int().unwrap_or(0);
        return crate::import::import_module_level(
            cx,
            name.as_value(),
            Some(frame.globals()),
            from,
            level,
        );
    }
    let locals = frame.namespace.clone().unwrap_or(Value::NONE);
    call::call(
        cx,
        &import,
        &[
            name.to_value(),
            frame.globals().to_value(),
            locals,
            from.clone(),
            level.clone(),
        ],
    )
}

/// `IMPORT_FROM`.
///
/// # Errors
/// ImportError: `cannot import name`.
pub(super) fn import_from(cx: &Context, module: &Value, name: Name) -> PyResult<Value> {
    if let Some(value) = attribute::find(cx, module, name)? {
        return Ok(value);
    }
    // A submodule that is being imported is in sys.modules before it is an attribute of its package.
    let package = attribute::find(cx, module, names::dunder_name())?;
    let package_name = package.as_ref().and_then(|name| name.downcast::<Str>());
    if let Some(package) = package_name {
        let full = Name::intern(cx, &format!("{}.{}", **package, name.display()))?;
        if let Some(value) = crate::import::modules(cx)?.get_name(cx, full)? {
            return Ok(value);
        }
    }
    Err(crate::import::cannot_import(cx, module, package_name, name))
}

/// `from module import *` into the locals of a module or class body.
///
/// # Errors
/// ImportError, AttributeError, TypeError.
pub(crate) fn import_star(cx: &Context, frame: &Frame, module: &Value) -> PyResult<()> {
    let all = attribute::find(cx, module, names::dunder_all())?;
    let skip_underscores = all.is_none();
    let keys = match &all {
        Some(all) => iterate::collect(cx, all)?,
        None => {
            let Some(dict) = attribute::find(cx, module, names::dunder_dict())? else {
                return Err(cx.import_error("from-import-* object has no __dict__ and no __all__"));
            };
            match dict.downcast::<Dict>() {
                Some(dict) => dict.keys_snapshot(cx)?,
                None => iterate::collect(cx, &call::call_method(cx, &dict, names::keys(), &[])?)?,
            }
        }
    };
    for key in keys {
        let Some(name) = key.downcast::<Str>() else {
            let module_name = attribute::find(cx, module, names::dunder_name())?;
            let module_name = module_name
                .as_ref()
                .and_then(|name| name.downcast::<Str>())
                .map(|name| name.to_string());
            let (what, place) = if skip_underscores {
                ("Key", "__dict__")
            } else {
                ("Item", "__all__")
            };
            return Err(cx.type_error(format!(
                "{what} in {}.{place} must be str, not {}",
                module_name.unwrap_or_default(),
                key.type_name()
            )));
        };
        let name = Name::from_string(name);
        if skip_underscores && name.display().starts_with('_') {
            continue;
        }
        let value = attribute::get(cx, module, name)?;
        instructions::store_name(cx, frame, name, &value)?;
    }
    Ok(())
}
