//! `cmath`: functions of complex numbers.
//!
//! The C library computes (`c_library`); here is what is an error. A pole and an angle that is infinite are
//! a ValueError, an infinity out of finite arguments is an OverflowError.

mod c_library;

use std::f64::consts;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::{FromArgument, IntoValue, Maybe, Place};
use typhon_runtime::objects::complex::{self, Pair, Undefined};
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

use c_library::Number;

/// This module provides access to mathematical functions for complex
/// numbers.
#[pymodule(
    name = "cmath",
    functions(
        acos, acosh, asin, asinh, atan, atanh, cos, cosh, exp, isclose, isfinite, isinf, isnan,
        log, log10, phase, polar, rect, sin, sinh, sqrt, tan, tanh
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "pi", consts::PI)?;
    module::add(cx, this, "e", consts::E)?;
    module::add(cx, this, "tau", consts::TAU)?;
    module::add(cx, this, "inf", f64::INFINITY)?;
    module::add(cx, this, "infj", Complex(Pair::new(0.0, f64::INFINITY)))?;
    module::add(cx, this, "nan", f64::NAN)?;
    module::add(cx, this, "nanj", Complex(Pair::new(0.0, f64::NAN)))
}

/// An argument or result that is a complex number.
#[derive(Clone, Copy)]
struct Complex(Pair);

impl<'a> FromArgument<'a> for Complex {
    fn from_argument(cx: &Context, value: &'a Value, _: &Place) -> PyResult<Self> {
        complex::as_pair(cx, value).map(Complex)
    }
}

impl IntoValue for Complex {
    fn into_value(self, cx: &Context) -> PyResult<Value> {
        complex::from_pair(cx, self.0)
    }
}

impl Complex {
    fn is_finite(self) -> bool {
        self.0.real.is_finite() && self.0.imaginary.is_finite()
    }

    fn is_infinite(self) -> bool {
        self.0.real.is_infinite() || self.0.imaginary.is_infinite()
    }

    fn apply(self, function: extern "C" fn(Number) -> Number) -> Complex {
        Complex(function(self.0.into()).into())
    }

    /// The result of a function that is finite for finite arguments, unless it overflows.
    fn apply_checked(
        self,
        cx: &Context,
        function: extern "C" fn(Number) -> Number,
    ) -> PyResult<Complex> {
        let result = self.apply(function);
        if self.is_finite() && result.is_infinite() {
            return Err(range_error(cx));
        }
        Ok(result)
    }
}

#[cold]
fn domain_error(cx: &Context) -> Raised {
    cx.value_error("math domain error")
}

#[cold]
fn range_error(cx: &Context) -> Raised {
    cx.overflow_error("math range error")
}

/// Return the arc cosine of z.
#[pyfunction("acos(z, /)")]
fn acos(_cx: &Context, z: Complex) -> PyResult<Complex> {
    Ok(z.apply(c_library::cacos))
}

/// Return the inverse hyperbolic cosine of z.
#[pyfunction("acosh(z, /)")]
fn acosh(_cx: &Context, z: Complex) -> PyResult<Complex> {
    Ok(z.apply(c_library::cacosh))
}

/// Return the arc sine of z.
#[pyfunction("asin(z, /)")]
fn asin(_cx: &Context, z: Complex) -> PyResult<Complex> {
    Ok(z.apply(c_library::casin))
}

/// Return the inverse hyperbolic sine of z.
#[pyfunction("asinh(z, /)")]
fn asinh(_cx: &Context, z: Complex) -> PyResult<Complex> {
    Ok(z.apply(c_library::casinh))
}

/// Return the arc tangent of z.
#[pyfunction("atan(z, /)")]
fn atan(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.real == 0.0 && z.0.imaginary.abs() == 1.0 {
        return Err(domain_error(cx));
    }
    Ok(z.apply(c_library::catan))
}

