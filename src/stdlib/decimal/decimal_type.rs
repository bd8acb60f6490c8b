//! `Decimal`: a decimal floating-point number that does not change.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};
use typhon_macros::{pyclass, pymethods};
use typhon_runtime::args::{Args, IntoValue, Maybe};
use typhon_runtime::object::{self, Payload};
use typhon_runtime::objects::dict::Dict;
use typhon_runtime::objects::str_::Str;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::objects::type_::Type;
use typhon_runtime::objects::{float, int};
use typhon_runtime::protocols::{call, hash};
use typhon_runtime::slots::Comparison;
use typhon_runtime::{Context as Thread, PyResult, Ref, Value, import};

use super::arithmetic;
use super::comparison;
use super::context::{self, Context};
use super::convert::{self, operand};
use super::decimal_operations::{OPERATIONS, TESTS};
use super::functions;
use super::number::{Env, Kind, Number, Rounding, Settings, Status, power_of_ten};
use super::operations;
use super::presentation;
use crate::arguments::{bind, signature};

/// The payload of `Decimal`.
#[pyclass(
    name = "Decimal",
    module = "decimal",
    flags(BASETYPE, IMMUTABLE),
    plain,
    signature = "(value=\"0\", context=None)",
    doc = "Construct a new Decimal object.\n\nvalue can be an integer, string, tuple, or another Decimal object.  If\nno value is given, return Decimal('0').  The context does not affect\nthe conversion and is only passed to determine if the InvalidOperation\ntrap is active.\n"
)]
pub struct Decimal {
    pub number: Number,
}

impl Decimal {
    /// A `Decimal`.
    ///
    /// # Errors
    /// MemoryError.
    pub fn make(cx: &Thread, number: Number) -> PyResult<Value> {
        object::new(cx, Decimal { number }).map(Ref::into_value)
    }

    /// What `class` makes of a number: a derived class is called.
    ///
    /// # Errors
    /// What the class raises.
    pub fn of_class(cx: &Thread, class: &Ref<Type>, number: Number) -> PyResult<Value> {
        let made = Decimal::make(cx, number)?;
        if class.is(Decimal::class()) {
            return Ok(made);
        }
        call::call(cx, class.as_value(), &[made])
    }
}

/// The result of an operation in a context.
///
/// # Errors
/// The first signal that is trapped.
pub fn computed(
    cx: &Thread,
    context: &Ref<Context>,
    operation: impl FnOnce(&mut Env) -> Number,
) -> PyResult<Value> {
    let mut env = context.env();
    let number = operation(&mut env);
    context.note(cx, env.status)?;
    Decimal::make(cx, number)
}

