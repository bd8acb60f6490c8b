//! Reading several values of a list at once.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::{List, ListBuffer};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref};
use crate::objects::tuple::Tuple;
use crate::protocols::index::SliceIndices;
use crate::value::Value;

impl Ref<List> {
    /// The item `index` of a list that nobody else uses, counted. `None` when others do, too, or there is no
    /// such item.
    #[inline(always)]
    pub(crate) fn get_fast(&self, index: usize) -> Option<Value> {
        if !self.header().is_exclusive() || index >= self.len() {
            return None;
        }
        // SAFETY: the buffer of a list that only this thread uses; it has room for all items.
        let buffer = unsafe { &*self.buffer.load(Ordering::Relaxed) };
        // The list's own count keeps the item, since nobody takes it out.
        buffer.word(index).look(Value::clone)
    }

    /// Shows `look` the items where they lie, if no other thread can be at the list. `look` reaches no
    /// safepoint, runs no Python code and changes no list: it compares, and makes new references.
    #[inline]
    pub(crate) fn look_if_exclusive<R>(&self, look: impl FnOnce(&[Value]) -> R) -> Option<R> {
        if !self.header().is_exclusive() {
            return None;
        }
        // SAFETY: nobody else changes or replaces the buffer meanwhile, and `look` does not; its first
        // `length` words are values, which the list counts.
        let items = unsafe {
            let buffer = self.buffer.load(Ordering::Relaxed);
            let start = (*buffer).start().cast::<Value>();
            std::slice::from_raw_parts(start, self.length.load(Ordering::Relaxed))
        };
        Some(look(items))
    }

    /// Appends the items of one moment to `values`.
    pub(crate) fn append_to(&self, values: &mut Vec<Value>) {
        self.write(|writer| {
            let length = writer.len();
            values.reserve(length);
            values.extend((0..length).filter_map(|index| writer.word(index).look(Value::clone)));
        });
    }

    /// A list of the items that `select` chooses for the length, all of one moment; `None` when it
    /// chooses none.
    ///
    /// # Errors
    /// MemoryError.
    pub fn selection(
        &self,
        cx: &Context,
        select: impl FnOnce(usize) -> Option<SliceIndices>,
    ) -> Option<PyResult<Ref<List>>> {
        let copied = self.write(|writer| {
            let selected = select(writer.len())?;
            if selected.count == 0 {
                return Some(Some(List::empty_payload()));
            }
            let copy = |buffer: *mut ListBuffer| {
                for (place, index) in selected.indices().enumerate() {
                    let item = writer.word(index).look(Value::clone);
                    let item = item.expect("invariant: items are values");
                    // SAFETY: the buffer is new, and has as many words as there are indices.
                    unsafe { (*buffer).word(place) }.put(item.into_bits());
                }
                List {
                    buffer: AtomicPtr::new(buffer),
                    length: AtomicUsize::new(selected.count),
                }
            };
            Some(ListBuffer::allocate(selected.count, selected.count).map(copy))
        })?;
        Some(match copied {
            Some(payload) => object::new(cx, payload),
            None => Err(cx.no_memory()),
        })
    }

    /// The items of one moment.
    pub fn to_vec(&self) -> Vec<Value> {
        self.write(|writer| writer.slice(0, writer.len()))
    }

    /// [`List::to_vec`] for lists of any length.
    ///
    /// # Errors
    /// MemoryError.
    pub fn try_to_vec(&self, cx: &Context) -> PyResult<Vec<Value>> {
        let copied = self.write(|writer| writer.try_slice(0, writer.len()));
        copied.ok_or_else(|| cx.no_memory())
    }

    /// The two items of the pair that is item `index`, which is not counted for that. `None` when it is no
    /// tuple of two, or another thread could free it meanwhile.
    #[inline(always)]
    pub(crate) fn pair_at(&self, index: usize) -> Option<(Value, Value)> {
        self.header().announce_reader();
        if index >= self.len() {
            return None;
        }
        let address = self.buffer.load(Ordering::Acquire);
        // SAFETY: as in `get`.
        let buffer = unsafe { &*address };
        if index >= buffer.capacity {
            return None;
        }
        let pair = buffer.word(index).look_kept(|item| {
            let [first, second] = item.downcast_exact::<Tuple>()?.as_slice() else {
                return None;
            };
            Some((first.clone(), second.clone()))
        })?;
        (self.buffer.load(Ordering::Acquire) == address).then_some(pair)
    }

    /// Bytes of the buffer.
    pub fn buffer_size(&self) -> usize {
        self.write(|writer| writer.capacity() * 8)
    }
}
