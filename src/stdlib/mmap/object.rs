//! The object: a mapping with a position.

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, FromArgument, Maybe, Place};
use typhon_runtime::buffer::Buffer;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::iterators::SequenceIterator;
use typhon_runtime::objects::slice::Slice;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{exceptions, int, memoryview};
use typhon_runtime::protocols::index;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::mapping::{self, Mapping};
use crate::arguments::{as_size, bind, given, signature};
use crate::bytes_like::BytesLike;
use crate::descriptor;
use typhon_runtime::audit;

/// How a mapping may be used; the numbers are those of the module's constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Access {
    Default,
    Read,
    Write,
    Copy,
}

pub(super) const ACCESS_NAMES: [&str; 4] = [
    "ACCESS_DEFAULT",
    "ACCESS_READ",
    "ACCESS_WRITE",
    "ACCESS_COPY",
];

/// The payload of `mmap`.
#[pyclass(
    name = "mmap",
    module = "mmap",
    plain,
    flags(BASETYPE, HAS_WEAKREF, IMMUTABLE),
    doc = "Windows: mmap(fileno, length[, tagname[, access[, offset]]])\n\nMaps length bytes from the file specified by the file handle fileno,\nand returns a mmap object.  If length is larger than the current size\nof the file, the file is extended to contain length bytes.  If length\nis 0, the maximum length of the map is the current size of the file,\nexcept that if the file is empty Windows raises an exception (you cannot\ncreate an empty mapping on Windows).\n\nUnix: mmap(fileno, length[, flags[, prot[, access[, offset[, trackfd]]]]])\n\nMaps length bytes from the file specified by the file descriptor fileno,\nand returns a mmap object.  If length is 0, the maximum length of the map\nwill be the current size of the file when mmap is called.\nflags specifies the nature of the mapping. MAP_PRIVATE creates a\nprivate copy-on-write mapping, so changes to the contents of the mmap\nobject will be private to this process, and MAP_SHARED creates a mapping\nthat's shared with all other processes mapping the same areas of the file.\nThe default value is MAP_SHARED.\n\nTo map anonymous memory, pass -1 as the fileno (both versions)."
)]
pub struct Mmap {
    access: Access,
    is_private: bool,
    offset: u64,
    tracks_file: bool,
    state: Guarded<State>,
}

/// What the lock guards.
pub struct State {
    /// `None` once it is closed.
    mapping: Option<Mapping>,
    file: Option<OwnedFd>,
    position: usize,
    /// Buffers that are out.
    exports: usize,
}

impl Lockable for Mmap {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

#[cold]
fn closed(cx: &Context) -> Raised {
    cx.value_error("mmap closed or invalid")
}

#[cold]
fn failed(cx: &Context, error: Errno) -> Raised {
    exceptions::os_error_from_errno(cx, error.raw_os_error(), None)
}

fn wrap(at: isize, length: usize) -> Option<usize> {
    let at = if at < 0 { at + length as isize } else { at };
    usize::try_from(at).ok().filter(|&at| at < length)
}

impl Mmap {
    /// Runs `work` on the mapping and the position.
    fn with<R>(
        cx: &Context,
        this: &Ref<Mmap>,
        work: impl FnOnce(&mut Mapping, &mut usize) -> R,
    ) -> PyResult<R> {
        let done = this.locked(|state| {
            let State {
                mapping, position, ..
            } = state;
            mapping.as_mut().map(|mapping| work(mapping, position))
        });
        done.ok_or_else(|| closed(cx))
    }

    fn check_open(cx: &Context, this: &Ref<Mmap>) -> PyResult<usize> {
        Mmap::with(cx, this, |mapping, _| mapping.length())
    }

