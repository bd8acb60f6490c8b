//! The sixteen bytes in front of every object.
//!
//! ```text
//!    0        4     5     6        8            12           16
//!   ┌────────┬─────┬─────┬────────┬────────────┬────────────┐
//!   │ shape  │lock │ gc  │ owner  │   local    │   shared   │
//!   └────────┴─────┴─────┴────────┴────────────┴────────────┘
//! ```
//!
//! * `shape`: index into the runtime's table of shapes. This crate never looks at it.
//! * `lock`: the object's one-byte mutex (`byte_lock.rs`, `object_lock.rs`).
//! * `gc`: bits of the collector, at which this crate never looks, but for the highest, [`GC_NOTED`].
//! * `owner`, `local`, `shared`: the reference count (`biased_count.rs`).
//!
//! `owner` says how the rest is read:
//!
//! ```text
//!   owner            local                  shared                references in all
//!   ──────────────   ────────────────────   ───────────────────   ──────────────────
//!   1..=0xFFF0       the owner's count      the others' count     local + shared
//!   NOBODY 0         0                      the count, merged     shared
//!   DISTRIBUTED      slot in the tables     not a count           sum over all tables
//!   IMMORTAL         —                      —                     not counted
//! ```
//!
//! and `shared` is a signed count above two bits of state:
//!
//! ```text
//!    31                                            2  1  0
//!   ┌───────────────────────────────────────────────┬─────┐
//!   │ count, signed 30 bits                         │state│
//!   └───────────────────────────────────────────────┴─────┘
//!   DEFAULT       0   no reader without a lock may take a reference while count is 0
//!   MAYBE_SHARED  1   such readers exist, or weak references do; the owner must
//!                     merge by compare-and-swap before it may free
//!   QUEUED        2   in the owner's merge queue, which holds one reference
//!   MERGED        3   owner is NOBODY (or about to be), local is 0
//! ```
//!
//! A state only ever grows during the life of an object, except that promotion and
//! demotion, with the world stopped, set it as they need.
//!
//! **Freed memory keeps its header words.** A freed header reads NOBODY and MERGED
//! with count 0, on which [`Header::try_incref`] fails, until the memory is given to
//! a new object by [`Header::initialize`].

use crate::byte_lock::ByteLock;
use crate::mode::{IMMORTAL, NOBODY};
use crate::shim::{AtomicU8, AtomicU16, AtomicU32, Ordering, const_fn, layout};
use crate::validate;
use std::ptr::NonNull;

/// Byte offset of `shape` in a header.
pub const SHAPE_OFFSET: usize = 0;
/// Byte offset of `lock` in a header.
pub const LOCK_OFFSET: usize = 4;
/// Byte offset of `gc` in a header.
pub const GC_OFFSET: usize = 5;
/// Byte offset of `owner` in a header.
pub const OWNER_OFFSET: usize = 6;
/// Byte offset of `local` in a header.
pub const LOCAL_OFFSET: usize = 8;
/// Byte offset of `shared` in a header.
pub const SHARED_OFFSET: usize = 12;
/// Size and alignment of a header.
pub const HEADER_SIZE: usize = 16;

/// One reference in `shared`.
pub const SHARED_ONE: u32 = 4;
/// The bits of `shared` that hold the state.
pub const STATE_MASK: u32 = 3;
/// State: never shared with readers that take no lock.
pub const STATE_DEFAULT: u32 = 0;
/// State: readers that take no lock, or weak references, may exist.
pub const STATE_MAYBE_SHARED: u32 = 1;
/// State: in the owner's merge queue.
pub const STATE_QUEUED: u32 = 2;
/// State: the owner's count has been added to the shared one.
pub const STATE_MERGED: u32 = 3;

/// Bit of `gc`: a thread has noted that it counts this object and does not own it
/// (`distributed.rs`). Not set in a new object, which may be where such a one was.
pub const GC_NOTED: u8 = 0x80;

/// The count in a `shared` word.
#[inline(always)]
pub(crate) const fn shared_count(word: u32) -> i32 {
    word as i32 >> 2
}

/// A `shared` word with this count and state.
#[inline(always)]
pub(crate) const fn shared_word(count: i64, state: u32) -> u32 {
    ((count as i32) << 2) as u32 | state
}

/// The header of an object. Every object begins with one.
#[repr(C, align(16))]
pub struct Header {
    /// Index of the object's shape. Written by the runtime, under the object's lock.
    pub shape: AtomicU32,
    /// The object's mutex (`object_lock.rs`).
    pub(crate) lock: ByteLock,
    /// The collector's bits.
    pub gc: AtomicU8,
    /// Who counts in `local`. Written by that owner, or under the merge queue of an
    /// id nobody has, or with the world stopped.
    pub(crate) owner: AtomicU16,
    /// The owner's count; never written by anyone else (same exceptions).
    pub(crate) local: AtomicU32,
    /// Everyone else's count, and the state.
    pub(crate) shared: AtomicU32,
}

layout! {
    size_of::<Header>() == HEADER_SIZE,
    align_of::<Header>() == HEADER_SIZE,
    std::mem::offset_of!(Header, shape) == SHAPE_OFFSET,
    std::mem::offset_of!(Header, lock) == LOCK_OFFSET,
    std::mem::offset_of!(Header, gc) == GC_OFFSET,
    std::mem::offset_of!(Header, owner) == OWNER_OFFSET,
    std::mem::offset_of!(Header, local) == LOCAL_OFFSET,
    std::mem::offset_of!(Header, shared) == SHARED_OFFSET,
}

