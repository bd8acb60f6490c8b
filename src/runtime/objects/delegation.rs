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
use crate::protocols::{attribute, call};
use crate::value::Value;

/// What a suspended generator is delegating to.
pub fn delegate(generator: &Ref<Generator>) -> Option<Value> {
    if generator.state() != SUSPENDED {
        return None;
    }
    // SAFETY: the generator is suspended; its frame does not change under a caller that looks only.
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

/// Raises the exception that is set at the innermost delegate.
///
/// # Errors
/// As [`Ref::resume_raising`].
pub fn throw_into(cx: &Context, generator: &Ref<Generator>) -> PyResult<Resumed> {
    let Some(delegate) = delegate(generator) else {
        return generator.resume_raising(cx);
    };
    let exception = cx.take_exception();
    if exception
        .as_value()
        .class()
        .is_subclass(exceptions::generator_exit())
    {
        // GeneratorExit closes the delegate and then goes on in the delegator.
        let closed = match delegate.downcast::<Generator>() {
            Some(inner) => inner.close(cx).map(|_| ()),
            None => match attribute::find(cx, &delegate, names::close()) {
                Ok(Some(close)) => call::call(cx, &close, &[]).map(|_| ()),
                Ok(None) => Ok(()),
                Err(raised) => Err(raised),
            },
        };
        if closed.is_ok() {
            cx.set_exception(exception);
        }
        return generator.resume_raising(cx);
    }
    let result = match delegate.downcast::<Generator>() {
        Some(inner) => {
            cx.set_exception(exception);
            inner.resume_throwing(cx).and_then(|resumed| match resumed {
                Resumed::Yielded(value) => Ok(value),
                Resumed::Returned(value) => Err(cx.stop_iteration(value)),
            })
        }
        None => match attribute::find(cx, &delegate, names::throw()) {
            Ok(Some(throw)) => call::call(cx, &throw, &[exception.into_value()]),
            Ok(None) => {
                cx.set_exception(exception);
                return generator.resume_raising(cx);
            }
            Err(raised) => Err(raised),
        },
    };
    match result {
        Ok(value) => Ok(Resumed::Yielded(value)),
        // The delegate ended: its StopIteration ends the SEND loop (CLEANUP_THROW looks at it).
        Err(Raised) => generator.resume_raising(cx),
    }
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

/// The exception that `throw(type, value, traceback)` stands for.
///
/// # Errors
/// TypeError.
pub fn thrown(
    cx: &Context,
    typ: &Value,
    value: Option<&Value>,
    traceback: Option<&Value>,
) -> PyResult<Ref<BaseException>> {
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
        match value {
            None => call::call(cx, typ, &[])?,
            Some(value) if value.class().is_subclass(class) => value.clone(),
            Some(value) => match value.downcast::<crate::objects::tuple::Tuple>() {
                Some(arguments) => call::call(cx, typ, arguments.as_slice())?,
                None => call::call(cx, typ, std::slice::from_ref(value))?,
            },
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
    let Ok(exception) = exception.into_ref::<BaseException>() else {
        return Err(cx.type_error("exceptions must derive from BaseException"));
    };
    if let Some(traceback) = traceback {
        exception.traceback.set(Some(traceback.clone()));
    }
    Ok(exception)
}
