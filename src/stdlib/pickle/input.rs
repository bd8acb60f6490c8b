//! Where a pickle is read from: memory, or a file by way of a buffer.
//!
//! ```text
//!   data:  │ read already │ frame … │ rest │
//!                         next      frame_end
//! ```
//! Data of a file is what its last `peek`, `read` or `readline` returned; of what `peek` returned the file
//! itself has passed the first `passed` bytes only, and the rest is read again when it was used. Invariants:
//! next ≤ length of data; passed ≤ length of data; an instruction does not cross the end of its frame.

use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::memoryview::MemoryView;
use typhon_runtime::objects::str_::names;
use typhon_runtime::protocols::{attribute, buffer, call, index, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::{UNPICKLING_ERROR, name};

/// How much is asked of `peek`.
const PREFETCH: usize = 128 * 1024;

/// See the module's header.
pub struct Input {
    data: Data,
    next: usize,
    passed: usize,
    frame_end: Option<usize>,
    file: Option<File>,
}

/// Bytes that nobody changes.
enum Data {
    Object(Ref<Bytes>),
    Copied(Vec<u8>),
}

/// What is used of a file.
struct File {
    read: Value,
    readline: Value,
    readinto: Option<Value>,
    peek: Option<Value>,
}

impl Data {
    /// The bytes of a bytes-like object.
    fn of(cx: &Context, object: Value) -> PyResult<Data> {
        match object.into_ref::<Bytes>() {
            Ok(bytes) => Ok(Data::Object(bytes)),
            Err(other) => Ok(Data::Copied(buffer::to_vec(cx, &other)?)),
        }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Data::Object(bytes) => bytes.as_slice(),
            Data::Copied(bytes) => bytes,
        }
    }
}

/// The pickle ends too early.
#[cold]
pub fn truncated(cx: &Context) -> Raised {
    UNPICKLING_ERROR.raise(cx, "pickle data was truncated")
}

#[cold]
fn out_of_frame(cx: &Context) -> Raised {
    UNPICKLING_ERROR.raise(cx, "pickle exhausted before end of frame")
}

impl Input {
    /// Reads from a bytes-like object.
    ///
    /// # Errors
    /// TypeError when it is none.
    pub fn from_memory(cx: &Context, object: &Value) -> PyResult<Input> {
        let data = Data::of(cx, object.clone())?;
        Ok(Input {
            passed: data.bytes().len(),
            data,
            next: 0,
            frame_end: None,
            file: None,
        })
    }

    /// Reads from a file.
    ///
    /// # Errors
    /// TypeError when it cannot be read.
    pub fn from_file(cx: &Context, file: &Value) -> PyResult<Input> {
        let peek = attribute::find(cx, file, name!(cx, "peek")?)?;
        let readinto = attribute::find(cx, file, name!(cx, "readinto")?)?;
        let read = attribute::find(cx, file, names::read())?;
        let readline = attribute::find(cx, file, names::readline())?;
        let (Some(read), Some(readline)) = (read, readline) else {
            return Err(cx.type_error("file must have 'read' and 'readline' attributes"));
        };
        Ok(Input {
            data: Data::Copied(Vec::new()),
            next: 0,
            passed: 0,
            frame_end: None,
            file: Some(File {
                read,
                readline,
                readinto,
                peek,
            }),
        })
    }

