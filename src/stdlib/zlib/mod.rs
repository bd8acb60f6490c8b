//! `zlib`: compression and checksums.
//!
//! Files: `stream` (the library's compressors and decompressors), `objects` (`compressobj`,
//! `decompressobj`), `decompressor` (`_ZlibDecompressor`).

mod decompressor;
mod objects;
mod stream;

use std::ffi::c_int;

use libz_rs_sys as library;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, Maybe, Place};
use typhon_runtime::class::class_of;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use crate::arguments::as_size;
use crate::bytes_like::BytesLike;
use crate::exception_class::ExceptionClass;
use crate::exclusive::detached_if_long;
use decompressor::ZlibDecompressor;
use objects::{Compress, Decompress};
use stream::{ROOM, Settings, Stream};

static ERROR: ExceptionClass = ExceptionClass::new("zlib", "error", exceptions::exception);

/// The default of the memory level.
const MEMORY_LEVEL: c_int = 8;
const DEFLATED: c_int = 8;
const MAX_WBITS: c_int = 15;

/// The functions in this module allow compression and decompression using the
/// zlib library, which is based on GNU zip.
///
/// adler32(string[, start]) -- Compute an Adler-32 checksum.
/// compress(data[, level]) -- Compress data, with compression level 0-9 or -1.
/// compressobj([level[, ...]]) -- Return a compressor object.
/// crc32(string[, start]) -- Compute a CRC-32 checksum.
/// decompress(string,[wbits],[bufsize]) -- Decompresses a compressed string.
/// decompressobj([wbits[, zdict]]) -- Return a decompressor object.
///
/// 'wbits' is window buffer size and container format.
/// Compressor objects support compress() and flush() methods; decompressor
/// objects support decompress() and flush().
#[pymodule(
    name = "zlib",
    functions(adler32, crc32, compress, compressobj, decompress, decompressobj),
    classes(ZlibDecompressor)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    class_of::<Compress>(cx)?;
    class_of::<Decompress>(cx)?;
    module::add(cx, this, "error", ERROR.get(cx)?.clone())?;
    let numbers = [
        ("MAX_WBITS", MAX_WBITS),
        ("DEFLATED", DEFLATED),
        ("DEF_MEM_LEVEL", MEMORY_LEVEL),
        ("DEF_BUF_SIZE", ROOM as c_int),
        ("Z_NO_COMPRESSION", 0),
        ("Z_BEST_SPEED", 1),
        ("Z_BEST_COMPRESSION", 9),
        ("Z_DEFAULT_COMPRESSION", -1),
        ("Z_FILTERED", 1),
        ("Z_HUFFMAN_ONLY", 2),
        ("Z_RLE", 3),
        ("Z_FIXED", 4),
        ("Z_DEFAULT_STRATEGY", 0),
        ("Z_NO_FLUSH", library::Z_NO_FLUSH),
        ("Z_PARTIAL_FLUSH", library::Z_PARTIAL_FLUSH),
        ("Z_SYNC_FLUSH", library::Z_SYNC_FLUSH),
        ("Z_FULL_FLUSH", library::Z_FULL_FLUSH),
        ("Z_FINISH", library::Z_FINISH),
        ("Z_BLOCK", library::Z_BLOCK),
        ("Z_TREES", library::Z_TREES),
    ];
    for (name, number) in numbers {
        module::add(cx, this, name, number)?;
    }
    for name in ["ZLIB_VERSION", "ZLIB_RUNTIME_VERSION"] {
        module::add(cx, this, name, "1.3.1")?;
    }
    Ok(())
}

/// `zlib.error` for a status of the library.
#[cold]
fn failed(cx: &Context, status: c_int, message: Option<String>, doing: &str) -> Raised {
    let reason = message.or_else(|| {
        let known = match status {
            library::Z_BUF_ERROR => "incomplete or truncated stream",
            library::Z_STREAM_ERROR => "inconsistent stream state",
            library::Z_DATA_ERROR => "invalid input data",
            _ => return None,
        };
        Some(known.to_owned())
    });
    ERROR.raise(
        cx,
        match reason {
            Some(reason) => format!("Error {status} {doing}: {reason}"),
            None => format!("Error {status} {doing}"),
        },
    )
}

/// A checksum to go on from: of larger numbers the lowest bits.
struct Start(u32);

impl<'a> FromArgument<'a> for Start {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        let number = int::index_as_bigint(cx, value)?;
        let low = number & num_bigint::BigInt::from(u32::MAX);
        Ok(Start(u32::try_from(low).unwrap_or(0)))
    }
}

