//! Names and properties of files: links, modes, owners, times, extended attributes.

use rustix::fs::{Access, AtFlags, Timespec, Timestamps, XattrFlags};
use rustix::io::{Errno, Result as SystemResult};
use typhon_macros::pyfunction;
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::number;
use typhon_runtime::{Context, PyResult, Ref, Value, audit, codec};

use super::arguments::{
    Directory, File, FileOrNone, FilePath, Group, Refers, Settle, User, mode as mode_bits, outcome,
};
use crate::bytes_like::BytesLike;
use crate::descriptor;
use crate::time::span::{self, Rounding};

fn no_follow(follow_symlinks: bool) -> AtFlags {
    if follow_symlinks {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    }
}

fn remove_name(cx: &Context, path: &FilePath, dir_fd: &Directory, flags: AtFlags) -> PyResult<()> {
    let event = if flags.contains(AtFlags::REMOVEDIR) {
        "os.rmdir"
    } else {
        "os.remove"
    };
    audit::event(cx, event, || Ok(vec![path.object().clone(), dir_fd.told()]))?;
    cx.detached(|| rustix::fs::unlinkat(dir_fd.get()?, path.name(), flags))
        .about(cx, path.object())
}

/// Remove a file (same as remove()).
///
/// If dir_fd is not None, it should be a file descriptor open to a directory,
///   and path should be relative; path will then be relative to that directory.
#[pyfunction("unlink(path, *, dir_fd=None)")]
pub(super) fn unlink(cx: &Context, path: FilePath, dir_fd: Directory) -> PyResult<()> {
    remove_name(cx, &path, &dir_fd, AtFlags::empty())
}

/// Remove a file (same as unlink()).
///
/// If dir_fd is not None, it should be a file descriptor open to a directory,
///   and path should be relative; path will then be relative to that directory.
#[pyfunction("remove(path, *, dir_fd=None)")]
pub(super) fn remove(cx: &Context, path: FilePath, dir_fd: Directory) -> PyResult<()> {
    remove_name(cx, &path, &dir_fd, AtFlags::empty())
}

/// Remove a directory.
///
/// If dir_fd is not None, it should be a file descriptor open to a directory,
///   and path should be relative; path will then be relative to that directory.
#[pyfunction("rmdir(path, *, dir_fd=None)")]
pub(super) fn rmdir(cx: &Context, path: FilePath, dir_fd: Directory) -> PyResult<()> {
    remove_name(cx, &path, &dir_fd, AtFlags::REMOVEDIR)
}

/// Create a directory.
///
/// If dir_fd is not None, it should be a file descriptor open to a directory,
///   and path should be relative; path will then be relative to that directory.
#[pyfunction("mkdir(path, mode=511, *, dir_fd=None)")]
pub(super) fn mkdir(cx: &Context, path: FilePath, mode: i32, dir_fd: Directory) -> PyResult<()> {
    audit::event(cx, "os.mkdir", || {
        let mode = mode.into_value(cx)?;
        Ok(vec![path.object().clone(), mode, dir_fd.told()])
    })?;
    cx.detached(|| rustix::fs::mkdirat(dir_fd.get()?, path.name(), mode_bits(mode)))
        .about(cx, path.object())
}

/// Tells audit hooks of something that is done with two names.
fn told_of_both(
    cx: &Context,
    event: &str,
    names: [&FilePath; 2],
    directories: [&Directory; 2],
) -> PyResult<()> {
    audit::event(cx, event, || {
        let mut told: Vec<Value> = names.map(|name| name.object().clone()).into();
        told.extend(directories.map(Directory::told));
        Ok(told)
    })
}

fn move_file(
    cx: &Context,
    src: &FilePath,
    dst: &FilePath,
    from: &Directory,
    to: &Directory,
) -> PyResult<()> {
    told_of_both(cx, "os.rename", [src, dst], [from, to])?;
    cx.detached(|| rustix::fs::renameat(from.get()?, src.name(), to.get()?, dst.name()))
        .about_both(cx, src.object(), dst.object())
}

/// Rename a file or directory.
///
/// If either src_dir_fd or dst_dir_fd is not None, it should be a file
///   descriptor open to a directory, and the respective path string (src or dst)
///   should be relative; the path will then be relative to that directory.
#[pyfunction("rename(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
pub(super) fn rename(
    cx: &Context,
    src: FilePath,
    dst: FilePath,
    src_dir_fd: Directory,
    dst_dir_fd: Directory,
) -> PyResult<()> {
    move_file(cx, &src, &dst, &src_dir_fd, &dst_dir_fd)
}

