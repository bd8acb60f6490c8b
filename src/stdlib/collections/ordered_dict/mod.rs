//! `OrderedDict`: a dict whose keys can be put in another order.
//!
//! Any dict has its keys in the order in which they came; the order of an ordered dict is that of the dict
//! underneath. So every change of keys and order is one change of one table, under its lock, and no thread
//! sees the two disagree. Iterators compare the dict's version, which moves with each key that comes, goes
//! or is moved. Where a derived class may set items in its own way, it is asked to.
//!
//! Files: `views` (keys, values, items and the iterator).

mod views;

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::str_::{Str, StrBuilder, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, compare, hash, iterate, sequence, text};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use views::{Direction, Yielded};
pub(super) use views::{OrderedItems, OrderedIterator, OrderedKeys, OrderedValues};

/// The payload of `OrderedDict`.
#[pyclass(
    name = "OrderedDict",
    module = "collections",
    base = Dict,
    flags(BASETYPE, MAPPING, MATCH_SELF, HAS_DICT, HAS_WEAKREF),
    doc = "Dictionary that remembers insertion order"
)]
#[repr(C)]
pub struct OrderedDict {
    dict: Dict,
}

impl Traverse for OrderedDict {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.dict.traverse(visit);
    }
}

#[cold]
fn mutated(cx: &Context) -> Raised {
    cx.runtime_error("OrderedDict mutated during iteration")
}

fn as_dict(this: &Ref<OrderedDict>) -> &Ref<Dict> {
    this.as_value()
        .downcast()
        .expect("invariant: derived from dict")
}

/// The dict itself, when its class overrides nothing.
fn plain(object: &Value) -> Option<&Ref<Dict>> {
    // By its class: an ordered dict with attributes is as plain as one without.
    let this = object.downcast::<OrderedDict>()?;
    this.class_of()
        .is(OrderedDict::class())
        .then(|| as_dict(this))
}

/// `dict[key] = value`.
fn set(cx: &Context, dict: &Ref<Dict>, key: &Value, value: Value) -> PyResult<()> {
    let hash = hash::hash(cx, key)?;
    drop(dict.insert_with_hash(cx, key, hash, value)?);
    Ok(())
}

/// `this[key] = value`, by way of a derived class's `__setitem__`.
fn assign(cx: &Context, this: &Value, key: &Value, value: Value) -> PyResult<()> {
    match plain(this) {
        Some(dict) => set(cx, dict, key, value),
        None => sequence::set_item(cx, this, key, &value),
    }
}

/// Assigns the pairs that `pairs` yields.
fn assign_pairs(cx: &Context, this: &Value, pairs: &Value) -> PyResult<()> {
    iterate::for_each(cx, pairs, |pair| {
        if let Some([key, value]) = pair.downcast_exact::<Tuple>().map(|pair| pair.as_slice()) {
            return assign(cx, this, key, value.clone());
        }
        let parts = iterate::iter(cx, &pair)?;
        let Some(key) = iterate::next(cx, &parts)? else {
            return Err(cx.value_error("need more than 0 values to unpack"));
        };
        let Some(value) = iterate::next(cx, &parts)? else {
            return Err(cx.value_error("need more than 1 value to unpack"));
        };
        if iterate::next(cx, &parts)?.is_some() {
            return Err(cx.value_error("too many values to unpack (expected 2)"));
        }
        assign(cx, this, &key, value)
    })
}

/// Takes keys and values over from a mapping or from pairs.
fn update_from(cx: &Context, this: &Value, other: &Value) -> PyResult<()> {
    let entries = match other.downcast_exact::<Dict>() {
        Some(dict) => Some(dict),
        None => plain(other),
    };
    if let Some(entries) = entries {
        for (key, value) in entries.items_snapshot(cx)? {
            assign(cx, this, &key, value)?;
        }
        return Ok(());
    }
    if let Some(keys) = attribute::find(cx, other, names::keys())? {
        let keys = call::call(cx, &keys, &[])?;
        return iterate::for_each(cx, &keys, |key| {
            let value = sequence::get_item(cx, other, &key)?;
            assign(cx, this, &key, value)
        });
    }
    if let Some(items) = attribute::find(cx, other, names::items())? {
        let items = call::call(cx, &items, &[])?;
        return assign_pairs(cx, this, &items);
    }
    assign_pairs(cx, this, other)
}

/// What the constructor and `update` do with their arguments, when there are not too many.
fn update_from_arguments(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
    if let Some(other) = args.positional().first() {
        update_from(cx, this, other)?;
    }
    for (key, value) in args.keywords().iter() {
        assign(cx, this, key, value.clone())?;
    }
    Ok(())
}