    fn check_writable(cx: &Context, this: &Ref<Mmap>) -> PyResult<()> {
        if this.access == Access::Read {
            return Err(cx.type_error("mmap can't modify a readonly memory map."));
        }
        Ok(())
    }
}

fn release(owner: &Value) {
    if let Some(map) = owner.downcast::<Mmap>() {
        map.locked(|state| state.exports -= 1);
    }
}

/// The arguments of the constructor.
struct Request {
    file: i32,
    length: usize,
    flags: i32,
    protection: i32,
    access: Access,
    offset: u64,
    tracks_file: bool,
}

fn integer(cx: &Context, value: Option<&Value>, default: i32) -> PyResult<i32> {
    let place = Place {
        function: "mmap",
        position: 0,
        name: "",
        by_name: false,
    };
    value.map_or(Ok(default), |value| i32::from_argument(cx, value, &place))
}

impl Request {
    fn read(cx: &Context, args: Args<'_>) -> PyResult<Request> {
        let signature = signature!(
            "mmap",
            0,
            [
                fileno,
                length,
                flags = (),
                prot = (),
                access = (),
                offset = ()
            ],
            [trackfd = ()]
        );
        let [file, length, flags, protection, access, offset, tracks_file] =
            bind(cx, signature, args)?;
        let file = integer(cx, file, -1)?;
        let length = as_size(cx, given(length))?;
        let mut flags_value = integer(cx, flags, libc::MAP_SHARED)?;
        let read_write = libc::PROT_READ | libc::PROT_WRITE;
        let mut protection_value = integer(cx, protection, read_write)?;
        let access = integer(cx, access, 0)?;
        let offset = offset.map_or(Ok(0), |offset| int::index_as_i128(cx, offset))?;
        let tracks_file = tracks_file.map_or(Ok(true), |value| value.truth(cx))?;
        let Ok(length) = usize::try_from(length) else {
            return Err(cx.overflow_error("memory mapped length must be positive"));
        };
        if offset < 0 {
            return Err(cx.overflow_error("memory mapped offset must be positive"));
        }
        let offset = u64::try_from(offset)
            .map_err(|_| cx.overflow_error("Python int too large to convert to C long"))?;
        let is_detailed = flags.is_some() && flags_value != libc::MAP_SHARED
            || protection.is_some() && protection_value != read_write;
        if access != 0 && is_detailed {
            return Err(cx.value_error("mmap can't specify both access and flags, prot."));
        }
        let access = match access {
            0 => match protection_value & read_write {
                both if both == read_write => Access::Default,
                libc::PROT_WRITE => Access::Write,
                _ => Access::Read,
            },
            1 => {
                flags_value = libc::MAP_SHARED;
                protection_value = libc::PROT_READ;
                Access::Read
            }
            2 => {
                flags_value = libc::MAP_SHARED;
                Access::Write
            }
            3 => {
                flags_value = libc::MAP_PRIVATE;
                Access::Copy
            }
            _ => return Err(cx.value_error("mmap invalid access parameter.")),
        };
        Ok(Request {
            file,
            length,
            flags: flags_value,
            protection: protection_value,
            access,
            offset,
            tracks_file,
        })
    }

    /// How many bytes to map of a file with this size.
    fn length_of_file(&self, cx: &Context, size: u64) -> PyResult<usize> {
        if self.length == 0 {
            if size == 0 {
                return Err(cx.value_error("cannot mmap an empty file"));
            }
            if self.offset >= size {
                return Err(cx.value_error("mmap offset is greater than file size"));
            }
            return usize::try_from(size - self.offset)
                .map_err(|_| cx.value_error("mmap length is too large"));
        }
        if self.offset > size || size - self.offset < self.length as u64 {
            return Err(cx.value_error("mmap length is greater than file size"));
        }
        Ok(self.length)
    }

