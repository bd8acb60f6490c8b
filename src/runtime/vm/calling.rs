//! The instructions that call: a Python function's frame is pushed and runs in the same loop, anything
//! else is called here and has returned.
//!
//! The operands of a call (callable, `self` or null, arguments) lie on the caller's stack from `base`
//! on. Whatever happens, the caller's frame says afterwards which of them are left: none after a return
//! or a pushed frame, and after an error those up to its `sp`, which the handler drops.

use typhon_compiler::opcode::Opcode;

use std::mem::ManuallyDrop;

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Payload, Ref};
use crate::objects::descriptors::MethodDescriptor;
use crate::objects::function::Function;
use crate::objects::method::Method;
use crate::objects::native::NativeFunction;
use crate::objects::object;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::call::call_args;
use crate::value::Value;
use crate::vm::frame::{self, Callee, Frame, Kind};
use crate::vm::{bind, instructions, uncounted};

/// What a called object did.
pub(super) enum Called {
    /// It returned this.
    Returned(Value),
    /// Its frame was pushed.
    Entered(*mut Frame),
}

/// `CALL`: the callable, `self` or null, and the arguments lie from `base` to `sp`; they are gone
/// afterwards, but for those that became the callee's variables.
///
/// # Errors
/// What the call raises; the frame's `sp` says which operands are still there then.
#[inline(always)]
pub(super) unsafe fn call(
    cx: &Context,
    frame: *mut Frame,
    sp: *mut u64,
    base: *mut u64,
) -> PyResult<Called> {
    // SAFETY: the compiler pushed callable, self or null and the arguments; `sp` is written back.
    unsafe {
        let callable = &callable_at(base);
        let shaped = callable.shaped();
        let first = base.add(if *base.add(1) != 0 { 1 } else { 2 });
        let total = sp.offset_from_unsigned(first);
        if let Some(function) = shaped.downcast_exact::<Function>() {
            let code = function.code();
            let wanted = code.arg_count as usize;
            if code.is_simple
                && (*frame).kind == Kind::Stack
                && (wanted == total || wanted > total && push_defaults(cx, function, total, sp)?)
            {
                // The arguments become variables of the callee; they are dropped if there is none.
                let callee = Callee::of_operand(std::mem::take(&mut *base));
                (*frame).sp = base;
                return frame::push(cx, callee, first, wanted, frame).map(Called::Entered);
            }
            let args =
                Args::positional_only(std::slice::from_raw_parts(first.cast::<Value>(), total));
            return enter_function(cx, frame, sp, base, args);
        }
        if let Some(function) = shaped.downcast_exact::<NativeFunction>() {
            let args =
                Args::positional_only(std::slice::from_raw_parts(first.cast::<Value>(), total));
            let result = function.call(cx, args)?;
            drop_call(sp, first, base);
            return Ok(Called::Returned(result));
        }
        if let Some(method) = shaped.downcast_exact::<MethodDescriptor>() {
            let values = std::slice::from_raw_parts(first.cast::<Value>(), total);
            let result = match values.split_first() {
                Some((this, rest)) => method.call_on(cx, this, Args::positional_only(rest))?,
                None => method.call_on_first(cx, Args::positional_only(values))?,
            };
            drop_call(sp, first, base);
            return Ok(Called::Returned(result));
        }
        // A class whose own class is `type`, which calls it.
        if let Some(class) = shaped.downcast_exact::<Type>() {
            if total == 1 && class.is(<Type as Payload>::class()) {
                let result = (*first.cast::<Value>()).class().to_value();
                drop_call(sp, first, base);
                return Ok(Called::Returned(result));
            }
            if *base.add(1) == 0
                && (*frame).kind == Kind::Stack
                && let Some((instance, init)) = object::instance_to_initialize(cx, class, total)?
            {
                // (class, NULL, …) becomes (instance, instance, …): the result, and the first variable.
                uncounted::discard(base);
                *base.add(1) = instance.clone().into_bits();
                *base = instance.into_bits();
                (*frame).sp = base.add(1);
                let callee = frame::push(cx, init, base.add(1), total + 1, frame)?;
                (*callee).is_init = true;
                return Ok(Called::Entered(callee));
            }
            let args =
                Args::positional_only(std::slice::from_raw_parts(first.cast::<Value>(), total));
            let result = class.call(cx, args)?;
            drop_call(sp, first, base);
            return Ok(Called::Returned(result));
        }
        if *base.add(1) == 0
            && let Some(method) = shaped.downcast_exact::<Method>()
        {
            take_apart(method, base);
            return call_bound(cx, frame, sp, base);
        }
        // One with attributes of its own has another shape.
        if callable.downcast::<Function>().is_some() {
            let args =
                Args::positional_only(std::slice::from_raw_parts(first.cast::<Value>(), total));
            return enter_function(cx, frame, sp, base, args);
        }
        call_object(cx, sp, base, total, &[])
    }
}

