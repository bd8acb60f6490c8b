//! `ZstdCompressor` and `ZstdDecompressor`.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::stream::{Compressor, Decompressor, LEVEL, LoadFailure, Mode, Usage};
use super::{ERROR, dictionary, parameters};
use crate::arguments::{bind, signature, unless_none};
use crate::bytes_like::BytesLike;
use crate::exclusive::Exclusive;
use crate::incremental::{Decompression, Limit};

/// The payload of a compressor.
#[pyclass(
    name = "ZstdCompressor",
    module = "compression.zstd",
    plain,
    flags(IMMUTABLE),
    signature = "(level=None, options=None, zstd_dict=None)",
    doc = "Create a compressor object for compressing data incrementally.\n\n  level\n    The compression level to use. Defaults to COMPRESSION_LEVEL_DEFAULT.\n  options\n    A dict object that contains advanced compression parameters.\n  zstd_dict\n    A ZstdDict object, a pre-trained Zstandard dictionary.\n\nThread-safe at method level.  For one-shot compression, use the\ncompress() function instead."
)]
pub struct ZstdCompressor(Exclusive<Compressor>);

#[cold]
fn not_loaded(cx: &Context, failure: LoadFailure, what_for: &str, digested: &str) -> Raised {
    let message = match failure {
        LoadFailure::Undigestible => {
            format!("Failed to create a {digested} instance from Zstandard dictionary content.")
        }
        LoadFailure::Refused(failure) => {
            format!("Unable to load Zstandard dictionary or prefix for {what_for}: {failure}")
        }
    };
    ERROR.raise(cx, message)
}

fn mode_numbered(number: i32) -> Option<Mode> {
    [Mode::Continue, Mode::FlushBlock, Mode::FlushFrame]
        .into_iter()
        .find(|&mode| mode as i32 == number)
}

impl ZstdCompressor {
    fn run(
        cx: &Context,
        this: &Ref<ZstdCompressor>,
        data: &[u8],
        mode: Mode,
    ) -> PyResult<Ref<Bytes>> {
        // What is flushed may be long, even when the data is not.
        match this
            .0
            .with(cx, usize::MAX, |stream| stream.compress(data, mode))
        {
            Ok(output) => Bytes::from_slice(cx, &output),
            Err(failure) => {
                Err(ERROR.raise(cx, format!("Unable to compress Zstandard data: {failure}")))
            }
        }
    }
}

