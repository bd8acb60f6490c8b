//! `frame`: a frame as Python sees it.
//!
//! Made when somebody asks for a frame: `sys._getframe`, a traceback. While the frame is active the
//! object points to it; when the frame is left, what the object needs moves into it ([`Left`]). The
//! pointer is followed by the frame's own thread only; another thread sees code and line as they were
//! when the object was made.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, Ordering};

use typhon_compiler::code::{CodeFlags, LocalKind};
use typhon_macros::{pyclass, pymethods};

use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::guarded::{Guarded, Lockable};
use crate::object::{self, Ref, Traverse};
use crate::objects::cell::Cell;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::frame_locals::FrameLocalsProxy;
use crate::objects::function::Function;
use crate::objects::str_::{Name, Str};
use crate::objects::{exceptions, int};
use crate::value::Value;
use crate::vm::frame::{self, Frame};
use crate::vm::monitoring::legacy::What;
use crate::vm::monitoring::line_jump::{self, Kind, Target};
use crate::vm::unwind;

/// The payload of `frame`.
#[pyclass(name = "frame")]
pub struct FrameObject {
    /// The active frame; null once it was left.
    frame: AtomicPtr<Frame>,
    /// The thread that the frame runs on.
    thread: u16,
    code: Ref<Code>,
    function: Ref<Function>,
    left: Guarded<Option<Left>>,
    /// Index of the instruction when the frame was left.
    last: AtomicU32,
    /// `f_trace`.
    pub trace: Field,
    pub trace_lines: AtomicBool,
    pub trace_opcodes: AtomicBool,
    /// The line that was last reported or passed, 0 before the first: lines begin when it changes.
    pub(crate) last_line: AtomicU32,
    /// What the frame's trace function is being told: see [`FrameObject::begin_tracing`].
    traced: AtomicU8,
    /// Its line was set, and the loop has not seen that yet.
    moved: AtomicBool,
    /// Variables that were set through `f_locals` and are none of the code's.
    extra: Field,
}

/// The frame's trace function does not run, is told of a line, or of something else.
const NOT_TRACED: u8 = 0;
const TRACED_LINE: u8 = 1;
const TRACED_OTHER: u8 = 2;
const TRACED_CALL: u8 = 3;

/// What is kept of a frame that was left.
#[derive(Default)]
pub struct Left {
    variables: Vec<Option<Value>>,
    namespace: Option<Value>,
    previous: Option<Ref<FrameObject>>,
}

impl Lockable for FrameObject {
    type State = Option<Left>;
    fn guarded(&self) -> &Guarded<Option<Left>> {
        &self.left
    }
}

impl Traverse for FrameObject {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.code.as_value());
        visit(self.function.as_value());
        self.trace.traverse(visit);
        self.extra.traverse(visit);
        if let Some(left) = self.left.while_stopped() {
            left.variables.iter().flatten().for_each(&mut *visit);
            if let Some(namespace) = &left.namespace {
                visit(namespace);
            }
            if let Some(previous) = &left.previous {
                visit(previous.as_value());
            }
        }
    }
}

impl FrameObject {
    /// The object of `frame`, made now if there is none.
    ///
    /// # Errors
    /// MemoryError.
    ///
    /// # Safety
    /// `frame` is an active or suspended frame that this thread has to itself.
    pub(crate) unsafe fn of(cx: &Context, frame: *mut Frame) -> PyResult<Ref<FrameObject>> {
        // SAFETY: by the caller's promise.
        unsafe {
            if let Some(object) = &(*frame).frame_object {
                return Ok(object.clone());
            }
            let object = object::new(
                cx,
                FrameObject {
                    frame: AtomicPtr::new(frame),
                    thread: cx.record.id(),
                    code: (*frame).code().clone(),
                    function: (*frame).function().clone(),
                    left: Guarded::new(None),
                    last: AtomicU32::new(0),
                    trace: Field::empty(),
                    trace_lines: AtomicBool::new(true),
                    trace_opcodes: AtomicBool::new(false),
                    last_line: AtomicU32::new(0),
                    traced: AtomicU8::new(NOT_TRACED),
                    moved: AtomicBool::new(false),
                    extra: Field::empty(),
                },
            )?;
            (*frame).frame_object = Some(object.clone());
            Ok(object)
        }
    }

