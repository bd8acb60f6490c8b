//! `CType_Type`: what all metaclasses of C types share. Each of the metaclasses is beside its class.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::buffer::Buffer;
use typhon_runtime::object::{Payload, Traverse};
use typhon_runtime::objects::memoryview::MemoryView;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{exceptions, int};
use typhon_runtime::protocols::{attribute, buffer, classes, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, audit};

use super::argument::Argument;
use super::data::{self, CData, Source};
use super::{array, code, info, library};
use crate::bytes_like;

/// The payload of C types: that of `type`.
#[pyclass(name = "CType_Type", module = "_ctypes", base = Type, flags(BASETYPE, IMMUTABLE))]
#[repr(C)]
pub struct CType {
    base: Type,
}

/// A metaclass: `metaclass!(Name, "PyName", "doc")`. The constructor and the rest of `type` are inherited.
macro_rules! metaclass {
    ($name:ident, $python_name:literal, $doc:literal) => {
        #[doc = concat!("The payload of classes of `", $python_name, "`.")]
        #[typhon_macros::pyclass(
                                                            name = $python_name,
                                                            module = "_ctypes",
                                                            base = $crate::ctypes::meta::CType,
                                                            flags(BASETYPE, IMMUTABLE),
                                                            doc = $doc
                                                        )]
        #[repr(C)]
        pub struct $name {
            base: $crate::ctypes::meta::CType,
        }

        impl typhon_runtime::object::Traverse for $name {
            fn traverse(&self, visit: &mut dyn FnMut(&typhon_runtime::Value)) {
                self.base.traverse(visit);
            }
        }
    };
}
pub(super) use metaclass;

impl Traverse for CType {
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.base.traverse(visit);
    }
}

/// A class as `type` has it.
pub fn class_of(this: &Value) -> &Ref<Type> {
    typhon_runtime::args::payload::<Type>(this)
}

/// An attribute of the class's own, or one that a base has.
///
/// # Errors
/// What look-up raises.
pub fn find_attribute(cx: &Context, class: &Value, name: &str) -> PyResult<Option<Value>> {
    attribute::find(cx, class, Name::intern(cx, name)?)
}

/// An attribute of the class's own.
///
/// # Errors
/// MemoryError.
pub fn own_attribute(cx: &Context, class: &Ref<Type>, name: &str) -> PyResult<Option<Value>> {
    class.dict.get_name(cx, Name::intern(cx, name)?)
}

/// `type.__init__`, which every metaclass's calls.
///
/// # Errors
/// TypeError.
pub fn initialize_type(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
    match Type::class().slots.init.get() {
        Some(initialize) => initialize(cx, this, args),
        None => Ok(()),
    }
}

/// `from_param` of most types: an instance, a `byref` of one, or what `_as_parameter_` gives.
///
/// # Errors
/// TypeError for anything else.
pub fn from_param(cx: &Context, class: &Value, value: &Value) -> PyResult<Value> {
    if classes::is_instance(cx, value, class)? {
        return Ok(value.clone());
    }
    let name = class_of(class).short_name();
    if let Some(argument) = value.downcast_exact::<Argument>() {
        let pointed = info::find(class_of(class)).and_then(|info| info.item.clone());
        if let (Some(object), Some(pointed)) = (&argument.object, pointed)
            && classes::is_instance(cx, object, pointed.as_value())?
        {
            return Ok(value.clone());
        }
        let other = match &argument.object {
            Some(object) => object.type_name(),
            None => String::new(),
        };
        return Err(cx.type_error(format!(
            "expected {name} instance instead of pointer to {other}"
        )));
    }
    if let Some(parameter) = attribute::find(cx, value, Name::intern(cx, "_as_parameter_")?)? {
        return cx.nested(" while processing _as_parameter_", || {
            from_param(cx, class, &parameter)
        });
    }
    Err(cx.type_error(format!(
        "expected {name} instance instead of {}",
        value.type_name()
    )))
}

/// The bytes of any object, the view that holds them, and where an instance of the class begins in them.
fn bytes_for(
    cx: &Context,
    class: &Ref<Type>,
    object: &Value,
    offset: Maybe<isize>,
    written: bool,
) -> PyResult<(Buffer, Ref<MemoryView>, usize)> {
    let info = data::concrete(cx, class)?;
    let view = MemoryView::new(cx, object)?;
    let buffer = match buffer::get_buffer(cx, view.as_value()) {
        Err(Raised) if written => {
            // A view with gaps is no run of bytes.
            drop(cx.catch(exceptions::buffer_error())?);
            None
        }
        buffer => Some(buffer?),
    };
    let buffer = buffer.filter(bytes_like::is_contiguous);
    let buffer = buffer.ok_or_else(|| cx.type_error("underlying buffer is not C contiguous"))?;
    if written && buffer.read_only {
        return Err(cx.type_error("underlying buffer is not writable"));
    }
    let Ok(offset) = usize::try_from(offset.0.unwrap_or(0)) else {
        return Err(cx.value_error("offset cannot be negative"));
    };
    if buffer.length < offset || buffer.length - offset < info.size {
        return Err(cx.value_error(format!(
            "Buffer size too small ({} instead of at least {} bytes)",
            buffer.length,
            info.size.saturating_add(offset)
        )));
    }
    audit::event(cx, "ctypes.cdata/buffer", || {
        let numbers = [buffer.start as usize, buffer.length, offset];
        let values = numbers.iter();
        values
            .map(|number| data::address_value(cx, *number))
            .collect()
    })?;
    Ok((buffer, view, offset))
}

