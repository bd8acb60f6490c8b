//! `AttributeError` and `NameError`: exceptions that know which name was not found.

use typhon_macros::{pyclass, pymethods};

use super::base::attributes_if_any;
use super::{BaseException, field_attributes};
use crate::args::{Args, FromArgument, Place};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::dict::Dict;
use crate::objects::str_::{Name, Str};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::value::Value;

/// The payload of `AttributeError`.
#[pyclass(name = "AttributeError", base = BaseException, python_base = super::exception(), flags(BASETYPE), doc = "Attribute not found.")]
#[repr(C)]
pub struct AttributeError {
    pub base: BaseException,
    /// `obj`: what was searched.
    pub object: Field,
    /// `name`: what was searched for.
    pub name: Field,
}

impl Traverse for AttributeError {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        self.object.traverse(visit);
        self.name.traverse(visit);
    }
}

field_attributes!(ATTRIBUTE_FIELDS for AttributeError {
    name = "name" "attribute name",
    object = "obj" "object",
});

/// Takes the keyword arguments `allowed` of an exception's constructor.
pub(super) fn take_keywords<'a, const N: usize>(
    cx: &Context,
    class: &str,
    args: Args<'a>,
    allowed: [&str; N],
) -> PyResult<[Option<&'a Value>; N]> {
    let mut found = [None; N];
    for (key, value) in args.keywords().iter() {
        let at = key
            .downcast::<Str>()
            .and_then(|key| allowed.iter().position(|name| key.equals(name)));
        match at {
            Some(at) => found[at] = Some(value),
            None => {
                let key = String::from_argument(cx, key, &KEYWORD)?;
                return Err(cx.type_error(format!(
                    "{class}() got an unexpected keyword argument '{key}'"
                )));
            }
        }
    }
    Ok(found)
}

const KEYWORD: Place = Place {
    function: "exception",
    position: 0,
    name: "keyword",
    by_name: true,
};

#[pymethods(tables(ATTRIBUTE_FIELDS))]
impl AttributeError {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let base = BaseException::with_args(cx, args.positional())?;
        let payload = AttributeError {
            base,
            object: Field::empty(),
            name: Field::empty(),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<AttributeError>, args: Args<'_>) -> PyResult<()> {
        let [name, object] = take_keywords(cx, "AttributeError", args, ["name", "obj"])?;
        BaseException::initialize(
            cx,
            this.as_value(),
            Args::positional_only(args.positional()),
        )?;
        this.name.set(name.cloned());
        this.object.set(object.cloned());
        Ok(())
    }

    /// The state for pickle: name and args, not the object.
    #[method("__getstate__(self, /)")]
    fn getstate(cx: &Context, this: &Ref<AttributeError>) -> PyResult<Value> {
        let own = attributes_if_any(cx, this.as_value())?;
        let name = this.name.get();
        if own.is_none() && name.is_none() {
            return Ok(Value::NONE);
        }
        let state = match own {
            Some(own) => own.copy(cx)?,
            None => Dict::new(cx)?,
        };
        if let Some(name) = name {
            state.set_name(cx, Name::intern(cx, "name")?, name)?;
        }
        state.set_name(
            cx,
            Name::intern(cx, "args")?,
            this.base.arguments().into_value(),
        )?;
        Ok(state.into_value())
    }

    /// Helper for pickle.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<AttributeError>) -> PyResult<Ref<Tuple>> {
        let state = AttributeError::getstate(cx, this)?;
        let class = this.as_value().class().to_value();
        Tuple::from_vec(cx, vec![class, this.base.arguments().into_value(), state])
    }
}

/// Tells the AttributeError that is set which attribute of which object it is about.
pub fn describe_attribute_error(cx: &Context, object: &Value, name: Name) {
    let _ = super::described::<AttributeError>(cx, Raised, |error| {
        if error.name.is_empty() && error.object.is_empty() {
            error.object.set(Some(object.clone()));
            error.name.set(Some(name.to_value()));
        }
    });
}

/// The payload of `NameError`.
#[pyclass(name = "NameError", base = BaseException, python_base = super::exception(), flags(BASETYPE), doc = "Name not found globally.")]
#[repr(C)]
pub struct NameError {
    pub base: BaseException,
    /// `name`: what was searched for.
    pub name: Field,
}

impl Traverse for NameError {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
        self.name.traverse(visit);
    }
}

field_attributes!(NAME_FIELDS for NameError { name = "name" "name" });

#[pymethods(tables(NAME_FIELDS))]
impl NameError {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let base = BaseException::with_args(cx, args.positional())?;
        object::new_of_class(
            cx,
            class,
            NameError {
                base,
                name: Field::empty(),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<NameError>, args: Args<'_>) -> PyResult<()> {
        let [name] = take_keywords(cx, "NameError", args, ["name"])?;
        BaseException::initialize(
            cx,
            this.as_value(),
            Args::positional_only(args.positional()),
        )?;
        this.name.set(name.cloned());
        Ok(())
    }
}

/// Raises a NameError that knows the name.
#[cold]
pub fn raise_name_error(cx: &Context, name: Name, message: &str) -> Raised {
    let raised = cx.raise_message(super::name_error(), message);
    super::described::<NameError>(cx, raised, |error| error.name.set(Some(name.to_value())))
}
