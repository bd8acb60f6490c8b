//! `function`: code with its globals, defaults and closure.

use std::sync::OnceLock;

use typhon_compiler::code::CodeFlags;
use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::annotations;
use crate::objects::cell::Cell;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::method::Method;
use crate::objects::str_::{Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::value::Value;
use crate::vm::bind;

/// The payload of `function`.
///
/// Frames borrow the code, so a code object that was ever a function's is never freed before the
/// function: replaced code is made immortal.
#[pyclass(
    name = "function",
    flags(HAS_DICT, HAS_WEAKREF, METHOD_DESCRIPTOR),
    doc = "Create a function object.\n\n  code\n    a code object\n  globals\n    the globals dictionary\n  name\n    a string that overrides the name from the code object\n  argdefs\n    a tuple that specifies the default argument values\n  closure\n    a tuple that supplies the bindings for free variables\n  kwdefaults\n    a dictionary that specifies the default keyword argument values",
    signature = "(code, globals, name=None, argdefs=None, closure=None,\n         kwdefaults=None)"
)]
pub struct Function {
    code: Field,
    /// `__globals__`.
    pub globals: Ref<Dict>,
    /// `__builtins__`: where names are looked up that are not global. A dict but in odd programs.
    pub builtins: Value,
    /// `__closure__`.
    pub closure: OnceLock<Ref<Tuple>>,
    pub defaults: Field,
    pub keyword_defaults: Field,
    pub name: Field,
    pub qualname: Field,
    pub doc: Field,
    pub module: Field,
    pub annotations: Field,
    pub annotate: Field,
    pub type_params: Field,
}

impl Traverse for Function {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [
            &self.code,
            &self.defaults,
            &self.keyword_defaults,
            &self.name,
            &self.qualname,
            &self.doc,
            &self.module,
            &self.annotations,
            &self.annotate,
            &self.type_params,
        ] {
            field.traverse(visit);
        }
        visit(self.globals.as_value());
        visit(&self.builtins);
        if let Some(closure) = self.closure.get() {
            visit(closure.as_value());
        }
    }
}

impl Function {
    /// A function of `code`, as a `def` makes it.
    ///
    /// # Errors
    /// MemoryError.
    pub fn new_plain(
        cx: &Context,
        code: &Ref<Code>,
        globals: &Ref<Dict>,
        builtins: &Value,
    ) -> PyResult<Ref<Function>> {
        let module = globals.get_name(cx, names::dunder_name())?;
        Function::with(cx, code, globals, builtins, module, None)
    }

    /// [`Function::new_plain`] with `__module__` and closure given.
    ///
    /// # Errors
    /// MemoryError.
    pub fn with(
        cx: &Context,
        code: &Ref<Code>,
        globals: &Ref<Dict>,
        builtins: &Value,
        module: Option<Value>,
        closure: Option<Ref<Tuple>>,
    ) -> PyResult<Ref<Function>> {
        let doc = if code
            .flags
            .contains(typhon_compiler::code::CodeFlags::HAS_DOCSTRING)
        {
            code.constants.first().cloned()
        } else {
            None
        };
        object::new(
            cx,
            Function {
                code: Field::new(code.to_value()),
                globals: globals.clone(),
                builtins: builtins.clone(),
                closure: closure.map_or_else(OnceLock::new, OnceLock::from),
                defaults: Field::empty(),
                keyword_defaults: Field::empty(),
                name: Field::new(code.name.to_value()),
                qualname: Field::new(code.qualname.to_value()),
                doc: Field::from_option(doc),
                module: Field::from_option(module),
                annotations: Field::empty(),
                annotate: Field::empty(),
                type_params: Field::empty(),
            },
        )
    }

    /// The code. Valid for as long as the function is.
    #[inline(always)]
    pub fn code(&self) -> &Ref<Code> {
        // SAFETY: the field always holds a code object, and code that is replaced is immortal; `Ref` is
        // the word in the field.
        unsafe { &*(&raw const self.code).cast::<Ref<Code>>() }
    }

    /// Gives a function that was just made its closure, a tuple of cells.
    pub(crate) fn set_closure(&self, closure: Value) {
        if let Ok(closure) = closure.into_ref::<Tuple>() {
            let _ = self.closure.set(closure);
        }
    }
}

/// The builtins that go with `globals`: its `__builtins__`, or those of the running code.
///
/// # Errors
/// What looking up raises.
pub fn builtins_of(cx: &Context, globals: &Ref<Dict>) -> PyResult<Value> {
    match globals.get_name(cx, names::dunder_builtins())? {
        Some(value) => match value.downcast::<crate::objects::module::Module>() {
            Some(module) => Ok(module.dict.to_value()),
            None => Ok(value),
        },
        None => Ok(crate::vm::frame::current_builtins(cx)),
    }
}

