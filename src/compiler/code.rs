//! The code object: everything that the runtime needs to run one function, class body or module.
//!
//! Invariants:
//! * `locals` is in CPython's "fast locals plus" order: arguments (positional, keyword-only,
//!   `*args`, `**kwargs`), other locals, cells that are not arguments, free variables. An argument
//!   that is also a cell keeps its place.
//! * every instruction for which `Opcode::has_cache` holds is followed by one unit with the index
//!   of its cache; these indices are 0..cache_count in order.
//! * `exceptions` is sorted by `start`, ranges are disjoint and not empty.
//! * `stack_size` is the largest depth that any unit can reach.

use std::sync::Arc;

use bitflags::bitflags;

use crate::constant::Constant;
use crate::location::{Location, LocationTable};
use crate::opcode::Opcode;

bitflags! {
    /// `co_flags`, with CPython's bits.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct CodeFlags: u32 {
        const OPTIMIZED = 0x1;
        const NEWLOCALS = 0x2;
        const VARARGS = 0x4;
        const VARKEYWORDS = 0x8;
        const NESTED = 0x10;
        const GENERATOR = 0x20;
        const COROUTINE = 0x80;
        const ITERABLE_COROUTINE = 0x100;
        const ASYNC_GENERATOR = 0x200;
        const FUTURE_DIVISION = 0x20000;
        const FUTURE_ABSOLUTE_IMPORT = 0x40000;
        const FUTURE_WITH_STATEMENT = 0x80000;
        const FUTURE_PRINT_FUNCTION = 0x100000;
        const FUTURE_UNICODE_LITERALS = 0x200000;
        const FUTURE_BARRY_AS_BDFL = 0x400000;
        const FUTURE_GENERATOR_STOP = 0x800000;
        const FUTURE_ANNOTATIONS = 0x1000000;
        const HAS_DOCSTRING = 0x4000000;
        const METHOD = 0x8000000;
    }
}

impl CodeFlags {
    /// The flags that code inherits from the code that compiles it.
    pub const FUTURES: CodeFlags = CodeFlags::FUTURE_DIVISION
        .union(CodeFlags::FUTURE_ABSOLUTE_IMPORT)
        .union(CodeFlags::FUTURE_WITH_STATEMENT)
        .union(CodeFlags::FUTURE_PRINT_FUNCTION)
        .union(CodeFlags::FUTURE_UNICODE_LITERALS)
        .union(CodeFlags::FUTURE_BARRY_AS_BDFL)
        .union(CodeFlags::FUTURE_GENERATOR_STOP)
        .union(CodeFlags::FUTURE_ANNOTATIONS);
}

bitflags! {
    /// What a slot of `locals` is, with CPython's `CO_FAST_…` bits.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct LocalKind: u8 {
        /// An argument that may be given by position.
        const ARG_POSITIONAL = 0x02;
        /// An argument that may be given by name.
        const ARG_KEYWORD = 0x04;
        /// `*args` (with `ARG_POSITIONAL`) or `**kwargs` (with `ARG_KEYWORD`).
        const ARG_VARIADIC = 0x08;
        /// Not shown by `locals()`: the variable of an inlined comprehension in a class body or
        /// module.
        const HIDDEN = 0x10;
        const LOCAL = 0x20;
        /// Captured by an inner function; may be `LOCAL` too.
        const CELL = 0x40;
        /// Captured from an outer function.
        const FREE = 0x80;
    }
}

/// One slot of a frame's variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalVariable {
    pub name: Box<str>,
    pub kind: LocalKind,
}

/// Units `start..end` are protected: an exception there unwinds the stack to `depth`, pushes the
/// raising unit when `push_lasti`, pushes the exception and continues at `target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceptionHandler {
    pub start: u32,
    pub end: u32,
    pub target: u32,
    pub depth: u32,
    pub push_lasti: bool,
}

/// One compiled function, class body, module or expression.
#[derive(Clone, Debug)]
pub struct Code {
    pub name: Box<str>,
    pub qualname: Box<str>,
    pub filename: Arc<str>,
    pub first_line: u32,
    pub flags: CodeFlags,
    /// `co_argcount`: positional arguments, the positional-only ones included.
    pub arg_count: u32,
    pub positional_only_count: u32,
    pub keyword_only_count: u32,
    /// Names of globals, attributes and imports (`co_names`).
    pub names: Box<[Box<str>]>,
    pub locals: Box<[LocalVariable]>,
    pub constants: Box<[Constant]>,
    pub instructions: Box<[u32]>,
    /// The number of inline caches.
    pub cache_count: u32,
    pub stack_size: u32,
    pub locations: LocationTable,
    pub exceptions: Box<[ExceptionHandler]>,
}

impl Code {
    /// The range of the source that `unit` came from.
    pub fn location(&self, unit: u32) -> Option<Location> {
        self.locations.location(unit, self.first_line)
    }

    /// The location of each unit, in order: what `co_positions()` gives.
    pub fn positions(&self) -> impl Iterator<Item = Option<Location>> + '_ {
        self.locations
            .runs(self.first_line)
            .flat_map(|(length, location)| std::iter::repeat_n(location, length as usize))
    }

    /// The handler that an exception at `unit` goes to.
    pub fn handler(&self, unit: u32) -> Option<&ExceptionHandler> {
        let after = self.exceptions.partition_point(|entry| entry.start <= unit);
        let entry = self.exceptions.get(after.checked_sub(1)?)?;
        (unit < entry.end).then_some(entry)
    }

    /// The docstring, for functions that have one.
    pub fn docstring(&self) -> Option<&Constant> {
        self.flags
            .contains(CodeFlags::HAS_DOCSTRING)
            .then(|| self.constants.first())
            .flatten()
    }

    /// All argument slots, `*args` and `**kwargs` included; they are the first of `locals`.
    pub fn argument_slots(&self) -> u32 {
        self.arg_count
            + self.keyword_only_count
            + u32::from(self.flags.contains(CodeFlags::VARARGS))
            + u32::from(self.flags.contains(CodeFlags::VARKEYWORDS))
    }

    /// The number of free variables; they are the last of `locals`.
    pub fn free_count(&self) -> usize {
        self.names_of(LocalKind::FREE).count()
    }

    /// `co_varnames` for `LOCAL`, `co_cellvars` for `CELL`, `co_freevars` for `FREE`.
    pub fn names_of(&self, kind: LocalKind) -> impl Iterator<Item = &str> {
        self.locals
            .iter()
            .filter(move |local| local.kind.intersects(kind))
            .map(|local| &*local.name)
    }

    /// The instructions with the unit at which each stands; cache units are skipped.
    pub fn decode(&self) -> impl Iterator<Item = (u32, Opcode, u32)> + '_ {
        let mut unit = 0usize;
        std::iter::from_fn(move || {
            let word = *self.instructions.get(unit)?;
            let opcode = Opcode::from_u8(word as u8)?;
            let at = unit as u32;
            unit += 1 + usize::from(opcode.has_cache());
            Some((at, opcode, word >> 8))
        })
    }
}
