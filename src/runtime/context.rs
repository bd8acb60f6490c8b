//! The context: what one thread that runs Python code has for itself.
//!
//! Every operation that may raise, call Python or block takes a `&Context`. It belongs to one thread
//! and is reached by others only through the thread's record (`typhon_sync::thread`): they set request
//! bits there, which this thread serves at its next safepoint.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use typhon_sync::thread::ThreadRecord;

use crate::error::PyResult;
use crate::field::Field;
use crate::object::Ref;
use crate::objects::exceptions::BaseException;
use crate::objects::type_::MethodCache;
use crate::value::Value;
use crate::vm::handled::Handled;
use crate::vm::stack::Stack;

/// See the module's header.
pub struct Context {
    /// The thread's record, for requests and for attach and detach.
    pub record: &'static ThreadRecord,
    /// The exception that is on its way (`Err(Raised)`).
    raised: Cell<u64>,
    /// The innermost generator's place for the exception it handles; null outside generators.
    pub(crate) handled: Cell<*const Handled>,
    /// The thread's own place.
    pub(crate) handled_base: Handled,
    /// Frames and their values.
    pub stack: Stack,
    /// Results of class attribute look-ups.
    pub method_cache: MethodCache,
    /// The value of the StopIteration that ended the last iteration, when it had one.
    pub(crate) stop_value: Field,
    /// Levels of native recursion that are left before RecursionError.
    pub native_depth: Cell<u32>,
    /// Lowest address that native code of this thread may use of its stack.
    pub native_stack_limit: Cell<usize>,
    /// Containers whose `repr` is being made, against recursion.
    pub repr_guard: RefCell<Vec<u64>>,
    /// The current `contextvars.Context`, if one was asked for.
    pub variables: Field,
    /// `sys.settrace`, `sys.setprofile` functions of this thread.
    pub trace: Field,
    pub profile: Field,
    /// Whether a trace function runs now.
    pub tracing: Cell<bool>,
    /// Hooks of asynchronous generators: first iteration, finalizer.
    pub async_generator_hooks: [Field; 2],
    /// The event loop that runs in this thread, and the task that it runs (`_asyncio`).
    pub running_loop: Field,
    pub running_task: Field,
    /// How deep `sys.set_coroutine_origin_tracking_depth` looks.
    pub coroutine_origin_depth: Cell<u32>,
    /// An exception that another thread wants raised here.
    pub asynchronous_exception: Field,
    /// Python code may run until this is set: the interpreter is going down.
    pub main_thread: bool,
    not_send: PhantomData<*mut ()>,
}

/// The stack of a thread that is not there yet: see [`Context::reserve`].
pub struct Reservation(Stack);

// SAFETY: nothing is on the stack, and only the thread that enters with it uses it.
unsafe impl Send for Reservation {}

thread_local! {
    static CURRENT: Cell<*const Context> = const { Cell::new(ptr::null()) };
}

impl Context {
    /// The context of the calling thread.
    ///
    /// # Panics
    /// When the thread is none of the interpreter's.
    #[inline]
    pub fn current<'a>() -> &'a Context {
        Context::try_current()
            .expect("invariant: Python objects are used by the interpreter's threads")
    }

    /// The context of the calling thread, if it has one.
    #[inline]
    pub fn try_current<'a>() -> Option<&'a Context> {
        let pointer = CURRENT.try_with(Cell::get).ok()?;
        // SAFETY: the pointer is set by `enter` for as long as the context lives and this thread runs in it.
        unsafe { pointer.as_ref() }
    }

    /// The memory a thread needs before it can run Python code: had by the thread that starts another, so
    /// that it can be told when there is none.
    pub fn reserve() -> Option<Reservation> {
        Stack::new().map(Reservation)
    }

    /// Runs `work` as an attached thread of the interpreter, with a context of its own.
    ///
    /// # Errors
    /// When no more threads can be registered, or the memory for the stack cannot be had.
    pub fn enter<R>(
        main_thread: bool,
        native_stack: usize,
        work: impl FnOnce(&Context) -> R,
    ) -> Result<R, String> {
        let reserved = Context::reserve().ok_or("can't allocate the stack of a thread")?;
        Context::enter_reserved(reserved, main_thread, native_stack, work)
    }

