//! `_IOBase` and the three abstract classes below it. Their methods call each other through the object,
//! since Python classes override them.

use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::descriptors;
use typhon_runtime::objects::exceptions::{self, OsError};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, buffer, call, index, iterate, sequence, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, finalizer};

use super::{DEFAULT_BUFFER_SIZE, unsupported};

/// The payload of every stream.
#[pyclass(
    name = "_IOBase",
    module = "_io",
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF),
    doc = "The abstract base class for all I/O classes.\n\nThis class provides dummy implementations for many methods that\nderived classes can override selectively; the default implementations\nrepresent a file that cannot be read, written or seeked.\n\nEven though IOBase does not declare read, readinto, or write because\ntheir signatures will vary, implementations and clients should\nconsider those methods part of the interface. Also, implementations\nmay raise UnsupportedOperation when operations they do not support are\ncalled.\n\nThe basic type used for binary data read from or written to a file is\nbytes. Other bytes-like objects are accepted as method arguments too.\nIn some cases (such as readinto), a writable object is required. Text\nI/O classes work with str data.\n\nNote that calling any method (except additional calls to close(),\nwhich are ignored) on a closed stream should raise a ValueError.\n\nIOBase (and its subclasses) support the iterator protocol, meaning\nthat an IOBase object can be iterated over yielding the lines in a\nstream.\n\nIOBase also supports the :keyword:`with` statement. In this example,\nfp is closed after the suite of the with statement is complete:\n\nwith open('spam.txt', 'r') as fp:\n    fp.write('Spam and eggs!')\n"
)]
#[derive(Default)]
#[repr(C)]
pub struct IoBase {
    /// Whether `close` of this class has run.
    closed: AtomicBool,
    /// Whether the object is closed because it dies.
    finalizing: AtomicBool,
}

impl Traverse for IoBase {
    fn traverse(&self, _: &mut dyn FnMut(&Value)) {}
}

impl IoBase {
    /// Whether the finalizer is what closes the stream.
    pub fn is_finalizing(&self) -> bool {
        self.finalizing.load(Ordering::Relaxed)
    }
}

fn named(cx: &Context, name: &str) -> PyResult<Name> {
    Name::intern(cx, name)
}

/// Calls a method by its name.
///
/// # Errors
/// What it raises.
pub fn method(cx: &Context, object: &Value, name: &str, arguments: &[Value]) -> PyResult<Value> {
    call::call_method(cx, object, named(cx, name)?, arguments)
}

/// `object.closed`.
///
/// # Errors
/// What the attribute raises.
pub fn is_closed(cx: &Context, object: &Value) -> PyResult<bool> {
    attribute::get(cx, object, named(cx, "closed")?)?.truth(cx)
}

/// ValueError for a closed stream.
#[cold]
pub fn closed_error(cx: &Context) -> Raised {
    cx.value_error("I/O operation on closed file.")
}

/// Fails if the stream is closed.
///
/// # Errors
/// ValueError.
pub fn check_open(cx: &Context, object: &Value) -> PyResult<()> {
    if is_closed(cx, object)? {
        Err(closed_error(cx))
    } else {
        Ok(())
    }
}

/// An optional size: None and what is left out mean -1.
///
/// # Errors
/// TypeError for what is neither None nor an int.
pub fn size_argument(cx: &Context, size: Option<&Value>) -> PyResult<isize> {
    match size {
        None => Ok(-1),
        Some(size) if size.is_none() => Ok(-1),
        Some(size) if size.class().slots.index.get().is_some() => index::as_index(cx, size),
        Some(size) => Err(cx.type_error(format!(
            "argument should be integer or None, not '{}'",
            size.type_name()
        ))),
    }
}

/// Whether the exception says that a signal ended a call of the operating system early. One that a signal
/// handler raised says no number.
pub(super) fn is_interruption(cx: &Context) -> bool {
    cx.peek_exception(|exception| {
        let error = exception.as_value().downcast::<OsError>();
        error
            .and_then(|error| error.errno.get())
            .is_some_and(|errno| errno.as_small_int() == Some(i64::from(libc::EINTR)))
    })
}

