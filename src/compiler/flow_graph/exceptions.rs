//! Which handler each instruction has.
//!
//! `SETUP_…` and `POP_BLOCK` open and close protected ranges along every path. Open ranges form
//! stacks that share their tails, so following a jump copies nothing.

use super::{BlockId, Graph, NO_BLOCK};
use crate::opcode::Opcode;

/// An open range and those around it.
#[derive(Clone, Copy)]
struct Open {
    handler: BlockId,
    outer: u32,
    depth: u32,
}

const OUTSIDE: u32 = u32::MAX;

impl Graph {
    pub(super) fn label_exception_targets(&mut self) {
        let mut stacks: Vec<Open> = Vec::new();
        let mut entered = vec![false; self.blocks.len()];
        let mut work = vec![(Graph::ENTRY, OUTSIDE)];
        entered[Graph::ENTRY as usize] = true;
        let handler_of = |stacks: &[Open], top: u32| match stacks.get(top as usize) {
            Some(open) => open.handler,
            None => NO_BLOCK,
        };
        while let Some((id, mut top)) = work.pop() {
            let mut yield_depth = 0;
            let mut instructions = std::mem::take(&mut self.block_mut(id).instructions);
            for instruction in &mut instructions {
                let target = instruction.target;
                if instruction.is_setup() {
                    if !std::mem::replace(&mut entered[target as usize], true) {
                        work.push((target, top));
                    }
                    let block = self.block_mut(target);
                    block.is_handler = true;
                    block.preserve_lasti |= instruction.opcode != Opcode::SETUP_FINALLY;
                    let depth = stacks.get(top as usize).map_or(0, |open| open.depth) + 1;
                    stacks.push(Open {
                        handler: target,
                        outer: top,
                        depth,
                    });
                    top = stacks.len() as u32 - 1;
                    continue;
                }
                if instruction.opcode == Opcode::POP_BLOCK {
                    instruction.remove();
                    top = stacks[top as usize].outer;
                    continue;
                }
                instruction.handler = handler_of(&stacks, top);
                let depth = stacks.get(top as usize).map_or(0, |open| open.depth);
                match instruction.opcode {
                    Opcode::YIELD_VALUE => yield_depth = depth,
                    // The generator may be closed without running any handler.
                    Opcode::RESUME if instruction.argument != 0 && yield_depth == 1 => {
                        instruction.argument |= 4;
                    }
                    _ => {}
                }
                if target != NO_BLOCK && !std::mem::replace(&mut entered[target as usize], true) {
                    work.push((target, top));
                }
            }
            let block = self.block_mut(id);
            block.instructions = instructions;
            let next = block.next;
            if block.falls_through()
                && next != NO_BLOCK
                && !std::mem::replace(&mut entered[next as usize], true)
            {
                work.push((next, top));
            }
        }
    }
}
