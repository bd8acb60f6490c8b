//! `PickleBuffer`: memory that may travel beside a pickle instead of in it (PEP 574).

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue};
use typhon_runtime::buffer::Buffer;
use typhon_runtime::guarded::{Guarded, Lockable};
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::memoryview::MemoryView;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, buffer, call};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::name;

/// The payload of `PickleBuffer`.
#[pyclass(
    name = "PickleBuffer",
    module = "pickle",
    flags(IMMUTABLE, HAS_WEAKREF),
    doc = "Wrapper for potentially out-of-band buffers"
)]
pub struct PickleBuffer {
    held: Guarded<Option<Held>>,
}

/// The memory, until it is released.
#[derive(Clone)]
pub struct Held {
    exporter: Value,
    /// Keeps the memory in place.
    view: Ref<MemoryView>,
}

impl Lockable for PickleBuffer {
    type State = Option<Held>;
    fn guarded(&self) -> &Guarded<Option<Held>> {
        &self.held
    }
}

impl Traverse for PickleBuffer {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(held) = self.held.while_stopped() {
            visit(&held.exporter);
            visit(held.view.as_value());
        }
    }
}

impl PickleBuffer {
    fn live(cx: &Context, this: &Ref<PickleBuffer>) -> PyResult<Held> {
        match this.locked(|held| held.clone()) {
            Some(held) => Ok(held),
            None => Err(cx.value_error("operation forbidden on released PickleBuffer object")),
        }
    }

    /// A view of the memory, and whether it may only be read; `None` when it has gaps.
    ///
    /// # Errors
    /// ValueError when the memory was released.
    pub fn contiguous(
        cx: &Context,
        this: &Ref<PickleBuffer>,
    ) -> PyResult<Option<(Ref<MemoryView>, bool)>> {
        let view = PickleBuffer::live(cx, this)?.view;
        let is = |name| attribute::get(cx, view.as_value(), name)?.truth(cx);
        if !is(name!(cx, "contiguous")?)? {
            return Ok(None);
        }
        let read_only = is(name!(cx, "readonly")?)?;
        Ok(Some((view, read_only)))
    }

    /// The bytes of a view without gaps, as they lie in memory.
    ///
    /// # Errors
    /// ValueError when it was released.
    pub fn bytes_of(cx: &Context, view: &Ref<MemoryView>) -> PyResult<Ref<Bytes>> {
        let any_order = "A".into_value(cx)?;
        let bytes = call::call_method(cx, view.as_value(), name!(cx, "tobytes")?, &[any_order])?;
        bytes.into_ref::<Bytes>().map_err(|other| {
            cx.type_error(format!(
                "tobytes() returned {}, not bytes",
                other.type_name()
            ))
        })
    }
}

#[pymethods]
impl PickleBuffer {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let given = args.values.len();
        let exporter = match args.values {
            [exporter] if args.names.is_empty() => exporter,
            [_] | [] => {
                return Err(
                    cx.type_error("PickleBuffer() takes exactly 1 positional argument (0 given)")
                );
            }
            _ => {
                return Err(cx.type_error(format!(
                    "PickleBuffer() takes at most 1 argument ({given} given)"
                )));
            }
        };
        // A buffer around a buffer is one of the same memory.
        let exporter = match exporter.downcast::<PickleBuffer>() {
            Some(inner) => PickleBuffer::live(cx, inner)?.exporter,
            None => exporter.clone(),
        };
        if !buffer::has_buffer(&exporter) {
            return Err(buffer::no_buffer(cx, &exporter));
        }
        let view = MemoryView::new(cx, &exporter)?;
        let held = Guarded::new(Some(Held { exporter, view }));
        object::new_of_class(cx, class, PickleBuffer { held }).map(Ref::into_value)
    }

    #[slot(buffer)]
    fn buffer(cx: &Context, this: &Ref<PickleBuffer>) -> PyResult<Buffer> {
        buffer::get_buffer(cx, &PickleBuffer::live(cx, this)?.exporter)
    }

    /// Return a memoryview of the raw memory underlying this buffer.
    /// Will raise BufferError is the buffer isn't contiguous.
    #[method("raw(self, /)")]
    fn raw(cx: &Context, this: &Ref<PickleBuffer>) -> PyResult<Value> {
        let gaps = "cannot extract raw buffer from non-contiguous buffer";
        let Some((view, _)) = PickleBuffer::contiguous(cx, this)? else {
            return Err(cx.buffer_error(gaps));
        };
        if !attribute::get(cx, view.as_value(), name!(cx, "c_contiguous")?)?.truth(cx)? {
            return Err(cx.buffer_error(gaps));
        }
        let bytes = "B".into_value(cx)?;
        call::call_method(cx, view.as_value(), name!(cx, "cast")?, &[bytes])
    }

    /// Release the underlying buffer exposed by the PickleBuffer object.
    #[method("release(self, /)")]
    fn release(_cx: &Context, this: &Ref<PickleBuffer>) -> PyResult<()> {
        drop(this.locked(Option::take));
        Ok(())
    }
}
