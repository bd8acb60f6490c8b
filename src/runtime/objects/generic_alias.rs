//! `types.GenericAlias`: a class with type arguments, `list[int]` (PEP 585).
//!
//! Also the substitution of type variables, which unions share.

use typhon_macros::{pyclass, pymethods};

use crate::args::{Args, IntoValue};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::exceptions;
use crate::objects::iterators::{builtin, reduced};
use crate::objects::list::List;
use crate::objects::native;
use crate::objects::str_::{Name, Str, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{attribute, call, compare, hash, iterate, text};
use crate::slot_dispatch::static_name;
use crate::slots::Comparison;
use crate::value::Value;

/// See the module's header.
#[pyclass(
    name = "GenericAlias",
    module = "types",
    flags(BASETYPE, HAS_WEAKREF),
    signature = "(origin, args, /)",
    doc = "Represent a PEP 585 generic type\n\nFor example, for t = list[int], t.__origin__ is list and t.__args__\nis (int,)."
)]
pub struct GenericAlias {
    pub origin: Value,
    pub args: Ref<Tuple>,
    /// `__parameters__`, once somebody asked.
    parameters: Field,
    /// `*tuple[int]`
    starred: bool,
}

impl Traverse for GenericAlias {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.origin);
        visit(self.args.as_value());
        self.parameters.traverse(visit);
    }
}

/// `class[item]`.
///
/// # Errors
/// MemoryError.
pub fn alias(cx: &Context, class: &Value, item: &Value) -> PyResult<Value> {
    object::new(cx, GenericAlias::with(cx, class, item, false)?).map(Ref::into_value)
}

impl GenericAlias {
    fn with(cx: &Context, origin: &Value, args: &Value, starred: bool) -> PyResult<GenericAlias> {
        let args = match args.downcast::<Tuple>() {
            Some(args) => args.clone(),
            None => Tuple::from_values(cx, std::slice::from_ref(args))?,
        };
        Ok(GenericAlias {
            origin: origin.clone(),
            args,
            parameters: Field::empty(),
            starred,
        })
    }

    fn free_parameters(&self, cx: &Context) -> PyResult<Ref<Tuple>> {
        if let Some(known) = self.parameters.get_as::<Tuple>() {
            return Ok(known);
        }
        let made = Tuple::from_vec(cx, parameters_of(cx, self.args.as_slice())?)?;
        self.parameters.set(Some(made.to_value()));
        Ok(made)
    }
}

/// The type variables in `args`, each once, in order of appearance.
///
/// # Errors
/// What asking the arguments raises.
pub fn parameters_of(cx: &Context, args: &[Value]) -> PyResult<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    let mut add = |value: &Value| {
        if !found.iter().any(|known| known.is(value)) {
            found.push(value.clone());
        }
    };
    for arg in args {
        if arg.downcast::<Type>().is_some() {
            continue;
        }
        if arg.downcast::<Tuple>().is_some() || arg.downcast::<List>().is_some() {
            for inner in parameters_of(cx, &iterate::collect(cx, arg)?)? {
                add(&inner);
            }
            continue;
        }
        if attribute::find(cx, arg, names::dunder_typing_subst())?.is_some() {
            add(arg);
        } else if let Some(inner) = attribute::find(cx, arg, static_name!(cx, "__parameters__")?)?
            && let Some(inner) = inner.downcast::<Tuple>()
        {
            inner.as_slice().iter().for_each(&mut add);
        }
    }
    Ok(found)
}

/// The arguments in the brackets, with those of `*tuple[…]` spread out.
fn unpack_items(cx: &Context, item: &Value) -> PyResult<Vec<Value>> {
    let items = match item.downcast::<Tuple>() {
        Some(items) => items.to_vec(),
        None => vec![item.clone()],
    };
    let mut spread = Vec::with_capacity(items.len());
    for item in items {
        if item.downcast::<Type>().is_none()
            && let Some(inner) = attribute::find(
                cx,
                &item,
                static_name!(cx, "__typing_unpacked_tuple_args__")?,
            )?
            && let Some(inner) = inner.downcast::<Tuple>()
            && !inner.as_slice().last().is_some_and(Value::is_ellipsis)
        {
            spread.extend(inner.to_vec());
            continue;
        }
        spread.push(item);
    }
    Ok(spread)
}

