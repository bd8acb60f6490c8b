//! Adding keys to a set and removing them, one at a time, with the set's lock.
//!
//! A change looks its key up first. Where comparing may run Python code that is done without the lock, and
//! what was found holds only as long as the version is the same.

use std::ptr;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use super::table::SetTable;
use super::{AnySet, SetCore, hash_for_search, hash_key, is_plain, plain_equal};
use crate::context::Context;
use crate::error::PyResult;
use crate::guarded::HeldValue;
use crate::objects::shared_word::SharedWord;
use crate::value::Value;

impl<'a> AnySet<'a> {
    /// Adds `key`. True when it was not there.
    ///
    /// # Errors
    /// MemoryError, and what comparing keys raises.
    pub(super) fn insert(self, cx: &Context, key: &Value, hash: i64) -> PyResult<bool> {
        let plain = is_plain(key);
        loop {
            // SAFETY: used at once.
            let simple =
                plain && unsafe { self.core.table() }.is_none_or(SetTable::has_simple_keys);
            let found = if simple {
                None
            } else {
                Some(self.look_up(cx, key, hash)?)
            };
            let held = HeldValue::lock(self.owner);
            // SAFETY: the lock is held.
            let table = unsafe { self.core.table() };
            match (found, table) {
                (Some(found), _) if self.core.version() != found.version => continue,
                (Some(found), _) if found.slot.is_some() => return Ok(false),
                (Some(_), _) | (None, None) => {}
                (None, Some(table)) if !table.has_simple_keys() => continue,
                (None, Some(table)) => {
                    let matches =
                        |word: &SharedWord| word.look(|own| plain_equal(own, key)).unwrap_or(false);
                    match table.find_or_place(hash, matches) {
                        Ok(_) => return Ok(false),
                        Err(place) if table.has_room() => {
                            table.put_at(place, hash, key.clone());
                            self.core.changed(1);
                            if table.is_crowded(0) {
                                // As below.
                                let _ = self.resize(growth(self.len()));
                            }
                            return Ok(true);
                        }
                        Err(_) => {}
                    }
                }
            }
            let table = match table {
                Some(table) if table.has_room() => Some(table),
                _ => self.resize(0),
            };
            let Some(table) = table.filter(|table| table.has_room()) else {
                drop(held);
                return Err(cx.no_memory());
            };
            table.append(hash, key.clone(), plain);
            self.core.changed(1);
            if table.is_crowded(0) {
                // Without memory for a larger table this one serves until it is full.
                let _ = self.resize(growth(self.len()));
            }
            return Ok(true);
        }
    }

    /// Adds keys as long as that takes no Python code, under one lock. Answers how many of them are in the set
    /// now, up to the first that has to be [inserted](AnySet::insert).
    pub(super) fn insert_simple(self, entries: &[(Value, i64)]) -> usize {
        let _held = HeldValue::lock(self.owner);
        for (index, (key, hash)) in entries.iter().enumerate() {
            // SAFETY: the lock is held.
            let table = unsafe { self.core.table() };
            let Some(table) = table.filter(|table| table.has_simple_keys() && is_plain(key)) else {
                return index;
            };
            let matches =
                |word: &SharedWord| word.look(|own| plain_equal(own, key)).unwrap_or(false);
            let Err(place) = table.find_or_place(*hash, matches) else {
                continue;
            };
            if !table.has_room() {
                return index;
            }
            table.put_at(place, *hash, key.clone());
            self.core.changed(1);
            if table.is_crowded(0) {
                // As in `insert`.
                let _ = self.resize(growth(self.len()));
            }
        }
        entries.len()
    }

