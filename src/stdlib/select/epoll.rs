//! `select.epoll`: a set of descriptors that the system keeps, and that tells which of them are ready.

use std::os::fd::{BorrowedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, FromArgument, IntoValue, Place};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value, object};

use crate::arguments::{bind, signature};
use crate::blocking::{self, Deadline};
use crate::descriptor;

/// The payload of `select.epoll`.
#[pyclass(
    name = "epoll",
    module = "select",
    plain,
    signature = "(sizehint=-1, flags=0)",
    doc = "Returns an epolling object.\n\n  sizehint\n    The expected number of events to be registered.  It must be positive,\n    or -1 to use the default.  It is only used on older systems where\n    epoll_create1() is not available; otherwise it has no effect (though its\n    value is still checked).\n  flags\n    Deprecated and completely ignored.  However, when supplied, its value\n    must be 0 or select.EPOLL_CLOEXEC, otherwise OSError is raised."
)]
pub struct Epoll {
    /// -1 once it is closed.
    descriptor: AtomicI32,
}

impl Drop for Epoll {
    fn drop(&mut self) {
        let number = *self.descriptor.get_mut();
        if number >= 0 {
            // Nobody is left to be told of an error.
            let _ = descriptor::close(number);
        }
    }
}

fn number<'a, T: FromArgument<'a>>(
    cx: &Context,
    value: &'a Value,
    name: &'static str,
) -> PyResult<T> {
    let place = Place {
        function: "epoll",
        position: 1,
        name,
        by_name: true,
    };
    T::from_argument(cx, value, &place)
}

impl Epoll {
    fn of(cx: &Context, class: &Ref<Type>, number: RawFd) -> PyResult<Value> {
        let descriptor = AtomicI32::new(number);
        object::new_of_class(cx, class, Epoll { descriptor }).map(Ref::into_value)
    }

    fn open(&self, cx: &Context) -> PyResult<BorrowedFd<'static>> {
        descriptor::borrow(self.descriptor.load(Ordering::Relaxed))
            .map_err(|_| cx.value_error("I/O operation on closed epoll object"))
    }

    fn end(&self, cx: &Context) -> PyResult<()> {
        let number = self.descriptor.swap(-1, Ordering::Relaxed);
        if number < 0 {
            return Ok(());
        }
        let closed = cx.detached(|| descriptor::close(number));
        descriptor::checked(cx, closed)
    }
}

