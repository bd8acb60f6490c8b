//! Terminals and pseudo-terminals.

use std::os::fd::RawFd;

use rustix::pty::OpenptFlags;
use typhon_macros::pyfunction;
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::{Context, PyResult, Ref, Value, codec};

use super::arguments::{Settle, outcome};
use crate::descriptor::{borrow, give};

/// `os.terminal_size`.
pub static TERMINAL_SIZE: Description = Description::new(
    "os",
    "terminal_size",
    "A tuple of (columns, lines) for holding terminal window size",
    &[
        ("columns", "width of the terminal window in characters"),
        ("lines", "height of the terminal window in characters"),
    ],
    2,
);

/// Return the size of the terminal window as (columns, lines).
///
/// The optional argument fd (default standard output) specifies
/// which file descriptor should be queried.
///
/// If the file descriptor is not connected to a terminal, an OSError
/// is thrown.
///
/// This function will only be defined if an implementation is
/// available for this system.
///
/// shutil.get_terminal_size is the high-level function which should
/// normally be used, os.get_terminal_size is the low-level implementation.
#[pyfunction("get_terminal_size(fd=1, /)")]
pub(super) fn get_terminal_size(cx: &Context, fd: i32) -> PyResult<Value> {
    let size = borrow(fd)
        .and_then(rustix::termios::tcgetwinsize)
        .settle(cx)?;
    TERMINAL_SIZE.instance(
        cx,
        vec![size.ws_col.into_value(cx)?, size.ws_row.into_value(cx)?],
    )
}

/// Return True if the fd is connected to a terminal.
///
/// Return True if the file descriptor is an open file descriptor
/// connected to the slave end of a terminal.
#[pyfunction("isatty(fd, /)")]
pub(super) fn isatty(cx: &Context, fd: i32) -> PyResult<bool> {
    Ok(cx.detached(|| borrow(fd).is_ok_and(rustix::termios::isatty)))
}

/// Return the name of the terminal device connected to 'fd'.
///
///   fd
///     Integer file descriptor handle.
#[pyfunction("ttyname(fd, /)")]
pub(super) fn ttyname(cx: &Context, fd: i32) -> PyResult<Ref<Str>> {
    let name = cx
        .detached(|| rustix::termios::ttyname(borrow(fd)?, Vec::new()))
        .settle(cx)?;
    codec::decode_file_name(cx, name.as_bytes())
}

/// Return the name of the controlling terminal for this process.
#[pyfunction("ctermid()")]
pub(super) fn ctermid(_cx: &Context) -> PyResult<&'static str> {
    Ok("/dev/tty")
}

/// Return a string describing the encoding of a terminal's file descriptor.
///
/// The file descriptor must be attached to a terminal.
/// If the device is not a terminal, return None.
#[pyfunction("device_encoding(fd)")]
pub(super) fn device_encoding(cx: &Context, fd: i32) -> PyResult<Option<&'static str>> {
    Ok(isatty(cx, fd)?.then_some("utf-8"))
}

/// Open a pseudo-terminal.
///
/// Return a tuple of (master_fd, slave_fd) containing open file descriptors
/// for both the master and slave ends.
#[pyfunction("openpty()")]
pub(super) fn openpty(cx: &Context) -> PyResult<Value> {
    let open = || {
        let master =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let flags =
            rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let slave = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty())?;
        Ok((master, slave))
    };
    let (master, slave) = cx.detached(open).settle(cx)?;
    super::pair(cx, give(master), give(slave))
}

/// Open and return a file descriptor for a master pseudo-terminal device.
///
/// Performs a posix_openpt() C function call. The oflag argument is used to
/// set file status flags and file access modes as specified in the manual page
/// of posix_openpt() of your system.
#[pyfunction("posix_openpt(oflag, /)")]
pub(super) fn posix_openpt(cx: &Context, oflag: i32) -> PyResult<RawFd> {
    let flags = OpenptFlags::from_bits_retain(oflag as u32) | OpenptFlags::CLOEXEC;
    cx.detached(|| rustix::pty::openpt(flags))
        .map(give)
        .settle(cx)
}

/// Grant access to the slave pseudo-terminal device.
///
///   fd
///     File descriptor of a master pseudo-terminal device.
///
/// Performs a grantpt() C function call.
#[pyfunction("grantpt(fd, /)")]
pub(super) fn grantpt(cx: &Context, fd: i32) -> PyResult<()> {
    cx.detached(|| rustix::pty::grantpt(borrow(fd)?)).settle(cx)
}

/// Unlock a pseudo-terminal master/slave pair.
///
///   fd
///     File descriptor of a master pseudo-terminal device.
///
/// Performs an unlockpt() C function call.
#[pyfunction("unlockpt(fd, /)")]
pub(super) fn unlockpt(cx: &Context, fd: i32) -> PyResult<()> {
    cx.detached(|| rustix::pty::unlockpt(borrow(fd)?))
        .settle(cx)
}

/// Return the name of the slave pseudo-terminal device.
///
///   fd
///     File descriptor of a master pseudo-terminal device.
///
/// If the ptsname_r() C function is available, it is called;
/// otherwise, performs a ptsname() C function call.
#[pyfunction("ptsname(fd, /)")]
pub(super) fn ptsname(cx: &Context, fd: i32) -> PyResult<Ref<Str>> {
    let name = cx
        .detached(|| rustix::pty::ptsname(borrow(fd)?, Vec::new()))
        .settle(cx)?;
    codec::decode_file_name(cx, name.as_bytes())
}

/// Prepare the tty of which fd is a file descriptor for a new login session.
///
/// Make the calling process a session leader; make the tty the
/// controlling tty, the stdin, the stdout, and the stderr of the
/// calling process; close fd.
#[pyfunction("login_tty(fd, /)")]
pub(super) fn login_tty(cx: &Context, fd: i32) -> PyResult<()> {
    // SAFETY: the call takes a number.
    outcome(unsafe { libc::login_tty(fd) }).map(drop).settle(cx)
}

/// Return the process group associated with the terminal specified by fd.
#[pyfunction("tcgetpgrp(fd, /)")]
pub(super) fn tcgetpgrp(cx: &Context, fd: i32) -> PyResult<i32> {
    // SAFETY: the call takes a number.
    outcome(unsafe { libc::tcgetpgrp(fd) }).settle(cx)
}

/// Set the process group associated with the terminal specified by fd.
#[pyfunction("tcsetpgrp(fd, pgid, /)")]
pub(super) fn tcsetpgrp(cx: &Context, fd: i32, pgid: i32) -> PyResult<()> {
    // SAFETY: the call takes numbers.
    outcome(unsafe { libc::tcsetpgrp(fd, pgid) })
        .map(drop)
        .settle(cx)
}
