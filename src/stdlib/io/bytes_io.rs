//! `BytesIO`: a stream over bytes in memory.
//!
//! Nothing here blocks, so the state is behind the object's own lock. While buffers are out
//! (`getbuffer`) the bytes keep their length, and so their place.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Maybe, Parameter, Signature};
use typhon_runtime::buffer::Buffer;
use typhon_runtime::error::Raised;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::instance;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::memoryview::MemoryView;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::base::{BufferedIoBase, closed_error, size_argument};
use super::writable_buffer;
use crate::bytes_like::BytesLike;

/// See the module's header.
#[pyclass(
    name = "BytesIO",
    module = "_io",
    base = BufferedIoBase,
    flags(BASETYPE),
    signature = "(initial_bytes=b'')",
    doc = "Buffered I/O implementation using an in-memory bytes buffer."
)]
#[repr(C)]
pub struct BytesIo {
    base: BufferedIoBase,
    state: Guarded<State>,
}

/// What the lock guards.
#[derive(Default)]
pub struct State {
    bytes: Vec<u8>,
    /// May be past the end.
    position: usize,
    exports: usize,
    closed: bool,
}

impl Lockable for BytesIo {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

impl Traverse for BytesIo {
    fn traverse(&self, _: &mut dyn FnMut(&Value)) {}
}

/// Why an operation was refused.
enum Refusal {
    Closed,
    Exported,
    NoMemory,
}

impl Refusal {
    #[cold]
    fn raise(self, cx: &Context) -> Raised {
        match self {
            Refusal::Closed => closed_error(cx),
            Refusal::Exported => {
                cx.buffer_error("Existing exports of data: object cannot be re-sized")
            }
            Refusal::NoMemory => cx.no_memory(),
        }
    }
}

impl State {
    fn open(&mut self) -> Result<&mut State, Refusal> {
        if self.closed {
            Err(Refusal::Closed)
        } else {
            Ok(self)
        }
    }

    fn resizable(&mut self) -> Result<&mut State, Refusal> {
        let state = self.open()?;
        if state.exports > 0 {
            Err(Refusal::Exported)
        } else {
            Ok(state)
        }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// The next bytes, at most `limit`.
    fn take(&mut self, limit: usize) -> &[u8] {
        let count = self.rest().len().min(limit);
        let start = self.position;
        self.position += count;
        self.bytes.get(start..start + count).unwrap_or_default()
    }

    fn take_line(&mut self, limit: usize) -> &[u8] {
        let rest = self.rest();
        let seen = &rest[..rest.len().min(limit)];
        let length = memchr::memchr(b'\n', seen).map_or(seen.len(), |at| at + 1);
        self.take(length)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let state = self.resizable()?;
        if bytes.is_empty() {
            return Ok(());
        }
        let end = state
            .position
            .checked_add(bytes.len())
            .ok_or(Refusal::NoMemory)?;
        if end > state.bytes.len() {
            let more = end - state.bytes.len();
            state
                .bytes
                .try_reserve(more)
                .map_err(|_| Refusal::NoMemory)?;
            if state.position >= state.bytes.len() {
                // The common case, appending, fills nothing.
                state.bytes.resize(state.position, 0);
                state.bytes.extend_from_slice(bytes);
                state.position = end;
                return Ok(());
            }
            state.bytes.resize(end, 0);
        }
        state.bytes[state.position..end].copy_from_slice(bytes);
        state.position = end;
        Ok(())
    }
}

impl BytesIo {
    fn blank() -> BytesIo {
        BytesIo {
            base: BufferedIoBase::default(),
            state: Guarded::new(State::default()),
        }
    }

    fn with<R>(
        cx: &Context,
        this: &Ref<BytesIo>,
        work: impl FnOnce(&mut State) -> R,
    ) -> PyResult<R> {
        this.locked(|state| state.open().map(work))
            .map_err(|refusal| refusal.raise(cx))
    }

    fn bytes(
        cx: &Context,
        this: &Ref<BytesIo>,
        take: impl FnOnce(&mut State) -> &[u8],
    ) -> PyResult<Ref<Bytes>> {
        let taken = BytesIo::with(cx, this, |state| take(state).to_vec())?;
        Bytes::from_slice(cx, &taken)
    }

    fn replace(cx: &Context, this: &Ref<BytesIo>, bytes: Vec<u8>) -> PyResult<()> {
        let old = this.locked(|state| {
            if state.exports > 0 {
                return Err(Refusal::Exported);
            }
            let new = State {
                bytes,
                ..State::default()
            };
            Ok(std::mem::replace(state, new))
        });
        old.map(drop).map_err(|refusal| refusal.raise(cx))
    }

