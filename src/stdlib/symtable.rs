//! `_symtable`: the compiler's symbol tables as objects.

use std::sync::atomic::{AtomicI64, Ordering};

use typhon_compiler::options::{CompileOptions, Mode};
use typhon_compiler::symbol_table::{NameScope, ScopeFlags, ScopeKind, ScopeTree, SymbolFlags};
use typhon_macros::{pyclass, pyfunction, pymethods, pymodule};
use typhon_runtime::args::IntoValue;
use typhon_runtime::class::class_of;
use typhon_runtime::module::add;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::builtins::evaluation::{self, raise_compile_error};
use crate::source_text;

/// Numbers by which the library knows the kinds of scopes.
fn type_number(kind: ScopeKind) -> i64 {
    match kind {
        ScopeKind::Function => 0,
        ScopeKind::Class => 1,
        ScopeKind::Module => 2,
        ScopeKind::Annotation => 3,
        ScopeKind::TypeAlias => 4,
        ScopeKind::TypeParameters => 5,
        ScopeKind::TypeVariable => 6,
    }
}

#[pymodule(name = "_symtable", functions(symtable))]
fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    class_of::<Entry>(cx)?;
    let flags = [
        ("USE", SymbolFlags::USE),
        ("DEF_GLOBAL", SymbolFlags::GLOBAL),
        ("DEF_NONLOCAL", SymbolFlags::NONLOCAL),
        ("DEF_LOCAL", SymbolFlags::LOCAL),
        ("DEF_PARAM", SymbolFlags::PARAMETER),
        ("DEF_TYPE_PARAM", SymbolFlags::TYPE_PARAMETER),
        ("DEF_FREE_CLASS", SymbolFlags::FREE_CLASS),
        ("DEF_IMPORT", SymbolFlags::IMPORT),
        (
            "DEF_BOUND",
            SymbolFlags::BOUND & !SymbolFlags::TYPE_PARAMETER,
        ),
        ("DEF_ANNOT", SymbolFlags::ANNOTATED),
        ("DEF_COMP_ITER", SymbolFlags::COMPREHENSION_ITERATION),
        ("DEF_COMP_CELL", SymbolFlags::COMPREHENSION_CELL),
    ];
    for (name, flag) in flags {
        add(cx, module, name, i64::from(flag.bits()))?;
    }
    for (name, kind) in [
        ("TYPE_FUNCTION", ScopeKind::Function),
        ("TYPE_CLASS", ScopeKind::Class),
        ("TYPE_MODULE", ScopeKind::Module),
        ("TYPE_ANNOTATION", ScopeKind::Annotation),
        ("TYPE_TYPE_ALIAS", ScopeKind::TypeAlias),
        ("TYPE_TYPE_PARAMETERS", ScopeKind::TypeParameters),
        ("TYPE_TYPE_VARIABLE", ScopeKind::TypeVariable),
    ] {
        add(cx, module, name, type_number(kind))?;
    }
    for (name, scope) in [
        ("LOCAL", NameScope::Local),
        ("GLOBAL_EXPLICIT", NameScope::GlobalExplicit),
        ("GLOBAL_IMPLICIT", NameScope::GlobalImplicit),
        ("FREE", NameScope::Free),
        ("CELL", NameScope::Cell),
    ] {
        add(cx, module, name, scope as i64)?;
    }
    add(cx, module, "SCOPE_OFF", 12i64)?;
    add(cx, module, "SCOPE_MASK", 15i64)
}