    fn map(mut self, cx: &Context) -> PyResult<Mmap> {
        let mut file = None;
        if self.file != -1 {
            let given = descriptor::borrow(self.file).map_err(|error| failed(cx, error))?;
            let status = cx
                .detached(|| rustix::fs::fstat(given))
                .map_err(|error| failed(cx, error))?;
            if rustix::fs::FileType::from_raw_mode(status.st_mode).is_file() {
                self.length = self.length_of_file(cx, status.st_size as u64)?;
            }
            let own = rustix::io::fcntl_dupfd_cloexec(given, 0);
            file = Some(own.map_err(|error| failed(cx, error))?);
        } else {
            self.flags |= libc::MAP_ANONYMOUS;
        }
        let protection = ProtFlags::from_bits_retain(self.protection as u32);
        let flags = MapFlags::from_bits_retain(self.flags as u32);
        let mapping = cx
            .detached(|| {
                let file = file.as_ref().map(AsFd::as_fd);
                Mapping::new(self.length, protection, flags, file, self.offset)
            })
            .map_err(|error| failed(cx, error))?;
        Ok(Mmap {
            access: self.access,
            is_private: self.flags & libc::MAP_PRIVATE != 0,
            offset: self.offset,
            tracks_file: self.tracks_file,
            state: Guarded::new(State {
                mapping: Some(mapping),
                file: file.filter(|_| self.tracks_file),
                position: 0,
                exports: 0,
            }),
        })
    }
}

/// What goes into one item.
fn item_value(cx: &Context, value: &Value) -> PyResult<u8> {
    if !int::is_int(value) && value.class().slots.index.get().is_none() {
        return Err(cx.type_error("mmap item value must be an int"));
    }
    u8::try_from(int::index_as_i128(cx, value)?)
        .map_err(|_| cx.value_error("mmap item value must be in range(0, 256)"))
}

fn item_index(cx: &Context, key: &Value) -> PyResult<isize> {
    if int::is_int(key) || key.class().slots.index.get().is_some() {
        return index::as_index(cx, key);
    }
    Err(cx.type_error("mmap indices must be integers"))
}

/// A bound of `find`, inside the mapping.
fn bound(cx: &Context, value: Option<&Value>, absent: usize, length: usize) -> PyResult<usize> {
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(absent);
    };
    let bound = index::clamped(cx, value)?;
    let bound = if bound < 0 {
        bound.saturating_add(length as isize)
    } else {
        bound
    };
    Ok(bound.clamp(0, length as isize) as usize)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Last,
}

fn find(
    cx: &Context,
    this: &Ref<Mmap>,
    wanted: &[u8],
    start: Option<&Value>,
    end: Option<&Value>,
    side: Side,
) -> PyResult<isize> {
    let (length, position) = Mmap::with(cx, this, |mapping, at| (mapping.length(), *at))?;
    let start = bound(cx, start, position, length)?;
    let end = bound(cx, end, length, length)?;
    let found = Mmap::with(cx, this, |mapping, _| {
        let end = end.min(mapping.length());
        let bytes = mapping.bytes().get(start..end)?;
        let found = match side {
            Side::First => memchr::memmem::find(bytes, wanted),
            Side::Last => memchr::memmem::rfind(bytes, wanted),
        };
        found.map(|at| (start + at) as isize)
    })?;
    Ok(found.unwrap_or(-1))
}

