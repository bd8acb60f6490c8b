//! What Python sees of `int`.
//!
//! Receivers are `&Value` and not `&Ref<BigInteger>`: most ints, and all bools, are words.

use num_bigint::Sign;
use num_traits::{Signed, ToPrimitive};

use typhon_macros::pymethods;

use super::{BigInteger, DIGIT_BITS, DIGIT_SIZE, View, arithmetic, from_bigint, from_i64, view};
use crate::args::{Args, unexpected_keyword};
use crate::context::Context;
use crate::error::PyResult;
use crate::object::{Payload, Ref};
use crate::objects::bool_::Bool;
use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::objects::float;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{call, hash, iterate, number, text};
use crate::slots::Comparison;
use crate::value::Value;

/// The number in the receiver of a slot, which is called on ints only.
#[inline]
fn own(this: &Value) -> View<'_> {
    view(this).expect("invariant: a slot of int is called on an int")
}

/// The number in the receiver of a method.
fn receiver<'a>(cx: &Context, this: &'a Value, name: &str) -> PyResult<View<'a>> {
    view(this).ok_or_else(|| {
        cx.type_error(format!(
            "descriptor '{name}' for 'int' objects doesn't apply to a '{}' object",
            this.type_name()
        ))
    })
}

/// `this` itself if it is exactly an int, otherwise the int with its number.
fn exact_int(cx: &Context, this: &Value, number: View<'_>) -> PyResult<Value> {
    if super::is_exact(this) {
        Ok(this.clone())
    } else {
        number.into_value(cx)
    }
}

/// `int(value)`: by `__int__`, `__index__`, or as text in base 10. An exact int.
///
/// # Errors
/// TypeError when it is no number nor text, ValueError when the text is no number.
pub fn from_number(cx: &Context, value: &Value) -> PyResult<Value> {
    if super::is_exact(value) {
        return Ok(value.clone());
    }
    if let Some(string) = value.downcast_exact::<Str>() {
        return super::parse_str(cx, string, 10, value);
    }
    let slots = &value.class().slots;
    if let Some(slot) = slots.int.get() {
        let result = slot(cx, value)?;
        return match view(&result) {
            Some(_) if super::is_exact(&result) => Ok(result),
            Some(number) => {
                number::strict_subclass(cx, "__int__", "int", &result)?;
                number.into_value(cx)
            }
            None => Err(cx.type_error(format!(
                "__int__ returned non-int (type {})",
                result.type_name()
            ))),
        };
    }
    if slots.index.get().is_some() {
        return number::index(cx, value);
    }
    match from_text(cx, value, 10)? {
        Some(number) => Ok(number),
        None => Err(cx.type_error(format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            value.type_name()
        ))),
    }
}

/// The int in a string or in bytes. `None` for other objects.
fn from_text(cx: &Context, value: &Value, base: u32) -> PyResult<Option<Value>> {
    if let Some(string) = value.downcast::<Str>() {
        return super::parse_str(cx, string, base, value).map(Some);
    }
    let Some(bytes) = super::buffer_bytes(cx, value)? else {
        return Ok(None);
    };
    let original = match value.downcast::<Bytes>() {
        Some(_) => value.clone(),
        None => Bytes::from_slice(cx, &bytes)?.into_value(),
    };
    super::parse_bytes(cx, &bytes, base, &original).map(Some)
}

/// Whether `order` says that the least significant byte comes first.
fn is_little(cx: &Context, order: Option<&Ref<Str>>) -> PyResult<bool> {
    match order {
        None => Ok(false),
        Some(order) if order.equals("big") => Ok(false),
        Some(order) if order.equals("little") => Ok(true),
        Some(_) => Err(cx.value_error("byteorder must be either 'little' or 'big'")),
    }
}

/// The bytes of `bytes(value)` as `from_bytes` takes them: a buffer, or an iterable of ints.
fn bytes_argument(cx: &Context, value: &Value) -> PyResult<Vec<u8>> {
    if let Some(bytes) = super::buffer_bytes(cx, value)? {
        return Ok(bytes);
    }
    if let Some(result) =
        call::call_special(cx, value, crate::objects::str_::names::dunder_bytes(), &[])?
    {
        return match super::buffer_bytes(cx, &result)? {
            Some(bytes) if result.downcast::<Bytes>().is_some() => Ok(bytes),
            _ => Err(cx.type_error(format!(
                "__bytes__ returned non-bytes (type {})",
                result.type_name()
            ))),
        };
    }
    let is_iterable =
        value.class().slots.iter.get().is_some() || value.class().slots.item.get().is_some();
    if value.downcast::<Str>().is_some() || !is_iterable {
        return Err(cx.type_error(format!(
            "cannot convert '{}' object to bytes",
            value.type_name()
        )));
    }
    let mut bytes = Vec::new();
    iterate::for_each(cx, value, |item| match super::index_as_i128(cx, &item)? {
        byte @ 0..=255 => {
            bytes.push(byte as u8);
            Ok(())
        }
        _ => Err(cx.value_error("bytes must be in range(0, 256)")),
    })?;
    Ok(bytes)
}

