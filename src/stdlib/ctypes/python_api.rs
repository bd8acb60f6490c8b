//! Functions of CPython's C API that programs call through `ctypes.pythonapi`: those that say something here.
//!
//! No library exports them; a library opened as `PyDLL` finds them by name. They are called attached, take
//! objects as the words of `py_object` and give the count of a result to the caller.

use std::ffi::{c_char, c_int, c_long, c_ulong};
use std::sync::OnceLock;

use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::protocols::{attribute, call, number};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, import};
use typhon_sync::thread::{ThreadRecord, request};

use super::{code, memory};
use crate::thread;

/// The address of a function, if it is there.
pub fn address(name: &str) -> Option<usize> {
    let address = match name {
        "PyBytes_FromString" => bytes_from_string as *const () as usize,
        "PyBytes_FromStringAndSize" => bytes_from_memory as *const () as usize,
        "PyErr_Occurred" => error_occurred as *const () as usize,
        "PyEval_GetFrameBuiltins" => frame_builtins as *const () as usize,
        "PyEval_GetFrameGlobals" => frame_globals as *const () as usize,
        "PyEval_GetFrameLocals" => frame_locals as *const () as usize,
        "PyFrame_GetLocals" => locals_of_frame as *const () as usize,
        "PyGILState_Ensure" => ensure as *const () as usize,
        "PyGILState_Release" => release as *const () as usize,
        "PyLong_AsLong" => long_of_int as *const () as usize,
        "PyLong_FromLong" => int_of_long as *const () as usize,
        "PyOS_snprintf" => libc::snprintf as *const () as usize,
        "PyThreadState_SetAsyncExc" => set_asynchronous_exception as *const () as usize,
        "Py_DecRef" => drop_reference as *const () as usize,
        "Py_GetVersion" => version as *const () as usize,
        "Py_IncRef" => add_reference as *const () as usize,
        _ => return None,
    };
    Some(address)
}

/// The word of a result: 0 when an exception is set.
fn word(result: PyResult<Value>) -> u64 {
    result.map_or(0, Value::into_bits)
}

/// The object that an argument is.
///
/// # Safety
/// The word is of an argument that the call keeps alive.
unsafe fn object(cx: &Context, word: u64) -> PyResult<Value> {
    // SAFETY: the caller's.
    unsafe { code::object(cx, word as usize) }
}

unsafe extern "C" fn bytes_from_string(text: *const u8) -> u64 {
    // SAFETY: the program says that there is a text that ends with 0.
    let bytes = unsafe { memory::string_at(text, usize::MAX) };
    word(Bytes::from_slice(Context::current(), &bytes).map(Ref::into_value))
}

unsafe extern "C" fn bytes_from_memory(start: *const u8, size: isize) -> u64 {
    let cx = Context::current();
    let Ok(size) = usize::try_from(size) else {
        return word(Err(
            cx.system_error("Negative size passed to PyBytes_FromStringAndSize")
        ));
    };
    let bytes = if start.is_null() {
        vec![0; size]
    } else {
        // SAFETY: the program says that so many bytes are there.
        unsafe { memory::copy_out(start, size) }
    };
    word(Bytes::from_slice(cx, &bytes).map(Ref::into_value))
}

extern "C" fn error_occurred() -> u64 {
    0
}

extern "C" fn int_of_long(number: c_long) -> u64 {
    word(int::from_i64(Context::current(), number))
}

unsafe extern "C" fn long_of_int(value: u64) -> c_long {
    let cx = Context::current();
    // SAFETY: an argument.
    let number = unsafe { object(cx, value) }.and_then(|value| {
        let number = number::index(cx, &value)?;
        let number = int::view(&number).and_then(|view| view.to_i64());
        number.ok_or_else(|| cx.overflow_error("Python int too large to convert to C long"))
    });
    number.unwrap_or(-1)
}

fn call_builtin(name: &str) -> PyResult<Value> {
    let cx = Context::current();
    let function = import::import_attribute(cx, "builtins", name)?;
    call::call(cx, &function, &[])
}

extern "C" fn frame_locals() -> u64 {
    word(call_builtin("locals"))
}

extern "C" fn frame_globals() -> u64 {
    word(call_builtin("globals"))
}

extern "C" fn frame_builtins() -> u64 {
    let cx = Context::current();
    let found = || {
        let function = import::import_attribute(cx, "sys", "_getframe")?;
        let frame = call::call(cx, &function, &[])?;
        attribute::get(cx, &frame, Name::intern(cx, "f_builtins")?)
    };
    word(found())
}

unsafe extern "C" fn locals_of_frame(frame: u64) -> u64 {
    let cx = Context::current();
    // SAFETY: an argument.
    let found = unsafe { object(cx, frame) }
        .and_then(|frame| attribute::get(cx, &frame, Name::intern(cx, "f_locals")?));
    word(found)
}

extern "C" fn ensure() -> c_int {
    // The caller is attached.
    0
}

extern "C" fn release(_state: c_int) {}

unsafe extern "C" fn add_reference(value: u64) {
    // SAFETY: an argument. The new count is the caller's.
    match unsafe { object(Context::current(), value) } {
        Ok(value) => std::mem::forget(value),
        Err(Raised) => Context::current().clear_exception(),
    }
}

unsafe extern "C" fn drop_reference(value: u64) {
    if value != 0 {
        // SAFETY: the program says that the count is its own.
        drop(unsafe { Value::from_bits(value) });
    }
}

extern "C" fn version() -> *const c_char {
    static VERSION: OnceLock<std::ffi::CString> = OnceLock::new();
    let cx = Context::current();
    let text = VERSION.get_or_init(|| {
        let text = import::import_attribute(cx, "sys", "version").and_then(|version| {
            typhon_runtime::protocols::text::str(cx, &version).map(|text| text.to_string())
        });
        let text = text.unwrap_or_else(|Raised| {
            cx.clear_exception();
            String::new()
        });
        std::ffi::CString::new(text).unwrap_or_default()
    });
    text.as_ptr()
}

/// Has a thread raise an exception at its next safepoint; without one, takes back what was not raised yet.
/// Returns how many threads there are with that identity.
unsafe extern "C" fn set_asynchronous_exception(ident: c_ulong, exception: u64) -> c_int {
    let cx = Context::current();
    let exception = match exception {
        0 => None,
        // SAFETY: an argument.
        word => unsafe { object(cx, word) }.ok(),
    };
    let mut found = 0;
    let mut old = None;
    let world = typhon_sync::stop_the_world(cx.record);
    ThreadRecord::for_each(|record| {
        if thread::ident_of(record) != ident || found > 0 {
            return;
        }
        // SAFETY: null, or the context of a thread that cannot end while the world is stopped.
        if let Some(other) = unsafe { record.user_data().cast::<Context>().as_ref() } {
            found = 1;
            let is_some = exception.is_some();
            old = other.asynchronous_exception.replace(exception.clone());
            if is_some {
                other.record.request(request::ASYNC_EXCEPTION);
            }
        }
    });
    drop(world);
    drop(old);
    found
}
