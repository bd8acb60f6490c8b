//! Counting the items of an iterable in a mapping.

use typhon_macros::pyfunction;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::{Dict, hash_key};
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::protocols::number::{self, BinaryOperator};
use typhon_runtime::protocols::{attribute, call, iterate, sequence};
use typhon_runtime::{Context, PyResult, Ref, Value};

/// Count elements in the iterable, updating the mapping
#[pyfunction("_count_elements(mapping, iterable, /)")]
pub(super) fn count_elements(cx: &Context, mapping: &Value, iterable: &Value) -> PyResult<()> {
    let zero = Value::from_small_int(0).expect("invariant: zero is a small int");
    let one = Value::from_small_int(1).expect("invariant: one is a small int");
    if let Some(dict) = plain_counter(cx, mapping) {
        return iterate::for_each(cx, iterable, |key| {
            let hash = hash_key(cx, &key)?;
            let count = match dict.get_with_hash(cx, &key, hash)? {
                Some(count) => number::binary(cx, BinaryOperator::Add, &count, &one)?,
                None => one.clone(),
            };
            drop(dict.insert_with_hash(cx, &key, hash, count)?);
            Ok(())
        });
    }
    let get = attribute::get(cx, mapping, names::get())?;
    iterate::for_each(cx, iterable, |key| {
        let count = call::call(cx, &get, &[key.clone(), zero.clone()])?;
        let count = number::binary(cx, BinaryOperator::Add, &count, &one)?;
        sequence::set_item(cx, mapping, &key, &count)
    })
}

/// The dict that `mapping` is, if its `get` and `__setitem__` are those of `dict`.
fn plain_counter<'a>(cx: &Context, mapping: &'a Value) -> Option<&'a Ref<Dict>> {
    let dict = mapping.downcast::<Dict>()?;
    let inherited = |name: Name| match (
        mapping.class().lookup(cx, name),
        Dict::class().lookup(cx, name),
    ) {
        (Some(own), Some(plain)) => own.is(&plain),
        _ => false,
    };
    (inherited(names::get()) && inherited(names::dunder_setitem())).then_some(dict)
}
