//! `_ast`: the classes of syntax trees, for `ast`.
//!
//! The grammar is data (`typhon_compiler::asdl`); `classes` makes a Python class of each of its
//! entries, `node` has their common base: construction, copying, `repr`. `outward` makes objects of
//! trees that the compiler's parser made, `inward` reads those that programs made.

mod classes;
mod inward;
mod node;
mod outward;

use typhon_compiler::asdl::{Class, KINDS};
use typhon_compiler::error::CompileError;
use typhon_compiler::{compile_node, optimize_node, validate_node};
use typhon_macros::pymodule;
use typhon_runtime::module::add;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Ref, Value};

use crate::builtins::evaluation::{self, Request, flags};

/// What `compile` does when a tree is asked for, or given.
fn compile_tree(
    cx: &Context,
    source: &Value,
    filename: &str,
    request: &Request,
) -> PyResult<Value> {
    if source.is_instance_of(classes::get(cx)?.base()) {
        inward::check_mode(cx, source, request.mode)?;
        if request.flags & flags::OPTIMIZED_AST == flags::ONLY_AST {
            return Ok(source.clone());
        }
        let mut tree = inward::tree(cx, source, request.mode)?;
        let options = request.options();
        let raise = |error: CompileError| {
            evaluation::raise_compile_error(cx, &error, filename, request.flags)
        };
        if request.flags & flags::ONLY_AST != 0 {
            validate_node(&tree).map_err(raise)?;
            optimize_node(&mut tree, &options);
            return outward::object(cx, &tree);
        }
        let compilation = compile_node(tree, filename, &options).map_err(raise)?;
        return evaluation::finish(cx, compilation, filename).map(Ref::into_value);
    }
    if request.flags & flags::ONLY_AST == 0 {
        return Err(cx.type_error("compile() arg 1 must be a string, bytes or AST object"));
    }
    match evaluation::source_of(cx, source, filename)? {
        Some(text) => outward::parse(cx, &text, filename, request),
        None => Err(cx.type_error("compile() arg 1 must be a string, bytes or AST object")),
    }
}

/// Lets `compile` use syntax trees.
pub fn install() {
    evaluation::set_tree_compiler(compile_tree);
}

#[pymodule(name = "_ast")]
fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    let classes = classes::get(cx)?;
    add(cx, module, "AST", classes.base().to_value())?;
    for kind in KINDS {
        add(cx, module, kind.name, classes.of_kind(kind.kind).to_value())?;
    }
    for class in Class::ALL {
        add(cx, module, class.spec().name, classes.of(*class).to_value())?;
    }
    add(
        cx,
        module,
        "PyCF_ALLOW_TOP_LEVEL_AWAIT",
        flags::ALLOW_TOP_LEVEL_AWAIT,
    )?;
    add(cx, module, "PyCF_ONLY_AST", flags::ONLY_AST)?;
    add(cx, module, "PyCF_TYPE_COMMENTS", flags::TYPE_COMMENTS)?;
    add(cx, module, "PyCF_OPTIMIZED_AST", flags::OPTIMIZED_AST)
}
