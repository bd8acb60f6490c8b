//! What Python sees of `set` and `frozenset`.

use std::sync::atomic::Ordering;

use typhon_macros::pymethods;

use super::iterator::SetIterator;
use super::{AnySet, FrozenSet, Set, SetCore, any_set, is_exact_frozenset};
use crate::args::Args;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref};
use crate::objects::list::List;
use crate::objects::str_::{Str, StrBuilder, names};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::text::{self, ReprGuard};
use crate::protocols::{call, iterate};
use crate::slots::Comparison;
use crate::value::Value;

/// A set or frozenset of these keys, as `like` is one: results are never of a derived class.
fn result_like(cx: &Context, like: &Value, core: SetCore) -> PyResult<Value> {
    if like.downcast::<Set>().is_some() {
        Set::from_core(cx, core).map(Ref::into_value)
    } else {
        FrozenSet::from_core(cx, core).map(Ref::into_value)
    }
}

/// Both operands, if both are sets or frozensets.
fn operands<'a>(left: &'a Value, right: &'a Value) -> Option<AnySet<'a>> {
    any_set(left).filter(|_| any_set(right).is_some())
}

fn repr(cx: &Context, this: AnySet<'_>) -> PyResult<Value> {
    let owner = this.owner();
    let class = owner.class().short_name();
    let Some(_guard) = ReprGuard::enter(cx, owner) else {
        return Str::from_str(cx, &format!("{class}(...)")).map(Ref::into_value);
    };
    let keys = this.to_vec();
    let mut text = StrBuilder::new();
    if keys.is_empty() {
        text.push_text(&format!("{class}()"));
        return text.finish_value(cx);
    }
    let bare = owner.class().is(Set::class());
    if !bare {
        text.push_text(&format!("{class}("));
    }
    text.push_text("{");
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            text.push_text(", ");
        }
        text.push_str(&*text::repr(cx, key)?);
    }
    text.push_text(if bare { "}" } else { "})" });
    text.finish_value(cx)
}

/// The only positional argument of `set` and `frozenset`.
fn only_argument<'a>(cx: &Context, name: &str, args: Args<'a>) -> PyResult<Option<&'a Value>> {
    match args.positional() {
        [] => Ok(None),
        [iterable] => Ok(Some(iterable)),
        more => Err(cx.type_error(format!(
            "{name} expected at most 1 argument, got {}",
            more.len()
        ))),
    }
}

