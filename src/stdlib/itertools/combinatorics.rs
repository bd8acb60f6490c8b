//! `product`, `permutations`, `combinations`, `combinations_with_replacement`.
//!
//! Each keeps the positions of the items that it yielded last; `next` moves them to what follows, under
//! the object's lock, and looks the items up. State: `None` after the last.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Parameter, Signature};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::{by_name, length, size};

/// The positions `0 .. count`, all zero when `zero`.
fn positions(cx: &Context, count: usize, zero: bool) -> PyResult<Vec<usize>> {
    let mut made = Vec::new();
    made.try_reserve_exact(count).map_err(|_| cx.no_memory())?;
    made.extend((0..count).map(|at| if zero { 0 } else { at }));
    Ok(made)
}

/// A tuple of the values that `next` gathered.
fn emit(cx: &Context, items: Option<Vec<Value>>) -> PyResult<Option<Value>> {
    match items {
        Some(items) => Tuple::from_vec(cx, items).map(|items| Some(items.into_value())),
        None => Ok(None),
    }
}

fn pick(pool: &Tuple, positions: &[usize]) -> Vec<Value> {
    positions
        .iter()
        .map(|&at| pool.as_slice()[at].clone())
        .collect()
}

/// Positions that are to be yielded as they are first, and moved before each later time.
pub struct Walk<P> {
    started: bool,
    positions: P,
}

type State<P> = Guarded<Option<Walk<P>>>;

fn state<P>(positions: Option<P>) -> State<P> {
    Guarded::new(positions.map(|positions| Walk {
        started: false,
        positions,
    }))
}

/// The positions to yield now: `forward` moves them and says whether there are such.
fn advance<P>(walk: &mut Option<Walk<P>>, forward: impl FnOnce(&mut P) -> bool) -> Option<&P> {
    let current = walk.as_mut()?;
    if current.started && !forward(&mut current.positions) {
        *walk = None;
        return None;
    }
    let current = walk.as_mut()?;
    current.started = true;
    Some(&current.positions)
}

fn pool(cx: &Context, iterable: &Value) -> PyResult<Ref<Tuple>> {
    if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        return Ok(tuple.clone());
    }
    Tuple::from_vec(cx, iterate::collect(cx, iterable)?)
}

macro_rules! lockable {
    ($class:ty: $positions:ty) => {
        impl Lockable for $class {
            type State = Option<Walk<$positions>>;
            fn guarded(&self) -> &State<$positions> {
                &self.state
            }
        }
    };
}

/// The payload of `product`.
#[pyclass(
    name = "product",
    module = "itertools",
    flags(BASETYPE),
    signature = "(*iterables, repeat=1)",
    doc = "Cartesian product of input iterables.  Equivalent to nested for-loops.\n\nFor example, product(A, B) returns the same as:  ((x,y) for x in A for y in B).\nThe leftmost iterators are in the outermost for-loop, so the output tuples\ncycle in a manner similar to an odometer (with the rightmost element changing\non every iteration).\n\nTo compute the product of an iterable with itself, specify the number\nof repetitions with the optional repeat keyword argument. For example,\nproduct(A, repeat=4) means the same as product(A, A, A, A).\n\nproduct('ab', range(3)) --> ('a',0) ('a',1) ('a',2) ('b',0) ('b',1) ('b',2)\nproduct((0,1), (0,1), (0,1)) --> (0,0,0) (0,0,1) (0,1,0) (0,1,1) (1,0,0) ..."
)]
pub struct Product {
    /// Position `i` is one in pool `i % pools.len()`.
    pools: Vec<Ref<Tuple>>,
    state: State<Vec<usize>>,
}

lockable!(Product: Vec<usize>);

impl Traverse for Product {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for pool in &self.pools {
            visit(pool.as_value());
        }
    }
}

impl Product {
    /// Moves the last position, and those before it as with the digits of a number.
    fn forward(&self, positions: &mut [usize]) -> bool {
        let count = self.pools.len();
        for (at, position) in positions.iter_mut().enumerate().rev() {
            *position += 1;
            if *position < self.pools[at % count].len() {
                return true;
            }
            *position = 0;
        }
        false
    }
}

/// The keyword argument `repeat`.
fn repeat_argument(cx: &Context, args: Args<'_>) -> PyResult<usize> {
    let [name] = args.names else {
        if args.names.is_empty() {
            return Ok(1);
        }
        let given = args.names.len();
        return Err(cx.type_error(format!(
            "product() takes at most 1 keyword argument ({given} given)"
        )));
    };
    match args.keyword("repeat") {
        Some(repeat) => usize::try_from(size(cx, repeat)?)
            .map_err(|_| cx.value_error("repeat argument cannot be negative")),
        None => {
            let name = name
                .downcast::<Str>()
                .map(|name| name.to_string())
                .unwrap_or_default();
            Err(cx.type_error(format!(
                "product() got an unexpected keyword argument '{name}'"
            )))
        }
    }
}