/// Compute an Adler-32 checksum of data.
///
///   value
///     Starting value of the checksum.
///
/// The returned checksum is an integer.
#[pyfunction("adler32(data, value=1, /)")]
fn adler32(cx: &Context, data: BytesLike, value: Start) -> PyResult<u64> {
    let data = data.bytes();
    Ok(detached_if_long(cx, data.len(), || {
        // SAFETY: the pointer and the length are those of a slice.
        unsafe { library::adler32_z(value.0.into(), data.as_ptr(), data.len()) }
    }))
}

/// Compute a CRC-32 checksum of data.
///
///   value
///     Starting value of the checksum.
///
/// The returned checksum is an integer.
#[pyfunction("crc32(data, value=0, /)")]
fn crc32(cx: &Context, data: BytesLike, value: Start) -> PyResult<u32> {
    let data = data.bytes();
    Ok(detached_if_long(cx, data.len(), || {
        let mut hasher = crc32fast::Hasher::new_with_initial(value.0);
        hasher.update(data);
        hasher.finalize()
    }))
}

/// Returns a bytes object containing compressed data.
///
///   data
///     Binary data to be compressed.
///   level
///     Compression level, in 0-9 or -1.
///   wbits
///     The window buffer size and container format.
#[pyfunction("compress(data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)")]
fn compress(
    cx: &Context,
    data: BytesLike,
    level: Maybe<i32>,
    wbits: Maybe<i32>,
) -> PyResult<Ref<Bytes>> {
    let settings = Settings {
        level: level.0.unwrap_or(-1),
        method: DEFLATED,
        window_bits: wbits.0.unwrap_or(MAX_WBITS),
        memory_level: MEMORY_LEVEL,
        strategy: 0,
    };
    let mut stream = Stream::compressor(&settings).map_err(|status| match status {
        library::Z_MEM_ERROR => cx.no_memory(),
        library::Z_STREAM_ERROR => ERROR.raise(cx, "Bad compression level"),
        status => failed(cx, status, None, "while compressing data"),
    })?;
    let mut input = data.bytes();
    let mut output = Vec::new();
    let status = detached_if_long(cx, input.len(), || {
        stream.run(&mut input, &mut output, usize::MAX, library::Z_FINISH)
    });
    match status {
        library::Z_STREAM_END => Bytes::from_slice(cx, &output),
        status => Err(failed(
            cx,
            status,
            stream.message(),
            "while compressing data",
        )),
    }
}

/// Returns a bytes object containing the uncompressed data.
///
///   data
///     Compressed data.
///   wbits
///     The window buffer size and container format.
///   bufsize
///     The initial output buffer size.
#[pyfunction("decompress(data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)")]
fn decompress(
    cx: &Context,
    data: BytesLike,
    wbits: Maybe<i32>,
    bufsize: Maybe<&Value>,
) -> PyResult<Ref<Bytes>> {
    if let Some(size) = bufsize.0
        && as_size(cx, size)? <= 0
    {
        return Err(cx.value_error("bufsize must be greater than zero"));
    }
    let mut stream =
        Stream::decompressor(wbits.0.unwrap_or(MAX_WBITS)).map_err(|status| match status {
            library::Z_MEM_ERROR => cx.no_memory(),
            status => failed(cx, status, None, "while preparing to decompress data"),
        })?;
    let mut input = data.bytes();
    let mut output = Vec::new();
    let status = detached_if_long(cx, input.len(), || {
        stream.run(&mut input, &mut output, usize::MAX, library::Z_SYNC_FLUSH)
    });
    match status {
        library::Z_STREAM_END => Bytes::from_slice(cx, &output),
        library::Z_MEM_ERROR => Err(cx.no_memory()),
        library::Z_OK => Err(failed(
            cx,
            library::Z_BUF_ERROR,
            None,
            "while decompressing data",
        )),
        library::Z_BUF_ERROR => Err(failed(cx, status, None, "while decompressing data")),
        status => Err(failed(
            cx,
            status,
            stream.message(),
            "while decompressing data",
        )),
    }
}

