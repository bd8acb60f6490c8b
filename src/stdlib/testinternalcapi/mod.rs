//! `_testinternalcapi`: what CPython's tests ask about the inside of the interpreter.
//!
//! Invariant: every answer is computed from the objects and structures of this interpreter, and means
//! what CPython's function of that name means. What has no meaning here (specialized instructions,
//! several interpreters, CPython's own compiler passes) is not in the module.
//!
//! ```text
//!   instances.rs   where attributes of instances are kept
//!   code.rs        what variables code has; what it depends on
//!   returns.rs     what code returns
//!   stack.rs       depth of calls, room on the native stack
//!   heap.rs        what is alive; the allocator
//!   classes.rs     built-in classes and the methods that stand for slots
//!   frames.rs      a frame's code, instruction and line
//!   locale.rs      texts as the operating system has them
//! ```

mod classes;
mod code;
mod frames;
mod heap;
mod instances;
mod locale;
mod returns;
mod stack;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Ref, Value, module, shape};

/// How often an instruction runs before its inline cache is filled: it is filled at once.
const SPECIALIZATION_THRESHOLD: u32 = 1;
/// How often a cache that does not fit is kept: it is overwritten by the first miss.
const SPECIALIZATION_COOLDOWN: u32 = 0;

#[pymodule(
    name = "_testinternalcapi",
    functions(
        instances::has_inline_values,
        instances::has_split_table,
        instances::get_object_dict_values,
        code::get_co_localskinds,
        code::get_code_var_counts,
        code::verify_stateless_code,
        code::get_co_framesize,
        returns::code_returns_only_none,
        stack::get_recursion_depth,
        stack::get_c_recursion_remaining,
        stack::get_stack_pointer,
        stack::get_stack_margin,
        heap::get_tracked_heap_size,
        heap::get_long_lived_total,
        heap::is_static_immortal,
        heap::pymem_getallocatorsname,
        classes::get_static_builtin_types,
        classes::identify_type_slot_wrappers,
        frames::iframe_getcode,
        frames::iframe_getlasti,
        frames::iframe_getline,
        locale::encode_locale,
        locale::decode_locale,
        compiler_cleandoc,
        dict_getitem_knownhash
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for (name, number) in [
        ("SPECIALIZATION_THRESHOLD", SPECIALIZATION_THRESHOLD),
        ("SPECIALIZATION_COOLDOWN", SPECIALIZATION_COOLDOWN),
        ("SHARED_KEYS_MAX_SIZE", shape::MOST_SLOTS),
        // An object's header says all that the collector needs, and nothing stands before it.
        ("SIZEOF_PYOBJECT", size_of::<typhon_sync::Header>() as u32),
        ("SIZEOF_PYGC_HEAD", 0),
        ("SIZEOF_MANAGED_PRE_HEADER", 0),
        ("SIZEOF_TIME_T", size_of::<rustix::time::Secs>() as u32),
    ] {
        module::add(cx, this, name, number)?;
    }
    Ok(())
}

/// C implementation of inspect.cleandoc().
#[pyfunction("compiler_cleandoc(doc)")]
fn compiler_cleandoc(cx: &Context, doc: &Ref<Str>) -> PyResult<Ref<Str>> {
    Str::from_str(cx, &typhon_compiler::clean_docstring(&doc.to_lossy()))
}

#[pyfunction("dict_getitem_knownhash(mp, key, hash, /)")]
fn dict_getitem_knownhash(
    cx: &Context,
    mapping: &Value,
    key: &Value,
    hash: i64,
) -> PyResult<Value> {
    let Some(dict) = mapping.downcast::<Dict>() else {
        return Err(cx.system_error("bad argument to internal function"));
    };
    dict.get_with_hash(cx, key, hash)?
        .ok_or_else(|| cx.key_error(key))
}
