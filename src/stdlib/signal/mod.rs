//! `_signal`: signals.
//!
//! ```text
//!   arrival.rs   from the system's handler to the Python handler
//!   system.rs    the system's calls
//! ```
//! Handlers are set, and run, in the main thread.

mod arrival;
mod system;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::set::Set;
use typhon_runtime::objects::str_::names;
use typhon_runtime::objects::struct_sequence::Description;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::call;
use typhon_runtime::vm::safepoint;
use typhon_runtime::{Context, PyResult, Ref, Value, import, module};

use crate::blocking::{self, Deadline};
use crate::time::span::{self, Rounding};
use arrival::{COUNT, HANDLERS};
use system::{Disposition, SignalSet, raise};

/// `SIG_DFL`, `SIG_IGN`.
const DEFAULT: i64 = 0;
const IGNORE: i64 = 1;

/// `ItimerError`.
static TIMER_ERROR: OnceLock<Value> = OnceLock::new();

/// The module's state was made.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Takes over the handling of signals at start-up: Ctrl-C is KeyboardInterrupt, and writing to a closed
/// pipe or past the limit of a file's size is an error, not the end.
///
/// # Errors
/// MemoryError.
pub fn install(cx: &Context) -> PyResult<()> {
    for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
        // What cannot be ignored stays as it is.
        let _ = system::set_disposition(signal as usize, Disposition::Ignore);
    }
    import::import_module(cx, "_signal").map(|_| ())
}

/// Acts as if the signal had come in. False when there is no such signal.
pub fn simulate(signal: i32) -> bool {
    let Some(signal) = usize::try_from(signal)
        .ok()
        .filter(|signal| (1..COUNT).contains(signal))
    else {
        return false;
    };
    if HANDLERS[signal]
        .get()
        .is_some_and(|handler| handler.as_small_int().is_none())
    {
        arrival::trip(signal);
    }
    true
}

/// The child of a fork: the calling thread is the main one, and the parent's signals are the parent's.
pub fn after_fork_child(cx: &Context) {
    arrival::become_main(cx);
    arrival::forget();
}

/// Which signals the calling thread got before [`block_all`].
#[derive(Clone, Copy)]
pub struct Mask(Option<SignalSet>);

impl Mask {
    /// The calling thread gets these signals again.
    pub fn restore(self) {
        if let Some(set) = self.0 {
            // What was set before can be set again.
            let _ = system::set_mask(libc::SIG_SETMASK, &set);
        }
    }
}

/// Keeps all signals from the calling thread, which does not run Python code.
pub fn block_all() -> Mask {
    Mask(system::set_mask(libc::SIG_SETMASK, &SignalSet::full()).ok())
}

/// Ends the process by SIGINT, for a KeyboardInterrupt that nobody caught. Returns if that fails.
pub fn die_of_interrupt() {
    let _ = system::die_of_interrupt();
}

macro_rules! signal_numbers {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), libc::$name)),*] };
}

static SIGNALS: &[(&str, i32)] = signal_numbers![
    SIGHUP,
    SIGINT,
    SIGQUIT,
    SIGILL,
    SIGTRAP,
    SIGIOT,
    SIGABRT,
    SIGFPE,
    SIGKILL,
    SIGBUS,
    SIGSEGV,
    SIGSYS,
    SIGPIPE,
    SIGALRM,
    SIGTERM,
    SIGUSR1,
    SIGUSR2,
    SIGCHLD,
    SIGPWR,
    SIGIO,
    SIGURG,
    SIGWINCH,
    SIGPOLL,
    SIGSTOP,
    SIGTSTP,
    SIGCONT,
    SIGTTIN,
    SIGTTOU,
    SIGVTALRM,
    SIGPROF,
    SIGXCPU,
    SIGXFSZ,
    SIGSTKFLT,
    SIG_BLOCK,
    SIG_UNBLOCK,
    SIG_SETMASK,
];

