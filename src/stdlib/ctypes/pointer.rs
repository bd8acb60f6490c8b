//! `_Pointer`: the address of an instance, or of the first of many.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::int;
use typhon_runtime::objects::slice::Slice;
use typhon_runtime::objects::str_::Name;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, classes, index};
use typhon_runtime::{Context, PyResult, Ref, Value};

use super::argument::Argument;
use super::array::Items;
use super::data::{self, CData, Source, plain_data};
use super::info::{self, Info, Kind, Words};
use super::memory;
use super::meta::{self, metaclass};

metaclass!(
    PointerType,
    "PyCPointerType",
    "metatype for the Pointer Objects"
);

/// The payload of pointers.
#[pyclass(
    name = "_Pointer",
    module = "_ctypes",
    base = CData,
    metaclass = PointerType,
    flags(BASETYPE, IMMUTABLE),
    doc = "XXX to be provided"
)]
#[repr(C)]
pub struct Pointer {
    base: CData,
}

plain_data!(Pointer);

/// The format of PEP 3118 of pointers to instances.
fn format_to(item: &Info) -> String {
    let inner = if item.format.is_empty() {
        "X"
    } else {
        &item.format
    };
    if item.shape.is_empty() {
        return format!("&{inner}");
    }
    let lengths: Vec<String> = item.shape.iter().map(isize::to_string).collect();
    format!("&({}){inner}", lengths.join(","))
}

/// What there is to know of pointers to `item`.
fn information(cx: &Context, item: Option<&Value>) -> PyResult<Info> {
    let size = size_of::<usize>();
    let mut info = Info {
        length: 1,
        words: Words::pointer(),
        has_pointer: true,
        ..Info::new(Kind::Pointer, size, size)
    };
    if let Some(item) = item {
        let Some(class) = item.downcast::<Type>() else {
            return Err(cx.type_error("_type_ must be a type"));
        };
        let Some(item) = info::find(class) else {
            return Err(meta::no_storage(cx, item));
        };
        info.format = format_to(&item);
        info.item = Some(class.clone());
    }
    Ok(info)
}

/// The class of pointers of `item` is this one, unless there is another.
fn announce(item: Option<&Value>, class: &Value) {
    if let Some(info) = item.and_then(info::find_value)
        && info.pointer_type().is_none()
    {
        info.set_pointer_type(Some(class.clone()));
    }
}

#[pymethods]
impl PointerType {
    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        meta::initialize_type(cx, this, args)?;
        let class = meta::class_of(this);
        let item = meta::own_attribute(cx, class, "_type_")?;
        info::attach(cx, class, information(cx, item.as_ref())?)?;
        announce(item.as_ref(), this);
        Ok(())
    }

    #[method("set_type(self, type, /)")]
    fn set_type(cx: &Context, this: &Ref<PointerType>, r#type: &Value) -> PyResult<()> {
        let class = meta::class_of(this.as_value());
        let old = data::concrete(cx, class)?;
        let new = information(cx, Some(r#type))?;
        new.set_pointer_type(old.pointer_type());
        info::exchange(cx, class, new)?;
        attribute::set(cx, this.as_value(), Name::intern(cx, "_type_")?, r#type)?;
        announce(Some(r#type), this.as_value());
        Ok(())
    }

    /// Convert a Python object into a function call parameter.
    #[method("from_param(self, value, /)")]
    fn from_param(cx: &Context, this: &Ref<PointerType>, value: &Value) -> PyResult<Value> {
        if value.is_none() {
            return Ok(Value::NONE);
        }
        let class = meta::class_of(this.as_value());
        let info = data::concrete(cx, class)?;
        if let Some(item) = &info.item {
            // What pointers point to is passed by reference.
            if classes::is_instance(cx, value, item.as_value())?
                && let Some(instance) = meta::instance(value)
            {
                let address = instance.address() as usize;
                return Argument::of_address(cx, b'P', address, value);
            }
            let own = info::of_instance(value).filter(|_| meta::instance(value).is_some());
            if let Some(own) = own
                && matches!(own.kind, Kind::Pointer | Kind::Array)
                && let Some(pointed) = &own.item
                && classes::is_subclass(cx, pointed.as_value(), item.as_value())?
            {
                return Ok(value.clone());
            }
        }
        meta::from_param(cx, this.as_value(), value)
    }
}

impl Pointer {
    /// What is behind the pointer.
    fn items<'a>(cx: &Context, this: &'a Ref<Pointer>) -> PyResult<Items<'a>> {
        let owner = data::of(this.as_value());
        let address = owner.word();
        if address == 0 {
            return Err(cx.value_error("NULL pointer access"));
        }
        let info = data::concrete(cx, this.class_of())?;
        let (Some(class), Some(item)) = (&info.item, info.item.as_ref().and_then(info::find))
        else {
            return Err(cx.type_error("abstract class"));
        };
        Ok(Items {
            owner,
            class: class.clone(),
            size: item.size,
            letter: item.letter(),
            start: address as *mut u8,
        })
    }

    fn point_to(cx: &Context, this: &Ref<Pointer>, value: Option<&Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.type_error("Pointer does not support item deletion"));
        };
        let info = data::concrete(cx, this.class_of())?;
        let Some(item) = &info.item else {
            return Err(cx.type_error("Cannot create instance: has no _type_"));
        };
        // What has memory is taken, whatever its class.
        let Some(target) = meta::instance(value) else {
            return Err(cx.type_error(format!(
                "expected {} instead of {}",
                item.short_name(),
                value.type_name()
            )));
        };
        let own = data::of(this.as_value());
        data::keep_and(cx, own, 1, value.clone(), || {
            // SAFETY: a pointer's memory is a word.
            unsafe { memory::write_word(own.address(), target.address() as usize) }
        })?;
        let (_, objects) = data::kept(cx, target)?;
        data::keep(cx, own, 0, objects)
    }
}