/// Rename a file or directory, overwriting the destination.
///
/// If either src_dir_fd or dst_dir_fd is not None, it should be a file
///   descriptor open to a directory, and the respective path string (src or dst)
///   should be relative; the path will then be relative to that directory.
#[pyfunction("replace(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
pub(super) fn replace(
    cx: &Context,
    src: FilePath,
    dst: FilePath,
    src_dir_fd: Directory,
    dst_dir_fd: Directory,
) -> PyResult<()> {
    move_file(cx, &src, &dst, &src_dir_fd, &dst_dir_fd)
}

/// Create a hard link to a file.
///
/// If either src_dir_fd or dst_dir_fd is not None, it should be a file
///   descriptor open to a directory, and the respective path string (src or dst)
///   should be relative; the path will then be relative to that directory.
/// If follow_symlinks is False, and the last element of src is a symbolic
///   link, link will create a link to the symbolic link itself instead of the
///   file the link points to.
#[pyfunction("link(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)")]
pub(super) fn link(
    cx: &Context,
    src: FilePath,
    dst: FilePath,
    src_dir_fd: Directory,
    dst_dir_fd: Directory,
    follow_symlinks: bool,
) -> PyResult<()> {
    told_of_both(cx, "os.link", [&src, &dst], [&src_dir_fd, &dst_dir_fd])?;
    let flags = if follow_symlinks {
        AtFlags::SYMLINK_FOLLOW
    } else {
        AtFlags::empty()
    };
    cx.detached(|| {
        rustix::fs::linkat(
            src_dir_fd.get()?,
            src.name(),
            dst_dir_fd.get()?,
            dst.name(),
            flags,
        )
    })
    .about_both(cx, src.object(), dst.object())
}

/// Create a symbolic link pointing to src named dst.
///
/// target_is_directory is required on Windows if the target is to be
///   interpreted as a directory.  On other platforms it is ignored.
///
/// If dir_fd is not None, it should be a file descriptor open to a directory,
///   and path should be relative; path will then be relative to that directory.
#[pyfunction("symlink(src, dst, target_is_directory=False, *, dir_fd=None)")]
pub(super) fn symlink(
    cx: &Context,
    src: FilePath,
    dst: FilePath,
    _target_is_directory: bool,
    dir_fd: Directory,
) -> PyResult<()> {
    audit::event(cx, "os.symlink", || {
        let names = [src.object().clone(), dst.object().clone()];
        Ok(names.into_iter().chain([dir_fd.told()]).collect())
    })?;
    cx.detached(|| rustix::fs::symlinkat(src.name(), dir_fd.get()?, dst.name()))
        .about_both(cx, src.object(), dst.object())
}

/// Return a string representing the path to which the symbolic link points.
///
/// If dir_fd is not None, it should be a file descriptor open to a directory,
/// and path should be relative; path will then be relative to that directory.
#[pyfunction("readlink(path, *, dir_fd=None)")]
pub(super) fn readlink(cx: &Context, path: FilePath, dir_fd: Directory) -> PyResult<Value> {
    let target = cx.detached(|| rustix::fs::readlinkat(dir_fd.get()?, path.name(), Vec::new()));
    path.path()
        .like(cx, target.about(cx, path.object())?.as_bytes())
}

/// Use the real uid/gid to test for access to a path.
///
/// Note that most operations will use the effective uid/gid, therefore this
///   routine can be used in a suid/sgid environment to test if the invoking user
///   has the specified access to the path.
#[pyfunction("access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)")]
pub(super) fn access(
    cx: &Context,
    path: FilePath,
    mode: i32,
    dir_fd: Directory,
    effective_ids: bool,
    follow_symlinks: bool,
) -> PyResult<bool> {
    let mut flags = no_follow(follow_symlinks);
    flags.set(AtFlags::EACCESS, effective_ids);
    let wanted = Access::from_bits_retain(mode as u32);
    Ok(cx
        .detached(|| rustix::fs::accessat(dir_fd.get()?, path.name(), wanted, flags))
        .is_ok())
}

