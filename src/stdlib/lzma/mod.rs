//! `_lzma`: compression with the LZMA algorithms, in the containers xz and lzma or without one.
//!
//! Files: `stream` (the library's compressors and decompressors), `filters`.

mod filters;
mod stream;

use liblzma_sys as library;
use library::{lzma_check, lzma_ret};
use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::args::{Args, FromArgument, Maybe, Place};
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use crate::arguments::{bind, signature, unless_none};
use crate::bytes_like::BytesLike;
use crate::exception_class::ExceptionClass;
use crate::exclusive::Exclusive;
use crate::incremental::{Decompression, Limit};
use filters::Filter;
use stream::{CHECK_UNKNOWN, Stream};

static ERROR: ExceptionClass = ExceptionClass::new("_lzma", "LZMAError", exceptions::exception);

const FORMAT_AUTO: i32 = 0;
const FORMAT_XZ: i32 = 1;
const FORMAT_ALONE: i32 = 2;
const FORMAT_RAW: i32 = 3;

/// The highest number a check may have.
const CHECK_ID_MAX: u32 = 15;

#[pymodule(
    name = "_lzma",
    functions(
        is_check_supported,
        _encode_filter_properties,
        _decode_filter_properties
    ),
    classes(LZMACompressor, LZMADecompressor)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let error = ERROR.get(cx)?;
    let doc = Str::from_str(cx, "Call to liblzma failed.")?;
    attribute::set(cx, error.as_value(), names::dunder_doc(), doc.as_value())?;
    module::add(cx, this, "LZMAError", error.clone())?;
    let numbers = [
        ("FORMAT_AUTO", FORMAT_AUTO as u64),
        ("FORMAT_XZ", FORMAT_XZ as u64),
        ("FORMAT_ALONE", FORMAT_ALONE as u64),
        ("FORMAT_RAW", FORMAT_RAW as u64),
        ("CHECK_NONE", library::LZMA_CHECK_NONE.into()),
        ("CHECK_CRC32", library::LZMA_CHECK_CRC32.into()),
        ("CHECK_CRC64", library::LZMA_CHECK_CRC64.into()),
        ("CHECK_SHA256", library::LZMA_CHECK_SHA256.into()),
        ("CHECK_ID_MAX", CHECK_ID_MAX.into()),
        ("CHECK_UNKNOWN", CHECK_UNKNOWN.into()),
        ("FILTER_LZMA1", library::LZMA_FILTER_LZMA1),
        ("FILTER_LZMA2", library::LZMA_FILTER_LZMA2),
        ("FILTER_DELTA", library::LZMA_FILTER_DELTA),
        ("FILTER_X86", library::LZMA_FILTER_X86),
        ("FILTER_POWERPC", library::LZMA_FILTER_POWERPC),
        ("FILTER_IA64", library::LZMA_FILTER_IA64),
        ("FILTER_ARM", library::LZMA_FILTER_ARM),
        ("FILTER_ARMTHUMB", library::LZMA_FILTER_ARMTHUMB),
        ("FILTER_SPARC", library::LZMA_FILTER_SPARC),
        ("MF_HC3", library::LZMA_MF_HC3.into()),
        ("MF_HC4", library::LZMA_MF_HC4.into()),
        ("MF_BT2", library::LZMA_MF_BT2.into()),
        ("MF_BT3", library::LZMA_MF_BT3.into()),
        ("MF_BT4", library::LZMA_MF_BT4.into()),
        ("MODE_FAST", library::LZMA_MODE_FAST.into()),
        ("MODE_NORMAL", library::LZMA_MODE_NORMAL.into()),
        ("PRESET_DEFAULT", library::LZMA_PRESET_DEFAULT.into()),
        ("PRESET_EXTREME", library::LZMA_PRESET_EXTREME.into()),
    ];
    for (name, number) in numbers {
        module::add(cx, this, name, int::from_u64(cx, number)?)?;
    }
    Ok(())
}

/// Raises for a status of the library.
#[cold]
fn failed(cx: &Context, status: lzma_ret) -> Raised {
    let message = match status {
        library::LZMA_MEM_ERROR => return cx.no_memory(),
        library::LZMA_UNSUPPORTED_CHECK => "Unsupported integrity check",
        library::LZMA_MEMLIMIT_ERROR => "Memory usage limit exceeded",
        library::LZMA_FORMAT_ERROR => "Input format not supported by decoder",
        library::LZMA_OPTIONS_ERROR => "Invalid or unsupported options",
        library::LZMA_DATA_ERROR => "Corrupt input data",
        library::LZMA_BUF_ERROR => "Insufficient buffer space",
        library::LZMA_PROG_ERROR => "Internal error",
        _ => {
            return ERROR.raise(cx, format!("Unrecognized error from liblzma: {status}"));
        }
    };
    ERROR.raise(cx, message)
}

