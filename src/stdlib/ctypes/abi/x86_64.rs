//! System V on x86-64 (the psABI): six integer registers, eight vector registers, `rax` says how many of
//! those are in use; `long double` is in memory, and comes back on the x87 stack.
//!
//! Aggregates of up to 16 bytes are passed by their eightbytes: one with an integer in it in an integer
//! register, else in a vector register; all of one or none of it in registers.

use std::arch::naked_asm;
use std::mem::offset_of;

use super::super::callback;
use super::{Assigned, Frame, Machine, Piece, Place, ResultPlace, Shape, THUNKS};

pub const SUPPORTED: bool = true;
pub const INTEGERS: usize = 6;
const VECTORS: usize = 8;
/// The address of a result in memory is the first argument.
pub const RESULT_ADDRESS_IS_ARGUMENT: bool = true;

/// Whether each eightbyte of a value is for an integer register. `None`: the value is passed in memory.
fn eightbytes(shape: &Shape<'_>) -> Option<Vec<bool>> {
    let words = shape.words.filter(|_| shape.size <= 16)?;
    let mut integers = vec![false; shape.size.div_ceil(8)];
    for (at, word) in words.iter() {
        match word {
            Machine::Integer { .. } => *integers.get_mut(at / 8)? = true,
            Machine::Single | Machine::Double => {}
            Machine::LongDouble => return None,
        }
    }
    Some(integers)
}

/// The parts of a value that is in registers, from these on.
fn pieces(size: usize, eightbytes: &[bool], integers: usize, vectors: usize) -> Vec<Piece> {
    let (mut integer, mut vector) = (integers, vectors);
    let parts = eightbytes.iter().enumerate();
    parts
        .map(|(nth, is_integer)| {
            let next = if *is_integer {
                &mut integer
            } else {
                &mut vector
            };
            *next += 1;
            let place = if *is_integer {
                Place::Integer(*next - 1)
            } else {
                Place::Vector(*next - 1)
            };
            let at = 8 * nth;
            let size = (size - at).min(8);
            Piece { at, size, place }
        })
        .collect()
}

pub fn assign(assigned: &mut Assigned, shape: &Shape<'_>) -> Vec<Piece> {
    if shape.size == 0 {
        return Vec::new();
    }
    if let Some(eightbytes) = eightbytes(shape) {
        let integers = eightbytes.iter().filter(|integer| **integer).count();
        let vectors = eightbytes.len() - integers;
        if assigned.integers + integers <= INTEGERS && assigned.vectors + vectors <= VECTORS {
            let parts = pieces(shape.size, &eightbytes, assigned.integers, assigned.vectors);
            assigned.integers += integers;
            assigned.vectors += vectors;
            return parts;
        }
    }
    let place = Place::Stack(assigned.on_stack(shape.size, shape.alignment));
    let (at, size) = (0, shape.size);
    vec![Piece { at, size, place }]
}

pub fn result(shape: &Shape<'_>) -> ResultPlace {
    if let Some(words) = shape.words {
        let is_extended = |(_, word): &(usize, Machine)| *word == Machine::LongDouble;
        let one = words.len() == 1 && shape.size == 16;
        // `long double`, alone in a structure or not, and the complex one.
        let pair = words.len() == 2 && words[1].0 == 16 && shape.is_complex;
        if (one || pair) && words.iter().all(is_extended) {
            let part = |nth| Piece {
                at: 16 * nth,
                size: 16,
                place: Place::Extended(nth),
            };
            return ResultPlace::Registers((0..words.len()).map(part).collect());
        }
    }
    match eightbytes(shape) {
        Some(eightbytes) => ResultPlace::Registers(pieces(shape.size, &eightbytes, 0, 0)),
        None => ResultPlace::Memory,
    }
}

