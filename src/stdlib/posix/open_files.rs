//! Open files: descriptors, reading and writing through them, and what makes them.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::RawFd;

use rustix::buffer::spare_capacity;
use rustix::event::EventfdFlags;
use rustix::fs::{MemfdFlags, OFlags};
use rustix::io::{Errno, ReadWriteFlags, Result as SystemResult};
use rustix::pipe::{PipeFlags, SpliceFlags};
use typhon_macros::pyfunction;
use typhon_runtime::args::{FromArgument, IntoValue};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value, audit};

use super::arguments::{
    Directory, FileDescriptor, FilePath, Settle, length as byte_count, mode as mode_bits, outcome,
    returned_error,
};
use crate::blocking::retry;
use crate::bytes_like::BytesLike;
use crate::descriptor::{self, borrow, give};

/// Open a file for low level IO.  Returns a file descriptor (integer).
///
/// If dir_fd is not None, it should be a file descriptor open to a directory,
///   and path should be relative; path will then be relative to that directory.
#[pyfunction("open(path, flags, mode=511, *, dir_fd=None)")]
pub(super) fn open(
    cx: &Context,
    path: FilePath,
    flags: i32,
    mode: i32,
    dir_fd: Directory,
) -> PyResult<RawFd> {
    audit::event(cx, "open", || {
        let flags = (flags | libc::O_CLOEXEC).into_value(cx)?;
        Ok(vec![path.object().clone(), Value::NONE, flags])
    })?;
    let flags = OFlags::from_bits_retain(flags as u32) | OFlags::CLOEXEC;
    retry(cx, || {
        rustix::fs::openat(dir_fd.get()?, path.name(), flags, mode_bits(mode))
    })?
    .map(give)
    .about(cx, path.object())
}

/// Close a file descriptor.
#[pyfunction("close(fd)")]
pub(super) fn close(cx: &Context, fd: i32) -> PyResult<()> {
    cx.detached(|| descriptor::close(fd)).settle(cx)
}

/// Closes all file descriptors in [fd_low, fd_high), ignoring errors.
#[pyfunction("closerange(fd_low, fd_high, /)")]
pub(super) fn closerange(cx: &Context, low: i32, high: i32) -> PyResult<()> {
    let first = low.max(0);
    if high <= first {
        return Ok(());
    }
    cx.detached(|| {
        // SAFETY: the call takes two numbers and flags; which descriptors are closed is the program's business.
        let closed =
            unsafe { libc::syscall(libc::SYS_close_range, first as u32, (high - 1) as u32, 0) };
        if closed != 0 {
            for number in first..high {
                let _ = descriptor::close(number);
            }
        }
    });
    Ok(())
}

/// Return a duplicate of a file descriptor.
#[pyfunction("dup(fd, /)")]
pub(super) fn dup(cx: &Context, fd: i32) -> PyResult<RawFd> {
    cx.detached(|| rustix::io::fcntl_dupfd_cloexec(borrow(fd)?, 0))
        .map(give)
        .settle(cx)
}

/// Duplicate file descriptor.
#[pyfunction("dup2(fd, fd2, inheritable=True)")]
pub(super) fn dup2(cx: &Context, fd: i32, fd2: i32, inheritable: bool) -> PyResult<RawFd> {
    // SAFETY: both calls take numbers only.
    let copy = || unsafe {
        outcome(if inheritable {
            libc::dup2(fd, fd2)
        } else {
            libc::dup3(fd, fd2, libc::O_CLOEXEC)
        })
    };
    retry(cx, copy)?.settle(cx)
}

/// Set the position of a file descriptor.  Return the new position.
///
///   fd
///     An open file descriptor, as returned by os.open().
///   position
///     Position, interpreted relative to 'whence'.
///   whence
///     The relative position to seek from.
#[pyfunction("lseek(fd, position, whence, /)")]
pub(super) fn lseek(cx: &Context, fd: i32, position: i64, whence: i32) -> PyResult<i64> {
    // SAFETY: the call takes numbers only.
    cx.detached(|| unsafe { outcome(libc::lseek(fd, position, whence)) })
        .settle(cx)
}

/// A buffer for up to `length` bytes.
fn buffer(cx: &Context, length: usize) -> PyResult<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(length)
        .map_err(|_| cx.no_memory())?;
    Ok(buffer)
}

