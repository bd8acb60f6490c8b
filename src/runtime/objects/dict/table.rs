//! The hash table of a dict: insertion-ordered entries and an index into them (Hettinger's compact
//! dict).
//!
//! ```text
//!  ┌────────┬──────────────────────────────┬───────────────────────────────┬───────────────┐
//!  │ Table  │ index: 2^k slots of 1/2/4 B  │ entries: usable × (key, value) │ usable hashes │
//!  └────────┴──────────────────────────────┴───────────────────────────────┴───────────────┘
//!  index slot:  ┌ upper bits: those of the hash ┬ lower k bits: 0 empty, 1 deleted, n + 2 entry n ┐
//! ```
//!
//! A table is *plain* when all its keys are exact strings or tagged ints: they know their hashes, or
//! tell them at once, so the table has none; and comparing them runs no Python code. A dict moves to
//! a table with hashes when it gets its first other key, and stays in such tables. The bits of the
//! hash in the index (the lower k bits choose the slot) spare nearly all looks at entries of other keys.
//!
//! Invariants: usable = 2/3 of the index; live ≤ length ≤ usable; an entry is written once, cleared at
//! most once, and never used again while the table lives. So a reader without a lock that found a
//! key in entry n finds in it that key's value, or nothing.
//!
//! Writers hold the dict's lock. They write the entry first and the index slot after it (release);
//! readers load the slot (acquire) and find the entry complete. A table that was replaced is freed
//! after a grace period.

use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU16, AtomicU32, Ordering};

use typhon_alloc::Kind;
use typhon_sync::Header;

use crate::field::Field;
use crate::object::Run;
use crate::objects::str_::Str;
use crate::protocols::hash::hash_i64;
use crate::value::Value;

/// See the module's header.
#[repr(C, align(8))]
pub struct Table {
    log2_size: u8,
    /// The logarithm of the index' size in bytes: of where the entries begin.
    log2_index_bytes: u8,
    /// Bytes of a slot.
    width: u8,
    plain: bool,
    /// The bits of a slot that are the hash's.
    tag_mask: u32,
    /// Entries that were ever written.
    length: AtomicU32,
    /// Entries that hold a key.
    live: AtomicU32,
    /// Entries from here on are cleared: where `popitem` begins to look.
    top: AtomicU32,
    /// Entries before this one are cleared: where looking for the first key begins.
    bottom: AtomicU32,
}

/// One key with its value.
#[repr(C)]
pub struct Entry {
    pub key: Field,
    pub value: Field,
}

impl Entry {
    /// Key and value, without the lock, if there are some.
    #[inline(always)]
    pub fn pair(&self, lock: &Header) -> Option<(Value, Value)> {
        self.key.get_with(lock).zip(self.value.get_with(lock))
    }
}

/// The hash of a key of a plain table.
#[inline]
fn own_hash(key: &Value) -> i64 {
    if let Some(number) = key.as_small_int() {
        return hash_i64(number);
    }
    key.downcast_exact::<Str>()
        .expect("invariant: a plain table has strings and small ints")
        .hash()
}

// The lower bits of an index slot.
const EMPTY: u32 = 0;
const DELETED: u32 = 1;
const FIRST: u32 = 2;

/// The logarithm of the smallest index' size: entries 0 and 1 are 2 and 3 in it.
const SMALLEST: u8 = 2;

/// The logarithm of the largest one's. The numbers of its entries leave two bits of a slot for hashes.
const LARGEST: u8 = 30;

/// Entries of the table of a dict that gets its first key: five, as fit into eight slots.
pub const FIRST_ENTRIES: usize = 5;

/// Where a probe sequence goes on: CPython's perturbed linear congruence.
struct Probe {
    mask: usize,
    slot: usize,
    perturb: u64,
}

impl Probe {
    #[inline(always)]
    fn new(hash: i64, mask: usize) -> Probe {
        Probe {
            mask,
            slot: hash as usize & mask,
            perturb: hash as u64,
        }
    }

