//! `_packed`: the packed library as the Python half of its importer sees it.
//!
//! The modules of the library seem to be files in a folder that need not be there (`sys._stdlib_dir`). The
//! importer, `_packed_library` in `src/library/python`, is a path hook: it finds modules for that folder
//! and those below it, and asks here for code and source.

use std::path::Path;

use typhon_compiler::marshal;
use typhon_compiler::options::Mode;
use typhon_library::{self as packed, Module as PackedModule};
use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::code::Code;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Value};

use crate::builtins::evaluation::{Request, compile_source};
use crate::configuration;
use crate::sys::paths;

/// The library that is packed into the interpreter.
#[pymodule(
    name = "_packed",
    functions(find, code, source, read, listing, modules)
)]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// The name that the code of a module has for its file.
fn filename_of(module: &PackedModule) -> String {
    match module.name {
        // Their lines say nothing to those who read tracebacks.
        "importlib._bootstrap" | "importlib._bootstrap_external" | "runpy" | "zipimport" => {
            format!("<frozen {}>", module.name)
        }
        _ => paths::get()
            .library
            .join(Path::new(module.path))
            .to_string_lossy()
            .into_owned(),
    }
}

/// The code of a module of the library.
///
/// # Errors
/// MemoryError; SystemError when the packed code is not this interpreter's.
pub fn code_of(cx: &Context, module: &PackedModule) -> PyResult<Ref<Code>> {
    let filename = filename_of(module);
    match marshal::read(module.code(), Some(&filename)) {
        Ok(code) => Code::from_compiled(cx, code),
        Err(error) => Err(cx.system_error(format!("packed module {}: {error}", module.name))),
    }
}

fn module_named(cx: &Context, name: &Ref<Str>) -> PyResult<&'static PackedModule> {
    let found = name.as_ascii().and_then(packed::find);
    found.ok_or_else(|| cx.import_error(format!("no packed module named '{name}'")))
}

/// The path of a module in the library and whether it is a package; None when there is no such module.
#[pyfunction("find(name, /)")]
pub fn find(cx: &Context, name: &Ref<Str>) -> PyResult<Value> {
    let Some(module) = name.as_ascii().and_then(packed::find) else {
        return Ok(Value::NONE);
    };
    let parts = vec![
        Str::from_str(cx, module.path)?.into_value(),
        Value::from_bool(module.is_package),
    ];
    Tuple::from_vec(cx, parts).map(Ref::into_value)
}

/// The code of a module.
#[pyfunction("code(name, /)")]
pub fn code(cx: &Context, name: &Ref<Str>) -> PyResult<Ref<Code>> {
    let module = module_named(cx, name)?;
    if configuration::get().optimize == 0 {
        return code_of(cx, module);
    }
    // The packed code has its assertions and docstrings.
    let source = String::from_utf8_lossy(module.source());
    compile_source(
        cx,
        &source,
        &filename_of(module),
        &Request::plain(Mode::Exec),
    )
}

/// The source of a module.
#[pyfunction("source(name, /)")]
pub fn source(cx: &Context, name: &Ref<Str>) -> PyResult<Ref<Str>> {
    let module = module_named(cx, name)?;
    let text = String::from_utf8_lossy(module.source());
    Str::from_str(cx, &text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The content of a file by its path in the library; None when there is no such file.
#[pyfunction("read(path, /)")]
pub fn read(cx: &Context, path: &Ref<Str>) -> PyResult<Option<Ref<Bytes>>> {
    match packed::read(&path.to_utf8(cx)?) {
        Some(content) => Bytes::from_slice(cx, content).map(Some),
        None => Ok(None),
    }
}

/// The names in a folder of the library; none when there is no such folder.
#[pyfunction("listing(path, /)")]
pub fn listing(cx: &Context, path: &Ref<Str>) -> PyResult<Ref<List>> {
    let mut names = Vec::new();
    for name in packed::listing(&path.to_utf8(cx)?) {
        names.push(Str::from_str(cx, name)?.into_value());
    }
    List::from_values(cx, names)
}

/// The names of the modules of a package (of the library itself for ''), each with whether it is a package.
#[pyfunction("modules(package, /)")]
pub fn modules(cx: &Context, package: &Ref<Str>) -> PyResult<Ref<List>> {
    let package = package.to_utf8(cx)?;
    let mut found = Vec::new();
    for module in packed::modules() {
        let (owner, name) = module.name.rsplit_once('.').unwrap_or(("", module.name));
        if owner == package {
            let pair = vec![
                Str::from_str(cx, name)?.into_value(),
                Value::from_bool(module.is_package),
            ];
            found.push(Tuple::from_vec(cx, pair)?.into_value());
        }
    }
    List::from_values(cx, found)
}
