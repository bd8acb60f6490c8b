//! Sums that do not lose digits: `fsum`, `sumprod`, `hypot`, `dist`, and `prod`.
//!
//! Two floats add up, and multiply, to a float and an error that is a float too (Dekker 1971, Knuth);
//! keeping the errors gives two or three times the digits (Shewchuk 1997; Ogita, Rump, Oishi 2005).

use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::float;
use typhon_runtime::objects::int;
use typhon_runtime::protocols::iterate;
use typhon_runtime::protocols::number::{self, BinaryOperator};
use typhon_runtime::{Context, PyResult, Value};

/// `left + right` and what rounding has left out.
#[inline]
fn exact_sum(left: f64, right: f64) -> (f64, f64) {
    let sum = left + right;
    let of_right = sum - left;
    (sum, (left - (sum - of_right)) + (right - of_right))
}

/// `left * right` and what rounding has left out.
#[inline]
fn exact_product(left: f64, right: f64) -> (f64, f64) {
    let product = left * right;
    (product, left.mul_add(right, -product))
}

/// A sum of floats as floats that do not overlap, in growing order; none is zero.
#[derive(Default)]
struct Partials(Vec<f64>);

impl Partials {
    /// Adds a finite number. `None` when the sum gets too large.
    fn add(&mut self, number: f64) -> Option<()> {
        let mut rest = number;
        let mut kept = 0;
        for at in 0..self.0.len() {
            let (sum, error) = exact_sum(rest, self.0[at]);
            if error != 0.0 {
                self.0[kept] = error;
                kept += 1;
            }
            rest = sum;
        }
        self.0.truncate(kept);
        if !rest.is_finite() {
            return None;
        }
        if rest != 0.0 {
            self.0.push(rest);
        }
        Some(())
    }

    /// The sum, rounded once, half to even.
    fn total(&self) -> f64 {
        let mut below = self.0.iter().rev().copied();
        let Some(mut high) = below.next() else {
            return 0.0;
        };
        let mut low = 0.0;
        for partial in below.by_ref() {
            (high, low) = exact_sum(high, partial);
            if low != 0.0 {
                break;
            }
        }
        // Exactly half way so far: what is below decides.
        if let Some(next) = below.next()
            && (low < 0.0 && next < 0.0 || low > 0.0 && next > 0.0)
        {
            let twice = low * 2.0;
            let rounded = high + twice;
            if twice == rounded - high {
                high = rounded;
            }
        }
        high
    }
}

/// Return an accurate floating-point sum of values in the iterable seq.
///
/// Assumes IEEE-754 floating-point arithmetic.
#[pyfunction("fsum(seq, /)")]
pub(super) fn fsum(cx: &Context, seq: &Value) -> PyResult<f64> {
    let mut partials = Partials::default();
    // What is not finite is added by itself: its sum shows whether both infinities were there.
    let (mut special, mut infinities) = (0.0, 0.0);
    iterate::for_each(cx, seq, |item| {
        let number = float::as_f64(cx, &item)?;
        if number.is_finite() {
            return match partials.add(number) {
                Some(()) => Ok(()),
                None => Err(cx.overflow_error("intermediate overflow in fsum")),
            };
        }
        if number.is_infinite() {
            infinities += number;
        }
        special += number;
        partials.0.clear();
        Ok(())
    })?;
    if special == 0.0 {
        return Ok(partials.total());
    }
    if f64::is_nan(infinities) {
        Err(cx.value_error("-inf + inf in fsum"))
    } else {
        Ok(special)
    }
}

/// Calculate the product of all the elements in the input iterable.
///
/// The default start value for the product is 1.
///
/// When the iterable is empty, return the start value.  This function is
/// intended specifically for use with numeric values and may reject
/// non-numeric types.
#[pyfunction("prod(iterable, /, *, start=1)")]
pub(super) fn prod(cx: &Context, iterable: &Value, start: Maybe<Value>) -> PyResult<Value> {
    let mut result = match start.0 {
        Some(start) => start,
        None => int::from_i64(cx, 1)?,
    };
    let iterator = iterate::iter(cx, iterable)?;
    while let Some(item) = iterate::next(cx, &iterator)? {
        result = match number::multiply_fast(&result, &item) {
            Some(product) => product,
            None => number::binary(cx, BinaryOperator::Multiply, &result, &item)?,
        };
    }
    Ok(result)
}

/// A sum with three times the digits of a float.
#[derive(Clone, Copy, Default)]
struct Triple {
    high: f64,
    low: f64,
    tiny: f64,
}

