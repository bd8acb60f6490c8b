//! The global interpreter lock, for `--gil=on`.
//!
//! ```text
//!   free  ──acquire──▶ held by id
//!   held  ──release──▶ free: one waiter is woken and takes it if nobody is faster
//!   held  ──hand_over─▶ held by the waiter that was chosen: nobody can be faster
//! ```
//!
//! Attaching acquires and detaching releases. A waiter that has waited a whole switch
//! interval without any switch sets GIL_DROP on the holder, which hands the lock over
//! at its next safepoint. So a thread that blocks briefly gets the lock back cheaply,
//! and a thread that computes cannot keep it: whoever is in the queue gets its turn,
//! in the order that [`NextThread`] chooses.
//!
//! Everything here is under one mutex; each waiter sleeps on a condition variable of
//! its own. A waiter is in `waiting` from before it first sleeps until it holds the
//! lock; so whoever frees the lock while anybody waits wakes somebody.

use crate::registry;
use crate::shim::{Condvar, Mutex, MutexGuard, const_fn, global, lock, wait_for};
use crate::thread::{ThreadRecord, request};
use std::time::Duration;

/// How long a thread may keep the GIL while others wait, unless set otherwise.
pub const DEFAULT_SWITCH_INTERVAL: Duration = Duration::from_millis(5);

/// Chooses which waiting thread gets the GIL.
pub trait NextThread: Send {
    /// `waiting` holds ids of threads, at least one, in the order in which they came.
    /// Answers an index into it.
    fn choose(&mut self, waiting: &[u16]) -> usize;
}

/// First come, first served.
pub struct FirstCome;

impl NextThread for FirstCome {
    fn choose(&mut self, _waiting: &[u16]) -> usize {
        0
    }
}

/// Where a thread sleeps while it waits for the GIL.
pub(crate) struct GilWaiter(Condvar);

impl GilWaiter {
    pub(crate) fn new() -> Self {
        Self(Condvar::new())
    }
}

const FREE: u16 = 0;

pub(crate) struct GilState {
    /// Id of the thread that has the lock, or FREE.
    holder: u16,
    /// Ids of the threads that want it, in the order in which they came.
    waiting: Vec<u16>,
    /// How often the lock has been taken.
    switches: u64,
    interval: Duration,
    /// None: first come, first served.
    policy: Option<Box<dyn NextThread>>,
}

impl GilState {
    fn choose(&mut self) -> Option<usize> {
        if self.waiting.is_empty() {
            return None;
        }
        let chosen = self
            .policy
            .as_mut()
            .map_or(0, |policy| policy.choose(&self.waiting));
        Some(chosen.min(self.waiting.len() - 1))
    }

    fn take(&mut self, me: &ThreadRecord) {
        self.holder = me.id();
        self.switches += 1;
        self.waiting.retain(|&id| id != me.id());
        // What was asked of this thread was about the last time it had the lock.
        me.withdraw(request::GIL_DROP);
    }
}

/// The global interpreter lock.
pub(crate) struct Gil {
    state: Mutex<GilState>,
}

global! {
    pub(crate) static GIL: Gil = Gil::new();
}

impl Gil {
    const_fn! {
        const fn new() -> Self {
            Self {
                state: Mutex::new(GilState {
                    holder: FREE,
                    waiting: Vec::new(),
                    switches: 0,
                    interval: DEFAULT_SWITCH_INTERVAL,
                    policy: None,
                }),
            }
        }
    }

    /// Waits until the calling thread has the lock.
    pub(crate) fn acquire(&self, me: &ThreadRecord) {
        let mut state = lock(&self.state);
        if state.holder == FREE {
            state.take(me);
            return;
        }
        state.waiting.push(me.id());
        self.wait_for_turn(state, me);
    }

    fn wait_for_turn(&self, mut state: MutexGuard<'_, GilState>, me: &ThreadRecord) {
        while state.holder != FREE && state.holder != me.id() {
            let switches = state.switches;
            let interval = state.interval;
            let timed_out;
            (state, timed_out) = wait_for(&me.gil.0, state, interval);
            if timed_out
                && state.switches == switches
                && state.holder != me.id()
                && let Some(holder) = registry::record(state.holder)
            {
                holder.request(request::GIL_DROP);
            }
        }
        state.take(me);
    }

    /// Gives the lock up. Whoever comes first gets it.
    pub(crate) fn release(&self, me: &ThreadRecord) {
        let mut state = lock(&self.state);
        debug_assert_eq!(
            state.holder,
            me.id(),
            "the GIL released by a thread without it"
        );
        state.holder = FREE;
        Self::wake_one(&mut state);
    }

    fn wake_one(state: &mut GilState) {
        if let Some(chosen) = state.choose() {
            wake(state.waiting[chosen]);
        }
    }

    /// Gives the lock to a waiter, if there is one, and waits to get it back.
    pub(crate) fn hand_over(&self, me: &ThreadRecord) {
        let mut state = lock(&self.state);
        debug_assert_eq!(
            state.holder,
            me.id(),
            "the GIL handed over by a thread without it"
        );
        let Some(chosen) = state.choose() else {
            me.withdraw(request::GIL_DROP);
            return;
        };
        let next = state.waiting.remove(chosen);
        state.holder = next;
        state.waiting.push(me.id());
        wake(next);
        self.wait_for_turn(state, me);
    }

    /// After a fork: the calling thread is the only one.
    pub(crate) fn forget_waiters(&self, me: &ThreadRecord) {
        let mut state = lock(&self.state);
        state.waiting.clear();
        state.holder = me.id();
    }

    pub(crate) fn prepare_fork(&'static self) -> ForkGuard {
        ForkGuard(lock(&self.state))
    }
}

/// Holds the GIL's mutex across a fork.
pub(crate) struct ForkGuard(#[allow(dead_code)] MutexGuard<'static, GilState>);

fn wake(id: u16) {
    let record = registry::record(id).expect("invariant: a waiting thread has a record");
    record.gil.0.notify_one();
}

/// How long a thread may keep the GIL while others wait.
pub fn switch_interval() -> Duration {
    lock(&GIL.state).interval
}

/// Sets how long a thread may keep the GIL while others wait.
pub fn set_switch_interval(interval: Duration) {
    lock(&GIL.state).interval = interval;
}

/// Puts another rule in the place of [`FirstCome`].
pub fn set_next_thread(policy: Box<dyn NextThread>) {
    lock(&GIL.state).policy = Some(policy);
}
