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
//! **Who deserves it.** Threads tell of what they count and do not own (`samples.rs`). What
//! several use in turn is promoted. What a thread uses that does not own it, and no other, is
//! given to that thread ([`adopt`]): from then on it counts it as its own, and it is freed
//! promptly, as before. Both need the world stopped, so candidates wait in lists of their
//! threads until there is a [`BATCH`], or for [`LONGEST_WAIT`] operations; then a thread asks
//! itself, at its next safepoint, to have them served (PROMOTE). A list of candidates holds
//! addresses and no references, for nobody knows when it is served: a thread may go to sleep
//! first. The object may be gone by then, so whoever serves the lists looks, with the world
//! stopped, what is at the address, and whether it has been noted ([`Header::note`]).
//!
//! What has distributed counts dies late: at the next sweep. Threads that go to sleep
//! ask for one ([`are_there_any`]).

use crate::byte_lock::REVOKED;
use crate::header::{
    Header, STATE_MASK, STATE_MAYBE_SHARED, STATE_MERGED, STATE_QUEUED, shared_count, shared_word,
};
use crate::mode::{DISTRIBUTED, IMMORTAL, NOBODY};
use crate::registry::{self, REGISTRY};
use crate::samples::{self, Use};
use crate::shim::{
    AtomicI64, FIRST_TABLE_CAPACITY, LONGEST_WAIT, Mutex, MutexGuard, Ordering, SAMPLE_INTERVAL,
    UnsafeCell, const_fn, global, lock,
};
use crate::statistics;
use crate::thread::{ThreadRecord, request};
use crate::validate;
use crate::world::{StoppedWorld, stop_the_world};
use std::ptr::NonNull;

/// Candidates that are worth a stop of the world.
const BATCH: usize = 256;
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

/// What a thread has found out about the objects that it counts and does not own. Touched by
/// the thread alone; the lists also with the world stopped.
#[derive(Default)]
pub(crate) struct Watch {
    /// Operations noted, modulo 2³².
    ticks: u32,
    /// Addresses of headers, which may be gone.
    candidates: Candidates,
}

