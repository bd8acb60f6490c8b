//! Setting `f_lineno`: where a trace function may make its frame go on.
//!
//! What is on the stack at each instruction is found by going through the code as the loop would, noting
//! kinds of values only. A jump may drop what lies on the stack, but not make up what the target needs: an
//! iterator, an exception being handled.

use typhon_compiler::code::CodeFlags;
use typhon_compiler::opcode::Opcode;

use super::instrument::jump_target;
use crate::objects::code::Code;

/// What a word of the stack is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Iterator,
    Exception,
    Object,
    Null,
    /// The index of an instruction, for `RERAISE`.
    Instruction,
}

impl Kind {
    fn may_stand_for(self, wanted: Kind) -> bool {
        match wanted {
            Kind::Object => self != Kind::Null,
            Kind::Null => true,
            _ => self == wanted,
        }
    }
}

type Stack = Vec<Kind>;

/// Where to go on.
pub(crate) struct Target {
    /// The first unit to run.
    pub unit: usize,
    /// The kinds of what is on the stack now.
    pub now: Vec<Kind>,
    /// How much of it stays.
    pub depth: usize,
}

/// Finds the instruction at which a frame that is at `unit` can go on in `line`, or says why it cannot.
pub(crate) fn find(code: &Code, unit: usize, line: i64) -> Result<Target, String> {
    if line < i64::from(code.compiled.first_line) {
        return Err(format!("line {line} comes before the current code block"));
    }
    let lines = line_starts(code);
    let Some(line) = lines
        .iter()
        .flatten()
        .copied()
        .filter(|start| i64::from(*start) >= line)
        .min()
    else {
        return Err(format!("line {line} comes after the current code block"));
    };
    let stacks = stacks(code);
    let now = stacks.get(unit).cloned().flatten();
    let mut best: Option<(usize, usize)> = None;
    let mut reason = None;
    for (target, start) in lines.iter().enumerate() {
        if *start != Some(line) {
            continue;
        }
        let wanted = &stacks[target];
        match (&now, wanted) {
            (Some(now), Some(wanted)) if is_compatible(now, wanted) => {
                if best.is_none_or(|(_, depth)| wanted.len() > depth) {
                    best = Some((target, wanted.len()));
                }
            }
            (None, _) => {
                reason.get_or_insert("can't jump from unreachable code");
            }
            (_, wanted) => {
                reason.get_or_insert(explain(wanted.as_ref()));
            }
        }
    }
    match (best, now) {
        (Some((unit, depth)), Some(now)) => Ok(Target { unit, now, depth }),
        _ => Err(reason
            .unwrap_or("cannot find bytecode for specified line")
            .to_owned()),
    }
}

fn is_compatible(now: &Stack, wanted: &Stack) -> bool {
    wanted.len() <= now.len()
        && now
            .iter()
            .zip(wanted)
            .all(|(have, want)| have.may_stand_for(*want))
}

fn explain(wanted: Option<&Stack>) -> &'static str {
    match wanted.map(|stack| stack.last()) {
        None => "can't jump into an 'except' block as there's no exception",
        Some(Some(Kind::Exception)) => "can't jump into an 'except' block as there's no exception",
        Some(Some(Kind::Instruction)) => {
            "can't jump into a re-raising block as there's no location"
        }
        Some(Some(Kind::Iterator)) => "can't jump into the body of a for loop",
        Some(_) => "incompatible stacks",
    }
}

/// For each unit the line that begins there.
fn line_starts(code: &Code) -> Vec<Option<u32>> {
    let mut before = None;
    let mut starts = Vec::with_capacity(code.compiled.instructions.len());
    for location in code.compiled.positions() {
        let line = location.map(|location| location.line);
        starts.push(line.filter(|_| line != before));
        before = line;
    }
    starts.resize(code.compiled.instructions.len(), None);
    starts
}

