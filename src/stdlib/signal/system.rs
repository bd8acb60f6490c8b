//! The system's signals: sets of them, what is done about one, timers, waiting.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::raw::c_int;
use std::ptr;

use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::set::Set;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value, warnings};

use super::arrival::{COUNT, on_signal};

/// The number of the error that the last call made.
fn last_error() -> i32 {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EINVAL)
}

/// A call that returns -1 and sets errno, or not.
fn checked(result: c_int) -> Result<c_int, i32> {
    if result == -1 {
        Err(last_error())
    } else {
        Ok(result)
    }
}

/// Raises the OSError for a number, if it is one.
pub(super) fn raise<T>(cx: &Context, result: Result<T, i32>) -> PyResult<T> {
    result.map_err(|errno| exceptions::os_error_from_errno(cx, errno, None))
}

/// A set of signals.
#[derive(Clone, Copy)]
pub(super) struct SignalSet(libc::sigset_t);

impl SignalSet {
    pub(super) fn empty() -> SignalSet {
        let mut set = MaybeUninit::uninit();
        // SAFETY: the call fills the set.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            SignalSet(set.assume_init())
        }
    }

    pub(super) fn full() -> SignalSet {
        let mut set = MaybeUninit::uninit();
        // SAFETY: the call fills the set.
        unsafe {
            libc::sigfillset(set.as_mut_ptr());
            SignalSet(set.assume_init())
        }
    }

    /// False when the system keeps the signal for itself.
    fn add(&mut self, signal: c_int) -> bool {
        // SAFETY: the set is initialized.
        unsafe { libc::sigaddset(&mut self.0, signal) == 0 }
    }

    pub(super) fn contains(&self, signal: c_int) -> bool {
        // SAFETY: the set is initialized.
        unsafe { libc::sigismember(&self.0, signal) == 1 }
    }

    /// The signals whose numbers `iterable` has.
    ///
    /// # Errors
    /// ValueError for a number out of range.
    pub(super) fn from_iterable(cx: &Context, iterable: &Value) -> PyResult<SignalSet> {
        let mut set = SignalSet::empty();
        iterate::for_each(cx, iterable, |number| {
            let signal = int::index_as_i128(cx, &number)?;
            if !(1..COUNT as i128).contains(&signal) {
                let highest = COUNT - 1;
                return Err(cx.value_error(format!(
                    "signal number {signal} out of range [1; {highest}]"
                )));
            }
            if !set.add(signal as c_int) {
                // Programs pass range(1, NSIG), which has a few that are none.
                let message = format!("invalid signal number {signal}, please use valid_signals()");
                warnings::warn_runtime(cx, &message)?;
            }
            Ok(())
        })?;
        Ok(set)
    }

    /// The numbers as a Python set.
    pub(super) fn to_python(self, cx: &Context) -> PyResult<Ref<Set>> {
        let numbers: PyResult<Vec<Value>> = (1..COUNT as c_int)
            .filter(|&signal| self.contains(signal))
            .map(|signal| int::from_i64(cx, signal.into()))
            .collect();
        Set::from_values(cx, &numbers?)
    }
}

/// Changes which signals the calling thread does not get, and returns what it was before.
pub(super) fn set_mask(how: c_int, set: &SignalSet) -> Result<SignalSet, i32> {
    let mut old = SignalSet::empty();
    // SAFETY: both sets are initialized.
    match unsafe { libc::pthread_sigmask(how, &set.0, &mut old.0) } {
        0 => Ok(old),
        errno => Err(errno),
    }
}

/// The signals that the calling thread does not get.
pub(super) fn mask() -> Result<SignalSet, i32> {
    set_mask(libc::SIG_BLOCK, &SignalSet::empty())
}

/// Signals that were sent and are blocked.
pub(super) fn pending() -> Result<SignalSet, i32> {
    let mut set = SignalSet::empty();
    // SAFETY: the call fills the set.
    checked(unsafe { libc::sigpending(&mut set.0) })?;
    Ok(set)
}

