//! `chain` and `zip_longest`: several iterators one behind the other, or side by side.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::field::Field;
use typhon_runtime::guarded::HeldValue;
use typhon_runtime::object::{self, Payload, Traverse};
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::no_keywords;

/// The payload of `chain`. Who writes to `active` holds the object's lock.
#[pyclass(
    name = "chain",
    module = "itertools",
    flags(BASETYPE),
    signature = "(*iterables)",
    doc = "Return a chain object whose .__next__() method returns elements from the\nfirst iterable until it is exhausted, then elements from the next\niterable, until all of the iterables are exhausted."
)]
pub struct Chain {
    /// Yields the iterables, until it is exhausted.
    source: Field,
    /// The iterator whose items are yielded now.
    active: Field,
    /// Threads that have taken, or are about to take, an iterable from the source, and have not made it
    /// the active one yet. While there are any the chain is not exhausted, whatever else it looks like.
    advancing: AtomicUsize,
}

/// What one look for the next item came to.
enum Step {
    Item(Value),
    /// Nothing for this thread: another one is about to make an iterator the active one.
    Others,
    /// There is nothing left, for good.
    End,
}

impl Traverse for Chain {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.source.traverse(visit);
        self.active.traverse(visit);
    }
}

impl Chain {
    fn make(cx: &Context, class: &Ref<Type>, iterables: &Value) -> PyResult<Value> {
        let source = Field::new(iterate::iter(cx, iterables)?);
        object::new_of_class(
            cx,
            class,
            Chain {
                source,
                active: Field::empty(),
                advancing: AtomicUsize::new(0),
            },
        )
        .map(Ref::into_value)
    }

    fn active(this: &Ref<Chain>) -> Option<Value> {
        this.active.get_with(this.header())
    }

    /// Takes `exhausted` out, unless another thread has put the next iterator in its place.
    fn leave(this: &Ref<Chain>, exhausted: &Value) {
        let held = HeldValue::lock(this.as_value());
        let old = if this.active.peek_bits() == exhausted.bits() {
            this.active.replace_locked(None)
        } else {
            None
        };
        drop(held);
        drop(old);
    }

    /// Makes the iterator the active one. When another thread was faster, its iterator goes first and
    /// this one after it: no item is lost, though the order is.
    fn enter(cx: &Context, this: &Ref<Chain>, iterator: Value) -> PyResult<()> {
        let mut seen = None;
        let mut following = iterator.clone();
        loop {
            let held = HeldValue::lock(this.as_value());
            if this.active.peek_bits() == seen.as_ref().map_or(0, Value::bits) {
                let old = this.active.replace_locked(Some(following));
                drop(held);
                drop(old);
                return Ok(());
            }
            drop(held);
            seen = Chain::active(this);
            following = match &seen {
                None => iterator.clone(),
                Some(active) => {
                    let both = Tuple::from_values(cx, &[active.clone(), iterator.clone()])?;
                    Chain::make(cx, Chain::class(), both.as_value())?
                }
            };
        }
    }

    /// What is next. Waits for nobody: the thread that another would have to wait for yields what is left.
    fn step(cx: &Context, this: &Ref<Chain>) -> PyResult<Step> {
        loop {
            if let Some(active) = Chain::active(this) {
                let step = match active.downcast_exact::<Chain>() {
                    Some(chain) => cx.nested("", || Chain::step(cx, chain))?,
                    None => iterate::next(cx, &active)?.map_or(Step::End, Step::Item),
                };
                match step {
                    Step::End => Chain::leave(this, &active),
                    step => return Ok(step),
                }
            }
            // Another thread may have gone on to the next iterator.
            if this.active.is_empty() && !Chain::advance(cx, this)? {
                // SeqCst, as the counting: who is not seen here finds the source gone, or has made an
                // iterator the active one.
                if this.advancing.load(Ordering::SeqCst) != 0 {
                    return Ok(Step::Others);
                }
                if this.active.is_empty() {
                    return Ok(Step::End);
                }
            }
        }
    }

    /// Puts the next iterator in. False at the end.
    fn advance(cx: &Context, this: &Ref<Chain>) -> PyResult<bool> {
        this.advancing.fetch_add(1, Ordering::SeqCst);
        let advanced = Chain::advance_counted(cx, this);
        this.advancing.fetch_sub(1, Ordering::SeqCst);
        advanced
    }

