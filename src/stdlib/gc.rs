//! `gc`: the controls of the cycle collector.
//!
//! The collector has no generations and no thresholds; what the module tells of them is for programs
//! that ask. Collections that the collector makes by itself are counted as generation 0, those that
//! `collect()` makes under the generation that was asked for; each is a whole one. A first threshold
//! of zero turns automatic collection off, as ever. Whatever is unreachable can be collected (PEP 442):
//! `garbage` holds what DEBUG_SAVEALL has put there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::IntoValue;
use typhon_runtime::class::ClassFlags;
use typhon_runtime::collector::{self, Observer, Reason};
use typhon_runtime::object::{self, gc_flags};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Ref, Value, audit, finalizer, module};

const GENERATIONS: usize = 3;

const DEBUG_STATS: i32 = 1;
const DEBUG_COLLECTABLE: i32 = 1 << 1;
const DEBUG_UNCOLLECTABLE: i32 = 1 << 2;
const DEBUG_SAVEALL: i32 = 1 << 5;
const DEBUG_LEAK: i32 = DEBUG_COLLECTABLE | DEBUG_UNCOLLECTABLE | DEBUG_SAVEALL;

/// `enable()` was called last, not `disable()`.
static ENABLED: AtomicBool = AtomicBool::new(true);
static THRESHOLDS: [AtomicI64; GENERATIONS] =
    [AtomicI64::new(2000), AtomicI64::new(10), AtomicI64::new(10)];
static DEBUG: AtomicI32 = AtomicI32::new(0);
/// How many objects `freeze` has frozen.
static FROZEN: AtomicUsize = AtomicUsize::new(0);
/// Bytes of containers that were allocated up to the last collection.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

/// What was collected, by generation.
struct Collected {
    collections: AtomicU64,
    collected: AtomicU64,
}

static COLLECTED: [Collected; GENERATIONS] = [const {
    Collected {
        collections: AtomicU64::new(0),
        collected: AtomicU64::new(0),
    }
}; GENERATIONS];

/// `gc.callbacks`.
static CALLBACKS: OnceLock<Ref<List>> = OnceLock::new();
/// `gc.garbage`.
static GARBAGE: OnceLock<Ref<List>> = OnceLock::new();

/// This module provides access to the garbage collector for reference cycles.
///
/// enable() -- Enable automatic garbage collection.
/// disable() -- Disable automatic garbage collection.
/// isenabled() -- Returns true if automatic collection is enabled.
/// collect() -- Do a full collection right now.
/// get_count() -- Return the current collection counts.
/// get_stats() -- Return list of dictionaries containing per-generation stats.
/// set_debug() -- Set debugging flags.
/// get_debug() -- Get debugging flags.
/// set_threshold() -- Set the collection thresholds.
/// get_threshold() -- Return the current collection thresholds.
/// get_objects() -- Return a list of all objects tracked by the collector.
/// is_tracked() -- Returns true if a given object is tracked.
/// is_finalized() -- Returns true if a given object has been already finalized.
/// get_referrers() -- Return the list of objects that refer to an object.
/// get_referents() -- Return the list of objects that an object refers to.
/// freeze() -- Freeze all tracked objects and ignore them for future collections.
/// unfreeze() -- Unfreeze all objects in the permanent generation.
/// get_freeze_count() -- Return the number of objects in the permanent generation.
#[pymodule(
    name = "gc",
    functions(
        enable,
        disable,
        isenabled,
        set_debug,
        get_debug,
        get_count,
        set_threshold,
        get_threshold,
        collect,
        get_objects,
        get_stats,
        is_tracked,
        is_finalized,
        get_referrers,
        get_referents,
        freeze,
        unfreeze,
        get_freeze_count
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for (name, list) in [("garbage", &GARBAGE), ("callbacks", &CALLBACKS)] {
        let new = List::new(cx)?;
        module::add(cx, this, name, list.get_or_init(|| new).clone())?;
    }
    collector::set_observer(&Told);
    for (name, flag) in [
        ("DEBUG_STATS", DEBUG_STATS),
        ("DEBUG_COLLECTABLE", DEBUG_COLLECTABLE),
        ("DEBUG_UNCOLLECTABLE", DEBUG_UNCOLLECTABLE),
        ("DEBUG_SAVEALL", DEBUG_SAVEALL),
        ("DEBUG_LEAK", DEBUG_LEAK),
    ] {
        module::add(cx, this, name, flag)?;
    }
    Ok(())
}

