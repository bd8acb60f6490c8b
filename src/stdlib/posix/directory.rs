//! Directories: their entries, and the one that relative paths begin in.
//!
//! A `scandir` iterator reads ahead as the system gives entries. Its directory is behind a mutex that
//! is only taken detached, so that a thread that waits for the disk stops nobody.

use std::ffi::CString;
use std::os::fd::RawFd;

use parking_lot::Mutex;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, Result as SystemResult};
use typhon_macros::{pyclass, pyfunction, pymethods};
use typhon_runtime::args::IntoValue;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::protocols::text;
use typhon_runtime::{Context, PyResult, Ref, Value, audit, codec, warnings};

use super::arguments::{File, FileDescriptor, FileOrNone, FilePath, Refers, Settle};
use super::stat::stat_result;
use crate::descriptor;
use crate::path::fspath;

/// Opens what a `listdir` or `scandir` argument refers to, to be read from the start.
fn open(path: &FileOrNone) -> SystemResult<Dir> {
    match path.refers() {
        Refers::Descriptor(number) => Dir::read_from(descriptor::borrow(number)?),
        Refers::Path(name) => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
            Dir::new(rustix::fs::open(name, flags, Mode::empty())?)
        }
    }
}

/// The next entry but for `.` and `..`.
fn next_entry(directory: &mut Dir) -> SystemResult<Option<rustix::fs::DirEntry>> {
    loop {
        match directory.read() {
            None => return Ok(None),
            Some(Err(error)) => return Err(error),
            Some(Ok(entry)) if matches!(entry.file_name().to_bytes(), b"." | b"..") => {}
            Some(Ok(entry)) => return Ok(Some(entry)),
        }
    }
}

/// The object for an error: a descriptor is not mentioned.
fn settle<T>(cx: &Context, result: SystemResult<T>, path: &FileOrNone) -> PyResult<T> {
    match path.path() {
        Some(path) => result.about(cx, &path.object),
        None => result.settle(cx),
    }
}

fn name_like(cx: &Context, path: &FileOrNone, name: &[u8]) -> PyResult<Value> {
    match path.path() {
        Some(path) => path.like(cx, name),
        None => codec::decode_file_name(cx, name).map(Ref::into_value),
    }
}

/// Return a list containing the names of the files in the directory.
///
/// path can be specified as either str, bytes, or a path-like object.  If path is bytes,
///   the filenames returned will also be bytes; in all other circumstances
///   the filenames returned will be str.
/// If path is None, uses the path='.'.
/// On some platforms, path may also be specified as an open file descriptor;\
///   the file descriptor must refer to a directory.
///   If this functionality is unavailable, using it raises NotImplementedError.
///
/// The list is in arbitrary order.  It does not include the special
/// entries '.' and '..' even if they are present in the directory.
#[pyfunction("listdir(path=None)")]
pub(super) fn listdir(cx: &Context, path: FileOrNone) -> PyResult<Ref<List>> {
    audit::event(cx, "os.listdir", || Ok(vec![path.object.clone()]))?;
    let found = cx.detached(|| -> SystemResult<Vec<CString>> {
        let mut directory = open(&path)?;
        let mut names = Vec::new();
        while let Some(entry) = next_entry(&mut directory)? {
            names.push(entry.file_name().to_owned());
        }
        Ok(names)
    });
    let names = settle(cx, found, &path)?;
    let names = names
        .iter()
        .map(|name| name_like(cx, &path, name.as_bytes()));
    List::from_values(cx, names.collect::<PyResult<_>>()?)
}

/// Return an iterator of DirEntry objects for given path.
///
/// path can be specified as either str, bytes, or a path-like object.  If path
/// is bytes, the names of yielded DirEntry objects will also be bytes; in
/// all other circumstances they will be str.
///
/// If path is None, uses the path='.'.
#[pyfunction("scandir(path=None)")]
pub(super) fn scandir(cx: &Context, path: FileOrNone) -> PyResult<Ref<ScandirIterator>> {
    audit::event(cx, "os.scandir", || Ok(vec![path.object.clone()]))?;
    let directory = cx.detached(|| open(&path));
    let directory = settle(cx, directory, &path)?;
    object::new(
        cx,
        ScandirIterator {
            directory: Mutex::new(Some(directory)),
            path,
        },
    )
}

/// The payload of what `scandir` returns.
#[pyclass(
    name = "ScandirIterator",
    module = "posix",
    flags(DISALLOW_INSTANTIATION)
)]
pub struct ScandirIterator {
    /// Until it is exhausted or closed. Taken detached only.
    directory: Mutex<Option<Dir>>,
    path: FileOrNone,
}

impl Traverse for ScandirIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.path.object);
        if let Some(path) = self.path.path() {
            visit(&path.object);
        }
    }
}

impl ScandirIterator {
    fn read(&self) -> SystemResult<Option<rustix::fs::DirEntry>> {
        let mut directory = self.directory.lock();
        let Some(open) = directory.as_mut() else {
            return Ok(None);
        };
        let entry = next_entry(open);
        if !matches!(entry, Ok(Some(_))) {
            *directory = None;
        }
        entry
    }

