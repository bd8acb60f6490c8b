//! `marshal`: plain objects as bytes, in CPython's format (version 5) but for code objects, which are
//! embedded as `typhon_compiler::marshal` writes them.
//!
//! ```text
//!   object = type byte, content          bit 7 of the type: gets the next number
//!   'r' number                           the object with that number, again
//!   'c' length(4) bytes                  code
//! ```
//! Files: `write`, `read`.

mod read;
mod write;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::module::add;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::names;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Value, audit};

use crate::bytes_like::BytesLike;

/// The newest version of the format.
const VERSION: i32 = 5;
/// Objects nested deeper than this are refused.
const MAX_DEPTH: u32 = 2000;
/// The object gets a number, by which it may come again.
const NUMBERED: u8 = 0x80;

/// Type bytes of the format.
mod kind {
    pub const NULL: u8 = b'0';
    pub const NONE: u8 = b'N';
    pub const FALSE: u8 = b'F';
    pub const TRUE: u8 = b'T';
    pub const STOP_ITERATION: u8 = b'S';
    pub const ELLIPSIS: u8 = b'.';
    pub const INT: u8 = b'i';
    pub const INT64: u8 = b'I';
    pub const LONG: u8 = b'l';
    pub const FLOAT_TEXT: u8 = b'f';
    pub const FLOAT: u8 = b'g';
    pub const COMPLEX_TEXT: u8 = b'x';
    pub const COMPLEX: u8 = b'y';
    pub const BYTES: u8 = b's';
    pub const INTERNED: u8 = b't';
    pub const REFERENCE: u8 = b'r';
    pub const TUPLE: u8 = b'(';
    pub const SMALL_TUPLE: u8 = b')';
    pub const LIST: u8 = b'[';
    pub const DICT: u8 = b'{';
    pub const CODE: u8 = b'c';
    pub const TEXT: u8 = b'u';
    pub const SET: u8 = b'<';
    pub const FROZEN_SET: u8 = b'>';
    pub const SLICE: u8 = b':';
    pub const ASCII: u8 = b'a';
    pub const ASCII_INTERNED: u8 = b'A';
    pub const SHORT_ASCII: u8 = b'z';
    pub const SHORT_ASCII_INTERNED: u8 = b'Z';
}

/// This module contains functions that can read and write Python values in
/// a binary format. The format is specific to Python, but independent of
/// machine architecture issues.
///
/// Not all Python object types are supported; in general, only objects
/// whose value is independent from a particular invocation of Python can be
/// written and read. The following types are supported: None, integers,
/// floating-point numbers, strings, bytes, bytearrays, tuples, lists, sets,
/// dictionaries, and code objects, where it should be understood that
/// tuples, lists and dictionaries are only supported as long as the values
/// contained therein are themselves supported; and recursive lists and
/// dictionaries should not be written (they will cause infinite loops).
///
/// Variables:
///
/// version -- indicates the format that the module uses. Version 0 is the
///     historical format, version 1 shares interned strings and version 2
///     uses a binary format for floating-point numbers.
///     Version 3 shares common object references (New in version 3.4).
///
/// Functions:
///
/// dump() -- write value to a file
/// load() -- read value from a file
/// dumps() -- marshal value as a bytes object
/// loads() -- read value from a bytes-like object
#[pymodule(name = "marshal", functions(dump, load, dumps, loads))]
fn initialize(cx: &Context, module: &Ref<Module>) -> PyResult<()> {
    add(cx, module, "version", VERSION)
}

/// Return the bytes object that would be written to a file by dump(value, file).
///
///   value
///     Must be a supported type.
///   version
///     Indicates the data format that dumps should use.
///   allow_code
///     Allow to write code objects.
///
/// Raise a ValueError exception if value has (or contains an object that has) an
/// unsupported type.
#[pyfunction("dumps(value, version=5, /, *, allow_code=True)")]
pub fn dumps(cx: &Context, value: &Value, version: i32, allow_code: bool) -> PyResult<Ref<Bytes>> {
    audit::event(cx, "marshal.dumps", || {
        Ok(vec![value.clone(), Value::small_int(version)])
    })?;
    Bytes::from_slice(cx, &write::to_bytes(cx, value, version, allow_code)?)
}

/// Write the value on the open file.
///
///   value
///     Must be a supported type.
///   file
///     Must be a writeable binary file.
///   version
///     Indicates the data format that dump should use.
///   allow_code
///     Allow to write code objects.
///
/// If the value has (or contains an object that has) an unsupported type, a
/// ValueError exception is raised - but garbage data will also be written to the
/// file. The object will not be properly read back by load().
#[pyfunction("dump(value, file, version=5, /, *, allow_code=True)")]
pub fn dump(
    cx: &Context,
    value: &Value,
    file: &Value,
    version: i32,
    allow_code: bool,
) -> PyResult<Value> {
    let bytes = dumps(cx, value, version, allow_code)?;
    call::call_method(cx, file, names::write(), &[bytes.into_value()])
}

/// Convert the bytes-like object to a value.
///
///   allow_code
///     Allow to load code objects.
///
/// If no valid value is found, raise EOFError, ValueError or TypeError.  Extra
/// bytes in the input are ignored.
#[pyfunction("loads(bytes, /, *, allow_code=True)")]
pub fn loads(cx: &Context, bytes: BytesLike, allow_code: bool) -> PyResult<Value> {
    audit::event(cx, "marshal.loads", || {
        Ok(vec![Bytes::from_slice(cx, bytes.bytes())?.into_value()])
    })?;
    let mut source = read::Memory(bytes.bytes());
    read::object(cx, &mut source, allow_code)
}

/// Read one value from the open file and return it.
///
///   file
///     Must be readable binary file.
///   allow_code
///     Allow to load code objects.
///
/// If no valid value is read (e.g. because the data has a different Python
/// version's incompatible marshal format), raise EOFError, ValueError or
/// TypeError.
///
/// Note: If an object containing an unsupported type was marshalled with dump(),
/// load() will substitute None for the unmarshallable type.
#[pyfunction("load(file, /, *, allow_code=True)")]
pub fn load(cx: &Context, file: &Value, allow_code: bool) -> PyResult<Value> {
    audit::event(cx, "marshal.load", || Ok(Vec::new()))?;
    read::object(cx, &mut read::File { cx, file }, allow_code)
}
