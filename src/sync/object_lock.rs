//! The lock of an object: the byte in its header, biased towards the object's owner.
//!
//! Most objects are only ever entered by the thread that made them. That thread enters
//! them by looking, without taking the lock, until another thread wants to enter: that
//! one *revokes* the bias, once for the object's life, and from then on everybody takes
//! the lock (`byte_lock.rs`). The idea is that of biased locks in Java (Kawachiya,
//! Koseki and Onodera, OOPSLA 2002); that these locks are leaves makes it simple: a
//! thread at a safepoint, or not attached, is inside no object, so there is nothing to
//! be taken over.
//!
//! ```text
//!   byte            entered by its owner             entered by another thread
//!   ─────────────   ──────────────────────────────   ────────────────────────────────
//!   neither bit     without the lock                 sets ASKED, waits for the owner,
//!                                                    sets REVOKED, takes the lock
//!   ASKED           takes the lock                   waits for the owner, sets REVOKED,
//!                                                    takes the lock
//!   REVOKED         takes the lock                   takes the lock
//! ```
//!
//! An object without an owner (merged, distributed, immortal) has no bias. Only the owner
//! itself, outside the object, or somebody while the owner stands still, takes `owner`
//! away; the owner stores it with Release and who enters loads it with Acquire, so what
//! it did inside without the lock is seen.
//!
//! **Waiting for the owner** ends when it has passed a safepoint since ASKED was set, or
//! is found not attached.
//! * *It passed a safepoint*: it cleared the request (REVOKE) in its word by a
//!   read-modify-write that follows the one that made it. So it sees ASKED whenever it
//!   enters the object again, and what it did inside before is seen by who waited.
//! * *It is not attached*: there is a sequentially consistent fence between setting ASKED
//!   and looking at its word, and one between its attaching and its entering anything
//!   (`qsbr::go_online`). If it was found detached its attaching comes later, and finds
//!   ASKED. Its detaching was a Release, so what it did inside is seen.
//!
//! * *It waits for the world to stop* (STANDING_BY): it goes on only when who enters has
//!   suspended, which it sees.
//!
//! Who waits answers others that wait for it: it is inside nothing itself. It looks for
//! them before it sleeps and is not woken for those that come later: if threads wait for
//! each other in a circle, the last one to ask has been asked before. And whoever stops the world is waited for by nobody: the
//! owner suspends, which ends the wait, and then who waited comes to its safepoint.
//!
//! **A thread whose objects are often entered by others** is not worth waiting for: after
//! [`REVOCATIONS_BORNE`] revocations that had to wait it gives up its bias altogether, at the
//! safepoint, and takes the lock of its own objects too, until the collector, with the
//! world stopped, gives the bias back ([`renew`]).
//!
//! While there is one thread, or a GIL, nobody takes any lock.

use crate::byte_lock::{self, ASKED, REVOKED};
use crate::header::Header;
use crate::mode::{NOBODY, multithreaded, set_bias_id};
use crate::registry;
use crate::shim::{
    AtomicU8, AtomicU32, MAXIMUM_THREADS, Mutex, MutexGuard, Ordering, REVOCATIONS_BORNE, fence,
    global, lock, park, spin, unpark_all,
};
use crate::statistics;
use crate::thread::{ATTACHED, STANDING_BY, ThreadRecord, request};
use crate::world::StoppedWorld;

/// The side of a thread record that has to do with bias.
pub(crate) struct BiasState {
    /// Requests to let go of a bias that the thread has served, modulo 2³². Written by
    /// the thread itself.
    served: AtomicU32,
    /// Revocations that had to wait for this thread.
    waited_for: AtomicU32,
    /// Not 0: the thread takes the locks of its own objects too. Written by the thread
    /// itself, or with the world stopped.
    given_up: AtomicU8,
}

impl BiasState {
    pub(crate) fn new() -> Self {
        Self {
            served: AtomicU32::new(0),
            waited_for: AtomicU32::new(0),
            given_up: AtomicU8::new(0),
        }
    }
}

