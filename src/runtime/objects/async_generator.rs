//! `async_generator` (PEP 525): a generator that can await, and the awaitables that run it step by step.
//!
//! What the body yields comes out wrapped ([`Wrapped`]), so that it differs from what an `await` in the
//! body passes up. The awaitables of `asend`, `athrow` and `aclose` resume the generator, hand on what
//! is not wrapped, and end with StopIteration when a wrapped value arrives.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_sync::Header;

use crate::args::Maybe;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::delegation;
use crate::objects::exceptions;
use crate::objects::frame::FrameObject;
use crate::objects::generator::{self, Generator, Resumed};
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocols::{call, iterate};
use crate::value::Value;

/// Bits of `Generator::flags`.
const HOOKS_CALLED: u8 = 1;
const CLOSED: u8 = 2;
const RUNNING_ASYNC: u8 = 4;

/// The class `async_generator`; its payload is a [`Generator`].
#[pyclass(
    name = "async_generator",
    base = Generator,
    python_base = crate::objects::object::class(),
    flags(HAS_WEAKREF),
    variable = variable_size
)]
#[repr(C)]
pub struct AsyncGeneratorClass(Generator);

unsafe fn variable_size(object: NonNull<Header>) -> usize {
    // SAFETY: the payload is a `Generator`.
    unsafe { generator::variable_size(object) }
}

impl Traverse for AsyncGeneratorClass {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.0.traverse(visit);
    }
}

/// `async_generator_wrapped_value`: a value that the body yielded.
#[pyclass(name = "async_generator_wrapped_value")]
pub struct Wrapped {
    value: Value,
}

impl Traverse for Wrapped {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.value);
    }
}

#[pymethods]
impl Wrapped {}

/// Wraps what the body yields.
///
/// # Errors
/// MemoryError.
pub fn wrap_yielded(cx: &Context, value: &Value) -> PyResult<Value> {
    object::new(
        cx,
        Wrapped {
            value: value.clone(),
        },
    )
    .map(Ref::into_value)
}

/// Whether `value` is an awaitable of this file, which needs no `__await__`.
pub fn is_own_awaitable(value: &Value) -> bool {
    value.is_exact::<Step>()
}

fn async_generator<'a>(cx: &Context, this: &'a Value) -> PyResult<&'a Ref<Generator>> {
    match this.downcast::<Generator>() {
        Some(generator) if this.shape_id() == AsyncGeneratorClass::shape_id() => Ok(generator),
        _ => Err(cx.type_error(format!(
            "descriptor for 'async_generator' objects doesn't apply to a '{}' object",
            this.type_name()
        ))),
    }
}

/// Tells the hooks of the thread about a generator that is iterated for the first time.
fn call_hooks(cx: &Context, generator: &Ref<Generator>) -> PyResult<()> {
    if generator.flags.fetch_or(HOOKS_CALLED, Ordering::AcqRel) & HOOKS_CALLED != 0 {
        return Ok(());
    }
    let [first_iteration, finalizer] = &cx.async_generator_hooks;
    generator.finalizer.set(finalizer.get());
    if let Some(hook) = first_iteration.get() {
        call::call(cx, &hook, &[generator.to_value()])?;
    }
    Ok(())
}

fn step(cx: &Context, this: &Value, action: Action) -> PyResult<Value> {
    let generator = async_generator(cx, this)?;
    call_hooks(cx, generator)?;
    let (kind, value) = match action {
        Action::Send(value) => (SEND, Some(value)),
        Action::Throw(given) => (THROW, Some(given.into_value())),
        Action::Close => (CLOSE, None),
    };
    object::new(
        cx,
        Step {
            generator: generator.clone(),
            kind,
            value: Field::from_option(value),
            state: AtomicU8::new(FRESH),
        },
    )
    .map(Ref::into_value)
}

enum Action {
    Send(Value),
    Throw(Ref<Tuple>),
    Close,
}

