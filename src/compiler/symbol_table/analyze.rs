//! The second pass: which variable each name means.
//!
//! Goes inwards with the names that are bound by enclosing functions (`bound`) and those declared
//! global there (`global`), and comes back with the names that inner scopes could not find in
//! themselves (`free`), which turns locals of enclosing functions into cells.
//!
//! Sets are shared where possible: a scope gets its own copy of `bound` only when it has something
//! to add, so that deep nesting does not copy quadratically.

use std::rc::Rc;

use super::{
    ComprehensionKind, NameMap, NameScope, NameSet, Scope, ScopeFlags, ScopeId, ScopeKind, Symbol,
    SymbolFlags, SymbolTable,
};
use crate::error::{Compiled, Failure};
use crate::recursion::{RecursionGuard, grow};

struct Surroundings<'a> {
    /// Names bound by enclosing functions; `None` at module level, where `nonlocal` is an error.
    bound: Option<Rc<NameSet<'a>>>,
    global: Rc<NameSet<'a>>,
    type_parameters: Rc<NameSet<'a>>,
    /// The class that an annotation scope can see into.
    class_entry: Option<ScopeId>,
}

/// Resolves every name of the table.
pub(super) fn analyze(table: &mut SymbolTable<'_>, guard: &RecursionGuard) -> Compiled<()> {
    let surroundings = Surroundings {
        bound: None,
        global: Rc::default(),
        type_parameters: Rc::default(),
        class_entry: None,
    };
    analyze_scope(table, table.top(), &surroundings, guard)?;
    Ok(())
}

/// Resolves one scope and those inside; returns the names that it leaves to enclosing scopes.
fn analyze_scope<'a>(
    table: &mut SymbolTable<'a>,
    id: ScopeId,
    outer: &Surroundings<'a>,
    guard: &RecursionGuard,
) -> Compiled<NameSet<'a>> {
    let _level = guard.enter()?;
    let kind = table[id].kind;
    let mut resolver = Resolver {
        bound: outer.bound.clone(),
        global: outer.global.clone(),
        type_parameters: outer.type_parameters.clone(),
        class_entry: outer.class_entry,
        local: NameSet::default(),
        free: NameSet::default(),
        scopes: NameMap::default(),
    };

    // A class body sees the names around it, but what it binds is not seen by functions inside.
    let names_around = (resolver.bound.clone(), resolver.global.clone());
    let mut has_free = false;
    for index in 0..table[id].symbols.len() {
        let (name, symbol) = {
            let (name, symbol) = table[id]
                .symbols
                .get_index(index)
                .expect("invariant: index is in range");
            (*name, *symbol)
        };
        has_free |= resolver.resolve(table, id, name, symbol.flags)? == NameScope::Free;
    }
    let (inner_bound, inner_global) = if kind == ScopeKind::Class {
        let mut bound = names_around.0.as_deref().cloned().unwrap_or_default();
        bound.extend(["__class__", "__classdict__", "__conditional_annotations__"]);
        (Rc::new(bound), names_around.1)
    } else {
        let bound = match &resolver.bound {
            Some(bound) if !kind.is_function_like() || resolver.local.is_empty() => bound.clone(),
            around => {
                let mut bound = around.as_deref().cloned().unwrap_or_default();
                if kind.is_function_like() {
                    bound.extend(resolver.local.iter().copied());
                }
                Rc::new(bound)
            }
        };
        (bound, resolver.global.clone())
    };

    let mut inlined_cells = NameSet::default();
    let mut children = Vec::with_capacity(table[id].children.len());
    let mut child_free = NameSet::default();
    for child in table[id].children.clone() {
        let inner = Surroundings {
            bound: Some(inner_bound.clone()),
            global: inner_global.clone(),
            type_parameters: resolver.type_parameters.clone(),
            class_entry: if !table[child].is(ScopeFlags::CAN_SEE_CLASS_SCOPE) {
                None
            } else if kind == ScopeKind::Class {
                Some(id)
            } else {
                outer.class_entry
            },
        };
        let inline = matches!(
            table[child].comprehension,
            Some(ComprehensionKind::List | ComprehensionKind::Set | ComprehensionKind::Dict)
        ) && !table[id].is(ScopeFlags::CAN_SEE_CLASS_SCOPE);
        let mut free = grow(|| analyze_scope(table, child, &inner, guard))?;
        if inline {
            inline_comprehension(
                table,
                id,
                child,
                &mut resolver.scopes,
                &mut free,
                &mut inlined_cells,
            );
            table[child].flags |= ScopeFlags::COMPREHENSION_INLINED;
        }
        if table[child]
            .flags
            .intersects(ScopeFlags::HAS_FREE | ScopeFlags::CHILD_HAS_FREE)
        {
            table[id].flags |= ScopeFlags::CHILD_HAS_FREE;
        }
        child_free.extend(free);
        // Scopes inside an inlined comprehension are now scopes inside this one.
        if inline {
            let grandchildren = table[child].children.clone();
            for &grandchild in &grandchildren {
                table[grandchild].parent = Some(id);
            }
            children.extend(grandchildren);
        } else {
            children.push(child);
        }
    }
    table[id].children = children;

    match kind {
        ScopeKind::Class => {
            for (name, flag) in [
                ("__class__", ScopeFlags::NEEDS_CLASS_CLOSURE),
                ("__classdict__", ScopeFlags::NEEDS_CLASS_DICT),
                (
                    "__conditional_annotations__",
                    ScopeFlags::CONDITIONAL_ANNOTATIONS,
                ),
            ] {
                if child_free.swap_remove(name) {
                    table[id].flags |= flag;
                }
            }
        }
        ScopeKind::Module => {}
        _ => make_cells(&mut resolver.scopes, &mut child_free, &inlined_cells),
    }

    let scope = &mut table[id];
    let sees_class = kind == ScopeKind::Class || scope.is(ScopeFlags::CAN_SEE_CLASS_SCOPE);
    record(
        scope,
        &resolver,
        &child_free,
        &inlined_cells,
        outer.bound.as_deref(),
        sees_class,
    );
    if has_free {
        scope.flags |= ScopeFlags::HAS_FREE;
    }
    let mut free = resolver.free;
    free.extend(child_free);
    Ok(free)
}

