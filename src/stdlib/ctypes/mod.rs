//! `_ctypes`: C's data and functions from Python.
//!
//! ```text
//!   type ── CType_Type ─┬─ PyCSimpleType   simple.rs      the metaclasses (meta.rs); what they know of their
//!                       ├─ PyCStructType   structure.rs   classes is an `Info` (info.rs)
//!                       ├─ UnionType
//!                       ├─ PyCArrayType    array.rs
//!                       ├─ PyCPointerType  pointer.rs
//!                       └─ PyCFuncPtrType  function.rs
//!   _CData (data.rs) ── _SimpleCData, Structure, Union, Array, _Pointer, CFuncPtr
//! ```
//! `code` and `long_double` are the simple types' values, `memory` reads and writes what they are in, `field`
//! is the descriptor of fields. A call goes through `argument` (what is passed), `parameters` (in and out) and
//! `abi` (registers and stack); a callback comes through `abi` to `callback`. `library` loads, `address` has
//! the functions that Python code calls by address.
//!
//! A program that makes up addresses or types can do anything to the process, as in C. Apart from that, threads
//! may do to these objects what they like: memory is touched by atomic operations, and lives as long as the
//! object or whatever looks into it.

mod abi;
mod address;
mod argument;
mod array;
mod callback;
mod code;
mod data;
mod field;
mod function;
mod info;
mod library;
mod long_double;
mod memory;
mod meta;
mod parameters;
mod pointer;
mod python_api;

mod simple;
mod structure;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::class::class_of;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, Str};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, audit, module};

use crate::exception_class::ExceptionClass;
use argument::Argument;
use array::{Array, ArrayType};
use callback::Thunk;
use data::CData;
use field::CField;
use function::{Function, FunctionType};
use info::Info;
use library::{DLCLOSE, DLOPEN, DLSYM};
use meta::CType;
use pointer::{Pointer, PointerType};
use simple::{Simple, SimpleType};
use structure::{Structure, StructureType, Union, UnionType};

/// What a call raises for an argument that cannot be passed.
static ARGUMENT_ERROR: ExceptionClass =
    ExceptionClass::new("ctypes", "ArgumentError", exceptions::exception);

fn wrong_instance(cx: &Context, place: &str, value: &Value) -> Raised {
    cx.type_error(format!(
        "{place} must be _ctypes._CData, not {}",
        value.type_name()
    ))
}

/// sizeof(C type) -> integer
/// sizeof(C instance) -> integer
/// Return the size in bytes of a C instance.
#[pyfunction("sizeof(obj, /)")]
fn sizeof(cx: &Context, obj: &Value) -> PyResult<usize> {
    if let Some(info) = info::find_value(obj) {
        return Ok(info.size);
    }
    match obj.downcast::<CData>() {
        Some(instance) => Ok(instance.size()),
        None => Err(cx.type_error("this type has no size")),
    }
}

/// alignment(C type) -> integer
/// alignment(C instance) -> integer
/// Return the alignment requirements of a C instance
#[pyfunction("alignment(obj, /)")]
fn alignment(cx: &Context, obj: &Value) -> PyResult<usize> {
    let info = info::find_value(obj).or_else(|| info::of_instance(obj));
    match info {
        Some(info) => Ok(info.alignment),
        None => Err(cx.type_error("no alignment info")),
    }
}

/// byref(C instance[, offset=0]) -> byref-object
/// Return a pointer lookalike to a C instance, only usable
/// as function argument
#[pyfunction("byref(obj, offset=0, /)")]
fn byref(cx: &Context, obj: &Value, offset: Maybe<isize>) -> PyResult<Value> {
    let Some(instance) = obj.downcast::<CData>() else {
        return Err(wrong_instance(cx, "byref() argument 1", obj));
    };
    let address = instance.address().wrapping_offset(offset.0.unwrap_or(0));
    Argument::of_address(cx, b'P', address as usize, obj)
}

/// addressof(C instance) -> integer
/// Return the address of the C instance internal buffer
#[pyfunction("addressof(obj, /)")]
fn addressof(cx: &Context, obj: &Value) -> PyResult<usize> {
    let Some(instance) = obj.downcast::<CData>() else {
        return Err(wrong_instance(cx, "addressof() argument", obj));
    };
    audit::event(cx, "ctypes.addressof", || Ok(vec![obj.clone()]))?;
    Ok(instance.address() as usize)
}

/// Resize the memory of an instance.
#[pyfunction("resize(obj, size, /)")]
fn resize(cx: &Context, obj: &Value, size: isize) -> PyResult<()> {
    let Some(instance) = obj.downcast::<CData>() else {
        return Err(wrong_instance(cx, "resize() argument 1", obj));
    };
    let info = data::concrete(cx, instance.class_of())?;
    let least = info.size;
    let wanted = usize::try_from(size).ok().filter(|size| *size >= least);
    let Some(size) = wanted else {
        return Err(cx.value_error(format!("minimum size is {least}")));
    };
    if !instance.owns_memory() {
        return Err(cx.value_error("Memory cannot be resized because this object doesn't own it"));
    }
    if instance.resize(size, info.alignment) {
        Ok(())
    } else {
        Err(cx.no_memory())
    }
}

/// Return buffer interface information
#[pyfunction("buffer_info(o, /)")]
fn buffer_info(cx: &Context, o: &Value) -> PyResult<Value> {
    let info = info::find_value(o).or_else(|| info::of_instance(o));
    let info = info.ok_or_else(|| cx.type_error("not a ctypes type or object"))?;
    let format = if info.format.is_empty() {
        Value::NONE
    } else {
        Str::from_str(cx, &info.format)?.into_value()
    };
    let lengths: PyResult<Vec<Value>> = info
        .shape
        .iter()
        .map(|length| int::from_i64(cx, *length as i64))
        .collect();
    let dimensions = int::from_u64(cx, info.shape.len() as u64)?;
    let shape = Tuple::from_vec(cx, lengths?)?.into_value();
    Tuple::from_values(cx, &[format, dimensions, shape]).map(Ref::into_value)
}

