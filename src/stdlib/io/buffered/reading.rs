//! What Python sees of a buffer that is read.

use typhon_macros::pymethods;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::names;
use typhon_runtime::protocols::{call, sequence};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::{Buffered, BufferedRandom, BufferedReader};
use crate::io::base::{method, size_argument};
use crate::io::writable_buffer;

impl Buffered {
    /// At most one read, for the text stream above.
    ///
    /// # Errors
    /// ValueError when closed, and what the raw stream raises.
    pub fn read1_bytes(cx: &Context, this: &Ref<Buffered>, wanted: usize) -> PyResult<Vec<u8>> {
        let raw = this.open_raw(cx, "read of closed file")?;
        this.enter(cx, this.as_value())?.read_once(cx, &raw, wanted)
    }

    /// Everything that is left; `None` when nothing can be had without blocking.
    ///
    /// # Errors
    /// As [`Buffered::read1_bytes`].
    pub fn read_all_bytes(cx: &Context, this: &Ref<Buffered>) -> PyResult<Option<Vec<u8>>> {
        let raw = this.open_raw(cx, "read of closed file")?;
        this.enter(cx, this.as_value())?.read_all(cx, &raw)
    }

    fn line(cx: &Context, this: &Ref<Buffered>, limit: isize) -> PyResult<Ref<Bytes>> {
        let raw = this.open_raw(cx, "readline of closed file")?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut state = this.enter(cx, this.as_value())?;
        let ahead = state.unread();
        if let Some(at) = memchr::memchr(b'\n', &ahead[..ahead.len().min(limit)]) {
            let line = Bytes::from_slice(cx, &ahead[..=at])?;
            state.consume(at + 1);
            return Ok(line);
        }
        let line = state.read_line(cx, &raw, limit)?;
        drop(state);
        Bytes::from_slice(cx, &line)
    }

    fn read_into(
        cx: &Context,
        this: &Ref<Buffered>,
        target: &Value,
        once: bool,
    ) -> PyResult<Option<usize>> {
        let name = if once { "readinto1" } else { "readinto" };
        let target = writable_buffer(cx, name, target)?;
        let raw = this.open_raw(
            cx,
            if once {
                "readinto1 of closed file"
            } else {
                "readinto of closed file"
            },
        )?;
        let mut state = this.enter(cx, this.as_value())?;
        let bytes = if once {
            Some(state.read_once_past_buffer(cx, &raw, target.length)?)
        } else {
            state.read(cx, &raw, target.length)?
        };
        let Some(bytes) = bytes else { return Ok(None) };
        target.write(0, &bytes);
        Ok(Some(bytes.len()))
    }
}

#[pymethods(table = READING)]
impl Buffered {
    #[slot(next)]
    fn next(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        let plain = this.is_exact::<BufferedReader>() || this.is_exact::<BufferedRandom>();
        if plain && let Some(stream) = this.downcast::<Buffered>() {
            let line = Buffered::line(cx, stream, -1)?;
            return Ok((!line.is_empty()).then(|| line.into_value()));
        }
        let line = call::call_method(cx, this, names::readline(), &[])?;
        if line.downcast::<Bytes>().is_none() {
            return Err(cx.os_error(format!(
                "readline() should have returned a bytes object, not '{}'",
                line.type_name()
            )));
        }
        Ok((sequence::length(cx, &line)? > 0).then_some(line))
    }

    #[method("readable(self, /)")]
    fn readable(cx: &Context, this: &Ref<Buffered>) -> PyResult<Value> {
        method(cx, &this.raw(cx)?, "readable", &[])
    }

    #[method("read(self, size=-1, /)")]
    fn read(
        cx: &Context,
        this: &Ref<Buffered>,
        size: Maybe<&Value>,
    ) -> PyResult<Option<Ref<Bytes>>> {
        this.raw(cx)?;
        let size = size_argument(cx, size.0)?;
        if size < -1 {
            return Err(cx.value_error("read length must be non-negative or -1"));
        }
        let raw = this.open_raw(cx, "read of closed file")?;
        let mut state = this.enter(cx, this.as_value())?;
        let Ok(size) = usize::try_from(size) else {
            let all = state.read_all(cx, &raw)?;
            drop(state);
            return all.map(|all| Bytes::from_slice(cx, &all)).transpose();
        };
        if let Some(bytes) = state.unread().get(..size) {
            let bytes = Bytes::from_slice(cx, bytes)?;
            state.consume(size);
            return Ok(Some(bytes));
        }
        let bytes = state.read(cx, &raw, size)?;
        drop(state);
        bytes.map(|bytes| Bytes::from_slice(cx, &bytes)).transpose()
    }

    #[method("read1(self, size=-1, /)")]
    fn read1(cx: &Context, this: &Ref<Buffered>, size: Maybe<isize>) -> PyResult<Ref<Bytes>> {
        let raw = this.open_raw(cx, "read of closed file")?;
        let mut state = this.enter(cx, this.as_value())?;
        let size = usize::try_from(size.0.unwrap_or(-1)).unwrap_or(state.size);
        if size == 0 {
            return Bytes::from_slice(cx, &[]);
        }
        let bytes = state.read_once(cx, &raw, size)?;
        drop(state);
        Bytes::from_slice(cx, &bytes)
    }

    #[method("readinto(self, buffer, /)")]
    fn readinto(cx: &Context, this: &Ref<Buffered>, buffer: &Value) -> PyResult<Option<usize>> {
        Buffered::read_into(cx, this, buffer, false)
    }

    #[method("readinto1(self, buffer, /)")]
    fn readinto1(cx: &Context, this: &Ref<Buffered>, buffer: &Value) -> PyResult<Option<usize>> {
        Buffered::read_into(cx, this, buffer, true)
    }

    #[method("readline(self, size=-1, /)")]
    fn readline(cx: &Context, this: &Ref<Buffered>, size: Maybe<&Value>) -> PyResult<Ref<Bytes>> {
        this.raw(cx)?;
        Buffered::line(cx, this, size_argument(cx, size.0)?)
    }

    #[method("peek(self, size=0, /)")]
    fn peek(cx: &Context, this: &Ref<Buffered>, size: isize) -> PyResult<Ref<Bytes>> {
        let _ = size;
        let raw = this.open_raw(cx, "peek of closed file")?;
        let mut state = this.enter(cx, this.as_value())?;
        state.begin_reading(cx, &raw)?;
        if state.unread().is_empty() {
            state.fill(cx, &raw)?;
        }
        Bytes::from_slice(cx, state.unread())
    }
}
