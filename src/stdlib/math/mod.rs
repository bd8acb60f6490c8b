//! `math`: functions of real numbers.
//!
//! ```text
//!   here             elementary functions, rounding, parts of floats
//!   logarithms.rs    log, log2, log10: of ints of any size too
//!   integers.rs      gcd, lcm, isqrt, factorial, comb, perm
//!   sums.rs          fsum, sumprod, prod, hypot, dist: sums with more digits than a float has
//!   c_library.rs     what Rust's standard library does not name
//! ```
//! A NaN that no argument was is a ValueError, an infinity out of finite arguments an OverflowError or,
//! at a pole, a ValueError.

mod c_library;
mod integers;
mod logarithms;
mod sums;

use typhon_macros::{pyfunction, pymodule};
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::float;
use typhon_runtime::objects::int;
use typhon_runtime::objects::module::Module;
use typhon_runtime::objects::str_::{Name, names};
use typhon_runtime::objects::tuple::Tuple;
use typhon_runtime::protocols::{call, number};
use typhon_runtime::{Context, PyResult, Raised, Ref, Value, module};

/// This module provides access to the mathematical functions
/// defined by the C standard.
#[pymodule(
    name = "math",
    functions(
        acos,
        acosh,
        asin,
        asinh,
        atan,
        atan2,
        atanh,
        cbrt,
        ceil,
        copysign,
        cos,
        cosh,
        degrees,
        erf,
        erfc,
        exp,
        exp2,
        expm1,
        fabs,
        floor,
        fma,
        fmod,
        frexp,
        gamma,
        isclose,
        isfinite,
        isinf,
        isnan,
        ldexp,
        lgamma,
        log1p,
        modf,
        nextafter,
        pow,
        radians,
        remainder,
        sin,
        sinh,
        sqrt,
        tan,
        tanh,
        trunc,
        ulp,
        integers::comb,
        integers::factorial,
        integers::gcd,
        integers::isqrt,
        integers::lcm,
        integers::perm,
        logarithms::log,
        logarithms::log10,
        logarithms::log2,
        sums::dist,
        sums::fsum,
        sums::hypot,
        sums::prod,
        sums::sumprod
    )
)]
fn initialize(cx: &Context, this: &Ref<Module>) -> PyResult<()> {
    module::add(cx, this, "pi", std::f64::consts::PI)?;
    module::add(cx, this, "e", std::f64::consts::E)?;
    module::add(cx, this, "tau", std::f64::consts::TAU)?;
    module::add(cx, this, "inf", f64::INFINITY)?;
    module::add(cx, this, "nan", f64::NAN)
}

#[cold]
fn range_error(cx: &Context) -> Raised {
    cx.overflow_error("math range error")
}

#[cold]
fn domain_error(cx: &Context) -> Raised {
    cx.value_error("math domain error")
}

/// ValueError that says what was expected and what came.
#[cold]
fn expected(cx: &Context, what: &str, got: f64) -> Raised {
    cx.value_error(format!("expected {what}, got {}", float::repr(got)))
}

/// What an infinity out of a finite argument means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Infinity {
    Overflow,
    Pole,
}

/// The result of a function of one number. `domain` says what it expects, for messages.
#[inline]
fn checked(cx: &Context, x: f64, result: f64, infinity: Infinity, domain: &str) -> PyResult<f64> {
    if result.is_finite() {
        return Ok(result);
    }
    if result.is_nan() && !x.is_nan()
        || result.is_infinite() && x.is_finite() && infinity == Infinity::Pole
    {
        return Err(expected(cx, domain, x));
    }
    if result.is_infinite() && x.is_finite() {
        Err(range_error(cx))
    } else {
        Ok(result)
    }
}

/// Functions of one number: name and signature, function, what an infinity means, what is expected.
macro_rules! functions {
    ($($name:ident $signature:literal $function:expr, $infinity:ident, $domain:literal, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[pyfunction($signature)]
            fn $name(cx: &Context, x: f64) -> PyResult<f64> {
                checked(cx, x, $function(x), Infinity::$infinity, $domain)
            }
        )*
    };
}