/// Test whether the given integrity check is supported.
///
/// Always returns True for CHECK_NONE and CHECK_CRC32.
#[pyfunction("is_check_supported(check_id, /)")]
fn is_check_supported(_cx: &Context, check_id: i32) -> PyResult<bool> {
    let Ok(check) = lzma_check::try_from(check_id) else {
        return Ok(false);
    };
    // SAFETY: the call has no preconditions.
    Ok(unsafe { library::lzma_check_is_supported(check) } != 0)
}

/// Return a bytes object encoding the options (properties) of the filter specified by *filter* (a dict).
///
/// The result does not include the filter ID itself, only the options.
#[pyfunction("_encode_filter_properties(filter, /)")]
fn _encode_filter_properties(cx: &Context, filter: &Value) -> PyResult<Ref<Bytes>> {
    let bytes = Filter::from_mapping(cx, filter)?.encoded(cx)?;
    Bytes::from_slice(cx, &bytes)
}

/// Return a bytes object encoding the options (properties) of the filter specified by *filter* (a dict).
///
/// The result does not include the filter ID itself, only the options.
#[pyfunction("_decode_filter_properties(filter_id, encoded_props, /)")]
fn _decode_filter_properties(
    cx: &Context,
    filter_id: &Value,
    encoded_props: BytesLike,
) -> PyResult<Ref<Dict>> {
    let id = filters::identifier(cx, filter_id)?;
    let bytes = Bytes::from_slice(cx, encoded_props.bytes())?;
    filters::decoded(cx, id, &bytes)
}

fn integer(cx: &Context, value: Option<&Value>, default: i32) -> PyResult<i32> {
    let place = Place {
        function: "",
        position: 0,
        name: "",
        by_name: false,
    };
    value.map_or(Ok(default), |value| i32::from_argument(cx, value, &place))
}

/// The payload of a compressor: `None` once it is flushed.
#[pyclass(
    name = "LZMACompressor",
    module = "_lzma",
    plain,
    flags(IMMUTABLE),
    doc = "LZMACompressor(format=FORMAT_XZ, check=-1, preset=None, filters=None)\n\nCreate a compressor object for compressing data incrementally.\n\nformat specifies the container format to use for the output. This can\nbe FORMAT_XZ (default), FORMAT_ALONE, or FORMAT_RAW.\n\ncheck specifies the integrity check to use. For FORMAT_XZ, the default\nis CHECK_CRC64. FORMAT_ALONE and FORMAT_RAW do not support integrity\nchecks; for these formats, check must be omitted, or be CHECK_NONE.\n\nThe settings used by the compressor can be specified either as a\npreset compression level (with the 'preset' argument), or in detail\nas a custom filter chain (with the 'filters' argument). For FORMAT_XZ\nand FORMAT_ALONE, the default is to use the PRESET_DEFAULT preset\nlevel. For FORMAT_RAW, the caller must always specify a filter chain;\nthe raw compressor does not support preset compression levels.\n\npreset (if provided) should be an integer in the range 0-9, optionally\nOR-ed with the constant PRESET_EXTREME.\n\nfilters (if provided) should be a sequence of dicts. Each dict should\nhave an entry for \"id\" indicating the ID of the filter, plus\nadditional entries for options to the filter.\n\nFor one-shot compression, use the compress() function instead.\n"
)]
pub struct LZMACompressor(Exclusive<Option<Stream>>);

