//! Reference counts, biased towards the thread that owns the object (PEP 703; Choi,
//! Shull and Torrellas, PACT 2018). The words they live in are drawn in `header.rs`.
//!
//! The owner counts in `local` by plain loads and stores; everyone else counts in
//! `shared` by atomic read-modify-writes. For an object with an owner
//!
//! ```text
//!   references in all = local + count(shared)      count(shared) may be negative
//! ```
//!
//! because a reference may be taken by one thread and dropped by another. Somebody has
//! to notice when the sum is zero:
//!
//! * *The owner's count drops to 0.* If `shared` is DEFAULT/0 nobody else has, or can
//!   get, a reference: free. Otherwise the owner merges: `owner` becomes NOBODY,
//!   `shared` becomes MERGED with the count as it is, and if that is 0: free.
//! * *The shared count would drop below 0.* Then part of the owner's count is meant.
//!   The reference being dropped is given to the owner's merge queue instead
//!   (state QUEUED), and the owner, or whoever finds its id vacant, merges
//!   (`merge_queue.rs`).
//! * *MERGED and the count drops to 0*: free, whoever it is.
//!
//! "Free" means: `decref` returns true to exactly one caller, with the header reading
//! NOBODY, MERGED/0. That caller destroys the object.
//!
//! **Readers without a lock** have found the address in a slot (of a list, a dict …)
//! and hold no reference. [`Header::try_incref`] gets them one unless the object may be
//! dying or dead; the memory may even hold another object by then, so they re-check the
//! slot afterwards, and drop the reference if it has changed. It succeeds
//! * on the reader's own object: only its owner can free it, and that is busy reading;
//! * on immortal ones, and on distributed ones, which are freed only with the world
//!   stopped, while the reader is between two safepoints;
//! * on any other with `shared` neither DEFAULT/0 nor MERGED/0, by compare-and-swap.
//!   Any such value means that somebody holds a reference counted in `shared`, or that
//!   the owner's count is not 0 and must be merged by a compare-and-swap on the same
//!   word: one of the two swaps fails and looks again.
//!
//! On DEFAULT/0 the reader takes the container's lock, under which the container's
//! reference keeps the object alive, and calls [`Header::incref_and_mark`], after which
//! readers of this object succeed.
//!
//! Orderings. Incrementing needs none: the caller already has a reference (or the
//! re-check). Decrementing is Release, so that everything done through a reference
//! happens before the free, and Acquire for the one who frees. The owner's `local`
//! needs none: one thread at a time has an id, and hands it on under the registry's
//! lock. Loading `owner` needs none: if it reads as the reader's own id that was its
//! own store; DISTRIBUTED was stored with the world stopped; any other stale value leads
//! to a compare-and-swap on `shared`, and the state there is what decides. Only
//! IMMORTAL, found by a reader without a reference, decides by itself, and is loaded
//! with Acquire and stored with Release.

use crate::distributed;
use crate::header::{
    Header, SHARED_ONE, STATE_DEFAULT, STATE_MASK, STATE_MAYBE_SHARED, STATE_MERGED, STATE_QUEUED,
    shared_count, shared_word,
};
use crate::mode::{DISTRIBUTED, IMMORTAL, NOBODY, multithreaded, owner_id};
use crate::shim::Ordering;
use crate::{merge_queue, statistics, validate};

impl Header {
    /// Takes one more reference. The caller has one already, or holds the lock of
    /// something that has.
    #[inline(always)]
    pub fn incref(&self) {
        let owner = self.owner.load(Ordering::Relaxed);
        if owner == owner_id() {
            let local = self.local.load(Ordering::Relaxed);
            validate::count(
                self,
                local != 0,
                "a reference taken to what its owner has let go",
            );
            self.local.store(local.wrapping_add(1), Ordering::Relaxed);
        } else if owner != IMMORTAL {
            self.incref_foreign(owner);
        }
    }

    /// Takes a reference to an object whose last one is gone. The caller is who was told to destroy it.
    pub fn resurrect(&self) {
        validate::dead(self);
        self.add_shared(SHARED_ONE);
    }

    /// Drops a reference. True: it was the last one, and the caller must destroy the
    /// object, whose header now reads NOBODY, MERGED/0.
    #[inline(always)]
    #[must_use = "true obliges the caller to destroy the object"]
    pub fn decref(&self) -> bool {
        !self.decref_leaves_some() && self.decref_further()
    }

    /// The part of [`Header::decref`] that is worth repeating at every place that drops a
    /// reference. False: [`Header::decref_further`] has to be called at once.
    #[inline(always)]
    #[must_use = "false obliges the caller to call `decref_further`"]
    pub fn decref_leaves_some(&self) -> bool {
        let owner = self.owner.load(Ordering::Relaxed);
        if owner == owner_id() {
            let local = self.local.load(Ordering::Relaxed).wrapping_sub(1);
            validate::count(
                self,
                local != u32::MAX,
                "a reference dropped that its owner does not have",
            );
            self.local.store(local, Ordering::Relaxed);
            local != 0
        } else {
            owner == IMMORTAL
        }
    }

