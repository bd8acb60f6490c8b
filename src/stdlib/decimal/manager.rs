//! `localcontext`: another current context for the length of a `with` statement.

use typhon_macros::{pyclass, pyfunction, pymethods};
use typhon_runtime::args::unexpected_keyword;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::str_::Str;
use typhon_runtime::{Context as Thread, PyResult, Ref, Value};

use super::context::{self, Context};

/// The payload of what `localcontext` returns.
#[pyclass(
    name = "ContextManager",
    module = "decimal",
    flags(DISALLOW_INSTANTIATION, IMMUTABLE)
)]
pub struct ContextManager {
    inside: Ref<Context>,
    outside: Ref<Context>,
}

impl Traverse for ContextManager {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.inside.as_value());
        visit(self.outside.as_value());
    }
}

#[pymethods]
impl ContextManager {
    #[method("__enter__(self, /)")]
    fn enter(cx: &Thread, this: &Ref<ContextManager>) -> PyResult<Ref<Context>> {
        context::set_current(cx, this.inside.as_value())?;
        Ok(this.inside.clone())
    }

    #[method("__exit__(self, /, *args)")]
    fn exit(cx: &Thread, this: &Ref<ContextManager>, _args: &[Value]) -> PyResult<bool> {
        context::set_current(cx, this.outside.as_value())?;
        Ok(false)
    }
}

/// Return a context manager for a copy of the supplied context.
///
/// That will set the default context to a copy of ctx on entry to the
/// with-statement and restore the previous default context when exiting
/// the with-statement. If no context is supplied, a copy of the current
/// default context is used.
#[pyfunction("localcontext(ctx=None, **kwargs)")]
pub fn localcontext(
    cx: &Thread,
    ctx: Option<&Value>,
    kwargs: Vec<(&Value, &Value)>,
) -> PyResult<Ref<ContextManager>> {
    const NAMES: [&str; 8] = [
        "prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps",
    ];
    let outside = context::current(cx)?;
    let template = context::optional(cx, ctx)?;
    let inside = Context::copied(cx, &template)?;
    for (name, value) in kwargs {
        let name = name.downcast::<Str>().map(|name| name.to_lossy());
        let name = name.as_deref().unwrap_or_default();
        if !NAMES.contains(&name) {
            return Err(unexpected_keyword(cx, "localcontext", name, &NAMES));
        }
        if !value.is_none() {
            inside.set_attribute(cx, name, value)?;
        }
    }
    object::new(cx, ContextManager { inside, outside })
}
