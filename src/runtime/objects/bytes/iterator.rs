//! `bytes_iterator`. See `objects::iterators` for how many threads share an iterator.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use super::Bytes;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::iterators::{Source, builtin, reduced};
use crate::objects::tuple::Tuple;
use crate::protocols::index;
use crate::value::Value;

/// The position of an iterator that is exhausted.
const EXHAUSTED: usize = usize::MAX;

/// `bytes_iterator`.
#[pyclass(name = "bytes_iterator", flags(DISALLOW_INSTANTIATION))]
#[repr(C)]
pub struct BytesIterator {
    source: Source<Bytes>,
    position: AtomicUsize,
}

impl Traverse for BytesIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.source.traverse(visit);
    }
}

impl BytesIterator {
    /// An iterator over `bytes`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over(cx: &Context, bytes: &Ref<Bytes>) -> PyResult<Value> {
        let iterator = BytesIterator {
            source: Source::new(bytes.clone()),
            position: AtomicUsize::new(0),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    /// The next byte. Runs no Python code but finalizers at the end.
    #[inline]
    pub fn advance(&self) -> Option<u8> {
        let position = self.position.load(Ordering::Relaxed);
        let byte = self
            .source
            .with(|bytes| bytes.as_slice().get(position).copied())
            .flatten();
        if byte.is_some() {
            self.position.store(position + 1, Ordering::Relaxed);
        } else if position != EXHAUSTED {
            self.position.store(EXHAUSTED, Ordering::Relaxed);
            self.source.release();
        }
        byte
    }
}

#[pymethods]
impl BytesIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<BytesIterator>) -> PyResult<Option<Value>> {
        this.advance()
            .map(|byte| int::from_i64(cx, byte.into()))
            .transpose()
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(_cx: &Context, this: &Ref<BytesIterator>) -> PyResult<usize> {
        let position = this.position.load(Ordering::Relaxed);
        Ok(this
            .source
            .with(|bytes| bytes.len().saturating_sub(position))
            .unwrap_or(0))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<BytesIterator>) -> PyResult<Value> {
        let iter = builtin(cx, "iter")?;
        let position = this.position.load(Ordering::Relaxed);
        match this.source.get().filter(|_| position != EXHAUSTED) {
            Some(bytes) => {
                let position = int::from_i64(cx, position as i64)?;
                reduced(cx, iter, &[bytes.into_value()], Some(position))
            }
            None => reduced(cx, iter, &[Tuple::empty().into_value()], None),
        }
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, state, /)")]
    fn setstate(cx: &Context, this: &Ref<BytesIterator>, state: &Value) -> PyResult<()> {
        let position = index::as_size(cx, state, exceptions::overflow_error())?.max(0) as usize;
        if this.position.load(Ordering::Relaxed) != EXHAUSTED {
            let length = this.source.with(|bytes| bytes.len()).unwrap_or(0);
            this.position.store(position.min(length), Ordering::Relaxed);
        }
        Ok(())
    }
}
