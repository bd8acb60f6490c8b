//! `faulthandler`: tracebacks when the program crashes, after a time, or on a signal.
//!
//! ```text
//!   traceback.rs   tracebacks as text, without running Python code
//!   fault.rs       signal handlers that write them
//!   later.rs       threads that write them
//! ```

mod fault;
mod later;
mod traceback;

use std::time::Duration;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, interpreter};

use crate::time::span::{self, Rounding};
use fault::Destination;
use later::Plan;
use traceback::{Heading, Output};

/// The highest signal number and one.
const SIGNALS: i32 = 65;

/// Enables the module at start-up (`-X faulthandler`, PYTHONFAULTHANDLER): tracebacks go to the system's
/// standard error.
///
/// # Errors
/// OSError when a handler cannot be set.
pub fn enable_at_start(cx: &Context) -> PyResult<()> {
    checked(
        cx,
        fault::enable(&Destination {
            descriptor: 2,
            file: None,
            all_threads: true,
        }),
    )
}

fn checked<T>(cx: &Context, result: Result<T, i32>) -> PyResult<T> {
    result.map_err(|errno| exceptions::os_error_from_errno(cx, errno, None))
}

/// faulthandler module.
#[pymodule(
    name = "faulthandler",
    functions(
        enable,
        disable,
        is_enabled,
        dump_traceback,
        dump_c_stack,
        dump_traceback_later,
        cancel_dump_traceback_later,
        register,
        unregister,
        read_null,
        sigsegv,
        sigabrt,
        sigfpe
    )
)]
fn initialize(_cx: &Context, _this: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// The descriptor of a file (`sys.stderr` when there is none given), and the file.
fn descriptor_of(cx: &Context, file: Option<&Value>) -> PyResult<(i32, Option<Value>)> {
    let file = match file.filter(|file| !file.is_none()) {
        Some(file) => file.clone(),
        None => match interpreter::sys_attribute(cx, names::stderr())? {
            Some(file) if file.is_none() => return Err(cx.runtime_error("sys.stderr is None")),
            Some(file) => file,
            None => return Err(cx.runtime_error("unable to get sys.stderr")),
        },
    };
    if int::is_int(&file) {
        return match i32::try_from(int::index_as_i128(cx, &file)?) {
            Ok(descriptor) if descriptor >= 0 => Ok((descriptor, None)),
            Ok(_) => Err(cx.value_error("file is not a valid file descriptor")),
            Err(_) => Err(cx.overflow_error("Python int too large to convert to C int")),
        };
    }
    let number = call::call_method(cx, &file, Name::intern(cx, "fileno")?, &[])?;
    let descriptor = int::as_small(&number).and_then(|number| i32::try_from(number).ok());
    let Some(descriptor) = descriptor.filter(|&descriptor| descriptor >= 0) else {
        return Err(cx.runtime_error("file.fileno() is not a valid file descriptor"));
    };
    // What was written before comes before. A file that cannot be flushed can be written to.
    if let Err(Raised) = call::call_method(cx, &file, names::flush(), &[]) {
        cx.clear_exception();
    }
    Ok((descriptor, Some(file)))
}

fn destination(cx: &Context, file: Option<&Value>, all_threads: bool) -> PyResult<Destination> {
    let (descriptor, file) = descriptor_of(cx, file)?;
    Ok(Destination {
        descriptor,
        file,
        all_threads,
    })
}

/// Dump the traceback of the current thread, or of all threads if all_threads is True, into file.
#[pyfunction("dump_traceback(file=sys.stderr, all_threads=True)")]
fn dump_traceback(cx: &Context, file: Maybe<&Value>, all_threads: bool) -> PyResult<()> {
    let (descriptor, _file) = descriptor_of(cx, file.0)?;
    let mut output = Output::memory();
    if all_threads {
        traceback::all(cx, &mut output, true, 0);
    } else {
        traceback::current(&mut output, Heading::Stack);
    }
    cx.detached(|| output.write_to(descriptor));
    Ok(())
}

/// Dump the C stack of the current thread.
#[pyfunction("dump_c_stack(file=sys.stderr)")]
fn dump_c_stack(cx: &Context, file: Maybe<&Value>) -> PyResult<()> {
    let (descriptor, _file) = descriptor_of(cx, file.0)?;
    let mut output = Output::memory();
    traceback::native(&mut output);
    cx.detached(|| output.write_to(descriptor));
    Ok(())
}

/// Enable the fault handler.
#[pyfunction("enable(file=sys.stderr, all_threads=True)")]
fn enable(cx: &Context, file: Maybe<&Value>, all_threads: bool) -> PyResult<()> {
    let destination = destination(cx, file.0, all_threads)?;
    checked(cx, fault::enable(&destination))
}

/// Disable the fault handler.
#[pyfunction("disable()")]
fn disable(_cx: &Context) -> PyResult<bool> {
    Ok(fault::disable())
}

/// Check if the handler is enabled.
#[pyfunction("is_enabled()")]
fn is_enabled(_cx: &Context) -> PyResult<bool> {
    Ok(fault::is_enabled())
}

/// `Timeout (0:00:01.500000)!`
fn timeout_heading(microseconds: i64) -> String {
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if rest == 0 {
        String::new()
    } else {
        format!(".{rest:06}")
    };
    format!("Timeout ({hours}:{minutes:02}:{seconds:02}{fraction})!\n")
}

/// Dump the traceback of all threads in timeout seconds,
/// or each timeout seconds if repeat is True. If exit is True, call _exit(1) which is not safe.
#[pyfunction("dump_traceback_later(timeout, repeat=False, file=sys.stderr, exit=False)")]
fn dump_traceback_later(
    cx: &Context,
    timeout: &Value,
    repeat: bool,
    file: Maybe<&Value>,
    exit: bool,
) -> PyResult<()> {
    let nanoseconds = span::nanoseconds(cx, timeout, Rounding::Timeout)?;
    let microseconds = nanoseconds / 1000 + i64::from(nanoseconds % 1000 > 0);
    if microseconds <= 0 {
        return Err(cx.value_error("timeout must be greater than 0"));
    }
    let (descriptor, file) = descriptor_of(cx, file.0)?;
    let plan = Plan {
        after: Duration::from_micros(microseconds as u64),
        repeat,
        exit,
        descriptor,
        heading: timeout_heading(microseconds),
    };
    later::watch(cx, plan, file)
}

/// Cancel the previous call to dump_traceback_later().
#[pyfunction("cancel_dump_traceback_later()")]
fn cancel_dump_traceback_later(cx: &Context) -> PyResult<()> {
    later::cancel(cx);
    Ok(())
}

fn check_signal(cx: &Context, signum: i32) -> PyResult<()> {
    if fault::is_fatal(signum) {
        return Err(cx.runtime_error(format!(
            "signal {signum} cannot be registered, use enable() instead"
        )));
    }
    if !(1..SIGNALS).contains(&signum) {
        return Err(cx.value_error("signal number out of range"));
    }
    Ok(())
}

/// Register a handler for the signal 'signum': dump the traceback of the current thread, or of all threads if all_threads is True, into file.
#[pyfunction("register(signum, file=sys.stderr, all_threads=True, chain=False)")]
fn register(
    cx: &Context,
    signum: i32,
    file: Maybe<&Value>,
    all_threads: bool,
    chain: bool,
) -> PyResult<()> {
    check_signal(cx, signum)?;
    let destination = destination(cx, file.0, all_threads)?;
    checked(cx, fault::register(signum, chain, &destination))
}

/// Unregister the handler of the signal 'signum' registered by register().
#[pyfunction("unregister(signum, /)")]
fn unregister(cx: &Context, signum: i32) -> PyResult<bool> {
    check_signal(cx, signum)?;
    Ok(fault::unregister(signum))
}

/// Raise a signal twice: the Rust runtime's own handler takes the first for a stack overflow that it is
/// not, and makes way for the default action.
fn crash(signal: i32) {
    fault::raise(signal);
    fault::raise(signal);
}

/// Read from NULL, raise a SIGSEGV or SIGBUS signal depending on the platform.
#[pyfunction("_read_null()")]
fn read_null(_cx: &Context) -> PyResult<()> {
    crash(libc::SIGSEGV);
    Ok(())
}

/// Raise a SIGSEGV signal.
#[pyfunction("_sigsegv(release_gil=False, /)")]
fn sigsegv(cx: &Context, release_gil: bool) -> PyResult<()> {
    if release_gil {
        cx.detached(|| crash(libc::SIGSEGV));
    } else {
        crash(libc::SIGSEGV);
    }
    Ok(())
}

/// Raise a SIGABRT signal.
#[pyfunction("_sigabrt()")]
fn sigabrt(_cx: &Context) -> PyResult<()> {
    crash(libc::SIGABRT);
    Ok(())
}

/// Raise a SIGFPE signal.
#[pyfunction("_sigfpe()")]
fn sigfpe(_cx: &Context) -> PyResult<()> {
    crash(libc::SIGFPE);
    Ok(())
}
