//! Arguments that name files: `str`, `bytes`, anything with `__fspath__`, sometimes a descriptor.

use std::ffi::{CStr, CString};
use std::os::fd::RawFd;

use typhon_runtime::args::Args;
use typhon_runtime::codec;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions::os_error_from_errno;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use crate::descriptor;

/// The name of a file, as the system takes it.
#[derive(Debug)]
pub struct Path {
    /// What the caller gave, for messages.
    pub object: Value,
    bytes: CString,
    /// Whether results about this path are `bytes`.
    pub is_bytes: bool,
}

/// `os.fspath(value)`, or `None` for what names no file.
fn fspath_or_none(cx: &Context, value: &Value) -> PyResult<Option<Value>> {
    if value.downcast::<Str>().is_some() || value.downcast::<Bytes>().is_some() {
        return Ok(Some(value.clone()));
    }
    let Some(function) = value
        .class()
        .lookup(cx, names::dunder_fspath())
        .filter(|function| !function.is_none())
    else {
        return Ok(None);
    };
    let path = call::call_found(cx, &function, value, Args::NONE)?;
    if path.downcast::<Str>().is_none() && path.downcast::<Bytes>().is_none() {
        return Err(cx.type_error(format!(
            "expected {}.__fspath__() to return str or bytes, not {}",
            value.type_name(),
            path.type_name()
        )));
    }
    Ok(Some(path))
}

/// `os.fspath(value)`.
///
/// # Errors
/// TypeError for what names no file.
pub fn fspath(cx: &Context, value: &Value) -> PyResult<Value> {
    match fspath_or_none(cx, value)? {
        Some(path) => Ok(path),
        None => Err(cx.type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            value.type_name()
        ))),
    }
}

impl Path {
    /// The path that `fspath` gave.
    fn from_text(cx: &Context, object: &Value, path: &Value, null: &str) -> PyResult<Path> {
        let (bytes, is_bytes) = match (path.downcast::<Str>(), path.downcast::<Bytes>()) {
            (Some(text), _) => (codec::encode_file_name(cx, text)?, false),
            (None, Some(bytes)) => (bytes.as_slice().to_vec(), true),
            (None, None) => unreachable!("invariant: fspath gives str or bytes"),
        };
        match CString::new(bytes) {
            Ok(bytes) => Ok(Path {
                object: object.clone(),
                bytes,
                is_bytes,
            }),
            Err(_) => Err(cx.value_error(null)),
        }
    }

    /// An argument that must be a path.
    ///
    /// # Errors
    /// TypeError for what is none, ValueError for a null byte.
    pub fn convert(cx: &Context, _function: &str, value: &Value) -> PyResult<Path> {
        let path = fspath(cx, value)?;
        Path::from_text(cx, value, &path, "embedded null byte")
    }

    /// The path as the system takes it.
    pub fn as_c_str(&self) -> &CStr {
        &self.bytes
    }

    /// The path without the null byte.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_bytes()
    }

    /// A name that the system gave, in the type that this path has.
    ///
    /// # Errors
    /// MemoryError.
    pub fn like(&self, cx: &Context, name: &[u8]) -> PyResult<Value> {
        if self.is_bytes {
            Bytes::from_slice(cx, name).map(Ref::into_value)
        } else {
            codec::decode_file_name(cx, name).map(Ref::into_value)
        }
    }
}

/// What a path argument of a function of `os` may be.
#[derive(Clone, Copy, Debug)]
pub struct Expects {
    /// For messages.
    pub function: &'static str,
    /// For messages.
    pub argument: &'static str,
    /// Whether a descriptor will do.
    pub descriptor: bool,
    /// Whether None will do.
    pub none: bool,
}

/// A path argument of a function of `os`.
#[derive(Debug)]
pub enum Target {
    Path(Path),
    /// An open file.
    Descriptor(RawFd),
}

impl Expects {
    /// An argument `path` that must be a path.
    pub const fn path(function: &'static str) -> Expects {
        Expects {
            function,
            argument: "path",
            descriptor: false,
            none: false,
        }
    }

    /// An argument `path` that may be a descriptor.
    pub const fn path_or_descriptor(function: &'static str) -> Expects {
        Expects {
            function,
            argument: "path",
            descriptor: true,
            none: false,
        }
    }

    /// Another name for the argument.
    pub const fn named(mut self, argument: &'static str) -> Expects {
        self.argument = argument;
        self
    }

    fn wrong(&self, cx: &Context, value: &Value) -> Raised {
        let kinds = match (self.descriptor, self.none) {
            (true, true) => "string, bytes, os.PathLike, integer or None",
            (true, false) => "string, bytes, os.PathLike or integer",
            (false, true) => "string, bytes, os.PathLike or None",
            (false, false) => "string, bytes or os.PathLike",
        };
        let Expects {
            function, argument, ..
        } = self;
        let got = value.type_name();
        cx.type_error(format!(
            "{function}: {argument} should be {kinds}, not {got}"
        ))
    }

    /// Converts the argument.
    ///
    /// # Errors
    /// TypeError for anything else, ValueError for a null byte.
    pub fn target(&self, cx: &Context, value: &Value) -> PyResult<Target> {
        if self.descriptor && value.class().slots.index.get().is_some() {
            if value.as_bool().is_some() {
                typhon_runtime::warnings::warn(
                    cx,
                    typhon_runtime::objects::exceptions::runtime_warning(),
                    "bool is used as a file descriptor",
                    1,
                )?;
            }
            let number = int::index_as_i128(cx, value)?;
            return match i32::try_from(number) {
                Ok(number) => Ok(Target::Descriptor(number)),
                Err(_) if number > 0 => Err(cx.overflow_error("fd is greater than maximum")),
                Err(_) => Err(cx.overflow_error("fd is less than minimum")),
            };
        }
        self.path_of(cx, value).map(Target::Path)
    }

    /// Converts an argument that is no descriptor.
    ///
    /// # Errors
    /// As [`Expects::target`].
    pub fn path_of(&self, cx: &Context, value: &Value) -> PyResult<Path> {
        match fspath_or_none(cx, value)? {
            Some(path) => {
                let null = format!(
                    "{}: embedded null character in {}",
                    self.function, self.argument
                );
                Path::from_text(cx, &path, &path, &null)
            }
            None => Err(self.wrong(cx, value)),
        }
    }
}

impl Target {
    /// What the caller gave.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Target::Path(path) => Some(path),
            Target::Descriptor(_) => None,
        }
    }

    /// OSError about this file.
    #[cold]
    pub fn error(&self, cx: &Context, error: rustix::io::Errno) -> Raised {
        match self {
            Target::Path(path) => path.error(cx, error),
            Target::Descriptor(_) => descriptor::os_error(cx, error),
        }
    }
}

impl Path {
    /// OSError about this file.
    #[cold]
    pub fn error(&self, cx: &Context, error: rustix::io::Errno) -> Raised {
        os_error_from_errno(cx, error.raw_os_error(), Some(&self.object))
    }
}
