//! `odict_keys`, `odict_values`, `odict_items`, and the iterator over ordered dicts.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::dict::views::{DictItems, DictKeys, DictValues};
use typhon_runtime::objects::dict::{Dict, Position};
use typhon_runtime::objects::iterators::{Source, builtin, reduced};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::mutated;

/// What an iterator yields.
#[derive(Clone, Copy)]
pub enum Yielded {
    Keys,
    Values,
    Items,
}

/// Which way an iterator goes.
#[derive(Clone, Copy)]
pub enum Direction {
    Forward,
    Backward,
}

/// The payload of `odict_iterator`. It goes by the dict's order as long as no key comes, goes or moves.
#[pyclass(name = "odict_iterator", flags(DISALLOW_INSTANTIATION, IMMUTABLE))]
pub struct OrderedIterator {
    source: Source<Dict>,
    version: u32,
    yielded: Yielded,
    direction: Direction,
    position: AtomicUsize,
    /// How many entries are to come.
    left: AtomicUsize,
}

impl Traverse for OrderedIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.source.traverse(visit);
    }
}

impl OrderedIterator {
    /// An iterator over `dict`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over(
        cx: &Context,
        dict: &Ref<Dict>,
        yielded: Yielded,
        direction: Direction,
    ) -> PyResult<Value> {
        let version = dict.version();
        let start = match direction {
            Direction::Forward => dict.start_position(),
            Direction::Backward => dict.end_position(),
        };
        let iterator = OrderedIterator {
            source: Source::new(dict.clone()),
            version,
            yielded,
            direction,
            position: AtomicUsize::new(start.0),
            left: AtomicUsize::new(dict.len()),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    /// The entry at `position`, which moves on; `None` at the end.
    fn entry(
        &self,
        cx: &Context,
        dict: &Ref<Dict>,
        position: &mut Position,
    ) -> PyResult<Option<Value>> {
        if dict.version() != self.version {
            return Err(mutated(cx));
        }
        let entry = match self.direction {
            Direction::Forward => dict.next_entry(position),
            Direction::Backward => dict.previous_entry(position),
        };
        // Another thread may have moved keys in between: the last one may have come once before.
        if dict.version() != self.version {
            return Err(mutated(cx));
        }
        let Some((key, value, _)) = entry else {
            return Ok(None);
        };
        Ok(Some(match self.yielded {
            Yielded::Keys => key,
            Yielded::Values => value,
            Yielded::Items => Tuple::from_vec(cx, vec![key, value])?.into_value(),
        }))
    }
}

#[pymethods]
impl OrderedIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<OrderedIterator>) -> PyResult<Option<Value>> {
        let left = this.left.load(Ordering::Relaxed);
        let dict = if left == 0 { None } else { this.source.get() };
        let Some(dict) = dict else {
            this.source.release();
            return Ok(None);
        };
        let mut position = Position(this.position.load(Ordering::Relaxed));
        let found = this.entry(cx, &dict, &mut position);
        if matches!(found, Ok(Some(_))) {
            this.position.store(position.0, Ordering::Relaxed);
            this.left.store(left - 1, Ordering::Relaxed);
        } else {
            this.left.store(0, Ordering::Relaxed);
            this.source.release();
        }
        found
    }

    /// Return state information for pickling
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<OrderedIterator>) -> PyResult<Value> {
        let rest = List::new(cx)?;
        let mut left = this.left.load(Ordering::Relaxed);
        let mut position = Position(this.position.load(Ordering::Relaxed));
        if let Some(dict) = this.source.get() {
            while left > 0
                && let Some(item) = this.entry(cx, &dict, &mut position)?
            {
                rest.push(cx, item)?;
                left -= 1;
            }
        }
        reduced(cx, builtin(cx, "iter")?, &[rest.into_value()], None)
    }
}

macro_rules! ordered_views {
    ($($class:ident $name:tt $base:ident $yielded:ident;)*) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            #[pyclass(name = $name, base = $base, flags(DISALLOW_INSTANTIATION, IMMUTABLE))]
            #[repr(C)]
            pub struct $class {
                view: $base,
            }

            impl Traverse for $class {
                fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
                    self.view.traverse(visit);
                }
            }

            impl $class {
                /// The view of `dict`.
                ///
                /// # Errors
                /// MemoryError.
                pub fn of(cx: &Context, dict: &Ref<Dict>) -> PyResult<Value> {
                    let view = $base::payload(dict);
                    object::new(cx, $class { view }).map(Ref::into_value)
                }
            }

            #[pymethods]
            impl $class {
                #[slot(iter)]
                fn iter(cx: &Context, this: &Ref<$class>) -> PyResult<Value> {
                    OrderedIterator::over(cx, this.view.dict(), Yielded::$yielded, Direction::Forward)
                }

                #[method("__reversed__(self, /)")]
                fn reversed(cx: &Context, this: &Ref<$class>) -> PyResult<Value> {
                    OrderedIterator::over(cx, this.view.dict(), Yielded::$yielded, Direction::Backward)
                }
            }
        )*
    };
}

ordered_views! {
    OrderedKeys "odict_keys" DictKeys Keys;
    OrderedValues "odict_values" DictValues Values;
    OrderedItems "odict_items" DictItems Items;
}
