//! A thread's pages, allocate and free.
//!
//! A heap is the set of pages one thread allocates from. For each kind and class it
//! has a queue of pages that have, or may have, room:
//!
//! ```text
//!   first ──▶ own ──▶ own ──▶ own ──▶ borrowed ──▶ borrowed ◀── last
//!                                     ▲
//!                                     first_borrowed
//! ```
//!
//! Allocation takes from `first` until that page is full, then lets it loose (see
//! `thread_free.rs`). A page comes back into the queue of the thread that first frees
//! a block in it. If that thread is not the one that filled the page, the page counts
//! as borrowed, and no more than [`BORROWED_LIMIT`] a queue are kept: the oldest goes
//! to the list of abandoned pages, where the thread that does allocate such blocks
//! finds it. So a thread that only frees does so without atomics, mostly, and yet
//! hoards nothing.
//!
//! Invariants
//! * A page is in a queue ⇔ its `owner` is that queue's heap.
//! * `direct[kind][n]` is the first page of the class of 16 × n bytes, or the empty page.
//! * Only the first page of a queue has blocks in `free`.
//! * `spare` is null or a page of the queue. Besides the first page, which does not notice,
//!   no more than one page of a queue is left empty.
//! * Only the heap's thread touches its queues; its counters may be glanced at.

use crate::abandoned;
use crate::block::Block;
use crate::huge;
use crate::lifetime;
use crate::page::{KINDS, Kind, Page};
use crate::reclaim::{release_unused, retire_page};
use crate::segment;
use crate::size_class::{CLASS_MAX, CLASSES, SINGLE, SMALL_MAX, class_of, size_of_class};
use crate::thread_free::Freed;
use crate::validate;
use crate::word::{Word32, WordPointer, WordSize};
use std::cell::Cell;
use std::ptr;

const DIRECT: usize = SMALL_MAX / 16 + 1;
/// Pages with room that a queue keeps although another thread filled them.
const BORROWED_LIMIT: u32 = 16;

/// The pages of one kind and class with room.
#[repr(C)]
pub struct Queue {
    first: WordPointer<Page>,
    last: WordPointer<Page>,
    first_borrowed: WordPointer<Page>,
    spare: WordPointer<Page>,
    borrowed: Word32,
}

/// What a heap has done, per kind. Sums over all heaps mean something; a single
/// heap's `live` may wrap below zero, because pages change hands.
#[repr(C)]
pub struct Counters {
    pub allocated: WordSize, // bytes made available for allocation, ever
    pub live: WordSize,      // bytes in blocks that were out when last looked at
}

#[repr(C, align(128))]
pub struct Heap {
    direct: [[WordPointer<Page>; DIRECT]; KINDS],
    queues: [[Queue; CLASSES]; KINDS],
    pub counters: [Counters; KINDS],
    pub registration: lifetime::Registration,
}

static EMPTY_PAGE: Page = Page::empty();

/// The heap of a thread that has none: every request takes the slow path.
static EMPTY_HEAP: Heap = Heap {
    direct: [const { [const { WordPointer::new((&raw const EMPTY_PAGE).cast_mut()) }; DIRECT] };
        KINDS],
    queues: [const { [const { Queue::empty() }; CLASSES] }; KINDS],
    counters: [const {
        Counters {
            allocated: WordSize::new(0),
            live: WordSize::new(0),
        }
    }; KINDS],
    registration: lifetime::Registration::none(),
};

thread_local! {
    // Without a destructor and with a constant to begin with, this is one load
    // relative to the thread pointer, and stays usable while the thread ends.
    static HEAP: Cell<*mut Heap> = const { Cell::new((&raw const EMPTY_HEAP).cast_mut()) };
}

/// The calling thread's heap; never null.
#[inline(always)]
pub fn current() -> *mut Heap {
    HEAP.get()
}

/// Whether this is the heap of threads that have none.
pub fn is_empty_heap(heap: *mut Heap) -> bool {
    ptr::eq(heap, &raw const EMPTY_HEAP)
}

/// Sets the calling thread's heap; null for none.
pub fn set_current(heap: *mut Heap) {
    HEAP.set(if heap.is_null() {
        (&raw const EMPTY_HEAP).cast_mut()
    } else {
        heap
    });
}

impl Queue {
    const fn empty() -> Queue {
        Queue {
            first: WordPointer::new(ptr::null_mut()),
            last: WordPointer::new(ptr::null_mut()),
            first_borrowed: WordPointer::new(ptr::null_mut()),
            spare: WordPointer::new(ptr::null_mut()),
            borrowed: Word32::new(0),
        }
    }

