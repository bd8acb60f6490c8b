//! Constants of a code object: plain Rust data, turned into Python objects by the runtime.
//!
//! Equality is identity of *value and type*, the relation under which constants may share one
//! slot: `1`, `1.0` and `True` differ, so do `0.0` and `-0.0`, and a NaN equals itself when its
//! bits do. Tuples compare by the same rule, item by item.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::BigInt;

use crate::code::Code;

/// A value known at compile time.
#[derive(Clone, Debug)]
pub enum Constant {
    None,
    True,
    False,
    Ellipsis,
    /// Every int that fits; larger ones are `BigInt`.
    Int(i64),
    BigInt(BigInt),
    Float(f64),
    /// Real and imaginary part.
    Complex(f64, f64),
    Str(StrConstant),
    Bytes(Box<[u8]>),
    Tuple(Box<[Constant]>),
    /// Items in the order of the source, duplicates removed.
    FrozenSet(Box<[Constant]>),
    /// Start, stop, step.
    Slice(Box<[Constant; 3]>),
    Code(Arc<Code>),
}

/// A Python string: lone surrogates are legal in it, so it is not always a Rust string.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StrConstant {
    Utf8(Box<str>),
    /// Code points, at least one of which is a surrogate.
    CodePoints(Box<[u32]>),
}

impl StrConstant {
    /// The text, unless it has lone surrogates.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            StrConstant::Utf8(text) => Some(text),
            StrConstant::CodePoints(_) => None,
        }
    }

    /// The length in code points.
    pub fn len(&self) -> usize {
        match self {
            StrConstant::Utf8(text) => text.chars().count(),
            StrConstant::CodePoints(points) => points.len(),
        }
    }

    /// Whether there is no code point.
    pub fn is_empty(&self) -> bool {
        match self {
            StrConstant::Utf8(text) => text.is_empty(),
            StrConstant::CodePoints(points) => points.is_empty(),
        }
    }

    /// The code points in order.
    pub fn code_points(&self) -> Vec<u32> {
        match self {
            StrConstant::Utf8(text) => text.chars().map(|character| character as u32).collect(),
            StrConstant::CodePoints(points) => points.to_vec(),
        }
    }

    /// A string of these code points, in the form that the invariant asks for.
    pub fn from_code_points(points: Vec<u32>) -> StrConstant {
        match points
            .iter()
            .map(|&point| char::from_u32(point))
            .collect::<Option<String>>()
        {
            Some(text) => StrConstant::Utf8(text.into()),
            None => StrConstant::CodePoints(points.into()),
        }
    }
}

impl From<&str> for StrConstant {
    fn from(text: &str) -> Self {
        StrConstant::Utf8(text.into())
    }
}

impl From<String> for StrConstant {
    fn from(text: String) -> Self {
        StrConstant::Utf8(text.into())
    }
}

impl From<&str> for Constant {
    fn from(text: &str) -> Self {
        Constant::Str(text.into())
    }
}

impl Constant {
    /// An int, in the form that the invariant asks for.
    pub fn from_big_int(value: BigInt) -> Constant {
        match i64::try_from(&value) {
            Ok(small) => Constant::Int(small),
            Err(_) => Constant::BigInt(value),
        }
    }

    /// Truth value as `bool()` gives it.
    pub fn is_true(&self) -> bool {
        match self {
            Constant::None | Constant::False => false,
            Constant::True | Constant::Ellipsis | Constant::Code(_) | Constant::Slice(_) => true,
            Constant::Int(value) => *value != 0,
            Constant::BigInt(_) => true,
            Constant::Float(value) => *value != 0.0,
            Constant::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Constant::Str(text) => !text.is_empty(),
            Constant::Bytes(bytes) => !bytes.is_empty(),
            Constant::Tuple(items) | Constant::FrozenSet(items) => !items.is_empty(),
        }
    }
}

impl From<bool> for Constant {
    fn from(value: bool) -> Self {
        if value {
            Constant::True
        } else {
            Constant::False
        }
    }
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Constant::None, Constant::None)
            | (Constant::True, Constant::True)
            | (Constant::False, Constant::False)
            | (Constant::Ellipsis, Constant::Ellipsis) => true,
            (Constant::Int(left), Constant::Int(right)) => left == right,
            (Constant::BigInt(left), Constant::BigInt(right)) => left == right,
            (Constant::Float(left), Constant::Float(right)) => left.to_bits() == right.to_bits(),
            (Constant::Complex(left, left2), Constant::Complex(right, right2)) => {
                left.to_bits() == right.to_bits() && left2.to_bits() == right2.to_bits()
            }
            (Constant::Str(left), Constant::Str(right)) => left == right,
            (Constant::Bytes(left), Constant::Bytes(right)) => left == right,
            (Constant::Tuple(left), Constant::Tuple(right))
            | (Constant::FrozenSet(left), Constant::FrozenSet(right)) => left == right,
            (Constant::Slice(left), Constant::Slice(right)) => left == right,
            // Two functions are never one constant, even when they read the same: their
            // positions differ, and their identity can be observed.
            (Constant::Code(left), Constant::Code(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl Eq for Constant {}

impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Constant::None | Constant::True | Constant::False | Constant::Ellipsis => {}
            Constant::Int(value) => value.hash(state),
            Constant::BigInt(value) => value.hash(state),
            Constant::Float(value) => value.to_bits().hash(state),
            Constant::Complex(real, imaginary) => {
                real.to_bits().hash(state);
                imaginary.to_bits().hash(state);
            }
            Constant::Str(text) => text.hash(state),
            Constant::Bytes(bytes) => bytes.hash(state),
            Constant::Tuple(items) | Constant::FrozenSet(items) => items.hash(state),
            Constant::Slice(parts) => parts.hash(state),
            Constant::Code(code) => Arc::as_ptr(code).hash(state),
        }
    }
}
