//! `_bz2`: compression by the Burrows-Wheeler transform.
//!
//! The library (`libbz2-rs-sys`, bzip2's interface in Rust) keeps its state behind a `bz_stream`, whose
//! address it remembers: it stays in its box. Invariant: `raw` was initialized for its direction until the
//! stream is dropped; its pointers to input and output are used within [`Stream::step`] only.

use std::ffi::{c_int, c_uint};
use std::mem::zeroed;
use std::ops::ControlFlow;
use std::ptr;

use libbz2_rs_sys as library;
use library::bz_stream;
use typhon_macros::{pyclass, pymethods, pymodule};
use typhon_runtime::args::{Args, FromArgument, Maybe, Place};
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use crate::bytes_like::BytesLike;
use crate::exclusive::Exclusive;
use crate::incremental::{Decoder, Decompression, Limit, Step, pump};

#[pymodule(name = "_bz2", classes(BZ2Compressor, BZ2Decompressor))]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Raises for a status of the library.
#[cold]
fn failed(cx: &Context, status: c_int) -> Raised {
    match status {
        library::BZ_PARAM_ERROR => {
            cx.value_error("Internal error - invalid parameters passed to libbzip2")
        }
        library::BZ_MEM_ERROR => cx.no_memory(),
        library::BZ_DATA_ERROR | library::BZ_DATA_ERROR_MAGIC => cx.os_error("Invalid data stream"),
        library::BZ_IO_ERROR => cx.os_error("Unknown I/O error"),
        library::BZ_UNEXPECTED_EOF => {
            cx.eof_error("Compressed file ended before the logical end-of-stream was detected")
        }
        library::BZ_SEQUENCE_ERROR => {
            cx.runtime_error("Internal error - Invalid sequence of commands sent to libbzip2")
        }
        _ => cx.os_error(format!("Unrecognized error from libbzip2: {status}")),
    }
}

/// What a stream does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Compress,
    Decompress,
}

/// See the file's header.
struct Stream {
    raw: Box<bz_stream>,
    direction: Direction,
}

// SAFETY: the library's state belongs to the stream, and no thread of its own works on it.
unsafe impl Send for Stream {}

impl Stream {
    fn new(direction: Direction, level: c_int) -> Result<Stream, c_int> {
        // SAFETY: all fields are numbers, pointers or optional functions; null is what the library expects.
        let mut raw: Box<bz_stream> = Box::new(unsafe { zeroed() });
        // SAFETY: `raw` is a fresh stream.
        let status = unsafe {
            match direction {
                Direction::Compress => library::BZ2_bzCompressInit(&mut *raw, level, 0, 0),
                Direction::Decompress => library::BZ2_bzDecompressInit(&mut *raw, 0, 0),
            }
        };
        match status {
            library::BZ_OK => Ok(Stream { raw, direction }),
            status => Err(status),
        }
    }

    /// One call of the library, which breaks with its status when the stream ends or fails.
    fn step(&mut self, input: &[u8], room: &mut [u8], action: c_int) -> Step<c_int> {
        self.raw.next_in = input.as_ptr().cast();
        self.raw.avail_in = input.len() as c_uint;
        self.raw.next_out = room.as_mut_ptr().cast();
        self.raw.avail_out = room.len() as c_uint;
        // SAFETY: input and output are described by the fields set above and outlive the call.
        let status = unsafe {
            match self.direction {
                Direction::Compress => library::BZ2_bzCompress(&mut *self.raw, action),
                Direction::Decompress => library::BZ2_bzDecompress(&mut *self.raw),
            }
        };
        let used = input.len() - self.raw.avail_in as usize;
        let made = room.len() - self.raw.avail_out as usize;
        self.raw.next_in = ptr::null();
        self.raw.avail_in = 0;
        self.raw.next_out = ptr::null_mut();
        self.raw.avail_out = 0;
        // Asked to go on without input, the library calls it an error when there is nothing to do.
        let is_idle = status == library::BZ_PARAM_ERROR && used == 0 && input.is_empty();
        let flow = match status {
            library::BZ_OK | library::BZ_RUN_OK | library::BZ_FINISH_OK => {
                ControlFlow::Continue(())
            }
            _ if is_idle => ControlFlow::Continue(()),
            status => ControlFlow::Break(status),
        };
        Step { used, made, flow }
    }

    /// Compresses all of `input`; with `BZ_FINISH`, to the end.
    fn compress(&mut self, mut input: &[u8], action: c_int) -> Result<Vec<u8>, c_int> {
        let mut output = Vec::new();
        let flow = pump(&mut input, &mut output, usize::MAX, |input, room| {
            self.step(input, room, action)
        });
        match flow {
            ControlFlow::Continue(()) | ControlFlow::Break(library::BZ_STREAM_END) => Ok(output),
            ControlFlow::Break(status) => Err(status),
        }
    }
}

impl Decoder for Stream {
    type Failure = c_int;

    fn decode(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<bool, c_int> {
        match pump(input, output, limit, |input, room| {
            self.step(input, room, 0)
        }) {
            ControlFlow::Continue(()) => Ok(false),
            ControlFlow::Break(library::BZ_STREAM_END) => Ok(true),
            ControlFlow::Break(status) => Err(status),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the stream is initialized and not used after this.
        unsafe {
            match self.direction {
                Direction::Compress => library::BZ2_bzCompressEnd(&mut *self.raw),
                Direction::Decompress => library::BZ2_bzDecompressEnd(&mut *self.raw),
            };
        }
    }
}

/// The payload of a compressor: `None` once it is flushed.
#[pyclass(
    name = "BZ2Compressor",
    module = "_bz2",
    plain,
    flags(IMMUTABLE),
    signature = "(compresslevel=9, /)",
    doc = "Create a compressor object for compressing data incrementally.\n\n  compresslevel\n    Compression level, as a number between 1 and 9.\n\nFor one-shot compression, use the compress() function instead."
)]
pub struct BZ2Compressor(Exclusive<Option<Stream>>);