/// Waits for one of the signals, which are blocked.
pub(super) fn wait(set: &SignalSet) -> Result<c_int, i32> {
    let mut signal = 0;
    // SAFETY: the set is initialized.
    match unsafe { libc::sigwait(&set.0, &mut signal) } {
        0 => Ok(signal),
        errno => Err(errno),
    }
}

/// What `siginfo_t` says of a signal.
#[derive(Clone, Copy)]
pub(super) struct Information {
    pub(super) fields: [i64; 7],
}

/// Waits for one of the signals, for as long as `timeout` says.
pub(super) fn wait_for_information(
    set: &SignalSet,
    timeout: Option<libc::timespec>,
) -> Result<Information, rustix::io::Errno> {
    let mut information = MaybeUninit::zeroed();
    // SAFETY: the set is initialized; the call fills the information when it succeeds.
    let result = unsafe {
        match &timeout {
            None => libc::sigwaitinfo(&set.0, information.as_mut_ptr()),
            Some(timeout) => libc::sigtimedwait(&set.0, information.as_mut_ptr(), timeout),
        }
    };
    checked(result).map_err(rustix::io::Errno::from_raw_os_error)?;
    // SAFETY: filled by the call; what a field that does not belong to the signal says is arbitrary,
    // but all bytes are initialized. The band of SIGPOLL is where other signals have an address.
    unsafe {
        let information: libc::siginfo_t = information.assume_init();
        Ok(Information {
            fields: [
                information.si_signo.into(),
                information.si_code.into(),
                information.si_errno.into(),
                information.si_pid().into(),
                information.si_uid().into(),
                information.si_status().into(),
                information.si_addr() as i64,
            ],
        })
    }
}

/// What is done about a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Disposition {
    Default,
    Ignore,
    /// Handled by Python.
    Caught,
    /// Handled by somebody else.
    Foreign,
}

/// What is done about `signal` now; `None` when the system does not say.
pub(super) fn disposition(signal: usize) -> Option<Disposition> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the call fills the action when it succeeds.
    let handler = unsafe {
        if libc::sigaction(signal as c_int, ptr::null(), action.as_mut_ptr()) != 0 {
            return None;
        }
        action.assume_init().sa_sigaction
    };
    Some(match handler {
        libc::SIG_DFL => Disposition::Default,
        libc::SIG_IGN => Disposition::Ignore,
        handler if handler == on_signal as extern "C" fn(c_int) as usize => Disposition::Caught,
        _ => Disposition::Foreign,
    })
}

/// Decides what is done about `signal`. System calls that it interrupts fail with EINTR.
pub(super) fn set_disposition(signal: usize, disposition: Disposition) -> Result<(), i32> {
    let handler = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
        Disposition::Caught | Disposition::Foreign => on_signal as extern "C" fn(c_int) as usize,
    };
    let action = libc::sigaction {
        sa_sigaction: handler,
        sa_mask: SignalSet::empty().0,
        sa_flags: libc::SA_ONSTACK,
        sa_restorer: None,
    };
    // SAFETY: the handler does only what is safe in one (see `arrival`).
    checked(unsafe { libc::sigaction(signal as c_int, &action, ptr::null_mut()) }).map(|_| ())
}

/// Decides whether system calls that `signal` interrupts go on by themselves.
pub(super) fn set_restart(signal: usize, restart: bool) -> Result<(), i32> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the first call fills the action; the second sets it with one flag changed.
    unsafe {
        checked(libc::sigaction(
            signal as c_int,
            ptr::null(),
            action.as_mut_ptr(),
        ))?;
        let mut action = action.assume_init();
        if restart {
            action.sa_flags |= libc::SA_RESTART;
        } else {
            action.sa_flags &= !libc::SA_RESTART;
        }
        checked(libc::sigaction(signal as c_int, &action, ptr::null_mut())).map(|_| ())
    }
}

/// Sends a signal to the calling thread.
pub(super) fn raise_signal(signal: c_int) -> Result<(), i32> {
    // SAFETY: no memory is involved.
    if unsafe { libc::raise(signal) } == 0 {
        Ok(())
    } else {
        Err(last_error())
    }
}

