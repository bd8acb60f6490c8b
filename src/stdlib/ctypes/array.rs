//! `Array`: items of one class, one behind the other.
//!
//! Classes of arrays are made by multiplication, and kept by the class of their items: the same product is
//! the same class.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::class;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::slice::Slice;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{generic_alias, int};
use typhon_runtime::protocols::{call, index, sequence};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::code;
use super::data::{self, Access, CData, Part, plain_data};
use super::info::{self, Info, Kind, Words};
use super::memory;
use super::meta::{self, metaclass};
use crate::bytes_like::BytesLike;

metaclass!(ArrayType, "PyCArrayType", "metatype for the Array Objects");

/// How many classes of arrays a class keeps: those of more lengths are made anew when they are asked for.
const MOST_KEPT: usize = 4096;

/// The payload of arrays.
#[pyclass(
    name = "Array",
    module = "_ctypes",
    base = CData,
    metaclass = ArrayType,
    flags(BASETYPE, IMMUTABLE),
    doc = "Abstract base class for arrays.\n\nThe recommended way to create concrete array types is by multiplying any\nctypes data type with a non-negative integer. Alternatively, you can subclass\nthis type and define _length_ and _type_ class variables. Array elements can\nbe read and written using standard subscript and slice accesses for slice\nreads, the resulting object is not itself an Array."
)]
#[repr(C)]
pub struct Array {
    base: CData,
}

plain_data!(Array);

/// The class of arrays of `length` items.
///
/// # Errors
/// TypeError when the items' class is no C type, OverflowError when they are too many.
pub fn class_of(cx: &Context, item: &Ref<Type>, length: usize) -> PyResult<Value> {
    let find = |known: &Vec<(usize, Value)>| {
        let found = known.iter().find(|(known, _)| *known == length);
        found.map(|(_, class)| class.clone())
    };
    let info = info::find(item);
    if let Some(info) = &info
        && let Some(class) = info.locked(|known| find(known))
    {
        return Ok(class);
    }
    let name = format!("{}_Array_{length}", item.short_name());
    let namespace = Dict::new(cx)?;
    let length_value = int::from_u64(cx, length as u64)?;
    namespace.set_name(cx, Name::intern(cx, "_length_")?, length_value)?;
    namespace.set_name(cx, Name::intern(cx, "_type_")?, item.to_value())?;
    let bases = Tuple::from_values(cx, &[Array::class().to_value()])?;
    let arguments = [
        Str::from_str(cx, &name)?.into_value(),
        bases.into_value(),
        namespace.into_value(),
    ];
    let class = call::call(cx, ArrayType::class().as_value(), &arguments)?;
    let Some(info) = info else {
        return Ok(class);
    };
    // Another thread may have been faster.
    Ok(info.locked(|known| {
        if let Some(class) = find(known) {
            return class;
        }
        if known.len() < MOST_KEPT {
            known.push((length, class.clone()));
        }
        class
    }))
}

/// The length that a class's `_length_` tells.
fn length_of(cx: &Context, this: &Value) -> PyResult<usize> {
    let Some(length) = meta::find_attribute(cx, this, "_length_")? else {
        return Err(cx.attribute_error("class must define a '_length_' attribute"));
    };
    let Some(view) = int::view(&length) else {
        return Err(cx.type_error("The '_length_' attribute must be an integer"));
    };
    if view.is_negative() {
        return Err(cx.value_error("The '_length_' attribute must not be negative"));
    }
    let length = view.to_i64().map(|length| length as usize);
    length.ok_or_else(|| cx.overflow_error("The '_length_' attribute is too large"))
}

fn information(cx: &Context, this: &Value) -> PyResult<Info> {
    let length = length_of(cx, this)?;
    let Some(item) = meta::find_attribute(cx, this, "_type_")? else {
        return Err(cx.attribute_error("class must define a '_type_' attribute"));
    };
    let (Some(class), Some(info)) = (item.downcast::<Type>(), info::find_value(&item)) else {
        return Err(cx.type_error("_type_ must have storage info"));
    };
    let size = info.size.checked_mul(length);
    let size = size.filter(|size| isize::try_from(*size).is_ok());
    let size = size.ok_or_else(|| cx.overflow_error("array too large"))?;
    let mut shape = vec![length as isize];
    shape.extend(&info.shape);
    let few = if size > info::MOST_IN_REGISTERS || info.size == 0 {
        0
    } else {
        length
    };
    let parts = (0..few).map(|at| (at * info.size, info.words.clone()));
    Ok(Info {
        length,
        item: Some(class.clone()),
        format: info.format.clone(),
        shape,
        words: Words::joined(size, parts),
        has_pointer: info.has_pointer,
        ..Info::new(Kind::Array, size, info.alignment)
    })
}

