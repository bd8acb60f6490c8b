//! `memoryview`: the memory of another object, item by item (PEP 3118).
//!
//! ```text
//!   MemoryView ──managed──▶ ManagedBuffer ──buffer──▶ exporter
//!       start, shape, strides, format: which bytes are which items
//! ```
//! Views of one buffer (slices, casts) share its [`ManagedBuffer`]; the exporter gets its buffer back when
//! the last of them is gone or released. Invariant: for every index in `shape`,
//! start + Σ index·stride + item_size ≤ length of the buffer, and the sum is never negative. `exports`
//! counts the buffers that the view itself has given out; while there are any it cannot be released.
//!
//! Files: `item` (items as Python values), `methods` (what Python sees).

mod item;
mod methods;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use typhon_macros::{pyclass, pymethods};

use crate::buffer::{Buffer, Format};
use crate::class::ClassFlags;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::field::Field;
use crate::object::{self, Ref, Traverse};
use crate::objects::buffer_wrapper::{self, BufferWrapper, WRITABLE};
use crate::protocols::buffer;
use crate::value::Value;

pub use methods::MemoryIterator;

/// The most dimensions a view can have.
const MOST_DIMENSIONS: usize = 64;

/// The payload of `memoryview`.
#[pyclass(
    name = "memoryview",
    flags(SEQUENCE, HAS_WEAKREF),
    signature = "(object)",
    doc = "Create a new memoryview object which references the given object."
)]
pub struct MemoryView {
    /// A [`ManagedBuffer`]; empty once the view is released.
    managed: Field,
    exports: AtomicUsize,
    /// Offset of the first item in the buffer.
    start: usize,
    layout: Format,
    read_only: bool,
    /// Lent to a `__release_buffer__`: no other view may be made of it.
    restricted: AtomicBool,
    /// -1 before anybody asked.
    hash: AtomicI64,
}

impl Traverse for MemoryView {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.managed.traverse(visit);
    }
}

/// A view that cannot be released meanwhile.
struct Held<'a>(&'a MemoryView);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.exports.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A buffer that several views share.
#[pyclass(name = "managedbuffer", flags(DISALLOW_INSTANTIATION))]
pub struct ManagedBuffer {
    buffer: Buffer,
}

impl Traverse for ManagedBuffer {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.buffer.owner);
    }
}

#[pymethods]
impl ManagedBuffer {}

impl ManagedBuffer {
    /// The object that exports the buffer, in the eyes of Python code.
    fn exporter(&self) -> &Value {
        let owner = &self.buffer.owner;
        owner
            .downcast::<BufferWrapper>()
            .and_then(|wrapper| wrapper.exporter())
            .unwrap_or(owner)
    }
}

/// Strides of items that lie side by side, the last index moving fastest.
fn contiguous_strides(shape: &[isize], item_size: usize) -> Vec<isize> {
    let mut stride = item_size as isize;
    let mut strides: Vec<isize> = shape
        .iter()
        .rev()
        .map(|&length| {
            let own = stride;
            stride *= length;
            own
        })
        .collect();
    strides.reverse();
    strides
}

/// The layout of plain bytes.
fn plain_layout(length: usize) -> Format {
    Format {
        code: "B".into(),
        item_size: 1,
        shape: vec![length as isize],
        strides: vec![1],
    }
}

fn item_count(layout: &Format) -> usize {
    layout.shape.iter().product::<isize>() as usize
}

fn is_c_contiguous(layout: &Format) -> bool {
    item_count(layout) == 0
        || layout
            .shape
            .iter()
            .zip(&layout.strides)
            .zip(contiguous_strides(&layout.shape, layout.item_size))
            .all(|((&length, &stride), expected)| length == 1 || stride == expected)
}

fn is_f_contiguous(layout: &Format) -> bool {
    let mut expected = layout.item_size as isize;
    item_count(layout) == 0
        || layout
            .shape
            .iter()
            .zip(&layout.strides)
            .all(|(&length, &stride)| {
                let fits = length == 1 || stride == expected;
                expected *= length;
                fits
            })
}

/// Offsets of all items, relative to the first. In C order the last index moves fastest, otherwise the first.
fn offsets(layout: &Format, c_order: bool) -> Vec<isize> {
    let mut offsets = vec![0];
    let dimensions: Vec<(isize, isize)> = layout
        .shape
        .iter()
        .copied()
        .zip(layout.strides.iter().copied())
        .collect();
    let mut extend = |&(length, stride): &(isize, isize)| {
        offsets = if c_order {
            offsets
                .iter()
                .flat_map(|&offset| (0..length).map(move |at| offset + at * stride))
                .collect()
        } else {
            (0..length)
                .flat_map(|at| offsets.iter().map(move |&offset| offset + at * stride))
                .collect()
        };
    };
    dimensions.iter().for_each(&mut extend);
    offsets
}

