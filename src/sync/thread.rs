//! What the core knows of a thread: attached or not, and what others ask of it.
//!
//! A thread that is *attached* may run Python code and touch objects; before anything
//! that may block it *detaches*. All of its state is one word, changed by atomic
//! read-modify-writes only:
//!
//! ```text
//!   bit 0  ATTACHED   set and cleared by the thread itself
//!   bit 1  VACANT     no thread has this record; changed with the registry and the
//!                     merge queue locked
//!   bit 2  STOP       the world is stopping or stopped; set and cleared by whoever
//!                     stops it, with the registry locked
//!   3..    requests   set by anyone, cleared by the thread at a safepoint
//!
//!   STOP ATTACHED
//!     0     0     detached
//!     0     1     attached, running
//!     1     1     attached, on its way to a safepoint (or to detaching)
//!     1     0     suspended: may not attach
//! ```
//!
//! A thread that has stopped the world, but for some that are still running, stays attached
//! and waits for them. Meanwhile it is inside no object, which STANDING_BY says
//! (`object_lock.rs`).
//!
//! One request is for good: CLOSED, set when the world is closed (`world.rs`), keeps the
//! thread from attaching as STOP does.
//!
//! Since STOP and ATTACHED share a word, "is it running?" and "it may not start" are
//! one `fetch_or` for the stopper, and "I am going" and "does anybody wait for that?"
//! one `fetch_and` for the thread: neither can miss the other, and no sequentially
//! consistent fence is needed. A thread that clears ATTACHED while STOP is set tells
//! the stopper (`world.rs`), once: it cannot attach again before STOP is cleared.
//!
//! A poll is one relaxed load: the word of a running thread of which nothing is asked
//! equals ATTACHED. Requests are hints to come to a safepoint; what they are about is
//! read there under locks of its own, hence Relaxed suffices for polling.
//!
//! Orderings: clearing ATTACHED is Release and pairs with the stopper's Acquire (or
//! with the registry's mutex), so that a stopped world can be read; clearing STOP is
//! Release and pairs with the Acquire of attaching, so that what was done meanwhile is
//! seen.

use crate::distributed::ThreadCounts;
use crate::gil::{GIL, GilWaiter};
use crate::header::Header;
use crate::merge_queue::{self, MergeQueue};
use crate::mode::{self, GIL_OWNER, OUTSIDER, gil_enabled, multithreaded, set_multithreaded};
use crate::object_lock::{self, BiasState};
use crate::qsbr::{self, QsbrThread};
use crate::registry::{self, OutOfThreadIds, REGISTRY};
use crate::shim::{AtomicPtr, AtomicU32, Ordering, layout, thread_cell};
use crate::statistics::Counters;
use crate::world;
use std::ptr::NonNull;

/// Reasons for a thread to come to a safepoint.
pub mod request {
    /// Suspend: the world is stopping. Served by `safepoint` itself.
    pub const STOP: u32 = 1 << 2;
    /// Yield the GIL. Served by `safepoint` itself.
    pub const GIL_DROP: u32 = 1 << 3;
    /// Retired memory waits for this thread to pass. Served by `safepoint` itself.
    pub const PENDING_FREES: u32 = 1 << 4;
    /// A signal has arrived for the main thread.
    pub const SIGNAL: u32 = 1 << 5;
    /// An exception is to be raised in this thread.
    pub const ASYNC_EXCEPTION: u32 = 1 << 6;
    /// The merge queue is not empty. Served by `merge_what_waits`.
    pub(crate) const MERGE: u32 = 1 << 7;
    /// A collection is due.
    pub const COLLECT: u32 = 1 << 8;
    /// There are candidates for distributed counts.
    pub const PROMOTE: u32 = 1 << 9;
    /// The reserve of memory was spent.
    pub const MEMORY: u32 = 1 << 10;
    /// The world is closed for this thread: it never attaches again. Never cleared.
    pub(crate) const CLOSED: u32 = 1 << 11;
    /// This thread has put something in the merge queue of one that is not attached. Served by
    /// `merge_what_waits`.
    pub(crate) const MERGE_ALL: u32 = 1 << 12;
    /// Another thread waits to enter an object of this one. Served by `safepoint` itself.
    pub(crate) const REVOKE: u32 = 1 << 13;