    /// The frame is now at `frame`.
    pub(crate) fn moved(&self, frame: *mut Frame) {
        self.frame.store(frame, Ordering::Release);
    }

    /// The running frame's object, `depth` frames up. `None` beyond the first.
    ///
    /// # Errors
    /// MemoryError.
    pub fn running(cx: &Context, depth: usize) -> PyResult<Option<Ref<FrameObject>>> {
        let mut frame = cx.stack.frame.get();
        for _ in 0..depth {
            if frame.is_null() {
                return Ok(None);
            }
            // SAFETY: active frames of this thread are linked.
            frame = unsafe { (*frame).previous };
        }
        if frame.is_null() {
            return Ok(None);
        }
        // SAFETY: an active frame of this thread.
        unsafe { FrameObject::of(cx, frame) }.map(Some)
    }

    /// What another thread is running: its frames as they are now, innermost first, which do not follow
    /// the thread as it goes on. `None` when it runs no Python code.
    ///
    /// # Errors
    /// MemoryError.
    ///
    /// # Safety
    /// The world is stopped, and `other` is the context of a thread that has not ended.
    pub unsafe fn picture(cx: &Context, other: &Context) -> PyResult<Option<Ref<FrameObject>>> {
        let mut frames = Vec::new();
        let mut frame = other.stack.frame.get();
        while !frame.is_null() && frame != frame::NONE {
            frames.push(frame);
            // SAFETY: by the caller's promise the frames stay as they are: active and linked.
            frame = unsafe { (*frame).previous };
        }
        let mut previous = None;
        for frame in frames.into_iter().rev() {
            // SAFETY: as above.
            let frame = unsafe { &*frame };
            let count = frame.code().local_count as usize;
            let left = Left {
                // SAFETY: the frame's variables are whole: the thread is at a safepoint or detached.
                variables: (0..count)
                    .map(|index| unsafe { frame.local(index) })
                    .collect(),
                namespace: frame.namespace.clone(),
                previous,
            };
            let object = object::new(
                cx,
                FrameObject {
                    frame: AtomicPtr::new(std::ptr::null_mut()),
                    thread: other.record.id(),
                    code: frame.code().clone(),
                    function: frame.function().clone(),
                    left: Guarded::new(Some(left)),
                    last: AtomicU32::new(frame.instruction_index() as u32),
                    trace: Field::empty(),
                    trace_lines: AtomicBool::new(true),
                    trace_opcodes: AtomicBool::new(false),
                    last_line: AtomicU32::new(0),
                    traced: AtomicU8::new(NOT_TRACED),
                    moved: AtomicBool::new(false),
                    extra: Field::empty(),
                },
            )?;
            previous = Some(object);
        }
        Ok(previous)
    }

    /// The code.
    pub fn code(&self) -> &Ref<Code> {
        &self.code
    }

    /// The function.
    pub fn function(&self) -> &Ref<Function> {
        &self.function
    }

    /// The globals.
    pub fn globals(&self) -> &Ref<Dict> {
        &self.function.globals
    }

    /// The active frame, if it is the calling thread's own.
    fn active(&self, cx: &Context) -> Option<&Frame> {
        let frame = self.frame.load(Ordering::Acquire);
        // A suspended generator's frame has no thread; whoever holds the object may look at it while
        // the generator is not running.
        // SAFETY: a frame that was left clears the pointer; one that is active on this thread stays.
        unsafe { frame.as_ref() }
            .filter(|frame| self.thread == cx.record.id() || frame.kind == frame::Kind::Generator)
    }

    /// The frame's trace function is about to be told of something; of a line: it may set `f_lineno`.
    /// What was before, for [`FrameObject::end_tracing`].
    pub(crate) fn begin_tracing(&self, what: What) -> u8 {
        let now = match what {
            What::Line | What::Yield => TRACED_LINE,
            What::Call => TRACED_CALL,
            _ => TRACED_OTHER,
        };
        self.traced.swap(now, Ordering::Relaxed)
    }

