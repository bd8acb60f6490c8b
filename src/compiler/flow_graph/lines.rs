//! Positions for instructions that have none of their own.
//!
//! Every line of the source that is executed must be seen by who traces lines, and no line that is
//! not. Exits shared by several paths are therefore copied, one for each line they belong to.

use super::{BlockId, Graph, NO_BLOCK};
use crate::location::Location;
use crate::opcode::Opcode;

impl Graph {
    pub(super) fn resolve_lines(&mut self, first_line: u32) {
        self.duplicate_lineless_exits();
        self.propagate_lines();
        for id in self.order() {
            let block = self.block_mut(id);
            if !block.exits() || block.is_handler {
                continue;
            }
            if let Some(last) = block.instructions.last_mut()
                && last.at.is_none()
                && last.opcode == Opcode::RETURN_VALUE
            {
                last.at = Some(Location {
                    line: first_line,
                    end_line: first_line,
                    columns: None,
                });
            }
        }
    }

    /// Leaves of each position its first line.
    pub(super) fn forget_ranges(&mut self) {
        let instructions = self
            .blocks
            .iter_mut()
            .flat_map(|block| &mut block.instructions);
        for at in instructions.filter_map(|instruction| instruction.at.as_mut()) {
            *at = Location {
                line: at.line,
                end_line: at.line,
                columns: None,
            };
        }
    }

    fn is_lineless_exit(&self, id: BlockId) -> bool {
        let block = self.block(id);
        // A jump that polls for requests may run a tracer or raise: it wants its line too.
        let polls = block.last().is_some_and(|last| last.opcode == Opcode::JUMP);
        (block.exits() || polls) && block.has_no_line()
    }

    fn duplicate_lineless_exits(&mut self) {
        for id in self.order() {
            let Some(&last) = self.block(id).last() else {
                continue;
            };
            if !last.is_jump() {
                continue;
            }
            let target = self.next_nonempty(last.target);
            if target == NO_BLOCK
                || !self.is_lineless_exit(target)
                || self.block(target).predecessors <= 1
                || self.block(target).is_handler
            {
                continue;
            }
            let copy = self.add_block();
            let mut block = self.block(target).clone();
            block.predecessors = 1;
            if let Some(first) = block.instructions.first_mut() {
                first.at = last.at;
            }
            *self.block_mut(copy) = block;
            let original = self.block_mut(target);
            original.predecessors -= 1;
            original.next = copy;
            self.block_mut(id)
                .instructions
                .last_mut()
                .expect("invariant: the block jumps")
                .target = copy;
        }
        // What remains is reached by falling through.
        for id in self.order() {
            let block = self.block(id);
            let (next, last) = (block.next, block.last().copied());
            if let Some(last) = last
                && block.falls_through()
                && next != NO_BLOCK
                && self.is_lineless_exit(next)
                && !self.block(next).is_handler
                && let Some(first) = self.block_mut(next).instructions.first_mut()
            {
                first.at = last.at;
            }
        }
    }

    fn propagate_lines(&mut self) {
        for id in self.order() {
            let block = self.block_mut(id);
            let mut previous = None;
            for instruction in &mut block.instructions {
                match instruction.at {
                    None => instruction.at = previous,
                    some => previous = some,
                }
            }
            let Some(&last) = block.last() else { continue };
            let next = if block.falls_through() {
                block.next
            } else {
                NO_BLOCK
            };
            let target = if last.is_jump() {
                last.target
            } else {
                NO_BLOCK
            };
            for successor in [next, target] {
                if successor == NO_BLOCK {
                    continue;
                }
                let block = self.block_mut(successor);
                if block.predecessors == 1
                    && !block.is_handler
                    && let Some(first) = block.instructions.first_mut()
                    && first.at.is_none()
                {
                    first.at = previous;
                }
            }
        }
    }
}