impl Header {
    /// Enters the object: until [`Header::leave`] no other thread is inside. Not
    /// reentrant, and the caller is inside no other object. The answer is for `leave`.
    #[inline(always)]
    pub fn enter(&self) -> Entered {
        self.prepare_to_enter();
        self.enter_prepared()
    }

    /// Leaves the object.
    #[inline(always)]
    pub fn leave(&self, entered: Entered) {
        if entered.0 {
            self.lock.unlock();
        }
    }

    /// Is the object one that only the calling thread can be inside, or be reading without
    /// having announced that by [`Header::announce_reader`]? It stays so up to the next
    /// safepoint, and as long as the caller enters nothing else.
    #[inline(always)]
    pub fn is_exclusive(&self) -> bool {
        !multithreaded() || self.is_biased_to_me()
    }

    /// For a reader that takes no lock, of an object whose owner relies on
    /// [`Header::is_exclusive`]: from now on it does not. The caller is inside no object.
    #[inline(always)]
    pub fn announce_reader(&self) {
        self.prepare_to_enter();
    }

    /// [`Header::is_exclusive`] for one who will use the object, by atomic operations, if it is
    /// not.
    #[inline(always)]
    pub fn is_exclusive_or_announce(&self) -> bool {
        let alone = self.is_exclusive();
        if !alone {
            self.announce_reader();
        }
        alone
    }

    #[inline(always)]
    fn is_biased_to_me(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == crate::mode::bias_id()
            && self.lock.marks() & (ASKED | REVOKED) == 0
    }

    /// After this the calling thread may enter, by the lock or by its bias.
    #[inline(always)]
    fn prepare_to_enter(&self) {
        if !multithreaded() || self.lock.marks() & REVOKED != 0 {
            return;
        }
        // Acquire: if the owner has let go of the object, what it did inside is seen.
        let owner = self.owner.load(Ordering::Acquire);
        if owner != crate::mode::owner_id() && usize::from(owner).wrapping_sub(1) < MAXIMUM_THREADS
        {
            revoke(self, owner);
        }
    }

    #[inline(always)]
    fn enter_prepared(&self) -> Entered {
        let alone = self.is_exclusive();
        if !alone {
            self.lock.lock();
        }
        Entered(!alone)
    }
}

/// How an object was entered.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Entered(bool);

/// Enters two objects, or one if they are the same. The only way to be inside two, in
/// the order of their addresses, hence no cycle of waiters.
#[inline]
pub fn enter_two(a: &Header, b: &Header) -> [Entered; 2] {
    // Both before either is entered: while this thread waits for an owner it lets go of
    // its own biases.
    a.prepare_to_enter();
    b.prepare_to_enter();
    if std::ptr::eq(a, b) {
        return [a.enter_prepared(), Entered(false)];
    }
    if byte_lock::is_first(&a.lock, &b.lock) {
        let first = a.enter_prepared();
        [first, b.enter_prepared()]
    } else {
        let first = b.enter_prepared();
        [a.enter_prepared(), first]
    }
}

/// Leaves what [`enter_two`] entered.
#[inline]
pub fn leave_two(a: &Header, b: &Header, [entered_a, entered_b]: [Entered; 2]) {
    a.leave(entered_a);
    b.leave(entered_b);
}

/// Takes the bias from the thread `owner`, which is not the calling one.
#[cold]
#[inline(never)]
fn revoke(header: &Header, owner: u16) {
    let Some(record) = registry::record(owner) else {
        debug_assert!(owner == NOBODY, "an owner has had a record");
        return;
    };
    // Acquire: what the owner did inside without the lock, before it gave up its bias.
    if record.bias.given_up.load(Ordering::Acquire) != 0 {
        return;
    }
    statistics::count(|counters| &counters.revocations);
    header.lock.mark(ASKED);
    // See the module; pairs with the fence in `qsbr::go_online`.
    fence(Ordering::SeqCst);
    wait_for(record);
    header.lock.mark(REVOKED);
}

