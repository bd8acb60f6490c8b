//! `FileIO`: a file descriptor as a raw stream. Each operation is one system call, made detached.

use std::os::fd::{BorrowedFd, RawFd};
use std::sync::atomic::{AtomicI8, AtomicI32, AtomicU8, AtomicU64, Ordering};

use rustix::fs::{FileType, Mode, OFlags, SeekFrom};
use rustix::io::Errno;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions::{self, os_error_from_errno};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, text};
use typhon_runtime::{Context, PyResult, Ref, Value, audit, warnings};

use super::base::{self, RawIoBase};
use super::{DEFAULT_BUFFER_SIZE, unsupported};
use crate::blocking;
use crate::bytes_like::BytesLike;
use crate::descriptor::{self, checked, os_error};
use crate::path::Path;

/// The most that one `read` or `write` is asked for: what Linux takes.
pub const LARGEST_TRANSFER: usize = 0x7fff_f000;

const CREATED: u8 = 1;
const READABLE: u8 = 2;
const WRITABLE: u8 = 4;
const APPENDING: u8 = 8;
const CLOSE_DESCRIPTOR: u8 = 16;

/// See the module's header.
#[pyclass(
    name = "FileIO",
    module = "_io",
    base = RawIoBase,
    flags(BASETYPE),
    signature = "(file, mode='r', closefd=True, opener=None)",
    doc = "Open a file.\n\nThe mode can be 'r' (default), 'w', 'x' or 'a' for reading,\nwriting, exclusive creation or appending.  The file will be created\nif it doesn't exist when opened for writing or appending; it will be\ntruncated when opened for writing.  A FileExistsError will be raised\nif it already exists when opened for creating.  Opening a file for\ncreating implies writing so this mode behaves in a similar way to\n'w'.  Add a '+' to the mode to allow simultaneous reading and\nwriting.\n\nA custom opener can be used by passing a callable as *opener*.\nThe underlying file descriptor for the file object is then obtained\nby calling opener with (*name*, *flags*).  *opener* must return\nan open file descriptor (passing os.open as *opener* results in\nfunctionality similar to passing None)."
)]
#[repr(C)]
pub struct FileIo {
    base: RawIoBase,
    /// -1: closed, or not yet open.
    descriptor: AtomicI32,
    flags: AtomicU8,
    /// -1: not asked yet.
    seekable: AtomicI8,
    block_size: AtomicU64,
    /// Length when opened: what `readall` makes room for.
    length: AtomicU64,
}

impl Traverse for FileIo {
    fn traverse(&self, _: &mut dyn FnMut(&Value)) {}
}

impl FileIo {
    fn unopened() -> FileIo {
        FileIo {
            base: RawIoBase::default(),
            descriptor: AtomicI32::new(-1),
            flags: AtomicU8::new(CLOSE_DESCRIPTOR),
            seekable: AtomicI8::new(-1),
            block_size: AtomicU64::new(DEFAULT_BUFFER_SIZE as u64),
            length: AtomicU64::new(0),
        }
    }

    fn number(&self) -> RawFd {
        self.descriptor.load(Ordering::Relaxed)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    /// Whether there is no descriptor.
    pub fn is_closed(&self) -> bool {
        self.number() < 0
    }

    /// The preferred size of a buffer.
    pub fn block_size(&self) -> u64 {
        self.block_size.load(Ordering::Relaxed)
    }

    fn open_descriptor(&self, cx: &Context) -> PyResult<BorrowedFd<'static>> {
        descriptor::borrow(self.number())
            .map_err(|_| cx.value_error("I/O operation on closed file"))
    }

