//! `set_iterator`.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use super::any_set;
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Ref, Traverse};
use crate::objects::iterators::{Source, builtin, reduced};
use crate::objects::list::List;
use crate::value::Value;

/// The payload of `set_iterator`.
#[pyclass(name = "set_iterator", flags(DISALLOW_INSTANTIATION))]
pub struct SetIterator {
    /// A set or frozenset.
    source: Source<()>,
    /// The number of keys when the iteration began; [`CHANGED`] once it was found to be another.
    used: AtomicUsize,
    position: AtomicUsize,
    left: AtomicUsize,
}

/// A length that no set has.
const CHANGED: usize = usize::MAX;

impl Traverse for SetIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.source.traverse(visit);
    }
}

impl SetIterator {
    /// An iterator over `set`, a set or frozenset.
    ///
    /// # Errors
    /// MemoryError.
    pub fn over(cx: &Context, set: &Value) -> PyResult<Value> {
        let used = any_set(set).map_or(0, |set| set.len());
        let iterator = SetIterator {
            source: Source::untyped(set.clone()),
            used: AtomicUsize::new(used),
            position: AtomicUsize::new(0),
            left: AtomicUsize::new(used),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    /// Whether the set has as many keys as when the iteration began.
    fn is_unchanged(&self) -> bool {
        let used = self
            .source
            .with_value(|set| any_set(set).map_or(0, |set| set.len()));
        used.is_none_or(|used| used == self.used.load(Ordering::Relaxed))
    }

    /// What the iterator has left to yield.
    fn rest(&self, cx: &Context) -> PyResult<Vec<Value>> {
        let mut keys = Vec::new();
        if let Some(set) = self.source.value() {
            if !self.is_unchanged() {
                return Err(changed_size(cx));
            }
            let mut position = self.position.load(Ordering::Relaxed);
            while let Some((key, _)) = any_set(&set).and_then(|set| set.next_key(&mut position)) {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}

#[cold]
fn changed_size(cx: &Context) -> crate::error::Raised {
    cx.runtime_error("Set changed size during iteration")
}

#[pymethods]
impl SetIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<SetIterator>) -> PyResult<Option<Value>> {
        let mut position = this.position.load(Ordering::Relaxed);
        let next = this.source.with_value(|set| {
            let set = any_set(set)?;
            let unchanged = set.len() == this.used.load(Ordering::Relaxed);
            unchanged.then(|| set.next_key(&mut position))
        });
        let Some(key) = next.unwrap_or(Some(None)) else {
            this.used.store(CHANGED, Ordering::Relaxed);
            return Err(changed_size(cx));
        };
        match key {
            Some((key, _)) => {
                this.position.store(position, Ordering::Relaxed);
                let left = this.left.load(Ordering::Relaxed);
                this.left.store(left.saturating_sub(1), Ordering::Relaxed);
                Ok(Some(key))
            }
            None => {
                this.position.store(usize::MAX, Ordering::Relaxed);
                this.left.store(0, Ordering::Relaxed);
                this.source.release();
                Ok(None)
            }
        }
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(_cx: &Context, this: &Ref<SetIterator>) -> PyResult<usize> {
        Ok(if this.is_unchanged() {
            this.left.load(Ordering::Relaxed)
        } else {
            0
        })
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<SetIterator>) -> PyResult<Value> {
        let rest = List::from_values(cx, this.rest(cx)?)?;
        reduced(cx, builtin(cx, "iter")?, &[rest.into_value()], None)
    }
}
