//! `_weakref`: weak references for the module `weakref`. The classes are the runtime's own.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::weakref::{self, CallableProxy, WeakProxy, WeakReference};
use typhon_runtime::protocols::hash;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

/// Weak-reference support module.
#[pymodule(
    name = "_weakref",
    functions(getweakrefcount, getweakrefs, proxy, remove_dead_weakref),
    classes(WeakReference, WeakProxy, CallableProxy)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "ref", WeakReference::class().to_value())
}

/// Return the number of weak references to 'object'.
#[pyfunction("getweakrefcount(object, /)")]
fn getweakrefcount(_cx: &Context, object: &Value) -> PyResult<usize> {
    Ok(weakref::reference_count(object))
}

/// Return a list of all weak reference objects pointing to 'object'.
#[pyfunction("getweakrefs(object, /)")]
fn getweakrefs(cx: &Context, object: &Value) -> PyResult<Ref<List>> {
    List::from_values(cx, weakref::all_references(object))
}

/// Create a proxy object that weakly references 'object'.
///
/// 'callback', if given, is called with a reference to the
/// proxy when 'object' is about to be finalized.
#[pyfunction("proxy(object, callback=None, /)")]
fn proxy(cx: &Context, object: &Value, callback: Maybe<&Value>) -> PyResult<Value> {
    weakref::proxy(
        cx,
        object,
        callback.0.filter(|callback| !callback.is_none()).cloned(),
    )
}

/// Atomically remove key from dict if it points to a dead weakref.
#[pyfunction("_remove_dead_weakref(dct, key, /)")]
fn remove_dead_weakref(cx: &Context, dict: &Ref<Dict>, key: &Value) -> PyResult<()> {
    let hash = hash::hash(cx, key)?;
    let Some(found) = dict.get_with_hash(cx, key, hash)? else {
        return Ok(());
    };
    if is_alive(cx, &found)? {
        return Ok(());
    }
    // Another thread may have put a living reference in the place of the dead one meanwhile.
    dict.remove_if_is(cx, key, hash, &found).map(drop)
}

fn is_alive(cx: &Context, value: &Value) -> PyResult<bool> {
    match value.downcast::<WeakReference>() {
        Some(reference) => Ok(reference.upgrade().is_some()),
        None => Err(cx.type_error("not a weakref")),
    }
}