/// Runs a call again for as long as a signal ends it early.
fn past_signals<T>(cx: &Context, mut work: impl FnMut() -> PyResult<T>) -> PyResult<T> {
    loop {
        match work() {
            Err(Raised) if is_interruption(cx) => {
                cx.clear_exception();
                crate::blocking::interrupted(cx)?;
            }
            result => return result,
        }
    }
}

/// `self.seekable()` and its like must say True.
fn check_ability(cx: &Context, this: &Value, ability: &str, message: &str) -> PyResult<Value> {
    let answer = method(cx, this, ability, &[])?;
    if answer.is_true() {
        Ok(answer)
    } else {
        Err(unsupported(cx, message))
    }
}

/// Runs `first` and then `second`, whatever `first` raised; its exception goes first.
///
/// # Errors
/// The first exception, or the second with the first as its context.
pub fn both(
    cx: &Context,
    first: impl FnOnce() -> PyResult<()>,
    second: impl FnOnce() -> PyResult<()>,
) -> PyResult<()> {
    let Err(Raised) = first() else {
        return second();
    };
    let earlier = cx.take_exception();
    match second() {
        Ok(()) => {
            cx.set_exception(earlier);
            Err(Raised)
        }
        Err(Raised) => {
            let later = cx.take_exception();
            exceptions::set_context(&later, earlier);
            cx.set_exception(later);
            Err(Raised)
        }
    }
}

/// Looks how much can be read at once without reading past a line's end.
fn peeked(cx: &Context, peek: &Value, limit: usize) -> PyResult<usize> {
    let readahead = past_signals(cx, || {
        call::call(cx, peek, &[Value::from_small_int(1).expect("small")])
    })?;
    let Some(ahead) = readahead.downcast::<Bytes>() else {
        return Err(cx.os_error(format!(
            "peek() should have returned a bytes object, not '{}'",
            readahead.type_name()
        )));
    };
    let bytes = &ahead.as_slice()[..ahead.len().min(limit)];
    Ok(memchr::memchr(b'\n', bytes)
        .map_or(bytes.len(), |at| at + 1)
        .max(1))
}

