//! `_heapq`: a priority queue in a list.
//!
//! Invariant of a heap: no item goes before its parent, `heap[(at - 1) / 2]`. In a min-heap "before" is
//! `<`, in a max-heap its converse.
//!
//! Comparing runs Python code, which may change the list: that is noticed by its length, and refused.
//! Items move by exchanges, so that a comparison that raises leaves all of them in the list.

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::module::Module;
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

/// Exchanges two items.
fn exchange(cx: &Context, heap: &Ref<List>, first: usize, second: usize) -> PyResult<()> {
    let (left, right) = (get(cx, heap, first)?, get(cx, heap, second)?);
    if heap.set(first, right) && heap.set(second, left) {
        Ok(())
    } else {
        Err(changed(cx))
    }
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

/// Lets the item `top` sink to the bottom along the children that go first, then rise to its place:
/// most items that come to the top belong near the bottom.
fn sink(cx: &Context, heap: &Ref<List>, kind: Kind, top: usize) -> PyResult<()> {
    let length = heap.len();
    if top >= length {
        return Err(out_of_range(cx));
    }
    let mut at = top;
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
    heap.push(cx, item.clone())?;
    rise(cx, heap, kind, 0, heap.len().saturating_sub(1))
}

fn pop(cx: &Context, heap: &Ref<List>, kind: Kind) -> PyResult<Value> {
    let Some(last) = heap.pop() else {
        return Err(out_of_range(cx));
    };
    match heap.replace(0, last) {
        // It was the only one.
        Err(last) => Ok(last),
        Ok(first) => {
            sink(cx, heap, kind, 0)?;
            Ok(first)
        }
    }
}

fn replace_top(cx: &Context, heap: &Ref<List>, item: &Value, kind: Kind) -> PyResult<Value> {
    match heap.replace(0, item.clone()) {
        Err(_) => Err(out_of_range(cx)),
        Ok(first) => {
            sink(cx, heap, kind, 0)?;
            Ok(first)
        }
    }
}

fn push_pop(cx: &Context, heap: &Ref<List>, item: &Value, kind: Kind) -> PyResult<Value> {
    let Some(top) = heap.get(0) else {
        return Ok(item.clone());
    };
    if !kind.before(cx, &top, item)? {
        return Ok(item.clone());
    }
    if heap.is_empty() {
        return Err(out_of_range(cx));
    }
    replace_top(cx, heap, item, kind)
}

fn make(cx: &Context, heap: &Ref<List>, kind: Kind) -> PyResult<()> {
    // What has no children is a heap already.
    (0..heap.len() / 2)
        .rev()
        .try_for_each(|at| sink(cx, heap, kind, at))
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
