//! Where instances have their attributes: in slots behind the object, or in a dict (`shape.rs`).

use typhon_macros::pyfunction;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::shape::{self, Mode};
use typhon_runtime::{Context, PyResult, Ref, Value, instance};

fn is_in_slots(object: &Value) -> bool {
    if !object.is_object() {
        return false;
    }
    let shape = shape::get(object.shape_id());
    // Behind a payload of variable size there is only the dict word.
    shape.mode == Mode::Slots && !shape.layout.is_variable
}

#[pyfunction("has_inline_values(object, /)")]
pub fn has_inline_values(_cx: &Context, object: &Value) -> PyResult<bool> {
    Ok(is_in_slots(object))
}

/// Whether a dict has its keys in common with others: no dict of this interpreter has. Instances have their
/// names in common, as long as there is no dict.
#[pyfunction("has_split_table(object, /)")]
pub fn has_split_table(_cx: &Context, _object: &Value) -> PyResult<bool> {
    Ok(false)
}

#[pyfunction("get_object_dict_values(object, /)")]
pub fn get_object_dict_values(cx: &Context, object: &Value) -> PyResult<Option<Ref<Tuple>>> {
    if !is_in_slots(object) {
        return Ok(None);
    }
    let Some(attributes) = instance::attributes_in_slots(object) else {
        return Ok(None);
    };
    let values = attributes.into_iter().map(|(_, value)| value).collect();
    Tuple::from_vec(cx, values).map(Some)
}