/// Return a compressor object.
///
///   level
///     The compression level (an integer in the range 0-9 or -1; default is
///     currently equivalent to 6).  Higher compression levels are slower,
///     but produce smaller results.
///   method
///     The compression algorithm.  If given, this must be DEFLATED.
///   wbits
///     +9 to +15: The base-two logarithm of the window size.  Include a zlib
///         container.
///     -9 to -15: Generate a raw stream.
///     +25 to +31: Include a gzip container.
///   memLevel
///     Controls the amount of memory used for internal compression state.
///     Valid values range from 1 to 9.  Higher values result in higher memory
///     usage, faster compression, and smaller output.
///   strategy
///     Used to tune the compression algorithm.  Possible values are
///     Z_DEFAULT_STRATEGY, Z_FILTERED, and Z_HUFFMAN_ONLY.
///   zdict
///     The predefined compression dictionary - a sequence of bytes
///     containing subsequences that are likely to occur in the input data.
#[pyfunction(
    "compressobj(level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=<unrepresentable>)"
)]
fn compressobj(
    cx: &Context,
    level: Maybe<i32>,
    method: Maybe<i32>,
    wbits: Maybe<i32>,
    memory_level: Maybe<i32>,
    strategy: Maybe<i32>,
    zdict: Maybe<BytesLike>,
) -> PyResult<Ref<Compress>> {
    let settings = Settings {
        level: level.0.unwrap_or(-1),
        method: method.0.unwrap_or(DEFLATED),
        window_bits: wbits.0.unwrap_or(MAX_WBITS),
        memory_level: memory_level.0.unwrap_or(MEMORY_LEVEL),
        strategy: strategy.0.unwrap_or(0),
    };
    let mut stream = Stream::compressor(&settings).map_err(|status| match status {
        library::Z_MEM_ERROR => cx.no_memory(),
        library::Z_STREAM_ERROR => cx.value_error("Invalid initialization option"),
        status => failed(cx, status, None, "while creating compression object"),
    })?;
    if let Some(dictionary) = zdict.0 {
        match stream.set_dictionary(dictionary.bytes()) {
            library::Z_OK => {}
            library::Z_STREAM_ERROR => return Err(cx.value_error("Invalid dictionary")),
            _ => return Err(cx.value_error("deflateSetDictionary()")),
        }
    }
    Compress::over(cx, Some(stream))
}

/// A dictionary and a decompressor that knows it if it is asked for no header.
fn with_dictionary(
    cx: &Context,
    window_bits: c_int,
    dictionary: Option<&Value>,
) -> PyResult<(Stream, Option<Vec<u8>>)> {
    let dictionary = match dictionary {
        None => None,
        Some(value) if !typhon_runtime::protocols::buffer::has_buffer(value) => {
            return Err(cx.type_error("zdict argument must support the buffer protocol"));
        }
        Some(value) => Some(BytesLike::of(cx, value)?.bytes().to_vec()),
    };
    let mut stream = Stream::decompressor(window_bits).map_err(|status| match status {
        library::Z_MEM_ERROR => cx.no_memory(),
        library::Z_STREAM_ERROR => cx.value_error("Invalid initialization option"),
        status => failed(cx, status, None, "while creating decompression object"),
    })?;
    if let Some(dictionary) = &dictionary
        && window_bits < 0
    {
        let status = stream.set_dictionary(dictionary);
        if status != library::Z_OK {
            return Err(failed(cx, status, stream.message(), "while setting zdict"));
        }
    }
    Ok((stream, dictionary))
}

/// Return a decompressor object.
///
///   wbits
///     The window buffer size and container format.
///   zdict
///     The predefined compression dictionary.  This must be the same
///     dictionary as used by the compressor that produced the input data.
#[pyfunction("decompressobj(wbits=MAX_WBITS, zdict=b'')")]
fn decompressobj(
    cx: &Context,
    wbits: Maybe<i32>,
    zdict: Maybe<&Value>,
) -> PyResult<Ref<Decompress>> {
    let (stream, dictionary) = with_dictionary(cx, wbits.0.unwrap_or(MAX_WBITS), zdict.0)?;
    Decompress::over(cx, stream, dictionary)
}

/// Decompresses until the output has `limit` bytes. Gives the dictionary when it is asked for.
///
/// # Errors
/// The status of setting the dictionary.
fn inflate(
    stream: &mut Stream,
    dictionary: Option<&[u8]>,
    input: &mut &[u8],
    output: &mut Vec<u8>,
    limit: usize,
    flush: c_int,
) -> Result<c_int, c_int> {
    loop {
        let status = stream.run(input, output, limit, flush);
        match dictionary {
            Some(dictionary) if status == library::Z_NEED_DICT => {
                match stream.set_dictionary(dictionary) {
                    library::Z_OK => {}
                    status => return Err(status),
                }
            }
            _ => return Ok(status),
        }
    }
}
