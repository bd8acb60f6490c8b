//! `_zstd`: compression in the Zstandard format.
//!
//! Files: `stream` (the library's compressors and decompressors), `objects`, `dictionary`, `parameters`.

mod dictionary;
mod objects;
mod parameters;
mod stream;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::class::class_of;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::attribute;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::bytes_like::BytesLike;
use crate::exception_class::ExceptionClass;
use dictionary::ZstdDict;
use objects::{ZstdCompressor, ZstdDecompressor};
use stream::Mode;

static ERROR: ExceptionClass =
    ExceptionClass::new("compression.zstd", "ZstdError", exceptions::exception);

/// Implementation module for Zstandard compression.
#[pymodule(
    name = "_zstd",
    functions(
        finalize_dict,
        get_frame_info,
        get_frame_size,
        get_param_bounds,
        set_parameter_types,
        train_dict
    ),
    classes(ZstdCompressor, ZstdDecompressor, ZstdDict)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let error = ERROR.get(cx)?;
    let doc = Str::from_str(cx, "An error occurred in the zstd library.")?;
    attribute::set(cx, error.as_value(), names::dunder_doc(), doc.as_value())?;
    module::add(cx, this, "ZstdError", error.clone())?;
    let compressor = class_of::<ZstdCompressor>(cx)?;
    for (name, mode) in [
        ("CONTINUE", Mode::Continue),
        ("FLUSH_BLOCK", Mode::FlushBlock),
        ("FLUSH_FRAME", Mode::FlushFrame),
    ] {
        let number = int::from_i64(cx, mode as i64)?;
        compressor
            .dict
            .set_name(cx, Name::intern(cx, name)?, number)?;
    }
    let numbers = [
        ("ZSTD_CLEVEL_DEFAULT", 3),
        ("ZSTD_DStreamOutSize", stream::output_size()),
        ("ZSTD_c_compressionLevel", 100),
        ("ZSTD_c_windowLog", 101),
        ("ZSTD_c_hashLog", 102),
        ("ZSTD_c_chainLog", 103),
        ("ZSTD_c_searchLog", 104),
        ("ZSTD_c_minMatch", 105),
        ("ZSTD_c_targetLength", 106),
        ("ZSTD_c_strategy", 107),
        ("ZSTD_c_enableLongDistanceMatching", 160),
        ("ZSTD_c_ldmHashLog", 161),
        ("ZSTD_c_ldmMinMatch", 162),
        ("ZSTD_c_ldmBucketSizeLog", 163),
        ("ZSTD_c_ldmHashRateLog", 164),
        ("ZSTD_c_contentSizeFlag", 200),
        ("ZSTD_c_checksumFlag", 201),
        ("ZSTD_c_dictIDFlag", 202),
        ("ZSTD_c_nbWorkers", 400),
        ("ZSTD_c_jobSize", 401),
        ("ZSTD_c_overlapLog", 402),
        ("ZSTD_d_windowLogMax", 100),
        ("ZSTD_fast", 1),
        ("ZSTD_dfast", 2),
        ("ZSTD_greedy", 3),
        ("ZSTD_lazy", 4),
        ("ZSTD_lazy2", 5),
        ("ZSTD_btlazy2", 6),
        ("ZSTD_btopt", 7),
        ("ZSTD_btultra", 8),
        ("ZSTD_btultra2", 9),
    ];
    for (name, number) in numbers {
        module::add(cx, this, name, number)?;
    }
    let (version, number) = stream::version();
    module::add(cx, this, "zstd_version", version)?;
    module::add(cx, this, "zstd_version_number", number)
}

/// The sizes of samples, which have to add up to `total`.
fn sample_sizes(cx: &Context, sizes: &Ref<Tuple>, total: usize) -> PyResult<Vec<usize>> {
    let mismatch =
        || cx.value_error("The samples size tuple doesn't match the concatenation's size.");
    let mut left = total;
    let mut numbers = Vec::with_capacity(sizes.len());
    for size in sizes.as_slice() {
        if !int::is_int(size) {
            return Err(cx.type_error("an integer is required"));
        }
        let size = usize::try_from(int::index_as_i128(cx, size)?).map_err(|_| mismatch())?;
        left = left.checked_sub(size).ok_or_else(mismatch)?;
        numbers.push(size);
    }
    if left == 0 {
        Ok(numbers)
    } else {
        Err(mismatch())
    }
}

fn dictionary_size(cx: &Context, size: isize) -> PyResult<usize> {
    usize::try_from(size)
        .ok()
        .filter(|&size| size > 0)
        .ok_or_else(|| cx.value_error("dict_size argument should be positive number."))
}

