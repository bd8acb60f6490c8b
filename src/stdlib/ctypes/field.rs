//! `CField`: the descriptor of a field of a structure or a union.

use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::object::{self, Traverse};
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{index, text};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::data::{self, Access, CData, Part};
use super::info::{self, Info, Kind};
use crate::arguments::{bind, given, signature, unless_none};

/// The payload of fields.
#[pyclass(
    name = "CField",
    module = "_ctypes",
    flags(IMMUTABLE),
    doc = "Structure/Union member"
)]
pub struct CField {
    name: Ref<Str>,
    /// The class of values.
    pub class: Ref<Type>,
    access: Access,
    /// Where it begins.
    pub offset: usize,
    size: usize,
    /// The how-manieth it is.
    pub index: isize,
    is_anonymous: AtomicBool,
}

impl Traverse for CField {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(self.name.as_value());
        visit(self.class.as_value());
    }
}

/// How values of a field of this class are had, that is no bit field.
fn plain_access(info: &Info) -> Access {
    match (info.kind, info.item_letter()) {
        (Kind::Array, b'c') => Access::Bytes,
        (Kind::Array, b'u') => Access::Wide,
        _ => Access::Plain,
    }
}

impl CField {
    /// The name, to set the class's attribute.
    ///
    /// # Errors
    /// MemoryError.
    pub fn name(&self, _cx: &Context) -> PyResult<Name> {
        Ok(Name::from_string(&self.name))
    }

    /// The same field of an outer class.
    ///
    /// # Errors
    /// MemoryError.
    pub fn lifted(
        cx: &Context,
        field: &Ref<CField>,
        index: isize,
        offset: usize,
    ) -> PyResult<Ref<CField>> {
        let lifted = CField {
            name: field.name.clone(),
            class: field.class.clone(),
            access: field.access,
            offset,
            size: field.size,
            index,
            is_anonymous: AtomicBool::new(false),
        };
        object::new(cx, lifted)
    }

    pub fn set_anonymous(&self) {
        self.is_anonymous.store(true, Ordering::Relaxed);
    }

    pub fn is_anonymous(&self) -> bool {
        self.is_anonymous.load(Ordering::Relaxed)
    }

    /// Offset and width of a bit field.
    fn bits(&self) -> Option<(u32, u32)> {
        match self.access {
            Access::Bits { offset, width, .. } => Some((offset, width)),
            _ => None,
        }
    }

    fn part(&self, this: &Ref<CData>) -> Part<'_> {
        Part {
            class: &self.class,
            access: self.access,
            index: self.index,
            address: this.address().wrapping_add(self.offset),
            size: self.size,
        }
    }

    /// The instance that the descriptor is used on.
    fn instance<'a>(&self, cx: &Context, this: &'a Value) -> PyResult<&'a Ref<CData>> {
        let instance = this.downcast::<CData>();
        let instance = instance.ok_or_else(|| cx.type_error("not a ctype instance"))?;
        if instance.size() < self.offset.saturating_add(self.size) {
            return Err(cx.type_error("not a ctype instance"));
        }
        Ok(instance)
    }
}

/// A number of the constructor.
fn number(cx: &Context, value: Option<&Value>, name: &str) -> PyResult<usize> {
    let number = index::as_index(cx, given(value))?;
    usize::try_from(number).map_err(|_| {
        cx.value_error(format!(
            "{name} of field must not be negative, got {number}"
        ))
    })
}

