//! `_heapq`: a priority queue in a list.
//!
//! Invariant of a heap: no item goes before its parent, `heap[(at - 1) / 2]`. In a min-heap "before" is
//! `<`, in a max-heap its converse.
//!
//! An operation on items that are compared without running Python code happens under the list's lock, so
//! that threads can share a heap. It goes on without the lock from the first comparison that runs Python
//! code, which may change the list: that is noticed by its length, and refused. Items move by exchanges,
//! so that a comparison that raises leaves all of them in the list.

use std::cmp::Ordering;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::float;
use typhon_runtime::objects::list::{Items, List};
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::compare;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

/// Heap queue algorithm (a.k.a. priority queue).
///
/// Heaps are arrays for which a[k] <= a[2*k+1] and a[k] <= a[2*k+2] for
/// all k, counting elements from 0.  For the sake of comparison,
/// non-existing elements are considered to be infinite.  The interesting
/// property of a heap is that a[0] is always its smallest element.
#[pymodule(
    name = "_heapq",
    functions(
        heappush,
        heappushpop,
        heappop,
        heapreplace,
        heapify,
        heappush_max,
        heappushpop_max,
        heappop_max,
        heapreplace_max,
        heapify_max
    )
)]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}

/// What is on top of a heap.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Smallest,
    Largest,
}

impl Kind {
    /// Whether `first` belongs nearer to the top than `second`.
    fn before(self, cx: &Context, first: &Value, second: &Value) -> PyResult<bool> {
        match self {
            Kind::Smallest => compare::less_than(cx, first, second),
            Kind::Largest => compare::less_than(cx, second, first),
        }
    }
}

/// Whether one item is less than another, when that can be told without running Python code.
fn plain_less(left: &Value, right: &Value) -> Option<bool> {
    if let Some(order) = compare::plain_order(left, right) {
        return Some(order == Ordering::Less);
    }
    if float::is_exact(left) && float::is_exact(right) {
        return Some(float::exact(left)? < float::exact(right)?);
    }
    let (left, right) = (
        left.downcast_exact::<Tuple>()?.as_slice(),
        right.downcast_exact::<Tuple>()?.as_slice(),
    );
    for (left, right) in left.iter().zip(right) {
        if !compare::keys_equal(left, right)? {
            return plain_less(left, right);
        }
    }
    Some(left.len() < right.len())
}

/// Where an operation has to go on with comparisons that run Python code.
enum Rest {
    Rising(usize),
    Sinking(usize),
}

impl Kind {
    /// [`Kind::before`] for two items of a heap, if it can be told.
    fn plain_before(self, items: &Items<'_>, first: usize, second: usize) -> Option<bool> {
        items.look(first, |first| {
            items.look(second, |second| match self {
                Kind::Smallest => plain_less(first, second),
                Kind::Largest => plain_less(second, first),
            })
        })
    }

    /// [`rise`] under the lock.
    fn rise(self, items: &mut Items<'_>, top: usize, mut at: usize) -> Option<Rest> {
        while at > top {
            let parent = (at - 1) / 2;
            match self.plain_before(items, at, parent) {
                None => return Some(Rest::Rising(at)),
                Some(false) => return None,
                Some(true) => items.exchange(at, parent),
            }
            at = parent;
        }
        None
    }

    /// [`sink`] under the lock.
    fn sink(self, items: &mut Items<'_>, top: usize) -> Option<Rest> {
        let length = items.len();
        let mut at = top;
        while at < length / 2 {
            let mut child = 2 * at + 1;
            if child + 1 < length {
                match self.plain_before(items, child, child + 1) {
                    None => return Some(Rest::Sinking(at)),
                    Some(left_first) => child += usize::from(!left_first),
                }
            }
            items.exchange(at, child);
            at = child;
        }
        self.rise(items, top, at)
    }

    /// Goes on without the lock.
    fn finish(
        self,
        cx: &Context,
        heap: &Ref<List>,
        top: usize,
        rest: Option<Rest>,
    ) -> PyResult<()> {
        match rest {
            None => Ok(()),
            Some(Rest::Rising(at)) => rise(cx, heap, self, top, at),
            Some(Rest::Sinking(at)) => sink(cx, heap, self, top, at),
        }
    }
}