/// Where the operands of a call begin.
///
/// # Safety
/// The frame is about to carry out the call, with `sp` written back.
pub(super) unsafe fn base_of(frame: *mut Frame, opcode: Opcode, argument: u32) -> *mut u64 {
    let count = match opcode {
        Opcode::CALL => argument as usize + 2,
        Opcode::CALL_KW => argument as usize + 3,
        _ => 4,
    };
    // SAFETY: the compiler pushed as many.
    unsafe { (*frame).sp.sub(count) }
}

/// The callable of a call and its first positional argument, if it has one.
///
/// # Safety
/// As [`base_of`], which gave `base`.
pub(super) unsafe fn callable_of(
    base: *mut u64,
    sp: *mut u64,
    opcode: Opcode,
) -> (Value, Option<Value>) {
    // SAFETY: the compiler pushed callable, `self` or null, arguments (and names).
    unsafe {
        let callable = Value::clone(&callable_at(base));
        let word = |index: usize| (*base.add(index).cast::<Option<Value>>()).clone();
        let first = match opcode {
            Opcode::CALL_FUNCTION_EX => arguments_at(base)
                .downcast::<Tuple>()
                .and_then(|items| items.as_slice().first().cloned()),
            _ => word(1).or_else(|| {
                let names = usize::from(opcode == Opcode::CALL_KW);
                let count = sp.offset_from_unsigned(base) - 2 - names;
                (count > 0).then(|| word(2)).flatten()
            }),
        };
        match callable.downcast_exact::<Method>() {
            Some(method) if word(1).is_none() => (callable.clone(), Some(method.this.clone())),
            _ => (callable, first),
        }
    }
}

/// Carries a call out without pushing a frame; the operands are gone after it has returned.
///
/// # Errors
/// What the call raises; the operands are still there then.
///
/// # Safety
/// As [`callable_of`].
pub(super) unsafe fn call_natively(
    cx: &Context,
    frame: *mut Frame,
    opcode: Opcode,
    base: *mut u64,
) -> PyResult<Value> {
    // SAFETY: as in `callable_of`.
    unsafe {
        let sp = (*frame).sp;
        let callable = &callable_at(base);
        let result = if opcode == Opcode::CALL_FUNCTION_EX {
            let arguments = &arguments_at(base);
            let keywords = (*base.add(3).cast::<Option<Value>>()).as_ref();
            let (values, names) =
                instructions::unpack_arguments(cx, callable, arguments, keywords)?;
            let args = Args {
                values: &values,
                names: &names,
            };
            call_args(cx, callable, args)?
        } else {
            let names = (opcode == Opcode::CALL_KW).then(|| (*sp.sub(1).cast::<Value>()).clone());
            let end = if names.is_some() { sp.sub(1) } else { sp };
            let first = base.add(if *base.add(1) != 0 { 1 } else { 2 });
            let total = end.offset_from_unsigned(first);
            let args = Args {
                values: std::slice::from_raw_parts(first.cast::<Value>(), total),
                names: names
                    .as_ref()
                    .and_then(|names| names.downcast::<Tuple>())
                    .map_or(&[], |names| names.as_slice()),
            };
            call_args(cx, callable, args)?
        };
        drop_operands(sp, base);
        (*frame).sp = base;
        Ok(result)
    }
}

