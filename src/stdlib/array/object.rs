//! The object: items of one type, one behind the other, behind the object's lock.
//!
//! Buffers that were given out (`exports`) point into the vector: while there are any it keeps its length
//! and so its place. Invariants: the vector's length is a multiple of the item's size; `exports > 0`
//! implies that nobody changes the length.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::buffer::{Buffer, Format};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Payload};
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::slice::{Bounds, Slice};
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::index;
use typhon_runtime::protocols::{compare, iterate, text};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, warnings};

use super::code::{self, Code, Item, Kind};
use super::{iterator, methods};
use crate::bytes_like::BytesLike;

/// The payload of `array`.
#[pyclass(
    name = "array",
    module = "array",
    flags(BASETYPE, SEQUENCE, HAS_WEAKREF, IMMUTABLE),
    plain,
    doc = "array(typecode [, initializer]) -> array\n\nReturn a new array whose items are restricted by typecode, and\ninitialized from the optional initializer value, which must be a list,\nstring or iterable over elements of the appropriate type.\n\nArrays represent basic values and behave very much like lists, except\nthe type of objects stored in them is constrained. The type is specified\nat object creation time by using a type code, which is a single character.\nThe following type codes are defined:\n\n    Type code   C Type             Minimum size in bytes\n    'b'         signed integer     1\n    'B'         unsigned integer   1\n    'u'         Unicode character  2 (see note)\n    'h'         signed integer     2\n    'H'         unsigned integer   2\n    'i'         signed integer     2\n    'I'         unsigned integer   2\n    'l'         signed integer     4\n    'L'         unsigned integer   4\n    'q'         signed integer     8 (see note)\n    'Q'         unsigned integer   8 (see note)\n    'f'         floating-point     4\n    'd'         floating-point     8\n\nNOTE: The 'u' typecode corresponds to Python's unicode character. On\nnarrow builds this is 2-bytes on wide builds this is 4-bytes.\n\nNOTE: The 'q' and 'Q' type codes are only available if the platform\nC compiler used to build Python supports 'long long', or, on Windows,\n'__int64'.\n\nMethods:\n\nappend() -- append a new item to the end of the array\nbuffer_info() -- return information giving the current memory info\nbyteswap() -- byteswap all the items of the array\ncount() -- return number of occurrences of an object\nextend() -- extend array by appending multiple elements from an iterable\nfromfile() -- read items from a file object\nfromlist() -- append items from the list\nfrombytes() -- append items from the string\nindex() -- return index of first occurrence of an object\ninsert() -- insert a new item into the array at a provided position\npop() -- remove and return item (default last)\nremove() -- remove first occurrence of an object\nreverse() -- reverse the order of the items in the array\ntofile() -- write all items to a file object\ntolist() -- return the array converted to an ordinary list\ntobytes() -- return the array converted to a string\n\nAttributes:\n\ntypecode -- the typecode character used to create the array\nitemsize -- the length in bytes of one array item\n"
)]
pub struct Array {
    pub(super) code: Code,
    state: Guarded<State>,
}

/// What the lock guards.
#[derive(Default)]
pub struct State {
    pub(super) bytes: Vec<u8>,
    /// Buffers that are out.
    pub(super) exports: usize,
}

/// Why the length cannot change.
pub(super) enum Refusal {
    Exported,
    NoMemory,
}

impl State {
    /// The bytes, to be changed in length, with room for `more`.
    pub(super) fn resizable(&mut self, more: usize) -> Result<&mut Vec<u8>, Refusal> {
        if self.exports > 0 {
            return Err(Refusal::Exported);
        }
        match self.bytes.try_reserve(more) {
            Ok(()) => Ok(&mut self.bytes),
            Err(_) => Err(Refusal::NoMemory),
        }
    }
}

impl Lockable for Array {
    type State = State;
    fn guarded(&self) -> &Guarded<State> {
        &self.state
    }
}

/// Raises for what could not be changed.
pub(super) fn changed<R>(cx: &Context, result: Result<R, Refusal>) -> PyResult<R> {
    result.map_err(|refusal| match refusal {
        Refusal::Exported => cx.buffer_error("cannot resize an array that is exporting buffers"),
        Refusal::NoMemory => cx.no_memory(),
    })
}

impl Array {
    pub(super) fn from_vec(cx: &Context, code: Code, bytes: Vec<u8>) -> PyResult<Ref<Array>> {
        object::new(cx, Array::with(code, bytes))
    }

