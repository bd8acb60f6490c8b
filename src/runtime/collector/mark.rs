//! Marking: everything that some objects refer to, directly or not, found by several workers.
//!
//! ```text
//!   seeds ──▶ pool ◀──────── half of what a worker has, when another one has nothing
//!              │
//!              ▼
//!   worker:  stack ───▶ objects ───▶ runs ───▶ words ───▶ found ──┐
//!              ▲      header        buffer             mark       │  (prefetched)
//!              └──────────── marked now, if it was not ───────────┘
//! ```
//! A large heap is not in the processor's caches, so what an object's mark, its header and its buffer
//! say is asked for some steps before it is needed: objects, runs and what was found pass short queues.
//! The stack is there so that the neighbours of what was just looked at come next.
//!
//! Marks are plain bytes that are loaded and then stored. Two workers may both find an object
//! unmarked: then both look into it, which costs a little and changes nothing.
//!
//! Invariants: an object in a stack is marked; when the last worker ends, everything that a marked
//! object refers to is marked, or was marked by the caller before.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};
use typhon_alloc::{PageRef, Place, SideTables};
use typhon_sync::Header;

use crate::instance;
use crate::object::Run;
use crate::shape::{self, Shape};
use crate::value::Value;

/// The byte of an object that was reached.
pub(super) const MARKED: u8 = 1;

/// Objects, and runs, that are on their way from memory.
const AHEAD: usize = 16;
/// Words of a run that are looked at before what they refer to is.
const STEP: usize = 512;
/// Pages from which on rayon's workers take part: waking them, and starting them the first time, takes
/// longer than looking at fewer.
const PARALLEL_FROM: usize = 32;
/// A worker with less than this gives nothing away.
const WORTH_SHARING: usize = 64;

/// Whether rayon's workers are to look at the pages.
pub(super) fn are_worth_workers(pages: &[PageRef]) -> bool {
    pages.len() >= PARALLEL_FROM && are_there_workers()
}

/// Whether there are workers, or can be: a child of the process that started them has none.
pub(super) fn are_there_workers() -> bool {
    static STARTED_BY: AtomicU32 = AtomicU32::new(0);
    let here = std::process::id();
    match STARTED_BY.compare_exchange(0, here, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => true,
        Err(there) => there == here,
    }
}

/// Marks the object that is noted there. True: it was not marked before.
#[inline(always)]
pub(super) fn mark(place: Place) -> bool {
    let byte = place.mark();
    let fresh = byte.load(Ordering::Relaxed) == 0;
    if fresh {
        byte.store(MARKED, Ordering::Relaxed);
    }
    fresh
}

/// What there is to do, for whoever comes.
#[derive(Default)]
struct Pool {
    objects: Vec<Vec<NonNull<Header>>>,
    runs: Vec<Run>,
    /// Workers that have something to do, and may find more.
    busy: usize,
}

struct Shared {
    pool: Mutex<Pool>,
    changed: Condvar,
    /// Workers that wait.
    hungry: AtomicUsize,
}

// SAFETY: addresses of objects and words that stand still while the world is stopped.
unsafe impl Send for Pool {}

/// Marks what is reached from `seeds`, which are marked already.
///
/// # Safety
/// The world is stopped, the tables are those of all containers, and the seeds are alive.
pub(super) unsafe fn mark_from(tables: &SideTables, seeds: Vec<NonNull<Header>>) {
    if seeds.is_empty() {
        return;
    }
    let workers = if are_worth_workers(tables.pages()) {
        rayon::current_num_threads()
    } else {
        1
    };
    let share = seeds.len().div_ceil(workers).max(1);
    let shared = Shared {
        pool: Mutex::new(Pool {
            objects: seeds.chunks(share).map(<[_]>::to_vec).collect(),
            runs: Vec::new(),
            busy: 0,
        }),
        changed: Condvar::new(),
        hungry: AtomicUsize::new(0),
    };
    if workers == 1 {
        return Worker::new(&shared).work();
    }
    rayon::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|_| Worker::new(&shared).work());
        }
    });
}

/// A queue of a fixed length.
struct Ahead<T> {
    items: [Option<T>; AHEAD],
    first: usize,
    length: usize,
}

impl<T: Copy> Ahead<T> {
    fn new() -> Ahead<T> {
        Ahead {
            items: [None; AHEAD],
            first: 0,
            length: 0,
        }
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.length == AHEAD
    }