    fn is_empty(&self) -> bool {
        self.first.get().is_null()
    }

    /// Puts a page before `place`, or at the end when that is null.
    ///
    /// # Safety
    /// The caller's heap owns the queue and `place`, and holds `page`.
    unsafe fn insert_before(&self, page: *mut Page, place: *mut Page) {
        // SAFETY: pages of the queue and `page` are held by the heap.
        unsafe {
            let previous = if place.is_null() {
                self.last.get()
            } else {
                (*place).previous.get()
            };
            (*page).previous.set(previous);
            (*page).next.set(place);
            if previous.is_null() {
                self.first.set(page);
            } else {
                (*previous).next.set(page);
            }
            if place.is_null() {
                self.last.set(page);
            } else {
                (*place).previous.set(page);
            }
        }
    }

    /// # Safety
    /// The caller's heap owns the queue, and the page is in it.
    unsafe fn remove(&self, page: *mut Page) {
        // SAFETY: pages of the queue are held by the heap.
        unsafe {
            if (*page).is_borrowed.get() != 0 {
                self.return_borrowed(page);
            }
            if self.spare.get() == page {
                self.spare.set(ptr::null_mut());
            }
            let (previous, next) = ((*page).previous.get(), (*page).next.get());
            if previous.is_null() {
                self.first.set(next);
            } else {
                (*previous).next.set(next);
            }
            if next.is_null() {
                self.last.set(previous);
            } else {
                (*next).previous.set(previous);
            }
        }
    }

    /// Takes a page out of the borrowed part, without moving it: it must be the first
    /// there or about to leave the queue.
    ///
    /// # Safety
    /// As for `remove`.
    unsafe fn return_borrowed(&self, page: *mut Page) {
        // SAFETY: pages of the queue are held by the heap.
        unsafe {
            (*page).is_borrowed.set(0);
            self.borrowed.set(self.borrowed.get() - 1);
            if self.first_borrowed.get() == page {
                self.first_borrowed.set((*page).next.get());
            }
        }
    }
}

impl Heap {
    /// Makes the zero bytes at `heap` a heap without pages.
    ///
    /// # Safety
    /// The memory is as large and aligned as a heap, all zero, and the caller's.
    pub unsafe fn initialize(heap: *mut Heap) {
        // SAFETY: all-zero queues and counters are valid and empty.
        let heap = unsafe { &*heap };
        for entry in heap.direct.iter().flatten() {
            entry.set((&raw const EMPTY_PAGE).cast_mut());
        }
    }

    fn queue(&self, kind: Kind, class: usize) -> &Queue {
        &self.queues[kind as usize][class]
    }

    fn queue_of(&self, page: &Page) -> &Queue {
        self.queue(page.kind(), page.class())
    }

    fn myself(&self) -> *mut Heap {
        ptr::from_ref(self).cast_mut()
    }

    /// Makes the direct table agree with the queue's first page.
    fn refresh_direct(&self, kind: Kind, class: usize) {
        let largest = size_of_class(class);
        if largest > SMALL_MAX {
            return;
        }
        let first = self.queue(kind, class).first.get();
        let first = if first.is_null() {
            (&raw const EMPTY_PAGE).cast_mut()
        } else {
            first
        };
        let from = if class == 0 {
            0
        } else {
            size_of_class(class - 1) / 16 + 1
        };
        for entry in &self.direct[kind as usize][from..=largest / 16] {
            entry.set(first);
        }
    }

    /// # Safety
    /// The caller is the heap's thread, and the page is in one of its queues.
    unsafe fn remove(&self, page: &Page) {
        // SAFETY: the caller's promise.
        unsafe { self.queue_of(page).remove(ptr::from_ref(page).cast_mut()) };
        self.refresh_direct(page.kind(), page.class());
    }

    /// # Safety
    /// The caller is the heap's thread and holds the page, which is in no queue.
    unsafe fn insert_first(&self, page: &Page) {
        validate::page(page);
        let queue = self.queue_of(page);
        page.owner.set(self.myself());
        // SAFETY: the caller's promise.
        unsafe { queue.insert_before(ptr::from_ref(page).cast_mut(), queue.first.get()) };
        self.refresh_direct(page.kind(), page.class());
    }

    /// Counts a page's blocks that are out as this heap's.
    pub fn publish(&self, page: &Page) {
        let (out, published) = (page.out.get() as usize, page.published.get() as usize);
        let change = out
            .wrapping_sub(published)
            .wrapping_mul(page.block_size.get());
        self.counters[page.kind_number.get() as usize]
            .live
            .add(change);
        page.published.set(out as u32);
    }