#[pymethods]
impl ZstdCompressor {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "ZstdCompressor",
            0,
            [level = (), options = (), zstd_dict = ()],
            []
        );
        let [level, options, dictionary] = bind(cx, signature, args)?;
        let level = unless_none(level);
        let options = unless_none(options);
        if level.is_some() && options.is_some() {
            return Err(cx.type_error("Only one of level or options should be used."));
        }
        let mut stream = Compressor::new().ok_or_else(|| cx.no_memory())?;
        if let Some(level) = level {
            let level = parameters::level(cx, level)?;
            stream
                .set(LEVEL, level)
                .map_err(|failure| ERROR.raise(cx, failure))?;
        }
        if let Some(options) = options {
            parameters::set_options(cx, options, true, |key, value| stream.set(key, value))?;
        }
        if let Some(dictionary) = unless_none(dictionary) {
            let (content, usage) = dictionary::argument(cx, dictionary, Usage::Undigested)?;
            cx.detached(|| stream.load(content, usage))
                .map_err(|failure| not_loaded(cx, failure, "compression", "ZSTD_CDict"))?;
        }
        let payload = ZstdCompressor(Exclusive::new(stream));
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    /// Provide data to the compressor object.
    ///
    ///   mode
    ///     Can be these 3 values ZstdCompressor.CONTINUE,
    ///     ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME
    ///
    /// Return a chunk of compressed data if possible, or b'' otherwise.
    /// When you have finished providing data to the compressor, call the
    /// flush() method to finish the compression process.
    #[method("compress(self, /, data, mode=ZstdCompressor.CONTINUE)")]
    fn compress(
        cx: &Context,
        this: &Ref<ZstdCompressor>,
        data: BytesLike,
        mode: Maybe<i32>,
    ) -> PyResult<Ref<Bytes>> {
        let mode = mode_numbered(mode.0.unwrap_or(0)).ok_or_else(|| {
            cx.value_error(
                "mode argument wrong value, it should be one of ZstdCompressor.CONTINUE, \
                 ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME.",
            )
        })?;
        ZstdCompressor::run(cx, this, data.bytes(), mode)
    }

    /// Finish the compression process.
    ///
    ///   mode
    ///     Can be these 2 values ZstdCompressor.FLUSH_FRAME,
    ///     ZstdCompressor.FLUSH_BLOCK
    ///
    /// Flush any remaining data left in internal buffers.  Since Zstandard
    /// data consists of one or more independent frames, the compressor
    /// object can still be used after this method is called.
    #[method("flush(self, /, mode=ZstdCompressor.FLUSH_FRAME)")]
    fn flush(cx: &Context, this: &Ref<ZstdCompressor>, mode: Maybe<i32>) -> PyResult<Ref<Bytes>> {
        let mode = mode_numbered(mode.0.unwrap_or(Mode::FlushFrame as i32))
            .filter(|&mode| mode != Mode::Continue)
            .ok_or_else(|| {
                cx.value_error(
                    "mode argument wrong value, it should be ZstdCompressor.FLUSH_FRAME or \
                     ZstdCompressor.FLUSH_BLOCK.",
                )
            })?;
        ZstdCompressor::run(cx, this, &[], mode)
    }

    /// Set the uncompressed content size to be written into the frame header.
    ///
    ///   size
    ///     The size of the uncompressed data to be provided to the compressor.
    ///
    /// This method can be used to ensure the header of the frame about to
    /// be written includes the size of the data, unless the
    /// CompressionParameter.content_size_flag is set to False.
    /// If last_mode != FLUSH_FRAME, then a RuntimeError is raised.
    ///
    /// It is important to ensure that the pledged data size matches the
    /// actual data size.  If they do not match the compressed output data
    /// may be corrupted and the final chunk written may be lost.
    #[method("set_pledged_input_size(self, size, /)")]
    fn set_pledged_input_size(
        cx: &Context,
        this: &Ref<ZstdCompressor>,
        size: &Value,
    ) -> PyResult<()> {
        // The two highest numbers say "unknown" and "error".
        const BEYOND: u64 = u64::MAX - 1;
        let size = if size.is_none() {
            None
        } else if !int::is_int(size) {
            return Err(cx.type_error("an integer is required"));
        } else {
            let number = u64::try_from(int::index_as_i128(cx, size)?).ok();
            let number = number.filter(|&number| number < BEYOND);
            Some(number.ok_or_else(|| {
                cx.value_error(format!(
                    "size argument should be a positive int less than {BEYOND}"
                ))
            })?)
        };
        let pledged = this.0.with(cx, 0, |stream| {
            (stream.last_mode == Mode::FlushFrame).then(|| stream.pledge(size))
        });
        match pledged {
            Some(Ok(())) => Ok(()),
            Some(Err(failure)) => Err(ERROR.raise(
                cx,
                format!("Unable to set pledged uncompressed content size: {failure}"),
            )),
            None => Err(cx.value_error(
                "set_pledged_input_size() method must be called when last_mode == FLUSH_FRAME",
            )),
        }
    }

    /// The last mode used to this compressor object, its value can be .CONTINUE,
    /// .FLUSH_BLOCK, .FLUSH_FRAME. Initialized to .FLUSH_FRAME.
    ///
    /// It can be used to get the current state of a compressor, such as, data
    /// flushed, or a frame ended.
    #[getter]
    fn last_mode(cx: &Context, this: &Ref<ZstdCompressor>) -> PyResult<i32> {
        Ok(this.0.with(cx, 0, |stream| stream.last_mode as i32))
    }
}

