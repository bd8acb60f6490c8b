//! What Python sees of `dict`.

use typhon_macros::pymethods;

use super::Dict;
use super::views::{DictItems, DictKeyIterator, DictKeys, DictReverseKeyIterator, DictValues};
use crate::args::{Args, Maybe};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref};
use crate::objects::exceptions;
use crate::objects::set::{any_set, explain_unhashable};
use crate::objects::str_::{Str, StrBuilder, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::zip::Zip;
use crate::protocols::text::{self, ReprGuard};
use crate::protocols::{attribute, call, compare, hash, iterate, sequence};
use crate::slots::Comparison;
use crate::value::Value;

/// `hash(key)` of a key of a dict.
///
/// # Errors
/// TypeError for an unhashable key, and what `__hash__` raises.
#[inline]
pub fn hash_key(cx: &Context, key: &Value) -> PyResult<i64> {
    hash::hash(cx, key).map_err(|raised| explain_unhashable(cx, raised, key, "a dict key"))
}

/// The entries of `value`, if it is a dict that is iterated as dicts are: then it need not be asked.
pub(crate) fn plain_dict(value: &Value) -> Option<&Ref<Dict>> {
    let dict = value.downcast::<Dict>()?;
    (value.is_exact::<Dict>() || value.class().slots.iter.word() == Dict::class().slots.iter.word())
        .then_some(dict)
}

impl Ref<Dict> {
    /// `self.update(other)`, for one positional argument of any kind.
    ///
    /// # Errors
    /// TypeError and ValueError when it is neither mapping nor sequence of pairs, and what it raises.
    pub fn update(&self, cx: &Context, other: &Value) -> PyResult<()> {
        if other.is_exact::<Dict>() || attribute::find(cx, other, names::keys())?.is_some() {
            self.merge(cx, other)
        } else {
            self.merge_pairs(cx, other)
        }
    }

    /// Adds the keys and values of a mapping: what `{**mapping}` does.
    ///
    /// # Errors
    /// AttributeError without `keys`, and what the mapping raises.
    pub fn merge(&self, cx: &Context, mapping: &Value) -> PyResult<()> {
        if let Some(dict) = plain_dict(mapping) {
            return self.update_from(cx, dict);
        }
        let keys = call::call_method(cx, mapping, names::keys(), &[])?;
        iterate::for_each(cx, &keys, |key| {
            let value = sequence::get_item(cx, mapping, &key)?;
            self.set_key(cx, &key, value)
        })
    }

    /// Adds the pairs that `iterable` yields.
    fn merge_pairs(&self, cx: &Context, iterable: &Value) -> PyResult<()> {
        if let Some(zip) = iterable.downcast_exact::<Zip>() {
            while zip.yields_pairs() {
                let Some((key, value)) = zip.next_pair(cx)? else {
                    return Ok(());
                };
                self.set_key(cx, &key, value)?;
            }
        }
        let mut number = 0usize;
        iterate::for_each(cx, iterable, |item| {
            if let Some(pair) = item.downcast_exact::<Tuple>()
                && let [key, value] = pair.as_slice()
            {
                number += 1;
                return self.set_key(cx, key, value.clone());
            }
            let pair = match iterate::collect_or(cx, &item, "object is not iterable") {
                Ok(pair) => pair,
                Err(raised) => {
                    if cx.exception_matches(exceptions::type_error()) {
                        let note = format!(
                            "Cannot convert dictionary update sequence element #{number} to a sequence"
                        );
                        exceptions::add_note_to_raised(cx, &note);
                    }
                    return Err(raised);
                }
            };
            let [key, value] = pair.as_slice() else {
                return Err(cx.value_error(format!(
                    "dictionary update sequence element #{number} has length {}; 2 is required",
                    pair.len()
                )));
            };
            number += 1;
            self.set_key(cx, key, value.clone())
        })
    }

    /// `self[key] = value`, with a message for unhashable keys that says what they were meant for.
    fn set_key(&self, cx: &Context, key: &Value, value: Value) -> PyResult<()> {
        let hash = hash_key(cx, key)?;
        drop(self.insert_with_hash(cx, key, hash, value)?);
        Ok(())
    }

    /// What `dict(…)` and `update(…)` do with their arguments.
    fn update_with_arguments(&self, cx: &Context, function: &str, args: Args<'_>) -> PyResult<()> {
        match args.positional() {
            [] => {}
            [other] => self.update(cx, other)?,
            more => {
                return Err(cx.type_error(format!(
                    "{function} expected at most 1 argument, got {}",
                    more.len()
                )));
            }
        }
        for (key, value) in args.keywords().iter() {
            self.set_item(cx, key, value.clone())?;
        }
        Ok(())
    }

    /// `self[key]`, with `__missing__` of derived classes.
    ///
    /// # Errors
    /// KeyError, TypeError for an unhashable key, and what hashing and comparing raises.
    pub fn subscript_or_missing(&self, cx: &Context, key: &Value) -> PyResult<Value> {
        let hash = hash_key(cx, key)?;
        if let Some(value) = self.get_with_hash(cx, key, hash)? {
            return Ok(value);
        }
        if !self.as_value().is_exact::<Dict>()
            && let Some(value) = call::call_special(
                cx,
                self.as_value(),
                names::dunder_missing(),
                std::slice::from_ref(key),
            )?
        {
            return Ok(value);
        }
        Err(cx.key_error(key))
    }
}

#[pymethods]
impl Dict {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, Dict::empty_payload()).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Dict>, args: Args<'_>) -> PyResult<()> {
        this.update_with_arguments(cx, "dict", args)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Dict>) -> PyResult<Value> {
        let Some(_guard) = ReprGuard::enter(cx, this.as_value()) else {
            return Str::from_str(cx, "{...}").map(Ref::into_value);
        };
        let mut text = StrBuilder::new();
        text.push_text("{");
        for (index, (key, value)) in this.items_snapshot(cx)?.iter().enumerate() {
            if index > 0 {
                text.push_text(", ");
            }
            text.push_str(&*text::repr(cx, key)?);
            text.push_text(": ");
            text.push_str(&*text::repr(cx, value)?);
        }
        text.push_text("}");
        text.finish_value(cx)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Dict>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let Some(other) = other.downcast::<Dict>().filter(|_| equality) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same = same_items(cx, this, other)?;
        Ok(Value::from_bool(same == (comparison == Comparison::Equal)))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Dict>) -> PyResult<Value> {
        DictKeyIterator::over(cx, this)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<Dict>) -> PyResult<usize> {
        Ok(this.len())
    }

    /// True if the dictionary has the specified key, else False.
    #[slot(contains)]
    #[method("__contains__(self, key, /)")]
    fn contains(cx: &Context, this: &Ref<Dict>, key: &Value) -> PyResult<bool> {
        let hash = hash_key(cx, key)?;
        this.has_with_hash(cx, key, hash)
    }

    /// Return self[key].
    #[slot(subscript)]
    #[method("__getitem__(self, key, /)")]
    fn subscript(cx: &Context, this: &Ref<Dict>, key: &Value) -> PyResult<Value> {
        this.subscript_or_missing(cx, key)
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<Dict>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        match value {
            Some(value) => this.set_key(cx, key, value.clone()),
            None => {
                let hash = hash_key(cx, key)?;
                match this.remove_with_hash(cx, key, hash)? {
                    Some(_) => Ok(()),
                    None => Err(cx.key_error(key)),
                }
            }
        }
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let (Some(dict), Some(_)) = (left.downcast::<Dict>(), right.downcast::<Dict>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let union = dict.copy(cx)?;
        union.update(cx, right)?;
        Ok(union.into_value())
    }

    #[slot(inplace_or)]
    fn inplace_or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some(dict) = left.downcast::<Dict>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        dict.update(cx, right)?;
        Ok(left.clone())
    }

    /// Return the size of the dict in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Dict>) -> PyResult<usize> {
        Ok(this.class_of().root_shape().instance_size(0) + this.table_size())
    }

    /// Return the value for key if key is in the dictionary, else default.
    #[method("get(self, key, default=None, /)")]
    fn get(cx: &Context, this: &Ref<Dict>, key: &Value, default: Value) -> PyResult<Value> {
        let hash = hash_key(cx, key)?;
        Ok(this.get_with_hash(cx, key, hash)?.unwrap_or(default))
    }

    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[method("setdefault(self, key, default=None, /)")]
    fn setdefault(cx: &Context, this: &Ref<Dict>, key: &Value, default: Value) -> PyResult<Value> {
        this.set_default(cx, key, &default)
            .map_err(|raised| explain_unhashable(cx, raised, key, "a dict key"))
    }

    /// D.pop(k[,d]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[method("pop(self, key, default=<unrepresentable>, /)")]
    fn pop(cx: &Context, this: &Ref<Dict>, key: &Value, default: Maybe<Value>) -> PyResult<Value> {
        let hash = hash_key(cx, key)?;
        match (this.remove_with_hash(cx, key, hash)?, default.0) {
            (Some((_, value)), _) => Ok(value),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(cx.key_error(key)),
        }
    }

    /// Remove and return a (key, value) pair as a 2-tuple.
    ///
    /// Pairs are returned in LIFO (last-in, first-out) order.
    /// Raises KeyError if the dict is empty.
    #[method("popitem(self, /)")]
    fn popitem(cx: &Context, this: &Ref<Dict>) -> PyResult<Value> {
        match this.pop_last() {
            Some((key, value)) => Tuple::from_vec(cx, vec![key, value]).map(Ref::into_value),
            None => {
                Err(cx.key_error(Str::from_str(cx, "popitem(): dictionary is empty")?.as_value()))
            }
        }
    }

    /// Return a set-like object providing a view on the dict's keys.
    #[method("keys(self, /)")]
    fn keys(cx: &Context, this: &Ref<Dict>) -> PyResult<Value> {
        DictKeys::of(cx, this)
    }

    /// Return a set-like object providing a view on the dict's items.
    #[method("items(self, /)")]
    fn items(cx: &Context, this: &Ref<Dict>) -> PyResult<Value> {
        DictItems::of(cx, this)
    }

    /// Return an object providing a view on the dict's values.
    #[method("values(self, /)")]
    fn values(cx: &Context, this: &Ref<Dict>) -> PyResult<Value> {
        DictValues::of(cx, this)
    }

    /// D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.
    /// If E is present and has a .keys() method, then does:  for k in E.keys(): D[k] = E[k]
    /// If E is present and lacks a .keys() method, then does:  for k, v in E: D[k] = v
    /// In either case, this is followed by: for k in F:  D[k] = F[k]
    #[method("update(self, /, *args, **kwargs)")]
    fn update_method(
        cx: &Context,
        this: &Ref<Dict>,
        args: &[Value],
        keywords: Vec<(&Value, &Value)>,
    ) -> PyResult<()> {
        this.update_with_arguments(cx, "update", Args::positional_only(args))?;
        for (key, value) in keywords {
            this.set_item(cx, key, value.clone())?;
        }
        Ok(())
    }

    /// Create a new dictionary with keys from iterable and values set to value.
    #[classmethod("fromkeys(cls, iterable, value=None, /)")]
    fn fromkeys(cx: &Context, class: &Value, iterable: &Value, value: Value) -> PyResult<Value> {
        let made = call::call(cx, class, &[])?;
        let Some(dict) = made.downcast_exact::<Dict>() else {
            iterate::for_each(cx, iterable, |key| {
                sequence::set_item(cx, &made, &key, &value)
            })?;
            return Ok(made);
        };
        if let Some(other) = iterable.downcast_exact::<Dict>() {
            for (key, _, hash) in other.entries_snapshot() {
                drop(dict.insert_with_hash(cx, &key, hash, value.clone())?);
            }
        } else if let Some(set) = any_set(iterable).filter(|set| set.is_exact()) {
            for (key, hash) in set.entries() {
                drop(dict.insert_with_hash(cx, &key, hash, value.clone())?);
            }
        } else {
            iterate::for_each(cx, iterable, |key| dict.set_key(cx, &key, value.clone()))?;
        }
        Ok(made)
    }

    /// Remove all items from the dict.
    #[method("clear(self, /)")]
    fn clear_method(_cx: &Context, this: &Ref<Dict>) -> PyResult<()> {
        this.clear();
        Ok(())
    }

    /// Return a shallow copy of the dict.
    #[method("copy(self, /)")]
    fn copy_method(cx: &Context, this: &Ref<Dict>) -> PyResult<Ref<Dict>> {
        this.copy(cx)
    }

    /// Return a reverse iterator over the dict keys.
    #[method("__reversed__(self, /)")]
    fn reversed(cx: &Context, this: &Ref<Dict>) -> PyResult<Value> {
        DictReverseKeyIterator::over(cx, this)
    }

    /// dicts are generic over two types, signifying (respectively) the types of their keys and values
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }
}

/// Whether both dicts have equal keys with equal values.
fn same_items(cx: &Context, left: &Ref<Dict>, right: &Ref<Dict>) -> PyResult<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (key, value, hash) in left.entries_snapshot() {
        match right.get_with_hash(cx, &key, hash)? {
            Some(other) if compare::identical_or_equal(cx, &other, &value)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}
