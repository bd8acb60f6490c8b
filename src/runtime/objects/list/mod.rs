//! `list`: a mutable sequence, read without a lock.
//!
//! ```text
//!   Header | buffer | length            buffer:  capacity | word 0 | word 1 | … | word capacity-1
//! ```
//! Invariants, seen by who holds the lock: length ≤ capacity; words below `length` hold a counted
//! value each, words from there on are zero. [`EMPTY`] is the buffer of a list that has none.
//!
//! A list that only its owner has used is written without the lock, and its old buffers are freed at
//! once (`typhon_sync::object_lock`): other threads announce that they read.
//!
//! Readers load `length`, then `buffer`, then the word; they compare the index with both lengths, so
//! that no mixture of old and new leads them out of a buffer, and re-check `buffer` after counting the
//! value (see `shared_word`). Writers hold the object's lock, or are the only thread. A buffer that
//! is replaced keeps its words and is freed after a grace period without dropping them: the counts
//! have moved on.
//!
//! While a list is sorted its items are elsewhere, and it looks empty; but where threads run side by
//! side, a copy is sorted.
//!
//! Files: `methods` (what Python sees), `reading` (several values at once), `sort` (the merge sort),
//! `sort_shared` (sorting beside others).

mod arrange;
pub(crate) mod methods;
mod reading;
mod sort;
mod sort_shared;

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use typhon_alloc::Kind;
use typhon_macros::pyclass;

use crate::context::Context;
use crate::error::PyResult;
use crate::guarded::HeldValue;
use crate::object::{self, Ref, Run, Traverse};
use crate::objects::shared_word::{Glimpse, SharedWord};
use crate::objects::slice::Bounds;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::iterate;
use crate::value::Value;

pub use arrange::Items;

/// The payload of `list`. See the module's header.
#[pyclass(
    name = "list",
    flags(BASETYPE, SEQUENCE, MATCH_SELF),
    signature = "(iterable=(), /)",
    doc = "Built-in mutable sequence.\n\nIf no argument is given, the constructor creates a new empty list.\nThe argument must be an iterable if specified."
)]
#[repr(C)]
pub struct List {
    buffer: AtomicPtr<ListBuffer>,
    length: AtomicUsize,
}

/// A block of words. See the module's header.
#[repr(C, align(8))]
pub struct ListBuffer {
    capacity: usize,
}

/// Words that a shrinking list keeps.
const KEPT_CAPACITY: usize = 16;

static EMPTY: ListBuffer = ListBuffer { capacity: 0 };

fn no_buffer() -> *mut ListBuffer {
    (&raw const EMPTY).cast_mut()
}

/// The buffer of a list whose items are out to be sorted. Whatever gives the list a buffer, or takes one
/// away, leaves another one behind.
fn sorting_buffer() -> *mut ListBuffer {
    static SORTING: ListBuffer = ListBuffer { capacity: 0 };
    (&raw const SORTING).cast_mut()
}

fn is_static(buffer: *mut ListBuffer) -> bool {
    buffer == no_buffer() || buffer == sorting_buffer()
}

unsafe fn free_block(memory: *mut u8) {
    // SAFETY: called once, on a block that nobody reads any more.
    unsafe { typhon_alloc::free(memory) }
}

impl ListBuffer {
    fn bytes(capacity: usize) -> Option<usize> {
        let bytes = capacity
            .checked_mul(8)?
            .checked_add(size_of::<ListBuffer>())?;
        (bytes <= isize::MAX as usize / 2).then_some(bytes)
    }

    #[inline(always)]
    fn start(&self) -> *const SharedWord {
        // SAFETY: the words follow the header.
        unsafe { std::ptr::from_ref(self).add(1).cast() }
    }

    /// Word `index`, below the capacity.
    #[inline(always)]
    fn word(&self, index: usize) -> &SharedWord {
        debug_assert!(index < self.capacity);
        // SAFETY: the buffer has `capacity` words.
        unsafe { &*self.start().add(index) }
    }

