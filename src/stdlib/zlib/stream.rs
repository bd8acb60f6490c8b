//! A compressor or decompressor of the zlib library (`libz-rs-sys`, the library's interface in Rust).
//!
//! The library keeps its state behind a `z_stream`, whose address it remembers: it stays in its box.
//! Invariant: `raw` was initialized by `deflateInit2_`, `inflateInit2_` or a copy of one that was, until
//! the stream is dropped; its pointers to input and output are used within [`Stream::run`] only.

use std::ffi::CStr;
use std::ffi::c_int;
use std::mem::zeroed;
use std::ptr;

use library::z_stream;
use libz_rs_sys as library;

/// What a stream does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Compress,
    Decompress,
}

/// See the file's header.
pub(super) struct Stream {
    raw: Box<z_stream>,
    direction: Direction,
}

// SAFETY: the library's state belongs to the stream, and no thread of its own works on it.
unsafe impl Send for Stream {}

/// How to compress.
pub(super) struct Settings {
    pub(super) level: c_int,
    pub(super) method: c_int,
    pub(super) window_bits: c_int,
    pub(super) memory_level: c_int,
    pub(super) strategy: c_int,
}

/// How much is made room for at once, at least.
pub(super) const ROOM: usize = 16 * 1024;

impl Stream {
    fn empty() -> Box<z_stream> {
        // SAFETY: all fields are numbers, pointers or optional functions; null is what the library expects.
        Box::new(unsafe { zeroed() })
    }

    /// A compressor.
    ///
    /// # Errors
    /// The library's status.
    pub(super) fn compressor(settings: &Settings) -> Result<Stream, c_int> {
        let mut raw = Stream::empty();
        // SAFETY: `raw` is a fresh stream; version and size are the library's own.
        let status = unsafe {
            library::deflateInit2_(
                &mut *raw,
                settings.level,
                settings.method,
                settings.window_bits,
                settings.memory_level,
                settings.strategy,
                library::zlibVersion(),
                size_of::<z_stream>() as c_int,
            )
        };
        Stream::made(raw, Direction::Compress, status)
    }

    /// A decompressor.
    ///
    /// # Errors
    /// The library's status.
    pub(super) fn decompressor(window_bits: c_int) -> Result<Stream, c_int> {
        let mut raw = Stream::empty();
        // SAFETY: as above.
        let status = unsafe {
            library::inflateInit2_(
                &mut *raw,
                window_bits,
                library::zlibVersion(),
                size_of::<z_stream>() as c_int,
            )
        };
        Stream::made(raw, Direction::Decompress, status)
    }

    fn made(raw: Box<z_stream>, direction: Direction, status: c_int) -> Result<Stream, c_int> {
        match status {
            library::Z_OK => Ok(Stream { raw, direction }),
            status => Err(status),
        }
    }

    /// A stream in the same state.
    ///
    /// # Errors
    /// The library's status.
    pub(super) fn copy(&mut self) -> Result<Stream, c_int> {
        let mut raw = Stream::empty();
        // The library refuses to copy a stream without a place for output, though it does not use it.
        self.raw.next_out = ptr::NonNull::dangling().as_ptr();
        // SAFETY: `self.raw` is initialized, `raw` is fresh.
        let status = unsafe {
            match self.direction {
                Direction::Compress => library::deflateCopy(&mut *raw, &mut *self.raw),
                Direction::Decompress => library::inflateCopy(&mut *raw, &*self.raw),
            }
        };
        Stream::made(raw, self.direction, status)
    }

    /// Sets the dictionary. Returns the library's status.
    pub(super) fn set_dictionary(&mut self, dictionary: &[u8]) -> c_int {
        let length = u32::try_from(dictionary.len()).unwrap_or(u32::MAX);
        // SAFETY: the stream is initialized; the dictionary has at least `length` bytes and is copied.
        unsafe {
            match self.direction {
                Direction::Compress => {
                    library::deflateSetDictionary(&mut *self.raw, dictionary.as_ptr(), length)
                }
                Direction::Decompress => {
                    library::inflateSetDictionary(&mut *self.raw, dictionary.as_ptr(), length)
                }
            }
        }
    }

    /// The library's message about the last error, if it left one.
    pub(super) fn message(&self) -> Option<String> {
        if self.raw.msg.is_null() {
            return None;
        }
        // SAFETY: the library's messages are static strings.
        let message = unsafe { CStr::from_ptr(self.raw.msg) };
        Some(message.to_string_lossy().into_owned())
    }

    /// Works on `input`, which shrinks to what was not used, until the output has `limit` bytes or the
    /// library can do no more. Returns its last status.
    pub(super) fn run(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        limit: usize,
        flush: c_int,
    ) -> c_int {
        loop {
            let filled = output.len();
            if filled == output.capacity() {
                output.reserve(filled.max(ROOM));
            }
            let room = (output.capacity() - filled)
                .min(limit.saturating_sub(filled))
                .min(u32::MAX as usize);
            output.resize(filled + room, 0);
            let chunk = input.len().min(u32::MAX as usize);
            let mode = if chunk == input.len() {
                flush
            } else {
                library::Z_NO_FLUSH
            };
            self.raw.next_in = input.as_ptr().cast_mut();
            self.raw.avail_in = chunk as u32;
            self.raw.next_out = output[filled..].as_mut_ptr();
            self.raw.avail_out = room as u32;
            // SAFETY: input and output are described by the fields set above and outlive the call.
            let status = unsafe {
                match self.direction {
                    Direction::Compress => library::deflate(&mut *self.raw, mode),
                    Direction::Decompress => library::inflate(&mut *self.raw, mode),
                }
            };
            let used = chunk - self.raw.avail_in as usize;
            let left = self.raw.avail_out as usize;
            self.raw.next_in = ptr::null_mut();
            self.raw.avail_in = 0;
            self.raw.next_out = ptr::null_mut();
            self.raw.avail_out = 0;
            *input = &input[used..];
            output.truncate(filled + room - left);
            let more_output = left == 0 && output.len() < limit;
            let more_input = mode != flush && used > 0;
            match status {
                library::Z_OK | library::Z_BUF_ERROR if more_output || more_input => {}
                status => return status,
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the stream is initialized and not used after this.
        unsafe {
            match self.direction {
                Direction::Compress => library::deflateEnd(&mut *self.raw),
                Direction::Decompress => library::inflateEnd(&mut *self.raw),
            };
        }
    }
}
