//! `select`: waiting until one of several descriptors is ready.
//!
//! ```text
//!   mod.rs     select()       poll.rs    poll objects       epoll.rs   epoll objects
//! ```
//! Every wait is made detached. A signal that ends it early runs its handler, and the wait goes on for
//! what is left of the timeout (PEP 475).

mod epoll;
mod poll;

use std::os::fd::RawFd;

use rustix::io::Errno;
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::class::class_of;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::blocking::{self, Deadline};
use crate::descriptor;
use crate::time::span::{self, Rounding};

pub use epoll::Epoll;

macro_rules! from_libc {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64),)*] };
}

static CONSTANTS: &[(&str, i64)] = from_libc! {
    POLLIN POLLPRI POLLOUT POLLERR POLLHUP POLLNVAL POLLRDNORM POLLRDBAND POLLWRNORM POLLWRBAND
    POLLRDHUP EPOLLIN EPOLLOUT EPOLLPRI EPOLLERR EPOLLHUP EPOLLRDHUP EPOLLONESHOT EPOLLRDNORM
    EPOLLRDBAND EPOLLWRNORM EPOLLWRBAND EPOLLMSG EPOLL_CLOEXEC PIPE_BUF
};

/// Bits that are the sign of C's int, and what the `libc` crate leaves out.
static OTHERS: &[(&str, i64)] = &[
    ("EPOLLET", 1 << 31),
    ("EPOLLEXCLUSIVE", 1 << 28),
    ("EPOLLWAKEUP", 1 << 29),
    ("POLLMSG", 0x400),
];

/// This module supports asynchronous I/O on multiple file descriptors.
///
/// *** IMPORTANT NOTICE ***
/// On Windows, only sockets are supported; on Unix, all file descriptors.
#[pymodule(name = "select", functions(select, poll::poll), classes(Epoll))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    class_of::<poll::Poll>(cx)?;
    module::add(cx, this, "error", exceptions::os_error().to_value())?;
    for (name, value) in CONSTANTS.iter().chain(OTHERS) {
        module::add(cx, this, name, *value)?;
    }
    Ok(())
}

/// A timeout as a deadline; `per_unit` nanoseconds are one unit. `None` waits for ever.
fn timeout_argument(
    cx: &Context,
    timeout: Option<&Value>,
    per_unit: i64,
    wrong_type: &str,
) -> PyResult<Option<i64>> {
    let Some(timeout) = timeout else {
        return Ok(None);
    };
    match span::scaled(cx, timeout, Rounding::Timeout, per_unit) {
        Ok(nanoseconds) => Ok(Some(nanoseconds)),
        Err(_) if cx.exception_matches(exceptions::type_error()) => {
            cx.clear_exception();
            Err(cx.type_error(wrong_type))
        }
        Err(raised) => Err(raised),
    }
}

/// Milliseconds for the system, rounded away from zero; -1 to wait for ever.
///
/// # Errors
/// OverflowError when they do not fit into C's int.
fn check_milliseconds(cx: &Context, nanoseconds: i64) -> PyResult<()> {
    if i32::try_from(nanoseconds / 1_000_000).is_err() {
        return Err(cx.overflow_error("timeout is too large"));
    }
    Ok(())
}

/// Makes a wait until it ends by itself or by the deadline.
fn wait<T>(
    cx: &Context,
    deadline: Deadline,
    mut call: impl FnMut(Option<rustix::time::Timespec>) -> rustix::io::Result<T>,
) -> PyResult<rustix::io::Result<T>> {
    blocking::retry(cx, || call(deadline.remaining_timespec()))
}

/// Descriptors with the objects they came from, and their set.
struct Watched {
    entries: Vec<(RawFd, Value)>,
    set: libc::fd_set,
    highest: RawFd,
}