functions! {
    acos "acos(x, /)" f64::acos, Pole, "a number in range from -1 up to 1", "Return the arc cosine (measured in radians) of x.\n\nThe result is between 0 and pi.";
    acosh "acosh(x, /)" c_library::acosh, Pole, "argument value not less than 1", "Return the inverse hyperbolic cosine of x.";
    asin "asin(x, /)" f64::asin, Pole, "a number in range from -1 up to 1", "Return the arc sine (measured in radians) of x.\n\nThe result is between -pi/2 and pi/2.";
    asinh "asinh(x, /)" c_library::asinh, Pole, "", "Return the inverse hyperbolic sine of x.";
    atan "atan(x, /)" f64::atan, Pole, "", "Return the arc tangent (measured in radians) of x.\n\nThe result is between -pi/2 and pi/2.";
    atanh "atanh(x, /)" c_library::atanh, Pole, "a number between -1 and 1", "Return the inverse hyperbolic tangent of x.";
    cbrt "cbrt(x, /)" f64::cbrt, Pole, "", "Return the cube root of x.";
    cos "cos(x, /)" f64::cos, Pole, "a finite input", "Return the cosine of x (measured in radians).";
    cosh "cosh(x, /)" f64::cosh, Overflow, "", "Return the hyperbolic cosine of x.";
    erf "erf(x, /)" c_library::erf, Pole, "", "Error function at x.";
    erfc "erfc(x, /)" c_library::erfc, Pole, "", "Complementary error function at x.";
    exp "exp(x, /)" f64::exp, Overflow, "", "Return e raised to the power of x.";
    exp2 "exp2(x, /)" f64::exp2, Overflow, "", "Return 2 raised to the power of x.";
    expm1 "expm1(x, /)" f64::exp_m1, Overflow, "", "Return exp(x)-1.\n\nThis function avoids the loss of precision involved in the direct evaluation of exp(x)-1 for small x.";
    fabs "fabs(x, /)" f64::abs, Pole, "", "Return the absolute value of the float x.";
    log1p "log1p(x, /)" f64::ln_1p, Pole, "argument value > -1", "Return the natural logarithm of 1+x (base e).\n\nThe result is computed in a way which is accurate for x near zero.";
    sin "sin(x, /)" f64::sin, Pole, "a finite input", "Return the sine of x (measured in radians).";
    sinh "sinh(x, /)" f64::sinh, Overflow, "", "Return the hyperbolic sine of x.";
    sqrt "sqrt(x, /)" f64::sqrt, Pole, "a nonnegative input", "Return the square root of x.";
    tan "tan(x, /)" f64::tan, Pole, "a finite input", "Return the tangent of x (measured in radians).";
    tanh "tanh(x, /)" f64::tanh, Pole, "", "Return the hyperbolic tangent of x.";
}

/// Gamma function at x.
#[pyfunction("gamma(x, /)")]
fn gamma(cx: &Context, x: f64) -> PyResult<f64> {
    let is_pole = x == f64::NEG_INFINITY || x <= 0.0 && x == x.floor();
    if is_pole {
        return Err(expected(cx, "a noninteger or positive integer", x));
    }
    // Factorials are exact as far as floats hold them.
    if x == x.floor() && x <= 23.0 {
        return Ok((2..x as u64).map(|factor| factor as f64).product());
    }
    checked(cx, x, c_library::tgamma(x), Infinity::Overflow, "")
}

/// Natural logarithm of absolute value of Gamma function at x.
#[pyfunction("lgamma(x, /)")]
fn lgamma(cx: &Context, x: f64) -> PyResult<f64> {
    if x.is_infinite() {
        return Ok(f64::INFINITY);
    }
    if x <= 0.0 && x == x.floor() {
        return Err(expected(cx, "a noninteger or positive integer", x));
    }
    checked(cx, x, c_library::lgamma(x), Infinity::Overflow, "")
}

/// Return the arc tangent (measured in radians) of y/x.
///
/// Unlike atan(y/x), the signs of both x and y are considered.
#[pyfunction("atan2(y, x, /)")]
fn atan2(_cx: &Context, y: f64, x: f64) -> PyResult<f64> {
    Ok(y.atan2(x))
}

