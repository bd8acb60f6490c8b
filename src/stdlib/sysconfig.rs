//! `_sysconfig`: what `sysconfig` cannot know about the build.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::{Context, PyResult, Ref};

/// A helper for the sysconfig module.
#[pymodule(name = "_sysconfig", functions(config_vars))]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// Returns a dictionary containing build variables intended to be exposed by sysconfig.
#[pyfunction("config_vars()")]
fn config_vars(cx: &Context) -> PyResult<Ref<Dict>> {
    let variables = Dict::new(cx)?;
    for (name, value) in [("Py_GIL_DISABLED", 1), ("Py_DEBUG", 0)] {
        variables.set_name(cx, Name::intern(cx, name)?, int::from_i64(cx, value)?)?;
    }
    Ok(variables)
}
