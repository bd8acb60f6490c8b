//! `dict_keys`, `dict_values`, `dict_items`, and the iterators over dicts in both directions.
//!
//! An iterator compares the number of keys with what it was at the beginning; that is how it notices
//! that the dict was changed. Keys that come after all that were counted are noticed too.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_sync::Header;

use super::methods::hash_key;
use super::table::{Entry, Table};
use super::{Dict, Position};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::iterators::{Source, builtin, reduced};
use crate::objects::list::List;
use crate::objects::mappingproxy::MappingProxy;
use crate::objects::set::{Set, any_set};
use crate::objects::str_::{Str, StrBuilder};
use crate::objects::tuple::Tuple;
use crate::protocols::text::{self, ReprGuard};
use crate::protocols::{compare, iterate, sequence};
use crate::slots::Comparison;
use crate::value::Value;

/// What all iterators over dicts consist of.
struct Iteration {
    source: Source<Dict>,
    /// The number of keys at the beginning; [`CHANGED`] once it was found to be another.
    used: AtomicUsize,
    version: u32,
    position: AtomicUsize,
    left: AtomicUsize,
}

/// A length that no dict has.
const CHANGED: usize = usize::MAX;

impl Iteration {
    fn over(dict: &Ref<Dict>, forward: bool) -> Iteration {
        let used = dict.len();
        let start = if forward { 0 } else { dict.end_position().0 };
        Iteration {
            source: Source::new(dict.clone()),
            used: AtomicUsize::new(used),
            version: dict.version(),
            position: AtomicUsize::new(start),
            left: AtomicUsize::new(used),
        }
    }

    fn is_unchanged(&self) -> bool {
        self.source
            .with(|dict| dict.len() == self.used.load(Ordering::Relaxed))
            .unwrap_or(true)
    }

    /// What `take` finds in the next entry. It gets the lock for the entry's fields.
    #[inline]
    fn advance<T>(
        &self,
        cx: &Context,
        forward: bool,
        take: impl Fn(&Entry, &Header) -> Option<T>,
    ) -> PyResult<Option<T>> {
        if !self.is_unchanged() {
            self.used.store(CHANGED, Ordering::Relaxed);
            return Err(cx.runtime_error("dictionary changed size during iteration"));
        }
        let mut position = Position(self.position.load(Ordering::Relaxed));
        if !forward && self.source.with(|dict| position.0 > dict.end_position().0) == Some(true) {
            // The dict was cleared: what is in it now is younger than the iterator.
            position = Position(0);
        }
        let take = |table: &Table, index, lock: &_| take(table.entry(index), lock);
        let taken = self
            .source
            .with(|dict| {
                if forward {
                    dict.next_taken(&mut position, take)
                } else {
                    dict.previous_taken(&mut position, take)
                }
            })
            .flatten();
        if taken.is_none() {
            self.position
                .store(if forward { usize::MAX } else { 0 }, Ordering::Relaxed);
            self.left.store(0, Ordering::Relaxed);
            self.source.release();
            return Ok(None);
        }
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 && self.source.with(|dict| dict.version()) != Some(self.version) {
            return Err(cx.runtime_error("dictionary keys changed during iteration"));
        }
        self.position.store(position.0, Ordering::Relaxed);
        self.left.store(left.saturating_sub(1), Ordering::Relaxed);
        Ok(taken)
    }

    fn length_hint(&self) -> usize {
        if self.is_unchanged() {
            self.left.load(Ordering::Relaxed)
        } else {
            0
        }
    }

    /// `__reduce__`: an iterator over a list of what is left.
    fn reduce<T>(
        &self,
        cx: &Context,
        forward: bool,
        take: impl Fn(&Entry, &Header) -> Option<T>,
        yielded: impl Fn(&Context, T) -> PyResult<Value>,
    ) -> PyResult<Value> {
        let rest = List::new(cx)?;
        if let Some(dict) = self.source.get() {
            let copy = Iteration {
                source: Source::new(dict),
                used: AtomicUsize::new(self.used.load(Ordering::Relaxed)),
                version: self.version,
                position: AtomicUsize::new(self.position.load(Ordering::Relaxed)),
                left: AtomicUsize::new(self.left.load(Ordering::Relaxed)),
            };
            while let Some(taken) = copy.advance(cx, forward, &take)? {
                rest.push(cx, yielded(cx, taken)?)?;
            }
        }
        reduced(cx, builtin(cx, "iter")?, &[rest.into_value()], None)
    }
}

