//! Look-up and change. See the module's header for the protocol.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use typhon_sync::Header;

use super::Dict;
use super::table::{Entry, FIRST_ENTRIES, Table};
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::PyResult;
use crate::field::Field;
use crate::guarded::HeldValue;
use crate::object::Ref;
use crate::objects::dict::methods::hash_key;
use crate::objects::str_::{Name, Str};
use crate::protocols::{compare, hash};
use crate::value::Value;
use crate::vm::uncounted;

/// Where an iteration stands: entries before it were visited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position(pub usize);

/// What a look-up found: the entry, and the version it is valid for.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) index: Option<usize>,
    pub(super) version: u32,
}

/// A key that is compared without running Python code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Text,
    SmallInt,
    Other,
}

#[inline]
fn kind_of(key: &Value) -> KeyKind {
    if key.is_exact::<Str>() {
        KeyKind::Text
    } else if key.is_small_int() {
        KeyKind::SmallInt
    } else {
        KeyKind::Other
    }
}

/// Whether the entry's key is the plain key `key`. The entry's key is plain too.
#[inline(always)]
fn plain_match(entry: &Entry, key: &Value, lock: &Header, locked: bool) -> bool {
    let bits = entry.key.peek_bits();
    if bits == key.bits() {
        return true;
    }
    if bits == 0 || bits & 7 != 0 || key.is_small_int() {
        return false;
    }
    let Some(text) = key.downcast_exact::<Str>() else {
        return false;
    };
    let other = if locked {
        // SAFETY: the lock is held, so the entry keeps its key; `ManuallyDrop` leaves the count alone.
        let other = ManuallyDrop::new(unsafe { Value::from_bits(bits) });
        return texts_match(text, &other);
    } else {
        let seen = entry.key.look(|other| Some(texts_match(text, other)));
        if let Some(equal) = seen {
            return equal;
        }
        entry.key.get_with(lock)
    };
    other.is_some_and(|other| texts_match(text, &other))
}

/// The entry of `key`, if it can be told without running Python code whether the keys that may have its hash
/// are equal to it; and, unless the lock is held, without counting a key that another thread might free.
#[inline]
fn find_decided(table: &Table, key: &Value, hash: i64, locked: bool) -> Option<Option<usize>> {
    let mut decided = true;
    let index = table.find(hash, |_, entry| {
        let bits = entry.key.peek_bits();
        if bits == key.bits() {
            return true;
        }
        let equal = if locked {
            // SAFETY: as in `plain_match`. What the index leads to under the lock is a key.
            compare::keys_equal(&ManuallyDrop::new(unsafe { Value::from_bits(bits) }), key)
        } else {
            entry.key.look(|other| compare::keys_equal(other, key))
        };
        equal.unwrap_or_else(|| {
            decided = false;
            true
        })
    });
    decided.then_some(index)
}

/// Whether `other` is the same text.
#[inline(always)]
fn texts_match(text: &Ref<Str>, other: &Value) -> bool {
    // Two interned strings that are not one object differ.
    other
        .downcast_exact::<Str>()
        .is_some_and(|other| !(text.is_interned() && other.is_interned()) && text.equals_str(other))
}

impl Ref<Dict> {
    /// Looks `key` up without a lock. May run Python code (`__eq__`).
    pub(super) fn look_up(&self, cx: &Context, key: &Value, hash: i64) -> PyResult<Found> {
        let simple = kind_of(key) != KeyKind::Other;
        loop {
            let version = self.version();
            // SAFETY: used before the next safepoint.
            let Some(table) = (unsafe { self.table() }) else {
                return Ok(Found {
                    index: None,
                    version,
                });
            };
            let index = if simple && table.has_simple_keys() {
                let lock = self.header();
                table.find(hash, |_, entry| plain_match(entry, key, lock, false))
            } else if let Some(decided) = find_decided(table, key, hash, false) {
                decided
            } else {
                return self.look_up_asking(cx, key, hash);
            };
            if self.version() == version {
                return Ok(Found { index, version });
            }
        }
    }

