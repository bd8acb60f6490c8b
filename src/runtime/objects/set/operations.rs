//! Operations on two sets. Keys are taken from snapshots: comparing may run Python code that changes
//! either set.

use std::sync::atomic::Ordering;

use super::{AnySet, SetCore, any_set, room_for};
use crate::context::Context;
use crate::error::PyResult;
use crate::guarded::HeldValue;
use crate::objects::dict::Dict;
use crate::objects::set::{Set, hash_key};
use crate::protocols::{hash, iterate};
use crate::slots::Comparison;
use crate::value::Value;

impl AnySet<'_> {
    /// A core with the same keys.
    pub(super) fn copy(self, cx: &Context) -> PyResult<SetCore> {
        let held = HeldValue::lock(self.owner);
        // SAFETY: the lock is held.
        let Some(table) = (unsafe { self.core.table() }).filter(|_| !self.is_empty()) else {
            return Ok(SetCore::empty());
        };
        let Some(copy) = table.copy(room_for(self.len()), self.len()) else {
            drop(held);
            return Err(cx.no_memory());
        };
        let core = SetCore::empty();
        core.used.store(self.len(), Ordering::Relaxed);
        core.table.store(copy.as_ptr(), Ordering::Relaxed);
        Ok(core)
    }

    /// `self |= iterable`.
    pub(super) fn update(self, cx: &Context, iterable: &Value) -> PyResult<()> {
        if let Some(other) = any_set(iterable) {
            if other.owner().is(self.owner()) {
                return Ok(());
            }
            if self.is_empty() {
                let core = other.copy(cx)?;
                return self.take_over(cx, core);
            }
            let entries = other.entries();
            self.reserve(entries.len());
            let inserted = self.insert_simple(&entries);
            for (key, hash) in &entries[inserted..] {
                self.insert(cx, key, *hash)?;
            }
            return Ok(());
        }
        if let Some(dict) = iterable.downcast_exact::<Dict>() {
            let entries = dict.entries_snapshot();
            self.reserve(entries.len());
            for (key, _, hash) in entries {
                self.insert(cx, &key, hash)?;
            }
            return Ok(());
        }
        if iterate::is_plain_sequence(iterable) {
            let keys = iterate::collect(cx, iterable)?;
            return self.add_all(cx, &keys);
        }
        iterate::for_each(cx, iterable, |key| self.add(cx, &key).map(|_| ()))
    }

    /// Adds `keys`: as many as can be under one lock, and the others one by one.
    fn add_all(self, cx: &Context, keys: &[Value]) -> PyResult<()> {
        let with_hash = |key: &Value| Some((key.clone(), hash::of_plain(key)?));
        let entries: Vec<(Value, i64)> = keys.iter().map_while(with_hash).collect();
        if let Some((first, hash)) = entries.first() {
            // There is a table then.
            self.insert(cx, first, *hash)?;
        }
        let inserted = self.insert_simple(&entries);
        for (key, hash) in &entries[inserted..] {
            self.insert(cx, key, *hash)?;
        }
        keys[entries.len()..]
            .iter()
            .try_for_each(|key| self.add(cx, key).map(|_| ()))
    }

    /// Adds the keys of `core`, which nobody else knows, to this set, which was empty a moment ago.
    fn take_over(self, cx: &Context, core: SetCore) -> PyResult<()> {
        let old = self.replace(core);
        if old.is_empty() {
            return Ok(());
        }
        // Another thread has added keys meanwhile.
        let other = Set::from_core(cx, old)?;
        for (key, hash) in other.any().entries() {
            self.insert(cx, &key, hash)?;
        }
        Ok(())
    }

    /// The keys that are in `iterable` as well.
    pub(super) fn intersection(self, cx: &Context, iterable: &Value) -> PyResult<SetCore> {
        let mut common = Vec::new();
        if let Some(other) = any_set(iterable) {
            if other.owner().is(self.owner()) {
                return self.copy(cx);
            }
            let (asked, listed) = if other.len() > self.len() {
                (other, self)
            } else {
                (self, other)
            };
            for (key, hash) in listed.entries() {
                if asked.contains_with_hash(cx, &key, hash)? {
                    common.push((key, hash));
                }
            }
            return SetCore::of_distinct(cx, common);
        }
        let result = Set::new(cx)?;
        iterate::for_each(cx, iterable, |key| {
            let hash = hash_key(cx, &key)?;
            if self.contains_with_hash(cx, &key, hash)? {
                result.any().insert(cx, &key, hash)?;
            }
            Ok(())
        })?;
        Ok(result.any().replace(SetCore::empty()))
    }

    /// The keys that are in all of `others` as well.
    pub(super) fn intersection_of_all(self, cx: &Context, others: &[Value]) -> PyResult<SetCore> {
        let [first, rest @ ..] = others else {
            return self.copy(cx);
        };
        let mut result = self.intersection(cx, first)?;
        for other in rest {
            let set = Set::from_core(cx, result)?;
            result = set.any().intersection(cx, other)?;
        }
        Ok(result)
    }

    /// The keys that are not in `iterable`.
    pub(super) fn difference(self, cx: &Context, iterable: &Value) -> PyResult<SetCore> {
        let mut rest = Vec::new();
        if let Some(other) = any_set(iterable) {
            for (key, hash) in self.entries() {
                if !other.contains_with_hash(cx, &key, hash)? {
                    rest.push((key, hash));
                }
            }
            return SetCore::of_distinct(cx, rest);
        }
        if let Some(dict) = iterable.downcast_exact::<Dict>() {
            for (key, hash) in self.entries() {
                if dict.get_with_hash(cx, &key, hash)?.is_none() {
                    rest.push((key, hash));
                }
            }
            return SetCore::of_distinct(cx, rest);
        }
        let result = Set::from_core(cx, self.copy(cx)?)?;
        result.any().difference_update(cx, iterable)?;
        Ok(result.any().replace(SetCore::empty()))
    }

    /// The keys that are in none of `others`.
    pub(super) fn difference_of_all(self, cx: &Context, others: &[Value]) -> PyResult<SetCore> {
        let [first, rest @ ..] = others else {
            return self.copy(cx);
        };
        let mut result = self.difference(cx, first)?;
        for other in rest {
            let set = Set::from_core(cx, result)?;
            set.any().difference_update(cx, other)?;
            result = set.any().replace(SetCore::empty());
        }
        Ok(result)
    }

    /// `self -= iterable`.
    pub(super) fn difference_update(self, cx: &Context, iterable: &Value) -> PyResult<()> {
        if let Some(other) = any_set(iterable) {
            if other.owner().is(self.owner()) {
                drop(self.replace(SetCore::empty()));
                return Ok(());
            }
            // The smaller one is gone through.
            if other.len() / 8 > self.len() {
                for (key, hash) in self.entries() {
                    if other.contains_with_hash(cx, &key, hash)? {
                        drop(self.remove_with_hash(cx, &key, hash)?);
                    }
                }
            } else {
                for (key, hash) in other.entries() {
                    drop(self.remove_with_hash(cx, &key, hash)?);
                }
            }
        } else {
            iterate::for_each(cx, iterable, |key| {
                let hash = hash_key(cx, &key)?;
                drop(self.remove_with_hash(cx, &key, hash)?);
                Ok(())
            })?;
        }
        self.compact();
        Ok(())
    }

    /// The keys that are in one of both only.
    pub(super) fn symmetric_difference(self, cx: &Context, iterable: &Value) -> PyResult<SetCore> {
        let result = Set::from_iterable(cx, iterable)?;
        result.any().toggle(cx, self.entries())?;
        Ok(result.any().replace(SetCore::empty()))
    }

    /// `self ^= iterable`.
    pub(super) fn symmetric_difference_update(
        self,
        cx: &Context,
        iterable: &Value,
    ) -> PyResult<()> {
        if self.owner().is(iterable) {
            drop(self.replace(SetCore::empty()));
            return Ok(());
        }
        let entries = match any_set(iterable) {
            Some(other) => other.entries(),
            None => match iterable.downcast_exact::<Dict>() {
                Some(dict) => dict
                    .entries_snapshot()
                    .into_iter()
                    .map(|(key, _, hash)| (key, hash))
                    .collect(),
                None => Set::from_iterable(cx, iterable)?.any().entries(),
            },
        };
        self.toggle(cx, entries)
    }

    /// Takes out those of `entries` that are in the set, and adds the others.
    fn toggle(self, cx: &Context, entries: Vec<(Value, i64)>) -> PyResult<()> {
        for (key, hash) in entries {
            if self.remove_with_hash(cx, &key, hash)?.is_none() {
                self.insert(cx, &key, hash)?;
            }
        }
        Ok(())
    }

    /// Whether all keys are in `other`.
    pub(super) fn is_subset_of(self, cx: &Context, other: AnySet<'_>) -> PyResult<bool> {
        if self.len() > other.len() {
            return Ok(false);
        }
        for (key, hash) in self.entries() {
            if !other.contains_with_hash(cx, &key, hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether no key is in `iterable`.
    pub(super) fn is_disjoint(self, cx: &Context, iterable: &Value) -> PyResult<bool> {
        if let Some(other) = any_set(iterable) {
            if other.owner().is(self.owner()) {
                return Ok(self.is_empty());
            }
            let (asked, listed) = if other.len() > self.len() {
                (other, self)
            } else {
                (self, other)
            };
            for (key, hash) in listed.entries() {
                if asked.contains_with_hash(cx, &key, hash)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let iterator = iterate::iter_snapshot(cx, iterable)?;
        while let Some(key) = iterate::next(cx, &iterator)? {
            let hash = hash_key(cx, &key)?;
            if self.contains_with_hash(cx, &key, hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The comparison operators: inclusion.
    pub(super) fn compare(
        self,
        cx: &Context,
        other: AnySet<'_>,
        comparison: Comparison,
    ) -> PyResult<bool> {
        Ok(match comparison {
            Comparison::Equal => self.len() == other.len() && self.is_subset_of(cx, other)?,
            Comparison::NotEqual => self.len() != other.len() || !self.is_subset_of(cx, other)?,
            Comparison::LessEqual => self.is_subset_of(cx, other)?,
            Comparison::GreaterEqual => other.is_subset_of(cx, self)?,
            Comparison::Less => self.len() < other.len() && self.is_subset_of(cx, other)?,
            Comparison::Greater => other.len() < self.len() && other.is_subset_of(cx, self)?,
        })
    }
}
