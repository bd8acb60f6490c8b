//! `builtins`: functions, classes and exceptions that are everywhere.
//!
//! Files: `class_statement` (`__build_class__`), `evaluation` (`compile`, `eval`, `exec`, namespaces),
//! `attributes` (attributes, identity, classes), `iteration`, `numbers`, `text` (`print`, `input`,
//! `repr` …), `importing` (`__import__`, `breakpoint`).

pub mod attributes;
pub mod class_statement;
pub mod evaluation;
pub mod importing;
pub mod iteration;
pub mod numbers;
pub mod text;

use typhon_macros::pymodule;
use typhon_runtime::class::class_of;
use typhon_runtime::module::add;
use typhon_runtime::object::{Payload, Ref};
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::{
    bool_, bytearray, bytes, complex, descriptors, dict, enumerate, exceptions, filter, float, int,
    list, map, memoryview, object, range, reversed, set, slice, str_, super_, tuple, type_, zip,
};
use typhon_runtime::{Context, PyResult, Value};

use crate::configuration;

/// Built-in functions, types, exceptions, and other objects.
///
/// This module provides direct access to all 'built-in'
/// identifiers of Python; for example, builtins.len is
/// the full name for the built-in function len().
///
/// This module is not normally accessed explicitly by most
/// applications, but can be useful in modules that provide
/// objects with the same name as a builtin, but in which
/// the builtin of that name is also needed.
#[pymodule(
    name = "builtins",
    functions(
        class_statement::build_class,
        importing::import,
        importing::breakpoint,
        numbers::abs,
        numbers::bin,
        numbers::chr,
        numbers::divmod,
        numbers::hex,
        numbers::oct,
        numbers::ord,
        numbers::pow,
        numbers::round,
        numbers::sum,
        iteration::aiter,
        iteration::all,
        iteration::anext,
        iteration::any,
        iteration::iter,
        iteration::len,
        iteration::max,
        iteration::min,
        iteration::next,
        iteration::sorted,
        text::ascii,
        text::format,
        text::input,
        text::print,
        text::repr,
        attributes::callable,
        attributes::delattr,
        attributes::dir,
        attributes::getattr,
        attributes::hasattr,
        attributes::hash,
        attributes::id,
        attributes::isinstance,
        attributes::issubclass,
        attributes::setattr,
        attributes::vars,
        evaluation::compile,
        evaluation::eval,
        evaluation::exec,
        evaluation::globals,
        evaluation::locals
    )
)]
fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    add(cx, module, "None", Value::NONE)?;
    add(cx, module, "Ellipsis", Value::ELLIPSIS)?;
    add(cx, module, "NotImplemented", Value::NOT_IMPLEMENTED)?;
    add(cx, module, "False", Value::FALSE)?;
    add(cx, module, "True", Value::TRUE)?;
    add(cx, module, "__debug__", configuration::get().optimize == 0)?;
    let classes = [
        object::class(),
        type_::Type::class(),
        bool_::Bool::class(),
        bytearray::ByteArray::class(),
        bytes::Bytes::class(),
        descriptors::ClassMethod::class(),
        complex::Complex::class(),
        dict::Dict::class(),
        enumerate::Enumerate::class(),
        filter::Filter::class(),
        float::Float::class(),
        set::FrozenSet::class(),
        descriptors::Property::class(),
        int::BigInteger::class(),
        list::List::class(),
        map::Map::class(),
        memoryview::MemoryView::class(),
        range::Range::class(),
        reversed::Reversed::class(),
        set::Set::class(),
        slice::Slice::class(),
        descriptors::StaticMethod::class(),
        str_::Str::class(),
        super_::Super::class(),
        tuple::Tuple::class(),
        zip::Zip::class(),
    ];
    for class in classes {
        add(cx, module, &class.short_name(), class.to_value())?;
    }
    for class in exceptions::all() {
        add(cx, module, &class.short_name(), class.to_value())?;
    }
    add(
        cx,
        module,
        "EnvironmentError",
        exceptions::os_error().to_value(),
    )?;
    add(cx, module, "IOError", exceptions::os_error().to_value())?;
    class_of::<iteration::AnextAwaitable>(cx)?;
    Ok(())
}