    /// A block of the class, or null.
    ///
    /// # Safety
    /// The caller is the heap's thread.
    #[inline(never)]
    pub unsafe fn allocate(&self, kind: Kind, class: usize) -> *mut u8 {
        let queue = self.queue(kind, class);
        loop {
            let first = queue.first.get();
            // SAFETY: pages of the queue are held by this heap.
            let Some(page) = (unsafe { first.as_ref() }) else {
                // SAFETY: the caller is the heap's thread.
                if unsafe { self.find_page(kind, class) } {
                    continue;
                }
                return ptr::null_mut();
            };
            // SAFETY: as above.
            unsafe {
                if page.is_borrowed.get() != 0 {
                    queue.return_borrowed(first);
                }
                if page.free.get() == 0 {
                    let available = page.refill() as usize;
                    if available == 0 {
                        self.loosen(page);
                        continue;
                    }
                    validate::page(page);
                    self.counters[kind as usize]
                        .allocated
                        .add(available * page.block_size.get());
                    self.publish(page);
                }
                return page.pop(page.free.get());
            }
        }
    }

    /// Puts a page with room, probably, in the empty queue. False without memory.
    ///
    /// # Safety
    /// The caller is the heap's thread.
    #[cold]
    unsafe fn find_page(&self, kind: Kind, class: usize) -> bool {
        let mut page = abandoned::adopt(kind, class);
        if page.is_null() {
            page = segment::new_page(kind, class);
        }
        if page.is_null() {
            release_unused();
            page = segment::new_page(kind, class);
        }
        if page.is_null() {
            return false;
        }
        // SAFETY: adopted or new, the page is held by us and in no queue.
        unsafe { self.insert_first(&*page) };
        true
    }

    /// Takes a full page out of its queue and lets it loose; it stays when a block
    /// came back at the last moment.
    ///
    /// # Safety
    /// The caller is the heap's thread, and the page is in one of its queues.
    unsafe fn loosen(&self, page: &Page) {
        // Everything about the page has to be settled before `loosen` succeeds: from
        // then on another thread may hold it.
        self.publish(page);
        page.origin.set(self.myself());
        // SAFETY: the caller's promise.
        unsafe { self.remove(page) };
        page.owner.clear();
        if !page.thread_free.loosen() {
            // SAFETY: loosening failed, so the page is still ours.
            unsafe { self.insert_first(page) };
        }
    }

    /// Takes in a page that was claimed by freeing a block of it, which has been pushed.
    ///
    /// # Safety
    /// The caller is the heap's thread and holds the page.
    unsafe fn take_in(&self, page: &Page) {
        let queue = self.queue_of(page);
        let pointer = ptr::from_ref(page).cast_mut();
        page.owner.set(self.myself());
        // SAFETY: the caller's promise.
        unsafe {
            if page.origin.get() == self.myself() {
                queue.insert_before(pointer, queue.first_borrowed.get());
            } else {
                queue.insert_before(pointer, ptr::null_mut());
                page.is_borrowed.set(1);
                queue.borrowed.set(queue.borrowed.get() + 1);
                if queue.first_borrowed.get().is_null() {
                    queue.first_borrowed.set(pointer);
                }
                if queue.borrowed.get() > BORROWED_LIMIT {
                    self.abandon(&*queue.first_borrowed.get());
                }
            }
        }
        self.refresh_direct(page.kind(), page.class());
        if page.out.get() == 0 {
            // SAFETY: the caller's promise.
            unsafe { self.page_emptied(page) };
        }
    }

    /// Gives a page of a queue to whoever needs one like it.
    ///
    /// # Safety
    /// The caller is the heap's thread, and the page is in one of its queues.
    unsafe fn abandon(&self, page: &Page) {
        // SAFETY: the caller's promise.
        unsafe {
            self.remove(page);
            page.owner.clear();
            page.settle();
            validate::page(page);
            self.publish(page);
            if page.out.get() == 0 {
                retire_page(ptr::from_ref(page).cast_mut());
            } else {
                abandoned::add(ptr::from_ref(page).cast_mut());
            }
        }
    }

    /// Decides on a page whose last used block was freed: one a queue is kept, because
    /// the next allocation may well come soon.
    ///
    /// # Safety
    /// The caller is the heap's thread, and the page is in one of its queues.
    #[cold]
    unsafe fn page_emptied(&self, page: &Page) {
        let queue = self.queue_of(page);
        let pointer = ptr::from_ref(page).cast_mut();
        let spare = queue.spare.get();
        self.publish(page);
        // SAFETY: pages of the queue are held by this heap.
        unsafe {
            if spare.is_null() || spare == pointer || (*spare).out.get() != 0 {
                queue.spare.set(pointer);
                return;
            }
            self.remove(page);
            validate::page(page);
            page.owner.clear();
            retire_page(pointer);
        }
    }

