//! The variables of code by kind, and what code depends on besides its arguments.
//!
//! ```text
//!   all = locals + free + unbound
//!   locals  = arguments + pure + cells that are no arguments      (hidden ones are among these)
//!   unbound = globals + attributes + unknown                      a name may be a global and an attribute
//!   globals = found in the globals + found in the builtins + found in neither
//! ```

use rustc_hash::FxHashSet;
use typhon_compiler::code::{CodeFlags, LocalKind};
use typhon_compiler::opcode::Opcode;
use typhon_macros::pyfunction;
use typhon_runtime::args::IntoValue;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::function::Function;
use typhon_runtime::objects::set::Set;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::{Context, PyResult, Ref, Value};

/// The argument of a function that takes code.
pub(super) fn code_argument<'a>(cx: &Context, object: &'a Value) -> PyResult<&'a Ref<Code>> {
    object
        .downcast::<Code>()
        .ok_or_else(|| cx.type_error("argument must be a code object"))
}

/// The code of a code object or function, and the function.
fn code_or_function<'a>(
    cx: &Context,
    object: &'a Value,
) -> PyResult<(&'a Ref<Code>, Option<&'a Ref<Function>>)> {
    if let Some(function) = object.downcast::<Function>() {
        return Ok((function.code(), Some(function)));
    }
    match object.downcast::<Code>() {
        Some(code) => Ok((code, None)),
        None => Err(cx.type_error("argument must be a code object or a function")),
    }
}

/// The kind of a variable as CPython has it: there arguments are always local as well.
fn kind_of(code: &Code, index: usize) -> LocalKind {
    let kind = code.local_kind(index);
    if kind.intersects(LocalKind::ARG_POSITIONAL | LocalKind::ARG_KEYWORD) {
        kind | LocalKind::LOCAL
    } else {
        kind
    }
}

#[pyfunction("get_co_localskinds(object, /)")]
pub fn get_co_localskinds(cx: &Context, object: &Value) -> PyResult<Ref<Dict>> {
    let code = code_argument(cx, object)?;
    let kinds = Dict::new(cx)?;
    for (index, name) in code.local_names.iter().enumerate() {
        let kind = kind_of(code, index).bits().into_value(cx)?;
        kinds.set_name(cx, *name, kind)?;
    }
    Ok(kinds)
}

/// Words that a frame takes beside its header.
#[pyfunction("get_co_framesize(object, /)")]
pub fn get_co_framesize(cx: &Context, object: &Value) -> PyResult<u32> {
    code_argument(cx, object).map(|code| code.frame_words)
}

/// How many variables of a kind code has. See the module's header.
#[derive(Default)]
struct Locals {
    positional_only: u32,
    positional_or_keyword: u32,
    keyword_only: u32,
    has_varargs: bool,
    has_varkwargs: bool,
    pure_: u32,
    argument_cells: u32,
    other_cells: u32,
    hidden_pure: u32,
    hidden_cells: u32,
    free: u32,
}

impl Locals {
    fn of(code: &Code) -> Locals {
        let mut counts = Locals {
            positional_only: code.compiled.positional_only_count,
            positional_or_keyword: code.arg_count - code.compiled.positional_only_count,
            keyword_only: code.keyword_only_count,
            has_varargs: code.flags.contains(CodeFlags::VARARGS),
            has_varkwargs: code.flags.contains(CodeFlags::VARKEYWORDS),
            ..Locals::default()
        };
        for index in 0..code.local_names.len() {
            let kind = kind_of(code, index);
            let is_hidden = u32::from(kind.contains(LocalKind::HIDDEN));
            if kind.contains(LocalKind::FREE) {
                counts.free += 1;
            } else if kind.contains(LocalKind::CELL) {
                if kind.intersects(LocalKind::ARG_POSITIONAL | LocalKind::ARG_KEYWORD) {
                    counts.argument_cells += 1;
                } else {
                    counts.other_cells += 1;
                    counts.hidden_cells += is_hidden;
                }
            } else if !kind.intersects(LocalKind::ARG_POSITIONAL | LocalKind::ARG_KEYWORD) {
                counts.pure_ += 1;
                counts.hidden_pure += is_hidden;
            }
        }
        counts
    }

