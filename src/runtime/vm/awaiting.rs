//! The instructions of `yield from`, `await` and `async for`, for what the loop does not run itself.

use typhon_compiler::code::CodeFlags;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{Payload, Ref};
use crate::objects::generator::{Generator, Resumed};
use crate::objects::str_::names;
use crate::objects::{async_generator, coroutine, exceptions};
use crate::protocols::{call, iterate};
use crate::value::Value;
use crate::vm::frame::Frame;

/// The generator or coroutine behind a `SEND` receiver, if the loop can run it itself.
#[inline(always)]
pub fn as_generator(receiver: &Value) -> Option<&Ref<Generator>> {
    let id = receiver.shape_id();
    if id == <Generator as Payload>::shape_id() || coroutine::is_coroutine_shape(id) {
        receiver.downcast::<Generator>()
    } else {
        None
    }
}

/// `SEND` to what is no generator.
///
/// # Errors
/// What the receiver raises, but for StopIteration.
pub fn send(cx: &Context, receiver: &Value, value: &Value) -> PyResult<Resumed> {
    let result = if value.is_none() && receiver.class().slots.next.get().is_some() {
        drop(iterate::take_stop_value(cx));
        match iterate::next(cx, receiver)? {
            Some(value) => return Ok(Resumed::Yielded(value)),
            None => return Ok(Resumed::Returned(iterate::take_stop_value(cx))),
        }
    } else {
        call::call_method(cx, receiver, names::send(), std::slice::from_ref(value))
    };
    match result {
        Ok(value) => Ok(Resumed::Yielded(value)),
        Err(Raised) => {
            let stop = cx.catch(exceptions::stop_iteration())?;
            Ok(Resumed::Returned(exceptions::stop_value(&stop)))
        }
    }
}

/// `CLEANUP_THROW`.
///
/// # Errors
/// The exception, when it is no StopIteration.
pub fn cleanup_throw(cx: &Context, exception: &Value) -> PyResult<Value> {
    let exception = exception.clone().into_ref::<exceptions::BaseException>();
    let exception = exception.expect("invariant: handlers find an exception");
    if exception
        .as_value()
        .class()
        .is_subclass(exceptions::stop_iteration())
    {
        return Ok(exceptions::stop_value(&exception));
    }
    cx.set_exception(exception);
    Err(Raised)
}

/// `GET_YIELD_FROM_ITER`.
///
/// # Errors
/// TypeError for a coroutine in a plain generator, and what `__iter__` raises.
pub fn yield_from_iterator(cx: &Context, frame: &Frame, iterable: &Value) -> PyResult<Value> {
    if iterable.is_exact::<Generator>() {
        return Ok(iterable.clone());
    }
    if coroutine::is_coroutine_shape(iterable.shape_id()) {
        let flags = frame.code().flags;
        if flags.intersects(CodeFlags::COROUTINE.union(CodeFlags::ITERABLE_COROUTINE)) {
            return Ok(iterable.clone());
        }
        return Err(
            cx.type_error("cannot 'yield from' a coroutine object in a non-coroutine generator")
        );
    }
    iterate::iter(cx, iterable)
}

/// `GET_AWAITABLE`.
///
/// # Errors
/// TypeError when it cannot be awaited, RuntimeError when it is awaited already.
pub fn awaitable(cx: &Context, object: &Value, place: u32) -> PyResult<Value> {
    coroutine::awaitable_iterator(cx, object, place)
}

/// `GET_AITER`.
///
/// # Errors
/// TypeError.
pub fn async_iterator(cx: &Context, object: &Value) -> PyResult<Value> {
    let Some(aiter) = object.class().slots.aiter.get() else {
        return Err(cx.type_error(format!(
            "'async for' requires an object with __aiter__ method, got {}",
            object.type_name()
        )));
    };
    let iterator = aiter(cx, object)?;
    if iterator.class().slots.anext.get().is_none() {
        return Err(cx.type_error(format!(
            "'async for' received an object from __aiter__ that does not implement __anext__: {}",
            iterator.type_name()
        )));
    }
    Ok(iterator)
}

/// `GET_ANEXT`.
///
/// # Errors
/// TypeError.
pub fn async_next(cx: &Context, iterator: &Value) -> PyResult<Value> {
    let Some(anext) = iterator.class().slots.anext.get() else {
        return Err(cx.type_error(format!(
            "'async for' requires an iterator with __anext__ method, got {}",
            iterator.type_name()
        )));
    };
    let next = anext(cx, iterator)?;
    if async_generator::is_own_awaitable(&next) {
        return Ok(next);
    }
    match coroutine::awaitable_iterator(cx, &next, 0) {
        Ok(awaitable) => Ok(awaitable),
        Err(Raised) => {
            let cause = cx.take_exception();
            let raised = cx.type_error(format!(
                "'async for' received an invalid object from __anext__: {}",
                next.type_name()
            ));
            exceptions::set_cause_of_raised(cx, cause);
            Err(raised)
        }
    }
}

/// `END_ASYNC_FOR`.
///
/// # Errors
/// The exception, when it is no StopAsyncIteration.
pub fn end_async_for(cx: &Context, exception: &Value) -> PyResult<()> {
    if exception
        .class()
        .is_subclass(exceptions::stop_async_iteration())
    {
        return Ok(());
    }
    let exception = exception
        .clone()
        .into_ref()
        .expect("invariant: handlers find an exception");
    cx.set_exception(exception);
    Err(Raised)
}
