//! Methods of `Context` that are no arithmetic: conversions, tests, texts, copies.

use typhon_macros::pymethods;
use typhon_runtime::args::{IntoValue, Maybe};
use typhon_runtime::objects::{float, int};
use typhon_runtime::{Context as Thread, PyResult, Ref, Value};

use super::arithmetic;
use super::context::Context;
use super::convert::{self, required_operand};
use super::decimal_type::{Decimal, computed, divmod};
use super::functions;
use super::number::{Env, Kind, Number, Status};
use super::operations;

/// A number as one of the context: a NaN with a payload that there is no room for is a failed conversion.
fn rounded(cx: &Thread, this: &Ref<Context>, number: Number) -> PyResult<Value> {
    computed(cx, this, |env: &mut Env| {
        let room = env.settings.precision - i64::from(env.settings.clamp);
        if number.is_nan() && number.coefficient.bits() != 0 && number.digits() > room {
            return env.invalid(Status::CONVERSION_SYNTAX);
        }
        number.fixed(env)
    })
}

#[pymethods(table = TESTS)]
impl Context {
    /// Return True if the argument is canonical and False otherwise.
    #[method("is_canonical(self, x, /)")]
    fn is_canonical(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        match x.downcast::<Decimal>() {
            Some(_) => Ok(true),
            None => Err(cx.type_error("argument must be a Decimal")),
        }
    }

    /// Return True if the argument is a finite number, and False otherwise.
    #[method("is_finite(self, x, /)")]
    fn is_finite(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        let number = required_operand(cx, x)?;
        Ok(number.is_finite())
    }

    /// Return True if the argument is infinite, and False otherwise.
    #[method("is_infinite(self, x, /)")]
    fn is_infinite(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        let number = required_operand(cx, x)?;
        Ok(number.is_infinite())
    }

    /// Return True if the argument is a (quiet or signaling) NaN, else False.
    #[method("is_nan(self, x, /)")]
    fn is_nan(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        let number = required_operand(cx, x)?;
        Ok(number.is_nan())
    }

    /// Return True if the argument is a quiet NaN, and False otherwise.
    #[method("is_qnan(self, x, /)")]
    fn is_qnan(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        let number = required_operand(cx, x)?;
        Ok(number.kind == Kind::Quiet)
    }

    /// Return True if the argument is a signaling NaN and False otherwise.
    #[method("is_snan(self, x, /)")]
    fn is_snan(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        let number = required_operand(cx, x)?;
        Ok(number.kind == Kind::Signaling)
    }

    /// Return True if the argument has a negative sign and False otherwise.
    #[method("is_signed(self, x, /)")]
    fn is_signed(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        let number = required_operand(cx, x)?;
        Ok(number.negative)
    }

    /// Return True if the argument is a zero and False otherwise.
    #[method("is_zero(self, x, /)")]
    fn is_zero(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        let number = required_operand(cx, x)?;
        Ok(number.is_zero())
    }

    /// Return True if x is a normal number and False otherwise.
    #[method("is_normal(self, x, /)")]
    fn is_normal(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        Ok(operations::is_normal(
            &required_operand(cx, x)?,
            &this.env(),
        ))
    }

