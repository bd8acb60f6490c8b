//! A Python value in one 64-bit word.
//!
//! ```text
//!  63                                     3 2 1 0
//! ┌────────────────────────────────────────┬─┬─┬─┐
//! │ small int, 63 bits, two's complement       │1│  int
//! │ float, exponent rotated into the tag     │1 0│  float (all but extreme exponents)
//! │ address of an Object, 16-byte aligned  │0 0 0│  everything else
//! │ number of a singleton                  │1 0 0│  None, False, True, Ellipsis, NotImplemented
//! └────────────────────────────────────────┴─┴─┴─┘
//! ```
//!
//! The word zero is no value: `Option<Value>` is one word too, and memory that was never written
//! reads as "unbound".
//!
//! The float encoding is the "flonum" of CRuby: of the 8 combinations of the top three exponent
//! bits, the two around 1.0 cover 1e-77 … 1e77; those rotate left by three so that the known bits
//! make room for the tag. Zero has a pattern of its own. Other floats live on the heap.
//!
//! A `Value` owns one count of the object it points to: `Clone` increments, `Drop` decrements.

use std::fmt;
use std::num::NonZeroU64;
use std::ptr::NonNull;

use typhon_sync::Header;

use crate::object::{self, Object, Payload, Ref};

/// An owned Python value. See the module's header for the layout.
#[repr(transparent)]
pub struct Value(NonZeroU64);

const INT_TAG: u64 = 0b1;
const FLOAT_TAG: u64 = 0b10;
const SINGLETON_TAG: u64 = 0b100;
const FLOAT_ZERO: u64 = 0x8000_0000_0000_0002;

const fn singleton(number: u64) -> u64 {
    number << 3 | SINGLETON_TAG
}

const NONE: u64 = singleton(0);
const FALSE: u64 = singleton(2);
const TRUE: u64 = singleton(3);
const ELLIPSIS: u64 = singleton(4);
const NOT_IMPLEMENTED: u64 = singleton(5);

/// The largest int that fits a word: 2**62 - 1.
pub const SMALL_INT_MAX: i64 = i64::MAX >> 1;
/// The smallest int that fits a word: -2**62.
pub const SMALL_INT_MIN: i64 = i64::MIN >> 1;

impl Value {
    /// `None`.
    pub const NONE: Value = Value::from_const(NONE);
    /// `False`.
    pub const FALSE: Value = Value::from_const(FALSE);
    /// `True`.
    pub const TRUE: Value = Value::from_const(TRUE);
    /// `...`.
    pub const ELLIPSIS: Value = Value::from_const(ELLIPSIS);
    /// `NotImplemented`.
    pub const NOT_IMPLEMENTED: Value = Value::from_const(NOT_IMPLEMENTED);

    const fn from_const(bits: u64) -> Value {
        match NonZeroU64::new(bits) {
            Some(bits) => Value(bits),
            None => panic!("a value is never the zero word"),
        }
    }

    /// The word itself. For identity, hashing by identity and inline caches.
    #[inline(always)]
    pub fn bits(&self) -> u64 {
        self.0.get()
    }

    /// Takes over the count that `bits` carries.
    ///
    /// # Safety
    /// `bits` is a value's word, and the count behind it is the caller's to give away.
    #[inline(always)]
    pub unsafe fn from_bits(bits: u64) -> Value {
        debug_assert!(bits != 0);
        debug_assert!(bits & 15 != 8, "an operand that is not counted");
        // SAFETY: a value's word is never zero.
        Value(unsafe { NonZeroU64::new_unchecked(bits) })
    }

    /// Gives the count away: the inverse of [`Value::from_bits`].
    #[inline(always)]
    pub fn into_bits(self) -> u64 {
        let bits = self.bits();
        std::mem::forget(self);
        bits
    }

    /// `True` or `False`.
    #[inline(always)]
    pub fn from_bool(truth: bool) -> Value {
        // SAFETY: both words are singletons, which carry no count.
        unsafe { Value::from_bits(if truth { TRUE } else { FALSE }) }
    }

    /// The int `number`.
    pub const fn small_int(number: i32) -> Value {
        Value::from_const((number as i64 as u64) << 1 | INT_TAG)
    }