/// Change the access permissions of a file.
///
///   path
///     Path to be modified.  May always be specified as a str, bytes, or a path-like object.
///     On some platforms, path may also be specified as an open file descriptor.
///   mode
///     Operating-system mode bitfield.
///   dir_fd
///     If not None, it should be a file descriptor open to a directory,
///     and path should be relative; path will then be relative to that
///     directory.
///   follow_symlinks
///     If False, and the last element of the path is a symbolic link,
///     chmod will modify the symbolic link itself instead of the file
///     the link points to.
#[pyfunction("chmod(path, mode, *, dir_fd=None, follow_symlinks=True)")]
pub(super) fn chmod(
    cx: &Context,
    path: File,
    mode: i32,
    dir_fd: Directory,
    follow_symlinks: bool,
) -> PyResult<()> {
    audit::event(cx, "os.chmod", || {
        let mode = mode.into_value(cx)?;
        Ok(vec![path.object.clone(), mode, dir_fd.told()])
    })?;
    let flags = if follow_symlinks {
        0
    } else {
        libc::AT_SYMLINK_NOFOLLOW
    };
    let done = cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => {
            rustix::fs::fchmod(descriptor::borrow(number)?, mode_bits(mode))
        }
        // The C library knows how to do it to a symbolic link.
        // SAFETY: the name ends with a null byte.
        Refers::Path(name) => unsafe {
            outcome(libc::fchmodat(
                dir_fd.raw(),
                name.as_ptr(),
                mode as libc::mode_t,
                flags,
            ))
            .map(drop)
        },
    });
    if done == Err(Errno::OPNOTSUPP) && !follow_symlinks && !path.is_descriptor() {
        return Err(cx.not_implemented_error("chmod: follow_symlinks unavailable on this platform"));
    }
    done.about(cx, &path.object)
}

/// Change the access permissions of the file given by file descriptor fd.
///
/// Equivalent to os.chmod(fd, mode).
#[pyfunction("fchmod(fd, mode)")]
pub(super) fn fchmod(cx: &Context, fd: i32, mode: i32) -> PyResult<()> {
    audit::event(cx, "os.chmod", || {
        let numbers = [fd, mode, -1].map(|number| number.into_value(cx));
        numbers.into_iter().collect()
    })?;
    cx.detached(|| rustix::fs::fchmod(descriptor::borrow(fd)?, mode_bits(mode)))
        .settle(cx)
}

/// Change the owner and group id of path to the numeric uid and gid.
///
///   path
///     Path to be examined; can be string, bytes, a path-like object, or open-file-descriptor int.
///   dir_fd
///     If not None, it should be a file descriptor open to a directory,
///     and path should be relative; path will then be relative to that
///     directory.
///   follow_symlinks
///     If False, and the last element of the path is a symbolic link,
///     stat will examine the symbolic link itself instead of the file
///     the link points to.
#[pyfunction("chown(path, uid, gid, *, dir_fd=None, follow_symlinks=True)")]
pub(super) fn chown(
    cx: &Context,
    path: File,
    uid: User,
    gid: Group,
    dir_fd: Directory,
    follow_symlinks: bool,
) -> PyResult<()> {
    if path.is_descriptor() && !dir_fd.is_current() {
        return Err(cx.value_error("chown: can't specify both dir_fd and fd"));
    }
    path.check_descriptor(cx, "chown", &dir_fd, follow_symlinks)?;
    let (uid, gid) = (uid.wanted(), gid.wanted());
    cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => rustix::fs::fchown(descriptor::borrow(number)?, uid, gid),
        Refers::Path(name) => {
            rustix::fs::chownat(dir_fd.get()?, name, uid, gid, no_follow(follow_symlinks))
        }
    })
    .about(cx, &path.object)
}

/// Change the owner and group id of the file specified by file descriptor.
///
/// Equivalent to os.chown(fd, uid, gid).
#[pyfunction("fchown(fd, uid, gid)")]
pub(super) fn fchown(cx: &Context, fd: i32, uid: User, gid: Group) -> PyResult<()> {
    cx.detached(|| rustix::fs::fchown(descriptor::borrow(fd)?, uid.wanted(), gid.wanted()))
        .settle(cx)
}

