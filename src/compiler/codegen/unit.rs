//! One code object while it is being generated: a linear sequence of instructions with labels.
//!
//! Jumps name labels; the flow graph is made of this afterwards. Constants are folded here, at the
//! moment an operator is emitted behind its constant operands, so folding needs no pass of its own
//! and no second look at the tree.
//!
//! Invariant: instructions before `fold_floor` are never taken back, because a label may point
//! between them and what follows.

use std::hash::BuildHasherDefault;

use indexmap::IndexSet;
use ruff_python_ast::{Identifier, Stmt, StmtAnnAssign};
use rustc_hash::{FxHashMap, FxHasher};

use crate::constant::Constant;
use crate::location::Location;
use crate::opcode::Opcode;
use crate::symbol_table::{NameSet, ScopeId};

/// Where an instruction came from; `None` for what has no line of its own.
pub(crate) type At = Option<Location>;

/// An instruction before assembly. For a jump the argument is a label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction {
    pub opcode: Opcode,
    pub argument: u32,
    pub at: At,
}

/// A place in the sequence that jumps can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label(pub u32);

impl Label {
    /// Of blocks that nothing jumps to.
    pub const NONE: Label = Label(u32::MAX);
}

/// What kind of code a unit is, where symbol-table scopes do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    Comprehension,
    TypeParameters,
    Annotations,
}

/// What `break`, `continue` and `return` have to undo.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FrameBlockKind<'a> {
    WhileLoop,
    ForLoop,
    AsyncForLoop,
    TryExcept,
    FinallyTry(&'a [Stmt]),
    FinallyEnd,
    With(At),
    AsyncWith(At),
    HandlerCleanup(Option<&'a Identifier>),
    PopValue,
    ExceptionHandler,
    ExceptionGroupHandler,
    AsyncComprehension,
    StopIteration,
}

/// A block of the source that is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameBlock<'a> {
    pub kind: FrameBlockKind<'a>,
    /// Where `continue` goes.
    pub start: Label,
    /// Where `break` goes.
    pub exit: Label,
}

type FxIndexSet<T> = IndexSet<T, BuildHasherDefault<FxHasher>>;

pub(crate) struct Unit<'a> {
    pub kind: UnitKind,
    pub scope: ScopeId,
    pub name: &'a str,
    pub qualname: String,
    /// The class whose private names are mangled.
    pub private: Option<&'a str>,
    pub first_line: u32,
    pub arg_count: u32,
    pub positional_only_count: u32,
    pub keyword_only_count: u32,
    pub names: NameSet<'a>,
    pub varnames: NameSet<'a>,
    pub cellvars: NameSet<'a>,
    pub freevars: NameSet<'a>,
    /// Locals of inlined comprehensions in code without fast locals; true while inside.
    pub fast_hidden: FxHashMap<&'a str, bool>,
    pub constants: FxIndexSet<Constant>,
    /// Indices of those that only folding made: they are numbered behind the others.
    pub folded: FxIndexSet<u32>,
    pub instructions: Vec<Instruction>,
    /// Position of each label, or `u32::MAX`.
    pub labels: Vec<u32>,
    fold_floor: usize,
    pub blocks: Vec<FrameBlock<'a>>,
    /// Names assigned to `self.…` in methods, for classes.
    pub static_attributes: Option<NameSet<'a>>,
    pub deferred_annotations: Vec<(&'a StmtAnnAssign, Option<u32>)>,
    pub conditional_annotation_count: u32,
    pub in_conditional: bool,
    pub inlined_comprehensions: u32,
    pub has_docstring: bool,
}

