//! Callbacks: Python functions that C calls.
//!
//! A [`Thunk`] has one of the functions of `abi` for as long as it lives; a table tells whose it is. The table
//! does not keep the thunk alive: it takes itself out when it dies. A function that C calls later than that
//! answers with zeros.
//!
//! C may call from a thread that is attached (a call that keeps the interpreter), from one that is detached, and
//! from one that the interpreter does not know, which enters it for the time of the call.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ptr::NonNull;

use parking_lot::Mutex;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::class::class_of;
use typhon_runtime::object::{self, Object, Traverse};
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, finalizer, warnings};
use typhon_sync::{Header, world};

use super::abi::{self, Assigned, Frame, THUNKS};
use super::data;
use super::function::{USE_ERRNO, with_errno};
use super::info::{self, Info};
use super::meta;
use crate::thread;

/// Native stack of a thread of C's that runs Python, where the system does not say.
const STACK: usize = 512 << 10;

/// Who has a function of `abi`.
static OWNERS: [Mutex<Option<Owner>>; THUNKS] = [const { Mutex::new(None) }; THUNKS];

struct Owner(NonNull<Object<Thunk>>);

// SAFETY: used under the lock, where the thunk takes itself out before its memory is freed.
unsafe impl Send for Owner {}

/// The functions that are free. Those that were given back are used last.
static FREE: Mutex<Option<VecDeque<u16>>> = Mutex::new(None);

/// See the module's header.
#[pyclass(
    name = "CThunkObject",
    module = "_ctypes",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE),
    doc = "A function that C can call."
)]
pub struct Thunk {
    index: u16,
    callable: Value,
    arguments: Vec<Ref<Type>>,
    /// `None`: no result.
    result: Option<Ref<Info>>,
    flags: i64,
}

impl Traverse for Thunk {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.callable);
        for argument in &self.arguments {
            visit(argument.as_value());
        }
        if let Some(result) = &self.result {
            visit(result.as_value());
        }
    }
}

impl Drop for Thunk {
    fn drop(&mut self) {
        *OWNERS[usize::from(self.index)].lock() = None;
        give_back(self.index);
    }
}

#[pymethods]
impl Thunk {}

fn take_function() -> Option<u16> {
    let mut free = FREE.lock();
    let free = free.get_or_insert_with(|| (0..THUNKS as u16).collect());
    free.pop_front()
}

fn give_back(index: u16) {
    if let Some(free) = FREE.lock().as_mut() {
        free.push_back(index);
    }
}

impl Thunk {
    /// A function for C that calls `callable`.
    ///
    /// # Errors
    /// TypeError for a result that cannot be returned, MemoryError when there are too many callbacks.
    pub fn new(
        cx: &Context,
        callable: &Value,
        arguments: Vec<Ref<Type>>,
        result: Option<&Value>,
        flags: i64,
    ) -> PyResult<Ref<Thunk>> {
        let result = match result {
            None => None,
            Some(class) => {
                let info = info::find_value(class).filter(|info| info.code().is_some());
                let info =
                    info.ok_or_else(|| cx.type_error("invalid result type for callback function"))?;
                Some(info)
            }
        };
        class_of::<Thunk>(cx)?;
        if !abi::SUPPORTED {
            return Err(super::function::unsupported(cx));
        }
        let index = take_function().ok_or_else(|| cx.no_memory())?;
        let thunk = Thunk {
            index,
            callable: callable.clone(),
            arguments,
            result,
            flags,
        };
        let thunk = object::new(cx, thunk)?;
        thunk.header().mark_maybe_shared();
        *OWNERS[usize::from(index)].lock() = Some(Owner(thunk.as_ptr()));
        Ok(thunk)
    }

    /// What C calls.
    pub fn address(&self) -> usize {
        abi::thunk(usize::from(self.index))
    }

    /// Who has a function, if somebody has.
    fn owner(index: usize) -> Option<Ref<Thunk>> {
        let owner = OWNERS.get(index)?.lock();
        let pointer = owner.as_ref()?.0;
        // SAFETY: a dying thunk takes itself out under the lock that is held here, before its memory is
        // freed; the increment fails when its last count is gone.
        unsafe {
            let header: &Header = pointer.cast().as_ref();
            header.try_incref().then(|| Ref::from_raw(pointer))
        }
    }
}

/// Bytes that are left of this thread's native stack.
#[cfg(target_os = "linux")]
fn stack_left() -> usize {
    let here = 0u8;
    let here = std::hint::black_box(&raw const here) as usize;
    // SAFETY: the attributes are made by the first call and live to the last.
    let lowest = unsafe {
        let mut attributes = std::mem::MaybeUninit::uninit();
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return STACK;
        }
        let (mut lowest, mut size) = (std::ptr::null_mut(), 0);
        libc::pthread_attr_getstack(attributes.as_ptr(), &mut lowest, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        lowest as usize
    };
    here.saturating_sub(lowest)
}

#[cfg(not(target_os = "linux"))]
fn stack_left() -> usize {
    STACK
}