    fn end(&self, cx: &Context) {
        cx.detached(|| drop(self.directory.lock().take()));
    }
}

#[pymethods]
impl ScandirIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<ScandirIterator>) -> PyResult<Option<Value>> {
        let entry = cx.detached(|| this.read());
        match settle(cx, entry, &this.path)? {
            None => Ok(None),
            Some(entry) => {
                DirEntry::make(cx, &this.path, &entry).map(|entry| Some(entry.into_value()))
            }
        }
    }

    #[method("__enter__(self, /)")]
    fn enter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[method("__exit__(self, /, *args)")]
    fn exit(cx: &Context, this: &Ref<ScandirIterator>, _exception: &[Value]) -> PyResult<()> {
        this.end(cx);
        Ok(())
    }

    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<ScandirIterator>) -> PyResult<()> {
        this.end(cx);
        Ok(())
    }

    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Ref<ScandirIterator>) -> PyResult<()> {
        if this.directory.lock().is_none() {
            return Ok(());
        }
        this.end(cx);
        let shown = text::repr_text(cx, this.as_value())?;
        warnings::warn(
            cx,
            exceptions::resource_warning(),
            &format!("unclosed scandir iterator {shown}"),
            1,
        )
    }
}

/// The payload of `os.DirEntry`.
#[pyclass(name = "DirEntry", module = "posix", flags(DISALLOW_INSTANTIATION))]
pub struct DirEntry {
    name: Value,
    path: Value,
    /// For the system: the path, or the name in the directory `directory`.
    system_name: CString,
    directory: Option<RawFd>,
    inode: u64,
    /// What the directory says; it may not know.
    kind: FileType,
    /// Results of `stat`, once they were asked for.
    followed: Field,
    unfollowed: Field,
}

impl Traverse for DirEntry {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.name);
        visit(&self.path);
        self.followed.traverse(visit);
        self.unfollowed.traverse(visit);
    }
}

impl DirEntry {
    fn make(
        cx: &Context,
        parent: &FileOrNone,
        entry: &rustix::fs::DirEntry,
    ) -> PyResult<Ref<DirEntry>> {
        let bytes = entry.file_name().to_bytes();
        let name = name_like(cx, parent, bytes)?;
        let (path, directory) = match parent.refers() {
            Refers::Descriptor(number) => (bytes.to_vec(), Some(number)),
            Refers::Path(directory) => {
                let mut path = directory.to_bytes().to_vec();
                if !path.is_empty() && !path.ends_with(b"/") {
                    path.push(b'/');
                }
                path.extend_from_slice(bytes);
                (path, None)
            }
        };
        let path_object = if directory.is_some() {
            name.clone()
        } else {
            name_like(cx, parent, &path)?
        };
        let entry = DirEntry {
            name,
            path: path_object,
            system_name: CString::new(path).expect("invariant: made from names without null bytes"),
            directory,
            inode: entry.ino(),
            kind: entry.file_type(),
            followed: Field::empty(),
            unfollowed: Field::empty(),
        };
        object::new(cx, entry)
    }

    fn ask(&self, cx: &Context, follow_symlinks: bool) -> SystemResult<Stat> {
        let flags = if follow_symlinks {
            AtFlags::empty()
        } else {
            AtFlags::SYMLINK_NOFOLLOW
        };
        cx.detached(|| match self.directory {
            Some(number) => rustix::fs::statat(
                descriptor::borrow(number)?,
                self.system_name.as_c_str(),
                flags,
            ),
            None => rustix::fs::statat(rustix::fs::CWD, self.system_name.as_c_str(), flags),
        })
    }

    fn is_link(&self, cx: &Context) -> PyResult<bool> {
        if self.kind != FileType::Unknown {
            return Ok(self.kind == FileType::Symlink);
        }
        self.is_kind(cx, FileType::Symlink, false)
    }

    /// Whether the entry is of this kind. What does not exist any more is of none.
    fn is_kind(&self, cx: &Context, kind: FileType, follow_symlinks: bool) -> PyResult<bool> {
        let known = match self.kind {
            FileType::Unknown => None,
            FileType::Symlink if follow_symlinks => None,
            known => Some(known),
        };
        if let Some(known) = known {
            return Ok(known == kind);
        }
        match self.ask(cx, follow_symlinks) {
            Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode) == kind),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error).about(cx, &self.path),
        }
    }

    fn cached_stat(&self, cx: &Context, follow_symlinks: bool) -> PyResult<Value> {
        let field = if follow_symlinks {
            &self.followed
        } else {
            &self.unfollowed
        };
        if let Some(known) = field.get() {
            return Ok(known);
        }
        let found = if follow_symlinks && !self.is_link(cx)? {
            self.cached_stat(cx, false)?
        } else {
            stat_result(cx, &self.ask(cx, follow_symlinks).about(cx, &self.path)?)?
        };
        field.set(Some(found.clone()));
        Ok(found)
    }
}