    /// [`Ref::look_up`] where keys have to be asked whether they are equal to this one.
    #[inline(never)]
    fn look_up_asking(&self, cx: &Context, key: &Value, hash: i64) -> PyResult<Found> {
        let mut rejected = Vec::new();
        loop {
            let version = self.version();
            // SAFETY: used up to the next call of Python code, after which the version is checked.
            let Some(table) = (unsafe { self.table() }) else {
                return Ok(Found {
                    index: None,
                    version,
                });
            };
            if let Some(found) =
                self.look_up_general(cx, table, (key, hash), version, &mut rejected)?
            {
                return Ok(found);
            }
        }
    }

    /// `None` when the dict changed while keys were compared. `rejected` are keys that are not equal to
    /// this one: they are not asked again, for what they do when they are asked may be to change the dict.
    fn look_up_general(
        &self,
        cx: &Context,
        table: &Table,
        (key, hash): (&Value, i64),
        version: u32,
        rejected: &mut Vec<Value>,
    ) -> PyResult<Option<Found>> {
        // Candidates are collected first: comparing may run Python code, after which the table may
        // be gone.
        let mut candidates: Vec<(usize, Value)> = Vec::new();
        let lock = self.header();
        let identical = table.find(hash, |index, entry| {
            if entry.key.peek_bits() == key.bits() {
                return true;
            }
            // A plain table does not look at all of the hash.
            let seen = entry.key.look(|other| {
                if table.hash_of(index, other) == hash {
                    compare::keys_equal(other, key)
                } else {
                    Some(false)
                }
            });
            if let Some(equal) = seen {
                return equal;
            }
            let Some(other) = entry.key.get_with(lock) else {
                return false;
            };
            if table.hash_of(index, &other) != hash {
                return false;
            }
            match compare::keys_equal(&other, key) {
                Some(equal) => equal,
                None => {
                    if !rejected.iter().any(|known| known.is(&other)) {
                        candidates.push((index, other));
                    }
                    false
                }
            }
        });
        if self.version() != version {
            return Ok(None);
        }
        for (index, other) in candidates {
            if identical.is_some_and(|identical| identical == index) {
                break;
            }
            let equal = compare::equal(cx, &other, key)?;
            let now = self.version();
            if equal && (now == version || self.has_key_at(index, &other)) {
                return Ok(Some(Found {
                    index: Some(index),
                    version: now,
                }));
            }
            if !equal {
                rejected.push(other);
            }
            if now != version {
                return Ok(None);
            }
        }
        Ok(Some(Found {
            index: identical,
            version,
        }))
    }

    /// Whether the key of the entry `index` is `key`.
    fn has_key_at(&self, index: usize, key: &Value) -> bool {
        // SAFETY: used at once.
        unsafe { self.table() }.is_some_and(|table| {
            index < table.length() && table.entry(index).key.peek_bits() == key.bits()
        })
    }

    /// The value of `key`, whose hash is `hash`.
    ///
    /// # Errors
    /// What comparing keys raises.
    pub fn get_with_hash(&self, cx: &Context, key: &Value, hash: i64) -> PyResult<Option<Value>> {
        if kind_of(key) != KeyKind::Other
            && let Some(result) = self.get_if_simple(key, hash)
        {
            return Ok(result);
        }
        // SAFETY: used before the next safepoint.
        if let Some(table) = unsafe { self.table() }
            && let Some(index) = find_decided(table, key, hash, false)
        {
            let lock = self.header();
            let found = index.and_then(|index| table.entry(index).value.get_with(lock));
            if self.is_current(table) {
                return Ok(found);
            }
        }
        loop {
            let found = self.look_up(cx, key, hash)?;
            let Some(index) = found.index else {
                return Ok(None);
            };
            // SAFETY: used before the next safepoint.
            let Some(table) = (unsafe { self.table() }) else {
                continue;
            };
            if table.length() > index
                && let Some(value) = table.entry(index).value.get_with(self.header())
                && self.version() == found.version
            {
                return Ok(Some(value));
            }
            if self.version() == found.version {
                return Ok(None);
            }
        }
    }