    /// Abandons all pages. The heap is as new afterwards, but for its counters.
    ///
    /// # Safety
    /// The caller is the heap's thread, or that thread is gone.
    pub unsafe fn abandon_all(&self) {
        // Giving pages back may call the runtime, which may allocate: a queue that was emptied may
        // have a page again.
        while let Some(queue) = self.queues.iter().flatten().find(|queue| !queue.is_empty()) {
            // SAFETY: pages of the queue are held by this heap.
            while let Some(page) = unsafe { queue.first.get().as_ref() } {
                // SAFETY: the caller's promise.
                unsafe { self.abandon(page) };
            }
        }
    }

    /// Forgets all queues, whatever state they are in.
    ///
    /// # Safety
    /// The heap's thread is gone, and the caller sees to the pages.
    pub unsafe fn forget_queues(&self) {
        for queue in self.queues.iter().flatten() {
            queue.first.set(ptr::null_mut());
            queue.last.set(ptr::null_mut());
            queue.first_borrowed.set(ptr::null_mut());
            queue.spare.set(ptr::null_mut());
            queue.borrowed.set(0);
        }
        for entry in self.direct.iter().flatten() {
            entry.set((&raw const EMPTY_PAGE).cast_mut());
        }
    }

    /// Gives back what can be given back of this heap.
    ///
    /// # Safety
    /// The caller is the heap's thread.
    pub unsafe fn trim(&self) {
        // SAFETY: the caller's promise.
        unsafe {
            self.trim_objects();
            self.trim_queues(&self.queues[Kind::Raw as usize]);
        }
    }

    /// Gives back what can be given back of this heap's object pages.
    ///
    /// # Safety
    /// The caller is the heap's thread, or that thread does not touch objects meanwhile.
    pub unsafe fn trim_objects(&self) {
        // SAFETY: the caller's promise.
        unsafe {
            self.trim_queues(&self.queues[Kind::Container as usize]);
            self.trim_queues(&self.queues[Kind::Plain as usize]);
        }
    }

    unsafe fn trim_queues(&self, queues: &[Queue]) {
        for queue in queues {
            let mut next = queue.first.get();
            // SAFETY: pages of the queue are held by this heap; the successor is read
            // before the page may go.
            while let Some(page) = unsafe { next.as_ref() } {
                next = page.next.get();
                // SAFETY: as above.
                unsafe {
                    page.settle();
                    if page.out.get() == 0 {
                        self.abandon(page);
                    }
                }
            }
        }
    }
}

/// A block of at least `size` bytes, aligned to 16, or null when there is no memory.
/// In a block of objects the first four bytes are 0, and the caller initializes the
/// header with atomic stores, the shape last.
#[inline]
pub fn allocate(kind: Kind, size: usize) -> *mut u8 {
    if size <= SMALL_MAX {
        // SAFETY: a thread's heap is the empty one or its own, and never goes away; its
        // direct table holds pages it holds, or the empty page.
        unsafe {
            let page = &*(&(*current()).direct)[kind as usize][size.div_ceil(16)].get();
            let first = page.free.get();
            if first != 0 {
                return page.pop(first);
            }
        }
    }
    allocate_slow(kind, size)
}

#[cold]
#[inline(never)]
fn allocate_slow(kind: Kind, size: usize) -> *mut u8 {
    if size > CLASS_MAX {
        return allocate_single(kind, size, 16).0;
    }
    lifetime::with_heap(|heap| {
        // SAFETY: `with_heap` gives the calling thread's heap.
        unsafe { heap.allocate(kind, class_of(size)) }
    })
}

/// A block with a page to itself; the flag says that it is all zero.
pub fn allocate_single(kind: Kind, size: usize, alignment: usize) -> (*mut u8, bool) {
    let (mut page, mut is_zero) = segment::new_single(kind, size, alignment);
    if page.is_null() {
        release_unused();
        (page, is_zero) = segment::new_single(kind, size, alignment);
    }
    // SAFETY: null, or a page whose only block is ours.
    let Some(page) = (unsafe { page.as_ref() }) else {
        return (ptr::null_mut(), false);
    };
    validate::allocated(page, page.start());
    count_single(kind, page.block_size.get(), true);
    (page.start(), is_zero)
}

