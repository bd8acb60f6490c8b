//! Python objects as SQLite's values and back: the five types that SQLite has, adapters for others,
//! converters by the declared type of a column.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use typhon_macros::{pyclass, pyfunction, pymethods};
use typhon_runtime::args::{Args, Maybe};
use typhon_runtime::class::class_of;
use typhon_runtime::codec;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::float::{self, Float};
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::{attribute, buffer, call};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, object};

use super::errors;
use super::library::Datum;
use crate::bytes_like::BytesLike;

/// The protocol of objects that can be stored.
#[pyclass(
    name = "PrepareProtocol",
    module = "sqlite3",
    plain,
    flags(BASETYPE),
    doc = "PEP 246 style object adaption protocol type."
)]
pub struct PrepareProtocol;

#[pymethods]
impl PrepareProtocol {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, _args: Args<'_>) -> PyResult<Value> {
        object::new_of_class(cx, class, PrepareProtocol).map(Ref::into_value)
    }

    #[slot(init)]
    fn init(_cx: &Context, _this: &Value, _args: Args<'_>) -> PyResult<()> {
        Ok(())
    }
}

static ADAPTERS: OnceLock<Ref<Dict>> = OnceLock::new();
static CONVERTERS: OnceLock<Ref<Dict>> = OnceLock::new();

/// Whether anyone has registered an adapter for a type that SQLite has itself.
static ADAPTS_PLAIN: AtomicBool = AtomicBool::new(false);

fn table(cx: &Context, table: &'static OnceLock<Ref<Dict>>) -> PyResult<&'static Ref<Dict>> {
    if let Some(table) = table.get() {
        return Ok(table);
    }
    let made = Dict::new(cx)?;
    Ok(table.get_or_init(|| made))
}

/// Adapters by type and protocol.
pub fn adapters(cx: &Context) -> PyResult<&'static Ref<Dict>> {
    table(cx, &ADAPTERS)
}

/// Converters by the name of a type, in capitals.
pub fn converters(cx: &Context) -> PyResult<&'static Ref<Dict>> {
    table(cx, &CONVERTERS)
}

/// Register a function to adapt Python objects to SQLite values.
#[pyfunction("register_adapter(type, adapter, /)")]
pub fn register_adapter(cx: &Context, class: &Value, adapter: &Value) -> PyResult<()> {
    let plain = [
        int::BigInteger::class(),
        Float::class(),
        Str::class(),
        ByteArray::class(),
    ];
    if plain.iter().any(|plain| class.is(plain.as_value())) {
        ADAPTS_PLAIN.store(true, Ordering::Relaxed);
    }
    let protocol = class_of::<PrepareProtocol>(cx)?.to_value();
    let key = Tuple::from_vec(cx, vec![class.clone(), protocol])?;
    adapters(cx)?.set_item(cx, key.as_value(), adapter.clone())
}

/// Register a function to convert SQLite values to Python objects.
#[pyfunction("register_converter(typename, converter, /)")]
pub fn register_converter(cx: &Context, typename: &Ref<Str>, converter: &Value) -> PyResult<()> {
    let key = Str::from_str(cx, &typename.to_lossy().to_uppercase())?;
    converters(cx)?.set_item(cx, key.as_value(), converter.clone())
}

/// The converter of a type's name.
pub fn converter(cx: &Context, name: &str) -> PyResult<Option<Value>> {
    let key = Str::from_str(cx, &name.to_uppercase())?;
    converters(cx)?.get_item(cx, key.as_value())
}

/// Adapt given object to given protocol.
#[pyfunction("adapt(obj, proto=PrepareProtocolType, alt=<unrepresentable>, /)")]
pub fn adapt(
    cx: &Context,
    obj: &Value,
    proto: Maybe<&Value>,
    alt: Maybe<&Value>,
) -> PyResult<Value> {
    let protocol = match proto.0 {
        Some(protocol) => protocol.clone(),
        None => class_of::<PrepareProtocol>(cx)?.to_value(),
    };
    match adapted(cx, obj, &protocol)? {
        Some(adapted) => Ok(adapted),
        None => match alt.0 {
            Some(other) => Ok(other.clone()),
            None => Err(errors::programming(cx, "can't adapt")),
        },
    }
}

