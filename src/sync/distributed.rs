//! Distributed counts: for objects that several threads keep counting at once.
//!
//! A count in `shared` costs each thread that changes it a cache miss when another has
//! just done so. An object on which that keeps happening is *promoted*: from then on
//! each thread counts it in a table of its own, by plain loads and stores, and nobody
//! writes to the header any more.
//!
//! ```text
//!   owned or merged ──promote, world stopped──▶ DISTRIBUTED, local = slot
//!          ▲                                          │
//!          └──────────demote, world stopped───────────┘ (MERGED, count = sum)
//!
//!   references in all = base[slot] + Σ over thread records of table[slot]
//! ```
//!
//! `base` holds what was counted before promotion, and by threads that are not
//! registered. The table of a thread that has ended stays with its record and goes on
//! counting in the sum; the next thread that gets the record counts on from there. A
//! single entry means nothing: one thread may take a reference and another drop it.
//! Only the sum does, and only with the world stopped: so [`sweep`] finds the objects that
//! nobody refers to any more. The collector sweeps, and so does a promotion once the
//! number of distributed objects has doubled.
//!
//! *Who touches a table*: its thread while attached; with the world stopped, whoever
//! stopped it (sums, zeroes, and grows all tables at once, so that a slot that exists
//! is within every table and the fast path need not ask).
//!
//! *Slots* are given out and recycled with the world stopped; a free slot is zero in
//! every table.
//!
//! **Who deserves it.** A thread watches its own operations on `shared` words it does
//! not own, in a small table keyed by address. What it finds in a header should be what
//! it left there; if it is not, another thread has been at the same cache line in
//! between. An object with [`PROMOTION_SCORE`] such surprises within [`WINDOW`]
//! operations (a failed compare-and-swap counts as [`COLLISION`]) becomes a candidate,
//! and the thread asks itself, at its next safepoint, to have it promoted (PROMOTE).
//!
//! Many objects may be shared without any of them being hot: the nodes of a graph that
//! all threads search. So each thread also takes a *sample* of its operations
//! (`samples.rs`), which tells of objects that several threads count in turn. Those
//! wait in the list of candidates until there is a batch of them.
//!
//! An object handed from one thread to another and used there by it alone surprises
//! nobody and stays as it is, and is freed promptly. A list of candidates holds addresses
//! and no references, for nobody knows when it is served: a thread may go to sleep first.
//! The object may be gone by then, so whoever serves the list looks, with the world
//! stopped, what is at the address, and whether it has been noted ([`Header::note`]).
//!
//! What has distributed counts dies late: at the next sweep. Threads that go to sleep
//! ask for one ([`are_there_any`]).

use crate::header::{Header, STATE_MAYBE_SHARED, STATE_MERGED, shared_count, shared_word};
use crate::mode::{DISTRIBUTED, IMMORTAL, NOBODY, multithreaded};
use crate::registry::{self, REGISTRY};
use crate::samples;
use crate::shim::{
    AtomicI64, FIRST_TABLE_CAPACITY, Mutex, MutexGuard, Ordering, PROMOTION_SCORE, UnsafeCell,
    WATCHED_OBJECTS, const_fn, global, lock,
};
use crate::statistics;
use crate::thread::{ThreadRecord, request};
use crate::world::{StoppedWorld, stop_the_world};
use std::ptr::NonNull;

/// Operations after which the surprises counted on an object are forgotten.
const WINDOW: u32 = 4096;
/// What a failed compare-and-swap adds to an object's score.
const COLLISION: u32 = 4;
/// Operations on other objects that may fall on an entry before it is given up.
const PATIENCE: u8 = 8;
/// Candidates found by samples that are worth a stop of the world.
const BATCH: usize = 256;
/// Operations after which fewer candidates than that are served too.
const LONGEST_WAIT: u32 = 1 << 14;
/// Distributed objects below which a promotion does not sweep.
const SMALLEST_SWEEP: usize = 1024;

/// One thread's counts. The index is the slot.
pub(crate) struct Table(UnsafeCell<Box<[AtomicI64]>>);

