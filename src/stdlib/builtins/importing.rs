//! `__import__` and `breakpoint`.

use typhon_macros::pyfunction;
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Value, audit, import as imports, interpreter};

/// Import a module.
///
/// Because this function is meant for use by the Python
/// interpreter and not for general use, it is better to use
/// importlib.import_module() to programmatically import a module.
///
/// The globals argument is only used to determine the context;
/// they are not modified.  The locals argument is unused.  The fromlist
/// should be a list of names to emulate ``from name import ...``, or an
/// empty list to emulate ``import name``.
/// When importing a module from a package, note that __import__('A.B', ...)
/// returns package A when fromlist is empty, but its submodule B when
/// fromlist is not empty.  The level argument is used to determine whether to
/// perform absolute or relative imports: 0 is absolute, while a positive number
/// is the number of parent directories to search relative to the current module.
#[pyfunction("__import__(name, globals=None, locals=None, fromlist=(), level=0)")]
pub fn import(
    cx: &Context,
    name: &Value,
    globals: Option<&Value>,
    locals: Option<&Value>,
    fromlist: Maybe<&Value>,
    level: i64,
) -> PyResult<Value> {
    let _ = locals;
    let globals = match globals {
        None => None,
        Some(globals) => match globals.downcast::<Dict>() {
            Some(globals) => Some(globals),
            None if level > 0 => return Err(cx.type_error("globals must be a dict")),
            None => None,
        },
    };
    let empty = Tuple::empty().into_value();
    imports::import_module_level(cx, name, globals, fromlist.0.unwrap_or(&empty), level)
}

/// Call sys.breakpointhook(*args, **kws).
///
/// sys.breakpointhook() must accept whatever arguments are passed.
///
/// By default, this drops you into the pdb debugger.
#[pyfunction("breakpoint(*args, **kws)")]
pub fn breakpoint(cx: &Context, args: &[Value], kws: Vec<(&Value, &Value)>) -> PyResult<Value> {
    let Some(hook) = interpreter::sys_attribute(cx, Name::intern(cx, "breakpointhook")?)? else {
        return Err(cx.runtime_error("lost sys.breakpointhook"));
    };
    audit::event(cx, "builtins.breakpoint", || Ok(vec![hook.clone()]))?;
    let values: Vec<Value> = args
        .iter()
        .chain(kws.iter().map(|(_, value)| *value))
        .cloned()
        .collect();
    let names: Vec<Value> = kws.iter().map(|(name, _)| (*name).clone()).collect();
    call::call_args(
        cx,
        &hook,
        Args {
            values: &values,
            names: &names,
        },
    )
}
