//! The cycle collector, and the promotion of contended objects to distributed counts.
//!
//! Reference counts free almost everything; what they cannot free is found by trial deletion
//! (Christopher, 1984; Bacon and Rajan, 2001) over the pages of the container heap, which are the list
//! of tracked objects. With the world stopped, rayon's workers
//!
//! ```text
//!   1. copy each container's count to its side word
//!   2. for each reference between containers, take one off the side word of its target
//!   3. mark what has counts left (somebody outside refers to it) and all that it refers to
//! ```
//! What is not marked is garbage. References that are not counted (an instance's to its class, by its
//! shape) count only in the third step. Still with the world stopped the garbage is given a count each
//! and its weak references are cleared; then the world runs again while callbacks and finalizers are
//! called. When finalizers ran, the world is stopped once more to see what they resurrected.
//! Last, payloads are dropped in place and the memory is freed.
//!
//! Frames on threads' stacks own counted references, so they are roots by themselves; what is not
//! counted there (`vm/uncounted.rs`) is counted first.
//!
//! Side words: a count that is left, or [`MARKED`].

use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use typhon_alloc::{Kind, PageRef};
use typhon_sync::{Header, StoppedWorld};

use crate::context::Context;
use crate::instance;
use crate::object::Payload;
use crate::object::{self, Ref, clear_gc_bits, gc_bits, gc_flags, set_gc_bits};
use crate::objects::code::Code;
use crate::objects::generator::Generator;
use crate::objects::type_::Type;
use crate::objects::weakref::WeakReference;
use crate::shape;
use crate::value::Value;
use crate::vm::uncounted;
use crate::weak;

/// The side word of an object that was reached.
const MARKED: u32 = u32::MAX;

/// Bytes by which the containers' heap may grow before the first collection, and the least between two.
const SMALLEST_GROWTH: usize = 8 << 20;

/// Container allocations of a thread between two looks at the heap's size.
const LOOK_EVERY: u32 = 4096;

static ENABLED: AtomicBool = AtomicBool::new(true);
static COLLECTING: AtomicBool = AtomicBool::new(false);
/// The same for all memory, buffers included: few objects in cycles may hold much of it.
const SMALLEST_GROWTH_OF_ALL: usize = 64 << 20;

/// Bytes of live containers at which the next collection is due.
static DUE: AtomicUsize = AtomicUsize::new(SMALLEST_GROWTH);
/// Bytes of all live memory at which it is due.
static DUE_OF_ALL: AtomicUsize = AtomicUsize::new(SMALLEST_GROWTH_OF_ALL);

/// What the collector has done since the start.
#[derive(Default, Debug)]
pub struct Statistics {
    pub collections: AtomicU64,
    pub collected: AtomicU64,
    pub uncollectable: AtomicU64,
    /// Nanoseconds that the world was stopped, in all and at most.
    pub paused: AtomicU64,
    pub longest_pause: AtomicU64,
}

/// The statistics.
pub static STATISTICS: Statistics = Statistics {
    collections: AtomicU64::new(0),
    collected: AtomicU64::new(0),
    uncollectable: AtomicU64::new(0),
    paused: AtomicU64::new(0),
    longest_pause: AtomicU64::new(0),
};

/// `gc.enable()`, `gc.disable()`.
pub fn set_enabled(on: bool) {
    ENABLED.store(on, Ordering::Relaxed);
}

/// `gc.isenabled()`.
pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

thread_local! {
    static COUNTDOWN: std::cell::Cell<u32> = const { std::cell::Cell::new(LOOK_EVERY) };
}

/// A container was allocated. Now and then looks whether a collection is due and asks this thread
/// for one at its next safepoint.
#[inline(always)]
pub(crate) fn allocated(cx: &Context) {
    COUNTDOWN.with(|countdown| {
        let left = countdown.get();
        if left == 0 {
            countdown.set(LOOK_EVERY);
            look(cx);
        } else {
            countdown.set(left - 1);
        }
    });
}

