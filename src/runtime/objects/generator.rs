//! Generators, coroutines and asynchronous generators: a frame that can be left and entered again.
//!
//! ```text
//!   Header │ Generator { state, frame, … } │ variables and operands of the frame
//!
//!   CREATED ──resume──▶ RUNNING ──yield──▶ SUSPENDED ──resume──▶ RUNNING ──return, raise──▶ FINISHED
//! ```
//! Who moves `state` to RUNNING (compare-and-swap) has the frame to itself until it moves it on; that
//! is what makes a generator safe to share: a second thread finds it RUNNING and raises ValueError.

use std::cell::UnsafeCell;
use std::mem::offset_of;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};

use typhon_compiler::code::CodeFlags;
use typhon_macros::{pyclass, pymethods};
use typhon_sync::Header;

use crate::args::Maybe;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Object, Payload, Ref, Traverse};
use crate::objects::async_generator::AsyncGeneratorClass;
use crate::objects::code::Code;
use crate::objects::coroutine::CoroutineClass;
use crate::objects::delegation;
use crate::objects::exceptions;
use crate::objects::frame::FrameObject;
use crate::objects::str_::Str;
use crate::protocols::iterate;
use crate::shape;
use crate::value::Value;
use crate::vm::frame::{self, Frame, Kind};
use crate::vm::handled::Handled;
use crate::vm::interpreter;

/// Not entered yet.
pub const CREATED: u8 = 0;
/// Left by `yield`.
pub const SUSPENDED: u8 = 1;
/// Being run by a thread.
pub const RUNNING: u8 = 2;
/// Left for good.
pub const FINISHED: u8 = 3;

/// The payload of generators, coroutines and asynchronous generators.
#[pyclass(name = "generator", flags(HAS_WEAKREF), variable = variable_size)]
#[repr(C)]
pub struct Generator {
    frame: UnsafeCell<Frame>,
    /// The exception that the generator handles while it runs.
    pub(crate) handled: Handled,
    state: AtomicU8,
    words: u32,
    /// Kept after the frame is gone.
    code: Ref<Code>,
    pub name: Field,
    pub qualname: Field,
    /// `cr_origin`, when tracked.
    pub origin: Field,
    /// Asynchronous generators: the hook that finalizes it, set at the first iteration.
    pub finalizer: Field,
    /// Asynchronous generators: bits of `async_generator`.
    pub flags: AtomicU8,
}

// SAFETY: the frame is entered only by the thread that set the state to RUNNING; `handled` likewise.
unsafe impl Send for Generator {}
// SAFETY: as above.
unsafe impl Sync for Generator {}

pub(crate) unsafe fn variable_size(object: NonNull<Header>) -> usize {
    // SAFETY: the payload is a `Generator`; `words` never changes.
    unsafe { (*object.cast::<GeneratorObject>().as_ptr()).payload.words as usize * 8 }
}

/// The layout of `Object<Generator>`.
#[repr(C)]
struct GeneratorObject {
    header: Header,
    payload: Generator,
}

impl Traverse for Generator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [&self.name, &self.qualname, &self.origin, &self.finalizer] {
            field.traverse(visit);
        }
        self.handled.traverse(visit);
        visit(self.code.as_value());
        // A frame that runs need not say what lies on its stack. What it refers to then counts as
        // referred to from outside, which is right: it is in use.
        if matches!(self.state.load(Ordering::Relaxed), CREATED | SUSPENDED) {
            // SAFETY: the world is stopped; the frame is suspended, so its `sp` is written back.
            unsafe { (*self.frame.get()).traverse(visit) };
        }
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        // SAFETY: nobody else reaches a generator that dies, and it is not running.
        unsafe { (*self.frame.get()).clear() };
    }
}

/// How a generator was left.
#[derive(Debug)]
pub enum Resumed {
    Yielded(Value),
    Returned(Value),
}

impl Generator {
    /// The generator that a frame is in.
    pub fn of_frame(frame: NonNull<Frame>) -> NonNull<Object<Generator>> {
        let offset = offset_of!(GeneratorObject, payload) + offset_of!(Generator, frame);
        // SAFETY: a frame of kind Generator is inside a `Generator`.
        unsafe { frame.byte_sub(offset).cast() }
    }

