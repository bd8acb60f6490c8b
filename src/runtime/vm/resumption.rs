//! How a frame is left for good, suspended, and run again within the loop.
//!
//! A suspended generator's frame belongs to nobody: whoever takes the generator ([`Ref::enter`] of a
//! generator) may touch its frame until [`suspend`] or [`leave`] gives it back, which is the last thing
//! they do with it.

use std::sync::atomic::Ordering;

use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::generator::{self, Generator};
use crate::value::Value;
use crate::vm::frame::{self, Frame, Kind};
use crate::vm::uncounted;

/// Leaves a frame that returned or whose exception goes on to the caller.
///
/// # Safety
/// `frame` is the running frame, with `sp` written back.
#[inline(always)]
pub(super) unsafe fn leave(cx: &Context, frame: *mut Frame) {
    // SAFETY: by the caller's promise.
    unsafe {
        if (*frame).kind == Kind::Stack {
            (*frame).clear();
            frame::pop(cx, frame);
        } else {
            let generator = Generator::of_frame(std::ptr::NonNull::new_unchecked(frame));
            // The caller's stack, or the native caller, holds the generator.
            let generator = &*(&raw const generator).cast::<Ref<Generator>>();
            cx.leave_handled(&generator.handled);
            if !(*frame).is_entry {
                cx.stack.depth.set(cx.stack.depth.get() - 1);
            }
            (*frame).clear();
            (*frame).previous = frame::NONE;
            generator.leave(generator::FINISHED);
        }
    }
}

/// Suspends the running generator's frame.
///
/// # Safety
/// As [`leave`], and the frame is a generator's.
#[inline(always)]
pub(super) unsafe fn suspend(cx: &Context, frame: *mut Frame) {
    // SAFETY: by the caller's promise.
    unsafe {
        debug_assert!((*frame).kind == Kind::Generator);
        // Another thread may resume it, and the collector looks into it.
        uncounted::settle_operands((*frame).stack_base(), (*frame).sp);
        let generator = Generator::of_frame(std::ptr::NonNull::new_unchecked(frame));
        let generator = &*(&raw const generator).cast::<Ref<Generator>>();
        cx.leave_handled(&generator.handled);
        if !(*frame).is_entry {
            cx.stack.depth.set(cx.stack.depth.get() - 1);
        }
        (*frame).previous = frame::NONE;
        generator.leave(generator::SUSPENDED);
    }
}

/// Takes a generator to run it in this loop, called from `frame`. `None` when it is finished.
///
/// # Errors
/// As [`Ref::resume`], and RecursionError.
#[inline(always)]
pub(super) unsafe fn enter_generator(
    cx: &Context,
    frame: *mut Frame,
    generator: &Ref<Generator>,
    sent: Value,
) -> PyResult<Option<*mut Frame>> {
    let depth = cx.stack.depth.get() + 1;
    if depth > frame::RECURSION_LIMIT.load(Ordering::Relaxed) {
        return Err(cx.recursion_error("maximum recursion depth exceeded"));
    }
    let Some(state) = generator.enter(cx)? else {
        return Ok(None);
    };
    if state == generator::CREATED && !sent.is_none() {
        generator.leave(generator::CREATED);
        return Err(cx.type_error(format!(
            "can't send non-None value to a just-started {}",
            generator.kind_name()
        )));
    }
    cx.stack.depth.set(depth);
    cx.enter_handled(&generator.handled);
    let callee = generator.frame();
    // SAFETY: the generator was taken, so its frame is this thread's.
    unsafe {
        *(*callee).sp = sent.into_bits();
        (*callee).sp = (*callee).sp.add(1);
        (*callee).previous = frame;
        (*callee).is_entry = false;
    }
    Ok(Some(callee))
}