impl Watched {
    fn read(cx: &Context, sequence: &Value) -> PyResult<Watched> {
        // SAFETY: the set is a field of bits, none of which is set.
        let mut set: libc::fd_set = unsafe { std::mem::zeroed() };
        let mut highest = -1;
        if !iterate::is_iterable(sequence) {
            return Err(cx.type_error("arguments 1-3 must be sequences"));
        }
        let objects = iterate::collect(cx, sequence)?;
        let mut entries = Vec::with_capacity(objects.len());
        for object in objects {
            let number = descriptor::argument(cx, &object)?;
            if number as usize >= libc::FD_SETSIZE {
                return Err(cx.value_error("filedescriptor out of range in select()"));
            }
            if entries.len() >= libc::FD_SETSIZE {
                return Err(cx.value_error("too many file descriptors in select()"));
            }
            // SAFETY: the number is below FD_SETSIZE.
            unsafe { libc::FD_SET(number, &mut set) };
            highest = highest.max(number);
            entries.push((number, object));
        }
        Ok(Watched {
            entries,
            set,
            highest,
        })
    }

    /// The objects whose descriptors are in `ready`.
    fn ready(&self, cx: &Context, ready: &libc::fd_set) -> PyResult<Ref<List>> {
        let objects = self.entries.iter().filter(|(number, _)| {
            // SAFETY: the number is below FD_SETSIZE.
            unsafe { libc::FD_ISSET(*number, ready) }
        });
        List::from_values(cx, objects.map(|(_, object)| object.clone()).collect())
    }
}

/// Wait until one or more file descriptors are ready for some kind of I/O.
///
/// The first three arguments are iterables of file descriptors to be waited for:
/// rlist -- wait until ready for reading
/// wlist -- wait until ready for writing
/// xlist -- wait for an "exceptional condition"
/// If only one kind of condition is required, pass [] for the other lists.
///
/// A file descriptor is either a socket or file object, or a small integer
/// gotten from a fileno() method call on one of those.
///
/// The optional 4th argument specifies a timeout in seconds; it may be
/// a floating-point number to specify fractions of seconds.  If it is absent
/// or None, the call will never time out.
///
/// The return value is a tuple of three lists corresponding to the first three
/// arguments; each contains the subset of the corresponding file descriptors
/// that are ready.
///
/// *** IMPORTANT NOTICE ***
/// On Windows, only sockets are supported; on Unix, all file
/// descriptors can be used.
#[pyfunction("select(rlist, wlist, xlist, timeout=None, /)")]
fn select(
    cx: &Context,
    rlist: &Value,
    wlist: &Value,
    xlist: &Value,
    timeout: Option<&Value>,
) -> PyResult<Ref<Tuple>> {
    let timeout = timeout_argument(
        cx,
        timeout,
        blocking::NANOSECONDS_PER_SECOND,
        "timeout must be a float or None",
    )?;
    if timeout.is_some_and(|timeout| timeout < 0) {
        return Err(cx.value_error("timeout must be non-negative"));
    }
    let watched = [
        Watched::read(cx, rlist)?,
        Watched::read(cx, wlist)?,
        Watched::read(cx, xlist)?,
    ];
    let count = watched.iter().map(|kind| kind.highest).max().unwrap_or(-1) + 1;
    let mut sets = [watched[0].set, watched[1].set, watched[2].set];
    let outcome = wait(cx, Deadline::after_option(timeout), |left| {
        sets = [watched[0].set, watched[1].set, watched[2].set];
        let mut left = left.map(|left| libc::timeval {
            tv_sec: left.tv_sec,
            tv_usec: (left.tv_nsec as libc::suseconds_t + 999) / 1000,
        });
        if let Some(left) = &mut left
            && left.tv_usec >= 1_000_000
        {
            left.tv_sec += 1;
            left.tv_usec -= 1_000_000;
        }
        let [read, write, exceptional] = &mut sets;
        let left = left
            .as_mut()
            .map_or(std::ptr::null_mut(), std::ptr::from_mut);
        // SAFETY: the sets have room for `count` descriptors, the time is a local or null.
        match unsafe { libc::select(count, read, write, exceptional, left) } {
            -1 => Err(last_error()),
            ready => Ok(ready),
        }
    })?;
    if descriptor::checked(cx, outcome)? == 0 {
        // At the end of the time the system has not cleared the sets of all kinds.
        // SAFETY: as in `read`.
        sets = unsafe { std::mem::zeroed() };
    }
    let mut lists = Vec::with_capacity(3);
    for (kind, ready) in watched.iter().zip(&sets) {
        lists.push(kind.ready(cx, ready)?.into_value());
    }
    Tuple::from_vec(cx, lists)
}

/// The errno of this thread.
fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}
