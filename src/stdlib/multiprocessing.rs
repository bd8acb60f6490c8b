//! `_multiprocessing`: semaphores that processes share, by name.
//!
//! `handle` is the address of the system's semaphore, which is valid until `sem_close` in `drop`; a child of
//! `fork` has it too. `count` and `owner` say how often this process has acquired it and which thread was
//! the last to: they are written by a thread that holds the semaphore, or lets go of it.

use std::ffi::CString;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use rustix::io::Errno;
use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::args::{Args, FromArgument, Maybe, Place};
use typhon_runtime::class::class_of;
use typhon_runtime::object;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{exceptions, float, int};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use crate::arguments::{bind, given, signature};
use crate::blocking;
use crate::thread;

/// The highest value of a semaphore.
const VALUE_MAX: i64 = i32::MAX as i64;

#[pymodule(name = "_multiprocessing", functions(sem_unlink))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    let class = class_of::<SemLock>(cx)?;
    let most = int::from_i64(cx, VALUE_MAX)?;
    class
        .dict
        .set_name(cx, Name::intern(cx, "SEM_VALUE_MAX")?, most)?;
    module::add(cx, this, "SemLock", class.clone())?;
    let flags = Dict::new(cx)?;
    for name in ["HAVE_SEM_OPEN", "HAVE_SEM_TIMEDWAIT"] {
        flags.set_name(cx, Name::intern(cx, name)?, int::from_i64(cx, 1)?)?;
    }
    module::add(cx, this, "flags", flags)
}

/// What a semaphore is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    RecursiveMutex = 0,
    Semaphore = 1,
}

impl Kind {
    fn numbered(number: i32) -> Option<Kind> {
        match number {
            0 => Some(Kind::RecursiveMutex),
            1 => Some(Kind::Semaphore),
            _ => None,
        }
    }
}

/// A semaphore of the system.
struct Handle(*mut libc::sem_t);

// SAFETY: semaphores are made for many threads.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// The payload of `SemLock`.
#[pyclass(
    name = "SemLock",
    module = "_multiprocessing",
    plain,
    flags(BASETYPE),
    doc = "Semaphore/Mutex type"
)]
pub struct SemLock {
    handle: Handle,
    kind: Kind,
    most: i32,
    name: Option<CString>,
    count: AtomicI32,
    owner: AtomicU64,
}

impl Drop for SemLock {
    fn drop(&mut self) {
        // SAFETY: the handle came from `sem_open` and is not used after this.
        unsafe { libc::sem_close(self.handle.0) };
    }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}

fn outcome(answer: i32) -> rustix::io::Result<()> {
    if answer == 0 {
        Ok(())
    } else {
        Err(last_error())
    }
}

#[cold]
fn failed(cx: &Context, error: Errno) -> Raised {
    exceptions::os_error_from_errno(cx, error.raw_os_error(), None)
}

fn c_string(cx: &Context, text: &Ref<Str>) -> PyResult<CString> {
    CString::new(text.to_utf8(cx)?.as_bytes())
        .map_err(|_| cx.value_error("embedded null character"))
}

#[pyfunction("sem_unlink(name, /)")]
fn sem_unlink(cx: &Context, name: &Ref<Str>) -> PyResult<()> {
    let name = c_string(cx, name)?;
    // SAFETY: the name ends with a null byte.
    outcome(unsafe { libc::sem_unlink(name.as_ptr()) }).map_err(|error| failed(cx, error))
}

/// A number of nanoseconds from now, as the system's clock will tell it.
fn moment(cx: &Context, timeout: &Value) -> PyResult<libc::timespec> {
    const PER_SECOND: i128 = 1_000_000_000;
    let seconds = float::as_f64(cx, timeout)?.max(0.0);
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    let end = blocking::nanoseconds(now) + (seconds * 1e9 + 0.5) as i128;
    Ok(libc::timespec {
        tv_sec: i64::try_from(end / PER_SECOND).unwrap_or(i64::MAX),
        tv_nsec: (end % PER_SECOND) as i64,
    })
}

impl SemLock {
    fn is_owned(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
            && self.owner.load(Ordering::Relaxed) == thread::ident()
    }