    /// What `safepoint` hands on to the runtime.
    pub const FOR_THE_RUNTIME: u32 = SIGNAL | ASYNC_EXCEPTION | COLLECT | PROMOTE | MEMORY;
}

/// Bit of the word: the thread may run Python code.
pub const ATTACHED: u32 = 1 << 0;
/// Bit of the word: no thread has the record.
pub(crate) const VACANT: u32 = 1 << 1;
/// Bit of the word: the thread waits, attached, for the world to stop. Set and cleared by
/// the thread itself.
pub(crate) const STANDING_BY: u32 = 1 << 14;
/// Byte offset, in a [`ThreadRecord`], of the word that polling compares to
/// [`ATTACHED`].
pub const WORD_OFFSET: usize = 0;

thread_cell! {
    static CURRENT: *const ThreadRecord = std::ptr::null();
}

/// A thread, or the place where the next one that gets its id will be.
#[repr(C, align(128))]
pub struct ThreadRecord {
    /// See the module.
    pub(crate) word: AtomicU32,
    id: u16,
    /// For the runtime: the thread's context. Written by the thread itself.
    user_data: AtomicPtr<()>,
    pub(crate) counts: ThreadCounts,
    pub(crate) qsbr: QsbrThread,
    pub(crate) counters: Counters,
    pub(crate) gil: GilWaiter,
    pub(crate) bias: BiasState,
    /// Written by other threads.
    pub(crate) merge_queue: MergeQueue,
}

layout! {
    std::mem::offset_of!(ThreadRecord, word) == WORD_OFFSET,
}

// SAFETY: `word`, `user_data` and `merge_queue` are made for sharing; the other fields
// say in their types' files how the thread alone, or a stopped world, uses them.
unsafe impl Sync for ThreadRecord {}
// SAFETY: nothing in it belongs to an operating-system thread.
unsafe impl Send for ThreadRecord {}

impl ThreadRecord {
    /// With the registry locked.
    pub(crate) fn new(id: u16) -> Self {
        Self {
            word: AtomicU32::new(VACANT),
            id,
            user_data: AtomicPtr::new(std::ptr::null_mut()),
            counts: ThreadCounts::new(),
            qsbr: QsbrThread::new(),
            counters: Counters::default(),
            gil: GilWaiter::new(),
            bias: BiasState::new(),
            merge_queue: MergeQueue::new(),
        }
    }