/// The address of a symbol in a library that Python has opened.
fn symbol_of(cx: &Context, dll: &Value, name: &str) -> PyResult<usize> {
    let handle = attribute::get(cx, dll, Name::intern(cx, "_handle")?)?;
    if !int::is_int(&handle) {
        return Err(
            cx.type_error("the _handle attribute of the second argument must be an integer")
        );
    }
    let handle = code::wrapped(cx, &handle)? as usize;
    library::symbol(cx, handle, name, "symbol")?.map_err(|message| cx.value_error(message))
}

#[pymethods]
impl CType {
    #[slot(repeat)]
    fn repeat(cx: &Context, this: &Value, length: isize) -> PyResult<Value> {
        if length < 0 {
            return Err(cx.value_error(format!("Array length must be >= 0, not {length}")));
        }
        array::class_of(cx, class_of(this), length as usize)
    }

    /// Convert a Python object into a function call parameter.
    #[method("from_param(self, value, /)")]
    fn method_from_param(cx: &Context, this: &Ref<CType>, value: &Value) -> PyResult<Value> {
        from_param(cx, this.as_value(), value)
    }

    /// C.from_address(integer) -> C instance
    ///
    /// Access a C instance at the specified address.
    #[method("from_address(self, value, /)")]
    fn from_address(cx: &Context, this: &Ref<CType>, value: &Value) -> PyResult<Value> {
        if !int::is_int(value) {
            return Err(cx.type_error("integer expected"));
        }
        let address = code::wrapped(cx, value)? as usize;
        // SAFETY: what the program says.
        unsafe { data::at_address(cx, class_of(this.as_value()), address) }.map(Ref::into_value)
    }

    /// C.from_buffer(object, offset=0, /) -> C instance
    ///
    /// Create a C instance from a writeable buffer.
    #[method("from_buffer(self, obj, offset=0, /)")]
    fn from_buffer(
        cx: &Context,
        this: &Ref<CType>,
        obj: &Value,
        offset: Maybe<isize>,
    ) -> PyResult<Value> {
        let class = class_of(this.as_value());
        let (buffer, view, offset) = bytes_for(cx, class, obj, offset, true)?;
        // SAFETY: in bounds of the buffer, which the view keeps in place, which the instance keeps.
        let made = unsafe {
            let source = Source::Address(buffer.start.add(offset));
            data::instantiate(cx, class, source)?
        };
        data::keep(cx, &made, -1, view.into_value())?;
        Ok(made.into_value())
    }

    /// C.from_buffer_copy(object, offset=0, /) -> C instance
    ///
    /// Create a C instance from a readable buffer.
    #[method("from_buffer_copy(self, buffer, offset=0, /)")]
    fn from_buffer_copy(
        cx: &Context,
        this: &Ref<CType>,
        buffer: &Value,
        offset: Maybe<isize>,
    ) -> PyResult<Value> {
        let class = class_of(this.as_value());
        let (buffer, _view, offset) = bytes_for(cx, class, buffer, offset, false)?;
        // SAFETY: in bounds of the buffer.
        unsafe { data::instantiate(cx, class, Source::Copy(buffer.start.add(offset))) }
            .map(Ref::into_value)
    }

    /// C.in_dll(dll, name) -> C instance
    ///
    /// Access a C instance in a dll.
    #[method("in_dll(self, dll, name, /)")]
    fn in_dll(cx: &Context, this: &Ref<CType>, dll: &Value, name: String) -> PyResult<Value> {
        let name_value = Str::from_str(cx, &name)?;
        let arguments = || Ok(vec![dll.clone(), name_value.to_value()]);
        audit::event(cx, "ctypes.dlsym", arguments)?;
        let address = symbol_of(cx, dll, &name)?;
        // SAFETY: what the program says is there.
        unsafe { data::at_address(cx, class_of(this.as_value()), address) }.map(Ref::into_value)
    }

    /// pointer type
    #[getter("__pointer_type__")]
    fn pointer_type(cx: &Context, this: &Value) -> PyResult<Value> {
        let Some(info) = info::find(class_of(this)) else {
            return Err(no_storage(cx, this));
        };
        info.pointer_type().ok_or_else(|| {
            let shown = text::repr_text(cx, this).unwrap_or_default();
            cx.attribute_error(format!("{shown} has no attribute '__pointer_type__'"))
        })
    }

    #[setter("__pointer_type__")]
    fn set_pointer_type(cx: &Context, this: &Value, value: Option<&Value>) -> PyResult<()> {
        let Some(info) = info::find(class_of(this)) else {
            return Err(no_storage(cx, this));
        };
        info.set_pointer_type(value.cloned());
        Ok(())
    }

    /// Return memory consumption of the type object.
    #[method("__sizeof__(self, /)")]
    fn sizeof(_cx: &Context, this: &Ref<CType>) -> PyResult<usize> {
        let own = info::find(class_of(this.as_value()));
        let information = own.map_or(0, |own| size_of::<info::Info>() + own.format.len());
        Ok(CType::LAYOUT.size + information)
    }
}

/// TypeError: the class is no C type, or abstract.
#[cold]
pub fn no_storage(cx: &Context, class: &Value) -> Raised {
    let shown = text::repr_text(cx, class).unwrap_or_default();
    cx.type_error(format!("{shown} must have storage info"))
}

/// The instance behind a value.
pub fn instance(value: &Value) -> Option<&Ref<CData>> {
    value.downcast::<CData>()
}