static SIGINFO: Description = Description::new(
    "signal",
    "struct_siginfo",
    "struct_siginfo: Result from sigwaitinfo or sigtimedwait.\n\nThis object may be accessed either as a tuple of\n(si_signo, si_code, si_errno, si_pid, si_uid, si_status, si_band),\nor via the attributes si_signo, si_code, and so on.",
    &[
        ("si_signo", "signal number"),
        ("si_code", "signal code"),
        ("si_errno", "errno associated with this signal"),
        ("si_pid", "sending process ID"),
        ("si_uid", "real user ID of sending process"),
        ("si_status", "exit value or signal"),
        ("si_band", "band event for SIGPOLL"),
    ],
    7,
);

/// This module provides mechanisms to use signal handlers in Python.
///
/// Functions:
///
/// alarm() -- cause SIGALRM after a specified time [Unix only]
/// setitimer() -- cause a signal (described below) after a specified
///                float time and the timer may restart then [Unix only]
/// getitimer() -- get current value of timer [Unix only]
/// signal() -- set the action for a given signal
/// getsignal() -- get the signal action for a given signal
/// pause() -- wait until a signal arrives [Unix only]
/// default_int_handler() -- default SIGINT handler
///
/// signal constants:
/// SIG_DFL -- used to refer to the system default handler
/// SIG_IGN -- used to ignore the signal
/// NSIG -- number of defined signals
/// SIGINT, SIGTERM, etc. -- signal numbers
///
/// itimer constants:
/// ITIMER_REAL -- decrements in real time, and delivers SIGALRM upon
///                expiration
/// ITIMER_VIRTUAL -- decrements only when the process is executing,
///                and delivers SIGVTALRM upon expiration
/// ITIMER_PROF -- decrements both when the process is executing and
///                when the system is executing on behalf of the process.
///                Coupled with ITIMER_VIRTUAL, this timer is usually
///                used to profile the time spent by the application
///                in user and kernel space. SIGPROF is delivered upon
///                expiration.
///
///
/// *** IMPORTANT NOTICE ***
/// A signal handler function is called with two arguments:
/// the first is the signal number, the second is the interrupted stack frame.
#[pymodule(
    name = "_signal",
    functions(
        default_int_handler,
        alarm,
        setitimer,
        getitimer,
        signal,
        raise_signal,
        strsignal,
        getsignal,
        set_wakeup_fd,
        siginterrupt,
        pause,
        pidfd_send_signal,
        pthread_kill,
        pthread_sigmask,
        sigpending,
        sigwait,
        sigwaitinfo,
        sigtimedwait,
        valid_signals
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for &(name, number) in SIGNALS {
        module::add(cx, this, name, number)?;
    }
    for (name, number) in [
        ("SIGCLD", libc::SIGCHLD),
        ("SIGRTMIN", libc::SIGRTMIN()),
        ("SIGRTMAX", libc::SIGRTMAX()),
        ("NSIG", COUNT as i32),
        ("SIG_DFL", DEFAULT as i32),
        ("SIG_IGN", IGNORE as i32),
        ("ITIMER_REAL", 0),
        ("ITIMER_VIRTUAL", 1),
        ("ITIMER_PROF", 2),
    ] {
        module::add(cx, this, name, number)?;
    }
    module::add(cx, this, "struct_siginfo", SIGINFO.class(cx)?.to_value())?;
    module::add(cx, this, "ItimerError", timer_error(cx)?.clone())?;
    if !INSTALLED.swap(true, Ordering::AcqRel) {
        take_over(cx, this)?;
    }
    Ok(())
}

fn timer_error(cx: &Context) -> PyResult<&'static Value> {
    if let Some(class) = TIMER_ERROR.get() {
        return Ok(class);
    }
    let namespace = Dict::new(cx)?;
    namespace.set_name(cx, names::dunder_module(), "signal".into_value(cx)?)?;
    let bases = Tuple::from_values(cx, &[exceptions::os_error().to_value()])?;
    let arguments = [
        "ItimerError".into_value(cx)?,
        bases.into_value(),
        namespace.into_value(),
    ];
    let class = call::call(cx, Type::class().as_value(), &arguments)?;
    Ok(TIMER_ERROR.get_or_init(|| class))
}

