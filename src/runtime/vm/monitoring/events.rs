//! Events as they happen: the loop has come by a mark, an exception goes through a frame.
//!
//! Callbacks run with `pc` and `sp` of the frame written back, and with `Context::tracing` set, which
//! silences all events of what they run. They get counted values; nothing of the registry is locked.

use std::sync::atomic::Ordering;

use typhon_compiler::opcode::Opcode;

use super::instrument::{self, CodeMonitoring};
use super::legacy::{self, What};
use super::{REGISTRY, TOOLS, WANTED_BY_TOOLS, event, wanted, wanted_in};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::Ref;
use crate::objects::code::Code;
use crate::objects::exceptions::BaseException;
use crate::objects::frame::FrameObject;
use crate::objects::function::Function;
use crate::objects::generator::{Generator, Resumed};
use crate::objects::int;
use crate::objects::method::Method;
use crate::objects::native::NativeFunction;
use crate::objects::tuple::Tuple;
use crate::protocols::{call, iterate};
use crate::value::Value;
use crate::vm::frame::Frame;
use crate::vm::{awaiting, calling};

/// How the loop goes on behind a mark. `pc` and `sp` of the frame say where.
pub(in crate::vm) enum Next {
    /// With this instruction, whose first unit is behind `pc`.
    Execute(u32),
    /// With what is at `pc`: the instruction was carried out, or the frame's line was set.
    GoOn,
}

/// The loop has come by a marked instruction.
///
/// # Errors
/// What callbacks raise, and the instruction, if it is carried out here.
///
/// # Safety
/// `frame` is the running frame; `pc`, behind the instruction's first unit, and `sp` are written back.
#[cold]
#[inline(never)]
pub(in crate::vm) unsafe fn at_mark(cx: &Context, frame: *mut Frame) -> PyResult<Next> {
    // SAFETY: by the caller's promise.
    let (code, unit) = unsafe { ((*frame).code().clone(), (*frame).instruction_index()) };
    let word = code.compiled.instructions[unit];
    let data = instrument::data(&code);
    let here = data.possible_at(unit) & wanted_in(&code);
    if here == 0 {
        instrument::unmark(&code, unit);
        return Ok(Next::Execute(word));
    }
    if cx.tracing.get() {
        return Ok(Next::Execute(word));
    }
    let place = Place {
        cx,
        frame,
        code: &code,
        data,
        unit,
    };
    // SAFETY: by the caller's promise.
    unsafe {
        if here & event::LINE != 0 || data.possible_at(unit) & event::LINE != 0 {
            place.line(here)?;
            if moved(frame) {
                return Ok(Next::GoOn);
            }
        }
        if here & event::INSTRUCTION != 0 {
            place.tell(event::INSTRUCTION, &[place.offset(unit)?])?;
            legacy::trace(cx, frame, What::Opcode, &Value::NONE)?;
            if moved(frame) {
                return Ok(Next::GoOn);
            }
        }
        place.instruction(word, here)
    }
}

/// An instruction that is being executed.
struct Place<'a> {
    cx: &'a Context,
    frame: *mut Frame,
    code: &'a Ref<Code>,
    data: &'a CodeMonitoring,
    unit: usize,
}