#[pyfunction("get_errno()")]
fn get_errno(cx: &Context) -> PyResult<i32> {
    audit::event(cx, "ctypes.get_errno", || Ok(Vec::new()))?;
    Ok(callback::errno())
}

#[pyfunction("set_errno(value, /)")]
fn set_errno(cx: &Context, value: i32) -> PyResult<i32> {
    let shown = int::from_i64(cx, value.into())?;
    audit::event(cx, "ctypes.set_errno", || Ok(vec![shown]))?;
    Ok(callback::replace_errno(value))
}

/// Address and arguments of the functions that call an address.
fn call_address(cx: &Context, function: &Value, arguments: &Value, flags: i64) -> PyResult<Value> {
    if !int::is_int(function) {
        return Err(cx.type_error("an integer is required"));
    }
    let Some(given) = arguments.downcast::<Tuple>() else {
        let class = arguments.type_name();
        return Err(cx.type_error(format!("argument 2 must be tuple, not {class}")));
    };
    let address = code::wrapped(cx, function)? as usize;
    function::call_plain(cx, address, given.as_slice(), flags)
}

#[pyfunction("call_function(address, arguments, /)")]
fn call_function(cx: &Context, address: &Value, arguments: &Value) -> PyResult<Value> {
    call_address(cx, address, arguments, 0)
}

#[pyfunction("call_cdeclfunction(address, arguments, /)")]
fn call_cdeclfunction(cx: &Context, address: &Value, arguments: &Value) -> PyResult<Value> {
    let flags = function::CDECL;
    call_address(cx, address, arguments, flags)
}

#[pyfunction("PyObj_FromPtr(address, /)")]
fn py_obj_from_ptr(cx: &Context, address: usize) -> PyResult<Value> {
    let shown = data::address_value(cx, address)?;
    audit::event(cx, "ctypes.PyObj_FromPtr", || Ok(vec![shown]))?;
    // SAFETY: the program says that an object is there.
    unsafe { code::object(cx, address) }
}

#[pyfunction("_unpickle(type, state, /)")]
fn _unpickle(cx: &Context, r#type: &Value, state: &Value) -> PyResult<Value> {
    let new = Name::intern(cx, "__new__")?;
    let made = call::call_method(cx, r#type, new, std::slice::from_ref(r#type))?;
    let Some(state) = state.downcast::<Tuple>() else {
        let class = state.type_name();
        return Err(cx.type_error(format!("argument 2 must be tuple, not {class}")));
    };
    let set_state = Name::intern(cx, "__setstate__")?;
    call::call_method(cx, &made, set_state, state.as_slice())?;
    Ok(made)
}

/// Makes the classes, each after those that it is derived from or an instance of.
fn make_classes(cx: &Context) -> PyResult<()> {
    class_of::<Info>(cx)?;
    class_of::<Argument>(cx)?;
    class_of::<Thunk>(cx)?;
    class_of::<CType>(cx)?;
    class_of::<SimpleType>(cx)?;
    class_of::<StructureType>(cx)?;
    class_of::<UnionType>(cx)?;
    class_of::<ArrayType>(cx)?;
    class_of::<PointerType>(cx)?;
    class_of::<FunctionType>(cx)?;
    class_of::<CData>(cx)?;
    class_of::<Simple>(cx)?;
    class_of::<Structure>(cx)?;
    class_of::<Union>(cx)?;
    class_of::<Array>(cx)?;
    class_of::<Pointer>(cx)?;
    class_of::<Function>(cx)?;
    class_of::<CField>(cx)?;
    Ok(())
}

/// Create and manipulate C compatible data types in Python.
#[pymodule(
    name = "_ctypes",
    functions(
        sizeof,
        alignment,
        byref,
        addressof,
        resize,
        buffer_info,
        get_errno,
        set_errno,
        call_function,
        call_cdeclfunction,
        _unpickle,
        py_obj_from_ptr,
        dlopen,
        dlclose,
        dlsym
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    make_classes(cx)?;
    let classes: [&Ref<Type>; 7] = [
        Simple::class(),
        Structure::class(),
        Union::class(),
        Array::class(),
        Pointer::class(),
        Function::class(),
        CField::class(),
    ];
    for class in classes {
        module::add(cx, this, &class.short_name(), class.clone())?;
    }
    module::add(cx, this, "ArgumentError", ARGUMENT_ERROR.get(cx)?.clone())?;
    module::add(cx, this, "__version__", "1.1.0")?;
    let numbers: [(&str, i64); 8] = [
        ("FUNCFLAG_CDECL", function::CDECL),
        ("FUNCFLAG_PYTHONAPI", function::PYTHON_API),
        ("FUNCFLAG_USE_ERRNO", function::USE_ERRNO),
        ("FUNCFLAG_USE_LASTERROR", 16),
        ("RTLD_LOCAL", libc::RTLD_LOCAL.into()),
        ("RTLD_GLOBAL", libc::RTLD_GLOBAL.into()),
        ("SIZEOF_TIME_T", size_of::<libc::time_t>() as i64),
        ("CTYPES_MAX_ARGCOUNT", 1024),
    ];
    for (name, number) in numbers {
        module::add(cx, this, name, number)?;
    }
    for (name, address) in address::all() {
        module::add(cx, this, name, address)?;
    }
    Ok(())
}
