//! What the functions of `os` take, and how system calls end.

use std::ffi::CStr;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{Errno, Result as SystemResult};
use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::objects::exceptions::{self, error_text, os_error_from_errno};
use typhon_runtime::objects::int;
use typhon_runtime::{Context, PyResult, Raised, Value};

use crate::descriptor;
use crate::path::{Expects, Path, Target};

/// The result of a system call, whose error becomes an OSError.
pub(super) trait Settle<T> {
    /// OSError without a file.
    ///
    /// # Errors
    /// OSError.
    fn settle(self, cx: &Context) -> PyResult<T>;
    /// OSError about a file.
    ///
    /// # Errors
    /// OSError.
    fn about(self, cx: &Context, file: &Value) -> PyResult<T>;
    /// OSError about two files.
    ///
    /// # Errors
    /// OSError.
    fn about_both(self, cx: &Context, from: &Value, to: &Value) -> PyResult<T>;
}

impl<T> Settle<T> for SystemResult<T> {
    fn settle(self, cx: &Context) -> PyResult<T> {
        self.map_err(|error| os_error_from_errno(cx, error.raw_os_error(), None))
    }

    fn about(self, cx: &Context, file: &Value) -> PyResult<T> {
        self.map_err(|error| os_error_from_errno(cx, error.raw_os_error(), Some(file)))
    }

    fn about_both(self, cx: &Context, from: &Value, to: &Value) -> PyResult<T> {
        self.map_err(|error| about_both(cx, error, from, to))
    }
}

#[cold]
fn about_both(cx: &Context, error: Errno, from: &Value, to: &Value) -> Raised {
    let number = error.raw_os_error();
    let arguments = || -> PyResult<[Value; 5]> {
        Ok([
            number.into_value(cx)?,
            error_text(number).into_value(cx)?,
            from.clone(),
            Value::NONE,
            to.clone(),
        ])
    };
    match arguments() {
        Ok(arguments) => cx.raise_with(exceptions::os_error(), &arguments),
        Err(raised) => raised,
    }
}

/// The errno of this thread, as C functions leave it.
pub(super) fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}

/// The answer of a C function that says -1 and sets errno when it fails.
pub(super) fn outcome<T: PartialEq + From<i8>>(answer: T) -> SystemResult<T> {
    if answer == T::from(-1) {
        Err(last_error())
    } else {
        Ok(answer)
    }
}

/// The answer of a C function that returns its error.
pub(super) fn returned_error(number: libc::c_int) -> SystemResult<()> {
    if number == 0 {
        Ok(())
    } else {
        Err(Errno::from_raw_os_error(number))
    }
}

/// An argument that names a file.
pub(super) struct FilePath(Path);

impl FilePath {
    /// As the system takes it.
    pub(super) fn name(&self) -> &CStr {
        self.0.as_c_str()
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// What the caller gave, for errors.
    pub(super) fn object(&self) -> &Value {
        &self.0.object
    }
}

impl<'a> FromArgument<'a> for FilePath {
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        Expects::path(place.function)
            .named(place.name)
            .path_of(cx, value)
            .map(FilePath)
    }
}

/// An argument that names a file or is a descriptor; `OR_NONE`: or is None, for the current directory.
pub(super) struct FileOr<const OR_NONE: bool> {
    pub(super) target: Option<Target>,
    /// What the caller gave, for errors.
    pub(super) object: Value,
}

/// An argument that names a file or is a descriptor.
pub(super) type File = FileOr<false>;
/// An argument that names a directory, is a descriptor, or is left out.
pub(super) type FileOrNone = FileOr<true>;

/// What a [`FileOr`] refers to.
pub(super) enum Refers<'a> {
    Path(&'a CStr),
    Descriptor(RawFd),
}

impl<const OR_NONE: bool> FileOr<OR_NONE> {
    /// What it refers to.
    pub(super) fn refers(&self) -> Refers<'_> {
        match &self.target {
            Some(Target::Path(path)) => Refers::Path(path.as_c_str()),
            Some(Target::Descriptor(number)) => Refers::Descriptor(*number),
            None => Refers::Path(c"."),
        }
    }

    /// The path, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        self.target.as_ref().and_then(Target::path)
    }

    /// Whether it is a descriptor.
    pub(super) fn is_descriptor(&self) -> bool {
        matches!(self.target, Some(Target::Descriptor(_)))
    }

    /// ValueError for a descriptor together with what only goes with a path.
    pub(super) fn check_descriptor(
        &self,
        cx: &Context,
        function: &str,
        directory: &Directory,
        follow_symlinks: bool,
    ) -> PyResult<()> {
        if !self.is_descriptor() {
            return Ok(());
        }
        if !directory.is_current() {
            return Err(cx.value_error(format!(
                "{function}: can't specify dir_fd without matching path"
            )));
        }
        if !follow_symlinks {
            return Err(cx.value_error(format!(
                "{function}: cannot use fd and follow_symlinks together"
            )));
        }
        Ok(())
    }
}

