//! Looking at the heap for others, with the world stopped: what is alive, what refers to what.

use std::ptr::NonNull;

use typhon_alloc::Kind;
use typhon_sync::Header;

use super::traverse;
use crate::context::Context;
use crate::object::{Payload, Ref, gc_bits, gc_flags};
use crate::objects::code::Code;
use crate::objects::generator::Generator;
use crate::value::Value;

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

/// How many containers are alive.
pub fn count_live_objects(cx: &Context) -> usize {
    let world = typhon_sync::stop_the_world(cx.record);
    let mut count = 0;
    for page in typhon_alloc::pages(Kind::Container) {
        page.for_each_block(|block| {
            // SAFETY: as in `live_objects`.
            let header = unsafe { &*block.cast::<Header>() };
            if header.count() > 0 && gc_bits(header) & gc_flags::HIDDEN == 0 {
                count += 1;
            }
        });
    }
    drop(world);
    count
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
