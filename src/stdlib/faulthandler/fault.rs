//! Handlers of signals that write tracebacks: of those that end the process (`enable`), and of any other
//! that a program names (`register`).
//!
//! What a handler reads is written before the handler is installed and never taken away: the actions
//! that were there before are leaked, once each time.

use std::mem::MaybeUninit;
use std::os::raw::c_int;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};

use typhon_runtime::field::Field;

use super::later;
use super::traceback::{self, Heading, Output};

/// A signal and how it is handled.
struct Handled {
    on: AtomicBool,
    all_threads: AtomicBool,
    chain: AtomicBool,
    descriptor: AtomicI32,
    /// The action that was there before.
    previous: AtomicPtr<libc::sigaction>,
    /// The file that the descriptor belongs to.
    file: Field,
}

impl Handled {
    const fn new() -> Handled {
        Handled {
            on: AtomicBool::new(false),
            all_threads: AtomicBool::new(false),
            chain: AtomicBool::new(false),
            descriptor: AtomicI32::new(2),
            previous: AtomicPtr::new(ptr::null_mut()),
            file: Field::empty(),
        }
    }
}

const SIGNALS: usize = 65;

static HANDLED: [Handled; SIGNALS] = [const { Handled::new() }; SIGNALS];

/// The signals that `enable` is about. SIGSEGV is last: `disable` goes the other way round.
static FATAL: [(c_int, &str); 5] = [
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];

/// Where and what to write.
#[derive(Clone)]
pub(super) struct Destination {
    pub(super) descriptor: i32,
    pub(super) file: Option<typhon_runtime::Value>,
    pub(super) all_threads: bool,
}

fn handled(signal: c_int) -> Option<&'static Handled> {
    HANDLED.get(usize::try_from(signal).ok()?)
}

/// Whether `enable` is about this signal.
pub(super) fn is_fatal(signal: c_int) -> bool {
    FATAL.iter().any(|(fatal, _)| *fatal == signal)
}

/// Sets the action of a signal and returns the one before.
fn set_action(signal: c_int, action: &libc::sigaction) -> Result<libc::sigaction, i32> {
    let mut old = MaybeUninit::zeroed();
    // SAFETY: the handlers that are set here do only what is safe in one; the call fills `old`.
    unsafe {
        match libc::sigaction(signal, action, old.as_mut_ptr()) {
            0 => Ok(old.assume_init()),
            _ => Err(std::io::Error::last_os_error()
                .raw_os_error()
                .unwrap_or(libc::EINVAL)),
        }
    }
}

fn action(handler: extern "C" fn(c_int), flags: c_int) -> libc::sigaction {
    let mut mask = MaybeUninit::uninit();
    // SAFETY: the call fills the mask.
    let mask = unsafe {
        libc::sigemptyset(mask.as_mut_ptr());
        mask.assume_init()
    };
    libc::sigaction {
        sa_sigaction: handler as usize,
        sa_mask: mask,
        sa_flags: flags | libc::SA_ONSTACK,
        sa_restorer: None,
    }
}

/// Puts a handler in place, unless it is there, and says where it writes.
fn install(
    signal: c_int,
    handler: extern "C" fn(c_int),
    flags: c_int,
    chain: bool,
    destination: &Destination,
) -> Result<(), i32> {
    let Some(handled) = handled(signal) else {
        return Err(libc::EINVAL);
    };
    handled
        .descriptor
        .store(destination.descriptor, Ordering::Relaxed);
    handled
        .all_threads
        .store(destination.all_threads, Ordering::Relaxed);
    handled.chain.store(chain, Ordering::Relaxed);
    handled.file.set(destination.file.clone());
    if handled.on.load(Ordering::Acquire) {
        return Ok(());
    }
    let previous = set_action(signal, &action(handler, flags))?;
    handled
        .previous
        .store(Box::leak(Box::new(previous)), Ordering::Release);
    handled.on.store(true, Ordering::Release);
    Ok(())
}

/// Takes a handler away. False when there is none.
fn uninstall(handled: &Handled, signal: c_int) -> bool {
    let was_on = handled.on.swap(false, Ordering::AcqRel);
    if was_on {
        restore(handled, signal);
    }
    was_on
}