/// The slots of a binary operator: both operands ints, or NotImplemented.
macro_rules! operator {
    ($cx:ident, $left:ident, $right:ident, $operation:path) => {
        match (view($left), view($right)) {
            (Some(left), Some(right)) => $operation($cx, left, right),
            _ => Ok(Value::NOT_IMPLEMENTED),
        }
    };
}

#[pymethods]
impl BigInteger {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        if let [value] = args.values
            && args.names.is_empty()
            && class.is(BigInteger::class())
        {
            return from_number(cx, value);
        }
        if class.is(Bool::class()) {
            return Err(cx.type_error("int.__new__(bool) is not safe, use bool.__new__()"));
        }
        let mut base = args.keyword("base");
        if let Some((name, _)) = args.keywords().iter().find(|(name, _)| {
            !name
                .downcast::<Str>()
                .is_some_and(|name| name.equals("base"))
        }) {
            let name = text::str(cx, name)?;
            return Err(unexpected_keyword(cx, "int", &name.to_string(), &["base"]));
        }
        let value = match args.positional() {
            [] if base.is_some() => return Err(cx.type_error("int() missing string argument")),
            [] => return super::of_class(cx, class, View::Small(0)),
            [value] => value,
            [_, _] if base.is_some() => {
                return Err(
                    cx.type_error("argument for int() given by name ('base') and position (2)")
                );
            }
            [value, second] => {
                base = Some(second);
                value
            }
            more => {
                return Err(cx.type_error(format!(
                    "int expected at most 2 arguments, got {}",
                    more.len()
                )));
            }
        };
        let number = match base {
            None => from_number(cx, value)?,
            Some(base) => {
                let base = super::parse::base_argument(cx, base)?;
                let is_text = value.downcast::<Str>().is_some()
                    || value.downcast::<Bytes>().is_some()
                    || value.downcast::<ByteArray>().is_some();
                match if is_text {
                    from_text(cx, value, base)?
                } else {
                    None
                } {
                    Some(number) => number,
                    None => {
                        return Err(
                            cx.type_error("int() can't convert non-string with explicit base")
                        );
                    }
                }
            }
        };
        if class.is(BigInteger::class()) {
            Ok(number)
        } else {
            super::of_class(cx, class, own(&number))
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
        let text = super::text(cx, own(this))?;
        Str::from_ascii(cx, text.as_bytes()).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Value) -> PyResult<i64> {
        Ok(match own(this) {
            View::Small(number) => hash::hash_i64(number),
            View::Big(number) => hash::hash_bigint(number),
        })
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Value,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        Ok(match view(other) {
            Some(other) => Value::from_bool(comparison.accepts(own(this).compare(&other))),
            None => Value::NOT_IMPLEMENTED,
        })
    }

