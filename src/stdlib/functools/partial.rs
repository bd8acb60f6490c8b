//! `functools.partial` and `functools.Placeholder`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::method::Method;
use typhon_runtime::objects::str_::{Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, text};
use typhon_runtime::{Context, PyResult, Ref, Value, instance, shape};

/// The payload of the class of `Placeholder`.
#[pyclass(
    name = "_PlaceholderType",
    module = "functools",
    plain,
    doc = "The type of the Placeholder singleton.\n\nUsed as a placeholder for partial arguments."
)]
pub struct Placeholder;

static PLACEHOLDER: OnceLock<Value> = OnceLock::new();

/// `functools.Placeholder`.
///
/// # Errors
/// MemoryError.
pub(super) fn placeholder(cx: &Context) -> PyResult<Value> {
    if let Some(known) = PLACEHOLDER.get() {
        return Ok(known.clone());
    }
    let made = object::new(cx, Placeholder)?;
    made.header().set_immortal();
    Ok(PLACEHOLDER.get_or_init(|| made.into_value()).clone())
}

fn is_placeholder(value: &Value) -> bool {
    value.is_exact::<Placeholder>()
}

#[pymethods]
impl Placeholder {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.is_empty() {
            return Err(cx.type_error("PlaceholderType takes no arguments"));
        }
        placeholder(cx)
    }

    #[slot(repr)]
    fn repr(cx: &Context, _this: &Value) -> PyResult<Value> {
        "Placeholder".into_value(cx)
    }

    #[method("__reduce__(self, /)")]
    fn reduce(_cx: &Context, _this: &Value) -> PyResult<&'static str> {
        Ok("Placeholder")
    }
}

/// The payload of `functools.partial`. The fields change by `__setstate__` only.
#[pyclass(
    name = "partial",
    module = "functools",
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF),
    doc = "Create a new function with partial application of the given arguments\nand keywords.",
    signature = "(func, /, *args, **keywords)"
)]
pub struct Partial {
    function: Field,
    /// A tuple.
    arguments: Field,
    /// A dict.
    keywords: Field,
    /// How many of the arguments are `Placeholder`.
    placeholders: AtomicUsize,
}

impl Traverse for Partial {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for field in [&self.function, &self.arguments, &self.keywords] {
            field.traverse(visit);
        }
    }
}

/// What a partial object holds, at one moment.
struct Parts {
    function: Value,
    arguments: Ref<Tuple>,
    keywords: Ref<Dict>,
}

impl Partial {
    fn parts(&self) -> Parts {
        Parts {
            function: self.function.get().expect("invariant: never emptied"),
            arguments: self.arguments.get_as().expect("invariant: always a tuple"),
            keywords: self.keywords.get_as().expect("invariant: always a dict"),
        }
    }
}

fn count_placeholders(arguments: &[Value]) -> usize {
    arguments
        .iter()
        .filter(|argument| is_placeholder(argument))
        .count()
}

/// Whether the instance has attributes of its own.
fn has_attributes(object: &Ref<Partial>) -> bool {
    !shape::get(object.header().shape()).names().is_empty()
        || instance::existing_dict(object.as_value(), object.header()).is_some()
}

/// The partial object `function`, if a new one can take its place.
fn replaceable(function: &Value) -> Option<Parts> {
    let partial = function.downcast::<Partial>()?;
    let own_call = function.class().slots.call.word() == Partial::class().slots.call.word();
    (own_call && !has_attributes(partial)).then(|| partial.parts())
}

/// `given`, with its placeholders replaced by the first of `more`, and the rest of `more` behind.
fn filled(given: &[Value], more: &[Value]) -> Vec<Value> {
    let mut more = more.iter();
    let mut values = Vec::with_capacity(given.len() + more.len());
    for argument in given {
        let chosen = if is_placeholder(argument) {
            more.next().unwrap_or(argument)
        } else {
            argument
        };
        values.push(chosen.clone());
    }
    values.extend(more.cloned());
    values
}