    fn arguments(&self) -> u32 {
        self.positional_only
            + self.positional_or_keyword
            + self.keyword_only
            + u32::from(self.has_varargs)
            + u32::from(self.has_varkwargs)
    }

    fn total(&self) -> u32 {
        self.arguments() + self.pure_ + self.other_cells
    }

    fn to_dict(&self, cx: &Context) -> PyResult<Ref<Dict>> {
        let arguments = dict_of(
            cx,
            &[
                ("total", self.arguments()),
                ("numposonly", self.positional_only),
                ("numposorkw", self.positional_or_keyword),
                ("numkwonly", self.keyword_only),
                ("varargs", self.has_varargs.into()),
                ("varkwargs", self.has_varkwargs.into()),
            ],
        )?;
        let cells = dict_of(
            cx,
            &[
                ("total", self.argument_cells + self.other_cells),
                ("numargs", self.argument_cells),
                ("numothers", self.other_cells),
            ],
        )?;
        let hidden = dict_of(
            cx,
            &[
                ("total", self.hidden_pure + self.hidden_cells),
                ("numpure", self.hidden_pure),
                ("numcells", self.hidden_cells),
            ],
        )?;
        let all = dict_of(cx, &[("total", self.total())])?;
        put(cx, &all, "args", arguments)?;
        put(cx, &all, "numpure", self.pure_)?;
        put(cx, &all, "cells", cells)?;
        put(cx, &all, "hidden", hidden)?;
        Ok(all)
    }
}

/// Where names that are not local are looked for, as far as that is known.
struct Namespaces<'a> {
    globals: Option<&'a Ref<Dict>>,
    builtins: Option<&'a Ref<Dict>>,
}

impl<'a> Namespaces<'a> {
    /// Those that are given, before those of the function.
    fn new(
        function: Option<&'a Ref<Function>>,
        globals: Option<&'a Ref<Dict>>,
        builtins: Option<&'a Ref<Dict>>,
    ) -> Namespaces<'a> {
        Namespaces {
            globals: globals.or(function.map(|function| &function.globals)),
            builtins: builtins
                .or_else(|| function.and_then(|function| function.builtins.downcast::<Dict>())),
        }
    }

    fn are_known(&self) -> bool {
        self.globals.is_some() && self.builtins.is_some()
    }
}

/// How many names of a kind code has that it does not bind itself.
#[derive(Default)]
struct Unbound {
    in_globals: u32,
    in_builtins: u32,
    in_neither: u32,
    attributes: u32,
    unknown: u32,
}

impl Unbound {
    /// Counts. Names that are in the given sets already count as known, and those found are added.
    fn of(
        cx: &Context,
        code: &Code,
        namespaces: &Namespaces<'_>,
        global_names: Option<&Ref<Set>>,
        attribute_names: Option<&Ref<Set>>,
    ) -> PyResult<Unbound> {
        let mut counts = Unbound::default();
        let mut globals = FxHashSet::default();
        let mut attributes = FxHashSet::default();
        for (_, opcode, argument) in code.compiled.decode() {
            match opcode {
                Opcode::LOAD_GLOBAL => globals.insert(argument >> 1),
                Opcode::LOAD_ATTR => attributes.insert(argument >> 1),
                _ => continue,
            };
        }
        let is_new = |set: Option<&Ref<Set>>, name: Name| match set {
            Some(set) => set.add(cx, &name.to_value()),
            None => Ok(true),
        };
        for (index, name) in code.names.iter().enumerate() {
            let index = index as u32;
            let (is_global, is_attribute) = (globals.contains(&index), attributes.contains(&index));
            if is_attribute && is_new(attribute_names, *name)? {
                counts.attributes += 1;
            } else if !is_global {
                counts.unknown += 1;
            }
            if is_global {
                if !is_new(global_names, *name)? {
                    counts.unknown += u32::from(!is_attribute);
                    continue;
                }
                let has = |dict: Option<&Ref<Dict>>| match dict {
                    Some(dict) => dict.get_name(cx, *name).map(|value| value.is_some()),
                    None => Ok(false),
                };
                if has(namespaces.globals)? {
                    counts.in_globals += 1;
                } else if has(namespaces.builtins)? {
                    counts.in_builtins += 1;
                } else {
                    counts.in_neither += 1;
                }
            }
        }
        Ok(counts)
    }

