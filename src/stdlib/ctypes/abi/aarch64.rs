//! AAPCS64: eight integer registers, eight vector registers, `x8` has the address of a result in memory.
//!
//! Aggregates of one to four floats of one type are in vector registers, one each; others of up to 16 bytes in
//! integer registers; larger ones are copied, and their address is passed.

use std::arch::naked_asm;
use std::mem::offset_of;

use super::super::callback;
use super::{Assigned, Frame, Machine, Piece, Place, ResultPlace, Shape, THUNKS};

pub const SUPPORTED: bool = true;
pub const INTEGERS: usize = 8;
const VECTORS: usize = 8;
pub const RESULT_ADDRESS_IS_ARGUMENT: bool = false;

fn float_size(word: Machine) -> Option<usize> {
    match word {
        Machine::Integer { .. } => None,
        Machine::Single => Some(4),
        Machine::Double => Some(8),
        Machine::LongDouble => Some(16),
    }
}

/// Size and number of the floats that a value is made of, if it is of one to four of one type.
fn floats(shape: &Shape<'_>) -> Option<(usize, usize)> {
    let words = shape.words?;
    let size = float_size(words.first()?.1)?;
    let count = shape.size / size;
    let same = words
        .iter()
        .all(|(at, word)| float_size(*word) == Some(size) && at.is_multiple_of(size));
    // Members of unions lie upon each other; between members there may be nothing.
    let whole = (0..count).all(|nth| words.iter().any(|(at, _)| *at == nth * size));
    (same && whole && shape.size == count * size && (1..=4).contains(&count))
        .then_some((size, count))
}

fn in_vectors(first: usize, (size, count): (usize, usize)) -> Vec<Piece> {
    (0..count)
        .map(|nth| Piece {
            at: nth * size,
            size,
            place: Place::Vector(first + nth),
        })
        .collect()
}

fn in_integers(first: usize, size: usize) -> Vec<Piece> {
    (0..size.div_ceil(8))
        .map(|nth| Piece {
            at: 8 * nth,
            size: (size - 8 * nth).min(8),
            place: Place::Integer(first + nth),
        })
        .collect()
}

fn on_stack(assigned: &mut Assigned, shape: &Shape<'_>) -> Vec<Piece> {
    let place = Place::Stack(assigned.on_stack(shape.size, shape.alignment));
    let (at, size) = (0, shape.size);
    vec![Piece { at, size, place }]
}

pub fn assign(assigned: &mut Assigned, shape: &Shape<'_>) -> Vec<Piece> {
    if shape.size == 0 {
        return Vec::new();
    }
    if let Some(floats) = floats(shape) {
        if assigned.vectors + floats.1 <= VECTORS {
            assigned.vectors += floats.1;
            return in_vectors(assigned.vectors - floats.1, floats);
        }
        assigned.vectors = VECTORS;
        return on_stack(assigned, shape);
    }
    if shape.size > 16 {
        let place = match assigned.integer_or_stack() {
            Place::Integer(nth) => Place::ByRegister(nth),
            Place::Stack(at) => Place::ByStack(at),
            other => other,
        };
        let (at, size) = (0, shape.size);
        return vec![Piece { at, size, place }];
    }
    let count = shape.size.div_ceil(8);
    if shape.alignment == 16 {
        assigned.integers = assigned.integers.next_multiple_of(2);
    }
    if assigned.integers + count <= INTEGERS {
        assigned.integers += count;
        return in_integers(assigned.integers - count, shape.size);
    }
    assigned.integers = INTEGERS;
    on_stack(assigned, shape)
}

pub fn result(shape: &Shape<'_>) -> ResultPlace {
    if let Some(floats) = floats(shape) {
        return ResultPlace::Registers(in_vectors(0, floats));
    }
    if shape.size > 16 {
        return ResultPlace::Memory;
    }
    ResultPlace::Registers(in_integers(0, shape.size))
}

