//! `set` and `frozenset`: hash sets, asked without a lock.
//!
//! Both keep a [`SetCore`]: the current table, a version that changes with each key that is added or
//! removed, and the number of keys. [`AnySet`] is a core together with its object, whose lock guards
//! it; all operations are methods of that.
//!
//! As in dicts, comparing keys may run Python code: a look-up by a key that is not plain remembers the
//! version, compares with nothing held, and begins again when the version has moved; a change looks
//! up first, takes the lock, and goes ahead when the version still is the one that the look-up saw.
//!
//! Files: `table` (the hash table), `change` (adding and removing keys), `operations` (union and its like), `methods`, `iterator`.

mod change;
mod iterator;
mod methods;
mod operations;
pub mod table;

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use typhon_macros::pyclass;

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::guarded::HeldValue;
use crate::object::{self, Ref, Traverse};
use crate::objects::exceptions;
use crate::objects::shared_word::{Glimpse, SharedWord};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocols::{compare, hash, text};
use crate::value::Value;
use table::SetTable;

pub use iterator::SetIterator;

/// What a set and a frozenset consist of. See the module's header.
pub struct SetCore {
    table: AtomicPtr<SetTable>,
    version: AtomicU32,
    used: AtomicUsize,
    /// Where `pop` goes on looking.
    finger: AtomicUsize,
}

/// The payload of `set`.
#[pyclass(
    name = "set",
    flags(BASETYPE, HAS_WEAKREF, MATCH_SELF),
    signature = "(iterable=(), /)",
    doc = "Build an unordered collection of unique elements."
)]
pub struct Set {
    core: SetCore,
}

/// The payload of `frozenset`. Its core never changes after it was made.
#[pyclass(
    name = "frozenset",
    flags(BASETYPE, HAS_WEAKREF, MATCH_SELF),
    signature = "(iterable=(), /)",
    doc = "Build an immutable unordered collection of unique elements."
)]
pub struct FrozenSet {
    core: SetCore,
    /// -1: not computed yet.
    hash: AtomicI64,
}

impl Traverse for Set {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.core.traverse(visit);
    }
}

impl Traverse for FrozenSet {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.core.traverse(visit);
    }
}

impl Drop for SetCore {
    fn drop(&mut self) {
        if let Some(table) = NonNull::new(*self.table.get_mut()) {
            // SAFETY: the set is out of reach; the table is its own.
            unsafe {
                table.as_ref().drop_keys();
                SetTable::retire(table);
            }
        }
    }
}

/// A key that is compared without running Python code.
#[inline]
fn is_plain(key: &Value) -> bool {
    key.is_small_int() || key.is_exact::<Str>()
}

/// Whether two plain keys are equal.
#[inline]
fn plain_equal(left: &Value, right: &Value) -> bool {
    if left.is(right) {
        return true;
    }
    match (left.downcast_exact::<Str>(), right.downcast_exact::<Str>()) {
        // Two interned strings that are not one object differ.
        (Some(left), Some(right)) => {
            !(left.is_interned() && right.is_interned()) && left.equals_str(right)
        }
        _ => false,
    }
}

/// How many entries a table is to have that gets `keys` at once.
fn room_for(keys: usize) -> usize {
    if keys * 5 >= 7 * 3 { keys * 2 } else { 0 }
}

impl SetCore {
    /// Without keys.
    pub fn empty() -> SetCore {
        SetCore {
            table: AtomicPtr::new(ptr::null_mut()),
            version: AtomicU32::new(0),
            used: AtomicUsize::new(0),
            finger: AtomicUsize::new(0),
        }
    }

