//! `_SimpleCData`: one number, character, address or object.

use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::Args;
use typhon_runtime::class::{self, MethodTable};
use typhon_runtime::object::Payload;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, call, classes, text};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value};

use super::argument::Argument;
use super::code::{Code, LETTERS};
use super::data::{self, CData, plain_data};
use super::function::Function;
use super::info::{self, Info, Kind, Words};
use super::meta::{self, metaclass};

metaclass!(
    SimpleType,
    "PyCSimpleType",
    "metatype for the PyCSimpleType Objects"
);

/// The payload of simple types.
#[pyclass(
    name = "_SimpleCData",
    module = "_ctypes",
    base = CData,
    metaclass = SimpleType,
    flags(BASETYPE, IMMUTABLE),
    doc = "XXX to be provided"
)]
#[repr(C)]
pub struct Simple {
    base: CData,
}

plain_data!(Simple);

/// The code that a class's `_type_` names.
fn code_of(cx: &Context, class: &Ref<Type>) -> PyResult<Code> {
    let Some(letter) = meta::find_attribute(cx, class.as_value(), "_type_")? else {
        return Err(cx.attribute_error("class must define a '_type_' attribute"));
    };
    let Some(letter) = letter.downcast::<Str>() else {
        return Err(cx.type_error("class must define a '_type_' string attribute"));
    };
    if letter.len() != 1 {
        return Err(cx.value_error(
            "class must define a '_type_' attribute which must be a string of length 1",
        ));
    }
    let code = u8::try_from(letter.code_point(0)).ok().and_then(Code::new);
    code.ok_or_else(|| {
        cx.attribute_error(format!(
            "class must define a '_type_' attribute which must be\n\
             a single character string containing one of the\n\
             supported types: '{LETTERS}'."
        ))
    })
}

fn information(code: Code) -> Info {
    Info {
        format: code.format(),
        words: Words::of(code.machine()),
        has_pointer: code.is_pointer(),
        ..Info::new(Kind::Simple(code), code.size(), code.alignment())
    }
}

/// The `from_param` of types of addresses.
fn own_from_param(letter: u8) -> Option<&'static MethodTable> {
    match letter {
        b'z' => Some(&CHAR_POINTER),
        b'Z' => Some(&WIDE_POINTER),
        b'P' => Some(&VOID_POINTER),
        _ => None,
    }
}

/// Makes the type of the other byte order, and ties both together.
fn add_swapped(cx: &Context, this: &Value, code: Code, args: Args<'_>) -> PyResult<()> {
    let class = meta::class_of(this);
    let name = Str::from_str(cx, &format!("swapped_{}", class.short_name()))?.into_value();
    let mut values = args.values.to_vec();
    values[0] = name;
    let new = Type::class().slots.new.get();
    let new = new.ok_or_else(|| cx.system_error("type has no constructor"))?;
    let names = args.names;
    let values = &values;
    let swapped = new(cx, SimpleType::class(), Args { values, names })?;
    let swapped_code = Code {
        swapped: true,
        ..code
    };
    info::attach(cx, meta::class_of(&swapped), information(swapped_code))?;
    let (little, big) = if cfg!(target_endian = "little") {
        (this, &swapped)
    } else {
        (&swapped, this)
    };
    for class in [this, &swapped] {
        for (name, value) in [("__ctype_le__", little), ("__ctype_be__", big)] {
            attribute::set(cx, class, Name::intern(cx, name)?, value)?;
        }
    }
    Ok(())
}

#[pymethods]
impl SimpleType {
    #[slot(init)]
    fn init(cx: &Context, this: &Value, args: Args<'_>) -> PyResult<()> {
        meta::initialize_type(cx, this, args)?;
        let class = meta::class_of(this);
        let code = code_of(cx, class)?;
        info::attach(cx, class, information(code))?;
        let is_plain = data::is_plain(class, &data::concrete(cx, class)?);
        if let Some(table) = own_from_param(code.letter).filter(|_| is_plain) {
            class::add_entries(cx, class, table.entries)?;
        }
        if code.can_swap() && class.class_of().is(SimpleType::class()) {
            add_swapped(cx, this, code, args)?;
        }
        Ok(())
    }