    /// Whether its line was set since this was asked before.
    pub(crate) fn take_moved(&self) -> bool {
        self.moved.swap(false, Ordering::Relaxed)
    }

    /// The trace function is done.
    pub(crate) fn end_tracing(&self, before: u8) {
        self.traced.store(before, Ordering::Relaxed);
    }

    /// Index of the current or last instruction.
    pub fn instruction(&self, cx: &Context) -> usize {
        match self.active(cx) {
            Some(frame) => frame.instruction_index(),
            None => self.last.load(Ordering::Relaxed) as usize,
        }
    }

    /// The line that is or was being executed.
    pub fn line(&self, cx: &Context) -> Option<u32> {
        self.code.line_of(self.instruction(cx))
    }
}

impl FrameObject {
    /// The variables that `locals()` shows, bound or not.
    pub(crate) fn shown_names(&self) -> impl Iterator<Item = (usize, &Name)> {
        self.code.local_names.iter().enumerate()
    }

    /// What was added to the variables through `f_locals`.
    pub(crate) fn extra_variables(&self) -> Option<Ref<Dict>> {
        self.extra.get_as()
    }

    /// The dict for it, made if there is none.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn extra_variables_or_new(&self, cx: &Context) -> PyResult<Ref<Dict>> {
        if let Some(extra) = self.extra_variables() {
            return Ok(extra);
        }
        let extra = Dict::new(cx)?;
        self.extra.set(Some(extra.to_value()));
        Ok(extra)
    }
}

impl Ref<FrameObject> {
    /// The frame is being left: keeps what it holds, if anybody else holds the object.
    ///
    /// # Safety
    /// `frame` is this object's and about to be cleared; `sp` is written back.
    pub(crate) unsafe fn detach(&self, frame: &Frame) {
        self.last
            .store(frame.instruction_index() as u32, Ordering::Relaxed);
        let cx = Context::current();
        if !self.header().is_unique() {
            let count = frame.code().local_count as usize;
            // SAFETY: the frame still holds its variables.
            let variables = (0..count)
                .map(|index| unsafe { frame.local(index) })
                .collect();
            // Who resumed a generator is no part of what is left of it.
            let is_generator = frame.kind == frame::Kind::Generator;
            let previous = if is_generator || frame.previous.is_null() {
                None
            } else {
                // SAFETY: the caller's frame is active on this thread.
                unsafe { FrameObject::of(cx, frame.previous) }.ok()
            };
            let left = Left {
                variables,
                namespace: frame.namespace.clone(),
                previous,
            };
            let old = self.locked(|state| state.replace(left));
            drop(old);
        }
        self.frame.store(std::ptr::null_mut(), Ordering::Release);
    }

    /// The frame that called this one.
    ///
    /// # Errors
    /// MemoryError.
    pub fn back(&self, cx: &Context) -> PyResult<Option<Ref<FrameObject>>> {
        if let Some(frame) = self.active(cx) {
            if frame.previous == frame::NONE {
                return Ok(None);
            }
            // SAFETY: the caller's frame is active on this thread.
            return unsafe { FrameObject::of(cx, frame.previous) }.map(Some);
        }
        Ok(self.locked(|left| left.as_ref().and_then(|left| left.previous.clone())))
    }

    /// Variable `index`, cells looked through.
    pub(crate) fn variable(&self, cx: &Context, index: usize) -> Option<Value> {
        let value = match self.active(cx) {
            // SAFETY: the frame is this thread's own, or suspended.
            Some(frame) => unsafe { frame.local(index) },
            None => self.locked(|left| {
                left.as_ref()
                    .and_then(|left| left.variables.get(index).cloned().flatten())
            }),
        }?;
        let kind = self.code.local_kind(index);
        if kind.intersects(LocalKind::CELL.union(LocalKind::FREE))
            && let Some(cell) = value.downcast_exact::<Cell>()
        {
            return cell.get();
        }
        Some(value)
    }