    /// Shows the values to the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(file) = &self.file {
            visit(&file.read);
            visit(&file.readline);
            file.readinto.iter().for_each(&mut *visit);
            file.peek.iter().for_each(&mut *visit);
        }
    }

    fn rest(&self) -> &[u8] {
        &self.data.bytes()[self.next..]
    }

    /// Leaves a frame that is read to its end.
    ///
    /// # Errors
    /// UnpicklingError when `count` bytes go beyond it.
    #[inline]
    fn check_frame(&mut self, cx: &Context, count: usize) -> PyResult<()> {
        match self.frame_end {
            Some(end) if self.next == end => {
                self.frame_end = None;
                Ok(())
            }
            Some(end) if count > end - self.next => Err(out_of_frame(cx)),
            _ => Ok(()),
        }
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// UnpicklingError when there are fewer, and what the file raises.
    #[inline]
    pub fn read(&mut self, cx: &Context, count: usize) -> PyResult<&[u8]> {
        self.check_frame(cx, count)?;
        if count > self.rest().len() {
            self.read_slow(cx, count)?;
        }
        let start = self.next;
        self.next += count;
        Ok(&self.data.bytes()[start..start + count])
    }

    /// Gets data that begins with the next `count` bytes.
    #[cold]
    fn read_slow(&mut self, cx: &Context, count: usize) -> PyResult<()> {
        self.fill(cx, count)?;
        if self.rest().len() < count {
            return Err(truncated(cx));
        }
        Ok(())
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As [`Input::read`].
    #[inline]
    pub fn array<const N: usize>(&mut self, cx: &Context) -> PyResult<[u8; N]> {
        let bytes = self.read(cx, N)?;
        Ok(bytes.try_into().expect("invariant: read returns N bytes"))
    }

    /// The next byte.
    ///
    /// # Errors
    /// As [`Input::read`].
    #[inline]
    pub fn byte(&mut self, cx: &Context) -> PyResult<u8> {
        self.array::<1>(cx).map(|[byte]| byte)
    }

    /// The next line, with its end.
    ///
    /// # Errors
    /// As [`Input::read`].
    pub fn line(&mut self, cx: &Context) -> PyResult<&[u8]> {
        self.check_frame(cx, 0)?;
        let end = self.frame_end.unwrap_or(self.data.bytes().len());
        let found = memchr::memchr(b'\n', &self.data.bytes()[self.next..end]);
        let length = match found {
            Some(at) => at + 1,
            None if self.frame_end.is_some() => return Err(out_of_frame(cx)),
            None => {
                self.fill_line(cx)?;
                match self.rest() {
                    [.., b'\n'] => self.rest().len(),
                    _ => return Err(truncated(cx)),
                }
            }
        };
        let start = self.next;
        self.next += length;
        Ok(&self.data.bytes()[start..start + length])
    }

    /// Begins a frame of `length` bytes, all of which are read from the file.
    ///
    /// # Errors
    /// UnpicklingError when the last one is not at its end, or there are fewer bytes.
    pub fn begin_frame(&mut self, cx: &Context, length: usize) -> PyResult<()> {
        if self.frame_end.is_some_and(|end| end != self.next) {
            return Err(
                UNPICKLING_ERROR.raise(cx, "beginning of a new frame before end of current frame")
            );
        }
        self.frame_end = None;
        self.read(cx, length)?;
        self.frame_end = Some(self.next);
        self.next -= length;
        Ok(())
    }

    /// Ends the pickle: the file stands behind it.
    ///
    /// # Errors
    /// What the file raises.
    pub fn finish(&mut self, cx: &Context) -> PyResult<()> {
        self.frame_end = None;
        self.pass(cx)
    }

    /// Has the file pass what was only peeked at and is used by now.
    fn pass(&mut self, cx: &Context) -> PyResult<()> {
        if self.next <= self.passed {
            return Ok(());
        }
        if let Some(file) = &self.file {
            let used = int::from_u64(cx, (self.next - self.passed) as u64)?;
            call::call(cx, &file.read, &[used])?;
        }
        self.passed = self.next;
        Ok(())
    }

    fn replace(&mut self, data: Data, passed: bool) {
        self.passed = if passed { data.bytes().len() } else { 0 };
        self.next = 0;
        self.data = data;
    }

    /// Gets new data of the file: `count` bytes or more, or fewer at its end.
    fn fill(&mut self, cx: &Context, count: usize) -> PyResult<()> {
        self.pass(cx)?;
        let Some(file) = &mut self.file else {
            return Err(truncated(cx));
        };
        if count < PREFETCH
            && let Some(peek) = file.peek.clone()
        {
            match call::call(cx, &peek, &[int::from_u64(cx, PREFETCH as u64)?]) {
                Ok(data) => {
                    let data = Data::of(cx, data)?;
                    if data.bytes().len() >= count {
                        self.replace(data, false);
                        return Ok(());
                    }
                }
                Err(Raised) => {
                    drop(cx.catch(exceptions::not_implemented_error())?);
                    file.peek = None;
                }
            }
        }
        let data = call::call(cx, &file.read, &[int::from_u64(cx, count as u64)?])?;
        let data = Data::of(cx, data)?;
        self.replace(data, true);
        Ok(())
    }

    fn fill_line(&mut self, cx: &Context) -> PyResult<()> {
        self.pass(cx)?;
        let Some(file) = &self.file else {
            return Err(truncated(cx));
        };
        let data = Data::of(cx, call::call(cx, &file.readline, &[])?)?;
        self.replace(data, true);
        Ok(())
    }

    /// The next `count` bytes in an array of their own, into which a file reads them itself if it can.
    ///
    /// # Errors
    /// As [`Input::read`], and MemoryError.
    pub fn bytearray(&mut self, cx: &Context, count: usize) -> PyResult<Ref<ByteArray>> {
        self.check_frame(cx, count)?;
        let buffered = self.rest().len().min(count);
        let missing = count - buffered;
        if missing > 0 && self.file.is_none() {
            return Err(truncated(cx));
        }
        let mut bytes = self.rest()[..buffered].to_vec();
        self.next += buffered;
        if missing == 0 {
            return ByteArray::from_vec(cx, bytes);
        }
        self.pass(cx)?;
        let Some(file) = &self.file else {
            return Err(truncated(cx));
        };
        let Some(readinto) = &file.readinto else {
            let data = call::call(cx, &file.read, &[int::from_u64(cx, missing as u64)?])?;
            let Some(data) = data.downcast::<Bytes>() else {
                let class = text::repr_text(cx, data.class().as_value())?;
                return Err(cx.value_error(format!("read() returned non-bytes object ({class})")));
            };
            if data.len() < missing {
                return Err(truncated(cx));
            }
            bytes.extend_from_slice(&data.as_slice()[..missing]);
            return ByteArray::from_vec(cx, bytes);
        };
        let mut zeros = Vec::new();
        zeros
            .try_reserve_exact(missing)
            .map_err(|_| cx.no_memory())?;
        zeros.resize(missing, 0);
        let array = ByteArray::from_vec(cx, zeros)?;
        let view = MemoryView::from_buffer(cx, array.export())?;
        let got = call::call(cx, readinto, &[view.into_value()])?;
        match index::as_index(cx, &got)? {
            ..0 => return Err(cx.value_error("readinto() returned negative size")),
            got if (got as usize) < missing => return Err(truncated(cx)),
            _ => {}
        }
        if bytes.is_empty() {
            return Ok(array);
        }
        bytes.extend_from_slice(&array.to_vec());
        ByteArray::from_vec(cx, bytes)
    }
}