/// Return symbol and scope dictionaries used internally by compiler.
#[pyfunction("symtable(source, filename, startstr, /)")]
fn symtable(
    cx: &Context,
    source: &Value,
    filename: &Value,
    startstr: String,
) -> PyResult<Ref<Entry>> {
    let filename = source_text::path_text(cx, filename)?;
    let Some(source) = evaluation::source_of(cx, source, &filename)? else {
        return Err(cx.type_error("symtable() arg 1 must be a string or bytes"));
    };
    let mode = match startstr.as_str() {
        "exec" => Mode::Exec,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => {
            return Err(cx.value_error("symtable() arg 3 must be 'exec' or 'eval' or 'single'"));
        }
    };
    let options = CompileOptions {
        mode,
        ..CompileOptions::default()
    };
    let tree = typhon_compiler::symbol_table(&source, &options)
        .map_err(|error| raise_compile_error(cx, &error, &filename, 0))?;
    Entry::of(cx, &tree)
}

/// The payload of one scope. Nothing of it changes.
#[pyclass(name = "symtable entry")]
pub struct Entry {
    name: Value,
    number: i64,
    line: i64,
    kind: i64,
    nested: bool,
    symbols: Value,
    parameters: Value,
    children: Value,
}

impl Traverse for Entry {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for value in [&self.name, &self.symbols, &self.parameters, &self.children] {
            visit(value);
        }
    }
}

static NEXT_NUMBER: AtomicI64 = AtomicI64::new(1);

impl Entry {
    fn of(cx: &Context, tree: &ScopeTree) -> PyResult<Ref<Entry>> {
        cx.nested(" during compilation", || {
            let symbols = Dict::new(cx)?;
            for (name, symbol) in &tree.symbols {
                let bits = int::from_i64(cx, i64::from(symbol.bits()))?;
                symbols.set_name(cx, Name::intern(cx, name)?, bits)?;
            }
            let parameters: PyResult<Vec<Value>> = tree
                .parameters
                .iter()
                .map(|name| Ok(Name::intern(cx, name)?.to_value()))
                .collect();
            let children: PyResult<Vec<Value>> = tree
                .children
                .iter()
                .map(|child| Ok(Entry::of(cx, child)?.into_value()))
                .collect();
            object::new(
                cx,
                Entry {
                    name: Str::from_str(cx, &tree.name)?.into_value(),
                    number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
                    line: i64::from(tree.line),
                    kind: type_number(tree.kind),
                    nested: tree.flags.contains(ScopeFlags::NESTED),
                    symbols: symbols.into_value(),
                    parameters: List::from_values(cx, parameters?)?.into_value(),
                    children: List::from_values(cx, children?)?.into_value(),
                },
            )
        })
    }
}

#[pymethods]
impl Entry {
    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Entry>) -> PyResult<Value> {
        let name = this.name.downcast::<Str>().map(|name| name.to_string());
        format!(
            "<symtable entry {}({}), line {}>",
            name.unwrap_or_default(),
            this.number,
            this.line
        )
        .into_value(cx)
    }

    #[getter]
    fn id(_cx: &Context, this: &Ref<Entry>) -> PyResult<i64> {
        Ok(this.number)
    }

    #[getter]
    fn name(_cx: &Context, this: &Ref<Entry>) -> PyResult<Value> {
        Ok(this.name.clone())
    }

    #[getter]
    fn symbols(_cx: &Context, this: &Ref<Entry>) -> PyResult<Value> {
        Ok(this.symbols.clone())
    }

    #[getter]
    fn varnames(_cx: &Context, this: &Ref<Entry>) -> PyResult<Value> {
        Ok(this.parameters.clone())
    }

    #[getter]
    fn children(_cx: &Context, this: &Ref<Entry>) -> PyResult<Value> {
        Ok(this.children.clone())
    }

    #[getter]
    fn nested(_cx: &Context, this: &Ref<Entry>) -> PyResult<i64> {
        Ok(i64::from(this.nested))
    }

    #[getter("type")]
    fn kind(_cx: &Context, this: &Ref<Entry>) -> PyResult<i64> {
        Ok(this.kind)
    }

    #[getter]
    fn lineno(_cx: &Context, this: &Ref<Entry>) -> PyResult<i64> {
        Ok(this.line)
    }
}
