//! How a signal gets from the system's handler to the Python handler.
//!
//! ```text
//!   on_signal, in the main thread     main thread, at a safepoint or after EINTR
//!     PENDING[signal] = true            ANY: true -> false
//!     ANY = true                        for each PENDING: true -> false, call HANDLERS[signal]
//!     request::SIGNAL at MAIN
//!     a byte to the wakeup fd
//!   on_signal, elsewhere
//!     the signal once more, to the main thread, whose system call it ends
//! ```
//! The system gives a signal to any thread that does not block it, and the main thread may be in a system
//! call that only a signal of its own ends. Nothing is noted before the main thread has got the signal:
//! otherwise it could be served, and the handler be taken away, while the signal is still on its way to
//! the main thread, which it would then kill. A signal that the main thread blocks is noted elsewhere.
//!
//! The system's handler may interrupt anything, so it does only what is safe there: atomics and
//! `write`. A signal is never lost: its flag is set before ANY, and ANY is cleared before the flags are
//! looked at.

use std::os::raw::c_int;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};

use typhon_runtime::field::Field;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::frame::FrameObject;
use typhon_runtime::objects::int;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Value, finalizer};
use typhon_sync::request;
use typhon_sync::thread::ThreadRecord;

use super::system::{self, SignalSet};

/// One more than the highest signal number.
pub(super) const COUNT: usize = 65;

static PENDING: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
static ANY: AtomicBool = AtomicBool::new(false);
/// The main thread's record.
static MAIN: AtomicPtr<ThreadRecord> = AtomicPtr::new(ptr::null_mut());

/// What the system calls the main thread; 0 before there is one.
static MAIN_THREAD: AtomicU64 = AtomicU64::new(0);
/// The signals that the main thread blocks, as far as `pthread_sigmask` was told: bit `signal - 1`.
static MAIN_BLOCKS: AtomicU64 = AtomicU64::new(0);

/// What `signal.signal` was given: SIG_DFL (0), SIG_IGN (1), a callable; None when somebody else has
/// installed the handler.
pub(super) static HANDLERS: [Field; COUNT] = [const { Field::empty() }; COUNT];

/// The descriptor that every signal's number is written to, or -1.
pub(super) static WAKEUP: AtomicI32 = AtomicI32::new(-1);
/// Whether it is an error when that descriptor takes no more.
pub(super) static WARN_ON_FULL: AtomicBool = AtomicBool::new(true);
/// The error of a write to it that is to be reported, or 0.
static WAKEUP_ERROR: AtomicI32 = AtomicI32::new(0);

/// The calling thread is the main one: signals are served by it from now on.
pub(super) fn become_main(cx: &Context) {
    MAIN.store(ptr::from_ref(cx.record).cast_mut(), Ordering::Release);
    MAIN_THREAD.store(crate::thread::ident(), Ordering::Release);
    if let Ok(set) = system::mask() {
        note_mask(&set);
    }
}

/// Forgets signals that came in: in the child of a fork they are the parent's.
pub(super) fn forget() {
    ANY.store(false, Ordering::Relaxed);
    PENDING
        .iter()
        .for_each(|flag| flag.store(false, Ordering::Relaxed));
}

/// The system's handler of signals that have a Python handler.
pub(super) extern "C" fn on_signal(signal: c_int) {
    // SAFETY: the address of this thread's errno, which the interrupted code may be about to read.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let saved = unsafe { *errno };
    arrived(signal);
    // SAFETY: as above.
    unsafe { *errno = saved };
}

fn arrived(number: c_int) {
    let Ok(signal @ 1..COUNT) = usize::try_from(number) else {
        return;
    };
    let main = MAIN_THREAD.load(Ordering::Acquire);
    // SAFETY: the call has no preconditions, and may be made in a signal handler.
    let here = main == 0 || main == unsafe { libc::pthread_self() } as u64;
    if here || MAIN_BLOCKS.load(Ordering::Relaxed) & bit(signal) != 0 {
        trip(signal);
    } else {
        // SAFETY: the main thread ends last; the call may be made in a signal handler.
        unsafe { libc::pthread_kill(main as libc::pthread_t, number) };
    }
}

fn bit(signal: usize) -> u64 {
    1 << (signal - 1)
}

/// The calling thread blocks `set` from now on.
pub(super) fn note_mask(set: &SignalSet) {
    if MAIN_THREAD.load(Ordering::Acquire) == crate::thread::ident() {
        let blocked = (1..COUNT).filter(|&signal| set.contains(signal as c_int));
        MAIN_BLOCKS.store(blocked.map(bit).sum(), Ordering::Relaxed);
    }
}

/// Notes a signal and asks the main thread to serve it. May be called from a signal handler.
pub(super) fn trip(signal: usize) {
    let Some(pending) = PENDING.get(signal) else {
        return;
    };
    pending.store(true, Ordering::Relaxed);
    // Release: who sees ANY sees the flag.
    ANY.store(true, Ordering::Release);
    // SAFETY: null, or a record, which is never freed.
    if let Some(main) = unsafe { MAIN.load(Ordering::Acquire).as_ref() } {
        main.request(request::SIGNAL);
    }
    let wakeup = WAKEUP.load(Ordering::Relaxed);
    if wakeup == -1 {
        return;
    }
    let byte = signal as u8;
    // SAFETY: one byte is read from a local; `write` may be called from a signal handler.
    let written = unsafe { libc::write(wakeup, ptr::from_ref(&byte).cast(), 1) };
    if written < 0 {
        // SAFETY: as in `on_signal`.
        let error = unsafe { *libc::__errno_location() };
        let full = error == libc::EAGAIN || error == libc::EWOULDBLOCK;
        if !full || WARN_ON_FULL.load(Ordering::Relaxed) {
            WAKEUP_ERROR.store(error, Ordering::Relaxed);
        }
    }
}

/// Calls the handlers of signals that came in. Runs in the main thread.
///
/// # Errors
/// What a handler raises; signals that are left are served at the next safepoint.
pub(super) fn serve(cx: &Context) -> PyResult<()> {
    if !ANY.load(Ordering::Relaxed) || !ANY.swap(false, Ordering::AcqRel) {
        return Ok(());
    }
    let error = WAKEUP_ERROR.swap(0, Ordering::Relaxed);
    if error != 0 {
        let Raised = exceptions::os_error_from_errno(cx, error, None);
        finalizer::unraisable(
            cx,
            "Exception ignored while trying to write to the signal wakeup fd",
            &Value::NONE,
        );
    }
    for (signal, pending) in PENDING.iter().enumerate() {
        if pending.load(Ordering::Relaxed)
            && pending.swap(false, Ordering::Relaxed)
            && let Err(raised) = call_handler(cx, signal)
        {
            ANY.store(true, Ordering::Release);
            cx.record.request(request::SIGNAL);
            return Err(raised);
        }
    }
    Ok(())
}

fn call_handler(cx: &Context, signal: usize) -> PyResult<()> {
    let handler = HANDLERS[signal]
        .get()
        .filter(|handler| !handler.is_none() && !handler.is_small_int());
    let Some(handler) = handler else {
        // The handler was taken away between the signal's arrival and now.
        let Raised = cx.os_error(format!("Signal {signal} ignored due to race condition"));
        finalizer::unraisable(cx, "Exception ignored in", &Value::NONE);
        return Ok(());
    };
    let frame = match FrameObject::running(cx, 0)? {
        Some(frame) => frame.into_value(),
        None => Value::NONE,
    };
    call::call(cx, &handler, &[int::from_i64(cx, signal as i64)?, frame]).map(|_| ())
}