    /// `self.get(key)`.
    ///
    /// # Errors
    /// TypeError for an unhashable key, and what hashing and comparing raises.
    #[inline]
    pub fn get_item(&self, cx: &Context, key: &Value) -> PyResult<Option<Value>> {
        let hash = hash_key(cx, key)?;
        self.get_with_hash(cx, key, hash)
    }

    /// The value of a name.
    ///
    /// # Errors
    /// What comparing raises, when there are keys that are not plain.
    #[inline]
    pub fn get_name(&self, cx: &Context, name: Name) -> PyResult<Option<Value>> {
        if let Some(result) = self.get_name_if_simple(name) {
            return Ok(result);
        }
        self.get_with_hash(cx, name.as_value(), name.hash())
    }

    /// [`Ref::get_name`] for dicts whose keys are plain; `None` when they are not.
    #[inline]
    pub(crate) fn get_name_if_simple(&self, name: Name) -> Option<Option<Value>> {
        self.get_if_simple(name.as_value(), name.hash())
    }

    /// The value of a string or small int, whose hash is `hash`, in a dict whose keys are such; `None` when
    /// they are not.
    #[inline]
    fn get_if_simple(&self, key: &Value, hash: i64) -> Option<Option<Value>> {
        let lock = self.header();
        self.find_if_simple(key, hash, |entry| entry.value.get_with(lock))
    }

    /// What `take` finds in the entry of a string or small int, whose hash is `hash`, in a dict whose keys are
    /// such; `None` when they are not.
    #[inline(always)]
    fn find_if_simple<T>(
        &self,
        key: &Value,
        hash: i64,
        take: impl Fn(&Entry) -> Option<T>,
    ) -> Option<Option<T>> {
        let lock = self.header();
        loop {
            // SAFETY: used before the next safepoint.
            let Some(table) = (unsafe { self.table() }) else {
                return Some(None);
            };
            if !table.has_simple_keys() {
                return None;
            }
            let found = table
                .find(hash, |_, entry| plain_match(entry, key, lock, false))
                .and_then(|index| take(table.entry(index)));
            if self.is_current(table) {
                return Some(found);
            }
        }
    }

    /// `key in self`, if that can be told without running Python code.
    #[inline(never)]
    pub(crate) fn has_plain(&self, key: &Value) -> Option<bool> {
        let hash = hash::of_plain(key)?;
        let is_there = |entry: &Entry| (!entry.value.is_empty()).then_some(());
        self.find_if_simple(key, hash, is_there)
            .map(|found| found.is_some())
    }

    /// Whether there is a key that is equal to `key`, whose hash is `hash`.
    ///
    /// # Errors
    /// What comparing keys raises.
    pub fn has_with_hash(&self, cx: &Context, key: &Value, hash: i64) -> PyResult<bool> {
        Ok(self.look_up(cx, key, hash)?.index.is_some())
    }

    /// The value of a string or small int that is there, if that can be told without running Python code.
    pub(crate) fn get_plain(&self, key: &Value) -> Option<Value> {
        self.get_if_simple(key, hash::of_plain(key)?)?
    }

    /// Whether `table` still is the dict's. A reader asks this after it took a count of what it found:
    /// a table that was replaced keeps the addresses of values that may have been freed since.
    #[inline(always)]
    fn is_current(&self, table: &Table) -> bool {
        std::ptr::eq(self.table.load(Ordering::Acquire), table)
    }

    /// The value of a name, in a dict whose keys are names: that of a class.
    #[inline]
    pub fn get_name_plain(&self, cx: &Context, name: Name) -> Option<Value> {
        match self.get_name_if_simple(name) {
            Some(result) => result,
            None => self
                .get_with_hash(cx, name.as_value(), name.hash())
                .unwrap_or_else(|_| {
                    cx.clear_exception();
                    None
                }),
        }
    }