/// Puts the action back that was there before.
fn restore(handled: &Handled, signal: c_int) {
    // SAFETY: null, or leaked by `install`.
    if let Some(previous) = unsafe { handled.previous.load(Ordering::Acquire).as_ref() } {
        // What was there before can be set again.
        let _ = set_action(signal, previous);
    }
}

/// Handles the signals that end the process.
///
/// # Errors
/// The system's error number.
pub(super) fn enable(destination: &Destination) -> Result<(), i32> {
    for (signal, _) in &FATAL {
        install(*signal, on_fault, libc::SA_NODEFER, false, destination)?;
    }
    Ok(())
}

/// Leaves these signals alone again. False when they were.
pub(super) fn disable() -> bool {
    let mut was_on = false;
    for (signal, _) in FATAL.iter().rev() {
        if let Some(handled) = handled(*signal) {
            was_on |= uninstall(handled, *signal);
            handled.file.set(None);
        }
    }
    was_on
}

/// Whether these signals are handled.
pub(super) fn is_enabled() -> bool {
    handled(libc::SIGSEGV).is_some_and(|handled| handled.on.load(Ordering::Relaxed))
}

/// Handles a signal that does not end the process.
///
/// # Errors
/// The system's error number.
pub(super) fn register(signal: c_int, chain: bool, destination: &Destination) -> Result<(), i32> {
    let flags = libc::SA_RESTART | if chain { libc::SA_NODEFER } else { 0 };
    if destination.all_threads {
        later::start_helper();
    }
    install(signal, on_user_signal, flags, chain, destination)
}

/// Leaves a signal alone again. False when it was.
pub(super) fn unregister(signal: c_int) -> bool {
    match handled(signal) {
        Some(handled) => {
            let was_on = uninstall(handled, signal);
            handled.file.set(None);
            was_on
        }
        None => false,
    }
}

/// Sends a signal to the calling thread.
pub(super) fn raise(signal: c_int) {
    // SAFETY: no memory is involved; may be called from a signal handler.
    unsafe { libc::raise(signal) };
}

/// Runs `work` and leaves errno, which the interrupted code may be about to read, as it was.
fn keeping_errno(work: impl FnOnce()) {
    // SAFETY: the address of this thread's errno.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let saved = unsafe { *errno };
    work();
    // SAFETY: as above.
    unsafe { *errno = saved };
}

extern "C" fn on_fault(signal: c_int) {
    let Some(handled) = handled(signal).filter(|handled| handled.on.swap(false, Ordering::AcqRel))
    else {
        return;
    };
    // From here on the same fault, met again, ends the process.
    restore(handled, signal);
    keeping_errno(|| {
        let mut output = Output::descriptor(handled.descriptor.load(Ordering::Relaxed));
        let name = FATAL
            .iter()
            .find(|(fatal, _)| *fatal == signal)
            .map_or("unknown", |(_, name)| name);
        output.text("Fatal Python error: ");
        output.text(name);
        output.text("\n\n");
        let all = handled.all_threads.load(Ordering::Relaxed);
        traceback::current(
            &mut output,
            if all {
                Heading::Current
            } else {
                Heading::Stack
            },
        );
        output.flush();
        if all {
            traceback::others_at_the_end(&mut output);
        }
        output.text("\n");
        traceback::native(&mut output);
    });
    raise(signal);
    // The handler that was there before may be the one that the Rust runtime installs: it only makes
    // way for the default action.
    raise(signal);
}

extern "C" fn on_user_signal(signal: c_int) {
    let Some(handled) = handled(signal).filter(|handled| handled.on.load(Ordering::Acquire)) else {
        return;
    };
    let all = handled.all_threads.load(Ordering::Relaxed);
    let descriptor = handled.descriptor.load(Ordering::Relaxed);
    keeping_errno(|| {
        let mut output = Output::descriptor(descriptor);
        traceback::current(
            &mut output,
            if all {
                Heading::Current
            } else {
                Heading::Stack
            },
        );
        drop(output);
        if all {
            later::ask_helper(descriptor);
        }
        if handled.chain.load(Ordering::Relaxed) {
            restore(handled, signal);
            raise(signal);
            // What was just set can be set again.
            let _ = set_action(
                signal,
                &action(on_user_signal, libc::SA_RESTART | libc::SA_NODEFER),
            );
        }
    });
}
