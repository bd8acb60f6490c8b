//! Marks on instructions: where which events can happen, and the opcodes that say so.
//!
//! The data of a code object is made when it is first marked and stays. Invariants:
//! * a unit whose opcode is `INSTRUMENTED` keeps its argument; its original opcode is the compiler's;
//! * units that are no first unit of an instruction (indices of caches) are never marked;
//! * `RESUME`, and what a `for` or `yield from` skips, begin no line.

use std::sync::atomic::{AtomicU32, Ordering, fence};

use parking_lot::Mutex;
use rustc_hash::FxHashSet;
use typhon_compiler::opcode::Opcode;

use super::{TOOLS, event};
use crate::context::Context;
use crate::object::Ref;
use crate::objects::code::Code;

/// The opcode of marked instructions. No instruction of the compiler's has it.
pub const INSTRUMENTED: u8 = 254;

const NO_LINE: u32 = u32::MAX;

/// What monitoring knows of one code object.
pub struct CodeMonitoring {
    /// For each unit the events that can happen there.
    possible: Box<[u32]>,
    /// For each unit its line, [`NO_LINE`] for none.
    lines: Box<[u32]>,
    /// Events that each tool wants in this code.
    local: [AtomicU32; TOOLS],
    /// Events that a callback disabled: unit, tool, event.
    disabled: Mutex<FxHashSet<(u32, u8, u32)>>,
}

impl CodeMonitoring {
    fn new(code: &Code) -> CodeMonitoring {
        let lines = lines(code);
        CodeMonitoring {
            possible: possible_events(code, &lines),
            lines: lines.iter().map(|line| line.unwrap_or(NO_LINE)).collect(),
            local: [const { AtomicU32::new(0) }; TOOLS],
            disabled: Mutex::default(),
        }
    }

    /// Events that any tool wants in this code.
    pub fn local_events(&self) -> u32 {
        self.local
            .iter()
            .fold(0, |events, tool| events | tool.load(Ordering::Relaxed))
    }

    /// Events that `tool` wants in this code.
    pub fn local_events_of(&self, tool: usize) -> u32 {
        self.local[tool].load(Ordering::Relaxed)
    }

    /// The line of `unit`.
    pub fn line_at(&self, unit: usize) -> Option<u32> {
        self.lines
            .get(unit)
            .copied()
            .filter(|line| *line != NO_LINE)
    }

    /// The events that can happen at `unit`.
    pub fn possible_at(&self, unit: usize) -> u32 {
        self.possible[unit]
    }

    pub(super) fn is_disabled(&self, unit: usize, tool: usize, event: u32) -> bool {
        self.disabled
            .lock()
            .contains(&(unit as u32, tool as u8, event))
    }

    pub(super) fn disable(&self, unit: usize, tool: usize, event: u32) {
        self.disabled
            .lock()
            .insert((unit as u32, tool as u8, event));
    }
}

/// The data of a code object, made if there is none.
pub fn data(code: &Code) -> &CodeMonitoring {
    code.monitoring
        .get_or_init(|| Box::new(CodeMonitoring::new(code)))
}

/// The line of each unit; `None` for code that stands for none.
fn lines(code: &Code) -> Vec<Option<u32>> {
    code.compiled
        .positions()
        .map(|location| location.map(|location| location.line))
        .collect()
}