    /// The namespace of a module or class body.
    fn namespace(&self, cx: &Context) -> Option<Value> {
        let namespace = match self.active(cx) {
            Some(frame) => frame.namespace.clone(),
            None => self.locked(|left| left.as_ref().and_then(|left| left.namespace.clone())),
        };
        // A program may have made a function of a module's code.
        namespace.or_else(|| {
            let optimized = self.code.flags.contains(CodeFlags::OPTIMIZED);
            (!optimized).then(|| self.function.globals.to_value())
        })
    }

    /// Whether the body of a module or class is inside a comprehension that was inlined into it: its
    /// variables are seen then, and the namespace is not (PEP 709).
    fn is_in_comprehension(&self, cx: &Context) -> bool {
        let is_hidden = |index: &usize| self.code.local_kind(*index).contains(LocalKind::HIDDEN);
        (0..self.code.local_names.len())
            .filter(is_hidden)
            .any(|index| self.variable(cx, index).is_some())
    }

    /// The namespace that is the variables: of a module or class body outside comprehensions.
    fn visible_namespace(&self, cx: &Context) -> Option<Value> {
        self.namespace(cx).filter(|_| !self.is_in_comprehension(cx))
    }

    /// `locals()`: the namespace of a module or class body, a fresh dict of a function's variables.
    ///
    /// # Errors
    /// MemoryError.
    pub fn locals(&self, cx: &Context) -> PyResult<Value> {
        if let Some(namespace) = self.visible_namespace(cx) {
            return Ok(namespace);
        }
        self.snapshot(cx).map(Ref::into_value)
    }

    /// The variables that have values, and what was added to them through `f_locals`.
    ///
    /// # Errors
    /// MemoryError.
    pub(crate) fn snapshot(&self, cx: &Context) -> PyResult<Ref<Dict>> {
        let dict = Dict::new(cx)?;
        for (index, name) in self.shown_names() {
            if let Some(value) = self.variable(cx, index) {
                dict.set_name(cx, *name, value)?;
            }
        }
        if let Some(extra) = self.extra_variables() {
            for (key, value, _) in extra.entries_snapshot() {
                dict.set_item(cx, &key, value)?;
            }
        }
        Ok(dict)
    }

    /// Gives variable `index` a value; what is in a cell is replaced in the cell.
    pub(crate) fn set_variable(&self, cx: &Context, index: usize, value: Value) {
        let is_cell = self
            .code
            .local_kind(index)
            .intersects(LocalKind::CELL.union(LocalKind::FREE));
        let replace = |place: &mut Option<Value>| match place {
            Some(cell) if is_cell && cell.is_exact::<Cell>() => {
                let cell = cell.clone();
                (Some(cell), Some(value))
            }
            _ => (place.replace(value), None),
        };
        let (old, into_cell) = match self.active(cx) {
            // SAFETY: the frame is this thread's own and not in the middle of an instruction that looks at
            // the variable, or it is suspended.
            Some(frame) => replace(unsafe { &mut *frame.locals.add(index).cast() }),
            None => self.locked(|left| match left {
                Some(left) if index < left.variables.len() => replace(&mut left.variables[index]),
                _ => (None, None),
            }),
        };
        if let (Some(cell), Some(value)) = (&old, into_cell)
            && let Some(cell) = cell.downcast_exact::<Cell>()
        {
            cell.set(Some(value));
        }
    }
}

