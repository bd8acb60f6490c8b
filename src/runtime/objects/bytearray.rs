//! `bytearray`: a mutable sequence of bytes, behind the object's lock.
//!
//! Buffers that were given out (`exports`) point into the vector: while there are any it keeps its length
//! and so its place. Invariant: `exports > 0` implies that nobody changes the length.

use std::collections::TryReserveError;

use typhon_macros::{pyclass, pymethods};

use crate::args::{Args, Maybe};
use crate::buffer::Buffer;
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::guarded::{Guarded, Lockable};
use crate::object::{self, Ref, Traverse};
use crate::objects::bytes::{self, Bytes, operations};
use crate::objects::exceptions;
use crate::objects::int;
use crate::objects::iterators::{builtin, reduced};
use crate::objects::slice::{Bounds, Slice};
use crate::objects::str_::{Str, printf};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{buffer, index, iterate};
use crate::slots::Comparison;
use crate::value::Value;
use crate::warnings;

/// The payload of `bytearray`.
#[pyclass(
    name = "bytearray",
    flags(BASETYPE, MATCH_SELF),
    plain,
    doc = "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\nbytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\nbytearray(int) -> bytes array of size given by the parameter initialized with null bytes\nbytearray() -> empty bytes array\n\nConstruct a mutable bytearray object from:\n  - an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - a bytes or a buffer object\n  - any object implementing the buffer API.\n  - an integer"
)]
pub struct ByteArray {
    state: Guarded<State>,
}

/// What the lock guards.
#[derive(Default)]
pub struct State {
    bytes: Vec<u8>,
    /// Buffers that are out.
    exports: usize,
}

/// The length cannot change: there are buffers.
struct Exported;

impl State {
    /// The bytes, to be changed in length.
    fn resizable(&mut self) -> Result<&mut Vec<u8>, Exported> {
        if self.exports > 0 {
            Err(Exported)
        } else {
            Ok(&mut self.bytes)
        }
    }

    /// Replaces `range`. The length may change only if nothing is exported.
    fn splice(&mut self, range: std::ops::Range<usize>, with: &[u8]) -> Result<(), Exported> {
        if range.len() == with.len() {
            self.bytes[range].copy_from_slice(with);
        } else {
            self.resizable()?.splice(range, with.iter().copied());
        }
        Ok(())
    }
}

impl Lockable for ByteArray {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

#[cold]
fn exported(cx: &Context) -> Raised {
    cx.buffer_error("Existing exports of data: object cannot be re-sized")
}

fn changed<R>(cx: &Context, result: Result<R, Exported>) -> PyResult<R> {
    result.map_err(|Exported| exported(cx))
}

impl ByteArray {
    /// An array of these bytes, which move into it.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_vec(cx: &Context, bytes: Vec<u8>) -> PyResult<Ref<ByteArray>> {
        object::new(
            cx,
            ByteArray {
                state: Guarded::new(State { bytes, exports: 0 }),
            },
        )
    }

    /// An array of a copy of these bytes.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_slice(cx: &Context, bytes: &[u8]) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_vec(cx, bytes.to_vec())
    }
}

impl Ref<ByteArray> {
    /// The bytes of one moment.
    pub fn to_vec(&self) -> Vec<u8> {
        self.locked(|state| state.bytes.clone())
    }

    /// What `look` finds in the bytes, with the lock held.
    pub fn look<R>(&self, look: impl FnOnce(&[u8]) -> R) -> R {
        self.locked(|state| look(&state.bytes))
    }