    fn readable_descriptor(&self, cx: &Context) -> PyResult<BorrowedFd<'static>> {
        let descriptor = self.open_descriptor(cx)?;
        if self.has(READABLE) {
            Ok(descriptor)
        } else {
            Err(unsupported(cx, "File not open for reading"))
        }
    }

    fn writable_descriptor(&self, cx: &Context) -> PyResult<BorrowedFd<'static>> {
        let descriptor = self.open_descriptor(cx)?;
        if self.has(WRITABLE) {
            Ok(descriptor)
        } else {
            Err(unsupported(cx, "File not open for writing"))
        }
    }

    /// Reads once; `None` when that would block.
    ///
    /// # Errors
    /// OSError, and what signal handlers raise.
    pub fn read_once(&self, cx: &Context, out: &mut [u8]) -> PyResult<Option<usize>> {
        let descriptor = self.readable_descriptor(cx)?;
        let size = out.len().min(LARGEST_TRANSFER);
        match blocking::retry(cx, || rustix::io::read(descriptor, &mut out[..size]))? {
            Ok(count) => Ok(Some(count)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(os_error(cx, error)),
        }
    }

    /// Reads up to `size` bytes to the end of `out`; `None` when that would block.
    ///
    /// # Errors
    /// As [`FileIo::read_once`], and MemoryError.
    pub fn read_to(&self, cx: &Context, out: &mut Vec<u8>, size: usize) -> PyResult<Option<usize>> {
        let length = out.len();
        let size = size.min(LARGEST_TRANSFER);
        if out.try_reserve(size).is_err() {
            return Err(cx.no_memory());
        }
        out.resize(length + size, 0);
        let count = self.read_once(cx, &mut out[length..]);
        out.truncate(length + count.unwrap_or_default().unwrap_or(0));
        count
    }

    /// Writes once; `None` when that would block.
    ///
    /// # Errors
    /// OSError, and what signal handlers raise.
    pub fn write_once(&self, cx: &Context, bytes: &[u8]) -> PyResult<Option<usize>> {
        let descriptor = self.writable_descriptor(cx)?;
        let bytes = &bytes[..bytes.len().min(LARGEST_TRANSFER)];
        match blocking::retry(cx, || rustix::io::write(descriptor, bytes))? {
            Ok(count) => Ok(Some(count)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(os_error(cx, error)),
        }
    }

    /// Moves the position.
    ///
    /// # Errors
    /// OSError.
    pub fn seek_to(&self, cx: &Context, offset: i64, whence: i32) -> PyResult<i64> {
        let descriptor = self.open_descriptor(cx)?;
        let result = cx.detached(|| seek(descriptor, offset, whence));
        if self.seekable.load(Ordering::Relaxed) < 0 {
            self.seekable
                .store(i8::from(result.is_ok()), Ordering::Relaxed);
        }
        checked(cx, result)
    }

    /// Whether the position can be moved.
    ///
    /// # Errors
    /// ValueError when closed.
    pub(super) fn seekable_now(&self, cx: &Context) -> PyResult<bool> {
        let descriptor = self.open_descriptor(cx)?;
        let known = self.seekable.load(Ordering::Relaxed);
        if known >= 0 {
            return Ok(known > 0);
        }
        let seekable = cx
            .detached(|| rustix::fs::seek(descriptor, SeekFrom::Current(0)))
            .is_ok();
        self.seekable.store(i8::from(seekable), Ordering::Relaxed);
        Ok(seekable)
    }

    fn close_descriptor(&self, cx: &Context) -> PyResult<()> {
        let number = self.descriptor.swap(-1, Ordering::Relaxed);
        if number < 0 || !self.has(CLOSE_DESCRIPTOR) {
            return Ok(());
        }
        let closed = cx.detached(|| descriptor::close(number));
        checked(cx, closed)
    }

    /// Warns that a file was forgotten.
    pub(super) fn warn_unclosed(&self, cx: &Context, source: &Value) {
        if self.number() < 0 || !self.has(CLOSE_DESCRIPTOR) {
            return;
        }
        let earlier = cx.take_exception_if_any();
        let warned = text::repr_text(cx, source).and_then(|shown| {
            warnings::warn(
                cx,
                exceptions::resource_warning(),
                &format!("unclosed file {shown}"),
                1,
            )
        });
        if warned.is_err() {
            if cx.exception_matches(exceptions::resource_warning()) {
                typhon_runtime::finalizer::unraisable(
                    cx,
                    "Exception ignored while finalizing file",
                    source,
                );
            }
            cx.clear_exception();
        }
        if let Some(earlier) = earlier {
            cx.set_exception(earlier);
        }
    }

    fn mode_text(&self) -> &'static str {
        match (
            self.has(CREATED),
            self.has(APPENDING),
            self.has(READABLE),
            self.has(WRITABLE),
        ) {
            (true, _, true, _) => "xb+",
            (true, _, false, _) => "xb",
            (false, true, true, _) => "ab+",
            (false, true, false, _) => "ab",
            (false, false, true, true) => "rb+",
            (false, false, true, false) => "rb",
            (false, false, false, _) => "wb",
        }
    }
}

