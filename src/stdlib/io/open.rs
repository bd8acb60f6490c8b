//! `open` and what goes with it.

use typhon_macros::pyfunction;
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, warnings};

use super::DEFAULT_BUFFER_SIZE;
use super::buffered::{BufferedRandom, BufferedReader, BufferedWriter};
use super::file::FileIo;
use super::newline::Newline;
use super::text::{Options, TextIoWrapper};
use crate::configuration;
use crate::path::fspath;

/// The encoding of text files where none is given: that of the locale, which is UTF-8.
pub fn locale_encoding() -> &'static str {
    if configuration::get().utf8_mode {
        "utf-8"
    } else {
        "UTF-8"
    }
}

/// What the letters of a mode ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mode {
    creating: bool,
    reading: bool,
    writing: bool,
    appending: bool,
    updating: bool,
    text: bool,
    binary: bool,
}

impl Mode {
    fn parse(cx: &Context, letters: &str) -> PyResult<Mode> {
        let mut mode = Mode::default();
        for (at, letter) in letters.char_indices() {
            let flag = match letter {
                'x' => &mut mode.creating,
                'r' => &mut mode.reading,
                'w' => &mut mode.writing,
                'a' => &mut mode.appending,
                '+' => &mut mode.updating,
                't' => &mut mode.text,
                'b' => &mut mode.binary,
                _ => return Err(cx.value_error(format!("invalid mode: '{letters}'"))),
            };
            if letters[..at].contains(letter) {
                return Err(cx.value_error(format!("invalid mode: '{letters}'")));
            }
            *flag = true;
        }
        if mode.text && mode.binary {
            return Err(cx.value_error("can't have text and binary mode at once"));
        }
        let kinds = [mode.creating, mode.reading, mode.writing, mode.appending];
        if kinds.iter().filter(|&&kind| kind).count() != 1 {
            return Err(cx.value_error("must have exactly one of create/read/write/append mode"));
        }
        Ok(mode)
    }

    /// The mode of the raw stream.
    fn raw(&self) -> String {
        [
            (self.creating, 'x'),
            (self.reading, 'r'),
            (self.writing, 'w'),
            (self.appending, 'a'),
            (self.updating, '+'),
        ]
        .into_iter()
        .filter(|(asked, _)| *asked)
        .map(|(_, letter)| letter)
        .collect()
    }
}

