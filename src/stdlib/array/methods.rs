//! The methods of `array`.

use typhon_macros::pymethods;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::memoryview;
use typhon_runtime::objects::str_::{Name, Str, names};
use typhon_runtime::objects::{generic_alias, int};
use typhon_runtime::protocols::{attribute, call, compare, index};
use typhon_runtime::{Context, PyResult, Ref, Value, import};

use super::code;
use super::machine_format;
use super::object::{Array, changed, tuple};
use crate::bytes_like::BytesLike;

/// How many bytes `tofile` writes at once.
const BLOCK: usize = 64 * 1024;

/// A bound of `index`, not below 0.
fn bound(cx: &Context, value: Maybe<&Value>, length: usize, absent: usize) -> PyResult<usize> {
    let Some(value) = value.0 else {
        return Ok(absent);
    };
    let bound = index::clamped(cx, value)?;
    Ok(if bound < 0 {
        bound.saturating_add(length as isize).max(0) as usize
    } else {
        bound as usize
    })
}

#[pymethods(table = ARRAY_METHODS)]
impl Array {
    /// the typecode character used to create the array
    #[getter]
    fn typecode(cx: &Context, this: &Ref<Array>) -> PyResult<Value> {
        Str::from_code_point(cx, this.code.letter.into()).map(Ref::into_value)
    }

    /// the size, in bytes, of one array item
    #[getter]
    fn itemsize(_cx: &Context, this: &Ref<Array>) -> PyResult<usize> {
        Ok(this.code.size)
    }

    /// Append new value v to the end of the array.
    #[method("append(self, v, /)")]
    fn method_append(cx: &Context, this: &Ref<Array>, v: &Value) -> PyResult<()> {
        Array::append(cx, this, v)
    }

    /// Return a tuple (address, length) giving the current memory address and the length in items of the buffer used to hold array's contents.
    ///
    /// The length should be multiplied by the itemsize attribute to
    /// calculate the buffer length in bytes.
    #[method("buffer_info(self, /)")]
    fn buffer_info(cx: &Context, this: &Ref<Array>) -> PyResult<Value> {
        let (address, length) =
            this.locked(|state| (state.bytes.as_ptr() as usize, state.bytes.len()));
        tuple(
            cx,
            &[
                int::from_u64(cx, address as u64)?,
                int::from_u64(cx, (length / this.code.size) as u64)?,
            ],
        )
    }

    /// Byteswap all items of the array.
    ///
    /// If the items in the array are not 1, 2, 4, or 8 bytes in size,
    /// RuntimeError is raised.
    #[method("byteswap(self, /)")]
    fn byteswap(_cx: &Context, this: &Ref<Array>) -> PyResult<()> {
        this.locked(|state| code::swap_bytes(&mut state.bytes, this.code.size));
        Ok(())
    }

    /// Remove all items from the array.
    #[method("clear(self, /)")]
    fn clear(cx: &Context, this: &Ref<Array>) -> PyResult<()> {
        let done = this.locked(|state| {
            if state.bytes.is_empty() {
                return Ok(Vec::new());
            }
            state.resizable(0).map(std::mem::take)
        });
        changed(cx, done).map(drop)
    }

    /// Return number of occurrences of v in the array.
    #[method("count(self, v, /)")]
    fn count(cx: &Context, this: &Ref<Array>, v: &Value) -> PyResult<usize> {
        let mut count = 0;
        let mut at = 0;
        while let Some(item) = Array::get(cx, this, at)? {
            count += usize::from(compare::equal(cx, &item, v)?);
            at += 1;
        }
        Ok(count)
    }

    /// Append items to the end of the array.
    #[method("extend(self, bb, /)")]
    fn method_extend(cx: &Context, this: &Ref<Array>, bb: &Value) -> PyResult<()> {
        Array::extend(cx, this, bb)
    }

    /// Appends items from the string, interpreting it as an array of machine values, as if it had been read from a file using the fromfile() method.
    #[method("frombytes(self, buffer, /)")]
    fn frombytes(cx: &Context, this: &Ref<Array>, buffer: &Value) -> PyResult<()> {
        // Copied: the buffer may be the array's own.
        let bytes = BytesLike::of(cx, buffer)?;
        let bytes = cx.try_collect(bytes.bytes().iter().copied())?;
        if bytes.is_empty()
            || buffer
                .downcast::<Array>()
                .is_none_or(|other| !other.is(this))
        {
            return Array::append_checked(cx, this, &bytes);
        }
        // Its own buffer is given back by now, but was out during the call.
        Err(cx.buffer_error("cannot resize an array that is exporting buffers"))
    }