/// Sends a signal to a thread.
pub(super) fn send_to_thread(thread: u64, signal: c_int) -> Result<(), i32> {
    // SAFETY: the caller says that the thread runs, as with the function of the system.
    match unsafe { libc::pthread_kill(thread, signal) } {
        0 => Ok(()),
        errno => Err(errno),
    }
}

/// Sends a signal to the process that a descriptor stands for.
pub(super) fn send_to_process(descriptor: c_int, signal: c_int, flags: u32) -> Result<(), i32> {
    let no_information = ptr::null::<libc::siginfo_t>();
    // SAFETY: the call reads no memory, for there is no information to send along.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            descriptor,
            signal,
            no_information,
            flags,
        )
    };
    checked(result as c_int).map(|_| ())
}

/// Waits for any signal.
pub(super) fn pause() {
    // SAFETY: no memory is involved. The call always ends with EINTR.
    unsafe { libc::pause() };
}

/// Arranges for SIGALRM after some seconds, and returns what was left of the last arrangement.
pub(super) fn alarm(seconds: u32) -> u32 {
    // SAFETY: no memory is involved.
    unsafe { libc::alarm(seconds) }
}

/// What the system calls a signal.
pub(super) fn description(signal: usize) -> Option<String> {
    // SAFETY: the text is constant or this thread's own, and copied before anything else is called.
    let text = unsafe {
        let text = libc::strsignal(signal as c_int);
        if text.is_null() {
            return None;
        }
        CStr::from_ptr(text).to_string_lossy().into_owned()
    };
    (!text.contains("Unknown signal")).then_some(text)
}

/// Microseconds as the system counts them.
fn timeval(microseconds: i64) -> libc::timeval {
    libc::timeval {
        tv_sec: microseconds.div_euclid(1_000_000),
        tv_usec: microseconds.rem_euclid(1_000_000),
    }
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 * 1e-6
}

/// A timer: seconds until it runs out, and the interval after that.
pub(super) type Timer = (f64, f64);

fn timer(value: &libc::itimerval) -> Timer {
    (seconds(value.it_value), seconds(value.it_interval))
}

/// What is left of a timer.
pub(super) fn get_timer(which: c_int) -> Result<Timer, i32> {
    let mut value = libc::itimerval {
        it_interval: timeval(0),
        it_value: timeval(0),
    };
    // SAFETY: the call fills the value. The number's type differs between systems.
    checked(unsafe { libc::getitimer(which as _, &mut value) })?;
    Ok(timer(&value))
}

/// Sets a timer, in microseconds, and returns what was left of it.
pub(super) fn set_timer(which: c_int, delay: i64, interval: i64) -> Result<Timer, i32> {
    let new = libc::itimerval {
        it_interval: timeval(interval),
        it_value: timeval(delay),
    };
    let mut old = libc::itimerval {
        it_interval: timeval(0),
        it_value: timeval(0),
    };
    // SAFETY: the call reads the one and fills the other.
    checked(unsafe { libc::setitimer(which as _, &new, &mut old) })?;
    Ok(timer(&old))
}

/// Whether reading from and writing to `descriptor` does not block.
///
/// # Errors
/// OSError when it is none.
pub(super) fn is_non_blocking(cx: &Context, descriptor: c_int) -> PyResult<bool> {
    // SAFETY: no memory is involved.
    let flags = raise(
        cx,
        checked(unsafe { libc::fcntl(descriptor, libc::F_GETFL) }),
    )?;
    Ok(flags & libc::O_NONBLOCK != 0)
}

/// Ends the process by SIGINT, as if nobody had caught it: the shell sees that.
pub(super) fn die_of_interrupt() -> Result<(), i32> {
    set_disposition(libc::SIGINT as usize, Disposition::Default)?;
    // SAFETY: no memory is involved.
    checked(unsafe { libc::kill(libc::getpid(), libc::SIGINT) }).map(|_| ())
}