#[pymethods]
impl Product {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let repeat = repeat_argument(cx, args)?;
        let iterables = if repeat == 0 { &[] } else { args.positional() };
        let Some(count) = iterables
            .len()
            .checked_mul(repeat)
            .filter(|count| *count <= isize::MAX as usize)
        else {
            return Err(cx.overflow_error("repeat argument too large"));
        };
        let pools = iterables
            .iter()
            .map(|iterable| pool(cx, iterable))
            .collect::<PyResult<Vec<_>>>()?;
        let empty = pools.iter().any(|pool| pool.is_empty());
        let first = positions(cx, count, true)?;
        let payload = Product {
            pools,
            state: state((!empty).then_some(first)),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Product>) -> PyResult<Option<Value>> {
        let items = this.locked(|walk| {
            let positions = advance(walk, |positions| this.forward(positions))?;
            let pools = this.pools.iter().cycle();
            Some(
                positions
                    .iter()
                    .zip(pools)
                    .map(|(&at, pool)| pool.as_slice()[at].clone())
                    .collect(),
            )
        });
        emit(cx, items)
    }

    /// Returns size in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Product>) -> PyResult<usize> {
        let held = this.locked(|walk| walk.as_ref().map_or(0, |walk| walk.positions.len()));
        Ok(BASIC_SIZE + (this.pools.len() + held) * 8)
    }
}

/// Bytes of header and payload.
const BASIC_SIZE: usize = 64;

/// The arguments `iterable` and `r`, or that there are too few items.
struct Chosen {
    pool: Ref<Tuple>,
    length: usize,
}

fn chosen(cx: &Context, signature: &Signature, args: Args<'_>) -> PyResult<Chosen> {
    let mut bound = [None; 2];
    signature.bind(cx, args, &mut bound)?;
    let [iterable, wanted] = bound.map(|value| value.expect("invariant: required"));
    let wanted_size = size(cx, wanted)?;
    let pool = pool(cx, iterable)?;
    let length =
        usize::try_from(wanted_size).map_err(|_| cx.value_error("r must be non-negative"))?;
    Ok(Chosen { pool, length })
}

/// The payload of `combinations`.
#[pyclass(
    name = "combinations",
    module = "itertools",
    flags(BASETYPE),
    signature = "(iterable, r)",
    doc = "Return successive r-length combinations of elements in the iterable.\n\ncombinations(range(4), 3) --> (0,1,2), (0,1,3), (0,2,3), (1,2,3)"
)]
pub struct Combinations {
    pool: Ref<Tuple>,
    /// Ascending.
    state: State<Vec<usize>>,
}

lockable!(Combinations: Vec<usize>);

impl Traverse for Combinations {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.pool.as_value());
    }
}

/// The next ascending choice out of `count` positions.
fn next_combination(positions: &mut [usize], count: usize) -> bool {
    let length = positions.len();
    let Some(moved) = (0..length)
        .rev()
        .find(|&at| positions[at] != at + count - length)
    else {
        return false;
    };
    positions[moved] += 1;
    for at in moved + 1..length {
        positions[at] = positions[at - 1] + 1;
    }
    true
}

#[pymethods]
impl Combinations {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = by_name(
            "combinations",
            &[Parameter::required("iterable"), Parameter::required("r")],
            2,
        );
        let Chosen { pool, length } = chosen(cx, &SIGNATURE, args)?;
        let first = if length <= pool.len() {
            Some(positions(cx, length, false)?)
        } else {
            None
        };
        object::new_of_class(
            cx,
            class,
            Combinations {
                pool,
                state: state(first),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Combinations>) -> PyResult<Option<Value>> {
        let items = this.locked(|walk| {
            let positions = advance(walk, |positions| {
                next_combination(positions, this.pool.len())
            })?;
            Some(pick(&this.pool, positions))
        });
        emit(cx, items)
    }

    /// Returns size in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Combinations>) -> PyResult<usize> {
        Ok(BASIC_SIZE
            + this.locked(|walk| walk.as_ref().map_or(0, |walk| walk.positions.len())) * 8)
    }
}

/// The payload of `combinations_with_replacement`.
#[pyclass(
    name = "combinations_with_replacement",
    module = "itertools",
    flags(BASETYPE),
    signature = "(iterable, r)",
    doc = "Return successive r-length combinations of elements in the iterable allowing individual elements to have successive repeats.\n\ncombinations_with_replacement('ABC', 2) --> ('A','A'), ('A','B'), ('A','C'), ('B','B'), ('B','C'), ('C','C')"
)]
pub struct CombinationsWithReplacement {
    pool: Ref<Tuple>,
    /// Not descending.
    state: State<Vec<usize>>,
}

lockable!(CombinationsWithReplacement: Vec<usize>);

impl Traverse for CombinationsWithReplacement {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.pool.as_value());
    }
}

/// The next choice out of `count` positions, each as often as wanted.
fn next_with_replacement(positions: &mut [usize], count: usize) -> bool {
    let Some(moved) = positions
        .iter()
        .rposition(|&position| position + 1 != count)
    else {
        return false;
    };
    let position = positions[moved] + 1;
    positions[moved..].fill(position);
    true
}

