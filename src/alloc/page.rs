//! A page: a run of equal blocks, and its three free lists.
//!
//! ```text
//!   segment                 page's blocks, one or more slices of 64 KiB
//!   ┌──────────────┐        ┌─────┬─────┬─────┬─────┬ … ┬───────────────┐
//!   │ slot of page │ ─────▶ │  0  │  1  │  2  │  3  │   │ not yet cut   │
//!   └──────────────┘        └─────┴─────┴─────┴─────┴ … ┴───────────────┘
//!                            ◀───────── capacity ─────▶ ◀─ to reserved ─▶
//! ```
//!
//! `free` is what allocation pops from; `local_free` collects what the holder frees;
//! `thread_free` what others free. The slow path, entered when `free` runs dry, moves
//! the other two into it, so everything that need not happen at each allocation
//! happens there, once for many blocks. Even counting does: a block counts as `out` from
//! when it enters `free`, so allocation changes nothing but `free` itself. (Counting at
//! each allocation doubles the time of an allocation followed by a free: both wait for
//! the other's store to the same counter.) Hence a page whose `free` is not empty is not
//! seen to become empty by itself; that is one page a queue, the first.
//!
//! Invariants (|list| is a list's length)
//!
//! ```text
//!   |local_free| + out            =  capacity  ≤  reserved
//!   live + |free| + |thread_free| =  out
//!   start = segment + slot × 64 KiB,   capacity × block_size ≤ slices × 64 KiB
//!   loose  ⇒  out = live = capacity = reserved
//!   marks, counts ≠ null  ⇒  they have `reserved` entries each
//! ```
//!
//! Who may touch what: `thread_free` and `owner` are for everyone, as described in
//! `thread_free.rs`; every other field is the holder's, and others at most glance at
//! it. `owner` names the heap that holds the page, or nobody while a list, a grace
//! period or no one at all does (see `holder.rs`).

use crate::block::Block;
use crate::heap::Heap;
use crate::holder::Owner;
use crate::segment::{PAGE_SLOT_SIZE, SEGMENT_MASK, SLICE_SIZE, Segment};
use crate::size_class::{SINGLE, size_of_class};
use crate::thread_free::ThreadFree;
use crate::validate;
use crate::word::{Word32, WordPointer, WordSize};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64};

/// What a page's blocks hold. Each kind has its own pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Objects that may refer to other objects: the collector walks these.
    Container = 0,
    /// Objects that cannot be part of a cycle.
    Plain = 1,
    /// Bytes without an object header.
    Raw = 2,
}

/// How many kinds there are.
pub const KINDS: usize = 3;

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; KINDS] = [Kind::Container, Kind::Plain, Kind::Raw];

    /// Whether blocks begin with an object header that lock-free readers may visit.
    #[inline(always)]
    pub const fn has_header(self) -> bool {
        !matches!(self, Kind::Raw)
    }

    fn from_number(number: u32) -> Kind {
        Self::ALL[number as usize]
    }
}

/// The life of a page's slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PageState {
    /// The slot heads no page.
    Unused = 0,
    /// Blocks are handed out from it.
    Active = 1,
    /// Empty, waiting for lock-free readers to leave before it is given back.
    Retired = 2,
}

/// `SHIFT` of the reciprocal that turns an offset into a block's index: exact while
/// offset × block_size < 2^40, and pages of several blocks stay below 2^36.
const RECIPROCAL_SHIFT: u32 = 40;

/// Two cache lines: allocation writes the first only, freeing touches the second only,
/// so a thread that frees does not disturb the one that allocates. In the comments, x
/// marks what other threads read or write.
#[repr(C, align(128))]
pub struct Page {
    pub free: Word32,                 // first block of the list allocation pops from
    pub capacity: Word32,             // blocks cut so far
    pub reserved: Word32,             // blocks the page has room for
    pub slices: Word32,               // slices of the segment
    pub is_zero: Word32,              // 1: blocks not yet cut are all zero
    pub published: Word32,            // blocks counted in the heaps' live bytes
    pub next: WordPointer<Page>,      // in the queue or list that holds the page
    pub previous: WordPointer<Page>,  // in the queue
    pub origin: WordPointer<Heap>,    // the heap that filled it last
    pub marks: WordPointer<AtomicU8>, // the collector's table, one byte a block
    pub reciprocal: WordSize,         // ⌈2^40 / block_size⌉, or 0 for a single block