#[pymethods]
impl AsyncGeneratorClass {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
        async_generator(cx, this)?.describe(cx)
    }

    #[slot(aiter)]
    fn aiter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(anext)]
    fn anext(cx: &Context, this: &Value) -> PyResult<Value> {
        step(cx, this, Action::Send(Value::NONE))
    }

    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Value) -> PyResult<()> {
        let this = async_generator(cx, this)?;
        if this.state() != generator::SUSPENDED {
            return Ok(());
        }
        match this.finalizer.get() {
            Some(finalizer) if this.flags.load(Ordering::Acquire) & CLOSED == 0 => {
                if call::call(cx, &finalizer, &[this.to_value()]).is_err() {
                    let message = "Exception ignored while calling asyncgen finalizer";
                    crate::finalizer::unraisable(cx, message, this.as_value());
                }
            }
            _ => this.close_dying(cx),
        }
        Ok(())
    }

    /// asend(v) -> send 'v' in generator.
    #[method("asend(self, value, /)")]
    fn asend(cx: &Context, this: &Value, value: Value) -> PyResult<Value> {
        step(cx, this, Action::Send(value))
    }

    /// athrow(value)
    /// athrow(type[,value[,tb]])
    ///
    /// raise exception in generator.
    /// the (type, val, tb) signature is deprecated,
    /// and may be removed in a future version of Python.
    #[method("athrow(self, typ, val=None, tb=None, /)")]
    fn athrow(
        cx: &Context,
        this: &Value,
        typ: &Value,
        value: Maybe<&Value>,
        traceback: Maybe<&Value>,
    ) -> PyResult<Value> {
        if value.0.is_some() {
            delegation::warn_of_arguments(cx, "athrow")?;
        }
        // What it is that is to be raised is looked at when it is raised.
        let given =
            [Some(typ), value.0, traceback.0].map(|given| given.unwrap_or(const { &Value::NONE }));
        let given = Tuple::from_values(cx, &given.map(Value::clone))?;
        step(cx, this, Action::Throw(given))
    }

    /// aclose() -> raise GeneratorExit inside generator.
    #[method("aclose(self, /)")]
    fn aclose(cx: &Context, this: &Value) -> PyResult<Value> {
        step(cx, this, Action::Close)
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }

    /// name of the async generator
    #[getter("__name__")]
    fn name(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        Ok(async_generator(cx, this)?.name.get())
    }

    #[setter("__name__")]
    fn set_name(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
        let this = async_generator(cx, this)?;
        this.set_text(cx, &this.name, value, "__name__")
    }

    /// qualified name of the async generator
    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        Ok(async_generator(cx, this)?.qualname.get())
    }

    #[setter("__qualname__")]
    fn set_qualname(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
        let this = async_generator(cx, this)?;
        this.set_text(cx, &this.qualname, value, "__qualname__")
    }

    #[getter]
    fn ag_await(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        Ok(delegation::delegate(cx, async_generator(cx, this)?))
    }

    #[getter]
    fn ag_frame(cx: &Context, this: &Value) -> PyResult<Option<Ref<FrameObject>>> {
        async_generator(cx, this)?.frame_object(cx)
    }

    #[getter]
    fn ag_running(cx: &Context, this: &Value) -> PyResult<bool> {
        Ok(async_generator(cx, this)?.flags.load(Ordering::Acquire) & RUNNING_ASYNC != 0)
    }

    #[getter]
    fn ag_suspended(cx: &Context, this: &Value) -> PyResult<bool> {
        Ok(async_generator(cx, this)?.state() == generator::SUSPENDED)
    }

    #[getter]
    fn ag_code(cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(async_generator(cx, this)?.code().into_value())
    }
}

const SEND: u8 = 0;
const THROW: u8 = 1;
const CLOSE: u8 = 2;

const FRESH: u8 = 0;
const ITERATING: u8 = 1;
const DONE: u8 = 2;

/// The awaitable of one `asend`, `athrow` or `aclose`.
#[pyclass(name = "async_generator_asend")]
pub struct Step {
    generator: Ref<Generator>,
    kind: u8,
    /// What to send or raise first.
    value: Field,
    state: AtomicU8,
}

impl Traverse for Step {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.generator.as_value());
        self.value.traverse(visit);
    }
}