/// Makes the call that the frame describes.
///
/// # Safety
/// The function is one, and takes what is in the frame.
#[unsafe(naked)]
pub unsafe extern "sysv64" fn call(frame: *mut Frame) {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "sub rsp, 8",
        "mov rbx, rdi",
        // The stack, of which the address of the first argument is a multiple of 16.
        "mov rcx, [rbx + {stack_words}]",
        "lea rax, [rcx * 8 + 15]",
        "and rax, -16",
        "sub rsp, rax",
        "mov rsi, [rbx + {stack}]",
        "mov rdi, rsp",
        "cld",
        "rep movsq",
        "movups xmm0, [rbx + {vectors}]",
        "movups xmm1, [rbx + {vectors} + 16]",
        "movups xmm2, [rbx + {vectors} + 32]",
        "movups xmm3, [rbx + {vectors} + 48]",
        "movups xmm4, [rbx + {vectors} + 64]",
        "movups xmm5, [rbx + {vectors} + 80]",
        "movups xmm6, [rbx + {vectors} + 96]",
        "movups xmm7, [rbx + {vectors} + 112]",
        "mov rdi, [rbx + {integers}]",
        "mov rsi, [rbx + {integers} + 8]",
        "mov rdx, [rbx + {integers} + 16]",
        "mov rcx, [rbx + {integers} + 24]",
        "mov r8, [rbx + {integers} + 32]",
        "mov r9, [rbx + {integers} + 40]",
        "mov rax, [rbx + {vector_count}]",
        "call [rbx + {function}]",
        "mov [rbx + {integer_results}], rax",
        "mov [rbx + {integer_results} + 8], rdx",
        "movups [rbx + {vector_results}], xmm0",
        "movups [rbx + {vector_results} + 16], xmm1",
        "cmp qword ptr [rbx + {extended_count}], 0",
        "je 2f",
        "fstp tbyte ptr [rbx + {extended_results}]",
        "cmp qword ptr [rbx + {extended_count}], 1",
        "je 2f",
        "fstp tbyte ptr [rbx + {extended_results} + 16]",
        "2:",
        "lea rsp, [rbp - 8]",
        "pop rbx",
        "pop rbp",
        "ret",
        stack_words = const offset_of!(Frame, stack_words),
        stack = const offset_of!(Frame, stack),
        vectors = const offset_of!(Frame, vectors),
        integers = const offset_of!(Frame, integers),
        vector_count = const offset_of!(Frame, vector_count),
        function = const offset_of!(Frame, function),
        integer_results = const offset_of!(Frame, integer_results),
        vector_results = const offset_of!(Frame, vector_results),
        extended_count = const offset_of!(Frame, extended_count),
        extended_results = const offset_of!(Frame, extended_results),
    )
}

/// Bytes from one thunk to the next.
const STRIDE: usize = 16;

/// The thunks: each leaves its own address in `r11`.
#[unsafe(naked)]
unsafe extern "sysv64" fn thunks() {
    naked_asm!(
        ".p2align 4",
        ".rept {count}",
        // Its own address: the instruction has 7 bytes.
        "lea r11, [rip - 7]",
        "jmp {enter}",
        ".p2align 4",
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
unsafe extern "sysv64" fn enter() {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "sub rsp, {size}",
        "mov [rsp + {integers}], rdi",
        "mov [rsp + {integers} + 8], rsi",
        "mov [rsp + {integers} + 16], rdx",
        "mov [rsp + {integers} + 24], rcx",
        "mov [rsp + {integers} + 32], r8",
        "mov [rsp + {integers} + 40], r9",
        "movups [rsp + {vectors}], xmm0",
        "movups [rsp + {vectors} + 16], xmm1",
        "movups [rsp + {vectors} + 32], xmm2",
        "movups [rsp + {vectors} + 48], xmm3",
        "movups [rsp + {vectors} + 64], xmm4",
        "movups [rsp + {vectors} + 80], xmm5",
        "movups [rsp + {vectors} + 96], xmm6",
        "movups [rsp + {vectors} + 112], xmm7",
        "lea rax, [rbp + 16]",
        "mov [rsp + {stack}], rax",
        "mov rdi, rsp",
        "mov rsi, r11",
        "call {called}",
        "cmp qword ptr [rsp + {extended_count}], 0",
        "je 3f",
        "cmp qword ptr [rsp + {extended_count}], 1",
        "je 2f",
        "fld tbyte ptr [rsp + {extended_results} + 16]",
        "2:",
        "fld tbyte ptr [rsp + {extended_results}]",
        "3:",
        "mov rax, [rsp + {integer_results}]",
        "mov rdx, [rsp + {integer_results} + 8]",
        "movups xmm0, [rsp + {vector_results}]",
        "movups xmm1, [rsp + {vector_results} + 16]",
        "leave",
        "ret",
        size = const size_of::<Frame>().next_multiple_of(16),
        integers = const offset_of!(Frame, integers),
        vectors = const offset_of!(Frame, vectors),
        stack = const offset_of!(Frame, stack),
        integer_results = const offset_of!(Frame, integer_results),
        vector_results = const offset_of!(Frame, vector_results),
        extended_count = const offset_of!(Frame, extended_count),
        extended_results = const offset_of!(Frame, extended_results),
        called = sym called,
    )
}

/// A thunk was called.
unsafe extern "sysv64" fn called(frame: *mut Frame, thunk: usize) {
    let index = (thunk - first_thunk()) / STRIDE;
    // SAFETY: the frame is on the stack of the call, which waits.
    callback::called(index, unsafe { &mut *frame });
}