    /// Of keys with their hashes, no two of which are equal.
    fn of_distinct(cx: &Context, entries: Vec<(Value, i64)>) -> PyResult<SetCore> {
        let core = SetCore::empty();
        if entries.is_empty() {
            return Ok(core);
        }
        let Some(memory) = SetTable::allocate(room_for(entries.len())) else {
            return Err(cx.no_memory());
        };
        // SAFETY: just made.
        let table = unsafe { memory.as_ref() };
        core.used.store(entries.len(), Ordering::Relaxed);
        for (key, hash) in entries {
            let simple = is_plain(&key);
            table.append(hash, key, simple);
        }
        core.table.store(memory.as_ptr(), Ordering::Relaxed);
        Ok(core)
    }

    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        // SAFETY: the world is stopped.
        if let Some(table) = unsafe { self.table() } {
            table.visit(|key, _| visit(key));
        }
    }

    /// The current table.
    ///
    /// # Safety
    /// The reference is not used past the next safepoint, nor past the release of the set's lock if that
    /// is what keeps the table in place.
    #[inline(always)]
    unsafe fn table<'a>(&self) -> Option<&'a SetTable> {
        // SAFETY: the pointer is null or a table, which is retired with a grace period.
        unsafe { self.table.load(Ordering::Acquire).as_ref() }
    }

    /// The number of keys.
    #[inline]
    pub fn len(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// Whether there are no keys.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn version(&self) -> u32 {
        self.version.load(Ordering::Acquire)
    }

    /// A key was added (`1`) or removed (`-1`), under the lock.
    #[inline]
    fn changed(&self, by: isize) {
        self.used.store(
            self.used.load(Ordering::Relaxed).wrapping_add_signed(by),
            Ordering::Release,
        );
        // Release: a reader that sees the version sees the change.
        self.version.store(
            self.version.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Release,
        );
    }
}

/// What a look-up found: the entry, and the version it is valid for.
struct Found {
    slot: Option<usize>,
    version: u32,
}

/// A set or frozenset: its core, and the object whose lock guards it.
#[derive(Clone, Copy)]
pub struct AnySet<'a> {
    core: &'a SetCore,
    owner: &'a Value,
}

/// What was found among the keys of one hash without running Python code.
struct Scan {
    version: u32,
    /// The key that is equal, if that is known already.
    equal: Option<usize>,
    /// Those that only Python code can compare.
    candidates: Vec<(usize, Value)>,
}

/// The value as a set or frozenset, if it is one.
#[inline]
pub fn any_set(value: &Value) -> Option<AnySet<'_>> {
    if let Some(set) = value.downcast::<Set>() {
        return Some(AnySet {
            core: &set.core,
            owner: value,
        });
    }
    value.downcast::<FrozenSet>().map(|set| AnySet {
        core: &set.core,
        owner: value,
    })
}

/// `hash(key)` of a key of a set.
///
/// # Errors
/// TypeError for an unhashable key, and what `__hash__` raises.
#[inline]
pub fn hash_key(cx: &Context, key: &Value) -> PyResult<i64> {
    hash::hash(cx, key).map_err(|raised| explain_unhashable(cx, raised, key, "a set element"))
}

/// Says in a TypeError what the unhashable `key` was to be used as.
#[cold]
pub fn explain_unhashable(cx: &Context, raised: Raised, key: &Value, role: &str) -> Raised {
    let mut plain = false;
    cx.peek_exception(|exception| {
        plain = exception.as_value().class().is(exceptions::type_error());
        plain
    });
    if !plain {
        return raised;
    }
    let exception = cx.take_exception();
    match text::str(cx, exception.as_value()) {
        Ok(reason) => {
            let class = key.class().qualified_name(cx);
            cx.type_error(format!(
                "cannot use '{class}' as {role} ({reason})",
                reason = *reason
            ))
        }
        Err(raised) => raised,
    }
}

impl<'a> AnySet<'a> {
    /// The number of keys.
    #[inline]
    pub fn len(self) -> usize {
        self.core.len()
    }

