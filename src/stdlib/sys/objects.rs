//! Objects as memory: sizes, counts, interned strings, the allocator's statistics.

use std::sync::atomic::Ordering;

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::object::{Kind, Ref};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Value};

/// getsizeof(object [, default]) -> int
///
/// Return the size of object in bytes.
#[pyfunction("getsizeof(object, default=<unrepresentable>)")]
pub fn getsizeof(cx: &Context, object: &Value, default: Maybe<&Value>) -> PyResult<Value> {
    match size_of(cx, object) {
        Ok(size) => Ok(size),
        Err(raised) => match default.0 {
            Some(default) => {
                cx.catch(exceptions::type_error())?;
                Ok(default.clone())
            }
            None => Err(raised),
        },
    }
}

fn size_of(cx: &Context, object: &Value) -> PyResult<Value> {
    let Some(size) = call::call_special(cx, object, Name::intern(cx, "__sizeof__")?, &[])? else {
        return Err(cx.type_error(format!(
            "Type {} doesn't define __sizeof__",
            object.type_name()
        )));
    };
    match int::view(&size) {
        None => Err(cx.type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            size.type_name()
        ))),
        Some(view) if view.is_negative() => Err(cx.value_error("__sizeof__() should return >= 0")),
        Some(_) => Ok(size),
    }
}

/// Return the reference count of object.
///
/// The count returned is generally one higher than you might expect,
/// because it includes the (temporary) reference as an argument to
/// getrefcount().
#[pyfunction("getrefcount(object, /)")]
pub fn getrefcount(_cx: &Context, object: &Value) -> PyResult<i64> {
    Ok(object
        .header()
        .map_or(i64::from(u32::MAX), |header| header.count()))
}

/// Return the number of memory blocks currently allocated.
#[pyfunction("getallocatedblocks()")]
pub fn getallocatedblocks(_cx: &Context) -> PyResult<usize> {
    let statistics = typhon_alloc::statistics();
    Ok(statistics.live_blocks(Kind::Container) + statistics.live_blocks(Kind::Plain))
}

/// Return the number of elements of the unicode interned dictionary
#[pyfunction("getunicodeinternedsize(*, _only_immortal=False)")]
pub fn getunicodeinternedsize(_cx: &Context, only_immortal: bool) -> PyResult<usize> {
    let _ = only_immortal;
    Ok(Name::count())
}

/// ``Intern'' the given string.
///
/// This enters the string in the (global) table of interned strings whose
/// purpose is to speed up dictionary lookups. Return the string itself or
/// the previously interned string object with the same value.
#[pyfunction("intern(string, /)")]
pub fn intern(cx: &Context, string: &Value) -> PyResult<Value> {
    let Some(text) = string.downcast::<Str>() else {
        return Err(cx.type_error(format!(
            "intern() argument must be str, not {}",
            string.type_name_for_argument()
        )));
    };
    if !string.is_exact::<Str>() {
        return Err(cx.type_error(format!("can't intern {}", string.type_name())));
    }
    Ok(Name::from_string(text).to_value())
}

/// Return True if the given string is "interned".
#[pyfunction("_is_interned(string, /)")]
pub fn is_interned(_cx: &Context, string: &Ref<Str>) -> PyResult<bool> {
    Ok(string.is_interned())
}

/// Return True if the given object is "immortal" per PEP 683.
///
/// This function should be used for specialized purposes only.
#[pyfunction("_is_immortal(op, /)")]
pub fn is_immortal(_cx: &Context, op: &Value) -> PyResult<bool> {
    Ok(op.header().is_none_or(|header| header.is_immortal()))
}

/// Print debug info to stderr about the state of pymalloc and structmalloc.
#[pyfunction("_debugmallocstats()")]
pub fn debugmallocstats(cx: &Context) -> PyResult<()> {
    crate::text_output::to_stderr(cx, &format!("{}\n", typhon_alloc::statistics()));
    Ok(())
}

/// Return a dict of what the concurrency core has done so far.
///
/// Most of it is counted with the option --stats only.
#[pyfunction("_typhon_statistics()")]
pub fn typhon_statistics(cx: &Context) -> PyResult<Ref<Dict>> {
    let statistics = typhon_sync::statistics::collect();
    let collector = &typhon_runtime::collector::STATISTICS;
    let dict = Dict::new(cx)?;
    for (name, number) in [
        ("atomic_writes", statistics.atomic_writes()),
        ("shared_writes", statistics.shared_writes),
        ("locks", statistics.locks),
        ("merges", statistics.merges),
        ("promotions", statistics.promotions),
        ("adoptions", statistics.adoptions),
        ("demotions", statistics.demotions),
        ("retired", statistics.retired),
        ("revocations", statistics.revocations),
        ("stops", statistics.stops),
        ("longest_stop", statistics.longest_pause.as_nanos() as u64),
        ("collections", collector.collections.load(Ordering::Relaxed)),
        ("collector_paused", collector.paused.load(Ordering::Relaxed)),
        (
            "collector_longest_pause",
            collector.longest_pause.load(Ordering::Relaxed),
        ),
    ] {
        dict.set_name(cx, Name::intern(cx, name)?, int::from_u64(cx, number)?)?;
    }
    Ok(dict)
}

/// Clear the internal type lookup cache.
#[pyfunction("_clear_type_cache()")]
pub fn clear_type_cache(_cx: &Context) -> Result<(), Raised> {
    Ok(())
}

/// Clear all internal performance-related caches.
#[pyfunction("_clear_internal_caches()")]
pub fn clear_internal_caches(_cx: &Context) -> Result<(), Raised> {
    Ok(())
}

/// Private function for clearing certain descriptors from a type's dictionary.
#[pyfunction("_clear_type_descriptors(type, /)")]
pub fn clear_type_descriptors(cx: &Context, class: &Value) -> PyResult<()> {
    let Some(class) = class.downcast::<typhon_runtime::objects::type_::Type>() else {
        return Err(cx.type_error("argument must be a type"));
    };
    for name in ["__dict__", "__weakref__"] {
        class.dict.remove_name(cx, Name::intern(cx, name)?)?;
    }
    Ok(())
}
