//! Iterators over strings: `str_ascii_iterator` and `str_iterator`. See `objects::iterators` for how
//! many threads share one.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use super::Str;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::iterators::{Source, builtin, reduced};
use crate::protocols::index;
use crate::value::Value;

/// The position of an iterator that is exhausted.
const EXHAUSTED: usize = usize::MAX;

macro_rules! str_iterator {
    ($ty:ident $name:literal) => {
        #[doc = concat!("`", $name, "`.")]
        #[pyclass(name = $name, flags(DISALLOW_INSTANTIATION))]
        #[repr(C)]
        pub struct $ty {
            source: Source<Str>,
            position: AtomicUsize,
        }

        impl Traverse for $ty {
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                self.source.traverse(visit);
            }
        }

        impl $ty {
            fn make(cx: &Context, string: &Ref<Str>) -> PyResult<Value> {
                let iterator = $ty {
                    source: Source::new(string.clone()),
                    position: AtomicUsize::new(0),
                };
                object::new(cx, iterator).map(Ref::into_value)
            }

            /// The next code point. Runs no Python code but finalizers at the end.
            #[inline]
            pub fn advance(&self) -> Option<u32> {
                let position = self.position.load(Ordering::Relaxed);
                let point = self
                    .source
                    .with(|string| (position < string.len()).then(|| string.code_point(position)))
                    .flatten();
                if point.is_some() {
                    self.position.store(position + 1, Ordering::Relaxed);
                } else if position != EXHAUSTED {
                    self.position.store(EXHAUSTED, Ordering::Relaxed);
                    self.source.release();
                }
                point
            }
        }

        #[pymethods]
        impl $ty {
            #[slot(iter)]
            fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
                Ok(this.clone())
            }

            #[slot(next)]
            fn next(cx: &Context, this: &Ref<$ty>) -> PyResult<Option<Value>> {
                this.advance()
                    .map(|point| Str::from_code_point(cx, point).map(Ref::into_value))
                    .transpose()
            }

            /// Private method returning an estimate of len(list(it)).
            #[method("__length_hint__(self, /)")]
            fn length_hint(_cx: &Context, this: &Ref<$ty>) -> PyResult<usize> {
                let position = this.position.load(Ordering::Relaxed);
                Ok(this
                    .source
                    .with(|string| string.len().saturating_sub(position))
                    .unwrap_or(0))
            }

            /// Return state information for pickling.
            #[method("__reduce__(self, /)")]
            fn reduce(cx: &Context, this: &Ref<$ty>) -> PyResult<Value> {
                let iter = builtin(cx, "iter")?;
                let position = this.position.load(Ordering::Relaxed);
                match this.source.get().filter(|_| position != EXHAUSTED) {
                    Some(string) => {
                        let position = int::from_i64(cx, position as i64)?;
                        reduced(cx, iter, &[string.into_value()], Some(position))
                    }
                    None => reduced(cx, iter, &[Str::empty().into_value()], None),
                }
            }

            /// Set state information for unpickling.
            #[method("__setstate__(self, object, /)")]
            fn setstate(cx: &Context, this: &Ref<$ty>, state: &Value) -> PyResult<()> {
                let position =
                    index::as_size(cx, state, exceptions::overflow_error())?.max(0) as usize;
                if this.position.load(Ordering::Relaxed) != EXHAUSTED {
                    let length = this.source.with(|string| string.len()).unwrap_or(0);
                    this.position.store(position.min(length), Ordering::Relaxed);
                }
                Ok(())
            }
        }
    };
}

str_iterator!(StrIterator "str_iterator");
str_iterator!(StrAsciiIterator "str_ascii_iterator");

impl StrIterator {
    /// An iterator over `string`: one of the two classes.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over(cx: &Context, string: &Ref<Str>) -> PyResult<Value> {
        if string.is_ascii() {
            StrAsciiIterator::make(cx, string)
        } else {
            StrIterator::make(cx, string)
        }
    }
}
