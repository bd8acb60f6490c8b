//! What Python sees of `memoryview`.

use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use super::{
    MOST_DIMENSIONS, ManagedBuffer, MemoryView, contiguous_strides, is_c_contiguous,
    is_f_contiguous, item, item_count,
};
use crate::args::{Args, FromArgument, Maybe, Place};
use crate::buffer::{Buffer, Format};
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{self, Ref, Traverse};
use crate::objects::bytes::{Bytes, operations};
use crate::objects::int;
use crate::objects::list::List;
use crate::objects::slice::Slice;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{buffer, compare, hash, index};
use crate::slots::Comparison;
use crate::value::Value;

/// The format as one native character.
fn code_of(cx: &Context, layout: &Format) -> PyResult<char> {
    item::native_code(&layout.code).ok_or_else(|| {
        cx.not_implemented_error(format!("memoryview: unsupported format {}", layout.code))
    })
}

#[cold]
fn no_sub_views(cx: &Context) -> Raised {
    cx.not_implemented_error("multi-dimensional sub-views are not implemented")
}

/// What a subscript selects from a view.
enum Selection {
    /// An item, by its offset from the first.
    Item(isize),
    Slice(index::SliceIndices),
    /// `view[...]` of a view without dimensions.
    Whole,
}

fn is_index(key: &Value) -> bool {
    int::is_int(key) || key.class().slots.index.get().is_some()
}

impl MemoryView {
    /// The offset of the item `at` along `dimension`.
    fn step(&self, cx: &Context, at: isize, dimension: usize) -> PyResult<isize> {
        let length = self.layout.shape[dimension];
        let wrapped = if at < 0 { at + length } else { at };
        if (0..length).contains(&wrapped) {
            return Ok(wrapped * self.layout.strides[dimension]);
        }
        Err(cx.index_error(format!(
            "index out of bounds on dimension {}",
            dimension + 1
        )))
    }

    fn select(&self, cx: &Context, key: &Value, no_sub_views: &str) -> PyResult<Selection> {
        let dimensions = self.layout.shape.len();
        if dimensions == 0 {
            return match key.downcast::<Tuple>() {
                Some(tuple) if tuple.is_empty() => Ok(Selection::Item(0)),
                None if key.is_ellipsis() => Ok(Selection::Whole),
                _ => Err(cx.type_error("invalid indexing of 0-dim memory")),
            };
        }
        if is_index(key) {
            let at = index::as_index(cx, key)?;
            if dimensions > 1 {
                return Err(cx.not_implemented_error(no_sub_views));
            }
            return self.step(cx, at, 0).map(Selection::Item);
        }
        if let Some(slice) = key.downcast::<Slice>() {
            return Ok(Selection::Slice(
                slice.bounds(cx)?.resolve(self.layout.shape[0] as usize),
            ));
        }
        if let Some(keys) = key.downcast::<Tuple>() {
            let keys = keys.as_slice();
            if keys.iter().all(is_index) {
                return self.select_item(cx, keys).map(Selection::Item);
            }
            if keys.iter().all(|key| key.downcast::<Slice>().is_some()) {
                return Err(
                    cx.not_implemented_error("multi-dimensional slicing is not implemented")
                );
            }
        }
        Err(cx.type_error("memoryview: invalid slice key"))
    }

    fn select_item(&self, cx: &Context, keys: &[Value]) -> PyResult<isize> {
        let dimensions = self.layout.shape.len();
        if keys.len() < dimensions {
            return Err(cx.not_implemented_error("sub-views are not implemented"));
        }
        if keys.len() > dimensions {
            return Err(cx.type_error(format!(
                "cannot index {dimensions}-dimension view with {}-element tuple",
                keys.len()
            )));
        }
        let mut offset = 0;
        for (dimension, key) in keys.iter().enumerate() {
            offset += self.step(cx, index::as_index(cx, key)?, dimension)?;
        }
        Ok(offset)
    }

    /// Item `at` of a view with one dimension.
    fn value_at(
        &self,
        cx: &Context,
        managed: &ManagedBuffer,
        code: char,
        at: usize,
    ) -> PyResult<Value> {
        item::unpack(
            cx,
            code,
            self.item_bytes(managed, at as isize * self.layout.strides[0]),
        )
    }