impl Place<'_> {
    fn offset(&self, unit: usize) -> PyResult<Value> {
        int::from_i64(self.cx, self.code.offset_of(unit) as i64)
    }

    /// Calls the tools that want an event of this instruction, with the code and `rest`.
    fn tell(&self, event: u32, rest: &[Value]) -> PyResult<()> {
        for tool in 0..TOOLS {
            let of_code = self.data.local_events_of(tool);
            if of_code & event == 0 && WANTED_BY_TOOLS.load(Ordering::Relaxed) & event == 0 {
                continue;
            }
            if self.data.is_disabled(self.unit, tool, event) {
                continue;
            }
            let Some(callback) = callback(tool, event, of_code) else {
                continue;
            };
            if self.run_at(&callback, event, rest)? {
                self.data.disable(self.unit, tool, event);
            }
        }
        Ok(())
    }

    /// Calls a tool that may set the frame's line, if the event is one between instructions.
    fn run_at(&self, callback: &Value, event: u32, rest: &[Value]) -> PyResult<bool> {
        if event & (event::LINE | event::JUMP | event::BRANCHES) == 0 {
            return self.run(callback, rest);
        }
        // SAFETY: the frame is this thread's and running.
        let object = unsafe { FrameObject::of(self.cx, self.frame)? };
        let place = object.begin_tracing(What::Line);
        let result = self.run(callback, rest);
        object.end_tracing(place);
        result
    }

    /// Calls a tool; whether it wants to hear no more of the event.
    fn run(&self, callback: &Value, rest: &[Value]) -> PyResult<bool> {
        let mut arguments = vec![self.code.to_value()];
        arguments.extend_from_slice(rest);
        self.cx.tracing.set(true);
        let result = call::call(self.cx, callback, &arguments);
        self.cx.tracing.set(false);
        Ok(super::disable()
            .is_some_and(|disable| matches!(&result, Ok(value) if value.is(disable)))
            | result.map(|_| false)?)
    }

    /// A line begins, unless the frame was on it already.
    unsafe fn line(&self, here: u32) -> PyResult<()> {
        let line = self.code.line_of(self.unit);
        // SAFETY: the frame is this thread's and running.
        let object = unsafe { FrameObject::of(self.cx, self.frame)? };
        // 0 is no line: what an empty module does is on line 0.
        let number = line.map_or(0, |line| line + 1);
        let before = object.last_line.swap(number, Ordering::Relaxed);
        let Some(line) = line.filter(|_| here & event::LINE != 0 && before != number) else {
            return Ok(());
        };
        self.tell(event::LINE, &[int::from_i64(self.cx, line.into())?])?;
        // SAFETY: as above.
        unsafe { legacy::trace(self.cx, self.frame, What::Line, &Value::NONE) }
    }

    /// The events of the instruction itself.
    unsafe fn instruction(&self, word: u32, here: u32) -> PyResult<Next> {
        let Place {
            cx, frame, unit, ..
        } = *self;
        let execute = Ok(Next::Execute(word));
        let Some(opcode) = Opcode::from_u8(word as u8) else {
            return execute;
        };
        let argument = word >> 8;
        // SAFETY: the frame is this thread's and running; the compiler says what is on the stack.
        unsafe {
            let top = |depth: usize| &*(*frame).sp.sub(depth).cast::<Value>();
            match opcode {
                Opcode::RESUME => {
                    if let Some(object) = &(*frame).frame_object {
                        object.last_line.store(0, Ordering::Relaxed);
                    }
                    let event = here & (event::PY_START | event::PY_RESUME);
                    if event != 0 {
                        self.tell(event, &[self.offset(unit)?])?;
                        enter(cx, frame)?;
                    }
                }
                Opcode::RETURN_VALUE | Opcode::YIELD_VALUE => {
                    let event = here & (event::PY_RETURN | event::PY_YIELD);
                    if event != 0 {
                        let value = top(1).clone();
                        let what = match opcode {
                            Opcode::YIELD_VALUE => What::Yield,
                            _ => What::Return,
                        };
                        self.tell(event, &[self.offset(unit)?, value.clone()])?;
                        legacy::profile(cx, frame, What::Return, &value)?;
                        legacy::trace(cx, frame, what, &value)?;
                        if moved(frame) {
                            return Ok(Next::GoOn);
                        }
                    }
                }
                Opcode::JUMP_FORWARD | Opcode::JUMP_BACKWARD if here & event::JUMP != 0 => {
                    let target = instrument::jump_target(unit, opcode, argument).unwrap_or(unit);
                    self.tell(event::JUMP, &[self.offset(unit)?, self.offset(target)?])?;
                    if moved(frame) {
                        return Ok(Next::GoOn);
                    }
                    if opcode == Opcode::JUMP_BACKWARD
                        && cx.trace.get().is_some()
                        && self.code.line_of(unit) == self.code.line_of(target)
                    {
                        legacy::trace(cx, frame, What::Line, &Value::NONE)?;
                        if moved(frame) {
                            return Ok(Next::GoOn);
                        }
                    }
                }
                Opcode::POP_JUMP_IF_FALSE
                | Opcode::POP_JUMP_IF_TRUE
                | Opcode::POP_JUMP_IF_NONE
                | Opcode::POP_JUMP_IF_NOT_NONE
                    if here & event::BRANCHES != 0 =>
                {
                    let value = top(1);
                    let jumps = match opcode {
                        Opcode::POP_JUMP_IF_FALSE => value.is_false(),
                        Opcode::POP_JUMP_IF_TRUE => value.is_true(),
                        Opcode::POP_JUMP_IF_NONE => value.is_none(),
                        _ => !value.is_none(),
                    };
                    self.branch(opcode, argument, jumps)?;
                    if moved(frame) {
                        return Ok(Next::GoOn);
                    }
                }
                Opcode::FOR_ITER if here & (event::BRANCHES | event::STOP_ITERATION) != 0 => {
                    let item = self.next_item(top(1))?;
                    let next = self.code.instructions.as_ptr().add(unit + 2);
                    let jumps = item.is_none();
                    match item {
                        Some(item) => {
                            *(*frame).sp = item.into_bits();
                            (*frame).sp = (*frame).sp.add(1);
                            (*frame).pc = next;
                        }
                        None => (*frame).pc = next.add(argument as usize + 1),
                    }
                    self.branch(opcode, argument, jumps)?;
                    // Where to go on is in the frame, whether a callback has set it or not.
                    moved(frame);
                    return Ok(Next::GoOn);
                }
                // Makes `super()` as a part of itself.
                Opcode::LOAD_SUPER_ATTR if here & event::CALL != 0 => {
                    let class = match argument & 2 {
                        0 => super::missing(),
                        _ => top(2).clone(),
                    };
                    let arguments = [self.offset(unit)?, top(3).clone(), class];
                    self.tell(event::CALL, &arguments)?;
                    self.tell_c(event::C_RETURN, &arguments)?;
                }
                Opcode::END_SEND
                    if here & event::STOP_ITERATION != 0
                        && awaiting::as_generator(top(2)).is_some() =>
                {
                    self.stop_iteration(top(1).clone())?;
                }
                // Anything else that was awaited has ended by an exception.
                Opcode::END_SEND if here & event::STOP_ITERATION != 0 => {
                    self.ended_by_exception(top(1).clone())?;
                }
                Opcode::CALL | Opcode::CALL_KW | Opcode::CALL_FUNCTION_EX
                    if here & event::CALL != 0 =>
                {
                    return self.call(word, opcode);
                }
                _ => {}
            }
        }
        execute
    }

    fn branch(&self, opcode: Opcode, argument: u32, jumps: bool) -> PyResult<()> {
        let target = match instrument::jump_target(self.unit, opcode, argument) {
            // What an exhausted loop goes on with: not the end of the loop itself.
            Some(target) if jumps => target + usize::from(opcode == Opcode::FOR_ITER),
            _ => self.unit + 1 + usize::from(opcode.has_cache()),
        };
        let event = if jumps {
            event::BRANCH_RIGHT
        } else {
            event::BRANCH_LEFT
        };
        self.tell(event, &[self.offset(self.unit)?, self.offset(target)?])
    }

    /// What a loop's iterator gives next. A generator that returns something would elsewhere do so by an
    /// exception.
    fn next_item(&self, iterator: &Value) -> PyResult<Option<Value>> {
        let Some(generator) = iterator.downcast_exact::<Generator>() else {
            return iterate::next(self.cx, iterator);
        };
        Ok(match generator.resume(self.cx, Value::NONE)? {
            Resumed::Yielded(value) => Some(value),
            Resumed::Returned(value) => {
                if !value.is_none() {
                    self.stop_iteration(value)?;
                }
                None
            }
        })
    }

    /// The StopIteration that brought `value` here is told of.
    fn ended_by_exception(&self, value: Value) -> PyResult<()> {
        let cx = self.cx;
        let Raised = cx.stop_iteration(value);
        let exception = cx.take_exception();
        // SAFETY: the frame is this thread's and running.
        unsafe { tell_of_exception(cx, self.frame, Step::Raise, event::RAISE, &exception) }
    }

    /// A generator that was delegated to has ended, which elsewhere would be an exception.
    fn stop_iteration(&self, value: Value) -> PyResult<()> {
        let cx = self.cx;
        let Raised = cx.stop_iteration(value);
        let exception = cx.take_exception();
        self.tell(
            event::STOP_ITERATION,
            &[self.offset(self.unit)?, exception.to_value()],
        )?;
        // SAFETY: the frame is this thread's and running.
        unsafe { trace_exception(cx, self.frame, &exception) }
    }

    /// A call; one of what is no Python function is carried out here, since its end is an event too.
    unsafe fn call(&self, word: u32, opcode: Opcode) -> PyResult<Next> {
        let Place { cx, frame, .. } = *self;
        // SAFETY: the frame is this thread's and running.
        unsafe {
            let base = calling::base_of(frame, opcode, word >> 8);
            let (callable, first) = calling::callable_of(base, (*frame).sp, opcode);
            let is_python = match callable.downcast_exact::<Method>() {
                Some(method) => method.function.downcast::<Function>().is_some(),
                None => callable.downcast::<Function>().is_some(),
            };
            let first = first.unwrap_or_else(super::missing);
            let arguments = [self.offset(self.unit)?, callable.clone(), first];
            self.tell(event::CALL, &arguments)?;
            if is_python {
                return Ok(Next::Execute(word));
            }
            let shown = native_callable(cx, &callable, &arguments[2])?;
            if let Some(shown) = &shown {
                legacy::profile(cx, frame, What::CCall, shown)?;
            }
            let result = calling::call_natively(cx, frame, opcode, base);
            match result {
                Ok(value) => {
                    // The result is on the stack before callbacks run: the frame owns it.
                    *(*frame).sp = value.into_bits();
                    (*frame).sp = (*frame).sp.add(1);
                    if opcode.has_cache() {
                        (*frame).pc = (*frame).pc.add(1);
                    }
                    self.tell_c(event::C_RETURN, &arguments)?;
                    if let Some(shown) = &shown {
                        legacy::profile(cx, frame, What::CReturn, shown)?;
                    }
                    Ok(Next::GoOn)
                }
                Err(Raised) => {
                    let exception = cx.take_exception();
                    self.tell_c(event::C_RAISE, &arguments)?;
                    if let Some(shown) = &shown {
                        legacy::profile(cx, frame, What::CException, shown)?;
                    }
                    cx.set_exception(exception);
                    Err(Raised)
                }
            }
        }
    }

    /// Events that come with calls: wanted by the tools that want calls, and cannot be disabled.
    fn tell_c(&self, event: u32, arguments: &[Value]) -> PyResult<()> {
        for tool in 0..TOOLS {
            let of_code = self.data.local_events_of(tool);
            let callback = {
                let registry = REGISTRY.lock();
                let tool = &registry[tool];
                ((tool.events | of_code) & event::CALL != 0)
                    .then(|| tool.callbacks[event.trailing_zeros() as usize].clone())
                    .flatten()
            };
            let Some(callback) = callback else { continue };
            if self.run(&callback, arguments)? {
                return Err(cannot_disable(self.cx, tool, event));
            }
        }
        Ok(())
    }
}

