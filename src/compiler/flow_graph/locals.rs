//! Loads and stores of locals: which may be unbound, which may be borrowed, which join.

use super::{BlockId, Graph, Instruction, NO_BLOCK};
use crate::opcode::{Opcode, PAIR_LIMIT};

impl Graph {
    /// Makes loads of locals that may be unbound check.
    ///
    /// The first 64 locals are followed through the graph, one bit each; of others each block
    /// knows only what it does itself. Bits are only ever added to what a block is entered with,
    /// so a load that checks once goes on checking.
    pub(super) fn check_unbound_locals(&mut self, local_count: u32, parameters: u32) {
        if local_count == 0 {
            return;
        }
        let followed = local_count.min(64);
        if local_count > followed {
            self.check_unfollowed_locals(followed, local_count);
        }
        let bits = |count: u32| {
            if count >= 64 {
                u64::MAX
            } else {
                (1u64 << count) - 1
            }
        };
        let unbound_at_start = bits(followed) & !bits(parameters.min(followed));
        let mut unbound: Vec<Option<u64>> = vec![None; self.blocks.len()];
        let mut work = vec![Graph::ENTRY];
        unbound[Graph::ENTRY as usize] = Some(unbound_at_start);
        while let Some(id) = work.pop() {
            let mut mask = unbound[id as usize].unwrap_or(0);
            let mut instructions = std::mem::take(&mut self.block_mut(id).instructions);
            let mut last_handler = (NO_BLOCK, 0);
            for instruction in &mut instructions {
                if instruction.handler != NO_BLOCK && last_handler != (instruction.handler, mask) {
                    last_handler = (instruction.handler, mask);
                    enter(&mut unbound, instruction.handler, mask, &mut work);
                }
                let bit = match instruction.argument {
                    local @ 0..64 => 1u64 << local,
                    _ => 0,
                };
                match instruction.opcode {
                    Opcode::DELETE_FAST
                    | Opcode::LOAD_FAST_AND_CLEAR
                    | Opcode::STORE_FAST_MAYBE_NULL => mask |= bit,
                    Opcode::STORE_FAST | Opcode::LOAD_FAST_CHECK => mask &= !bit,
                    Opcode::LOAD_FAST if mask & bit != 0 => {
                        instruction.opcode = Opcode::LOAD_FAST_CHECK;
                        mask &= !bit;
                    }
                    _ => {}
                }
            }
            let block = self.block_mut(id);
            block.instructions = instructions;
            if block.falls_through() && block.next != NO_BLOCK {
                enter(&mut unbound, block.next, mask, &mut work);
            }
            if let Some(last) = block.last()
                && last.is_jump()
            {
                enter(&mut unbound, last.target, mask, &mut work);
            }
        }
    }

    fn check_unfollowed_locals(&mut self, first: u32, count: u32) {
        let mut bound_in = vec![NO_BLOCK; (count - first) as usize];
        for id in self.order() {
            for instruction in &mut self.block_mut(id).instructions {
                let Some(local) = instruction.argument.checked_sub(first) else {
                    continue;
                };
                let Some(bound) = bound_in.get_mut(local as usize) else {
                    continue;
                };
                match instruction.opcode {
                    Opcode::DELETE_FAST
                    | Opcode::LOAD_FAST_AND_CLEAR
                    | Opcode::STORE_FAST_MAYBE_NULL => *bound = NO_BLOCK,
                    Opcode::STORE_FAST => *bound = id,
                    Opcode::LOAD_FAST => {
                        if *bound != id {
                            instruction.opcode = Opcode::LOAD_FAST_CHECK;
                        }
                        *bound = id;
                    }
                    _ => {}
                }
            }
        }
    }

    /// Joins neighbouring loads and stores into one instruction.
    pub(super) fn join_locals(&mut self) {
        for block in &mut self.blocks {
            let mut index = 0;
            while index + 1 < block.instructions.len() {
                let (first, second) = (block.instructions[index], block.instructions[index + 1]);
                let joined = match (first.opcode, second.opcode) {
                    (Opcode::LOAD_FAST, Opcode::LOAD_FAST) => Opcode::LOAD_FAST_LOAD_FAST,
                    (Opcode::STORE_FAST, Opcode::LOAD_FAST) => Opcode::STORE_FAST_LOAD_FAST,
                    (Opcode::STORE_FAST, Opcode::STORE_FAST) => Opcode::STORE_FAST_STORE_FAST,
                    _ => Opcode::NOP,
                };
                let same_line = match (first.line(), second.line()) {
                    (Some(first), Some(second)) => first == second,
                    _ => true,
                };
                if joined == Opcode::NOP
                    || !same_line
                    || first.argument >= PAIR_LIMIT
                    || second.argument >= PAIR_LIMIT
                {
                    index += 1;
                    continue;
                }
                let argument = Opcode::pack_pair(first.argument, second.argument);
                block.instructions[index].set(joined, argument);
                block.instructions[index + 1].remove();
                index += 2;
            }
            if block.instructions.iter().any(|instruction| {
                matches!(
                    instruction.opcode,
                    Opcode::LOAD_FAST_LOAD_FAST
                        | Opcode::STORE_FAST_LOAD_FAST
                        | Opcode::STORE_FAST_STORE_FAST
                )
            }) {
                let mut previous = Opcode::NOP;
                block.instructions.retain(|instruction| {
                    let second_half = instruction.opcode == Opcode::NOP
                        && matches!(
                            previous,
                            Opcode::LOAD_FAST_LOAD_FAST
                                | Opcode::STORE_FAST_LOAD_FAST
                                | Opcode::STORE_FAST_STORE_FAST
                        );
                    previous = instruction.opcode;
                    !second_half
                });
            }
        }
    }

