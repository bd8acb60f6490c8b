//! `batched`, `pairwise`, `groupby`: neighbouring items together.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Parameter, Signature};
use typhon_runtime::field::Field;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{call, compare, iterate};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::{by_name, exactly, size};

/// The payload of `batched`.
#[pyclass(
    name = "batched",
    module = "itertools",
    flags(BASETYPE),
    signature = "(iterable, n, *, strict=False)",
    doc = "Batch data into tuples of length n. The last batch may be shorter than n.\n\nLoops over the input iterable and accumulates data into tuples\nup to size n.  The input is consumed lazily, just enough to\nfill a batch.  The result is yielded as soon as a batch is full\nor when the input iterable is exhausted.\n\n    >>> for batch in batched('ABCDEFG', 3):\n    ...     print(batch)\n    ...\n    ('A', 'B', 'C')\n    ('D', 'E', 'F')\n    ('G',)\n\nIf \"strict\" is True, raises a ValueError if the final batch is shorter\nthan n."
)]
pub struct Batched {
    /// Until it is exhausted or has raised.
    iterator: Field,
    size: usize,
    strict: bool,
}

impl Traverse for Batched {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.iterator.traverse(visit);
    }
}

/// Up to `wanted` items of an iterator.
fn take(cx: &Context, iterator: &Value, wanted: usize) -> PyResult<Vec<Value>> {
    let mut items = Vec::new();
    items
        .try_reserve_exact(wanted)
        .map_err(|_| cx.no_memory())?;
    while items.len() < wanted
        && let Some(item) = iterate::next(cx, iterator)?
    {
        items.push(item);
    }
    Ok(items)
}

#[pymethods]
impl Batched {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = by_name(
            "batched",
            &[
                Parameter::required("iterable"),
                Parameter::required("n"),
                Parameter::optional("strict"),
            ],
            2,
        );
        let mut bound = [None; 3];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let [Some(iterable), Some(wanted), strict] = bound else {
            unreachable!("invariant: required")
        };
        let wanted = size(cx, wanted)?;
        let strict = strict.map_or(Ok(false), |strict| strict.truth(cx))?;
        if wanted < 1 {
            return Err(cx.value_error("n must be at least one"));
        }
        let iterator = Field::new(iterate::iter(cx, iterable)?);
        object::new_of_class(
            cx,
            class,
            Batched {
                iterator,
                size: wanted as usize,
                strict,
            },
        )
        .map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Batched>) -> PyResult<Option<Value>> {
        let Some(iterator) = this.iterator.get() else {
            return Ok(None);
        };
        let items = take(cx, &iterator, this.size).inspect_err(|_| this.iterator.set(None))?;
        if items.is_empty() {
            this.iterator.set(None);
            return iterate::end(cx);
        }
        if this.strict && items.len() < this.size {
            this.iterator.set(None);
            return Err(cx.value_error("batched(): incomplete batch"));
        }
        Tuple::from_vec(cx, items).map(|batch| Some(batch.into_value()))
    }
}

/// The payload of `pairwise`.
#[pyclass(
    name = "pairwise",
    module = "itertools",
    flags(BASETYPE),
    signature = "(iterable, /)",
    doc = "Return an iterator of overlapping pairs taken from the input iterator.\n\n    s -> (s0,s1), (s1,s2), (s2, s3), ..."
)]
pub struct Pairwise {
    /// Until it is exhausted or has raised.
    iterator: Field,
    previous: Field,
}

impl Traverse for Pairwise {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.iterator.traverse(visit);
        self.previous.traverse(visit);
    }
}

impl Pairwise {
    /// The next item of `iterator`; the end of it, and an exception, end the pairs too.
    fn take(&self, cx: &Context, iterator: &Value) -> PyResult<Option<Value>> {
        let item = iterate::next(cx, iterator);
        if !matches!(item, Ok(Some(_))) {
            self.iterator.set(None);
            self.previous.set(None);
        }
        item
    }
}

#[pymethods]
impl Pairwise {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [iterable] = exactly::<Pairwise, 1>(cx, class, args)?;
        let payload = Pairwise {
            iterator: Field::new(iterate::iter(cx, iterable)?),
            previous: Field::empty(),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Pairwise>) -> PyResult<Option<Value>> {
        let Some(mut iterator) = this.iterator.get() else {
            return Ok(None);
        };
        let first = match this.previous.get() {
            Some(previous) => previous,
            None => {
                let Some(first) = this.take(cx, &iterator)? else {
                    return Ok(None);
                };
                this.previous.set(Some(first.clone()));
                // The item may have come from a call that used this very object.
                match this.iterator.get() {
                    Some(current) => iterator = current,
                    None => {
                        this.previous.set(None);
                        return Ok(None);
                    }
                }
                first
            }
        };
        let Some(second) = this.take(cx, &iterator)? else {
            return Ok(None);
        };
        this.previous.set(Some(second.clone()));
        Tuple::from_values(cx, &[first, second]).map(|pair| Some(pair.into_value()))
    }
}

