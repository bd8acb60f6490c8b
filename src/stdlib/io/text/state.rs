//! Reading and writing, with the monitor held.

use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::str_::{Str, StrBuilder};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::coding::{self, Decoder};
use super::{flush_buffer, known_buffer, write_bytes};
use crate::io::base::method;
use crate::io::buffered::{Buffered, BufferedWriter};
use crate::io::newline::{Newline, contains, line_end_in};
use crate::io::unsupported;

/// Bytes that are read, and gathered before they are written, at a time.
pub const CHUNK_SIZE: usize = 8192;

/// Where the decoder was before the last piece of input, and that piece.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub flags: i64,
    pub input: Vec<u8>,
}

/// What the monitor of a text stream guards.
#[derive(Debug, Default)]
pub struct State {
    pub detached: bool,
    pub newline: Newline,
    pub line_buffering: bool,
    pub write_through: bool,
    pub readable: bool,
    pub writable: bool,
    pub seekable: bool,
    /// Whether `tell` is possible now: not while lines are iterated over.
    pub telling: bool,
    pub has_read1: bool,
    pub chunk_size: usize,
    pub decoder: Decoder,
    /// Encoded text that is not written yet.
    pub pending: Vec<u8>,
    /// Decoded text, of which `used` characters are taken.
    pub decoded: Option<Ref<Str>>,
    pub used: usize,
    /// How many characters of `decoded` come from before the last piece.
    pub earlier: usize,
    pub snapshot: Option<Snapshot>,
    /// Bytes per character in the last piece.
    pub ratio: f64,
}

