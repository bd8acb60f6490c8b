//! Functions of the C library's mathematics that Rust's standard library has no stable name for.
//!
//! Both come from the same library, so that `math.gamma` is as exact as `math.sin`.

unsafe extern "C" {
    /// The inverse hyperbolic functions: Rust's own are computed from logarithms and less exact.
    pub(super) safe fn acosh(x: f64) -> f64;
    pub(super) safe fn asinh(x: f64) -> f64;
    pub(super) safe fn atanh(x: f64) -> f64;
    /// The error function.
    pub(super) safe fn erf(x: f64) -> f64;
    /// 1 - erf(x), exact for large x.
    pub(super) safe fn erfc(x: f64) -> f64;
    /// The gamma function.
    pub(super) safe fn tgamma(x: f64) -> f64;
    /// x * 2**exponent, rounded once.
    pub(super) safe fn ldexp(x: f64, exponent: i32) -> f64;
    /// The number after x on the way to y.
    pub(super) safe fn nextafter(x: f64, y: f64) -> f64;
    /// The logarithm of the absolute value of the gamma function; `sign` gets the sign.
    fn lgamma_r(x: f64, sign: *mut i32) -> f64;
}

/// The logarithm of the absolute value of the gamma function.
pub(super) fn lgamma(x: f64) -> f64 {
    let mut sign = 0;
    // SAFETY: the sign is written to a local.
    unsafe { lgamma_r(x, &mut sign) }
}
