//! `coroutine`: a generator made by `async def`, and what `await` accepts.

use typhon_compiler::code::CodeFlags;
use typhon_macros::{pyclass, pymethods};
use typhon_sync::Header;

use crate::args::Maybe;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::delegation;
use crate::objects::exceptions;
use crate::objects::frame::FrameObject;
use crate::objects::generator::{self, Generator};
use crate::objects::int;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::protocols::{attribute, call, iterate};
use crate::value::Value;
use crate::vm::frame::Frame;

/// The class `coroutine`; its payload is a [`Generator`].
#[pyclass(
    name = "coroutine",
    base = Generator,
    python_base = crate::objects::object::class(),
    flags(HAS_WEAKREF),
    variable = variable_size
)]
#[repr(C)]
pub struct CoroutineClass(Generator);

unsafe fn variable_size(object: std::ptr::NonNull<Header>) -> usize {
    // SAFETY: the payload is a `Generator`.
    unsafe { generator::variable_size(object) }
}

impl Traverse for CoroutineClass {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.0.traverse(visit);
    }
}

/// Whether `id` is the shape of coroutines.
#[inline(always)]
pub fn is_coroutine_shape(id: u32) -> bool {
    id == CoroutineClass::shape_id()
}

fn coroutine<'a>(cx: &Context, this: &'a Value) -> PyResult<&'a Ref<Generator>> {
    match this.downcast::<Generator>() {
        Some(generator) if is_coroutine_shape(this.shape_id()) => Ok(generator),
        _ => Err(cx.type_error(format!(
            "descriptor for 'coroutine' objects doesn't apply to a '{}' object",
            this.type_name()
        ))),
    }
}

#[pymethods]
impl CoroutineClass {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
        coroutine(cx, this)?.describe(cx)
    }

    #[slot(await_)]
    fn await_(cx: &Context, this: &Value) -> PyResult<Value> {
        object::new(
            cx,
            CoroutineWrapper {
                coroutine: coroutine(cx, this)?.clone(),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Value) -> PyResult<()> {
        let this = coroutine(cx, this)?;
        match this.state() {
            generator::CREATED => warn_unawaited(cx, this),
            generator::SUSPENDED => this.close_dying(cx),
            _ => {}
        }
        Ok(())
    }

    /// send(value) -> send 'value' into coroutine,
    /// return next iterated value or raise StopIteration.
    #[method("send(self, value, /)")]
    fn send(cx: &Context, this: &Value, value: Value) -> PyResult<Value> {
        delegation::to_python(cx, coroutine(cx, this)?.resume(cx, value))
    }

    /// throw(value)
    /// throw(type[,value[,traceback]])
    ///
    /// Raise exception in coroutine, return next iterated value or raise
    /// StopIteration.
    /// the (type, val, tb) signature is deprecated,
    /// and may be removed in a future version of Python.
    #[method("throw(self, typ, val=None, tb=None, /)")]
    fn throw(
        cx: &Context,
        this: &Value,
        typ: &Value,
        value: Maybe<&Value>,
        traceback: Maybe<&Value>,
    ) -> PyResult<Value> {
        let this = coroutine(cx, this)?;
        let exception = delegation::thrown(cx, Some("throw"), typ, value.0, traceback.0)?;
        cx.set_exception(exception);
        delegation::to_python(cx, this.resume_throwing(cx))
    }

    /// close() -> raise GeneratorExit inside coroutine.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Value) -> PyResult<Value> {
        coroutine(cx, this)?.close(cx)
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }

    /// name of the coroutine
    #[getter("__name__")]
    fn name(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        Ok(coroutine(cx, this)?.name.get())
    }

    #[setter("__name__")]
    fn set_name(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
        let this = coroutine(cx, this)?;
        this.set_text(cx, &this.name, value, "__name__")
    }

    /// qualified name of the coroutine
    #[getter("__qualname__")]
    fn qualname(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        Ok(coroutine(cx, this)?.qualname.get())
    }

    #[setter("__qualname__")]
    fn set_qualname(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
        let this = coroutine(cx, this)?;
        this.set_text(cx, &this.qualname, value, "__qualname__")
    }

    #[getter]
    fn cr_running(cx: &Context, this: &Value) -> PyResult<bool> {
        Ok(coroutine(cx, this)?.state() == generator::RUNNING)
    }

    #[getter]
    fn cr_suspended(cx: &Context, this: &Value) -> PyResult<bool> {
        Ok(coroutine(cx, this)?.state() == generator::SUSPENDED)
    }

    #[getter]
    fn cr_frame(cx: &Context, this: &Value) -> PyResult<Option<Ref<FrameObject>>> {
        coroutine(cx, this)?.frame_object(cx)
    }

    #[getter]
    fn cr_code(cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(coroutine(cx, this)?.code().into_value())
    }

    #[getter]
    fn cr_await(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        Ok(delegation::delegate(cx, coroutine(cx, this)?))
    }

    #[member]
    fn cr_origin(cx: &Context, this: &Value) -> PyResult<Option<Value>> {
        Ok(coroutine(cx, this)?.origin.get())
    }
}

