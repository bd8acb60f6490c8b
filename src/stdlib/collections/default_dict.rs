//! `defaultdict`: a dict that makes the values of missing keys.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::field::Field;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::str_::{Str, StrBuilder, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, iterate, text};
use typhon_runtime::{Context, PyResult, Ref, Value};

/// The payload of `defaultdict`.
#[pyclass(
    name = "defaultdict",
    module = "collections",
    base = Dict,
    flags(BASETYPE, MAPPING, MATCH_SELF),
    doc = "defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nThe default factory is called without arguments to produce\na new value when a key is not present, in __getitem__ only.\nA defaultdict compares equal to a dict with the same items.\nAll remaining arguments are treated the same as if they were\npassed to the dict constructor, including keyword arguments.\n"
)]
#[repr(C)]
pub struct DefaultDict {
    dict: Dict,
    factory: Field,
}

impl Traverse for DefaultDict {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.dict.traverse(visit);
        self.factory.traverse(visit);
    }
}

impl DefaultDict {
    /// The factory; `None` for Python's None too.
    fn factory(&self) -> Option<Value> {
        self.factory.get().filter(|factory| !factory.is_none())
    }
}

fn as_dict(this: &Ref<DefaultDict>) -> &Ref<Dict> {
    this.as_value()
        .downcast()
        .expect("invariant: derived from dict")
}

/// `type(this)(this.default_factory, entries)`.
fn same_class(cx: &Context, this: &Ref<DefaultDict>, entries: &Value) -> PyResult<Value> {
    let factory = this.factory.get().unwrap_or(Value::NONE);
    call::call(cx, this.class_of().as_value(), &[factory, entries.clone()])
}

#[pymethods]
impl DefaultDict {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let payload = DefaultDict {
            dict: Dict::empty_payload(),
            factory: Field::empty(),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<DefaultDict>, args: Args<'_>) -> PyResult<()> {
        let mut rest = args;
        let mut factory = None;
        if let Some(first) = args.positional().first() {
            if !first.is_none() && !call::is_callable(first) {
                return Err(cx.type_error("first argument must be callable or None"));
            }
            factory = Some(first.clone());
            rest = args.rest();
        }
        this.factory.set(factory);
        let initialize = Dict::class()
            .slots
            .init
            .get()
            .expect("invariant: dict has __init__");
        initialize(cx, this.as_value(), rest)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<DefaultDict>) -> PyResult<Value> {
        let repr_of_dict = Dict::class()
            .slots
            .repr
            .get()
            .expect("invariant: dict has __repr__");
        let entries = repr_of_dict(cx, this.as_value())?;
        let entries = entries
            .downcast::<Str>()
            .expect("invariant: a repr is a string");
        let mut out = StrBuilder::new();
        out.push_text(&this.class_of().short_name());
        out.push_text("(");
        match this.factory.get() {
            None => out.push_text("None"),
            Some(factory) => match text::ReprGuard::enter(cx, &factory) {
                None => out.push_text("..."),
                Some(_guard) => out.push_str(&*text::repr(cx, &factory)?),
            },
        }
        out.push_text(", ");
        out.push_str(entries);
        out.push_text(")");
        out.finish_value(cx)
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let (own, other) = match left.downcast::<DefaultDict>() {
            Some(own) => (own, right),
            None => match right.downcast::<DefaultDict>() {
                Some(own) => (own, left),
                None => return Ok(Value::NOT_IMPLEMENTED),
            },
        };
        if other.downcast::<Dict>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let made = same_class(cx, own, left)?;
        match made.downcast::<Dict>() {
            Some(dict) => dict.update(cx, right)?,
            None => return Err(cx.system_error("bad argument to internal function")),
        }
        Ok(made)
    }

    /// __missing__(key) # Called by __getitem__ for missing key; pseudo-code:
    ///   if self.default_factory is None: raise KeyError((key,))
    ///   self[key] = value = self.default_factory()
    ///   return value
    #[method("__missing__(self, object, /)")]
    fn missing(cx: &Context, this: &Ref<DefaultDict>, key: &Value) -> PyResult<Value> {
        let Some(factory) = this.factory() else {
            return Err(cx.key_error(key));
        };
        let value = call::call(cx, &factory, &[])?;
        as_dict(this).set_default(cx, key, &value)
    }

    /// D.copy() -> a shallow copy of D.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<DefaultDict>) -> PyResult<Value> {
        same_class(cx, this, this.as_value())
    }

    /// D.copy() -> a shallow copy of D.
    #[method("__copy__(self, /)")]
    fn dunder_copy(cx: &Context, this: &Ref<DefaultDict>) -> PyResult<Value> {
        same_class(cx, this, this.as_value())
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<DefaultDict>) -> PyResult<Ref<Tuple>> {
        let arguments = match this.factory() {
            Some(factory) => Tuple::from_values(cx, &[factory])?,
            None => Tuple::empty(),
        };
        let items = call::call_method(cx, this.as_value(), names::items(), &[])?;
        let items = iterate::iter(cx, &items)?;
        Tuple::from_values(
            cx,
            &[
                this.class_of().to_value(),
                arguments.into_value(),
                Value::NONE,
                Value::NONE,
                items,
            ],
        )
    }

    /// Factory for default value called by __missing__().
    #[getter("default_factory")]
    fn default_factory(_cx: &Context, this: &Ref<DefaultDict>) -> PyResult<Option<Value>> {
        Ok(this.factory.get())
    }

    #[setter("default_factory")]
    fn set_default_factory(
        _cx: &Context,
        this: &Ref<DefaultDict>,
        value: Option<&Value>,
    ) -> PyResult<()> {
        this.factory.set(value.cloned());
        Ok(())
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        typhon_runtime::objects::generic_alias::alias(cx, class, object)
    }
}