/// Change the owner and group id of path to the numeric uid and gid.
///
/// This function will not follow symbolic links.
/// Equivalent to os.chown(path, uid, gid, follow_symlinks=False).
#[pyfunction("lchown(path, uid, gid)")]
pub(super) fn lchown(cx: &Context, path: FilePath, uid: User, gid: Group) -> PyResult<()> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    cx.detached(|| {
        rustix::fs::chownat(
            rustix::fs::CWD,
            path.name(),
            uid.wanted(),
            gid.wanted(),
            flags,
        )
    })
    .about(cx, path.object())
}

/// Truncate a file, specified by path, to a specific length.
///
/// On some platforms, path may also be specified as an open file descriptor.
#[pyfunction("truncate(path, length)")]
pub(super) fn truncate(cx: &Context, path: File, length: i64) -> PyResult<()> {
    match path.refers() {
        Refers::Descriptor(number) => ftruncate(cx, number, length),
        Refers::Path(name) => {
            audit::event(cx, "os.truncate", || {
                Ok(vec![path.object.clone(), length.into_value(cx)?])
            })?;
            // SAFETY: the name ends with a null byte.
            let done = cx.detached(|| unsafe { outcome(libc::truncate(name.as_ptr(), length)) });
            done.map(drop).about(cx, &path.object)
        }
    }
}

/// Truncate a file, specified by file descriptor, to a specific length.
#[pyfunction("ftruncate(fd, length, /)")]
pub(super) fn ftruncate(cx: &Context, fd: i32, length: i64) -> PyResult<()> {
    audit::event(cx, "os.truncate", || {
        Ok(vec![fd.into_value(cx)?, length.into_value(cx)?])
    })?;
    let Ok(length) = u64::try_from(length) else {
        return Err(Errno::INVAL).settle(cx);
    };
    crate::blocking::retry(cx, || {
        rustix::fs::ftruncate(descriptor::borrow(fd)?, length)
    })?
    .settle(cx)
}

/// Create a "fifo" (a POSIX named pipe).
///
/// If dir_fd is not None, it should be a file descriptor open to a directory,
///   and path should be relative; path will then be relative to that directory.
#[pyfunction("mkfifo(path, mode=438, *, dir_fd=None)")]
pub(super) fn mkfifo(cx: &Context, path: FilePath, mode: i32, dir_fd: Directory) -> PyResult<()> {
    let mode = mode as libc::mode_t;
    // SAFETY: the name ends with a null byte.
    let make = || unsafe { outcome(libc::mkfifoat(dir_fd.raw(), path.name().as_ptr(), mode)) };
    crate::blocking::retry(cx, make)?.map(drop).settle(cx)
}

/// Create a node in the file system.
///
/// Create a node in the file system (file, device special file or named pipe)
/// at path.  mode specifies both the permissions to use and the
/// type of node to be created, being combined (bitwise OR) with one of
/// S_IFREG, S_IFCHR, S_IFBLK, and S_IFIFO.  If S_IFCHR or S_IFBLK is set on mode,
/// device defines the newly created device special file (probably using
/// os.makedev()).  Otherwise device is ignored.
#[pyfunction("mknod(path, mode=384, device=0, *, dir_fd=None)")]
pub(super) fn mknod(
    cx: &Context,
    path: FilePath,
    mode: i32,
    device: u64,
    dir_fd: Directory,
) -> PyResult<()> {
    let mode = mode as libc::mode_t;
    // SAFETY: the name ends with a null byte.
    let make = || unsafe {
        outcome(libc::mknodat(
            dir_fd.raw(),
            path.name().as_ptr(),
            mode,
            device,
        ))
    };
    crate::blocking::retry(cx, make)?.map(drop).settle(cx)
}

/// Seconds and nanoseconds of `ns=(atime_ns, mtime_ns)`.
fn from_nanoseconds(cx: &Context, value: &Value) -> PyResult<Timespec> {
    let parts = number::divmod(cx, value, &int::from_i64(cx, 1_000_000_000)?)?;
    let Some([seconds, rest]) = parts.downcast::<Tuple>().map(|parts| parts.as_slice()) else {
        return Err(cx.type_error(format!(
            "{}.__divmod__() must return a 2-tuple, not {}",
            value.type_name(),
            parts.type_name()
        )));
    };
    let seconds = span::time_t(cx, seconds, Rounding::Floor)?;
    let rest = span::time_t(cx, rest, Rounding::Floor)?;
    Ok(Timespec {
        tv_sec: seconds,
        tv_nsec: rest as _,
    })
}

