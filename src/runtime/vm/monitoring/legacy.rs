//! `sys.settrace` and `sys.setprofile`: one function a thread, told of the same events in other words.
//!
//! The functions are in the thread's context. How many threads have one is counted, because code is
//! marked for all threads or for none; a thread without a function passes a mark unseen.
//!
//! A trace function is called for new frames; what it returns is the frame's own (`f_trace`), and is
//! told of the frame's lines, returns and exceptions. A function that raises is taken away.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::event;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::frame::FrameObject;
use crate::objects::str_::Str;
use crate::protocols::call;
use crate::value::Value;
use crate::vm::frame::Frame;

static TRACING: AtomicUsize = AtomicUsize::new(0);
static PROFILING: AtomicUsize = AtomicUsize::new(0);
/// Some frame asked for its instructions.
static OPCODES: AtomicBool = AtomicBool::new(false);

/// The events that tracing and profiling threads need.
pub(super) fn wanted() -> u32 {
    let frames = event::PY_START
        | event::PY_RESUME
        | event::PY_THROW
        | event::PY_RETURN
        | event::PY_YIELD
        | event::PY_UNWIND;
    let mut events = 0;
    if TRACING.load(Ordering::Relaxed) > 0 {
        events |= frames | event::LINE | event::JUMP | event::RAISE | event::STOP_ITERATION;
        if OPCODES.load(Ordering::Relaxed) {
            events |= event::INSTRUCTION;
        }
    }
    if PROFILING.load(Ordering::Relaxed) > 0 {
        events |= frames | event::CALL;
    }
    events
}

fn set(field: &crate::field::Field, count: &AtomicUsize, function: Option<Value>) {
    let has = function.is_some();
    let had = field.get().is_some();
    field.set(function);
    if has && !had {
        count.fetch_add(1, Ordering::Relaxed);
    } else if had && !has {
        count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Sets this thread's trace function.
pub fn set_trace(cx: &Context, function: Option<Value>) {
    set(&cx.trace, &TRACING, function);
    super::update(cx, false);
}

/// Sets this thread's profile function.
pub fn set_profile(cx: &Context, function: Option<Value>) {
    set(&cx.profile, &PROFILING, function);
    super::update(cx, false);
}

/// Sets the function of every thread that runs Python code.
pub fn set_in_all_threads(cx: &Context, function: Option<&Value>, profile: bool) {
    let world = typhon_sync::stop_the_world(cx.record);
    let mut old = Vec::new();
    typhon_sync::thread::ThreadRecord::for_each(|record| {
        let other = record.user_data().cast::<Context>();
        // SAFETY: the record's data is its thread's context for as long as the thread is registered, and
        // the world is stopped.
        let Some(other) = (unsafe { other.as_ref() }) else {
            return;
        };
        let (field, count) = if profile {
            (&other.profile, &PROFILING)
        } else {
            (&other.trace, &TRACING)
        };
        // What is replaced is dropped when the world runs again.
        old.extend(field.get());
        set(field, count, function.cloned());
    });
    drop(world);
    drop(old);
    super::update(cx, false);
}

/// The thread's functions go with it.
pub fn thread_ends(cx: &Context) {
    if cx.trace.get().is_some() {
        set(&cx.trace, &TRACING, None);
    }
    if cx.profile.get().is_some() {
        set(&cx.profile, &PROFILING, None);
    }
}

/// A frame wants to see its instructions.
pub fn want_opcodes(cx: &Context) {
    OPCODES.store(true, Ordering::Relaxed);
    super::update(cx, false);
}

/// What a trace or profile function is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Call,
    Line,
    Return,
    /// Shown as a return; the frame may go on elsewhere than where it would.
    Yield,
    Exception,
    Opcode,
    CCall,
    CReturn,
    CException,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Call => "call",
            What::Line => "line",
            What::Return | What::Yield => "return",
            What::Exception => "exception",
            What::Opcode => "opcode",
            What::CCall => "c_call",
            What::CReturn => "c_return",
            What::CException => "c_exception",
        }
    }
}

/// Whether this thread is to be told of anything.
pub(super) fn listens(cx: &Context) -> bool {
    !cx.tracing.get() && (cx.trace.get().is_some() || cx.profile.get().is_some())
}

fn run(
    cx: &Context,
    callback: &Value,
    frame: &Ref<FrameObject>,
    what: What,
    argument: &Value,
) -> PyResult<Value> {
    let name = Str::from_str(cx, what.name())?;
    cx.tracing.set(true);
    let result = call::call(
        cx,
        callback,
        &[frame.to_value(), name.into_value(), argument.clone()],
    );
    cx.tracing.set(false);
    result
}

/// Tells the profile function.
///
/// # Errors
/// What it raises; it is taken away then.
///
/// # Safety
/// `frame` is this thread's running frame, with `pc` and `sp` written back.
pub(super) unsafe fn profile(
    cx: &Context,
    frame: *mut Frame,
    what: What,
    argument: &Value,
) -> PyResult<()> {
    if cx.tracing.get() {
        return Ok(());
    }
    let Some(callback) = cx.profile.get() else {
        return Ok(());
    };
    // SAFETY: by the caller's promise.
    let object = unsafe { FrameObject::of(cx, frame)? };
    match run(cx, &callback, &object, what, argument) {
        Ok(_) => Ok(()),
        Err(Raised) => {
            set_profile(cx, None);
            Err(Raised)
        }
    }
}

/// Tells the trace function: the thread's of calls, the frame's of all else.
///
/// # Errors
/// What it raises; it is taken away then.
///
/// # Safety
/// As [`profile`].
pub(super) unsafe fn trace(
    cx: &Context,
    frame: *mut Frame,
    what: What,
    argument: &Value,
) -> PyResult<()> {
    if cx.tracing.get() {
        return Ok(());
    }
    let Some(of_thread) = cx.trace.get() else {
        return Ok(());
    };
    // SAFETY: by the caller's promise.
    let object = unsafe { FrameObject::of(cx, frame)? };
    let callback = match what {
        What::Call => of_thread,
        _ => match object.trace.get() {
            Some(callback) => callback,
            None => return Ok(()),
        },
    };
    let is_silent = match what {
        What::Line => !object.trace_lines.load(Ordering::Relaxed),
        What::Opcode => !object.trace_opcodes.load(Ordering::Relaxed),
        _ => false,
    };
    if is_silent {
        return Ok(());
    }
    let place = object.begin_tracing(what);
    let result = run(cx, &callback, &object, what, argument);
    object.end_tracing(place);
    match result {
        Ok(next) => {
            if !next.is_none() {
                object.trace.set(Some(next));
            }
            Ok(())
        }
        Err(Raised) => {
            set_trace(cx, None);
            object.trace.set(None);
            Err(Raised)
        }
    }
}