/// The payload of a decompressor.
#[pyclass(
    name = "ZstdDecompressor",
    module = "compression.zstd",
    plain,
    flags(IMMUTABLE),
    signature = "(zstd_dict=None, options=None)",
    doc = "Create a decompressor object for decompressing data incrementally.\n\n  zstd_dict\n    A ZstdDict object, a pre-trained Zstandard dictionary.\n  options\n    A dict object that contains advanced decompression parameters.\n\nThread-safe at method level.  For one-shot decompression, use the\ndecompress() function instead."
)]
pub struct ZstdDecompressor(Exclusive<Decompression<Decompressor>>);

#[pymethods]
impl ZstdDecompressor {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!("ZstdDecompressor", 0, [zstd_dict = (), options = ()], []);
        let [dictionary, options] = bind(cx, signature, args)?;
        let mut stream = Decompressor::new().ok_or_else(|| cx.no_memory())?;
        if let Some(dictionary) = unless_none(dictionary) {
            let (content, usage) = dictionary::argument(cx, dictionary, Usage::Digested)?;
            cx.detached(|| stream.load(content, usage))
                .map_err(|failure| not_loaded(cx, failure, "decompression", "ZSTD_DDict"))?;
        }
        if let Some(options) = unless_none(options) {
            parameters::set_options(cx, options, false, |key, value| stream.set(key, value))?;
        }
        let payload = ZstdDecompressor(Exclusive::new(Decompression::new(stream)));
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    /// Decompress *data*, returning uncompressed bytes if possible, or b'' otherwise.
    ///
    ///   data
    ///     A bytes-like object, Zstandard data to be decompressed.
    ///   max_length
    ///     Maximum size of returned data. When it is negative, the size of
    ///     output buffer is unlimited. When it is nonnegative, returns at
    ///     most max_length bytes of decompressed data.
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
    /// Attempting to decompress data after the end of a frame is reached
    /// raises an EOFError.  Any data found after the end of the frame is
    /// ignored and saved in the self.unused_data attribute.
    #[method("decompress(self, /, data, max_length=-1)")]
    fn decompress(
        cx: &Context,
        this: &Ref<ZstdDecompressor>,
        data: BytesLike,
        max_length: Maybe<Limit>,
    ) -> PyResult<Ref<Bytes>> {
        let data = data.bytes();
        let limit = max_length.0.map_or(usize::MAX, |limit| limit.0);
        let result = this
            .0
            .with(cx, usize::MAX, |state| state.decompress(data, limit));
        match result {
            None => Err(cx.eof_error("Already at the end of a Zstandard frame.")),
            Some(Ok(output)) => Bytes::from_slice(cx, &output),
            Some(Err(failure)) => Err(ERROR.raise(
                cx,
                format!("Unable to decompress Zstandard data: {failure}"),
            )),
        }
    }

    /// True means the end of the first frame has been reached. If decompress data
    /// after that, an EOFError exception will be raised.
    #[getter]
    fn eof(cx: &Context, this: &Ref<ZstdDecompressor>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.has_ended))
    }

    /// If the max_length output limit in .decompress() method has been reached,
    /// and the decompressor has (or may has) unconsumed input data, it will be set
    /// to False. In this case, passing b'' to the .decompress() method may output
    /// further data.
    #[getter]
    fn needs_input(cx: &Context, this: &Ref<ZstdDecompressor>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.needs_input))
    }

    /// A bytes object of un-consumed input data.
    ///
    /// When ZstdDecompressor object stops after a frame is
    /// decompressed, unused input data after the frame.  Otherwise this
    /// will be b''.
    #[getter]
    fn unused_data(cx: &Context, this: &Ref<ZstdDecompressor>) -> PyResult<Ref<Bytes>> {
        let unused = this.0.with(cx, 0, |state| state.unused());
        Bytes::from_slice(cx, &unused)
    }
}
