//! What is alive, and whose memory it is.

use typhon_macros::pyfunction;
use typhon_runtime::{Context, PyResult, Value, collector};

use crate::gc;

/// How many objects the collector looks at.
#[pyfunction("get_tracked_heap_size()")]
pub fn get_tracked_heap_size(cx: &Context) -> PyResult<usize> {
    let live = collector::live_objects(cx);
    Ok(live
        .iter()
        .filter(|object| gc::is_container(object))
        .count())
}

/// How many containers there are. The collector has no generations, so none of them is young.
#[pyfunction("get_long_lived_total()")]
pub fn get_long_lived_total(cx: &Context) -> PyResult<usize> {
    Ok(collector::live_objects(cx).len())
}

/// Whether nobody counts references to the object.
#[pyfunction("is_static_immortal(object, /)")]
pub fn is_static_immortal(_cx: &Context, object: &Value) -> PyResult<bool> {
    Ok(object.header().is_none_or(|header| header.is_immortal()))
}

/// The allocator of objects. There is one, which nothing replaces.
#[pyfunction("pymem_getallocatorsname()")]
pub fn pymem_getallocatorsname(_cx: &Context) -> PyResult<&'static str> {
    Ok("typhon")
}
