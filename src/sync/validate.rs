//! Checks of headers and counts: [`count`] and [`change`] in debug builds and with
//! `--features validate`, the others, which look at more than the caller has at hand, with the
//! feature alone.
//!
//! What has to hold of a header (`header.rs` has the picture):
//!
//! ```text
//!   owner    NOBODY, an id that has a record, DISTRIBUTED or IMMORTAL
//!   local    an owner's: not 0, or it would have let go        NOBODY: 0
//!   shared   DEFAULT, MAYBE_SHARED: count ≥ 0     MERGED: count ≥ 0, owner NOBODY (or about to be)
//!            QUEUED: any count, and local + count ≥ 1, for the queue holds one
//!   states   only grow, but for what is done with the world stopped (promotion, adoption, demotion)
//!   dead     NOBODY, MERGED/0: nobody counts it again, but who resurrects it
//!   slots    a distributed object is the one its slot is of; the sum over all tables is not negative,
//!            once what is not counted has been settled; a free slot is 0 in every table
//!   at rest  with the world stopped nobody holds or waits for an object's lock
//! ```
//!
//! What is wrong ends the process, in builds that abort when they panic: nothing can be trusted any more.

use crate::header::{
    Header, STATE_DEFAULT, STATE_MASK, STATE_MAYBE_SHARED, STATE_MERGED, STATE_QUEUED, shared_count,
};
use crate::mode::{DISTRIBUTED, IMMORTAL, NOBODY, owner_id};
use crate::registry;
use crate::shim::Ordering;
use crate::world::StoppedWorld;

/// Whether counts are looked at whenever they change.
const COUNTS: bool = cfg!(any(debug_assertions, feature = "validate"));

/// Whether everything is looked at.
pub const THOROUGH: bool = cfg!(feature = "validate");

/// Stops at a count that cannot be.
#[inline(always)]
pub(crate) fn count(header: &Header, holds: bool, otherwise: &str) {
    if COUNTS && !holds {
        invalid(header, otherwise);
    }
}

/// A `shared` word goes from one value to another.
#[inline(always)]
pub(crate) fn change(header: &Header, from: u32, to: u32) {
    if COUNTS {
        let (before, after) = (from & STATE_MASK, to & STATE_MASK);
        count(header, after >= before, "a state that goes back");
        let is_short = after != STATE_QUEUED && shared_count(to) < 0;
        count(header, !is_short, "a shared count below zero");
    }
}

/// An object that is destroyed, or freed: nobody refers to it.
#[inline(always)]
pub fn dead(header: &Header) {
    if THOROUGH {
        let is_dead = header.owner() == NOBODY
            && header.shared.load(Ordering::Relaxed) == STATE_MERGED
            && header.local.load(Ordering::Relaxed) == 0;
        count(header, is_dead, "an object that is counted is destroyed");
    }
}

/// Memory that is about to become an object: fresh, or as the last one there left it. A reader without
/// a lock that came late has not counted in it.
#[inline(always)]
pub(crate) fn vacant(header: &Header) {
    if THOROUGH {
        let shared = header.shared.load(Ordering::Relaxed);
        let is_vacant =
            header.owner() == NOBODY && (shared == STATE_MERGED || shared == STATE_DEFAULT);
        count(header, is_vacant, "an object is made where one is counted");
    }
}

/// An object that a thread counts in its table.
#[inline(always)]
pub(crate) fn slot(header: &Header) {
    if THOROUGH {
        let is_own = crate::distributed::has_slot(header);
        count(
            header,
            is_own,
            "a distributed object without a slot of its own",
        );
    }
}

/// A slot that is to be used again.
#[inline(always)]
pub(crate) fn free_slot(is_zero: impl FnOnce() -> bool) {
    if THOROUGH {
        assert!(is_zero(), "a free slot of distributed counts is not zero");
    }
}

/// A header that stands still, of an object that is alive or about to be destroyed. What threads refer
/// to without counting is counted, and their merge queues are empty.
pub fn at_rest(_world: &StoppedWorld, header: &Header) {
    if !THOROUGH {
        return;
    }
    let owner = header.owner();
    let local = header.local.load(Ordering::Relaxed);
    let word = header.shared.load(Ordering::Relaxed);
    let (state, shared) = (word & STATE_MASK, shared_count(word));
    let check = |holds, otherwise| count(header, holds, otherwise);
    check(
        header.lock.is_at_rest(),
        "a lock is held, or waited for, in a stopped world",
    );
    match owner {
        IMMORTAL => {}
        DISTRIBUTED => {
            check(state == STATE_MAYBE_SHARED, "a distributed object's state");
            slot(header);
            check(
                crate::distributed::estimate(header) >= 0,
                "a distributed count below zero",
            );
        }
        NOBODY => {
            check(state == STATE_MERGED, "nobody's object is not merged");
            check(local == 0, "nobody's object has an owner's count");
            check(shared >= 0, "a merged count below zero");
        }
        owner => {
            check(
                registry::record(owner).is_some(),
                "an owner that never was a thread",
            );
            check(local != 0, "an owner has let go and not said so");
            check(
                state == STATE_DEFAULT || state == STATE_MAYBE_SHARED,
                "an owner's object is merged, or queued in no queue",
            );
            check(shared >= 0, "a shared count below zero");
        }
    }
}

