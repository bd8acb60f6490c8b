//! The cycle collector, and the promotion of contended objects to distributed counts.
//!
//! Reference counts free almost everything; what they cannot free is found by marking from what is in
//! use for certain, and by trial deletion (Christopher, 1984; Bacon and Rajan, 2001) among the rest,
//! over the pages of the container heap, which are the list of tracked objects. That is done with the
//! world stopped, by rayon's workers. Still with the world stopped the garbage is given a count each
//! and its weak references are cleared; then the world runs again while callbacks and finalizers are
//! called. When finalizers ran, the world is stopped once more to see what they resurrected.
//! Last, payloads are dropped in place and the memory is freed.
//!
//! Frames on threads' stacks own counted references, so they are roots by themselves; what is not
//! counted there (`vm/uncounted.rs`) is counted first.
//!
//! ```text
//!   trigger.rs   when a collection is due
//!   roots.rs     where marking begins: modules, and what threads execute
//!   mark.rs      marking, by several workers
//!   trial.rs     finding garbage: marking, counting, marking
//!   garbage.rs   finalizers, resurrection, the end
//!   look.rs      gc.get_objects and the like
//!   observer.rs  who is told of collections
//!   validate.rs  checks of the whole heap, with the feature of that name
//!   sweep.rs     who gets distributed counts, and the end of those who have them
//! ```

mod garbage;
mod look;
mod mark;
mod observer;
mod roots;
pub mod sweep;
mod trial;
mod trigger;
mod validate;

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use typhon_sync::{Header, StoppedWorld};

use crate::context::Context;
use crate::instance;
use crate::object::{self, Ref, gc_bits, gc_flags, set_gc_bits};
use crate::objects::weakref::WeakReference;
use crate::shape;
use crate::value::Value;
use crate::vm::uncounted;
use crate::weak;

pub(crate) use look::for_each_code;
pub use look::{count_live_objects, live_objects, referents, referrers};
pub use observer::{Observer, Reason, set_observer};
pub(crate) use sweep::{no_longer_late, promote_hot_objects};
pub(crate) use trigger::allocated;
pub use trigger::{is_enabled, set_enabled};

/// The thread that is collecting, by its record's id, or [`NOBODY`].
static COLLECTING: AtomicU32 = AtomicU32::new(NOBODY);

/// No record's id, which have 16 bits.
const NOBODY: u32 = u32::MAX;

/// What the collector has done since the start.
#[derive(Default, Debug)]
pub struct Statistics {
    pub collections: AtomicU64,
    pub collected: AtomicU64,
    /// Nanoseconds that the world was stopped, in all and at most.
    pub paused: AtomicU64,
    pub longest_pause: AtomicU64,
}

/// The statistics.
pub static STATISTICS: Statistics = Statistics {
    collections: AtomicU64::new(0),
    collected: AtomicU64::new(0),
    paused: AtomicU64::new(0),
    longest_pause: AtomicU64::new(0),
};

/// Collects if the heap has grown enough since the last collection.
pub(crate) fn collect_if_due(cx: &Context) {
    if trigger::is_due() {
        collect(cx, Reason::Due);
    }
}

/// Frees garbage cycles and returns how many objects they had. Zero, and nobody is told, when a
/// collection is going on.
pub fn collect(cx: &Context, reason: Reason) -> usize {
    let begun = COLLECTING.compare_exchange(
        NOBODY,
        u32::from(cx.record.id()),
        Ordering::AcqRel,
        Ordering::Relaxed,
    );
    if begun.is_err() {
        return 0;
    }
    let raised = cx.take_exception_if_any();
    let observer = observer::get();
    if let Some(observer) = observer {
        observer.begins(cx, reason);
    }
    let heap = trigger::Heap::now();
    let (collected, garbage) = collect_now(cx);
    trigger::set_due(&heap, garbage);
    STATISTICS.collections.fetch_add(1, Ordering::Relaxed);
    STATISTICS
        .collected
        .fetch_add(collected as u64, Ordering::Relaxed);
    if let Some(observer) = observer {
        observer.ends(cx, reason, collected);
    }
    if let Some(raised) = raised {
        cx.set_exception(raised);
    }
    COLLECTING.store(NOBODY, Ordering::Release);
    collected
}

/// [`collect`] when no other thread runs any more: one that was in the middle of a collection when the
/// world was closed will never end it.
pub fn collect_last(cx: &Context) -> usize {
    COLLECTING.store(NOBODY, Ordering::Release);
    collect(cx, Reason::Ending)
}

/// To be called in the child of a fork: a collection that another thread was in the middle of ends in the
/// parent alone.
pub fn after_fork_child(cx: &Context) {
    let forking = u32::from(cx.record.id());
    if COLLECTING.load(Ordering::Relaxed) != forking {
        COLLECTING.store(NOBODY, Ordering::Relaxed);
    }
}

/// Adds a pause to the statistics.
fn note_pause(pause: Duration) {
    let nanoseconds = pause.as_nanos() as u64;
    STATISTICS.paused.fetch_add(nanoseconds, Ordering::Relaxed);
    STATISTICS
        .longest_pause
        .fetch_max(nanoseconds, Ordering::Relaxed);
}

