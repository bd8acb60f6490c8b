//! The hash table of a set: open addressing, short linear probes and then jumps (as CPython's sets
//! probe, so that small ints come out in the same order).
//!
//! ```text
//!  ┌──────────┬──────────────────────────────┐
//!  │ SetTable │ 2^k entries: hash, key        │    key: 0 never used, 12 removed, else a value
//!  └──────────┴──────────────────────────────┘
//! ```
//! Invariants: keys + removed = fill; fill × 5 < mask × 3 after every insertion, so that a probe meets
//! an entry that was never used. An entry's hash is written once (hash first, then the key with release):
//! when its key is removed only a key of the same hash may follow, so that a reader that sees a key sees
//! that key's hash, and adding what was removed before uses no other entry.
//!
//! Writers hold the set's lock. A table that was replaced is freed after a grace period.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use typhon_alloc::Kind;

use crate::objects::shared_word::SharedWord;
use crate::value::Value;

/// The word of a removed key: a singleton's that is no value.
const REMOVED: u64 = 0b1100;

/// Entries that are looked at one after the other before the probe jumps.
const LINEAR_PROBES: usize = 9;

/// The smallest table.
const SMALLEST: usize = 8;

/// See the module's header.
#[repr(C, align(8))]
pub struct SetTable {
    mask: usize,
    fill: AtomicUsize,
    /// All keys are exact strings or tagged ints, so that comparing them runs no Python code.
    simple: AtomicBool,
}

/// One key.
#[repr(C)]
pub struct SetEntry {
    hash: AtomicI64,
    word: SharedWord,
}

impl SetEntry {
    /// The key's hash.
    #[inline(always)]
    pub fn hash(&self) -> i64 {
        self.hash.load(Ordering::Relaxed)
    }

    /// The key, if there is one.
    #[inline(always)]
    pub fn key(&self) -> Option<&SharedWord> {
        match self.word.bits() {
            0 | REMOVED => None,
            _ => Some(&self.word),
        }
    }
}

/// Where a probe goes.
struct Probe {
    mask: usize,
    slot: usize,
    left: usize,
    start: usize,
    perturb: u64,
}

impl Probe {
    #[inline(always)]
    fn new(hash: i64, mask: usize) -> Probe {
        let start = hash as usize & mask;
        Probe {
            mask,
            slot: start,
            left: Probe::run(start, mask),
            start,
            perturb: hash as u64,
        }
    }

    #[inline(always)]
    fn run(start: usize, mask: usize) -> usize {
        if start + LINEAR_PROBES <= mask {
            LINEAR_PROBES
        } else {
            0
        }
    }

    #[inline(always)]
    fn next(&mut self) {
        if self.left > 0 {
            self.left -= 1;
            self.slot += 1;
            return;
        }
        self.perturb >>= 5;
        self.start = self
            .start
            .wrapping_mul(5)
            .wrapping_add(1)
            .wrapping_add(self.perturb as usize)
            & self.mask;
        self.slot = self.start;
        self.left = Probe::run(self.start, self.mask);
    }
}

impl SetTable {
    fn bytes(size: usize) -> Option<usize> {
        let bytes = size
            .checked_mul(size_of::<SetEntry>())?
            .checked_add(size_of::<SetTable>())?;
        (bytes <= isize::MAX as usize / 2).then_some(bytes)
    }

    /// An empty table with more than `wanted` entries. `None` when memory is out.
    pub fn allocate(wanted: usize) -> Option<NonNull<SetTable>> {
        let mut size = SMALLEST;
        while size <= wanted {
            size = size.checked_mul(2)?;
        }
        let memory = NonNull::new(typhon_alloc::allocate_zeroed(
            Kind::Raw,
            SetTable::bytes(size)?,
        ))?;
        let table = memory.cast::<SetTable>();
        // SAFETY: fresh memory of the right size; zeroes are entries that were never used.
        unsafe {
            table.write(SetTable {
                mask: size - 1,
                fill: AtomicUsize::new(0),
                simple: AtomicBool::new(true),
            });
        }
        Some(table)
    }

    /// How many entries there are, used or not.
    #[inline(always)]
    pub fn capacity(&self) -> usize {
        self.mask + 1
    }

    /// Memory that the table takes, in bytes.
    pub fn size(&self) -> usize {
        SetTable::bytes(self.capacity()).expect("invariant: the table exists")
    }

    /// Entries that were ever used.
    pub fn fill(&self) -> usize {
        self.fill.load(Ordering::Relaxed)
    }

    /// Whether one more entry can be used, with one left over.
    pub fn has_room(&self) -> bool {
        self.fill() < self.mask
    }

    /// Whether the table is to be replaced by a larger one, were there `more` keys.
    #[inline(always)]
    pub fn is_crowded(&self, more: usize) -> bool {
        (self.fill() + more).saturating_mul(5) >= self.mask * 3
    }

    /// Whether comparing a plain key with the keys here runs no Python code.
    #[inline(always)]
    pub fn has_simple_keys(&self) -> bool {
        self.simple.load(Ordering::Relaxed)
    }

    /// Entry `slot`, below the capacity.
    #[inline(always)]
    pub fn entry(&self, slot: usize) -> &SetEntry {
        debug_assert!(slot <= self.mask);
        // SAFETY: the entries follow the table's fields; there are `mask + 1`.
        unsafe { &*std::ptr::from_ref(self).add(1).cast::<SetEntry>().add(slot) }
    }

