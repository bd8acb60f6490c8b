//! `Struct`: a format that is read once, and the iterator over structures in a buffer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::layout::{self, Layout};
use super::{ERROR, pack, unpack};
use crate::arguments::{bind, given, signature};
use crate::bytes_like::BytesLike;

/// The payload of `Struct`.
#[pyclass(
    name = "Struct",
    module = "_struct",
    flags(BASETYPE, HAS_WEAKREF),
    plain,
    doc = "Struct(fmt) --> compiled struct object\n\n"
)]
pub struct Struct {
    /// `None` until `__init__` has read the format.
    compiled: Guarded<Option<Arc<Compiled>>>,
}

/// A format that was read.
pub struct Compiled {
    format: Box<[u8]>,
    layout: Layout,
}

impl Compiled {
    fn of(cx: &Context, format: &Value) -> PyResult<Arc<Compiled>> {
        let format = layout::characters(cx, format)?;
        let layout = layout::layout_of(cx, &format)?;
        Ok(Arc::new(Compiled {
            format: format.into(),
            layout,
        }))
    }
}

impl Lockable for Struct {
    type State = Option<Arc<Compiled>>;
    fn guarded(&self) -> &Guarded<Self::State> {
        &self.compiled
    }
}

impl Struct {
    /// `Struct(format)`.
    ///
    /// # Errors
    /// `struct.error`, and TypeError when the format is neither string nor bytes.
    pub(super) fn of_format(cx: &Context, format: &Value) -> PyResult<Ref<Struct>> {
        let compiled = Guarded::new(Some(Compiled::of(cx, format)?));
        object::new(cx, Struct { compiled })
    }

    fn compiled(cx: &Context, this: &Ref<Struct>) -> PyResult<Arc<Compiled>> {
        this.locked(|compiled| compiled.clone())
            .ok_or_else(|| cx.runtime_error("Struct object is not initialized"))
    }

    fn format_text(cx: &Context, this: &Ref<Struct>) -> PyResult<Ref<Str>> {
        Str::from_latin1(cx, &Struct::compiled(cx, this)?.format)
    }
}

#[pymethods]
impl Struct {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let compiled = Guarded::new(None);
        object::new_of_class(cx, class, Struct { compiled }).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Struct>, args: Args<'_>) -> PyResult<()> {
        let [format] = bind(cx, signature!("Struct", 0, [format], []), args)?;
        let compiled = Compiled::of(cx, given(format))?;
        drop(this.locked(|old| old.replace(compiled)));
        Ok(())
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Struct>) -> PyResult<Value> {
        let format = Struct::format_text(cx, this)?;
        let format = typhon_runtime::protocols::text::repr(cx, format.as_value())?;
        format!("{}({})", this.class_of().short_name(), format.to_lossy()).into_value(cx)
    }

    /// struct format string
    #[getter]
    fn format(cx: &Context, this: &Ref<Struct>) -> PyResult<Ref<Str>> {
        Struct::format_text(cx, this)
    }

    /// struct size in bytes
    #[getter]
    fn size(_cx: &Context, this: &Ref<Struct>) -> PyResult<isize> {
        let size = this.locked(|compiled| compiled.as_ref().map(|compiled| compiled.layout.size));
        Ok(size.map_or(-1, |size| size as isize))
    }

    /// S.pack(v1, v2, ...) -> bytes
    ///
    /// Return a bytes object containing values v1, v2, ... packed according
    /// to the format string S.format.  See help(struct) for more on format
    /// strings.
    #[method("pack(self, /, *values)")]
    fn pack(cx: &Context, this: &Ref<Struct>, values: &[Value]) -> PyResult<Ref<Bytes>> {
        pack::to_bytes(cx, &Struct::compiled(cx, this)?.layout, values)
    }

    /// S.pack_into(buffer, offset, v1, v2, ...)
    ///
    /// Pack the values v1, v2, ... according to the format string S.format
    /// and write the packed bytes into the writable buffer buf starting at
    /// offset.  Note that the offset is a required argument.  A negative
    /// offset counts from the end of the buffer.  See help(struct) for more
    /// on format strings.
    #[method("pack_into(self, /, *args)")]
    fn pack_into(cx: &Context, this: &Ref<Struct>, args: &[Value]) -> PyResult<()> {
        pack::into_buffer(cx, &Struct::compiled(cx, this)?.layout, args)
    }

    /// Return a tuple containing unpacked values.
    ///
    /// Unpack according to the format string Struct.format. The buffer's size
    /// in bytes must be Struct.size.
    ///
    /// See help(struct) for more on format strings.
    #[method("unpack(self, buffer, /)")]
    fn unpack(cx: &Context, this: &Ref<Struct>, buffer: BytesLike) -> PyResult<Ref<Tuple>> {
        unpack::all(cx, &Struct::compiled(cx, this)?.layout, buffer.bytes())
    }

    /// Return a tuple containing unpacked values.
    ///
    /// Values are unpacked according to the format string Struct.format.
    ///
    /// The buffer's size in bytes, starting at position offset, must be
    /// at least Struct.size.  A negative offset counts from the end of the
    /// buffer.
    ///
    /// See help(struct) for more on format strings.
    #[method("unpack_from(self, buffer, offset=0)")]
    fn unpack_from(
        cx: &Context,
        this: &Ref<Struct>,
        buffer: BytesLike,
        offset: isize,
    ) -> PyResult<Ref<Tuple>> {
        unpack::from_offset(
            cx,
            &Struct::compiled(cx, this)?.layout,
            buffer.bytes(),
            offset,
        )
    }

    /// Return an iterator yielding tuples.
    ///
    /// Tuples are unpacked from the given bytes source, like a repeated
    /// invocation of unpack_from().
    ///
    /// Requires that the bytes length be a multiple of the struct size.
    #[method("iter_unpack(self, buffer, /)")]
    fn iter_unpack(
        cx: &Context,
        this: &Ref<Struct>,
        buffer: &Value,
    ) -> PyResult<Ref<UnpackIterator>> {
        UnpackIterator::over(cx, this, buffer)
    }

    /// S.__sizeof__() -> size of S in memory, in bytes
    #[method("__sizeof__(self, /)")]
    fn sizeof(cx: &Context, this: &Ref<Struct>) -> PyResult<usize> {
        let compiled = Struct::compiled(cx, this)?;
        let items = size_of::<Compiled>() + size_of_val(&*compiled.layout.items);
        Ok(this.class_of().root_shape().instance_size(0) + compiled.format.len() + items)
    }
}

