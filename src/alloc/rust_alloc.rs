//! The `GlobalAlloc` for Rust's own buffers: raw blocks of this allocator.
//!
//! Works before main and after a thread's destructors have run: the heap pointer has
//! no destructor, and a thread past its end borrows the late heap.

use crate::heap::{allocate, allocate_single, allocate_zeroed, free, reallocate_raw, usable_size};
use crate::page::Kind;
use crate::reserve;
use crate::segment::SLICE_SIZE;
use crate::size_class::{CLASS_MAX, size_for_alignment};
use std::alloc::{GlobalAlloc, Layout};

/// Rust's allocator over [`Kind::Raw`]. Alignments up to 2 MiB are served.
#[derive(Clone, Copy, Debug, Default)]
pub struct TyphonAllocator;

#[cold]
fn allocate_aligned(layout: Layout) -> *mut u8 {
    let (size, alignment) = (layout.size(), layout.align());
    if alignment > SLICE_SIZE {
        return allocate_single(Kind::Raw, size.max(1), alignment).0;
    }
    let request = size_for_alignment(size, alignment);
    if request > CLASS_MAX {
        allocate_single(Kind::Raw, request, alignment).0
    } else {
        allocate(Kind::Raw, request)
    }
}

/// The block, made by another try when there was no memory for it but a reserve.
#[inline(always)]
fn or_from_reserve(block: *mut u8, size: usize, again: impl FnOnce() -> *mut u8) -> *mut u8 {
    if block.is_null() && reserve::spend(size) {
        return again();
    }
    block
}

// SAFETY: blocks are as large and aligned as asked, disjoint, and stay until freed; the
// unit and property tests hold it to that.
unsafe impl GlobalAlloc for TyphonAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let new = || {
            if layout.align() <= 16 {
                allocate(Kind::Raw, layout.size())
            } else {
                allocate_aligned(layout)
            }
        };
        or_from_reserve(new(), layout.size(), new)
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller's promise.
        unsafe { free(block) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= 16 {
            let new = || allocate_zeroed(Kind::Raw, layout.size());
            return or_from_reserve(new(), layout.size(), new);
        }
        // SAFETY: the caller's promise.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: the block is ours and at least that long.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.align() <= 16 {
            // SAFETY: the caller's promise; a block is as it was when it could not grow.
            let grow = || unsafe { reallocate_raw(block, new_size) };
            return or_from_reserve(grow(), new_size, grow);
        }
        // SAFETY: the caller's promise; the new layout's alignment is that of the old,
        // and the caller has checked that its size does not overflow.
        unsafe {
            if new_size <= usable_size(block) && new_size >= usable_size(block) / 2 {
                return block;
            }
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size().min(new_size));
                free(block);
            }
            moved
        }
    }
}
