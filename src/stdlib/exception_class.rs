//! Exception classes of native modules.

use std::sync::OnceLock;

use typhon_runtime::args::Keywords;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::objects::type_::{NewType, Type};
use typhon_runtime::{Context, PyResult, Raised, Ref};

/// An exception class without anything of its own, made when it is first asked for.
pub struct ExceptionClass {
    module: &'static str,
    name: &'static str,
    base: fn() -> &'static Ref<Type>,
    class: OnceLock<Ref<Type>>,
}

impl ExceptionClass {
    /// Describes the class `module.name`.
    pub const fn new(
        module: &'static str,
        name: &'static str,
        base: fn() -> &'static Ref<Type>,
    ) -> ExceptionClass {
        ExceptionClass {
            module,
            name,
            base,
            class: OnceLock::new(),
        }
    }

    /// The class.
    ///
    /// # Errors
    /// MemoryError.
    pub fn get(&self, cx: &Context) -> PyResult<&Ref<Type>> {
        if let Some(class) = self.class.get() {
            return Ok(class);
        }
        let namespace = Dict::new(cx)?;
        namespace.set_name(
            cx,
            names::dunder_module(),
            Str::from_str(cx, self.module)?.into_value(),
        )?;
        let class = NewType {
            metaclass: Type::class(),
            name: &Str::from_str(cx, self.name)?,
            bases: &[(self.base)().to_value()],
            namespace: &namespace,
            keywords: Keywords::default(),
        }
        .build(cx)?;
        // Two threads may make it; the one that comes second is never seen.
        Ok(self.class.get_or_init(|| class))
    }

    /// The class, if it has been made.
    pub fn made(&self) -> Option<&Ref<Type>> {
        self.class.get()
    }

    /// Raises a new instance with this message.
    #[cold]
    pub fn raise(&self, cx: &Context, message: impl AsRef<str>) -> Raised {
        match self.get(cx) {
            Ok(class) => cx.raise_message(class, message.as_ref()),
            Err(raised) => raised,
        }
    }
}