#[pymethods]
impl CField {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!(
            "CField",
            0,
            [name, type, byte_size, byte_offset, index],
            [_internal_use, bit_size = (), bit_offset = ()]
        );
        let [
            name,
            item,
            byte_size,
            byte_offset,
            index_value,
            _,
            bit_size,
            bit_offset,
        ] = bind(cx, signature, args)?;
        let name = given(name);
        let Some(name) = name.downcast::<Str>() else {
            return Err(cx.type_error(format!(
                "CField() argument 'name' must be str, not {}",
                name.type_name()
            )));
        };
        let shown = || text::repr_text(cx, name.as_value());
        let item = given(item);
        let (Some(item), Some(info)) = (item.downcast::<Type>(), info::find_value(item)) else {
            return Err(cx.type_error(format!("type of field {} must be a C type", shown()?)));
        };
        let size = number(cx, byte_size, "size")?;
        let offset = number(cx, byte_offset, "offset")?;
        let at = index::as_index(cx, given(index_value))?;
        if size != info.size {
            return Err(cx.value_error(format!(
                "byte size of field {} ({size}) does not match type size ({})",
                shown()?,
                info.size
            )));
        }
        let mut access = plain_access(&info);
        if let Some(width) = unless_none(bit_size) {
            let code = info.code().filter(|code| code.bits().is_some());
            let Some(code) = code else {
                let class = item.short_name();
                return Err(cx.type_error(format!("bit fields not allowed for type {class}")));
            };
            let width = number(cx, Some(width), "bit_size")?;
            let bit_offset = match unless_none(bit_offset) {
                Some(offset) => number(cx, Some(offset), "bit_offset")?,
                None => 0,
            };
            if width == 0 {
                return Err(cx.value_error(format!(
                    "bit size of field {} out of range, got 0",
                    shown()?
                )));
            }
            if bit_offset.saturating_add(width) > 8 * size {
                return Err(cx.value_error(format!(
                    "bit field {} overflows its type ({bit_offset} + {width} > {})",
                    shown()?,
                    8 * size
                )));
            }
            access = Access::Bits {
                code,
                offset: bit_offset as u32,
                width: width as u32,
            };
        }
        let field = CField {
            name: Name::from_string(name).clone_ref(),
            class: item.clone(),
            access,
            offset,
            size,
            index: at,
            is_anonymous: AtomicBool::new(false),
        };
        object::new_of_class(cx, class, field).map(Ref::into_value)
    }

    #[slot(descriptor_get)]
    fn descriptor_get(
        cx: &Context,
        this: &Ref<CField>,
        instance: Option<&Value>,
        _owner: Option<&Value>,
    ) -> PyResult<Value> {
        let Some(instance) = instance else {
            return Ok(this.to_value());
        };
        let instance = this.instance(cx, instance)?;
        // SAFETY: in bounds of the instance.
        unsafe { data::get(cx, instance, &this.part(instance)) }
    }

    #[slot(descriptor_set)]
    fn descriptor_set(
        cx: &Context,
        this: &Ref<CField>,
        instance: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let instance = this.instance(cx, instance)?;
        let Some(value) = value else {
            return Err(cx.type_error("can't delete attribute"));
        };
        // SAFETY: in bounds of the instance.
        unsafe { data::set(cx, instance, &this.part(instance), value) }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<CField>) -> PyResult<Value> {
        let (name, offset) = (text::repr_text(cx, this.name.as_value())?, this.offset);
        let class = this.class.short_name();
        let size = match this.bits() {
            Some((at, width)) => format!("bit_size={width}, bit_offset={at}"),
            None => format!("size={}", this.size),
        };
        let shown = format!("<ctypes.CField {name} type={class}, ofs={offset}, {size}>");
        Str::from_str(cx, &shown).map(Ref::into_value)
    }

    /// name of this field
    #[getter("name")]
    fn name_attribute(_cx: &Context, this: &Ref<CField>) -> PyResult<Ref<Str>> {
        Ok(this.name.clone())
    }

    /// type of this field
    #[getter]
    fn r#type(_cx: &Context, this: &Ref<CField>) -> PyResult<Value> {
        Ok(this.class.to_value())
    }

    /// offset in bytes of this field (same as byte_offset)
    #[getter("offset")]
    fn offset_attribute(_cx: &Context, this: &Ref<CField>) -> PyResult<usize> {
        Ok(this.offset)
    }

    /// offset in bytes of this field. For bitfields: excludes bit_offset.
    #[getter]
    fn byte_offset(_cx: &Context, this: &Ref<CField>) -> PyResult<usize> {
        Ok(this.offset)
    }

    /// size of this field in bytes
    #[getter]
    fn byte_size(_cx: &Context, this: &Ref<CField>) -> PyResult<usize> {
        Ok(this.size)
    }

    /// size in bytes of this field. For bitfields, this is a legacy packed value; use byte_size instead
    #[getter("size")]
    fn size_attribute(_cx: &Context, this: &Ref<CField>) -> PyResult<usize> {
        Ok(match this.bits() {
            Some((at, width)) => (width << 16 | at) as usize,
            None => this.size,
        })
    }

    /// size of this field in bits
    #[getter]
    fn bit_size(_cx: &Context, this: &Ref<CField>) -> PyResult<i128> {
        Ok(match this.bits() {
            Some((_, width)) => width.into(),
            None => 8 * this.size as i128,
        })
    }

    /// additional offset in bits (relative to byte_offset); zero for non-bitfields
    #[getter]
    fn bit_offset(_cx: &Context, this: &Ref<CField>) -> PyResult<u32> {
        Ok(this.bits().map_or(0, |(at, _)| at))
    }

    /// true if this is a bitfield
    #[getter]
    fn is_bitfield(_cx: &Context, this: &Ref<CField>) -> PyResult<bool> {
        Ok(this.bits().is_some())
    }

    /// true if this field is anonymous
    #[getter("is_anonymous")]
    fn is_anonymous_attribute(_cx: &Context, this: &Ref<CField>) -> PyResult<bool> {
        Ok(this.is_anonymous())
    }
}
