//! Where a pickle is written: a buffer, which goes to a file now and then, cut into frames.
//!
//! ```text
//!   buffer: … committed bytes … │ FRAME length(8) │ bytes of the open frame
//!                               └─ frame_start
//! ```
//! A frame's head is reserved when its first byte is written and filled when it is committed; a frame of
//! fewer than [`SMALLEST_FRAME`] bytes loses its head again. Bytes objects from [`LARGE`] on are in no
//! frame. With a file, what is committed is written as soon as a frame is full.

use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Value};

use super::opcode;

/// A frame is full, and bytes are written past the frames, from this size on.
pub const LARGE: usize = 64 * 1024;
/// Fewer bytes are not worth a frame.
const SMALLEST_FRAME: usize = 4;
const FRAME_HEAD: usize = 9;

/// See the module's header.
pub struct Output {
    buffer: Vec<u8>,
    frame_start: Option<usize>,
    framing: bool,
    /// `file.write`; `None` when the pickle stays in memory.
    write: Option<Value>,
}

impl Output {
    /// Nothing is written yet.
    pub fn new(write: Option<Value>) -> Output {
        Output {
            buffer: Vec::new(),
            frame_start: None,
            framing: false,
            write,
        }
    }

    /// From here on what is written is in frames.
    pub fn start_framing(&mut self) {
        self.framing = true;
    }

    /// Adds bytes to the pickle.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        if self.framing && self.frame_start.is_none() {
            self.open_frame();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Adds one byte, most often an instruction.
    #[inline]
    pub fn op(&mut self, byte: u8) {
        if self.framing && self.frame_start.is_none() {
            self.open_frame();
        }
        self.buffer.push(byte);
    }

    #[cold]
    fn open_frame(&mut self) {
        self.frame_start = Some(self.buffer.len());
        self.buffer.extend_from_slice(&[0; FRAME_HEAD]);
    }

    /// Ends the open frame.
    fn commit(&mut self) {
        let Some(start) = self.frame_start.take() else {
            return;
        };
        let length = self.buffer.len() - start - FRAME_HEAD;
        if length >= SMALLEST_FRAME {
            self.buffer[start] = opcode::FRAME;
            self.buffer[start + 1..start + FRAME_HEAD]
                .copy_from_slice(&(length as u64).to_le_bytes());
        } else {
            self.buffer.drain(start..start + FRAME_HEAD);
        }
    }

    /// Called between objects: a full frame ends there.
    ///
    /// # Errors
    /// What `write` raises.
    #[inline]
    pub fn boundary(&mut self, cx: &Context) -> PyResult<()> {
        match self.frame_start {
            Some(start) if self.buffer.len() - start - FRAME_HEAD >= LARGE => {
                self.commit();
                self.flush(cx)
            }
            _ => Ok(()),
        }
    }

    /// Writes what is in the buffer to the file, if there is one.
    fn flush(&mut self, cx: &Context) -> PyResult<()> {
        if let Some(write) = &self.write {
            let bytes = Bytes::from_slice(cx, &self.buffer)?;
            self.buffer.clear();
            call::call(cx, write, &[bytes.into_value()])?;
        }
        Ok(())
    }

    /// Adds an instruction with a payload, which is written past buffer and frames when it is large.
    /// `object` has these bytes and may be given to the file in their place.
    ///
    /// # Errors
    /// What `write` raises.
    pub fn put_counted(
        &mut self,
        cx: &Context,
        head: &[u8],
        payload: &[u8],
        object: Option<&Value>,
    ) -> PyResult<()> {
        if payload.len() < LARGE {
            self.put(head);
            self.put(payload);
            return Ok(());
        }
        self.commit();
        self.buffer.extend_from_slice(head);
        match &self.write {
            None => {
                self.buffer
                    .try_reserve(payload.len())
                    .map_err(|_| cx.no_memory())?;
                self.buffer.extend_from_slice(payload);
                Ok(())
            }
            Some(write) => {
                let write = write.clone();
                self.flush(cx)?;
                let payload = match object {
                    Some(object) => object.clone(),
                    None => Bytes::from_slice(cx, payload)?.into_value(),
                };
                call::call(cx, &write, &[payload]).map(drop)
            }
        }
    }

    /// Ends the pickle and writes the rest to the file.
    ///
    /// # Errors
    /// What `write` raises.
    pub fn finish(&mut self, cx: &Context) -> PyResult<()> {
        self.commit();
        self.flush(cx)
    }

    /// The whole pickle, when it stays in memory.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_frames_lose_their_head() {
        let mut output = Output::new(None);
        output.start_framing();
        output.put(b"N.");
        output.commit();
        assert_eq!(output.bytes(), b"N.");
    }

    #[test]
    fn frames_tell_their_length() {
        let mut output = Output::new(None);
        output.put(b"\x80\x05");
        output.start_framing();
        output.put(b"abcd");
        output.op(b'e');
        output.commit();
        assert_eq!(output.bytes(), b"\x80\x05\x95\x05\0\0\0\0\0\0\0abcde");
    }
}
