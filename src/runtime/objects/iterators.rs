//! Iterators over sequences, and `iter(callable, sentinel)`.
//!
//! Many threads may call `next` on one iterator. The position is an atomic, read and written without
//! a lock: two threads at once may get the same item, or skip none, as in CPython; what they get is
//! always an item that the sequence held.
//!
//! An exhausted iterator stays exhausted, and lets go of its sequence while the process has one
//! thread. With more threads another one might be reading the sequence without counting it; then the
//! sequence is let go with the iterator. So [`Source::with`] need not count.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Object, Payload, Ref, Traverse};
use crate::objects::exceptions;
use crate::objects::list::List;
use crate::objects::str_::{Name, names};
use crate::objects::tuple::Tuple;
use crate::protocols::{call, compare, index, iterate, sequence};
use crate::value::Value;

/// What an iterator goes over, until it is exhausted. See the module's header.
pub struct Source<T> {
    field: Field,
    kind: PhantomData<fn() -> T>,
}

impl<T> Source<T> {
    /// A source that holds `value`, which is a `T` if `T` is a payload.
    fn from_value(value: Value) -> Source<T> {
        Source {
            field: Field::new(value),
            kind: PhantomData,
        }
    }

    /// Runs `look` on the source, if there still is one. `look` must not run Python code: that could
    /// exhaust the iterator, and free the source.
    #[inline(always)]
    pub fn with_value<R>(&self, look: impl FnOnce(&Value) -> R) -> Option<R> {
        let bits = self.field.peek_bits();
        if bits == 0 {
            return None;
        }
        // SAFETY: the field counts the source; it is emptied only while there is one thread, which is in
        // `look` meanwhile. `ManuallyDrop` leaves that count alone.
        let source = ManuallyDrop::new(unsafe { Value::from_bits(bits) });
        Some(look(&source))
    }

    /// The source, counted.
    pub fn value(&self) -> Option<Value> {
        self.field.get()
    }

    /// Lets the source go, if that is safe. The iterator is exhausted.
    #[cold]
    pub fn release(&self) {
        if !typhon_sync::multithreaded() {
            self.field.set(None);
        }
    }

    /// Shows the source to the collector.
    pub fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.field.traverse(visit);
    }
}

impl Source<()> {
    /// A source of any type.
    pub fn untyped(value: Value) -> Source<()> {
        Source::from_value(value)
    }
}

impl<T: Payload> Source<T> {
    /// A source that holds `value`.
    pub fn new(value: Ref<T>) -> Source<T> {
        Source::from_value(value.into_value())
    }

    /// [`Source::with_value`] with the source's type.
    #[inline(always)]
    pub fn with<R>(&self, look: impl FnOnce(&Ref<T>) -> R) -> Option<R> {
        let pointer = NonNull::new(self.field.peek_bits() as *mut Object<T>)?;
        // SAFETY: as in `with_value`; the source was a `Ref<T>` when it was put in.
        let source = ManuallyDrop::new(unsafe { Ref::from_raw(pointer) });
        Some(look(&source))
    }

    /// The source, counted.
    pub fn get(&self) -> Option<Ref<T>> {
        self.field.get_as::<T>()
    }
}

/// The position of an iterator that is exhausted.
const EXHAUSTED: usize = usize::MAX;

/// The built-in function or class `name`, for `__reduce__`.
///
/// # Errors
/// AttributeError when a program has deleted it.
pub fn builtin(cx: &Context, name: &str) -> PyResult<Value> {
    let builtins = crate::vm::frame::current_builtins(cx);
    let name = Name::intern(cx, name)?;
    match sequence::get_item(cx, &builtins, name.as_value()) {
        Err(Raised) if cx.exception_matches(exceptions::key_error()) => {
            cx.clear_exception();
            Err(cx.attribute_error(name.display()))
        }
        found => found,
    }
}

/// `(callable, (argument,), *state)`: what `__reduce__` returns.
///
/// # Errors
/// MemoryError.
pub fn reduced(
    cx: &Context,
    callable: Value,
    arguments: &[Value],
    state: Option<Value>,
) -> PyResult<Value> {
    let arguments = Tuple::from_values(cx, arguments)?.into_value();
    let mut parts = vec![callable, arguments];
    parts.extend(state);
    Tuple::from_vec(cx, parts).map(Ref::into_value)
}

fn position_value(cx: &Context, position: usize) -> PyResult<Value> {
    crate::objects::int::from_i64(cx, position as i64)
}