/// Puts the defaults of the parameters of a simple function that are not `given` on top of the arguments, at
/// `sp`. False: it has not enough of them, and nothing was done.
///
/// # Errors
/// RecursionError. Nothing was done then either.
///
/// # Safety
/// `sp` is the top of this thread's stack, with nothing live above.
#[inline(never)]
unsafe fn push_defaults(
    cx: &Context,
    function: &Ref<Function>,
    given: usize,
    sp: *mut u64,
) -> PyResult<bool> {
    let code = function.code();
    let missing = code.arg_count as usize - given;
    bind::room(cx, sp, code)?;
    let push = |defaults: &Value| {
        let defaults = defaults.downcast_exact::<Tuple>()?.as_slice();
        let used = defaults.len().checked_sub(missing)?;
        for (index, value) in defaults[used..].iter().enumerate() {
            // SAFETY: there is room for the parameters.
            unsafe { *sp.add(index) = value.clone().into_bits() };
        }
        Some(())
    };
    if function.defaults.look(push).is_some() {
        return Ok(true);
    }
    let Some(defaults) = function.defaults.get() else {
        return Ok(false);
    };
    let pushed = push(&defaults).is_some();
    // SAFETY: there is room for the parameters.
    bind::let_go_above(cx, unsafe { sp.add(missing) }, defaults);
    Ok(pushed)
}

/// `(method, NULL, …)` becomes `(function, self, …)`.
#[inline(always)]
unsafe fn take_apart(method: &Method, base: *mut u64) {
    // SAFETY: the words at `base` are the operands of the call: the method, and null.
    unsafe {
        let function = method.function.clone();
        let this = method.this.clone();
        uncounted::discard(base);
        *base = function.into_bits();
        *base.add(1) = this.into_bits();
    }
}

/// [`call`] again, for a method that was taken apart.
#[inline(never)]
unsafe fn call_bound(
    cx: &Context,
    frame: *mut Frame,
    sp: *mut u64,
    base: *mut u64,
) -> PyResult<Called> {
    // SAFETY: as in `call`.
    unsafe { call(cx, frame, sp, base) }
}

/// Calls what is no Python function.
#[inline(never)]
unsafe fn call_object(
    cx: &Context,
    sp: *mut u64,
    base: *mut u64,
    total: usize,
    names: &[Value],
) -> PyResult<Called> {
    // SAFETY: as in `call`: `total` values are on top.
    unsafe {
        let callable = &callable_at(base);
        let args = Args {
            values: std::slice::from_raw_parts(sp.sub(total).cast::<Value>(), total),
            names,
        };
        let result = call_args(cx, callable, args)?;
        drop_operands(sp, base);
        Ok(Called::Returned(result))
    }
}

/// Drops the operands of a call: the arguments from `first` to `sp`, the last one first, and the callable at
/// `base`.
#[inline(always)]
unsafe fn drop_call(mut sp: *mut u64, first: *mut u64, base: *mut u64) {
    // SAFETY: arguments are values, each counted; between callable and arguments there is nothing but null.
    unsafe {
        while sp > first {
            sp = sp.sub(1);
            drop(Value::from_bits(std::mem::take(&mut *sp)));
        }
        uncounted::discard(base);
    }
}

/// Drops the operands from `base` to `sp`, the last one first.
#[inline(always)]
unsafe fn drop_operands(mut sp: *mut u64, base: *mut u64) {
    // SAFETY: the words from `base` to `sp` are operands of the call.
    unsafe {
        while sp > base {
            sp = sp.sub(1);
            uncounted::discard(sp);
        }
    }
}

/// Pushes the frame of a property's getter, a simple function of one argument. The owner, on top of the
/// stack at `base`, becomes its variable.
///
/// # Errors
/// RecursionError; the owner is gone then.
///
/// # Safety
/// `frame` is on the stack, `getter` is an operand's word, and nothing lies above the owner.
#[inline(always)]
pub(super) unsafe fn enter_getter(
    cx: &Context,
    frame: *mut Frame,
    base: *mut u64,
    getter: u64,
) -> PyResult<Called> {
    // SAFETY: by the caller's promise.
    unsafe {
        (*frame).sp = base;
        frame::push(cx, Callee::of_operand(getter), base, 1, frame).map(Called::Entered)
    }
}

/// The callable of a call.
///
/// # Safety
/// The words from `base` on are the operands of a call; they stay while the result is used.
#[inline(always)]
unsafe fn callable_at(base: *mut u64) -> ManuallyDrop<Value> {
    // SAFETY: the compiler pushed a callable there.
    ManuallyDrop::new(unsafe { Value::from_bits(uncounted::plain(*base)) })
}

/// The arguments of `CALL_FUNCTION_EX`. Without keywords `PUSH_NULL` follows them, and a `LOAD_GLOBAL` with
/// that loads what may be called: the word is counted or not.
///
/// # Safety
/// As for [`callable_at`].
#[inline(always)]
unsafe fn arguments_at(base: *mut u64) -> ManuallyDrop<Value> {
    // SAFETY: the compiler pushed them there, above the callable and a null.
    unsafe { callable_at(base.add(2)) }
}