/// How many objects of garbage there were, and their bytes.
fn collect_now(cx: &Context) -> (usize, usize) {
    sweep::free_what_is_not_referred_to(cx);
    let begin = Instant::now();
    let world = typhon_sync::stop_the_world(cx.record);
    let dead = settle(&world);
    validate::heap(&world);
    typhon_sync::object_lock::renew(&world);
    let mut garbage = trial::find_garbage(&world, &dead);
    let marked = give_up(&world, &garbage);
    let bytes = marked.bytes;
    let mut callbacks = Vec::new();
    for object in marked.referred_to_weakly {
        // SAFETY: the object is alive and given up.
        callbacks.extend(unsafe { weak::detach(object) });
    }
    let finalized = garbage::in_order(&world, marked.with_finalizers);
    drop(world);
    note_pause(begin.elapsed());
    for object in dead {
        object::destroy(object);
    }
    let observer = observer::get();
    if let Some(observer) = observer.filter(|observer| observer.shows_garbage()) {
        garbage::show(cx, &garbage, observer);
    }
    // The callback of a reference that is garbage itself is not called.
    let in_garbage = |object: NonNull<Header>| garbage.binary_search(&object).is_ok();
    callbacks.retain(|reference: &Ref<WeakReference>| !in_garbage(reference.as_ptr().cast()));
    weak::run_callbacks(cx, callbacks);
    if !finalized.is_empty() {
        garbage::run_finalizers(&finalized);
        garbage = garbage::free_what_fell_apart(garbage);
        garbage = garbage::still_garbage(cx, garbage);
    }
    let count = garbage::count(&garbage);
    match observer.filter(|observer| observer.keeps_garbage()) {
        Some(observer) => observer.keep(cx, garbage::keep(garbage)),
        None => garbage::free(&garbage),
    }
    sweep::sweep(cx);
    (count, bytes)
}

/// Counts what threads refer to without counting it, merges what waits in their queues, and returns what
/// nobody refers to then, to be destroyed when the world runs again.
fn settle(world: &StoppedWorld) -> Vec<NonNull<Header>> {
    uncounted::settle(world);
    let mut dead = Vec::new();
    world.drain_all_merge_queues(&mut |object| dead.push(object));
    dead
}

/// What was learned of garbage: its size, and what takes more than freeing it, in the order of addresses.
#[derive(Default)]
struct Marked {
    bytes: usize,
    referred_to_weakly: Vec<NonNull<Header>>,
    with_finalizers: Vec<NonNull<Header>>,
}

// SAFETY: addresses of objects that stand still while the world is stopped.
unsafe impl Send for Marked {}

/// Objects that a worker gives up with one step.
const GIVEN_UP_AT_ONCE: usize = 4096;

/// Gives the collector a count of each object of the garbage, and marks it as such.
fn give_up(world: &StoppedWorld, garbage: &[NonNull<Header>]) -> Marked {
    let world = trial::Shared(world);
    if garbage.len() <= GIVEN_UP_AT_ONCE || !mark::are_there_workers() {
        return give_up_part(&world, garbage);
    }
    let parts: Vec<trial::Objects<'_>> = garbage
        .chunks(GIVEN_UP_AT_ONCE)
        .map(trial::Objects)
        .collect();
    let parts: Vec<Marked> = parts
        .par_iter()
        .map(|part| give_up_part(&world, part.0))
        .collect();
    let mut all = Marked::default();
    for part in parts {
        all.bytes += part.bytes;
        all.referred_to_weakly.extend(part.referred_to_weakly);
        all.with_finalizers.extend(part.with_finalizers);
    }
    all
}

fn give_up_part(world: &trial::Shared<'_>, part: &[NonNull<Header>]) -> Marked {
    let mut marked = Marked::default();
    for object in part {
        // SAFETY: the world is stopped and the object is garbage: nobody else counts it.
        let header = unsafe { object.as_ref() };
        // Merged counts: what this thread drops must not wait in the queue of an owner when the
        // memory is given back.
        world.world().merge_and_incref(header);
        set_gc_bits(header, gc_flags::UNREACHABLE);
        let (bits, shape) = (gc_bits(header), shape::get(header.shape()));
        marked.bytes += shape.instance_size(instance::variable_size(*object, shape));
        if bits & gc_flags::HAS_WEAK_REFERENCES != 0 {
            marked.referred_to_weakly.push(*object);
        }
        if bits & gc_flags::FINALIZED == 0 && shape.has_finalizer() {
            marked.with_finalizers.push(*object);
        }
    }
    marked
}

/// The references to begin with. `None` for what is reached from outside whatever its count says: what is
/// never collected, and what has so many that a word might not hold them.
fn outside_count(world: &StoppedWorld, header: &Header) -> Option<u32> {
    if header.is_immortal() || gc_bits(header) & (gc_flags::FROZEN | gc_flags::DOOMED) != 0 {
        return None;
    }
    let count = if header.is_distributed() {
        typhon_sync::distributed::sum(world, header)
    } else {
        header.count()
    };
    u32::try_from(count)
        .ok()
        .filter(|&count| count <= MOST_COUNTED)
}

/// The most references that are counted.
const MOST_COUNTED: u32 = 1 << 30;

/// Shows the counted references of an object.
///
/// # Safety
/// The object is alive and the world stopped.
pub unsafe fn traverse(object: NonNull<Header>, visit: &mut dyn FnMut(&Value)) {
    // SAFETY: by the caller's promise.
    unsafe {
        let shape = shape::get(object.as_ref().shape());
        (shape.layout.traverse)(object, visit);
        instance::traverse_slots(object, shape, visit);
    }
}
