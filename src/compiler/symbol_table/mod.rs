//! Which variable each name means: the symbol table (CPython's `symtable`).
//!
//! Two passes. [`build`] walks the tree once and notes, for every scope, what the source does with
//! each name: [`SymbolFlags`]. [`analyze`] then decides, from the outermost scope inwards and back,
//! which variable a name refers to: [`NameScope`].
//!
//! Scopes are found again by the code generator through the address of the syntax node that opens
//! them (the tree does not move in between) and the kind of scope, since one node may open several:
//! a generic function opens the scope of its type parameters and its own.
//!
//! Invariants after analysis:
//! * no symbol has `NameScope::Unresolved`;
//! * a name that is `Free` in a scope is `Cell` or `Free` in the scope that encloses it, unless that
//!   is a class, which passes it through;
//! * the symbols of an inlined comprehension also appear in the scope that it is inlined into.

mod analyze;
mod build;
mod build_expressions;
mod tree;

use std::cell::RefCell;
use std::hash::BuildHasherDefault;
use std::rc::Rc;

use bitflags::bitflags;
use indexmap::IndexMap;
use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHasher};

pub(crate) use build::{TableOptions, mangle};
pub use tree::ScopeTree;

/// A map keyed by names, in order of insertion.
pub type NameMap<'a, T> = IndexMap<&'a str, T, BuildHasherDefault<FxHasher>>;

/// A set of names, in order of insertion.
pub type NameSet<'a> = indexmap::IndexSet<&'a str, BuildHasherDefault<FxHasher>>;

/// Index of a scope in [`SymbolTable::scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScopeId(pub u32);

/// What opened a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    Module,
    Function,
    Class,
    /// The `__annotate__` function of a module, class or function.
    Annotation,
    /// Bound, constraints or default of one type parameter.
    TypeVariable,
    TypeAlias,
    /// Between a generic definition and its surroundings: holds the type parameters.
    TypeParameters,
}

impl ScopeKind {
    /// Whether code of this scope runs with fast locals.
    pub fn is_function_like(self) -> bool {
        !matches!(self, ScopeKind::Module | ScopeKind::Class)
    }
}

/// Which comprehension a function scope belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

bitflags! {
    /// What the source of a scope does with a name, with the bits of CPython's `_symtable`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct SymbolFlags: u16 {
        /// `global name`
        const GLOBAL = 1;
        /// Assigned.
        const LOCAL = 1 << 1;
        const PARAMETER = 1 << 2;
        /// `nonlocal name`
        const NONLOCAL = 1 << 3;
        const USE = 1 << 4;
        /// Free in the class, though also bound by it.
        const FREE_CLASS = 1 << 6;
        const IMPORT = 1 << 7;
        const ANNOTATED = 1 << 8;
        /// Iteration variable of a comprehension.
        const COMPREHENSION_ITERATION = 1 << 9;
        const TYPE_PARAMETER = 1 << 10;
        /// A cell because of an inlined comprehension.
        const COMPREHENSION_CELL = 1 << 11;
        /// Anything that binds.
        const BOUND = Self::LOCAL.bits() | Self::PARAMETER.bits() | Self::IMPORT.bits()
            | Self::TYPE_PARAMETER.bits();
    }
}

/// Which variable a name means, with the numbers of CPython's `_symtable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum NameScope {
    #[default]
    Unresolved = 0,
    Local = 1,
    GlobalExplicit = 2,
    GlobalImplicit = 3,
    Free = 4,
    Cell = 5,
}

/// A name in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Symbol {
    pub flags: SymbolFlags,
    pub scope: NameScope,
}

impl Symbol {
    /// Flags and scope in one number, as the `symtable` module takes them apart.
    pub fn bits(self) -> u32 {
        u32::from(self.flags.bits()) | (self.scope as u32) << 12
    }
}

bitflags! {
    /// Properties of a scope.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct ScopeFlags: u32 {
        /// Inside a function.
        const NESTED = 1;
        const GENERATOR = 1 << 1;
        const COROUTINE = 1 << 2;
        const VARARGS = 1 << 3;
        const VARKEYWORDS = 1 << 4;
        const RETURNS_VALUE = 1 << 5;
        /// A class whose methods need `__class__`.
        const NEEDS_CLASS_CLOSURE = 1 << 6;
        /// A class whose annotation scopes need `__classdict__`.
        const NEEDS_CLASS_DICT = 1 << 7;
        /// An annotation scope directly inside a class.
        const CAN_SEE_CLASS_SCOPE = 1 << 8;
        const METHOD = 1 << 9;
        const HAS_DOCSTRING = 1 << 10;
        const COMPREHENSION_INLINED = 1 << 11;
        const CONDITIONAL_ANNOTATIONS = 1 << 12;
        const ANNOTATIONS_USED = 1 << 13;
        /// Annotations of function locals: never evaluated, no effect on outer scopes.
        const UNEVALUATED_ANNOTATION = 1 << 14;
        const HAS_FREE = 1 << 15;
        const CHILD_HAS_FREE = 1 << 16;
    }
}

/// A module, class, function, comprehension or annotation scope.
#[derive(Debug)]
pub struct Scope<'a> {
    pub name: &'a str,
    pub kind: ScopeKind,
    pub comprehension: Option<ComprehensionKind>,
    pub flags: ScopeFlags,
    pub symbols: NameMap<'a, Symbol>,
    /// Names of parameters, in the order of the frame's slots.
    pub parameters: Vec<&'a str>,
    pub children: Vec<ScopeId>,
    pub parent: Option<ScopeId>,
    /// Where the scope begins.
    pub range: TextRange,
    /// The scope that holds this module's or class's annotations.
    pub(crate) annotation_scope: Option<ScopeId>,
    /// In the scope of type parameters of a class, and in those inside: the only names that are mangled.
    pub(crate) mangled_names: Option<Rc<RefCell<NameSet<'a>>>>,
    /// `global` and `nonlocal` statements, for messages.
    pub(crate) directives: Vec<(&'a str, TextRange)>,
    /// "a TypeVar bound" and the like, for messages.
    pub(crate) description: &'static str,
}

impl<'a> Scope<'a> {
    /// What this scope knows of a name.
    pub fn symbol(&self, name: &str) -> Symbol {
        self.symbols.get(name).copied().unwrap_or_default()
    }

    /// Whether all these flags are set.
    pub fn is(&self, flags: ScopeFlags) -> bool {
        self.flags.contains(flags)
    }
}

/// All scopes of a source; the first is the module.
#[derive(Debug)]
pub struct SymbolTable<'a> {
    pub scopes: Vec<Scope<'a>>,
    by_node: FxHashMap<(usize, ScopeKind), ScopeId>,
}

impl<'a> SymbolTable<'a> {
    /// The module's scope.
    pub fn top(&self) -> ScopeId {
        ScopeId(0)
    }

    pub(crate) fn scope_of(&self, node: usize, kind: ScopeKind) -> Option<ScopeId> {
        self.by_node.get(&(node, kind)).copied()
    }
}

impl<'a> std::ops::Index<ScopeId> for SymbolTable<'a> {
    type Output = Scope<'a>;
    fn index(&self, id: ScopeId) -> &Scope<'a> {
        &self.scopes[id.0 as usize]
    }
}

impl<'a> std::ops::IndexMut<ScopeId> for SymbolTable<'a> {
    fn index_mut(&mut self, id: ScopeId) -> &mut Scope<'a> {
        &mut self.scopes[id.0 as usize]
    }
}

/// The identity of a syntax node.
pub(crate) fn node_address<T>(node: &T) -> usize {
    std::ptr::from_ref(node).addr()
}