    /// The items of the dimensions from `dimension` on, as nested lists.
    fn nested(
        &self,
        cx: &Context,
        managed: &ManagedBuffer,
        code: char,
        dimension: usize,
        offset: isize,
    ) -> PyResult<Value> {
        if dimension == self.layout.shape.len() {
            return item::unpack(cx, code, self.item_bytes(managed, offset));
        }
        let mut values = Vec::with_capacity(self.layout.shape[dimension] as usize);
        for at in 0..self.layout.shape[dimension] {
            let offset = offset + at * self.layout.strides[dimension];
            values.push(self.nested(cx, managed, code, dimension + 1, offset)?);
        }
        List::from_values(cx, values).map(Ref::into_value)
    }

    /// Whether both views have the same items.
    fn equals(&self, cx: &Context, other: &MemoryView) -> PyResult<bool> {
        let (Some(own), Some(theirs)) = (
            self.managed.get_as::<ManagedBuffer>(),
            other.managed.get_as::<ManagedBuffer>(),
        ) else {
            return Ok(false);
        };
        if self.layout.shape != other.layout.shape {
            return Ok(false);
        }
        let codes = (
            item::native_code(&self.layout.code),
            item::native_code(&other.layout.code),
        );
        let (Some(own_code), Some(other_code)) = codes else {
            let same = self.layout.code == other.layout.code;
            return Ok(same && self.gather(&own, true) == other.gather(&theirs, true));
        };
        if own_code == other_code && !matches!(own_code, 'e' | 'f' | 'd' | '?') {
            return Ok(self.gather(&own, true) == other.gather(&theirs, true));
        }
        let left = super::offsets(&self.layout, true);
        let right = super::offsets(&other.layout, true);
        for (left, right) in left.into_iter().zip(right) {
            let left = item::unpack(cx, own_code, self.item_bytes(&own, left))?;
            let right = item::unpack(cx, other_code, other.item_bytes(&theirs, right))?;
            if !compare::equal(cx, &left, &right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn assign_slice(
        &self,
        cx: &Context,
        managed: &Ref<ManagedBuffer>,
        selected: index::SliceIndices,
        value: &Value,
    ) -> PyResult<()> {
        let source = if value.downcast::<MemoryView>().is_some() {
            MemoryView::new(cx, value)?
        } else {
            MemoryView::from_buffer(cx, buffer::get_buffer(cx, value)?)?
        };
        let target = self.sliced(cx, managed.clone(), selected)?;
        let same_code = match (
            item::native_code(&source.layout.code),
            item::native_code(&target.layout.code),
        ) {
            (Some(source), Some(target)) => source == target,
            _ => source.layout.code == target.layout.code,
        };
        if !same_code
            || source.layout.item_size != target.layout.item_size
            || source.layout.shape != target.layout.shape
        {
            return Err(cx.value_error(
                "memoryview assignment: lvalue and rvalue have different structures",
            ));
        }
        // Copied out first: source and target may overlap.
        let bytes = source.gather(&*source.live(cx)?, true);
        let offsets = super::offsets(&target.layout, true);
        for (offset, item) in offsets
            .into_iter()
            .zip(bytes.chunks(target.layout.item_size))
        {
            managed
                .buffer
                .write((target.start as isize + offset) as usize, item);
        }
        Ok(())
    }

    /// The shape that `cast` was given.
    fn shape_argument(cx: &Context, shape: &Value) -> PyResult<Vec<isize>> {
        let items = if let Some(list) = shape.downcast::<List>() {
            list.to_vec()
        } else if let Some(tuple) = shape.downcast::<Tuple>() {
            tuple.to_vec()
        } else {
            return Err(cx.type_error("shape must be a list or a tuple"));
        };
        if items.len() > MOST_DIMENSIONS {
            return Err(cx.value_error(format!(
                "memoryview: number of dimensions must not exceed {MOST_DIMENSIONS}"
            )));
        }
        let mut shape = Vec::with_capacity(items.len());
        let mut product: isize = 1;
        for item in items {
            let Some(view) = int::view(&item) else {
                return Err(cx.type_error("memoryview.cast(): elements of shape must be integers"));
            };
            let length = view.to_i64().unwrap_or(0) as isize;
            if length <= 0 {
                return Err(
                    cx.value_error("memoryview.cast(): elements of shape must be integers > 0")
                );
            }
            product = product
                .checked_mul(length)
                .ok_or_else(|| cx.value_error("memoryview.cast(): product(shape) > SSIZE_MAX"))?;
            shape.push(length);
        }
        Ok(shape)
    }

    fn shape_tuple(cx: &Context, numbers: &[isize]) -> PyResult<Ref<Tuple>> {
        let values: PyResult<Vec<Value>> = numbers
            .iter()
            .map(|&number| int::from_i64(cx, number as i64))
            .collect();
        Tuple::from_vec(cx, values?)
    }

    /// Checks that the view is alive, for attributes that do not need the memory.
    fn alive<R>(&self, cx: &Context, look: impl FnOnce(&MemoryView) -> R) -> PyResult<R> {
        if self.is_released() {
            Err(super::released(cx))
        } else {
            Ok(look(self))
        }
    }
}

#[pymethods]
impl MemoryView {
    #[slot(new)]
    fn slot_new(cx: &Context, _class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let given = args.values.len();
        if given > 1 {
            return Err(cx.type_error(format!(
                "memoryview() takes at most 1 argument ({given} given)"
            )));
        }
        let object = match args.positional() {
            [object] => object,
            _ => match args.keyword("object") {
                Some(object) => object,
                None => {
                    return Err(
                        cx.type_error("memoryview() missing required argument 'object' (pos 1)")
                    );
                }
            },
        };
        MemoryView::new(cx, object).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Value> {
        let kind = if this.is_released() {
            "released memory"
        } else {
            "memory"
        };
        Str::from_str(cx, &format!("<{kind} at {:#x}>", this.as_value().bits()))
            .map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(cx: &Context, this: &Ref<MemoryView>) -> PyResult<i64> {
        let known = this.hash.load(Ordering::Relaxed);
        if known != -1 {
            return Ok(known);
        }
        let managed = this.live(cx)?;
        let _held = MemoryView::hold(this);
        if !this.read_only {
            return Err(cx.value_error("cannot hash writable memoryview object"));
        }
        if !matches!(item::native_code(&this.layout.code), Some('B' | 'b' | 'c')) {
            return Err(
                cx.value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'")
            );
        }
        // The exporter must be hashable as well, or equal objects could hash differently.
        hash::hash(cx, managed.exporter())?;
        let hash = Bytes::from_slice(cx, &this.gather(&managed, true))?.hash();
        this.hash.store(hash, Ordering::Relaxed);
        Ok(hash)
    }

    #[slot(compare)]
    fn compare(
        cx: &Context,
        this: &Ref<MemoryView>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let equal = if this.is_released() {
            this.as_value().is(other)
        } else if let Some(view) = other.downcast::<MemoryView>() {
            this.equals(cx, view)?
        } else {
            match buffer::find_buffer(cx, other)? {
                Some(buffer) => this.equals(cx, &*MemoryView::from_buffer(cx, buffer)?)?,
                None => return Ok(Value::NOT_IMPLEMENTED),
            }
        };
        Ok(Value::from_bool(equal == (comparison == Comparison::Equal)))
    }

    #[slot(iter)]
    fn iter(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Value> {
        let length = match this.alive(cx, |view| view.layout.shape.clone())?[..] {
            [] => return Err(cx.type_error("invalid indexing of 0-dim memory")),
            [length] => length as usize,
            _ => return Err(no_sub_views(cx)),
        };
        code_of(cx, &this.layout)?;
        let iterator = MemoryIterator {
            view: this.clone(),
            position: AtomicUsize::new(0),
            length,
        };
        object::new(cx, iterator).map(Ref::into_value)
    }

    #[slot(length)]
    fn length(cx: &Context, this: &Ref<MemoryView>) -> PyResult<usize> {
        match this.alive(cx, |view| view.layout.shape.first().copied())? {
            Some(length) => Ok(length as usize),
            None => Err(cx.type_error("0-dim memory has no length")),
        }
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<MemoryView>, at: isize) -> PyResult<Value> {
        MemoryView::subscript(cx, this, &int::from_i64(cx, at as i64)?)
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<MemoryView>, key: &Value) -> PyResult<Value> {
        let managed = this.live(cx)?;
        match this.select(cx, key, "multi-dimensional sub-views are not implemented")? {
            Selection::Item(_) if this.is_released() => Err(super::released(cx)),
            Selection::Item(offset) => {
                let code = code_of(cx, &this.layout)?;
                item::unpack(cx, code, this.item_bytes(&managed, offset))
            }
            Selection::Slice(selected) => this.sliced(cx, managed, selected).map(Ref::into_value),
            Selection::Whole => Ok(this.to_value()),
        }
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<MemoryView>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let managed = this.live(cx)?;
        if this.read_only {
            return Err(cx.type_error("cannot modify read-only memory"));
        }
        let Some(value) = value else {
            return Err(cx.type_error("cannot delete memory"));
        };
        let selection = this.select(cx, key, "sub-views are not implemented")?;
        if this.is_released() {
            return Err(super::released(cx));
        }
        match selection {
            Selection::Slice(_) if this.layout.shape.len() > 1 => Err(cx.not_implemented_error(
                "memoryview slice assignments are currently restricted to ndim = 1",
            )),
            Selection::Slice(selected) => this.assign_slice(cx, &managed, selected, value),
            selection => {
                let offset = if let Selection::Item(offset) = selection {
                    offset
                } else {
                    0
                };
                let bytes = item::pack(cx, code_of(cx, &this.layout)?, value)?;
                if this.is_released() {
                    return Err(super::released(cx));
                }
                managed
                    .buffer
                    .write((this.start as isize + offset) as usize, &bytes);
                Ok(())
            }
        }
    }

    #[slot(buffer)]
    fn buffer(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Buffer> {
        MemoryView::export(cx, this)
    }

    /// The underlying object of the memoryview.
    #[getter]
    fn obj(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Value> {
        Ok(this.live(cx)?.exporter().clone())
    }

    /// The amount of space in bytes that the array would use in
    ///  a contiguous representation.
    #[getter]
    fn nbytes(cx: &Context, this: &Ref<MemoryView>) -> PyResult<usize> {
        this.alive(cx, |view| item_count(&view.layout) * view.layout.item_size)
    }

    /// A bool indicating whether the memory is read only.
    #[getter]
    fn readonly(cx: &Context, this: &Ref<MemoryView>) -> PyResult<bool> {
        this.alive(cx, |view| view.read_only)
    }

    /// The size in bytes of each element of the memoryview.
    #[getter]
    fn itemsize(cx: &Context, this: &Ref<MemoryView>) -> PyResult<usize> {
        this.alive(cx, |view| view.layout.item_size)
    }

    /// A string containing the format (in struct module style)
    ///  for each element in the view.
    #[getter]
    fn format(cx: &Context, this: &Ref<MemoryView>) -> PyResult<String> {
        this.alive(cx, |view| view.layout.code.clone())
    }

    /// An integer indicating how many dimensions of a multi-dimensional
    ///  array the memory represents.
    #[getter]
    fn ndim(cx: &Context, this: &Ref<MemoryView>) -> PyResult<usize> {
        this.alive(cx, |view| view.layout.shape.len())
    }

    /// A tuple of ndim integers giving the shape of the memory
    ///  as an N-dimensional array.
    #[getter]
    fn shape(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Ref<Tuple>> {
        this.alive(cx, |view| MemoryView::shape_tuple(cx, &view.layout.shape))?
    }

    /// A tuple of ndim integers giving the size in bytes to access
    ///  each element for each dimension of the array.
    #[getter]
    fn strides(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Ref<Tuple>> {
        this.alive(cx, |view| MemoryView::shape_tuple(cx, &view.layout.strides))?
    }

    /// A tuple of integers used internally for PIL-style arrays.
    #[getter]
    fn suboffsets(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Ref<Tuple>> {
        this.alive(cx, |_| Tuple::empty())
    }

    /// A bool indicating whether the memory is C contiguous.
    #[getter]
    fn c_contiguous(cx: &Context, this: &Ref<MemoryView>) -> PyResult<bool> {
        this.alive(cx, |view| is_c_contiguous(&view.layout))
    }

    /// A bool indicating whether the memory is Fortran contiguous.
    #[getter]
    fn f_contiguous(cx: &Context, this: &Ref<MemoryView>) -> PyResult<bool> {
        this.alive(cx, |view| is_f_contiguous(&view.layout))
    }

    /// A bool indicating whether the memory is contiguous.
    #[getter]
    fn contiguous(cx: &Context, this: &Ref<MemoryView>) -> PyResult<bool> {
        this.alive(cx, |view| {
            is_c_contiguous(&view.layout) || is_f_contiguous(&view.layout)
        })
    }

    /// Release the underlying buffer exposed by the memoryview object.
    #[method("release(self, /)")]
    fn release_method(cx: &Context, this: &Ref<MemoryView>) -> PyResult<()> {
        this.release(cx)
    }

    #[method("__enter__(self, /)")]
    fn enter(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Value> {
        this.alive(cx, |_| this.to_value())
    }

    /// Release the underlying buffer exposed by the memoryview object.
    #[method("__exit__(self, /, *exc_info)")]
    fn exit(cx: &Context, this: &Ref<MemoryView>, _exc_info: &[Value]) -> PyResult<()> {
        this.release(cx)
    }

    /// Return the data in the buffer as a byte string.
    ///
    /// Order can be {'C', 'F', 'A'}.  When order is 'C' or 'F', the data of
    /// the original array is converted to C or Fortran order.  For
    /// contiguous views, 'A' returns an exact copy of the physical memory.
    /// In particular, in-memory Fortran order is preserved.  For
    /// non-contiguous views, the data is converted to C first.  order=None
    /// is the same as order='C'.
    #[method("tobytes(self, /, order='C')")]
    fn tobytes(
        cx: &Context,
        this: &Ref<MemoryView>,
        order: Option<String>,
    ) -> PyResult<Ref<Bytes>> {
        let managed = this.live(cx)?;
        let c_order = match order.as_deref() {
            None | Some("C") => true,
            Some("F") => false,
            Some("A") => is_c_contiguous(&this.layout) || !is_f_contiguous(&this.layout),
            Some(_) => return Err(cx.value_error("order must be 'C', 'F' or 'A'")),
        };
        Bytes::from_slice(cx, &this.gather(&managed, c_order))
    }

    /// Return the data in the buffer as a list of elements.
    #[method("tolist(self, /)")]
    fn tolist(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Value> {
        let managed = this.live(cx)?;
        let code = code_of(cx, &this.layout)?;
        this.nested(cx, &managed, code, 0, 0)
    }

    /// Return a readonly version of the memoryview.
    #[method("toreadonly(self, /)")]
    fn toreadonly(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Ref<MemoryView>> {
        MemoryView::over(cx, this.shared(cx)?, this.start, this.layout.clone(), true)
    }

    /// Return the data in the buffer as a str of hexadecimal numbers.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from
    ///     the right, negative values count from the left.
    ///
    /// Example:
    /// >>> value = memoryview(b'\xb9\x01\xef')
    /// >>> value.hex()
    /// 'b901ef'
    /// >>> value.hex(':')
    /// 'b9:01:ef'
    /// >>> value.hex(':', 2)
    /// 'b9:01ef'
    /// >>> value.hex(':', -2)
    /// 'b901:ef'
    #[method("hex(self, /, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn hex(
        cx: &Context,
        this: &Ref<MemoryView>,
        sep: Maybe<&Value>,
        bytes_per_sep: i32,
    ) -> PyResult<Ref<Str>> {
        let bytes = MemoryView::gathered(cx, this)?;
        let _held = MemoryView::hold(this);
        operations::to_hex(cx, &bytes, sep.0, bytes_per_sep)
    }

    /// Cast a memoryview to a new format or shape.
    #[method("cast(self, /, format, shape=<unrepresentable>)")]
    fn cast(
        cx: &Context,
        this: &Ref<MemoryView>,
        format: &Value,
        shape: Maybe<&Value>,
    ) -> PyResult<Ref<MemoryView>> {
        let managed = this.shared(cx)?;
        const PLACE: Place = Place {
            function: "cast",
            position: 1,
            name: "format",
            by_name: true,
        };
        let format = <&Ref<Str>>::from_argument(cx, format, &PLACE)?
            .to_lossy()
            .into_owned();
        if !is_c_contiguous(&this.layout) {
            return Err(cx.type_error("memoryview: casts are restricted to C-contiguous views"));
        }
        let shape = shape
            .0
            .map(|shape| (shape, MemoryView::shape_argument(cx, shape)));
        if (shape.is_some() || this.layout.shape.len() != 1) && this.layout.shape.contains(&0) {
            return Err(
                cx.type_error("memoryview: cannot cast view with zeros in shape or strides")
            );
        }
        let shape = shape.map(|(_, shape)| shape).transpose()?;
        let Some(code) = item::native_code(&format) else {
            return Err(cx.value_error(
                "memoryview: destination format must be a native single character format prefixed with an optional '@'",
            ));
        };
        let own = item::native_code(&this.layout.code);
        let is_byte = |code: char| matches!(code, 'b' | 'B' | 'c');
        if !is_byte(code) && !own.is_some_and(is_byte) {
            return Err(cx.type_error("memoryview: cannot cast between two non-byte formats"));
        }
        let item_size = item::size(code).expect("invariant: native formats have a size");
        let length = item_count(&this.layout) * this.layout.item_size;
        if !length.is_multiple_of(item_size) {
            return Err(cx.type_error("memoryview: length is not a multiple of itemsize"));
        }
        let shape = match shape {
            Some(shape) => {
                if shape.len() > 1 && this.layout.shape.len() > 1 {
                    return Err(cx.type_error("memoryview: cast must be 1D -> ND or ND -> 1D"));
                }
                if shape.iter().product::<isize>() as usize * item_size != length {
                    return Err(
                        cx.type_error("memoryview: product(shape) * itemsize != buffer size")
                    );
                }
                shape
            }
            None => vec![(length / item_size) as isize],
        };
        let strides = contiguous_strides(&shape, item_size);
        let layout = Format {
            code: format,
            item_size,
            shape,
            strides,
        };
        MemoryView::over(cx, managed, this.start, layout, this.read_only)
    }

    /// Count the number of occurrences of a value.
    #[method("count(self, value, /)")]
    fn count(cx: &Context, this: &Ref<MemoryView>, value: &Value) -> PyResult<usize> {
        let managed = this.live(cx)?;
        let [length] = this.layout.shape[..] else {
            return Err(no_sub_views(cx));
        };
        let code = code_of(cx, &this.layout)?;
        let mut count = 0;
        for at in 0..length as usize {
            let own = this.value_at(cx, &managed, code, at)?;
            count += usize::from(compare::identical_or_equal(cx, &own, value)?);
        }
        Ok(count)
    }

    /// Return the index of the first occurrence of a value.
    ///
    /// Raises ValueError if the value is not present.
    #[method("index(self, value, start=0, stop=9223372036854775807, /)")]
    fn index(
        cx: &Context,
        this: &Ref<MemoryView>,
        value: &Value,
        start: Maybe<&Value>,
        stop: Maybe<&Value>,
    ) -> PyResult<usize> {
        let managed = this.live(cx)?;
        let [length] = this.layout.shape[..] else {
            return Err(cx.not_implemented_error(match this.layout.shape.len() {
                0 => "invalid lookup on 0-dim memory",
                _ => "multi-dimensional lookup is not implemented",
            }));
        };
        let code = code_of(cx, &this.layout)?;
        let (start, stop) = index::search_range(cx, start.0, stop.0, length as usize)?;
        for at in start..stop {
            let own = this.value_at(cx, &managed, code, at)?;
            if compare::identical_or_equal(cx, &own, value)? {
                return Ok(at);
            }
        }
        Err(cx.value_error("memoryview.index(x): x not found"))
    }

    /// Return a buffer object that exposes the underlying memory of the object.
    #[method("__buffer__(self, flags, /)")]
    fn dunder_buffer(cx: &Context, this: &Ref<MemoryView>, flags: i64) -> PyResult<Value> {
        const WRITABLE: i64 = 1;
        if flags & WRITABLE != 0 && this.read_only {
            return Err(cx.buffer_error("memoryview: underlying buffer is not writable"));
        }
        MemoryView::from_buffer(cx, MemoryView::export(cx, this)?).map(Ref::into_value)
    }

    /// Release the buffer object that exposes the underlying memory of the object.
    #[method("__release_buffer__(self, buffer, /)")]
    fn dunder_release_buffer(cx: &Context, this: &Ref<MemoryView>, buffer: &Value) -> PyResult<()> {
        super::release_argument(cx, this.as_value(), buffer)
    }

    /// Create a new memoryview object which references the given object.
    #[classmethod("_from_flags(cls, /, object, flags)")]
    fn from_flags_method(
        cx: &Context,
        _class: &Value,
        object: &Value,
        flags: i64,
    ) -> PyResult<Ref<MemoryView>> {
        super::from_flags(cx, object, flags)
    }

    /// memoryviews are generic over the type of their underlying data
    #[classmethod("__class_getitem__(cls, object, /)")]
    fn class_getitem(cx: &Context, class: &Value, object: &Value) -> PyResult<Value> {
        crate::objects::generic_alias::alias(cx, class, object)
    }
}

/// `memory_iterator`.
#[pyclass(name = "memory_iterator", flags(DISALLOW_INSTANTIATION))]
pub struct MemoryIterator {
    view: Ref<MemoryView>,
    position: AtomicUsize,
    length: usize,
}

impl Traverse for MemoryIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.view.as_value());
    }
}

#[pymethods]
impl MemoryIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<MemoryIterator>) -> PyResult<Option<Value>> {
        let position = this.position.load(Ordering::Relaxed);
        if position >= this.length {
            return Ok(None);
        }
        let managed = this.view.live(cx)?;
        this.position.store(position + 1, Ordering::Relaxed);
        let code = code_of(cx, &this.view.layout)?;
        this.view.value_at(cx, &managed, code, position).map(Some)
    }
}