/// `args` with each of `parameters` replaced by what `item` gives for it.
///
/// # Errors
/// TypeError when numbers do not match, and what type variables raise.
pub fn substitute(
    cx: &Context,
    owner: &Value,
    args: &[Value],
    parameters: &Ref<Tuple>,
    item: &Value,
) -> PyResult<Vec<Value>> {
    if parameters.is_empty() {
        return Err(cx.type_error(format!(
            "{} is not a generic class",
            text::repr_text(cx, owner)?
        )));
    }
    let mut items = unpack_items(cx, item)?;
    for parameter in parameters.as_slice() {
        let prepare =
            attribute::find(cx, parameter, static_name!(cx, "__typing_prepare_subst__")?)?;
        if let Some(prepare) = prepare.filter(|prepare| !prepare.is_none()) {
            let given = Tuple::from_vec(cx, items)?.into_value();
            let prepared = call::call(cx, &prepare, &[owner.clone(), given])?;
            items = match prepared.downcast::<Tuple>() {
                Some(items) => items.to_vec(),
                None => vec![prepared],
            };
        }
    }
    if items.len() != parameters.len() {
        let how = if items.len() > parameters.len() {
            "many"
        } else {
            "few"
        };
        return Err(cx.type_error(format!(
            "Too {how} arguments for {}; actual {}, expected {}",
            text::repr_text(cx, owner)?,
            items.len(),
            parameters.len()
        )));
    }
    substitute_in(cx, args, parameters.as_slice(), &items)
}

fn substitute_in(
    cx: &Context,
    args: &[Value],
    parameters: &[Value],
    items: &[Value],
) -> PyResult<Vec<Value>> {
    let mut made = Vec::with_capacity(args.len());
    for arg in args {
        if arg.downcast::<Type>().is_some() {
            made.push(arg.clone());
            continue;
        }
        if let Some(inner) = arg.downcast::<Tuple>() {
            let inner = substitute_in(cx, inner.as_slice(), parameters, items)?;
            made.push(Tuple::from_vec(cx, inner)?.into_value());
            continue;
        }
        if let Some(inner) = arg.downcast::<List>() {
            let inner = substitute_in(cx, &inner.to_vec(), parameters, items)?;
            made.push(List::from_values(cx, inner)?.into_value());
            continue;
        }
        let is_variadic = match attribute::find(
            cx,
            arg,
            static_name!(cx, "__typing_is_unpacked_typevartuple__")?,
        )? {
            Some(answer) => answer.truth(cx)?,
            None => false,
        };
        let new = match attribute::find(cx, arg, names::dunder_typing_subst())? {
            Some(subst) => match parameters.iter().position(|parameter| parameter.is(arg)) {
                Some(at) => call::call(cx, &subst, &[items[at].clone()])?,
                None => {
                    return Err(cx.type_error(format!(
                        "{} not found in __parameters__",
                        text::repr_text(cx, arg)?
                    )));
                }
            },
            None => substitute_inside(cx, arg, parameters, items)?,
        };
        if is_variadic {
            let Some(new) = new.downcast::<Tuple>() else {
                return Err(cx.type_error(format!(
                    "expected __typing_subst__ of {} objects to return a tuple, not {}",
                    arg.type_name(),
                    new.type_name()
                )));
            };
            made.extend(new.to_vec());
        } else {
            made.push(new);
        }
    }
    Ok(made)
}

/// `arg` itself is generic: its own variables are replaced by subscribing it.
fn substitute_inside(
    cx: &Context,
    arg: &Value,
    parameters: &[Value],
    items: &[Value],
) -> PyResult<Value> {
    let Some(own) = attribute::find(cx, arg, static_name!(cx, "__parameters__")?)? else {
        return Ok(arg.clone());
    };
    let Some(own) = own.downcast::<Tuple>().filter(|own| !own.is_empty()) else {
        return Ok(arg.clone());
    };
    let mut chosen = Vec::with_capacity(own.len());
    for variable in own.as_slice() {
        let Some(at) = parameters
            .iter()
            .position(|parameter| parameter.is(variable))
        else {
            chosen.push(variable.clone());
            continue;
        };
        // A variable that stands for several types can be unpacked.
        let is_variadic = variable.class().slots.iter.get().is_some();
        match items[at].downcast::<Tuple>() {
            Some(several) if is_variadic => chosen.extend(several.to_vec()),
            _ => chosen.push(items[at].clone()),
        }
    }
    let chosen = Tuple::from_vec(cx, chosen)?.into_value();
    crate::protocols::sequence::get_item(cx, arg, &chosen)
}