/// What an object is in a protocol, if anything tells.
fn adapted(cx: &Context, object: &Value, protocol: &Value) -> PyResult<Option<Value>> {
    let key = Tuple::from_vec(cx, vec![object.class().to_value(), protocol.clone()])?;
    if let Some(adapter) = adapters(cx)?.get_item(cx, key.as_value())? {
        return call::call(cx, &adapter, std::slice::from_ref(object)).map(Some);
    }
    for (asked, name, argument) in [
        (protocol, "__adapt__", object),
        (object, "__conform__", protocol),
    ] {
        let Some(method) = attribute::find(cx, asked, Name::intern(cx, name)?)? else {
            continue;
        };
        match call::call(cx, &method, std::slice::from_ref(argument)) {
            Ok(answer) if !answer.is_none() => return Ok(Some(answer)),
            Ok(_) => {}
            Err(Raised)
                if cx.exception_matches(typhon_runtime::objects::exceptions::type_error()) =>
            {
                cx.clear_exception();
            }
            Err(Raised) => return Err(Raised),
        }
    }
    Ok(None)
}

/// Whether SQLite has the type itself, so that no adapter is looked for.
fn is_plain(value: &Value) -> bool {
    value.is_none()
        || value.as_small_int().is_some()
        || value.is_exact::<int::BigInteger>()
        || value.is_exact::<Str>()
        || value.is_exact::<ByteArray>()
        || (float::exact(value).is_some() && value.class().is(Float::class()))
}

/// A parameter of a statement, adapted if need be. `None`: there is no such value in SQLite.
pub fn parameter(cx: &Context, value: &Value) -> PyResult<Option<Datum>> {
    if is_plain(value) && !ADAPTS_PLAIN.load(Ordering::Relaxed) {
        return datum(cx, value);
    }
    let protocol = class_of::<PrepareProtocol>(cx)?.to_value();
    match adapted(cx, value, &protocol)? {
        Some(adapted) => datum(cx, &adapted),
        None => datum(cx, value),
    }
}

/// A Python object as a value of SQLite.
pub fn datum(cx: &Context, value: &Value) -> PyResult<Option<Datum>> {
    if value.is_none() {
        return Ok(Some(Datum::Null));
    }
    if let Some(number) = int::as_bigint(value) {
        return match i64::try_from(number.as_ref()) {
            Ok(number) => Ok(Some(Datum::Integer(number))),
            Err(_) => Err(cx.overflow_error("Python int too large to convert to SQLite INTEGER")),
        };
    }
    if let Some(number) = float::exact(value) {
        return Ok(Some(Datum::Real(number)));
    }
    if let Some(text) = value.downcast::<Str>() {
        return codec::encode(cx, text, "utf-8", "strict").map(|bytes| Some(Datum::Text(bytes)));
    }
    match buffer::find_buffer(cx, value)? {
        Some(buffer) => {
            let bytes = BytesLike::from_buffer(cx, buffer)?;
            Ok(Some(Datum::Blob(bytes.bytes().to_vec())))
        }
        None => Ok(None),
    }
}

/// A value of SQLite as a Python object. Text that is not UTF-8 is an error.
pub fn value(cx: &Context, datum: &Datum) -> PyResult<Value> {
    match datum {
        Datum::Null => Ok(Value::NONE),
        Datum::Integer(number) => int::from_i64(cx, *number),
        Datum::Real(number) => float::from_f64(cx, *number),
        Datum::Text(bytes) => codec::decode(cx, bytes, "utf-8", "strict").map(Ref::into_value),
        Datum::Blob(bytes) => Bytes::from_slice(cx, bytes).map(Ref::into_value),
    }
}
