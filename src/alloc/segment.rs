//! 4 MiB of address space cut into pages.
//!
//! ```text
//!    0          8 KiB      64 KiB     128 KiB                          4 MiB
//!   ┌──────────┬──────────┬──────────┬──────────┬─────────── … ──────────┐
//!   │ header + │ never    │ slice 1  │ slice 2  │                        │
//!   │ 63 slots │ touched  │          │          │                        │
//!   └──────────┴──────────┴──────────┴──────────┴─────────── … ──────────┘
//! ```
//!
//! A segment is aligned to 4 MiB, so masking a block's address finds it. A page is a
//! run of slices; the slot of its first slice describes it, the slots of the others
//! lead back to that one. The first segment is only 1 MiB long, so that a small
//! program stays small. A block too large for a run of slices gets a segment to
//! itself (see `huge.rs`).
//!
//! Invariants, all under the lock of [`Segments`]
//!
//! ```text
//!   free ∩ slices of pages = ∅        dirty ⊆ free
//!   bit 0 of free = 0                 free ⊆ bits below `slices`
//!   segment ∈ available  ⇔  free ≠ ∅ and the segment is not huge
//!   dirty_slices = Σ |dirty|
//! ```
//!
//! A free slice that is not dirty reads as zero. Dirty slices keep their memory for
//! the next page, up to [`DIRTY_LIMIT`] or an eighth of what is in pages; beyond that the
//! system gets the memory, a segment's worth at a time.

use crate::huge::{self, Kept};
use crate::lifetime::heap_count;
use crate::os;
use crate::page::{Kind, Page, PageState};
use crate::size_class::{CLASS_MAX, CLASSES, ONE_SLICE_MAX, size_of_class};
use crate::word::{Word32, WordSize};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub const SEGMENT_SIZE: usize = 4 << 20;
pub const SEGMENT_MASK: usize = SEGMENT_SIZE - 1;
pub const SLICE_SIZE: usize = 64 << 10;
pub const SLICES: usize = SEGMENT_SIZE / SLICE_SIZE;
pub const PAGE_SLOT_SIZE: usize = 128;
/// Slices of the first segment.
const FIRST_SEGMENT_SLICES: usize = 16;
/// Slices of a page whose blocks are too large for one slice.
const MEDIUM_SLICES: usize = 8;
/// The largest block that lives in a run of slices.
pub const RUN_MAX: usize = SEGMENT_SIZE / 2;
/// Dirty slices that may be kept, at least.
const DIRTY_LIMIT: usize = 4 * SLICES;
/// A process with this much memory is better off with large system pages: what they
/// waste is little beside the rest.
const LARGE_PAGES_FROM: usize = 64 << 20;
/// The same for each thread: a page of the allocator that is hardly used costs little if the system gives
/// memory in small pieces, and many threads that do little have many of those.
const LARGE_PAGES_FROM_EACH: usize = 4 << 20;
/// How many segments a search for a run looks at.
const SEARCH_LIMIT: usize = 64;

/// What a segment knows about itself, in place of the slot of slice 0.
#[repr(C, align(128))]
pub struct SegmentHeader {
    mapped: WordSize, // bytes
    slices: Word32,   // including slice 0
    is_huge: Word32,
    free: Bits,  // slices in no page
    dirty: Bits, // free slices that hold old bytes
    next: Link,  // among all segments
    previous: Link,
    next_available: Link, // among those with free slices
    previous_available: Link,
    #[cfg(feature = "validate")]
    block_bits: std::cell::Cell<*mut crate::validate::BlockBits>,
}

type Bits = std::cell::Cell<u64>;
type Link = std::cell::Cell<*mut Segment>;

#[repr(C)]
pub struct Segment {
    header: SegmentHeader,
    slots: [Page; SLICES - 1],
}

const _: () = assert!(size_of::<SegmentHeader>() == PAGE_SLOT_SIZE);
const _: () = assert!(size_of::<Segment>() <= SLICE_SIZE);