    /// Moves the stack frame `frame`, which has just begun, into a new generator object.
    ///
    /// # Errors
    /// MemoryError; the frame stays where it is.
    ///
    /// # Safety
    /// `frame` is the running frame, on the thread's stack, with `pc` and `sp` written back. On success
    /// its memory is to be popped without clearing it.
    pub(crate) unsafe fn from_frame(cx: &Context, frame: *mut Frame) -> PyResult<Value> {
        // SAFETY: by the caller's promise.
        let source = unsafe { &mut *frame };
        let code = source.code().clone();
        let words = code.frame_words as usize;
        let class_shape = if code.flags.contains(CodeFlags::COROUTINE) {
            CoroutineClass::shape_id()
        } else if code.flags.contains(CodeFlags::ASYNC_GENERATOR) {
            AsyncGeneratorClass::shape_id()
        } else {
            Generator::shape_id()
        };
        let function = source.function().clone();
        let depth = cx.coroutine_origin_depth.get();
        let origin = if depth > 0 && class_shape == CoroutineClass::shape_id() {
            // SAFETY: the frame is active, so its caller is.
            Field::new(unsafe { crate::objects::coroutine::origin(cx, source.previous, depth)? })
        } else {
            Field::empty()
        };
        // SAFETY: live values are between `locals` and `sp`.
        let live = unsafe { source.sp.offset_from(source.locals) } as usize;
        let payload = || Generator {
            frame: UnsafeCell::new(Frame {
                pc: source.pc,
                sp: std::ptr::null_mut(),
                locals: std::ptr::null_mut(),
                code: source.code,
                function: None,
                namespace: None,
                previous: std::ptr::null_mut(),
                frame_object: None,
                top_before: std::ptr::null_mut(),
                is_entry: false,
                kind: Kind::Generator,
                is_init: false,
                owns_function: true,
            }),
            handled: Handled::new(),
            state: AtomicU8::new(CREATED),
            words: words as u32,
            code,
            name: Field::from_option(function.name.get()),
            qualname: Field::from_option(function.qualname.get()),
            origin,
            finalizer: Field::empty(),
            flags: AtomicU8::new(0),
        };
        let locals = source.locals;
        let mut memory = std::ptr::null_mut::<u64>();
        // SAFETY: the variable part has `words` words; the live ones move from the stack.
        let generator = unsafe {
            object::new_variable(cx, shape::get(class_shape), payload, words * 8, |start| {
                memory = start.cast();
                std::ptr::copy_nonoverlapping(locals, memory, live);
                // No word looks like an operand that is none (`vm/uncounted.rs`).
                std::ptr::write_bytes(memory.add(live), 0, words - live);
            })
        }?;
        // SAFETY: nobody else knows the generator yet.
        unsafe {
            let target = &mut *generator.frame.get();
            target.locals = memory;
            target.sp = memory.add(live);
            source.own_function();
            target.function = source.function.take();
            target.namespace = source.namespace.take();
            target.frame_object = source.frame_object.take();
            let address: *mut Frame = generator.frame.get();
            if let Some(object) = &target.frame_object {
                object.moved(address);
            }
        }
        Ok(generator.into_value())
    }

    /// Shows the variables, also of a generator that runs: those are whole between instructions, where a
    /// thread is stopped.
    ///
    /// # Safety
    /// The world is stopped.
    pub(crate) unsafe fn traverse_variables(&self, visit: &mut dyn FnMut(&Value)) {
        if self.state() == FINISHED {
            return;
        }
        // SAFETY: nobody runs; a frame that was not left for good has its variables, each a value or zero.
        unsafe {
            let frame = &*self.frame.get();
            let mut slot = frame.locals;
            while slot < frame.stack_base() {
                if let Some(value) = &*slot.cast::<Option<Value>>() {
                    visit(value);
                }
                slot = slot.add(1);
            }
        }
    }

    /// The state now.
    pub fn state(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }

    /// Moves on from RUNNING.
    #[inline(always)]
    pub(crate) fn leave(&self, state: u8) {
        // Release: whoever resumes next sees the frame as it was left.
        self.state.store(state, Ordering::Release);
    }

    /// The frame.
    pub fn frame(&self) -> *mut Frame {
        self.frame.get()
    }

    /// Whether `send(None)` would be a first entry.
    pub fn is_fresh(&self) -> bool {
        self.state() == CREATED
    }
}