#[pymethods]
impl Partial {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let Some((function, more)) = args.positional().split_first() else {
            return Err(cx.type_error("type 'partial' takes at least one argument"));
        };
        if !call::is_callable(function) {
            return Err(cx.type_error("the first argument must be callable"));
        }
        if more.last().is_some_and(is_placeholder) {
            return Err(cx.type_error("trailing Placeholders are not allowed"));
        }
        if args
            .keywords()
            .iter()
            .any(|(_, value)| is_placeholder(value))
        {
            return Err(cx.type_error("Placeholder cannot be passed as a keyword argument"));
        }
        let (function, arguments, keywords) = match replaceable(function) {
            Some(inner) => {
                let arguments = Tuple::from_vec(cx, filled(inner.arguments.as_slice(), more))?;
                (inner.function, arguments, inner.keywords.copy(cx)?)
            }
            None => (
                function.clone(),
                Tuple::from_values(cx, more)?,
                Dict::new(cx)?,
            ),
        };
        for (name, value) in args.keywords().iter() {
            keywords.set_item(cx, name, value.clone())?;
        }
        let payload = Partial {
            function: Field::new(function),
            placeholders: AtomicUsize::new(count_placeholders(arguments.as_slice())),
            arguments: Field::new(arguments.into_value()),
            keywords: Field::new(keywords.into_value()),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<Partial>, args: Args<'_>) -> PyResult<Value> {
        let Parts {
            function,
            arguments,
            keywords,
        } = this.parts();
        let positional = args.positional();
        let mut values = match this.placeholders.load(Ordering::Relaxed) {
            0 => {
                let mut values =
                    Vec::with_capacity(arguments.len() + args.values.len() + keywords.len());
                values.extend_from_slice(arguments.as_slice());
                values.extend_from_slice(positional);
                values
            }
            wanted if positional.len() < wanted => {
                return Err(cx.type_error(format!(
                    "missing positional arguments in 'partial' call; expected at least {wanted}, got {}",
                    positional.len()
                )));
            }
            _ => filled(arguments.as_slice(), positional),
        };
        if keywords.is_empty() {
            values.extend_from_slice(&args.values[positional.len()..]);
            return call::call_args(
                cx,
                &function,
                Args {
                    values: &values,
                    names: args.names,
                },
            );
        }
        let mut names = Vec::with_capacity(keywords.len() + args.names.len());
        let first = values.len();
        keywords.append_to(cx, &mut names, &mut values)?;
        let own = names.len();
        for (name, value) in args.keywords().iter() {
            match names[..own].iter().position(|known| same_name(known, name)) {
                Some(at) => values[first + at] = value.clone(),
                None => {
                    names.push(name.clone());
                    values.push(value.clone());
                }
            }
        }
        call::call_args(
            cx,
            &function,
            Args {
                values: &values,
                names: &names,
            },
        )
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<Partial>,
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

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Partial>) -> PyResult<Value> {
        let Some(_guard) = text::ReprGuard::enter(cx, this.as_value()) else {
            return "...".into_value(cx);
        };
        let Parts {
            function,
            arguments,
            keywords,
        } = this.parts();
        let mut out = StrBuilder::new();
        out.push_text(&this.class_of().full_name(cx));
        out.push_text("(");
        out.push_str(&*text::repr(cx, &function)?);
        for argument in arguments.as_slice() {
            out.push_text(", ");
            out.push_str(&*text::repr(cx, argument)?);
        }
        for (name, value) in keywords.items_snapshot(cx)? {
            out.push_text(", ");
            out.push_str(&*text::str(cx, &name)?);
            out.push_text("=");
            out.push_str(&*text::repr(cx, &value)?);
        }
        out.push_text(")");
        out.finish_value(cx)
    }

    /// function object to use in future partial calls
    #[getter]
    fn func(_cx: &Context, this: &Ref<Partial>) -> PyResult<Option<Value>> {
        Ok(this.function.get())
    }

    /// tuple of arguments to future partial calls
    #[getter]
    fn args(_cx: &Context, this: &Ref<Partial>) -> PyResult<Option<Value>> {
        Ok(this.arguments.get())
    }

    /// dictionary of keyword arguments to future partial calls
    #[getter]
    fn keywords(_cx: &Context, this: &Ref<Partial>) -> PyResult<Option<Value>> {
        Ok(this.keywords.get())
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<Partial>) -> PyResult<Ref<Tuple>> {
        let Parts {
            function,
            arguments,
            keywords,
        } = this.parts();
        let attributes = match has_attributes(this) {
            true => instance::dict(cx, this.as_value())?.map_or(Value::NONE, Ref::into_value),
            false => Value::NONE,
        };
        let state = [
            function.clone(),
            arguments.into_value(),
            keywords.into_value(),
            attributes,
        ];
        let state = Tuple::from_values(cx, &state)?.into_value();
        let only_function = Tuple::from_values(cx, &[function])?.into_value();
        Tuple::from_values(cx, &[this.class_of().to_value(), only_function, state])
    }

    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Ref<Partial>, state: &Value) -> PyResult<()> {
        let invalid = || cx.type_error("invalid partial state");
        let state = state.downcast::<Tuple>().ok_or_else(invalid)?;
        let [function, arguments, keywords, attributes] = state.as_slice() else {
            return Err(invalid());
        };
        let arguments = arguments.downcast::<Tuple>().ok_or_else(invalid)?;
        let keywords = match keywords.downcast::<Dict>() {
            Some(keywords) => Some(keywords),
            None if keywords.is_none() => None,
            None => return Err(invalid()),
        };
        if !call::is_callable(function) {
            return Err(invalid());
        }
        if arguments.as_slice().last().is_some_and(is_placeholder) {
            return Err(cx.type_error("trailing Placeholders are not allowed"));
        }
        let arguments = match arguments.as_value().is_exact::<Tuple>() {
            true => arguments.clone(),
            false => Tuple::from_values(cx, arguments.as_slice())?,
        };
        let keywords = match keywords {
            None => Dict::new(cx)?,
            Some(keywords) if keywords.as_value().is_exact::<Dict>() => keywords.clone(),
            Some(keywords) => keywords.copy(cx)?,
        };
        let attributes = match attributes.downcast::<Dict>() {
            Some(attributes) => attributes.clone(),
            None if attributes.is_none() => Dict::new(cx)?,
            None => return Err(invalid()),
        };
        this.function.set(Some(function.clone()));
        this.placeholders
            .store(count_placeholders(arguments.as_slice()), Ordering::Relaxed);
        this.arguments.set(Some(arguments.into_value()));
        this.keywords.set(Some(keywords.into_value()));
        instance::set_dict(cx, this.as_value(), attributes)?;
        Ok(())
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        typhon_runtime::objects::generic_alias::alias(cx, class, object)
    }
}

/// Whether two keyword names are the same text.
fn same_name(left: &Value, right: &Value) -> bool {
    left.is(right)
        || matches!((left.downcast::<Str>(), right.downcast::<Str>()), (Some(left), Some(right)) if left.equals_str(right))
}
