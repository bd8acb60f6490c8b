//! When a collection is due.
//!
//! Live memory is what counts, as the allocator knows it: what reference counts free at once comes and
//! goes without making a collection due; garbage in cycles stays, so the heap grows by it.
//!
//! ```text
//!   due at   live × (1 + patience)      live: what the last collection left
//!   patience 1 ─ little of the growth was garbage ─▶ 2 ─▶ 4 ─▶ 8
//!            ◀──────── much of it was ──────────────────────┘
//! ```
//! A program that makes garbage is collected whenever its heap has doubled. One whose heap only grows
//! soon is left alone until it has grown by far: the cost stays a small share of what allocation
//! costs. Patience ends where memory does: growth beyond doubling is allowed up to a quarter of the
//! machine's memory.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use typhon_alloc::Kind;

use crate::context::Context;

/// Bytes by which the containers' heap may grow before the first collection, and the least between two.
const SMALLEST_GROWTH: usize = 8 << 20;
/// The same for all memory, buffers included: few objects in cycles may hold much of it.
const SMALLEST_GROWTH_OF_ALL: usize = 64 << 20;

/// Container allocations of a thread between two looks at the heap's size.
const LOOK_EVERY: u32 = 4096;

const MOST_PATIENCE: usize = 8;

static ENABLED: AtomicBool = AtomicBool::new(true);

/// Bytes of live containers at which the next collection is due.
static DUE: AtomicUsize = AtomicUsize::new(SMALLEST_GROWTH);
/// Bytes of all live memory at which it is due.
static DUE_OF_ALL: AtomicUsize = AtomicUsize::new(SMALLEST_GROWTH_OF_ALL);
/// By how much the heap may grow, in units of its size.
static PATIENCE: AtomicUsize = AtomicUsize::new(1);

/// `gc.enable()`, `gc.disable()`.
pub fn set_enabled(on: bool) {
    ENABLED.store(on, Ordering::Relaxed);
}

/// `gc.isenabled()`.
pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

thread_local! {
    static COUNTDOWN: std::cell::Cell<u32> = const { std::cell::Cell::new(LOOK_EVERY) };
}

/// A container was allocated. Now and then looks whether a collection is due and asks this thread
/// for one at its next safepoint.
#[inline(always)]
pub(crate) fn allocated(cx: &Context) {
    COUNTDOWN.with(|countdown| {
        let left = countdown.get();
        if left == 0 {
            countdown.set(LOOK_EVERY);
            look(cx);
        } else {
            countdown.set(left - 1);
        }
    });
}

#[cold]
fn look(cx: &Context) {
    if is_due() {
        cx.record.request(typhon_sync::request::COLLECT);
    }
}

/// Whether the heap has grown enough.
pub(super) fn is_due() -> bool {
    if !is_enabled() {
        return false;
    }
    let heap = Heap::now();
    // A heap that has shrunk meanwhile is due earlier; one whose buffers come and go is not.
    let due = due_after(heap.containers, SMALLEST_GROWTH);
    heap.containers >= DUE.fetch_min(due, Ordering::Relaxed)
        || heap.all >= DUE_OF_ALL.load(Ordering::Relaxed)
}

/// Live bytes, about: what was freed in pages that nobody looked at since counts.
pub(super) struct Heap {
    containers: usize,
    all: usize,
}

impl Heap {
    pub(super) fn now() -> Heap {
        Heap {
            containers: typhon_alloc::live_bytes_of(Kind::Container),
            all: Kind::ALL.map(typhon_alloc::live_bytes_of).iter().sum(),
        }
    }
}

/// What the last collection left.
static LEFT: AtomicUsize = AtomicUsize::new(0);
static LEFT_OF_ALL: AtomicUsize = AtomicUsize::new(0);

/// Makes the next collection due, after one that found the heap like `before`, with containers of
/// `garbage` bytes to free.
pub(super) fn set_due(before: &Heap, garbage: usize) {
    let left = Heap::now();
    let grown = before
        .containers
        .saturating_sub(LEFT.swap(left.containers, Ordering::Relaxed));
    let grown_in_all = before
        .all
        .saturating_sub(LEFT_OF_ALL.swap(left.all, Ordering::Relaxed));
    let freed_in_all = before.all.saturating_sub(left.all);
    let patience = PATIENCE.load(Ordering::Relaxed);
    let patience = if garbage >= grown / 4 || freed_in_all >= grown_in_all / 4 {
        1
    } else {
        (2 * patience).min(MOST_PATIENCE)
    };
    // One that came long before it was due says little.
    if grown >= left.containers / 2 || grown_in_all >= left.all / 2 {
        PATIENCE.store(patience, Ordering::Relaxed);
    }
    DUE.store(
        due_after(left.containers, SMALLEST_GROWTH),
        Ordering::Relaxed,
    );
    DUE_OF_ALL.store(
        due_after(left.all, SMALLEST_GROWTH_OF_ALL),
        Ordering::Relaxed,
    );
}

/// The live bytes at which a collection is due when there were `live` after the last one.
fn due_after(live: usize, smallest: usize) -> usize {
    let doubled = live.max(smallest);
    let room = (memory() / 4).saturating_sub(live);
    let patient = doubled.saturating_mul(PATIENCE.load(Ordering::Relaxed));
    live + patient.min(room).max(doubled)
}

/// Bytes of the machine's memory.
fn memory() -> usize {
    static MEMORY: OnceLock<usize> = OnceLock::new();
    *MEMORY.get_or_init(|| {
        let system = rustix::system::sysinfo();
        (system.totalram as usize).saturating_mul(system.mem_unit as usize)
    })
}