fn from_seconds(cx: &Context, value: &Value) -> PyResult<Timespec> {
    let (seconds, nanoseconds) = span::time_t_and_nanoseconds(cx, value, Rounding::Floor)?;
    Ok(Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds as _,
    })
}

fn pair(value: &Value) -> Option<[&Value; 2]> {
    match value.downcast::<Tuple>()?.as_slice() {
        [first, second] => Some([first, second]),
        _ => None,
    }
}

/// Set the access and modified time of path.
///
/// path may always be specified as a string.
/// On some platforms, path may also be specified as an open file descriptor.
///   If this functionality is unavailable, using it raises an exception.
///
/// If times is not None, it must be a tuple (atime, mtime);
///     atime and mtime should be expressed as float seconds since the epoch.
/// If ns is specified, it must be a tuple (atime_ns, mtime_ns);
///     atime_ns and mtime_ns should be expressed as integer nanoseconds
///     since the epoch.
/// If times is None and ns is unspecified, utime uses the current time.
/// Specifying tuples for both times and ns is an error.
#[pyfunction("utime(path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True)")]
pub(super) fn utime(
    cx: &Context,
    path: File,
    times: Option<&Value>,
    ns: Maybe<&Value>,
    dir_fd: Directory,
    follow_symlinks: bool,
) -> PyResult<()> {
    audit::event(cx, "os.utime", || {
        let times = times.cloned().unwrap_or(Value::NONE);
        let ns = ns.0.cloned().unwrap_or(Value::NONE);
        Ok(vec![path.object.clone(), times, ns, dir_fd.told()])
    })?;
    let times = match (times, ns.0) {
        (Some(_), Some(_)) => {
            return Err(
                cx.value_error("utime: you may specify either 'times' or 'ns' but not both")
            );
        }
        (Some(times), None) => {
            let Some([access, change]) = pair(times) else {
                return Err(
                    cx.type_error("utime: 'times' must be either a tuple of two ints or None")
                );
            };
            Timestamps {
                last_access: from_seconds(cx, access)?,
                last_modification: from_seconds(cx, change)?,
            }
        }
        (None, Some(ns)) => {
            let Some([access, change]) = pair(ns) else {
                return Err(cx.type_error("utime: 'ns' must be a tuple of two ints"));
            };
            Timestamps {
                last_access: from_nanoseconds(cx, access)?,
                last_modification: from_nanoseconds(cx, change)?,
            }
        }
        (None, None) => {
            let now = Timespec {
                tv_sec: 0,
                tv_nsec: rustix::fs::UTIME_NOW as _,
            };
            Timestamps {
                last_access: now,
                last_modification: now,
            }
        }
    };
    path.check_descriptor(cx, "utime", &dir_fd, follow_symlinks)?;
    cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => rustix::fs::futimens(descriptor::borrow(number)?, &times),
        Refers::Path(name) => {
            rustix::fs::utimensat(dir_fd.get()?, name, &times, no_follow(follow_symlinks))
        }
    })
    .about(cx, &path.object)
}

/// ValueError for a descriptor with `follow_symlinks=False`.
fn check_follow<const N: bool>(
    cx: &Context,
    function: &str,
    path: &super::arguments::FileOr<N>,
    follow_symlinks: bool,
) -> PyResult<()> {
    if path.is_descriptor() && !follow_symlinks {
        return Err(cx.value_error(format!(
            "{function}: cannot use fd and follow_symlinks together"
        )));
    }
    Ok(())
}