    #[inline(always)]
    fn push(&mut self, item: T) {
        self.items[(self.first + self.length) % AHEAD] = Some(item);
        self.length += 1;
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<T> {
        if self.length == 0 {
            return None;
        }
        let item = self.items[self.first];
        self.first = (self.first + 1) % AHEAD;
        self.length -= 1;
        item
    }
}

/// Asks for the memory at an address.
#[inline(always)]
fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which any address may be given to.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// A container that something refers to.
#[derive(Clone, Copy)]
struct Found {
    object: NonNull<Header>,
    place: Place,
}

struct Worker<'a> {
    shared: &'a Shared,
    stack: Vec<NonNull<Header>>,
    /// Runs that are begun, the rest of them.
    runs: Vec<Run>,
    objects_ahead: Ahead<NonNull<Header>>,
    runs_ahead: Ahead<Run>,
    found_ahead: Ahead<Found>,
    /// The shape that was seen last: its class is marked.
    shape: u32,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared) -> Worker<'a> {
        Worker {
            shared,
            stack: Vec::new(),
            runs: Vec::new(),
            objects_ahead: Ahead::new(),
            runs_ahead: Ahead::new(),
            found_ahead: Ahead::new(),
            shape: 0,
        }
    }

    fn work(mut self) {
        while self.take() {
            self.exhaust();
            let mut pool = self.shared.pool.lock();
            pool.busy -= 1;
            if pool.busy == 0 {
                self.shared.changed.notify_all();
            }
        }
    }

    /// Takes from the pool; waits for others to put something there. False: all is done.
    fn take(&mut self) -> bool {
        let mut pool = self.shared.pool.lock();
        loop {
            if let Some(objects) = pool.objects.pop() {
                self.stack = objects;
            } else if let Some(run) = pool.runs.pop() {
                self.runs.push(run);
            } else if pool.busy == 0 {
                return false;
            } else {
                self.shared.hungry.fetch_add(1, Ordering::Relaxed);
                self.shared.changed.wait(&mut pool);
                self.shared.hungry.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            pool.busy += 1;
            return true;
        }
    }

    /// Is there something to give away? Asked without the lock, for along a chain of objects, where one
    /// worker never has more than the next, the others wait all the time.
    #[inline(always)]
    fn has_to_spare(&self) -> bool {
        self.stack.len() >= WORTH_SHARING || self.runs.first().is_some_and(|run| run.count > STEP)
    }

    /// Gives half of what there is to do to those who wait.
    #[cold]
    fn share(&mut self) {
        let mut pool = self.shared.pool.lock();
        if !pool.objects.is_empty() || !pool.runs.is_empty() {
            return;
        }
        if let Some(run) = self.runs.first_mut()
            && run.count > STEP
        {
            let kept = run.count / 2;
            // SAFETY: within the run.
            let start = unsafe { run.start.add(kept) };
            pool.runs.push(Run::new(start, run.count - kept));
            run.count = kept;
        } else if self.stack.len() >= WORTH_SHARING {
            // The oldest lead farthest.
            let rest = self.stack.split_off(self.stack.len() / 2);
            pool.objects.push(std::mem::replace(&mut self.stack, rest));
        } else {
            return;
        }
        self.shared.changed.notify_one();
    }

    /// Works until nothing is left.
    fn exhaust(&mut self) {
        loop {
            while !self.objects_ahead.is_full()
                && let Some(object) = self.stack.pop()
            {
                prefetch(object.as_ptr());
                // Where its buffer is may be said in the next line.
                prefetch(object.as_ptr().wrapping_byte_add(size_of::<Header>() + 8));
                self.objects_ahead.push(object);
            }
            if let Some(object) = self.objects_ahead.pop() {
                self.look_into(object);
            } else if let Some(run) = self.runs_ahead.pop() {
                self.follow(run);
            } else if let Some(run) = self.runs.pop() {
                self.follow(run);
            } else if let Some(found) = self.found_ahead.pop() {
                self.reach(found);
            } else {
                return;
            }
            if self.shared.hungry.load(Ordering::Relaxed) != 0 && self.has_to_spare() {
                self.share();
            }
        }
    }

    #[inline(always)]
    fn look_into(&mut self, object: NonNull<Header>) {
        // SAFETY: marked objects are alive and the world is stopped.
        let id = unsafe { object.as_ref() }.shape();
        let shape = shape::get(id);
        if id != self.shape {
            self.shape = id;
            self.found(shape.class().as_value().bits());
        }
        match shape.layout.run {
            Some(run) => {
                // SAFETY: as above; the layout is that of the object.
                let run = unsafe { run(object) };
                if run.count != 0 {
                    // What lies in the object is there when its header is.
                    if run.start.addr().wrapping_sub(object.as_ptr().addr()) < 64 {
                        self.follow(run);
                    } else {
                        prefetch(run.start);
                        if self.runs_ahead.is_full()
                            && let Some(oldest) = self.runs_ahead.pop()
                        {
                            self.follow(oldest);
                        }
                        self.runs_ahead.push(run);
                    }
                }
            }
            None => {
                let mut found = |value: &Value| self.found(value.bits());
                // SAFETY: as above.
                unsafe { (shape.layout.traverse)(object, &mut found) };
            }
        }
        if shape.has_tail() {
            self.follow(tail(object, shape));
        }
    }

    /// Finds what the words refer to.
    #[inline(always)]
    fn follow(&mut self, mut run: Run) {
        if run.count > STEP {
            // SAFETY: within the run.
            let start = unsafe { run.start.add(STEP) };
            self.runs.push(Run::new(start, run.count - STEP));
            run.count = STEP;
        }
        for index in 0..run.count {
            // SAFETY: the run's words stand still while the world is stopped.
            self.found(unsafe { run.start.add(index).read() });
        }
    }

    #[inline(always)]
    fn found(&mut self, word: u64) {
        if word & 7 != 0 {
            return;
        }
        if let Some(object) = NonNull::new(word as *mut Header)
            // SAFETY: a value's object is alive; the tables are there while the caller waits.
            && let Some(place) = unsafe { Place::of(object.as_ptr().cast()) }
        {
            prefetch(place.mark());
            if self.found_ahead.is_full()
                && let Some(oldest) = self.found_ahead.pop()
            {
                self.reach(oldest);
            }
            self.found_ahead.push(Found { object, place });
        }
    }

    #[inline(always)]
    fn reach(&mut self, found: Found) {
        if mark(found.place) {
            self.stack.push(found.object);
        }
    }
}

/// Members, dict word and slots of an instance.
#[inline(always)]
fn tail(object: NonNull<Header>, shape: &Shape) -> Run {
    let extra = instance::variable_size(object, shape);
    let (begin, end) = (shape.tail_offset(extra), shape.instance_size(extra));
    // SAFETY: within the object.
    let start = unsafe { object.byte_add(begin) };
    Run::new(start.as_ptr().cast(), (end - begin) / size_of::<u64>())
}