impl State {
    /// Hands what is pending to the buffer.
    pub fn write_pending(&mut self, cx: &Context, buffer: &Value) -> PyResult<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let written = write_bytes(cx, buffer, &pending);
        if written.is_err() && !cx.exception_matches(exceptions::blocking_io_error()) {
            // What could not be written is lost: keeping it would fail again at every flush.
            return written;
        }
        if written.is_ok() {
            // The memory is used again.
            self.pending = pending;
            self.pending.clear();
        }
        written
    }

    /// `write(text)`.
    pub fn write(
        &mut self,
        cx: &Context,
        buffer: &Value,
        encoder: Option<&Value>,
        decoder: Option<&Value>,
        text: &Ref<Str>,
    ) -> PyResult<()> {
        if !self.writable {
            return Err(unsupported(cx, "not writable"));
        }
        let has_newline =
            (self.line_buffering || self.newline.written().is_some()) && contains(text, b'\n');
        let flush = self.line_buffering && (has_newline || contains(text, b'\r'));
        let translated = match self.newline.written() {
            Some(end) if has_newline => Some(with_line_ends(cx, text, end)?),
            _ => None,
        };
        let text = translated.as_ref().unwrap_or(text);
        // Large text goes on its own, not through memory that is kept.
        if self.pending.len() + text.byte_len() > self.chunk_size {
            self.write_pending(cx, buffer)?;
        }
        let Decoder {
            encoding, errors, ..
        } = &self.decoder;
        coding::encode(cx, *encoding, errors, encoder, text, &mut self.pending)?;
        if self.pending.len() >= self.chunk_size || flush || self.write_through {
            self.write_pending(cx, buffer)?;
        }
        if flush {
            flush_buffer(cx, buffer)?;
        }
        if self.snapshot.is_some() {
            // What was read ahead can be read again, after a seek. Of a stream that has no position it cannot,
            // and is kept.
            self.forget_decoded();
        }
        if self.readable {
            self.decoder.reset(cx, decoder)?;
        }
        Ok(())
    }

    /// Drops what was read ahead.
    pub fn forget_decoded(&mut self) {
        self.decoded = None;
        self.used = 0;
        self.earlier = 0;
        self.snapshot = None;
    }

    /// `buffer.read1` or `buffer.read`.
    fn read_piece(&self, cx: &Context, buffer: &Value, size: usize) -> PyResult<Vec<u8>> {
        if let Some(known) = known_buffer(buffer).filter(|_| !buffer.is_exact::<BufferedWriter>()) {
            return Buffered::read1_bytes(cx, known, size);
        }
        let by = if self.has_read1 { "read1" } else { "read" };
        let input = method(cx, buffer, by, &[size.into_value(cx)?])?;
        coding::bytes_read(cx, by, &input)
    }

    /// Reads and decodes a piece; false at the end.
    pub fn read_chunk(
        &mut self,
        cx: &Context,
        buffer: &Value,
        decoder: Option<&Value>,
        wanted: usize,
    ) -> PyResult<bool> {
        if !self.readable {
            return Err(unsupported(cx, "not readable"));
        }
        let before = if self.telling {
            Some(self.decoder.state(cx, decoder)?)
        } else {
            None
        };
        let size = ((wanted as f64 * self.ratio) as usize).max(self.chunk_size);
        let input = self.read_piece(cx, buffer, size)?;
        let at_end = input.is_empty();
        let decoded = self.decoder.decode(cx, decoder, &input, at_end)?;
        let count = decoded.len();
        self.ratio = if count > 0 {
            input.len() as f64 / count as f64
        } else {
            0.0
        };
        self.decoded = Some(decoded);
        self.used = 0;
        self.earlier = 0;
        if let Some((mut rest, flags)) = before {
            rest.extend_from_slice(&input);
            self.snapshot = Some(Snapshot { flags, input: rest });
        }
        Ok(!at_end || count > 0)
    }

    /// Takes up to `limit` of the decoded characters.
    pub fn take_decoded(&mut self, cx: &Context, limit: usize) -> PyResult<Option<Ref<Str>>> {
        let Some(decoded) = &self.decoded else {
            return Ok(None);
        };
        let available = decoded.len() - self.used;
        if available == 0 {
            return Ok(None);
        }
        let count = available.min(limit);
        let taken = if count == decoded.len() {
            decoded.clone()
        } else {
            decoded.substring(cx, self.used, self.used + count)?
        };
        self.used += count;
        Ok(Some(taken))
    }

    /// `read(size)`.
    pub fn read(
        &mut self,
        cx: &Context,
        buffer: &Value,
        decoder: Option<&Value>,
        size: usize,
    ) -> PyResult<Ref<Str>> {
        let mut parts = Vec::new();
        let mut left = size;
        loop {
            if let Some(part) = self.take_decoded(cx, left)? {
                left -= part.len();
                parts.push(part);
            }
            if left == 0 || !self.read_chunk(cx, buffer, decoder, left)? {
                return joined(cx, parts);
            }
        }
    }

    /// `read()`: everything.
    pub fn read_all(
        &mut self,
        cx: &Context,
        buffer: &Value,
        decoder: Option<&Value>,
    ) -> PyResult<Ref<Str>> {
        if !self.readable {
            return Err(unsupported(cx, "not readable"));
        }
        let input = match known_buffer(buffer).filter(|_| !buffer.is_exact::<BufferedWriter>()) {
            Some(known) => Buffered::read_all_bytes(cx, known)?,
            None => {
                let input = method(cx, buffer, "read", &[])?;
                if input.is_none() {
                    None
                } else {
                    Some(coding::bytes_read(cx, "read", &input)?)
                }
            }
        };
        let Some(input) = input else {
            return Err(cx.raise_message(exceptions::blocking_io_error(), "Read returned None."));
        };
        let decoded = self.decoder.decode(cx, decoder, &input, true)?;
        let mut parts = Vec::new();
        parts.extend(self.take_decoded(cx, usize::MAX)?);
        parts.push(decoded);
        self.forget_decoded();
        joined(cx, parts)
    }

    /// The next line, if all of it is decoded already.
    pub fn line_at_hand(&mut self, cx: &Context) -> PyResult<Option<Ref<Str>>> {
        let Some(decoded) = &self.decoded else {
            return Ok(None);
        };
        let Ok(end) = line_end_in(decoded, self.used, self.newline) else {
            return Ok(None);
        };
        let line = decoded.substring(cx, self.used, end)?;
        self.used = end;
        Ok(Some(line))
    }

    /// `readline(limit)`.
    pub fn read_line(
        &mut self,
        cx: &Context,
        buffer: &Value,
        decoder: Option<&Value>,
        limit: usize,
    ) -> PyResult<Ref<Str>> {
        let mut parts: Vec<Ref<Str>> = Vec::new();
        let mut left = limit;
        loop {
            if let Some(decoded) = self.decoded.clone()
                && self.used < decoded.len()
            {
                let found = line_end_in(&decoded, self.used, self.newline);
                let (end, is_end) = match found {
                    Ok(end) => (end, true),
                    Err(safe) => (safe, false),
                };
                let count = (end - self.used).min(left);
                if count > 0 {
                    parts.extend(self.take_decoded(cx, count)?);
                    left -= count;
                }
                if is_end || left == 0 {
                    return joined(cx, parts);
                }
                if self.used < decoded.len() {
                    // A "\r" that may be the beginning of the line's end.
                    let kept = decoded.substring(cx, self.used, decoded.len())?;
                    if !self.read_chunk(cx, buffer, decoder, 0)? {
                        parts.push(kept);
                        return joined(cx, parts);
                    }
                    self.prepend(cx, &kept)?;
                    continue;
                }
            }
            if left == 0 || !self.read_chunk(cx, buffer, decoder, 0)? {
                return joined(cx, parts);
            }
        }
    }

    /// Puts characters that were taken too early before the decoded ones.
    fn prepend(&mut self, cx: &Context, kept: &Ref<Str>) -> PyResult<()> {
        let decoded = match &self.decoded {
            Some(decoded) => kept.concat(cx, decoded)?,
            None => kept.clone(),
        };
        self.decoded = Some(decoded);
        self.used = 0;
        self.earlier = kept.len();
        Ok(())
    }
}

fn joined(cx: &Context, mut parts: Vec<Ref<Str>>) -> PyResult<Ref<Str>> {
    match parts.len() {
        0 => Ok(Str::empty()),
        1 => Ok(parts.remove(0)),
        _ => Str::join(cx, None, &parts),
    }
}

fn with_line_ends(cx: &Context, text: &Ref<Str>, end: &str) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::new();
    for point in text.code_points() {
        if point == 10 {
            out.push_text(end)
        } else {
            out.push(point)
        }
    }
    out.finish(cx)
}
