//! Frames: one activation of a code object.
//!
//! A frame's header is on the thread's stack or, for a generator, in the generator object; its
//! variables and operands are in `values`, which is on the stack or in the generator too.
//!
//! ```text
//!   values:  variables (parameters, locals, cells, free)  │ operands …        │
//!            ^ locals                                       ^ stack_base   ^ sp ^ locals + frame_words
//! ```
//!
//! While a frame runs, `pc` and `sp` live in the evaluation loop's variables; they are written back
//! before anything that may look at the frame (a call, an error). `pc` points behind the instruction
//! that is being executed.
//!
//! Ownership: the frame owns its function (which owns code, globals, builtins and closure), unless the
//! function is one that stays without that (`uncounted.rs`), its
//! namespace and its frame object, and every value below `sp`.

use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU32;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Object, Ref};
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::frame::FrameObject;
use crate::objects::function::Function;
use crate::objects::generator::Generator;
use crate::objects::str_::names;
use crate::value::Value;
use crate::vm::uncounted;

/// Where a frame lives and how it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// On the thread's stack.
    Stack,
    /// In a generator, coroutine or asynchronous generator.
    Generator,
}

/// See the module's header.
#[repr(C)]
pub struct Frame {
    /// Behind the current instruction.
    pub pc: *const AtomicU32,
    /// First free operand slot.
    pub sp: *mut u64,
    /// The variables.
    pub locals: *mut u64,
    /// Borrowed from the function.
    pub code: *const Object<Code>,
    /// The function; always set. Counted by the frame if `owns_function`.
    pub function: Option<Ref<Function>>,
    /// `locals()` of a module or class body.
    pub namespace: Option<Value>,
    /// The frame that runs when this one is left.
    pub previous: *mut Frame,
    /// Made when Python code asks for the frame.
    pub frame_object: Option<Ref<FrameObject>>,
    /// The stack's `top` before this frame was entered.
    pub top_before: *mut u64,
    /// Leaving this frame leaves the evaluation loop.
    pub is_entry: bool,
    pub kind: Kind,
    /// The callee of a class: `__init__` must return None, the instance is the result.
    pub is_init: bool,
    /// Whether the reference to the function is counted (`vm/uncounted.rs`).
    pub owns_function: bool,
}

impl Frame {
    /// The code that runs.
    #[inline(always)]
    pub fn code(&self) -> &Ref<Code> {
        // SAFETY: the function keeps the code alive; `Ref` is that word.
        unsafe { &*(&raw const self.code).cast::<Ref<Code>>() }
    }

    /// The function.
    #[inline(always)]
    pub fn function(&self) -> &Ref<Function> {
        debug_assert!(self.function.is_some());
        // SAFETY: set for as long as the frame is active.
        unsafe { self.function.as_ref().unwrap_unchecked() }
    }

    /// The global variables.
    #[inline(always)]
    pub fn globals(&self) -> &Ref<Dict> {
        &self.function().globals
    }

    /// The builtins.
    #[inline(always)]
    pub fn builtins(&self) -> &Value {
        &self.function().builtins
    }

    /// The first operand slot.
    #[inline(always)]
    pub fn stack_base(&self) -> *mut u64 {
        // SAFETY: the frame's values begin with `local_count` variables.
        unsafe { self.locals.add(self.code().local_count as usize) }
    }

    /// The index of the current instruction (of its first unit). `None` before the first.
    pub fn instruction_index(&self) -> usize {
        let start = self.code().instructions.as_ptr();
        // SAFETY: `pc` points into the code's instructions or right behind them.
        let behind = unsafe { self.pc.offset_from(start) } as usize;
        behind.saturating_sub(1)
    }

    /// The unit at `place` as the compiler made it, whatever was done to it since.
    ///
    /// # Safety
    /// `place` is one of this frame's code.
    #[inline]
    pub unsafe fn unit_at(&self, place: *const AtomicU32) -> u32 {
        let start = self.code().instructions.as_ptr();
        // SAFETY: both are of the code's instructions.
        let index = unsafe { place.offset_from_unsigned(start) };
        self.code().unit(index)
    }

    /// The line that is being executed.
    pub fn line(&self) -> Option<u32> {
        self.code().line_of(self.instruction_index())
    }

