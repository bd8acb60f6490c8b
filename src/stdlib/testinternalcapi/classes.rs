//! The classes that are built in, and the special methods that stand for slots.

use typhon_macros::pyfunction;
use typhon_runtime::class::ClassFlags;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::object;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::slot_wrappers::DEFINITIONS;
use typhon_runtime::{Context, PyResult, Ref, Value};

/// The classes that no class statement made, each behind its base.
#[pyfunction("get_static_builtin_types()")]
pub fn get_static_builtin_types(cx: &Context) -> PyResult<Ref<List>> {
    let mut found: Vec<Ref<Type>> = vec![object::class().clone()];
    let mut next = 0;
    while next < found.len() {
        for class in found[next].live_subclasses() {
            // A class with several bases is a subclass of each.
            if !class.has(ClassFlags::HEAPTYPE) && !found.iter().any(|known| known.is(&class)) {
                found.push(class);
            }
        }
        next += 1;
    }
    List::from_values(cx, found.into_iter().map(Ref::into_value).collect())
}

/// The names of the special methods that stand for slots, one for each way to call a slot.
#[pyfunction("identify_type_slot_wrappers()")]
pub fn identify_type_slot_wrappers(cx: &Context) -> PyResult<Ref<List>> {
    let names: PyResult<Vec<Value>> = DEFINITIONS
        .iter()
        .map(|definition| Str::from_str(cx, definition.name).map(Ref::into_value))
        .collect();
    List::from_values(cx, names?)
}