#[cold]
fn released(cx: &Context) -> Raised {
    cx.value_error("operation forbidden on released memoryview object")
}

impl MemoryView {
    fn over(
        cx: &Context,
        managed: Ref<ManagedBuffer>,
        start: usize,
        layout: Format,
        read_only: bool,
    ) -> PyResult<Ref<MemoryView>> {
        object::new(
            cx,
            MemoryView {
                managed: Field::new(managed.into_value()),
                exports: AtomicUsize::new(0),
                start,
                layout,
                read_only,
                restricted: AtomicBool::new(false),
                hash: AtomicI64::new(-1),
            },
        )
    }

    /// Keeps the view from being released while Python code runs.
    fn hold(this: &Ref<MemoryView>) -> Held<'_> {
        this.exports.fetch_add(1, Ordering::AcqRel);
        Held(this)
    }

    /// From here on no other view can be made of this one.
    pub(crate) fn restrict(&self) {
        self.restricted.store(true, Ordering::Relaxed);
    }

    /// The object whose memory it is.
    pub(crate) fn exporter(&self) -> Option<Value> {
        let managed = self.managed.get_as::<ManagedBuffer>()?;
        Some(managed.exporter().clone())
    }

    /// The buffer, for another view of it.
    fn shared(&self, cx: &Context) -> PyResult<Ref<ManagedBuffer>> {
        self.check_unrestricted(cx)?;
        self.live(cx)
    }

    fn check_unrestricted(&self, cx: &Context) -> PyResult<()> {
        if self.restricted.load(Ordering::Relaxed) {
            return Err(cx.value_error("cannot create new view on restricted memoryview"));
        }
        Ok(())
    }

    /// A view of the memory of `object`.
    ///
    /// # Errors
    /// TypeError when it exports no buffer, and what exporting raises.
    pub fn new(cx: &Context, object: &Value) -> PyResult<Ref<MemoryView>> {
        if let Some(view) = object.downcast::<MemoryView>() {
            return MemoryView::over(
                cx,
                view.shared(cx)?,
                view.start,
                view.layout.clone(),
                view.read_only,
            );
        }
        match buffer::find_buffer(cx, object)? {
            Some(buffer) => MemoryView::from_buffer(cx, buffer),
            None => Err(cx.type_error(format!(
                "memoryview: a bytes-like object is required, not '{}'",
                object.type_name()
            ))),
        }
    }

    /// A view of a buffer.
    ///
    /// # Errors
    /// MemoryError.
    pub fn from_buffer(cx: &Context, buffer: Buffer) -> PyResult<Ref<MemoryView>> {
        let layout = match &buffer.format {
            Some(format) => (**format).clone(),
            None => plain_layout(buffer.length),
        };
        let read_only = buffer.read_only;
        let managed = object::new(cx, ManagedBuffer { buffer })?;
        MemoryView::over(cx, managed, 0, layout, read_only)
    }

    /// The buffer, unless the view is released.
    fn live(&self, cx: &Context) -> PyResult<Ref<ManagedBuffer>> {
        self.managed
            .get_as::<ManagedBuffer>()
            .ok_or_else(|| released(cx))
    }

    fn is_released(&self) -> bool {
        self.managed.is_empty()
    }

    /// Lets the buffer go.
    ///
    /// # Errors
    /// BufferError while buffers of the view are out.
    pub(crate) fn release(&self, cx: &Context) -> PyResult<()> {
        match self.exports.load(Ordering::Acquire) {
            0 => {
                self.managed.set(None);
                Ok(())
            }
            count => {
                let plural = if count == 1 { "" } else { "s" };
                Err(cx.buffer_error(format!("memoryview has {count} exported buffer{plural}")))
            }
        }
    }

    /// The bytes of item number `offset` behind the first.
    fn item_bytes<'a>(&self, managed: &'a ManagedBuffer, offset: isize) -> &'a [u8] {
        let at = (self.start as isize + offset) as usize;
        &managed.buffer.as_slice()[at..at + self.layout.item_size]
    }

    /// The items' bytes, one after the other.
    fn gather(&self, managed: &ManagedBuffer, c_order: bool) -> Vec<u8> {
        let bytes = managed.buffer.as_slice();
        let length = item_count(&self.layout) * self.layout.item_size;
        if length == 0 {
            return Vec::new();
        }
        if if c_order {
            is_c_contiguous(&self.layout)
        } else {
            is_f_contiguous(&self.layout)
        } {
            return bytes[self.start..self.start + length].to_vec();
        }
        let mut gathered = Vec::with_capacity(length);
        for offset in offsets(&self.layout, c_order) {
            gathered.extend_from_slice(self.item_bytes(managed, offset));
        }
        gathered
    }

    /// The bytes of a view in C order, copied.
    ///
    /// # Errors
    /// ValueError when it is released.
    pub fn gathered(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Vec<u8>> {
        Ok(this.gather(&*this.live(cx)?, true))
    }

    /// The part of the view along its first dimension that a slice selects.
    fn sliced(
        &self,
        cx: &Context,
        managed: Ref<ManagedBuffer>,
        selected: crate::protocols::index::SliceIndices,
    ) -> PyResult<Ref<MemoryView>> {
        let mut layout = self.layout.clone();
        let first = if selected.count == 0 {
            0
        } else {
            selected.start
        };
        self.check_unrestricted(cx)?;
        let start = self.start as isize + first * layout.strides[0];
        layout.shape[0] = selected.count as isize;
        layout.strides[0] *= selected.step;
        MemoryView::over(cx, managed, start as usize, layout, self.read_only)
    }

    /// The buffer of the view itself.
    pub(crate) fn export(cx: &Context, this: &Ref<MemoryView>) -> PyResult<Buffer> {
        let managed = this.shared(cx)?;
        if !is_c_contiguous(&this.layout) {
            return Err(cx.buffer_error("memoryview: underlying buffer is not C-contiguous"));
        }
        let length = item_count(&this.layout) * this.layout.item_size;
        let start = managed.buffer.as_slice()[this.start..].as_ptr().cast_mut();
        this.exports.fetch_add(1, Ordering::AcqRel);
        fn release(owner: &Value) {
            if let Some(view) = owner.downcast::<MemoryView>() {
                view.exports.fetch_sub(1, Ordering::AcqRel);
            }
        }
        let plain = this.layout.code == "B" && this.layout.shape.len() == 1;
        Ok(Buffer {
            owner: this.to_value(),
            start,
            length,
            read_only: this.read_only,
            format: (!plain).then(|| Box::new(this.layout.clone())),
            release: Some(release),
        })
    }
}

