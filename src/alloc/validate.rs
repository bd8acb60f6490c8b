//! With `--features validate`: checks pages and blocks at every step.
//!
//! Two bits for every possible block of a segment, in a mapping beside it:
//!
//! ```text
//!   used    poisoned   meaning
//!    0         0       never handed out since its page was made
//!    1         0       handed out
//!    0         1       freed; the payload is filled with POISON
//! ```
//!
//! So it notices a block freed twice, freed although it never was one, handed out
//! twice, or written to after it was freed. The header of a freed object is left
//! alone: lock-free readers may try to count in it.
//!
//! A page's equations (`page.rs`) are checked whenever its free list is refilled or it
//! changes hands; in debug builds too. What is wrong is reported and the process ends:
//! nothing can be trusted any more.
//!
//! Without the feature the functions here are empty.

use crate::page::Page;

/// Checks a page the caller holds.
#[inline(always)]
pub fn page(page: &Page) {
    if cfg!(any(debug_assertions, feature = "validate")) && !page.is_valid() {
        page_broken(page);
    }
}

#[cold]
#[inline(never)]
fn page_broken(page: &Page) {
    fatal(
        "the page's free lists and counts disagree",
        page,
        page.start(),
    );
}

#[cold]
#[inline(never)]
fn fatal(what: &str, page: &Page, block: *const u8) -> ! {
    // Written without a buffer: the allocator cannot be asked for one now.
    eprintln!(
        "typhon-alloc: {what}: block {block:p}, page {:p}: {:?} class {} size {} \
         out {} capacity {} reserved {} remote {} {:?}",
        page.start(),
        page.kind(),
        page.class(),
        page.block_size.get(),
        page.out.get(),
        page.capacity.get(),
        page.reserved.get(),
        page.thread_free.count(),
        page.state(),
    );
    std::process::abort();
}

#[cfg(not(feature = "validate"))]
mod blocks {
    use super::Page;

    #[inline(always)]
    pub fn allocated(_: &Page, _: *mut u8) {}

    #[inline(always)]
    pub fn freed(_: &Page, _: *mut u8) {}

    #[inline(always)]
    pub fn page_made(_: &Page) {}
}

#[cfg(feature = "validate")]
mod blocks {
    use super::{Page, fatal};
    use crate::page::PageState;
    use crate::segment::{SEGMENT_SIZE, SLICE_SIZE};
    use std::ptr;
    use std::sync::atomic::{AtomicU64, Ordering};

    const POISON: u8 = 0xdd;
    /// Bytes of a freed block that are filled and looked at.
    const POISONED: usize = 1024;
    const HEADER: usize = crate::block::HEADER_SIZE;
    const WORDS: usize = SEGMENT_SIZE / 16 / 64;

    /// The state of all blocks of a segment.
    #[repr(C)]
    pub struct BlockBits {
        used: [AtomicU64; WORDS],
        poisoned: [AtomicU64; WORDS],
    }

    /// The word and bit of a block in either table.
    fn place(page: &Page, block: *const u8) -> (usize, u64) {
        let number = page.offset_of(block.cast_mut()) as usize / 16;
        (number / 64, 1 << (number % 64))
    }

    fn bits(page: &Page) -> Option<&BlockBits> {
        // SAFETY: null without memory for it, or mapped as long as the segment is.
        unsafe { (*page.segment()).block_bits().as_ref() }
    }

    /// What of a block is filled when it is freed.
    fn payload(page: &Page, block: *mut u8) -> *mut [u8] {
        let length = page.block_size.get().min(POISONED).saturating_sub(HEADER);
        ptr::slice_from_raw_parts_mut(block.wrapping_add(HEADER), length)
    }

    /// Whether a freed block, which the caller has, is as `freed` left it.
    fn is_poisoned(page: &Page, block: *mut u8) -> bool {
        // SAFETY: the block is as long as that, and the caller has it.
        let payload = unsafe { &*payload(page, block) };
        payload.iter().all(|&byte| byte == POISON)
    }

    pub fn allocated(page: &Page, block: *mut u8) {
        let Some(bits) = bits(page) else { return };
        let (word, bit) = place(page, block);
        // Relaxed: the block's own hand-over orders these.
        if bits.used[word].fetch_or(bit, Ordering::Relaxed) & bit != 0 {
            fatal("a block was handed out twice", page, block);
        }
        let was_freed = bits.poisoned[word].fetch_and(!bit, Ordering::Relaxed) & bit != 0;
        if was_freed && !is_poisoned(page, block) {
            fatal("a block was written to after it was freed", page, block);
        }
    }

    pub fn freed(page: &Page, block: *mut u8) {
        let distance = block.addr().wrapping_sub(page.start().addr());
        let size = page.block_size.get();
        if page.state() != PageState::Active
            || !distance.is_multiple_of(size)
            || distance / size >= page.capacity.get() as usize
        {
            fatal("what was freed is no block", page, block);
        }
        let Some(bits) = bits(page) else { return };
        let (word, bit) = place(page, block);
        if bits.used[word].fetch_and(!bit, Ordering::Relaxed) & bit == 0 {
            fatal("a block was freed twice", page, block);
        }
        // SAFETY: the block is as long as that, and the caller is giving it up.
        unsafe { (*payload(page, block)).fill(POISON) };
        bits.poisoned[word].fetch_or(bit, Ordering::Relaxed);
    }

    /// The page's slices are cut anew: what was poisoned in them is no block any more.
    pub fn page_made(page: &Page) {
        let Some(bits) = bits(page) else { return };
        let slices = page.slices.get() as usize;
        let words = SLICE_SIZE / 16 / 64;
        let first = page.slot() * words;
        for word in first..(first + slices * words).min(WORDS) {
            bits.poisoned[word].store(0, Ordering::Relaxed);
            if bits.used[word].load(Ordering::Relaxed) != 0 {
                fatal("a page was made of used blocks", page, page.start());
            }
        }
    }
}

#[cfg(feature = "validate")]
pub use blocks::BlockBits;
pub use blocks::{allocated, freed, page_made};
