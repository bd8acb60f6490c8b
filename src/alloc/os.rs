//! The operating system's memory calls.
//!
//! Every mapping this file returns is zero, readable, writable and aligned as asked;
//! failure is null, never a panic: a process under `ulimit -v` must be able to raise
//! MemoryError.

use rustix::mm::{self, MapFlags, ProtFlags};
use std::ptr;

/// The size of the system's own pages.
pub fn system_page_size() -> usize {
    rustix::param::page_size()
}

fn map_at(hint: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: an anonymous private mapping without MAP_FIXED replaces nothing.
    let mapped = unsafe {
        mm::mmap_anonymous(
            hint.cast(),
            size,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::NORESERVE,
        )
    };
    mapped.map_or(ptr::null_mut(), |address| address.cast())
}

/// Maps `size` bytes aligned to `alignment` (a power of two, at least a system page).
/// `hint` is where the caller would like them; null says anywhere.
pub fn map(size: usize, alignment: usize, hint: *mut u8) -> *mut u8 {
    debug_assert!(alignment.is_power_of_two());
    let mapped = map_at(hint, size);
    if mapped.is_null() || mapped.addr().is_multiple_of(alignment) {
        return mapped;
    }
    // SAFETY: the mapping was made above and nobody knows of it.
    unsafe { unmap(mapped, size) };
    let Some(wide) = size.checked_add(alignment) else {
        return ptr::null_mut();
    };
    let mapped = map_at(ptr::null_mut(), wide);
    if mapped.is_null() {
        return mapped;
    }
    let skip = mapped.addr().next_multiple_of(alignment) - mapped.addr();
    // SAFETY: both trimmed ends lie inside the new mapping and outside the part kept;
    // all lengths are multiples of the system page, as are size and alignment.
    unsafe {
        if skip > 0 {
            unmap(mapped, skip);
        }
        if wide - skip - size > 0 {
            unmap(mapped.add(skip + size), wide - skip - size);
        }
        mapped.add(skip)
    }
}

/// Takes address space that nothing can be put into; null when there is none.
pub fn reserve(size: usize) -> *mut u8 {
    // SAFETY: as in `map_at`.
    let mapped = unsafe {
        mm::mmap_anonymous(
            ptr::null_mut(),
            size,
            ProtFlags::empty(),
            MapFlags::PRIVATE | MapFlags::NORESERVE,
        )
    };
    mapped.map_or(ptr::null_mut(), |address| address.cast())
}

/// Gives a mapping back.
///
/// # Safety
/// The range was mapped by [`map`] and nothing refers to it any more.
pub unsafe fn unmap(address: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    let result = unsafe { mm::munmap(address.cast(), size) };
    debug_assert!(result.is_ok(), "munmap of {address:p}+{size:#x}");
}

/// Lets the system take the memory behind a range while the addresses stay ours; the
/// range reads as zero afterwards. False when the system declined.
///
/// # Safety
/// The range was mapped by [`map`] and its content is dead.
pub unsafe fn discard(address: *mut u8, size: usize) -> bool {
    #[cfg(target_os = "linux")]
    let advice = mm::Advice::LinuxDontNeed;
    #[cfg(not(target_os = "linux"))]
    let advice = mm::Advice::DontNeed;
    // SAFETY: the caller's promise.
    let result = unsafe { mm::madvise(address.cast(), size, advice) };
    // Elsewhere than on Linux the advice does not promise zeros.
    result.is_ok() && cfg!(target_os = "linux")
}

/// Asks for large system pages behind a range: fewer faults, fewer translation misses.
///
/// # Safety
/// The range was mapped by [`map`].
pub unsafe fn prefer_large_pages(address: *mut u8, size: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: the caller's promise; the advice changes no content. A system without
    // large pages declines, which is as well.
    let _ = unsafe { mm::madvise(address.cast(), size, mm::Advice::LinuxHugepage) };
    #[cfg(not(target_os = "linux"))]
    let _ = (address, size);
}

/// Makes a mapping longer or shorter, moving it to another aligned place when it cannot
/// grow where it is, without copying. Where it is now, or null when it is as it was.
///
/// # Safety
/// The range was mapped by [`map`] with this alignment; nothing but the caller refers
/// to it; what lies past the new end is dead.
pub unsafe fn resize(address: *mut u8, old: usize, new: usize, alignment: usize) -> *mut u8 {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: without MAYMOVE the mapping stays where it is or stays as it is.
        if unsafe { mm::mremap(address.cast(), old, new, mm::MremapFlags::empty()) }.is_ok() {
            return address;
        }
        let target = map(new, alignment, ptr::null_mut());
        if target.is_null() {
            return target;
        }
        // SAFETY: the target is ours and may be replaced; it does not overlap the old
        // mapping, because both are mapped.
        unsafe {
            let flags = mm::MremapFlags::MAYMOVE;
            if mm::mremap_fixed(address.cast(), old, new, flags, target.cast()).is_ok() {
                return target;
            }
            unmap(target, new);
        }
        ptr::null_mut()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (address, old, new, alignment);
        ptr::null_mut()
    }
}
