//! `array`: sequences of numbers or characters that lie in memory one behind the other.
//!
//! Files: `code` (type codes: items and their values), `object` (the object and its operators), `methods`,
//! `iterator`, `machine_format` (pickles of other machines).

mod code;
mod iterator;
mod machine_format;
mod methods;
mod object;

use typhon_macros::pymodule;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, import, module};

use iterator::ArrayIterator;
use machine_format::_ARRAY_RECONSTRUCTOR;
use object::Array;

/// This module defines an object type which can efficiently represent
/// an array of basic values: characters, integers, floating-point
/// numbers.  Arrays are sequence types and behave very much like lists,
/// except that the type of objects stored in them is constrained.
#[pymodule(name = "array", functions(_array_reconstructor), classes(Array))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    class_of::<ArrayIterator>(cx)?;
    let class = class_of::<Array>(cx)?;
    module::add(cx, this, "ArrayType", class.clone())?;
    module::add(cx, this, "typecodes", code::LETTERS)?;
    let sequence = import::import_attribute(cx, "collections.abc", "MutableSequence")?;
    let register = Name::intern(cx, "register")?;
    call::call_method(cx, &sequence, register, &[class.to_value()]).map(drop)
}
