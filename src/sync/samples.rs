//! Which objects does a thread that does not own them use by itself, and which do several
//! threads use in turn?
//!
//! A thread that has counted an object it does not own tells, once in [`INTERVAL`] such
//! operations, which object that was; and whenever another thread was at the same count at
//! that moment. A table keyed by address remembers for each object who told last, and how
//! often that was another thread than before:
//!
//! * told of twice running by one thread, it is used by that thread *alone*, for now: the
//!   thread that owns it leaves it alone, or would be told of as a stranger itself once the
//!   object is no longer its own;
//! * with [`SHARED_SCORE`] changes of threads, it is used *in turn*. An object that is handed on
//!   once, in one direction, changes threads once.
//!
//! ```text
//!    63                              20 19     17      16 15                0
//!   ┌──────────────────────────────────┬─────────┬────────┬─────────────────┐
//!   │ address / 16, 44 bits            │ changes │ again  │ thread id       │
//!   └──────────────────────────────────┴─────────┴────────┴─────────────────┘
//! ```
//!
//! An address says little: objects come and go there. So the first to tell of an object
//! leaves a mark in it, and an object without one has not been told of before, whatever
//! the table says.
//!
//! These are hints. Entries are overwritten by objects that fall on the same place, and
//! by threads that tell at the same moment: then something is forgotten. Nothing is
//! decided by them but who counts an object where, and any thread may own any object, and
//! any object have distributed counts. So the table is read and written by relaxed
//! operations and is not modelled.

use crate::header::Header;
use crate::shim::{Hints, SAMPLED_OBJECTS, SHARED_SCORE, hints};

const THREAD_BITS: u32 = 16;
const AGAIN: u64 = 1 << THREAD_BITS;
const CHANGES_SHIFT: u32 = THREAD_BITS + 1;
const OBJECT_SHIFT: u32 = CHANGES_SHIFT + 3;

hints! {
    static TOLD: SAMPLED_OBJECTS;
}

/// What is known about an object that a thread tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nothing yet, or nothing new.
    Unknown,
    /// The thread that tells has used it by itself for a while.
    Alone,
    /// Threads use it in turn.
    InTurn,
}

/// Notes that the thread `id` counts the object `header`. An answer that says something is
/// given once.
#[cold]
pub(crate) fn tell(header: &Header, id: u16) -> Use {
    let is_known = header.note();
    note(&TOLD, std::ptr::from_ref(header).addr(), is_known, id)
}

fn note<const N: usize>(table: &Hints<N>, address: usize, is_known: bool, id: u16) -> Use {
    let object = address as u64 >> 4;
    // Fibonacci hashing.
    let place = (object.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % N;
    // Its place, or the one beside it.
    let beside = if N > 1 { place ^ 1 } else { place };
    let place = [place, beside]
        .into_iter()
        .find(|&place| table.get(place) >> OBJECT_SHIFT == object)
        .unwrap_or(if object.is_multiple_of(2) {
            place
        } else {
            beside
        });
    let told = table.get(place);
    let entry = |changes: u64, again| {
        object << OBJECT_SHIFT | changes << CHANGES_SHIFT | again | u64::from(id)
    };
    let changes = told >> CHANGES_SHIFT & 7;
    let (entry, answer) = if !is_known || told >> OBJECT_SHIFT != object {
        (entry(0, 0), Use::Unknown)
    } else if told as u16 != id {
        if changes + 1 == SHARED_SCORE {
            (0, Use::InTurn)
        } else {
            (entry(changes + 1, 0), Use::Unknown)
        }
    } else if told & AGAIN == 0 {
        (entry(changes, AGAIN), Use::Alone)
    } else {
        return Use::Unknown;
    };
    table.set(place, entry);
    answer
}

#[cfg(test)]
mod tests {
    use super::Use::{Alone, InTurn, Unknown};
    use super::*;

    #[test]
    fn what_threads_use_in_turn_is_shared() {
        let table = Hints::<8>::new();
        let told = [1, 2, 1].map(|id| note(&table, 0x7000_1230, true, id));
        assert_eq!(told, [Unknown, Unknown, InTurn]);
        let again = note(&table, 0x7000_1230, true, 1);
        assert_eq!(again, Unknown, "forgotten once it was told");
    }

    #[test]
    fn what_threads_hand_on_belongs_to_one_after_the_other() {
        let table = Hints::<8>::new();
        let told = [1, 1, 1, 2, 2, 2].map(|id| note(&table, 0x7000_1230, true, id));
        assert_eq!(told, [Unknown, Alone, Unknown, Unknown, Alone, Unknown]);
        assert_eq!(note(&table, 0x7000_1230, true, 1), InTurn, "it comes back");
    }

    #[test]
    fn what_its_predecessor_was_used_for_does_not_count() {
        let table = Hints::<8>::new();
        for id in [1, 2, 1, 1, 1, 2] {
            assert_eq!(note(&table, 0x7000_1230, false, id), Unknown);
        }
    }

    #[test]
    fn objects_on_the_same_place_displace_each_other() {
        let table = Hints::<1>::new();
        for round in 0..100 {
            assert_eq!(note(&table, 0x1000, true, 1 + round % 2), Unknown);
            assert_eq!(note(&table, 0x2000, true, 1 + round % 2), Unknown);
        }
    }
}
