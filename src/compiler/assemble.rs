//! The last step: from laid-out blocks to a code object.

use std::sync::Arc;

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;

use crate::code::{Code, CodeFlags, ExceptionHandler, LocalKind, LocalVariable};
use crate::codegen::unit::{Unit, UnitKind};
use crate::constant::Constant;
use crate::error::{Compiled, ErrorKind, Failure};
use crate::flow_graph::{Graph, NO_BLOCK};
use crate::location::LocationTableBuilder;
use crate::opcode::Opcode;
use crate::symbol_table::SymbolTable;

/// Arguments are below this.
const ARGUMENT_LIMIT: u32 = 1 << 24;

/// Where cells and free variables are among the locals.
#[derive(Debug)]
pub(crate) struct LocalLayout {
    /// The slot of each cell.
    pub cell_slots: Vec<u32>,
    /// The slot of the first free variable.
    first_free: u32,
    pub free_count: u32,
}

impl LocalLayout {
    pub fn new(unit: &Unit<'_>) -> LocalLayout {
        let mut next = unit.varnames.len() as u32;
        let cell_slots = unit
            .cellvars
            .iter()
            .map(|name| match unit.varnames.get_index_of(name) {
                Some(index) => index as u32,
                None => {
                    next += 1;
                    next - 1
                }
            })
            .collect();
        LocalLayout {
            cell_slots,
            first_free: next,
            free_count: unit.freevars.len() as u32,
        }
    }

    /// The slot for an index among cells and free variables.
    pub fn slot_of_cell(&self, index: u32) -> u32 {
        match self.cell_slots.get(index as usize) {
            Some(&slot) => slot,
            None => self.first_free + (index - self.cell_slots.len() as u32),
        }
    }
}

pub(crate) fn assemble(
    graph: Graph,
    unit: Unit<'_>,
    layout: LocalLayout,
    flags: CodeFlags,
    filename: Arc<str>,
    stack_size: u32,
    table: &SymbolTable<'_>,
) -> Compiled<Arc<Code>> {
    let order = graph.order();
    let mut offsets = vec![0u32; graph.blocks.len()];
    let mut size = 0u32;
    for &id in &order {
        offsets[id as usize] = size;
        size += graph
            .block(id)
            .instructions
            .iter()
            .map(|instruction| 1 + u32::from(instruction.opcode.has_cache()))
            .sum::<u32>();
    }

    let mut units = Vec::with_capacity(size as usize);
    let mut locations = LocationTableBuilder::new(unit.first_line);
    let mut exceptions: Vec<ExceptionHandler> = Vec::new();
    let loaded = order
        .iter()
        .flat_map(|&id| &graph.block(id).instructions)
        .filter(|instruction| instruction.opcode == Opcode::LOAD_CONST)
        .map(|instruction| instruction.argument);
    let constants = ConstantNumbering::new(graph.constants.len(), loaded, |old| {
        unit.folded.contains(&old)
    });
    let mut cache_count = 0;
    for &id in &order {
        for instruction in &graph.block(id).instructions {
            let start = units.len() as u32;
            let has_cache = instruction.opcode.has_cache();
            let end = start + 1 + u32::from(has_cache);
            let mut opcode = instruction.opcode;
            let mut argument = instruction.argument;
            if instruction.target != NO_BLOCK {
                let target = offsets[instruction.target as usize];
                opcode = match opcode {
                    Opcode::JUMP if target >= end => Opcode::JUMP_FORWARD,
                    Opcode::JUMP => Opcode::JUMP_BACKWARD,
                    Opcode::JUMP_NO_INTERRUPT if target >= end => Opcode::JUMP_FORWARD,
                    Opcode::JUMP_NO_INTERRUPT => Opcode::JUMP_BACKWARD_NO_INTERRUPT,
                    other => other,
                };
                argument = if opcode.is_backward_jump() {
                    end - target
                } else {
                    debug_assert!(target >= end, "{} goes back", opcode.name());
                    target.wrapping_sub(end)
                };
            }
            if opcode == Opcode::LOAD_CONST {
                argument = constants.number(argument);
            }
            if argument >= ARGUMENT_LIMIT {
                return Err(Failure::new(
                    ErrorKind::Overflow,
                    "code is too large",
                    TextRange::default(),
                ));
            }
            debug_assert!(!opcode.is_pseudo(), "{} is left", opcode.name());
            units.push(argument << 8 | opcode as u32);
            if has_cache {
                units.push(cache_count);
                cache_count += 1;
            }
            locations.push(end - start, instruction.at);
            if instruction.handler != NO_BLOCK {
                let handler = graph.block(instruction.handler);
                let lasti = i32::from(handler.preserve_lasti);
                let entry = ExceptionHandler {
                    start,
                    end,
                    target: offsets[instruction.handler as usize],
                    depth: (handler.start_depth - 1 - lasti).max(0) as u32,
                    push_lasti: handler.preserve_lasti,
                };
                match exceptions.last_mut() {
                    Some(last) if last.end == start && same_handler(last, &entry) => {
                        last.end = end;
                    }
                    _ => exceptions.push(entry),
                }
            }
        }
    }

    let locals = local_variables(&unit, &layout, flags);
    let _ = table;
    Ok(Arc::new(Code {
        name: unit.name.into(),
        qualname: unit.qualname.into(),
        filename,
        first_line: unit.first_line,
        flags,
        arg_count: unit.arg_count,
        positional_only_count: unit.positional_only_count,
        keyword_only_count: unit.keyword_only_count,
        names: unit.names.iter().map(|&name| name.into()).collect(),
        locals,
        constants: constants.finish(graph.constants),
        instructions: units.into(),
        cache_count,
        stack_size,
        locations: locations.finish(),
        exceptions: exceptions.into(),
    }))
}