/// Callbacks, statistics, and what the debugging flags ask for.
struct Told;

impl Observer for Told {
    fn begins(&self, cx: &Context, reason: Reason) {
        call_callbacks(cx, "start", reason, 0);
        *BEGUN.lock() = Some(Instant::now());
        if is_debugging(DEBUG_STATS) {
            let text = format!(
                "gc: collecting generation {}...\n\
                 gc: objects in each generation: 0 0 {}\n\
                 gc: objects in permanent generation: {}\n",
                generation_of(reason),
                collector::count_live_objects(cx),
                FROZEN.load(Ordering::Relaxed)
            );
            crate::text_output::to_stderr(cx, &text);
        }
    }

    fn shows_garbage(&self) -> bool {
        is_debugging(DEBUG_COLLECTABLE)
    }

    fn show(&self, cx: &Context, object: &Value) {
        let text = format!(
            "gc: collectable <{} {:#x}>\n",
            object.type_name(),
            object.bits()
        );
        crate::text_output::to_stderr(cx, &text);
    }

    fn keeps_garbage(&self) -> bool {
        is_debugging(DEBUG_SAVEALL)
    }

    fn keep(&self, cx: &Context, garbage: Vec<Value>) {
        let Some(list) = GARBAGE.get() else { return };
        for object in garbage {
            if list.push(cx, object).is_err() {
                cx.clear_exception();
            }
        }
    }

    fn ends(&self, cx: &Context, reason: Reason, collected: usize) {
        let counted = &COLLECTED[generation_of(reason)];
        counted.collections.fetch_add(1, Ordering::Relaxed);
        counted
            .collected
            .fetch_add(collected as u64, Ordering::Relaxed);
        ALLOCATED.store(typhon_alloc::container_bytes_allocated(), Ordering::Relaxed);
        let begun = BEGUN.lock().take();
        if is_debugging(DEBUG_STATS) {
            let elapsed = begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
            let text = format!(
                "gc: done, {collected} unreachable, 0 uncollectable, {elapsed:.4}s elapsed\n"
            );
            crate::text_output::to_stderr(cx, &text);
        }
        call_callbacks(cx, "stop", reason, collected);
    }
}

/// When the collection that is going on began.
static BEGUN: Mutex<Option<Instant>> = Mutex::new(None);

fn is_debugging(flag: i32) -> bool {
    DEBUG.load(Ordering::Relaxed) & flag != 0
}

fn generation_of(reason: Reason) -> usize {
    match reason {
        Reason::Due => 0,
        Reason::Asked(generation) => generation,
        Reason::Ending => GENERATIONS - 1,
    }
}

/// Calls `gc.callbacks`. What they raise goes to `sys.unraisablehook`.
fn call_callbacks(cx: &Context, phase: &str, reason: Reason, collected: usize) {
    let Some(callbacks) = CALLBACKS.get().filter(|list| !list.is_empty()) else {
        return;
    };
    if reason == Reason::Ending {
        return;
    }
    let arguments = (|| {
        let info = Dict::new(cx)?;
        for (name, number) in [
            ("generation", generation_of(reason)),
            ("collected", collected),
            ("uncollectable", 0),
        ] {
            info.set_name(cx, Name::intern(cx, name)?, number.into_value(cx)?)?;
        }
        Ok([phase.into_value(cx)?, info.into_value()])
    })();
    match arguments {
        Ok(arguments) => {
            for callback in callbacks.to_vec() {
                if call::call(cx, &callback, &arguments).is_err() {
                    finalizer::unraisable(
                        cx,
                        "Exception ignored while calling GC callback",
                        &callback,
                    );
                }
            }
        }
        Err(typhon_runtime::Raised) => cx.clear_exception(),
    }
}

/// Tells the collector whether it collects by itself.
fn update_enabled() {
    let on = ENABLED.load(Ordering::Relaxed) && THRESHOLDS[0].load(Ordering::Relaxed) != 0;
    collector::set_enabled(on);
}

/// Enable automatic garbage collection.
#[pyfunction("enable()")]
fn enable(_cx: &Context) -> PyResult<()> {
    ENABLED.store(true, Ordering::Relaxed);
    update_enabled();
    Ok(())
}

/// Disable automatic garbage collection.
#[pyfunction("disable()")]
fn disable(_cx: &Context) -> PyResult<()> {
    ENABLED.store(false, Ordering::Relaxed);
    update_enabled();
    Ok(())
}

