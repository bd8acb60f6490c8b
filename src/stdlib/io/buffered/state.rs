//! The buffer's mechanics. See the header of `buffered` for the picture.

use typhon_runtime::objects::exceptions;
use typhon_runtime::{Context, PyResult, Raised, Value};

use super::{rest, room};
use crate::io::{raw, would_block};

/// What the monitor of a buffer guards.
#[derive(Debug, Default)]
pub struct State {
    /// Bytes read ahead are `buffer[start..end]`. Allocated at the first use.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes to be written.
    pending: Vec<u8>,
    /// The buffer's size; 0 before `__init__`.
    pub size: usize,
}

const WOULD_BLOCK: &str = "write could not complete without blocking";

impl State {
    pub fn new(size: usize) -> State {
        State {
            size,
            ..State::default()
        }
    }

    /// What was read ahead.
    pub fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Takes `count` of the bytes that were read ahead.
    pub fn consume(&mut self, count: usize) {
        self.start += count;
        debug_assert!(self.start <= self.end);
    }

    fn forget_unread(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Where Python sees the stream.
    pub fn position(&self, cx: &Context, stream: &Value) -> PyResult<i64> {
        let at = raw::tell(cx, stream)?;
        // A device may say 0 wherever it is.
        Ok((at - self.unread().len() as i64 + self.pending.len() as i64).max(0))
    }

    /// One read into the empty buffer. `None`: it would block; 0: the end.
    pub fn fill(&mut self, cx: &Context, stream: &Value) -> PyResult<Option<usize>> {
        debug_assert!(self.unread().is_empty());
        self.forget_unread();
        if self.buffer.len() < self.size {
            self.buffer = typhon_runtime::objects::bytes::zeros(cx, self.size)?;
        }
        let count = raw::read(cx, stream, &mut self.buffer)?;
        self.end = count.unwrap_or(0);
        Ok(count)
    }

    /// Before reading: writes what is pending.
    pub fn begin_reading(&mut self, cx: &Context, stream: &Value) -> PyResult<()> {
        if self.pending.is_empty() {
            Ok(())
        } else {
            self.flush(cx, stream)
        }
    }

    /// Reads `wanted` bytes, or as many as there are. `None`: not even one without blocking.
    pub fn read(
        &mut self,
        cx: &Context,
        stream: &Value,
        wanted: usize,
    ) -> PyResult<Option<Vec<u8>>> {
        let mut out = Vec::new();
        // Who asks for much may get little: room is made as bytes come.
        room(cx, &mut out, wanted.min(self.unread().len().max(64 << 10)))?;
        self.take_unread(&mut out, wanted);
        self.begin_reading(cx, stream)?;
        while out.len() < wanted {
            let left = wanted - out.len();
            let count = if left >= self.size {
                // Past the buffer, in whole buffers as long as there is enough to read.
                let part = (left - left % self.size).min(8 << 20);
                let at = out.len();
                room(cx, &mut out, part)?;
                out.resize(at + part, 0);
                let count = raw::read(cx, stream, &mut out[at..]);
                out.truncate(at + count.unwrap_or_default().unwrap_or(0));
                count?
            } else {
                let count = self.fill(cx, stream)?;
                self.take_unread(&mut out, wanted);
                count
            };
            match count {
                Some(0) => break,
                None if out.is_empty() => return Ok(None),
                None => break,
                Some(_) => {}
            }
        }
        Ok(Some(out))
    }

    fn take_unread(&mut self, out: &mut Vec<u8>, wanted: usize) {
        let count = (wanted - out.len()).min(self.unread().len());
        out.extend_from_slice(&self.unread()[..count]);
        self.consume(count);
    }

    /// Reads to the end. `None`: nothing without blocking.
    pub fn read_all(&mut self, cx: &Context, stream: &Value) -> PyResult<Option<Vec<u8>>> {
        self.begin_reading(cx, stream)?;
        if self.unread().is_empty() {
            return rest(cx, stream);
        }
        let mut out = self.unread().to_vec();
        self.forget_unread();
        if let Some(rest) = rest(cx, stream)? {
            out.extend_from_slice(&rest);
        }
        Ok(Some(out))
    }

    /// At most `wanted` bytes by at most one read.
    pub fn read_once(&mut self, cx: &Context, stream: &Value, wanted: usize) -> PyResult<Vec<u8>> {
        let mut out = Vec::new();
        if !self.unread().is_empty() {
            self.take_unread(&mut out, wanted);
            return Ok(out);
        }
        self.begin_reading(cx, stream)?;
        if wanted >= self.size {
            out = typhon_runtime::objects::bytes::zeros(cx, wanted)?;
            let count = raw::read(cx, stream, &mut out)?;
            out.truncate(count.unwrap_or(0));
        } else {
            self.fill(cx, stream)?;
            self.take_unread(&mut out, wanted);
        }
        Ok(out)
    }

    /// [`State::read_once`] for who has room for more than the buffer: what was read ahead does not keep it from
    /// reading.
    pub fn read_once_past_buffer(
        &mut self,
        cx: &Context,
        stream: &Value,
        wanted: usize,
    ) -> PyResult<Vec<u8>> {
        let mut out = Vec::new();
        self.take_unread(&mut out, wanted);
        let left = wanted - out.len();
        if !out.is_empty() && left <= self.size {
            return Ok(out);
        }
        out.extend_from_slice(&self.read_once(cx, stream, left)?);
        Ok(out)
    }

    /// A line, its end included, no longer than `limit`.
    pub fn read_line(&mut self, cx: &Context, stream: &Value, limit: usize) -> PyResult<Vec<u8>> {
        let mut out = Vec::new();
        self.begin_reading(cx, stream)?;
        loop {
            let left = limit - out.len();
            let ahead = self.unread();
            let seen = &ahead[..ahead.len().min(left)];
            let found = memchr::memchr(b'\n', seen);
            let count = found.map_or(seen.len(), |at| at + 1);
            let wanted = out.len() + count;
            self.take_unread(&mut out, wanted);
            if found.is_some() || out.len() >= limit {
                return Ok(out);
            }
            match self.fill(cx, stream)? {
                Some(0) | None => return Ok(out),
                Some(_) => {}
            }
        }
    }

    /// Before writing: the raw stream goes back over what was read ahead.
    fn begin_writing(&mut self, cx: &Context, stream: &Value) -> PyResult<()> {
        let unread = self.unread().len();
        self.forget_unread();
        if unread > 0 {
            raw::seek(cx, stream, -(unread as i64), libc::SEEK_CUR)?;
        }
        Ok(())
    }

    /// Before somebody else uses the raw stream: it goes to where Python sees this one.
    pub fn rewind(&mut self, cx: &Context, stream: &Value) -> PyResult<()> {
        self.begin_writing(cx, stream)
    }

    /// Writes what is pending.
    ///
    /// # Errors
    /// BlockingIOError when that would block, and what the raw stream raises; the rest stays pending.
    pub fn flush(&mut self, cx: &Context, stream: &Value) -> PyResult<()> {
        let mut written = 0;
        let result = loop {
            if written == self.pending.len() {
                break Ok(());
            }
            match raw::write(cx, stream, &self.pending[written..]) {
                Ok(Some(count)) => written += count,
                Ok(None) => break Err(would_block(cx, WOULD_BLOCK, 0)),
                Err(raised) => break Err(raised),
            }
            // Who writes to a slow pipe can be interrupted.
            if written < self.pending.len()
                && let Err(raised) = crate::blocking::interrupted(cx)
            {
                break Err(raised);
            }
        };
        self.pending.drain(..written);
        result
    }

    /// Appends to what is pending, writing it when it would be more than the buffer's size.
    ///
    /// # Errors
    /// BlockingIOError that tells how much of `bytes` was taken; what the raw stream raises.
    pub fn write(&mut self, cx: &Context, stream: &Value, bytes: &[u8]) -> PyResult<()> {
        self.begin_writing(cx, stream)?;
        if bytes.len() <= self.size - self.pending.len().min(self.size) {
            if self.pending.capacity() == 0 {
                room(
                    cx,
                    &mut self.pending,
                    bytes.len().max(self.size.min(8 << 10)),
                )?;
            }
            room(cx, &mut self.pending, bytes.len())?;
            self.pending.extend_from_slice(bytes);
            return Ok(());
        }
        if let Err(Raised) = self.flush(cx, stream) {
            if !cx.exception_matches(exceptions::blocking_io_error()) {
                return Err(Raised);
            }
            cx.clear_exception();
            return self.keep(cx, bytes, 0);
        }
        let mut written = 0;
        while bytes.len() - written > self.size {
            match raw::write(cx, stream, &bytes[written..])? {
                Some(count) => written += count,
                None => return self.keep(cx, bytes, written),
            }
            if bytes.len() > written {
                crate::blocking::interrupted(cx)?;
            }
        }
        self.keep(cx, bytes, written)
    }

    /// Keeps what is not written as far as there is room, and complains if that was not all.
    fn keep(&mut self, cx: &Context, bytes: &[u8], written: usize) -> PyResult<()> {
        let left = &bytes[written..];
        let count = left
            .len()
            .min(self.size - self.pending.len().min(self.size));
        room(cx, &mut self.pending, count)?;
        self.pending.extend_from_slice(&left[..count]);
        if count == left.len() {
            Ok(())
        } else {
            Err(would_block(cx, WOULD_BLOCK, written + count))
        }
    }

    /// Moves to `target`; within what was read ahead that costs nothing.
    pub fn seek(
        &mut self,
        cx: &Context,
        stream: &Value,
        target: i64,
        whence: i32,
    ) -> PyResult<i64> {
        let unread = self.unread().len() as i64;
        if self.end > 0 && matches!(whence, libc::SEEK_SET | libc::SEEK_CUR) {
            let current = raw::tell(cx, stream)? - unread;
            let distance = if whence == libc::SEEK_SET {
                target.saturating_sub(current)
            } else {
                target
            };
            if (-(self.start as i64)..=unread).contains(&distance) {
                self.start = (self.start as i64 + distance) as usize;
                return Ok((current + distance).max(0));
            }
        }
        self.flush(cx, stream)?;
        let target = if whence == libc::SEEK_CUR {
            target.saturating_sub(unread)
        } else {
            target
        };
        let position = raw::seek(cx, stream, target, whence)?;
        self.forget_unread();
        Ok(position)
    }
}