    /// Where a name is, for an inline cache: see [`Ref::get_at`].
    pub fn find_name(&self, name: Name) -> Option<usize> {
        // SAFETY: used before the next safepoint.
        let table = unsafe { self.table() }?;
        table.find(name.hash(), |_, entry| {
            entry.key.peek_bits() == name.as_value().bits()
        })
    }

    /// Entry `index` and its table, if that entry's key is `name`. Used before the next safepoint.
    #[inline(always)]
    fn entry_named(&self, index: usize, name: Name) -> Option<(&Table, &Entry)> {
        // SAFETY: by the callers, who keep no reference to it.
        let table = unsafe { self.table() }?;
        if index >= table.length() {
            return None;
        }
        let entry = table.entry(index);
        (entry.key.peek_bits() == name.address() as u64).then_some((table, entry))
    }

    /// The value of entry `index` if that entry's key is `name`.
    #[inline(always)]
    pub fn get_at(&self, index: usize, name: Name) -> Option<Value> {
        let (table, entry) = self.entry_named(index, name)?;
        let value = entry.value.get_with(self.header());
        value.filter(|_| self.is_current(table))
    }

    /// [`Ref::get_at`] as a word for the place of a callable on the operand stack
    /// (`vm/uncounted.rs`).
    #[inline(always)]
    pub(crate) fn operand_at(&self, index: usize, name: Name) -> Option<u64> {
        let (table, entry) = self.entry_named(index, name)?;
        let word = entry.value.operand(self.header())?;
        if self.is_current(table) {
            return Some(word);
        }
        // SAFETY: the word was just made.
        unsafe { uncounted::give_back(word) };
        None
    }

    /// Looks at the value of entry `index`, if that entry's key is `name`, without counting it; `None`
    /// when another thread could free it meanwhile. `look` must not let go of anything.
    #[inline(always)]
    pub(crate) fn with_entry<R>(
        &self,
        index: usize,
        name: Name,
        look: impl FnOnce(&Value) -> Option<R>,
    ) -> Option<R> {
        self.entry_named(index, name)?.1.value.look(look)
    }

    /// Makes room for one more entry, with a plain key or another one, under the lock; entries move to a
    /// new table when needed. `None` when memory is out.
    pub(super) fn table_with_room(&self, simple: bool) -> Option<&Table> {
        // SAFETY: the lock is held, so the table stays.
        let old = unsafe { self.table() };
        if let Some(table) = old
            && table.has_room(simple)
        {
            return Some(table);
        }
        // Room for twice as many, which is the next size for a table that is full.
        let count = old.map_or(0, Table::live) * 2;
        let plain = simple && old.is_none_or(Table::has_simple_keys);
        let new = Table::allocate(count.max(FIRST_ENTRIES), plain)?;
        // SAFETY: just made.
        let new_table = unsafe { new.as_ref() };
        if let Some(old) = old {
            old.copy_into(new_table);
        }
        self.publish(new, old);
        Some(new_table)
    }

    /// Puts the table `new` in the place of `old`, whose entries it has, under the lock.
    pub(super) fn publish(&self, new: NonNull<Table>, old: Option<&Table>) {
        self.table.store(new.as_ptr(), Ordering::Release);
        self.bump_version();
        if let Some(old) = old {
            old.forget_entries();
            // SAFETY: new readers find the new table.
            unsafe { Table::retire(NonNull::from(old), self.header().is_exclusive()) };
        }
    }

    #[inline]
    pub(super) fn bump_version(&self) {
        // Under the lock. Release: a reader that sees the version sees the change.
        self.version.store(
            self.version.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Release,
        );
    }

