//! Machine formats: how pickles tell what the items of an array look like in memory.
//!
//! An array that was pickled on a machine with another byte order, or where the same type code has
//! another size, is converted item by item.

use typhon_macros::pyfunction;
use typhon_runtime::codec;
use typhon_runtime::object::Payload;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::list::List;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::protocols::call;
use typhon_runtime::{Context, PyResult, Value};

use super::code::{Code, Kind, LETTERS};
use super::object::Array;

/// Kind and size of items by format / 2, where odd formats are big-endian; the first two are single bytes.
const FORMATS: [(Kind, usize); 11] = [
    (Kind::Unsigned, 1),
    (Kind::Unsigned, 2),
    (Kind::Signed, 2),
    (Kind::Unsigned, 4),
    (Kind::Signed, 4),
    (Kind::Unsigned, 8),
    (Kind::Signed, 8),
    (Kind::Float, 4),
    (Kind::Float, 8),
    (Kind::Character, 2),
    (Kind::Character, 4),
];
const SIGNED_BYTE: usize = 1;

/// The format of an array on this machine.
pub(super) fn of(code: Code) -> usize {
    if (code.kind, code.size) == (Kind::Signed, 1) {
        return SIGNED_BYTE;
    }
    let pair = FORMATS
        .iter()
        .position(|&format| format == (code.kind, code.size))
        .expect("invariant: every code has a format");
    let is_big = cfg!(target_endian = "big") && code.size > 1;
    pair * 2 + usize::from(is_big)
}

/// Internal. Used for pickling support.
#[pyfunction("_array_reconstructor(arraytype, typecode, mformat_code, items, /)")]
pub(super) fn _array_reconstructor(
    cx: &Context,
    arraytype: &Value,
    typecode: &Value,
    mformat_code: isize,
    items: &Value,
) -> PyResult<Value> {
    let Some(class) = arraytype.downcast::<Type>() else {
        let got = arraytype.type_name();
        return Err(cx.type_error(format!("first argument must be a type object, not {got}")));
    };
    if !class.is_subclass(Array::class()) {
        let name = class.short_name();
        return Err(cx.type_error(format!("{name} is not a subtype of array.array")));
    }
    let code = Code::from_argument(
        cx,
        typecode,
        "_array_reconstructor() argument 2",
        "second argument must be a valid type code",
    )?;
    let format = usize::try_from(mformat_code)
        .ok()
        .filter(|&format| format / 2 < FORMATS.len())
        .ok_or_else(|| cx.value_error("third argument must be a valid machine format code."))?;
    let Some(bytes) = items.downcast::<Bytes>() else {
        let got = items.type_name();
        return Err(cx.type_error(format!("fourth argument should be bytes, not {got}")));
    };
    if format == of(code) {
        return call::call(cx, arraytype, &[typecode.clone(), items.clone()]);
    }
    let (code, items) = converted(cx, code, format, bytes.as_slice())?;
    let letter = Str::from_code_point(cx, code.letter.into())?.into_value();
    call::call(cx, arraytype, &[letter, items])
}

/// The items of a foreign format, and the code that fits them.
fn converted(cx: &Context, code: Code, format: usize, bytes: &[u8]) -> PyResult<(Code, Value)> {
    let (kind, size) = if format == SIGNED_BYTE {
        (Kind::Signed, 1)
    } else {
        FORMATS[format / 2]
    };
    let big_endian = format % 2 == 1 && size > 1;
    if kind == Kind::Character {
        let order = if big_endian { "be" } else { "le" };
        let encoding = format!("utf-{}-{order}", size * 8);
        let text = codec::decode(cx, bytes, &encoding, "strict")?;
        return Ok((code, text.into_value()));
    }
    if !bytes.len().is_multiple_of(size) {
        return Err(cx.value_error("string length not a multiple of item size"));
    }
    // The last code of the same shape: it does not depend on the machine.
    let own = LETTERS
        .chars()
        .rev()
        .filter_map(Code::named)
        .find(|code| (code.kind, code.size) == (kind, size))
        .expect("invariant: every format of numbers has a code");
    let items: PyResult<Vec<Value>> = bytes
        .chunks_exact(size)
        .map(|item| own.unpack_ordered(cx, item, big_endian))
        .collect();
    let code = if kind == Kind::Float { code } else { own };
    Ok((code, List::from_values(cx, items?)?.into_value()))
}
