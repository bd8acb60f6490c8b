//! What happens to an exception: tracebacks, handlers, matching, the `raise` statement.

use typhon_compiler::Opcode;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::exceptions::{self, BaseException};
use crate::objects::frame::FrameObject;
use crate::objects::int;
use crate::objects::traceback::Traceback;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::call;
use crate::value::Value;
use crate::vm::frame::Frame;
use crate::vm::monitoring::events::{self, Step};
use crate::vm::resumption;
use crate::vm::uncounted;

/// Finds the handler of the exception that is set, leaving frames that have none, up to the one that
/// the loop was entered with. The frame that has one; `None` when that one was left too: the caller
/// gets the exception.
///
/// `again`: the running frame is in the exception's traceback already.
///
/// # Safety
/// `frame` is the running frame with `pc` and `sp` written back.
pub(super) unsafe fn unwind(
    cx: &Context,
    mut frame: *mut Frame,
    mut again: bool,
) -> Option<*mut Frame> {
    loop {
        // SAFETY: by the caller's promise; frames left are replaced by their callers.
        unsafe {
            let current = &mut *frame;
            if !again {
                add_traceback(cx, frame);
            }
            if events::of_exceptions_wanted() {
                let step = if again { Step::Reraise } else { Step::Raise };
                events::exception(cx, frame, step);
            }
            let index = current.instruction_index();
            let origin = if again {
                origin_of_reraise(current, index)
            } else {
                None
            };
            again = false;
            let handler = current.code().compiled.handler(index as u32).copied();
            if let Some(handler) = handler {
                let target = current.stack_base().add(handler.depth as usize);
                while current.sp > target {
                    current.sp = current.sp.sub(1);
                    uncounted::discard(current.sp);
                }
                if handler.push_lasti {
                    let lasti = Value::from_small_int(origin.unwrap_or(index) as i64)
                        .expect("invariant: indices are small");
                    *current.sp = lasti.into_bits();
                    current.sp = current.sp.add(1);
                }
                if events::of_exceptions_wanted() {
                    events::exception(cx, frame, Step::Handled);
                }
                let exception = cx.take_exception();
                *current.sp = exception.into_value().into_bits();
                current.sp = current.sp.add(1);
                current.pc = current
                    .code()
                    .instructions
                    .as_ptr()
                    .add(handler.target as usize);
                return Some(frame);
            }
            // The frame ends where the exception began, not where something was tidied up.
            if let Some(origin) = origin {
                current.pc = current.code().instructions.as_ptr().add(origin + 1);
            }
            if events::of_exceptions_wanted() {
                events::exception(cx, frame, Step::Unwind);
            }
            let done = current.is_entry;
            let previous = current.previous;
            resumption::leave(cx, frame);
            frame = previous;
            cx.stack.frame.set(previous);
            if done {
                return None;
            }
        }
    }
}

/// The instruction that raised first what is raised again at `index`, if the handler there has noted it:
/// below the exception, on the stack.
///
/// # Safety
/// `frame` is an active frame of this thread with `sp` written back, at a `RERAISE` or not.
unsafe fn origin_of_reraise(frame: &Frame, index: usize) -> Option<usize> {
    let unit = frame.code().unit(index);
    let depth = (unit >> 8) as usize;
    if Opcode::from_u8(unit as u8) != Some(Opcode::RERAISE) || depth == 0 {
        return None;
    }
    // SAFETY: `RERAISE n` has popped the exception; n operands below it are on the stack.
    let noted = unsafe { (*frame.sp.sub(depth).cast::<Option<Value>>()).as_ref() };
    noted
        .and_then(Value::as_small_int)
        .map(|index| index as usize)
}

/// Adds the place where `frame` is to the traceback of the exception that is set.
///
/// # Safety
/// `frame` is an active frame of this thread with `pc` written back.
pub(crate) unsafe fn add_traceback(cx: &Context, frame: *mut Frame) {
    let exception = cx.take_exception();
    // SAFETY: by the caller's promise.
    let made = unsafe {
        let index = (*frame).instruction_index();
        FrameObject::of(cx, frame)
            .and_then(|object| Traceback::make(cx, exception.traceback.get(), object, index))
    };
    match made {
        Ok(traceback) => exception.traceback.set(Some(traceback.into_value())),
        // Without memory for it the traceback is shorter.
        Err(Raised) => cx.clear_exception(),
    }
    cx.set_exception(exception);
}

/// Sets an exception that was raised before, for `RERAISE`.
pub(super) fn set_raised_again(cx: &Context, exception: Value) {
    let exception = exception.into_ref::<BaseException>();
    cx.set_exception(exception.expect("invariant: RERAISE finds an exception"));
}