impl Segment {
    fn base(&self) -> *mut u8 {
        ptr::from_ref(self).cast_mut().cast()
    }

    pub fn slot(&self, slice: usize) -> &Page {
        &self.slots[slice - 1]
    }

    /// The page in use that a slice belongs to. Under the lock.
    fn page_at(&self, wanted: usize) -> Option<&Page> {
        let mut slice = 1;
        while slice < SLICES.min(self.header.slices.get() as usize) {
            let page = self.slot(slice);
            let slices = match page.state() {
                PageState::Unused => 1,
                _ => page.slices.get() as usize,
            };
            if (slice..slice + slices).contains(&wanted) {
                return (page.state() != PageState::Unused).then_some(page);
            }
            slice += slices;
        }
        None
    }

    /// What validation knows about the segment's blocks, or null.
    #[cfg(feature = "validate")]
    pub fn block_bits(&self) -> *mut crate::validate::BlockBits {
        self.header.block_bits.get()
    }

    /// Bytes mapped. Under the lock.
    pub fn mapped(&self) -> usize {
        self.header.mapped.get()
    }

    /// Whether one huge block has the segment to itself.
    pub fn is_huge(&self) -> bool {
        self.header.is_huge.get() != 0
    }

    fn slice_address(&self, slice: usize) -> *mut u8 {
        self.base().wrapping_add(slice * SLICE_SIZE)
    }

    /// Makes the slots of these slices lead back to the page that begins at slice `head`.
    fn lead_back(&self, head: usize, first: usize, count: usize) {
        for slice in first..first + count {
            let back = (slice - head) * PAGE_SLOT_SIZE;
            self.slot(slice).back.set(back as u32);
        }
    }

    /// All slices of pages: bits of a segment that is wholly free.
    fn all_slices(&self) -> u64 {
        mask(1, self.header.slices.get() as usize - 1)
    }
}

/// `count` bits from bit `first` on.
fn mask(first: usize, count: usize) -> u64 {
    debug_assert!(count >= 1 && first + count <= 64);
    (u64::MAX >> (64 - count)) << first
}

/// The lowest position of `count` adjacent one bits.
fn find_run(bits: u64, count: usize) -> Option<usize> {
    // After the step with width w, a bit says that w ones begin there.
    let (mut runs, mut width) = (bits, 1);
    while width < count && runs != 0 {
        let step = width.min(count - width);
        runs &= runs >> step;
        width += step;
    }
    (runs != 0).then(|| runs.trailing_zeros() as usize)
}

/// Every segment there is.
pub struct Segments {
    all: *mut Segment,
    available: *mut Segment,
    clean_next: *mut Segment, // where cleaning goes on
    count: usize,
    dirty_slices: usize,
    wholly_free: usize,
    hint: *mut u8,
    pub totals: Totals,
    pub kept: Kept,
}

/// Figures for the statistics, in bytes unless said otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub segments: usize, // how many
    pub huge: usize,     // how many of them hold one huge block
    pub mapped: usize,
    pub in_pages: usize,
    pub dirty: usize,
    pub returned: usize, // given back to the system, ever
}

// SAFETY: the pointers lead to segments, which belong to no thread and are reached
// through the lock.
unsafe impl Send for Segments {}

static SEGMENTS: Mutex<Segments> = Mutex::new(Segments {
    all: ptr::null_mut(),
    available: ptr::null_mut(),
    clean_next: ptr::null_mut(),
    count: 0,
    dirty_slices: 0,
    wholly_free: 0,
    hint: ptr::null_mut(),
    totals: Totals {
        segments: 0,
        huge: 0,
        mapped: 0,
        in_pages: 0,
        dirty: 0,
        returned: 0,
    },
    kept: Kept::new(),
});