/// Moves a frame to another instruction: what the stack has too much is dropped, variables without value
/// become None, since the compiler may have proved that they have one there.
///
/// # Safety
/// `frame` is this thread's frame, not running an instruction, with `pc` and `sp` written back, and
/// `target` was found for it.
unsafe fn jump(cx: &Context, frame: *mut Frame, target: &Target) -> PyResult<()> {
    // SAFETY: by the caller's promise.
    unsafe {
        let code = (*frame).code().clone();
        let is_unbound = |index: usize| {
            !code.local_kind(index).intersects(
                LocalKind::CELL
                    .union(LocalKind::FREE)
                    .union(LocalKind::HIDDEN),
            ) && *(*frame).locals.add(index) == 0
        };
        let count = code.local_count as usize;
        let unbound = (0..count).filter(|index| is_unbound(*index)).count();
        if unbound > 0 {
            let plural = if unbound == 1 { "" } else { "s" };
            crate::warnings::warn(
                cx,
                exceptions::runtime_warning(),
                &format!("assigning None to {unbound} unbound local{plural}"),
                0,
            )?;
            for index in 0..count {
                if is_unbound(index) {
                    *(*frame).locals.add(index) = Value::NONE.into_bits();
                }
            }
        }
        let mut depth = (*frame).sp.offset_from_unsigned((*frame).stack_base());
        debug_assert_eq!(depth, target.now.len());
        while depth > target.depth {
            depth -= 1;
            (*frame).sp = (*frame).sp.sub(1);
            let value = std::mem::take(&mut *(*frame).sp.cast::<Option<Value>>());
            if target.now.get(depth) == Some(&Kind::Exception) {
                drop(cx.replace_handled(value.filter(|value| !value.is_none())));
            }
        }
        (*frame).pc = code.instructions.as_ptr().add(target.unit);
    }
    Ok(())
}

#[pymethods]
impl FrameObject {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<FrameObject>) -> PyResult<Value> {
        let line = this
            .line(cx)
            .map_or("None".to_owned(), |line| line.to_string());
        let text = format!(
            "<frame at {:#x}, file {}, line {line}, code {}>",
            this.as_value().bits(),
            crate::protocols::text::repr_text(cx, this.code.filename().as_value())?,
            *this.code.name
        );
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[getter]
    fn f_back(cx: &Context, this: &Ref<FrameObject>) -> PyResult<Option<Ref<FrameObject>>> {
        this.back(cx)
    }

    #[getter]
    fn f_code(_cx: &Context, this: &Ref<FrameObject>) -> PyResult<Value> {
        Ok(this.code.to_value())
    }

    #[getter]
    fn f_globals(_cx: &Context, this: &Ref<FrameObject>) -> PyResult<Value> {
        Ok(this.function.globals.to_value())
    }

    #[getter]
    fn f_builtins(_cx: &Context, this: &Ref<FrameObject>) -> PyResult<Value> {
        Ok(this.function.builtins.clone())
    }

    #[getter]
    fn f_locals(cx: &Context, this: &Ref<FrameObject>) -> PyResult<Value> {
        match this.visible_namespace(cx) {
            Some(namespace) => Ok(namespace),
            None => FrameLocalsProxy::new(cx, this.clone()).map(Ref::into_value),
        }
    }

    #[getter]
    fn f_lasti(cx: &Context, this: &Ref<FrameObject>) -> PyResult<usize> {
        Ok(this.code.offset_of(this.instruction(cx)))
    }

    #[getter]
    fn f_lineno(cx: &Context, this: &Ref<FrameObject>) -> PyResult<Value> {
        unwind::line_value(cx, this.line(cx))
    }