/// What a tool wants called for an event, if it wants it everywhere or in the code.
fn callback(tool: usize, event: u32, of_code: u32) -> Option<Value> {
    let registry = REGISTRY.lock();
    let tool = &registry[tool];
    if (tool.events | of_code) & event == 0 {
        return None;
    }
    let found = tool.callbacks[event.trailing_zeros() as usize].clone();
    if event & event::BRANCHES != 0 && found.is_none() {
        return tool.callbacks[event::BRANCH.trailing_zeros() as usize].clone();
    }
    found
}

fn cannot_disable(cx: &Context, tool: usize, event: u32) -> Raised {
    let bit = event.trailing_zeros() as usize;
    drop(super::set_callback(tool, bit, None));
    cx.value_error(format!(
        "Cannot disable {} events. Callback removed.",
        super::EVENTS[bit]
    ))
}

/// The callable as profile functions see it: native functions, and methods bound to what they are
/// called on. `None` for anything else, of which they are not told.
fn native_callable(cx: &Context, callable: &Value, first: &Value) -> PyResult<Option<Value>> {
    if callable.is_exact::<NativeFunction>() {
        return Ok(Some(callable.clone()));
    }
    if let Some(descriptor) =
        callable.downcast_exact::<crate::objects::descriptors::MethodDescriptor>()
    {
        return descriptor.bound_to(cx, first).map(Some);
    }
    Ok(None)
}

