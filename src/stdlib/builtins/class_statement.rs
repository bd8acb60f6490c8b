//! `__build_class__`: what the class statement calls (PEP 3115, PEP 560).

use typhon_macros::pyfunction;
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::object::{Payload, Ref};
use typhon_runtime::objects::cell::Cell;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::function::Function;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::{Type, calculate_metaclass};
use typhon_runtime::protocols::{attribute, call, sequence, text};
use typhon_runtime::vm::bind;
use typhon_runtime::{Context, PyResult, Value};

/// The keyword arguments of a class statement, `metaclass` taken out.
struct Keywords {
    names: Vec<Value>,
    values: Vec<Value>,
}

impl Keywords {
    /// Calls `callable(*positional, **self)`.
    fn call(&self, cx: &Context, callable: &Value, positional: &[Value]) -> PyResult<Value> {
        let values: Vec<Value> = positional.iter().chain(&self.values).cloned().collect();
        call::call_args(
            cx,
            callable,
            Args {
                values: &values,
                names: &self.names,
            },
        )
    }
}

/// Internal helper function used by the class statement.
#[pyfunction("__build_class__(func, name, /, *bases, metaclass=None, **kwds)")]
pub fn build_class(
    cx: &Context,
    func: &Value,
    name: &Value,
    bases: &[Value],
    metaclass: Maybe<&Value>,
    kwds: Vec<(&Value, &Value)>,
) -> PyResult<Value> {
    let Some(body) = func.downcast::<Function>() else {
        return Err(cx.type_error("__build_class__: func must be a function"));
    };
    if name.downcast::<Str>().is_none() {
        return Err(cx.type_error("__build_class__: name is not a string"));
    }
    let keywords = Keywords {
        names: kwds.iter().map(|(name, _)| (*name).clone()).collect(),
        values: kwds.iter().map(|(_, value)| (*value).clone()).collect(),
    };
    let resolved = resolve_bases(cx, bases)?;
    let actual = resolved.as_deref().unwrap_or(bases);
    let metaclass = find_metaclass(cx, metaclass.0, actual)?;
    let bases_tuple = Tuple::from_values(cx, actual)?.into_value();
    let namespace = prepare(cx, &metaclass, name, &bases_tuple, &keywords)?;
    let cell = bind::run_code(cx, body, Some(namespace.clone()))?;
    if resolved.is_some() {
        let original = Tuple::from_values(cx, bases)?.into_value();
        sequence::set_item(
            cx,
            &namespace,
            names::dunder_orig_bases().as_value(),
            &original,
        )?;
    }
    let class = keywords.call(cx, &metaclass, &[name.clone(), bases_tuple, namespace])?;
    if let Some(made) = class.downcast::<Type>()
        && let Some(cell) = cell.downcast::<Cell>()
    {
        check_class_cell(cx, name, made, cell)?;
    }
    Ok(class)
}

/// The bases after `__mro_entries__` of those that are no classes; `None` when all stay as they are.
fn resolve_bases(cx: &Context, bases: &[Value]) -> PyResult<Option<Vec<Value>>> {
    let mut resolved: Option<Vec<Value>> = None;
    for (index, base) in bases.iter().enumerate() {
        let entries = match base.downcast::<Type>() {
            Some(_) => None,
            None => attribute::find(cx, base, names::dunder_mro_entries())?,
        };
        let Some(entries) = entries else {
            if let Some(resolved) = &mut resolved {
                resolved.push(base.clone());
            }
            continue;
        };
        let original = Tuple::from_values(cx, bases)?.into_value();
        let entries = call::call(cx, &entries, &[original])?;
        let Some(entries) = entries.downcast::<Tuple>() else {
            return Err(cx.type_error("__mro_entries__ must return a tuple"));
        };
        resolved
            .get_or_insert_with(|| bases[..index].to_vec())
            .extend_from_slice(entries.as_slice());
    }
    Ok(resolved)
}

/// The metaclass that was asked for or follows from the bases.
fn find_metaclass(cx: &Context, given: Option<&Value>, bases: &[Value]) -> PyResult<Value> {
    let start = match (given, bases.first()) {
        (Some(given), _) => given.clone(),
        (None, Some(base)) => base.class().to_value(),
        (None, None) => return Ok(Type::class().to_value()),
    };
    match start.downcast::<Type>() {
        Some(class) => calculate_metaclass(cx, class, bases).map(Ref::into_value),
        None => Ok(start),
    }
}

/// The namespace for the class body: `metaclass.__prepare__(name, bases, **keywords)`.
fn prepare(
    cx: &Context,
    metaclass: &Value,
    name: &Value,
    bases: &Value,
    keywords: &Keywords,
) -> PyResult<Value> {
    let Some(hook) = attribute::find(cx, metaclass, names::dunder_prepare())? else {
        return Dict::new(cx).map(Ref::into_value);
    };
    let namespace = keywords.call(cx, &hook, &[name.clone(), bases.clone()])?;
    if !is_mapping(&namespace) {
        let owner = metaclass
            .downcast::<Type>()
            .map_or_else(|| "<metaclass>".to_owned(), |class| class.short_name());
        return Err(cx.type_error(format!(
            "{owner}.__prepare__() must return a mapping, not {}",
            namespace.type_name()
        )));
    }
    Ok(namespace)
}

/// Whether the object can be used as `object[key]`.
pub fn is_mapping(object: &Value) -> bool {
    object.class().slots.subscript.get().is_some()
}

/// The body's `__class__` must be the class that was made.
fn check_class_cell(
    cx: &Context,
    name: &Value,
    class: &Ref<Type>,
    cell: &Ref<Cell>,
) -> PyResult<()> {
    match cell.get() {
        Some(found) if found.is(class.as_value()) => Ok(()),
        Some(found) => Err(cx.type_error(format!(
            "__class__ set to {} defining {} as {}",
            text::repr_text(cx, &found)?,
            text::repr_text(cx, name)?,
            text::repr_text(cx, class.as_value())?
        ))),
        None => Err(cx.runtime_error(format!(
            "__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
            text::repr_text(cx, name)?,
            text::repr_text(cx, class.as_value())?
        ))),
    }
}
