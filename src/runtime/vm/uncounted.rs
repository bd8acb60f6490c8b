//! References on the operand stack that are not counted.
//!
//! What a call is about to call lies on the stack from the moment it was looked up until the call. When it
//! is an object that is freed only with the world stopped (immortal, or with distributed counts: every
//! function and method that threads share gets those), the stack's reference is not counted: calls of
//! shared functions then write to no count at all, not even to one of this thread's own.
//!
//! ```text
//!   …………………0000   an object, counted                    (objects are aligned to 16 bytes)
//!   …………………1000   the address of an object, not counted
//! ```
//!
//! Where such words may be: in the place of the callable, pushed by `LOAD_GLOBAL` and `LOAD_ATTR` in the
//! form that is followed by a call, and by `LOAD_FAST` and `LOAD_DEREF` with `PUSH_NULL`; in the place of
//! the arguments of a `CALL_FUNCTION_EX` without keywords, which is below a `PUSH_NULL` too; and as a
//! frame's function (`Frame::owns_function`). Nothing else on the stack has the mark, so only the
//! instructions that call, and what drops operands, know it. A frame that may leave the thread's stack, a
//! generator's, has none: [`settle_operands`].
//!
//! *Why the object stays.* It was distributed or immortal when the reference was made, so it is freed with
//! the world stopped only: by the collector. Whoever stops the world in order to free calls [`settle`]
//! first, which counts all such references. A word that is dead never has the mark, since it is cleared
//! when the word is consumed: `settle` need not know how deep a stack is at the moment.
//!
//! *Why finding it needs no count either.* See [`Field::operand`].
//!
//! [`Field::operand`]: crate::field::Field::operand

use typhon_sync::{Header, StoppedWorld, ThreadRecord};

use crate::context::Context;
use crate::value::Value;
use crate::vm::frame::{Frame, Kind};

/// The mark of a word that is not counted.
const UNCOUNTED: u64 = 8;
const TAG: u64 = 15;

/// The word for a reference to `header` that is not counted.
#[inline(always)]
pub(crate) fn word_of(header: &Header) -> u64 {
    std::ptr::from_ref(header) as u64 | UNCOUNTED
}

/// The word for `value` in the place of a callable. The value's own count stays where it is.
#[inline(always)]
pub(crate) fn callable(value: &Value) -> u64 {
    match value.header() {
        Some(header) if header.is_kept() => word_of(header),
        _ => value.clone().into_bits(),
    }
}

/// Whether the word is a reference that is not counted.
#[inline(always)]
pub(super) fn is_uncounted(word: u64) -> bool {
    word & TAG == UNCOUNTED
}

/// The value's own word.
#[inline(always)]
pub(super) fn plain(word: u64) -> u64 {
    if is_uncounted(word) {
        word ^ UNCOUNTED
    } else {
        word
    }
}

/// Takes the word off its place and drops what it counts.
///
/// # Safety
/// The word is an operand.
#[inline(always)]
pub(super) unsafe fn discard(place: *mut u64) {
    // SAFETY: an operand that counts is an optional value.
    unsafe {
        let word = std::mem::take(&mut *place);
        if word != 0 && word & TAG == 0 {
            drop(Value::from_bits(word));
        }
    }
}

/// Drops what a word counts that did not get onto the stack.
///
/// # Safety
/// The word was made for the stack, and is used no more.
pub(crate) unsafe fn give_back(mut word: u64) {
    // SAFETY: by the caller's promise.
    unsafe { discard(&raw mut word) };
}

/// Counts what lies in the words from `start` to `end`.
///
/// # Safety
/// The words are operands, variables, or dead.
#[inline(always)]
pub(super) unsafe fn settle_operands(start: *mut u64, end: *mut u64) {
    let mut place = start;
    while place < end {
        // SAFETY: by the caller's promise; a word with the mark is the address of a living object.
        unsafe {
            if is_uncounted(*place) {
                *place ^= UNCOUNTED;
                (*(*place as *const Header)).incref();
            }
            place = place.add(1);
        }
    }
}

/// Counts all references of all threads, so that objects can be freed by their counts.
pub(crate) fn settle(_world: &StoppedWorld) {
    ThreadRecord::for_each(|record| {
        // SAFETY: null, or the context of a thread that cannot end while the world is stopped.
        if let Some(cx) = unsafe { record.user_data().cast::<Context>().as_ref() } {
            // SAFETY: the world is stopped.
            unsafe { settle_thread(cx) };
        }
    });
}

/// # Safety
/// The thread does not run.
unsafe fn settle_thread(cx: &Context) {
    // SAFETY: the words up to the top are operands, variables or dead; the headers from `frames_end` on
    // are frames of this stack; the frames that run are linked. A frame's memory has `frame_words` words.
    unsafe {
        settle_operands(cx.stack.start(), cx.stack.top.get());
        for frame in cx.stack.frames() {
            (*frame).own_function();
        }
        let mut frame: *mut Frame = cx.stack.frame.get();
        while let Some(running) = frame.as_mut() {
            if running.kind == Kind::Generator {
                let words = running.code().frame_words as usize;
                settle_operands(running.locals, running.locals.add(words));
            }
            frame = running.previous;
        }
    }
}