impl Step {
    fn method_name(&self) -> &'static str {
        match self.kind {
            SEND => "anext(): asynchronous generator",
            THROW => "athrow(): asynchronous generator",
            _ => "aclose(): asynchronous generator",
        }
    }

    /// Runs the generator once more; `given` is what the awaiting code sends.
    fn advance(&self, cx: &Context, given: Value) -> PyResult<Value> {
        match self.state.load(Ordering::Acquire) {
            DONE => {
                return Err(self.already_awaited(cx));
            }
            FRESH => self.begin(cx)?,
            _ => {
                let resumed = self.generator.resume(cx, given);
                return self.outcome(cx, resumed);
            }
        }
        let resumed = match self.kind {
            SEND => {
                let first = self.value.replace(None).unwrap_or(Value::NONE);
                self.generator
                    .resume(cx, if given.is_none() { first } else { given })
            }
            _ => {
                if self.kind == CLOSE {
                    self.generator.flags.fetch_or(CLOSED, Ordering::AcqRel);
                    let _ = cx.raise_with(exceptions::generator_exit(), &[]);
                } else {
                    let given = self.value.replace(None);
                    let given = given.as_ref().and_then(|given| given.downcast::<Tuple>());
                    let [typ, value, traceback] = given
                        .map(|given| given.as_slice())
                        .and_then(|given| <&[Value; 3]>::try_from(given).ok())
                        .expect("invariant: athrow() keeps three values");
                    match delegation::thrown(cx, None, typ, Some(value), Some(traceback)) {
                        Ok(exception) => cx.set_exception(exception),
                        Err(raised) => {
                            self.finish();
                            return Err(raised);
                        }
                    }
                }
                return self.outcome_of_throw(cx);
            }
        };
        self.outcome(cx, resumed)
    }

    #[cold]
    fn already_awaited(&self, cx: &Context) -> Raised {
        let what = if self.kind == SEND {
            "__anext__()/asend()"
        } else {
            "aclose()/athrow()"
        };
        cx.runtime_error(format!("cannot reuse already awaited {what}"))
    }

    fn outcome_of_throw(&self, cx: &Context) -> PyResult<Value> {
        let resumed = self.generator.resume_throwing(cx);
        self.outcome(cx, resumed)
    }

    fn begin(&self, cx: &Context) -> PyResult<()> {
        let flags = self
            .generator
            .flags
            .fetch_or(RUNNING_ASYNC, Ordering::AcqRel);
        if flags & RUNNING_ASYNC != 0 {
            self.state.store(DONE, Ordering::Release);
            return Err(cx.runtime_error(format!("{} is already running", self.method_name())));
        }
        if self.kind != SEND
            && (self.generator.state() == generator::FINISHED || flags & CLOSED != 0)
        {
            self.finish();
            return Err(if self.kind == CLOSE {
                cx.stop_iteration(Value::NONE)
            } else {
                cx.raise_with(exceptions::stop_async_iteration(), &[])
            });
        }
        self.state.store(ITERATING, Ordering::Release);
        Ok(())
    }

    fn finish(&self) {
        self.state.store(DONE, Ordering::Release);
        self.generator
            .flags
            .fetch_and(!RUNNING_ASYNC, Ordering::AcqRel);
    }

    fn outcome(&self, cx: &Context, resumed: PyResult<Resumed>) -> PyResult<Value> {
        match resumed {
            Ok(Resumed::Yielded(value)) => {
                let Some(wrapped) = value.downcast_exact::<Wrapped>() else {
                    return Ok(value);
                };
                self.finish();
                if self.kind == CLOSE {
                    return Err(cx.runtime_error("async generator ignored GeneratorExit"));
                }
                Err(cx.stop_iteration(wrapped.value.clone()))
            }
            Ok(Resumed::Returned(_)) => {
                self.finish();
                Err(if self.kind == CLOSE {
                    cx.stop_iteration(Value::NONE)
                } else {
                    cx.raise_with(exceptions::stop_async_iteration(), &[])
                })
            }
            Err(Raised) => {
                self.finish();
                if self.kind == CLOSE
                    && (cx.exception_matches(exceptions::stop_async_iteration())
                        || cx.exception_matches(exceptions::generator_exit()))
                {
                    cx.clear_exception();
                    return Err(cx.stop_iteration(Value::NONE));
                }
                Err(Raised)
            }
        }
    }
}

#[pymethods]
impl Step {
    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Ref<Step>) -> PyResult<()> {
        if this.state.load(Ordering::Acquire) != FRESH {
            return Ok(());
        }
        let method = match this.kind {
            SEND => "asend",
            THROW => "athrow",
            _ => "aclose",
        };
        let name = this.generator.qualname.get_as::<Str>();
        let name = name.map(|name| name.to_string()).unwrap_or_default();
        let message = format!("coroutine method '{method}' of '{name}' was never awaited");
        if crate::warnings::warn_runtime(cx, &message).is_err() {
            let message =
                format!("Exception ignored while finalizing coroutine method '{method}' of");
            crate::finalizer::unraisable(cx, &message, this.generator.as_value());
        }
        Ok(())
    }

    #[slot(await_)]
    fn await_(_cx: &Context, this: &Ref<Step>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Ref<Step>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Step>) -> PyResult<Option<Value>> {
        match this.advance(cx, Value::NONE) {
            Ok(value) => Ok(Some(value)),
            Err(Raised) => {
                let stop = cx.catch(exceptions::stop_iteration())?;
                iterate::set_stop_value(cx, exceptions::stop_value(&stop));
                Ok(None)
            }
        }
    }

    #[method("send(self, value, /)")]
    fn send(cx: &Context, this: &Ref<Step>, value: Value) -> PyResult<Value> {
        this.advance(cx, value)
    }

    #[method("throw(self, typ, val=None, tb=None, /)")]
    fn throw(
        cx: &Context,
        this: &Ref<Step>,
        typ: &Value,
        value: Maybe<&Value>,
        traceback: Maybe<&Value>,
    ) -> PyResult<Value> {
        let exception = delegation::thrown(cx, Some("throw"), typ, value.0, traceback.0)?;
        if this.state.load(Ordering::Acquire) == DONE {
            return Err(this.already_awaited(cx));
        }
        if this.state.load(Ordering::Acquire) == FRESH {
            this.begin(cx)?;
        }
        cx.set_exception(exception);
        this.outcome_of_throw(cx)
    }

    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<Step>) -> PyResult<()> {
        match this.state.swap(DONE, Ordering::AcqRel) {
            ITERATING => {
                this.state.store(ITERATING, Ordering::Release);
                let _ = cx.raise_with(exceptions::generator_exit(), &[]);
                match this.outcome_of_throw(cx) {
                    Ok(_) => Err(cx.runtime_error("coroutine ignored GeneratorExit")),
                    Err(Raised) => {
                        if [
                            exceptions::stop_iteration(),
                            exceptions::stop_async_iteration(),
                            exceptions::generator_exit(),
                        ]
                        .iter()
                        .any(|class| cx.exception_matches(class))
                        {
                            cx.clear_exception();
                            return Ok(());
                        }
                        Err(Raised)
                    }
                }
            }
            _ => Ok(()),
        }
    }
}
