//! The flow graph: basic blocks, made from a unit's linear instructions, improved and laid out.
//!
//! ```text
//!   mod           blocks and edges; the order of the passes
//!   exceptions    which handler each instruction has
//!   lines         positions for instructions that have none of their own
//!   peephole      small rewritings within a block, jump threading
//!   layout        unreachable code, redundant jumps, cold blocks to the end
//!   locals        unbound locals, superinstructions, borrowed loads
//!   stack         the depth of the stack everywhere
//! ```
//!
//! Invariants:
//! * only the last instruction of a block jumps or leaves; `SETUP_…` may stand anywhere;
//! * `Block::next` is the order in memory; control falls through to it unless the last
//!   instruction never does;
//! * an instruction with `target` names a block, whatever its `argument` says.

mod exceptions;
mod layout;
mod lines;
mod locals;
mod peephole;
mod stack;

use std::sync::Arc;

use crate::assemble;
use crate::code::{Code, CodeFlags};
use crate::codegen::unit::{At, Unit};
use crate::constant::Constant;
use crate::error::{Compiled, ErrorKind, Failure};
use crate::opcode::Opcode;
use crate::symbol_table::SymbolTable;

/// Index of a block, or [`NO_BLOCK`].
pub(crate) type BlockId = u32;

pub(crate) const NO_BLOCK: BlockId = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction {
    pub opcode: Opcode,
    pub argument: u32,
    pub target: BlockId,
    /// The block that gets exceptions from here.
    pub handler: BlockId,
    pub at: At,
}

impl Instruction {
    fn new(opcode: Opcode, argument: u32, at: At) -> Instruction {
        Instruction {
            opcode,
            argument,
            target: NO_BLOCK,
            handler: NO_BLOCK,
            at,
        }
    }

    fn line(&self) -> Option<u32> {
        self.at.map(|at| at.line)
    }

    fn set(&mut self, opcode: Opcode, argument: u32) {
        self.opcode = opcode;
        self.argument = argument;
        self.target = NO_BLOCK;
    }

    fn remove(&mut self) {
        self.set(Opcode::NOP, 0);
    }

    fn is_setup(&self) -> bool {
        matches!(
            self.opcode,
            Opcode::SETUP_FINALLY | Opcode::SETUP_CLEANUP | Opcode::SETUP_WITH
        )
    }

    fn is_jump(&self) -> bool {
        self.target != NO_BLOCK && !self.is_setup()
    }

    fn is_unconditional_jump(&self) -> bool {
        matches!(self.opcode, Opcode::JUMP | Opcode::JUMP_NO_INTERRUPT)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub instructions: Vec<Instruction>,
    pub next: BlockId,
    /// Entered by exceptions.
    pub is_handler: bool,
    /// Entered with the raising unit below the exception.
    pub preserve_lasti: bool,
    pub predecessors: u32,
    /// Depth of the stack on entry; -1 before it is known.
    pub start_depth: i32,
    reachable: bool,
    cold: bool,
}

impl Block {
    fn new() -> Block {
        Block {
            instructions: Vec::new(),
            next: NO_BLOCK,
            is_handler: false,
            preserve_lasti: false,
            predecessors: 0,
            start_depth: -1,
            reachable: false,
            cold: false,
        }
    }

    fn last(&self) -> Option<&Instruction> {
        self.instructions.last()
    }

    fn falls_through(&self) -> bool {
        self.last()
            .is_none_or(|last| !last.opcode.never_falls_through())
    }

    fn exits(&self) -> bool {
        self.last().is_some_and(|last| last.opcode.is_exit())
    }

    fn has_no_line(&self) -> bool {
        self.instructions
            .iter()
            .all(|instruction| instruction.at.is_none())
    }
}

/// The blocks of one code object.
pub(crate) struct Graph {
    pub blocks: Vec<Block>,
    pub constants: Vec<Constant>,
}

impl Graph {
    pub const ENTRY: BlockId = 0;