fn take_key(entry: &Entry, lock: &Header) -> Option<Value> {
    entry.key.get_with(lock)
}

fn take_value(entry: &Entry, lock: &Header) -> Option<Value> {
    entry.value.get_with(lock)
}

fn yield_taken(_cx: &Context, value: Value) -> PyResult<Value> {
    Ok(value)
}

fn yield_item(cx: &Context, (key, value): (Value, Value)) -> PyResult<Value> {
    Tuple::pair(cx, key, value).map(Ref::into_value)
}

macro_rules! dict_iterators {
    ($($class:ident $name:tt $forward:tt $take:path, $yielded:ident;)*) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            #[pyclass(name = $name, flags(DISALLOW_INSTANTIATION))]
            pub struct $class(Iteration);

            impl Traverse for $class {
                fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                    self.0.source.traverse(visit);
                }
            }

            impl $class {
                /// An iterator over `dict`.
                ///
                /// # Errors
                /// MemoryError.
                pub fn over(cx: &Context, dict: &Ref<Dict>) -> PyResult<Value> {
                    object::new(cx, $class(Iteration::over(dict, $forward))).map(Ref::into_value)
                }
            }

            #[pymethods]
            impl $class {
                #[slot(iter)]
                fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
                    Ok(this.clone())
                }

                #[slot(next)]
                fn next(cx: &Context, this: &Ref<$class>) -> PyResult<Option<Value>> {
                    match this.0.advance(cx, $forward, $take)? {
                        Some(taken) => $yielded(cx, taken).map(Some),
                        None => Ok(None),
                    }
                }

                /// Private method returning an estimate of len(list(it)).
                #[method("__length_hint__(self, /)")]
                fn length_hint(_cx: &Context, this: &Ref<$class>) -> PyResult<usize> {
                    Ok(this.0.length_hint())
                }

                /// Return state information for pickling.
                #[method("__reduce__(self, /)")]
                fn reduce(cx: &Context, this: &Ref<$class>) -> PyResult<Value> {
                    this.0.reduce(cx, $forward, $take, $yielded)
                }
            }
        )*
    };
}

impl DictKeyIterator {
    /// The next key.
    ///
    /// # Errors
    /// RuntimeError when the dict has changed.
    #[inline(never)]
    pub(crate) fn next_key(&self, cx: &Context) -> PyResult<Option<Value>> {
        self.0.advance(cx, true, take_key)
    }
}

impl DictItemIterator {
    /// The next key and value.
    ///
    /// # Errors
    /// RuntimeError when the dict has changed.
    pub fn next_pair(&self, cx: &Context) -> PyResult<Option<(Value, Value)>> {
        self.0.advance(cx, true, Entry::pair)
    }
}

dict_iterators! {
    DictKeyIterator "dict_keyiterator" true take_key, yield_taken;
    DictValueIterator "dict_valueiterator" true take_value, yield_taken;
    DictItemIterator "dict_itemiterator" true Entry::pair, yield_item;
    DictReverseKeyIterator "dict_reversekeyiterator" false take_key, yield_taken;
    DictReverseValueIterator "dict_reversevalueiterator" false take_value, yield_taken;
    DictReverseItemIterator "dict_reverseitemiterator" false Entry::pair, yield_item;
}