/// The library's encoder for a format.
fn encoder(
    cx: &Context,
    format: i32,
    check: lzma_check,
    preset: u32,
    chain: Option<&[Filter]>,
) -> PyResult<Stream> {
    let made = match (format, chain) {
        (FORMAT_XZ, None) => Stream::new(check, |raw| {
            // SAFETY: the stream is fresh.
            unsafe { library::lzma_easy_encoder(raw, preset, check) }
        }),
        (FORMAT_XZ, Some(chain)) => filters::with_raw(chain, |filters| {
            // SAFETY: the stream is fresh; the filters are copied.
            Stream::new(check, |raw| unsafe {
                library::lzma_stream_encoder(raw, filters, check)
            })
        }),
        (FORMAT_ALONE, chain) => {
            let from_preset;
            let options = match chain {
                None => {
                    from_preset = filters::preset_options(preset);
                    from_preset
                        .as_deref()
                        .ok_or_else(|| failed(cx, library::LZMA_PROG_ERROR))?
                }
                Some([only]) if only.as_lzma1().is_some() => {
                    only.as_lzma1().expect("invariant: the guard has seen it")
                }
                Some(_) => {
                    return Err(cx.value_error(
                        "Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter",
                    ));
                }
            };
            // SAFETY: the stream is fresh; the options are copied.
            Stream::new(check, |raw| unsafe {
                library::lzma_alone_encoder(raw, options)
            })
        }
        (FORMAT_RAW, Some(chain)) => filters::with_raw(chain, |filters| {
            // SAFETY: the stream is fresh; the filters are copied.
            Stream::new(check, |raw| unsafe {
                library::lzma_raw_encoder(raw, filters)
            })
        }),
        (FORMAT_RAW, None) => {
            return Err(cx.value_error("Must specify filters for FORMAT_RAW"));
        }
        _ => {
            return Err(cx.value_error(format!("Invalid container format: {format}")));
        }
    };
    made.map_err(|status| failed(cx, status))
}