/// The payload of `groupby`.
#[pyclass(
    name = "groupby",
    module = "itertools",
    flags(BASETYPE),
    signature = "(iterable, key=None)",
    doc = "make an iterator that returns consecutive keys and groups from the iterable\n\n  iterable\n    Elements to divide into groups according to the key function.\n  key\n    A function for computing the group category for each element.\n    If the key function is not specified or is None, the element itself\n    is used for grouping."
)]
pub struct GroupBy {
    iterator: Value,
    /// `None` when the items are their own keys.
    key: Option<Value>,
    state: Guarded<GroupState>,
}

/// Where a `groupby` is.
#[derive(Default)]
pub struct GroupState {
    /// The key of the group that was yielded last.
    target: Option<Value>,
    /// The item that was read last, with its key. A group that yields the item takes both.
    current: Option<Item>,
    /// The number of the group that was yielded last: only that one may go on.
    group: u64,
}

#[derive(Clone)]
pub struct Item {
    key: Value,
    value: Value,
}

impl Lockable for GroupBy {
    type State = GroupState;
    fn guarded(&self) -> &Guarded<GroupState> {
        &self.state
    }
}

impl Traverse for GroupBy {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.iterator);
        self.key.iter().for_each(&mut *visit);
        let state = self.state.while_stopped();
        state.target.iter().for_each(&mut *visit);
        if let Some(item) = &state.current {
            visit(&item.key);
            visit(&item.value);
        }
    }
}

impl GroupBy {
    /// Reads the next item. False at the end.
    fn step(cx: &Context, this: &Ref<GroupBy>) -> PyResult<bool> {
        let Some(value) = iterate::next(cx, &this.iterator)? else {
            return Ok(false);
        };
        let key = match &this.key {
            None => value.clone(),
            Some(function) => call::call(cx, function, std::slice::from_ref(&value))?,
        };
        let old = this.locked(|state| state.current.replace(Item { key, value }));
        drop(old);
        Ok(true)
    }
}

#[pymethods]
impl GroupBy {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        static SIGNATURE: Signature = by_name(
            "groupby",
            &[Parameter::required("iterable"), Parameter::optional("key")],
            2,
        );
        let mut bound = [None; 2];
        SIGNATURE.bind(cx, args, &mut bound)?;
        let payload = GroupBy {
            iterator: iterate::iter(cx, bound[0].expect("invariant: required"))?,
            key: bound[1].filter(|key| !key.is_none()).cloned(),
            state: Guarded::new(GroupState::default()),
        };
        object::new_of_class(cx, class, payload).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<GroupBy>) -> PyResult<Option<Value>> {
        // The group before is at its end, whatever it has not yielded.
        let mut seen = this.locked(|state| {
            state.group += 1;
            (state.target.clone(), state.current.clone())
        });
        let key = loop {
            if let (target, Some(item)) = &seen {
                let same = match target {
                    Some(target) => compare::identical_or_equal(cx, target, &item.key)?,
                    None => false,
                };
                if !same {
                    break item.key.clone();
                }
            }
            if !GroupBy::step(cx, this)? {
                return iterate::end(cx);
            }
            seen = this.locked(|state| (state.target.clone(), state.current.clone()));
        };
        let target = key.clone();
        let (old, number) = this.locked(|state| (state.target.replace(target), state.group));
        drop(old);
        let group = object::new(
            cx,
            Grouper {
                parent: this.clone(),
                key: key.clone(),
                number,
            },
        )?;
        Tuple::from_vec(cx, vec![key, group.into_value()]).map(|pair| Some(pair.into_value()))
    }
}

/// The payload of the groups that `groupby` yields.
#[pyclass(name = "_grouper", module = "itertools")]
pub struct Grouper {
    parent: Ref<GroupBy>,
    key: Value,
    number: u64,
}

impl Traverse for Grouper {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.parent.as_value());
        visit(&self.key);
    }
}

#[pymethods]
impl Grouper {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [parent, key] = exactly::<Grouper, 2>(cx, class, args)?;
        let Some(parent) = parent.downcast::<GroupBy>() else {
            let got = parent.type_name_for_argument();
            return Err(cx.type_error(format!(
                "_grouper() argument 1 must be itertools.groupby, not {got}"
            )));
        };
        let number = parent.locked(|state| {
            state.group += 1;
            state.group
        });
        object::new(
            cx,
            Grouper {
                parent: parent.clone(),
                key: key.clone(),
                number,
            },
        )
        .map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Grouper>) -> PyResult<Option<Value>> {
        let parent = &this.parent;
        loop {
            let (group, item) = parent.locked(|state| (state.group, state.current.clone()));
            if group != this.number {
                return Ok(None);
            }
            let Some(item) = item else {
                if !GroupBy::step(cx, parent)? {
                    return iterate::end(cx);
                }
                continue;
            };
            if !compare::identical_or_equal(cx, &this.key, &item.key)? {
                return iterate::end(cx);
            }
            // The comparison, or another thread, may have taken the item, or the next one even.
            let (taken, is_empty) = parent.locked(|state| {
                let taken = state
                    .current
                    .take_if(|current| current.value.is(&item.value) && current.key.is(&item.key));
                (taken, state.current.is_none())
            });
            if taken.is_some() {
                return Ok(Some(item.value));
            }
            if is_empty {
                return Ok(None);
            }
        }
    }
}