struct Resolver<'a> {
    bound: Option<Rc<NameSet<'a>>>,
    global: Rc<NameSet<'a>>,
    type_parameters: Rc<NameSet<'a>>,
    class_entry: Option<ScopeId>,
    /// Bound here.
    local: NameSet<'a>,
    /// To be found further out.
    free: NameSet<'a>,
    scopes: NameMap<'a, NameScope>,
}

impl<'a> Resolver<'a> {
    fn resolve(
        &mut self,
        table: &SymbolTable<'a>,
        id: ScopeId,
        name: &'a str,
        flags: SymbolFlags,
    ) -> Compiled<NameScope> {
        let scope = self.decide(table, id, name, flags)?;
        self.scopes.insert(name, scope);
        Ok(scope)
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bound
            .as_ref()
            .is_some_and(|bound| bound.contains(name))
    }

    fn decide(
        &mut self,
        table: &SymbolTable<'a>,
        id: ScopeId,
        name: &'a str,
        flags: SymbolFlags,
    ) -> Compiled<NameScope> {
        if flags.contains(SymbolFlags::GLOBAL) {
            if flags.contains(SymbolFlags::NONLOCAL) {
                let message = format!("name '{name}' is nonlocal and global");
                return Err(directive_error(&table[id], name, message));
            }
            Rc::make_mut(&mut self.global).insert(name);
            if self.is_bound(name) {
                Rc::make_mut(self.bound.as_mut().expect("invariant: just looked into it"))
                    .swap_remove(name);
            }
            return Ok(NameScope::GlobalExplicit);
        }
        if flags.contains(SymbolFlags::NONLOCAL) {
            if self.bound.is_none() {
                let message = "nonlocal declaration not allowed at module level".to_owned();
                return Err(directive_error(&table[id], name, message));
            }
            if !self.is_bound(name) {
                let message = format!("no binding for nonlocal '{name}' found");
                return Err(directive_error(&table[id], name, message));
            }
            if self.type_parameters.contains(name) {
                let message = format!("nonlocal binding not allowed for type parameter '{name}'");
                return Err(directive_error(&table[id], name, message));
            }
            self.free.insert(name);
            return Ok(NameScope::Free);
        }
        if flags.intersects(SymbolFlags::BOUND) {
            self.local.insert(name);
            if self.global.contains(name) {
                Rc::make_mut(&mut self.global).swap_remove(name);
            }
            if flags.contains(SymbolFlags::TYPE_PARAMETER) {
                Rc::make_mut(&mut self.type_parameters).insert(name);
            } else if self.type_parameters.contains(name) {
                Rc::make_mut(&mut self.type_parameters).swap_remove(name);
            }
            return Ok(NameScope::Local);
        }
        // An annotation scope in a class looks at the class first, through a cell of the class.
        if let Some(class) = self.class_entry
            && name != "__classdict__"
        {
            let in_class = table[class].symbol(name).flags;
            if in_class.contains(SymbolFlags::GLOBAL) {
                return Ok(NameScope::GlobalExplicit);
            }
            if in_class.intersects(SymbolFlags::BOUND) && !in_class.contains(SymbolFlags::NONLOCAL)
            {
                return Ok(NameScope::GlobalImplicit);
            }
        }
        if self.is_bound(name) {
            self.free.insert(name);
            return Ok(NameScope::Free);
        }
        Ok(NameScope::GlobalImplicit)
    }
}

