//! Compressors and decompressors of the zstd library.
//!
//! The functions that take numbers of parameters are declared here once more, with plain numbers: a
//! number that the library does not know is its to refuse, but would be no value of its crate's enums.
//!
//! Invariants: `raw` is the library's context until the stream is dropped; a dictionary that the context
//! refers to (a prefix, a digested one) is kept beside it.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ops::ControlFlow;
use std::ptr::NonNull;
use std::sync::Arc;

use zstd_sys as library;

use crate::incremental::{Decoder, Step, pump};

unsafe extern "C" {
    fn ZSTD_CCtx_setParameter(context: *mut library::ZSTD_CCtx, key: c_int, value: c_int) -> usize;
    fn ZSTD_DCtx_setParameter(context: *mut library::ZSTD_DCtx, key: c_int, value: c_int) -> usize;
    safe fn ZSTD_cParam_getBounds(key: c_int) -> library::ZSTD_bounds;
    safe fn ZSTD_dParam_getBounds(key: c_int) -> library::ZSTD_bounds;
    fn ZSTD_compressStream2(
        context: *mut library::ZSTD_CCtx,
        output: *mut library::ZSTD_outBuffer,
        input: *mut library::ZSTD_inBuffer,
        mode: c_int,
    ) -> usize;
}

/// The library's word for what went wrong.
pub(super) type Failure = String;

/// What a dictionary cannot be made into.
#[derive(Debug)]
pub(super) enum LoadFailure {
    Undigestible,
    Refused(Failure),
}

/// The answer of a function of the library, unless it is an error.
fn outcome(answer: usize) -> Result<usize, Failure> {
    // SAFETY: the call has no preconditions.
    if unsafe { library::ZSTD_isError(answer) } == 0 {
        return Ok(answer);
    }
    // SAFETY: the library's names are static strings.
    let name = unsafe { CStr::from_ptr(library::ZSTD_getErrorName(answer)) };
    Err(name.to_string_lossy().into_owned())
}

/// The range of a parameter's values.
pub(super) fn bounds(key: c_int, compresses: bool) -> Result<(c_int, c_int), Failure> {
    let bounds = if compresses {
        ZSTD_cParam_getBounds(key)
    } else {
        ZSTD_dParam_getBounds(key)
    };
    outcome(bounds.error).map(|_| (bounds.lowerBound, bounds.upperBound))
}

/// How a dictionary is used; the numbers are those that Python code sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    Digested,
    Undigested,
    Prefix,
}

/// What a call of the compressor does behind its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Continue,
    FlushBlock,
    FlushFrame,
}

/// A digested dictionary.
struct Digested(NonNull<library::ZSTD_CDict>);

impl Drop for Digested {
    fn drop(&mut self) {
        // SAFETY: made by the library, and no context refers to it any more.
        unsafe { library::ZSTD_freeCDict(self.0.as_ptr()) };
    }
}

/// See the file's header.
pub(super) struct Compressor {
    raw: NonNull<library::ZSTD_CCtx>,
    level: c_int,
    digested: Option<Digested>,
    prefix: Option<Arc<[u8]>>,
    pub(super) last_mode: Mode,
}

// SAFETY: the library's state belongs to the stream; its own threads take turns with the caller's.
unsafe impl Send for Compressor {}

impl Compressor {
    pub(super) fn new() -> Option<Compressor> {
        // SAFETY: the call has no preconditions.
        let raw = NonNull::new(unsafe { library::ZSTD_createCCtx() })?;
        Some(Compressor {
            raw,
            level: 0,
            digested: None,
            prefix: None,
            last_mode: Mode::FlushFrame,
        })
    }

    pub(super) fn set(&mut self, key: c_int, value: c_int) -> Result<(), Failure> {
        if key == LEVEL {
            self.level = value;
        }
        // SAFETY: the context is the stream's.
        outcome(unsafe { ZSTD_CCtx_setParameter(self.raw.as_ptr(), key, value) }).map(drop)
    }

    pub(super) fn load(&mut self, dictionary: Arc<[u8]>, usage: Usage) -> Result<(), LoadFailure> {
        let (start, length) = (dictionary.as_ptr().cast::<c_void>(), dictionary.len());
        let raw = self.raw.as_ptr();
        // SAFETY: the bytes are there; the library copies what it does not merely refer to, and what it
        // refers to is kept.
        let answer = unsafe {
            match usage {
                Usage::Undigested => library::ZSTD_CCtx_loadDictionary(raw, start, length),
                Usage::Prefix => {
                    let answer = library::ZSTD_CCtx_refPrefix(raw, start, length);
                    self.prefix = Some(dictionary);
                    answer
                }
                Usage::Digested => {
                    let level = self.level;
                    let made = library::ZSTD_createCDict(start, length, level);
                    let made = NonNull::new(made).ok_or(LoadFailure::Undigestible)?;
                    let answer = library::ZSTD_CCtx_refCDict(raw, made.as_ptr());
                    self.digested = Some(Digested(made));
                    answer
                }
            }
        };
        outcome(answer).map(drop).map_err(LoadFailure::Refused)
    }

