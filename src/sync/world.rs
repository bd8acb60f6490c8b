//! Stop the world: every thread but one suspended, at a safepoint or detached.
//!
//! One mutex, the registry's, guards the protocol; one bit in each thread's word, STOP,
//! carries it to the threads (`thread.rs` has the table).
//!
//! ```text
//!   running ──stopping = true──▶ stopping ──running threads = 0──▶ stopped
//!      ▲                                                              │
//!      └───────────── stopping = false, all STOP bits cleared ────────┘
//! ```
//!
//! * *Stopping.* With the registry locked, STOP is set in every record but the
//!   stopper's own. `running` is the number of them that were attached at that moment;
//!   each such thread clears ATTACHED exactly once before STOP is cleared, and then
//!   takes one off `running`. The one that takes the last wakes the stopper.
//! * *Attaching* fails on STOP and waits for the world to resume.
//! * *Starting threads* find `stopping` under the registry's lock and start with STOP.
//! * *Ending threads* become VACANT under the registry's lock and are counted as going.
//! * *A second stopper* detaches before it waits for its turn, so the first does not
//!   wait for it: it counts as stopped. When it has its turn nobody else is stopping,
//!   so it can attach again.
//! * *Resuming*: with the registry locked, STOP is cleared everywhere, those waiting to
//!   attach are woken, and the next stopper too.
//!
//! With a GIL the stopper holds it, so the others are all detached already; a waiting
//! second stopper has given it up.
//!
//! **Closing** the world, at the end of the interpreter, stops it, sets CLOSED in every other
//! record and starts it again: those threads sleep on for good where they would attach.
//!
//! **Fork** copies the one thread that calls it. [`prepare_fork`] stops the world, so
//! that no other thread holds an object's lock, and takes every mutex of this crate, so
//! that the child can release them; the child then makes the other threads' records
//! vacant.

use crate::distributed;
use crate::gil::GIL;
use crate::header::Header;
use crate::merge_queue;
use crate::mode::gil_enabled;
use crate::object_lock;
use crate::qsbr;
use crate::registry::{self, REGISTRY, RegistryState};
use crate::shim::{MutexGuard, Ordering, switch, wait};
use crate::statistics;
use crate::thread::{ATTACHED, STANDING_BY, ThreadRecord, VACANT, request};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Instant;

/// Proof that no other thread is attached. Dropping it starts the world again.
#[must_use]
pub struct StoppedWorld {
    stopper: Option<&'static ThreadRecord>,
    since: Instant,
    /// The thread that stopped the world starts it again.
    not_send: PhantomData<*const ()>,
}

/// Stops all other threads. The calling thread is attached, holds no lock, and must not
/// detach before it starts them again. Others may have stopped and started the world
/// before this returns.
pub fn stop_the_world(me: &'static ThreadRecord) -> StoppedWorld {
    stop(Some(me))
}

/// As [`stop_the_world`], also for a thread that has no record.
pub(crate) fn stop(me: Option<&'static ThreadRecord>) -> StoppedWorld {
    let since = Instant::now();
    let mut state = REGISTRY.lock();
    if state.stopping {
        drop(state);
        if let Some(me) = me {
            me.detach();
        }
        state = REGISTRY.lock();
        // The first stopper may have been the one that closes the world: then it is never this thread's
        // turn, and others must not wait for it.
        let is_closed =
            || me.is_some_and(|me| me.word.load(Ordering::Relaxed) & request::CLOSED != 0);
        while state.stopping || is_closed() {
            state = wait(&REGISTRY.resumed, state);
        }
        state.stopping = true;
        drop(state);
        if let Some(me) = me {
            me.attach();
        }
        state = REGISTRY.lock();
    } else {
        state.stopping = true;
    }
    let mut running = 0;
    for record in registry::records() {
        if me.is_some_and(|me| std::ptr::eq(me, record)) || record.is_vacant() {
            continue;
        }
        if record.word.fetch_or(request::STOP, Ordering::AcqRel) & ATTACHED != 0 {
            running += 1;
        }
    }
    // A thread that goes takes the lock to say so, hence not before this.
    state.running = running;
    if state.running > 0 {
        // Those that are still running may be waiting for this thread to leave its objects.
        if let Some(me) = me {
            object_lock::stand_by(me);
        }
        while state.running > 0 {
            state = wait(&REGISTRY.stopped, state);
        }
        if let Some(me) = me {
            me.withdraw(STANDING_BY);
        }
    }
    drop(state);
    StoppedWorld {
        stopper: me,
        since,
        not_send: PhantomData,
    }
}

impl Drop for StoppedWorld {
    fn drop(&mut self) {
        let mut state = REGISTRY.lock();
        for record in registry::records() {
            record.word.fetch_and(!request::STOP, Ordering::Release);
        }
        state.stopping = false;
        REGISTRY.resumed.notify_all();
        drop(state);
        statistics::count_stop(self.stopper, self.since.elapsed());
    }
}