    /// Makes room for `count` keys in all, if there is no table yet.
    ///
    /// # Errors
    /// MemoryError.
    pub fn reserve(&self, cx: &Context, count: usize) -> PyResult<()> {
        self.reserve_for(cx, count, true)
    }

    /// [`Ref::reserve`] for keys that are all plain, or not.
    fn reserve_for(&self, cx: &Context, count: usize, plain: bool) -> PyResult<()> {
        let held = HeldValue::lock(self.as_value());
        // SAFETY: the lock is held.
        if unsafe { self.table() }.is_none() && count > 0 {
            let Some(new) = Table::allocate(count, plain) else {
                drop(held);
                return Err(cx.no_memory());
            };
            self.table.store(new.as_ptr(), Ordering::Release);
        }
        Ok(())
    }

    /// `self[key] = value`, with the key's hash. Returns the old value.
    ///
    /// # Errors
    /// MemoryError, and what comparing keys raises.
    pub fn insert_with_hash(
        &self,
        cx: &Context,
        key: &Value,
        hash: i64,
        value: Value,
    ) -> PyResult<Option<Value>> {
        let simple = kind_of(key) != KeyKind::Other;
        let mut value = Some(value);
        let mut asked: Option<Found> = None;
        loop {
            let held = HeldValue::lock(self.as_value());
            // SAFETY: the lock is held.
            let table = unsafe { self.table() };
            let decided = match (table, asked.take()) {
                (None, _) => Some(None),
                (_, Some(found)) if found.version == self.version() => Some(found.index),
                (Some(table), _) if simple && table.has_simple_keys() => {
                    let lock = self.header();
                    Some(table.find(hash, |_, entry| plain_match(entry, key, lock, true)))
                }
                (Some(table), _) => find_decided(table, key, hash, true),
            };
            let Some(index) = decided else {
                drop(held);
                asked = Some(self.look_up_asking(cx, key, hash)?);
                continue;
            };
            if let (Some(table), Some(index)) = (table, index) {
                let old = table.entry(index).value.replace_locked(value.take());
                drop(held);
                return Ok(old);
            }
            let Some(table) = self.table_with_room(simple) else {
                drop(held);
                return Err(cx.no_memory());
            };
            let value = value.take().expect("invariant: taken once");
            table.append(hash, key.clone(), value);
            self.bump_version();
            return Ok(None);
        }
    }

    /// `self[key] = value`.
    ///
    /// # Errors
    /// TypeError for an unhashable key, MemoryError, and what hashing and comparing raises.
    #[inline]
    pub fn set_item(&self, cx: &Context, key: &Value, value: Value) -> PyResult<()> {
        let hash = hash_key(cx, key)?;
        drop(self.insert_with_hash(cx, key, hash, value)?);
        Ok(())
    }

    /// `self[name] = value`.
    ///
    /// # Errors
    /// As [`Ref::set_item`].
    #[inline]
    pub fn set_name(&self, cx: &Context, name: Name, value: Value) -> PyResult<()> {
        drop(self.insert_with_hash(cx, name.as_value(), name.hash(), value)?);
        Ok(())
    }

    /// `self.setdefault(key, value)`: the value that is there afterwards.
    ///
    /// # Errors
    /// As [`Ref::set_item`].
    pub fn set_default(&self, cx: &Context, key: &Value, value: &Value) -> PyResult<Value> {
        let hash = hash_key(cx, key)?;
        let simple = kind_of(key) != KeyKind::Other;
        loop {
            let found = self.look_up(cx, key, hash)?;
            let held = HeldValue::lock(self.as_value());
            if self.version() != found.version {
                continue;
            }
            // SAFETY: the lock is held.
            if let (Some(index), Some(table)) = (found.index, unsafe { self.table() }) {
                drop(held);
                match table.entry(index).value.get_with(self.header()) {
                    Some(value) => return Ok(value),
                    None => continue,
                }
            }
            let Some(table) = self.table_with_room(simple) else {
                drop(held);
                return Err(cx.no_memory());
            };
            table.append(hash, key.clone(), value.clone());
            self.bump_version();
            return Ok(value.clone());
        }
    }