/// Warns that a coroutine dies which nobody awaited, through `warnings._warn_unawaited_coroutine`, which
/// tells where the coroutine was made.
pub(crate) fn warn_unawaited(cx: &Context, coroutine: &Ref<Generator>) {
    let unraisable = || {
        let message = "Exception ignored while finalizing coroutine";
        crate::finalizer::unraisable(cx, message, coroutine.as_value());
    };
    let hook = crate::import::import_module(cx, "warnings").and_then(|warnings| {
        let name = Name::intern(cx, "_warn_unawaited_coroutine")?;
        attribute::find(cx, &warnings, name)
    });
    let warned = match hook {
        Ok(Some(hook)) => match call::call(cx, &hook, &[coroutine.to_value()]) {
            Ok(_) => true,
            Err(Raised) => {
                let is_warning = cx.exception_matches(exceptions::runtime_warning());
                unraisable();
                is_warning
            }
        },
        Ok(None) => false,
        Err(Raised) => {
            cx.clear_exception();
            false
        }
    };
    if warned {
        return;
    }
    let name = coroutine.qualname.get_as::<Str>();
    let name = name.map(|name| name.to_string()).unwrap_or_default();
    let message = format!("coroutine '{name}' was never awaited");
    if crate::warnings::warn_runtime(cx, &message).is_err() {
        unraisable();
    }
}

/// `cr_origin`: file, line and function of at most `depth` frames from `frame` on.
///
/// # Errors
/// MemoryError.
///
/// # Safety
/// `frame` is an active frame of this thread, or null.
pub(crate) unsafe fn origin(cx: &Context, mut frame: *mut Frame, depth: u32) -> PyResult<Value> {
    let mut places = Vec::new();
    while !frame.is_null() && places.len() < depth as usize {
        // SAFETY: by the caller's promise; the callers of an active frame are active.
        unsafe {
            let code = (*frame).code();
            let line = int::from_i64(cx, (*frame).line().map_or(0, i64::from))?;
            let place = [code.filename().to_value(), line, code.name.to_value()];
            places.push(Tuple::from_values(cx, &place)?.into_value());
            frame = (*frame).previous;
        }
    }
    Tuple::from_vec(cx, places).map(Ref::into_value)
}

/// `coroutine_wrapper`: the iterator that `coroutine.__await__()` gives.
#[pyclass(name = "coroutine_wrapper")]
pub struct CoroutineWrapper {
    coroutine: Ref<Generator>,
}

impl Traverse for CoroutineWrapper {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.coroutine.as_value());
    }
}

#[pymethods]
impl CoroutineWrapper {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Ref<CoroutineWrapper>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<CoroutineWrapper>) -> PyResult<Option<Value>> {
        match this.coroutine.resume(cx, Value::NONE)? {
            generator::Resumed::Yielded(value) => Ok(Some(value)),
            generator::Resumed::Returned(value) => {
                iterate::set_stop_value(cx, value);
                Ok(None)
            }
        }
    }

    /// send(value) -> send 'value' into coroutine,
    /// return next iterated value or raise StopIteration.
    #[method("send(self, value, /)")]
    fn send(cx: &Context, this: &Ref<CoroutineWrapper>, value: Value) -> PyResult<Value> {
        delegation::to_python(cx, this.coroutine.resume(cx, value))
    }

    /// Raise exception in coroutine, return next iterated value or raise
    /// StopIteration.
    #[method("throw(self, typ, val=None, tb=None, /)")]
    fn throw(
        cx: &Context,
        this: &Ref<CoroutineWrapper>,
        typ: &Value,
        value: Maybe<&Value>,
        traceback: Maybe<&Value>,
    ) -> PyResult<Value> {
        let exception = delegation::thrown(cx, Some("throw"), typ, value.0, traceback.0)?;
        cx.set_exception(exception);
        delegation::to_python(cx, this.coroutine.resume_throwing(cx))
    }

    /// close() -> raise GeneratorExit inside coroutine.
    #[method("close(self, /)")]
    fn close(cx: &Context, this: &Ref<CoroutineWrapper>) -> PyResult<Value> {
        this.coroutine.close(cx)
    }
}

/// The iterator behind `await object`; `place` says what the source wrote (0 `await`, 1 and 2 `async
/// with`).
///
/// # Errors
/// TypeError when it cannot be awaited, RuntimeError when it is being awaited already.
pub fn awaitable_iterator(cx: &Context, object: &Value, place: u32) -> PyResult<Value> {
    if is_coroutine_shape(object.shape_id()) {
        let coroutine = object
            .downcast::<Generator>()
            .expect("invariant: by its shape");
        if delegation::delegate(cx, coroutine).is_some() {
            return Err(cx.runtime_error("coroutine is being awaited already"));
        }
        return Ok(object.clone());
    }
    if let Some(generator) = object.downcast_exact::<Generator>()
        && generator
            .code()
            .flags
            .contains(CodeFlags::ITERABLE_COROUTINE)
    {
        return Ok(object.clone());
    }
    let Some(await_) = object.class().slots.await_.get() else {
        let name = object.type_name();
        return Err(cx.type_error(match place {
            1 => format!("'async with' received an object from __aenter__ that does not implement __await__: {name}"),
            2 => format!("'async with' received an object from __aexit__ that does not implement __await__: {name}"),
            _ => format!("'{name}' object can't be awaited"),
        }));
    };
    let iterator = await_(cx, object)?;
    if is_coroutine_shape(iterator.shape_id()) {
        return Err(cx.type_error("__await__() returned a coroutine"));
    }
    if !iterate::is_iterator(&iterator) {
        return Err(cx.type_error(format!(
            "__await__() returned non-iterator of type '{}'",
            iterator.type_name()
        )));
    }
    Ok(iterator)
}