/// Whether a callback has set the frame's line.
unsafe fn moved(frame: *mut Frame) -> bool {
    // SAFETY: by the caller's promise, the frame is this thread's and running.
    let object = unsafe { (*frame).frame_object.as_ref() };
    object.is_some_and(|object| object.take_moved())
}

/// A frame begins or goes on.
unsafe fn enter(cx: &Context, frame: *mut Frame) -> PyResult<()> {
    // SAFETY: by the caller's promise.
    unsafe {
        legacy::profile(cx, frame, What::Call, &Value::NONE)?;
        legacy::trace(cx, frame, What::Call, &Value::NONE)
    }
}

unsafe fn trace_exception(
    cx: &Context,
    frame: *mut Frame,
    exception: &Ref<BaseException>,
) -> PyResult<()> {
    if !legacy::listens(cx) {
        return Ok(());
    }
    let parts = [
        exception.as_value().class().to_value(),
        exception.to_value(),
        exception.traceback.get().unwrap_or(Value::NONE),
    ];
    let argument = Tuple::from_values(cx, &parts)?.into_value();
    // SAFETY: by the caller's promise.
    unsafe { legacy::trace(cx, frame, What::Exception, &argument) }
}

/// Whether anybody wants to know what exceptions do.
#[inline]
pub(in crate::vm) fn of_exceptions_wanted() -> bool {
    wanted() >> event::RAISE.trailing_zeros() != 0
}

