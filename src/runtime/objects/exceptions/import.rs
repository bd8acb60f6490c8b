//! `ImportError`: which module, where from.

use typhon_macros::{pyclass, pymethods};

use super::attribute::take_keywords;
use super::base::attributes_if_any;
use super::{BaseException, field_attributes};
use crate::args::Args;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::dict::Dict;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::value::Value;

/// The payload of `ImportError`.
#[pyclass(name = "ImportError", base = BaseException, python_base = super::exception(), flags(BASETYPE), doc = "Import can't find module, or can't find name in module.")]
#[repr(C)]
pub struct ImportError {
    pub base: BaseException,
    pub message: Field,
    pub name: Field,
    pub path: Field,
    pub name_from: Field,
}

impl Traverse for ImportError {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        for field in [&self.message, &self.name, &self.path, &self.name_from] {
            field.traverse(visit);
        }
    }
}

field_attributes!(FIELDS for ImportError {
    message = "msg" "exception message",
    name = "name" "module name",
    path = "path" "module path",
    name_from = "name_from" "name imported from module",
});

#[pymethods(tables(FIELDS))]
impl ImportError {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let payload = ImportError {
            base: BaseException::with_args(cx, args.positional())?,
            message: Field::empty(),
            name: Field::empty(),
            path: Field::empty(),
            name_from: Field::empty(),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<ImportError>, args: Args<'_>) -> PyResult<()> {
        let [name, path, name_from] =
            take_keywords(cx, "ImportError", args, ["name", "path", "name_from"])?;
        let positional = args.positional();
        BaseException::initialize(cx, this.as_value(), Args::positional_only(positional))?;
        this.name.set(name.cloned());
        this.path.set(path.cloned());
        this.name_from.set(name_from.cloned());
        this.message.set(match positional {
            [message] => Some(message.clone()),
            _ => None,
        });
        Ok(())
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<ImportError>) -> PyResult<Value> {
        match this.message.get() {
            Some(message) if message.is_exact::<Str>() => Ok(message),
            _ => BaseException::text(cx, &this.base).map(Ref::into_value),
        }
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<ImportError>) -> PyResult<Ref<Tuple>> {
        let fields = [
            ("name", &this.name),
            ("path", &this.path),
            ("name_from", &this.name_from),
        ];
        let own = attributes_if_any(cx, this.as_value())?;
        let mut parts = vec![
            this.as_value().class().to_value(),
            this.base.arguments().into_value(),
        ];
        if own.is_some() || fields.iter().any(|(_, field)| !field.is_empty()) {
            let state = match own {
                Some(own) => own.copy(cx)?,
                None => Dict::new(cx)?,
            };
            for (name, field) in fields {
                if let Some(value) = field.get() {
                    state.set_name(cx, Name::intern(cx, name)?, value)?;
                }
            }
            parts.push(state.into_value());
        }
        Tuple::from_vec(cx, parts)
    }
}

/// Raises `class(message, name=…, path=…, name_from=…)`, where `class` is ImportError or derived.
#[cold]
pub fn raise_import_error(
    cx: &Context,
    class: &Ref<Type>,
    message: &str,
    name: Option<&Value>,
    path: Option<&Value>,
    name_from: Option<&Value>,
) -> Raised {
    let raised = cx.raise_message(class, message);
    super::described::<ImportError>(cx, raised, |error| {
        error.name.set(name.cloned());
        error.path.set(path.cloned());
        error.name_from.set(name_from.cloned());
    })
}