    /// Removes `key`, whose hash is `hash`, and returns it with its value.
    ///
    /// # Errors
    /// What comparing keys raises.
    pub fn remove_with_hash(
        &self,
        cx: &Context,
        key: &Value,
        hash: i64,
    ) -> PyResult<Option<(Value, Value)>> {
        self.remove_where(cx, key, hash, |_| true)
    }

    /// [`Ref::remove_with_hash`] if the value is this very object.
    ///
    /// # Errors
    /// What comparing keys raises.
    pub fn remove_if_is(
        &self,
        cx: &Context,
        key: &Value,
        hash: i64,
        value: &Value,
    ) -> PyResult<Option<(Value, Value)>> {
        self.remove_where(cx, key, hash, |own| own.peek_bits() == value.bits())
    }

    fn remove_where(
        &self,
        cx: &Context,
        key: &Value,
        hash: i64,
        is_wanted: impl Fn(&Field) -> bool,
    ) -> PyResult<Option<(Value, Value)>> {
        loop {
            let found = self.look_up(cx, key, hash)?;
            let Some(index) = found.index else {
                return Ok(None);
            };
            let held = HeldValue::lock(self.as_value());
            if self.version() != found.version {
                continue;
            }
            // SAFETY: the lock is held.
            let Some(table) = (unsafe { self.table() }) else {
                continue;
            };
            let entry = table.entry(index);
            if entry.key.is_empty() {
                continue;
            }
            if !is_wanted(&entry.value) {
                return Ok(None);
            }
            let (key, value) = table.remove(index);
            self.bump_version();
            drop(held);
            return Ok(key.zip(value));
        }
    }

    /// `del self[key]`: the value that was there.
    ///
    /// # Errors
    /// TypeError for an unhashable key, and what hashing and comparing raises.
    pub fn remove_item(&self, cx: &Context, key: &Value) -> PyResult<Option<Value>> {
        let hash = hash_key(cx, key)?;
        Ok(self
            .remove_with_hash(cx, key, hash)?
            .map(|(_, value)| value))
    }

    /// `del self[name]`: the value that was there.
    ///
    /// # Errors
    /// What comparing raises.
    pub fn remove_name(&self, cx: &Context, name: Name) -> PyResult<Option<Value>> {
        Ok(self
            .remove_with_hash(cx, name.as_value(), name.hash())?
            .map(|(_, value)| value))
    }

    /// Removes the key that was inserted last.
    pub fn pop_last(&self) -> Option<(Value, Value)> {
        let held = HeldValue::lock(self.as_value());
        // SAFETY: the lock is held.
        let table = unsafe { self.table() }?;
        let (key, value) = table.remove(table.last()?);
        self.bump_version();
        drop(held);
        key.zip(value)
    }

    /// Removes all keys.
    pub fn clear(&self) {
        let held = HeldValue::lock(self.as_value());
        let old = NonNull::new(self.table.swap(std::ptr::null_mut(), Ordering::AcqRel));
        self.bump_version();
        drop(held);
        if let Some(old) = old {
            // SAFETY: new readers do not find the table; its entries are dropped once.
            unsafe {
                self.drop_entries_of(old.as_ref());
                Table::retire(old, false);
            }
        }
    }

    /// Drops what the entries of `table` hold, which is this dict's no longer. A reader that found the
    /// table before may be about to take the lock and to count what a word refers to, trusting that the
    /// entry does so: entries are emptied under the lock.
    fn drop_entries_of(&self, table: &Table) {
        const PORTION: usize = 32;
        let mut index = 0;
        while index < table.length() {
            let mut taken: [[Option<Value>; 2]; PORTION] = Default::default();
            let held = HeldValue::lock(self.as_value());
            for (pair, index) in taken.iter_mut().zip(index..table.length()) {
                let entry = table.entry(index);
                *pair = [&entry.key, &entry.value].map(|field| field.replace_locked(None));
            }
            drop(held);
            index += PORTION;
        }
    }

