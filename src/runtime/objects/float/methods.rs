//! What Python sees of `float`.

use num_bigint::BigInt;

use typhon_macros::pymethods;

use super::parse::{HexadecimalError, from_hexadecimal};
use super::{Float, divide_floor, exact, from_f64, operand};
use crate::args::Args;
use crate::context::Context;
use crate::error::{PyResult, Raised};
use crate::format_spec::FormatSpec;
use crate::object::{Payload, Ref};
use crate::objects::int;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocols::{call, compare, hash, text};
use crate::slots::Comparison;
use crate::value::Value;

/// The number in the receiver of a slot, which is called on floats only.
#[inline]
fn own(this: &Value) -> f64 {
    exact(this).expect("invariant: a slot of float is called on a float")
}

/// The number in the receiver of a method.
fn receiver(cx: &Context, this: &Value, name: &str) -> PyResult<f64> {
    exact(this).ok_or_else(|| {
        cx.type_error(format!(
            "descriptor '{name}' for 'float' objects doesn't apply to a '{}' object",
            this.type_name()
        ))
    })
}

/// Both operands as floats; `None` when one is no number.
#[inline]
fn operands(cx: &Context, left: &Value, right: &Value) -> PyResult<Option<(f64, f64)>> {
    Ok(match operand(cx, left)? {
        Some(left) => operand(cx, right)?.map(|right| (left, right)),
        None => None,
    })
}

#[cold]
fn by_zero(cx: &Context) -> Raised {
    cx.zero_division_error("division by zero")
}

/// `float(value)`.
fn from_object(cx: &Context, value: &Value) -> PyResult<f64> {
    if super::is_exact(value) || exact(value).is_none() {
        if let Some(number) = super::convert(cx, value)? {
            return Ok(number);
        }
    } else if let Some(number) = super::from_method(cx, value)? {
        // A subclass of float may say what its value as a float is.
        return Ok(number);
    }
    let parsed = if let Some(string) = value.downcast::<Str>() {
        super::parse_plain(&int::plain_ascii(string))
    } else if let Some(bytes) = int::buffer_bytes(cx, value)? {
        let trimmed = bytes.trim_ascii();
        std::str::from_utf8(trimmed)
            .ok()
            .filter(|text| text.is_ascii())
            .and_then(super::parse_plain)
    } else {
        return Err(cx.type_error(format!(
            "float() argument must be a string or a real number, not '{}'",
            value.type_name()
        )));
    };
    match parsed {
        Some(number) => Ok(number),
        None => {
            let shown = text::repr(cx, value)?;
            Err(cx.value_error(format!(
                "could not convert string to float: {shown}",
                shown = *shown
            )))
        }
    }
}

#[pymethods]
impl Float {
    #[slot(new)]
    fn new(cx: &Context, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let is_plain = class.slots.init.word() == Float::class().slots.init.word();
        if !args.names.is_empty() && is_plain {
            return Err(cx.type_error("float() takes no keyword arguments"));
        }
        match args.positional() {
            [] => super::of_class(cx, class, 0.0),
            [value] if class.is(Float::class()) && super::is_exact(value) => Ok(value.clone()),
            [value] => {
                let number = from_object(cx, value)?;
                super::of_class(cx, class, number)
            }
            more => Err(cx.type_error(format!(
                "float expected at most 1 argument, got {}",
                more.len()
            ))),
        }
    }

    #[slot(repr)]
    fn repr(cx: &Context, this: &Value) -> PyResult<Value> {
        Str::from_ascii(cx, super::repr(own(this)).as_bytes()).map(Ref::into_value)
    }

    #[slot(hash)]
    fn hash(_cx: &Context, this: &Value) -> PyResult<i64> {
        let number = own(this);
        // NaNs differ from one another, and so should their hashes.
        Ok(if number.is_nan() {
            hash::hash_pointer(this)
        } else {
            hash::hash_f64(number)
        })
    }

    #[slot(compare)]
    fn compare(
        _cx: &Context,
        this: &Value,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        let number = own(this);
        let answer = if let Some(other) = exact(other) {
            compare::of_floats(number, other, comparison)
        } else if let Some(other) = int::view(other) {
            match other.compare_f64(number) {
                Some(ordering) => comparison.accepts(ordering.reverse()),
                None => comparison == Comparison::NotEqual,
            }
        } else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        Ok(Value::from_bool(answer))
    }

