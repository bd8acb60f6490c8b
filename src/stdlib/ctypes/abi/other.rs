//! Machines whose calling convention nobody has written down here: there are no calls.

use super::{Assigned, Frame, Piece, ResultPlace, Shape};

pub const SUPPORTED: bool = false;
pub const INTEGERS: usize = 0;
pub const RESULT_ADDRESS_IS_ARGUMENT: bool = false;

pub fn assign(_: &mut Assigned, _: &Shape<'_>) -> Vec<Piece> {
    Vec::new()
}

pub fn result(_: &Shape<'_>) -> ResultPlace {
    ResultPlace::Registers(Vec::new())
}

/// Nobody calls this: `SUPPORTED` is asked first.
///
/// # Safety
/// None is needed.
pub unsafe fn call(_: *mut Frame) {}

/// There are none.
pub fn thunk(_: usize) -> usize {
    0
}
