//! `_struct`: values as the bytes of C structures, and back.
//!
//! Files: `layout` (formats), `pack`, `unpack`, `structure` (`Struct`).

mod layout;
mod pack;
mod structure;
mod unpack;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::class::class_of;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::exceptions;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Ref, Value, module};

use crate::bytes_like::BytesLike;
use crate::exception_class::ExceptionClass;
use layout::cached;
use structure::{Struct, UnpackIterator};

/// `struct.error`.
static ERROR: ExceptionClass = ExceptionClass::new("struct", "error", exceptions::exception);

/// Functions to convert between Python values and C structs.
/// Python bytes objects are used to hold the data representing the C struct.
/// The format string (explained below) describes the layout of data
/// in the C struct.
///
/// The optional first format char indicates byte order, size and alignment:
///   @: native order, size & alignment (default)
///   =: native order, std. size & alignment
///   <: little-endian, std. size & alignment
///   >: big-endian, std. size & alignment
///   !: same as >
///
/// The remaining characters indicate types of args and must match exactly;
/// these can be preceded by a decimal repeat count:
///   x: pad byte (no data); c: char; b: signed byte; B: unsigned byte;
///   ?: _Bool; h: short; H: unsigned short; i: int; I: unsigned int;
///   l: long; L: unsigned long; q: long long; Q: unsigned long long;
///   f: float; d: double; e: half-float;
///   F: float complex; D: double complex.
/// Special cases (preceding decimal count indicates length):
///   s: byte string (array of char); p: Pascal string (with count byte).
/// Special cases (only available in native format):
///   n: ssize_t; N: size_t;
///   P: an integer type that is wide enough to hold a pointer.
/// Whitespace between formats is ignored.
///
/// The variable struct.error is an exception raised on errors.
#[pymodule(
    name = "_struct",
    functions(
        calcsize,
        clearcache,
        pack_function,
        pack_into,
        unpack_function,
        unpack_from,
        iter_unpack
    ),
    classes(Struct)
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    class_of::<UnpackIterator>(cx)?;
    module::add(cx, this, "error", ERROR.get(cx)?.clone())
}

/// Return size in bytes of the struct described by the format string.
#[pyfunction("calcsize(format, /)")]
fn calcsize(cx: &Context, format: &Value) -> PyResult<usize> {
    Ok(cached(cx, format)?.size)
}

/// Clear the internal cache.
#[pyfunction("_clearcache()")]
fn clearcache(_cx: &Context) -> PyResult<()> {
    layout::clear_cache();
    Ok(())
}

/// The format at the front of the arguments, and the rest of them.
fn front<'a>(
    cx: &Context,
    args: &'a [Value],
) -> PyResult<(std::rc::Rc<layout::Layout>, &'a [Value])> {
    match args.split_first() {
        Some((format, rest)) => Ok((cached(cx, format)?, rest)),
        None => Err(cx.type_error("missing format argument")),
    }
}

/// pack(format, v1, v2, ...) -> bytes
///
/// Return a bytes object containing the values v1, v2, ... packed according
/// to the format string.  See help(struct) for more on format strings.
#[pyfunction("pack(*args)")]
fn pack_function(cx: &Context, args: &[Value]) -> PyResult<Ref<Bytes>> {
    let (layout, values) = front(cx, args)?;
    pack::to_bytes(cx, &layout, values)
}

/// pack_into(format, buffer, offset, v1, v2, ...)
///
/// Pack the values v1, v2, ... according to the format string and write
/// the packed bytes into the writable buffer buf starting at offset.  Note
/// that the offset is a required argument.  A negative offset counts from
/// the end of the buffer.  See help(struct) for more on format strings.
#[pyfunction("pack_into(*args)")]
fn pack_into(cx: &Context, args: &[Value]) -> PyResult<()> {
    let (layout, rest) = front(cx, args)?;
    pack::into_buffer(cx, &layout, rest)
}

/// Return a tuple containing values unpacked according to the format string.
///
/// The buffer's size in bytes must be calcsize(format).
///
/// See help(struct) for more on format strings.
#[pyfunction("unpack(format, buffer, /)")]
fn unpack_function(cx: &Context, format: &Value, buffer: BytesLike) -> PyResult<Ref<Tuple>> {
    unpack::all(cx, &*cached(cx, format)?, buffer.bytes())
}

/// Return a tuple containing values unpacked according to the format string.
///
/// The buffer's size, minus offset, must be at least calcsize(format).
/// A negative offset counts from the end of the buffer.
///
/// See help(struct) for more on format strings.
#[pyfunction("unpack_from(format, /, buffer, offset=0)")]
fn unpack_from(
    cx: &Context,
    format: &Value,
    buffer: BytesLike,
    offset: isize,
) -> PyResult<Ref<Tuple>> {
    unpack::from_offset(cx, &*cached(cx, format)?, buffer.bytes(), offset)
}

/// Return an iterator yielding tuples unpacked from the given bytes.
///
/// The bytes are unpacked according to the format string, like
/// a repeated invocation of unpack_from().
///
/// Requires that the bytes length be a multiple of the format struct size.
#[pyfunction("iter_unpack(format, buffer, /)")]
fn iter_unpack(cx: &Context, format: &Value, buffer: &Value) -> PyResult<Ref<UnpackIterator>> {
    UnpackIterator::over(cx, &Struct::of_format(cx, format)?, buffer)
}
