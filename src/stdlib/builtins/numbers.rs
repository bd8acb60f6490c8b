//! Numbers and characters: `abs`, `bin`, `chr`, `divmod`, `hex`, `oct`, `ord`, `pow`, `round`, `sum`.

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::object::Ref;
use typhon_runtime::objects::bytearray::ByteArray;
use typhon_runtime::objects::bytes::Bytes;
use typhon_runtime::objects::complex::{self, Complex, Pair};
use typhon_runtime::objects::float;
use typhon_runtime::objects::int;
use typhon_runtime::objects::str_::{Str, names};
use typhon_runtime::protocols::number::{self, BinaryOperator};
use typhon_runtime::protocols::{call, iterate};
use typhon_runtime::{Context, PyResult, Value};

/// Return the absolute value of the argument.
#[pyfunction("abs(number, /)")]
pub fn abs(cx: &Context, number: &Value) -> PyResult<Value> {
    number::absolute(cx, number)
}

/// The number with `1 << bits` for its base, behind a prefix that ends in `letter`.
fn in_radix(cx: &Context, value: &Value, bits: u32, letter: u8) -> PyResult<Ref<Str>> {
    if let Some(number) = value.as_small_int() {
        let mut text = [0; 3 + 64];
        let mut start = text.len();
        let mut rest = number.unsigned_abs();
        loop {
            start -= 1;
            text[start] = b"0123456789abcdef"[(rest & ((1 << bits) - 1)) as usize];
            rest >>= bits;
            if rest == 0 {
                break;
            }
        }
        start -= 2;
        text[start..start + 2].copy_from_slice(&[b'0', letter]);
        if number < 0 {
            start -= 1;
            text[start] = b'-';
        }
        return Str::from_ascii(cx, &text[start..]);
    }
    let index = number::index(cx, value)?;
    let view = int::view(&index).expect("invariant: __index__ gives an int");
    let (negative, digits) = int::radix_text(cx, view, 1 << bits)?;
    let sign = if negative { "-" } else { "" };
    Str::from_str(cx, &format!("{sign}0{}{digits}", letter as char))
}

/// Return the binary representation of an integer.
///
///    >>> bin(2796202)
///    '0b1010101010101010101010'
#[pyfunction("bin(number, /)")]
pub fn bin(cx: &Context, number: &Value) -> PyResult<Ref<Str>> {
    in_radix(cx, number, 1, b'b')
}

/// Return the octal representation of an integer.
///
///    >>> oct(342391)
///    '0o1234567'
#[pyfunction("oct(number, /)")]
pub fn oct(cx: &Context, number: &Value) -> PyResult<Ref<Str>> {
    in_radix(cx, number, 3, b'o')
}

/// Return the hexadecimal representation of an integer.
///
///    >>> hex(12648430)
///    '0xc0ffee'
#[pyfunction("hex(number, /)")]
pub fn hex(cx: &Context, number: &Value) -> PyResult<Ref<Str>> {
    in_radix(cx, number, 4, b'x')
}

/// Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff.
#[pyfunction("chr(i, /)")]
pub fn chr(cx: &Context, i: &Value) -> PyResult<Ref<Str>> {
    match u32::try_from(int::index_as_i128(cx, i)?) {
        Ok(point @ 0..0x11_0000) => Str::from_code_point(cx, point),
        _ => Err(cx.value_error("chr() arg not in range(0x110000)")),
    }
}

/// Return the ordinal value of a character.
///
/// If the argument is a one-character string, return the Unicode code
/// point of that character.
///
/// If the argument is a bytes or bytearray object of length 1, return its
/// single byte value.
#[pyfunction("ord(character, /)")]
pub fn ord(cx: &Context, character: &Value) -> PyResult<u32> {
    let wrong_length = |length: usize| {
        Err(cx.type_error(format!(
            "ord() expected a character, but string of length {length} found"
        )))
    };
    if let Some(text) = character.downcast::<Str>() {
        return if text.len() == 1 {
            Ok(text.code_point(0))
        } else {
            wrong_length(text.len())
        };
    }
    let bytes = match (
        character.downcast::<Bytes>(),
        character.downcast::<ByteArray>(),
    ) {
        (Some(bytes), _) => bytes.as_slice().to_vec(),
        (None, Some(array)) => array.to_vec(),
        (None, None) => {
            return Err(cx.type_error(format!(
                "ord() expected string of length 1, but {} found",
                character.type_name()
            )));
        }
    };
    match bytes.as_slice() {
        [byte] => Ok(u32::from(*byte)),
        _ => wrong_length(bytes.len()),
    }
}

/// Return the tuple (x//y, x%y).  Invariant: div*y + mod == x.
#[pyfunction("divmod(x, y, /)")]
pub fn divmod(cx: &Context, x: &Value, y: &Value) -> PyResult<Value> {
    number::divmod(cx, x, y)
}

/// Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments.
///
/// Some types, such as ints, are able to use a more efficient algorithm when
/// invoked using the three argument form.
#[pyfunction("pow(base, exp, mod=None)")]
pub fn pow(cx: &Context, base: &Value, exp: &Value, modulus: Option<&Value>) -> PyResult<Value> {
    number::power(cx, base, exp, modulus.unwrap_or(&Value::NONE))
}