/// `lseek`.
///
/// # Errors
/// EINVAL for a `whence` that does not exist, and what the system says.
pub fn seek(descriptor: BorrowedFd<'_>, offset: i64, whence: i32) -> Result<i64, Errno> {
    let from = match whence {
        libc::SEEK_SET => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::INVAL)?),
        libc::SEEK_CUR => SeekFrom::Current(offset),
        libc::SEEK_END => SeekFrom::End(offset),
        libc::SEEK_DATA => SeekFrom::Data(u64::try_from(offset).map_err(|_| Errno::INVAL)?),
        libc::SEEK_HOLE => SeekFrom::Hole(u64::try_from(offset).map_err(|_| Errno::INVAL)?),
        _ => return Err(Errno::INVAL),
    };
    rustix::fs::seek(descriptor, from).map(|position| position as i64)
}

/// Mode letters as flags of `open` and of the object.
fn parse_mode(cx: &Context, mode: &str) -> PyResult<(OFlags, u8)> {
    let mut flags = OFlags::CLOEXEC;
    let (mut ours, mut kinds, mut plus) = (0u8, 0, 0);
    for letter in mode.chars() {
        match letter {
            'x' => {
                ours |= CREATED | WRITABLE;
                flags |= OFlags::EXCL | OFlags::CREATE;
                kinds += 1;
            }
            'r' => {
                ours |= READABLE;
                kinds += 1;
            }
            'w' => {
                ours |= WRITABLE;
                flags |= OFlags::CREATE | OFlags::TRUNC;
                kinds += 1;
            }
            'a' => {
                ours |= WRITABLE | APPENDING;
                flags |= OFlags::APPEND | OFlags::CREATE;
                kinds += 1;
            }
            '+' => {
                ours |= READABLE | WRITABLE;
                plus += 1;
            }
            'b' => {}
            _ => return Err(cx.value_error(format!("invalid mode: {mode}"))),
        }
        if kinds > 1 || plus > 1 {
            break;
        }
    }
    if kinds != 1 || plus > 1 {
        return Err(cx.value_error(
            "Must have exactly one of create/read/write/append mode and at most one plus",
        ));
    }
    flags |= match (ours & READABLE != 0, ours & WRITABLE != 0) {
        (true, true) => OFlags::RDWR,
        (true, false) => OFlags::RDONLY,
        _ => OFlags::WRONLY,
    };
    Ok((flags, ours))
}

/// What the constructor opens.
struct Request<'a> {
    file: &'a Value,
    mode: &'a str,
    close_descriptor: bool,
    opener: Option<&'a Value>,
}

/// The number of a descriptor that is given instead of a name.
fn given_descriptor(cx: &Context, file: &Value) -> PyResult<Option<RawFd>> {
    descriptor::warn_of_bool(cx, file)?;
    if file.class().slots.index.get().is_none() {
        return Ok(None);
    }
    match descriptor::c_int(cx, file)? {
        number if number < 0 => Err(cx.value_error("negative file descriptor")),
        number => Ok(Some(number)),
    }
}

