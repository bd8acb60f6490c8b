//! `module`: a namespace with a name.
//!
//! The namespace is both a field, for those who need its dict, and the instance's `__dict__`.

use typhon_macros::{pyclass, pymethods};

use crate::args::Args;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::import_hints::{self, Hints, Shadowed};
use crate::instance;
use crate::object::{self, Payload, Ref, Traverse};
use crate::objects::annotations;
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::str_::{Name, Str, names};
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, iterate, text};
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "module",
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF),
    signature = "(name, doc=None)",
    doc = "Create a module object.\n\nThe name must be a string; the optional doc argument can have any type."
)]
pub struct Module {
    /// The namespace.
    pub dict: Ref<Dict>,
}

impl Traverse for Module {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.dict.as_value());
    }
}

impl Module {
    /// A module with this name and nothing in it.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(cx: &Context, name: &str) -> PyResult<Ref<Module>> {
        let module = Module::of_class(cx, Module::class())?;
        Module::initialize(cx, &module, Name::intern(cx, name)?.to_value(), Value::NONE)?;
        Ok(module)
    }

    fn of_class(cx: &Context, class: &Ref<Type>) -> PyResult<Ref<Module>> {
        let dict = Dict::new(cx)?;
        let module = object::new_of_class(cx, class, Module { dict: dict.clone() })?;
        instance::set_dict(cx, module.as_value(), dict)?;
        Ok(module)
    }

    fn initialize(cx: &Context, module: &Module, name: Value, doc: Value) -> PyResult<()> {
        module.dict.set_name(cx, names::dunder_name(), name)?;
        module.dict.set_name(cx, names::dunder_doc(), doc)?;
        for name in [
            names::dunder_package(),
            names::dunder_loader(),
            names::dunder_spec(),
        ] {
            module.dict.set_name(cx, name, Value::NONE)?;
        }
        Ok(())
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// MemoryError.
    pub fn set(&self, cx: &Context, name: &str, value: Value) -> PyResult<()> {
        self.dict.set_name(cx, Name::intern(cx, name)?, value)
    }

    /// An attribute.
    ///
    /// # Errors
    /// MemoryError.
    pub fn get(&self, cx: &Context, name: &str) -> PyResult<Option<Value>> {
        self.dict.get_name(cx, Name::intern(cx, name)?)
    }

    /// `__name__`, if it is a string.
    pub fn name(&self, cx: &Context) -> Option<String> {
        let name = self.dict.get_name_plain(cx, names::dunder_name())?;
        Some(name.downcast::<Str>()?.to_string())
    }

    /// Whether the module's import is not done yet.
    pub fn is_initializing(&self, cx: &Context) -> PyResult<bool> {
        let Some(spec) = self.dict.get_name(cx, names::dunder_spec())? else {
            return Ok(false);
        };
        if spec.is_none() {
            return Ok(false);
        }
        match attribute::find(cx, &spec, names::dunder_initializing())? {
            Some(answer) => answer.truth(cx),
            None => Ok(false),
        }
    }

    /// The attribute that `__getattr__` of the module makes up.
    fn ask_hook(&self, cx: &Context, name: Name) -> PyResult<Option<Value>> {
        match self.dict.get_name(cx, names::dunder_getattr())? {
            Some(hook) => call::call(cx, &hook, &[name.to_value()]).map(Some),
            None => Ok(None),
        }
    }

    /// The attribute of a module whose class leaves looking it up to `module`. `None`: there is none.
    ///
    /// # Errors
    /// What descriptors and `__getattr__` raise.
    pub(crate) fn find(cx: &Context, this: &Value, name: Name) -> PyResult<Option<Value>> {
        match attribute::generic_find(cx, this, name)? {
            None => crate::args::payload::<Module>(this).ask_hook(cx, name),
            found => Ok(found),
        }
    }

    /// What AttributeError says, with what is known of the reason.
    fn missing_message(&self, cx: &Context, module: &str, name: Name) -> PyResult<String> {
        let shown = name.display();
        let plain = format!("module '{module}' has no attribute '{shown}'");
        let Some(spec) = self.dict.get_name(cx, names::dunder_spec())? else {
            return Ok(plain);
        };
        let own_name = self.dict.get_name(cx, names::dunder_name())?;
        let own_name = own_name.unwrap_or(Value::NONE);
        let hints = Hints::of(cx, &spec, &own_name, name)?;
        let because = "(most likely due to a circular import)";
        Ok(match (&hints.origin, hints.shadows) {
            (Some(origin), Some(shadowed))
                if shadowed == Shadowed::Standard || hints.is_initializing =>
            {
                let advice = import_hints::renaming(
                    shadowed,
                    &format!("'{origin}'"),
                    &format!("'{module}'"),
                );
                format!("{plain} {advice}")
            }
            (Some(origin), _) if hints.is_initializing => format!(
                "partially initialized module '{module}' from '{origin}' has no attribute '{shown}' {because}"
            ),
            (None, _) if hints.is_initializing => format!(
                "partially initialized module '{module}' has no attribute '{shown}' {because}"
            ),
            _ if hints.is_submodule => {
                format!("cannot access submodule '{shown}' of module '{module}' {because}")
            }
            _ => plain,
        })
    }

    #[cold]
    fn missing(&self, cx: &Context, this: &Value, name: Name) -> Raised {
        let shown = name.display();
        let message = match self.name(cx) {
            None => format!("module has no attribute '{shown}'"),
            Some(module) => match self.missing_message(cx, &module, name) {
                Ok(message) => message,
                Err(raised) => return raised,
            },
        };
        attribute::no_attribute(cx, this, name, &message)
    }
}