/// The state that `__setstate__` is given.
fn position_argument(cx: &Context, state: &Value) -> PyResult<isize> {
    if !crate::objects::int::is_int(state) && state.class().slots.index.get().is_none() {
        return Err(cx.type_error("an integer is required"));
    }
    index::as_size(cx, state, exceptions::overflow_error())
}

/// `list_iterator`.
#[pyclass(name = "list_iterator", flags(DISALLOW_INSTANTIATION))]
#[repr(C)]
pub struct ListIterator {
    source: Source<List>,
    position: AtomicUsize,
}

impl Traverse for ListIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.source.traverse(visit);
    }
}

impl ListIterator {
    /// An iterator over `list`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over(cx: &Context, list: &Ref<List>) -> PyResult<Value> {
        let iterator = ListIterator {
            source: Source::new(list.clone()),
            position: AtomicUsize::new(0),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    /// The next item of a list that nobody else uses. `None`, and nothing was done, when there is none, or
    /// others use the list.
    #[inline(always)]
    pub(crate) fn advance_fast(&self) -> Option<Value> {
        let position = self.position.load(Ordering::Relaxed);
        let item = self.source.with(|list| list.get_fast(position)).flatten()?;
        self.position.store(position + 1, Ordering::Relaxed);
        Some(item)
    }

    /// The next item. Runs no Python code but finalizers at the end.
    #[inline(never)]
    pub fn advance(&self) -> Option<Value> {
        let position = self.position.load(Ordering::Relaxed);
        let item = self.source.with(|list| list.get(position)).flatten();
        if item.is_some() {
            self.position.store(position + 1, Ordering::Relaxed);
        } else if position != EXHAUSTED {
            self.position.store(EXHAUSTED, Ordering::Relaxed);
            self.source.release();
        }
        item
    }
}

impl ListIterator {
    /// The items of the next item, a pair, which is not counted for that. `None`, and nothing was done, when
    /// there is no next item, or it is no such pair.
    #[inline(always)]
    pub(crate) fn advance_pair(&self) -> Option<(Value, Value)> {
        let position = self.position.load(Ordering::Relaxed);
        let pair = self.source.with(|list| list.pair_at(position)).flatten()?;
        self.position.store(position + 1, Ordering::Relaxed);
        Some(pair)
    }
}

#[pymethods]
impl ListIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(_cx: &Context, this: &Ref<ListIterator>) -> PyResult<Option<Value>> {
        Ok(this.advance_fast().or_else(|| this.advance()))
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(_cx: &Context, this: &Ref<ListIterator>) -> PyResult<usize> {
        let position = this.position.load(Ordering::Relaxed);
        Ok(this
            .source
            .with(|list| list.len().saturating_sub(position))
            .unwrap_or(0))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<ListIterator>) -> PyResult<Value> {
        let iter = builtin(cx, "iter")?;
        let position = this.position.load(Ordering::Relaxed);
        match this.source.get().filter(|_| position != EXHAUSTED) {
            Some(list) => reduced(
                cx,
                iter,
                &[list.into_value()],
                Some(position_value(cx, position)?),
            ),
            None => reduced(cx, iter, &[List::new(cx)?.into_value()], None),
        }
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Ref<ListIterator>, state: &Value) -> PyResult<()> {
        let position = position_argument(cx, state)?.max(0) as usize;
        if this.position.load(Ordering::Relaxed) != EXHAUSTED {
            let length = this.source.with(|list| list.len()).unwrap_or(0);
            this.position.store(position.min(length), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// `list_reverseiterator`.
#[pyclass(name = "list_reverseiterator", flags(DISALLOW_INSTANTIATION))]
pub struct ListReverseIterator {
    source: Source<List>,
    /// The number of items in front of the one that was yielded last.
    left: AtomicUsize,
}

impl Traverse for ListReverseIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.source.traverse(visit);
    }
}

impl ListReverseIterator {
    /// An iterator over `list` from its end.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over(cx: &Context, list: &Ref<List>) -> PyResult<Value> {
        let iterator = ListReverseIterator {
            source: Source::new(list.clone()),
            left: AtomicUsize::new(list.len()),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }
}

#[pymethods]
impl ListReverseIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(_cx: &Context, this: &Ref<ListReverseIterator>) -> PyResult<Option<Value>> {
        let left = this.left.load(Ordering::Relaxed);
        if left == EXHAUSTED {
            return Ok(None);
        }
        let item = left
            .checked_sub(1)
            .and_then(|at| this.source.with(|list| list.get(at)).flatten());
        if item.is_some() {
            this.left.store(left - 1, Ordering::Relaxed);
        } else {
            this.left.store(EXHAUSTED, Ordering::Relaxed);
            this.source.release();
        }
        Ok(item)
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(_cx: &Context, this: &Ref<ListReverseIterator>) -> PyResult<usize> {
        let left = this.left.load(Ordering::Relaxed);
        if left == EXHAUSTED {
            return Ok(0);
        }
        Ok(this
            .source
            .with(|list| if list.len() < left { 0 } else { left })
            .unwrap_or(0))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<ListReverseIterator>) -> PyResult<Value> {
        // Looking the builtin up may run Python code, which may exhaust the iterator.
        let reversed = builtin(cx, "reversed")?;
        let left = this.left.load(Ordering::Relaxed);
        match this.source.get().filter(|_| left != EXHAUSTED) {
            Some(list) => {
                let position = crate::objects::int::from_i64(cx, left as i64 - 1)?;
                reduced(cx, reversed, &[list.into_value()], Some(position))
            }
            None => reduced(cx, reversed, &[List::new(cx)?.into_value()], None),
        }
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Ref<ListReverseIterator>, state: &Value) -> PyResult<()> {
        let position = position_argument(cx, state)?.max(-1);
        if this.left.load(Ordering::Relaxed) != EXHAUSTED {
            let length = this.source.with(|list| list.len()).unwrap_or(0);
            this.left
                .store(((position + 1) as usize).min(length), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// `tuple_iterator`.
#[pyclass(name = "tuple_iterator", flags(DISALLOW_INSTANTIATION))]
#[repr(C)]
pub struct TupleIterator {
    source: Source<Tuple>,
    position: AtomicUsize,
}

impl Traverse for TupleIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.source.traverse(visit);
    }
}

impl TupleIterator {
    /// An iterator over `tuple`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over(cx: &Context, tuple: &Ref<Tuple>) -> PyResult<Value> {
        let iterator = TupleIterator {
            source: Source::new(tuple.clone()),
            position: AtomicUsize::new(0),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    /// The next item. Runs no Python code but finalizers at the end.
    #[inline(always)]
    pub fn advance(&self) -> Option<Value> {
        let position = self.position.load(Ordering::Relaxed);
        let item = self
            .source
            .with(|tuple| tuple.as_slice().get(position).cloned())
            .flatten();
        if item.is_some() {
            self.position.store(position + 1, Ordering::Relaxed);
        } else if position != EXHAUSTED {
            self.position.store(EXHAUSTED, Ordering::Relaxed);
            self.source.release();
        }
        item
    }
}

#[pymethods]
impl TupleIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(_cx: &Context, this: &Ref<TupleIterator>) -> PyResult<Option<Value>> {
        Ok(this.advance())
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(_cx: &Context, this: &Ref<TupleIterator>) -> PyResult<usize> {
        let position = this.position.load(Ordering::Relaxed);
        Ok(this
            .source
            .with(|tuple| tuple.len().saturating_sub(position))
            .unwrap_or(0))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<TupleIterator>) -> PyResult<Value> {
        let iter = builtin(cx, "iter")?;
        let position = this.position.load(Ordering::Relaxed);
        match this.source.get().filter(|_| position != EXHAUSTED) {
            Some(tuple) => reduced(
                cx,
                iter,
                &[tuple.into_value()],
                Some(position_value(cx, position)?),
            ),
            None => reduced(cx, iter, &[Tuple::empty().into_value()], None),
        }
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Ref<TupleIterator>, state: &Value) -> PyResult<()> {
        let position = position_argument(cx, state)?.max(0) as usize;
        if this.position.load(Ordering::Relaxed) != EXHAUSTED {
            let length = this.source.with(|tuple| tuple.len()).unwrap_or(0);
            this.position.store(position.min(length), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// `iterator`: over any object with `__getitem__`, until it raises IndexError or StopIteration.
#[pyclass(name = "iterator", flags(DISALLOW_INSTANTIATION))]
pub struct SequenceIterator {
    sequence: Field,
    position: AtomicUsize,
}

impl Traverse for SequenceIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.sequence.traverse(visit);
    }
}

impl SequenceIterator {
    /// An iterator over a tuple.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over_tuple(cx: &Context, tuple: &Ref<Tuple>) -> PyResult<Value> {
        TupleIterator::over(cx, tuple)
    }

    /// An iterator over any sequence.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over(cx: &Context, sequence: &Value) -> PyResult<Value> {
        let iterator = SequenceIterator {
            sequence: Field::new(sequence.clone()),
            position: AtomicUsize::new(0),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }
}

/// `sequence[position]`, or `None` behind the end.
pub(crate) fn item_or_end(
    cx: &Context,
    sequence: &Value,
    position: usize,
) -> PyResult<Option<Value>> {
    let item = match sequence.class().slots.item.get() {
        Some(item) => item(cx, sequence, position as isize),
        None => sequence::get_item(cx, sequence, &position_value(cx, position)?),
    };
    match item {
        Ok(item) => Ok(Some(item)),
        Err(raised) => {
            if cx.exception_matches(exceptions::index_error())
                || cx.exception_matches(exceptions::stop_iteration())
            {
                cx.clear_exception();
                iterate::end(cx)
            } else {
                Err(raised)
            }
        }
    }
}

#[pymethods]
impl SequenceIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<SequenceIterator>) -> PyResult<Option<Value>> {
        let Some(sequence) = this.sequence.get() else {
            return Ok(None);
        };
        let position = this.position.load(Ordering::Relaxed);
        if position >= isize::MAX as usize {
            return Err(cx.overflow_error("iter index too large"));
        }
        match item_or_end(cx, &sequence, position)? {
            Some(item) => {
                this.position.store(position + 1, Ordering::Relaxed);
                Ok(Some(item))
            }
            None => {
                this.sequence.set(None);
                Ok(None)
            }
        }
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(cx: &Context, this: &Ref<SequenceIterator>) -> PyResult<Value> {
        let Some(sequence) = this.sequence.get() else {
            return crate::objects::int::from_i64(cx, 0);
        };
        if sequence.class().slots.length.get().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let length = sequence::length(cx, &sequence)?;
        position_value(
            cx,
            length.saturating_sub(this.position.load(Ordering::Relaxed)),
        )
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<SequenceIterator>) -> PyResult<Value> {
        let iter = builtin(cx, "iter")?;
        match this.sequence.get() {
            Some(sequence) => {
                let position = position_value(cx, this.position.load(Ordering::Relaxed))?;
                reduced(cx, iter, &[sequence], Some(position))
            }
            None => reduced(cx, iter, &[Tuple::empty().into_value()], None),
        }
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, object, /)")]
    fn setstate(cx: &Context, this: &Ref<SequenceIterator>, state: &Value) -> PyResult<()> {
        let position = position_argument(cx, state)?.max(0) as usize;
        if !this.sequence.is_empty() {
            this.position.store(position, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// `callable_iterator`: what `iter(callable, sentinel)` returns.
#[pyclass(name = "callable_iterator", flags(DISALLOW_INSTANTIATION))]
pub struct CallableIterator {
    callable: Field,
    sentinel: Field,
}

impl Traverse for CallableIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.callable.traverse(visit);
        self.sentinel.traverse(visit);
    }
}

impl CallableIterator {
    /// `iter(callable, sentinel)`.
    ///
    /// # Errors
    /// TypeError when it cannot be called.
    #[allow(clippy::new_ret_no_self)]
    pub fn new(cx: &Context, callable: &Value, sentinel: &Value) -> PyResult<Value> {
        if !call::is_callable(callable) {
            return Err(cx.type_error("iter(v, w): v must be callable"));
        }
        let iterator = CallableIterator {
            callable: Field::new(callable.clone()),
            sentinel: Field::new(sentinel.clone()),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    fn finish(&self) {
        self.callable.set(None);
        self.sentinel.set(None);
    }
}

#[pymethods]
impl CallableIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<CallableIterator>) -> PyResult<Option<Value>> {
        let (Some(callable), Some(sentinel)) = (this.callable.get(), this.sentinel.get()) else {
            return Ok(None);
        };
        match call::call(cx, &callable, &[]) {
            Ok(value) => {
                if compare::identical_or_equal(cx, &sentinel, &value)? {
                    this.finish();
                    return iterate::end(cx);
                }
                // Exhausted by the call itself.
                Ok((!this.callable.is_empty()).then_some(value))
            }
            Err(raised) => {
                if !cx.exception_matches(exceptions::stop_iteration()) {
                    return Err(raised);
                }
                cx.clear_exception();
                this.finish();
                iterate::end(cx)
            }
        }
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<CallableIterator>) -> PyResult<Value> {
        let iter = builtin(cx, "iter")?;
        match (this.callable.get(), this.sentinel.get()) {
            (Some(callable), Some(sentinel)) => reduced(cx, iter, &[callable, sentinel], None),
            _ => reduced(cx, iter, &[Tuple::empty().into_value()], None),
        }
    }
}

/// The number of items that are left, by `__length_hint__` of a class's instance; `None` without one.
pub(crate) fn special_length_hint(cx: &Context, object: &Value) -> PyResult<Option<Value>> {
    call::call_special(cx, object, names::dunder_length_hint(), &[])
}
