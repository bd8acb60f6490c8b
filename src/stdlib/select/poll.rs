//! `select.poll()`: a set of descriptors that the system is asked about all at once.
//!
//! The descriptors are behind a lock; a wait works on a copy, and only one thread may wait at a time.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use typhon_macros::{pyclass, pyfunction, pymethods};
use typhon_runtime::args::{FromArgument, IntoValue, Place};
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value, object};

use crate::blocking::Deadline;
use crate::descriptor;

/// The payload of `select.poll`.
#[pyclass(name = "poll", module = "select", plain, flags(DISALLOW_INSTANTIATION))]
pub struct Poll {
    /// In the order in which they were registered.
    watched: Mutex<Vec<(RawFd, u16)>>,
    waiting: AtomicBool,
}

/// Events as C's `unsigned short`.
struct Events(u16);

impl<'a> FromArgument<'a> for Events {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        let number = int::index_as_i128(cx, value)?;
        if number < 0 {
            return Err(cx.value_error("value must be positive"));
        }
        u16::try_from(number)
            .map(Events)
            .map_err(|_| cx.overflow_error("Python int too large for C unsigned short"))
    }
}

/// Returns a polling object.
///
/// This object supports registering and unregistering file descriptors, and then
/// polling them for I/O events.
#[pyfunction("poll()")]
pub(super) fn poll(cx: &Context) -> PyResult<Ref<Poll>> {
    object::new(
        cx,
        Poll {
            watched: Mutex::new(Vec::new()),
            waiting: AtomicBool::new(false),
        },
    )
}

fn find(watched: &mut [(RawFd, u16)], number: RawFd) -> Option<&mut (RawFd, u16)> {
    watched.iter_mut().find(|entry| entry.0 == number)
}

#[pymethods]
impl Poll {
    /// Register a file descriptor with the polling object.
    ///
    ///   fd
    ///     either an integer, or an object with a fileno() method returning an int
    ///   eventmask
    ///     an optional bitmask describing the type of events to check for
    #[method("register(self, fd, eventmask=7, /)")]
    fn register(cx: &Context, this: &Ref<Poll>, fd: &Value, eventmask: Events) -> PyResult<()> {
        let number = descriptor::argument(cx, fd)?;
        let mut watched = this.watched.lock();
        match find(&mut watched, number) {
            Some(entry) => entry.1 = eventmask.0,
            None => watched.push((number, eventmask.0)),
        }
        Ok(())
    }

    /// Modify an already registered file descriptor.
    ///
    ///   fd
    ///     either an integer, or an object with a fileno() method returning
    ///     an int
    ///   eventmask
    ///     a bitmask describing the type of events to check for
    #[method("modify(self, fd, eventmask, /)")]
    fn modify(cx: &Context, this: &Ref<Poll>, fd: &Value, eventmask: Events) -> PyResult<()> {
        let number = descriptor::argument(cx, fd)?;
        let found = match find(&mut this.watched.lock(), number) {
            Some(entry) => {
                entry.1 = eventmask.0;
                true
            }
            None => false,
        };
        if found {
            Ok(())
        } else {
            Err(descriptor::os_error(cx, Errno::NOENT))
        }
    }

    /// Remove a file descriptor being tracked by the polling object.
    #[method("unregister(self, fd, /)")]
    fn unregister(cx: &Context, this: &Ref<Poll>, fd: &Value) -> PyResult<()> {
        let number = descriptor::argument(cx, fd)?;
        let mut watched = this.watched.lock();
        let at = watched.iter().position(|entry| entry.0 == number);
        if let Some(at) = at {
            watched.remove(at);
            return Ok(());
        }
        drop(watched);
        Err(cx.key_error(&number.into_value(cx)?))
    }

    /// Polls the set of registered file descriptors.
    ///
    ///   timeout
    ///     The maximum time to wait in milliseconds, or else None (or a negative
    ///     value) to wait indefinitely.
    ///
    /// Returns a list containing any descriptors that have events or errors to
    /// report, as a list of (fd, event) 2-tuples.
    #[method("poll(self, timeout=None, /)")]
    fn poll(cx: &Context, this: &Ref<Poll>, timeout: Option<&Value>) -> PyResult<Ref<List>> {
        let timeout =
            super::timeout_argument(cx, timeout, 1_000_000, "timeout must be an integer or None")?;
        if let Some(timeout) = timeout {
            super::check_milliseconds(cx, timeout)?;
        }
        let deadline = Deadline::after_option(timeout.filter(|&timeout| timeout >= 0));
        if this.waiting.swap(true, Ordering::Acquire) {
            return Err(cx.runtime_error("concurrent poll() invocation"));
        }
        let watched = this.watched.lock().clone();
        let ready = this.wait(cx, &watched, deadline);
        this.waiting.store(false, Ordering::Release);
        let mut list = Vec::new();
        for ((number, _), events) in watched.iter().zip(ready?) {
            if !events.is_empty() {
                let pair = vec![number.into_value(cx)?, events.bits().into_value(cx)?];
                list.push(Tuple::from_vec(cx, pair)?.into_value());
            }
        }
        List::from_values(cx, list)
    }
}

impl Poll {
    /// What is ready of each descriptor.
    fn wait(
        &self,
        cx: &Context,
        watched: &[(RawFd, u16)],
        deadline: Deadline,
    ) -> PyResult<Vec<PollFlags>> {
        let mut entries = Vec::with_capacity(watched.len());
        for &(number, events) in watched {
            let descriptor = descriptor::checked(cx, descriptor::borrow(number))?;
            entries.push(PollFd::from_borrowed_fd(
                descriptor,
                PollFlags::from_bits_retain(events),
            ));
        }
        let outcome = super::wait(cx, deadline, |left| {
            rustix::event::poll(&mut entries, left.as_ref())
        })?;
        descriptor::checked(cx, outcome)?;
        Ok(entries.iter().map(PollFd::revents).collect())
    }
}
