//! `MemoryBIO`: a row of bytes that a connection reads from or writes to.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::engine::Moved;
use super::errors;
use crate::bytes_like::BytesLike;

/// The bytes, and whether there will be more.
#[derive(Default)]
pub struct Queue {
    bytes: VecDeque<u8>,
    is_ended: bool,
}

impl Queue {
    /// Takes bytes from the front.
    pub fn take(&mut self, room: &mut [u8]) -> Moved {
        if self.bytes.is_empty() && !room.is_empty() {
            return if self.is_ended {
                Moved::End
            } else {
                Moved::Nothing
            };
        }
        let count = room.len().min(self.bytes.len());
        for (to, from) in room.iter_mut().zip(self.bytes.drain(..count)) {
            *to = from;
        }
        Moved::Bytes(count)
    }

    /// Adds bytes to the end.
    pub fn add(&mut self, bytes: &[u8]) -> Moved {
        self.bytes.extend(bytes);
        Moved::Bytes(bytes.len())
    }
}

/// The payload of a `MemoryBIO`. The lock is held for copying only, and nothing is locked inside it.
#[pyclass(name = "MemoryBIO", module = "_ssl", plain, flags(IMMUTABLE))]
pub struct MemoryBio(pub Arc<Mutex<Queue>>);

#[pymethods]
impl MemoryBio {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.positional().is_empty() {
            return Err(cx.type_error("MemoryBIO() takes no positional arguments"));
        }
        if !args.keywords().is_empty() {
            return Err(cx.type_error("MemoryBIO() takes no keyword arguments"));
        }
        object::new_of_class(cx, class, MemoryBio(Arc::default())).map(Ref::into_value)
    }

    /// Read up to size bytes from the memory BIO.
    ///
    /// If size is not specified, read the entire buffer.
    /// If the return value is an empty bytes instance, this means either
    /// EOF or that no data is available. Use the "eof" property to
    /// distinguish between the two.
    #[method("read(self, size=-1, /)")]
    fn read(cx: &Context, this: &Ref<MemoryBio>, size: isize) -> PyResult<Ref<Bytes>> {
        let taken: Vec<u8> = {
            let mut queue = this.0.lock();
            let there = queue.bytes.len();
            let count = usize::try_from(size).map_or(there, |size| size.min(there));
            queue.bytes.drain(..count).collect()
        };
        Bytes::from_slice(cx, &taken)
    }

    /// Writes the bytes b into the memory BIO.
    ///
    /// Returns the number of bytes written.
    #[method("write(self, b, /)")]
    fn write(cx: &Context, this: &Ref<MemoryBio>, b: BytesLike) -> PyResult<usize> {
        let mut queue = this.0.lock();
        if queue.is_ended {
            drop(queue);
            return Err(errors::raise_plain(cx, "cannot write() after write_eof()"));
        }
        queue.add(b.bytes());
        Ok(b.len())
    }

    /// Write an EOF marker to the memory BIO.
    ///
    /// When all data has been read, the "eof" property will be True.
    #[method("write_eof(self, /)")]
    fn write_eof(_cx: &Context, this: &Ref<MemoryBio>) -> PyResult<()> {
        this.0.lock().is_ended = true;
        Ok(())
    }

    /// The number of bytes pending in the memory BIO.
    #[getter]
    fn pending(_cx: &Context, this: &Ref<MemoryBio>) -> PyResult<usize> {
        Ok(this.0.lock().bytes.len())
    }

    /// Whether the memory BIO is at EOF.
    #[getter]
    fn eof(_cx: &Context, this: &Ref<MemoryBio>) -> PyResult<bool> {
        let queue = this.0.lock();
        Ok(queue.is_ended && queue.bytes.is_empty())
    }
}