impl Triple {
    fn add_product(self, left: f64, right: f64) -> Triple {
        let (product, product_error) = exact_product(left, right);
        let (high, first_error) = exact_sum(self.high, product);
        let (low, second_error) = exact_sum(self.low, product_error);
        let (low, third_error) = exact_sum(low, first_error);
        Triple {
            high,
            low,
            tiny: self.tiny + (second_error + third_error),
        }
    }

    fn total(self) -> f64 {
        let (last, error) = exact_sum(self.tiny, self.low);
        let (total, rest) = exact_sum(self.high, last);
        total + (rest + error)
    }
}

/// The terms of a sum of products that are kept apart for as long as they are of one kind.
#[derive(Default)]
struct Terms {
    /// Of ints, while the sum fits.
    whole: i64,
    has_whole: bool,
    /// Of floats.
    real: Triple,
    has_real: bool,
}

impl Terms {
    /// Adds what is kept apart to `total`.
    fn flush_whole(&mut self, cx: &Context, total: &mut Value) -> PyResult<()> {
        if std::mem::take(&mut self.has_whole) {
            let whole = int::from_i64(cx, std::mem::take(&mut self.whole))?;
            *total = number::binary(cx, BinaryOperator::Add, total, &whole)?;
        }
        Ok(())
    }

    fn flush_real(&mut self, cx: &Context, total: &mut Value) -> PyResult<()> {
        if std::mem::take(&mut self.has_real) {
            let real = float::from_f64(cx, std::mem::take(&mut self.real).total())?;
            *total = number::binary(cx, BinaryOperator::Add, total, &real)?;
        }
        Ok(())
    }

    /// Adds the product of two ints. False when they, or the sum, are too large.
    fn add_whole(&mut self, left: &Value, right: &Value) -> bool {
        let product = || int::as_small(left)?.checked_mul(int::as_small(right)?);
        match product().and_then(|product| self.whole.checked_add(product)) {
            Some(sum) => {
                self.whole = sum;
                self.has_whole = true;
                true
            }
            None => false,
        }
    }

    /// Adds the product of two numbers of which one is a float. False when the sum is not finite any more.
    fn add_real(&mut self, left: f64, right: f64) -> bool {
        let sum = self.real.add_product(left, right);
        if !sum.high.is_finite() {
            return false;
        }
        self.real = sum;
        self.has_real = true;
        true
    }
}

/// Two numbers as floats, if one of them is one and the other a float, an int that fits, or a bool.
fn as_floats(left: &Value, right: &Value) -> Option<(f64, f64)> {
    let real = |value: &Value| {
        if float::is_exact(value) {
            float::exact(value)
        } else {
            None
        }
    };
    let whole = |value: &Value| {
        let plain = int::is_exact(value) || value.as_bool().is_some();
        if plain {
            int::view(value).and_then(|number| number.to_f64())
        } else {
            None
        }
    };
    match (real(left), real(right)) {
        (Some(left), Some(right)) => Some((left, right)),
        (Some(left), None) => Some((left, whole(right)?)),
        (None, Some(right)) => Some((whole(left)?, right)),
        (None, None) => None,
    }
}

/// Return the sum of products of values from two iterables p and q.
///
/// Roughly equivalent to:
///
///     sum(map(operator.mul, p, q, strict=True))
///
/// For float and mixed int/float inputs, the intermediate products
/// and sums are computed with extended precision.
#[pyfunction("sumprod(p, q, /)")]
pub(super) fn sumprod(cx: &Context, p: &Value, q: &Value) -> PyResult<Value> {
    let (left_items, right_items) = (iterate::iter(cx, p)?, iterate::iter(cx, q)?);
    let mut total = int::from_i64(cx, 0)?;
    let mut terms = Terms::default();
    loop {
        let (left, right) = match (
            iterate::next(cx, &left_items)?,
            iterate::next(cx, &right_items)?,
        ) {
            (Some(left), Some(right)) => (left, right),
            (None, None) => break,
            _ => return Err(cx.value_error("Inputs are not the same length")),
        };
        if int::is_exact(&left) && int::is_exact(&right) && !terms.has_real {
            if terms.add_whole(&left, &right) {
                continue;
            }
        } else if let Some((left, right)) = as_floats(&left, &right) {
            terms.flush_whole(cx, &mut total)?;
            if terms.add_real(left, right) {
                continue;
            }
        }
        terms.flush_whole(cx, &mut total)?;
        terms.flush_real(cx, &mut total)?;
        let product = number::binary(cx, BinaryOperator::Multiply, &left, &right)?;
        total = number::binary(cx, BinaryOperator::Add, &total, &product)?;
    }
    terms.flush_whole(cx, &mut total)?;
    terms.flush_real(cx, &mut total)?;
    Ok(total)
}