    /// Takes one more reference if the object has distributed counts: a part of [`Header::try_incref`] for
    /// readers without a lock that have tried what is inline. Where the object was found needs no second
    /// look: it got its counts before the thread's last safepoint, so it was that object that was found,
    /// and stays until the next one.
    #[inline(always)]
    #[must_use]
    pub fn try_incref_distributed(&self) -> bool {
        self.is_distributed() && distributed::count(self, 1)
    }

    /// Drops a reference if the object has distributed counts: the first part of
    /// [`Header::decref_further`], in which nobody is ever the last.
    #[inline(always)]
    #[must_use]
    pub fn decref_distributed(&self) -> bool {
        self.is_distributed() && distributed::count(self, -1)
    }

    /// The rest of [`Header::decref`], with its answer.
    #[inline]
    #[must_use = "true obliges the caller to destroy the object"]
    pub fn decref_further(&self) -> bool {
        !self.decref_distributed() && self.decref_counted()
    }

    /// The rest of [`Header::decref_further`], for those who tried [`Header::decref_distributed`].
    #[inline]
    #[must_use = "true obliges the caller to destroy the object"]
    pub fn decref_counted(&self) -> bool {
        // The owner has counted already; nobody but the owner can have this thread's id there.
        if self.owner.load(Ordering::Relaxed) == owner_id() {
            self.local_reached_zero()
        } else {
            self.decref_shared()
        }
    }

    /// Takes a reference to an object that was reached without a lock and without
    /// holding a reference to it, if that is possible. The caller re-checks where it
    /// found the object, and drops the reference again if it is not there any more.
    /// False: fall back to the lock and [`Header::incref_and_mark`].
    #[inline(always)]
    #[must_use]
    pub fn try_incref(&self) -> bool {
        // Acquire: an immortal object may be new in the memory of the one the reader
        // looked for, and there is no exchange on `shared` to order the re-check.
        let owner = self.owner.load(Ordering::Acquire);
        if owner == owner_id() {
            let local = self.local.load(Ordering::Relaxed);
            validate::count(
                self,
                local != 0,
                "a reference taken to what its owner has let go",
            );
            self.local.store(local.wrapping_add(1), Ordering::Relaxed);
            true
        } else {
            owner == IMMORTAL || self.try_incref_foreign(owner)
        }
    }

    /// Takes a reference and lets readers without a lock do so from now on. The caller
    /// holds a reference, or the lock of something that does.
    pub fn incref_and_mark(&self) {
        if self.owner.load(Ordering::Relaxed) == owner_id() {
            self.incref();
        } else {
            self.mark_maybe_shared();
            self.incref();
        }
    }