/// Return a float with the magnitude (absolute value) of x but the sign of y.
///
/// On platforms that support signed zeros, copysign(1.0, -0.0)
/// returns -1.0.
#[pyfunction("copysign(x, y, /)")]
fn copysign(_cx: &Context, x: f64, y: f64) -> PyResult<f64> {
    Ok(x.copysign(y))
}

/// Convert angle x from radians to degrees.
#[pyfunction("degrees(x, /)")]
fn degrees(_cx: &Context, x: f64) -> PyResult<f64> {
    Ok(x * (180.0 / std::f64::consts::PI))
}

/// Convert angle x from degrees to radians.
#[pyfunction("radians(x, /)")]
fn radians(_cx: &Context, x: f64) -> PyResult<f64> {
    Ok(x * (std::f64::consts::PI / 180.0))
}

/// Return True if x is neither an infinity nor a NaN, and False otherwise.
#[pyfunction("isfinite(x, /)")]
fn isfinite(_cx: &Context, x: f64) -> PyResult<bool> {
    Ok(x.is_finite())
}

/// Return True if x is a positive or negative infinity, and False otherwise.
#[pyfunction("isinf(x, /)")]
fn isinf(_cx: &Context, x: f64) -> PyResult<bool> {
    Ok(x.is_infinite())
}

/// Return True if x is a NaN (not a number), and False otherwise.
#[pyfunction("isnan(x, /)")]
fn isnan(_cx: &Context, x: f64) -> PyResult<bool> {
    Ok(x.is_nan())
}

/// Determine whether two floating-point numbers are close in value.
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
/// For the values to be considered close, the difference between them
/// must be smaller than at least one of the tolerances.
///
/// -inf, inf and NaN behave similarly to the IEEE 754 Standard.  That
/// is, NaN is not close to anything, even itself.  inf and -inf are
/// only close to themselves.
#[pyfunction("isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
fn isclose(cx: &Context, a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
    if rel_tol < 0.0 || abs_tol < 0.0 {
        return Err(cx.value_error("tolerances must be non-negative"));
    }
    if a == b {
        return Ok(true);
    }
    if a.is_infinite() || b.is_infinite() {
        return Ok(false);
    }
    let difference = (b - a).abs();
    Ok(difference <= (rel_tol * b).abs()
        || difference <= (rel_tol * a).abs()
        || difference <= abs_tol)
}

/// What a method such as `__floor__` says, if the class has it.
fn special(cx: &Context, x: &Value, name: Name) -> PyResult<Option<Value>> {
    if float::is_exact(x) {
        Ok(None)
    } else {
        call::call_special(cx, x, name, &[])
    }
}

/// Return the ceiling of x as an Integral.
///
/// This is the smallest integer >= x.
#[pyfunction("ceil(x, /)")]
fn ceil(cx: &Context, x: &Value) -> PyResult<Value> {
    if x.is_small_int() {
        return Ok(x.clone());
    }
    match special(cx, x, names::dunder_ceil())? {
        Some(result) => Ok(result),
        None => float::to_int(cx, float::as_f64(cx, x)?.ceil()),
    }
}

/// Return the floor of x as an Integral.
///
/// This is the largest integer <= x.
#[pyfunction("floor(x, /)")]
fn floor(cx: &Context, x: &Value) -> PyResult<Value> {
    if x.is_small_int() {
        return Ok(x.clone());
    }
    match special(cx, x, names::dunder_floor())? {
        Some(result) => Ok(result),
        None => float::to_int(cx, float::as_f64(cx, x)?.floor()),
    }
}

/// Truncates the Real x to the nearest Integral toward 0.
///
/// Uses the __trunc__ magic method.
#[pyfunction("trunc(x, /)")]
fn trunc(cx: &Context, x: &Value) -> PyResult<Value> {
    if x.is_small_int() {
        return Ok(x.clone());
    }
    if float::is_exact(x) {
        return float::to_int(cx, float::as_f64(cx, x)?.trunc());
    }
    match call::call_special(cx, x, names::dunder_trunc(), &[])? {
        Some(result) => Ok(result),
        None => Err(cx.type_error(format!(
            "type {} doesn't define __trunc__ method",
            x.type_name()
        ))),
    }
}