    fn value(&self, cx: &Context) -> PyResult<i32> {
        let mut value = 0;
        // SAFETY: the semaphore is open; the value is written to a local.
        outcome(unsafe { libc::sem_getvalue(self.handle.0, &mut value) })
            .map_err(|error| failed(cx, error))?;
        // Some systems tell the number of those who wait, as a negative one.
        Ok(value.max(0))
    }

    fn take(&self, cx: &Context, block: bool, timeout: Option<&Value>) -> PyResult<bool> {
        if self.kind == Kind::RecursiveMutex && self.is_owned() {
            self.count.fetch_add(1, Ordering::Relaxed);
            return Ok(true);
        }
        let end = match timeout.filter(|timeout| !timeout.is_none()) {
            Some(timeout) => Some(moment(cx, timeout)?),
            None => None,
        };
        let semaphore = &self.handle;
        // SAFETY: the semaphore is open.
        let mut taken = outcome(unsafe { libc::sem_trywait(semaphore.0) });
        if taken == Err(Errno::AGAIN) && block {
            taken = blocking::retry(cx, || {
                let semaphore: &Handle = semaphore;
                // SAFETY: the semaphore is open, the time a local.
                outcome(unsafe {
                    match &end {
                        None => libc::sem_wait(semaphore.0),
                        Some(end) => libc::sem_timedwait(semaphore.0, end),
                    }
                })
            })?;
        }
        match taken {
            Ok(()) => {
                self.count.fetch_add(1, Ordering::Relaxed);
                self.owner.store(thread::ident(), Ordering::Relaxed);
                Ok(true)
            }
            Err(Errno::AGAIN | Errno::TIMEDOUT) => Ok(false),
            Err(error) => Err(failed(cx, error)),
        }
    }

    fn give_back(&self, cx: &Context) -> PyResult<()> {
        if self.kind == Kind::RecursiveMutex {
            if !self.is_owned() {
                return Err(
                    cx.assertion_error("attempt to release recursive lock not owned by thread")
                );
            }
            if self.count.load(Ordering::Relaxed) > 1 {
                self.count.fetch_sub(1, Ordering::Relaxed);
                return Ok(());
            }
        } else if self.value(cx)? >= self.most {
            return Err(cx.value_error("semaphore or lock released too many times"));
        }
        // Before others can have it.
        self.count.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the semaphore is open.
        outcome(unsafe { libc::sem_post(self.handle.0) }).map_err(|error| {
            self.count.fetch_add(1, Ordering::Relaxed);
            failed(cx, error)
        })
    }

    fn made(
        cx: &Context,
        class: &Ref<Type>,
        handle: *mut libc::sem_t,
        kind: Kind,
        most: i32,
        name: Option<CString>,
    ) -> PyResult<Value> {
        let lock = SemLock {
            handle: Handle(handle),
            kind,
            most,
            name,
            count: AtomicI32::new(0),
            owner: AtomicU64::new(0),
        };
        object::new_of_class(cx, class, lock).map(Ref::into_value)
    }
}

