//! `AST`: the base of all classes of nodes.
//!
//! What a class's nodes hold is read from its Python attributes (`_fields`, `_attributes`,
//! `_field_types`), because programs may derive classes and change these.

use typhon_compiler::asdl::Class;
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::object::{self, Payload};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::generic_alias::GenericAlias;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::set::Set;
use typhon_runtime::objects::str_::{Name, Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::union::Union;
use typhon_runtime::protocols::{attribute, call, iterate, sequence, text};
use typhon_runtime::warnings::warn_deprecated;
use typhon_runtime::{Context, PyResult, Ref, Value, instance};

use super::classes;

/// The payload of nodes: all they hold is attributes.
#[pyclass(name = "AST", module = "ast", plain, flags(BASETYPE, HAS_DICT))]
pub struct Ast;

/// Levels of nodes that `repr` shows.
const SHOWN_LEVELS: usize = 3;

/// The names that an attribute of the class lists; none when it has no such attribute.
fn listed(cx: &Context, node: &Value, list: &str) -> PyResult<Vec<Value>> {
    let class = node.class().as_value();
    match attribute::find(cx, class, Name::intern(cx, list)?)? {
        Some(names) => iterate::collect(cx, &names),
        None => Ok(Vec::new()),
    }
}

fn name_of(cx: &Context, name: &Value) -> PyResult<Name> {
    match name.downcast::<Str>() {
        Some(name) => Ok(Name::from_string(name)),
        None => Err(cx.type_error("attribute name must be string")),
    }
}

fn field_types(cx: &Context, node: &Value) -> PyResult<Option<Value>> {
    let class = node.class().as_value();
    attribute::find(cx, class, Name::intern(cx, "_field_types")?)
}

/// The entry of a mapping, or none.
fn entry(cx: &Context, mapping: &Value, key: &Value) -> PyResult<Option<Value>> {
    match mapping.downcast::<Dict>() {
        Some(dict) => dict.get_item(cx, key),
        None if sequence::contains(cx, mapping, key)? => {
            sequence::get_item(cx, mapping, key).map(Some)
        }
        None => Ok(None),
    }
}

#[pymethods]
impl Ast {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Ast).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        let fields = listed(cx, this, "_fields")?;
        let positional = args.positional();
        if positional.len() > fields.len() {
            return Err(cx.type_error(format!(
                "{} constructor takes at most {} positional argument{}",
                this.type_name(),
                fields.len(),
                if fields.len() == 1 { "" } else { "s" }
            )));
        }
        for (field, value) in fields.iter().zip(positional) {
            attribute::set(cx, this, name_of(cx, field)?, value)?;
        }
        let remaining = Set::from_values(cx, &fields[positional.len()..])?;
        if !args.keywords().is_empty() {
            let fields = Set::from_values(cx, &fields)?;
            for (name, value) in args.keywords().iter() {
                if fields.contains(cx, name)? {
                    if !remaining.discard(cx, name)? {
                        return Err(cx.type_error(format!(
                            "{} got multiple values for argument {}",
                            this.type_name(),
                            text::repr_text(cx, name)?
                        )));
                    }
                } else {
                    warn_of_unknown(cx, this, name)?;
                }
                attribute::set(cx, this, name_of(cx, name)?, value)?;
            }
        }
        if remaining.is_empty() {
            return Ok(());
        }
        let Some(types) = field_types(cx, this)? else {
            return Ok(());
        };
        for field in &fields {
            if remaining.contains(cx, field)? {
                set_default(cx, this, field, &types)?;
            }
        }
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
        let mut out = StrBuilder::new();
        show(cx, this, SHOWN_LEVELS, &mut out)?;
        out.finish_value(cx)
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Value) -> PyResult<Ref<Tuple>> {
        let class = this.class().to_value();
        let Some(attributes) = instance::dict(cx, this)? else {
            let nothing = Tuple::empty().into_value();
            return Tuple::from_vec(cx, vec![class, nothing]);
        };
        // The node is made with fields that are None, so that no warning is given, and gets its
        // attributes afterwards.
        let mut arguments = Vec::new();
        for field in listed(cx, this, "_fields")? {
            if attributes.get_item(cx, &field)?.is_none() {
                break;
            }
            arguments.push(Value::NONE);
        }
        let arguments = Tuple::from_vec(cx, arguments)?.into_value();
        Tuple::from_vec(cx, vec![class, arguments, attributes.into_value()])
    }

    /// Return a copy of the AST node with new values for the specified fields.
    #[method("__replace__(self, /, **fields)")]
    fn replace(cx: &Context, this: &Value, changes: Vec<(&Value, &Value)>) -> PyResult<Value> {
        let own = match instance::dict(cx, this)? {
            Some(own) => own,
            None => Dict::new(cx)?,
        };
        let mut known = listed(cx, this, "_fields")?;
        let attributes = listed(cx, this, "_attributes")?;
        known.extend(attributes.iter().cloned());
        check_replacement(cx, this, &known, &attributes, &own, &changes)?;
        let mut names = Vec::new();
        let mut values = Vec::new();
        for name in &known {
            if changes.iter().any(|(given, _)| same(given, name)) {
                continue;
            }
            if let Some(value) = own.get_item(cx, name)? {
                names.push(name.clone());
                values.push(value);
            }
        }
        for (name, value) in changes {
            names.push(name.clone());
            values.push(value.clone());
        }
        let arguments = Args {
            values: &values,
            names: &names,
        };
        call::call_args(cx, this.class().as_value(), arguments)
    }
}