    /// Convert a Python object into a function call parameter.
    #[method("from_param(self, value, /)")]
    fn from_param(cx: &Context, this: &Ref<SimpleType>, value: &Value) -> PyResult<Value> {
        simple_from_param(cx, this.as_value(), value)
    }
}

fn simple_from_param(cx: &Context, class: &Value, value: &Value) -> PyResult<Value> {
    if classes::is_instance(cx, value, class)? {
        return Ok(value.clone());
    }
    let info = data::concrete(cx, meta::class_of(class))?;
    let code = info.code().ok_or_else(|| cx.type_error("abstract class"))?;
    match Argument::of_code(cx, code, value) {
        Ok(argument) => Ok(argument),
        Err(Raised) => {
            let exception = cx.take_exception();
            match attribute::find(cx, value, Name::intern(cx, "_as_parameter_")?)? {
                Some(parameter) => cx.nested(" while processing _as_parameter_", || {
                    simple_from_param(cx, class, &parameter)
                }),
                None => {
                    cx.set_exception(exception);
                    Err(Raised)
                }
            }
        }
    }
}

/// What `_as_parameter_` gives to `convert`, or TypeError.
fn parameter_or(
    cx: &Context,
    class: &Value,
    value: &Value,
    convert: fn(&Context, &Value, &Value) -> PyResult<Value>,
    name: &str,
) -> PyResult<Value> {
    match attribute::find(cx, value, Name::intern(cx, "_as_parameter_")?)? {
        Some(parameter) => cx.nested(" while processing _as_parameter_", || {
            convert(cx, class, &parameter)
        }),
        None => Err(cx.type_error(format!(
            "'{}' object cannot be interpreted as ctypes.{name}",
            value.type_name()
        ))),
    }
}

/// Whether a value is an array of, or a pointer to, items with this letter; or a `byref` of such an item.
fn points_to(value: &Value, letter: u8) -> bool {
    if let Some(argument) = value.downcast_exact::<Argument>() {
        let object = argument.object.as_ref();
        let pointed = object.and_then(info::of_instance);
        return argument.tag == b'P' && pointed.is_some_and(|pointed| pointed.letter() == letter);
    }
    info::of_instance(value).is_some_and(|info| {
        meta::instance(value).is_some()
            && matches!(info.kind, Kind::Array | Kind::Pointer)
            && info.item_letter() == letter
    })
}

fn char_from_param(cx: &Context, class: &Value, value: &Value) -> PyResult<Value> {
    if value.is_none() {
        return Ok(Value::NONE);
    }
    if value.downcast::<Bytes>().is_some() {
        return Argument::of_letter(cx, b'z', value);
    }
    if classes::is_instance(cx, value, class)? || points_to(value, b'c') {
        return Ok(value.clone());
    }
    parameter_or(cx, class, value, char_from_param, "c_char_p")
}

fn wide_from_param(cx: &Context, class: &Value, value: &Value) -> PyResult<Value> {
    if value.is_none() {
        return Ok(Value::NONE);
    }
    if value.downcast::<Str>().is_some() {
        return Argument::of_letter(cx, b'Z', value);
    }
    if classes::is_instance(cx, value, class)? || points_to(value, b'u') {
        return Ok(value.clone());
    }
    parameter_or(cx, class, value, wide_from_param, "c_wchar_p")
}

fn void_from_param(cx: &Context, class: &Value, value: &Value) -> PyResult<Value> {
    if value.is_none() {
        return Ok(Value::NONE);
    }
    if int::is_int(value) {
        return Argument::of_letter(cx, b'P', value);
    }
    if value.downcast::<Bytes>().is_some() {
        return Argument::of_letter(cx, b'z', value);
    }
    if value.downcast::<Str>().is_some() {
        return Argument::of_letter(cx, b'Z', value);
    }
    if classes::is_instance(cx, value, class)? {
        return Ok(value.clone());
    }
    if let Some(argument) = value.downcast_exact::<Argument>() {
        if argument.tag == b'P' {
            return Ok(value.clone());
        }
    } else if let Some(instance) = meta::instance(value)
        && let Some(info) = info::of_instance(value)
    {
        match info.kind {
            Kind::Array | Kind::Pointer => return Ok(value.clone()),
            Kind::Function => {
                debug_assert!(value.downcast::<Function>().is_some());
                return Argument::of_address(cx, b'P', instance.word(), value);
            }
            Kind::Simple(code) if matches!(code.letter, b'z' | b'Z') => {
                return Argument::of_address(cx, b'Z', instance.word(), value);
            }
            _ => {}
        }
    }
    parameter_or(cx, class, value, void_from_param, "c_void_p")
}

