//! Memory that C and any number of Python threads may touch at once: read and written by atomic words and
//! bytes, without order. A number that lies at an address that is a multiple of its size is seen whole, or
//! before or after a change.
//!
//! Where a function takes an address, the program has said that there is such memory: an address that it made
//! up ends the process, as it does in C.

use std::alloc::{self, Layout};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

/// Alignment of all blocks: what `malloc` gives.
const ALIGNMENT: usize = 16;

/// Bytes of the smallest block: what is behind a small value is zero, for who takes it for a text.
const SMALLEST: usize = 16;

/// Memory of an object's own. Zeros at first.
pub struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the memory is touched by the functions of this file and by C.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    /// At least `size` bytes at an address that is a multiple of `alignment`. `None`: there is no memory.
    pub fn new(size: usize, alignment: usize) -> Option<Block> {
        let alignment = alignment.next_power_of_two().max(ALIGNMENT);
        let layout = Layout::from_size_align(size.max(SMALLEST), alignment).ok()?;
        // SAFETY: the size is not 0.
        let start = NonNull::new(unsafe { alloc::alloc_zeroed(layout) })?;
        Some(Block { start, layout })
    }

    pub fn address(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: from `new`, with this layout.
        unsafe { alloc::dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// Reads a number of `N` bytes, `N` up to 16.
///
/// # Safety
/// There are `N` bytes at `from`.
pub unsafe fn read<const N: usize>(from: *const u8) -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: the caller's.
    unsafe { read_into(from, &mut bytes) };
    bytes
}

/// Reads a word that may be a pointer.
///
/// # Safety
/// There is a word at `from`.
pub unsafe fn read_word(from: *const u8) -> usize {
    // SAFETY: the caller's.
    usize::from_ne_bytes(unsafe { read(from) })
}

/// Writes a word that may be a pointer.
///
/// # Safety
/// There is a word at `to`, which may be written.
pub unsafe fn write_word(to: *mut u8, word: usize) {
    // SAFETY: the caller's.
    unsafe { write(to, &word.to_ne_bytes()) };
}

/// Whether a number of this type can be moved in one step.
fn fits<T>(address: *const u8, length: usize) -> bool {
    length >= size_of::<T>() && (address as usize).is_multiple_of(size_of::<T>())
}

/// Reads bytes.
///
/// # Safety
/// There are as many bytes at `from`.
pub unsafe fn read_into(mut from: *const u8, mut bytes: &mut [u8]) {
    while !bytes.is_empty() {
        let count;
        // SAFETY: in bounds by the test of the length, aligned by that of the address.
        unsafe {
            if fits::<u64>(from, bytes.len()) {
                count = 8;
                let word = AtomicU64::from_ptr(from.cast_mut().cast()).load(Ordering::Relaxed);
                bytes[..8].copy_from_slice(&word.to_ne_bytes());
            } else if fits::<u32>(from, bytes.len()) {
                count = 4;
                let word = AtomicU32::from_ptr(from.cast_mut().cast()).load(Ordering::Relaxed);
                bytes[..4].copy_from_slice(&word.to_ne_bytes());
            } else if fits::<u16>(from, bytes.len()) {
                count = 2;
                let word = AtomicU16::from_ptr(from.cast_mut().cast()).load(Ordering::Relaxed);
                bytes[..2].copy_from_slice(&word.to_ne_bytes());
            } else {
                count = 1;
                bytes[0] = AtomicU8::from_ptr(from.cast_mut()).load(Ordering::Relaxed);
            }
            from = from.add(count);
        }
        bytes = &mut bytes[count..];
    }
}

/// Writes bytes.
///
/// # Safety
/// There are as many bytes at `to`, which may be written.
pub unsafe fn write(mut to: *mut u8, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let count;
        // SAFETY: in bounds by the test of the length, aligned by that of the address.
        unsafe {
            if let (true, Some(word)) = (fits::<u64>(to, bytes.len()), bytes.first_chunk()) {
                count = 8;
                let word = u64::from_ne_bytes(*word);
                AtomicU64::from_ptr(to.cast()).store(word, Ordering::Relaxed);
            } else if let (true, Some(word)) = (fits::<u32>(to, bytes.len()), bytes.first_chunk()) {
                count = 4;
                let word = u32::from_ne_bytes(*word);
                AtomicU32::from_ptr(to.cast()).store(word, Ordering::Relaxed);
            } else if let (true, Some(word)) = (fits::<u16>(to, bytes.len()), bytes.first_chunk()) {
                count = 2;
                let word = u16::from_ne_bytes(*word);
                AtomicU16::from_ptr(to.cast()).store(word, Ordering::Relaxed);
            } else {
                count = 1;
                AtomicU8::from_ptr(to).store(bytes[0], Ordering::Relaxed);
            }
            to = to.add(count);
        }
        bytes = &bytes[count..];
    }
}

/// The bytes, copied out.
///
/// # Safety
/// There are `length` bytes at `from`.
pub unsafe fn copy_out(from: *const u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    // SAFETY: the caller's.
    unsafe { read_into(from, &mut bytes) };
    bytes
}

/// The bytes up to a zero or up to `most`, copied out.
///
/// # Safety
/// There are bytes at `from` up to a zero or up to `most`.
pub unsafe fn string_at(from: *const u8, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < most {
        // SAFETY: no byte before was the last one.
        let [byte] = unsafe { read(from.add(bytes.len())) };
        if byte == 0 {
            break;
        }
        bytes.push(byte);
    }
    bytes
}

/// The wide characters up to a zero or up to `most`, copied out.
///
/// # Safety
/// There are characters at `from` up to a zero or up to `most`.
pub unsafe fn wide_string_at(from: *const u8, most: usize) -> Vec<u32> {
    let mut points = Vec::new();
    while points.len() < most {
        // SAFETY: no character before was the last one.
        let point = u32::from_ne_bytes(unsafe { read(from.add(4 * points.len())) });
        if point == 0 {
            break;
        }
        points.push(point);
    }
    points
}