#[pymethods]
impl Epoll {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [size, flags] = bind(
            cx,
            signature!("epoll", 0, [sizehint = (), flags = ()], []),
            args,
        )?;
        let size: i32 = size.map_or(Ok(-1), |size| number(cx, size, "sizehint"))?;
        let flags: i32 = flags.map_or(Ok(0), |flags| number(cx, flags, "flags"))?;
        if size != -1 && size <= 0 {
            return Err(cx.value_error("negative sizehint"));
        }
        if flags & !libc::EPOLL_CLOEXEC != 0 {
            return Err(cx.os_error("invalid flags"));
        }
        let made = cx.detached(|| epoll::create(CreateFlags::CLOEXEC));
        Epoll::of(cx, class, descriptor::give(descriptor::checked(cx, made)?))
    }

    /// Create an epoll object from a given control fd.
    #[classmethod("fromfd(cls, fd, /)")]
    fn fromfd(cx: &Context, class: &Ref<Type>, fd: i32) -> PyResult<Value> {
        Epoll::of(cx, class, fd)
    }

    /// Close the epoll control file descriptor.
    ///
    /// Further operations on the epoll object will raise an exception.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<Epoll>) -> PyResult<()> {
        this.end(cx)
    }

    /// True if the epoll handler is closed
    #[getter]
    fn closed(_cx: &Context, this: &Ref<Epoll>) -> PyResult<bool> {
        Ok(this.descriptor.load(Ordering::Relaxed) < 0)
    }

    /// Return the epoll control file descriptor.
    #[method("fileno(self, /)")]
    fn fileno(cx: &Context, this: &Ref<Epoll>) -> PyResult<i32> {
        this.open(cx)?;
        Ok(this.descriptor.load(Ordering::Relaxed))
    }

    /// Registers a new fd or raises an OSError if the fd is already registered.
    ///
    ///   fd
    ///     the target file descriptor of the operation
    ///   eventmask
    ///     a bit set composed of the various EPOLL constants
    ///
    /// The epoll interface supports all file descriptors that support poll.
    #[method("register(self, fd, eventmask=7)")]
    fn register(cx: &Context, this: &Ref<Epoll>, fd: &Value, eventmask: u32) -> PyResult<()> {
        let watched = descriptor::argument(cx, fd)?;
        let epoll = this.open(cx)?;
        let data = EventData::new_u64(watched as u64);
        let flags = EventFlags::from_bits_retain(eventmask);
        let done =
            descriptor::borrow(watched).and_then(|watched| epoll::add(epoll, watched, data, flags));
        descriptor::checked(cx, done)
    }

    /// Modify event mask for a registered file descriptor.
    ///
    ///   fd
    ///     the target file descriptor of the operation
    ///   eventmask
    ///     a bit set composed of the various EPOLL constants
    #[method("modify(self, fd, eventmask)")]
    fn modify(cx: &Context, this: &Ref<Epoll>, fd: &Value, eventmask: u32) -> PyResult<()> {
        let watched = descriptor::argument(cx, fd)?;
        let epoll = this.open(cx)?;
        let data = EventData::new_u64(watched as u64);
        let flags = EventFlags::from_bits_retain(eventmask);
        let done = descriptor::borrow(watched)
            .and_then(|watched| epoll::modify(epoll, watched, data, flags));
        descriptor::checked(cx, done)
    }

    /// Remove a registered file descriptor from the epoll object.
    ///
    ///   fd
    ///     the target file descriptor of the operation
    #[method("unregister(self, fd)")]
    fn unregister(cx: &Context, this: &Ref<Epoll>, fd: &Value) -> PyResult<()> {
        let watched = descriptor::argument(cx, fd)?;
        let epoll = this.open(cx)?;
        let done = descriptor::borrow(watched).and_then(|watched| epoll::delete(epoll, watched));
        descriptor::checked(cx, done)
    }

    /// Wait for events on the epoll file descriptor.
    ///
    ///   timeout
    ///     the maximum time to wait in seconds (as float);
    ///     a timeout of None or -1 makes poll wait indefinitely
    ///   maxevents
    ///     the maximum number of events returned; -1 means no limit
    ///
    /// Returns a list containing any descriptors that have events to report,
    /// as a list of (fd, events) 2-tuples.
    #[method("poll(self, timeout=None, maxevents=-1)")]
    fn poll(
        cx: &Context,
        this: &Ref<Epoll>,
        timeout: Option<&Value>,
        maxevents: i32,
    ) -> PyResult<Ref<List>> {
        let epoll = this.open(cx)?;
        let timeout = super::timeout_argument(
            cx,
            timeout,
            blocking::NANOSECONDS_PER_SECOND,
            "timeout must be an integer or None",
        )?;
        if let Some(timeout) = timeout {
            super::check_milliseconds(cx, timeout)?;
        }
        let deadline = Deadline::after_option(timeout.filter(|&timeout| timeout >= 0));
        let most = match maxevents {
            -1 => libc::FD_SETSIZE - 1,
            most if most < 1 => {
                return Err(cx.value_error(format!("maxevents must be greater than 0, got {most}")));
            }
            most => most as usize,
        };
        let mut events: Vec<epoll::Event> = Vec::new();
        if events.try_reserve_exact(most).is_err() {
            return Err(cx.no_memory());
        }
        let outcome = super::wait(cx, deadline, |left| {
            // Not shorter than asked for: the system counts milliseconds.
            let left = left.map(|left| {
                let milliseconds = (left.tv_nsec as i128 + 999_999) / 1_000_000;
                blocking::timespec(left.tv_sec as i128 * 1_000_000_000 + milliseconds * 1_000_000)
            });
            events.clear();
            epoll::wait(epoll, spare_capacity(&mut events), left.as_ref())
        })?;
        descriptor::checked(cx, outcome)?;
        let mut list = Vec::with_capacity(events.len());
        for event in &events {
            let (flags, data) = (event.flags, event.data);
            let pair = vec![
                (data.u64() as i32).into_value(cx)?,
                flags.bits().into_value(cx)?,
            ];
            list.push(Tuple::from_vec(cx, pair)?.into_value());
        }
        List::from_values(cx, list)
    }

    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Ref<Epoll>) -> PyResult<Ref<Epoll>> {
        this.open(cx)?;
        Ok(this.clone())
    }

    #[method("__exit__(self, exc_type=None, exc_value=None, exc_tb=None, /)")]
    fn exit(
        cx: &Context,
        this: &Ref<Epoll>,
        _class: Option<&Value>,
        _exception: Option<&Value>,
        _traceback: Option<&Value>,
    ) -> PyResult<()> {
        this.end(cx)
    }
}