    #[slot(add)]
    fn add(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::add)
    }

    #[slot(subtract)]
    fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::subtract)
    }

    #[slot(multiply)]
    fn multiply(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::multiply)
    }

    #[slot(remainder)]
    fn remainder(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::remainder)
    }

    #[slot(divmod)]
    fn divmod(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::divmod)
    }

    #[slot(floor_divide)]
    fn floor_divide(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::floor_divide)
    }

    #[slot(true_divide)]
    fn true_divide(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::true_divide)
    }

    #[slot(left_shift)]
    fn left_shift(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::left_shift)
    }

    #[slot(right_shift)]
    fn right_shift(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::right_shift)
    }

    #[slot(and)]
    fn and(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::and)
    }

    #[slot(or)]
    fn or(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::or)
    }

    #[slot(xor)]
    fn xor(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        operator!(cx, left, right, arithmetic::xor)
    }

    #[slot(power)]
    fn power(cx: &Context, base: &Value, exponent: &Value, modulus: &Value) -> PyResult<Value> {
        let (Some(base), Some(exponent)) = (view(base), view(exponent)) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if modulus.is_none() {
            return arithmetic::power(cx, base, exponent);
        }
        match view(modulus) {
            Some(modulus) => arithmetic::power_modulo(cx, base, exponent, modulus),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(negative)]
    fn negative(cx: &Context, this: &Value) -> PyResult<Value> {
        match own(this) {
            View::Small(number) => super::from_i128(cx, -i128::from(number)),
            View::Big(number) => from_bigint(cx, -number),
        }
    }

    #[slot(positive)]
    fn positive(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, own(this))
    }

    #[slot(absolute)]
    fn absolute(cx: &Context, this: &Value) -> PyResult<Value> {
        match own(this) {
            View::Small(number) => super::from_u64(cx, number.unsigned_abs()),
            View::Big(number) => from_bigint(cx, number.abs()),
        }
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Value) -> PyResult<bool> {
        Ok(!own(this).is_zero())
    }

    #[slot(invert)]
    fn invert(cx: &Context, this: &Value) -> PyResult<Value> {
        match own(this) {
            View::Small(number) => from_i64(cx, !number),
            number => from_bigint(cx, arithmetic::invert(number)),
        }
    }

    #[slot(int)]
    fn int(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, own(this))
    }

    #[slot(index)]
    fn index(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, own(this))
    }

    #[slot(float)]
    fn float(cx: &Context, this: &Value) -> PyResult<Value> {
        match own(this).to_f64() {
            Some(number) => float::from_f64(cx, number),
            None => Err(cx.overflow_error("int too large to convert to float")),
        }
    }

    /// Returns self, the complex conjugate of any int.
    #[method("conjugate(self, /)")]
    fn conjugate(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, receiver(cx, this, "conjugate")?)
    }

    /// Number of bits necessary to represent self in binary.
    ///
    /// >>> bin(37)
    /// '0b100101'
    /// >>> (37).bit_length()
    /// 6
    #[method("bit_length(self, /)")]
    fn bit_length(cx: &Context, this: &Value) -> PyResult<u64> {
        Ok(receiver(cx, this, "bit_length")?.bits())
    }

    /// Number of ones in the binary representation of the absolute value of self.
    ///
    /// Also known as the population count.
    ///
    /// >>> bin(13)
    /// '0b1101'
    /// >>> (13).bit_count()
    /// 3
    #[method("bit_count(self, /)")]
    fn bit_count(cx: &Context, this: &Value) -> PyResult<u64> {
        Ok(match receiver(cx, this, "bit_count")? {
            View::Small(number) => number.unsigned_abs().count_ones().into(),
            View::Big(number) => number.magnitude().count_ones(),
        })
    }

    /// Return an array of bytes representing an integer.
    ///
    ///   length
    ///     Length of bytes object to use.  An OverflowError is raised if
    ///     the integer is not representable with the given number of bytes.
    ///     Default is length 1.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is
    ///     'big', the most significant byte is at the beginning of the byte
    ///     array.  If byteorder is 'little', the most significant byte is at
    ///     the end of the byte array.  To request the native byte order of
    ///     the host system, use sys.byteorder as the byte order value.
    ///     Default is to use 'big'.
    ///   signed
    ///     Determines whether two's complement is used to represent the
    ///     integer.  If signed is False and a negative integer is given, an
    ///     OverflowError is raised.
    #[method("to_bytes(self, /, length=1, byteorder='big', *, signed=False)")]
    fn to_bytes(
        cx: &Context,
        this: &Value,
        length: isize,
        byteorder: Option<&Ref<Str>>,
        signed: bool,
    ) -> PyResult<Ref<Bytes>> {
        let number = receiver(cx, this, "to_bytes")?;
        let little = is_little(cx, byteorder)?;
        let Ok(length) = usize::try_from(length) else {
            return Err(cx.value_error("length argument must be non-negative"));
        };
        if !signed && number.is_negative() {
            return Err(cx.overflow_error("can't convert negative int to unsigned"));
        }
        let number = number.to_big();
        let mut bytes = if signed {
            number.to_signed_bytes_le()
        } else {
            number.to_bytes_le().1
        };
        if number.sign() == Sign::NoSign {
            bytes.clear();
        }
        if bytes.len() > length {
            return Err(cx.overflow_error("int too big to convert"));
        }
        bytes
            .try_reserve_exact(length - bytes.len())
            .map_err(|_| cx.no_memory())?;
        bytes.resize(length, if number.is_negative() { 0xff } else { 0 });
        if !little {
            bytes.reverse();
        }
        Bytes::from_slice(cx, &bytes)
    }

    /// Return the integer represented by the given array of bytes.
    ///
    ///   bytes
    ///     Holds the array of bytes to convert.  The argument must either
    ///     support the buffer protocol or be an iterable object producing
    ///     bytes.  Bytes and bytearray are examples of built-in objects that
    ///     support the buffer protocol.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is
    ///     'big', the most significant byte is at the beginning of the byte
    ///     array.  If byteorder is 'little', the most significant byte is at
    ///     the end of the byte array.  To request the native byte order of
    ///     the host system, use sys.byteorder as the byte order value.
    ///     Default is to use 'big'.
    ///   signed
    ///     Indicates whether two's complement is used to represent the integer.
    #[classmethod("from_bytes(cls, /, bytes, byteorder='big', *, signed=False)")]
    fn from_bytes(
        cx: &Context,
        class: &Ref<Type>,
        bytes: &Value,
        byteorder: Option<&Ref<Str>>,
        signed: bool,
    ) -> PyResult<Value> {
        let little = is_little(cx, byteorder)?;
        let mut bytes = bytes_argument(cx, bytes)?;
        if !little {
            bytes.reverse();
        }
        let number = super::from_little_endian(cx, &bytes, signed)?;
        if class.is(BigInteger::class()) {
            Ok(number)
        } else {
            call::call(cx, class.as_value(), &[number])
        }
    }

    /// Return a pair of integers, whose ratio is equal to the original int.
    ///
    /// The ratio is in lowest terms and has a positive denominator.
    ///
    /// >>> (10).as_integer_ratio()
    /// (10, 1)
    /// >>> (-10).as_integer_ratio()
    /// (-10, 1)
    /// >>> (0).as_integer_ratio()
    /// (0, 1)
    #[method("as_integer_ratio(self, /)")]
    fn as_integer_ratio(cx: &Context, this: &Value) -> PyResult<Value> {
        let number = receiver(cx, this, "as_integer_ratio")?;
        let pair = [exact_int(cx, this, number)?, from_i64(cx, 1)?];
        Tuple::from_values(cx, &pair).map(Ref::into_value)
    }

    /// Truncating an Integral returns itself.
    #[method("__trunc__(self, /)")]
    fn trunc(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, receiver(cx, this, "__trunc__")?)
    }

    /// Flooring an Integral returns itself.
    #[method("__floor__(self, /)")]
    fn floor(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, receiver(cx, this, "__floor__")?)
    }

    /// Ceiling of an Integral returns itself.
    #[method("__ceil__(self, /)")]
    fn ceil(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, receiver(cx, this, "__ceil__")?)
    }

    /// Rounding an Integral returns itself.
    ///
    /// Rounding with an ndigits argument also returns an integer.
    #[method("__round__(self, ndigits=None, /)")]
    fn round(cx: &Context, this: &Value, ndigits: Option<&Value>) -> PyResult<Value> {
        let number = receiver(cx, this, "__round__")?;
        let digits = match ndigits {
            Some(digits) => super::index_as_i128(cx, digits)?,
            None => 0,
        };
        if digits >= 0 {
            return exact_int(cx, this, number);
        }
        let digits = digits.unsigned_abs().to_u32().unwrap_or(u32::MAX);
        from_bigint(cx, arithmetic::round_to_multiple(&number.to_big(), digits))
    }

    #[method("__getnewargs__(self, /)")]
    fn getnewargs(cx: &Context, this: &Value) -> PyResult<Value> {
        let number = receiver(cx, this, "__getnewargs__")?.into_value(cx)?;
        Tuple::from_values(cx, &[number]).map(Ref::into_value)
    }

    /// Convert to a string according to format_spec.
    #[method("__format__(self, format_spec, /)")]
    fn format(cx: &Context, this: &Value, format_spec: &Ref<Str>) -> PyResult<Value> {
        let number = receiver(cx, this, "__format__")?;
        if format_spec.is_empty() {
            return text::str(cx, this).map(Ref::into_value);
        }
        super::format_value(cx, this, number, format_spec)
    }

    /// Returns size in memory, in bytes.
    #[method("__sizeof__(self, /)")]
    fn sizeof(cx: &Context, this: &Value) -> PyResult<u64> {
        // In digits as `sys.int_info` has them.
        let number = receiver(cx, this, "__sizeof__")?;
        let digits = number.bits().div_ceil(DIGIT_BITS).max(1);
        let basic = this.class().root_shape().instance_size(0) as u64;
        Ok(basic + DIGIT_SIZE as u64 * digits)
    }

    /// Returns True. Exists for duck type compatibility with float.is_integer.
    #[method("is_integer(self, /)")]
    fn is_integer(cx: &Context, this: &Value) -> PyResult<bool> {
        receiver(cx, this, "is_integer")?;
        Ok(true)
    }

    /// the real part of a complex number
    #[getter]
    fn real(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, receiver(cx, this, "real")?)
    }

    /// the imaginary part of a complex number
    #[getter]
    fn imag(cx: &Context, this: &Value) -> PyResult<i64> {
        receiver(cx, this, "imag")?;
        Ok(0)
    }

    /// the numerator of a rational number in lowest terms
    #[getter]
    fn numerator(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_int(cx, this, receiver(cx, this, "numerator")?)
    }

    /// the denominator of a rational number in lowest terms
    #[getter]
    fn denominator(cx: &Context, this: &Value) -> PyResult<i64> {
        receiver(cx, this, "denominator")?;
        Ok(1)
    }
}