/// Pushes the frame of a call that needs binding; the operands from `base` on are dropped.
#[inline(never)]
unsafe fn enter_function(
    cx: &Context,
    frame: *mut Frame,
    sp: *mut u64,
    base: *mut u64,
    args: Args<'_>,
) -> PyResult<Called> {
    // SAFETY: the callable at `base` is a function; variables are written above all that is live.
    unsafe {
        let callable = callable_at(base);
        let function = callable
            .downcast::<Function>()
            .expect("invariant: a function is called");
        let count = args.values.len();
        let given = function.code().parameter_count();
        let operands = sp.sub(count);
        if std::ptr::eq(args.values.as_ptr(), operands.cast()) {
            let first = if (*frame).kind == Kind::Stack {
                operands
            } else {
                // A generator's operands move to the stack.
                let top = cx.stack.top.get();
                bind::room(cx, top, function.code())?;
                std::ptr::copy_nonoverlapping(operands, top, count);
                top
            };
            if bind::bind_in_place(cx, function, args.names, first, first.add(count))? {
                if first != operands {
                    std::ptr::write_bytes(operands, 0, count);
                }
                let callee = Callee::of_operand(std::mem::take(&mut *base));
                (*frame).sp = base;
                return frame::push(cx, callee, first, given, frame).map(Called::Entered);
            }
        }
        let locals = if (*frame).kind == Kind::Stack {
            sp
        } else {
            cx.stack.top.get()
        };
        bind::room(cx, locals, function.code())?;
        // What binding calls leaves the variables alone.
        let top = cx.stack.top.get();
        cx.stack.top.set(top.max(locals.add(given)));
        let bound = bind::bind(cx, function, args, locals);
        cx.stack.top.set(top);
        bound?;
        let callee = Callee::of_operand(std::mem::take(&mut *base));
        let callee = frame::push(cx, callee, locals, given, frame)?;
        drop_operands(sp, base);
        (*frame).sp = base;
        Ok(Called::Entered(callee))
    }
}

/// `CALL_KW`: as [`call`], with a tuple of names on top.
#[inline(never)]
pub(super) unsafe fn call_keywords(
    cx: &Context,
    frame: *mut Frame,
    sp: *mut u64,
    base: *mut u64,
) -> PyResult<Called> {
    // SAFETY: as in `call`; the names lie on top of the arguments.
    unsafe {
        let sp = sp.sub(1);
        let names: Value = Value::from_bits(*sp);
        (*frame).sp = sp;
        let names_tuple = names
            .downcast::<Tuple>()
            .expect("invariant: the compiler pushes a tuple");
        if *base.add(1) == 0
            && let Some(method) = callable_at(base).downcast_exact::<Method>()
        {
            take_apart(method, base);
        }
        let first = base.add(if *base.add(1) != 0 { 1 } else { 2 });
        let total = sp.offset_from_unsigned(first);
        if callable_at(base).is_exact::<Function>() {
            let values = std::slice::from_raw_parts(first.cast::<Value>(), total);
            let args = Args {
                values,
                names: names_tuple.as_slice(),
            };
            return enter_function(cx, frame, sp, base, args);
        }
        call_object(cx, sp, base, total, names_tuple.as_slice())
    }
}

/// `CALL_FUNCTION_EX`: callable, NULL, arguments, keywords or NULL.
#[inline(never)]
pub(super) unsafe fn call_unpacked(
    cx: &Context,
    frame: *mut Frame,
    sp: *mut u64,
) -> PyResult<Called> {
    // SAFETY: the compiler pushed these four operands.
    unsafe {
        let base = sp.sub(4);
        let callable = &callable_at(base);
        let arguments = &arguments_at(base);
        let keywords = (*base.add(3).cast::<Option<Value>>()).as_ref();
        let (values, names) = instructions::unpack_arguments(cx, callable, arguments, keywords)?;
        let args = Args {
            values: &values,
            names: &names,
        };
        if callable.is_exact::<Function>() {
            return enter_function(cx, frame, sp, base, args);
        }
        let result = call_args(cx, callable, args)?;
        drop_operands(sp, base);
        Ok(Called::Returned(result))
    }
}