/// Return the inverse hyperbolic tangent of z.
#[pyfunction("atanh(z, /)")]
fn atanh(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.imaginary == 0.0 && z.0.real.abs() == 1.0 {
        return Err(domain_error(cx));
    }
    Ok(z.apply(c_library::catanh))
}

/// Return the cosine of z.
#[pyfunction("cos(z, /)")]
fn cos(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.real.is_infinite() && !z.0.imaginary.is_nan() {
        return Err(domain_error(cx));
    }
    z.apply_checked(cx, c_library::ccos)
}

/// Return the hyperbolic cosine of z.
#[pyfunction("cosh(z, /)")]
fn cosh(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.imaginary.is_infinite() && !z.0.real.is_nan() {
        return Err(domain_error(cx));
    }
    z.apply_checked(cx, c_library::ccosh)
}

/// Return the exponential value e**z.
#[pyfunction("exp(z, /)")]
fn exp(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.imaginary.is_infinite() && (z.0.real.is_finite() || z.0.real == f64::INFINITY) {
        return Err(domain_error(cx));
    }
    z.apply_checked(cx, c_library::cexp)
}

/// Return the sine of z.
#[pyfunction("sin(z, /)")]
fn sin(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.real.is_infinite() && !z.0.imaginary.is_nan() {
        return Err(domain_error(cx));
    }
    z.apply_checked(cx, c_library::csin)
}

/// Return the hyperbolic sine of z.
#[pyfunction("sinh(z, /)")]
fn sinh(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.imaginary.is_infinite() && !z.0.real.is_nan() {
        return Err(domain_error(cx));
    }
    z.apply_checked(cx, c_library::csinh)
}

/// Return the square root of z.
#[pyfunction("sqrt(z, /)")]
fn sqrt(_cx: &Context, z: Complex) -> PyResult<Complex> {
    Ok(z.apply(c_library::csqrt))
}

/// Return the tangent of z.
#[pyfunction("tan(z, /)")]
fn tan(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.real.is_infinite() && z.0.imaginary.is_finite() {
        return Err(domain_error(cx));
    }
    Ok(z.apply(c_library::ctan))
}

/// Return the hyperbolic tangent of z.
#[pyfunction("tanh(z, /)")]
fn tanh(cx: &Context, z: Complex) -> PyResult<Complex> {
    if z.0.imaginary.is_infinite() && z.0.real.is_finite() {
        return Err(domain_error(cx));
    }
    Ok(z.apply(c_library::ctanh))
}

/// Whether both parts are zero: where the logarithm has its pole.
fn is_zero(z: Complex) -> bool {
    z.0.real == 0.0 && z.0.imaginary == 0.0
}

/// log(z[, base]) -> the logarithm of z to the given base.
///
/// If the base is not specified, returns the natural logarithm (base e)
/// of z.
#[pyfunction("log(z, base=<unrepresentable>, /)")]
fn log(cx: &Context, z: Complex, base: Maybe<Complex>) -> PyResult<Complex> {
    let is_pole = is_zero(z) || base.0.is_some_and(is_zero);
    if is_pole {
        return Err(domain_error(cx));
    }
    let result = z.apply(c_library::clog);
    let Some(base) = base.0 else {
        return Ok(result);
    };
    match result.0.divide(base.apply(c_library::clog).0) {
        Ok(quotient) => Ok(Complex(quotient)),
        Err(Undefined) => Err(domain_error(cx)),
    }
}

/// Return the base-10 logarithm of z.
#[pyfunction("log10(z, /)")]
fn log10(cx: &Context, z: Complex) -> PyResult<Complex> {
    if is_zero(z) {
        return Err(domain_error(cx));
    }
    let natural = z.apply(c_library::clog).0;
    Ok(Complex(Pair::new(
        natural.real / consts::LN_10,
        natural.imaginary / consts::LN_10,
    )))
}

fn angle(z: Pair) -> f64 {
    z.imaginary.atan2(z.real)
}