#[cold]
fn look(cx: &Context) {
    if is_due() {
        cx.record.request(typhon_sync::request::COLLECT);
    }
}

/// Whether the heap has grown enough. What counts frees at once comes and goes without making a
/// collection due; garbage in cycles stays, so the heap grows by it.
fn is_due() -> bool {
    if !is_enabled() {
        return false;
    }
    let live = live_containers();
    // A heap that has shrunk meanwhile is due earlier; one whose buffers come and go is not.
    live >= DUE.fetch_min(due_after(live), Ordering::Relaxed)
        || live_in_all() >= DUE_OF_ALL.load(Ordering::Relaxed)
}

/// Makes the next collection due when the heap has doubled: the cost stays proportionate to allocation
/// however large the heap gets.
fn set_due() {
    DUE.store(due_after(live_containers()), Ordering::Relaxed);
    let live = live_in_all();
    DUE_OF_ALL.store(live + live.max(SMALLEST_GROWTH_OF_ALL), Ordering::Relaxed);
}

/// The bytes in live containers, about: what was freed in pages that nobody looked at since counts.
fn live_containers() -> usize {
    typhon_alloc::live_bytes_of(Kind::Container)
}

fn live_in_all() -> usize {
    Kind::ALL.map(typhon_alloc::live_bytes_of).iter().sum()
}

fn due_after(live: usize) -> usize {
    live + live.max(SMALLEST_GROWTH)
}

/// Collects if the heap has grown enough since the last collection.
pub(crate) fn collect_if_due(cx: &Context) {
    if is_due() {
        let observer = OBSERVER
            .get()
            .filter(|_| !COLLECTING.load(Ordering::Acquire));
        if let Some(observer) = observer {
            observer(cx, None);
        }
        let collected = collect(cx);
        if let Some(observer) = observer {
            observer(cx, Some(collected));
        }
    }
}

/// Called before a collection that the program did not ask for, with `None`, and after it, with the
/// number of objects collected: `gc.callbacks`. It leaves the exception that is set alone.
pub type Observer = fn(&Context, Option<usize>);

static OBSERVER: OnceLock<Observer> = OnceLock::new();

/// Sets the observer, once.
pub fn set_observer(observer: Observer) {
    OBSERVER.get_or_init(|| observer);
}

/// Frees garbage cycles and returns how many objects they had. Zero when a collection is going on.
pub fn collect(cx: &Context) -> usize {
    if COLLECTING.swap(true, Ordering::AcqRel) {
        return 0;
    }
    let raised = cx.take_exception_if_any();
    let collected = collect_now(cx);
    if let Some(raised) = raised {
        cx.set_exception(raised);
    }
    set_due();
    STATISTICS.collections.fetch_add(1, Ordering::Relaxed);
    STATISTICS
        .collected
        .fetch_add(collected as u64, Ordering::Relaxed);
    COLLECTING.store(false, Ordering::Release);
    collected
}

/// [`collect`] when no other thread runs any more: one that was in the middle of a collection when the
/// world was closed will never end it.
pub fn collect_last(cx: &Context) -> usize {
    COLLECTING.store(false, Ordering::Release);
    collect(cx)
}

/// Adds a pause to the statistics.
fn note_pause(pause: Duration) {
    let nanoseconds = pause.as_nanos() as u64;
    STATISTICS.paused.fetch_add(nanoseconds, Ordering::Relaxed);
    STATISTICS
        .longest_pause
        .fetch_max(nanoseconds, Ordering::Relaxed);
}