/// Returns true if automatic garbage collection is enabled.
#[pyfunction("isenabled()")]
fn isenabled(_cx: &Context) -> PyResult<bool> {
    Ok(ENABLED.load(Ordering::Relaxed))
}

/// Run the garbage collector.
///
/// With no arguments, run a full collection.  The optional argument
/// may be an integer specifying which generation to collect.  A ValueError
/// is raised if the generation number is invalid.
///
/// The number of unreachable objects is returned.
#[pyfunction("collect(generation=2)")]
fn collect(cx: &Context, generation: i32) -> PyResult<usize> {
    let Some(generation) = usize::try_from(generation)
        .ok()
        .filter(|&generation| generation < GENERATIONS)
    else {
        return Err(cx.value_error("invalid generation"));
    };
    Ok(collector::collect(cx, Reason::Asked(generation)))
}

/// Set the garbage collection debugging flags.
///
///   flags
///     An integer that can have the following bits turned on:
///       DEBUG_STATS - Print statistics during collection.
///       DEBUG_COLLECTABLE - Print collectable objects found.
///       DEBUG_UNCOLLECTABLE - Print unreachable but uncollectable objects
///         found.
///       DEBUG_SAVEALL - Save objects to gc.garbage rather than freeing them.
///       DEBUG_LEAK - Debug leaking programs (everything but STATS).
///
/// Debugging information is written to sys.stderr.
#[pyfunction("set_debug(flags, /)")]
fn set_debug(_cx: &Context, flags: i32) -> PyResult<()> {
    DEBUG.store(flags, Ordering::Relaxed);
    Ok(())
}

/// Get the garbage collection debugging flags.
#[pyfunction("get_debug()")]
fn get_debug(_cx: &Context) -> PyResult<i32> {
    Ok(DEBUG.load(Ordering::Relaxed))
}

/// Return a three-tuple of the current collection counts.
#[pyfunction("get_count()")]
fn get_count(cx: &Context) -> PyResult<Ref<Tuple>> {
    // The collector counts bytes; the smallest containers have this size.
    const SMALLEST: usize = 32;
    let bytes =
        typhon_alloc::container_bytes_allocated().saturating_sub(ALLOCATED.load(Ordering::Relaxed));
    let zero = 0.into_value(cx)?;
    Tuple::from_vec(
        cx,
        vec![(bytes / SMALLEST).into_value(cx)?, zero.clone(), zero],
    )
}

/// set_threshold(threshold0, [threshold1, [threshold2]])
/// Set the collection thresholds (the collection frequency).
///
/// Setting 'threshold0' to zero disables collection.
#[pyfunction("set_threshold(*thresholds)")]
fn set_threshold(cx: &Context, thresholds: &[Value]) -> PyResult<()> {
    if thresholds.is_empty() || thresholds.len() > GENERATIONS {
        return Err(cx.type_error("gc.set_threshold requires 1 to 3 arguments"));
    }
    let mut numbers = Vec::with_capacity(GENERATIONS);
    for threshold in thresholds {
        let number = i32::try_from(int::index_as_i128(cx, threshold)?);
        numbers.push(
            number.map_err(|_| cx.overflow_error("Python int too large to convert to C int"))?,
        );
    }
    for (place, number) in THRESHOLDS.iter().zip(numbers) {
        place.store(number.into(), Ordering::Relaxed);
    }
    update_enabled();
    Ok(())
}

/// Return the current collection thresholds.
#[pyfunction("get_threshold()")]
fn get_threshold(cx: &Context) -> PyResult<Ref<Tuple>> {
    let thresholds: PyResult<Vec<Value>> = THRESHOLDS
        .iter()
        .map(|threshold| threshold.load(Ordering::Relaxed).into_value(cx))
        .collect();
    Tuple::from_vec(cx, thresholds?)
}

/// Return a list of objects tracked by the collector (excluding the list returned).
///
///   generation
///     Generation to extract the objects from.
///
/// If generation is not None, return only the objects tracked by the
/// collector that are in that generation.
#[pyfunction("get_objects(generation=None)")]
fn get_objects(cx: &Context, generation: Option<&Value>) -> PyResult<Ref<List>> {
    audit::event(cx, "gc.get_objects", || {
        let all = Value::small_int(-1);
        Ok(vec![generation.cloned().unwrap_or(all)])
    })?;
    if let Some(generation) = generation {
        if !generation.class().slots.index.get().is_some() {
            let got = generation.type_name();
            return Err(cx.type_error(format!("argument should be integer or None, not '{got}'")));
        }
        match int::index_as_i128(cx, generation)? {
            // The default, in numbers.
            -1 => {}
            ..0 => return Err(cx.value_error("generation parameter cannot be negative")),
            0..3 => {}
            _ => {
                return Err(cx.value_error(
                    "generation parameter must be less than the number of available generations (3)",
                ));
            }
        }
    }
    List::from_values(cx, collector::live_objects(cx))
}