    /// The array's buffer. While it exists the array cannot be resized.
    pub fn export(&self) -> Buffer {
        let (start, length) = self.locked(|state| {
            state.exports += 1;
            (state.bytes.as_mut_ptr(), state.bytes.len())
        });
        Buffer {
            owner: self.to_value(),
            start,
            length,
            read_only: false,
            format: None,
            release: Some(release),
        }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.locked(|state| state.bytes.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Byte `at`.
    pub fn get(&self, at: usize) -> Option<u8> {
        self.locked(|state| state.bytes.get(at).copied())
    }

    /// Byte `at`, counted from the end if it is negative.
    pub fn item(&self, at: isize) -> Option<u8> {
        self.locked(|state| state.bytes.get(wrap(at, state.bytes.len())).copied())
    }

    /// Replaces byte `at`, counted from the end if it is negative. False: there is none.
    pub fn set_item(&self, at: isize, byte: u8) -> bool {
        self.locked(|state| {
            let at = wrap(at, state.bytes.len());
            let place = state.bytes.get_mut(at);
            place.map(|place| *place = byte).is_some()
        })
    }

    /// Appends `more`.
    ///
    /// # Errors
    /// BufferError while a buffer is exported.
    pub fn extend(&self, cx: &Context, more: &[u8]) -> PyResult<()> {
        self.extend_at(cx, usize::MAX, more)
    }

    /// Puts bytes in at what was the end, which may have moved meanwhile.
    fn extend_at(&self, cx: &Context, end: usize, more: &[u8]) -> PyResult<()> {
        if more.is_empty() {
            return Ok(());
        }
        let extended = self.locked(|state| {
            state.resizable().map(|bytes| {
                bytes.try_reserve(more.len())?;
                let end = end.min(bytes.len());
                bytes.splice(end..end, more.iter().copied());
                Ok::<(), TryReserveError>(())
            })
        });
        changed(cx, extended)?.map_err(|_| cx.no_memory())
    }
}

/// A subscript that is no slice, not yet wrapped.
fn item_index(cx: &Context, key: &Value) -> PyResult<isize> {
    if key.is_small_int() || int::is_int(key) || key.class().slots.index.get().is_some() {
        return index::as_index(cx, key);
    }
    Err(index::wrong_key(cx, key, "bytearray"))
}

fn wrap(at: isize, length: usize) -> usize {
    (if at < 0 {
        at.wrapping_add(length as isize)
    } else {
        at
    }) as usize
}

/// The bytes that a slice is to be replaced with.
fn replacement(cx: &Context, value: &Value) -> PyResult<Vec<u8>> {
    if buffer::has_buffer(value) {
        return buffer::to_vec(cx, value);
    }
    if int::is_int(value) || value.downcast::<Str>().is_some() || !iterate::is_iterable(value) {
        return Err(
            cx.type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)")
        );
    }
    bytes::from_iterable(cx, value, "byte must be in range(0, 256)")
}

/// What went wrong when a slice was replaced.
enum SliceError {
    Exported,
    /// The slice has a step and selects so many bytes.
    Size(usize),
}

fn assign_slice(cx: &Context, this: &Ref<ByteArray>, bounds: Bounds, with: &[u8]) -> PyResult<()> {
    let done = this.locked(|state| {
        let selected = bounds.resolve(state.bytes.len());
        if let Some(range) = selected.as_range() {
            return state
                .splice(range, with)
                .map_err(|Exported| SliceError::Exported);
        }
        if with.len() != selected.count {
            return Err(SliceError::Size(selected.count));
        }
        for (at, &byte) in selected.indices().zip(with) {
            state.bytes[at] = byte;
        }
        Ok(())
    });
    match done {
        Ok(()) => Ok(()),
        Err(SliceError::Exported) => Err(exported(cx)),
        Err(SliceError::Size(count)) => Err(cx.value_error(format!(
            "attempt to assign bytes of size {} to extended slice of size {count}",
            with.len()
        ))),
    }
}

fn delete_slice(cx: &Context, this: &Ref<ByteArray>, bounds: Bounds) -> PyResult<()> {
    let done = this.locked(|state| {
        let selected = bounds.resolve(state.bytes.len()).ascending();
        if selected.count == 0 {
            return Ok(());
        }
        let mut at = 0;
        let mut selected = selected.indices().peekable();
        state.resizable()?.retain(|_| {
            let goes = selected.peek() == Some(&at);
            if goes {
                selected.next();
            }
            at += 1;
            !goes
        });
        Ok(())
    });
    changed(cx, done)
}

fn release(owner: &Value) {
    if let Some(array) = owner.downcast::<ByteArray>() {
        array.locked(|state| state.exports -= 1);
    }
}

fn reduced_state(cx: &Context, this: &Ref<ByteArray>, protocol: i64) -> PyResult<Value> {
    let content = this.to_vec();
    let state = crate::objects::object::state_of(cx, this.as_value(), false)?;
    let arguments: &[Value] = if content.is_empty() {
        &[]
    } else if protocol < 3 {
        &[
            Str::from_latin1(cx, &content)?.into_value(),
            Str::from_ascii(cx, b"latin-1")?.into_value(),
        ]
    } else {
        &[Bytes::from_slice(cx, &content)?.into_value()]
    };
    reduced(cx, this.class_of().to_value(), arguments, Some(state))
}

#[pymethods(tables(bytes::methods::BYTEARRAY))]
impl ByteArray {
    #[slot(new)]
    fn slot_new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(
            cx,
            class,
            ByteArray {
                state: Guarded::new(State::default()),
            },
        )
        .map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<ByteArray>, args: Args<'_>) -> PyResult<()> {
        let arguments = bytes::Source::bind(cx, "bytearray", args)?;
        changed(cx, this.locked(|state| state.resizable().map(Vec::clear)))?;
        let contents = match (arguments.encoded(cx)?, arguments.source) {
            (Some(bytes), _) => bytes,
            (None, None) => return Ok(()),
            (None, Some(source)) => match bytes::count_argument(cx, source)? {
                Some(count) => bytes::zeros(cx, count)?,
                None if buffer::has_buffer(source) => buffer::to_vec(cx, source)?,
                None if !iterate::is_iterable(source) => {
                    let got = source.type_name();
                    return Err(
                        cx.type_error(format!("cannot convert '{got}' object to bytearray"))
                    );
                }
                None => bytes::from_iterable(cx, source, "byte must be in range(0, 256)")?,
            },
        };
        let old = this.locked(|state| {
            state
                .resizable()
                .map(|bytes| std::mem::replace(bytes, contents))
        });
        changed(cx, old).map(drop)
    }