    fn globals(&self) -> u32 {
        self.in_globals + self.in_builtins + self.in_neither
    }

    fn total(&self) -> u32 {
        self.globals() + self.attributes + self.unknown
    }

    fn to_dict(&self, cx: &Context) -> PyResult<Ref<Dict>> {
        let globals = dict_of(
            cx,
            &[
                ("total", self.globals()),
                ("numglobal", self.in_globals),
                ("numbuiltin", self.in_builtins),
                ("numunknown", self.in_neither),
            ],
        )?;
        let all = dict_of(
            cx,
            &[
                ("total", self.total()),
                ("numattrs", self.attributes),
                ("numunknown", self.unknown),
            ],
        )?;
        put(cx, &all, "globals", globals)?;
        Ok(all)
    }
}

fn put(cx: &Context, dict: &Ref<Dict>, name: &str, value: impl IntoValue) -> PyResult<()> {
    dict.set_name(cx, Name::intern(cx, name)?, value.into_value(cx)?)
}

fn dict_of(cx: &Context, numbers: &[(&str, u32)]) -> PyResult<Ref<Dict>> {
    let dict = Dict::new(cx)?;
    for (name, number) in numbers {
        put(cx, &dict, name, *number)?;
    }
    Ok(dict)
}

fn set_argument<'a>(
    cx: &Context,
    what: &str,
    names: Option<&'a Value>,
) -> PyResult<Option<&'a Ref<Set>>> {
    let Some(names) = names else {
        return Ok(None);
    };
    match names.downcast::<Set>() {
        Some(set) => Ok(Some(set)),
        None => {
            let got = typhon_runtime::protocols::text::repr(cx, names)?;
            Err(cx.type_error(format!("expected a set for \"{what}\", got {got}")))
        }
    }
}

/// How many variables of each kind a code object or function has, and how many names it takes from
/// elsewhere.
#[pyfunction(
    "get_code_var_counts(code, globalnames=None, attrnames=None, globalsns=None, builtinsns=None)"
)]
pub fn get_code_var_counts(
    cx: &Context,
    code: &Value,
    globalnames: Option<&Value>,
    attrnames: Option<&Value>,
    globalsns: Option<&Ref<Dict>>,
    builtinsns: Option<&Ref<Dict>>,
) -> PyResult<Ref<Dict>> {
    let (code, function) = code_or_function(cx, code)?;
    let global_names = set_argument(cx, "globalnames", globalnames)?;
    let attribute_names = set_argument(cx, "attrnames", attrnames)?;
    let namespaces = Namespaces::new(function, globalsns, builtinsns);
    let locals = Locals::of(code);
    let unbound = Unbound::of(cx, code, &namespaces, global_names, attribute_names)?;
    let total = locals.total() + locals.free + unbound.total();
    let counts = dict_of(cx, &[("total", total)])?;
    put(cx, &counts, "locals", locals.to_dict(cx)?)?;
    put(cx, &counts, "numfree", locals.free)?;
    put(cx, &counts, "unbound", unbound.to_dict(cx)?)?;
    Ok(counts)
}

/// ValueError when a code object or function depends on variables of other functions or of its module.
#[pyfunction("verify_stateless_code(code, globalnames=None, globalsns=None, builtinsns=None)")]
pub fn verify_stateless_code(
    cx: &Context,
    code: &Value,
    globalnames: Option<&Value>,
    globalsns: Option<&Ref<Dict>>,
    builtinsns: Option<&Ref<Dict>>,
) -> PyResult<()> {
    let (code, function) = code_or_function(cx, code)?;
    let global_names = set_argument(cx, "globalnames", globalnames)?;
    let namespaces = Namespaces::new(function, globalsns, builtinsns);
    let unbound = Unbound::of(cx, code, &namespaces, global_names, None)?;
    if Locals::of(code).free > 0 {
        return Err(cx.value_error("closures not supported"));
    }
    // Where nothing is known of the namespaces, any global may be a builtin.
    if unbound.in_globals > 0 || namespaces.are_known() && unbound.in_neither > 0 {
        return Err(cx.value_error("globals not supported"));
    }
    Ok(())
}
