//! `_typing`: the native classes of `typing`. They are the runtime's own.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::object::Payload;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::typing::{
    self, ParamSpec, ParamSpecArgs, ParamSpecKwargs, TypeAlias, TypeVar, TypeVarTuple,
};
use typhon_runtime::objects::union::Union;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

/// Primitives and accelerators for the typing module.
#[pymodule(name = "_typing", functions(idfunc))]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    for class in [
        TypeVar::class(),
        TypeVarTuple::class(),
        ParamSpec::class(),
        ParamSpecArgs::class(),
        ParamSpecKwargs::class(),
        TypeAlias::class(),
        typing::generic(),
        Union::class(),
    ] {
        module::add(cx, this, &class.short_name(), class.to_value())?;
    }
    module::add(cx, this, "NoDefault", typing::no_default(cx)?)
}

#[pyfunction("_idfunc(x, /)")]
fn idfunc(_cx: &Context, x: &Value) -> PyResult<Value> {
    Ok(x.clone())
}