/// What both classes have.
macro_rules! shared_methods {
    ($class:ident, $table:ident, $generic:tt) => {
        #[pymethods(table = $table)]
        impl $class {
            #[slot(repr)]
            fn repr(cx: &Context, this: &Ref<$class>) -> PyResult<Value> {
                repr(cx, this.any())
            }

            #[slot(compare)]
            fn compare(
                cx: &Context,
                this: &Ref<$class>,
                other: &Value,
                comparison: Comparison,
            ) -> PyResult<Value> {
                match any_set(other) {
                    Some(other) => this
                        .any()
                        .compare(cx, other, comparison)
                        .map(Value::from_bool),
                    None => Ok(Value::NOT_IMPLEMENTED),
                }
            }

            #[slot(iter)]
            fn iter(cx: &Context, this: &Value) -> PyResult<Value> {
                SetIterator::over(cx, this)
            }

            #[slot(length)]
            fn length(_cx: &Context, this: &Ref<$class>) -> PyResult<usize> {
                Ok(this.len())
            }

            /// x.__contains__(y) <==> y in x.
            #[slot(contains)]
            #[method("__contains__(self, object, /)")]
            fn contains_slot(cx: &Context, this: &Ref<$class>, object: &Value) -> PyResult<bool> {
                this.any().contains(cx, object)
            }

            #[slot(or)]
            fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                let Some(set) = operands(left, right) else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                union(cx, set, std::slice::from_ref(right))
            }

            #[slot(and)]
            fn and(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                let Some(set) = operands(left, right) else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                result_like(cx, left, set.intersection(cx, right)?)
            }

            #[slot(subtract)]
            fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                let Some(set) = operands(left, right) else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                result_like(cx, left, set.difference(cx, right)?)
            }

            #[slot(xor)]
            fn xor(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                let Some(set) = operands(left, right) else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                result_like(cx, left, set.symmetric_difference(cx, right)?)
            }

            /// Return a shallow copy of a set.
            #[method("copy(self, /)")]
            fn copy(cx: &Context, this: &Ref<$class>) -> PyResult<Value> {
                if is_exact_frozenset(this.as_value()) {
                    return Ok(this.to_value());
                }
                result_like(cx, this.as_value(), this.any().copy(cx)?)
            }

            /// Return a new set with elements from the set and all others.
            #[method("union(self, /, *others)")]
            fn union(cx: &Context, this: &Ref<$class>, others: &[Value]) -> PyResult<Value> {
                union(cx, this.any(), others)
            }

            /// Return a new set with elements common to the set and all others.
            #[method("intersection(self, /, *others)")]
            fn intersection(cx: &Context, this: &Ref<$class>, others: &[Value]) -> PyResult<Value> {
                result_like(
                    cx,
                    this.as_value(),
                    this.any().intersection_of_all(cx, others)?,
                )
            }

            /// Return a new set with elements in the set that are not in the others.
            #[method("difference(self, /, *others)")]
            fn difference(cx: &Context, this: &Ref<$class>, others: &[Value]) -> PyResult<Value> {
                result_like(
                    cx,
                    this.as_value(),
                    this.any().difference_of_all(cx, others)?,
                )
            }

            /// Return a new set with elements in either the set or other but not both.
            #[method("symmetric_difference(self, other, /)")]
            fn symmetric_difference(
                cx: &Context,
                this: &Ref<$class>,
                other: &Value,
            ) -> PyResult<Value> {
                result_like(
                    cx,
                    this.as_value(),
                    this.any().symmetric_difference(cx, other)?,
                )
            }

            /// Return True if two sets have a null intersection.
            #[method("isdisjoint(self, other, /)")]
            fn isdisjoint(cx: &Context, this: &Ref<$class>, other: &Value) -> PyResult<bool> {
                this.any().is_disjoint(cx, other)
            }

            /// Report whether another set contains this set.
            #[method("issubset(self, other, /)")]
            fn issubset(cx: &Context, this: &Ref<$class>, other: &Value) -> PyResult<bool> {
                match any_set(other) {
                    Some(other) => this.any().is_subset_of(cx, other),
                    None => {
                        let other = Set::from_iterable(cx, other)?;
                        this.any().is_subset_of(cx, other.any())
                    }
                }
            }

            /// Report whether this set contains another set.
            #[method("issuperset(self, other, /)")]
            fn issuperset(cx: &Context, this: &Ref<$class>, other: &Value) -> PyResult<bool> {
                if let Some(other) = any_set(other) {
                    return other.is_subset_of(cx, this.any());
                }
                let iterator = iterate::iter_snapshot(cx, other)?;
                while let Some(key) = iterate::next(cx, &iterator)? {
                    if !this.any().contains(cx, &key)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }

            /// Return state information for pickling.
            #[method("__reduce__(self, /)")]
            fn reduce(cx: &Context, this: &Ref<$class>) -> PyResult<Value> {
                let keys = List::from_values(cx, this.any().to_vec())?.into_value();
                let arguments = Tuple::from_values(cx, &[keys])?.into_value();
                let state = call::call_method(cx, this.as_value(), names::dunder_getstate(), &[])?;
                Tuple::from_values(cx, &[this.class_of().to_value(), arguments, state])
                    .map(Ref::into_value)
            }

            /// S.__sizeof__() -> size of S in memory, in bytes.
            #[method("__sizeof__(self, /)")]
            fn sizeof(_cx: &Context, this: &Ref<$class>) -> PyResult<usize> {
                Ok(this.class_of().root_shape().instance_size(0) + this.any().table_size())
            }

            #[doc = $generic]
            #[classmethod("__class_getitem__(cls, object, /)")]
            fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
                crate::objects::generic_alias::alias(cx, class, object)
            }
        }
    };
}

shared_methods!(
    Set,
    SET_METHODS,
    "sets are generic over the type of their elements"
);
shared_methods!(
    FrozenSet,
    FROZENSET_METHODS,
    "frozensets are generic over the type of their elements"
);

/// `this | others…`, as `this` is a set or frozenset.
fn union(cx: &Context, this: AnySet<'_>, others: &[Value]) -> PyResult<Value> {
    let result = Set::from_core(cx, this.copy(cx)?)?;
    for other in others.iter().filter(|other| !other.is(this.owner())) {
        result.update(cx, other)?;
    }
    if this.owner().downcast::<Set>().is_some() {
        return Ok(result.into_value());
    }
    FrozenSet::from_core(cx, result.any().replace(SetCore::empty())).map(Ref::into_value)
}

#[pymethods(tables(SET_METHODS))]
impl Set {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(
            cx,
            class,
            Set {
                core: SetCore::empty(),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Set>, args: Args<'_>) -> PyResult<()> {
        if !args.names.is_empty() {
            return Err(cx.type_error("set() takes no keyword arguments"));
        }
        let iterable = only_argument(cx, "set", args)?;
        drop(this.any().replace(SetCore::empty()));
        match iterable {
            Some(iterable) => this.update(cx, iterable),
            None => Ok(()),
        }
    }

    #[slot(inplace_or)]
    fn inplace_or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some(set) = operands(left, right) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        set.update(cx, right)?;
        Ok(left.clone())
    }