    pub thread_free: ThreadFree, // x blocks freed by others, and who holds the page
    pub owner: Owner<Heap>,      // x the heap that holds the page
    pub back: Word32,            // x bytes back to the slot of the page's first slice
    pub out: Word32,             // blocks not in `local_free`
    pub local_free: Word32,      // first block of the list the holder frees to
    pub is_borrowed: Word32,     // 1: in a queue, though another heap filled it
    pub block_size: WordSize,    // x
    pub kind_number: Word32,     // x
    pub class: Word32,           // x size class, or SINGLE
    pub state_number: Word32,
    pub counts: WordPointer<AtomicU32>, // the collector's other table, one word a block
}

const _: () = assert!(std::mem::offset_of!(Page, thread_free) == 64);
const _: () = assert!(size_of::<Page>() == PAGE_SLOT_SIZE);

impl Page {
    /// The page from which an uninitialized heap "allocates": it has nothing, so
    /// every request takes the slow path.
    pub const fn empty() -> Page {
        Page {
            free: Word32::new(0),
            local_free: Word32::new(0),
            out: Word32::new(0),
            owner: Owner::new(AtomicPtr::new(ptr::null_mut())),
            back: Word32::new(0),
            thread_free: ThreadFree::new(AtomicU64::new(0)),
            capacity: Word32::new(0),
            reserved: Word32::new(0),
            next: WordPointer::new(ptr::null_mut()),
            previous: WordPointer::new(ptr::null_mut()),
            origin: WordPointer::new(ptr::null_mut()),
            is_borrowed: Word32::new(0),
            published: Word32::new(0),
            kind_number: Word32::new(0),
            class: Word32::new(0),
            state_number: Word32::new(0),
            slices: Word32::new(0),
            is_zero: Word32::new(0),
            block_size: WordSize::new(0),
            reciprocal: WordSize::new(0),
            marks: WordPointer::new(ptr::null_mut()),
            counts: WordPointer::new(ptr::null_mut()),
        }
    }

    /// The page of a block.
    ///
    /// # Safety
    /// `block` was handed out by this allocator and its page is not given back.
    #[inline(always)]
    pub unsafe fn of_block(block: *mut u8) -> *mut Page {
        let offset = block.addr() & SEGMENT_MASK;
        let segment = block.wrapping_sub(offset);
        let slot = segment
            .wrapping_add((offset / SLICE_SIZE) * PAGE_SLOT_SIZE)
            .cast::<Page>();
        // SAFETY: blocks lie in slices 1.. of a segment, whose header has a slot for
        // each; `back` leads from any of a page's slots to its first.
        unsafe { slot.wrapping_byte_sub((*slot).back.get() as usize) }
    }

    /// Where the page's segment begins; free-list offsets count from here.
    #[inline(always)]
    pub fn segment_base(&self) -> *mut u8 {
        let address = ptr::from_ref(self).cast_mut().cast::<u8>();
        address.wrapping_sub(address.addr() & SEGMENT_MASK)
    }

    pub fn segment(&self) -> *mut Segment {
        self.segment_base().cast()
    }

    /// The slot's number, which is that of the page's first slice.
    pub fn slot(&self) -> usize {
        (ptr::from_ref(self).addr() & SEGMENT_MASK) / PAGE_SLOT_SIZE
    }

    /// Where the page's blocks begin.
    pub fn start(&self) -> *mut u8 {
        self.segment_base().wrapping_add(self.slot() * SLICE_SIZE)
    }

    /// Whether the page's one block has a segment to itself.
    pub fn is_huge(&self) -> bool {
        // SAFETY: a page lies in its segment.
        unsafe { (*self.segment()).is_huge() }
    }

    pub fn class(&self) -> usize {
        self.class.get() as usize
    }

    pub fn kind(&self) -> Kind {
        Kind::from_number(self.kind_number.get())
    }

    pub fn state(&self) -> PageState {
        match self.state_number.get() {
            0 => PageState::Unused,
            1 => PageState::Active,
            _ => PageState::Retired,
        }
    }

    pub fn set_state(&self, state: PageState) {
        self.state_number.set(state as u32);
    }

    #[inline(always)]
    pub fn block_at(&self, offset: u32) -> Block {
        Block(self.segment_base().wrapping_add(offset as usize))
    }

    #[inline(always)]
    pub fn offset_of(&self, block: *mut u8) -> u32 {
        // Single blocks of huge pages lie within the first 4 MiB too.
        (block.addr() & SEGMENT_MASK) as u32
    }

    /// The number of the block that contains `address`.
    pub fn index_of(&self, address: *const u8) -> usize {
        let offset = address.addr() - self.start().addr();
        (offset * self.reciprocal.get()) >> RECIPROCAL_SHIFT
    }