impl<'a, const OR_NONE: bool> FromArgument<'a> for FileOr<OR_NONE> {
    fn from_argument(cx: &Context, value: &'a Value, place: &Place) -> PyResult<Self> {
        if OR_NONE && value.is_none() {
            return Ok(FileOr {
                target: None,
                object: Value::NONE,
            });
        }
        let mut expects = Expects::path_or_descriptor(place.function).named(place.name);
        expects.none = OR_NONE;
        let target = expects.target(cx, value)?;
        let object = match target.path() {
            Some(path) => path.object.clone(),
            None => value.clone(),
        };
        Ok(FileOr {
            target: Some(target),
            object,
        })
    }
}

/// `dir_fd`: the directory that relative paths begin in.
pub(super) struct Directory(Option<RawFd>);

impl Directory {
    /// The directory's descriptor.
    pub(super) fn get(&self) -> SystemResult<BorrowedFd<'_>> {
        match self.0 {
            None => Ok(rustix::fs::CWD),
            Some(number) => descriptor::borrow(number),
        }
    }

    /// The number as C functions take it.
    pub(super) fn raw(&self) -> RawFd {
        self.0.unwrap_or(libc::AT_FDCWD)
    }

    /// What audit hooks are told of it.
    pub(super) fn told(&self) -> Value {
        Value::small_int(self.0.unwrap_or(-1))
    }

    /// Whether none was given.
    pub(super) fn is_current(&self) -> bool {
        self.0.is_none()
    }
}

impl<'a> FromArgument<'a> for Directory {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        if value.is_none() {
            return Ok(Directory(None));
        }
        if value.class().slots.index.get().is_none() {
            let got = value.type_name();
            return Err(cx.type_error(format!("argument should be integer or None, not {got}")));
        }
        descriptor::warn_of_bool(cx, value)?;
        let number = int::index_as_i128(cx, value)?;
        match i32::try_from(number) {
            Ok(libc::AT_FDCWD) => Ok(Directory(None)),
            Ok(number) => Ok(Directory(Some(number))),
            Err(_) if number > 0 => Err(cx.overflow_error("fd is greater than maximum")),
            Err(_) => Err(cx.overflow_error("fd is less than minimum")),
        }
    }
}

/// A descriptor, or something with `fileno()`.
pub(super) struct FileDescriptor(pub(super) RawFd);

impl<'a> FromArgument<'a> for FileDescriptor {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        descriptor::argument(cx, value).map(FileDescriptor)
    }
}

/// A user's or group's number; -1 is `u32::MAX`.
fn identity(cx: &Context, value: &Value, what: &str) -> PyResult<u32> {
    if value.class().slots.index.get().is_none() {
        let got = value.type_name();
        return Err(cx.type_error(format!("{what} should be integer, not {got}")));
    }
    let number = int::index_as_i128(cx, value)?;
    if number == -1 {
        return Ok(u32::MAX);
    }
    u32::try_from(number).map_err(|_| {
        // Beyond 64 bits CPython knows on which side the number lies.
        let side = if number > i128::from(i64::MAX) {
            "greater than maximum"
        } else {
            "less than minimum"
        };
        cx.overflow_error(format!("{what} is {side}"))
    })
}

/// A user.
#[derive(Clone, Copy)]
pub(super) struct User(pub(super) u32);

/// A group.
#[derive(Clone, Copy)]
pub(super) struct Group(pub(super) u32);

impl<'a> FromArgument<'a> for User {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        identity(cx, value, "uid").map(User)
    }
}

impl<'a> FromArgument<'a> for Group {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        identity(cx, value, "gid").map(Group)
    }
}

/// A user's or group's number as Python has it.
pub(super) fn identity_value(cx: &Context, number: u32) -> PyResult<Value> {
    if number == u32::MAX {
        (-1).into_value(cx)
    } else {
        number.into_value(cx)
    }
}

impl IntoValue for User {
    fn into_value(self, cx: &Context) -> PyResult<Value> {
        identity_value(cx, self.0)
    }
}

impl IntoValue for Group {
    fn into_value(self, cx: &Context) -> PyResult<Value> {
        identity_value(cx, self.0)
    }
}

impl User {
    /// `None` for "leave it as it is".
    pub(super) fn wanted(self) -> Option<rustix::fs::Uid> {
        (self.0 != u32::MAX).then(|| rustix::fs::Uid::from_raw(self.0))
    }
}

impl Group {
    /// `None` for "leave it as it is".
    pub(super) fn wanted(self) -> Option<rustix::fs::Gid> {
        (self.0 != u32::MAX).then(|| rustix::fs::Gid::from_raw(self.0))
    }
}

/// The bits of a mode.
pub(super) fn mode(bits: i32) -> rustix::fs::Mode {
    rustix::fs::Mode::from_bits_retain(bits as u32)
}

/// The number of bytes that a call is to handle at most; negative ones are EINVAL.
///
/// # Errors
/// OSError.
pub(super) fn length(cx: &Context, length: isize) -> PyResult<usize> {
    usize::try_from(length).map_err(|_| Errno::INVAL).settle(cx)
}