/// Read from a file descriptor.  Returns a bytes object.
#[pyfunction("read(fd, length, /)")]
pub(super) fn read(cx: &Context, fd: i32, length: isize) -> PyResult<Ref<Bytes>> {
    let length = byte_count(cx, length)?;
    let mut bytes = buffer(cx, length)?;
    if length == 0 {
        retry(cx, || rustix::io::read(borrow(fd)?, &mut [0u8; 0][..]))?.settle(cx)?;
    } else {
        retry(cx, || {
            rustix::io::read(borrow(fd)?, spare_capacity(&mut bytes))
        })?
        .settle(cx)?;
    }
    Bytes::from_slice(cx, &bytes)
}

/// A buffer to read into.
pub(super) struct Writable(BytesLike);

impl Writable {
    /// BufferError or TypeError (`message`) when it cannot be written.
    fn of(cx: &Context, value: &Value) -> PyResult<Writable> {
        let target = BytesLike::of(cx, value)?;
        if target.buffer().read_only {
            return Err(cx.buffer_error("Object is not writable."));
        }
        Ok(Writable(target))
    }
}

impl<'a> FromArgument<'a> for Writable {
    fn from_argument(
        cx: &Context,
        value: &'a Value,
        place: &typhon_runtime::args::Place,
    ) -> PyResult<Self> {
        const EXPECTED: &str = "read-write bytes-like object";
        if value.class().slots.buffer.get().is_none() {
            return Err(place.wrong_type(cx, EXPECTED, value));
        }
        let target = BytesLike::of(cx, value)?;
        if target.buffer().read_only {
            return Err(place.wrong_type(cx, EXPECTED, value));
        }
        Ok(Writable(target))
    }
}

/// Read into a buffer object from a file descriptor.
///
/// The buffer should be mutable and bytes-like. On success, returns the number of
/// bytes read. Less bytes may be read than the size of the buffer. The underlying
/// system call will be retried when interrupted by a signal, unless the signal
/// handler raises an exception. Other errors will not be retried and an error will
/// be raised.
///
/// Returns 0 if *fd* is at end of file or if the provided *buffer* has length 0
/// (which can be used to check for errors without reading data). Never returns
/// negative.
#[pyfunction("readinto(fd, buffer, /)")]
pub(super) fn readinto(cx: &Context, fd: i32, target: Writable) -> PyResult<usize> {
    let mut bytes = vec![0; target.0.len()];
    let count = retry(cx, || rustix::io::read(borrow(fd)?, &mut bytes[..]))?.settle(cx)?;
    target.0.buffer().write(0, &bytes[..count]);
    Ok(count)
}

/// Write a bytes object to a file descriptor.
#[pyfunction("write(fd, data, /)")]
pub(super) fn write(cx: &Context, fd: i32, data: BytesLike) -> PyResult<usize> {
    retry(cx, || rustix::io::write(borrow(fd)?, data.bytes()))?.settle(cx)
}

fn offset(cx: &Context, offset: i64) -> PyResult<u64> {
    u64::try_from(offset).map_err(|_| Errno::INVAL).settle(cx)
}

/// Read a number of bytes from a file descriptor starting at a particular offset.
///
/// Read length bytes from file descriptor fd, starting at offset bytes from
/// the beginning of the file.  The file offset remains unchanged.
#[pyfunction("pread(fd, length, offset, /)")]
pub(super) fn pread(cx: &Context, fd: i32, length: isize, at: i64) -> PyResult<Ref<Bytes>> {
    let length = byte_count(cx, length)?;
    let at = offset(cx, at)?;
    let mut bytes = buffer(cx, length.max(1))?;
    retry(cx, || {
        rustix::io::pread(borrow(fd)?, spare_capacity(&mut bytes), at)
    })?
    .settle(cx)?;
    bytes.truncate(length);
    Bytes::from_slice(cx, &bytes)
}

/// Write bytes to a file descriptor starting at a particular offset.
///
/// Write buffer to fd, starting at offset bytes from the beginning of
/// the file.  Returns the number of bytes written.  Does not change the
/// current file offset.
#[pyfunction("pwrite(fd, buffer, offset, /)")]
pub(super) fn pwrite(cx: &Context, fd: i32, data: BytesLike, at: i64) -> PyResult<usize> {
    let at = offset(cx, at)?;
    retry(cx, || rustix::io::pwrite(borrow(fd)?, data.bytes(), at))?.settle(cx)
}

