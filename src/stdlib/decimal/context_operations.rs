//! Methods of `Context`: one line for each operation. What they do is in `arithmetic`, `functions` and
//! `operations`.

use typhon_macros::pymethods;
use typhon_runtime::{Context as Thread, PyResult, Ref, Value};

use super::arithmetic;
use super::context::Context;
use super::convert::required_operand;
use super::decimal_type::computed;
use super::functions;
use super::operations;

/// Methods with one operand, and methods with two.
macro_rules! methods {
    (
        unary { $($(#[doc = $unary_doc:tt])* $unary:ident $unary_signature:tt => $unary_function:path;)* }
        binary { $($(#[doc = $binary_doc:tt])* $binary:ident $binary_signature:tt => $binary_function:path;)* }
    ) => {
        #[pymethods(table = OPERATIONS)]
        impl Context {
            $(
                $(#[doc = $unary_doc])*
                #[method($unary_signature)]
                fn $unary(cx: &Thread, this: &Ref<Context>, x: &Value) -> PyResult<Value> {
                    let x = required_operand(cx, x)?;
                    computed(cx, this, |env| $unary_function(&x, env))
                }
            )*
            $(
                $(#[doc = $binary_doc])*
                #[method($binary_signature)]
                fn $binary(cx: &Thread, this: &Ref<Context>, x: &Value, y: &Value) -> PyResult<Value> {
                    let x = required_operand(cx, x)?;
                    let y = required_operand(cx, y)?;
                    computed(cx, this, |env| $binary_function(&x, &y, env))
                }
            )*
        }
    };
}

methods! {
    unary {
        #[doc = "Return the value of the (natural) exponential function e**x at the given number."]
        exp "exp(self, x, /)" => functions::exp;
        #[doc = "Return the natural (base e) logarithm of the operand."]
        ln "ln(self, x, /)" => functions::ln;
        #[doc = "Return the base ten logarithm of the operand."]
        log10 "log10(self, x, /)" => functions::log10;
        #[doc = "Returns the largest representable number smaller than itself."]
        next_minus "next_minus(self, x, /)" => operations::next_minus;
        #[doc = "Returns the smallest representable number larger than itself."]
        next_plus "next_plus(self, x, /)" => operations::next_plus;
        #[doc = "Normalize the number by stripping trailing zeros."]
        normalize "normalize(self, x, /)" => operations::normalize;
        #[doc = "Return the square root of the argument to full precision."]
        sqrt "sqrt(self, x, /)" => arithmetic::square_root;
        #[doc = "Return the adjusted exponent of the operand as a Decimal instance."]
        logb "logb(self, x, /)" => operations::logb;
        #[doc = "Return the digit-wise inversion of the (logical) operand."]
        logical_invert "logical_invert(self, x, /)" => operations::logical_invert;
        #[doc = "Return the absolute value of x."]
        abs "abs(self, x, /)" => operations::absolute;
        #[doc = "Minus corresponds to the unary prefix minus operator in Python, but applies the context to the result."]
        minus "minus(self, x, /)" => operations::minus;
        #[doc = "Plus corresponds to the unary prefix plus operator in Python, but applies the context to the result."]
        plus "plus(self, x, /)" => operations::plus;
    }
    binary {
        #[doc = "Compare x to y.  Return a decimal value:"]
        compare "compare(self, x, y, /)" => arithmetic::compare;
        #[doc = "Identical to compare, except that all NaNs signal."]
        compare_signal "compare_signal(self, x, y, /)" => arithmetic::compare_signal;
        #[doc = "Maximum of x and y."]
        max "max(self, x, y, /)" => operations::max;
        #[doc = "As the max() method, but compares the absolute values of the operands."]
        max_mag "max_mag(self, x, y, /)" => operations::max_mag;
        #[doc = "Minimum of x and y."]
        min "min(self, x, y, /)" => operations::min;
        #[doc = "As the min() method, but compares the absolute values of the operands."]
        min_mag "min_mag(self, x, y, /)" => operations::min_mag;
        #[doc = "Returns the number closest to x, in the direction towards y."]
        next_toward "next_toward(self, x, y, /)" => operations::next_toward;
        #[doc = "Return the remainder from dividing x by y."]
        remainder_near "remainder_near(self, x, y, /)" => arithmetic::remainder_near;
        #[doc = "Compare two operands using their abstract representation."]
        compare_total "compare_total(self, x, y, /)" => arithmetic::compare_total;
        #[doc = "As compare_total(), but ignores the sign of each operand."]
        compare_total_mag "compare_total_mag(self, x, y, /)" => arithmetic::compare_total_magnitude;
        #[doc = "Return a copy of *x* with the sign of *y*."]
        copy_sign "copy_sign(self, x, y, /)" => operations::copy_sign;
        #[doc = "Return the digit-wise 'and' of the two (logical) operands."]
        logical_and "logical_and(self, x, y, /)" => operations::logical_and;
        #[doc = "Return the digit-wise 'or' of the two (logical) operands."]
        logical_or "logical_or(self, x, y, /)" => operations::logical_or;
        #[doc = "Return the digit-wise 'xor' of the two (logical) operands."]
        logical_xor "logical_xor(self, x, y, /)" => operations::logical_xor;
        #[doc = "Returns a rotated copy of x's digits, by as many places as y says."]
        rotate "rotate(self, x, y, /)" => operations::rotate;
        #[doc = "Return the first operand with the exponent adjusted by the second."]
        scaleb "scaleb(self, x, y, /)" => operations::scaleb;
        #[doc = "Returns a shifted copy of x's digits, by as many places as y says."]
        shift "shift(self, x, y, /)" => operations::shift;
        #[doc = "Return the sum of x and y."]
        add "add(self, x, y, /)" => arithmetic::add;
        #[doc = "Return the difference between x and y."]
        subtract "subtract(self, x, y, /)" => arithmetic::subtract;
        #[doc = "Return the product of x and y."]
        multiply "multiply(self, x, y, /)" => arithmetic::multiply;
        #[doc = "Return x divided by y."]
        divide "divide(self, x, y, /)" => arithmetic::divide;
        #[doc = "Return x divided by y, truncated to an integer."]
        divide_int "divide_int(self, x, y, /)" => arithmetic::divide_int;
        #[doc = "Return the remainder from dividing x by y."]
        remainder "remainder(self, x, y, /)" => arithmetic::remainder;
    }
}