/// How a type argument is shown: classes by name.
///
/// # Errors
/// What `repr` raises.
pub fn shown(cx: &Context, item: &Value) -> PyResult<String> {
    if item.is_ellipsis() {
        return Ok("...".into());
    }
    let is_alias = attribute::find(cx, item, static_name!(cx, "__origin__")?)?.is_some()
        && attribute::find(cx, item, static_name!(cx, "__args__")?)?.is_some();
    if is_alias {
        return text::repr_text(cx, item);
    }
    let qualname = attribute::find(cx, item, names::dunder_qualname())?;
    let module =
        attribute::find(cx, item, names::dunder_module())?.filter(|module| !module.is_none());
    match (qualname, module) {
        (Some(qualname), Some(module)) => {
            let qualname = text::str(cx, &qualname)?;
            if module
                .downcast::<Str>()
                .is_some_and(|module| module.equals("builtins"))
            {
                Ok(qualname.to_string())
            } else {
                Ok(format!("{}.{}", text::str(cx, &module)?, *qualname))
            }
        }
        _ => text::repr_text(cx, item),
    }
}

/// Attributes that an alias has itself; all others are its origin's.
const OWN_ATTRIBUTES: [&str; 12] = [
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
    "__bases__",
    "__copy__",
    "__deepcopy__",
];

/// Those of [`OWN_ATTRIBUTES`] that an alias does not have, whatever its origin has.
const BLOCKED_ATTRIBUTES: [&str; 3] = ["__bases__", "__copy__", "__deepcopy__"];

