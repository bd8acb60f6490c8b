//! Quiescent-state based reclamation: memory that readers without a lock may still be
//! reading is freed only after each of them has passed a safepoint.
//!
//! ```text
//!   SEQUENCE            counts up; it never is 0
//!   seen (per thread)   0: offline (detached, holds no borrowed address)
//!                       s: passed a safepoint when SEQUENCE was s or more
//!   batch               blocks unlinked before SEQUENCE was advanced to `goal`
//!
//!   a batch may be freed when every thread's seen is 0 or at least its goal
//! ```
//!
//! A block is retired by the thread that unlinked it, into the open batch of that
//! thread. Closing the batch advances SEQUENCE and makes the new value the batch's goal;
//! threads that have not seen it are asked to pass a safepoint (PENDING_FREES), and when
//! they do, or detach, they ask those who wait for it to look again.
//!
//! Why it is enough to look at `seen`:
//! * *An online reader that has seen the goal* read SEQUENCE with Acquire at a
//!   checkpoint. SEQUENCE is changed by AcqRel read-modify-writes only, so that read
//!   synchronizes with the advance to the goal, which follows the unlinking: all later
//!   reads of that thread find the block unlinked. Its earlier reads precede the store
//!   of `seen` (Release), which the freeing thread has loaded (Acquire).
//! * *An offline one* that is about to go online stores `seen`, then a sequentially
//!   consistent fence, then reads. The freeing thread unlinks, then such a fence, then
//!   loads `seen`. One of the two fences is first: either the freeing thread sees that
//!   the reader is online, or the reader sees the block unlinked.
//! * *A new thread* that the freeing thread does not find in the registry is an offline
//!   one by the same argument.
//!
//! While there is one thread, or a GIL, only the attached thread can be reading, so what it retires
//! is freed at once. A thread that is detached, or has no record (a worker of the collector, a thread
//! past its end), can find an empty page to give back all the same: what it retires waits in
//! `orphans`, for whoever is attached may be looking at it.

use crate::mode::multithreaded;
use crate::registry;
use crate::shim::{
    AtomicU8, AtomicU64, Mutex, MutexGuard, Ordering, RETIRE_BATCH, UnsafeCell, const_fn, fence,
    global, lock,
};
use crate::statistics;
use crate::thread::{ThreadRecord, request};
use std::collections::VecDeque;

const OFFLINE: u64 = 0;

/// Bytes of retired memory that close a batch however few the blocks are.
const BATCH_BYTES: usize = 1 << 20;

struct Retired {
    pointer: *mut u8,
    free: unsafe fn(*mut u8),
}

struct Batch {
    goal: u64,
    blocks: Vec<Retired>,
}

// SAFETY: retiring hands the blocks over; whoever holds the batch may free them.
unsafe impl Send for Batch {}

#[derive(Default)]
struct Limbo {
    open: Vec<Retired>,
    open_bytes: usize,
    /// By rising goal.
    closed: VecDeque<Batch>,
}

/// The reclamation side of a thread record.
pub(crate) struct QsbrThread {
    /// See the module. Written by the thread itself.
    seen: AtomicU64,
    /// Not 0 while the thread has batches that others have not let go yet. A hint: who
    /// passes a safepoint because of PENDING_FREES asks these threads to look again.
    waiting: AtomicU8,
    /// Touched by the thread alone, or with the world stopped.
    limbo: UnsafeCell<Limbo>,
}

impl QsbrThread {
    pub(crate) fn new() -> Self {
        Self {
            seen: AtomicU64::new(OFFLINE),
            waiting: AtomicU8::new(0),
            limbo: UnsafeCell::new(Limbo::default()),
        }
    }
}

/// State that belongs to no thread.
struct Shared {
    sequence: AtomicU64,
    /// Batches of threads that have ended.
    orphans: Mutex<VecDeque<Batch>>,
}

global! {
    static SHARED: Shared = Shared::new();
}

impl Shared {
    const_fn! {
        const fn new() -> Self {
            Self { sequence: AtomicU64::new(1), orphans: Mutex::new(VecDeque::new()) }
        }
    }
}

/// Frees a block that has just been unlinked, when no thread can be reading it.
///
/// # Safety
/// The block can no longer be reached by a thread that does not hold its address yet;
/// `free(pointer)` may be called once, on any attached thread or on one that ends.
pub unsafe fn retire(pointer: *mut u8, free: unsafe fn(*mut u8)) {
    // SAFETY: the caller's promise.
    unsafe { retire_sized(pointer, free, 0) }
}

/// As [`retire`], for a block whose size is known: large ones are not kept waiting
/// until a batch has gathered.
///
/// # Safety
/// As for [`retire`].
pub unsafe fn retire_sized(pointer: *mut u8, free: unsafe fn(*mut u8), bytes: usize) {
    let block = Retired { pointer, free };
    let Some(record) = ThreadRecord::current().filter(|record| record.is_attached()) else {
        retire_outside(block);
        return;
    };
    if !multithreaded() {
        // SAFETY: the caller's promise; nobody else is attached.
        unsafe { free(pointer) };
        return;
    }
    statistics::count(|counters| &counters.retired);
    let full = record.qsbr.limbo.with_mut(|limbo| {
        // SAFETY: the thread's own limbo.
        let limbo = unsafe { &mut *limbo };
        limbo.open.push(block);
        limbo.open_bytes += bytes;
        limbo.open.len() >= RETIRE_BATCH || limbo.open_bytes >= BATCH_BYTES
    });
    if full {
        close_batch(record);
    }
}