/// Return x**y (x to the power of y).
#[pyfunction("pow(x, y, /)")]
fn pow(cx: &Context, x: f64, y: f64) -> PyResult<f64> {
    let result = x.powf(y);
    if result.is_finite() || !x.is_finite() || !y.is_finite() {
        return Ok(result);
    }
    // Zero to a negative power is a pole, a negative number to a fraction has no real power.
    if result.is_nan() || x == 0.0 {
        Err(domain_error(cx))
    } else {
        Err(range_error(cx))
    }
}

/// Return fmod(x, y), according to platform C.
///
/// x % y may differ.
#[pyfunction("fmod(x, y, /)")]
fn fmod(cx: &Context, x: f64, y: f64) -> PyResult<f64> {
    let result = x % y;
    if result.is_nan() && !x.is_nan() && !y.is_nan() {
        Err(domain_error(cx))
    } else {
        Ok(result)
    }
}

/// Difference between x and the closest integer multiple of y.
///
/// Return x - n*y where n*y is the closest integer multiple of y.
/// In the case where x is exactly halfway between two multiples of
/// y, the nearest even value of n is used. The result is always exact.
#[pyfunction("remainder(x, y, /)")]
fn remainder(cx: &Context, x: f64, y: f64) -> PyResult<f64> {
    if x.is_nan() || y.is_nan() {
        return Ok(f64::NAN);
    }
    if x.is_infinite() || y == 0.0 {
        return Err(domain_error(cx));
    }
    if y.is_infinite() {
        return Ok(x);
    }
    let (magnitude, unit) = (x.abs(), y.abs());
    // Both are exact: `below` lies between 0 and `unit`.
    let below = magnitude % unit;
    let above = unit - below;
    let nearest = match below.total_cmp(&above) {
        std::cmp::Ordering::Less => below,
        std::cmp::Ordering::Greater => -above,
        // Half way: the even multiple is the one that half the rest is a multiple of, or not.
        std::cmp::Ordering::Equal => below - 2.0 * ((0.5 * (magnitude - below)) % unit),
    };
    Ok(1f64.copysign(x) * nearest)
}

/// Fused multiply-add operation.
///
/// Compute (x * y) + z with a single round.
#[pyfunction("fma(x, y, z, /)")]
fn fma(cx: &Context, x: f64, y: f64, z: f64) -> PyResult<f64> {
    let result = x.mul_add(y, z);
    if result.is_finite() {
        return Ok(result);
    }
    if result.is_nan() {
        return if x.is_nan() || y.is_nan() || z.is_nan() {
            Ok(result)
        } else {
            Err(cx.value_error("invalid operation in fma"))
        };
    }
    if x.is_finite() && y.is_finite() && z.is_finite() {
        return Err(cx.overflow_error("overflow in fma"));
    }
    Ok(result)
}

/// Return the mantissa and exponent of x, as pair (m, e).
///
/// m is a float and e is an int, such that x = m * 2.**e.
/// If x is 0, m and e are both 0.  Else 0.5 <= abs(m) < 1.0.
#[pyfunction("frexp(x, /)")]
fn frexp(cx: &Context, x: f64) -> PyResult<Ref<Tuple>> {
    let (mantissa, exponent) = split(x);
    Tuple::from_vec(
        cx,
        vec![
            float::from_f64(cx, mantissa)?,
            int::from_i64(cx, exponent.into())?,
        ],
    )
}

/// Mantissa and exponent as `frexp` has them.
fn split(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    const EXPONENT: u64 = 0x7ff << 52;
    const BELOW_ONE: u64 = 1022;
    // Subnormal numbers have fewer digits: they get all of them first.
    let (scaled, shift) = if x.is_normal() {
        (x, 0)
    } else {
        (x * 2f64.powi(54), 54)
    };
    let bits = scaled.to_bits();
    let exponent = ((bits & EXPONENT) >> 52) as i32 - BELOW_ONE as i32 - shift;
    (f64::from_bits(bits & !EXPONENT | BELOW_ONE << 52), exponent)
}