    /// What `take` finds in the next entry at or after `position`, which moves behind it. `take` gets the
    /// entry's number, and the lock for its fields.
    #[inline(always)]
    pub(super) fn next_taken<T>(
        &self,
        position: &mut Position,
        take: impl Fn(&Table, usize, &Header) -> Option<T>,
    ) -> Option<T> {
        let begin = *position;
        loop {
            // SAFETY: used before the next safepoint.
            let table = unsafe { self.table() }?;
            while position.0 < table.length() {
                let taken = take(table, position.0, self.header());
                position.0 += 1;
                if taken.is_some() {
                    if !self.is_current(table) {
                        break;
                    }
                    return taken;
                }
            }
            if self.is_current(table) {
                return None;
            }
            *position = begin;
        }
    }

    /// What `take` finds in the last entry before `position`, which moves to it.
    pub(super) fn previous_taken<T>(
        &self,
        position: &mut Position,
        take: impl Fn(&Table, usize, &Header) -> Option<T>,
    ) -> Option<T> {
        let begin = *position;
        loop {
            // SAFETY: used before the next safepoint.
            let table = unsafe { self.table() }?;
            position.0 = position.0.min(table.length());
            while position.0 > 0 {
                position.0 -= 1;
                let taken = take(table, position.0, self.header());
                if taken.is_some() {
                    if !self.is_current(table) {
                        break;
                    }
                    return taken;
                }
            }
            if self.is_current(table) {
                return None;
            }
            *position = begin;
        }
    }

    /// The next key and value, and the key's hash, at or after `position`, which moves behind them.
    pub fn next_entry(&self, position: &mut Position) -> Option<(Value, Value, i64)> {
        self.next_taken(position, Table::counted_entry)
    }

    /// The last key and value, and the key's hash, before `position`, which moves to them.
    pub fn previous_entry(&self, position: &mut Position) -> Option<(Value, Value, i64)> {
        self.previous_taken(position, Table::counted_entry)
    }

    /// Entries that were ever written: where an iteration from the end begins.
    pub fn end_position(&self) -> Position {
        // SAFETY: used at once.
        Position(unsafe { self.table() }.map_or(0, Table::length))
    }

    /// Runs `visit` on each entry with the lock held: one state of the dict.
    fn visit_locked(&self, mut visit: impl FnMut(&Value, &Value, i64)) {
        let held = HeldValue::lock(self.as_value());
        // SAFETY: the lock is held.
        if let Some(table) = unsafe { self.table() } {
            for index in 0..table.length() {
                let entry = table.entry(index);
                let (key, value) = (entry.key.peek_bits(), entry.value.peek_bits());
                if key != 0 && value != 0 {
                    // SAFETY: the lock is held, so the entry keeps both.
                    let (key, value) = unsafe {
                        (
                            ManuallyDrop::new(Value::from_bits(key)),
                            ManuallyDrop::new(Value::from_bits(value)),
                        )
                    };
                    let hash = table.hash_of(index, &key);
                    visit(&key, &value, hash);
                }
            }
        }
        drop(held);
    }

    /// The keys and values of one moment.
    ///
    /// # Errors
    /// MemoryError.
    pub fn items_snapshot(&self, cx: &Context) -> PyResult<Vec<(Value, Value)>> {
        let mut items = Vec::new();
        items.try_reserve(self.len()).map_err(|_| cx.no_memory())?;
        self.visit_locked(|key, value, _| items.push((key.clone(), value.clone())));
        Ok(items)
    }

