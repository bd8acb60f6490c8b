//! Constant operators, evaluated while they are emitted.
//!
//! Each function emits an operator; when its operands are the constants just emitted, they are
//! taken back and the result takes their place. Results that are large (long strings, huge ints)
//! are left to run time: code should not grow by `"x" * 1000000`.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use super::Generator;
use super::unit::At;
use crate::constant::{Constant, StrConstant};
use crate::opcode::{BinaryOperation, Intrinsic1, Opcode};

/// Bits of a folded int.
const MAX_INT_BITS: u64 = 128;
/// Items of a folded tuple.
const MAX_COLLECTION: usize = 256;
/// Characters of a folded string, bytes of a folded bytes object.
const MAX_STRING: usize = 4096;
/// Items of folded nested tuples.
const MAX_TOTAL_ITEMS: usize = 1024;

impl<'a> Generator<'a, '_> {
    pub fn emit_binary(&mut self, operation: BinaryOperation, at: At) {
        if let Some([left, right]) = self
            .unit_ref()
            .tail_constants(2)
            .and_then(|tail| <[Constant; 2]>::try_from(tail).ok())
            && let Some(value) = binary(operation, &left, &right)
        {
            self.unit().take_back(2);
            self.unit().load_folded(value, at);
            return;
        }
        self.emit_with(Opcode::BINARY_OP, operation as u32, at);
    }

    pub fn emit_unary(&mut self, opcode: Opcode, at: At) {
        if let Some(operand) = self
            .unit_ref()
            .tail_constants(1)
            .and_then(|mut tail| tail.pop())
        {
            let value = match opcode {
                Opcode::UNARY_NEGATIVE => negative(&operand),
                Opcode::UNARY_INVERT => invert(&operand),
                Opcode::UNARY_NOT => Some(Constant::from(!operand.is_true())),
                _ => positive(&operand),
            };
            if let Some(value) = value {
                self.unit().take_back(1);
                self.unit().load_folded(value, at);
                return;
            }
        }
        match opcode {
            Opcode::UNARY_NOT => {
                self.emit(Opcode::TO_BOOL, at);
                self.emit(Opcode::UNARY_NOT, at);
            }
            Opcode::CALL_INTRINSIC_1 => {
                self.emit_with(opcode, Intrinsic1::UnaryPositive as u32, at);
            }
            _ => self.emit(opcode, at),
        }
    }

    pub fn emit_build_tuple(&mut self, count: usize, at: At) {
        if let Some(items) = self.unit_ref().tail_constants(count) {
            self.unit().take_back(count);
            self.unit().load_folded(Constant::Tuple(items.into()), at);
            return;
        }
        self.emit_with(Opcode::BUILD_TUPLE, count as u32, at);
    }

    /// Builds a list or set; three or more constants become one.
    pub fn emit_build_collection(&mut self, opcode: Opcode, count: usize, at: At) {
        if count >= 3
            && let Some(items) = self.unit_ref().tail_constants(count)
        {
            self.unit().take_back(count);
            self.emit_with(opcode, 0, at);
            let (constant, extend) = match opcode {
                Opcode::BUILD_SET => (frozen_set(items), Opcode::SET_UPDATE),
                _ => (Constant::Tuple(items.into()), Opcode::LIST_EXTEND),
            };
            self.unit().load_folded(constant, at);
            self.emit_with(extend, 1, at);
            return;
        }
        self.emit_with(opcode, count as u32, at);
    }

    /// Before `in` and iteration: a list or set that nobody else can see need not be mutable.
    pub fn freeze_display(&mut self, at: At) {
        if let Some(&[build, load, extend]) = self
            .unit_ref()
            .tail(3)
            .and_then(|tail| <&[_; 3]>::try_from(tail).ok())
            && build.argument == 0
            && load.opcode == Opcode::LOAD_CONST
            && extend.argument == 1
            && matches!(
                (build.opcode, extend.opcode),
                (Opcode::BUILD_LIST, Opcode::LIST_EXTEND) | (Opcode::BUILD_SET, Opcode::SET_UPDATE)
            )
        {
            self.unit().take_back(3);
            self.emit_with(Opcode::LOAD_CONST, load.argument, load.at);
            return;
        }
        let Some(&[build]) = self
            .unit_ref()
            .tail(1)
            .and_then(|tail| <&[_; 1]>::try_from(tail).ok())
        else {
            return;
        };
        let count = build.argument as usize;
        match build.opcode {
            Opcode::BUILD_LIST => {
                self.unit().take_back(1);
                self.emit_build_tuple(count, build.at.or(at));
            }
            Opcode::BUILD_SET => {
                self.unit().take_back(1);
                match self.unit_ref().tail_constants(count).filter(|_| count > 0) {
                    Some(items) => {
                        self.unit().take_back(count);
                        self.unit().load_folded(frozen_set(items), build.at.or(at));
                    }
                    None => self.emit_with(Opcode::BUILD_SET, build.argument, build.at),
                }
            }
            _ => {}
        }
    }
}

