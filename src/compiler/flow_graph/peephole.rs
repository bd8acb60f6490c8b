//! Small rewritings within a block, and jumps to jumps.

use super::{BlockId, Graph, Instruction, NO_BLOCK};
use crate::constant::Constant;
use crate::opcode::{COMPARE_TO_BOOL, Intrinsic1, Opcode};

impl Graph {
    fn constant(&self, instruction: &Instruction) -> Option<Constant> {
        match instruction.opcode {
            Opcode::LOAD_CONST => self.constants.get(instruction.argument as usize).cloned(),
            Opcode::LOAD_SMALL_INT => Some(Constant::Int(i64::from(instruction.argument))),
            _ => None,
        }
    }

    fn truth(&self, instruction: &Instruction) -> Option<bool> {
        match instruction.opcode {
            Opcode::LOAD_CONST => self
                .constants
                .get(instruction.argument as usize)
                .map(Constant::is_true),
            Opcode::LOAD_SMALL_INT => Some(instruction.argument != 0),
            _ => None,
        }
    }

    /// Decides jumps on constants; `is None` becomes part of the jump.
    pub(super) fn fold_constant_jumps(&mut self) {
        for id in self.order() {
            let mut instructions = std::mem::take(&mut self.block_mut(id).instructions);
            for index in 0..instructions.len() {
                let Some(truth) = self.truth(&instructions[index]) else {
                    continue;
                };
                let Some(next) = instructions.get(index + 1).copied() else {
                    continue;
                };
                match next.opcode {
                    Opcode::TO_BOOL => {
                        // The jump behind it is decided in the same way.
                        let Some(jump) = instructions.get(index + 2).copied() else {
                            continue;
                        };
                        let Some(taken) = taken(jump.opcode, truth) else {
                            continue;
                        };
                        if matches!(jump.opcode, Opcode::JUMP_IF_FALSE | Opcode::JUMP_IF_TRUE) {
                            continue;
                        }
                        instructions[index].remove();
                        instructions[index + 1].remove();
                        decide(&mut instructions[index + 2], taken);
                    }
                    Opcode::POP_JUMP_IF_FALSE | Opcode::POP_JUMP_IF_TRUE => {
                        let taken = taken(next.opcode, truth).unwrap_or(false);
                        instructions[index].remove();
                        decide(&mut instructions[index + 1], taken);
                    }
                    Opcode::JUMP_IF_FALSE | Opcode::JUMP_IF_TRUE => {
                        let taken = taken(next.opcode, truth).unwrap_or(false);
                        decide(&mut instructions[index + 1], taken);
                    }
                    Opcode::IS_OP => {
                        if !matches!(self.constant(&instructions[index]), Some(Constant::None)) {
                            continue;
                        }
                        let mut jump_index = index + 2;
                        if instructions.get(jump_index).map(|next| next.opcode)
                            == Some(Opcode::TO_BOOL)
                        {
                            jump_index += 1;
                        }
                        let Some(jump) = instructions.get_mut(jump_index) else {
                            continue;
                        };
                        let on_true = match jump.opcode {
                            Opcode::POP_JUMP_IF_TRUE => true,
                            Opcode::POP_JUMP_IF_FALSE => false,
                            _ => continue,
                        };
                        let when_none = on_true == (next.argument == 0);
                        jump.opcode = if when_none {
                            Opcode::POP_JUMP_IF_NONE
                        } else {
                            Opcode::POP_JUMP_IF_NOT_NONE
                        };
                        for removed in &mut instructions[index..jump_index] {
                            removed.remove();
                        }
                    }
                    _ => {}
                }
            }
            // Whatever follows an instruction that never falls through is dead.
            if let Some(end) = instructions
                .iter()
                .position(|instruction| instruction.opcode.never_falls_through())
            {
                instructions.truncate(end + 1);
            }
            self.block_mut(id).instructions = instructions;
        }
        self.remove_unreachable();
    }