    fn with(code: Code, bytes: Vec<u8>) -> Array {
        let exports = 0;
        Array {
            code,
            state: Guarded::new(State { bytes, exports }),
        }
    }

    /// The value of item `at`, if there is one.
    pub(super) fn get(cx: &Context, this: &Ref<Array>, at: usize) -> PyResult<Option<Value>> {
        let size = this.code.size;
        let item = this.locked(|state| {
            let bytes = state.bytes.get(at.checked_mul(size)?..)?.get(..size)?;
            let mut item = Item::default();
            item[..size].copy_from_slice(bytes);
            Some(item)
        });
        match item {
            Some(item) => this.code.unpack(cx, &item[..size]).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn count_items(this: &Ref<Array>) -> usize {
        this.locked(|state| state.bytes.len()) / this.code.size
    }

    /// The bytes of one moment.
    pub(super) fn bytes(cx: &Context, this: &Ref<Array>) -> PyResult<Vec<u8>> {
        let copied = this.locked(|state| {
            let mut bytes = Vec::new();
            bytes.try_reserve_exact(state.bytes.len()).ok()?;
            bytes.extend_from_slice(&state.bytes);
            Some(bytes)
        });
        copied.ok_or_else(|| cx.no_memory())
    }

    /// Appends bytes that are whole items.
    pub(super) fn append_bytes(cx: &Context, this: &Ref<Array>, more: &[u8]) -> PyResult<()> {
        if more.is_empty() {
            return Ok(());
        }
        let done = this.locked(|state| {
            state.resizable(more.len())?.extend_from_slice(more);
            Ok(())
        });
        changed(cx, done)
    }

    /// `frombytes`.
    pub(super) fn append_checked(cx: &Context, this: &Ref<Array>, more: &[u8]) -> PyResult<()> {
        if !more.len().is_multiple_of(this.code.size) {
            return Err(cx.value_error("bytes length not a multiple of item size"));
        }
        Array::append_bytes(cx, this, more)
    }

    pub(super) fn append(cx: &Context, this: &Ref<Array>, value: &Value) -> PyResult<()> {
        let item = this.code.pack(cx, value)?;
        Array::append_bytes(cx, this, &item[..this.code.size])
    }

    /// Appends the items of any iterable.
    pub(super) fn extend(cx: &Context, this: &Ref<Array>, items: &Value) -> PyResult<()> {
        match items.downcast::<Array>() {
            Some(other) if other.code != this.code => {
                Err(cx.type_error("can only extend with array of same kind"))
            }
            Some(other) => Array::append_bytes(cx, this, &Array::bytes(cx, other)?),
            None => iterate::for_each(cx, items, |item| Array::append(cx, this, &item)),
        }
    }

    /// The items as Python values, of one moment.
    pub(super) fn values(cx: &Context, this: &Ref<Array>) -> PyResult<Vec<Value>> {
        let bytes = Array::bytes(cx, this)?;
        cx.room_for(bytes.len() / this.code.size * size_of::<Value>() * 2)?;
        bytes
            .chunks_exact(this.code.size)
            .map(|item| this.code.unpack(cx, item))
            .collect()
    }

    /// Where the first item equal to `wanted` is, from `start` to `stop`. The array may change meanwhile.
    pub(super) fn find(
        cx: &Context,
        this: &Ref<Array>,
        wanted: &Value,
        start: usize,
        stop: usize,
    ) -> PyResult<Option<usize>> {
        for at in start..stop {
            let Some(item) = Array::get(cx, this, at)? else {
                return Ok(None);
            };
            if compare::equal(cx, &item, wanted)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

/// The items of an initializer.
fn initialize(cx: &Context, this: &Ref<Array>, initial: &Value) -> PyResult<()> {
    let code = this.code;
    if let Some(text) = initial.downcast::<Str>() {
        if !code.is_character() {
            return Err(cx.type_error(format!(
                "cannot use a str to initialize an array with typecode '{}'",
                code.letter
            )));
        }
        return Array::append_bytes(cx, this, &code::text_bytes(text));
    }
    if let Some(other) = initial.downcast::<Array>() {
        if other.code.is_character() && !code.is_character() {
            return Err(cx.type_error(format!(
                "cannot use a unicode array to initialize an array with typecode '{}'",
                code.letter
            )));
        }
        if other.code == code {
            return Array::append_bytes(cx, this, &Array::bytes(cx, other)?);
        }
    }
    if initial.downcast::<Bytes>().is_some() || initial.downcast::<ByteArray>().is_some() {
        let bytes = BytesLike::of(cx, initial)?;
        return Array::append_checked(cx, this, bytes.bytes());
    }
    iterate::for_each(cx, initial, |item| Array::append(cx, this, &item))
}

/// Another array of the same type, for an operator that is named in the message.
fn same_kind<'a>(
    cx: &Context,
    this: &Ref<Array>,
    other: &'a Value,
    wrong_class: impl FnOnce(&str) -> String,
) -> PyResult<&'a Ref<Array>> {
    let Some(other) = other.downcast::<Array>() else {
        return Err(cx.type_error(wrong_class(&other.type_name())));
    };
    if other.code != this.code {
        return Err(cx.type_error("bad argument type for built-in operation"));
    }
    Ok(other)
}

fn wrap(at: isize, length: usize) -> usize {
    (if at < 0 {
        at.wrapping_add(length as isize)
    } else {
        at
    }) as usize
}

/// A subscript that is no slice, not yet wrapped.
fn item_index(cx: &Context, key: &Value) -> PyResult<isize> {
    if int::is_int(key) || key.class().slots.index.get().is_some() {
        return index::as_index(cx, key);
    }
    Err(cx.type_error("array indices must be integers"))
}

/// Why a slice was not assigned.
enum SliceError {
    Refused(Refusal),
    /// The slice has a step and selects so many items.
    Count(usize),
}

fn assign_slice(cx: &Context, this: &Ref<Array>, bounds: Bounds, with: &[u8]) -> PyResult<()> {
    let size = this.code.size;
    let given = with.len() / size;
    let done = this.locked(|state| {
        let selected = bounds.resolve(state.bytes.len() / size);
        if let Some(range) = selected.as_range() {
            let range = range.start * size..range.end * size;
            if range.len() == with.len() {
                state.bytes[range].copy_from_slice(with);
            } else {
                state
                    .resizable(with.len())
                    .map_err(SliceError::Refused)?
                    .splice(range, with.iter().copied());
            }
            return Ok(());
        }
        if selected.count != given {
            return Err(SliceError::Count(selected.count));
        }
        for (at, item) in selected.indices().zip(with.chunks_exact(size)) {
            state.bytes[at * size..][..size].copy_from_slice(item);
        }
        Ok(())
    });
    done.map_err(|error| match error {
        SliceError::Refused(refusal) => refused(cx, refusal),
        SliceError::Count(count) => cx.value_error(format!(
            "attempt to assign array of size {given} to extended slice of size {count}"
        )),
    })
}

#[cold]
fn refused(cx: &Context, refusal: Refusal) -> Raised {
    match changed::<()>(cx, Err(refusal)) {
        Ok(()) => unreachable!("invariant: a refusal is an error"),
        Err(raised) => raised,
    }
}

fn delete_slice(cx: &Context, this: &Ref<Array>, bounds: Bounds) -> PyResult<()> {
    let size = this.code.size;
    let done = this.locked(|state| {
        let selected = bounds.resolve(state.bytes.len() / size).ascending();
        if selected.count == 0 {
            return Ok(());
        }
        let bytes = state.resizable(0)?;
        let first = selected.start as usize;
        let mut kept = first;
        let mut goes = selected.indices().peekable();
        for at in first..bytes.len() / size {
            if goes.next_if_eq(&at).is_none() {
                bytes.copy_within(at * size..(at + 1) * size, kept * size);
                kept += 1;
            }
        }
        bytes.truncate(kept * size);
        Ok(())
    });
    changed(cx, done)
}

fn assign_item(
    cx: &Context,
    this: &Ref<Array>,
    key: &Value,
    value: Option<&Value>,
) -> PyResult<()> {
    let size = this.code.size;
    let at = item_index(cx, key)?;
    let out_of_range = || cx.index_error("array assignment index out of range");
    if wrap(at, Array::count_items(this)) >= Array::count_items(this) {
        return Err(out_of_range());
    }
    let item = value.map(|value| this.code.pack(cx, value)).transpose()?;
    let done = this.locked(|state| {
        let length = state.bytes.len() / size;
        let at = wrap(at, length);
        if at >= length {
            return Ok(false);
        }
        let place = at * size..(at + 1) * size;
        match item {
            Some(item) => state.bytes[place].copy_from_slice(&item[..size]),
            None => drop(state.resizable(0)?.drain(place)),
        }
        Ok(true)
    });
    if changed(cx, done)? {
        Ok(())
    } else {
        Err(out_of_range())
    }
}

fn repeated(cx: &Context, bytes: &[u8], times: isize) -> PyResult<Vec<u8>> {
    let times = usize::try_from(times).unwrap_or(0);
    let length = bytes
        .len()
        .checked_mul(times)
        .filter(|&length| isize::try_from(length).is_ok())
        .ok_or_else(|| cx.no_memory())?;
    let mut out = Vec::new();
    out.try_reserve_exact(length).map_err(|_| cx.no_memory())?;
    for _ in 0..times {
        out.extend_from_slice(bytes);
    }
    Ok(out)
}

fn release(owner: &Value) {
    if let Some(array) = owner.downcast::<Array>() {
        array.locked(|state| state.exports -= 1);
    }
}

#[pymethods(tables(methods::ARRAY_METHODS))]
impl Array {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if class.is(Array::class()) && !args.names.is_empty() {
            return Err(cx.type_error("array.array() takes no keyword arguments"));
        }
        let (letter, initial) = match args.positional() {
            [letter] => (letter, None),
            [letter, initial] => (letter, Some(initial)),
            given => {
                let (bound, count) = if given.is_empty() {
                    ("at least", 1)
                } else {
                    ("at most", 2)
                };
                return Err(cx.type_error(format!(
                    "array() takes {bound} {count} argument{} ({} given)",
                    if count == 1 { "" } else { "s" },
                    given.len()
                )));
            }
        };
        let code = Code::from_argument(
            cx,
            letter,
            "array() argument 1",
            "bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)",
        )?;
        typhon_runtime::audit::event(cx, "array.__new__", || {
            Ok(vec![
                letter.clone(),
                initial.cloned().unwrap_or(Value::NONE),
            ])
        })?;
        if code.letter == 'u' {
            warnings::warn_deprecated(
                cx,
                "The 'u' type code is deprecated and will be removed in Python 3.16",
            )?;
        }
        let this = object::new_of_class(cx, class, Array::with(code, Vec::new()))?;
        if let Some(initial) = initial {
            initialize(cx, &this, initial)?;
        }
        Ok(this.into_value())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Array>) -> PyResult<Value> {
        let class = this.class_of().short_name();
        let letter = this.code.letter;
        let bytes = Array::bytes(cx, this)?;
        let shown = if bytes.is_empty() {
            format!("{class}('{letter}')")
        } else {
            let items = if this.code.is_character() {
                text::repr_text(cx, code::text(cx, &bytes)?.as_value())?
            } else {
                let items = List::from_values(cx, Array::values(cx, this)?)?;
                text::repr_text(cx, items.as_value())?
            };
            format!("{class}('{letter}', {items})")
        };
        // Lone surrogates are shown as escapes.
        Str::from_str(cx, &shown).map(Ref::into_value)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<Array>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let Some(other) = other.downcast::<Array>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let (left, right) = (Array::bytes(cx, this)?, Array::bytes(cx, other)?);
        let lengths = (left.len() / this.code.size, right.len() / other.code.size);
        match comparison {
            Comparison::Equal if lengths.0 != lengths.1 => return Ok(Value::FALSE),
            Comparison::NotEqual if lengths.0 != lengths.1 => return Ok(Value::TRUE),
            _ => {}
        }
        // Equal bytes are equal items, unless they are numbers that differ from themselves.
        let by_bytes = this.code == other.code && this.code.kind != Kind::Float;
        let items = left
            .chunks_exact(this.code.size)
            .zip(right.chunks_exact(other.code.size));
        for (left, right) in items {
            if by_bytes && left == right {
                continue;
            }
            let left = this.code.unpack(cx, left)?;
            let right = other.code.unpack(cx, right)?;
            if !compare::equal(cx, &left, &right)? {
                return match comparison {
                    Comparison::Equal => Ok(Value::FALSE),
                    Comparison::NotEqual => Ok(Value::TRUE),
                    _ => compare::rich(cx, &left, &right, comparison),
                };
            }
        }
        Ok(Value::from_bool(
            comparison.accepts(lengths.0.cmp(&lengths.1)),
        ))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<Array>) -> PyResult<Value> {
        iterator::over(cx, this)
    }

    #[slot(length)]
    fn length(_cx: &Context, this: &Ref<Array>) -> PyResult<usize> {
        Ok(Array::count_items(this))
    }

    #[slot(contains)]
    fn contains(cx: &Context, this: &Ref<Array>, item: &Value) -> PyResult<bool> {
        Ok(Array::find(cx, this, item, 0, usize::MAX)?.is_some())
    }

    #[slot(concat)]
    fn concat(cx: &Context, this: &Ref<Array>, other: &Value) -> PyResult<Value> {
        let other = same_kind(cx, this, other, |class| {
            format!("can only append array (not \"{class}\") to array")
        })?;
        let mut bytes = Array::bytes(cx, this)?;
        let more = Array::bytes(cx, other)?;
        bytes.try_reserve(more.len()).map_err(|_| cx.no_memory())?;
        bytes.extend_from_slice(&more);
        Array::from_vec(cx, this.code, bytes).map(Ref::into_value)
    }

    #[slot(inplace_concat)]
    fn inplace_concat(cx: &Context, this: &Ref<Array>, other: &Value) -> PyResult<Value> {
        if other.downcast::<Array>().is_none() {
            let class = other.type_name();
            return Err(cx.type_error(format!(
                "can only extend array with array (not \"{class}\")"
            )));
        }
        Array::extend(cx, this, other)?;
        Ok(this.to_value())
    }

    #[slot(repeat)]
    fn repeat(cx: &Context, this: &Ref<Array>, times: isize) -> PyResult<Value> {
        let bytes = repeated(cx, &Array::bytes(cx, this)?, times)?;
        Array::from_vec(cx, this.code, bytes).map(Ref::into_value)
    }

    #[slot(inplace_repeat)]
    fn inplace_repeat(cx: &Context, this: &Ref<Array>, times: isize) -> PyResult<Value> {
        let bytes = Array::bytes(cx, this)?;
        if times != 1 && !bytes.is_empty() {
            let bytes = repeated(cx, &bytes, times)?;
            let done = this.locked(|state| Ok(std::mem::replace(state.resizable(0)?, bytes)));
            changed(cx, done)?;
        }
        Ok(this.to_value())
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Array>, at: isize) -> PyResult<Value> {
        let item = match usize::try_from(at) {
            Ok(at) => Array::get(cx, this, at)?,
            Err(_) => None,
        };
        item.ok_or_else(|| cx.index_error("array index out of range"))
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Array>, key: &Value) -> PyResult<Value> {
        let size = this.code.size;
        if let Some(slice) = key.downcast::<Slice>() {
            let bounds = slice.bounds(cx)?;
            let bytes: Vec<u8> = this.locked(|state| {
                let selected = bounds.resolve(state.bytes.len() / size);
                match selected.as_range() {
                    Some(range) => state.bytes[range.start * size..range.end * size].to_vec(),
                    None => selected
                        .indices()
                        .flat_map(|at| &state.bytes[at * size..(at + 1) * size])
                        .copied()
                        .collect(),
                }
            });
            return Array::from_vec(cx, this.code, bytes).map(Ref::into_value);
        }
        let at = item_index(cx, key)?;
        Array::get(cx, this, wrap(at, Array::count_items(this)))?
            .ok_or_else(|| cx.index_error("array index out of range"))
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<Array>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(slice) = key.downcast::<Slice>() else {
            return assign_item(cx, this, key, value);
        };
        let bounds = slice.bounds(cx)?;
        let Some(value) = value else {
            return delete_slice(cx, this, bounds);
        };
        let with = same_kind(cx, this, value, |class| {
            format!("can only assign array (not \"{class}\") to array slice")
        })?;
        assign_slice(cx, this, bounds, &Array::bytes(cx, with)?)
    }

    #[slot(buffer)]
    fn buffer(_cx: &Context, this: &Ref<Array>) -> PyResult<Buffer> {
        let (start, length) = this.locked(|state| {
            state.exports += 1;
            (state.bytes.as_mut_ptr(), state.bytes.len())
        });
        let item_size = this.code.size;
        Ok(Buffer {
            owner: this.to_value(),
            start,
            length,
            read_only: false,
            format: Some(Box::new(Format {
                code: this.code.format(),
                item_size,
                shape: vec![(length / item_size) as isize],
                strides: vec![item_size as isize],
            })),
            release: Some(release),
        })
    }
}

/// `tuple` of values, for pickling.
pub(super) fn tuple(cx: &Context, values: &[Value]) -> PyResult<Value> {
    Tuple::from_values(cx, values).map(Ref::into_value)
}
