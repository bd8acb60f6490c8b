//! Pages of the address space: mapped, grown, given back.
//!
//! Invariants: `start` is what `mmap` or `mremap` returned, for `length` bytes, until the mapping is
//! dropped; nobody writes to one that is not writable. Another process may change shared pages at any
//! time, as other threads may: bytes are copied, never lent as slices beyond one call.

use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};

use rustix::io::Result as SystemResult;
use rustix::mm::{self, MapFlags, MremapFlags, MsyncFlags, ProtFlags};
use typhon_runtime::buffer::Buffer;

/// See the file's header.
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the pages belong to the process, not to a thread.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Maps `length` bytes of a file from `offset` on, or of no file.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(
        length: usize,
        protection: ProtFlags,
        flags: MapFlags,
        file: Option<BorrowedFd<'_>>,
        offset: u64,
    ) -> SystemResult<Mapping> {
        // SAFETY: the system chooses a place where nothing is.
        let start = unsafe {
            match file {
                Some(file) => mm::mmap(ptr::null_mut(), length, protection, flags, file, offset)?,
                None => mm::mmap_anonymous(ptr::null_mut(), length, protection, flags)?,
            }
        };
        let start = NonNull::new(start.cast()).ok_or(rustix::io::Errno::INVAL)?;
        Ok(Mapping { start, length })
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The bytes of the mapping, for one look.
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for `length` bytes. What others write meanwhile is seen or not, byte by byte.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// The bytes of a writable mapping, for one change.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; the caller has found the mapping to be writable.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }

    /// Changes the length; the mapping may move.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn resize(&mut self, length: usize) -> SystemResult<()> {
        // SAFETY: the mapping is this one's, and no buffer of it is out.
        let start = unsafe {
            mm::mremap(
                self.start.as_ptr().cast(),
                self.length,
                length,
                MremapFlags::MAYMOVE,
            )?
        };
        self.start = NonNull::new(start.cast()).ok_or(rustix::io::Errno::INVAL)?;
        self.length = length;
        Ok(())
    }

    /// Tells the system how the pages will be used.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn advise(&self, offset: usize, length: usize, advice: i32) -> SystemResult<()> {
        // SAFETY: the caller has checked the range. Advice may drop what the pages hold, which Python
        // code that asks for it wants; the pages stay mapped.
        let answer =
            unsafe { libc::madvise(self.start.as_ptr().add(offset).cast(), length, advice) };
        if answer == 0 {
            Ok(())
        } else {
            let error = std::io::Error::last_os_error();
            Err(rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::INVAL))
        }
    }
}

/// Writes changed pages back to the file.
///
/// # Errors
/// The system's.
pub(super) fn flush(pages: &Buffer, offset: usize, length: usize) -> SystemResult<()> {
    debug_assert!(offset + length <= pages.length);
    // SAFETY: the buffer keeps the mapping where it is, and the range is inside.
    unsafe { mm::msync(pages.start.add(offset).cast(), length, MsyncFlags::SYNC) }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this one's, and no buffer of it is out. The system refuses only what is
        // not mapped.
        let _ = unsafe { mm::munmap(self.start.as_ptr().cast(), self.length) };
    }
}
