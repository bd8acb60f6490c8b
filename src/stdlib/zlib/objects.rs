//! `compressobj()` and `decompressobj()`.

use libz_rs_sys as library;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{FromArgument, Maybe, Place};
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::stream::Stream;
use super::{failed, inflate};
use crate::arguments::as_size;
use crate::bytes_like::BytesLike;
use crate::exclusive::Exclusive;

/// The payload of a compressor: no stream when it has been finished.
#[pyclass(
    name = "Compress",
    module = "zlib",
    plain,
    flags(DISALLOW_INSTANTIATION)
)]
pub struct Compress(Exclusive<Option<Stream>>);

impl Compress {
    pub(super) fn over(cx: &Context, stream: Option<Stream>) -> PyResult<Ref<Compress>> {
        object::new(cx, Compress(Exclusive::new(stream)))
    }
}

/// What a copy of a stream comes to: nothing when the stream was finished.
type Copied = Option<Result<Stream, i32>>;

fn copied(cx: &Context, stream: Copied, doing: &str) -> PyResult<Stream> {
    match stream {
        Some(Ok(stream)) => Ok(stream),
        None | Some(Err(library::Z_STREAM_ERROR)) => {
            Err(cx.value_error("Inconsistent stream state"))
        }
        Some(Err(library::Z_MEM_ERROR)) => Err(cx.no_memory()),
        Some(Err(status)) => Err(failed(cx, status, None, doing)),
    }
}

#[pymethods]
impl Compress {
    /// Returns a bytes object containing compressed data.
    ///
    ///   data
    ///     Binary data to be compressed.
    ///
    /// After calling this function, some of the input data may still
    /// be stored in internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[method("compress(self, data, /)")]
    fn compress(cx: &Context, this: &Ref<Compress>, data: BytesLike) -> PyResult<Ref<Bytes>> {
        let mut input = data.bytes();
        let mut output = Vec::new();
        let (status, message) = this.0.with(cx, input.len(), |stream| match stream {
            None => (library::Z_STREAM_ERROR, None),
            Some(stream) => (
                stream.run(&mut input, &mut output, usize::MAX, library::Z_NO_FLUSH),
                stream.message(),
            ),
        });
        if status == library::Z_STREAM_ERROR {
            return Err(failed(cx, status, message, "while compressing data"));
        }
        Bytes::from_slice(cx, &output)
    }

    /// Return a bytes object containing any remaining compressed data.
    ///
    ///   mode
    ///     One of the constants Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH.
    ///     If mode == Z_FINISH, the compressor object can no longer be
    ///     used after calling the flush() method.  Otherwise, more data
    ///     can still be compressed.
    #[method("flush(self, mode=zlib.Z_FINISH, /)")]
    fn flush(cx: &Context, this: &Ref<Compress>, mode: Maybe<i32>) -> PyResult<Ref<Bytes>> {
        let mode = mode.0.unwrap_or(library::Z_FINISH);
        if mode == library::Z_NO_FLUSH {
            return Bytes::from_slice(cx, b"");
        }
        let mut output = Vec::new();
        // What waits in the compressor can be much.
        let (status, message) = this.0.with(cx, usize::MAX, |place| {
            let Some(stream) = place else {
                return (library::Z_STREAM_ERROR, None);
            };
            let status = stream.run(&mut &b""[..], &mut output, usize::MAX, mode);
            let message = stream.message();
            if status == library::Z_STREAM_END && mode == library::Z_FINISH {
                *place = None;
            }
            (status, message)
        });
        match status {
            library::Z_OK | library::Z_BUF_ERROR | library::Z_STREAM_END => {
                Bytes::from_slice(cx, &output)
            }
            status => Err(failed(cx, status, message, "while flushing")),
        }
    }

    /// Return a copy of the compression object.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<Compress>) -> PyResult<Ref<Compress>> {
        let stream = this
            .0
            .with(cx, 0, |stream| stream.as_mut().map(Stream::copy));
        let stream = copied(cx, stream, "while copying compression object")?;
        Compress::over(cx, Some(stream))
    }

    #[method("__copy__(self, /)")]
    fn dunder_copy(cx: &Context, this: &Ref<Compress>) -> PyResult<Ref<Compress>> {
        Compress::copy(cx, this)
    }

    #[method("__deepcopy__(self, memo, /)")]
    fn deepcopy(cx: &Context, this: &Ref<Compress>, _memo: &Value) -> PyResult<Ref<Compress>> {
        Compress::copy(cx, this)
    }
}

/// What a decompressor works on. No stream when it has been finished by `flush`.
pub struct Decompression {
    stream: Option<Stream>,
    dictionary: Option<Vec<u8>>,
    /// Input behind the end of the compressed data.
    unused: Vec<u8>,
    /// Input that was left because the output was long enough.
    tail: Vec<u8>,
    ended: bool,
}

impl Decompression {
    /// Keeps what is left of the input.
    fn keep(&mut self, status: i32, rest: &[u8]) {
        if status == library::Z_STREAM_END {
            self.unused.extend_from_slice(rest);
            self.tail.clear();
        } else {
            self.tail = rest.to_vec();
        }
    }

    fn message(&self) -> Option<String> {
        self.stream.as_ref().and_then(Stream::message)
    }
}

/// The payload of a decompressor.
#[pyclass(
    name = "Decompress",
    module = "zlib",
    plain,
    flags(DISALLOW_INSTANTIATION)
)]
pub struct Decompress(Exclusive<Decompression>);