fn collect_now(cx: &Context) -> usize {
    let begin = Instant::now();
    let world = typhon_sync::stop_the_world(cx.record);
    uncounted::settle(&world);
    let mut dead = Vec::new();
    world.drain_all_merge_queues(&mut |object| dead.push(object));
    typhon_sync::object_lock::renew(&world);
    let mut garbage = find_garbage(&world, &dead);
    let mut callbacks = Vec::new();
    for object in &garbage {
        // SAFETY: the world is stopped and the object is garbage: nobody else counts it.
        let header = unsafe { object.as_ref() };
        // Merged counts: what this thread drops must not wait in the queue of an owner when the memory
        // is given back.
        world.merge(header);
        header.incref();
        set_gc_bits(header, gc_flags::UNREACHABLE);
    }
    for object in &garbage {
        // SAFETY: as above; the object is alive and given up.
        unsafe {
            if gc_bits(object.as_ref()) & gc_flags::HAS_WEAK_REFERENCES != 0 {
                callbacks.extend(weak::detach(*object));
            }
        }
    }
    let finalized = to_finalize(&world, &garbage);
    drop(world);
    note_pause(begin.elapsed());
    for object in dead {
        object::destroy(object);
    }
    // The callback of a reference that is garbage itself is not called.
    let in_garbage = |object: NonNull<Header>| garbage.binary_search(&object).is_ok();
    callbacks.retain(|reference: &Ref<WeakReference>| !in_garbage(reference.as_ptr().cast()));
    weak::run_callbacks(cx, callbacks);
    if !finalized.is_empty() {
        run_finalizers(&finalized);
        garbage = still_garbage(cx, garbage);
    }
    let count = garbage.len();
    free(&garbage);
    sweep_distributed(cx);
    count
}

/// Destroys the objects with distributed counts that nobody refers to, other than containers that
/// were just found to be garbage: strings, say, and what only the garbage referred to.
fn sweep_distributed(cx: &Context) {
    while typhon_sync::distributed::are_there_any() {
        let begin = Instant::now();
        let world = typhon_sync::stop_the_world(cx.record);
        let dead = typhon_sync::distributed::sweep(&world, &mut uncounted::settle);
        drop(world);
        note_pause(begin.elapsed());
        if dead.is_empty() {
            break;
        }
        for object in dead {
            object::destroy(object);
        }
    }
}

/// The stopped world, for workers that read counts while the thread that stopped it waits for them.
struct Shared<'a>(&'a StoppedWorld);

// SAFETY: the guard is only read: it proves that the world is stopped.
unsafe impl Sync for Shared<'_> {}

/// Pages from which on rayon's workers take part: waking them, and starting them the first time, takes
/// longer than looking at fewer.
const PARALLEL_FROM: usize = 32;

/// What `work` gives for each page, in any order.
fn on_pages<R: Send>(pages: &[PageRef], work: impl Fn(&PageRef) -> R + Send + Sync) -> Vec<R> {
    if pages.len() < PARALLEL_FROM {
        pages.iter().map(work).collect()
    } else {
        pages.par_iter().map(work).collect()
    }
}

/// The containers that nothing outside the garbage refers to, in the order of their addresses.
/// `dead` have no count and are being destroyed: they are not garbage.
fn find_garbage(world: &StoppedWorld, dead: &[NonNull<Header>]) -> Vec<NonNull<Header>> {
    let pages = typhon_alloc::pages(Kind::Container);
    if !pages.iter().all(PageRef::ensure_side_table) {
        typhon_alloc::release_side_tables(&pages);
        return Vec::new();
    }
    let world = Shared(world);
    on_pages(&pages, |page| {
        let world = &world;
        page.for_each_block_with_side(|block, side| {
            // SAFETY: a block with a shape is an object.
            let header = unsafe { &*block.cast::<Header>() };
            side.store(outside_count(world.0, header), Ordering::Relaxed);
        });
    });
    for object in dead {
        // SAFETY: the object is alive until it is destroyed, after this.
        if let Some(side) = unsafe { side_of(*object) } {
            side.store(MARKED, Ordering::Relaxed);
        }
    }
    on_pages(&pages, |page| {
        page.for_each_block_with_side(|block, side| {
            if side.load(Ordering::Relaxed) == MARKED {
                return;
            }
            // SAFETY: a block with a shape is an object, its contents are whole, and the world is
            // stopped.
            unsafe { traverse(NonNull::new_unchecked(block.cast()), &mut subtract) };
        });
    });
    on_pages(&pages, |page| {
        let mut stack = Vec::new();
        page.for_each_block_with_side(|block, side| {
            let left = side.load(Ordering::Relaxed);
            if left != 0 && left != MARKED && side.swap(MARKED, Ordering::Relaxed) != MARKED {
                // SAFETY: block addresses are not null.
                stack.push(unsafe { NonNull::new_unchecked(block.cast::<Header>()) });
                mark_from(&mut stack);
            }
        });
    });
    let found = on_pages(&pages, |page| {
        let mut found = Vec::new();
        page.for_each_block_with_side(|block, side| {
            if side.load(Ordering::Relaxed) != MARKED {
                found.push(block as usize);
            }
        });
        found
    });
    typhon_alloc::release_side_tables(&pages);
    let mut garbage = found.concat();
    garbage.par_sort_unstable();
    garbage
        .into_iter()
        .filter_map(|block| NonNull::new(block as *mut Header))
        .collect()
}