#[pymethods]
impl Mmap {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let request = Request::read(cx, args)?;
        audit::event(cx, "mmap.__new__", || {
            Ok(vec![
                int::from_i64(cx, request.file.into())?,
                int::from_u64(cx, request.length as u64)?,
                int::from_i64(cx, request.access as i64)?,
                int::from_u64(cx, request.offset)?,
            ])
        })?;
        object::new_of_class(cx, class, request.map(cx)?).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Mmap>) -> PyResult<Value> {
        let class = this.as_value().type_name();
        let state = this.locked(|state| {
            let length = state.mapping.as_ref()?.length();
            Some((length, state.position))
        });
        let text = match state {
            None => format!("<{class} closed=True>"),
            Some((length, position)) => format!(
                "<{class} closed=False, access={}, length={length}, pos={position}, offset={}>",
                ACCESS_NAMES[this.access as usize], this.offset
            ),
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(length)]
    fn length(cx: &Context, this: &Ref<Mmap>) -> PyResult<usize> {
        Mmap::check_open(cx, this)
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Mmap>) -> PyResult<Value> {
        SequenceIterator::over(cx, this.as_value())
    }

    /// Items of the iterator are `bytes`, those of a subscript ints.
    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Mmap>, at: isize) -> PyResult<Value> {
        let byte = Mmap::with(cx, this, |mapping, _| {
            let at = usize::try_from(at).ok()?;
            mapping.bytes().get(at).copied()
        })?;
        match byte {
            Some(byte) => Bytes::from_slice(cx, &[byte]).map(Ref::into_value),
            None => Err(cx.index_error("mmap index out of range")),
        }
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Mmap>, key: &Value) -> PyResult<Value> {
        Mmap::check_open(cx, this)?;
        if let Some(slice) = key.downcast::<Slice>() {
            let bounds = slice.bounds(cx)?;
            let bytes: Vec<u8> = Mmap::with(cx, this, |mapping, _| {
                let bytes = mapping.bytes();
                let selected = bounds.resolve(bytes.len());
                match selected.as_range() {
                    Some(range) => bytes[range].to_vec(),
                    None => selected.indices().map(|at| bytes[at]).collect(),
                }
            })?;
            return Bytes::from_slice(cx, &bytes).map(Ref::into_value);
        }
        let at = item_index(cx, key)?;
        let byte = Mmap::with(cx, this, |mapping, _| {
            wrap(at, mapping.length()).map(|at| mapping.bytes()[at])
        })?;
        match byte {
            Some(byte) => int::from_i64(cx, byte.into()),
            None => Err(cx.index_error("mmap index out of range")),
        }
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<Mmap>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        Mmap::check_open(cx, this)?;
        Mmap::check_writable(cx, this)?;
        if let Some(slice) = key.downcast::<Slice>() {
            let bounds = slice.bounds(cx)?;
            let Some(value) = value else {
                return Err(cx.type_error("mmap object doesn't support slice deletion"));
            };
            // Copied: the bytes may be the mapping's own.
            let with = BytesLike::of(cx, value)?.bytes().to_vec();
            let fits = Mmap::with(cx, this, |mapping, _| {
                let selected = bounds.resolve(mapping.length());
                let fits = selected.count == with.len();
                if fits {
                    let bytes = mapping.bytes_mut();
                    for (at, &byte) in selected.indices().zip(&with) {
                        bytes[at] = byte;
                    }
                }
                fits
            })?;
            return if fits {
                Ok(())
            } else {
                Err(cx.index_error("mmap slice assignment is wrong size"))
            };
        }
        let at = item_index(cx, key)?;
        let out_of_range = || cx.index_error("mmap index out of range");
        wrap(at, Mmap::check_open(cx, this)?).ok_or_else(out_of_range)?;
        let Some(value) = value else {
            return Err(cx.type_error("mmap doesn't support item deletion"));
        };
        let byte = item_value(cx, value)?;
        Mmap::with(cx, this, |mapping, _| {
            wrap(at, mapping.length()).map(|at| mapping.bytes_mut()[at] = byte)
        })?
        .ok_or_else(out_of_range)
    }

    #[slot(buffer)]
    fn buffer(cx: &Context, this: &Ref<Mmap>) -> PyResult<Buffer> {
        let exported = this.locked(|state| {
            let mapping = state.mapping.as_ref()?;
            state.exports += 1;
            Some((mapping.start(), mapping.length()))
        });
        let (start, length) = exported.ok_or_else(|| closed(cx))?;
        Ok(Buffer {
            owner: this.to_value(),
            start,
            length,
            read_only: this.access == Access::Read,
            format: None,
            release: Some(release),
        })
    }

    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<Mmap>) -> PyResult<()> {
        let taken = this.locked(|state| {
            if state.exports > 0 {
                return Err(());
            }
            Ok((state.mapping.take(), state.file.take()))
        });
        match taken {
            Ok(parts) => {
                cx.detached(|| drop(parts));
                Ok(())
            }
            Err(()) => Err(cx.buffer_error("cannot close exported pointers exist")),
        }
    }

    #[method("find(self, view, start=None, end=None, /)")]
    fn find(
        cx: &Context,
        this: &Ref<Mmap>,
        view: BytesLike,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<isize> {
        find(cx, this, view.bytes(), start.0, end.0, Side::First)
    }

    #[method("rfind(self, view, start=None, end=None, /)")]
    fn rfind(
        cx: &Context,
        this: &Ref<Mmap>,
        view: BytesLike,
        start: Maybe<&Value>,
        end: Maybe<&Value>,
    ) -> PyResult<isize> {
        find(cx, this, view.bytes(), start.0, end.0, Side::Last)
    }

    #[method("flush(self, offset=0, size=None, /)")]
    fn flush(
        cx: &Context,
        this: &Ref<Mmap>,
        offset: Maybe<isize>,
        size: Maybe<Option<isize>>,
    ) -> PyResult<()> {
        let length = Mmap::check_open(cx, this)?;
        let offset = offset.0.unwrap_or(0);
        let size = size.0.flatten().unwrap_or(length as isize - offset);
        let range = usize::try_from(offset).ok().zip(usize::try_from(size).ok());
        let range = range.filter(|&(offset, size)| offset <= length && size <= length - offset);
        let Some((offset, size)) = range else {
            return Err(cx.value_error("flush values out of range"));
        };
        if matches!(this.access, Access::Read | Access::Copy) {
            return Ok(());
        }
        // The buffer keeps the mapping where it is while this thread is detached.
        let pages = Mmap::buffer(cx, this)?;
        if pages.length < offset + size {
            return Err(cx.value_error("flush values out of range"));
        }
        cx.detached(|| mapping::flush(&pages, offset, size))
            .map_err(|error| failed(cx, error))
    }

    #[method("madvise(self, option, start=0, length=None, /)")]
    fn madvise(
        cx: &Context,
        this: &Ref<Mmap>,
        option: i32,
        start: Maybe<isize>,
        length: Maybe<Option<isize>>,
    ) -> PyResult<()> {
        let size = Mmap::check_open(cx, this)?;
        let start = usize::try_from(start.0.unwrap_or(0))
            .ok()
            .filter(|&start| start < size)
            .ok_or_else(|| cx.value_error("madvise start out of bounds"))?;
        let length = match length.0.flatten() {
            None => size,
            Some(length) => {
                usize::try_from(length).map_err(|_| cx.value_error("madvise length invalid"))?
            }
        };
        if isize::try_from(start.saturating_add(length)).is_err() {
            return Err(cx.overflow_error("madvise length too large"));
        }
        Mmap::with(cx, this, |mapping, _| {
            let length = length.min(mapping.length().saturating_sub(start));
            mapping.advise(start, length, option)
        })?
        .map_err(|error| failed(cx, error))
    }

    #[method("move(self, dest, src, count, /)")]
    fn move_(
        cx: &Context,
        this: &Ref<Mmap>,
        dest: isize,
        src: isize,
        count: isize,
    ) -> PyResult<()> {
        Mmap::check_open(cx, this)?;
        Mmap::check_writable(cx, this)?;
        let numbers = [dest, src, count].map(usize::try_from);
        let [Ok(to), Ok(from), Ok(count)] = numbers else {
            return Err(cx.value_error("source, destination, or count out of range"));
        };
        let moved = Mmap::with(cx, this, |mapping, _| {
            let length = mapping.length();
            let fits = |at: usize| at <= length && count <= length - at;
            let fits = fits(to) && fits(from);
            if fits {
                mapping.bytes_mut().copy_within(from..from + count, to);
            }
            fits
        })?;
        if moved {
            Ok(())
        } else {
            Err(cx.value_error("source, destination, or count out of range"))
        }
    }

    #[method("read(self, n=None, /)")]
    fn read(cx: &Context, this: &Ref<Mmap>, n: Maybe<&Value>) -> PyResult<Ref<Bytes>> {
        let wanted = match n.0.filter(|n| !n.is_none()) {
            None => usize::MAX,
            Some(n) if n.class().slots.index.get().is_none() => {
                let got = n.type_name();
                return Err(
                    cx.type_error(format!("argument should be integer or None, not '{got}'"))
                );
            }
            Some(n) => usize::try_from(as_size(cx, n)?).unwrap_or(usize::MAX),
        };
        let bytes = Mmap::with(cx, this, |mapping, position| {
            let start = (*position).min(mapping.length());
            let end = start.saturating_add(wanted).min(mapping.length());
            *position = end;
            mapping.bytes()[start..end].to_vec()
        })?;
        Bytes::from_slice(cx, &bytes)
    }

    #[method("read_byte(self, /)")]
    fn read_byte(cx: &Context, this: &Ref<Mmap>) -> PyResult<u8> {
        let byte = Mmap::with(cx, this, |mapping, position| {
            let byte = mapping.bytes().get(*position).copied()?;
            *position += 1;
            Some(byte)
        })?;
        byte.ok_or_else(|| cx.value_error("read byte out of range"))
    }

    #[method("readline(self, /)")]
    fn readline(cx: &Context, this: &Ref<Mmap>) -> PyResult<Ref<Bytes>> {
        let line = Mmap::with(cx, this, |mapping, position| {
            let rest = mapping.bytes().get(*position..).unwrap_or_default();
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            *position += length;
            rest[..length].to_vec()
        })?;
        Bytes::from_slice(cx, &line)
    }

    #[method("resize(self, newsize, /)")]
    fn resize(cx: &Context, this: &Ref<Mmap>, newsize: isize) -> PyResult<()> {
        Mmap::check_open(cx, this)?;
        if this.locked(|state| state.exports > 0) {
            return Err(cx.buffer_error("mmap can't resize with extant buffers exported."));
        }
        if !this.tracks_file {
            return Err(cx.value_error("mmap can't resize with trackfd=False."));
        }
        if matches!(this.access, Access::Read | Access::Copy) {
            return Err(cx.type_error("mmap can't resize a readonly or copy-on-write memory map."));
        }
        let size = usize::try_from(newsize).ok();
        let end = size.and_then(|size| this.offset.checked_add(size as u64));
        let (Some(size), Some(end)) = (size, end.filter(|&end| i64::try_from(end).is_ok())) else {
            return Err(cx.value_error("new size out of range"));
        };
        let is_anonymous = this.locked(|state| state.file.is_none());
        let grows = size > Mmap::check_open(cx, this)?;
        if is_anonymous && !this.is_private && grows {
            return Err(cx.value_error("mmap: can't expand a shared anonymous mapping"));
        }
        let resized = this.locked(|state| {
            if state.exports > 0 {
                return Err(None);
            }
            let mapping = state.mapping.as_mut().ok_or(Some(Errno::BADF))?;
            if let Some(file) = &state.file {
                rustix::fs::ftruncate(file, end).map_err(Some)?;
            }
            mapping.resize(size).map_err(Some)
        });
        resized.map_err(|error| match error {
            Some(error) => failed(cx, error),
            None => cx.buffer_error("mmap can't resize with extant buffers exported."),
        })
    }

    #[method("seek(self, pos, whence=0, /)")]
    fn seek(cx: &Context, this: &Ref<Mmap>, pos: isize, whence: Maybe<i32>) -> PyResult<usize> {
        let whence = whence.0.unwrap_or(0);
        let moved = Mmap::with(cx, this, |mapping, position| {
            let base = match whence {
                0 => 0,
                1 => *position,
                2 => mapping.length(),
                _ => return Err("unknown seek type"),
            };
            let wanted = base.checked_add_signed(pos);
            match wanted.filter(|&wanted| wanted <= mapping.length()) {
                Some(wanted) => {
                    *position = wanted;
                    Ok(wanted)
                }
                None => Err("seek out of range"),
            }
        })?;
        moved.map_err(|message| cx.value_error(message))
    }

    #[method("seekable(self, /)")]
    fn seekable(_cx: &Context, _this: &Ref<Mmap>) -> PyResult<bool> {
        Ok(true)
    }

    #[method("size(self, /)")]
    fn size(cx: &Context, this: &Ref<Mmap>) -> PyResult<u64> {
        Mmap::check_open(cx, this)?;
        let status = this.locked(|state| match &state.file {
            Some(file) => rustix::fs::fstat(file),
            None => Err(Errno::BADF),
        });
        match status {
            Ok(status) => Ok(status.st_size as u64),
            Err(error) => Err(failed(cx, error)),
        }
    }

    #[method("tell(self, /)")]
    fn tell(cx: &Context, this: &Ref<Mmap>) -> PyResult<usize> {
        Mmap::with(cx, this, |_, position| *position)
    }

    #[method("write(self, bytes, /)")]
    fn write(cx: &Context, this: &Ref<Mmap>, bytes: BytesLike) -> PyResult<usize> {
        Mmap::check_open(cx, this)?;
        Mmap::check_writable(cx, this)?;
        // Copied: the bytes may be the mapping's own.
        let bytes = bytes.bytes().to_vec();
        let written = Mmap::with(cx, this, |mapping, position| {
            let start = *position;
            let fits = start <= mapping.length() && bytes.len() <= mapping.length() - start;
            if fits {
                mapping.bytes_mut()[start..start + bytes.len()].copy_from_slice(&bytes);
                *position += bytes.len();
            }
            fits
        })?;
        if written {
            Ok(bytes.len())
        } else {
            Err(cx.value_error("data out of range"))
        }
    }

    #[method("write_byte(self, byte, /)")]
    fn write_byte(cx: &Context, this: &Ref<Mmap>, byte: &Value) -> PyResult<()> {
        let byte = match int::index_as_i128(cx, byte)? {
            number if number < 0 => {
                return Err(cx.overflow_error("unsigned byte integer is less than minimum"));
            }
            number => u8::try_from(number)
                .map_err(|_| cx.overflow_error("unsigned byte integer is greater than maximum"))?,
        };
        Mmap::check_open(cx, this)?;
        Mmap::check_writable(cx, this)?;
        let written = Mmap::with(cx, this, |mapping, position| {
            let place = mapping.bytes_mut().get_mut(*position)?;
            *place = byte;
            *position += 1;
            Some(())
        })?;
        written.ok_or_else(|| cx.value_error("write byte out of range"))
    }

    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Ref<Mmap>) -> PyResult<Value> {
        Mmap::check_open(cx, this)?;
        Ok(this.to_value())
    }

    #[method("__exit__(self, exc_type, exc_value, traceback, /)")]
    fn exit(
        cx: &Context,
        this: &Ref<Mmap>,
        _exc_type: &Value,
        _exc_value: &Value,
        _traceback: &Value,
    ) -> PyResult<()> {
        Mmap::close(cx, this)
    }

    #[getter]
    fn closed(_cx: &Context, this: &Ref<Mmap>) -> PyResult<bool> {
        Ok(this.locked(|state| state.mapping.is_none()))
    }

    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Mmap>) -> PyResult<usize> {
        Ok(this.class_of().root_shape().instance_size(0))
    }

    /// Return a buffer object that exposes the underlying memory of the object.
    #[method("__buffer__(self, flags, /)")]
    fn dunder_buffer(cx: &Context, this: &Ref<Mmap>, flags: i64) -> PyResult<Value> {
        memoryview::own_buffer(cx, this.as_value(), flags).map(Ref::into_value)
    }

    /// Release the buffer object that exposes the underlying memory of the object.
    #[method("__release_buffer__(self, buffer, /)")]
    fn release_buffer(cx: &Context, this: &Ref<Mmap>, buffer: &Value) -> PyResult<()> {
        memoryview::release_argument(cx, this.as_value(), buffer)
    }
}
