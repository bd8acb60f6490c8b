//! Functions of integers of any size.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use typhon_macros::pyfunction;
use typhon_runtime::args::Maybe;
use typhon_runtime::objects::int;
use typhon_runtime::protocols::number;
use typhon_runtime::{Context, PyResult, Value};

const LIMIT: i64 = i64::MAX;

/// The greatest common divisor of two ints.
fn divisor(cx: &Context, left: &Value, right: &Value) -> PyResult<Value> {
    match (int::as_small(left), int::as_small(right)) {
        (Some(left), Some(right)) => {
            let divisor = left.unsigned_abs().gcd(&right.unsigned_abs());
            int::from_u64(cx, divisor)
        }
        _ => int::from_bigint(
            cx,
            int::index_as_bigint(cx, left)?.gcd(&int::index_as_bigint(cx, right)?),
        ),
    }
}

/// Greatest Common Divisor.
#[pyfunction("gcd(*integers)")]
pub(super) fn gcd(cx: &Context, integers: &[Value]) -> PyResult<Value> {
    let mut result = int::from_i64(cx, 0)?;
    for integer in integers {
        let integer = number::index(cx, integer)?;
        // Once it is 1 it stays so, but all arguments must be ints.
        if result.as_small_int() != Some(1) {
            result = divisor(cx, &result, &integer)?;
        }
    }
    Ok(result)
}

/// Least Common Multiple.
#[pyfunction("lcm(*integers)")]
pub(super) fn lcm(cx: &Context, integers: &[Value]) -> PyResult<Value> {
    let mut result = BigInt::one();
    for integer in integers {
        let integer = int::index_as_bigint(cx, integer)?;
        result = if result.is_zero() || integer.is_zero() {
            BigInt::zero()
        } else {
            let divisor = result.gcd(&integer);
            (result / divisor * integer).abs()
        };
    }
    int::from_bigint(cx, result)
}

/// Return the integer part of the square root of the input.
#[pyfunction("isqrt(n, /)")]
pub(super) fn isqrt(cx: &Context, n: &Value) -> PyResult<Value> {
    let n = number::index(cx, n)?;
    if let Some(small) = int::as_small(&n) {
        if small < 0 {
            return Err(cx.value_error("isqrt() argument must be nonnegative"));
        }
        return int::from_i64(cx, small.isqrt());
    }
    let n = int::index_as_bigint(cx, &n)?;
    if n.is_negative() {
        return Err(cx.value_error("isqrt() argument must be nonnegative"));
    }
    int::from_bigint(cx, cx.detached(|| n.sqrt()))
}

/// The product of `low ..= high`, by halves of about equal size.
fn product(low: u64, high: u64) -> BigUint {
    match high.checked_sub(low) {
        None => BigUint::one(),
        Some(..16) => {
            let mut result = BigUint::one();
            let mut chunk = 1u64;
            for factor in low..=high {
                match chunk.checked_mul(factor) {
                    Some(larger) => chunk = larger,
                    None => {
                        result *= chunk;
                        chunk = factor;
                    }
                }
            }
            result * chunk
        }
        Some(count) => {
            let middle = low + count / 2;
            product(low, middle) * product(middle + 1, high)
        }
    }
}

/// `n!`.
fn factorial_of(n: u64) -> BigUint {
    // The powers of two come at the end: so many as n has bits that are not set.
    let odd = odd_part_of_factorial(n);
    odd << (n - u64::from(n.count_ones()))
}

/// `n!` without its factors of two: the product over i of the odd numbers up to `n >> i`.
fn odd_part_of_factorial(n: u64) -> BigUint {
    let mut result = BigUint::one();
    let mut inner = BigUint::one();
    let mut done = 1;
    for shift in (0..u64::BITS - n.leading_zeros()).rev() {
        let bound = n >> shift;
        if bound > 2 {
            inner *= odd_product(done + 2, bound);
            done = if bound % 2 == 1 { bound } else { bound - 1 };
            result *= &inner;
        }
    }
    result
}

/// The product of the odd numbers in `low ..= high`; `low` is odd.
fn odd_product(low: u64, high: u64) -> BigUint {
    if low > high {
        return BigUint::one();
    }
    let count = (high - low) / 2 + 1;
    if count <= 16 {
        let mut result = BigUint::one();
        for factor in (low..=high).step_by(2) {
            result *= factor;
        }
        return result;
    }
    let middle = low + count / 2 * 2;
    odd_product(low, middle - 2) * odd_product(middle, high)
}

/// Find n!.
#[pyfunction("factorial(n, /)")]
pub(super) fn factorial(cx: &Context, n: &Value) -> PyResult<Value> {
    let n = number::index(cx, n)?;
    let view = int::view(&n).expect("invariant: index() gives an int");
    if view.is_negative() {
        return Err(cx.value_error("factorial() not defined for negative values"));
    }
    match view.to_i64() {
        None => Err(cx.overflow_error(format!("factorial() argument should not exceed {LIMIT}"))),
        Some(n @ ..=20) => int::from_u64(cx, (2..=n as u64).product()),
        Some(n) => int::from_bigint(cx, cx.detached(|| factorial_of(n as u64)).into()),
    }
}