    #[setter]
    fn set_f_lineno(cx: &Context, this: &Ref<FrameObject>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error("cannot delete attribute"));
        };
        let Some(line) = int::view(value).filter(|_| int::is_exact(value)) else {
            return Err(cx.value_error("lineno must be an integer"));
        };
        let frame = this.frame.load(Ordering::Acquire);
        let message = match this.traced.load(Ordering::Relaxed) {
            TRACED_LINE if this.active(cx).is_some() => None,
            TRACED_CALL => Some("can't jump from the 'call' trace event of a new frame"),
            TRACED_OTHER => Some("can only jump from a 'line' trace event"),
            _ => Some("f_lineno can only be set in a trace function"),
        };
        if let Some(message) = message {
            return Err(cx.value_error(message));
        }
        let Some(line) = line.to_i64().filter(|line| i32::try_from(*line).is_ok()) else {
            return Err(cx.value_error("lineno out of range"));
        };
        let target = line_jump::find(&this.code, this.instruction(cx), line)
            .map_err(|message| cx.value_error(message))?;
        // SAFETY: the frame is this thread's and inside a trace function, so `pc` and `sp` are written back;
        // the code proves how much is on the stack at the target.
        unsafe { jump(cx, frame, &target)? };
        this.moved.store(true, Ordering::Relaxed);
        Ok(())
    }

    #[getter]
    fn f_generator(cx: &Context, this: &Ref<FrameObject>) -> PyResult<Option<Value>> {
        let generator = this.active(cx).and_then(Frame::generator);
        // SAFETY: the generator holds the frame and is alive.
        Ok(generator.map(|generator| unsafe {
            (*(&raw const generator).cast::<Ref<crate::objects::generator::Generator>>()).to_value()
        }))
    }

    #[getter]
    fn f_trace(_cx: &Context, this: &Ref<FrameObject>) -> PyResult<Option<Value>> {
        Ok(this.trace.get())
    }

    #[setter]
    fn set_f_trace(_cx: &Context, this: &Ref<FrameObject>, value: Option<&Value>) -> PyResult<()> {
        this.trace
            .set(value.filter(|value| !value.is_none()).cloned());
        Ok(())
    }

    #[getter]
    fn f_trace_lines(_cx: &Context, this: &Ref<FrameObject>) -> PyResult<bool> {
        Ok(this.trace_lines.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_f_trace_lines(
        cx: &Context,
        this: &Ref<FrameObject>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        match value.and_then(Value::as_bool) {
            Some(on) => {
                this.trace_lines.store(on, Ordering::Relaxed);
                Ok(())
            }
            None if value.is_none() => Err(cx.type_error("can't delete numeric/char attribute")),
            None => Err(cx.type_error("attribute value type must be bool")),
        }
    }

    #[getter]
    fn f_trace_opcodes(_cx: &Context, this: &Ref<FrameObject>) -> PyResult<bool> {
        Ok(this.trace_opcodes.load(Ordering::Relaxed))
    }

    #[setter]
    fn set_f_trace_opcodes(
        cx: &Context,
        this: &Ref<FrameObject>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        if value.is_none() {
            return Err(cx.attribute_error(
                "attribute 'f_trace_opcodes' of 'frame' objects cannot be deleted",
            ));
        }
        match value.and_then(Value::as_bool) {
            Some(on) => {
                this.trace_opcodes.store(on, Ordering::Relaxed);
                if on {
                    crate::vm::monitoring::legacy::want_opcodes(cx);
                }
                Ok(())
            }
            None => Err(cx.type_error("attribute value type must be bool")),
        }
    }

    /// Clear all references held by the frame.
    #[method("clear(self, /)")]
    fn clear(cx: &Context, this: &Ref<FrameObject>) -> PyResult<()> {
        if let Some(frame) = this.active(cx) {
            match frame.generator() {
                Some(generator) => {
                    // SAFETY: the generator holds the frame and is alive.
                    let generator = unsafe {
                        &*(&raw const generator).cast::<Ref<crate::objects::generator::Generator>>()
                    }
                    .clone();
                    if generator.state() == crate::objects::generator::RUNNING {
                        return Err(cx.runtime_error("cannot clear an executing frame"));
                    }
                    if generator.state() == crate::objects::generator::SUSPENDED {
                        return Err(cx.runtime_error("cannot clear a suspended frame"));
                    }
                    if generator.state() == crate::objects::generator::CREATED
                        && crate::objects::coroutine::is_coroutine_shape(generator.header().shape())
                    {
                        crate::objects::coroutine::warn_unawaited(cx, &generator);
                    }
                    return generator.close(cx).map(|_| ());
                }
                None => return Err(cx.runtime_error("cannot clear an executing frame")),
            }
        }
        let old = this.locked(|left| {
            left.as_mut()
                .map(|left| (std::mem::take(&mut left.variables), left.namespace.take()))
        });
        drop(old);
        Ok(())
    }
}
