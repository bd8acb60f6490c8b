//! Decompression piece by piece, with the interface that `bz2` and `lzma` share: what one call cannot use,
//! because the output has its length or the stream has ended, is kept for the next.

use std::ops::ControlFlow;

use typhon_runtime::args::{FromArgument, Place};
use typhon_runtime::{Context, PyResult, Value};

use crate::arguments::as_size;

/// How much is made room for at once, at least.
const ROOM: usize = 16 * 1024;

/// What a step of a library's stream has done.
pub struct Step<S> {
    /// Bytes of input used.
    pub used: usize,
    /// Bytes of output made.
    pub made: usize,
    /// Whether the stream goes on.
    pub flow: ControlFlow<S>,
}

/// Calls `step` with the input, which shrinks to what was not used, and with room for output, until it
/// breaks, until the output has `limit` bytes, or until it can do no more.
pub fn pump<S>(
    input: &mut &[u8],
    output: &mut Vec<u8>,
    limit: usize,
    mut step: impl FnMut(&[u8], &mut [u8]) -> Step<S>,
) -> ControlFlow<S> {
    loop {
        let filled = output.len();
        if filled == output.capacity() {
            output.reserve(filled.max(ROOM));
        }
        let room = (output.capacity() - filled)
            .min(limit.saturating_sub(filled))
            .min(u32::MAX as usize);
        output.resize(filled + room, 0);
        let chunk = &input[..input.len().min(u32::MAX as usize)];
        let Step { used, made, flow } = step(chunk, &mut output[filled..]);
        output.truncate(filled + made);
        *input = &input[used..];
        flow?;
        let is_stuck = used == 0 && made == 0;
        let is_done = input.is_empty() && made < room;
        if is_stuck || is_done || output.len() >= limit {
            return ControlFlow::Continue(());
        }
    }
}

/// A library's decompressor.
pub trait Decoder: Send {
    /// What can go wrong.
    type Failure: Send;

    /// Works on `input`, which shrinks to what was not used, until the output has `limit` bytes or nothing
    /// more can be done. True at the end of the stream.
    ///
    /// # Errors
    /// The library's.
    fn decode(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<bool, Self::Failure>;
}

/// A decompressor and what it has not used yet.
pub struct Decompression<D> {
    pub decoder: D,
    /// Input that was given and not used; behind the end, what is left over.
    rest: Vec<u8>,
    pub has_ended: bool,
    pub needs_input: bool,
    /// The decoder has failed.
    pub has_failed: bool,
}

impl<D: Decoder> Decompression<D> {
    /// Starts with nothing.
    pub fn new(decoder: D) -> Decompression<D> {
        Decompression {
            decoder,
            rest: Vec::new(),
            has_ended: false,
            needs_input: true,
            has_failed: false,
        }
    }

    /// At most `limit` bytes of output for more input; `None` when the stream has ended before.
    pub fn decompress(&mut self, data: &[u8], limit: usize) -> Option<Result<Vec<u8>, D::Failure>> {
        if self.has_ended {
            return None;
        }
        let mut given = std::mem::take(&mut self.rest);
        let mut input = if given.is_empty() {
            data
        } else {
            given.extend_from_slice(data);
            &given[..]
        };
        let mut output = Vec::new();
        let result = self.decoder.decode(&mut input, &mut output, limit);
        self.rest = input.to_vec();
        self.has_ended = matches!(result, Ok(true));
        // Output that found no room may wait in the decoder even when all input was used.
        self.has_failed = result.is_err();
        self.needs_input =
            !self.has_ended && !self.has_failed && input.is_empty() && output.len() < limit;
        Some(result.map(|_| output))
    }

    /// What was given behind the end of the stream.
    pub fn unused(&self) -> Vec<u8> {
        if self.has_ended {
            self.rest.clone()
        } else {
            Vec::new()
        }
    }
}

/// How many bytes of output at most; `usize::MAX` when the argument is negative.
pub struct Limit(pub usize);

impl<'a> FromArgument<'a> for Limit {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        Ok(Limit(
            usize::try_from(as_size(cx, value)?).unwrap_or(usize::MAX),
        ))
    }
}