/// `from_param` of `char *`, `wchar_t *` and `void *`.
struct OwnFromParam;

#[pymethods(table = CHAR_POINTER)]
impl OwnFromParam {
    #[classmethod("from_param(cls, value, /)")]
    fn char_pointer(cx: &Context, class: &Value, value: &Value) -> PyResult<Value> {
        char_from_param(cx, class, value)
    }
}

#[pymethods(table = WIDE_POINTER)]
impl OwnFromParam {
    #[classmethod("from_param(cls, value, /)")]
    fn wide_pointer(cx: &Context, class: &Value, value: &Value) -> PyResult<Value> {
        wide_from_param(cx, class, value)
    }
}

#[pymethods(table = VOID_POINTER)]
impl OwnFromParam {
    #[classmethod("from_param(cls, value, /)")]
    fn void_pointer(cx: &Context, class: &Value, value: &Value) -> PyResult<Value> {
        void_from_param(cx, class, value)
    }
}

impl Simple {
    fn code(cx: &Context, this: &Ref<Simple>) -> PyResult<Code> {
        let info = data::concrete(cx, this.class_of())?;
        info.code().ok_or_else(|| cx.type_error("abstract class"))
    }

    fn store(cx: &Context, this: &Ref<Simple>, value: &Value) -> PyResult<()> {
        let code = Simple::code(cx, this)?;
        let memory = data::of(this.as_value());
        // SAFETY: an instance's memory has room for a value.
        unsafe { data::store_simple(cx, memory, code, (memory.address(), 0), value) }
    }
}

#[pymethods]
impl Simple {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        data::new(cx, class)
    }

    #[slot(init)]
    fn init(cx: &Context, this: &Ref<Simple>, args: Args<'_>) -> PyResult<()> {
        match args.positional() {
            [] => Ok(()),
            [value] => Simple::store(cx, this, value),
            more => Err(cx.type_error(format!(
                "__init__ expected at most 1 argument, got {}",
                more.len()
            ))),
        }
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Ref<Simple>) -> PyResult<bool> {
        let bytes = data::of(this.as_value()).bytes();
        Ok(bytes.iter().any(|byte| *byte != 0))
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Ref<Simple>) -> PyResult<Value> {
        let class = this.class_of();
        let name = class.short_name();
        let is_plain = data::is_plain(class, &data::concrete(cx, class)?);
        let shown = if is_plain {
            let value = Simple::value(cx, this)?;
            format!("{name}({})", text::repr_text(cx, &value)?)
        } else {
            format!("<{name} object at {:p}>", this.as_ptr())
        };
        Str::from_str(cx, &shown).map(Ref::into_value)
    }

    /// current value
    #[getter]
    fn value(cx: &Context, this: &Ref<Simple>) -> PyResult<Value> {
        let code = Simple::code(cx, this)?;
        let memory = data::of(this.as_value());
        // SAFETY: an instance's memory has a value.
        unsafe { data::load(cx, memory, code, memory.address()) }
    }

    #[setter]
    fn set_value(cx: &Context, this: &Ref<Simple>, value: Option<&Value>) -> PyResult<()> {
        match value {
            Some(value) => Simple::store(cx, this, value),
            None => Err(cx.type_error("can't delete attribute")),
        }
    }

    #[method("__ctypes_from_outparam__(self, /)")]
    fn from_outparam(cx: &Context, this: &Ref<Simple>) -> PyResult<Value> {
        let class = this.class_of();
        if data::is_plain(class, &data::concrete(cx, class)?) {
            Simple::value(cx, this)
        } else {
            Ok(this.to_value())
        }
    }
}

/// The value of an out parameter.
///
/// # Errors
/// What the method raises.
pub fn from_outparam(cx: &Context, value: &Value) -> PyResult<Value> {
    call::call_method(
        cx,
        value,
        Name::intern(cx, "__ctypes_from_outparam__")?,
        &[],
    )
}