    /// Lets readers without a lock, and weak references, take references from now on:
    /// the owner will no longer free the object without a compare-and-swap. The caller
    /// holds a reference, or the lock of something that does.
    pub fn mark_maybe_shared(&self) {
        match self.owner.load(Ordering::Relaxed) {
            IMMORTAL | DISTRIBUTED => return,
            _ => {}
        }
        let mut word = self.shared.load(Ordering::Relaxed);
        while word & STATE_MASK == STATE_DEFAULT {
            match self.exchange_shared(word, word | STATE_MAYBE_SHARED) {
                Ok(()) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Is the caller's reference the only one? Exact for a caller that holds one and
    /// lets nobody take another: false also when it cannot be known cheaply.
    #[inline]
    pub fn is_unique(&self) -> bool {
        let owner = self.owner.load(Ordering::Relaxed);
        // Acquire: what other threads did with their references is over.
        if owner == owner_id() {
            self.local.load(Ordering::Relaxed) == 1
                && shared_count(self.shared.load(Ordering::Acquire)) == 0
        } else {
            owner == NOBODY && self.shared.load(Ordering::Acquire) == shared_word(1, STATE_MERGED)
        }
    }

    /// How many references there are, for `sys.getrefcount`. A snapshot that other
    /// threads may outdate while it is taken; for an immortal object `u32::MAX`.
    pub fn count(&self) -> i64 {
        match self.owner.load(Ordering::Relaxed) {
            IMMORTAL => i64::from(u32::MAX),
            DISTRIBUTED => distributed::estimate(self),
            _ => {
                i64::from(self.local.load(Ordering::Relaxed))
                    + i64::from(shared_count(self.shared.load(Ordering::Relaxed)))
            }
        }
    }

    /// Stops counting this object for good. The caller is the only thread that knows
    /// the object, or has stopped the world, or holds the GIL.
    pub fn set_immortal(&self) {
        // Release: for the reader that takes this word's word for it (`try_incref`).
        self.owner.store(IMMORTAL, Ordering::Release);
    }

    /// Is this object never freed?
    #[inline(always)]
    pub fn is_immortal(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == IMMORTAL
    }

    /// Is this object, if it is freed at all, freed with the world stopped only? A thread that has
    /// found it need not count it until its next safepoint.
    ///
    /// Distributed objects become so with the world stopped: what a thread finds to be one was one
    /// already when it loaded the address, if that was after its last safepoint. An immortal one may
    /// be new in the memory of what the address meant: Acquire, and the caller loads the address once
    /// more, as after [`Header::try_incref`].
    #[inline(always)]
    pub fn is_kept(&self) -> bool {
        self.owner.load(Ordering::Acquire) >= DISTRIBUTED
    }

    /// Is this object counted in per-thread tables?
    #[inline(always)]
    pub fn is_distributed(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == DISTRIBUTED
    }

    /// The owner's last reference is gone.
    #[inline]
    fn local_reached_zero(&self) -> bool {
        // Acquire pairs with the Release of the decrements that brought it to 0.
        if self.shared.load(Ordering::Acquire) == 0 {
            // Nobody else has a reference and nobody can get one; see the module. Release: for
            // who enters it without the bias of its owner, if it is resurrected.
            self.owner.store(NOBODY, Ordering::Release);
            self.shared.store(STATE_MERGED, Ordering::Relaxed);
            true
        } else {
            self.merge_local(0)
        }
    }

    /// Ends the owner's counting: adds `local` and `change` to the shared count and
    /// marks it MERGED. True: no reference is left. Called by the owner, or under the
    /// lock of the merge queue of an id that nobody has.
    #[cold]
    pub(crate) fn merge_local(&self, change: i64) -> bool {
        statistics::count(|counters| &counters.merges);
        let local = i64::from(self.local.load(Ordering::Relaxed));
        self.local.store(0, Ordering::Relaxed);
        // Before the swap, which releases it: as soon as MERGED can be seen, another
        // thread may drop the last reference, and the memory may get another owner. Release:
        // what the owner did inside by its bias is seen by who enters next.
        self.owner.store(NOBODY, Ordering::Release);
        let mut word = self.shared.load(Ordering::Relaxed);
        loop {
            let total = i64::from(shared_count(word)) + local + change;
            match self.exchange_shared(word, shared_word(total, STATE_MERGED)) {
                Ok(()) => return total == 0,
                Err(now) => word = now,
            }
        }
    }

    // An object that threads share is counted by most of them as foreign. Those that it
    // pays to be quick about are distributed: leaf functions without a frame, so that the
    // rest keeps its registers to itself.

    #[inline(never)]
    fn incref_foreign(&self, owner: u16) {
        if owner != DISTRIBUTED || !distributed::count(self, 1) {
            self.incref_shared();
        }
    }

    #[inline(never)]
    fn try_incref_foreign(&self, owner: u16) -> bool {
        (owner == DISTRIBUTED && distributed::count(self, 1)) || self.try_incref_shared()
    }

    #[inline(never)]
    fn incref_shared(&self) {
        if self.owner.load(Ordering::Relaxed) == DISTRIBUTED {
            return distributed::count_unregistered(self, 1);
        }
        distributed::observe_incref(self);
        let before = self.add_shared(SHARED_ONE);
        validate::count(
            self,
            before != shared_word(0, STATE_MERGED),
            "a reference taken to what is dead",
        );
    }

    #[inline(never)]
    fn try_incref_shared(&self) -> bool {
        if self.owner.load(Ordering::Relaxed) == DISTRIBUTED {
            distributed::count_unregistered(self, 1);
            return true;
        }
        let mut word = self.shared.load(Ordering::Relaxed);
        loop {
            if word == shared_word(0, STATE_DEFAULT) || word == shared_word(0, STATE_MERGED) {
                return false;
            }
            // Acquire is for the re-check of the caller, which must not be done early.
            match self.exchange_shared(word, word.wrapping_add(SHARED_ONE)) {
                Ok(()) => break,
                Err(now) => {
                    distributed::observe_collision(self);
                    word = now;
                }
            }
        }
        distributed::observe_incref(self);
        true
    }

    #[inline(never)]
    fn decref_shared(&self) -> bool {
        let owner = self.owner.load(Ordering::Relaxed);
        if owner == DISTRIBUTED {
            distributed::count_unregistered(self, -1);
            return false;
        }
        let mut word = self.shared.load(Ordering::Relaxed);
        loop {
            validate::count(
                self,
                word & STATE_MASK != STATE_MERGED || shared_count(word) > 0,
                "a reference dropped to what is dead",
            );
            // DEFAULT/0 and MAYBE_SHARED/0: the count would become negative. The
            // reference goes to the queue undropped, so that nobody frees the object
            // while it is there.
            let queue = word == STATE_DEFAULT || word == STATE_MAYBE_SHARED;
            let new = if queue {
                STATE_QUEUED
            } else {
                word.wrapping_sub(SHARED_ONE)
            };
            match self.exchange_shared(word, new) {
                Ok(()) if queue => return merge_queue::push(owner, self),
                Ok(()) => return new == STATE_MERGED,
                Err(now) => {
                    distributed::observe_collision(self);
                    word = now;
                }
            }
        }
    }

    /// Adds to `shared` and gives what was there.
    fn add_shared(&self, amount: u32) -> u32 {
        if multithreaded() {
            statistics::count(|counters| &counters.shared_writes);
            self.shared.fetch_add(amount, Ordering::Relaxed)
        } else {
            let word = self.shared.load(Ordering::Relaxed);
            self.shared
                .store(word.wrapping_add(amount), Ordering::Relaxed);
            word
        }
    }

    /// Compare-and-swap on `shared`; with one thread, or a GIL, a plain store.
    #[inline]
    fn exchange_shared(&self, current: u32, new: u32) -> Result<(), u32> {
        validate::change(self, current, new);
        if multithreaded() {
            statistics::count(|counters| &counters.shared_writes);
            self.shared
                .compare_exchange(current, new, Ordering::AcqRel, Ordering::Relaxed)
                .map(|_| ())
        } else {
            self.shared.store(new, Ordering::Relaxed);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mode::set_multithreaded;
    use crate::thread::ThreadRecord;

    /// Runs `body` as a registered and attached thread.
    fn attached(body: impl FnOnce(&'static ThreadRecord)) {
        set_multithreaded();
        let record = ThreadRecord::register().expect("an id is free");
        record.attach();
        body(record);
        record.unregister(&mut |_| {});
    }

    #[test]
    fn an_owner_counts_without_the_shared_word() {
        attached(|me| {
            let header = Header::new_owned(0, me.owner_id());
            assert!(header.is_unique());
            header.incref();
            assert!(header.try_incref());
            assert_eq!(header.count(), 3);
            assert_eq!(header.shared.load(Ordering::Relaxed), 0);
            assert!(!header.is_unique());
            assert!(!header.decref());
            assert!(!header.decref());
            assert!(header.decref());
            assert_eq!((header.owner(), header.count()), (NOBODY, 0));
        });
    }

    #[test]
    fn a_dying_object_can_be_resurrected_and_die_again() {
        attached(|me| {
            let header = Header::new_owned(0, me.owner_id());
            assert!(header.decref());
            assert!(
                !header.try_incref(),
                "readers without a lock must not find it"
            );
            header.resurrect();
            assert!(header.is_unique());
            header.incref();
            assert!(!header.decref());
            assert!(header.decref());
        });
    }

    #[test]
    fn strangers_need_a_mark_to_take_references_without_a_lock() {
        attached(|me| {
            // The id of a thread that there is not: nothing below asks for its record.
            let header = Header::new_owned(0, me.owner_id() ^ 0x4000);
            assert!(!header.try_incref());
            header.incref_and_mark();
            assert!(header.try_incref());
            assert_eq!(header.count(), 3);
            assert!(!header.decref());
            assert!(!header.decref());
            assert!(header.try_incref(), "the mark stays");
            assert_eq!(header.count(), 2);
        });
    }

    #[test]
    #[should_panic(expected = "a reference dropped to what is dead")]
    #[cfg(any(debug_assertions, feature = "validate"))]
    fn a_reference_too_many_is_noticed() {
        let header = Header::new_owned(0, 1);
        // SAFETY: nobody else knows the header.
        unsafe { Header::initialize_freed(std::ptr::NonNull::from(&header)) };
        let _ = header.decref();
    }

    #[test]
    #[should_panic(expected = "a reference taken to what is dead")]
    #[cfg(any(debug_assertions, feature = "validate"))]
    fn a_reference_to_the_dead_is_noticed() {
        let header = Header::new_owned(0, 1);
        // SAFETY: nobody else knows the header.
        unsafe { Header::initialize_freed(std::ptr::NonNull::from(&header)) };
        header.incref();
    }

    #[test]
    fn immortal_objects_are_not_counted() {
        attached(|me| {
            let header = Header::new_owned(0, me.owner_id());
            header.set_immortal();
            for _ in 0..3 {
                assert!(!header.decref());
            }
            assert!(header.try_incref());
            header.incref_and_mark();
            header.mark_maybe_shared();
            assert!(header.is_immortal() && !header.is_unique());
            assert_eq!(header.count(), i64::from(u32::MAX));
        });
    }
}