/// `raise`, `raise exception`, `raise exception from cause`: sets the exception, or the error that it
/// is not one. True when it was raised before: its traceback has this frame already.
pub(super) fn raise_statement(
    cx: &Context,
    exception: Option<Value>,
    cause: Option<Value>,
) -> bool {
    if exception.is_none()
        && let Some(handled) = cx.handled_exception()
    {
        cx.set_exception(handled);
        return true;
    }
    let Err(Raised) = try_raise(cx, exception, cause);
    false
}

fn try_raise(
    cx: &Context,
    exception: Option<Value>,
    cause: Option<Value>,
) -> Result<std::convert::Infallible, Raised> {
    let Some(exception) = exception else {
        return Err(cx.runtime_error("No active exception to reraise"));
    };
    let exception = instance(cx, &exception, "exceptions must derive from BaseException")?;
    if let Some(cause) = cause {
        if cause.is_none() {
            exception.cause.set(None);
        } else {
            let cause = instance(
                cx,
                &cause,
                "exception causes must derive from BaseException",
            )?;
            exception.cause.set(Some(cause.into_value()));
        }
        exception
            .suppress_context
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }
    Err(cx.raise(exception))
}

/// Raises what another thread sent: an exception or its class.
pub(super) fn raise_asynchronous(cx: &Context, exception: Value) -> Raised {
    let Err(raised) = try_raise(cx, Some(exception), None);
    raised
}

fn instance(cx: &Context, value: &Value, message: &str) -> PyResult<Ref<BaseException>> {
    if let Some(exception) = value.downcast::<BaseException>() {
        return Ok(exception.clone());
    }
    if let Some(class) = value.downcast::<Type>()
        && class.is_subclass(exceptions::base_exception())
    {
        let made = call::call(cx, value, &[])?;
        return made.into_ref::<BaseException>().map_err(|other| {
            cx.type_error(format!(
                "calling {} should have returned an instance of BaseException, not {}",
                crate::protocols::text::repr_text(cx, value).unwrap_or_default(),
                crate::protocols::text::repr_text(cx, other.class().as_value()).unwrap_or_default(),
            ))
        });
    }
    Err(cx.type_error(message))
}

fn is_exception_class(value: &Value) -> bool {
    value
        .downcast::<Type>()
        .is_some_and(|class| class.is_subclass(exceptions::base_exception()))
}

/// `CHECK_EXC_MATCH`.
///
/// # Errors
/// TypeError when `pattern` is no exception class or tuple of them.
pub(super) fn exception_matches(
    cx: &Context,
    exception: &Value,
    pattern: &Value,
) -> PyResult<bool> {
    const MESSAGE: &str = "catching classes that do not inherit from BaseException is not allowed";
    if exception.class().as_value().is(pattern) {
        return Ok(true);
    }
    if let Some(patterns) = pattern.downcast::<Tuple>() {
        if !patterns.as_slice().iter().all(is_exception_class) {
            return Err(cx.type_error(MESSAGE));
        }
        return Ok(patterns
            .as_slice()
            .iter()
            .any(|class| matches_class(exception, class)));
    }
    if !is_exception_class(pattern) {
        return Err(cx.type_error(MESSAGE));
    }
    Ok(matches_class(exception, pattern))
}

fn matches_class(exception: &Value, class: &Value) -> bool {
    class
        .downcast::<Type>()
        .is_some_and(|class| exception.class().is_subclass(class))
}

/// `CHECK_EG_MATCH`: the part of the group that matches, and the rest.
///
/// # Errors
/// TypeError when `pattern` cannot be used with `except*`.
pub(super) fn group_matches(
    cx: &Context,
    exception: &Value,
    pattern: &Value,
) -> PyResult<(Value, Value)> {
    exception_matches(cx, exception, pattern)?;
    let group = exceptions::base_exception_group();
    let is_group = |class: &Value| {
        class
            .downcast::<Type>()
            .is_some_and(|class| class.is_subclass(group))
    };
    let catches_groups = match pattern.downcast::<Tuple>() {
        Some(patterns) => patterns.as_slice().iter().any(is_group),
        None => is_group(pattern),
    };
    if catches_groups {
        return Err(cx.type_error(
            "catching ExceptionGroup with except* is not allowed. Use except instead.",
        ));
    }
    let (matched, rest) = exceptions::exception_group_match(cx, exception, pattern)?;
    if !matched.is_none() {
        drop(cx.replace_handled(Some(matched.clone())));
    }
    Ok((matched, rest))
}

/// The line number as an object, for tracebacks and frames.
///
/// # Errors
/// MemoryError.
pub fn line_value(cx: &Context, line: Option<u32>) -> PyResult<Value> {
    match line {
        Some(line) => int::from_i64(cx, i64::from(line)),
        None => Ok(Value::NONE),
    }
}
