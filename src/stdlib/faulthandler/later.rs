//! Tracebacks of all threads, written by threads of their own: one after a time
//! (`dump_traceback_later`), one when a signal handler asks for it.
//!
//! Such a thread enters the interpreter to stop the world, and leaves it again.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::event::{EventfdFlags, eventfd};
use typhon_runtime::{Context, PyResult, Value};
use typhon_sync::thread::ThreadRecord;

use super::traceback::{self, Output};
use crate::signal;

/// Native stack of the threads.
const STACK: usize = 1 << 20;
/// How long the threads of the program have to come to a safepoint.
const PATIENCE: Duration = Duration::from_secs(5);

/// Writes the tracebacks of all threads but the one with the id `left_out`, from a thread that is none
/// of the interpreter's.
fn write_all(descriptor: i32, heading: String, left_out: u16) {
    let entered = Context::enter(false, STACK, |cx| {
        let mut output = Output::memory();
        output.text(&heading);
        traceback::all(cx, &mut output, false, left_out);
        cx.detached(|| output.write_to(descriptor));
    });
    // Without an id for one more thread nothing can be told.
    drop(entered);
}

/// [`write_all`], given up when a thread of the program does not answer.
fn write_all_in_time(descriptor: i32, heading: &str) {
    let (done, wait) = mpsc::channel();
    let text = heading.to_owned();
    let writer = spawn("faulthandler", move || {
        write_all(descriptor, text, 0);
        // Nobody may be waiting any more.
        let _ = done.send(());
    });
    if writer.is_none() || wait.recv_timeout(PATIENCE).is_err() {
        let mut output = Output::descriptor(descriptor);
        output.text(heading);
        output.text("  <a thread does not answer>\n");
    }
}

/// Starts a thread that gets no signals.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    let builder = std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(2 * STACK);
    let work = move || {
        // For good: the thread never runs Python code.
        let _ = signal::block_all();
        work();
    };
    builder.spawn(work).ok()
}

/// Tells the waiting thread that it is not needed any more.
#[derive(Default)]
struct Cancel {
    cancelled: Mutex<bool>,
    changed: Condvar,
}

struct Watch {
    cancel: Arc<Cancel>,
    thread: JoinHandle<()>,
    /// Keeps the descriptor open.
    _file: Option<Value>,
}

static WATCH: Mutex<Option<Watch>> = Mutex::new(None);

/// What to do when the time is over.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) after: Duration,
    pub(super) repeat: bool,
    pub(super) exit: bool,
    pub(super) descriptor: i32,
    pub(super) heading: String,
}

/// Carries out `plan` unless it is cancelled. Takes the place of the plan before.
///
/// # Errors
/// RuntimeError when no thread can be started.
pub(super) fn watch(cx: &Context, plan: Plan, file: Option<Value>) -> PyResult<()> {
    cancel(cx);
    let cancel = Arc::new(Cancel::default());
    let own = cancel.clone();
    let Some(thread) = spawn("faulthandler", move || carry_out(&plan, &own)) else {
        return Err(cx.runtime_error("unable to start watchdog thread"));
    };
    let replaced = WATCH.lock().replace(Watch {
        cancel,
        thread,
        _file: file,
    });
    end(cx, replaced);
    Ok(())
}

fn carry_out(plan: &Plan, cancel: &Cancel) {
    loop {
        let deadline = Instant::now() + plan.after;
        let mut cancelled = cancel.cancelled.lock();
        while !*cancelled {
            if cancel
                .changed
                .wait_until(&mut cancelled, deadline)
                .timed_out()
            {
                break;
            }
        }
        if *cancelled {
            return;
        }
        drop(cancelled);
        write_all_in_time(plan.descriptor, &plan.heading);
        if plan.exit {
            // SAFETY: ends the process without running anything of it.
            unsafe { libc::_exit(1) };
        }
        if !plan.repeat {
            return;
        }
    }
}

/// Cancels the plan, if there is one, and waits for its thread to end.
pub(super) fn cancel(cx: &Context) {
    let watch = WATCH.lock().take();
    end(cx, watch);
}

fn end(cx: &Context, watch: Option<Watch>) {
    let Some(Watch {
        cancel,
        thread,
        _file,
    }) = watch
    else {
        return;
    };
    *cancel.cancelled.lock() = true;
    cancel.changed.notify_all();
    // It may be about to stop the world. A panic there has been told already.
    let _ = cx.detached(|| thread.join());
}

/// By which signal handlers wake the helper; `None` when it could not be started.
static HELPER: OnceLock<Option<OwnedFd>> = OnceLock::new();
/// What the handler asked for: the descriptor to write to, and the thread that has written already.
static WANTED: AtomicI32 = AtomicI32::new(-1);
static WRITTEN: AtomicU32 = AtomicU32::new(0);

/// Starts the thread that writes for signal handlers, once.
pub(super) fn start_helper() {
    HELPER.get_or_init(|| {
        let event = eventfd(0, EventfdFlags::CLOEXEC).ok()?;
        let own = event.try_clone().ok()?;
        spawn("faulthandler", move || help(&own))?;
        Some(event)
    });
}

fn help(event: &OwnedFd) {
    let mut count = [0; 8];
    loop {
        match rustix::io::read(event, &mut count) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        let descriptor = WANTED.swap(-1, Ordering::AcqRel);
        if descriptor != -1 {
            write_all(
                descriptor,
                "\n".to_owned(),
                WRITTEN.load(Ordering::Relaxed) as u16,
            );
        }
    }
}

/// Asks for the tracebacks of all threads but the calling one, if there are any. May be called from a
/// signal handler.
pub(super) fn ask_helper(descriptor: i32) {
    let Some(Some(event)) = HELPER.get() else {
        return;
    };
    if !typhon_sync::multithreaded() {
        return;
    }
    WRITTEN.store(
        ThreadRecord::current().map_or(0, |record| record.id().into()),
        Ordering::Relaxed,
    );
    WANTED.store(descriptor, Ordering::Release);
    let one = 1u64.to_ne_bytes();
    // SAFETY: the bytes are there; `write` may be called from a signal handler.
    unsafe { libc::write(event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}