    /// Whether there are no keys.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.core.is_empty()
    }

    /// The object.
    pub fn owner(self) -> &'a Value {
        self.owner
    }

    /// Whether the class is exactly `set` or `frozenset`.
    pub fn is_exact(self) -> bool {
        self.owner.is_exact::<Set>() || self.owner.is_exact::<FrozenSet>()
    }

    #[inline(always)]
    fn is_current(self, table: &SetTable) -> bool {
        ptr::eq(self.core.table.load(Ordering::Acquire), table)
    }

    /// Looks `key` up. May run Python code (`__eq__`).
    fn look_up(self, cx: &Context, key: &Value, hash: i64) -> PyResult<Found> {
        let plain = is_plain(key);
        let mut rejected = Vec::new();
        loop {
            if plain && let Some(found) = self.look_up_plain(key, hash) {
                return Ok(found);
            }
            if let Some(found) = self.look_up_general(cx, key, hash, &mut rejected)? {
                return Ok(found);
            }
        }
    }

    /// Looks a plain key up among plain ones. `None`: there are others.
    fn look_up_plain(self, key: &Value, hash: i64) -> Option<Found> {
        loop {
            let version = self.core.version();
            // SAFETY: used up to the next lock.
            let Some(table) = (unsafe { self.core.table() }) else {
                return Some(Found {
                    slot: None,
                    version,
                });
            };
            if !table.has_simple_keys() {
                return None;
            }
            let mut unknown = false;
            let slot = table.find(hash, |_, word| match plain_match(word, key) {
                Some(equal) => equal,
                None => {
                    unknown = true;
                    true
                }
            });
            if unknown {
                return Some(self.look_up_locked(key, hash));
            }
            // A table that was replaced keeps addresses of keys that may have been freed since.
            if self.is_current(table) {
                return Some(Found { slot, version });
            }
        }
    }

    /// `key in self`, if that can be told without running Python code.
    pub(crate) fn has_plain(self, key: &Value) -> Option<bool> {
        let found = self.look_up_plain(key, hash::of_plain(key)?)?;
        Some(found.slot.is_some())
    }

    /// Looks a plain key up among plain ones with the lock held.
    #[cold]
    fn look_up_locked(self, key: &Value, hash: i64) -> Found {
        let _held = HeldValue::lock(self.owner);
        let version = self.core.version();
        // SAFETY: the lock is held.
        let slot =
            unsafe { self.core.table() }.and_then(|table| self.find_locked(table, key, hash));
        Found { slot, version }
    }

    /// Looks a plain key up among plain ones, under the lock.
    fn find_locked(self, table: &SetTable, key: &Value, hash: i64) -> Option<usize> {
        table.find(hash, |_, word| {
            word.look(|own| plain_equal(own, key)).unwrap_or(false)
        })
    }

    /// `None` when the set changed while keys were compared. `rejected` are keys that are not equal to
    /// this one: they are not asked again, for what they do when they are asked may be to change the set.
    fn look_up_general(
        self,
        cx: &Context,
        key: &Value,
        hash: i64,
        rejected: &mut Vec<Value>,
    ) -> PyResult<Option<Found>> {
        let Some(scan) = self.scan(key, hash) else {
            return Ok(None);
        };
        for (slot, own) in scan.candidates {
            if rejected.iter().any(|known| known.is(&own)) {
                continue;
            }
            let equal = compare::equal(cx, &own, key)?;
            let version = self.core.version();
            if equal && (version == scan.version || self.has_key_at(slot, &own)) {
                return Ok(Some(Found {
                    slot: Some(slot),
                    version,
                }));
            }
            if !equal {
                rejected.push(own);
            }
            if version != scan.version {
                return Ok(None);
            }
        }
        Ok(Some(Found {
            slot: scan.equal,
            version: scan.version,
        }))
    }

    /// Whether the key in `slot` is `key`.
    fn has_key_at(self, slot: usize, key: &Value) -> bool {
        // SAFETY: used at once.
        unsafe { self.core.table() }.is_some_and(|table| {
            let own = (slot < table.capacity()).then(|| table.entry(slot).key());
            own.flatten().is_some_and(|own| own.bits() == key.bits())
        })
    }

    /// Compares `key` with the keys of the same hash, as far as that runs no Python code. `None` when
    /// the set changed meanwhile.
    fn scan(self, key: &Value, hash: i64) -> Option<Scan> {
        let mut scan = Scan {
            version: self.core.version(),
            equal: None,
            candidates: Vec::new(),
        };
        let mut locked = false;
        // SAFETY: used up to the next lock or call of Python code: keys that are compared here are
        // freed without any.
        let table = unsafe { self.core.table() };
        scan.equal = table.and_then(|table| {
            table.find(hash, |slot, word| {
                if word.bits() == key.bits() {
                    return true;
                }
                let seen = word.look_kept(|own| compare::keys_equal(own, key));
                if let Some(equal) = seen {
                    return equal;
                }
                match word.glimpse() {
                    Glimpse::Nothing => false,
                    Glimpse::Value(own) => match compare::keys_equal(&own, key) {
                        Some(equal) => equal,
                        None => {
                            scan.candidates.push((slot, own));
                            false
                        }
                    },
                    Glimpse::Locked => {
                        locked = true;
                        true
                    }
                }
            })
        });
        if locked {
            return Some(self.scan_locked(key, hash));
        }
        // A table that was replaced keeps addresses of keys that may have been freed since.
        let is_current = table.is_none_or(|table| self.is_current(table));
        (is_current && self.core.version() == scan.version).then_some(scan)
    }

    /// [`AnySet::scan`] with the lock held. From now on these keys are read without it.
    #[cold]
    fn scan_locked(self, key: &Value, hash: i64) -> Scan {
        let _held = HeldValue::lock(self.owner);
        let mut candidates = Vec::new();
        // SAFETY: the lock is held.
        let equal = unsafe { self.core.table() }.and_then(|table| {
            table.find(hash, |slot, word| {
                if word.bits() == key.bits() {
                    return true;
                }
                let Some(own) = word.get_marked() else {
                    return false;
                };
                match compare::keys_equal(&own, key) {
                    Some(equal) => equal,
                    None => {
                        candidates.push((slot, own));
                        false
                    }
                }
            })
        });
        Scan {
            version: self.core.version(),
            equal,
            candidates,
        }
    }

    /// Whether there is a key equal to `key`, whose hash is `hash`.
    ///
    /// # Errors
    /// What comparing keys raises.
    #[inline]
    pub fn contains_with_hash(self, cx: &Context, key: &Value, hash: i64) -> PyResult<bool> {
        Ok(self.look_up(cx, key, hash)?.slot.is_some())
    }

    /// `key in self`. A set is looked up as the frozenset of its keys.
    ///
    /// # Errors
    /// TypeError for an unhashable key, and what hashing and comparing raises.
    pub fn contains(self, cx: &Context, key: &Value) -> PyResult<bool> {
        let hash = hash_for_search(cx, key)?;
        self.contains_with_hash(cx, key, hash)
    }

    /// The next key at or after `position`, which moves behind it, with its hash.
    pub fn next_key(self, position: &mut usize) -> Option<(Value, i64)> {
        loop {
            // SAFETY: used before the next safepoint.
            let table = unsafe { self.core.table() }?;
            let mut slot = *position;
            let found = loop {
                if slot >= table.capacity() {
                    break None;
                }
                let entry = table.entry(slot);
                slot += 1;
                let Some(word) = entry.key() else { continue };
                match word.glimpse() {
                    Glimpse::Nothing => {}
                    // Removed in between.
                    Glimpse::Value(key) if entry.key().is_none() => drop(key),
                    Glimpse::Value(key) => break Some((key, entry.hash())),
                    Glimpse::Locked => return self.next_key_locked(position),
                }
            };
            if self.is_current(table) {
                *position = slot;
                return found;
            }
        }
    }

    #[cold]
    fn next_key_locked(self, position: &mut usize) -> Option<(Value, i64)> {
        let _held = HeldValue::lock(self.owner);
        // SAFETY: the lock is held.
        let table = unsafe { self.core.table() }?;
        while *position < table.capacity() {
            let entry = table.entry(*position);
            *position += 1;
            if let Some(word) = entry.key() {
                return word.get_marked().map(|key| (key, entry.hash()));
            }
        }
        None
    }

    /// The keys of one moment, with their hashes.
    pub fn entries(self) -> Vec<(Value, i64)> {
        let mut entries = Vec::with_capacity(self.len());
        let _held = HeldValue::lock(self.owner);
        // SAFETY: the lock is held.
        if let Some(table) = unsafe { self.core.table() } {
            table.visit(|key, hash| entries.push((key.clone(), hash)));
        }
        entries
    }

    /// The keys of one moment.
    pub fn to_vec(self) -> Vec<Value> {
        self.entries().into_iter().map(|(key, _)| key).collect()
    }

    /// [`AnySet::to_vec`] for sets of any size.
    ///
    /// # Errors
    /// MemoryError.
    pub fn try_to_vec(self, cx: &Context) -> PyResult<Vec<Value>> {
        // The keys with their hashes, then the keys alone.
        cx.room_for(self.len() * 3 * size_of::<u64>())?;
        Ok(self.to_vec())
    }

    /// The hash that a frozenset of these keys has: it does not depend on their order.
    fn hash_of_keys(self) -> i64 {
        fn shuffle(hash: u64) -> u64 {
            ((hash ^ 89_869_747) ^ (hash << 16)).wrapping_mul(3_644_798_167)
        }
        let mut hash = 0u64;
        let mut count = 0u64;
        {
            let _held = HeldValue::lock(self.owner);
            // SAFETY: the lock is held.
            if let Some(table) = unsafe { self.core.table() } {
                table.visit(|_, own| {
                    hash ^= shuffle(own as u64);
                    count += 1;
                });
            }
        }
        hash ^= (count + 1).wrapping_mul(1_927_868_237);
        // Spreads the patterns of frozensets in frozensets.
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
        if hash == u64::MAX {
            590_923_713
        } else {
            hash as i64
        }
    }

    /// Bytes of the table.
    fn table_size(self) -> usize {
        // SAFETY: used at once.
        unsafe { self.core.table() }.map_or(0, SetTable::size)
    }
}

