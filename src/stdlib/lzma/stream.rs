//! A compressor or decompressor of the liblzma library.
//!
//! Invariant: `raw` was initialized by one of the library's functions for that, until the stream is
//! dropped; its pointers to input and output are used within [`Stream::step`] only.

use std::mem::zeroed;
use std::ops::ControlFlow;
use std::ptr;

use liblzma_sys as library;
use library::{lzma_action, lzma_check, lzma_ret, lzma_stream};

use crate::incremental::{Decoder, Step, pump};

/// No check has been seen yet.
pub(super) const CHECK_UNKNOWN: lzma_check = 16;

/// See the file's header.
pub(super) struct Stream {
    raw: Box<lzma_stream>,
    /// The check of the stream that is read, once it is known.
    pub(super) check: lzma_check,
}

// SAFETY: the library's state belongs to the stream, and no thread of its own works on it.
unsafe impl Send for Stream {}

impl Stream {
    /// A stream that `initialize` makes ready.
    pub(super) fn new(
        check: lzma_check,
        initialize: impl FnOnce(*mut lzma_stream) -> lzma_ret,
    ) -> Result<Stream, lzma_ret> {
        // SAFETY: all fields are numbers or pointers; zero is what the library expects.
        let mut raw: Box<lzma_stream> = Box::new(unsafe { zeroed() });
        match initialize(&mut *raw) {
            library::LZMA_OK => Ok(Stream { raw, check }),
            status => Err(status),
        }
    }

    /// One call of the library, which breaks with its status when the stream ends or fails.
    fn step(&mut self, input: &[u8], room: &mut [u8], action: lzma_action) -> Step<lzma_ret> {
        self.raw.next_in = input.as_ptr();
        self.raw.avail_in = input.len();
        self.raw.next_out = room.as_mut_ptr();
        self.raw.avail_out = room.len();
        // SAFETY: input and output are described by the fields set above and outlive the call.
        let status = unsafe { library::lzma_code(&mut *self.raw, action) };
        let used = input.len() - self.raw.avail_in;
        let made = room.len() - self.raw.avail_out;
        self.raw.next_in = ptr::null();
        self.raw.avail_in = 0;
        self.raw.next_out = ptr::null_mut();
        self.raw.avail_out = 0;
        let flow = match status {
            library::LZMA_OK => ControlFlow::Continue(()),
            library::LZMA_GET_CHECK | library::LZMA_NO_CHECK => {
                // SAFETY: the stream is initialized and its decoder has just told that it knows.
                self.check = unsafe { library::lzma_get_check(&*self.raw) };
                ControlFlow::Continue(())
            }
            // There was nothing to work on, or no room.
            library::LZMA_BUF_ERROR if used == input.len() || made == room.len() => {
                ControlFlow::Continue(())
            }
            status => ControlFlow::Break(status),
        };
        // Having told of the check, the library wants to be called again.
        let told = matches!(status, library::LZMA_GET_CHECK | library::LZMA_NO_CHECK);
        if told && used == 0 && made == 0 {
            return self.step(input, room, action);
        }
        Step { used, made, flow }
    }

    /// Compresses all of `input`; with `LZMA_FINISH`, to the end.
    pub(super) fn compress(
        &mut self,
        mut input: &[u8],
        action: lzma_action,
    ) -> Result<Vec<u8>, lzma_ret> {
        let mut output = Vec::new();
        let flow = pump(&mut input, &mut output, usize::MAX, |input, room| {
            self.step(input, room, action)
        });
        match flow {
            ControlFlow::Continue(()) | ControlFlow::Break(library::LZMA_STREAM_END) => Ok(output),
            ControlFlow::Break(status) => Err(status),
        }
    }
}

impl Decoder for Stream {
    type Failure = lzma_ret;

    fn decode(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<bool, lzma_ret> {
        let flow = pump(input, output, limit, |input, room| {
            self.step(input, room, library::LZMA_RUN)
        });
        match flow {
            ControlFlow::Continue(()) => Ok(false),
            ControlFlow::Break(library::LZMA_STREAM_END) => Ok(true),
            ControlFlow::Break(status) => Err(status),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the stream is initialized and not used after this.
        unsafe { library::lzma_end(&mut *self.raw) };
    }
}