/// A frozen set of items, the first of equal ones kept. Items of different types that compare
/// equal (`1` and `True`) stay; the runtime drops them.
fn frozen_set(items: Vec<Constant>) -> Constant {
    let unique: indexmap::IndexSet<Constant> = items.into_iter().collect();
    Constant::FrozenSet(unique.into_iter().collect())
}

fn negative(operand: &Constant) -> Option<Constant> {
    Some(match operand {
        Constant::Float(value) => Constant::Float(-value),
        Constant::Complex(real, imaginary) => Constant::Complex(-real, -imaginary),
        _ => Constant::from_big_int(-integer(operand)?),
    })
}

fn positive(operand: &Constant) -> Option<Constant> {
    Some(match operand {
        Constant::Float(_) | Constant::Complex(..) => operand.clone(),
        _ => Constant::from_big_int(integer(operand)?),
    })
}

fn invert(operand: &Constant) -> Option<Constant> {
    // ~True warns at run time.
    if matches!(operand, Constant::True | Constant::False) {
        return None;
    }
    Some(Constant::from_big_int(-integer(operand)? - 1))
}

fn integer(constant: &Constant) -> Option<BigInt> {
    Some(match constant {
        Constant::False => BigInt::ZERO,
        Constant::True => BigInt::from(1),
        Constant::Int(value) => BigInt::from(*value),
        Constant::BigInt(value) => value.clone(),
        _ => return None,
    })
}

/// A number as the float that Python would convert it to.
fn float(constant: &Constant) -> Option<f64> {
    match constant {
        Constant::Float(value) => Some(*value),
        Constant::Int(value) => Some(*value as f64),
        Constant::True => Some(1.0),
        Constant::False => Some(0.0),
        _ => None,
    }
}

fn binary(operation: BinaryOperation, left: &Constant, right: &Constant) -> Option<Constant> {
    use BinaryOperation as Op;
    if let (Constant::Int(left), Constant::Int(right)) = (left, right) {
        let quick = match operation {
            Op::Add => left.checked_add(*right),
            Op::Subtract => left.checked_sub(*right),
            Op::Multiply => left.checked_mul(*right),
            Op::And => Some(left & right),
            Op::Or => Some(left | right),
            Op::Xor => Some(left ^ right),
            _ => None,
        };
        if let Some(value) = quick {
            return Some(Constant::Int(value));
        }
    }
    if operation == Op::Subscript {
        return subscript(left, right);
    }
    let is_bool = |operand| matches!(operand, &Constant::True | &Constant::False);
    if matches!(operation, Op::And | Op::Or | Op::Xor) && is_bool(left) && is_bool(right) {
        // Booleans under bit operators stay booleans: left to run time.
        return None;
    }
    if let (Some(left), Some(right)) = (integer(left), integer(right)) {
        return integers(operation, &left, &right);
    }
    let is_float = |constant: &Constant| matches!(constant, Constant::Float(_));
    if (is_float(left) || is_float(right))
        && let (Some(left), Some(right)) = (float(left), float(right))
    {
        return floats(operation, left, right);
    }
    match (operation, left, right) {
        (Op::Add, Constant::Str(left), Constant::Str(right)) => {
            if left.len() + right.len() > MAX_STRING {
                return None;
            }
            let text = match (left, right) {
                (StrConstant::Utf8(left), StrConstant::Utf8(right)) => {
                    StrConstant::from(format!("{left}{right}"))
                }
                _ => {
                    let mut points = left.code_points();
                    points.extend(right.code_points());
                    StrConstant::from_code_points(points)
                }
            };
            Some(Constant::Str(text))
        }
        (Op::Add, Constant::Bytes(left), Constant::Bytes(right)) => (left.len() + right.len()
            <= MAX_STRING)
            .then(|| Constant::Bytes([&**left, &**right].concat().into())),
        (Op::Add, Constant::Tuple(left), Constant::Tuple(right)) => (left.len() + right.len()
            <= MAX_COLLECTION)
            .then(|| Constant::Tuple([&**left, &**right].concat().into())),
        (Op::Multiply, sequence, count) | (Op::Multiply, count, sequence)
            if integer(count).is_some() =>
        {
            repeat(sequence, integer(count)?.to_i64()?)
        }
        (Op::Add | Op::Subtract, _, _) => complex(operation, left, right),
        _ => None,
    }
}

/// `1 + 2j` and the like: the only way to write a complex number.
fn complex(operation: BinaryOperation, left: &Constant, right: &Constant) -> Option<Constant> {
    let parts = |constant: &Constant| match constant {
        Constant::Complex(real, imaginary) => Some((*real, Some(*imaginary))),
        other => float(other).map(|real| (real, None)),
    };
    let ((left, left_imaginary), (right, right_imaginary)) = (parts(left)?, parts(right)?);
    let subtract = operation == BinaryOperation::Subtract;
    let real = if subtract { left - right } else { left + right };
    // A real operand has no imaginary part at all, not a zero one: signs of zeros differ.
    let imaginary = match (left_imaginary, right_imaginary) {
        (Some(left), Some(right)) => {
            if subtract {
                left - right
            } else {
                left + right
            }
        }
        (Some(left), None) => left,
        (None, Some(right)) => {
            if subtract {
                -right
            } else {
                right
            }
        }
        (None, None) => return None,
    };
    Some(Constant::Complex(real, imaginary))
}

