//! Native modules: their description, and the registry that imports look in.

use crate::args::FunctionSpec;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::Ref;
use crate::objects::module::Module;
use crate::objects::native::NativeFunction;
use crate::objects::str_::{Name, Str};
use crate::objects::type_::Type;
use crate::value::Value;

/// A native module: made by `#[pymodule]`.
pub struct ModuleSpec {
    pub name: &'static str,
    pub doc: &'static str,
    pub functions: &'static [&'static FunctionSpec],
    /// Each makes its class on the first call.
    pub classes: &'static [fn(&Context) -> PyResult<&'static Ref<Type>>],
    /// Adds what is neither.
    pub initialize: fn(&Context, &Ref<Module>) -> PyResult<()>,
}

impl ModuleSpec {
    /// Makes the module object.
    ///
    /// # Errors
    /// What the initializer raises.
    pub fn instantiate(&'static self, cx: &Context) -> PyResult<Ref<Module>> {
        let module = Module::new(cx, self.name)?;
        self.document_and_fill(cx, &module)?;
        Ok(module)
    }

    /// [`ModuleSpec::fill`] for a module that has no docstring yet.
    ///
    /// # Errors
    /// What the initializer raises.
    pub fn document_and_fill(&'static self, cx: &Context, module: &Ref<Module>) -> PyResult<()> {
        if !self.doc.is_empty() {
            module.set(cx, "__doc__", Str::from_str(cx, self.doc)?.into_value())?;
        }
        self.fill(cx, module)
    }

    /// Adds functions and classes to `module` and runs the initializer.
    ///
    /// # Errors
    /// What the initializer raises.
    pub fn fill(&'static self, cx: &Context, module: &Ref<Module>) -> PyResult<()> {
        let name = match module.get(cx, "__name__")? {
            Some(name) => name,
            None => Name::intern(cx, self.name)?.to_value(),
        };
        for spec in self.functions {
            let function =
                NativeFunction::new(cx, spec, Some(module.to_value()), Some(name.clone()))?;
            // Native modules are made once; threads that call the same functions count nothing so.
            function.header().set_immortal();
            module.set(cx, spec.name, function.into_value())?;
        }
        for class in self.classes {
            let class = class(cx)?;
            let name: String = class.short_name();
            module.set(cx, &name, class.to_value())?;
        }
        (self.initialize)(cx, module)
    }
}

/// A value that a module's initializer adds.
pub fn add(
    cx: &Context,
    module: &Ref<Module>,
    name: &str,
    value: impl crate::args::IntoValue,
) -> PyResult<()> {
    let value: Value = value.into_value(cx)?;
    module.set(cx, name, value)
}