/// Return argument, also known as the phase angle, of a complex.
#[pyfunction("phase(z, /)")]
fn phase(_cx: &Context, z: Complex) -> PyResult<f64> {
    Ok(angle(z.0))
}

/// Convert a complex from rectangular coordinates to polar coordinates.
///
/// r is the distance from 0 and phi the phase angle.
#[pyfunction("polar(z, /)")]
fn polar(cx: &Context, z: Complex) -> PyResult<Value> {
    let distance = z.0.real.hypot(z.0.imaginary);
    if distance.is_infinite() && z.is_finite() {
        return Err(range_error(cx));
    }
    let parts = [distance.into_value(cx)?, angle(z.0).into_value(cx)?];
    Tuple::from_values(cx, &parts).map(Ref::into_value)
}

/// Convert from polar coordinates to rectangular coordinates.
#[pyfunction("rect(r, phi, /)")]
fn rect(cx: &Context, r: f64, phi: f64) -> PyResult<Complex> {
    if phi.is_infinite() && r != 0.0 && !r.is_nan() {
        return Err(domain_error(cx));
    }
    // Zero times anything is zero here, even times what has no value.
    let pair = if phi == 0.0 {
        let imaginary = if r.is_finite() {
            r * phi
        } else {
            // The sign follows from both, as if the distance were finite.
            0f64.copysign(phi) * 1f64.copysign(if r.is_nan() { 1.0 } else { r })
        };
        Pair::new(r, imaginary)
    } else if r == 0.0 && !phi.is_finite() {
        Pair::new(0.0, 0.0)
    } else if r.is_infinite() && phi.is_nan() {
        Pair::new(f64::INFINITY, f64::NAN)
    } else {
        Pair::new(r * phi.cos(), r * phi.sin())
    };
    Ok(Complex(pair))
}

/// Return True if both the real and imaginary parts of z are finite, else False.
#[pyfunction("isfinite(z, /)")]
fn isfinite(_cx: &Context, z: Complex) -> PyResult<bool> {
    Ok(z.is_finite())
}

/// Checks if the real or imaginary part of z is infinite.
#[pyfunction("isinf(z, /)")]
fn isinf(_cx: &Context, z: Complex) -> PyResult<bool> {
    Ok(z.is_infinite())
}

/// Checks if the real or imaginary part of z not a number (NaN).
#[pyfunction("isnan(z, /)")]
fn isnan(_cx: &Context, z: Complex) -> PyResult<bool> {
    Ok(z.0.real.is_nan() || z.0.imaginary.is_nan())
}

/// Determine whether two complex numbers are close in value.
///
///   rel_tol
///     maximum difference for being considered "close", relative to the
///     magnitude of the input values
///   abs_tol
///     maximum difference for being considered "close", regardless of the
///     magnitude of the input values
///
/// Return True if a is close in value to b, and False otherwise.
///
/// For the values to be considered close, the difference between them must
/// be smaller than at least one of the tolerances.
///
/// -inf, inf and NaN behave similarly to the IEEE 754 Standard.  That is,
/// NaN is not close to anything, even itself. inf and -inf are only close
/// to themselves.
#[pyfunction("isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
fn isclose(cx: &Context, a: Complex, b: Complex, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
    if rel_tol < 0.0 || abs_tol < 0.0 {
        return Err(cx.value_error("tolerances must be non-negative"));
    }
    if a.0 == b.0 {
        return Ok(true);
    }
    if a.is_infinite() || b.is_infinite() {
        return Ok(false);
    }
    let size = |pair: Pair| pair.real.hypot(pair.imaginary);
    let difference = size(Pair::new(
        a.0.real - b.0.real,
        a.0.imaginary - b.0.imaginary,
    ));
    Ok(difference <= rel_tol * size(b.0)
        || difference <= rel_tol * size(a.0)
        || difference <= abs_tol)
}
