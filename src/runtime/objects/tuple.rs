//! `tuple`: an immutable sequence; its items are in the same block as its header.

use std::ptr::NonNull;
use std::sync::OnceLock;

use typhon_macros::{pyclass, pymethods};
use typhon_sync::Header;

use crate::args::{Args, Maybe};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{self, Payload, Ref, Run, Traverse};
use crate::objects::iterators::SequenceIterator;
use crate::objects::list::List;
use crate::objects::type_::Type;
use crate::protocols::{compare, hash, index, iterate, text};
use crate::shape::{self, Shape};
use crate::slots::Comparison;
use crate::value::Value;

/// The payload of `tuple`; the items follow it.
#[pyclass(
    name = "tuple",
    flags(BASETYPE, SEQUENCE, MATCH_SELF),
    variable = variable_size,
    signature = "(iterable=(), /)",
    doc = "Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple.\nIf iterable is specified the tuple is initialized from iterable's items.\n\nIf the argument is a tuple, the return value is the same object."
)]
#[repr(C)]
pub struct Tuple {
    length: usize,
}

/// The size of the items, of a tuple and of what is derived from it.
///
/// # Safety
/// The object's payload is a [`Tuple`] or begins with one.
pub unsafe fn variable_size(object: NonNull<Header>) -> usize {
    // SAFETY: the object's payload is a `Tuple`, whose length does not change.
    unsafe {
        object
            .byte_add(size_of::<Header>())
            .cast::<Tuple>()
            .as_ref()
    }
    .length
        * 8
}

impl Traverse for Tuple {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.as_slice().iter().for_each(visit);
    }

    const IS_RUN: bool = true;

    fn run(&self) -> Run {
        Run::new(self.as_slice().as_ptr().cast(), self.length)
    }
}

impl Drop for Tuple {
    fn drop(&mut self) {
        // SAFETY: the items belong to the tuple and are dropped once, with it. As in CPython the last goes first.
        unsafe {
            let items = std::ptr::from_mut(self).add(1).cast::<Value>();
            for index in (0..self.length).rev() {
                items.add(index).drop_in_place();
            }
        }
    }
}

static EMPTY: OnceLock<Ref<Tuple>> = OnceLock::new();

impl Tuple {
    /// The items.
    #[inline(always)]
    pub fn as_slice(&self) -> &[Value] {
        // SAFETY: `length` values follow the payload in the same block and never change.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).add(1).cast(), self.length) }
    }

    /// The number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The payload of a tuple of `length` items, which whoever makes the object writes behind it.
    pub(crate) fn with_length(length: usize) -> Tuple {
        Tuple { length }
    }

    /// The items, counted.
    pub fn to_vec(&self) -> Vec<Value> {
        self.as_slice().to_vec()
    }

    /// [`Tuple::to_vec`] for tuples of any length.
    ///
    /// # Errors
    /// MemoryError.
    pub fn try_to_vec(&self, cx: &Context) -> PyResult<Vec<Value>> {
        cx.try_collect(self.as_slice().iter().cloned())
    }

    /// `()`.
    pub fn empty() -> Ref<Tuple> {
        EMPTY.get().expect("invariant: made at start-up").clone()
    }

    /// Makes `()`, once `tuple` has a shape.
    pub(crate) fn make_empty(cx: &Context) -> PyResult<()> {
        let empty = Tuple::in_shape(cx, shape::get(Tuple::shape_id()), 0, |_| {})?;
        empty.header().set_immortal();
        EMPTY.get_or_init(|| empty);
        Ok(())
    }

    fn in_shape(
        cx: &Context,
        shape: &'static Shape,
        length: usize,
        fill: impl FnOnce(*mut Value),
    ) -> PyResult<Ref<Tuple>> {
        // SAFETY: `fill` writes `length` values.
        unsafe {
            object::new_variable(
                cx,
                shape,
                || Tuple { length },
                length * 8,
                |memory| fill(memory.cast()),
            )
        }
    }

    /// A plain `tuple`: what [`Tuple::in_shape`] asks the shape is known of it.
    ///
    /// # Errors
    /// MemoryError; `fill` was not called then.
    ///
    /// # Safety
    /// `fill` writes `length` values.
    #[inline(always)]
    pub(crate) unsafe fn plain(
        cx: &Context,
        length: usize,
        fill: impl FnOnce(*mut Value),
    ) -> PyResult<Ref<Tuple>> {
        // SAFETY: a tuple has no tail, and nothing is left unwritten.
        unsafe { object::new_plain(cx, || Tuple { length }, length * 8, fill) }
    }