/// What an exception does in a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::vm) enum Step {
    Raise,
    Reraise,
    Handled,
    Unwind,
    Throw,
}

/// The exception that is set does something in `frame`. A callback that raises replaces it.
///
/// # Safety
/// `frame` is this thread's running frame, with `pc` and `sp` written back.
#[cold]
#[inline(never)]
pub(in crate::vm) unsafe fn exception(cx: &Context, frame: *mut Frame, step: Step) {
    if cx.tracing.get() {
        return;
    }
    let event = match step {
        Step::Raise => event::RAISE,
        Step::Reraise => event::RERAISE,
        Step::Handled => event::EXCEPTION_HANDLED,
        Step::Unwind => event::PY_UNWIND,
        Step::Throw => event::PY_THROW,
    };
    if wanted() & event == 0 {
        return;
    }
    let exception = cx.take_exception();
    // SAFETY: by the caller's promise.
    let result = unsafe { tell_of_exception(cx, frame, step, event, &exception) };
    match result {
        Ok(()) => cx.set_exception(exception),
        Err(Raised) => {
            // SAFETY: by the caller's promise.
            unsafe { crate::vm::unwind::add_traceback(cx, frame) };
        }
    }
}

unsafe fn tell_of_exception(
    cx: &Context,
    frame: *mut Frame,
    step: Step,
    event: u32,
    exception: &Ref<BaseException>,
) -> PyResult<()> {
    // SAFETY: by the caller's promise.
    let (code, unit) = unsafe { ((*frame).code().clone(), (*frame).instruction_index()) };
    if WANTED_BY_TOOLS.load(Ordering::Relaxed) & event != 0 {
        let place = Place {
            cx,
            frame,
            code: &code,
            data: instrument::data(&code),
            unit,
        };
        for tool in 0..TOOLS {
            let Some(callback) = callback(tool, event, 0) else {
                continue;
            };
            if place.run(&callback, &[place.offset(unit)?, exception.to_value()])? {
                return Err(cannot_disable(cx, tool, event));
            }
        }
    }
    // SAFETY: by the caller's promise.
    unsafe {
        match step {
            Step::Raise => trace_exception(cx, frame, exception),
            Step::Unwind => {
                legacy::profile(cx, frame, What::Return, &Value::NONE)?;
                legacy::trace(cx, frame, What::Return, &Value::NONE)
            }
            Step::Throw => enter(cx, frame),
            Step::Reraise | Step::Handled => Ok(()),
        }
    }
}