    #[inline(always)]
    fn next(&mut self) {
        self.perturb >>= 5;
        self.slot = self
            .slot
            .wrapping_mul(5)
            .wrapping_add(self.perturb as usize)
            .wrapping_add(1)
            & self.mask;
    }
}

impl Table {
    /// The logarithm of a slot's bytes.
    fn log2_width(log2_size: u8) -> u8 {
        match log2_size {
            0..=4 => 0,
            5..=9 => 1,
            _ => 2,
        }
    }

    /// The logarithm of the bytes of the index, which is at least one word.
    fn log2_index_bytes(log2_size: u8) -> u8 {
        (log2_size + Table::log2_width(log2_size)).max(3)
    }

    #[inline(always)]
    fn usable_of(log2_size: u8) -> usize {
        (2usize << log2_size) / 3
    }

    fn bytes(log2_size: u8, plain: bool) -> usize {
        let hash = if plain { 0 } else { size_of::<AtomicI64>() };
        size_of::<Table>()
            + (1 << Table::log2_index_bytes(log2_size))
            + Table::usable_of(log2_size) * (size_of::<Entry>() + hash)
    }

    /// The smallest table for `count` entries, with or without hashes. `None` when memory is out.
    pub fn allocate(count: usize, plain: bool) -> Option<NonNull<Table>> {
        let mut log2_size = SMALLEST;
        while Table::usable_of(log2_size) < count {
            log2_size += 1;
        }
        Table::of_size(log2_size, plain)
    }

    /// An empty table whose index has 2 to the power of `log2_size` slots.
    fn of_size(log2_size: u8, plain: bool) -> Option<NonNull<Table>> {
        if log2_size > LARGEST {
            return None;
        }
        let memory = NonNull::new(typhon_alloc::allocate_zeroed(
            Kind::Raw,
            Table::bytes(log2_size, plain),
        ))?;
        let table = memory.cast::<Table>();
        let width = 1 << Table::log2_width(log2_size);
        // SAFETY: fresh memory of the right size; zeroes are an empty index and unbound entries.
        unsafe {
            table.write(Table {
                log2_size,
                log2_index_bytes: Table::log2_index_bytes(log2_size),
                width,
                plain,
                tag_mask: (u32::MAX >> (32 - 8 * u32::from(width))) & (u32::MAX << log2_size),
                length: AtomicU32::new(0),
                live: AtomicU32::new(0),
                top: AtomicU32::new(0),
                bottom: AtomicU32::new(0),
            });
        }
        Some(table)
    }

    /// Memory that the table takes, in bytes.
    pub fn size(&self) -> usize {
        Table::bytes(self.log2_size, self.plain)
    }

    #[inline(always)]
    fn mask(&self) -> usize {
        (1 << self.log2_size) - 1
    }

    #[inline(always)]
    fn usable(&self) -> usize {
        Table::usable_of(self.log2_size)
    }

    #[inline(always)]
    fn index_start(&self) -> *const u8 {
        // SAFETY: the index follows the table's fields.
        unsafe { std::ptr::from_ref(self).add(1).cast() }
    }

    #[inline(always)]
    fn load_slot(&self, slot: usize) -> u32 {
        debug_assert!(slot <= self.mask());
        let start = self.index_start();
        // SAFETY: `slot` is masked; the index has slots of this width. Acquire: pairs with `store_slot`.
        unsafe {
            match self.width {
                1 => (*start.cast::<AtomicU8>().add(slot))
                    .load(Ordering::Acquire)
                    .into(),
                2 => (*start.cast::<AtomicU16>().add(slot))
                    .load(Ordering::Acquire)
                    .into(),
                _ => (*start.cast::<AtomicU32>().add(slot)).load(Ordering::Acquire),
            }
        }
    }