/// Retires a block on a thread that is not attached.
#[cold]
fn retire_outside(block: Retired) {
    statistics::count(|counters| &counters.retired);
    let blocks = vec![block];
    // Room is made, and the old buffer dropped, outside the lock: the allocator may come upon more pages
    // to retire, and be here again.
    let mut room = VecDeque::new();
    loop {
        let mut orphans = lock(&SHARED.orphans);
        if orphans.len() == orphans.capacity() {
            if room.capacity() <= orphans.len() {
                let wanted = 2 * orphans.len() + 8;
                drop(orphans);
                room = VecDeque::with_capacity(wanted);
                continue;
            }
            room.append(&mut orphans);
            std::mem::swap(&mut *orphans, &mut room);
        }
        // Under the lock: the batches are in the order of their goals.
        orphans.push_back(Batch {
            goal: advance(),
            blocks,
        });
        break;
    }
    for record in registry::records() {
        record.request(request::PENDING_FREES);
    }
}

/// Advances SEQUENCE past every unlinking this thread has done.
fn advance() -> u64 {
    SHARED.sequence.fetch_add(1, Ordering::AcqRel) + 1
}

/// Starts the grace period of the open batch, if it holds anything.
#[cold]
fn close_batch(record: &ThreadRecord) {
    let goal = record.qsbr.limbo.with_mut(|limbo| {
        // SAFETY: the thread's own limbo, or its thread stands still.
        let limbo = unsafe { &mut *limbo };
        if limbo.open.is_empty() {
            return None;
        }
        let goal = advance();
        limbo.open_bytes = 0;
        let blocks = std::mem::take(&mut limbo.open);
        limbo.closed.push_back(Batch { goal, blocks });
        Some(goal)
    });
    let Some(goal) = goal else { return };
    // Before the requests, which release it.
    record.qsbr.waiting.store(1, Ordering::Relaxed);
    for other in registry::records() {
        let seen = other.qsbr.seen.load(Ordering::Relaxed);
        if seen != OFFLINE && seen < goal {
            other.request(request::PENDING_FREES);
        }
    }
}

/// The thread holds no borrowed address at this moment.
pub fn checkpoint(record: &ThreadRecord) {
    record
        .qsbr
        .seen
        .store(SHARED.sequence.load(Ordering::Acquire), Ordering::Release);
}

/// The thread is attaching: from now on its reads count.
pub(crate) fn go_online(record: &ThreadRecord) {
    if multithreaded() {
        record
            .qsbr
            .seen
            .store(SHARED.sequence.load(Ordering::Acquire), Ordering::Relaxed);
        // See the module; pairs with the fence in `poll_reclaim`.
        fence(Ordering::SeqCst);
    } else {
        // It may read when the second thread starts; any number but 0 is right.
        record.qsbr.seen.store(1, Ordering::Relaxed);
    }
}

/// The thread is detaching: it holds no borrowed address until it attaches.
pub(crate) fn go_offline(record: &ThreadRecord) {
    record.qsbr.seen.store(OFFLINE, Ordering::Release);
}

/// Closes the open batch and frees what no thread can be reading any more. Called by
/// the record's thread.
pub fn poll_reclaim(record: &ThreadRecord) {
    close_batch(record);
    // See the module; pairs with the fence in `go_online`.
    fence(Ordering::SeqCst);
    let passed = registry::records()
        .map(|record| record.qsbr.seen.load(Ordering::Acquire))
        .filter(|&seen| seen != OFFLINE)
        .min()
        .unwrap_or(u64::MAX);
    // Freeing may retire more, so nothing is borrowed meanwhile.
    loop {
        let batch = record.qsbr.limbo.with_mut(|limbo| {
            // SAFETY: the thread's own limbo.
            pop_passed(unsafe { &mut (*limbo).closed }, passed)
        });
        let Some(batch) = batch else { break };
        batch.free();
    }
    record.qsbr.limbo.with(|limbo| {
        // SAFETY: the thread's own limbo.
        let waiting = u8::from(unsafe { !(*limbo).closed.is_empty() });
        record.qsbr.waiting.store(waiting, Ordering::Relaxed);
    });
    loop {
        let batch = pop_passed(&mut lock(&SHARED.orphans), passed);
        let Some(batch) = batch else { break };
        batch.free();
    }
}

/// Asks the threads that wait for others to pass a safepoint to look again: `passed`
/// has just done so because it was asked to, or has gone offline.
#[cold]
pub(crate) fn tell_waiting(passed: &ThreadRecord) {
    for record in registry::records() {
        if !std::ptr::eq(record, passed) && record.qsbr.waiting.load(Ordering::Relaxed) != 0 {
            record.request(request::PENDING_FREES);
        }
    }
}

fn pop_passed(batches: &mut VecDeque<Batch>, passed: u64) -> Option<Batch> {
    batches.pop_front_if(|batch| batch.goal <= passed)
}

impl Batch {
    fn free(self) {
        for block in self.blocks {
            // SAFETY: promised by whoever retired it; the grace period is over.
            unsafe { (block.free)(block.pointer) };
        }
    }
}

/// Leaves what a thread has retired to the others; the thread ends.
pub(crate) fn leave_limbo(record: &ThreadRecord) {
    close_batch(record);
    go_offline(record);
    let batches = record.qsbr.limbo.with_mut(|limbo| {
        // SAFETY: the thread's own limbo, or its thread is gone.
        std::mem::take(unsafe { &mut (*limbo).closed })
    });
    record.qsbr.waiting.store(0, Ordering::Relaxed);
    lock(&SHARED.orphans).extend(batches);
}

/// Holds this file's mutex across a fork.
pub(crate) struct ForkGuard(#[allow(dead_code)] MutexGuard<'static, VecDeque<Batch>>);

pub(crate) fn prepare_fork() -> ForkGuard {
    ForkGuard(lock(&SHARED.orphans))
}