/// Notes what is done about signals now, and makes Ctrl-C a KeyboardInterrupt.
fn take_over(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for (signal, handler) in HANDLERS.iter().enumerate().skip(1) {
        handler.set(Some(match system::disposition(signal) {
            Some(Disposition::Default) => int::from_i64(cx, DEFAULT)?,
            Some(Disposition::Ignore) => int::from_i64(cx, IGNORE)?,
            _ => Value::NONE,
        }));
    }
    if !cx.main_thread {
        return Ok(());
    }
    arrival::become_main(cx);
    safepoint::set_signal_handlers(arrival::serve);
    let interrupt = &HANDLERS[libc::SIGINT as usize];
    if interrupt
        .get()
        .is_some_and(|handler| handler.as_small_int() == Some(DEFAULT))
    {
        interrupt.set(this.get(cx, "default_int_handler")?);
        raise(
            cx,
            system::set_disposition(libc::SIGINT as usize, Disposition::Caught),
        )?;
    }
    Ok(())
}

/// A signal number as an index.
fn index(cx: &Context, signal: i32) -> PyResult<usize> {
    usize::try_from(signal)
        .ok()
        .filter(|signal| (1..COUNT).contains(signal))
        .ok_or_else(|| cx.value_error("signal number out of range"))
}

/// The default handler for SIGINT installed by Python.
///
/// It raises KeyboardInterrupt.
#[pyfunction("default_int_handler(signalnum, frame, /)")]
fn default_int_handler(cx: &Context, _signalnum: i32, _frame: &Value) -> PyResult<()> {
    Err(cx.raise_with(exceptions::keyboard_interrupt(), &[]))
}

/// Arrange for SIGALRM to arrive after the given number of seconds.
#[pyfunction("alarm(seconds, /)")]
fn alarm(_cx: &Context, seconds: i32) -> PyResult<u32> {
    Ok(system::alarm(seconds as u32))
}

/// Wait until a signal arrives.
#[pyfunction("pause()")]
fn pause(cx: &Context) -> PyResult<()> {
    blocking::interrupted(cx)?;
    cx.detached(system::pause);
    blocking::interrupted(cx)
}

/// Send a signal to the executing process.
#[pyfunction("raise_signal(signalnum, /)")]
fn raise_signal(cx: &Context, signalnum: i32) -> PyResult<()> {
    let raised = cx.detached(|| system::raise_signal(signalnum));
    raise(cx, raised)?;
    blocking::interrupted(cx)
}

/// Set the action for the given signal.
///
/// The action can be SIG_DFL, SIG_IGN, or a callable Python object.
/// The previous action is returned.  See getsignal() for possible return
/// values.
///
/// *** IMPORTANT NOTICE ***
/// A signal handler function is called with two arguments: the first is
/// the signal number, the second is the interrupted stack frame.
#[pyfunction("signal(signalnum, handler, /)")]
fn signal(cx: &Context, signalnum: i32, handler: &Value) -> PyResult<Value> {
    if !cx.main_thread {
        return Err(cx.value_error("signal only works in main thread of the main interpreter"));
    }
    let signal = index(cx, signalnum)?;
    let (handler, disposition) = match int::as_small(handler) {
        Some(DEFAULT) => (int::from_i64(cx, DEFAULT)?, Disposition::Default),
        Some(IGNORE) => (int::from_i64(cx, IGNORE)?, Disposition::Ignore),
        _ if call::is_callable(handler) => (handler.clone(), Disposition::Caught),
        _ => {
            return Err(cx.type_error(
                "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object",
            ));
        }
    };
    // Signals that came in before the change go to the old handler.
    blocking::interrupted(cx)?;
    raise(cx, system::set_disposition(signal, disposition))?;
    Ok(HANDLERS[signal]
        .replace(Some(handler))
        .unwrap_or(Value::NONE))
}

/// Return the current action for the given signal.
///
/// The return value can be:
///   SIG_IGN -- if the signal is being ignored
///   SIG_DFL -- if the default action for the signal is in effect
///   None    -- if an unknown handler is in effect
///   anything else -- the callable Python object used as a handler
#[pyfunction("getsignal(signalnum, /)")]
fn getsignal(cx: &Context, signalnum: i32) -> PyResult<Option<Value>> {
    Ok(HANDLERS[index(cx, signalnum)?].get())
}

