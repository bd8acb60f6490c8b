//! How this process counts and locks: with a GIL or without, with one thread or more.
//!
//! ```text
//!                          who counts how                        locks
//!   GIL on                 every thread is owner 1: no RMW       plain loads, stores
//!   GIL off, one thread    owner 1 is the only thread: no RMW    plain loads, stores
//!   GIL off, more          owners biased, others atomic          compare-and-swap
//! ```
//!
//! `multithreaded` goes from false to true once, in free-threaded mode only, while the
//! single attached thread is outside every lock: it is that thread that starts the
//! second one ([`set_multithreaded`]), or the second thread has stopped it
//! (`ThreadRecord::register`). So no lock taken by plain stores is ever released, or
//! contended for, by the other protocol.

use crate::shim::{switch, thread_cell};

/// Owner id of an object whose two counts are merged: nobody counts in `local`.
pub const NOBODY: u16 = 0;
/// Owner id of an object that is never freed and never counted.
pub const IMMORTAL: u16 = 0xFFFF;
/// Owner id of an object counted in per-thread tables; `local` is its slot there.
pub const DISTRIBUTED: u16 = 0xFFFE;
/// What [`owner_id`] answers on a thread that is not registered. No header ever has
/// this owner, so such a thread can never take an owner's fast path by mistake.
pub const OUTSIDER: u16 = 0xFFFD;
/// What [`bias_id`] answers on a thread without bias. No header ever has this owner.
const NO_BIAS: u16 = 0xFFFC;
/// The owner id all threads share while there is a GIL.
pub const GIL_OWNER: u16 = 1;

switch! {
    /// Is there a GIL?
    static GIL;
}
switch! {
    /// Must counts and locks expect other threads?
    static MULTITHREADED;
}
thread_cell! {
    static OWNER_ID: u16 = OUTSIDER;
}
thread_cell! {
    static BIAS_ID: u16 = NO_BIAS;
}

/// Chooses the mode. To be called once at start-up, before the first thread is
/// registered.
pub fn initialize(gil: bool) {
    GIL.set(gil);
}

/// Is there a global interpreter lock?
#[inline(always)]
pub fn gil_enabled() -> bool {
    GIL.get()
}

/// Must counts and locks expect other threads at this moment? Never true with a GIL.
#[inline(always)]
pub fn multithreaded() -> bool {
    MULTITHREADED.get()
}

/// Announces a second thread. Called by the attached thread that is about to start
/// it, outside every lock. Does nothing when there is a GIL.
pub fn set_multithreaded() {
    if !gil_enabled() {
        MULTITHREADED.set(true);
    }
}

/// The id under which this thread owns objects: its own, [`GIL_OWNER`] when there is
/// a GIL, [`OUTSIDER`] when it is not registered.
#[inline(always)]
pub fn owner_id() -> u16 {
    OWNER_ID.with(|id| id.get())
}

/// Sets what [`owner_id`] answers on this thread.
pub(crate) fn set_owner_id(id: u16) {
    OWNER_ID.with(|cell| cell.set(id));
}

/// The owner of the objects that this thread may enter without their locks
/// (`object_lock.rs`): [`owner_id`], unless it has given up its bias.
#[inline(always)]
pub(crate) fn bias_id() -> u16 {
    BIAS_ID.with(|id| id.get())
}

/// Sets what [`bias_id`] answers on this thread.
pub(crate) fn set_bias_id(id: Option<u16>) {
    BIAS_ID.with(|cell| cell.set(id.unwrap_or(NO_BIAS)));
}
