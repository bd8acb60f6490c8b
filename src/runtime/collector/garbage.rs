//! What becomes of garbage: finalizers in their order, the second look at what they resurrected, and
//! the end of the rest, or its being kept for `gc.garbage`.

use std::ptr::NonNull;
use std::time::Instant;

use typhon_sync::{Header, StoppedWorld};

use super::{Observer, note_pause, outside_count, settle, traverse, validate};
use crate::context::Context;
use crate::object::{self, Payload, clear_gc_bits, gc_bits, gc_flags, set_gc_bits};
use crate::objects::code::Code;
use crate::objects::type_::Type;
use crate::shape;
use crate::value::Value;
use crate::weak;

/// Objects with finalizers in the order in which those are to be called: what refers to another one
/// before that one, as counting references would have it. So a text file writes what it holds back
/// before what it writes to is closed. Where they refer to each other, in the order of their addresses,
/// which is the order of `objects`.
pub(super) fn in_order(
    _world: &StoppedWorld,
    objects: Vec<NonNull<Header>>,
) -> Vec<NonNull<Header>> {
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
pub(super) fn run_finalizers(objects: &[NonNull<Header>]) {
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

/// Frees what of `garbage` finalizers have broken out of its cycles, so that nothing refers to it any
/// more, and returns the rest. It is not counted as collected, as if counting references had freed it.
pub(super) fn free_what_fell_apart(garbage: Vec<NonNull<Header>>) -> Vec<NonNull<Header>> {
    let mut freed = vec![false; garbage.len()];
    let mut stack: Vec<usize> = (0..garbage.len()).collect();
    while let Some(index) = stack.pop() {
        let object = garbage[index];
        if freed[index] {
            continue;
        }
        // SAFETY: the collector holds a count of each that is not freed.
        let header = unsafe { object.as_ref() };
        // A finalizer may have made a weak reference, by which others may get the object.
        if header.count() != 1 || gc_bits(header) & gc_flags::HAS_WEAK_REFERENCES != 0 {
            continue;
        }
        let mut lost = |value: &Value| {
            stack.extend(
                value
                    .as_pointer()
                    .and_then(|other| garbage.binary_search(&other).ok()),
            );
        };
        // SAFETY: that count is the only one: nobody else has the object.
        unsafe { traverse(object, &mut lost) };
        clear_gc_bits(header, gc_flags::UNREACHABLE);
        freed[index] = true;
        // Not the last one when a reader has come upon the object where it was a moment ago. Then that
        // reader frees it.
        if header.decref() {
            object::destroy(object);
        }
    }
    let mut is_freed = freed.into_iter();
    let mut rest = garbage;
    rest.retain(|_| is_freed.next() == Some(false));
    rest
}

/// What of `garbage` is garbage still, after finalizers ran. The rest gets its count taken back.
pub(super) fn still_garbage(cx: &Context, garbage: Vec<NonNull<Header>>) -> Vec<NonNull<Header>> {
    let begin = Instant::now();
    let world = typhon_sync::stop_the_world(cx.record);
    let dead = settle(&world);
    validate::heap(&world);
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
        .map(|object| outside_count(world, unsafe { object.as_ref() }))
        .map(|count| count.map_or(i64::MAX, |count| i64::from(count) - 1))
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

/// Shows garbage to the observer, in the order of addresses.
pub(super) fn show(cx: &Context, garbage: &[NonNull<Header>], observer: &dyn Observer) {
    for object in garbage.iter().copied().filter(is_tracked) {
        // SAFETY: the collector holds a count, which is not given away.
        let value = unsafe { Value::from_bits(object.as_ptr() as u64) };
        observer.show(cx, &value);
        std::mem::forget(value);
    }
}

/// How many objects of garbage CPython would count. It has no code objects among its containers.
pub(super) fn count(garbage: &[NonNull<Header>]) -> usize {
    garbage.iter().filter(|object| is_tracked(object)).count()
}

fn is_tracked(object: &NonNull<Header>) -> bool {
    // SAFETY: the collector holds a count of each.
    unsafe { object.as_ref() }.shape() != Code::shape_id()
}

/// Makes ordinary objects of garbage again. The collector's counts go to the caller.
pub(super) fn keep(garbage: Vec<NonNull<Header>>) -> Vec<Value> {
    let mut kept = Vec::with_capacity(garbage.len());
    for object in garbage {
        // SAFETY: the collector holds a count of each.
        clear_gc_bits(unsafe { object.as_ref() }, gc_flags::UNREACHABLE);
        // SAFETY: that count.
        let value = unsafe { Value::from_bits(object.as_ptr() as u64) };
        kept.extend(is_tracked(&object).then_some(value));
    }
    kept
}

/// Drops the payloads of garbage and frees it. The collector holds one count of each object, which
/// keeps drops among them from destroying any.
pub(super) fn free(garbage: &[NonNull<Header>]) {
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
            .extends(<Type as Payload>::LAYOUT)
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
        validate::given_up(*object);
        // SAFETY: contents are dropped, and the only count left is the collector's.
        unsafe { object::release(*object) };
    }
}