    #[inline(always)]
    fn store_slot(&self, slot: usize, content: u32) {
        let start = self.index_start();
        // SAFETY: as in `load_slot`. Release: who sees the slot sees the entry.
        unsafe {
            match self.width {
                1 => (*start.cast::<AtomicU8>().add(slot)).store(content as u8, Ordering::Release),
                2 => {
                    (*start.cast::<AtomicU16>().add(slot)).store(content as u16, Ordering::Release)
                }
                _ => (*start.cast::<AtomicU32>().add(slot)).store(content, Ordering::Release),
            }
        }
    }

    /// Entry `index`, below `usable`.
    #[inline(always)]
    pub fn entry(&self, index: usize) -> &Entry {
        debug_assert!(index < self.usable());
        // SAFETY: the number is below `usable`.
        unsafe { &*self.entries_start().add(index) }
    }

    #[inline(always)]
    fn entries_start(&self) -> *const Entry {
        // SAFETY: entries follow the index.
        unsafe { self.index_start().add(1 << self.log2_index_bytes).cast() }
    }

    /// Where the hash of entry `index` is.
    #[inline(always)]
    fn stored_hash(&self, index: usize) -> &AtomicI64 {
        debug_assert!(!self.plain && index < self.usable());
        // SAFETY: hashes follow the entries in a table that is not plain; the number is below `usable`.
        unsafe {
            let hashes = self.entries_start().add(self.usable());
            &*hashes.cast::<AtomicI64>().add(index)
        }
    }

    /// The hash of `key`, which is that of entry `index`.
    #[inline]
    pub fn hash_of(&self, index: usize, key: &Value) -> i64 {
        if self.plain {
            own_hash(key)
        } else {
            self.stored_hash(index).load(Ordering::Relaxed)
        }
    }

    /// Key, value and hash of entry `index`, without the lock, if it holds some.
    #[inline]
    pub fn counted_entry(&self, index: usize, lock: &Header) -> Option<(Value, Value, i64)> {
        let (key, value) = self.entry(index).pair(lock)?;
        let hash = self.hash_of(index, &key);
        Some((key, value, hash))
    }

    /// Entries that were ever written: the end of an iteration.
    #[inline(always)]
    pub fn length(&self) -> usize {
        self.length.load(Ordering::Acquire) as usize
    }

