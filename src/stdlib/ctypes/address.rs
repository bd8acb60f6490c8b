//! Functions that the Python half calls by their address, as if they were C's: `cast`, `string_at` and their
//! like. Objects are passed as the words that `py_object` has; a result's count is the caller's.
//!
//! They are called attached (`function::PYTHON_API`).

use std::ffi::{c_int, c_void};

use typhon_runtime::buffer::Buffer;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::memoryview::MemoryView;
use typhon_runtime::{Context, PyResult, Ref, Value, audit};

use super::{code, memory, pointer};

/// The names of the module's attributes, and the addresses.
pub fn all() -> [(&'static str, usize); 6] {
    [
        ("_memmove_addr", libc::memmove as *const () as usize),
        ("_memset_addr", libc::memset as *const () as usize),
        ("_string_at_addr", string_at as *const () as usize),
        ("_wstring_at_addr", wide_string_at as *const () as usize),
        ("_cast_addr", cast as *const () as usize),
        ("_memoryview_at_addr", memoryview_at as *const () as usize),
    ]
}

/// The word of a result: 0 when an exception is set.
fn word(result: PyResult<Value>) -> u64 {
    result.map_or(0, Value::into_bits)
}

fn tell(cx: &Context, event: &str, numbers: &[i64]) -> PyResult<()> {
    audit::event(cx, event, || {
        let values = numbers.iter();
        values.map(|number| int::from_i64(cx, *number)).collect()
    })
}

/// A length, or what stands for "up to a zero".
fn most(length: c_int) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

unsafe extern "C" fn string_at(address: *const u8, length: c_int) -> u64 {
    let cx = Context::current();
    let read = || {
        tell(cx, "ctypes.string_at", &[address as i64, length.into()])?;
        // SAFETY: the program says that so many bytes are there.
        let bytes = unsafe {
            match length {
                -1 => memory::string_at(address, usize::MAX),
                _ if length < 0 => {
                    return Err(
                        cx.system_error("Negative size passed to PyBytes_FromStringAndSize")
                    );
                }
                _ => memory::copy_out(address, most(length)),
            }
        };
        Bytes::from_slice(cx, &bytes).map(Ref::into_value)
    };
    word(read())
}

unsafe extern "C" fn wide_string_at(address: *const u8, length: c_int) -> u64 {
    let cx = Context::current();
    let read = || {
        tell(cx, "ctypes.wstring_at", &[address as i64, length.into()])?;
        // SAFETY: the program says that so many characters are there.
        let points = unsafe {
            match length {
                -1 => memory::wide_string_at(address, usize::MAX),
                _ if length < 0 => {
                    return Err(cx.system_error("Negative size passed to PyUnicode_New"));
                }
                _ => {
                    let count = most(length);
                    let bytes = memory::copy_out(address, 4 * count);
                    let points = bytes.chunks_exact(4);
                    points
                        .filter_map(|point| point.first_chunk())
                        .map(|point| u32::from_ne_bytes(*point))
                        .collect()
                }
            }
        };
        code::wide(cx, &points)
    };
    word(read())
}

unsafe extern "C" fn memoryview_at(address: *mut c_void, length: isize, read_only: c_int) -> u64 {
    let cx = Context::current();
    let read = || {
        let numbers = [address as i64, length as i64, read_only.into()];
        tell(cx, "ctypes.memoryview_at", &numbers)?;
        let Ok(length) = usize::try_from(length) else {
            return Err(cx.value_error(format!(
                "memoryview_at: size is negative (or overflowed): {length}"
            )));
        };
        let buffer = Buffer {
            owner: Value::NONE,
            start: address.cast(),
            length,
            read_only: read_only != 0,
            format: None,
            release: None,
        };
        MemoryView::from_buffer(cx, buffer).map(Ref::into_value)
    };
    word(read())
}

unsafe extern "C" fn cast(address: usize, source: u64, class: u64) -> u64 {
    let cx = Context::current();
    let made = || {
        // SAFETY: the words are arguments of the type `py_object`, which the call keeps alive.
        let (source, class) = unsafe {
            (
                code::object(cx, source as usize)?,
                code::object(cx, class as usize)?,
            )
        };
        pointer::cast(cx, address, &source, &class)
    };
    word(made())
}
