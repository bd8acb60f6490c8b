//! `attrgetter`, `itemgetter` and `methodcaller`: operations with some operands given beforehand.
//! All are immutable.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::{Name, Str, StrBuilder};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, sequence, text};
use typhon_runtime::{Context, PyResult, Ref, Value, import};

/// The one argument of a call of one of these objects.
fn only_argument<'a>(cx: &Context, name: &str, args: Args<'a>) -> PyResult<&'a Value> {
    match args.values {
        [only] if args.names.is_empty() => Ok(only),
        _ if !args.names.is_empty() => {
            Err(cx.type_error(format!("{name}() takes no keyword arguments")))
        }
        values => Err(cx.type_error(format!("{name} expected 1 argument, got {}", values.len()))),
    }
}

/// The arguments of a constructor that takes at least one positional argument and no others.
fn at_least_one<'a>(cx: &Context, name: &str, args: Args<'a>) -> PyResult<&'a [Value]> {
    if !args.names.is_empty() {
        return Err(cx.type_error(format!("{name}() takes no keyword arguments")));
    }
    if args.values.is_empty() {
        return Err(cx.type_error(format!("{name} expected 1 argument, got 0")));
    }
    Ok(args.values)
}

/// The payload of `operator.itemgetter`.
#[pyclass(
    name = "itemgetter",
    module = "operator",
    doc = "Return a callable object that fetches the given item(s) from its operand.\nAfter f = itemgetter(2), the call f(r) returns r[2].\nAfter g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])",
    signature = "(item, /, *items)"
)]
pub struct ItemGetter {
    items: Ref<Tuple>,
    /// The only item, when it is a non-negative int: lists and tuples are read directly then.
    index: Option<usize>,
}

impl Traverse for ItemGetter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.items.as_value());
    }
}

#[pymethods]
impl ItemGetter {
    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, _this: &Ref<ItemGetter>) -> PyResult<&'static str> {
        Ok("(obj, /)")
    }

    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let items = at_least_one(cx, "itemgetter", args)?;
        let index = match items {
            [only] => only
                .as_small_int()
                .and_then(|index| usize::try_from(index).ok()),
            _ => None,
        };
        let items = Tuple::from_values(cx, items)?;
        object::new_of_class(cx, class, ItemGetter { items, index }).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<ItemGetter>, args: Args<'_>) -> PyResult<Value> {
        let operand = only_argument(cx, "itemgetter", args)?;
        if let Some(index) = this.index {
            if let Some(tuple) = operand.downcast_exact::<Tuple>()
                && let Some(item) = tuple.as_slice().get(index)
            {
                return Ok(item.clone());
            }
            if let Some(list) = operand.downcast_exact::<List>()
                && let Some(item) = list.get(index)
            {
                return Ok(item);
            }
        }
        match this.items.as_slice() {
            [only] => sequence::get_item(cx, operand, only),
            several => {
                let found = several
                    .iter()
                    .map(|item| sequence::get_item(cx, operand, item))
                    .collect::<PyResult<Vec<Value>>>()?;
                Tuple::from_vec(cx, found).map(Ref::into_value)
            }
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<ItemGetter>) -> PyResult<Value> {
        let name = this.class_of().full_name(cx);
        let open = format!("{name}(");
        text::repr_sequence(
            cx,
            this.as_value(),
            this.items.as_slice(),
            &open,
            ")",
            &format!("{name}(...)"),
        )
    }

    /// Return state information for pickling
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<ItemGetter>) -> PyResult<Ref<Tuple>> {
        Tuple::from_values(cx, &[this.class_of().to_value(), this.items.to_value()])
    }
}

/// The payload of `operator.attrgetter`.
#[pyclass(
    name = "attrgetter",
    module = "operator",
    doc = "Return a callable object that fetches the given attribute(s) from its operand.\nAfter f = attrgetter('name'), the call f(r) returns r.name.\nAfter g = attrgetter('name', 'date'), the call g(r) returns (r.name, r.date).\nAfter h = attrgetter('name.first', 'name.last'), the call h(r) returns\n(r.name.first, r.name.last).",
    signature = "(attr, /, *attrs)"
)]
pub struct AttributeGetter {
    /// The arguments; strings.
    attributes: Ref<Tuple>,
    /// Each argument, split at its dots.
    paths: Box<[Box<[Name]>]>,
}

impl Traverse for AttributeGetter {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.attributes.as_value());
    }
}

/// The names in `a.b.c`.
fn path(cx: &Context, attribute: &Value) -> PyResult<Box<[Name]>> {
    let Some(dotted) = attribute.downcast::<Str>() else {
        return Err(cx.type_error("attribute name must be a string"));
    };
    let mut names = Vec::new();
    let mut start = 0;
    for at in 0..=dotted.len() {
        if at == dotted.len() || dotted.code_point(at) == u32::from('.') {
            names.push(Name::from_string(&dotted.substring(cx, start, at)?));
            start = at + 1;
        }
    }
    Ok(names.into())
}

fn follow(cx: &Context, object: &Value, path: &[Name]) -> PyResult<Value> {
    let (first, rest) = path
        .split_first()
        .expect("invariant: a path has at least one name");
    let mut found = attribute::get(cx, object, *first)?;
    for name in rest {
        found = attribute::get(cx, &found, *name)?;
    }
    Ok(found)
}