impl Header {
    const_fn! {
        /// A header with one reference, held by the thread that has the id `owner`.
        pub const fn new_owned(shape: u32, owner: u16) -> Self {
            Self {
                shape: AtomicU32::new(shape),
                lock: ByteLock::new(),
                gc: AtomicU8::new(0),
                owner: AtomicU16::new(owner),
                local: AtomicU32::new(1),
                shared: AtomicU32::new(0),
            }
        }
    }

    const_fn! {
        /// A header that is never counted and whose object is never freed.
        pub const fn new_immortal(shape: u32) -> Self {
            Self {
                shape: AtomicU32::new(shape),
                lock: ByteLock::new(),
                gc: AtomicU8::new(0),
                owner: AtomicU16::new(IMMORTAL),
                local: AtomicU32::new(1),
                shared: AtomicU32::new(0),
            }
        }
    }

    /// Makes the header of a new object, with one reference owned by `owner`, in
    /// memory in which a reader may still be trying to take a reference to the object
    /// that was there before.
    ///
    /// Such a reader fails whatever mixture of old and new words it sees: the old
    /// header is NOBODY/MERGED/0, and the new `shared` is DEFAULT/0, on both of which
    /// [`Header::try_incref`] gives up; and the new `owner` is the id of this very
    /// thread, which the reader is not. Only if `owner` is IMMORTAL does the reader
    /// succeed, on the strength of that word alone: so it is stored with Release, and
    /// the reader, which loads it with Acquire, sees in its re-check that what it was
    /// looking for is no longer where it found it.
    ///
    /// # Safety
    /// `memory` is 16-byte aligned, belongs to the caller, and holds either a header
    /// (in use before, or zeroes) or memory that no other thread has ever seen.
    #[inline]
    pub unsafe fn initialize(memory: NonNull<Header>, shape: u32, owner: u16) {
        // SAFETY: the caller's promise; all-zero bytes are a valid header.
        let header = unsafe { memory.as_ref() };
        validate::vacant(header);
        header.shape.store(shape, Ordering::Relaxed);
        header.lock.reset();
        header.gc.store(0, Ordering::Relaxed);
        header.local.store(1, Ordering::Relaxed);
        header.shared.store(0, Ordering::Relaxed);
        header.owner.store(owner, Ordering::Release);
    }

    /// Marks memory that holds no object, for an allocator that hands out fresh
    /// object memory to readers' reach before it is used.
    ///
    /// # Safety
    /// As for [`Header::initialize`].
    #[inline]
    pub unsafe fn initialize_freed(memory: NonNull<Header>) {
        // SAFETY: the caller's promise; all-zero bytes are a valid header.
        let header = unsafe { memory.as_ref() };
        header.local.store(0, Ordering::Relaxed);
        header.shared.store(STATE_MERGED, Ordering::Relaxed);
        header.owner.store(NOBODY, Ordering::Relaxed);
    }

    /// Has a thread noted this object (`distributed.rs`), and not one that was here before?
    #[inline]
    pub(crate) fn is_noted(&self) -> bool {
        self.gc.load(Ordering::Relaxed) & GC_NOTED != 0
    }

    /// Notes this object. Had a thread done so before?
    #[inline]
    pub(crate) fn note(&self) -> bool {
        self.is_noted() || self.gc.fetch_or(GC_NOTED, Ordering::Relaxed) & GC_NOTED != 0
    }

    /// The object's shape, for a reader that goes on to read what the shape describes.
    #[inline(always)]
    pub fn shape(&self) -> u32 {
        self.shape.load(Ordering::Acquire)
    }

    /// Publishes a new shape, after what it describes has been written. Under the
    /// object's lock.
    #[inline(always)]
    pub fn set_shape(&self, shape: u32) {
        self.shape.store(shape, Ordering::Release);
    }

    /// The `owner` field: an id, or [`NOBODY`], [`DISTRIBUTED`](crate::mode::DISTRIBUTED),
    /// [`IMMORTAL`].
    #[inline(always)]
    pub fn owner(&self) -> u16 {
        self.owner.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_word_holds_a_signed_count_and_a_state() {
        for count in [0, 1, -1, 1234, -(1 << 29), (1 << 29) - 1] {
            for state in [
                STATE_DEFAULT,
                STATE_MAYBE_SHARED,
                STATE_QUEUED,
                STATE_MERGED,
            ] {
                let word = shared_word(count, state);
                assert_eq!(i64::from(shared_count(word)), count);
                assert_eq!(word & STATE_MASK, state);
            }
        }
        assert_eq!(shared_word(1, STATE_DEFAULT), SHARED_ONE);
    }

    #[test]
    fn freed_memory_reads_as_nobodys() {
        let header = Header::new_owned(7, 3);
        // SAFETY: nobody else knows the header.
        unsafe { Header::initialize_freed(NonNull::from(&header)) };
        assert_eq!((header.owner(), header.count()), (NOBODY, 0));
        assert!(!header.try_incref());
        assert_eq!(header.shape(), 7);
        // SAFETY: as above.
        unsafe { Header::initialize(NonNull::from(&header), 8, 4) };
        assert_eq!((header.owner(), header.count(), header.shape()), (4, 1, 8));
    }
}