/// Whether the word is the plain key `key`; the table's keys are plain. `None` when it takes the lock
/// to tell.
#[inline(always)]
fn plain_match(word: &SharedWord, key: &Value) -> Option<bool> {
    let bits = word.bits();
    if bits == key.bits() {
        return Some(true);
    }
    if bits & 7 != 0 || key.is_small_int() {
        return Some(false);
    }
    let seen = word.look_kept(|own| Some(plain_equal(own, key)));
    if seen.is_some() {
        return seen;
    }
    match word.glimpse() {
        Glimpse::Nothing => Some(false),
        Glimpse::Value(own) => Some(plain_equal(&own, key)),
        Glimpse::Locked => None,
    }
}

/// The hash of a key that is searched for: a set has none, but is found as a frozenset.
fn hash_for_search(cx: &Context, key: &Value) -> PyResult<i64> {
    match hash_key(cx, key) {
        Err(raised) => match key.downcast::<Set>() {
            Some(set) if cx.exception_matches(exceptions::type_error()) => {
                cx.clear_exception();
                Ok(AnySet {
                    core: &set.core,
                    owner: key,
                }
                .hash_of_keys())
            }
            _ => Err(raised),
        },
        found => found,
    }
}

impl Set {
    /// An empty set.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(cx: &Context) -> PyResult<Ref<Set>> {
        object::new(
            cx,
            Set {
                core: SetCore::empty(),
            },
        )
    }

    /// A set of `values`.
    ///
    /// # Errors
    /// TypeError for unhashable values, and what hashing and comparing raises.
    pub fn from_values(cx: &Context, values: &[Value]) -> PyResult<Ref<Set>> {
        let set = Set::new(cx)?;
        for value in values {
            set.add(cx, value)?;
        }
        Ok(set)
    }

    /// A set of what `iterable` yields.
    ///
    /// # Errors
    /// TypeError when it is not iterable, and what iterating, hashing and comparing raises.
    pub fn from_iterable(cx: &Context, iterable: &Value) -> PyResult<Ref<Set>> {
        let set = Set::new(cx)?;
        set.update(cx, iterable)?;
        Ok(set)
    }

    fn from_core(cx: &Context, core: SetCore) -> PyResult<Ref<Set>> {
        object::new(cx, Set { core })
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.core.is_empty()
    }
}

