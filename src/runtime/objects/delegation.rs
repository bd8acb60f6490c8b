//! What generators and coroutines have in common for Python: `send`, `throw`, `close`, and passing
//! exceptions on to what they delegate to (`yield from`, `await`).

use typhon_compiler::opcode::Opcode;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::exceptions::{self, BaseException};
use crate::objects::generator::{Generator, Resumed, SUSPENDED};
use crate::objects::str_::names;
use crate::objects::traceback::Traceback;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, text};
use crate::value::Value;

/// What a suspended generator is delegating to.
pub fn delegate(cx: &Context, generator: &Ref<Generator>) -> Option<Value> {
    generator.standing_still(cx, || {
        if generator.state() != SUSPENDED {
            return None;
        }
        // SAFETY: the generator is suspended, and nobody takes it meanwhile.
        unsafe { delegate_of_frame(generator) }
    })
}

/// # Safety
/// The generator is suspended, or was taken from there by this thread and is not running yet.
unsafe fn delegate_of_frame(generator: &Ref<Generator>) -> Option<Value> {
    // SAFETY: by the caller's promise the frame does not change meanwhile.
    unsafe {
        let frame = &*generator.frame();
        // Suspended in a SEND loop: `SEND; YIELD_VALUE 1; RESUME`, with the receiver on top.
        let yielded = frame.code().unit(frame.instruction_index());
        if yielded as u8 != Opcode::YIELD_VALUE as u8
            || yielded >> 8 == 0
            || frame.sp <= frame.stack_base()
        {
            return None;
        }
        (*frame.sp.sub(1).cast::<Option<Value>>()).clone()
    }
}

/// Raises the exception that is set at the innermost delegate. The delegators are RUNNING meanwhile and
/// lie on the stack of frames, so that the delegate's code sees them there.
///
/// # Errors
/// As [`Ref::resume_raising`].
pub fn throw_into(cx: &Context, generator: &Ref<Generator>) -> PyResult<Resumed> {
    if generator.state() != SUSPENDED {
        return generator.resume_raising(cx);
    }
    let exception = cx.take_exception();
    match generator.enter(cx)? {
        Some(SUSPENDED) => {}
        Some(state) => {
            generator.leave(state);
            cx.set_exception(exception);
            return generator.resume_raising(cx);
        }
        None => {
            generator.refuse_reuse(cx)?;
            cx.set_exception(exception);
            return Err(Raised);
        }
    }
    // SAFETY: this thread took the suspended generator.
    let Some(delegate) = (unsafe { delegate_of_frame(generator) }) else {
        cx.set_exception(exception);
        return generator.run_raising(cx);
    };
    let exits = exception
        .as_value()
        .class()
        .is_subclass(exceptions::generator_exit());
    // SAFETY: as above.
    let result = unsafe {
        generator.while_delegating(cx, || {
            if exits {
                close_delegate(cx, &delegate, exception)
            } else {
                throw_at(cx, &delegate, exception)
            }
        })
    };
    match result {
        Ok(value) => {
            generator.leave(SUSPENDED);
            Ok(Resumed::Yielded(value))
        }
        // The delegate ended: its StopIteration ends the SEND loop (CLEANUP_THROW looks at it).
        Err(Raised) => generator.run_raising(cx),
    }
}

/// GeneratorExit closes the delegate and then goes on in the delegator.
fn close_delegate(
    cx: &Context,
    delegate: &Value,
    exception: Ref<BaseException>,
) -> PyResult<Value> {
    match generator_of(delegate) {
        Some(inner) => inner.close(cx).map(|_| ())?,
        None => match attribute::find(cx, delegate, names::close()) {
            Ok(Some(close)) => call::call(cx, &close, &[]).map(|_| ())?,
            Ok(None) => {}
            Err(Raised) => {
                crate::finalizer::unraisable(cx, "Exception ignored in generator close", delegate);
            }
        },
    }
    cx.set_exception(exception);
    Err(Raised)
}

