//! Which blocks exist, in which order, and the jumps between them.

use super::{Block, BlockId, Graph, Instruction, NO_BLOCK};
use crate::assemble::LocalLayout;
use crate::location::Location;
use crate::opcode::Opcode;

/// Exits up to this length are copied to where they are jumped to from.
const MAX_COPY: usize = 4;

impl Graph {
    /// Replaces jumps to short exits, and to blocks of no line, by a copy of them.
    pub(super) fn inline_small_exits(&mut self) {
        for id in self.order() {
            while let Some(last) = self.block(id).last() {
                if !last.is_unconditional_jump() {
                    break;
                }
                let target = last.target;
                let block = self.block(target);
                let small = block.exits() && block.instructions.len() <= MAX_COPY;
                let lineless = block.has_no_line()
                    && !block.falls_through()
                    && block.instructions.len() <= MAX_COPY
                    && !block.instructions.is_empty();
                if target == id || block.is_handler || !(small || lineless) {
                    break;
                }
                let copied = block.instructions.clone();
                let endless = copied
                    .last()
                    .is_some_and(|last| last.is_unconditional_jump() && last.target == target);
                if endless {
                    break;
                }
                let source = self.block_mut(id);
                let jump = source
                    .instructions
                    .last_mut()
                    .expect("invariant: the block jumps");
                jump.remove();
                let at = jump.at;
                source.instructions.extend(copied);
                if let Some(first_copied) = source.instructions.last_mut()
                    && first_copied.at.is_none()
                    && first_copied.is_unconditional_jump()
                {
                    first_copied.at = at;
                }
                if self.block(target).predecessors > 0 {
                    self.block_mut(target).predecessors -= 1;
                }
                if small {
                    break;
                }
            }
        }
    }

    /// Unlinks what control cannot reach, and counts predecessors.
    pub(super) fn remove_unreachable(&mut self) {
        for block in &mut self.blocks {
            block.reachable = false;
            block.predecessors = 0;
        }
        let mut work = vec![Graph::ENTRY];
        self.block_mut(Graph::ENTRY).reachable = true;
        self.block_mut(Graph::ENTRY).predecessors = 1;
        let mut edges: Vec<BlockId> = Vec::new();
        while let Some(id) = work.pop() {
            let block = self.block(id);
            edges.clear();
            if block.falls_through() && block.next != NO_BLOCK {
                edges.push(block.next);
            }
            edges.extend(
                block
                    .instructions
                    .iter()
                    .map(|instruction| instruction.target)
                    .filter(|&target| target != NO_BLOCK),
            );
            for &edge in &edges {
                let target = self.block_mut(edge);
                target.predecessors += 1;
                if !std::mem::replace(&mut target.reachable, true) {
                    work.push(edge);
                }
            }
        }
        let mut previous = Graph::ENTRY;
        let mut id = self.block(Graph::ENTRY).next;
        while id != NO_BLOCK {
            let next = self.block(id).next;
            if self.block(id).reachable {
                self.block_mut(previous).next = id;
                previous = id;
            } else {
                self.block_mut(id).instructions.clear();
            }
            id = next;
        }
        self.block_mut(previous).next = NO_BLOCK;
    }

    /// Drops no-ops that no line needs. True when there were any.
    pub(super) fn remove_redundant_nops(&mut self) -> bool {
        let mut changed = false;
        for id in self.order() {
            let next = self.next_nonempty(self.block(id).next);
            let next_line = match next {
                NO_BLOCK => None,
                next => self
                    .block(next)
                    .instructions
                    .iter()
                    .find(|instruction| {
                        instruction.opcode != Opcode::NOP || instruction.at.is_some()
                    })
                    .and_then(Instruction::line),
            };
            changed |= remove_nops(self.block_mut(id), next_line);
        }
        changed
    }