impl Ref<Set> {
    /// The set with its lock.
    #[inline]
    pub fn any(&self) -> AnySet<'_> {
        AnySet {
            core: &self.core,
            owner: self.as_value(),
        }
    }

    /// Adds `key`. True when it was not there.
    ///
    /// # Errors
    /// TypeError for an unhashable key, MemoryError, and what hashing and comparing raises.
    #[inline]
    pub fn add(&self, cx: &Context, key: &Value) -> PyResult<bool> {
        self.any().add(cx, key)
    }

    /// Adds what `iterable` yields.
    ///
    /// # Errors
    /// TypeError when it is not iterable, and what iterating, hashing and comparing raises.
    pub fn update(&self, cx: &Context, iterable: &Value) -> PyResult<()> {
        self.any().update(cx, iterable)
    }

    /// `key in self`.
    ///
    /// # Errors
    /// TypeError for an unhashable key, and what hashing and comparing raises.
    pub fn contains(&self, cx: &Context, key: &Value) -> PyResult<bool> {
        self.any().contains(cx, key)
    }

    /// Takes `key` out. False when it is not there.
    ///
    /// # Errors
    /// TypeError for an unhashable key, and what hashing and comparing raises.
    pub fn discard(&self, cx: &Context, key: &Value) -> PyResult<bool> {
        self.any().discard(cx, key)
    }

    /// The keys of one moment.
    pub fn to_vec(&self) -> Vec<Value> {
        self.any().to_vec()
    }
}

