//! Shared libraries: `dlopen`, `dlsym`, `dlclose`.

use std::ffi::{CStr, CString, c_char, c_int, c_void};

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Ref, Value, audit};

use super::code;
use crate::path;

/// What the loader says of the last error in this thread.
fn last_error() -> Option<String> {
    // SAFETY: the text is valid until the next call of the loader in this thread.
    unsafe {
        let text = libc::dlerror();
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
    }
}

/// The address of a symbol, or why there is none; the loader may have nothing to say of a `kind` that is at
/// address 0.
///
/// # Errors
/// ValueError for a name with a zero in it.
pub fn symbol(
    cx: &Context,
    handle: usize,
    name: &str,
    kind: &str,
) -> PyResult<Result<usize, String>> {
    let c_name = CString::new(name).map_err(|_| cx.value_error("embedded null character"))?;
    let found = cx.detached(|| {
        // Forgets an error that nobody has asked for.
        last_error();
        // SAFETY: a handle that the program says is one, and a text that ends with 0.
        let address = unsafe { libc::dlsym(handle as *mut c_void, c_name.as_ptr()) } as usize;
        match address {
            0 => Err(last_error()),
            address => Ok(address),
        }
    });
    Ok(found.map_err(|message| message.unwrap_or_else(|| format!("{kind} '{name}' not found"))))
}

/// The number behind a handle.
fn handle_of(cx: &Context, value: &Value) -> PyResult<usize> {
    if !int::is_int(value) {
        return Err(cx.type_error("an integer is required"));
    }
    code::wrapped(cx, value).map(|handle| handle as usize)
}

/// dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library
#[pyfunction("dlopen(name, flag=(), /)")]
pub fn dlopen(cx: &Context, name: &Value, flag: Maybe<c_int>) -> PyResult<usize> {
    let mode = flag.0.unwrap_or(libc::RTLD_NOW) | libc::RTLD_NOW;
    let file = if name.is_none() {
        None
    } else {
        let path = path::Path::convert(cx, "dlopen", name)?;
        Some(path.as_c_str().to_owned())
    };
    audit::event(cx, "ctypes.dlopen", || Ok(vec![name.clone()]))?;
    let opened = cx.detached(|| {
        let file: *const c_char = file.as_ref().map_or(std::ptr::null(), |file| file.as_ptr());
        // SAFETY: a text that ends with 0, or none. What the library does when it is loaded is its own.
        let handle = unsafe { libc::dlopen(file, mode) } as usize;
        if handle == 0 {
            Err(last_error())
        } else {
            Ok(handle)
        }
    });
    opened.map_err(|message| cx.os_error(message.unwrap_or_else(|| "dlopen() error".to_owned())))
}

/// dlclose a library
#[pyfunction("dlclose(handle, /)")]
pub fn dlclose(cx: &Context, handle: &Value) -> PyResult<()> {
    let handle = handle_of(cx, handle)?;
    let failed = cx.detached(|| {
        // SAFETY: a handle that the program says is one.
        let status = unsafe { libc::dlclose(handle as *mut c_void) };
        (status != 0).then(last_error)
    });
    match failed {
        None => Ok(()),
        Some(message) => Err(cx.os_error(message.unwrap_or_default())),
    }
}

/// find symbol in shared library
#[pyfunction("dlsym(handle, name, /)")]
pub fn dlsym(cx: &Context, handle: &Value, name: &Ref<Str>) -> PyResult<usize> {
    let handle_number = handle_of(cx, handle)?;
    audit::event(cx, "ctypes.dlsym/handle", || {
        Ok(vec![handle.clone(), name.to_value()])
    })?;
    let found = symbol(cx, handle_number, &name.to_utf8(cx)?, "symbol")?;
    found.map_err(|message| cx.os_error(message))
}

/// A name of a function as text.
///
/// # Errors
/// TypeError when it is neither text nor bytes.
pub fn function_name(cx: &Context, name: &Value) -> PyResult<String> {
    if let Some(text) = name.downcast::<Str>() {
        return text.to_utf8(cx).map(|text| text.into_owned());
    }
    if let Some(bytes) = name.downcast::<Bytes>() {
        return Ok(String::from_utf8_lossy(bytes.as_slice()).into_owned());
    }
    Err(cx.type_error("function name must be string, bytes object or integer"))
}