impl Ref<Generator> {
    /// Takes the generator to run it. `None` when it is finished.
    ///
    /// # Errors
    /// ValueError when it runs already.
    #[inline(always)]
    pub(crate) fn enter(&self, cx: &Context) -> PyResult<Option<u8>> {
        let alone = self.header().is_exclusive_or_announce();
        loop {
            let state = self.state.load(Ordering::Acquire);
            match state {
                FINISHED => return Ok(None),
                RUNNING => return Err(self.already_running(cx)),
                _ if alone => {
                    // Others announce themselves, and wait for this thread's next safepoint, before they look.
                    self.state.store(RUNNING, Ordering::Relaxed);
                    return Ok(Some(state));
                }
                _ => {
                    let taken = self.state.compare_exchange(
                        state,
                        RUNNING,
                        Ordering::AcqRel,
                        Ordering::Relaxed,
                    );
                    if taken.is_ok() {
                        return Ok(Some(state));
                    }
                }
            }
        }
    }

    #[cold]
    fn already_running(&self, cx: &Context) -> Raised {
        let kind = self.kind_name();
        cx.value_error(format!("{kind} already executing"))
    }

    /// A finished generator has nothing more to give; a finished coroutine cannot be awaited again.
    ///
    /// # Errors
    /// RuntimeError for a coroutine.
    pub(crate) fn refuse_reuse(&self, cx: &Context) -> PyResult<()> {
        if self.header().shape() == CoroutineClass::shape_id() {
            return Err(cx.runtime_error("cannot reuse already awaited coroutine"));
        }
        Ok(())
    }

    /// Closes a suspended generator that nobody refers to any more.
    pub(crate) fn close_dying(&self, cx: &Context) {
        if self.close(cx).is_err() {
            let message = "Exception ignored while closing generator";
            crate::finalizer::unraisable(cx, message, self.as_value());
        }
    }

