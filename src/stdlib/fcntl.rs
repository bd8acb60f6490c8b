//! `fcntl`: what can be asked of, and done to, an open descriptor.
//!
//! An argument that is a buffer is copied to memory of its own with room to spare, since the system
//! knows better than the caller how much a request writes; too small a copy is found by a mark behind it.

use std::os::fd::RawFd;

use rustix::io::{Errno, Result as SystemResult};
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, IntoValue, Maybe, Place};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::buffer;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::blocking;
use crate::bytes_like::BytesLike;
use crate::descriptor::{self, checked};

macro_rules! from_libc {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64),)*] };
}

static CONSTANTS: &[(&str, i64)] = from_libc! {
    LOCK_SH LOCK_EX LOCK_NB LOCK_UN F_DUPFD F_DUPFD_CLOEXEC F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK
    F_SETLK F_SETLKW F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW F_GETOWN F_SETOWN F_RDLCK F_WRLCK F_UNLCK
    FD_CLOEXEC F_ADD_SEALS F_GET_SEALS F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_GROW F_SEAL_WRITE
    F_SETLEASE F_GETLEASE F_NOTIFY F_SETPIPE_SZ F_GETPIPE_SZ
};

/// What the `libc` crate leaves out, or has with the sign of C's int.
static OTHERS: &[(&str, i64)] = &[
    ("DN_ACCESS", 1),
    ("DN_ATTRIB", 32),
    ("DN_CREATE", 4),
    ("DN_DELETE", 8),
    ("DN_MODIFY", 2),
    ("DN_RENAME", 16),
    ("DN_MULTISHOT", 0x8000_0000),
    ("FASYNC", 0o20000),
    ("FICLONE", 0x4004_9409),
    ("FICLONERANGE", 0x4020_940d),
    ("F_DUPFD_QUERY", 1027),
    ("F_EXLCK", 4),
    ("F_GETLK64", 5),
    ("F_GETOWN_EX", 16),
    ("F_GETSIG", 11),
    ("F_GET_FILE_RW_HINT", 1037),
    ("F_GET_RW_HINT", 1035),
    ("F_OWNER_PGRP", 2),
    ("F_OWNER_PID", 1),
    ("F_OWNER_TID", 0),
    ("F_SEAL_FUTURE_WRITE", 16),
    ("F_SETLK64", 6),
    ("F_SETLKW64", 7),
    ("F_SETOWN_EX", 15),
    ("F_SETSIG", 10),
    ("F_SET_FILE_RW_HINT", 1038),
    ("F_SET_RW_HINT", 1036),
    ("F_SHLCK", 8),
    ("LOCK_MAND", 32),
    ("LOCK_READ", 64),
    ("LOCK_RW", 192),
    ("LOCK_WRITE", 128),
    ("RWH_WRITE_LIFE_EXTREME", 5),
    ("RWH_WRITE_LIFE_LONG", 4),
    ("RWH_WRITE_LIFE_MEDIUM", 3),
    ("RWH_WRITE_LIFE_NONE", 1),
    ("RWH_WRITE_LIFE_NOT_SET", 0),
    ("RWH_WRITE_LIFE_SHORT", 2),
];

/// The longest argument that is copied.
const LONGEST: usize = 1024;
/// Behind the copy: must be there after the call.
const MARK: [u8; 8] = *b"\xa5\x5a\xc3\x3c\x96\x69\xf0\x0f";

/// This module performs file control and I/O control on file
/// descriptors.  It is an interface to the fcntl() and ioctl() Unix
/// routines.  File descriptors can be obtained with the fileno() method of
/// a file or socket object.
#[pymodule(name = "fcntl", functions(fcntl, ioctl, flock, lockf))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for (name, value) in CONSTANTS.iter().chain(OTHERS) {
        module::add(cx, this, name, *value)?;
    }
    Ok(())
}

/// An open file: a number, or something with `fileno()`.
struct File(RawFd);

impl<'a> FromArgument<'a> for File {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        descriptor::argument(cx, value).map(File)
    }
}

/// An answer of -1 is an error.
fn outcome(answer: i32) -> SystemResult<i32> {
    if answer == -1 {
        Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL))
    } else {
        Ok(answer)
    }
}

/// An int of any sign whose low 32 bits are what counts.
fn masked(cx: &Context, value: &Value) -> PyResult<u32> {
    Ok(int::index_as_i128(cx, value)? as u32)
}

/// What the third argument is.
enum Argument {
    Number(u32),
    /// The bytes with [`MARK`] behind them, and their length.
    Bytes(Vec<u8>, usize),
}

