//! What a weak reference knows: the address of its referent, until one of the two dies.
//!
//! The references to an object are in a list that the object does not carry (the runtime
//! keeps them in tables by address). One lock for each address guards both the list and
//! the words of the references in it.
//!
//! ```text
//!   word = address ──the referent dies: clear──▶ 0
//!        └──────────the reference dies: leave──▶ 0
//! ```
//! Under the lock
//! * a word that is not 0 names memory that is still the referent: a dying referent zeroes
//!   the words of its references before its memory is given back. Its count may be 0
//!   already; then [`Header::try_incref`] fails, for good;
//! * a reference in the list is memory that is still that reference: a dying one takes
//!   itself out before its memory is given back. Its count may be 0 already, as above.
//!
//! *A reference whose word is 0 leaves without the lock*: its memory may be given back, and
//! hold another object, from the moment `clear` has stored the 0. So whatever the referent
//! still wants of it (a count, to call its callback) it gets before that store. The store
//! is Release, and the load of who leaves Acquire: the memory is not given back before the
//! referent is done with it.
//!
//! Both have been marked by [`Header::mark_maybe_shared`] when they were entered.

use crate::header::Header;
use crate::shim::{AtomicUsize, Ordering, const_fn};
use std::ptr::NonNull;

/// See the module's header.
pub struct WeakTarget(AtomicUsize);

impl WeakTarget {
    const_fn! {
        /// The word of a reference to the object at `address`.
        pub const fn new(address: usize) -> Self {
            Self(AtomicUsize::new(address))
        }
    }

    /// The referent's address, or 0. It may die at any moment, or be dying.
    #[inline]
    pub fn address(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// The referent, with a count of the caller's; `None` when it is dead or dying. `lock`
    /// takes the lock of an address.
    ///
    /// # Safety
    /// The word is that of a living reference which was entered for its referent.
    pub unsafe fn upgrade<G>(&self, lock: impl FnOnce(usize) -> G) -> Option<NonNull<Header>> {
        let address = self.address();
        if address == 0 {
            return None;
        }
        let _locked = lock(address);
        if self.address() == 0 {
            return None;
        }
        let referent = NonNull::new(std::ptr::with_exposed_provenance_mut::<Header>(address))?;
        // SAFETY: the word is not 0 under the lock, so the memory is an object.
        unsafe { referent.as_ref() }
            .try_incref()
            .then_some(referent)
    }

    /// The referent is dying, and its lock is held: the reference is dead from here on.
    /// `upgrade` takes a count of the reference, if it is not dying too.
    pub fn clear<R>(&self, upgrade: impl FnOnce() -> Option<R>) -> Option<R> {
        let upgraded = upgrade();
        self.0.store(0, Ordering::Release);
        upgraded
    }

    /// The reference is dying. `take_out` takes it from the list of the address, which the
    /// lock guards.
    pub fn leave<G>(&self, lock: impl FnOnce(usize) -> G, take_out: impl FnOnce(&mut G, usize)) {
        let address = self.address();
        if address == 0 {
            return;
        }
        let mut locked = lock(address);
        if self.0.swap(0, Ordering::AcqRel) != 0 {
            take_out(&mut locked, address);
        }
    }
}