    #[slot(str)]
    fn str(cx: &Context, this: &Ref<ByteArray>) -> PyResult<Value> {
        warnings::warn_bytes(cx, "str() on a bytearray instance")?;
        Self::repr(cx, this)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<ByteArray>) -> PyResult<Value> {
        let literal = operations::repr(&this.to_vec(), true);
        let text = format!("{}({literal})", this.as_value().type_name());
        Str::from_str(cx, &text).map(Ref::into_value)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<ByteArray>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        if !buffer::has_buffer(other) {
            if matches!(comparison, Comparison::Equal | Comparison::NotEqual)
                && other.downcast::<Str>().is_some()
            {
                warnings::warn_bytes(cx, "Comparison between bytearray and string")?;
            }
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let own = this.to_vec();
        let ordering = buffer::with_bytes(cx, other, |other| own[..].cmp(other))?;
        Ok(Value::from_bool(comparison.accepts(ordering)))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<ByteArray>) -> PyResult<Value> {
        let iterator = ByteArrayIterator {
            state: Guarded::new(Some((this.clone(), 0))),
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<ByteArray>) -> PyResult<usize> {
        Ok(this.len())
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<ByteArray>, item: &Value) -> PyResult<bool> {
        let _held = item
            .class()
            .has(ClassFlags::HEAPTYPE)
            .then(|| this.export());
        operations::contains(cx, item, |needle| {
            this.look(|bytes| operations::has(bytes, needle))
        })
    }

    #[slot(concat)]
    fn concat(cx: &Context, this: &Ref<ByteArray>, other: &Value) -> PyResult<Value> {
        if !buffer::has_buffer(other) {
            let own = this.as_value().type_name();
            return Err(cx.type_error(format!("can't concat {} to {own}", other.type_name())));
        }
        cx.room_for(this.len())?;
        let mut joined = this.to_vec();
        buffer::with_bytes(cx, other, |other| {
            let room = joined.try_reserve_exact(other.len());
            room.map(|()| joined.extend_from_slice(other))
        })?
        .map_err(|_| cx.no_memory())?;
        ByteArray::from_vec(cx, joined).map(Ref::into_value)
    }

    #[slot(inplace_concat)]
    fn inplace_concat(cx: &Context, this: &Ref<ByteArray>, other: &Value) -> PyResult<Value> {
        if !buffer::has_buffer(other) {
            let own = this.as_value().type_name();
            return Err(cx.type_error(format!("can't concat {} to {own}", other.type_name())));
        }
        let more = buffer::to_vec(cx, other)?;
        this.extend(cx, &more)?;
        Ok(this.to_value())
    }

    #[slot(repeat)]
    fn repeat(cx: &Context, this: &Ref<ByteArray>, times: isize) -> PyResult<Value> {
        let bytes = operations::repeat(cx, &this.to_vec(), times)?;
        ByteArray::from_vec(cx, bytes).map(Ref::into_value)
    }

    #[slot(inplace_repeat)]
    fn inplace_repeat(cx: &Context, this: &Ref<ByteArray>, times: isize) -> PyResult<Value> {
        if times == 1 {
            return Ok(this.to_value());
        }
        let repeated = operations::repeat(cx, &this.to_vec(), times)?;
        let done = this.locked(|state| {
            let length = state.bytes.len();
            state.splice(0..length, &repeated)
        });
        changed(cx, done)?;
        Ok(this.to_value())
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<ByteArray>, at: isize) -> PyResult<Value> {
        match usize::try_from(at).ok().and_then(|at| this.get(at)) {
            Some(byte) => int::from_i64(cx, byte.into()),
            None => Err(cx.index_error("bytearray index out of range")),
        }
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<ByteArray>, key: &Value) -> PyResult<Value> {
        if let Some(slice) = key.downcast::<Slice>() {
            let bounds = slice.bounds(cx)?;
            let bytes: Vec<u8> = this.locked(|state| {
                let selected = bounds.resolve(state.bytes.len());
                match selected.as_range() {
                    Some(range) => state.bytes[range].to_vec(),
                    None => selected.indices().map(|at| state.bytes[at]).collect(),
                }
            });
            return ByteArray::from_vec(cx, bytes).map(Ref::into_value);
        }
        let at = item_index(cx, key)?;
        match this.locked(|state| state.bytes.get(wrap(at, state.bytes.len())).copied()) {
            Some(byte) => int::from_i64(cx, byte.into()),
            None => Err(cx.index_error("bytearray index out of range")),
        }
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<ByteArray>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        if let Some(slice) = key.downcast::<Slice>() {
            let bounds = slice.bounds(cx)?;
            return match value {
                Some(value) => {
                    let with = replacement(cx, value)?;
                    if with.is_empty() {
                        delete_slice(cx, this, bounds)
                    } else {
                        assign_slice(cx, this, bounds, &with)
                    }
                }
                None => delete_slice(cx, this, bounds),
            };
        }
        let at = item_index(cx, key)?;
        let out_of_range = || cx.index_error("bytearray index out of range");
        let Some(value) = value else {
            let done = this.locked(|state| {
                let at = wrap(at, state.bytes.len());
                if at >= state.bytes.len() {
                    return Ok(false);
                }
                state.resizable()?.remove(at);
                Ok(true)
            });
            return if changed(cx, done)? {
                Ok(())
            } else {
                Err(out_of_range())
            };
        };
        if wrap(at, this.len()) >= this.len() {
            return Err(out_of_range());
        }
        let byte = operations::byte(cx, value)?;
        let done = this.locked(|state| {
            let at = wrap(at, state.bytes.len());
            state.bytes.get_mut(at).map(|place| *place = byte)
        });
        done.ok_or_else(out_of_range)
    }

    #[slot(remainder)]
    fn remainder(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match left.downcast::<ByteArray>() {
            Some(format) => {
                let is_plain = int::is_int(right) || right.downcast::<Bytes>().is_some();
                let _held = (!is_plain).then(|| format.export());
                let bytes = printf::format_bytes(cx, &format.to_vec(), right)?;
                ByteArray::from_vec(cx, bytes).map(Ref::into_value)
            }
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(buffer)]
    fn buffer(_cx: &Context, this: &Ref<ByteArray>) -> PyResult<Buffer> {
        Ok(this.export())
    }

    /// Append a single item to the end of the bytearray.
    ///
    ///   item
    ///     The item to be appended.
    #[method("append(self, item, /)")]
    fn append(cx: &Context, this: &Ref<ByteArray>, item: &Value) -> PyResult<()> {
        let byte = operations::byte(cx, item)?;
        changed(
            cx,
            this.locked(|state| state.resizable().map(|bytes| bytes.push(byte))),
        )
    }

    /// Remove all items from the bytearray.
    #[method("clear(self, /)")]
    fn clear(cx: &Context, this: &Ref<ByteArray>) -> PyResult<()> {
        changed(
            cx,
            this.locked(|state| state.resizable().map(std::mem::take)),
        )
        .map(drop)
    }

    /// Return a copy of B.
    #[method("copy(self, /)")]
    fn copy(cx: &Context, this: &Ref<ByteArray>) -> PyResult<Ref<ByteArray>> {
        ByteArray::from_vec(cx, this.to_vec())
    }

    /// Append all the items from the iterator or sequence to the end of the bytearray.
    ///
    ///   iterable_of_ints
    ///     The iterable of items to append.
    #[method("extend(self, iterable_of_ints, /)")]
    fn extend_method(
        cx: &Context,
        this: &Ref<ByteArray>,
        iterable_of_ints: &Value,
    ) -> PyResult<()> {
        let end = this.len();
        let more = if buffer::has_buffer(iterable_of_ints) {
            buffer::to_vec(cx, iterable_of_ints)?
        } else if iterable_of_ints.downcast::<Str>().is_some() {
            return Err(cx.type_error("expected iterable of integers; got: 'str'"));
        } else if !iterate::is_iterable(iterable_of_ints) {
            return Err(cx.type_error(format!(
                "can't extend bytearray with {}",
                iterable_of_ints.type_name()
            )));
        } else {
            iterate::length_hint(cx, iterable_of_ints, 32)?;
            bytes::from_iterable(cx, iterable_of_ints, "byte must be in range(0, 256)")?
        };
        this.extend_at(cx, end, &more)
    }

    /// Insert a single item into the bytearray before the given index.
    ///
    ///   index
    ///     The index where the value is to be inserted.
    ///   item
    ///     The item to be inserted.
    #[method("insert(self, index, item, /)")]
    fn insert(cx: &Context, this: &Ref<ByteArray>, index: isize, item: &Value) -> PyResult<()> {
        let byte = operations::byte(cx, item)?;
        let done = this.locked(|state| {
            let bytes = state.resizable()?;
            let length = bytes.len();
            let at = if index < 0 {
                index.saturating_add(length as isize).max(0)
            } else {
                index
            };
            bytes.insert((at as usize).min(length), byte);
            Ok(())
        });
        changed(cx, done)
    }

    /// Remove and return a single item from B.
    ///
    ///   index
    ///     The index from where to remove the item.
    ///     -1 (the default value) means remove the last item.
    ///
    /// If no index argument is given, will pop the last item.
    #[method("pop(self, index=-1, /)")]
    fn pop(cx: &Context, this: &Ref<ByteArray>, index: Maybe<&Value>) -> PyResult<u8> {
        let at = index.0.map_or(Ok(-1), |index| {
            index::as_size(cx, index, exceptions::index_error())
        })?;
        let popped = this.locked(|state| {
            let length = state.bytes.len();
            let at = wrap(at, length);
            if at >= length {
                Ok(Err(length))
            } else {
                state.resizable().map(|bytes| Ok(bytes.remove(at)))
            }
        });
        match changed(cx, popped)? {
            Ok(byte) => Ok(byte),
            Err(0) => Err(cx.index_error("pop from empty bytearray")),
            Err(_) => Err(cx.index_error("pop index out of range")),
        }
    }

    /// Remove the first occurrence of a value in the bytearray.
    ///
    ///   value
    ///     The value to remove.
    #[method("remove(self, value, /)")]
    fn remove(cx: &Context, this: &Ref<ByteArray>, value: &Value) -> PyResult<()> {
        let byte = operations::byte(cx, value)?;
        let removed = this.locked(|state| match memchr::memchr(byte, &state.bytes) {
            Some(at) => state.resizable().map(|bytes| Some(bytes.remove(at))),
            None => Ok(None),
        });
        match changed(cx, removed)? {
            Some(_) => Ok(()),
            None => Err(cx.value_error("value not found in bytearray")),
        }
    }

    /// Reverse the order of the values in B in place.
    #[method("reverse(self, /)")]
    fn reverse(_cx: &Context, this: &Ref<ByteArray>) -> PyResult<()> {
        this.locked(|state| state.bytes.reverse());
        Ok(())
    }

    /// Resize the internal buffer of bytearray to len.
    ///
    ///   size
    ///     New size to resize to.
    #[method("resize(self, size, /)")]
    fn resize(cx: &Context, this: &Ref<ByteArray>, size: isize) -> PyResult<()> {
        let Ok(length) = usize::try_from(size) else {
            return Err(cx.value_error(format!("Can only resize to positive sizes, got {size}")));
        };
        let done = this.locked(|state| {
            if length == state.bytes.len() {
                return Ok(true);
            }
            let bytes = state.resizable()?;
            let more = length.saturating_sub(bytes.len());
            let fits = bytes.try_reserve(more).is_ok();
            if fits {
                bytes.resize(length, 0);
            }
            Ok(fits)
        });
        if changed(cx, done)? {
            Ok(())
        } else {
            Err(cx.no_memory())
        }
    }

    /// B.__alloc__() -> int
    ///
    /// Return the number of bytes actually allocated.
    #[method("__alloc__(self, /)")]
    fn alloc(_cx: &Context, this: &Ref<ByteArray>) -> PyResult<usize> {
        // As if a zero byte followed, as it does in CPython.
        Ok(this.locked(|state| state.bytes.capacity() + 1))
    }

    /// Returns the size of the bytearray object in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<ByteArray>) -> PyResult<usize> {
        Ok(this.class_of().root_shape().instance_size(0)
            + this.locked(|state| state.bytes.capacity()))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<ByteArray>) -> PyResult<Value> {
        reduced_state(cx, this, 2)
    }

    /// Return state information for pickling.
    #[method("__reduce_ex__(self, proto=0, /)")]
    fn reduce_ex(cx: &Context, this: &Ref<ByteArray>, proto: i64) -> PyResult<Value> {
        reduced_state(cx, this, proto)
    }

    /// Return a buffer object that exposes the underlying memory of the object.
    #[method("__buffer__(self, flags, /)")]
    fn dunder_buffer(cx: &Context, this: &Ref<ByteArray>, flags: i64) -> PyResult<Value> {
        crate::objects::memoryview::own_buffer(cx, this.as_value(), flags).map(Ref::into_value)
    }

    /// Release the buffer object that exposes the underlying memory of the object.
    #[method("__release_buffer__(self, buffer, /)")]
    fn release_buffer(cx: &Context, this: &Ref<ByteArray>, buffer: &Value) -> PyResult<()> {
        crate::objects::memoryview::release_argument(cx, this.as_value(), buffer)
    }
}

/// `bytearray_iterator`: the array and the position, nothing once it is exhausted.
#[pyclass(name = "bytearray_iterator", flags(DISALLOW_INSTANTIATION))]
pub struct ByteArrayIterator {
    state: Guarded<Option<(Ref<ByteArray>, usize)>>,
}

impl Traverse for ByteArrayIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some((array, _)) = self.state.while_stopped() {
            visit(array.as_value());
        }
    }
}