#[pymethods]
impl AttributeGetter {
    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, _this: &Ref<AttributeGetter>) -> PyResult<&'static str> {
        Ok("(obj, /)")
    }

    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let attributes = at_least_one(cx, "attrgetter", args)?;
        let paths = attributes
            .iter()
            .map(|attribute| path(cx, attribute))
            .collect::<PyResult<_>>()?;
        let attributes = Tuple::from_values(cx, attributes)?;
        object::new_of_class(cx, class, AttributeGetter { attributes, paths }).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<AttributeGetter>, args: Args<'_>) -> PyResult<Value> {
        let operand = only_argument(cx, "attrgetter", args)?;
        match &*this.paths {
            [only] => follow(cx, operand, only),
            several => {
                let found = several
                    .iter()
                    .map(|path| follow(cx, operand, path))
                    .collect::<PyResult<Vec<Value>>>()?;
                Tuple::from_vec(cx, found).map(Ref::into_value)
            }
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<AttributeGetter>) -> PyResult<Value> {
        let name = this.class_of().full_name(cx);
        let open = format!("{name}(");
        text::repr_sequence(
            cx,
            this.as_value(),
            this.attributes.as_slice(),
            &open,
            ")",
            &format!("{name}(...)"),
        )
    }

    /// Return state information for pickling
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<AttributeGetter>) -> PyResult<Ref<Tuple>> {
        Tuple::from_values(
            cx,
            &[this.class_of().to_value(), this.attributes.to_value()],
        )
    }
}

/// The payload of `operator.methodcaller`.
#[pyclass(
    name = "methodcaller",
    module = "operator",
    doc = "Return a callable object that calls the given method on its operand.\nAfter f = methodcaller('name'), the call f(r) returns r.name().\nAfter g = methodcaller('name', 'date', foo=1), the call g(r) returns\nr.name('date', foo=1).",
    signature = "(name, /, *args, **kwargs)"
)]
pub struct MethodCaller {
    name: Name,
    /// The arguments, positional ones first.
    values: Box<[Value]>,
    /// Names of the keyword arguments.
    names: Box<[Value]>,
}

impl Traverse for MethodCaller {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.values.iter().chain(&self.names).for_each(visit);
    }
}

impl MethodCaller {
    fn args(&self) -> Args<'_> {
        Args {
            values: &self.values,
            names: &self.names,
        }
    }
}

#[pymethods]
impl MethodCaller {
    #[getter("__text_signature__")]
    fn text_signature(_cx: &Context, _this: &Ref<MethodCaller>) -> PyResult<&'static str> {
        Ok("(obj, /)")
    }

    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let Some(name) = args.positional().first() else {
            return Err(cx.type_error("methodcaller needs at least one argument, the method name"));
        };
        let Some(name) = name.downcast::<Str>() else {
            return Err(cx.type_error("method name must be a string"));
        };
        let payload = MethodCaller {
            name: Name::from_string(name),
            values: args.values[1..].into(),
            names: args.names.into(),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(call)]
    fn call(cx: &Context, this: &Ref<MethodCaller>, args: Args<'_>) -> PyResult<Value> {
        let operand = only_argument(cx, "methodcaller", args)?;
        let method = attribute::get(cx, operand, this.name)?;
        call::call_args(cx, &method, this.args())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<MethodCaller>) -> PyResult<Value> {
        let class = this.class_of().full_name(cx);
        let Some(_guard) = text::ReprGuard::enter(cx, this.as_value()) else {
            return format!("{class}(...)").into_value(cx);
        };
        let mut out = StrBuilder::new();
        out.push_text(&class);
        out.push_text("(");
        out.push_str(&*text::repr(cx, this.name.as_value())?);
        for value in this.args().positional() {
            out.push_text(", ");
            out.push_str(&*text::repr(cx, value)?);
        }
        for (name, value) in this.args().keywords().iter() {
            out.push_text(", ");
            out.push_str(&*text::str(cx, name)?);
            out.push_text("=");
            out.push_str(&*text::repr(cx, value)?);
        }
        out.push_text(")");
        out.finish_value(cx)
    }

    /// Return state information for pickling
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<MethodCaller>) -> PyResult<Ref<Tuple>> {
        let class = this.class_of().to_value();
        let positional = this.args().positional();
        if this.names.is_empty() {
            let mut arguments = vec![this.name.to_value()];
            arguments.extend_from_slice(positional);
            let arguments = Tuple::from_vec(cx, arguments)?.into_value();
            return Tuple::from_values(cx, &[class, arguments]);
        }
        let partial = import::import_attribute(cx, "functools", "partial")?;
        let mut values = vec![class, this.name.to_value()];
        let mut names = Vec::new();
        for (name, value) in this.args().keywords().iter() {
            values.push(value.clone());
            names.push(name.clone());
        }
        let constructor = call::call_args(
            cx,
            &partial,
            Args {
                values: &values,
                names: &names,
            },
        )?;
        let arguments = Tuple::from_values(cx, positional)?.into_value();
        Tuple::from_values(cx, &[constructor, arguments])
    }
}