    /// Appends the keys and the values of one moment.
    ///
    /// # Errors
    /// MemoryError.
    pub fn append_to(
        &self,
        cx: &Context,
        keys: &mut Vec<Value>,
        values: &mut Vec<Value>,
    ) -> PyResult<()> {
        let room = keys
            .try_reserve(self.len())
            .and(values.try_reserve(self.len()));
        room.map_err(|_| cx.no_memory())?;
        self.visit_locked(|key, value, _| {
            keys.push(key.clone());
            values.push(value.clone());
        });
        Ok(())
    }

    /// Keys, values and hashes of one moment.
    pub fn entries_snapshot(&self) -> Vec<(Value, Value, i64)> {
        let mut items = Vec::with_capacity(self.len());
        self.visit_locked(|key, value, hash| items.push((key.clone(), value.clone(), hash)));
        items
    }

    /// The keys of one moment.
    ///
    /// # Errors
    /// MemoryError.
    pub fn keys_snapshot(&self, cx: &Context) -> PyResult<Vec<Value>> {
        let mut keys = Vec::new();
        keys.try_reserve(self.len()).map_err(|_| cx.no_memory())?;
        self.visit_locked(|key, _, _| keys.push(key.clone()));
        Ok(keys)
    }

    /// The values of one moment.
    ///
    /// # Errors
    /// MemoryError.
    pub fn values_snapshot(&self, cx: &Context) -> PyResult<Vec<Value>> {
        let mut values = Vec::new();
        values.try_reserve(self.len()).map_err(|_| cx.no_memory())?;
        self.visit_locked(|_, value, _| values.push(value.clone()));
        Ok(values)
    }

    /// A copy.
    ///
    /// # Errors
    /// MemoryError.
    pub fn copy(&self, cx: &Context) -> PyResult<Ref<Dict>> {
        let copy = Dict::new(cx)?;
        copy.update_from(cx, self)?;
        Ok(copy)
    }

    /// Gets the keys and values of `other` by a copy of its table, if there is no table yet.
    fn take_duplicate(&self, cx: &Context, other: &Ref<Dict>) -> PyResult<bool> {
        let held = HeldValue::lock(other.as_value());
        // SAFETY: the lock is held.
        let Some(table) = (unsafe { other.table() }).filter(|table| table.live() > 0) else {
            return Ok(true);
        };
        let duplicate = table.duplicate();
        drop(held);
        let Some(duplicate) = duplicate else {
            return Err(cx.no_memory());
        };
        let held = HeldValue::lock(self.as_value());
        let is_first = self.table.load(Ordering::Relaxed).is_null();
        if is_first {
            self.table.store(duplicate.as_ptr(), Ordering::Release);
            self.bump_version();
        }
        drop(held);
        if !is_first {
            // Another thread was quicker.
            // SAFETY: nobody else knows the copy.
            unsafe {
                duplicate.as_ref().drop_entries();
                Table::retire(duplicate, true);
            }
        }
        Ok(is_first)
    }

    /// Adds the keys and values of `other`, which replace those that are there.
    ///
    /// # Errors
    /// MemoryError, and what comparing keys raises.
    pub fn update_from(&self, cx: &Context, other: &Ref<Dict>) -> PyResult<()> {
        if self.is(other) {
            return Ok(());
        }
        // SAFETY: only whether there is one is asked.
        if unsafe { self.table() }.is_none() && self.take_duplicate(cx, other)? {
            return Ok(());
        }
        // SAFETY: used at once.
        let plain = unsafe { other.table() }.is_none_or(Table::has_simple_keys);
        self.reserve_for(cx, other.len(), plain)?;
        let length = other.len();
        for (key, value, hash) in other.entries_snapshot() {
            drop(self.insert_with_hash(cx, &key, hash, value)?);
            // What other threads do to the other dict meanwhile is their business.
            let plain = crate::objects::object::class().slots.compare.word();
            let class = key.class();
            let may_run_python =
                class.has(ClassFlags::HEAPTYPE) && class.slots.compare.word() != plain;
            if may_run_python && other.len() != length {
                return Err(cx.runtime_error("dict mutated during update"));
            }
        }
        Ok(())
    }
}