    /// A buffer whose first `used` words are for the caller to write; the rest is zero.
    fn allocate(capacity: usize, used: usize) -> Option<*mut ListBuffer> {
        let memory = typhon_alloc::allocate(Kind::Raw, ListBuffer::bytes(capacity)?);
        if memory.is_null() {
            return None;
        }
        let buffer = memory.cast::<ListBuffer>();
        // SAFETY: fresh memory of the right size.
        unsafe {
            buffer.write(ListBuffer { capacity });
            buffer
                .add(1)
                .cast::<u64>()
                .add(used)
                .write_bytes(0, capacity - used);
        }
        Some(buffer)
    }

    /// Frees a buffer that was unlinked, once nobody can be reading it: at once if only the caller could.
    ///
    /// # Safety
    /// New readers do not find `buffer`; its counts have moved.
    unsafe fn retire(buffer: *mut ListBuffer, alone: bool) {
        if is_static(buffer) {
            return;
        }
        if alone {
            // SAFETY: by the caller's promise.
            return unsafe { free_block(buffer.cast()) };
        }
        // SAFETY: by the caller's promise.
        unsafe {
            let bytes = size_of::<ListBuffer>() + (*buffer).capacity * 8;
            typhon_sync::qsbr::retire_sized(buffer.cast(), free_block, bytes);
        }
    }
}

impl Traverse for List {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        // SAFETY: the world is stopped, so the buffer stays.
        let buffer = unsafe { &*self.buffer.load(Ordering::Relaxed) };
        for index in 0..self.len().min(buffer.capacity) {
            buffer.word(index).look(&mut *visit);
        }
    }

    const IS_RUN: bool = true;

    fn run(&self) -> Run {
        // SAFETY: the world is stopped, so the buffer stays.
        let buffer = unsafe { &*self.buffer.load(Ordering::Relaxed) };
        // Nobody is in the middle of a change. Looking at the buffer here would be waiting for it: the
        // collector asks for its memory some steps before it reads it.
        debug_assert!(self.len() <= buffer.capacity, "items outside of the buffer");
        Run::new(buffer.start().cast(), self.len())
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let buffer = *self.buffer.get_mut();
        let length = *self.length.get_mut();
        // SAFETY: the list is out of reach: its words are dropped once and nobody reads the buffer. As in
        // CPython the last item goes first.
        unsafe {
            for index in (0..length).rev() {
                drop(Value::from_bits((*buffer).word(index).bits()));
            }
            if !is_static(buffer) {
                typhon_alloc::free(buffer.cast());
            }
        }
    }
}

impl List {
    /// A payload without items.
    pub fn empty_payload() -> List {
        List {
            buffer: AtomicPtr::new(no_buffer()),
            length: AtomicUsize::new(0),
        }
    }

    /// An empty list.
    ///
    /// # Errors
    /// MemoryError.
    #[allow(clippy::new_ret_no_self)]
    #[inline]
    pub fn new(cx: &Context) -> PyResult<Ref<List>> {
        object::new(cx, List::empty_payload())
    }