fn marked(bytes: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(LONGEST + MARK.len());
    copy.extend_from_slice(bytes);
    copy.extend_from_slice(&MARK);
    copy.resize(LONGEST + MARK.len(), 0);
    copy
}

fn is_intact(bytes: &[u8], length: usize) -> bool {
    bytes[length..].starts_with(&MARK)
}

fn argument(cx: &Context, function: &str, value: Option<&Value>) -> PyResult<Argument> {
    let Some(value) = value else {
        return Ok(Argument::Number(0));
    };
    if value.class().slots.index.get().is_some() {
        return masked(cx, value).map(Argument::Number);
    }
    let bytes = if let Some(text) = value.downcast::<Str>() {
        text.to_utf8(cx)?.as_bytes().to_vec()
    } else if buffer::has_buffer(value) {
        BytesLike::of(cx, value)?.bytes().to_vec()
    } else {
        let got = value.type_name_for_argument();
        return Err(cx.type_error(format!(
            "{function}() argument 3 must be an integer, a bytes-like object, or a string, not {got}"
        )));
    };
    if bytes.len() > LONGEST {
        return Err(cx.value_error(format!("{function} argument 3 is too long")));
    }
    let length = bytes.len();
    Ok(Argument::Bytes(marked(&bytes), length))
}

/// Perform the operation cmd on file descriptor fd.
///
/// The values used for cmd are operating system dependent, and are
/// available as constants in the fcntl module, using the same names as used
/// in the relevant C header files.  The argument arg is optional, and
/// defaults to 0; it may be an integer, a bytes-like object or a string.
/// If arg is given as a string, it will be encoded to binary using the
/// UTF-8 encoding.
///
/// If the arg given is an integer or if none is specified, the result value
/// is an integer corresponding to the return value of the fcntl() call in
/// the C code.
///
/// If arg is given as a bytes-like object, the return value of fcntl() is a
/// bytes object of that length, containing the resulting value put in the
/// arg buffer by the operating system.  The length of the arg buffer is not
/// allowed to exceed 1024 bytes.
#[pyfunction("fcntl(fd, cmd, arg=0, /)")]
fn fcntl(cx: &Context, fd: File, cmd: i32, arg: Maybe<&Value>) -> PyResult<Value> {
    match argument(cx, "fcntl", arg.0)? {
        Argument::Number(number) => {
            let answer = blocking::retry(cx, || {
                // SAFETY: an operation that takes a pointer gets a number that is none of memory that
                // it may use, and the system says EFAULT.
                outcome(unsafe { libc::fcntl(fd.0, cmd, number as libc::c_int) })
            })?;
            checked(cx, answer)?.into_value(cx)
        }
        Argument::Bytes(mut bytes, length) => {
            let answer = blocking::retry(cx, || {
                // SAFETY: the memory is larger than any of the operations' structures.
                outcome(unsafe { libc::fcntl(fd.0, cmd, bytes.as_mut_ptr()) })
            })?;
            checked(cx, answer)?;
            if !is_intact(&bytes, length) {
                return Err(cx.system_error("buffer overflow"));
            }
            Bytes::from_slice(cx, &bytes[..length]).map(Ref::into_value)
        }
    }
}