    /// Read n objects from the file object f and append them to the end of the array.
    #[method("fromfile(self, f, n, /)")]
    fn fromfile(cx: &Context, this: &Ref<Array>, f: &Value, n: isize) -> PyResult<()> {
        let Ok(count) = usize::try_from(n) else {
            return Err(cx.value_error("negative count"));
        };
        let wanted = count
            .checked_mul(this.code.size)
            .filter(|&bytes| isize::try_from(bytes).is_ok())
            .ok_or_else(|| cx.no_memory())?;
        let wanted_value = int::from_u64(cx, wanted as u64)?;
        let read = call::call_method(cx, f, Name::intern(cx, "read")?, &[wanted_value])?;
        let Some(bytes) = read.downcast::<Bytes>() else {
            return Err(cx.type_error("read() didn't return bytes"));
        };
        Array::append_checked(cx, this, bytes.as_slice())?;
        if bytes.len() == wanted {
            Ok(())
        } else {
            Err(cx.eof_error("read() didn't return enough bytes"))
        }
    }

    /// Append items to array from list.
    #[method("fromlist(self, list, /)")]
    fn fromlist(cx: &Context, this: &Ref<Array>, list: &Value) -> PyResult<()> {
        let Some(list) = list.downcast::<List>() else {
            return Err(cx.type_error("arg must be list"));
        };
        let count = list.len();
        let mut bytes = Vec::with_capacity(count * this.code.size);
        for at in 0..count {
            let item = list.get(at).filter(|_| list.len() == count);
            let packed = match item {
                Some(item) => this.code.pack(cx, &item)?,
                None => return Err(cx.runtime_error("list changed size during iteration")),
            };
            bytes.extend_from_slice(&packed[..this.code.size]);
        }
        if list.len() != count {
            return Err(cx.runtime_error("list changed size during iteration"));
        }
        Array::append_bytes(cx, this, &bytes)
    }

    /// Extends this array with data from the unicode string ustr.
    ///
    /// The array must be a unicode type array; otherwise a ValueError is
    /// raised.  Use array.frombytes(ustr.encode(...)) to append Unicode
    /// data to an array of some other type.
    #[method("fromunicode(self, ustr, /)")]
    fn fromunicode(cx: &Context, this: &Ref<Array>, ustr: &Ref<Str>) -> PyResult<()> {
        if !this.code.is_character() {
            return Err(cx.value_error(
                "fromunicode() may only be called on unicode type arrays ('u' or 'w')",
            ));
        }
        Array::append_bytes(cx, this, &code::text_bytes(ustr))
    }

    /// Return index of first occurrence of v in the array.
    ///
    /// Raise ValueError if the value is not present.
    #[method("index(self, v, start=0, stop=sys.maxsize, /)")]
    fn index(
        cx: &Context,
        this: &Ref<Array>,
        v: &Value,
        start: Maybe<&Value>,
        stop: Maybe<&Value>,
    ) -> PyResult<usize> {
        let length = Array::count_items(this);
        let start = bound(cx, start, length, 0)?;
        let stop = bound(cx, stop, length, usize::MAX)?;
        Array::find(cx, this, v, start, stop)?
            .ok_or_else(|| cx.value_error("array.index(x): x not in array"))
    }

    /// Insert a new item v into the array before position i.
    #[method("insert(self, i, v, /)")]
    fn insert(cx: &Context, this: &Ref<Array>, i: isize, v: &Value) -> PyResult<()> {
        let size = this.code.size;
        let item = this.code.pack(cx, v)?;
        let done = this.locked(|state| {
            let length = (state.bytes.len() / size) as isize;
            let at = if i < 0 { i.saturating_add(length) } else { i };
            let at = at.clamp(0, length) as usize * size;
            let bytes = state.resizable(size)?;
            bytes.splice(at..at, item[..size].iter().copied());
            Ok(())
        });
        changed(cx, done)
    }

    /// Return the i-th element and delete it from the array.
    ///
    /// i defaults to -1.
    #[method("pop(self, i=-1, /)")]
    fn pop(cx: &Context, this: &Ref<Array>, i: Maybe<isize>) -> PyResult<Value> {
        let size = this.code.size;
        let i = i.0.unwrap_or(-1);
        let taken = this.locked(|state| {
            let length = state.bytes.len() / size;
            if length == 0 {
                return Ok(Err("pop from empty array"));
            }
            let at = if i < 0 {
                i.saturating_add(length as isize)
            } else {
                i
            };
            match usize::try_from(at) {
                Ok(at) if at < length => {
                    let bytes = state.resizable(0)?;
                    Ok(Ok(bytes.drain(at * size..(at + 1) * size).collect()))
                }
                _ => Ok(Err("pop index out of range")),
            }
        });
        let item: Vec<u8> = changed(cx, taken)?.map_err(|message| cx.index_error(message))?;
        this.code.unpack(cx, &item)
    }

    /// Remove the first occurrence of v in the array.
    #[method("remove(self, v, /)")]
    fn remove(cx: &Context, this: &Ref<Array>, v: &Value) -> PyResult<()> {
        let Some(at) = Array::find(cx, this, v, 0, usize::MAX)? else {
            return Err(cx.value_error("array.remove(x): x not in array"));
        };
        let size = this.code.size;
        let done = this.locked(|state| {
            let place = at * size..(at + 1) * size;
            let bytes = state.resizable(0)?;
            if place.end <= bytes.len() {
                bytes.drain(place);
            }
            Ok(())
        });
        changed(cx, done)
    }