#[cold]
fn changed(cx: &Context) -> Raised {
    cx.runtime_error("list changed size during iteration")
}

#[cold]
fn out_of_range(cx: &Context) -> Raised {
    cx.index_error("index out of range")
}

fn get(cx: &Context, heap: &Ref<List>, at: usize) -> PyResult<Value> {
    heap.get(at).ok_or_else(|| changed(cx))
}

/// Exchanges two items, at one moment: whatever other threads do to the heap, none is lost.
fn exchange(cx: &Context, heap: &Ref<List>, first: usize, second: usize) -> PyResult<()> {
    let exchanged = heap.arranged(|items| {
        let are_there = first.max(second) < items.len();
        if are_there {
            items.exchange(first, second);
        }
        are_there
    });
    if exchanged { Ok(()) } else { Err(changed(cx)) }
}

/// Lets the item `at` rise as long as it goes before its parent, not above `top`.
fn rise(cx: &Context, heap: &Ref<List>, kind: Kind, top: usize, mut at: usize) -> PyResult<()> {
    let length = heap.len();
    if at >= length {
        return Err(out_of_range(cx));
    }
    while at > top {
        let parent = (at - 1) / 2;
        let (item, above) = (get(cx, heap, at)?, get(cx, heap, parent)?);
        let goes_before = kind.before(cx, &item, &above)?;
        if heap.len() != length {
            return Err(changed(cx));
        }
        if !goes_before {
            break;
        }
        exchange(cx, heap, at, parent)?;
        at = parent;
    }
    Ok(())
}

/// Lets the item `at` sink to the bottom along the children that go first, then rise to its place, not
/// above `top`: most items that come to the top belong near the bottom.
fn sink(cx: &Context, heap: &Ref<List>, kind: Kind, top: usize, mut at: usize) -> PyResult<()> {
    let length = heap.len();
    if at >= length {
        return Err(out_of_range(cx));
    }
    while at < length / 2 {
        let mut child = 2 * at + 1;
        if child + 1 < length {
            let (left, right) = (get(cx, heap, child)?, get(cx, heap, child + 1)?);
            let left_first = kind.before(cx, &left, &right)?;
            if heap.len() != length {
                return Err(changed(cx));
            }
            child += usize::from(!left_first);
        }
        exchange(cx, heap, at, child)?;
        at = child;
    }
    rise(cx, heap, kind, top, at)
}

fn push(cx: &Context, heap: &Ref<List>, item: &Value, kind: Kind) -> PyResult<()> {
    let item = item.clone();
    let pushed = heap.arranged(|items| {
        items.push(item)?;
        Ok(kind.rise(items, 0, items.len() - 1))
    });
    match pushed {
        Ok(rest) => kind.finish(cx, heap, 0, rest),
        Err(item) => {
            drop::<Value>(item);
            Err(cx.no_memory())
        }
    }
}

fn pop(cx: &Context, heap: &Ref<List>, kind: Kind) -> PyResult<Value> {
    let popped = heap.arranged(|items| {
        let last = items.pop()?;
        if items.is_empty() {
            return Some((last, None));
        }
        let first = items.replace(0, last);
        Some((first, kind.sink(items, 0)))
    });
    let (first, rest) = popped.ok_or_else(|| out_of_range(cx))?;
    kind.finish(cx, heap, 0, rest)?;
    Ok(first)
}

fn replace_top(cx: &Context, heap: &Ref<List>, item: &Value, kind: Kind) -> PyResult<Value> {
    let item = item.clone();
    let replaced = heap.arranged(|items| {
        if items.is_empty() {
            return Err(item);
        }
        let first = items.replace(0, item);
        Ok((first, kind.sink(items, 0)))
    });
    match replaced {
        Ok((first, rest)) => {
            kind.finish(cx, heap, 0, rest)?;
            Ok(first)
        }
        Err(item) => {
            drop(item);
            Err(out_of_range(cx))
        }
    }
}

