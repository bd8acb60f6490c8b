//! The interpreter as a whole: how it starts, what it keeps for all threads, how it ends.
//!
//! There is one interpreter in a process. Classes without which no class can be made come first:
//! their shapes are reserved, then their type objects are made, then names and small strings, then
//! all other built-in classes.

use std::sync::OnceLock;

use crate::class;
use typhon_sync::request;
use typhon_sync::thread::ThreadRecord;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{Payload, Ref};
use crate::objects::dict::Dict;
use crate::objects::module::Module;
use crate::objects::object::BareObject;
use crate::objects::str_::{self, Name, Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, reserve_shape};
use crate::objects::{descriptors, native};
use crate::protocols::call;
use crate::value::Value;

static BUILTINS: OnceLock<Ref<Dict>> = OnceLock::new();
static ALL_AND_ANY: OnceLock<[Value; 2]> = OnceLock::new();
static SYS: OnceLock<Ref<Module>> = OnceLock::new();
static MODULES: OnceLock<Ref<Dict>> = OnceLock::new();

/// Ties the allocator to the concurrency core: pages of objects are given back after a grace period, and a
/// thread learns that it has used up the last memory.
/// Called once, before the first object is made.
pub fn initialize_memory() {
    typhon_alloc::set_grace_period_hook(|page, free| {
        // SAFETY: the allocator retires a page that it hands out no more, and frees it once.
        unsafe { typhon_sync::qsbr::retire(page, free) };
    });
    typhon_alloc::set_reserve_hook(|| {
        if let Some(record) = ThreadRecord::current() {
            record.request(request::MEMORY);
        }
    });
}

/// Makes the built-in classes. Called once, by the main thread, before anything else.
///
/// # Errors
/// When memory is out.
pub fn make_classes(cx: &Context) -> PyResult<()> {
    reserve_shape::<Type>()
        .and_then(|()| reserve_shape::<BareObject>())
        .ok_or(Raised)?;
    reserve_shape::<Dict>()
        .and_then(|()| reserve_shape::<Str>())
        .ok_or(Raised)?;
    reserve_shape::<Tuple>().ok_or(Raised)?;
    Str::make_small(cx)?;
    Tuple::make_empty(cx)?;
    str_::names::make(cx)?;
    class::build::<BareObject>(cx, None)?;
    // Methods and slots of a class are objects of these classes, so all are there before any gets its
    // methods; `object` is first, for the others inherit its slots.
    macro_rules! first {
        ($($class:ty),* $(,)?) => {
            $(class::build::<$class>(cx, Some(crate::objects::object::class()))?;)*
            class::populate::<BareObject>(cx, crate::objects::object::class())?;
            $(class::populate::<$class>(cx, <$class as Payload>::class())?;)*
        };
    }
    first!(
        Type,
        Dict,
        Str,
        Tuple,
        descriptors::MethodDescriptor,
        descriptors::ClassMethodDescriptor,
        descriptors::ClassMethod,
        descriptors::StaticMethod,
        descriptors::GetSet,
        descriptors::Member,
        descriptors::WrapperDescriptor,
        descriptors::MethodWrapper,
        native::NativeFunction,
    );
    crate::objects::make_classes(cx)
}

/// Makes the registries that modules are put into: `sys.modules`, `builtins`.
///
/// # Errors
/// MemoryError.
pub fn make_registries(cx: &Context) -> PyResult<()> {
    let modules = Dict::new(cx)?;
    MODULES.get_or_init(|| modules);
    Ok(())
}

/// Makes `builtins` the module where names are found that are not global.
pub fn set_builtins(cx: &Context, module: &Ref<Module>) {
    BUILTINS.get_or_init(|| module.dict.clone());
    ALL_AND_ANY.get_or_init(|| [builtin(cx, "all"), builtin(cx, "any")]);
}

/// The functions `all` and `any` themselves, whatever the names have come to mean.
pub(crate) fn all_and_any() -> &'static [Value; 2] {
    ALL_AND_ANY
        .get()
        .expect("invariant: builtins are made before anything runs")
}

/// Makes `sys` known to the interpreter.
pub fn set_sys(module: &Ref<Module>) {
    SYS.get_or_init(|| module.clone());
}

/// The dict of the module `builtins`.
pub fn builtins_dict() -> &'static Ref<Dict> {
    BUILTINS.get().expect("invariant: made at start-up")
}

/// The module `sys`.
pub fn sys_module() -> &'static Ref<Module> {
    SYS.get().expect("invariant: made at start-up")
}

/// `sys.modules` as the interpreter made it.
pub fn modules() -> &'static Ref<Dict> {
    MODULES.get().expect("invariant: made at start-up")
}

/// A function of `builtins`; None when a program has removed it.
pub fn builtin(cx: &Context, name: &str) -> Value {
    Name::intern(cx, name)
        .ok()
        .and_then(|name| builtins_dict().get_name_plain(cx, name))
        .unwrap_or(Value::NONE)
}

/// An attribute of `sys`.
///
/// # Errors
/// MemoryError.
pub fn sys_attribute(cx: &Context, name: Name) -> PyResult<Option<Value>> {
    match SYS.get() {
        Some(sys) => sys.dict.get_name(cx, name),
        None => Ok(None),
    }
}

/// Shows the value of an expression statement at the prompt, by `sys.displayhook`.
///
/// # Errors
/// RuntimeError when the hook is lost, and what it raises.
pub fn display(cx: &Context, value: &Value) -> PyResult<()> {
    match sys_attribute(cx, names::displayhook())? {
        Some(hook) => call::call(cx, &hook, std::slice::from_ref(value)).map(|_| ()),
        None => Err(cx.runtime_error("lost sys.displayhook")),
    }
}
