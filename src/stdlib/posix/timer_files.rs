//! Timers that are descriptors.

use std::os::fd::RawFd;

use rustix::io::Result as SystemResult;
use rustix::time::{Itimerspec, TimerfdFlags, TimerfdTimerFlags, Timespec};
use typhon_macros::pyfunction;
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::{FileDescriptor, Settle, outcome};
use crate::blocking::{nanoseconds, timespec};
use crate::descriptor::borrow;

/// Create and return a timer file descriptor.
///
///   clockid
///     A valid clock ID constant as timer file descriptor.
///
///     time.CLOCK_REALTIME
///     time.CLOCK_MONOTONIC
///     time.CLOCK_BOOTTIME
///   flags
///     0 or a bit mask of os.TFD_NONBLOCK or os.TFD_CLOEXEC.
///
///     os.TFD_NONBLOCK
///         If *TFD_NONBLOCK* is set as a flag, read doesn't blocks.
///         If *TFD_NONBLOCK* is not set as a flag, read block until the timer fires.
///
///     os.TFD_CLOEXEC
///         If *TFD_CLOEXEC* is set as a flag, enable the close-on-exec flag
#[pyfunction("timerfd_create(clockid, /, *, flags=524288)")]
pub(super) fn timerfd_create(cx: &Context, clockid: i32, flags: i32) -> PyResult<RawFd> {
    // Whatever the flags say: no descriptor is inherited unless it is asked for (PEP 446).
    let flags = flags | TimerfdFlags::CLOEXEC.bits() as i32;
    // SAFETY: the call takes numbers; rustix knows only some of the clocks.
    outcome(unsafe { libc::timerfd_create(clockid, flags) }).settle(cx)
}

fn set(fd: RawFd, flags: i32, initial: i128, interval: i128) -> SystemResult<Itimerspec> {
    let wanted = Itimerspec {
        it_interval: timespec(interval),
        it_value: timespec(initial),
    };
    let flags = TimerfdTimerFlags::from_bits_retain(flags as u32);
    rustix::time::timerfd_settime(borrow(fd)?, flags, &wanted)
}

fn pair_of(
    cx: &Context,
    timer: &Itimerspec,
    convert: impl Fn(Timespec) -> PyResult<Value>,
) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(
        cx,
        vec![convert(timer.it_value)?, convert(timer.it_interval)?],
    )
}

fn in_seconds(cx: &Context, timer: &Itimerspec) -> PyResult<Ref<Tuple>> {
    pair_of(cx, timer, |time| {
        (nanoseconds(time) as f64 / 1e9).into_value(cx)
    })
}

fn in_nanoseconds(cx: &Context, timer: &Itimerspec) -> PyResult<Ref<Tuple>> {
    pair_of(cx, timer, |time| nanoseconds(time).into_value(cx))
}

/// Alter a timer file descriptor's internal timer in seconds.
///
///   fd
///     A timer file descriptor.
///   flags
///     0 or a bit mask of TFD_TIMER_ABSTIME or TFD_TIMER_CANCEL_ON_SET.
///   initial
///     The initial expiration time, in seconds.
///   interval
///     The timer's interval, in seconds.
#[pyfunction("timerfd_settime(fd, /, *, flags=0, initial=0.0, interval=0.0)")]
pub(super) fn timerfd_settime(
    cx: &Context,
    fd: FileDescriptor,
    flags: i32,
    initial: f64,
    interval: f64,
) -> PyResult<Ref<Tuple>> {
    let before = set(
        fd.0,
        flags,
        (initial * 1e9).round() as i128,
        (interval * 1e9).round() as i128,
    )
    .settle(cx)?;
    in_seconds(cx, &before)
}

/// Alter a timer file descriptor's internal timer in nanoseconds.
///
///   fd
///     A timer file descriptor.
///   flags
///     0 or a bit mask of TFD_TIMER_ABSTIME or TFD_TIMER_CANCEL_ON_SET.
///   initial
///     initial expiration timing in seconds.
///   interval
///     interval for the timer in seconds.
#[pyfunction("timerfd_settime_ns(fd, /, *, flags=0, initial=0, interval=0)")]
pub(super) fn timerfd_settime_ns(
    cx: &Context,
    fd: FileDescriptor,
    flags: i32,
    initial: i64,
    interval: i64,
) -> PyResult<Ref<Tuple>> {
    let before = set(fd.0, flags, initial.into(), interval.into()).settle(cx)?;
    in_nanoseconds(cx, &before)
}

/// Return a tuple of a timer file descriptor's (interval, next expiration) in float seconds.
///
///   fd
///     A timer file descriptor.
#[pyfunction("timerfd_gettime(fd, /)")]
pub(super) fn timerfd_gettime(cx: &Context, fd: FileDescriptor) -> PyResult<Ref<Tuple>> {
    let now = borrow(fd.0)
        .and_then(rustix::time::timerfd_gettime)
        .settle(cx)?;
    in_seconds(cx, &now)
}

/// Return a tuple of a timer file descriptor's (interval, next expiration) in nanoseconds.
///
///   fd
///     A timer file descriptor.
#[pyfunction("timerfd_gettime_ns(fd, /)")]
pub(super) fn timerfd_gettime_ns(cx: &Context, fd: FileDescriptor) -> PyResult<Ref<Tuple>> {
    let now = borrow(fd.0)
        .and_then(rustix::time::timerfd_gettime)
        .settle(cx)?;
    in_nanoseconds(cx, &now)
}