    /// [`Context::enter`] with memory that was had before.
    ///
    /// # Errors
    /// When no more threads can be registered.
    pub fn enter_reserved<R>(
        reserved: Reservation,
        main_thread: bool,
        native_stack: usize,
        work: impl FnOnce(&Context) -> R,
    ) -> Result<R, String> {
        let Reservation(stack) = reserved;
        let record = ThreadRecord::register().map_err(|_| "too many threads".to_owned())?;
        record.attach();
        let here = stack_address();
        let cx = Context {
            record,
            raised: Cell::new(0),
            handled: Cell::new(ptr::null()),
            handled_base: Handled::new(),
            stack,
            method_cache: MethodCache::new(),
            stop_value: Field::empty(),
            native_depth: Cell::new(0),
            native_stack_limit: Cell::new(here.saturating_sub(native_stack) + NATIVE_STACK_RESERVE),
            repr_guard: RefCell::new(Vec::new()),
            variables: Field::empty(),
            trace: Field::empty(),
            profile: Field::empty(),
            tracing: Cell::new(false),
            async_generator_hooks: [const { Field::empty() }; 2],
            running_loop: Field::empty(),
            running_task: Field::empty(),
            coroutine_origin_depth: Cell::new(0),
            asynchronous_exception: Field::empty(),
            main_thread,
            not_send: PhantomData,
        };
        record.set_user_data(ptr::from_ref(&cx).cast_mut().cast());
        CURRENT.with(|current| current.set(&cx));
        let result = work(&cx);
        cx.clear_exception();
        cx.drop_values();
        // Objects that turn out dead while the id is given back are destroyed in this context.
        record.unregister(&mut |object| crate::object::destroy(object));
        CURRENT.with(|current| current.set(ptr::null()));
        typhon_alloc::thread_end();
        Ok(result)
    }

    /// Runs `work`, which may block and uses no Python objects, detached: other threads may stop the
    /// world or take the GIL meanwhile. What only this thread can find to be dead dies before, and may
    /// run finalizers: somebody else may wait for that while this thread is away.
    pub fn detached<R>(&self, work: impl FnOnce() -> R) -> R {
        self.record
            .detach_merged(&mut |object| crate::object::destroy(object));
        let result = work();
        self.record.attach();
        result
    }

    /// Sets the exception that is on its way. One that was there before is dropped.
    pub fn set_exception(&self, exception: Ref<BaseException>) {
        let old = self.raised.replace(exception.into_value().into_bits());
        if old != 0 {
            // SAFETY: the cell owned the count.
            drop(unsafe { Value::from_bits(old) });
        }
    }

    /// Whether an exception is set.
    #[inline]
    pub fn has_exception(&self) -> bool {
        self.raised.get() != 0
    }

    /// Takes the exception that is set.
    ///
    /// # Panics
    /// When none is: whoever saw `Raised` finds one.
    pub fn take_exception(&self) -> Ref<BaseException> {
        self.take_exception_if_any()
            .expect("invariant: Raised means that an exception is set")
    }

    /// Takes the exception, if one is set.
    pub fn take_exception_if_any(&self) -> Option<Ref<BaseException>> {
        let bits = self.raised.replace(0);
        NonNull::new(bits as *mut crate::object::Object<BaseException>)
            // SAFETY: the cell owned a count of an exception.
            .map(|pointer| unsafe { Ref::from_raw(pointer) })
    }

    /// Drops the exception, if one is set.
    pub fn clear_exception(&self) {
        drop(self.take_exception_if_any());
    }

    /// Looks at the exception that is set; `false` when there is none.
    pub fn peek_exception(&self, look: impl FnOnce(&Ref<BaseException>) -> bool) -> bool {
        match self.take_exception_if_any() {
            Some(exception) => {
                let result = look(&exception);
                self.set_exception(exception);
                result
            }
            None => false,
        }
    }

    /// One more level of native recursion, for as long as `work` runs.
    ///
    /// # Errors
    /// RecursionError (`maximum recursion depth exceeded{where}`) when the native stack runs out.
    #[inline]
    pub fn nested<R>(&self, place: &str, work: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
        if stack_address() < self.native_stack_limit.get() {
            return Err(self.native_overflow(place));
        }
        work()
    }

    /// RecursionError, made on the part of the stack that is kept for it: making it is a call too.
    #[cold]
    #[inline(never)]
    fn native_overflow(&self, place: &str) -> crate::error::Raised {
        let limit = self.native_stack_limit.replace(0);
        let raised = self.recursion_error(format!("maximum recursion depth exceeded{place}"));
        self.native_stack_limit.set(limit);
        raised
    }

    /// Drops the values that the context holds, while the thread is still attached.
    fn drop_values(&self) {
        crate::vm::monitoring::legacy::thread_ends(self);
        for field in self.fields() {
            field.set(None);
        }
        drop(self.handled_base.replace(None));
    }

    fn fields(&self) -> [&Field; 9] {
        let [first_iteration, finalizer] = &self.async_generator_hooks;
        [
            &self.stop_value,
            &self.variables,
            &self.trace,
            &self.profile,
            &self.asynchronous_exception,
            &self.running_loop,
            &self.running_task,
            first_iteration,
            finalizer,
        ]
    }

    /// Shows this thread's values to the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in self.fields() {
            field.traverse(visit);
        }
        self.handled_base.traverse(visit);
    }
}

/// Bytes of native stack kept for error handling.
pub const NATIVE_STACK_RESERVE: usize = 192 * 1024;

/// The address of the caller's frame, more or less.
#[inline(always)]
fn stack_address() -> usize {
    let here = 0u8;
    ptr::from_ref(std::hint::black_box(&here)) as usize
}