/// Open file and return a stream.  Raise OSError upon failure.
///
/// file is either a text or byte string giving the name (and the path
/// if the file isn't in the current working directory) of the file to
/// be opened or an integer file descriptor of the file to be
/// wrapped.  (If a file descriptor is given, it is closed when the
/// returned I/O object is closed, unless closefd is set to False.)
///
/// mode is an optional string that specifies the mode in which the file
/// is opened.  It defaults to 'r' which means open for reading in text
/// mode.  Other common values are 'w' for writing (truncating the file if
/// it already exists), 'x' for creating and writing to a new file, and
/// 'a' for appending (which on some Unix systems, means that all writes
/// append to the end of the file regardless of the current seek position).
/// In text mode, if encoding is not specified the encoding used is platform
/// dependent: locale.getencoding() is called to get the current locale
/// encoding.  (For reading and writing raw bytes use binary mode and leave
/// encoding unspecified.)  The available modes are:
///
/// ========= ==========================================================
/// Character Meaning
/// --------- ----------------------------------------------------------
/// 'r'       open for reading (default)
/// 'w'       open for writing, truncating the file first
/// 'x'       create a new file and open it for writing
/// 'a'       open for writing, appending to the end of the file if it
///           exists
/// 'b'       binary mode
/// 't'       text mode (default)
/// '+'       open a disk file for updating (reading and writing)
/// ========= ==========================================================
///
/// The default mode is 'rt' (open for reading text).  For binary random
/// access, the mode 'w+b' opens and truncates the file to 0 bytes, while
/// 'r+b' opens the file without truncation.  The 'x' mode implies 'w' and
/// raises an `FileExistsError` if the file already exists.
///
/// Python distinguishes between files opened in binary and text modes,
/// even when the underlying operating system doesn't.  Files opened in
/// binary mode (appending 'b' to the mode argument) return contents as
/// bytes objects without any decoding.  In text mode (the default, or when
/// 't' is appended to the mode argument), the contents of the file are
/// returned as strings, the bytes having been first decoded using a
/// platform-dependent encoding or using the specified encoding if given.
///
/// buffering is an optional integer used to set the buffering policy.
/// Pass 0 to switch buffering off (only allowed in binary mode), 1 to
/// select line buffering (only usable in text mode), and an integer > 1 to
/// indicate the size of a fixed-size chunk buffer.   When no buffering
/// argument is given, the default buffering policy works as follows:
///
/// * Binary files are buffered in fixed-size chunks; the size of the buffer
///   is max(min(blocksize, 8 MiB), DEFAULT_BUFFER_SIZE) when the device
///   block size is available.
///   On most systems, the buffer will typically be 128 kilobytes long.
///
/// * "Interactive" text files (files for which isatty() returns True)
///   use line buffering.  Other text files use the policy described above
///   for binary files.
///
/// encoding is the name of the encoding used to decode or encode the
/// file.  This should only be used in text mode.  The default encoding is
/// platform dependent, but any encoding supported by Python can be
/// passed.  See the codecs module for the list of supported encodings.
///
/// errors is an optional string that specifies how encoding errors are to
/// be handled---this argument should not be used in binary mode.  Pass
/// 'strict' to raise a ValueError exception if there is an encoding error
/// (the default of None has the same effect), or pass 'ignore' to ignore
/// errors.  (Note that ignoring encoding errors can lead to data loss.)
/// See the documentation for codecs.register or run 'help(codecs.Codec)'
/// for a list of the permitted encoding error strings.
///
/// newline controls how universal newlines works (it only applies to text
/// mode).  It can be None, '', '\n', '\r', and '\r\n'.  It works as
/// follows:
///
/// * On input, if newline is None, universal newlines mode is enabled.
///   Lines in the input can end in '\n', '\r', or '\r\n', and these are
///   translated into '\n' before being returned to the caller.  If it is
///   '', universal newline mode is enabled, but line endings are returned
///   to the caller untranslated.  If it has any of the other legal values,
///   input lines are only terminated by the given string, and the line
///   ending is returned to the caller untranslated.
///
/// * On output, if newline is None, any '\n' characters written are
///   translated to the system default line separator, os.linesep.  If
///   newline is '' or '\n', no translation takes place.  If newline is any
///   of the other legal values, any '\n' characters written are translated
///   to the given string.
///
/// If closefd is False, the underlying file descriptor will be kept open
/// when the file is closed.  This does not work when a file name is given
/// and must be True in that case.
///
/// A custom opener can be used by passing a callable as *opener*.  The
/// underlying file descriptor for the file object is then obtained by
/// calling *opener* with (*file*, *flags*).  *opener* must return an open
/// file descriptor (passing os.open as *opener* results in functionality
/// similar to passing None).
///
/// open() returns a file object whose type depends on the mode, and
/// through which the standard file operations such as reading and writing
/// are performed.  When open() is used to open a file in a text mode ('w',
/// 'r', 'wt', 'rt', etc.), it returns a TextIOWrapper.  When used to open
/// a file in a binary mode, the returned class varies: in read binary
/// mode, it returns a BufferedReader; in write binary and append binary
/// modes, it returns a BufferedWriter, and in read/write mode, it returns
/// a BufferedRandom.
///
/// It is also possible to use a string or bytearray as a file for both
/// reading and writing.  For strings StringIO can be used like a file
/// opened in a text mode, and for bytes a BytesIO can be used like a file
/// opened in a binary mode.
#[pyfunction(
    "open(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn open(
    cx: &Context,
    file: &Value,
    mode: Maybe<&Ref<Str>>,
    buffering: i32,
    encoding: Option<&Ref<Str>>,
    errors: Option<&Ref<Str>>,
    newline: Option<&Ref<Str>>,
    closefd: bool,
    opener: Option<&Value>,
) -> PyResult<Value> {
    let letters = match mode.0 {
        Some(mode) => mode.to_utf8(cx)?.into_owned(),
        None => "r".to_owned(),
    };
    let mode = Mode::parse(cx, &letters)?;
    if mode.binary {
        let refused = match (encoding, errors, newline) {
            (Some(_), ..) => Some("an encoding"),
            (None, Some(_), _) => Some("an errors"),
            (None, None, Some(_)) => Some("a newline"),
            (None, None, None) => None,
        };
        if let Some(refused) = refused {
            return Err(cx.value_error(format!("binary mode doesn't take {refused} argument")));
        }
    }
    if mode.binary && buffering == 1 {
        warnings::warn(
            cx,
            exceptions::runtime_warning(),
            "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used",
            1,
        )?;
    }
    let path;
    let file = if int::is_int(file) || file.class().slots.index.get().is_some() {
        file
    } else {
        path = fspath(cx, file)?;
        &path
    };
    let raw = FileIo::open(cx, file, &mode.raw(), closefd, opener)?;
    let settings = Settings {
        letters: &letters,
        mode: &mode,
        buffering,
        encoding,
        errors,
        newline,
    };
    settings
        .finish(cx, &raw)
        .inspect_err(|Raised| close_after_failure(cx, raw.as_value()))
}

/// Closes a stream without losing the exception that is on its way.
fn close_after_failure(cx: &Context, stream: &Value) {
    let exception = cx.take_exception();
    if call::call_method(cx, stream, names::close(), &[]).is_err() {
        let later = cx.take_exception();
        exceptions::set_context(&later, exception);
        cx.set_exception(later);
    } else {
        cx.set_exception(exception);
    }
}

