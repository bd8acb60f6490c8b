//! `deque`: a queue with two ends.
//!
//! The items are in a ring buffer behind the object's lock, with a count of the changes: whoever goes
//! over the items without the lock (iterators, searches, comparisons) notices by it that the deque was
//! changed meanwhile. Invariant: there are at most `limit` items.
//!
//! Files: `methods` (what Python sees), `iterator`.

mod iterator;
mod methods;

use std::collections::{TryReserveError, VecDeque};

use typhon_macros::pyclass;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{compare, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value};

pub(super) use iterator::{DequeIterator, DequeReverseIterator};

/// The payload of `deque`. See the module's header.
#[pyclass(
    name = "deque",
    module = "collections",
    flags(BASETYPE, SEQUENCE, HAS_WEAKREF),
    doc = "A list-like sequence optimized for data accesses near its endpoints.",
    signature = "([iterable[, maxlen]])"
)]
pub struct Deque {
    ring: Guarded<Ring>,
}

/// What the lock guards.
pub struct Ring {
    items: VecDeque<Value>,
    /// How many items there may be. `None` for any number.
    limit: Option<usize>,
    /// How often items were added, removed or moved.
    changes: u64,
}

impl Lockable for Deque {
    type State = Ring;
    fn guarded(&self) -> &Guarded<Ring> {
        &self.ring
    }
}

impl Traverse for Deque {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.ring.while_stopped().items.iter().for_each(visit);
    }
}

/// The deque was changed while somebody went over its items.
struct Mutated;

/// Which end of a deque.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Left,
    Right,
}

impl Ring {
    /// Adds an item at one end. Returns the one that falls off at the other.
    #[inline]
    fn push(&mut self, item: Value, end: End) -> Result<Option<Value>, TryReserveError> {
        self.changes += 1;
        if self.limit == Some(0) {
            return Ok(Some(item));
        }
        let too_many = self.limit == Some(self.items.len());
        if !too_many && self.items.len() == self.items.capacity() {
            self.items.try_reserve(1)?;
        }
        Ok(match end {
            End::Right => {
                let fallen = if too_many {
                    self.items.pop_front()
                } else {
                    None
                };
                self.items.push_back(item);
                fallen
            }
            End::Left => {
                let fallen = if too_many {
                    self.items.pop_back()
                } else {
                    None
                };
                self.items.push_front(item);
                fallen
            }
        })
    }

    #[inline]
    fn pop(&mut self, end: End) -> Option<Value> {
        let item = match end {
            End::Right => self.items.pop_back(),
            End::Left => self.items.pop_front(),
        };
        self.changes += u64::from(item.is_some());
        item
    }

    /// The item `at`, if there were no changes since there were `changes`.
    #[inline]
    fn look(&self, at: usize, changes: u64) -> Result<Option<Value>, Mutated> {
        if self.changes == changes {
            Ok(self.items.get(at).cloned())
        } else {
            Err(Mutated)
        }
    }
}

impl Deque {
    /// An empty deque of `class`.
    fn make(cx: &Context, class: &Ref<Type>, limit: Option<usize>) -> PyResult<Ref<Deque>> {
        let ring = Ring {
            items: VecDeque::new(),
            limit,
            changes: 0,
        };
        object::new_of_class(
            cx,
            class,
            Deque {
                ring: Guarded::new(ring),
            },
        )
    }
}

/// The number of items.
fn length(this: &Ref<Deque>) -> usize {
    this.locked(|ring| ring.items.len())
}

fn limit(this: &Ref<Deque>) -> Option<usize> {
    this.locked(|ring| ring.limit)
}

/// The items of one moment.
fn snapshot(this: &Ref<Deque>) -> Vec<Value> {
    this.locked(|ring| ring.items.iter().cloned().collect())
}

/// Adds an item at one end.
#[inline]
fn append(cx: &Context, this: &Ref<Deque>, item: Value, end: End) -> PyResult<()> {
    let fallen = this.locked(|ring| ring.push(item, end));
    fallen.map(drop).map_err(|_| cx.no_memory())
}

/// Adds what `iterable` yields, item by item.
fn extend(cx: &Context, this: &Ref<Deque>, iterable: &Value, end: End) -> PyResult<()> {
    // A deque that is extended by itself, or by what does not change, is extended by a copy at once.
    let values = match iterable.downcast::<Deque>() {
        Some(other) if other.is(this) => Some(snapshot(this)),
        _ if iterate::is_plain_sequence(iterable) => Some(iterate::collect(cx, iterable)?),
        _ => None,
    };
    if let Some(values) = values {
        let fallen = this.locked(|ring| {
            let pushed = values.into_iter().map(|value| ring.push(value, end));
            pushed
                .filter_map(Result::transpose)
                .collect::<Result<Vec<Value>, _>>()
        });
        return fallen.map(drop).map_err(|_| cx.no_memory());
    }
    let iterator = iterate::iter(cx, iterable)?;
    while let Some(item) = iterate::next(cx, &iterator)? {
        append(cx, this, item, end)?;
    }
    Ok(())
}

/// Runs `each` on the items from `start` to `stop`, until it says that it has found what it wants.
/// Returns where that was.
fn search(
    cx: &Context,
    this: &Ref<Deque>,
    start: usize,
    stop: usize,
    mut found: impl FnMut(&Value) -> PyResult<bool>,
    mutated: impl Fn(&Context) -> typhon_runtime::Raised,
) -> PyResult<Option<usize>> {
    let changes = this.locked(|ring| ring.changes);
    for at in start..stop {
        match this.locked(|ring| ring.look(at, changes)) {
            Ok(Some(item)) => {
                let found = found(&item)?;
                if this.locked(|ring| ring.changes) != changes {
                    return Err(mutated(cx));
                }
                if found {
                    return Ok(Some(at));
                }
            }
            Ok(None) => break,
            Err(Mutated) => return Err(mutated(cx)),
        }
    }
    Ok(None)
}

/// [`find`] at one moment, when no comparison up to there runs Python code.
fn find_plain(
    this: &Ref<Deque>,
    wanted: &Value,
    start: usize,
    stop: usize,
) -> Option<Option<usize>> {
    this.locked(|ring| {
        let stop = stop.min(ring.items.len());
        for at in start..stop {
            if compare::keys_equal(&ring.items[at], wanted)? {
                return Some(Some(at));
            }
        }
        Some(None)
    })
}

/// Where `wanted` is.
fn find(
    cx: &Context,
    this: &Ref<Deque>,
    wanted: &Value,
    start: usize,
    stop: usize,
) -> PyResult<Option<usize>> {
    if let Some(found) = find_plain(this, wanted, start, stop) {
        return Ok(found);
    }
    search(
        cx,
        this,
        start,
        stop,
        |item| compare::identical_or_equal(cx, item, wanted),
        mutated_iteration,
    )
}

#[cold]
fn mutated_iteration(cx: &Context) -> typhon_runtime::Raised {
    cx.runtime_error("deque mutated during iteration")
}