    /// Return True if x is subnormal and False otherwise.
    #[method("is_subnormal(self, x, /)")]
    fn is_subnormal(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<bool> {
        Ok(operations::is_subnormal(
            &required_operand(cx, x)?,
            &this.env(),
        ))
    }

    /// Return a string describing the class of the operand x.
    #[method("number_class(self, x, /)")]
    fn number_class(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<Value> {
        operations::class_name(&required_operand(cx, x)?, &this.env()).into_value(cx)
    }

    /// Convert a number to a string using scientific notation.
    #[method("to_sci_string(self, x, /)")]
    fn to_sci_string(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<String> {
        Ok(required_operand(cx, x)?.text(this.settings().capitals, false))
    }

    /// Convert a number to a string, using engineering notation.
    #[method("to_eng_string(self, x, /)")]
    fn to_eng_string(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<String> {
        Ok(required_operand(cx, x)?.text(this.settings().capitals, true))
    }

    /// Return Decimal(10).
    #[method("radix(self, /)")]
    fn radix(cx: &Thread, _this: &Ref<Context>) -> PyResult<Value> {
        Decimal::make(cx, Number::small(10))
    }

    /// Return a new instance of x.
    #[method("canonical(self, x, /)")]
    fn canonical(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<Value> {
        match x.downcast::<Decimal>() {
            Some(_) => Ok(x.clone()),
            None => Err(cx.type_error("argument must be a Decimal")),
        }
    }

    /// Return a copy of x with the sign set to 0.
    #[method("copy_abs(self, x, /)")]
    fn copy_abs(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<Value> {
        Decimal::make(cx, required_operand(cx, x)?.with_sign(false))
    }

    /// Return a copy of Decimal x.
    #[method("copy_decimal(self, x, /)")]
    fn copy_decimal(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<Value> {
        Decimal::make(cx, required_operand(cx, x)?)
    }

    /// Return a copy of x with the sign inverted.
    #[method("copy_negate(self, x, /)")]
    fn copy_negate(cx: &Thread, _this: &Ref<Context>, x: &Value) -> PyResult<Value> {
        Decimal::make(cx, required_operand(cx, x)?.negated())
    }

    /// Return True if the two operands have the same exponent.
    #[method("same_quantum(self, x, y, /)")]
    fn same_quantum(cx: &Thread, _this: &Ref<Context>, x: &Value, y: &Value) -> PyResult<bool> {
        let (x, y) = (required_operand(cx, x)?, required_operand(cx, y)?);
        Ok(operations::same_quantum(&x, &y))
    }

    /// Return a value equal to x (rounded), having the exponent of y.
    #[method("quantize(self, x, y, /)")]
    fn quantize(cx: &Thread, this: &Ref<Context>, x: &Value, y: &Value) -> PyResult<Value> {
        let (x, y) = (required_operand(cx, x)?, required_operand(cx, y)?);
        let rounding = this.settings().rounding;
        computed(cx, this, |env| operations::quantize(&x, &y, rounding, env))
    }

    /// Identical to to_integral_value(x).
    #[method("to_integral(self, x, /)")]
    fn to_integral(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<Value> {
        Context::to_integral_value(cx, this, x)
    }

    /// Round to an integer.
    #[method("to_integral_value(self, x, /)")]
    fn to_integral_value(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<Value> {
        let x = required_operand(cx, x)?;
        let rounding = this.settings().rounding;
        computed(cx, this, |env| {
            operations::to_integral_value(&x, rounding, env)
        })
    }

    /// Round to an integer. Signal if the result is rounded or inexact.
    #[method("to_integral_exact(self, x, /)")]
    fn to_integral_exact(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<Value> {
        let x = required_operand(cx, x)?;
        let rounding = this.settings().rounding;
        computed(cx, this, |env| {
            operations::to_integral_exact(&x, rounding, env)
        })
    }

    /// Return quotient and remainder of the division x / y.
    #[method("divmod(self, x, y, /)")]
    fn divmod(cx: &Thread, this: &Ref<Context>, x: &Value, y: &Value) -> PyResult<Value> {
        let (x, y) = (required_operand(cx, x)?, required_operand(cx, y)?);
        divmod(cx, this, &x, &y)
    }

    /// Return x multiplied by y, plus z.
    #[method("fma(self, x, y, z, /)")]
    fn fma(cx: &Thread, this: &Ref<Context>, x: &Value, y: &Value, z: &Value) -> PyResult<Value> {
        let (x, y) = (required_operand(cx, x)?, required_operand(cx, y)?);
        let z = required_operand(cx, z)?;
        computed(cx, this, |env| arithmetic::fma(&x, &y, &z, env))
    }

    /// Compute a**b.
    ///
    /// If modulo is given, compute (a**b) % modulo.
    #[method("power(self, /, a, b, modulo=None)")]
    fn power(
        cx: &Thread,
        this: &Ref<Context>,
        a: &Value,
        b: &Value,
        modulo: Option<&Value>,
    ) -> PyResult<Value> {
        let (a, b) = (required_operand(cx, a)?, required_operand(cx, b)?);
        match modulo {
            None => computed(cx, this, |env| functions::power(&a, &b, env)),
            Some(modulo) => {
                let modulo = required_operand(cx, modulo)?;
                computed(cx, this, |env| {
                    functions::power_modulo(&a, &b, &modulo, env)
                })
            }
        }
    }

    /// Apply self to Decimal x.
    #[method("_apply(self, object, /)")]
    fn apply(cx: &Thread, this: &Ref<Context>, object: &Value) -> PyResult<Value> {
        let number = required_operand(cx, object)?;
        computed(cx, this, |env| number.fixed(env))
    }

    /// Create a new Decimal instance from num, using self as the context.
    ///
    /// Unlike the Decimal constructor, this function observes the context
    /// limits.
    #[method("create_decimal(self, num='0', /)")]
    fn create_decimal(cx: &Thread, this: &Ref<Context>, num: Maybe<&Value>) -> PyResult<Value> {
        let number = match num.0 {
            None => Number::zero(false, 0),
            Some(num) => convert::of_value(cx, this, num, false)?,
        };
        rounded(cx, this, number)
    }

    /// Create a new Decimal instance from float f.
    ///
    /// Unlike the Decimal.from_float() class method, this function observes
    /// the context limits.
    #[method("create_decimal_from_float(self, f, /)")]
    fn create_decimal_from_float(cx: &Thread, this: &Ref<Context>, f: &Value) -> PyResult<Value> {
        let number = match (int::view(f), float::exact(f)) {
            (Some(number), _) => convert::of_int(number),
            (None, Some(number)) => convert::of_float(number),
            (None, None) => return Err(cx.type_error("argument must be int or float")),
        };
        computed(cx, this, |env| number.fixed(env))
    }
}