#[cold]
fn directive_error(scope: &Scope<'_>, name: &str, message: String) -> Failure {
    let range = scope
        .directives
        .iter()
        .find(|(directive, _)| *directive == name)
        .map_or(scope.range, |(_, range)| *range);
    Failure::syntax(message, range)
}

/// Merges the names of a comprehension into the scope whose frame it will run in (PEP 709).
fn inline_comprehension<'a>(
    table: &mut SymbolTable<'a>,
    outer: ScopeId,
    comprehension: ScopeId,
    scopes: &mut NameMap<'a, NameScope>,
    comprehension_free: &mut NameSet<'a>,
    inlined_cells: &mut NameSet<'a>,
) {
    for index in 0..table[comprehension].symbols.len() {
        let (name, mut symbol) = {
            let (name, symbol) = table[comprehension]
                .symbols
                .get_index(index)
                .expect("invariant: index is in range");
            (*name, *symbol)
        };
        // The iterator parameter is not needed once inlined.
        if symbol.flags.contains(SymbolFlags::PARAMETER) {
            continue;
        }
        if symbol.scope == NameScope::Cell || symbol.flags.contains(SymbolFlags::COMPREHENSION_CELL)
        {
            inlined_cells.insert(name);
        }
        let outer_is_class = table[outer].kind == ScopeKind::Class;
        // These are cells that a class has for the functions in it, those in the comprehension too. The
        // class body itself does not see them.
        if symbol.scope == NameScope::Free
            && outer_is_class
            && matches!(
                name,
                "__class__" | "__classdict__" | "__conditional_annotations__"
            )
        {
            symbol.scope = NameScope::GlobalImplicit;
            if !is_free_in_children(table, comprehension, name) {
                comprehension_free.swap_remove(name);
            }
            table[comprehension].symbols.insert(name, symbol);
        }
        match table[outer].symbols.get(name) {
            None => {
                table[outer].symbols.insert(
                    name,
                    Symbol {
                        flags: symbol.flags,
                        ..symbol
                    },
                );
                scopes.insert(name, symbol.scope);
            }
            Some(existing) => {
                if existing.flags.intersects(SymbolFlags::BOUND)
                    && !outer_is_class
                    && !is_free_in_children(table, comprehension, name)
                {
                    comprehension_free.swap_remove(name);
                }
            }
        }
    }
}

fn is_free_in_children(table: &SymbolTable<'_>, scope: ScopeId, name: &str) -> bool {
    table[scope]
        .children
        .iter()
        .any(|&child| table[child].symbol(name).scope == NameScope::Free)
}

/// Turns the locals that inner functions use into cells, and takes them out of `free`.
fn make_cells<'a>(
    scopes: &mut NameMap<'a, NameScope>,
    free: &mut NameSet<'a>,
    inlined_cells: &NameSet<'a>,
) {
    if free.is_empty() && inlined_cells.is_empty() {
        return;
    }
    for (name, scope) in scopes {
        if *scope == NameScope::Local && (free.contains(name) || inlined_cells.contains(name)) {
            *scope = NameScope::Cell;
            free.swap_remove(name);
        }
    }
}

/// Writes the decisions into the scope, and passes free names of inner scopes through it.
fn record<'a>(
    scope: &mut Scope<'a>,
    resolver: &Resolver<'a>,
    free: &NameSet<'a>,
    inlined_cells: &NameSet<'a>,
    bound: Option<&NameSet<'a>>,
    sees_class: bool,
) {
    for (name, symbol) in &mut scope.symbols {
        if inlined_cells.contains(name) {
            symbol.flags |= SymbolFlags::COMPREHENSION_CELL;
        }
        if let Some(&decided) = resolver.scopes.get(name) {
            symbol.scope = decided;
        }
    }
    for &name in free {
        match scope.symbols.get_mut(name) {
            Some(symbol) => {
                if sees_class {
                    symbol.flags |= SymbolFlags::FREE_CLASS;
                }
            }
            None => {
                if bound.is_some_and(|bound| bound.contains(name)) {
                    scope.symbols.insert(
                        name,
                        Symbol {
                            flags: SymbolFlags::empty(),
                            scope: NameScope::Free,
                        },
                    );
                }
            }
        }
    }
}