#[pymethods]
impl IoBase {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, IoBase::default()).map(Ref::into_value)
    }

    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Value) -> PyResult<()> {
        // Where `closed` does not tell, the object was never made whole.
        let Ok(closed) = is_closed(cx, this) else {
            cx.clear_exception();
            return Ok(());
        };
        if closed {
            return Ok(());
        }
        if let Some(base) = this.downcast::<IoBase>() {
            base.finalizing.store(true, Ordering::Relaxed);
        }
        if call::call_method(cx, this, names::close(), &[]).is_err() {
            let exception = cx.take_exception();
            let shown = text::repr_text(cx, this).unwrap_or_else(|Raised| {
                cx.clear_exception();
                format!("<{} object>", this.type_name())
            });
            cx.set_exception(exception);
            finalizer::unraisable(
                cx,
                &format!("Exception ignored while finalizing file {shown}"),
                &Value::NONE,
            );
        }
        Ok(())
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Value) -> PyResult<Value> {
        check_open(cx, this)?;
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        let line = call::call_method(cx, this, names::readline(), &[])?;
        Ok((sequence::length(cx, &line)? > 0).then_some(line))
    }

    #[getter("__dict__")]
    fn dict(cx: &Context, this: &Value) -> PyResult<Value> {
        descriptors::get_dict(cx, this)
    }

    #[getter]
    fn closed(_cx: &Context, this: &Ref<IoBase>) -> PyResult<bool> {
        Ok(this.closed.load(Ordering::Relaxed))
    }

    /// Change the stream position to the given byte offset.
    ///
    ///   offset
    ///     The stream position, relative to 'whence'.
    ///   whence
    ///     The relative position to seek from.
    ///
    /// The offset is interpreted relative to the position indicated by
    /// whence.  Values for whence are:
    ///
    /// * os.SEEK_SET or 0 -- start of stream (the default); offset should
    ///   be zero or positive
    /// * os.SEEK_CUR or 1 -- current stream position; offset may be
    ///   negative
    /// * os.SEEK_END or 2 -- end of stream; offset is usually negative
    ///
    /// Return the new absolute position.
    #[method("seek(self, offset, whence=0, /)")]
    fn seek(cx: &Context, _this: &Value, _offset: i32, _whence: i32) -> PyResult<()> {
        Err(unsupported(cx, "seek"))
    }

    /// Return current stream position.
    #[method("tell(self, /)")]
    fn tell(cx: &Context, this: &Value) -> PyResult<Value> {
        method(cx, this, "seek", &[0.into_value(cx)?, 1.into_value(cx)?])
    }

    /// Truncate file to size bytes.
    ///
    /// File pointer is left unchanged.  Size defaults to the current IO
    /// position as reported by tell().  Return the new size.
    #[method("truncate(self, size=None, /)")]
    fn truncate(cx: &Context, _this: &Value, _size: &Value) -> PyResult<()> {
        Err(unsupported(cx, "truncate"))
    }

    /// Flush write buffers, if applicable.
    ///
    /// This is not implemented for read-only and non-blocking streams.
    #[method("flush(self, /)")]
    fn flush(cx: &Context, this: &Ref<IoBase>) -> PyResult<()> {
        if this.closed.load(Ordering::Relaxed) {
            Err(closed_error(cx))
        } else {
            Ok(())
        }
    }

    /// Flush and close the IO object.
    ///
    /// This method has no effect if the file is already closed.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<IoBase>) -> PyResult<()> {
        if this.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let flushed = call::call_method(cx, this.as_value(), names::flush(), &[]);
        this.closed.store(true, Ordering::Relaxed);
        flushed.map(drop)
    }

    /// Return whether object supports random access.
    ///
    /// If False, seek(), tell() and truncate() will raise OSError.
    /// This method may need to do a test seek().
    #[method("seekable(self, /)")]
    fn seekable(_cx: &Context, _this: &Value) -> PyResult<bool> {
        Ok(false)
    }

    /// Return whether object was opened for reading.
    ///
    /// If False, read() will raise OSError.
    #[method("readable(self, /)")]
    fn readable(_cx: &Context, _this: &Value) -> PyResult<bool> {
        Ok(false)
    }

    /// Return whether object was opened for writing.
    ///
    /// If False, write() will raise OSError.
    #[method("writable(self, /)")]
    fn writable(_cx: &Context, _this: &Value) -> PyResult<bool> {
        Ok(false)
    }

    #[method("_checkClosed(self, /)")]
    fn check_closed(cx: &Context, this: &Value) -> PyResult<()> {
        check_open(cx, this)
    }

    #[method("_checkSeekable(self, /)")]
    fn check_seekable(cx: &Context, this: &Value) -> PyResult<Value> {
        check_ability(cx, this, "seekable", "File or stream is not seekable.")
    }

    #[method("_checkReadable(self, /)")]
    fn check_readable(cx: &Context, this: &Value) -> PyResult<Value> {
        check_ability(cx, this, "readable", "File or stream is not readable.")
    }

    #[method("_checkWritable(self, /)")]
    fn check_writable(cx: &Context, this: &Value) -> PyResult<Value> {
        check_ability(cx, this, "writable", "File or stream is not writable.")
    }

    /// Return underlying file descriptor if one exists.
    ///
    /// Raise OSError if the IO object does not use a file descriptor.
    #[method("fileno(self, /)")]
    fn fileno(cx: &Context, _this: &Value) -> PyResult<()> {
        Err(unsupported(cx, "fileno"))
    }

    /// Return whether this is an 'interactive' stream.
    ///
    /// Return False if it can't be determined.
    #[method("isatty(self, /)")]
    fn isatty(cx: &Context, this: &Value) -> PyResult<bool> {
        check_open(cx, this)?;
        Ok(false)
    }

    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Value) -> PyResult<Value> {
        check_open(cx, this)?;
        Ok(this.clone())
    }

    #[method("__exit__(self, /, *args)")]
    fn exit(cx: &Context, this: &Value, _exception: &[Value]) -> PyResult<Value> {
        call::call_method(cx, this, names::close(), &[])
    }

    /// Read and return a line from the stream.
    ///
    /// If size is specified, at most size bytes will be read.
    ///
    /// The line terminator is always b'\n' for binary files; for text
    /// files, the newlines argument to open can be used to select the line
    /// terminator(s) recognized.
    #[method("readline(self, size=-1, /)")]
    fn readline(cx: &Context, this: &Value, size: Maybe<&Value>) -> PyResult<Ref<Bytes>> {
        let limit = usize::try_from(size_argument(cx, size.0)?).unwrap_or(usize::MAX);
        let peek = attribute::find(cx, this, named(cx, "peek")?)?;
        let mut line = Vec::new();
        while line.len() < limit {
            let wanted = match &peek {
                Some(peek) => peeked(cx, peek, limit - line.len())?,
                None => 1,
            };
            let wanted = wanted.into_value(cx)?;
            let part = past_signals(cx, || {
                call::call_method(cx, this, names::read(), std::slice::from_ref(&wanted))
            })?;
            let Some(part) = part.downcast::<Bytes>() else {
                return Err(cx.os_error(format!(
                    "read() should have returned a bytes object, not '{}'",
                    part.type_name()
                )));
            };
            if part.is_empty() {
                break;
            }
            line.extend_from_slice(part.as_slice());
            if line.last() == Some(&b'\n') {
                break;
            }
        }
        Bytes::from_slice(cx, &line)
    }

    /// Return a list of lines from the stream.
    ///
    /// hint can be specified to control the number of lines read: no more
    /// lines will be read if the total size (in bytes/characters) of all
    /// lines so far exceeds hint.
    #[method("readlines(self, hint=-1, /)")]
    fn readlines(cx: &Context, this: &Value, hint: Maybe<&Value>) -> PyResult<Ref<List>> {
        let hint = size_argument(cx, hint.0)?;
        if hint <= 0 {
            return List::from_values(cx, iterate::collect(cx, this)?);
        }
        let iterator = iterate::iter(cx, this)?;
        let mut lines = Vec::new();
        let mut length = 0;
        while let Some(line) = iterate::next(cx, &iterator)? {
            length += sequence::length(cx, &line)?;
            lines.push(line);
            if length > hint as usize {
                break;
            }
        }
        List::from_values(cx, lines)
    }

    /// Write a list of lines to stream.
    ///
    /// Line separators are not added, so it is usual for each of the
    /// lines provided to have a line separator at the end.
    #[method("writelines(self, lines, /)")]
    fn writelines(cx: &Context, this: &Value, lines: &Value) -> PyResult<()> {
        check_open(cx, this)?;
        iterate::for_each(cx, lines, |line| {
            past_signals(cx, || {
                call::call_method(cx, this, names::write(), std::slice::from_ref(&line))
            })
            .map(drop)
        })
    }
}

