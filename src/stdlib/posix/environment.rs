//! The environment of the process.
//!
//! `environ` is what the process was started with; later changes go through `putenv` and `unsetenv`,
//! which `os.environ` calls.

use std::os::unix::ffi::{OsStrExt, OsStringExt};

use typhon_macros::pyfunction;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::{Context, PyResult, Ref, Value, audit};

use super::arguments::Settle;
use crate::path::Path;

/// Names and values as `bytes`; of a name that is there twice the first value counts.
pub(super) fn environ(cx: &Context) -> PyResult<Ref<Dict>> {
    let environ = Dict::new(cx)?;
    for (name, value) in std::env::vars_os() {
        let name = Bytes::from_slice(cx, &name.into_vec())?.into_value();
        let value = Bytes::from_slice(cx, &value.into_vec())?.into_value();
        environ.set_default(cx, &name, &value)?;
    }
    Ok(environ)
}

/// Create the environment dictionary.
#[pyfunction("_create_environ()")]
pub(super) fn create_environ(cx: &Context) -> PyResult<Ref<Dict>> {
    environ(cx)
}

fn as_os_str(path: &Path) -> &std::ffi::OsStr {
    std::ffi::OsStr::from_bytes(path.as_bytes())
}

fn no_name(cx: &Context) -> PyResult<()> {
    Err(rustix::io::Errno::INVAL).settle(cx)
}

/// Change or add an environment variable.
#[pyfunction("putenv(name, value, /)")]
pub(super) fn putenv(cx: &Context, name: &Value, value: &Value) -> PyResult<()> {
    let name = Path::convert(cx, "putenv", name)?;
    let value = Path::convert(cx, "putenv", value)?;
    if name.as_bytes().contains(&b'=') {
        return Err(cx.value_error("illegal environment variable name"));
    }
    if name.as_bytes().is_empty() {
        return no_name(cx);
    }
    audit::event(cx, "os.putenv", || {
        let bytes = |path: &Path| Ok(Bytes::from_slice(cx, path.as_bytes())?.into_value());
        Ok(vec![bytes(&name)?, bytes(&value)?])
    })?;
    // SAFETY: the standard library locks the environment against its own readers. As in every program,
    // libraries in C that read it at the same time are not protected.
    unsafe { std::env::set_var(as_os_str(&name), as_os_str(&value)) };
    Ok(())
}

/// Delete an environment variable.
#[pyfunction("unsetenv(name, /)")]
pub(super) fn unsetenv(cx: &Context, name: &Value) -> PyResult<()> {
    let name = Path::convert(cx, "unsetenv", name)?;
    if name.as_bytes().is_empty() || name.as_bytes().contains(&b'=') {
        return no_name(cx);
    }
    audit::event(cx, "os.unsetenv", || {
        Ok(vec![Bytes::from_slice(cx, name.as_bytes())?.into_value()])
    })?;
    // SAFETY: as in `putenv`.
    unsafe { std::env::remove_var(as_os_str(&name)) };
    Ok(())
}