/// Reads what has a size that the system tells, and that may grow in between.
fn read_sized(
    size: impl Fn() -> SystemResult<usize>,
    read: impl Fn(&mut [u8]) -> SystemResult<usize>,
) -> SystemResult<Vec<u8>> {
    loop {
        let mut buffer = vec![0; size()?];
        if buffer.is_empty() {
            return Ok(buffer);
        }
        match read(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Return the value of extended attribute attribute on path.
///
/// path may be either a string, a path-like object, or an open file descriptor.
/// If follow_symlinks is False, and the last element of the path is a symbolic
///   link, getxattr will examine the symbolic link itself instead of the file
///   the link points to.
#[pyfunction("getxattr(path, attribute, *, follow_symlinks=True)")]
pub(super) fn getxattr(
    cx: &Context,
    path: File,
    attribute: FilePath,
    follow_symlinks: bool,
) -> PyResult<Ref<Bytes>> {
    check_follow(cx, "getxattr", &path, follow_symlinks)?;
    let name = attribute.name();
    let found = cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => read_sized(
            || rustix::fs::fgetxattr_query(descriptor::borrow(number)?, name),
            |buffer| rustix::fs::fgetxattr(descriptor::borrow(number)?, name, buffer),
        ),
        Refers::Path(path) if follow_symlinks => read_sized(
            || rustix::fs::getxattr_query(path, name),
            |buffer| rustix::fs::getxattr(path, name, buffer),
        ),
        Refers::Path(path) => read_sized(
            || rustix::fs::lgetxattr_query(path, name),
            |buffer| rustix::fs::lgetxattr(path, name, buffer),
        ),
    });
    Bytes::from_slice(cx, &found.about(cx, &path.object)?)
}

/// Set extended attribute attribute on path to value.
///
/// path may be either a string, a path-like object,  or an open file descriptor.
/// If follow_symlinks is False, and the last element of the path is a symbolic
///   link, setxattr will modify the symbolic link itself instead of the file
///   the link points to.
#[pyfunction("setxattr(path, attribute, value, flags=0, *, follow_symlinks=True)")]
pub(super) fn setxattr(
    cx: &Context,
    path: File,
    attribute: FilePath,
    value: BytesLike,
    flags: i32,
    follow_symlinks: bool,
) -> PyResult<()> {
    check_follow(cx, "setxattr", &path, follow_symlinks)?;
    let (name, bytes) = (attribute.name(), value.bytes());
    let flags = XattrFlags::from_bits_retain(flags as u32);
    cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => {
            rustix::fs::fsetxattr(descriptor::borrow(number)?, name, bytes, flags)
        }
        Refers::Path(path) if follow_symlinks => rustix::fs::setxattr(path, name, bytes, flags),
        Refers::Path(path) => rustix::fs::lsetxattr(path, name, bytes, flags),
    })
    .about(cx, &path.object)
}

/// Remove extended attribute attribute on path.
///
/// path may be either a string, a path-like object, or an open file descriptor.
/// If follow_symlinks is False, and the last element of the path is a symbolic
///   link, removexattr will modify the symbolic link itself instead of the file
///   the link points to.
#[pyfunction("removexattr(path, attribute, *, follow_symlinks=True)")]
pub(super) fn removexattr(
    cx: &Context,
    path: File,
    attribute: FilePath,
    follow_symlinks: bool,
) -> PyResult<()> {
    check_follow(cx, "removexattr", &path, follow_symlinks)?;
    let name = attribute.name();
    cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => rustix::fs::fremovexattr(descriptor::borrow(number)?, name),
        Refers::Path(path) if follow_symlinks => rustix::fs::removexattr(path, name),
        Refers::Path(path) => rustix::fs::lremovexattr(path, name),
    })
    .about(cx, &path.object)
}

/// Return a list of extended attributes on path.
///
/// path may be either None, a string, a path-like object, or an open file descriptor.
/// if path is None, listxattr will examine the current directory.
/// If follow_symlinks is False, and the last element of the path is a symbolic
///   link, listxattr will examine the symbolic link itself instead of the file
///   the link points to.
#[pyfunction("listxattr(path=None, *, follow_symlinks=True)")]
pub(super) fn listxattr(
    cx: &Context,
    path: FileOrNone,
    follow_symlinks: bool,
) -> PyResult<Ref<List>> {
    check_follow(cx, "listxattr", &path, follow_symlinks)?;
    let found = cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => read_sized(
            || rustix::fs::flistxattr_query(descriptor::borrow(number)?),
            |buffer| rustix::fs::flistxattr(descriptor::borrow(number)?, buffer),
        ),
        Refers::Path(path) if follow_symlinks => read_sized(
            || rustix::fs::listxattr_query(path),
            |buffer| rustix::fs::listxattr(path, buffer),
        ),
        Refers::Path(path) => read_sized(
            || rustix::fs::llistxattr_query(path),
            |buffer| rustix::fs::llistxattr(path, buffer),
        ),
    });
    let mut names = Vec::new();
    for name in found
        .about(cx, &path.object)?
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
    {
        names.push(codec::decode_file_name(cx, name)?.into_value());
    }
    List::from_values(cx, names)
}