/// Base class for raw binary I/O.
#[pyclass(name = "_RawIOBase", module = "_io", base = IoBase, flags(BASETYPE), doc = "Base class for raw binary I/O.")]
#[derive(Default)]
#[repr(C)]
pub struct RawIoBase {
    pub base: IoBase,
}

impl Traverse for RawIoBase {
    fn traverse(&self, _: &mut dyn FnMut(&Value)) {}
}

#[pymethods]
impl RawIoBase {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, RawIoBase::default()).map(Ref::into_value)
    }

    #[method("read(self, size=-1, /)")]
    fn read(cx: &Context, this: &Value, size: Maybe<isize>) -> PyResult<Value> {
        let Ok(size) = usize::try_from(size.0.unwrap_or(-1)) else {
            return method(cx, this, "readall", &[]);
        };
        let memory = ByteArray::from_vec(cx, typhon_runtime::objects::bytes::zeros(cx, size)?)?;
        let count = method(cx, this, "readinto", &[memory.to_value()])?;
        if count.is_none() {
            return Ok(count);
        }
        let count = index::as_index(cx, &count)?;
        let bytes = memory.to_vec();
        match usize::try_from(count)
            .ok()
            .and_then(|count| bytes.get(..count))
        {
            Some(bytes) => Bytes::from_slice(cx, bytes).map(Ref::into_value),
            None => Err(cx.value_error(format!(
                "readinto returned {count} outside buffer size {}",
                bytes.len()
            ))),
        }
    }

    /// Read until EOF, using multiple read() call.
    #[method("readall(self, /)")]
    fn readall(cx: &Context, this: &Value) -> PyResult<Value> {
        let size = DEFAULT_BUFFER_SIZE.into_value(cx)?;
        let mut all: Option<Vec<u8>> = None;
        loop {
            let part = past_signals(cx, || {
                call::call_method(cx, this, names::read(), std::slice::from_ref(&size))
            })?;
            if part.is_none() {
                match all {
                    None => return Ok(part),
                    Some(_) => break,
                }
            }
            let Some(part) = part.downcast::<Bytes>() else {
                return Err(cx.type_error("read() should return bytes"));
            };
            let all = all.get_or_insert_default();
            if part.is_empty() {
                break;
            }
            all.extend_from_slice(part.as_slice());
        }
        Bytes::from_slice(cx, &all.unwrap_or_default()).map(Ref::into_value)
    }

    #[method("readinto(self, *args)")]
    fn readinto(cx: &Context, _this: &Value, _args: &[Value]) -> PyResult<()> {
        Err(cx.raise_with(exceptions::not_implemented_error(), &[]))
    }

    #[method("write(self, *args)")]
    fn write(cx: &Context, _this: &Value, _args: &[Value]) -> PyResult<()> {
        Err(cx.raise_with(exceptions::not_implemented_error(), &[]))
    }
}