/// The objects of an argument that must be a sequence.
fn sequence(cx: &Context, function: &str, value: &Value) -> PyResult<Vec<Value>> {
    if value.class().slots.item.get().is_none() && value.class().slots.subscript.get().is_none() {
        return Err(cx.type_error(format!("{function}() arg 2 must be a sequence")));
    }
    iterate::collect(cx, value)
}

/// Buffers to read into, one behind the other.
struct Scattered(Vec<Writable>);

impl Scattered {
    fn of(cx: &Context, function: &str, buffers: &Value) -> PyResult<Scattered> {
        let buffers = sequence(cx, function, buffers)?;
        buffers
            .iter()
            .map(|buffer| Writable::of(cx, buffer))
            .collect::<PyResult<_>>()
            .map(Scattered)
    }

    fn len(&self) -> usize {
        self.0.iter().map(|buffer| buffer.0.len()).sum()
    }

    /// Distributes what was read.
    fn fill(&self, mut bytes: &[u8]) {
        for buffer in &self.0 {
            let (mine, rest) = bytes.split_at(bytes.len().min(buffer.0.len()));
            buffer.0.buffer().write(0, mine);
            bytes = rest;
        }
    }

    /// Reads by `read` into memory that is contiguous, then distributes it.
    fn read(
        &self,
        cx: &Context,
        mut read: impl FnMut(&mut [u8]) -> SystemResult<usize>,
    ) -> PyResult<usize> {
        let mut bytes = vec![0; self.len()];
        let count = retry(cx, || read(&mut bytes))?.settle(cx)?;
        self.fill(&bytes[..count]);
        Ok(count)
    }
}

/// Read from a file descriptor fd into an iterable of buffers.
///
/// The buffers should be mutable buffers accepting bytes.
/// readv will transfer data into each buffer until it is full
/// and then move on to the next buffer in the sequence to hold
/// the rest of the data.
///
/// readv returns the total number of bytes read,
/// which may be less than the total capacity of all the buffers.
#[pyfunction("readv(fd, buffers, /)")]
pub(super) fn readv(cx: &Context, fd: i32, buffers: &Value) -> PyResult<usize> {
    let target = Scattered::of(cx, "readv", buffers)?;
    target.read(cx, |bytes| rustix::io::read(borrow(fd)?, bytes))
}

/// Reads from a file descriptor into a number of mutable bytes-like objects.
///
/// Combines the functionality of readv() and pread(). As readv(), it will
/// transfer data into each buffer until it is full and then move on to the next
/// buffer in the sequence to hold the rest of the data. Its fourth argument,
/// specifies the file offset at which the input operation is to be performed. It
/// will return the total number of bytes read (which can be less than the total
/// capacity of all the objects).
///
/// The flags argument contains a bitwise OR of zero or more of the following flags:
///
/// - RWF_HIPRI
/// - RWF_NOWAIT
#[pyfunction("preadv(fd, buffers, offset, flags=0, /)")]
pub(super) fn preadv(
    cx: &Context,
    fd: i32,
    buffers: &Value,
    at: i64,
    flags: i32,
) -> PyResult<usize> {
    let target = Scattered::of(cx, "preadv", buffers)?;
    let flags = ReadWriteFlags::from_bits_retain(flags as u32);
    target.read(cx, |bytes| {
        let at = u64::try_from(at).map_err(|_| Errno::INVAL)?;
        rustix::io::preadv2(borrow(fd)?, &mut [IoSliceMut::new(bytes)], at, flags)
    })
}

/// What is to be written from several objects.
fn gathered(cx: &Context, function: &str, buffers: &Value) -> PyResult<Vec<BytesLike>> {
    let buffers = sequence(cx, function, buffers)?;
    buffers
        .iter()
        .map(|buffer| BytesLike::of(cx, buffer))
        .collect()
}

fn slices(buffers: &[BytesLike]) -> Vec<IoSlice<'_>> {
    buffers
        .iter()
        .map(|buffer| IoSlice::new(buffer.bytes()))
        .collect()
}

