//! Mutable state behind an object's one-byte lock.
//!
//! A payload that can change keeps its state in a [`Guarded`] and implements [`Lockable`]; the only
//! way in is [`Ref::locked`], which holds the lock while a closure works on `&mut State`. The closure
//! gets no [`crate::context::Context`], so it cannot run Python code, block, or reach a safepoint:
//! locks are leaves. Values that the closure takes out are returned and dropped outside; one dropped
//! inside is destroyed only after the lock is released (see [`crate::pending`]).

use std::cell::UnsafeCell;

use typhon_sync::object_lock::{self, Entered};
use typhon_sync::{ByteLock, Header};

use crate::object::{Payload, Ref};
use crate::pending;
use crate::value::Value;

/// State that is reached with the object's lock held. See the module's header.
pub struct Guarded<S>(UnsafeCell<S>);

// SAFETY: the state is entered by one thread at a time, under the object's lock.
unsafe impl<S: Send> Sync for Guarded<S> {}

impl<S> Guarded<S> {
    /// Wraps the initial state.
    pub const fn new(state: S) -> Guarded<S> {
        Guarded(UnsafeCell::new(state))
    }

    /// The state of an object that only the caller can reach.
    pub fn get_mut(&mut self) -> &mut S {
        self.0.get_mut()
    }

    /// The state while the world is stopped: for the collector's traversal.
    ///
    /// A thread is never stopped while it holds a lock, so no `&mut` to the state exists.
    pub fn while_stopped(&self) -> &S {
        // SAFETY: called from `Traverse::traverse` only, which runs with the world stopped.
        unsafe { &*self.0.get() }
    }
}

/// A payload with state behind the lock.
pub trait Lockable: Payload {
    /// What the lock guards.
    type State;
    /// Where it is.
    fn guarded(&self) -> &Guarded<Self::State>;
}

impl<T: Lockable> Ref<T> {
    /// Runs `work` on the state with the object's lock held.
    #[inline]
    pub fn locked<R>(&self, work: impl FnOnce(&mut T::State) -> R) -> R {
        let _held = Held::lock(self);
        // SAFETY: the lock is held, so this is the only reference to the state.
        work(unsafe { &mut *self.guarded().0.get() })
    }
}

/// Runs `work` on the states of two objects with both locks held, taken in address order.
/// When both are the same object, `work` gets its state once.
pub fn locked_two<A: Lockable, B: Lockable, R>(
    first: &Ref<A>,
    second: &Ref<B>,
    work: impl FnOnce(&mut A::State, Option<&mut B::State>) -> R,
) -> R {
    if first.is(second) {
        return first.locked(|state| work(state, None));
    }
    let _held = HeldTwo::lock(first.header(), second.header());
    // SAFETY: both locks are held and the objects differ.
    unsafe {
        work(
            &mut *first.guarded().0.get(),
            Some(&mut *second.guarded().0.get()),
        )
    }
}

/// The lock of a typed object, held until dropped.
struct Held<'a, T: Payload>(&'a Ref<T>, Entered);

impl<'a, T: Payload> Held<'a, T> {
    #[inline]
    fn lock(object: &'a Ref<T>) -> Held<'a, T> {
        Held(object, enter(object.header()))
    }
}

impl<T: Payload> Drop for Held<'_, T> {
    #[inline]
    fn drop(&mut self) {
        leave(self.0.header(), self.1);
    }
}

/// The lock of any object, held until dropped. For state that is not a `Guarded`: slots, dict word.
pub struct HeldValue<'a>(&'a Header, Entered);

impl<'a> HeldValue<'a> {
    /// Locks the object `value` (an address).
    #[inline]
    pub fn lock(value: &'a Value) -> HeldValue<'a> {
        let header = value.header().expect("invariant: only objects have locks");
        HeldValue::lock_header(header)
    }

    /// Locks the object with this header.
    #[inline]
    pub fn lock_header(header: &'a Header) -> HeldValue<'a> {
        HeldValue(header, enter(header))
    }
}

impl Drop for HeldValue<'_> {
    #[inline]
    fn drop(&mut self) {
        leave(self.0, self.1);
    }
}

/// The locks of two objects, held until dropped.
struct HeldTwo<'a>([&'a Header; 2], [Entered; 2]);

impl<'a> HeldTwo<'a> {
    fn lock(first: &'a Header, second: &'a Header) -> HeldTwo<'a> {
        let entered = object_lock::enter_two(first, second);
        pending::lock_taken();
        HeldTwo([first, second], entered)
    }
}

impl Drop for HeldTwo<'_> {
    fn drop(&mut self) {
        object_lock::leave_two(self.0[0], self.0[1], self.1);
        pending::lock_released();
    }
}

/// What excludes the writers of a [`crate::field::Field`]: an object's lock, or a lock of its own.
pub trait Exclusion {
    /// Runs `work` while nobody else is inside.
    fn excluding<R>(&self, work: impl FnOnce() -> R) -> R;
}

impl Exclusion for Header {
    fn excluding<R>(&self, work: impl FnOnce() -> R) -> R {
        let _held = HeldValue::lock_header(self);
        work()
    }
}

impl Exclusion for ByteLock {
    fn excluding<R>(&self, work: impl FnOnce() -> R) -> R {
        pending::lock_taken();
        let result = self.locked(work);
        pending::lock_released();
        result
    }
}

#[inline]
fn enter(header: &Header) -> Entered {
    // Entering may wait for the object's owner, which must not happen inside another object.
    debug_assert!(!pending::is_inside(), "locks are leaves");
    let entered = header.enter();
    pending::lock_taken();
    entered
}

#[inline]
fn leave(header: &Header, entered: Entered) {
    header.leave(entered);
    pending::lock_released();
}
