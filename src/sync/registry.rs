//! Thread ids: given out, looked up, recycled.
//!
//! An id and its [`ThreadRecord`] belong together and live for good; a thread that
//! ends leaves both for the next one. Objects owned by the id are inherited with it:
//! their `local` counts stay right, because a count does not care who counts.
//!
//! The list of records is written under the mutex of [`REGISTRY`] and read without it:
//! a record, once there, is never moved and never freed.

use crate::shim::{
    AtomicPtr, AtomicUsize, Condvar, MAXIMUM_THREADS, Mutex, MutexGuard, Ordering, array, const_fn,
    forever, global, lock,
};
use crate::thread::ThreadRecord;

/// All ids are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfThreadIds;

impl std::fmt::Display for OutOfThreadIds {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("can't start new thread: all thread ids are in use")
    }
}

impl std::error::Error for OutOfThreadIds {}

/// What the mutex of the registry guards: which ids are free, and the world's state.
pub(crate) struct RegistryState {
    /// Ids that have a record and no thread, the most recently used last.
    pub(crate) free: Vec<u16>,
    /// Threads that are registered.
    pub(crate) registered: usize,
    /// Somebody is stopping the world or has stopped it (`world.rs`).
    pub(crate) stopping: bool,
    /// Attached threads that have been told to stop and have not yet detached.
    pub(crate) running: usize,
}

/// All thread records there are, and the state they share.
pub(crate) struct Registry {
    /// The record with id `n` is at `n - 1`. Null, then a record for good.
    records: [AtomicPtr<ThreadRecord>; MAXIMUM_THREADS],
    /// How many of `records` are not null; they are the first ones.
    length: AtomicUsize,
    pub(crate) state: Mutex<RegistryState>,
    /// Signalled when `running` reaches 0.
    pub(crate) stopped: Condvar,
    /// Signalled when `stopping` becomes false.
    pub(crate) resumed: Condvar,
}

impl Registry {
    const_fn! {
        const fn new() -> Self {
            Self {
                records: array![AtomicPtr::new(std::ptr::null_mut()); MAXIMUM_THREADS],
                length: AtomicUsize::new(0),
                state: Mutex::new(RegistryState {
                    free: Vec::new(),
                    registered: 0,
                    stopping: false,
                    running: 0,
                }),
                stopped: Condvar::new(),
                resumed: Condvar::new(),
            }
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, RegistryState> {
        lock(&self.state)
    }
}

global! {
    pub(crate) static REGISTRY: Registry = Registry::new();
}

/// The record of `id`, if any thread has ever had that id.
pub(crate) fn record(id: u16) -> Option<&'static ThreadRecord> {
    let place = REGISTRY.records.get(usize::from(id).wrapping_sub(1))?;
    // Acquire: the record was written before it was put there.
    let record = place.load(Ordering::Acquire);
    // SAFETY: records are never freed.
    (!record.is_null()).then(|| unsafe { &*record })
}

/// Every record there is, vacant ones too. Records added meanwhile may be missed.
pub(crate) fn records() -> impl Iterator<Item = &'static ThreadRecord> {
    let length = REGISTRY.length.load(Ordering::Acquire);
    (1..=length).filter_map(|id| record(id as u16))
}

/// A record no thread has: a recycled one, or a new one under the next id.
pub(crate) fn claim(state: &mut RegistryState) -> Result<&'static ThreadRecord, OutOfThreadIds> {
    if let Some(id) = state.free.pop() {
        state.registered += 1;
        return Ok(record(id).expect("invariant: a free id has a record"));
    }
    let length = REGISTRY.length.load(Ordering::Relaxed);
    if length == MAXIMUM_THREADS {
        return Err(OutOfThreadIds);
    }
    let new = forever(ThreadRecord::new(length as u16 + 1));
    REGISTRY.records[length].store(new, Ordering::Release);
    REGISTRY.length.store(length + 1, Ordering::Release);
    state.registered += 1;
    // SAFETY: just made, and never freed.
    Ok(unsafe { &*new })
}

/// Gives back the id of a record that is vacant.
pub(crate) fn release(state: &mut RegistryState, record: &ThreadRecord) {
    state.registered -= 1;
    state.free.push(record.id());
}