/// Return x * (2**i).
///
/// This is essentially the inverse of frexp().
#[pyfunction("ldexp(x, i, /)")]
fn ldexp(cx: &Context, x: f64, i: &Value) -> PyResult<f64> {
    let Some(exponent) = int::view(i) else {
        return Err(cx.type_error("Expected an int as second argument to ldexp."));
    };
    if x == 0.0 || !x.is_finite() {
        return Ok(x);
    }
    // Beyond this everything overflows or vanishes anyway.
    const LIMIT: i128 = 10_000;
    let result = c_library::ldexp(x, exponent.clamped().clamp(-LIMIT, LIMIT) as i32);
    if result.is_infinite() {
        Err(range_error(cx))
    } else {
        Ok(result)
    }
}

/// Return the fractional and integer parts of x.
///
/// Both results carry the sign of x and are floats.
#[pyfunction("modf(x, /)")]
fn modf(cx: &Context, x: f64) -> PyResult<Ref<Tuple>> {
    let whole = x.trunc();
    let fraction = if x.is_infinite() { 0.0 } else { x - whole };
    let fraction = fraction.copysign(x);
    Tuple::from_vec(
        cx,
        vec![float::from_f64(cx, fraction)?, float::from_f64(cx, whole)?],
    )
}

/// Return the floating-point value the given number of steps after x towards y.
///
/// If steps is not specified or is None, it defaults to 1.
///
/// Raises a TypeError, if x or y is not a double, or if steps is not an integer.
/// Raises ValueError if steps is negative.
#[pyfunction("nextafter(x, y, /, *, steps=None)")]
fn nextafter(cx: &Context, x: f64, y: f64, steps: Maybe<&Value>) -> PyResult<f64> {
    let Some(steps) = steps.0.filter(|steps| !steps.is_none()) else {
        return Ok(c_library::nextafter(x, y));
    };
    let steps = number::index(cx, steps)?;
    let steps = int::view(&steps).expect("invariant: index() gives an int");
    if steps.is_negative() {
        return Err(cx.value_error("steps must be a non-negative integer"));
    }
    let steps = u64::try_from(steps.clamped()).unwrap_or(u64::MAX);
    Ok(steps_after(x, y, steps))
}

/// Floats in order are integers in order: `steps` of them further from `x`, at most to `y`.
fn steps_after(x: f64, y: f64, steps: u64) -> f64 {
    if steps == 0 || x.is_nan() {
        return x;
    }
    if y.is_nan() {
        return y;
    }
    const SIGN: u64 = 1 << 63;
    let place = |number: f64| {
        let magnitude = i128::from(number.to_bits() & !SIGN);
        if number.is_sign_negative() {
            -magnitude
        } else {
            magnitude
        }
    };
    let (from, to) = (place(x), place(y));
    if from == to {
        return y;
    }
    let target = if from < to {
        (from + i128::from(steps)).min(to)
    } else {
        (from - i128::from(steps)).max(to)
    };
    if target == to {
        return y;
    }
    let magnitude = f64::from_bits(target.unsigned_abs() as u64);
    let negative = target < 0 || target == 0 && from < 0;
    if negative { -magnitude } else { magnitude }
}

/// Return the value of the least significant bit of the float x.
#[pyfunction("ulp(x, /)")]
fn ulp(_cx: &Context, x: f64) -> PyResult<f64> {
    let x = x.abs();
    if !x.is_finite() {
        return Ok(x);
    }
    let above = x.next_up();
    Ok(if above.is_infinite() {
        x - x.next_down()
    } else {
        above - x
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mantissa_and_exponent() {
        for x in [
            1.0,
            -0.75,
            1e300,
            5e-324,
            2.5e-310,
            f64::MAX,
            -f64::MIN_POSITIVE,
        ] {
            let (mantissa, exponent) = split(x);
            assert!((0.5..1.0).contains(&mantissa.abs()), "{x}");
            assert_eq!(c_library::ldexp(mantissa, exponent), x);
        }
        assert_eq!(split(0.0), (0.0, 0));
    }

    #[test]
    fn steps_between_floats() {
        assert_eq!(steps_after(1.0, 2.0, 5), 1.0 + 5.0 * f64::EPSILON);
        assert_eq!(steps_after(0.0, -1.0, 1), -5e-324);
        assert!(
            steps_after(-5e-324, 1.0, 1).is_sign_negative(),
            "from below zero comes -0.0"
        );
        assert_eq!(steps_after(-1.0, 1.0, u64::MAX), 1.0);
    }
}