    /// Makes a slot head a page of blocks of `class`. The caller got `slices` slices
    /// for it; `is_zero` says that all their bytes are zero.
    pub fn initialize(&self, kind: Kind, class: usize, slices: usize, is_zero: bool) {
        let block_size = size_of_class(class);
        self.initialize_common(kind, class, slices, block_size, is_zero);
        self.reserved.set((slices * SLICE_SIZE / block_size) as u32);
        self.capacity.set(0);
        self.out.set(0);
        self.reciprocal
            .set((1usize << RECIPROCAL_SHIFT).div_ceil(block_size));
    }

    /// Makes a slot head a page with one block, which is handed out at once.
    pub fn initialize_single(&self, kind: Kind, slices: usize, block_size: usize, is_zero: bool) {
        self.initialize_common(kind, SINGLE, slices, block_size, is_zero);
        self.reserved.set(1);
        self.capacity.set(1);
        self.out.set(1);
        self.reciprocal.set(0);
        if !is_zero {
            // SAFETY: the block is not handed out yet.
            unsafe { Block(self.start()).clear_header() };
        }
        let loosened = self.thread_free.loosen();
        debug_assert!(loosened, "nobody knows the block yet");
    }

    fn initialize_common(
        &self,
        kind: Kind,
        class: usize,
        slices: usize,
        block_size: usize,
        is_zero: bool,
    ) {
        debug_assert!(self.owner.is_nobody() && self.marks.get().is_null());
        self.free.set(0);
        self.local_free.set(0);
        self.block_size.set(block_size);
        self.next.set(ptr::null_mut());
        self.previous.set(ptr::null_mut());
        self.origin.set(ptr::null_mut());
        self.is_borrowed.set(0);
        self.published.set(0);
        self.kind_number.set(kind as u32);
        self.class.set(class as u32);
        self.slices.set(slices as u32);
        self.is_zero.set(u32::from(is_zero));
        self.set_state(PageState::Active);
        validate::page_made(self);
    }

    /// Cuts more blocks and puts them in `free`, which must be empty. At first as many
    /// as fit in a system page, so that a page of which little is needed touches
    /// little memory; then as many as there are already. How many that is; 0 when all are
    /// cut.
    ///
    /// # Safety
    /// The caller holds the page.
    unsafe fn extend(&self) -> u32 {
        let (capacity, reserved) = (self.capacity.get(), self.reserved.get());
        debug_assert!(self.free.get() == 0);
        if capacity == reserved {
            return 0;
        }
        let block_size = self.block_size.get() as u32;
        let more = (4096 / block_size)
            .max(capacity)
            .clamp(1, reserved - capacity);
        let first = (self.slot() * SLICE_SIZE) as u32 + capacity * block_size;
        let is_zero = self.is_zero.get() != 0;
        let mut offset = first;
        for left in (0..more).rev() {
            let block = self.block_at(offset);
            // SAFETY: the block is in this page's slices and not yet handed out.
            unsafe {
                if !is_zero {
                    block.clear_header();
                }
                if left > 0 {
                    block.set_link(offset + block_size);
                }
            }
            offset += block_size;
        }
        self.capacity.set(capacity + more);
        self.out.set(self.out.get() + more);
        self.free.set(first);
        more
    }

    /// Moves what others freed into `local_free`.
    ///
    /// # Safety
    /// The caller holds the page.
    pub unsafe fn collect_thread_free(&self) {
        let taken = self.thread_free.take();
        if taken.count > 0 {
            // SAFETY: `take` gave us the whole list, whose blocks are free.
            unsafe { self.add_to_local_free(taken.head, taken.count) };
        }
    }

    /// Takes back what is in `free` and `thread_free`, so that `out` is the number of
    /// live blocks.
    ///
    /// # Safety
    /// The caller holds the page.
    pub unsafe fn settle(&self) {
        let free = self.free.get();
        // SAFETY: the caller holds the page, and with it its lists.
        unsafe {
            if free != 0 {
                let length = self.list_length(free).expect("invariant: `free` is a list");
                self.free.set(0);
                self.add_to_local_free(free, length);
            }
            self.collect_thread_free();
        }
    }