#[pymethods]
impl GenericAlias {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if !args.names.is_empty() {
            return Err(cx.type_error("GenericAlias() takes no keyword arguments"));
        }
        let [origin, arguments] = args.values else {
            return Err(cx.type_error(format!(
                "GenericAlias expected 2 arguments, got {}",
                args.values.len()
            )));
        };
        let payload = GenericAlias::with(cx, origin, arguments, false)?;
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<GenericAlias>, args: Args<'_>) -> PyResult<Value> {
        let made = call::call_args(cx, &this.origin, args)?;
        if let Err(Raised) = attribute::set(cx, &made, names::dunder_orig_class(), this.as_value())
            && cx.catch(exceptions::attribute_error()).is_err()
        {
            drop(cx.catch(exceptions::type_error())?);
        }
        Ok(made)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<GenericAlias>) -> PyResult<Value> {
        let mut parts = Vec::new();
        for arg in this.args.as_slice() {
            parts.push(match arg.downcast::<List>() {
                Some(list) => {
                    let mut inner = Vec::new();
                    for index in 0..list.len() {
                        // A repr may have taken items away.
                        let Some(item) = list.get(index) else {
                            return Err(cx.index_error("list index out of range"));
                        };
                        inner.push(shown(cx, &item)?);
                    }
                    format!("[{}]", inner.join(", "))
                }
                None => shown(cx, arg)?,
            });
        }
        let star = if this.starred { "*" } else { "" };
        let inner = if parts.is_empty() {
            "()".to_owned()
        } else {
            parts.join(", ")
        };
        format!("{star}{}[{inner}]", shown(cx, &this.origin)?).into_value(cx)
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<GenericAlias>) -> PyResult<i64> {
        let hash = hash::hash(cx, &this.origin)? ^ hash::hash(cx, this.args.as_value())?;
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<GenericAlias>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let (Comparison::Equal | Comparison::NotEqual, Some(other)) =
            (comparison, other.downcast::<GenericAlias>())
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let equal = this.starred == other.starred
            && compare::equal(cx, &this.origin, &other.origin)?
            && compare::equal(cx, this.args.as_value(), other.args.as_value())?;
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[slot(get_attribute)]
    fn get_attribute(cx: &Context, this: &Value, name: Name) -> PyResult<Value> {
        let own = crate::args::payload::<GenericAlias>(this);
        if OWN_ATTRIBUTES.iter().any(|known| name.equals(known)) {
            return attribute::generic_get(cx, this, name);
        }
        attribute::get(cx, &own.origin, name)
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<GenericAlias>, item: &Value) -> PyResult<Value> {
        let parameters = this.free_parameters(cx)?;
        let args = substitute(cx, this.as_value(), this.args.as_slice(), &parameters, item)?;
        let args = Tuple::from_vec(cx, args)?.into_value();
        object::new(
            cx,
            GenericAlias::with(cx, &this.origin, &args, this.starred)?,
        )
        .map(Ref::into_value)
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        crate::objects::union::or(cx, left, right)
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<GenericAlias>) -> PyResult<Value> {
        let iterator = GenericAliasIterator {
            alias: Field::new(this.to_value()),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    #[member("__origin__")]
    fn origin(_cx: &Context, this: &Ref<GenericAlias>) -> PyResult<Value> {
        Ok(this.origin.clone())
    }

    #[member("__args__")]
    fn args(_cx: &Context, this: &Ref<GenericAlias>) -> PyResult<Ref<Tuple>> {
        Ok(this.args.clone())
    }

    /// Type variables in the GenericAlias.
    #[getter("__parameters__")]
    fn parameters(cx: &Context, this: &Ref<GenericAlias>) -> PyResult<Ref<Tuple>> {
        this.free_parameters(cx)
    }

    #[getter("__unpacked__")]
    fn unpacked(_cx: &Context, this: &Ref<GenericAlias>) -> PyResult<bool> {
        Ok(this.starred)
    }

    #[getter("__typing_unpacked_tuple_args__")]
    fn unpacked_tuple_args(
        _cx: &Context,
        this: &Ref<GenericAlias>,
    ) -> PyResult<Option<Ref<Tuple>>> {
        let is_tuple = this
            .origin
            .downcast::<Type>()
            .is_some_and(|origin| origin.is(<Tuple as crate::object::Payload>::class()));
        Ok((this.starred && is_tuple).then(|| this.args.clone()))
    }

    #[method("__mro_entries__(self, bases, /)")]
    fn mro_entries(cx: &Context, this: &Ref<GenericAlias>, _bases: &Value) -> PyResult<Ref<Tuple>> {
        Tuple::from_values(cx, std::slice::from_ref(&this.origin))
    }

    #[method("__instancecheck__(self, instance, /)")]
    fn instancecheck(
        cx: &Context,
        _this: &Ref<GenericAlias>,
        _instance: &Value,
    ) -> PyResult<Value> {
        Err(cx.type_error("isinstance() argument 2 cannot be a parameterized generic"))
    }

    #[method("__subclasscheck__(self, subclass, /)")]
    fn subclasscheck(
        cx: &Context,
        _this: &Ref<GenericAlias>,
        _subclass: &Value,
    ) -> PyResult<Value> {
        Err(cx.type_error("issubclass() argument 2 cannot be a parameterized generic"))
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<GenericAlias>) -> PyResult<Ref<Tuple>> {
        let class = <GenericAlias as crate::object::Payload>::class().to_value();
        if this.starred {
            let plain = alias(cx, &this.origin, this.args.as_value())?;
            let iterator = iterate::iter(cx, &plain)?;
            let arguments = Tuple::from_vec(cx, vec![iterator])?.into_value();
            return Tuple::from_vec(cx, vec![native::builtin(cx, "next")?, arguments]);
        }
        let arguments =
            Tuple::from_values(cx, &[this.origin.clone(), this.args.to_value()])?.into_value();
        Tuple::from_vec(cx, vec![class, arguments])
    }

    #[method("__dir__(self, /)")]
    fn dir(cx: &Context, this: &Ref<GenericAlias>) -> PyResult<Ref<List>> {
        let dir = native::builtin(cx, "dir")?;
        let mut names = iterate::collect(
            cx,
            &call::call(cx, &dir, std::slice::from_ref(&this.origin))?,
        )?;
        let shown = OWN_ATTRIBUTES
            .into_iter()
            .filter(|name| !BLOCKED_ATTRIBUTES.contains(name));
        for own in shown {
            let own = own.into_value(cx)?;
            let mut known = false;
            for name in &names {
                known |= compare::equal(cx, name, &own)?;
            }
            if !known {
                names.push(own);
            }
        }
        List::from_values(cx, names)
    }
}

/// `generic_alias_iterator`: yields the alias once, starred (`*tuple[int]`).
#[pyclass(name = "generic_alias_iterator", flags(DISALLOW_INSTANTIATION))]
pub struct GenericAliasIterator {
    /// Empty once it was yielded.
    alias: Field,
}

impl Traverse for GenericAliasIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.alias.traverse(visit);
    }
}

#[pymethods]
impl GenericAliasIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<GenericAliasIterator>) -> PyResult<Option<Value>> {
        let Some(alias) = this.alias.replace(None) else {
            return Ok(None);
        };
        let alias = crate::args::payload::<GenericAlias>(&alias);
        let starred = GenericAlias::with(cx, &alias.origin, alias.args.as_value(), true)?;
        object::new(cx, starred).map(|starred| Some(starred.into_value()))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<GenericAliasIterator>) -> PyResult<Value> {
        let iter = builtin(cx, "iter")?;
        let left = this.alias.get();
        let left = left.unwrap_or_else(|| Tuple::empty().into_value());
        reduced(cx, iter, &[left], None)
    }
}