fn possible_events(code: &Code, lines: &[Option<u32>]) -> Box<[u32]> {
    let units = &code.compiled.instructions;
    let mut possible = vec![0; units.len()];
    let instructions: Vec<(usize, Opcode, u32)> = code
        .compiled
        .decode()
        .map(|(unit, opcode, argument)| (unit as usize, opcode, argument))
        .collect();
    let first = instructions
        .iter()
        .find(|(_, opcode, _)| *opcode == Opcode::RESUME)
        .map_or(0, |(unit, _, _)| *unit);
    let begins_line = |opcode: Opcode| {
        !matches!(
            opcode,
            Opcode::RESUME
                | Opcode::END_FOR
                | Opcode::POP_ITER
                | Opcode::END_SEND
                | Opcode::END_ASYNC_FOR
        )
    };
    let mut current = None;
    let mut opcodes = vec![None; units.len()];
    for &(unit, opcode, argument) in &instructions {
        opcodes[unit] = Some(opcode);
        let line = lines.get(unit).copied().flatten();
        if unit < first {
            continue;
        }
        possible[unit] |= match opcode {
            Opcode::RESUME if argument & 3 == 0 => event::PY_START,
            Opcode::RESUME => event::PY_RESUME,
            Opcode::RETURN_VALUE => event::PY_RETURN,
            Opcode::YIELD_VALUE => event::PY_YIELD,
            Opcode::CALL | Opcode::CALL_KW | Opcode::CALL_FUNCTION_EX | Opcode::LOAD_SUPER_ATTR => {
                event::CALL
            }
            Opcode::JUMP_FORWARD | Opcode::JUMP_BACKWARD => event::JUMP,
            // Backward jumps on one line are lines for trace functions.
            Opcode::POP_JUMP_IF_FALSE
            | Opcode::POP_JUMP_IF_TRUE
            | Opcode::POP_JUMP_IF_NONE
            | Opcode::POP_JUMP_IF_NOT_NONE => event::BRANCHES,
            Opcode::FOR_ITER => event::BRANCHES | event::STOP_ITERATION,
            Opcode::END_SEND => event::STOP_ITERATION,
            _ => 0,
        };
        if opcode != Opcode::RESUME {
            possible[unit] |= event::INSTRUCTION;
        }
        if !begins_line(opcode) {
            continue;
        }
        if line != current {
            possible[unit] |= event::LINE;
        }
        current = line;
    }
    // What is jumped to may be on another line than what was run before it.
    for &(unit, opcode, argument) in &instructions {
        if let Some(target) = jump_target(unit, opcode, argument)
            && let Some(Some(opcode)) = opcodes.get(target)
            && target > first
            && begins_line(*opcode)
        {
            possible[target] |= event::LINE;
        }
    }
    for handler in &code.compiled.exceptions {
        let target = handler.target as usize;
        if opcodes[target].is_some_and(begins_line) {
            possible[target] |= event::LINE;
        }
    }
    possible.into()
}

/// Where a jump goes; of a `for` what comes behind it.
pub fn jump_target(unit: usize, opcode: Opcode, argument: u32) -> Option<usize> {
    let distance = argument as usize;
    let next = unit + 1 + usize::from(opcode.has_cache());
    match opcode {
        Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT => next.checked_sub(distance),
        Opcode::FOR_ITER => Some(next + distance + 1),
        Opcode::JUMP_FORWARD
        | Opcode::POP_JUMP_IF_FALSE
        | Opcode::POP_JUMP_IF_TRUE
        | Opcode::POP_JUMP_IF_NONE
        | Opcode::POP_JUMP_IF_NOT_NONE
        | Opcode::SEND => Some(next + distance),
        _ => None,
    }
}

/// Marks the instructions of `code` at which something is wanted.
pub fn mark(code: &Code) {
    let wanted = super::wanted_in(code) & event::LOCAL;
    if wanted == 0 {
        return;
    }
    let data = data(code);
    for (unit, possible) in data.possible.iter().enumerate() {
        let original = code.compiled.instructions[unit];
        if possible & wanted != 0 {
            code.instructions[unit].store(
                original & !0xff | u32::from(INSTRUMENTED),
                Ordering::Relaxed,
            );
        } else if code.instructions[unit].load(Ordering::Relaxed) as u8 != INSTRUMENTED {
            // A combined instruction would skip the mark of what it stands for.
            code.instructions[unit].store(original, Ordering::Relaxed);
        }
    }
}

/// Takes the mark from one instruction, at which nothing is wanted.
pub(super) fn unmark(code: &Code, unit: usize) {
    code.instructions[unit].store(code.compiled.instructions[unit], Ordering::Relaxed);
    // A tool may have begun to want something here meanwhile, and its mark may be the one that was taken.
    // If so, this fence comes after the one in `set_local_events`, and what it wants is seen now.
    fence(Ordering::SeqCst);
    if data(code).possible_at(unit) & super::wanted_in(code) != 0 {
        mark(code);
    }
}

/// Marks all code there is.
pub(super) fn mark_everything(cx: &Context) {
    crate::collector::for_each_code(cx, &mut |code| mark(code));
}

/// Sets what a tool wants in one code object.
pub(super) fn set_local_events(code: &Ref<Code>, tool: usize, events: u32) {
    data(code).local[tool].store(events, Ordering::Relaxed);
    // Pairs with the fence in `unmark`.
    fence(Ordering::SeqCst);
    mark(code);
}

/// Events that were disabled are wanted again: those of one tool, or all.
pub(super) fn forget_disabled(cx: &Context, tool: Option<usize>) {
    crate::collector::for_each_code(cx, &mut |code| {
        let Some(data) = code.monitoring.get() else {
            return;
        };
        let mut disabled = data.disabled.lock();
        match tool {
            Some(tool) => disabled.retain(|(_, of, _)| *of as usize != tool),
            None => disabled.clear(),
        }
        drop(disabled);
        mark(code);
    });
}