    /// An empty list of `class`, which is derived from `list`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn new_of_class(cx: &Context, class: &Ref<Type>) -> PyResult<Ref<List>> {
        object::new_of_class(cx, class, List::empty_payload())
    }

    /// A list of these values, which move into it.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_values(cx: &Context, values: Vec<Value>) -> PyResult<Ref<List>> {
        let mut values = ManuallyDrop::new(values);
        let (start, length, capacity) = (values.as_mut_ptr(), values.len(), values.capacity());
        // SAFETY: the values move out of the vector, of which only the memory is left to be freed.
        unsafe {
            let made = List::take_from(cx, start, length);
            drop(Vec::from_raw_parts(start, 0, capacity));
            made
        }
    }

    /// A list of `length` values that move from `source`.
    ///
    /// # Errors
    /// MemoryError; the values are dropped then.
    ///
    /// # Safety
    /// `source` holds `length` values that the caller gives away.
    #[inline]
    pub unsafe fn take_from(
        cx: &Context,
        source: *mut Value,
        length: usize,
    ) -> PyResult<Ref<List>> {
        let payload = List::empty_payload();
        if length > 0 {
            let Some(buffer) = ListBuffer::allocate(length, length) else {
                // SAFETY: the values are ours to drop.
                unsafe { std::ptr::slice_from_raw_parts_mut(source, length).drop_in_place() };
                return Err(cx.no_memory());
            };
            // SAFETY: the buffer has room for all; the values move, the caller forgets them.
            unsafe {
                std::ptr::copy_nonoverlapping(source.cast::<u64>(), buffer.add(1).cast(), length)
            };
            payload.buffer.store(buffer, Ordering::Relaxed);
            payload.length.store(length, Ordering::Relaxed);
        }
        object::new(cx, payload)
    }

    /// `values * times`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn repeated(cx: &Context, values: &[Value], times: usize) -> PyResult<Ref<List>> {
        let length = values
            .len()
            .checked_mul(times)
            .ok_or_else(|| cx.no_memory())?;
        List::of_clones(cx, length, || std::iter::repeat_n(values, times))
    }

    /// The items of `first` and those of `second`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn joined(cx: &Context, first: &[Value], second: &[Value]) -> PyResult<Ref<List>> {
        List::of_clones(cx, first.len() + second.len(), || [first, second])
    }

    /// The items of `parts`, `length` in all.
    #[inline]
    fn of_clones<'a, P: IntoIterator<Item = &'a [Value]>>(
        cx: &Context,
        length: usize,
        parts: impl FnOnce() -> P,
    ) -> PyResult<Ref<List>> {
        let payload = List::empty_payload();
        if length > 0 {
            let Some(buffer) = ListBuffer::allocate(length, length) else {
                return Err(cx.no_memory());
            };
            // SAFETY: just made, with room for `length` words, and there are as many values.
            unsafe {
                let mut word = buffer.add(1).cast::<u64>();
                for part in parts() {
                    for value in part {
                        word.write(value.clone().into_bits());
                        word = word.add(1);
                    }
                }
            }
            payload.buffer.store(buffer, Ordering::Relaxed);
            payload.length.store(length, Ordering::Relaxed);
        }
        object::new(cx, payload)
    }

    /// The number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length.load(Ordering::Acquire)
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Ref<List> {
    /// The item `index`, counted. No lock is taken unless another thread's object has never been
    /// shared before.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Value> {
        self.header().announce_reader();
        if index >= self.len() {
            return None;
        }
        let address = self.buffer.load(Ordering::Acquire);
        // SAFETY: the buffer is freed only after this thread's next safepoint.
        let buffer = unsafe { &*address };
        if index < buffer.capacity
            && let Glimpse::Value(value) = buffer.word(index).glimpse()
            && self.buffer.load(Ordering::Acquire) == address
        {
            return Some(value);
        }
        self.get_slow(index)
    }

    #[cold]
    #[inline(never)]
    fn get_slow(&self, index: usize) -> Option<Value> {
        self.write(|writer| {
            if index < writer.len() {
                writer.word(index).get_marked()
            } else {
                None
            }
        })
    }

    /// Runs `work` with the lock held, or as the only thread. It drops no values.
    #[inline(always)]
    fn write<R>(&self, work: impl FnOnce(Writer<'_>) -> R) -> R {
        let header = self.header();
        if header.is_exclusive() {
            return work(Writer {
                list: self,
                alone: true,
            });
        }
        let _held = HeldValue::lock_header(header);
        work(Writer {
            list: self,
            alone: false,
        })
    }

    /// Exchanges the items that `bounds`, whose step is 1, select with those of `other`, a list that the
    /// caller alone knows. False: they are not as many.
    pub(crate) fn exchange_slice(&self, bounds: Bounds, other: &Ref<List>) -> bool {
        debug_assert!(bounds.step == 1 && other.header().is_unique());
        // SAFETY: nobody else could give the list another buffer.
        let theirs = unsafe { &*other.buffer.load(Ordering::Relaxed) };
        self.write(|writer| {
            let Some(range) = bounds.resolve(writer.len()).as_range() else {
                return false;
            };
            if range.len() != other.len() {
                return false;
            }
            for (place, index) in range.enumerate() {
                let (ours, theirs) = (writer.word(index), theirs.word(place));
                let item = ours.bits();
                ours.put(theirs.bits());
                theirs.put(item);
            }
            true
        })
    }

    /// Appends `value`.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn push(&self, cx: &Context, value: Value) -> PyResult<()> {
        match self.write(|mut writer| writer.push(value)) {
            Ok(()) => Ok(()),
            Err(value) => {
                drop(value);
                Err(cx.no_memory())
            }
        }
    }

    /// [`Ref::push`] onto a list that nobody else uses and that has room. Otherwise the value is given back.
    #[inline(always)]
    pub(crate) fn push_fast(&self, value: Value) -> Result<(), Value> {
        if !self.header().is_exclusive() {
            return Err(value);
        }
        let mut writer = Writer {
            list: self,
            alone: true,
        };
        let length = writer.len();
        if length == writer.capacity() {
            return Err(value);
        }
        writer.word(length).put(value.into_bits());
        writer.set_len(length + 1);
        Ok(())
    }

    /// Puts `value` in the place of item `index`. False when there is no such item.
    #[inline]
    pub fn set(&self, index: usize, value: Value) -> bool {
        self.replace(index, value).is_ok()
    }

    /// [`Ref::set`] that returns what was there; the value itself when there is no such item.
    ///
    /// # Errors
    /// The value is given back.
    #[inline]
    pub fn replace(&self, index: usize, value: Value) -> Result<Value, Value> {
        self.write(|writer| {
            if index >= writer.len() {
                return Err(value);
            }
            let word = writer.word(index);
            let old = word.bits();
            word.put(value.into_bits());
            // SAFETY: the word's count of the old value passes to the caller.
            Ok(unsafe { Value::from_bits(old) })
        })
    }

    /// Takes out the last item.
    #[inline]
    pub fn pop(&self) -> Option<Value> {
        self.write(|mut writer| {
            let last = writer.len().checked_sub(1)?;
            Some(writer.remove(last))
        })
    }

    /// Takes out item `index`.
    pub fn remove(&self, index: usize) -> Option<Value> {
        self.write(|mut writer| (index < writer.len()).then(|| writer.remove(index)))
    }

    /// Puts `value` in front of item `index`, or at the end.
    ///
    /// # Errors
    /// MemoryError.
    pub fn insert(&self, cx: &Context, index: usize, value: Value) -> PyResult<()> {
        self.insert_at(cx, |length| index.min(length), value)
    }

    /// [`Ref::insert`] at an index that is computed from the length at that moment.
    pub(crate) fn insert_at(
        &self,
        cx: &Context,
        index: impl FnOnce(usize) -> usize,
        value: Value,
    ) -> PyResult<()> {
        let done = self.write(|mut writer| {
            let length = writer.len();
            let index = index(length);
            writer.push(value).map(|()| {
                let bits = writer.word(length).bits();
                writer.move_words(index, index + 1, length - index);
                writer.word(index).put(bits);
            })
        });
        done.map_err(|_| cx.no_memory())
    }

    /// Appends the values that `iterable` yields.
    ///
    /// # Errors
    /// TypeError when it is not iterable, MemoryError, and what iterating raises.
    pub fn extend(&self, cx: &Context, iterable: &Value) -> PyResult<()> {
        if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
            let enough = self.write(|mut writer| writer.append(tuple.as_slice()));
            return if enough { Ok(()) } else { Err(cx.no_memory()) };
        }
        if let Some(list) = iterable.downcast_exact::<List>()
            && !list.is(self)
            && let Some(enough) =
                list.look_if_exclusive(|items| self.write(|mut writer| writer.append(items)))
        {
            return if enough { Ok(()) } else { Err(cx.no_memory()) };
        }
        if let Some(values) = iterate::snapshot(cx, iterable)? {
            return self.extend_values(cx, values);
        }
        let iterator = iterate::iter(cx, iterable)?;
        let hint = iterate::length_hint(cx, iterable, 8)?;
        if hint > 8 && hint < isize::MAX as usize / 16 {
            // Only a hint: when there is no memory for so many, appending will tell.
            let _ = self.write(|mut writer| writer.grow_for(writer.len() + hint));
        }
        iterate::drain(cx, &iterator, |value| {
            self.push_fast(value).or_else(|value| self.push(cx, value))
        })?;
        self.write(|mut writer| writer.trim());
        Ok(())
    }

    /// Appends these values.
    ///
    /// # Errors
    /// MemoryError.
    pub fn extend_values(&self, cx: &Context, values: Vec<Value>) -> PyResult<()> {
        if values.is_empty() {
            return Ok(());
        }
        let done = self.write(|mut writer| {
            let length = writer.len();
            writer.splice(length, length, values)
        });
        done.map(|_| ()).map_err(|_| cx.no_memory())
    }

    /// Takes all items out.
    pub fn clear(&self) {
        drop_from_last(self.take_all());
    }

    /// Takes all items out and returns them. Afterwards the list has no buffer.
    pub(crate) fn take_all(&self) -> Vec<Value> {
        self.write(|mut writer| writer.take_all())
    }
}

