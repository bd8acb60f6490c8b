//! The end: threads are waited for, functions of `atexit` run, what is buffered is written, modules are
//! taken apart, and what their finalizers wrote is written too.

use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::protocols::{attribute, call};
use typhon_runtime::{Context, PyResult, Value, finalizer, import, interpreter};

use super::{Exit, teardown};
use crate::sys::settings;
use crate::{atexit, configuration};

/// The status of a process whose output could not be written to the end.
const NOT_WRITTEN: i32 = 120;

/// Ends the interpreter after a program that ended with `exit`.
pub(super) fn finish(cx: &Context, exit: Exit) -> Exit {
    wait_for_threads(cx);
    atexit::run(cx);
    let written = flush(cx);
    // Daemon threads sleep from here on, whatever they were at.
    typhon_sync::world::close_the_world(cx.record);
    settings::start_finalizing();
    teardown::take_apart(cx);
    flush_quietly(cx);
    if configuration::get().show_statistics {
        eprintln!("{}", typhon_alloc::statistics());
        eprintln!("{:#?}", typhon_sync::statistics::collect());
        eprintln!("collector: {:?}", typhon_runtime::collector::STATISTICS);
    }
    match exit {
        Exit::Status(0) if !written => Exit::Status(NOT_WRITTEN),
        exit => exit,
    }
}

/// Waits for the threads that are not daemons.
fn wait_for_threads(cx: &Context) {
    let waited = (|| -> PyResult<()> {
        let threading = import::modules(cx)?.get_name(cx, Name::intern(cx, "threading")?)?;
        let Some(threading) = threading.filter(|threading| !threading.is_none()) else {
            return Ok(());
        };
        call::call_method(cx, &threading, Name::intern(cx, "_shutdown")?, &[]).map(|_| ())
    })();
    if waited.is_err() {
        finalizer::unraisable(cx, "Exception ignored on threading shutdown", &Value::NONE);
    }
}

/// Flushes the standard streams. False when something could not be written.
fn flush(cx: &Context) -> bool {
    let mut written = true;
    for (name, counts) in [(names::stdout(), true), (names::stderr(), false)] {
        let stream = interpreter::sys_attribute(cx, name)
            .ok()
            .flatten()
            .filter(|stream| !stream.is_none());
        let Some(stream) = stream else { continue };
        let flushed = is_closed(cx, &stream).and_then(|closed| match closed {
            true => Ok(()),
            false => call::call_method(cx, &stream, names::flush(), &[]).map(|_| ()),
        });
        if flushed.is_err() {
            if counts {
                finalizer::unraisable(
                    cx,
                    "Exception ignored while flushing sys.stdout",
                    &Value::NONE,
                );
                written = false;
            }
            cx.clear_exception();
        }
    }
    written
}

/// Writes what finalizers have written. A daemon thread may be asleep for good in the middle of a write to
/// the same stream; what it holds back is lost.
pub(super) fn flush_quietly(cx: &Context) {
    for name in [names::stdout(), names::stderr()] {
        let flushed = interpreter::sys_attribute(cx, name).and_then(|stream| match stream {
            Some(stream) if !stream.is_none() && !is_closed(cx, &stream)? => {
                call::call_method(cx, &stream, names::flush(), &[]).map(|_| ())
            }
            _ => Ok(()),
        });
        if flushed.is_err() {
            cx.clear_exception();
        }
    }
}

fn is_closed(cx: &Context, stream: &Value) -> PyResult<bool> {
    match attribute::find(cx, stream, Name::intern(cx, "closed")?)? {
        Some(closed) => closed.truth(cx),
        None => Ok(false),
    }
}
