//! A thread's memory for frames: one contiguous region that two stacks share.
//!
//! ```text
//!  start                                  middle                              end
//!  ┌──────────────┬───────────────────┬─ … ─┬─ … ─┬─────────────┬─────────────────┐
//!  │ values of f  │ values of g       │  →  │  ←  │ frame g     │ frame f         │
//!  └──────────────┴───────────────────┴─ … ─┴─ … ─┴─────────────┴─────────────────┘
//! ```
//! Values grow up, frame headers grow down; when either would pass the middle, the program is in
//! RecursionError. So no word for values ever was part of a header: what is dead there was a value's, or
//! is zero, as `uncounted.rs` wants.
//! Arguments on top of the caller's values become the callee's first variables where they are, so a
//! call copies nothing. The region is reserved address space; pages get memory as they are touched.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::frame::Frame;

/// Words of the region of a thread.
const WORDS: usize = 8 << 20;

/// See the module's header.
pub struct Stack {
    start: NonNull<u64>,
    middle: *mut u64,
    bytes: usize,
    /// The frame that runs, or null.
    pub frame: Cell<*mut Frame>,
    /// Lowest frame header on this stack.
    pub frames_end: Cell<*mut Frame>,
    /// First word that no frame on this stack uses, while native code runs.
    pub top: Cell<*mut u64>,
    /// Whether the frame that left the evaluation loop last did so to be resumed.
    pub yielded: Cell<bool>,
    /// Python frames that are active, for the recursion limit.
    pub depth: Cell<u32>,
}

impl Stack {
    /// Reserves a region. `None` when the address space is out.
    pub fn new() -> Option<Stack> {
        let mut words = WORDS;
        loop {
            let bytes = words * size_of::<u64>();
            // SAFETY: a fresh anonymous mapping at an address of the system's choice.
            let memory = unsafe {
                rustix::mm::mmap_anonymous(
                    ptr::null_mut(),
                    bytes,
                    rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
                    rustix::mm::MapFlags::PRIVATE | rustix::mm::MapFlags::NORESERVE,
                )
            };
            if let Ok(memory) = memory {
                let start = NonNull::new(memory.cast::<u64>())?;
                // SAFETY: one past the region.
                let end = unsafe { start.as_ptr().add(words) };
                return Some(Stack {
                    start,
                    // SAFETY: inside the region.
                    middle: unsafe { start.as_ptr().add(words / 2) },
                    bytes,
                    frame: Cell::new(ptr::null_mut()),
                    frames_end: Cell::new(end.cast()),
                    top: Cell::new(start.as_ptr()),
                    yielded: Cell::new(false),
                    depth: Cell::new(0),
                });
            }
            // Under a tight limit of address space a smaller stack will do.
            words /= 4;
            if words < 1 << 14 {
                return None;
            }
        }
    }
}

impl Stack {
    /// The first word of the region.
    pub(super) fn start(&self) -> *mut u64 {
        self.start.as_ptr()
    }

    /// Where the words for values end, and those for headers begin.
    #[inline(always)]
    pub(super) fn middle(&self) -> *mut u64 {
        self.middle
    }

    /// The headers of the frames on this stack, the one entered last first.
    pub(super) fn frames(&self) -> impl Iterator<Item = *mut Frame> {
        let mut frame = self.frames_end.get();
        // SAFETY: one past the region.
        let end = unsafe { self.start.as_ptr().byte_add(self.bytes) }.cast::<Frame>();
        std::iter::from_fn(move || {
            (frame < end).then(|| {
                let this = frame;
                // SAFETY: below the end there is another header.
                frame = unsafe { frame.add(1) };
                this
            })
        })
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        debug_assert!(self.frame.get().is_null());
        // SAFETY: the region was mapped by `new`, and no frame is left on it.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}