    /// The entry of the key that `matches` accepts, among those with this hash.
    #[inline(always)]
    pub fn find(
        &self,
        hash: i64,
        mut matches: impl FnMut(usize, &SharedWord) -> bool,
    ) -> Option<usize> {
        let mut probe = Probe::new(hash, self.mask);
        loop {
            let entry = self.entry(probe.slot);
            match entry.word.bits() {
                0 => return None,
                REMOVED => {}
                _ => {
                    if entry.hash() == hash && matches(probe.slot, &entry.word) {
                        return Some(probe.slot);
                    }
                }
            }
            probe.next();
        }
    }

    /// As [`SetTable::find`]; the error is the entry that a new key with this hash can have.
    #[inline(always)]
    pub fn find_or_place(
        &self,
        hash: i64,
        mut matches: impl FnMut(&SharedWord) -> bool,
    ) -> Result<usize, usize> {
        let mut probe = Probe::new(hash, self.mask);
        let mut removed = None;
        loop {
            let entry = self.entry(probe.slot);
            match entry.word.bits() {
                0 => return Err(removed.unwrap_or(probe.slot)),
                REMOVED => {
                    if removed.is_none() && entry.hash() == hash {
                        removed = Some(probe.slot);
                    }
                }
                _ => {
                    if entry.hash() == hash && matches(&entry.word) {
                        return Ok(probe.slot);
                    }
                }
            }
            probe.next();
        }
    }

    /// Puts a simple key in the place that [`SetTable::find_or_place`] gave for it, under the same lock. There
    /// is room.
    pub fn put_at(&self, place: usize, hash: i64, key: Value) {
        debug_assert!(self.has_room());
        let entry = self.entry(place);
        if entry.word.bits() == 0 {
            entry.hash.store(hash, Ordering::Relaxed);
            self.fill.store(self.fill() + 1, Ordering::Relaxed);
        }
        debug_assert_eq!(entry.hash(), hash);
        entry.word.put(key.into_bits());
    }

    /// Puts in a key that is not in the table, under the lock. There is room.
    pub fn append(&self, hash: i64, key: Value, simple: bool) {
        debug_assert!(self.has_room());
        if !simple {
            self.simple.store(false, Ordering::Relaxed);
        }
        let mut probe = Probe::new(hash, self.mask);
        while self.entry(probe.slot).word.bits() != 0 {
            probe.next();
        }
        let entry = self.entry(probe.slot);
        entry.hash.store(hash, Ordering::Relaxed);
        entry.word.put(key.into_bits());
        self.fill.store(self.fill() + 1, Ordering::Relaxed);
    }

    /// Takes the key out of entry `slot`, which holds one, under the lock.
    pub fn remove(&self, slot: usize) -> Value {
        let entry = self.entry(slot);
        let bits = entry.word.bits();
        debug_assert!(bits != 0 && bits != REMOVED);
        entry.word.put(REMOVED);
        // SAFETY: the table's count passes to the caller.
        unsafe { Value::from_bits(bits) }
    }

    /// Moves the counts of all keys to `other`, under the lock: this table keeps the words, for readers
    /// that are still in it, and is to be freed without dropping them.
    pub fn move_into(&self, other: &SetTable) {
        let simple = self.has_simple_keys();
        for slot in 0..self.capacity() {
            let entry = self.entry(slot);
            if let Some(word) = entry.key() {
                // SAFETY: the count of this table's entry passes to the other one's.
                let key = unsafe { Value::from_bits(word.bits()) };
                other.append(entry.hash(), key, simple);
            }
        }
    }

    /// A table with more than `wanted` entries, and the keys of this one, which are `used`. Under the lock. `None`
    /// when memory is out.
    pub fn copy(&self, wanted: usize, used: usize) -> Option<NonNull<SetTable>> {
        let copy = SetTable::allocate(wanted)?;
        // SAFETY: just made.
        let new = unsafe { copy.as_ref() };
        if new.mask != self.mask || self.fill() != used {
            let simple = self.has_simple_keys();
            self.visit(|key, hash| new.append(hash, key.clone(), simple));
            return Some(copy);
        }
        // Nothing was removed, so every key is where it would be put.
        for slot in 0..self.capacity() {
            let entry = self.entry(slot);
            if let Some(key) = entry.key().and_then(|word| word.look(Value::clone)) {
                new.entry(slot).hash.store(entry.hash(), Ordering::Relaxed);
                new.entry(slot).word.put(key.into_bits());
            }
        }
        new.fill.store(used, Ordering::Relaxed);
        new.simple.store(self.has_simple_keys(), Ordering::Relaxed);
        Some(copy)
    }

    /// Shows the keys: under the lock, or with the world stopped.
    pub fn visit(&self, mut visit: impl FnMut(&Value, i64)) {
        for slot in 0..self.capacity() {
            let entry = self.entry(slot);
            if let Some(word) = entry.key() {
                word.look(|key| visit(key, entry.hash()));
            }
        }
    }

    /// Drops the keys. The table is out of reach of new readers.
    pub fn drop_keys(&self) {
        for slot in 0..self.capacity() {
            if self.entry(slot).key().is_some() {
                drop(self.remove(slot));
            }
        }
    }

    /// Frees the memory when no reader can be in it any more. Keys are not dropped.
    ///
    /// # Safety
    /// The table is out of reach of new readers.
    pub unsafe fn retire(table: NonNull<SetTable>) {
        unsafe fn free(memory: *mut u8) {
            // SAFETY: called once, after the grace period.
            unsafe { typhon_alloc::free(memory) }
        }
        // SAFETY: the caller unlinked the table.
        unsafe {
            let bytes = table.as_ref().size();
            typhon_sync::qsbr::retire_sized(table.as_ptr().cast(), free, bytes);
        }
    }
}