/// Waits until the thread of `record` has passed a safepoint, or is not attached.
fn wait_for(record: &ThreadRecord) {
    if is_outside(record.word.load(Ordering::Acquire)) {
        return;
    }
    record.bias.waited_for.fetch_add(1, Ordering::Relaxed);
    record.request(request::REVOKE);
    let served = record.bias.served.load(Ordering::Acquire);
    let is_over = || {
        // Acquire: pairs with the owner's clearing of REVOKE, or of ATTACHED.
        let word = record.word.load(Ordering::Acquire);
        // Others may ask again before this thread looks. Of two more passes one began after
        // the request.
        is_outside(word)
            || word & request::REVOKE == 0
            || record
                .bias
                .served
                .load(Ordering::Acquire)
                .wrapping_sub(served)
                >= 2
    };
    let me = ThreadRecord::current().filter(|me| me.is_attached());
    let am_i_asked = || me.is_some_and(|me| me.word.load(Ordering::Relaxed) & request::REVOKE != 0);
    let mut round = 0;
    while !is_over() {
        if let Some(me) = me
            && am_i_asked()
        {
            serve(me, me.word.fetch_and(!request::REVOKE, Ordering::AcqRel));
        } else if spin(round) {
            round += 1;
        } else {
            park(waiting_room(), || !is_over() && !am_i_asked());
        }
    }
}

/// Does its word say that a thread is inside no object?
fn is_outside(word: u32) -> bool {
    word & ATTACHED == 0 || word & STANDING_BY != 0
}

/// The calling thread begins to wait for the world to stop.
pub(crate) fn stand_by(me: &ThreadRecord) {
    // Release: what it did inside its objects.
    if me.word.fetch_or(STANDING_BY, Ordering::AcqRel) & request::REVOKE != 0 {
        wake_waiting();
    }
}

/// Where threads sleep that wait for owners.
fn waiting_room() -> usize {
    static ROOM: u8 = 0;
    std::ptr::from_ref(&ROOM).addr()
}

/// Lets the threads that wait for owners look again: after a request was served, and when a thread of
/// which one was made is no longer attached.
#[cold]
pub(crate) fn wake_waiting() {
    let _waking = lock(&WAKING);
    unpark_all(waiting_room());
}

global! {
    /// Held while threads are woken, which a thread does that is not attached any more: a fork must not
    /// copy the parking queue in the middle of it.
    static WAKING: Mutex<()> = Mutex::new(());
}

/// Holds this file's mutex across a fork.
pub(crate) struct ForkGuard(#[allow(dead_code)] MutexGuard<'static, ()>);

pub(crate) fn prepare_fork() -> ForkGuard {
    ForkGuard(lock(&WAKING))
}

/// The calling thread has cleared its requests and is inside no object.
#[inline]
pub(crate) fn serve(me: &ThreadRecord, asked: u32) {
    if asked & request::REVOKE == 0 {
        return;
    }
    let bias = &me.bias;
    if bias.waited_for.load(Ordering::Relaxed) >= REVOCATIONS_BORNE {
        // Release: what this thread did inside its objects.
        bias.given_up.store(1, Ordering::Release);
        refresh(me);
    }
    bias.served.store(
        bias.served.load(Ordering::Relaxed).wrapping_add(1),
        Ordering::Release,
    );
    wake_waiting();
}

/// Has the calling thread its bias? Asked whenever it attaches.
#[inline]
pub(crate) fn refresh(me: &ThreadRecord) {
    let given_up = me.bias.given_up.load(Ordering::Relaxed) != 0;
    set_bias_id((!given_up).then(|| me.owner_id()));
}

/// Gives every thread its bias back. The others look when they attach again.
pub fn renew(_world: &StoppedWorld) {
    for record in registry::records() {
        record.bias.given_up.store(0, Ordering::Relaxed);
        record.bias.waited_for.store(0, Ordering::Relaxed);
    }
    if let Some(me) = ThreadRecord::current() {
        refresh(me);
    }
}