impl Table {
    fn with_capacity(capacity: usize) -> Self {
        Self(UnsafeCell::new(
            (0..capacity).map(|_| AtomicI64::new(0)).collect(),
        ))
    }

    #[inline(always)]
    fn entry<R>(&self, slot: usize, use_entry: impl FnOnce(&AtomicI64) -> R) -> R {
        self.0.with(|table| {
            // SAFETY: a table is replaced only while the world is stopped, and the
            // caller is attached or has stopped it; see the module.
            let table: &[AtomicI64] = unsafe { &*table };
            debug_assert!(slot < table.len());
            // SAFETY: a slot that exists is within every table; see the module.
            use_entry(unsafe { table.get_unchecked(slot) })
        })
    }

    #[inline(always)]
    fn add(&self, slot: usize, change: i64) {
        self.entry(slot, |entry| {
            // One thread writes; atomic only so that `estimate` may look.
            entry.store(entry.load(Ordering::Relaxed) + change, Ordering::Relaxed);
        });
    }

    fn get(&self, slot: usize) -> i64 {
        self.entry(slot, |entry| entry.load(Ordering::Relaxed))
    }

    fn clear(&self, slot: usize) {
        self.entry(slot, |entry| entry.store(0, Ordering::Relaxed));
    }

    /// With the world stopped.
    fn grow(&self, capacity: usize) {
        self.0.with_mut(|table| {
            // SAFETY: the world is stopped, so the table's thread does not use it.
            let table = unsafe { &mut *table };
            let mut entries = std::mem::take(table).into_vec();
            entries.resize_with(capacity, || AtomicI64::new(0));
            *table = entries.into_boxed_slice();
        });
    }
}

/// What all threads share of the distributed counts.
pub(crate) struct Slots {
    /// Counts not in any thread's table. As long as the tables are.
    base: Vec<i64>,
    /// Whose slot it is; null while it is free. As long as the tables are.
    objects: Vec<*mut Header>,
    /// Slots below `used` that have been given back.
    free: Vec<u32>,
    /// Slots ever given out.
    used: usize,
    /// Distributed objects at which a promotion sweeps.
    sweep_at: usize,
}

// SAFETY: the objects are looked at with the world stopped only.
unsafe impl Send for Slots {}

global! {
    static SLOTS: Mutex<Slots> = new_slots();
}

const_fn! {
    const fn new_slots() -> Mutex<Slots> {
        Mutex::new(Slots {
            base: Vec::new(),
            objects: Vec::new(),
            free: Vec::new(),
            used: 0,
            sweep_at: SMALLEST_SWEEP,
        })
    }
}

/// What a thread's watching of foreign counts has gathered. Touched by the thread
/// alone; `candidates` also with the world stopped.
pub(crate) struct Watch {
    entries: [WatchEntry; WATCHED_OBJECTS],
    /// Addresses of headers, which may be gone.
    candidates: Vec<usize>,
    /// Operations noted, modulo 2³².
    ticks: u32,
}

#[derive(Clone, Copy, Default)]
struct WatchEntry {
    /// Address of the header, never dereferenced: the object may be gone.
    address: usize,
    /// What this thread left in `shared`, and saw in `local`.
    shared: u32,
    local: u32,
    operations: u32,
    score: u32,
    patience: u8,
}

/// The distributed side of a thread record.
pub(crate) struct ThreadCounts {
    table: Table,
    watch: UnsafeCell<Watch>,
}

impl ThreadCounts {
    /// With the registry locked, so that no tables grow at the same time.
    pub(crate) fn new() -> Self {
        let capacity = lock(&SLOTS).base.len();
        Self {
            table: Table::with_capacity(capacity),
            watch: UnsafeCell::new(Watch {
                entries: [WatchEntry::default(); WATCHED_OBJECTS],
                candidates: Vec::new(),
                ticks: 0,
            }),
        }
    }

    /// Takes the candidates. By the thread itself, or with the world stopped.
    pub(crate) fn take_candidates(&self) -> Vec<usize> {
        // SAFETY: the thread is the caller or stands still.
        self.watch
            .with_mut(|watch| unsafe { std::mem::take(&mut (*watch).candidates) })
    }
}