    /// `generator`, `coroutine` or `async generator`, as messages name it.
    pub fn kind_name(&self) -> &'static str {
        let id = self.header().shape();
        if id == CoroutineClass::shape_id() {
            "coroutine"
        } else if id == AsyncGeneratorClass::shape_id() {
            "async generator"
        } else {
            "generator"
        }
    }

    /// Resumes with `sent`.
    ///
    /// # Errors
    /// ValueError when it runs already, TypeError when a value is sent to one that was not entered, and
    /// what it raises. A finished one returns None.
    pub fn resume(&self, cx: &Context, sent: Value) -> PyResult<Resumed> {
        let Some(state) = self.enter(cx)? else {
            self.refuse_reuse(cx)?;
            return Ok(Resumed::Returned(Value::NONE));
        };
        if state == CREATED && !sent.is_none() {
            self.leave(CREATED);
            return Err(cx.type_error(format!(
                "can't send non-None value to a just-started {}",
                self.kind_name()
            )));
        }
        // SAFETY: the state is RUNNING, so the frame is this thread's.
        unsafe {
            let frame = self.frame.get();
            *(*frame).sp = sent.into_bits();
            (*frame).sp = (*frame).sp.add(1);
        }
        self.run(cx, state, false)
    }

    /// Resumes by raising the exception that is set in the context.
    ///
    /// # Errors
    /// As [`Ref::resume`], and the exception.
    pub fn resume_raising(&self, cx: &Context) -> PyResult<Resumed> {
        let exception = cx.take_exception();
        match self.enter(cx) {
            Ok(Some(CREATED)) => {
                // The body was never entered: there is nothing to catch the exception.
                cx.set_exception(exception);
                // SAFETY: the state is RUNNING, so the frame is this thread's.
                unsafe {
                    crate::vm::unwind::add_traceback(cx, self.frame.get());
                    (*self.frame.get()).clear();
                }
                self.leave(FINISHED);
                Err(Raised)
            }
            Ok(Some(_)) => {
                cx.set_exception(exception);
                self.run_raising(cx)
            }
            Ok(None) => {
                self.refuse_reuse(cx)?;
                cx.set_exception(exception);
                Err(Raised)
            }
            Err(raised) => Err(raised),
        }
    }

    /// Resumes the suspended generator that this thread took, by raising the exception that is set.
    ///
    /// # Errors
    /// As [`Ref::resume`].
    pub(crate) fn run_raising(&self, cx: &Context) -> PyResult<Resumed> {
        // SAFETY: the state is RUNNING, so the frame is this thread's. Handlers find the stack as deep as
        // it is when a value is sent.
        unsafe {
            let frame = self.frame.get();
            *(*frame).sp = Value::NONE.into_bits();
            (*frame).sp = (*frame).sp.add(1);
        }
        self.run(cx, SUSPENDED, true)
    }

    /// Does `work` with the frame on the stack of frames, as if it ran.
    ///
    /// # Safety
    /// This thread took the generator, and `work` does not resume it.
    pub(crate) unsafe fn while_delegating<R>(&self, cx: &Context, work: impl FnOnce() -> R) -> R {
        let frame = self.frame.get();
        let before = cx.stack.frame.get();
        // SAFETY: the frame is this thread's.
        unsafe { (*frame).previous = before };
        cx.stack.frame.set(frame);
        let result = work();
        cx.stack.frame.set(before);
        // SAFETY: as above.
        unsafe { (*frame).previous = frame::NONE };
        result
    }

    /// Runs the frame that was taken in `state`. Once it is left, another thread may run it already, so
    /// the generator's state says nothing about how it was left here.
    fn run(&self, cx: &Context, state: u8, raising: bool) -> PyResult<Resumed> {
        let frame = self.frame.get();
        // The generator may be dropped by the code that it runs.
        let keep = self.clone();
        let mut entered = false;
        let result = cx.nested("", || {
            entered = true;
            // SAFETY: the state is RUNNING.
            unsafe {
                (*frame).previous = cx.stack.frame.get();
                (*frame).is_entry = true;
                cx.enter_handled(&keep.handled);
                if raising && !keep.handled.is_empty() {
                    // The context is what the generator handles where it was suspended.
                    let Raised = cx.raise(cx.take_exception());
                }
                interpreter::resume(cx, frame, raising)
            }
        });
        if !entered {
            // The native stack ran out first: the frame is as it was, without what was sent.
            // SAFETY: the state is RUNNING still.
            unsafe {
                (*frame).sp = (*frame).sp.sub(1);
                drop(Value::from_bits(*(*frame).sp));
            }
            keep.leave(state);
        }
        let value = result?;
        if cx.stack.yielded.get() {
            Ok(Resumed::Yielded(value))
        } else {
            Ok(Resumed::Returned(value))
        }
    }

    /// `close()`.
    ///
    /// # Errors
    /// RuntimeError when it yields, and what it raises.
    pub fn close(&self, cx: &Context) -> PyResult<Value> {
        match self.state() {
            FINISHED => return Ok(Value::NONE),
            CREATED => {
                if self.enter(cx)?.is_some() {
                    // SAFETY: the state is RUNNING.
                    unsafe { (*self.frame.get()).clear() };
                    self.leave(FINISHED);
                }
                return Ok(Value::NONE);
            }
            _ => {}
        }
        let _ = cx.raise_with(exceptions::generator_exit(), &[]);
        match self.resume_throwing(cx) {
            Ok(Resumed::Yielded(_)) => {
                Err(cx.runtime_error(format!("{} ignored GeneratorExit", self.kind_name())))
            }
            Ok(Resumed::Returned(value)) => Ok(value),
            Err(raised) => {
                if cx.exception_matches(exceptions::generator_exit())
                    || cx.exception_matches(exceptions::stop_iteration())
                {
                    cx.clear_exception();
                    return Ok(Value::NONE);
                }
                Err(raised)
            }
        }
    }

    /// Raises the exception that is set in the context at the innermost generator that this one is
    /// delegating to (`yield from`, `await`).
    ///
    /// # Errors
    /// As [`Ref::resume_raising`].
    pub fn resume_throwing(&self, cx: &Context) -> PyResult<Resumed> {
        delegation::throw_into(cx, self)
    }
}