/// A bound of a slice, if it is given.
fn bound(cx: &Context, value: &Value) -> PyResult<Option<isize>> {
    if value.is_none() {
        return Ok(None);
    }
    index::as_index(cx, value).map(Some)
}

/// The indices that a slice means: there is no length to count from.
fn indices(cx: &Context, slice: &Slice) -> PyResult<impl Iterator<Item = isize> + use<>> {
    let step = bound(cx, &slice.step)?.unwrap_or(1);
    if step == 0 {
        return Err(cx.value_error("slice step cannot be zero"));
    }
    let start = match bound(cx, &slice.start)? {
        Some(start) => start,
        None if step < 0 => return Err(cx.value_error("slice start is required for step < 0")),
        None => 0,
    };
    let Some(stop) = bound(cx, &slice.stop)? else {
        return Err(cx.value_error("slice stop is required"));
    };
    let distance = if step > 0 {
        stop.saturating_sub(start)
    } else {
        start.saturating_sub(stop)
    };
    let count = usize::try_from(distance).map_or(0, |far| far.div_ceil(step.unsigned_abs()));
    Ok((0..count as isize).map(move |nth| start + nth * step))
}

#[pymethods]
impl Pointer {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        let has_item = info::find(class).is_some_and(|info| info.item.is_some());
        if !has_item {
            return Err(cx.type_error("Cannot create instance: has no _type_"));
        }
        data::new(cx, class)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Pointer>, args: Args<'_>) -> PyResult<()> {
        match args.positional() {
            [] => Ok(()),
            [value] => Pointer::point_to(cx, this, Some(value)),
            more => Err(cx.type_error(format!(
                "POINTER expected at most 1 argument, got {}",
                more.len()
            ))),
        }
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Ref<Pointer>) -> PyResult<bool> {
        Ok(data::of(this.as_value()).word() != 0)
    }

    #[slot(item)]
    fn item(cx: &Context, this: &Ref<Pointer>, at: isize) -> PyResult<Value> {
        let items = Pointer::items(cx, this)?;
        // SAFETY: what the program says is there.
        unsafe { items.get(cx, at) }
    }

    #[slot(subscript)]
    fn subscript(cx: &Context, this: &Ref<Pointer>, key: &Value) -> PyResult<Value> {
        if let Some(slice) = key.downcast::<Slice>() {
            let indices = indices(cx, slice)?;
            let items = Pointer::items(cx, this)?;
            // SAFETY: what the program says is there.
            return unsafe { items.collect(cx, indices) };
        }
        if !int::is_int(key) && key.class().slots.index.get().is_none() {
            return Err(cx.type_error("Pointer indices must be integer"));
        }
        Pointer::item(cx, this, index::as_index(cx, key)?)
    }

    #[slot(assign_subscript)]
    fn assign_subscript(
        cx: &Context,
        this: &Ref<Pointer>,
        key: &Value,
        value: Option<&Value>,
    ) -> PyResult<()> {
        let Some(value) = value else {
            return Err(cx.type_error("Pointer does not support item deletion"));
        };
        let at = index::as_index(cx, key)?;
        let items = Pointer::items(cx, this)?;
        // SAFETY: what the program says is there.
        unsafe { items.set(cx, at, value) }
    }

    /// the object this pointer points to (read-write)
    #[getter]
    fn contents(cx: &Context, this: &Ref<Pointer>) -> PyResult<Value> {
        let items = Pointer::items(cx, this)?;
        let source = Source::Base(items.owner, 0, items.start);
        // SAFETY: what the program says is there.
        unsafe { data::instantiate(cx, &items.class, source) }.map(Ref::into_value)
    }

    #[setter]
    fn set_contents(cx: &Context, this: &Ref<Pointer>, value: Option<&Value>) -> PyResult<()> {
        Pointer::point_to(cx, this, value)
    }
}

/// For `cast`: whether instances of a class are addresses.
pub fn is_address(info: &Info) -> bool {
    match info.kind {
        Kind::Pointer | Kind::Function => true,
        Kind::Simple(code) => matches!(code.letter, b'z' | b'P' | b'Z' | b'O'),
        _ => false,
    }
}

/// `cast`: an address as an instance of another class, which keeps alive what `source` keeps.
///
/// # Errors
/// TypeError when the class is not one of addresses.
pub fn cast(cx: &Context, address: usize, source: &Value, class: &Value) -> PyResult<Value> {
    let info = info::find_value(class).filter(|info| is_address(info));
    if info.is_none() {
        let name = match class.downcast::<Type>() {
            Some(class) => class.short_name(),
            None => class.type_name(),
        };
        return Err(cx.type_error(format!(
            "cast() argument 2 must be a pointer type, not {name}"
        )));
    }
    let made = call::call(cx, class, &[])?;
    let Some(result) = meta::instance(&made) else {
        return Err(cx.type_error("abstract class"));
    };
    if let Some(source_data) = meta::instance(source) {
        let (container, objects) = data::kept(cx, source_data)?;
        let shared = match objects.downcast_exact::<Dict>() {
            Some(objects) => {
                let key = data::address_value(cx, source.bits() as usize)?;
                objects.set_item(cx, &key, source.clone())?;
                objects.to_value()
            }
            // One object, or none: with the source beside it.
            None => objects,
        };
        drop(container);
        if !shared.is_none() {
            result.set_objects(shared);
        }
    }
    // SAFETY: instances of classes of addresses are a word.
    unsafe { memory::write_word(result.address(), address) };
    Ok(made)
}
