//! Waiting: deadlines, system calls that may block, and what a signal does to them (PEP 475).
//!
//! Whatever may block is done detached, so that other threads can stop the world or take the GIL. A
//! wait that a signal ends early (EINTR) attaches, runs the signal's Python handler when this is the
//! main thread, and goes on unless the handler raised.

use rustix::io::Errno;
use rustix::time::{ClockId, Timespec, clock_gettime};
use typhon_runtime::collector::sweep;
use typhon_runtime::vm::safepoint;
use typhon_runtime::{Context, PyResult};

pub(crate) const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;

/// A moment of the monotonic clock up to which to wait, or none.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<i128>);

/// The monotonic clock in nanoseconds.
pub fn monotonic() -> i128 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// A time of the system as nanoseconds.
pub fn nanoseconds(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * i128::from(NANOSECONDS_PER_SECOND) + i128::from(time.tv_nsec)
}

/// Nanoseconds as the system counts them. Saturates.
pub fn timespec(nanoseconds: i128) -> Timespec {
    let per_second = i128::from(NANOSECONDS_PER_SECOND);
    Timespec {
        tv_sec: i64::try_from(nanoseconds.div_euclid(per_second)).unwrap_or(i64::MAX),
        tv_nsec: nanoseconds.rem_euclid(per_second) as _,
    }
}

impl Deadline {
    /// Waits for as long as it takes.
    pub const NEVER: Deadline = Deadline(None);

    /// So many nanoseconds from now.
    pub fn after(nanoseconds: i64) -> Deadline {
        Deadline(Some(monotonic() + i128::from(nanoseconds.max(0))))
    }

    /// So many nanoseconds from now, or never.
    pub fn after_option(nanoseconds: Option<i64>) -> Deadline {
        nanoseconds.map_or(Deadline::NEVER, Deadline::after)
    }

    /// The moment as a time of the monotonic clock.
    pub fn as_timespec(self) -> Option<Timespec> {
        self.0.map(timespec)
    }

    /// What is left, in nanoseconds, not below 0; `None` when there is no end.
    pub fn remaining(self) -> Option<i64> {
        let left = (self.0? - monotonic()).max(0);
        Some(i64::try_from(left).unwrap_or(i64::MAX))
    }

    /// What is left, as a time span of the system.
    pub fn remaining_timespec(self) -> Option<Timespec> {
        self.remaining().map(|left| timespec(left.into()))
    }
}

/// Serves what was asked of this thread while it waited: signal handlers above all.
///
/// # Errors
/// What a handler raises.
pub fn interrupted(cx: &Context) -> PyResult<()> {
    if cx.record.poll() {
        safepoint::serve(cx)
    } else {
        Ok(())
    }
}

/// A sleep up to a deadline, in parts when there are objects that die by a sweep only: somebody may
/// wait for what this thread has dropped.
pub struct Sleep {
    deadline: Deadline,
    /// Where the first part ends.
    sweep_at: Option<i128>,
}

impl Sleep {
    /// A sleep that begins now.
    pub fn new(deadline: Deadline) -> Sleep {
        let sweep_at = sweep::soon().map(|soon| monotonic() + soon.as_nanos() as i128);
        Sleep { deadline, sweep_at }
    }

    /// Up to when to sleep.
    pub fn part(&self) -> Deadline {
        match (self.sweep_at, self.deadline.0) {
            (Some(sweep_at), Some(end)) => Deadline(Some(end.min(sweep_at))),
            (Some(sweep_at), None) => Deadline(Some(sweep_at)),
            (None, _) => self.deadline,
        }
    }

    /// A part is over. Is it the last one?
    pub fn is_over(&mut self, cx: &Context) -> bool {
        let Some(sweep_at) = self.sweep_at.take() else {
            return true;
        };
        if self.deadline.0.is_some_and(|end| end <= sweep_at) {
            return true;
        }
        sweep::if_due(cx);
        false
    }
}

/// Makes a system call detached, and again when a signal has ended it early. A signal that came before
/// is served first: it would not end the call.
///
/// # Errors
/// What a signal handler raises. The inner result is the call's own.
pub fn retry<T>(
    cx: &Context,
    mut call: impl FnMut() -> rustix::io::Result<T>,
) -> PyResult<rustix::io::Result<T>> {
    loop {
        interrupted(cx)?;
        match cx.detached(&mut call) {
            Err(Errno::INTR) => {}
            result => return Ok(result),
        }
    }
}
