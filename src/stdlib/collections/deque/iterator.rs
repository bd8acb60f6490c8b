//! Iterators over deques. Both notice when the deque is changed.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::index;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::{Deque, Mutated, mutated_iteration};

/// The arguments of an iterator's constructor: a deque, and how many items to leave out.
fn arguments<'a>(cx: &Context, args: Args<'a>) -> PyResult<(&'a Ref<Deque>, usize)> {
    let (deque, skip) = match args.positional() {
        [deque] => (deque, None),
        [deque, skip] => (deque, Some(skip)),
        given => {
            let bound = if given.is_empty() {
                "at least 1 argument"
            } else {
                "at most 2 arguments"
            };
            return Err(cx.type_error(format!("function takes {bound} ({} given)", given.len())));
        }
    };
    let Some(found) = deque.downcast::<Deque>() else {
        return Err(cx.type_error(format!(
            "argument 1 must be collections.deque, not {}",
            deque.type_name_for_argument()
        )));
    };
    let skip = match skip {
        Some(skip) => index::as_size(cx, skip, exceptions::overflow_error())?.max(0) as usize,
        None => 0,
    };
    Ok((found, skip))
}

macro_rules! iterator {
    ($ty:ident, $name:tt, $at:expr) => {
        #[doc = concat!("The payload of `", $name, "`.")]
        #[pyclass(name = $name, module = "collections")]
        pub struct $ty {
            deque: Ref<Deque>,
            changes: u64,
            /// Items that were there at the start.
            length: usize,
            /// Items that are left. 0 too after the deque was changed.
            left: AtomicUsize,
        }

        impl Traverse for $ty {
            fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                visit(self.deque.as_value());
            }
        }

        impl $ty {
            /// An iterator that leaves out the first `skip` items.
            pub(super) fn over(
                cx: &Context,
                class: &Ref<Type>,
                deque: &Ref<Deque>,
                skip: usize,
            ) -> PyResult<Value> {
                let (length, changes) = deque.locked(|ring| (ring.items.len(), ring.changes));
                let left = AtomicUsize::new(length.saturating_sub(skip));
                let iterator = $ty {
                    deque: deque.clone(),
                    changes,
                    length,
                    left,
                };
                object::new_of_class(cx, class, iterator).map(Ref::into_value)
            }
        }

        #[pymethods]
        impl $ty {
            #[slot(new)]
            fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
                let (deque, skip) = arguments(cx, args)?;
                $ty::over(cx, class, deque, skip)
            }

            #[slot(iter)]
            fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
                Ok(this.clone())
            }

            #[slot(next)]
            fn next(cx: &Context, this: &Ref<$ty>) -> PyResult<Option<Value>> {
                let left = this.left.load(Ordering::Relaxed);
                let at: fn(usize, usize) -> usize = $at;
                let item = this.deque.locked(|ring| match left {
                    0 => ring.look(usize::MAX, this.changes),
                    left => ring.look(at(this.length, left), this.changes),
                });
                match item {
                    Ok(item) => {
                        this.left.store(left.saturating_sub(1), Ordering::Relaxed);
                        Ok(item)
                    }
                    Err(Mutated) => {
                        this.left.store(0, Ordering::Relaxed);
                        Err(mutated_iteration(cx))
                    }
                }
            }

            /// Private method returning an estimate of len(list(it)).
            #[method("__length_hint__(self, /)")]
            fn length_hint(_cx: &Context, this: &Ref<$ty>) -> PyResult<usize> {
                Ok(this.left.load(Ordering::Relaxed))
            }

            /// Return state information for pickling.
            #[method("__reduce__(self, /)")]
            fn reduce(cx: &Context, this: &Ref<$ty>) -> PyResult<Ref<Tuple>> {
                let length = super::length(&this.deque);
                let skip = length.saturating_sub(this.left.load(Ordering::Relaxed));
                let arguments = [this.deque.to_value(), int::from_u64(cx, skip as u64)?];
                let arguments = Tuple::from_values(cx, &arguments)?.into_value();
                Tuple::from_values(cx, &[this.class_of().to_value(), arguments])
            }
        }
    };
}

iterator!(DequeIterator, "_deque_iterator", |length, left| length
    - left);
iterator!(
    DequeReverseIterator,
    "_deque_reverse_iterator",
    |_, left| left - 1
);

/// `iter(deque)`.
pub(super) fn forward(cx: &Context, deque: &Ref<Deque>) -> PyResult<Value> {
    DequeIterator::over(cx, DequeIterator::class(), deque, 0)
}

/// `reversed(deque)`.
pub(super) fn backward(cx: &Context, deque: &Ref<Deque>) -> PyResult<Value> {
    DequeReverseIterator::over(cx, DequeReverseIterator::class(), deque, 0)
}