    /// Variable `index`, counted.
    ///
    /// # Safety
    /// Called by the thread that runs the frame (or with the frame's generator suspended and held).
    pub unsafe fn local(&self, index: usize) -> Option<Value> {
        debug_assert!(index < self.code().local_count as usize);
        // SAFETY: in range; the frame owns the value, `clone` counts it anew.
        unsafe { (*self.locals.add(index).cast::<Option<Value>>()).clone() }
    }

    /// The generator that this frame is in.
    pub fn generator(&self) -> Option<NonNull<Object<Generator>>> {
        (self.kind == Kind::Generator).then(|| Generator::of_frame(NonNull::from(self)))
    }

    /// Counts the reference to the function.
    pub(crate) fn own_function(&mut self) {
        if !self.owns_function {
            self.owns_function = true;
            std::mem::forget(self.function.clone());
        }
    }

    /// Drops the values and what else the frame owns.
    ///
    /// # Safety
    /// The frame is not running, and its `sp` is written back.
    pub unsafe fn clear(&mut self) {
        if let Some(object) = self.frame_object.take() {
            // SAFETY: the frame still holds its values.
            unsafe { object.detach(self) };
        }
        let mut slot = self.locals;
        while slot < self.sp {
            // SAFETY: words between `locals` and `sp` are variables and operands.
            unsafe {
                uncounted::discard(slot);
                slot = slot.add(1);
            }
        }
        self.sp = self.locals;
        self.namespace = None;
        let function = self.function.take();
        if !self.owns_function {
            std::mem::forget(function);
        }
    }

    /// Shows what the frame owns to the collector.
    ///
    /// # Safety
    /// The world is stopped, so `sp` is written back.
    pub unsafe fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(function) = &self.function {
            visit(function.as_value());
        }
        if let Some(namespace) = &self.namespace {
            visit(namespace);
        }
        if let Some(object) = &self.frame_object {
            visit(object.as_value());
        }
        let mut slot = self.locals;
        while slot < self.sp {
            // SAFETY: as in `clear`; only frames on a stack have words that are not counted.
            unsafe {
                debug_assert!(!uncounted::is_uncounted(*slot));
                if let Some(value) = &*slot.cast::<Option<Value>>() {
                    visit(value);
                }
                slot = slot.add(1);
            }
        }
    }
}

/// Default of `sys.setrecursionlimit`.
pub const DEFAULT_RECURSION_LIMIT: u32 = 1000;

/// `sys.getrecursionlimit()`.
pub static RECURSION_LIMIT: AtomicU32 = AtomicU32::new(DEFAULT_RECURSION_LIMIT);

/// Words that a call may use in the handlers of a RecursionError.
const SPARE_WORDS: usize = 1024;

/// The function of a frame to be pushed: its address, and whether it comes with a count.
pub struct Callee {
    pointer: NonNull<Object<Function>>,
    is_counted: bool,
}

impl Callee {
    /// What an operand refers to; the operand is consumed.
    ///
    /// # Safety
    /// The word is an operand that is a function.
    #[inline(always)]
    pub(super) unsafe fn of_operand(word: u64) -> Callee {
        let pointer = uncounted::plain(word) as *mut Object<Function>;
        Callee {
            // SAFETY: an operand's address is not null.
            pointer: unsafe { NonNull::new_unchecked(pointer) },
            is_counted: !uncounted::is_uncounted(word),
        }
    }

    /// A function to which the native caller of the frame has a reference until the frame is left.
    #[inline(always)]
    pub(super) fn held_by_caller(function: &Ref<Function>) -> Callee {
        Callee {
            pointer: function.as_ptr(),
            is_counted: false,
        }
    }
}

impl From<Ref<Function>> for Callee {
    #[inline(always)]
    fn from(function: Ref<Function>) -> Callee {
        Callee {
            pointer: function.into_raw(),
            is_counted: true,
        }
    }
}