    fn write_bytes(cx: &Context, this: &Ref<BytesIo>, bytes: &Value) -> PyResult<usize> {
        BytesIo::with(cx, this, |_| ())?;
        if let Some(bytes) = bytes.downcast_exact::<Bytes>() {
            let written = this.locked(|state| state.write(bytes.as_slice()));
            return written
                .map(|()| bytes.len())
                .map_err(|refusal| refusal.raise(cx));
        }
        // A view of this very object would be read while it grows.
        let bytes = BytesLike::of(cx, bytes)?.bytes().to_vec();
        let written = this.locked(|state| state.write(&bytes));
        written
            .map(|()| bytes.len())
            .map_err(|refusal| refusal.raise(cx))
    }
}

fn limit(cx: &Context, size: Maybe<&Value>) -> PyResult<usize> {
    Ok(usize::try_from(size_argument(cx, size.0)?).unwrap_or(usize::MAX))
}

static SIGNATURE: Signature = Signature {
    name: "BytesIO",
    text: "(initial_bytes=b'')",
    parameters: &[Parameter::optional("initial_bytes")],
    positional_only: 0,
    positional: 1,
    var_positional: false,
    var_keyword: false,
};

#[pymethods]
impl BytesIo {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, BytesIo::blank()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<BytesIo>, args: Args<'_>) -> PyResult<()> {
        let mut bound = [None; 1];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let bytes = match bound[0].filter(|initial| !initial.is_none()) {
            Some(initial) => BytesLike::of(cx, initial)?.bytes().to_vec(),
            None => Vec::new(),
        };
        BytesIo::replace(cx, this, bytes)
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<BytesIo>) -> PyResult<Value> {
        BytesIo::with(cx, this, |_| ())?;
        Ok(this.to_value())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<BytesIo>) -> PyResult<Option<Value>> {
        let line = BytesIo::bytes(cx, this, |state| state.take_line(usize::MAX))?;
        Ok((!line.is_empty()).then(|| line.into_value()))
    }

    /// Returns True if the IO object can be read.
    #[method("readable(self, /)")]
    fn readable(cx: &Context, this: &Ref<BytesIo>) -> PyResult<bool> {
        BytesIo::with(cx, this, |_| true)
    }

    /// Returns True if the IO object can be written.
    #[method("writable(self, /)")]
    fn writable(cx: &Context, this: &Ref<BytesIo>) -> PyResult<bool> {
        BytesIo::with(cx, this, |_| true)
    }

    /// Returns True if the IO object can be seeked.
    #[method("seekable(self, /)")]
    fn seekable(cx: &Context, this: &Ref<BytesIo>) -> PyResult<bool> {
        BytesIo::with(cx, this, |_| true)
    }

    /// Does nothing.
    #[method("flush(self, /)")]
    fn flush(cx: &Context, this: &Ref<BytesIo>) -> PyResult<()> {
        BytesIo::with(cx, this, |_| ())
    }

    /// Always returns False.
    ///
    /// BytesIO objects are not connected to a TTY-like device.
    #[method("isatty(self, /)")]
    fn isatty(cx: &Context, this: &Ref<BytesIo>) -> PyResult<bool> {
        BytesIo::with(cx, this, |_| false)
    }

    /// Get a read-write view over the contents of the BytesIO object.
    #[method("getbuffer(self, /)")]
    fn getbuffer(cx: &Context, this: &Ref<BytesIo>) -> PyResult<Ref<MemoryView>> {
        BytesIo::with(cx, this, |_| ())?;
        let owner = object::new(
            cx,
            BytesIoBuffer {
                stream: this.clone(),
            },
        )?;
        MemoryView::new(cx, owner.as_value())
    }

    /// Retrieve the entire contents of the BytesIO object.
    #[method("getvalue(self, /)")]
    fn getvalue(cx: &Context, this: &Ref<BytesIo>) -> PyResult<Ref<Bytes>> {
        BytesIo::bytes(cx, this, |state| &state.bytes)
    }

    /// Current file position, an integer.
    #[method("tell(self, /)")]
    fn tell(cx: &Context, this: &Ref<BytesIo>) -> PyResult<usize> {
        BytesIo::with(cx, this, |state| state.position)
    }

    /// Read at most size bytes, returned as a bytes object.
    ///
    /// If the size argument is negative, read until EOF is reached.
    /// Return an empty bytes object at EOF.
    #[method("read(self, size=-1, /)")]
    fn read(cx: &Context, this: &Ref<BytesIo>, size: Maybe<&Value>) -> PyResult<Ref<Bytes>> {
        let limit = limit(cx, size)?;
        BytesIo::bytes(cx, this, |state| state.take(limit))
    }

    /// Read at most size bytes, returned as a bytes object.
    ///
    /// If the size argument is negative or omitted, read until EOF is
    /// reached.  Return an empty bytes object at EOF.
    #[method("read1(self, size=-1, /)")]
    fn read1(cx: &Context, this: &Ref<BytesIo>, size: Maybe<&Value>) -> PyResult<Ref<Bytes>> {
        BytesIo::read(cx, this, size)
    }