/// Iterate over buffers, and write the contents of each to a file descriptor.
///
/// Returns the total number of bytes written.
/// buffers must be a sequence of bytes-like objects.
#[pyfunction("writev(fd, buffers, /)")]
pub(super) fn writev(cx: &Context, fd: i32, buffers: &Value) -> PyResult<usize> {
    let buffers = gathered(cx, "writev", buffers)?;
    let parts = slices(&buffers);
    retry(cx, || rustix::io::writev(borrow(fd)?, &parts))?.settle(cx)
}

/// Writes the contents of bytes-like objects to a file descriptor at a given offset.
///
/// Combines the functionality of writev() and pwrite(). All buffers must be a sequence
/// of bytes-like objects. Buffers are processed in array order. Entire contents of first
/// buffer is written before proceeding to second, and so on. The operating system may
/// set a limit (sysconf() value SC_IOV_MAX) on the number of buffers that can be used.
/// This function writes the contents of each object to the file descriptor and returns
/// the total number of bytes written.
///
/// The flags argument contains a bitwise OR of zero or more of the following flags:
///
/// - RWF_DSYNC
/// - RWF_SYNC
/// - RWF_APPEND
#[pyfunction("pwritev(fd, buffers, offset, flags=0, /)")]
pub(super) fn pwritev(
    cx: &Context,
    fd: i32,
    buffers: &Value,
    at: i64,
    flags: i32,
) -> PyResult<usize> {
    let buffers = gathered(cx, "pwritev", buffers)?;
    let parts = slices(&buffers);
    let flags = ReadWriteFlags::from_bits_retain(flags as u32);
    retry(cx, || {
        let at = u64::try_from(at).map_err(|_| Errno::INVAL)?;
        rustix::io::pwritev2(borrow(fd)?, &parts, at, flags)
    })?
    .settle(cx)
}

/// Copy count bytes from file descriptor in_fd to file descriptor out_fd.
#[pyfunction("sendfile(out_fd, in_fd, offset, count)")]
pub(super) fn sendfile(
    cx: &Context,
    out_fd: i32,
    in_fd: i32,
    offset: Option<i64>,
    count: isize,
) -> PyResult<usize> {
    let count = byte_count(cx, count)?;
    retry(cx, || {
        let mut at = offset
            .map(|at| u64::try_from(at).map_err(|_| Errno::INVAL))
            .transpose()?;
        rustix::fs::sendfile(borrow(out_fd)?, borrow(in_fd)?, at.as_mut(), count)
    })?
    .settle(cx)
}

/// The argument `count` of the calls that move data between descriptors.
fn moved_count(cx: &Context, count: isize) -> PyResult<usize> {
    usize::try_from(count).map_err(|_| cx.value_error("negative value for 'count' not allowed"))
}

/// Copy count bytes from one file descriptor to another.
///
///   src
///     Source file descriptor.
///   dst
///     Destination file descriptor.
///   count
///     Number of bytes to copy.
///   offset_src
///     Starting offset in src.
///   offset_dst
///     Starting offset in dst.
///
/// If offset_src is None, then src is read from the current position;
/// respectively for offset_dst.
#[pyfunction("copy_file_range(src, dst, count, offset_src=None, offset_dst=None)")]
pub(super) fn copy_file_range(
    cx: &Context,
    src: i32,
    dst: i32,
    count: isize,
    offset_src: Option<i64>,
    offset_dst: Option<i64>,
) -> PyResult<usize> {
    let count = moved_count(cx, count)?;
    retry(cx, || {
        let (mut from, mut to) = (
            offset_src.map(|at| at as u64),
            offset_dst.map(|at| at as u64),
        );
        rustix::fs::copy_file_range(
            borrow(src)?,
            from.as_mut(),
            borrow(dst)?,
            to.as_mut(),
            count,
        )
    })?
    .settle(cx)
}

/// Transfer count bytes from one pipe to a descriptor or vice versa.
///
///   src
///     Source file descriptor.
///   dst
///     Destination file descriptor.
///   count
///     Number of bytes to copy.
///   offset_src
///     Starting offset in src.
///   offset_dst
///     Starting offset in dst.
///   flags
///     Flags to modify the semantics of the call.
///
/// If offset_src is None, then src is read from the current position;
/// respectively for offset_dst. The offset associated to the file
/// descriptor that refers to a pipe must be None.
#[pyfunction("splice(src, dst, count, offset_src=None, offset_dst=None, flags=0)")]
pub(super) fn splice(
    cx: &Context,
    src: i32,
    dst: i32,
    count: isize,
    offset_src: Option<i64>,
    offset_dst: Option<i64>,
    flags: u32,
) -> PyResult<usize> {
    let count = moved_count(cx, count)?;
    let flags = SpliceFlags::from_bits_retain(flags);
    retry(cx, || {
        let (mut from, mut to) = (
            offset_src.map(|at| at as u64),
            offset_dst.map(|at| at as u64),
        );
        rustix::pipe::splice(
            borrow(src)?,
            from.as_mut(),
            borrow(dst)?,
            to.as_mut(),
            count,
            flags,
        )
    })?
    .settle(cx)
}

