//! `sys._jit`: whether a just-in-time compiler runs.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::object::Ref;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult};

/// Return True if the current Python executable supports JIT compilation, and False otherwise.
#[pyfunction("is_available()")]
pub fn is_available(_cx: &Context) -> PyResult<bool> {
    Ok(false)
}

/// Return True if JIT compilation is enabled for the current Python process (implies
/// sys._jit.is_available()), and False otherwise.
#[pyfunction("is_enabled()")]
pub fn is_enabled(_cx: &Context) -> PyResult<bool> {
    Ok(false)
}

/// Return True if the topmost Python frame is currently executing JIT code (implies
/// sys._jit.is_enabled()), and False otherwise.
#[pyfunction("is_active()")]
pub fn is_active(_cx: &Context) -> PyResult<bool> {
    Ok(false)
}

#[pymodule(name = "sys._jit", functions(is_available, is_enabled, is_active))]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}
