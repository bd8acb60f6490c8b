//! Which objects do several threads count in turn?
//!
//! A thread that has counted an object it does not own tells, once in [`INTERVAL`] such
//! operations, which object that was. A table keyed by address remembers for each the
//! thread that told last and how often that was another one than before. An object that
//! threads hand on, in one direction, changes threads once or twice; only one that they
//! use side by side is told of in turn, [`SHARED_SCORE`] times.
//!
//! ```text
//!    63                                20 19      16 15                0
//!   ┌────────────────────────────────────┬──────────┬─────────────────┐
//!   │ address / 16, 44 bits              │ changes  │ thread id       │
//!   └────────────────────────────────────┴──────────┴─────────────────┘
//! ```
//!
//! An address says little: objects come and go there. So the first to tell of an object
//! leaves a mark in it, and an object without one has not been told of before, whatever
//! the table says.
//!
//! These are hints. Entries are overwritten by objects that fall on the same place, and
//! by threads that tell at the same moment: then something is forgotten. Nothing is
//! decided by them but that an object gets distributed counts, which any object may
//! have. So the table is read and written by relaxed operations and is not modelled.

use crate::header::Header;
use crate::shim::{Hints, SAMPLED_OBJECTS};

/// Operations between two that are told of.
pub(crate) const INTERVAL: u32 = 16;
/// Changes of threads that make an object a shared one.
const SHARED_SCORE: u64 = 2;

const THREAD_BITS: u32 = 16;
const SCORE_BITS: u32 = 4;

static TOLD: Hints<SAMPLED_OBJECTS> = Hints::new();

/// Notes that the thread `id` counts the object `header`. True: threads do so in turn. It
/// is forgotten then.
#[cold]
pub(crate) fn is_shared(header: &Header, id: u16) -> bool {
    let is_known = header.note();
    note(&TOLD, std::ptr::from_ref(header).addr(), is_known, id)
}

fn note<const N: usize>(table: &Hints<N>, address: usize, is_known: bool, id: u16) -> bool {
    let object = address as u64 >> 4;
    // Fibonacci hashing.
    let place = (object.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % N;
    // Its place, or the one beside it.
    let beside = if N > 1 { place ^ 1 } else { place };
    let place = [place, beside]
        .into_iter()
        .find(|&place| table.get(place) >> (THREAD_BITS + SCORE_BITS) == object)
        .unwrap_or(if object.is_multiple_of(2) {
            place
        } else {
            beside
        });
    let told = table.get(place);
    let score = if !is_known || told >> (THREAD_BITS + SCORE_BITS) != object {
        0
    } else {
        let score = (told >> THREAD_BITS) & ((1 << SCORE_BITS) - 1);
        if told as u16 == id {
            return false;
        }
        score + 1
    };
    if score == SHARED_SCORE {
        table.set(place, 0);
        return true;
    }
    table.set(
        place,
        (object << SCORE_BITS | score) << THREAD_BITS | u64::from(id),
    );
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_use_in_turn_is_shared() {
        let table = Hints::<8>::new();
        let told = [1, 2, 2, 1].map(|id| note(&table, 0x7000_1230, true, id));
        assert_eq!(told, [false, false, false, true]);
        assert!(
            !note(&table, 0x7000_1230, true, 1),
            "forgotten once it was told"
        );
    }

    #[test]
    fn what_threads_hand_on_is_not() {
        let table = Hints::<8>::new();
        for id in [1, 1, 1, 2, 2, 2, 2] {
            assert!(!note(&table, 0x7000_1230, true, id));
        }
    }

    #[test]
    fn what_its_predecessor_was_used_for_does_not_count() {
        let table = Hints::<8>::new();
        for id in [1, 2, 1, 2, 1, 2] {
            assert!(!note(&table, 0x7000_1230, false, id));
        }
    }

    #[test]
    fn objects_on_the_same_place_displace_each_other() {
        let table = Hints::<1>::new();
        for round in 0..100 {
            assert!(!note(&table, 0x1000, true, 1 + round % 2));
            assert!(!note(&table, 0x2000, true, 1 + round % 2));
        }
    }
}