/// Create a pipe.
///
/// Returns a tuple of two file descriptors:
///   (read_fd, write_fd)
#[pyfunction("pipe()")]
pub(super) fn pipe(cx: &Context) -> PyResult<Value> {
    let ends = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).settle(cx)?;
    super::pair(cx, give(ends.0), give(ends.1))
}

/// Create a pipe with flags set atomically.
///
/// Returns a tuple of two file descriptors:
///   (read_fd, write_fd)
///
/// flags can be constructed by ORing together one or more of these values:
/// O_NONBLOCK, O_CLOEXEC.
#[pyfunction("pipe2(flags, /)")]
pub(super) fn pipe2(cx: &Context, flags: i32) -> PyResult<Value> {
    let ends = rustix::pipe::pipe_with(PipeFlags::from_bits_retain(flags as u32)).settle(cx)?;
    super::pair(cx, give(ends.0), give(ends.1))
}

/// Force write of fd to disk.
#[pyfunction("fsync(fd)")]
pub(super) fn fsync(cx: &Context, fd: FileDescriptor) -> PyResult<()> {
    retry(cx, || rustix::fs::fsync(borrow(fd.0)?))?.settle(cx)
}

/// Force write of fd to disk without forcing update of metadata.
#[pyfunction("fdatasync(fd)")]
pub(super) fn fdatasync(cx: &Context, fd: FileDescriptor) -> PyResult<()> {
    retry(cx, || rustix::fs::fdatasync(borrow(fd.0)?))?.settle(cx)
}

/// Force write of everything to disk.
#[pyfunction("sync()")]
pub(super) fn sync(cx: &Context) -> PyResult<()> {
    cx.detached(rustix::fs::sync);
    Ok(())
}

/// Apply, test or remove a POSIX lock on an open file descriptor.
///
///   fd
///     An open file descriptor.
///   command
///     One of F_LOCK, F_TLOCK, F_ULOCK or F_TEST.
///   length
///     The number of bytes to lock, starting at the current position.
#[pyfunction("lockf(fd, command, length, /)")]
pub(super) fn lockf(cx: &Context, fd: i32, command: i32, length: i64) -> PyResult<()> {
    // SAFETY: the call takes numbers only.
    retry(cx, || unsafe { outcome(libc::lockf(fd, command, length)) })?
        .map(drop)
        .settle(cx)
}

/// Announce an intention to access data in a specific pattern.
///
/// Announce an intention to access data in a specific pattern, thus allowing
/// the kernel to make optimizations.
/// The advice applies to the region of the file specified by fd starting at
/// offset and continuing for length bytes.
/// advice is one of POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL,
/// POSIX_FADV_RANDOM, POSIX_FADV_NOREUSE, POSIX_FADV_WILLNEED, or
/// POSIX_FADV_DONTNEED.
#[pyfunction("posix_fadvise(fd, offset, length, advice, /)")]
pub(super) fn posix_fadvise(
    cx: &Context,
    fd: i32,
    offset: i64,
    length: i64,
    advice: i32,
) -> PyResult<()> {
    // SAFETY: the call takes numbers only.
    retry(cx, || unsafe {
        returned_error(libc::posix_fadvise(fd, offset, length, advice))
    })?
    .settle(cx)
}

/// Ensure a file has allocated at least a particular number of bytes on disk.
///
/// Ensure that the file specified by fd encompasses a range of bytes
/// starting at offset bytes from the beginning and continuing for length bytes.
#[pyfunction("posix_fallocate(fd, offset, length, /)")]
pub(super) fn posix_fallocate(cx: &Context, fd: i32, offset: i64, length: i64) -> PyResult<()> {
    // SAFETY: the call takes numbers only.
    retry(cx, || unsafe {
        returned_error(libc::posix_fallocate(fd, offset, length))
    })?
    .settle(cx)
}