/// Whether a thread is destroying the object, or is about to: its last count is gone. Its contents may
/// be half dropped, so it is not looked into; what it still refers to counts as referred to from
/// outside. The collector has no part in its end. (Distributed counts are known to the collector alone.)
fn is_dying(header: &Header) -> bool {
    !header.is_immortal() && !header.is_distributed() && header.count() <= 0
}

/// The side word to begin with: the count, "reached from outside" for what is never collected, MARKED
/// for what is dying.
fn outside_count(world: &StoppedWorld, header: &Header) -> u32 {
    if is_dying(header) {
        return MARKED;
    }
    if header.is_immortal() || gc_bits(header) & (gc_flags::FROZEN | gc_flags::DOOMED) != 0 {
        return MARKED - 1;
    }
    let count = if header.is_distributed() {
        typhon_sync::distributed::sum(world, header)
    } else {
        header.count()
    };
    count.clamp(0, i64::from(MARKED - 2)) as u32
}

/// The side word of a container.
///
/// # Safety
/// `object` is alive, the world is stopped, and side tables are not released yet.
unsafe fn side_of<'a>(object: NonNull<Header>) -> Option<&'a AtomicU32> {
    // SAFETY: by the caller's promise.
    unsafe { typhon_alloc::side_of(object.as_ptr().cast()) }
}

fn subtract(value: &Value) {
    if let Some(object) = value.as_pointer()
        // SAFETY: the value keeps its object alive; the world is stopped.
        && let Some(side) = unsafe { side_of(object) }
    {
        // Relaxed: the phases are separated by rayon's joins. Never below zero: each reference that
        // is subtracted was counted; immortal objects start far above.
        let _ = side.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left != 0 && left < MARKED - 2).then(|| left - 1)
        });
    }
}

/// Marks all that the objects on the stack refer to.
fn mark_from(stack: &mut Vec<NonNull<Header>>) {
    while let Some(object) = stack.pop() {
        let mut reach = |value: &Value| {
            if let Some(target) = value.as_pointer()
                // SAFETY: as in `subtract`.
                && let Some(side) = unsafe { side_of(target) }
                && side.load(Ordering::Relaxed) != MARKED
                && side.swap(MARKED, Ordering::Relaxed) != MARKED
            {
                stack.push(target);
            }
        };
        // SAFETY: the object is alive and the world stopped.
        unsafe {
            reach(shape::get(object.as_ref().shape()).class().as_value());
            traverse(object, &mut reach);
        }
    }
}

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