/// Enters the segments. A leaf: nothing that allocates or locks runs inside.
pub fn lock() -> MutexGuard<'static, Segments> {
    SEGMENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Segments {
    /// Visits every segment's pages in use.
    pub fn for_each_page(&self, mut visit: impl FnMut(&Page)) {
        let mut segment = self.all;
        // SAFETY: the list holds mapped segments while the lock is held.
        while let Some(current) = unsafe { segment.as_ref() } {
            let mut slice = 1;
            while slice < SLICES.min(current.header.slices.get() as usize) {
                let page = current.slot(slice);
                if page.state() == PageState::Unused {
                    slice += 1;
                } else {
                    visit(page);
                    slice += page.slices.get() as usize;
                }
            }
            segment = current.header.next.get();
        }
    }

    /// Visits the pages in use at addresses, which may lead anywhere, with the index of each address
    /// at which there is one. The addresses are sorted.
    pub fn for_each_page_at(&self, addresses: &[usize], mut visit: impl FnMut(usize, &Page)) {
        debug_assert!(addresses.is_sorted());
        let mut segment = self.all;
        // SAFETY: the list holds mapped segments while the lock is held.
        while let Some(current) = unsafe { segment.as_ref() } {
            let base = current.base().addr();
            let first = addresses.partition_point(|&address| address < base);
            for (index, address) in addresses.iter().enumerate().skip(first) {
                let offset = address - base;
                if offset >= current.mapped() {
                    break;
                }
                if let Some(page) = current.page_at(offset / SLICE_SIZE) {
                    visit(index, page);
                }
            }
            segment = current.header.next.get();
        }
    }

    /// How many bytes are committed, as far as the allocator knows: pages and dirty
    /// slices.
    pub fn snapshot(&self) -> Totals {
        Totals {
            dirty: self.dirty_slices * SLICE_SIZE + huge::kept_bytes(self),
            ..self.totals
        }
    }

    /// Maps a segment; null without memory.
    pub fn map_segment(&mut self, size: usize, slices: usize, is_huge: bool) -> *mut Segment {
        let address = os::map(size, SEGMENT_SIZE, self.hint);
        if address.is_null() {
            return ptr::null_mut();
        }
        self.hint = address.wrapping_add(size.next_multiple_of(SEGMENT_SIZE));
        let enough = LARGE_PAGES_FROM.max(heap_count() * LARGE_PAGES_FROM_EACH);
        // Of a single large block the system may leave half a large page to waste.
        let wastes_little = !is_huge || size >= 4 * SEGMENT_SIZE;
        if wastes_little && self.totals.mapped > enough {
            // Before the header is written: a page once touched stays as small as it is.
            // SAFETY: just mapped.
            unsafe { os::prefer_large_pages(address, size) };
        }
        let segment: *mut Segment = address.cast();
        // SAFETY: freshly mapped zero bytes are a valid header and valid unused slots.
        let header = unsafe { &(*segment).header };
        #[cfg(feature = "validate")]
        {
            let size = size_of::<crate::validate::BlockBits>();
            let bits = os::map(size, os::system_page_size(), ptr::null_mut());
            header.block_bits.set(bits.cast());
        }
        header.mapped.set(size);
        header.slices.set(slices as u32);
        header.is_huge.set(u32::from(is_huge));
        header.next.set(self.all);
        self.all = segment;
        // SAFETY: the segment is in the list, as its first.
        unsafe { self.fix_neighbours(segment) };
        self.totals.segments += 1;
        self.totals.mapped += size;
        segment
    }

    /// Makes the neighbours of a segment in the list of all segments point to it.
    ///
    /// # Safety
    /// The segment's own links are right.
    unsafe fn fix_neighbours(&mut self, segment: *mut Segment) {
        // SAFETY: the list holds mapped segments.
        unsafe {
            let header = &(*segment).header;
            match header.previous.get().as_ref() {
                Some(previous) => previous.header.next.set(segment),
                None => self.all = segment,
            }
            if let Some(next) = header.next.get().as_ref() {
                next.header.previous.set(segment);
            }
        }
    }

    /// Changes the length of a huge block's segment, in place or by moving the mapping;
    /// where it is now, or `None` when neither works and nothing has changed.
    ///
    /// # Safety
    /// The caller owns the segment's block.
    pub unsafe fn resize_segment(
        &mut self,
        segment: *mut Segment,
        size: usize,
    ) -> Option<*mut Segment> {
        // SAFETY: the caller owns the block, so the segment is mapped; its own links move
        // with it.
        unsafe {
            let old = (*segment).mapped();
            let address = os::resize(segment.cast(), old, size, SEGMENT_SIZE);
            if address.is_null() {
                return None;
            }
            let moved: *mut Segment = address.cast();
            if self.clean_next == segment {
                self.clean_next = moved;
            }
            (*moved).header.mapped.set(size);
            self.fix_neighbours(moved);
            self.totals.mapped = self.totals.mapped - old + size;
            self.totals.returned += old.saturating_sub(size);
            Some(moved)
        }
    }

    /// # Safety
    /// No page is left in the segment and it is not in the list of available ones.
    pub unsafe fn unmap_segment(&mut self, segment: *mut Segment) {
        // SAFETY: it is mapped, as are its neighbours in the list.
        let size = unsafe {
            let header = &(*segment).header;
            let (previous, next) = (header.previous.get(), header.next.get());
            if self.clean_next == segment {
                self.clean_next = next;
            }
            match previous.as_ref() {
                Some(previous) => previous.header.next.set(next),
                None => self.all = next,
            }
            if let Some(next) = next.as_ref() {
                next.header.previous.set(previous);
            }
            #[cfg(feature = "validate")]
            if !header.block_bits.get().is_null() {
                let size = size_of::<crate::validate::BlockBits>();
                os::unmap(header.block_bits.get().cast(), size);
            }
            header.mapped.get()
        };
        self.totals.segments -= 1;
        self.totals.mapped -= size;
        self.totals.returned += size;
        // SAFETY: the caller's promise: nothing refers to it.
        unsafe { os::unmap(segment.cast(), size) };
        crate::reserve::rearm_reserve();
    }

    fn link_available(&mut self, segment: &Segment) {
        let header = &segment.header;
        header.previous_available.set(ptr::null_mut());
        header.next_available.set(self.available);
        // SAFETY: the list holds mapped segments.
        if let Some(old) = unsafe { self.available.as_ref() } {
            old.header.previous_available.set(segment.base().cast());
        }
        self.available = segment.base().cast();
    }

    fn unlink_available(&mut self, segment: &Segment) {
        let header = &segment.header;
        let (previous, next) = (header.previous_available.get(), header.next_available.get());
        // SAFETY: the list holds mapped segments.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.header.next_available.set(next),
                None => self.available = next,
            }
            if let Some(next) = next.as_ref() {
                next.header.previous_available.set(previous);
            }
        }
    }

    /// A run of `count` slices among the free ones that `bits` gives of a segment.
    fn find_free<'a>(
        &self,
        count: usize,
        bits: impl Fn(&SegmentHeader) -> u64,
    ) -> Option<(&'a Segment, usize)> {
        let mut segment = self.available;
        for _ in 0..SEARCH_LIMIT {
            // SAFETY: the list holds mapped segments, which stay as long as they have free slices and
            // the lock is held.
            let current = unsafe { segment.as_ref() }?;
            if let Some(first) = find_run(bits(&current.header), count) {
                return Some((current, first));
            }
            segment = current.header.next_available.get();
        }
        None
    }

    /// Takes a run of `count` slices: its first slot, and whether it is all zero.
    fn take_run(&mut self, count: usize) -> Option<(*mut Page, bool)> {
        // Dirty slices first: they have memory already.
        let dirty = (self.dirty_slices >= count)
            .then(|| self.find_free(count, |header| header.dirty.get()))
            .flatten();
        if let Some((segment, first)) =
            dirty.or_else(|| self.find_free(count, |header| header.free.get()))
        {
            return Some(self.take_run_at(segment, first, count));
        }
        let slices = if self.count == 0 && count < FIRST_SEGMENT_SLICES {
            FIRST_SEGMENT_SLICES
        } else {
            SLICES
        };
        let segment = self.map_segment(slices * SLICE_SIZE, slices, false);
        // SAFETY: null or just mapped.
        let segment = unsafe { segment.as_ref() }?;
        self.count += 1;
        self.wholly_free += 1;
        segment.header.free.set(segment.all_slices());
        self.link_available(segment);
        Some(self.take_run_at(segment, 1, count))
    }

    /// Takes these slices, which are free; whether they are all zero.
    fn take_slices(&mut self, segment: &Segment, first: usize, count: usize) -> bool {
        let header = &segment.header;
        let run = mask(first, count);
        debug_assert!(header.free.get() & run == run);
        if header.free.get() == segment.all_slices() {
            self.wholly_free -= 1;
        }
        header.free.set(header.free.get() & !run);
        let dirty = header.dirty.get() & run;
        header.dirty.set(header.dirty.get() & !run);
        self.dirty_slices -= dirty.count_ones() as usize;
        self.totals.in_pages += count * SLICE_SIZE;
        if header.free.get() == 0 {
            self.unlink_available(segment);
        }
        dirty == 0
    }

    fn take_run_at(&mut self, segment: &Segment, first: usize, count: usize) -> (*mut Page, bool) {
        let is_zero = self.take_slices(segment, first, count);
        segment.lead_back(first, first, count);
        (ptr::from_ref(segment.slot(first)).cast_mut(), is_zero)
    }

    /// Takes back slices of a page.
    fn release_slices(&mut self, segment: &Segment, first: usize, count: usize) {
        let header = &segment.header;
        let run = mask(first, count);
        debug_assert!(header.free.get() & run == 0);
        if header.free.get() == 0 {
            self.link_available(segment);
        }
        header.free.set(header.free.get() | run);
        header.dirty.set(header.dirty.get() | run);
        self.dirty_slices += count;
        self.totals.in_pages -= count * SLICE_SIZE;
        if header.free.get() == segment.all_slices() {
            self.wholly_free += 1;
            // One is kept against a program that swings around the boundary.
            if self.wholly_free > 1 {
                self.release_segment(segment);
            }
        }
        if self.dirty_slices > DIRTY_LIMIT.max(self.totals.in_pages / SLICE_SIZE / 8) {
            self.clean_next_segment();
        }
    }

    /// Gives the system the dirty slices of one segment, taking them in turn: as many
    /// as there are at once, and those that have been dirty longest, more or less.
    fn clean_next_segment(&mut self) {
        for _ in 0..SEARCH_LIMIT {
            // SAFETY: null or a mapped segment: unmapping moves the cursor on.
            let Some(segment) = (unsafe { self.clean_next.as_ref() }) else {
                self.clean_next = self.all;
                continue;
            };
            self.clean_next = segment.header.next.get();
            if segment.header.dirty.get() != 0 {
                return self.clean(segment);
            }
        }
    }

    /// Gives the system the memory of a segment's dirty slices.
    fn clean(&mut self, segment: &Segment) {
        let header = &segment.header;
        while header.dirty.get() != 0 {
            let dirty = header.dirty.get();
            let first = dirty.trailing_zeros() as usize;
            let count = (dirty >> first).trailing_ones() as usize;
            // SAFETY: dirty slices belong to no page.
            if !unsafe { os::discard(segment.slice_address(first), count * SLICE_SIZE) } {
                break;
            }
            header.dirty.set(dirty & !mask(first, count));
            self.dirty_slices -= count;
            self.totals.returned += count * SLICE_SIZE;
        }
    }

    /// Gives a wholly free segment back to the system.
    fn release_segment(&mut self, segment: &Segment) {
        debug_assert!(segment.header.free.get() == segment.all_slices());
        self.wholly_free -= 1;
        self.count -= 1;
        self.dirty_slices -= segment.header.dirty.get().count_ones() as usize;
        self.unlink_available(segment);
        // SAFETY: all its slices are free.
        unsafe { self.unmap_segment(segment.base().cast()) };
    }

    /// Gives the memory of all free slices back to the system.
    pub fn trim(&mut self) {
        let mut cursor = self.available;
        // SAFETY: the list holds mapped segments; the successor is read before the
        // segment may go.
        while let Some(segment) = unsafe { cursor.as_ref() } {
            cursor = segment.header.next_available.get();
            if segment.header.free.get() == segment.all_slices() {
                self.release_segment(segment);
                continue;
            }
            self.clean(segment);
        }
    }
}