impl Decompress {
    pub(super) fn over(
        cx: &Context,
        stream: Stream,
        dictionary: Option<Vec<u8>>,
    ) -> PyResult<Ref<Decompress>> {
        let decompression = Decompression {
            stream: Some(stream),
            dictionary,
            unused: Vec::new(),
            tail: Vec::new(),
            ended: false,
        };
        object::new(cx, Decompress(Exclusive::new(decompression)))
    }
}

/// A limit that is not negative; 0 for none.
struct Limit(usize);

impl<'a> FromArgument<'a> for Limit {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        match usize::try_from(as_size(cx, value)?) {
            Ok(limit) => Ok(Limit(limit)),
            Err(_) => Err(cx.value_error("max_length must be non-negative")),
        }
    }
}

/// What went wrong: a status, the library's message, and during what.
type Failure = (i32, Option<String>, &'static str);

#[pymethods]
impl Decompress {
    /// Return a bytes object containing the decompressed version of the data.
    ///
    ///   data
    ///     The binary data to decompress.
    ///   max_length
    ///     The maximum allowable length of the decompressed data.
    ///     Unconsumed input data will be stored in
    ///     the unconsumed_tail attribute.
    ///
    /// After calling this function, some of the input data may still be
    /// stored in internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[method("decompress(self, data, /, max_length=0)")]
    fn decompress(
        cx: &Context,
        this: &Ref<Decompress>,
        data: BytesLike,
        max_length: Limit,
    ) -> PyResult<Ref<Bytes>> {
        let limit = match max_length.0 {
            0 => usize::MAX,
            limit => limit,
        };
        let mut input = data.bytes();
        let mut output = Vec::new();
        let failure = this.0.with(cx, input.len(), |state| -> Option<Failure> {
            let Some(stream) = &mut state.stream else {
                return Some((library::Z_STREAM_ERROR, None, "while decompressing data"));
            };
            let dictionary = state.dictionary.as_deref();
            let flush = library::Z_SYNC_FLUSH;
            let status = match inflate(stream, dictionary, &mut input, &mut output, limit, flush) {
                Ok(status) => status,
                Err(status) => return Some((status, state.message(), "while setting zdict")),
            };
            state.keep(status, input);
            match status {
                library::Z_STREAM_END => state.ended = true,
                library::Z_OK | library::Z_BUF_ERROR => {}
                status => return Some((status, state.message(), "while decompressing data")),
            }
            None
        });
        match failure {
            None => Bytes::from_slice(cx, &output),
            Some((status, message, doing)) => Err(failed(cx, status, message, doing)),
        }
    }

    /// Return a bytes object containing any remaining decompressed data.
    ///
    ///   length
    ///     the initial size of the output buffer.
    #[method("flush(self, length=zlib.DEF_BUF_SIZE, /)")]
    fn flush(cx: &Context, this: &Ref<Decompress>, length: Maybe<&Value>) -> PyResult<Ref<Bytes>> {
        if let Some(length) = length.0
            && as_size(cx, length)? <= 0
        {
            return Err(cx.value_error("length must be greater than zero"));
        }
        let mut output = Vec::new();
        let failure = this.0.with(cx, usize::MAX, |state| -> Option<Failure> {
            // At the end of the stream there is nothing left to flush.
            let stream = state.stream.as_mut()?;
            let dictionary = state.dictionary.as_deref();
            let tail = std::mem::take(&mut state.tail);
            let mut input = &tail[..];
            let flush = library::Z_FINISH;
            let status = match inflate(
                stream,
                dictionary,
                &mut input,
                &mut output,
                usize::MAX,
                flush,
            ) {
                Ok(status) => status,
                Err(status) => return Some((status, state.message(), "while setting zdict")),
            };
            state.keep(status, input);
            match status {
                library::Z_STREAM_END => {
                    state.ended = true;
                    state.stream = None;
                }
                library::Z_OK | library::Z_BUF_ERROR => {}
                status => return Some((status, state.message(), "while flushing")),
            }
            None
        });
        match failure {
            None => Bytes::from_slice(cx, &output),
            Some((status, message, doing)) => Err(failed(cx, status, message, doing)),
        }
    }

    /// Return a copy of the decompression object.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<Decompress>) -> PyResult<Ref<Decompress>> {
        let (stream, dictionary, unused, tail, ended) = this.0.with(cx, 0, |state| {
            (
                state.stream.as_mut().map(Stream::copy),
                state.dictionary.clone(),
                state.unused.clone(),
                state.tail.clone(),
                state.ended,
            )
        });
        let decompression = Decompression {
            stream: Some(copied(cx, stream, "while copying decompression object")?),
            dictionary,
            unused,
            tail,
            ended,
        };
        object::new(cx, Decompress(Exclusive::new(decompression)))
    }

    #[method("__copy__(self, /)")]
    fn dunder_copy(cx: &Context, this: &Ref<Decompress>) -> PyResult<Ref<Decompress>> {
        Decompress::copy(cx, this)
    }

    #[method("__deepcopy__(self, memo, /)")]
    fn deepcopy(cx: &Context, this: &Ref<Decompress>, _memo: &Value) -> PyResult<Ref<Decompress>> {
        Decompress::copy(cx, this)
    }

    #[getter]
    fn unused_data(cx: &Context, this: &Ref<Decompress>) -> PyResult<Ref<Bytes>> {
        let unused = this.0.with(cx, 0, |state| state.unused.clone());
        Bytes::from_slice(cx, &unused)
    }

    #[getter]
    fn unconsumed_tail(cx: &Context, this: &Ref<Decompress>) -> PyResult<Ref<Bytes>> {
        let tail = this.0.with(cx, 0, |state| state.tail.clone());
        Bytes::from_slice(cx, &tail)
    }

    #[getter]
    fn eof(cx: &Context, this: &Ref<Decompress>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.ended))
    }
}