/// Get the close-on-exe flag of the specified file descriptor.
#[pyfunction("get_inheritable(fd, /)")]
pub(super) fn get_inheritable(cx: &Context, fd: i32) -> PyResult<bool> {
    descriptor::is_inheritable(fd).settle(cx)
}

/// Set the inheritable flag of the specified file descriptor.
#[pyfunction("set_inheritable(fd, inheritable, /)")]
pub(super) fn set_inheritable(cx: &Context, fd: i32, inheritable: i32) -> PyResult<()> {
    descriptor::set_inheritable(fd, inheritable != 0).settle(cx)
}

/// Get the blocking mode of the file descriptor.
///
/// Return False if the O_NONBLOCK flag is set, True if the flag is cleared.
#[pyfunction("get_blocking(fd, /)")]
pub(super) fn get_blocking(cx: &Context, fd: i32) -> PyResult<bool> {
    let flags = borrow(fd).and_then(rustix::fs::fcntl_getfl).settle(cx)?;
    Ok(!flags.contains(OFlags::NONBLOCK))
}

/// Set the blocking mode of the specified file descriptor.
///
/// Set the O_NONBLOCK flag if blocking is False,
/// clear the O_NONBLOCK flag otherwise.
#[pyfunction("set_blocking(fd, blocking, /)")]
pub(super) fn set_blocking(cx: &Context, fd: i32, blocking: bool) -> PyResult<()> {
    let change = || {
        let file = borrow(fd)?;
        let flags = rustix::fs::fcntl_getfl(file)?;
        let mut wanted = flags;
        wanted.set(OFlags::NONBLOCK, !blocking);
        if flags == wanted {
            Ok(())
        } else {
            rustix::fs::fcntl_setfl(file, wanted)
        }
    };
    change().settle(cx)
}

/// The name of an object in memory: no null byte in it.
fn memory_name(cx: &Context, name: &Value) -> PyResult<crate::path::Path> {
    crate::path::Path::convert(cx, "memfd_create", name)
}

#[pyfunction("memfd_create(name, flags=1)")]
pub(super) fn memfd_create(cx: &Context, name: &Value, flags: u32) -> PyResult<RawFd> {
    let name = memory_name(cx, name)?;
    let flags = MemfdFlags::from_bits_retain(flags);
    cx.detached(|| rustix::fs::memfd_create(name.as_c_str(), flags))
        .map(give)
        .settle(cx)
}

/// An unsigned number of C.
pub(super) struct Unsigned(u32);

impl<'a> FromArgument<'a> for Unsigned {
    fn from_argument(
        cx: &Context,
        value: &'a Value,
        _: &typhon_runtime::args::Place,
    ) -> PyResult<Self> {
        let number = typhon_runtime::objects::int::index_as_i128(cx, value)?;
        if number < 0 {
            return Err(cx.value_error("Cannot convert negative int"));
        }
        u32::try_from(number)
            .map(Unsigned)
            .map_err(|_| cx.overflow_error("Python int too large for C unsigned int"))
    }
}

/// Creates and returns an event notification file descriptor.
#[pyfunction("eventfd(initval, flags=524288)")]
pub(super) fn eventfd(cx: &Context, initval: Unsigned, flags: i32) -> PyResult<RawFd> {
    let flags = EventfdFlags::from_bits_retain(flags as u32);
    cx.detached(|| rustix::event::eventfd(initval.0, flags))
        .map(give)
        .settle(cx)
}

/// Read eventfd value
#[pyfunction("eventfd_read(fd)")]
pub(super) fn eventfd_read(cx: &Context, fd: FileDescriptor) -> PyResult<u64> {
    let mut number = [0; 8];
    let read = cx
        .detached(|| rustix::io::read(borrow(fd.0)?, &mut number[..]))
        .settle(cx)?;
    if read == 8 {
        Ok(u64::from_ne_bytes(number))
    } else {
        Err(Errno::INVAL).settle(cx)
    }
}

/// Write eventfd value.
#[pyfunction("eventfd_write(fd, value)")]
pub(super) fn eventfd_write(cx: &Context, fd: FileDescriptor, value: u64) -> PyResult<()> {
    cx.detached(|| rustix::io::write(borrow(fd.0)?, &value.to_ne_bytes()))
        .map(drop)
        .settle(cx)
}
