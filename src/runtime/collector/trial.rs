//! Finding garbage: what is not reached from the roots, and not referred to from outside.
//!
//! ```text
//!   1. mark all that is reached from modules and running threads
//!   2. for each container that is not: add its count to its word, and take one off the word of
//!      each such container that it refers to
//!   3. mark what has counts left (somebody outside refers to it), and all that this refers to
//! ```
//! What is not marked then is garbage. References that are not counted (an instance's to its class, by
//! its shape) count only in the marking.
//!
//! Mostly step 1 leaves little. It reads each object once; trial deletion alone would read it three
//! times, and write to what it refers to by atomic operations. Pages on which everything is marked are
//! not looked at again.
//!
//! In step 2 words wrap around: references may be taken off before the count is added.

use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use rayon::prelude::*;
use typhon_alloc::{Kind, PageRef, Place, SideTables};
use typhon_sync::{Header, StoppedWorld};

use super::mark::{MARKED, are_worth_workers, mark, mark_from};
use super::{outside_count, roots, traverse, validate};
use crate::value::Value;

/// The stopped world, for workers that read counts while the thread that stopped it waits for them.
pub(super) struct Shared<'a>(pub &'a StoppedWorld);

// SAFETY: the guard is only read: it proves that the world is stopped.
unsafe impl Sync for Shared<'_> {}

impl Shared<'_> {
    pub(super) fn world(&self) -> &StoppedWorld {
        self.0
    }
}

/// Objects for a worker to look at.
pub(super) struct Objects<'a>(pub &'a [NonNull<Header>]);

// SAFETY: addresses of objects that stand still while the world is stopped.
unsafe impl Sync for Objects<'_> {}

/// Objects found by a worker.
struct Batch(Vec<NonNull<Header>>);

// SAFETY: addresses of objects that stand still while the world is stopped.
unsafe impl Send for Batch {}

/// Finds garbage. `dead` have no count and are being destroyed: they are not garbage. Without memory
/// for what is to be noted there is none.
pub(super) fn find_garbage(world: &StoppedWorld, dead: &[NonNull<Header>]) -> Vec<NonNull<Header>> {
    let mut pages = typhon_alloc::pages(Kind::Container);
    // In the order of addresses; and so is what is found in them.
    pages.sort_unstable();
    let Some(mut tables) = SideTables::new(pages) else {
        return Vec::new();
    };
    for object in dead {
        // SAFETY: the object is alive until it is destroyed, after this.
        if let Some(place) = unsafe { Place::of(object.as_ptr().cast()) } {
            mark(place);
        }
    }
    let seeds = roots::mark_roots(world, &tables);
    // SAFETY: the world is stopped and roots are alive.
    unsafe { mark_from(&tables, seeds) };

    let doubtful = doubtful(tables.pages());
    if doubtful.is_empty() || !tables.add_counts(&doubtful) {
        return Vec::new();
    }
    let world = Shared(world);
    let seeds = each_page(&doubtful, |page, found| {
        count_references(world.world(), page, found);
    });
    // SAFETY: as above.
    unsafe { mark_from(&tables, seeds) };
    let seeds = each_page(&doubtful, |page, found| {
        page.for_each_unmarked(|block, place| {
            let left = place.count().load(Ordering::Relaxed);
            validate::trial_count(block, left);
            if left != 0 {
                mark(place);
                found.extend(NonNull::new(block.cast()));
            }
            true
        });
    });
    // SAFETY: as above.
    unsafe { mark_from(&tables, seeds) };
    let garbage = each_page(&doubtful, |page, found| {
        page.for_each_unmarked(|block, _| {
            found.extend(NonNull::new(block.cast()));
            true
        });
    });
    drop(tables);
    debug_assert!(garbage.is_sorted());
    garbage
}

/// Runs `look` for each page and returns all it found.
fn each_page(
    pages: &[PageRef],
    look: impl Fn(&PageRef, &mut Vec<NonNull<Header>>) + Sync,
) -> Vec<NonNull<Header>> {
    if !are_worth_workers(pages) {
        let mut found = Vec::new();
        pages.iter().for_each(|page| look(page, &mut found));
        return found;
    }
    let batches: Vec<Batch> = pages
        .par_iter()
        .fold(
            || Batch(Vec::new()),
            |mut batch, page| {
                look(page, &mut batch.0);
                batch
            },
        )
        .collect();
    let mut all = Vec::with_capacity(batches.iter().map(|batch| batch.0.len()).sum());
    for batch in batches {
        all.extend(batch.0);
    }
    all
}

/// The pages on which something is not marked.
fn doubtful(pages: &[PageRef]) -> Vec<PageRef> {
    if are_worth_workers(pages) {
        pages.par_iter().copied().filter(has_unmarked).collect()
    } else {
        pages.iter().copied().filter(has_unmarked).collect()
    }
}

fn has_unmarked(page: &PageRef) -> bool {
    let mut found = false;
    page.for_each_unmarked(|_, _| {
        found = true;
        false
    });
    found
}

/// Step 2 for a page. What counts as reached from outside, whatever its count says, is marked and found.
fn count_references(world: &StoppedWorld, page: &PageRef, found: &mut Vec<NonNull<Header>>) {
    page.for_each_unmarked(|block, place| {
        // SAFETY: a block with a shape is an object.
        let object = unsafe { NonNull::new_unchecked(block.cast::<Header>()) };
        // SAFETY: as above.
        let header = unsafe { object.as_ref() };
        // Its contents may be half dropped, so it is not looked into; what it still refers to counts
        // as referred to from outside.
        if world.is_dying(header) {
            place.mark().store(MARKED, Ordering::Relaxed);
            return true;
        }
        match outside_count(world, header) {
            None => {
                place.mark().store(MARKED, Ordering::Relaxed);
                found.push(object);
            }
            Some(count) => {
                // Relaxed, here and below: the next step follows a join.
                place.count().fetch_add(count, Ordering::Relaxed);
                // SAFETY: the object is alive, its contents are whole, and the world is stopped.
                unsafe { traverse(object, &mut take_off) };
            }
        }
        true
    });
}

fn take_off(value: &Value) {
    if let Some(object) = value.as_pointer()
        // SAFETY: the value keeps its object alive; the tables are there.
        && let Some(place) = unsafe { Place::of(object.as_ptr().cast()) }
        // What is marked needs no count, and its page may have no words.
        && place.mark().load(Ordering::Relaxed) == 0
    {
        place.count().fetch_sub(1, Ordering::Relaxed);
    }
}