impl Request<'_> {
    fn open(&self, cx: &Context, flags: OFlags) -> PyResult<RawFd> {
        if !self.close_descriptor {
            return Err(cx.value_error("Cannot use closefd=False with file name"));
        }
        let path = Path::convert(cx, "open", self.file)?;
        let Some(opener) = self.opener else {
            let mode = Mode::from_raw_mode(0o666);
            let opened = blocking::retry(cx, || {
                rustix::fs::open(path.as_c_str(), flags | OFlags::LARGEFILE, mode)
            })?;
            return opened
                .map(descriptor::give)
                .map_err(|error| os_error_from_errno(cx, error.raw_os_error(), Some(self.file)));
        };
        let answer = call::call(
            cx,
            opener,
            &[self.file.clone(), (flags.bits() as i64).into_value(cx)?],
        )?;
        if !int::is_int(&answer) {
            return Err(cx.type_error("expected integer from opener"));
        }
        let number = descriptor::c_int(cx, &answer)?;
        if number < 0 {
            return Err(cx.value_error(format!("opener returned {number}")));
        }
        checked(cx, descriptor::set_inheritable(number, false))?;
        Ok(number)
    }
}

impl FileIo {
    fn initialize(cx: &Context, this: &Ref<FileIo>, request: &Request<'_>) -> PyResult<()> {
        if this.number() >= 0 {
            // Opened a second time.
            if this.has(CLOSE_DESCRIPTOR) {
                this.close_descriptor(cx)?;
            } else {
                this.descriptor.store(-1, Ordering::Relaxed);
            }
        }
        let given = given_descriptor(cx, request.file)?;
        let (flags, ours) = parse_mode(cx, request.mode)?;
        audit::event(cx, "open", || {
            let mode = request.mode.into_value(cx)?;
            let flags = (flags.bits() as i64).into_value(cx)?;
            Ok(vec![request.file.clone(), mode, flags])
        })?;
        let close = if request.close_descriptor {
            CLOSE_DESCRIPTOR
        } else {
            0
        };
        this.flags.store(ours | close, Ordering::Relaxed);
        this.seekable.store(-1, Ordering::Relaxed);
        let number = match given {
            Some(number) => number,
            None => request.open(cx, flags)?,
        };
        this.descriptor.store(number, Ordering::Relaxed);
        let finished = FileIo::finish_opening(cx, this, request);
        if finished.is_err() {
            // A descriptor that was given stays the caller's.
            let number = this.descriptor.swap(-1, Ordering::Relaxed);
            if given.is_none() && number >= 0 {
                let earlier = cx.take_exception();
                let _ = descriptor::close(number);
                cx.set_exception(earlier);
            }
        }
        finished
    }

    fn finish_opening(cx: &Context, this: &Ref<FileIo>, request: &Request<'_>) -> PyResult<()> {
        let descriptor = this.open_descriptor(cx)?;
        match cx.detached(|| rustix::fs::fstat(descriptor)) {
            Ok(stat) => {
                if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                    return Err(os_error_from_errno(
                        cx,
                        Errno::ISDIR.raw_os_error(),
                        Some(request.file),
                    ));
                }
                if stat.st_blksize > 1 {
                    this.block_size
                        .store(stat.st_blksize as u64, Ordering::Relaxed);
                }
                this.length
                    .store(u64::try_from(stat.st_size).unwrap_or(0), Ordering::Relaxed);
            }
            Err(Errno::BADF) => {
                return Err(os_error_from_errno(
                    cx,
                    Errno::BADF.raw_os_error(),
                    Some(request.file),
                ));
            }
            Err(_) => {}
        }
        attribute::set(cx, this.as_value(), names::name(), request.file)?;
        if this.has(APPENDING) {
            // A pipe cannot, and need not.
            match cx.detached(|| rustix::fs::seek(descriptor, SeekFrom::End(0))) {
                Ok(_) | Err(Errno::SPIPE) => {}
                Err(error) => return Err(os_error(cx, error)),
            }
        }
        Ok(())
    }

    /// Opens a file as `FileIO(file, mode, closefd, opener)` does.
    ///
    /// # Errors
    /// What the constructor raises.
    pub fn open(
        cx: &Context,
        file: &Value,
        mode: &str,
        close_descriptor: bool,
        opener: Option<&Value>,
    ) -> PyResult<Ref<FileIo>> {
        let this = object::new(cx, FileIo::unopened())?;
        FileIo::initialize(
            cx,
            &this,
            &Request {
                file,
                mode,
                close_descriptor,
                opener,
            },
        )?;
        Ok(this)
    }

    /// Whether this is a terminal; a regular file is known not to be one.
    pub(super) fn is_terminal(&self, cx: &Context) -> PyResult<bool> {
        let descriptor = self.open_descriptor(cx)?;
        Ok(cx.detached(|| rustix::termios::isatty(descriptor)))
    }

    /// All that is left; `None` when nothing can be read without blocking.
    ///
    /// # Errors
    /// As [`FileIo::read_to`].
    pub fn read_all(&self, cx: &Context) -> PyResult<Option<Vec<u8>>> {
        let descriptor = self.open_descriptor(cx)?;
        let length = self.length.load(Ordering::Relaxed);
        let mut room = DEFAULT_BUFFER_SIZE;
        if length > 0 {
            let position = cx
                .detached(|| rustix::fs::seek(descriptor, SeekFrom::Current(0)))
                .unwrap_or(0);
            // One byte more, so that the end is found without making room again.
            room = usize::try_from(length.saturating_sub(position))
                .unwrap_or(0)
                .saturating_add(1);
        }
        let mut all = Vec::new();
        loop {
            match self.read_to(cx, &mut all, room)? {
                None if all.is_empty() => return Ok(None),
                None | Some(0) => return Ok(Some(all)),
                Some(_) => {}
            }
            room = match all.capacity() - all.len() {
                0 => all.len().clamp(DEFAULT_BUFFER_SIZE, 16 << 20),
                left => left,
            };
        }
    }
}

