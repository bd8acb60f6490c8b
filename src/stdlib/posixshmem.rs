//! `_posixshmem`: names of shared memory, for `multiprocessing.shared_memory`.

use std::os::fd::IntoRawFd;

use rustix::fs::Mode;
use rustix::shm::{self, OFlags};
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context, PyResult, Raised, Ref};

use crate::blocking;

/// POSIX shared memory module
#[pymodule(name = "_posixshmem", functions(shm_open, shm_unlink))]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

#[cold]
fn failed(cx: &Context, error: rustix::io::Errno, path: &Ref<Str>) -> Raised {
    exceptions::os_error_from_errno(cx, error.raw_os_error(), Some(path.as_value()))
}

fn name(cx: &Context, path: &Ref<Str>) -> PyResult<String> {
    let name = path.to_utf8(cx)?;
    if name.contains('\0') {
        return Err(cx.value_error("embedded null character"));
    }
    Ok(name.into_owned())
}

/// Open a shared memory object.  Returns a file descriptor (integer).
#[pyfunction("shm_open(path, flags, mode=511)")]
fn shm_open(cx: &Context, path: &Ref<Str>, flags: i32, mode: i32) -> PyResult<i32> {
    let name = name(cx, path)?;
    let flags = OFlags::from_bits_retain(flags as u32);
    let mode = Mode::from_bits_retain(mode as u32);
    match blocking::retry(cx, || shm::open(name.as_str(), flags, mode))? {
        Ok(file) => Ok(file.into_raw_fd()),
        Err(error) => Err(failed(cx, error, path)),
    }
}

/// Remove a shared memory object (similar to unlink()).
///
/// Remove a shared memory object name, and, once all processes have
/// unmapped the object, de-allocates and destroys the contents of the
/// associated memory region.
#[pyfunction("shm_unlink(path, /)")]
fn shm_unlink(cx: &Context, path: &Ref<Str>) -> PyResult<()> {
    let name = name(cx, path)?;
    blocking::retry(cx, || shm::unlink(name.as_str()))?.map_err(|error| failed(cx, error, path))
}