    #[slot(add)]
    fn add(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match operands(cx, left, right)? {
            Some((left, right)) => from_f64(cx, left + right),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(subtract)]
    fn subtract(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match operands(cx, left, right)? {
            Some((left, right)) => from_f64(cx, left - right),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(multiply)]
    fn multiply(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match operands(cx, left, right)? {
            Some((left, right)) => from_f64(cx, left * right),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(true_divide)]
    fn true_divide(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match operands(cx, left, right)? {
            Some((_, 0.0)) => Err(by_zero(cx)),
            Some((left, right)) => from_f64(cx, left / right),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(floor_divide)]
    fn floor_divide(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match operands(cx, left, right)? {
            Some((_, 0.0)) => Err(by_zero(cx)),
            Some((left, right)) => from_f64(cx, divide_floor(left, right).0),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(remainder)]
    fn remainder(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match operands(cx, left, right)? {
            Some((_, 0.0)) => Err(by_zero(cx)),
            Some((left, right)) => from_f64(cx, divide_floor(left, right).1),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(divmod)]
    fn divmod(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
        match operands(cx, left, right)? {
            Some((_, 0.0)) => Err(by_zero(cx)),
            Some((left, right)) => {
                let (quotient, remainder) = divide_floor(left, right);
                let pair = [from_f64(cx, quotient)?, from_f64(cx, remainder)?];
                Tuple::from_values(cx, &pair).map(Ref::into_value)
            }
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(power)]
    fn power(cx: &Context, base: &Value, exponent: &Value, modulus: &Value) -> PyResult<Value> {
        if !modulus.is_none() {
            return Err(
                cx.type_error("pow() 3rd argument not allowed unless all arguments are integers")
            );
        }
        match operands(cx, base, exponent)? {
            Some((base, exponent)) => super::power(cx, base, exponent),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot(negative)]
    fn negative(cx: &Context, this: &Value) -> PyResult<Value> {
        from_f64(cx, -own(this))
    }

    #[slot(positive)]
    fn positive(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_float(cx, this, own(this))
    }

    #[slot(absolute)]
    fn absolute(cx: &Context, this: &Value) -> PyResult<Value> {
        from_f64(cx, own(this).abs())
    }

    #[slot(truth)]
    fn truth(_cx: &Context, this: &Value) -> PyResult<bool> {
        Ok(own(this) != 0.0)
    }

    #[slot(int)]
    fn int(cx: &Context, this: &Value) -> PyResult<Value> {
        super::to_int(cx, own(this))
    }

    #[slot(float)]
    fn float(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_float(cx, this, own(this))
    }

    /// the real part of a complex number
    #[getter]
    fn real(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_float(cx, this, receiver(cx, this, "real")?)
    }

    /// the imaginary part of a complex number
    #[getter]
    fn imag(cx: &Context, this: &Value) -> PyResult<f64> {
        receiver(cx, this, "imag")?;
        Ok(0.0)
    }

    /// Convert real number to a floating-point number.
    #[classmethod("from_number(cls, number, /)")]
    fn from_number(cx: &Context, class: &Ref<Type>, number: &Value) -> PyResult<Value> {
        let is_float = class.is(Float::class());
        if is_float && super::is_exact(number) {
            return Ok(number.clone());
        }
        let value = from_f64(cx, super::as_f64(cx, number)?)?;
        if is_float {
            Ok(value)
        } else {
            call::call(cx, class.as_value(), &[value])
        }
    }

    /// Return self, the complex conjugate of any float.
    #[method("conjugate(self, /)")]
    fn conjugate(cx: &Context, this: &Value) -> PyResult<Value> {
        exact_float(cx, this, receiver(cx, this, "conjugate")?)
    }

    /// Return the Integral closest to x between 0 and x.
    #[method("__trunc__(self, /)")]
    fn trunc(cx: &Context, this: &Value) -> PyResult<Value> {
        super::to_int(cx, receiver(cx, this, "__trunc__")?.trunc())
    }

    /// Return the floor as an Integral.
    #[method("__floor__(self, /)")]
    fn floor(cx: &Context, this: &Value) -> PyResult<Value> {
        super::to_int(cx, receiver(cx, this, "__floor__")?.floor())
    }

    /// Return the ceiling as an Integral.
    #[method("__ceil__(self, /)")]
    fn ceil(cx: &Context, this: &Value) -> PyResult<Value> {
        super::to_int(cx, receiver(cx, this, "__ceil__")?.ceil())
    }

    /// Return the Integral closest to x, rounding half toward even.
    ///
    /// When an argument is passed, work like built-in round(x, ndigits).
    #[method("__round__(self, ndigits=None, /)")]
    fn round(cx: &Context, this: &Value, ndigits: Option<&Value>) -> PyResult<Value> {
        let number = receiver(cx, this, "__round__")?;
        let Some(digits) = ndigits else {
            return super::to_int(cx, super::round_half_even(number));
        };
        let digits = int::index_as_i128(cx, digits)?;
        match super::round_digits(number, digits) {
            Some(rounded) => from_f64(cx, rounded),
            None => Err(cx.overflow_error("rounded value too large to represent")),
        }
    }

    /// Return a pair of integers, whose ratio is exactly equal to the original float.
    ///
    /// The ratio is in lowest terms and has a positive denominator.  Raise
    /// OverflowError on infinities and a ValueError on NaNs.
    ///
    /// >>> (10.0).as_integer_ratio()
    /// (10, 1)
    /// >>> (0.0).as_integer_ratio()
    /// (0, 1)
    /// >>> (-.25).as_integer_ratio()
    /// (-1, 4)
    #[method("as_integer_ratio(self, /)")]
    fn as_integer_ratio(cx: &Context, this: &Value) -> PyResult<Value> {
        let number = receiver(cx, this, "as_integer_ratio")?;
        if number.is_nan() {
            return Err(cx.value_error("cannot convert NaN to integer ratio"));
        }
        if number.is_infinite() {
            return Err(cx.overflow_error("cannot convert Infinity to integer ratio"));
        }
        let (mut mantissa, mut exponent) = super::decompose(number.abs());
        let zeros = mantissa
            .trailing_zeros()
            .min(exponent.min(0).unsigned_abs());
        if mantissa == 0 {
            exponent = 0;
        } else {
            mantissa >>= zeros;
            exponent += zeros as i32;
        }
        let numerator = BigInt::from(mantissa) << exponent.max(0);
        let numerator = if number < 0.0 { -numerator } else { numerator };
        let denominator = BigInt::from(1) << (-exponent).max(0);
        let pair = [
            int::from_bigint(cx, numerator)?,
            int::from_bigint(cx, denominator)?,
        ];
        Tuple::from_values(cx, &pair).map(Ref::into_value)
    }

    /// Create a floating-point number from a hexadecimal string.
    ///
    /// >>> float.fromhex('0x1.ffffp10')
    /// 2047.984375
    /// >>> float.fromhex('-0x1p-1074')
    /// -5e-324
    #[classmethod("fromhex(cls, string, /)")]
    fn fromhex(cx: &Context, class: &Ref<Type>, string: &Value) -> PyResult<Value> {
        let Some(string) = string.downcast::<Str>() else {
            return Err(cx.type_error("bad argument type for built-in operation"));
        };
        let number = match from_hexadecimal(&string.to_utf8(cx)?) {
            Ok(number) => number,
            Err(HexadecimalError::Invalid) => {
                return Err(cx.value_error("invalid hexadecimal floating-point string"));
            }
            Err(HexadecimalError::TooLarge) => {
                return Err(
                    cx.overflow_error("hexadecimal value too large to represent as a float")
                );
            }
        };
        let value = from_f64(cx, number)?;
        if class.is(Float::class()) {
            Ok(value)
        } else {
            call::call(cx, class.as_value(), &[value])
        }
    }

    /// Return a hexadecimal representation of a floating-point number.
    ///
    /// >>> (-0.1).hex()
    /// '-0x1.999999999999ap-4'
    /// >>> 3.14159.hex()
    /// '0x1.921f9f01b866ep+1'
    #[method("hex(self, /)")]
    fn hex(cx: &Context, this: &Value) -> PyResult<String> {
        Ok(super::hexadecimal(receiver(cx, this, "hex")?))
    }

    /// Return True if the float is an integer.
    #[method("is_integer(self, /)")]
    fn is_integer(cx: &Context, this: &Value) -> PyResult<bool> {
        let number = receiver(cx, this, "is_integer")?;
        Ok(number.is_finite() && number == number.floor())
    }

    #[method("__getnewargs__(self, /)")]
    fn getnewargs(cx: &Context, this: &Value) -> PyResult<Value> {
        let number = from_f64(cx, receiver(cx, this, "__getnewargs__")?)?;
        Tuple::from_values(cx, &[number]).map(Ref::into_value)
    }

    /// You probably don't want to use this function.
    ///
    ///   typestr
    ///     Must be 'double' or 'float'.
    ///
    /// It exists mainly to be used in Python's test suite.
    ///
    /// This function returns whichever of 'unknown', 'IEEE, big-endian' or
    /// 'IEEE, little-endian' best describes the format of floating-point
    /// numbers used by the C type named by typestr.
    #[classmethod("__getformat__(cls, typestr, /)")]
    fn getformat(cx: &Context, _class: &Ref<Type>, typestr: &Ref<Str>) -> PyResult<&'static str> {
        if !typestr.equals("double") && !typestr.equals("float") {
            return Err(cx.value_error("__getformat__() argument 1 must be 'double' or 'float'"));
        }
        Ok(if cfg!(target_endian = "little") {
            "IEEE, little-endian"
        } else {
            "IEEE, big-endian"
        })
    }

    /// Formats the float according to format_spec.
    #[method("__format__(self, format_spec, /)")]
    fn format(cx: &Context, this: &Value, format_spec: &Ref<Str>) -> PyResult<Value> {
        let number = receiver(cx, this, "__format__")?;
        if format_spec.is_empty() {
            return text::str(cx, this).map(Ref::into_value);
        }
        let type_name = this.type_name();
        let spec = FormatSpec::parse(cx, format_spec, &type_name, '\0', '>')?;
        super::format_number(cx, number, &spec, &type_name)
    }
}

/// `this` itself if it is exactly a float, otherwise the float with its number.
fn exact_float(cx: &Context, this: &Value, number: f64) -> PyResult<Value> {
    if super::is_exact(this) {
        Ok(this.clone())
    } else {
        from_f64(cx, number)
    }
}