macro_rules! dict_views {
    ($($class:ident $name:tt $forward:ident $backward:ident $reversed_doc:tt $tables:tt;)*) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            #[pyclass(name = $name, flags(DISALLOW_INSTANTIATION))]
            pub struct $class {
                dict: Ref<Dict>,
            }

            impl Traverse for $class {
                fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                    visit(self.dict.as_value());
                }
            }

            impl $class {
                /// The view of `dict`.
                ///
                /// # Errors
                /// MemoryError.
                pub fn of(cx: &Context, dict: &Ref<Dict>) -> PyResult<Value> {
                    object::new(cx, $class { dict: dict.clone() }).map(Ref::into_value)
                }

                /// The payload of a view of `dict`, for derived classes.
                pub fn payload(dict: &Ref<Dict>) -> $class {
                    $class { dict: dict.clone() }
                }

                /// The dict.
                pub fn dict(&self) -> &Ref<Dict> {
                    &self.dict
                }
            }

            #[pymethods $tables]
            impl $class {
                #[slot(repr)]
                fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
                    repr_view(cx, this)
                }

                #[slot(iter)]
                fn iter(cx: &Context, this: &Ref<$class>) -> PyResult<Value> {
                    $forward::over(cx, &this.dict)
                }

                #[slot(length)]
                fn length(_cx: &Context, this: &Ref<$class>) -> PyResult<usize> {
                    Ok(this.dict.len())
                }

                #[doc = $reversed_doc]
                #[method("__reversed__(self, /)")]
                fn reversed(cx: &Context, this: &Ref<$class>) -> PyResult<Value> {
                    $backward::over(cx, &this.dict)
                }

                /// dictionary that this view refers to
                #[getter]
                fn mapping(cx: &Context, this: &Ref<$class>) -> PyResult<Ref<MappingProxy>> {
                    MappingProxy::new(cx, this.dict.to_value())
                }
            }
        )*
    };
}

dict_views! {
    DictKeys "dict_keys" DictKeyIterator DictReverseKeyIterator
        "Return a reverse iterator over the dict keys." (tables(KEYS_AS_SET));
    DictValues "dict_values" DictValueIterator DictReverseValueIterator
        "Return a reverse iterator over the dict values." ();
    DictItems "dict_items" DictItemIterator DictReverseItemIterator
        "Return a reverse iterator over the dict items." (tables(ITEMS_AS_SET));
}

fn repr_view(cx: &Context, view: &Value) -> PyResult<Value> {
    let Some(_guard) = ReprGuard::enter(cx, view) else {
        return Str::from_str(cx, "...").map(Ref::into_value);
    };
    let items = List::from_values(cx, iterate::collect(cx, view)?)?;
    let mut text = StrBuilder::new();
    text.push_text(&view.type_name());
    text.push_text("(");
    text.push_str(&*text::repr(cx, items.as_value())?);
    text.push_text(")");
    text.finish_value(cx)
}

/// Whether the value is a view that is like a set.
fn is_set_view(value: &Value) -> bool {
    value.downcast::<DictKeys>().is_some() || value.downcast::<DictItems>().is_some()
}

