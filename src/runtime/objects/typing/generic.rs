//! `Generic`: the base of generic classes.
//!
//! Its instances have nothing that those of `object` have not, so that it can stand beside any other base;
//! what it does when it is subscribed or derived from is `typing`'s to say.

use super::{call_typing, with_unpacked};
use crate::args::{Args, FunctionSpec, Parameter, Signature};
use crate::class::{ClassCell, ClassFlags};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Kind, Ref};
use crate::objects::descriptors;
use crate::objects::str_::{Name, Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeBuilder};
use crate::protocols::call;
use crate::value::Value;

static GENERIC: ClassCell = ClassCell::new();

/// The class `Generic`.
pub fn generic() -> &'static Ref<Type> {
    GENERIC.get()
}

fn class_getitem(cx: &Context, class: &Value, args: Args<'_>) -> PyResult<Value> {
    let [item] = args.values else {
        let given = args.values.len();
        return Err(cx.type_error(format!(
            "Generic.__class_getitem__() takes exactly one argument ({given} given)"
        )));
    };
    call_typing(cx, "_generic_class_getitem", &[class.clone(), item.clone()])
}

static CLASS_GETITEM: FunctionSpec = FunctionSpec {
    name: "__class_getitem__",
    doc: "Parameterizes a generic class.",
    signature: &Signature {
        name: "__class_getitem__",
        text: "(cls, params, /)",
        parameters: &[Parameter::required("params")],
        positional_only: 1,
        positional: 1,
        var_positional: false,
        var_keyword: false,
    },
    call: class_getitem,
};

fn init_subclass(cx: &Context, class: &Value, args: Args<'_>) -> PyResult<Value> {
    let function = crate::import::import_attribute(cx, "typing", "_generic_init_subclass")?;
    call::call_with_this(cx, &function, class, args)
}

static INIT_SUBCLASS: FunctionSpec = FunctionSpec {
    name: "__init_subclass__",
    doc: "Function to initialize subclasses.",
    signature: &Signature {
        name: "__init_subclass__",
        text: "(cls, *args, **kwargs)",
        parameters: &[],
        positional_only: 0,
        positional: 0,
        var_positional: true,
        var_keyword: true,
    },
    call: init_subclass,
};

/// Makes the class.
pub(super) fn make_class(cx: &Context) -> PyResult<()> {
    if GENERIC.is_filled() {
        return Ok(());
    }
    let object = crate::objects::object::class();
    let class = TypeBuilder {
        name: "Generic",
        base: Some(object.clone()),
        layout: object.layout,
        kind: Kind::Container,
        flags: ClassFlags::BASETYPE,
    }
    .build(cx, &GENERIC)?;
    class.finish_built_in(cx)?;
    let set = |name: Name, value: Value| class.dict.set_name(cx, name, value);
    for spec in [&CLASS_GETITEM, &INIT_SUBCLASS] {
        set(
            Name::intern(cx, spec.name)?,
            descriptors::class_method(cx, &class, spec)?,
        )?;
    }
    set(
        names::dunder_module(),
        Str::from_ascii(cx, b"typing")?.into_value(),
    )?;
    set(
        names::dunder_doc(),
        Str::from_ascii(cx, b"Abstract base class for generic types.")?.into_value(),
    )
}

/// `Generic[*parameters]`: the base of a class with type parameters.
///
/// # Errors
/// What `typing` raises.
pub fn subscript_generic(cx: &Context, parameters: &Value) -> PyResult<Value> {
    let parameters = match parameters.downcast::<Tuple>() {
        Some(parameters) => with_unpacked(cx, parameters)?,
        None => Tuple::empty(),
    };
    call_typing(
        cx,
        "_GenericAlias",
        &[generic().to_value(), parameters.into_value()],
    )
}