    pub(super) fn optimize_blocks(&mut self) {
        for id in self.order() {
            self.thread_jump(id);
            let mut instructions = std::mem::take(&mut self.block_mut(id).instructions);
            self.rewrite(&mut instructions);
            self.block_mut(id).instructions = instructions;
        }
        self.remove_unreachable();
    }

    fn rewrite(&mut self, instructions: &mut [Instruction]) {
        for index in 0..instructions.len() {
            let current = instructions[index];
            let next = instructions.get(index + 1).map(|next| next.opcode);
            match (current.opcode, next) {
                (Opcode::COMPARE_OP, Some(Opcode::TO_BOOL)) => {
                    instructions[index].argument |= COMPARE_TO_BOOL;
                    instructions[index + 1].remove();
                }
                (
                    Opcode::CONTAINS_OP | Opcode::IS_OP | Opcode::UNARY_NOT,
                    Some(Opcode::TO_BOOL),
                )
                | (Opcode::TO_BOOL, Some(Opcode::TO_BOOL)) => {
                    instructions[index + 1].remove();
                }
                (Opcode::LOAD_GLOBAL, Some(Opcode::PUSH_NULL)) if current.argument & 1 == 0 => {
                    instructions[index].argument |= 1;
                    instructions[index + 1].remove();
                }
                (Opcode::BUILD_TUPLE, Some(Opcode::UNPACK_SEQUENCE))
                    if instructions[index + 1].argument == current.argument =>
                {
                    match current.argument {
                        1 => {
                            instructions[index].remove();
                            instructions[index + 1].remove();
                        }
                        2 | 3 => {
                            instructions[index].remove();
                            instructions[index + 1].set(Opcode::SWAP, current.argument);
                        }
                        _ => {}
                    }
                }
                (Opcode::CALL_INTRINSIC_1, Some(Opcode::GET_ITER))
                    if current.argument == Intrinsic1::ListToTuple as u32 =>
                {
                    instructions[index].remove();
                }
                (
                    Opcode::LOAD_CONST | Opcode::LOAD_SMALL_INT | Opcode::PUSH_NULL,
                    Some(Opcode::POP_TOP),
                ) => {
                    instructions[index].remove();
                    instructions[index + 1].remove();
                }
                (Opcode::COPY, Some(Opcode::POP_TOP)) if current.argument == 1 => {
                    instructions[index].remove();
                    instructions[index + 1].remove();
                }
                // `not`, twice or with `in` and `is`.
                (Opcode::CONTAINS_OP | Opcode::IS_OP, Some(Opcode::UNARY_NOT)) => {
                    instructions[index].argument ^= 1;
                    instructions[index + 1].remove();
                }
                _ => {}
            }
            // A removed TO_BOOL may have stood between the two.
            if matches!(current.opcode, Opcode::CONTAINS_OP | Opcode::IS_OP)
                && next == Some(Opcode::TO_BOOL)
                && instructions.get(index + 2).map(|next| next.opcode) == Some(Opcode::UNARY_NOT)
            {
                instructions[index].argument ^= 1;
                instructions[index + 2].remove();
            }
        }
        for index in 0..instructions.len() {
            if instructions[index].opcode == Opcode::SWAP {
                apply_swap(instructions, index);
            }
        }
        // A store that the next store overwrites.
        for index in 1..instructions.len() {
            let (before, current) = (instructions[index - 1], instructions[index]);
            if before.opcode == Opcode::STORE_FAST
                && current.opcode == Opcode::STORE_FAST
                && before.argument == current.argument
                && before.line() == current.line()
            {
                instructions[index - 1].set(Opcode::POP_TOP, 0);
            }
        }
    }