    /// The int `number` if it fits a word. [`crate::objects::int::from_i64`] takes any.
    #[inline(always)]
    pub fn from_small_int(number: i64) -> Option<Value> {
        if (SMALL_INT_MIN..=SMALL_INT_MAX).contains(&number) {
            // SAFETY: a tagged int carries no count.
            Some(unsafe { Value::from_bits((number as u64) << 1 | INT_TAG) })
        } else {
            None
        }
    }

    /// The int in the word. `None` for heap ints and for everything else, bools included.
    #[inline(always)]
    pub fn as_small_int(&self) -> Option<i64> {
        if self.bits() & INT_TAG != 0 {
            Some(self.bits() as i64 >> 1)
        } else {
            None
        }
    }

    /// The words of two tagged ints, as signed numbers: twice the ints, and one.
    #[inline(always)]
    fn small_ints(&self, other: &Value) -> Option<(i64, i64)> {
        if self.bits() & other.bits() & INT_TAG != 0 {
            Some((self.bits() as i64, other.bits() as i64))
        } else {
            None
        }
    }

    /// The value of a sum that carries the tag, unless it has overflowed.
    #[inline(always)]
    fn from_sum((word, overflow): (i64, bool)) -> Option<Value> {
        // SAFETY: bit 0 is set, so the word is a tagged int, without a count.
        (!overflow).then(|| unsafe { Value::from_bits(word as u64) })
    }

    /// The sum of two tagged ints, if they are that and it is one.
    #[inline(always)]
    pub fn small_sum(&self, other: &Value) -> Option<Value> {
        let (left, right) = self.small_ints(other)?;
        // 2a + 1 + 2b
        Value::from_sum(left.overflowing_add(right - 1))
    }

    /// The difference, likewise.
    #[inline(always)]
    pub fn small_difference(&self, other: &Value) -> Option<Value> {
        let (left, right) = self.small_ints(other)?;
        // 2a + 1 - 2b
        Value::from_sum(left.overflowing_sub(right - 1))
    }

    /// The product, likewise.
    #[inline(always)]
    pub fn small_product(&self, other: &Value) -> Option<Value> {
        let (left, right) = self.small_ints(other)?;
        // 2a · b, and the tag, which an even product has room for
        let (product, overflow) = (left - 1).overflowing_mul(right >> 1);
        Value::from_sum((product | INT_TAG as i64, overflow))
    }

    /// How two tagged ints compare, if they are that.
    #[inline(always)]
    pub fn small_ordering(&self, other: &Value) -> Option<std::cmp::Ordering> {
        let (left, right) = self.small_ints(other)?;
        Some(left.cmp(&right))
    }

    /// Whether the word holds an int.
    #[inline(always)]
    pub fn is_small_int(&self) -> bool {
        self.bits() & INT_TAG != 0
    }

    /// The float `number`, inline if its exponent allows it. [`crate::objects::float::from_f64`] takes any.
    #[inline(always)]
    pub fn from_inline_float(number: f64) -> Option<Value> {
        let bits = number.to_bits();
        let top = (bits >> 60) & 7;
        if (top == 3 || top == 4) && bits != 0x3000_0000_0000_0000 {
            // SAFETY: a tagged float carries no count; bit 1 keeps the word from being zero.
            Some(unsafe { Value::from_bits(bits.rotate_left(3) & !3 | FLOAT_TAG) })
        } else if bits == 0 {
            // SAFETY: as above.
            Some(unsafe { Value::from_bits(FLOAT_ZERO) })
        } else {
            None
        }
    }

    /// Whether the word holds a float.
    #[inline(always)]
    pub fn is_inline_float(&self) -> bool {
        self.bits() & 3 == FLOAT_TAG
    }

    /// The float in the word. `None` for heap floats and for everything else.
    #[inline(always)]
    pub fn as_inline_float(&self) -> Option<f64> {
        let bits = self.bits();
        if bits & 3 != FLOAT_TAG {
            return None;
        }
        if bits == FLOAT_ZERO {
            return Some(0.0);
        }
        let low = 2 - (bits >> 63);
        Some(f64::from_bits((low | bits & !3).rotate_right(3)))
    }