impl FrozenSet {
    fn from_core(cx: &Context, core: SetCore) -> PyResult<Ref<FrozenSet>> {
        object::new(
            cx,
            FrozenSet {
                core,
                hash: AtomicI64::new(-1),
            },
        )
    }

    fn of_class(cx: &Context, class: &Ref<Type>, core: SetCore) -> PyResult<Ref<FrozenSet>> {
        object::new_of_class(
            cx,
            class,
            FrozenSet {
                core,
                hash: AtomicI64::new(-1),
            },
        )
    }

    /// A frozenset of `values`.
    ///
    /// # Errors
    /// TypeError for unhashable values, and what hashing and comparing raises.
    pub fn from_values(cx: &Context, values: &[Value]) -> PyResult<Ref<FrozenSet>> {
        let set = FrozenSet::from_core(cx, SetCore::empty())?;
        for value in values {
            // Nobody else has seen the frozenset yet.
            set.any().add(cx, value)?;
        }
        Ok(set)
    }

    /// A frozenset of what `iterable` yields.
    ///
    /// # Errors
    /// TypeError when it is not iterable, and what iterating, hashing and comparing raises.
    pub fn from_iterable(cx: &Context, iterable: &Value) -> PyResult<Ref<FrozenSet>> {
        let set = Set::from_iterable(cx, iterable)?;
        FrozenSet::from_core(cx, set.any().replace(SetCore::empty()))
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.core.is_empty()
    }
}

impl Ref<FrozenSet> {
    /// The frozenset with its lock.
    #[inline]
    pub fn any(&self) -> AnySet<'_> {
        AnySet {
            core: &self.core,
            owner: self.as_value(),
        }
    }
}

/// Whether the class is exactly `frozenset`: then a copy is the object itself.
fn is_exact_frozenset(value: &Value) -> bool {
    value.is_exact::<FrozenSet>()
}
