//! `itertools`: iterators that are made of other iterators.
//!
//! ```text
//!   arguments.rs      how the classes take their arguments
//!   endless.rs        count, cycle, repeat
//!   applying.rs       accumulate, starmap
//!   selecting.rs      compress, dropwhile, filterfalse, takewhile
//!   slicing.rs        islice
//!   joining.rs        chain, zip_longest
//!   grouping.rs       batched, pairwise, groupby
//!   combinatorics.rs  product, permutations, combinations, combinations_with_replacement
//!   tee.rs            tee
//! ```
//! Many threads may call `next` on one iterator. What an iterator is made of does not change or is a
//! `Field`; counts are atomics; state of several parts that belong together is behind the object's
//! lock. The inner iterators are called without any lock: which thread gets which item is not said,
//! but no item is invented, and what must go together (a group's key and value) does.

mod applying;
mod arguments;
mod combinatorics;
mod endless;
mod grouping;
mod joining;
mod selecting;
mod slicing;
mod tee;

use typhon_macros::pymodule;
use typhon_runtime::objects::module::Module;
use typhon_runtime::{Context, PyResult, Ref};

use applying::{Accumulate, StarMap};
use combinatorics::{Combinations, CombinationsWithReplacement, Permutations, Product};
use endless::{Count, Cycle, Repeat};
use grouping::{Batched, GroupBy, Grouper, Pairwise};
use joining::{Chain, ZipLongest};
use selecting::{Compress, DropWhile, FilterFalse, TakeWhile};
use slicing::Slice;
use tee::{Tee, TeeData};

/// Functional tools for creating and using iterators.
///
/// Infinite iterators:
/// count(start=0, step=1) --> start, start+step, start+2*step, ...
/// cycle(p) --> p0, p1, ... plast, p0, p1, ...
/// repeat(elem [,n]) --> elem, elem, elem, ... endlessly or up to n times
///
/// Iterators terminating on the shortest input sequence:
/// accumulate(p[, func]) --> p0, p0+p1, p0+p1+p2
/// batched(p, n) --> [p0, p1, ..., p_n-1], [p_n, p_n+1, ..., p_2n-1], ...
/// chain(p, q, ...) --> p0, p1, ... plast, q0, q1, ...
/// chain.from_iterable([p, q, ...]) --> p0, p1, ... plast, q0, q1, ...
/// compress(data, selectors) --> (d[0] if s[0]), (d[1] if s[1]), ...
/// dropwhile(predicate, seq) --> seq[n], seq[n+1], starting when predicate fails
/// groupby(iterable[, keyfunc]) --> sub-iterators grouped by value of keyfunc(v)
/// filterfalse(predicate, seq) --> elements of seq where predicate(elem) is False
/// islice(seq, [start,] stop [, step]) --> elements from
///        seq[start:stop:step]
/// pairwise(s) --> (s[0],s[1]), (s[1],s[2]), (s[2], s[3]), ...
/// starmap(fun, seq) --> fun(*seq[0]), fun(*seq[1]), ...
/// tee(it, n=2) --> (it1, it2 , ... itn) splits one iterator into n
/// takewhile(predicate, seq) --> seq[0], seq[1], until predicate fails
/// zip_longest(p, q, ...) --> (p[0], q[0]), (p[1], q[1]), ...
///
/// Combinatoric generators:
/// product(p, q, ... [repeat=1]) --> cartesian product
/// permutations(p[, r])
/// combinations(p, r)
/// combinations_with_replacement(p, r)
#[pymodule(
    name = "itertools",
    functions(tee::tee),
    classes(
        Accumulate,
        Batched,
        Chain,
        Combinations,
        CombinationsWithReplacement,
        Compress,
        Count,
        Cycle,
        DropWhile,
        FilterFalse,
        GroupBy,
        Grouper,
        Pairwise,
        Permutations,
        Product,
        Repeat,
        Slice,
        StarMap,
        TakeWhile,
        Tee,
        TeeData,
        ZipLongest
    )
)]
fn initialize(_cx: &Context, _module: &Ref<Module>) -> PyResult<()> {
    Ok(())
}