#[pymethods]
impl FileIo {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, FileIo::unopened()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<FileIo>, args: Args<'_>) -> PyResult<()> {
        static SIGNATURE: typhon_runtime::args::Signature = typhon_runtime::args::Signature {
            name: "FileIO",
            text: "(file, mode='r', closefd=True, opener=None)",
            parameters: &[
                typhon_runtime::args::Parameter::required("file"),
                typhon_runtime::args::Parameter::optional("mode"),
                typhon_runtime::args::Parameter::optional("closefd"),
                typhon_runtime::args::Parameter::optional("opener"),
            ],
            positional_only: 0,
            positional: 4,
            var_positional: false,
            var_keyword: false,
        };
        let mut bound = [None; 4];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let mode = match bound[1] {
            None => "r".to_owned(),
            Some(mode) => match mode.downcast::<Str>() {
                Some(mode) => mode.to_utf8(cx)?.into_owned(),
                None => {
                    return Err(cx.type_error(format!(
                        "FileIO() argument 'mode' must be str, not {}",
                        mode.type_name_for_argument()
                    )));
                }
            },
        };
        let request = Request {
            file: bound[0].expect("invariant: required"),
            mode: &mode,
            close_descriptor: bound[2].map_or(Ok(true), |close| close.truth(cx))?,
            opener: bound[3].filter(|opener| !opener.is_none()),
        };
        FileIo::initialize(cx, this, &request)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<FileIo>) -> PyResult<Value> {
        let value = this.as_value();
        let class = value.class().full_name(cx);
        if this.is_closed() {
            return format!("<{class} [closed]>").into_value(cx);
        }
        let close = if this.has(CLOSE_DESCRIPTOR) {
            "True"
        } else {
            "False"
        };
        let mode = this.mode_text();
        let text = match attribute::find(cx, value, names::name())? {
            None => format!(
                "<{class} fd={} mode='{mode}' closefd={close}>",
                this.number()
            ),
            Some(name) => {
                let Some(_guard) = text::ReprGuard::enter(cx, value) else {
                    return Err(cx.runtime_error(format!("reentrant call inside {class}.__repr__")));
                };
                format!(
                    "<{class} name={} mode='{mode}' closefd={close}>",
                    text::repr_text(cx, &name)?
                )
            }
        };
        text.into_value(cx)
    }

    /// Close the file.
    ///
    /// A closed file cannot be used for further I/O operations.  close()
    /// may be called more than once without error.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<FileIo>) -> PyResult<Value> {
        let value = this.as_value();
        if !this.has(CLOSE_DESCRIPTOR) {
            let closed = base_close(cx, value);
            this.descriptor.store(-1, Ordering::Relaxed);
            return closed;
        }
        if this.base.base.is_finalizing() {
            this.warn_unclosed(cx, value);
        }
        base::both(
            cx,
            || base_close(cx, value).map(drop),
            || this.close_descriptor(cx),
        )?;
        Ok(Value::NONE)
    }

    #[method("_dealloc_warn(self, source, /)")]
    fn dealloc_warn(cx: &Context, this: &Ref<FileIo>, source: &Value) -> PyResult<()> {
        this.warn_unclosed(cx, source);
        Ok(())
    }

    /// Return the underlying file descriptor (an integer).
    #[method("fileno(self, /)")]
    fn fileno(cx: &Context, this: &Ref<FileIo>) -> PyResult<i32> {
        this.open_descriptor(cx)?;
        Ok(this.number())
    }

    /// True if file was opened in a read mode.
    #[method("readable(self, /)")]
    fn readable(cx: &Context, this: &Ref<FileIo>) -> PyResult<bool> {
        this.open_descriptor(cx)?;
        Ok(this.has(READABLE))
    }

    /// True if file was opened in a write mode.
    #[method("writable(self, /)")]
    fn writable(cx: &Context, this: &Ref<FileIo>) -> PyResult<bool> {
        this.open_descriptor(cx)?;
        Ok(this.has(WRITABLE))
    }

    /// True if file supports random-access.
    #[method("seekable(self, /)")]
    fn seekable(cx: &Context, this: &Ref<FileIo>) -> PyResult<bool> {
        this.seekable_now(cx)
    }

    /// Same as RawIOBase.readinto().
    #[method("readinto(self, buffer, /)")]
    fn readinto(cx: &Context, this: &Ref<FileIo>, target: &Value) -> PyResult<Option<usize>> {
        let target = super::writable_buffer(cx, "readinto", target)?;
        this.readable_descriptor(cx)?;
        let mut bytes = Vec::new();
        let count = this.read_to(cx, &mut bytes, target.length)?;
        target.write(0, &bytes);
        Ok(count)
    }

    /// Read all data from the file, returned as bytes.
    ///
    /// Reads until either there is an error or read() returns size 0
    /// (indicates EOF).  If the file is already at EOF, returns an empty
    /// bytes object.
    ///
    /// In non-blocking mode, returns as much data as could be read before
    /// EAGAIN.  If no data is available (EAGAIN is returned before bytes
    /// are read) returns None.
    #[method("readall(self, /)")]
    fn readall(cx: &Context, this: &Ref<FileIo>) -> PyResult<Option<Ref<Bytes>>> {
        match this.read_all(cx)? {
            Some(bytes) => Bytes::from_slice(cx, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Read at most size bytes, returned as bytes.
    ///
    /// If size is less than 0, read all bytes in the file making multiple
    /// read calls.  See ``FileIO.readall``.
    ///
    /// Attempts to make only one system call, retrying only per PEP 475
    /// (EINTR).  This means less data may be returned than requested.
    ///
    /// In non-blocking mode, returns None if no data is available.  Return
    /// an empty bytes object at EOF.
    #[method("read(self, size=-1, /)")]
    fn read(cx: &Context, this: &Ref<FileIo>, size: Maybe<&Value>) -> PyResult<Option<Ref<Bytes>>> {
        this.readable_descriptor(cx)?;
        let Ok(size) = usize::try_from(base::size_argument(cx, size.0)?) else {
            return FileIo::readall(cx, this);
        };
        let mut bytes = Vec::new();
        match this.read_to(cx, &mut bytes, size)? {
            Some(_) => Bytes::from_slice(cx, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Write buffer b to file, return number of bytes written.
    ///
    /// Only makes one system call, so not all of the data may be written.
    /// The number of bytes actually written is returned.  In non-blocking
    /// mode, returns None if the write would block.
    #[method("write(self, b, /)")]
    fn write(cx: &Context, this: &Ref<FileIo>, bytes: &Value) -> PyResult<Option<usize>> {
        this.writable_descriptor(cx)?;
        let bytes = BytesLike::of(cx, bytes)?;
        this.write_once(cx, bytes.bytes())
    }

    /// Move to new file position and return the file position.
    ///
    /// Argument offset is a byte count.  Optional argument whence defaults
    /// to SEEK_SET or 0 (offset from start of file, offset should be >= 0);
    /// other values are SEEK_CUR or 1 (move relative to current position,
    /// positive or negative), and SEEK_END or 2 (move relative to end of
    /// file, usually negative, although many platforms allow seeking beyond
    /// the end of a file).
    ///
    /// Note that not all file objects are seekable.
    #[method("seek(self, pos, whence=0, /)")]
    fn seek(cx: &Context, this: &Ref<FileIo>, position: &Value, whence: i32) -> PyResult<i64> {
        this.open_descriptor(cx)?;
        let offset = super::offset(cx, position)?;
        this.seek_to(cx, offset, whence)
    }

    /// Current file position.
    ///
    /// Can raise OSError for non seekable files.
    #[method("tell(self, /)")]
    fn tell(cx: &Context, this: &Ref<FileIo>) -> PyResult<i64> {
        this.seek_to(cx, 0, libc::SEEK_CUR)
    }

    /// Truncate the file to at most size bytes and return the truncated size.
    ///
    /// Size defaults to the current file position, as returned by tell().
    /// The current file position is changed to the value of size.
    #[method("truncate(self, size=None, /)")]
    fn truncate(cx: &Context, this: &Ref<FileIo>, size: Option<&Value>) -> PyResult<Value> {
        let descriptor = this.writable_descriptor(cx)?;
        let (length, shown) = match size {
            Some(size) => (super::offset(cx, size)?, size.clone()),
            None => {
                let position = this.seek_to(cx, 0, libc::SEEK_CUR)?;
                (position, position.into_value(cx)?)
            }
        };
        let truncated = match u64::try_from(length) {
            Ok(length) => blocking::retry(cx, || rustix::fs::ftruncate(descriptor, length))?,
            Err(_) => Err(Errno::INVAL),
        };
        checked(cx, truncated)?;
        this.length.store(0, Ordering::Relaxed);
        Ok(shown)
    }

    /// True if the file is connected to a TTY device.
    #[method("isatty(self, /)")]
    fn isatty(cx: &Context, this: &Ref<FileIo>) -> PyResult<bool> {
        this.is_terminal(cx)
    }

    #[method("_isatty_open_only(self, /)")]
    fn isatty_open_only(cx: &Context, this: &Ref<FileIo>) -> PyResult<bool> {
        this.is_terminal(cx)
    }

    #[method("__getstate__(self, /)")]
    fn getstate(cx: &Context, this: &Value) -> PyResult<()> {
        Err(super::cannot_pickle(cx, this))
    }

    /// True if the file is closed
    #[getter]
    fn closed(_cx: &Context, this: &Ref<FileIo>) -> PyResult<bool> {
        Ok(this.is_closed())
    }

    /// True if the file descriptor will be closed by close().
    #[getter]
    fn closefd(_cx: &Context, this: &Ref<FileIo>) -> PyResult<bool> {
        Ok(this.has(CLOSE_DESCRIPTOR))
    }

    /// String giving the file mode
    #[getter]
    fn mode(_cx: &Context, this: &Ref<FileIo>) -> PyResult<&'static str> {
        Ok(this.mode_text())
    }

    /// Stat st_blksize if available
    #[getter("_blksize")]
    fn blksize(_cx: &Context, this: &Ref<FileIo>) -> PyResult<u64> {
        Ok(this.block_size())
    }

    #[getter("_finalizing")]
    fn finalizing(_cx: &Context, this: &Ref<FileIo>) -> PyResult<bool> {
        Ok(this.base.base.is_finalizing())
    }
}

/// `_RawIOBase.close(self)`.
fn base_close(cx: &Context, this: &Value) -> PyResult<Value> {
    super::base_method(cx, this, "close")
}
