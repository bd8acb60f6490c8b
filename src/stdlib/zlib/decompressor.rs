//! `_ZlibDecompressor`: decompression with the interface of `bz2` and `lzma`, which `gzip` uses.

use libz_rs_sys as library;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, FromArgument, Place};
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::stream::Stream;
use super::{MAX_WBITS, failed, inflate, with_dictionary};
use crate::arguments::{as_size, bind, signature};
use crate::bytes_like::BytesLike;
use crate::exclusive::Exclusive;

/// What a decompressor works on.
pub struct Decompression {
    stream: Stream,
    dictionary: Option<Vec<u8>>,
    /// Input that was given and not yet used; behind the end, what is left over.
    rest: Vec<u8>,
    ended: bool,
    needs_input: bool,
}

/// The payload of a decompressor.
#[pyclass(
    name = "_ZlibDecompressor",
    module = "zlib",
    plain,
    doc = "Create a decompressor object for decompressing data incrementally.\n\n  wbits = 15\n  zdict\n     The predefined compression dictionary. This is a sequence of bytes\n     (such as a bytes object) containing subsequences that are expected\n     to occur frequently in the data that is to be compressed. Those\n     subsequences that are expected to be most common should come at the\n     end of the dictionary. This must be the same dictionary as used by the\n     compressor that produced the input data.\n\n",
    signature = "(wbits=15, zdict=b'')"
)]
pub struct ZlibDecompressor(Exclusive<Decompression>);

/// How many bytes of output at most; `usize::MAX` when the argument is negative.
struct Limit(usize);

impl<'a> FromArgument<'a> for Limit {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        Ok(Limit(
            usize::try_from(as_size(cx, value)?).unwrap_or(usize::MAX),
        ))
    }
}

#[pymethods]
impl ZlibDecompressor {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!("_ZlibDecompressor", 0, [wbits = (), zdict = ()], []);
        let [bits, dictionary] = bind(cx, signature, args)?;
        let bits = match bits {
            None => MAX_WBITS,
            Some(bits) => {
                let place = Place {
                    function: "_ZlibDecompressor",
                    position: 1,
                    name: "wbits",
                    by_name: false,
                };
                i32::from_argument(cx, bits, &place)?
            }
        };
        let (stream, dictionary) = with_dictionary(cx, bits, dictionary)?;
        let decompression = Decompression {
            stream,
            dictionary,
            rest: Vec::new(),
            ended: false,
            needs_input: true,
        };
        let payload = ZlibDecompressor(Exclusive::new(decompression));
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
    #[method("decompress(self, data, max_length=-1)")]
    fn decompress(
        cx: &Context,
        this: &Ref<ZlibDecompressor>,
        data: BytesLike,
        max_length: Limit,
    ) -> PyResult<Ref<Bytes>> {
        let data = data.bytes();
        let limit = max_length.0;
        let mut output = Vec::new();
        let result = this.0.with(cx, data.len().max(limit), |state| {
            if state.ended {
                return None;
            }
            let mut given = std::mem::take(&mut state.rest);
            let mut input = if given.is_empty() {
                data
            } else {
                given.extend_from_slice(data);
                &given[..]
            };
            let dictionary = state.dictionary.as_deref();
            let flush = library::Z_SYNC_FLUSH;
            let stream = &mut state.stream;
            let result = inflate(stream, dictionary, &mut input, &mut output, limit, flush);
            state.rest = input.to_vec();
            state.ended = result == Ok(library::Z_STREAM_END);
            // Output that found no room may wait in the decompressor even when all input was used.
            state.needs_input = !state.ended && input.is_empty() && output.len() < limit;
            Some((result, state.stream.message()))
        });
        match result {
            None => Err(cx.eof_error("End of stream already reached")),
            Some((Ok(library::Z_OK | library::Z_BUF_ERROR | library::Z_STREAM_END), _)) => {
                Bytes::from_slice(cx, &output)
            }
            Some((Ok(status), message)) => {
                Err(failed(cx, status, message, "while decompressing data"))
            }
            Some((Err(status), message)) => Err(failed(cx, status, message, "while setting zdict")),
        }
    }

    /// True if the end-of-stream marker has been reached.
    #[getter]
    fn eof(cx: &Context, this: &Ref<ZlibDecompressor>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.ended))
    }

    /// True if more input is needed before more decompressed data can be produced.
    #[getter]
    fn needs_input(cx: &Context, this: &Ref<ZlibDecompressor>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.needs_input))
    }

    /// Data found after the end of the compressed stream.
    #[getter]
    fn unused_data(cx: &Context, this: &Ref<ZlibDecompressor>) -> PyResult<Ref<Bytes>> {
        let unused = this.0.with(cx, 0, |state| {
            if state.ended {
                state.rest.clone()
            } else {
                Vec::new()
            }
        });
        Bytes::from_slice(cx, &unused)
    }
}
