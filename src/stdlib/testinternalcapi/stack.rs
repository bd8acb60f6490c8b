//! How deep calls are, and how much of the native stack is left. It grows down.

use std::hint::black_box;

use typhon_macros::pyfunction;
use typhon_runtime::context::NATIVE_STACK_RESERVE;
use typhon_runtime::{Context, PyResult};

/// What a level of native recursion is taken to need, in bytes: a built-in function that calls another
/// through the protocols.
const LEVEL: usize = 1024;

/// The address of a local variable of the caller, more or less.
#[inline(never)]
fn stack_pointer() -> usize {
    let here = 0u8;
    std::ptr::from_ref(black_box(&here)).addr()
}

/// How many Python functions are active.
#[pyfunction("get_recursion_depth()")]
pub fn get_recursion_depth(cx: &Context) -> PyResult<u32> {
    Ok(cx.stack.depth.get())
}

/// About how many levels of native recursion are left before RecursionError.
#[pyfunction("get_c_recursion_remaining()")]
pub fn get_c_recursion_remaining(cx: &Context) -> PyResult<usize> {
    Ok(stack_pointer().saturating_sub(cx.native_stack_limit.get()) / LEVEL)
}

#[pyfunction("get_stack_pointer()")]
pub fn get_stack_pointer(_cx: &Context) -> PyResult<usize> {
    Ok(stack_pointer())
}

/// Bytes of the native stack that are kept for the handling of RecursionError.
#[pyfunction("get_stack_margin()")]
pub fn get_stack_margin(_cx: &Context) -> PyResult<usize> {
    Ok(NATIVE_STACK_RESERVE)
}