impl StoppedWorld {
    /// Merges what waits in every thread's merge queue. `collect` gets each object that
    /// has no reference left, to destroy when the world runs again.
    pub fn drain_all_merge_queues(&self, collect: &mut dyn FnMut(NonNull<Header>)) {
        for record in registry::records() {
            merge_queue::drain(record, collect);
        }
    }

    /// Ends the owner's separate counting of an object and answers how many references
    /// it has. If 0, the caller must destroy the object.
    pub fn merge(&self, header: &Header) -> i64 {
        if header.is_distributed() {
            return distributed::demote(self, header);
        }
        if !header.is_immortal() {
            header.merge_local(0);
        }
        header.count()
    }

    /// [`StoppedWorld::merge`], with one more reference, which is the caller's. The object's words
    /// are touched by the caller alone.
    pub fn merge_and_incref(&self, header: &Header) {
        if header.is_distributed() {
            distributed::demote(self, header);
        }
        if !header.is_immortal() {
            header.merge_local(1);
        }
    }

    /// Whether a thread is destroying the object, or is about to: its last count is gone. The
    /// world may have stopped in the middle of that (a finalizer reached a safepoint, say). Its
    /// end is left to that thread. (Distributed counts are known to the collector alone.)
    pub fn is_dying(&self, header: &Header) -> bool {
        !header.is_immortal() && !header.is_distributed() && header.count() <= 0
    }

    /// How long the world has been stopped, or stopping.
    pub fn duration(&self) -> std::time::Duration {
        self.since.elapsed()
    }
}

switch! {
    /// See [`close_the_world`].
    static CLOSED;
}

/// Ends all other threads for Python: once this returns, none of them is attached and none ever
/// attaches again; they sleep when they try. The calling thread is attached and goes on alone, to end
/// the interpreter. Threads that are registered later never attach either.
pub fn close_the_world(me: &'static ThreadRecord) {
    let world = stop_the_world(me);
    CLOSED.set(true);
    let state = REGISTRY.lock();
    for record in registry::records() {
        if !std::ptr::eq(me, record) && !record.is_vacant() {
            record.word.fetch_or(request::CLOSED, Ordering::AcqRel);
        }
    }
    drop(state);
    drop(world);
}

/// Whether [`close_the_world`] was called.
pub fn is_closed() -> bool {
    CLOSED.get()
}

/// One thread that had been told to stop is no longer attached.
pub(crate) fn note_stopped(state: &mut RegistryState) {
    state.running -= 1;
    if state.running == 0 {
        REGISTRY.stopped.notify_all();
    }
}

/// Waits until STOP is cleared in `record`, whose thread is calling.
pub(crate) fn wait_until_resumed(record: &ThreadRecord) {
    let mut state = REGISTRY.lock();
    while record.word.load(Ordering::Relaxed) & (request::STOP | request::CLOSED) != 0 {
        state = wait(&REGISTRY.resumed, state);
    }
}

/// The world stopped and every mutex of this crate held, for `fork`.
#[must_use]
pub struct ForkGuard {
    // Dropped in this order: the mutexes, then the world.
    registry: MutexGuard<'static, RegistryState>,
    mutexes: (
        qsbr::ForkGuard,
        distributed::ForkGuard,
        object_lock::ForkGuard,
        crate::gil::ForkGuard,
    ),
    world: StoppedWorld,
    me: &'static ThreadRecord,
}

/// To be called before `fork`. In the parent, and when `fork` fails, drop the guard; in
/// the child call [`after_fork_child`] with it.
pub fn prepare_fork(me: &'static ThreadRecord) -> ForkGuard {
    let world = stop_the_world(me);
    let registry = REGISTRY.lock();
    let mutexes = (
        qsbr::prepare_fork(),
        distributed::prepare_fork(),
        object_lock::prepare_fork(),
        GIL.prepare_fork(),
    );
    ForkGuard {
        registry,
        mutexes,
        world,
        me,
    }
}

/// Makes the calling thread the only one. `destroy` gets the objects that turn out to
/// have no reference left.
pub fn after_fork_child(guard: ForkGuard, destroy: &mut dyn FnMut(NonNull<Header>)) {
    let ForkGuard {
        mut registry,
        mutexes,
        world,
        me,
    } = guard;
    drop(mutexes);
    if gil_enabled() {
        GIL.forget_waiters(me);
    }
    let mut dead = Vec::new();
    for record in registry::records() {
        if std::ptr::eq(record, me) || record.is_vacant() {
            continue;
        }
        qsbr::leave_limbo(record);
        record.merge_queue.lock.reset();
        merge_queue::drain(record, &mut |header| dead.push(header));
        record.word.store(VACANT, Ordering::Relaxed);
        registry::release(&mut registry, record);
    }
    drop(registry);
    drop(world);
    for header in dead {
        destroy(header);
    }
}