    /// Whether the word is an address.
    #[inline(always)]
    pub fn is_object(&self) -> bool {
        self.bits() & 7 == 0
    }

    /// Identity: `self is other`.
    #[inline(always)]
    pub fn is(&self, other: &Value) -> bool {
        self.bits() == other.bits()
    }

    #[inline(always)]
    pub fn is_none(&self) -> bool {
        self.bits() == NONE
    }

    #[inline(always)]
    pub fn is_true(&self) -> bool {
        self.bits() == TRUE
    }

    #[inline(always)]
    pub fn is_false(&self) -> bool {
        self.bits() == FALSE
    }

    #[inline(always)]
    pub fn is_not_implemented(&self) -> bool {
        self.bits() == NOT_IMPLEMENTED
    }

    #[inline(always)]
    pub fn is_ellipsis(&self) -> bool {
        self.bits() == ELLIPSIS
    }

    /// `Some` for `True` and `False` themselves.
    #[inline(always)]
    pub fn as_bool(&self) -> Option<bool> {
        match self.bits() {
            TRUE => Some(true),
            FALSE => Some(false),
            _ => None,
        }
    }

    /// The object's header, if the word is an address.
    #[inline(always)]
    pub fn header(&self) -> Option<&Header> {
        if self.is_object() {
            // SAFETY: a non-zero word with tag 000 is the address of an object that this value counts.
            Some(unsafe { &*(self.bits() as *const Header) })
        } else {
            None
        }
    }

    /// The object's address, if the word is one.
    #[inline(always)]
    pub fn as_pointer(&self) -> Option<NonNull<Header>> {
        if self.is_object() {
            NonNull::new(self.bits() as *mut Header)
        } else {
            None
        }
    }

    /// The shape in the object's header; zero (no shape) for immediates.
    #[inline(always)]
    pub fn shape_id(&self) -> u32 {
        match self.header() {
            Some(header) => header.shape(),
            None => 0,
        }
    }

    /// The shape, or for immediates a number below the first shape of their own kind: what a cache of
    /// class attributes is guarded by.
    #[inline(always)]
    pub fn shape_id_or_tag(&self) -> u32 {
        match self.header() {
            Some(header) => header.shape(),
            None if self.is_small_int() => u32::MAX,
            None if self.is_inline_float() => u32::MAX - 1,
            None => u32::MAX - 1 - (self.bits() >> 2) as u32,
        }
    }

    /// This value as a `T`, if its payload is one (its type is `T`'s or derived from it).
    #[inline]
    pub fn downcast<T: Payload>(&self) -> Option<&Ref<T>> {
        if self.is_object() && object::has_payload::<T>(self) {
            // SAFETY: an address whose payload is a `T`; `Ref<T>` is that address.
            Some(unsafe { &*std::ptr::from_ref(self).cast::<Ref<T>>() })
        } else {
            None
        }
    }

    /// [`Value::downcast`] that takes the value over.
    #[inline]
    pub fn into_ref<T: Payload>(self) -> Result<Ref<T>, Value> {
        if self.downcast::<T>().is_some() {
            let bits = self.into_bits();
            // SAFETY: just checked; the count moves along.
            Ok(unsafe { Ref::from_raw(NonNull::new_unchecked(bits as *mut Object<T>)) })
        } else {
            Err(self)
        }
    }

    /// This value as a `T`, if its type is exactly `T`'s.
    #[inline(always)]
    pub fn downcast_exact<T: Payload>(&self) -> Option<&Ref<T>> {
        if self.is_object() && self.shape_id() == T::shape_id() {
            // SAFETY: as in `downcast`.
            Some(unsafe { &*std::ptr::from_ref(self).cast::<Ref<T>>() })
        } else {
            None
        }
    }

    /// Whether the type of this value is exactly `T`'s.
    #[inline(always)]
    pub fn is_exact<T: Payload>(&self) -> bool {
        self.shape_id() == T::shape_id()
    }