/// C has called a function of `abi`.
pub fn called(index: usize, frame: &mut Frame) {
    if world::is_closed() {
        frame.set_result(None, &[]);
        return;
    }
    let Some(cx) = Context::try_current() else {
        let entered = Context::enter(false, stack_left(), |cx| {
            thread::note_ident(cx);
            run(cx, index, frame);
            thread::leave();
        });
        if entered.is_err() {
            frame.set_result(None, &[]);
        }
        return;
    };
    if cx.record.is_attached() {
        return run(cx, index, frame);
    }
    cx.record.attach();
    run(cx, index, frame);
    cx.record.detach();
}

/// Calls Python: attached. What is raised is reported.
fn run(cx: &Context, index: usize, frame: &mut Frame) {
    let Some(thunk) = Thunk::owner(index) else {
        frame.set_result(None, &[]);
        return;
    };
    let saved = cx.take_exception_if_any();
    let result = match thunk.arguments_of(cx, frame) {
        Ok(values) => thunk.call(cx, &values),
        Err(nth) => {
            let message = format!(
                "Exception ignored while creating argument {nth} for ctypes callback function"
            );
            report(cx, &message, &thunk.callable);
            None
        }
    };
    thunk.answer(cx, frame, result);
    if let Some(saved) = saved {
        cx.set_exception(saved);
    }
}

fn report(cx: &Context, message: &str, callable: &Value) {
    finalizer::unraisable(cx, message, callable);
}

impl Thunk {
    /// The arguments as objects; or an exception is set, and here is the number of the argument.
    fn arguments_of(&self, cx: &Context, frame: &Frame) -> Result<Vec<Value>, usize> {
        let mut assigned = Assigned::default();
        let mut values = Vec::with_capacity(self.arguments.len());
        for (nth, class) in self.arguments.iter().enumerate() {
            let value = data::concrete(cx, class).and_then(|info| {
                let pieces = assigned.assign(&info.passing());
                // SAFETY: C has called the function with such arguments.
                let bytes = unsafe { frame.argument(&pieces, info.size) };
                argument(cx, class, &info, &bytes)
            });
            values.push(value.map_err(|Raised| nth)?);
        }
        Ok(values)
    }

    fn call(&self, cx: &Context, values: &[Value]) -> Option<Value> {
        let uses_errno = self.flags & USE_ERRNO != 0;
        let made = with_errno(uses_errno, || call::call(cx, &self.callable, values));
        match made {
            Ok(value) => Some(value),
            Err(Raised) => {
                let message = "Exception ignored while calling ctypes callback function";
                report(cx, message, &self.callable);
                None
            }
        }
    }

    /// Gives C the result: zeros when there is none.
    fn answer(&self, cx: &Context, frame: &mut Frame, result: Option<Value>) {
        let Some(info) = &self.result else {
            return frame.set_result(None, &[]);
        };
        let mut bytes = [0u8; 32];
        if let (Some(value), Some(code)) = (result, info.code()) {
            // SAFETY: room for the largest value.
            let stored = unsafe { code.set(cx, bytes.as_mut_ptr(), &value) };
            match stored {
                Ok(kept) if kept.is_none() => {}
                // The count is C's.
                Ok(kept) if code.letter == b'O' => std::mem::forget(kept),
                Ok(kept) => {
                    // Nobody can say when C does not need it any more.
                    std::mem::forget(kept);
                    let message = "memory leak in callback function.";
                    if warnings::warn(cx, exceptions::runtime_warning(), message, 1).is_err() {
                        report(
                            cx,
                            "Exception ignored while calling ctypes callback function",
                            &self.callable,
                        );
                    }
                }
                Err(Raised) => {
                    let message =
                        "Exception ignored while converting result of ctypes callback function";
                    report(cx, message, &self.callable);
                }
            }
        }
        frame.set_result(Some(&info.passing()), &bytes[..info.size]);
    }
}

/// An argument's bytes as an object.
fn argument(cx: &Context, class: &Ref<Type>, info: &Ref<Info>, bytes: &[u8]) -> PyResult<Value> {
    if let Some(code) = info.code()
        && data::is_plain(class, info)
    {
        // SAFETY: as many bytes as a value has; where it points to, C has something.
        return unsafe { code.get(cx, bytes.as_ptr()) };
    }
    // As when Python makes one: a derived class may have an `__init__`.
    let made = call::call(cx, class.as_value(), &[])?;
    let Some(instance) = meta::instance(&made) else {
        let shown = text::repr_text(cx, class.as_value())?;
        return Err(cx.type_error(format!("cannot build parameter of {shown}")));
    };
    let count = bytes.len().min(instance.size());
    // SAFETY: not more than the memory's size.
    unsafe { super::memory::write(instance.address(), &bytes[..count]) };
    Ok(made)
}

thread_local! {
    /// `errno` as Python programs see it.
    static ERRNO: Cell<i32> = const { Cell::new(0) };
}

/// The program's copy of `errno`, which is set to another value.
pub fn replace_errno(value: i32) -> i32 {
    ERRNO.replace(value)
}

/// The program's copy of `errno`.
pub fn errno() -> i32 {
    ERRNO.get()
}