/// Return a list of dictionaries containing per-generation statistics.
#[pyfunction("get_stats()")]
fn get_stats(cx: &Context) -> PyResult<Ref<List>> {
    let mut stats = Vec::with_capacity(GENERATIONS);
    for counted in &COLLECTED {
        let dict = Dict::new(cx)?;
        for (name, number) in [
            ("collections", counted.collections.load(Ordering::Relaxed)),
            ("collected", counted.collected.load(Ordering::Relaxed)),
            ("uncollectable", 0),
        ] {
            dict.set_name(cx, Name::intern(cx, name)?, number.into_value(cx)?)?;
        }
        stats.push(dict.into_value());
    }
    List::from_values(cx, stats)
}

pub(crate) fn is_container(object: &Value) -> bool {
    match object.downcast_exact::<Tuple>() {
        // A tuple cannot change: without containers in it, it is in no cycle.
        Some(tuple) => tuple.as_slice().iter().any(is_container),
        None if object
            .downcast::<Type>()
            .is_some_and(|class| !class.has(ClassFlags::HEAPTYPE)) =>
        {
            false
        }
        None => object.is_object() && object.class().kind == typhon_alloc::Kind::Container,
    }
}

/// Returns true if the object is tracked by the garbage collector.
///
/// Simple atomic objects will return false.
#[pyfunction("is_tracked(obj, /)")]
fn is_tracked(_cx: &Context, object: &Value) -> PyResult<bool> {
    Ok(is_container(object))
}

/// Returns true if the object has been already finalized by the GC.
#[pyfunction("is_finalized(obj, /)")]
fn is_finalized(_cx: &Context, object: &Value) -> PyResult<bool> {
    Ok(object
        .header()
        .is_some_and(|header| object::gc_bits(header) & gc_flags::FINALIZED != 0))
}

/// Return the list of objects that directly refer to any of 'objs'.
#[pyfunction("get_referrers(*objs)")]
fn get_referrers(cx: &Context, objects: &[Value]) -> PyResult<Ref<List>> {
    audit::event(cx, "gc.get_referrers", || {
        Ok(vec![Tuple::from_vec(cx, objects.to_vec())?.into_value()])
    })?;
    List::from_values(cx, collector::referrers(cx, objects))
}

/// Return the list of objects that are directly referred to by 'objs'.
#[pyfunction("get_referents(*objs)")]
fn get_referents(cx: &Context, objects: &[Value]) -> PyResult<Ref<List>> {
    audit::event(cx, "gc.get_referents", || {
        Ok(vec![Tuple::from_vec(cx, objects.to_vec())?.into_value()])
    })?;
    let mut found = Vec::new();
    for object in objects {
        found.extend(collector::referents(cx, object));
    }
    List::from_values(cx, found)
}

/// Freeze all current tracked objects and ignore them for future collections.
///
/// This can be used before a POSIX fork() call to make the gc copy-on-write
/// friendly.
/// Note: collection before a POSIX fork() call may free pages for future
/// allocation which can cause copy-on-write.
#[pyfunction("freeze()")]
fn freeze(cx: &Context) -> PyResult<()> {
    for object in collector::live_objects(cx) {
        if let Some(header) = object.header()
            && object::gc_bits(header) & gc_flags::FROZEN == 0
        {
            object::set_gc_bits(header, gc_flags::FROZEN);
            FROZEN.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Unfreeze all objects in the permanent generation.
///
/// Put all objects in the permanent generation back into oldest generation.
#[pyfunction("unfreeze()")]
fn unfreeze(cx: &Context) -> PyResult<()> {
    for object in collector::live_objects(cx) {
        if let Some(header) = object.header() {
            object::clear_gc_bits(header, gc_flags::FROZEN);
        }
    }
    FROZEN.store(0, Ordering::Relaxed);
    Ok(())
}

/// Return the number of objects in the permanent generation.
#[pyfunction("get_freeze_count()")]
fn get_freeze_count(_cx: &Context) -> PyResult<usize> {
    Ok(FROZEN.load(Ordering::Relaxed))
}
