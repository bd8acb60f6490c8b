//! The buffer protocol (PEP 3118): memory of one object seen by another.

use crate::value::Value;

/// The type of a buffer's items and how they are laid out.
#[derive(Clone, Debug)]
pub struct Format {
    /// The `struct` code of an item.
    pub code: String,
    /// Bytes of an item.
    pub item_size: usize,
    /// Length of each dimension.
    pub shape: Vec<isize>,
    /// Distance in bytes between items of each dimension.
    pub strides: Vec<isize>,
}

/// A buffer that `owner` exports. While it exists the owner does not move or resize the memory:
/// exporters count their buffers (`exports`) and raise BufferError.
pub struct Buffer {
    /// The exporting object.
    pub owner: Value,
    /// First byte.
    pub start: *mut u8,
    /// Length in bytes.
    pub length: usize,
    /// Whether it may not be written.
    pub read_only: bool,
    /// Layout, `None` for plain bytes.
    pub format: Option<Box<Format>>,
    /// Tells the owner that the buffer is given back.
    pub release: Option<fn(&Value)>,
}

// SAFETY: the memory belongs to `owner`, which is shared by threads; access to the bytes is by copies
// of single bytes or under the exporter's lock.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            release(&self.owner);
        }
    }
}

impl Buffer {
    /// The bytes, copied out.
    pub fn to_vec(&self) -> Vec<u8> {
        self.as_slice().to_vec()
    }

    /// The bytes. Another thread that writes to a mutable exporter meanwhile may be seen half way.
    pub fn as_slice(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: the exporter keeps `length` bytes at `start` in place while the buffer exists.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    /// Copies `bytes` into the buffer at `offset`. False when they do not fit or it is read-only.
    pub fn write(&self, offset: usize, bytes: &[u8]) -> bool {
        if self.read_only || offset > self.length || bytes.len() > self.length - offset {
            return false;
        }
        // SAFETY: in bounds by the check; the exporter keeps the memory in place.
        unsafe { std::ptr::copy(bytes.as_ptr(), self.start.add(offset), bytes.len()) };
        true
    }
}