/// Objects that wait for the world to stop.
#[derive(Default)]
pub(crate) struct Candidates {
    /// Used in turn: to be promoted.
    shared: Vec<usize>,
    /// Used by this thread alone: to be its own.
    own: Vec<usize>,
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
            watch: UnsafeCell::new(Watch::default()),
        }
    }

    /// Takes the candidates. By the thread itself, or with the world stopped.
    pub(crate) fn take_candidates(&self) -> Candidates {
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
    validate::slot(header);
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

/// Is the slot that the header names the object's own? Not looked at while the table of slots is
/// somebody's.
pub(crate) fn has_slot(header: &Header) -> bool {
    let slot = header.local.load(Ordering::Relaxed) as usize;
    SLOTS.try_lock().map_or(true, |slots| {
        slots.objects.get(slot) == Some(&std::ptr::from_ref(header).cast_mut())
    })
}

/// Roughly how many references a distributed object has, with other threads counting.
pub(crate) fn estimate(header: &Header) -> i64 {
    let slot = header.local.load(Ordering::Relaxed) as usize;
    let base = lock(&SLOTS).base[slot];
    base + registry::records()
        .map(|record| record.counts.table.get(slot))
        .sum::<i64>()
}

/// Notes that this thread adds to the `shared` word of an object it does not own.
#[inline]
pub(crate) fn observe_incref(header: &Header) {
    let Some(record) = ThreadRecord::current() else {
        return;
    };
    let ticks = record.counts.watch.with_mut(|watch| {
        // SAFETY: only its own thread touches a watch while threads run.
        let watch = unsafe { &mut *watch };
        watch.ticks = watch.ticks.wrapping_add(1);
        watch.ticks
    });
    if ticks.is_multiple_of(SAMPLE_INTERVAL) {
        tell(record, header, ticks.is_multiple_of(LONGEST_WAIT));
    }
}

/// Notes that another thread changed a `shared` word while this one tried to.
#[cold]
pub(crate) fn observe_collision(header: &Header) {
    if let Some(record) = ThreadRecord::current() {
        tell(record, header, false);
    }
}

#[cold]
#[inline(never)]
fn tell(record: &ThreadRecord, header: &Header, is_time_over: bool) {
    let answer = samples::tell(header, record.id());
    let waiting = record.counts.watch.with_mut(|watch| {
        // SAFETY: only its own thread touches a watch while threads run.
        let candidates = unsafe { &mut (*watch).candidates };
        let list = match answer {
            Use::Unknown => None,
            Use::Alone => Some(&mut candidates.own),
            Use::InTurn => Some(&mut candidates.shared),
        };
        if let Some(list) = list {
            list.push(std::ptr::from_ref(header).expose_provenance());
        }
        candidates.shared.len() + candidates.own.len()
    });
    if waiting >= BATCH || (waiting > 0 && is_time_over) {
        record.request(request::PROMOTE);
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

/// Makes an object the own of the thread that has the id `owner`. False: its counts are
/// nobody's to move: it is immortal, distributed or dying, or waits in a merge queue.
pub fn adopt(_world: &StoppedWorld, header: &Header, owner: u16) -> bool {
    let former = header.owner.load(Ordering::Relaxed);
    let shared = header.shared.load(Ordering::Relaxed);
    let state = shared & STATE_MASK;
    if former == IMMORTAL || former == DISTRIBUTED || state == STATE_QUEUED {
        return false;
    }
    let total = i64::from(header.local.load(Ordering::Relaxed)) + i64::from(shared_count(shared));
    let Ok(local @ 1..) = u32::try_from(total) else {
        return false;
    };
    // The new owner has no bias: somebody who is not attached, for whom the world did not stop,
    // may be inside, or may be waiting for the former owner.
    header.lock.mark(REVOKED);
    let state = if state == STATE_MERGED {
        STATE_MAYBE_SHARED
    } else {
        state
    };
    header.local.store(local, Ordering::Relaxed);
    header
        .shared
        .store(shared_word(0, state), Ordering::Relaxed);
    header.owner.store(owner, Ordering::Relaxed);
    statistics::count(|counters| &counters.adoptions);
    true
}

/// How many references a distributed object has.
pub fn sum(_world: &StoppedWorld, header: &Header) -> i64 {
    debug_assert!(header.is_distributed());
    let total = estimate(header);
    validate::count(header, total >= 0, "a distributed count below zero");
    total
}

/// Takes an object's distributed counts back into its header, where it is merged, and
/// answers how many references there are. If 0, the caller must destroy the object.
pub fn demote(world: &StoppedWorld, header: &Header) -> i64 {
    let total = sum(world, header);
    let slot = header.local.load(Ordering::Relaxed);
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

/// What is to be done with objects that are asked for at their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To give them distributed counts: they will die late.
    Promote,
    /// To give them to the thread that uses them.
    Adopt,
}

/// Serves a PROMOTE request of the calling thread: stops the world, promotes what threads
/// use in turn, gives threads what each uses alone, and starts the world again. `find` answers
/// which objects are at the addresses of candidates, those that are wanted. `destroy` gets what a
/// sweep finds if one is due; `settle` is for that ([`sweep`]).
///
/// # Safety
/// What `find` answers is the header of an object, alive or dying.
pub unsafe fn serve_promotions(
    me: &'static ThreadRecord,
    find: &mut dyn FnMut(Vec<usize>, Purpose) -> Vec<NonNull<Header>>,
    settle: &mut dyn FnMut(&StoppedWorld),
    destroy: &mut dyn FnMut(NonNull<Header>),
) {
    let world = stop_the_world(me);
    let mut serve = |candidates, purpose, serve_one: &mut dyn FnMut(&Header)| {
        for header in find(candidates, purpose) {
            // SAFETY: by the caller's promise; with the world stopped it stays.
            let header = unsafe { header.as_ref() };
            if header.is_noted() {
                serve_one(header);
            }
        }
    };
    let mut shared = Vec::new();
    for record in registry::records() {
        let mut candidates = record.counts.take_candidates();
        shared.append(&mut candidates.shared);
        if !candidates.own.is_empty() && !record.is_vacant() {
            serve(candidates.own, Purpose::Adopt, &mut |header| {
                adopt(&world, header, record.owner_id());
            });
        }
    }
    if !shared.is_empty() {
        serve(shared, Purpose::Promote, &mut |header| {
            promote(&world, header);
        });
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
            validate::free_slot(|| {
                registry::records()
                    .map(|record| record.counts.table.get(slot as usize))
                    .chain([self.base[slot as usize]])
                    .all(|count| count == 0)
            });
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