/// Pushes a frame whose variables begin at `locals`, on the thread's stack: `given` of them are
/// bound, the others are cleared here.
///
/// # Errors
/// RecursionError; the bound variables are then dropped.
///
/// # Safety
/// `locals` points into this thread's stack, at or below its top, with nothing live above
/// `locals + given`.
#[inline(always)]
pub unsafe fn push(
    cx: &Context,
    callee: impl Into<Callee>,
    locals: *mut u64,
    given: usize,
    previous: *mut Frame,
) -> PyResult<*mut Frame> {
    let callee: Callee = callee.into();
    // SAFETY: counted, or alive without that as long as its frame is there.
    let function = ManuallyDrop::new(unsafe { Ref::from_raw(callee.pointer) });
    let code: *const Ref<Code> = function.code();
    // SAFETY: the function, which the new frame holds, keeps the code alive.
    let code = unsafe { &*code };
    let stack = &cx.stack;
    // SAFETY: address arithmetic inside the region; checked below before use.
    let (header, end) = unsafe {
        (
            stack.frames_end.get().sub(1),
            locals.add(code.frame_words as usize + SPARE_WORDS),
        )
    };
    let depth = stack.depth.get() + 1;
    if end > stack.middle()
        || header.cast::<u64>() < stack.middle()
        || depth > RECURSION_LIMIT.load(std::sync::atomic::Ordering::Relaxed)
    {
        // SAFETY: the caller gave these values away.
        return Err(unsafe { overflow(cx, callee, locals, given) });
    }
    stack.depth.set(depth);
    let count = code.local_count as usize;
    // SAFETY: the region has room for variables and header.
    unsafe {
        for index in given..count {
            *locals.add(index) = 0;
        }
        header.write(Frame {
            pc: code.instructions.as_ptr(),
            sp: locals.add(count),
            locals,
            code: code.as_ptr().as_ptr(),
            function: Some(ManuallyDrop::into_inner(function)),
            namespace: None,
            previous,
            frame_object: None,
            top_before: stack.top.get(),
            is_entry: false,
            kind: Kind::Stack,
            is_init: false,
            owns_function: callee.is_counted,
        });
        stack.top.set(locals.add(code.frame_words as usize));
    }
    stack.frames_end.set(header);
    Ok(header)
}

/// # Safety
/// As [`push`].
#[cold]
unsafe fn overflow(
    cx: &Context,
    callee: Callee,
    locals: *mut u64,
    given: usize,
) -> crate::error::Raised {
    for index in 0..given {
        // SAFETY: the caller of `push` gave these values away.
        unsafe { drop((*locals.add(index).cast::<Option<Value>>()).take()) };
    }
    if callee.is_counted {
        // SAFETY: the count came with the address.
        drop(unsafe { Ref::from_raw(callee.pointer) });
    }
    // The handlers of this very exception need frames as well.
    let depth = cx.stack.depth.get();
    cx.stack.depth.set(depth.saturating_sub(50));
    let raised = cx.recursion_error("maximum recursion depth exceeded");
    cx.stack.depth.set(depth);
    raised
}

/// Pops a frame of the thread's stack that was cleared.
///
/// # Safety
/// `frame` is the lowest header on the stack and `Frame::clear` was called.
#[inline(always)]
pub unsafe fn pop(cx: &Context, frame: *mut Frame) {
    debug_assert!(cx.stack.frames_end.get() == frame);
    // SAFETY: the header is still there; the next one is behind it.
    unsafe {
        cx.stack.top.set((*frame).top_before);
        cx.stack.frames_end.set(frame.add(1));
    }
    cx.stack.depth.set(cx.stack.depth.get() - 1);
}

/// The frame that runs now, if any.
pub fn current(cx: &Context) -> Option<&Frame> {
    // SAFETY: the pointer is null or an active frame of this thread.
    unsafe { cx.stack.frame.get().as_ref() }
}

/// `__name__` of the running code's globals: `__module__` of a class that is being made.
pub fn current_module_name(cx: &Context) -> Option<Value> {
    current(cx)?
        .globals()
        .get_name_plain(cx, names::dunder_name())
}

/// The globals of the running code.
pub fn current_globals(cx: &Context) -> Option<Ref<Dict>> {
    current(cx).map(|frame| frame.globals().clone())
}

/// The builtins of the running code, or the interpreter's.
pub fn current_builtins(cx: &Context) -> Value {
    match current(cx) {
        Some(frame) => frame.builtins().clone(),
        None => crate::interpreter::builtins_dict().to_value(),
    }
}

/// No frame.
pub const NONE: *mut Frame = ptr::null_mut();
