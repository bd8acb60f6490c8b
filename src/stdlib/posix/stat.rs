//! `stat` and its like: what the system knows of a file, and of a file system.

use rustix::fs::{AtFlags, Stat, StatVfs};
use typhon_macros::pyfunction;
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::{Context, PyResult, Value};

use super::arguments::{Directory, File, FilePath, Refers, Settle, identity_value};
use crate::descriptor;

/// `os.stat_result`. The items 7 to 9 are whole seconds; the fields with the names are floats.
pub static STAT_RESULT: Description = Description::new(
    "os",
    "stat_result",
    "stat_result: Result from stat, fstat, or lstat.\n\nThis object may be accessed either as a tuple of\n  (mode, ino, dev, nlink, uid, gid, size, atime, mtime, ctime)\nor via the attributes st_mode, st_ino, st_dev, st_nlink, and so on.\n\nPosix/windows: If your platform supports st_blksize, st_blocks, st_rdev,\nor st_flags, they are available as attributes only.\n\nSee os.stat for more information.",
    &[
        ("st_mode", "protection bits"),
        ("st_ino", "inode"),
        ("st_dev", "device"),
        ("st_nlink", "number of hard links"),
        ("st_uid", "user ID of owner"),
        ("st_gid", "group ID of owner"),
        ("st_size", "total size, in bytes"),
        ("", "time of last access"),
        ("", "time of last modification"),
        ("", "time of last change"),
        ("st_atime", "time of last access"),
        ("st_mtime", "time of last modification"),
        ("st_ctime", "time of last change"),
        ("st_atime_ns", "time of last access in nanoseconds"),
        ("st_mtime_ns", "time of last modification in nanoseconds"),
        ("st_ctime_ns", "time of last change in nanoseconds"),
        ("st_blksize", "blocksize for filesystem I/O"),
        ("st_blocks", "number of blocks allocated"),
        ("st_rdev", "device type (if inode device)"),
    ],
    10,
)
.completed_by(complete_stat_result);

/// `stat_result(sequence)` takes the times that it is not given from the whole seconds.
fn complete_stat_result(fields: &mut [Value]) {
    for at in 7..10 {
        if fields[at + 3].is_none() {
            fields[at + 3] = fields[at].clone();
        }
    }
}

/// `os.statvfs_result`.
pub static STATVFS_RESULT: Description = Description::new(
    "os",
    "statvfs_result",
    "statvfs_result: Result from statvfs or fstatvfs.\n\nThis object may be accessed either as a tuple of\n  (bsize, frsize, blocks, bfree, bavail, files, ffree, favail, flag, namemax),\nor via the attributes f_bsize, f_frsize, f_blocks, f_bfree, and so on.\n\nSee os.statvfs for more information.",
    &[
        ("f_bsize", ""),
        ("f_frsize", ""),
        ("f_blocks", ""),
        ("f_bfree", ""),
        ("f_bavail", ""),
        ("f_files", ""),
        ("f_ffree", ""),
        ("f_favail", ""),
        ("f_flag", ""),
        ("f_namemax", ""),
        ("f_fsid", ""),
    ],
    10,
);

const PER_SECOND: i128 = 1_000_000_000;

/// The system's answer as a `stat_result`.
///
/// # Errors
/// MemoryError.
pub fn stat_result(cx: &Context, stat: &Stat) -> PyResult<Value> {
    let times = [
        (stat.st_atime, stat.st_atime_nsec as i64),
        (stat.st_mtime, stat.st_mtime_nsec as i64),
        (stat.st_ctime, stat.st_ctime_nsec as i64),
    ];
    let mut fields = vec![
        stat.st_mode.into_value(cx)?,
        stat.st_ino.into_value(cx)?,
        stat.st_dev.into_value(cx)?,
        stat.st_nlink.into_value(cx)?,
        identity_value(cx, stat.st_uid)?,
        identity_value(cx, stat.st_gid)?,
        stat.st_size.into_value(cx)?,
    ];
    for (seconds, _) in times {
        fields.push(seconds.into_value(cx)?);
    }
    for (seconds, nanoseconds) in times {
        fields.push((seconds as f64 + 1e-9 * nanoseconds as f64).into_value(cx)?);
    }
    for (seconds, nanoseconds) in times {
        fields.push((i128::from(seconds) * PER_SECOND + i128::from(nanoseconds)).into_value(cx)?);
    }
    fields.push(stat.st_blksize.into_value(cx)?);
    fields.push(stat.st_blocks.into_value(cx)?);
    fields.push(stat.st_rdev.into_value(cx)?);
    STAT_RESULT.instance(cx, fields)
}

