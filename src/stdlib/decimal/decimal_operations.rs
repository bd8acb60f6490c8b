//! Methods of `Decimal`: one line for each operation. What they do is in `arithmetic`, `functions` and
//! `operations`.

use typhon_macros::pymethods;
use typhon_runtime::args::IntoValue;
use typhon_runtime::{Context as Thread, PyResult, Ref, Value};

use super::arithmetic;
use super::context::{self, rounding_named};
use super::convert::required_operand;
use super::decimal_type::{Decimal, computed};
use super::functions;
use super::number::{Kind, Number, Rounding};
use super::operations;
use crate::arguments::unless_none;

/// Methods with no operand but the receiver, and methods with one more.
macro_rules! methods {
    (
        unary { $($(#[doc = $unary_doc:tt])* $unary:ident $unary_signature:tt => $unary_function:path;)* }
        binary { $($(#[doc = $binary_doc:tt])* $binary:ident $binary_signature:tt => $binary_function:path;)* }
    ) => {
        #[pymethods(table = OPERATIONS)]
        impl Decimal {
            $(
                $(#[doc = $unary_doc])*
                #[method($unary_signature)]
                fn $unary(cx: &Thread, this: &Ref<Decimal>, context: Option<&Value>) -> PyResult<Value> {
                    let context = context::optional(cx, context)?;
                    computed(cx, &context, |env| $unary_function(&this.number, env))
                }
            )*
            $(
                $(#[doc = $binary_doc])*
                #[method($binary_signature)]
                fn $binary(
                    cx: &Thread,
                    this: &Ref<Decimal>,
                    other: &Value,
                    context: Option<&Value>,
                ) -> PyResult<Value> {
                    let context = context::optional(cx, context)?;
                    let other = required_operand(cx, other)?;
                    computed(cx, &context, |env| $binary_function(&this.number, &other, env))
                }
            )*
        }
    };
}

methods! {
    unary {
        #[doc = "Return the value of the (natural) exponential function e**x at the given number."]
        exp "exp(self, /, context=None)" => functions::exp;
        #[doc = "Return the natural (base e) logarithm of the operand."]
        ln "ln(self, /, context=None)" => functions::ln;
        #[doc = "Return the base ten logarithm of the operand."]
        log10 "log10(self, /, context=None)" => functions::log10;
        #[doc = "Returns the largest representable number smaller than itself."]
        next_minus "next_minus(self, /, context=None)" => operations::next_minus;
        #[doc = "Returns the smallest representable number larger than itself."]
        next_plus "next_plus(self, /, context=None)" => operations::next_plus;
        #[doc = "Normalize the number by stripping trailing zeros."]
        normalize "normalize(self, /, context=None)" => operations::normalize;
        #[doc = "Return the square root of the argument to full precision."]
        sqrt "sqrt(self, /, context=None)" => arithmetic::square_root;
        #[doc = "Return the adjusted exponent of the operand as a Decimal instance."]
        logb "logb(self, /, context=None)" => operations::logb;
        #[doc = "Return the digit-wise inversion of the (logical) operand."]
        logical_invert "logical_invert(self, /, context=None)" => operations::logical_invert;
    }
    binary {
        #[doc = "Compare self to other.  Return a decimal value:"]
        compare "compare(self, /, other, context=None)" => arithmetic::compare;
        #[doc = "Identical to compare, except that all NaNs signal."]
        compare_signal "compare_signal(self, /, other, context=None)" => arithmetic::compare_signal;
        #[doc = "Maximum of self and other."]
        max "max(self, /, other, context=None)" => operations::max;
        #[doc = "As the max() method, but compares the absolute values of the operands."]
        max_mag "max_mag(self, /, other, context=None)" => operations::max_mag;
        #[doc = "Minimum of self and other."]
        min "min(self, /, other, context=None)" => operations::min;
        #[doc = "As the min() method, but compares the absolute values of the operands."]
        min_mag "min_mag(self, /, other, context=None)" => operations::min_mag;
        #[doc = "Returns the number closest to self, in the direction towards other."]
        next_toward "next_toward(self, /, other, context=None)" => operations::next_toward;
        #[doc = "Return the remainder from dividing self by other."]
        remainder_near "remainder_near(self, /, other, context=None)" => arithmetic::remainder_near;
        #[doc = "Compare two operands using their abstract representation."]
        compare_total "compare_total(self, /, other, context=None)" => arithmetic::compare_total;
        #[doc = "As compare_total(), but ignores the sign of each operand."]
        compare_total_mag "compare_total_mag(self, /, other, context=None)" => arithmetic::compare_total_magnitude;
        #[doc = "Return a copy of *self* with the sign of *other*."]
        copy_sign "copy_sign(self, /, other, context=None)" => operations::copy_sign;
        #[doc = "Return the digit-wise 'and' of the two (logical) operands."]
        logical_and "logical_and(self, /, other, context=None)" => operations::logical_and;
        #[doc = "Return the digit-wise 'or' of the two (logical) operands."]
        logical_or "logical_or(self, /, other, context=None)" => operations::logical_or;
        #[doc = "Return the digit-wise 'xor' of the two (logical) operands."]
        logical_xor "logical_xor(self, /, other, context=None)" => operations::logical_xor;
        #[doc = "Returns a rotated copy of self's digits, by as many places as other says."]
        rotate "rotate(self, /, other, context=None)" => operations::rotate;
        #[doc = "Return the first operand with the exponent adjusted by the second."]
        scaleb "scaleb(self, /, other, context=None)" => operations::scaleb;
        #[doc = "Returns a shifted copy of self's digits, by as many places as other says."]
        shift "shift(self, /, other, context=None)" => operations::shift;
    }
}

/// The rounding of an optional argument, or that of the context.
fn rounding_or(cx: &Thread, value: Option<&Value>, default: Rounding) -> PyResult<Rounding> {
    unless_none(value).map_or(Ok(default), |value| rounding_named(cx, value))
}

#[pymethods(table = TESTS)]
impl Decimal {
    /// Return True if the argument is canonical and False otherwise.
    #[method("is_canonical(self, /)")]
    fn is_canonical(_cx: &Thread, _this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(true)
    }

    /// Return True if the argument is a finite number, and False otherwise.
    #[method("is_finite(self, /)")]
    fn is_finite(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(this.number.is_finite())
    }

    /// Return True if the argument is infinite, and False otherwise.
    #[method("is_infinite(self, /)")]
    fn is_infinite(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(this.number.is_infinite())
    }

    /// Return True if the argument is a (quiet or signaling) NaN, else False.
    #[method("is_nan(self, /)")]
    fn is_nan(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(this.number.is_nan())
    }

    /// Return True if the argument is a quiet NaN, and False otherwise.
    #[method("is_qnan(self, /)")]
    fn is_qnan(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(this.number.kind == Kind::Quiet)
    }

    /// Return True if the argument is a signaling NaN and False otherwise.
    #[method("is_snan(self, /)")]
    fn is_snan(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(this.number.kind == Kind::Signaling)
    }

    /// Return True if the argument has a negative sign and False otherwise.
    #[method("is_signed(self, /)")]
    fn is_signed(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(this.number.negative)
    }

    /// Return True if the argument is a zero and False otherwise.
    #[method("is_zero(self, /)")]
    fn is_zero(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<bool> {
        Ok(this.number.is_zero())
    }

    /// Return True if the argument is a normal number and False otherwise.
    #[method("is_normal(self, /, context=None)")]
    fn is_normal(cx: &Thread, this: &Ref<Decimal>, context: Option<&Value>) -> PyResult<bool> {
        let context = context::optional(cx, context)?;
        Ok(operations::is_normal(&this.number, &context.env()))
    }

    /// Return True if the argument is subnormal, and False otherwise.
    #[method("is_subnormal(self, /, context=None)")]
    fn is_subnormal(cx: &Thread, this: &Ref<Decimal>, context: Option<&Value>) -> PyResult<bool> {
        let context = context::optional(cx, context)?;
        Ok(operations::is_subnormal(&this.number, &context.env()))
    }

    /// Return a string describing the class of the operand.
    #[method("number_class(self, /, context=None)")]
    fn number_class(cx: &Thread, this: &Ref<Decimal>, context: Option<&Value>) -> PyResult<Value> {
        let context = context::optional(cx, context)?;
        operations::class_name(&this.number, &context.env()).into_value(cx)
    }

    /// Convert to an engineering-type string.
    #[method("to_eng_string(self, /, context=None)")]
    fn to_eng_string(
        cx: &Thread,
        this: &Ref<Decimal>,
        context: Option<&Value>,
    ) -> PyResult<String> {
        let context = context::optional(cx, context)?;
        Ok(this.number.text(context.settings().capitals, true))
    }

    /// Return the adjusted exponent of the number.  Defined as exp + digits - 1.
    #[method("adjusted(self, /)")]
    fn adjusted(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<i64> {
        Ok(if this.number.is_finite() {
            this.number.adjusted()
        } else {
            0
        })
    }

    /// Return the canonical encoding of the argument.
    #[method("canonical(self, /)")]
    fn canonical(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    /// Return self.
    #[method("conjugate(self, /)")]
    fn conjugate(_cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        Ok(this.to_value())
    }

    /// Return Decimal(10), the radix in which the Decimal class does all its arithmetic.
    #[method("radix(self, /)")]
    fn radix(cx: &Thread, _this: &Ref<Decimal>) -> PyResult<Value> {
        Decimal::make(cx, Number::small(10))
    }

    /// Return the absolute value of the argument.
    #[method("copy_abs(self, /)")]
    fn copy_abs(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        Decimal::make(cx, this.number.clone().with_sign(false))
    }

    /// Return the negation of the argument.
    #[method("copy_negate(self, /)")]
    fn copy_negate(cx: &Thread, this: &Ref<Decimal>) -> PyResult<Value> {
        Decimal::make(cx, this.number.negated())
    }

    /// Test whether self and other have the same exponent or whether both are NaN.
    #[method("same_quantum(self, /, other, context=None)")]
    fn same_quantum(
        cx: &Thread,
        this: &Ref<Decimal>,
        other: &Value,
        context: Option<&Value>,
    ) -> PyResult<bool> {
        context::optional(cx, context)?;
        Ok(operations::same_quantum(
            &this.number,
            &required_operand(cx, other)?,
        ))
    }

    /// Fused multiply-add.  Return self*other+third with no rounding of the intermediate product.
    #[method("fma(self, /, other, third, context=None)")]
    fn fma(
        cx: &Thread,
        this: &Ref<Decimal>,
        other: &Value,
        third: &Value,
        context: Option<&Value>,
    ) -> PyResult<Value> {
        let context = context::optional(cx, context)?;
        let other = required_operand(cx, other)?;
        let third = required_operand(cx, third)?;
        computed(cx, &context, |env| {
            arithmetic::fma(&this.number, &other, &third, env)
        })
    }

    /// Quantize *self* so its exponent is the same as that of *exp*.
    #[method("quantize(self, /, exp, rounding=None, context=None)")]
    fn quantize(
        cx: &Thread,
        this: &Ref<Decimal>,
        exp: &Value,
        rounding: Option<&Value>,
        context: Option<&Value>,
    ) -> PyResult<Value> {
        let context = context::optional(cx, context)?;
        let rounding = rounding_or(cx, rounding, context.settings().rounding)?;
        let pattern = required_operand(cx, exp)?;
        computed(cx, &context, |env| {
            operations::quantize(&this.number, &pattern, rounding, env)
        })
    }

    /// Identical to the to_integral_value() method.
    #[method("to_integral(self, /, rounding=None, context=None)")]
    fn to_integral(
        cx: &Thread,
        this: &Ref<Decimal>,
        rounding: Option<&Value>,
        context: Option<&Value>,
    ) -> PyResult<Value> {
        Decimal::to_integral_value(cx, this, rounding, context)
    }

    /// Round to the nearest integer without signaling Inexact or Rounded.
    #[method("to_integral_value(self, /, rounding=None, context=None)")]
    fn to_integral_value(
        cx: &Thread,
        this: &Ref<Decimal>,
        rounding: Option<&Value>,
        context: Option<&Value>,
    ) -> PyResult<Value> {
        let context = context::optional(cx, context)?;
        let rounding = rounding_or(cx, rounding, context.settings().rounding)?;
        computed(cx, &context, |env| {
            operations::to_integral_value(&this.number, rounding, env)
        })
    }

    /// Round to the nearest integer, signaling Inexact or Rounded as appropriate.
    #[method("to_integral_exact(self, /, rounding=None, context=None)")]
    fn to_integral_exact(
        cx: &Thread,
        this: &Ref<Decimal>,
        rounding: Option<&Value>,
        context: Option<&Value>,
    ) -> PyResult<Value> {
        let context = context::optional(cx, context)?;
        let rounding = rounding_or(cx, rounding, context.settings().rounding)?;
        computed(cx, &context, |env| {
            operations::to_integral_exact(&this.number, rounding, env)
        })
    }
}