fn same_handler(left: &ExceptionHandler, right: &ExceptionHandler) -> bool {
    left.target == right.target && left.depth == right.depth && left.push_lasti == right.push_lasti
}

/// Gives new numbers to the constants that are used: in the order in which the code generator met them,
/// those that folding made last. The first stays, used or not: it may be the docstring.
struct ConstantNumbering {
    /// By old number; [`UNUSED`] for those that go.
    numbers: Vec<u32>,
}

const UNUSED: u32 = u32::MAX;

impl ConstantNumbering {
    fn new(
        count: usize,
        loaded: impl Iterator<Item = u32>,
        is_folded: impl Fn(u32) -> bool,
    ) -> ConstantNumbering {
        let mut numbers = vec![UNUSED; count];
        if let Some(first) = numbers.first_mut() {
            *first = 0;
        }
        for old in loaded {
            numbers[old as usize] = 0;
        }
        let mut next = 0;
        for folded in [false, true] {
            for (old, number) in numbers.iter_mut().enumerate() {
                if *number != UNUSED && is_folded(old as u32) == folded {
                    *number = next;
                    next += 1;
                }
            }
        }
        ConstantNumbering { numbers }
    }

    fn number(&self, old: u32) -> u32 {
        self.numbers[old as usize]
    }

    fn finish(self, constants: Vec<Constant>) -> Box<[Constant]> {
        let mut used: Vec<(u32, Constant)> = self
            .numbers
            .into_iter()
            .zip(constants)
            .filter(|(number, _)| *number != UNUSED)
            .collect();
        used.sort_unstable_by_key(|(number, _)| *number);
        used.into_iter().map(|(_, constant)| constant).collect()
    }
}

fn local_variables(
    unit: &Unit<'_>,
    layout: &LocalLayout,
    flags: CodeFlags,
) -> Box<[LocalVariable]> {
    let mut locals: Vec<LocalVariable> = unit
        .varnames
        .iter()
        .map(|&name| LocalVariable {
            name: name.into(),
            kind: LocalKind::LOCAL,
        })
        .collect();
    // In the order of the frame: positional-only, positional, keyword-only, *args, **kwargs.
    let positional = unit.arg_count as usize;
    let keyword_only = positional + unit.keyword_only_count as usize;
    for (index, local) in locals.iter_mut().enumerate().take(keyword_only) {
        if index < positional {
            local.kind |= LocalKind::ARG_POSITIONAL;
        }
        if index >= unit.positional_only_count as usize {
            local.kind |= LocalKind::ARG_KEYWORD;
        }
    }
    let mut next = keyword_only;
    for (flag, kind) in [
        (CodeFlags::VARARGS, LocalKind::ARG_POSITIONAL),
        (CodeFlags::VARKEYWORDS, LocalKind::ARG_KEYWORD),
    ] {
        if flags.contains(flag) {
            locals[next].kind |= kind | LocalKind::ARG_VARIADIC;
            next += 1;
        }
    }
    // Inlined comprehensions of modules and classes have locals that `locals()` must not show.
    let hidden: &FxHashMap<&str, bool> = &unit.fast_hidden;
    for local in &mut locals {
        if hidden.contains_key(&*local.name) {
            local.kind |= LocalKind::HIDDEN;
        }
    }
    for (&name, &slot) in unit.cellvars.iter().zip(&layout.cell_slots) {
        match locals.get_mut(slot as usize) {
            Some(local) => local.kind |= LocalKind::CELL,
            None => locals.push(LocalVariable {
                name: name.into(),
                kind: LocalKind::CELL,
            }),
        }
    }
    locals.extend(unit.freevars.iter().map(|&name| LocalVariable {
        name: name.into(),
        kind: LocalKind::FREE,
    }));
    // The parameter cannot have this name inside, where annotations may use it.
    if unit.kind == UnitKind::Annotations
        && unit.name == "__annotate__"
        && let Some(first) = locals.first_mut()
    {
        first.name = "format".into();
    }
    locals.into()
}