/// Whether the keys of two dicts are the same in the same order.
fn same_order(cx: &Context, left: &Ref<Dict>, right: &Ref<Dict>) -> PyResult<bool> {
    let versions = (left.version(), right.version());
    let (mut left_at, mut right_at) = (left.start_position(), right.start_position());
    loop {
        let entries = (
            left.next_entry(&mut left_at),
            right.next_entry(&mut right_at),
        );
        let (Some((key, ..)), Some((other, ..))) = &entries else {
            return Ok(entries.0.is_none() && entries.1.is_none());
        };
        let equal = compare::identical_or_equal(cx, key, other)?;
        if (left.version(), right.version()) != versions {
            return Err(mutated(cx));
        }
        if !equal {
            return Ok(false);
        }
    }
}

impl OrderedDict {
    /// An empty one of exactly this class.
    fn empty(cx: &Context) -> PyResult<Ref<OrderedDict>> {
        let dict = Dict::empty_payload();
        object::new(cx, OrderedDict { dict })
    }
}

#[pymethods]
impl OrderedDict {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let dict = Dict::empty_payload();
        object::new_of_class(cx, class, OrderedDict { dict }).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        let given = args.positional().len();
        if given > 1 {
            return Err(cx.type_error(format!("expected at most 1 argument, got {given}")));
        }
        update_from_arguments(cx, this, args)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<OrderedDict>) -> PyResult<Value> {
        let Some(_guard) = text::ReprGuard::enter(cx, this.as_value()) else {
            return Str::from_str(cx, "...").map(Ref::into_value);
        };
        let mut out = StrBuilder::new();
        out.push_text(&this.class_of().short_name());
        out.push_text("(");
        let entries = as_dict(this);
        if !entries.is_empty() {
            let copy = entries.copy(cx)?;
            out.push_str(&*text::repr(cx, copy.as_value())?);
        }
        out.push_text(")");
        out.finish_value(cx)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<OrderedDict>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if !equality || other.downcast::<Dict>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let compare_as_dict = Dict::class()
            .slots
            .compare
            .get()
            .expect("invariant: dict has __eq__");
        let mut equal =
            compare_as_dict(cx, this.as_value(), other, Comparison::Equal)?.truth(cx)?;
        if equal && let Some(other) = other.downcast::<OrderedDict>() {
            equal = same_order(cx, as_dict(this), as_dict(other))?;
        }
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<OrderedDict>) -> PyResult<Value> {
        OrderedIterator::over(cx, as_dict(this), Yielded::Keys, Direction::Forward)
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<OrderedDict>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let dict = as_dict(this);
        let Some(value) = value else {
            let hash = hash::hash(cx, key)?;
            return match dict.remove_with_hash(cx, key, hash)? {
                Some(_) => Ok(()),
                None => Err(cx.key_error(key)),
            };
        };
        set(cx, dict, key, value.clone())
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        if left.downcast::<Dict>().is_none() || right.downcast::<Dict>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let owner = match left.downcast::<OrderedDict>() {
            Some(_) => left,
            None => right,
        };
        let union = call::call(cx, owner.class().as_value(), std::slice::from_ref(left))?;
        update_from(cx, &union, right)?;
        Ok(union)
    }

    #[slot(inplace_or)]
    fn inplace_or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        update_from(cx, left, right)?;
        Ok(left.clone())
    }

    /// Create a new ordered dictionary with keys from iterable and values set to value.
    #[classmethod("fromkeys(cls, /, iterable, value=None)")]
    fn fromkeys(cx: &Context, class: &Value, iterable: &Value, value: Value) -> PyResult<Value> {
        let made = call::call(cx, class, &[])?;
        iterate::for_each(cx, iterable, |key| assign(cx, &made, &key, value.clone()))?;
        Ok(made)
    }

    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<OrderedDict>) -> PyResult<usize> {
        Ok(this.class_of().root_shape().instance_size(0) + as_dict(this).table_size())
    }

    /// Return state information for pickling
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Value) -> PyResult<Value> {
        let state = call::call_method(cx, this, names::dunder_getstate(), &[])?;
        let items = call::call_method(cx, this, names::items(), &[])?;
        let items = iterate::iter(cx, &items)?;
        let class = this.class().to_value();
        let parts = vec![
            class,
            Tuple::empty().into_value(),
            state,
            Value::NONE,
            items,
        ];
        Tuple::from_vec(cx, parts).map(Ref::into_value)
    }

    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[method("setdefault(self, /, key, default=None)")]
    fn setdefault(
        cx: &Context,
        this: &Ref<OrderedDict>,
        key: &Value,
        default: Value,
    ) -> PyResult<Value> {
        let object = this.as_value();
        if let Some(dict) = plain(object) {
            return dict.set_default(cx, key, &default);
        }
        if sequence::contains(cx, object, key)? {
            return sequence::get_item(cx, object, key);
        }
        sequence::set_item(cx, object, key, &default)?;
        Ok(default)
    }

    /// od.pop(key[,default]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[method("pop(self, /, key, default=<unrepresentable>)")]
    fn pop(
        cx: &Context,
        this: &Ref<OrderedDict>,
        key: &Value,
        default: Maybe<Value>,
    ) -> PyResult<Value> {
        let hash = hash::hash(cx, key)?;
        match as_dict(this).remove_with_hash(cx, key, hash)? {
            Some((_, value)) => Ok(value),
            None => default.0.ok_or_else(|| cx.key_error(key)),
        }
    }

    /// Remove and return a (key, value) pair from the dictionary.
    ///
    /// Pairs are returned in LIFO order if last is true or FIFO order if
    /// false.
    #[method("popitem(self, /, last=True)")]
    fn popitem(cx: &Context, this: &Ref<OrderedDict>, last: bool) -> PyResult<Value> {
        let entries = as_dict(this);
        let popped = if last {
            entries.pop_last()
        } else {
            entries.pop_first()
        };
        match popped {
            Some((key, value)) => Tuple::from_vec(cx, vec![key, value]).map(Ref::into_value),
            None => Err(cx.key_error(Str::from_str(cx, "dictionary is empty")?.as_value())),
        }
    }

    #[method("keys(self, /)")]
    fn keys(cx: &Context, this: &Ref<OrderedDict>) -> PyResult<Value> {
        OrderedKeys::of(cx, as_dict(this))
    }

    #[method("values(self, /)")]
    fn values(cx: &Context, this: &Ref<OrderedDict>) -> PyResult<Value> {
        OrderedValues::of(cx, as_dict(this))
    }

    #[method("items(self, /)")]
    fn items(cx: &Context, this: &Ref<OrderedDict>) -> PyResult<Value> {
        OrderedItems::of(cx, as_dict(this))
    }

    #[method("update(self, /, *args, **kwargs)")]
    fn update(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        let given = args.positional().len();
        if given > 1 {
            return Err(cx.type_error(format!(
                "update() takes at most 1 positional argument ({given} given)"
            )));
        }
        update_from_arguments(cx, this, args)
    }

    /// Remove all items from ordered dict.
    #[method("clear(self, /)")]
    fn clear(_cx: &Context, this: &Ref<OrderedDict>) -> PyResult<()> {
        as_dict(this).clear();
        Ok(())
    }

    /// A shallow copy of ordered dict.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<OrderedDict>) -> PyResult<Value> {
        let object = this.as_value();
        let entries = as_dict(this);
        let copy = if plain(object).is_some() {
            OrderedDict::empty(cx)?.into_value()
        } else {
            call::call(cx, this.class_of().as_value(), &[])?
        };
        let version = entries.version();
        let mut position = entries.start_position();
        while let Some((key, own, hash)) = entries.next_entry(&mut position) {
            match plain(&copy) {
                Some(copy) if plain(object).is_some() => {
                    drop(copy.insert_with_hash(cx, &key, hash, own)?);
                }
                _ => {
                    let value = sequence::get_item(cx, object, &key)?;
                    if entries.version() != version {
                        return Err(mutated(cx));
                    }
                    sequence::set_item(cx, &copy, &key, &value)?;
                }
            }
            if entries.version() != version {
                return Err(mutated(cx));
            }
        }
        Ok(copy)
    }

    /// od.__reversed__() <==> reversed(od)
    #[method("__reversed__(self, /)")]
    fn reversed(cx: &Context, this: &Ref<OrderedDict>) -> PyResult<Value> {
        OrderedIterator::over(cx, as_dict(this), Yielded::Keys, Direction::Backward)
    }

    /// Move an existing element to the end (or beginning if last is false).
    ///
    /// Raise KeyError if the element does not exist.
    #[method("move_to_end(self, /, key, last=True)")]
    fn move_to_end(cx: &Context, this: &Ref<OrderedDict>, key: &Value, last: bool) -> PyResult<()> {
        let hash = hash::hash(cx, key)?;
        if as_dict(this).move_to_end(cx, key, hash, last)? {
            Ok(())
        } else {
            Err(cx.key_error(key))
        }
    }
}