/// What is on the stack before each instruction; `None` where control never gets.
fn stacks(code: &Code) -> Vec<Option<Stack>> {
    let instructions: Vec<(usize, Opcode, u32)> = code
        .compiled
        .decode()
        .map(|(unit, opcode, argument)| (unit as usize, opcode, argument))
        .collect();
    let mut stacks: Vec<Option<Stack>> = vec![None; code.compiled.instructions.len() + 2];
    stacks[0] = Some(Vec::new());
    let mut again = true;
    while again {
        again = false;
        for &(unit, opcode, argument) in &instructions {
            let Some(stack) = stacks[unit].clone() else {
                continue;
            };
            let (next, jumped) = after(code, stack, opcode, argument);
            if let (Some(jumped), Some(target)) = (jumped, jump_target(unit, opcode, argument))
                && stacks[target].is_none()
            {
                stacks[target] = Some(jumped);
                again |= target < unit;
            }
            let following = unit + 1 + usize::from(opcode.has_cache());
            if let Some(next) = next
                && stacks[following].is_none()
            {
                stacks[following] = Some(next);
            }
        }
        for handler in &code.compiled.exceptions {
            let target = handler.target as usize;
            let covered = handler.start as usize..handler.end as usize;
            if stacks[target].is_none()
                && let Some(Some(stack)) = covered
                    .map(|unit| &stacks[unit])
                    .find(|stack| stack.is_some())
            {
                let mut stack = stack.clone();
                stack.truncate(handler.depth as usize);
                if handler.push_lasti {
                    stack.push(Kind::Instruction);
                }
                stack.push(Kind::Exception);
                stacks[target] = Some(stack);
                again = true;
            }
        }
    }
    stacks
}

/// The stack behind an instruction, and where it jumps to.
fn after(
    code: &Code,
    mut stack: Stack,
    opcode: Opcode,
    argument: u32,
) -> (Option<Stack>, Option<Stack>) {
    let count = argument as usize;
    match opcode {
        Opcode::POP_JUMP_IF_FALSE
        | Opcode::POP_JUMP_IF_TRUE
        | Opcode::POP_JUMP_IF_NONE
        | Opcode::POP_JUMP_IF_NOT_NONE => {
            stack.pop();
            (Some(stack.clone()), Some(stack))
        }
        Opcode::JUMP_FORWARD | Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT => {
            (None, Some(stack))
        }
        Opcode::SEND => (Some(stack.clone()), Some(stack)),
        Opcode::FOR_ITER => {
            let exhausted = stack.clone();
            stack.push(Kind::Object);
            (Some(stack), Some(exhausted))
        }
        Opcode::GET_ITER | Opcode::GET_AITER => {
            stack.pop();
            stack.push(Kind::Iterator);
            (Some(stack), None)
        }
        Opcode::PUSH_EXC_INFO => {
            stack.push(Kind::Exception);
            (Some(stack), None)
        }
        Opcode::RETURN_VALUE | Opcode::RAISE_VARARGS | Opcode::RERAISE => (None, None),
        Opcode::RETURN_GENERATOR => {
            // What it is first resumed with is not there for trace functions.
            debug_assert!(code.flags.intersects(
                CodeFlags::GENERATOR | CodeFlags::COROUTINE | CodeFlags::ASYNC_GENERATOR
            ));
            stack.push(Kind::Object);
            (Some(stack), None)
        }
        Opcode::PUSH_NULL => {
            stack.push(Kind::Null);
            (Some(stack), None)
        }
        Opcode::LOAD_GLOBAL => {
            stack.push(Kind::Object);
            if argument & 1 != 0 {
                stack.push(Kind::Null);
            }
            (Some(stack), None)
        }
        Opcode::LOAD_ATTR | Opcode::LOAD_SUPER_ATTR | Opcode::LOAD_SPECIAL => {
            let (taken, with_self) = match opcode {
                Opcode::LOAD_ATTR => (1, argument & 1 != 0),
                Opcode::LOAD_SUPER_ATTR => (3, argument & 1 != 0),
                _ => (1, true),
            };
            stack.truncate(stack.len().saturating_sub(taken));
            stack.push(Kind::Object);
            if with_self {
                // An object or nothing.
                stack.push(Kind::Null);
            }
            (Some(stack), None)
        }
        Opcode::LOAD_FAST_AND_CLEAR => {
            stack.push(Kind::Null);
            (Some(stack), None)
        }
        Opcode::COPY => {
            let copied = stack.len().checked_sub(count).map(|index| stack[index]);
            stack.push(copied.unwrap_or(Kind::Object));
            (Some(stack), None)
        }
        Opcode::SWAP => {
            let last = stack.len() - 1;
            if let Some(other) = stack.len().checked_sub(count) {
                stack.swap(last, other);
            }
            (Some(stack), None)
        }
        _ => {
            let effect = opcode.stack_effect(argument, false);
            for _ in effect..0 {
                stack.pop();
            }
            for _ in 0..effect {
                stack.push(Kind::Object);
            }
            (Some(stack), None)
        }
    }
}