#[pymethods]
impl Generator {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Generator>) -> PyResult<Value> {
        this.describe(cx)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Ref<Generator>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Generator>) -> PyResult<Option<Value>> {
        match this.resume(cx, Value::NONE)? {
            Resumed::Yielded(value) => Ok(Some(value)),
            Resumed::Returned(value) => {
                if !value.is_none() {
                    iterate::set_stop_value(cx, value);
                }
                Ok(None)
            }
        }
    }

    #[slot(finalize)]
    fn finalize(cx: &Context, this: &Ref<Generator>) -> PyResult<()> {
        if matches!(this.state(), CREATED | SUSPENDED) {
            this.close_dying(cx);
        }
        Ok(())
    }

    /// send(value) -> send 'value' into generator,
    /// return next yielded value or raise StopIteration.
    #[method("send(self, value, /)")]
    fn send(cx: &Context, this: &Ref<Generator>, value: Value) -> PyResult<Value> {
        delegation::to_python(cx, this.resume(cx, value))
    }

    /// throw(value)
    /// throw(type[,value[,tb]])
    ///
    /// Raise exception in generator, return next yielded value or raise
    /// StopIteration.
    /// the (type, val, tb) signature is deprecated,
    /// and may be removed in a future version of Python.
    #[method("throw(self, typ, val=None, tb=None, /)")]
    fn throw(
        cx: &Context,
        this: &Ref<Generator>,
        typ: &Value,
        value: Maybe<&Value>,
        traceback: Maybe<&Value>,
    ) -> PyResult<Value> {
        let exception = delegation::thrown(cx, Some("throw"), typ, value.0, traceback.0)?;
        cx.set_exception(exception);
        delegation::to_python(cx, this.resume_throwing(cx))
    }

    /// close() -> raise GeneratorExit inside generator.
    #[method("close(self, /)")]
    fn close_method(cx: &Context, this: &Ref<Generator>) -> PyResult<Value> {
        this.close(cx)
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }

    /// name of the generator
    #[getter("__name__")]
    fn name_attribute(_cx: &Context, this: &Ref<Generator>) -> PyResult<Option<Value>> {
        Ok(this.name.get())
    }

    #[setter("__name__")]
    fn set_name(cx: &Context, this: &Ref<Generator>, value: Option<&Value>) -> PyResult<()> {
        this.set_text(cx, &this.name, value, "__name__")
    }

    /// qualified name of the generator
    #[getter("__qualname__")]
    fn qualname_attribute(_cx: &Context, this: &Ref<Generator>) -> PyResult<Option<Value>> {
        Ok(this.qualname.get())
    }

    #[setter("__qualname__")]
    fn set_qualname(cx: &Context, this: &Ref<Generator>, value: Option<&Value>) -> PyResult<()> {
        this.set_text(cx, &this.qualname, value, "__qualname__")
    }

    #[getter]
    fn gi_running(_cx: &Context, this: &Ref<Generator>) -> PyResult<bool> {
        Ok(this.state() == RUNNING)
    }

    #[getter]
    fn gi_suspended(_cx: &Context, this: &Ref<Generator>) -> PyResult<bool> {
        Ok(this.state() == SUSPENDED)
    }

    #[getter]
    fn gi_frame(cx: &Context, this: &Ref<Generator>) -> PyResult<Option<Ref<FrameObject>>> {
        this.frame_object(cx)
    }

    #[getter]
    fn gi_code(_cx: &Context, this: &Ref<Generator>) -> PyResult<Value> {
        Ok(this.code().to_value())
    }

    #[getter]
    fn gi_yieldfrom(cx: &Context, this: &Ref<Generator>) -> PyResult<Option<Value>> {
        Ok(delegation::delegate(cx, this))
    }
}

impl Ref<Generator> {
    /// `repr()`.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn describe(&self, cx: &Context) -> PyResult<Value> {
        let name = self
            .qualname
            .get_as::<Str>()
            .map(|name| name.to_string())
            .unwrap_or_default();
        let kind = self.kind_name().replace("async ", "async_");
        Str::from_str(
            cx,
            &format!("<{kind} object {name} at {:#x}>", self.as_value().bits()),
        )
        .map(Ref::into_value)
    }

    pub(crate) fn set_text(
        &self,
        cx: &Context,
        field: &Field,
        value: Option<&Value>,
        name: &str,
    ) -> PyResult<()> {
        match value {
            Some(value) if value.downcast::<Str>().is_some() => {
                field.set(Some(value.clone()));
                Ok(())
            }
            _ => Err(cx.type_error(format!("{name} must be set to a string object"))),
        }
    }

    /// The frame as an object; `None` when it was left.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn frame_object(&self, cx: &Context) -> PyResult<Option<Ref<FrameObject>>> {
        self.standing_still(cx, || {
            if self.state() == FINISHED {
                return Ok(None);
            }
            // SAFETY: the frame of a generator that is not finished is complete, and nobody goes on in it.
            unsafe { FrameObject::of(cx, self.frame.get()) }.map(Some)
        })
    }

    /// Runs `look` while no other thread goes on in the generator, be it with the world stopped. `look` reaches
    /// no safepoint.
    pub(crate) fn standing_still<R>(&self, cx: &Context, look: impl FnOnce() -> R) -> R {
        if self.header().is_exclusive_or_announce() {
            // Others announce themselves, and wait for this thread's next safepoint, before they take it.
            return look();
        }
        let world = typhon_sync::stop_the_world(cx.record);
        let seen = look();
        drop(world);
        seen
    }

    /// The code.
    pub(crate) fn code(&self) -> Ref<Code> {
        self.code.clone()
    }
}