impl Lockable for ByteArrayIterator {
    type State = Option<(Ref<ByteArray>, usize)>;
    fn guarded(&self) -> &Guarded<Self::State> {
        &self.state
    }
}

#[pymethods]
impl ByteArrayIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<ByteArrayIterator>) -> PyResult<Option<Value>> {
        let taken = this.locked(|state| {
            state.as_mut().map(|(array, at)| {
                *at += 1;
                (array.clone(), *at - 1)
            })
        });
        let Some((array, at)) = taken else {
            return Ok(None);
        };
        match array.get(at) {
            Some(byte) => int::from_i64(cx, byte.into()).map(Some),
            None => {
                drop(this.locked(Option::take));
                Ok(None)
            }
        }
    }

    /// Private method returning an estimate of len(list(it)).
    #[method("__length_hint__(self, /)")]
    fn length_hint(_cx: &Context, this: &Ref<ByteArrayIterator>) -> PyResult<usize> {
        let state = this.locked(|state| state.clone());
        Ok(state.map_or(0, |(array, at)| array.len().saturating_sub(at)))
    }

    /// Return state information for pickling.
    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Context, this: &Ref<ByteArrayIterator>) -> PyResult<Value> {
        let iter = builtin(cx, "iter")?;
        match this.locked(|state| state.clone()) {
            Some((array, at)) => reduced(
                cx,
                iter,
                &[array.into_value()],
                Some(int::from_i64(cx, at as i64)?),
            ),
            None => reduced(cx, iter, &[Tuple::empty().into_value()], None),
        }
    }

    /// Set state information for unpickling.
    #[method("__setstate__(self, state, /)")]
    fn setstate(cx: &Context, this: &Ref<ByteArrayIterator>, state: &Value) -> PyResult<()> {
        let position = index::as_size(cx, state, exceptions::overflow_error())?.max(0) as usize;
        let Some((array, _)) = this.locked(|state| state.clone()) else {
            return Ok(());
        };
        let position = position.min(array.len());
        this.locked(|state| {
            if let Some((_, at)) = state {
                *at = position;
            }
        });
        Ok(())
    }
}