    /// Drops jumps to what comes next anyway. True when there were any.
    pub(super) fn remove_redundant_jumps(&mut self) -> bool {
        let mut changed = false;
        for id in self.order() {
            let Some(last) = self.block(id).last() else {
                continue;
            };
            if !last.is_unconditional_jump() {
                continue;
            }
            let target = self.next_nonempty(last.target);
            if target != NO_BLOCK && target == self.next_nonempty(self.block(id).next) {
                self.block_mut(id)
                    .instructions
                    .last_mut()
                    .expect("invariant: the block has a last instruction")
                    .remove();
                changed = true;
            }
        }
        changed
    }

    /// Moves what only exceptions reach behind everything else.
    pub(super) fn push_cold_blocks_to_end(&mut self) {
        let order = self.order();
        if !order.iter().any(|&id| self.block(id).is_handler) {
            return;
        }
        let mut warm = vec![false; self.blocks.len()];
        let mut work = vec![Graph::ENTRY];
        warm[Graph::ENTRY as usize] = true;
        while let Some(id) = work.pop() {
            let block = self.block(id);
            let fall_through = (block.falls_through()).then_some(block.next);
            let jump = block
                .last()
                .filter(|last| last.is_jump())
                .map(|last| last.target);
            for target in fall_through.into_iter().chain(jump) {
                if target != NO_BLOCK && !std::mem::replace(&mut warm[target as usize], true) {
                    work.push(target);
                }
            }
        }
        for &id in &order {
            self.block_mut(id).cold = !warm[id as usize];
        }
        // Falling from cold into warm needs a jump once they are apart; so does warm into warm
        // over cold code, but that cannot be: nothing falls into a handler.
        for &id in &order {
            let block = self.block(id);
            let next = block.next;
            if block.cold && block.falls_through() && next != NO_BLOCK && warm[next as usize] {
                let bridge = self.add_block();
                let mut jump = Instruction::new(Opcode::JUMP_NO_INTERRUPT, 0, None);
                jump.target = next;
                let template = self.block(id).last().copied();
                jump.handler = template.map_or(NO_BLOCK, |last| last.handler);
                let block = self.block_mut(bridge);
                block.instructions.push(jump);
                block.cold = true;
                block.reachable = true;
                block.predecessors = 1;
                block.next = next;
                self.block_mut(id).next = bridge;
            }
        }
        let order = self.order();
        let (cold, warm): (Vec<BlockId>, Vec<BlockId>) =
            order.into_iter().partition(|&id| self.block(id).cold);
        self.link(warm.into_iter().chain(cold));
    }

    fn link(&mut self, order: impl Iterator<Item = BlockId>) {
        let mut previous = NO_BLOCK;
        for id in order {
            if previous != NO_BLOCK {
                self.block_mut(previous).next = id;
            }
            previous = id;
        }
        if previous != NO_BLOCK {
            self.block_mut(previous).next = NO_BLOCK;
        }
    }

    /// Conditional jumps that keep the value become a copy and a jump that drops it.
    pub(super) fn lower_conditional_jumps(&mut self) {
        for block in &mut self.blocks {
            let conditional = block.last().is_some_and(|last| {
                matches!(last.opcode, Opcode::JUMP_IF_FALSE | Opcode::JUMP_IF_TRUE)
            });
            if !conditional {
                continue;
            }
            let jump = block
                .instructions
                .pop()
                .expect("invariant: the block has a last");
            let mut copy = Instruction::new(Opcode::COPY, 1, jump.at);
            copy.handler = jump.handler;
            let mut to_bool = copy;
            to_bool.set(Opcode::TO_BOOL, 0);
            let mut pop_jump = jump;
            pop_jump.opcode = match jump.opcode {
                Opcode::JUMP_IF_FALSE => Opcode::POP_JUMP_IF_FALSE,
                _ => Opcode::POP_JUMP_IF_TRUE,
            };
            block.instructions.extend([copy, to_bool, pop_jump]);
        }
    }