/// Makes the call that the frame describes.
///
/// # Safety
/// The function is one, and takes what is in the frame.
#[unsafe(naked)]
pub unsafe extern "C" fn call(frame: *mut Frame) {
    naked_asm!(
        "stp x29, x30, [sp, #-32]!",
        "mov x29, sp",
        "str x19, [sp, #16]",
        "mov x19, x0",
        "ldr x9, [x19, #{stack_words}]",
        "ldr x10, [x19, #{stack}]",
        "lsl x11, x9, #3",
        "add x11, x11, #15",
        "and x11, x11, #0xfffffffffffffff0",
        "sub sp, sp, x11",
        "mov x12, sp",
        "2:",
        "cbz x9, 3f",
        "ldr x13, [x10], #8",
        "str x13, [x12], #8",
        "sub x9, x9, #1",
        "b 2b",
        "3:",
        "add x9, x19, #{vectors}",
        "ldp q0, q1, [x9]",
        "ldp q2, q3, [x9, #32]",
        "ldp q4, q5, [x9, #64]",
        "ldp q6, q7, [x9, #96]",
        "ldr x8, [x19, #{indirect}]",
        "ldr x16, [x19, #{function}]",
        "add x9, x19, #{integers}",
        "ldp x0, x1, [x9]",
        "ldp x2, x3, [x9, #16]",
        "ldp x4, x5, [x9, #32]",
        "ldp x6, x7, [x9, #48]",
        "blr x16",
        "add x9, x19, #{integer_results}",
        "stp x0, x1, [x9]",
        "add x9, x19, #{vector_results}",
        "stp q0, q1, [x9]",
        "stp q2, q3, [x9, #32]",
        "mov sp, x29",
        "ldr x19, [sp, #16]",
        "ldp x29, x30, [sp], #32",
        "ret",
        stack_words = const offset_of!(Frame, stack_words),
        stack = const offset_of!(Frame, stack),
        vectors = const offset_of!(Frame, vectors),
        integers = const offset_of!(Frame, integers),
        indirect = const offset_of!(Frame, indirect),
        function = const offset_of!(Frame, function),
        integer_results = const offset_of!(Frame, integer_results),
        vector_results = const offset_of!(Frame, vector_results),
    )
}

/// Bytes from one thunk to the next.
const STRIDE: usize = 8;

/// The thunks: each leaves its own address in `x16`.
#[unsafe(naked)]
unsafe extern "C" fn thunks() {
    naked_asm!(
        ".p2align 3",
        ".rept {count}",
        "adr x16, .",
        "b {enter}",
        ".endr",
        count = const THUNKS,
        enter = sym enter,
    )
}

fn first_thunk() -> usize {
    (thunks as *const () as usize).next_multiple_of(STRIDE)
}

/// The address of a thunk.
pub fn thunk(index: usize) -> usize {
    first_thunk() + STRIDE * index
}

/// What all thunks go to: a frame on the stack, and Rust.
#[unsafe(naked)]
unsafe extern "C" fn enter() {
    naked_asm!(
        "stp x29, x30, [sp, #-16]!",
        "mov x29, sp",
        "sub sp, sp, #{size}",
        "add x9, sp, #{integers}",
        "stp x0, x1, [x9]",
        "stp x2, x3, [x9, #16]",
        "stp x4, x5, [x9, #32]",
        "stp x6, x7, [x9, #48]",
        "add x9, sp, #{vectors}",
        "stp q0, q1, [x9]",
        "stp q2, q3, [x9, #32]",
        "stp q4, q5, [x9, #64]",
        "stp q6, q7, [x9, #96]",
        "add x9, x29, #16",
        "str x9, [sp, #{stack}]",
        "mov x0, sp",
        "mov x1, x16",
        "bl {called}",
        "add x9, sp, #{integer_results}",
        "ldp x0, x1, [x9]",
        "add x9, sp, #{vector_results}",
        "ldp q0, q1, [x9]",
        "ldp q2, q3, [x9, #32]",
        "mov sp, x29",
        "ldp x29, x30, [sp], #16",
        "ret",
        size = const size_of::<Frame>().next_multiple_of(16),
        integers = const offset_of!(Frame, integers),
        vectors = const offset_of!(Frame, vectors),
        stack = const offset_of!(Frame, stack),
        integer_results = const offset_of!(Frame, integer_results),
        vector_results = const offset_of!(Frame, vector_results),
        called = sym called,
    )
}

/// A thunk was called.
unsafe extern "C" fn called(frame: *mut Frame, thunk: usize) {
    let index = (thunk - first_thunk()) / STRIDE;
    // SAFETY: the frame is on the stack of the call, which waits.
    callback::called(index, unsafe { &mut *frame });
}
