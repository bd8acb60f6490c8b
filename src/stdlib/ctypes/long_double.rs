//! `long double`: the extended format of x87 (64 bits of mantissa with the leading one, 15 of exponent), the
//! format of 128 bits where there is no x87, `double` where C has nothing larger.
//!
//! Values come from and become `f64`; what is too large becomes infinite, what is between two is cut.

use super::memory;

/// Bytes of a value.
#[cfg(not(target_vendor = "apple"))]
pub const SIZE: usize = 16;
#[cfg(target_vendor = "apple")]
pub const SIZE: usize = 8;

const IS_EXTENDED: bool = cfg!(any(target_arch = "x86_64", target_arch = "x86"));
/// What is added to exponents.
const BIAS: i32 = 16383;
const SPECIAL: u64 = 0x7fff;

/// Sign and exponent, and the mantissa's 64 highest bits with the leading one.
fn split(number: f64) -> (u64, u64) {
    let bits = number.to_bits();
    let sign = bits >> 63 << 15;
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits << 12 >> 1;
    match (exponent, fraction) {
        (0x7ff, fraction) => (sign | SPECIAL, 1 << 63 | fraction),
        (0, 0) => (sign, 0),
        (0, fraction) => {
            let shift = fraction.leading_zeros();
            let exponent = BIAS - 1022 - shift as i32;
            (sign | exponent as u64, fraction << shift)
        }
        _ => (sign | (exponent - 1023 + BIAS) as u64, 1 << 63 | fraction),
    }
}

/// The inverse of [`split`].
fn join(head: u64, mantissa: u64) -> f64 {
    let sign = head >> 15 << 63;
    let exponent = (head & SPECIAL) as i32;
    if head & SPECIAL == SPECIAL {
        let fraction = mantissa << 1 >> 12;
        return f64::from_bits(sign | 0x7ff << 52 | fraction);
    }
    if mantissa == 0 {
        return f64::from_bits(sign);
    }
    let magnitude = scale(mantissa, exponent - BIAS - 63);
    if sign == 0 { magnitude } else { -magnitude }
}

/// `mantissa` times a power of two, rounded as C rounds.
fn scale(mantissa: u64, exponent: i32) -> f64 {
    let width = 64 - mantissa.leading_zeros() as i32;
    // The place of the lowest bit that a double has here.
    let lowest = (exponent + width - 53).max(-1074);
    let drop = lowest - exponent;
    if drop <= 0 {
        return mantissa as f64 * power(exponent);
    }
    if drop > 64 {
        return 0.0;
    }
    let wide = u128::from(mantissa);
    let half = 1u128 << (drop - 1);
    let mut kept = wide >> drop;
    let rest = wide & ((1 << drop) - 1);
    if rest > half || rest == half && kept & 1 == 1 {
        kept += 1;
    }
    let first = lowest.clamp(-1000, 900);
    kept as f64 * power(first) * power(lowest - first)
}

fn power(exponent: i32) -> f64 {
    2f64.powi(exponent)
}

/// Reads a value.
///
/// # Safety
/// There is one at `from`.
pub unsafe fn read(from: *const u8) -> f64 {
    // SAFETY: the caller's.
    unsafe {
        if SIZE == 8 {
            return f64::from_ne_bytes(memory::read(from));
        }
        let bytes: [u8; 16] = memory::read(from);
        let number = u128::from_le_bytes(bytes);
        if IS_EXTENDED {
            return join((number >> 64) as u64 & 0xffff, number as u64);
        }
        let head = (number >> 112) as u64;
        let fraction = (number << 16 >> 65) as u64;
        let leading = if head & SPECIAL == 0 { 0 } else { 1 << 63 };
        join(head, leading | fraction)
    }
}

/// The bytes of a value.
pub fn bytes(number: f64) -> [u8; 16] {
    let (head, mantissa) = split(number);
    let whole = if IS_EXTENDED {
        u128::from(head) << 64 | u128::from(mantissa)
    } else {
        u128::from(head) << 112 | u128::from(mantissa << 1) << 48
    };
    whole.to_le_bytes()
}

/// Writes a value.
///
/// # Safety
/// There is room for one at `to`.
pub unsafe fn write(to: *mut u8, number: f64) {
    // SAFETY: the caller's.
    unsafe {
        if SIZE == 8 {
            memory::write(to, &number.to_ne_bytes());
        } else {
            memory::write(to, &bytes(number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let numbers = [
            0.0,
            -0.0,
            1.0,
            -1.5,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            3e-310,
            f64::INFINITY,
            0.1,
            f64::NEG_INFINITY,
        ];
        for number in numbers {
            let memory = bytes(number);
            // SAFETY: an array of the size of a value.
            let back = unsafe { read(memory.as_ptr()) };
            assert_eq!(back.to_bits(), number.to_bits(), "{number}");
        }
        let memory = bytes(f64::NAN);
        // SAFETY: as above.
        assert!(unsafe { read(memory.as_ptr()) }.is_nan());
    }
}
