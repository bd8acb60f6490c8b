//! `_collections`: the containers of `collections` that are not written in Python.
//!
//! Files: `deque/`, `default_dict`, `ordered_dict/`, `tuple_getter` (attributes of named tuples),
//! `counting` (what `Counter` counts with).

mod counting;
mod default_dict;
mod deque;
mod ordered_dict;
mod tuple_getter;

use typhon_macros::pymodule;
use typhon_runtime::class::class_of;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Ref};

use default_dict::DefaultDict;
use deque::{Deque, DequeIterator, DequeReverseIterator};
use ordered_dict::{OrderedDict, OrderedItems, OrderedIterator, OrderedKeys, OrderedValues};
use tuple_getter::TupleGetter;

/// High performance data structures.
/// - deque:        ordered collection accessible from endpoints only
/// - defaultdict:  dict subclass with a default value factory
#[pymodule(
    name = "_collections",
    functions(counting::count_elements),
    classes(
        Deque,
        DequeIterator,
        DequeReverseIterator,
        DefaultDict,
        OrderedDict,
        TupleGetter
    )
)]
fn initialize(cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    class_of::<OrderedIterator>(cx)?;
    class_of::<OrderedKeys>(cx)?;
    class_of::<OrderedValues>(cx)?;
    class_of::<OrderedItems>(cx)?;
    Ok(())
}