/// An argument that counts things.
fn count(cx: &Context, value: &Value, name: &str) -> PyResult<BigInt> {
    let value = int::index_as_bigint(cx, value)?;
    if value.is_negative() {
        return Err(cx.value_error(format!("{name} must be a non-negative integer")));
    }
    Ok(value)
}

/// `n * (n - 1) * … * (n - k + 1)`, by halves of about equal size.
fn falling(n: &BigUint, k: u64) -> BigUint {
    match (u64::try_from(n), k) {
        (_, 0) => BigUint::one(),
        (Ok(n), _) => product(n - k + 1, n),
        (Err(_), 1) => n.clone(),
        (Err(_), _) => {
            let half = k / 2;
            falling(n, half) * falling(&(n - half), k - half)
        }
    }
}

/// Number of ways to choose k items from n items without repetition and with order.
///
/// Evaluates to n! / (n - k)! when k <= n and evaluates
/// to zero when k > n.
///
/// If k is not specified or is None, then k defaults to n
/// and the function returns n!.
///
/// Raises TypeError if either of the arguments are not integers.
/// Raises ValueError if either of the arguments are negative.
#[pyfunction("perm(n, k=None, /)")]
pub(super) fn perm(cx: &Context, n: &Value, k: Maybe<&Value>) -> PyResult<Value> {
    let Some(k) = k.0.filter(|k| !k.is_none()) else {
        return factorial(cx, n);
    };
    let (n, k) = (count(cx, n, "n")?, count(cx, k, "k")?);
    if n < k {
        return int::from_i64(cx, 0);
    }
    match i64::try_from(&k) {
        Ok(k) => int::from_bigint(cx, cx.detached(|| falling(n.magnitude(), k as u64)).into()),
        Err(_) => Err(cx.overflow_error(format!("k must not exceed {LIMIT}"))),
    }
}

/// `n! / k! / (n - k)!` for small `k`: step by step, each of them exact. `None` when it gets too large.
fn small_binomial(n: u64, k: u64) -> Option<u64> {
    let mut result = 1u64;
    for step in 0..k {
        result =
            u64::try_from(u128::from(result) * u128::from(n - step) / u128::from(step + 1)).ok()?;
    }
    Some(result)
}

/// `n! / k! / (n - k)!`, where `k` is at most half of `n`: choosing `k` is choosing half of them, then the
/// other half, each set counted as often as it can be split so.
fn binomial(n: &BigUint, k: u64) -> BigUint {
    if k < 64 {
        if let Ok(n) = u64::try_from(n)
            && let Some(result) = small_binomial(n, k)
        {
            return result.into();
        }
        return falling(n, k) / factorial_of(k);
    }
    let half = k / 2;
    binomial(n, half) * binomial(&(n - half), k - half) / binomial(&BigUint::from(k), half)
}

/// Number of ways to choose k items from n items without repetition and without order.
///
/// Evaluates to n! / (k! * (n - k)!) when k <= n and evaluates
/// to zero when k > n.
///
/// Also called the binomial coefficient because it is equivalent
/// to the coefficient of k-th term in polynomial expansion of the
/// expression (1 + x)**n.
///
/// Raises TypeError if either of the arguments are not integers.
/// Raises ValueError if either of the arguments are negative.
#[pyfunction("comb(n, k, /)")]
pub(super) fn comb(cx: &Context, n: &Value, k: &Value) -> PyResult<Value> {
    let (n, k) = (int::index_as_bigint(cx, n)?, int::index_as_bigint(cx, k)?);
    for (number, name) in [(&n, "n"), (&k, "k")] {
        if number.is_negative() {
            return Err(cx.value_error(format!("{name} must be a non-negative integer")));
        }
    }
    if n < k {
        return int::from_i64(cx, 0);
    }
    let rest = &n - &k;
    let chosen = if rest < k { rest } else { k };
    match i64::try_from(&chosen) {
        Ok(chosen) => int::from_bigint(
            cx,
            cx.detached(|| binomial(n.magnitude(), chosen as u64))
                .into(),
        ),
        Err(_) => Err(cx.overflow_error(format!("min(n - k, k) must not exceed {LIMIT}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials() {
        let mut expected = BigUint::one();
        for n in 0u64..200 {
            if n > 0 {
                expected *= n;
            }
            assert_eq!(factorial_of(n), expected, "{n}!");
            assert_eq!(product(1, n), expected, "product up to {n}");
        }
    }

    #[test]
    fn binomials_make_the_triangle_of_pascal() {
        let mut row = vec![BigUint::one()];
        for n in 0u64..300 {
            for k in 0..=n / 2 {
                assert_eq!(binomial(&n.into(), k), row[k as usize], "{n} over {k}");
            }
            let mut next = vec![BigUint::one()];
            next.extend(row.windows(2).map(|pair| &pair[0] + &pair[1]));
            next.push(BigUint::one());
            row = next;
        }
    }

    #[test]
    fn falling_powers() {
        assert_eq!(falling(&10u32.into(), 3), BigUint::from(720u32));
        let large = BigUint::one() << 80;
        assert_eq!(
            falling(&large, 3),
            &large * (&large - 1u32) * (&large - 2u32)
        );
    }
}