#[pymethods]
impl CombinationsWithReplacement {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = by_name(
            "combinations_with_replacement",
            &[Parameter::required("iterable"), Parameter::required("r")],
            2,
        );
        let Chosen { pool, length } = chosen(cx, &SIGNATURE, args)?;
        let none = pool.is_empty() && length > 0;
        let first = if none {
            None
        } else {
            Some(positions(cx, length, true)?)
        };
        let payload = CombinationsWithReplacement {
            pool,
            state: state(first),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<CombinationsWithReplacement>) -> PyResult<Option<Value>> {
        let items = this.locked(|walk| {
            let positions = advance(walk, |positions| {
                next_with_replacement(positions, this.pool.len())
            })?;
            Some(pick(&this.pool, positions))
        });
        emit(cx, items)
    }

    /// Returns size in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<CombinationsWithReplacement>) -> PyResult<usize> {
        Ok(BASIC_SIZE
            + this.locked(|walk| walk.as_ref().map_or(0, |walk| walk.positions.len())) * 8)
    }
}

/// The payload of `permutations`.
#[pyclass(
    name = "permutations",
    module = "itertools",
    flags(BASETYPE),
    signature = "(iterable, r=None)",
    doc = "Return successive r-length permutations of elements in the iterable.\n\npermutations(range(3), 2) --> (0,1), (0,2), (1,0), (1,2), (2,0), (2,1)"
)]
pub struct Permutations {
    pool: Ref<Tuple>,
    state: State<Order>,
}

lockable!(Permutations: Order);

/// All positions in an order, of which the first `countdown.len()` are yielded.
pub struct Order {
    positions: Vec<usize>,
    /// `countdown[i]`: how often place `i` still changes before it is back where it began.
    countdown: Vec<usize>,
}

impl Order {
    fn forward(&mut self) -> bool {
        let count = self.positions.len();
        for place in (0..self.countdown.len()).rev() {
            self.countdown[place] -= 1;
            if self.countdown[place] == 0 {
                self.positions[place..].rotate_left(1);
                self.countdown[place] = count - place;
            } else {
                self.positions.swap(place, count - self.countdown[place]);
                return true;
            }
        }
        false
    }
}

impl Traverse for Permutations {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.pool.as_value());
    }
}

#[pymethods]
impl Permutations {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = by_name(
            "permutations",
            &[Parameter::required("iterable"), Parameter::optional("r")],
            2,
        );
        let mut bound = [None; 2];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let pool = pool(cx, bound[0].expect("invariant: required"))?;
        let wanted = match bound[1].filter(|wanted| !wanted.is_none()) {
            None => pool.len(),
            Some(wanted) if int::is_int(wanted) => length(cx, wanted)?,
            Some(_) => return Err(cx.type_error("Expected int as r")),
        };
        let order = if wanted > pool.len() {
            None
        } else {
            let count = pool.len();
            let mut countdown = positions(cx, wanted, false)?;
            countdown
                .iter_mut()
                .for_each(|place| *place = count - *place);
            Some(Order {
                positions: positions(cx, count, false)?,
                countdown,
            })
        };
        object::new_of_class(
            cx,
            class,
            Permutations {
                pool,
                state: state(order),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Permutations>) -> PyResult<Option<Value>> {
        let items = this.locked(|walk| {
            let order = advance(walk, Order::forward)?;
            Some(pick(&this.pool, &order.positions[..order.countdown.len()]))
        });
        emit(cx, items)
    }

    /// Returns size in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Permutations>) -> PyResult<usize> {
        let held = this.locked(|walk| {
            walk.as_ref().map_or(0, |walk| {
                walk.positions.positions.len() + walk.positions.countdown.len()
            })
        });
        Ok(BASIC_SIZE + held * 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_come_in_order() {
        let mut positions = vec![0, 1];
        let mut seen = vec![positions.clone()];
        while next_combination(&mut positions, 4) {
            seen.push(positions.clone());
        }
        assert_eq!(seen, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert!(
            !next_combination(&mut [], 3),
            "there is one way to choose nothing"
        );
    }

    #[test]
    fn replacement_repeats() {
        let mut positions = vec![0, 0];
        let mut seen = vec![positions.clone()];
        while next_with_replacement(&mut positions, 3) {
            seen.push(positions.clone());
        }
        assert_eq!(seen, [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2]]);
    }

    #[test]
    fn permutations_come_in_order() {
        let mut order = Order {
            positions: vec![0, 1, 2],
            countdown: vec![3, 2],
        };
        let mut seen = vec![order.positions[..2].to_vec()];
        while order.forward() {
            seen.push(order.positions[..2].to_vec());
        }
        assert_eq!(seen, [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]);
        assert_eq!(
            order.positions,
            [0, 1, 2],
            "the last step leads back to the first"
        );
    }
}