/// The length of a vector whose largest coordinate has the magnitude `largest`.
fn length(coordinates: &[f64], largest: f64, has_nan: bool) -> f64 {
    if largest.is_infinite() {
        return largest;
    }
    if has_nan {
        return f64::NAN;
    }
    if largest == 0.0 || coordinates.len() <= 1 {
        return largest;
    }
    // The power of two that brings all coordinates below 1, so that no square overflows.
    let (_, exponent) = super::split(largest);
    if exponent < -1023 {
        // All are subnormal: their power of two is not a float.
        let least = f64::MIN_POSITIVE;
        let scaled: Vec<f64> = coordinates.iter().map(|x| x / least).collect();
        return least * length(&scaled, largest / least, false);
    }
    let scale = super::c_library::ldexp(1.0, -exponent);
    // The sum begins with 1, which is larger than any square, so that adding needs no comparison.
    let (mut sum, mut errors, mut product_errors) = (1.0, 0.0, 0.0);
    for coordinate in coordinates {
        let scaled = coordinate * scale;
        let (square, square_error) = exact_product(scaled, scaled);
        let (larger, error) = exact_sum(sum, square);
        sum = larger;
        product_errors += square_error;
        errors += error;
    }
    let root = (sum - 1.0 + (errors + product_errors)).sqrt();
    // One step of Newton's method on the exact remainder makes the root correct to the last digit.
    let (square, square_error) = exact_product(-root, root);
    let (sum, error) = exact_sum(sum, square);
    let remainder = sum - 1.0 + ((errors + error) + (product_errors + square_error));
    (root + remainder / (2.0 * root)) / scale
}

/// The length of a vector whose coordinates have these magnitudes.
fn norm(coordinates: &[f64]) -> f64 {
    let has_nan = coordinates.iter().any(|x| x.is_nan());
    let largest = coordinates.iter().copied().fold(0.0, f64::max);
    length(coordinates, largest, has_nan)
}

/// Multidimensional Euclidean distance from the origin to a point.
///
/// Roughly equivalent to:
///     sqrt(sum(x**2 for x in coordinates))
///
/// For a two dimensional point (x, y), gives the hypotenuse
/// using the Pythagorean theorem:  sqrt(x*x + y*y).
///
/// For example, the hypotenuse of a 3/4/5 right triangle is:
///
///     >>> hypot(3.0, 4.0)
///     5.0
#[pyfunction("hypot(*coordinates)")]
pub(super) fn hypot(cx: &Context, coordinates: &[Value]) -> PyResult<f64> {
    let magnitudes = coordinates
        .iter()
        .map(|x| float::as_f64(cx, x).map(f64::abs));
    Ok(norm(&magnitudes.collect::<PyResult<Vec<f64>>>()?))
}

/// Return the Euclidean distance between two points p and q.
///
/// The points should be specified as sequences (or iterables) of
/// coordinates.  Both inputs must have the same dimension.
///
/// Roughly equivalent to:
///     sqrt(sum((px - qx) ** 2.0 for px, qx in zip(p, q)))
#[pyfunction("dist(p, q, /)")]
pub(super) fn dist(cx: &Context, p: &Value, q: &Value) -> PyResult<f64> {
    let (p, q) = (iterate::collect(cx, p)?, iterate::collect(cx, q)?);
    if p.len() != q.len() {
        return Err(cx.value_error("both points must have the same number of dimensions"));
    }
    let mut differences = Vec::with_capacity(p.len());
    for (left, right) in p.iter().zip(&q) {
        differences.push((float::as_f64(cx, left)? - float::as_f64(cx, right)?).abs());
    }
    Ok(norm(&differences))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(numbers: &[f64]) -> Option<f64> {
        let mut partials = Partials::default();
        for number in numbers {
            partials.add(*number)?;
        }
        Some(partials.total())
    }

    #[test]
    fn sums_are_rounded_once() {
        assert_eq!(sum(&[0.1; 10]), Some(1.0));
        assert_eq!(sum(&[1e100, 1.0, -1e100]), Some(1.0));
        assert_eq!(sum(&[1e16, 1.0, 1e-16]), Some(10_000_000_000_000_002.0));
        assert_eq!(sum(&[1e308, 1e308]), None);
        assert_eq!(sum(&[]), Some(0.0));
    }

    #[test]
    fn lengths() {
        assert_eq!(norm(&[3.0, 4.0]), 5.0);
        assert_eq!(norm(&[1e308, 1e308]), 1.4142135623730951e308);
        assert_eq!(norm(&[5e-324, 5e-324]), 5e-324);
        assert_eq!(norm(&[f64::NAN, f64::INFINITY]), f64::INFINITY);
        assert_eq!(norm(&[2.0]), 2.0);
    }
}