    /// Reverse the order of the items in the array.
    #[method("reverse(self, /)")]
    fn reverse(_cx: &Context, this: &Ref<Array>) -> PyResult<()> {
        this.locked(|state| {
            // Twice reversed, an item is itself again.
            state.bytes.reverse();
            code::swap_bytes(&mut state.bytes, this.code.size);
        });
        Ok(())
    }

    /// Convert the array to an array of machine values and return the bytes representation.
    #[method("tobytes(self, /)")]
    fn tobytes(cx: &Context, this: &Ref<Array>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, &Array::bytes(cx, this)?)
    }

    /// Write all items (as machine values) to the file object f.
    #[method("tofile(self, f, /)")]
    fn tofile(cx: &Context, this: &Ref<Array>, f: &Value) -> PyResult<()> {
        let write = attribute::get(cx, f, Name::intern(cx, "write")?);
        let bytes = Array::bytes(cx, this)?;
        if bytes.is_empty() && write.is_err() {
            cx.clear_exception();
            return Ok(());
        }
        let write = write?;
        for block in bytes.chunks(BLOCK) {
            let block = Bytes::from_slice(cx, block)?.into_value();
            call::call(cx, &write, &[block])?;
        }
        Ok(())
    }

    /// Convert array to an ordinary list with the same items.
    #[method("tolist(self, /)")]
    fn tolist(cx: &Context, this: &Ref<Array>) -> PyResult<Ref<List>> {
        List::from_values(cx, Array::values(cx, this)?)
    }

    /// Extends this array with data from the unicode string ustr.
    ///
    /// Convert the array to a unicode string.  The array must be a unicode
    /// type array; otherwise a ValueError is raised.  Use
    /// array.tobytes().decode() to obtain a unicode string from an array of
    /// some other type.
    #[method("tounicode(self, /)")]
    fn tounicode(cx: &Context, this: &Ref<Array>) -> PyResult<Ref<Str>> {
        if !this.code.is_character() {
            return Err(cx.value_error(
                "tounicode() may only be called on unicode type arrays ('u' or 'w')",
            ));
        }
        code::text(cx, &Array::bytes(cx, this)?)
    }

    /// Return a copy of the array.
    #[method("__copy__(self, /)")]
    fn copy(cx: &Context, this: &Ref<Array>) -> PyResult<Ref<Array>> {
        Array::from_vec(cx, this.code, Array::bytes(cx, this)?)
    }

    /// Return a copy of the array.
    #[method("__deepcopy__(self, unused, /)")]
    fn deepcopy(cx: &Context, this: &Ref<Array>, _unused: &Value) -> PyResult<Ref<Array>> {
        Array::copy(cx, this)
    }

    /// Return state information for pickling.
    #[method("__reduce_ex__(self, value, /)")]
    fn reduce_ex(cx: &Context, this: &Ref<Array>, value: &Value) -> PyResult<Value> {
        if !int::is_int(value) {
            return Err(cx.type_error("__reduce_ex__ argument should be an integer"));
        }
        let protocol = int::index_as_i128(cx, value)?;
        let attributes = match attribute::find(cx, this.as_value(), names::dunder_dict())? {
            Some(attributes) => attributes,
            None => Value::NONE,
        };
        let class = this.class_of().to_value();
        let letter = Array::typecode(cx, this)?;
        if protocol < 3 {
            let items = Array::tolist(cx, this)?.into_value();
            return tuple(cx, &[class, tuple(cx, &[letter, items])?, attributes]);
        }
        let reconstruct = import::import_attribute(cx, "array", "_array_reconstructor")?;
        let format = int::from_i64(cx, machine_format::of(this.code) as i64)?;
        let bytes = Array::tobytes(cx, this)?.into_value();
        let arguments = tuple(cx, &[class, letter, format, bytes])?;
        tuple(cx, &[reconstruct, arguments, attributes])
    }

    /// Size of the array in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<Array>) -> PyResult<usize> {
        Ok(this.class_of().root_shape().instance_size(0)
            + this.locked(|state| state.bytes.capacity()))
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        generic_alias::alias(cx, class, object)
    }

    /// Return a buffer object that exposes the underlying memory of the object.
    #[method("__buffer__(self, flags, /)")]
    fn dunder_buffer(cx: &Context, this: &Ref<Array>, flags: i64) -> PyResult<Value> {
        memoryview::own_buffer(cx, this.as_value(), flags).map(Ref::into_value)
    }

    /// Release the buffer object that exposes the underlying memory of the object.
    #[method("__release_buffer__(self, buffer, /)")]
    fn release_buffer(cx: &Context, this: &Ref<Array>, buffer: &Value) -> PyResult<()> {
        memoryview::release_argument(cx, this.as_value(), buffer)
    }
}
