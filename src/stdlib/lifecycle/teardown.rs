//! Taking the modules apart, so that what programs leave behind is finalized: files are flushed and
//! closed, `__del__` runs, weak references die.
//!
//! ```text
//!   sys attributes that keep programs' objects alive become None
//!   sys.modules is emptied         modules without cycles die here
//!   collection                     then modules whose functions refer to them
//!   what is left of the modules    their names become None, the last one imported first
//!   this thread's local data
//!   collection
//! ```
//! The world is closed before: daemon threads sleep for good, so nobody else sees the ruins. `sys` and
//! `builtins` stay whole: finalizers that run last can still print.

use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::weakref::{self, WeakReference};
use typhon_runtime::{Context, PyResult, Ref, Value, collector, import, interpreter};

use crate::thread;

/// Attributes of `sys` that may refer to anything.
const EMPTIED: [&str; 12] = [
    "path",
    "argv",
    "ps1",
    "ps2",
    "last_exc",
    "last_type",
    "last_value",
    "last_traceback",
    "path_hooks",
    "path_importer_cache",
    "meta_path",
    "__interactivehook__",
];

/// Streams, and where the ones of the start are kept.
const STREAMS: [(&str, &str); 3] = [
    ("stdin", "__stdin__"),
    ("stdout", "__stdout__"),
    ("stderr", "__stderr__"),
];

/// Finalizes what the modules hold. See the module's header.
pub(super) fn take_apart(cx: &Context) {
    if release_sys(cx).is_err() {
        cx.clear_exception();
    }
    let mut left = empty_modules(cx).unwrap_or_else(|_| {
        cx.clear_exception();
        Vec::new()
    });
    collector::collect_last(cx);
    while let Some(reference) = left.pop() {
        let Some(module) = reference.upgrade() else {
            continue;
        };
        if let Some(module) = module.downcast::<Module>()
            && clear(cx, &module.dict).is_err()
        {
            cx.clear_exception();
        }
    }
    thread::leave();
    collector::collect_last(cx);
}

fn release_sys(cx: &Context) -> PyResult<()> {
    let sys = interpreter::sys_module();
    for name in EMPTIED {
        if sys.get(cx, name)?.is_some() {
            sys.set(cx, name, Value::NONE)?;
        }
    }
    for (name, original) in STREAMS {
        let original = sys.get(cx, original)?.unwrap_or(Value::NONE);
        sys.set(cx, name, original)?;
    }
    Ok(())
}

/// Empties `sys.modules` and returns weak references to the modules, in the order of their import.
fn empty_modules(cx: &Context) -> PyResult<Vec<Ref<WeakReference>>> {
    let modules = import::modules(cx)?;
    let mut left = Vec::new();
    for (name, module) in modules.items_snapshot(cx)? {
        let is_core = name
            .downcast::<Str>()
            .is_some_and(|name| name.equals("sys") || name.equals("builtins"));
        if is_core {
            continue;
        }
        if module.downcast::<Module>().is_some() {
            left.push(weakref::reference(cx, &module, None)?);
        }
        modules.set_item(cx, &name, Value::NONE)?;
    }
    modules.clear();
    // The dict of the start, should the program have put another one in its place.
    interpreter::modules().clear();
    Ok(left)
}

/// Gives a module's names up: the private ones first, `__builtins__` not at all.
fn clear(cx: &Context, namespace: &Ref<Dict>) -> PyResult<()> {
    let is_private = |name: &Str| {
        let name = name.to_lossy();
        name.starts_with('_') && !name.starts_with("__")
    };
    for private in [true, false] {
        for key in namespace.keys_snapshot(cx)? {
            let Some(name) = key.downcast::<Str>() else {
                continue;
            };
            if name.equals("__builtins__") || (private && !is_private(name)) {
                continue;
            }
            namespace.set_name(cx, Name::from_string(name), Value::NONE)?;
        }
    }
    Ok(())
}