    /// Blocks in memory order.
    pub fn order(&self) -> Vec<BlockId> {
        let mut order = Vec::with_capacity(self.blocks.len());
        let mut block = Graph::ENTRY;
        while block != NO_BLOCK {
            order.push(block);
            block = self.blocks[block as usize].next;
        }
        order
    }

    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id as usize]
    }

    fn block_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id as usize]
    }

    /// The first block from `id` on that has instructions.
    pub fn next_nonempty(&self, mut id: BlockId) -> BlockId {
        while id != NO_BLOCK && self.block(id).instructions.is_empty() {
            id = self.block(id).next;
        }
        id
    }

    fn add_block(&mut self) -> BlockId {
        self.blocks.push(Block::new());
        self.blocks.len() as BlockId - 1
    }

    /// Cuts the linear sequence into blocks.
    fn build(unit: &mut Unit<'_>) -> Graph {
        let instructions = std::mem::take(&mut unit.instructions);
        // A block starts at each label that a jump names.
        let mut starts: Vec<u32> = instructions
            .iter()
            .filter(|instruction| instruction.opcode.has_jump())
            .map(|instruction| unit.labels[instruction.argument as usize])
            .collect();
        starts.sort_unstable();
        starts.dedup();
        debug_assert!(starts.last().is_none_or(|&last| last != u32::MAX));
        let mut graph = Graph {
            blocks: Vec::with_capacity(starts.len() * 2 + 1),
            constants: std::mem::take(&mut unit.constants).into_iter().collect(),
        };
        graph.blocks.push(Block::new());
        let mut block_of_start = Vec::with_capacity(starts.len());
        let mut pending = starts.iter().copied().peekable();
        let mut ended = false;
        for (position, instruction) in instructions.iter().enumerate() {
            let labelled = pending.peek() == Some(&(position as u32));
            if labelled || ended {
                graph.start_block(labelled);
            }
            if labelled {
                pending.next();
                block_of_start.push(graph.blocks.len() as BlockId - 1);
            }
            let mut lowered =
                Instruction::new(instruction.opcode, instruction.argument, instruction.at);
            if instruction.opcode.has_jump() {
                // Resolved below, when all blocks are there.
                lowered.target = unit.labels[instruction.argument as usize];
                lowered.argument = 0;
            }
            ended = lowered.is_jump() || lowered.opcode.never_falls_through();
            let block = graph
                .blocks
                .last_mut()
                .expect("invariant: there is a block");
            block.instructions.push(lowered);
        }
        if pending.next().is_some() {
            graph.start_block(true);
            block_of_start.push(graph.blocks.len() as BlockId - 1);
        }
        for block in &mut graph.blocks {
            for instruction in &mut block.instructions {
                if instruction.target != NO_BLOCK {
                    let index = starts
                        .binary_search(&instruction.target)
                        .expect("invariant: every target starts a block");
                    instruction.target = block_of_start[index];
                }
            }
        }
        graph
    }

    fn start_block(&mut self, labelled: bool) {
        let last = self.blocks.len() - 1;
        // The entry block stays first even when a label stands at the very beginning.
        if !labelled && self.blocks[last].instructions.is_empty() && last != 0 {
            return;
        }
        let id = self.add_block();
        self.blocks[last].next = id;
    }
}

/// Turns a finished unit into a code object.
pub(crate) fn assemble_unit(
    mut unit: Unit<'_>,
    flags: CodeFlags,
    filename: Arc<str>,
    table: &SymbolTable<'_>,
    debug_ranges: bool,
) -> Compiled<Arc<Code>> {
    let mut graph = Graph::build(&mut unit);
    graph.label_exception_targets();

    graph.inline_small_exits();
    graph.remove_unreachable();
    graph.resolve_lines(unit.first_line);
    graph.fold_constant_jumps();
    graph.optimize_blocks();
    graph.remove_redundant_nops();
    graph.inline_small_exits();
    graph.remove_unreachable();
    while graph.remove_redundant_nops() | graph.remove_redundant_jumps() {}

    let parameters = unit.arg_count
        + unit.keyword_only_count
        + u32::from(flags.contains(CodeFlags::VARARGS))
        + u32::from(flags.contains(CodeFlags::VARKEYWORDS));
    graph.check_unbound_locals(unit.varnames.len() as u32, parameters);
    graph.join_locals();
    graph.push_cold_blocks_to_end();
    graph.resolve_lines(unit.first_line);

    graph.lower_conditional_jumps();
    let stack_size = graph.compute_stack_depth().map_err(|message| {
        debug_assert!(false, "{}: {message}", unit.qualname);
        Failure::new(
            ErrorKind::Syntax,
            format!("internal error: {message}"),
            ruff_text_size::TextRange::default(),
        )
    })?;
    let layout = assemble::LocalLayout::new(&unit);
    graph.lower_pseudo_instructions(&layout);
    let generator =
        flags.intersects(CodeFlags::GENERATOR | CodeFlags::COROUTINE | CodeFlags::ASYNC_GENERATOR);
    graph.insert_prefix(&layout, generator, unit.first_line);
    graph.normalize_jumps();
    while graph.remove_redundant_nops() | graph.remove_redundant_jumps() {}
    graph.borrow_locals();
    if !debug_ranges {
        graph.forget_ranges();
    }
    assemble::assemble(graph, unit, layout, flags, filename, stack_size, table)
}