/// What of `garbage` (sorted) has a finalizer to call: what refers to another one before that one, as
/// counting references would have it. So a text file writes what it holds back before what it writes to
/// is closed. Where they refer to each other, in the order of their addresses.
fn to_finalize(_world: &StoppedWorld, garbage: &[NonNull<Header>]) -> Vec<NonNull<Header>> {
    let objects: Vec<NonNull<Header>> = garbage
        .iter()
        .copied()
        .filter(|object| {
            // SAFETY: the collector holds a count of each.
            let header = unsafe { object.as_ref() };
            shape::get(header.shape()).has_finalizer() && gc_bits(header) & gc_flags::FINALIZED == 0
        })
        .collect();
    if objects.len() < 2 {
        return objects;
    }
    let mut referrers = vec![0_usize; objects.len()];
    let mut referred: Vec<Vec<usize>> = Vec::with_capacity(objects.len());
    for (index, object) in objects.iter().enumerate() {
        let mut found = Vec::new();
        let mut visit = |value: &Value| {
            let other = value.header().map(NonNull::from);
            if let Some(other) = other.and_then(|other| objects.binary_search(&other).ok())
                && other != index
            {
                referrers[other] += 1;
                found.push(other);
            }
        };
        // SAFETY: the collector holds a count of each, and the world is stopped.
        unsafe { traverse(*object, &mut visit) };
        referred.push(found);
    }
    let mut order: Vec<usize> = (0..objects.len())
        .filter(|at| referrers[*at] == 0)
        .collect();
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        for &other in &referred[index] {
            referrers[other] -= 1;
            if referrers[other] == 0 {
                order.push(other);
            }
        }
    }
    order.extend((0..objects.len()).filter(|at| referrers[*at] != 0));
    order.into_iter().map(|index| objects[index]).collect()
}

/// Calls the finalizers of garbage, each once.
fn run_finalizers(objects: &[NonNull<Header>]) {
    for object in objects {
        // SAFETY: the collector holds a count of each.
        let header = unsafe { object.as_ref() };
        // The finalizer of another one may have called it.
        if gc_bits(header) & gc_flags::FINALIZED != 0 {
            continue;
        }
        set_gc_bits(header, gc_flags::FINALIZED);
        header.incref();
        // SAFETY: the count just added.
        let value = unsafe { Value::from_bits(object.as_ptr() as u64) };
        crate::finalizer::run(&value);
    }
}

/// What of `garbage` is garbage still, after finalizers ran. The rest gets its count taken back.
fn still_garbage(cx: &Context, garbage: Vec<NonNull<Header>>) -> Vec<NonNull<Header>> {
    let begin = Instant::now();
    let world = typhon_sync::stop_the_world(cx.record);
    uncounted::settle(&world);
    let mut dead = Vec::new();
    world.drain_all_merge_queues(&mut |object| dead.push(object));
    let found = find_garbage_among(&world, &garbage, &dead);
    // A finalizer may have made references to what is freed now; nobody is told of their end.
    let mut outlived = Vec::new();
    for object in &found {
        // SAFETY: the collector holds a count of each, and the world is stopped.
        unsafe {
            if gc_bits(object.as_ref()) & gc_flags::HAS_WEAK_REFERENCES != 0 {
                outlived.extend(weak::detach(*object));
            }
        }
    }
    drop(world);
    drop(outlived);
    note_pause(begin.elapsed());
    for object in dead {
        object::destroy(object);
    }
    let (garbage, resurrected): (Vec<_>, Vec<_>) = garbage
        .into_iter()
        .partition(|object| found.binary_search(object).is_ok());
    for object in resurrected {
        // SAFETY: the collector's count is given back.
        let header = unsafe { object.as_ref() };
        clear_gc_bits(header, gc_flags::UNREACHABLE);
        if header.decref() {
            object::destroy(object);
        }
    }
    garbage
}

