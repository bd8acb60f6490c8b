//! The symbol table as a tree of its own: what the `symtable` module shows.

use super::{ComprehensionKind, ScopeFlags, ScopeId, ScopeKind, Symbol, SymbolTable};
use crate::source::LineIndex;

/// A scope with the scopes inside it. Inlined comprehensions have none of their own.
#[derive(Clone, Debug)]
pub struct ScopeTree {
    /// `top` for the module.
    pub name: Box<str>,
    pub kind: ScopeKind,
    pub comprehension: Option<ComprehensionKind>,
    /// Where the scope begins; 0 for the module.
    pub line: u32,
    pub flags: ScopeFlags,
    /// Names in the order in which the source mentions them first.
    pub symbols: Vec<(Box<str>, Symbol)>,
    /// Names of parameters, in the order of the frame's slots.
    pub parameters: Vec<Box<str>>,
    pub children: Vec<ScopeTree>,
}

impl SymbolTable<'_> {
    /// A copy that does not borrow from the source.
    pub(crate) fn to_tree(&self, lines: &LineIndex) -> ScopeTree {
        self.tree_of(self.top(), lines)
    }

    fn tree_of(&self, id: ScopeId, lines: &LineIndex) -> ScopeTree {
        let scope = &self[id];
        let line = match scope.parent {
            None => 0,
            Some(_) => lines.line(scope.range.start().to_usize()),
        };
        ScopeTree {
            name: scope.name.into(),
            kind: scope.kind,
            comprehension: scope.comprehension,
            line,
            flags: scope.flags,
            symbols: scope
                .symbols
                .iter()
                .map(|(&name, &symbol)| (name.into(), symbol))
                .collect(),
            parameters: scope.parameters.iter().map(|&name| name.into()).collect(),
            children: scope
                .children
                .iter()
                .map(|&child| crate::recursion::grow(|| self.tree_of(child, lines)))
                .collect(),
        }
    }
}