/// Drops values that were taken out; as in CPython the last goes first.
fn drop_from_last(mut values: Vec<Value>) {
    while values.pop().is_some() {}
}

/// The list while its lock is held, or nobody else runs. Nothing here drops a value: that might run
/// Python code.
struct Writer<'a> {
    list: &'a List,
    /// Nobody reads the list meanwhile, with the lock or without.
    alone: bool,
}

impl Writer<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.list.length.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn set_len(&mut self, length: usize) {
        // Release: a reader that sees the length sees the buffer and the words.
        self.list.length.store(length, Ordering::Release);
    }

    #[inline(always)]
    fn buffer(&self) -> &ListBuffer {
        // SAFETY: only the holder of the lock replaces the buffer, through `&mut self`.
        unsafe { &*self.list.buffer.load(Ordering::Relaxed) }
    }

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.buffer().capacity
    }

    #[inline(always)]
    fn word(&self, index: usize) -> &SharedWord {
        self.buffer().word(index)
    }

    #[inline(always)]
    fn push(&mut self, value: Value) -> Result<(), Value> {
        let length = self.len();
        if length == self.capacity() && !self.grow_for(length + 1) {
            return Err(value);
        }
        self.word(length).put(value.into_bits());
        self.set_len(length + 1);
        Ok(())
    }

    /// Appends copies of these values. False when memory is out.
    fn append(&mut self, values: &[Value]) -> bool {
        let length = self.len();
        let total = length + values.len();
        let enough = match length {
            _ if total <= self.capacity() => true,
            0 => self.set_capacity(total),
            _ => self.grow_for(total),
        };
        if enough {
            for (index, value) in values.iter().enumerate() {
                self.word(length + index).put(value.clone().into_bits());
            }
            self.set_len(total);
        }
        enough
    }

    /// Makes room for `total` items, with CPython's over-allocation. False when memory is out.
    #[cold]
    #[inline(never)]
    fn grow_for(&mut self, total: usize) -> bool {
        if total <= self.capacity() {
            return true;
        }
        let mut capacity = (total + (total >> 3) + 6) & !3;
        if total - self.len() > capacity - total {
            capacity = (total + 3) & !3;
        }
        self.set_capacity(capacity)
    }

    /// Gives memory back when less than half of it is used, but for the little that a list which
    /// serves as a stack would ask for again.
    #[inline(always)]
    fn trim(&mut self) {
        if self.len() < self.capacity() / 2 && self.capacity() > KEPT_CAPACITY {
            self.trim_slow();
        }
    }

    #[cold]
    fn trim_slow(&mut self) {
        let length = self.len();
        let capacity = if length == 0 {
            0
        } else {
            (length + (length >> 3) + 6) & !3
        };
        if capacity < self.capacity() {
            // When there is no memory for a smaller buffer the old one stays.
            let _ = self.set_capacity(capacity);
        }
    }

    /// Moves the items to a buffer of `capacity` words, at least as many as there are items.
    fn set_capacity(&mut self, capacity: usize) -> bool {
        let length = self.len();
        let old = self.list.buffer.load(Ordering::Relaxed);
        if capacity == 0 {
            self.list.buffer.store(no_buffer(), Ordering::Release);
            // SAFETY: unlinked, and without items.
            unsafe { ListBuffer::retire(old, self.alone) };
            return true;
        }
        if self.alone && !is_static(old) {
            let Some(bytes) = ListBuffer::bytes(capacity) else {
                return false;
            };
            // SAFETY: nobody else runs, so the block is ours to move; words past the items are made zero.
            unsafe {
                let new = typhon_alloc::reallocate_raw(old.cast(), bytes).cast::<ListBuffer>();
                if new.is_null() {
                    return false;
                }
                (*new).capacity = capacity;
                new.add(1)
                    .cast::<u64>()
                    .add(length)
                    .write_bytes(0, capacity - length);
                self.list.buffer.store(new, Ordering::Release);
            }
            return true;
        }
        let Some(new) = ListBuffer::allocate(capacity, length) else {
            return false;
        };
        // SAFETY: the counts of the old buffer's words pass to the new one's; it is out of reach before it
        // is retired.
        unsafe {
            std::ptr::copy_nonoverlapping((*old).start().cast::<u64>(), new.add(1).cast(), length);
            self.list.buffer.store(new, Ordering::Release);
            ListBuffer::retire(old, self.alone);
        }
        true
    }

    /// Moves `count` words. Those that are left behind keep their bits, for the caller to overwrite.
    fn move_words(&mut self, from: usize, to: usize, count: usize) {
        debug_assert!(from + count <= self.capacity() && to + count <= self.capacity());
        if self.alone {
            let start = self.buffer().start().cast::<u64>().cast_mut();
            // SAFETY: both ranges are in the buffer, which nobody else reads.
            unsafe { std::ptr::copy(start.add(from), start.add(to), count) };
        } else if from < to {
            for index in (0..count).rev() {
                self.word(to + index).put(self.word(from + index).bits());
            }
        } else {
            for index in 0..count {
                self.word(to + index).put(self.word(from + index).bits());
            }
        }
    }

    /// Makes the list `length` items long; the words from there on are zeroed, their counts have moved.
    fn cut(&mut self, length: usize) {
        let end = self.len();
        self.set_len(length);
        for index in length..end {
            self.word(index).put(0);
        }
    }

    fn remove(&mut self, index: usize) -> Value {
        let length = self.len();
        let bits = self.word(index).bits();
        if index + 1 < length {
            self.move_words(index + 1, index, length - index - 1);
        }
        self.cut(length - 1);
        self.trim();
        // SAFETY: the list's count passes to the caller.
        unsafe { Value::from_bits(bits) }
    }

    /// The items `start..stop`, counted.
    fn slice(&self, start: usize, stop: usize) -> Vec<Value> {
        self.try_slice(start, stop)
            .expect("memory for a copy of the items")
    }

    /// The items `start..stop`, counted; `None` without memory for them.
    fn try_slice(&self, start: usize, stop: usize) -> Option<Vec<Value>> {
        let item = |index| self.word(index).look(Value::clone);
        let mut items = Vec::new();
        items.try_reserve_exact(stop - start).ok()?;
        // The length is known, so the vector is written without asking for room each time.
        items.extend((start..stop).map(|index| item(index).expect("invariant: items are values")));
        Some(items)
    }

    fn take_all(&mut self) -> Vec<Value> {
        let length = self.len();
        let old = self.list.buffer.load(Ordering::Relaxed);
        if is_static(old) {
            return Vec::new();
        }
        // SAFETY: the counts pass to the vector; readers of the old buffer find that it is not current.
        unsafe {
            let taken = (0..length)
                .map(|index| Value::from_bits((*old).word(index).bits()))
                .collect();
            self.set_len(0);
            self.list.buffer.store(no_buffer(), Ordering::Release);
            ListBuffer::retire(old, self.alone);
            taken
        }
    }

    /// Puts `values` in the place of the items `start..stop`, which are returned. Without memory
    /// nothing happens, and the values are given back.
    fn splice(
        &mut self,
        start: usize,
        stop: usize,
        values: Vec<Value>,
    ) -> Result<Vec<Value>, Vec<Value>> {
        let length = self.len();
        debug_assert!(start <= stop && stop <= length);
        let removed = stop - start;
        let added = values.len();
        let Some(total) = (length - removed).checked_add(added) else {
            return Err(values);
        };
        let mut old = Vec::new();
        if old.try_reserve_exact(removed).is_err() {
            return Err(values);
        }
        if total > self.capacity() {
            let enough = if length == 0 {
                self.set_capacity(total)
            } else {
                self.grow_for(total)
            };
            if !enough {
                return Err(values);
            }
        }
        // SAFETY: the list's counts pass to the vector; the words are overwritten or zeroed below.
        unsafe {
            old.extend((start..stop).map(|index| Value::from_bits(self.word(index).bits())));
        }
        if added != removed {
            self.move_words(stop, start + added, length - stop);
        }
        for (index, value) in values.into_iter().enumerate() {
            self.word(start + index).put(value.into_bits());
        }
        if total < length {
            self.cut(total);
            self.trim();
        } else {
            self.set_len(total);
        }
        Ok(old)
    }

    /// Puts `values` in the places of the items at `places`, which are returned.
    fn replace_each(
        &mut self,
        places: impl Iterator<Item = usize>,
        values: Vec<Value>,
    ) -> Vec<Value> {
        places
            .zip(values)
            .map(|(place, value)| {
                let word = self.word(place);
                let old = word.bits();
                word.put(value.into_bits());
                // SAFETY: the list's count passes to the vector.
                unsafe { Value::from_bits(old) }
            })
            .collect()
    }

    /// Takes out the items at the rising `places`.
    fn remove_each(&mut self, places: impl Iterator<Item = usize>) -> Vec<Value> {
        let length = self.len();
        let mut removed = Vec::new();
        let mut write = None;
        let mut read = 0;
        for place in places {
            let start = write.unwrap_or(place);
            if write.is_some() {
                self.move_words(read, start, place - read);
                write = Some(start + place - read);
            } else {
                write = Some(place);
            }
            // SAFETY: the list's count passes to the vector; the word is overwritten or zeroed below.
            removed.push(unsafe { Value::from_bits(self.word(place).bits()) });
            read = place + 1;
        }
        if let Some(write) = write {
            self.move_words(read, write, length - read);
            self.cut(length - removed.len());
            self.trim();
        }
        removed
    }

    fn reverse(&mut self) {
        let length = self.len();
        for index in 0..length / 2 {
            let (low, high) = (self.word(index), self.word(length - 1 - index));
            let bits = low.bits();
            low.put(high.bits());
            high.put(bits);
        }
    }
}

const _: () = assert!(size_of::<SharedWord>() == size_of::<AtomicU64>());