    /// Turns loads into borrowing ones where the local surely outlives the use.
    ///
    /// That is so when the value leaves the stack within the block, while the local still holds it,
    /// and does not become the value of another local.
    pub(super) fn borrow_locals(&mut self) {
        let mut borrower = Borrower::default();
        for id in self.order() {
            let block = self.block_mut(id);
            let depth = block.start_depth.max(0) as usize;
            borrower.run(&mut block.instructions, depth);
        }
    }
}

fn enter(unbound: &mut [Option<u64>], id: BlockId, mask: u64, work: &mut Vec<BlockId>) {
    let known = &mut unbound[id as usize];
    let merged = known.unwrap_or(0) | mask;
    if *known != Some(merged) {
        *known = Some(merged);
        work.push(id);
    }
}

/// A value on the stack: the instruction that pushed it, the local it was read from.
#[derive(Clone, Copy)]
struct Entry {
    source: usize,
    local: u32,
}

const UNKNOWN: usize = usize::MAX;
const NO_LOCAL: u32 = u32::MAX;

#[derive(Default)]
struct Borrower {
    stack: Vec<Entry>,
    /// Per instruction: must count its reference.
    counted: Vec<bool>,
}

impl Borrower {
    fn push(&mut self, source: usize, local: u32) {
        self.stack.push(Entry { source, local });
    }

    fn pop(&mut self) -> Entry {
        self.stack.pop().unwrap_or(Entry {
            source: UNKNOWN,
            local: NO_LOCAL,
        })
    }

    fn count(&mut self, entry: Entry) {
        if entry.source != UNKNOWN {
            self.counted[entry.source] = true;
        }
    }

    /// The local changes: values read from it must not depend on it.
    fn kill(&mut self, local: u32) {
        for index in 0..self.stack.len() {
            let entry = self.stack[index];
            if entry.local == local {
                self.count(entry);
            }
        }
    }

    fn store(&mut self, local: u32, value: Entry) {
        self.kill(local);
        self.count(value);
    }

    fn run(&mut self, instructions: &mut [Instruction], depth: usize) {
        let loads = |opcode| matches!(opcode, Opcode::LOAD_FAST | Opcode::LOAD_FAST_LOAD_FAST);
        if !instructions
            .iter()
            .any(|instruction| loads(instruction.opcode))
        {
            return;
        }
        self.stack.clear();
        self.stack.resize(
            depth,
            Entry {
                source: UNKNOWN,
                local: NO_LOCAL,
            },
        );
        self.counted.clear();
        self.counted.resize(instructions.len(), false);
        for (index, instruction) in instructions.iter().enumerate() {
            self.step(index, instruction);
        }
        for entry in std::mem::take(&mut self.stack) {
            self.count(entry);
        }
        for (instruction, counted) in instructions.iter_mut().zip(&self.counted) {
            if !counted {
                instruction.opcode = match instruction.opcode {
                    Opcode::LOAD_FAST => Opcode::LOAD_FAST_BORROW,
                    Opcode::LOAD_FAST_LOAD_FAST => Opcode::LOAD_FAST_BORROW_LOAD_FAST_BORROW,
                    other => other,
                };
            }
        }
    }