/// The payload of what `iter_unpack` returns.
#[pyclass(
    name = "unpack_iterator",
    module = "_struct",
    flags(DISALLOW_INSTANTIATION)
)]
pub struct UnpackIterator {
    compiled: Arc<Compiled>,
    buffer: BytesLike,
    /// Where the next structure begins.
    next: AtomicUsize,
}

impl Traverse for UnpackIterator {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.buffer.buffer().owner);
    }
}

impl UnpackIterator {
    pub(super) fn over(
        cx: &Context,
        structure: &Ref<Struct>,
        buffer: &Value,
    ) -> PyResult<Ref<UnpackIterator>> {
        let compiled = Struct::compiled(cx, structure)?;
        let size = compiled.layout.size;
        if size == 0 {
            return Err(ERROR.raise(cx, "cannot iteratively unpack with a struct of length 0"));
        }
        let buffer = BytesLike::of(cx, buffer)?;
        if buffer.len() % size != 0 {
            return Err(ERROR.raise(
                cx,
                format!("iterative unpacking requires a buffer of a multiple of {size} bytes"),
            ));
        }
        object::new(
            cx,
            UnpackIterator {
                compiled,
                buffer,
                next: AtomicUsize::new(0),
            },
        )
    }
}

#[pymethods]
impl UnpackIterator {
    #[slot(iter)]
    fn iter(_cx: &Context, this: &Value) -> PyResult<Value> {
        Ok(this.clone())
    }

    #[slot(next)]
    fn next(cx: &Context, this: &Ref<UnpackIterator>) -> PyResult<Option<Value>> {
        let size = this.compiled.layout.size;
        let start = this.next.fetch_add(size, Ordering::Relaxed);
        match this.buffer.bytes().get(start..start.saturating_add(size)) {
            Some(bytes) => unpack::structure(cx, &this.compiled.layout, bytes)
                .map(|values| Some(values.into_value())),
            None => {
                this.next.fetch_sub(size, Ordering::Relaxed);
                Ok(None)
            }
        }
    }

    #[method("__length_hint__(self, /)")]
    fn length_hint(_cx: &Context, this: &Ref<UnpackIterator>) -> PyResult<usize> {
        let left = this
            .buffer
            .len()
            .saturating_sub(this.next.load(Ordering::Relaxed));
        Ok(left / this.compiled.layout.size)
    }
}