/// See the Python docstring.
#[pyclass(
    name = "_BufferedIOBase",
    module = "_io",
    base = IoBase,
    flags(BASETYPE),
    doc = "Base class for buffered IO objects.\n\nThe main difference with RawIOBase is that the read() method\nsupports omitting the size argument, and does not have a default\nimplementation that defers to readinto().\n\nIn addition, read(), readinto() and write() may raise\nBlockingIOError if the underlying raw stream is in non-blocking\nmode and not ready; unlike their raw counterparts, they will never\nreturn None.\n\nA typical implementation should not inherit from a RawIOBase\nimplementation, but wrap one.\n"
)]
#[derive(Default)]
#[repr(C)]
pub struct BufferedIoBase {
    pub base: IoBase,
}

impl Traverse for BufferedIoBase {
    fn traverse(&self, _: &mut dyn FnMut(&Value)) {}
}

impl BufferedIoBase {
    fn read_into(cx: &Context, this: &Value, target: &Value, by: &str) -> PyResult<usize> {
        let target = buffer::get_writable(cx, target)?;
        let data = method(cx, this, by, &[target.length.into_value(cx)?])?;
        let Some(data) = data.downcast::<Bytes>() else {
            return Err(cx.type_error(format!("{by}() should return bytes")));
        };
        if data.len() > target.length {
            return Err(cx.value_error(format!(
                "{by}() returned too much data: {} bytes requested, {} returned",
                target.length,
                data.len()
            )));
        }
        target.write(0, data.as_slice());
        Ok(data.len())
    }
}

