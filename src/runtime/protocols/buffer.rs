//! Getting at the bytes of objects that export a buffer (PEP 3118, PEP 688).

use crate::buffer::Buffer;
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::objects::buffer_wrapper;
use crate::objects::bytes::Bytes;
use crate::objects::exceptions;
use crate::objects::memoryview::MemoryView;
use crate::value::Value;

/// The buffer of an object.
///
/// # Errors
/// TypeError when it exports none, BufferError when it cannot do so now.
pub fn get_buffer(cx: &Context, object: &Value) -> PyResult<Buffer> {
    match find_buffer(cx, object)? {
        Some(buffer) => Ok(buffer),
        None => Err(no_buffer(cx, object)),
    }
}

/// TypeError: the object exports no buffer.
#[cold]
pub fn no_buffer(cx: &Context, object: &Value) -> Raised {
    cx.type_error(format!(
        "a bytes-like object is required, not '{}'",
        object.type_name()
    ))
}

/// The buffer of an object, if its class exports buffers.
///
/// # Errors
/// BufferError, and what `__buffer__` raises.
pub fn find_buffer(cx: &Context, object: &Value) -> PyResult<Option<Buffer>> {
    match object.class().slots.buffer.get() {
        Some(buffer) => buffer(cx, object).map(Some),
        None => Ok(None),
    }
}

/// The buffer of an object, for writing.
///
/// # Errors
/// TypeError when it exports none or only for reading.
pub fn get_writable(cx: &Context, object: &Value) -> PyResult<Buffer> {
    let buffer = if !has_buffer(object) {
        None
    } else if object.class().has(ClassFlags::HEAPTYPE) {
        Some(buffer_wrapper::export(
            cx,
            object,
            buffer_wrapper::WRITABLE,
        )?)
    } else {
        match find_buffer(cx, object) {
            Ok(buffer) => buffer,
            // A view with gaps is no run of bytes.
            Err(Raised) => {
                drop(cx.catch(exceptions::buffer_error())?);
                None
            }
        }
    };
    let buffer = buffer.filter(|buffer| !buffer.read_only);
    buffer.ok_or_else(|| {
        cx.type_error(format!(
            "a read-write bytes-like object is required, not '{}'",
            object.type_name()
        ))
    })
}

/// Whether the object's class exports buffers.
pub fn has_buffer(object: &Value) -> bool {
    object.class().slots.buffer.get().is_some()
}

/// Runs `work` on the bytes of a bytes-like object, in C order; those of a view with gaps are gathered first.
///
/// # Errors
/// As [`get_buffer`].
pub fn with_bytes<R>(cx: &Context, object: &Value, work: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    if let Some(bytes) = object.downcast::<Bytes>() {
        return Ok(work(bytes.as_slice()));
    }
    if let Some(view) = object.downcast::<MemoryView>() {
        return Ok(work(&MemoryView::gathered(cx, view)?));
    }
    let buffer = get_buffer(cx, object)?;
    Ok(work(buffer.as_slice()))
}

/// The bytes of a bytes-like object, copied out.
///
/// # Errors
/// As [`get_buffer`].
pub fn to_vec(cx: &Context, object: &Value) -> PyResult<Vec<u8>> {
    with_bytes(cx, object, <[u8]>::to_vec)
}