/// Perform the operation request on file descriptor fd.
///
/// The values used for request are operating system dependent, and are
/// available as constants in the fcntl or termios library modules, using
/// the same names as used in the relevant C header files.
///
/// The argument arg is optional, and defaults to 0; it may be an integer, a
/// bytes-like object or a string.  If arg is given as a string, it will be
/// encoded to binary using the UTF-8 encoding.
///
/// If the arg given is an integer or if none is specified, the result value
/// is an integer corresponding to the return value of the ioctl() call in
/// the C code.
///
/// If the argument is a mutable buffer (such as a bytearray) and the
/// mutate_flag argument is true (default) then the buffer is (in effect)
/// passed to the operating system and changes made by the OS will be
/// reflected in the contents of the buffer after the call has returned.
/// The return value is the integer returned by the ioctl() system call.
///
/// If the argument is a mutable buffer and the mutable_flag argument is
/// false, the behavior is as if an immutable buffer had been passed.
///
/// If the argument is an immutable buffer then a copy of the buffer is
/// passed to the operating system and the return value is a bytes object of
/// the same length containing whatever the operating system put in the
/// buffer.  The length of the arg buffer in this case is not allowed to
/// exceed 1024 bytes.
#[pyfunction("ioctl(fd, request, arg=0, mutate_flag=True, /)")]
fn ioctl(
    cx: &Context,
    fd: File,
    request: &Value,
    arg: Maybe<&Value>,
    mutate_flag: bool,
) -> PyResult<Value> {
    let request = libc::Ioctl::from(masked(cx, request)?);
    if let Some(value) = arg.0
        && mutate_flag
        && value.downcast::<Str>().is_none()
        && value.class().slots.index.get().is_none()
        && let Some(exported) = buffer::find_buffer(cx, value)?
        && !exported.read_only
    {
        let length = exported.length;
        let mut bytes = exported.to_vec();
        bytes.extend_from_slice(&MARK);
        bytes.resize(bytes.len().max(LONGEST + MARK.len()), 0);
        // SAFETY: the memory is larger than the structures of requests.
        let answer =
            cx.detached(|| outcome(unsafe { libc::ioctl(fd.0, request, bytes.as_mut_ptr()) }));
        let answer = checked(cx, answer)?;
        exported.write(0, &bytes[..length]);
        if !is_intact(&bytes, length) {
            return Err(cx.system_error("buffer overflow"));
        }
        return answer.into_value(cx);
    }
    match argument(cx, "ioctl", arg.0)? {
        Argument::Number(number) => {
            // SAFETY: as in `fcntl`.
            let answer =
                cx.detached(|| outcome(unsafe { libc::ioctl(fd.0, request, number as usize) }));
            checked(cx, answer)?.into_value(cx)
        }
        Argument::Bytes(mut bytes, length) => {
            // SAFETY: as above.
            let answer =
                cx.detached(|| outcome(unsafe { libc::ioctl(fd.0, request, bytes.as_mut_ptr()) }));
            checked(cx, answer)?;
            if !is_intact(&bytes, length) {
                return Err(cx.system_error("buffer overflow"));
            }
            Bytes::from_slice(cx, &bytes[..length]).map(Ref::into_value)
        }
    }
}

/// Perform the lock operation on file descriptor fd.
///
/// See the Unix manual page for flock(2) for details (On some systems, this
/// function is emulated using fcntl()).
#[pyfunction("flock(fd, operation, /)")]
fn flock(cx: &Context, fd: File, operation: i32) -> PyResult<()> {
    // SAFETY: the call takes numbers.
    let answer = blocking::retry(cx, || outcome(unsafe { libc::flock(fd.0, operation) }))?;
    checked(cx, answer).map(drop)
}

/// A wrapper around the fcntl() locking calls.
///
/// fd is the file descriptor of the file to lock or unlock, and operation
/// is one of the following values:
///
///     LOCK_UN - unlock
///     LOCK_SH - acquire a shared lock
///     LOCK_EX - acquire an exclusive lock
///
/// When operation is LOCK_SH or LOCK_EX, it can also be bitwise ORed with
/// LOCK_NB to avoid blocking on lock acquisition.  If LOCK_NB is used and
/// the lock cannot be acquired, an OSError will be raised and the exception
/// will have an errno attribute set to EACCES or EAGAIN (depending on the
/// operating system -- for portability, check for either value).
///
/// len is the number of bytes to lock, with the default meaning to lock to
/// EOF.  start is the byte offset, relative to whence, to that the lock
/// starts.  whence is as with fileobj.seek(), specifically:
///
///     0 - relative to the start of the file (SEEK_SET)
///     1 - relative to the current buffer position (SEEK_CUR)
///     2 - relative to the end of the file (SEEK_END)
#[pyfunction("lockf(fd, cmd, len=0, start=0, whence=0, /)")]
fn lockf(cx: &Context, fd: File, cmd: i32, len: i64, start: i64, whence: i32) -> PyResult<()> {
    let kind = match cmd {
        libc::LOCK_UN => libc::F_UNLCK,
        cmd if cmd & libc::LOCK_SH != 0 => libc::F_RDLCK,
        cmd if cmd & libc::LOCK_EX != 0 => libc::F_WRLCK,
        _ => return Err(cx.value_error("unrecognized lockf argument")),
    };
    let operation = if cmd & libc::LOCK_NB != 0 {
        libc::F_SETLK
    } else {
        libc::F_SETLKW
    };
    // SAFETY: all fields are numbers.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as i16;
    lock.l_whence = whence as i16;
    lock.l_start = start;
    lock.l_len = len;
    let answer = blocking::retry(cx, || {
        // SAFETY: the lock is a local.
        outcome(unsafe { libc::fcntl(fd.0, operation, &lock) })
    })?;
    checked(cx, answer).map(drop)
}
