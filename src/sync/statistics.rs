//! What the concurrency core costs, for `--stats`.
//!
//! Off by default: then each counting site is one relaxed load of a flag, on paths
//! that are about to do an atomic read-modify-write anyway. On: each thread counts in
//! its own record, so that counting makes no new shared cache lines.

use crate::registry;
use crate::shim::{Switch, Tally, switch};
use crate::thread::ThreadRecord;
use std::time::Duration;

switch! {
    static ENABLED;
}

/// Switches counting on or off.
pub fn enable(on: bool) {
    let flag: &Switch = &ENABLED;
    flag.set(on);
}

/// One thread's tallies. They outlive the thread: its record is recycled with them.
#[derive(Default)]
pub(crate) struct Counters {
    /// Atomic read-modify-writes on `shared` words, failed ones included.
    pub(crate) shared_writes: Tally,
    /// Locks taken by atomic operations: two read-modify-writes each, at least.
    pub(crate) locks: Tally,
    /// Counts merged, by the owner or for an id nobody has.
    pub(crate) merges: Tally,
    /// Objects given distributed counts.
    pub(crate) promotions: Tally,
    pub(crate) adoptions: Tally,
    /// Objects taken back from distributed counts.
    pub(crate) demotions: Tally,
    /// Blocks handed to QSBR.
    pub(crate) retired: Tally,
    /// Objects taken from the bias of their owners.
    pub(crate) revocations: Tally,
    /// Times this thread stopped the world.
    pub(crate) stops: Tally,
    /// The longest the world stood still for this thread, from request to resumption.
    pub(crate) longest_pause_nanoseconds: Tally,
}

/// Adds one to a tally of this thread, if counting is on.
#[inline(always)]
pub(crate) fn count(tally: impl FnOnce(&Counters) -> &Tally) {
    if ENABLED.get() {
        count_slow(tally);
    }
}

#[cold]
fn count_slow(tally: impl FnOnce(&Counters) -> &Tally) {
    if let Some(record) = ThreadRecord::current() {
        tally(&record.counters).add(1);
    }
}

/// Notes a stop of the world. Counted always: it is rare.
pub(crate) fn count_stop(record: Option<&ThreadRecord>, pause: Duration) {
    if let Some(record) = record {
        record.counters.stops.add(1);
        let nanoseconds = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
        record.counters.longest_pause_nanoseconds.raise(nanoseconds);
    }
}

/// The tallies of all threads so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Atomic read-modify-writes on shared count words, failed ones included.
    pub shared_writes: u64,
    /// Locks of objects, and of fields, taken by atomic operations.
    pub locks: u64,
    /// Biased counts merged.
    pub merges: u64,
    /// Objects given distributed counts.
    pub promotions: u64,
    /// Objects given to a thread that used them alone and had not made them.
    pub adoptions: u64,
    /// Objects taken back from distributed counts.
    pub demotions: u64,
    /// Blocks whose release had to wait for readers.
    pub retired: u64,
    /// Objects that another thread than their owner entered for the first time.
    pub revocations: u64,
    /// Stops of the world.
    pub stops: u64,
    /// The longest stop of the world.
    pub longest_pause: Duration,
}

impl Statistics {
    /// Atomic read-modify-writes on words and bytes that other threads may write too.
    pub fn atomic_writes(&self) -> u64 {
        // Taking a lock, and giving it back.
        self.shared_writes + 2 * self.locks
    }
}

/// Adds up the tallies of all threads, ended ones included. Other threads go on
/// counting meanwhile.
pub fn collect() -> Statistics {
    let mut sum = Statistics::default();
    for record in registry::records() {
        let counters = &record.counters;
        sum.shared_writes += counters.shared_writes.get();
        sum.locks += counters.locks.get();
        sum.merges += counters.merges.get();
        sum.promotions += counters.promotions.get();
        sum.adoptions += counters.adoptions.get();
        sum.demotions += counters.demotions.get();
        sum.retired += counters.retired.get();
        sum.revocations += counters.revocations.get();
        sum.stops += counters.stops.get();
        let pause = Duration::from_nanos(counters.longest_pause_nanoseconds.get());
        sum.longest_pause = sum.longest_pause.max(pause);
    }
    sum
}
