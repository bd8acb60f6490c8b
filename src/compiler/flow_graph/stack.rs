//! The depth of the stack on entry to each block, and the largest one.
//!
//! This is also the check of the whole code generator: two paths that meet must agree, nothing may
//! take more than there is.

use super::{BlockId, Graph, NO_BLOCK};
use crate::opcode::Opcode;

impl Graph {
    /// The largest depth, or what is wrong.
    pub(super) fn compute_stack_depth(&mut self) -> Result<u32, String> {
        for block in &mut self.blocks {
            block.start_depth = -1;
        }
        let mut work = vec![Graph::ENTRY];
        self.block_mut(Graph::ENTRY).start_depth = 0;
        let mut deepest = 0;
        while let Some(id) = work.pop() {
            let instructions = std::mem::take(&mut self.block_mut(id).instructions);
            let mut depth = self.block(id).start_depth;
            let mut result = Ok(());
            for instruction in &instructions {
                // A handler finds the stack as deep as where its range began: the entry depth of
                // the handler is recorded there, before assembly removed the marks.
                let after = depth + instruction.opcode.stack_effect(instruction.argument, false);
                if after < 0 {
                    result = Err(format!("stack underflow at {}", instruction.opcode.name()));
                    break;
                }
                if instruction.target != NO_BLOCK {
                    let taken = depth + instruction.opcode.stack_effect(instruction.argument, true);
                    result = self.enter_at_depth(instruction.target, taken, &mut work);
                    deepest = deepest.max(taken);
                }
                depth = after;
                deepest = deepest.max(depth);
                if result.is_err() || instruction.opcode.never_falls_through() {
                    break;
                }
            }
            let block = self.block_mut(id);
            block.instructions = instructions;
            result?;
            let next = block.next;
            if block.falls_through() && next != NO_BLOCK {
                self.enter_at_depth(next, depth, &mut work)?;
            }
        }
        Ok((deepest as u32).max(1))
    }

    fn enter_at_depth(
        &mut self,
        id: BlockId,
        depth: i32,
        work: &mut Vec<BlockId>,
    ) -> Result<(), String> {
        let block = self.block_mut(id);
        if block.start_depth < 0 {
            block.start_depth = depth;
            work.push(id);
            Ok(())
        } else if block.start_depth == depth {
            Ok(())
        } else {
            let first = block
                .instructions
                .first()
                .map_or(Opcode::NOP, |first| first.opcode);
            Err(format!(
                "depth {} or {depth} at {}",
                block.start_depth,
                first.name()
            ))
        }
    }
}
