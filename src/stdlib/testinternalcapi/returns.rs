//! What code returns, as far as its instructions show it.

use rustc_hash::FxHashSet;
use typhon_compiler::opcode::Opcode;
use typhon_compiler::wordcode;
use typhon_macros::pyfunction;
use typhon_runtime::objects::code::Code;
use typhon_runtime::{Context, PyResult, Value};

use super::code::code_argument;

/// Whether each `RETURN_VALUE` stands behind the instruction that loads None, and nothing jumps in between.
fn returns_only_none(code: &Code) -> bool {
    let instructions: Vec<_> = code.compiled.decode().collect();
    let targets: FxHashSet<usize> = instructions
        .iter()
        .filter_map(|&(unit, opcode, argument)| {
            wordcode::jump_target(unit as usize, opcode, argument)
        })
        .chain(
            code.compiled
                .exceptions
                .iter()
                .map(|handler| handler.target as usize),
        )
        .collect();
    let is_none = |index: u32| {
        code.constants
            .get(index as usize)
            .is_some_and(Value::is_none)
    };
    let mut before = None;
    instructions.iter().all(|&(unit, opcode, argument)| {
        let previous = before.replace((opcode, argument));
        let is_loaded = match previous {
            Some((Opcode::LOAD_CONST, constant)) => is_none(constant),
            _ => false,
        };
        opcode != Opcode::RETURN_VALUE || is_loaded && !targets.contains(&(unit as usize))
    })
}

#[pyfunction("code_returns_only_none(object, /)")]
pub fn code_returns_only_none(cx: &Context, object: &Value) -> PyResult<bool> {
    code_argument(cx, object).map(|code| returns_only_none(code))
}