/// Counts a distributed object for this thread. False: the thread is not registered, and
/// [`count_unregistered`] does it.
#[inline(always)]
pub(crate) fn count(header: &Header, change: i64) -> bool {
    let Some(record) = ThreadRecord::current() else {
        return false;
    };
    debug_assert!(record.is_attached(), "a detached thread counts");
    let slot = header.local.load(Ordering::Relaxed) as usize;
    record.counts.table.add(slot, change);
    true
}

/// Counts a distributed object for a thread that has no table.
#[cold]
pub(crate) fn count_unregistered(header: &Header, change: i64) {
    let slot = header.local.load(Ordering::Relaxed) as usize;
    lock(&SLOTS).base[slot] += change;
}

/// Roughly how many references a distributed object has, with other threads counting.
pub(crate) fn estimate(header: &Header) -> i64 {
    let slot = header.local.load(Ordering::Relaxed) as usize;
    let base = lock(&SLOTS).base[slot];
    base + registry::records()
        .map(|record| record.counts.table.get(slot))
        .sum::<i64>()
}

/// Notes that this thread is about to add to the `shared` word of an object it does
/// not own.
#[inline]
pub(crate) fn observe_incref(header: &Header) {
    if !multithreaded() {
        return;
    }
    let Some(record) = ThreadRecord::current() else {
        return;
    };
    record.counts.watch.with_mut(|watch| {
        // SAFETY: only its own thread touches a watch while threads run.
        let watch = unsafe { &mut *watch };
        watch.ticks = watch.ticks.wrapping_add(1);
        let contended = watch.note(header, 1) >= PROMOTION_SCORE;
        if contended {
            watch.forget(header);
        }
        let candidate = contended
            || (watch.ticks.is_multiple_of(samples::INTERVAL)
                && samples::is_shared(header, record.id()));
        if candidate {
            watch
                .candidates
                .push(std::ptr::from_ref(header).expose_provenance());
        }
        let waiting = watch.candidates.len();
        if contended
            || waiting >= BATCH
            || (waiting > 0 && watch.ticks.is_multiple_of(LONGEST_WAIT))
        {
            record.request(request::PROMOTE);
        }
    })
}

/// Notes that this thread is about to subtract from such a word.
#[inline]
pub(crate) fn observe_decref(header: &Header) {
    if !multithreaded() {
        return;
    }
    if let Some(record) = ThreadRecord::current() {
        // SAFETY: only its own thread touches a watch while threads run.
        record
            .counts
            .watch
            .with_mut(|watch| unsafe { (*watch).note(header, -1) });
    }
}

/// Notes that another thread changed a `shared` word while this one tried to.
#[cold]
pub(crate) fn observe_collision(header: &Header) {
    if let Some(record) = ThreadRecord::current() {
        // SAFETY: only its own thread touches a watch while threads run.
        record.counts.watch.with_mut(|watch| unsafe {
            let entry = (*watch).entry(header);
            if entry.address == address(header) {
                entry.score += COLLISION;
            }
        });
    }
}

fn address(header: &Header) -> usize {
    std::ptr::from_ref(header).addr()
}