    /// Puts a list of `count` blocks, which were out, in front of `local_free`.
    ///
    /// # Safety
    /// The caller holds the page and the list.
    unsafe fn add_to_local_free(&self, head: u32, count: u32) {
        debug_assert!(count <= self.out.get());
        if self.local_free.get() != 0 {
            let mut last = self.block_at(head);
            // SAFETY: the blocks are free and the caller's.
            unsafe {
                while last.link() != 0 {
                    last = self.block_at(last.link());
                }
                last.set_link(self.local_free.get());
            }
        }
        self.local_free.set(head);
        self.out.set(self.out.get() - count);
    }

    /// Fills the empty `free` from wherever blocks can be had: with how many. 0 when the
    /// page is full.
    ///
    /// # Safety
    /// The caller holds the page.
    pub unsafe fn refill(&self) -> u32 {
        debug_assert!(self.free.get() == 0);
        if self.local_free.get() == 0 {
            // SAFETY: the caller holds the page.
            unsafe { self.collect_thread_free() };
        }
        let local = self.local_free.get();
        if local == 0 {
            // SAFETY: the caller holds the page.
            return unsafe { self.extend() };
        }
        let count = self.capacity.get() - self.out.get();
        self.local_free.set(0);
        self.free.set(local);
        self.out.set(self.capacity.get());
        count
    }

    /// Takes the block at `first`, which is the head of `free`. 0-shaped, if the page is
    /// one of objects.
    ///
    /// # Safety
    /// The caller holds the page and `free` is not empty.
    #[inline(always)]
    pub unsafe fn pop(&self, first: u32) -> *mut u8 {
        let block = self.block_at(first);
        // SAFETY: the block is in the page's free list.
        self.free.set(unsafe { block.link() });
        validate::allocated(self, block.0);
        block.0
    }

    /// Puts a block back and gives the number of blocks still out.
    ///
    /// # Safety
    /// The caller holds the page and frees this block of it.
    #[inline(always)]
    pub unsafe fn push_local(&self, block: *mut u8) -> u32 {
        let freed = Block(block);
        // SAFETY: the block is the caller's, who gives it to the page.
        unsafe {
            freed.clear_shape();
            freed.set_link(self.local_free.get());
        }
        self.local_free.set(self.offset_of(block));
        let out = self.out.get() - 1;
        self.out.set(out);
        out
    }

    /// The length of a list, or `None` when it leaves the page or does not end.
    fn list_length(&self, head: u32) -> Option<u32> {
        let first = self.slot() * SLICE_SIZE;
        let (mut offset, mut length) = (head, 0);
        while offset != 0 {
            let distance = (offset as usize).checked_sub(first)?;
            if !distance.is_multiple_of(self.block_size.get())
                || distance / self.block_size.get() >= self.capacity.get() as usize
                || length == self.capacity.get()
            {
                return None;
            }
            length += 1;
            // SAFETY: the offset was just found to be that of a block of this page.
            offset = unsafe { self.block_at(offset).link() };
        }
        Some(length)
    }

    /// Checks the equations at the top of this file. For the holder.
    pub fn is_valid(&self) -> bool {
        let (Some(free), Some(local)) = (
            self.list_length(self.free.get()),
            self.list_length(self.local_free.get()),
        ) else {
            return false;
        };
        let remote = self.thread_free.peek();
        self.state() == PageState::Active
            && local + self.out.get() == self.capacity.get()
            && self.capacity.get() <= self.reserved.get()
            && free + remote.count <= self.out.get()
            // Others go on pushing while we walk, in front of what we have seen.
            && self.list_length(remote.head) == Some(remote.count)
            && self.capacity.get() as usize * self.block_size.get()
                <= (self.slices.get() as usize * SLICE_SIZE).max(self.block_size.get())
    }

    /// Rebuilds `out` from the lists after the holder vanished in the middle of something
    /// (fork). False when the lists cannot be trusted.
    ///
    /// # Safety
    /// The caller holds the page and no thread that did is alive.
    pub unsafe fn recount(&self) -> bool {
        let Some(local) = self.list_length(self.local_free.get()) else {
            return false;
        };
        let Some(out) = self.capacity.get().checked_sub(local) else {
            return false;
        };
        self.out.set(out);
        let is_valid = self.is_valid();
        if is_valid {
            // SAFETY: the caller holds the page, whose lists have just been found whole.
            unsafe { self.settle() };
        }
        is_valid
    }

    /// How many blocks are live, as far as that can be told: exactly by the holder.
    pub fn live(&self, is_holder: bool) -> u32 {
        let free = if is_holder {
            self.list_length(self.free.get()).unwrap_or(0)
        } else {
            0
        };
        self.out
            .get()
            .saturating_sub(free + self.thread_free.count())
    }
}