/// Whether `other` has all of `view`'s items.
fn all_in(cx: &Context, view: &Value, other: &Value) -> PyResult<bool> {
    let iterator = iterate::iter_snapshot(cx, view)?;
    while let Some(item) = iterate::next(cx, &iterator)? {
        if !sequence::contains(cx, other, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare_views(
    cx: &Context,
    view: &Value,
    other: &Value,
    comparison: Comparison,
) -> PyResult<Value> {
    if any_set(other).is_none() && !is_set_view(other) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let own = sequence::length(cx, view)?;
    let others = sequence::length(cx, other)?;
    let answer = match comparison {
        Comparison::Equal => own == others && all_in(cx, view, other)?,
        Comparison::NotEqual => own != others || !all_in(cx, view, other)?,
        Comparison::Less => own < others && all_in(cx, view, other)?,
        Comparison::LessEqual => own <= others && all_in(cx, view, other)?,
        Comparison::Greater => own > others && all_in(cx, other, view)?,
        Comparison::GreaterEqual => own >= others && all_in(cx, other, view)?,
    };
    Ok(Value::from_bool(answer))
}

fn intersect(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
    // Operands come in their order in the source; the asked one is to be a view, the larger if both are.
    let (mut asked, mut listed) = if is_set_view(left) {
        (left, right)
    } else {
        (right, left)
    };
    if is_set_view(listed) && sequence::length(cx, listed)? > sequence::length(cx, asked)? {
        (asked, listed) = (listed, asked);
    }
    if any_set(listed)
        .is_some_and(|set| set.len() >= sequence::length(cx, asked).unwrap_or(usize::MAX))
        && listed.is_exact::<Set>()
    {
        // The set is asked, as it is the larger.
        (asked, listed) = (listed, asked);
    }
    let result = Set::new(cx)?;
    let iterator = iterate::iter_snapshot(cx, listed)?;
    while let Some(item) = iterate::next(cx, &iterator)? {
        if sequence::contains(cx, asked, &item)? {
            result.add(cx, &item)?;
        }
    }
    Ok(result.into_value())
}

/// The items of both operands' symmetric difference.
fn exclusive(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
    let result = Set::from_iterable(cx, left)?;
    let other = Set::from_iterable(cx, right)?;
    for item in other.to_vec() {
        if !result.discard(cx, &item)? {
            result.add(cx, &item)?;
        }
    }
    Ok(result.into_value())
}

fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
    let result = Set::from_iterable(cx, left)?;
    iterate::for_each(cx, right, |item| result.discard(cx, &item).map(|_| ()))?;
    Ok(result.into_value())
}

fn unite(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
    let result = Set::from_iterable(cx, left)?;
    result.update(cx, right)?;
    Ok(result.into_value())
}

fn is_disjoint(cx: &Context, view: &Value, other: &Value) -> PyResult<bool> {
    if view.is(other) {
        return Ok(sequence::length(cx, view)? == 0);
    }
    let (mut asked, mut listed) = (view, other);
    if (any_set(other).is_some() || is_set_view(other))
        && sequence::length(cx, other)? > sequence::length(cx, view)?
    {
        (asked, listed) = (listed, asked);
    }
    let iterator = iterate::iter_snapshot(cx, listed)?;
    while let Some(item) = iterate::next(cx, &iterator)? {
        if sequence::contains(cx, asked, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

macro_rules! set_like {
    ($class:ident, $table:ident) => {
        #[pymethods(table = $table)]
        impl $class {
            #[slot(compare)]
            fn compare(
                cx: &Context,
                this: &Value,
                other: &Value,
                comparison: Comparison,
            ) -> PyResult<Value> {
                compare_views(cx, this, other, comparison)
            }

            #[slot(and)]
            fn and(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                intersect(cx, left, right)
            }

            #[slot(or)]
            fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                unite(cx, left, right)
            }

            #[slot(xor)]
            fn xor(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                exclusive(cx, left, right)
            }

            #[slot(subtract)]
            fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
                subtract(cx, left, right)
            }

            /// Return True if the view and the given iterable have a null intersection.
            #[method("isdisjoint(self, object, /)")]
            fn isdisjoint(cx: &Context, this: &Value, object: &Value) -> PyResult<bool> {
                is_disjoint(cx, this, object)
            }

            #[slot(contains)]
            fn contains(cx: &Context, this: &Ref<$class>, item: &Value) -> PyResult<bool> {
                this.has(cx, item)
            }
        }
    };
}

set_like!(DictKeys, KEYS_AS_SET);
set_like!(DictItems, ITEMS_AS_SET);

impl DictKeys {
    fn has(&self, cx: &Context, key: &Value) -> PyResult<bool> {
        let hash = hash_key(cx, key)?;
        Ok(self.dict.get_with_hash(cx, key, hash)?.is_some())
    }
}

impl DictItems {
    fn has(&self, cx: &Context, item: &Value) -> PyResult<bool> {
        let Some([key, value]) = item.downcast::<Tuple>().map(|pair| pair.as_slice()) else {
            return Ok(false);
        };
        let hash = hash_key(cx, key)?;
        match self.dict.get_with_hash(cx, key, hash)? {
            Some(found) => compare::identical_or_equal(cx, &found, value),
            None => Ok(false),
        }
    }
}