#[pymethods]
impl DirEntry {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<DirEntry>) -> PyResult<Value> {
        let shown = text::repr_text(cx, &this.name)?;
        Str::from_str(cx, &format!("<DirEntry {shown}>")).map(Ref::into_value)
    }

    /// the entry's base filename, relative to scandir() "path" argument
    #[getter]
    fn name(_cx: &Context, this: &Ref<DirEntry>) -> PyResult<Value> {
        Ok(this.name.clone())
    }

    /// the entry's full path name; equivalent to
    /// os.path.join(scandir_path, entry.name)
    #[getter]
    fn path(_cx: &Context, this: &Ref<DirEntry>) -> PyResult<Value> {
        Ok(this.path.clone())
    }

    /// Return True if the entry is a directory; cached per entry.
    #[method("is_dir(self, /, *, follow_symlinks=True)")]
    fn is_dir(cx: &Context, this: &Ref<DirEntry>, follow_symlinks: bool) -> PyResult<bool> {
        this.is_kind(cx, FileType::Directory, follow_symlinks)
    }

    /// Return True if the entry is a file; cached per entry.
    #[method("is_file(self, /, *, follow_symlinks=True)")]
    fn is_file(cx: &Context, this: &Ref<DirEntry>, follow_symlinks: bool) -> PyResult<bool> {
        this.is_kind(cx, FileType::RegularFile, follow_symlinks)
    }

    /// Return True if the entry is a symbolic link; cached per entry.
    #[method("is_symlink(self, /)")]
    fn is_symlink(cx: &Context, this: &Ref<DirEntry>) -> PyResult<bool> {
        this.is_link(cx)
    }

    /// Return True if the entry is a junction; cached per entry.
    #[method("is_junction(self, /)")]
    fn is_junction(_cx: &Context, _this: &Ref<DirEntry>) -> PyResult<bool> {
        Ok(false)
    }

    /// Return stat_result object for the entry; cached per entry.
    #[method("stat(self, /, *, follow_symlinks=True)")]
    fn stat(cx: &Context, this: &Ref<DirEntry>, follow_symlinks: bool) -> PyResult<Value> {
        this.cached_stat(cx, follow_symlinks)
    }

    /// Return inode of the entry; cached per entry.
    #[method("inode(self, /)")]
    fn inode(_cx: &Context, this: &Ref<DirEntry>) -> PyResult<u64> {
        Ok(this.inode)
    }

    /// Returns the path for the entry.
    #[method("__fspath__(self, /)")]
    fn dunder_fspath(_cx: &Context, this: &Ref<DirEntry>) -> PyResult<Value> {
        Ok(this.path.clone())
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        typhon_runtime::objects::generic_alias::alias(cx, class, object)
    }
}

/// Change the current working directory to the specified path.
///
/// path may always be specified as a string.
/// On some platforms, path may also be specified as an open file descriptor.
///   If this functionality is unavailable, using it raises an exception.
#[pyfunction("chdir(path)")]
pub(super) fn chdir(cx: &Context, path: File) -> PyResult<()> {
    audit::event(cx, "os.chdir", || Ok(vec![path.object.clone()]))?;
    cx.detached(|| match path.refers() {
        Refers::Descriptor(number) => rustix::process::fchdir(descriptor::borrow(number)?),
        Refers::Path(name) => rustix::process::chdir(name),
    })
    .about(cx, &path.object)
}

/// Change to the directory of the given file descriptor.
///
/// fd must be opened on a directory, not a file.
/// Equivalent to os.chdir(fd).
#[pyfunction("fchdir(fd)")]
pub(super) fn fchdir(cx: &Context, fd: FileDescriptor) -> PyResult<()> {
    audit::event(cx, "os.chdir", || Ok(vec![fd.0.into_value(cx)?]))?;
    crate::blocking::retry(cx, || rustix::process::fchdir(descriptor::borrow(fd.0)?))?.settle(cx)
}

/// Change root directory to path.
#[pyfunction("chroot(path)")]
pub(super) fn chroot(cx: &Context, path: FilePath) -> PyResult<()> {
    cx.detached(|| rustix::process::chroot(path.name()))
        .about(cx, path.object())
}

/// Return a unicode string representing the current working directory.
#[pyfunction("getcwd()")]
pub(super) fn getcwd(cx: &Context) -> PyResult<Ref<Str>> {
    let current = cx
        .detached(|| rustix::process::getcwd(Vec::new()))
        .settle(cx)?;
    codec::decode_file_name(cx, current.as_bytes())
}

/// Return a bytes string representing the current working directory.
#[pyfunction("getcwdb()")]
pub(super) fn getcwdb(cx: &Context) -> PyResult<Ref<Bytes>> {
    let current = cx
        .detached(|| rustix::process::getcwd(Vec::new()))
        .settle(cx)?;
    Bytes::from_slice(cx, current.as_bytes())
}

/// Return the file system path representation of the object.
///
/// If the object is str or bytes, then allow it to pass through as-is. If the
/// object defines __fspath__(), then return the result of that method. All other
/// types raise a TypeError.
#[pyfunction("fspath(path)")]
pub(super) fn fspath_function(cx: &Context, path: &Value) -> PyResult<Value> {
    fspath(cx, path)
}