#[pymethods]
impl BZ2Compressor {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("BZ2Compressor() takes no keyword arguments"));
        }
        let level = match args.values {
            [] => 9,
            [level] => {
                let place = Place {
                    function: "BZ2Compressor",
                    position: 1,
                    name: "compresslevel",
                    by_name: false,
                };
                c_int::from_argument(cx, level, &place)?
            }
            more => {
                return Err(cx.type_error(format!(
                    "BZ2Compressor expected at most 1 argument, got {}",
                    more.len()
                )));
            }
        };
        if !(1..=9).contains(&level) {
            return Err(cx.value_error("compresslevel must be between 1 and 9"));
        }
        let stream =
            Stream::new(Direction::Compress, level).map_err(|status| failed(cx, status))?;
        let payload = BZ2Compressor(Exclusive::new(Some(stream)));
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    /// Provide data to the compressor object.
    ///
    /// Returns a chunk of compressed data if possible, or b'' otherwise.
    ///
    /// When you have finished providing data to the compressor, call the
    /// flush() method to finish the compression process.
    #[method("compress(self, data, /)")]
    fn compress(cx: &Context, this: &Ref<BZ2Compressor>, data: BytesLike) -> PyResult<Ref<Bytes>> {
        let data = data.bytes();
        let compressed = this.0.with(cx, data.len(), |stream| {
            let stream = stream.as_mut()?;
            Some(stream.compress(data, library::BZ_RUN))
        });
        match compressed {
            None => Err(cx.value_error("Compressor has been flushed")),
            Some(Ok(output)) => Bytes::from_slice(cx, &output),
            Some(Err(status)) => Err(failed(cx, status)),
        }
    }

    /// Finish the compression process.
    ///
    /// Returns the compressed data left in internal buffers.
    ///
    /// The compressor object may not be used after this method is called.
    #[method("flush(self, /)")]
    fn flush(cx: &Context, this: &Ref<BZ2Compressor>) -> PyResult<Ref<Bytes>> {
        // A whole block may wait to be compressed.
        let compressed = this.0.with(cx, usize::MAX, |stream| {
            let mut stream = stream.take()?;
            Some(stream.compress(&[], library::BZ_FINISH))
        });
        match compressed {
            None => Err(cx.value_error("Repeated call to flush()")),
            Some(Ok(output)) => Bytes::from_slice(cx, &output),
            Some(Err(status)) => Err(failed(cx, status)),
        }
    }
}

/// The payload of a decompressor.
#[pyclass(
    name = "BZ2Decompressor",
    module = "_bz2",
    plain,
    flags(IMMUTABLE),
    signature = "()",
    doc = "Create a decompressor object for decompressing data incrementally.\n\nFor one-shot decompression, use the decompress() function instead."
)]
pub struct BZ2Decompressor(Exclusive<Decompression<Stream>>);

#[pymethods]
impl BZ2Decompressor {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("BZ2Decompressor() takes no keyword arguments"));
        }
        if !args.values.is_empty() {
            return Err(cx.type_error("BZ2Decompressor() takes no positional arguments"));
        }
        let stream = Stream::new(Direction::Decompress, 0).map_err(|status| failed(cx, status))?;
        let payload = BZ2Decompressor(Exclusive::new(Decompression::new(stream)));
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    /// Decompress *data*, returning uncompressed data as bytes.
    ///
    /// If *max_length* is nonnegative, returns at most *max_length* bytes
    /// of decompressed data.  If this limit is reached and further output
    /// can be produced, *self.needs_input* will be set to ``False``.  In
    /// this case, the next call to *decompress()* may provide *data* as b''
    /// to obtain more of the output.
    ///
    /// If all of the input data was decompressed and returned (either
    /// because this was less than *max_length* bytes, or because
    /// *max_length* was negative), *self.needs_input* will be set to True.
    ///
    /// Attempting to decompress data after the end of stream is reached
    /// raises an EOFError.  Any data found after the end of the stream is
    /// ignored and saved in the unused_data attribute.
    #[method("decompress(self, /, data, max_length=-1)")]
    fn decompress(
        cx: &Context,
        this: &Ref<BZ2Decompressor>,
        data: BytesLike,
        max_length: Maybe<Limit>,
    ) -> PyResult<Ref<Bytes>> {
        let data = data.bytes();
        let limit = max_length.0.map_or(usize::MAX, |limit| limit.0);
        let result = this.0.with(cx, usize::MAX, |state| {
            // The library may not be called again after an error.
            (!state.has_failed).then(|| state.decompress(data, limit))
        });
        let Some(result) = result else {
            return Err(cx.value_error("Decompressor is unusable after a previous error"));
        };
        match result {
            None => Err(cx.eof_error("End of stream already reached")),
            Some(Ok(output)) => Bytes::from_slice(cx, &output),
            Some(Err(status)) => Err(failed(cx, status)),
        }
    }

    /// True if the end-of-stream marker has been reached.
    #[getter]
    fn eof(cx: &Context, this: &Ref<BZ2Decompressor>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.has_ended))
    }

    /// Data found after the end of the compressed stream.
    #[getter]
    fn unused_data(cx: &Context, this: &Ref<BZ2Decompressor>) -> PyResult<Ref<Bytes>> {
        let unused = this.0.with(cx, 0, |state| state.unused());
        Bytes::from_slice(cx, &unused)
    }

    /// True if more input is needed before more decompressed data can be produced.
    #[getter]
    fn needs_input(cx: &Context, this: &Ref<BZ2Decompressor>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.needs_input))
    }
}