#[pymethods]
impl ArrayType {
    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        meta::initialize_type(cx, this, args)?;
        let class = meta::class_of(this);
        // `Array` itself is made without a call.
        let info = information(cx, this)?;
        let letter = info.item_letter();
        info::attach(cx, class, info)?;
        match letter {
            b'c' => class::add_entries(cx, class, CHAR_ARRAY.entries),
            b'u' => class::add_entries(cx, class, WIDE_ARRAY.entries),
            _ => Ok(()),
        }
    }
}

/// The items of an array or behind a pointer.
pub struct Items<'a> {
    pub owner: &'a Ref<CData>,
    pub class: Ref<Type>,
    /// Bytes of an item.
    pub size: usize,
    /// The letter of simple items.
    pub letter: u8,
    pub start: *mut u8,
}

impl Items<'_> {
    fn part(&self, at: isize) -> Part<'_> {
        Part {
            class: &self.class,
            access: Access::Plain,
            index: at,
            address: self
                .start
                .wrapping_offset(at.wrapping_mul(self.size as isize)),
            size: self.size,
        }
    }

    /// # Safety
    /// There is an item at that index.
    ///
    /// # Errors
    /// As [`data::get`].
    pub unsafe fn get(&self, cx: &Context, at: isize) -> PyResult<Value> {
        // SAFETY: the caller's.
        unsafe { data::get(cx, self.owner, &self.part(at)) }
    }

    /// # Safety
    /// There is an item at that index.
    ///
    /// # Errors
    /// As [`data::set`].
    pub unsafe fn set(&self, cx: &Context, at: isize, value: &Value) -> PyResult<()> {
        // SAFETY: the caller's.
        unsafe { data::set(cx, self.owner, &self.part(at), value) }
    }

    /// The items with these indices: bytes, text, or a list.
    ///
    /// # Safety
    /// There are such items.
    ///
    /// # Errors
    /// As [`data::get`].
    pub unsafe fn collect(
        &self,
        cx: &Context,
        indices: impl Iterator<Item = isize>,
    ) -> PyResult<Value> {
        // SAFETY: the caller's.
        unsafe {
            match self.letter {
                b'c' => {
                    let bytes = indices.map(|at| memory::read::<1>(self.part(at).address)[0]);
                    Bytes::from_slice(cx, &bytes.collect::<Vec<u8>>()).map(Ref::into_value)
                }
                b'u' => {
                    let points =
                        indices.map(|at| u32::from_ne_bytes(memory::read(self.part(at).address)));
                    code::wide(cx, &points.collect::<Vec<u32>>())
                }
                _ => {
                    let items = indices.map(|at| self.get(cx, at));
                    List::from_values(cx, items.collect::<PyResult<_>>()?).map(Ref::into_value)
                }
            }
        }
    }
}

impl Array {
    /// The items and how many there are.
    fn items<'a>(cx: &Context, this: &'a Ref<Array>) -> PyResult<(Items<'a>, usize)> {
        let info = data::concrete(cx, this.class_of())?;
        let owner = data::of(this.as_value());
        let (Some(class), Some(item)) = (&info.item, info.item.as_ref().and_then(info::find))
        else {
            return Err(cx.type_error("abstract class"));
        };
        let items = Items {
            owner,
            class: class.clone(),
            size: item.size,
            letter: item.letter(),
            start: owner.address(),
        };
        Ok((items, info.length))
    }

    fn index(cx: &Context, key: &Value, length: usize, message: &str) -> PyResult<usize> {
        if !int::is_int(key) && key.class().slots.index.get().is_none() {
            return Err(cx.type_error(message));
        }
        let at = index::as_index(cx, key)?;
        let at = if at < 0 { at + length as isize } else { at };
        let at = usize::try_from(at).ok().filter(|at| *at < length);
        at.ok_or_else(|| cx.index_error("invalid index"))
    }

    /// A whole array's bytes, of characters of `width` bytes.
    fn store_bytes(this: &Ref<Array>, bytes: &[u8], width: usize) {
        let memory = data::of(this.as_value());
        let size = memory.size();
        let bytes = &bytes[..bytes.len().min(size)];
        let address = memory.address();
        // SAFETY: not more than the memory's size.
        unsafe {
            memory::write(address, bytes);
            if bytes.len() + width <= size {
                memory::write(address.add(bytes.len()), &[0; 4][..width]);
            }
        }
    }
}

