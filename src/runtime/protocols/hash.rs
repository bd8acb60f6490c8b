//! Hashes.
//!
//! Numbers that are equal hash alike whatever their type: the hash of a rational p/q is
//! p · q⁻¹ modulo the prime 2⁶¹ - 1, with the sign of p; -1 is replaced by -2. Strings and bytes are
//! hashed by SipHash-1-3 with a key drawn once per process, or derived from `PYTHONHASHSEED`.

use std::hash::BuildHasher;
use std::sync::OnceLock;

use num_bigint::{BigInt, Sign};
use siphasher::sip::SipHasher13;

use crate::context::Context;
use crate::error::PyResult;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::value::Value;

/// `sys.hash_info.modulus`.
pub const MODULUS: u64 = (1 << 61) - 1;
/// `sys.hash_info.inf`: the hash of infinity.
pub const INFINITY: i64 = 314_159;
/// `sys.hash_info.imag`: what the imaginary part is multiplied with.
pub const IMAGINARY: i64 = 1_000_003;

static HASHER: OnceLock<SipHasher13> = OnceLock::new();

/// Chooses the key of the string hash: derived from `seed`, all zero for seed 0, random without a seed.
/// Later calls change nothing, nor does one after the first string was hashed.
pub fn initialize(seed: Option<u32>) {
    HASHER.get_or_init(|| hasher_for(seed));
}

fn hasher_for(seed: Option<u32>) -> SipHasher13 {
    let keys = match seed {
        Some(0) => [0, 0],
        Some(seed) => {
            let bytes = linear_congruential_bytes(seed);
            let (low, high) = bytes.split_at(8);
            [low, high]
                .map(|half| u64::from_le_bytes(half.try_into().expect("invariant: 16 bytes")))
        }
        None => {
            let state = std::collections::hash_map::RandomState::new();
            [state.hash_one(0u64), state.hash_one(1u64)]
        }
    };
    SipHasher13::new_with_keys(keys[0], keys[1])
}

/// The generator by which a seed becomes a key, so that a seed means the same hashes everywhere.
fn linear_congruential_bytes(seed: u32) -> [u8; 16] {
    let mut state = seed;
    std::array::from_fn(|_| {
        state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
        (state >> 16) as u8
    })
}

fn hasher() -> &'static SipHasher13 {
    HASHER.get_or_init(|| {
        let seed = std::env::var("PYTHONHASHSEED")
            .ok()
            .and_then(|text| text.parse().ok());
        hasher_for(seed)
    })
}

/// `hash(value)`.
///
/// # Errors
/// TypeError for unhashable objects, and what `__hash__` raises.
#[inline]
pub fn hash(cx: &Context, value: &Value) -> PyResult<i64> {
    if let Some(string) = value.downcast_exact::<Str>() {
        return Ok(string.hash());
    }
    if let Some(number) = value.as_small_int() {
        return Ok(hash_i64(number));
    }
    if let Some(tuple) = value.downcast_exact::<Tuple>()
        && let Some(hash) = hash_of_plain(tuple.as_slice())
    {
        return Ok(hash);
    }
    match value.class().slots.hash.get() {
        Some(hash) => cx.nested("", || hash(cx, value)),
        None => unhashable(cx, value),
    }
}

/// The hash slot of classes that set `__hash__` to None.
///
/// # Errors
/// Always TypeError.
pub fn unhashable(cx: &Context, value: &Value) -> PyResult<i64> {
    Err(cx.type_error(format!("unhashable type: '{}'", value.type_name())))
}

/// -1 is not a hash.
#[inline]
fn not_minus_one(hash: i64) -> i64 {
    if hash == -1 { -2 } else { hash }
}

/// The hash of bytes: SipHash-1-3. 0 for none.
pub fn hash_bytes(bytes: &[u8]) -> i64 {
    if bytes.is_empty() {
        return 0;
    }
    not_minus_one(hasher().hash(bytes) as i64)
}

/// The hash of an object by its identity.
#[inline]
pub fn hash_pointer(value: &Value) -> i64 {
    // Blocks are 16-byte aligned: the low bits say nothing.
    not_minus_one(value.bits().rotate_right(4) as i64)
}

/// The hash of an exact string or small int: `None` for other values, which may have `__hash__`.
#[inline(always)]
pub(crate) fn of_plain(key: &Value) -> Option<i64> {
    match key.downcast_exact::<Str>() {
        Some(text) => Some(text.hash()),
        None => key.as_small_int().map(hash_i64),
    }
}

/// The hash of an int.
#[inline]
pub fn hash_i64(number: i64) -> i64 {
    let magnitude = number.unsigned_abs();
    if magnitude < MODULUS {
        return not_minus_one(number);
    }
    let magnitude = (magnitude % MODULUS) as i64;
    not_minus_one(if number < 0 { -magnitude } else { magnitude })
}

