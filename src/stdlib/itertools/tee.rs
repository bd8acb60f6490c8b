//! `tee`: several iterators over the items of one.
//!
//! ```text
//!   TeeData ──next──► TeeData ──next──► …      each holds up to BLOCK items, the last one fewer
//!      ▲                 ▲
//!    Tee 1             Tee 2                   a block and a position in it
//! ```
//! A block that no `Tee` is before is nobody's any more: what all have seen is let go. Items are added
//! to the last block by the `Tee` that comes first to its end. `running` says that one does so now:
//! the inner iterator runs outside the lock, and may not come back to the same block.

use typhon_macros::{pyclass, pyfunction, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::iterate;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::arguments::{exactly, size};

/// Items a block.
const BLOCK: usize = 57;

/// The payload of a block of items.
#[pyclass(
    name = "_tee_dataobject",
    module = "itertools",
    doc = "teedataobject(iterable, values, next, /)\n--\n\nData container common to multiple tee objects."
)]
pub struct TeeData {
    iterator: Value,
    block: Guarded<Block>,
}

#[derive(Default)]
pub struct Block {
    items: Vec<Value>,
    next: Option<Ref<TeeData>>,
    running: bool,
}

impl Lockable for TeeData {
    type State = Block;
    fn guarded(&self) -> &Guarded<Block> {
        &self.block
    }
}

impl Traverse for TeeData {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.iterator);
        let block = self.block.while_stopped();
        block.items.iter().for_each(&mut *visit);
        if let Some(next) = &block.next {
            visit(next.as_value());
        }
    }
}

/// What was found at a position of a block.
enum Found {
    Item(Value),
    Running,
    /// Nobody has read so far: the caller may, and `running` is set for it.
    End,
}

impl TeeData {
    fn start(cx: &Context, iterator: Value) -> PyResult<Ref<TeeData>> {
        object::new(
            cx,
            TeeData {
                iterator,
                block: Guarded::new(Block::default()),
            },
        )
    }

    /// Item `position`, which is in the block or the one to be read next.
    fn item(cx: &Context, this: &Ref<TeeData>, position: usize) -> PyResult<Option<Value>> {
        let found = this.locked(|block| match block.items.get(position) {
            Some(item) => Found::Item(item.clone()),
            None if block.running => Found::Running,
            None => {
                block.running = true;
                Found::End
            }
        });
        match found {
            Found::Item(item) => Ok(Some(item)),
            Found::Running => Err(cx.runtime_error("cannot re-enter the tee iterator")),
            Found::End => {
                let item = iterate::next(cx, &this.iterator);
                this.locked(|block| {
                    block.running = false;
                    if let Ok(Some(item)) = &item {
                        block.items.push(item.clone());
                    }
                });
                item
            }
        }
    }

    /// The block behind this one, which is full.
    fn following(cx: &Context, this: &Ref<TeeData>) -> PyResult<Ref<TeeData>> {
        if let Some(next) = this.locked(|block| block.next.clone()) {
            return Ok(next);
        }
        let made = TeeData::start(cx, this.iterator.clone())?;
        Ok(this.locked(|block| block.next.get_or_insert(made).clone()))
    }
}

#[pymethods]
impl TeeData {
    #[slot(new)]
    fn new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [iterator, items, next] = args.positional() else {
            let given = args.positional().len();
            return Err(cx.type_error(format!("teedataobject expected 3 arguments, got {given}")));
        };
        let Some(items) = items.downcast::<List>() else {
            let got = items.type_name_for_argument();
            return Err(cx.type_error(format!(
                "teedataobject() argument 2 must be list, not {got}"
            )));
        };
        let items = items.to_vec();
        let next = match next.downcast::<TeeData>() {
            Some(next) if items.len() == BLOCK => Some(next.clone()),
            None if next.is_none() && items.len() <= BLOCK => None,
            _ => return Err(cx.value_error("Invalid arguments")),
        };
        let block = Block {
            items,
            next,
            running: false,
        };
        object::new(
            cx,
            TeeData {
                iterator: iterator.clone(),
                block: Guarded::new(block),
            },
        )
        .map(Ref::into_value)
    }
}

/// The payload of the iterators that `tee` returns.
#[pyclass(
    name = "_tee",
    module = "itertools",
    flags(HAS_WEAKREF),
    signature = "(iterable, /)",
    doc = "Iterator wrapped to make it copyable."
)]
pub struct Tee {
    place: Guarded<TeePlace>,
}

#[derive(Clone)]
pub struct TeePlace {
    data: Ref<TeeData>,
    /// `<= BLOCK`; at `BLOCK` the next item is the first of the block behind.
    position: usize,
}

impl Lockable for Tee {
    type State = TeePlace;
    fn guarded(&self) -> &Guarded<TeePlace> {
        &self.place
    }
}

impl Traverse for Tee {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.place.while_stopped().data.as_value());
    }
}

impl Tee {
    /// An iterator over the same items, from the first that `iterable` has left.
    fn over(cx: &Context, iterable: &Value) -> PyResult<Ref<Tee>> {
        let iterator = iterate::iter(cx, iterable)?;
        if let Some(tee) = iterator.downcast::<Tee>() {
            return Tee::duplicate(cx, tee);
        }
        let place = TeePlace {
            data: TeeData::start(cx, iterator)?,
            position: 0,
        };
        object::new(
            cx,
            Tee {
                place: Guarded::new(place),
            },
        )
    }

    fn duplicate(cx: &Context, this: &Ref<Tee>) -> PyResult<Ref<Tee>> {
        let place = this.locked(|place| place.clone());
        object::new(
            cx,
            Tee {
                place: Guarded::new(place),
            },
        )
    }
}

#[pymethods]
impl Tee {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let [iterable] = exactly::<Tee, 1>(cx, class, args)?;
        Tee::over(cx, iterable).map(Ref::into_value)
    }

    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<Tee>) -> PyResult<Option<Value>> {
        let before = this.locked(|place| place.clone());
        let mut place = before.clone();
        if place.position == BLOCK {
            place = TeePlace {
                data: TeeData::following(cx, &place.data)?,
                position: 0,
            };
        }
        let Some(item) = TeeData::item(cx, &place.data, place.position)? else {
            return Ok(None);
        };
        place.position += 1;
        let old = this.locked(|current| {
            // Another thread may have taken the same item: then it has moved on already.
            let unmoved = current.data.is(&before.data) && current.position == before.position;
            unmoved.then(|| std::mem::replace(current, place))
        });
        drop(old);
        Ok(Some(item))
    }

    /// Returns an independent iterator.
    #[method("__copy__(self, /)")]
    fn copy(cx: &Context, this: &Ref<Tee>) -> PyResult<Ref<Tee>> {
        Tee::duplicate(cx, this)
    }
}

/// Returns a tuple of n independent iterators.
#[pyfunction("tee(iterable, n=2, /)")]
pub(super) fn tee(cx: &Context, iterable: &Value, n: Maybe<&Value>) -> PyResult<Ref<Tuple>> {
    let count = n.0.map_or(Ok(2), |count| size(cx, count))?;
    let Ok(count) = usize::try_from(count) else {
        return Err(cx.value_error("n must be >= 0"));
    };
    let mut made = Vec::new();
    made.try_reserve_exact(count).map_err(|_| cx.no_memory())?;
    if count > 0 {
        let first = Tee::over(cx, iterable)?;
        for _ in 1..count {
            made.push(Tee::duplicate(cx, &first)?.into_value());
        }
        made.insert(0, first.into_value());
    }
    Tuple::from_vec(cx, made)
}