#[pymethods]
impl Function {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: crate::args::Signature = crate::args::Signature {
            name: "function",
            text: "(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)",
            parameters: &[
                crate::args::Parameter::required("code"),
                crate::args::Parameter::required("globals"),
                crate::args::Parameter::optional("name"),
                crate::args::Parameter::optional("argdefs"),
                crate::args::Parameter::optional("closure"),
                crate::args::Parameter::optional("kwdefaults"),
            ],
            positional_only: 0,
            positional: 6,
            var_positional: false,
            var_keyword: false,
        };
        let mut bound = [None; 6];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let [code, globals, name, defaults, closure, keyword_defaults] = bound;
        let given = |value: Option<&Value>| value.filter(|value| !value.is_none()).cloned();
        let wrong = |position: usize, wanted: &str, got: &Value| {
            cx.type_error(format!(
                "function() argument {position} must be {wanted}, not {}",
                got.type_name_for_argument()
            ))
        };
        let code = code.expect("invariant: required");
        let code = code
            .downcast::<Code>()
            .ok_or_else(|| wrong(1, "code", code))?;
        let globals = globals.expect("invariant: required");
        let globals = globals
            .downcast::<Dict>()
            .ok_or_else(|| wrong(2, "dict", globals))?;
        let name = given(name);
        if name
            .as_ref()
            .is_some_and(|name| name.downcast::<Str>().is_none())
        {
            return Err(cx.type_error("arg 3 (name) must be None or string"));
        }
        let defaults = given(defaults);
        if defaults
            .as_ref()
            .is_some_and(|defaults| defaults.downcast::<Tuple>().is_none())
        {
            return Err(cx.type_error("arg 4 (defaults) must be None or tuple"));
        }
        let wanted = (code.local_count - code.first_free) as usize;
        let closure = match given(closure) {
            None if wanted > 0 => return Err(cx.type_error("arg 5 (closure) must be tuple")),
            None => None,
            Some(closure) => {
                let Ok(closure) = closure.into_ref::<Tuple>() else {
                    return Err(cx.type_error("arg 5 (closure) must be None or tuple"));
                };
                if closure.len() != wanted {
                    return Err(cx.value_error(format!(
                        "{} requires closure of length {wanted}, not {}",
                        *code.name,
                        closure.len()
                    )));
                }
                for cell in closure.as_slice() {
                    if cell.downcast::<Cell>().is_none() {
                        return Err(cx.type_error(format!(
                            "arg 5 (closure) expected cell, found {}",
                            cell.type_name()
                        )));
                    }
                }
                Some(closure)
            }
        };
        let keyword_defaults = given(keyword_defaults);
        if keyword_defaults
            .as_ref()
            .is_some_and(|value| value.downcast::<Dict>().is_none())
        {
            return Err(cx.type_error("arg 6 (kwdefaults) must be None or dict"));
        }
        let builtins = builtins_of(cx, globals)?;
        let module = globals.get_name(cx, names::dunder_name())?;
        let function = Function::with(cx, code, globals, &builtins, module, closure)?;
        if let Some(name) = name {
            function.name.set(Some(name));
        }
        function.defaults.set(defaults);
        function.keyword_defaults.set(keyword_defaults);
        Ok(function.into_value())
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<Function>, args: Args<'_>) -> PyResult<Value> {
        bind::call_function(cx, this, args)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Function>) -> PyResult<Value> {
        let name = this
            .qualname
            .get_as::<Str>()
            .map(|name| name.to_string())
            .unwrap_or_default();
        let address = this.as_value().bits();
        Str::from_str(cx, &format!("<function {name} at {address:#x}>")).map(Ref::into_value)
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<Function>,
        object: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        match object {
            Some(object) if !object.is_none() => {
                Method::new(cx, this.to_value(), object.clone()).map(Ref::into_value)
            }
            _ => Ok(this.to_value()),
        }
    }

    #[getter("__code__")]
    fn code_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Value> {
        Ok(this.code().to_value())
    }

    #[setter("__code__")]
    fn set_code(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        let Some(code) = value.and_then(|value| value.downcast::<Code>()) else {
            return Err(cx.type_error("__code__ must be set to a code object"));
        };
        let free = (code.local_count - code.first_free) as usize;
        let closure = this.closure.get().map_or(0, |closure| closure.len());
        if free != closure {
            return Err(cx.value_error(format!(
                "{}() requires a code object with {closure} free vars, not {free}",
                this.name
                    .get_as::<Str>()
                    .map(|name| name.to_string())
                    .unwrap_or_default()
            )));
        }
        let kind = CodeFlags::GENERATOR | CodeFlags::COROUTINE | CodeFlags::ASYNC_GENERATOR;
        if code.flags.intersection(kind) != this.code().flags.intersection(kind) {
            crate::warnings::warn_deprecated(
                cx,
                "Assigning a code object of non-matching type is deprecated (e.g., from a generator to a \
                 plain function)",
            )?;
        }
        this.code().header().set_immortal();
        this.code.set(Some(code.to_value()));
        Ok(())
    }

    #[member("__globals__")]
    fn globals_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Value> {
        Ok(this.globals.to_value())
    }

    #[member("__builtins__")]
    fn builtins_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Value> {
        Ok(this.builtins.clone())
    }

    #[member("__closure__")]
    fn closure_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.closure.get().map(Ref::to_value))
    }

    #[getter("__defaults__")]
    fn defaults_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.defaults.get())
    }

    #[setter("__defaults__")]
    fn set_defaults(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| value.downcast::<Tuple>().is_none()) {
            return Err(cx.type_error("__defaults__ must be set to a tuple object"));
        }
        this.defaults.set(value.cloned());
        Ok(())
    }

    #[getter("__kwdefaults__")]
    fn keyword_defaults_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.keyword_defaults.get())
    }

    #[setter("__kwdefaults__")]
    fn set_keyword_defaults(
        cx: &Context,
        this: &Ref<Function>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| value.downcast::<Dict>().is_none()) {
            return Err(cx.type_error("__kwdefaults__ must be set to a dict object"));
        }
        this.keyword_defaults.set(value.cloned());
        Ok(())
    }

    #[getter("__name__")]
    fn name_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.name.get())
    }

    #[setter("__name__")]
    fn set_name(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        this.name.set(Some(text(cx, value, "__name__")?));
        Ok(())
    }

    #[getter("__qualname__")]
    fn qualname_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.qualname.get())
    }

    #[setter("__qualname__")]
    fn set_qualname(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        this.qualname.set(Some(text(cx, value, "__qualname__")?));
        Ok(())
    }

    #[member("__doc__")]
    fn doc_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.doc.get())
    }

    #[setter("__doc__")]
    fn set_doc(_cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        this.doc.set(value.cloned());
        Ok(())
    }

    #[member("__module__")]
    fn module_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.module.get())
    }

    #[setter("__module__")]
    fn set_module(_cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        this.module.set(value.cloned());
        Ok(())
    }

    #[getter("__annotations__")]
    fn annotations_attribute(cx: &Context, this: &Ref<Function>) -> PyResult<Value> {
        if let Some(annotations) = this.annotations.get() {
            return Ok(annotations);
        }
        let made = match this.annotate.get().filter(|annotate| !annotate.is_none()) {
            Some(annotate) => annotations::evaluate(cx, &annotate)?,
            None => Dict::new(cx)?.into_value(),
        };
        this.annotations.set(Some(made.clone()));
        Ok(made)
    }

    #[setter("__annotations__")]
    fn set_annotations(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        let value = value.filter(|value| !value.is_none());
        if value.is_some_and(|value| value.downcast::<Dict>().is_none()) {
            return Err(cx.type_error("__annotations__ must be set to a dict object"));
        }
        this.annotations.set(value.cloned());
        this.annotate.set(None);
        Ok(())
    }

    #[getter("__annotate__")]
    fn annotate_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Option<Value>> {
        Ok(this.annotate.get())
    }

    #[setter("__annotate__")]
    fn set_annotate(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        match value {
            None => Err(cx.type_error("__annotate__ cannot be deleted")),
            Some(value) if value.is_none() => {
                this.annotate.set(Some(Value::NONE));
                Ok(())
            }
            Some(value) if value.class().slots.call.get().is_some() => {
                this.annotate.set(Some(value.clone()));
                this.annotations.set(None);
                Ok(())
            }
            Some(_) => Err(cx.type_error("__annotate__ must be callable or None")),
        }
    }

    #[getter("__type_params__")]
    fn type_params_attribute(_cx: &Context, this: &Ref<Function>) -> PyResult<Value> {
        Ok(this
            .type_params
            .get()
            .unwrap_or_else(|| Tuple::empty().into_value()))
    }

    #[setter("__type_params__")]
    fn set_type_params(cx: &Context, this: &Ref<Function>, value: Option<&Value>) -> PyResult<()> {
        match value {
            Some(value) if value.downcast::<Tuple>().is_some() => {
                this.type_params.set(Some(value.clone()));
                Ok(())
            }
            _ => Err(cx.type_error("__type_params__ must be set to a tuple")),
        }
    }

    #[getter("__dict__")]
    fn dict(cx: &Context, this: &Value) -> PyResult<Option<Ref<Dict>>> {
        crate::instance::dict(cx, this)
    }

    #[setter("__dict__")]
    fn set_dict(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
        match value.and_then(|value| value.downcast::<Dict>()) {
            Some(dict) => crate::instance::set_dict(cx, this, dict.clone()).map(|_| ()),
            None => Err(cx.type_error("__dict__ must be set to a dictionary")),
        }
    }
}

fn text(cx: &Context, value: Option<&Value>, name: &str) -> PyResult<Value> {
    match value {
        Some(value) if value.downcast::<Str>().is_some() => Ok(value.clone()),
        _ => Err(cx.type_error(format!("{name} must be set to a string object"))),
    }
}