/// The hash of an int.
pub fn hash_bigint(number: &BigInt) -> i64 {
    let mut remainder: u64 = 0;
    for digit in number.iter_u64_digits().rev() {
        // 2**64 is 8 modulo 2**61 - 1.
        remainder = ((u128::from(remainder) * 8 + u128::from(digit)) % u128::from(MODULUS)) as u64;
    }
    let remainder = remainder as i64;
    not_minus_one(if number.sign() == Sign::Minus {
        -remainder
    } else {
        remainder
    })
}

/// The hash of a float that is not NaN (which hashes by identity).
pub fn hash_f64(number: f64) -> i64 {
    if number.is_nan() {
        return 0;
    }
    if number.is_infinite() {
        return if number > 0.0 { INFINITY } else { -INFINITY };
    }
    if number == number.trunc() && number.abs() < 9.0e18 {
        return hash_i64(number as i64);
    }
    let (mantissa, exponent) = crate::objects::float::decompose(number.abs());
    // mantissa · 2**exponent; powers of two rotate within 61 bits.
    let rotation = exponent.rem_euclid(61) as u32;
    let mantissa = mantissa % MODULUS;
    let hash = if rotation == 0 {
        mantissa
    } else {
        (mantissa << rotation & MODULUS) | mantissa >> (61 - rotation)
    } as i64;
    not_minus_one(if number < 0.0 { -hash } else { hash })
}

/// The hash of a tuple with these items: xxHash's mixing of theirs.
///
/// # Errors
/// What hashing an item raises.
pub fn hash_tuple(cx: &Context, items: &[Value]) -> PyResult<i64> {
    let mut mixer = TupleHasher::new();
    for item in items {
        mixer.add(hash(cx, item)?);
    }
    Ok(mixer.finish(items.len()))
}

/// The hash of a tuple with these items if all are strings and small ints.
fn hash_of_plain(items: &[Value]) -> Option<i64> {
    let mut mixer = TupleHasher::new();
    for item in items {
        let hash = match item.as_small_int() {
            Some(number) => hash_i64(number),
            None => item.downcast_exact::<Str>()?.hash(),
        };
        mixer.add(hash);
    }
    Some(mixer.finish(items.len()))
}

/// The hash of a tuple under way, for objects that hash like one.
#[derive(Debug)]
pub struct TupleHasher(u64);

impl TupleHasher {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;

    /// No item yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> TupleHasher {
        TupleHasher(Self::PRIME_5)
    }

    /// Mixes the hash of one more item in.
    #[inline]
    pub fn add(&mut self, hash: i64) {
        let mixed = self
            .0
            .wrapping_add((hash as u64).wrapping_mul(Self::PRIME_2));
        self.0 = mixed.rotate_left(31).wrapping_mul(Self::PRIME_1);
    }

    /// The hash of a tuple of `length` items.
    pub fn finish(self, length: usize) -> i64 {
        let hash = self
            .0
            .wrapping_add(length as u64 ^ (Self::PRIME_5 ^ 3_527_539));
        if hash == u64::MAX {
            1_546_275_796
        } else {
            hash as i64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_hash_alike() {
        for number in [
            0i64,
            1,
            -1,
            -2,
            12345,
            1 << 61,
            (1 << 61) - 1,
            -(1 << 61),
            i64::MAX,
            i64::MIN,
        ] {
            assert_eq!(
                hash_i64(number),
                hash_bigint(&BigInt::from(number)),
                "{number}"
            );
        }
        for number in [0.0, -1.0, 3.0, 1e15, -1e18] {
            assert_eq!(hash_f64(number), hash_i64(number as i64), "{number}");
        }
        assert_eq!(hash_f64(1e30), hash_bigint(&BigInt::from(1e30 as i128)));
    }

    #[test]
    fn known_hashes() {
        assert_eq!(hash_f64(1.5), 1_152_921_504_606_846_977);
        assert_eq!(hash_f64(f64::NEG_INFINITY), -314_159);
        assert_eq!(hash_i64((1 << 61) - 1), 0);
        assert_eq!(hash_i64(-(1 << 61)), -2);
    }

    #[test]
    fn seeded_string_hashes() {
        assert_eq!(
            hasher_for(Some(0)).hash(b"a") as i64,
            4_644_417_185_603_328_019
        );
        assert_eq!(
            hasher_for(Some(0)).hash(b"abcdefghij") as i64,
            -829_746_140_550_000_655
        );
        assert_eq!(
            hasher_for(Some(1)).hash(b"a") as i64,
            -3_012_895_188_637_184_397
        );
    }

    #[test]
    fn tuple_hashes() {
        let mut mixer = TupleHasher::new();
        for item in [1, 2, 3] {
            mixer.add(item);
        }
        assert_eq!(mixer.finish(3), 529_344_067_295_497_451);
        assert_eq!(TupleHasher::new().finish(0), 5_740_354_900_026_072_187);
    }
}
