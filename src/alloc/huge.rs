//! Blocks with a segment to themselves.
//!
//! A block too large for a run of slices, or aligned to more than a slice, gets a
//! mapping of its own: a segment header, then the block, at slice 1 or, for alignment,
//! later, but within the first 4 MiB, so that masking its address finds the header.
//!
//! Buffers of this size come and go (a file is read, a string joined), and fresh memory
//! costs a fault for each system page, more than most programs do with it. So a few
//! mappings are kept for the next block of about their size.
//!
//! Invariants, under the lock of the segments
//! * A kept mapping's page is unused, and the mapping is in the list of all segments.
//! * Σ size of kept mappings ≤ [`KEEP_TOTAL`], each ≤ [`KEEP_EACH`].

use crate::os;
use crate::page::{Kind, Page, PageState};
use crate::segment::{SEGMENT_SIZE, SLICE_SIZE, Segment, Segments, lock};
use std::ptr;

/// How many mappings are kept.
const KEEP: usize = 8;
const KEEP_EACH: usize = 32 << 20;
const KEEP_TOTAL: usize = 64 << 20;

/// Mappings kept for the next block, the oldest first.
pub struct Kept {
    segments: [*mut Segment; KEEP],
    count: usize,
    bytes: usize,
}

impl Kept {
    pub const fn new() -> Kept {
        Kept {
            segments: [ptr::null_mut(); KEEP],
            count: 0,
            bytes: 0,
        }
    }

    fn remove(&mut self, at: usize) -> *mut Segment {
        let segment = self.segments[at];
        self.segments.copy_within(at + 1..self.count, at);
        self.count -= 1;
        // SAFETY: kept segments are mapped.
        self.bytes -= unsafe { (*segment).mapped() };
        segment
    }

    /// A mapping of at least `mapped` bytes, but not by much more, if there is one. The
    /// youngest first: its memory is the warmest.
    fn take(&mut self, mapped: usize) -> Option<*mut Segment> {
        let fits = |segment: &*mut Segment| {
            // SAFETY: kept segments are mapped.
            let size = unsafe { (**segment).mapped() };
            size >= mapped && size - mapped <= mapped / 4
        };
        let at = self.segments[..self.count].iter().rposition(fits)?;
        Some(self.remove(at))
    }
}

/// Bytes to map for a block of `size` bytes behind `before` bytes.
fn mapping_size(size: usize, before: usize) -> Option<usize> {
    size.checked_next_multiple_of(os::system_page_size())?
        .checked_add(before)
        .filter(|&mapped| mapped <= isize::MAX as usize - SEGMENT_SIZE)
}

/// A page with one huge block, already handed out, whose start is aligned to
/// `alignment`. Null when there is no memory or no such alignment. The flag says that
/// the block is all zero.
pub fn new_page(kind: Kind, size: usize, alignment: usize) -> (*mut Page, bool) {
    let none = (ptr::null_mut(), false);
    // The block must begin in the segment's first 4 MiB, or masking would miss.
    if alignment > SEGMENT_SIZE / 2 {
        return none;
    }
    let slice = alignment.div_ceil(SLICE_SIZE);
    let before = slice * SLICE_SIZE;
    let Some(mapped) = mapping_size(size, before) else {
        return none;
    };
    let mut segments = lock();
    let kept = if slice == 1 {
        segments.kept.take(mapped)
    } else {
        None
    };
    let is_zero = kept.is_none();
    let segment = kept.unwrap_or_else(|| segments.map_segment(mapped, slice + 1, true));
    // SAFETY: null or mapped, and ours.
    let Some(segment) = (unsafe { segment.as_ref() }) else {
        return none;
    };
    let block_size = segment.mapped() - before;
    segments.totals.huge += 1;
    segments.totals.in_pages += block_size;
    let page = segment.slot(slice);
    page.back.set(0);
    page.initialize_single(kind, 1, block_size, is_zero);
    (ptr::from_ref(page).cast_mut(), is_zero)
}

/// Makes a huge block longer or shorter without copying it, if that is possible; the
/// block's new address, or null.
///
/// # Safety
/// The caller owns the block of this page, which is huge and raw.
pub unsafe fn resize(page: &Page, size: usize) -> *mut u8 {
    if size <= crate::segment::RUN_MAX {
        return ptr::null_mut();
    }
    let before = page.slot() * SLICE_SIZE;
    let Some(mapped) = mapping_size(size, before) else {
        return ptr::null_mut();
    };
    let mut segments = lock();
    // SAFETY: a page in use lies in a mapped segment, and the caller owns its block.
    unsafe {
        let Some(segment) = segments.resize_segment(page.segment(), mapped) else {
            return ptr::null_mut();
        };
        // The old segment may be gone, and `page` with it.
        let page = (*segment).slot(before / SLICE_SIZE);
        segments.totals.in_pages -= page.block_size.get();
        page.block_size.set(mapped - before);
        segments.totals.in_pages += page.block_size.get();
        page.start()
    }
}

/// Takes back the mapping of an empty page: keeps it, or gives it to the system.
///
/// # Safety
/// The caller holds the page, which is empty, and nobody can still read it.
pub unsafe fn release(page: *mut Page) {
    let mut segments = lock();
    // SAFETY: the caller holds the page, and with it the segment.
    unsafe {
        let segment = (*page).segment();
        let mapped = (*segment).mapped();
        segments.totals.huge -= 1;
        segments.totals.in_pages -= (*page).block_size.get();
        (*page).set_state(PageState::Unused);
        if (*page).slot() != 1 || mapped > KEEP_EACH {
            segments.unmap_segment(segment);
            return;
        }
        while segments.kept.count == KEEP || segments.kept.bytes + mapped > KEEP_TOTAL {
            let oldest = segments.kept.remove(0);
            segments.unmap_segment(oldest);
        }
        let kept = &mut segments.kept;
        kept.segments[kept.count] = segment;
        kept.count += 1;
        kept.bytes += mapped;
    }
}

/// Gives the kept mappings to the system.
pub fn trim(segments: &mut Segments) {
    while segments.kept.count > 0 {
        let oldest = segments.kept.remove(0);
        // SAFETY: a kept mapping has no page in use.
        unsafe { segments.unmap_segment(oldest) };
    }
}

/// Bytes of the kept mappings.
pub fn kept_bytes(segments: &Segments) -> usize {
    segments.kept.bytes
}