    fn advance_counted(cx: &Context, this: &Ref<Chain>) -> PyResult<bool> {
        let Some(source) = this.source.get() else {
            return Ok(false);
        };
        let following = match iterate::next(cx, &source) {
            Ok(Some(iterable)) => iterate::iter(cx, &iterable).map(Some),
            Ok(None) => Ok(None),
            Err(raised) => Err(raised),
        };
        match following {
            Ok(Some(iterator)) => {
                Chain::enter(cx, this, iterator)?;
                Ok(true)
            }
            Ok(None) => {
                this.source.set(None);
                Ok(false)
            }
            Err(raised) => {
                this.source.set(None);
                Err(raised)
            }
        }
    }
}

#[pymethods]
impl Chain {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        no_keywords::<Chain>(cx, class, args)?;
        let iterables = Tuple::from_values(cx, args.positional())?;
        Chain::make(cx, class, iterables.as_value())
    }

    /// Alternative chain() constructor taking a single iterable argument that evaluates lazily.
    #[classmethod("from_iterable(cls, iterable, /)")]
    fn from_iterable(cx: &Context, class: &Ref<Type>, iterable: &Value) -> PyResult<Value> {
        Chain::make(cx, class, iterable)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Chain>) -> PyResult<Option<Value>> {
        match Chain::step(cx, this)? {
            Step::Item(item) => Ok(Some(item)),
            Step::Others | Step::End => iterate::end(cx),
        }
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        typhon_runtime::objects::generic_alias::alias(cx, class, object)
    }
}

/// The payload of `zip_longest`.
#[pyclass(
    name = "zip_longest",
    module = "itertools",
    flags(BASETYPE),
    signature = "(*iterables, fillvalue=None)",
    doc = "Return a zip_longest object whose .__next__() method returns a tuple where\nthe i-th element comes from the i-th iterable argument.  The .__next__()\nmethod continues until the longest iterable in the argument sequence\nis exhausted and then it raises StopIteration.  When the shorter iterables\nare exhausted, the fillvalue is substituted in their place.  The fillvalue\ndefaults to None or can be specified by a keyword argument.\n"
)]
pub struct ZipLongest {
    /// Each until it is exhausted.
    iterators: Vec<Field>,
    /// How many of them are not exhausted.
    active: AtomicUsize,
    fill: Value,
}

impl Traverse for ZipLongest {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for iterator in &self.iterators {
            iterator.traverse(visit);
        }
        visit(&self.fill);
    }
}

#[pymethods]
impl ZipLongest {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let mut fill = Value::NONE;
        for (name, value) in args.keywords().iter() {
            if !name
                .downcast::<Str>()
                .is_some_and(|name| name.equals("fillvalue"))
            {
                return Err(cx.type_error("zip_longest() got an unexpected keyword argument"));
            }
            fill = value.clone();
        }
        let iterators = args
            .positional()
            .iter()
            .map(|iterable| iterate::iter(cx, iterable).map(Field::new))
            .collect::<PyResult<Vec<Field>>>()?;
        let active = AtomicUsize::new(iterators.len());
        object::new_of_class(
            cx,
            class,
            ZipLongest {
                iterators,
                active,
                fill,
            },
        )
        .map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<ZipLongest>) -> PyResult<Option<Value>> {
        if this.active.load(Ordering::Relaxed) == 0 {
            return Ok(None);
        }
        let mut items = Vec::with_capacity(this.iterators.len());
        for field in &this.iterators {
            let item = match field.get() {
                Some(iterator) => match iterate::next(cx, &iterator) {
                    Ok(item) => item,
                    Err(raised) => {
                        this.active.store(0, Ordering::Relaxed);
                        return Err(raised);
                    }
                },
                None => None,
            };
            if item.is_none() && field.replace(None).is_some() && this.one_ended() {
                return iterate::end(cx);
            }
            items.push(item.unwrap_or_else(|| this.fill.clone()));
        }
        Tuple::from_vec(cx, items).map(|items| Some(items.into_value()))
    }
}

impl ZipLongest {
    /// One more iterator is exhausted. Whether it was the last.
    fn one_ended(&self) -> bool {
        let count_down = |active: usize| active.checked_sub(1);
        self.active
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count_down)
            .is_ok_and(|before| before == 1)
    }
}
