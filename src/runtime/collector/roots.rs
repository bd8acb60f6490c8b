//! Where to begin marking: what is in use for certain.
//!
//! Most of a heap is reached from the modules and from what threads are executing. That need not be
//! counted reference by reference: it is marked, and trial deletion is left with the rest. These
//! roots need not be complete. What only native code refers to, say, is found by its count.
//!
//! The words of a frame are taken for what they look like. A thread is stopped between two
//! instructions or inside native code; what a frame says of its operands may then be out of date, so a
//! word is believed only if an object that is alive begins there. One that was left behind keeps its
//! object until the next collection, at worst.

use std::ptr::NonNull;

use typhon_alloc::{Place, SideTables};
use typhon_sync::thread::ThreadRecord;
use typhon_sync::{Header, StoppedWorld};

use super::mark::mark;
use crate::context::Context;
use crate::interpreter;
use crate::object::{gc_bits, gc_flags};
use crate::value::Value;
use crate::vm::frame::Frame;

/// Marks the containers that modules and running threads refer to, and returns them.
pub(super) fn mark_roots(world: &StoppedWorld, tables: &SideTables) -> Vec<NonNull<Header>> {
    let mut roots = Roots {
        world,
        tables,
        found: Vec::new(),
    };
    roots.value(interpreter::modules().as_value());
    ThreadRecord::for_each(|record| {
        // SAFETY: null, or the context of a thread that cannot end while the world is stopped.
        if let Some(context) = unsafe { record.user_data().cast::<Context>().as_ref() } {
            context.traverse(&mut |value| roots.value(value));
            let mut frame = context.stack.frame.get();
            // SAFETY: the frames that a stopped thread is in, each of which names the next.
            while let Some(active) = unsafe { frame.as_ref() } {
                roots.frame(active);
                frame = active.previous;
            }
        }
    });
    roots.found
}

struct Roots<'a> {
    world: &'a StoppedWorld,
    tables: &'a SideTables,
    found: Vec<NonNull<Header>>,
}

impl Roots<'_> {
    fn value(&mut self, value: &Value) {
        if let Some(object) = value.as_pointer() {
            self.object(object);
        }
    }

    fn object(&mut self, object: NonNull<Header>) {
        // SAFETY: the object is alive; the tables are there.
        if let Some(place) = unsafe { Place::of(object.as_ptr().cast()) }
            && mark(place)
        {
            self.found.push(object);
        }
    }

    fn frame(&mut self, frame: &Frame) {
        if let Some(function) = &frame.function {
            self.word(function.as_value().bits());
        }
        if let Some(namespace) = &frame.namespace {
            self.word(namespace.bits());
        }
        let mut slot = frame.locals;
        while slot < frame.sp {
            // SAFETY: a frame's words are readable memory, up to its `sp`.
            unsafe {
                self.word(slot.read());
                slot = slot.add(1);
            }
        }
    }

    /// A word that may refer to a container.
    fn word(&mut self, word: u64) {
        if word & 7 == 0
            && let Some(block) = self.tables.block_at(word as usize)
            && let Some(object) = NonNull::new(block.cast::<Header>())
        {
            // SAFETY: a live block of the containers' pages is an object.
            let header = unsafe { object.as_ref() };
            if !self.world.is_dying(header) && gc_bits(header) & gc_flags::DOOMED == 0 {
                self.object(object);
            }
        }
    }
}