    /// A tuple of these values.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn from_values(cx: &Context, values: &[Value]) -> PyResult<Ref<Tuple>> {
        if values.is_empty() {
            return Ok(Tuple::empty());
        }
        Tuple::of_values(cx, values)
    }

    #[inline(never)]
    fn of_values(cx: &Context, values: &[Value]) -> PyResult<Ref<Tuple>> {
        // SAFETY: the block has room for all values, and all are written.
        unsafe {
            Tuple::plain(cx, values.len(), |memory| {
                for (index, value) in values.iter().enumerate() {
                    memory.add(index).write(value.clone());
                }
            })
        }
    }

    /// `(first, second)`.
    ///
    /// # Errors
    /// MemoryError.
    #[inline(never)]
    pub fn pair(cx: &Context, first: Value, second: Value) -> PyResult<Ref<Tuple>> {
        // SAFETY: both values are written.
        unsafe {
            Tuple::plain(cx, 2, |memory| {
                memory.write(first);
                memory.add(1).write(second);
            })
        }
    }

    /// Frees a plain tuple that nobody was told to be told of: its items go first, the last one before the others.
    /// What nests in turn waits as [`object::destroy`] has it.
    ///
    /// # Safety
    /// No count of the tuple is left, nobody else destroys it, and its shape is that of `tuple`.
    pub(crate) unsafe fn destroy(object: NonNull<Header>) {
        // SAFETY: nobody else reaches the tuple; each item is dropped once.
        unsafe {
            typhon_sync::validate::dead(object.as_ref());
            let this = object.byte_add(size_of::<Header>()).cast::<Tuple>();
            for item in this.as_ref().as_slice().iter().rev() {
                if let Some(header) = item.header()
                    && header.decref()
                {
                    object::destroy_within(NonNull::from(header));
                }
            }
            object::release(object);
        }
    }

    /// A tuple of these values, which move into it.
    ///
    /// # Errors
    /// MemoryError.
    #[inline]
    pub fn from_vec(cx: &Context, values: Vec<Value>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec_in_shape(cx, shape::get(Tuple::shape_id()), values)
    }

    /// A tuple of `class`, which is derived from `tuple`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_vec_of_class(
        cx: &Context,
        class: &Ref<Type>,
        values: Vec<Value>,
    ) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec_in_shape(cx, class.root_shape(), values)
    }

    fn from_vec_in_shape(
        cx: &Context,
        shape: &'static Shape,
        mut values: Vec<Value>,
    ) -> PyResult<Ref<Tuple>> {
        if values.is_empty() && shape.id == Tuple::shape_id() {
            return Ok(Tuple::empty());
        }
        let length = values.len();
        Tuple::in_shape(cx, shape, length, |memory| {
            // SAFETY: the block has room for all values, which move: the vector forgets them.
            unsafe {
                std::ptr::copy_nonoverlapping(values.as_ptr(), memory, length);
                values.set_len(0);
            }
        })
    }

    /// A tuple of `length` values that move from `source`.
    ///
    /// # Errors
    /// MemoryError; the values are dropped then.
    ///
    /// # Safety
    /// `source` holds `length` values that the caller gives away.
    #[inline]
    pub unsafe fn take_from(
        cx: &Context,
        source: *mut Value,
        length: usize,
    ) -> PyResult<Ref<Tuple>> {
        if length == 0 {
            return Ok(Tuple::empty());
        }
        let mut taken = false;
        // SAFETY: the values move; the caller forgets them.
        let made = unsafe {
            Tuple::plain(cx, length, |memory| {
                taken = true;
                std::ptr::copy_nonoverlapping(source, memory, length);
            })
        };
        if !taken {
            // SAFETY: the values are ours to drop.
            unsafe { std::ptr::slice_from_raw_parts_mut(source, length).drop_in_place() };
        }
        made
    }
}