#[cold]
#[inline(never)]
pub(crate) fn invalid(header: &Header, what: &str) -> ! {
    panic!(
        "{what}: object at {header:p}, shape {}, lock {:#x}, gc {:#x}, owner {:#x} (this thread is {:#x}), \
         local {}, shared count {} in state {}",
        header.shape.load(Ordering::Relaxed),
        header.lock.byte(),
        header.gc.load(Ordering::Relaxed),
        header.owner.load(Ordering::Relaxed),
        owner_id(),
        header.local.load(Ordering::Relaxed),
        shared_count(header.shared.load(Ordering::Relaxed)),
        header.shared.load(Ordering::Relaxed) & STATE_MASK,
    );
}

#[cfg(all(test, feature = "validate"))]
mod tests {
    use super::*;
    use crate::distributed::{promote, sum};
    use crate::header::SHARED_ONE;
    use crate::mode::set_multithreaded;
    use crate::thread::ThreadRecord;
    use crate::world::stop_the_world;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::ptr::NonNull;

    /// What is said of what `misuse` does, as a registered and attached thread.
    fn complaint(misuse: impl FnOnce(&'static ThreadRecord)) -> String {
        set_multithreaded();
        let record = ThreadRecord::register().expect("an id is free");
        record.attach();
        let ended = catch_unwind(AssertUnwindSafe(|| misuse(record)));
        record.unregister(&mut |_| {});
        let said = ended.expect_err("nothing was noticed");
        said.downcast_ref::<String>().expect("a message").clone()
    }

    fn assert_says(said: &str, what: &str) {
        assert!(said.starts_with(what), "{said}");
    }

    #[test]
    fn destroying_what_is_counted_is_noticed() {
        let said = complaint(|me| dead(&Header::new_owned(7, me.owner_id())));
        assert_says(&said, "an object that is counted is destroyed");
    }

    #[test]
    fn making_an_object_where_one_is_counted_is_noticed() {
        let said = complaint(|me| {
            let header = Header::new_owned(7, me.owner_id());
            assert!(header.decref());
            // A reader that came late, and does not look whether it may.
            header
                .shared
                .store(STATE_MERGED + SHARED_ONE, Ordering::Relaxed);
            // SAFETY: nobody else knows the header.
            unsafe { Header::initialize(NonNull::from(&header), 7, me.owner_id()) };
        });
        assert_says(&said, "an object is made where one is counted");
    }

    #[test]
    fn states_that_go_back_are_noticed() {
        let header = Header::new_owned(7, 1);
        let said = complaint(|_| change(&header, STATE_MERGED, STATE_MAYBE_SHARED));
        assert_says(&said, "a state that goes back");
        let said = complaint(|_| change(&header, STATE_DEFAULT, !STATE_MASK));
        assert_says(&said, "a shared count below zero");
    }

    #[test]
    fn headers_that_cannot_be_are_noticed_in_a_stopped_world() {
        let misuses: [(fn(&Header), &str); 4] = [
            (|header| header.lock.lock(), "a lock is held"),
            (
                |header| header.owner.store(0xFFF0, Ordering::Relaxed),
                "an owner that never was",
            ),
            (
                |header| header.owner.store(NOBODY, Ordering::Relaxed),
                "nobody's object is not merged",
            ),
            (
                |header| header.shared.store(STATE_QUEUED, Ordering::Relaxed),
                "an owner's object is merged, or queued",
            ),
        ];
        for (misuse, what) in misuses {
            let said = complaint(|me| {
                let header = Header::new_owned(7, me.owner_id());
                let world = stop_the_world(me);
                at_rest(&world, &header);
                misuse(&header);
                at_rest(&world, &header);
            });
            assert_says(&said, what);
        }
    }

    #[test]
    fn distributed_counts_below_zero_are_noticed() {
        // Its slot refers to it for good.
        let header: &'static Header = Box::leak(Box::new(Header::new_owned(7, 1)));
        let said = complaint(|me| {
            let world = stop_the_world(me);
            assert!(promote(&world, header));
            drop(world);
            assert!(!header.decref());
            assert!(!header.decref());
            let world = stop_the_world(me);
            sum(&world, header);
        });
        assert_says(&said, "a distributed count below zero");
    }
}