/// Counts a block that has a page to itself, as it comes or goes.
fn count_single(kind: Kind, bytes: usize, is_new: bool) {
    lifetime::with_heap(|heap| {
        let counters = &heap.counters[kind as usize];
        if is_new {
            counters.allocated.add(bytes);
            counters.live.add(bytes);
        } else {
            counters.live.add(bytes.wrapping_neg());
        }
    });
}

/// As [`allocate`], and all bytes are zero.
pub fn allocate_zeroed(kind: Kind, size: usize) -> *mut u8 {
    let (block, is_zero) = if size > CLASS_MAX {
        allocate_single(kind, size, 16)
    } else {
        (allocate(kind, size), false)
    };
    if !block.is_null() && !is_zero {
        // SAFETY: the block is ours and at least `size` bytes long.
        unsafe { block.write_bytes(0, size) };
    }
    block
}

/// Frees a block, on any thread.
///
/// # Safety
/// `block` came from this allocator, is not free, and the caller gives it up.
#[inline]
pub unsafe fn free(block: *mut u8) {
    // SAFETY: the block is alive, so its page is.
    unsafe {
        let page = &*Page::of_block(block);
        validate::freed(page, block);
        let heap = current();
        // Relaxed suffices: only this thread ever writes this heap's address there.
        if page.owner.is(heap) {
            if page.push_local(block) == 0 {
                (*heap).page_emptied(page);
            }
        } else {
            free_slow(page, block);
        }
    }
}

/// Frees into a page that another thread holds, or nobody.
#[inline(never)]
unsafe fn free_slow(page: &Page, block: *mut u8) {
    let freed = Block(block);
    // SAFETY: the caller gives the block up; after a push the page may vanish, and is
    // not touched.
    unsafe {
        freed.clear_shape();
        match page
            .thread_free
            .free(page.offset_of(block), |link| freed.set_link(link))
        {
            Freed::Pushed => {}
            Freed::Claimed => free_claimed(page, block),
        }
    }
}

/// Frees the first block of a page that was full, which the caller now holds.
unsafe fn free_claimed(page: &Page, block: *mut u8) {
    let pointer = ptr::from_ref(page).cast_mut();
    // SAFETY: the claim made us the page's holder.
    unsafe {
        if page.class() == SINGLE {
            page.out.set(0);
            count_single(page.kind(), page.block_size.get(), false);
            retire_page(pointer);
            return;
        }
        page.push_local(block);
        let heap = current();
        if is_empty_heap(heap) {
            // A thread that never allocates: let somebody else have the page.
            abandoned::add(pointer);
        } else {
            (*heap).take_in(page);
        }
    }
}

/// Makes a raw block longer or shorter, moving it when need be. Null when there is no
/// memory; the old block is then as it was. A null `block` is allocated.
///
/// # Safety
/// `block` is null or a raw block the caller owns; it is given up unless the result is
/// null.
pub unsafe fn reallocate_raw(block: *mut u8, new_size: usize) -> *mut u8 {
    if block.is_null() {
        return allocate(Kind::Raw, new_size);
    }
    // SAFETY: the caller owns the block.
    unsafe {
        let page = &*Page::of_block(block);
        let old_size = page.block_size.get();
        let is_single = page.class() == SINGLE;
        // What is kept unused: half of a small block, an eighth of a large one.
        let least = if is_single {
            old_size - old_size / 8
        } else {
            old_size / 2
        };
        if (least..=old_size).contains(&new_size) {
            return block;
        }
        if is_single {
            let resized = resize_single(page, block, new_size);
            if !resized.is_null() {
                // `page` may have moved with its block.
                count_single(Kind::Raw, old_size, false);
                count_single(Kind::Raw, usable_size(resized), true);
                return resized;
            }
        }
        let moved = allocate(Kind::Raw, new_size);
        if !moved.is_null() {
            moved.copy_from_nonoverlapping(block, old_size.min(new_size));
            free(block);
        }
        moved
    }
}

/// Resizes a block with a page to itself without copying it: its new address, or null.
unsafe fn resize_single(page: &Page, block: *mut u8, new_size: usize) -> *mut u8 {
    // SAFETY: the caller owns the block.
    unsafe {
        if page.is_huge() {
            huge::resize(page, new_size)
        } else if segment::resize_single(page, new_size) {
            block
        } else {
            ptr::null_mut()
        }
    }
}

/// How many bytes of a block may be used: at least as many as were asked for.
///
/// # Safety
/// `block` came from this allocator and is not free.
#[inline]
pub unsafe fn usable_size(block: *mut u8) -> usize {
    // SAFETY: the block is alive, so its page is.
    unsafe { (*Page::of_block(block)).block_size.get() }
}