impl<'a> Unit<'a> {
    pub fn new(kind: UnitKind, scope: ScopeId, name: &'a str, first_line: u32) -> Unit<'a> {
        Unit {
            kind,
            scope,
            name,
            qualname: String::new(),
            private: None,
            first_line,
            arg_count: 0,
            positional_only_count: 0,
            keyword_only_count: 0,
            names: NameSet::default(),
            varnames: NameSet::default(),
            cellvars: NameSet::default(),
            freevars: NameSet::default(),
            fast_hidden: FxHashMap::default(),
            constants: FxIndexSet::default(),
            folded: FxIndexSet::default(),
            instructions: Vec::new(),
            labels: Vec::new(),
            fold_floor: 0,
            blocks: Vec::new(),
            static_attributes: None,
            deferred_annotations: Vec::new(),
            conditional_annotation_count: 0,
            in_conditional: false,
            inlined_comprehensions: 0,
            has_docstring: false,
        }
    }

    pub fn new_label(&mut self) -> Label {
        self.labels.push(u32::MAX);
        Label(self.labels.len() as u32 - 1)
    }

    pub fn use_label(&mut self, label: Label) {
        self.fold_floor = self.instructions.len();
        self.labels[label.0 as usize] = self.fold_floor as u32;
    }

    pub fn push(&mut self, opcode: Opcode, argument: u32, at: At) {
        self.instructions.push(Instruction {
            opcode,
            argument,
            at,
        });
    }

    pub fn name_index(&mut self, name: &'a str) -> u32 {
        self.names.insert_full(name).0 as u32
    }

    pub fn varname_index(&mut self, name: &'a str) -> u32 {
        self.varnames.insert_full(name).0 as u32
    }

    pub fn load_constant(&mut self, constant: Constant, at: At) {
        if let Constant::Int(value @ 0..=255) = constant {
            if self.constants.is_empty() {
                self.constants.insert(constant);
            }
            self.push(Opcode::LOAD_SMALL_INT, value as u32, at);
            return;
        }
        let index = self.constants.insert_full(constant).0 as u32;
        self.folded.swap_remove(&index);
        self.push(Opcode::LOAD_CONST, index, at);
    }

    /// A constant that is the value of operations on others.
    pub fn load_folded(&mut self, constant: Constant, at: At) {
        let count = self.constants.len();
        self.load_constant(constant, at);
        if count > 0 && self.constants.len() > count {
            self.folded.insert(count as u32);
        }
    }

    /// The constant that an instruction loads.
    pub fn loaded_constant(&self, instruction: &Instruction) -> Option<Constant> {
        match instruction.opcode {
            Opcode::LOAD_CONST => self
                .constants
                .get_index(instruction.argument as usize)
                .cloned(),
            Opcode::LOAD_SMALL_INT => Some(Constant::Int(i64::from(instruction.argument))),
            _ => None,
        }
    }

    /// The last `count` instructions, when they may be taken back.
    pub fn tail(&self, count: usize) -> Option<&[Instruction]> {
        let start = self.instructions.len().checked_sub(count)?;
        (start >= self.fold_floor).then(|| &self.instructions[start..])
    }

    /// Whether the last `count` instructions load constants.
    pub fn tail_is_constant(&self, count: usize) -> bool {
        self.tail(count).is_some_and(|tail| {
            tail.iter().all(|instruction| {
                matches!(
                    instruction.opcode,
                    Opcode::LOAD_CONST | Opcode::LOAD_SMALL_INT
                )
            })
        })
    }

    /// The constants that the last `count` instructions load, when that is all they do.
    pub fn tail_constants(&self, count: usize) -> Option<Vec<Constant>> {
        if !self.tail_is_constant(count) {
            return None;
        }
        self.tail(count)?
            .iter()
            .map(|instruction| self.loaded_constant(instruction))
            .collect()
    }

    /// Takes the last `count` instructions back.
    pub fn take_back(&mut self, count: usize) {
        let length = self.instructions.len() - count;
        debug_assert!(length >= self.fold_floor);
        self.instructions.truncate(length);
    }

    /// Inserts instructions at `position` and moves the labels behind it.
    pub fn insert(&mut self, position: usize, instructions: Vec<Instruction>) {
        let count = instructions.len() as u32;
        for label in &mut self.labels {
            if *label != u32::MAX && *label as usize > position {
                *label += count;
            }
        }
        self.instructions.splice(position..position, instructions);
    }
}
