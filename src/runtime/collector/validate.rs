//! With `--features validate`: what must hold of the whole heap while the world is stopped.
//!
//! ```text
//!   header      sync/validate.rs                      shape    there is one; its kind is the page's
//!   size        what the shape says fits the block    bits     none that nobody has given a meaning
//!   references  what an object refers to is an object, alive; and for each object that is counted
//!                   references from live containers ≤ count
//!   trial       what is left of a count, once inner references are taken off, is not negative
//! ```
//! A container that shows a reference which it does not count would have that object freed while it is in
//! use; one that dropped a count too many, likewise. Here both are noticed at the next collection, with
//! the names of those concerned, not when the memory is used by another.
//!
//! What is dying is left out: its contents may be half dropped. Without the feature the functions are
//! empty.

use std::ptr::NonNull;

use rustc_hash::FxHashMap;
use typhon_alloc::{Kind, PageRef};
use typhon_sync::validate::{THOROUGH, at_rest};
use typhon_sync::{Header, StoppedWorld};

use super::{MOST_COUNTED, traverse};
use crate::instance;
use crate::object::{gc_bits, gc_flags};
use crate::shape;
use crate::value::Value;

/// The bits of the header's `gc` byte that mean something.
const KNOWN_BITS: u8 = gc_flags::FINALIZED
    | gc_flags::HAS_WEAK_REFERENCES
    | gc_flags::DOOMED
    | gc_flags::FROZEN
    | gc_flags::UNREACHABLE
    | typhon_sync::header::GC_NOTED;

/// Checks all objects and the references between them, after what threads refer to has been counted.
#[inline(always)]
pub(super) fn heap(world: &StoppedWorld) {
    if THOROUGH {
        let mut references = FxHashMap::default();
        for kind in [Kind::Container, Kind::Plain] {
            for page in typhon_alloc::pages(kind) {
                page.for_each_block(|block| object(world, &page, block, &mut references));
            }
        }
        targets(world, &references);
    }
}

/// What is left of an object's count once the references from among the doubtful are taken off.
#[inline(always)]
pub(super) fn trial_count(object: *mut u8, word: u32) {
    if THOROUGH && word > MOST_COUNTED {
        broken(
            object.cast(),
            "a trial count below zero",
            word as i32 as i64,
        );
    }
}

/// Garbage whose contents are dropped: nothing refers to it but the collector.
#[inline(always)]
pub(super) fn given_up(object: NonNull<Header>) {
    if THOROUGH {
        // SAFETY: the collector holds a count.
        let header = unsafe { object.as_ref() };
        if !header.is_immortal() && header.count() != 1 {
            broken(
                object.as_ptr(),
                "garbage that is referred to",
                header.count(),
            );
        }
    }
}

/// Checks one object, and notes what it refers to.
fn object(
    world: &StoppedWorld,
    page: &PageRef,
    block: *mut u8,
    references: &mut FxHashMap<usize, i64>,
) {
    let object: NonNull<Header> =
        NonNull::new(block.cast()).expect("invariant: blocks have addresses");
    // SAFETY: a block with a shape is an object.
    let header = unsafe { object.as_ref() };
    let check = |holds: bool, otherwise: &str| {
        if !holds {
            broken(block.cast(), otherwise, header.count());
        }
    };
    check(shape::exists(header.shape()), "a shape that there is not");
    check(gc_bits(header) & !KNOWN_BITS == 0, "unknown bits");
    at_rest(world, header);
    let is_doomed = gc_bits(header) & gc_flags::DOOMED != 0;
    if world.is_dying(header) || is_doomed {
        return;
    }
    let shape = shape::get(header.shape());
    check(
        shape.kind == page.kind(),
        "an object in the wrong kind of page",
    );
    let size = shape.instance_size(instance::variable_size(object, shape));
    check(size <= page.block_size(), "an object larger than its block");
    if page.kind() == Kind::Container {
        let mut note = |value: &Value| {
            if let Some(target) = value.as_pointer() {
                *references.entry(target.as_ptr().addr()).or_default() += 1;
            }
        };
        // SAFETY: the object is alive and the world stopped.
        unsafe { traverse(object, &mut note) };
    }
}

/// Checks what is referred to.
fn targets(world: &StoppedWorld, references: &FxHashMap<usize, i64>) {
    let mut objects: Vec<usize> = references.keys().copied().collect();
    typhon_alloc::retain_objects(&mut objects);
    for (&address, &found) in references {
        let object: *mut Header = std::ptr::with_exposed_provenance_mut(address);
        if objects.binary_search(&address).is_err() {
            broken(object, "a reference to what is no object", found);
        }
        // SAFETY: an object, which stands still.
        let header = unsafe { &*object };
        let count = if header.is_distributed() {
            typhon_sync::distributed::sum(world, header)
        } else {
            header.count()
        };
        if !header.is_immortal() && found > count {
            broken(object, "more references than are counted", found);
        }
    }
}

#[cold]
#[inline(never)]
fn broken(object: *mut Header, what: &str, number: i64) -> ! {
    // SAFETY: at worst memory that was an object; the process ends.
    let header = unsafe { &*object };
    eprintln!(
        "typhon: {what} ({number}): {} at {object:p}, count {}, owner {:#x}, gc {:#x}, lives in {:?}",
        describe(header),
        header.count(),
        header.owner(),
        gc_bits(header),
        typhon_alloc::pages(Kind::Container)
            .iter()
            .map(|page| referrers(page, object))
            .collect::<Vec<_>>()
            .concat(),
    );
    std::process::abort();
}

fn describe(header: &Header) -> &'static str {
    if shape::exists(header.shape()) {
        shape::get(header.shape()).layout.name
    } else {
        "something without a shape"
    }
}

/// What refers to the object, by name.
fn referrers(page: &PageRef, target: *mut Header) -> Vec<&'static str> {
    let mut found = Vec::new();
    page.for_each_block(|block| {
        let object: NonNull<Header> = NonNull::new(block.cast()).expect("invariant: as above");
        // SAFETY: a block with a shape is an object.
        let header = unsafe { object.as_ref() };
        if header.count() <= 0 || gc_bits(header) & gc_flags::DOOMED != 0 {
            return;
        }
        let mut look = |value: &Value| {
            if value
                .as_pointer()
                .is_some_and(|other| other.as_ptr() == target)
            {
                found.push(describe(header));
            }
        };
        // SAFETY: alive, and the world is stopped.
        unsafe { traverse(object, &mut look) };
    });
    found
}