#[pymethods]
impl Tuple {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let is_plain = class.is(Tuple::class())
            || class.slots.init.word() == Tuple::class().slots.init.word()
                && class.slots.new.word() == Tuple::class().slots.new.word();
        if is_plain && !args.names.is_empty() {
            return Err(cx.type_error("tuple() takes no keyword arguments"));
        }
        let positional = args.positional();
        if positional.len() > 1 {
            return Err(cx.type_error(format!(
                "tuple expected at most 1 argument, got {}",
                positional.len()
            )));
        }
        let Some(iterable) = positional.first() else {
            return Tuple::from_vec_of_class(cx, class, Vec::new()).map(Ref::into_value);
        };
        if class.is(Tuple::class()) && iterable.is_exact::<Tuple>() {
            return Ok(iterable.clone());
        }
        if class.is(Tuple::class())
            && let Some(list) = iterable.downcast_exact::<List>()
            && let Some(made) = list.look_if_exclusive(|items| Tuple::from_values(cx, items))
        {
            return made.map(Ref::into_value);
        }
        let values = iterate::collect(cx, iterable)?;
        Tuple::from_vec_of_class(cx, class, values).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Tuple>) -> PyResult<Value> {
        text::repr_sequence(
            cx,
            this.as_value(),
            this.as_slice(),
            "(",
            if this.len() == 1 { ",)" } else { ")" },
            "(...)",
        )
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<Tuple>) -> PyResult<i64> {
        hash::hash_tuple(cx, this.as_slice())
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Tuple>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        match other.downcast::<Tuple>() {
            Some(other) => compare::sequences(cx, this.as_slice(), other.as_slice(), comparison),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Tuple>) -> PyResult<Value> {
        SequenceIterator::over_tuple(cx, this)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<Tuple>) -> PyResult<usize> {
        Ok(this.len())
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<Tuple>, item: &Value) -> PyResult<bool> {
        for own in this.as_slice() {
            if compare::identical_or_equal(cx, own, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[slot(concat)]
    fn concat(cx: &Context, this: &Ref<Tuple>, other: &Value) -> PyResult<Value> {
        let Some(second) = other.downcast::<Tuple>() else {
            return Err(cx.type_error(format!(
                "can only concatenate tuple (not \"{}\") to tuple",
                other.type_name()
            )));
        };
        if this.is_empty() && second.as_value().is_exact::<Tuple>() {
            return Ok(second.to_value());
        }
        if second.is_empty() && this.as_value().is_exact::<Tuple>() {
            return Ok(this.to_value());
        }
        let values = this
            .as_slice()
            .iter()
            .chain(second.as_slice())
            .cloned()
            .collect();
        Tuple::from_vec(cx, values).map(Ref::into_value)
    }

    #[slot(repeat)]
    fn repeat(cx: &Context, this: &Ref<Tuple>, times: isize) -> PyResult<Value> {
        let times = times.max(0) as usize;
        if times == 1 && this.as_value().is_exact::<Tuple>() {
            return Ok(this.to_value());
        }
        let values = crate::protocols::sequence::repeat(cx, this.as_slice(), times)?;
        Tuple::from_vec(cx, values).map(Ref::into_value)
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Tuple>, at: isize) -> PyResult<Value> {
        match usize::try_from(at)
            .ok()
            .and_then(|at| this.as_slice().get(at))
        {
            Some(value) => Ok(value.clone()),
            None => Err(cx.index_error("tuple index out of range")),
        }
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Tuple>, key: &Value) -> PyResult<Value> {
        match index::subscript(cx, key, this.len(), "tuple")? {
            index::Subscript::Item(at) => Ok(this.as_slice()[at].clone()),
            index::Subscript::Slice(slice) => {
                if slice.is_whole(this.len()) && this.as_value().is_exact::<Tuple>() {
                    return Ok(this.to_value());
                }
                let values = slice
                    .indices()
                    .map(|at| this.as_slice()[at].clone())
                    .collect();
                Tuple::from_vec(cx, values).map(Ref::into_value)
            }
        }
    }

    /// Return number of occurrences of value.
    #[method("count(self, value, /)")]
    fn count(cx: &Context, this: &Ref<Tuple>, value: &Value) -> PyResult<usize> {
        let mut count = 0;
        for own in this.as_slice() {
            count += usize::from(compare::identical_or_equal(cx, own, value)?);
        }
        Ok(count)
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[method("index(self, value, start=0, stop=9223372036854775807, /)")]
    fn index(
        cx: &Context,
        this: &Ref<Tuple>,
        value: &Value,
        start: Maybe<&Value>,
        stop: Maybe<&Value>,
    ) -> PyResult<usize> {
        let (start, stop) = index::search_range(cx, start.0, stop.0, this.len())?;
        for at in start..stop {
            if compare::identical_or_equal(cx, &this.as_slice()[at], value)? {
                return Ok(at);
            }
        }
        Err(cx.value_error("tuple.index(x): x not in tuple"))
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }

    #[method("__getnewargs__(self, /)")]
    fn getnewargs(cx: &Context, this: &Ref<Tuple>) -> PyResult<Value> {
        let plain = Tuple::from_values(cx, this.as_slice())?;
        Tuple::from_values(cx, &[plain.into_value()]).map(Ref::into_value)
    }
}