#[pymethods]
impl Array {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        data::new(cx, class)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Array>, args: Args<'_>) -> PyResult<()> {
        for (at, value) in args.positional().iter().enumerate() {
            let at = int::from_u64(cx, at as u64)?;
            sequence::set_item(cx, this.as_value(), &at, value)?;
        }
        Ok(())
    }

    #[slot(length)]
    fn length(cx: &Context, this: &Ref<Array>) -> PyResult<usize> {
        data::concrete(cx, this.class_of()).map(|info| info.length)
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Array>, at: isize) -> PyResult<Value> {
        let (items, length) = Array::items(cx, this)?;
        if usize::try_from(at).is_ok_and(|at| at < length) {
            // SAFETY: in bounds.
            return unsafe { items.get(cx, at) };
        }
        Err(cx.index_error("invalid index"))
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Array>, key: &Value) -> PyResult<Value> {
        let (items, length) = Array::items(cx, this)?;
        if let Some(slice) = key.downcast::<Slice>() {
            let selected = slice.bounds(cx)?.resolve(length);
            // SAFETY: in bounds.
            return unsafe { items.collect(cx, selected.indices().map(|at| at as isize)) };
        }
        let at = Array::index(cx, key, length, "indices must be integers")?;
        // SAFETY: in bounds.
        unsafe { items.get(cx, at as isize) }
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<Array>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.type_error("Array does not support item deletion"));
        };
        let (items, length) = Array::items(cx, this)?;
        let Some(slice) = key.downcast::<Slice>() else {
            let at = Array::index(cx, key, length, "indices must be integer")?;
            // SAFETY: in bounds.
            return unsafe { items.set(cx, at as isize, value) };
        };
        let selected = slice.bounds(cx)?.resolve(length);
        if sequence::length(cx, value)? != selected.count {
            return Err(cx.value_error("Can only assign sequence of same size"));
        }
        for (nth, at) in selected.indices().enumerate() {
            let nth = int::from_u64(cx, nth as u64)?;
            let item = sequence::get_item(cx, value, &nth)?;
            // SAFETY: in bounds.
            unsafe { items.set(cx, at as isize, &item)? };
        }
        Ok(())
    }

    /// See PEP 585
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        generic_alias::alias(cx, class, object)
    }
}

/// What arrays of `char` have.
#[pymethods(table = CHAR_ARRAY)]
impl Array {
    /// value
    #[getter]
    fn raw(cx: &Context, this: &Ref<Array>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(cx, &data::of(this.as_value()).bytes())
    }

    #[setter]
    fn set_raw(cx: &Context, this: &Ref<Array>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.attribute_error(format!(
                "attribute 'raw' of '{}' objects cannot be deleted",
                this.class_of().short_name()
            )));
        };
        let bytes = BytesLike::of(cx, value)?.bytes().to_vec();
        let memory = data::of(this.as_value());
        if bytes.len() > memory.size() {
            return Err(cx.value_error("byte string too long"));
        }
        // SAFETY: not more than the memory's size.
        unsafe { memory::write(memory.address(), &bytes) };
        Ok(())
    }

    /// string value
    #[getter("value")]
    fn char_value(cx: &Context, this: &Ref<Array>) -> PyResult<Ref<Bytes>> {
        let bytes = data::of(this.as_value()).bytes();
        let end = memchr::memchr(0, &bytes).unwrap_or(bytes.len());
        Bytes::from_slice(cx, &bytes[..end])
    }

    #[setter("value")]
    fn set_char_value(cx: &Context, this: &Ref<Array>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.type_error("can't delete attribute"));
        };
        let Some(bytes) = value.downcast::<Bytes>() else {
            return Err(cx.type_error(format!(
                "bytes expected instead of {} instance",
                value.type_name()
            )));
        };
        if bytes.len() > data::of(this.as_value()).size() {
            return Err(cx.value_error("byte string too long"));
        }
        Array::store_bytes(this, bytes.as_slice(), 1);
        Ok(())
    }
}

/// What arrays of `wchar_t` have.
#[pymethods(table = WIDE_ARRAY)]
impl Array {
    /// string value
    #[getter("value")]
    fn wide_value(cx: &Context, this: &Ref<Array>) -> PyResult<Value> {
        let memory = data::of(this.as_value());
        let most = memory.size() / 4;
        // SAFETY: not more than the memory's size.
        code::wide(cx, &unsafe {
            memory::wide_string_at(memory.address(), most)
        })
    }

    #[setter("value")]
    fn set_wide_value(cx: &Context, this: &Ref<Array>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.type_error("can't delete attribute"));
        };
        let Some(text) = value.downcast::<Str>() else {
            return Err(cx.type_error(format!(
                "unicode string expected instead of {} instance",
                value.type_name()
            )));
        };
        if text.len() > data::of(this.as_value()).size() / 4 {
            return Err(cx.value_error("string too long"));
        }
        let bytes: Vec<u8> = text.code_points().flat_map(u32::to_ne_bytes).collect();
        Array::store_bytes(this, &bytes, 4);
        Ok(())
    }
}
