//! Loading, storing and deleting variables.

use ruff_text_size::TextRange;

use super::Generator;
use super::unit::At;
use crate::constant::Constant;
use crate::opcode::Opcode;
use crate::symbol_table::{NameScope, ScopeFlags, ScopeKind};

/// What is done with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Load,
    Store,
    Delete,
}

enum Place {
    Fast,
    Cell,
    Global { implicit: bool },
    Name,
}

impl<'a> Generator<'a, '_> {
    fn place(&self, name: &'a str) -> Place {
        let unit = self.unit_ref();
        let function_like = self.scope_kind().is_function_like();
        match self.table[unit.scope].symbol(name).scope {
            NameScope::Free | NameScope::Cell => Place::Cell,
            NameScope::Local
                if function_like || unit.fast_hidden.get(name).is_some_and(|inside| *inside) =>
            {
                Place::Fast
            }
            NameScope::GlobalImplicit if function_like => Place::Global { implicit: true },
            NameScope::GlobalExplicit => Place::Global { implicit: false },
            _ => Place::Name,
        }
    }

    /// Index of a cell among cells and free variables.
    pub fn cell_index(&mut self, name: &'a str) -> u32 {
        let unit = self.unit_ref();
        if let Some(index) = unit.cellvars.get_index_of(name)
            && self.table[unit.scope].symbol(name).scope != NameScope::Free
        {
            return index as u32;
        }
        match unit.freevars.get_index_of(name) {
            Some(index) => (unit.cellvars.len() + index) as u32,
            None => unit
                .cellvars
                .get_index_of(name)
                .expect("invariant: the name is a cell") as u32,
        }
    }

    pub fn variable(&mut self, name: &'a str, access: Access, at: At) {
        let name = self.mangled(name);
        let kind = self.scope_kind();
        let sees_class = self.scope_is(ScopeFlags::CAN_SEE_CLASS_SCOPE);
        let inlined = self.unit_ref().inlined_comprehensions > 0;
        match self.place(name) {
            Place::Cell => {
                let index = self.cell_index(name);
                match access {
                    Access::Load if kind == ScopeKind::Class && !inlined => {
                        self.emit(Opcode::LOAD_LOCALS, at);
                        self.emit_with(Opcode::LOAD_FROM_DICT_OR_DEREF, index, at);
                    }
                    Access::Load if sees_class => {
                        self.load_class_dict(at);
                        self.emit_with(Opcode::LOAD_FROM_DICT_OR_DEREF, index, at);
                    }
                    Access::Load => self.emit_with(Opcode::LOAD_DEREF, index, at),
                    Access::Store => self.emit_with(Opcode::STORE_DEREF, index, at),
                    Access::Delete => self.emit_with(Opcode::DELETE_DEREF, index, at),
                }
            }
            Place::Fast => {
                let index = self.unit().varname_index(name);
                let opcode = match access {
                    Access::Load => Opcode::LOAD_FAST,
                    Access::Store => Opcode::STORE_FAST,
                    Access::Delete => Opcode::DELETE_FAST,
                };
                self.emit_with(opcode, index, at);
            }
            Place::Global { implicit } => {
                let index = self.unit().name_index(name);
                match access {
                    Access::Load if sees_class && implicit => {
                        self.load_class_dict(at);
                        self.emit_with(Opcode::LOAD_FROM_DICT_OR_GLOBALS, index, at);
                    }
                    Access::Load => self.emit_with(Opcode::LOAD_GLOBAL, index << 1, at),
                    Access::Store => self.emit_with(Opcode::STORE_GLOBAL, index, at),
                    Access::Delete => self.emit_with(Opcode::DELETE_GLOBAL, index, at),
                }
            }
            Place::Name => {
                let index = self.unit().name_index(name);
                match access {
                    Access::Load if kind == ScopeKind::Class && inlined => {
                        self.emit_with(Opcode::LOAD_GLOBAL, index << 1, at);
                    }
                    Access::Load => self.emit_with(Opcode::LOAD_NAME, index, at),
                    Access::Store => self.emit_with(Opcode::STORE_NAME, index, at),
                    Access::Delete => self.emit_with(Opcode::DELETE_NAME, index, at),
                }
            }
        }
    }

    fn load_class_dict(&mut self, at: At) {
        let index = self.cell_index("__classdict__");
        self.emit_with(Opcode::LOAD_DEREF, index, at);
    }

    pub fn load(&mut self, name: &'a str, at: At) {
        self.variable(name, Access::Load, at);
    }

    pub fn store(&mut self, name: &'a str, at: At) {
        self.variable(name, Access::Store, at);
    }

    /// The value of a name as an expression; `__debug__` is a constant.
    pub fn load_name(&mut self, name: &'a str, range: TextRange) {
        let at = self.at(range);
        if name == "__debug__" {
            let debug = self.options.optimize == 0;
            self.load_constant(Constant::from(debug), at);
        } else {
            self.load(name, at);
        }
    }

    /// An instruction whose argument is a name that may be private.
    pub fn emit_name(&mut self, opcode: Opcode, name: &'a str, at: At) {
        let name = self.mangled(name);
        let index = self.unit().name_index(name);
        let argument = match opcode {
            Opcode::LOAD_ATTR => index << 1,
            Opcode::LOAD_SUPER_ATTR => index << 2,
            _ => index,
        };
        self.emit_with(opcode, argument, at);
    }
}