    /// Entries that hold a key.
    #[inline(always)]
    pub fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed) as usize
    }

    /// Whether comparing a plain key with the keys here runs no Python code.
    #[inline(always)]
    pub fn has_simple_keys(&self) -> bool {
        self.plain
    }

    /// Keys and values where they lie, for the collector.
    pub fn references(&self) -> Run {
        match self.length() {
            0 => Run::EMPTY,
            count => Run::new(
                (&raw const *self.entry(0)).cast(),
                count * (size_of::<Entry>() / size_of::<u64>()),
            ),
        }
    }

    /// Whether there is room for one more entry, with a plain key or another one.
    #[inline(always)]
    pub fn has_room(&self, simple: bool) -> bool {
        (self.length.load(Ordering::Relaxed) as usize) < self.usable() && (simple || !self.plain)
    }

    /// The entry of the key that `matches` accepts, among those that may have this hash: in a table that
    /// is not plain, those that have it. It is asked with the entry's number.
    #[inline(always)]
    pub fn find(&self, hash: i64, mut matches: impl FnMut(usize, &Entry) -> bool) -> Option<usize> {
        let mut probe = Probe::new(hash, self.mask());
        loop {
            let slot = self.load_slot(probe.slot);
            let content = slot & probe.mask as u32;
            if content == EMPTY {
                return None;
            }
            if content != DELETED && (slot ^ hash as u32) & self.tag_mask == 0 {
                let index = (content - FIRST) as usize;
                if (self.plain || self.stored_hash(index).load(Ordering::Relaxed) == hash)
                    && matches(index, self.entry(index))
                {
                    return Some(index);
                }
            }
            probe.next();
        }
    }

    /// Appends a key that is not in the table, under the lock. There is room for it.
    #[inline]
    pub fn append(&self, hash: i64, key: Value, value: Value) -> usize {
        let index = self.length.load(Ordering::Relaxed);
        debug_assert!((index as usize) < self.usable());
        if self.plain {
            debug_assert_eq!(own_hash(&key), hash);
        } else {
            self.stored_hash(index as usize)
                .store(hash, Ordering::Relaxed);
        }
        let entry = self.entry(index as usize);
        let _ = entry.value.replace_locked(Some(value));
        let _ = entry.key.replace_locked(Some(key));
        self.place(hash, index);
        self.live
            .store(self.live.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.top.store(index + 1, Ordering::Relaxed);
        // Release: an iteration that sees the length sees the entry.
        self.length.store(index + 1, Ordering::Release);
        index as usize
    }

    /// Puts the entry `index`, which is complete, into the index.
    #[inline(always)]
    fn place(&self, hash: i64, index: u32) {
        let mut probe = Probe::new(hash, self.mask());
        while self.load_slot(probe.slot) & probe.mask as u32 >= FIRST {
            probe.next();
        }
        let tag = hash as u32 & self.tag_mask;
        self.store_slot(probe.slot, tag | (index + FIRST));
    }

    /// Clears entry `index`, which holds a key with this hash, under the lock, and returns its key and value.
    pub fn remove(&self, index: usize) -> (Option<Value>, Option<Value>) {
        let entry = self.entry(index);
        // SAFETY: the lock is held, so the entry keeps its key; `ManuallyDrop` leaves the count alone.
        let key = ManuallyDrop::new(unsafe { Value::from_bits(entry.key.peek_bits()) });
        let mut probe = Probe::new(self.hash_of(index, &key), self.mask());
        while self.load_slot(probe.slot) & probe.mask as u32 != index as u32 + FIRST {
            probe.next();
        }
        // The hash's bits are left out: they are compared for entries alone.
        self.store_slot(probe.slot, DELETED);
        self.live
            .store(self.live.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        (
            entry.key.replace_locked(None),
            entry.value.replace_locked(None),
        )
    }

    /// The last entry that holds a key, under the lock.
    pub fn last(&self) -> Option<usize> {
        let mut top = self.top.load(Ordering::Relaxed) as usize;
        while top > 0 && self.entry(top - 1).key.is_empty() {
            top -= 1;
        }
        self.top.store(top as u32, Ordering::Relaxed);
        top.checked_sub(1)
    }

    /// The first entry that holds a key, under the lock.
    pub fn first(&self) -> Option<usize> {
        let length = self.length();
        let mut bottom = self.bottom.load(Ordering::Relaxed) as usize;
        while bottom < length && self.entry(bottom).key.is_empty() {
            bottom += 1;
        }
        self.bottom.store(bottom as u32, Ordering::Relaxed);
        (bottom < length).then_some(bottom)
    }

    /// Gives the counts of all entries to `other`, which is new and has room for them, under the lock.
    /// Until [`Table::forget_entries`] the words stay here as well, for readers that are still in this
    /// table.
    pub fn copy_into(&self, other: &Table) {
        let length = self.length();
        debug_assert!(other.length() == 0 && self.live() <= other.usable());
        if self.live() < length || self.plain != other.plain {
            (0..length).for_each(|index| self.copy_entry(index, other));
            return;
        }
        // SAFETY: entries up to `length` are written in the one table and free in the other, which only
        // this thread knows. Here only the lock's holder writes.
        unsafe {
            let to = other.entries_start().cast_mut();
            ptr::copy_nonoverlapping(self.entries_start(), to, length);
        }
        for index in 0..length {
            // SAFETY: as in `remove`.
            let key = unsafe { Value::from_bits(self.entry(index).key.peek_bits()) };
            let hash = self.hash_of(index, &ManuallyDrop::new(key));
            if !other.plain {
                other.stored_hash(index).store(hash, Ordering::Relaxed);
            }
            other.place(hash, index as u32);
        }
        other.live.store(length as u32, Ordering::Relaxed);
        other.top.store(length as u32, Ordering::Relaxed);
        other.length.store(length as u32, Ordering::Release);
    }

    /// A new table with the same keys and values, counted once more, under the lock. `None` when memory is
    /// out.
    pub fn duplicate(&self) -> Option<NonNull<Table>> {
        let length = self.length();
        let is_dense = self.live() == length && length * 2 >= self.usable();
        let memory = if is_dense {
            Table::of_size(self.log2_size, self.plain)?
        } else {
            Table::allocate(self.live().max(FIRST_ENTRIES), self.plain)?
        };
        // SAFETY: just made.
        let other = unsafe { memory.as_ref() };
        for index in 0..length {
            let entry = self.entry(index);
            for word in [entry.key.peek_bits(), entry.value.peek_bits()] {
                if word != 0 {
                    // SAFETY: the lock is held, so the entry keeps the value; the count is the new table's.
                    let value = ManuallyDrop::new(unsafe { Value::from_bits(word) });
                    std::mem::forget(Value::clone(&value));
                }
            }
        }
        if !is_dense {
            (0..length).for_each(|index| self.copy_entry(index, other));
            return Some(memory);
        }
        // SAFETY: both tables are of one size; the new one is known to this thread alone, and in the old
        // one only the lock's holder writes.
        unsafe {
            let begin = self.index_start();
            let end: *const u8 = if self.plain {
                self.entries_start().add(length).cast()
            } else {
                self.entries_start()
                    .add(self.usable())
                    .cast::<AtomicI64>()
                    .add(length)
                    .cast()
            };
            let bytes = end.offset_from_unsigned(begin);
            ptr::copy_nonoverlapping(begin, other.index_start().cast_mut(), bytes);
        }
        other.live.store(length as u32, Ordering::Relaxed);
        other.top.store(length as u32, Ordering::Relaxed);
        other.length.store(length as u32, Ordering::Release);
        Some(memory)
    }

    /// [`Table::copy_into`] with the entry `first` before the others.
    pub fn copy_into_from(&self, other: &Table, first: usize) {
        self.copy_entry(first, other);
        let rest = (0..self.length()).filter(|index| *index != first);
        rest.for_each(|index| self.copy_entry(index, other));
    }

    /// Appends entry `index` to `other`, to which its counts pass, under the lock. There is room.
    #[inline]
    pub fn copy_entry(&self, index: usize, other: &Table) {
        let entry = self.entry(index);
        let (key, value) = (entry.key.peek_bits(), entry.value.peek_bits());
        if key == 0 || value == 0 {
            return;
        }
        // SAFETY: the counts of this table's entries pass to the other one's.
        let (key, value) = unsafe { (Value::from_bits(key), Value::from_bits(value)) };
        other.append(self.hash_of(index, &key), key, value);
    }

    /// Clears all entries without dropping what they held, which the table in use counts now. Done
    /// after that table and the new version are published: a reader that finds nothing here finds the
    /// version changed. Without this a late reader could count a value that was freed meanwhile.
    pub fn forget_entries(&self) {
        for index in 0..self.length() {
            let entry = self.entry(index);
            std::mem::forget(entry.key.replace_locked(None));
            std::mem::forget(entry.value.replace_locked(None));
        }
    }

    /// Drops what the entries hold. The table is out of reach of new readers.
    pub fn drop_entries(&self) {
        for index in 0..self.length() {
            let entry = self.entry(index);
            drop(entry.key.replace_locked(None));
            drop(entry.value.replace_locked(None));
        }
    }

    /// Frees the memory when no reader can be in it any more: at once if there is none but the `alone`
    /// caller. Entries are not dropped.
    ///
    /// # Safety
    /// The table is out of reach of new readers.
    pub unsafe fn retire(table: NonNull<Table>, alone: bool) {
        unsafe fn free(memory: *mut u8) {
            // SAFETY: called once, after the grace period.
            unsafe { typhon_alloc::free(memory) }
        }
        // SAFETY: the caller unlinked the table.
        unsafe {
            if alone {
                return free(table.as_ptr().cast());
            }
            let bytes = table.as_ref().size();
            typhon_sync::qsbr::retire_sized(table.as_ptr().cast(), free, bytes);
        }
    }
}