fn at_flags(follow_symlinks: bool) -> AtFlags {
    if follow_symlinks {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    }
}

/// Perform a stat system call on the given path.
///
///   path
///     Path to be examined; can be string, bytes, a path-like object or
///     open-file-descriptor int.
///   dir_fd
///     If not None, it should be a file descriptor open to a directory,
///     and path should be a relative string; path will then be relative to
///     that directory.
///   follow_symlinks
///     If False, and the last element of the path is a symbolic link,
///     stat will examine the symbolic link itself instead of the file
///     the link points to.
///
/// It's an error to use dir_fd or follow_symlinks when specifying path as
/// an open file descriptor.
#[pyfunction("stat(path, *, dir_fd=None, follow_symlinks=True)")]
pub(super) fn stat(
    cx: &Context,
    path: File,
    dir_fd: Directory,
    follow_symlinks: bool,
) -> PyResult<Value> {
    path.check_descriptor(cx, "stat", &dir_fd, follow_symlinks)?;
    let found = cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => rustix::fs::fstat(descriptor::borrow(number)?),
        Refers::Path(name) => rustix::fs::statat(dir_fd.get()?, name, at_flags(follow_symlinks)),
    });
    stat_result(cx, &found.about(cx, &path.object)?)
}

/// Perform a stat system call on the given path, without following symbolic links.
///
/// Like stat(), but do not follow symbolic links.
/// Equivalent to stat(path, follow_symlinks=False).
#[pyfunction("lstat(path, *, dir_fd=None)")]
pub(super) fn lstat(cx: &Context, path: FilePath, dir_fd: Directory) -> PyResult<Value> {
    let found =
        cx.detached(|| rustix::fs::statat(dir_fd.get()?, path.name(), AtFlags::SYMLINK_NOFOLLOW));
    stat_result(cx, &found.about(cx, path.object())?)
}

/// Perform a stat system call on the given file descriptor.
///
/// Like stat(), but for an open file descriptor.
/// Equivalent to os.stat(fd).
#[pyfunction("fstat(fd)")]
pub(super) fn fstat(cx: &Context, fd: i32) -> PyResult<Value> {
    let found = cx.detached(|| rustix::fs::fstat(descriptor::borrow(fd)?));
    stat_result(cx, &found.settle(cx)?)
}

fn statvfs_result(cx: &Context, found: &StatVfs) -> PyResult<Value> {
    let numbers = [
        found.f_bsize,
        found.f_frsize,
        found.f_blocks,
        found.f_bfree,
        found.f_bavail,
        found.f_files,
        found.f_ffree,
        found.f_favail,
        found.f_flag.bits(),
        found.f_namemax,
        found.f_fsid,
    ];
    let fields = numbers
        .iter()
        .map(|number| number.into_value(cx))
        .collect::<PyResult<Vec<Value>>>()?;
    STATVFS_RESULT.instance(cx, fields)
}

/// Perform a statvfs system call on the given path.
///
/// path may always be specified as a string.
/// On some platforms, path may also be specified as an open file descriptor.
///   If this functionality is unavailable, using it raises an exception.
#[pyfunction("statvfs(path)")]
pub(super) fn statvfs(cx: &Context, path: File) -> PyResult<Value> {
    let found = cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => rustix::fs::fstatvfs(descriptor::borrow(number)?),
        Refers::Path(name) => rustix::fs::statvfs(name),
    });
    statvfs_result(cx, &found.about(cx, &path.object)?)
}

/// Perform an fstatvfs system call on the given fd.
///
/// Equivalent to statvfs(fd).
#[pyfunction("fstatvfs(fd, /)")]
pub(super) fn fstatvfs(cx: &Context, fd: i32) -> PyResult<Value> {
    let found = cx.detached(|| rustix::fs::fstatvfs(descriptor::borrow(fd)?));
    statvfs_result(cx, &found.settle(cx)?)
}