    #[slot(inplace_and)]
    fn inplace_and(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some(set) = operands(left, right) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let common = set.intersection(cx, right)?;
        drop(set.replace(common));
        Ok(left.clone())
    }

    #[slot(inplace_subtract)]
    fn inplace_subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some(set) = operands(left, right) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        set.difference_update(cx, right)?;
        Ok(left.clone())
    }

    #[slot(inplace_xor)]
    fn inplace_xor(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        let Some(set) = operands(left, right) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        set.symmetric_difference_update(cx, right)?;
        Ok(left.clone())
    }

    /// Add an element to a set.
    ///
    /// This has no effect if the element is already present.
    #[method("add(self, object, /)")]
    fn add_method(cx: &Context, this: &Ref<Set>, object: &Value) -> PyResult<()> {
        this.add(cx, object).map(|_| ())
    }

    /// Remove all elements from this set.
    #[method("clear(self, /)")]
    fn clear(_cx: &Context, this: &Ref<Set>) -> PyResult<()> {
        drop(this.any().replace(SetCore::empty()));
        Ok(())
    }

    /// Remove an element from a set if it is a member.
    ///
    /// Unlike set.remove(), the discard() method does not raise
    /// an exception when an element is missing from the set.
    #[method("discard(self, object, /)")]
    fn discard_method(cx: &Context, this: &Ref<Set>, object: &Value) -> PyResult<()> {
        this.discard(cx, object).map(|_| ())
    }

    /// Remove an element from a set; it must be a member.
    ///
    /// If the element is not a member, raise a KeyError.
    #[method("remove(self, object, /)")]
    fn remove(cx: &Context, this: &Ref<Set>, object: &Value) -> PyResult<()> {
        if this.discard(cx, object)? {
            Ok(())
        } else {
            Err(cx.key_error(object))
        }
    }

    /// Remove and return an arbitrary set element.
    ///
    /// Raises KeyError if the set is empty.
    #[method("pop(self, /)")]
    fn pop(cx: &Context, this: &Ref<Set>) -> PyResult<Value> {
        match this.any().pop() {
            Some(key) => Ok(key),
            None => Err(cx.key_error(Str::from_str(cx, "pop from an empty set")?.as_value())),
        }
    }

    /// Update the set, adding elements from all others.
    #[method("update(self, /, *others)")]
    fn update_method(cx: &Context, this: &Ref<Set>, others: &[Value]) -> PyResult<()> {
        others.iter().try_for_each(|other| this.update(cx, other))
    }

    /// Update the set, keeping only elements found in it and all others.
    #[method("intersection_update(self, /, *others)")]
    fn intersection_update(cx: &Context, this: &Ref<Set>, others: &[Value]) -> PyResult<()> {
        let common = this.any().intersection_of_all(cx, others)?;
        drop(this.any().replace(common));
        Ok(())
    }

    /// Update the set, removing elements found in others.
    #[method("difference_update(self, /, *others)")]
    fn difference_update_method(cx: &Context, this: &Ref<Set>, others: &[Value]) -> PyResult<()> {
        others
            .iter()
            .try_for_each(|other| this.any().difference_update(cx, other))
    }

    /// Update the set, keeping only elements found in either set, but not in both.
    #[method("symmetric_difference_update(self, other, /)")]
    fn symmetric_difference_update_method(
        cx: &Context,
        this: &Ref<Set>,
        other: &Value,
    ) -> PyResult<()> {
        this.any().symmetric_difference_update(cx, other)
    }
}

#[pymethods(tables(FROZENSET_METHODS))]
impl FrozenSet {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let own = FrozenSet::class();
        if !args.names.is_empty()
            && (class.is(own) || class.slots.init.word() == own.slots.init.word())
        {
            return Err(cx.type_error("frozenset() takes no keyword arguments"));
        }
        let Some(iterable) = only_argument(cx, "frozenset", args)? else {
            return FrozenSet::of_class(cx, class, SetCore::empty()).map(Ref::into_value);
        };
        if class.is(own) && is_exact_frozenset(iterable) {
            return Ok(iterable.clone());
        }
        let keys = Set::from_iterable(cx, iterable)?;
        FrozenSet::of_class(cx, class, keys.any().replace(SetCore::empty())).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Ref<FrozenSet>) -> PyResult<i64> {
        let known = this.hash.load(Ordering::Relaxed);
        if known != -1 {
            return Ok(known);
        }
        let hash = this.any().hash_of_keys();
        // Every thread computes the same.
        this.hash.store(hash, Ordering::Relaxed);
        Ok(hash)
    }
}