impl Watch {
    fn entry(&mut self, header: &Header) -> &mut WatchEntry {
        // Fibonacci hashing; the low four bits of an address say nothing.
        let hash = (address(header) as u64 >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let length = self.entries.len();
        &mut self.entries[(hash >> 32) as usize % length]
    }

    /// Compares what is found with what was left. Answers the score.
    fn note(&mut self, header: &Header, change: i32) -> u32 {
        let local = header.local.load(Ordering::Relaxed);
        let shared = header.shared.load(Ordering::Relaxed);
        let entry = self.entry(header);
        let is_here = entry.address == address(header);
        if is_here && header.is_noted() {
            entry.operations += 1;
            entry.patience = PATIENCE;
            if entry.operations > WINDOW {
                entry.operations = 0;
                entry.score = 0;
            } else if shared_count(entry.shared) != shared_count(shared) || entry.local != local {
                entry.score += 1;
            }
        } else if !is_here && entry.patience > 0 {
            entry.patience -= 1;
            return 0;
        } else {
            header.note();
            *entry = WatchEntry {
                address: address(header),
                patience: PATIENCE,
                ..WatchEntry::default()
            };
        }
        entry.shared = shared_word(i64::from(shared_count(shared) + change), 0);
        entry.local = local;
        entry.score
    }

    fn forget(&mut self, header: &Header) {
        *self.entry(header) = WatchEntry::default();
    }
}

/// Gives an object distributed counts. False: it is immortal or dying, or has them already.
pub fn promote(_world: &StoppedWorld, header: &Header) -> bool {
    let owner = header.owner.load(Ordering::Relaxed);
    if owner == IMMORTAL || owner == DISTRIBUTED {
        return false;
    }
    let total = i64::from(header.local.load(Ordering::Relaxed))
        + i64::from(shared_count(header.shared.load(Ordering::Relaxed)));
    if total <= 0 {
        return false;
    }
    // The registry's lock keeps new records from being made with the old capacity.
    let registry = REGISTRY.lock();
    let mut slots = lock(&SLOTS);
    let slot = slots.take();
    slots.base[slot as usize] = total;
    slots.objects[slot as usize] = std::ptr::from_ref(header).cast_mut();
    drop(slots);
    drop(registry);
    header.local.store(slot, Ordering::Relaxed);
    // Not a count any more; neither of the words on which `try_incref` gives up.
    header.shared.store(STATE_MAYBE_SHARED, Ordering::Relaxed);
    header.owner.store(DISTRIBUTED, Ordering::Relaxed);
    statistics::count(|counters| &counters.promotions);
    true
}

/// How many references a distributed object has.
pub fn sum(_world: &StoppedWorld, header: &Header) -> i64 {
    debug_assert!(header.is_distributed());
    estimate(header)
}

/// Takes an object's distributed counts back into its header, where it is merged, and
/// answers how many references there are. If 0, the caller must destroy the object.
pub fn demote(_world: &StoppedWorld, header: &Header) -> i64 {
    debug_assert!(header.is_distributed());
    let slot = header.local.load(Ordering::Relaxed);
    let total = estimate(header);
    for record in registry::records() {
        record.counts.table.clear(slot as usize);
    }
    let mut slots = lock(&SLOTS);
    slots.base[slot as usize] = 0;
    slots.objects[slot as usize] = std::ptr::null_mut();
    slots.free.push(slot);
    header.local.store(0, Ordering::Relaxed);
    header
        .shared
        .store(shared_word(total, STATE_MERGED), Ordering::Relaxed);
    header.owner.store(NOBODY, Ordering::Relaxed);
    statistics::count(|counters| &counters.demotions);
    total
}

/// Are there distributed objects?
pub fn are_there_any() -> bool {
    let slots = lock(&SLOTS);
    slots.used > slots.free.len()
}

/// Demotes the distributed objects that nobody refers to. The caller must destroy them,
/// with the world running. `settle` counts the references that threads have not counted,
/// in the trust that what is distributed stays ([`Header::is_kept`]).
pub fn sweep(world: &StoppedWorld, settle: &mut dyn FnMut(&StoppedWorld)) -> Vec<NonNull<Header>> {
    settle(world);
    let objects = lock(&SLOTS).objects.clone();
    let mut dead = Vec::new();
    let mut alive = 0;
    for object in objects.into_iter().filter_map(NonNull::new) {
        // SAFETY: an object with a slot is alive: it is freed only once it was demoted.
        let header = unsafe { object.as_ref() };
        if !header.is_distributed() {
            // Made immortal since.
        } else if sum(world, header) == 0 {
            demote(world, header);
            dead.push(object);
        } else {
            alive += 1;
        }
    }
    lock(&SLOTS).sweep_at = (2 * alive).max(SMALLEST_SWEEP);
    dead
}

/// Serves a PROMOTE request of the calling thread: stops the world, promotes candidates,
/// and starts it again. `find` answers which objects are at the addresses of
/// candidates, those that are wanted. `destroy` gets what a sweep finds if one is due; `settle`
/// is for that ([`sweep`]).
///
/// # Safety
/// What `find` answers is the header of an object, alive or dying.
pub unsafe fn serve_promotions(
    me: &'static ThreadRecord,
    find: &mut dyn FnMut(Vec<usize>) -> Vec<NonNull<Header>>,
    settle: &mut dyn FnMut(&StoppedWorld),
    destroy: &mut dyn FnMut(NonNull<Header>),
) {
    let world = stop_the_world(me);
    let candidates = registry::records()
        .flat_map(|record| record.counts.take_candidates())
        .collect();
    for header in find(candidates) {
        // SAFETY: by the caller's promise; with the world stopped it stays.
        let header = unsafe { header.as_ref() };
        if header.is_noted() {
            promote(&world, header);
        }
    }
    let dead = if is_sweep_due() {
        sweep(&world, settle)
    } else {
        Vec::new()
    };
    drop(world);
    for header in dead {
        destroy(header);
    }
}

/// Are there many more distributed objects than the last sweep left?
fn is_sweep_due() -> bool {
    let slots = lock(&SLOTS);
    slots.used - slots.free.len() >= slots.sweep_at
}

impl Slots {
    /// A slot that is zero in all tables, which are grown if need be. With the world
    /// stopped and the registry locked.
    fn take(&mut self) -> u32 {
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        if self.used == self.base.len() {
            let capacity = (2 * self.used).max(FIRST_TABLE_CAPACITY);
            self.base.resize(capacity, 0);
            self.objects.resize(capacity, std::ptr::null_mut());
            for record in registry::records() {
                record.counts.table.grow(capacity);
            }
        }
        self.used += 1;
        (self.used - 1) as u32
    }
}

/// Holds this file's mutex across a fork.
pub(crate) struct ForkGuard(#[allow(dead_code)] MutexGuard<'static, Slots>);

pub(crate) fn prepare_fork() -> ForkGuard {
    ForkGuard(lock(&SLOTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty_watch() -> Watch {
        Watch {
            entries: [WatchEntry::default(); WATCHED_OBJECTS],
            candidates: Vec::new(),
            ticks: 0,
        }
    }

    /// What the thread itself does between two notes.
    fn change(header: &Header, by: i32) {
        let word = header.shared.load(Ordering::Relaxed);
        let count = i64::from(shared_count(word) + by);
        header
            .shared
            .store(shared_word(count, word & 3), Ordering::Relaxed);
    }

    /// A watch that has begun to look at `header`.
    fn watching(header: &Header) -> Watch {
        let mut watch = empty_watch();
        while watch.entry(header).address != address(header) {
            watch.note(header, 0);
        }
        watch
    }

    #[test]
    fn what_only_this_thread_changes_is_no_surprise() {
        let header = Header::new_owned(0, 1);
        let mut watch = watching(&header);
        for round in 0..10_000 {
            let by = if round % 3 == 0 { -1 } else { 1 };
            assert_eq!(watch.note(&header, by), 0);
            change(&header, by);
        }
    }

    #[test]
    fn what_others_change_is_scored_and_forgotten_after_a_while() {
        let header = Header::new_owned(0, 1);
        let mut watch = watching(&header);
        for round in 1..=10 {
            change(&header, 1);
            assert_eq!(watch.note(&header, 0), round, "a stranger's change");
            header.local.store(round + 1, Ordering::Relaxed);
            change(&header, -1);
            change(&header, 1);
            assert_eq!(watch.note(&header, 0), round + 1, "the owner's change");
            watch.entry(&header).score -= 1;
        }
        for _ in 0..WINDOW {
            watch.note(&header, 0);
        }
        assert_eq!(watch.note(&header, 0), 0);
    }

    #[test]
    fn an_object_in_use_is_not_displaced_by_passers_by() {
        let headers: Vec<Header> = (0..4 * WATCHED_OBJECTS)
            .map(|_| Header::new_owned(0, 1))
            .collect();
        let mut watch = watching(&headers[0]);
        for header in &headers {
            watch.note(header, 0);
            watch.note(&headers[0], 0);
        }
        assert_eq!(watch.entry(&headers[0]).address, address(&headers[0]));
        for _ in 0..=PATIENCE {
            for header in &headers[1..] {
                watch.note(header, 0);
            }
        }
        assert_ne!(watch.entry(&headers[0]).address, address(&headers[0]));
    }
}