    /// The value with its shape, to ask for one exact type after another.
    #[inline(always)]
    pub(crate) fn shaped(&self) -> Shaped<'_> {
        Shaped {
            value: self,
            shape: self.header().map_or(0, |header| header.shape()),
        }
    }
}

/// A value and its shape, which was read once; 0 for immediates.
#[derive(Clone, Copy)]
pub(crate) struct Shaped<'a> {
    value: &'a Value,
    shape: u32,
}

impl<'a> Shaped<'a> {
    /// [`Value::downcast_exact`].
    #[inline(always)]
    pub(crate) fn downcast_exact<T: Payload>(self) -> Option<&'a Ref<T>> {
        if self.shape == T::shape_id() {
            // SAFETY: as in `Value::downcast`; no type has the shape 0, and objects keep their payload.
            Some(unsafe { &*std::ptr::from_ref(self.value).cast::<Ref<T>>() })
        } else {
            None
        }
    }
}

impl Clone for Value {
    #[inline(always)]
    fn clone(&self) -> Value {
        if let Some(header) = self.header() {
            header.incref();
        }
        Value(self.0)
    }
}

impl Drop for Value {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(header) = self.header()
            && !header.decref_leaves_some()
        {
            object::let_go(header);
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.as_small_int() {
            write!(f, "{number}")
        } else if let Some(number) = self.as_inline_float() {
            write!(f, "{number:?}")
        } else {
            match self.bits() {
                NONE => f.write_str("None"),
                FALSE => f.write_str("False"),
                TRUE => f.write_str("True"),
                ELLIPSIS => f.write_str("Ellipsis"),
                NOT_IMPLEMENTED => f.write_str("NotImplemented"),
                bits => write!(f, "<object at {bits:#x}>"),
            }
        }
    }
}

// SAFETY: a value's count may be changed by any thread (biased counting), and payloads are `Sync`
// by the rule that their mutable state is reached through the object's lock or atomically.
unsafe impl Send for Value {}
// SAFETY: as above.
unsafe impl Sync for Value {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_is_one_word() {
        assert_eq!(size_of::<Option<Value>>(), 8);
    }

    #[test]
    fn ints_round_trip() {
        for number in [0, 1, -1, SMALL_INT_MAX, SMALL_INT_MIN] {
            assert_eq!(
                Value::from_small_int(number).unwrap().as_small_int(),
                Some(number)
            );
        }
        assert!(Value::from_small_int(SMALL_INT_MAX + 1).is_none());
        assert!(Value::from_small_int(SMALL_INT_MIN - 1).is_none());
    }

    #[test]
    fn tagged_arithmetic_is_exact_or_refuses() {
        let numbers = [
            0,
            1,
            -1,
            2,
            7,
            -9,
            1 << 31,
            1 << 61,
            SMALL_INT_MAX,
            SMALL_INT_MIN,
        ];
        let value = |number| Value::from_small_int(number).unwrap();
        let fits = |number: i128| {
            i64::try_from(number)
                .ok()
                .filter(|number| (SMALL_INT_MIN..=SMALL_INT_MAX).contains(number))
        };
        let number = |value: Option<Value>| value.and_then(|value| value.as_small_int());
        for left in numbers {
            for right in numbers {
                let (a, b) = (value(left), value(right));
                let (left, right) = (i128::from(left), i128::from(right));
                assert_eq!(number(a.small_sum(&b)), fits(left + right));
                assert_eq!(number(a.small_difference(&b)), fits(left - right));
                assert_eq!(number(a.small_product(&b)), fits(left * right));
                assert_eq!(a.small_ordering(&b), Some(left.cmp(&right)));
            }
            assert!(value(left).small_sum(&Value::NONE).is_none());
        }
    }

    #[test]
    fn floats_round_trip_or_refuse() {
        for number in [0.0, 1.0, -1.0, 0.1, 1e70, -1e-70, 3.5e38] {
            let value = Value::from_inline_float(number).unwrap();
            assert_eq!(value.as_inline_float(), Some(number));
        }
        for number in [-0.0, f64::INFINITY, f64::NAN, 1e-300, 1e300, 5e-324] {
            assert!(Value::from_inline_float(number).is_none(), "{number}");
        }
    }
}