#[pymethods]
impl SemLock {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!("SemLock", 0, [kind, value, maxvalue, name, unlink], []);
        let [kind, value, most, name, unlink] = bind(cx, signature, args)?;
        let place = |position, name| Place {
            function: "SemLock",
            position,
            name,
            by_name: false,
        };
        let kind = i32::from_argument(cx, given(kind), &place(1, "kind"))?;
        let value = i32::from_argument(cx, given(value), &place(2, "value"))?;
        let most = i32::from_argument(cx, given(most), &place(3, "maxvalue"))?;
        let name = <&Ref<Str>>::from_argument(cx, given(name), &place(4, "name"))?;
        let name = c_string(cx, name)?;
        let unlink = given(unlink).truth(cx)?;
        let kind = Kind::numbered(kind).ok_or_else(|| cx.value_error("unrecognized kind"))?;
        let flags = libc::O_CREAT | libc::O_EXCL;
        let mode: libc::c_uint = 0o600;
        // SAFETY: the name ends with a null byte.
        let handle = unsafe { libc::sem_open(name.as_ptr(), flags, mode, value as libc::c_uint) };
        if handle == libc::SEM_FAILED {
            return Err(failed(cx, last_error()));
        }
        if unlink {
            // SAFETY: as above.
            let unlinked = outcome(unsafe { libc::sem_unlink(name.as_ptr()) });
            if let Err(error) = unlinked {
                // SAFETY: the handle is this function's own.
                unsafe { libc::sem_close(handle) };
                return Err(failed(cx, error));
            }
        }
        let kept = (!unlink).then_some(name);
        SemLock::made(cx, class, handle, kind, most, kept)
    }

    #[classmethod("_rebuild(cls, handle, kind, maxvalue, name, /)")]
    fn rebuild(
        cx: &Context,
        class: &Ref<Type>,
        handle: &Value,
        kind: i32,
        maxvalue: i32,
        name: Option<&Ref<Str>>,
    ) -> PyResult<Value> {
        // The number means something only in the process, and its children, that has the semaphore.
        let Some(name) = name else {
            let address = int::index_as_i128(cx, handle)?;
            return Err(cx.value_error(format!("no semaphore has the handle {address}")));
        };
        let kind = Kind::numbered(kind).ok_or_else(|| cx.value_error("unrecognized kind"))?;
        let name = c_string(cx, name)?;
        // SAFETY: the name ends with a null byte.
        let opened = unsafe { libc::sem_open(name.as_ptr(), 0) };
        if opened == libc::SEM_FAILED {
            return Err(failed(cx, last_error()));
        }
        SemLock::made(cx, class, opened, kind, maxvalue, Some(name))
    }

    /// Acquire the semaphore/lock.
    #[method("acquire(self, /, block=True, timeout=None)")]
    fn acquire(
        cx: &Context,
        this: &Ref<SemLock>,
        block: bool,
        timeout: Maybe<&Value>,
    ) -> PyResult<bool> {
        this.take(cx, block, timeout.0)
    }

    /// Release the semaphore/lock.
    #[method("release(self, /)")]
    fn release(cx: &Context, this: &Ref<SemLock>) -> PyResult<()> {
        this.give_back(cx)
    }

    /// Enter the semaphore/lock.
    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Ref<SemLock>) -> PyResult<bool> {
        this.take(cx, true, None)
    }

    /// Exit the semaphore/lock.
    #[method("__exit__(self, exc_type=None, exc_value=None, exc_tb=None, /)")]
    fn exit(
        cx: &Context,
        this: &Ref<SemLock>,
        _exc_type: Maybe<&Value>,
        _exc_value: Maybe<&Value>,
        _exc_tb: Maybe<&Value>,
    ) -> PyResult<()> {
        this.give_back(cx)
    }

    /// Num of `acquire()`s minus num of `release()`s for this process.
    #[method("_count(self, /)")]
    fn acquired(_cx: &Context, this: &Ref<SemLock>) -> PyResult<i32> {
        Ok(this.count.load(Ordering::Relaxed))
    }

    /// Whether the lock is owned by this thread.
    #[method("_is_mine(self, /)")]
    fn is_mine(_cx: &Context, this: &Ref<SemLock>) -> PyResult<bool> {
        Ok(this.is_owned())
    }

    /// Get the value of the semaphore.
    #[method("_get_value(self, /)")]
    fn get_value(cx: &Context, this: &Ref<SemLock>) -> PyResult<i32> {
        this.value(cx)
    }

    /// Return whether semaphore has value zero.
    #[method("_is_zero(self, /)")]
    fn is_zero(cx: &Context, this: &Ref<SemLock>) -> PyResult<bool> {
        Ok(this.value(cx)? == 0)
    }

    /// Rezero the net acquisition count after fork().
    #[method("_after_fork(self, /)")]
    fn after_fork(_cx: &Context, this: &Ref<SemLock>) -> PyResult<()> {
        this.count.store(0, Ordering::Relaxed);
        Ok(())
    }

    #[getter]
    fn handle(_cx: &Context, this: &Ref<SemLock>) -> PyResult<usize> {
        Ok(this.handle.0 as usize)
    }

    #[getter]
    fn kind(_cx: &Context, this: &Ref<SemLock>) -> PyResult<i32> {
        Ok(this.kind as i32)
    }

    #[getter]
    fn maxvalue(_cx: &Context, this: &Ref<SemLock>) -> PyResult<i32> {
        Ok(this.most)
    }

    #[getter]
    fn name(cx: &Context, this: &Ref<SemLock>) -> PyResult<Value> {
        match &this.name {
            Some(name) => Str::from_str(cx, &name.to_string_lossy()).map(Ref::into_value),
            None => Ok(Value::NONE),
        }
    }
}