/// Return the system description of the given signal.
///
/// Returns the description of signal *signalnum*, such as "Interrupt"
/// for :const:`SIGINT`. Returns :const:`None` if *signalnum* has no
/// description. Raises :exc:`ValueError` if *signalnum* is invalid.
#[pyfunction("strsignal(signalnum, /)")]
fn strsignal(cx: &Context, signalnum: i32) -> PyResult<Option<String>> {
    Ok(system::description(index(cx, signalnum)?))
}

/// Change system call restart behaviour.
///
/// If flag is False, system calls will be restarted when interrupted by
/// signal sig, else system calls will be interrupted.
#[pyfunction("siginterrupt(signalnum, flag, /)")]
fn siginterrupt(cx: &Context, signalnum: i32, flag: i32) -> PyResult<()> {
    let signal = index(cx, signalnum)?;
    raise(cx, system::set_restart(signal, flag == 0))
}

/// Sets the fd to be written to (with the signal number) when a signal comes in.
///
/// A library can use this to wakeup select or poll.
/// The previous fd or -1 is returned.
///
/// The fd must be non-blocking.
#[pyfunction("set_wakeup_fd(fd, /, *, warn_on_full_buffer=True)")]
fn set_wakeup_fd(cx: &Context, fd: i32, warn_on_full_buffer: bool) -> PyResult<i32> {
    if !cx.main_thread {
        return Err(
            cx.value_error("set_wakeup_fd only works in main thread of the main interpreter")
        );
    }
    if fd != -1 && !system::is_non_blocking(cx, fd)? {
        return Err(cx.value_error(format!("the fd {fd} must be in non-blocking mode")));
    }
    arrival::WARN_ON_FULL.store(warn_on_full_buffer, Ordering::Relaxed);
    Ok(arrival::WAKEUP.swap(fd, Ordering::Relaxed))
}

/// Seconds as microseconds, not fewer.
fn microseconds(cx: &Context, seconds: &Value) -> PyResult<i64> {
    let nanoseconds = span::nanoseconds(cx, seconds, Rounding::Ceiling)?;
    Ok(nanoseconds.div_euclid(1000) + i64::from(nanoseconds.rem_euclid(1000) != 0))
}

/// A timer as Python shows it.
fn timer(cx: &Context, timer: Result<system::Timer, i32>) -> PyResult<Ref<Tuple>> {
    match timer {
        Ok((delay, interval)) => {
            Tuple::from_vec(cx, vec![delay.into_value(cx)?, interval.into_value(cx)?])
        }
        Err(errno) => {
            let class = timer_error(cx)?
                .downcast::<Type>()
                .expect("invariant: made as a class");
            let text = exceptions::error_text(errno);
            Err(cx.raise_with(class, &[errno.into_value(cx)?, text.into_value(cx)?]))
        }
    }
}

/// Sets given itimer (one of ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF).
///
/// The timer will fire after value seconds and after that every interval
/// seconds.  The itimer can be cleared by setting seconds to zero.
///
/// Returns old values as a tuple: (delay, interval).
#[pyfunction("setitimer(which, seconds, interval=0.0, /)")]
fn setitimer(
    cx: &Context,
    which: i32,
    seconds: &Value,
    interval: Maybe<&Value>,
) -> PyResult<Ref<Tuple>> {
    let delay = microseconds(cx, seconds)?;
    let interval = match interval.0 {
        Some(interval) => microseconds(cx, interval)?,
        None => 0,
    };
    timer(cx, system::set_timer(which, delay, interval))
}

/// Returns current value of given itimer.
#[pyfunction("getitimer(which, /)")]
fn getitimer(cx: &Context, which: i32) -> PyResult<Ref<Tuple>> {
    timer(cx, system::get_timer(which))
}

/// Fetch and/or change the signal mask of the calling thread.
#[pyfunction("pthread_sigmask(how, mask, /)")]
fn pthread_sigmask(cx: &Context, how: i32, mask: &Value) -> PyResult<Ref<Set>> {
    let set = SignalSet::from_iterable(cx, mask)?;
    let old = raise(cx, system::set_mask(how, &set))?;
    arrival::note_mask(&raise(cx, system::mask())?);
    // Signals that were let through by the change have come in.
    blocking::interrupted(cx)?;
    old.to_python(cx)
}