#[pymethods]
impl LZMACompressor {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "LZMACompressor",
            0,
            [format = (), check = (), preset = (), filters = ()],
            []
        );
        let [format, check, preset, filters] = bind(cx, signature, args)?;
        let format = integer(cx, format, FORMAT_XZ)?;
        let check = integer(cx, check, -1)?;
        let preset = unless_none(preset);
        let filters = unless_none(filters);
        if preset.is_some() && filters.is_some() {
            return Err(cx.value_error("Cannot specify both preset and filter chain"));
        }
        let preset = match preset {
            Some(preset) => filters::number(cx, preset)?,
            None => library::LZMA_PRESET_DEFAULT,
        };
        let has_check = check != -1 && check != library::LZMA_CHECK_NONE as i32;
        if format != FORMAT_XZ && has_check {
            return Err(cx.value_error("Integrity checks are only supported by FORMAT_XZ"));
        }
        let check = match check {
            -1 if format == FORMAT_XZ => library::LZMA_CHECK_CRC64,
            -1 => library::LZMA_CHECK_NONE,
            check => check as lzma_check,
        };
        let chain = match filters {
            Some(filters) => Some(filters::chain(cx, filters)?),
            None => None,
        };
        let stream = encoder(cx, format, check, preset, chain.as_deref())?;
        let payload = LZMACompressor(Exclusive::new(Some(stream)));
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    /// Provide data to the compressor object.
    ///
    /// Returns a chunk of compressed data if possible, or b'' otherwise.
    ///
    /// When you have finished providing data to the compressor, call the
    /// flush() method to finish the compression process.
    #[method("compress(self, data, /)")]
    fn compress(cx: &Context, this: &Ref<LZMACompressor>, data: BytesLike) -> PyResult<Ref<Bytes>> {
        let data = data.bytes();
        let compressed = this.0.with(cx, data.len(), |stream| {
            Some(stream.as_mut()?.compress(data, library::LZMA_RUN))
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
    fn flush(cx: &Context, this: &Ref<LZMACompressor>) -> PyResult<Ref<Bytes>> {
        // All that was given may wait to be compressed.
        let compressed = this.0.with(cx, usize::MAX, |stream| {
            Some(stream.take()?.compress(&[], library::LZMA_FINISH))
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
    name = "LZMADecompressor",
    module = "_lzma",
    plain,
    flags(IMMUTABLE),
    signature = "(format=FORMAT_AUTO, memlimit=None, filters=None)",
    doc = "Create a decompressor object for decompressing data incrementally.\n\n  format\n    Specifies the container format of the input stream.  If this is\n    FORMAT_AUTO (the default), the decompressor will automatically detect\n    whether the input is FORMAT_XZ or FORMAT_ALONE.  Streams created with\n    FORMAT_RAW cannot be autodetected.\n  memlimit\n    Limit the amount of memory used by the decompressor.  This will cause\n    decompression to fail if the input cannot be decompressed within the\n    given limit.\n  filters\n    A custom filter chain.  This argument is required for FORMAT_RAW, and\n    not accepted with any other format.  When provided, this should be a\n    sequence of dicts, each indicating the ID and options for a single\n    filter.\n\nFor one-shot decompression, use the decompress() function instead."
)]
pub struct LZMADecompressor(Exclusive<Decompression<Stream>>);

/// The library's decoder for a format.
fn decoder(cx: &Context, format: i32, limit: u64, chain: &[Filter]) -> PyResult<Stream> {
    let flags = library::LZMA_TELL_ANY_CHECK | library::LZMA_TELL_NO_CHECK;
    let none = library::LZMA_CHECK_NONE;
    let made = match format {
        // SAFETY: the stream is fresh, here and below.
        FORMAT_AUTO => Stream::new(CHECK_UNKNOWN, |raw| unsafe {
            library::lzma_auto_decoder(raw, limit, flags)
        }),
        // SAFETY: as above.
        FORMAT_XZ => Stream::new(CHECK_UNKNOWN, |raw| unsafe {
            library::lzma_stream_decoder(raw, limit, flags)
        }),
        // SAFETY: as above.
        FORMAT_ALONE => Stream::new(none, |raw| unsafe {
            library::lzma_alone_decoder(raw, limit)
        }),
        FORMAT_RAW => filters::with_raw(chain, |filters| {
            // SAFETY: as above; the filters are copied.
            Stream::new(none, |raw| unsafe {
                library::lzma_raw_decoder(raw, filters)
            })
        }),
        _ => {
            return Err(cx.value_error(format!("Invalid container format: {format}")));
        }
    };
    made.map_err(|status| failed(cx, status))
}

#[pymethods]
impl LZMADecompressor {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "LZMADecompressor",
            0,
            [format = (), memlimit = (), filters = ()],
            []
        );
        let [format, limit, filters] = bind(cx, signature, args)?;
        let format = integer(cx, format, FORMAT_AUTO)?;
        let filters = unless_none(filters);
        let limit = match unless_none(limit) {
            Some(_) if format == FORMAT_RAW => {
                return Err(cx.value_error("Cannot specify memory limit with FORMAT_RAW"));
            }
            Some(limit) => filters::identifier(cx, limit)?,
            None => u64::MAX,
        };
        let chain = match filters {
            None if format == FORMAT_RAW => {
                return Err(cx.value_error("Must specify filters for FORMAT_RAW"));
            }
            Some(_) if format != FORMAT_RAW => {
                return Err(cx.value_error("Cannot specify filters except with FORMAT_RAW"));
            }
            Some(filters) => filters::chain(cx, filters)?,
            None => Vec::new(),
        };
        let stream = decoder(cx, format, limit, &chain)?;
        let payload = LZMADecompressor(Exclusive::new(Decompression::new(stream)));
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    /// Decompress *data*, returning uncompressed data as bytes.
    ///
    /// If *max_length* is nonnegative, returns at most *max_length* bytes
    /// of decompressed data. If this limit is reached and further output
    /// can be produced, *self.needs_input* will be set to ``False``. In
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
        this: &Ref<LZMADecompressor>,
        data: BytesLike,
        max_length: Maybe<Limit>,
    ) -> PyResult<Ref<Bytes>> {
        let data = data.bytes();
        let limit = max_length.0.map_or(usize::MAX, |limit| limit.0);
        let result = this
            .0
            .with(cx, usize::MAX, |state| state.decompress(data, limit));
        match result {
            None => Err(cx.eof_error("Already at end of stream")),
            Some(Ok(output)) => Bytes::from_slice(cx, &output),
            Some(Err(status)) => Err(failed(cx, status)),
        }
    }

    /// ID of the integrity check used by the input stream.
    #[getter]
    fn check(cx: &Context, this: &Ref<LZMADecompressor>) -> PyResult<u32> {
        Ok(this.0.with(cx, 0, |state| state.decoder.check))
    }

    /// True if the end-of-stream marker has been reached.
    #[getter]
    fn eof(cx: &Context, this: &Ref<LZMADecompressor>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.has_ended))
    }

    /// True if more input is needed before more decompressed data can be produced.
    #[getter]
    fn needs_input(cx: &Context, this: &Ref<LZMADecompressor>) -> PyResult<bool> {
        Ok(this.0.with(cx, 0, |state| state.needs_input))
    }

    /// Data found after the end of the compressed stream.
    #[getter]
    fn unused_data(cx: &Context, this: &Ref<LZMADecompressor>) -> PyResult<Ref<Bytes>> {
        let unused = this.0.with(cx, 0, |state| state.unused());
        Bytes::from_slice(cx, &unused)
    }
}