    /// Pseudo instructions become real ones; indices of cells become indices of locals.
    pub(super) fn lower_pseudo_instructions(&mut self, layout: &LocalLayout) {
        for block in &mut self.blocks {
            for instruction in &mut block.instructions {
                if instruction.opcode.has_free() {
                    instruction.argument = layout.slot_of_cell(instruction.argument);
                }
                match instruction.opcode {
                    Opcode::SETUP_FINALLY
                    | Opcode::SETUP_CLEANUP
                    | Opcode::SETUP_WITH
                    | Opcode::POP_BLOCK
                    | Opcode::ANNOTATIONS_PLACEHOLDER => instruction.remove(),
                    Opcode::LOAD_CLOSURE => instruction.opcode = Opcode::LOAD_FAST,
                    Opcode::STORE_FAST_MAYBE_NULL => instruction.opcode = Opcode::STORE_FAST,
                    _ => {}
                }
            }
        }
    }

    /// What a frame does before its first instruction of the source.
    pub(super) fn insert_prefix(&mut self, layout: &LocalLayout, generator: bool, line: u32) {
        let mut prefix = Vec::new();
        if layout.free_count > 0 {
            prefix.push(Instruction::new(
                Opcode::COPY_FREE_VARS,
                layout.free_count,
                None,
            ));
        }
        let mut cells = layout.cell_slots.clone();
        cells.sort_unstable();
        for slot in cells {
            prefix.push(Instruction::new(Opcode::MAKE_CELL, slot, None));
        }
        if generator {
            let at = Some(Location {
                line,
                end_line: line,
                columns: None,
            });
            prefix.push(Instruction::new(Opcode::RETURN_GENERATOR, 0, at));
            prefix.push(Instruction::new(Opcode::POP_TOP, 0, at));
        }
        self.block_mut(Graph::ENTRY)
            .instructions
            .splice(0..0, prefix);
    }

    /// Conditional jumps go forward only: those that go back are turned around.
    pub(super) fn normalize_jumps(&mut self) {
        let mut passed = vec![false; self.blocks.len()];
        for id in self.order() {
            passed[id as usize] = true;
            let Some(&last) = self.block(id).last() else {
                continue;
            };
            if !last.is_jump() || last.is_unconditional_jump() {
                continue;
            }
            if !passed
                .get(last.target as usize)
                .is_some_and(|&passed| passed)
            {
                continue;
            }
            let reversed = match last.opcode {
                Opcode::POP_JUMP_IF_FALSE => Opcode::POP_JUMP_IF_TRUE,
                Opcode::POP_JUMP_IF_TRUE => Opcode::POP_JUMP_IF_FALSE,
                Opcode::POP_JUMP_IF_NONE => Opcode::POP_JUMP_IF_NOT_NONE,
                Opcode::POP_JUMP_IF_NOT_NONE => Opcode::POP_JUMP_IF_NONE,
                _ => continue,
            };
            let back = self.add_block();
            let next = self.block(id).next;
            let start_depth = self.block(last.target).start_depth;
            let mut jump = Instruction::new(Opcode::JUMP, 0, last.at);
            jump.target = last.target;
            jump.handler = last.handler;
            let block = self.block_mut(back);
            block.instructions.push(jump);
            block.next = next;
            block.reachable = true;
            block.start_depth = start_depth;
            let block = self.block_mut(id);
            block.next = back;
            let turned = block
                .instructions
                .last_mut()
                .expect("invariant: the block jumps");
            turned.opcode = reversed;
            turned.target = next;
        }
    }
}

fn remove_nops(block: &mut Block, next_line: Option<u32>) -> bool {
    if !block
        .instructions
        .iter()
        .any(|instruction| instruction.opcode == Opcode::NOP)
    {
        return false;
    }
    let length = block.instructions.len();
    let mut previous_line = None;
    let mut kept = 0;
    for index in 0..length {
        let instruction = block.instructions[index];
        let line = instruction.line();
        if instruction.opcode == Opcode::NOP {
            if line.is_none() || (previous_line.is_some() && previous_line == line) {
                continue;
            }
            if index + 1 < length {
                let following = &mut block.instructions[index + 1];
                match following.line() {
                    Some(following_line) if Some(following_line) == line => continue,
                    None => {
                        following.at = instruction.at;
                        continue;
                    }
                    _ => {}
                }
            } else if line == next_line {
                continue;
            }
        }
        block.instructions[kept] = instruction;
        kept += 1;
        previous_line = line;
    }
    block.instructions.truncate(kept);
    kept < length
}