fn integers(operation: BinaryOperation, left: &BigInt, right: &BigInt) -> Option<Constant> {
    use BinaryOperation as Op;
    let value = match operation {
        Op::Add => left + right,
        Op::Subtract => left - right,
        Op::Multiply => {
            if left.bits() + right.bits() > MAX_INT_BITS {
                return None;
            }
            left * right
        }
        Op::FloorDivide if !right.is_zero() => floor_divide(left, right).0,
        Op::Remainder if !right.is_zero() => floor_divide(left, right).1,
        Op::TrueDivide if !right.is_zero() => {
            // Exact only where both fit a double.
            let limit = 1i64 << 53;
            let (left, right) = (left.to_i64()?, right.to_i64()?);
            if left.abs() > limit || right.abs() > limit {
                return None;
            }
            return Some(Constant::Float(left as f64 / right as f64));
        }
        Op::Power => {
            let exponent = right.to_u32()?;
            if left.bits().saturating_mul(u64::from(exponent)) > MAX_INT_BITS {
                return None;
            }
            left.pow(exponent)
        }
        Op::LeftShift => {
            let shift = right.to_u64()?;
            if left.bits() + shift > MAX_INT_BITS && !left.is_zero() {
                return None;
            }
            if left.is_zero() {
                BigInt::ZERO
            } else {
                left << shift
            }
        }
        Op::RightShift => left >> right.to_u64()?,
        Op::And => left & right,
        Op::Or => left | right,
        Op::Xor => left ^ right,
        _ => return None,
    };
    Some(Constant::from_big_int(value))
}

fn floor_divide(left: &BigInt, right: &BigInt) -> (BigInt, BigInt) {
    let quotient = left / right;
    let remainder = left % right;
    if !remainder.is_zero() && remainder.is_negative() != right.is_negative() {
        (quotient - 1, remainder + right)
    } else {
        (quotient, remainder)
    }
}

fn floats(operation: BinaryOperation, left: f64, right: f64) -> Option<Constant> {
    use BinaryOperation as Op;
    let value = match operation {
        Op::Add => left + right,
        Op::Subtract => left - right,
        Op::Multiply => left * right,
        Op::TrueDivide if right != 0.0 => left / right,
        // Overflow and domain errors are exceptions, left to run time.
        Op::Power if left > 0.0 => Some(left.powf(right)).filter(|value| value.is_finite())?,
        _ => return None,
    };
    Some(Constant::Float(value))
}

fn repeat(sequence: &Constant, count: i64) -> Option<Constant> {
    let count = usize::try_from(count.max(0)).ok()?;
    Some(match sequence {
        Constant::Str(text) => {
            if text.len().checked_mul(count)? > MAX_STRING {
                return None;
            }
            match text {
                StrConstant::Utf8(text) => Constant::Str(text.repeat(count).into()),
                StrConstant::CodePoints(points) => {
                    Constant::Str(StrConstant::from_code_points(points.repeat(count)))
                }
            }
        }
        Constant::Bytes(bytes) => {
            if bytes.len().checked_mul(count)? > MAX_STRING {
                return None;
            }
            Constant::Bytes(bytes.repeat(count).into())
        }
        Constant::Tuple(items) => {
            if items.len().checked_mul(count)? > MAX_COLLECTION
                || total_items(items)?.checked_mul(count)? > MAX_TOTAL_ITEMS
            {
                return None;
            }
            Constant::Tuple(
                std::iter::repeat_n(items, count)
                    .flatten()
                    .cloned()
                    .collect(),
            )
        }
        _ => return None,
    })
}

fn total_items(items: &[Constant]) -> Option<usize> {
    items
        .iter()
        .try_fold(items.len(), |total, item| match item {
            Constant::Tuple(inner) => total.checked_add(total_items(inner)?),
            _ => Some(total),
        })
}

fn subscript(container: &Constant, index: &Constant) -> Option<Constant> {
    let index = integer(index)?.to_i64()?;
    let at = |length: usize| {
        let index = if index < 0 {
            index + length as i64
        } else {
            index
        };
        usize::try_from(index).ok().filter(|&index| index < length)
    };
    match container {
        Constant::Tuple(items) => Some(items[at(items.len())?].clone()),
        Constant::Bytes(bytes) => Some(Constant::Int(i64::from(bytes[at(bytes.len())?]))),
        Constant::Str(text) => {
            let points = text.code_points();
            let point = points[at(points.len())?];
            Some(Constant::Str(StrConstant::from_code_points(vec![point])))
        }
        _ => None,
    }
}