    /// Next line from the file, as a bytes object.
    ///
    /// Retain newline.  A non-negative size argument limits the maximum
    /// number of bytes to return (an incomplete line may be returned then).
    /// Return an empty bytes object at EOF.
    #[method("readline(self, size=-1, /)")]
    fn readline(cx: &Context, this: &Ref<BytesIo>, size: Maybe<&Value>) -> PyResult<Ref<Bytes>> {
        let limit = limit(cx, size)?;
        BytesIo::bytes(cx, this, |state| state.take_line(limit))
    }

    /// List of bytes objects, each a line from the file.
    ///
    /// Call readline() repeatedly and return a list of the lines so read.
    /// The optional size argument, if given, is an approximate bound on the
    /// total number of bytes in the lines returned.
    #[method("readlines(self, size=None, /)")]
    fn readlines(cx: &Context, this: &Ref<BytesIo>, size: Maybe<&Value>) -> PyResult<Ref<List>> {
        let most = match size.0.filter(|size| !size.is_none()) {
            Some(size) if size.class().slots.index.get().is_none() => {
                return Err(cx.type_error(format!(
                    "integer argument expected, got '{}'",
                    size.type_name()
                )));
            }
            size => size_argument(cx, size)?,
        };
        let most = usize::try_from(most)
            .ok()
            .filter(|&most| most > 0)
            .unwrap_or(usize::MAX);
        let mut lines = Vec::new();
        let mut length = 0;
        while length < most {
            let line = BytesIo::bytes(cx, this, |state| state.take_line(usize::MAX))?;
            if line.is_empty() {
                break;
            }
            length += line.len();
            lines.push(line.into_value());
        }
        List::from_values(cx, lines)
    }

    /// Read bytes into buffer.
    ///
    /// Returns number of bytes read (0 for EOF), or None if the object
    /// is set not to block and has no data to read.
    #[method("readinto(self, buffer, /)")]
    fn readinto(cx: &Context, this: &Ref<BytesIo>, buffer: &Value) -> PyResult<usize> {
        let target = writable_buffer(cx, "readinto", buffer)?;
        let bytes = BytesIo::with(cx, this, |state| state.take(target.length).to_vec())?;
        target.write(0, &bytes);
        Ok(bytes.len())
    }

    /// Truncate the file to at most size bytes.
    ///
    /// Size defaults to the current file position, as returned by tell().
    /// The current file position is unchanged.  Returns the new size.
    #[method("truncate(self, size=None, /)")]
    fn truncate(cx: &Context, this: &Ref<BytesIo>, size: Maybe<&Value>) -> PyResult<usize> {
        let position = BytesIo::with(cx, this, |state| state.position)?;
        let size = match size.0.filter(|size| !size.is_none()) {
            None => position,
            Some(size) => {
                let size = size_argument(cx, Some(size))?;
                usize::try_from(size)
                    .map_err(|_| cx.value_error(format!("negative size value {size}")))?
            }
        };
        let truncated = this.locked(|state| {
            let state = state.resizable()?;
            state.bytes.truncate(size);
            if state.bytes.capacity() / 2 > state.bytes.len() {
                state.bytes.shrink_to_fit();
            }
            Ok(())
        });
        truncated
            .map(|()| size)
            .map_err(|refusal: Refusal| refusal.raise(cx))
    }