    /// Says how long the next frame will be; `None` when that is not known.
    pub(super) fn pledge(&mut self, size: Option<u64>) -> Result<(), Failure> {
        let size = size.unwrap_or(library::ZSTD_CONTENTSIZE_UNKNOWN as u64);
        // SAFETY: the context is the stream's.
        outcome(unsafe { library::ZSTD_CCtx_setPledgedSrcSize(self.raw.as_ptr(), size) }).map(drop)
    }

    /// Compresses all of `data`.
    pub(super) fn compress(&mut self, data: &[u8], mode: Mode) -> Result<Vec<u8>, Failure> {
        const ROOM: usize = 16 * 1024;
        let mut input = library::ZSTD_inBuffer {
            src: data.as_ptr().cast(),
            size: data.len(),
            pos: 0,
        };
        let mut out = Vec::new();
        loop {
            let filled = out.len();
            out.resize(filled + filled.max(ROOM), 0);
            let mut output = library::ZSTD_outBuffer {
                dst: out[filled..].as_mut_ptr().cast(),
                size: out.len() - filled,
                pos: 0,
            };
            // SAFETY: input and output describe memory that outlives the call.
            let answer = unsafe {
                ZSTD_compressStream2(self.raw.as_ptr(), &mut output, &mut input, mode as c_int)
            };
            out.truncate(filled + output.pos);
            let left = outcome(answer).inspect_err(|_| self.reset())?;
            let is_done = match mode {
                Mode::Continue => input.pos == input.size,
                Mode::FlushBlock | Mode::FlushFrame => left == 0,
            };
            if is_done {
                self.last_mode = mode;
                return Ok(out);
            }
        }
    }

    /// Gives up the frame that was begun.
    fn reset(&mut self) {
        self.last_mode = Mode::FlushFrame;
        let what = library::ZSTD_ResetDirective::ZSTD_reset_session_only;
        // SAFETY: the context is the stream's.
        unsafe { library::ZSTD_CCtx_reset(self.raw.as_ptr(), what) };
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: the context is the stream's and not used after this.
        unsafe { library::ZSTD_freeCCtx(self.raw.as_ptr()) };
    }
}

/// A digested dictionary of a decompressor.
struct DigestedForDecompression(NonNull<library::ZSTD_DDict>);

impl Drop for DigestedForDecompression {
    fn drop(&mut self) {
        // SAFETY: made by the library, and no context refers to it any more.
        unsafe { library::ZSTD_freeDDict(self.0.as_ptr()) };
    }
}

/// The number of the parameter that is the compression level.
pub(super) const LEVEL: c_int = 100;

/// See the file's header.
pub(super) struct Decompressor {
    raw: NonNull<library::ZSTD_DCtx>,
    digested: Option<DigestedForDecompression>,
    prefix: Option<Arc<[u8]>>,
}

// SAFETY: the library's state belongs to the stream.
unsafe impl Send for Decompressor {}

impl Decompressor {
    pub(super) fn new() -> Option<Decompressor> {
        // SAFETY: the call has no preconditions.
        let raw = NonNull::new(unsafe { library::ZSTD_createDCtx() })?;
        Some(Decompressor {
            raw,
            digested: None,
            prefix: None,
        })
    }

    pub(super) fn set(&mut self, key: c_int, value: c_int) -> Result<(), Failure> {
        // SAFETY: the context is the stream's.
        outcome(unsafe { ZSTD_DCtx_setParameter(self.raw.as_ptr(), key, value) }).map(drop)
    }

    pub(super) fn load(&mut self, dictionary: Arc<[u8]>, usage: Usage) -> Result<(), LoadFailure> {
        let (start, length) = (dictionary.as_ptr().cast::<c_void>(), dictionary.len());
        let raw = self.raw.as_ptr();
        // SAFETY: the bytes are there; what the context refers to is kept, the rest is copied.
        let answer = unsafe {
            match usage {
                Usage::Prefix => {
                    let answer = library::ZSTD_DCtx_refPrefix(raw, start, length);
                    self.prefix = Some(dictionary);
                    answer
                }
                Usage::Digested => {
                    let made = library::ZSTD_createDDict(start, length);
                    let made = NonNull::new(made).ok_or(LoadFailure::Undigestible)?;
                    let answer = library::ZSTD_DCtx_refDDict(raw, made.as_ptr());
                    self.digested = Some(DigestedForDecompression(made));
                    answer
                }
                Usage::Undigested => library::ZSTD_DCtx_loadDictionary(raw, start, length),
            }
        };
        outcome(answer).map(drop).map_err(LoadFailure::Refused)
    }