/// A new page of blocks of `class`, or null. Nobody else knows it yet.
pub fn new_page(kind: Kind, class: usize) -> *mut Page {
    debug_assert!(class < CLASSES);
    let slices = if size_of_class(class) <= ONE_SLICE_MAX {
        1
    } else {
        MEDIUM_SLICES
    };
    let Some((page, is_zero)) = lock().take_run(slices) else {
        return ptr::null_mut();
    };
    // SAFETY: the slot was taken for us under the lock.
    unsafe { (*page).initialize(kind, class, slices, is_zero) };
    page
}

/// A page with one block of at least `size` bytes, already handed out, whose start is
/// aligned to `alignment`. Null when there is no memory or no such alignment. The flag
/// says that the block is all zero.
pub fn new_single(kind: Kind, size: usize, alignment: usize) -> (*mut Page, bool) {
    debug_assert!(size > CLASS_MAX || alignment > SLICE_SIZE);
    if size <= RUN_MAX && alignment <= SLICE_SIZE {
        let slices = size.div_ceil(SLICE_SIZE);
        let Some((page, is_zero)) = lock().take_run(slices) else {
            return (ptr::null_mut(), false);
        };
        // SAFETY: the slot was taken for us under the lock.
        unsafe { (*page).initialize_single(kind, slices, slices * SLICE_SIZE, is_zero) };
        return (page, is_zero);
    }
    huge::new_page(kind, size, alignment)
}

