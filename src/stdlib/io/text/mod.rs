//! `TextIOWrapper`: text over a buffered binary stream.
//!
//! ```text
//!   writing   text ──encode──▶ pending ──at 8 KiB, or a line's end──▶ buffer.write
//!   reading   buffer.read1 ──▶ snapshot ──decode──▶ decoded │ used │ what `read` takes next │
//! ```
//! `snapshot` is the decoder's state before the last piece, and that piece: from these `tell` finds out
//! where in the file the next character is (`position.rs`).
//!
//! Files: `coding` (encodings), `state` (reading and writing, with the monitor held), `position` (`tell`
//! and `seek`), `class` (what Python sees).

mod class;
pub mod coding;
mod position;
mod state;

use typhon_macros::pyclass;
use typhon_runtime::field::Field;
use typhon_runtime::object::Traverse;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Ref, Value};

pub use self::class::Options;
use self::state::State;
use super::base::{self, TextIoBase, closed_error, method};
use super::buffered::{Buffered, BufferedRandom, BufferedReader, BufferedWriter};
use super::monitor::{Held, Monitor};

/// See the module's header.
#[pyclass(
    name = "TextIOWrapper",
    module = "_io",
    base = TextIoBase,
    flags(BASETYPE),
    signature = "(buffer, encoding=None, errors=None, newline=None,\n              line_buffering=False, write_through=False)",
    doc = "Character and line based layer over a BufferedIOBase object, buffer.\n\nencoding gives the name of the encoding that the stream will be\ndecoded or encoded with. It defaults to locale.getencoding().\n\nerrors determines the strictness of encoding and decoding (see\nhelp(codecs.Codec) or the documentation for codecs.register) and\ndefaults to \"strict\".\n\nnewline controls how line endings are handled. It can be None, '',\n'\\n', '\\r', and '\\r\\n'.  It works as follows:\n\n* On input, if newline is None, universal newlines mode is\n  enabled. Lines in the input can end in '\\n', '\\r', or '\\r\\n', and\n  these are translated into '\\n' before being returned to the\n  caller. If it is '', universal newline mode is enabled, but line\n  endings are returned to the caller untranslated. If it has any of\n  the other legal values, input lines are only terminated by the given\n  string, and the line ending is returned to the caller untranslated.\n\n* On output, if newline is None, any '\\n' characters written are\n  translated to the system default line separator, os.linesep. If\n  newline is '' or '\\n', no translation takes place. If newline is any\n  of the other legal values, any '\\n' characters written are translated\n  to the given string.\n\nIf line_buffering is True, a call to flush is implied when a call to\nwrite contains a newline character."
)]
#[derive(Default)]
#[repr(C)]
pub struct TextIoWrapper {
    base: TextIoBase,
    /// The binary stream; empty before `__init__` and after `detach`.
    buffer: Field,
    /// `encoding`
    encoding: Field,
    /// Coders of encodings that are not built in.
    decoder: Field,
    encoder: Field,
    state: Monitor<State>,
}

impl Traverse for TextIoWrapper {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [&self.buffer, &self.encoding, &self.decoder, &self.encoder] {
            field.traverse(visit);
        }
    }
}

/// A buffer whose class is one of ours, to be called without going through Python.
fn known_buffer(buffer: &Value) -> Option<&Ref<Buffered>> {
    let known = buffer.is_exact::<BufferedReader>()
        || buffer.is_exact::<BufferedWriter>()
        || buffer.is_exact::<BufferedRandom>();
    if known {
        buffer.downcast::<Buffered>()
    } else {
        None
    }
}

impl TextIoWrapper {
    fn enter<'a>(&'a self, cx: &Context, this: &Value) -> PyResult<Held<'a, State>> {
        self.state.enter(cx, this)
    }

    /// The binary stream.
    fn buffer(&self, cx: &Context) -> PyResult<Value> {
        self.buffer.get().ok_or_else(|| {
            let detached = self
                .state
                .enter(cx, &Value::NONE)
                .is_ok_and(|state| state.detached);
            cx.value_error(if detached {
                "underlying buffer has been detached"
            } else {
                "I/O operation on uninitialized object"
            })
        })
    }

    /// The binary stream, which must be open.
    fn open_buffer(&self, cx: &Context, this: &Value) -> PyResult<Value> {
        let buffer = self.buffer(cx)?;
        let closed = if this.is_directly::<TextIoWrapper>()
            && let Some(closed) = known_buffer(&buffer).and_then(|buffer| buffer.is_closed_file())
        {
            closed
        } else {
            base::is_closed(cx, this)?
        };
        if closed {
            Err(closed_error(cx))
        } else {
            Ok(buffer)
        }
    }

    /// Writes text, for callers that know the class.
    ///
    /// # Errors
    /// What `write` raises.
    pub fn write_text(cx: &Context, this: &Ref<TextIoWrapper>, text: &Ref<Str>) -> PyResult<()> {
        let value = this.as_value();
        let buffer = this.open_buffer(cx, value)?;
        let mut state = this.enter(cx, value)?;
        let encoder = this.encoder.get();
        let decoder = this.decoder.get();
        state.write(cx, &buffer, encoder.as_ref(), decoder.as_ref(), text)
    }
}

/// `buffer.write(bytes)`.
fn write_bytes(cx: &Context, buffer: &Value, bytes: &[u8]) -> PyResult<()> {
    if let Some(buffer) = known_buffer(buffer).filter(|_| !buffer.is_exact::<BufferedReader>()) {
        return Buffered::write_bytes(cx, buffer, bytes);
    }
    let bytes = Bytes::from_slice(cx, bytes)?.into_value();
    method(cx, buffer, "write", &[bytes]).map(drop)
}

/// `buffer.flush()`.
fn flush_buffer(cx: &Context, buffer: &Value) -> PyResult<()> {
    if let Some(buffer) = known_buffer(buffer).filter(|_| !buffer.is_exact::<BufferedReader>()) {
        return Buffered::flush_pending(cx, buffer);
    }
    method(cx, buffer, "flush", &[]).map(drop)
}