/// Round a number to a given precision in decimal digits.
///
/// The return value is an integer if ndigits is omitted or None.  Otherwise
/// the return value has the same type as the number.  ndigits may be negative.
#[pyfunction("round(number, ndigits=None)")]
pub fn round(cx: &Context, number: &Value, ndigits: Option<&Value>) -> PyResult<Value> {
    let arguments: &[Value] = match ndigits {
        Some(digits) => std::slice::from_ref(digits),
        None => &[],
    };
    match call::call_special(cx, number, names::dunder_round(), arguments)? {
        Some(rounded) => Ok(rounded),
        None => Err(cx.type_error(format!(
            "type {} doesn't define __round__ method",
            number.type_name()
        ))),
    }
}

/// Return the sum of a 'start' value (default: 0) plus an iterable of numbers
///
/// When the iterable is empty, return the start value.
/// This function is intended specifically for use with numeric values and may
/// reject non-numeric types.
#[pyfunction("sum(iterable, /, start=0)")]
pub fn sum(cx: &Context, iterable: &Value, start: Maybe<&Value>) -> PyResult<Value> {
    let start = match start.0 {
        None => Value::from_small_int(0).expect("invariant: 0 is small"),
        Some(start) => {
            if start.downcast::<Str>().is_some() {
                return Err(cx.type_error("sum() can't sum strings [use ''.join(seq) instead]"));
            }
            if start.downcast::<Bytes>().is_some() {
                return Err(cx.type_error("sum() can't sum bytes [use b''.join(seq) instead]"));
            }
            if start.downcast::<ByteArray>().is_some() {
                return Err(cx.type_error("sum() can't sum bytearray [use b''.join(seq) instead]"));
            }
            start.clone()
        }
    };
    let mut total = Total::from_value(start);
    iterate::for_each(cx, iterable, |item| total.add(cx, item))?;
    total.finish(cx)
}

/// A sum under way: machine numbers as long as the items allow it.
enum Total {
    Int(i64),
    Float(CompensatedSum),
    Complex(CompensatedSum, CompensatedSum),
    Any(Value),
}

/// Neumaier's summation: the rounding errors are added up on the side.
#[derive(Clone, Copy)]
struct CompensatedSum {
    high: f64,
    low: f64,
}

impl CompensatedSum {
    fn add(&mut self, number: f64) {
        let sum = self.high + number;
        self.low += if self.high.abs() >= number.abs() {
            (self.high - sum) + number
        } else {
            (number - sum) + self.high
        };
        self.high = sum;
    }

    fn value(self) -> f64 {
        // An infinite or undefined correction says nothing.
        if self.low != 0.0 && self.low.is_finite() {
            self.high + self.low
        } else {
            self.high
        }
    }
}

impl Total {
    fn from_value(start: Value) -> Total {
        if let Some(number) = start.as_small_int() {
            Total::Int(number)
        } else if float::is_exact(&start)
            && let Some(number) = float::exact(&start)
        {
            Total::Float(CompensatedSum {
                high: number,
                low: 0.0,
            })
        } else if start.is_exact::<Complex>()
            && let Some(number) = complex::exact(&start)
        {
            let part = |high| CompensatedSum { high, low: 0.0 };
            Total::Complex(part(number.real), part(number.imaginary))
        } else {
            Total::Any(start)
        }
    }

    fn add(&mut self, cx: &Context, item: Value) -> PyResult<()> {
        match self {
            Total::Int(total) => {
                if let Some(number) = item.as_small_int()
                    && let Some(sum) = total.checked_add(number)
                {
                    *total = sum;
                    return Ok(());
                }
                if let Some(truth) = item.as_bool()
                    && let Some(sum) = total.checked_add(i64::from(truth))
                {
                    *total = sum;
                    return Ok(());
                }
            }
            Total::Float(total) => {
                if float::is_exact(&item)
                    && let Some(number) = float::exact(&item)
                {
                    total.add(number);
                    return Ok(());
                }
                if let Some(number) = item.as_small_int() {
                    total.add(number as f64);
                    return Ok(());
                }
            }
            Total::Complex(real, imaginary) => {
                if item.is_exact::<Complex>()
                    && let Some(number) = complex::exact(&item)
                {
                    real.add(number.real);
                    imaginary.add(number.imaginary);
                    return Ok(());
                }
                let number = match item.as_small_int() {
                    Some(number) => Some(number as f64),
                    None if float::is_exact(&item) => float::exact(&item),
                    None => None,
                };
                if let Some(number) = number {
                    real.add(number);
                    return Ok(());
                }
            }
            Total::Any(_) => {}
        }
        let may_turn_float = matches!(self, Total::Int(_) | Total::Float(_));
        let so_far = std::mem::replace(self, Total::Int(0)).finish(cx)?;
        let sum = number::binary(cx, BinaryOperator::Add, &so_far, &item)?;
        *self = if may_turn_float {
            Total::from_value(sum)
        } else {
            Total::Any(sum)
        };
        Ok(())
    }

    fn finish(self, cx: &Context) -> PyResult<Value> {
        match self {
            Total::Int(total) => int::from_i64(cx, total),
            Total::Float(total) => float::from_f64(cx, total.value()),
            Total::Complex(real, imaginary) => {
                complex::from_pair(cx, Pair::new(real.value(), imaginary.value()))
            }
            Total::Any(total) => Ok(total),
        }
    }
}