/// Train a Zstandard dictionary on sample data.
///
///   samples_bytes
///     Concatenation of samples.
///   samples_sizes
///     Tuple of samples' sizes.
///   dict_size
///     The size of the dictionary.
#[pyfunction("train_dict(samples_bytes, samples_sizes, dict_size, /)")]
fn train_dict(
    cx: &Context,
    samples_bytes: &Ref<Bytes>,
    samples_sizes: &Ref<Tuple>,
    dict_size: isize,
) -> PyResult<Ref<Bytes>> {
    let size = dictionary_size(cx, dict_size)?;
    let samples = samples_bytes.as_slice();
    let sizes = sample_sizes(cx, samples_sizes, samples.len())?;
    match cx.detached(|| stream::train(samples, &sizes, size)) {
        Ok(dictionary) => Bytes::from_slice(cx, &dictionary),
        Err(failure) => Err(ERROR.raise(
            cx,
            format!("Unable to train the Zstandard dictionary: {failure}"),
        )),
    }
}

/// Finalize a Zstandard dictionary.
///
///   custom_dict_bytes
///     Custom dictionary content.
///   samples_bytes
///     Concatenation of samples.
///   samples_sizes
///     Tuple of samples' sizes.
///   dict_size
///     The size of the dictionary.
///   compression_level
///     Optimize for a specific Zstandard compression level, 0 means default.
#[pyfunction(
    "finalize_dict(custom_dict_bytes, samples_bytes, samples_sizes, dict_size, compression_level, /)"
)]
fn finalize_dict(
    cx: &Context,
    custom_dict_bytes: &Ref<Bytes>,
    samples_bytes: &Ref<Bytes>,
    samples_sizes: &Ref<Tuple>,
    dict_size: isize,
    compression_level: i32,
) -> PyResult<Ref<Bytes>> {
    let size = dictionary_size(cx, dict_size)?;
    let samples = samples_bytes.as_slice();
    let sizes = sample_sizes(cx, samples_sizes, samples.len())?;
    let content = custom_dict_bytes.as_slice();
    let made = cx.detached(|| stream::finalize(content, samples, &sizes, size, compression_level));
    match made {
        Ok(dictionary) => Bytes::from_slice(cx, &dictionary),
        Err(failure) => Err(ERROR.raise(
            cx,
            format!("Unable to finalize the Zstandard dictionary: {failure}"),
        )),
    }
}

/// Get CompressionParameter/DecompressionParameter bounds.
///
///   parameter
///     The parameter to get bounds.
///   is_compress
///     True for CompressionParameter, False for DecompressionParameter.
#[pyfunction("get_param_bounds(parameter, is_compress)")]
fn get_param_bounds(cx: &Context, parameter: i32, is_compress: bool) -> PyResult<Value> {
    match stream::bounds(parameter, is_compress) {
        Ok((lowest, highest)) => {
            let bounds = [
                int::from_i64(cx, lowest.into())?,
                int::from_i64(cx, highest.into())?,
            ];
            Tuple::from_values(cx, &bounds).map(Ref::into_value)
        }
        Err(failure) => {
            let kind = if is_compress {
                "compression"
            } else {
                "decompression"
            };
            Err(ERROR.raise(
                cx,
                format!("Unable to get zstd {kind} parameter bounds: {failure}"),
            ))
        }
    }
}

/// Get the size of a Zstandard frame, including the header and optional checksum.
///
///   frame_buffer
///     A bytes-like object, it should start from the beginning of a frame,
///     and contains at least one complete frame.
#[pyfunction("get_frame_size(frame_buffer)")]
fn get_frame_size(cx: &Context, frame_buffer: BytesLike) -> PyResult<usize> {
    stream::frame_size(frame_buffer.bytes()).map_err(|failure| {
        ERROR.raise(
            cx,
            format!(
                "Error when finding the compressed size of a Zstandard frame. Ensure the \
                 frame_buffer argument starts from the beginning of a frame, and its length is \
                 not less than this complete frame. Zstd error message: {failure}."
            ),
        )
    })
}

/// Get Zstandard frame infomation from a frame header.
///
///   frame_buffer
///     A bytes-like object, containing the header of a Zstandard frame.
#[pyfunction("get_frame_info(frame_buffer)")]
fn get_frame_info(cx: &Context, frame_buffer: BytesLike) -> PyResult<Value> {
    let Some((size, dictionary)) = stream::frame_info(frame_buffer.bytes()) else {
        return Err(ERROR.raise(
            cx,
            "Error when getting information from the header of a Zstandard frame. Ensure the \
             frame_buffer argument starts from the beginning of a frame, and its length is not \
             less than the frame header (6~18 bytes).",
        ));
    };
    let size = match size {
        Some(size) => int::from_u64(cx, size)?,
        None => Value::NONE,
    };
    let info = [size, int::from_u64(cx, dictionary.into())?];
    Tuple::from_values(cx, &info).map(Ref::into_value)
}

/// Set CompressionParameter and DecompressionParameter types for validity check.
///
///   c_parameter_type
///     CompressionParameter IntEnum type object
///   d_parameter_type
///     DecompressionParameter IntEnum type object
#[pyfunction("set_parameter_types(c_parameter_type, d_parameter_type)")]
fn set_parameter_types(
    _cx: &Context,
    c_parameter_type: &Ref<Type>,
    d_parameter_type: &Ref<Type>,
) -> PyResult<()> {
    parameters::set_classes(c_parameter_type, d_parameter_type);
    Ok(())
}
