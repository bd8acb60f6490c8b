//! An inline cache: one atomic word, which says by itself what it is valid for.
//!
//! ```text
//!   0                      empty
//!   …                │ 1   packed: guard and payload in one word, as the user likes
//!   address:61   │ 0 0 0   a chain of entries, each with a guard of its own
//!
//!   word ──▶ entry ──next──▶ entry ──next──▶ …
//! ```
//!
//! Code is shared by all threads, and any of them may fill a cache while others use it. A reader
//! loads the word once and goes by the bits it got: it never mixes two fillings. Filling is Release
//! and looking is Acquire, so that what the word refers to is seen complete.
//!
//! *Entries do not change* once they can be reached. A new one goes in front of the chain that was
//! there, by an exchange that fails if the chain is not the one it was put in front of: so each
//! entry has one owner, the word or the entry before it. Whoever takes a chain out of the word
//! retires it whole (`qsbr.rs`): who has loaded the word may walk on until its next safepoint. No
//! safepoint lies between loading a word and exchanging it, so no other chain can have come to the
//! same address.

use crate::qsbr;
use crate::shim::{AtomicU64, Ordering, const_fn};
use std::marker::PhantomData;

/// The lowest bit of a packed word.
pub const PACKED: u64 = 1;
const ADDRESS: u64 = 7;

/// See the module's header. `E` is what guards and values are to the user.
pub struct InlineCache<E> {
    word: AtomicU64,
    entries: PhantomData<fn() -> E>,
}

/// An entry, and the chain behind it.
#[repr(align(8))]
struct Node<E> {
    entry: E,
    next: *mut Node<E>,
}

impl<E> InlineCache<E> {
    const_fn! {
        /// A cache that holds nothing.
        pub const fn new() -> Self {
            Self { word: AtomicU64::new(0), entries: PhantomData }
        }
    }

    /// What the cache holds.
    #[inline(always)]
    pub fn word(&self) -> u64 {
        self.word.load(Ordering::Acquire)
    }

    /// The entries of the chain that is `word`, the newest first; none for other words.
    ///
    /// # Safety
    /// The calling thread has loaded the word from such a cache since its last safepoint, and uses
    /// no entry past the next one.
    #[inline(always)]
    pub unsafe fn entries<'a>(word: u64) -> impl Iterator<Item = &'a E>
    where
        E: 'a,
    {
        let mut next = Self::chain(word);
        std::iter::from_fn(move || {
            // SAFETY: chains are retired with a grace period, which has not passed by the caller's
            // promise.
            let node = unsafe { next.as_ref() }?;
            next = node.next;
            Some(&node.entry)
        })
    }

    #[inline(always)]
    fn chain(word: u64) -> *mut Node<E> {
        if word & ADDRESS == 0 {
            std::ptr::with_exposed_provenance_mut(word as usize)
        } else {
            std::ptr::null_mut()
        }
    }

    /// Replaces what the cache holds by a packed word, for all threads.
    pub fn fill(&self, word: u64) {
        debug_assert!(word & PACKED != 0);
        Self::retire(self.word.swap(word, Ordering::AcqRel));
    }

    /// Puts an entry in front of `old`, a word of this cache; if that is a chain of `longest` entries,
    /// or none, in place of it, with `second` behind. Does nothing if the cache does not hold `old`
    /// any more.
    ///
    /// # Safety
    /// The calling thread has loaded `old` from this cache since its last safepoint.
    pub unsafe fn push(&self, old: u64, longest: usize, entry: E, second: Option<E>) {
        // SAFETY: by the caller's promise.
        let length = unsafe { Self::entries(old) }.count();
        let extends = 0 < length && length < longest;
        let next = match second {
            _ if extends => Self::chain(old),
            Some(entry) => {
                let next = std::ptr::null_mut();
                Box::into_raw(Box::new(Node { entry, next }))
            }
            None => std::ptr::null_mut(),
        };
        let mut node = Box::new(Node { entry, next });
        let new = std::ptr::from_mut(&mut *node).expose_provenance() as u64;
        // Release: the node is seen complete. Acquire: what is retired was filled by another thread.
        match self
            .word
            .compare_exchange(old, new, Ordering::AcqRel, Ordering::Relaxed)
        {
            Ok(_) => {
                std::mem::forget(node);
                if !extends {
                    Self::retire(old);
                }
            }
            Err(_) => {
                if extends {
                    node.next = std::ptr::null_mut();
                }
                // SAFETY: nobody else has seen the node, or what is behind it now.
                unsafe { Self::free(Box::into_raw(node).cast()) };
            }
        }
    }

    /// Empties the cache of code that nobody runs any more; its entries are dropped now.
    pub fn empty(&mut self) {
        let chain = Self::chain(self.word.swap(0, Ordering::Acquire));
        // SAFETY: nobody else can reach the chain.
        unsafe { Self::free(chain.cast()) };
    }

    fn retire(word: u64) {
        let chain = Self::chain(word);
        if !chain.is_null() {
            // SAFETY: the word was the only way to the chain.
            unsafe { qsbr::retire(chain.cast(), Self::free) };
        }
    }

    /// # Safety
    /// A chain that nobody can reach any more.
    unsafe fn free(chain: *mut u8) {
        let mut next: *mut Node<E> = chain.cast();
        while !next.is_null() {
            // SAFETY: nodes are boxed, and each has one owner; see the module.
            let node = unsafe { Box::from_raw(next) };
            next = node.next;
        }
    }
}

impl<E> Default for InlineCache<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Drop for InlineCache<E> {
    fn drop(&mut self) {
        self.empty();
    }
}