/// Makes a block that has a run of slices to itself longer or shorter where it is. False
/// when that cannot be done, and nothing has changed.
///
/// # Safety
/// The caller owns the block of this page, which is not huge.
pub unsafe fn resize_single(page: &Page, size: usize) -> bool {
    let (first, slices) = (page.slot(), page.slices.get() as usize);
    let wanted = size.div_ceil(SLICE_SIZE);
    if size <= CLASS_MAX || size > RUN_MAX || first + wanted > SLICES {
        return false;
    }
    // SAFETY: a page in use lies in a mapped segment.
    let segment = unsafe { &*page.segment() };
    let mut segments = lock();
    if wanted < slices {
        segments.release_slices(segment, first + wanted, slices - wanted);
    } else if wanted > slices {
        let more = mask(first + slices, wanted - slices);
        if segment.header.free.get() & more != more {
            return false;
        }
        segments.take_slices(segment, first + slices, wanted - slices);
        segment.lead_back(first, first + slices, wanted - slices);
    }
    page.slices.set(wanted as u32);
    page.block_size.set(wanted * SLICE_SIZE);
    true
}

/// Gives an empty page's slices back, at once.
///
/// # Safety
/// The caller holds the page, which is not huge, no block of it is used, and no
/// lock-free reader can still look at it.
pub unsafe fn release_page(page: *mut Page) {
    // SAFETY: the caller holds the page, and a page in use lies in a mapped segment.
    let (page, segment) = unsafe { (&*page, &*(*page).segment()) };
    let mut segments = lock();
    page.set_state(PageState::Unused);
    segments.release_slices(segment, page.slot(), page.slices.get() as usize);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_at_the_lowest_place_that_fits() {
        for count in 1..=20 {
            for bits in [
                0u64,
                1,
                0b1110,
                0xff00,
                u64::MAX,
                0xf0f0_f0f0_00ff_fff0,
                1 << 63,
            ] {
                let expected =
                    (0..=64 - count).find(|&at| bits & mask(at, count) == mask(at, count));
                assert_eq!(find_run(bits, count), expected, "{bits:#x} {count}");
            }
        }
    }
}