    /// Gives the calling thread a record and an id. It is detached.
    pub fn register() -> Result<&'static ThreadRecord, OutOfThreadIds> {
        assert!(
            Self::current().is_none(),
            "this thread is registered already"
        );
        let mut state = REGISTRY.lock();
        if state.registered > 0 && !gil_enabled() && !multithreaded() {
            // A thread the runtime has not started itself (embedding). The only
            // thread so far must not be in the middle of a lock.
            drop(state);
            let stopped = world::stop(None);
            set_multithreaded();
            drop(stopped);
            state = REGISTRY.lock();
        }
        let record = registry::claim(&mut state)?;
        {
            // Orders this thread after the merges others did while the id was vacant.
            let _guard = record.merge_queue.lock.guard();
            let mut word = if state.stopping { request::STOP } else { 0 };
            if world::is_closed() {
                word |= request::CLOSED;
            }
            record.word.swap(word, Ordering::AcqRel);
        }
        drop(state);
        record.become_current();
        Ok(record)
    }

    fn become_current(&self) {
        CURRENT.with(|current| current.set(self));
        mode::set_owner_id(self.owner_id());
    }

    /// Ends the calling thread, which is attached, and recycles record and id.
    /// `destroy` gets the objects that turn out to have no reference left; it is the
    /// last that runs as this thread, so what it needs must outlive this call. After it
    /// the calling thread touches no object.
    pub fn unregister(&'static self, destroy: &mut dyn FnMut(NonNull<Header>)) {
        self.assert_current_and_attached();
        loop {
            self.merge_what_waits(destroy);
            let mut state = REGISTRY.lock();
            let queue = self.merge_queue.lock.guard();
            if !self.merge_queue.is_empty() {
                continue;
            }
            qsbr::leave_limbo(self);
            let before = self.word.swap(VACANT, Ordering::AcqRel);
            drop(queue);
            if before & request::REVOKE != 0 {
                object_lock::wake_waiting();
            }
            if before & request::STOP != 0 {
                world::note_stopped(&mut state);
            }
            // Before the id can be had by another thread, which would find that it
            // holds the lock.
            if gil_enabled() {
                GIL.release(self);
            }
            self.user_data
                .store(std::ptr::null_mut(), Ordering::Relaxed);
            registry::release(&mut state, self);
            break;
        }
        CURRENT.with(|current| current.set(std::ptr::null()));
        mode::set_owner_id(OUTSIDER);
        mode::set_bias_id(None);
    }

    /// The calling thread's record.
    #[inline(always)]
    pub fn current() -> Option<&'static ThreadRecord> {
        let record = CURRENT.with(|current| current.get());
        // SAFETY: records are never freed.
        (!record.is_null()).then(|| unsafe { &*record })
    }

    /// This record's place among the records, from 1. Unique among living threads.
    #[inline(always)]
    pub fn id(&self) -> u16 {
        self.id
    }

    /// The id under which this thread owns objects: all threads share one if there is
    /// a GIL.
    #[inline(always)]
    pub fn owner_id(&self) -> u16 {
        if gil_enabled() { GIL_OWNER } else { self.id }
    }

    /// What the runtime has put here with [`ThreadRecord::set_user_data`].
    #[inline(always)]
    pub fn user_data(&self) -> *mut () {
        self.user_data.load(Ordering::Acquire)
    }

    /// Puts the runtime's own data, for this thread's life, beside the record. Others
    /// that read it make sure that the thread does not end meanwhile.
    pub fn set_user_data(&self, data: *mut ()) {
        self.user_data.store(data, Ordering::Release);
    }

    /// Is the thread attached at this moment?
    pub fn is_attached(&self) -> bool {
        self.word.load(Ordering::Relaxed) & ATTACHED != 0
    }

    /// Has the record no thread? Certain only with the merge queue or the registry
    /// locked.
    pub(crate) fn is_vacant(&self) -> bool {
        self.word.load(Ordering::Relaxed) & VACANT != 0
    }

    /// From now on the calling thread may run Python code. Waits while the world is
    /// stopped, and for the GIL if there is one.
    pub fn attach(&self) {
        if gil_enabled() {
            GIL.acquire(self);
        }
        self.set_attached();
    }

    /// From now on the calling thread may block, and touches no object.
    pub fn detach(&self) {
        self.clear_attached();
        if gil_enabled() {
            GIL.release(self);
        }
    }

    /// [`ThreadRecord::detach`], for as long as it may be: nothing is left in the thread's merge queue,
    /// nor for it to merge. `destroy`, which runs attached, gets what has no reference left.
    pub fn detach_merged(&'static self, destroy: &mut dyn FnMut(NonNull<Header>)) {
        self.assert_current_and_attached();
        loop {
            self.merge_what_waits(destroy);
            if self.clear_attached_unless(request::MERGE | request::MERGE_ALL) {
                break;
            }
        }
        if gil_enabled() {
            GIL.release(self);
        }
    }

    fn set_attached(&self) {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            debug_assert!(word & (ATTACHED | VACANT) == 0, "attached twice, or ended");
            if word & (request::STOP | request::CLOSED) != 0 {
                self.wait_until_resumed();
                word = self.word.load(Ordering::Relaxed);
                continue;
            }
            match self.word.compare_exchange_weak(
                word,
                word | ATTACHED,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        qsbr::go_online(self);
        object_lock::refresh(self);
    }

    #[cold]
    fn wait_until_resumed(&self) {
        // Whoever stopped the world may need the GIL to finish.
        if gil_enabled() {
            GIL.release(self);
        }
        world::wait_until_resumed(self);
        if gil_enabled() {
            GIL.acquire(self);
        }
    }

    fn clear_attached(&self) {
        let cleared = self.clear_attached_unless(0);
        debug_assert!(cleared);
    }

    /// False: one of these requests has been made, and the thread is still attached.
    fn clear_attached_unless(&self, requests: u32) -> bool {
        qsbr::go_offline(self);
        let mut before = self.word.load(Ordering::Relaxed);
        loop {
            if before & requests != 0 {
                qsbr::go_online(self);
                return false;
            }
            match self.word.compare_exchange_weak(
                before,
                before & !ATTACHED,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => before = now,
            }
        }
        debug_assert!(before & ATTACHED != 0, "detached twice");
        if before & request::STOP != 0 {
            world::note_stopped(&mut REGISTRY.lock());
        }
        if before & request::PENDING_FREES != 0 {
            qsbr::tell_waiting(self);
        }
        if before & request::REVOKE != 0 {
            object_lock::wake_waiting();
        }
        true
    }

    /// Runs `blocking` detached.
    pub fn detached<R>(&self, blocking: impl FnOnce() -> R) -> R {
        struct Reattach<'a>(&'a ThreadRecord);
        impl Drop for Reattach<'_> {
            fn drop(&mut self) {
                self.0.attach();
            }
        }
        self.detach();
        let _reattach = Reattach(self);
        blocking()
    }

    /// Asks the thread for something; see [`request`].
    pub fn request(&self, bits: u32) {
        self.word.fetch_or(bits, Ordering::Release);
    }

    /// Takes requests back.
    pub fn withdraw(&self, bits: u32) {
        self.word.fetch_and(!bits, Ordering::Relaxed);
    }

    /// Is anything asked of this (attached) thread? If so: [`ThreadRecord::safepoint`].
    #[inline(always)]
    pub fn poll(&self) -> bool {
        self.word.load(Ordering::Relaxed) != ATTACHED
    }

    /// Suspends for a stopped world, yields the GIL, lets retired memory go, as asked;
    /// answers, and clears, what the runtime has to see to, beside what there is to merge
    /// ([`ThreadRecord::merge_what_waits`]). The calling thread holds no lock and no borrowed address
    /// of something unlocked.
    #[cold]
    pub fn safepoint(&self) -> u32 {
        self.assert_current_and_attached();
        let word = self.word.load(Ordering::Acquire);
        if word & request::GIL_DROP != 0 && gil_enabled() {
            self.clear_attached();
            GIL.hand_over(self);
            self.set_attached();
        }
        if word & request::STOP != 0 {
            self.clear_attached();
            self.set_attached();
        }
        let asked = self.word.fetch_and(
            !(request::FOR_THE_RUNTIME | request::PENDING_FREES | request::REVOKE),
            Ordering::AcqRel,
        );
        object_lock::serve(self, asked);
        qsbr::checkpoint(self);
        if asked & request::PENDING_FREES != 0 {
            qsbr::tell_waiting(self);
            qsbr::poll_reclaim(self);
        }
        asked & request::FOR_THE_RUNTIME
    }

    /// Merges the counts of what waits in this thread's merge queue, if it was asked to, and
    /// in all others', with the world stopped, if it has asked itself to. `destroy` gets the objects
    /// that have no reference left.
    pub fn merge_what_waits(&'static self, destroy: &mut dyn FnMut(NonNull<Header>)) {
        self.assert_current_and_attached();
        const BOTH: u32 = request::MERGE | request::MERGE_ALL;
        // What dies here may drop what waits again.
        while self.word.load(Ordering::Relaxed) & BOTH != 0 {
            let asked = self.word.fetch_and(!BOTH, Ordering::AcqRel);
            if asked & request::MERGE != 0 {
                merge_queue::drain(self, destroy);
            }
            if asked & request::MERGE_ALL != 0 {
                let mut dead = Vec::new();
                let world = world::stop_the_world(self);
                world.drain_all_merge_queues(&mut |object| dead.push(object));
                drop(world);
                dead.into_iter().for_each(&mut *destroy);
            }
        }
    }

    /// Calls `visit` for every registered thread. Threads may come and go meanwhile
    /// unless the world is stopped.
    pub fn for_each(mut visit: impl FnMut(&'static ThreadRecord)) {
        for record in registry::records() {
            if !record.is_vacant() {
                visit(record);
            }
        }
    }

    fn assert_current_and_attached(&self) {
        debug_assert!(Self::current().is_some_and(|current| std::ptr::eq(current, self)));
        debug_assert!(self.is_attached());
    }
}
