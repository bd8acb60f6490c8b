//! File descriptors, as Python has them: ints that anybody may close at any time.
//!
//! A number that is no open descriptor makes the system say EBADF, as in C; nothing in the interpreter
//! relies on a descriptor staying open. That is what makes borrowing any number sound here.

use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd, RawFd};

use rustix::io::{Errno, FdFlags};
use typhon_runtime::objects::exceptions::{self, os_error_from_errno};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::names;
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Raised, Value, warnings};

/// The descriptor with this number.
///
/// # Errors
/// EBADF for negative numbers.
#[inline]
pub fn borrow<'a>(number: RawFd) -> Result<BorrowedFd<'a>, Errno> {
    if number < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: the number is not -1; see the module's header for why it need not stay open.
    Ok(unsafe { BorrowedFd::borrow_raw(number) })
}

/// Closes a descriptor. Whatever the system says, it is closed afterwards.
///
/// # Errors
/// What the system says of the descriptor, or of data that could not be written.
pub fn close(number: RawFd) -> Result<(), Errno> {
    // SAFETY: see the module's header.
    if unsafe { libc::close(number) } == 0 {
        return Ok(());
    }
    match Errno::from_io_error(&std::io::Error::last_os_error()) {
        // Linux has closed it all the same.
        Some(Errno::INTR) | None => Ok(()),
        Some(error) => Err(error),
    }
}

/// The number of a descriptor that is now Python's to close.
pub fn give(descriptor: OwnedFd) -> RawFd {
    descriptor.into_raw_fd()
}

/// Whether the child of an `exec` gets the descriptor.
///
/// # Errors
/// EBADF.
pub fn set_inheritable(number: RawFd, inheritable: bool) -> Result<(), Errno> {
    let descriptor = borrow(number)?;
    let flags = rustix::io::fcntl_getfd(descriptor)?;
    let mut wanted = flags;
    wanted.set(FdFlags::CLOEXEC, !inheritable);
    if flags == wanted {
        Ok(())
    } else {
        rustix::io::fcntl_setfd(descriptor, wanted)
    }
}

/// Whether the child of an `exec` gets the descriptor.
///
/// # Errors
/// EBADF.
pub fn is_inheritable(number: RawFd) -> Result<bool, Errno> {
    Ok(!rustix::io::fcntl_getfd(borrow(number)?)?.contains(FdFlags::CLOEXEC))
}

/// Warns of what is True or False where a number is wanted.
///
/// # Errors
/// RuntimeWarning, where filters make it an error.
pub fn warn_of_bool(cx: &Context, value: &Value) -> PyResult<()> {
    if value.as_bool().is_none() {
        return Ok(());
    }
    let message = "bool is used as a file descriptor";
    warnings::warn(cx, exceptions::runtime_warning(), message, 1)
}

/// An argument that is a descriptor, or has a `fileno()`.
///
/// # Errors
/// TypeError for anything else, ValueError for negative numbers.
pub fn argument(cx: &Context, value: &Value) -> PyResult<RawFd> {
    let number = if int::is_int(value) {
        warn_of_bool(cx, value)?;
        c_int(cx, value)?
    } else if let Some(method) = attribute::find(cx, value, names::fileno())? {
        let number = call::call(cx, &method, &[])?;
        if !int::is_int(&number) {
            return Err(cx.type_error("fileno() returned a non-integer"));
        }
        c_int(cx, &number)?
    } else {
        return Err(cx.type_error("argument must be an int, or have a fileno() method."));
    };
    if number < 0 {
        return Err(cx.value_error(format!(
            "file descriptor cannot be a negative integer ({number})"
        )));
    }
    Ok(number)
}

/// An int as C's `int`.
///
/// # Errors
/// TypeError and OverflowError.
pub fn c_int(cx: &Context, value: &Value) -> PyResult<i32> {
    let number = int::index_as_i128(cx, value)?;
    i32::try_from(number).map_err(|_| {
        cx.overflow_error(if number > 0 {
            "signed integer is greater than maximum"
        } else {
            "signed integer is less than minimum"
        })
    })
}

/// OSError for what a system call said.
#[cold]
pub fn os_error(cx: &Context, error: Errno) -> Raised {
    os_error_from_errno(cx, error.raw_os_error(), None)
}

/// The result of a system call, its error raised.
///
/// # Errors
/// OSError.
#[inline]
pub fn checked<T>(cx: &Context, result: Result<T, Errno>) -> PyResult<T> {
    result.map_err(|error| os_error(cx, error))
}
