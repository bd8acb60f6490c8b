//! Arguments that may be any object with a buffer: `bytes`, `bytearray`, `memoryview`, `array`, …
//!
//! The bytes of a mutable object can be changed by another thread while they are read, as in C; what
//! must not be seen half changed is copied first.

use typhon_runtime::args::{FromArgument, Place};
use typhon_runtime::buffer::Buffer;
use typhon_runtime::protocols::buffer;
use typhon_runtime::{Context, PyResult, Raised, Value};

/// The bytes of an argument, for as long as this lives.
pub struct BytesLike(Buffer);

impl BytesLike {
    /// The bytes of `value`.
    ///
    /// # Errors
    /// TypeError when it has no buffer, BufferError when its bytes do not lie behind each other.
    pub fn of(cx: &Context, value: &Value) -> PyResult<BytesLike> {
        BytesLike::from_buffer(cx, buffer::get_buffer(cx, value)?)
    }

    /// The bytes of a buffer.
    ///
    /// # Errors
    /// BufferError when they do not lie behind each other.
    pub fn from_buffer(cx: &Context, buffer: Buffer) -> PyResult<BytesLike> {
        if !is_contiguous(&buffer) {
            return Err(cx.buffer_error("memoryview: underlying buffer is not C-contiguous"));
        }
        Ok(BytesLike(buffer))
    }

    /// [`BytesLike::of`] for an object that is written to.
    ///
    /// # Errors
    /// TypeError when the object cannot be written to.
    pub fn writable(cx: &Context, value: &Value, place: &Place) -> PyResult<BytesLike> {
        let expected = "read-write bytes-like object";
        BytesLike::find_writable(cx, value).ok_or_else(|| place.wrong_type(cx, expected, value))
    }

    /// [`BytesLike::of`] for an object that is written to, if it can be. Why it cannot is not told.
    pub fn find_writable(cx: &Context, value: &Value) -> Option<BytesLike> {
        let buffer = match buffer::find_buffer(cx, value) {
            Ok(buffer) => buffer,
            Err(Raised) => {
                cx.clear_exception();
                None
            }
        };
        let writable = buffer.filter(|buffer| !buffer.read_only && is_contiguous(buffer));
        writable.map(BytesLike)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The buffer itself, to ask for its layout or to write to it.
    pub fn buffer(&self) -> &Buffer {
        &self.0
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whether the items lie behind each other, the last dimension's closest.
pub fn is_contiguous(buffer: &Buffer) -> bool {
    let Some(format) = &buffer.format else {
        return true;
    };
    let mut expected = format.item_size as isize;
    for (&length, &stride) in format.shape.iter().zip(&format.strides).rev() {
        if length > 1 && stride != expected {
            return false;
        }
        expected *= length;
    }
    true
}

impl<'a> FromArgument<'a> for BytesLike {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        BytesLike::of(cx, value)
    }
}