/// Whether two keyword names are the same text.
fn same(left: &Value, right: &Value) -> bool {
    left.is(right)
        || matches!(
            (left.downcast::<Str>(), right.downcast::<Str>()),
            (Some(left), Some(right)) if left.equals_str(right)
        )
}

#[cold]
fn warn_of_unknown(cx: &Context, node: &Value, name: &Value) -> PyResult<()> {
    let attributes = listed(cx, node, "_attributes")?;
    if attributes.iter().any(|known| same(known, name)) {
        return Ok(());
    }
    let message = format!(
        "{}.__init__ got an unexpected keyword argument {}. Support for arbitrary keyword arguments \
         is deprecated and will be removed in Python 3.15.",
        node.type_name(),
        text::repr_text(cx, name)?
    );
    warn_deprecated(cx, &message)
}

/// Gives a field that the constructor was not told what its type provides for.
fn set_default(cx: &Context, node: &Value, field: &Value, types: &Value) -> PyResult<()> {
    let Some(kind) = entry(cx, types, field)? else {
        let message = format!(
            "Field {} is missing from {}._field_types. This will become an error in Python 3.15.",
            text::repr_text(cx, field)?,
            node.type_name()
        );
        return warn_deprecated(cx, &message);
    };
    if kind.is_exact::<Union>() {
        // Optional: the class has the default.
        return Ok(());
    }
    let name = name_of(cx, field)?;
    if kind.is_exact::<GenericAlias>() {
        return attribute::set(
            cx,
            node,
            name,
            List::from_values(cx, Vec::new())?.as_value(),
        );
    }
    let classes = classes::get(cx)?;
    let context = classes.of_kind(Class::Load.spec().kind);
    if let Some(load) = classes.single(Class::Load)
        && kind.is(context.as_value())
    {
        return attribute::set(cx, node, name, load);
    }
    let message = format!(
        "{}.__init__ missing 1 required positional argument: {}. This will become an error in \
         Python 3.15.",
        node.type_name(),
        text::repr_text(cx, field)?
    );
    warn_deprecated(cx, &message)
}

/// Refuses names that a node does not have, and a copy that would lack a field.
fn check_replacement(
    cx: &Context,
    node: &Value,
    known: &[Value],
    attributes: &[Value],
    own: &Ref<Dict>,
    changes: &[(&Value, &Value)],
) -> PyResult<()> {
    let expected = Set::from_values(cx, known)?;
    for (name, _) in changes {
        if !expected.discard(cx, name)? {
            return Err(cx.type_error(format!(
                "{}.__replace__ got an unexpected keyword argument {}.",
                node.type_name(),
                text::repr_text(cx, name)?
            )));
        }
    }
    for name in own.keys_snapshot(cx)?.iter().chain(attributes) {
        expected.discard(cx, name)?;
    }
    if let Some(types) = field_types(cx, node)?
        && let Some(types) = types.downcast::<Dict>()
    {
        for (name, kind) in types.items_snapshot(cx)? {
            if kind.is_exact::<Union>() {
                expected.discard(cx, &name)?;
            }
        }
    }
    let missing: PyResult<Vec<String>> = expected
        .to_vec()
        .iter()
        .map(|name| text::repr_text(cx, name))
        .collect();
    let mut missing = missing?;
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort();
    Err(cx.type_error(format!(
        "{}.__replace__ missing {} keyword argument{}: {}.",
        node.type_name(),
        missing.len(),
        if missing.len() == 1 { "" } else { "s" },
        missing.join(", ")
    )))
}

fn is_node(value: &Value) -> bool {
    value.is_instance_of(Ast::class())
}

/// Appends the repr of a node, of which `levels` are shown.
fn show(cx: &Context, node: &Value, levels: usize, out: &mut StrBuilder) -> PyResult<()> {
    out.push_text(&node.type_name());
    let guard = text::ReprGuard::enter(cx, node);
    if levels == 0 || guard.is_none() {
        out.push_text("(...)");
        return Ok(());
    }
    out.push_text("(");
    for (index, field) in listed(cx, node, "_fields")?.iter().enumerate() {
        let name = name_of(cx, field)?;
        let value = attribute::get(cx, node, name)?;
        if index > 0 {
            out.push_text(", ");
        }
        out.push_str(&*text::str(cx, field)?);
        out.push_text("=");
        if let Some(list) = value.downcast::<List>() {
            show_items(cx, &list.to_vec(), ["[", "]"], levels, out)?;
        } else if let Some(tuple) = value.downcast::<Tuple>() {
            show_items(cx, tuple.as_slice(), ["(", ")"], levels, out)?;
        } else {
            show_value(cx, &value, levels, out)?;
        }
    }
    out.push_text(")");
    Ok(())
}

fn show_value(cx: &Context, value: &Value, levels: usize, out: &mut StrBuilder) -> PyResult<()> {
    if is_node(value) {
        return show(cx, value, levels - 1, out);
    }
    out.push_str(&*text::repr(cx, value)?);
    Ok(())
}

/// The first and the last of several items.
fn show_items(
    cx: &Context,
    items: &[Value],
    brackets: [&str; 2],
    levels: usize,
    out: &mut StrBuilder,
) -> PyResult<()> {
    out.push_text(brackets[0]);
    if let [first, rest @ ..] = items {
        show_value(cx, first, levels, out)?;
        if rest.len() > 1 {
            out.push_text(", ...");
        }
        if let Some(last) = rest.last() {
            out.push_text(", ");
            show_value(cx, last, levels, out)?;
        }
    }
    out.push_text(brackets[1]);
    Ok(())
}