    /// Change stream position.
    ///
    /// Seek to byte offset pos relative to position indicated by whence:
    ///      0  Start of stream (the default).  pos should be >= 0;
    ///      1  Current position - pos may be negative;
    ///      2  End of stream - pos usually negative.
    /// Returns the new absolute position.
    #[method("seek(self, pos, whence=0, /)")]
    fn seek(cx: &Context, this: &Ref<BytesIo>, position: isize, whence: i32) -> PyResult<usize> {
        let (current, length) =
            BytesIo::with(cx, this, |state| (state.position, state.bytes.len()))?;
        if position < 0 && whence == 0 {
            return Err(cx.value_error(format!("negative seek value {position}")));
        }
        let from = match whence {
            0 => 0,
            1 => current,
            2 => length,
            _ => {
                return Err(
                    cx.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))
                );
            }
        };
        if position > 0 && position as usize > isize::MAX as usize - from {
            return Err(cx.overflow_error("new position too large"));
        }
        let position = from.saturating_add_signed(position);
        BytesIo::with(cx, this, |state| state.position = position)?;
        Ok(position)
    }

    /// Write bytes to file.
    ///
    /// Return the number of bytes written.
    #[method("write(self, b, /)")]
    fn write(cx: &Context, this: &Ref<BytesIo>, bytes: &Value) -> PyResult<usize> {
        BytesIo::write_bytes(cx, this, bytes)
    }

    /// Write lines to the file.
    ///
    /// Note that newlines are not added.  lines can be any iterable object
    /// producing bytes-like objects.  This is equivalent to calling write()
    /// for each element.
    #[method("writelines(self, lines, /)")]
    fn writelines(cx: &Context, this: &Ref<BytesIo>, lines: &Value) -> PyResult<()> {
        BytesIo::with(cx, this, |_| ())?;
        iterate::for_each(cx, lines, |line| {
            BytesIo::write_bytes(cx, this, &line).map(drop)
        })
    }

    /// Disable all I/O operations.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<BytesIo>) -> PyResult<()> {
        let freed = this.locked(|state| {
            if state.exports > 0 {
                return Err(Refusal::Exported);
            }
            state.closed = true;
            Ok(std::mem::take(&mut state.bytes))
        });
        freed.map(drop).map_err(|refusal| refusal.raise(cx))
    }

    /// True if the file is closed.
    #[getter]
    fn closed(_cx: &Context, this: &Ref<BytesIo>) -> PyResult<bool> {
        Ok(this.locked(|state| state.closed))
    }

    #[method("__getstate__(self, /)")]
    fn getstate(cx: &Context, this: &Ref<BytesIo>) -> PyResult<Ref<Tuple>> {
        let value = BytesIo::getvalue(cx, this)?;
        let position = this.locked(|state| state.position).into_value(cx)?;
        let attributes = match instance::dict(cx, this.as_value())? {
            Some(dict) if !dict.is_empty() => dict.copy(cx)?.into_value(),
            _ => Value::NONE,
        };
        Tuple::from_vec(cx, vec![value.into_value(), position, attributes])
    }

    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Ref<BytesIo>, state: &Value) -> PyResult<()> {
        let parts = state.downcast::<Tuple>().filter(|parts| parts.len() >= 3);
        let Some([value, position, attributes]) =
            parts.and_then(|parts| parts.as_slice().first_chunk())
        else {
            return Err(cx.type_error(format!(
                "{}.__setstate__ argument should be 3-tuple, got {}",
                this.as_value().class().full_name(cx),
                state.type_name()
            )));
        };
        let bytes = BytesLike::of(cx, value)?.bytes().to_vec();
        BytesIo::replace(cx, this, bytes)?;
        let Some(position) =
            typhon_runtime::objects::int::view(position).and_then(|position| position.to_i64())
        else {
            return Err(cx.type_error(format!(
                "second item of state must be an integer, not {}",
                position.type_name()
            )));
        };
        let Ok(position) = usize::try_from(position) else {
            return Err(cx.value_error("position value cannot be negative"));
        };
        this.locked(|state| state.position = position);
        update_attributes(cx, this.as_value(), attributes, "third")
    }

    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<BytesIo>) -> PyResult<usize> {
        Ok(size_of::<BytesIo>()
            + size_of::<typhon_sync::Header>()
            + this.locked(|state| state.bytes.capacity()))
    }
}

/// Adds the attributes of a pickle.
///
/// # Errors
/// TypeError when they are neither None nor a dict.
pub(super) fn update_attributes(
    cx: &Context,
    this: &Value,
    attributes: &Value,
    place: &str,
) -> PyResult<()> {
    if attributes.is_none() {
        return Ok(());
    }
    let Some(attributes) = attributes.downcast::<Dict>() else {
        return Err(cx.type_error(format!(
            "{place} item of state should be a dict, got a {}",
            attributes.type_name()
        )));
    };
    match instance::dict(cx, this)? {
        Some(dict) => dict.update_from(cx, attributes),
        None => Err(cx.raise_with(exceptions::system_error(), &[])),
    }
}

/// What exports the bytes of a `BytesIO`.
#[pyclass(name = "_BytesIOBuffer", module = "_io", flags(DISALLOW_INSTANTIATION))]
pub struct BytesIoBuffer {
    stream: Ref<BytesIo>,
}

impl Traverse for BytesIoBuffer {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.stream.as_value());
    }
}

fn release(owner: &Value) {
    if let Some(owner) = owner.downcast::<BytesIoBuffer>() {
        owner.stream.locked(|state| state.exports -= 1);
    }
}

#[pymethods]
impl BytesIoBuffer {
    #[slot(buffer)]
    fn buffer(cx: &Context, this: &Ref<BytesIoBuffer>) -> PyResult<Buffer> {
        let exported = this.stream.locked(|state| {
            let state = state.open()?;
            state.exports += 1;
            Ok((state.bytes.as_mut_ptr(), state.bytes.len()))
        });
        let (start, length) = exported.map_err(|refusal: Refusal| refusal.raise(cx))?;
        Ok(Buffer {
            owner: this.to_value(),
            start,
            length,
            read_only: false,
            format: None,
            release: Some(release),
        })
    }
}
