//! Objects with distributed counts: which ones get them, and how they end.
//!
//! Nobody notices when the last reference to such an object goes (`sync/distributed.rs`): it dies at the
//! next sweep, and what it refers to with it. Collections sweep, and promotions now and then. But threads
//! may wait for something to die, a file to be closed say, with nothing left that runs and makes either
//! due. So a thread that goes to sleep sweeps before, unless somebody did so a moment ago; then it
//! sleeps for that moment, sweeps, and sleeps on.

use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use typhon_sync::distributed::Purpose;
use typhon_sync::{Header, StoppedWorld};

use super::note_pause;
use crate::context::Context;
use crate::object::{self, gc_bits, gc_flags};
use crate::objects::type_::Type;
use crate::shape;
use crate::value::Value;
use crate::vm::uncounted;

/// The least time between two sweeps by threads that go to sleep.
const INTERVAL: Duration = Duration::from_millis(50);
/// They may take this part of the time.
const SHARE: u32 = 50;

/// When the next such sweep may be, in nanoseconds since [`begin`].
static NEXT: AtomicU64 = AtomicU64::new(0);

fn begin() -> Instant {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    *BEGIN.get_or_init(Instant::now)
}

/// How soon a thread that is asleep should call [`if_due`]; `None` when there is nothing to sweep.
pub fn soon() -> Option<Duration> {
    typhon_sync::distributed::are_there_any().then(|| {
        Duration::from_nanos(NEXT.load(Ordering::Relaxed)).saturating_sub(begin().elapsed())
    })
}

/// Sweeps, unless another thread has done so since this one asked [`soon`].
pub fn if_due(cx: &Context) {
    let now = begin().elapsed();
    let due = NEXT.load(Ordering::Relaxed);
    let later = (now + INTERVAL).as_nanos() as u64;
    let is_due = due <= now.as_nanos() as u64;
    if is_due
        && NEXT
            .compare_exchange(due, later, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    {
        sweep(cx);
        let took = begin().elapsed() - now;
        NEXT.fetch_max((now + took * SHARE).as_nanos() as u64, Ordering::Relaxed);
    }
}

/// Destroys the objects with distributed counts that nobody refers to, other than containers that
/// refer to each other: strings, say, and what only garbage referred to.
pub(super) fn sweep(cx: &Context) {
    destroy_while(cx, typhon_sync::distributed::are_there_any, |world| {
        typhon_sync::distributed::sweep(world, &mut uncounted::settle)
    });
}

/// Destroys what counting frees but nobody has noticed: what waits in threads' queues to be merged, and
/// objects with distributed counts. A collection tells of cycles; these are none.
pub(super) fn free_what_is_not_referred_to(cx: &Context) {
    let may_there_be = || typhon_sync::multithreaded() || typhon_sync::distributed::are_there_any();
    destroy_while(cx, may_there_be, |world| {
        let mut dead = super::settle(world);
        dead.extend(typhon_sync::distributed::sweep(world, &mut |_| {}));
        dead
    });
}

/// Destroys what `find` finds with the world stopped, and what is found then, as long as there may be any.
fn destroy_while(
    cx: &Context,
    may_there_be: impl Fn() -> bool,
    find: impl Fn(&StoppedWorld) -> Vec<NonNull<Header>>,
) {
    while may_there_be() {
        let begin = Instant::now();
        let world = typhon_sync::stop_the_world(cx.record);
        let dead = find(&world);
        drop(world);
        note_pause(begin.elapsed());
        if dead.is_empty() {
            break;
        }
        dead.into_iter().for_each(object::destroy);
    }
}

/// Has `target`, which is weakly referenced from now on, die as soon as nobody refers to it
/// ([`may_be_used`]).
pub(crate) fn no_longer_late(cx: &Context, target: &Value) {
    let Some(header) = target.header() else {
        return;
    };
    if !header.is_distributed() || !is_awaited(header) {
        return;
    }
    let world = typhon_sync::stop_the_world(cx.record);
    // Another thread may have done so while this one waited.
    if header.is_distributed() {
        uncounted::settle(&world);
        let count = typhon_sync::distributed::demote(&world, header);
        debug_assert!(count > 0, "the caller has a reference");
    }
}

/// Promotes what threads use in turn and gives threads what each uses alone, with the world stopped.
pub(crate) fn promote_hot_objects(cx: &Context) {
    // SAFETY: `hot_objects` answers objects.
    unsafe {
        typhon_sync::distributed::serve_promotions(
            cx.record,
            &mut hot_objects,
            &mut uncounted::settle,
            &mut |object| object::destroy(object),
        );
    }
}

/// The objects at addresses, those that may be used for the purpose. With the world stopped.
fn hot_objects(mut addresses: Vec<usize>, purpose: Purpose) -> Vec<NonNull<Header>> {
    typhon_alloc::retain_objects(&mut addresses);
    let objects = addresses
        .into_iter()
        .map(std::ptr::with_exposed_provenance_mut);
    let mut objects: Vec<NonNull<Header>> = objects.filter_map(NonNull::new).collect();
    // SAFETY: the allocator says that objects are there, and with the world stopped they stay.
    objects.retain(|object| may_be_used(unsafe { object.as_ref() }, purpose));
    objects
}

/// Garbage is freed in the end whatever its counts say, so nobody else may note it down. And what
/// somebody is told of when it dies, or may ask for, must die at once, not at the next sweep: threads
/// may wait for that, with nothing left that runs and makes a collection due.
fn may_be_used(header: &Header, purpose: Purpose) -> bool {
    let is_garbage = gc_bits(header) & (gc_flags::UNREACHABLE | gc_flags::DOOMED) != 0;
    !is_garbage && (purpose == Purpose::Adopt || !is_awaited(header))
}

/// May anybody be told when the object dies, or ask?
fn is_awaited(header: &Header) -> bool {
    let shape = shape::get(header.shape());
    // Classes are referred to weakly by their bases.
    shape.has_finalizer()
        || (gc_bits(header) & gc_flags::HAS_WEAK_REFERENCES != 0
            && !shape.layout.extends(<Type as object::Payload>::LAYOUT))
}