    fn step(&mut self, index: usize, instruction: &Instruction) {
        let argument = instruction.argument;
        let pair = Opcode::unpack_pair(argument);
        let (first, second) = (pair.0 as u32, pair.1 as u32);
        match instruction.opcode {
            Opcode::LOAD_FAST => self.push(index, argument),
            Opcode::LOAD_FAST_LOAD_FAST => {
                self.push(index, first);
                self.push(index, second);
            }
            Opcode::DELETE_FAST | Opcode::MAKE_CELL => self.kill(argument),
            Opcode::LOAD_FAST_AND_CLEAR => {
                self.kill(argument);
                self.push(index, NO_LOCAL);
            }
            Opcode::STORE_FAST => {
                let value = self.pop();
                self.store(argument, value);
            }
            Opcode::STORE_FAST_LOAD_FAST => {
                let value = self.pop();
                self.store(first, value);
                self.push(index, second);
            }
            Opcode::STORE_FAST_STORE_FAST => {
                for local in [first, second] {
                    let value = self.pop();
                    self.store(local, value);
                }
            }
            Opcode::COPY => {
                let entry = match self.stack.len().checked_sub(argument as usize) {
                    Some(position) => self.stack[position],
                    None => Entry {
                        source: UNKNOWN,
                        local: NO_LOCAL,
                    },
                };
                self.stack.push(entry);
            }
            Opcode::SWAP => {
                let length = self.stack.len();
                if let Some(position) = length.checked_sub(argument as usize)
                    && length > 0
                {
                    self.stack.swap(position, length - 1);
                }
            }
            // These leave their operands where they are.
            Opcode::FORMAT_SIMPLE
            | Opcode::GET_ANEXT
            | Opcode::GET_LEN
            | Opcode::GET_YIELD_FROM_ITER
            | Opcode::IMPORT_FROM
            | Opcode::MATCH_KEYS
            | Opcode::MATCH_MAPPING
            | Opcode::MATCH_SEQUENCE
            | Opcode::WITH_EXCEPT_START
            | Opcode::FOR_ITER => {
                for _ in 0..instruction.opcode.stack_effect(argument, false) {
                    self.push(index, NO_LOCAL);
                }
            }
            // These take from the top only; what they add to stays.
            Opcode::DICT_MERGE
            | Opcode::DICT_UPDATE
            | Opcode::LIST_APPEND
            | Opcode::LIST_EXTEND
            | Opcode::MAP_ADD
            | Opcode::RERAISE
            | Opcode::SET_ADD
            | Opcode::SET_UPDATE => {
                for _ in 0..-instruction.opcode.stack_effect(argument, false) {
                    self.pop();
                }
            }
            Opcode::END_SEND | Opcode::SET_FUNCTION_ATTRIBUTE => {
                let top = self.pop();
                self.pop();
                self.stack.push(top);
            }
            Opcode::CHECK_EXC_MATCH => {
                self.pop();
                self.push(index, NO_LOCAL);
            }
            Opcode::LOAD_ATTR => {
                let owner = self.pop();
                self.push(index, NO_LOCAL);
                if argument & 1 != 0 {
                    self.stack.push(owner);
                }
            }
            Opcode::LOAD_SUPER_ATTR => {
                let owner = self.pop();
                self.pop();
                self.pop();
                self.push(index, NO_LOCAL);
                if argument & 1 != 0 {
                    self.stack.push(owner);
                }
            }
            Opcode::LOAD_SPECIAL | Opcode::PUSH_EXC_INFO => {
                let top = self.pop();
                self.push(index, NO_LOCAL);
                self.stack.push(top);
            }
            Opcode::SEND => {
                self.pop();
                self.push(index, NO_LOCAL);
            }
            opcode => {
                let (taken, given) = taken_and_given(opcode, argument);
                for _ in 0..taken {
                    self.pop();
                }
                for _ in 0..given {
                    self.push(index, NO_LOCAL);
                }
            }
        }
    }
}

/// How many values an ordinary instruction takes and gives.
fn taken_and_given(opcode: Opcode, argument: u32) -> (u32, u32) {
    let effect = opcode.stack_effect(argument, false);
    let given = match opcode {
        Opcode::POP_TOP
        | Opcode::END_FOR
        | Opcode::POP_ITER
        | Opcode::STORE_NAME
        | Opcode::STORE_GLOBAL
        | Opcode::STORE_DEREF
        | Opcode::STORE_ATTR
        | Opcode::STORE_SUBSCR
        | Opcode::STORE_SLICE
        | Opcode::DELETE_ATTR
        | Opcode::DELETE_SUBSCR
        | Opcode::POP_EXCEPT
        | Opcode::POP_JUMP_IF_FALSE
        | Opcode::POP_JUMP_IF_TRUE
        | Opcode::POP_JUMP_IF_NONE
        | Opcode::POP_JUMP_IF_NOT_NONE
        | Opcode::RETURN_VALUE
        | Opcode::RAISE_VARARGS
        | Opcode::END_ASYNC_FOR
        | Opcode::NOP
        | Opcode::RESUME
        | Opcode::JUMP
        | Opcode::JUMP_NO_INTERRUPT
        | Opcode::COPY_FREE_VARS
        | Opcode::DELETE_DEREF
        | Opcode::DELETE_NAME
        | Opcode::DELETE_GLOBAL
        | Opcode::SETUP_ANNOTATIONS => 0,
        Opcode::UNPACK_SEQUENCE => argument,
        Opcode::UNPACK_EX => (argument & 0xFF) + (argument >> 8) + 1,
        Opcode::LOAD_GLOBAL => 1 + (argument & 1),
        Opcode::CHECK_EG_MATCH | Opcode::CLEANUP_THROW => 2,
        _ => 1,
    };
    ((given as i32 - effect).max(0) as u32, given)
}