    /// Follows a jump through the jumps it leads to.
    fn thread_jump(&mut self, id: BlockId) {
        // Each step leads to another block, unless jumps form a ring.
        for _ in 0..self.blocks.len() {
            let Some(&jump) = self.block(id).last() else {
                return;
            };
            if !jump.is_jump() {
                return;
            }
            let target = self.next_nonempty(jump.target);
            if target == NO_BLOCK {
                return;
            }
            let first = self.block(target).instructions[0];
            let same_line = first.at.is_none() || first.line() == jump.line();
            use Opcode as Op;
            let (opcode, threaded) = match (jump.opcode, first.opcode) {
                (Op::JUMP | Op::JUMP_NO_INTERRUPT, Op::JUMP) => (Op::JUMP, first.target),
                (Op::JUMP, Op::JUMP_NO_INTERRUPT) => (Op::JUMP, first.target),
                (Op::JUMP_NO_INTERRUPT, Op::JUMP_NO_INTERRUPT) => {
                    (Op::JUMP_NO_INTERRUPT, first.target)
                }
                (
                    Op::POP_JUMP_IF_FALSE
                    | Op::POP_JUMP_IF_TRUE
                    | Op::POP_JUMP_IF_NONE
                    | Op::POP_JUMP_IF_NOT_NONE
                    | Op::JUMP_IF_FALSE
                    | Op::JUMP_IF_TRUE,
                    Op::JUMP,
                ) => (jump.opcode, first.target),
                (Op::JUMP_IF_FALSE, Op::JUMP_IF_FALSE) | (Op::JUMP_IF_TRUE, Op::JUMP_IF_TRUE) => {
                    (jump.opcode, first.target)
                }
                // The value decides the second jump the other way: on behind it.
                (Op::JUMP_IF_FALSE, Op::JUMP_IF_TRUE) | (Op::JUMP_IF_TRUE, Op::JUMP_IF_FALSE) => {
                    (jump.opcode, self.block(target).next)
                }
                _ => return,
            };
            let crosses_test = matches!(first.opcode, Op::JUMP_IF_FALSE | Op::JUMP_IF_TRUE);
            if threaded == NO_BLOCK
                || threaded == jump.target
                || threaded == target
                || !(same_line || crosses_test)
            {
                return;
            }
            let last = self
                .block_mut(id)
                .instructions
                .last_mut()
                .expect("invariant: the block jumps");
            last.opcode = opcode;
            last.target = threaded;
        }
    }
}

/// Whether a conditional jump on a constant is taken.
fn taken(opcode: Opcode, truth: bool) -> Option<bool> {
    match opcode {
        Opcode::POP_JUMP_IF_FALSE | Opcode::JUMP_IF_FALSE => Some(!truth),
        Opcode::POP_JUMP_IF_TRUE | Opcode::JUMP_IF_TRUE => Some(truth),
        _ => None,
    }
}

fn decide(jump: &mut Instruction, taken: bool) {
    if taken {
        jump.opcode = Opcode::JUMP;
    } else {
        jump.remove();
    }
}

/// Carries a SWAP out now, when what follows are stores and drops whose order does not matter.
fn apply_swap(instructions: &mut [Instruction], index: usize) {
    let depth = instructions[index].argument as usize;
    let line = instructions[index].line();
    // The instructions that consume the top `depth` values.
    let mut consumers = Vec::with_capacity(depth);
    for (position, instruction) in instructions.iter().enumerate().skip(index + 1) {
        match instruction.opcode {
            Opcode::NOP => continue,
            Opcode::STORE_FAST | Opcode::POP_TOP | Opcode::STORE_FAST_MAYBE_NULL => {
                if instruction.line().is_some() && instruction.line() != line {
                    return;
                }
                consumers.push(position);
            }
            _ => return,
        }
        if consumers.len() == depth {
            break;
        }
    }
    if consumers.len() != depth {
        return;
    }
    let (first, last) = (consumers[0], consumers[depth - 1]);
    // Two stores into the same local, or into one that lies between, must keep their order.
    let local = |position: usize| {
        (instructions[position].opcode != Opcode::POP_TOP).then(|| instructions[position].argument)
    };
    for moved in [first, last] {
        let Some(moved_local) = local(moved) else {
            continue;
        };
        if consumers
            .iter()
            .any(|&other| other != moved && local(other) == Some(moved_local))
        {
            return;
        }
    }
    instructions.swap(first, last);
    instructions[index].remove();
}