/// The objects of `candidates` (sorted), of which the caller holds one count each, that only
/// `candidates` refer to, directly or not.
fn find_garbage_among(
    world: &StoppedWorld,
    candidates: &[NonNull<Header>],
    dead: &[NonNull<Header>],
) -> Vec<NonNull<Header>> {
    let index_of = |object: NonNull<Header>| candidates.binary_search(&object).ok();
    let mut left: Vec<i64> = candidates
        .iter()
        // SAFETY: the caller holds a count of each.
        .map(|object| i64::from(outside_count(world, unsafe { object.as_ref() })) - 1)
        .collect();
    for object in candidates {
        let mut take = |value: &Value| {
            if let Some(index) = value.as_pointer().and_then(index_of) {
                left[index] -= 1;
            }
        };
        // SAFETY: alive, and the world is stopped.
        unsafe { traverse(*object, &mut take) };
    }
    let mut reached: Vec<bool> = left.iter().map(|&left| left > 0).collect();
    for object in dead {
        if let Some(index) = index_of(*object) {
            reached[index] = true;
        }
    }
    let mut stack: Vec<usize> = (0..candidates.len())
        .filter(|&index| reached[index])
        .collect();
    while let Some(index) = stack.pop() {
        let mut reach = |value: &Value| {
            if let Some(target) = value.as_pointer().and_then(index_of)
                && !std::mem::replace(&mut reached[target], true)
            {
                stack.push(target);
            }
        };
        // SAFETY: alive, and the world is stopped.
        unsafe {
            reach(
                shape::get(candidates[index].as_ref().shape())
                    .class()
                    .as_value(),
            );
            traverse(candidates[index], &mut reach);
        }
    }
    candidates
        .iter()
        .zip(reached)
        .filter(|(_, reached)| !reached)
        .map(|(object, _)| *object)
        .collect()
}

/// Drops the payloads of garbage and frees it. The collector holds one count of each object, which
/// keeps drops among them from destroying any.
fn free(garbage: &[NonNull<Header>]) {
    for object in garbage {
        // SAFETY: the collector holds a count of each.
        set_gc_bits(unsafe { object.as_ref() }, gc_flags::DOOMED);
    }
    // Classes last: instances find their layout through the shape, which outlives the class, but
    // dropping a payload may still look at a class.
    let is_class = |object: &&NonNull<Header>| {
        // SAFETY: as above.
        shape::get(unsafe { object.as_ref() }.shape())
            .layout
            .extends(<Type as object::Payload>::LAYOUT)
    };
    for object in garbage.iter().filter(|object| !is_class(object)) {
        // SAFETY: nobody outside the garbage refers to the object.
        unsafe { object::drop_contents(*object) };
    }
    for object in garbage.iter().filter(is_class) {
        // SAFETY: as above.
        unsafe { object::drop_contents(*object) };
    }
    for object in garbage {
        // SAFETY: contents are dropped, and the only count left is the collector's.
        unsafe { object::release(*object) };
    }
}

/// Promotes objects that threads keep colliding on, with the world stopped.
pub(crate) fn promote_hot_objects(cx: &Context) {
    // SAFETY: `hot_object` answers objects.
    unsafe {
        typhon_sync::distributed::serve_promotions(
            cx.record,
            &mut hot_object,
            &mut uncounted::settle,
            &mut |object| object::destroy(object),
        );
    }
}

/// The object at an address, if there is one and it may get distributed counts. With the world
/// stopped.
///
/// Garbage is freed in the end whatever its counts say, so nobody else may note it down. And what
/// somebody is told of when it dies must die at once, not at the next sweep: threads may wait for
/// that, with nothing left that runs and makes a collection due.
fn hot_object(address: usize) -> Option<NonNull<Header>> {
    if !typhon_alloc::is_object(address) {
        return None;
    }
    let object = NonNull::new(std::ptr::with_exposed_provenance_mut::<Header>(address))?;
    // SAFETY: the allocator says that an object is there, and with the world stopped it stays.
    let header = unsafe { object.as_ref() };
    let bits = gc_bits(header);
    let is_garbage = bits & (gc_flags::UNREACHABLE | gc_flags::DOOMED) != 0;
    let shape = shape::get(header.shape());
    let is_awaited = shape.has_finalizer()
        || (bits & gc_flags::HAS_WEAK_REFERENCES != 0
            && !shape.layout.extends(<Type as object::Payload>::LAYOUT)
            && weak::has_callbacks(object));
    (!is_garbage && !is_awaited).then_some(object)
}

