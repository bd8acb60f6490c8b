//! `_buffer_wrapper`: the buffer of an object whose class says in Python what its buffer is, or what is
//! to be done when a buffer is given back (PEP 688).
//!
//! ```text
//!   Buffer ──owner──▶ BufferWrapper ──inner──▶ buffer of the view that `__buffer__` returned,
//!                          │                   or of the built-in class that the object's is derived from
//!                          └─object──▶ whose `__release_buffer__` is called when the buffer is given back
//! ```
//! The inner buffer outlives that call; so does the memory.

use typhon_macros::{pyclass, pymethods};

use crate::buffer::Buffer;
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::object::{self, Ref, Traverse};
use crate::objects::descriptors::MethodDescriptor;
use crate::objects::int;
use crate::objects::memoryview::MemoryView;
use crate::objects::type_::Type;
use crate::protocols::call;
use crate::slot_dispatch::static_name;
use crate::slots::BufferFn;
use crate::value::Value;

/// What is asked for where nothing is said: everything that can be had for reading.
pub const FULL_READ_ONLY: i64 = 0x011c;
/// The buffer is to be written.
pub const WRITABLE: i64 = 1;

/// See the module's header.
#[pyclass(name = "_buffer_wrapper", flags(DISALLOW_INSTANTIATION))]
pub struct BufferWrapper {
    /// The object that the buffer was asked of.
    object: Value,
    /// What its `__buffer__` returned; `None` when a built-in class made the buffer.
    view: Option<Ref<MemoryView>>,
    inner: Buffer,
}

impl Traverse for BufferWrapper {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.object);
        if let Some(view) = &self.view {
            visit(view.as_value());
        }
        visit(&self.inner.owner);
    }
}

#[pymethods]
impl BufferWrapper {}

impl BufferWrapper {
    /// The object that Python code takes for the exporter.
    pub fn exporter(&self) -> Option<&Value> {
        self.view.is_none().then_some(&self.object)
    }
}

/// The class's own special method, unless a built-in class has it.
fn python_method(cx: &Context, class: &Ref<Type>, name: crate::objects::str_::Name) -> bool {
    class
        .lookup(cx, name)
        .is_some_and(|found| found.downcast_exact::<MethodDescriptor>().is_none())
}

/// The function by which a class made at run time exports its buffer.
pub(crate) fn slot_for(cx: &Context, class: &Ref<Type>) -> Option<BufferFn> {
    let names = static_name!(cx, "__buffer__")
        .and_then(|get| Ok((get, static_name!(cx, "__release_buffer__")?)));
    let Ok((get, release)) = names else {
        cx.clear_exception();
        return None;
    };
    let native = native_slot(class);
    let in_python =
        python_method(cx, class, get) || native.is_some() && python_method(cx, class, release);
    if in_python {
        Some(|cx, object| export(cx, object, FULL_READ_ONLY))
    } else {
        native
    }
}

/// The slot of the nearest built-in class.
fn native_slot(class: &Ref<Type>) -> Option<BufferFn> {
    let order = class.mro_values();
    let mut native = order
        .iter()
        .filter_map(|class| class.downcast::<Type>())
        .filter(|class| !class.has(ClassFlags::HEAPTYPE));
    native.find_map(|class| class.slots.buffer.get())
}

/// The buffer of an object whose class is made at run time; `flags` is what `__buffer__` is asked for.
///
/// # Errors
/// TypeError when it has none, BufferError, and what `__buffer__` raises.
pub fn export(cx: &Context, object: &Value, flags: i64) -> PyResult<Buffer> {
    if !python_method(cx, object.class(), static_name!(cx, "__buffer__")?) {
        return export_native(cx, object);
    }
    let arguments = [int::from_i64(cx, flags)?];
    let view = call::call_special(cx, object, static_name!(cx, "__buffer__")?, &arguments)?;
    let view = view.and_then(|view| view.into_ref::<MemoryView>().ok());
    let Some(view) = view else {
        return Err(cx.type_error("__buffer__ returned non-memoryview object"));
    };
    let inner = MemoryView::export(cx, &view)?;
    if flags & WRITABLE != 0 && inner.read_only {
        return Err(cx.buffer_error("memoryview: underlying buffer is not writable"));
    }
    wrap(cx, object, Some(view), inner)
}

/// The buffer that the built-in base of the object's class exports.
///
/// # Errors
/// TypeError when there is none, and what exporting raises.
pub fn export_native(cx: &Context, object: &Value) -> PyResult<Buffer> {
    let class = object.class();
    let Some(slot) = native_slot(class) else {
        return Err(crate::protocols::buffer::no_buffer(cx, object));
    };
    let inner = slot(cx, object)?;
    if class.has(ClassFlags::HEAPTYPE)
        && python_method(cx, class, static_name!(cx, "__release_buffer__")?)
    {
        wrap(cx, object, None, inner)
    } else {
        Ok(inner)
    }
}

fn wrap(
    cx: &Context,
    object: &Value,
    view: Option<Ref<MemoryView>>,
    inner: Buffer,
) -> PyResult<Buffer> {
    let (start, length, read_only) = (inner.start, inner.length, inner.read_only);
    let format = inner.format.clone();
    let wrapper = BufferWrapper {
        object: object.clone(),
        view,
        inner,
    };
    Ok(Buffer {
        owner: object::new(cx, wrapper)?.into_value(),
        start,
        length,
        read_only,
        format,
        release: Some(release),
    })
}

/// Tells the object that its buffer was given back.
fn release(owner: &Value) {
    let (Some(wrapper), Some(cx)) = (owner.downcast::<BufferWrapper>(), Context::try_current())
    else {
        return;
    };
    let saved = cx.take_exception_if_any();
    if tell(cx, wrapper).is_err() {
        let message = format!(
            "Exception ignored in __release_buffer__ of {}",
            wrapper.object.type_name()
        );
        crate::finalizer::unraisable(cx, &message, &Value::NONE);
    }
    if let Some(saved) = saved {
        cx.set_exception(saved);
    }
}

fn tell(cx: &Context, wrapper: &Ref<BufferWrapper>) -> PyResult<()> {
    let object = &wrapper.object;
    let method = static_name!(cx, "__release_buffer__")?;
    if !python_method(cx, object.class(), method) {
        return Ok(());
    }
    if let Some(view) = &wrapper.view {
        // A view of the object's own memory tells the object when it is given back itself.
        if view.exporter().is_some_and(|exporter| exporter.is(object)) {
            return Ok(());
        }
        let arguments = [view.to_value()];
        return call::call_special(cx, object, method, &arguments).map(drop);
    }
    // The view is for the time of the call only.
    let inner = &wrapper.inner;
    let lent = Buffer {
        owner: object.clone(),
        start: inner.start,
        length: inner.length,
        read_only: inner.read_only,
        format: inner.format.clone(),
        release: None,
    };
    let view = MemoryView::from_buffer(cx, lent)?;
    view.restrict();
    let told = call::call_special(cx, object, method, &[view.to_value()]);
    let raised = match told {
        Ok(_) => None,
        Err(Raised) => cx.take_exception_if_any(),
    };
    let released = view.release(cx);
    match raised {
        Some(raised) => {
            cx.set_exception(raised);
            Err(Raised)
        }
        None => released,
    }
}