fn push_pop(cx: &Context, heap: &Ref<List>, item: &Value, kind: Kind) -> PyResult<Value> {
    let value = item.clone();
    // The item comes back when it goes before the top, and the way on when that is for Python to say.
    let done = heap.arranged(|items| {
        if items.is_empty() {
            return Ok((value, None));
        }
        let before = items.look(0, |top| match kind {
            Kind::Smallest => plain_less(top, &value),
            Kind::Largest => plain_less(&value, top),
        });
        match before {
            None => Err(value),
            Some(false) => Ok((value, None)),
            Some(true) => {
                let first = items.replace(0, value);
                Ok((first, kind.sink(items, 0)))
            }
        }
    });
    if let Ok((value, rest)) = done {
        kind.finish(cx, heap, 0, rest)?;
        return Ok(value);
    }
    let Some(top) = heap.get(0) else {
        return Ok(item.clone());
    };
    if !kind.before(cx, &top, item)? {
        return Ok(item.clone());
    }
    replace_top(cx, heap, item, kind)
}

fn make(cx: &Context, heap: &Ref<List>, kind: Kind) -> PyResult<()> {
    // What has no children is a heap already. Each step is one to other threads, so several may make
    // the same heap.
    (0..heap.len() / 2).rev().try_for_each(|top| {
        let rest = heap.arranged(|items| {
            if top < items.len() {
                kind.sink(items, top)
            } else {
                None
            }
        });
        kind.finish(cx, heap, top, rest)
    })
}

/// Push item onto heap, maintaining the heap invariant.
#[pyfunction("heappush(heap, item, /)")]
fn heappush(cx: &Context, heap: &Ref<List>, item: &Value) -> PyResult<()> {
    push(cx, heap, item, Kind::Smallest)
}

/// Push item on the heap, then pop and return the smallest item from the heap.
///
/// The combined action runs more efficiently than heappush() followed by
/// a separate call to heappop().
#[pyfunction("heappushpop(heap, item, /)")]
fn heappushpop(cx: &Context, heap: &Ref<List>, item: &Value) -> PyResult<Value> {
    push_pop(cx, heap, item, Kind::Smallest)
}

/// Pop the smallest item off the heap, maintaining the heap invariant.
#[pyfunction("heappop(heap, /)")]
fn heappop(cx: &Context, heap: &Ref<List>) -> PyResult<Value> {
    pop(cx, heap, Kind::Smallest)
}

/// Pop and return the current smallest value, and add the new item.
///
/// This is more efficient than heappop() followed by heappush(), and can be
/// more appropriate when using a fixed-size heap.  Note that the value
/// returned may be larger than item!  That constrains reasonable uses of
/// this routine unless written as part of a conditional replacement:
///
///     if item > heap[0]:
///         item = heapreplace(heap, item)
#[pyfunction("heapreplace(heap, item, /)")]
fn heapreplace(cx: &Context, heap: &Ref<List>, item: &Value) -> PyResult<Value> {
    replace_top(cx, heap, item, Kind::Smallest)
}

/// Transform list into a heap, in-place, in O(len(heap)) time.
#[pyfunction("heapify(heap, /)")]
fn heapify(cx: &Context, heap: &Ref<List>) -> PyResult<()> {
    make(cx, heap, Kind::Smallest)
}

/// Push item onto max heap, maintaining the heap invariant.
#[pyfunction("heappush_max(heap, item, /)")]
fn heappush_max(cx: &Context, heap: &Ref<List>, item: &Value) -> PyResult<()> {
    push(cx, heap, item, Kind::Largest)
}

/// Maxheap variant of heappushpop.
///
/// The combined action runs more efficiently than heappush_max() followed by
/// a separate call to heappop_max().
#[pyfunction("heappushpop_max(heap, item, /)")]
fn heappushpop_max(cx: &Context, heap: &Ref<List>, item: &Value) -> PyResult<Value> {
    push_pop(cx, heap, item, Kind::Largest)
}

/// Maxheap variant of heappop.
#[pyfunction("heappop_max(heap, /)")]
fn heappop_max(cx: &Context, heap: &Ref<List>) -> PyResult<Value> {
    pop(cx, heap, Kind::Largest)
}

/// Maxheap variant of heapreplace.
#[pyfunction("heapreplace_max(heap, item, /)")]
fn heapreplace_max(cx: &Context, heap: &Ref<List>, item: &Value) -> PyResult<Value> {
    replace_top(cx, heap, item, Kind::Largest)
}

/// Maxheap variant of heapify.
#[pyfunction("heapify_max(heap, /)")]
fn heapify_max(cx: &Context, heap: &Ref<List>) -> PyResult<()> {
    make(cx, heap, Kind::Largest)
}