/// The result of an operator in the current context.
fn operator(
    cx: &Thread,
    left: &Value,
    right: &Value,
    operation: fn(&Number, &Number, &mut Env) -> Number,
) -> PyResult<Value> {
    let (Some(left), Some(right)) = (operand(left), operand(right)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    computed(cx, &context::current(cx)?, |env| {
        operation(&left, &right, env)
    })
}

/// The int that a number without fraction is.
fn to_int(cx: &Thread, number: &Number) -> PyResult<BigInt> {
    match number.kind {
        Kind::Infinite => {
            return Err(cx.overflow_error("cannot convert Infinity to integer"));
        }
        Kind::Quiet | Kind::Signaling => {
            return Err(cx.value_error("cannot convert NaN to integer"));
        }
        Kind::Finite => {}
    }
    let mut env = Env::new(Settings::EXACT);
    let (whole, _) = number.rescaled(0, Rounding::Down, &mut env);
    if env.status.contains(Status::MALLOC) {
        return Err(cx.no_memory());
    }
    let magnitude = BigInt::from(whole.coefficient);
    Ok(if number.negative {
        -magnitude
    } else {
        magnitude
    })
}

/// The nearest int by some rounding.
fn rounded_int(cx: &Thread, number: &Number, rounding: Rounding) -> PyResult<Value> {
    let whole = operations::to_integral_value(number, rounding, &mut Env::new(Settings::EXACT));
    to_int(cx, &whole)?.into_value(cx)
}

#[pymethods(tables(OPERATIONS, TESTS))]
impl Decimal {
    #[slot(new)]
    fn new(cx: &Thread, class: &Ref<Type>, args: Args<'_>) -> PyResult<Value> {
        let signature = signature!("Decimal", 0, [value = 0, context = None], []);
        let [value, given]: [Option<&Value>; 2] = bind(cx, signature, args)?;
        let context = context::optional(cx, given)?;
        let number = match value {
            None => Number::zero(false, 0),
            Some(value) => {
                if class.is(Decimal::class()) && value.is_exact::<Decimal>() {
                    return Ok(value.clone());
                }
                convert::exact_of_value(cx, &context, value)?
            }
        };
        object::new_of_class(cx, class, Decimal { number }).map(Ref::into_value)
    }

    #[slot(repr)]
    fn repr(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        let capitals = context::current(cx)?.settings().capitals;
        format!("Decimal('{}')", this.number.text(capitals, false)).into_value(cx)
    }

    #[slot(str)]
    fn str(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        let capitals = context::current(cx)?.settings().capitals;
        this.number.text(capitals, false).into_value(cx)
    }

    #[slot(hash)]
    fn hash(cx: &Thread, this: &Ref<Decimal>) -> PyResult<i64> {
        const MODULUS: u64 = (1 << 61) - 1;
        let number = &this.number;
        let magnitude = match number.kind {
            Kind::Signaling => return Err(cx.type_error("Cannot hash a signaling NaN value")),
            Kind::Quiet => return Ok(hash::hash_pointer(this.as_value())),
            Kind::Infinite => 314_159,
            Kind::Finite => {
                let modulus = BigUint::from(MODULUS);
                let base = if number.exponent >= 0 {
                    BigUint::from(10_u8)
                } else {
                    // The inverse of 10.
                    BigUint::from(10_u8).modpow(&BigUint::from(MODULUS - 2), &modulus)
                };
                let exponent = BigUint::from(number.exponent.unsigned_abs());
                let scale = base.modpow(&exponent, &modulus);
                let found = (&number.coefficient % &modulus) * scale % &modulus;
                found.to_i64().unwrap_or(0)
            }
        };
        Ok(
            match if number.negative {
                -magnitude
            } else {
                magnitude
            } {
                -1 => -2,
                found => found,
            },
        )
    }

    #[slot(compare)]
    fn rich_compare(
        cx: &Thread,
        this: &Ref<Decimal>,
        other: &Value,
        comparison: Comparison,
    ) -> PyResult<Value> {
        comparison::compare(cx, &this.number, other, comparison)
    }

    #[slot(truth)]
    fn truth(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(!this.number.is_zero())
    }

    #[slot(int)]
    fn int(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        to_int(cx, &this.number)?.into_value(cx)
    }

    #[slot(float)]
    fn float(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        this.to_float(cx)?.into_value(cx)
    }

    #[slot(negative)]
    fn negative(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        computed(cx, &context::current(cx)?, |env| {
            operations::minus(&this.number, env)
        })
    }

    #[slot(positive)]
    fn positive(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        computed(cx, &context::current(cx)?, |env| {
            operations::plus(&this.number, env)
        })
    }

    #[slot(absolute)]
    fn absolute(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        computed(cx, &context::current(cx)?, |env| {
            operations::absolute(&this.number, env)
        })
    }

    #[slot(add)]
    fn add(cx: &Thread, left: &Value, right: &Value) -> PyResult<Value> {
        operator(cx, left, right, arithmetic::add)
    }

    #[slot(subtract)]
    fn subtract(cx: &Thread, left: &Value, right: &Value) -> PyResult<Value> {
        operator(cx, left, right, arithmetic::subtract)
    }

    #[slot(multiply)]
    fn multiply(cx: &Thread, left: &Value, right: &Value) -> PyResult<Value> {
        operator(cx, left, right, arithmetic::multiply)
    }

    #[slot(true_divide)]
    fn true_divide(cx: &Thread, left: &Value, right: &Value) -> PyResult<Value> {
        operator(cx, left, right, arithmetic::divide)
    }

    #[slot(floor_divide)]
    fn floor_divide(cx: &Thread, left: &Value, right: &Value) -> PyResult<Value> {
        operator(cx, left, right, arithmetic::divide_int)
    }

    #[slot(remainder)]
    fn remainder(cx: &Thread, left: &Value, right: &Value) -> PyResult<Value> {
        operator(cx, left, right, arithmetic::remainder)
    }

    #[slot(divmod)]
    fn divmod(cx: &Thread, left: &Value, right: &Value) -> PyResult<Value> {
        let (Some(left), Some(right)) = (operand(left), operand(right)) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        divmod(cx, &context::current(cx)?, &left, &right)
    }

    #[slot(power)]
    fn power(cx: &Thread, base: &Value, exponent: &Value, modulus: &Value) -> PyResult<Value> {
        let (Some(base), Some(exponent)) = (operand(base), operand(exponent)) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let context = context::current(cx)?;
        if modulus.is_none() {
            return computed(cx, &context, |env| functions::power(&base, &exponent, env));
        }
        let Some(modulus) = operand(modulus) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        computed(cx, &context, |env| {
            functions::power_modulo(&base, &exponent, &modulus, env)
        })
    }

    /// Class method that converts a float to a decimal number, exactly.
    #[classmethod("from_float(cls, f, /)")]
    fn from_float(cx: &Thread, class: &Ref<Type>, f: &Value) -> PyResult<Value> {
        let number = match (int::view(f), float::exact(f)) {
            (Some(number), _) => convert::of_int(number),
            (None, Some(number)) => convert::of_float(number),
            (None, None) => return Err(cx.type_error("argument must be int or float")),
        };
        Decimal::of_class(cx, class, number)
    }

    /// Class method that converts a real number to a decimal number, exactly.
    #[classmethod("from_number(cls, number, /)")]
    fn from_number(cx: &Thread, class: &Ref<Type>, number: &Value) -> PyResult<Value> {
        let found = match (operand(number), float::exact(number)) {
            (Some(number), _) => number,
            (None, Some(number)) => convert::of_float(number),
            (None, None) => return Err(convert::unsupported(cx, number)),
        };
        Decimal::of_class(cx, class, found)
    }

    /// Return a tuple representation of the number.
    #[method("as_tuple(self, /)")]
    fn as_tuple(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        let number = &this.number;
        let digits: Vec<Value> = match (number.kind, number.coefficient.is_zero()) {
            (Kind::Infinite, _) => vec![Value::small_int(0)],
            (Kind::Quiet | Kind::Signaling, true) => Vec::new(),
            _ => number
                .coefficient
                .to_string()
                .bytes()
                .map(|digit| Value::small_int(i32::from(digit - b'0')))
                .collect(),
        };
        let exponent = match number.kind {
            Kind::Finite => number.exponent.into_value(cx)?,
            Kind::Infinite => "F".into_value(cx)?,
            Kind::Quiet => "n".into_value(cx)?,
            Kind::Signaling => "N".into_value(cx)?,
        };
        let arguments = [
            Value::small_int(number.negative.into()),
            Tuple::from_vec(cx, digits)?.into_value(),
            exponent,
        ];
        let class = super::DECIMAL_TUPLE.get();
        let class = class.expect("invariant: the module is initialized");
        call::call(cx, class, &arguments)
    }

    /// Return a pair of integers whose ratio is exactly equal to the original.
    ///
    /// The ratio is in lowest terms and with a positive denominator.
    /// Raise OverflowError on infinities and a ValueError on NaNs.
    #[method("as_integer_ratio(self, /)")]
    fn as_integer_ratio(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Ref<Tuple>> {
        let number = &this.number;
        match number.kind {
            Kind::Infinite => {
                return Err(cx.overflow_error("cannot convert Infinity to integer ratio"));
            }
            Kind::Quiet | Kind::Signaling => {
                return Err(cx.value_error("cannot convert NaN to integer ratio"));
            }
            Kind::Finite => {}
        }
        let (numerator, denominator) = if number.exponent >= 0 || number.is_zero() {
            (to_int(cx, number)?, BigInt::one())
        } else {
            let unit = power_of_ten(-number.exponent);
            let common = number.coefficient.gcd(&unit);
            let magnitude = BigInt::from(&number.coefficient / &common);
            let numerator = if number.negative {
                -magnitude
            } else {
                magnitude
            };
            (numerator, BigInt::from(unit / common))
        };
        let parts = [numerator.into_value(cx)?, denominator.into_value(cx)?];
        Tuple::from_values(cx, &parts)
    }

    #[method("__copy__(self, /)")]
    fn copy(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[method("__deepcopy__(self, memo, /)")]
    fn deepcopy(_cx: &Thread, this: &Ref<Decimal>, _memo: &Value) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[method("__format__(self, fmtarg, override=<unrepresentable>, /)")]
    fn format(
        cx: &Thread,
        this: &Ref<Decimal>,
        format: &Value,
        locale: Maybe<&Value>,
    ) -> PyResult<Value> {
        if locale
            .0
            .is_some_and(|locale| locale.downcast::<Dict>().is_none())
        {
            return Err(cx.type_error("optional argument must be a dict"));
        }
        let Some(format) = format.downcast::<Str>() else {
            return Err(cx.type_error("format arg must be str"));
        };
        presentation::format(cx, &this.number, format)
    }

    #[method("__reduce__(self, /)")]
    fn reduce(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Ref<Tuple>> {
        let text = this.number.text(true, false).into_value(cx)?;
        let arguments = Tuple::from_values(cx, &[text])?.into_value();
        Tuple::from_values(cx, &[this.class_of().to_value(), arguments])
    }

    #[method("__round__(self, ndigits=<unrepresentable>, /)")]
    fn round(cx: &Thread, this: &Ref<Decimal>, places: Maybe<&Value>) -> PyResult<Value> {
        let Some(places) = places.0 else {
            return rounded_int(cx, &this.number, Rounding::HalfEven);
        };
        if !int::is_int(places) {
            return Err(cx.type_error("optional arg must be an integer"));
        }
        let places = i64::try_from(int::index_as_i128(cx, places)?)
            .map_err(|_| cx.overflow_error("Python int too large to convert to C ssize_t"))?;
        let pattern = Number::finite(false, BigUint::one(), places.saturating_neg());
        computed(cx, &context::current(cx)?, |env| {
            operations::quantize(&this.number, &pattern, Rounding::HalfEven, env)
        })
    }

    #[method("__ceil__(self, /)")]
    fn ceil(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        rounded_int(cx, &this.number, Rounding::Ceiling)
    }

    #[method("__floor__(self, /)")]
    fn floor(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        rounded_int(cx, &this.number, Rounding::Floor)
    }

    #[method("__trunc__(self, /)")]
    fn trunc(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        to_int(cx, &this.number)?.into_value(cx)
    }

    #[method("__complex__(self, /)")]
    fn complex(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        let real = this.to_float(cx)?.into_value(cx)?;
        let class = import::import_attribute(cx, "builtins", "complex")?;
        call::call(cx, &class, &[real])
    }

    #[method("__sizeof__(self, /)")]
    fn size_of(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<usize> {
        let digits = this.number.coefficient.bits() as usize / 8 / 8 * 8;
        Ok(16 + size_of::<Decimal>() + digits)
    }

    #[getter]
    fn real(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    #[getter]
    fn imag(cx: &Thread, _this: &Ref<Decimal>) -> PyResult<Value> {
        Decimal::make(cx, Number::zero(false, 0))
    }
}

impl Decimal {
    fn to_float(&self, cx: &Thread) -> PyResult<f64> {
        let number = &self.number;
        let sign = if number.negative { -1.0 } else { 1.0 };
        match number.kind {
            Kind::Signaling => Err(cx.value_error("cannot convert signaling NaN to float")),
            Kind::Quiet => Ok(f64::NAN.copysign(sign)),
            Kind::Infinite => Ok(f64::INFINITY * sign),
            Kind::Finite => Ok(number.text(true, false).parse().unwrap_or(f64::NAN)),
        }
    }
}

/// Quotient and rest as a tuple.
///
/// # Errors
/// The first signal that is trapped.
pub fn divmod(
    cx: &Thread,
    context: &Ref<Context>,
    left: &Number,
    right: &Number,
) -> PyResult<Value> {
    let mut env = context.env();
    let (quotient, rest) = arithmetic::divmod(left, right, &mut env);
    context.note(cx, env.status)?;
    let parts = [Decimal::make(cx, quotient)?, Decimal::make(cx, rest)?];
    Tuple::from_values(cx, &parts).map(Ref::into_value)
}