    /// Moves the keys to a table with more than `wanted` entries, under the lock.
    pub(super) fn resize(self, wanted: usize) -> Option<&'a SetTable> {
        let new = SetTable::allocate(wanted.max(self.len() + 1))?;
        // SAFETY: just made; the set holds it for as long as it is not replaced, which takes the lock.
        let new_table = unsafe { new.as_ref() };
        let old = NonNull::new(self.core.table.load(Ordering::Relaxed));
        if let Some(old) = old {
            // SAFETY: the lock is held.
            unsafe { old.as_ref() }.move_into(new_table);
        }
        self.core.table.store(new.as_ptr(), Ordering::Release);
        self.core.changed(0);
        if let Some(old) = old {
            // SAFETY: new readers find the new table.
            unsafe { SetTable::retire(old) };
        }
        Some(new_table)
    }

    /// Makes room for `more` keys at once.
    pub(super) fn reserve(self, more: usize) {
        let _held = HeldValue::lock(self.owner);
        // SAFETY: the lock is held.
        let crowded = match unsafe { self.core.table() } {
            Some(table) => table.is_crowded(more),
            None => more.saturating_mul(5) >= 7 * 3,
        };
        if crowded {
            // Only ahead of time: when memory is out, inserting will tell.
            let _ = self.resize((self.len() + more).saturating_mul(2));
        }
    }

    /// Adds `key`. True when it was not there.
    ///
    /// # Errors
    /// TypeError for an unhashable key, MemoryError, and what hashing and comparing raises.
    #[inline]
    pub(super) fn add(self, cx: &Context, key: &Value) -> PyResult<bool> {
        let hash = hash_key(cx, key)?;
        self.insert(cx, key, hash)
    }

    /// Takes out the key that equals `key`.
    pub(super) fn remove_with_hash(
        self,
        cx: &Context,
        key: &Value,
        hash: i64,
    ) -> PyResult<Option<Value>> {
        loop {
            let found = self.look_up(cx, key, hash)?;
            let Some(slot) = found.slot else {
                return Ok(None);
            };
            let held = HeldValue::lock(self.owner);
            if self.core.version() != found.version {
                continue;
            }
            // SAFETY: the lock is held, and the version says that the entry still is the one found.
            let Some(table) = (unsafe { self.core.table() }) else {
                continue;
            };
            let own = table.remove(slot);
            self.core.changed(-1);
            drop(held);
            return Ok(Some(own));
        }
    }

    /// Takes out the key that equals `key`. A set is looked up as the frozenset of its keys.
    pub(super) fn discard(self, cx: &Context, key: &Value) -> PyResult<bool> {
        let hash = hash_for_search(cx, key)?;
        Ok(self.remove_with_hash(cx, key, hash)?.is_some())
    }

    /// Takes out some key.
    pub(super) fn pop(self) -> Option<Value> {
        let _held = HeldValue::lock(self.owner);
        if self.is_empty() {
            return None;
        }
        // SAFETY: the lock is held.
        let table = unsafe { self.core.table() }?;
        let mut slot = self.core.finger.load(Ordering::Relaxed) % table.capacity();
        while table.entry(slot).key().is_none() {
            slot = (slot + 1) % table.capacity();
        }
        self.core.finger.store(slot + 1, Ordering::Relaxed);
        self.core.changed(-1);
        Some(table.remove(slot))
    }

    /// Takes out all keys, puts in those of `new`, and returns the old ones.
    pub(super) fn replace(self, new: SetCore) -> SetCore {
        let _held = HeldValue::lock(self.owner);
        let old = SetCore::empty();
        old.table.store(
            self.core.table.swap(
                new.table.swap(ptr::null_mut(), Ordering::Relaxed),
                Ordering::AcqRel,
            ),
            Ordering::Relaxed,
        );
        old.used.store(
            self.core
                .used
                .swap(new.used.load(Ordering::Relaxed), Ordering::AcqRel),
            Ordering::Relaxed,
        );
        self.core.changed(0);
        old
    }

    /// Gives memory back after many keys were removed.
    pub(super) fn compact(self) {
        let _held = HeldValue::lock(self.owner);
        // SAFETY: the lock is held.
        if let Some(table) = unsafe { self.core.table() }
            && table.fill() - self.len() > table.capacity() / 5
        {
            // Without memory the table stays as it is.
            let _ = self.resize(growth(self.len()));
        }
    }
}

/// How many entries a table is to have that has become too small for `used` keys.
fn growth(used: usize) -> usize {
    if used > 50_000 { used * 2 } else { used * 4 }
}