#[pymethods]
impl Module {
    #[slot(new)]
    fn make(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        Module::of_class(cx, class).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Module>, args: Args<'_>) -> PyResult<()> {
        static SIGNATURE: crate::args::Signature = crate::args::Signature {
            name: "module",
            text: "(name, doc=None)",
            parameters: &[
                crate::args::Parameter::required("name"),
                crate::args::Parameter::optional("doc"),
            ],
            positional_only: 0,
            positional: 2,
            var_positional: false,
            var_keyword: false,
        };
        let mut bound = [None; 2];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let name = bound[0].expect("invariant: required");
        if name.downcast::<Str>().is_none() {
            return Err(cx.type_error(format!(
                "module() argument 'name' must be str, not {}",
                name.type_name_for_argument()
            )));
        }
        Module::initialize(
            cx,
            this,
            name.clone(),
            bound[1].cloned().unwrap_or(Value::NONE),
        )
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Module>) -> PyResult<Value> {
        let spec = this
            .dict
            .get_name(cx, names::dunder_spec())?
            .filter(|spec| !spec.is_none());
        let shown = |value: &Value| text::repr_text(cx, value);
        let text = if let Some(spec) = spec {
            let name = attribute::get(cx, &spec, names::name())?;
            let origin = attribute::find(cx, &spec, Name::intern(cx, "origin")?)?
                .filter(|origin| !origin.is_none());
            let has_location = match attribute::find(cx, &spec, Name::intern(cx, "has_location")?)?
            {
                Some(answer) => answer.truth(cx)?,
                None => false,
            };
            match origin {
                Some(origin) if has_location => {
                    format!("<module {} from {}>", shown(&name)?, shown(&origin)?)
                }
                Some(origin) => {
                    format!("<module {} ({})>", shown(&name)?, *text::str(cx, &origin)?)
                }
                None => {
                    let loader = attribute::find(cx, &spec, Name::intern(cx, "loader")?)?;
                    match loader.filter(|loader| !loader.is_none()) {
                        Some(loader) if loader.type_name() == "NamespaceLoader" => {
                            let path = attribute::get(cx, &loader, Name::intern(cx, "_path")?)?;
                            let path = List::from_values(cx, iterate::collect(cx, &path)?)?;
                            let path = shown(path.as_value())?;
                            format!("<module {} (namespace) from {path}>", shown(&name)?)
                        }
                        Some(loader) => format!("<module {} ({})>", shown(&name)?, shown(&loader)?),
                        None => format!("<module {}>", shown(&name)?),
                    }
                }
            }
        } else {
            let name = match this.dict.get_name(cx, names::dunder_name())? {
                Some(name) => shown(&name)?,
                None => "'?'".to_owned(),
            };
            match this.dict.get_name(cx, names::dunder_file())? {
                Some(file) => format!("<module {name} from {}>", shown(&file)?),
                None => match this
                    .dict
                    .get_name(cx, names::dunder_loader())?
                    .filter(|loader| !loader.is_none())
                {
                    Some(loader) => format!("<module {name} ({})>", shown(&loader)?),
                    None => format!("<module {name}>"),
                },
            }
        };
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(get_attribute)]
    fn get_attribute(cx: &Context, this: &Value, name: Name) -> PyResult<Value> {
        let module = crate::args::payload::<Module>(this);
        match attribute::generic_find(cx, this, name) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => match module.ask_hook(cx, name)? {
                Some(value) => Ok(value),
                None => Err(module.missing(cx, this, name)),
            },
            Err(Raised) => {
                let error = cx.catch(crate::objects::exceptions::attribute_error())?;
                match module.ask_hook(cx, name)? {
                    Some(value) => Ok(value),
                    None => {
                        cx.set_exception(error);
                        Err(Raised)
                    }
                }
            }
        }
    }

    #[getter("__dict__")]
    fn dict(_cx: &Context, this: &Ref<Module>) -> PyResult<Ref<Dict>> {
        Ok(this.dict.clone())
    }

    #[getter("__annotations__")]
    fn annotations(cx: &Context, this: &Ref<Module>) -> PyResult<Value> {
        annotations::module_annotations(cx, this)
    }

    #[setter("__annotations__")]
    fn set_annotations(cx: &Context, this: &Ref<Module>, value: Option<&Value>) -> PyResult<()> {
        annotations::set_module_annotations(cx, this, value)
    }

    #[getter("__annotate__")]
    fn annotate(cx: &Context, this: &Ref<Module>) -> PyResult<Value> {
        annotations::module_annotate(cx, this)
    }

    #[setter("__annotate__")]
    fn set_annotate(cx: &Context, this: &Ref<Module>, value: Option<&Value>) -> PyResult<()> {
        annotations::set_module_annotate(cx, this, value)
    }

    /// __dir__() -> list
    /// specialized dir() implementation
    #[method("__dir__(self, /)")]
    fn dir(cx: &Context, this: &Value) -> PyResult<Value> {
        let dict = attribute::get(cx, this, names::dunder_dict())?;
        let Some(dict) = dict.downcast::<Dict>() else {
            return Err(cx.type_error("<module>.__dict__ is not a dictionary"));
        };
        if let Some(hook) = dict.get_name(cx, names::dunder_dir())? {
            return call::call(cx, &hook, &[]);
        }
        List::from_values(cx, dict.keys_snapshot(cx)?).map(Ref::into_value)
    }
}