/// `object.__buffer__(flags)`: a view, for writing if the flags ask for it.
///
/// # Errors
/// BufferError when the object cannot be written but should.
pub fn from_flags(cx: &Context, object: &Value, flags: i64) -> PyResult<Ref<MemoryView>> {
    if i32::try_from(flags).is_err() {
        return Err(cx.overflow_error("buffer flags out of range"));
    }
    let view = if object.class().has(ClassFlags::HEAPTYPE) && buffer::has_buffer(object) {
        MemoryView::from_buffer(cx, buffer_wrapper::export(cx, object, flags)?)?
    } else {
        MemoryView::new(cx, object)?
    };
    if flags & WRITABLE != 0 && view.read_only {
        let message = if object.downcast::<MemoryView>().is_some() {
            "memoryview: underlying buffer is not writable"
        } else {
            "Object is not writable."
        };
        return Err(cx.buffer_error(message));
    }
    Ok(view)
}

/// `object.__buffer__(flags)` of a built-in class, which a derived class may have overridden.
///
/// # Errors
/// As [`from_flags`].
pub fn own_buffer(cx: &Context, object: &Value, flags: i64) -> PyResult<Ref<MemoryView>> {
    if !object.class().has(ClassFlags::HEAPTYPE) {
        return from_flags(cx, object, flags);
    }
    let view = MemoryView::from_buffer(cx, buffer_wrapper::export_native(cx, object)?)?;
    if flags & WRITABLE != 0 && view.read_only {
        return Err(cx.buffer_error("Object is not writable."));
    }
    Ok(view)
}

/// `object.__release_buffer__(view)`.
///
/// # Errors
/// TypeError when it is no view, ValueError when it is not the object's, BufferError while it has buffers
/// out.
pub fn release_argument(cx: &Context, object: &Value, view: &Value) -> PyResult<()> {
    let Some(view) = view.downcast::<MemoryView>() else {
        return Err(cx.type_error("expected a memoryview object"));
    };
    match view.exporter() {
        None => Err(cx.value_error("memoryview's buffer has already been released")),
        Some(exporter) if exporter.is(object) => view.release(cx),
        Some(_) => Err(cx.value_error("memoryview's buffer is not this object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(shape: &[isize], strides: &[isize]) -> Format {
        Format {
            code: "B".into(),
            item_size: 1,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
        }
    }

    #[test]
    fn orders() {
        let layout = layout(&[2, 3], &[3, 1]);
        assert_eq!(offsets(&layout, true), [0, 1, 2, 3, 4, 5]);
        assert_eq!(offsets(&layout, false), [0, 3, 1, 4, 2, 5]);
        assert!(is_c_contiguous(&layout) && !is_f_contiguous(&layout));
    }

    #[test]
    fn gaps_are_not_contiguous() {
        assert!(!is_c_contiguous(&layout(&[3], &[2])));
        assert!(is_c_contiguous(&layout(&[1], &[2])) && is_c_contiguous(&layout(&[0], &[2])));
        assert_eq!(contiguous_strides(&[2, 3, 4], 8), [96, 32, 8]);
    }
}
