//! Functions of complex numbers in the C library, which keep to Annex G of the C standard: branch cuts,
//! signs of zeros, and what infinities and NaNs give.
//!
//! Invariant: C passes and returns `double _Complex` as it does a struct of two doubles.

use typhon_runtime::objects::complex::Pair;

/// `double _Complex`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Number {
    real: f64,
    imaginary: f64,
}

impl From<Pair> for Number {
    fn from(pair: Pair) -> Number {
        Number {
            real: pair.real,
            imaginary: pair.imaginary,
        }
    }
}

impl From<Number> for Pair {
    fn from(number: Number) -> Pair {
        Pair::new(number.real, number.imaginary)
    }
}

unsafe extern "C" {
    pub(super) safe fn cacos(z: Number) -> Number;
    pub(super) safe fn cacosh(z: Number) -> Number;
    pub(super) safe fn casin(z: Number) -> Number;
    pub(super) safe fn casinh(z: Number) -> Number;
    pub(super) safe fn catan(z: Number) -> Number;
    pub(super) safe fn catanh(z: Number) -> Number;
    pub(super) safe fn ccos(z: Number) -> Number;
    pub(super) safe fn ccosh(z: Number) -> Number;
    pub(super) safe fn cexp(z: Number) -> Number;
    pub(super) safe fn clog(z: Number) -> Number;
    pub(super) safe fn csin(z: Number) -> Number;
    pub(super) safe fn csinh(z: Number) -> Number;
    pub(super) safe fn csqrt(z: Number) -> Number;
    pub(super) safe fn ctan(z: Number) -> Number;
    pub(super) safe fn ctanh(z: Number) -> Number;
}