fn throw_at(cx: &Context, delegate: &Value, exception: Ref<BaseException>) -> PyResult<Value> {
    match generator_of(delegate) {
        Some(inner) => {
            cx.set_exception(exception);
            to_python(cx, inner.resume_throwing(cx))
        }
        None => match attribute::find(cx, delegate, names::throw())? {
            Some(throw) => call::call(cx, &throw, &[exception.into_value()]),
            None => {
                cx.set_exception(exception);
                Err(Raised)
            }
        },
    }
}

/// A delegate that is resumed without asking for its methods.
fn generator_of(delegate: &Value) -> Option<&Ref<Generator>> {
    delegate
        .downcast::<Generator>()
        .filter(|inner| inner.kind_name() != "async generator")
}

/// The result of `send()`, `__next__()` or `throw()` in Python: StopIteration for a return.
///
/// # Errors
/// What resuming raised, and StopIteration.
pub fn to_python(cx: &Context, resumed: PyResult<Resumed>) -> PyResult<Value> {
    match resumed? {
        Resumed::Yielded(value) => Ok(value),
        Resumed::Returned(value) => Err(cx.stop_iteration(value)),
    }
}

/// The DeprecationWarning about more than one argument of `throw` or `athrow`.
///
/// # Errors
/// The warning itself, when filters turn it into an exception.
pub fn warn_of_arguments(cx: &Context, method: &str) -> PyResult<()> {
    let message = format!(
        "the (type, exc, tb) signature of {method}() is deprecated, use the single-arg signature instead."
    );
    crate::warnings::warn_deprecated(cx, &message)
}

/// The exception that `throw(type, value, traceback)` stands for; a `method` that is named warns when
/// it is called in that way.
///
/// # Errors
/// TypeError.
pub fn thrown(
    cx: &Context,
    method: Option<&str>,
    typ: &Value,
    value: Option<&Value>,
    traceback: Option<&Value>,
) -> PyResult<Ref<BaseException>> {
    if let Some(method) = method
        && value.is_some()
    {
        warn_of_arguments(cx, method)?;
    }
    let traceback = traceback.filter(|traceback| !traceback.is_none());
    if let Some(traceback) = traceback
        && traceback.downcast::<Traceback>().is_none()
    {
        return Err(cx.type_error("throw() third argument must be a traceback object"));
    }
    let value = value.filter(|value| !value.is_none());
    let exception = if let Some(class) = typ.downcast::<Type>()
        && class.is_subclass(exceptions::base_exception())
    {
        let made = match value {
            None => call::call(cx, typ, &[]),
            Some(value) if value.class().is_subclass(class) => Ok(value.clone()),
            Some(value) => match value.downcast::<crate::objects::tuple::Tuple>() {
                Some(arguments) => call::call(cx, typ, arguments.as_slice()),
                None => call::call(cx, typ, std::slice::from_ref(value)),
            },
        };
        match made {
            Ok(made) => made,
            // An exception that cannot be made is thrown as the one that came of it.
            Err(Raised) => return Ok(cx.take_exception()),
        }
    } else if typ.downcast::<BaseException>().is_some() {
        if value.is_some() {
            return Err(cx.type_error("instance exception may not have a separate value"));
        }
        typ.clone()
    } else {
        return Err(cx.type_error(format!(
            "exceptions must be classes or instances deriving from BaseException, not {}",
            typ.type_name()
        )));
    };
    let exception = match exception.into_ref::<BaseException>() {
        Ok(exception) => exception,
        Err(other) => {
            let Raised = cx.type_error(format!(
                "calling {} should have returned an instance of BaseException, not {}",
                text::repr_text(cx, typ)?,
                text::repr_text(cx, other.class().as_value())?
            ));
            cx.take_exception()
        }
    };
    if let Some(traceback) = traceback {
        exception.traceback.set(Some(traceback.clone()));
    }
    Ok(exception)
}
