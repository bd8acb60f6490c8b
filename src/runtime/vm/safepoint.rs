//! Safepoints: what a thread does, at function entry and loop back-edges, when it was asked to.
//!
//! The requests are bits of the thread's word (`typhon_sync::request`). Stopping for the world and
//! yielding the GIL happen in `ThreadRecord::safepoint`; what is left is served here.

use std::sync::atomic::{AtomicPtr, Ordering};

use typhon_sync::request;

use crate::context::Context;
use crate::error::PyResult;
use crate::object;

/// Runs the handlers of signals that came in. Set by the `_signal` module.
pub type SignalHandlers = fn(&Context) -> PyResult<()>;

static SIGNAL_HANDLERS: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// Sets what runs when a signal came in.
pub fn set_signal_handlers(handlers: SignalHandlers) {
    SIGNAL_HANDLERS.store(handlers as *mut (), Ordering::Release);
}

/// What must not be forgotten when something before it raises.
const FOR_LATER: u32 = request::SIGNAL | request::ASYNC_EXCEPTION | request::COLLECT;

/// Serves what was asked of this thread.
///
/// # Errors
/// What a signal handler raises, and an exception that another thread sent.
#[cold]
#[inline(never)]
pub fn serve(cx: &Context) -> PyResult<()> {
    let requests = cx.record.safepoint();
    cx.record
        .merge_what_waits(&mut |object| object::destroy(object));
    if requests & request::PROMOTE != 0 {
        crate::collector::promote_hot_objects(cx);
    }
    if requests & request::MEMORY != 0 && !typhon_alloc::rearm_reserve() {
        cx.record.request(requests & FOR_LATER);
        return Err(cx.no_memory());
    }
    if requests & request::COLLECT != 0 {
        crate::collector::collect_if_due(cx);
    }
    if requests & request::ASYNC_EXCEPTION != 0
        && let Some(exception) = cx.asynchronous_exception.replace(None)
    {
        // What is not served now must not be forgotten.
        cx.record
            .request(requests & FOR_LATER & !request::ASYNC_EXCEPTION);
        return Err(crate::vm::unwind::raise_asynchronous(cx, exception));
    }
    if requests & request::SIGNAL != 0 {
        serve_signals(cx)?;
    }
    Ok(())
}

/// Runs the handlers of signals, on the main thread.
///
/// # Errors
/// What a handler raises.
pub fn serve_signals(cx: &Context) -> PyResult<()> {
    if !cx.main_thread {
        return Ok(());
    }
    let handlers = SIGNAL_HANDLERS.load(Ordering::Acquire);
    if handlers.is_null() {
        return Ok(());
    }
    // SAFETY: the pointer was stored from a `SignalHandlers`.
    let handlers: SignalHandlers = unsafe { std::mem::transmute(handlers) };
    handlers(cx)
}