/// What goes on top of the raw stream.
struct Settings<'a> {
    letters: &'a str,
    mode: &'a Mode,
    buffering: i32,
    encoding: Option<&'a Ref<Str>>,
    errors: Option<&'a Ref<Str>>,
    newline: Option<&'a Ref<Str>>,
}

impl Settings<'_> {
    fn finish(&self, cx: &Context, raw: &Ref<FileIo>) -> PyResult<Value> {
        // Only what could be a terminal is asked; whoever says how to buffer has no need to.
        let is_terminal = self.buffering < 0 && raw.is_terminal(cx)?;
        let mut line_buffering = false;
        let size = match self.buffering {
            1 if !self.mode.binary => {
                line_buffering = true;
                None
            }
            1 => None,
            less if less < 0 => {
                line_buffering = is_terminal;
                None
            }
            size => Some(size as usize),
        };
        let size = size.unwrap_or_else(|| {
            let block = usize::try_from(raw.block_size()).unwrap_or(DEFAULT_BUFFER_SIZE);
            block.clamp(DEFAULT_BUFFER_SIZE, 8 << 20)
        });
        if size == 0 {
            if !self.mode.binary {
                return Err(cx.value_error("can't have unbuffered text I/O"));
            }
            return Ok(raw.to_value());
        }
        let buffer = if self.mode.updating {
            if !raw.seekable_now(cx)? {
                return Err(super::unsupported(cx, "File or stream is not seekable."));
            }
            BufferedRandom::over(cx, raw.as_value(), size)?
        } else if self.mode.reading {
            BufferedReader::over(cx, raw.as_value(), size)?
        } else {
            BufferedWriter::over(cx, raw.as_value(), size)?
        };
        if self.mode.binary {
            return Ok(buffer);
        }
        self.wrap(cx, &buffer, line_buffering)
            .inspect_err(|Raised| close_after_failure(cx, &buffer))
    }

    fn wrap(&self, cx: &Context, buffer: &Value, line_buffering: bool) -> PyResult<Value> {
        let text = |string: Option<&Ref<Str>>| match string {
            Some(string) => {
                let text = string.to_utf8(cx)?.into_owned();
                if text.contains('\0') {
                    Err(cx.value_error("embedded null character"))
                } else {
                    Ok(Some(text))
                }
            }
            None => Ok(None),
        };
        let encoding = text(self.encoding)?;
        if encoding.is_none() && configuration::get().warn_default_encoding {
            warnings::warn(
                cx,
                exceptions::encoding_warning(),
                "'encoding' argument not specified",
                1,
            )?;
        }
        let errors = text(self.errors)?;
        let options = Options {
            encoding: encoding.as_deref(),
            errors: errors.as_deref(),
            newline: Newline::from_argument(cx, "open", self.newline.map(Ref::as_value))?,
            line_buffering,
            write_through: false,
        };
        let wrapper = TextIoWrapper::over(cx, buffer, &options)?;
        let mode = self.letters.into_value(cx)?;
        attribute::set(cx, wrapper.as_value(), Name::intern(cx, "mode")?, &mode)?;
        Ok(wrapper.into_value())
    }
}

/// `open(path, mode)` for callers in Rust.
///
/// # Errors
/// What `open` raises.
pub fn open_file(cx: &Context, path: &Value, mode: &str) -> PyResult<Value> {
    let mode = Str::from_str(cx, mode)?;
    open(
        cx,
        path,
        Maybe(Some(&mode)),
        -1,
        None,
        None,
        None,
        true,
        None,
    )
}

/// Opens the provided file with the intent to import the contents.
///
/// This may perform extra validation beyond open(), but is otherwise
/// interchangeable with calling open(path, 'rb').
#[pyfunction("open_code(path)")]
pub fn open_code(cx: &Context, path: &Ref<Str>) -> PyResult<Value> {
    open_file(cx, path.as_value(), "rb")
}

/// A helper function to choose the text encoding.
///
/// When encoding is not None, this function returns it.
/// Otherwise, this function returns the default text encoding
/// (i.e. "locale" or "utf-8" depends on UTF-8 mode).
///
/// This function emits an EncodingWarning if encoding is None and
/// sys.flags.warn_default_encoding is true.
///
/// This can be used in APIs with an encoding=None parameter.
/// However, please consider using encoding="utf-8" for new APIs.
#[pyfunction("text_encoding(encoding, stacklevel=2, /)")]
pub fn text_encoding(cx: &Context, encoding: &Value, stacklevel: i32) -> PyResult<Value> {
    if !encoding.is_none() {
        return Ok(encoding.clone());
    }
    if configuration::get().warn_default_encoding {
        let class = exceptions::encoding_warning();
        warnings::warn(
            cx,
            class,
            "'encoding' argument not specified",
            stacklevel.into(),
        )?;
    }
    let name = if configuration::get().utf8_mode {
        "utf-8"
    } else {
        "locale"
    };
    name.into_value(cx)
}