/// Examine pending signals.
///
/// Returns a set of signal numbers that are pending for delivery to
/// the calling thread.
#[pyfunction("sigpending()")]
fn sigpending(cx: &Context) -> PyResult<Ref<Set>> {
    raise(cx, system::pending())?.to_python(cx)
}

/// Wait for a signal.
///
/// Suspend execution of the calling thread until the delivery of one of the
/// signals specified in the signal set sigset.  The function accepts the
/// signal and returns the signal number.
#[pyfunction("sigwait(sigset, /)")]
fn sigwait(cx: &Context, sigset: &Value) -> PyResult<i32> {
    let set = SignalSet::from_iterable(cx, sigset)?;
    let signal = cx.detached(|| system::wait(&set));
    raise(cx, signal)
}

fn information(cx: &Context, information: system::Information) -> PyResult<Value> {
    let fields: PyResult<Vec<Value>> = information
        .fields
        .iter()
        .map(|&field| int::from_i64(cx, field))
        .collect();
    SIGINFO.instance(cx, fields?)
}

/// Wait synchronously until one of the signals in *sigset* is delivered.
///
/// Returns a struct_siginfo containing information about the signal.
#[pyfunction("sigwaitinfo(sigset, /)")]
fn sigwaitinfo(cx: &Context, sigset: &Value) -> PyResult<Value> {
    let set = SignalSet::from_iterable(cx, sigset)?;
    let found = blocking::retry(cx, || system::wait_for_information(&set, None))?;
    information(cx, raise(cx, found.map_err(|error| error.raw_os_error()))?)
}

/// Like sigwaitinfo(), but with a timeout.
///
/// The timeout is specified in seconds, with floating-point numbers allowed.
#[pyfunction("sigtimedwait(sigset, timeout, /)")]
fn sigtimedwait(cx: &Context, sigset: &Value, timeout: &Value) -> PyResult<Value> {
    let set = SignalSet::from_iterable(cx, sigset)?;
    let timeout = span::nanoseconds(cx, timeout, Rounding::Ceiling)?;
    if timeout < 0 {
        return Err(cx.value_error("timeout must be non-negative"));
    }
    let deadline = Deadline::after(timeout);
    let found = blocking::retry(cx, || {
        let left = deadline.remaining_timespec();
        let left = left.map(|left| libc::timespec {
            tv_sec: left.tv_sec,
            tv_nsec: left.tv_nsec,
        });
        system::wait_for_information(&set, left)
    })?;
    match found {
        Err(rustix::io::Errno::AGAIN) => Ok(Value::NONE),
        found => information(cx, raise(cx, found.map_err(|error| error.raw_os_error()))?),
    }
}

/// Return a set of valid signal numbers on this platform.
///
/// The signal numbers returned by this function can be safely passed to
/// functions like `pthread_sigmask`.
#[pyfunction("valid_signals()")]
fn valid_signals(cx: &Context) -> PyResult<Ref<Set>> {
    SignalSet::full().to_python(cx)
}

/// Send a signal to a thread.
#[pyfunction("pthread_kill(thread_id, signalnum, /)")]
fn pthread_kill(cx: &Context, thread_id: u64, signalnum: i32) -> PyResult<()> {
    raise(cx, system::send_to_thread(thread_id, signalnum))?;
    // It may have been this thread.
    blocking::interrupted(cx)
}

/// Send a signal to a process referred to by a pid file descriptor.
#[pyfunction("pidfd_send_signal(pidfd, signalnum, siginfo=None, flags=0, /)")]
fn pidfd_send_signal(
    cx: &Context,
    pidfd: i32,
    signalnum: i32,
    siginfo: Option<&Value>,
    flags: Maybe<u32>,
) -> PyResult<()> {
    if siginfo.is_some() {
        return Err(cx.type_error("siginfo must be None"));
    }
    raise(
        cx,
        system::send_to_process(pidfd, signalnum, flags.0.unwrap_or(0)),
    )?;
    blocking::interrupted(cx)
}