#[pymethods]
impl BufferedIoBase {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, BufferedIoBase::default()).map(Ref::into_value)
    }

    /// Disconnect this buffer from its underlying raw stream and return it.
    ///
    /// After the raw stream has been detached, the buffer is in an unusable
    /// state.
    #[method("detach(self, /)")]
    fn detach(cx: &Context, _this: &Value) -> PyResult<()> {
        Err(unsupported(cx, "detach"))
    }

    /// Read and return up to n bytes.
    ///
    /// If the size argument is omitted, None, or negative, read and
    /// return all data until EOF.
    ///
    /// If the size argument is positive, and the underlying raw stream is
    /// not 'interactive', multiple raw reads may be issued to satisfy
    /// the byte count (unless EOF is reached first).
    /// However, for interactive raw streams (as well as sockets and pipes),
    /// at most one raw read will be issued, and a short result does not
    /// imply that EOF is imminent.
    ///
    /// Return an empty bytes object on EOF.
    ///
    /// Return None if the underlying raw stream was open in non-blocking
    /// mode and no data is available at the moment.
    #[method("read(self, size=-1, /)")]
    fn read(cx: &Context, _this: &Value, _size: Maybe<&Value>) -> PyResult<()> {
        Err(unsupported(cx, "read"))
    }

    /// Read and return up to size bytes, with at most one read() call to the underlying raw stream.
    ///
    /// Return an empty bytes object on EOF.
    /// A short result does not imply that EOF is imminent.
    #[method("read1(self, size=-1, /)")]
    fn read1(cx: &Context, _this: &Value, _size: Maybe<&Value>) -> PyResult<()> {
        Err(unsupported(cx, "read1"))
    }

    #[method("readinto(self, buffer, /)")]
    fn readinto(cx: &Context, this: &Value, buffer: &Value) -> PyResult<usize> {
        BufferedIoBase::read_into(cx, this, buffer, "read")
    }

    #[method("readinto1(self, buffer, /)")]
    fn readinto1(cx: &Context, this: &Value, buffer: &Value) -> PyResult<usize> {
        BufferedIoBase::read_into(cx, this, buffer, "read1")
    }

    /// Write buffer b to the IO stream.
    ///
    /// Return the number of bytes written, which is always
    /// the length of b in bytes.
    ///
    /// Raise BlockingIOError if the buffer is full and the
    /// underlying raw stream cannot accept more data at the moment.
    #[method("write(self, b, /)")]
    fn write(cx: &Context, _this: &Value, _bytes: &Value) -> PyResult<()> {
        Err(unsupported(cx, "write"))
    }
}

/// See the Python docstring.
#[pyclass(
    name = "_TextIOBase",
    module = "_io",
    base = IoBase,
    flags(BASETYPE),
    doc = "Base class for text I/O.\n\nThis class provides a character and line based interface to stream\nI/O. There is no readinto method because Python's character strings\nare immutable.\n"
)]
#[derive(Default)]
#[repr(C)]
pub struct TextIoBase {
    pub base: IoBase,
}

impl Traverse for TextIoBase {
    fn traverse(&self, _: &mut dyn FnMut(&Value)) {}
}

#[pymethods]
impl TextIoBase {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, TextIoBase::default()).map(Ref::into_value)
    }

    /// Separate the underlying buffer from the TextIOBase and return it.
    ///
    /// After the underlying buffer has been detached, the TextIO is in
    /// an unusable state.
    #[method("detach(self, /)")]
    fn detach(cx: &Context, _this: &Value) -> PyResult<()> {
        Err(unsupported(cx, "detach"))
    }

    /// Read at most size characters from stream.
    ///
    /// Read from underlying buffer until we have size characters or we hit
    /// EOF.  If size is negative or omitted, read until EOF.
    #[method("read(self, size=-1, /)")]
    fn read(cx: &Context, _this: &Value, _size: Maybe<&Value>) -> PyResult<()> {
        Err(unsupported(cx, "read"))
    }

    /// Read until newline or EOF.
    ///
    /// Return an empty string if EOF is hit immediately.
    /// If size is specified, at most size characters will be read.
    #[method("readline(self, size=-1, /)")]
    fn readline(cx: &Context, _this: &Value, _size: Maybe<&Value>) -> PyResult<()> {
        Err(unsupported(cx, "readline"))
    }

    /// Write string s to stream.
    ///
    /// Return the number of characters written
    /// (which is always equal to the length of the string).
    #[method("write(self, s, /)")]
    fn write(cx: &Context, _this: &Value, _text: &Value) -> PyResult<()> {
        Err(unsupported(cx, "write"))
    }

    /// Encoding of the text stream.
    ///
    /// Subclasses should override.
    #[getter]
    fn encoding(_cx: &Context, _this: &Value) -> PyResult<()> {
        Ok(())
    }

    /// Line endings translated so far.
    ///
    /// Only line endings translated during reading are considered.
    ///
    /// Subclasses should override.
    #[getter]
    fn newlines(_cx: &Context, _this: &Value) -> PyResult<()> {
        Ok(())
    }

    /// The error setting of the decoder or encoder.
    ///
    /// Subclasses should override.
    #[getter]
    fn errors(_cx: &Context, _this: &Value) -> PyResult<()> {
        Ok(())
    }
}