/// Merges what waits in the queues of threads that sleep, with the world stopped.
pub(crate) fn merge_for_sleepers(cx: &Context) {
    let mut dead = Vec::new();
    let world = typhon_sync::stop_the_world(cx.record);
    world.drain_all_merge_queues(&mut |object| dead.push(object));
    drop(world);
    for object in dead {
        object::destroy(object);
    }
}

/// The containers that are alive, counted: `gc.get_objects()`.
pub fn live_objects(cx: &Context) -> Vec<Value> {
    let world = typhon_sync::stop_the_world(cx.record);
    let mut objects = Vec::new();
    for page in typhon_alloc::pages(Kind::Container) {
        page.for_each_block(|block| {
            // SAFETY: a block with a shape is an object; one without a count is being destroyed.
            let header = unsafe { &*block.cast::<Header>() };
            if header.count() > 0 && gc_bits(header) & gc_flags::HIDDEN == 0 {
                header.incref();
                // SAFETY: the count just added.
                objects.push(unsafe { Value::from_bits(block as u64) });
            }
        });
    }
    drop(world);
    objects
}

/// Shows every code object there is, with the world stopped.
pub(crate) fn for_each_code(cx: &Context, visit: &mut dyn FnMut(&Code)) {
    let world = typhon_sync::stop_the_world(cx.record);
    let shape = Code::shape_id();
    for page in typhon_alloc::pages(Kind::Container) {
        page.for_each_block(|block| {
            // SAFETY: as in `live_objects`.
            let header = unsafe { &*block.cast::<Header>() };
            if header.count() > 0
                && header.shape() == shape
                && gc_bits(header) & gc_flags::HIDDEN == 0
            {
                let word = block as u64;
                // SAFETY: objects of this shape are code objects, and nobody frees one meanwhile; `Ref`
                // is that word.
                visit(unsafe { &*(&raw const word).cast::<Ref<Code>>() });
            }
        });
    }
    drop(world);
}

/// What `object` refers to, counted: `gc.get_referents()`.
pub fn referents(cx: &Context, object: &Value) -> Vec<Value> {
    let Some(pointer) = object.as_pointer() else {
        return Vec::new();
    };
    let world = typhon_sync::stop_the_world(cx.record);
    let mut found = Vec::new();
    // SAFETY: `object` keeps it alive; the world is stopped.
    unsafe { traverse(pointer, &mut |value| found.push(value.clone())) };
    drop(world);
    found
}

/// The containers that refer to any of `targets`, counted: `gc.get_referrers()`.
pub fn referrers(cx: &Context, targets: &[Value]) -> Vec<Value> {
    let world = typhon_sync::stop_the_world(cx.record);
    let mut found = Vec::new();
    for page in typhon_alloc::pages(Kind::Container) {
        page.for_each_block(|block| {
            // SAFETY: a block with a shape is an object; one without a count is being destroyed.
            let header = unsafe { &*block.cast::<Header>() };
            if header.count() == 0 || gc_bits(header) & gc_flags::HIDDEN != 0 {
                return;
            }
            let mut refers = false;
            let mut look = |value: &Value| refers |= targets.iter().any(|target| target.is(value));
            // SAFETY: the object is alive and the world is stopped.
            unsafe { traverse(NonNull::from(header), &mut look) };
            if !refers {
                let word = block as u64;
                // SAFETY: the word is the address of an object, which stays alive; `Value` is that word.
                let object = unsafe { &*(&raw const word).cast::<Value>() };
                if let Some(generator) = object.downcast::<Generator>() {
                    let mut look =
                        |value: &Value| refers |= targets.iter().any(|target| target.is(value));
                    // SAFETY: the world is stopped.
                    unsafe { generator.traverse_variables(&mut look) };
                }
            }
            if refers {
                header.incref();
                // SAFETY: the count just added.
                found.push(unsafe { Value::from_bits(block as u64) });
            }
        });
    }
    drop(world);
    found
}