    fn step(&mut self, data: &[u8], room: &mut [u8]) -> Step<Result<(), Failure>> {
        let mut input = library::ZSTD_inBuffer {
            src: data.as_ptr().cast(),
            size: data.len(),
            pos: 0,
        };
        let mut output = library::ZSTD_outBuffer {
            dst: room.as_mut_ptr().cast(),
            size: room.len(),
            pos: 0,
        };
        // SAFETY: input and output describe memory that outlives the call.
        let answer =
            unsafe { library::ZSTD_decompressStream(self.raw.as_ptr(), &mut output, &mut input) };
        let flow = match outcome(answer) {
            Ok(0) if input.pos > 0 || output.pos > 0 => ControlFlow::Break(Ok(())),
            Ok(_) => ControlFlow::Continue(()),
            Err(failure) => {
                let what = library::ZSTD_ResetDirective::ZSTD_reset_session_only;
                // SAFETY: the context is the stream's.
                unsafe { library::ZSTD_DCtx_reset(self.raw.as_ptr(), what) };
                ControlFlow::Break(Err(failure))
            }
        };
        Step {
            used: input.pos,
            made: output.pos,
            flow,
        }
    }
}

impl Decoder for Decompressor {
    type Failure = Failure;

    fn decode(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<bool, Failure> {
        match pump(input, output, limit, |input, room| self.step(input, room)) {
            ControlFlow::Continue(()) => Ok(false),
            ControlFlow::Break(ended) => ended.map(|()| true),
        }
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        // SAFETY: the context is the stream's and not used after this.
        unsafe { library::ZSTD_freeDCtx(self.raw.as_ptr()) };
    }
}

/// The number in a dictionary's header; 0 when it has none.
pub(super) fn dictionary_id(dictionary: &[u8]) -> u32 {
    // SAFETY: the bytes are there.
    unsafe { library::ZSTD_getDictID_fromDict(dictionary.as_ptr().cast(), dictionary.len()) }
}

/// The size of what is in a frame, if it says so, and the number of its dictionary; `None` for no frame.
pub(super) fn frame_info(frame: &[u8]) -> Option<(Option<u64>, u32)> {
    const UNKNOWN: u64 = u64::MAX;
    const ERROR: u64 = u64::MAX - 1;
    let start = frame.as_ptr().cast();
    // SAFETY: the bytes are there.
    let (size, dictionary) = unsafe {
        (
            library::ZSTD_getFrameContentSize(start, frame.len()),
            library::ZSTD_getDictID_fromFrame(start, frame.len()),
        )
    };
    match size {
        ERROR => None,
        UNKNOWN => Some((None, dictionary)),
        size => Some((Some(size), dictionary)),
    }
}

/// How many bytes the first frame takes.
pub(super) fn frame_size(frame: &[u8]) -> Result<usize, Failure> {
    // SAFETY: the bytes are there.
    outcome(unsafe { library::ZSTD_findFrameCompressedSize(frame.as_ptr().cast(), frame.len()) })
}

/// A dictionary made of samples, which lie one behind the other.
pub(super) fn train(samples: &[u8], sizes: &[usize], size: usize) -> Result<Vec<u8>, Failure> {
    let mut dictionary = vec![0; size];
    // SAFETY: there is room for `size` bytes; the sizes add up to the length of the samples.
    let answer = unsafe {
        library::ZDICT_trainFromBuffer(
            dictionary.as_mut_ptr().cast(),
            size,
            samples.as_ptr().cast(),
            sizes.as_ptr(),
            sizes.len() as c_uint,
        )
    };
    dictionary.truncate(outcome(answer)?);
    Ok(dictionary)
}

/// A dictionary with this content, and statistics of samples.
pub(super) fn finalize(
    content: &[u8],
    samples: &[u8],
    sizes: &[usize],
    size: usize,
    level: c_int,
) -> Result<Vec<u8>, Failure> {
    let mut dictionary = vec![0; size];
    let parameters = library::ZDICT_params_t {
        compressionLevel: level,
        notificationLevel: 0,
        dictID: 0,
    };
    // SAFETY: as for `train`.
    let answer = unsafe {
        library::ZDICT_finalizeDictionary(
            dictionary.as_mut_ptr().cast(),
            size,
            content.as_ptr().cast(),
            content.len(),
            samples.as_ptr().cast(),
            sizes.as_ptr(),
            sizes.len() as c_uint,
            parameters,
        )
    };
    dictionary.truncate(outcome(answer)?);
    Ok(dictionary)
}

/// The library's version: text and number.
pub(super) fn version() -> (String, u32) {
    // SAFETY: the calls have no preconditions; the text is static.
    unsafe {
        let text = CStr::from_ptr(library::ZSTD_versionString());
        (
            text.to_string_lossy().into_owned(),
            library::ZSTD_versionNumber(),
        )
    }
}

/// How much a decompressor makes at once, by the library's advice.
pub(super) fn output_size() -> usize {
    // SAFETY: the call has no preconditions.
    unsafe { library::ZSTD_DStreamOutSize() }
}
